//! The byte account: no stretch of a container may say something that nobody hears.
//!
//! Over every file of the generated corpus a window of [`WINDOW`] bytes moves from front to back, and what stands in it is
//! replaced by text. If neither the extracted text nor the ledger changes, those bytes were neither read nor named: room
//! enough for a name and a number. Where that is true because the format keeps numbers there and no text
//! ([`structure`] names each such place), it is accounted for; anywhere else it fails. Behind and in front of every file
//! the same text is put as well. Deliberately absent: trust in what the readers say that they have read.

use std::collections::BTreeMap;

use super::super::{Cell, Job, Kind, Place, Reason, Sink};
use super::places::generators::{Case, cases};
use super::{Ledger, Limits, extract};

/// As long as a telephone number with a name.
const WINDOW: usize = 24;

/// What is written into the window: no mark-up, no control characters, in every charset the same.
const TEXT: &[u8; WINDOW] = b"YAMADA Taro 090-12345678";

/// All that extraction says, in order.
#[derive(Default, PartialEq, Eq)]
struct Heard(String);

impl Sink for Heard {
    fn text(&mut self, place: &Place, text: &str) {
        self.0.push_str(&format!("{} {} {text}\n", place.path, place.hidden));
    }

    fn begin_table(&mut self, place: &Place) {
        self.0.push_str(&format!("{} {} table\n", place.path, place.hidden));
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        for cell in cells {
            self.0.push_str(&format!("{row} {} {} {}\n", cell.column, cell.hidden, cell.text));
        }
    }

    fn end_table(&mut self) {}
}

fn hear(name: &str, bytes: &[u8]) -> (String, Ledger) {
    let kind = if name.ends_with(".eml") { Kind::Mail } else { Kind::File(name.to_owned()) };
    let mut heard = Heard::default();
    let ledger = extract(bytes, &Job::new(kind), &Limits::default(), &mut heard, &mut ());
    (heard.0, ledger)
}

/// The windows of a file whose content nobody hears.
fn unheard(case: &Case) -> Vec<usize> {
    let name = case.file();
    let (before, ledger) = hear(name, &case.bytes);
    // What is named as not read is accounted for, wherever in the file it stands.
    if !ledger.uninspected.is_empty() {
        return Vec::new();
    }
    let starts = (0..case.bytes.len().saturating_sub(WINDOW)).step_by(WINDOW / 2);
    let is_unheard = |&start: &usize| {
        let mut bytes = case.bytes.clone();
        bytes[start..start + WINDOW].copy_from_slice(TEXT);
        let (after, told) = hear(name, &bytes);
        // What says "damaged" says enough.
        after == before && told.uninspected.is_empty()
    };
    starts.filter(is_unheard).collect()
}

/// The structure in which a window lies, if it is one where a format keeps names and numbers that no reader shows.
fn structure(case: &Case, start: usize) -> Option<&'static str> {
    let bytes = &case.bytes;
    let format = case.name.split_once('/').map_or("", |(format, _)| format);
    match format {
        "doc" if (512..header_end(bytes)).contains(&start) => Some("file information block"),
        "xls" | "doc" | "ppt" | "msg" => in_compound_file(bytes, start),
        "polyglot" if bytes.starts_with(b"\xd0\xcf") => in_compound_file(bytes, start),
        "pdf" | "polyglot" if in_line_with(bytes, start, b"/Type/Font") => Some("description of a font"),
        "pdf" if in_line_with(bytes, start, b"/Type/XObject") => Some("how a form is drawn"),
        "pdf" if in_line_with(bytes, start, b" Do") => Some("operators that draw"),
        "pdf" if in_line_with(bytes, start, b"begincmap") => Some("head of a character map"),
        "iso" if (16 * 2048 + 100..16 * 2048 + 190).contains(&start) => Some("numbers of a volume"),
        "iso" if (18 * 2048..18 * 2048 + 120).contains(&start) => Some("entries of the root folder"),
        "mail" if in_line_with(bytes, start, b"Content-") => Some("how a part is encoded, and its number"),
        "7z" | "rar" | "cab" | "lzh" | "tar" | "gz" | "bz2" | "xz" | "zst" => None,
        _ => in_mark_up(bytes, start),
    }
}

