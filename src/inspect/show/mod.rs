//! What a reviewer asked to see of a mail that waits: one place where something was found, or the mail as its recipients would
//! see it.
//!
//! In: a mail's bytes and a [`Show`]. Out: [`Shown`], which leaves this room unmasked, for the one person who asked: whoever
//! asks has written into the journal before who sees what. It is done in a worker like any reading, for the same reason.
//! Deliberately absent: findings, and any place that nobody named.

mod letter;
mod picker;

pub use letter::{Body, Letter};
use serde::{Deserialize, Serialize};

use self::picker::Picker;
use super::{
    Heard, Inspection, Job, Limits, People, Rules, Watch,
    detect::Veil,
    extract::{self, view},
};

/// What is to be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Show {
    /// What stands at a place, which is named as the inspection names it: `顧客.xlsx › 顧客!C2`, `body:3`.
    Place(String),
    /// The mail as its recipients would see it.
    Letter,
}

/// What is seen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// What stands at the place, each text once: a mail may say the same line in text and in HTML. Empty if it was not
    /// found again.
    Place(Vec<String>),
    /// The mail.
    Letter(Letter),
}

/// What it says is somebody's data, so no log shows it.
impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Place(texts) => f.debug_tuple("Place").field(&texts.len()).finish(),
            Self::Letter(_) => f.write_str("Letter"),
        }
    }
}

/// Reads a mail for what is to be seen.
pub(super) fn show(
    bytes: &[u8],
    (job, what): (&Job, &Show),
    rules: &Rules,
    limits: &Limits,
    watch: &mut dyn Watch,
) -> (Inspection, Heard) {
    let heard = |shown| Heard { shown: Some(shown), ..Heard::default() };
    match what {
        Show::Letter => (Inspection::default(), heard(Shown::Letter(Letter::of(view(bytes))))),
        Show::Place(place) => {
            let mut picker = Picker::new(place, Veil::new(rules, &job.own));
            let ledger = extract::extract(bytes, job, limits, &mut picker, watch);
            let inspection = Inspection::new(ledger, Vec::new(), People::default());
            (inspection, heard(Shown::Place(picker.picked())))
        }
    }
}
