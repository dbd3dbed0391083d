//! What columns without a header hold.
//!
//! In: the first records of a table, or lines that may be one. Out: for each column that no header called for, the
//! detector that most of its values pass ([`by_values`]), and whether rows are prose that only looks like a table
//! ([`is_prose`]). Deliberately absent: headers ([`super::layout`]).

use std::collections::BTreeMap;

use super::columns::{Columns, Part, is_name};
use super::layout::{Cell, Row, has_digits};
use crate::inspect::detect::checks::{self, Check};
use crate::inspect::detect::names::Reading;
use crate::inspect::detect::names::script::{is_kanji, is_name_character};
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::rules::rule::Role;
use crate::inspect::detect::words::places::is_suffix;

/// Gives columns that no header called for the detector that most of their values pass.
pub(super) fn by_values(rules: &Rules, records: &[Row<'_>], columns: &mut Columns) {
    for (number, values) in by_column(records) {
        let entry = columns.columns.entry(number).or_default();
        if entry.detector.is_some() || values.len() < 2 {
            continue;
        }
        if are_phrases(values.len(), values.iter().filter(|value| is_phrase(value)).count()) {
            continue;
        }
        entry.counted = are_counted(rules, &values);
        let all = rules.all().iter().enumerate().filter(|(_, detector)| detector.check.is_told_without_header());
        let fitting = all.filter_map(|(index, detector)| {
            // A chance hit in ten makes no column; five in a row do.
            let chancy = detector.alone.is_none() || detector.check == Check::MyNumber;
            if chancy && !(detector.check.has_check_digit() && values.len() >= 5) {
                return None;
            }
            // Rare names are in no dictionary: where four in ten are known the others are names too.
            let share = if chancy {
                9
            } else if detector.role == Role::Name && values.len() >= 5 {
                4
            } else {
                6
            };
            // Most columns are none of this, and a few values tell.
            let mut may_miss = values.len() - (values.len() * share).div_ceil(10);
            let fits = values.iter().try_fold(0_usize, |fits, value| {
                if detector.check.in_cell(rules.names(), value, false).is_some() {
                    return Some(fits + 1);
                }
                may_miss = may_miss.checked_sub(1)?;
                Some(fits)
            });
            Some((fits?, detector.priority, index))
        });
        entry.detector = fitting.max().map(|(.., index)| index);
    }
    if !columns.columns.values().any(|column| is_name(rules, column)) {
        split_names(rules, records, columns);
    }
    beside_people(rules, records, columns);
    // A column of names in kana beside one in kanji holds their readings.
    let written = |column: u32| values(records, column).iter().any(|value| value.chars().any(is_kanji));
    let names: Vec<u32> =
        columns.columns.iter().filter(|(_, column)| is_name(rules, column)).map(|(&n, _)| n).collect();
    if names.iter().any(|&column| written(column)) {
        for &number in names.iter().filter(|&&column| !written(column)) {
            if let Some(column) = columns.columns.get_mut(&number).filter(|column| !column.headed) {
                column.part = Part::Reading;
            }
        }
    }
}

/// Whether so many of a column's values are phrases that no detector need be asked: what prose with commas holds is no
/// value of any kind.
fn are_phrases(values: usize, phrases: usize) -> bool {
    phrases > values - (values * if values >= 5 { 4 } else { 6 }).div_ceil(10)
}

/// Whether rows that no header stands above are prose: [`by_values`] would tell nothing of any column.
pub(super) fn is_prose(rows: &[Row<'_>]) -> bool {
    // Of each column, how many values there are, and how many are phrases.
    let mut columns: Vec<(u32, usize, usize)> = Vec::new();
    for (_, row) in rows {
        let mut before = None;
        let mut wide = 0;
        for (column, text) in row {
            let (again, value) = (before == Some(*column), text.trim());
            before = Some(*column);
            wide += usize::from(!value.is_ascii());
            // Surname and given name in two columns.
            if wide > 1 {
                return false;
            }
            if again || value.is_empty() {
                continue;
            }
            let at = columns.binary_search_by_key(column, |(known, ..)| *known).unwrap_or_else(|at| {
                columns.insert(at, (*column, 0, 0));
                at
            });
            if let Some((_, values, phrases)) = columns.get_mut(at) {
                *values += 1;
                *phrases += usize::from(is_phrase(value));
            }
        }
    }
    columns.iter().all(|&(_, values, phrases)| values < 2 || are_phrases(values, phrases))
}

/// Whether a column is of long numbers of which hardly any is a card's.
fn are_counted(rules: &Rules, values: &[&str]) -> bool {
    const LONG: std::ops::RangeInclusive<usize> = 13..=19;
    let is_long = |value: &&&str| LONG.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    let long = || values.iter().filter(is_long);
    let cards = || long().filter(|value| Check::Card.in_cell(rules.names(), value, true).is_some()).count();
    values.len() >= 10 && long().count() * 5 >= values.len() * 4 && cards() * 5 <= values.len()
}

/// The values of each column.
fn by_column<'r>(records: &'r [Row<'_>]) -> BTreeMap<u32, Vec<&'r str>> {
    let mut columns: BTreeMap<u32, Vec<&'r str>> = BTreeMap::new();
    for (_, row) in records {
        let mut before = None;
        for (column, text) in row {
            let values = columns.entry(*column).or_default();
            if before != Some(*column) && !text.trim().is_empty() {
                values.push(text.trim());
            }
            before = Some(*column);
        }
    }
    columns
}

/// Whether a value is words, which no check can hold for where no header calls for it.
fn is_phrase(value: &str) -> bool {
    let digits = || has_digits(value, 4);
    // The lines of a travel document.
    if value.starts_with('+') || value.len() >= 72 && (value.contains('<') || digits()) {
        return false;
    }
    // An account begins with its country.
    if matches!(value.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z', ..]) {
        return false;
    }
    if value.is_ascii() {
        return is_ascii_phrase(value, digits);
    }
    let is_name = |c: char| is_name_character(c) || matches!(c, ' ' | '・');
    !digits()
        && !value.contains(is_suffix)
        && value.contains(is_name_character)
        && (value.len() > 96 || !value.chars().all(is_name))
}

/// As [`is_phrase`], for words of ASCII: a number may be written with spaces, and its letters are capitals or one or two.
fn is_ascii_phrase(value: &str, digits: impl Fn() -> bool) -> bool {
    let (mut words, mut small, mut any_word, mut capitals) = (0_usize, 0_usize, false, true);
    let mut before = b' ';
    for &byte in value.as_bytes() {
        let apart = |byte: u8| matches!(byte, b' ' | b',');
        if !apart(byte) {
            if apart(before) {
                (words, small, capitals) = (words + 1, 0, capitals && byte.is_ascii_uppercase());
            }
            small += usize::from(byte.is_ascii_lowercase());
            any_word |= small >= 3;
            // Most prose is known by its first words.
            if any_word && words >= 2 && !capitals {
                return true;
            }
        }
        before = byte;
    }
    match words {
        0 => false,
        1 => {
            let word = value.trim_matches([' ', ',']);
            word.len() < 15 && word.bytes().any(|byte| byte.is_ascii_lowercase()) && !word.contains('@') && !digits()
        }
        _ => any_word && !(capitals && words <= 4 && !digits()),
    }
}

/// Columns without a header that are somebody's because of those beside them: `617-318-7250` in a row with a name or a
/// mail address, and days over many years in a row with a name.
fn beside_people(rules: &Rules, records: &[Row<'_>], columns: &mut Columns) {
    let detectors = columns.columns.values().filter_map(|column| rules.detector(column.detector?));
    let checks: Vec<Check> = detectors.map(|detector| detector.check).collect();
    let japanese = checks.contains(&Check::NameJp);
    let named = japanese || checks.contains(&Check::PersonName);
    if !named && !checks.contains(&Check::Email) {
        return;
    }
    for (&number, column) in &mut columns.columns {
        let values = values(records, number);
        if column.detector.is_some() || !column.header.is_empty() || values.len() < 3 {
            continue;
        }
        let born = || are_birth_dates(rules, &values).then(|| rules.birth_detector(japanese)).flatten();
        if let Some(detector) = telephones(rules, &values).or_else(|| born().filter(|_| named)) {
            // The column is known as if its header had said so.
            (column.detector, column.headed) = (Some(detector), true);
        }
    }
}

/// The detector that nine in ten of these pass, if they are written as telephone numbers are.
fn telephones(rules: &Rules, values: &[&str]) -> Option<usize> {
    let here = values.iter().any(|value| value.starts_with('0'));
    let checks = if here { [Check::PhoneJp, Check::Phone] } else { [Check::Phone, Check::PhoneJp] };
    checks.into_iter().find_map(|check| {
        let written = |value: &&&str| value.starts_with('0') || value.contains(['-', '(', ' ', '.', '+']);
        // No header calls for them: a plan has to.
        let fits = |value: &&&str| match check {
            Check::Phone => checks::is_in_a_plan(value),
            _ => check.in_cell(rules.names(), value, true).is_some(),
        };
        let fitting = values.iter().filter(written).filter(fits).count();
        let detector = rules.all().iter().position(|detector| detector.check == check);
        detector.filter(|_| fitting * 10 >= values.len() * 9)
    })
}

/// Whether these are the days on which people were born: all of them days, and over many years, as no other days in
/// one table are.
fn are_birth_dates(rules: &Rules, values: &[&str]) -> bool {
    const YEARS: u32 = 15;
    let years = values.iter().map(|value| {
        // A day number of a spreadsheet may be anything.
        let written = value.len() >= 8 && Check::BirthDate.in_cell(rules.names(), value, true).is_some();
        written.then(|| checks::born(value)).flatten().map(|day| day / 10_000)
    });
    let Some(years) = years.collect::<Option<Vec<u32>>>() else { return false };
    let (first, last) = (years.iter().min(), years.iter().max());
    first.zip(last).is_some_and(|(first, last)| last - first >= YEARS)
}

/// Surnames and given names in two columns that no header calls so.
fn split_names(rules: &Rules, records: &[Row<'_>], columns: &mut Columns) {
    let Some(detector) = rules.name_detector() else { return };
    let numbers: Vec<u32> = columns.columns.keys().copied().collect();
    for pair in numbers.windows(2) {
        let &[first, second] = pair else { continue };
        let both = |row: &[Cell<'_>]| {
            let text = |number: u32| row.iter().find(|(column, _)| *column == number).map(|(_, text)| text.as_ref());
            Some((text(first)?, text(second)?)).map(|(a, b)| {
                !a.is_ascii() && !b.is_ascii() && rules.names().read(&format!("{a} {b}")) == Some(Reading::Full)
            })
        };
        let joined: Vec<bool> = records.iter().filter_map(|(_, row)| both(row)).collect();
        let fitting = joined.iter().filter(|&&fits| fits).count();
        if fitting < 2 || fitting * 10 < joined.len() * 6 {
            continue;
        }
        for (number, part) in [(first, Part::Family), (second, Part::Given)] {
            if let Some(column) = columns.columns.get_mut(&number).filter(|column| column.detector.is_none()) {
                // The column is known as if its header had said so: a surname alone is none otherwise.
                (column.detector, column.headed, column.part) = (Some(detector), true, part);
            }
        }
        return;
    }
}

/// The values of a column.
pub(crate) fn values<'r>(records: &'r [Row<'_>], column: u32) -> Vec<&'r str> {
    records
        .iter()
        .filter_map(|(_, row)| row.iter().find(|(number, _)| *number == column).map(|(_, text)| text.trim()))
        .filter(|text| !text.is_empty())
        .collect()
}
