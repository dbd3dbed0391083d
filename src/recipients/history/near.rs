//! Domains by what they could be mistaken for.
//!
//! In: known domains. Out: those that a written one could be a slip for, found by what two spellings have in common once
//! any one character is left out (symmetric deletion, as in SymSpell), by their name under another suffix, and by their
//! looks. It offers too many rather than too few; whether it is a slip says `lookalike_domain`.
//! Deliberately absent: removal; whoever asks looks whether a domain still counts.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::recipients::domain::Domain;

/// A longer domain is compared by its name and its looks only.
const LONGEST: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Near {
    spellings: HashMap<u64, Vec<u32>>,
}

impl Near {
    /// Takes note of a domain and its number.
    pub(super) fn add(&mut self, domain: &str, number: u32) {
        for spelling in spellings(&Domain::new(domain)) {
            let numbers = self.spellings.entry(spelling).or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }

    /// The numbers of those that may be meant.
    pub(super) fn of(&self, written: &str) -> Vec<u32> {
        let mut numbers: Vec<u32> = spellings(&Domain::new(written))
            .iter()
            .filter_map(|spelling| self.spellings.get(spelling))
            .flatten()
            .copied()
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

fn spellings(domain: &Domain) -> Vec<u64> {
    let mut all = vec![hash(&("looks", &domain.skeleton)), hash(&("squeezed", &domain.squeezed))];
    if domain.letters.len() >= 4 {
        all.push(hash(&("name", &domain.name)));
    }
    let letters: Vec<char> = domain.squeezed.chars().collect();
    if letters.len() <= LONGEST {
        all.push(hash(&letters));
        let without = |left_out: usize| {
            let rest = letters.iter().enumerate().filter(|(at, _)| *at != left_out);
            hash(&rest.map(|(_, c)| *c).collect::<Vec<char>>())
        };
        all.extend((0..letters.len()).map(without));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn hash(value: &impl Hash) -> u64 {
    // The same in every process would do too; it is never kept.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_what_was_meant() {
        let mut near = Near::default();
        let known = ["kita-hoan.example.com", "minami-hoken.co.jp", "example.net"];
        for (number, domain) in (0..).zip(known) {
            near.add(domain, number);
        }
        for (written, meant) in [
            ("kita-haon.example.com", 0),
            ("kitahoan.example.com", 0),
            ("kita-hoann.example.com", 0),
            ("kita-hosn.example.com", 0),
            ("minami-hoken.com", 1),
            ("minami-hoken.cojp", 1),
        ] {
            assert_eq!(near.of(written), [meant], "{written}");
        }
        assert!(near.of("tokyo-gas.co.jp").is_empty());
    }
}
