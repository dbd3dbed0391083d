//! The stages of reading a running text one by one, for those who measure them.
//!
//! In: a text. Out: a count of what a stage made of it; each one does the work of those before it as well. Deliberately
//! absent: anything that an inspection needs.

use super::normal::Normal;
use super::scan;
use super::{Detection, Rules, without_returns};
use crate::inspect::{Finding, People, Place, Sink};

/// Folds the forms of characters: how long the text is then.
pub fn normalise(text: &str) -> usize {
    super::pieces(&without_returns(text)).map(|piece| Normal::of(piece).text().len()).sum()
}

/// Finds where patterns match in text that is normal: how many times any does.
pub fn candidates(rules: &Rules, text: &str) -> usize {
    let (mut count, mut found) = (0, Vec::new());
    for piece in super::pieces(text) {
        let normal = Normal::of(piece);
        let mut matches = rules.patterns().over(normal.text());
        let mut at = 0;
        while let Some(start) = matches.next(at, &mut found) {
            count += found.len();
            at = found.iter().map(|&(_, end)| end).max().unwrap_or_default().max(start + 1);
        }
    }
    count
}

/// Checks what was found and what stands near it: how many hits are left.
pub fn hits(rules: &Rules, text: &str) -> usize {
    super::pieces(text).map(|piece| scan::hits(rules, Normal::of(piece).text(), "").len()).sum()
}

/// Everything, names and people as well.
pub fn all(rules: &Rules, text: &str) -> (Vec<Finding>, People) {
    let mut detection = Detection::new(rules, &[], false);
    detection.text(&Place::new("body"), text);
    let (findings, people, _) = detection.finish();
    (findings, people)
}
