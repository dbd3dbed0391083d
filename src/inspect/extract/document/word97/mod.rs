//! Word 97–2003 (MS-DOC), and Word 6 and 95 as far as they are alike.
//!
//! In: the compound file. Out: all text of its piece table, by the documents that it strings together (text, footnotes,
//! headers, comments, endnotes, text boxes), tables as tables, deleted and hidden text marked hidden, field codes aside;
//! names, authors and styles of the table stream; pictures; embedded objects, macros and properties (`ole`). What the
//! piece table does not reach in the text's stream (left there by fast saving, or on purpose, and the pages of formatting,
//! which have room to spare) is read as leftovers. Structure, which is passed over: the header (FIB). Deliberately
//! absent: text that is in a table only by its style.

mod formatting;
mod styles;

use encoding_rs::{UTF_16LE, WINDOWS_1252};

use self::formatting::{Formatting, Paragraph, Tables};
use crate::inspect::extract::compound::{Compound, u16_at, u32_at};
use crate::inspect::extract::document::drawing;
use crate::inspect::extract::document::flow::Flow;
use crate::inspect::extract::document::marks::Marks;
use crate::inspect::extract::document::ole;
use crate::inspect::extract::document::passage::ruby_base;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// The first version whose text may be in Unicode.
const WORD_97: u16 = 0xc1;

/// Fields in fields.
const FIELD_DEPTH: usize = 64;

/// Reads a document.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(file) = Compound::open(part.bytes) else {
        reading.unread(part.place, Reason::Damaged);
        return sweep::read(reading, part);
    };
    let stream = |name: &str| file.top().into_iter().find(|entry| entry.name == name).map(|entry| file.stream(entry));
    let text = stream("WordDocument").unwrap_or_default();
    let flags = text.get(11).copied().unwrap_or_default();
    if flags & 1 != 0 {
        return reading.unread(part.place, Reason::Encrypted);
    }
    let table = stream(if flags & 2 != 0 { "1Table" } else { "0Table" }).unwrap_or_default();
    if !reading.charge((text.len() + table.len()) as u64) {
        return reading.unread(part.place, Reason::Limit);
    }
    let mut spans = Spans::default();
    let whole = Document::open(&text, &table, &mut spans).is_some_and(|document| document.read(reading, part));
    if !whole {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.done(part.place);
    let place = part.place.inside("WordDocument");
    let inside = part.inside(&text, &place);
    drawing::read_pictures(reading, &inside, &mut spans);
    reading.leftovers(&inside, &spans);
    // Authors, bookmarks, styles, fonts, descriptions of shapes: all of it strings between numbers.
    let place = Place { hidden: true, ..part.place.inside("names and styles") };
    sweep::read(reading, &part.inside(&table, &place));
    if let Some(data) = stream("Data") {
        let place = part.place.inside("Data");
        drawing::read(reading, &part.inside(&data, &place));
    }
    ole::read_streams(reading, part, &file, &|entry| {
        file.storage_of(entry).is_none() && matches!(entry.name.as_str(), "WordDocument" | "0Table" | "1Table" | "Data")
    });
    let mut spans = Spans::default();
    file.claim(&mut spans);
    reading.leftovers(part, &spans);
}

/// A stretch of text as it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    characters: usize,
    at: usize,
    is_wide: bool,
}

struct Document<'a> {
    text: &'a [u8],
    pieces: Vec<Piece>,
    /// How many characters each of the documents has, in the order in which they are strung together.
    lengths: Vec<usize>,
    formatting: Formatting,
}

/// What the documents are called.
const DOCUMENTS: [Option<&str>; 8] = [
    None,
    Some("footnotes"),
    Some("headers and footers"),
    Some("macros"),
    Some("comments"),
    Some("endnotes"),
    Some("text boxes"),
    Some("text boxes in headers"),
];

impl<'a> Document<'a> {
    fn open(text: &'a [u8], table: &[u8], spans: &mut Spans) -> Option<Self> {
        if u16_at(text, 2)? < WORD_97 {
            return Self::open_old(text, spans);
        }
        let words = 34 + usize::from(u16_at(text, 32)?) * 2;
        let longs = words + 2;
        let pairs = longs + usize::from(u16_at(text, words)?) * 4 + 2;
        spans.claim(0, pairs + usize::from(u16_at(text, pairs - 2)?) * 8);
        let long = |index: usize| u32_at(text, longs + 4 * index).and_then(|long| usize::try_from(long).ok());
        let lengths = (3..11).map(|index| long(index).unwrap_or(0)).collect();
        let range = |index: usize| {
            let start = usize::try_from(u32_at(text, pairs + 8 * index)?).ok()?;
            let length = usize::try_from(u32_at(text, pairs + 8 * index + 4)?).ok()?;
            table.get(start..start.checked_add(length)?)
        };
        let pieces = pieces(range(33)?)?;
        for piece in &pieces {
            spans.claim(piece.at, piece.characters.saturating_mul(if piece.is_wide { 2 } else { 1 }));
        }
        let tables = Tables {
            styles: range(1).unwrap_or_default(),
            characters: range(12).unwrap_or_default(),
            paragraphs: range(13).unwrap_or_default(),
        };
        let formatting = Formatting::read(text, tables);
        Some(Self { text, pieces, lengths, formatting })
    }

