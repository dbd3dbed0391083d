//! What stands near a value.
//!
//! In: a text, and one value after another that may be one. Out: which of a detector's words stands near enough to speak
//! for the value or against it ([`Beside::near`]). Values may stand closer than the words reach: no part of the text is
//! searched twice for the same words. Deliberately absent: what follows from it ([`super::scan`]).

use std::ops::Range;

use super::ground::Near;
use super::rules::rule::Nearby;

/// A context word stands at most so many characters after a value: `(携帯)`.
const WINDOW_AFTER: usize = 16;
/// The surroundings of the values in a text.
pub(super) struct Beside<'a> {
    text: &'a str,
    /// The header of the column that the text stands in, if any.
    header: &'a str,
    /// What stands beside the value that was looked at last: several detectors ask in turn.
    last: Option<Surroundings<'a>>,
    /// Stretches of the text that were searched: none of the words begins there that speak against a value of the
    /// detector (its number doubled) or for it (the next). Values may stand closer than the window, and each would have
    /// most of it searched again.
    wordless: Vec<Range<usize>>,
}

/// The text around a value in which words speak for it or against it.
#[derive(Debug, Clone)]
struct Surroundings<'a> {
    value: Range<usize>,
    window: usize,
    before: &'a str,
    after: &'a str,
}

impl<'a> Beside<'a> {
    pub(super) fn of(text: &'a str, header: &'a str) -> Self {
        Self { text, header, last: None, wordless: Vec::new() }
    }

    /// Which of `words` stands near `value`: before it within the window, without an empty line between, or in the
    /// header of its column, or shortly after it on its line. `slot` is their place among [`Self::wordless`].
    pub(super) fn near(&mut self, words: &Nearby, slot: usize, window: usize, value: &Range<usize>) -> Near {
        if words.is_empty() {
            return Near::Nothing;
        }
        let bytes = |distance: usize| u16::try_from(distance).unwrap_or(u16::MAX);
        let (before, after) = self.around(window, value);
        if let Some((word, at)) = self.find(words, slot, value.start - before.len()..value.start) {
            return Near::Before(word, bytes(before.len() - at.end));
        }
        if let Some((word, _)) = words.find_in(self.header, 0) {
            return Near::Header(word);
        }
        let behind = self.find(words, slot, value.end..value.end + after.len());
        behind.map_or(Near::Nothing, |(word, at)| Near::Behind(word, bytes(at.start)))
    }

    /// [`Nearby::find_in`] a part of the text. What lies between two parts that are asked for is searched too, if it is
    /// short: it is within the next window.
    fn find(&mut self, words: &Nearby, slot: usize, part: Range<usize>) -> Option<(u16, Range<usize>)> {
        const BETWEEN: usize = 64;
        if self.wordless.len() <= slot {
            self.wordless.resize(slot + 1, 0..0);
        }
        let wordless = self.wordless.get_mut(slot)?;
        if !(wordless.start..=wordless.end + BETWEEN).contains(&part.start) {
            *wordless = part.start..part.start;
        }
        while let Some(word) = words.first_in(self.text, wordless.end..part.end) {
            if word >= part.start {
                wordless.end = word;
                return words.find_in(self.text.get(part.clone())?, word - part.start);
            }
            *wordless = word + 1..word + 1;
        }
        wordless.end = wordless.end.max(part.end);
        None
    }

    /// The text before a value that is looked at, and behind it.
    fn around(&mut self, window: usize, value: &Range<usize>) -> (&'a str, &'a str) {
        if let Some(known) = &self.last
            && known.window == window
            && known.value == *value
        {
            return (known.before, known.after);
        }
        let before = self.text.get(..value.start).unwrap_or_default();
        let before = before.get(back(before, window)..).unwrap_or_default();
        let before = last_gap(before).and_then(|at| before.get(at..)).unwrap_or(before);
        let after = self.text.get(value.end..).unwrap_or_default();
        let to = after.char_indices().enumerate().find(|&(count, (_, c))| c == '\n' || count == WINDOW_AFTER);
        let after = after.get(..to.map_or(after.len(), |(_, (at, _))| at)).unwrap_or_default();
        self.last = Some(Surroundings { value: value.clone(), window, before, after });
        (before, after)
    }
}

