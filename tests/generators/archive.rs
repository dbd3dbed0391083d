//! Zip archives: every method that a library here can pack, and what hides between, before and behind the entries.
//!
//! In: a secret. Out: an archive with it in one place. Deliberately absent: Deflate64 and PPMd, of which independent
//! archives stand in `tests/corpus/archive`; other archives (`packed`).

use super::zipped::{Around, Entry, archive, archive_of, archive_with, crc, deflated, entry, extra_field};
use super::{Maker, cp932, packed};

pub(crate) const CASES: &[Maker] = &[
    ("zip/stored.zip", |s| archive_of(&[("名簿.txt", s.as_bytes())])),
    ("zip/deflated.zip", |s| archive(&[deflated("名簿.txt", s)])),
    ("zip/bzip2.zip", |s| archive(&[by_method(12, packed::bzip2(s.as_bytes()), s)])),
    ("zip/xz.zip", |s| archive(&[by_method(95, packed::xz(s.as_bytes()), s)])),
    ("zip/zstd.zip", |s| archive(&[by_method(93, zstd::encode_all(s.as_bytes(), 3).unwrap(), s)])),
    ("zip/method_of_nobody.zip", |s| archive(&[by_method(77, s.bytes().map(|byte| byte ^ 0x5a).collect(), s)])),
    ("zip/sizes_behind_the_data.zip", |s| archive(&[Entry { has_descriptor: true, ..deflated("a.txt", s) }])),
    ("zip/zip64.zip", |s| archive(&[Entry { is_zip64: true, ..entry("a.txt", s) }])),
    ("zip/entry_name.zip", |s| archive_of(&[(&format!("{s}.txt"), b"x")])),
    ("zip/entry_name_in_cp932.zip", |s| archive(&[Entry { name: cp932(&format!("{s}.txt")), ..entry("a", "x") }])),
    ("zip/entry_name_in_extra_field.zip", |s| {
        let field = [&[1][..], &crc(b"a.txt").to_le_bytes(), s.as_bytes()].concat();
        archive(&[Entry { central_extra: extra_field(0x7075, &field), ..entry("a.txt", "x") }])
    }),
    ("zip/name_behind_a_nul.zip", |s| {
        archive(&[Entry { name: format!("a.txt\0{s}").into_bytes(), ..entry("a", "x") }])
    }),
    ("zip/folder_name.zip", |s| archive_of(&[(&format!("{s}/"), b""), ("a.txt", b"x")])),
    ("zip/folder_with_data.zip", |s| archive_of(&[("folder/", s.as_bytes())])),
    ("zip/same_name_twice.zip", |s| archive_of(&[("a.txt", s.as_bytes()), ("a.txt", b"harmless")])),
    ("zip/entry_that_no_directory_lists.zip", |s| {
        archive(&[Entry { is_unlisted: true, ..entry("a.txt", s) }, entry("b.txt", "x")])
    }),
    ("zip/deflated_entry_that_no_directory_lists.zip", |s| {
        archive(&[Entry { is_unlisted: true, ..deflated("a.txt", s) }, entry("b.txt", "x")])
    }),
    ("zip/name_only_in_the_local_header.zip", |s| {
        archive(&[Entry { name: s.as_bytes().to_vec(), central_name: Some(b"b.txt".to_vec()), ..entry("a", "x") }])
    }),
    ("zip/name_only_in_the_directory.zip", |s| {
        archive(&[Entry { central_name: Some(s.as_bytes().to_vec()), flags: 0x800, ..entry("a.txt", "x") }])
    }),
    ("zip/directory_says_stored.zip", |s| {
        let mut bytes = archive(&[deflated("a.txt", s)]);
        let at = find(&bytes, b"PK\x01\x02") + 10;
        bytes[at] = 0;
        bytes
    }),
    ("zip/directory_says_empty.zip", |s| {
        let mut bytes = archive(&[entry("a.txt", s)]);
        let at = find(&bytes, b"PK\x01\x02") + 20;
        bytes[at..at + 8].fill(0);
        bytes
    }),
    ("zip/wrong_checksum.zip", |s| archive(&[Entry { crc: 7, ..entry("a.txt", s) }])),
    ("zip/gap_between_entries.zip", |s| {
        archive(&[entry("a.txt", "x"), Entry { gap: s.into(), ..entry("b.txt", "y") }])
    }),
    ("zip/gap_before_the_directory.zip", |s| {
        archive_with(&[entry("a.txt", "x")], &Around { gap: s.into(), ..Around::default() })
    }),
    ("zip/gap_behind_the_directory.zip", |s| {
        archive_with(&[entry("a.txt", "x")], &Around { directory_gap: s.into(), ..Around::default() })
    }),
    ("zip/before_the_archive.zip", |s| {
        archive_with(&[entry("a.txt", "x")], &Around { prefix: format!("{s}\n").into(), ..Around::default() })
    }),
    ("zip/behind_the_archive.zip", |s| {
        archive_with(&[entry("a.txt", "x")], &Around { suffix: s.into(), ..Around::default() })
    }),
    ("zip/two_archives.zip", |s| [archive_of(&[("a.txt", s.as_bytes())]), archive_of(&[("b.txt", b"x")])].concat()),
    ("zip/archive_comment.zip", |s| {
        archive_with(&[entry("a.txt", "x")], &Around { comment: s.into(), ..Around::default() })
    }),
    ("zip/entry_comment.zip", |s| archive(&[Entry { comment: s.into(), ..entry("a.txt", "x") }])),
    ("zip/extra_field_of_nobody.zip", |s| {
        archive(&[Entry { local_extra: extra_field(0x5e5e, s.as_bytes()), ..entry("a.txt", "x") }])
    }),
    ("zip/extra_field_in_the_directory.zip", |s| {
        archive(&[Entry { central_extra: extra_field(0x5e5e, s.as_bytes()), ..entry("a.txt", "x") }])
    }),
    ("zip/directory_cut_off.zip", |s| {
        archive_with(&[deflated("a.txt", s)], &Around { is_cut: true, ..Around::default() })
    }),
    ("zip/cut_in_the_data.zip", |s| {
        let bytes = archive_of(&[("a.txt", format!("{s}{}", "x".repeat(500)).as_bytes())]);
        bytes[..300].to_vec()
    }),
    ("zip/behind_the_packed_data.zip", |s| {
        let packed = [super::zipped::deflate(b"x"), s.as_bytes().to_vec()].concat();
        archive(&[Entry { packed, ..deflated("a.txt", "x") }])
    }),
    ("zip/zip_in_zip.zip", |s| archive(&[deflated("b.zip", archive(&[deflated("a.txt", s)]))])),
    ("zip/zip_in_zip_ten_deep.zip", |s| {
        (0..10)
            .fold(archive(&[deflated("a.txt", s)]), |inner, level| archive(&[deflated(&format!("{level}.zip"), inner)]))
    }),
    ("zip/locked_by_zipcrypto.zip", |s| zip_crypto("名簿.txt", s.as_bytes(), "Himitsu2026")),
    ("zip/first_of_a_split.zip", |s| [&b"PK\x07\x08"[..], &archive_of(&[("a.txt", s.as_bytes())])].concat()),
    ("zip/behind_a_program.exe", |s| {
        archive_with(&[entry("a.txt", s)], &Around { prefix: program(), ..Around::default() })
    }),
];

