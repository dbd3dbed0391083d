//! To whom we wrote before: counters that fade.
//!
//! In: a [`Lesson`] of every mail that was forwarded or released, and the day. Out: how strongly two things belong
//! together ([`Relation`]), for the checks; and what changed, for whoever keeps it. A mail that was stopped teaches
//! nothing: a mistake must not become a habit. Everything is bounded, can be listed and can be forgotten for one person.
//! Deliberately absent: the disk (`store`), the clock, and words of mails; a name at the head of a letter is all that is
//! kept of its text.

mod lesson;
mod names;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub use self::lesson::{Lesson, LessonTo};
pub(super) use self::lesson::{alike, name, words};
use self::names::Names;
use super::{
    domain::Domain,
    keyed::Keyed,
    near::{Near, Sought},
};

/// Whole days since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Day(pub u16);

impl Day {
    /// How many days lie between an earlier day and this one.
    pub fn since(self, earlier: Self) -> u16 {
        self.0.saturating_sub(earlier.0)
    }
}

/// After so many days without a mail a counter is worth half.
const HALF_LIFE: f32 = 180.0;

/// A counter below this says nothing any more (one mail, five half-lives ago).
const FADED: f32 = 0.03;

/// How many counters are kept unless said otherwise; a million take about 100 MB.
pub const MOST: usize = 2_000_000;

/// Which two things a counter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The organisation (the empty name) → an address.
    Known,
    /// The organisation (the empty name) → a domain.
    KnownDomain,
    /// A sender → an address.
    Wrote,
    /// A sender → a domain.
    WroteDomain,
    /// An address → another one on the same mail.
    Together,
    /// A Message-ID → somebody who sent or got a mail of its thread.
    Thread,
    /// A name at the head of a letter → an address that the letter went to.
    Greeted,
    /// A display name → its address.
    Named,
    /// The names in the local part of an address → the address: who is called alike.
    Alike,
}

impl Relation {
    /// All that there are.
    pub const ALL: [Self; 9] = [
        Self::Known,
        Self::KnownDomain,
        Self::Wrote,
        Self::WroteDomain,
        Self::Together,
        Self::Thread,
        Self::Greeted,
        Self::Named,
        Self::Alike,
    ];

    /// The word for it in exports and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::KnownDomain => "known_domain",
            Self::Wrote => "wrote",
            Self::WroteDomain => "wrote_domain",
            Self::Together => "together",
            Self::Thread => "thread",
            Self::Greeted => "greeted",
            Self::Named => "named",
            Self::Alike => "alike",
        }
    }

    /// The one with this word.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.name() == name)
    }
}

/// One counter, as it is exported and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What is counted.
    pub relation: Relation,
    /// The first of the two.
    pub from: String,
    /// The second.
    pub to: String,
    /// How many mails, those of long ago counting less; as of `day`.
    pub weight: f32,
    /// When the last of them was.
    pub day: Day,
}

/// All counters.
#[derive(Debug)]
pub struct History {
    names: Names,
    counters: Keyed<Key, Counter>,
    /// What a name leads to, so that its counters can be listed.
    onward: Keyed<(Relation, u32), Vec<u32>>,
    /// Known domains by what they could be mistaken for.
    near: Near,
    /// All mails to anybody: the sum of what is known of every address.
    all: Counter,
    began: Option<Day>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            names: Names::default(),
            counters: Keyed::default(),
            onward: Keyed::default(),
            near: Near::sparing(),
            all: Counter::default(),
            began: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    relation: Relation,
    from: u32,
    to: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Counter {
    weight: f32,
    day: Day,
}

impl Counter {
    /// What it is worth on a day.
    fn on(self, today: Day) -> f32 {
        self.weight * (-f32::from(today.since(self.day)) / HALF_LIFE).exp2()
    }
}

/// What two counts of one thing are together, each a weight as of a day. A mail of the past, learned late, fades as if it
/// had been learned in time.
pub fn together(one: (f32, Day), other: (f32, Day)) -> (f32, Day) {
    let latest = one.1.max(other.1);
    let on = |(weight, day): (f32, Day)| Counter { weight, day }.on(latest);
    (on(one) + on(other), latest)
}

/// The number of a name, for whoever asks for many of its counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered(u32);

impl History {
    /// How strongly two things belong together today: about the number of mails; 0 if they never did.
    pub fn weight(&self, relation: Relation, from: &str, to: &str, today: Day) -> f32 {
        // Most that is asked for is not known, and that is seen by the second of the two.
        let Some((to, from)) = self.names.number(to).zip(self.names.number(from)) else { return 0.0 };
        self.counters.get(&Key { relation, from, to }).map_or(0.0, |counter| counter.on(today))
    }

