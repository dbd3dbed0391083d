//! Rich Text Format.
//!
//! In: the file's bytes. Out: its text with tables as tables; headers, footers, notes, comments and text boxes as boxes;
//! hidden (`\v`) and deleted text marked hidden; pictures and embedded objects as parts of their own. Whatever else holds
//! text (document properties, field codes, style and font names, destinations that nobody knows) comes aside, hidden.
//! Text is in the code page of its font, so that Japanese is read where only `\fcharset128` speaks of it.
//! Structure, which holds no text: control words and their numbers, and line ends in the source. What stands behind the
//! last group is read as a part of its own. Deliberately absent: how anything looks.

mod tokens;

use std::collections::{HashMap, HashSet};

use encoding_rs::Encoding;

use self::tokens::{Token, Tokens};
use crate::inspect::Reason;
use crate::inspect::extract::document::flow::{Flow, ruby_base};
use crate::inspect::extract::document::marks::Marks;
use crate::inspect::extract::document::ole;
use crate::inspect::extract::properties;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::mail::charset;

/// Groups deeper than this have the state of the one around them.
const DEPTH: usize = 4_096;

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
    hidden: bool,
    deleted: bool,
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
    default_page: Option<u32>,
    default_font: i32,
    fonts: HashMap<i32, u32>,
    /// The font that is being described, inside of the font table.
    described: Option<i32>,
    shapes: HashSet<String>,
    pictures: u32,
    objects: u32,
}

