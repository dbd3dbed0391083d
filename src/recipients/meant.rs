//! Who was probably meant: of all to whom the sender wrote before, the one whom the name or the organisation fits.
//!
//! In: a person's name, an organisation, or both, and the recipient that they do not fit. Out: an address, or the
//! organisation's domain; nothing if two fit alike. Asked only where something is wrong, so it may look through all
//! that a sender wrote to. Deliberately absent: whether something is wrong.

use std::{
    cell::RefCell,
    cmp::Ordering,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use super::{
    Facts, History, Relation,
    companies::Company,
    domain::{Domain, is_within, normalized},
    facts::To,
    folded,
    local_part::Traces,
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
    /// The one that fits best.
    best: Option<Found>,
    /// The one that fits best of those who registered a domain, a rank higher for that.
    there: RefCell<HashMap<String, Option<Found>>>,
}

/// An address that fits, by its number in the history.
#[derive(Debug, Clone, Copy)]
struct Found {
    number: u32,
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
    let history = facts.history;
    // A namesake in the same organisation is likelier than one elsewhere.
    let there = person.and_then(|_| searched.registered(history, instead_of.domain.registered()));
    let found = searched.best.into_iter().chain(there).max_by(|a, b| a.order(b, history));
    let address = found.and_then(|found| history.text(found.number)).map(str::to_owned);
    address.or_else(|| if person.is_none() { company.and_then(Company::domain) } else { None })
}

impl Searched {
    fn registered(&self, history: &History, registered: &str) -> Option<Found> {
        if let Some(known) = self.there.borrow().get(registered) {
            return *known;
        }
        let there = self.found.iter().filter(|found| found.is_registered(history, registered));
        let best = there.max_by(|a, b| a.order(b, history)).map(|found| Found { rank: found.rank + 1, ..*found });
        self.there.borrow_mut().insert(registered.to_owned(), best);
        best
    }
}

impl Found {
    /// The one with the highest rank, among those with the most mails.
    fn order(&self, other: &Self, history: &History) -> Ordering {
        let (own, others) = (history.text(self.number), history.text(other.number));
        self.rank.cmp(&other.rank).then(self.weight.total_cmp(&other.weight)).then_with(|| others.cmp(&own))
    }

    /// Whether it is in the organisation that registered this domain.
    fn is_registered(&self, history: &History, registered: &str) -> bool {
        let domain =
            history.text(self.number).and_then(|address| address.rsplit_once('@')).map_or("", |(_, domain)| domain);
        is_within(&normalized(domain), registered) && Domain::new(domain).registered() == registered
    }
}

fn searched(facts: &Facts<'_>, person: Option<&Person>, company: Option<&Company<'_>>) -> Rc<Searched> {
    let of = company.map(Company::id);
    let is_it = |searched: &&Rc<Searched>| searched.person.as_ref() == person && searched.company == of;
    let known = facts.searched.borrow().iter().find(is_it).cloned();
    known.unwrap_or_else(|| {
        let found = Search::new(facts, person, company).found();
        let best = found.iter().copied().max_by(|a, b| a.order(b, facts.history));
        let searched =
            Rc::new(Searched { person: person.cloned(), company: of, found, best, there: RefCell::default() });
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
        let sender = folded(&self.facts.sender);
        let own = history.onward(Relation::Wrote, &sender).take(CONTACTS).filter(|(_, address)| may_fit(address));
        let own = own.filter_map(|(number, address)| {
            let rank = self.rank(address, traces.as_ref())?;
            Some(Found { number, rank, weight: history.weight(Relation::Wrote, &sender, address, today) })
        });
        let own: Vec<Found> = own.collect();
        if !own.is_empty() {
            return own;
        }
        // What colleagues greeted so.
        let keys = self.person.into_iter().flat_map(keys);
        let greeted =
            keys.flat_map(|key| history.onward(Relation::Greeted, key).map(move |(number, who)| (key, number, who)));
        let found = greeted.filter_map(|(key, number, address)| {
            let rank = self.rank(address, traces.as_ref())?;
            Some(Found { number, rank, weight: history.weight(Relation::Greeted, key, address, today) })
        });
        found.collect()
    }

    /// How well an address of the history fits; nothing if it does not.
    fn rank(&self, address: &str, traces: Option<&Traces>) -> Option<u8> {
        let facts = self.facts;
        let (local, domain) = address.rsplit_once('@')?;
        let of_company = || self.company.is_some_and(|company| company.owns(facts, domain));
        let rank = match self.person {
            Some(person) => {
                let is_named =
                    || traces.is_some_and(|traces| traces.is_word_of(local)) || person.fits_local(local) == Fit::Yes;
                let named = match self.greeted.contains(address) {
                    true => 4,
                    false if is_named() => 3,
                    false => return None,
                };
                named + if of_company() { 4 } else { 0 }
            }
            None if of_company() => 0,
            None => return None,
        };
        // Who gets it anyway was not forgotten.
        (!facts.is_on_mail(address)).then_some(rank)
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
