//! Zip archives: every entry, whatever its name, wherever it hides.
//!
//! In: the archive's bytes. Out: entries, read on as parts. Beyond what the `zip` crate's archive gives: entries that
//! share a name (all of them), names in Shift_JIS or EUC-JP, entries that the central directory does not list
//! (searched for between the listed ones), and archives whose directory is cut off (searched from the front).
//! Deliberately absent: passwords; an encrypted entry is `uninspected: encrypted`. Sizes that an archive claims are
//! never believed: unpacking stops at the budget.

use std::io::{Cursor, Read};

use zip::ZipReadOptions;
use zip::read::{Config, ZipFile, ZipFileEntry, read_zipfile_from_stream};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use crate::inspect::extract::archive::Archive;
use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::Format;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const DIRECTORY_END: &[u8] = b"PK\x05\x06";

/// The directory's end stands in the last 64 KiB (its comment's maximum) and 22 bytes.
const DIRECTORY_END_WITHIN: usize = 65_536 + 22;

/// How many names are looked at to tell an office document from an archive.
const NAMES: usize = 4_096;

/// Whether a directory of entries ends these bytes.
pub(crate) fn has_directory(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(DIRECTORY_END_WITHIN)..).unwrap_or_default();
    memchr::memmem::rfind(tail, DIRECTORY_END).is_some()
}

/// An archive, or the office document that it is.
pub(crate) fn format(bytes: &[u8]) -> Format {
    let Ok(mut archive) = ZipIterable::try_new(Cursor::new(bytes), Config::default()) else {
        return Format::Archive(Archive::Zip);
    };
    let Ok(files) = archive.files() else { return Format::Archive(Archive::Zip) };
    let mut names = Vec::new();
    let mut mimetype = String::new();
    for entry in files.take(NAMES).flatten() {
        let name = package::part_name(&name_of(entry.name_raw()));
        if name == "mimetype"
            && let Ok(file) = entry.with_reader(&mut Cursor::new(bytes), ZipReadOptions::default())
        {
            let _ = file.take(100).read_to_string(&mut mimetype);
        }
        names.push(name);
    }
    Package::of(&names, mimetype.trim()).map_or(Format::Archive(Archive::Zip), Format::Package)
}

/// Reads an archive: each entry is a part of its own, and its name is text.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    // Names are told even of entries that cannot be opened.
    let note = |reading: &mut Reading<'_>, name: &str| {
        reading.text(&part.place.inside(name), name);
        false
    };
    let complete = each(reading, part.bytes, part.place, &note, &mut |reading, name, bytes| {
        let place = part.place.inside(name);
        reading.read(&Part { bytes, place: &place, depth: part.depth + 1, hint: Hint::default() });
    });
    if let Some(comment) = comment(part.bytes) {
        reading.text(&part.place.inside("comment"), &charset::text(comment, None));
    }
    if complete {
        reading.done(part.place);
    }
}

/// What stands behind the directory's end.
fn comment(bytes: &[u8]) -> Option<&[u8]> {
    let tail = bytes.get(bytes.len().saturating_sub(DIRECTORY_END_WITHIN)..)?;
    let end = memchr::memmem::rfind(tail, DIRECTORY_END)?;
    tail.get(end + 22..).filter(|comment| comment.iter().any(|&c| c != 0))
}

/// Unpacks every entry that `skip` does not name, and hands it to `visit` with its decoded name. `skip` is asked once
/// about every entry that is no folder.
///
/// What cannot be unpacked is entered in the ledger here; what could be unpacked of a damaged entry is still visited.
/// False when the archive itself is not whole.
pub(crate) fn each(
    reading: &mut Reading<'_>,
    bytes: &[u8],
    place: &Place,
    skip: &dyn Fn(&mut Reading<'_>, &str) -> bool,
    visit: &mut dyn FnMut(&mut Reading<'_>, &str, &[u8]),
) -> bool {
    let mut walk = Walk { place, skip, visit, listed: Vec::new() };
    match ZipIterable::try_new(Cursor::new(bytes), Config::default()) {
        Ok(mut archive) => walk.listed(reading, bytes, &mut archive) & walk.unlisted(reading, bytes),
        Err(_) => {
            reading.unread(place, Reason::Damaged);
            walk.unlisted(reading, bytes);
            false
        }
    }
}

struct Walk<'w> {
    place: &'w Place,
    skip: &'w dyn Fn(&mut Reading<'_>, &str) -> bool,
    visit: &'w mut dyn FnMut(&mut Reading<'_>, &str, &[u8]),
    /// Where listed entries start and end.
    listed: Vec<(usize, usize)>,
}

