//! Names at the heads of lines, one below another: `・山田太郎（営業部）`.
//!
//! In: a page, and a name that begins one of its lines, but for a mark. Out: the names that begin the lines above and below
//! it, as far as these are marked alike ([`column()`]), and what stands above them ([`heading`]). What no dictionary has is
//! one of them only if its line goes on as that of a name that is known. Deliberately absent: whether such a column is a
//! list of people ([`super::roll`]).

use std::ops::Range;

use super::neighbours::{FOLLOWERS, HONORIFICS, Item, Standing, latin_name, standing};
use super::page::Page;
use super::zones::{self, Zone};
use crate::inspect::detect::names::script::{self, is_kanji, is_name_character};
use crate::inspect::detect::names::{Names, Reading};

/// A mark is no longer, in bytes.
const MARK: usize = 16;
/// A name with its honorific is no longer, in bytes; a line of prose goes on.
const NAME: usize = 42;
/// A heading is no longer, in characters.
const HEADING: usize = 32;

/// The names one below another of which `seed` is one, none before `floor`; nothing if it stands alone. That `several`
/// people follow, what stands above the seed says.
pub(crate) fn column(
    names: &Names,
    page: &Page<'_>,
    zones: &[Zone],
    (seed, several): (&Range<usize>, bool),
    floor: usize,
) -> Vec<Item> {
    let line = page.line_of(seed.start);
    let start = page.starts.get(line).copied().unwrap_or_default();
    let text = page.line(line);
    let (mark, behind) = (text.get(..seed.start - start), text.get(seed.end - start..));
    let Some((mark, behind)) = mark.zip(behind).filter(|(mark, _)| is_mark(mark)) else { return Vec::new() };
    if !several && is_speaker(mark, behind) {
        return Vec::new();
    }
    let value = page.text.get(seed.clone()).unwrap_or_default();
    let is_latin = !value.contains(is_name_character);
    let known = is_latin || names.read(value) == Some(Reading::Full);
    let lines = Lines { names, page, zones, mark, ending: ending(behind), is_latin, several };
    let above = (0..line).rev().take_while(|&line| page.starts.get(line).is_some_and(|&start| start >= floor));
    let mut items: Vec<Item> = above.map_while(|line| lines.name(line)).collect();
    items.reverse();
    items.push(Item { range: seed.clone(), standing: if known { Standing::Known } else { Standing::Likely } });
    items.extend((line + 1..page.lines.len()).map_while(|line| lines.name(line)));
    if !is_marked(mark) {
        // Anything may stand above and below lines without a mark.
        let is_known = |item: &Item| item.standing != Standing::Stranger;
        items.drain(..items.iter().position(is_known).unwrap_or(items.len()));
        items.truncate(items.iter().rposition(is_known).map_or(0, |last| last + 1));
    }
    if items.len() < 2 { Vec::new() } else { items }
}

/// The line above those that begin with names, if it is short.
pub(crate) fn heading<'t>(page: &Page<'t>, first: usize) -> &'t str {
    let line = page.line_of(first);
    let above = (0..line).rev().map(|line| zones::unquoted(page.line(line))).take(2).find(|line| !line.is_empty());
    above.filter(|line| line.chars().count() <= HEADING).unwrap_or_default()
}

/// Whether what stands before a name on its line only marks the line as one of a list, or as quoted: `・`, `> 1) `.
pub(super) fn is_mark(head: &str) -> bool {
    head.len() <= MARK && head.chars().all(|c| c.is_numeric() || !script::is_alphanumeric(c))
}

/// Whether there is more in a mark than that the line is quoted.
pub(super) fn is_marked(head: &str) -> bool {
    !head.trim_matches(['>', '|', ' ']).is_empty()
}

/// Whether what follows is what somebody said or wrote: `山田太郎: 了解です`, `夏目漱石『こころ』`.
pub(super) fn is_speaker(mark: &str, behind: &str) -> bool {
    let numbered = !mark.trim().is_empty() && !mark.contains([':', '[', '(', '>']);
    behind.starts_with([':', '>']) && !numbered || behind.starts_with('『')
}

/// Whether two marks are the same, whatever numbers stand in them.
fn are_alike(one: &str, other: &str) -> bool {
    fn signs(mark: &str) -> impl Iterator<Item = char> {
        let signs = mark.trim().chars().map(|c| if c.is_numeric() { '0' } else { c });
        let before = std::iter::once(' ').chain(signs.clone());
        signs.zip(before).filter(|&(c, before)| c != '0' || before != '0').map(|(c, _)| c)
    }
    signs(one).eq(signs(other))
}

