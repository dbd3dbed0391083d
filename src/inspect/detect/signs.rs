//! Patterns that may begin with any word, by the sign that is in each of their matches: the `@` of a mail address.
//!
//! In: a pattern's syntax tree, then a text. Out: a [`Sign`], and the places before one from which the pattern may
//! run up to it. What stands further before a sign than [`FAR`] bytes is not looked at: a text without spaces must not
//! cost its square.

use memchr::memmem::Finder;
use regex_syntax::hir::{Hir, HirKind};

use super::prefixes::{Bytes, Prefix, sequences};
use super::starts::is_word;

/// A pattern without bounds is followed so far back.
const FAR: usize = 256;

/// What some patterns cannot do without.
#[derive(Debug)]
pub(super) struct Sign {
    written: Finder<'static>,
    /// What may stand before it in a match.
    before: Bytes,
    /// How many bytes of that.
    reach: usize,
    /// What a match may begin with.
    first: Bytes,
    /// A match begins at a boundary only.
    edge: bool,
}

/// How far a text has been searched for one sign.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The last place that was told.
    found: Option<usize>,
    /// The sign that was looked at last, and where to look for the next.
    sign: usize,
    after: usize,
    /// There is none any more.
    over: bool,
}

impl Sign {
    /// The sign of a pattern, where its `beginnings` are those of any word.
    pub(super) fn of(pattern: &Hir, beginnings: &[Prefix]) -> Option<Self> {
        if !beginnings.iter().any(Prefix::is_word) || beginnings.iter().any(|prefix| prefix.sets.is_empty()) {
            return None;
        }
        let HirKind::Concat(parts) = pattern.kind() else { return None };
        let (mut before, mut reach) = (Bytes::default(), 0_usize);
        for part in parts {
            if let HirKind::Literal(literal) = part.kind()
                && let Some(&byte) = literal.0.first()
                && (literal.0.len() >= 4 || (byte.is_ascii_punctuation() && byte != b'_' && !before.has(byte)))
            {
                let mut first = Bytes::default();
                beginnings.iter().filter_map(|prefix| prefix.sets.first()).for_each(|set| first.unite(*set));
                let edge = beginnings.iter().all(|prefix| prefix.edge);
                let written = Finder::new(&literal.0).into_owned();
                return Some(Self { written, before, reach: reach.min(FAR), first, edge });
            }
            before.unite(bytes_of(part));
            reach = reach.saturating_add(part.properties().maximum_len().unwrap_or(FAR));
        }
        None
    }

    /// Adds it to `signs`, each of which is there once.
    pub(super) fn join(self, signs: &mut Vec<Self>) {
        match signs.iter_mut().find(|sign| sign.written.needle() == self.written.needle()) {
            Some(known) => {
                known.before.unite(self.before);
                known.first.unite(self.first);
                known.reach = known.reach.max(self.reach);
                known.edge &= self.edge;
            }
            None => signs.push(self),
        }
    }

    /// The first place from `at` on where a pattern may begin that runs up to this sign.
    pub(super) fn next(&self, text: &[u8], at: usize, seen: &mut Seen) -> Option<usize> {
        if seen.over {
            return None;
        }
        if let Some(found) = seen.found.filter(|&found| found >= at) {
            return Some(found);
        }
        let mut place = at;
        loop {
            seen.found = (place..seen.sign).find(|&place| self.may_begin(text, place));
            if seen.found.is_some() {
                return seen.found;
            }
            let from = seen.after.max(at);
            let Some(ahead) = self.written.find(text.get(from..).unwrap_or_default()) else {
                seen.over = true;
                return None;
            };
            seen.sign = from + ahead;
            seen.after = seen.sign + 1;
            let run = text.get(..seen.sign).unwrap_or_default().iter().rev().take(self.reach);
            place = (seen.sign - run.take_while(|&&byte| self.before.has(byte)).count()).max(at);
        }
    }

    fn may_begin(&self, text: &[u8], place: usize) -> bool {
        let Some(&byte) = text.get(place) else { return false };
        let after_word = place.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|&b| is_word(b));
        self.first.has(byte) && (!self.edge || is_word(byte) != after_word)
    }
}

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
