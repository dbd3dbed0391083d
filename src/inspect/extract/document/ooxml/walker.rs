//! One XML part of a Word or PowerPoint document → text and tables.
//!
//! In: the decoded part. Out: its lines and tables through a [`Flow`]: deleted, moved-away and hidden text marked; text
//! boxes after the line they hang on; furigana, field codes, descriptions and whatever else is no line of the text aside.
//! `mc:Fallback` repeats for old programs what was said before; only lines that it does not repeat are kept. Elements are
//! told by their local names, so strict and transitional, prefixed and unprefixed documents read the same. Attributes are
//! text if their name says so or their value looks like it ([`is_odd`]); the rest of them, element names, and white
//! space between elements are structure. Deliberately absent: how anything looks.

use std::collections::HashSet;

use crate::inspect::extract::document::flow::Flow;
use crate::inspect::extract::document::ooxml::looks::{self, Looks};
use crate::inspect::extract::document::ooxml::scene::is_shape;
use crate::inspect::extract::document::ooxml::stage::Stage;
use crate::inspect::extract::document::ooxml::styles::{Styles, is_off, is_on};
use crate::inspect::extract::document::passage::ruby_base;
use crate::inspect::extract::oddity::{is_no_base64, is_odd, unseen};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::sweep;
use crate::inspect::extract::xml::{self, Attributes, Event, Reader};
use crate::inspect::{Place, Reason};
use crate::mail::header;

/// How often the clock is asked: every so many events.
const EVENTS_PER_LOOK: u32 = 1 << 16;

/// A file in an attribute.
struct Embedded {
    name: &'static str,
    bytes: Vec<u8>,
}

/// How a part is to be read.
#[derive(Clone, Copy)]
pub(crate) struct Manner<'m> {
    /// How the styles of the document look.
    pub(crate) styles: &'m Styles,
    /// Where the shapes of a slide are.
    pub(crate) stage: Option<&'m Stage>,
    /// Whether every attribute is text: data of other programs, properties.
    pub(crate) all_attributes: bool,
}

/// Reads a part, decoded, and the files that are in it.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, document: &str, manner: Manner<'_>) {
    let (embedded, whole) = walk(reading, part.place, document, manner);
    // Entities that it declares are read where they are declared, and not where they are used.
    if !whole || xml::declares_entities(document) {
        reading.unread(part.place, Reason::Limit);
    }
    reading.done(part.place);
    for (number, file) in (1u32..).zip(embedded.iter().filter(|file| !file.bytes.is_empty())) {
        let place = part.place.inside(&format!("{} {number}", file.name));
        if !reading.take_entry() || !reading.charge(file.bytes.len() as u64) {
            return reading.unread(&place, Reason::Limit);
        }
        let inside = part.inside(&file.bytes, &place);
        match sniff::format(&file.bytes, inside.hint) {
            Format::Other(..) => sweep::read(reading, &inside),
            _ => {
                reading.read(&inside);
            }
        }
    }
}

/// Hands over the text of a part, and returns the files in it. False when the time was up before its end.
fn walk(reading: &mut Reading<'_>, place: &Place, document: &str, manner: Manner<'_>) -> (Vec<Embedded>, bool) {
    let mut walk = Walk::new(place, manner, document);
    let mut until_look = EVENTS_PER_LOOK;
    let mut whole = true;
    for event in Reader::new(document) {
        match event {
            Event::Start { name, attributes } => walk.start(reading, name, attributes),
            Event::End { name } => walk.end(reading, name),
            Event::Text(piece) => walk.text(&piece),
        }
        until_look -= 1;
        if until_look == 0 {
            until_look = EVENTS_PER_LOOK;
            whole = !reading.is_over();
        }
        if !whole || walk.flow.is_over() {
            break;
        }
    }
    walk.end_code();
    walk.flow.aside(&unseen(document));
    let embedded = std::mem::take(&mut walk.embedded);
    walk.finish(reading);
    (embedded, whole)
}

