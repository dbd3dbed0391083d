//! OpenDocument spreadsheets, in a zip (.ods) and flat (.fods).
//!
//! In: the package, or the flat document. Out: every sheet as a table while it is unpacked, cells as LibreOffice shows
//! them (the file carries the shown text beside the value); hidden sheets, rows and columns, filtered rows, cells under
//! merged ones, white cells and values that no text shows are marked, and so is what tracked changes say was there before.
//! Comments stand at their cells; shapes, prompts, names, ranges and links are text. A repeated cell or row is handed over once, so that a file of a
//! kilobyte that claims 17 thousand million cells takes no time. Of styles only what is out of place is read
//! ([`oddity::is_odd`]). Our own reader and not calamine's, because calamine builds the whole sheet in memory and refuses
//! files with white space between cells. Deliberately absent: calculating, looks.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Read;

use crate::inspect::extract::document::looks;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::workbook::book::Listing;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::sheet::{letters, literals};
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::extract::xml::{Attributes, Event, Plain};
use crate::inspect::extract::xml_stream::Stream;
use crate::inspect::extract::{oddity, package};
use crate::inspect::{Place, Reason};

/// How many styles are remembered that hide what has them.
const STYLES: usize = 100_000;

/// The longest text of one cell that is held.
const CELL: usize = 1 << 20;

/// How much text beside the cells is gathered before it is handed over.
const BESIDE: usize = 4 << 20;

/// How many comments wait for the end of their sheet.
const COMMENTS: usize = 100_000;

const CONTENT: &str = "content.xml";

/// Reads a spreadsheet in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut listing = Listing::of(part.bytes);
    let streamed = listing.open(CONTENT, |file| read_document(reading, part.place, file));
    let streamed = RefCell::new(streamed.is_some());
    let skip = |name: &str| name == CONTENT && streamed.replace(false);
    let complete = package::walk(reading, part, &skip, &mut |reading, entry| {
        if entry.canonical == CONTENT {
            read_document(reading, part.place, entry.bytes);
        } else if entry.canonical.ends_with("/content.xml") {
            // A chart, with a copy of the cells it shows.
            read_document(reading, entry.place, entry.bytes);
        } else if matches!(entry.canonical, "meta.xml" | "settings.xml") {
            let hidden = Place { hidden: true, ..entry.place.clone() };
            package::read_entry(reading, &package::Entry { place: &hidden, ..*entry });
        } else {
            return false;
        }
        true
    });
    if complete {
        reading.done(part.place);
    }
}

/// Reads a flat spreadsheet.
pub(crate) fn read_flat(reading: &mut Reading<'_>, part: &Part<'_>) {
    read_document(reading, part.place, part.bytes);
    reading.done(part.place);
}

fn read_document(reading: &mut Reading<'_>, place: &Place, source: impl Read) {
    let mut stream = Stream::new(source);
    let mut sheets = Sheets::new(place);
    let mut count = 0u32;
    let stopped = loop {
        let Some(event) = stream.next() else { break None };
        if !sheets.event(reading, &event) {
            break Some(Reason::Limit);
        }
        count = count.wrapping_add(1);
        let overtime = count.is_multiple_of(65_536) && reading.is_over();
        if count.is_multiple_of(256) && (overtime || !reading.charge(stream.unpacked())) {
            break Some(Reason::Limit);
        }
    };
    sheets.end_table(reading);
    sheets.texts.line(&stream.take_comments());
    sheets.hand_over_changes(reading);
    let covered = reading.charge(stream.unpacked()) && !stream.declares_entities();
    reading.text(&place.inside(CONTENT), &sheets.texts.take());
    let stopped = stopped.or((!covered).then_some(Reason::Limit));
    if let Some(reason) = stopped.or(stream.is_damaged().then_some(Reason::Damaged)) {
        reading.unread(place, reason);
    }
}

struct Sheets<'p> {
    file: &'p Place,
    /// The open sheet.
    place: Place,
    strings: Strings,
    rows: Rows,
    /// Styles that hide the sheets, rows and columns that have them.
    hiding: HashSet<String>,
    style: String,
    in_styles: u32,
    /// Styles of cells whose text is not seen.
    unseen_styles: HashSet<String>,
    /// Whether the open style paints its cells.
    is_backed: bool,
    /// Tracked changes that are open, and what they say was there before.
    in_changes: u32,
    before: Plain,
    /// How many tables are open; one inside a cell belongs to that cell.
    depth: u32,
    row: u32,
    row_repeat: u32,
    column: u32,
    /// Columns declared so far.
    columns: usize,
    cell: Option<Cell>,
    comment: Option<Plain>,
    comments: Vec<(String, String)>,
    texts: Plain,
}

#[derive(Default)]
struct Cell {
    shown: String,
    stored: String,
    formula: String,
    repeat: u32,
    /// It is under another, or its letters cannot be told from it.
    is_unseen: bool,
}

