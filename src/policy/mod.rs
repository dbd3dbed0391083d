//! Rules + facts → [`Decision`], per recipient.
//!
//! In: recipients with their issues, and the [`Inspection`](crate::inspect::Inspection) of the mail. Out: a
//! [`Verdict`]: every recipient in exactly one [`Group`], every matching rule kept as a reason.
//!
//! Three properties hold and are tested: the most severe matching rule wins; one more matching rule never makes the
//! outcome milder; and the order of rules and files does not matter.
//! Deliberately absent: I/O, clock, and scripting; rules are declarations that can be read and tested.

mod compile;
mod example;
mod rule;
mod verdict;

pub use compile::{Policies, Summary};
use serde::{Deserialize, Serialize};
pub use verdict::{Decision, Forward, Verdict};

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

impl Action {
    /// All of them, mildest first.
    pub const ALL: [Self; 5] = [Self::Forward, Self::Delay, Self::Hold, Self::RequireApproval, Self::Reject];

    /// The word for it in rules, configuration, journal and API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Delay => "delay",
            Self::Hold => "hold",
            Self::RequireApproval => "require_approval",
            Self::Reject => "reject",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule that matched, kept as the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The rule's id: `bulk-personal-data`; `default` when `policy.default` decided.
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
    /// Every rule that matched for one of them, the most severe first.
    pub matched: Vec<Matched>,
}
