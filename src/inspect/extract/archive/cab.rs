//! Windows cabinets.
//!
//! In: the cabinet's bytes. Out: each file as a part, its name (in Shift_JIS unless it says UTF-8) as text, reserved
//! areas and whatever no folder covers as parts. The `cab` crate unpacks a folder at a time, each as a cabinet of its own
//! with one file: so files of one name are all read, and names keep their bytes.
//! Structure, which is passed over: headers, block heads.
//! Deliberately absent: putting volumes together; a file that goes on in another cabinet is `unsupported`.

use std::cell::Cell;

use ::cab::Cabinet;
use memchr::memchr;

use crate::inspect::Reason;
use crate::inspect::extract::archive::framed::Framed;
use crate::inspect::extract::archive::{self, Trial, name_of, number};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;

const HAS_PREVIOUS: usize = 1;
const HAS_NEXT: usize = 2;
const HAS_RESERVE: usize = 4;

/// A file's folder number from here on says that it goes on in another cabinet.
const ELSEWHERE: usize = 0xfffd;

/// Reads a cabinet.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(cabinet) = Directory::of(part.bytes) else {
        return reading.unread(part.place, Reason::Damaged);
    };
    for text in &cabinet.texts {
        reading.text(part.place, &name_of(text));
    }
    if cabinet.is_volume {
        reading.unread(part.place, Reason::Unsupported);
    }
    if cabinet.is_cut {
        reading.unread(part.place, Reason::Damaged);
    }
    for file in &cabinet.files {
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        let place = part.place.inside(&file.name);
        reading.text(&place, &file.name);
        if file.folder >= ELSEWHERE {
            reading.unread(&place, Reason::Unsupported);
        } else if file.folder >= cabinet.folders.len() {
            reading.unread(&place, Reason::Damaged);
        }
    }
    for (number, folder) in cabinet.folders.iter().enumerate() {
        read_folder(reading, part, &cabinet, number, folder);
    }
    if !cabinet.is_volume && !cabinet.is_cut {
        reading.done(part.place);
    }
    reading.leftovers(part, &cabinet.spans);
}

/// The files of a folder, which are packed in one.
fn read_folder(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    cabinet: &Directory<'_>,
    number: usize,
    folder: &Folder<'_>,
) {
    let files = || cabinet.files.iter().filter(|file| file.folder == number);
    let consumed = Cell::default();
    let mut trial = Trial::new(reading.allowance());
    let framed = Framed { head: folder.header(cabinet.block_reserve), data: folder.data, at: 0, consumed: &consumed };
    match Cabinet::new(framed).and_then(|mut cabinet| cabinet.read_file("f").map(|file| trial.run(file, &consumed))) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => trial.failure = Some(Reason::Unsupported),
        Err(_) => trial.failure = Some(Reason::Damaged),
    }
    let failure = trial.failure;
    let content = archive::settle(reading, part.place, trial).unwrap_or_default();
    for file in files() {
        let place = part.place.inside(&file.name);
        let rest = content.get(file.start..).unwrap_or_default();
        let found = rest.get(..file.length).unwrap_or(rest);
        if found.len() < file.length {
            reading.unread(&place, failure.unwrap_or(Reason::Damaged));
        }
        if !found.is_empty() {
            archive::read_entry(reading, part, &file.name, found);
        }
    }
}

struct File {
    name: String,
    folder: usize,
    start: usize,
    length: usize,
}

struct Folder<'a> {
    method: usize,
    blocks: usize,
    data: &'a [u8],
    /// Unpacked, by the blocks' own account.
    length: usize,
}

