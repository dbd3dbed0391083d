//! A table that comes as tags: rows, cells, and cells that reach over several.
//!
//! In: the beginnings and ends of rows and cells, and text. Out: rows with true columns, and whether the table holds
//! data or only lays out a page. Deliberately absent: merged cells' repetition; a cell's text stands once.

/// The longest cell of a table of data. Longer ones are the boxes of a layout.
const CELL_CHARACTERS: usize = 400;

/// A cell with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) column: u32,
    pub(crate) text: String,
    /// Whether the page does not show it.
    pub(crate) hidden: bool,
}

/// Empty cells are left out.
pub(crate) type Row = Vec<Field>;

/// A table that is being read.
#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) rows: Vec<Row>,
    /// The text of the open cell, or what stands between cells.
    pub(crate) open: String,
    /// The column of the open cell.
    column: u32,
    /// Whether it is hidden.
    pub(crate) hidden: bool,
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

    pub(crate) fn begin_cell(&mut self, columns: u32, rows: u32, hidden: bool) {
        self.end_cell();
        self.hidden = hidden;
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

    /// The open cell is not hidden; gives what was in it until now.
    pub(crate) fn show(&mut self) -> String {
        self.hidden = false;
        std::mem::take(&mut self.open)
    }

    pub(crate) fn end_cell(&mut self) {
        let text = self.open.trim();
        if !text.is_empty() {
            let cell = Field { column: self.column, text: text.to_owned(), hidden: self.hidden };
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
        let long = |field: &Field| field.text.chars().nth(CELL_CHARACTERS).is_some();
        !self.nests && wide >= 2 && !self.rows.iter().flatten().any(long)
    }

    /// The table as text: what is seen, and what is not.
    pub(crate) fn into_text(self) -> (String, String) {
        let (mut seen, mut unseen) = (String::new(), String::new());
        for row in self.rows {
            for field in row {
                let text = if field.hidden { &mut unseen } else { &mut seen };
                text.push_str(&field.text);
                text.push('\t');
            }
            seen.push('\n');
            if !unseen.is_empty() && !unseen.ends_with('\n') {
                unseen.push('\n');
            }
        }
        (seen, unseen)
    }
}
