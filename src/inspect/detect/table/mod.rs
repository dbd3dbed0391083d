//! A table, row by row → findings and people.
//!
//! In: rows as they come. Out: into the [`Record`], the hits of each row and the people that it is about. The first
//! rows are kept until the [`layout`](self::layout) is told, then nothing is; a million rows cost no memory. A header in
//! the midst of them begins another table, or the same one on the next page. A row that goes on where the one above it
//! has a name (its cells merged) is about the same person; a sheet without a header that goes on with the one before it has
//! its columns, and is the same table.
//! Deliberately absent: who is the same in two rows ([`crate::inspect::persons`]), labels beside their values
//! ([`self::form`]).
//!
//! In reading order: [`layout`](self::layout) finds the header, by way of [`values`] if there is none and [`accounts`] for
//! banks; [`columns`] tells whose each column is; [`row`] reads a row, [`boxes`] what stands over several cells, [`form`] labels.

mod accounts;
pub(super) mod boxes;
pub(super) mod columns;
mod form;
pub(super) mod layout;
mod row;
mod values;

use std::borrow::Cow;

use self::columns::Columns;
use self::form::Form;
use self::layout::{Cell, Layout, Row};
use self::row::Finds;
use super::normal::Normal;
use super::prose;
use super::record::{Before, Record};
use super::whereabouts::{Where, Whereabouts};
use crate::inspect::persons::Person;

/// Rows that are kept to tell the layout.
const SAMPLE: usize = 50;
/// With fewer records than this below a header at the end of the sample, more are waited for.
const FEW: usize = 8;

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Table {
    /// Its number among the tables of the mail.
    number: u32,
    place: Where,
    waiting: Vec<Row<'static>>,
    state: State,
    /// Whom the last row was about.
    last: Person,
    /// None of its rows has been read yet.
    fresh: bool,
}

#[derive(Debug)]
enum State {
    /// Not known yet how it is to be read.
    Waiting,
    Columns(Columns),
    Form(Form),
}

impl Table {
    /// A table at `place`.
    pub(super) fn new(record: &mut Record<'_>, place: Where) -> Self {
        let number = record.next_table();
        Self { number, place, waiting: Vec::new(), state: State::Waiting, last: Person::default(), fresh: true }
    }

    /// Where it is, and which cells of the row that comes next are out of sight.
    pub(super) fn place(&self) -> &Where {
        &self.place
    }

    /// A cell of the row that comes next is out of sight.
    pub(super) fn hide(&mut self, row: u32, column: u32) {
        if let Where::Sheet { hidden, .. } = &mut self.place {
            hidden.insert((row, column));
        }
    }

    /// The rows so far are read; which of their cells were out of sight is of no use any more.
    fn forget_hidden(&mut self) {
        if let Where::Sheet { hidden, .. } = &mut self.place {
            hidden.clear();
        }
    }

    /// Reads one row.
    pub(super) fn row<'c>(
        &mut self,
        record: &mut Record<'_>,
        row: u32,
        cells: impl Iterator<Item = (u32, &'c str)> + Clone,
    ) {
        match &mut self.state {
            State::Waiting => {
                self.waiting.push((row, cells.map(|(column, text)| (column, normal(text))).collect()));
                if self.waiting.len() >= SAMPLE {
                    self.decide(record, false);
                }
            }
            State::Columns(columns) => {
                let mut finds = Finds { found: Vec::with_capacity(columns.columns.len()), ..Finds::default() };
                for (column, text) in cells.clone() {
                    row::in_cell(record, columns, column, text, &mut finds);
                }
                if finds.is_certain(record) || !may_be_header(record, columns, cells.clone()) {
                    let first = cells.clone().next().map_or(0, |(column, _)| column);
                    settle(record, columns, (self.number, &self.place), (row, first), finds, &mut self.last);
                    return self.forget_hidden();
                }
                self.begin_again(record, (row, cells.map(|(column, text)| (column, normal(text))).collect()));
            }
            State::Form(form) => {
                let cells: Vec<Cell<'static>> = cells.map(|(column, text)| (column, normal(text))).collect();
                if layout::is_wide_header(record.rules, &cells) {
                    form.finish(record, self.number, &self.place);
                    self.state = State::Waiting;
                    self.waiting.push((row, cells));
                } else if form.row(record, self.number, &self.place, row, &cells) {
                    self.forget_hidden();
                }
            }
        }
    }

    /// A row that looks like a header: of the same table on its next page, or of another table.
    fn begin_again(&mut self, record: &mut Record<'_>, (row, cells): Row<'static>) {
        let State::Columns(columns) = &self.state else { return };
        if columns.is_header(&cells) {
            return self.forget_hidden();
        }
        if layout::is_header(record.rules, &cells) {
            self.state = State::Waiting;
            self.waiting.push((row, cells));
            return;
        }
        let mut finds = Finds::default();
        for (column, text) in &cells {
            row::in_cell(record, columns, *column, text, &mut finds);
        }
        let first = cells.first().map_or(0, |(column, _)| *column);
        settle(record, columns, (self.number, &self.place), (row, first), finds, &mut self.last);
        self.forget_hidden();
    }

    /// The table is over.
    pub(super) fn end(mut self, record: &mut Record<'_>) {
        self.decide(record, true);
        match self.state {
            State::Form(mut form) => form.finish(record, self.number, &self.place),
            State::Columns(columns) if columns.has_headers() => {
                record.before = self.place.book().map(|book| Before { book, number: self.number, columns });
                return;
            }
            State::Columns(_) | State::Waiting => {}
        }
        record.before = None;
    }

