//! Copies of data that a workbook carries along: what its pivot tables were made from, and what it saw last in other
//! workbooks.
//!
//! In: the parts with the caches. Out: tables, hidden, with the fields' names as their header. The source of a pivot
//! table may have been deleted long ago, or never been in this file: its cache is the classic leak. Items that no record
//! uses (Excel keeps deleted ones) are handed over too, a column of their own for each field. What the parts say beside
//! their data is text. Deliberately absent: how a pivot table looks.

use crate::inspect::Place;
use crate::inspect::extract::oddity;
use crate::inspect::extract::package::Entry;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::workbook::book::Book;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::sheet;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::extract::xml::{self, Attributes, Event, Plain};
use crate::inspect::{Cell, Reason};

/// How many items of all pivot caches are kept.
pub(crate) const ITEMS: usize = 4_000_000;

/// And of how many bytes.
pub(crate) const BYTES: usize = 64 << 20;

/// Whether a part defines a pivot cache, by its name as every program writes it.
pub(crate) fn is_definition(name: &str) -> bool {
    name.contains("pivotcachedefinition") && name.ends_with(".xml")
}

/// The pivot caches of a workbook.
#[derive(Default)]
pub(crate) struct Pivots {
    definitions: Vec<Definition>,
    items: usize,
    bytes: usize,
    /// Definitions with more items than are kept.
    over: Vec<String>,
}

struct Definition {
    part: String,
    /// The part with its records.
    records: Option<String>,
    fields: Vec<Field>,
}

/// A column of the data, and the values that are in it.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) items: Vec<String>,
    /// Which of them a record has.
    pub(crate) used: Vec<bool>,
}

impl Field {
    pub(crate) fn keep(&mut self, item: String) {
        self.items.push(item);
        self.used.push(false);
    }

    /// An item by its number, which is used from now on.
    pub(crate) fn take(&mut self, number: usize) -> Option<&str> {
        *self.used.get_mut(number)? = true;
        self.items.get(number).map(String::as_str)
    }
}

impl Pivots {
    /// Keeps the fields and shared items of a definition.
    pub(crate) fn define(&mut self, part: &str, book: &Book, content: &[u8]) {
        let records = book.target(part, "pivotCacheRecords").map(str::to_owned);
        let mut definition = Definition { part: part.to_owned(), records, fields: Vec::new() };
        let mut depth = 0u32;
        for event in xml::Reader::new(&xml::decode(content)) {
            match event {
                Event::Start { name: "cacheField", attributes } => {
                    let name = attributes.value("name").unwrap_or_default().into_owned();
                    definition.fields.push(Field { name, ..Field::default() });
                }
                Event::Start { name: "sharedItems", .. } => depth = 1,
                Event::End { name: "sharedItems" } => depth = 0,
                Event::Start { attributes, .. } if depth > 0 => {
                    if depth == 1 && !self.keep(&mut definition, &item(attributes)) {
                        self.over.push(part.to_owned());
                        break;
                    }
                    depth += 1;
                }
                Event::End { .. } if depth > 0 => depth -= 1,
                _ => {}
            }
        }
        self.definitions.push(definition);
    }

    fn keep(&mut self, definition: &mut Definition, item: &str) -> bool {
        (self.items, self.bytes) = (self.items + 1, self.bytes + item.len());
        if self.items > ITEMS || self.bytes > BYTES {
            return false;
        }
        if let Some(field) = definition.fields.last_mut() {
            field.keep(item.to_owned());
        }
        true
    }

    /// Hands over the records of a cache as a table.
    pub(crate) fn read_records(&mut self, reading: &mut Reading<'_>, entry: &Entry<'_>) {
        let mut nameless = Definition { part: String::new(), records: None, fields: Vec::new() };
        let known = self.definitions.iter_mut().find(|known| known.records.as_deref() == Some(entry.canonical));
        let definition = known.unwrap_or(&mut nameless);
        let (strings, mut rows) = (Strings::default(), Rows::default());
        rows.begin(reading, entry.place);
        let mut covered = true;
        for (column, field) in (0u32..).zip(&definition.fields) {
            covered &= rows.push(reading, &strings, (column, false), |text| text.push_str(&field.name));
        }
        let (mut row, mut column, mut texts) = (0u32, 0u32, Plain::default());
        let document = xml::decode(entry.bytes);
        for event in xml::Reader::new(&document) {
            match event {
                Event::Start { name: "r", attributes } => {
                    note_odd(&mut texts, attributes);
                    (row, column) = (row.saturating_add(1), 0);
                    rows.row(reading, &strings, row, false);
                }
                Event::Start { name: name @ ("s" | "n" | "d" | "b" | "e" | "m" | "x"), attributes } => {
                    let value = item(attributes);
                    let field = usize::try_from(column).ok().and_then(|at| definition.fields.get_mut(at));
                    let text = if name == "x" { shared(field, &value) } else { &value };
                    covered &= rows.push(reading, &strings, (column, false), |to| to.push_str(text));
                    column = column.saturating_add(1);
                    note_odd(&mut texts, attributes);
                }
                event => texts.event(&event),
            }
            if !covered {
                reading.unread(entry.place, Reason::Limit);
                break;
            }
        }
        rows.end(reading, &strings);
        reading.text(entry.place, &(texts.take() + &oddity::unseen(&document)));
    }

