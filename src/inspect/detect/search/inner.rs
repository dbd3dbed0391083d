//! Patterns that may begin within a word: `password` in `dbpassword`.
//!
//! In: how they begin. Out: where in a block one of them may ([`Inner::places`]). Nearly all places of a text lie within
//! words, so only every second is looked at: of five bytes that begin a pattern four stand there. Deliberately absent:
//! patterns that begin at a boundary, as most do ([`super::starts`]).

use super::heads::{FEW, is_word};
use super::marks::{AHEAD, BLOCK};
use super::prefixes::{Bytes, Prefix};

/// Bits of a hash of four bytes.
const HASH: u32 = 16;
/// So many bytes are looked up.
const WIDTH: usize = 4;

/// How patterns begin that may do so within a word.
#[derive(Debug)]
pub(super) struct Inner {
    /// By a hash of four bytes, the first or the second to fifth of such a pattern.
    fours: Box<[u64; 1 << (HASH - 6)]>,
    /// There are more than can be told apart: each place may be one.
    anywhere: bool,
}

impl Default for Inner {
    fn default() -> Self {
        Self { fours: Box::new([0; 1 << (HASH - 6)]), anywhere: false }
    }
}

impl Inner {
    /// Adds one way to begin, if it is one within words.
    pub(crate) fn add(&mut self, prefix: &Prefix) {
        let Some(first) = prefix.sets.first() else { return self.add_all() };
        if prefix.edge || !first.bytes().any(is_word) {
            return;
        }
        for from in [0, 1] {
            match prefix.sets.get(from..from + WIDTH).and_then(fours) {
                Some(fours) => fours.into_iter().for_each(|four| self.set(four)),
                None => self.add_all(),
            }
        }
    }

    fn set(&mut self, four: u32) {
        let hash = hash(four);
        if let Some(bits) = self.fours.get_mut(hash >> 6) {
            *bits |= 1 << (hash & 63);
        }
    }

    /// Takes any place for a beginning.
    pub(super) fn add_all(&mut self) {
        self.anywhere = true;
    }

    /// Where in the first block of `here` one of them may begin: a bit each, and a few too many.
    #[inline]
    pub(crate) fn places(&self, here: &[u8; BLOCK + AHEAD]) -> u64 {
        if self.anywhere {
            return u64::MAX;
        }
        let (eights, _) = here.as_chunks::<AHEAD>();
        let told = |four: u64| u64::from(self.has(four as u32));
        let mut places = 0;
        for (number, pair) in eights.windows(2).enumerate() {
            let &[eight, next] = pair else { break };
            let (eight, next) = (u64::from_le_bytes(eight), u64::from_le_bytes(next));
            let middle = eight >> 32 | next << 32;
            let here = told(eight) | told(eight >> 16) << 2 | told(middle) << 4 | told(middle >> 16) << 6;
            places |= here << (8 * number);
        }
        let next = eights.last().map_or(0, |&next| u64::from_le_bytes(next));
        // They are the first four, or one begins at the place before.
        places | places >> 1 | told(next) << (BLOCK - 1)
    }

    #[inline]
    fn has(&self, four: u32) -> bool {
        let hash = hash(four | FOLD);
        self.fours.get(hash >> 6).is_some_and(|bits| bits >> (hash & 63) & 1 == 1)
    }
}

/// Capitals are as small letters, and a few others as one.
const FOLD: u32 = u32::from_ne_bytes([0x20; WIDTH]);

#[inline]
fn hash(four: u32) -> usize {
    (four.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH)) as usize
}

/// All ways to write four bytes, folded; nothing if there are too many.
fn fours(sets: &[Bytes]) -> Option<Vec<u32>> {
    let folded = |set: &Bytes| set.bytes().map(|byte| byte | FOLD.to_ne_bytes()[0]).collect::<Bytes>();
    let sets: Vec<Bytes> = sets.iter().map(folded).collect();
    if sets.iter().fold(1_usize, |all, set| all.saturating_mul(set.count())) > FEW {
        return None;
    }
    let each =
        |(place, set): (usize, &Bytes)| set.bytes().map(|byte| u32::from(byte) << (8 * place)).collect::<Vec<_>>();
    let longer = |fours: Vec<u32>, next: Vec<u32>| {
        fours.iter().flat_map(|four| next.iter().map(move |byte| four | byte)).collect()
    };
    Some(sets.iter().enumerate().map(each).fold(vec![0], longer))
}
