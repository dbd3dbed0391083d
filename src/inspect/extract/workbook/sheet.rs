//! One sheet of an .xlsx, in one pass while it is unpacked.
//!
//! In: the sheet's XML and what the book knows (strings, formats). Out: the cells as a table, with what is out of sight
//! marked (rows and columns that are hidden, filtered away or of no size, formats that show nothing, single runs of a text
//! that are white or dots, which stand at their cell as text), and everything
//! beside the cells as text: headers, footers, prompts, lists, links, names of ranges, formulas of rules, texts inside
//! formulas, what the XML has beside elements, attributes that no cell has if they say something. A formula without a stored result is shown itself. Places that cells claim cost
//! nothing: two cells in opposite corners are two cells. Deliberately absent: calculating, looks.

use std::io::Read;
use std::ops::Range;

use crate::inspect::extract::oddity::is_odd;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::workbook::book::{Book, is_true};
use crate::inspect::extract::workbook::conditions::Conditions;
use crate::inspect::extract::workbook::looks::{self, Runs};
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::xml::{Attributes, Event, Plain};
use crate::inspect::extract::xml_stream::Stream;
use crate::inspect::{Place, Reason};

/// How much text beside the cells is gathered before it is handed over.
const BESIDE: usize = 64 << 10;

/// Inside the cells it waits longer, since handing it over parts the table.
const BESIDE_IN_DATA: usize = 4 << 20;

/// The longest text of one cell that is held; Excel's is 32,767 characters.
const CELL: usize = 1 << 20;

/// How many events go by between two looks at the budget.
const EVENTS: u32 = 256;

/// A text in a formula that is shorter says nothing.
const LITERAL: usize = 4;

/// Reads a sheet that stands at `place`; `beside` is where texts that are no cells stand. What stopped it, if anything.
pub(crate) fn read(
    reading: &mut Reading<'_>,
    book: &mut Book,
    source: impl Read,
    (place, beside): (&Place, &Place),
    conditions: Conditions,
) -> Option<Reason> {
    let mut stream = Stream::new(source);
    let mut sheet = Sheet::new(book, place, beside);
    sheet.conditions = conditions;
    let mut count = 0u32;
    let stopped = loop {
        let Some(event) = stream.next() else { break None };
        if !sheet.event(reading, &event) {
            break Some(Reason::Limit);
        }
        count = count.wrapping_add(1);
        let overtime = count.is_multiple_of(65_536) && reading.is_over();
        if count.is_multiple_of(EVENTS) && (overtime || !reading.charge(stream.unpacked())) {
            break Some(Reason::Limit);
        }
    };
    sheet.end_data(reading);
    reading.text(beside, &sheet.texts.take());
    sheet.unseen.push_str(&stream.take_comments());
    sheet.hand_over_unseen(reading);
    let covered = reading.charge(stream.unpacked()) && !stream.declares_entities();
    let damaged = stream.is_damaged() || (sheet.missing && sheet.book.strings_are_whole());
    stopped.or((!covered).then_some(Reason::Limit)).or(damaged.then_some(Reason::Damaged))
}

struct Sheet<'b> {
    book: &'b mut Book,
    place: &'b Place,
    beside: &'b Place,
    rows: Rows,
    texts: Plain,
    /// What no program shows.
    unseen: String,
    /// What cells hide in runs of their text: row, column, and the text.
    apart: Vec<(u32, u32, String)>,
    /// How many bytes those texts have.
    apart_bytes: usize,
    runs: Runs,
    conditions: Conditions,
    in_data: bool,
    next_row: u32,
    next_column: u32,
    cell: Cell,
    /// Where character data belongs.
    target: Target,
    in_reading: u32,
    /// A cell asked for a string that is not there.
    missing: bool,
}

/// The open cell.
#[derive(Default)]
struct Cell {
    column: u32,
    style: usize,
    kind: Kind,
    value: String,
    /// Whether a value is stored, be it an empty one.
    is_stored: bool,
    formula: String,
    /// Runs of the value that are not seen on paper.
    unseen: Vec<Range<usize>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Number,
    Shared,
    Text,
    Truth,
    Error,
    Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Value,
    Formula,
    Beside,
}

