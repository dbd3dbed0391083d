//! Workbooks of Excel 2002 and 2003 that are one XML document (SpreadsheetML), which many systems export as `.xls`.
//!
//! In: the document's bytes. Out: every sheet as a table, in its state, hidden rows and columns marked, numbers under
//! their formats; comments at their cells, everything else as text. Whether a sheet is hidden stands behind its cells,
//! so the document is gone through twice. Deliberately absent: calculating, looks.

use std::collections::{HashMap, HashSet};

use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::workbook::book::is_true;
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::sheet::{letters, literals};
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::extract::xml::{Attributes, Event, Plain};
use crate::inspect::extract::xml_stream::Stream;
use crate::inspect::{Place, Reason};

/// How many styles are remembered.
const STYLES: usize = 70_000;

/// The longest text of one cell that is held.
const CELL: usize = 1 << 20;

/// Reads a workbook.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut book = Book { hidden: hidden_sheets(part.bytes), ..Book::new(part.place) };
    let mut stream = Stream::new(part.bytes);
    let mut count = 0u32;
    let mut stopped = false;
    while let Some(event) = stream.next() {
        count = count.wrapping_add(1);
        stopped = !book.event(reading, &event) || (count.is_multiple_of(65_536) && reading.is_over());
        if stopped {
            break;
        }
    }
    book.end_sheet(reading);
    reading.text(part.place, &stream.take_comments());
    if stopped || stream.declares_entities() {
        reading.unread(part.place, Reason::Limit);
    }
    reading.done(part.place);
}

/// Which sheets, by their number, are hidden.
fn hidden_sheets(bytes: &[u8]) -> HashSet<usize> {
    let mut hidden = HashSet::new();
    let mut stream = Stream::new(bytes);
    let (mut sheets, mut in_state) = (0, false);
    while let Some(event) = stream.next() {
        match event {
            Event::Start { name: "Worksheet", .. } => sheets += 1,
            Event::Start { name, .. } => in_state = name == "Visible",
            Event::Text(text) if in_state && text.trim() != "SheetVisible" => drop(hidden.insert(sheets)),
            Event::Text(_) | Event::End { .. } => in_state = false,
        }
    }
    hidden
}

struct Book<'b> {
    file: &'b Place,
    place: Place,
    hidden: HashSet<usize>,
    /// How many sheets have been begun.
    sheets: usize,
    strings: Strings,
    rows: Rows,
    formats: HashMap<String, Format>,
    style: String,
    row: u32,
    column: u32,
    columns: usize,
    cell: Option<Cell>,
    in_data: bool,
    comment: Option<Plain>,
    comments: Vec<(String, String)>,
    texts: Plain,
}

#[derive(Default)]
struct Cell {
    text: String,
    formula: String,
    style: String,
    is_number: bool,
}

impl<'b> Book<'b> {
    fn new(file: &'b Place) -> Self {
        Self {
            file,
            place: file.clone(),
            hidden: HashSet::new(),
            sheets: 0,
            strings: Strings::default(),
            rows: Rows::default(),
            formats: HashMap::new(),
            style: String::new(),
            row: 0,
            column: 0,
            columns: 0,
            cell: None,
            in_data: false,
            comment: None,
            comments: Vec::new(),
            texts: Plain::default(),
        }
    }

    /// False when the budget is used up.
    fn event(&mut self, reading: &mut Reading<'_>, event: &Event<'_>) -> bool {
        match event {
            Event::End { name: "Comment" } => {
                if let Some(mut comment) = self.comment.take() {
                    self.comments
                        .push((format!("{}{}", letters(self.column), u64::from(self.row) + 1), comment.take()));
                }
            }
            event if self.comment.is_some() => self.comment.iter_mut().for_each(|comment| comment.event(event)),
            Event::Start { name, attributes } => self.start(reading, name, *attributes, event),
            Event::End { name } => return self.end(reading, name, event),
            Event::Text(text) => match &mut self.cell {
                Some(cell) if self.in_data && cell.text.len() + text.len() <= CELL => cell.text.push_str(text),
                _ if text.trim_ascii().is_empty() => {}
                _ => self.texts.event(event),
            },
        }
        true
    }

