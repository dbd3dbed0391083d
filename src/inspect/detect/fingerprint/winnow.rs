//! The shingles of a document → its fingerprint.
//!
//! In: the letters of a document. Out: a [`Print`]: of every [`WINDOW`] shingles in a row the one with the least hash, the
//! rightmost of several, which is about one in sixteen of all, and in each run of `WINDOW` of them at least one. Deliberately
//! absent: where in the document they stood.

use serde::{Deserialize, Serialize};

use super::keyed::Keys;
use super::letters::Letters;
use super::shingles::Shingles;

/// As many shingles in a row have one that is kept.
pub(super) const WINDOW: usize = 32;

/// As many of a mail.
pub(super) const SIEVE: usize = WINDOW / 2;

/// A fingerprint has no more than this; half of it, some eight million letters' worth, always fits.
const MOST: usize = 1 << 20;

/// What is kept of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Print {
    /// How many letters the document has.
    pub letters: u64,
    /// Keyed hashes of the shingles that were chosen, each once, ascending.
    pub(super) hashes: Vec<u64>,
    /// The first eight bits of the greatest of them before it was keyed: what is above was never chosen.
    pub(super) ceiling: u8,
    /// Whether the document has more than a fingerprint may have.
    pub is_cut: bool,
}

impl Print {
    /// How many hashes there are.
    pub fn size(&self) -> usize {
        self.hashes.len()
    }
}

/// The first eight bits of a shingle's hash.
pub(super) fn height(shingle: u64) -> u8 {
    shingle.to_be_bytes()[0]
}

/// Of each window the rightmost least.
#[derive(Debug)]
pub(super) struct Winnow {
    window: usize,
    /// How many came; the last of them round and round.
    count: usize,
    last: [u64; WINDOW],
    /// The least of this window and its number.
    least: u64,
    at: usize,
}

impl Winnow {
    /// One with windows of no more than [`WINDOW`].
    pub(super) fn new(window: usize) -> Self {
        Self { window, count: 0, last: [0; WINDOW], least: u64::MAX, at: 0 }
    }

    /// Takes the next shingle; what is chosen now and was not before.
    pub(super) fn push(&mut self, shingle: u64) -> Option<u64> {
        self.count += 1;
        if let Some(slot) = self.last.get_mut(self.count % WINDOW) {
            *slot = shingle;
        }
        let before = self.at;
        if shingle <= self.least {
            (self.least, self.at) = (shingle, self.count);
        } else if self.at + self.window <= self.count {
            self.least = u64::MAX;
            for number in self.count + 1 - self.window..=self.count {
                if let Some(&shingle) = self.last.get(number % WINDOW)
                    && shingle <= self.least
                {
                    (self.least, self.at) = (shingle, number);
                }
            }
        }
        let is_new = self.at != before || self.count == self.window;
        (is_new && self.count >= self.window).then_some(self.least)
    }

    /// What is chosen of a text that is shorter than a window.
    pub(super) fn finish(self) -> Option<u64> {
        (0 < self.count && self.count < self.window).then_some(self.least)
    }
}

/// Takes the fingerprint of one document.
#[derive(Debug)]
pub(super) struct Press {
    keys: Keys,
    letters: Letters,
    shingles: Shingles,
    winnow: Winnow,
    print: Print,
}

impl Press {
    pub(super) fn new(keys: &Keys) -> Self {
        Self {
            keys: keys.clone(),
            letters: Letters::default(),
            shingles: Shingles::new(keys),
            winnow: Winnow::new(WINDOW),
            print: Print::default(),
        }
    }

    /// Reads normalised text; it goes on where the last ended.
    pub(super) fn text(&mut self, text: &str) {
        let Self { keys, letters, shingles, winnow, print } = self;
        letters.of(text, |letter, _| {
            print.letters += 1;
            if let Some(chosen) = shingles.push(letter).and_then(|shingle| winnow.push(shingle)) {
                keep(print, keys, chosen);
            }
        });
    }

    pub(super) fn finish(mut self) -> Print {
        if let Some(chosen) = self.winnow.finish() {
            keep(&mut self.print, &self.keys, chosen);
        }
        self.print.hashes.sort_unstable();
        self.print.hashes.dedup();
        self.print
    }
}

fn keep(print: &mut Print, keys: &Keys, chosen: u64) {
    if print.hashes.len() >= MOST {
        // A text that repeats itself has not that many different ones.
        print.hashes.sort_unstable();
        print.hashes.dedup();
        print.is_cut |= print.hashes.len() > MOST / 2;
    }
    if !print.is_cut {
        print.ceiling = print.ceiling.max(height(chosen));
        print.hashes.push(keys.kept(chosen));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_window_has_its_rightmost_least() {
        let mut seed = 1_u64;
        let shingles: Vec<u64> = (0..2_000)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Few different ones, so that windows have several least.
                seed >> 58
            })
            .collect();
        for window in [SIEVE, WINDOW] {
            let mut winnow = Winnow::new(window);
            let chosen: Vec<u64> = shingles.iter().filter_map(|&shingle| winnow.push(shingle)).collect();
            let mut expected = Vec::new();
            let mut before = None;
            for (start, window) in shingles.windows(window).enumerate() {
                let least = window.iter().min().unwrap();
                let at = start + window.iter().rposition(|shingle| shingle == least).unwrap();
                if before.replace(at) != Some(at) {
                    expected.push(*least);
                }
            }
            assert_eq!(chosen, expected);
        }
        let mut short = Winnow::new(SIEVE);
        assert!([5, 3, 3, 9].iter().all(|&shingle| short.push(shingle).is_none()));
        assert_eq!((short.finish(), Winnow::new(SIEVE).finish()), (Some(3), None));
    }
}
