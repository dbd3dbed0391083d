//! Full names one after another: `山田太郎、佐藤花子（営業部）と高橋健一の3名`.
//!
//! In: a page, the names that were found in it, and the hits. Out: as hits the names of each list within a sentence: three
//! of which the dictionaries know two, or two of which they know one where a context word of the rule announces them
//! (`内定者は`), and then what may be a name between them. Names are looked for only right beside those that are known already. Deliberately absent: lists of lines ([`super::bare`]), surnames alone,
//! and whether a list is a leak ([`super::prose`]).

use std::ops::Range;

use super::bare::Bare;
use super::checks::{Note, is_known_latin_name, is_latin_name};
use super::clusters::name_key;
use super::ground::Ground;
use super::names::{Names, Reading};
use super::page::Page;
use super::record::Record;
use super::rule::{Nearby, Role};
use super::scan::Hit;
use super::script::{is_kanji, is_name_character};
use super::zones::{self, Zone};
use crate::inspect::Confidence;

/// As many names are a list of people.
const LIST: usize = 3;
/// As many are, where something announces them.
const ANNOUNCED: usize = 2;
/// Within so many characters before the first name something may announce them, and behind the last they may do
/// something.
const REACH: usize = 24;
/// What stands between a word that announces and the first name is no longer, in characters.
const BETWEEN: usize = 8;
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
const HONORIFICS: [&str; 9] = ["さん", "様", "さま", "氏", "殿", "君", "くん", "ちゃん", "先生"];
/// Kanji that may follow a name and are no part of a longer word with it: `鈴木一郎両名`, `鈴木一郎他2名`.
const FOLLOWERS: &str = "及並両各他外以計等の氏様殿君先";
/// Whoever is named behind one of these is there for work.
const OURS: [&str; 5] = ["弊社", "当社", "御社", "貴社", "弊所"];
/// And so is who does one of these.
const AT_WORK: [&str; 10] =
    ["伺い", "伺う", "伺わ", "訪問", "参りま", "お邪魔", "同席", "担当", "対応いたし", "対応させ"];

/// One name of a list.
#[derive(Debug, Clone)]
struct Item {
    range: Range<usize>,
    standing: Standing,
}

/// How well a name of a list is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The dictionaries know all of it.
    Known,
    /// They know its surname, and the rest may be a given name; or it is written as a Latin name is.
    Likely,
    /// It may be one, and names stand on both sides of it.
    Stranger,
}

/// Adds the names that stand in lists within a sentence; `found` are those that stand alone, and those that begin a word.
pub(super) fn add_names(
    record: &Record<'_>,
    page: &Page<'_>,
    hits: &mut Vec<Hit>,
    (alone, leading): (&[Bare], &[Range<usize>]),
    zones: &[Zone],
) {
    let Some(japanese) = record.rules.name_detector() else { return };
    let latin = record.rules.latin_name_detector().unwrap_or(japanese);
    let names = record.rules.names();
    let is_name = |hit: &&Hit| record.rules.detector(hit.detector).is_some_and(|detector| detector.role == Role::Name);
    let mut seeds: Vec<Range<usize>> = hits.iter().filter(is_name).map(|hit| hit.range.clone()).collect();
    seeds.extend(alone.iter().map(|name| name.start..name.end));
    seeds.extend(leading.iter().cloned());
    seeds.sort_by_key(|seed| seed.start);
    let (mut over, mut more) = (0, Vec::new());
    for (at, seed) in seeds.iter().enumerate() {
        if seed.start < over || zones.get(page.line_of(seed.start)) != Some(&Zone::Body) {
            continue;
        }
        let is_latin = page.text.get(seed.clone()).is_some_and(|name| !name.contains(is_name_character));
        // Behind a space alone anything may stand, unless names do.
        let next = |other: Option<&Range<usize>>| {
            other.is_some_and(|other| other.start == seed.end + 1 || other.end + 1 == seed.start)
        };
        let spaced = next(seeds.get(at + 1)) || next(at.checked_sub(1).and_then(|at| seeds.get(at)));
        let text = Neighbours { names, text: page.text, spaced };
        let items = if is_latin { text.latin_row(seed.clone()) } else { text.row(seed.clone(), over) };
        over = items.last().map_or(over, |item| item.range.end);
        let detector = if is_latin { latin } else { japanese };
        let Some(announced) = judged(record, page, (detector, is_latin), &items) else { continue };
        let in_context = record.rules.detector(detector).map_or(Confidence::Medium, |detector| detector.in_context);
        let (confidence, note) =
            if announced { (in_context, Note::Enrolled) } else { (Confidence::Medium, Note::FullName) };
        let ranges =
            items.into_iter().filter(|item| announced || item.standing != Standing::Stranger).map(|item| item.range);
        let ranges =
            ranges.filter(|range| page.text.get(range.clone()).is_some_and(|name| !record.excludes(detector, name)));
        let ground = Ground::Position { listed: true };
        more.extend(ranges.map(|range| Hit { detector, range, confidence, context: announced, note, ground }));
    }
    if !more.is_empty() {
        unite(hits, more);
    }
}

