//! What the columns of a table are.
//!
//! In: its first rows, normalised. Out: the [`Layout`]: where the header is (it need not be the first row, may take
//! several rows, and may be missing), and for each column the detector that its header and its values together call
//! for. A bare seven-digit number is an account number under 口座番号 and nothing under 数量. Deliberately absent: the
//! reading of rows ([`super::table`]).

use std::collections::BTreeMap;
use std::ops::Range;

use super::checks::{self, Check};
use super::columns::Part;
use super::columns::{Columns, assign, is_name, is_organisation, is_thing, part_of};
use super::names::{Reading, is_kanji, is_name_character};
use super::places::is_suffix;
use super::rule::{Role, header_key};
use super::rules::Rules;

/// A row: its number, and its cells that hold something.
pub(super) type Row = (u32, Vec<(u32, String)>);

/// How a table is to be read.
#[derive(Debug)]
pub(super) enum Layout {
    /// Each row is a record.
    Columns(Columns),
    /// Each row is a label and its value, or several pairs of them.
    Form,
    /// No order was recognised: read it like text.
    Loose,
}

/// A header cell is no longer than this, in characters: `Numéro de sécurité sociale`, `Employment Insurance Number`.
const HEADER: usize = 40;
/// So many rows above a header may be its title.
const TITLES: usize = 3;
/// The header is looked for in so many rows.
const HEAD: usize = 15;

/// Tells how a table that starts with `rows` is to be read.
pub(super) fn of(rules: &Rules, rows: &[Row]) -> Layout {
    let announced: Vec<Vec<(u32, Vec<usize>)>> =
        rows.iter().take(HEAD).map(|(_, row)| announcements(rules, row)).collect();
    let best = best_row(rules, rows, &announced);
    if is_form(rules, rows, &announced, best.map_or(0, |(_, score)| score)) {
        return Layout::Form;
    }
    let mut columns = match best {
        Some((row, _)) => headed(rules, rows, &announced, row),
        None => Columns::default(),
    };
    let records = rows.get(columns.above..).unwrap_or_default();
    by_values(rules, records, &mut columns);
    let named = columns.columns.values().any(|column| is_name(rules, column));
    columns.organisations = !named && columns.columns.values().any(|column| is_organisation(&column.header));
    assign(rules, &mut columns);
    if columns.columns.values().any(|column| column.detector.is_some()) {
        Layout::Columns(columns)
    } else {
        Layout::Loose
    }
}

/// Whether `rows`, whose values make `columns` of them, go on with a table that has a header: no column says another
/// thing, two at least say the same, and what the header calls for is there.
pub(super) fn goes_on(rules: &Rules, before: &Columns, columns: &Columns, rows: &[Row]) -> bool {
    let told = |columns: &Columns, number: u32| columns.columns.get(&number).and_then(|column| column.detector);
    let known = columns.columns.iter().filter_map(|(&number, column)| Some((number, column.detector?)));
    let same = known.clone().filter(|&(number, detector)| told(before, number) == Some(detector)).count();
    let fits = |number: u32, detector: usize| {
        let check = rules.detector(detector).map_or(Check::None, |detector| detector.check);
        let values = values(rows, number);
        let fitting = values.iter().filter(|value| check.in_cell(rules.names(), value, true).is_some()).count();
        fitting * 5 >= values.len() * 4 || is_special(rules, detector)
    };
    let last = before.columns.keys().next_back();
    same >= 2
        && same == known.count()
        && columns.columns.keys().next_back() <= last
        && before.columns.iter().all(|(&number, column)| column.detector.is_none_or(|detector| fits(number, detector)))
}

/// Whether some lines of text are a table of people.
pub(super) fn is_table(rules: &Rules, rows: &[Row]) -> bool {
    match of(rules, rows) {
        Layout::Columns(columns) => rows.len() > columns.above,
        Layout::Form | Layout::Loose => false,
    }
}

/// Whether some lines of text are such a table on its side: a label at the head of each, and a person a column.
pub(super) fn is_on_its_side(rules: &Rules, rows: &[Row]) -> bool {
    let wide = || rows.iter().filter(|(_, row)| row.len() >= 3);
    let labelled = |row: &[(u32, String)]| {
        let announced = announcements(rules, row);
        matches!(announced.as_slice(), [(column, _)] if row.first().is_some_and(|(first, _)| first == column))
    };
    let labels = wide().filter(|(_, row)| labelled(row)).count();
    let is_name = |(_, text): &(u32, String)| {
        [Check::NameJp, Check::PersonName].iter().any(|check| check.in_cell(rules.names(), text, true).is_some())
    };
    let names = || wide().any(|(_, row)| labelled(row) && row.iter().skip(1).filter(|cell| is_name(cell)).count() >= 2);
    let counted = wide().count();
    counted >= 2
        && counted * 2 > rows.len()
        && labels >= 2
        && labels * 2 >= counted
        && names()
        && matches!(of(rules, rows), Layout::Form)
}

