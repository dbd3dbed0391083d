//! People of one name: one person or several?
//!
//! In: mentions, linked. Out: [`People`]: how many there are, and how many at least and at most. Whoever has no name is
//! one. Those of one name are different people if they have a thing of one kind, and not the same (two telephones), or if
//! they stand in one table, where each row is a record; they may be one if a sheet tells the telephone and another the
//! birth date. A name alone is whoever has it elsewhere. Where a table of bare names has a name twice, that is two people
//! in a roster and one in a list of orders: a roster repeats a name no more often than its surnames and given names meet
//! by chance. A surname alone (`山田様`, `Ms. Brown`) is one of those who stand there in full, if one of them can be meant.
//! At least: everybody who can be one is one. At most: nobody is who cannot be shown to be.
//! Deliberately absent: how common a name is in the country; the table itself tells.

use std::collections::{BTreeMap, BTreeSet};

use super::link::Links;
use super::{ByHash, KINDS, Key, Kind, Mention, Script, keys_of};
use crate::inspect::People;
use crate::inspect::detect::words::Hashes;

/// A person as linked, or several mentions of a bare name.
#[derive(Debug, Clone, Copy)]
struct Known {
    /// By name; 0 for none.
    name: u64,
    source: u32,
    /// Which kinds of things are known, a bit each.
    kinds: u16,
    times: u32,
    script: Script,
    halves: (u16, u16),
    seen: bool,
    counted: bool,
}

/// Counts the people.
pub(super) fn count(mentions: &[Mention], keys: &[Key], links: &Links) -> People {
    let rosters = rosters(mentions, keys);
    let mut known = known(mentions, keys, links);
    known.sort_unstable_by_key(|known| (known.name, known.source));
    let families = Families::of(&known);
    let (mut visible, mut counted, mut all, mut least, mut most) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for group in known.chunk_by(|a, b| a.name == b.name && a.name != 0) {
        if let [one] = group
            && one.kinds != 0
            && one.script != Script::Surname
        {
            visible += u64::from(one.seen);
            counted += u64::from(one.counted);
            least += u64::from(one.counted);
            most += u64::from(one.counted);
            all += 1;
            continue;
        }
        let [seen, named, any] = families.having(group);
        visible += likely(group.iter().filter(|known| known.seen), &rosters).saturating_sub(seen);
        counted += likely(group.iter().filter(|known| known.counted), &rosters).saturating_sub(named);
        all += likely(group.iter(), &rosters).saturating_sub(any);
        let (fewest, greatest) = bounds(group.iter().filter(|known| known.counted));
        least += fewest.saturating_sub(named);
        most += greatest;
    }
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let visible = visible.min(counted);
    People {
        visible: number(visible),
        hidden: number(counted - visible),
        quoted: number(all.saturating_sub(counted)),
        least: number(least.min(counted)),
        most: number(most.max(counted)),
    }
}

/// Whoever is there with a full name, by the surnames that also stand alone in running text.
struct Families<'k>(BTreeMap<u16, Vec<&'k Known>>);

impl<'k> Families<'k> {
    fn of(known: &'k [Known]) -> Self {
        let alone = known.iter().filter(|known| known.script == Script::Surname);
        let mut families: BTreeMap<u16, Vec<&Known>> = alone.map(|known| (known.halves.0, Vec::new())).collect();
        if families.is_empty() {
            return Self(families);
        }
        for one in known.iter().filter(|known| known.name != 0 && known.script != Script::Surname) {
            // In Latin letters the surname stands first or last.
            let other = (one.script == Script::Latin && one.halves.0 != one.halves.1).then_some(one.halves.1);
            for half in std::iter::once(one.halves.0).chain(other) {
                families.get_mut(&half).into_iter().for_each(|family| family.push(one));
            }
        }
        Self(families)
    }

    /// How many of a family those can be who have only a surname: those in plain sight, those who are counted, and all.
    /// What leads to one person leads to another if both have it and it is not the same.
    fn having(&self, surname: &[Known]) -> [u64; 3] {
        let alone = surname.iter().all(|known| known.script == Script::Surname && known.source == 0);
        let family = surname.first().filter(|_| alone).and_then(|one| self.0.get(&one.halves.0));
        let kinds = surname.iter().fold(0, |kinds, known| kinds | known.kinds) & DISTINCT;
        let free = family.into_iter().flatten().filter(|one| one.kinds & kinds == 0);
        free.fold([0; 3], |[seen, counted, all], one| {
            [seen + u64::from(one.seen), counted + u64::from(one.counted), all + 1]
        })
    }
}

/// The kinds of which everybody has his own.
const DISTINCT: u16 = {
    let own = [Kind::Proof, Kind::Mail, Kind::Number, Kind::Mobile, Kind::Account, Kind::Birth];
    let (mut bits, mut at) = (0, 0);
    while at < own.len() {
        bits |= 1 << own[at] as u16;
        at += 1;
    }
    bits
};

