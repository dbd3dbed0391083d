//! Excel workbooks before 2007 (.xls): Excel 97–2003, Excel 5 and 95, and the single sheets of Excel 2 to 4.
//!
//! In: the file's bytes. Out: every sheet as a table, in its state, with rows and columns that are out of sight marked,
//! numbers and dates as a person sees them; headers, footers, comments, text boxes, links, names, prompts and whatever
//! else has text as text; caches of pivot tables as tables; pictures named; then every other stream of the container
//! (`ole`): macros, embedded objects, properties. The records ([MS-XLS]) are walked without building anything. Our own
//! reader and not calamine's, because calamine ends the process on damaged files, passes over hidden rows and number
//! formats, and knows neither Excel 4 nor workbooks inside of others.
//! Structure, which is passed over: [`is_structure`]. Deliberately absent: formulas, but for the texts in them; looks.

mod cells;
mod pivot;
mod strings;

use std::collections::{HashMap, HashSet};

use self::strings::{Script, letters_of, read_table};
use crate::inspect::extract::compound::{Compound, u16_at, u32_at};
use crate::inspect::extract::document::ole;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::extract::workbook::looks::Palette;
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::{Place, Reason};

const BOF: [u16; 4] = [0x0809, 0x0409, 0x0209, 0x0009];
const EOF: u16 = 0x000a;
const CONTINUE: u16 = 0x003c;

const FONT: u16 = 0x0031;

/// Colours in place of the usual ones.
const PALETTE: u16 = 0x0092;

/// Pictures of all sheets.
const DRAWING_GROUP: u16 = 0x00eb;

/// A theme, in a zip, and its continuation.
const THEME: u16 = 0x0896;

/// How much text beside the cells is gathered before it is handed over.
const TEXTS: usize = 8 << 20;

/// How many formats a workbook may have.
const FORMATS: usize = 70_000;

/// Reads a workbook.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    if !part.bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        read_stream(reading, part, part.bytes);
        return reading.done(part.place);
    }
    let Some(file) = Compound::open(part.bytes) else {
        reading.unread(part.place, Reason::Damaged);
        return sweep::read(reading, part);
    };
    let is_book = |name: &str| ["workbook", "book"].contains(&name.to_ascii_lowercase().as_str());
    let books: Vec<_> = file.top().into_iter().filter(|entry| entry.is_stream() && is_book(&entry.name)).collect();
    if books.is_empty() {
        reading.unread(part.place, Reason::Damaged);
    }
    for entry in &books {
        let stream = file.stream(entry);
        if !reading.charge(stream.len() as u64) {
            reading.unread(part.place, Reason::Limit);
        } else if (stream.len() as u64) < entry.size() {
            reading.unread(part.place, Reason::Damaged);
        }
        read_stream(reading, part, &stream);
    }
    let mut caches = HashSet::new();
    for entry in file.entries() {
        if file.storage_of(entry).is_some_and(|storage| storage.name.starts_with("_SX_DB")) {
            let stream = file.stream(entry);
            let place = Place { hidden: true, ..part.place.inside(&file.path(entry)) };
            if !reading.take_entry() || !reading.charge(stream.len() as u64) {
                reading.unread(&place, Reason::Limit);
                continue;
            }
            pivot::read(reading, &place, &stream);
            caches.insert(entry.number());
        }
    }
    let is_taken = |number| caches.contains(&number) || books.iter().any(|book| book.number() == number);
    ole::read_streams(reading, part, &file, &|entry| is_taken(entry.number()));
    reading.done(part.place);
    let mut spans = Spans::default();
    file.claim(&mut spans);
    reading.leftovers(part, &spans);
}

