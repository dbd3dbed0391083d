//! `exposed_recipients`: many outsiders who do not know each other stand together in To and Cc.
//!
//! In: To and Cc as the recipients will see them. Out: one issue for every outside recipient of the mail, since each of
//! them would learn all the addresses. Deliberately absent: the envelope's Bcc recipients; nobody sees them. And
//! whether these people wrote to each other before; that takes a history.

use std::collections::BTreeSet;

use super::{Check, Issue, Organization, Partners, domain::Domain, known};
use crate::mail::{Message, header};

/// So many outside addresses in To and Cc are a mailing, not a conversation: a project with several companies seldom
/// has more, a mailing to customers seldom has fewer. `policy.exposed_recipients` says otherwise.
pub const EXPOSED_AT: usize = 10;

/// People of one organisation know each other; so at least two must be there.
const ORGANIZATIONS: usize = 2;

/// So many addresses under one domain are seldom colleagues: it is a provider's that we do not know as one, with its
/// customers behind it. Only a partner's domain is known to be an organisation.
const CROWD: usize = 20;

/// What marks a partner among the organisations; no domain and no address holds a space.
const PARTNER: &str = "partner ";

/// The issue, if To and Cc show too many outsiders to each other.
pub(super) fn check(message: &Message, organization: &Organization, partners: &Partners) -> Option<Issue> {
    let mut addresses = BTreeSet::new();
    let mut organizations = BTreeSet::new();
    for field in message.headers().filter(|field| field.is("To") || field.is("Cc")) {
        for mailbox in header::mailboxes(field.value) {
            let address = mailbox.address.trim().to_lowercase();
            let Some((_, written)) = address.rsplit_once('@') else { continue };
            let domain = Domain::new(written);
            if organization.owns(&domain.text) {
                continue;
            }
            organizations.insert(organization_of(&address, &domain, partners));
            addresses.insert(address);
        }
    }
    let (seen, parties) = (addresses.len(), organizations.len());
    let strangers =
        parties >= ORGANIZATIONS || (seen >= CROWD && !organizations.iter().all(|o| o.starts_with(PARTNER)));
    (seen >= organization.exposed_recipients && strangers).then(|| Issue {
        check: Check::ExposedRecipients,
        detail: format!("To/Cc: {seen} external addresses of {parties} organizations"),
        suggestion: None,
    })
}

/// Whom an address speaks for: a partner, whatever its domains; a person, where domains are shared; else the
/// registered domain.
fn organization_of(address: &str, domain: &Domain, partners: &Partners) -> String {
    match partners.of_domain(&domain.text) {
        Some(partner) => format!("{PARTNER}{}", partner.id),
        None if known::is_shared_by_people(domain) => address.to_owned(),
        None => domain.registered().to_owned(),
    }
}
