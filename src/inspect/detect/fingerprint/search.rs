//! Texts and rows → registered documents that are in them.
//!
//! In: normalised text, a stretch at a time. Out: a [`Finding`] for each class of documents, with the documents whose share
//! of own hashes in the whole mail is what they were registered with, and the place that holds most of each; never a
//! word of them. Where documents of one class hold the same text (last year's version and this year's), those are told that
//! need no other to explain them. Deliberately absent: confidence; a keyed hash is right or it is not there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::io;

use super::letters::Letters;
use super::library::{Document, Entry, Library, PUBLIC};
use super::shingles::Shingles;
use super::winnow::{SIEVE, Winnow, height};
use crate::inspect::detect::rules::rule::DetectorInfo;
use crate::inspect::{By, Category, Confidence, Example, Finding, Validation, Why};
use crate::language::Text;

/// The detector of registered documents; documents of a class are told as `fingerprint.CLASS`.
pub const DETECTOR: &str = "fingerprint";

/// Examples kept of each class.
const EXAMPLES: usize = 5;

/// As many documents of a class are compared with each other; a bit of a number each.
const COMPARED: usize = 64;

/// So many shingles that were looked up are remembered, so that a text that repeats itself is not looked up again.
const RECENT: usize = 1 << 12;

/// The search for all registered documents in one mail or file.
#[derive(Debug)]
pub(in super::super) struct Search<'a> {
    library: &'a Library,
    letters: Letters,
    shingles: Shingles,
    winnow: Winnow,
    /// Shingles that were looked up, each where its last bits say.
    recent: Vec<u64>,
    entries: Vec<Entry>,
    /// A bit for the first entry of each hash that was found; none until one is.
    found: Vec<u64>,
    seen: HashMap<u32, Seen>,
    /// Where the search is, and how many places there were.
    place: String,
    places: u32,
    fault: bool,
}

/// What was found of one document.
#[derive(Debug, Default)]
struct Seen {
    /// Different hashes in the whole mail.
    hashes: u32,
    /// In the place that was read last.
    here: Spot,
    /// In the place that has most.
    most: Spot,
}

/// A place and how many hashes were first seen in it.
#[derive(Debug, Default, Clone)]
struct Spot {
    number: u32,
    hashes: u32,
    place: String,
    hidden: bool,
}

/// What a search came to.
#[derive(Debug, Default)]
pub(in super::super) struct Outcome {
    pub(in super::super) findings: Vec<Finding>,
    /// What could not be asked, if the library could not be read.
    pub(in super::super) fault: Option<String>,
}

impl<'a> Search<'a> {
    pub(super) fn new(library: &'a Library) -> Self {
        Self {
            library,
            letters: Letters::default(),
            shingles: Shingles::new(&library.keys),
            winnow: Winnow::new(SIEVE),
            recent: vec![0; RECENT],
            entries: Vec::new(),
            found: Vec::new(),
            seen: HashMap::new(),
            place: String::new(),
            places: 0,
            fault: false,
        }
    }

    /// What comes now stands at `place`.
    pub(super) fn at(&mut self, place: &str) {
        if self.place != place || self.places == 0 {
            place.clone_into(&mut self.place);
            self.places = self.places.saturating_add(1);
        }
    }

    /// Reads text, which goes on where the last ended; `place` tells where an offset is, and whether that is hidden.
    pub(super) fn text(&mut self, text: &str, place: impl Fn(usize) -> (String, bool)) {
        let ceiling = self.library.head.ceiling;
        let mut letters = std::mem::take(&mut self.letters);
        letters.of(text, |letter, at| {
            let chosen = self.shingles.push(letter).and_then(|shingle| self.winnow.push(shingle));
            let Some(shingle) = chosen.filter(|&shingle| height(shingle) <= ceiling) else { return };
            let last = usize::try_from(shingle % RECENT as u64).unwrap_or_default();
            match self.recent.get_mut(last) {
                Some(recent) if *recent == shingle => return,
                Some(recent) => *recent = shingle,
                None => {}
            }
            let hash = self.library.keys.kept(shingle);
            if self.library.may_hold(hash) {
                self.hash(hash, || place(at));
            }
        });
        self.letters = letters;
    }

    /// A hash that is likely to be there.
    fn hash(&mut self, hash: u64, place: impl Fn() -> (String, bool)) {
        let mut entries = std::mem::take(&mut self.entries);
        match self.library.find(hash, &mut entries) {
            Ok(()) if self.is_new(&entries) => {
                entries.iter().for_each(|entry| self.entry(*entry, &place));
            }
            Ok(()) => {}
            Err(_) => self.fault = true,
        }
        self.entries = entries;
    }

    /// Whether the hash of these entries is there and was not found before.
    fn is_new(&mut self, entries: &[Entry]) -> bool {
        let Some(first) = entries.first().and_then(|first| usize::try_from(first.number).ok()) else { return false };
        if self.found.is_empty() {
            let all = usize::try_from(self.library.head.entries).unwrap_or_default();
            self.found = vec![0; all.div_ceil(64)];
        }
        let Some(word) = self.found.get_mut(first / 64) else { return false };
        let before = *word;
        *word |= 1 << (first % 64);
        *word != before
    }

    fn entry(&mut self, entry: Entry, place: &impl Fn() -> (String, bool)) {
        if entry.document & PUBLIC != 0 {
            return;
        }
        let seen = self.seen.entry(entry.document).or_default();
        seen.hashes += 1;
        if seen.here.number != self.places {
            seen.settle();
            let (place, hidden) = place();
            seen.here = Spot { number: self.places, hashes: 0, place, hidden };
        }
        seen.here.hashes += 1;
    }