impl<'b> Sheet<'b> {
    fn new(book: &'b mut Book, place: &'b Place, beside: &'b Place) -> Self {
        Self {
            book,
            place,
            beside,
            rows: Rows::default(),
            texts: Plain::default(),
            unseen: String::new(),
            apart: Vec::new(),
            apart_bytes: 0,
            runs: Runs::default(),
            conditions: Conditions::default(),
            in_data: false,
            next_row: 0,
            next_column: 0,
            cell: Cell::default(),
            target: Target::Beside,
            in_reading: 0,
            missing: false,
        }
    }

    /// False when the budget is used up.
    fn event(&mut self, reading: &mut Reading<'_>, event: &Event<'_>) -> bool {
        if self.in_data {
            if self.cell.kind == Kind::Text {
                let run = self.runs.event(event, self.cell.value.len());
                self.cell.unseen.extend(run);
            }
            return match event {
                Event::Start { name, attributes } => self.start(reading, name, *attributes, event),
                Event::End { name } => self.end(reading, name, event),
                Event::Text(text) => {
                    self.text(text, event);
                    true
                }
            };
        }
        match event {
            Event::Start { name: "sheetData", attributes } => {
                attributes.iter().for_each(|(_, value)| note_odd(&mut self.unseen, &value));
                reading.text(self.beside, &self.texts.take());
                self.rows.begin(reading, self.place);
                (self.in_data, self.next_row) = (true, 0);
            }
            Event::Start { name: "col", attributes } => self.columns(*attributes),
            _ => {
                self.texts.event(event);
                if self.texts.len() > BESIDE {
                    reading.text(self.beside, &self.texts.take());
                }
            }
        }
        true
    }

    fn columns(&mut self, attributes: Attributes<'_>) {
        let value = |name: &str| attributes.value(name);
        let number = |name: &str| value(name).and_then(|value| value.parse::<usize>().ok());
        let no_width = value("width").and_then(|width| width.parse::<f64>().ok()).is_some_and(|width| width <= 0.0);
        if (no_width || value("hidden").is_some_and(|hidden| is_true(&hidden)))
            && let (Some(first), Some(last)) = (number("min"), number("max"))
        {
            self.rows.hide_columns(first.saturating_sub(1), last.saturating_sub(1));
        }
        attributes.iter().for_each(|(_, value)| note_odd(&mut self.unseen, &value));
    }

    fn start(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>, event: &Event<'_>) -> bool {
        match name {
            "c" => {
                self.start_cell(attributes);
                return true;
            }
            "row" => {
                self.start_row(reading, attributes);
                return true;
            }
            "v" | "t" => (self.target, self.cell.is_stored) = (Target::Value, true),
            "f" => self.target = Target::Formula,
            "is" | "r" => {}
            "rPh" => self.in_reading += 1,
            _ => {
                self.texts.event(event);
                return true;
            }
        }
        if !attributes.is_empty() {
            attributes.iter().for_each(|(_, value)| note_odd(&mut self.unseen, &value));
        }
        true
    }

    fn start_row(&mut self, reading: &mut Reading<'_>, attributes: Attributes<'_>) {
        let (mut row, mut hidden) = (self.next_row, false);
        for (name, value) in attributes.iter() {
            match name {
                "r" => row = value.parse().map_or(row, |row: u32| row.saturating_sub(1)),
                "hidden" => hidden |= is_true(&value),
                "ht" => hidden |= value.parse::<f64>().is_ok_and(|height| height <= 0.0),
                _ => {}
            }
            note_odd(&mut self.unseen, &value);
        }
        self.rows.row(reading, &self.book.strings, row, hidden);
        (self.next_row, self.next_column) = (row.saturating_add(1), 0);
    }

    fn start_cell(&mut self, attributes: Attributes<'_>) {
        let cell = &mut self.cell;
        cell.value.clear();
        cell.formula.clear();
        cell.unseen.clear();
        (cell.column, cell.style, cell.kind, cell.is_stored) = (self.next_column, 0, Kind::Number, false);
        for (name, value) in attributes.iter() {
            match name {
                "r" => cell.column = column(&value).unwrap_or(cell.column),
                "s" => cell.style = value.parse().unwrap_or_default(),
                "t" => {
                    cell.kind = match &*value {
                        "s" => Kind::Shared,
                        "str" | "inlineStr" => Kind::Text,
                        "b" => Kind::Truth,
                        "e" => Kind::Error,
                        "d" => Kind::Date,
                        _ => Kind::Number,
                    };
                }
                _ => {}
            }
            note_odd(&mut self.unseen, &value);
        }
        self.next_column = cell.column.saturating_add(1);
    }

