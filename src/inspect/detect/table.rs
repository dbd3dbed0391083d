//! A table, row by row → findings and people.
//!
//! In: rows as they come. Out: into the [`Record`], the hits of each row and the one person that it is about. The first
//! rows are kept until the [`layout`](super::layout) is told, then nothing is; a million rows cost no memory.
//! Deliberately absent: joining rows; one row is one person, a form is one, and the same person in two rows is one by
//! the keys of [`crate::inspect::persons`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::checks::Note;
use super::layout::{self, Columns, Layout, Part, Row};
use super::normal::Normal;
use super::prose;
use super::record::{Record, describe};
use super::rule::Role;
use super::scan::{self, Hit};
use super::whereabouts::{Where, Whereabouts};
use crate::inspect::persons::Person;
use crate::inspect::{Category, Confidence};

/// Rows that are kept to tell the layout.
const SAMPLE: usize = 50;

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Table {
    place: Where,
    waiting: Vec<Row>,
    columns: Option<Columns>,
}

/// Something found in a cell.
struct Found<'c> {
    detector: usize,
    confidence: Confidence,
    note: Note,
    column: u32,
    value: Cow<'c, str>,
    part: Part,
}

impl Table {
    /// A table at `place`.
    pub(super) fn new(place: Where) -> Self {
        Self { place, waiting: Vec::new(), columns: None }
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
    pub(super) fn row<'c>(&mut self, record: &mut Record<'_>, row: u32, cells: impl Iterator<Item = (u32, &'c str)>) {
        if let Some(columns) = &self.columns {
            let mut seen: Vec<(u32, &str)> = Vec::new();
            let mut found = Vec::new();
            for (column, text) in cells {
                seen.push((column, text));
                in_cell(record, columns, column, text, &mut found);
            }
            if !found.is_empty() || seen.len() < 2 {
                settle(record, columns, &self.place, row, found);
                return self.forget_hidden();
            }
            // Nothing in a whole row: perhaps another table begins below this one.
            let cells: Vec<(u32, String)> = seen.into_iter().map(|(column, text)| (column, normal(text))).collect();
            if layout::is_header(record.rules, &cells) {
                self.columns = None;
                self.waiting.push((row, cells));
            } else {
                self.forget_hidden();
            }
            return;
        }
        self.waiting.push((row, cells.map(|(column, text)| (column, normal(text))).collect()));
        if self.waiting.len() >= SAMPLE {
            self.decide(record);
        }
    }

    /// The table is over.
    pub(super) fn end(mut self, record: &mut Record<'_>) {
        if !self.waiting.is_empty() {
            self.decide(record);
        }
    }

    /// Tells the layout by the rows that waited, and reads them.
    fn decide(&mut self, record: &mut Record<'_>) {
        let rows = std::mem::take(&mut self.waiting);
        match layout::of(record.rules, &rows) {
            Layout::Columns(columns) => {
                let (above, records) = rows.split_at(columns.above.min(rows.len()));
                let titles = above.get(..above.len() - columns.header_rows.min(above.len())).unwrap_or_default();
                loose(record, &self.place, titles);
                for (row, cells) in records {
                    let mut found = Vec::new();
                    for (column, text) in cells {
                        in_cell(record, &columns, *column, text, &mut found);
                    }
                    settle(record, &columns, &self.place, *row, found);
                }
                self.columns = Some(columns);
            }
            Layout::Form => form(record, &self.place, &rows),
            Layout::Loose => loose(record, &self.place, &rows),
        }
        self.forget_hidden();
    }
}

fn normal(text: &str) -> String {
    Normal::of(text).text().trim().to_owned()
}

/// What a cell holds: the value that its column calls for, or whatever a text would.
fn in_cell<'c>(record: &Record<'_>, columns: &Columns, column: u32, text: &'c str, found: &mut Vec<Found<'c>>) {
    let text = match Normal::of(text).into_text() {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    let about = columns.columns.get(&column);
    let called = about.and_then(|about| Some((about, about.detector?)));
    if let Some((about, index)) = called
        && let Some(detector) = record.rules.detector(index)
        && let Some(note) = detector.check.in_cell(record.rules.names(), &text, about.headed)
    {
        let confidence = if about.headed { Confidence::High } else { Confidence::Medium }.min(note.at_most());
        found.push(Found { detector: index, confidence, note, column, value: text, part: about.part });
        return;
    }
    if !is_worth_scanning(&text) {
        return;
    }
    let header = about.map_or("", |about| about.header.as_str());
    for hit in scan::hits(record.rules, &text, header) {
        let value = Cow::Owned(text.get(hit.range).unwrap_or_default().to_owned());
        let Hit { detector, confidence, note, .. } = hit;
        found.push(Found { detector, confidence, note, column, value, part: Part::Whole });
    }
}

/// Most cells are short words and small numbers, in which nothing can be.
fn is_worth_scanning(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6 || text.len() >= 16 || (text.len() >= 9 && !text.is_ascii()) || text.contains('@')
}

/// Counts what one row holds, and its person.
fn settle(record: &mut Record<'_>, columns: &Columns, place: &Where, row: u32, found: Vec<Found<'_>>) {
    let found = one_name(record, found);
    let rule = |found: &Found<'_>| record.rules.detector(found.detector);
    let role = |found: &Found<'_>| rule(found).filter(|d| d.info.personal).map(|detector| detector.role);
    let contact = |found: &Found<'_>| rule(found).is_some_and(|detector| detector.info.category == Category::Contact);
    let named = found
        .iter()
        .any(|f| role(f) == Some(Role::Name) && (f.note != Note::Surname || f.confidence == Confidence::High));
    let office = !named && columns.organisations;
    let reached = |f: &Found<'_>| {
        let own = !contact(f)
            || matches!(f.note, Note::Mobile)
            || (!office && !matches!(f.note, Note::Service | Note::RoleAddress));
        role(f) == Some(Role::Identifier) && rule(f).is_some_and(|detector| !detector.with_person) && own
    };
    let described = found.iter().filter(|f| role(f) == Some(Role::Attribute)).count() >= 2 && !office;
    let is_person = named || found.iter().any(reached) || described;
    let mut person = Person::default();
    for f in &found {
        let Some(detector) = rule(f) else { continue };
        let offices = office && contact(f) && layout::is_office(f.note) && !f.value.contains('@');
        let nobodys = matches!(f.note, Note::Service | Note::RoleAddress) && !named;
        let alone = (detector.with_person || f.note == Note::Surname) && !is_person;
        if detector.info.personal && (offices || nobodys || alone) {
            continue;
        }
        if detector.info.personal {
            describe(&mut person, detector, &f.value);
        }
        record.found(f.detector, f.confidence, &f.value, || place.cell(row, f.column));
    }
    if is_person {
        record.person(&person, found.iter().all(|f| place.is_hidden(row, f.column)));
    }
}

