//! Text whose paragraphs, cells and rows end in marks, as RTF and Word 97 write it.
//!
//! In: text, marks, and how deep in tables each stands. Out: lines and tables into a [`Flow`]. Deliberately absent: what
//! the marks look like.

use crate::inspect::extract::document::flow::Flow;
use crate::inspect::extract::document::passage::Passage;
use crate::inspect::extract::document::table::Table;
use crate::inspect::extract::reading::Reading;

/// Tables deeper than this are read as if they stood here.
const DEPTH: usize = 32;

/// More cells than this are no row; what they hold goes into the last.
const COLUMNS: usize = 1_024;

/// A table that is open: its rows, and the paragraphs of the cell that is being read.
#[derive(Default)]
struct Level {
    table: Table,
    row: Vec<Passage>,
    cell: Passage,
}

impl Level {
    fn end_row(&mut self, is_hidden: bool) {
        self.table.begin_row();
        for cell in self.row.drain(..) {
            self.table.cell(cell);
        }
        if is_hidden {
            self.table.hide_row();
        }
        // Behind the last cell there is nothing but the row's mark.
        let rest = std::mem::take(&mut self.cell);
        if !rest.is_blank() {
            self.table.cell(rest);
        }
    }
}

/// Reads marked text.
#[derive(Default)]
pub(crate) struct Marks {
    line: Passage,
    levels: Vec<Level>,
}

impl Marks {
    pub(crate) fn text(&mut self, text: &str, hidden: bool) {
        self.line.push(text, hidden);
    }

    /// A paragraph ends that stands in so many tables.
    pub(crate) fn end_paragraph(&mut self, reading: &mut Reading<'_>, flow: &mut Flow, depth: usize) {
        self.open_to(reading, flow, depth);
        let mut line = std::mem::take(&mut self.line);
        line.end_line();
        match self.levels.last_mut() {
            Some(level) => level.cell.append(&line),
            None => {
                flow.append(&line);
                flow.end_line(reading);
            }
        }
    }

    /// A cell of the table at this depth ends (1: in one table).
    pub(crate) fn end_cell(&mut self, reading: &mut Reading<'_>, flow: &mut Flow, depth: usize) {
        self.open_to(reading, flow, depth.max(1));
        let line = std::mem::take(&mut self.line);
        if let Some(level) = self.levels.last_mut() {
            let is_full = level.row.len() >= COLUMNS;
            let mut cell = std::mem::take(&mut level.cell);
            cell.append(&line);
            match level.row.last_mut().filter(|_| is_full) {
                Some(last) => last.append(&cell),
                None => level.row.push(cell),
            }
        }
    }

    /// A row of the table at this depth ends.
    pub(crate) fn end_row(&mut self, reading: &mut Reading<'_>, flow: &mut Flow, depth: usize, is_hidden: bool) {
        self.open_to(reading, flow, depth.max(1));
        let line = std::mem::take(&mut self.line);
        if let Some(level) = self.levels.last_mut() {
            level.cell.append(&line);
            level.end_row(is_hidden);
            if let Some(piece) = level.table.split() {
                flow.put_table(reading, piece);
            }
        }
    }

    fn open_to(&mut self, reading: &mut Reading<'_>, flow: &mut Flow, depth: usize) {
        let depth = depth.min(DEPTH);
        while self.levels.len() > depth {
            self.end_table(reading, flow);
        }
        self.levels.resize_with(depth, Level::default);
    }

    fn end_table(&mut self, reading: &mut Reading<'_>, flow: &mut Flow) {
        if let Some(mut level) = self.levels.pop() {
            if !level.row.is_empty() || !level.cell.is_blank() {
                level.end_row(false);
            }
            if !level.table.is_empty() {
                flow.put_table(reading, level.table);
            }
        }
    }

    /// Ends whatever is open.
    pub(crate) fn finish(&mut self, reading: &mut Reading<'_>, flow: &mut Flow) {
        if self.levels.is_empty() || !self.line.is_blank() {
            let depth = self.levels.len();
            self.end_paragraph(reading, flow, depth);
        }
        self.open_to(reading, flow, 0);
    }
}
