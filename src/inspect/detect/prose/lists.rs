//! Lists in running text: lines with the same separators.
//!
//! In: the lines of a text. Out: each run of lines that may be a table ([`Block`]), and its rows. Whether it is one,
//! its lines tell ([`super::sentences`]) and its columns ([`super::super::table::layout`]).

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::zones;
use crate::inspect::detect::near::has_pair;
use crate::inspect::detect::table::layout::Row;

/// Lines that may be the rows of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) lines: Range<usize>,
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

/// Looked for in lines that have it.
static GAP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("  "));

/// The blocks of a text, in its order, not overlapping; `busy` tells in which lines something was found.
pub(crate) fn blocks(lines: &[&str], busy: &[bool]) -> Vec<Block> {
    let mut counts = Counts { lines, first: 0, known: VecDeque::new() };
    let mut found = Vec::new();
    let mut at = 0;
    let mut next = None;
    while at < lines.len() {
        let Some(found_at) = next.filter(|&next| next >= at).or_else(|| next_busy(busy, at)) else { break };
        next = Some(found_at);
        at = at.max((found_at + 1).saturating_sub(HEAD));
        counts.go_to(at);
        if !counts.any(at) {
            at += 1;
            continue;
        }
        let longest = SEPARATORS
            .iter()
            .rev()
            .filter_map(|&separator| run(&mut counts, at, separator).map(|end| Block { lines: at..end, separator }))
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

/// The first line from `at` on in which something was found.
fn next_busy(busy: &[bool], at: usize) -> Option<usize> {
    busy.iter().skip(at).position(|&busy| busy).map(|ahead| at + ahead)
}

/// How many of each separator stand in a line, for one who goes down the text.
struct Counts<'a> {
    lines: &'a [&'a str],
    /// From this line on, as far as somebody asked.
    first: usize,
    known: VecDeque<[u32; SEPARATORS.len()]>,
}

impl Counts<'_> {
    /// Nobody asks any more for a line above this one.
    fn go_to(&mut self, line: usize) {
        self.known.drain(..line.saturating_sub(self.first).min(self.known.len()));
        self.first = line;
    }

    fn of(&mut self, line: usize, separator: Separator) -> Option<u32> {
        self.all(line)?.get(separator as usize).copied()
    }

    /// Whether a line has any separator.
    fn any(&mut self, line: usize) -> bool {
        self.all(line).is_some_and(|counts| counts.iter().any(|&count| count > 0))
    }

    fn all(&mut self, line: usize) -> Option<&[u32; SEPARATORS.len()]> {
        let place = line.checked_sub(self.first)?;
        while self.known.len() <= place {
            let next = self.lines.get(self.first + self.known.len())?;
            self.known.push_back(counts(zones::unquoted_list(next)));
        }
        self.known.get(place)
    }
}

impl Block {
    /// Whether what stands between its cells stands in sentences too.
    pub(super) fn may_be_prose(&self) -> bool {
        matches!(self.separator, Separator::Comma | Separator::Semicolon)
    }

    /// Some of its lines.
    pub(crate) fn part(&self, lines: Range<usize>) -> Self {
        Self { lines, separator: self.separator }
    }