/// Joins surname and given name in two columns, and leaves out the reading of a name that is there.
fn one_name<'c>(record: &Record<'_>, found: Vec<Found<'c>>) -> Vec<Found<'c>> {
    let is_name = |f: &Found<'_>| record.rules.detector(f.detector).is_some_and(|detector| detector.role == Role::Name);
    if found.iter().filter(|f| is_name(f)).count() < 2 {
        return found;
    }
    let written = found.iter().any(|f| is_name(f) && f.part != Part::Reading);
    let mut kept: Vec<Found<'c>> = Vec::with_capacity(found.len());
    for f in found {
        let before = kept.iter_mut().rev().find(|known| is_name(known) && known.part == Part::Family);
        match f.part {
            Part::Reading if written => {}
            Part::Given if before.is_some() => {
                if let Some(family) = before {
                    family.value.to_mut().push_str(&f.value);
                    family.note = Note::FullName;
                    family.part = Part::Whole;
                }
            }
            // セイ and メイ without a name in kanji.
            Part::Reading => match kept.iter_mut().find(|known| is_name(known)) {
                Some(reading) => reading.value.to_mut().push_str(&f.value),
                None => kept.push(f),
            },
            _ => kept.push(f),
        }
    }
    kept
}

/// Reads rows of labels and values: each column of values is a person, and a label that comes again begins the next.
fn form(record: &mut Record<'_>, place: &Where, rows: &[Row]) {
    let mut people: BTreeMap<u32, Vec<(u32, Found<'_>)>> = BTreeMap::new();
    let columns = Columns::default();
    let finish = |record: &mut Record<'_>, found: Vec<(u32, Found<'_>)>| {
        let Some(row) = found.first().map(|(row, _)| *row) else { return };
        settle(record, &columns, place, row, found.into_iter().map(|(_, found)| found).collect());
    };
    for (row, cells) in rows {
        let labels = cells.iter().filter(|(_, text)| !rules_of(record, text).is_empty()).count();
        let mut label: (String, Vec<usize>) = Default::default();
        for (column, text) in cells {
            let announced = rules_of(record, text);
            if !announced.is_empty() {
                label = (text.clone(), announced);
                continue;
            }
            let whose = if labels > 1 { 0 } else { *column };
            for found in in_form(record, &label, *column, text) {
                let known = people.entry(whose).or_default();
                let again = known
                    .iter()
                    .any(|(before, f)| before != row && f.detector == found.detector && f.part == found.part);
                if again && is_name(record, &found) {
                    finish(record, std::mem::take(known));
                }
                people.entry(whose).or_default().push((*row, found));
            }
        }
    }
    for found in people.into_values() {
        finish(record, found);
    }
}

fn is_name(record: &Record<'_>, found: &Found<'_>) -> bool {
    record.rules.detector(found.detector).is_some_and(|detector| detector.role == Role::Name)
}

fn rules_of(record: &Record<'_>, text: &str) -> Vec<usize> {
    let label =
        text.chars().count() <= 16 && text.bytes().filter(u8::is_ascii_digit).count() < 4 && !text.contains('@');
    if label { record.rules.announced(text) } else { Vec::new() }
}

/// What stands beside a label.
fn in_form<'c>(
    record: &Record<'_>,
    (label, announced): &(String, Vec<usize>),
    column: u32,
    text: &'c str,
) -> Vec<Found<'c>> {
    let fits = |index: &usize| {
        let check = record.rules.detector(*index)?.check;
        Some((*index, check.in_cell(record.rules.names(), text, true)?))
    };
    let mut found = Vec::new();
    if let Some((detector, note)) = announced.iter().find_map(fits) {
        let part = layout::part_of(label);
        found.push(Found { detector, confidence: note.at_most(), note, column, value: Cow::Borrowed(text), part });
    } else {
        let mut columns = Columns::default();
        columns.columns.entry(column).or_default().header.clone_from(label);
        in_cell(record, &columns, column, text, &mut found);
    }
    found
}

/// Reads rows in no order as text, cell after cell and line after line.
fn loose(record: &mut Record<'_>, place: &Where, rows: &[Row]) {
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
