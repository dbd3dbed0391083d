//! Running text and tables of a document, in the order in which they stand, for every document format.
//!
//! In: pieces of text (in sight or hidden), ends of lines, the beginnings and ends of tables, rows, cells and boxes. Out:
//! text and tables into a [`Reading`]. What stands beside the line it is anchored in (a text box, a footnote, a comment)
//! is a box and comes after that line, so that it parts nothing; a table in a table comes after the outer one, as a
//! table of its own. Hidden text goes to the same place, marked hidden; a cell of which nothing is in sight is a hidden
//! cell. Deliberately absent: any format.

use std::collections::HashSet;

use crate::inspect::extract::document::passage::Passage;
use crate::inspect::extract::document::table::Table;
use crate::inspect::extract::reading::Reading;
use crate::inspect::{Cell, Place, Reason};

/// How many lines are remembered so as not to be said again: the same author may stand at every change.
const SAID: usize = 4_096;
const SAID_BYTES: usize = 256;

/// Tables and boxes deeper than this are read as part of the one around them.
const LAYERS: usize = 128;

/// How many boxes and tables wait for the end of what is around them.
const WAITING: usize = 4_096;

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
        } else if self.waiting.len() >= WAITING {
            self.hand_over_waiting(reading);
        }
    }

    /// A row of the innermost table begins. A table too large to be held is handed over in pieces.
    pub(crate) fn begin_row(&mut self, reading: &mut Reading<'_>) {
        let Some(table) = self.table() else { return };
        table.begin_row();
        if let Some(piece) = table.split() {
            let name = self.box_name();
            self.waiting.push(Piece::Table(name, piece));
            self.hand_over_waiting(reading);
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
        self.hand_over_waiting(reading);
    }

    fn hand_over_waiting(&mut self, reading: &mut Reading<'_>) {
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
