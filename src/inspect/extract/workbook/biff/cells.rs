//! The cells of an old workbook, and the texts of its other records.
//!
//! In: one record. Out: a cell in the row that is open, or text beside the cells. Deliberately absent: calculating.

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::sweep;
use crate::inspect::extract::workbook::biff::strings::{Script, letters_of};
use crate::inspect::extract::workbook::biff::{Book, Record, Sub};
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::xlsb;

/// A text in a formula that is shorter says nothing.
const LITERAL: usize = 4;

/// What a cell shows.
enum Value {
    Number(f64),
    Text(String),
    Shared(usize),
    Nothing,
}

impl Book<'_> {
    /// Reads a record that is a cell or has texts; false when the budget is used up.
    pub(super) fn cell(&mut self, reading: &mut Reading<'_>, record: &Record<'_>) -> bool {
        let data = record.data;
        let (Some(row), Some(column), Some(style)) = (u16_at(data, 0), u16_at(data, 2), u16_at(data, 4)) else {
            self.beside(record);
            return true;
        };
        // Excel 2 has three bytes of looks in place of a style.
        let is_first = matches!(record.kind, 0x0002..=0x0006) && self.script != Script::Unicode;
        let looks = data.get(4).map_or(0, |looks| u16::from(looks & 0x3f));
        let (style, value) =
            if is_first && record.kind != 0x0006 { (looks, data.get(7..)) } else { (style, data.get(6..)) };
        let value = value.unwrap_or_default();
        let value = match record.kind {
            0x0002 => u16_at(value, 0).map_or(Value::Nothing, |number| Value::Number(number.into())),
            0x0003 | 0x0203 => float(value),
            0x0004 => Value::Text(self.script.string(value, 1)),
            0x0005 | 0x0205 => truth(value),
            0x0006 | 0x0206 | 0x0406 => return self.formula(reading, data, (row, column, style)),
            0x0007 | 0x0207 => {
                let Some((row, column, style)) = self.waiting.take() else { return true };
                let width = if record.kind == 0x0007 { 1 } else { 2 };
                let text = Value::Text(self.script.string(data, width));
                return self.push(reading, (row, column, style), text);
            }
            0x0008 | 0x0208 => {
                self.row(data);
                return true;
            }
            0x007d => {
                self.columns(data);
                return true;
            }
            0x027e => u32_at(value, 0).map_or(Value::Nothing, |word| Value::Number(xlsb::packed(word))),
            0x00bd => return self.packed_row(reading, data, (row, column)),
            0x00fd => match u32_at(value, 0).and_then(|index| usize::try_from(index).ok()) {
                Some(index) => Value::Shared(index),
                None => Value::Nothing,
            },
            0x0204 | 0x00d6 => Value::Text(self.script.string(value, 2)),
            _ => {
                self.beside(record);
                return true;
            }
        };
        self.push(reading, (row, column, style), value)
    }

    fn push(&mut self, reading: &mut Reading<'_>, (row, column, style): (u16, u16, u16), value: Value) -> bool {
        if self.open.last() == Some(&Sub::Chart) || self.open.last() == Some(&Sub::Globals) {
            // A chart's memory of the cells it was made from, and cells where none should be.
            match value {
                Value::Number(number) => Format::default().write(number, false, &mut self.texts),
                Value::Text(text) => self.texts.push_str(&text),
                Value::Shared(index) => self.texts.push_str(self.strings.at(index).unwrap_or_default()),
                Value::Nothing => {}
            }
            self.texts.push('\n');
            return reading.take_cell();
        }
        if self.rows.number() != u32::from(row) || self.hidden_rows.contains(&row) {
            self.rows.row(reading, &self.strings, row.into(), self.hidden_rows.contains(&row));
        }
        let format = self.formats.get(usize::from(style));
        let hides_texts = format.is_some_and(Format::hides_texts);
        let column = u32::from(column);
        match value {
            Value::Number(number) => {
                let hidden = format.is_some_and(Format::hides_numbers);
                let write = |text: &mut String| format.unwrap_or(&Format::default()).write(number, self.is_1904, text);
                self.rows.push(reading, &self.strings, (column, hidden), write)
            }
            Value::Text(text) => {
                self.rows.push(reading, &self.strings, (column, hides_texts), |to| to.push_str(&text))
                    && reading.charge(text.len() as u64)
            }
            Value::Shared(index) => {
                self.strings.mark(index);
                self.rows.push_shared(reading, &self.strings, (column, hides_texts), index)
            }
            Value::Nothing => reading.take_cell(),
        }
    }

    fn formula(&mut self, reading: &mut Reading<'_>, data: &[u8], cell: (u16, u16, u16)) -> bool {
        // Excel 2's looks are a byte longer than a style.
        let result = data.get(6..14).unwrap_or_default();
        self.literals(data.get(16..).unwrap_or_default());
        let value = match (result.get(6..8), result.first()) {
            (Some([0xff, 0xff]), Some(0)) => {
                self.waiting = Some(cell);
                return true;
            }
            (Some([0xff, 0xff]), Some(1)) => truth(result.get(2..).unwrap_or_default()),
            (Some([0xff, 0xff]), _) => Value::Nothing,
            _ => float(result),
        };
        self.push(reading, cell, value)
    }

    /// Many numbers of one row in one record.
    fn packed_row(&mut self, reading: &mut Reading<'_>, data: &[u8], (row, first): (u16, u16)) -> bool {
        let cells = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
        for (column, cell) in (first..).zip(cells.chunks_exact(6)) {
            let (Some(style), Some(word)) = (u16_at(cell, 0), u32_at(cell, 2)) else { break };
            if !self.push(reading, (row, column, style), Value::Number(xlsb::packed(word))) {
                return false;
            }
        }
        true
    }

    fn row(&mut self, data: &[u8]) {
        let no_height = u16_at(data, 6).is_some_and(|height| height & 0x7fff == 0);
        let is_hidden = no_height || data.get(12).is_some_and(|flags| flags & 0x20 != 0);
        if let (Some(row), true) = (u16_at(data, 0), is_hidden) {
            self.hidden_rows.insert(row);
        }
    }

    fn columns(&mut self, data: &[u8]) {
        let number = |at| u16_at(data, at).map(usize::from);
        let is_hidden = number(4) == Some(0) || data.get(8).is_some_and(|flags| flags & 1 == 1);
        if let (Some(first), Some(last), true) = (number(0), number(2), is_hidden) {
            self.rows.hide_columns(first, last);
        }
    }

    /// The texts in a formula: each behind the sign for a text and its length.
    fn literals(&mut self, formula: &[u8]) {
        for at in memchr::memchr_iter(0x17, formula) {
            let Some(text) = formula.get(at + 1..) else { continue };
            let length = text.first().map_or(0, |&length| usize::from(length));
            if length < LITERAL || (self.script == Script::Unicode && text.get(1).is_none_or(|flags| flags & !1 != 0)) {
                continue;
            }
            let found = self.script.string(text, 1);
            if found.chars().count() == length && !found.chars().any(|c| c.is_control() || c == '\u{fffd}') {
                self.texts.push_str(&found);
                self.texts.push('\n');
            }
        }
    }

    /// The texts of a record that is no cell. Where a string stands is known of some; the others are searched.
    fn beside(&mut self, record: &Record<'_>) {
        let data = record.data;
        let from = |at: usize| data.get(at..).unwrap_or_default();
        let is_unicode = self.script == Script::Unicode;
        let width = if is_unicode { 2 } else { 1 };
        let known = match record.kind {
            // HEADER, FOOTER.
            0x0014 | 0x0015 => Some(self.script.string(data, width)),
            // NOTE: row, column, flags, object, author; before Excel 97 the text.
            0x001c if is_unicode => Some(self.script.string(from(8), 2)),
            0x001c => Some(self.script.decode(from(6)).into_owned()),
            // WRITEACCESS: who saved it last.
            0x005c => Some(self.script.string(data, width)),
            _ => None,
        };
        self.texts.push_str(known.as_deref().unwrap_or_default());
        self.texts.push('\n');
        match known {
            Some(_) => {}
            None if is_unicode => {
                self.strings_in(data);
                self.texts.push_str(&sweep::wide_text(data));
            }
            None => self.texts.push_str(&sweep::text(data)),
        }
    }

    /// Strings with their length and flags before them, so that letters of one byte beside such of two are told apart.
    fn strings_in(&mut self, data: &[u8]) {
        let mut at = 0;
        while let (Some(length), Some(&flags)) = (u16_at(data, at), data.get(at + 2)) {
            let length = usize::from(length);
            let is_wide = flags == 1;
            let needed = if is_wide { length * 2 } else { length };
            let letters = data.get(at + 3..at + 3 + needed).filter(|_| flags <= 1 && length >= LITERAL);
            let found = letters.map(|letters| letters_of(letters, flags, length).0);
            match found.filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace())) {
                Some(text) => {
                    self.texts.push_str(&text);
                    self.texts.push('\n');
                    at += 3 + needed;
                }
                None => at += 1,
            }
        }
    }
}

fn float(bytes: &[u8]) -> Value {
    bytes.first_chunk::<8>().map_or(Value::Nothing, |bytes| Value::Number(f64::from_le_bytes(*bytes)))
}

/// A truth value, or an error, which says nothing.
fn truth(value: &[u8]) -> Value {
    match value {
        [_, 1, ..] | [] => Value::Nothing,
        [0, ..] => Value::Text("FALSE".to_owned()),
        _ => Value::Text("TRUE".to_owned()),
    }
}