    /// The number of a name, if anything is known of it.
    pub(super) fn number(&self, name: &str) -> Option<Numbered> {
        self.names.number(name).map(Numbered)
    }

    /// What two things are worth together today, and when they last were.
    pub(super) fn counter_of(
        &self,
        relation: Relation,
        from: Numbered,
        to: Numbered,
        today: Day,
    ) -> Option<(f32, Day)> {
        let counter = self.counters.get(&Key { relation, from: from.0, to: to.0 })?;
        Some((counter.on(today), counter.day))
    }

    /// Everything that a thing leads to, with what it is worth today, in no order.
    pub fn of<'a>(&'a self, relation: Relation, from: &str, today: Day) -> impl Iterator<Item = (&'a str, f32)> {
        let from = self.names.number(from);
        let onward = from.and_then(|from| self.onward.get(&(relation, from))).map(Vec::as_slice).unwrap_or_default();
        onward.iter().filter_map(move |&to| {
            let counter = self.counters.get(&Key { relation, from: from?, to })?;
            Some((self.names.text(to)?, counter.on(today)))
        })
    }

    /// Everything that a thing leads to, with its number here.
    pub(super) fn onward<'a>(
        &'a self,
        relation: Relation,
        from: &str,
    ) -> impl Iterator<Item = (u32, &'a str)> + use<'a> {
        let onward = self.names.number(from).and_then(|from| self.onward.get(&(relation, from)));
        onward.into_iter().flatten().filter_map(|&to| Some((to, self.names.text(to)?)))
    }

    /// What has this number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.names.text(number)
    }

    /// Domains that we write to and that somebody could mean who wrote this one, with what they are worth today.
    pub(super) fn near<'a>(&'a self, written: &Sought, today: Day) -> impl Iterator<Item = (&'a str, f32)> {
        self.near.of(written).into_iter().filter_map(move |number| {
            let domain = self.names.text(number)?;
            Some((domain, self.weight(Relation::KnownDomain, "", domain, today)))
        })
    }

    /// Whether nothing was ever learned, so that nothing is known and nothing is new.
    pub fn is_empty(&self) -> bool {
        self.counters.is_empty()
    }

    /// How many counters there are.
    pub fn len(&self) -> usize {
        self.counters.len()
    }

    /// The day of the first lesson.
    pub fn began(&self) -> Option<Day> {
        self.began
    }

    /// Takes a mail that went out on a day; what was counted, each once, for whoever keeps it.
    pub fn learn(&mut self, lesson: &Lesson, day: Day) -> Vec<Entry> {
        let pairs: HashSet<(Relation, String, String)> = lesson.pairs().collect();
        let counts = pairs.into_iter().map(|(relation, from, to)| Entry { relation, from, to, weight: 1.0, day });
        let counts: Vec<Entry> = counts.collect();
        counts.iter().for_each(|count| self.count(count));
        counts
    }

    /// How many mails went to anybody, about; one to three people counts three times.
    pub(super) fn all(&self, today: Day) -> f32 {
        self.all.on(today).max(0.0)
    }

    /// Adds to a counter.
    pub fn count(&mut self, count: &Entry) {
        let counter = self.counter(count);
        (counter.weight, counter.day) = together((counter.weight, counter.day), (count.weight, count.day));
        self.add_to_all(count.relation, count.weight, count.day);
    }

    /// Puts back a counter that was kept.
    pub fn restore(&mut self, entry: &Entry) {
        let kept = Counter { weight: entry.weight, day: entry.day };
        let before = std::mem::replace(self.counter(entry), kept);
        self.add_to_all(entry.relation, -before.weight, before.day);
        self.add_to_all(entry.relation, kept.weight, kept.day);
    }

    fn add_to_all(&mut self, relation: Relation, weight: f32, day: Day) {
        if relation == Relation::Known {
            (self.all.weight, self.all.day) = together((self.all.weight, self.all.day), (weight, day));
        }
    }

    fn counter(&mut self, entry: &Entry) -> &mut Counter {
        let Entry { relation, day, .. } = *entry;
        self.began = Some(self.began.map_or(day, |began| began.min(day)));
        let key = Key { relation, from: self.names.add(&entry.from), to: self.names.add(&entry.to) };
        self.counters.entry(key).or_insert_with(|| {
            self.onward.entry((relation, key.from)).or_default().push(key.to);
            if relation == Relation::KnownDomain {
                self.near.add(&Domain::new(&entry.to), key.to);
            }
            Counter { weight: 0.0, day }
        })
    }

    /// Every counter, in no order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.counters.iter().filter_map(|(key, counter)| {
            Some(Entry {
                relation: key.relation,
                from: self.names.text(key.from)?.to_owned(),
                to: self.names.text(key.to)?.to_owned(),
                weight: counter.weight,
                day: counter.day,
            })
        })
    }

    /// Drops what has faded and, beyond `most`, what is worth least; what was dropped.
    pub fn prune(&mut self, most: usize, today: Day) -> Vec<Entry> {
        let mut worth: Vec<f32> = self.counters.values().map(|counter| counter.on(today)).collect();
        let mut least = FADED;
        if worth.len() > most {
            let beyond = worth.len() - most;
            let (_, bar, _) = worth.select_nth_unstable_by(beyond - 1, f32::total_cmp);
            least = least.max(bar.next_up());
        }
        self.drop_where(|_, counter| counter.on(today) < least)
    }

    /// Forgets a person: every counter of an address, and with it what it is called; what was dropped.
    pub fn forget(&mut self, address: &str) -> Vec<Entry> {
        let Some(person) = self.names.number(&folded(address)) else { return Vec::new() };
        self.drop_where(|key, _| key.from == person || key.to == person)
    }

    fn drop_where(&mut self, mut dropped: impl FnMut(&Key, &Counter) -> bool) -> Vec<Entry> {
        let doomed: Vec<Key> =
            self.counters.iter().filter(|(key, counter)| dropped(key, counter)).map(|(key, _)| *key).collect();
        let mut entries = Vec::with_capacity(doomed.len());
        let mut changed = HashSet::new();
        for key in doomed {
            let Some(counter) = self.counters.remove(&key) else { continue };
            self.add_to_all(key.relation, -counter.weight, counter.day);
            changed.insert((key.relation, key.from));
            if let (Some(from), Some(to)) = (self.names.text(key.from), self.names.text(key.to)) {
                let (from, to) = (from.to_owned(), to.to_owned());
                entries.push(Entry { relation: key.relation, from, to, weight: counter.weight, day: counter.day });
            }
        }
        for (relation, from) in changed {
            if let Some(onward) = self.onward.get_mut(&(relation, from)) {
                onward.retain(|to| self.counters.contains_key(&Key { relation, from, to: *to }));
                if onward.is_empty() {
                    self.onward.remove(&(relation, from));
                }
            }
        }
        self.names.keep(self.counters.keys().flat_map(|key| [key.from, key.to]));
        entries
    }
}