impl Walk<'_> {
    /// The entries of the central directory.
    fn listed(&mut self, reading: &mut Reading<'_>, bytes: &[u8], archive: &mut ZipIterable<Cursor<&[u8]>>) -> bool {
        let Ok(files) = archive.files() else {
            reading.unread(self.place, Reason::Damaged);
            return false;
        };
        for entry in files {
            let Ok(entry) = entry else {
                reading.unread(self.place, Reason::Damaged);
                return false;
            };
            if !reading.take_entry() {
                reading.unread(self.place, Reason::Limit);
                return false;
            }
            let name = name_of(entry.name_raw());
            let start = usize::try_from(entry.header_start()).unwrap_or(usize::MAX);
            let mut end = start.saturating_add(30);
            if !entry.is_dir() || entry.size() > 0 {
                end = self.listed_entry(reading, bytes, entry, &name).unwrap_or(end);
            }
            self.listed.push((start, end));
        }
        true
    }

    /// Returns where its data end.
    fn listed_entry(
        &mut self,
        reading: &mut Reading<'_>,
        bytes: &[u8],
        entry: ZipFileEntry<'_>,
        name: &str,
    ) -> Option<usize> {
        let mut cursor = Cursor::new(bytes);
        let (compressed, header_start, encrypted) = (entry.compressed_size(), entry.header_start(), entry.encrypted());
        let opened = entry.with_reader(&mut cursor, ZipReadOptions::default());
        let data_start = opened.as_ref().ok().and_then(ZipFile::data_start);
        let end = data_start.map(|start| usize::try_from(start.saturating_add(compressed)).unwrap_or(usize::MAX));
        if (self.skip)(reading, name) {
            return end;
        }
        if encrypted {
            reading.unread(&self.place.inside(name), Reason::Encrypted);
            // How long the header is was not told; at least its fixed part and the data are this entry's.
            return end.or_else(|| usize::try_from(header_start.saturating_add(30).saturating_add(compressed)).ok());
        }
        match opened {
            Ok(file) => self.unpack(reading, name, file),
            Err(error) => reading.unread(&self.place.inside(name), reason(&error)),
        }
        end
    }

    /// Local headers where the directory names none: left out on purpose, or the directory is lost.
    fn unlisted(&mut self, reading: &mut Reading<'_>, bytes: &[u8]) -> bool {
        self.listed.sort_unstable();
        let mut at = 0;
        let mut whole = true;
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, LOCAL_HEADER)) {
            at += found;
            let covering = self.listed.partition_point(|&(start, _)| start <= at).checked_sub(1);
            if let Some(&(_, end)) = covering.and_then(|index| self.listed.get(index)).filter(|&&(_, end)| end > at) {
                at = end;
                continue;
            }
            let Some(header) = bytes.get(at..at.saturating_add(30)) else { break };
            if !is_plausible(header) {
                at += LOCAL_HEADER.len();
                continue;
            }
            if !reading.take_entry() {
                reading.unread(self.place, Reason::Limit);
                return false;
            }
            let length = self.unlisted_entry(reading, bytes.get(at..).unwrap_or_default());
            whole &= length.is_some();
            at = at.saturating_add(length.unwrap_or(30));
        }
        whole
    }

    /// Returns how long it is, if that could be told.
    fn unlisted_entry(&mut self, reading: &mut Reading<'_>, bytes: &[u8]) -> Option<usize> {
        let name_length = usize::from(u16::from_le_bytes([*bytes.get(26)?, *bytes.get(27)?]));
        let name = name_of(bytes.get(30..30 + name_length).unwrap_or_default());
        let place = self.place.inside(&name);
        let skipped = (self.skip)(reading, &name);
        if bytes.get(6)? & 1 == 1 {
            reading.unread(&place, Reason::Encrypted);
            return None;
        }
        let mut cursor = Cursor::new(bytes);
        match read_zipfile_from_stream(&mut cursor) {
            Ok(Some(file)) => {
                // A directory has nothing to read.
                if !(skipped || file.is_dir() && file.size() == 0) {
                    self.unpack(reading, &name, file);
                }
            }
            Ok(None) => return None,
            Err(error) => {
                reading.unread(&place, reason(&error));
                return None;
            }
        }
        usize::try_from(cursor.position()).ok()
    }

    fn unpack<R: Read>(&mut self, reading: &mut Reading<'_>, name: &str, file: ZipFile<'_, R>) {
        let allowance = reading.allowance();
        let mut content = Vec::new();
        let outcome = file.take(allowance.saturating_add(1)).read_to_end(&mut content);
        let over = u64::try_from(content.len()).unwrap_or(u64::MAX) > allowance;
        let covered = reading.charge(u64::try_from(content.len()).unwrap_or(u64::MAX));
        if over || !covered {
            reading.unread(&self.place.inside(name), Reason::Limit);
            content.truncate(usize::try_from(allowance).unwrap_or(usize::MAX));
        } else if outcome.is_err() {
            reading.unread(&self.place.inside(name), Reason::Damaged);
        }
        if outcome.is_ok() || !content.is_empty() {
            (self.visit)(reading, name, &content);
        }
    }
}

/// Whether the local header's version and method exist: the four bytes before them occur in programs and data.
fn is_plausible(header: &[u8]) -> bool {
    let at = |offset: usize| header.get(offset).copied().unwrap_or(u8::MAX);
    let (version, method) = (at(4), u16::from_le_bytes([at(8), at(9)]));
    version <= 90 && (method <= 20 || (93..=99).contains(&method)) && (at(26), at(27)) != (0, 0)
}

fn reason(error: &ZipError) -> Reason {
    match error {
        ZipError::InvalidPassword => Reason::Encrypted,
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => Reason::Encrypted,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Reason::Unsupported,
        _ => Reason::Damaged,
    }
}

/// Windows in Japan writes names in Shift_JIS, old macOS in UTF-8, neither says so.
fn name_of(raw: &[u8]) -> String {
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
