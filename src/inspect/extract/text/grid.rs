//! A table that comes as tags: rows, cells, and cells that reach over several.
//!
//! In: the beginnings and ends of rows and cells, and text. Out: rows with true columns, and whether the table holds
//! data or only lays out a page. Deliberately absent: merged cells' repetition; a cell's text stands once.

/// The longest cell of a table of data. Longer ones are the boxes of a layout.
const CELL_CHARACTERS: usize = 400;

/// Columns and their texts; empty cells are left out.
pub(crate) type Row = Vec<(u32, String)>;

/// A table that is being read.
#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) rows: Vec<Row>,
    /// The text of the open cell, or what stands between cells.
    pub(crate) open: String,
    /// The column of the open cell.
    column: u32,
    /// The first column after it.
    next: u32,
    /// Columns that a cell of a row above reaches into: column → rows left.
    reached: std::collections::BTreeMap<u32, u32>,
    /// Whether another table is inside: then it is a layout.
    pub(crate) nests: bool,
}

impl Grid {
    pub(crate) fn begin_row(&mut self) {
        self.end_cell();
        self.rows.push(Row::new());
        self.next = 0;
        self.reached.retain(|_, rows| {
            *rows -= 1;
            *rows > 0
        });
    }

    pub(crate) fn begin_cell(&mut self, columns: u32, rows: u32) {
        self.end_cell();
        if self.rows.is_empty() {
            self.rows.push(Row::new());
        }
        while self.reached.contains_key(&self.next) {
            self.next += 1;
        }
        self.column = self.next;
        self.next = self.next.saturating_add(columns);
        if rows > 1 {
            self.reached.extend((self.column..self.next).map(|column| (column, rows)));
        }
    }

    pub(crate) fn end_cell(&mut self) {
        let text = self.open.trim();
        if !text.is_empty() {
            let cell = (self.column, text.to_owned());
            match self.rows.last_mut() {
                Some(row) => row.push(cell),
                None => self.rows.push(vec![cell]),
            }
        }
        self.open.clear();
    }

    /// Two rows with two cells or more, no cell like a page, no table inside.
    pub(crate) fn is_data(&self) -> bool {
        let wide = self.rows.iter().filter(|row| row.len() >= 2).count();
        let long = |(_, text): &(u32, String)| text.chars().nth(CELL_CHARACTERS).is_some();
        !self.nests && wide >= 2 && !self.rows.iter().flatten().any(long)
    }

    pub(crate) fn into_text(self) -> String {
        let mut text = String::new();
        for row in self.rows {
            for (_, cell) in row {
                text.push_str(&cell);
                text.push('\t');
            }
            text.push('\n');
        }
        text
    }
}