struct Walk<'m> {
    flow: Flow,
    manner: Manner<'m>,
    looks: Looks<'m>,
    in_row_properties: u32,
    /// The same of what is around the open text boxes.
    outer_rows: Vec<u32>,
    /// The element that was opened last, if nothing else came since.
    opened: Opened,
    deleted: u32,
    furigana: u32,
    fallback: u32,
    choice: u32,
    /// What the open `mc:Choice` says.
    said: String,
    shapes: u32,
    /// The depth of the hidden shape.
    hidden_shape: Option<u32>,
    /// Whether text stands directly in the element that is open, which then ends a line.
    in_text: bool,
    embedded: Vec<Embedded>,
    /// The code of the open field.
    code: String,
}

/// What kind of text an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Opened {
    /// A piece of a line.
    Piece,
    Deleted,
    /// A field's code.
    Code,
    /// A file in base64.
    Data,
    /// Anything else.
    #[default]
    Other,
}

impl<'m> Walk<'m> {
    fn new(place: &Place, manner: Manner<'m>, document: &str) -> Self {
        Self {
            flow: Flow::new(place),
            manner,
            looks: Looks::new(manner.styles, manner.stage, document),
            in_row_properties: 0,
            outer_rows: Vec::new(),
            opened: Opened::Other,
            deleted: 0,
            furigana: 0,
            fallback: 0,
            choice: 0,
            said: String::new(),
            shapes: 0,
            hidden_shape: None,
            in_text: false,
            embedded: Vec::new(),
            code: String::new(),
        }
    }

    fn is_hidden(&self) -> bool {
        self.deleted > 0 || self.hidden_shape.is_some() || self.opened == Opened::Deleted || self.looks.is_unseen()
    }

    fn text(&mut self, piece: &str) {
        let is_blank = piece.trim().is_empty();
        // White space between elements is how the file was written.
        if is_blank && (self.opened == Opened::Other || piece.contains('\n') && self.opened != Opened::Piece) {
            return;
        }
        if self.opened == Opened::Data {
            return self.embed("data", piece);
        }
        self.in_text |= !is_blank;
        match self.opened {
            Opened::Code => return self.code.push_str(piece),
            _ if self.furigana > 0 => return self.flow.aside(piece),
            _ => {}
        }
        self.say(piece);
    }

    /// A file in base64.
    fn embed(&mut self, name: &'static str, text: &str) {
        if is_no_base64(text) {
            self.flow.aside(text);
        }
        self.embedded.push(Embedded { name, bytes: header::base64(text.as_bytes()) });
    }

    fn say(&mut self, piece: &str) {
        if self.choice > 0 && self.fallback == 0 {
            self.said.push_str(piece);
        }
        let hidden = self.is_hidden();
        self.flow.push(piece, hidden);
    }

    /// A code may be cut into several pieces; it ends where the field's text begins.
    fn end_code(&mut self) {
        let code = std::mem::take(&mut self.code);
        if let Some(base) = ruby_base(&code) {
            self.say(base);
        }
        self.flow.aside(&code);
    }

    fn end_line(&mut self, reading: &mut Reading<'_>) {
        self.end_code();
        if self.choice > 0 && self.fallback == 0 {
            self.said.push('\n');
        }
        self.flow.end_line(reading);
    }

