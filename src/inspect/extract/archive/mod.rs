//! Archives and packed files: every entry, whatever its name, wherever it hides.
//!
//! In: an archive's bytes. Out: each entry as a part of its own, its name as text; what stands between and behind the
//! entries as well. Here is what all formats share: names in the charsets of their time ([`name_of`]), and unpacking
//! that stops at the budget and at a ratio that only bombs have ([`unpack`]). Deliberately absent: writing, and believing
//! any size that an archive claims.

mod cab;
mod framed;
mod iso;
mod lha;
mod packed;
mod program;
mod rar;
mod sevenz;
mod tar;
mod unix;
pub(crate) mod zip;

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::unlock::Lock;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// How much is unpacked whatever the ratio.
const FREE: usize = 8 << 20;

/// What a bomb costs the budget, so that a nest of thousands ends with the first few.
const BOMB: u64 = 128 << 20;

/// How much larger than its packed form something may be. Deflate reaches 1,032 on nothing but equal bytes.
const RATIO: usize = 1_000;

/// Which archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archive {
    Zip,
    SevenZ,
    Rar,
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Lzma,
    Zstd,
    /// What programs pack and nothing names: zlib's format (RFC 1950).
    Zlib,
    Lha,
    Cab,
    Iso,
    /// Unix libraries and Debian packages.
    Ar,
    Cpio,
    /// A program, which may unpack itself.
    Program,
}

impl Archive {
    /// Archives that are told by more than the bytes they open with.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        match () {
            () if at(257, b"ustar") || tar::starts(bytes) => Some(Self::Tar),
            () if lha::starts(bytes) => Some(Self::Lha),
            () if packed::is_lzma(bytes) => Some(Self::Lzma),
            () if packed::is_zlib(bytes) => Some(Self::Zlib),
            () if at(0, unix::AR) => Some(Self::Ar),
            () if unix::CPIO.iter().any(|magic| at(0, magic)) && bytes.contains(&0) => Some(Self::Cpio),
            () if iso::starts(bytes) => Some(Self::Iso),
            () => None,
        }
    }

    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::SevenZ => "7z",
            Self::Rar => "rar",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Zstd => "zstd",
            Self::Zlib => "zlib",
            Self::Lha => "lzh",
            Self::Cab => "cab",
            Self::Iso => "iso",
            Self::Ar => "ar",
            Self::Cpio => "cpio",
            Self::Program => "executable",
        }
    }
}

/// Reads an archive.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, kind: Archive) {
    match kind {
        Archive::Zip => zip::read(reading, part),
        Archive::SevenZ => sevenz::read(reading, part),
        Archive::Rar => rar::read(reading, part),
        Archive::Tar => tar::read(reading, part),
        Archive::Gzip | Archive::Bzip2 | Archive::Xz | Archive::Lzma | Archive::Zstd | Archive::Zlib => {
            packed::read(reading, part, kind);
        }
        Archive::Lha => lha::read(reading, part),
        Archive::Cab => cab::read(reading, part),
        Archive::Iso => iso::read(reading, part),
        Archive::Ar => unix::read_ar(reading, part),
        Archive::Cpio => unix::read_cpio(reading, part),
        Archive::Program => program::read(reading, part),
    }
}

/// Opens what waited for a password.
pub(crate) fn unlock(reading: &mut Reading<'_>, part: &Part<'_>, lock: Lock) {
    match lock {
        Lock::SevenZ => sevenz::unlock(reading, part),
        Lock::Rar => rar::unlock(reading, part),
        _ => zip::unlock(reading, part),
    }
}

/// Hands on an entry that was unpacked. Its name is text already.
fn read_entry(reading: &mut Reading<'_>, part: &Part<'_>, name: &str, bytes: &[u8]) {
    let place = part.place.inside(name);
    reading.read(&Part { bytes, place: &place, depth: part.depth.saturating_add(1), hint: Hint::default() });
}

/// Unpacks something. What it comes to is paid for; what is wrong with it is in the ledger; what could be unpacked of it
/// comes back. `consumed` counts how much of the packed bytes were used.
fn unpack(reading: &mut Reading<'_>, place: &Place, source: impl Read, consumed: &Cell<usize>) -> Option<Vec<u8>> {
    let mut trial = Trial::new(reading.allowance());
    trial.run(source, consumed);
    settle(reading, place, trial)
}

