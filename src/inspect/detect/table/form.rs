//! Forms: labels beside their values, or above them.
//!
//! In: rows, as they come. Out: findings and people. A label and its value on a row, down the sheet: each column of values
//! is a person, so that a table on its side (a person a column) is read as well, and a label 氏名 that comes again begins
//! the next person. Labels above their values: pairs of rows. Deliberately absent: where a form begins
//! ([`super::layout`]).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::columns::{Columns, part_of};
use super::layout::{self, Cell, Layout, Row};
use super::row::{self, Finds, Found, in_cell, is_name};
use crate::inspect::detect::ground::Ground;
use crate::inspect::detect::record::Record;
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::rules::rule::Role;
use crate::inspect::detect::whereabouts::Where;
use crate::inspect::persons::Person;

/// More than so many things are nobody's form.
const MOST: usize = 64;

/// A label has no more words than this.
const LABEL_WORDS: usize = 5;

/// A form that is being read: what is known so far of the person of each column.
#[derive(Debug, Default)]
pub(crate) struct Form {
    people: BTreeMap<u32, Vec<(u32, Found<'static>)>>,
    /// Each column of values is somebody else.
    columns: bool,
}

/// A cell: a label, or a value with the label before it.
struct Part<'c> {
    column: u32,
    label: String,
    announced: Vec<usize>,
    value: Option<&'c str>,
}

fn parts<'c>(record: &Record<'_>, cells: &'c [Cell<'_>]) -> Vec<Part<'c>> {
    let (mut open, mut announced) = (String::new(), Vec::new());
    let part = |(column, text): &'c Cell<'_>| {
        let new = label(record.rules, text);
        // タナカ カナ is no label, though カナ is.
        let is_value =
            new.is_empty() || (!record.rules.is_header_word(text) && is_called_for(record, &announced, text));
        if !is_value {
            (open, announced) = (text.to_string(), new);
        }
        Part {
            column: *column,
            label: open.clone(),
            announced: announced.clone(),
            value: is_value.then_some(text.as_ref()),
        }
    };
    cells.iter().map(part).collect()
}

/// Whether a value is what its label calls for, by more than standing there.
fn is_called_for(record: &Record<'_>, announced: &[usize], text: &str) -> bool {
    let holds = |index: &usize| {
        record
            .rules
            .detector(*index)
            .is_some_and(|detector| detector.check.in_cell(record.rules.names(), text, false).is_some())
    };
    announced.iter().any(holds)
}

/// Whether the values of a row are several people's: names, each whole, or too many of anything for one.
fn are_people(record: &Record<'_>, parts: &[Part<'_>]) -> bool {
    let called =
        parts.iter().filter(|part| part.value.is_some_and(|text| is_called_for(record, &part.announced, text)));
    let is_name = |part: &&Part<'_>| {
        part.announced.iter().any(|&index| record.rules.detector(index).is_some_and(|d| d.role == Role::Name))
    };
    called.clone().filter(is_name).count() >= 2 || called.count() >= 4
}

impl Form {
    /// Reads one row; true if all people so far are complete.
    pub(crate) fn row(
        &mut self,
        record: &mut Record<'_>,
        table: u32,
        place: &Where,
        row: u32,
        cells: &[Cell<'_>],
    ) -> bool {
        let parts = parts(record, cells);
        let labels = parts.iter().filter(|part| part.value.is_none()).count();
        if !self.columns && labels == 1 && are_people(record, &parts) {
            self.columns = true;
            self.part_by_column();
        }
        for part in &parts {
            let Some(text) = part.value else { continue };
            let whose = if labels == 1 && self.columns { part.column } else { 0 };
            for found in beside(record, &part.label, &part.announced, part.column, text) {
                let known = self.people.entry(whose).or_default();
                let again = known
                    .iter()
                    .any(|(before, f)| *before != row && f.detector == found.detector && f.part == found.part);
                if (again && is_name(record, &found)) || known.len() >= MOST {
                    let known = std::mem::take(known);
                    settle(record, table, place, known);
                }
                self.people.entry(whose).or_default().push((row, found));
            }
        }
        self.people.values().all(Vec::is_empty)
    }

    /// Gives what was taken for one person's to the columns that it stands in: surnames alone do not say yet that each
    /// column is somebody. What was alone on its row stays.
    fn part_by_column(&mut self) {
        let known = self.people.remove(&0).unwrap_or_default();
        let several = |row: u32| known.iter().filter(|(other, _)| *other == row).count() > 1;
        let whose: Vec<u32> = known.iter().map(|(row, found)| if several(*row) { found.column } else { 0 }).collect();
        for (whose, found) in whose.into_iter().zip(known) {
            self.people.entry(whose).or_default().push(found);
        }
    }

    /// The form is over.
    pub(crate) fn finish(&mut self, record: &mut Record<'_>, table: u32, place: &Where) {
        for found in std::mem::take(&mut self.people).into_values() {
            settle(record, table, place, found);
        }
    }
}

fn settle(record: &mut Record<'_>, table: u32, place: &Where, found: Vec<(u32, Found<'_>)>) {
    let Some(row) = found.first().map(|(row, _)| *row) else { return };
    let finds = Finds { found: found.into_iter().map(|(_, found)| found).collect(), ..Finds::default() };
    row::settle(record, &Columns::default(), (table, place), row, finds, Person::default());
}

