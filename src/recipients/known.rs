//! The domains that everybody writes to, and the ones that live on mistyping them.
//!
//! In: two word lists, compiled in. Out: look-ups. Deliberately absent: partners and our own domains; those are the
//! organisation's to say.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    domain::Domain,
    facts::Standing,
    near::{Near, Sought},
    spelled::Spelled,
};

const KNOWN: &str = include_str!("../../rules/dictionaries/known-domains.txt");
const DOPPELGANGERS: &str = include_str!("../../rules/dictionaries/doppelgangers.txt");

static WELL_KNOWN: LazyLock<Vec<WellKnown>> = LazyLock::new(|| pairs(KNOWN).map(WellKnown::new).collect());
static STANDINGS: LazyLock<HashMap<&str, Standing>> =
    LazyLock::new(|| WELL_KNOWN.iter().map(|known| (known.spelled.domain.text.as_str(), known.standing)).collect());
static NEAR: LazyLock<Near> = LazyLock::new(|| {
    let mut near = Near::thorough();
    (0..).zip(WELL_KNOWN.iter()).for_each(|(number, known)| near.add(&known.spelled.domain, number));
    near
});
static MISTYPED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| pairs(DOPPELGANGERS).collect());

/// A domain that everybody writes to.
pub(super) struct WellKnown {
    spelled: Spelled,
    /// Who has addresses there.
    standing: Standing,
}

impl WellKnown {
    fn new((domain, who): (&str, &str)) -> Self {
        let standing = match who {
            "free" | "provider" => Standing::FreeMail,
            "carrier" => Standing::MobileCarrier,
            _ => Standing::External,
        };
        Self { spelled: Spelled::new(Domain::new(domain)), standing }
    }
}

/// Whether this is one of them, or below one.
pub(super) fn is_known(domain: &Domain) -> bool {
    listed(domain).is_some()
}

/// Those that somebody could mean who wrote this.
pub(super) fn near<'a>(written: &Sought) -> impl Iterator<Item = &'a Spelled> {
    let numbers = NEAR.of(written).into_iter();
    numbers.filter_map(|number| WELL_KNOWN.get(number as usize)).map(|known| -> &'a Spelled { &known.spelled })
}

/// Who has addresses in a domain outside: another person each, or an organisation.
pub(super) fn standing(domain: &Domain) -> Standing {
    listed(domain).unwrap_or(Standing::External)
}

fn listed(domain: &Domain) -> Option<Standing> {
    domain.and_above().find_map(|domain| STANDINGS.get(domain).copied())
}

/// What is meant when this domain is written, if it is known to live on that.
pub(super) fn meant_by(domain: &str) -> Option<&'static str> {
    MISTYPED.get(domain).copied()
}

fn pairs(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.trim().split_once(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_both_lists_is_used() {
        let lines = |list: &str| list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(lines(KNOWN), WELL_KNOWN.len());
        assert_eq!(lines(DOPPELGANGERS), MISTYPED.len(), "a line without its pair, or one that stands twice");
        assert!(pairs(KNOWN).all(|(_, who)| ["free", "carrier", "provider", "company"].contains(&who)));
    }

    #[test]
    fn no_doppelganger_is_itself_well_known_and_all_point_to_one_that_is() {
        for (wrong, right) in MISTYPED.iter() {
            assert!(WELL_KNOWN.iter().all(|known| known.spelled.domain.text != *wrong), "{wrong}");
            assert!(WELL_KNOWN.iter().any(|known| known.spelled.domain.text == *right), "{right}");
        }
    }
}