/// Pays for what a trial unpacked, and tells what went wrong.
fn settle(reading: &mut Reading<'_>, place: &Place, trial: Trial) -> Option<Vec<u8>> {
    let is_bomb = trial.failure == Some(Reason::Limit);
    let covered = reading.charge((trial.content.len() as u64).max(if is_bomb { BOMB } else { 0 }));
    let failure = if covered { trial.failure } else { Some(Reason::Limit) };
    if let Some(reason) = failure {
        reading.unread(place, reason);
    }
    (failure.is_none() || !trial.content.is_empty()).then_some(trial.content)
}

/// Unpacking within bounds.
struct Trial {
    most: usize,
    content: Vec<u8>,
    failure: Option<Reason>,
}

impl Trial {
    fn new(allowance: u64) -> Self {
        Self { most: usize::try_from(allowance).unwrap_or(usize::MAX), content: Vec::new(), failure: None }
    }

    fn run(&mut self, mut source: impl Read, consumed: &Cell<usize>) {
        let mut chunk = vec![0; 64 << 10];
        loop {
            // A decoder that panics must not cost the entries behind this one.
            let count = match catch_unwind(AssertUnwindSafe(|| source.read(&mut chunk))) {
                Ok(Ok(0)) => return,
                Ok(Ok(count)) => count,
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                // It asks for more than there is; nothing is wrong with the data.
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::OutOfMemory => {
                    return self.failure = Some(Reason::Limit);
                }
                Ok(Err(_)) => return self.failure = Some(Reason::Damaged),
                Err(_) => return self.failure = Some(Reason::Crashed),
            };
            // Bombs unpack evenly, so they are told early; files of one colour are told from them by their rest.
            let most = self.most.min(consumed.get().saturating_mul(RATIO).max(FREE));
            let room = most.saturating_sub(self.content.len());
            self.content.extend_from_slice(chunk.get(..count.min(room)).unwrap_or_default());
            if count > room {
                return self.failure = Some(Reason::Limit);
            }
        }
    }
}

/// Packed bytes that count how many of them were used.
struct Metered<'a> {
    bytes: &'a [u8],
    consumed: &'a Cell<usize>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.consumed.set(self.consumed.get() + count);
        Ok(count)
    }
}

impl BufRead for Metered<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.bytes)
    }

    fn consume(&mut self, count: usize) {
        self.bytes = self.bytes.get(count..).unwrap_or_default();
        self.consumed.set(self.consumed.get() + count);
    }
}

/// Windows in Japan writes names in Shift_JIS, old macOS in UTF-8, neither says so.
pub(crate) fn name_of(raw: &[u8]) -> String {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => match encoding_rs::SHIFT_JIS.decode_without_bom_handling(raw) {
            (name, false) if !is_mojibake(&name) => name.into_owned(),
            _ => charset::decode(raw, None),
        },
    };
    name.replace('\0', "")
}

/// EUC-JP read as Shift_JIS is a row of half-width kana.
fn is_mojibake(name: &str) -> bool {
    let halfwidth = name.chars().filter(|c| ('\u{ff61}'..='\u{ff9f}').contains(c)).count();
    halfwidth * 2 > name.chars().filter(|c| !c.is_ascii()).count()
}

/// A password as bytes: in UTF-8, and as Windows in Japan writes it.
fn spellings(password: &str) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let (local, _, lossy) = encoding_rs::SHIFT_JIS.encode(password);
    let local = Some(local).filter(|local| !lossy && local.as_ref() != password.as_bytes());
    std::iter::once(Cow::Borrowed(password.as_bytes())).chain(local)
}

/// A little-endian number of up to eight bytes; 0 where there is none.
fn number(bytes: &[u8], at: usize, length: usize) -> usize {
    let digits = bytes.get(at..).and_then(|rest| rest.get(..length)).unwrap_or_default();
    digits.iter().rev().fold(0usize, |value, &digit| value.wrapping_shl(8) | usize::from(digit))
}
