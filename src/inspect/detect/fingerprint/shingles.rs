//! Letters → the hash of each stretch of them that is long enough.
//!
//! In: letters, one after another. Out: with each letter the hash of the shortest stretch that ends with it and weighs
//! [`WEIGHT`]: 16 Chinese or Japanese letters, or 32 others. One rule for both, because a kanji tells about as much as a
//! pair of Latin letters, and because texts mix them. The hash rolls (cyclic polynomial, Cohen 1997): a letter comes in
//! and another goes out at the cost of a few rotations. Deliberately absent: which of them matter ([`super::winnow`]).

use super::keyed::Keys;

/// What a stretch weighs.
pub(super) const WEIGHT: usize = 32;

/// Room for the letters of a stretch; a power of two.
const ROOM: usize = 64;

/// The stretch that ends with the last letter.
#[derive(Debug)]
pub(super) struct Shingles {
    keys: Keys,
    /// The hashes of the letters of ASCII.
    usual: [u64; 128],
    /// Hash and weight of its letters, round and round.
    letters: [(u64, u8); ROOM],
    first: usize,
    length: u32,
    weight: usize,
    hash: u64,
}

impl Shingles {
    pub(super) fn new(keys: &Keys) -> Self {
        let usual = std::array::from_fn(|code| keys.letter(u8::try_from(code).map_or('\0', char::from)));
        Self { keys: keys.clone(), usual, letters: [(0, 0); ROOM], first: 0, length: 0, weight: 0, hash: 0 }
    }

    /// Takes the next letter; the hash of the stretch, if it is long enough.
    pub(super) fn push(&mut self, letter: char) -> Option<u64> {
        let weight = if letter < '\u{2E80}' { 1 } else { 2 };
        let usual = usize::try_from(u32::from(letter)).ok().and_then(|code| self.usual.get(code));
        let hash = usual.copied().unwrap_or_else(|| self.keys.letter(letter));
        self.hash = self.hash.rotate_left(1) ^ hash;
        let last = self.first + usize::try_from(self.length).unwrap_or_default();
        if let Some(slot) = self.letters.get_mut(last % ROOM) {
            *slot = (hash, weight);
        }
        self.length += 1;
        self.weight += usize::from(weight);
        while let Some(&(hash, weight)) = self.letters.get(self.first % ROOM)
            && self.weight >= WEIGHT + usize::from(weight)
        {
            self.hash ^= hash.rotate_left(self.length - 1);
            self.weight -= usize::from(weight);
            self.first = (self.first + 1) % ROOM;
            self.length -= 1;
        }
        (self.weight >= WEIGHT).then_some(self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_rolls_to_what_the_stretch_alone_has() {
        let keys = Keys::new(b"secret", &[3; 16]);
        let text: Vec<char> = "甲はabcdefghijklmnopqrstuvwxyz乙に対しthe receiving partyの書面".chars().collect();
        let last = |letters: &[char]| {
            let mut shingles = Shingles::new(&keys);
            letters.iter().map(|&letter| shingles.push(letter)).last().flatten()
        };
        let mut seen = 0;
        for end in 1..=text.len() {
            let Some(rolled) = last(&text[..end]) else { continue };
            let weigh = |letters: &[char]| letters.iter().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
            let start = (0..end).rfind(|&start| weigh(&text[start..end]) >= WEIGHT).unwrap();
            assert_eq!(last(&text[start..end]), Some(rolled), "{end}");
            assert_eq!(last(&text[start + 1..end]), None);
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}
