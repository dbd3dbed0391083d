//! The domains that everybody writes to, and the ones that live on mistyping them.
//!
//! In: two word lists, compiled in. Out: look-ups. Deliberately absent: partners and our own domains; those are the
//! organisation's to say.

use std::{collections::HashMap, sync::LazyLock};

use super::{domain::Domain, facts::Standing};

const KNOWN: &str = include_str!("../../rules/dictionaries/known-domains.txt");
const DOPPELGANGERS: &str = include_str!("../../rules/dictionaries/doppelgangers.txt");

static WELL_KNOWN: LazyLock<Vec<WellKnown>> = LazyLock::new(|| pairs(KNOWN).map(WellKnown::new).collect());
static STANDINGS: LazyLock<HashMap<&str, Standing>> =
    LazyLock::new(|| WELL_KNOWN.iter().map(|known| (known.domain.text.as_str(), known.standing)).collect());
static MISTYPED: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| pairs(DOPPELGANGERS).collect());

/// A domain that everybody writes to.
pub(super) struct WellKnown {
    pub(super) domain: Domain,
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
        Self { domain: Domain::new(domain), standing }
    }
}

/// All of them.
pub(super) fn well_known<'a>() -> impl Iterator<Item = &'a Domain> {
    WELL_KNOWN.iter().map(|known| -> &'a Domain { &known.domain })
}

/// Who has addresses in a domain outside: another person each, or an organisation.
pub(super) fn standing(domain: &Domain) -> Standing {
    let mut rest = domain.text.as_str();
    loop {
        if let Some(standing) = STANDINGS.get(rest) {
            return *standing;
        }
        match rest.split_once('.') {
            Some((_, above)) => rest = above,
            None => return Standing::External,
        }
    }
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
            assert!(well_known().all(|known| known.text != *wrong), "{wrong}");
            assert!(well_known().any(|known| known.text == *right), "{right}");
        }
    }
}