    fn start(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>) {
        self.opened = match name {
            "t" | "text" => Opened::Piece,
            "delText" => Opened::Deleted,
            // A table names its style as text.
            "instrText" | "delInstrText" | "tableStyleId" => Opened::Code,
            "binaryData" | "binData" | "fldData" => Opened::Data,
            _ => Opened::Other,
        };
        self.looks.start(name, attributes);
        match name {
            "del" | "moveFrom" if self.in_row_properties > 0 => self.hide_row(),
            "hidden" if self.in_row_properties > 0 && is_on(attributes) => self.hide_row(),
            "del" | "moveFrom" => self.deleted = self.deleted.saturating_add(1),
            "trPr" => self.in_row_properties += 1,
            "rt" => self.furigana = self.furigana.saturating_add(1),
            "tab" | "ptab" if attributes.value("pos").is_none() => self.say("\t"),
            "br" | "cr" => self.say("\n"),
            // A piece of a line of a drawing, unless it says how far below.
            "tspan" if attributes.value("dy").is_some_and(|value| value.trim() != "0") => self.end_line(reading),
            "fldChar" => self.end_code(),
            "noBreakHyphen" => self.say("-"),
            "sym" => self.symbol(attributes),
            "sld" if attributes.value("show").is_some_and(|value| is_off(&value)) => self.flow.hide(),
            _ => self.structure(reading, name, attributes),
        }
        self.attributes(name, attributes);
    }

    /// Tables, boxes, shapes, alternatives.
    fn structure(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>) {
        match name {
            "tbl" | "tr" | "tc" | "gridSpan" | "gridBefore" if self.fallback > 0 => {}
            "tbl" => self.flow.begin_table(reading),
            "tr" => self.flow.begin_row(reading),
            "tc" => drop(self.flow.table().map(|table| table.begin_cell(1))),
            "gridSpan" => drop(self.flow.table().map(|table| table.widen(number(attributes)))),
            "gridBefore" => drop(self.flow.table().map(|table| table.skip(number(attributes)))),
            "txbxContent" => self.begin_box(reading),
            "comment" | "cm" => {
                for author in ["author", "initials"].iter().filter_map(|name| attributes.value(name)) {
                    self.flow.push(&author, false);
                    self.flow.end_line(reading);
                }
            }
            "property" => {
                if let Some(name) = attributes.value("name") {
                    self.flow.push(&format!("{name}: "), false);
                }
            }
            "Choice" => self.choice = self.choice.saturating_add(1),
            "Fallback" => {
                if self.fallback == 0 {
                    self.flow.begin_box(None);
                }
                self.fallback = self.fallback.saturating_add(1);
            }
            _ if is_shape(name) => {
                self.shapes = self.shapes.saturating_add(1);
                self.looks.begin_shape();
            }
            "cNvPr" | "docPr" if attributes.value("hidden").is_some_and(|value| !is_off(&value)) => {
                self.hidden_shape = self.hidden_shape.or(Some(self.shapes));
            }
            _ => {}
        }
    }

    fn begin_box(&mut self, reading: &mut Reading<'_>) {
        if self.fallback > 0 {
            return self.end_line(reading);
        }
        if self.outer_rows.len() < looks::BOXES {
            self.outer_rows.push(std::mem::take(&mut self.in_row_properties));
            self.looks.begin_box();
            self.flow.begin_box(None);
        }
    }

    fn end_box(&mut self, reading: &mut Reading<'_>) {
        if self.fallback > 0 {
            return self.end_line(reading);
        }
        if let Some(outer) = self.outer_rows.pop() {
            self.in_row_properties = outer;
            self.looks.end_box();
            self.flow.end_box();
        }
    }