/// Where the header of a Word document ends, which stands at the front of its stream.
fn header_end(bytes: &[u8]) -> usize {
    const LENGTH: usize = 154 + 93 * 8;
    memchr::memmem::find(bytes, b"\xec\xa5\xc1\0").map_or(0, |start| start + LENGTH)
}

/// Whether the window begins or ends in a line that says this.
fn in_line_with(bytes: &[u8], start: usize, word: &[u8]) -> bool {
    [start, start + WINDOW - 1].into_iter().any(|at| {
        let from = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let to = bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| at + end);
        memchr::memmem::find(&bytes[from..to], word).is_some()
    })
}

/// Names of elements, attributes and name spaces: the window begins or ends between the signs of a tag. Comments,
/// instructions and sections of characters are no tags.
fn in_mark_up(bytes: &[u8], start: usize) -> Option<&'static str> {
    let opens = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.starts_with(b"<") && !rest.starts_with(b"<!--") && !rest.starts_with(b"<![")
    };
    let before = (start.saturating_sub(400)..start).rev().find(|&at| matches!(bytes.get(at), Some(b'<' | b'>')));
    let is_inside = before.is_some_and(opens) || (start..start + WINDOW).any(opens);
    is_inside.then_some("mark-up")
}

/// The header, the allocation tables and the times in the directory of a compound file.
fn in_compound_file(bytes: &[u8], start: usize) -> Option<&'static str> {
    if start < 512 {
        return Some("header of a compound file");
    }
    let sector = start / 512 * 512;
    let of_table = |at: usize| {
        let words = bytes.get(at..at + 512).unwrap_or_default().as_chunks::<4>().0;
        let small = |word: &[u8; 4]| u32::from_le_bytes(*word) >= 0xffff_fffc || u32::from_le_bytes(*word) < 0x1_0000;
        words.iter().all(small)
    };
    let of_directory = |at: usize| {
        let name = bytes.get(at + 64..at + 68).unwrap_or_default();
        matches!(name, [2..=64, 0, 0..=5, 0 | 1])
    };
    if of_table(sector) || of_table(sector + 512) {
        return Some("allocation table");
    }
    let entry = start / 128 * 128;
    (of_directory(entry) || of_directory(entry + 128)).then_some("directory entry")
}

/// Every file is done in one of several tests, so that they share the cores.
fn account(share: usize) {
    let mut silent: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let only = std::env::var("ACCOUNT").unwrap_or_default();
    let chosen = cases().into_iter().filter(|case| case.name.contains(&only));
    for case in chosen.skip(share).step_by(SHARES) {
        let windows: Vec<usize> =
            unheard(&case).into_iter().filter(|&start| structure(&case, start).is_none()).collect();
        if !windows.is_empty() {
            silent.insert(case.name, windows);
        }
    }
    assert!(silent.is_empty(), "{} files with bytes that nobody hears: {silent:#?}", silent.len());
}

const SHARES: usize = 4;

#[test]
fn no_byte_goes_unheard_first_share() {
    account(0);
}

#[test]
fn no_byte_goes_unheard_second_share() {
    account(1);
}

#[test]
fn no_byte_goes_unheard_third_share() {
    account(2);
}

#[test]
fn no_byte_goes_unheard_last_share() {
    account(3);
}

#[test]
fn what_stands_in_front_of_a_file_or_behind_it_is_heard() {
    let mut silent = Vec::new();
    for case in cases() {
        let before = hear(case.file(), &case.bytes);
        // Bytes that are named as unread in one piece account for what is put beside them; a picture's do not.
        let covers = |reason: Reason| !matches!(reason, Reason::Image | Reason::Damaged);
        let is_named = before.1.uninspected.iter().any(|entry| entry.place == case.file() && covers(entry.reason));
        let is_heard = |bytes: &[u8]| is_named || hear(case.file(), bytes) != before;
        if !is_heard(&[&case.bytes, &b"\r\n"[..], TEXT].concat()) {
            silent.push(format!("behind {}", case.name));
        }
        if !is_heard(&[TEXT, &b"\r\n"[..], &case.bytes].concat()) {
            silent.push(format!("in front of {}", case.name));
        }
    }
    assert!(silent.is_empty(), "{} times unheard: {silent:#?}", silent.len());
}
