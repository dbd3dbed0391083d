//! Lists in running text: lines with the same separators.
//!
//! In: the lines of a text. Out: each run of lines that may be a table ([`Block`]), and its rows. Whether it is one,
//! its columns tell ([`super::layout`]).

use std::ops::Range;

use super::layout::Row;
use super::zones;

/// Lines that may be the rows of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) lines: Range<usize>,
    separator: Separator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Tab,
    Bar,
    Semicolon,
    Comma,
    /// Two spaces or more: columns aligned by hand.
    Gap,
}

/// In this order: what is rarer in prose comes first.
const SEPARATORS: [Separator; 5] =
    [Separator::Tab, Separator::Bar, Separator::Semicolon, Separator::Comma, Separator::Gap];

/// A header, and what stands between it and the first row with something in it, is no longer than this.
const HEAD: usize = 8;

/// The blocks of a text, in its order, not overlapping; `busy` tells in which lines something was found.
pub(super) fn blocks(lines: &[&str], busy: &[bool]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if !busy.iter().skip(at).take(HEAD).any(|&busy| busy) {
            at += 1;
            continue;
        }
        let longest = SEPARATORS
            .iter()
            .rev()
            .filter_map(|&separator| run(lines, at, separator).map(|end| Block { lines: at..end, separator }))
            .max_by_key(|block| block.lines.len());
        match longest {
            Some(block) => {
                at = block.lines.end;
                found.push(block);
            }
            None => at += 1,
        }
    }
    found
}

impl Block {
    /// The rows, by the number of their line, with the cells that hold something.
    pub(super) fn rows(&self, lines: &[&str]) -> Vec<Row> {
        let block = lines.get(self.lines.clone()).unwrap_or_default();
        (self.lines.start..)
            .zip(block)
            .filter(|(_, line)| !zones::is_rule(line))
            .map(|(number, line)| {
                let cells = (0u32..).zip(self.separator.split(unmarked(zones::unquoted_list(line))));
                let cells = cells.map(|(column, cell)| (column, cell.trim().trim_matches('"').trim().to_owned()));
                (u32::try_from(number).unwrap_or(u32::MAX), cells.filter(|(_, cell)| !cell.is_empty()).collect())
            })
            .collect()
    }
}

/// The end of the run of lines from `at` that have about as many of the separator as the first.
fn run(lines: &[&str], at: usize, separator: Separator) -> Option<usize> {
    let count = |line: &str| separator.count(zones::unquoted_list(line));
    let first = count(lines.get(at)?);
    if first == 0 {
        return None;
    }
    let mut end = at;
    let mut rows = 0;
    while let Some(line) = lines.get(end) {
        // `-----` stands between the rows of a table of bars, and below the header of any.
        let ruled = (separator == Separator::Bar || end == at + 1) && zones::is_rule(line);
        let here = count(line);
        if !ruled && (here == 0 || here.abs_diff(first) > first / 2) {
            break;
        }
        rows += usize::from(!ruled);
        end += 1;
    }
    (rows >= 2).then_some(end)
}

impl Separator {
    /// How many of it stand between the cells of a line.
    fn count(self, line: &str) -> usize {
        let byte = match self {
            Self::Tab => b'\t',
            Self::Bar => b'|',
            Self::Semicolon => b';',
            Self::Comma => b',',
            Self::Gap if line.contains("  ") => return self.split(line).len().saturating_sub(1),
            Self::Gap => return 0,
        };
        match memchr::memchr_iter(byte, line.as_bytes()).count() {
            0 => 0,
            count if matches!(self, Self::Tab | Self::Bar) => count,
            _ => self.split(line).len().saturating_sub(1),
        }
    }

    fn split(self, line: &str) -> Vec<&str> {
        match self {
            Self::Tab => line.split('\t').collect(),
            Self::Bar => line.split('|').collect(),
            Self::Semicolon => outside_quotes(line, ';'),
            Self::Comma => outside_quotes(line, ','),
            Self::Gap => line.split("  ").filter(|cell| !cell.trim().is_empty()).collect(),
        }
    }
}

/// A line without what marks it as one of a list: `1) `, `- `, `・`.
fn unmarked(line: &str) -> &str {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let numbered =
        line.get(digits..).filter(|_| (1..=3).contains(&digits)).and_then(|rest| rest.strip_prefix([')', '.']));
    let marked = line.strip_prefix(['-', '*', '•', '●', '■', '○']).or(numbered).filter(|rest| rest.starts_with(' '));
    marked.or_else(|| line.strip_prefix('・')).unwrap_or(line).trim_start_matches(' ')
}

/// Splits at a separator that stands in no quotes.
fn outside_quotes(line: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    line.split(|c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_between_prose() {
        let text = "下記の通りです。\n氏名,電話\n山田太郎,090\n佐藤花子,080\n以上\nA  1\nB  2\n| a | b |\n|---|---|\n| c | d |";
        let lines: Vec<&str> = text.lines().collect();
        let blocks = blocks(&lines, &vec![true; lines.len()]);
        let ranges: Vec<_> = blocks.iter().map(|block| block.lines.clone()).collect();
        assert_eq!(ranges, [1..4, 5..7, 7..10]);
        let rows = blocks[0].rows(&lines);
        assert_eq!(rows[1], (2, vec![(0, "山田太郎".to_owned()), (1, "090".to_owned())]));
        assert_eq!(blocks[2].rows(&lines).len(), 2);
    }

    #[test]
    fn quotes_hold_separators() {
        assert_eq!(outside_quotes("a,\"b,c\",d", ','), ["a", "\"b,c\"", "d"]);
    }
}
