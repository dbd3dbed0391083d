//! Domains by what they could be mistaken for.
//!
//! In: known domains. Out: those that a written one could be a slip for: those that have its looks or its letters in common,
//! its name under another suffix, or its name once one character, or for long names two, are left out on either side
//! (symmetric deletion, as in SymSpell). It offers too many rather than too few; whether it is a slip says
//! `lookalike_domain`. Deliberately absent: removal; whoever asks looks whether a domain still counts.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::domain::Domain;

/// A longer name is compared by its letters and its looks only.
const LONGEST: usize = 40;
/// From here on two slips are looked for, where that is wanted.
const TWO_SLIPS_FROM: usize = 10;

/// Known domains, each with a number.
#[derive(Debug)]
pub(super) struct Near {
    spellings: HashMap<u64, Vec<u32>>,
    slips: usize,
}

impl Default for Near {
    fn default() -> Self {
        Self::thorough()
    }
}

impl Near {
    /// For a few domains: one slip is found, and two in a long name.
    pub(super) fn thorough() -> Self {
        Self { spellings: HashMap::new(), slips: 2 }
    }

    /// For very many: one slip is found.
    pub(super) fn sparing() -> Self {
        Self { spellings: HashMap::new(), slips: 1 }
    }

    /// Takes note of a domain and its number.
    pub(super) fn add(&mut self, domain: &Domain, number: u32) {
        let mut all = self.spellings_of(domain);
        all.push(hash(&("name", domain.name.as_str())));
        for spelling in all {
            let numbers = self.spellings.entry(spelling).or_default();
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }

    /// The numbers of those that may be meant, ascending.
    pub(super) fn of(&self, written: &Domain) -> Vec<u32> {
        let mut spellings = self.spellings_of(written);
        // A name under another suffix: where the suffix begins is not known, so every point may be the one.
        let points = written.text.match_indices('.').map(|(at, _)| written.text.get(..at).unwrap_or_default());
        spellings.extend(points.map(|name| hash(&("name", name))));
        let found = spellings.iter().filter_map(|spelling| self.spellings.get(spelling));
        let mut numbers: Vec<u32> = found.flatten().copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn spellings_of(&self, domain: &Domain) -> Vec<u64> {
        let mut all = vec![
            hash(&("looks", domain.skeleton.as_str())),
            hash(&("squeezed", domain.squeezed.as_str())),
            hash(&("unhyphened", domain.unhyphened.as_slice())),
        ];
        let letters = domain.letters.as_slice();
        if letters.len() <= LONGEST {
            let slips = if letters.len() + 1 < TWO_SLIPS_FROM { 1 } else { self.slips };
            leave_out(letters, slips, 0, &mut all);
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The letters, and the letters with up to `slips` of them left out, each from `from` on.
fn leave_out(letters: &[char], slips: usize, from: usize, all: &mut Vec<u64>) {
    all.push(hash(&("letters", letters)));
    if slips == 0 {
        return;
    }
    for at in from..letters.len() {
        let mut rest = letters.to_vec();
        rest.remove(at);
        leave_out(&rest, slips - 1, at, all);
    }
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
        let (mut thorough, mut sparing) = (Near::thorough(), Near::sparing());
        for (number, domain) in (0..).zip(["kita-hoan.example.com", "minami-hoken.co.jp", "nec.co.jp"]) {
            thorough.add(&Domain::new(domain), number);
            sparing.add(&Domain::new(domain), number);
        }
        for (written, meant) in [
            ("kita-hoan.example.con", 0),
            ("minami-hokan.co.jp", 1),
            ("minami-hokenn.co.jp", 1),
            ("minmai-hoken.co.jp", 1),
            ("minamihoken.co.jp", 1),
            ("minami-hoken.com", 1),
            ("minami-hoken.cojp", 1),
            ("minami-hoken.co.jp.com", 1),
            ("nec.com", 2),
        ] {
            assert_eq!(sparing.of(&Domain::new(written)), [meant], "{written}");
            assert_eq!(thorough.of(&Domain::new(written)), [meant], "{written}");
        }
        assert_eq!(thorough.of(&Domain::new("minmai-hokne.co.jp")), [1]);
        assert!(thorough.of(&Domain::new("tokyo-gas.co.jp")).is_empty());
    }
}