/// Adds `more` hits; those that are there already learn that they are in a list.
fn unite(hits: &mut Vec<Hit>, more: Vec<Hit>) {
    let mut more = more.into_iter().peekable();
    let mut fresh = Vec::new();
    for known in hits.iter_mut() {
        while let Some(hit) = more.next_if(|hit| hit.range.end <= known.range.start) {
            fresh.push(hit);
        }
        while let Some(hit) = more.next_if(|hit| hit.range.start < known.range.end) {
            if hit.detector == known.detector && known.note != Note::Surname {
                let sure = known.confidence.max(hit.confidence);
                *known = Hit { confidence: sure, note: stronger(known.note, hit.note), ..known.clone() };
            }
        }
    }
    fresh.extend(more);
    hits.extend(fresh);
    hits.sort_by_key(|hit| hit.range.start);
}

fn stronger(known: Note, listed: Note) -> Note {
    if listed == Note::Enrolled || matches!(known, Note::BareName | Note::Likely) { listed } else { known }
}

/// Whether these names are a list of people, and then whether something announces it. The names of sender and recipients
/// make no list.
fn judged(record: &Record<'_>, page: &Page<'_>, (detector, is_latin): (usize, bool), items: &[Item]) -> Option<bool> {
    let (first, last) = (items.first()?, items.last()?);
    let value = |item: &Item| page.text.get(item.range.clone()).unwrap_or_default();
    let is_own = |item: &Item| !record.known.is_empty() && record.known.contains(&name_key(value(item)));
    let of = |wanted: &dyn Fn(Standing) -> bool| {
        let mut names: Vec<&str> =
            items.iter().filter(|item| wanted(item.standing) && !is_own(item)).map(value).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    let (known, all) = (of(&|standing| standing == Standing::Known), of(&|standing| standing != Standing::Stranger));
    if known == 0 || all < ANNOUNCED {
        return None;
    }
    let before = page.text.get(..first.range.start)?;
    let from = before.char_indices().rev().take(REACH).last().map_or(before.len(), |(from, _)| from);
    let before = before.get(from..)?;
    if OURS.iter().any(|ours| before.rsplit('\n').next().is_some_and(|line| line.contains(ours))) {
        return None;
    }
    let line = page.line_of(first.range.start);
    let head = page.starts.get(line).and_then(|&start| page.text.get(start..first.range.start));
    let staff = head.is_some_and(zones::is_staff_list);
    let context = record.rules.detector(detector).map(|detector| &detector.context);
    if !staff && context.is_some_and(|words| is_announced(words, before)) {
        return Some(true);
    }
    let after = page.text.get(last.range.end..)?;
    let end = after.char_indices().enumerate().find(|&(count, (_, c))| count == REACH || matches!(c, '\n' | '。'));
    let after = end.and_then(|(_, (end, _))| after.get(..end)).unwrap_or(after);
    // Cities and products are written like Latin names.
    let is_list = all >= LIST && known >= if is_latin { all } else { ANNOUNCED };
    (is_list && !AT_WORK.iter().any(|work| after.contains(work))).then_some(false)
}

/// Whether one of `words` stands so near the end of `before` that it says what follows.
fn is_announced(words: &Nearby, before: &str) -> bool {
    let (mut from, mut end) = (0, None);
    while let Some((_, word)) = words.find_in(before, from) {
        from = word.start + 1;
        end = Some(word.end);
    }
    let between = end.and_then(|end| before.get(end..));
    between.is_some_and(|between| {
        let plain = |c: char| !is_kanji(c) && !matches!(c, '。' | '?' | '!') || "者名一覧以下次方々達".contains(c);
        between.chars().count() <= BETWEEN && between.chars().all(plain) && !between.contains("\n\n")
    })
}

/// What stands beside a name in a text.
struct Neighbours<'t> {
    names: &'t Names,
    text: &'t str,
    /// Whether a space alone parts names here.
    spaced: bool,
}

impl Neighbours<'_> {
    /// The names one after another of which `seed` is one, in their order, none before `floor`; nothing if it stands alone.
    fn row(&self, seed: Range<usize>, floor: usize) -> Vec<Item> {
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
        while items.last().is_some_and(|item| item.standing == Standing::Stranger) {
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
        let (start, reading) = self.names.ending(text)?;
        let standing = standing(reading)?;
        Some(Item { range: floor + start..floor + text.len(), standing })
    }

    /// The name after a joint, behind another that ends at `end`.
    fn name_after(&self, end: usize) -> Option<Item> {
        let start = after_joint(self.text, end, self.spaced)?;
        let rest = self.text.get(start..)?;
        let Some((length, reading)) = self.names.beginning(rest) else { return self.stranger(start) };
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
        // A dot stands between people here, not within a name.
        match standing(reading).filter(|_| fits && !name.contains('・')) {
            Some(standing) => Some(Item { range: start..start + length, standing }),
            None => self.stranger(start),
        }
    }

    /// What begins there and may be a name that no dictionary has, if a name follows it.
    fn stranger(&self, start: usize) -> Option<Item> {
        let rest = self.text.get(start..)?;
        let run = |text: &str| text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
        let first = run(rest);
        let second = rest.get(first..)?.strip_prefix(' ').map(run).filter(|&second| second > 0);
        let length = first + second.map_or(0, |second| second + 1);
        let name = rest.get(..length).filter(|name| self.names.may_be_name(name))?;
        after_joint(self.text, start + name.len(), false)?;
        Some(Item { range: start..start + length, standing: Standing::Stranger })
    }

    /// The same for names in Latin letters, from the first on: `John Smith, Mary Jones and Peter Brown`.
    fn latin_row(&self, seed: Range<usize>) -> Vec<Item> {
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

fn standing(reading: Reading) -> Option<Standing> {
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
fn latin_name(names: &Names, text: &str) -> Option<(usize, Standing)> {
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
    Some((name(found.0)?.len(), found.1))
}
