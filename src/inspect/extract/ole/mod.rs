//! Compound files (OLE) that are no document of their own: embedded objects, macros, old installers.
//!
//! In: the file's bytes; or what a document's own reader has no use for ([`read_rest`]). Out: every stream, whatever
//! storage it is in: a file that was dropped into a document (`Ole10Native`, `Package`, `CONTENTS`) as a part with its
//! name, a whole document in a storage as a part, macros as their source, properties as text, anything else swept for
//! text; then what no stream accounts for. Deliberately absent: looks of objects (their pictures are named as such).

mod vba;

use std::collections::HashSet;

use crate::inspect::extract::compound::{Compound, Entry, u16_at, u32_at};
use crate::inspect::extract::properties;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// Streams that make the storage they are in a document that has a reader.
const DOCUMENTS: [&str; 5] = ["Workbook", "Book", "WordDocument", "PowerPoint Document", "__properties_version1.0"];

/// Reads a compound file of which nothing else is known.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(file) = Compound::open(part.bytes) else {
        reading.unread(part.place, Reason::Damaged);
        return sweep::read(reading, part);
    };
    read_rest(reading, part, &file, &|_| false);
    reading.done(part.place);
}

/// Reads every stream of a compound file that was not `taken` by the reader of its format, and what belongs to no
/// stream.
pub(crate) fn read_rest(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    file: &Compound<'_>,
    taken: &dyn Fn(&Entry) -> bool,
) {
    let is_document = |entry: &&Entry| DOCUMENTS.contains(&entry.name.as_str());
    let holders: HashSet<usize> =
        file.entries().filter(is_document).filter_map(|entry| Some(file.storage_of(entry)?.number())).collect();
    let mut documents = HashSet::new();
    for entry in file.entries() {
        let place = part.place.inside(&file.path(entry));
        if taken(entry) || is_within(file, entry, &documents) {
            continue;
        }
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        if entry.is_stream() {
            read_stream(reading, part, file, entry, &place);
        } else if holders.contains(&entry.number())
            && let Some(document) = file.extract(entry)
        {
            documents.insert(entry.number());
            if reading.charge(document.len() as u64) {
                reading.read(&Part { bytes: &document, place: &place, depth: part.depth + 1, hint: Hint::default() });
            } else {
                reading.unread(&place, Reason::Limit);
            }
        }
    }
    let mut spans = Spans::default();
    file.claim(&mut spans);
    reading.leftovers(part, &spans);
}

/// Whether an entry is in one of these storages, at whatever depth.
fn is_within(file: &Compound<'_>, entry: &Entry, storages: &HashSet<usize>) -> bool {
    let mut at = entry;
    for _ in 0..64 {
        let Some(storage) = file.storage_of(at) else { return false };
        if storages.contains(&storage.number()) {
            return true;
        }
        at = storage;
    }
    false
}

fn read_stream(reading: &mut Reading<'_>, part: &Part<'_>, file: &Compound<'_>, entry: &Entry, place: &Place) {
    let content = file.stream(entry);
    if !reading.charge(content.len() as u64) {
        return reading.unread(place, Reason::Limit);
    }
    let inside = Part { bytes: &content, place, depth: part.depth + 1, hint: Hint::default() };
    if (content.len() as u64) < entry.size() {
        reading.unread(place, Reason::Damaged);
    }
    if content.is_empty() {
        return reading.done(place);
    }
    match entry.name.as_str() {
        "\u{1}Ole10Native" => read_native(reading, &inside),
        name if name.starts_with('\u{5}') => {
            let hidden = Place { hidden: true, ..place.clone() };
            reading.text(&hidden, &properties::text(&content));
            reading.done(&hidden);
        }
        _ if is_macro(file, entry) => read_macro(reading, &inside),
        _ => match sniff::format(&content, Hint::default()) {
            Format::Other(..) | Format::Text | Format::Csv => sweep::read(reading, &inside),
            _ => drop(reading.read(&inside)),
        },
    }
}