/// An address as it is counted: small letters, without what follows a `+`; at Gmail, dots make no difference.
pub fn folded(address: &str) -> String {
    let lower = address.to_lowercase();
    let Some((local, domain)) = lower.rsplit_once('@') else { return lower };
    let local = local.split_once('+').map_or(local, |(local, _)| local);
    let domain = domain.trim_end_matches('.');
    if local.len() + 1 + domain.len() == lower.len() && !matches!(domain, "gmail.com" | "googlemail.com") {
        return lower;
    }
    if matches!(domain, "gmail.com" | "googlemail.com") {
        return format!("{}@gmail.com", local.replace('.', ""));
    }
    format!("{local}@{domain}")
}

/// From so many letters on, one slip in a local part is a slip and not another name.
const SLIPS_FROM: usize = 5;

/// Whether two addresses of one domain are one slip of the finger apart. `store1` and `store2` are two mailboxes.
pub(super) fn is_slip(a: &str, b: &str) -> bool {
    let (Some((a, of_a)), Some((b, of_b))) = (a.rsplit_once('@'), b.rsplit_once('@')) else { return false };
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    of_a == of_b
        && a.len().min(b.len()) >= SLIPS_FROM
        && a.len().abs_diff(b.len()) <= 1
        && strsim::damerau_levenshtein(a, b) == 1
        && letters(a) != letters(b)
}

#[cfg(test)]
mod tests;
