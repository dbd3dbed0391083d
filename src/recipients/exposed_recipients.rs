//! `exposed_recipients`: many outsiders who do not know each other stand together in To and Cc.
//!
//! In: To and Cc as the recipients will see them. Out: one issue for every outside recipient of the mail, since each of
//! them would learn all the addresses. Deliberately absent: the envelope's Bcc recipients; nobody sees them. And
//! whether these people wrote to each other before; that takes a history.

use std::collections::BTreeSet;

use super::{Check, Facts, Issue, Partners, Standing, domain::Domain, known};

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
pub(super) fn check(facts: &Facts<'_>) -> Option<Issue> {
    let mut addresses = BTreeSet::new();
    let mut organizations = BTreeSet::new();
    for mailbox in &facts.shown {
        let address = mailbox.canonical.as_str();
        let Some((_, written)) = address.rsplit_once('@') else { continue };
        let domain = Domain::new(written);
        if facts.organization.owns(&domain.text) {
            continue;
        }
        organizations.insert(organization_of(address, &domain, facts.partners));
        addresses.insert(address);
    }
    let (seen, parties) = (addresses.len(), organizations.len());
    let strangers =
        parties >= ORGANIZATIONS || (seen >= CROWD && !organizations.iter().all(|o| o.starts_with(PARTNER)));
    (seen >= facts.organization.exposed_recipients && strangers).then(|| {
        let detail = format!("To/Cc: {seen} external addresses of {parties} organizations");
        let ja = format!("社外の宛先どうしで、互いのアドレスが見える状態です（To・Ccに社外{seen}件、{parties}組織）。");
        let en = format!(
            "Outside recipients can see each other's addresses ({seen} in To and Cc, of {parties} organizations)."
        );
        Issue::new(Check::ExposedRecipients, detail, ja, en)
    })
}

/// Whom an address speaks for: a partner, whatever its domains; a person, where domains are shared; else the
/// registered domain.
fn organization_of(address: &str, domain: &Domain, partners: &Partners) -> String {
    match partners.of_domain(&domain.text) {
        Some(partner) => format!("{PARTNER}{}", partner.id),
        None if known::standing(domain) != Standing::External => address.to_owned(),
        None => domain.registered().to_owned(),
    }
}
