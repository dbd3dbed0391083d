//! Conditions on one address: a recipient, a sender; and the lists that rules name.
//!
//! In: tables of a condition, and `[[list]]` tables. Out: whether an address fits. Within a list one is enough; of the
//! keys of a table every one must hold. Deliberately absent: how many recipients must fit (`crowd`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{mail::To, truth::Truth, value::Few};
use crate::{
    mail::Address,
    recipients::{Check, Direction, Seen, Standing, is_under},
};

/// What is asked about one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Who {
    pub(super) direction: Option<Direction>,
    pub(super) standing: Option<Vec<Standing>>,
    pub(super) partner: Option<Few<String>>,
    pub(super) addresses: Option<Vec<Address>>,
    pub(super) domains: Option<Vec<String>>,
    pub(super) lists: Option<Vec<String>>,
    pub(super) seen: Option<Vec<Seen>>,
    pub(super) issues: Option<Vec<Check>>,
}

/// What is asked about the sender.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sender {
    pub(super) addresses: Option<Vec<Address>>,
    pub(super) domains: Option<Vec<String>>,
    pub(super) lists: Option<Vec<String>>,
}

/// The lists of addresses and domains, by id.
pub(super) type Lists = BTreeMap<String, Vec<Member>>;

/// Who is on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    One(Address),
    /// Everybody under a domain.
    Domain(String),
}

impl Member {
    /// Reads `name@example.co.jp` or `example.co.jp`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') {
            return Address::parse(text)
                .map(Self::One)
                .map_err(|error| format!("`{text}` is no mail address; {error}"));
        }
        domain(text).map(|()| Self::Domain(text.to_owned()))
    }

    fn is(&self, address: &Address) -> bool {
        match self {
            Self::One(one) => one.same_mailbox(address),
            Self::Domain(domain) => is_under(address, domain),
        }
    }
}

/// Whether it can be a domain; a top-level domain can.
pub(super) fn domain(text: &str) -> Result<(), String> {
    let odd = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '・' | 'ー'));
    if text.is_empty() || text.split('.').any(str::is_empty) || text.contains(odd) {
        return Err(format!("`{text}` is no domain; write it as in \"example.co.jp\""));
    }
    Ok(())
}

impl Who {
    pub(super) fn fits(&self, to: &To, lists: &Lists) -> Truth {
        let Self { direction, standing, partner, addresses, domains, lists: named, seen, issues } = self;
        let known = direction.is_none_or(|direction| direction == to.direction())
            && standing.as_ref().is_none_or(|list| list.contains(&to.standing))
            && partner.as_ref().is_none_or(|few| to.partner.as_ref().is_some_and(|partner| few.has(partner)))
            && seen.as_ref().is_none_or(|list| list.contains(&to.seen))
            && is_one(&to.address, (addresses.as_deref(), domains.as_deref(), named.as_deref()), lists);
        Truth::from(known).and(issues.as_ref().map_or(Truth::True, |checks| has_issue(checks, to)))
    }
}

/// Whether the recipient has one of these issues: unknown if only a history says so that is still too short.
pub(super) fn has_issue(checks: &[Check], to: &To) -> Truth {
    let among = |issues: &[Check]| issues.iter().any(|issue| checks.contains(issue));
    Truth::from(among(&to.issues)).or_unknown(among(&to.learning))
}

impl Sender {
    /// A mail of nobody is of none of those.
    pub(super) fn fits(&self, sender: Option<&Address>, lists: &Lists) -> bool {
        let Self { addresses, domains, lists: named } = self;
        sender.is_some_and(|sender| is_one(sender, (addresses.as_deref(), domains.as_deref(), named.as_deref()), lists))
    }
}

type Named<'a> = (Option<&'a [Address]>, Option<&'a [String]>, Option<&'a [String]>);

fn is_one(address: &Address, (addresses, domains, named): Named<'_>, lists: &Lists) -> bool {
    addresses.is_none_or(|list| list.iter().any(|one| one.same_mailbox(address)))
        && domains.is_none_or(|list| list.iter().any(|domain| is_under(address, domain)))
        && named.is_none_or(|ids| {
            let mut members = ids.iter().filter_map(|id| lists.get(id)).flatten();
            members.any(|member| member.is(address))
        })
}
