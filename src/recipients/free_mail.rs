//! `free_mail`: a private mailbox named like somebody whom we know at another address.
//!
//! In: a recipient at a free-mail service, a provider or a carrier. Out: a mismatch that names the address at which that
//! person is known: a colleague or a customer whose private address was picked, or a work address that was mistyped from
//! memory. Quiet once the private address itself is in use. Deliberately absent: private mailboxes as such; customers
//! have them.

use super::{
    Check, Facts, Issue, Relation, Standing, To,
    domain::Domain,
    history::{alike, name},
    known,
    opinion::Opinion,
};

/// So many mails make an address one that we use.
const IN_USE: f32 = 1.5;

pub(super) fn check(facts: &Facts<'_>, to: &To<'_>) -> Opinion {
    if !to.is_private() {
        return Opinion::Unknown;
    }
    if to.known >= IN_USE {
        return Opinion::Match;
    }
    let Some((meant, why)) = namesake(facts, to, &to.folded) else { return Opinion::Unknown };
    let issue = Issue::new(
        Check::FreeMail,
        format!("{} ~ {meant} ({why})", to.folded),
        format!("個人用のメールアドレスです。同じ名前の人は {meant} で知られています。"),
        format!("A private address; somebody of the same name is known as {meant}."),
    );
    Opinion::Mismatch(facts.of_history(issue).meaning(meant))
}

/// The best known address of the same person at an organisation, and what is alike.
fn namesake(facts: &Facts<'_>, to: &To<'_>, address: &str) -> Option<(String, &'static str)> {
    let by_display_name = || {
        let name = name(&to.display_name);
        let mut best = (!name.is_empty()).then(|| best(facts, Relation::Named, &name, address)).flatten();
        best.take().map(|meant| (meant, "display name"))
    };
    let by_local_part = || {
        alike(address)
            .and_then(|names| best(facts, Relation::Alike, &names, address))
            .map(|meant| (meant, "local part"))
    };
    by_local_part().or_else(by_display_name)
}

fn best(facts: &Facts<'_>, relation: Relation, from: &str, address: &str) -> Option<String> {
    facts
        .history
        .of(relation, from, facts.today)
        .filter(|(other, _)| *other != address && is_of_an_organization(facts, other))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(other, _)| other.to_owned())
}

fn is_of_an_organization(facts: &Facts<'_>, address: &str) -> bool {
    let Some((_, domain)) = address.rsplit_once('@') else { return false };
    facts.organization.owns(domain) || known::standing(&Domain::new(domain)) == Standing::External
}

#[cfg(test)]
mod tests;