impl<'p> Rtf<'p> {
    fn new(part: &'p Part<'p>) -> Self {
        let group = Group {
            target: Target::Page,
            is_destination: false,
            is_box: None,
            hidden: false,
            deleted: false,
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
            default_page: None,
            default_font: 0,
            fonts: HashMap::new(),
            described: None,
            shapes: HashSet::new(),
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
        match self.group.target {
            Target::Page => {
                let hidden = self.group.hidden || self.group.deleted;
                if let Some(marks) = self.marks.last_mut() {
                    marks.text(text, hidden);
                }
            }
            Target::Aside | Target::Data(_) => self.aside.push_str(text),
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
        if self.group.target != Target::Page {
            return self.aside.push('\n');
        }
        let depth = self.in_tables();
        if let Some(marks) = self.marks.last_mut() {
            marks.end_paragraph(reading, &mut self.flow, depth);
        }
    }

    /// Control words that mean something here, wherever they stand. False for all others.
    fn control(&mut self, reading: &mut Reading<'_>, word: &[u8], number: Option<i32>) -> bool {
        let on = number != Some(0);
        let depth = self.in_tables();
        let on_page = self.group.target == Target::Page;
        match word {
            b"par" | b"sect" | b"page" | b"column" => self.end_paragraph(reading),
            b"line" | b"softline" => self.text("\n"),
            b"tab" => self.text("\t"),
            b"emdash" | b"endash" => self.text("-"),
            b"emspace" | b"enspace" | b"qmspace" => self.text(" "),
            b"bullet" => self.text("•"),
            b"lquote" | b"rquote" => self.text("'"),
            b"ldblquote" | b"rdblquote" => self.text("\""),
            b"v" | b"webhidden" => self.group.hidden = on,
            b"deleted" => self.group.deleted = on,
            b"plain" => {
                (self.group.hidden, self.group.deleted, self.group.font) = (false, false, self.default_font);
            }
            b"pard" => (self.in_table, self.nesting) = (false, 0),
            b"intbl" => self.in_table = true,
            b"itap" => self.nesting = usize::try_from(number.unwrap_or(1)).unwrap_or(0),
            b"trowd" => self.row_deleted = false,
            b"trdel" | b"trauthdel" => self.row_deleted = true,
            b"cell" | b"nestcell" | b"row" | b"nestrow" if on_page => {
                let least = if word.starts_with(b"nest") { 2 } else { 1 };
                // A row's end belongs to the outermost table unless it says otherwise.
                let depth = if least == 1 { 1 } else { depth.max(2) };
                let hidden = self.row_deleted;
                if let Some(marks) = self.marks.last_mut() {
                    if word.ends_with(b"cell") {
                        marks.end_cell(reading, &mut self.flow, depth);
                    } else {
                        marks.end_row(reading, &mut self.flow, depth, hidden);
                    }
                }
            }
            b"ansicpg" => self.default_page = number.and_then(|page| u32::try_from(page).ok()).filter(|&page| page > 0),
            b"deff" => {
                self.default_font = number.unwrap_or(0);
                self.group.font = self.default_font;
            }
            b"f" => match &mut self.described {
                Some(described) => *described = number.unwrap_or(0),
                None => self.group.font = number.unwrap_or(0),
            },
            b"fcharset" | b"cpg" => self.describe_font(word, number.unwrap_or(0)),
            _ => return false,
        }
        true
    }

    fn describe_font(&mut self, word: &[u8], number: i32) {
        let page = match word {
            b"cpg" => u32::try_from(number).ok(),
            _ => page_of_charset(number),
        };
        if let (Some(font), Some(page)) = (self.described, page) {
            self.fonts.insert(font, page);
            self.group.font = font;
        }
    }

    /// Control words that say what the group is. False for all others.
    fn destination(&mut self, word: &[u8]) -> bool {
        match word {
            b"fonttbl" => {
                self.turn(Target::Aside);
                self.described = Some(0);
            }
            b"pict" => self.turn(Target::Data(Data::Picture)),
            b"objdata" => self.turn(Target::Data(Data::Object)),
            b"themedata"
            | b"datastore"
            | b"colorschememapping"
            | b"datafield"
            | b"blipuid"
            | b"objalias"
            | b"objsect"
            | b"passwordhash"
            | b"panose" => self.turn(Target::Data(Data::Other)),
            b"footnote" => self.open_box(Some("footnotes"), Box::Other),
            b"ftnalt" => {}
            b"annotation" => self.open_box(Some("comments"), Box::Other),
            b"header" | b"headerl" | b"headerr" | b"headerf" => self.open_box(Some("header"), Box::Other),
            b"footer" | b"footerl" | b"footerr" | b"footerf" => self.open_box(Some("footer"), Box::Other),
            b"shptxt" => self.open_box(None, Box::Shape),
            b"shprslt" => self.open_box(None, Box::OldShape),
            b"colortbl" | b"stylesheet" | b"info" | b"title" | b"subject" | b"author" | b"operator" | b"keywords"
            | b"comment" | b"doccomm" | b"category" | b"manager" | b"company" | b"hlinkbase" | b"filetbl" | b"xe"
            | b"tc" | b"tcn" | b"rxe" | b"txe" | b"private" | b"template" | b"userprops" | b"propname"
            | b"staticval" | b"linkval" | b"sn" | b"sv" | b"fldinst" | b"nonesttables" | b"listname" | b"sp"
            | b"listoverride" | b"revtbl" | b"atnauthor" | b"atnid" => self.turn(Target::Aside),
            // Their text is the page's: shapes and pictures as they are written today, lists, fields, objects.
            b"shp" | b"shpinst" | b"shppict" | b"nonshppict" | b"shpgrp" | b"listtext" | b"pntext" | b"field"
            | b"fldrslt" | b"object" | b"result" | b"nesttableprops" | b"ud" | b"upr" | b"do" | b"dptxbxtext"
            | b"background" | b"ftnsep" | b"ftnsepc" | b"aftnsep" | b"aftnsepc" => {}
            _ => return false,
        }
        true
    }

    fn turn(&mut self, target: Target) {
        self.group.target = target;
        self.group.is_destination = true;
        if let Target::Data(_) = target {
            self.data.clear();
            self.digit = None;
        }
    }

    fn open_box(&mut self, name: Option<&str>, kind: Box) {
        if self.group.is_box.is_some() || self.marks.len() > DEPTH {
            return;
        }
        self.group.target = Target::Page;
        self.group.is_box = Some(kind);
        self.flow.begin_box(name);
        self.marks.push(Marks::default());
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
            self.shapes.extend(passage.all().lines().map(|line| line.trim().to_owned()));
            self.flow.append(&passage);
        } else {
            for line in passage.all().lines().filter(|line| !self.shapes.contains(line.trim())) {
                self.flow.push(line, true);
                self.flow.push("\n", false);
            }
        }
        self.flow.end_box();
    }

    fn close_data(&mut self, reading: &mut Reading<'_>, kind: Data) {
        let data = std::mem::take(&mut self.data);
        if data.is_empty() {
            return;
        }
        let (count, name) = match kind {
            Data::Picture => (&mut self.pictures, "picture"),
            Data::Object => (&mut self.objects, "object"),
            // Numbers of a few bytes.
            Data::Other if data.len() <= 32 => return,
            Data::Other => (&mut self.objects, "data"),
        };
        *count += 1;
        let place = self.part.place.inside(&format!("{name} {count}"));
        if !reading.take_entry() || !reading.charge(data.len() as u64) {
            return reading.unread(&place, Reason::Limit);
        }
        let inside = self.part.inside(&data, &place);
        match kind {
            Data::Object => ole::read_object(reading, &inside),
            Data::Picture if matches!(sniff::format(&data, inside.hint), Format::Other(..)) => {
                reading.unread(&place, Reason::Image);
            }
            Data::Picture | Data::Other => {
                reading.read(&inside);
            }
        }
    }

    fn binary(&mut self, reading: &mut Reading<'_>, bytes: &[u8]) {
        if let Target::Data(_) = self.group.target {
            return self.data.extend_from_slice(bytes);
        }
        let place = self.part.place.inside("binary");
        if reading.take_entry() {
            reading.read(&self.part.inside(bytes, &place));
        } else {
            reading.unread(&place, Reason::Limit);
        }
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
    }
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// The code page of a Windows charset; `None` for those that mean the document's own.
fn page_of_charset(number: i32) -> Option<u32> {
    Some(match number {
        77 => 10_000,
        78 | 128 => 932,
        129 | 130 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
