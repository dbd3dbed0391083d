//! Envelope + headers + partners → who the recipients are and what is wrong with each.
//!
//! In: the [`Envelope`], the message's decoded To and Cc, the organisation and its partners. Out: one [`Recipient`]
//! per envelope recipient with its issues. Deliberately absent: I/O, history (a later room's store), decisions.

use serde::{Deserialize, Serialize};

use crate::mail::Address;

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Organization {
    /// The organisation's name, as notices sign.
    pub name: String,
    /// Our domains in lower case; their subdomains are ours too.
    pub domains: Vec<String>,
}

/// Inside or outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// One of our domains.
    Internal,
    /// Anybody else.
    External,
}

/// Which check raised an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The domain is almost, but not quite, one that we know.
    LookalikeDomain,
    /// Too many outsiders see each other in To and Cc.
    ExposedRecipients,
}

/// One thing that is wrong with a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Which check says so.
    pub check: Check,
    /// What it saw: `kita-haon.example.com ≈ kita-hoan.example.com`.
    pub detail: String,
    /// Who was probably meant, if the check can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// One envelope recipient, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The address as the envelope has it.
    pub address: Address,
    /// Inside or outside.
    pub direction: Direction,
    /// The partner whose domain it is, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
}
