//! Mentions → whoever is the same person by what leads to one.
//!
//! In: all mentions with their keys. Out: for each mention the person it belongs to ([`Links`]). The surest keys come
//! first: a number that is issued to one person decides alone. Of a mail address, a telephone, a card the names on it
//! decide: one name is one person; several are a family or a switchboard, and each is somebody. Then a name with a birth
//! date or an address. A name in kana is that of the kanji beside it, or on the same key if there is only one.
//! Deliberately absent: those who have nothing but a name in common ([`super::namesakes`]).

use std::collections::BTreeMap;

use super::{Key, Kind, Mention, Script, joined, keys_of};

/// Which mentions are one person: a forest, in which each tree is one.
#[derive(Debug)]
pub(super) struct Links {
    parents: Vec<u32>,
}

/// Who a mention of a group is, as far as can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Named(Script, u64),
    Read(u64),
    /// Without a name, but with a mail address of their own.
    Mailed(u64),
    Born(u64),
}

/// What links are made of.
struct Crowd<'a> {
    mentions: &'a [Mention],
    keys: &'a [Key],
    /// Which kinds of keys there are, a bit each.
    kinds: u16,
}

/// Mentions by a key that they may share.
type Pairs = Vec<(u64, u32)>;

/// Who has one of these is known by it, whatever else he shares with others.
const SURE: [Kind; 4] = [Kind::Proof, Kind::Mail, Kind::Number, Kind::Mobile];

impl Crowd<'_> {
    fn all(&self) -> impl Iterator<Item = (u32, &Mention, &[Key])> {
        (0u32..).zip(self.mentions).map(|(at, mention)| (at, mention, keys_of(self.mentions, self.keys, at as usize)))
    }

    /// Whether anybody has something of this kind.
    fn knows(&self, kind: Kind) -> bool {
        self.kinds >> kind as u16 & 1 != 0
    }

    fn having(&self, kind: Kind) -> Pairs {
        if !self.knows(kind) {
            return Pairs::new();
        }
        repeated(self.keys.len(), |pair| {
            for (at, _, keys) in self.all() {
                keys.iter().filter(|key| key.is(kind)).for_each(|key| pair(key.0, at));
            }
        })
    }

    /// A name, or its reading, together with something of this kind.
    fn named(&self, kind: Kind) -> Pairs {
        if !self.knows(kind) {
            return Pairs::new();
        }
        repeated(self.keys.len(), |pair| {
            for (at, mention, keys) in self.all() {
                for key in keys.iter().filter(|key| key.is(kind)) {
                    let names = [mention.name, mention.reading].into_iter().filter(|&name| name != 0);
                    names.for_each(|name| pair(joined(name, key.0), at));
                }
            }
        })
    }

    /// A birth date together with an address.
    fn placed(&self) -> Pairs {
        if !self.knows(Kind::Birth) || !self.knows(Kind::Address) {
            return Pairs::new();
        }
        repeated(self.mentions.len(), |pair| {
            for (at, _, keys) in self.all() {
                let of = |kind: Kind| keys.iter().find(|key| key.is(kind)).map(|key| key.0);
                if let (Some(birth), Some(address)) = (of(Kind::Birth), of(Kind::Address)) {
                    pair(joined(birth, address), at);
                }
            }
        })
    }

    fn first(&self, at: usize, kind: Kind) -> Option<u64> {
        keys_of(self.mentions, self.keys, at).iter().find(|key| key.is(kind)).map(|key| key.0)
    }

    fn is_sure(&self, at: u32) -> bool {
        keys_of(self.mentions, self.keys, at as usize).iter().any(|key| SURE.iter().any(|&kind| key.is(kind)))
    }

    /// Who the mentions of a group are by their names; those without one by what they have of another kind.
    fn labels(&self, group: &[(u64, u32)], nameless: Option<Kind>) -> Vec<Option<Label>> {
        let mention = |at: u32| self.mentions.get(at as usize);
        // The kanji that a reading is known to stand for.
        let mut written: BTreeMap<u64, Label> = BTreeMap::new();
        if group.len() > 2 {
            let both = group.iter().filter_map(|&(_, at)| mention(at)).filter(|m| m.name != 0 && m.reading != 0);
            written.extend(both.map(|m| (m.reading, Label::Named(m.script, m.name))));
        }
        let label = |at: u32| {
            let mention = mention(at)?;
            match (mention.name, mention.reading) {
                (0, 0) => nameless.and_then(|kind| self.first(at as usize, kind)).map(Label::Mailed),
                (0, reading) => Some(written.get(&reading).copied().unwrap_or(Label::Read(reading))),
                (name, _) => Some(Label::Named(mention.script, name)),
            }
        };
        group.iter().map(|&(_, at)| label(at)).collect()
    }
}

