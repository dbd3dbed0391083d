//! What the columns of a table are.
//!
//! In: its first rows, normalised. Out: the [`Layout`]: where the header is (it need not be the first row, may take
//! several rows, and may be missing), and for each column the detector that its header and its values together call
//! for. A bare seven-digit number is an account number under 口座番号 and nothing under 数量. Deliberately absent: the
//! reading of rows ([`super::table`]).

use std::collections::BTreeMap;

use super::checks::{Check, Note};
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

/// A table with columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// How many of the given rows stand above the first record, header included.
    pub(super) above: usize,
    /// How many of those are header rows.
    pub(super) header_rows: usize,
    pub(super) columns: BTreeMap<u32, Column>,
    /// The table is about organisations: a column for them, and none for people's names.
    pub(super) organisations: bool,
}

/// One column.
#[derive(Debug, Default, Clone)]
pub(super) struct Column {
    /// What its header says, for context.
    pub(super) header: String,
    pub(super) detector: Option<usize>,
    /// The header called for the detector, and not the values alone.
    pub(super) headed: bool,
    pub(super) part: Part,
}

/// Which part of a name a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Part {
    #[default]
    Whole,
    Family,
    Given,
    /// The reading of a name that stands in another column.
    Reading,
}

/// A header cell is no longer than this, in characters.
const HEADER: usize = 24;
/// The header is looked for in so many rows.
const HEAD: usize = 15;

/// Tells how a table that starts with `rows` is to be read.
pub(super) fn of(rules: &Rules, rows: &[Row]) -> Layout {
    let announced: Vec<Vec<(u32, Vec<usize>)>> =
        rows.iter().take(HEAD).map(|(_, row)| announcements(rules, row)).collect();
    let best = best_row(rules, rows, &announced);
    if is_form(rows, rules, best.map_or(0, |(_, score)| score)) {
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
    if columns.columns.values().any(|column| column.detector.is_some()) {
        Layout::Columns(columns)
    } else {
        Layout::Loose
    }
}

/// Whether some lines of text are a table of people.
pub(super) fn is_table(rules: &Rules, rows: &[Row]) -> bool {
    match of(rules, rows) {
        Layout::Columns(columns) => rows.len() > columns.above,
        Layout::Form | Layout::Loose => false,
    }
}

/// Whether a row in the midst of records looks like another header.
pub(super) fn is_header(rules: &Rules, row: &[(u32, String)]) -> bool {
    announcements(rules, row).len() >= 2 && row.iter().all(|(_, text)| !has_digits(text, 4))
}

/// Which detectors the cells of a row announce.
fn announcements(rules: &Rules, row: &[(u32, String)]) -> Vec<(u32, Vec<usize>)> {
    row.iter()
        .filter(|(_, text)| {
            text.len() <= HEADER * 4 && text.chars().count() <= HEADER && !has_digits(text, 4) && !text.contains('@')
        })
        .filter_map(|(column, text)| {
            let detectors = rules.announced(text);
            (!detectors.is_empty()).then_some((*column, detectors))
        })
        .collect()
}

/// The row with the most header words, and how many there are.
fn best_row(rules: &Rules, rows: &[Row], announced: &[Vec<(u32, Vec<usize>)>]) -> Option<(usize, usize)> {
    let scores = rows.iter().zip(announced).enumerate().map(|(index, ((_, row), cells))| {
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
            && (fits * 5 >= values.len().max(1) || is_special(rules, detector))
        {
            entry.detector = Some(detector);
            entry.headed = true;
            entry.part = part_of(&entry.header);
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
    let mut numbers: Vec<u32> = records.iter().flat_map(|(_, row)| row.iter().map(|(column, _)| *column)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let entry = columns.columns.entry(number).or_default();
        if entry.detector.is_some() {
            continue;
        }
        let values = values(records, number);
        if values.len() < 2 {
            continue;
        }
        let fitting = rules.all().iter().enumerate().filter_map(|(index, detector)| {
            // A chance hit in ten makes no column; five in a row do.
            let chancy = detector.alone.is_none() || detector.check == Check::MyNumber;
            if chancy && !(detector.check.has_check_digit() && values.len() >= 5) {
                return None;
            }
            let fits =
                values.iter().filter(|value| detector.check.in_cell(rules.names(), value, false).is_some()).count();
            let share = if chancy { 9 } else { 6 };
            (fits * 10 >= values.len() * share).then_some((fits, detector.priority, index))
        });
        entry.detector = fitting.max().map(|(.., index)| index);
    }
}

fn values(records: &[Row], column: u32) -> Vec<&str> {
    records
        .iter()
        .filter_map(|(_, row)| row.iter().find(|(number, _)| *number == column).map(|(_, text)| text.trim()))
        .filter(|text| !text.is_empty())
        .collect()
}

/// Labels down the first column, values beside them.
fn is_form(rows: &[Row], rules: &Rules, best: usize) -> bool {
    if rows.len() < 2 {
        return false;
    }
    let first = rows.iter().filter_map(|(_, row)| row.first()).map(|(column, _)| *column).min();
    let labels: Vec<Vec<usize>> = rows
        .iter()
        .filter_map(|(_, row)| row.first())
        .filter(|(column, _)| Some(*column) == first)
        .filter_map(|cell| announcements(rules, std::slice::from_ref(cell)).pop())
        .map(|(_, detectors)| detectors)
        .collect();
    let mut different = labels.clone();
    different.sort();
    different.dedup();
    labels.len() * 2 >= rows.len() && different.len() >= 2 && different.len() >= best
}

fn has_digits(text: &str, count: usize) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= count
}

/// Which part of a name a header calls for.
pub(super) fn part_of(header: &str) -> Part {
    match header_key(header).as_str() {
        "姓" | "氏" | "苗字" | "名字" | "lastname" | "familyname" | "surname" => Part::Family,
        "名" | "firstname" | "givenname" => Part::Given,
        "セイ" | "メイ" => Part::Reading,
        key if ["フリガナ", "ふりがな", "カナ", "ローマ字", "英字"].iter().any(|word| key.contains(word)) => {
            Part::Reading
        }
        _ => Part::Whole,
    }
}

fn is_name(rules: &Rules, column: &Column) -> bool {
    column.detector.and_then(|index| rules.detector(index)).is_some_and(|detector| detector.role == Role::Name)
}

fn is_organisation(header: &str) -> bool {
    const WORDS: [&str; 22] = [
        "会社",
        "企業",
        "法人",
        "取引先",
        "仕入先",
        "得意先",
        "店舗",
        "店名",
        "施設",
        "支店",
        "営業所",
        "事業所",
        "団体",
        "学校名",
        "病院名",
        "拠点",
        "company",
        "organization",
        "organisation",
        "store",
        "branch",
        "supplier",
    ];
    let key = header_key(header);
    WORDS.iter().any(|word| key.contains(word))
}

/// Whether a telephone or an address in a table of organisations is theirs and nobody's own.
pub(super) fn is_office(note: Note) -> bool {
    matches!(note, Note::Landline | Note::Service | Note::RoleAddress | Note::Plain)
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
