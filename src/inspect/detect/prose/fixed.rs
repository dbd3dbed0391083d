//! Exports of fixed width: lines of one length whose columns have nothing between them, as old machines write.
//!
//! In: the lines of a text, and which of them hold something; widths are those of the original, where a wide form takes two
//! places as in Shift_JIS, or one. Out: each run of such lines as rows of a table ([`blocks`]). What cuts it into columns is
//! a number that is glued to others and stands at the same place of the lines: one with a check digit in five different
//! ones, or a mobile telephone in three, and in four lines of five. By chance one place in a hundred thousand has that.
//! Deliberately absent: columns that something separates ([`super::lists`]), and lines somewhere in a long text in which
//! nothing else is found.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::page::Page;
use crate::inspect::detect::checks::{Check, Note};
use crate::inspect::detect::names::Names;
use crate::inspect::detect::normal::Normal;
use crate::inspect::detect::table::layout::Row;
use crate::inspect::detect::whereabouts::Whereabouts;

/// No run has fewer lines, and none of its lines is shorter or longer, in bytes.
const LINES: usize = 3;
const SHORTEST: usize = 16;
const LONGEST: usize = 1_000;
/// Such numbers have at least so many digits.
const DIGITS: usize = 11;
/// Lines at the head of a text that are looked at although nothing was found in them.
const HEAD: usize = 12;
/// So many lines tell the columns.
const SAMPLE: usize = 50;

/// A run of such lines, as rows by the number of their line.
pub(crate) struct Block {
    pub(crate) lines: Range<usize>,
    pub(crate) rows: Vec<Row<'static>>,
}

/// Whether such lines may stand at the head of a text in which nothing else was found.
pub(crate) fn may_begin(text: &str) -> bool {
    let (mut rest, mut like, mut before) = (text, 1, None);
    for _ in 0..HEAD {
        let end = rest.len().min(LONGEST + 1);
        let newline = rest.as_bytes().get(..end).and_then(|head| memchr::memchr(b'\n', head));
        let Some(line) = newline.or((end == rest.len()).then_some(end)).and_then(|end| rest.get(..end)) else {
            return false;
        };
        let here = may_be_row(line).then(|| widths(line));
        like = if here.zip(before).is_some_and(|(here, before)| is_alike(here, before)) { like + 1 } else { 1 };
        if like >= LINES {
            return true;
        }
        before = here;
        match rest.get(line.len() + 1..) {
            Some(below) => rest = below,
            None => return false,
        }
    }
    false
}

/// The runs of such lines, in the order of the text; `busy` tells in which lines something was found.
pub(crate) fn blocks(names: &Names, page: &Page<'_>, busy: &[bool], whereabouts: &Whereabouts<'_>) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let line = |number: usize| {
        let line = page.lines.get(number).filter(|line| has_number(line))?;
        let start = *page.starts.get(number)?;
        whereabouts.original(start..start + line.len()).filter(|line| may_be_row(line))
    };
    let mut next = 0;
    let numbered = |number: usize| page.lines.get(number).is_some_and(|line| has_number(line));
    for (number, _) in busy.iter().enumerate().filter(|(number, busy)| **busy || *number < HEAD) {
        // Most lines that hold a number are alone with it.
        if !numbered(number + 1) && !number.checked_sub(1).is_some_and(numbered) {
            continue;
        }
        let Some(here) = line(number).filter(|_| number >= next) else { continue };
        let mut end = next;
        // Without wide forms both widths are one.
        for wide in [true, false].into_iter().filter(|&wide| wide || !here.is_ascii()) {
            let place = |line: &str| if wide { widths(line).1 } else { widths(line).0 };
            let here = place(here);
            let alike = |number: &usize| line(*number).is_some_and(|line| place(line) == here);
            let first = (next..number).rev().take_while(alike).last().unwrap_or(number);
            let last = (number + 1..page.lines.len()).take_while(alike).last().unwrap_or(number);
            let lines: Vec<&str> = (first..=last).filter_map(line).collect();
            if lines.len() < LINES {
                continue;
            }
            // Whatever they are, they are looked at once.
            end = end.max(last + 1);
            if let Some(rows) = rows(names, first, &lines, wide) {
                found.push(Block { lines: first..last + 1, rows });
                end = last + 1;
                break;
            }
        }
        next = end;
    }
    found
}

/// Whether a line has the length of one, and a number that is long enough.
fn may_be_row(line: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&line.len()) && has_number(line)
}

/// Whether so many digits stand one after another. Most lines have none, so every place of that length is looked at once.
fn has_number(line: &str) -> bool {
    let bytes = line.as_bytes();
    let mut places =
        (DIGITS - 1..bytes.len()).step_by(DIGITS).filter(|&at| bytes.get(at).is_some_and(u8::is_ascii_digit));
    places.any(|at| {
        let (before, behind) = bytes.split_at(at);
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        before.iter().rev().take_while(is_digit).count() + behind.iter().take_while(is_digit).count() >= DIGITS
    })
}