    fn text(&mut self, text: &str, event: &Event<'_>) {
        let room = |held: &String| held.len() + text.len() <= CELL;
        match self.target {
            Target::Value if self.in_reading == 0 && room(&self.cell.value) => self.cell.value.push_str(text),
            Target::Formula if room(&self.cell.formula) => self.cell.formula.push_str(text),
            Target::Beside if text.trim_ascii().is_empty() => {}
            _ => self.texts.event(event),
        }
    }

    fn end(&mut self, reading: &mut Reading<'_>, name: &str, event: &Event<'_>) -> bool {
        match name {
            "v" | "t" | "f" => self.target = Target::Beside,
            "c" => return self.end_cell(reading),
            "row" | "is" | "r" => {}
            "rPh" => self.in_reading = self.in_reading.saturating_sub(1),
            "sheetData" => self.end_data(reading),
            _ => self.texts.event(event),
        }
        if self.texts.len() + self.unseen.len() + self.apart_bytes > BESIDE_IN_DATA {
            let row = self.rows.number();
            self.end_data(reading);
            reading.text(self.beside, &self.texts.take());
            self.hand_over_unseen(reading);
            self.rows.begin(reading, self.place);
            self.rows.row(reading, &self.book.strings, row, false);
            self.in_data = true;
        }
        true
    }

    fn hand_over_unseen(&mut self, reading: &mut Reading<'_>) {
        reading.text(&Place { hidden: true, ..self.beside.clone() }, &std::mem::take(&mut self.unseen));
        self.apart_bytes = 0;
        for (row, column, text) in std::mem::take(&mut self.apart) {
            let path = format!("{}!{}{}", self.place.path, letters(column), u64::from(row) + 1);
            reading.text(&Place { path, hidden: true, ..self.place.clone() }, &text);
        }
    }

    /// Puts a cell of which a part is not seen; false when the budget is used up.
    fn parted(&mut self, reading: &mut Reading<'_>, (seen, unseen): (String, String)) -> bool {
        let column = self.cell.column;
        let charged = reading.charge((seen.len() + unseen.len()) as u64);
        if seen.trim().is_empty() {
            return charged
                && self
                    .rows
                    .push(reading, &self.book.strings, (column, true), |text| text.push_str(&(seen + &unseen)));
        }
        self.apart_bytes += unseen.len();
        self.apart.push((self.rows.number(), column, unseen));
        charged && self.rows.push(reading, &self.book.strings, (column, false), |text| text.push_str(&seen))
    }

    fn end_data(&mut self, reading: &mut Reading<'_>) {
        if self.in_data {
            self.rows.end(reading, &self.book.strings);
            self.in_data = false;
        }
    }

    /// What is seen of the open cell's text, and what is not, if single runs of it are not.
    fn parts(&mut self) -> Option<(String, String)> {
        match self.cell.kind {
            Kind::Shared => {
                let index = self.cell.value.trim_ascii().parse().ok()?;
                let parts = self.book.strings.parted(index)?;
                self.book.strings.mark(index);
                Some(parts)
            }
            Kind::Text if !self.cell.unseen.is_empty() => Some(looks::parted(&self.cell.value, &self.cell.unseen)),
            _ => None,
        }
    }

