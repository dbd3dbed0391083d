//! Where can a pattern match at all?
//!
//! In: the syntax trees of all patterns. Out: [`Starts`], which runs over a text and stops at the places where some
//! pattern's first bytes stand ([`Starts::next`]); everywhere else none can begin. Of ASCII that is mostly where words
//! begin, which is told of 64 bytes at once ([`super::marks`]); such a place, or a kanji or kana, costs one look into a table
//! of bits, however many patterns there are. A pattern that may begin with any word (`[a-z]+@…`) is looked for by the
//! sign in it instead, and back from there. Deliberately absent: whether it does match ([`super`]).

use std::collections::HashSet;

use regex_syntax::hir::Hir;

use super::heads::{
    Bits, FEW, LONG, NARROW, WIDE, WORDS, all_folded, class, first, folded, hashes, is_word, kind, kind_of_three,
    kinds_of_three, narrow, wide,
};
use super::inner::Inner;
use super::marks::{self, AHEAD, BLOCK, bits};
use super::prefixes::{Bytes, Prefix, prefixes};
use super::signs::{Seen, Sign, leading_run};

/// No more kinds of long words are told apart.
const RUNS: usize = 12;
/// More beginnings of three bytes than this are taken for all there are.
const MANY: usize = 300_000;
/// Three bytes are all that is known of how a pattern begins.
const BRIEF: u8 = 1;
/// It begins with a long word, as tax numbers do.
const WORD: u8 = 2;
/// Six bytes of it are known.
const SIX: u8 = 4;
/// Four bytes of it are known.
const FOUR: u8 = 8;
/// Eight bytes of it are known.
const EIGHT: u8 = 16;

/// Tells where patterns may begin.
#[derive(Debug)]
pub(crate) struct Starts {
    /// By three bytes: what may come behind them where some pattern begins so, a bit for each of eight kinds.
    ahead: Box<[u8; NARROW + WIDE]>,
    /// By three bytes: what else is known of the patterns that do ([`BRIEF`] and its like).
    known: Box<[u8]>,
    /// Of what the long words are made that patterns begin with, and how long they are at least.
    runs: Vec<(Bytes, usize)>,
    /// By two hashes of eight bytes, of six, or of four.
    long: Bits,
    /// How those begin that need no boundary: anywhere in a word.
    inner: Inner,
    /// Some pattern begins with a space.
    space: bool,
    signs: Vec<Sign>,
}

/// How far a text has been searched.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    signs: Vec<Seen>,
    /// The first place that one of them told, as long as it is ahead; behind the text, there is none.
    first: Option<usize>,
    /// The block that was looked at last: where it begins, its length, and where in it some pattern may begin by four bytes.
    block: usize,
    length: usize,
    may: u64,
}

impl Starts {
    /// For these patterns.
    pub(crate) fn of(patterns: &[Hir]) -> Self {
        let mut starts = Self {
            // Not by way of the stack.
            ahead: vec![0; NARROW + WIDE].try_into().unwrap_or_else(|_| Box::new([0; NARROW + WIDE])),
            known: vec![0; NARROW + WIDE].into_boxed_slice(),
            runs: Vec::new(),
            long: Bits::new(1 << LONG),
            inner: Inner::default(),
            space: false,
            signs: Vec::new(),
        };
        // Patterns of a kind begin alike.
        let mut done = HashSet::new();
        for pattern in patterns {
            let beginnings = prefixes(pattern);
            match Sign::of(pattern, &beginnings) {
                Some(sign) => sign.join(&mut starts.signs),
                None => {
                    let broad = beginnings.iter().any(Prefix::is_word);
                    let run = leading_run(pattern).filter(|_| broad);
                    run.into_iter().for_each(|run| starts.add_run(run));
                    beginnings.iter().for_each(|prefix| starts.add(prefix, run.is_some(), &mut done));
                }
            }
        }
        starts
    }

