//! How can a match of this pattern begin?
//!
//! In: a pattern's syntax tree. Out: sequences of byte sets ([`Prefix`]), one of which the first bytes of every match
//! follow. Where there are too many, they are shorter; a sequence is never wrong, only less telling.

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use regex_syntax::utf8::Utf8Sequences;

/// No more bytes than this are looked at.
pub(super) const DEPTH: usize = 8;
/// What is put together has no more beginnings.
const LIMIT: usize = 2_048;
/// A list of words has no more.
const WORDS: usize = 100_000;

/// One way to begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prefix {
    /// A boundary between a letter or digit and something else stands before it.
    pub(super) edge: bool,
    /// What the first byte may be, the second, and so on.
    pub(crate) sets: Vec<Bytes>,
    /// Something unknown follows.
    closed: bool,
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bytes([u64; 4]);

impl Bytes {
    pub(crate) fn all() -> Self {
        Self([u64::MAX; 4])
    }

    pub(crate) fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(crate) fn unite(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    #[inline]
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        (0..4).zip(self.0).flat_map(|(word, mut left)| {
            std::iter::from_fn(move || {
                let bit = u8::try_from(left.trailing_zeros()).ok().filter(|&bit| bit < 64)?;
                left &= left - 1;
                Some(word << 6 | bit)
            })
        })
    }

    fn range(from: u8, to: u8) -> Self {
        let mut set = Self::default();
        (from..=to).for_each(|byte| set.insert(byte));
        set
    }
}

/// How a match of `pattern` may begin.
pub(crate) fn prefixes(pattern: &Hir) -> Vec<Prefix> {
    match pattern.kind() {
        HirKind::Empty => vec![Prefix::default()],
        HirKind::Literal(literal) => {
            let sets = literal.0.iter().map(|&byte| Bytes::range(byte, byte)).collect();
            vec![Prefix { sets, ..Prefix::default() }.cut()]
        }
        HirKind::Class(class) => {
            sequences(class).into_iter().map(|sets| Prefix { sets, ..Prefix::default() }).collect()
        }
        HirKind::Look(look) => vec![Prefix { edge: *look == Look::WordAscii, ..Prefix::default() }],
        HirKind::Capture(capture) => prefixes(&capture.sub),
        HirKind::Repetition(repetition) => repeated(&prefixes(&repetition.sub), repetition.min, repetition.max),
        HirKind::Concat(parts) => {
            let mut all = vec![Prefix::default()];
            for part in parts {
                if all.iter().all(|prefix| prefix.closed) {
                    break;
                }
                all = follow(all, &prefixes(part));
            }
            all
        }
        HirKind::Alternation(ways) => {
            let all: Vec<Prefix> = ways.iter().flat_map(prefixes).collect();
            if all.len() > WORDS { shortened(all) } else { all }
        }
    }
}

/// The bytes of the characters of a class, each place of an encoding a set.
pub(super) fn sequences(class: &Class) -> Vec<Vec<Bytes>> {
    match class {
        Class::Bytes(class) => {
            let mut set = Bytes::default();
            class.iter().for_each(|range| set.unite(Bytes::range(range.start(), range.end())));
            vec![vec![set]]
        }
        Class::Unicode(class) => {
            let mut single = Bytes::default();
            let mut longer = Vec::new();
            for sequence in class.iter().flat_map(|range| Utf8Sequences::new(range.start(), range.end())) {
                match sequence.as_slice() {
                    [one] => single.unite(Bytes::range(one.start, one.end)),
                    more => longer.push(more.iter().map(|place| Bytes::range(place.start, place.end)).collect()),
                }
            }
            if single.count() > 0 {
                longer.push(vec![single]);
            }
            longer
        }
    }
}

fn repeated(once: &[Prefix], min: u32, max: Option<u32>) -> Vec<Prefix> {
    let mut all = Vec::new();
    let mut so_far = vec![Prefix::default()];
    for times in 0..=DEPTH {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        if times >= min {
            all.extend(so_far.iter().cloned());
        }
        if max == Some(times) {
            return all;
        }
        so_far = follow(so_far, once);
        if so_far.iter().all(|prefix| prefix.closed) || all.len() > LIMIT {
            break;
        }
    }
    all.extend(so_far.into_iter().map(|prefix| Prefix { closed: true, ..prefix }));
    all
}

/// Each beginning that is not at its end, with each of `next` after it.
fn follow(all: Vec<Prefix>, next: &[Prefix]) -> Vec<Prefix> {
    let open = all.iter().filter(|prefix| !prefix.closed).count();
    if open > 0 && open.saturating_mul(next.len()) > LIMIT.max(next.len()) {
        return all.into_iter().map(|prefix| Prefix { closed: true, ..prefix }).collect();
    }
    let (closed, open): (Vec<Prefix>, Vec<Prefix>) = all.into_iter().partition(|prefix| prefix.closed);
    let joined = open.iter().flat_map(|head| {
        next.iter().map(|tail| {
            let edge = head.edge || (head.sets.is_empty() && tail.edge);
            let sets = head.sets.iter().chain(&tail.sets).copied().collect();
            Prefix { edge, sets, closed: tail.closed }.cut()
        })
    });
    let mut joined: Vec<Prefix> = joined.collect();
    joined.extend(closed);
    joined
}

/// Too many ways: three bytes of each will do, and those that are the same are one.
fn shortened(all: Vec<Prefix>) -> Vec<Prefix> {
    let mut short: Vec<Prefix> = all;
    for prefix in &mut short {
        if prefix.sets.len() > 3 {
            prefix.sets.truncate(3);
            prefix.closed = true;
        }
    }
    short.sort_by_key(|a| (a.edge, a.closed, a.key()));
    short.dedup();
    short
}

impl FromIterator<u8> for Bytes {
    fn from_iter<T: IntoIterator<Item = u8>>(bytes: T) -> Self {
        let mut set = Self::default();
        bytes.into_iter().for_each(|byte| set.insert(byte));
        set
    }
}

impl Prefix {
    /// Whether any word begins so.
    pub(crate) fn is_word(&self) -> bool {
        let letters = |set: &Bytes| set.bytes().filter(u8::is_ascii_alphabetic).count() >= 20;
        self.sets.iter().take(3).all(letters)
    }

    fn cut(mut self) -> Self {
        if self.sets.len() >= DEPTH {
            self.sets.truncate(DEPTH);
            self.closed = true;
        }
        self
    }

    fn key(&self) -> Vec<[u64; 4]> {
        self.sets.iter().map(|set| set.0).collect()
    }
}
