//! Running text and tables of a document, in the order in which they stand, for every document format.
//!
//! In: pieces of text (in sight or hidden), ends of lines, the beginnings and ends of tables, rows, cells and boxes. Out:
//! text and tables into a [`Reading`]. What stands beside the line it is anchored in (a text box, a footnote, a comment)
//! is a box and comes after that line, so that it parts nothing; a table in a table comes after the outer one, as a
//! table of its own. Hidden text goes to the same place, marked hidden; a cell of which nothing is in sight is a hidden
//! cell. Deliberately absent: any format.

use std::collections::HashSet;
use std::ops::Range;

use crate::inspect::extract::reading::Reading;
use crate::inspect::{Cell, Place, Reason};

/// The longest cell of a table of data. Longer ones are the boxes of a layout.
const CELL_CHARACTERS: usize = 400;

/// How far the word is followed that a hidden stretch is part of.
const WORD_BYTES: usize = 64;

/// A column beyond this is nobody's table.
const COLUMNS: u32 = 16_384;

/// How many lines are remembered so as not to be said again: the same author may stand at every change.
const SAID: usize = 4_096;
const SAID_BYTES: usize = 256;

/// Tables and boxes deeper than this are read as part of the one around them.
const LAYERS: usize = 128;

/// Text of which some stretches are hidden.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    text: String,
    /// In order, none touching another.
    hidden: Vec<Range<usize>>,
}

impl Passage {
    pub(crate) fn push(&mut self, text: &str, hidden: bool) {
        let start = self.text.len();
        self.text.push_str(text);
        if !hidden || text.is_empty() {
            return;
        }
        match self.hidden.last_mut().filter(|last| last.end == start) {
            Some(last) => last.end = self.text.len(),
            None => self.hidden.push(start..self.text.len()),
        }
    }

    /// Ends a line, unless none was begun.
    pub(crate) fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.hidden.extend(other.hidden.iter().map(|range| range.start + start..range.end + start));
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// All of it, in sight or not.
    pub(crate) fn all(&self) -> &str {
        &self.text
    }

    /// What is in sight.
    fn visible(&self) -> String {
        let mut visible = String::with_capacity(self.text.len());
        let mut at = 0;
        for range in &self.hidden {
            visible.push_str(self.text.get(at..range.start).unwrap_or_default());
            at = range.end;
        }
        visible.push_str(self.text.get(at..).unwrap_or_default());
        visible
    }

    /// What is hidden, a line each, with the rest of the word or number that it is part of.
    fn concealed(&self) -> String {
        let mut concealed = String::new();
        let mut at = 0;
        for range in &self.hidden {
            let before = self.text.get(at..range.start).unwrap_or_default();
            let behind = self.text.get(range.end..).unwrap_or_default();
            concealed.push_str(word_end(before));
            concealed.push_str(self.text.get(range.clone()).unwrap_or_default());
            concealed.push_str(word_start(behind));
            concealed.push('\n');
            at = range.end;
        }
        concealed
    }
}

/// The beginning of a number or an address, should `text` end within one.
fn word_end(text: &str) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(WORD_BYTES));
    let tail = text.get(from..).unwrap_or_default();
    tail.rfind(|c| !is_of_word(c)).map_or(tail, |at| {
        let width = tail.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        tail.get(at + width..).unwrap_or_default()
    })
}

fn word_start(text: &str) -> &str {
    let head = text.get(..text.floor_char_boundary(WORD_BYTES)).unwrap_or_default();
    head.split(|c| !is_of_word(c)).next().unwrap_or_default()
}

/// Numbers, mail addresses and Western names break where letters go on; Japanese has no such end.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@' | '_' | '+' | '０'..='９' | '－' | '‐' | '−')
}

/// A table that is being read.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// The open cell, or what stands between cells.
    open: Passage,
    column: u32,
    next: u32,
}

#[derive(Debug, Default)]
struct Row {
    cells: Vec<(u32, Passage)>,
    hidden: bool,
}