    /// The cells of one line, as they are written.
    pub(crate) fn cells<'l>(&self, lines: &[&'l str], line: usize) -> Vec<&'l str> {
        let line = lines.get(line).copied().unwrap_or_default();
        self.separator.split(unmarked(zones::unquoted_list(line))).collect()
    }

    /// The rows, by the number of their line, with the cells that hold something.
    pub(crate) fn rows<'l>(&self, lines: &[&'l str]) -> Vec<Row<'l>> {
        let block = lines.get(self.lines.clone()).unwrap_or_default();
        let lines = (self.lines.start..).zip(block).filter(|(_, line)| !zones::is_rule(line));
        let row = |number: usize, cells: &mut dyn Iterator<Item = (u32, &'l str)>| {
            let cells = cells.map(|(column, cell)| (column, cell.trim().trim_matches('"').trim()));
            let cells = cells.filter(|(_, cell)| !cell.is_empty()).map(|(column, cell)| (column, cell.into()));
            (u32::try_from(number).unwrap_or(u32::MAX), cells.collect())
        };
        let cells_of = |line: &'l str| self.separator.split(unmarked(zones::unquoted_list(line)));
        if self.separator != Separator::Gap {
            return lines.map(|(number, line)| row(number, &mut (0..).zip(cells_of(line)))).collect();
        }
        let cells: Vec<Vec<&str>> = lines.clone().map(|(_, line)| cells_of(line).collect()).collect();
        let even = cells.windows(2).all(|pair| matches!(pair, [a, b] if a.len() == b.len()));
        let columns = if even {
            None
        } else {
            under_each_other(&lines.clone().map(|(_, line)| *line).collect::<Vec<_>>(), &cells)
        };
        let mut columns = columns.unwrap_or_default().into_iter();
        let rows = lines.zip(cells).map(|((number, _), cells)| {
            let columns = columns.next().unwrap_or_else(|| (0..).take(cells.len()).collect());
            row(number, &mut columns.into_iter().zip(cells))
        });
        rows.collect()
    }
}

/// The columns of cells that are aligned by hand, some of which are empty: by where they stand under those of the
/// fullest line. Nothing if they do not stand under each other.
fn under_each_other(lines: &[&str], cells: &[Vec<&str>]) -> Option<Vec<Vec<u32>>> {
    let placed: Vec<Vec<Range<usize>>> = lines.iter().zip(cells).map(|(line, cells)| places(line, cells)).collect();
    let fullest = placed.iter().max_by_key(|places| places.len())?;
    let column = |place: &Range<usize>| {
        let over = |other: &Range<usize>| (place.end.min(other.end) + 1).saturating_sub(place.start.max(other.start));
        // Those that start before it, and the first behind it.
        let near = fullest.partition_point(|other| other.start <= place.start);
        let near = near.saturating_sub(1)..(near + 1).min(fullest.len());
        let best = near
            .filter_map(|at| Some((over(fullest.get(at)?), at)))
            .max_by_key(|&(over, at)| (over, std::cmp::Reverse(at)))?;
        u32::try_from(best.1).ok().filter(|_| best.0 > 0)
    };
    let columns = |places: &Vec<Range<usize>>| {
        let columns: Vec<u32> = places.iter().map(column).collect::<Option<_>>()?;
        columns.is_sorted_by(|a, b| a < b).then_some(columns)
    };
    placed.iter().map(columns).collect()
}

/// Where the cells of a line start and end, in places of which a wide character takes two.
fn places(line: &str, cells: &[&str]) -> Vec<Range<usize>> {
    let width = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let (mut at, mut place) = (0, 0);
    let mut places = Vec::with_capacity(cells.len());
    for cell in cells {
        let cell = cell.trim();
        let Some(ahead) = line.get(at..).and_then(|rest| rest.find(cell)) else { break };
        place += width(line.get(at..at + ahead).unwrap_or_default());
        let end = place + width(cell);
        places.push(place..end);
        (at, place) = (at + ahead + cell.len(), end);
    }
    places
}

/// The end of the run of lines from `at` that have about as many of the separator as the first.
fn run(counts: &mut Counts<'_>, at: usize, separator: Separator) -> Option<usize> {
    let first = counts.of(at, separator).filter(|&first| first > 0)?;
    let mut end = at;
    let mut rows = 0;
    while let Some(here) = counts.of(end, separator) {
        let fits = here > 0 && here.abs_diff(first) <= first / 2;
        // `-----` stands between the rows of a table of bars, and below the header of any.
        let may_be_ruled = separator == Separator::Bar || end == at + 1;
        let ruled = may_be_ruled && counts.lines.get(end).is_some_and(|line| zones::is_rule(line));
        if !ruled && !fits {
            break;
        }
        rows += usize::from(!ruled);
        end += 1;
    }
    (rows >= 2).then_some(end)
}