    /// Word 6 and 95: one stretch of text in the code page of its language, which starts and ends where the header says.
    fn open_old(text: &'a [u8], spans: &mut Spans) -> Option<Self> {
        let start = usize::try_from(u32_at(text, 24)?).ok()?;
        let end = usize::try_from(u32_at(text, 28)?).ok()?.min(text.len());
        let characters = end.checked_sub(start)?;
        spans.claim(0, 128);
        spans.claim(start, characters);
        let pieces = vec![Piece { characters, at: start, is_wide: false }];
        Some(Self { text, pieces, lengths: vec![characters], formatting: Formatting::default() })
    }

    /// False when pieces lead out of the file.
    fn read(&self, reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
        let mut lengths = self.lengths.iter().copied();
        let mut names = DOCUMENTS.into_iter();
        let mut story = Story::new(part.place, names.next().flatten());
        let mut left = lengths.next().unwrap_or(0);
        let mut whole = true;
        // Pieces that stand on one another could say the same a million times.
        let mut room = self.text.len().saturating_mul(2);
        for piece in &self.pieces {
            let width = if piece.is_wide { 2 } else { 1 };
            let end = piece.at.saturating_add(piece.characters.saturating_mul(width));
            let bytes = self.text.get(piece.at..end.min(self.text.len())).unwrap_or_default();
            whole &= end <= self.text.len();
            let Some(left_over) = room.checked_sub(bytes.len()) else {
                reading.unread(part.place, Reason::Limit);
                break;
            };
            room = left_over;
            let (mut at, mut rest) = (piece.at, bytes);
            while !rest.is_empty() {
                if left == 0 {
                    // Behind the last document whatever is left.
                    let name = names.next().unwrap_or(Some("rest"));
                    std::mem::replace(&mut story, Story::new(part.place, name)).finish(reading);
                    left = lengths.next().unwrap_or(usize::MAX);
                    continue;
                }
                let taken = left.saturating_mul(width).min(rest.len());
                let (now, later) = rest.split_at(taken);
                story.read(reading, &self.formatting, now, at, piece.is_wide, self.is_old());
                left -= taken.div_ceil(width).min(left);
                at += taken;
                rest = later;
            }
            if reading.is_over() || story.flow.is_over() {
                reading.unread(part.place, Reason::Limit);
                break;
            }
        }
        story.finish(reading);
        whole
    }

    fn is_old(&self) -> bool {
        u16_at(self.text, 2).is_some_and(|version| version < WORD_97)
    }
}

/// The piece table stands behind any number of property lists.
fn pieces(clx: &[u8]) -> Option<Vec<Piece>> {
    let mut at = 0;
    loop {
        match clx.get(at)? {
            1 => at += 3 + usize::from(u16_at(clx, at + 1)?),
            2 => break,
            _ => return None,
        }
    }
    let length = usize::try_from(u32_at(clx, at + 1)?).ok()?;
    let table = clx.get(at + 5..)?;
    let table = table.get(..length).unwrap_or(table);
    let count = table.len().checked_sub(4)? / 12;
    let piece = |index: usize| {
        let characters = u32_at(table, 4 * index + 4)?.checked_sub(u32_at(table, 4 * index)?)?;
        let position = u32_at(table, 4 * (count + 1) + 8 * index + 2)?;
        let is_wide = position & 0x4000_0000 == 0;
        let at = usize::try_from(position & 0x3fff_ffff).ok()?;
        let at = if is_wide { at } else { at / 2 };
        Some(Piece { characters: usize::try_from(characters).ok()?, at, is_wide })
    };
    Some((0..count).filter_map(piece).collect())
}

/// One of the documents, as it is read.
struct Story {
    place: Place,
    /// Whether it is not the text itself.
    is_beside: bool,
    flow: Flow,
    marks: Marks,
    /// Whether each open field is still in its code.
    fields: Vec<bool>,
    code: String,
    /// Where the last cell ended.
    cell_end: usize,
}