    fn end_cell(&mut self, reading: &mut Reading<'_>) -> bool {
        self.target = Target::Beside;
        let format = self.book.formats.get(self.cell.style);
        let (mut hides_numbers, mut hides_texts) = self.conditions.hide(self.rows.number(), self.cell.column, format);
        hides_numbers |= format.is_some_and(Format::hides_numbers);
        hides_texts |= format.is_some_and(Format::hides_texts);
        let on_paper = !format.is_some_and(Format::is_painted);
        if let Some(parts) = (on_paper && !hides_texts).then(|| self.parts()).flatten() {
            return self.parted(reading, parts);
        }
        let format = self.book.formats.get(self.cell.style);
        let (cell, strings) = (&self.cell, &mut self.book.strings);
        if !cell.is_stored && !cell.formula.is_empty() {
            return self.rows.push(reading, strings, (cell.column, hides_texts), |text| {
                text.push('=');
                text.push_str(&cell.formula);
            });
        }
        if cell.formula.contains('"') {
            literals(&cell.formula).for_each(|literal| self.texts.line(literal));
        }
        let value = cell.value.as_str();
        match cell.kind {
            _ if value.is_empty() => reading.take_cell(),
            Kind::Shared => {
                let index = value.trim_ascii().parse().unwrap_or(usize::MAX);
                self.missing |= !strings.mark(index);
                self.rows.push_shared(reading, strings, (cell.column, hides_texts), index)
            }
            Kind::Text => self.rows.push(reading, strings, (cell.column, hides_texts), |text| text.push_str(value)),
            Kind::Truth => {
                let truth = if is_true(value) { "TRUE" } else { "FALSE" };
                self.rows.push(reading, strings, (cell.column, false), |text| text.push_str(truth))
            }
            Kind::Error if value.starts_with('#') && value.is_ascii() => reading.take_cell(),
            // No error that a program knows; whatever it is, it is read.
            Kind::Error => self.rows.push(reading, strings, (cell.column, false), |text| text.push_str(value)),
            Kind::Date => {
                let date = value.trim_end_matches("T00:00:00");
                self.rows.push(reading, strings, (cell.column, hides_texts), |text| text.push_str(date))
            }
            Kind::Number => {
                let is_1904 = self.book.is_1904;
                self.rows.push(reading, strings, (cell.column, hides_numbers), |text| {
                    let is_plain = format.is_none_or(|format| format.is_plain());
                    let is_whole = value.len() <= 15 && value.bytes().all(|c| c.is_ascii_digit());
                    match value.trim_ascii().parse() {
                        _ if is_plain && is_whole => text.push_str(value),
                        Ok(number) => format.unwrap_or(&Default::default()).write(number, is_1904, text),
                        // No number at all; whatever it is, it is read.
                        Err(_) => text.push_str(value),
                    }
                })
            }
        }
    }
}

/// Puts aside what no attribute of a cell or a row needs to say.
fn note_odd(unseen: &mut String, value: &str) {
    if is_odd(value) {
        unseen.push_str(value);
        unseen.push('\n');
    }
}

/// The texts in a formula.
pub(crate) fn literals(formula: &str) -> impl Iterator<Item = &str> {
    formula.split('"').skip(1).step_by(2).filter(|literal| literal.chars().nth(LITERAL - 1).is_some())
}

/// The column of `AB12`.
pub(crate) fn column(reference: &str) -> Option<u32> {
    let mut column = 0u32;
    for c in reference.bytes().filter(|&c| c != b'$').take_while(u8::is_ascii_alphabetic) {
        column = column.checked_mul(26)?.checked_add(u32::from(c.to_ascii_uppercase() - b'A') + 1)?;
    }
    column.checked_sub(1)
}

/// A column as people write it.
pub(crate) fn letters(column: u32) -> String {
    let mut letters = String::new();
    let mut rest = column.saturating_add(1);
    while rest > 0 {
        rest -= 1;
        letters.insert(0, char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_from_references() {
        let cases =
            [("A1", Some(0)), ("Z9", Some(25)), ("aa1", Some(26)), ("$XFD$1048576", Some(16_383)), ("12", None)];
        for (reference, expected) in cases {
            assert_eq!(column(reference), expected, "{reference}");
            if let Some(column) = expected {
                let found = reference.replace('$', "").to_ascii_uppercase();
                assert_eq!(found.trim_end_matches(|c: char| c.is_ascii_digit()), letters(column));
            }
        }
        assert_eq!(column(&"Z".repeat(40)), None);
    }

    #[test]
    fn texts_in_formulas_are_found() {
        let found: Vec<&str> = literals("IF(A1=\"\",\"090-1234-5678\",\"山田 花子\")&\"x").collect();
        assert_eq!(found, ["090-1234-5678", "山田 花子"]);
    }
}
