//! The examples that every rule carries: small made-up mails, as facts.
//!
//! In: `must_match` and `must_not_match` entries of a rule. Out: a [`Mail`] such as the real rooms would give, whose first
//! recipient is the one in question. Deliberately absent: expectations; which list an example stands in says it.

use jiff::civil;
use serde::{Deserialize, Deserializer, de};

use super::{
    mail::{File, Mail},
    value::Bytes,
};
use crate::{
    inspect::{Category, Confidence, Coverage, Finding, Inspection, People, Reason, Uninspected, extract::Ledger},
    mail::Address,
    recipients::{Check, Direction, Issue, MayReceive, Recipient, Seen, Standing},
};

/// One made-up mail. What is left out is harmless: one external recipient without issues, nobody's data, everything
/// read, no attachments, a working day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    /// What it shows, for people and for error messages.
    what: String,
    #[serde(default = "external")]
    direction: Direction,
    standing: Option<Standing>,
    address: Option<Address>,
    #[serde(default = "to")]
    seen: Seen,
    /// The partner, by id.
    partner: Option<String>,
    #[serde(default)]
    issues: Vec<Check>,
    /// Issues that rest on a history which is still too short.
    #[serde(default)]
    learning: Vec<Check>,
    /// What the recipient may receive as a partner; no partner if left out.
    may_receive: Option<MayReceive>,
    /// Who else gets it.
    #[serde(default)]
    others: Vec<Other>,
    sender: Option<Address>,
    #[serde(default)]
    persons: u32,
    /// How many of them stand only where a reader does not see them.
    #[serde(default)]
    hidden_persons: u32,
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
    attachments: Vec<Attached>,
    size: Option<Bytes>,
    /// `2026-11-24T10:00`.
    #[serde(default = "a_tuesday", deserialize_with = "moment")]
    at: civil::DateTime,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    labels: Vec<String>,
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

/// Another recipient.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    address: Address,
    #[serde(default = "outside")]
    standing: Standing,
    #[serde(default = "to")]
    seen: Seen,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attached {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    size: Option<Bytes>,
}

impl Example {
    /// What it shows.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// The facts as the real rooms would give them.
    pub(super) fn mail(&self) -> Mail {
        let inspection = self.inspection();
        let others = self.others.iter().map(|other| {
            let recipient = Recipient::new(other.address.clone(), direction(other.standing));
            Recipient { standing: other.standing, seen: other.seen, ..recipient }
        });
        let recipients: Vec<_> = std::iter::once(self.recipient()).chain(others).collect();
        let attachments = self.attachments.iter().map(|file| File {
            kind: file.kind.clone(),
            name: Some(file.name.clone()),
            size: file.size.map_or(0, |size| size.0),
        });
        let headers = self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
        Mail {
            sender: self.sender.clone(),
            size: self.size.map_or(0, |size| size.0),
            attachments: Some(attachments.collect()),
            headers: Some(headers.collect()),
            labels: Some(self.labels.clone()),
            ..Mail::found(&inspection, &recipients, self.at)
        }
    }

    fn recipient(&self) -> Recipient {
        let issue = |check: &Check| Issue::new(*check, &self.what, &self.what, &self.what);
        let learning = self.learning.iter().map(|check| Issue { learning: true, ..issue(check) });
        let direction = self.standing.map_or(self.direction, direction);
        let plain = Recipient::new(self.address.clone().unwrap_or_else(an_address), direction);
        let scope = self.may_receive.as_ref().map(|_| "example".to_owned());
        let partner = self.partner.clone().or(scope);
        let standing = if partner.is_some() { Standing::Partner } else { plain.standing };
        Recipient {
            standing: self.standing.unwrap_or(standing),
            seen: self.seen,
            partner,
            may_receive: self.may_receive.clone(),
            issues: self.issues.iter().map(issue).chain(learning).collect(),
            ..plain
        }
    }

    fn inspection(&self) -> Inspection {
        let unread = |reason: &Reason| Uninspected { place: "example".to_owned(), reason: *reason };
        let ledger = Ledger {
            kind: "mail".to_owned(),
            uninspected: self.uninspected.iter().map(unread).collect(),
            coverage: Coverage { parts: 100, inspected: self.coverage, characters: 0 },
            ..Ledger::default()
        };
        let visible = self.persons.saturating_sub(self.hidden_persons);
        let people = People { visible, hidden: self.hidden_persons, quoted: self.quoted_persons, ..People::default() };
        Inspection::new(ledger, self.findings.iter().map(Found::finding).collect(), people)
    }
}

impl Found {
    fn finding(&self) -> Finding {
        Finding {
            title: None,
            detector: self.detector.clone(),
            category: self.category,
            confidence: self.confidence,
            count: self.count,
            examples: Vec::new(),
        }
    }
}

fn direction(standing: Standing) -> Direction {
    if standing == Standing::Internal { Direction::Internal } else { Direction::External }
}

#[expect(clippy::expect_used, reason = "a constant that is an address; a test reads it")]
fn an_address() -> Address {
    Address::parse("someone@example.com").expect("a constant address")
}

fn a_tuesday() -> civil::DateTime {
    civil::DateTime::constant(2026, 11, 24, 10, 0, 0, 0)
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<civil::DateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| de::Error::custom(format!("`{text}` is no moment; write it as in \"2026-11-24T10:00\"")))
}

fn external() -> Direction {
    Direction::External
}

fn outside() -> Standing {
    Standing::External
}

fn to() -> Seen {
    Seen::To
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
