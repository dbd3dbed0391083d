//! Normalised text → hits.
//!
//! In: a stretch of normalised text. Out: every place where a detector's pattern matches, its check holds and, where it
//! needs one, a context word is near ([`Hit`]); of overlapping hits the one that knows most. Deliberately absent: whose
//! data it is, and whether it is a leak ([`super::clusters`]).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::checks::{Check, Note, Passed, is_known_latin_name};
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
}

/// A context word stands at most so many characters after a value: `(携帯)`.
const WINDOW_AFTER: usize = 16;

/// From so many values with a right check digit, and hardly any with a wrong one, chance is out of the question.
const CROWD: usize = 5;
/// From so many it is certain.
const CERTAIN: usize = 10;

/// Finds all hits in `text`; `header` is the header of the column it stands in, if any.
pub(super) fn hits(rules: &Rules, text: &str, header: &str) -> Vec<Hit> {
    let mut search = Search { rules, text, header, found: Vec::new(), crowds: BTreeMap::new() };
    let mut found = Vec::new();
    let mut at = 0;
    let mut matches = rules.patterns().over(text);
    while let Some(start) = matches.next(at, &mut found) {
        let end = found.iter().map(|&(detector, end)| search.candidate(detector, start..end)).max().unwrap_or(start);
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
}

struct Found {
    hit: Hit,
    /// Neither word nor shape speaks for it: only a crowd of its like can.
    waiting: bool,
}

impl Search<'_> {
    /// Judges one candidate; the end of what it takes up, 0 for nothing.
    fn candidate(&mut self, index: usize, range: Range<usize>) -> usize {
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
        let Some(Passed { range: value, doubt, note }) = passed else { return 0 };
        if self.is_near(&detector.against, detector.window, &value) {
            return 0;
        }
        let context = self.is_near(&detector.context, detector.window, &value);
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
        self.found.push(Found { hit: Hit { detector: index, range: value, confidence, context, note }, waiting });
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

    /// Whether one of `words` stands near `value`: before it within the window, without an empty line between, or
    /// shortly after it on its line, or in the header of its column.
    fn is_near(&self, words: &Nearby, window: usize, value: &Range<usize>) -> bool {
        if words.is_empty() {
            return false;
        }
        let before = self.text.get(..value.start).unwrap_or_default();
        let from = before.char_indices().rev().take(window).last().map_or(before.len(), |(at, _)| at);
        let before = before.get(from..).unwrap_or_default();
        let before = before.rfind("\n\n").and_then(|at| before.get(at..)).unwrap_or(before);
        if words.is_in(before) || words.is_in(self.header) {
            return true;
        }
        let after = self.text.get(value.end..).unwrap_or_default();
        let to = after.char_indices().take(WINDOW_AFTER).find(|(_, c)| *c == '\n').map(|(at, _)| at);
        let to = to.or_else(|| after.char_indices().nth(WINDOW_AFTER).map(|(at, _)| at)).unwrap_or(after.len());
        words.is_in(after.get(..to).unwrap_or_default())
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
        let mut hits: Vec<Hit> = self
            .found
            .into_iter()
            .filter(|found| !found.waiting || crowded.contains_key(&found.hit.detector))
            .map(|Found { mut hit, .. }| {
                if let Some(&crowd) = crowded.get(&hit.detector) {
                    hit.confidence = hit.confidence.max(crowd.min(hit.note.at_most()));
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

fn weight(rules: &Rules, hit: &Hit) -> (bool, u8, Confidence, usize) {
    let priority = rules.detector(hit.detector).map_or(0, |detector| detector.priority);
    (hit.context, priority, hit.confidence, hit.range.len())
}
