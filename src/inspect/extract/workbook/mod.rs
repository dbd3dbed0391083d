//! Excel workbooks: cells, through calamine.
//!
//! In: the workbook's bytes. Out: every sheet as a table, hidden and very hidden ones marked, numbers and dates as a
//! person sees them. xlsx and xlsb are streamed cell by cell: two cells in opposite corners of a sheet make calamine's
//! `worksheet_range` ask for 550 GB, so it is never called for them. Old .xls has no streaming reader; its sheets are
//! at most 65,536 × 256 cells, and a file made to hurt ends the worker process, not the relay.
//! Deliberately absent: formulas without a stored result, cell comments and drawings (in `package`, as text), charts.

mod beside;
pub(crate) mod biff;
mod book;
mod caches;
pub(crate) mod number;
pub(crate) mod ods;
mod rows;
mod sheet;
mod strings;
mod xlsb;
mod xlsx;

use std::borrow::Cow;
use std::io::Cursor;

use calamine::{Data, Reader as _, Sheet, SheetVisible, Xls, XlsError};

use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Part, Reading, cell};
use crate::inspect::extract::xml;
use crate::inspect::{Cell, Place, Reason};

/// A row is handed over when it has this many cells, even if it goes on: a sheet has 16,384 columns.
const ROW_CELLS: usize = 20_000;

type Bytes<'a> = Cursor<&'a [u8]>;

/// Reads a workbook in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    if package != Package::Ods {
        return xlsx::read(reading, part);
    }
    let complete = package::walk(reading, part, &|_| false, &mut |reading, entry| {
        let is_content = entry.canonical == "content.xml";
        if is_content {
            ods::read(reading, part.place, &xml::decode(entry.bytes));
        }
        is_content
    });
    if complete {
        reading.done(part.place);
    }
}

/// Reads an Excel 97–2003 workbook.
pub(crate) fn read_xls(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut book: Xls<Bytes<'_>> = match Xls::new(Cursor::new(part.bytes)) {
        Ok(book) => book,
        Err(error) => {
            let encrypted = matches!(error, XlsError::Password);
            reading.unread(part.place, if encrypted { Reason::Encrypted } else { Reason::Damaged });
            return;
        }
    };
    for sheet in book.sheets_metadata().to_vec() {
        let place = sheet_place(part.place, &sheet);
        let Ok(range) = book.worksheet_range(&sheet.name) else {
            reading.unread(&place, Reason::Damaged);
            continue;
        };
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut rows = Rows::begin(reading, &place);
        for (row, column, value) in range.used_cells() {
            let at = |first: u32, offset: usize| first.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
            let position = (at(first_row, row), at(first_column, column));
            if !rows.push(reading, position, shown_owned(value)) {
                reading.unread(&place, Reason::Limit);
                break;
            }
        }
        rows.end(reading);
        reading.done(&place);
    }
    if let Ok(properties) = book.workbook_properties() {
        let texts =
            [properties.title, properties.subject, properties.creator, properties.description, properties.keywords];
        let others = [properties.last_modified_by, properties.category, properties.company, properties.manager];
        let custom = properties.custom_properties.into_values();
        let text: Vec<String> = texts.into_iter().chain(others).flatten().chain(custom).collect();
        reading.text(&part.place.inside("properties"), &text.join("\n"));
    }
    biff::read(reading, part);
    reading.done(part.place);
}

fn sheet_place(file: &Place, sheet: &Sheet) -> Place {
    let mut place = file.inside(&sheet.name);
    place.hidden |= sheet.visible != SheetVisible::Visible;
    place
}

/// Gathers cells into rows.
struct Rows<'a> {
    row: u32,
    cells: Vec<Cell<'a>>,
}

impl<'a> Rows<'a> {
    fn begin(reading: &mut Reading<'_>, place: &Place) -> Self {
        reading.begin_table(place);
        Self { row: 0, cells: Vec::new() }
    }

    /// False when the budget is used up.
    fn push(&mut self, reading: &mut Reading<'_>, (row, column): (u32, u32), text: Option<Cow<'a, str>>) -> bool {
        if row != self.row || self.cells.len() >= ROW_CELLS {
            self.flush(reading);
            self.row = row;
        }
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            if !reading.charge(text.len() as u64) {
                return false;
            }
            self.cells.push(cell(column, text));
        }
        reading.take_cell()
    }

    fn flush(&mut self, reading: &mut Reading<'_>) {
        if !self.cells.is_sorted_by_key(|cell| cell.column) {
            self.cells.sort_by_key(|cell| cell.column);
        }
        reading.row(self.row, &self.cells);
        self.cells.clear();
    }

    fn end(mut self, reading: &mut Reading<'_>) {
        self.flush(reading);
        reading.end_table();
    }
}

fn shown_owned(value: &Data) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(match value {
        Data::String(text) => text.clone(),
        Data::Float(number) => number::plain(*number),
        Data::Int(number) => number.to_string(),
        Data::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(date) => number::date(date.as_f64(), false),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.trim_end_matches("T00:00:00").to_owned(),
        Data::Error(_) | Data::Empty => return None,
    }))
}