/// How many places a line takes if each character takes one, and if wide ones take two.
fn widths(line: &str) -> (usize, usize) {
    line.trim_end_matches('\r').chars().fold((0, 0), |(one, two), c| (one + 1, two + width(c, true)))
}

fn is_alike(a: (usize, usize), b: (usize, usize)) -> bool {
    a.0 == b.0 || a.1 == b.1
}

fn width(c: char, wide: bool) -> usize {
    if wide && !c.is_ascii() && !('\u{FF61}'..='\u{FF9F}').contains(&c) { 2 } else { 1 }
}

/// A line by its places.
struct Places<'l> {
    line: &'l str,
    /// Where the character at each place begins, and where the line ends.
    at: Vec<usize>,
}

impl<'l> Places<'l> {
    fn of(line: &'l str, wide: bool) -> Self {
        let line = line.trim_end_matches('\r');
        let mut at = Vec::with_capacity(line.len() + 1);
        for (start, c) in line.char_indices() {
            at.extend(std::iter::repeat_n(start, width(c, wide)));
        }
        at.push(line.len());
        Self { line, at }
    }

    fn width(&self) -> usize {
        self.at.len().saturating_sub(1)
    }

    /// What stands from one place up to another.
    fn part(&self, part: Range<usize>) -> &'l str {
        let ends = self.at.get(part.start).zip(self.at.get(part.end));
        ends.and_then(|(&start, &end)| self.line.get(start..end)).unwrap_or_default()
    }

    /// The digits that fill a part.
    fn digits(&self, part: Range<usize>) -> Option<&'l str> {
        let digits = self.part(part.clone());
        (digits.len() == part.len() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
    }

    fn class(&self, place: usize) -> Class {
        match self.at.get(place).and_then(|&at| self.line.get(at..)).and_then(|rest| rest.chars().next()) {
            Some(' ' | '\u{3000}') | None => Class::Space,
            Some(c) if c.is_ascii_digit() => Class::Digit,
            Some(c) if c.is_ascii_alphabetic() => Class::Letter,
            Some('\u{FF61}'..='\u{FF9F}') => Class::HalfKana,
            Some(c) if c.is_ascii() => Class::Mark,
            Some(_) => Class::Wide,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Digit,
    Letter,
    HalfKana,
    Wide,
    Mark,
}

/// The rows of a run of lines whose first is `first`, if it has such columns.
fn rows(names: &Names, first: usize, lines: &[&str], wide: bool) -> Option<Vec<Row<'static>>> {
    let lines: Vec<Places<'_>> = lines.iter().map(|line| Places::of(line, wide)).collect();
    let width = lines.first()?.width();
    if lines.iter().any(|line| line.width() != width) {
        return None;
    }
    let sample = lines.get(..SAMPLE).unwrap_or(&lines);
    let columns = columns(names, sample, width);
    if columns.is_empty() {
        return None;
    }
    let mut cuts: Vec<usize> = columns.iter().flat_map(|column| [column.start, column.end]).chain([0, width]).collect();
    let within = |place: usize| columns.iter().any(|column| (column.start..column.end).contains(&place));
    cuts.extend((1..width).filter(|&place| !within(place) && begins_field(sample, place)));
    cuts.sort_unstable();
    cuts.dedup();
    let row = |line: &Places<'_>| {
        let parts = cuts.iter().zip(cuts.iter().skip(1)).map(|(&start, &end)| line.part(start..end));
        let cells = parts.map(|part| Normal::of(part).text().trim().to_owned());
        (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()).map(|(column, cell)| (column, Cow::Owned(cell))).collect()
    };
    Some((first..).zip(&lines).map(|(number, line)| (u32::try_from(number).unwrap_or(u32::MAX), row(line))).collect())
}

/// The places of numbers, from left to right; nothing if none of them is glued to what stands beside it.
fn columns(names: &Names, lines: &[Places<'_>], width: usize) -> Vec<Range<usize>> {
    let kinds = [(Check::Card, 16), (Check::MyNumber, 12), (Check::PhoneJp, 11)];
    let (mut found, mut at): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    while at < width {
        let fits = |&(check, length): &(Check, usize)| is_column(names, lines, at..at + length, check);
        match kinds.iter().find(|kind| fits(kind)) {
            Some((_, length)) => {
                found.push(at..at + length);
                at += length;
            }
            None => at += 1,
        }
    }
    let is_glued = |column: &Range<usize>| {
        let joins = |class: Class| matches!(class, Class::Digit | Class::Letter);
        let beside = |line: &&Places<'_>| {
            column.start.checked_sub(1).is_some_and(|before| joins(line.class(before))) || joins(line.class(column.end))
        };
        most(lines.iter().filter(beside).count(), lines.len())
    };
    if found.iter().any(is_glued) { found } else { Vec::new() }
}

/// Four of five.
fn most(count: usize, of: usize) -> bool {
    count * 5 >= of * 4
}