/// One entry for each person as linked.
fn known(mentions: &[Mention], keys: &[Key], links: &Links) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::new();
    let mut places: Vec<u32> = vec![u32::MAX; mentions.len()];
    let written = readings(mentions);
    for (at, mention) in mentions.iter().enumerate() {
        let root = links.root(at);
        let name = match (mention.name, mention.reading) {
            (0, 0) => 0,
            (0, reading) => written.get(&reading).copied().filter(|&name| name != 0).unwrap_or(reading),
            // A surname is no name of a person by itself, but of somebody.
            (name, _) if mention.script == Script::Surname => name ^ 1,
            (name, _) => name,
        };
        let kinds = keys_of(mentions, keys, at).iter().fold(0, |kinds, key| kinds | key.bit());
        let place = places.get(root).copied().unwrap_or(u32::MAX);
        if let Some(one) = known.get_mut(place as usize) {
            if one.name == 0 || one.script == Script::Surname && mention.name != 0 {
                (one.name, one.script, one.halves) = (name, mention.script, mention.halves);
            }
            one.kinds |= kinds;
            one.seen |= mention.seen;
            one.counted |= mention.counted;
        } else {
            if let Some(place) = places.get_mut(root) {
                *place = u32::try_from(known.len()).unwrap_or(u32::MAX);
            }
            let Mention { source, times, script, halves, seen, counted, .. } = *mention;
            known.push(Known { name, source, kinds, times, script, halves, seen, counted });
        }
    }
    known
}

/// The one name that a reading was seen with, 0 if there were several.
fn readings(mentions: &[Mention]) -> ByHash<u64> {
    // Only readings that also stand alone are asked for.
    let alone: Hashes = mentions.iter().filter(|m| m.name == 0 && m.reading != 0).map(|m| m.reading).collect();
    let mut written: ByHash<u64> = ByHash::default();
    if alone.is_empty() {
        return written;
    }
    for mention in mentions.iter().filter(|m| m.name != 0 && alone.contains(&m.reading)) {
        let name = written.entry(mention.reading).or_insert(mention.name);
        if *name != mention.name {
            *name = 0;
        }
    }
    written
}

/// How many people of one name there probably are: as many as any kind of thing or any table tells apart.
fn likely<'k>(group: impl Iterator<Item = &'k Known> + Clone, rosters: &BTreeSet<u32>) -> u64 {
    let (mut in_source, mut source, mut best) = (0u64, 0u32, 0u64);
    for known in group.clone() {
        if known.source != source {
            (in_source, source) = (0, known.source);
        }
        let times = if known.kinds == 0 && rosters.contains(&known.source) { known.times } else { 1 };
        in_source += u64::from(times);
        // Running text tells things about one person here and there.
        if source != 0 {
            best = best.max(in_source);
        }
    }
    best.max(by_kind(group))
}

/// As many as must be different, and one if there is any; as many as can be.
fn bounds<'k>(group: impl Iterator<Item = &'k Known> + Clone) -> (u64, u64) {
    let more = group.clone().filter(|known| known.kinds != 0).count() as u64;
    let bare = group.clone().filter(|known| known.kinds == 0).map(|known| match known.source {
        0 => 1,
        _ => u64::from(known.times),
    });
    (by_kind(group), more + bare.max().unwrap_or_default())
}

/// The most people who have a thing of one kind; whoever has the same thing is one of them already.
fn by_kind<'k>(group: impl Iterator<Item = &'k Known>) -> u64 {
    let (mut counts, mut any) = ([0u64; KINDS.len()], 0);
    for known in group {
        any = 1;
        for (bit, count) in counts.iter_mut().enumerate() {
            *count += u64::from(known.kinds >> bit & 1);
        }
    }
    counts.into_iter().max().unwrap_or_default().max(any)
}

/// The tables of bare names in which names meet by chance.
fn rosters(mentions: &[Mention], keys: &[Key]) -> BTreeSet<u32> {
    #[derive(Default)]
    struct Names {
        rows: f64,
        repeated: f64,
        first: BTreeMap<u16, u32>,
        last: BTreeMap<u16, u32>,
    }
    let mut tables: BTreeMap<u32, Names> = BTreeMap::new();
    for (at, mention) in mentions.iter().enumerate() {
        if mention.source != 0 && mention.name | mention.reading != 0 && keys_of(mentions, keys, at).is_empty() {
            let names = tables.entry(mention.source).or_default();
            let times = f64::from(mention.times);
            names.rows += times;
            names.repeated += times * (times - 1.0) / 2.0;
            for (half, counts) in [(mention.halves.0, &mut names.first), (mention.halves.1, &mut names.last)] {
                *counts.entry(half).or_default() += mention.times;
            }
        }
    }
    let share = |counts: &BTreeMap<u16, u32>, rows: f64| -> f64 {
        counts.values().map(|&count| (f64::from(count) / rows).powi(2)).sum()
    };
    let meets_by_chance = |names: &Names| {
        let pairs = names.rows * (names.rows - 1.0) / 2.0;
        let chance = pairs * share(&names.first, names.rows) * share(&names.last, names.rows);
        names.repeated <= 2.0 * chance + 2.0
    };
    tables.iter().filter(|(_, names)| meets_by_chance(names)).map(|(&source, _)| source).collect()
}