/// How many of each separator stand between the cells of a line.
fn counts(line: &str) -> [u32; SEPARATORS.len()] {
    let bytes = line.as_bytes();
    let (mut tabs, mut bars, mut semicolons, mut commas) = (0_u32, 0_u32, 0_u32, 0_u32);
    // So few that a byte holds their number: many are counted at once.
    for part in bytes.chunks(255) {
        let count = |sought: u8| part.iter().fold(0_u8, |count, &byte| count.wrapping_add(u8::from(byte == sought)));
        tabs += u32::from(count(b'\t'));
        bars += u32::from(count(b'|'));
        semicolons += u32::from(count(b';'));
        commas += u32::from(count(b','));
    }
    if semicolons + commas > 0 && memchr::memchr(b'"', bytes).is_some() {
        let split =
            |separator: Separator| u32::try_from(separator.split(line).count()).unwrap_or(u32::MAX).saturating_sub(1);
        (semicolons, commas) = (split(Separator::Semicolon), split(Separator::Comma));
    }
    let gaps = if has_pair(bytes, b' ') { Separator::Gap.split(line).count().saturating_sub(1) } else { 0 };
    [tabs, bars, semicolons, commas, u32::try_from(gaps).unwrap_or(u32::MAX)]
}

impl Separator {
    fn split(self, line: &str) -> Cells<'_> {
        let (separator, quotes) = match self {
            Self::Tab => (b'\t', false),
            Self::Bar => (b'|', false),
            Self::Semicolon => (b';', true),
            Self::Comma => (b',', true),
            Self::Gap => (b' ', false),
        };
        let quotes = quotes && memchr::memchr(b'"', line.as_bytes()).is_some();
        Cells { separator, gap: self == Self::Gap, quotes, rest: Some(line) }
    }
}

/// The cells of a line, one after another.
struct Cells<'l> {
    separator: u8,
    /// Two of it stand between cells, and empty ones are none.
    gap: bool,
    /// One that stands in quotes is none.
    quotes: bool,
    rest: Option<&'l str>,
}

impl<'l> Iterator for Cells<'l> {
    type Item = &'l str;

    fn next(&mut self) -> Option<&'l str> {
        loop {
            let rest = self.rest?;
            let at = match (self.gap, self.quotes) {
                (true, _) => GAP.find(rest.as_bytes()),
                (_, true) => outside_quotes(rest, self.separator),
                _ => memchr::memchr(self.separator, rest.as_bytes()),
            };
            let after = if self.gap { 2 } else { 1 };
            let cell = at.map_or(rest, |at| rest.get(..at).unwrap_or_default());
            self.rest = at.and_then(|at| rest.get(at + after..));
            if !self.gap || !cell.trim().is_empty() {
                return Some(cell);
            }
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

/// Where the first separator stands that is in no quotes.
fn outside_quotes(line: &str, separator: u8) -> Option<usize> {
    let mut quoted = false;
    line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == separator && !quoted
    })
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
        assert_eq!(rows[1], (2, vec![(0, "山田太郎".into()), (1, "090".into())]));
        assert_eq!(blocks[2].rows(&lines).len(), 2);
    }

    #[test]
    fn cells_aligned_by_hand_keep_their_columns_where_some_are_empty() {
        let text = "氏名      電話           メール\n山田太郎                 t@example.com\n佐藤花子  090-1234-5678\n鈴木一郎  090-1234-5679  i@example.com";
        let lines: Vec<&str> = text.lines().collect();
        let columns = |lines: &[&str]| {
            let block = Block { lines: 0..lines.len(), separator: Separator::Gap };
            let columns = |(_, row): Row<'_>| row.into_iter().map(|(column, _)| column).collect::<Vec<_>>();
            block.rows(lines).into_iter().map(columns).collect::<Vec<_>>()
        };
        assert_eq!(columns(&lines), [vec![0, 1, 2], vec![0, 2], vec![0, 1], vec![0, 1, 2]]);
        // Two spaces between, and nothing under anything: as they come.
        assert_eq!(columns(&["a  b  c", "aaaaaaaaaaaa  b"]), [vec![0, 1, 2], vec![0, 1]]);
    }

    #[test]
    fn quotes_hold_separators() {
        assert_eq!(Separator::Comma.split("a,\"b,c\",d").collect::<Vec<_>>(), ["a", "\"b,c\"", "d"]);
    }
}
