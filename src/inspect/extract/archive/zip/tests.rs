//! Zip archives put together by hand, each with one thing wrong.

use super::directory::survey;
use crate::inspect::extract::{Limits, extract};
use crate::inspect::{Cell, Job, Kind, Place, Reason, Sink};

#[derive(Default)]
struct Texts(String);

impl Sink for Texts {
    fn text(&mut self, place: &Place, text: &str) {
        self.0.push_str(&format!("{} | {text}\n", place.path));
    }

    fn begin_table(&mut self, _: &Place) {}

    fn row(&mut self, _: u32, _: &[Cell<'_>]) {}

    fn end_table(&mut self) {}
}

fn read(bytes: &[u8]) -> (String, Vec<(String, Reason)>) {
    let mut texts = Texts::default();
    let job = Job::new(Kind::File("a.zip".to_owned()));
    let ledger = extract(bytes, &job, &Limits::default(), &mut texts, &mut ());
    (texts.0, ledger.uninspected.into_iter().map(|entry| (entry.place, entry.reason)).collect())
}

/// Fields of a header that both kinds have.
#[derive(Clone, Copy)]
struct Fields<'a> {
    name: &'a str,
    flags: u16,
    method: u16,
    data: &'a [u8],
    /// How long the data are said to be.
    packed: u32,
    extra: &'a [u8],
    comment: &'a str,
}

fn stored<'a>(name: &'a str, data: &'a [u8]) -> Fields<'a> {
    Fields { name, flags: 0, method: 0, data, packed: data.len() as u32, extra: b"", comment: "" }
}

fn header(fields: &Fields<'_>, central_offset: Option<u32>) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(fields.data);
    let mut out =
        if central_offset.is_some() { b"PK\x01\x02\x14\0\x14\0".to_vec() } else { b"PK\x03\x04\x14\0".to_vec() };
    for short in [fields.flags, fields.method, 0, 0x21] {
        out.extend_from_slice(&short.to_le_bytes());
    }
    for long in [crc.sum(), fields.packed, fields.data.len() as u32] {
        out.extend_from_slice(&long.to_le_bytes());
    }
    out.extend_from_slice(&(fields.name.len() as u16).to_le_bytes());
    out.extend_from_slice(&(fields.extra.len() as u16).to_le_bytes());
    if let Some(offset) = central_offset {
        out.extend_from_slice(&(fields.comment.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&offset.to_le_bytes());
    }
    out.extend_from_slice(fields.name.as_bytes());
    out.extend_from_slice(fields.extra);
    if central_offset.is_some() {
        out.extend_from_slice(fields.comment.as_bytes());
    }
    out
}

/// An archive of these local entries, whose directory says this of them: fields and the number of the local header.
fn archive(local: &[Fields<'_>], central: &[(Fields<'_>, usize)], comment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut offsets = Vec::new();
    for fields in local {
        offsets.push(out.len() as u32);
        out.extend(header(fields, None));
        out.extend_from_slice(fields.data);
    }
    let start = out.len() as u32;
    for (fields, number) in central {
        out.extend(header(fields, Some(offsets[*number])));
    }
    let size = out.len() as u32 - start;
    let count = (central.len() as u16).to_le_bytes();
    out.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &size.to_le_bytes(), &start.to_le_bytes()].concat());
    out.extend_from_slice(&(comment.len() as u16).to_le_bytes());
    out.extend_from_slice(comment);
    out
}

#[test]
fn headers_that_contradict_each_other_are_both_believed() {
    let inner = stored("harmless.txt", b"SECRETinside and more");
    // Says the directory: only the first six bytes, and another name.
    let shown = Fields { name: "shown.txt", packed: 6, data: b"SECRET", ..inner };
    let (texts, uninspected) = read(&archive(&[inner], &[(shown, 0)], b""));
    assert!(texts.contains("a.zip › shown.txt | SECRETinside and more"), "{texts}");
    assert!(texts.contains("| harmless.txt") && texts.contains("| shown.txt"), "{texts}");
    assert_eq!(uninspected, []);
    // Another method: one reading fails, the other is read.
    let packed = Fields { method: 8, ..inner };
    let (texts, uninspected) = read(&archive(&[inner], &[(packed, 0)], b""));
    assert!(texts.contains("SECRETinside"), "{texts}");
    assert_eq!(uninspected, [("a.zip › harmless.txt".to_owned(), Reason::Damaged)]);
}