/// What follows a name on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Nothing,
    Honorific,
    Sign(char),
    Word,
}

fn ending(behind: &str) -> Ending {
    if HONORIFICS.iter().any(|honorific| behind.trim_start_matches(' ').starts_with(honorific)) {
        return Ending::Honorific;
    }
    match behind.trim().chars().next() {
        None => Ending::Nothing,
        Some(c) if script::is_alphanumeric(c) => Ending::Word,
        Some(c) => Ending::Sign(c),
    }
}

/// Lines that are marked alike.
struct Lines<'a> {
    names: &'a Names,
    page: &'a Page<'a>,
    zones: &'a [Zone],
    mark: &'a str,
    ending: Ending,
    is_latin: bool,
    several: bool,
}

impl Lines<'_> {
    /// The name that begins a line.
    fn name(&self, line: usize) -> Option<Item> {
        let text = self.page.line(line);
        let start = text.find(|c: char| script::is_alphanumeric(c) && !c.is_numeric())?;
        let (mark, rest) = text.split_at_checked(start)?;
        if self.zones.get(line) != Some(&Zone::Body) || !is_mark(mark) || !are_alike(mark, self.mark) {
            return None;
        }
        if script::run(rest.as_bytes(), 0) > NAME {
            return None;
        }
        let name = if self.is_latin { latin_name(self.names, rest) } else { self.japanese(rest) };
        let (length, standing) = name?;
        // Places and products are written like Latin names.
        let fits = !self.is_latin || self.several || standing == Standing::Known;
        if !fits || !self.several && is_speaker(mark, rest.get(length..)?) {
            return None;
        }
        let start = self.page.starts.get(line)? + start;
        Some(Item { range: start..start + length, standing })
    }

    /// How long the name is that begins a line, and how well it is known.
    fn japanese(&self, rest: &str) -> Option<(usize, Standing)> {
        let after = |length: usize| rest.get(length..).unwrap_or_default();
        let ends = |length: usize| {
            let honoured = HONORIFICS.iter().any(|honorific| after(length).starts_with(honorific));
            honoured || after(length).chars().next().is_none_or(|c| !is_name_character(c))
        };
        let parted = |length: usize| after(length).chars().next().is_none_or(|c| !is_kanji(c) || FOLLOWERS.contains(c));
        let known = self.names.beginning(rest).and_then(|(length, reading)| Some((length, standing(reading)?)));
        let fits = |&(length, standing): &(usize, Standing)| {
            if standing == Standing::Known { parted(length) } else { ends(length) }
        };
        let in_katakana = || {
            let word = rest.get(..rest.find(|c: char| !is_name_character(c)).unwrap_or(rest.len()))?;
            let word = HONORIFICS.iter().find_map(|honorific| word.strip_suffix(honorific)).unwrap_or(word);
            self.names.has_kana(word, script::is_katakana).then_some(word.len())
        };
        let half_known = || self.names.stranger_beginning(rest).filter(|&length| ends(length)).or_else(in_katakana);
        let found = known.filter(fits).or_else(|| half_known().map(|length| (length, Standing::Likely)));
        found.or_else(|| self.stranger(rest).map(|length| (length, Standing::Stranger)))
    }

    /// The word that begins a line and may be a name, if what follows it is as in the line of a name.
    fn stranger(&self, rest: &str) -> Option<usize> {
        let run = |text: &str| text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
        let first = run(rest);
        let second = rest.get(first..)?.strip_prefix(' ').map(run).filter(|&second| second > 0);
        let both = second.map(|second| first + 1 + second);
        let fits = |&end: &usize| {
            rest.get(..end).is_some_and(|name| self.names.may_be_stranger(name))
                && rest.get(end..).is_some_and(|behind| ending(behind) == self.ending)
        };
        let honoured = || {
            let name = rest.get(..first)?;
            let name = HONORIFICS.iter().find_map(|honorific| name.strip_suffix(honorific))?;
            Some(name.len())
        };
        both.into_iter().chain([first]).chain(honoured()).find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_one_list_are_alike() {
        for (a, b) in [("1. ", "10. "), ("・", "・"), ("① ", "② "), ("> - ", "> - "), ("", ""), ("10:00 ", "11:30 ")]
        {
            assert!(are_alike(a, b), "{a} {b}");
        }
        assert!(!are_alike("1. ", "1) ") && !are_alike("・", "") && !are_alike("- ", "1. "));
    }
}
