//! The two keyed hashes of exact data.
//!
//! In: the organisation's key, the salt of an index, and letters. Out: for each stretch of a line, at the cost of a few
//! multiplications, a hash that the filter is asked for; and of what the filter lets pass, SipHash-2-4. Without the key, of
//! an index nothing can be guessed; who has both can try numbers, so the key is kept apart. Deliberately absent: values.

use std::hash::Hasher;

use aws_lc_rs::hmac;
use siphasher::sip::SipHasher24;

/// What an index is made and read with.
#[derive(Clone)]
pub(super) struct Keys {
    sip: [u8; 16],
    /// The point at which letters are taken for the coefficients of a polynomial.
    point: u64,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// The Mersenne prime 2^61 - 1: two different values of 64 letters fall together once in 2^55 keys.
const PRIME: u64 = (1 << 61) - 1;

impl Keys {
    /// The keys of the index with this salt.
    pub(super) fn new(secret: &[u8], salt: &[u8]) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), salt);
        let mut sip = [0; 16];
        let mut point = [0; 8];
        for (to, from) in sip.iter_mut().chain(&mut point).zip(tag.as_ref()) {
            *to = *from;
        }
        Self { sip, point: u64::from_le_bytes(point) % (PRIME - 1_024) + 1_000 }
    }

    /// The hash that entries are found by.
    pub(super) fn hash(&self, letters: impl Iterator<Item = char>) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.sip);
        letters.for_each(|letter| hasher.write_u32(u32::from(letter).to_le()));
        hasher.finish()
    }

    /// The hash that the filter is asked for.
    pub(super) fn quick(&self, letters: &[char]) -> u64 {
        letters.iter().fold(0, |sum, &letter| add(multiply(sum, self.point), u64::from(u32::from(letter)) + 1))
    }
}

/// The quick hash of every stretch of one line.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    /// Of the first letters, from none to all.
    sums: Vec<u64>,
    powers: Vec<u64>,
}

impl Stretches {
    /// Takes a line.
    pub(super) fn take(&mut self, keys: &Keys, letters: impl Iterator<Item = char>) {
        if self.powers.is_empty() {
            let powers = std::iter::successors(Some(1), |&power| Some(multiply(power, keys.point)));
            self.powers = powers.take(super::canonical::LONGEST + 1).collect();
        }
        self.sums.clear();
        self.sums.push(0);
        let mut sum = 0;
        for letter in letters {
            sum = add(multiply(sum, keys.point), u64::from(u32::from(letter)) + 1);
            self.sums.push(sum);
        }
    }

    /// The hash of `length` letters from the letter `start`.
    pub(super) fn of(&self, start: usize, length: usize) -> Option<u64> {
        let (before, power) = (*self.sums.get(start)?, *self.powers.get(length)?);
        let all = *self.sums.get(start + length)?;
        Some(add(all, PRIME - multiply(before, power)))
    }
}

fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let low = u64::try_from(product & u128::from(PRIME)).unwrap_or_default();
    let high = u64::try_from(product >> 61).unwrap_or_default();
    add(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_hashes_as_the_value_alone() {
        let keys = Keys::new(b"secret", b"salt");
        let line: Vec<char> = "東京都港区の山田太郎です09012345678".chars().collect();
        let mut stretches = Stretches::default();
        stretches.take(&keys, line.iter().copied());
        for start in 0..line.len() {
            for length in 1..=line.len() - start {
                assert_eq!(stretches.of(start, length), Some(keys.quick(&line[start..start + length])));
            }
        }
        assert_eq!(stretches.of(3, line.len()), None);
    }

    #[test]
    fn another_key_or_salt_gives_other_hashes() {
        let hashes = |secret: &[u8], salt: &[u8]| {
            let keys = Keys::new(secret, salt);
            (keys.hash("山田太郎".chars()), keys.quick(&['山', '田']))
        };
        assert_eq!(hashes(b"a", b"s"), hashes(b"a", b"s"));
        for (other, salt) in [(b"b", b"s"), (b"a", b"t")] {
            let (one, two) = (hashes(b"a", b"s"), hashes(other, salt));
            assert!(one.0 != two.0 && one.1 != two.1);
        }
    }
}