/// Reads the records of a workbook.
fn read_stream(reading: &mut Reading<'_>, part: &Part<'_>, stream: &[u8]) {
    let mut book = Book::new(part);
    let mut records = Records { stream, at: 0 };
    while let Some(record) = records.next() {
        if !book.record(reading, &record, &mut records) {
            if !book.is_encrypted {
                reading.unread(&book.place, Reason::Limit);
            }
            break;
        }
    }
    let place = book.place.clone();
    book.end_sheet(reading);
    if book.is_encrypted {
        return reading.unread(part.place, Reason::Encrypted);
    }
    let rest = stream.get(records.at..).unwrap_or_default();
    if rest.len() > 4 {
        // A record that is longer than what is left.
        reading.unread(&place, Reason::Damaged);
        reading.text(&place, &sweep::text(rest));
    }
    book.finish(reading);
}

struct Record<'r> {
    kind: u16,
    data: &'r [u8],
    /// Where it starts in the stream.
    at: usize,
}

struct Records<'r> {
    stream: &'r [u8],
    at: usize,
}

impl<'r> Records<'r> {
    fn peek(&self) -> Option<Record<'r>> {
        let kind = u16_at(self.stream, self.at)?;
        let length = usize::from(u16_at(self.stream, self.at + 2)?);
        let data = self.stream.get(self.at + 4..self.at + 4 + length)?;
        Some(Record { kind, data, at: self.at })
    }

    fn next(&mut self) -> Option<Record<'r>> {
        let record = self.peek()?;
        self.at += 4 + record.data.len();
        Some(record)
    }

    /// The records that continue the last one.
    fn continued(&mut self, by: &[u16]) -> Vec<&'r [u8]> {
        let mut pieces = Vec::new();
        while let Some(record) = self.peek().filter(|record| by.contains(&record.kind)) {
            pieces.push(record.data);
            self.at += 4 + record.data.len();
        }
        pieces
    }
}

/// A sheet as the workbook names it.
struct Listed {
    name: String,
    hidden: bool,
    /// Where its records start.
    at: u32,
}

struct Book<'b> {
    part: &'b Part<'b>,
    /// The sheet that is being read, or the file.
    place: Place,
    script: Script,
    is_1904: bool,
    is_encrypted: bool,
    listed: Vec<Listed>,
    /// How many sheets have been begun.
    begun: usize,
    codes: HashMap<u16, Format>,
    formats: Vec<Format>,
    palette: Palette,
    strings: Strings,
    rows: Rows,
    hidden_rows: HashSet<u16>,
    /// What the open substreams are: a sheet, and perhaps a chart in it.
    open: Vec<Sub>,
    texts: String,
    /// The cell of a formula whose text follows.
    waiting: Option<(u16, u16, u16)>,
    theme: Vec<u8>,
    pictures: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sub {
    Globals,
    Sheet,
    /// A chart, alone or in a sheet: its cells are what it remembers of the sheet.
    Chart,
}

impl<'b> Book<'b> {
    fn new(part: &'b Part<'b>) -> Self {
        Self {
            part,
            place: part.place.clone(),
            script: Script::Page(0),
            is_1904: false,
            is_encrypted: false,
            listed: Vec::new(),
            begun: 0,
            codes: HashMap::new(),
            formats: Vec::new(),
            palette: Palette::default(),
            strings: Strings::default(),
            rows: Rows::default(),
            hidden_rows: HashSet::new(),
            open: Vec::new(),
            texts: String::new(),
            waiting: None,
            theme: Vec::new(),
            pictures: false,
        }
    }