    fn end(&mut self, reading: &mut Reading<'_>, name: &str) {
        self.opened = Opened::Other;
        self.looks.end(name);
        let in_text = std::mem::take(&mut self.in_text);
        match name {
            "p" => self.end_line(reading),
            "del" | "moveFrom" if self.in_row_properties == 0 => self.deleted = self.deleted.saturating_sub(1),
            "trPr" => self.in_row_properties = self.in_row_properties.saturating_sub(1),
            "rt" => self.furigana = self.furigana.saturating_sub(1),
            "tbl" | "tr" | "tc" if self.fallback > 0 => self.end_line(reading),
            "tc" => drop(self.flow.table().map(|table| table.end_cell())),
            "tbl" => self.flow.end_table(reading),
            "txbxContent" => self.end_box(reading),
            "Choice" => self.choice = self.choice.saturating_sub(1),
            "Fallback" => self.end_fallback(),
            "AlternateContent" if self.choice == 0 => self.said.clear(),
            _ if is_shape(name) => {
                if self.hidden_shape == Some(self.shapes) {
                    self.hidden_shape = None;
                }
                self.shapes = self.shapes.saturating_sub(1);
                self.looks.end_shape();
                // A picture in a line does not end it.
                if !self.looks.in_run() {
                    self.end_line(reading);
                }
            }
            "t" | "delText" | "instrText" | "delInstrText" => {}
            "tspan" => self.in_text = in_text,
            "tableStyleId" => self.end_code(),
            _ if in_text => self.end_line(reading),
            _ => {}
        }
    }

    fn end_fallback(&mut self) {
        if self.fallback != 1 {
            self.fallback = self.fallback.saturating_sub(1);
            return;
        }
        self.fallback = 0;
        let fallback = self.flow.withdraw_box();
        let said: HashSet<&str> = self.said.lines().map(str::trim).collect();
        let news: Vec<&str> = fallback.all().lines().map(str::trim).filter(|line| !said.contains(line)).collect();
        if !news.is_empty() {
            self.flow.begin_box(None);
            self.flow.push(&news.join("\n"), true);
            self.flow.end_box();
        }
    }

    fn hide_row(&mut self) {
        if let Some(table) = self.flow.table() {
            table.hide_row();
        }
    }

    /// A character by its number in a font; letters can be written like that as well.
    fn symbol(&mut self, attributes: Attributes<'_>) {
        let code = attributes.value("char").and_then(|code| u32::from_str_radix(&code, 16).ok());
        if let Some(c) = code.and_then(char::from_u32) {
            // Symbol fonts have their letters in the private area.
            let c =
                if ('\u{f020}'..='\u{f07e}').contains(&c) { char::from_u32(u32::from(c) - 0xf000) } else { Some(c) };
            self.say(c.unwrap_or(' ').encode_utf8(&mut [0; 4]));
        }
    }

    fn attributes(&mut self, element: &str, attributes: Attributes<'_>) {
        if is_odd(element) {
            self.flow.aside(element);
        }
        for (name, value) in attributes.iter() {
            if name == "gfxdata" || name == "contentData" {
                self.embed("drawing", &value);
                continue;
            }
            let is_namespace = value.starts_with("http://schemas.") || value.starts_with("http://purl.oclc.org/");
            let is_text = holds_text(element, name, &value) || (self.manner.all_attributes && !is_namespace);
            if is_text || is_odd(&value) {
                self.flow.aside(&value);
            }
            if is_odd(name) {
                self.flow.aside(name);
            }
        }
    }

    fn finish(mut self, reading: &mut Reading<'_>) {
        if self.fallback > 0 {
            self.fallback = 1;
            self.end_fallback();
        }
        self.flow.finish(reading);
    }
}

/// Attributes that hold text by their names.
fn holds_text(element: &str, attribute: &str, value: &str) -> bool {
    match attribute {
        "descr" | "title" | "tooltip" | "alt" | "href" | "string" | "instr" | "displayText" | "author" | "initials"
        | "displayName" | "userId" | "name" | "dispName" | "prompt" | "tag" | "presProps" => true,
        "val" => matches!(
            element,
            "alias"
                | "tag"
                | "listEntry"
                | "default"
                | "helpText"
                | "statusText"
                | "name"
                | "result"
                | "docVar"
                | "text"
        ),
        "value" => matches!(element, "listItem" | "entry"),
        // Relations inside the package are structure.
        "Target" => value.contains(':') || value.contains('@'),
        _ => false,
    }
}

fn number(attributes: Attributes<'_>) -> u32 {
    attributes.value("val").and_then(|value| value.parse().ok()).unwrap_or(1)
}
