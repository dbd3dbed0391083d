//! Patterns that may begin with any word, by the sign that is in each of their matches: the `@` of a mail address, the
//! digit in the midst of a tax number, the sheer length of a key.
//!
//! In: a pattern's syntax tree, then a text. Out: a [`Sign`], and the places before one from which the pattern may
//! run up to it. What stands further before a sign than [`FAR`] bytes is not looked at: a text without spaces must not
//! cost its square.

use memchr::memmem::Finder;
use regex_syntax::hir::{Hir, HirKind};

use super::heads::is_word;
use super::prefixes::{Bytes, Prefix, sequences};

/// A pattern without bounds is followed so far back.
const FAR: usize = 256;
/// Any stretch of so many bytes has a block of [`BLOCK`] in it, wherever blocks begin.
const LONG: usize = 2 * BLOCK - 1;
/// So many bytes are looked at together.
const BLOCK: usize = 8;

/// What some patterns cannot do without.
#[derive(Debug)]
pub(crate) struct Sign {
    mark: Mark,
    /// What may stand before it in a match.
    before: Bytes,
    /// How many bytes of that, at least and at most.
    least: usize,
    reach: usize,
    /// What a match may begin with.
    first: Bytes,
    /// A match begins at a boundary only.
    edge: bool,
}

#[derive(Debug)]
enum Mark {
    /// Something that is written so.
    Written(Box<Finder<'static>>),
    /// The first digit after letters.
    Digit,
    /// A block within a word of so many bytes.
    Block(usize),
}

/// How far a text has been searched for one sign.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The last place that was told.
    found: Option<usize>,
    /// Up to where a match may begin that has the sign which was looked at last, and where to look for the next.
    until: usize,
    after: usize,
    /// There is none any more.
    over: bool,
}

impl Sign {
    /// The sign of a pattern, where its `beginnings` are those of any word.
    pub(crate) fn of(pattern: &Hir, beginnings: &[Prefix]) -> Option<Self> {
        if !beginnings.iter().any(Prefix::is_word) || beginnings.iter().any(|prefix| prefix.sets.is_empty()) {
            return None;
        }
        let HirKind::Concat(parts) = pattern.kind() else { return None };
        let (mut before, mut least, mut reach) = (Bytes::default(), 0_usize, 0_usize);
        let mut first = Bytes::default();
        beginnings.iter().filter_map(|prefix| prefix.sets.first()).for_each(|set| first.unite(*set));
        let edge = beginnings.iter().all(|prefix| prefix.edge);
        for part in parts {
            let here = bytes_of(part);
            let mark = match part.kind() {
                HirKind::Literal(literal) if is_telling(&literal.0, before) => {
                    Some(Mark::Written(Box::new(Finder::new(&literal.0).into_owned())))
                }
                HirKind::Class(_) | HirKind::Repetition(_)
                    if least > 0
                        && part.properties().minimum_len() > Some(0)
                        && here.bytes().all(|byte| byte.is_ascii_digit())
                        && before.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
                {
                    Some(Mark::Digit)
                }
                _ => None,
            };
            if let Some(mark) = mark {
                return Some(Self { mark, before, least, reach: reach.min(FAR), first, edge });
            }
            before.unite(here);
            least = least.saturating_add(part.properties().minimum_len().unwrap_or_default());
            reach = reach.saturating_add(part.properties().maximum_len().unwrap_or(FAR));
        }
        let (before, length) = leading_run(pattern).filter(|&(_, length)| length >= LONG)?;
        Some(Self { mark: Mark::Block(length), before, least: 0, reach: BLOCK - 1, first, edge })
    }

    /// Adds it to `signs`, each of which is there once.
    pub(crate) fn join(self, signs: &mut Vec<Self>) {
        let same = |known: &&mut Self| match (&known.mark, &self.mark) {
            (Mark::Written(known), Mark::Written(new)) => known.needle() == new.needle(),
            (Mark::Digit, Mark::Digit) | (Mark::Block(_), Mark::Block(_)) => true,
            _ => false,
        };
        match signs.iter_mut().find(same) {
            Some(known) => {
                if let (Mark::Block(known), Mark::Block(new)) = (&mut known.mark, &self.mark) {
                    *known = (*known).min(*new);
                }
                known.before.unite(self.before);
                known.first.unite(self.first);
                known.least = known.least.min(self.least);
                known.reach = known.reach.max(self.reach);
                known.edge &= self.edge;
            }
            None => signs.push(self),
        }
    }

    /// The first place from `at` on where a pattern may begin that runs up to this sign.
    pub(crate) fn next(&self, text: &[u8], at: usize, seen: &mut Seen) -> Option<usize> {
        if seen.over {
            return None;
        }
        if let Some(found) = seen.found.filter(|&found| found >= at) {
            return Some(found);
        }
        let mut place = at;
        loop {
            seen.found = (place..seen.until).find(|&place| self.may_begin(text, place));
            if seen.found.is_some() {
                return seen.found;
            }
            let Some(sign) = self.find(text, seen.after.max(at)) else {
                seen.over = true;
                return None;
            };
            seen.after = sign + if matches!(self.mark, Mark::Block(_)) { BLOCK } else { 1 };
            seen.until = (sign + 1).saturating_sub(self.least);
            let run = text.get(..sign).unwrap_or_default().iter().rev().take(self.reach);
            place = (sign - run.take_while(|&&byte| self.before.has(byte)).count()).max(at);
            if let Mark::Block(length) = self.mark {
                // Most blocks stand in a word that is too short.
                let word = text.get(place..).unwrap_or_default().iter().take(length + BLOCK);
                let end = place + word.take_while(|&&byte| self.before.has(byte)).count();
                seen.until = seen.until.min((end + 1).saturating_sub(length));
            }
        }
    }

