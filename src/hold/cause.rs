//! Why a mail is held, in what one line of a queue has room for.
//!
//! In: a held mail as it was inspected. Out: a [`Cause`]. Deliberately absent: the findings themselves and what policy made
//! of them, which the mail's own page shows (`show`).

use std::collections::HashSet;

use serde::Deserialize;

use super::{HoldError, telling};
use crate::{
    inspect::{Category, Reason},
    mail::Address,
    recipients::Check,
    store::{HeldRow, MailRow},
};

/// Why a mail is held, in what a line has room for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// Kinds of data whose leak is grave, each once.
    pub grave: Vec<Category>,
    /// What is wrong with those for whom it is held, each once.
    pub checks: Vec<Check>,
    /// Why something was not read, each once.
    pub unread: Vec<Reason>,
}

/// Why `held` is held. Of what was found only what a line tells is read: an inspection may be long.
pub(super) fn cause(mail: &MailRow, held: &HeldRow) -> Result<Cause, HoldError> {
    #[derive(Deserialize)]
    struct Inspected {
        findings: Vec<Found>,
        uninspected: Vec<Unread>,
    }
    #[derive(Deserialize)]
    struct Found {
        category: Category,
    }
    #[derive(Deserialize)]
    struct Unread {
        reason: Reason,
    }
    #[derive(Deserialize)]
    struct To {
        address: String,
        #[serde(default)]
        issues: Vec<Wrong>,
    }
    #[derive(Deserialize)]
    struct Wrong {
        check: Check,
    }
    let mut cause = Cause::default();
    let inspected: Inspected = telling::parse(&mail.inspection)?;
    for Found { category } in inspected.findings {
        if is_grave(category) && !cause.grave.contains(&category) {
            cause.grave.push(category);
        }
    }
    cause.grave.sort_unstable();
    for Unread { reason } in inspected.uninspected {
        if !cause.unread.contains(&reason) {
            cause.unread.push(reason);
        }
    }
    let recipients: Vec<To> = telling::parse(&mail.recipients)?;
    let here: HashSet<&str> = held.rcpt_to.iter().map(Address::as_str).collect();
    let concerned = recipients.into_iter().filter(|to| here.contains(to.address.as_str()));
    for Wrong { check } in concerned.flat_map(|to| to.issues) {
        if !cause.checks.contains(&check) {
            cause.checks.push(check);
        }
    }
    Ok(cause)
}

/// Whether a leak of such data is grave however few people it is about.
fn is_grave(category: Category) -> bool {
    match category {
        Category::SpecialCare | Category::Financial | Category::Specific | Category::Credential => true,
        Category::Identity | Category::Contact | Category::Organizational => false,
    }
}
