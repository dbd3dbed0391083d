//! Rich Text Format.
//!
//! In: the file's bytes. Out: its text with tables as tables; headers, footers, notes, comments and text boxes as boxes;
//! text that is hidden (by itself, a style, its colour or its size: [`looks`]) or deleted marked hidden; pictures and embedded objects as parts of their own. Whatever else holds
//! text (document properties, field codes, style and font names, destinations that nobody knows) comes aside, hidden.
//! Text is in the code page of its font, so that Japanese is read where only `\fcharset128` speaks of it.
//! A mail's text that Outlook wrapped into RTF (MS-OXRTFEX) becomes the HTML that it was, and is read as that.
//! Structure, which holds no text: control words and their numbers, and line ends in the source. What stands behind the
//! last group is read as a part of its own. Deliberately absent: how anything looks.

mod data;
mod looks;
mod tokens;
mod words;

use std::collections::{HashMap, HashSet};

use encoding_rs::Encoding;

use self::looks::{Look, Sheet};
use self::tokens::{Token, Tokens};
use crate::inspect::Reason;
use crate::inspect::extract::document::flow::Flow;
use crate::inspect::extract::document::marks::Marks;
use crate::inspect::extract::document::passage::ruby_base;
use crate::inspect::extract::properties;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::mail::charset;

/// Groups deeper than this have the state of the one around them.
const DEPTH: usize = 4_096;

/// How many lines of shapes are remembered, to know them again.
const SHAPE_LINES: usize = 1 << 16;

/// How often the clock is asked: every so many tokens.
const TOKENS_PER_LOOK: u32 = 1 << 16;

/// Reads a document.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut tokens = Tokens::new(part.bytes);
    let mut rtf = Rtf::new(part);
    let mut until_look = TOKENS_PER_LOOK;
    for token in tokens.by_ref() {
        rtf.token(reading, token);
        until_look -= 1;
        if until_look == 0 {
            until_look = TOKENS_PER_LOOK;
            if reading.is_over() {
                reading.unread(part.place, Reason::Limit);
                break;
            }
        }
        if rtf.depth == 0 || rtf.flow.is_over() {
            break;
        }
    }
    let is_whole = rtf.depth == 0 || rtf.flow.is_over() || tokens.position() < part.bytes.len();
    rtf.finish(reading);
    if !is_whole {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.done(part.place);
    let mut spans = Spans::default();
    spans.claim(0, tokens.position());
    reading.leftovers(part, &spans);
}

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// To the page.
    Page,
    /// Beside it, hidden.
    Aside,
    /// Into the page of HTML that is wrapped in the document.
    Html,
    /// It is a file in hexadecimal digits.
    Data(Data),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Picture,
    Object,
    Other,
}

/// What holds inside of a group.
#[derive(Debug, Clone, Copy)]
struct Group {
    target: Target,
    /// Whether the group itself set the target, so that its end is the end of that text.
    is_destination: bool,
    /// Whether its end is the end of a box.
    is_box: Option<Box>,
    look: Look,
    deleted: bool,
    /// It says for readers of RTF what the wrapped HTML says otherwise.
    instead: bool,
    font: i32,
    /// How many characters behind `\u` say the same for old readers.
    fallback: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Box {
    /// A shape's text.
    Shape,
    /// The same once more for Word 95.
    OldShape,
    /// A note, a comment, a header.
    Other,
}

struct Rtf<'p> {
    part: &'p Part<'p>,
    flow: Flow,
    /// One for the page and one for each open box.
    marks: Vec<Marks>,
    groups: Vec<Group>,
    group: Group,
    /// Groups open, and how many of them are beyond [`DEPTH`].
    depth: usize,
    starred: bool,
    /// Bytes of text that are not decoded yet.
    pending: Vec<u8>,
    aside: String,
    data: Vec<u8>,
    digit: Option<u8>,
    surrogate: Option<u16>,
    to_skip: usize,
    in_table: bool,
    nesting: usize,
    row_deleted: bool,
    sheet: Sheet,
    default_page: Option<u32>,
    default_font: i32,
    fonts: HashMap<i32, u32>,
    /// The font that is being described, inside of the font table.
    described: Option<i32>,
    shapes: HashSet<String>,
    /// The page of HTML that is wrapped in the document.
    html: Option<String>,
    pictures: u32,
    objects: u32,
}

