//! Domains by what they could be mistaken for.
//!
//! In: known domains. Out: those that a written one could be a slip for: those that have its looks or its letters in common,
//! its name under another suffix, its name once one character is left out on either side (symmetric deletion, as in
//! SymSpell), or, of long names under one suffix, the same letters but for two. It offers too many rather than too few;
//! whether it is a slip says `lookalike_domain`. Almost nothing that is written is a slip, so finding nothing must be
//! cheap. Deliberately absent: removal; whoever asks looks whether a domain still counts.

use std::collections::HashMap;

use super::{domain::Domain, keyed::Keyed, spelled::looks};

/// A longer name is compared by its letters and its looks only.
pub(super) const LONGEST: usize = 40;
/// From here on two slips are looked for, where that is wanted.
const TWO_SLIPS_FROM: usize = 10;

/// Known domains, each with a number.
#[derive(Debug)]
pub(super) struct Near {
    /// A spelling → one domain's number; another one of the same spelling has the next place of it.
    spellings: Keyed<u64, u32>,
    /// A bit for each spelling, since nearly all that are looked up are none.
    seen: Vec<u64>,
    /// Long names in which two slips are looked for, by what two slips leave as it is; none where one is enough.
    long: Option<Keyed<u64, Vec<Long>>>,
}

/// A long name.
#[derive(Debug)]
struct Long {
    letters: u64,
    number: u32,
}

impl Default for Near {
    fn default() -> Self {
        Self::thorough()
    }
}

impl Near {
    /// For a few domains: one slip is found, and two in a long name.
    pub(super) fn thorough() -> Self {
        Self { long: Some(Keyed::default()), ..Self::sparing() }
    }

    /// For very many: one slip is found.
    pub(super) fn sparing() -> Self {
        Self { spellings: HashMap::default(), seen: vec![0; 64], long: None }
    }

    /// Takes note of a domain and its number.
    pub(super) fn add(&mut self, domain: &Domain, number: u32) {
        let sought = Sought::new(domain);
        for &spelling in sought.spellings.iter().chain(&[hash(NAME, domain.name().chars())]) {
            let free = places(spelling).find(|place| self.spellings.get(place).is_none_or(|known| *known == number));
            free.and_then(|place| self.spellings.insert(place, number));
            self.see(spelling);
        }
        if let Some(long) = &mut self.long
            && let Some((letters, length)) = sought.long
        {
            long.entry(sought.frame(length)).or_default().push(Long { letters, number });
        }
    }