/// Where the last `count` characters of `text` begin.
fn back(text: &str, count: usize) -> usize {
    const STEP: usize = 16;
    let begins = |byte: u8| (byte as i8) >= -0x40;
    let (mut left, mut rest) = (count, text.as_bytes());
    while let Some((before, last)) = rest.split_last_chunk::<STEP>() {
        let characters: u8 = last.iter().map(|&byte| u8::from(begins(byte))).sum();
        match left.checked_sub(usize::from(characters)) {
            Some(after) if after > 0 => (left, rest) = (after, before),
            _ => break,
        }
    }
    let mut at = rest.len();
    while left > 0 && at > 0 {
        at -= 1;
        left -= usize::from(rest.get(at).is_some_and(|&byte| begins(byte)));
    }
    at
}

/// Where the last empty line in `text` begins.
fn last_gap(text: &str) -> Option<usize> {
    // Few windows have one.
    let is_there = has_pair(text.as_bytes(), b'\n');
    is_there.then(|| text.as_bytes().windows(2).rposition(|pair| pair == b"\n\n")).flatten()
}

/// Whether a byte stands twice side by side.
pub(super) fn has_pair(bytes: &[u8], byte: u8) -> bool {
    // All of them are looked at, as that is many at once.
    let next = bytes.get(1..).unwrap_or_default();
    bytes.iter().zip(next).fold(false, |found, (&one, &other)| found | ((one == byte) & (other == byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Rules;

    /// The context words of the detector of mail addresses, and how far before one they may stand.
    fn context(rules: &Rules) -> (&Nearby, usize) {
        let detector = rules.all().iter().find(|detector| detector.info.id == "email").unwrap();
        (&detector.context, detector.window)
    }

    #[test]
    fn the_text_beside_values_that_stand_close_is_searched_once() {
        let rules = Rules::compile(&[]).unwrap();
        let (words, window) = context(&rules);
        let text = "a@b.jp ".repeat(1_000);
        let mut search = Beside::of(&text, "");
        let mut searched = 0;
        for start in (0..text.len()).step_by(7) {
            let before = search.wordless.get(1).map_or(0, |known| known.end);
            assert_eq!(search.near(words, 1, window, &(start..start + 6)), Near::Nothing);
            assert_eq!(search.wordless[1].start, 0);
            searched += search.wordless[1].end - before;
        }
        assert_eq!(searched, text.len());
    }

    #[test]
    fn what_is_known_of_a_text_changes_no_answer() {
        let rules = Rules::compile(&[]).unwrap();
        let (words, _) = context(&rules);
        let pieces =
            ["a@b.jp ", "mail", "MAIL: ", "x", "メール", "メ", "ー", "ル", " to ", "\n", "e-mail", "e", "-", "連絡先"];
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        let mut below = |count: usize| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            usize::try_from(dice % count as u64).unwrap()
        };
        let mut answers = [0; 2];
        for _ in 0..200 {
            let text: String = (0..60).map(|_| pieces[below(pieces.len())]).collect();
            let mut search = Beside::of(&text, "");
            let mut at = 0;
            while at < text.len() {
                let start = text.floor_char_boundary(at.saturating_sub(below(20)));
                let part = start..text.floor_char_boundary(text.len().min(start + below(60)));
                let expected = words.find_in(&text[part.clone()], 0);
                answers[usize::from(expected.is_some())] += 1;
                assert_eq!(search.find(words, 1, part.clone()), expected, "{text:?} {part:?}");
                at += below(30);
            }
        }
        assert!(answers.iter().all(|&count| count > 100), "{answers:?}");
    }

    #[test]
    fn the_last_characters_are_those_that_a_walk_back_finds() {
        let text = "名ame é — 𠮷野家 plain words, 漢字とかなの長い文が続きます。".repeat(3);
        for end in text.char_indices().map(|(at, _)| at) {
            let before = &text[..end];
            for count in [0, 1, 2, 7, 15, 16, 17, 40, 1_000] {
                let walked = before.char_indices().rev().take(count).last().map_or(end, |(at, _)| at);
                assert_eq!(back(before, count), walked, "{before:?} {count}");
            }
        }
    }
}
