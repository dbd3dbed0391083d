//! Word and PowerPoint documents in a zip (OOXML), and any other package of that kind.
//!
//! In: the package. Out: every XML part through the one [`walker`], under the name that a person would look for (`header
//! 1`, `comments`, `slide 3 notes`); embedded files, pictures, macros and fonts as parts of their own. Slides are
//! numbered as they are shown; slides that are not shown, their notes, properties, links, settings and styles are marked
//! hidden. Every XML part is read, those that only say how things look as well. Deliberately absent: which part belongs
//! to which by its relations, but for slides; a part that no relation leads to is read like any other.

mod looks;
mod outline;
mod scene;
mod stage;
mod styles;
pub(crate) mod walker;

pub(crate) use self::styles::Styles;

use self::outline::Outline;
use self::walker::Manner;
use crate::inspect::extract::document::font;
use crate::inspect::extract::oddity::is_odd;
use crate::inspect::extract::package::{self, Entry};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sensitivity;
use crate::inspect::extract::xml::{self, Event};
use crate::inspect::{Place, Reason};

/// Reads a package.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let outline = Outline::of(part.bytes);
    let mut has_body = false;
    let complete = package::walk(reading, part, &|_| false, &mut |reading, entry| {
        has_body |= is_body(entry.canonical);
        read_entry(reading, part, &outline, entry)
    });
    if complete && !has_body {
        reading.done(part.place);
    }
}

/// The main part of a text document, whose place is that of the document itself.
fn is_body(canonical: &str) -> bool {
    canonical.starts_with("word/document") && canonical.ends_with(".xml")
}

/// Reads a part if it is XML; says whether it was.
fn read_entry(reading: &mut Reading<'_>, part: &Part<'_>, outline: &Outline, entry: &Entry<'_>) -> bool {
    if is_odd(entry.name) {
        reading.text(&Place { hidden: true, ..part.place.clone() }, entry.name);
    }
    let head = entry.bytes.get(..64).unwrap_or(entry.bytes).trim_ascii_start();
    if head.len() > 13 && head.get(..13).is_some_and(|name| name.eq_ignore_ascii_case(b"mime-version:")) {
        // A page with its pictures, which Word takes in as a whole (`altChunk`): written as a mail without a sender.
        let inside = Part { bytes: entry.bytes, place: entry.place, depth: entry.depth, hint: Hint::default() };
        reading.read_nested_mail(&inside);
        return true;
    }
    if !entry.is_xml() {
        let inside = Part { bytes: entry.bytes, place: entry.place, depth: entry.depth, hint: Hint::default() };
        return entry.canonical.ends_with(".odttf") && font::read(reading, &inside, &outline.font_keys);
    }
    let label = Label::of(entry, outline);
    let mut place = if is_body(entry.canonical) { part.place.clone() } else { part.place.inside(&label.name) };
    place.hidden |= label.hidden;
    let document = xml::decode(entry.bytes);
    if label.is_ink {
        reading.unread(&place, Reason::Image);
        reading.text(&place, &written(&document));
        return true;
    }
    if let Some(labels) = sensitivity::labels(&document) {
        reading.text(&place, &labels);
    }
    let stage = outline.scenery.stage(entry.canonical, &document);
    let manner = Manner { styles: &outline.styles, stage: stage.as_ref(), all_attributes: label.all_attributes };
    let inside = Part { bytes: entry.bytes, place: &place, depth: entry.depth, hint: Hint::default() };
    walker::read(reading, &inside, &document, manner);
    true
}

/// What a part is called and how it is read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Label {
    name: String,
    hidden: bool,
    all_attributes: bool,
    is_ink: bool,
}

impl Label {
    fn of(entry: &Entry<'_>, outline: &Outline) -> Self {
        let name = entry.canonical;
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let plain = |label: &str| Self { name: label.to_owned(), ..Self::default() };
        let numbered = |label: &str| {
            let number = stem.trim_start_matches(|c: char| !c.is_ascii_digit());
            plain(format!("{label} {number}").trim_end())
        };
        let hidden = |label: Self| Self { hidden: true, ..label };
        let data = |label: Self| Self { hidden: true, all_attributes: true, ..label };
        let named = |label: &str| data(numbered(label));
        match folder.rsplit('/').next().unwrap_or_default() {
            _ if file.ends_with(".rels") => hidden(plain(&format!("links of {}", stem.trim_end_matches(".xml")))),
            "docprops" => hidden(plain(&format!("properties ({stem})"))),
            "docmetadata" => data(plain(&format!("properties ({stem})"))),
            "customxml" => named("custom XML"),
            "glossary" => hidden(plain(&format!("glossary {stem}"))),
            "slides" => match outline.slides.get(name) {
                Some(number) => plain(&format!("slide {number}")),
                None => hidden(plain(&format!("slide {stem} (not in the presentation)"))),
            },
            "notesslides" => hidden(match outline.notes.get(name) {
                Some(number) => plain(&format!("slide {number} notes")),
                None => numbered("notes"),
            }),
            "slidemasters" => numbered("master"),
            "slidelayouts" => numbered("layout"),
            "notesmasters" => hidden(numbered("notes master")),
            "handoutmasters" => hidden(numbered("handout master")),
            "comments" => numbered("comments"),
            "charts" if stem.starts_with("chart") => numbered("chart"),
            "diagrams" if stem.starts_with("data") => numbered("SmartArt"),
            "ink" => Self { is_ink: true, ..numbered("ink") },
            "tags" => named("tags"),
            "activex" | "ctrlprops" => named("control"),
            "word" if stem.starts_with("header") => numbered("header"),
            "word" if stem.starts_with("footer") => numbered("footer"),
            "word" if matches!(stem, "footnotes" | "endnotes" | "comments") => plain(stem),
            "word" if is_body(name) => plain(stem),
            "word" | "ppt" => hidden(plain(stem)),
            _ => hidden(plain(entry.name)),
        }
    }
}

/// What stands in a drawing in ink and is no stroke: strokes are numbers and the signs between them.
fn written(document: &str) -> String {
    let mut text = String::new();
    for event in xml::Reader::new(document) {
        match event {
            Event::Text(piece) if piece.chars().any(char::is_alphabetic) => {
                text.push_str(&piece);
                text.push('\n');
            }
            Event::Start { attributes, .. } => {
                for (_, value) in attributes.iter().filter(|(_, value)| is_odd(value)) {
                    text.push_str(&value);
                    text.push('\n');
                }
            }
            Event::Text(_) | Event::End { .. } => {}
        }
    }
    text
}
