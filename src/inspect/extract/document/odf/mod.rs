//! OpenDocument text, presentations and drawings, in a zip or as one XML file (flat).
//!
//! In: the package, or the decoded file. Out: every XML part through the one [`walker`], embedded documents and files as
//! parts of their own, macros and properties as text. Hidden: deleted text, hidden characters, paragraphs and sections,
//! slides that are not shown, speaker notes, properties. Every XML part is read. Deliberately absent: which part belongs
//! to which; a part that nothing leads to is read like any other.

mod styles;
mod walker;

use std::io::{Cursor, Read};

use zip::ZipArchive;

use self::styles::Hidden;
use crate::inspect::extract::document::font;
use crate::inspect::extract::oddity::is_odd;
use crate::inspect::extract::package::{self, Entry};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::xml;
use crate::inspect::{Place, Reason};

/// How much of the shared styles is looked at beforehand.
const STYLES: u64 = 16 << 20;

/// Reads a package.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut has_body = false;
    let styles = shared_styles(part.bytes);
    let complete = package::walk(reading, part, &|_| false, &mut |reading, entry| {
        has_body |= entry.canonical == "content.xml";
        read_entry(reading, part, &styles, entry)
    });
    if complete && !has_body {
        reading.done(part.place);
    }
}

/// The part with the styles that others use, which may come behind them. Should it be broken, that is told where it is
/// read.
fn shared_styles(bytes: &[u8]) -> String {
    let mut content = Vec::new();
    let archive = ZipArchive::new(Cursor::new(bytes));
    let file = archive.as_ref().ok().and_then(|archive| archive.index_for_name("styles.xml"));
    if let (Some(index), Ok(mut archive)) = (file, archive)
        && let Ok(file) = archive.by_index(index)
        && file.take(STYLES).read_to_end(&mut content).is_ok()
    {
        return xml::decode(&content).into_owned();
    }
    String::new()
}

/// Reads a document that is a single XML file.
pub(crate) fn read_flat(reading: &mut Reading<'_>, part: &Part<'_>, document: &str) {
    walker::read(reading, part, document, &Hidden::of("", document));
}

/// Reads a part if it is XML; says whether it was.
fn read_entry(reading: &mut Reading<'_>, part: &Part<'_>, styles: &str, entry: &Entry<'_>) -> bool {
    if is_odd(entry.name) {
        reading.text(&Place { hidden: true, ..part.place.clone() }, entry.name);
    }
    if entry.bytes.starts_with(b"VCLMTF") {
        // A metafile of LibreOffice's own: how an object or a table looks.
        reading.unread(entry.place, Reason::Image);
        return true;
    }
    if !entry.is_xml() && !entry.canonical.ends_with(".rdf") {
        let inside = Part { bytes: entry.bytes, place: entry.place, depth: entry.depth, hint: Hint::default() };
        return entry.canonical.starts_with("fonts/") && font::read(reading, &inside, &[]);
    }
    let (name, hidden) = label(entry);
    let mut place = if name.is_empty() { part.place.clone() } else { part.place.inside(&name) };
    place.hidden |= hidden;
    let document = xml::decode(entry.bytes);
    let inside = Part { bytes: entry.bytes, place: &place, depth: entry.depth, hint: Hint::default() };
    walker::read(reading, &inside, &document, &Hidden::of(styles, &document));
    true
}

/// What a part is called, and whether nobody sees it. Embedded documents have the same parts in a folder.
fn label(entry: &Entry<'_>) -> (String, bool) {
    let (folder, file) = entry.canonical.rsplit_once('/').unwrap_or(("", entry.canonical));
    let shown = entry.name.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
    let inside = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{shown} {name}") };
    match file {
        "content.xml" if folder.is_empty() => (String::new(), false),
        "content.xml" => (shown.to_owned(), false),
        // Headers, footers and masters stand among the styles.
        "styles.xml" => (inside("headers, footers and masters"), false),
        "meta.xml" => (inside("properties"), true),
        _ => (entry.name.to_owned(), true),
    }
}