    /// The numbers of those that may be meant, ascending.
    pub(super) fn of(&self, written: &Sought) -> Vec<u32> {
        let mut numbers = Vec::new();
        for spelling in written.spellings.iter().chain(&written.points).filter(|spelling| self.has_seen(**spelling)) {
            numbers.extend(places(*spelling).map_while(|place| self.spellings.get(&place)));
        }
        if let Some(long) = &self.long
            && let Some((letters, length)) = written.long
        {
            let two_slips = |other: usize| long.get(&written.frame(other)).into_iter().flatten();
            numbers.extend(two_slips(length).filter(|long| long.letters == letters).map(|long| long.number));
            // Two letters more, or two fewer.
            numbers.extend(two_slips(length + 2).filter(|long| letters & !long.letters == 0).map(|long| long.number));
            numbers.extend(two_slips(length - 2).filter(|long| long.letters & !letters == 0).map(|long| long.number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn see(&mut self, spelling: u64) {
        if self.spellings.len() > self.seen.len() * 8 {
            self.seen = vec![0; self.seen.len() * 4];
            // The place of a second number is no spelling of its own, and does no harm.
            let all: Vec<u64> = self.spellings.keys().copied().collect();
            all.into_iter().for_each(|spelling| self.see(spelling));
        }
        let (word, bit) = self.bit(spelling);
        if let Some(word) = self.seen.get_mut(word) {
            *word |= bit;
        }
    }

    fn has_seen(&self, spelling: u64) -> bool {
        let (word, bit) = self.bit(spelling);
        self.seen.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Which bit stands for a spelling; there are a power of two of them.
    fn bit(&self, spelling: u64) -> (usize, u64) {
        let word = (spelling >> 6) as usize & (self.seen.len() - 1);
        (word, 1 << (spelling % 64))
    }
}

/// What a domain is looked up by; the same for all that are known.
#[derive(Debug)]
pub(super) struct Sought {
    /// Its looks and letters, and the latter with each of them left out.
    spellings: Vec<u64>,
    /// A name under another suffix: where the suffix begins is not known, so every point may be the one.
    points: Vec<u64>,
    /// The first letter and the suffix, which two slips leave as they are.
    frame: u64,
    /// Of a long name: which letters are in it, and how many.
    long: Option<(u64, usize)>,
}

/// Kinds of spellings.
const LOOKS: u64 = 1;
const SQUEEZED: u64 = 2;
const UNHYPHENED: u64 = 3;
const LETTERS: u64 = 4;
const NAME: u64 = 5;
const FRAME: u64 = 6;

impl Sought {
    pub(super) fn new(written: &Domain) -> Self {
        let (name, text) = (written.name(), written.text.as_str());
        let length = name.chars().count();
        let mut spellings = Vec::with_capacity(length.min(LONGEST) + 4);
        spellings.push(hash(LOOKS, looks(text).chars()));
        spellings.push(hash(SQUEEZED, text.chars().filter(|c| !matches!(c, '.' | '-'))));
        spellings.push(hash(UNHYPHENED, name.chars().filter(|c| *c != '-')));
        if length <= LONGEST {
            leave_out(name, &mut spellings);
        }
        let points = Points { before: 0, rest: text.chars() };
        let mask = || name.chars().fold(0, |mask, c| mask | 1 << (u32::from(c) % u64::BITS));
        Self {
            spellings,
            points: points.collect(),
            frame: hash(FRAME, name.chars().next().into_iter().chain(written.suffix().chars())),
            long: (TWO_SLIPS_FROM..=LONGEST).contains(&length).then(|| (mask(), length)),
        }
    }

    /// What two slips leave as it is, in a name of so many letters.
    fn frame(&self, length: usize) -> u64 {
        self.frame.wrapping_add(length as u64)
    }
}

/// The names that end before a point.
struct Points<'t> {
    before: u64,
    rest: std::str::Chars<'t>,
}

impl Iterator for Points<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        loop {
            let name = self.before;
            let c = self.rest.next()?;
            self.before = grown(name, c);
            if c == '.' {
                return Some(mixed(NAME, name));
            }
        }
    }
}

/// A name, and the name with each of its letters left out.
fn leave_out(name: &str, all: &mut Vec<u64>) {
    // What stands before each letter, from the front; then what stands behind it, from the back, and by how much that
    // moves what stands before it.
    let mut fronts = [0u64; LONGEST];
    let mut whole = 0u64;
    for (front, c) in fronts.iter_mut().zip(name.chars()) {
        *front = whole;
        whole = grown(whole, c);
    }
    all.push(mixed(LETTERS, whole));
    let (mut back, mut shift) = (0u64, 1u64);
    let length = name.chars().count();
    for (front, c) in fronts.iter().take(length).rev().zip(name.chars().rev()) {
        all.push(mixed(LETTERS, front.wrapping_mul(shift).wrapping_add(back)));
        back = back.wrapping_add(u64::from(u32::from(c)).wrapping_add(1).wrapping_mul(shift));
        shift = shift.wrapping_mul(BASE);
    }
}

/// A polynomial, so that a text with one letter left out costs no more than a step. It is never kept, and two texts that
/// share a hash are two candidates.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

fn hash(kind: u64, text: impl Iterator<Item = char>) -> u64 {
    mixed(kind, text.fold(0, grown))
}

fn grown(hash: u64, c: char) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(u64::from(u32::from(c)).wrapping_add(1))
}

/// All bits depend on all (the last steps of MurmurHash3).
fn mixed(kind: u64, hash: u64) -> u64 {
    let hash = (hash ^ kind.wrapping_mul(BASE)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^ (hash >> 33)
}

/// Where the numbers of one spelling are kept, one after the other.
fn places(spelling: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(spelling), |place| Some(place.wrapping_add(BASE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(near: &Near, written: &str) -> Vec<u32> {
        near.of(&Sought::new(&Domain::new(written)))
    }

    #[test]
    fn slips_are_found_and_little_else() {
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
            assert_eq!(found(&sparing, written), [meant], "{written}");
            assert_eq!(found(&thorough, written), [meant], "{written}");
        }
        for written in ["minmai-hokne.co.jp", "minami-hokeenn.co.jp", "minamihken.co.jp"] {
            assert_eq!(found(&thorough, written), [1], "{written}");
        }
        assert!(found(&thorough, "tokyo-gas.co.jp").is_empty());
    }

    #[test]
    fn domains_of_one_spelling_are_all_found() {
        let mut near = Near::sparing();
        for (number, suffix) in (0..).zip(["jp", "com", "net", "org", "co.jp"]) {
            near.add(&Domain::new(&format!("kita-hoan.{suffix}")), number);
            near.add(&Domain::new(&format!("kita-hoan.{suffix}")), number);
        }
        assert_eq!(found(&near, "kitahoan.info"), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn among_very_many_each_is_found() {
        let mut near = Near::thorough();
        let domain = |number: u32| format!("kaisha-{number}.co.jp");
        (0..2_000).for_each(|number| near.add(&Domain::new(&domain(number)), number));
        assert!((0..2_000).all(|number| found(&near, &domain(number)).contains(&number)));
        assert!(found(&near, "tokyo-gas.co.jp").is_empty());
    }
}
