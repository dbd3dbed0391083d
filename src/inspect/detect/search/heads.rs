//! What bytes are to the beginnings of patterns.
//!
//! In: the bytes at a place. Out: where in the tables of [`super::starts`] they are looked up: three as a place among
//! classes, the next as one of eight kinds, eight as two places in a table of bits ([`Bits`]). Deliberately absent: the
//! tables' content.

use super::prefixes::Bytes;
use crate::inspect::detect::words::vocabulary::lowered;

/// Three classes of ASCII have a bit each, and one more says what stands before; each kanji and kana has one, too.
pub(super) const NARROW: usize = 1 << 19;
pub(super) const WIDE: usize = 1 << 16;
/// Bits of a hash of eight, six or four bytes, as [`folded`].
pub(crate) const LONG: u32 = 21;
/// More of eight bytes are known by their first six, of six by their first four, and of four by their first three.
pub(crate) const FEW: usize = 2_500;

/// What `(?-u:\b)` takes for a letter.
#[inline]
pub(crate) fn is_word(byte: u8) -> bool {
    const WORD: [bool; 256] = {
        let mut word = [false; 256];
        let mut byte = 0;
        while byte < 128 {
            word[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
            byte += 1;
        }
        word
    };
    WORD[byte as usize]
}

/// Bytes of these classes are what `(?-u:\b)` takes for a letter.
pub(crate) const WORDS: u8 = 54;

/// What bytes of ASCII are to beginnings: letters are one by one, digits are alike, and so is what is rare. The tables
/// are small enough for it to be at hand all the time.
#[inline]
pub(crate) fn class(byte: u8) -> u8 {
    const CLASSES: [u8; 256] = {
        let mut classes = [63; 256];
        let mut byte = 0;
        while byte < 128 {
            let ascii = byte as u8;
            classes[byte] = match ascii {
                b'a'..=b'z' => ascii - b'a',
                b'A'..=b'Z' => ascii - b'A' + 26,
                b'0'..=b'9' => 52,
                b'_' => 53,
                b' ' => WORDS,
                b'-' => 55,
                b'.' => 56,
                b':' => 57,
                b'+' => 58,
                b'(' => 59,
                b'/' => 60,
                b'=' => 61,
                b'\n' => 62,
                _ => 63,
            };
            byte += 1;
        }
        classes
    };
    CLASSES[byte as usize]
}

/// What a byte is to what it stands behind, one of eight bits: letters of a few, other parts of words, and all else.
#[inline]
pub(crate) fn kind(byte: u8) -> u8 {
    const KINDS: [u8; 256] = {
        let mut kinds = [1; 256];
        let mut byte = 0;
        while byte < 128 {
            let ascii = byte as u8;
            kinds[byte] = match ascii {
                b'a'..=b'z' => 4 << ((ascii - b'a') % 6),
                b'A'..=b'Z' | b'0'..=b'9' | b'_' => 2,
                _ => 1,
            };
            byte += 1;
        }
        kinds
    };
    KINDS[byte as usize]
}

/// The same of three bytes, mostly a kanji or kana.
#[inline]
pub(super) fn kind_of_three(d: u8, e: u8, f: u8) -> u8 {
    1 << ((u32::from(d) + 3 * u32::from(e) + 5 * u32::from(f)) & 7)
}

/// The kinds that the fourth to sixth byte may be.
pub(super) fn kinds_of_three(sets: &[Bytes]) -> u8 {
    let Some(&[d, e, f]) = sets.get(3..6).and_then(|sets| sets.first_chunk::<3>()) else { return u8::MAX };
    if d.count() * e.count() * f.count() > FEW {
        return u8::MAX;
    }
    let mut kinds = 0;
    for d in d.bytes() {
        e.bytes().for_each(|e| f.bytes().for_each(|f| kinds |= kind_of_three(d, e, f)));
    }
    kinds
}

/// The place of three classes.
#[inline]
pub(crate) fn narrow(after_word: bool, a: u8, b: u8, c: u8) -> usize {
    let six = |class: u8| usize::from(class & 0x3F);
    six(a) | six(b) << 6 | six(c) << 12 | usize::from(after_word) << 18
}

#[inline]
pub(crate) fn wide(a: u8, b: u8, c: u8) -> usize {
    NARROW | usize::from(a & 0x0F) << 12 | usize::from(b & 0x3F) << 6 | usize::from(c & 0x3F)
}

/// Capitals as small letters, and all digits as one: enough to tell words and the shapes of numbers.
#[inline]
pub(crate) fn folded(byte: u8) -> u8 {
    if byte.is_ascii_digit() { b'0' } else { byte.to_ascii_lowercase() }
}

/// All bytes of a word, each as [`folded`].
#[inline]
pub(super) fn all_folded(bytes: u64) -> u64 {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = EACH << 7;
    let (ascii, low) = (!bytes & TOPS, bytes & !TOPS);
    // The top of a byte tells whether it is no less than a character.
    let from = |character: u8| low + EACH * u64::from(0x80 - character);
    let digits = from(b'0') & !from(b'9' + 1) & ascii;
    lowered(bytes) & !((digits >> 7) * 0x0F)
}

/// The first of eight bytes, the others zero.
#[inline]
pub(crate) fn first(eight: u64, count: u32) -> u64 {
    eight & (u64::MAX >> (64 - 8 * count))
}

/// Two hashes of a word.
#[inline]
pub(crate) fn hashes(bytes: u64) -> (usize, usize) {
    let mixed = bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let part = |from: u32| (mixed >> from) as usize & ((1 << LONG) - 1);
    (part(64 - LONG), part(64 - 2 * LONG))
}

/// A table of bits.
#[derive(Debug)]
pub(crate) struct Bits(Box<[u64]>);

impl Bits {
    pub(crate) fn new(bits: usize) -> Self {
        Self(vec![0; bits.div_ceil(64)].into_boxed_slice())
    }

    #[inline]
    pub(crate) fn has(&self, bit: usize) -> bool {
        self.0.get(bit >> 6).is_some_and(|word| word >> (bit & 63) & 1 == 1)
    }

    pub(crate) fn set(&mut self, bit: usize) {
        if let Some(word) = self.0.get_mut(bit >> 6) {
            *word |= 1 << (bit & 63);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_folded_together_as_they_are_alone() {
        for byte in 0..=u8::MAX {
            let eight = [b'Z', byte, b'9', byte, 0xFF, byte, b':', b'@'];
            assert_eq!(all_folded(u64::from_le_bytes(eight)), u64::from_le_bytes(eight.map(folded)), "{byte}");
        }
    }
}
