//! Hits in running text → who they are about.
//!
//! In: the hits of a text, line by line, without business courtesy. Out: groups of hits that are about one person
//! ([`Cluster`]): a name and the values after it on its line or in the lines below it, among them its reading.
//! Deliberately absent: whether the group is a leak ([`super`]).

use std::collections::BTreeMap;
use std::ops::Range;

use super::page::Page;
use crate::inspect::detect::names::script::is_name_character;
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::scan::Hit;
use crate::inspect::detect::words::modern;

/// Hits about one person.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    /// In the order of the text.
    pub(crate) hits: Vec<Hit>,
    /// The lines it covers.
    pub(super) first_line: usize,
    pub(super) last_line: usize,
}

/// Values below so many lines without any are about somebody else.
const REACH: usize = 3;
/// Those of a form do not count, but no form goes on over more of them.
const FORM: usize = 12;

/// Groups `hits`, which are in the order of the text; `breaks` tells whether something ends a group between two lines
/// of it. `take` takes one group after another: a text may have a million.
pub(crate) fn group(
    rules: &Rules,
    page: &Page<'_>,
    hits: &[Hit],
    breaks: impl Fn(usize, usize) -> bool,
    take: impl FnMut(&Cluster),
) {
    let mut grouping = Grouping { rules, page, take, open: Cluster::default(), name: None, kinds: Vec::new() };
    for (line, on_line) in page.by_line(hits) {
        let last_line = grouping.open.last_line;
        let apart = line - last_line;
        let is_out_of_reach = || apart > FORM || apart > REACH && grouping.empty_before(line) >= REACH;
        if grouping.is_open() && (is_out_of_reach() || breaks(last_line, line)) {
            grouping.close();
        }
        grouping.line(line, on_line);
    }
    grouping.close();
}

/// A name as names are compared: without spaces, in the modern form of its kanji.
pub(crate) fn name_key(name: &str) -> String {
    name_characters(name).collect()
}

/// The characters of [`name_key`].
pub(crate) fn name_characters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| is_name_character(*c) || c.is_alphabetic()).map(modern).map(|c| c.to_ascii_lowercase())
}

struct Grouping<'a, F> {
    rules: &'a Rules,
    page: &'a Page<'a>,
    take: F,
    /// The group that may go on; without hits there is none. The next one takes its room.
    open: Cluster,
    /// Who is named in it.
    name: Option<Range<usize>>,
    /// Which detectors have hits in it: no more than there are rules, however many hits there are.
    kinds: Vec<usize>,
}

