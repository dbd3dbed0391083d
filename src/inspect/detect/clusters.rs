//! Hits in running text → who they are about.
//!
//! In: the hits of a text, line by line, without business courtesy. Out: groups of hits that are about one person
//! ([`Cluster`]): a name and the values after it on its line or in the lines below it. Deliberately absent: whether the
//! group is a leak ([`super::prose`]).

use std::collections::BTreeMap;

use super::names::is_name_character;
use super::rule::Role;
use super::rules::Rules;
use super::scan::Hit;
use super::words::modern;

/// Hits about one person.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    /// In the order of the text.
    pub(super) hits: Vec<Hit>,
    /// The lines it covers.
    pub(super) first_line: usize,
    pub(super) last_line: usize,
}

/// Values further below a name than this are about somebody else.
const REACH: usize = 3;

/// Groups `hits`, which are in the order of the text; `line_of` tells the line of an offset, `breaks` whether
/// something ends a group between two lines.
pub(super) fn group(
    rules: &Rules,
    hits: Vec<Hit>,
    line_of: impl Fn(usize) -> usize,
    breaks: impl Fn(usize, usize) -> bool,
) -> Vec<Cluster> {
    let mut grouping = Grouping { rules, done: Vec::new(), open: None };
    let mut rest = hits.into_iter().peekable();
    while let Some(first) = rest.next() {
        let line = line_of(first.range.start);
        let mut on_line = vec![first];
        while let Some(hit) = rest.next_if(|hit| line_of(hit.range.start) == line) {
            on_line.push(hit);
        }
        if let Some(open) = &grouping.open
            && (line - open.last_line > REACH || breaks(open.last_line, line))
        {
            grouping.close();
        }
        grouping.line(line, on_line);
    }
    grouping.close();
    grouping.done
}

/// A name as names are compared: without spaces, in the modern form of its kanji.
pub(super) fn name_key(name: &str) -> String {
    name_characters(name).collect()
}

/// The characters of [`name_key`].
pub(super) fn name_characters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| is_name_character(*c) || c.is_alphabetic()).map(modern).map(|c| c.to_ascii_lowercase())
}

struct Grouping<'a> {
    rules: &'a Rules,
    done: Vec<Cluster>,
    open: Option<Cluster>,
}

impl Grouping<'_> {
    fn line(&mut self, line: usize, hits: Vec<Hit>) {
        match hits.iter().filter(|hit| self.is_name(hit)).count() {
            0 => self.nameless(line, hits),
            1 => {
                let joins = self
                    .open
                    .as_ref()
                    .is_some_and(|open| !open.hits.iter().any(|hit| self.is_name(hit)) && !clashes(open, &hits));
                if !joins {
                    self.close();
                }
                self.join(line, hits);
            }
            _ => self.several(line, hits),
        }
    }

    /// Several names on a line: each value belongs to the name before it.
    fn several(&mut self, line: usize, hits: Vec<Hit>) {
        self.close();
        for hit in hits {
            let next = self.is_name(&hit)
                && self.open.as_ref().is_some_and(|open| open.hits.iter().any(|hit| self.is_name(hit)));
            if next {
                self.close();
            }
            self.join(line, vec![hit]);
        }
    }

    /// No name on the line: the values belong to whoever is open, unless they repeat what is known of them.
    fn nameless(&mut self, line: usize, hits: Vec<Hit>) {
        if let Some(open) = &self.open {
            let named = open.hits.iter().any(|hit| self.is_name(hit));
            // 電話 and 携帯 under one name are two telephones of one person; of two in a row without labels the
            // second is somebody else's.
            let labelled = hits.iter().all(|hit| hit.context);
            if !clashes(open, &hits) || (named && labelled) {
                return self.join(line, hits);
            }
        }
        self.close();
        if hits.len() == 1 {
            return self.join(line, hits);
        }
        // Everybody has one value of each kind at most, so the n-th of its kind is the n-th person's.
        let mut groups: Vec<Cluster> = Vec::new();
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for hit in hits {
            let count = counts.entry(hit.detector).or_default();
            *count += 1;
            match groups.get_mut(*count - 1) {
                Some(group) => group.hits.push(hit),
                None => groups.push(Cluster { hits: vec![hit], first_line: line, last_line: line }),
            }
        }
        self.open = groups.pop();
        self.done.append(&mut groups);
    }

    fn join(&mut self, line: usize, mut hits: Vec<Hit>) {
        let open = self.open.get_or_insert_with(|| Cluster { hits: Vec::new(), first_line: line, last_line: line });
        open.hits.append(&mut hits);
        open.last_line = line;
    }

    fn close(&mut self) {
        self.done.extend(self.open.take());
    }

    fn is_name(&self, hit: &Hit) -> bool {
        self.rules.detector(hit.detector).is_some_and(|detector| detector.role == Role::Name)
    }
}

fn clashes(open: &Cluster, hits: &[Hit]) -> bool {
    hits.iter().any(|hit| open.hits.iter().any(|known| known.detector == hit.detector))
}
