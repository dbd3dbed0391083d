//! A table of a document while it is read.
//!
//! In: the beginnings and ends of rows and cells, and their text. Out: rows with true columns, and whether the table holds
//! data or only lays out a page. Unlike the tables of HTML (`text::grid`) its cells may be hidden, and merged cells stand
//! in it as empty ones. Deliberately absent: handing over (`flow`).

use crate::inspect::extract::document::passage::Passage;

/// The longest cell of a table of data. Longer ones are the boxes of a layout.
const CELL_CHARACTERS: usize = 400;

/// A column beyond this is nobody's table.
const COLUMNS: u32 = 16_384;

/// How many rows and cells of a table are held before they are handed over.
const HELD: usize = 1 << 18;

/// The longest first row that is said again above each piece of a table that is not held as a whole.
const HEADER_BYTES: usize = 64 << 10;

/// A table that is being read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(super) rows: Vec<Row>,
    /// How many rows and cells are held.
    held: usize,
    /// The open cell, or what stands between cells.
    pub(super) open: Passage,
    column: u32,
    next: u32,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Row {
    pub(super) cells: Vec<(u32, Passage)>,
    pub(super) hidden: bool,
}

impl Table {
    pub(crate) fn begin_row(&mut self) {
        self.end_cell();
        self.held += 1;
        self.rows.push(Row::default());
        (self.column, self.next) = (0, 0);
    }

    /// What is held, if it is too much; the row that was just begun stays, under the first row of the table.
    pub(crate) fn split(&mut self) -> Option<Self> {
        if self.held < HELD {
            return None;
        }
        let begun = self.rows.pop();
        let bytes = |row: &Row| row.cells.iter().map(|(_, cell)| cell.text.len()).sum::<usize>();
        let header = self.rows.first().filter(|row| bytes(row) <= HEADER_BYTES).cloned();
        let rest: Vec<Row> = header.into_iter().chain(begun).collect();
        self.held = 0;
        Some(Self { rows: std::mem::replace(&mut self.rows, rest), ..Self::default() })
    }

    /// The row that is open is not shown.
    pub(crate) fn hide_row(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.hidden = true;
        }
    }

    /// A cell that reaches over so many columns.
    pub(crate) fn begin_cell(&mut self, columns: u32) {
        self.end_cell();
        self.column = self.next;
        self.next = self.next.saturating_add(columns).min(COLUMNS);
    }

    /// The open cell reaches over so many columns.
    pub(crate) fn widen(&mut self, columns: u32) {
        self.next = self.column.saturating_add(columns.max(1)).min(COLUMNS);
    }

    /// So many columns are left out.
    pub(crate) fn skip(&mut self, columns: u32) {
        self.end_cell();
        self.next = self.next.saturating_add(columns).min(COLUMNS);
    }

    pub(crate) fn end_cell(&mut self) {
        let open = std::mem::take(&mut self.open);
        if open.is_blank() {
            return;
        }
        if self.rows.is_empty() {
            self.rows.push(Row::default());
        }
        if let Some(row) = self.rows.last_mut() {
            match row.cells.last_mut().filter(|(column, _)| *column >= self.column) {
                Some((_, cell)) => {
                    cell.end_line();
                    cell.append(&open);
                }
                None => {
                    self.held += 1;
                    row.cells.push((self.column, open));
                }
            }
        }
    }

    /// A whole cell at once.
    pub(crate) fn cell(&mut self, cell: Passage) {
        self.begin_cell(1);
        self.open = cell;
        self.end_cell();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.open.is_blank()
    }

    /// Two rows with two cells or more, and no more than one cell in ten like a page.
    pub(super) fn is_data(&self) -> bool {
        let wide = self.rows.iter().filter(|row| row.cells.len() >= 2).count();
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        let long = cells.clone().filter(|(_, cell)| cell.text.chars().nth(CELL_CHARACTERS).is_some()).count();
        wide >= 2 && long * 10 <= cells.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_data_has_two_wide_rows() {
        let mut table = Table::default();
        for row in [["氏名", "電話"], ["山田", "090"]] {
            assert!(!table.is_data());
            table.begin_row();
            for text in row {
                table.begin_cell(1);
                table.open.push(text, false);
            }
            table.end_cell();
        }
        assert!(table.is_data());
        assert_eq!(table.rows[1].cells[1].0, 1);
    }
}
