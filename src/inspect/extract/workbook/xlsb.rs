//! The parts of a binary workbook (.xlsb): the same workbook as in `xlsx`, written as records ([MS-XLSB]).
//!
//! In: one part, as it is unpacked. Out: what its counterpart in XML gives: sheets and their states, formats, shared
//! strings, cells (those that leave out their column too), hidden rows and columns; of every other record the texts in
//! it, whatever the record is for. Strings are UTF-16 behind their length, so they are told from numbers without knowing
//! each of the six hundred records. Our own reader and not calamine's, because calamine passes over the short cells in
//! silence and panics on damaged records. Deliberately absent: formulas, but for the texts in them; looks.

use std::io::{BufReader, Read};

use encoding_rs::UTF_16LE;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::oddity;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::sweep;
use crate::inspect::extract::workbook::book::Book;
use crate::inspect::extract::workbook::looks::Palette;
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::{Place, Reason};

const ROW: u32 = 0;
const STRING_ITEM: u32 = 19;
const FONT: u32 = 43;
const NUMBER_FORMAT: u32 = 44;
const FILL: u32 = 45;
const CELL_FORMAT: u32 = 47;
const COLUMN: u32 = 60;
const RICH_CELL: u32 = 62;
const BEGIN_SHEET: u32 = 129;
const BOOK_PROPERTIES: u32 = 153;
const SHEET: u32 = 156;
const BEGIN_STRINGS: u32 = 159;
const BEGIN_DATA: u32 = 145;
const CELL_FORMATS: u32 = 617;
const CELL_FORMATS_END: u32 = 618;

/// Cells that leave out their column: it is the one behind the last. Their numbers are those of the others and this.
const SHORT: u32 = 11;

/// Less than this can hold nothing, as in `spans`.
const SHORTEST: usize = 8;

/// The longest record that is held.
const RECORD: usize = 16 << 20;

/// How much text beside the cells is gathered before it is handed over.
const BESIDE: usize = 4 << 20;

/// Whether a part consists of records, and of nothing else.
pub(crate) fn is_records(part: &[u8]) -> bool {
    let mut records = Records::new(part);
    let mut count = 0u32;
    while records.next() {
        count += 1;
    }
    count > 0 && !records.damaged
}

/// Whether a part of records is a sheet.
pub(crate) fn is_sheet(part: &[u8]) -> bool {
    let mut records = Records::new(part);
    records.next() && records.kind == BEGIN_SHEET
}

/// Whether a part of records is a table of strings.
pub(crate) fn is_strings(part: &[u8]) -> bool {
    let mut records = Records::new(part);
    records.next() && records.kind == BEGIN_STRINGS
}

/// Sheets with their names, whether they are hidden and the identifier of their relation; whether dates start in 1904.
pub(crate) fn sheets(part: &[u8]) -> (Vec<(String, bool, String)>, bool) {
    let (mut sheets, mut is_1904) = (Vec::new(), false);
    let mut records = Records::new(part);
    while records.next() {
        let data = records.data.as_slice();
        match records.kind {
            BOOK_PROPERTIES => is_1904 |= data.first().is_some_and(|flags| flags & 1 == 1),
            SHEET => {
                let hidden = u32_at(data, 0) != Some(0);
                let (relation, length) = string_at(data, 8).unwrap_or_default();
                let (name, _) = string_at(data, 8 + length).unwrap_or_default();
                sheets.push((name, hidden, relation));
            }
            _ => {}
        }
    }
    (sheets, is_1904)
}

/// The formats of the cells' styles.
pub(crate) fn formats(part: &[u8], most: usize) -> Vec<Format> {
    let (mut codes, mut formats, mut in_cells) = (std::collections::HashMap::new(), Vec::new(), false);
    let mut palette = Palette::default();
    let mut records = Records::new(part);
    while records.next() && formats.len() < most && codes.len() < most {
        let data = records.data.as_slice();
        match records.kind {
            NUMBER_FORMAT => {
                if let (Some(number), Some((code, _))) = (u16_at(data, 0), string_at(data, 2)) {
                    codes.insert(number, Format::of(&code));
                }
            }
            FONT => palette.font_record(data),
            FILL => palette.fill_record(data),
            CELL_FORMATS => in_cells = true,
            CELL_FORMATS_END => in_cells = false,
            CELL_FORMAT if in_cells => {
                let number = u16_at(data, 2).unwrap_or_default();
                let format = codes.get(&number).cloned().unwrap_or_else(|| Format::built_in(number.into()));
                let index = |at: usize| usize::from(u16_at(data, at).unwrap_or_default());
                formats.push(format.unseen(palette.hides(index(4), index(6))));
            }
            _ => {}
        }
    }
    formats
}

