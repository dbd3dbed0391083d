//! Findings → how many distinct people.
//!
//! In: one [`Person`] for each table row and each cluster of values in running text, as hashes. Out: their number, the
//! same person counted once, and the bounds of that number ([`People`]). Two steps: [`link`] unites what stands for one
//! person by what leads to one; [`namesakes`] weighs those who have only their name in common. Both look at everything
//! at once, at the end, so that the number does not depend on the order of sheets and parts.
//!
//! Memory is bounded: a mention is some 24 bytes and 8 more for each thing known; past [`MOST`] of them everybody new
//! counts as new, which can only count too many. Deliberately absent: the values themselves, and any guess on who is
//! related to whom.

mod link;
mod namesakes;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use self::link::Links;
use super::People;
use super::detect::words::AsIs;

/// Mentions that are kept: with what belongs to them and the look-up that finds repeated ones, some 120 MiB.
const MOST: usize = 1_800_000;
/// Things known of them that are kept.
const MOST_KEYS: usize = 9_000_000;

type ByHash<V> = HashMap<u64, V, BuildHasherDefault<AsIs>>;

/// What is known of one person in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// The name as it is written, folded and hashed; a name in kana alone is a reading.
    pub(crate) name: Option<(Script, u64)>,
    /// The reading of the name, hashed.
    pub(crate) reading: Option<u64>,
    /// Two numbers for the two ends of the name, which tell how common its halves are, and whose a surname alone may be: of
    /// one in Japanese the surname is the first, of one in Latin letters either.
    pub(crate) halves: (u16, u16),
    /// What else is known.
    pub(crate) keys: Vec<Key>,
}

impl Person {
    /// Nobody, with the room for another one.
    pub(crate) fn forget(&mut self) {
        self.keys.clear();
        let keys = std::mem::take(&mut self.keys);
        *self = Self { keys, ..Self::default() };
    }
}

/// How a name is written. Names in different scripts may be one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Script {
    Han,
    Latin,
    /// A surname alone, which belongs to whoever else has it.
    Surname,
}

/// Something known of a person: 60 bits of its hash and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u64);

/// What a key is, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A number that is issued to one person: My Number, licence, passport.
    Proof,
    /// A mail address. Families share one now and then, so the name has a say.
    Mail,
    /// A number under a header such as 会員番号: one person's, among those of the same header.
    Number,
    /// A telephone that is carried.
    Mobile,
    /// A telephone that stands in a house or an office, where several people answer it.
    Landline,
    /// A card or an account.
    Account,
    Birth,
    Address,
    /// Anything else, which tells people of one name apart when nothing better is known.
    Faint,
}

const KINDS: [Kind; 9] = [
    Kind::Proof,
    Kind::Mail,
    Kind::Number,
    Kind::Mobile,
    Kind::Landline,
    Kind::Account,
    Kind::Birth,
    Kind::Address,
    Kind::Faint,
];

impl Key {
    /// A key of this kind for a hashed value.
    pub(crate) fn new(kind: Kind, hash: u64) -> Self {
        Self(hash & !0xF | kind as u64)
    }

    fn is(self, kind: Kind) -> bool {
        self.0 & 0xF == kind as u64
    }

    fn bit(self) -> u16 {
        1 << (self.0 & 0xF)
    }
}

/// Where a mention stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The table, by number; 0 for running text. Two rows of a table are two records.
    pub(crate) source: u32,
    /// A normal reader does not see it.
    pub(crate) hidden: bool,
    /// It stands in the history of a mail, which is not counted.
    pub(crate) quoted: bool,
}

/// The people seen so far.
#[derive(Debug, Default)]
pub(crate) struct Persons {
    mentions: Vec<Mention>,
    keys: Vec<Key>,
    /// Repeated mentions, which nothing tells from the first.
    known: ByHash<u32>,
    uncounted: People,
}

/// A person as mentioned once, or again and again with nothing new.
#[derive(Debug, Clone, Copy)]
struct Mention {
    /// 0 for none, as for the reading.
    name: u64,
    reading: u64,
    halves: (u16, u16),
    source: u32,
    /// Where its keys begin; they end where the next one's begin.
    keys: u32,
    times: u32,
    script: Script,
    /// Counted, and in plain sight; or counted at least.
    seen: bool,
    counted: bool,
}

impl Persons {
    /// Takes one person into account.
    pub(crate) fn add(&mut self, person: &Person, sight: Sight) {
        // The keys are put where they are to stay, and taken back if nothing is new.
        let first = self.keys.len();
        let faint = person.keys.iter().all(|key| key.is(Kind::Faint));
        self.keys.extend(person.keys.iter().filter(|key| faint || !key.is(Kind::Faint)));
        if let Some(keys) = self.keys.get_mut(first..) {
            keys.sort_unstable();
        }
        let keys = self.keys.get(first..).unwrap_or_default();
        let (script, name) = person.name.unwrap_or((Script::Han, 0));
        let reading = person.reading.unwrap_or_default();
        // A name alone is the same name in another table, and perhaps another person in its own.
        let source = if keys.is_empty() { sight.source } else { 0 };
        let print =
            keys.iter().fold(joined(joined(name, reading), u64::from(source)), |print, key| joined(print, key.0));
        if let Some(mention) = self.known.get(&print).and_then(|&at| self.mentions.get_mut(at as usize)) {
            mention.times = mention.times.saturating_add(1);
            mention.seen |= !sight.hidden && !sight.quoted;
            mention.counted |= !sight.quoted;
            self.keys.truncate(first);
            return;
        }
        let (at, first_key) = (self.mentions.len() as u32, first as u32);
        if self.mentions.len() >= MOST || self.keys.len() >= MOST_KEYS {
            let counter = match (sight.quoted, sight.hidden) {
                (true, _) => &mut self.uncounted.quoted,
                (_, true) => &mut self.uncounted.hidden,
                _ => &mut self.uncounted.visible,
            };
            *counter = counter.saturating_add(1);
            self.keys.truncate(first);
            return;
        }
        self.known.insert(print, at);
        let counted = !sight.quoted;
        let seen = counted && !sight.hidden;
        let (halves, source) = (person.halves, sight.source);
        self.mentions.push(Mention { name, reading, halves, source, keys: first_key, times: 1, script, seen, counted });
    }

    /// How many different people there are.
    pub(crate) fn count(mut self) -> People {
        // What finds repeated mentions is of no use any more, and linking needs room.
        self.known = ByHash::default();
        let links = Links::of(&self.mentions, &self.keys);
        let mut people = namesakes::count(&self.mentions, &self.keys, &links);
        let more = self.uncounted;
        people.visible = people.visible.saturating_add(more.visible);
        people.hidden = people.hidden.saturating_add(more.hidden);
        people.quoted = people.quoted.saturating_add(more.quoted);
        people.most = people.most.saturating_add(more.visible).saturating_add(more.hidden);
        people
    }
}

/// The keys of the mention at `at`.
fn keys_of<'k>(mentions: &[Mention], keys: &'k [Key], at: usize) -> &'k [Key] {
    let start = mentions.get(at).map_or(keys.len(), |mention| mention.keys as usize);
    let end = mentions.get(at + 1).map_or(keys.len(), |mention| mention.keys as usize);
    keys.get(start..end).unwrap_or_default()
}

/// One hash of two.
fn joined(first: u64, second: u64) -> u64 {
    let mixed = (first.rotate_left(23) ^ second).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests;