impl Table {
    pub(crate) fn begin_row(&mut self) {
        self.end_cell();
        self.rows.push(Row::default());
        (self.column, self.next) = (0, 0);
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
                None => row.cells.push((self.column, open)),
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

    /// Two rows with two cells or more, no cell like a page.
    fn is_data(&self) -> bool {
        let wide = self.rows.iter().filter(|row| row.cells.len() >= 2).count();
        let is_long = |(_, cell): &(u32, Passage)| cell.text.chars().nth(CELL_CHARACTERS).is_some();
        wide >= 2 && !self.rows.iter().any(|row| row.cells.iter().any(is_long))
    }
}

/// What waits for the end of the line or table that it stands in.
enum Piece {
    Text(Option<String>, Passage),
    Table(Option<String>, Table),
}

/// What is open.
enum Layer {
    Text(Option<String>, Passage),
    Table(Table),
}

/// The text of one part of a document.
pub(crate) struct Flow {
    place: Place,
    body: Passage,
    /// What is open in the body, the innermost last.
    layers: Vec<Layer>,
    waiting: Vec<Piece>,
    /// Names, codes, descriptions: what no reader sees, and no line is broken by.
    aside: String,
    said: HashSet<String>,
    tables: u32,
    /// How many layers are open beyond [`LAYERS`].
    surplus: usize,
    over: bool,
}

impl Flow {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            place: place.clone(),
            body: Passage::default(),
            layers: Vec::new(),
            waiting: Vec::new(),
            aside: String::new(),
            said: HashSet::new(),
            tables: 0,
            surplus: 0,
            over: false,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Nothing in this part is seen.
    pub(crate) fn hide(&mut self) {
        self.place.hidden = true;
    }

    /// Whether the budget is used up, so that reading on is of no use.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    pub(crate) fn push(&mut self, text: &str, hidden: bool) {
        self.top().push(text, hidden);
    }

    pub(crate) fn append(&mut self, passage: &Passage) {
        self.top().append(passage);
    }

    fn top(&mut self) -> &mut Passage {
        match self.layers.last_mut() {
            Some(Layer::Text(_, passage)) => passage,
            Some(Layer::Table(table)) => &mut table.open,
            None => &mut self.body,
        }
    }

    /// What no reader sees, as a line of its own; what was said before is not said again.
    pub(crate) fn aside(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() && !self.said.contains(text) {
            if self.said.len() < SAID && text.len() <= SAID_BYTES {
                self.said.insert(text.to_owned());
            }
            self.aside.push_str(text);
            self.aside.push('\n');
        }
    }

    pub(crate) fn end_line(&mut self, reading: &mut Reading<'_>) {
        self.top().end_line();
        if self.layers.is_empty() && !self.waiting.is_empty() {
            self.flush(reading);
        }
    }

    /// Something that stands beside the line it is anchored in; `name` tells it from the part around it.
    pub(crate) fn begin_box(&mut self, name: Option<&str>) {
        if self.is_full() {
            return;
        }
        self.layers.push(Layer::Text(name.map(str::to_owned), Passage::default()));
    }

    pub(crate) fn end_box(&mut self) {
        if let Some(passage) = self.take_box() {
            self.waiting.push(passage);
        }
    }

    /// Ends a box and gives back what was in it, tables as lines, in place of handing it over.
    pub(crate) fn withdraw_box(&mut self) -> Passage {
        match self.take_box() {
            Some(Piece::Text(_, passage)) => passage,
            _ => Passage::default(),
        }
    }

    fn take_box(&mut self) -> Option<Piece> {
        if self.surplus > 0 {
            self.surplus -= 1;
            return None;
        }
        let at = self.layers.iter().rposition(|layer| matches!(layer, Layer::Text(..)))?;
        while self.layers.len() > at + 1 {
            self.end_innermost();
        }
        match self.layers.pop()? {
            Layer::Text(name, passage) => Some(Piece::Text(name, passage)),
            Layer::Table(_) => None,
        }
    }

    /// Counts a layer that is too deep.
    fn is_full(&mut self) -> bool {
        let full = self.layers.len() >= LAYERS;
        self.surplus += usize::from(full);
        full
    }

    pub(crate) fn begin_table(&mut self, reading: &mut Reading<'_>) {
        if self.is_full() {
            return;
        }
        if self.layers.is_empty() {
            self.flush(reading);
        }
        self.layers.push(Layer::Table(Table::default()));
    }

    /// The innermost table, if it is open.
    pub(crate) fn table(&mut self) -> Option<&mut Table> {
        if self.surplus > 0 {
            return None;
        }
        match self.layers.last_mut()? {
            Layer::Table(table) => Some(table),
            Layer::Text(..) => None,
        }
    }

    pub(crate) fn end_table(&mut self, reading: &mut Reading<'_>) {
        if self.surplus > 0 {
            self.surplus -= 1;
        } else if matches!(self.layers.last(), Some(Layer::Table(_))) {
            self.end_innermost();
            if self.layers.is_empty() {
                self.flush(reading);
            }
        }
    }

    /// A table that was read elsewhere.
    pub(crate) fn put_table(&mut self, reading: &mut Reading<'_>, mut table: Table) {
        table.end_cell();
        self.waiting.push(Piece::Table(self.box_name(), table));
        if self.layers.is_empty() {
            self.flush(reading);
        }
    }

