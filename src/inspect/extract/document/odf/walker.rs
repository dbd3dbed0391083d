//! One part of an OpenDocument document → text and tables.
//!
//! In: the decoded part. Out: its lines and tables through a [`Flow`]; footnotes, comments, speaker notes and text boxes as
//! boxes after the line they hang on; furigana, links, descriptions, values and names aside. Slides come one by one, each
//! with a place and an entry of its own. Files that stand in the XML itself are parts of their own. Attributes are text
//! if their name says so or their value looks like it; the rest of them, element names, and white space between elements
//! are structure. Deliberately absent: what repeated cells repeat.

use crate::inspect::extract::document::flow::Flow;
use crate::inspect::extract::document::odf::styles::Hidden;
use crate::inspect::extract::oddity::{is_no_base64, is_odd, unseen};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::xml::{self, Attributes, Event, Reader};
use crate::inspect::{Place, Reason};
use crate::mail::header;

/// How often the clock is asked: every so many events.
const EVENTS_PER_LOOK: u32 = 1 << 16;

/// Blanks that one element may stand for.
const BLANKS: usize = 64;

/// Hidden stretches in hidden stretches, and paragraphs in paragraphs, that are told apart.
const NESTING: usize = 1_024;

/// Reads a part, decoded.
pub(super) fn read(reading: &mut Reading<'_>, part: &Part<'_>, document: &str, hidden: &Hidden) {
    let mut walk = Walk::new(part.place, hidden);
    let mut until_look = EVENTS_PER_LOOK;
    for event in Reader::new(document) {
        match event {
            Event::Start { name, attributes } => walk.start(reading, name, attributes),
            Event::End { name } => walk.end(reading, name),
            Event::Text(piece) => walk.text(&piece),
        }
        until_look -= 1;
        if until_look == 0 {
            until_look = EVENTS_PER_LOOK;
            if reading.is_over() {
                reading.unread(part.place, Reason::Limit);
                break;
            }
        }
        if walk.flow.is_over() {
            break;
        }
    }
    if xml::declares_entities(document) {
        reading.unread(part.place, Reason::Limit);
    }
    // A file whose end is missing.
    let data = walk.data.take().unwrap_or_default();
    walk.flow.aside(&data);
    walk.flow.aside(&unseen(document));
    let files = std::mem::take(&mut walk.files);
    walk.flow.finish(reading);
    reading.done(part.place);
    for (number, bytes) in (1u32..).zip(files.iter().filter(|bytes| !bytes.is_empty())) {
        let place = part.place.inside(&format!("data {number}"));
        if !reading.take_entry() || !reading.charge(bytes.len() as u64) {
            return reading.unread(&place, Reason::Limit);
        }
        reading.read(&part.inside(bytes, &place));
    }
}

struct Walk<'h> {
    place: Place,
    flow: Flow,
    hidden: &'h Hidden,
    /// Open elements of running text, and whether each hides what is in it.
    open: Vec<bool>,
    surplus: usize,
    /// How many of them hide.
    hiding: usize,
    paragraphs: u32,
    furigana: u32,
    /// Base64 of a file.
    data: Option<String>,
    files: Vec<Vec<u8>>,
    /// Whether text stands directly in the element that is open, which then ends a line.
    in_text: bool,
    slides: u32,
}

impl<'h> Walk<'h> {
    fn new(place: &Place, hidden: &'h Hidden) -> Self {
        Self {
            place: place.clone(),
            flow: Flow::new(place),
            hidden,
            open: Vec::new(),
            surplus: 0,
            hiding: 0,
            paragraphs: 0,
            furigana: 0,
            data: None,
            files: Vec::new(),
            in_text: false,
            slides: 0,
        }
    }

    fn text(&mut self, piece: &str) {
        if let Some(data) = &mut self.data {
            return data.push_str(piece);
        }
        let is_blank = piece.trim().is_empty();
        if is_blank && (self.paragraphs == 0 || piece.contains('\n')) {
            return;
        }
        self.in_text |= !is_blank;
        if self.furigana > 0 {
            return self.flow.aside(piece);
        }
        self.flow.push(piece, self.hiding > 0);
    }

    fn start(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>) {
        let value = |wanted: &str| attributes.value(wanted);
        if may_hide(name) {
            let by_style = value("style-name").is_some_and(|style| self.hidden.text.contains(style.as_ref()));
            let by_itself =
                matches!(name, "deletion" | "hidden-text" | "hidden-paragraph" | "meta" | "settings" | "scripts")
                    || (name == "section" && value("display").is_some_and(|display| display != "true"))
                    || (matches!(name, "table-row" | "table-column")
                        && value("visibility").is_some_and(|visibility| visibility != "visible"));
            self.push(by_style || by_itself);
        }
        match name {
            "p" | "h" => self.paragraphs = self.paragraphs.saturating_add(1),
            "s" => {
                let count = value("c").and_then(|count| count.parse().ok()).unwrap_or(1usize);
                self.flow.push(&" ".repeat(count.min(BLANKS)), self.hiding > 0);
            }
            "tab" => self.flow.push("\t", self.hiding > 0),
            "line-break" => self.flow.push("\n", self.hiding > 0),
            "ruby-text" => self.furigana = self.furigana.saturating_add(1),
            "binary-data" => self.data = Some(String::new()),
            "table" => self.flow.begin_table(reading),
            "table-row" => {
                let hides = self.hiding > 0;
                self.flow.begin_row(reading);
                if let Some(table) = self.flow.table().filter(|_| hides) {
                    table.hide_row();
                }
            }
            "table-cell" | "covered-table-cell" => {
                let columns = value("number-columns-repeated").and_then(|columns| columns.parse().ok()).unwrap_or(1);
                if let Some(table) = self.flow.table() {
                    table.begin_cell(columns);
                }
            }
            "note" => {
                let is_endnote = value("note-class").as_deref() == Some("endnote");
                self.flow.begin_box(Some(if is_endnote { "endnotes" } else { "footnotes" }));
            }
            "annotation" => self.flow.begin_box(Some("comments")),
            "text-box" | "custom-shape" => self.flow.begin_box(None),
            "page" => self.begin_slide(reading, attributes),
            "notes" => self.begin_notes(reading),
            "hidden-text" => {
                if let Some(text) = value("string-value") {
                    self.flow.push(&text, true);
                }
            }
            "user-defined" => {
                if let Some(name) = value("name") {
                    self.flow.push(&format!("{name}: "), false);
                }
            }
            _ => {}
        }
        self.attributes(name, attributes);
    }

