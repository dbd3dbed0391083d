//! Cells, as they come → rows, as the sink wants them.
//!
//! In: cells of one sheet, mostly in order, and which rows and columns are out of sight. Out: rows to the reading, with
//! the budget of cells and characters paid. The texts of a row stand in one string that is used again for the next, so
//! that a cell costs no allocation. Deliberately absent: formats (`number`), files.

use std::ops::Range;

use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::{Cell, Place};

/// A row is handed over when it has this many cells, even if it goes on: a sheet has 16,384 columns.
const ROW_CELLS: usize = 20_000;

/// And when its own texts have this many bytes.
const ROW_BYTES: usize = 8 << 20;

/// Columns of a sheet; who claims more has them counted to here.
const COLUMNS: usize = 16_384;

/// A sheet that is being handed over.
#[derive(Default)]
pub(crate) struct Rows {
    row: u32,
    row_hidden: bool,
    hidden_columns: Vec<bool>,
    text: String,
    cells: Vec<Held>,
}

struct Held {
    column: u32,
    hidden: bool,
    text: Text,
}

enum Text {
    /// In the row's own string.
    Own(Range<usize>),
    /// By its number in the table of strings.
    Shared(usize),
}

impl Rows {
    /// Starts a table.
    pub(crate) fn begin(&mut self, reading: &mut Reading<'_>, place: &Place) {
        reading.begin_table(place);
        (self.row, self.row_hidden) = (0, false);
    }

    /// These columns are out of sight, first and last included.
    pub(crate) fn hide_columns(&mut self, first: usize, last: usize) {
        let (first, last) = (first.min(COLUMNS), last.min(COLUMNS));
        if self.hidden_columns.len() <= last {
            self.hidden_columns.resize(last + 1, false);
        }
        self.hidden_columns.get_mut(first..=last).unwrap_or_default().fill(true);
    }

    /// Cells of this row follow.
    pub(crate) fn row(&mut self, reading: &mut Reading<'_>, strings: &Strings, row: u32, hidden: bool) {
        self.flush(reading, strings);
        (self.row, self.row_hidden) = (row, hidden);
    }

    pub(crate) fn number(&self) -> u32 {
        self.row
    }

    /// Puts a cell whose text `write` appends into the row; false when the budget is used up.
    pub(crate) fn push(
        &mut self,
        reading: &mut Reading<'_>,
        strings: &Strings,
        (column, hidden): (u32, bool),
        write: impl FnOnce(&mut String),
    ) -> bool {
        self.make_room(reading, strings);
        let start = self.text.len();
        write(&mut self.text);
        let end = self.text.len();
        if start < end {
            self.cells.push(Held { column, hidden, text: Text::Own(start..end) });
        }
        reading.take_cell()
    }

    /// Puts a cell whose text stands in the table of strings; false when the budget is used up.
    pub(crate) fn push_shared(
        &mut self,
        reading: &mut Reading<'_>,
        strings: &Strings,
        (column, hidden): (u32, bool),
        index: usize,
    ) -> bool {
        self.make_room(reading, strings);
        // The text itself is looked at when its row is whole: strings of a row stand far apart, and are fetched together.
        let length = strings.length(index).unwrap_or_default();
        if length > 0 {
            self.cells.push(Held { column, hidden, text: Text::Shared(index) });
        }
        // A short table of long strings may stand for any amount of text.
        reading.charge(length) && reading.take_cell()
    }

    /// The sheet is over.
    pub(crate) fn end(&mut self, reading: &mut Reading<'_>, strings: &Strings) {
        self.flush(reading, strings);
        reading.end_table();
    }

    fn make_room(&mut self, reading: &mut Reading<'_>, strings: &Strings) {
        if self.cells.len() >= ROW_CELLS || self.text.len() >= ROW_BYTES {
            self.flush(reading, strings);
        }
    }

    fn flush(&mut self, reading: &mut Reading<'_>, strings: &Strings) {
        if self.cells.is_empty() {
            return;
        }
        if !self.cells.is_sorted_by_key(|cell| cell.column) {
            self.cells.sort_by_key(|cell| cell.column);
        }
        let cells: Vec<Cell<'_>> = self
            .cells
            .iter()
            .map(|cell| {
                let text = match &cell.text {
                    Text::Own(range) => self.text.get(range.clone()),
                    Text::Shared(index) => strings.at(*index),
                };
                let column = usize::try_from(cell.column).unwrap_or(COLUMNS);
                let column_hidden = self.hidden_columns.get(column).copied().unwrap_or_default();
                let hidden = cell.hidden || self.row_hidden || column_hidden;
                Cell { column: cell.column, text: text.unwrap_or_default().into(), hidden }
            })
            .collect();
        reading.row(self.row, &cells);
        drop(cells);
        self.cells.clear();
        self.text.clear();
    }
}