    fn box_name(&self) -> Option<String> {
        self.layers.iter().rev().find_map(|layer| match layer {
            Layer::Text(name, _) => name.clone(),
            Layer::Table(_) => None,
        })
    }

    fn end_innermost(&mut self) {
        match self.layers.pop() {
            Some(Layer::Text(name, passage)) => self.waiting.push(Piece::Text(name, passage)),
            Some(Layer::Table(mut table)) => {
                table.end_cell();
                let name = self.box_name();
                self.waiting.push(Piece::Table(name, table));
            }
            None => {}
        }
    }

    /// Hands over everything that is complete.
    fn flush(&mut self, reading: &mut Reading<'_>) {
        let body = std::mem::take(&mut self.body);
        hand_over(reading, &self.place, &body);
        for piece in std::mem::take(&mut self.waiting) {
            let named = |name: Option<String>| name.map_or_else(|| self.place.clone(), |name| self.place.inside(&name));
            match piece {
                Piece::Text(name, passage) => hand_over(reading, &named(name), &passage),
                Piece::Table(name, table) => {
                    let place = named(name);
                    self.hand_over_table(reading, &place, &table);
                }
            }
        }
    }

    fn hand_over_table(&mut self, reading: &mut Reading<'_>, place: &Place, table: &Table) {
        if !table.is_data() {
            let mut lines = Passage::default();
            for row in &table.rows {
                for (_, cell) in &row.cells {
                    if row.hidden {
                        lines.push(&cell.text, true)
                    } else {
                        lines.append(cell)
                    }
                    lines.push("\t", false);
                }
                lines.push("\n", false);
            }
            return hand_over(reading, place, &lines);
        }
        self.tables = self.tables.saturating_add(1);
        let place = place.inside(&format!("table {}", self.tables));
        let mut concealed = String::new();
        reading.begin_table(&place);
        for (number, row) in (0u32..).zip(&table.rows) {
            if !row.cells.iter().all(|_| reading.take_cell()) {
                self.over = true;
                break;
            }
            let cells: Vec<Cell<'_>> = row
                .cells
                .iter()
                .map(|(column, cell)| {
                    let visible = cell.visible();
                    let hidden = row.hidden || visible.trim().is_empty();
                    if !hidden {
                        concealed.push_str(&cell.concealed());
                    }
                    let text = if hidden { cell.text.trim().to_owned() } else { visible.trim().to_owned() };
                    Cell { column: *column, text: text.into(), hidden }
                })
                .collect();
            reading.row(number, &cells);
        }
        reading.end_table();
        reading.text(&concealed_place(&place), &concealed);
        if self.over {
            reading.unread(&place, Reason::Limit);
        }
    }

    /// Hands over the rest.
    pub(crate) fn finish(mut self, reading: &mut Reading<'_>) {
        while !self.layers.is_empty() {
            self.end_innermost();
        }
        self.flush(reading);
        reading.text(&concealed_place(&self.place), &self.aside);
    }
}

/// The text under the furigana, should a field's code be that: `EQ \\* jc2 \\o\\ad(\\s\\up 10(むらさき),紫式部)`.
pub(crate) fn ruby_base(code: &str) -> Option<&str> {
    let code = code.trim();
    if !code.get(..2)?.eq_ignore_ascii_case("EQ") || !code.to_ascii_lowercase().contains("\\o") {
        return None;
    }
    let (_, base) = code.strip_suffix(')')?.rsplit_once("),")?;
    Some(base)
}

fn concealed_place(place: &Place) -> Place {
    Place { hidden: true, ..place.clone() }
}

fn hand_over(reading: &mut Reading<'_>, place: &Place, passage: &Passage) {
    if passage.hidden.is_empty() {
        return reading.text(place, &passage.text);
    }
    reading.text(place, &passage.visible());
    reading.text(&concealed_place(place), &passage.concealed());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_text_brings_the_number_it_is_part_of() {
        let mut passage = Passage::default();
        passage.push("電話は090-", false);
        passage.push("1234", true);
        passage.push("-5678です", false);
        passage.push("秘密", true);
        assert_eq!(passage.visible(), "電話は090--5678です");
        assert_eq!(passage.concealed(), "090-1234-5678\n秘密\n");
    }

    #[test]
    fn furigana_in_a_field_leave_their_name() {
        let code = r" EQ \* jc2 \o\ad(\s\up 10(むらさき),紫式部) ";
        assert_eq!(ruby_base(code), Some("紫式部"));
        assert_eq!((ruby_base("PAGE"), ruby_base("EQ"), ruby_base("式")), (None, None, None));
    }

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
