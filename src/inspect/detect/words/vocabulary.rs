//! Some words, looked for all at once in a short text.
//!
//! In: words, then texts of a line or a few, many thousands a second. Out: where any of them stands, capitals as small
//! letters ([`Vocabulary::each`]). Three bytes at each place of the text are looked up in a small table, which
//! tells nearly all of them off; no place waits for the one before it, as it does in an automaton.
//! Deliberately absent: the boundaries of words ([`super::super::rules::rule::stands_as_word`]), and texts of megabytes
//! ([`super::super::search`]).

use std::ops::{ControlFlow, Range};

/// So many bytes of a word are looked up.
const HEAD: usize = 3;
/// Bits of a place in the table.
const BITS: u32 = 11;

/// Words to look for.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// By a hash of how words begin: whether any does so. Nothing at all without words.
    heads: Option<Box<[u8; 1 << BITS]>>,
    /// How each begins, and its number, in this order.
    words: Vec<(u64, usize, Box<str>)>,
    /// Words that are shorter than a head.
    short: Vec<(usize, Box<str>)>,
}

impl Vocabulary {
    pub(crate) fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut vocabulary = Self::default();
        for (number, word) in words.into_iter().enumerate().filter(|(_, word)| !word.is_empty()) {
            let heads = vocabulary.heads.get_or_insert_with(|| Box::new([0; 1 << BITS]));
            let mut begin = |head: u64| heads.get_mut(place(head)).into_iter().for_each(|begins| *begins = 1);
            let word: Box<str> = word.to_ascii_lowercase().into();
            match *word.as_bytes() {
                [a, b, c, ..] => {
                    let head = u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]);
                    begin(head);
                    vocabulary.words.push((head, number, word));
                }
                [a, b] => {
                    (0..=u8::MAX).for_each(|c| begin(u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0])));
                    vocabulary.short.push((number, word));
                }
                _ => {
                    heads.fill(1);
                    vocabulary.short.push((number, word));
                }
            }
        }
        vocabulary.words.sort();
        vocabulary
    }

    /// Calls `found` with the number and the place of each word that stands in `text`, in the order in which they begin,
    /// until it has enough.
    pub(crate) fn each(&self, text: &str, found: impl FnMut(usize, Range<usize>) -> ControlFlow<()>) {
        self.beginning_in(text, 0..text.len(), found);
    }

    /// As [`Self::each`], for the words that begin in a part of `text`, wherever they end, and perhaps a few behind it.
    pub(crate) fn beginning_in(
        &self,
        text: &str,
        part: Range<usize>,
        mut found: impl FnMut(usize, Range<usize>) -> ControlFlow<()>,
    ) {
        /// Heads that begin in eight bytes and end in them.
        const STEP: usize = 8 - HEAD + 1;
        let Some(heads) = self.heads.as_deref() else { return };
        let begins = |bytes: u64| heads.get(place(bytes)).copied().unwrap_or_default();
        let bytes = text.as_bytes();
        let mut at = part.start;
        while at < part.end
            && let Some(&eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>())
        {
            let lower = lowered(u64::from_le_bytes(eight));
            let begins_at = |place: usize| u32::from(begins(lower >> (8 * place))) << place;
            // Within a character of three bytes nothing begins.
            let two_characters = lower & 0xF000_00F0 == 0xE000_00E0;
            let mut left = if two_characters {
                begins_at(0) | begins_at(3)
            } else {
                (0..STEP).fold(0, |left, place| left | begins_at(place))
            };
            while left != 0 {
                let ahead = left.trailing_zeros() as usize;
                if self.at(text, at + ahead, lower >> (8 * ahead), &mut found).is_break() {
                    return;
                }
                left &= left - 1;
            }
            at += STEP;
        }
        // The last bytes; they may begin short words.
        for at in at..part.end.min(bytes.len()) {
            let mut last = [0; 8];
            last.iter_mut().zip(bytes.get(at..).unwrap_or_default()).for_each(|(slot, &byte)| *slot = byte);
            let lower = lowered(u64::from_le_bytes(last));
            if begins(lower) != 0 && self.at(text, at, lower, &mut found).is_break() {
                return;
            }
        }
    }

    /// Whether any of the words stands in `text`.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let mut any = false;
        self.each(text, |_, _| {
            any = true;
            ControlFlow::Break(())
        });
        any
    }

    /// The words that stand at a place where these bytes are.
    fn at(
        &self,
        text: &str,
        at: usize,
        bytes: u64,
        found: &mut impl FnMut(usize, Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let head = bytes & HEADS;
        let from = self.words.partition_point(|(known, ..)| *known < head);
        let same = self.words.iter().skip(from).take_while(|(known, ..)| *known == head);
        let short = self.short.iter().map(|(number, word)| (*number, word));
        for (number, word) in same.map(|(_, number, word)| (*number, word)).chain(short) {
            let range = at..at + word.len();
            let stands = text.as_bytes().get(range.clone());
            if stands.is_some_and(|written| written.eq_ignore_ascii_case(word.as_bytes())) {
                found(number, range)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// The bytes of a head.
const HEADS: u64 = (1 << (8 * HEAD)) - 1;

/// The place of a head, the first of these bytes, in the table.
#[inline]
fn place(bytes: u64) -> usize {
    ((bytes & HEADS).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - BITS)) as usize
}

/// Eight bytes, capitals of ASCII as small letters.
#[inline]
pub(crate) fn lowered(bytes: u64) -> u64 {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = EACH << 7;
    let (ascii, low) = (!bytes & TOPS, bytes & !TOPS);
    // The top of a byte tells whether it is no less than a character.
    let from = |character: u8| low + EACH * u64::from(0x80 - character);
    let capitals = from(b'A') & !from(b'Z' + 1) & ascii;
    bytes | capitals >> 2
}

#[cfg(test)]
mod tests {
    use aho_corasick::AhoCorasick;

    use super::*;

    #[test]
    fn all_words_are_found_as_an_automaton_finds_them() {
        let words = ["tel", "電話", "電", "phone", "telephone", "no", "メール", "e-mail", "MAIL:", "話番", "x", "課 "];
        let pieces = ["Tel", "電話番号", "PHONE", "tele", "e-mail: ", "n", "o", "課", " ", "x", "y", "メー", "ル", "é"];
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        for count in 1..=words.len() {
            let words = &words[..count];
            let vocabulary = Vocabulary::of(words.iter().copied());
            let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(words).unwrap();
            for _ in 0..200 {
                let mut text = String::new();
                for _ in 0..dice % 12 {
                    dice ^= dice << 13;
                    dice ^= dice >> 7;
                    dice ^= dice << 17;
                    text.push_str(pieces[usize::try_from(dice % pieces.len() as u64).unwrap()]);
                }
                let mut expected: Vec<(usize, Range<usize>)> = automaton
                    .find_overlapping_iter(&text)
                    .map(|found| (found.pattern().as_usize(), found.range()))
                    .collect();
                let mut found = Vec::new();
                vocabulary.each(&text, |word, range| {
                    found.push((word, range));
                    ControlFlow::Continue(())
                });
                assert!(found.is_sorted_by_key(|(_, range)| range.start), "{text:?}");
                assert_eq!(vocabulary.is_in(&text), !expected.is_empty());
                found.sort_by_key(|(word, range)| (range.start, *word));
                expected.sort_by_key(|(word, range)| (range.start, *word));
                assert_eq!(found, expected, "{text:?}");
            }
            dice = dice.wrapping_add(1);
        }
    }

    #[test]
    fn capitals_are_lowered_and_nothing_else() {
        for byte in 0..=u8::MAX {
            assert_eq!(lowered(u64::from_le_bytes([byte; 8])), u64::from_le_bytes([byte.to_ascii_lowercase(); 8]));
        }
    }
}
