//! Text → table: comma, tab, semicolon, bar.
//!
//! In: decoded text. Out: rows with their true numbers and columns. Whether a text is a table is told by its rows:
//! most of them have the same number of fields. Deliberately absent: typed values; a cell is its text.

use crate::inspect::extract::reading::{Reading, cell};
use crate::inspect::{Place, Reason};

/// A field of more lines than this is not one.
const FIELD_LINES: usize = 30;

/// How many rows are looked at to tell a table from prose.
const SAMPLE_ROWS: usize = 64;

/// In this order: what comes first wins a tie. Tabs and semicolons are rarer in prose than commas.
const DELIMITERS: [u8; 4] = *b"\t,;|";

/// The delimiter of a text that is a table. `declared` says that somebody called it one; then one row is enough.
pub(crate) fn delimiter(text: &str, declared: bool) -> Option<u8> {
    let best = DELIMITERS.iter().rev().filter_map(|&d| score(text, d, declared).map(|score| (score, d))).max();
    best.map(|(_, delimiter)| delimiter)
}

/// Hands a text over as a table.
pub(crate) fn read(reading: &mut Reading<'_>, place: &Place, text: &str, media: &str) {
    let fallback = if media == "text/tab-separated-values" { b'\t' } else { b',' };
    let delimiter = delimiter(text, true).unwrap_or(fallback);
    let quoting = !quotes_swallow_rows(text, delimiter);
    let mut rows = reader(text, delimiter, quoting);
    let mut record = csv::StringRecord::new();
    let (mut row, mut line) = (0u32, 1u64);
    reading.begin_table(place);
    loop {
        match rows.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            // Text is valid UTF-8 and rows may have any length, so this is a reader at its end; say so all the same.
            Err(_) => {
                reading.end_table();
                reading.unread(place, Reason::Damaged);
                break;
            }
        }
        // Empty lines are rows too, but the reader passes over them.
        let at = record.position().map_or(line, csv::Position::line);
        row = row.saturating_add(u32::try_from(at.saturating_sub(line)).unwrap_or_default());
        line = rows.position().line();
        let mut cells = Vec::with_capacity(record.len());
        for (column, field) in (0u32..).zip(&record) {
            if !field.trim().is_empty() {
                if !reading.take_cell() {
                    reading.end_table();
                    reading.unread(place, Reason::Limit);
                    return;
                }
                cells.push(cell(column, field.trim()));
            }
        }
        reading.row(row, &cells);
        row = row.saturating_add(1);
    }
    reading.end_table();
}

fn reader(text: &str, delimiter: u8, quoting: bool) -> csv::Reader<&[u8]> {
    let text = text.trim_start_matches('\u{feff}');
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(quoting)
        .from_reader(text.as_bytes())
}

/// Whether a stray quote makes one field of many rows, and so one person of many.
fn quotes_swallow_rows(text: &str, delimiter: u8) -> bool {
    let mut rows = reader(text, delimiter, true);
    let mut record = csv::StringRecord::new();
    while rows.read_record(&mut record).unwrap_or(false) {
        if record.iter().any(|field| field.len() > FIELD_LINES && field.matches('\n').count() > FIELD_LINES) {
            return true;
        }
    }
    false
}

/// How table-like the first rows are with this delimiter: the number of fields that agree.
fn score(text: &str, delimiter: u8, declared: bool) -> Option<usize> {
    // The sample may be cut anywhere; its last row does not count then.
    let mut counts = if memchr::memchr(b'"', text.as_bytes()).is_some() {
        quoted_counts(text, delimiter)?
    } else {
        line_counts(text, delimiter)
    };
    if !counts.iter().any(|&count| count >= 2) {
        return None;
    }
    if counts.len() == SAMPLE_ROWS || (counts.len() > 3 && !text.ends_with('\n')) {
        counts.pop();
    }
    let rows = counts.len();
    let usual = *counts.iter().max_by_key(|&&count| counts.iter().filter(|&&c| c == count).count())?;
    let agreeing = counts.iter().filter(|&&count| count == usual).count();
    // Commas part clauses as well: prose must not pass, a title row above a table must.
    let enough = if declared { usual >= 2 } else { rows >= 3 && usual >= 2 && agreeing * 10 >= rows * 8 };
    let prose = delimiter == b',' && usual == 2 && !declared && average_field(text, agreeing) > 40;
    (enough && !prose).then_some(agreeing * usual)
}

/// How many fields the first rows have that are not empty.
fn quoted_counts(text: &str, delimiter: u8) -> Option<Vec<usize>> {
    let mut counts = Vec::new();
    for record in reader(text, delimiter, true).into_records().take(SAMPLE_ROWS) {
        let record = record.ok()?;
        if record.iter().any(|field| !field.trim().is_empty()) {
            counts.push(record.len());
        }
    }
    Some(counts)
}

/// The same for a text without quotes, whose rows are its lines: most texts are no table, and setting up a reader for
/// each delimiter costs more than reading them.
fn line_counts(text: &str, delimiter: u8) -> Vec<usize> {
    let lines = text.trim_start_matches('\u{feff}').split(['\n', '\r']).filter(|line| !line.is_empty());
    let has_text = |line: &&str| line.chars().any(|c| c != char::from(delimiter) && !c.is_whitespace());
    let fields = |line: &str| memchr::memchr_iter(delimiter, line.as_bytes()).count() + 1;
    lines.take(SAMPLE_ROWS).filter(has_text).map(fields).collect()
}

fn average_field(text: &str, rows: usize) -> usize {
    let lines = text.lines().take(SAMPLE_ROWS);
    lines.map(|line| line.chars().count()).sum::<usize>() / (2 * rows.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_the_reader_counts_them() {
        for text in ["a,b\r\nc\n\n,\n \t,\n,,x\r\rlast,one", "\u{feff}a,b\n", "", "\n", "one", "\u{3000},\na,\u{3000}"]
        {
            for delimiter in DELIMITERS {
                assert_eq!(Some(line_counts(text, delimiter)), quoted_counts(text, delimiter), "{text:?}");
            }
        }
    }

    #[test]
    fn tables_are_told_from_prose() {
        let cases = [
            ("氏名,電話\n山田,090\n佐藤,080\n", Some(b',')),
            ("氏名\t電話\n山田\t090\n佐藤\t080\n", Some(b'\t')),
            ("a;b;c\n1,5;2;3\n2,5;3;4\n", Some(b';')),
            ("\"a\nb\",c\nd,e\nf,g\n", Some(b',')),
            ("顧客名簿\n氏名,電話,住所\n山田,090,東京\n佐藤,080,大阪\n鈴木,070,京都\n加藤,1,2\n", Some(b',')),
            ("山田様\nいつもお世話になっております。\n佐藤です。\n", None),
            ("Dear John,\nthank you for the letter.\nYours, Jane\nPS: bye\n", None),
            ("one line, one comma\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(delimiter(text, false), expected, "{text}");
        }
        assert_eq!(delimiter("山田,090\n", true), Some(b','));
    }
}
