//! Where can a pattern match at all?
//!
//! In: the syntax trees of all patterns. Out: [`Starts`], which runs over a text and stops at the places where some
//! pattern's first bytes stand ([`Starts::next`]); everywhere else none can begin. A place costs one look into a table
//! of bits, however many patterns there are. A pattern that may begin with any word (`[a-z]+@…`) is looked for by the
//! sign in it instead, and back from there. Deliberately absent: whether it does match ([`super::patterns`]).

use regex_syntax::hir::Hir;

use super::prefixes::{Bytes, Prefix, prefixes};
use super::signs::{Seen, Sign, bytes_of};

/// Bits of the hash of three bytes, and of six.
const SHORT: u32 = 20;
const LONG: u32 = 18;
/// More beginnings of three bytes than this are taken for all there are.
const MANY: usize = 300_000;
/// More of six bytes are known by their first three alone.
const FEW: usize = 4_096;

/// Tells where patterns may begin.
#[derive(Debug)]
pub(super) struct Starts {
    /// By the hash of three bytes: some pattern begins so. The second half is for places after a letter or digit.
    any: Bits,
    /// Of those: three bytes are all that is known.
    brief: Bits,
    /// By the hash of six bytes.
    long: Bits,
    /// By the hash of three bytes: patterns that match one word of letters and digits, such as a tax number.
    word: Bits,
    /// Such a word is so long at least.
    word_length: usize,
    signs: Vec<Sign>,
}

/// How far a text has been searched for signs.
#[derive(Debug, Default)]
pub(super) struct Looked(Vec<Seen>);

impl Starts {
    /// For these patterns.
    pub(super) fn of(patterns: &[Hir]) -> Self {
        let mut starts = Self {
            any: Bits::new(),
            brief: Bits::new(),
            long: Bits::new(),
            word: Bits::new(),
            word_length: 16,
            signs: Vec::new(),
        };
        for pattern in patterns {
            let beginnings = prefixes(pattern);
            match Sign::of(pattern, &beginnings) {
                Some(sign) => sign.join(&mut starts.signs),
                None => beginnings.iter().for_each(|prefix| starts.add(prefix, word_length(pattern))),
            }
        }
        starts
    }

    /// The first place from `at` on where a pattern may begin.
    pub(super) fn next(&self, text: &[u8], at: usize, looked: &mut Looked) -> Option<usize> {
        looked.0.resize_with(self.signs.len(), Seen::default);
        let signs = self.signs.iter().zip(&mut looked.0);
        let sign = signs.filter_map(|(sign, seen)| sign.next(text, at, seen)).min();
        // What stands behind the sign's place is of no interest yet.
        let end = sign.map_or(text.len(), |sign| (sign + 8).min(text.len()));
        let found = self.begins(text.get(..end).unwrap_or(text), at, end == text.len());
        match (found, sign) {
            (Some(found), Some(sign)) => Some(found.min(sign)),
            (found, sign) => found.or(sign),
        }
    }

    fn begins(&self, text: &[u8], at: usize, whole: bool) -> Option<usize> {
        let mut place = at;
        let judged = text.len().saturating_sub(2);
        while place < judged {
            // Kanji and kana are three bytes each, and only the first of them can begin anything.
            let three = text.get(place).is_some_and(|byte| (0xE0..0xF0).contains(byte));
            let around = place.checked_sub(1).and_then(|before| text.get(before..)?.first_chunk::<11>());
            if three || around.is_none_or(|around| !around.is_ascii()) {
                if self.is_start(text, place, whole) {
                    return Some(place);
                }
                place += if three { 3 } else { 1 };
                continue;
            }
            // Elsewhere eight places at a time, with the byte before and the two behind.
            let mut begin = around.map_or(0, |around| self.eight(around));
            while begin != 0 {
                let found = place + begin.trailing_zeros() as usize;
                if self.is_start(text, found, whole) {
                    return Some(found);
                }
                begin &= begin - 1;
            }
            place += 8;
        }
        // At the end there are no three bytes to judge by.
        (whole && place < text.len()).then_some(place)
    }

    /// Which of eight places some pattern may begin at, a bit each, by three bytes.
    #[inline]
    fn eight(&self, around: &[u8; 11]) -> u32 {
        let mut begin = 0;
        for (place, four) in around.windows(4).enumerate() {
            let &[before, a, b, c] = four else { continue };
            let slot = short(a, b, c) | (usize::from(is_word(before)) << SHORT);
            begin |= u32::from(self.any.has(slot)) << place;
        }
        begin
    }