/// Reads the table of strings; what stopped it, if anything did.
pub(crate) fn read_strings(reading: &mut Reading<'_>, strings: &mut Strings, source: impl Read) -> Option<Reason> {
    let mut records = Records::new(source);
    while records.next() {
        let data = records.data.as_slice();
        if records.kind == STRING_ITEM {
            let (text, length) = string_at(data, 1).unwrap_or_default();
            if !strings.append(&text) || !strings.close() {
                return Some(Reason::Limit);
            }
            // Behind it the looks of its runs, and its reading.
            let (texts, others) = texts_of(records.kind, data.get(1 + length..).unwrap_or_default());
            strings.reading(&texts);
            strings.reading(&others);
        }
        if !reading.charge(data.len() as u64 + 2) {
            return Some(Reason::Limit);
        }
    }
    records.damaged.then_some(Reason::Damaged)
}

/// Reads a sheet that stands at `place`; `beside` is where texts that are no cells stand. What stopped it, if anything.
pub(crate) fn read_sheet(
    reading: &mut Reading<'_>,
    book: &mut Book,
    source: impl Read,
    place: &Place,
    beside: &Place,
) -> Option<Reason> {
    let mut records = Records::new(source);
    let mut sheet =
        Sheet { book, rows: Rows::default(), column: 0, texts: String::new(), unseen: String::new(), missing: false };
    let mut begun = false;
    let stopped = loop {
        if !records.next() {
            break None;
        }
        let (kind, data) = (records.kind, records.data.as_slice());
        if kind == BEGIN_DATA || (kind == ROW && !begun) {
            sheet.rows.begin(reading, place);
            begun = true;
        }
        let covered = sheet.record(reading, kind, data);
        if !covered || !reading.charge(data.len() as u64 + 2) {
            break Some(Reason::Limit);
        }
        if sheet.texts.len() + sheet.unseen.len() > BESIDE {
            sheet.rows.end(reading, &sheet.book.strings);
            sheet.hand_over_texts(reading, beside);
            sheet.rows.begin(reading, place);
        }
    };
    sheet.rows.end(reading, &sheet.book.strings);
    sheet.hand_over_texts(reading, beside);
    let damaged = records.damaged || (sheet.missing && sheet.book.strings_are_whole());
    stopped.or(damaged.then_some(Reason::Damaged))
}

/// All texts of a part.
pub(crate) fn text_of(part: &[u8]) -> String {
    let mut text = String::new();
    let mut records = Records::new(part);
    while records.next() {
        let (texts, others) = texts_of(records.kind, &records.data);
        text.push_str(&texts);
        text.push_str(&others);
    }
    text
}

/// The texts of a part that describes looks, as far as they are not what such a part needs.
pub(crate) fn odd_text_of(part: &[u8]) -> String {
    text_of(part).lines().filter(|line| oddity::is_odd(line)).fold(String::new(), |text, line| text + line + "\n")
}

struct Sheet<'b> {
    book: &'b mut Book,
    rows: Rows,
    /// Of the last cell, counted from one.
    column: u32,
    texts: String,
    /// What no program shows.
    unseen: String,
    missing: bool,
}