fn by_method(method: u16, packed: Vec<u8>, content: &str) -> Entry {
    Entry { method, packed, ..entry("名簿.txt", content) }
}

fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// The head of a program for Windows, as far as anybody looks at it.
pub(crate) fn program() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60] = 0x80;
    bytes[0x80..0x84].copy_from_slice(b"PE\0\0");
    bytes[0x84..0x98].copy_from_slice(&[0x4c, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1]);
    bytes
}

/// An entry under the old cipher of PKWARE.
pub(crate) fn zip_crypto(name: &str, content: &[u8], password: &str) -> Vec<u8> {
    let table = |index: u8| {
        (0..8).fold(u32::from(index), |value, _| if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 })
    };
    let step = |value: u32, byte: u8| value >> 8 ^ table(value.to_le_bytes()[0] ^ byte);
    let mut keys = [0x1234_5678u32, 0x2345_6789, 0x3456_7890];
    let update = |keys: &mut [u32; 3], byte: u8| {
        keys[0] = step(keys[0], byte);
        keys[1] = keys[1].wrapping_add(u32::from(keys[0].to_le_bytes()[0])).wrapping_mul(0x0808_8405).wrapping_add(1);
        keys[2] = step(keys[2], keys[1].to_le_bytes()[3]);
    };
    password.bytes().for_each(|byte| update(&mut keys, byte));
    let plain = entry(name, content);
    // Eleven bytes that nobody looks at, and the check byte: the last of the checksum.
    let head = [&[0x33; 11][..], &plain.crc.to_le_bytes()[3..]].concat();
    let mut encrypt = |byte: u8| {
        let mask = keys[2] | 2;
        let stream = (mask.wrapping_mul(mask ^ 1) >> 8).to_le_bytes()[0];
        update(&mut keys, byte);
        byte ^ stream
    };
    let packed = head.iter().chain(content).map(|&byte| encrypt(byte)).collect();
    archive(&[Entry { packed, flags: plain.flags | 1, ..plain }])
}
