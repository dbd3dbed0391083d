//! One row of a table → its findings and its people.
//!
//! In: the cells of a row and what their columns are. Out: into the [`Record`], what was found, and a person for each
//! column of names (`氏名`), or for each of several (`保護者氏名`, `生徒氏名`). Surname and given name are joined, the
//! reading of a name is no name of its own. Deliberately absent: how the columns became known ([`super::layout`]).

use std::borrow::Cow;

use super::columns::{Column, Columns, Part, is_called_for, is_office};
use crate::inspect::detect::checks::{Check, Note};
use crate::inspect::detect::ground::Ground;
use crate::inspect::detect::identity::{describe, numbered, read_as};
use crate::inspect::detect::names::script::is_kanji;
use crate::inspect::detect::normal::Normal;
use crate::inspect::detect::prose::clusters::name_key;
use crate::inspect::detect::record::Record;
use crate::inspect::detect::rules::rule::{Detector, Role};
use crate::inspect::detect::scan::{self, Hit};
use crate::inspect::detect::tally::Shown;
use crate::inspect::detect::whereabouts::Where;
use crate::inspect::persons::Person;
use crate::inspect::{Category, Confidence};

/// Something found in a cell.
#[derive(Debug)]
pub(crate) struct Found<'c> {
    pub(crate) detector: usize,
    pub(crate) confidence: Confidence,
    pub(crate) note: Note,
    pub(crate) ground: Ground,
    pub(crate) column: u32,
    pub(crate) value: Cow<'c, str>,
    pub(crate) part: Part,
    /// Which of the row's people, from 1; 0 for all of them.
    pub(crate) whose: u8,
}

/// What was found in a row.
#[derive(Debug, Default)]
pub(crate) struct Finds<'c> {
    pub(crate) found: Vec<Found<'c>>,
    /// Numbers such as 会員番号: whose, of which kind, and which.
    pub(crate) numbers: Vec<(u8, &'static str, Cow<'c, str>)>,
    /// Readings of names that stand beside them.
    pub(crate) readings: Vec<(u8, Cow<'c, str>)>,
}

impl Finds<'_> {
    /// Whether anything is there that no header could be: what is found in a column of names may be its header.
    pub(super) fn is_certain(&self, record: &Record<'_>) -> bool {
        self.found.iter().any(|found| !is_name(record, found))
    }

    pub(super) fn has_name(&self, record: &Record<'_>) -> bool {
        self.found.iter().any(|found| is_name(record, found))
    }
}