impl Sheet<'_> {
    fn hand_over_texts(&mut self, reading: &mut Reading<'_>, beside: &Place) {
        reading.text(beside, &std::mem::take(&mut self.texts));
        reading.text(&Place { hidden: true, ..beside.clone() }, &std::mem::take(&mut self.unseen));
    }

    /// False when the budget is used up.
    fn record(&mut self, reading: &mut Reading<'_>, kind: u32, data: &[u8]) -> bool {
        match kind {
            ROW => {
                let row = u32_at(data, 0).unwrap_or_default();
                let hidden = u16_at(data, 8) == Some(0) || data.get(11).is_some_and(|flags| flags & 0x10 != 0);
                self.rows.row(reading, &self.book.strings, row, hidden);
                self.column = 0;
                true
            }
            COLUMN => {
                let number = |at| u32_at(data, at).and_then(|n| usize::try_from(n).ok());
                let hidden = number(8) == Some(0) || data.get(16).is_some_and(|flags| flags & 1 == 1);
                if let (Some(first), Some(last), true) = (number(0), number(4), hidden) {
                    self.rows.hide_columns(first, last);
                }
                true
            }
            1..=11 | RICH_CELL => {
                self.column = u32_at(data, 0).unwrap_or_default().saturating_add(1);
                self.cell(reading, kind, u32_at(data, 4).unwrap_or_default(), data.get(8..).unwrap_or_default())
            }
            12..=18 => {
                self.column = self.column.saturating_add(1);
                let style = u32_at(data, 0).unwrap_or_default();
                self.cell(reading, kind - SHORT, style, data.get(4..).unwrap_or_default())
            }
            _ => {
                let (texts, others) = texts_of(kind, data);
                self.texts.push_str(&texts);
                self.unseen.push_str(&others);
                true
            }
        }
    }

    fn cell(&mut self, reading: &mut Reading<'_>, kind: u32, style: u32, value: &[u8]) -> bool {
        let column = self.column.saturating_sub(1);
        let strings = &mut self.book.strings;
        let format = usize::try_from(style & 0x00ff_ffff).ok().and_then(|style| self.book.formats.get(style));
        let hides_texts = format.is_some_and(Format::hides_texts);
        if matches!(kind, 8..=11) {
            // The text of a formula's result is no text in the formula.
            let from = if kind == 8 { string_at(value, 0).map_or(0, |(_, length)| length) } else { 0 };
            self.texts.push_str(&literals(value.get(from..).unwrap_or_default()));
        }
        self.unseen.push_str(&behind_value(kind, value));
        let number = match kind {
            2 => u32_at(value, 0).map(packed),
            5 | 9 => value.get(..8).and_then(|bytes| bytes.try_into().ok()).map(f64::from_le_bytes),
            _ => None,
        };
        match (kind, number) {
            (_, Some(number)) => {
                let hidden = format.is_some_and(Format::hides_numbers);
                let is_1904 = self.book.is_1904;
                let write = |text: &mut String| format.unwrap_or(&Format::default()).write(number, is_1904, text);
                self.rows.push(reading, strings, (column, hidden), write)
            }
            (4 | 10, _) => {
                let truth = if value.first() == Some(&0) { "FALSE" } else { "TRUE" };
                self.rows.push(reading, strings, (column, false), |text| text.push_str(truth))
            }
            (7, _) => {
                let index = u32_at(value, 0).and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
                self.missing |= !strings.mark(index);
                self.rows.push_shared(reading, strings, (column, hides_texts), index)
            }
            (6 | 8 | RICH_CELL, _) => {
                let (text, _) = string_at(value, usize::from(kind == RICH_CELL)).unwrap_or_default();
                self.rows.push(reading, strings, (column, hides_texts), |to| to.push_str(&text))
            }
            _ => reading.take_cell(),
        }
    }
}

/// What stands behind a cell's value, where nothing should, or a formula or the looks of runs.
fn behind_value(kind: u32, value: &[u8]) -> String {
    let length = match kind {
        2 | 7 => 4,
        3 | 4 => 1,
        5 => 8,
        6 | 8 => {
            u32_at(value, 0).and_then(|count| usize::try_from(count).ok()?.checked_mul(2)?.checked_add(4)).unwrap_or(0)
        }
        RICH_CELL => {
            u32_at(value, 1).and_then(|count| usize::try_from(count).ok()?.checked_mul(2)?.checked_add(5)).unwrap_or(0)
        }
        _ => 0,
    };
    let rest = value.get(length..).filter(|rest| rest.len() >= SHORTEST);
    rest.map(sweep::odd_text).unwrap_or_default()
}

/// A number in four bytes: an integer of 30 bits or the upper half of a float, perhaps times 100.
pub(crate) fn packed(word: u32) -> f64 {
    let number = if word & 2 == 2 {
        f64::from(word.cast_signed() >> 2)
    } else {
        f64::from_bits(u64::from(word & 0xffff_fffc) << 32)
    };
    if word & 1 == 1 { number / 100.0 } else { number }
}

/// A string with its length before it in four bytes, and how long both are.
fn string_at(data: &[u8], at: usize) -> Option<(String, usize)> {
    let count = u32_at(data, at)?;
    if count == u32::MAX {
        return Some((String::new(), 4));
    }
    let length = usize::try_from(count).ok()?.checked_mul(2)?;
    let wide = data.get(at.checked_add(4)?..)?;
    // What is cut off is not there; the rest is read.
    let wide = wide.get(..length).unwrap_or(wide);
    Some((UTF_16LE.decode_without_bom_handling(wide).0.into_owned(), wide.len() + 4))
}

/// All texts in a record: strings behind their lengths; and what else says something, which of a record that nobody knows
/// is all that may be text.
fn texts_of(kind: u32, data: &[u8]) -> (String, String) {
    let mut others = String::new();
    let text = texts(data, &mut |gap| {
        others.push_str(&if is_known(kind) { sweep::odd_text(gap) } else { sweep::text(gap) });
    });
    (text, others)
}

/// The numbers that the format gives to records, up to the Excel of today.
fn is_known(kind: u32) -> bool {
    matches!(kind, 0..=699 | 1024..=1199 | 2048..=2299 | 3072..=3099 | 4096..=4129 | 5090..=5199)
}

