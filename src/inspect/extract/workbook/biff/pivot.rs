//! The cache of a pivot table in an old workbook: a copy of the data it was made from.
//!
//! In: the cache's stream. Out: a hidden table with the fields' names as its header and a row for each record; values
//! that no record has (Excel keeps deleted ones), a table for each field; texts of other records. A record gives the
//! number of its value for each field that keeps a list, in one byte or two; values of the other fields follow it
//! ([MS-XLS] SXDBB). Deliberately absent: how values are grouped.

use crate::inspect::extract::compound::u16_at;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::sweep;
use crate::inspect::extract::workbook::biff::strings::Script;
use crate::inspect::extract::workbook::biff::{Record, Records};
use crate::inspect::extract::workbook::caches::{BYTES, Field, ITEMS, hand_over_unused};
use crate::inspect::extract::workbook::number;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::{Place, Reason};

/// SXFDB: a field.
const FIELD: u16 = 0x00c7;
/// SXDBB: the numbers of a record's values.
const NUMBERS: u16 = 0x00c8;
/// SXRNG: values are grouped by size.
const GROUPS: u16 = 0x00d8;

/// Values that say how wide the groups are: from, to, step.
const LIMITS: usize = 3;

/// Reads a cache.
pub(crate) fn read(reading: &mut Reading<'_>, place: &Place, stream: &[u8]) {
    let mut records = Records { stream, at: 0 };
    let mut cache = Cache::default();
    while let Some(record) = records.next() {
        if !cache.record(reading, place, &record) {
            reading.unread(place, Reason::Limit);
            break;
        }
    }
    cache.rows.end(reading, &cache.strings);
    hand_over_unused(reading, place, &cache.fields);
    let rest = stream.get(records.at..).unwrap_or_default();
    if rest.len() > 4 {
        reading.unread(place, Reason::Damaged);
        cache.texts.push_str(&sweep::text(rest));
    }
    reading.text(place, &cache.texts);
    reading.done(place);
}

#[derive(Default)]
struct Cache {
    fields: Vec<Field>,
    /// Fields whose values a record tells by their numbers.
    listed: Vec<Listed>,
    /// Fields whose values follow each record.
    late: Vec<usize>,
    /// Whether values are of the list of the last field.
    is_list: bool,
    bytes: usize,
    items: usize,
    rows: Rows,
    /// No table is shared here.
    strings: Strings,
    begun: bool,
    row: u32,
    /// How many values have followed the last record.
    followed: usize,
    texts: String,
}

/// A field that has a list.
struct Listed {
    field: usize,
    /// Whether the number of a value has two bytes.
    is_wide: bool,
    /// Where the values begin in the list, behind those of the groups.
    first: usize,
}

impl Cache {
    /// False when the budget is used up.
    fn record(&mut self, reading: &mut Reading<'_>, place: &Place, record: &Record<'_>) -> bool {
        let data = record.data;
        match record.kind {
            FIELD => self.field(data),
            NUMBERS => return self.numbers(reading, place, data),
            GROUPS => {
                if let (Some(listed), Some(field)) = (self.listed.last_mut(), self.fields.last()) {
                    listed.first = field.items.len() + LIMITS;
                }
            }
            // SXDB, SXDBEX, SXFDBTYPE, the end: numbers.
            0x00c6 | 0x0122 | 0x01bb | 0x000a => self.texts.push_str(&sweep::odd_text(data)),
            kind => match value(kind, data) {
                Some(value) => return self.value(reading, place, value),
                None => self.texts.push_str(&sweep::text(data)),
            },
        }
        true
    }

    fn field(&mut self, data: &[u8]) {
        let flags = u16_at(data, 0).unwrap_or_default();
        let has_values = u16_at(data, 12).is_some_and(|count| count > 0);
        self.is_list = flags & 2 == 0;
        if !self.is_list {
            self.late.push(self.fields.len());
        } else if flags & 5 == 1 && has_values {
            // The others are reckoned from these, or groups of their values.
            self.listed.push(Listed { field: self.fields.len(), is_wide: flags & 0x200 != 0, first: 0 });
        }
        let name = Script::Unicode.string(data.get(14..).unwrap_or_default(), 2);
        self.fields.push(Field { name, ..Field::default() });
    }

    /// A record: its values that are listed.
    fn numbers(&mut self, reading: &mut Reading<'_>, place: &Place, data: &[u8]) -> bool {
        if !self.next_row(reading, place) {
            return false;
        }
        let (mut at, mut covered) = (0, true);
        for listed in &self.listed {
            let index = if listed.is_wide { u16_at(data, at) } else { data.get(at).map(|&index| u16::from(index)) };
            let (Some(index), Some(field)) = (index, self.fields.get_mut(listed.field)) else { break };
            at += if listed.is_wide { 2 } else { 1 };
            let text = field.take(listed.first + usize::from(index)).unwrap_or_default();
            let column = u32::try_from(listed.field).unwrap_or(u32::MAX);
            covered &= self.rows.push(reading, &self.strings, (column, false), |to| to.push_str(text));
        }
        self.texts.push_str(&sweep::odd_text(data.get(at..).unwrap_or_default()));
        covered
    }