    /// The first place from `at` on where a pattern may begin.
    pub(crate) fn next(&self, text: &[u8], at: usize, looked: &mut Looked) -> Option<usize> {
        if looked.first.is_none_or(|first| first < at) {
            if looked.signs.is_empty() {
                looked.signs.resize_with(self.signs.len(), Seen::default);
            }
            let signs = self.signs.iter().zip(&mut looked.signs);
            looked.first = signs.filter_map(|(sign, seen)| sign.next(text, at, seen)).min().or(Some(usize::MAX));
        }
        // What begins behind the sign's place is of no interest yet.
        let sign = looked.first.filter(|&first| first < text.len());
        self.begins(text, at, sign.unwrap_or(text.len()), looked).or(sign)
    }

    /// The first place from `at` on and before `end` where a pattern may begin, whatever its sign.
    fn begins(&self, text: &[u8], at: usize, end: usize, looked: &mut Looked) -> Option<usize> {
        let mut place = at;
        // At the end of the text there are no three bytes to judge by.
        let judged = text.len().saturating_sub(2).min(end);
        while place < judged {
            // Kanji and kana are three bytes each, and only the first of them can begin anything.
            if let Some(&[a @ 0xE0..=0xEF, b, c, d, e, f]) = text.get(place..).and_then(|rest| rest.first_chunk::<6>())
            {
                let slot = wide(a, b, c);
                if self.may_go_on(slot, kind_of_three(d, e, f)) && self.judge(text, place, slot) {
                    return Some(place);
                }
                place += 3;
                continue;
            }
            if let Some(ahead) = place.checked_sub(looked.block).filter(|&ahead| ahead < looked.length) {
                let left = looked.may & (u64::MAX << ahead);
                let places = marks::places(left).map(|ahead| looked.block + ahead);
                if let Some(found) = places.take_while(|&place| place < end).find(|&place| self.is_start(text, place)) {
                    return Some(found);
                }
                place = looked.block + looked.length;
                continue;
            }
            let around = place.checked_sub(1).and_then(|before| text.get(before..)?.first_chunk::<12>());
            let Some(around) = around.filter(|around| around.is_ascii()) else {
                if self.is_start(text, place) {
                    return Some(place);
                }
                place += 1;
                continue;
            };
            if self.looks_at_block(text, place, looked) {
                continue;
            }
            // Near others eight places at a time, with the byte before and the three behind.
            let mut begin = self.eight(around);
            while begin != 0 {
                let found = place + begin.trailing_zeros() as usize;
                if found >= end {
                    return None;
                }
                if self.is_start(text, found) {
                    return Some(found);
                }
                begin &= begin - 1;
            }
            place += 8;
        }
        (place < end).then_some(place)
    }