    /// The columns of the table before this one, if that has a header and this one, without, goes on with it: a sheet that
    /// was full, a page that ended.
    fn continued(&mut self, record: &Record<'_>, columns: Columns, rows: &[Row<'_>]) -> Columns {
        let fresh = std::mem::take(&mut self.fresh) && columns.above == 0;
        let before = record.before.as_ref().filter(|before| fresh && self.place.book().as_ref() == Some(&before.book));
        let Some(before) = before.filter(|before| layout::goes_on(record.rules, &before.columns, &columns, rows))
        else {
            return columns;
        };
        // Rows of one table are different people, though they stand on two sheets.
        self.number = before.number;
        Columns { above: 0, header_rows: 0, ..before.columns.clone() }
    }

    /// Tells the layout by the rows that waited, and reads them. `all` says that no more will come.
    fn decide(&mut self, record: &mut Record<'_>, all: bool) {
        let mut rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return;
        }
        let mut tables = layout::tables(record.rules, &rows);
        let ended = matches!(tables.as_slice(), [.., last] if tables.len() > 1 && rows.len() - last.start < FEW);
        if ended && !all {
            // Of the table that begins at the end of the sample too little is known.
            let last = tables.pop().map_or(rows.len(), |last| last.start);
            self.waiting = rows.split_off(last);
        }
        if let Some(columns) = form::labels_above(record.rules, &rows, &tables) {
            form::read_below(record, (self.number, &self.place), &rows, &columns);
        } else {
            for table in tables {
                // Where two tables share the sample only the last one may go on.
                let rows = rows.get(table).unwrap_or_default();
                self.read(record, rows);
            }
        }
        if !self.waiting.is_empty() {
            if let State::Form(form) = &mut self.state {
                form.finish(record, self.number, &self.place);
            }
            self.state = State::Waiting;
        }
        if !matches!(self.state, State::Form(_)) && self.waiting.is_empty() {
            self.forget_hidden();
        }
    }

    /// Reads the rows of one table, as many as there are so far.
    fn read(&mut self, record: &mut Record<'_>, rows: &[Row<'_>]) {
        if let State::Form(form) = &mut self.state {
            form.finish(record, self.number, &self.place);
        }
        self.state = State::Waiting;
        match layout::of(record.rules, rows) {
            Layout::Columns(columns) => {
                let columns = self.continued(record, columns, rows);
                let (above, records) = rows.split_at(columns.above.min(rows.len()));
                let titles = above.get(..above.len() - columns.header_rows.min(above.len())).unwrap_or_default();
                loose(record, &self.place, titles);
                for (row, cells) in records {
                    if columns.is_header(cells) {
                        continue;
                    }
                    let mut finds = Finds::default();
                    for (column, text) in cells {
                        row::in_cell(record, &columns, *column, text, &mut finds);
                    }
                    let first = cells.first().map_or(0, |(column, _)| *column);
                    settle(record, &columns, (self.number, &self.place), (*row, first), finds, &mut self.last);
                }
                self.state = State::Columns(columns);
            }
            Layout::Form => {
                let mut form = Form::default();
                for (row, cells) in rows {
                    form.row(record, self.number, &self.place, *row, cells);
                }
                self.state = State::Form(form);
            }
            Layout::Loose => loose(record, &self.place, rows),
        }
    }
}

/// Counts what a row holds and its people. A row with nothing at and before the column of names goes on with the person
/// of the row above.
fn settle(
    record: &mut Record<'_>,
    columns: &Columns,
    table: (u32, &Where),
    (row, first): (u32, u32),
    finds: Finds<'_>,
    last: &mut Person,
) {
    let goes_on = columns.name.is_some_and(|name| first > name) && !finds.has_name(record);
    let mut above = std::mem::take(last);
    if !goes_on {
        above.forget();
    }
    *last = row::settle(record, columns, table, row, finds, above);
}

/// Cheap enough for every row without values: the header of the same table, or two words that are headers.
fn may_be_header<'c>(
    record: &Record<'_>,
    columns: &Columns,
    cells: impl Iterator<Item = (u32, &'c str)> + Clone,
) -> bool {
    let digits = || cells.clone().any(|(_, text)| text.bytes().filter(u8::is_ascii_digit).count() >= 4);
    let same = || cells.clone().any(|(column, text)| columns.heads(column, text));
    let words = || cells.clone().filter(|(_, text)| record.rules.is_header_word(text)).count() >= 2;
    cells.clone().nth(1).is_some() && !digits() && (same() || words())
}

fn normal(text: &str) -> Cow<'static, str> {
    Normal::of(text).text().trim().to_owned().into()
}

/// Reads rows in no order as text, cell after cell and line after line.
fn loose(record: &mut Record<'_>, place: &Where, rows: &[Row<'_>]) {
    let mut text = String::new();
    let mut starts = Vec::new();
    for (row, cells) in rows {
        for (column, cell) in cells {
            starts.push((text.len(), *row, *column));
            text.push_str(cell);
            text.push('\t');
        }
        text.push('\n');
    }
    if !text.is_empty() {
        prose::read(record, &text, &Whereabouts::Cells { table: place, starts: &starts });
    }
}
