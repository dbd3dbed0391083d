//! What stands beside a name within a sentence: the next name of a list, behind a joint.
//!
//! In: a text, and a name in it. Out: the names one after another of which it is one ([`Neighbours`]), each with how well
//! it is known ([`Standing`]). Deliberately absent: names below one another ([`super::roster`]), and whether such a row is a
//! list of people ([`super::roll`]).

use std::ops::Range;

use crate::inspect::detect::checks::{is_known_latin_name, is_latin_name, is_organisation};
use crate::inspect::detect::names::script::{is_kanji, is_name_character};
use crate::inspect::detect::names::{Names, Reading};

/// What stands in brackets behind a name is no longer, in characters.
const REMARK: usize = 40;

/// What stands between two names of a list.
const JOINTS: [&str; 18] = [
    "、",
    ",",
    "・",
    "/",
    "&",
    ";",
    "及び",
    "および",
    "並びに",
    "ならびに",
    "そして",
    "それに",
    "あと",
    "と",
    "や",
    "and ",
    "+",
    "|",
];
/// What may stand right behind a name.
pub(super) const HONORIFICS: [&str; 9] = ["さん", "様", "さま", "氏", "殿", "君", "くん", "ちゃん", "先生"];
/// Kanji that may follow a name and are no part of a longer word with it: `鈴木一郎両名`, `鈴木一郎他2名`.
pub(super) const FOLLOWERS: &str = "及並両各他外以計等の氏様殿君先";

/// One name of a list.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) range: Range<usize>,
    pub(crate) standing: Standing,
}

/// How well a name of a list is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The dictionaries know all of it.
    Known,
    /// They know its surname, and the rest may be a given name, or they know its given name; or it is written as a Latin
    /// name is.
    Likely,
    /// It may be one, and names stand on both sides of it, or how many they are behind it; or its line is like theirs.
    Stranger,
}

/// What stands beside a name in a text.
pub(crate) struct Neighbours<'t> {
    pub(crate) names: &'t Names,
    pub(crate) text: &'t str,
    /// Whether a space alone parts names here.
    pub(crate) spaced: bool,
}

