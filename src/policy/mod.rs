//! Rules + facts → [`Decision`], per recipient.
//!
//! In: recipients with their issues, the [`Inspection`](crate::inspect::Inspection), facts of the mail. Out: a
//! [`Verdict`]: every recipient in exactly one [`Group`], every matching rule kept as a reason.
//! Deliberately absent: I/O, clock, and scripting; rules are declarations that can be read and tested.

use serde::{Deserialize, Serialize};

use crate::{language::Text, mail::Address};

/// What happens to a mail for a recipient, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It goes out at once.
    Forward,
    /// It goes out after a while unless the sender withdraws it.
    Delay,
    /// The security team decides.
    Hold,
    /// A second person must approve.
    RequireApproval,
    /// It is refused.
    Reject,
}

/// A rule that matched, kept as the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The rule's id: `bulk-personal-data`.
    pub rule: String,
    /// What the rule asks for.
    pub action: Action,
    /// Why, in words for people.
    pub title: Text,
}

/// Recipients with the same outcome travel together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What happens to the mail for them.
    pub action: Action,
    /// Who they are, in envelope order.
    pub recipients: Vec<Address>,
    /// Every rule that matched for one of them.
    pub matched: Vec<Matched>,
}
