//! Packed files, and archives other than zip, with what hides between, before and behind their entries.
//!
//! In: a secret. Out: an archive with it in one place. Deliberately absent: methods that no library here can pack;
//! independent archives of those stand in `tests/corpus/archive`.

use std::io::Write as _;

use super::archive::program;
use super::zipped::crc;
use super::{Maker, cp932, wide};

pub(crate) const CASES: &[Maker] = &[
    ("tar/entry.tar", |s| tar(&[("a.txt", b'0', s.as_bytes())])),
    ("tar/name.tar", |s| tar(&[(&format!("{s}.txt"), b'0', b"x")])),
    ("tar/name_too_long_of_gnu.tar", |s| {
        tar(&[("././@LongLink", b'L', format!("{}{s}.txt\0", "folder/".repeat(20)).as_bytes()), ("a.txt", b'0', b"x")])
    }),
    ("tar/name_of_pax.tar", |s| tar(&[("pax", b'x', pax("path", s).as_bytes()), ("a.txt", b'0', b"x")])),
    ("tar/comment_of_pax.tar", |s| tar(&[("pax", b'g', pax("comment", s).as_bytes()), ("a.txt", b'0', b"x")])),
    ("tar/slack_behind_an_entry.tar", |s| {
        let mut bytes = tar(&[("a.txt", b'0', b"x")]);
        bytes[640..640 + s.len()].copy_from_slice(s.as_bytes());
        bytes
    }),
    ("tar/behind_the_end.tar", |s| [tar(&[("a.txt", b'0', b"x")]), s.as_bytes().to_vec()].concat()),
    ("tar/second_archive_behind_the_end.tar", |s| {
        [tar(&[("a.txt", b'0', b"x")]), tar(&[("b.txt", b'0', s.as_bytes())])].concat()
    }),
    ("tar/owner_name.tar", |s| {
        let mut bytes = tar(&[("a.txt", b'0', b"x")]);
        let short: String = s.chars().take(9).collect();
        bytes[265..265 + short.len()].copy_from_slice(short.as_bytes());
        checksum(&mut bytes[..512]);
        bytes
    }),
    ("gz/content.gz", |s| gzip(s.as_bytes())),
    ("gz/tar.tgz", |s| gzip(&tar(&[("a.txt", b'0', s.as_bytes())]))),
    ("gz/name.gz", |s| {
        flate2::GzBuilder::new().filename(s).write(Vec::new(), flate2::Compression::best()).finish().unwrap()
    }),
    ("gz/comment.gz", |s| {
        flate2::GzBuilder::new().comment(s).write(Vec::new(), flate2::Compression::best()).finish().unwrap()
    }),
    ("gz/extra_field.gz", |s| {
        flate2::GzBuilder::new().extra(s).write(Vec::new(), flate2::Compression::best()).finish().unwrap()
    }),
    ("gz/second_member.gz", |s| [gzip(b"x"), gzip(s.as_bytes())].concat()),
    ("gz/behind_the_end.gz", |s| [gzip(b"x"), s.as_bytes().to_vec()].concat()),
    ("gz/cut.gz", |s| {
        let bytes = gzip(format!("{s}{}", (0..400).map(|n| format!("{n:05}")).collect::<String>()).as_bytes());
        bytes[..bytes.len() * 2 / 3].to_vec()
    }),
    ("bz2/content.bz2", |s| bzip2(s.as_bytes())),
    ("bz2/second_stream.bz2", |s| [bzip2(b"x"), bzip2(s.as_bytes())].concat()),
    ("bz2/behind_the_end.bz2", |s| [bzip2(b"x"), s.as_bytes().to_vec()].concat()),
    ("xz/content.xz", |s| xz(s.as_bytes())),
    ("xz/second_stream.xz", |s| [xz(b"x"), vec![0; 8], xz(s.as_bytes())].concat()),
    ("xz/behind_the_end.xz", |s| [xz(b"x"), s.as_bytes().to_vec()].concat()),
    ("zst/content.zst", |s| zstd::encode_all(s.as_bytes(), 3).unwrap()),
    ("zst/second_frame.zst", |s| {
        [zstd::encode_all(&b"x"[..], 3).unwrap(), zstd::encode_all(s.as_bytes(), 3).unwrap()].concat()
    }),
    ("zst/skippable_frame.zst", |s| {
        [
            &b"\x50\x2a\x4d\x18"[..],
            &u32::try_from(s.len()).unwrap().to_le_bytes(),
            s.as_bytes(),
            &zstd::encode_all(&b"x"[..], 3).unwrap(),
        ]
        .concat()
    }),
    ("zst/behind_the_end.zst", |s| [zstd::encode_all(&b"x"[..], 3).unwrap(), s.as_bytes().to_vec()].concat()),
    ("7z/stored.7z", |s| seven_zip("a.txt", s.as_bytes(), b"")),
    ("7z/name.7z", |s| seven_zip(&format!("{s}.txt"), b"x", b"")),
    ("7z/gap_before_the_data.7z", |s| seven_zip("a.txt", b"x", s.as_bytes())),
    ("7z/behind_the_end.7z", |s| [seven_zip("a.txt", b"x", b""), s.as_bytes().to_vec()].concat()),
    ("7z/behind_a_program.exe", |s| [program(), seven_zip("a.txt", s.as_bytes(), b"")].concat()),
    ("cab/stored.cab", |s| cabinet("a.txt", s.as_bytes(), b"")),
    ("cab/name.cab", |s| cabinet(&format!("{s}.txt"), b"x", b"")),
    ("cab/reserved_area.cab", |s| cabinet("a.txt", b"x", s.as_bytes())),
    ("cab/behind_the_end.cab", |s| [cabinet("a.txt", b"x", b""), s.as_bytes().to_vec()].concat()),
    ("lzh/stored.lzh", |s| lha("a.txt", &cp932(s))),
    ("lzh/name.lzh", |s| lha(&format!("{s}.txt"), b"x")),
    ("lzh/behind_the_end.lzh", |s| [lha("a.txt", b"x"), s.as_bytes().to_vec()].concat()),
    ("rar/stored.rar", |s| rar("a.txt", s.as_bytes(), b"")),
    ("rar/name.rar", |s| rar(&format!("{s}.txt"), b"x", b"")),
    ("rar/comment.rar", |s| rar("a.txt", b"x", s.as_bytes())),
    ("rar/behind_the_end.rar", |s| [rar("a.txt", b"x", b""), s.as_bytes().to_vec()].concat()),
    ("iso/file.iso", |s| iso(s.as_bytes())),
    ("program/text_in_a_program.exe", |s| [program(), wide(s), vec![0; 8]].concat()),
];

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Entries with their type flags, and two empty blocks.
pub(crate) fn tar(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, content) in entries {
        let mut header = vec![0; 512];
        let name = &name.as_bytes()[..name.len().min(100)];
        header[..name.len()].copy_from_slice(name);
        header[100..108].copy_from_slice(b"0000644\0");
        header[108..124].copy_from_slice(b"0000000\x000000000\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = *kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        checksum(&mut header);
        out.extend_from_slice(&header);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn checksum(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A record of an extended header: its length counts itself.
fn pax(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (rest..).find(|&length| length == rest + length.to_string().len()).unwrap();
    format!("{length} {key}={value}\n")
}

/// A 7z archive of one entry with method Copy; `gap` stands before its data.
fn seven_zip(name: &str, content: &[u8], gap: &[u8]) -> Vec<u8> {
    let name = [&[0][..], &wide(name), &[0, 0]].concat();
    let header = [
        // Header, main streams: where the packed stream is, how long it is.
        &[1, 4, 6][..],
        &seven_number(gap.len()),
        &[1, 9],
        &seven_number(content.len()),
        &[0],
        // One folder of one coder, Copy; how long it is unpacked.
        &[7, 11, 1, 0, 1, 1, 0, 12],
        &seven_number(content.len()),
        &[0],
        // One substream with its checksum.
        &[8, 10, 1],
        &crc(content).to_le_bytes(),
        &[0, 0],
        // One file with its name.
        &[5, 1, 17],
        &seven_number(name.len()),
        &name,
        &[0, 0],
    ]
    .concat();
    let at = gap.len() + content.len();
    let start =
        [&(at as u64).to_le_bytes()[..], &(header.len() as u64).to_le_bytes(), &crc(&header).to_le_bytes()].concat();
    [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &crc(&start).to_le_bytes(), &start, gap, content, &header].concat()
}

/// A number of 7z, below 2^14.
fn seven_number(number: usize) -> Vec<u8> {
    let [low, high] = u16::try_from(number).unwrap().to_le_bytes();
    if number < 0x80 { vec![low] } else { vec![0x80 | high, low] }
}

/// A cabinet of one stored file; `reserved` stands in its header.
fn cabinet(name: &str, content: &[u8], reserved: &[u8]) -> Vec<u8> {
    let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let half = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
    let flags = if reserved.is_empty() { [0, 0] } else { [4, 0] };
    let area = if reserved.is_empty() { Vec::new() } else { [&half(reserved.len())[..], &[0, 0], reserved].concat() };
    let files = 36 + area.len() + 8;
    let file =
        [&word(content.len())[..], &[0; 4], &[0, 0], &[0x21, 0, 0, 0], &[0xa0, 0], name.as_bytes(), &[0]].concat();
    let data = files + file.len();
    let block = [&[0; 4][..], &half(content.len()), &half(content.len()), content].concat();
    let folder = [&word(data)[..], &half(1), &[0, 0]].concat();
    let total = data + block.len();
    [
        &b"MSCF\0\0\0\0"[..],
        &word(total),
        &[0; 4],
        &word(files),
        &[0; 4],
        &[3, 1],
        &half(1),
        &half(1),
        &flags,
        &[0; 4],
        &area,
        &folder,
        &file,
        &block,
    ]
    .concat()
}

/// A stored entry with a header of level 0, and the end mark.
fn lha(name: &str, content: &[u8]) -> Vec<u8> {
    let name = cp932(name);
    let size = u32::try_from(content.len()).unwrap().to_le_bytes();
    let sum = content.iter().fold(0u16, |state, &byte| {
        (0..8).fold(state ^ u16::from(byte), |value, _| if value & 1 == 1 { value >> 1 ^ 0xa001 } else { value >> 1 })
    });
    let body = [
        &b"-lh0-"[..],
        &size,
        &size,
        &[0, 0, 0x21, 0, 0x20, 0],
        &[u8::try_from(name.len()).unwrap()],
        &name,
        &sum.to_le_bytes(),
    ]
    .concat();
    let check = body.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    [&[u8::try_from(body.len()).unwrap(), check][..], &body, content, &[0]].concat()
}

/// A RAR 5 archive of one stored entry.
fn rar(name: &str, content: &[u8], comment: &[u8]) -> Vec<u8> {
    let block = |header: &[u8], data: &[u8]| {
        let sized = [&rar_number(header.len())[..], header].concat();
        [&crc(&sized).to_le_bytes()[..], &sized, data].concat()
    };
    // Type, flags (data follow), data size; flags (checksum), unpacked size, attributes, checksum, method, system, name.
    let file = |kind: u8, name: &str, data: &[u8]| {
        let header = [
            &[kind, 2][..],
            &rar_number(data.len()),
            &[4],
            &rar_number(data.len()),
            &[0],
            &crc(data).to_le_bytes(),
            &[0, 1],
            &rar_number(name.len()),
            name.as_bytes(),
        ];
        block(&header.concat(), data)
    };
    let note = if comment.is_empty() { Vec::new() } else { file(3, "CMT", comment) };
    [&b"Rar!\x1a\x07\x01\0"[..], &block(&[1, 0, 0], b""), &note, &file(2, name, content), &block(&[5, 0, 0], b"")]
        .concat()
}

fn rar_number(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

/// A disc of ISO 9660 with one file: the descriptor in sector 16, the root folder in 18, the file in 19.
fn iso(content: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 2048;
    let both = |number: usize| {
        let number = u32::try_from(number).unwrap();
        [number.to_le_bytes(), number.to_be_bytes()].concat()
    };
    let record = |at: usize, size: usize, flags: u8, name: &[u8]| {
        let length = (33 + name.len()).next_multiple_of(2);
        let mut out = [
            &[u8::try_from(length).unwrap(), 0][..],
            &both(at),
            &both(size),
            &[126, 1, 1, 0, 0, 0, 0, flags, 0, 0, 1, 0, 0, 1, u8::try_from(name.len()).unwrap()],
            name,
        ]
        .concat();
        out.resize(length, 0);
        out
    };
    let mut disc = vec![0; 20 * SECTOR];
    let mut put = |at: usize, bytes: &[u8]| disc[at..at + bytes.len()].copy_from_slice(bytes);
    let (root, folder) = (
        record(18, SECTOR, 2, &[0]),
        [record(18, SECTOR, 2, &[0]), record(18, SECTOR, 2, &[1]), record(19, content.len(), 0, b"A.TXT;1")].concat(),
    );
    put(16 * SECTOR, b"\x01CD001\x01");
    put(16 * SECTOR + 80, &both(20));
    put(16 * SECTOR + 120, &[1, 0, 0, 1, 1, 0, 0, 1, 0, 8, 8, 0]);
    put(16 * SECTOR + 156, &root);
    put(17 * SECTOR, b"\xffCD001\x01");
    put(18 * SECTOR, &folder);
    put(19 * SECTOR, content);
    disc
}
