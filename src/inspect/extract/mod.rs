//! One file per format: where the text is, and where it was found.
//!
//! In: bytes of a mail or a file. Out: text and tables into a [`Sink`], and a [`Ledger`] of what was read and what
//! was not. The way down: [`extract`] starts a [`Reading`], which carries the budget and the ledger; `Reading::read`
//! tells a part's type by its content ([`sniff`]) and calls the reader of that format, which hands over its text and
//! calls `read` again for whatever is inside it.
//!
//! The promise: every byte of the mail is either read, or structure (named in the reader concerned), or has an entry
//! in `uninspected`. So an unknown format is an entry, a picture is an entry, and a limit that was reached is one.
//! Deliberately absent in this room: PDF, Word 97, RTF, 7z and the like (`uninspected: unsupported`), optical
//! character recognition, and any judgement on what was read.
//!
//! Third-party parsers panic on hostile input; each part is read behind `catch_unwind`, so that one broken part is
//! `uninspected: crashed` and the rest is read. What cannot be caught (no memory left, no time left) ends the worker
//! process that this runs in, see `inspect::sandbox`.

mod biff;
mod card;
mod compound;
#[cfg(test)]
mod corpus;
mod csv;
mod grid;
#[cfg(test)]
mod hostile;
mod html;
mod mail;
mod mime;
mod number;
mod ods;
mod package;
mod reading;
mod sheet;
mod sniff;
mod text;
mod xlsb;
mod xml;
mod zip;

use serde::{Deserialize, Serialize};

use self::reading::{Hint, Part, Reading};
use super::{Coverage, Kind, Place, Sink, Uninspected};

/// How much of one mail is read. Running over any of them is `uninspected: limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Unpacked bytes in all.
    pub bytes: u64,
    /// How deep archives and mails may nest.
    pub depth: u32,
    /// Parts and archive entries in all.
    pub entries: u32,
    /// Table cells in all.
    pub cells: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, depth: 16, entries: 20_000, cells: 20_000_000 }
    }
}

/// What was read and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// What the outermost bytes are: `mail`, `xlsx`, `zip`, `csv`, `text`, `unknown`, ….
    pub kind: String,
    /// What could not be read.
    pub uninspected: Vec<Uninspected>,
    /// How much was read.
    pub coverage: Coverage,
}

/// Finds all text in `bytes` and hands it to `sink`. Never fails and never panics: what cannot be read is in the
/// ledger.
pub fn extract(bytes: &[u8], kind: &Kind, limits: &Limits, sink: &mut dyn Sink) -> Ledger {
    let mut reading = Reading::new(limits, sink);
    let format = match kind {
        Kind::Mail => reading.read_mail(bytes),
        Kind::File(name) => {
            let place = Place::new(name.as_str());
            reading.read(&Part { bytes, place: &place, depth: 0, hint: Hint::default() })
        }
    };
    reading.finish(format.name())
}