    /// False when the budget is used up, or nothing that follows can be read.
    fn record(&mut self, reading: &mut Reading<'_>, record: &Record<'_>, records: &mut Records<'_>) -> bool {
        let data = record.data;
        match record.kind {
            FONT => self.palette.old_font(data),
            PALETTE => self.palette.replace_colours(),
            _ => {}
        }
        match record.kind {
            kind if BOF.contains(&kind) => return self.begin(reading, record),
            EOF => match self.open.pop() {
                Some(Sub::Globals | Sub::Sheet) => self.end_sheet(reading),
                _ if self.open.is_empty() => self.end_sheet(reading),
                _ => {}
            },
            // FILEPASS.
            0x002f => {
                self.is_encrypted = true;
                return false;
            }
            // CODEPAGE, DATEMODE.
            0x0042 if self.script != Script::Unicode => self.script = Script::Page(u16_at(data, 0).unwrap_or_default()),
            0x0022 => self.is_1904 = u16_at(data, 0) == Some(1),
            // BOUNDSHEET.
            0x0085 => self.listed.push(Listed {
                name: self.script.string(data.get(6..).unwrap_or_default(), 1),
                hidden: data.get(4).is_some_and(|state| state & 3 != 0),
                at: u32_at(data, 0).unwrap_or(u32::MAX),
            }),
            // SST.
            0x00fc => {
                let mut pieces = vec![data];
                pieces.extend(records.continued(&[CONTINUE]));
                if !read_table(&pieces, &mut self.strings, &readings) {
                    reading.unread(&self.part.place.inside("strings"), Reason::Damaged);
                }
            }
            0x001e | 0x041e | 0x0043 | 0x0243 | 0x0443 | 0x00e0 => self.format(record),
            // TXO: the length of the text; it follows in the records that continue this one.
            0x01b6 => {
                let pieces = records.continued(&[CONTINUE]);
                self.text_box(u16_at(data, 10).map_or(0, usize::from), &pieces);
            }
            DRAWING_GROUP | 0x00ec | 0x007f => {
                let pieces = records.continued(&[CONTINUE]);
                for piece in std::iter::once(data).chain(pieces) {
                    self.drawing(piece);
                }
            }
            THEME => {
                self.theme.extend_from_slice(data.get(16..).unwrap_or_default());
                for piece in records.continued(&[CONTINUE, 0x087f]) {
                    self.theme.extend_from_slice(piece);
                }
            }
            kind if is_structure(kind) => {}
            _ => return self.cell(reading, record),
        }
        if self.texts.len() > TEXTS {
            self.hand_over_texts(reading);
        }
        true
    }

    fn begin(&mut self, reading: &mut Reading<'_>, record: &Record<'_>) -> bool {
        if record.kind == 0x0809 && u16_at(record.data, 0).is_some_and(|version| version >= 0x0600) {
            self.script = Script::Unicode;
        }
        let sub = match u16_at(record.data, 2) {
            Some(0x0005 | 0x0100) => Sub::Globals,
            Some(0x0020) => Sub::Chart,
            _ => Sub::Sheet,
        };
        if self.open.is_empty() && sub != Sub::Globals {
            self.begin_sheet(reading, record.at);
        }
        self.open.push(sub);
        // A chart in a chart in a chart is no workbook.
        self.open.len() < 64
    }

    fn begin_sheet(&mut self, reading: &mut Reading<'_>, at: usize) {
        self.hand_over_texts(reading);
        let by_place = self.listed.iter().find(|listed| usize::try_from(listed.at) == Ok(at));
        let listed = by_place.or_else(|| self.listed.get(self.begun));
        self.place = match listed {
            Some(listed) => {
                let mut place = self.part.place.inside(&listed.name);
                place.hidden |= listed.hidden;
                reading.text(&place, &listed.name);
                place
            }
            // One that nobody lists; Excel 2 to 4 list none.
            None if self.listed.is_empty() => self.part.place.inside("sheet"),
            None => Place { hidden: true, ..self.part.place.inside(&format!("sheet {}", self.begun + 1)) },
        };
        self.begun += 1;
        (self.rows, self.hidden_rows) = (Rows::default(), HashSet::new());
        self.rows.begin(reading, &self.place);
    }

    fn end_sheet(&mut self, reading: &mut Reading<'_>) {
        self.rows.end(reading, &self.strings);
        self.waiting = None;
        self.hand_over_texts(reading);
        if self.place != *self.part.place {
            reading.done(&self.place);
            self.place = self.part.place.clone();
        }
    }

    fn hand_over_texts(&mut self, reading: &mut Reading<'_>) {
        let texts = std::mem::take(&mut self.texts);
        if !texts.is_empty() {
            // Handing over ends the table; cells that follow go on in another.
            self.rows.end(reading, &self.strings);
            let mut place = self.place.inside("beside the cells");
            // Names and the like, which no sheet shows.
            place.hidden |= self.place == *self.part.place;
            reading.text(&place, &texts);
            if self.open.contains(&Sub::Sheet) {
                self.rows.begin(reading, &self.place);
            }
        }
    }