impl Neighbours<'_> {
    /// The names one after another of which `seed` is one, in their order, none before `floor`; nothing if it stands alone.
    pub(crate) fn row(&self, seed: Range<usize>, floor: usize) -> Vec<Item> {
        let mut items = Vec::new();
        let mut start = seed.start;
        while let Some(item) = self.name_before(start, floor) {
            start = item.range.start;
            items.push(item);
        }
        items.reverse();
        let mut next = self.name_after(seed.end);
        if items.is_empty() && next.is_none() {
            return items;
        }
        // An honorific speaks for a surname too, and a label for a name that nobody knows.
        let known = self.text.get(seed.clone()).is_some_and(|name| self.names.read(name) == Some(Reading::Full));
        items.push(Item { range: seed, standing: if known { Standing::Known } else { Standing::Likely } });
        while let Some(item) = next {
            next = self.name_after(item.range.end);
            items.push(item);
        }
        let is_loose = |item: &Item| item.standing == Standing::Stranger && !is_counted(self.text, item.range.end);
        while items.last().is_some_and(is_loose) {
            items.pop();
        }
        items
    }

    /// The name before a joint that ends at `end`.
    fn name_before(&self, end: usize, floor: usize) -> Option<Item> {
        let text = self.text.get(floor..end)?;
        let spaced = text.trim_end_matches([' ', '\n', '>']);
        let joint = |text: &str| JOINTS.iter().find_map(|joint| text.strip_suffix(joint)).map(str::len);
        let text = match joint(spaced).and_then(|length| spaced.get(..length)) {
            Some(rest) => joint(rest).and_then(|length| rest.get(..length)).unwrap_or(rest),
            None => Some(spaced).filter(|rest| self.spaced && text.get(rest.len()..) == Some(" "))?,
        };
        let text = without_remark(text.trim_end_matches(' ')).trim_end_matches(' ');
        let text = HONORIFICS.iter().find_map(|honorific| text.strip_suffix(honorific)).unwrap_or(text);
        let known = self.names.ending(text).and_then(|(start, reading)| Some((start, standing(reading)?)));
        let (start, standing) =
            known.or_else(|| self.names.stranger_ending(text).map(|start| (start, Standing::Likely)))?;
        Some(Item { range: floor + start..floor + text.len(), standing })
    }

    /// The name after a joint, behind another that ends at `end`.
    fn name_after(&self, end: usize) -> Option<Item> {
        let start = after_joint(self.text, end, self.spaced)?;
        let rest = self.text.get(start..)?;
        let Some((length, reading)) = self.names.beginning(rest) else { return self.half_known(start) };
        let (name, behind) = rest.split_at_checked(length)?;
        let next = behind.chars().next();
        let bounded = next.is_none_or(|c| !is_name_character(c));
        let parted = next.is_none_or(|c| !is_kanji(c) || FOLLOWERS.contains(c));
        // 渡辺裕太が: what goes on in kana goes on behind the name.
        let goes_on = name.ends_with(is_kanji) && next.is_some_and(|c| matches!(c, 'ぁ'..='ゖ'));
        let fits = match reading {
            Reading::Full => parted,
            Reading::Plausible => bounded || goes_on,
            Reading::Surname => false,
        };
        // What stands in kana behind a space is how the name before it is read.
        let is_reading = self.text.get(end..start) == Some(" ") && !name.contains(is_kanji);
        let fits = fits && !is_reading;
        // A dot stands between people here, not within a name.
        match standing(reading).filter(|_| fits && !name.contains('・')) {
            Some(standing) => Some(Item { range: start..start + length, standing }),
            None => self.half_known(start),
        }
    }

    /// The name that begins there of which the given name alone is known, or nothing.
    fn half_known(&self, start: usize) -> Option<Item> {
        let length = self.names.stranger_beginning(self.text.get(start..)?);
        let item = |length: usize| Item { range: start..start + length, standing: Standing::Likely };
        length.map(item).or_else(|| self.stranger(start))
    }

    /// What begins there and may be a name that no dictionary has, if a name follows it, or how many they are.
    fn stranger(&self, start: usize) -> Option<Item> {
        let rest = self.text.get(start..)?;
        let kanji = rest.find(|c: char| !is_kanji(c)).unwrap_or(rest.len());
        if is_counted(self.text, start + kanji) && rest.get(..kanji).is_some_and(|name| self.names.may_be_name(name)) {
            return Some(Item { range: start..start + kanji, standing: Standing::Stranger });
        }
        let run = |text: &str| text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
        let first = run(rest);
        let second = rest.get(first..)?.strip_prefix(' ').map(run).filter(|&second| second > 0);
        let length = first + second.map_or(0, |second| second + 1);
        let name = rest.get(..length).filter(|name| self.names.may_be_name(name))?;
        after_joint(self.text, start + name.len(), false)?;
        Some(Item { range: start..start + length, standing: Standing::Stranger })
    }

    /// The same for names in Latin letters, from the first on: `John Smith, Mary Jones and Peter Brown`.
    pub(super) fn latin_row(&self, seed: Range<usize>) -> Vec<Item> {
        let next = |end: usize| {
            let start = after_joint(self.text, end, self.spaced)?;
            let (length, standing) = self.text.get(start..).and_then(|rest| latin_name(self.names, rest))?;
            Some(Item { range: start..start + length, standing })
        };
        let mut after = next(seed.end);
        if after.is_none() {
            return Vec::new();
        }
        let known = self.text.get(seed.clone()).is_some_and(|name| is_known_latin_name(self.names, name));
        let mut items = vec![Item { range: seed, standing: if known { Standing::Known } else { Standing::Likely } }];
        while let Some(item) = after {
            after = next(item.range.end);
            items.push(item);
        }
        items
    }
}

