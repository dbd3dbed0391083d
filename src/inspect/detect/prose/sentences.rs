//! Is a line with commas a row of a list, or a sentence?
//!
//! In: a block of lines with as many commas or semicolons each. Out: the parts of it that may be tables ([`tables`]): lines
//! one below another of which none is a sentence. Below a header each line is a row, whatever its remarks say.
//! Deliberately absent: what the columns of a table are ([`super::super::table::layout`]).

use super::lists::Block;
use crate::inspect::detect::checks::Check;
use crate::inspect::detect::names::Names;
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::table::layout::has_digits;

/// No prose has so many lines one below another with as many commas.
const PROSE: usize = 100;
/// A header stands in one of so many lines.
const HEAD: usize = 4;
/// As many words in a cell are no value.
const WORDS: usize = 5;

/// The parts of a block that may be tables.
pub(crate) fn tables(rules: &Rules, lines: &[&str], block: Block) -> Vec<Block> {
    if !block.may_be_prose() || block.lines.len() > PROSE {
        return vec![block];
    }
    let names = rules.names();
    let told: Vec<bool> = block.lines.clone().map(|line| is_sentence(names, &block.cells(lines, line))).collect();
    let is_header = |line: usize| block.cells(lines, line).iter().any(|cell| rules.is_header_word(cell.trim()));
    let headed = block.lines.clone().zip(&told).take(HEAD).any(|(line, told)| !told && is_header(line));
    if headed || !told.contains(&true) {
        return vec![block];
    }
    let mut parts = Vec::new();
    let mut at = block.lines.start;
    for part in told.chunk_by(|a, b| a == b) {
        let lines = at..at + part.len();
        at = lines.end;
        if part.first() == Some(&false) && lines.len() >= 2 {
            parts.push(block.part(lines));
        }
    }
    parts
}

/// Whether these cells of a line are parts of a sentence: it ends like one, goes on in small letters, or begins with a
/// label for all that follows.
fn is_sentence(names: &Names, cells: &[&str]) -> bool {
    let last = cells.iter().rev().map(|cell| cell.trim()).find(|cell| !cell.is_empty()).unwrap_or_default();
    let phrase = |cell: &&str| cell.starts_with(' ') && is_phrase(cell.trim_start());
    let told = ends(last)
        || cells.iter().any(|cell| cell.contains('。'))
        || cells.iter().skip(1).any(phrase)
        || is_enumeration(cells);
    told && !is_record(names, cells)
}

/// Whether a sentence ends so, and no abbreviation does: `Ltd.`, `Jr.`
fn ends(cell: &str) -> bool {
    let cell = cell.trim_end_matches(['"', ')', '」', '』']);
    if cell.ends_with(['。', '!', '?']) {
        return true;
    }
    let Some(cell) = cell.strip_suffix('.') else { return false };
    let word = cell.rsplit(' ').next().unwrap_or_default();
    let small = word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let long = word.len() >= 5 && word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    let counted = word.len() < cell.len() && word.ends_with(|c: char| c.is_ascii_digit());
    small || long || counted
}

/// Whether a cell is words that go on with a sentence: `the plant manager`, `and Peter Brown`.
fn is_phrase(cell: &str) -> bool {
    let joined = cell.contains(" and ") || cell.contains(" or ");
    let small = cell.starts_with(|c: char| c.is_ascii_lowercase()) && cell.contains(' ');
    (joined || small) && !is_value(cell)
}

/// Whether one label stands before all: `Attendees: John Smith, Mary Jones`.
fn is_enumeration(cells: &[&str]) -> bool {
    let Some((first, others)) = cells.split_first() else { return false };
    let labelled = first.split_once(':').is_some_and(|(_, name)| !name.trim().is_empty());
    labelled && others.iter().all(|cell| !cell.contains(':') && !is_value(cell.trim()))
}

/// Whether a name and a value stand in cells of their own, as in no sentence.
fn is_record(names: &Names, cells: &[&str]) -> bool {
    let is_name =
        |cell: &str| [Check::NameJp, Check::PersonName].iter().any(|c| c.in_cell(names, cell, false).is_some());
    let mut cells = cells.iter().map(|cell| cell.trim());
    cells.clone().any(is_value) && cells.any(is_name)
}

/// Whether a cell is a number or a mail address.
fn is_value(cell: &str) -> bool {
    (has_digits(cell, 6) || cell.contains('@')) && cell.split(' ').count() < WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a text that may be tables, as numbers of lines.
    fn parts(text: &str) -> Vec<std::ops::Range<usize>> {
        let rules = Rules::compile(&[]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let blocks = crate::inspect::detect::prose::lists::blocks(&lines, &vec![true; lines.len()]);
        let parts = blocks.into_iter().flat_map(|block| tables(&rules, &lines, block));
        parts.map(|block| block.lines).collect()
    }

    #[test]
    fn sentences_are_no_rows() {
        for prose in [
            "Attendees: John Smith, Mary Jones and Peter Brown\nAbsentees: Ann Lee, Paul King and Laura Stone",
            "Attendees: John Smith, Mary Jones\nAbsentees: Ann Lee, Paul King",
            "On Monday, John Smith, the plant manager\nLater, Mary Jones, our buyer",
            "Yes, he came.\nNo, she did not.",
            "Thanks, as ever.\nRegards, John Smith",
            "内定者は山田太郎,佐藤花子です。\n退職者は高橋健一,田中美咲です。",
            "なお,山田は来ます。以上\nまた,佐藤は休みます。以上",
        ] {
            assert!(parts(prose).is_empty(), "{prose}");
        }
    }

    #[test]
    fn rows_are_rows_whatever_stands_above_and_below() {
        for list in [
            "John Smith,+1 650-253-0000,john@example.com\nMary Brown,+1 650-253-0001,mary@example.net",
            "John Smith, +1 650-253-0000, called back.\nMary Brown, +1 650-253-0001, did not.",
            "山田太郎,090-1234-5678,至急折り返し。\n佐藤花子,080-2345-6789,不要。",
            "氏名,備考\n鬼無里蓮,解約を希望。\n輿水凌駕,至急連絡。",
            "John Smith,Acme Corp.\nMary Brown,Brown Ltd.",
            "Name: John Smith, phone: +1 650-253-0000\nName: Mary Brown, phone: +1 650-253-0001",
        ] {
            let all = 0..list.lines().count();
            assert_eq!(parts(list), std::slice::from_ref(&all), "{list}");
        }
        let mixed = "Dear all, here it is.\n山田太郎,090-1234-5678\n佐藤花子,080-2345-6789\nThanks, and bye.";
        assert_eq!(parts(mixed), std::slice::from_ref(&(1..3)));
    }
}