/// What a cell holds: the value that its column calls for, or whatever a text would.
pub(crate) fn in_cell<'c>(record: &Record<'_>, columns: &Columns, column: u32, text: &'c str, finds: &mut Finds<'c>) {
    let text = match Normal::of(text).into_text() {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    let about = columns.columns.get(&column);
    let whose = about.map_or(0, |about| about.whose);
    if let Some((about, index)) = about.and_then(|about| Some((about, about.detector?)))
        && let Some(detector) = record.rules.detector(index)
        // In a column of names a name that no dictionary has is one too.
        && let Some(note) = called_for(record, about, detector, &text)
    {
        if detector.role == Role::Name && is_total(&text) {
            return;
        }
        let confidence = if about.headed { Confidence::High } else { Confidence::Medium }.min(note.at_most());
        let (ground, part) = (Ground::Column { headed: about.headed }, about.part);
        finds.found.push(Found { detector: index, confidence, note, ground, column, value: text, part, whose });
        return;
    }
    if let Some(about) = about.filter(|_| text.contains('\n')) {
        let before = finds.found.len();
        lines_of_names(record, about, column, &text, finds);
        if finds.found.len() > before {
            return;
        }
    }
    if let Some(kind) = about.and_then(|about| about.number) {
        finds.numbers.push((whose, kind, text.clone()));
    }
    if !is_worth_scanning(&text) || about.is_some_and(|about| about.quiet.has(&text)) {
        return;
    }
    let header = about.map_or("", |about| about.header.as_str());
    let hits = scan::hits(record.rules, &text, header);
    if let Some(about) = about.filter(|_| hits.is_empty()) {
        about.quiet.keep(&text);
    }
    for hit in hits {
        let ground = hit.ground.in_characters(&text, hit.range.start, hit.range.end);
        let value = Cow::Owned(text.get(hit.range).unwrap_or_default().to_owned());
        let Hit { detector, mut confidence, note, .. } = hit;
        if !hit.context && about.is_some_and(|about| about.counted) && is_card_number(record, detector) {
            confidence = Confidence::Low;
        }
        finds.found.push(Found { detector, confidence, note, ground, column, value, part: Part::Whole, whose });
    }
}

fn called_for(record: &Record<'_>, about: &Column, detector: &Detector, text: &str) -> Option<Note> {
    if about.headed || detector.role == Role::Name {
        return is_called_for(record.rules, detector.check, about.part, text);
    }
    detector.check.in_cell(record.rules.names(), text, false)
}

fn is_card_number(record: &Record<'_>, detector: usize) -> bool {
    record.rules.detector(detector).is_some_and(|detector| detector.check == Check::Card)
}

/// A name with its reading above or below it in one cell.
fn lines_of_names(record: &Record<'_>, about: &Column, column: u32, text: &str, finds: &mut Finds<'_>) {
    let Some(detector) = about.detector.and_then(|index| record.rules.detector(index)) else { return };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if detector.role != Role::Name || lines.len() > 2 {
        return;
    }
    let written = lines.iter().any(|line| line.chars().any(is_kanji));
    for line in lines {
        let Some(note) = detector.check.in_cell(record.rules.names(), line, about.headed) else { continue };
        let part = if written && !line.chars().any(is_kanji) { Part::Reading } else { about.part };
        let (value, confidence, whose) = (Cow::Owned(line.to_owned()), Confidence::High, about.whose);
        finds.found.extend(about.detector.map(|detector| Found {
            detector,
            confidence,
            note,
            ground: Ground::Column { headed: about.headed },
            column,
            value,
            part,
            whose,
        }));
    }
}

/// Whether a cell in a column of names says that its row adds up others.
fn is_total(text: &str) -> bool {
    const TOTALS: [&str; 5] = ["total", "subtotal", "sub total", "grand total", "average"];
    if text.is_ascii() {
        return text.len() <= 12 && TOTALS.iter().any(|word| text.eq_ignore_ascii_case(word));
    }
    if text.len() > 24 || !(text.contains('計') || text.contains("平均")) {
        return false;
    }
    let text = text.trim_matches(|c: char| !is_kanji(c));
    (text.ends_with('計') || text.ends_with("平均")) && text.chars().count() <= 4
}

/// Most cells are short words and small numbers, in which nothing can be.
fn is_worth_scanning(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6 || text.len() >= 16 || (text.len() >= 9 && !text.is_ascii()) || text.contains('@')
}

/// Counts what one row of table `number` holds, and its people, who have what is known of them `above` as well. Gives
/// the last of them.
pub(crate) fn settle(
    record: &mut Record<'_>,
    columns: &Columns,
    (number, place): (u32, &Where),
    row: u32,
    finds: Finds<'_>,
    above: Person,
) -> Person {
    let mut finds = one_name(record, finds);
    if record.excluding {
        finds.found.retain(|f| !record.excludes(f.detector, &f.value));
    }
    let hidden = !finds.found.is_empty() && finds.found.iter().all(|f| place.is_hidden(row, f.column));
    // A number that an employee or a member is known by says whose an account is.
    let numbered = columns.name.is_none() && finds.numbers.iter().any(|(_, kind, _)| *kind != "顧客");
    let is_person = sift(record, columns, numbered, &mut finds.found);
    let rules = record.rules;
    for f in &finds.found {
        let header = || columns.columns.get(&f.column).map_or("", |column| column.header.as_str());
        let why = || f.ground.told(rules, f.detector, f.note, header());
        record.found(f.detector, f.confidence, &f.value, || Shown { place: place.cell(row, f.column), why: why() });
    }
    if !is_person {
        // A row without anything goes on with nobody, and one in between does not part those around it.
        return above;
    }
    let is_named =
        |whose: &u8| finds.found.iter().any(|f| f.whose == *whose && f.part != Part::Staff && is_name(record, f));
    let named = (1..=columns.people).filter(is_named).fold(0_u64, |named, whose| named | 1 << whose);
    if named == 0 {
        let person = person(record, &finds, None, above);
        record.person(&person, number, hidden);
        return person;
    }
    let mut last = above;
    for whose in (1..=columns.people).filter(|whose| named >> whose & 1 != 0) {
        last = person(record, &finds, Some(whose), Person::default());
        record.person(&last, number, hidden);
    }
    last
}

/// Leaves of the finds what is about people or is a finding all the same; whether a person is there.
fn sift(record: &Record<'_>, columns: &Columns, numbered: bool, found: &mut Vec<Found<'_>>) -> bool {
    let rule = |found: &Found<'_>| record.rules.detector(found.detector);
    let role = |found: &Found<'_>| rule(found).filter(|d| d.info.personal).map(|detector| detector.role);
    let contact = |found: &Found<'_>| rule(found).is_some_and(|detector| detector.info.category == Category::Contact);
    let named = found
        .iter()
        .any(|f| role(f) == Some(Role::Name) && (f.note != Note::Surname || f.confidence == Confidence::High));
    let office = !named && columns.organisations;
    if found.iter().any(|f| record.is_own(&f.value)) || (columns.columns.is_empty() && is_card(record, found)) {
        found.clear();
        return false;
    }
    let reached = |f: &Found<'_>| {
        let own = !contact(f)
            || matches!(f.note, Note::Mobile)
            || (!office && !matches!(f.note, Note::Service | Note::RoleAddress));
        role(f) == Some(Role::Identifier) && rule(f).is_some_and(|detector| !detector.with_person) && own
    };
    // What may well be chance makes nobody.
    let sure = || found.iter().filter(|f| f.confidence > Confidence::Low);
    let described = sure().filter(|f| role(f) == Some(Role::Attribute)).count() >= 2 && !office;
    let held = || numbered && sure().any(|f| rule(f).is_some_and(|detector| detector.check == Check::AccountJp));
    let is_person = named || sure().any(reached) || described || held();
    found.retain(|f| {
        let Some(detector) = rule(f) else { return false };
        let offices = office && contact(f) && is_office(f.note) && !f.value.contains('@');
        let nobodys = matches!(f.note, Note::Service | Note::RoleAddress) && !named;
        let alone = (detector.with_person || f.note == Note::Surname) && !is_person;
        !(detector.info.personal && (offices || nobodys || alone))
    });
    is_person
}

