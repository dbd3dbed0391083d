//! What a check says about one recipient: it fits, it does not, or nobody can tell.
//!
//! Deliberately absent: what is to be done about it (`policy`). Unknown is not a mismatch, and it is not a match.

use serde::{Deserialize, Serialize};

use super::Check;
use crate::language::Text;

/// One thing that is wrong with a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Which check says so.
    pub check: Check,
    /// What it saw, in one line without language: `kita-haon.example.com ≈ kita-hoan.example.com`.
    pub detail: String,
    /// Why that is odd, as a sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// What was probably meant, if the check can tell: `kita-hoan.example.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Whether it rests on a history that is still too short: it is told, and no rule acts on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub learning: bool,
}

impl Issue {
    /// What `check` saw, in words for people.
    pub fn new(check: Check, detail: impl Into<String>, ja: impl Into<String>, en: impl Into<String>) -> Self {
        let reason = Some(Text { ja: ja.into(), en: en.into() });
        Self { check, detail: detail.into(), reason, suggestion: None, learning: false }
    }

    /// The same with what was probably meant.
    #[must_use]
    pub fn meaning(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

/// What a check says about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opinion {
    /// What the mail says fits the recipient.
    Match,
    /// It does not, for this reason.
    Mismatch(Issue),
    /// There is nothing to compare.
    Unknown,
}

impl Opinion {
    /// The issue, if it is one.
    pub(super) fn issue(self) -> Option<Issue> {
        match self {
            Self::Mismatch(issue) => Some(issue),
            Self::Match | Self::Unknown => None,
        }
    }
}
