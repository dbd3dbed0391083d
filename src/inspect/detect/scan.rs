//! Normalised text → hits.
//!
//! In: a stretch of normalised text. Out: every place where a detector's pattern matches, its check holds and, where it
//! needs one, a context word is near ([`Hit`]); of overlapping hits the one that knows most. Deliberately absent: whose
//! data it is, and whether it is a leak ([`super::clusters`]).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::checks::{Check, Note, Passed, is_known_latin_name};
use super::ground::{Ground, Near};
use super::rule::Nearby;
use super::rules::Rules;
use crate::inspect::Confidence;

/// One place where a detector found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Whose.
    pub(super) detector: usize,
    /// Where in the normalised text.
    pub(super) range: Range<usize>,
    /// How sure.
    pub(super) confidence: Confidence,
    /// Whether something near speaks for it.
    pub(super) context: bool,
    /// What the check learnt.
    pub(super) note: Note,
    /// What it rests on.
    pub(super) ground: Ground,
}

/// A context word stands at most so many characters after a value: `(携帯)`.
const WINDOW_AFTER: usize = 16;

/// From so many values with a right check digit, and hardly any with a wrong one, chance is out of the question.
const CROWD: usize = 5;
/// From so many it is certain.
const CERTAIN: usize = 10;

/// Among so many numbers of the length of a card, of which one in five or fewer has the check digit, one that nothing
/// else speaks for has it by chance.
const COUNTED: usize = 10;
/// So many of those with steps no larger than this are counted up, and half of them at most have the check digit.
const RUN: usize = 4;
const STEP: u64 = 1_000;

/// Finds all hits in `text`; `header` is the header of the column it stands in, if any.
pub(super) fn hits(rules: &Rules, text: &str, header: &str) -> Vec<Hit> {
    let mut search = Search { rules, text, header, found: Vec::new(), crowds: BTreeMap::new(), counted: Vec::new() };
    let mut found = Vec::new();
    let mut at = 0;
    let mut matches = rules.patterns().over(text);
    while let Some(start) = matches.next(at, &mut found) {
        let end = found.iter().map(|&(pattern, end)| search.candidate(pattern, start..end)).max().unwrap_or(start);
        // Whatever was refused may hide something that starts within it.
        at = end.max(text.ceil_char_boundary(start + 1));
    }
    search.finish()
}

struct Search<'a> {
    rules: &'a Rules,
    text: &'a str,
    header: &'a str,
    found: Vec<Found>,
    /// Per detector with a check digit: candidates that hold, and that do not.
    crowds: BTreeMap<usize, (usize, usize)>,
    /// Numbers of the length of a card, written without a break: where each starts, and whether it holds.
    counted: Vec<(usize, u64, bool)>,
}

struct Found {
    hit: Hit,
    /// Neither word nor shape speaks for it: only a crowd of its like can.
    waiting: bool,
}