    /// The first sign from `from` on.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        match &self.mark {
            Mark::Written(written) => written.find(rest).map(|ahead| from + ahead),
            Mark::Digit => {
                let follows = |place: usize| {
                    let before = place.checked_sub(1).and_then(|before| text.get(before));
                    before.is_some_and(|&byte| self.before.has(byte))
                };
                let (blocks, tail) = rest.as_chunks::<BLOCK>();
                for (number, block) in blocks.iter().enumerate() {
                    if !may_have_digit(*block) {
                        continue;
                    }
                    let start = from + number * BLOCK;
                    let digit = (start..).zip(block).find(|(place, byte)| byte.is_ascii_digit() && follows(*place));
                    if let Some((place, _)) = digit {
                        return Some(place);
                    }
                }
                let start = text.len() - tail.len();
                (start..).zip(tail).find(|(place, byte)| byte.is_ascii_digit() && follows(*place)).map(|(at, _)| at)
            }
            Mark::Block(_) => {
                let skipped = from.next_multiple_of(BLOCK) - from;
                let (blocks, _) = rest.get(skipped..)?.as_chunks::<BLOCK>();
                let block = |number: usize| blocks.get(number).map_or(u64::MAX, |block| words(*block));
                let mut before = u64::MAX;
                let number = blocks.iter().enumerate().position(|(number, here)| {
                    let here = words(*here);
                    let left = (before | !TOPS).leading_ones() / 8;
                    before = here;
                    here == TOPS && left + (block(number + 1) | !TOPS).trailing_ones() / 8 >= (LONG - BLOCK) as u32
                });
                number.map(|number| from + skipped + number * BLOCK)
            }
        }
    }

    fn may_begin(&self, text: &[u8], place: usize) -> bool {
        let Some(&byte) = text.get(place) else { return false };
        let after_word = place.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|&b| is_word(b));
        self.first.has(byte)
            && (!self.edge || is_word(byte) != after_word)
            && match self.mark {
                Mark::Block(length) => text
                    .get(place..place.saturating_add(length))
                    .is_some_and(|word| word.iter().rev().all(|&byte| self.before.has(byte))),
                _ => true,
            }
    }
}

/// Whether a literal behind `before` is rare enough to be looked for.
fn is_telling(literal: &[u8], before: Bytes) -> bool {
    let Some(&byte) = literal.first() else { return false };
    literal.len() >= 4 || (byte.is_ascii_punctuation() && byte != b'_' && !before.has(byte))
}

/// What a long word of letters and digits that every match of `pattern` begins with is made of, and its length.
pub(super) fn leading_run(pattern: &Hir) -> Option<(Bytes, usize)> {
    let (mut bytes, mut length) = (Bytes::default(), 0_usize);
    let parts = match pattern.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(pattern),
    };
    for part in parts {
        let more = bytes_of(part);
        if !more.bytes().all(|byte| is_word(byte) || matches!(byte, b'-' | b'+' | b'/' | b'=')) {
            break;
        }
        bytes.unite(more);
        length = length.saturating_add(part.properties().minimum_len().unwrap_or_default());
    }
    (length >= 8).then_some((bytes, length))
}

/// Whether a digit may stand in a block; `:` to `?` pass as well.
fn may_have_digit(block: [u8; BLOCK]) -> bool {
    const HIGH: u64 = u64::from_ne_bytes([0xF0; BLOCK]);
    const DIGIT: u64 = u64::from_ne_bytes([0x30; BLOCK]);
    const ONES: u64 = u64::from_ne_bytes([0x01; BLOCK]);
    let other = (u64::from_ne_bytes(block) & HIGH) ^ DIGIT;
    other.wrapping_sub(ONES) & !other & TOPS != 0
}

/// The highest bit of each byte of a block that may be of a word or a key: letters, digits, `-+/=`, and more of ASCII, but
/// no space.
#[inline]
fn words(block: [u8; BLOCK]) -> u64 {
    let block = u64::from_le_bytes(block);
    // From `(` to `?`: 0x20 and 0x10, or 0x20 and 0x08.
    let other = (block << 1) & ((block << 2) | (block << 3));
    (block << 1 | other << 1) & !block & TOPS
}

/// The highest bit of each byte.
const TOPS: u64 = u64::from_ne_bytes([0x80; BLOCK]);

/// Every byte that a match of `pattern` may hold.
pub(super) fn bytes_of(pattern: &Hir) -> Bytes {
    let mut all = Bytes::default();
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().for_each(|&byte| all.insert(byte)),
        HirKind::Class(class) => sequences(class).iter().flatten().for_each(|set| all.unite(*set)),
        HirKind::Repetition(repetition) => all = bytes_of(&repetition.sub),
        HirKind::Capture(capture) => all = bytes_of(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| all.unite(bytes_of(part)));
        }
    }
    all
}