impl<'p> Sheets<'p> {
    fn new(file: &'p Place) -> Self {
        Self {
            file,
            place: file.clone(),
            strings: Strings::default(),
            rows: Rows::default(),
            hiding: HashSet::new(),
            style: String::new(),
            in_styles: 0,
            unseen_styles: HashSet::new(),
            is_backed: false,
            in_changes: 0,
            before: Plain::default(),
            depth: 0,
            row: 0,
            row_repeat: 1,
            column: 0,
            columns: 0,
            cell: None,
            comment: None,
            comments: Vec::new(),
            texts: Plain::default(),
        }
    }

    /// False when the budget is used up.
    fn event(&mut self, reading: &mut Reading<'_>, event: &Event<'_>) -> bool {
        match event {
            Event::Start { name: "tracked-changes", .. } => self.in_changes += 1,
            Event::End { name: "tracked-changes" } => self.in_changes = self.in_changes.saturating_sub(1),
            event if self.in_changes > 0 => self.change(reading, event),
            Event::End { name: "annotation" } => self.end_comment(),
            event if self.comment.is_some() => {
                self.comment.iter_mut().for_each(|comment| comment.event(event));
            }
            Event::Start { name, attributes } if is_styles(name) => {
                self.in_styles += 1;
                self.odd(*attributes);
            }
            Event::End { name } if is_styles(name) => self.in_styles = self.in_styles.saturating_sub(1),
            Event::Start { name, attributes } if self.in_styles > 0 => self.style(name, *attributes),
            Event::Start { name, attributes } => return self.start(reading, name, *attributes, event),
            Event::End { name } => return self.end(reading, name, event),
            Event::Text(text) => self.text(text, event),
        }
        true
    }

    /// What a tracked change says was there before; nobody sees it.
    fn change(&mut self, reading: &mut Reading<'_>, event: &Event<'_>) {
        if let Event::Start { name: "change-track-table-cell", attributes } = event {
            let stored = ["string-value", "date-value", "value", "formula"].into_iter();
            stored.filter_map(|name| attributes.value(name)).for_each(|stored| self.before.line(&stored));
        }
        self.before.event(event);
        if self.before.len() > BESIDE && self.depth == 0 {
            self.hand_over_changes(reading);
        }
    }

    fn hand_over_changes(&mut self, reading: &mut Reading<'_>) {
        let place = Place { hidden: true, ..self.file.inside("tracked changes") };
        reading.text(&place, &self.before.take());
    }

    /// Styles that hide what has them.
    fn style(&mut self, name: &str, attributes: Attributes<'_>) {
        let value = |name: &str| attributes.value(name);
        let is_nothing = |name: &str| {
            let size = value(name);
            size.is_some_and(|size| {
                size.trim_end_matches(char::is_alphabetic).parse::<f64>().is_ok_and(|size| size <= 0.0)
            })
        };
        let hides = match name {
            "style" => {
                self.style = value("name").unwrap_or_default().into_owned();
                self.is_backed = false;
                false
            }
            "table-properties" => value("display").as_deref() == Some("false"),
            "table-column-properties" => is_nothing("column-width"),
            "table-row-properties" => is_nothing("row-height"),
            "table-cell-properties" => {
                self.is_backed |= value("background-color").is_some_and(|colour| looks::is_painted(&colour));
                false
            }
            "text-properties" => {
                let is_white = !self.is_backed && value("color").is_some_and(|colour| looks::is_white(&colour));
                let is_unseen = is_white || value("font-size").is_some_and(|size| looks::is_tiny(&size));
                if is_unseen && self.unseen_styles.len() < STYLES {
                    self.unseen_styles.insert(self.style.clone());
                }
                false
            }
            _ => false,
        };
        if hides && self.hiding.len() < STYLES {
            self.hiding.insert(std::mem::take(&mut self.style));
        }
        self.odd(attributes);
    }

    fn odd(&mut self, attributes: Attributes<'_>) {
        attributes.iter().filter(|(_, value)| oddity::is_odd(value)).for_each(|(_, value)| self.texts.line(&value));
    }

    fn is_hidden(&self, attributes: Attributes<'_>) -> bool {
        attributes.iter().any(|(name, value)| match name {
            "visibility" => matches!(&*value, "collapse" | "filter"),
            "style-name" => self.hiding.contains(&*value),
            _ => false,
        })
    }