    /// Hands over the items that no record used.
    pub(crate) fn hand_over_rest(&self, reading: &mut Reading<'_>, file: &Place) {
        for definition in &self.definitions {
            let place = Place { hidden: true, ..file.inside(&definition.part) };
            if self.over.contains(&definition.part) {
                reading.unread(&place, Reason::Limit);
            }
            hand_over_unused(reading, &place, &definition.fields);
        }
    }
}

/// Hands over the items that no record has, a table for each field.
pub(crate) fn hand_over_unused(reading: &mut Reading<'_>, place: &Place, fields: &[Field]) {
    for field in fields {
        let unused = field.items.iter().zip(&field.used).filter(|(item, used)| !**used && !item.is_empty());
        let mut unused = unused.map(|(item, _)| item.as_str()).peekable();
        if unused.peek().is_none() {
            continue;
        }
        reading.begin_table(place);
        for (row, text) in (0u32..).zip(std::iter::once(field.name.as_str()).chain(unused)) {
            if !reading.take_cell() {
                reading.unread(place, Reason::Limit);
                break;
            }
            reading.row(row, &[Cell { column: 0, text: text.into(), hidden: true }]);
        }
        reading.end_table();
    }
}

/// What a pivot cache says of itself beside its items: where the data come from, how they are grouped.
pub(crate) fn read_definition(reading: &mut Reading<'_>, entry: &Entry<'_>) {
    let document = xml::decode(entry.bytes);
    let mut texts = Plain::default();
    let mut in_items = false;
    for event in xml::Reader::new(&document) {
        match &event {
            Event::Start { name: "sharedItems", .. } => in_items = true,
            Event::End { name: "sharedItems" } => in_items = false,
            Event::Start { attributes, .. } if in_items => note_odd(&mut texts, *attributes),
            Event::End { .. } if in_items => {}
            event => texts.event(event),
        }
    }
    reading.text(entry.place, &(texts.take() + &oddity::unseen(&document)));
}

/// Hands over what a workbook saw last in another one: a table for each sheet.
pub(crate) fn read_external(reading: &mut Reading<'_>, entry: &Entry<'_>) {
    let document = xml::decode(entry.bytes);
    let (strings, mut rows, mut texts) = (Strings::default(), Rows::default(), Plain::default());
    let mut names: Vec<String> = Vec::new();
    let (mut column, mut in_table, mut in_value) = (0u32, false, false);
    for event in xml::Reader::new(&document) {
        let mut covered = true;
        match &event {
            Event::Start { name: "sheetName", attributes } => {
                names.push(attributes.value("val").unwrap_or_default().into_owned());
                note_odd(&mut texts, *attributes);
            }
            Event::Start { name: "sheetData", attributes } => {
                note_odd(&mut texts, *attributes);
                let number = attributes.value("sheetId").and_then(|id| id.parse::<usize>().ok());
                let name = number.and_then(|number| names.get(number)).map_or("sheet", String::as_str);
                rows.begin(reading, &entry.place.inside(name));
                in_table = true;
            }
            Event::End { name: "sheetData" } if in_table => {
                rows.end(reading, &strings);
                in_table = false;
            }
            Event::Start { name: "row", attributes } if in_table => {
                let row = attributes.value("r").and_then(|row| row.parse::<u32>().ok()).unwrap_or(1);
                rows.row(reading, &strings, row.saturating_sub(1), false);
                note_odd(&mut texts, *attributes);
            }
            Event::Start { name: "cell", attributes } => {
                column = attributes.value("r").and_then(|cell| sheet::column(&cell)).unwrap_or_default();
                note_odd(&mut texts, *attributes);
            }
            Event::Start { name: "v", .. } => in_value = true,
            Event::End { name: "v" } => in_value = false,
            Event::Text(text) if in_table && in_value => {
                covered = rows.push(reading, &strings, (column, false), |to| to.push_str(text));
            }
            event => texts.event(event),
        }
        if !covered {
            reading.unread(entry.place, Reason::Limit);
            break;
        }
    }
    rows.end(reading, &strings);
    names.iter().for_each(|name| texts.line(name));
    reading.text(entry.place, &(texts.take() + &oddity::unseen(&document)));
}

/// The value of an item; of dates without a time only the day.
fn item(attributes: Attributes<'_>) -> String {
    let value = attributes.value("v").unwrap_or_default();
    value.strip_suffix("T00:00:00").unwrap_or(&value).to_owned()
}

/// Puts aside what an item says beside its value.
fn note_odd(texts: &mut Plain, item: Attributes<'_>) {
    let others = item.iter().filter(|(name, value)| *name != "v" && oddity::is_odd(value));
    others.for_each(|(_, value)| texts.line(&value));
}

/// A shared item by its number.
fn shared<'f>(field: Option<&'f mut Field>, number: &str) -> &'f str {
    let (Some(field), Ok(number)) = (field, number.parse::<usize>()) else { return "" };
    field.take(number).unwrap_or_default()
}
