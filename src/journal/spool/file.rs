//! One file of the spool: a line that names it and holds its key, and a line for each record, sealed.
//!
//! In: records. Out: the same, and what is wrong with the file: [`Flaw::Torn`] if its end was not finished, as a death
//! leaves it, and [`Flaw::Damaged`] if another line does not open; nothing at all if its key is not ours. Disk for what is to come can be allotted, so that a full
//! disk is found out before it matters. Deliberately absent: which file is whose turn (`super`).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use data_encoding::BASE64;
use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};

use crate::{
    journal::Record,
    store::{FileKey, Store},
};

/// What the first line begins with.
const FIRST: &str = "sekisho journal spool 1 ";

/// A file that grows.
#[derive(Debug)]
pub(super) struct Open {
    file: File,
    key: FileKey,
    /// How many records are in it.
    pub(super) records: u64,
    /// Its bytes.
    pub(super) length: u64,
    /// Up to where the disk is ours.
    pub(super) allotted: u64,
    /// Its end is not known: nothing is to be written behind it.
    pub(super) spoilt: bool,
}

/// What is in a file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) records: Vec<Record>,
    pub(super) flaw: Option<Flaw>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// What was written last is not whole; nobody was promised it.
    Torn,
    /// Something in it is not what was written.
    Damaged,
}

impl Flaw {
    /// How a file that has it is called.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Torn => "torn",
            Self::Damaged => "damaged",
        }
    }
}

impl Open {
    /// A new file at `path`; it and its name are on the disk.
    pub(super) fn make(store: &Store, path: &Path) -> io::Result<Self> {
        let (key, wrapped) = store.new_file_key(&name(path)).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        let first = format!("{FIRST}{}\n", BASE64.encode(&wrapped));
        let written = file.write_all(first.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| sync_folder(path));
        if let Err(why) = written {
            let _there_or_not = fs::remove_file(path);
            return Err(why);
        }
        let length = first.len() as u64;
        Ok(Self { file, key, records: 0, length, allotted: length, spoilt: false })
    }

    /// Sees to it that the disk has room for `bytes` more. A file system that allots nothing is believed: how much of it is
    /// free is looked at elsewhere.
    pub(super) fn allot(&mut self, bytes: u64) -> io::Result<()> {
        let end = self.length.saturating_add(bytes);
        if end <= self.allotted {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, end) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                self.allotted = end;
                Ok(())
            }
            Err(why) => Err(why.into()),
        }
    }

    /// Nothing more is written into it: what the disk allotted beyond its end is there for others.
    pub(super) fn give_back(&mut self) {
        if self.allotted > self.length && !self.spoilt {
            if let Err(error) = self.file.set_len(self.length) {
                tracing::debug!(%error, "what was allotted to a file of the spool is not given back before it goes");
            }
            self.allotted = self.length;
        }
    }

    /// The lines that records would be, of which these are the words.
    pub(super) fn lines(&self, texts: &[Vec<u8>]) -> io::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for (number, text) in (self.records..).zip(texts) {
            let sealed = self.key.seal(number, text).map_err(io::Error::other)?;
            lines.extend_from_slice(BASE64.encode(&sealed).as_bytes());
            lines.push(b'\n');
        }
        Ok(lines)
    }

    /// Adds `lines`, which hold so many records: all of them are on the disk, or none is in the file.
    pub(super) fn append(&mut self, lines: &[u8], records: u64) -> io::Result<()> {
        if let Err(why) = self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            // A line that is half there must not stand before one that is whole.
            let undone = self.file.set_len(self.length).and_then(|()| self.file.sync_data());
            (self.spoilt, self.allotted) = (undone.is_err(), self.length);
            return Err(why);
        }
        self.length += lines.len() as u64;
        self.records += records;
        Ok(())
    }
}

/// How long the line of a record is.
pub(super) fn line_length(text: &[u8]) -> u64 {
    BASE64.encode_len(FileKey::sealed_length(text.len())) as u64 + 1
}

/// What the key of the file at `path` is bound to.
fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// How many records a file seems to hold, without opening any.
pub(super) fn count(path: &Path) -> io::Result<u64> {
    let lines = memchr::memchr_iter(b'\n', &fs::read(path)?).count() as u64;
    Ok(lines.saturating_sub(1))
}

/// All that opens in the file at `path`, in order; none if its first line gives no key: it was sealed with another one, or
/// that line was changed, and no line behind it can be told from another.
pub(super) fn read(store: &Store, path: &Path) -> io::Result<Option<Content>> {
    let bytes = fs::read(path)?;
    // It was begun, and nothing was written into it.
    let begun = Content { records: Vec::new(), flaw: Some(Flaw::Torn) };
    let Some(end) = memchr::memchr(b'\n', &bytes) else { return Ok(Some(begun)) };
    let (first, rest) = bytes.split_at(end);
    let wrapped = std::str::from_utf8(first).ok().and_then(|first| first.strip_prefix(FIRST));
    let wrapped = wrapped.and_then(|wrapped| BASE64.decode(wrapped.as_bytes()).ok());
    let key = wrapped.and_then(|wrapped| store.file_key(&name(path), &wrapped).ok());
    let Some(key) = key else { return Ok(None) };
    let mut lines: Vec<&[u8]> = rest.get(1..).unwrap_or_default().split(|byte| *byte == b'\n').collect();
    // Behind the last line end stands nothing, or what was not finished.
    let unfinished = lines.pop().is_some_and(|last| !last.is_empty());
    let opened: Vec<Option<Record>> = (0_u64..).zip(lines).map(|(number, line)| record(&key, number, line)).collect();
    let whole = opened.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let (before, behind) = opened.split_at(whole);
    let flaw = if before.iter().any(Option::is_none) {
        Some(Flaw::Damaged)
    } else {
        (unfinished || !behind.is_empty()).then_some(Flaw::Torn)
    };
    Ok(Some(Content { records: opened.into_iter().flatten().collect(), flaw }))
}

fn record(key: &FileKey, number: u64, line: &[u8]) -> Option<Record> {
    serde_json::from_slice(&key.open(number, &BASE64.decode(line).ok()?)?).ok()
}
