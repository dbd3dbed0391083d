//! Who was probably meant: of all to whom the sender wrote before, the one whom the name or the organisation fits.
//!
//! In: a person's name, an organisation, or both, and the recipient that they do not fit. Out: an address, or the
//! organisation's domain; nothing if two fit alike. Asked only where something is wrong, so it may look through all
//! that a sender wrote to. Deliberately absent: whether something is wrong.

use std::{collections::HashSet, rc::Rc};

use super::{
    Facts, Relation,
    companies::Company,
    domain::Domain,
    facts::To,
    folded,
    person::{Fit, Person},
};

/// Of somebody with more contacts than that not all are looked at.
const CONTACTS: usize = 20_000;

/// Whom a name, an organisation or both fit; looked for once, for whichever recipients it does not fit.
#[derive(Debug)]
pub(super) struct Searched {
    person: Option<Person>,
    /// What tells the organisation from others.
    company: Option<String>,
    found: Vec<Found>,
}

/// An address that fits.
#[derive(Debug)]
struct Found {
    address: String,
    /// Its registered domain.
    registered: String,
    rank: u8,
    weight: f32,
}

/// The address that was probably meant.
pub(super) fn meant(
    facts: &Facts<'_>,
    person: Option<&Person>,
    company: Option<&Company<'_>>,
    instead_of: &To<'_>,
) -> Option<String> {
    let searched = searched(facts, person, company);
    // A namesake in the same organisation is likelier than one elsewhere.
    let rank = |found: &Found| {
        let same = person.is_some() && found.registered == instead_of.domain.registered();
        found.rank + u8::from(same)
    };
    let order = |a: &&Found, b: &&Found| {
        rank(a).cmp(&rank(b)).then(a.weight.total_cmp(&b.weight)).then_with(|| b.address.cmp(&a.address))
    };
    let best = searched.found.iter().max_by(order).map(|found| found.address.clone());
    best.or_else(|| if person.is_none() { company.and_then(Company::domain) } else { None })
}

fn searched(facts: &Facts<'_>, person: Option<&Person>, company: Option<&Company<'_>>) -> Rc<Searched> {
    let of = company.map(Company::id);
    let is_it = |searched: &&Rc<Searched>| searched.person.as_ref() == person && searched.company == of;
    let known = facts.searched.borrow().iter().find(is_it).cloned();
    known.unwrap_or_else(|| {
        let found = Search::new(facts, person, company).found();
        let searched = Rc::new(Searched { person: person.cloned(), company: of, found });
        facts.searched.borrow_mut().push(Rc::clone(&searched));
        searched
    })
}

struct Search<'s, 'f> {
    facts: &'s Facts<'f>,
    person: Option<&'s Person>,
    company: Option<&'s Company<'f>>,
    /// Those to whom letters greeted this person.
    greeted: HashSet<&'f str>,
}

impl<'s, 'f> Search<'s, 'f> {
    fn new(facts: &'s Facts<'f>, person: Option<&'s Person>, company: Option<&'s Company<'f>>) -> Self {
        let greeted = person.into_iter().flat_map(keys).flat_map(|key| {
            let relations = [Relation::Greeted, Relation::Named].into_iter();
            relations.flat_map(move |relation| facts.history.of(relation, key, facts.today))
        });
        let greeted = greeted.filter(|(_, weight)| *weight > HARDLY).map(|(address, _)| address).collect();
        Self { facts, person, company, greeted }
    }

    fn found(&self) -> Vec<Found> {
        let Facts { history, today, .. } = *self.facts;
        let traces = self.person.map(Person::traces);
        let may_fit = |address: &str| {
            let local = address.rsplit_once('@').map_or("", |(local, _)| local);
            self.greeted.contains(address) || traces.as_ref().is_none_or(|traces| traces.may_be_in(local))
        };
        let own = history.onward(Relation::Wrote, &folded(&self.facts.sender)).take(CONTACTS);
        let own = own.filter(|(_, address)| may_fit(address)).filter_map(|(_, address)| self.fitting(address));
        let sender = folded(&self.facts.sender);
        let found: Vec<Found> = own
            .map(|found| Found { weight: history.weight(Relation::Wrote, &sender, &found.address, today), ..found })
            .collect();
        if !found.is_empty() {
            return found;
        }
        // What colleagues greeted so.
        let colleagues = self.person.into_iter().flat_map(keys);
        let colleagues = colleagues.flat_map(|key| history.of(Relation::Greeted, key, today));
        colleagues.filter_map(|(address, weight)| Some(Found { weight, ..self.fitting(address)? })).collect()
    }

    /// How well an address of the history fits; nothing if it does not.
    fn fitting(&self, address: &str) -> Option<Found> {
        let facts = self.facts;
        let (local, domain) = address.rsplit_once('@')?;
        let of_company = || self.company.is_some_and(|company| company.owns(facts, domain));
        let rank = match self.person {
            Some(person) => {
                let named = match person.fits_local(local) {
                    _ if self.greeted.contains(address) => 4,
                    Fit::Yes => 3,
                    Fit::No | Fit::Unknown => return None,
                };
                named + if of_company() { 4 } else { 0 }
            }
            None if of_company() => 0,
            None => return None,
        };
        // Who gets it anyway was not forgotten.
        if facts.is_on_mail(address) {
            return None;
        }
        let registered = Domain::new(domain).registered().to_owned();
        Some(Found { address: address.to_owned(), registered, rank, weight: 0.0 })
    }
}

/// How the history calls a person.
fn keys(person: &Person) -> impl Iterator<Item = &str> {
    std::iter::once(person.key.as_str()).chain(person.surname_key())
}

/// Whether a letter to this address greeted this person.
pub(super) fn greeted(facts: &Facts<'_>, person: &Person, address: &str) -> bool {
    keys(person).any(|key| {
        [Relation::Greeted, Relation::Named]
            .iter()
            .any(|&relation| facts.history.weight(relation, key, address, facts.today) > HARDLY)
    })
}

/// A letter of long ago counts, what has faded does not.
pub(super) const HARDLY: f32 = 0.1;