    fn push(&mut self, hides: bool) {
        if self.open.len() < NESTING {
            self.open.push(hides);
            self.hiding += usize::from(hides);
        } else {
            self.surplus += 1;
        }
    }

    fn pop(&mut self) {
        if self.surplus > 0 {
            self.surplus -= 1;
        } else if self.open.pop() == Some(true) {
            self.hiding = self.hiding.saturating_sub(1);
        }
    }

    fn end(&mut self, reading: &mut Reading<'_>, name: &str) {
        let in_text = std::mem::take(&mut self.in_text);
        match name {
            "p" | "h" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                self.flow.end_line(reading);
            }
            "ruby-text" => self.furigana = self.furigana.saturating_sub(1),
            "binary-data" => {
                let data = self.data.take().unwrap_or_default();
                if is_no_base64(&data) {
                    self.flow.aside(&data);
                }
                self.files.push(header::base64(data.as_bytes()));
            }
            "table" => self.flow.end_table(reading),
            "table-cell" | "covered-table-cell" => {
                if let Some(table) = self.flow.table() {
                    table.end_cell();
                }
            }
            "note" | "annotation" | "text-box" | "custom-shape" => {
                self.flow.end_line(reading);
                self.flow.end_box();
                if self.paragraphs == 0 {
                    self.flow.end_line(reading);
                }
            }
            "creator" | "date" | "note-citation" => self.flow.end_line(reading),
            "page" => self.end_slide(reading),
            "notes" => self.end_notes(reading),
            _ if in_text && self.paragraphs == 0 => self.flow.end_line(reading),
            _ => {}
        }
        // Text may go on behind a piece of it.
        self.in_text = in_text && self.paragraphs > 0;
        if may_hide(name) {
            self.pop();
        }
    }

    /// A page of a presentation or a drawing.
    fn begin_slide(&mut self, reading: &mut Reading<'_>, attributes: Attributes<'_>) {
        self.slides = self.slides.saturating_add(1);
        let is_hidden = attributes.value("style-name").is_some_and(|style| self.hidden.slides.contains(style.as_ref()));
        let mut place = self.place.inside(&format!("slide {}", self.slides));
        place.hidden |= is_hidden;
        self.turn(reading, place);
    }

    fn end_slide(&mut self, reading: &mut Reading<'_>) {
        let place = self.flow.place().clone();
        let around = self.place.clone();
        self.turn(reading, around);
        reading.done(&place);
    }

    fn begin_notes(&mut self, reading: &mut Reading<'_>) {
        let slide = self.flow.place().clone();
        let notes = Place { path: format!("{} notes", slide.path), hidden: true, ..Place::default() };
        self.turn(reading, notes);
        reading.done(&slide);
    }

    fn end_notes(&mut self, reading: &mut Reading<'_>) {
        let notes = self.flow.place().clone();
        let slide = Place { path: notes.path.trim_end_matches(" notes").to_owned(), ..self.place.clone() };
        self.turn(reading, slide);
        reading.done(&notes);
    }

    /// What comes next stands elsewhere.
    fn turn(&mut self, reading: &mut Reading<'_>, place: Place) {
        std::mem::replace(&mut self.flow, Flow::new(&place)).finish(reading);
    }

    fn attributes(&mut self, element: &str, attributes: Attributes<'_>) {
        if is_odd(element) {
            self.flow.aside(element);
        }
        for (name, value) in attributes.iter() {
            if holds_text(element, name, &value) || is_odd(&value) {
                self.flow.aside(&value);
            }
            if is_odd(name) {
                self.flow.aside(name);
            }
        }
    }
}

/// Elements of text that a style or their own kind may hide.
fn may_hide(name: &str) -> bool {
    matches!(
        name,
        "p" | "h"
            | "span"
            | "a"
            | "section"
            | "deletion"
            | "hidden-text"
            | "hidden-paragraph"
            | "table-row"
            | "table-column"
            | "meta"
            | "settings"
            | "scripts"
    )
}

/// Attributes that hold text by their names.
fn holds_text(element: &str, attribute: &str, value: &str) -> bool {
    match attribute {
        "string-value" | "formula" | "description" | "display-name" | "value" | "current-value" | "label" | "title"
        | "help-message" | "alt" | "author" | "date-value" | "condition" | "base-cell-address" | "password-hash" => {
            !value.is_empty()
        }
        "name" => !matches!(element, "style" | "font-face" | "config-item"),
        // What is in the package is read where it is.
        "href" => value.contains(':') || value.contains('@'),
        _ => false,
    }
}