impl Links {
    /// Links the mentions.
    pub(super) fn of(mentions: &[Mention], keys: &[Key]) -> Self {
        let parents = (0..u32::try_from(mentions.len()).unwrap_or(u32::MAX)).collect();
        let mut links = Self { parents };
        let crowd = Crowd { mentions, keys, kinds: keys.iter().fold(0, |kinds, key| kinds | key.bit()) };
        for kind in [Kind::Proof, Kind::Mail, Kind::Number, Kind::Mobile, Kind::Landline, Kind::Account] {
            links.group(crowd.having(kind), |links, group| match kind {
                Kind::Proof => links.unite_all(group),
                Kind::Mobile => links.by_label(group, &crowd.labels(group, Some(Kind::Mail))),
                Kind::Landline => links.by_record(group, &crowd, &crowd.labels(group, Some(Kind::Mail))),
                Kind::Account => links.by_record(group, &crowd, &crowd.labels(group, None)),
                _ => links.by_label(group, &crowd.labels(group, None)),
            });
        }
        for kind in [Kind::Birth, Kind::Faint] {
            links.group(crowd.named(kind), |links, group| links.by_record(group, &crowd, &crowd.labels(group, None)));
        }
        links.group(crowd.named(Kind::Address), |links, group| {
            let born = |&(_, at): &(u64, u32)| crowd.first(at as usize, Kind::Birth).map(Label::Born);
            links.by_record(group, &crowd, &group.iter().map(born).collect::<Vec<_>>());
        });
        links.group(crowd.placed(), |links, group| links.by_record(group, &crowd, &crowd.labels(group, None)));
        links
    }

    /// The mention that stands for all of its person.
    pub(super) fn root(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(&parent) = self.parents.get(at).filter(|&&parent| parent as usize != at) {
            at = parent as usize;
        }
        at
    }