fn is_macro(file: &Compound<'_>, entry: &Entry) -> bool {
    file.storage_of(entry).is_some_and(|storage| storage.name == "VBA" || storage.name == "_VBA_PROJECT")
}

/// A module: its source, and the texts in the compiled code before it.
fn read_macro(reading: &mut Reading<'_>, part: &Part<'_>) {
    let hidden = Place { hidden: true, ..part.place.clone() };
    let Some((at, source)) = vba::source(part.bytes) else {
        return sweep::read(reading, &Part { place: &hidden, ..*part });
    };
    if !reading.charge(source.len() as u64) {
        return reading.unread(&hidden, Reason::Limit);
    }
    // What names the modules is packed like them, but no text.
    let is_text = source.iter().filter(|&&c| c < 0x20 && !c.is_ascii_whitespace()).count() * 20 < source.len();
    let text = if is_text { charset::decode(&source, None) } else { sweep::text(&source) };
    reading.text(&hidden, &text);
    reading.text(&hidden, &sweep::text(part.bytes.get(..at).unwrap_or_default()));
    reading.done(&hidden);
}

/// A file that was dropped into a document: its length, its name, where it came from, and its bytes.
fn read_native(reading: &mut Reading<'_>, part: &Part<'_>) {
    read_packaged(reading, &Part { bytes: part.bytes.get(4..).unwrap_or_default(), ..*part });
}

/// The same without the length, as RTF has it.
pub(crate) fn read_packaged(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(native) = Native::parse(part.bytes) else {
        // Without the names, as some programs write it.
        return match sniff::format(part.bytes, Hint::default()) {
            Format::Other(..) => sweep::read(reading, part),
            _ => drop(reading.read(part)),
        };
    };
    reading.text(part.place, &format!("{}\n{}\n{}", native.label, native.path, native.other));
    reading.text(part.place, &sweep::text(native.behind));
    reading.done(part.place);
    let place = part.place.inside(&native.label);
    reading.read(&Part { bytes: native.content, place: &place, depth: part.depth + 1, hint: Hint::default() });
}

struct Native<'n> {
    label: String,
    path: String,
    /// The path in the folder for temporary files.
    other: String,
    content: &'n [u8],
    /// The names once more in UTF-16.
    behind: &'n [u8],
}

impl<'n> Native<'n> {
    fn parse(bytes: &'n [u8]) -> Option<Self> {
        if u16_at(bytes, 0)? != 2 {
            return None;
        }
        let (label, rest) = until_zero(bytes.get(2..)?)?;
        let (path, rest) = until_zero(rest)?;
        let length = usize::try_from(u32_at(rest, 4)?).ok()?;
        let other = rest.get(8..8usize.checked_add(length)?)?;
        let rest = rest.get(8 + length..)?;
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let rest = rest.get(4..)?;
        let (content, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let name = |bytes: &[u8]| charset::decode(bytes, None).trim_matches('\0').to_owned();
        Some(Self { label: name(label), path: name(path), other: name(other), content, behind })
    }
}

fn until_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_has_its_name() {
        let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let name = encoding_rs::SHIFT_JIS.encode("名簿.csv").0.into_owned();
        let bytes = [
            &word(0)[..],
            &[2, 0],
            &name,
            b"\0C:\\a\\b.csv\0\0\0\x03\0",
            &word(6),
            b"C:\\tmp\0"[..6].as_ref(),
            &word(5),
            b"hello",
            b"more",
        ]
        .concat();
        let native = Native::parse(&bytes[4..]).unwrap();
        assert_eq!(
            (native.label.as_str(), native.path.as_str(), native.content),
            ("名簿.csv", "C:\\a\\b.csv", &b"hello"[..])
        );
        assert_eq!(native.behind, b"more");
        for cut in 0..bytes.len() {
            let _ = Native::parse(&bytes[4.min(cut)..cut]);
        }
    }
}