    /// Looks at the 64 bytes from `place` on together, if they are ASCII.
    fn looks_at_block(&self, text: &[u8], place: usize, looked: &mut Looked) -> bool {
        let rest = text.get(place..).unwrap_or_default();
        let Some((here, ahead)) = rest.first_chunk::<{ BLOCK + AHEAD }>().zip(rest.first_chunk::<BLOCK>()) else {
            return false;
        };
        if !here.is_ascii() {
            return false;
        }
        let before = place.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|&byte| is_word(byte));
        let words = marks::words(ahead);
        let after_words = words << 1 | u64::from(before);
        let spaces = if self.space { 0 } else { bits(ahead, |byte| byte == b' ') };
        let places = words & !after_words | !(words | spaces) | words & after_words & self.inner.places(here);
        let mut may = 0;
        for place in marks::places(places) {
            let Some(&[a, b, c, d]) = here.get(place..).and_then(|rest| rest.first_chunk::<4>()) else { break };
            let slot = narrow(after_words >> place & 1 == 1, class(a), class(b), class(c));
            may |= u64::from(self.may_go_on(slot, kind(d))) << place;
        }
        (looked.block, looked.length, looked.may) = (place, BLOCK, may);
        true
    }

    /// Which of eight places some pattern may begin at, a bit each, by three bytes and the kind of the fourth.
    #[inline]
    fn eight(&self, around: &[u8; 12]) -> u32 {
        let &[before, a, b, c, ref ahead @ ..] = around;
        let six = |byte: u8| u32::from(class(byte) & 0x3F);
        // The classes of the byte before and of those that are judged, six bits each.
        let mut rolled = six(before) | six(a) << 6 | six(b) << 12 | six(c) << 18;
        let mut begin = 0;
        for (place, &byte) in ahead.iter().enumerate() {
            let after_word = u32::from(rolled & 0x3F < u32::from(WORDS));
            rolled >>= 6;
            // The remainder changes nothing, and spares the check of a bound.
            let slot = (rolled | after_word << 18) as usize % NARROW;
            begin |= u32::from(self.may_go_on(slot, kind(byte))) << place;
            rolled |= six(byte) << 18;
        }
        begin
    }

    /// Whether some pattern may begin at `place`, by eight bytes.
    fn is_start(&self, text: &[u8], place: usize) -> bool {
        let rest = text.get(place..).unwrap_or_default();
        let Some(&[a, b, c]) = rest.first_chunk::<3>() else { return true };
        let before = place.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|&b| is_word(b));
        let (slot, kind) = match a {
            0x00..=0x7F => (narrow(before, class(a), class(b), class(c)), rest.get(3).map(|&byte| kind(byte))),
            // In the midst of a character nothing begins.
            0x80..=0xBF => return false,
            _ => (wide(a, b, c), rest.first_chunk::<6>().map(|&[.., d, e, f]| kind_of_three(d, e, f))),
        };
        let may_begin = match kind {
            Some(kind) => self.may_go_on(slot, kind),
            None => self.ahead.get(slot).is_some_and(|kinds| *kinds != 0),
        };
        may_begin && self.judge(text, place, slot)
    }

    #[inline]
    fn may_go_on(&self, slot: usize, kind: u8) -> bool {
        self.ahead.get(slot).is_some_and(|kinds| kinds & kind != 0)
    }

    /// As [`Self::is_start`], where three bytes say that some pattern may begin.
    #[inline]
    fn judge(&self, text: &[u8], place: usize, slot: usize) -> bool {
        let known = self.known.get(slot).copied().unwrap_or(BRIEF);
        known & BRIEF != 0
            || (known & WORD != 0 && self.is_long_word(text, place))
            || (known & (EIGHT | SIX | FOUR) != 0 && self.goes_on(text, place, known))
    }

    #[inline]
    fn goes_on(&self, text: &[u8], place: usize, known: u8) -> bool {
        let rest = text.get(place..).unwrap_or_default();
        let Some(&eight) = rest.first_chunk::<8>() else { return true };
        let eight = all_folded(u64::from_le_bytes(eight));
        let told = |length: u8, bytes: u64| known & length != 0 && self.is_told(bytes);
        told(EIGHT, eight) || told(SIX, first(eight, 6)) || told(FOUR, first(eight, 4))
    }

    /// Whether some pattern begins so: two bits say it, as one alone is too often another's.
    #[inline]
    fn is_told(&self, bytes: u64) -> bool {
        let (one, other) = hashes(bytes);
        self.long.has(one) && self.long.has(other)
    }

    fn is_long_word(&self, text: &[u8], place: usize) -> bool {
        self.runs.iter().any(|(bytes, length)| {
            let word = text.get(place..place.saturating_add(*length));
            word.is_some_and(|word| word.iter().rev().all(|&byte| bytes.has(byte)))
        })
    }

    fn add_run(&mut self, (bytes, length): (Bytes, usize)) {
        let full = self.runs.len() >= RUNS;
        let same = self.runs.iter().position(|(known, _)| *known == bytes);
        match same.or(full.then_some(0)).and_then(|index| self.runs.get_mut(index)) {
            Some((known, least)) => {
                known.unite(bytes);
                *least = length.min(*least);
            }
            None => self.runs.push((bytes, length)),
        }
    }

    fn add(&mut self, prefix: &Prefix, word: bool, done: &mut HashSet<(bool, [u8; 3], Vec<Bytes>)>) {
        let mut sets = prefix.sets.clone();
        let known = sets.len();
        while sets.len() < 3 {
            sets.push(Bytes::all());
        }
        let count = |sets: &[Bytes]| sets.iter().fold(1_usize, |all, set| all.saturating_mul(set.count()));
        let head = sets.get(..3).unwrap_or_default();
        if count(head) > MANY {
            self.ahead.fill(u8::MAX);
            self.known.fill(BRIEF);
            self.inner.add_all();
            self.space = true;
            return;
        }
        self.inner.add(prefix);
        self.space |= head.first().is_some_and(|first| first.has(b' '));
        let all_folded: Vec<Bytes> = sets.iter().map(|set| set.bytes().map(folded).collect()).collect();
        // Eight bytes of Japanese are hardly three characters; of words of ASCII six tell enough.
        let japanese = head.first().is_some_and(|first| !first.bytes().any(|byte| byte.is_ascii()));
        let lengths: &[usize] = if japanese { &[8, 6, 4] } else { &[6, 4] };
        let told = lengths.iter().filter(|&&length| length <= known);
        let told = told.filter_map(|&length| all_folded.get(..length)).find(|sets| count(sets) <= FEW);
        let kind = match (told.map(<[Bytes]>::len), word) {
            (Some(8), _) => EIGHT,
            (Some(6), _) => SIX,
            (Some(_), _) => FOUR,
            (None, true) => WORD,
            (None, false) => BRIEF,
        };
        if let Some(sets) = told
            && done.insert((false, [0; 3], sets.to_vec()))
        {
            let mut words = vec![[0; 8]];
            extend(&mut words, 0, sets);
            for bytes in words {
                let (one, other) = hashes(u64::from_le_bytes(bytes));
                self.long.set(one);
                self.long.set(other);
            }
        }
        let ahead =
            prefix.sets.get(3).map_or(u8::MAX, |set| set.bytes().fold(0, |kinds, byte| kinds | self::kind(byte)));
        let ahead_wide = kinds_of_three(&prefix.sets);
        if !done.insert((prefix.edge, [kind, ahead, ahead_wide], head.to_vec())) {
            return;
        }
        let &[first, second, third] = head else { return };
        let (ascii, others): (Vec<u8>, Vec<u8>) = first.bytes().partition(u8::is_ascii);
        let classes = |set: Bytes| set.bytes().map(class).collect::<Bytes>();
        let mut words = vec![[0; 8]];
        extend(&mut words, 0, &[classes(ascii.into_iter().collect()), classes(second), classes(third)]);
        for &[a, b, c, ..] in &words {
            // A boundary stands between a letter and none.
            let sides = [false, true].into_iter().filter(|&after_word| !prefix.edge || (a < WORDS) != after_word);
            sides.for_each(|after_word| self.tell(narrow(after_word, a, b, c), kind, ahead));
        }
        let mut words = vec![[0; 8]];
        extend(&mut words, 0, &[others.into_iter().collect(), second, third]);
        words.iter().for_each(|&[a, b, c, ..]| self.tell(wide(a, b, c), kind, ahead_wide));
    }

    fn tell(&mut self, slot: usize, kind: u8, ahead: u8) {
        if let (Some(known), Some(kinds)) = (self.known.get_mut(slot), self.ahead.get_mut(slot)) {
            *known |= kind;
            *kinds |= ahead;
        }
    }
}

/// Each of `words` with each way to go on.
fn extend(words: &mut Vec<[u8; 8]>, from: usize, sets: &[Bytes]) {
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

#[cfg(test)]
mod tests {
    use regex::Regex;
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
    fn what_needs_no_boundary_is_found_anywhere_in_a_word_of_a_long_text() {
        let clean = "words that are clean, as most of every text: they go on and on, and nothing begins in them. ";
        // Of the second and third too little is known, or too much is possible, to look at every second place only.
        for pattern in ["(?i)passw(?:ord|d)", "(?i)pass", "(?i)[a-z]{3}passw", " inc\\."] {
            let begins = Regex::new(&format!("^(?:{pattern})")).unwrap();
            for ahead in 0..70 {
                let text = format!("{}{clean}MyDbPassword and Acme inc. {clean}", &clean[..ahead]);
                let found = places(&[pattern], &text);
                let missed = (0..text.len()).find(|&at| begins.is_match(&text[at..]) && !found.contains(&at));
                assert_eq!(missed, None, "{pattern} {ahead}");
            }
        }
        let found = places(&["(?i)passw(?:ord|d)", "(?i)secret"], &clean.repeat(20));
        assert!(found.len() <= 3, "{found:?}");
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
