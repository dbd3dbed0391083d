//! The examples that every rule carries: small made-up mails, as facts.
//!
//! In: `must_match` and `must_not_match` entries of a rule. Out: a recipient and an inspection such as the real rooms
//! would give, for the real matching code. Deliberately absent: expectations; which list an example stands in says it.

use serde::Deserialize;

use crate::{
    inspect::{Category, Confidence, Coverage, Finding, Inspection, People, Reason, Uninspected, extract::Ledger},
    mail::Address,
    recipients::{Check, Direction, Issue, MayReceive, Recipient},
};

/// One made-up mail to one recipient. What is left out is harmless: an external recipient without issues, nobody's
/// data, everything read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    /// What it shows, for people and for error messages.
    what: String,
    #[serde(default = "external")]
    direction: Direction,
    #[serde(default)]
    persons: u32,
    /// How many of them stand only where a reader does not see them.
    #[serde(default)]
    hidden_persons: u32,
    /// How many people more stand in the history of the mail.
    #[serde(default)]
    quoted_persons: u32,
    /// How many of a hundred parts were read.
    #[serde(default = "all")]
    coverage: u32,
    #[serde(default)]
    findings: Vec<Found>,
    #[serde(default)]
    uninspected: Vec<Reason>,
    #[serde(default)]
    issues: Vec<Check>,
    /// What the recipient may receive as a partner; no partner if left out.
    may_receive: Option<MayReceive>,
}

/// A finding without its places.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    detector: String,
    category: Category,
    #[serde(default = "high")]
    confidence: Confidence,
    #[serde(default = "one")]
    count: u32,
}

impl Example {
    /// What it shows.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// The facts as the real rooms would give them.
    pub(super) fn facts(&self) -> (Recipient, Inspection) {
        let issue = |check: &Check| Issue::new(*check, &self.what, &self.what, &self.what);
        let recipient = Recipient {
            partner: self.may_receive.as_ref().map(|_| "example".to_owned()),
            may_receive: self.may_receive.clone(),
            issues: self.issues.iter().map(issue).collect(),
            ..Recipient::new(an_address(), self.direction)
        };
        let unread = |reason: &Reason| Uninspected { place: "example".to_owned(), reason: *reason };
        let ledger = Ledger {
            kind: "mail".to_owned(),
            uninspected: self.uninspected.iter().map(unread).collect(),
            coverage: Coverage { parts: 100, inspected: self.coverage, characters: 0 },
            ..Ledger::default()
        };
        let visible = self.persons.saturating_sub(self.hidden_persons);
        let findings = self.findings.iter().map(Found::finding).collect();
        let people = People { visible, hidden: self.hidden_persons, quoted: self.quoted_persons, ..People::default() };
        (recipient, Inspection::new(ledger, findings, people))
    }
}

impl Found {
    fn finding(&self) -> Finding {
        Finding {
            detector: self.detector.clone(),
            title: None,
            category: self.category,
            confidence: self.confidence,
            count: self.count,
            examples: Vec::new(),
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant that is an address; a test reads it")]
fn an_address() -> Address {
    Address::parse("someone@example.com").expect("a constant address")
}

fn external() -> Direction {
    Direction::External
}

fn high() -> Confidence {
    Confidence::High
}

fn all() -> u32 {
    100
}

fn one() -> u32 {
    1
}