    /// A value: of the list of the last field, or of the record.
    fn value(&mut self, reading: &mut Reading<'_>, place: &Place, value: String) -> bool {
        if !self.begun && (self.is_list || self.fields.is_empty()) {
            (self.items, self.bytes) = (self.items + 1, self.bytes + value.len());
            if self.fields.is_empty() {
                (self.is_list, self.fields) = (true, vec![Field::default()]);
            }
            if let Some(field) = self.fields.last_mut() {
                field.keep(value);
            }
            return self.items <= ITEMS && self.bytes <= BYTES;
        }
        // Where no field has a list, nothing else says that a record begins.
        if (!self.begun || self.followed >= self.late.len()) && !self.next_row(reading, place) {
            return false;
        }
        let column = self.late.get(self.followed).and_then(|&field| u32::try_from(field).ok()).unwrap_or_default();
        self.followed += 1;
        self.rows.push(reading, &self.strings, (column, false), |to| to.push_str(&value))
    }

    /// Goes to the next row of the table, to the first one behind its header.
    fn next_row(&mut self, reading: &mut Reading<'_>, place: &Place) -> bool {
        let mut covered = true;
        if !self.begun {
            self.begun = true;
            self.rows.begin(reading, place);
            for (column, field) in (0u32..).zip(&self.fields) {
                covered &= self.rows.push(reading, &self.strings, (column, false), |to| to.push_str(&field.name));
            }
        }
        self.row = self.row.saturating_add(1);
        self.followed = 0;
        self.rows.row(reading, &self.strings, self.row, false);
        covered
    }
}

/// SXNUM, SXBOOL, SXERR, SXINT, SXSTRING, SXDTR, SXNIL; nothing if a record is none of them.
fn value(kind: u16, data: &[u8]) -> Option<String> {
    Some(match kind {
        0x00c9 => data.first_chunk::<8>().map(|bytes| number::plain(f64::from_le_bytes(*bytes))).unwrap_or_default(),
        0x00ca => if u16_at(data, 0) == Some(0) { "FALSE" } else { "TRUE" }.to_owned(),
        0x00cc => u16_at(data, 0).map(|number| number.cast_signed().to_string()).unwrap_or_default(),
        0x00cd => Script::Unicode.string(data, 2),
        0x00ce => date(data).unwrap_or_default(),
        0x00cb | 0x00cf => String::new(),
        _ => return None,
    })
}

/// Year, month, day, hour, minute, second.
fn date(data: &[u8]) -> Option<String> {
    let (year, month, day) = (u16_at(data, 0)?, u16_at(data, 2)?, data.get(4)?);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::Limits;
    use crate::inspect::{Cell, Job, Kind, Sink};

    #[derive(Default)]
    struct Tables(Vec<String>);

    impl Sink for Tables {
        fn text(&mut self, _: &Place, text: &str) {
            self.0.push(text.to_owned());
        }
        fn begin_table(&mut self, _: &Place) {
            self.0.push("table".to_owned());
        }
        fn row(&mut self, _: u32, cells: &[Cell<'_>]) {
            self.0.push(cells.iter().map(|cell| format!("{}:{} ", cell.column, cell.text)).collect());
        }
        fn end_table(&mut self) {}
    }

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
    }

    fn field(flags: u16, count: u16, name: &[u8]) -> Vec<u8> {
        let length = u16::try_from(name.len()).unwrap();
        let head = [&flags.to_le_bytes()[..], &[0; 10], &count.to_le_bytes(), &length.to_le_bytes(), &[0]].concat();
        record(FIELD, &[&head, name].concat())
    }

    fn text(text: &[u8]) -> Vec<u8> {
        record(0x00cd, &[&u16::try_from(text.len()).unwrap().to_le_bytes()[..], &[0], text].concat())
    }

    fn tables(stream: &[u8]) -> Vec<String> {
        let job = Job::new(Kind::File(String::new()));
        let (mut tables, mut watch) = (Tables::default(), ());
        let mut reading = Reading::new(&job, &Limits::default(), &mut tables, &mut watch);
        read(&mut reading, &Place::new("a"), stream);
        drop(reading);
        tables.0
    }

    #[test]
    fn records_are_put_together_again() {
        let cache = [
            [field(1, 2, b"name"), text(b"Hanako"), text(b"Taro"), text(b"deleted")].concat(),
            // Grouped by size: a group, its limits, the values.
            [field(0x211, 1, b"age"), text(b"<40"), record(GROUPS, &[]), [text(b"0"), text(b"9"), text(b"1")].concat()]
                .concat(),
            text(b"39"),
            field(2, 0, b"points"),
            [record(NUMBERS, &[1, 0, 0]), record(0x00cc, &[7, 0])].concat(),
            [record(NUMBERS, &[0, 0, 0]), record(0x00cf, &[])].concat(),
            record(NUMBERS, &[0, 9, 9]),
        ]
        .concat();
        let found = tables(&cache);
        assert_eq!(found.get(..4).unwrap(), ["table", "0:name 1:age 2:points ", "0:Taro 1:39 2:7 ", "0:Hanako 1:39 "]);
        assert_eq!(found.get(4..8).unwrap(), ["0:Hanako ", "table", "0:name ", "0:deleted "]);
    }

    #[test]
    fn values_without_lists_are_rows() {
        let cache = [field(2, 0, b"name"), field(2, 0, b"age"), text(b"Taro"), text(b"39"), text(b"Hanako")].concat();
        assert_eq!(tables(&cache), ["table", "0:name 1:age ", "0:Taro 1:39 ", "0:Hanako "]);
        assert_eq!(tables(&[text(b"Taro"), text(b"Hanako")].concat()), ["table", "0: ", "0:Taro ", "0:Hanako "]);
    }
}