impl Story {
    fn new(file: &Place, name: Option<&str>) -> Self {
        let place = name.map_or_else(|| file.clone(), |name| file.inside(name));
        let flow = Flow::new(&place);
        Self {
            place,
            is_beside: name.is_some(),
            flow,
            marks: Marks::default(),
            fields: Vec::new(),
            code: String::new(),
            cell_end: 0,
        }
    }

    /// Reads a stretch of text that stands at `at` in the stream.
    fn read(
        &mut self,
        reading: &mut Reading<'_>,
        formatting: &Formatting,
        bytes: &[u8],
        at: usize,
        is_wide: bool,
        is_old: bool,
    ) {
        let width = if is_wide { 2 } else { 1 };
        let mut start = 0;
        while start < bytes.len() {
            let rest = bytes.get(start..).unwrap_or_default();
            // Up to the next mark, and no further than the same formatting goes.
            let (hidden, until) = formatting.run_at(at + start);
            let same = until.saturating_sub(at + start).min(rest.len()).next_multiple_of(width).max(width);
            let is_mark = |unit: &[u8]| unit.first().is_some_and(|&c| c < 0x20) && unit.get(1).is_none_or(|&c| c == 0);
            let units = rest.get(..same).unwrap_or(rest).chunks(width);
            let length = (units.take_while(|unit| !is_mark(unit)).count() * width).min(rest.len());
            if length > 0 {
                let run = rest.get(..length).unwrap_or_default();
                let text = match (is_wide, is_old) {
                    (true, _) => UTF_16LE.decode_without_bom_handling(run).0,
                    (false, false) => WINDOWS_1252.decode_without_bom_handling(run).0,
                    (false, true) => charset::text(run, None),
                };
                self.text(&text, hidden);
                start += length;
            } else {
                let mark = rest.first().copied().unwrap_or_default();
                self.mark(reading, mark, at + start, formatting.paragraph_at(at + start));
                start += width;
            }
        }
    }

    fn text(&mut self, text: &str, hidden: bool) {
        if self.fields.contains(&true) {
            self.code.push_str(text);
        } else {
            self.marks.text(text, hidden);
        }
    }

    fn mark(&mut self, reading: &mut Reading<'_>, mark: u8, at: usize, paragraph: Paragraph) {
        let depth = paragraph.depth;
        match mark {
            // Without formatting, the mark that follows a cell's directly is the row's.
            7 if paragraph.ends_row || (depth == 0 && self.cell_end > 0 && at - self.cell_end <= 2) => {
                self.marks.end_row(reading, &mut self.flow, depth, false);
                self.cell_end = 0;
            }
            7 => {
                self.marks.end_cell(reading, &mut self.flow, depth);
                self.cell_end = at;
            }
            b'\r' if paragraph.ends_inner_row => self.marks.end_row(reading, &mut self.flow, depth, false),
            b'\r' if paragraph.ends_inner_cell => self.marks.end_cell(reading, &mut self.flow, depth),
            b'\r' | 0x0c | 0x0e => self.marks.end_paragraph(reading, &mut self.flow, depth),
            0x09 => self.text("\t", false),
            0x0b => self.text("\n", false),
            0x1e => self.text("-", false),
            0x13 if self.fields.len() < FIELD_DEPTH => self.fields.push(true),
            0x14 => {
                if let Some(field) = self.fields.last_mut() {
                    *field = false;
                }
                self.end_code();
            }
            0x15 => {
                self.fields.pop();
                self.end_code();
            }
            _ => {}
        }
    }

    fn end_code(&mut self) {
        let code = std::mem::take(&mut self.code);
        if let Some(base) = ruby_base(&code) {
            self.marks.text(base, false);
        }
        self.flow.aside(&code);
    }

    fn finish(mut self, reading: &mut Reading<'_>) {
        self.end_code();
        self.marks.finish(reading, &mut self.flow);
        self.flow.finish(reading);
        // The text itself is the file, which is entered when all of it is read.
        if self.is_beside {
            reading.done(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_wide_or_narrow() {
        let mut clx = vec![1, 2, 0, 9, 9, 2];
        clx.extend(28u32.to_le_bytes());
        clx.extend([0u32, 3, 5].into_iter().flat_map(u32::to_le_bytes));
        for position in [0x100u32, 0x4000_0400] {
            clx.extend([0, 0]);
            clx.extend(position.to_le_bytes());
            clx.extend([0, 0]);
        }
        assert_eq!(
            pieces(&clx).unwrap(),
            [Piece { characters: 3, at: 0x100, is_wide: true }, Piece { characters: 2, at: 0x200, is_wide: false }]
        );
        assert_eq!(pieces(&[3]), None);
        assert_eq!(pieces(&[]), None);
    }
}
