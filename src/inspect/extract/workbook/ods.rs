//! OpenDocument spreadsheets: `content.xml` → tables.
//!
//! In: the decoded document. Out: every sheet, hidden ones marked, cells as LibreOffice shows them (the file carries
//! the shown text beside the value), comments as text. A repeated cell or row is handed over once, so that a file of
//! a kilobyte that claims 17 thousand million cells takes no time. Our own reader and not calamine's, because
//! calamine builds the whole sheet in memory and refuses files with white space between cells.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::inspect::extract::reading::{Reading, cell};
use crate::inspect::extract::xml::{Attributes, Event, Reader};
use crate::inspect::{Cell, Place, Reason};

/// Hands over every sheet.
pub(crate) fn read(reading: &mut Reading<'_>, place: &Place, document: &str) {
    let mut sheets = Sheets { file: place, ..Sheets::new(place) };
    for event in Reader::new(document) {
        let covered = match event {
            Event::Start { name, attributes } => sheets.start(reading, name, attributes),
            Event::End { name } => {
                sheets.end(reading, name);
                true
            }
            Event::Text(text) => {
                sheets.text(&text);
                true
            }
        };
        if !covered {
            reading.end_table();
            reading.unread(place, Reason::Limit);
            break;
        }
    }
    reading.end_table();
    reading.text(place, &sheets.aside);
}

struct Sheets<'p> {
    file: &'p Place,
    /// The open sheet.
    sheet: Place,
    /// Styles whose sheets are not shown.
    hidden: HashSet<String>,
    style: String,
    /// How many tables are open; one inside a cell belongs to that cell.
    depth: u32,
    row: u32,
    row_repeat: u32,
    column: u32,
    cells: Vec<Cell<'static>>,
    /// The open cell: its text, what it says if it has none, and how often it is repeated.
    open: Option<(String, String, u32)>,
    in_comment: bool,
    /// Comments and everything outside of sheets.
    aside: String,
}

impl<'p> Sheets<'p> {
    fn new(file: &'p Place) -> Self {
        Self {
            file,
            sheet: Place::default(),
            hidden: HashSet::new(),
            style: String::new(),
            depth: 0,
            row: 0,
            row_repeat: 1,
            column: 0,
            cells: Vec::new(),
            open: None,
            in_comment: false,
            aside: String::new(),
        }
    }

    /// False when the budget is used up.
    fn start(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>) -> bool {
        let value = |name: &str| attributes.value(name);
        match name {
            "style" => self.style = value("name").unwrap_or_default().into_owned(),
            "table-properties" if value("display").as_deref() == Some("false") => {
                self.hidden.insert(std::mem::take(&mut self.style));
            }
            "table" => {
                self.depth += 1;
                if self.depth == 1 {
                    let mut place = self.file.inside(&value("name").unwrap_or_default());
                    place.hidden |= value("style-name").is_some_and(|style| self.hidden.contains(&*style));
                    reading.begin_table(&place);
                    self.sheet = place;
                    self.row = 0;
                }
            }
            "table-row" if self.depth == 1 => {
                self.row_repeat = repeat(value("number-rows-repeated"));
                self.column = 0;
            }
            "table-cell" | "covered-table-cell" if self.depth == 1 => {
                let stored = ["string-value", "date-value", "time-value", "value"].into_iter().find_map(value);
                let stored = stored.unwrap_or_default().into_owned();
                self.open = Some((String::new(), stored, repeat(value("number-columns-repeated"))));
                return reading.take_cell();
            }
            "annotation" => self.in_comment = true,
            "tab" | "s" => self.text(" "),
            "line-break" => self.text("\n"),
            "a" | "named-expression" | "named-range" | "content-validation" | "help-message" | "error-message" => {
                for text in ["href", "name", "expression", "condition", "title"].into_iter().filter_map(value) {
                    self.aside.push_str(&text);
                    self.aside.push('\n');
                }
            }
            _ => {}
        }
        true
    }

    fn end(&mut self, reading: &mut Reading<'_>, name: &str) {
        match name {
            "table" => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    reading.end_table();
                    reading.done(&self.sheet);
                }
            }
            "table-row" if self.depth == 1 => {
                if !self.cells.is_empty() {
                    reading.row(self.row, &self.cells);
                    self.cells.clear();
                }
                self.row = self.row.saturating_add(self.row_repeat);
            }
            "table-cell" | "covered-table-cell" if self.depth == 1 => {
                if let Some((text, stored, repeat)) = self.open.take() {
                    let text = if text.trim().is_empty() { stored } else { text.trim().to_owned() };
                    if !text.is_empty() {
                        self.cells.push(cell(self.column, text));
                    }
                    self.column = self.column.saturating_add(repeat);
                }
            }
            "annotation" => {
                self.in_comment = false;
                self.aside.push('\n');
            }
            "p" | "h" => self.text("\n"),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.open {
            Some((shown, _, _)) if !self.in_comment => shown.push_str(text),
            _ if self.aside.ends_with('\n') && text.trim().is_empty() => {}
            _ => self.aside.push_str(text),
        }
    }
}

fn repeat(value: Option<Cow<'_, str>>) -> u32 {
    value.and_then(|value| value.parse().ok()).unwrap_or(1)
}