impl Search<'_> {
    /// Judges one candidate of a pattern; the end of what it takes up, 0 for nothing.
    fn candidate(&mut self, pattern: usize, range: Range<usize>) -> usize {
        let Some(index) = self.rules.patterns().owner(pattern) else { return 0 };
        let Some(detector) = self.rules.detector(index) else { return 0 };
        let passed = detector.check.in_text(self.rules.names(), self.text, range.clone());
        if detector.check.has_check_digit() {
            let crowd = self.crowds.entry(index).or_default();
            if passed.is_some() {
                crowd.0 += 1;
            } else {
                crowd.1 += 1;
            }
        }
        if detector.check == Check::Card
            && let Some(number) = self.text.get(range.clone()).and_then(|number| number.parse().ok())
        {
            self.counted.push((range.start, number, passed.is_some()));
        }
        let Some(Passed { range: value, doubt, note }) = passed else { return 0 };
        if self.near(&detector.against, detector.window, &value) != Near::Nothing {
            return 0;
        }
        let near = self.near(&detector.context, detector.window, &value);
        let context = near != Near::Nothing;
        let alone = if doubt { None } else { detector.alone };
        let waiting =
            !context && alone.is_none() && !(detector.check == Check::Phone && self.is_of_somebody(value.start));
        if waiting && !detector.check.has_check_digit() {
            return 0;
        }
        let confidence = if context { detector.in_context } else { alone.unwrap_or(Confidence::Medium) };
        let confidence = confidence.min(note.at_most());
        // What waits takes up no room meanwhile.
        let end = match () {
            () if waiting => 0,
            () if detector.check.may_be_told_better() && value.start > range.start => value.start,
            () => value.end.min(range.end),
        };
        let ground = Ground::Pattern(u32::try_from(pattern).unwrap_or(u32::MAX), near);
        self.found
            .push(Found { hit: Hit { detector: index, range: value, confidence, context, note, ground }, waiting });
        end
    }

    /// Whether a known name in Latin letters or a mail address stands right before `at` on its line: `1) Diana Hull,
    /// (713) 577-1254`.
    fn is_of_somebody(&self, at: usize) -> bool {
        const REACH: usize = 64;
        let before = self.text.get(..at).unwrap_or_default();
        let from = before.char_indices().rev().take(REACH).take_while(|(_, c)| *c != '\n').last().map(|(from, _)| from);
        let before = from.and_then(|from| before.get(from..)).unwrap_or_default();
        let before = before.trim_end_matches(|c: char| !c.is_alphabetic());
        let words: Vec<&str> = before.rsplit(' ').take(3).collect();
        if words.first().is_some_and(|word| word.contains('@')) {
            return true;
        }
        let name =
            |count: usize| words.get(..count).map(|words| words.iter().rev().copied().collect::<Vec<_>>().join(" "));
        [3, 2].into_iter().filter_map(name).any(|name| is_known_latin_name(self.rules.names(), &name))
    }

    /// Which of `words` stands near `value`: before it within the window, without an empty line between, or in the
    /// header of its column, or shortly after it on its line.
    fn near(&self, words: &Nearby, window: usize, value: &Range<usize>) -> Near {
        if words.is_empty() {
            return Near::Nothing;
        }
        let bytes = |distance: usize| u16::try_from(distance).unwrap_or(u16::MAX);
        let before = self.text.get(..value.start).unwrap_or_default();
        let before = before.get(back(before, window)..).unwrap_or_default();
        let before = last_gap(before).and_then(|at| before.get(at..)).unwrap_or(before);
        if let Some((word, at)) = words.find_in(before) {
            return Near::Before(word, bytes(before.len() - at.end));
        }
        if let Some((word, _)) = words.find_in(self.header) {
            return Near::Header(word);
        }
        let after = self.text.get(value.end..).unwrap_or_default();
        let to = after.char_indices().take(WINDOW_AFTER).find(|(_, c)| *c == '\n').map(|(at, _)| at);
        let to = to.or_else(|| after.char_indices().nth(WINDOW_AFTER).map(|(at, _)| at)).unwrap_or(after.len());
        let found = words.find_in(after.get(..to).unwrap_or_default());
        found.map_or(Near::Nothing, |(word, at)| Near::Behind(word, bytes(at.start)))
    }

    /// Drops what waits for a crowd that did not come, and of overlapping hits all but the best.
    fn finish(self) -> Vec<Hit> {
        let crowded: BTreeMap<usize, Confidence> = self
            .crowds
            .iter()
            .filter(|(_, (right, wrong))| *right >= CROWD && *right >= wrong * 4)
            .map(|(&index, (right, wrong))| {
                let certain = *right >= CERTAIN && *right >= wrong * 19;
                (index, if certain { Confidence::High } else { Confidence::Medium })
            })
            .collect();
        let up = counted_up(&self.counted);
        let by_chance = |hit: &Hit| {
            let is_card = self.rules.detector(hit.detector).is_some_and(|detector| detector.check == Check::Card);
            let (right, wrong) = self.crowds.get(&hit.detector).copied().unwrap_or_default();
            let many = || right + wrong >= COUNTED && wrong >= right * 4;
            is_card && !hit.context && (many() || up.binary_search(&hit.range.start).is_ok())
        };
        let mut hits: Vec<Hit> = self
            .found
            .into_iter()
            .filter(|found| !found.waiting || crowded.contains_key(&found.hit.detector))
            .map(|Found { mut hit, .. }| {
                if let Some(&crowd) = crowded.get(&hit.detector) {
                    hit.confidence = hit.confidence.max(crowd.min(hit.note.at_most()));
                    if let Ground::Pattern(_, near @ Near::Nothing) = &mut hit.ground {
                        *near = Near::Crowd;
                    }
                }
                if by_chance(&hit) {
                    hit.confidence = Confidence::Low;
                }
                hit
            })
            .collect();
        hits.sort_by_key(|hit| (hit.range.start, Reverse(hit.range.end)));
        let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
        for hit in hits {
            match kept.last_mut() {
                Some(last) if last.range.end > hit.range.start => {
                    if weight(self.rules, &hit) > weight(self.rules, last) {
                        *last = hit;
                    }
                }
                _ => kept.push(hit),
            }
        }
        kept
    }
}

/// Where those of the numbers start that are counted up: each a small step from the one before. Ascending.
fn counted_up(numbers: &[(usize, u64, bool)]) -> Vec<usize> {
    let runs = numbers.chunk_by(|(_, before, _), (_, number, _)| (1..=STEP).contains(&before.abs_diff(*number)));
    let by_chance = |run: &&[(usize, u64, bool)]| {
        run.len() >= RUN && run.iter().filter(|(.., right)| *right).count() * 2 <= run.len()
    };
    runs.filter(by_chance).flatten().map(|(start, ..)| *start).collect()
}

/// Where the last `count` characters of `text` begin.
fn back(text: &str, count: usize) -> usize {
    let mut left = count;
    let begins = |(_, byte): &(usize, &u8)| {
        left -= usize::from((**byte as i8) >= -0x40);
        left == 0
    };
    if count == 0 { text.len() } else { text.as_bytes().iter().enumerate().rev().find(begins).map_or(0, |(at, _)| at) }
}

/// Where the last empty line in `text` begins.
fn last_gap(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while let Some(at) = memchr::memrchr(b'\n', bytes.get(..end)?) {
        if bytes.get(at.checked_sub(1)?) == Some(&b'\n') {
            return Some(at - 1);
        }
        end = at;
    }
    None
}

fn weight(rules: &Rules, hit: &Hit) -> (bool, u8, Confidence, usize) {
    let priority = rules.detector(hit.detector).map_or(0, |detector| detector.priority);
    (hit.context, priority, hit.confidence, hit.range.len())
}