    fn start(&mut self, reading: &mut Reading<'_>, name: &str, attributes: Attributes<'_>, event: &Event<'_>) -> bool {
        let value = |name: &str| attributes.value(name);
        match name {
            "table" => {
                self.depth += 1;
                if self.depth == 1 {
                    self.begin_table(reading, attributes);
                }
            }
            "table-column" if self.depth == 1 => {
                let repeat = usize::try_from(repeat(attributes, "number-columns-repeated")).unwrap_or(usize::MAX);
                let next = self.columns.saturating_add(repeat);
                if self.is_hidden(attributes) {
                    self.rows.hide_columns(self.columns, next.saturating_sub(1));
                }
                self.columns = next;
            }
            "table-row" if self.depth == 1 => {
                self.row_repeat = repeat(attributes, "number-rows-repeated");
                self.column = 0;
                self.rows.row(reading, &self.strings, self.row, self.is_hidden(attributes));
            }
            "table-cell" | "covered-table-cell" if self.depth == 1 => {
                let stored =
                    ["string-value", "date-value", "time-value", "boolean-value", "value"].into_iter().find_map(value);
                self.cell = Some(Cell {
                    stored: stored.unwrap_or_default().into_owned(),
                    formula: value("formula").unwrap_or_default().into_owned(),
                    repeat: repeat(attributes, "number-columns-repeated"),
                    is_unseen: name == "covered-table-cell"
                        || value("style-name").is_some_and(|style| self.unseen_styles.contains(&*style)),
                    shown: String::new(),
                });
                // Values are read; whatever else says something is no attribute of a cell.
                let others = attributes.iter().filter(|(name, _)| !name.ends_with("value") && *name != "formula");
                others.filter(|(_, value)| oddity::is_odd(value)).for_each(|(_, value)| self.texts.line(&value));
                return reading.take_cell();
            }
            "annotation" => {
                let mut comment = Plain::default();
                comment.event(event);
                self.comment = Some(comment);
            }
            "tab" | "s" if self.cell.is_some() => self.text(" ", &Event::Text(" ".into())),
            "line-break" if self.cell.is_some() => self.text("\n", &Event::Text("\n".into())),
            "p" | "h" | "span" if self.cell.is_some() => {}
            _ => {
                self.texts.event(event);
                for name in ["expression", "condition", "help", "target-range-address", "dde-topic", "dde-item"] {
                    value(name).into_iter().for_each(|value| self.texts.line(&value));
                }
            }
        }
        true
    }

    fn text(&mut self, text: &str, event: &Event<'_>) {
        match &mut self.cell {
            Some(cell) if cell.shown.len() + text.len() <= CELL => cell.shown.push_str(text),
            None if text.trim_ascii().is_empty() => {}
            _ => self.texts.event(event),
        }
    }

    fn end(&mut self, reading: &mut Reading<'_>, name: &str, event: &Event<'_>) -> bool {
        match name {
            "table" => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.end_table(reading);
                }
            }
            "table-row" if self.depth == 1 => {
                self.row = self.row.saturating_add(self.row_repeat);
                if self.texts.len() > BESIDE {
                    self.rows.end(reading, &self.strings);
                    reading.text(&self.place.inside(CONTENT), &self.texts.take());
                    self.rows.begin(reading, &self.place);
                }
            }
            "table-cell" | "covered-table-cell" if self.depth == 1 => return self.end_cell(reading),
            "p" | "h" => self.text("\n", event),
            "span" if self.cell.is_some() => {}
            _ => self.texts.event(event),
        }
        true
    }

    fn begin_table(&mut self, reading: &mut Reading<'_>, attributes: Attributes<'_>) {
        let name = attributes.value("name").unwrap_or_default();
        let mut place = if name.is_empty() { self.file.inside("table") } else { self.file.inside(&name) };
        place.hidden |= self.is_hidden(attributes);
        self.place = place;
        (self.row, self.columns, self.rows) = (0, 0, Rows::default());
        reading.text(&self.file.inside(CONTENT), &self.texts.take());
        reading.text(&self.place, &name);
        self.rows.begin(reading, &self.place);
    }

    fn end_table(&mut self, reading: &mut Reading<'_>) {
        self.rows.end(reading, &self.strings);
        for (cell, text) in std::mem::take(&mut self.comments) {
            let place = Place { path: format!("{}!{cell}", self.place.path), ..self.place.clone() };
            reading.text(&place.inside("comment"), &text);
        }
        reading.text(&self.place.inside(CONTENT), &self.texts.take());
        if self.place != *self.file {
            reading.done(&self.place);
            self.place = self.file.clone();
        }
    }

    fn end_cell(&mut self, reading: &mut Reading<'_>) -> bool {
        let Some(cell) = self.cell.take() else { return true };
        let column = self.column;
        self.column = self.column.saturating_add(cell.repeat);
        if cell.formula.contains('"') {
            literals(&cell.formula).for_each(|literal| self.texts.line(literal));
        }
        let shown = cell.shown.trim();
        // A value that is stored but not shown has a format that shows nothing.
        let is_unseen = shown.is_empty() && !cell.stored.is_empty();
        let text = match () {
            () if !shown.is_empty() => shown,
            () if is_unseen => &cell.stored,
            () => &cell.formula,
        };
        self.rows.push(reading, &self.strings, (column, is_unseen || cell.is_unseen), |to| to.push_str(text))
    }

    fn end_comment(&mut self) {
        let Some(mut comment) = self.comment.take() else { return };
        let text = comment.take();
        if self.depth > 0 && self.comments.len() < COMMENTS {
            self.comments.push((format!("{}{}", letters(self.column), u64::from(self.row) + 1), text));
        } else {
            self.texts.line(&text);
        }
    }
}

/// Elements with styles in them, which hold names and sizes.
fn is_styles(name: &str) -> bool {
    matches!(name, "automatic-styles" | "styles" | "font-face-decls")
}

fn repeat(attributes: Attributes<'_>, name: &str) -> u32 {
    attributes.value(name).and_then(|value| value.parse().ok()).unwrap_or(1)
}