    fn start(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>, event: &Event<'_>) {
        let value = |name: &str| attributes.value(name).unwrap_or_default();
        let number = |name: &str| attributes.value(name).and_then(|value| value.parse::<u32>().ok());
        let is_nothing =
            |name: &str| attributes.value(name).and_then(|v| v.parse::<f64>().ok()).is_some_and(|v| v <= 0.0);
        match name {
            "Style" => self.style = value("ID").into_owned(),
            "NumberFormat" if self.formats.len() < STYLES => {
                self.formats.insert(std::mem::take(&mut self.style), Format::of(&value("Format")));
            }
            "Worksheet" => {
                self.end_sheet(reading);
                self.sheets += 1;
                self.place = self.file.inside(&value("Name"));
                self.place.hidden |= self.hidden.contains(&self.sheets);
            }
            "Table" => {
                reading.text(&self.file.inside("beside the cells"), &self.texts.take());
                (self.row, self.columns, self.rows) = (0, 0, Rows::default());
                self.rows.begin(reading, &self.place);
            }
            "Column" => {
                let first = number("Index").and_then(|index| usize::try_from(index.saturating_sub(1)).ok());
                let first = first.unwrap_or(self.columns);
                let last = first
                    .saturating_add(number("Span").and_then(|span| usize::try_from(span).ok()).unwrap_or_default());
                if is_true(&value("Hidden")) || is_nothing("Width") {
                    self.rows.hide_columns(first, last);
                }
                self.columns = last.saturating_add(1);
            }
            "Row" => {
                self.row = number("Index").map_or(self.row, |index| index.saturating_sub(1));
                self.column = 0;
                let hidden = is_true(&value("Hidden")) || is_nothing("Height");
                self.rows.row(reading, &self.strings, self.row, hidden);
            }
            "Cell" => {
                self.column = number("Index").map_or(self.column, |index| index.saturating_sub(1));
                let formula = value("Formula").into_owned();
                self.cell = Some(Cell { formula, style: value("StyleID").into_owned(), ..Cell::default() });
                self.texts.line(&value("HRef"));
            }
            "Data" => {
                self.in_data = true;
                self.cell.iter_mut().for_each(|cell| cell.is_number = value("Type") == "Number");
            }
            "Comment" => {
                let mut comment = Plain::default();
                comment.line(&value("Author"));
                self.comment = Some(comment);
            }
            "Header" | "Footer" => self.texts.line(&value("Data")),
            // Looks inside of a text.
            "B" | "I" | "U" | "S" | "Font" | "Sup" | "Sub" | "Span" if self.in_data => {}
            _ => self.texts.event(event),
        }
    }

    fn end(&mut self, reading: &mut Reading<'_>, name: &str, event: &Event<'_>) -> bool {
        match name {
            "Worksheet" => self.end_sheet(reading),
            "Row" => self.row = self.row.saturating_add(1),
            "Data" => self.in_data = false,
            "Cell" => {
                let covered = self.end_cell(reading);
                self.column = self.column.saturating_add(1);
                return covered;
            }
            _ if self.in_data => {}
            _ => self.texts.event(event),
        }
        true
    }

    fn end_cell(&mut self, reading: &mut Reading<'_>) -> bool {
        let Some(cell) = self.cell.take() else { return true };
        let format = self.formats.get(&cell.style);
        let hidden = format.is_some_and(|f| if cell.is_number { f.hides_numbers() } else { f.hides_texts() });
        literals(&cell.formula).for_each(|literal| self.texts.line(literal));
        let number = cell.text.trim_ascii().parse::<f64>().ok().filter(|_| cell.is_number);
        self.rows.push(reading, &self.strings, (self.column, hidden), |to| match (number, format) {
            (Some(number), Some(format)) => format.write(number, false, to),
            _ if cell.text.is_empty() => to.push_str(&cell.formula),
            _ => to.push_str(cell.text.trim_end_matches(".000").trim_end_matches("T00:00:00")),
        })
    }

    fn end_sheet(&mut self, reading: &mut Reading<'_>) {
        self.rows.end(reading, &self.strings);
        for (cell, text) in std::mem::take(&mut self.comments) {
            let place = Place { path: format!("{}!{cell}", self.place.path), ..self.place.clone() };
            reading.text(&place.inside("comment"), &text);
        }
        reading.text(&self.place.inside("beside the cells"), &self.texts.take());
        if self.place != *self.file {
            reading.done(&self.place);
            self.place = self.file.clone();
        }
    }
}