    fn finish(self, reading: &mut Reading<'_>) {
        let place = self.part.place;
        self.strings.hand_over_rest(reading, &place.inside("unused strings"));
        if self.pictures {
            reading.unread(&place.inside("pictures"), Reason::Image);
        }
        if !self.theme.is_empty() {
            let theme = place.inside("theme");
            let depth = self.part.depth + 1;
            reading.read(&Part { bytes: &self.theme, place: &theme, depth, hint: Hint::default() });
        }
    }

    fn format(&mut self, record: &Record<'_>) {
        let data = record.data;
        let number = |at: usize| u16::from(data.get(at).copied().unwrap_or_default());
        let index = match record.kind {
            0x001e => {
                let code = Format::of(&self.script.string(data, 1));
                let next = u16::try_from(self.codes.len()).unwrap_or(u16::MAX);
                self.codes.insert(next, code);
                return;
            }
            0x041e => {
                let width = if self.script == Script::Unicode { 2 } else { 1 };
                let code = Format::of(&self.script.string(data.get(2..).unwrap_or_default(), width));
                self.codes.insert(u16_at(data, 0).unwrap_or_default(), code);
                return;
            }
            0x0043 => number(2) & 0x3f,
            0x0243 | 0x0443 => number(1),
            _ => u16_at(data, 2).unwrap_or_default(),
        };
        if self.formats.len() < FORMATS {
            let format = self.codes.get(&index).cloned().unwrap_or_else(|| Format::built_in(index.into()));
            let is_unseen = record.kind == 0x00e0 && self.palette.hides_old(data);
            self.formats.push(format.unseen(is_unseen));
        }
    }

    fn text_box(&mut self, mut left: usize, pieces: &[&[u8]]) {
        for piece in pieces {
            let Some((&flags, letters)) = piece.split_first() else { continue };
            if left == 0 {
                // The looks of its runs.
                break;
            }
            let (text, taken) = letters_of(letters, flags, left);
            left = left.saturating_sub(taken);
            self.texts.push_str(&text);
        }
        self.texts.push('\n');
    }

    fn drawing(&mut self, data: &[u8]) {
        if holds_picture(data) {
            self.pictures = true;
        } else {
            self.texts.push_str(&sweep::wide_text(data));
        }
    }
}

/// Texts in what stands behind a shared string: its reading.
fn readings(behind: &[u8]) -> String {
    sweep::wide_text(behind)
}

/// Of a picture at least its format's first bytes are in the clear.
fn holds_picture(data: &[u8]) -> bool {
    [&b"\x89PNG\r\n"[..], b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b" EMF", b"\xd7\xcd\xc6\x9a"]
        .iter()
        .any(|magic| memchr::memmem::find(data, magic).is_some())
}

/// Records that hold numbers and flags only: where cells are, how they look, how a window stood.
fn is_structure(kind: u16) -> bool {
    matches!(
        kind,
        // Counts of calculation, windows, margins, sizes.
        0x000c..=0x0013 | 0x0019 | 0x001a | 0x001b | 0x001d | 0x0024..=0x002b | 0x003d | 0x0040 | 0x0041 | 0x004d..=0x0050
        | 0x0055 | 0x0080..=0x0084 | 0x008c | 0x008d | 0x0092 | 0x0099 | 0x009c | 0x00a1 | 0x00be | 0x00d7 | 0x00e1..=0x00e3
        | 0x00e5 | 0x00ff | 0x0160 | 0x0161 | 0x01af | 0x01b0 | 0x01b7 | 0x01bc | 0x01c0 | 0x01c1
        // Dimensions, empty cells, indices, styles' colours.
        | 0x0000 | 0x0001 | 0x0200 | 0x0201 | 0x020b | 0x0225 | 0x023e | 0x0293 | 0x087c | 0x087d | 0x0892 | 0x088e
    )
}
