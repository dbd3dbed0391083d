//! Envelope + headers + partners → who the recipients are and what is wrong with each.
//!
//! In: the [`Envelope`], the message's decoded To and Cc, the organisation and its partners. Out: one [`Recipient`]
//! per envelope recipient with its issues. Deliberately absent: I/O, history (a later room's store), decisions.

use serde::{Deserialize, Serialize};

use crate::{
    inspect::{Category, Confidence, Inspection},
    mail::Address,
};

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
    /// What personal data that partner may receive without being stopped, if anything was agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_receive: Option<MayReceive>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
}

/// What an agreement with a partner covers: `may_receive` in partners.toml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MayReceive {
    /// These categories and no others.
    pub categories: Vec<Category>,
    /// About so many people in one mail at most.
    pub max_persons: u32,
}

impl MayReceive {
    /// Whether all personal data of a mail stays within the agreement. Marks and secrets are not personal data, and
    /// no agreement about people covers them; rules about them take no notice of this.
    pub fn covers(&self, inspection: &Inspection) -> bool {
        let personal = |category| !matches!(category, Category::Credential | Category::Organizational);
        inspection.persons <= self.max_persons
            && inspection
                .findings
                .iter()
                .filter(|finding| finding.confidence >= Confidence::Medium && personal(finding.category))
                .all(|finding| self.categories.contains(&finding.category))
    }
}
