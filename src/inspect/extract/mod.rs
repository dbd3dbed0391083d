//! One file per format: where the text is, and where it was found.
//!
//! In: bytes of a mail or a file. Out: text and tables into a [`Sink`], and a [`Ledger`] of what was read and what
//! was not. The way down: [`extract`] starts a [`Reading`], which carries the budget and the ledger; `Reading::read`
//! tells a part's type by its content ([`sniff`]) and calls the reader of that format, which hands over its text and
//! calls `read` again for whatever is inside it.
//!
//! The promise: every byte of the mail is either read, or structure (named in the reader concerned), or has an entry
//! in `uninspected`. So an unknown format is an entry, a picture is an entry, and a limit that was reached is one; what
//! a container's reader has no use for is read as a part of its own ([`spans`]).
//! Deliberately absent in this room: any judgement on what was read.
//!
//! Third-party parsers panic on hostile input; each part is read behind `catch_unwind`, so that one broken part is
//! `uninspected: crashed` and the rest is read. What cannot be caught (no memory left, no time left) ends the worker
//! process that this runs in, see `inspect::sandbox`.

#[cfg(test)]
mod account;
mod archive;
mod carve;
mod compound;
#[cfg(test)]
mod corpus;
mod document;
mod escapes;
#[cfg(test)]
mod hostile;
mod image;
mod letters;
mod mail;
mod oddity;
mod package;
mod pdf;
#[cfg(test)]
mod places;
mod properties;
mod reading;
mod sensitivity;
mod sniff;
mod spans;
mod sweep;
mod text;
mod unlock;
mod vba;
mod workbook;
mod xml;
mod xml_stream;

use serde::{Deserialize, Serialize};

pub(super) use self::mail::{Text, View, view};
use self::reading::{Hint, Part, Reading};
use super::{Attachment, Coverage, Inspected, Job, Kind, Place, Reason, Sink, Statement, Uninspected};

/// So much may be unpacked whatever the ratio: a small workbook may well repeat itself a thousand times.
const UNPACKED: u64 = 64 << 20;

/// How much of one mail is read. Running over any of them is `uninspected: limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Unpacked bytes in all.
    pub bytes: u64,
    /// Unpacked bytes for each byte that came; a few MiB are let through in any case.
    pub ratio: u32,
    /// How deep archives and mails may nest.
    pub depth: u32,
    /// Parts and archive entries in all.
    pub entries: u32,
    /// Table cells in all.
    pub cells: u64,
    /// Characters of running text in all.
    pub characters: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, ratio: 100, depth: 16, entries: 20_000, cells: 20_000_000, characters: 256 << 20 }
    }
}

impl Limits {
    /// How much a mail of so many bytes may unpack to.
    fn bytes_for(&self, size: usize) -> u64 {
        let ratio = u64::from(self.ratio).saturating_mul(size as u64);
        self.bytes.min(ratio.max(UNPACKED))
    }
}

/// What was read and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// What the outermost bytes are: `mail`, `xlsx`, `zip`, `csv`, `text`, `unknown`, ….
    pub kind: String,
    /// What was read.
    pub inspected: Vec<Inspected>,
    /// What could not be read.
    pub uninspected: Vec<Uninspected>,
    /// How much was read.
    pub coverage: Coverage,
    /// The passwords that the mail's own text states.
    pub statements: Vec<Statement>,
    /// Whether anything was protected by a password, known or not.
    pub protected: bool,
    /// The files that the mail carries.
    pub attachments: Vec<Attachment>,
}

impl Ledger {
    /// A table of the organisation's own, or its documents, could not be asked, so nobody knows whether they are in the mail.
    pub(super) fn unasked(&mut self, what: &str) {
        self.uninspected.push(Uninspected { place: what.to_owned(), reason: Reason::Damaged });
        self.coverage.parts = self.coverage.parts.saturating_add(1);
    }
}

/// Who looks on while a mail is read.
pub trait Watch {
    /// A part is about to be read; what is inside of it begins and ends before it ends itself. The same bytes give each
    /// part the same number again. A `small` one is a text of a few lines, or nothing that a reader would read.
    fn begin(&mut self, part: u64, place: &str, small: bool);
    /// It was read, or its reader gave up.
    fn end(&mut self, part: u64);
    /// Whether the time for the open part or for the whole mail is used up; the rest is then `uninspected: limit`.
    fn is_over(&self) -> bool;
    /// The open part is a picture, which nobody has looked at yet.
    fn picture(&mut self, part: u64, place: &str, bytes: &[u8]);
}

/// Nobody looks on, and there is all the time in the world.
impl Watch for () {
    fn begin(&mut self, _: u64, _: &str, _: bool) {}

    fn end(&mut self, _: u64) {}

    fn is_over(&self) -> bool {
        false
    }

    fn picture(&mut self, _: u64, _: &str, _: &[u8]) {}
}

/// Finds all text in `bytes` and hands it to `sink`. Never fails and never panics: what cannot be read is in the
/// ledger.
pub fn extract(bytes: &[u8], job: &Job, limits: &Limits, sink: &mut dyn Sink, watch: &mut dyn Watch) -> Ledger {
    let limits = &Limits { bytes: limits.bytes_for(bytes.len()), ..*limits };
    let mut reading = Reading::new(job, limits, sink, watch);
    let format = match &job.kind {
        Kind::Mail => reading.read_mail(bytes),
        Kind::File(name) => {
            let place = Place::new(name.as_str());
            reading.read(&Part { bytes, place: &place, depth: 0, hint: Hint::default() })
        }
    };
    reading.finish(format.name())
}