    /// Calls `unite` with the mentions of each key that has several.
    fn group(&mut self, mut pairs: Vec<(u64, u32)>, unite: impl Fn(&mut Self, &[(u64, u32)])) {
        pairs.sort_unstable();
        for group in pairs.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            unite(self, group);
        }
    }

    fn unite_all(&mut self, group: &[(u64, u32)]) {
        if let Some(&(_, first)) = group.first() {
            group.iter().for_each(|&(_, other)| self.unite(first, other));
        }
    }

    /// One person, unless two of them are known to be different; then one for each label, and who has none is any of
    /// them.
    fn by_label(&mut self, group: &[(u64, u32)], labels: &[Option<Label>]) {
        if !are_different(labels) {
            return self.unite_all(group);
        }
        let mut first: BTreeMap<Label, u32> = BTreeMap::new();
        let labelled = group.iter().zip(labels).find(|(_, label)| label.is_some()).map(|(&(_, at), _)| at);
        for (&(_, at), label) in group.iter().zip(labels) {
            let any = labelled.unwrap_or(at);
            let one = label.map_or(any, |label| *first.entry(label).or_insert(at));
            self.unite(one, at);
        }
    }

    /// As [`Self::by_label`], for what is no proof by itself: rows of one table that differ in something sure are
    /// different people, and who has nothing sure is any of them.
    fn by_record(&mut self, group: &[(u64, u32)], crowd: &Crowd<'_>, labels: &[Option<Label>]) {
        if !are_different(labels) {
            return self.by_row(group, crowd);
        }
        let mut parts: BTreeMap<Label, Vec<(u64, u32)>> = BTreeMap::new();
        let mut others: Vec<u32> = Vec::new();
        for (&mention, label) in group.iter().zip(labels) {
            match label {
                Some(label) => parts.entry(*label).or_default().push(mention),
                None => others.push(mention.1),
            }
        }
        parts.values().for_each(|part| self.by_row(part, crowd));
        if let Some(&(_, any)) = parts.values().flatten().next() {
            others.into_iter().for_each(|other| self.unite(any, other));
        }
    }

    fn by_row(&mut self, group: &[(u64, u32)], crowd: &Crowd<'_>) {
        let sure = group.iter().map(|&(_, at)| at).filter(|&at| crowd.is_sure(at));
        let mut records: Vec<(u32, u32)> = sure
            .filter_map(|at| Some((crowd.mentions.get(at as usize)?.source, self.shortened(at))))
            .filter(|&(source, _)| source != 0)
            .collect();
        records.sort_unstable();
        records.dedup();
        let several = records.windows(2).any(|pair| matches!(pair, [a, b] if a.0 == b.0));
        match records.first() {
            Some(&(_, first)) if several => {
                group.iter().filter(|&&(_, at)| !crowd.is_sure(at)).for_each(|&(_, at)| self.unite(first, at));
            }
            _ => self.unite_all(group),
        }
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.shortened(a), self.shortened(b));
        // The earlier mention stands for both.
        let (first, other) = (a.min(b), a.max(b));
        if let Some(parent) = self.parents.get_mut(other as usize) {
            *parent = first;
        }
    }

    /// The root, with the way there halved for the next one.
    fn shortened(&mut self, mut at: u32) -> u32 {
        loop {
            let parent = self.parents.get(at as usize).copied().unwrap_or(at);
            if parent == at {
                return at;
            }
            let above = self.parents.get(parent as usize).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(at as usize) {
                *slot = above;
            }
            at = above;
        }
    }
}

/// The pairs whose key comes again, and a few others; `pairs` is asked twice for at most `count` of them. Most keys of a
/// table are one person's and stand in it once: they cost two looks into a small table of bits, and are not sorted.
fn repeated(count: usize, pairs: impl Fn(&mut dyn FnMut(u64, u32))) -> Pairs {
    let words = (count / 8).next_power_of_two().clamp(16, 1 << 18);
    let place = |key: u64| {
        let mixed = (key >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mixed >> 40) as usize & (words - 1), 1_u64 << (mixed >> 34 & 63))
    };
    // A bit for whoever came, and one for whoever came again.
    let mut seen = vec![(0_u64, 0_u64); words];
    pairs(&mut |key, _| {
        let (word, bit) = place(key);
        if let Some((once, again)) = seen.get_mut(word) {
            *again |= *once & bit;
            *once |= bit;
        }
    });
    let mut repeated = Pairs::new();
    pairs(&mut |key, at| {
        let (word, bit) = place(key);
        if seen.get(word).is_some_and(|(_, again)| again & bit != 0) {
            repeated.push((key, at));
        }
    });
    repeated
}

/// Whether two of these can be compared and are not the same.
fn are_different(labels: &[Option<Label>]) -> bool {
    let comparable = |a: &Label, b: &Label| match (a, b) {
        (Label::Named(a, _), Label::Named(b, _)) => a == b,
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    let mut different: Vec<Label> = labels.iter().flatten().copied().collect();
    different.sort_unstable();
    different.dedup();
    // Sorted, those that can be compared stand side by side.
    different.windows(2).any(|pair| matches!(pair, [a, b] if comparable(a, b)))
}
