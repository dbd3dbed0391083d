//! The domains that everybody writes to, and the ones that live on mistyping them.
//!
//! In: two word lists, compiled in. Out: look-ups. Deliberately absent: partners and our own domains; those are the
//! organisation's to say.

use std::{collections::HashMap, sync::LazyLock};

use super::domain::Domain;

const KNOWN: &str = include_str!("../../rules/dictionaries/known-domains.txt");
const DOPPELGANGERS: &str = include_str!("../../rules/dictionaries/doppelgangers.txt");

static WELL_KNOWN: LazyLock<Vec<WellKnown>> = LazyLock::new(|| pairs(KNOWN).map(WellKnown::new).collect());
static MISTYPED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| pairs(DOPPELGANGERS).collect());

/// A domain that everybody writes to.
pub(super) struct WellKnown {
    pub(super) domain: Domain,
    /// Whether every address there is another person (free mail, carriers, providers).
    people: bool,
}

impl WellKnown {
    fn new((domain, who): (&str, &str)) -> Self {
        Self { domain: Domain::new(domain), people: who == "people" }
    }
}

/// All of them.
pub(super) fn well_known<'a>() -> impl Iterator<Item = &'a Domain> {
    WELL_KNOWN.iter().map(|known| -> &'a Domain { &known.domain })
}

/// Whether addresses in this domain belong to unrelated people.
pub(super) fn is_shared_by_people(domain: &Domain) -> bool {
    WELL_KNOWN.iter().any(|known| known.people && domain.is_within(&known.domain))
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
        assert!(pairs(KNOWN).all(|(_, who)| who == "people" || who == "company"));
    }

    #[test]
    fn no_doppelganger_is_itself_well_known_and_all_point_to_one_that_is() {
        for (wrong, right) in MISTYPED.iter() {
            assert!(well_known().all(|known| known.text != *wrong), "{wrong}");
            assert!(well_known().any(|known| known.text == *right), "{right}");
        }
    }
}