/// Parts the first rows of a sheet into tables: each begins with a header, and the title above it.
pub(super) fn tables(rules: &Rules, rows: &[Row]) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    if !is_form(rules, rows, &[], 0) {
        let heads: Vec<bool> = rows.iter().map(|(_, row)| is_header(rules, row)).collect();
        for (at, _) in
            heads.iter().enumerate().filter(|&(at, &head)| head && at > 0 && heads.get(at - 1) == Some(&false))
        {
            let before = starts.last().copied().unwrap_or_default();
            let is_title = |at: &usize| {
                rows.get(*at).is_some_and(|(_, row)| !row.iter().any(|(_, text)| holds_value(rules, text)))
            };
            let titles = (before..at).rev().take(TITLES).take_while(is_title).count();
            let above = at - titles;
            // What goes on in the same columns without an empty row is not above this table but in the one before.
            if above > before {
                starts.push(above);
            }
        }
    }
    let ends = starts.iter().skip(1).copied().chain([rows.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Whether a row looks like a header, which may stand in the midst of records.
pub(super) fn is_header(rules: &Rules, row: &[(u32, String)]) -> bool {
    row.len() >= 2 && may_head(row) && heads(rules, row, &announcements(rules, row))
}

/// Whether no cell of a row is too long for a header, or a value by its look.
fn may_head(row: &[(u32, String)]) -> bool {
    row.iter().all(|(_, text)| text.len() <= HEADER * 4 && !has_digits(text, 4) && !text.contains('@'))
}

/// Whether what its cells announce makes a row a header.
fn heads(rules: &Rules, row: &[(u32, String)], announced: &[(u32, Vec<usize>)]) -> bool {
    let is_announced = |column: u32| announced.iter().any(|(known, _)| *known == column);
    announced.len() >= 2 && row.iter().all(|(column, text)| is_announced(*column) || !holds_value(rules, text))
}

/// Whether a row below a form looks like the header of a table.
pub(super) fn is_wide_header(rules: &Rules, row: &[(u32, String)]) -> bool {
    row.len() >= 3 && is_header(rules, row) && announcements(rules, row).len() >= 3
}

/// Which detectors the cells of a row announce.
fn announcements(rules: &Rules, row: &[(u32, String)]) -> Vec<(u32, Vec<usize>)> {
    row.iter()
        .filter(|(_, text)| {
            text.len() <= HEADER * 4 && text.chars().count() <= HEADER && !has_digits(text, 4) && !text.contains('@')
        })
        .filter_map(|(column, text)| {
            let mut detectors = rules.announced(text);
            let is_name = |index: &usize| rules.detector(*index).is_some_and(|detector| detector.role == Role::Name);
            if detectors.iter().any(is_name) && is_thing(&header_key(text)) {
                detectors.retain(|index| !is_name(index));
            }
            (!detectors.is_empty()).then_some((*column, detectors))
        })
        .collect()
}

/// The row with the most header words, and how many there are.
fn best_row(rules: &Rules, rows: &[Row], announced: &[Vec<(u32, Vec<usize>)>]) -> Option<(usize, usize)> {
    let scores = rows.iter().zip(announced).enumerate().map(|(index, ((_, row), cells))| {
        if cells.is_empty() {
            return (index, 0);
        }
        // A row that holds values is a record, whatever words are in it.
        let values = row.iter().filter(|(_, text)| holds_value(rules, text)).count();
        let score = if values * 2 > cells.len() { 0 } else { cells.len() };
        (index, score)
    });
    scores.filter(|&(_, score)| score > 0).max_by_key(|&(index, score)| (score, std::cmp::Reverse(index)))
}

fn holds_value(rules: &Rules, text: &str) -> bool {
    has_digits(text, 6) || text.contains('@') || Check::NameJp.in_cell(rules.names(), text, false).is_some()
}

/// The columns as the header at `row`, and the header rows beside it, announce them.
fn headed(rules: &Rules, rows: &[Row], announced: &[Vec<(u32, Vec<usize>)>], row: usize) -> Columns {
    let belongs = |index: usize| {
        announced.get(index).is_some_and(|cells| !cells.is_empty())
            && rows.get(index).is_some_and(|(_, row)| row.iter().all(|(_, text)| !holds_value(rules, text)))
    };
    let mut first = row;
    while first > 0 && row - first < 2 && belongs(first - 1) {
        first -= 1;
    }
    let mut last = row;
    while last - row < 2 && belongs(last + 1) {
        last += 1;
    }
    let mut columns = Columns { above: last + 1, header_rows: last + 1 - first, ..Columns::default() };
    let records = rows.get(last + 1..).unwrap_or_default();
    let mut wanted: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for index in (first..=last).rev() {
        for (column, text) in rows.get(index).map(|(_, row)| row.as_slice()).unwrap_or_default() {
            let entry = columns.columns.entry(*column).or_default();
            if !entry.header.is_empty() {
                entry.header.push(' ');
            }
            entry.header.push_str(text);
        }
        for (column, detectors) in announced.get(index).map(Vec::as_slice).unwrap_or_default() {
            wanted.entry(*column).or_default().extend(detectors);
        }
    }
    for (column, detectors) in wanted {
        let values = values(records, column);
        let fits = |detector: usize| {
            let check = rules.detector(detector).map_or(Check::None, |detector| detector.check);
            values.iter().filter(|value| check.in_cell(rules.names(), value, true).is_some()).count()
        };
        let best = detectors.iter().map(|&detector| (fits(detector), detector)).rev().max_by_key(|(fits, _)| *fits);
        let Some(entry) = columns.columns.get_mut(&column) else { continue };
        if let Some((fits, detector)) = best
            && (values.is_empty() || fits * 5 >= values.len().max(1) || is_special(rules, detector))
        {
            entry.detector = Some(detector);
            entry.headed = true;
            entry.part = part_of(&entry.header);
        }
    }
    // What stands over several columns stands in the first of them.
    let over = if last > first { Some(first) } else { first.checked_sub(1) };
    if let Some((_, over)) = over.and_then(|over| rows.get(over))
        && over.len() >= 2
        && over.iter().all(|(_, text)| text.chars().count() <= HEADER && !holds_value(rules, text))
    {
        for (number, column) in &mut columns.columns {
            let group = over.iter().rev().find(|(start, _)| start <= number);
            column.group = group
                .filter(|(_, text)| !column.header.contains(text))
                .map(|(_, text)| text.clone())
                .unwrap_or_default();
        }
    }
    columns
}

/// Most cells of a special-care column say "none".
fn is_special(rules: &Rules, detector: usize) -> bool {
    rules.detector(detector).is_some_and(|detector| detector.check == Check::SpecialCare)
}

/// Gives columns that no header called for the detector that most of their values pass.
fn by_values(rules: &Rules, records: &[Row], columns: &mut Columns) {
    for (number, values) in by_column(records) {
        let entry = columns.columns.entry(number).or_default();
        if entry.detector.is_some() || values.len() < 2 {
            continue;
        }
        // What prose with commas holds is no value of any kind, and needs no asking every detector.
        let most = values.len() - (values.len() * if values.len() >= 5 { 4 } else { 6 }).div_ceil(10);
        if values.iter().filter(|value| is_phrase(value)).count() > most {
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

/// Whether a column is of long numbers of which hardly any is a card's.
fn are_counted(rules: &Rules, values: &[&str]) -> bool {
    const LONG: std::ops::RangeInclusive<usize> = 13..=19;
    let is_long = |value: &&&str| LONG.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    let long = || values.iter().filter(is_long);
    let cards = || long().filter(|value| Check::Card.in_cell(rules.names(), value, true).is_some()).count();
    values.len() >= 10 && long().count() * 5 >= values.len() * 4 && cards() * 5 <= values.len()
}

/// The values of each column.
fn by_column(records: &[Row]) -> BTreeMap<u32, Vec<&str>> {
    let mut columns: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
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
    let digits = has_digits(value, 4);
    // The lines of a travel document.
    if value.starts_with('+') || value.len() >= 72 && (digits || value.contains('<')) {
        return false;
    }
    // An account begins with its country.
    if matches!(value.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z', ..]) {
        return false;
    }
    if !value.is_ascii() {
        let is_name = |c: char| is_name_character(c) || matches!(c, ' ' | '・');
        return !digits
            && !value.contains(is_suffix)
            && value.contains(is_name_character)
            && (value.len() > 96 || !value.chars().all(is_name));
    }
    let mut words = value.as_bytes().split(|byte| matches!(byte, b' ' | b',')).filter(|word| !word.is_empty());
    let capital = |word: &[u8]| word.first().is_some_and(u8::is_ascii_uppercase);
    match (words.next(), words.next()) {
        // A number may be written with spaces, and its letters are capitals or one or two.
        (Some(first), Some(second)) => {
            let is_word = |word: &[u8]| word.iter().filter(|byte| byte.is_ascii_lowercase()).count() >= 3;
            let all = || [first, second].into_iter().chain(words.clone());
            all().any(is_word) && !(all().all(capital) && all().nth(4).is_none() && !digits)
        }
        (Some(word), None) => {
            !digits && word.len() < 15 && !word.contains(&b'@') && word.iter().any(u8::is_ascii_lowercase)
        }
        _ => false,
    }
}

/// Columns without a header that are somebody's because of those beside them: `617-318-7250` in a row with a name or a
/// mail address, and days over many years in a row with a name.
fn beside_people(rules: &Rules, records: &[Row], columns: &mut Columns) {
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
        let fits = |value: &&&str| check.in_cell(rules.names(), value, true).is_some();
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
fn split_names(rules: &Rules, records: &[Row], columns: &mut Columns) {
    let Some(detector) = rules.name_detector() else { return };
    let numbers: Vec<u32> = columns.columns.keys().copied().collect();
    for pair in numbers.windows(2) {
        let &[first, second] = pair else { continue };
        let both = |row: &[(u32, String)]| {
            let text = |number: u32| row.iter().find(|(column, _)| *column == number).map(|(_, text)| text.as_str());
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

fn values(records: &[Row], column: u32) -> Vec<&str> {
    records
        .iter()
        .filter_map(|(_, row)| row.iter().find(|(number, _)| *number == column).map(|(_, text)| text.trim()))
        .filter(|text| !text.is_empty())
        .collect()
}

/// Labels down the first column, values beside them; `known` is what the first rows announce, as far as it was asked.
fn is_form(rules: &Rules, rows: &[Row], known: &[Vec<(u32, Vec<usize>)>], best: usize) -> bool {
    let pairs = || rows.iter().map(|(_, row)| row).filter(|row| row.len() >= 2);
    let Some(first) = pairs().filter_map(|row| row.first()).map(|(column, _)| *column).min() else { return false };
    let mut labels: Vec<Vec<usize>> = Vec::new();
    for (index, (_, row)) in rows.iter().enumerate().filter(|(_, (_, row))| row.len() >= 2) {
        let Some(cell) = row.first().filter(|(column, _)| *column == first) else { continue };
        let label = match known.get(index) {
            Some(cells) => cells.first().filter(|(column, _)| *column == first).map(|(_, detectors)| detectors.clone()),
            None => announcements(rules, std::slice::from_ref(cell)).pop().map(|(_, detectors)| detectors),
        };
        let Some(label) = label else { continue };
        let is_header = match known.get(index) {
            Some(cells) => may_head(row) && heads(rules, row, cells),
            None => is_header(rules, row),
        };
        if !is_header {
            labels.push(label);
        }
    }
    // A long form asks for much that is nobody's concern here; without a header above it is a form all the same.
    let share = if best < 2 { 4 } else { 2 };
    if labels.len() < 2 || labels.len() * share < pairs().count() {
        return false;
    }
    labels.sort();
    labels.dedup();
    labels.len() >= 2 && labels.len() >= best
}

fn has_digits(text: &str, count: usize) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        (0..)
            .zip(text.lines())
            .map(|(row, line)| {
                let cells = (0..).zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
                (row, cells.map(|(column, cell)| (column, cell.to_owned())).collect())
            })
            .collect()
    }

    fn told(text: &str) -> String {
        let rules = Rules::compile(&[]).unwrap();
        match of(&rules, &rows(text)) {
            Layout::Loose => "loose".to_owned(),
            Layout::Form => "form".to_owned(),
            Layout::Columns(columns) => {
                let ids = columns.columns.iter().filter_map(|(number, column)| {
                    let id = &rules.detector(column.detector?)?.info.id;
                    Some(format!("{number}={id}{}", if column.headed { "" } else { "?" }))
                });
                format!("{} {}", columns.above, ids.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn header_and_values_decide_together() {
        for (text, layout) in [
            (
                "氏名,電話番号,数量\n山田太郎,090-1234-5678,1234567\n佐藤花子,08012345678,7654321",
                "1 0=jp.name 1=jp.phone",
            ),
            ("氏名,口座番号,数量\n山田太郎,1234567,1234567", "1 0=jp.name 1=jp.bank_account"),
            ("品名,数量,電話確認\nボルト,1234567,済\nナット,7654321,未", "loose"),
            (
                "顧客名簿\n2026年度\n氏名,連絡先,\n,電話,メール\n山田太郎,09012345678,t@example.com\n佐藤花子,08012345678,h@example.com",
                "4 0=jp.name 1=jp.phone 2=email",
            ),
            ("山田太郎,090-1234-5678\n佐藤花子,080-1234-5678\n鈴木一郎,070-1234-5678", "0 0=jp.name? 1=jp.phone?"),
            ("氏名,山田太郎\n電話,090-1234-5678\n住所,東京都千代田区1-1", "form"),
            (
                "Name,Phone,Email\nJohn Smith,+1 650-253-0000,j@example.com\nMary Brown,+1 650-253-0001,m@example.com",
                "1 0=person_name 1=phone 2=email",
            ),
            ("日付,金額\n2026-01-01,1000\n2026-01-02,2000", "loose"),
        ] {
            assert_eq!(told(text), layout, "{text}");
        }
    }
}