/// Whether behind a list stands how many people are in it: `山田太郎、鬼無里蓮の2名`.
pub(crate) fn is_counted(text: &str, end: usize) -> bool {
    let Some(rest) = text.get(end..).and_then(|rest| rest.strip_prefix(['の', 'ら', '、', ' '])) else {
        return false;
    };
    let number = rest
        .trim_start_matches('計')
        .trim_start_matches(|c: char| c.is_ascii_digit() || "二三四五六七八九十".contains(c));
    number.len() < rest.len() && (number.starts_with('名') || number.starts_with('人'))
}

pub(crate) fn standing(reading: Reading) -> Option<Standing> {
    match reading {
        Reading::Full => Some(Standing::Known),
        Reading::Plausible => Some(Standing::Likely),
        Reading::Surname => None,
    }
}

/// A text without what stands in brackets at its end.
fn without_remark(text: &str) -> &str {
    let Some(inside) = text.strip_suffix([')', ']', '】']) else { return text };
    let open = inside.char_indices().rev().take(REMARK).take_while(|(_, c)| *c != '\n');
    let open = open.into_iter().find(|(_, c)| matches!(c, '(' | '[' | '【'));
    open.and_then(|(open, _)| text.get(..open)).unwrap_or(text)
}

/// Where something begins behind a name that ends at `end`, its honorific, a remark in brackets, and a joint.
fn after_joint(text: &str, end: usize, spaced: bool) -> Option<usize> {
    let rest = text.get(end..)?;
    let rest = HONORIFICS.iter().find_map(|honorific| rest.strip_prefix(honorific)).unwrap_or(rest);
    let unspaced = rest.trim_start_matches(' ');
    let remark = unspaced.strip_prefix(['(', '[', '【']).and_then(|inside| {
        let close = inside.char_indices().take(REMARK).take_while(|(_, c)| *c != '\n');
        let (close, c) = close.into_iter().find(|(_, c)| matches!(c, ')' | ']' | '】'))?;
        inside.get(close + c.len_utf8()..)
    });
    let unspaced = remark.unwrap_or(unspaced).trim_start_matches(' ');
    let joint = |text: &'_ str| JOINTS.iter().find_map(|joint| text.strip_prefix(joint)).map(str::len);
    let tail = |length: usize| text.get(text.len() - length..);
    let rest = match joint(unspaced).and_then(tail) {
        Some(rest) => {
            let rest = rest.trim_start_matches([' ', '\n', '>']);
            joint(rest).and_then(tail).unwrap_or(rest).trim_start_matches(' ')
        }
        // Nothing but a space, or a remark.
        None => {
            let by_space = |rest: &str| spaced && text.get(end..text.len() - rest.len()) == Some(" ");
            Some(unspaced).filter(|rest| remark.is_some() || by_space(rest))?
        }
    };
    Some(text.len() - rest.len())
}

/// The length of the name of two or three words that begins a text, and whether it is known.
pub(crate) fn latin_name(names: &Names, text: &str) -> Option<(usize, Standing)> {
    if !text.starts_with(char::is_uppercase) {
        return None;
    }
    let is_part = |c: char| c.is_alphabetic() && !is_name_character(c) || matches!(c, ' ' | '.' | '\'' | '-');
    let run: usize = text.chars().take(48).take_while(|c| is_part(*c)).map(char::len_utf8).sum();
    let run = text.get(..run)?;
    let ends = || run.match_indices(' ').map(|(at, _)| at).chain([run.len()]).skip(1).take(2);
    let name = |end: usize| run.get(..end).map(|name| name.trim_end_matches(['.', ' ']));
    let known = ends().filter(|&end| name(end).is_some_and(|name| is_known_latin_name(names, name))).max();
    let likely = || ends().filter(|&end| name(end).is_some_and(is_latin_name)).max();
    let found = known.map(|end| (end, Standing::Known)).or_else(|| likely().map(|end| (end, Standing::Likely)))?;
    let length = name(found.0)?.len();
    // `Arthur Andersen Group` is a firm.
    (!is_organisation(text.get(length..)?)).then_some((length, found.1))
}