    /// Whether some pattern may begin at `place`, by six bytes.
    fn is_start(&self, text: &[u8], place: usize, whole: bool) -> bool {
        let Some(&[a, b, c]) = text.get(place..).and_then(|rest| rest.first_chunk::<3>()) else { return whole };
        let before = place.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|&b| is_word(b));
        let slot = short(a, b, c) | (usize::from(before) << SHORT);
        self.any.has(slot)
            && (self.brief.has(slot)
                || self.goes_on(text, place, whole)
                || (self.word.has(slot) && self.is_long_word(text, place, whole)))
    }

    #[inline]
    fn goes_on(&self, text: &[u8], place: usize, whole: bool) -> bool {
        match text.get(place..).and_then(|rest| rest.first_chunk::<6>()) {
            Some(six) => self.long.has(long(six)),
            None => whole,
        }
    }

    fn is_long_word(&self, text: &[u8], place: usize, whole: bool) -> bool {
        match text.get(place..place.saturating_add(self.word_length)) {
            Some(word) => word.iter().rev().all(|&byte| is_word(byte)),
            None => !whole && text.get(place..).is_some_and(|rest| rest.iter().all(|&byte| is_word(byte))),
        }
    }

    fn add(&mut self, prefix: &Prefix, word: Option<usize>) {
        let mut sets = prefix.sets.clone();
        let known = sets.len();
        while sets.len() < 3 {
            sets.push(Bytes::all());
        }
        let count = |sets: &[Bytes]| sets.iter().fold(1_usize, |all, set| all.saturating_mul(set.count()));
        let (head, tail) = sets.split_at(3);
        if count(head) > MANY {
            self.any.fill();
            self.brief.fill();
            return;
        }
        let all = known >= 6 && count(&sets) <= FEW;
        let mut words = vec![[0; 6]];
        extend(&mut words, 0, head);
        for &[a, b, c, ..] in &words {
            for after_word in [false, true] {
                // A boundary stands between a letter and none.
                if !prefix.edge || is_word(a) != after_word {
                    let slot = short(a, b, c) | (usize::from(after_word) << SHORT);
                    self.any.set(slot);
                    match word {
                        _ if all => {}
                        Some(length) => {
                            self.word.set(slot);
                            self.word_length = self.word_length.min(length);
                        }
                        None => self.brief.set(slot),
                    }
                }
            }
        }
        if all {
            extend(&mut words, 3, tail);
            words.iter().for_each(|six| self.long.set(long(six)));
        }
    }
}

/// How long the matches of `pattern` are at least, where they are letters and digits and nothing else.
fn word_length(pattern: &Hir) -> Option<usize> {
    let length = pattern.properties().minimum_len()?;
    (length >= 8 && bytes_of(pattern).bytes().all(is_word)).then_some(length)
}

/// Each of `words` with each way to go on.
fn extend(words: &mut Vec<[u8; 6]>, from: usize, sets: &[Bytes]) {
    for (place, set) in (from..).zip(sets) {
        let bytes: Vec<u8> = set.bytes().collect();
        let mut longer = Vec::with_capacity(words.len() * bytes.len());
        for word in words.iter() {
            for &byte in &bytes {
                let mut word = *word;
                if let Some(slot) = word.get_mut(place) {
                    *slot = byte;
                }
                longer.push(word);
            }
        }
        *words = longer;
    }
}

/// What `(?-u:\b)` takes for a letter.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
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

#[inline]
fn short(a: u8, b: u8, c: u8) -> usize {
    let hash = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9E37_79B1) >> (32 - SHORT);
    hash as usize
}

#[inline]
fn long(six: &[u8; 6]) -> usize {
    let &[a, b, c, d, e, f] = six;
    let hash = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - LONG);
    usize::try_from(hash).unwrap_or_default()
}

/// A table of bits.
#[derive(Debug)]
struct Bits(Box<[u64; WORDS]>);

/// Each table has 2²¹ bits.
const WORDS: usize = 1 << (21 - 6);

impl Bits {
    fn new() -> Self {
        Self(vec![0; WORDS].into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; WORDS])))
    }

    #[inline]
    fn has(&self, bit: usize) -> bool {
        self.0[(bit >> 6) % WORDS] >> (bit & 63) & 1 == 1
    }

    fn set(&mut self, bit: usize) {
        self.0[(bit >> 6) % WORDS] |= 1 << (bit & 63);
    }

    fn fill(&mut self) {
        self.0.fill(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::util::syntax;

    use super::*;

    fn places(patterns: &[&str], text: &str) -> Vec<usize> {
        let trees: Vec<Hir> = patterns.iter().map(|pattern| syntax::parse(pattern).unwrap()).collect();
        let starts = Starts::of(&trees);
        let mut looked = Looked::default();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(place) = starts.next(text.as_bytes(), at, &mut looked) {
            found.push(place);
            at = place + 1;
        }
        found
    }

    #[test]
    fn a_pattern_may_begin_where_its_first_bytes_stand() {
        let text = "お客様 様々 09 1234 x1234 end";
        let at = |needle: &str| text.find(needle).unwrap();
        let found = places(&["様", r"(?-u:\b)[0-9]{4}(?-u:\b)", "(?i)END"], text);
        for needle in ["様 ", "様々", "1234 x", "end"] {
            assert!(found.contains(&at(needle)), "{needle}");
        }
        assert!(!found.contains(&at("09")) && !found.contains(&(at("x1234") + 1)), "{found:?}");
        assert!(found.len() <= 7, "{found:?}");
    }

    #[test]
    fn a_long_word_of_letters_and_digits_is_looked_for_by_its_length() {
        let text = "many ordinary words, ABCDE1234F among them and xABCDE1234F";
        let found = places(&[r"(?i-u:\b[a-z]{5}[0-9]{4}[a-z]\b)"], text);
        assert_eq!(found.first(), text.find("ABCDE").as_ref());
        assert!(found.len() <= 4, "{found:?}");
        assert_eq!(places(&[r"(?i-u:\b[a-z]{5}[0-9]{4}[a-z]\b)"], "ABCDE1234F").first(), Some(&0));
    }

    #[test]
    fn a_sign_is_looked_for_instead_of_any_word() {
        let text = "words without end, and write to taro.yamada@example.jp or to a@b and others";
        let found = places(&[r"(?-u:\b)[a-z0-9][a-z0-9._]*@[a-z]+\.[a-z]{2}"], text);
        assert_eq!(found.first(), text.find("taro").as_ref());
        assert!(found.len() <= 5, "{found:?}");
    }
}
