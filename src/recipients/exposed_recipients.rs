//! `exposed_recipients`: many outsiders who do not know each other stand together in To and Cc.
//!
//! In: To and Cc as the recipients will see them. Out: one issue for every outside recipient of the mail, since each of
//! them would learn all the addresses. Who stood on a mail together before knows the others. Deliberately
//! absent: the envelope's Bcc recipients; nobody sees them.

use std::collections::BTreeSet;

use super::{Check, Facts, Issue, Partners, Relation, Standing, domain::Domain, history::folded, known};

/// So many outside addresses in To and Cc are a mailing, not a conversation: a project with several companies seldom
/// has more, a mailing to customers seldom has fewer. `policy.exposed_recipients` says otherwise.
pub const EXPOSED_AT: usize = 10;

/// People of one organisation know each other; so at least two must be there.
const ORGANIZATIONS: usize = 2;

/// So many addresses under one domain are seldom colleagues: it is a provider's that we do not know as one, with its
/// customers behind it. Only a partner's domain is known to be an organisation.
const CROWD: usize = 20;

/// So many of them tell whether all know each other; no larger mail counts as one where people meet.
const CIRCLE: usize = 30;

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
    let exposed = seen >= facts.organization.exposed_recipients && strangers && !is_circle(facts, &addresses);
    exposed.then(|| {
        let detail = format!("To/Cc: {seen} external addresses of {parties} organizations");
        let ja = format!("社外の宛先どうしで、互いのアドレスが見える状態です（To・Ccに社外{seen}件、{parties}組織）。");
        let en = format!(
            "Outside recipients can see each other's addresses ({seen} in To and Cc, of {parties} organizations)."
        );
        Issue::new(Check::ExposedRecipients, detail, ja, en)
    })
}

/// Whether most of them have stood on a mail together before: whoever knows each other learns nothing new.
fn is_circle(facts: &Facts<'_>, addresses: &BTreeSet<&str>) -> bool {
    let people: Vec<String> = addresses.iter().take(CIRCLE).map(|address| folded(address)).collect();
    let pairs =
        || people.iter().enumerate().flat_map(|(at, one)| people.iter().skip(at + 1).map(move |other| (one, other)));
    let met = pairs().filter(|(one, other)| facts.weight(Relation::Together, one, other) > 0.0).count();
    2 * met > pairs().count()
}

/// Whom an address speaks for: a partner, whatever its domains; a person, where domains are shared; else the
/// registered domain.
fn organization_of(address: &str, domain: &Domain, partners: &Partners) -> String {
    match partners.of_domain(domain) {
        Some(partner) => format!("{PARTNER}{}", partner.id),
        None if known::standing(domain) != Standing::External => address.to_owned(),
        None => domain.registered().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipients::fixture::Mail;

    #[test]
    fn a_circle_that_has_met_before_is_not_exposed_and_one_that_has_not_is() {
        let circle: Vec<String> = (0..12).map(|n| format!("member{n}@club{n}.example")).collect();
        let circle: Vec<&str> = circle.iter().map(String::as_str).collect();
        let exposed = |mail: Mail| mail.issues(Check::ExposedRecipients).iter().flatten().count();
        assert_eq!(exposed(Mail::to(&circle)), 12);
        assert_eq!(exposed(Mail::to(&circle).before(1, "sato@example.co.jp", &circle)), 0);
        // Each alone, or three of twelve together: they do not know each other.
        let alone = circle.iter().fold(Mail::to(&circle), |mail, one| mail.before(3, "sato@example.co.jp", &[one]));
        assert_eq!(exposed(alone.before(1, "sato@example.co.jp", &circle[..3])), 12);
        let issue = Mail::to(&circle).issues(Check::ExposedRecipients).remove(0).unwrap();
        assert!(issue.reason.unwrap().ja.contains("社外12件"));
    }
}
