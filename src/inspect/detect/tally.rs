//! Hits → findings.
//!
//! In: one hit after another, with its place. Out: per detector how many there were, how sure the surest was, and a
//! few masked examples. Deliberately absent: unmasked values; they are masked on the way in.

use super::rules::Rules;
use crate::inspect::{Confidence, Example, Finding, Why};

/// Examples kept of each detector.
const EXAMPLES: usize = 5;

/// What is told of a hit that becomes an example.
pub(super) struct Shown {
    /// Where it stands, and whether that is hidden.
    pub(super) place: (String, bool),
    pub(super) why: Option<Why>,
}

/// What has been found so far.
#[derive(Debug)]
pub(super) struct Tally {
    found: Vec<Option<Entry>>,
    /// How many examples are kept of each detector.
    kept: usize,
}

#[derive(Debug)]
struct Entry {
    confidence: Confidence,
    count: u32,
    /// What is in plain sight of the mail goes before its history.
    examples: Vec<((bool, Confidence), Example)>,
}

impl Tally {
    /// Nothing found yet.
    pub(super) fn new(rules: &Rules) -> Self {
        Self { found: rules.all().iter().map(|_| None).collect(), kept: EXAMPLES }
    }

    /// Keeps every hit as an example, still masked: an evaluation compares each with what is known to be there.
    pub(super) fn keep_all(&mut self) {
        self.kept = usize::MAX;
    }

    /// Counts a hit; `shown` is asked only when the hit becomes an example.
    pub(super) fn add(
        &mut self,
        rules: &Rules,
        detector: usize,
        confidence: Confidence,
        value: &str,
        quoted: bool,
        shown: impl FnOnce() -> Shown,
    ) {
        let (Some(slot), Some(rule)) = (self.found.get_mut(detector), rules.detector(detector)) else { return };
        let entry = slot.get_or_insert_with(|| Entry { confidence, count: 0, examples: Vec::new() });
        entry.count = entry.count.saturating_add(1);
        entry.confidence = entry.confidence.max(confidence);
        let weight = (!quoted, confidence);
        if entry.examples.len() >= self.kept {
            // A surer hit takes the place of the least sure example.
            let weakest = entry.examples.iter().map(|(known, _)| *known).min();
            if weakest.is_none_or(|weakest| weakest >= weight) {
                return;
            }
            if let Some(index) = entry.examples.iter().position(|(known, _)| Some(*known) == weakest) {
                entry.examples.remove(index);
            }
        }
        let Shown { place: (place, hidden), why } = shown();
        entry.examples.push((weight, Example { masked: rule.mask.apply(value), place, hidden, quoted, why }));
    }

    /// Each example with its detector and how sure it is.
    pub(super) fn examples<'r>(&'r self, rules: &'r Rules) -> impl Iterator<Item = (&'r str, Confidence, &'r Example)> {
        rules.all().iter().zip(&self.found).flat_map(|(detector, entry)| {
            let examples = entry.iter().flat_map(|entry| &entry.examples);
            examples.map(|((_, confidence), example)| (detector.info.id.as_str(), *confidence, example))
        })
    }

    /// The findings, in the order of their detectors' ids.
    pub(super) fn finish(self, rules: &Rules) -> Vec<Finding> {
        let mut findings: Vec<Finding> = rules
            .all()
            .iter()
            .zip(self.found)
            .filter_map(|(detector, entry)| {
                let entry = entry?;
                Some(Finding {
                    detector: detector.info.id.clone(),
                    title: Some(detector.info.title.clone()),
                    category: detector.info.category,
                    confidence: entry.confidence,
                    count: entry.count,
                    examples: entry.examples.into_iter().map(|(_, example)| example).collect(),
                })
            })
            .collect();
        findings.sort_by(|a, b| a.detector.cmp(&b.detector));
        findings
    }
}
