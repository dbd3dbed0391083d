//! `display_name_mismatch`: the name before the address is somebody's who has another address.
//!
//! In: a recipient's display name, and the history of display names. Out: a mismatch where the name holds another
//! address than the mailbox, where a full name always stood before one other address and this one is new, and where a
//! colleague's or a partner's name stands before a private address or one of somebody else; a match where the pair is
//! known. A surname alone, a generic name (お客様, Info) and a person who is known at several addresses say nothing.
//! Deliberately absent: what the letter calls people.

use super::{
    Check, Facts, Issue, Relation,
    companies::{Company, Letters},
    facts::To,
    folded,
    history::name,
    meant::HARDLY,
    opinion::Opinion,
    person::{Fit, Person},
    salutation_mismatch::shown,
};

/// After so many mails a name goes with an address.
const ESTABLISHED: f32 = 1.5;
/// The names of a mailing come from a list of customers.
const MAILING: usize = 100;
/// A colleague's address is known sooner.
const COLLEAGUE: f32 = 0.5;

/// What the display name says about a recipient.
pub(super) fn check(facts: &Facts<'_>, to: &To<'_>) -> Opinion {
    let display = to.display_name.trim().trim_matches(['"', '\'']).trim();
    if display.is_empty() {
        return Opinion::Unknown;
    }
    if let Some(address) = address_in(display) {
        return by_address(facts, to, &address);
    }
    let key = name(&to.display_name);
    if facts.history.weight(Relation::Named, &key, &to.folded, facts.today) > HARDLY {
        return Opinion::Match;
    }
    if let Some(issue) = by_history(facts, to, &key, &to.folded) {
        return Opinion::Mismatch(issue);
    }
    if facts.recipients.len() > MAILING {
        return Opinion::Unknown;
    }
    by_company(facts, to, display)
}

/// `"yamada@kita.example" <somebody@else.example>`
fn by_address(facts: &Facts<'_>, to: &To<'_>, named: &str) -> Opinion {
    let (Some((local, domain)), Some((own, _))) = (named.rsplit_once('@'), to.canonical.rsplit_once('@')) else {
        return Opinion::Unknown;
    };
    if folded(named) == to.folded {
        return Opinion::Match;
    }
    let domain = super::domain::Domain::new(domain);
    let one_partner = facts.partners.of_domain(&domain).is_some_and(|of| to.partner.is_some_and(|to| to.id == of.id));
    // A list speaks for its members, and an alias for its owner.
    let via = ["via", "経由"].iter().any(|word| to.display_name.contains(word));
    if via
        || domain.registered() == to.domain.registered() && (own.contains(local) || local.contains(own))
        || one_partner && own == local
    {
        return Opinion::Unknown;
    }
    let ja = format!("表示名のアドレス（{named}）と、実際の宛先（{}）が違います。", to.canonical);
    let en = format!("The display name is the address {named}, but the mail goes to {}.", to.canonical);
    Opinion::Mismatch(issue(format!("{named} ≠ {}", to.canonical), ja, en).meaning(named))
}

/// A name that always stood before another address.
fn by_history(facts: &Facts<'_>, to: &To<'_>, key: &str, address: &str) -> Option<Issue> {
    let ours = |address: &str| address.rsplit_once('@').is_some_and(|(_, domain)| facts.organization.owns(domain));
    let known = facts.history.of(Relation::Named, key, facts.today);
    let mut known = known.filter(|(known, weight)| *weight >= if ours(known) { COLLEAGUE } else { ESTABLISHED });
    let (usual, _) = known.next()?;
    // Somebody with several addresses may have one more.
    if known.next().is_some() {
        return None;
    }
    let is_new = to.known < HARDLY;
    if !is_new || is_generic(key) || !Person::read(&to.display_name).is_some_and(|person| person.is_full()) {
        return None;
    }
    let ja =
        format!("「{}」さんのいつものアドレスは {usual} です。この宛先（{address}）は初めてです。", to.display_name);
    let en = format!("“{}” has always been {usual}; {address} is new.", to.display_name);
    let found = issue(format!("{}: {usual} ≠ {address}", to.display_name), ja, en).meaning(usual);
    Some(facts.of_history(found))
}

/// A name with an organisation's name in it, before an address that is not of it.
fn by_company(facts: &Facts<'_>, to: &To<'_>, display: &str) -> Opinion {
    let letters = Letters::new(display);
    let named = Company::in_letters(facts, display, &letters);
    if named.iter().any(|(company, _)| company.has(to) == Fit::Yes) {
        return Opinion::Match;
    }
    // Colleagues are called by our name: 佐藤（東邦観光）.
    let is_ours = facts.own_name.chars().count() >= 3 && letters.text.contains(&facts.own_name);
    let own = is_ours.then(|| (Company::Own, facts.organization.name.clone()));
    for (company, written) in own.into_iter().chain(named) {
        let mismatch = match company.has(to) {
            Fit::Yes => return Opinion::Match,
            Fit::No => true,
            Fit::Unknown => to.is_private(),
        };
        if !mismatch || to.known > HARDLY {
            continue;
        }
        let ja = format!("表示名は「{written}」ですが、宛先（{}）はその会社のアドレスではありません。", to.canonical);
        let en =
            format!("The display name says “{written}”, but {} is not an address of that organization.", to.canonical);
        let found = issue(format!("{written} ≠ {}", shown(to)), ja, en);
        let domain = match company {
            Company::Own => facts.organization.domains.first().cloned(),
            company => company.domain(),
        };
        return Opinion::Mismatch(match domain {
            Some(domain) => found.meaning(domain),
            None => found,
        });
    }
    Opinion::Unknown
}

/// An address inside a display name.
fn address_in(display: &str) -> Option<String> {
    if !display.contains('@') {
        return None;
    }
    let lower = display.to_lowercase();
    let mut words = lower.split(|c: char| c.is_whitespace() || "<>()[]\"',;:（）＜＞".contains(c));
    words
        .find(|word| {
            word.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && !domain.contains('@') && domain.is_ascii()
            })
        })
        .map(str::to_owned)
}

/// Names that many addresses have.
fn is_generic(key: &str) -> bool {
    const GENERIC: [&str; 12] = [
        "お客様",
        "お客さま",
        "担当",
        "info",
        "sales",
        "support",
        "contact",
        "事務局",
        "窓口",
        "受付",
        "noreply",
        "customer",
    ];
    GENERIC.iter().any(|word| key.contains(word))
}

fn issue(detail: String, ja: String, en: String) -> Issue {
    Issue::new(Check::DisplayNameMismatch, detail, ja, en)
}

#[cfg(test)]
mod tests;
