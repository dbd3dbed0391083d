//! `salutation_mismatch`: the letter greets somebody else than this recipient.
//!
//! In: who is greeted at the head of the new text, and every recipient's display name, address and history. Out: a match
//! where a greeted name is the recipient's, in whatever spelling, or was used with this address before; a mismatch where
//! the recipient's name can be read, is another, and nobody on the mail can be the one who is greeted; and where the
//! name fits, but the organisation above it is another one: the namesake elsewhere. A name that nobody can read is known
//! by the letters that began with it: if they went to another contact, and this one got many that did not, it is told, too.
//! 御中 and 各位 judge the organisation.
//! Everything else is unknown: an address that is no name, a name that nobody can read, a mailing.
//! Deliberately absent: what a mail says below its head.

use super::{
    Check, Facts, Issue, Lesson, Relation, Seen,
    companies::{self, Company},
    facts::To,
    folded,
    history::name,
    meant::{greeted, meant},
    opinion::Opinion,
    person::{Fit, Person},
    readings::today,
    salutation::{self, Salutation},
};
use crate::inspect::detect::organizations;

/// A mail to more people greets nobody by name.
const PEOPLE: usize = 20;

/// A name is a contact's by so many letters, and whoever got so many from this sender is known by his own.
const HABIT: f32 = 3.0;
/// To whom else the sender wrote so much is a contact.
const CONTACT: f32 = 1.0;

/// Who is greeted, and whom of the mail that fits.
pub(super) struct Greetings<'a> {
    facts: &'a Facts<'a>,
    greeted: Vec<Greeted<'a>>,
    /// The organisations that the first lines name, and how they write them.
    named: Vec<(Company<'a>, String)>,
    /// Everybody on the mail: first the recipients, in their order, then who only stands in the header.
    people: Vec<Somebody>,
}

struct Greeted<'a> {
    salutation: Salutation,
    company: Option<Company<'a>>,
    /// Whether it is each of the people.
    fits: Vec<Fit>,
}

struct Somebody {
    canonical: String,
    display_name: String,
    seen: Seen,
    internal: bool,
}

impl<'a> Greetings<'a> {
    pub(super) fn new(facts: &'a Facts<'a>) -> Self {
        let mut all = Self { facts, greeted: Vec::new(), named: Vec::new(), people: Vec::new() };
        all.named = facts.letter.opening.iter().flat_map(|line| Company::in_text(facts, line)).collect();
        if facts.recipients.len() > PEOPLE || facts.shown.len() > PEOPLE || facts.letter.opening.is_empty() {
            return all;
        }
        all.people = people(facts);
        let named: Vec<String> = all.named.iter().map(|(_, name)| organizations::folded(name)).collect();
        let known: Vec<&str> = named.iter().map(String::as_str).collect();
        for salutation in salutation::read(&facts.letter.opening, &known) {
            let company = Some(salutation.organization.as_str()).filter(|name| !name.is_empty());
            let company = company.and_then(|name| Company::named(facts, name));
            let person = salutation.person.as_ref();
            let fits = all.people.iter().map(|one| person.map_or(Fit::Unknown, |person| fit(facts, person, one)));
            let fits = fits.collect();
            all.greeted.push(Greeted { salutation, company, fits });
        }
        all
    }

    /// The organisations that are greeted, as they are written.
    pub(super) fn companies(&self) -> impl Iterator<Item = (&Company<'a>, &str)> {
        self.greeted
            .iter()
            .filter_map(|greeted| Some((greeted.company.as_ref()?, greeted.salutation.organization.as_str())))
    }

    /// The organisations that the first lines name, and how they write them.
    pub(super) fn named(&self) -> &[(Company<'a>, String)] {
        &self.named
    }

    /// The first person who is greeted.
    pub(super) fn person(&self) -> Option<&Person> {
        self.persons().find_map(|greeted| greeted.salutation.person.as_ref())
    }

    fn persons(&self) -> impl Iterator<Item = &Greeted<'a>> {
        self.greeted.iter().filter(|greeted| greeted.salutation.person.is_some() && !greeted.salutation.copied)
    }