/// The texts in a record that may hold anything, a line each; what stands between them goes to `between`.
fn texts(data: &[u8], between: &mut dyn FnMut(&[u8])) -> String {
    let mut text = String::new();
    let (mut at, mut end) = (0, 0);
    while at + 6 <= data.len() {
        let long = u32_at(data, at).map(|count| (count, 4)).filter(|&(count, _)| count >= 2);
        let short = u16_at(data, at).map(|count| (u32::from(count), 2)).filter(|&(count, _)| count >= 4);
        let found = [long, short].into_iter().flatten().find_map(|(count, width)| {
            let length = usize::try_from(count).ok()?.checked_mul(2)?;
            let wide = data.get(at + width..)?.get(..length)?;
            Some((plausible(wide)?, width + length))
        });
        match found {
            Some((found, length)) => {
                text.push_str(&found);
                text.push('\n');
                between(data.get(end..at).unwrap_or_default());
                at += length;
                end = at;
            }
            None => at += 1,
        }
    }
    between(data.get(end..).unwrap_or_default());
    text
}

/// The texts in a formula: each behind the sign for a text and its length.
fn literals(formula: &[u8]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(found) = formula.get(at..).and_then(|rest| memchr::memchr(0x17, rest)) {
        at += found + 1;
        let length =
            u16_at(formula, at).map(|count| usize::from(count) * 2).filter(|&length| (8..=1_000).contains(&length));
        let wide = length.and_then(|length| formula.get(at + 2..)?.get(..length));
        if let Some(found) = wide.and_then(plausible) {
            text.push_str(&found);
            text.push('\n');
        }
    }
    text
}

/// UTF-16 that is text and no numbers.
fn plausible(wide: &[u8]) -> Option<String> {
    let units = wide.chunks_exact(2).filter_map(|unit| u16_at(unit, 0));
    let is_text = |unit: u16| unit >= 0x20 || matches!(unit, 9 | 10 | 13);
    if !units.clone().all(is_text) {
        return None;
    }
    let text = String::from_utf16(&units.collect::<Vec<u16>>()).ok()?;
    // From the wrong byte on, ASCII looks like Chinese.
    let turned = text.chars().filter(|&c| u32::from(c) & 0xff == 0).count();
    (turned * 2 < text.chars().count()).then_some(text)
}

/// Type and length are numbers of seven bits a byte, of at most two and four bytes; the type keeps its marker bits off.
struct Records<R> {
    source: BufReader<R>,
    kind: u32,
    data: Vec<u8>,
    damaged: bool,
}

impl<R: Read> Records<R> {
    fn new(source: R) -> Self {
        Self { source: BufReader::with_capacity(64 << 10, source), kind: 0, data: Vec::new(), damaged: false }
    }

    /// Goes to the next record; false at the end, or where it breaks off.
    fn next(&mut self) -> bool {
        let Some(kind) = self.number(2) else { return false };
        let length = self.number(4).and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|&length| length <= RECORD) else {
            self.damaged = true;
            return false;
        };
        self.kind = kind;
        self.data.clear();
        let read = (&mut self.source).take(length as u64).read_to_end(&mut self.data);
        self.damaged |= read.is_err() || self.data.len() < length;
        // Of a record that is cut off, the rest is still read.
        !self.data.is_empty() || length == 0
    }

    fn number(&mut self, longest: u32) -> Option<u32> {
        let mut value = 0;
        for at in 0..longest {
            let mut byte = [0];
            if let Err(error) = self.source.read_exact(&mut byte) {
                self.damaged |= at > 0 || error.kind() != std::io::ErrorKind::UnexpectedEof;
                return None;
            }
            value |= u32::from(byte[0] & 0x7f) << (7 * at);
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn string(text: &str) -> Vec<u8> {
        [&u32::try_from(text.encode_utf16().count()).unwrap().to_le_bytes()[..], &wide(text)].concat()
    }

    #[test]
    fn texts_are_told_from_numbers() {
        let record =
            [&[7, 0, 0, 0, 1, 0][..], &string("社外秘"), &[0, 0, 9, 9], &string("山田 花子"), &[1, 2]].concat();
        assert_eq!(texts(&record, &mut |_| ()), "社外秘\n山田 花子\n");
        let formula = [&[0x44, 0x17, 0x01, 0x17, 4, 0][..], &wide("秘密の話"), &[0x17, 2, 0, 65, 0, 66, 0]].concat();
        assert_eq!(literals(&formula), "秘密の話\n");
    }

    #[test]
    fn records_are_told_from_anything_else() {
        let part = [&[0x81, 0x01, 0][..], &[0xdf, 0x03, 20], &[3; 20]].concat();
        assert!(is_records(&part) && is_sheet(&part) && !is_strings(&part));
        assert!(!is_records(&part[..part.len() - 1]) && !is_records(b"") && !is_records(b"<?xml version='1.0'?>"));
    }

    #[test]
    fn packed_numbers() {
        assert_eq!(
            (packed(0x3ff0_0000), packed(1234 << 2 | 2), packed((-5i32 << 2 | 3).cast_unsigned())),
            (1.0, 1234.0, -0.05)
        );
    }
}