impl<F: FnMut(&Cluster)> Grouping<'_, F> {
    fn line(&mut self, line: usize, hits: &[Hit]) {
        match hits.iter().filter(|hit| self.is_name(hit)).count() {
            0 => self.nameless(line, hits),
            1 => {
                let name = hits.iter().find(|hit| self.is_name(hit));
                let again = || name.is_some_and(|name| self.is_again(name));
                if !again() && (self.name.is_some() || self.clashes(hits) || self.is_far(line)) {
                    self.close();
                }
                self.join(line, hits);
            }
            _ => self.several(line, hits),
        }
    }

    /// Several names on a line: each value belongs to the name before it.
    fn several(&mut self, line: usize, hits: &[Hit]) {
        self.close();
        for hit in hits {
            if self.name.is_some() && self.is_name(hit) && !self.is_again(hit) {
                self.close();
            }
            self.join(line, std::slice::from_ref(hit));
        }
    }

    /// No name on the line: the values belong to whoever is open, unless they repeat what is known of them.
    fn nameless(&mut self, line: usize, hits: &[Hit]) {
        // 電話 and 携帯 under one name are two telephones of one person; of two in a row without labels the
        // second is somebody else's.
        let labelled = || hits.iter().all(|hit| hit.context);
        if self.is_open() && (!self.clashes(hits) || (self.name.is_some() && labelled())) {
            return self.join(line, hits);
        }
        self.close();
        if hits.len() == 1 {
            return self.join(line, hits);
        }
        // Everybody has one value of each kind at most, so the n-th of its kind is the n-th person's.
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        let numbered = hits.iter().map(|hit| {
            let count = counts.entry(hit.detector).or_default();
            *count += 1;
            (*count, hit)
        });
        let mut numbered: Vec<(usize, &Hit)> = numbered.collect();
        numbered.sort_by_key(|(number, _)| *number);
        for person in numbered.chunk_by(|(a, _), (b, _)| a == b) {
            self.close();
            person.iter().for_each(|(_, hit)| self.join(line, std::slice::from_ref(*hit)));
        }
    }

    fn join(&mut self, line: usize, hits: &[Hit]) {
        if !self.is_open() {
            self.open.first_line = line;
        }
        self.open.last_line = line;
        for hit in hits {
            if self.name.is_none() && self.is_name(hit) {
                self.name = Some(hit.range.clone());
            }
            if !self.kinds.contains(&hit.detector) {
                self.kinds.push(hit.detector);
            }
        }
        self.open.hits.extend_from_slice(hits);
    }

    fn close(&mut self) {
        if self.is_open() {
            (self.take)(&self.open);
            self.open.hits.clear();
            self.kinds.clear();
            self.name = None;
        }
    }

    fn is_open(&self) -> bool {
        !self.open.hits.is_empty()
    }

    /// Whether lines without values stand before this one: what stands above them is hardly his who is named here.
    fn is_far(&self, line: usize) -> bool {
        self.is_open() && self.empty_before(line) > 0
    }

    /// How many lines stand between the last value and this line, but for those of a form: `年齢：45歳`.
    fn empty_before(&self, line: usize) -> usize {
        let between = self.page.lines.get(self.open.last_line + 1..line).unwrap_or_default();
        between.iter().filter(|line| !line.contains([':', '】', ']', '='])).count()
    }

    fn clashes(&self, hits: &[Hit]) -> bool {
        hits.iter().any(|hit| self.kinds.contains(&hit.detector))
    }

    /// Whether a name is that of whoever is open, in kana where that one is in kanji, or the other way round: an account's
    /// holder, `フリガナ`.
    fn is_again(&self, name: &Hit) -> bool {
        let Some(known) = &self.name else { return false };
        let [known, name] = [known, &name.range].map(|range| self.page.text.get(range.clone()).unwrap_or_default());
        let readings = &self.rules.names().readings;
        readings.may_be(known, name) || readings.may_be(name, known)
    }

    fn is_name(&self, hit: &Hit) -> bool {
        self.rules.is_name(hit.detector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Confidence;
    use crate::inspect::detect::checks::Note;
    use crate::inspect::detect::ground::Ground;

    /// Each value below is compared with what is known above: with each kind once, not with each value.
    #[test]
    fn two_long_lines_of_which_neither_repeats_the_other_are_one_group() {
        let rules = Rules::compile(&[]).unwrap();
        let detector = |id: &str| rules.all().iter().position(|detector| detector.info.id == id).unwrap();
        let (name, phone, mail) = (detector("jp.name"), detector("jp.phone"), detector("email"));
        let hit = |detector: usize, at: usize| Hit {
            detector,
            range: at..at + 1,
            confidence: Confidence::High,
            context: true,
            note: Note::Plain,
            ground: Ground::Position { listed: false },
        };
        let length = 20_000;
        let text = format!("{}\n{}", "x".repeat(length), "x".repeat(length));
        let above = (0..length).map(|at| hit(if at == 0 { name } else { phone }, at));
        let hits: Vec<Hit> = above.chain((length + 1..2 * length + 1).map(|at| hit(mail, at))).collect();
        let mut groups = Vec::new();
        group(&rules, &Page::new(&text), &hits, |_, _| false, |cluster| groups.push(cluster.hits.len()));
        assert_eq!(groups, [2 * length]);
    }
}
