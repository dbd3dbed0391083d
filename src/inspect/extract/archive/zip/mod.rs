//! Zip archives: every entry, whatever its name, wherever it hides.
//!
//! In: the archive's bytes. Out: entries, read on as parts; their names, comments and whatever else stands in their
//! headers as text; what stands before, between and behind them as parts. Entries that share a name, that the directory
//! does not list, whose headers contradict each other, whose directory is lost: [`directory`] finds them all. Encrypted
//! entries wait for their passwords. Structure, which is passed over: headers, data descriptors, extra fields of times,
//! owners and sizes. Deliberately absent: putting volumes together; what a split archive's volume holds whole is read,
//! and the archive is `unsupported`.

mod directory;
mod entry;
mod header;

use std::cell::Cell;
use std::io::Read;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

pub(crate) use self::directory::has_directory;
use self::directory::{Entry, survey};
use self::entry::{Packed, reason};
use crate::inspect::extract::archive::{self, Archive};
use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sniff::Format;
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::unlock::{Cost, Lock};
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// The method of nearly everything.
const DEFLATE: u16 = 8;

/// How many names are looked at to tell an office document from an archive.
const NAMES: usize = 4_096;

/// How many entries that share data with others are read. Honest archives have none.
const OVERLAPPING: usize = 16;

/// How often a password is tried on one archive: AES makes each try cost a millisecond.
const TRIES: usize = 2_000;

/// An archive, or the office document that it is.
pub(crate) fn format(bytes: &[u8]) -> Format {
    let (names, mimetype) = directory::names(bytes, NAMES, b"mimetype");
    let names: Vec<String> = names.iter().map(|name| package::part_name(name)).collect();
    let mut media = String::new();
    if let Some(packed) = mimetype.filter(|packed| !packed.is_encrypted) {
        let consumed = Cell::default();
        let mut framed = packed.framed(&consumed);
        if let Ok(file) = packed.open(&mut framed, None) {
            // Only as far as it is text.
            let _ = file.take(100).read_to_string(&mut media);
        }
    }
    Package::of(&names, media.trim()).map_or(Format::Archive(Archive::Zip), Format::Package)
}

/// Reads an archive: each entry is a part of its own, and its name is text.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    // Names are told even of entries that cannot be opened.
    let note = |reading: &mut Reading<'_>, name: &str| {
        reading.text(&part.place.inside(name), name);
        false
    };
    let complete = entries(reading, part, &note, &mut |reading, name, bytes| {
        archive::read_entry(reading, part, name, bytes);
    });
    if complete {
        reading.done(part.place);
    }
}

/// Opens the encrypted entries of an archive that waited for its passwords.
pub(crate) fn unlock(reading: &mut Reading<'_>, part: &Part<'_>) {
    let survey = survey(part.bytes);
    let mut tries = 0;
    for entry in &survey.entries {
        let place = part.place.inside(&entry.name);
        for packed in entry.contents.iter().filter(|packed| packed.is_encrypted) {
            if tries >= TRIES || reading.is_over() {
                reading.unread(&place, Reason::Encrypted);
                continue;
            }
            if !reading.take_entry() {
                return reading.unread(&place, Reason::Limit);
            }
            match decrypt(reading, &place, packed, &mut tries) {
                Some(content) => archive::read_entry(reading, part, &entry.name, &content),
                None => reading.unread(&place, Reason::Encrypted),
            }
        }
    }
}

/// The content, if one of the known passwords fits.
fn decrypt(reading: &mut Reading<'_>, place: &Place, packed: &Packed<'_>, tries: &mut usize) -> Option<Vec<u8>> {
    for password in reading.passwords(Cost::Cheap) {
        for bytes in archive::spellings(&password) {
            *tries += 1;
            let consumed = Cell::default();
            let mut framed = packed.framed(&consumed);
            let Ok(file) = packed.open(&mut framed, Some(&bytes)) else { continue };
            // A wrong password passes the first check once in 256 times; then the content is no content.
            let mut trial = archive::Trial::new(reading.allowance());
            trial.run(file, &consumed);
            if trial.failure.is_none_or(|failure| failure == Reason::Limit) {
                reading.password_fits(&password);
                return archive::settle(reading, place, trial);
            }
        }
    }
    None
}

