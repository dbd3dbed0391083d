//! Embedded objects (OLE): what other programs' files become inside of a document.
//!
//! In: an object as RTF holds it ([`read_object`]), a compound file that is no document known by name ([`read`]), or a
//! stream of one ([`read_stream`]). Out: the file inside as a part of its own, its name as text; property sets as hidden
//! text; a storage that is a whole document in itself (`ObjectPool/_1` with a `Workbook` in it) as that document. Any
//! other stream is read as what it looks like, or searched for text, so none is passed over. Deliberately absent: the
//! picture that stands for an object in the page; it is read as the stream that it is.

use std::collections::HashMap;

use crate::inspect::extract::compound::{self, Compound, u16_at, u32_at};
use crate::inspect::extract::document::storage::Tree;
use crate::inspect::extract::properties;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::extract::vba;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// The stream of a packaged file.
const NATIVE: &str = "\u{1}Ole10Native";

/// The names of the streams that make a storage a document.
const DOCUMENTS: [&str; 5] = ["WordDocument", "PowerPoint Document", "Workbook", "Book", "__properties_version1.0"];

/// How many storages around a stream are looked at.
const DEPTH: usize = 64;

/// Reads a compound file that is none of the known documents.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(file) = Compound::open(part.bytes) else {
        reading.unread(part.place, Reason::Damaged);
        return sweep::read(reading, part);
    };
    read_streams(reading, part, &file, &|_| false);
    reading.done(part.place);
    let mut spans = Spans::default();
    file.claim(&mut spans);
    reading.leftovers(part, &spans);
}

/// Reads every stream of a file that `taken` does not name, and every document that is in a storage of its own.
pub(crate) fn read_streams(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    file: &Compound<'_>,
    taken: &dyn Fn(&compound::Entry) -> bool,
) {
    let of_documents = file.entries().filter(|entry| entry.is_stream() && DOCUMENTS.contains(&entry.name.as_str()));
    let documents: HashMap<*const compound::Entry, &compound::Entry> = of_documents
        .filter_map(|entry| file.storage_of(entry))
        .map(|storage| (std::ptr::from_ref(storage), storage))
        .collect();
    let is_inside = |entry: &compound::Entry| {
        let mut at = file.storage_of(entry);
        for _ in 0..DEPTH {
            let Some(storage) = at else { return false };
            if documents.contains_key(&std::ptr::from_ref(storage)) {
                return true;
            }
            at = file.storage_of(storage);
        }
        false
    };
    let tree = Tree::new(file);
    // In the directory's order, since parts are numbered as they are read.
    let is_document = |entry: &&compound::Entry| documents.contains_key(&std::ptr::from_ref(*entry));
    for storage in file.entries().filter(is_document).filter(|storage| !is_inside(storage)) {
        let place = part.place.inside(&file.path(storage));
        let bytes = reading.take_entry().then(|| tree.extract(storage, reading.allowance())).flatten();
        let covered = bytes.as_ref().is_some_and(|bytes| reading.charge(bytes.len() as u64));
        match bytes.filter(|_| covered) {
            Some(bytes) => drop(reading.read(&part.inside(&bytes, &place))),
            None => reading.unread(&place, Reason::Limit),
        }
    }
    for entry in file.entries().filter(|entry| entry.is_stream() && !taken(entry) && !is_inside(entry)) {
        read_stream(reading, part, file, entry);
    }
}

/// Reads one stream.
pub(crate) fn read_stream(reading: &mut Reading<'_>, part: &Part<'_>, file: &Compound<'_>, entry: &compound::Entry) {
    let place = part.place.inside(&file.path(entry));
    if !reading.take_entry() || entry.size() > reading.allowance() {
        return reading.unread(&place, Reason::Limit);
    }
    let bytes = file.stream(entry);
    if !reading.charge(bytes.len() as u64) {
        return reading.unread(&place, Reason::Limit);
    }
    if (bytes.len() as u64) < entry.size() {
        reading.unread(&place, Reason::Damaged);
    }
    let inside = part.inside(&bytes, &place);
    if entry.name == NATIVE {
        read_native(reading, &inside, bytes.get(4..).unwrap_or_default());
    } else if file.storage_of(entry).is_some_and(|storage| storage.name == "VBA") {
        vba::read(reading, &inside);
    } else if entry.name.starts_with('\u{5}') {
        let hidden = Place { hidden: true, ..place.clone() };
        reading.text(&hidden, &properties::text(&bytes));
        reading.done(&hidden);
    } else {
        read_unknown(reading, &inside);
    }
}