impl Folder<'_> {
    /// The head of a cabinet that has this folder and in it one file, `f`.
    fn header(&self, reserve: u8) -> Vec<u8> {
        let long = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
        let short = |value: usize| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
        let (files_start, data_start) = (40 + 8, 40 + 8 + 16 + 2);
        [
            b"MSCF\0\0\0\0".as_slice(),
            &long(data_start + self.data.len().min(0x7fff_0000)),
            &[0; 4],
            &long(files_start),
            &[0; 4],
            b"\x03\x01\x01\0\x01\0\x04\0\0\0\0\0\0\0\0",
            &[reserve],
            &long(data_start),
            &short(self.blocks),
            &short(self.method),
            &long(self.length),
            b"\0\0\0\0\0\0\0\0\x21\0\0\0f\0",
        ]
        .concat()
    }
}

/// What a cabinet's header says.
struct Directory<'a> {
    files: Vec<File>,
    folders: Vec<Folder<'a>>,
    block_reserve: u8,
    /// Names of the cabinets and disks before and after this one.
    texts: Vec<&'a [u8]>,
    is_volume: bool,
    is_cut: bool,
    spans: Spans,
}

impl<'a> Directory<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let fixed = bytes.get(..36)?;
        let (folders, files, flags) = (number(fixed, 26, 2), number(fixed, 28, 2), number(fixed, 30, 2));
        let mut directory = Self {
            files: Vec::new(),
            folders: Vec::new(),
            block_reserve: 0,
            texts: Vec::new(),
            is_volume: flags & (HAS_PREVIOUS | HAS_NEXT) != 0,
            is_cut: number(fixed, 8, 4) > bytes.len(),
            spans: Spans::default(),
        };
        directory.spans.claim(0, 36);
        let mut at = 36;
        let mut folder_reserve = 0;
        if flags & HAS_RESERVE != 0 {
            directory.spans.claim(at, 4);
            directory.block_reserve = bytes.get(at + 3).copied().unwrap_or_default();
            folder_reserve = usize::from(bytes.get(at + 2).copied().unwrap_or_default());
            // What is reserved is nobody's, so it is left over.
            at += 4 + number(bytes, at, 2);
        }
        for _ in 0..2 * (usize::from(flags & HAS_PREVIOUS != 0) + usize::from(flags & HAS_NEXT != 0)) {
            let text = terminated(bytes, at)?;
            directory.spans.claim(at, text.len() + 1);
            directory.texts.push(text);
            at += text.len() + 1;
        }
        for _ in 0..folders {
            directory.spans.claim(at, 8);
            directory.folder(bytes, at);
            at += 8 + folder_reserve;
        }
        directory.list(bytes, number(fixed, 16, 4), files);
        Some(directory)
    }

    fn folder(&mut self, bytes: &'a [u8], at: usize) {
        let (start, blocks, method) = (number(bytes, at, 4), number(bytes, at + 4, 2), number(bytes, at + 6, 2));
        let (mut end, mut length) = (start, 0usize);
        for _ in 0..blocks {
            let Some(head) = bytes.get(end..).and_then(|rest| rest.get(..8)) else {
                self.is_cut = true;
                break;
            };
            self.spans.claim(end, 8);
            let packed = number(head, 4, 2);
            let data = end + 8 + usize::from(self.block_reserve);
            self.spans.claim(data, packed);
            length += number(head, 6, 2);
            end = data + packed;
        }
        self.is_cut |= end > bytes.len();
        let data = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        self.folders.push(Folder { method, blocks, data, length });
    }

    fn list(&mut self, bytes: &'a [u8], start: usize, count: usize) {
        let mut at = start;
        for _ in 0..count {
            let Some(raw) = bytes.get(at..).filter(|rest| rest.len() > 16).and_then(|_| terminated(bytes, at + 16))
            else {
                self.is_cut = true;
                return;
            };
            self.spans.claim(at, 16 + raw.len() + 1);
            self.files.push(File {
                name: name_of(raw),
                folder: number(bytes, at + 8, 2),
                start: number(bytes, at + 4, 4),
                length: number(bytes, at, 4),
            });
            at += 16 + raw.len() + 1;
        }
    }
}

fn terminated(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    rest.get(..memchr(0, rest)?)
}