#[test]
fn what_stands_in_headers_is_read() {
    let mut extra = vec![0x34, 0x12, 40, 0];
    extra.extend_from_slice("電話 090-1234-5678 山田花子".as_bytes());
    extra.resize(44, b' ');
    let entry = Fields { extra: &extra, comment: "項目の注釈", ..stored("a.txt", b"text") };
    let (texts, uninspected) = read(&archive(&[entry], &[(entry, 0)], "書庫の注釈".as_bytes()));
    for text in ["a.txt › extra field | 電話 090-1234-5678", "項目の注釈", "comment | 書庫の注釈"] {
        assert!(texts.contains(text), "{text} in {texts}");
    }
    assert_eq!(texts.matches("090-1234-5678").count(), 1, "in both headers, told once: {texts}");
    assert_eq!(uninspected, []);
}

#[test]
fn entries_that_share_data_are_read_once_or_stop() {
    let data = b"shared SECRET data".as_slice();
    let one = stored("a.txt", data);
    let many: Vec<_> = (0..500).map(|_| (one, 0)).collect();
    let (texts, uninspected) = read(&archive(&[one], &many, b""));
    assert_eq!(texts.matches("SECRET").count(), 1);
    assert_eq!(uninspected, []);
    // Each a little longer than the one before: no two are the same.
    let long = vec![b'x'; 500];
    let local = stored("a.txt", &long);
    let names: Vec<String> = (0..400).map(|n| format!("{n}.txt")).collect();
    let quoted: Vec<_> =
        names.iter().zip(100u32..).map(|(name, packed)| (Fields { name, packed, flags: 8, ..local }, 0)).collect();
    let (_, uninspected) = read(&archive(&[local], &quoted, b""));
    assert!(uninspected.iter().filter(|(_, reason)| *reason == Reason::Limit).count() > 300, "{}", uninspected.len());
}

#[test]
fn volumes_are_unsupported_and_read_as_far_as_they_go() {
    let entry = stored("a.txt", b"first SECRET");
    let mut bytes = archive(&[entry], &[(entry, 0)], b"");
    let end = bytes.len() - 22;
    bytes[end + 4] = 1;
    let (texts, uninspected) = read(&bytes);
    assert!(texts.contains("first SECRET"));
    assert_eq!(uninspected, [("a.zip".to_owned(), Reason::Unsupported)]);
    let first = [b"PK\x07\x08".as_slice(), &header(&entry, None), entry.data].concat();
    assert_eq!(read(&first).1, [("a.zip".to_owned(), Reason::Unsupported)]);
}

#[test]
fn two_archives_behind_each_other_are_both_read() {
    let (one, two) = (stored("a.txt", b"first SECRET"), stored("b.txt", b"second SECRET"));
    let bytes = [archive(&[one], &[(one, 0)], b"note of one"), archive(&[two], &[(two, 0)], b"")].concat();
    let (texts, _) = read(&bytes);
    for text in ["first SECRET", "second SECRET", "note of one"] {
        assert!(texts.contains(text), "{text} in {texts}");
    }
}

#[test]
fn sizes_of_zip64_are_read() {
    let data = b"wide SECRET";
    let wide = (data.len() as u64).to_le_bytes();
    let extra = [b"\x01\0\x10\0".as_slice(), &wide, &wide].concat();
    let entry = Fields { packed: u32::MAX, extra: &extra, ..stored("a.txt", data) };
    let mut bytes = archive(&[entry], &[(entry, 0)], b"");
    // The sizes unpacked and packed, in both headers.
    for start in [18, 30 + 5 + 20 + data.len() + 20] {
        bytes[start..start + 8].fill(0xff);
    }
    let survey = survey(&bytes);
    assert_eq!(survey.entries[0].contents[0].data, data);
    assert_eq!(read(&bytes).1, []);
}

#[test]
fn a_nest_of_archives_ends_at_the_budget() {
    let mut bytes = vec![b' '; 100 << 20];
    for (level, count) in [1, 1, 16, 16, 16].into_iter().enumerate() {
        let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut deflated, &bytes).unwrap();
        let packed = deflated.finish().unwrap();
        let names: Vec<String> = (0..count).map(|n| format!("{level}{n}.zip")).collect();
        let entries: Vec<_> = names.iter().map(|name| Fields { method: 8, ..stored(name, &packed) }).collect();
        let central: Vec<_> = entries.iter().zip(0..).map(|(entry, number)| (*entry, number)).collect();
        bytes = archive(&entries, &central, b"");
    }
    let mut texts = Texts::default();
    let limits = Limits { bytes: 300 << 20, ..Limits::default() };
    let job = Job::new(Kind::File("a.zip".to_owned()));
    let ledger = extract(&bytes, &job, &limits, &mut texts, &mut ());
    // Three of the 4,096 bombs are paid for; they would be 400 GB.
    let bombs = ledger.uninspected.iter().filter(|entry| entry.place.ends_with("00.zip"));
    let reasons: Vec<Reason> = bombs.map(|entry| entry.reason).collect();
    assert!((1..=3).contains(&reasons.len()) && reasons.iter().all(|&reason| reason == Reason::Limit), "{reasons:?}");
}