    /// What the head of the letter says about the recipient of this number.
    pub(super) fn check(&self, number: usize, to: &To<'_>) -> Opinion {
        let fit = |greeted: &Greeted<'_>| greeted.fits.get(number).copied().unwrap_or(Fit::Unknown);
        if to.seen != Seen::To {
            let is_greeted = self.greeted.iter().any(|greeted| fit(greeted) == Fit::Yes);
            return if is_greeted { Opinion::Match } else { Opinion::Unknown };
        }
        if let Some(fitting) = self.greeted.iter().find(|greeted| fit(greeted) == Fit::Yes) {
            return match self.elsewhere(fitting, to) {
                Some(issue) => Opinion::Mismatch(issue),
                None => Opinion::Match,
            };
        }
        let unclaimed = self.persons().find(|greeted| !self.may_be_another(greeted, number));
        if let Some(unclaimed) = unclaimed
            && self.persons().all(|greeted| fit(greeted) == Fit::No)
        {
            return Opinion::Mismatch(self.somebody_else(unclaimed, to));
        }
        let mut opinion = Opinion::Unknown;
        for greeted in self.greeted.iter().filter(|greeted| !greeted.salutation.copied) {
            if let Some(issue) = self.elsewhere(greeted, to) {
                opinion = Opinion::Mismatch(issue);
            } else if greeted.company.as_ref().is_some_and(|company| company.has(to) == Fit::Yes)
                && greeted.salutation.person.is_none()
            {
                return Opinion::Match;
            }
        }
        if opinion != Opinion::Unknown || is_shared(&to.canonical) {
            return opinion;
        }
        match self.greeted_elsewhere() {
            Some((greeted, meant)) => {
                Opinion::Mismatch(self.facts.of_history(self.wrong_person(greeted, to)).meaning(meant))
            }
            None => Opinion::Unknown,
        }
    }

    /// The one who is greeted, and to whom the letters that greet so went: another contact of the sender, while everybody
    /// in To is well known to the sender and was never greeted so.
    fn greeted_elsewhere(&self) -> Option<(&Greeted<'a>, String)> {
        let mut persons = self.persons();
        let (Some(greeted), None) = (persons.next(), persons.next()) else { return None };
        let (facts, sender) = (self.facts, folded(&self.facts.sender));
        let wrote = |address: &str| facts.weight(Relation::Wrote, &sender, address);
        let known = |(one, fit): (&Somebody, &Fit)| {
            one.seen != Seen::To || *fit != Fit::Yes && !one.internal && wrote(&folded(&one.canonical)) >= HABIT
        };
        if !self.people.iter().zip(&greeted.fits).all(known) || greeted.fits.contains(&Fit::Yes) {
            return None;
        }
        let person = greeted.salutation.person.as_ref()?;
        let mut in_to = self.people.iter().filter(|one| one.seen == Seen::To);
        if in_to.any(|one| person.may_hide_in(one.canonical.split('@').next().unwrap_or_default())) {
            return None;
        }
        let owners = facts.history.of(Relation::Greeted, &person.key, facts.today);
        let owners = owners.filter(|(who, weight)| *weight >= HABIT && wrote(who) >= CONTACT);
        let (owner, _) = owners.max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((greeted, owner.to_owned()))
    }

    /// Whether somebody else on the mail is greeted so, or may be.
    fn may_be_another(&self, greeted: &Greeted<'_>, number: usize) -> bool {
        let among_us = ["さん", "くん", "ちゃん", "君"].iter().any(|word| greeted.salutation.shown.ends_with(word))
            || greeted.salutation.shown.is_ascii();
        self.people.iter().zip(&greeted.fits).enumerate().any(|(at, (one, fit))| match fit {
            _ if at == number => false,
            Fit::Yes => true,
            Fit::No => false,
            // An outsider is not greeted by colleagues' addresses in Cc, nor is a shared mailbox there.
            Fit::Unknown => one.seen == Seen::To || (if one.internal { among_us } else { !is_shared(&one.canonical) }),
        })
    }

    /// The name may fit, but the organisation above it is another one, and nobody of it gets the mail.
    fn elsewhere(&self, greeted: &Greeted<'a>, to: &To<'_>) -> Option<Issue> {
        let company = greeted.company.as_ref().filter(|company| !matches!(company, Company::Own))?;
        let gets_it = || self.facts.recipients.iter().any(|other| company.has(other) == Fit::Yes);
        if company.has(to) != Fit::No || gets_it() {
            return None;
        }
        let Salutation { organization, person, .. } = &greeted.salutation;
        let written = match person {
            Some(_) => format!("{organization} {}", greeted.salutation.shown),
            None => greeted.salutation.shown.clone(),
        };
        let ja = format!("本文の宛名「{written}」の会社は、この宛先（{}）の会社ではないようです。", to.domain.text);
        let en = format!(
            "The letter is addressed to “{written}”, but {} is not an address of that organization.",
            to.canonical
        );
        let issue = Issue::new(Check::SalutationMismatch, format!("{written} ≠ {}", shown(to)), ja, en);
        Some(suggesting(issue, meant(self.facts, person.as_ref(), Some(company), to)))
    }

    fn somebody_else(&self, greeted: &Greeted<'_>, to: &To<'_>) -> Issue {
        let person = greeted.salutation.person.as_ref();
        suggesting(self.wrong_person(greeted, to), meant(self.facts, person, greeted.company.as_ref(), to))
    }

    fn wrong_person(&self, greeted: &Greeted<'_>, to: &To<'_>) -> Issue {
        let written = &greeted.salutation.shown;
        let ja = format!("本文の宛名「{written}」は、この宛先（{}）の人ではないようです。", shown(to));
        let en = format!("The letter greets “{written}”, which does not seem to be {}.", shown(to));
        Issue::new(Check::SalutationMismatch, format!("{written} ≠ {}", shown(to)), ja, en)
    }