    /// How many hashes of a document were found.
    #[cfg(test)]
    pub(super) fn hashes_of(&self, document: u32) -> u32 {
        self.seen.get(&document).map_or(0, |seen| seen.hashes)
    }

    /// The documents that were found.
    pub(super) fn finish(mut self) -> Outcome {
        let seen = std::mem::take(&mut self.seen);
        let mut classes: BTreeMap<String, Vec<Candidate<'a>>> = BTreeMap::new();
        for (id, mut seen) in seen {
            let Some(document) = self.library.document(id) else { continue };
            if seen.hashes >= document.needed() {
                seen.settle();
                classes.entry(document.detector()).or_default().push(Candidate { document, seen });
            }
        }
        let mut findings = Vec::new();
        for (detector, mut candidates) in classes {
            candidates.sort_by_key(|c| (Reverse((c.percent(), c.seen.hashes)), c.document.id));
            if candidates.len() > 1 {
                match self.unexplained(&candidates) {
                    Ok(told) => {
                        let mut told = told.into_iter();
                        candidates.retain(|_| told.next().unwrap_or(true));
                    }
                    Err(_) => self.fault = true,
                }
            }
            findings.push(finding(detector, &candidates));
        }
        Outcome { findings, fault: self.fault.then(|| "registered documents".to_owned()) }
    }

    /// For the first [`COMPARED`] candidates, the best first, whether what was found of each is more than what those before
    /// it hold too: a quarter of what it needs.
    fn unexplained(&self, candidates: &[Candidate<'_>]) -> io::Result<Vec<bool>> {
        let ids: HashMap<u32, u64> =
            candidates.iter().take(COMPARED).zip(0..).map(|(c, bit)| (c.document.id, 1 << bit)).collect();
        let mut together: HashMap<u64, u32> = HashMap::new();
        let mut entries = Vec::new();
        for (word, at) in self.found.iter().zip((0..).step_by(64)) {
            let mut rest = *word;
            while rest != 0 {
                self.library.same(at + rest.trailing_zeros(), &mut entries)?;
                rest &= rest - 1;
                let mask = entries.iter().filter_map(|entry| ids.get(&entry.document)).fold(0, |all, bit| all | bit);
                *together.entry(mask).or_default() += 1;
            }
        }
        let mut told = 0_u64;
        Ok(candidates
            .iter()
            .take(COMPARED)
            .map(|candidate| {
                let bit = ids.get(&candidate.document.id).copied().unwrap_or_default();
                let own = together.iter().filter(|&(mask, _)| mask & bit != 0 && mask & told == 0);
                let own: u32 = own.map(|(_, count)| count).sum();
                let is_told = own.saturating_mul(4) >= candidate.document.needed();
                told |= if is_told { bit } else { 0 };
                is_told
            })
            .collect())
    }
}

impl Seen {
    /// The place that was read last may be the one that has most; of two the first.
    fn settle(&mut self) {
        if self.here.hashes > self.most.hashes {
            self.most = std::mem::take(&mut self.here);
        }
    }
}

/// A document that is in the mail.
struct Candidate<'a> {
    document: &'a Document,
    seen: Seen,
}

impl Candidate<'_> {
    fn percent(&self) -> u64 {
        u64::from(self.seen.hashes) * 100 / u64::from(self.document.own.max(1))
    }
}

fn finding(detector: String, candidates: &[Candidate<'_>]) -> Finding {
    let example = |candidate: &Candidate<'_>| Example {
        masked: format!("{}: {} %", candidate.document.name, candidate.percent()),
        place: candidate.seen.most.place.clone(),
        hidden: candidate.seen.most.hidden,
        quoted: false,
        why: Some(Why::plain(By::Document, Validation::ExactMatch)),
    };
    Finding {
        title: Some(title(&detector)),
        detector,
        category: Category::Organizational,
        confidence: Confidence::High,
        count: u32::try_from(candidates.len()).unwrap_or(u32::MAX),
        examples: candidates.iter().take(EXAMPLES).map(example).collect(),
    }
}

/// What people call registered documents of the class that the detector's id ends in.
fn title(detector: &str) -> Text {
    let (ja, en) = ("登録された文書", "Registered documents");
    match detector.strip_prefix(DETECTOR).map(|class| class.trim_start_matches('.')).filter(|class| !class.is_empty()) {
        None => Text { ja: ja.to_owned(), en: en.to_owned() },
        Some(class) => Text { ja: format!("{ja} ({class})"), en: format!("{en} ({class})") },
    }
}

/// What `rules list` tells and policies may name: registered documents, and each class of them that there is.
pub(in super::super) fn infos(library: Option<&Library>) -> Vec<DetectorInfo> {
    let mut counts = BTreeMap::from([(DETECTOR.to_owned(), 0_usize)]);
    for document in library.iter().flat_map(|library| library.documents()).filter(|document| !document.public) {
        *counts.entry(document.detector()).or_default() += 1;
    }
    let info = |(id, count): (String, usize)| {
        let title = title(&id);
        DetectorInfo {
            id,
            category: Category::Organizational,
            personal: false,
            title,
            source: format!("{count} documents of the organisation's own"),
            file: super::LIBRARY.to_owned(),
            examples: 0,
        }
    };
    counts.into_iter().map(info).collect()
}
