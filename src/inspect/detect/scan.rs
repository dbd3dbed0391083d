//! Normalised text → hits.
//!
//! In: a stretch of normalised text. Out: every place where a detector's pattern matches, its check holds and, where it
//! needs one, a context word is near ([`Hit`]); of overlapping hits the one that knows most. Deliberately absent: whose
//! data it is, and whether it is a leak ([`super::prose::clusters`]).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::checks::{Check, Note, Passed, is_known_latin_name};
use super::ground::{Ground, Near};
use super::near::Beside;
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

impl Hit {
    /// Whether it is a surname in Latin letters, which only its title tells: `Ms. Brown`.
    pub(super) fn is_latin_surname(&self, rules: &Rules) -> bool {
        self.note == Note::Surname && rules.latin_name_detector() == Some(self.detector)
    }
}

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
    let mut search = Search::of(rules, text, header);
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
    found: Vec<Hit>,
    /// Which of them neither word nor shape speaks for, by their place: only a crowd of its like can.
    waiting: Vec<usize>,
    /// Per detector, if it has a check digit: candidates that hold, and that do not. As far as there were any.
    crowds: Vec<(usize, usize)>,
    /// Numbers of the length of a card, written without a break: where each starts, and whether it holds.
    counted: Vec<(usize, u64, bool)>,
    beside: Beside<'a>,
}

impl<'a> Search<'a> {
    fn of(rules: &'a Rules, text: &'a str, header: &'a str) -> Self {
        Self {
            rules,
            text,
            found: Vec::new(),
            waiting: Vec::new(),
            crowds: Vec::new(),
            counted: Vec::new(),
            beside: Beside::of(text, header),
        }
    }

    /// Judges one candidate of a pattern; the end of what it takes up, 0 for nothing.
    fn candidate(&mut self, pattern: usize, range: Range<usize>) -> usize {
        let Some(index) = self.rules.patterns().owner(pattern) else { return 0 };
        let Some(detector) = self.rules.detector(index) else { return 0 };
        let apart = self.text.get(range.clone()).is_some_and(|value| detector.check.stands_apart(value));
        let passed = detector.check.in_text(self.rules.names(), self.text, range.clone(), apart);
        if detector.check.has_check_digit() && !apart {
            if self.crowds.len() <= index {
                self.crowds.resize(index + 1, (0, 0));
            }
            if let Some((right, wrong)) = self.crowds.get_mut(index) {
                *(if passed.is_some() { right } else { wrong }) += 1;
            }
        }
        if detector.check == Check::Card
            && let Some(number) = self.text.get(range.clone()).and_then(|number| number.parse().ok())
        {
            self.counted.push((range.start, number, passed.is_some()));
        }
        let Some(Passed { range: value, doubt, note }) = passed else { return 0 };
        if self.beside.near(&detector.against, 2 * index, detector.window, &value) != Near::Nothing {
            return 0;
        }
        let near = self.beside.near(&detector.context, 2 * index + 1, detector.window, &value);
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
        if waiting {
            self.waiting.push(self.found.len());
        }
        self.found.push(Hit { detector: index, range: value, confidence, context, note, ground });
        end
    }

    /// Whether a known name in Latin letters, one that was found, or a mail address stands right before `at` on its line:
    /// `1) Diana Hull, (713) 577-1254`, `Mrs. Smith, 212-555-0188`.
    fn is_of_somebody(&self, at: usize) -> bool {
        const REACH: usize = 64;
        let before = self.text.get(..at).unwrap_or_default();
        let from = before.char_indices().rev().take(REACH).take_while(|(_, c)| *c != '\n').last();
        let from = from.map_or(at, |(from, _)| from);
        let before = before.get(from..).unwrap_or_default().trim_end_matches(|c: char| !c.is_alphabetic());
        let end = from + before.len();
        let found = self.found.iter().rev().take_while(|hit| hit.range.end >= end);
        if found.into_iter().any(|hit| hit.range.end == end && self.rules.is_name(hit.detector)) {
            return true;
        }
        let words: Vec<&str> = before.rsplit(' ').take(3).collect();
        if words.first().is_some_and(|word| word.contains('@')) {
            return true;
        }
        let name =
            |count: usize| words.get(..count).map(|words| words.iter().rev().copied().collect::<Vec<_>>().join(" "));
        [3, 2].into_iter().filter_map(name).any(|name| is_known_latin_name(self.rules.names(), &name))
    }

    /// Drops what waits for a crowd that did not come, and of overlapping hits all but the best.
    fn finish(self) -> Vec<Hit> {
        let crowded: BTreeMap<usize, Confidence> = self
            .crowds
            .iter()
            .enumerate()
            .filter(|(_, (right, wrong))| *right >= CROWD && *right >= wrong * 4)
            .map(|(index, (right, wrong))| {
                let certain = *right >= CERTAIN && *right >= wrong * 19;
                (index, if certain { Confidence::High } else { Confidence::Medium })
            })
            .collect();
        let up = counted_up(&self.counted);
        let by_chance = |hit: &Hit| {
            let is_card = self.rules.detector(hit.detector).is_some_and(|detector| detector.check == Check::Card);
            let (right, wrong) = self.crowds.get(hit.detector).copied().unwrap_or_default();
            let many = || right + wrong >= COUNTED && wrong >= right * 4;
            is_card && !hit.context && (many() || up.binary_search(&hit.range.start).is_ok())
        };
        let mut hits = self.found;
        let (mut place, mut waiting) = (0, self.waiting.iter().peekable());
        hits.retain_mut(|hit| {
            let waits = waiting.next_if_eq(&&place).is_some();
            place += 1;
            match crowded.get(&hit.detector) {
                Some(&crowd) => {
                    hit.confidence = hit.confidence.max(crowd.min(hit.note.at_most()));
                    if let Ground::Pattern(_, near @ Near::Nothing) = &mut hit.ground {
                        *near = Near::Crowd;
                    }
                }
                None if waits => return false,
                None => {}
            }
            if by_chance(hit) {
                hit.confidence = Confidence::Low;
            }
            true
        });
        hits.sort_by_key(|hit| (hit.range.start, Reverse(hit.range.end)));
        hits.dedup_by(|hit, last| {
            let overlaps = last.range.end > hit.range.start;
            if overlaps && weight(self.rules, hit) > weight(self.rules, last) {
                std::mem::swap(last, hit);
            }
            overlaps
        });
        hits
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

fn weight(rules: &Rules, hit: &Hit) -> (bool, u8, Confidence, usize) {
    let priority = rules.detector(hit.detector).map_or(0, |detector| detector.priority);
    (hit.context, priority, hit.confidence, hit.range.len())
}
