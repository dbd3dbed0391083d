//! Who was probably meant: of all to whom the sender wrote before, the one whom the name or the organisation fits.
//!
//! In: a person's name, an organisation, or both, and the recipient that they do not fit. Out: an address, or the
//! organisation's domain; nothing if two fit alike. Asked only where something is wrong, so it may look through all
//! that a sender wrote to. Deliberately absent: whether something is wrong.

use super::{
    Day, Facts, Relation,
    companies::Company,
    domain::Domain,
    facts::To,
    folded,
    person::{Fit, Person},
};

/// Of somebody with more contacts than that not all are looked at.
const CONTACTS: usize = 20_000;

/// The address that was probably meant.
pub(super) fn meant(
    facts: &Facts<'_>,
    person: Option<&Person>,
    company: Option<&Company<'_>>,
    instead_of: &To<'_>,
) -> Option<String> {
    let search = Search { facts, person, company, instead_of };
    let today: Day = facts.today;
    let sender = folded(&facts.sender);
    let own = facts.history.of(Relation::Wrote, &sender, today).take(CONTACTS);
    let best = Best::of(own.filter_map(|(address, weight)| search.rank(address, weight)));
    let best = best.or_else(|| {
        // What colleagues greeted so.
        let keys = person.iter().flat_map(|person| std::iter::once(person.key.as_str()).chain(person.surname_key()));
        let greeted = keys.flat_map(|key| facts.history.of(Relation::Greeted, key, today).collect::<Vec<_>>());
        Best::of(greeted.filter_map(|(address, weight)| search.rank(address, weight)))
    });
    best.or_else(|| if person.is_none() { company.and_then(Company::domain) } else { None })
}

struct Search<'s, 'f> {
    facts: &'s Facts<'f>,
    person: Option<&'s Person>,
    company: Option<&'s Company<'f>>,
    instead_of: &'s To<'f>,
}

impl<'s> Search<'s, '_> {
    /// How well an address of the history fits; nothing if it does not.
    fn rank<'h>(&self, address: &'h str, weight: f32) -> Option<(&'h str, u8, f32)> {
        let facts = self.facts;
        let (local, domain) = address.rsplit_once('@')?;
        // Who gets it anyway was not forgotten.
        if facts.recipients.iter().any(|to| folded(&to.canonical) == address) {
            return None;
        }
        let of_company = self.company.map(|company| company.owns(facts, domain));
        let mut rank = 0;
        if let Some(person) = self.person {
            let greeted = greeted(facts, person, address);
            rank += match person.fits_local(local) {
                _ if greeted => 4,
                Fit::Yes => 3,
                Fit::No | Fit::Unknown => return None,
            };
            rank += if of_company == Some(true) { 4 } else { 0 };
            rank += u8::from(Domain::new(domain).registered() == self.instead_of.domain.registered());
        } else if of_company != Some(true) {
            return None;
        }
        Some((address, rank, weight))
    }
}

/// Whether a letter to this address greeted this person.
pub(super) fn greeted(facts: &Facts<'_>, person: &Person, address: &str) -> bool {
    let mut keys = std::iter::once(person.key.as_str()).chain(person.surname_key());
    keys.any(|key| {
        [Relation::Greeted, Relation::Named]
            .iter()
            .any(|&relation| facts.history.weight(relation, key, address, facts.today) > HARDLY)
    })
}

/// A letter of long ago counts, what has faded does not.
pub(super) const HARDLY: f32 = 0.1;

struct Best;

impl Best {
    /// The one with the highest rank, among those with the most mails.
    fn of<'h>(ranked: impl Iterator<Item = (&'h str, u8, f32)>) -> Option<String> {
        let order = |a: &(&str, u8, f32), b: &(&str, u8, f32)| {
            a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)).then_with(|| b.0.cmp(a.0))
        };
        ranked.max_by(order).map(|(address, ..)| address.to_owned())
    }
}
