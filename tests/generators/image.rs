//! Pictures and recordings: nobody reads their pixels without OCR, but text stands in their metadata.
//!
//! In: a secret. Out: a picture with it in one place. Deliberately absent: text that is drawn.

use super::zipped::crc;
use super::{Maker, cp932, wide};

pub(crate) const CASES: &[Maker] = &[
    ("image/text_chunk.png", |s| png(&chunk(b"tEXt", &[b"Comment\0", s.as_bytes()].concat()), b"")),
    ("image/international_text_chunk.png", |s| {
        png(&chunk(b"iTXt", &[b"Title\0\0\0ja\0\0", s.as_bytes()].concat()), b"")
    }),
    ("image/compressed_text_chunk.png", |s| {
        use std::io::Write as _;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(s.as_bytes()).unwrap();
        png(&chunk(b"zTXt", &[&b"Comment\0\0"[..], &encoder.finish().unwrap()].concat()), b"")
    }),
    ("image/chunk_of_nobody.png", |s| png(&chunk(b"seKi", s.as_bytes()), b"")),
    ("image/behind_the_end.png", |s| png(b"", s.as_bytes())),
    ("image/comment.jpg", |s| jpeg(&segment(0xfe, s.as_bytes()), b"")),
    ("image/exif_comment.jpg", |s| jpeg(&segment(0xe1, &exif(&wide(s))), b"")),
    ("image/xmp.jpg", |s| {
        let xmp = format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><d>{s}</d></x:xmpmeta>");
        jpeg(&segment(0xe1, xmp.as_bytes()), b"")
    }),
    ("image/photoshop_caption.jpg", |s| {
        let caption = [&[0x1c, 2, 120][..], &u16::try_from(s.len()).unwrap().to_be_bytes(), s.as_bytes()].concat();
        let block =
            [&b"Photoshop 3.0\08BIM\x04\x04\0\0"[..], &u32::try_from(caption.len()).unwrap().to_be_bytes(), &caption]
                .concat();
        jpeg(&segment(0xed, &block), b"")
    }),
    ("image/behind_the_end.jpg", |s| jpeg(b"", s.as_bytes())),
    ("image/comment.gif", |s| gif(&extension(0xfe, s.as_bytes()), b"")),
    ("image/plain_text.gif", |s| gif(&[&[0x21, 1, 12][..], &[0; 12], &blocks(s.as_bytes())].concat(), b"")),
    ("image/behind_the_end.gif", |s| gif(b"", s.as_bytes())),
    ("image/description.tif", |s| tiff(0x010e, &cp932(s))),
    ("image/title_of_windows.tif", |s| tiff(0x9c9b, &wide(s))),
    ("image/xmp.webp", |s| {
        let xmp = format!("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><d>{s}</d></x:xmpmeta>");
        let mut chunk = [&b"XMP "[..], &u32::try_from(xmp.len()).unwrap().to_le_bytes(), xmp.as_bytes()].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        let body = [&b"WEBPVP8L\x06\0\0\0\x2f\0\0\0\0\0"[..], &chunk].concat();
        [&b"RIFF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
    }),
    ("image/behind_the_pixels.bmp", |s| {
        let head = [
            &b"BM"[..],
            &58u32.to_le_bytes(),
            &[0; 4],
            &54u32.to_le_bytes(),
            &40u32.to_le_bytes(),
            &1u32.to_le_bytes(),
            &1u32.to_le_bytes(),
            &[1, 0, 24, 0],
            &[0; 24],
            &[1, 2, 3, 0],
        ]
        .concat();
        [&head[..], s.as_bytes()].concat()
    }),
    ("image/title.mp3", |s| {
        let frame =
            [&b"TIT2"[..], &u32::try_from(s.len() + 1).unwrap().to_be_bytes(), &[0, 0, 3], s.as_bytes()].concat();
        let size = u8::try_from(frame.len()).unwrap();
        [&b"ID3\x03\0\0\0\0"[..], &[size >> 7, size & 0x7f], &frame, &[0xff, 0xfb, 0x90, 0, 0, 0, 0, 0]].concat()
    }),
];

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &body, &crc(&body).to_be_bytes()].concat()
}

/// A picture of one white point.
pub(crate) fn png(chunks: &[u8], behind: &[u8]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    let pixels = chunk(b"IDAT", b"\x78\x9c\x63\xf8\x0f\x00\x01\x01\x01\x00");
    [&b"\x89PNG\r\n\x1a\n"[..], &header, chunks, &pixels, &chunk(b"IEND", b""), behind].concat()
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &u16::try_from(data.len() + 2).unwrap().to_be_bytes(), data].concat()
}

pub(crate) fn jpeg(segments: &[u8], behind: &[u8]) -> Vec<u8> {
    let frame = segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    let scan = [segment(0xda, &[1, 1, 0, 0, 0x3f, 0]), vec![0x7f, 0xa0, 0xff, 0, 0x12]].concat();
    [
        &[0xff, 0xd8][..],
        &segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segments,
        &frame,
        &scan,
        &[0xff, 0xd9],
        behind,
    ]
    .concat()
}

/// A comment of EXIF, in UTF-16.
fn exif(comment: &[u8]) -> Vec<u8> {
    let value = [&b"UNICODE\0"[..], comment].concat();
    [&b"Exif\0\0"[..], &directory(0x9286, 7, &value)].concat()
}

/// A TIFF of one directory with one entry whose value stands behind it.
fn directory(tag: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    let entry = [
        &tag.to_le_bytes()[..],
        &kind.to_le_bytes(),
        &u32::try_from(value.len()).unwrap().to_le_bytes(),
        &26u32.to_le_bytes(),
    ]
    .concat();
    [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4], value].concat()
}

fn tiff(tag: u16, value: &[u8]) -> Vec<u8> {
    directory(tag, if tag == 0x010e { 2 } else { 1 }, &[value, &[0, 0]].concat())
}

/// Data in blocks of at most 255 bytes, and the empty one.
fn blocks(data: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> =
        data.chunks(200).flat_map(|block| [&[u8::try_from(block.len()).unwrap()][..], block].concat()).collect();
    out.push(0);
    out
}

fn extension(label: u8, data: &[u8]) -> Vec<u8> {
    [&[0x21, label][..], &blocks(data)].concat()
}

pub(crate) fn gif(extensions: &[u8], behind: &[u8]) -> Vec<u8> {
    [
        &b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff"[..],
        extensions,
        b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b",
        behind,
    ]
    .concat()
}