impl<'p> Rtf<'p> {
    fn new(part: &'p Part<'p>) -> Self {
        let group = Group {
            target: Target::Page,
            is_destination: false,
            is_box: None,
            look: Look::default(),
            deleted: false,
            instead: false,
            font: 0,
            fallback: 1,
        };
        Self {
            part,
            flow: Flow::new(part.place),
            marks: vec![Marks::default()],
            groups: Vec::new(),
            group,
            depth: 0,
            starred: false,
            pending: Vec::new(),
            aside: String::new(),
            data: Vec::new(),
            digit: None,
            surrogate: None,
            to_skip: 0,
            in_table: false,
            nesting: 0,
            row_deleted: false,
            sheet: Sheet::default(),
            default_page: None,
            default_font: 0,
            fonts: HashMap::new(),
            described: None,
            shapes: HashSet::new(),
            html: None,
            pictures: 0,
            objects: 0,
        }
    }

    fn token(&mut self, reading: &mut Reading<'_>, token: Token<'_>) {
        match token {
            Token::Byte(byte) => return self.byte(byte),
            Token::Word(b"u", Some(number)) => return self.unicode(number),
            Token::Word(b"uc", number) => {
                self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16);
                return;
            }
            _ => self.flush(),
        }
        self.to_skip = 0;
        match token {
            Token::Open => {
                self.depth += 1;
                if self.groups.len() < DEPTH {
                    self.groups.push(self.group);
                    (self.group.is_destination, self.group.is_box) = (false, None);
                }
            }
            Token::Close => self.close(reading),
            Token::Symbol(b'*') => self.starred = true,
            Token::Symbol(symbol) => self.symbol(reading, symbol),
            Token::Binary(bytes) => self.binary(reading, bytes),
            Token::Word(word, number) => {
                let starred = std::mem::take(&mut self.starred);
                if !self.control(reading, word, number) && !self.destination(word) && starred {
                    self.turn(Target::Aside);
                }
            }
            Token::Byte(_) => {}
        }
    }

    fn byte(&mut self, byte: u8) {
        self.starred = false;
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if let Target::Data(_) = self.group.target {
            match (char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()), self.digit.take()) {
                (Some(low), Some(high)) => self.data.push(high << 4 | low),
                (Some(high), None) => self.digit = Some(high),
                // No digit: text that somebody put where nobody looks.
                (None, _) => self.pending.push(byte),
            }
        } else {
            self.pending.push(byte);
        }
    }

    fn unicode(&mut self, number: i32) {
        self.flush();
        // Written as a signed number of 16 bits.
        let unit = u16::try_from(number.rem_euclid(1 << 16)).unwrap_or_default();
        let units = match self.surrogate.take() {
            Some(high) => vec![high, unit],
            None if (0xd800..0xdc00).contains(&unit) => {
                self.surrogate = Some(unit);
                Vec::new()
            }
            None => vec![unit],
        };
        let text = String::from_utf16_lossy(&units);
        self.text(&text);
        self.to_skip = self.group.fallback;
    }

    /// Decodes the bytes that came in by the code page of their font.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        let page = self.fonts.get(&self.group.font).copied().or(self.default_page);
        let text = match page.map(properties::code_page) {
            Some(encoding) if encoding != encoding_rs::WINDOWS_1252 => decoded(encoding, &bytes),
            _ => charset::decode(&bytes, Some("windows-1252")),
        };
        self.text(&text);
    }

    fn text(&mut self, text: &str) {
        match (self.group.target, &mut self.html) {
            (Target::Html, Some(html)) => html.push_str(text),
            (Target::Page, Some(html)) if !self.group.instead => html.push_str(text),
            (Target::Page, _) => {
                let hidden =
                    self.sheet.is_unseen(self.group.look, self.in_table) || self.group.deleted || self.group.instead;
                if let Some(marks) = self.marks.last_mut() {
                    marks.text(text, hidden);
                }
            }
            (Target::Html | Target::Aside | Target::Data(_), _) => {
                self.sheet.text(text);
                self.aside.push_str(text);
            }
        }
    }

    fn symbol(&mut self, reading: &mut Reading<'_>, symbol: u8) {
        match symbol {
            b'~' => self.text(" "),
            b'_' => self.text("-"),
            b'\r' | b'\n' => self.end_paragraph(reading),
            _ => {}
        }
    }

    /// How many tables are around this paragraph.
    fn in_tables(&self) -> usize {
        if self.in_table { self.nesting.max(1) } else { 0 }
    }

    fn end_paragraph(&mut self, reading: &mut Reading<'_>) {
        match (self.group.target, &mut self.html) {
            (Target::Html, Some(html)) => return html.push('\n'),
            (Target::Page, Some(html)) if !self.group.instead => return html.push('\n'),
            (Target::Page, _) => {}
            _ => return self.aside.push('\n'),
        }
        let depth = self.in_tables();
        if let Some(marks) = self.marks.last_mut() {
            marks.end_paragraph(reading, &mut self.flow, depth);
        }
    }

    fn close(&mut self, reading: &mut Reading<'_>) {
        self.starred = false;
        self.depth = self.depth.saturating_sub(1);
        if self.depth >= self.groups.len() && self.depth >= DEPTH {
            return;
        }
        if let Some(kind) = self.group.is_box {
            self.close_box(reading, kind);
        }
        if self.group.is_destination {
            if let Target::Data(kind) = self.group.target {
                self.close_data(reading, kind);
            }
            let aside = std::mem::take(&mut self.aside);
            if let (Some(base), Some(marks)) = (ruby_base(&aside), self.marks.last_mut()) {
                marks.text(base, false);
            }
            self.flow.aside(&aside);
        } else if self.described.is_some() && !self.aside.is_empty() {
            self.aside.push('\n');
        }
        if let Some(outer) = self.groups.pop() {
            if outer.target == Target::Page {
                self.described = None;
                self.sheet.close();
            }
            self.group = outer;
        }
    }

    fn close_box(&mut self, reading: &mut Reading<'_>, kind: Box) {
        if let Some(mut marks) = (self.marks.len() > 1).then(|| self.marks.pop()).flatten() {
            marks.finish(reading, &mut self.flow);
        }
        let passage = match kind {
            Box::Other => return self.flow.end_box(),
            Box::Shape | Box::OldShape => self.flow.withdraw_box(),
        };
        self.flow.begin_box(None);
        if kind == Box::Shape {
            let room = SHAPE_LINES.saturating_sub(self.shapes.len());
            self.shapes.extend(passage.all().lines().take(room).map(|line| line.trim().to_owned()));
            self.flow.append(&passage);
        } else {
            for line in passage.all().lines().filter(|line| !self.shapes.contains(line.trim())) {
                self.flow.push(line, true);
                self.flow.push("\n", false);
            }
        }
        self.flow.end_box();
    }

    /// Ends whatever is open, should the file end too soon.
    fn finish(mut self, reading: &mut Reading<'_>) {
        self.flush();
        while !self.groups.is_empty() {
            self.depth = self.groups.len();
            self.close(reading);
        }
        for mut marks in std::mem::take(&mut self.marks) {
            marks.finish(reading, &mut self.flow);
        }
        let aside = std::mem::take(&mut self.aside);
        self.flow.aside(&aside);
        self.flow.finish(reading);
        if let Some(html) = self.html.filter(|html| !html.trim().is_empty()) {
            let place = self.part.place.inside("html");
            let hint = Hint { media: "text/html", charset: Some("utf-8"), body: true };
            if reading.charge(html.len() as u64) {
                reading.read(&Part { hint, ..self.part.inside(html.as_bytes(), &place) });
            } else {
                reading.unread(&place, Reason::Limit);
            }
        }
    }
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}