    /// Adds to a lesson what the head of the letter teaches: which names go with which address, where that is clear.
    pub(super) fn teach(&self, lesson: &mut Lesson) {
        let in_to = |to: &To<'_>| to.seen == Seen::To;
        let only = self.facts.recipients.iter().filter(|to| in_to(to)).count() == 1 && self.persons().count() == 1;
        for (number, (to, taught)) in self.facts.recipients.iter().zip(&mut lesson.to).enumerate() {
            for greeted in &self.greeted {
                let fits = greeted.fits.get(number) == Some(&Fit::Yes);
                let Salutation { person, organization, copied, .. } = &greeted.salutation;
                if let Some(person) = person
                    && (fits || (only && in_to(to) && !copied))
                {
                    taught
                        .greeted
                        .extend(std::iter::once(person.key.clone()).chain(person.surname_key().map(str::to_owned)));
                }
                let other = greeted.company.as_ref().is_some_and(|company| company.has(to) == Fit::No);
                if !organization.is_empty()
                    && in_to(to)
                    && !to.is_internal()
                    && !to.is_private()
                    && !other
                    && (fits || self.one_organization())
                {
                    taught.greeted.push(companies::key(&organizations::folded(organization)));
                }
            }
            taught.greeted.sort();
            taught.greeted.dedup();
        }
    }

    /// Whether one organisation is greeted and all outsiders in To are of one.
    fn one_organization(&self) -> bool {
        let names = self.greeted.iter().map(|greeted| organizations::folded(&greeted.salutation.organization));
        let mut names = names.filter(|name| !name.is_empty());
        let first = names.next();
        let outside = self.facts.recipients.iter().filter(|to| to.seen == Seen::To && !to.is_internal());
        let mut domains = outside.map(|to| to.domain.registered());
        let domain = domains.next();
        names.all(|name| Some(name) == first) && domains.all(|other| Some(other) == domain)
    }
}

fn suggesting(issue: Issue, address: Option<String>) -> Issue {
    match address {
        Some(address) => issue.meaning(address),
        None => issue,
    }
}

/// A recipient as people know it.
pub(super) fn shown(to: &To<'_>) -> String {
    if to.display_name.is_empty() { to.canonical.clone() } else { format!("{} <{}>", to.display_name, to.canonical) }
}

fn people(facts: &Facts<'_>) -> Vec<Somebody> {
    let recipients = facts.recipients.iter().map(|to| Somebody {
        canonical: to.canonical.clone(),
        display_name: to.display_name.clone(),
        seen: to.seen,
        internal: to.is_internal(),
    });
    let others = facts.shown.iter().filter(|shown| facts.recipients.iter().all(|to| to.canonical != shown.canonical));
    let others = others.map(|shown| Somebody {
        canonical: shown.canonical.clone(),
        display_name: shown.display_name.clone(),
        seen: shown.seen,
        internal: shown.canonical.rsplit_once('@').is_some_and(|(_, domain)| facts.organization.owns(domain)),
    });
    recipients.chain(others).collect()
}

/// Whether somebody is the person who is greeted.
fn fit(facts: &Facts<'_>, person: &Person, one: &Somebody) -> Fit {
    if greeted(facts, person, &folded(&one.canonical)) {
        return Fit::Yes;
    }
    let (local, domain) = one.canonical.rsplit_once('@').unwrap_or((&one.canonical, ""));
    let by_address = person.fits_local(local);
    // An address as its own display name says nothing more.
    let display = Some(one.display_name.as_str()).filter(|name| !name.is_empty() && !name.contains('@'));
    let Some(display) = display else { return by_address };
    let written = today(&name(display));
    if !person.key.is_ascii() && person.key.chars().count() >= 2 && written.contains(&person.key) {
        return Fit::Yes;
    }
    match Person::read(display).filter(|_| !is_domain(display, domain)) {
        Some(called) => match (person.fits(&called), by_address) {
            // One given name under two surnames is one person, whatever the address says.
            (Fit::Unknown, Fit::No) if called.is_full() => Fit::Unknown,
            (by_name, by_address) => by_name.or(by_address),
        },
        None => by_address,
    }
}

/// Whether a display name only says whose domain it is: `Kita Hoan <x@kita-hoan.example>`.
fn is_domain(display: &str, domain: &str) -> bool {
    let letters =
        |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let name = letters(display);
    name.len() >= 4 && display.is_ascii() && letters(domain).contains(&name)
}

/// Whether an address is a shared mailbox by its name.
fn is_shared(canonical: &str) -> bool {
    const SHARED: [&str; 16] = [
        "info", "sales", "support", "contact", "office", "team", "all", "admin", "eigyo", "soumu", "jimu", "ml",
        "group", "staff", "mail", "keiri",
    ];
    let local = canonical.split('@').next().unwrap_or_default();
    local.split(|c: char| !c.is_ascii_alphabetic()).any(|word| SHARED.contains(&word))
}

#[cfg(test)]
mod rates;
#[cfg(test)]
mod tests;