/// Which detectors a label announces.
fn label(rules: &Rules, text: &str) -> Vec<usize> {
    // `Numéro de sécurité sociale`; more words are a sentence.
    let longest = if text.contains(' ') && text.split(' ').count() <= LABEL_WORDS { 40 } else { 16 };
    let label =
        text.chars().count() <= longest && text.bytes().filter(u8::is_ascii_digit).count() < 4 && !text.contains('@');
    if label { rules.announced(text) } else { Vec::new() }
}

/// What stands beside a label.
fn beside(record: &Record<'_>, label: &str, announced: &[usize], column: u32, text: &str) -> Vec<Found<'static>> {
    let fits = |index: &usize| {
        let check = record.rules.detector(*index)?.check;
        Some((*index, check.in_cell(record.rules.names(), text, true)?))
    };
    if let Some((detector, note)) = announced.iter().find_map(fits) {
        let (part, value) = (part_of(label), Cow::Owned(text.to_owned()));
        let word = record.rules.header_word(detector, label).and_then(|word| word.try_into().ok());
        let (ground, confidence) = (Ground::Label(word), note.at_most());
        return vec![Found { detector, confidence, note, ground, column, value, part, whose: 0 }];
    }
    let mut columns = Columns::default();
    columns.columns.entry(column).or_default().header.push_str(label);
    let mut finds = Finds::default();
    in_cell(record, &columns, column, text, &mut finds);
    let owned = |found: Found<'_>| Found { value: Cow::Owned(found.value.into_owned()), ..found };
    finds.found.into_iter().map(owned).collect()
}

/// The columns of each pair of rows, if `tables` are all of a header and one record: labels above their values.
pub(super) fn labels_above(rules: &Rules, rows: &[Row<'_>], tables: &[Range<usize>]) -> Option<Vec<(usize, Columns)>> {
    if tables.len() < 2 {
        return None;
    }
    let mut pairs = Vec::new();
    for table in tables {
        let part = rows.get(table.clone())?;
        // An empty form, a title above the first pair.
        let Layout::Columns(columns) = layout::of(rules, part) else { return None };
        let records = part.len().checked_sub(columns.above)?;
        let is_pair = columns.header_rows == 1 && records == 1;
        if !is_pair {
            return None;
        }
        pairs.push((table.start + columns.above, columns));
    }
    // The same header again and again, a row below each, is a table with a page for each person.
    let headers = |columns: &Columns| columns.columns.values().map(|column| column.header.clone()).collect::<Vec<_>>();
    let differ = pairs.windows(2).any(|pair| matches!(pair, [a, b] if headers(&a.1) != headers(&b.1)));
    differ.then_some(pairs)
}

/// Reads values below their labels: who has a name begins, what follows is about them.
pub(super) fn read_below(record: &mut Record<'_>, table: (u32, &Where), rows: &[Row<'_>], pairs: &[(usize, Columns)]) {
    let mut open: Vec<(u32, Found<'_>)> = Vec::new();
    for (at, columns) in pairs {
        let Some((row, cells)) = rows.get(*at) else { continue };
        let mut finds = Finds::default();
        for (column, text) in cells {
            in_cell(record, columns, *column, text, &mut finds);
        }
        let begins = finds.has_name(record) && open.iter().any(|(_, found)| is_name(record, found));
        if begins {
            settle(record, table.0, table.1, std::mem::take(&mut open));
        }
        open.extend(finds.found.into_iter().map(|found| (*row, Found { whose: 0, ..found })));
    }
    settle(record, table.0, table.1, open);
}
