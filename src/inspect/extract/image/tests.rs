//! Pictures that lie about themselves.

use super::*;

fn walked(bytes: &[u8]) -> Picture<'_> {
    let mut picture = Picture { bytes, ..Picture::default() };
    picture.walk();
    picture
}

/// What no part of the picture is: where each such stretch starts and ends.
fn gaps(bytes: &[u8]) -> Vec<(usize, usize)> {
    walked(bytes).spans.gaps(bytes).into_iter().map(|gap| (gap.start, gap.end)).collect()
}

#[test]
fn every_byte_belongs_to_the_picture_or_is_left_over() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x01IDATx....\0\0\0\0IEND....behind the end";
    assert_eq!(gaps(png), [(png.len() - 14, png.len())]);
    // A JPEG's packed pixels end where a marker stands that they cannot have.
    let jpeg = b"\xff\xd8\xff\xda\0\x02pixels\xff\0\xff\xd0more\xff\xd9and what is behind";
    assert_eq!(gaps(jpeg), [(jpeg.len() - 18, jpeg.len())]);
    let gif = b"GIF89a\x01\0\x01\0\0\0\0\x21\xfe\x05note!\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02LM\0\x3bleftovers here";
    assert_eq!(walked(gif).texts, ["note!"]);
    assert_eq!(gaps(gif), [(gif.len() - 14, gif.len())]);
}

#[test]
fn lengths_and_loops_that_are_lies_end() {
    let mut state = 7u32;
    for head in [
        &b"\x89PNG\r\n\x1a\n"[..],
        b"\xff\xd8\xff\xe1\xff\xffExif\0\0II*\0\x08\0\0\0",
        b"GIF89a\xff\xff\xff\xff\xff",
        b"RIFF\xff\xff\xff\xffWEBPEXIF\xff\xff\xff\xff",
        b"BM\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\x28\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\x18\0",
        b"II*\0\x08\0\0\0\xff\xff",
        b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08",
        b"\x01\0\0\0\x58\0\0\0\xff\xff\xff\xff",
        b"\xd7\xcd\xc6\x9a",
        b"\0\0\0\x18ftypheic\0\0\0\x07",
    ] {
        for _ in 0..200 {
            let mut bytes = head.to_vec();
            bytes.extend(
                std::iter::repeat_with(|| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8 & if state & 0x100 == 0 { 0xff } else { 0 }
                })
                .take(300),
            );
            walked(&bytes);
        }
    }
}

#[test]
fn words_drawn_in_pieces_are_joined_and_columns_are_not() {
    let piece = |text: &str, line: u32| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut record = vec![0; 76];
        record[0] = 84;
        record[40..44].copy_from_slice(&line.to_le_bytes());
        record[44..48].copy_from_slice(&(units.len() as u32 / 2).to_le_bytes());
        record[48..52].copy_from_slice(&76u32.to_le_bytes());
        record.extend(units);
        record.resize(record.len().next_multiple_of(4), 0);
        let length = record.len() as u32;
        record[4..8].copy_from_slice(&length.to_le_bytes());
        record
    };
    let mut header = vec![0; 88];
    (header[0], header[4]) = (1, 88);
    header[40..44].copy_from_slice(b" EMF");
    let records = ["山", "田", "花", "子"].map(|text| piece(text, 5));
    let bytes = [header, records.concat(), piece("090-1234", 5), piece("東京都", 9)].concat();
    assert_eq!(walked(&bytes).texts, ["山田花子 090-1234\n東京都"]);
}