/// A stretch of bytes: as what it looks like, or searched.
pub(crate) fn read_unknown(reading: &mut Reading<'_>, part: &Part<'_>) {
    match sniff::format(part.bytes, part.hint) {
        Format::Other(..) | Format::Text => sweep::read(reading, part),
        _ => drop(reading.read(part)),
    }
}

/// Reads an object as OLE 1 wrote it (MS-OLEDS 2.2.4): a header with the names of class and file, and the file.
pub(crate) fn read_object(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some((names, content)) = object(part.bytes) else {
        return read_unknown(reading, part);
    };
    reading.text(part.place, &names.join("\n"));
    let native = part.bytes.get(content.clone()).unwrap_or_default();
    if names.first().is_some_and(|class| class == "Package") {
        read_native(reading, part, native);
    } else {
        read_unknown(reading, &Part { bytes: native, ..*part });
    }
    // Behind it stands the picture that the page shows.
    let rest = part.bytes.get(content.end..).unwrap_or_default();
    if rest.iter().any(|&c| c != 0) && rest.len() > 12 {
        let place = part.place.inside("presentation");
        if is_metafile(rest) {
            reading.unread(&place, Reason::Image);
        } else {
            read_unknown(reading, &Part { bytes: rest, place: &place, ..*part });
        }
    }
}

/// The names in the header, and where the data is.
fn object(bytes: &[u8]) -> Option<(Vec<String>, std::ops::Range<usize>)> {
    // Version, then whether it is a link (1) or the thing itself (2).
    if !matches!(u32_at(bytes, 4)?, 1 | 2) {
        return None;
    }
    let mut at = 8usize;
    let mut names = Vec::new();
    for _ in 0..3 {
        let length = usize::try_from(u32_at(bytes, at)?).ok()?;
        at = at.checked_add(4)?;
        let name = bytes.get(at..at.checked_add(length)?)?;
        at += length;
        names.push(charset::decode(name, None).trim_end_matches('\0').to_owned());
    }
    if u32_at(bytes, 4)? == 1 {
        return Some((names, at..at));
    }
    let length = usize::try_from(u32_at(bytes, at)?).ok()?;
    at = at.checked_add(4)?;
    Some((names, at..at.saturating_add(length).min(bytes.len())))
}

/// The presentation of an object is a metafile, under a header of the same form.
fn is_metafile(bytes: &[u8]) -> bool {
    let name = bytes.get(12..).unwrap_or_default();
    name.starts_with(b"METAFILEPICT") || name.starts_with(b"DIB") || name.starts_with(b"BITMAP")
}

/// Reads a packaged file: its label and its paths, and the file.
pub(crate) fn read_native(reading: &mut Reading<'_>, part: &Part<'_>, native: &[u8]) {
    let Some((names, content, rest)) = packaged(native) else {
        return read_unknown(reading, &Part { bytes: native, ..*part });
    };
    reading.text(part.place, &names.join("\n"));
    let name = names.first().filter(|name| !name.is_empty()).map_or("file", String::as_str);
    let place = part.place.inside(name);
    let behind = part.place.inside("names");
    if !reading.take_entry() {
        return reading.unread(&place, Reason::Limit);
    }
    reading.read(&part.inside(content, &place));
    // The names once more, in UTF-16.
    if rest.iter().any(|&c| c != 0) {
        sweep::read(reading, &Part { bytes: rest, place: &behind, ..*part });
    }
    reading.done(part.place);
}

/// Label and paths, the file, and what stands behind it.
fn packaged(native: &[u8]) -> Option<(Vec<String>, &[u8], &[u8])> {
    if u16_at(native, 0)? != 2 {
        return None;
    }
    let string = |at: usize| {
        let rest = native.get(at..)?;
        let length = memchr::memchr(0, rest)?;
        Some((charset::decode(rest.get(..length)?, None), at + length + 1))
    };
    let (label, at) = string(2)?;
    let (path, at) = string(at)?;
    // Two flags, then the path once more with its length before it.
    let length = usize::try_from(u32_at(native, at.checked_add(4)?)?).ok()?;
    let temporary = native.get(at + 8..at.checked_add(8)?.checked_add(length)?)?;
    let temporary = charset::decode(temporary, None).trim_end_matches('\0').to_owned();
    let at = at + 8 + length;
    let size = usize::try_from(u32_at(native, at)?).ok()?;
    let rest = native.get(at + 4..)?;
    let content = rest.get(..size).unwrap_or(rest);
    Some((vec![label, path, temporary], content, rest.get(content.len()..).unwrap_or_default()))
}