/// Whether such a number stands at this place of most lines, and of enough different ones.
fn is_column(names: &Names, lines: &[Places<'_>], part: Range<usize>, check: Check) -> bool {
    let phone = check == Check::PhoneJp;
    let holds = |digits: &&str| match check.in_cell(names, digits, false) {
        Some(note) => !phone || note == Note::Mobile,
        None => false,
    };
    let (mut values, mut fits) = (HashSet::new(), 0);
    for (number, line) in lines.iter().enumerate() {
        match line.digits(part.clone()).filter(holds) {
            Some(value) => {
                fits += 1;
                values.insert(value);
            }
            // So many are missing that the rest cannot make up for it.
            None if !most(lines.len() - (number + 1 - fits), lines.len()) => return false,
            None => {}
        }
    }
    let different = if phone { 3 } else { 5 };
    values.len() >= different && (!phone || ends_somewhere(lines, &part) && !is_of_days(lines, &part))
}

/// Whether no digit stands before a telephone in any line, or none behind it: of the zeros and days of a machine many make
/// one in the midst.
fn ends_somewhere(lines: &[Places<'_>], part: &Range<usize>) -> bool {
    let is_digit = |line: &Places<'_>, place: usize| line.class(place) == Class::Digit;
    !lines.iter().any(|line| part.start.checked_sub(1).is_some_and(|before| is_digit(line, before)))
        || !lines.iter().any(|line| is_digit(line, part.end))
}

/// Whether it begins within a day: `20260708123456` is no 0708-….
fn is_of_days(lines: &[Places<'_>], part: &Range<usize>) -> bool {
    let is_day = |line: &Places<'_>, start: usize| {
        line.digits(start..start + 8).is_some_and(|day| {
            matches!(day.as_bytes(), [b'1', b'9', ..] | [b'2', b'0', ..])
                && matches!(day.as_bytes(), [_, _, _, _, b'0' | b'1', _, b'0'..=b'3', _])
        })
    };
    (part.start.saturating_sub(7)..part.start).any(|start| lines.iter().all(|line| is_day(line, start)))
}

/// Whether a field begins at this place of all lines: another kind of character than before, and no space.
fn begins_field(lines: &[Places<'_>], place: usize) -> bool {
    lines.iter().all(|line| {
        let (before, here) = (line.class(place.saturating_sub(1)), line.class(place));
        before != here && here != Class::Space && before != Class::Mark && here != Class::Mark
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Rules;

    fn cut(text: &str, wide: bool) -> Option<Vec<Vec<String>>> {
        let rules = Rules::compile(&[]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let rows = rows(rules.names(), 0, &lines, wide)?;
        Some(rows.into_iter().map(|(_, row)| row.into_iter().map(|(_, cell)| cell.into_owned()).collect()).collect())
    }

    #[test]
    fn numbers_at_the_same_place_cut_the_lines() {
        let text = "0001山田太郎　　　09012345678100-0001\n0002佐藤花子　　　08023456789150-0002\n0003長谷川由美子　07034567890231-0005";
        let rows = cut(text, true).unwrap();
        assert_eq!(rows[0], ["0001", "山田太郎", "09012345678", "100-0001"]);
        assert_eq!(rows[2], ["0003", "長谷川由美子", "07034567890", "231-0005"]);
        let text = "A000112345678901819800101M\nA000262149832025719750203F\nA000310000000000519900405M\nA000420000000001819881112F\nA000530000000001219790730M";
        assert_eq!(cut(text, true).unwrap()[1], ["A", "0002", "621498320257", "19750203", "F"]);
        // Too few to be more than chance.
        let three: String = text.lines().take(3).map(|line| format!("{line}\n")).collect();
        assert_eq!(cut(&three, true), None);
    }

    #[test]
    fn days_and_zeros_of_machines_are_no_telephones() {
        for text in [
            "202607031234567 A\n202607042345678 B\n202607053456789 C\n202607064567890 D",
            "2026070312345678901\n2026070423456789012\n2026070534567890123",
            "X0000708012345678900\nX0000709023456789000\nX0000701034567890000",
            "123456789012345678901\n234567890123456789012\n345678901234567890123\n456789012345678901234",
        ] {
            assert_eq!(cut(text, true), None, "{text}");
        }
    }

    #[test]
    fn lines_at_the_head_are_told_by_their_length() {
        assert!(may_begin("A000112345678901819800101M\nA000262149832025719750203F\nA000310000000000519900405M\n"));
        // Half-width kana, and one place more for each wide form.
        assert!(may_begin("ﾔﾏﾀﾞ ﾀﾛｳ09012345678X\nｻﾄｳ ﾊﾅｺ 09012345678X\nｽｽﾞｷ ｼﾞﾛ09012345678X"));
        assert!(!may_begin("A000112345678901819800101M\nA0002621498320257197502034\nshort\n"));
        assert!(!may_begin(&"1".repeat(LONGEST * 3)));
    }
}
