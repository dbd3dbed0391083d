//! What a hit rests on, in numbers while it is one of many, and in words once it is shown.
//!
//! In: which pattern matched, which context word was near, whether a column or a label called for it ([`Ground`], a few
//! bytes beside each hit). Out: a [`Why`], made only for the few hits that become examples. Deliberately absent: the value,
//! and any other text of the mail; all words come from the rule.

use super::checks::Note;
use super::rules::Rules;
use super::rules::rule::Detector;
use crate::inspect::{By, Confidence, Lowered, Raised, Why};

/// What a hit rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// A pattern matched, by its number among all patterns.
    Pattern(u32, Near),
    /// The column called for it: its header, or its values alone.
    Column { headed: bool },
    /// The label beside it called for it: a header word of the detector by its number.
    Label(Option<u16>),
    /// A name in a list of names, or beside a value.
    Position { listed: bool },
}

/// What stands near a hit, by its number among the context words of the detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Near {
    Nothing,
    /// So many bytes before the value.
    Before(u16, u16),
    /// So many bytes behind it.
    Behind(u16, u16),
    /// In the header of its column.
    Header(u16),
    /// Its like, in great number.
    Crowd,
}

impl Ground {
    /// The same, with the distance to a context word in characters; `text` is what the value stands in, from `start` to
    /// `end`.
    pub(super) fn in_characters(self, text: &str, start: usize, end: usize) -> Self {
        let characters = |from: usize, to: usize| {
            text.get(from..to).map_or(to - from, |between| between.chars().count()).try_into().unwrap_or(u16::MAX)
        };
        match self {
            Self::Pattern(pattern, Near::Before(word, bytes)) => {
                let from = start.saturating_sub(bytes.into());
                Self::Pattern(pattern, Near::Before(word, characters(from, start)))
            }
            Self::Pattern(pattern, Near::Behind(word, bytes)) => {
                Self::Pattern(pattern, Near::Behind(word, characters(end, end.saturating_add(bytes.into()))))
            }
            other => other,
        }
    }

    /// Why there is a hit of `detector`, in words. `header` is that of its column.
    pub(super) fn told(self, rules: &Rules, index: usize, note: Note, header: &str) -> Option<Why> {
        let detector = rules.detector(index)?;
        let by = match self {
            Self::Pattern(pattern, _) => pattern_of(rules, detector, pattern),
            Self::Column { .. } => By::Column,
            Self::Label(_) => By::Label,
            Self::Position { .. } => By::Position,
        };
        let mut raised: Vec<Raised> = self.raised(rules, detector, index, header).into_iter().collect();
        if detector.with_person {
            raised.push(Raised::Person);
        }
        let mut lowered = Vec::new();
        match note {
            Note::Likely => lowered.push(Lowered::FormOnly),
            Note::Faint => lowered.push(Lowered::Sample),
            _ => {}
        }
        match self {
            Self::Column { headed: false } => lowered.push(Lowered::NoHeader),
            Self::Pattern(_, Near::Nothing | Near::Crowd) if is_surer_in_context(detector) => {
                lowered.push(Lowered::NoContext);
            }
            _ => {}
        }
        Some(Why { by, validation: detector.check.proves(note), raised, lowered })
    }

    fn raised(self, rules: &Rules, detector: &Detector, index: usize, header: &str) -> Option<Raised> {
        let word = |number: u16| detector.context.word(number.into()).map(str::to_owned);
        let heading = |number: usize| detector.headers.get(number).cloned().filter(|word| !word.is_empty());
        Some(match self {
            Self::Pattern(_, Near::Nothing) => return None,
            Self::Pattern(_, Near::Before(number, distance)) => {
                Raised::Context { word: word(number)?, distance: distance.into(), after: false }
            }
            Self::Pattern(_, Near::Behind(number, distance)) => {
                Raised::Context { word: word(number)?, distance: distance.into(), after: true }
            }
            Self::Pattern(_, Near::Header(number)) => Raised::Header { word: word(number)? },
            Self::Pattern(_, Near::Crowd) => Raised::Crowd,
            // Some columns are known by those beside them as if a header had said so.
            Self::Column { headed: true } if !header.is_empty() => {
                Raised::Header { word: heading(rules.header_word(index, header)?)? }
            }
            Self::Column { .. } => Raised::Neighbours,
            Self::Label(number) => Raised::Label { word: heading(number?.into())? },
            Self::Position { listed: true } => Raised::List,
            Self::Position { listed: false } => Raised::Beside,
        })
    }
}

fn is_surer_in_context(detector: &Detector) -> bool {
    !detector.context.is_empty() && detector.alone.unwrap_or(Confidence::Low) < detector.in_context
}

fn pattern_of(rules: &Rules, detector: &Detector, pattern: u32) -> By {
    let number = rules.patterns().number(usize::try_from(pattern).unwrap_or_default());
    match &detector.dictionary {
        Some(dictionary) if number > detector.written => By::Dictionary { dictionary: dictionary.clone() },
        _ => By::Pattern { pattern: number },
    }
}
