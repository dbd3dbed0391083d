//! Rules + facts → [`Decision`], per recipient.
//!
//! In: [`Mail`], everything that a rule may ask. Out: a [`Verdict`]: every recipient in exactly one [`Group`], every
//! matching rule kept as a reason. The way there: [`Policies::compile`] reads rules; each `condition` comes to true,
//! false or unknown; `decide` takes the most severe rule; `duty` joins what the rules order beside their actions.
//!
//! Three properties hold and are tested: the most severe matching rule wins; one more matching rule never makes the
//! outcome milder; and the order of rules and files does not matter.
//! Deliberately absent: I/O, clock, and scripting; rules are declarations that can be read and tested.

mod calendar;
mod compile;
mod condition;
mod contradiction;
mod crowd;
mod decide;
mod differ;
mod duty;
mod duty_keys;
mod example;
mod holidays;
mod mail;
mod moment;
mod preset;
mod reach;
mod rule;
#[cfg(test)]
mod tests;
mod truth;
mod value;
mod verdict;
mod wait;
mod who;

pub use calendar::{Calendar, Hours};
pub use compile::{Policies, Settings, Summary};
pub use differ::{Changed, Difference};
pub use duty::{Approver, Duties, Escalation, Level, Orders};
pub use holidays::is_holiday;
pub use mail::{FORMAT, File, Found, Mail, Persons, To};
pub use preset::Preset;
pub use rule::Mode;
use serde::{Deserialize, Serialize};
pub use verdict::{Decision, Forward, Verdict};
pub use wait::Wait;

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
    /// What it orders beside that.
    #[serde(default, skip_serializing_if = "Duties::is_empty")]
    pub duties: Duties,
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
    /// Every rule that would have matched but only reports, the most severe first.
    #[serde(default)]
    pub reported: Vec<Matched>,
    /// The rules of which nobody can tell, because a part of the mail was not read.
    #[serde(default)]
    pub undecided: Vec<String>,
}

impl Group {
    /// A group for which no rule said anything.
    pub fn new(action: Action, recipients: Vec<Address>) -> Self {
        Self { action, recipients, matched: Vec::new(), reported: Vec::new(), undecided: Vec::new() }
    }
}