/// Whether a form is the business card of somebody whose mail it is: a signature that is laid out as a table.
fn is_card(record: &Record<'_>, found: &[Found<'_>]) -> bool {
    let mut names = found.iter().filter(|f| is_name(record, f)).peekable();
    let contact = |f: &Found<'_>| {
        let rule = record.rules.detector(f.detector);
        rule.is_some_and(|detector| detector.info.category == Category::Contact) && f.note != Note::Mobile
    };
    names.peek().is_some()
        && names.all(|f| record.known.contains(&name_key(&f.value)))
        && found.iter().filter(|f| !is_name(record, f)).all(contact)
}

/// The person of the row, or that one of several.
fn person(record: &Record<'_>, finds: &Finds<'_>, whose: Option<u8>, above: Person) -> Person {
    let theirs = |owner: u8| whose.is_none_or(|whose| owner == 0 || owner == whose);
    let mut person = above;
    for f in finds.found.iter().filter(|f| theirs(f.whose) && f.part != Part::Staff) {
        if let Some(detector) = record.rules.detector(f.detector).filter(|detector| detector.info.personal) {
            describe(&mut person, record.rules.names(), detector, f.note, &f.value);
        }
    }
    for (_, kind, value) in finds.numbers.iter().filter(|(owner, ..)| theirs(*owner)) {
        numbered(&mut person, kind, value);
    }
    for (_, reading) in finds.readings.iter().filter(|(owner, _)| theirs(*owner)) {
        read_as(&mut person, reading);
    }
    person
}

/// Joins surname and given name in two columns, and puts the reading of a name that is there aside.
fn one_name<'c>(record: &Record<'_>, mut finds: Finds<'c>) -> Finds<'c> {
    if finds.found.iter().filter(|f| is_name(record, f)).count() < 2 {
        return finds;
    }
    // No row is about more than a dozen people.
    let written = finds.found.iter().filter(|f| is_name(record, f) && f.part != Part::Reading);
    let written = written.fold(0_u64, |written, f| written | 1 << (f.whose & 63));
    let mut kept: Vec<Found<'c>> = Vec::with_capacity(finds.found.len());
    let mut readings: Vec<(u8, Cow<'c, str>)> = Vec::new();
    for f in std::mem::take(&mut finds.found) {
        let is_before =
            |known: &&mut Found<'_>, part: Part| known.whose == f.whose && known.part == part && is_name(record, known);
        match f.part {
            Part::Reading if written >> (f.whose & 63) & 1 != 0 => {
                match readings.iter_mut().find(|(whose, _)| *whose == f.whose) {
                    Some((_, reading)) => reading.to_mut().push_str(&f.value),
                    None => readings.push((f.whose, f.value)),
                }
            }
            Part::Given => match kept.iter_mut().rev().find(|known| is_before(known, Part::Family)) {
                Some(family) => {
                    // A middle name may follow.
                    let name = family.value.to_mut();
                    name.push(' ');
                    name.push_str(&f.value);
                    family.note = Note::FullName;
                }
                None => kept.push(f),
            },
            // The given name stands before the surname, as in English.
            Part::Family => match kept.iter_mut().rev().find(|known| is_before(known, Part::Given)) {
                Some(given) => {
                    let name = given.value.to_mut();
                    name.insert(0, ' ');
                    name.insert_str(0, &f.value);
                    given.note = Note::FullName;
                }
                None => kept.push(f),
            },
            // セイ and メイ without a name in kanji.
            Part::Reading => match kept.iter_mut().find(|known| is_before(known, Part::Reading)) {
                Some(reading) => reading.value.to_mut().push_str(&f.value),
                None => kept.push(f),
            },
            _ => kept.push(f),
        }
    }
    Finds { found: kept, readings, ..finds }
}

pub(crate) fn is_name(record: &Record<'_>, found: &Found<'_>) -> bool {
    record.rules.is_name(found.detector)
}
