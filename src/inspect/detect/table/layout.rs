//! What the columns of a table are.
//!
//! In: its first rows, normalised. Out: the [`Layout`]: where the header is (it need not be the first row, may take
//! several rows, and may be missing), and for each column the detector that its header and its values together call
//! for. A bare seven-digit number is an account number under 口座番号 and nothing under 数量. Deliberately absent: the
//! reading of rows ([`super`]).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::accounts;
use super::columns::{Column, Columns, Part, assign, is_called_for, is_name, is_organisation, is_thing, part_of};
use super::values::{by_values, is_prose, values};
use crate::inspect::detect::checks::Check;
use crate::inspect::detect::names::Reading;
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::rules::rule::header_key;

/// A row: its number, and its cells that hold something.
pub(crate) type Row<'t> = (u32, Vec<Cell<'t>>);
/// A cell: its column, and its text.
pub(crate) type Cell<'t> = (u32, Cow<'t, str>);

/// How a table is to be read.
#[derive(Debug)]
pub(crate) enum Layout {
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
pub(crate) const HEAD: usize = 15;

/// Which detectors the cells of a row announce, by their columns.
type Announced = Vec<(u32, Vec<usize>)>;

/// Tells how a table that starts with `rows` is to be read.
pub(crate) fn of(rules: &Rules, rows: &[Row<'_>]) -> Layout {
    told(rules, rows, &heads_of(rules, rows))
}

/// What the first rows announce.
fn heads_of(rules: &Rules, rows: &[Row<'_>]) -> Vec<Announced> {
    rows.iter().take(HEAD).map(|(_, row)| announcements(rules, row)).collect()
}

/// As [`of`], where it is known what the first rows announce.
fn told(rules: &Rules, rows: &[Row<'_>], announced: &[Announced]) -> Layout {
    let best = best_row(rules, rows, announced);
    if is_form(rules, rows, announced, best.map_or(0, |(_, score)| score)) {
        return Layout::Form;
    }
    let mut columns = match best {
        Some((row, _)) => headed(rules, rows, announced, row),
        None if is_prose(rows) => return Layout::Loose,
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
pub(crate) fn goes_on(rules: &Rules, before: &Columns, columns: &Columns, rows: &[Row<'_>]) -> bool {
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

/// Whether some lines of text are a table of people: a person a row, or a column.
pub(crate) fn is_list(rules: &Rules, rows: &[Row<'_>]) -> bool {
    let announced = heads_of(rules, rows);
    match told(rules, rows, &announced) {
        Layout::Columns(columns) => rows.len() > columns.above,
        Layout::Form => is_on_its_side(rules, rows, &announced),
        Layout::Loose => false,
    }
}

/// Whether a form is such a table on its side: a label at the head of each row, and a person a column. `known` is what the
/// first rows announce.
fn is_on_its_side(rules: &Rules, rows: &[Row<'_>], known: &[Announced]) -> bool {
    let wide: Vec<(usize, &[Cell<'_>])> =
        (0..).zip(rows).map(|(at, (_, row))| (at, row.as_slice())).filter(|(_, row)| row.len() >= 3).collect();
    if wide.len() < 2 || wide.len() * 2 <= rows.len() {
        return false;
    }
    let labelled = |&&(at, row): &&(usize, &[Cell<'_>])| {
        let more = || announcements(rules, row);
        let first = match known.get(at).map_or_else(more, Clone::clone).as_slice() {
            [(column, _)] => *column,
            _ => return false,
        };
        row.first().is_some_and(|(column, _)| *column == first)
    };
    let labelled: Vec<&(usize, &[Cell<'_>])> = wide.iter().filter(labelled).collect();
    let is_name = |(_, text): &&Cell<'_>| {
        [Check::NameJp, Check::PersonName].iter().any(|check| check.in_cell(rules.names(), text, true).is_some())
    };
    labelled.len() >= 2
        && labelled.len() * 2 >= wide.len()
        && labelled.iter().any(|(_, row)| row.iter().skip(1).filter(is_name).count() >= 2)
}

/// Parts the first rows of a sheet into tables: each begins with a header, and the title above it.
pub(crate) fn tables(rules: &Rules, rows: &[Row<'_>]) -> Vec<Range<usize>> {
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
pub(crate) fn is_header(rules: &Rules, row: &[Cell<'_>]) -> bool {
    row.len() >= 2 && may_head(row) && heads(rules, row, &announcements(rules, row))
}

/// Whether no cell of a row is too long for a header, or a value by its look.
fn may_head(row: &[Cell<'_>]) -> bool {
    row.iter().all(|(_, text)| text.len() <= HEADER * 4 && !has_digits(text, 4) && !text.contains('@'))
}

/// Whether what its cells announce makes a row a header.
fn heads(rules: &Rules, row: &[Cell<'_>], announced: &[(u32, Vec<usize>)]) -> bool {
    let is_announced = |column: u32| announced.iter().any(|(known, _)| *known == column);
    announced.len() >= 2 && row.iter().all(|(column, text)| is_announced(*column) || !holds_value(rules, text))
}

/// Whether a row below a form looks like the header of a table.
pub(super) fn is_wide_header(rules: &Rules, row: &[Cell<'_>]) -> bool {
    row.len() >= 3 && is_header(rules, row) && announcements(rules, row).len() >= 3
}

/// Which detectors the cells of a row announce.
fn announcements(rules: &Rules, row: &[Cell<'_>]) -> Announced {
    let mut announced: Announced = row
        .iter()
        .filter(|(_, text)| {
            text.len() <= HEADER * 4
                && text.chars().count() <= HEADER
                && !has_digits(text, 4)
                && !text.contains('@')
                && !is_answered(rules, text)
        })
        .filter_map(|(column, text)| {
            let mut detectors = rules.announced(text);
            let is_name = |index: &usize| rules.is_name(*index);
            if detectors.iter().any(is_name) && is_thing(&header_key(text)) {
                detectors.retain(|index| !is_name(index));
            }
            (!detectors.is_empty()).then_some((*column, detectors))
        })
        .collect();
    if let Some((column, detector)) = accounts::column(rules, row)
        && let Err(at) = announced.binary_search_by_key(&column, |(known, _)| *known)
    {
        announced.insert(at, (column, vec![detector]));
    }
    announced
}

/// Whether a cell holds the value beside its label: `氏名：山田太郎です`, somewhere in a column of remarks, heads nothing.
fn is_answered(rules: &Rules, text: &str) -> bool {
    let Some((_, value)) = text.split_once(':') else { return false };
    let (names, value) = (rules.names(), value.trim_start());
    names.beginning(value).is_some_and(|(_, reading)| reading > Reading::Surname)
        || Check::PersonName.in_cell(names, value.trim_end_matches('.'), false).is_some()
}

/// The row with the most header words, and how many there are.
fn best_row(rules: &Rules, rows: &[Row<'_>], announced: &[Announced]) -> Option<(usize, usize)> {
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
fn headed(rules: &Rules, rows: &[Row<'_>], announced: &[Announced], row: usize) -> Columns {
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
            // What stands right above the values says which part of a name they are, and what stands above that does not.
            if entry.header.is_empty() {
                entry.part = part_of(text);
            } else {
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
        let of_header =
            |column: &Column| if column.part == Part::Whole { part_of(&column.header) } else { column.part };
        let part = columns.columns.get(&column).map_or(Part::Whole, of_header);
        let fits = |detector: usize| {
            let check = rules.detector(detector).map_or(Check::None, |detector| detector.check);
            values.iter().filter(|value| is_called_for(rules, check, part, value).is_some()).count()
        };
        let best = detectors.iter().map(|&detector| (fits(detector), detector)).rev().max_by_key(|(fits, _)| *fits);
        let Some(entry) = columns.columns.get_mut(&column) else { continue };
        if let Some((fits, detector)) = best
            && (values.is_empty() || fits * 5 >= values.len().max(1) || is_special(rules, detector))
        {
            entry.detector = Some(detector);
            entry.headed = true;
            entry.part = part;
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
                .filter(|(_, text)| !column.header.contains(text.as_ref()))
                .map(|(_, text)| text.to_string())
                .unwrap_or_default();
        }
    }
    columns
}

/// Most cells of a special-care column say "none".
fn is_special(rules: &Rules, detector: usize) -> bool {
    rules.detector(detector).is_some_and(|detector| detector.check == Check::SpecialCare)
}

/// Labels down the first column, values beside them; `known` is what the first rows announce, as far as it was asked.
fn is_form(rules: &Rules, rows: &[Row<'_>], known: &[Announced], best: usize) -> bool {
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

/// Whether so many digits are in a text.
pub(crate) fn has_digits(text: &str, count: usize) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row<'_>> {
        (0..)
            .zip(text.lines())
            .map(|(row, line)| {
                let cells = (0..).zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
                (row, cells.map(|(column, cell)| (column, cell.into())).collect())
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
            // What stands beside its label in a cell of remarks heads no column.
            ("件名,備考\n点検,電話にて\n修理,氏名:佐藤花子です。\n交換,担当の鈴木一郎様", "loose"),
            ("Subject,Remarks\nrepair,called\nvisit,Name: John Smith\nvisit,none", "loose"),
            ("氏名:,電話:\n山田太郎,090-1234-5678\n佐藤花子,080-1234-5678", "1 0=jp.name 1=jp.phone"),
        ] {
            assert_eq!(told(text), layout, "{text}");
        }
    }
}
