//! `exposed_recipients`: many outsiders who do not know each other stand together in To and Cc.
//!
//! In: To and Cc as the recipients will see them. Out: one issue for every outside recipient of the mail, since each of
//! them would learn all the addresses. Who stood on a mail together before knows the others. Deliberately
//! absent: the envelope's Bcc recipients; nobody sees them.

use std::collections::HashSet;

use super::{
    Check, Facts, Issue, Relation, Standing,
    facts::{Host, Shown},
    history::folded,
};

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

/// Whom an address speaks for.
#[derive(PartialEq, Eq, Hash)]
enum Party<'f> {
    /// A partner, whatever its domains.
    Partner(&'f str),
    /// A person, where domains are shared.
    Person(&'f str),
    /// Else the registered domain.
    Domain(&'f str),
}

/// The issue, if To and Cc show too many outsiders to each other.
pub(super) fn check(facts: &Facts<'_>) -> Option<Issue> {
    let outside: Vec<(&Shown, &Host<'_>)> = facts
        .shown
        .iter()
        .filter_map(|shown| Some((shown, facts.hosts.get(shown.domain_number?)?)))
        .filter(|(_, host)| !host.is_ours)
        .collect();
    let seen = outside.len();
    if seen < facts.organization.exposed_recipients {
        return None;
    }
    let organizations: HashSet<Party<'_>> = outside.iter().map(|(shown, host)| Party::of(shown, host)).collect();
    let parties = organizations.len();
    let all_partners = || organizations.iter().all(|party| matches!(party, Party::Partner(_)));
    let strangers = parties >= ORGANIZATIONS || (seen >= CROWD && !all_partners());
    let exposed = strangers && !is_circle(facts, &outside);
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
fn is_circle(facts: &Facts<'_>, outside: &[(&Shown, &Host<'_>)]) -> bool {
    let mut addresses: Vec<&str> = outside.iter().map(|(shown, _)| shown.canonical.as_str()).collect();
    addresses.sort_unstable();
    let people: Vec<String> = addresses.into_iter().take(CIRCLE).map(folded).collect();
    let pairs =
        || people.iter().enumerate().flat_map(|(at, one)| people.iter().skip(at + 1).map(move |other| (one, other)));
    let met = pairs().filter(|(one, other)| facts.weight(Relation::Together, one, other) > 0.0).count();
    2 * met > pairs().count()
}

impl<'f> Party<'f> {
    fn of(shown: &'f Shown, host: &'f Host<'_>) -> Self {
        match host.partner {
            Some(partner) => Self::Partner(&partner.id),
            None if host.outside != Standing::External => Self::Person(&shown.canonical),
            None => Self::Domain(host.domain.registered()),
        }
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
