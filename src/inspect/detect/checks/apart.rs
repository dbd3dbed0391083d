//! Numbers whose groups stand apart as few write them: `4111.1111.1111.1111`, `090・1234・5678`, or over a line
//! end.
//!
//! In: a candidate that a rule's pattern let through. Out: whether it is written as usual ([`is_usual`]), and of others
//! the number with `-` between its groups, and how it was written ([`read`]). Such a number needs more than one that
//! is: groups of the usual size, and no further group of the kind beside it, as a row of figures has. Deliberately
//! absent: whether the number holds.

use std::ops::Range;

/// A number that is written so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Apart {
    /// The digits, with `-` between groups; of a digit at a time without.
    pub(super) whole: String,
    /// How many digits each group has.
    pub(super) groups: Vec<usize>,
    /// What stands between the groups.
    kind: char,
    /// The same between all, and nothing that figures in a row or the parts of a path have between them.
    pub(super) even: bool,
}

impl Apart {
    /// Whether a digit stands by itself each.
    pub(super) fn is_single(&self) -> bool {
        self.groups.iter().all(|&digits| digits == 1)
    }
}

/// How a candidate is written whose groups stand apart unusually.
pub(super) fn read(value: &str) -> Option<Apart> {
    let value = value.trim_start_matches('+');
    let is_digit = |c: char| c.is_ascii_digit();
    let mut kinds = value.split(is_digit).filter(|between| !between.is_empty()).map(kind_of);
    let kind = kinds.next()?;
    let (same, breaks) = (kinds.all(|other| other == kind), value.bytes().filter(|&c| c == b'\n').count());
    // A number goes on in the next line as it went on before.
    if breaks > 1 || (breaks == 1 && !same) {
        return None;
    }
    let mut apart =
        Apart { whole: String::with_capacity(value.len()), groups: Vec::with_capacity(4), kind, even: false };
    for group in value.split(|c| !is_digit(c)).filter(|group| !group.is_empty()) {
        if !apart.groups.is_empty() {
            apart.whole.push('-');
        }
        apart.whole.push_str(group);
        apart.groups.push(group.len());
    }
    let single = apart.is_single();
    if single {
        apart.whole.retain(is_digit);
    }
    apart.even = same && breaks == 0 && !single && !matches!(kind, ' ' | '/' | '_' | '|');
    Some(apart)
}

/// Whether a number is written as most people write it: in one piece, or in groups with a space or a dash between them. A
/// telephone has more ways to be written usually.
pub(super) fn is_usual(value: &str, phone: bool) -> bool {
    let value = value.trim_start_matches('+');
    is_plain(value.as_bytes()).unwrap_or_else(|| {
        let usual = |between: &str| {
            let marks = between.chars().filter(|c| *c != ' ').count();
            between.chars().all(|c| matches!(c, ' ' | '-' | '.' | '(' | ')')) && (marks > 0 || between.len() < 2)
        };
        phone && value.split(|c: char| c.is_ascii_digit()).all(usual)
    })
}

/// The same at a glance, of a number with nothing but single spaces and dashes between its digits; nothing for others.
fn is_plain(bytes: &[u8]) -> Option<bool> {
    let (mut run, mut longest) = (0, 0);
    for &byte in bytes {
        if byte.is_ascii_digit() {
            run += 1;
            longest = longest.max(run);
        } else if run > 0 && matches!(byte, b' ' | b'-') {
            run = 0;
        } else {
            return None;
        }
    }
    Some(longest > 1 || bytes.len() <= 8)
}

/// Whether a candidate is a part of something longer that goes on in the same way.
pub(super) fn goes_on(text: &str, range: &Range<usize>, apart: &Apart) -> bool {
    let last = apart.groups.last().copied().unwrap_or_default();
    let first = apart.groups.first().copied().unwrap_or_default();
    let is_between = |c: char| !c.is_alphanumeric() && !matches!(c, '(' | ')');
    let digits = |text: &str, most: usize| text.bytes().take(most + 1).take_while(u8::is_ascii_digit).count();
    let same = |gap: &str| !gap.is_empty() && gap.chars().count() <= 4 && kind_of(gap) == apart.kind;

    let after = text.get(range.end..).unwrap_or_default();
    let next = after.trim_start_matches(is_between);
    let gap = after.get(..after.len() - next.len()).unwrap_or_default();
    if same(gap) && digits(next, last) == last {
        return true;
    }
    let before = text.get(..range.start).unwrap_or_default();
    let previous = before.trim_end_matches(is_between);
    let gap = before.get(previous.len()..).unwrap_or_default();
    let run = previous.bytes().rev().take(first + 1).take_while(u8::is_ascii_digit).count();
    same(gap) && run == first
}

/// The mark between two groups, or a space; a line end and the marks of quotation behind it are none.
fn kind_of(between: &str) -> char {
    between.chars().find(|c| !matches!(c, ' ' | '\t' | '\n' | '>')).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_whole_however_their_groups_stand_apart() {
        for (value, whole, even) in [
            ("1 2 3 4 5 6 7 8 9 0 1 8", "123456789018", false),
            ("1 2 3 4 - 5 6 7 8 - 9 0 1 8", "123456789018", false),
            ("4111.1111.1111.1111", "4111-1111-1111-1111", true),
            ("4111・1111・1111・1111", "4111-1111-1111-1111", true),
            ("4111  1111  1111  1111", "4111-1111-1111-1111", false),
            ("4111 1111\n> 1111 1111", "4111-1111-1111-1111", false),
            ("4111/1111/1111/1111", "4111-1111-1111-1111", false),
        ] {
            let apart = read(value).unwrap();
            assert_eq!((apart.whole.as_str(), apart.even), (whole, even), "{value}");
            assert!(!is_usual(value, false), "{value}");
        }
    }

    #[test]
    fn what_is_written_as_usual_is_none_of_this() {
        for (value, phone) in [
            ("4111 1111 1111 1111", false),
            ("123456789018", false),
            ("(03)3580-3311", true),
            ("090 - 1234 - 5678", true),
            ("+81 (0)90 1234 5678", true),
        ] {
            assert!(is_usual(value, phone), "{value}");
        }
        // It breaks in another way than it goes on, or twice.
        assert_eq!(read("090-1234\n5678"), None);
        assert_eq!(read("1234\n5678\n9018"), None);
    }

    #[test]
    fn a_row_of_figures_goes_on() {
        for (text, goes_on_so) in [
            ("4111  1111  1111  1111", false),
            ("4111  1111  1111  1111  2222", true),
            ("3000  4111  1111  1111  1111", true),
            ("4111  1111  1111  1111  12/28", false),
            ("4111  1111  1111  1111 まで", false),
        ] {
            let value = "4111  1111  1111  1111";
            let start = text.find(value).unwrap();
            let apart = read(value).unwrap();
            assert_eq!(goes_on(text, &(start..start + value.len()), &apart), goes_on_so, "{text}");
        }
    }
}