/// Unpacks every entry that `skip` does not name, and hands it to `visit` with its decoded name. `skip` is asked once
/// about every entry.
///
/// What cannot be unpacked is entered in the ledger here; what could be unpacked of a damaged entry is still visited;
/// what belongs to no entry is read. False when the archive itself is not whole.
pub(crate) fn entries(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    skip: &dyn Fn(&mut Reading<'_>, &str) -> bool,
    visit: &mut dyn FnMut(&mut Reading<'_>, &str, &[u8]),
) -> bool {
    let survey = survey(part.bytes);
    let mut walk = Walk { part, skip, visit, overlapping: 0, encrypted: false };
    let whole = survey.has_directory && !survey.is_split && !survey.is_cut;
    if survey.is_split {
        reading.unread(part.place, Reason::Unsupported);
    } else if !survey.has_directory {
        reading.unread(part.place, Reason::Damaged);
    }
    let mut covered = !survey.is_cut;
    for entry in &survey.entries {
        covered &= reading.take_entry();
        if !covered {
            break;
        }
        walk.entry(reading, entry);
    }
    if !covered {
        reading.unread(part.place, Reason::Limit);
    }
    if walk.encrypted {
        reading.locked(part, Lock::Zip);
    }
    if !survey.comment.is_empty() {
        reading.aside(part, survey.comment, &part.place.inside("comment"));
    }
    reading.leftovers(part, &survey.spans);
    whole && covered
}

struct Walk<'w> {
    part: &'w Part<'w>,
    skip: &'w dyn Fn(&mut Reading<'_>, &str) -> bool,
    visit: &'w mut dyn FnMut(&mut Reading<'_>, &str, &[u8]),
    overlapping: usize,
    /// Whether an entry waits for a password.
    encrypted: bool,
}

impl Walk<'_> {
    fn entry(&mut self, reading: &mut Reading<'_>, entry: &Entry<'_>) {
        let place = self.part.place.inside(&entry.name);
        let mut skipped = (self.skip)(reading, &entry.name);
        for alias in &entry.aliases {
            // Under another name it is another file, which need not be passed over.
            skipped &= (self.skip)(reading, alias);
            reading.text(&place, alias);
        }
        if !entry.comment.is_empty() {
            reading.text(&place, &charset::text(entry.comment, None));
        }
        for aside in &entry.asides {
            reading.aside(self.part, aside, &place.inside("extra field"));
        }
        if entry.damaged {
            reading.unread(&place, Reason::Damaged);
        }
        if skipped || entry.is_folder() {
            return;
        }
        if entry.overlapping {
            self.overlapping += 1;
            if self.overlapping > OVERLAPPING {
                return reading.unread(&place, Reason::Limit);
            }
        }
        for packed in &entry.contents {
            if packed.is_encrypted {
                self.encrypted = true;
            } else if packed.method == DEFLATE {
                self.inflate(reading, entry, &place, packed);
            } else {
                self.unpack(reading, entry, &place, packed);
            }
        }
    }

    /// What stands behind the packed data's own end, within the length that a header states, is read as well.
    fn inflate(&mut self, reading: &mut Reading<'_>, entry: &Entry<'_>, place: &Place, packed: &Packed<'_>) {
        let consumed = Cell::default();
        let mut trial = archive::Trial::new(reading.allowance());
        let source = archive::Metered { bytes: packed.data, consumed: &consumed };
        trial.run(DeflateDecoder::new(source), &consumed);
        let whole = trial.failure.is_none();
        let mut crc = Crc::new();
        crc.update(&trial.content);
        if whole && packed.crc.is_some_and(|stated| stated != crc.sum()) {
            trial.failure = Some(Reason::Damaged);
        }
        if let Some(content) = archive::settle(reading, place, trial) {
            (self.visit)(reading, &entry.name, &content);
        }
        if whole {
            let mut own = Spans::default();
            own.claim(0, consumed.get());
            reading.leftovers(&Part { bytes: packed.data, place, ..*self.part }, &own);
        }
    }

    fn unpack(&mut self, reading: &mut Reading<'_>, entry: &Entry<'_>, place: &Place, packed: &Packed<'_>) {
        let consumed = Cell::default();
        let mut framed = packed.framed(&consumed);
        match packed.open(&mut framed, None) {
            Ok(file) => {
                if let Some(content) = archive::unpack(reading, place, file, &consumed) {
                    (self.visit)(reading, &entry.name, &content);
                }
            }
            Err(error) => reading.unread(place, reason(&error)),
        }
    }
}

#[cfg(test)]
mod tests;
