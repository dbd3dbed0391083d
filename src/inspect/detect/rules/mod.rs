//! All rules together: rule files and dictionaries → one search.
//!
//! In: the built-in files, then those of `rules.directory`, which add to them or replace a detector of the same id.
//! Out: [`Rules`]. Every rule's examples are run here, by the same road that a mail takes; one that does not come true
//! refuses the whole set; what is excluded ([`Exclusions`]) does not count for the examples of others. All patterns are
//! searched in one pass over the text ([`Patterns`]), not pattern after pattern.
//!
//! In reading order: [`rule`] is one detector, [`builtin`] what is compiled in, [`terms`] word lists that are looked for,
//! [`exclude`] what the organisation does not want found.

pub(super) mod builtin;
pub(super) mod exclude;
pub(super) mod rule;
mod terms;

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use self::exclude::{Exclusions, Summary};
use self::rule::{Detector, DetectorInfo, Role, header_key, stands_as_word, wrong};
use self::terms::Terms;
use super::exact;
use super::fingerprint;
use super::names::Names;
use super::search::{self, Patterns};
use super::{Detection, RuleError, RuleSource};
use crate::inspect::{Place, Sink};

/// Compiled detectors and dictionaries.
#[derive(Debug)]
pub struct Rules {
    detectors: Vec<Detector>,
    names: Names,
    /// The organisation's own tables.
    tables: Vec<exact::Table>,
    exclusions: Exclusions,
    /// The documents that it registered, if any.
    library: Option<fingerprint::Library>,
    documents: Vec<DetectorInfo>,
    patterns: Patterns,
    /// All header words.
    header_words: HashSet<String>,
    /// Finds them, and whose each is, with its length in characters.
    header_search: Option<AhoCorasick>,
    headers: Vec<(usize, usize)>,
}

/// So many examples of a rule a drill plants, so that one that needs what stands around it does not decide alone; and what
/// is short enough for a cell.
const PLANTED: usize = 4;
const SHORT: usize = 120;

/// What a detector must find: examples of its own rule. They are the rule's words and nobody's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plant {
    /// The detector.
    pub detector: String,
    /// Texts in which it must find something.
    pub texts: Vec<String>,
}

/// What became of one example of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleResult {
    /// The detector.
    pub detector: String,
    /// Whether it is one that must match.
    pub must_match: bool,
    /// Which of those it is, from 1.
    pub number: usize,
    /// Whether it came true.
    pub passed: bool,
}

impl Rules {
    /// Compiles the built-in rules and then `extra`, which add to them or, with the same id, replace them. Of `extra`,
    /// `.toml` files under `detectors/` (or with a `[[detector]]` in them) and `.txt` files under `dictionaries/` are
    /// read; others belong to someone else.
    ///
    /// # Errors
    ///
    /// The first rule that cannot be used, by file and place.
    pub fn compile(extra: &[RuleSource]) -> Result<Self, RuleError> {
        Self::compile_with(extra, &())
    }

    /// As [`Self::compile`]; `shelf` has the files that rules about exact data name.
    ///
    /// # Errors
    ///
    /// The first rule that cannot be used, by file and place.
    pub fn compile_with(extra: &[RuleSource], shelf: &dyn exact::Shelf) -> Result<Self, RuleError> {
        let mut rules = Self::assemble(extra)?;
        for source in extra.iter().filter(|source| exact::is_exact(source)) {
            rules.tables.extend(exact::read(source, shelf)?);
        }
        rules.library = fingerprint::open(shelf)?;
        rules.documents = fingerprint::infos(rules.library.as_ref());
        if let Some(failed) = rules.test().into_iter().find(|result| !result.passed) {
            return Err(rules.broken(&failed));
        }
        rules.try_exclusions()?;
        Ok(rules)
    }

    /// All rules, examples not yet run.
    fn assemble(extra: &[RuleSource]) -> Result<Self, RuleError> {
        let own = |(name, text): (&str, &str)| RuleSource { name: name.to_owned(), text: text.to_owned() };
        let mut names = Names::default();
        let mut terms = Terms::default();
        for (name, text) in builtin::DICTIONARIES {
            if !names.add(name, text) {
                terms.add(name, text);
            }
        }
        let mut detectors: Vec<Detector> = Vec::new();
        let mut excluded = Vec::new();
        for source in builtin::DETECTORS.map(own).iter().chain(extra) {
            if is_dictionary(source) {
                if !names.add(&source.name, &source.text) {
                    terms.add(&source.name, &source.text);
                }
            } else if is_detectors(source) {
                for detector in rule::read(source, &mut excluded)? {
                    detectors.retain(|known| known.info.id != detector.info.id);
                    detectors.push(detector);
                }
            }
        }
        let named = detectors.iter().filter_map(|detector| detector.dictionary.as_deref());
        let named: Vec<&str> = named.chain(excluded.iter().filter_map(|written| written.dictionary())).collect();
        let idle = |source: &&RuleSource| {
            let stem = source.name.rsplit('/').next().unwrap_or_default().trim_end_matches(".txt");
            is_dictionary(source) && terms.idle(&named).any(|idle| idle == stem)
        };
        if let Some(source) = extra.iter().find(idle) {
            return Err(wrong(
                source,
                "a dictionary is named after what is in it (surnames….txt, given_names….txt, surname_readings….txt, given_readings….txt, readings_of_surnames….txt, readings_of_given_names….txt, not_names….txt, not_given….txt, municipalities….txt, postal_areas….txt) or after the dictionary of a rule; rename it",
            ));
        }
        for detector in &mut detectors {
            let words = detector.dictionary.as_deref().map(|name| terms.patterns(name)).unwrap_or_default();
            detector.patterns.extend(words);
        }
        let exclusions = Exclusions::of(excluded, &detectors, &terms)?;
        Ok(Self { exclusions, ..Self::of(detectors, names)? })
    }

    /// The detectors, in the order of their ids.
    pub fn detectors(&self) -> impl Iterator<Item = &DetectorInfo> {
        let tables = self.tables.iter().map(|table| &table.info);
        let mut all: Vec<&DetectorInfo> = self.detectors.iter().map(|detector| &detector.info).chain(tables).collect();
        all.extend(&self.documents);
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.into_iter()
    }

    /// What is excluded, in the order of files and lines.
    pub fn excluded(&self) -> impl Iterator<Item = &Summary> {
        self.exclusions.summaries()
    }

    /// Runs every example of every rule.
    pub fn test(&self) -> Vec<ExampleResult> {
        let mut results = Vec::new();
        for detector in &self.detectors {
            let sides = [(true, &detector.examples.matching), (false, &detector.examples.not_matching)];
            for (must_match, texts) in sides {
                for (number, text) in (1..).zip(texts) {
                    let passed = self.finds(&detector.info.id, text) == must_match;
                    results.push(ExampleResult { detector: detector.info.id.clone(), must_match, number, passed });
                }
            }
        }
        results
    }

    /// What a drill plants in its mails: of every detector that has examples some texts in which it must find something,
    /// short ones first. The organisation's own rules count as the shipped ones do.
    pub fn plants(&self) -> Vec<Plant> {
        let planted = |detector: &Detector| {
            let mut texts: Vec<&String> = detector.examples.matching.iter().collect();
            texts.sort_by_key(|text| (text.contains('\n'), text.chars().count() > SHORT));
            let texts: Vec<String> = texts.into_iter().take(PLANTED).cloned().collect();
            (!texts.is_empty()).then(|| Plant { detector: detector.info.id.clone(), texts })
        };
        let mut plants: Vec<Plant> = self.detectors.iter().filter_map(planted).collect();
        plants.sort_by(|a, b| a.detector.cmp(&b.detector));
        plants
    }

    fn finds(&self, id: &str, text: &str) -> bool {
        found_in(Detection::new(self, &[], false).excluding_nothing(), text).any(|found| found == id)
    }

    /// Runs the examples of exclusions: with them, and without.
    fn try_exclusions(&self) -> Result<(), RuleError> {
        for trial in self.exclusions.trials() {
            let detection = || Detection::new(self, &[], false);
            let is_about = |id: String| {
                trial.about.iter().filter_map(|&index| self.detector(index)).any(|detector| detector.info.id == id)
            };
            let with = found_in(detection(), trial.text).any(is_about);
            if with == trial.excluded {
                return Err(trial.failed(if with { "is found, and must not be" } else { "is not found" }));
            }
            if trial.excluded && !found_in(detection().excluding_nothing(), trial.text).any(is_about) {
                return Err(trial.failed("would not be found without it either"));
            }
        }
        Ok(())
    }

    fn broken(&self, failed: &ExampleResult) -> RuleError {
        let file = self.detectors.iter().find(|d| d.info.id == failed.detector).map_or("", |d| d.info.file.as_str());
        let (list, said) =
            if failed.must_match { ("match", "is not found") } else { ("no_match", "is found, and must not be") };
        let message = format!(
            "detector {}: example {} of {list} {said}; mend the rule or the example",
            failed.detector, failed.number
        );
        RuleError { file: file.to_owned(), message }
    }

    fn of(detectors: Vec<Detector>, names: Names) -> Result<Self, RuleError> {
        let (mut trees, mut owners) = (Vec::new(), Vec::new());
        for (index, detector) in detectors.iter().enumerate() {
            for (number, pattern) in (1..).zip(&detector.patterns) {
                let tree = search::parse(pattern).map_err(|error| RuleError {
                    file: detector.info.file.clone(),
                    message: format!("detector {}: pattern {number}: {error}", detector.info.id),
                })?;
                trees.push(tree);
                owners.push(index);
            }
        }
        let patterns = Patterns::compile(&trees, owners).map_err(|error| RuleError {
            file: "detectors".to_owned(),
            message: format!("the patterns are too large together: {error}; make the longest ones shorter"),
        })?;
        let all = detectors.iter().enumerate().flat_map(|(index, d)| d.headers.iter().map(move |word| (index, word)));
        let all: Vec<(usize, &String)> = all.filter(|(_, word)| !word.is_empty()).collect();
        let header_search = AhoCorasick::new(all.iter().map(|(_, word)| word)).ok();
        let headers = all.iter().map(|(index, word)| (*index, word.chars().count())).collect();
        let header_words = detectors.iter().flat_map(|detector| detector.headers.iter().cloned()).collect();
        let documents = fingerprint::infos(None);
        let (tables, exclusions, library) = (Vec::new(), Exclusions::default(), None);
        Ok(Self {
            detectors,
            names,
            tables,
            exclusions,
            library,
            documents,
            patterns,
            header_words,
            header_search,
            headers,
        })
    }

    pub(super) fn detector(&self, index: usize) -> Option<&Detector> {
        self.detectors.get(index)
    }

    /// Whether what a detector finds is a name.
    pub(super) fn is_name(&self, detector: usize) -> bool {
        self.detector(detector).is_some_and(|detector| detector.role == Role::Name)
    }

    pub(super) fn all(&self) -> &[Detector] {
        &self.detectors
    }

    pub(super) fn tables(&self) -> &[exact::Table] {
        &self.tables
    }

    pub(super) fn exclusions(&self) -> &Exclusions {
        &self.exclusions
    }

    pub(super) fn library(&self) -> Option<&fingerprint::Library> {
        self.library.as_ref()
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// All patterns together.
    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Which detectors a header cell announces: those with the longest of their header words in it. Exact wins. What
    /// stands in brackets (`PAN (India)`) may be left out.
    pub(super) fn announced(&self, header: &str) -> Vec<usize> {
        let whole = self.announced_by(&header_key(header));
        match header.split_once(['(', '（']) {
            Some((head, _)) if whole.is_empty() && !head.trim().is_empty() => self.announced_by(&header_key(head)),
            _ => whole,
        }
    }

    fn announced_by(&self, key: &str) -> Vec<usize> {
        if key.is_empty() {
            // A header that is all marks, as 〒 is.
            let bare = |detector: &Detector| detector.headers.iter().any(String::is_empty);
            return (0..).zip(&self.detectors).filter(|(_, detector)| bare(detector)).map(|(index, _)| index).collect();
        }
        let mut best = (0, Vec::new());
        let Some(words) = &self.header_search else { return Vec::new() };
        for found in words.find_overlapping_iter(key) {
            let Some(&(detector, length)) = self.headers.get(found.pattern().as_usize()) else { continue };
            let exact = found.start() == 0 && found.end() == key.len();
            if !exact && (length < 2 || !stands_as_word(key, found.range())) {
                continue;
            }
            let weight = length + if exact { 100 } else { 0 };
            if weight > best.0 {
                best = (weight, Vec::new());
            }
            if weight == best.0 && !best.1.contains(&detector) {
                best.1.push(detector);
            }
        }
        best.1.sort_unstable();
        best.1
    }

    /// Which of a detector's header words is in a header, by its number: the longest.
    pub(super) fn header_word(&self, detector: usize, header: &str) -> Option<usize> {
        let key = header_key(header);
        let words = self.detector(detector)?.headers.iter().enumerate();
        let found = words.filter(|(_, word)| !word.is_empty() && key.contains(word.as_str()));
        found.max_by_key(|(_, word)| word.len()).map(|(number, _)| number)
    }

    /// Whether a cell holds a header word and nothing else.
    pub(super) fn is_header_word(&self, cell: &str) -> bool {
        cell.len() <= 72 && self.header_words.contains(&header_key(cell))
    }

    /// The detector that finds Japanese names, for names that no pattern announces.
    pub(super) fn name_detector(&self) -> Option<usize> {
        self.detectors.iter().position(|d| d.role == Role::Name && d.check == super::checks::Check::NameJp)
    }

    /// The detector that finds birth dates, Japanese ones or any.
    pub(super) fn birth_detector(&self, japanese: bool) -> Option<usize> {
        let dates = |d: &Detector| d.role == Role::Attribute && d.check == super::checks::Check::BirthDate;
        let own = |d: &Detector| dates(d) && d.info.id.starts_with("jp.") == japanese;
        self.detectors.iter().position(own).or_else(|| self.detectors.iter().position(dates))
    }

    /// The detector that finds names in Latin letters.
    pub(super) fn latin_name_detector(&self) -> Option<usize> {
        self.detectors.iter().position(|d| d.role == Role::Name && d.check == super::checks::Check::PersonName)
    }
}

fn is_dictionary(source: &RuleSource) -> bool {
    source.name.starts_with("dictionaries/") || source.name.contains("/dictionaries/")
}

fn is_detectors(source: &RuleSource) -> bool {
    let toml = std::path::Path::new(&source.name).extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    toml && (source.name.starts_with("detectors/")
        || source.name.contains("/detectors/")
        || source
            .text
            .lines()
            .map(str::trim_start)
            .any(|l| l.starts_with("[[detector]]") || l.starts_with("[[exclude]]")))
}

/// The detectors that find something in a text.
fn found_in(mut detection: Detection<'_>, text: &str) -> impl Iterator<Item = String> {
    detection.text(&Place::new("example"), text);
    detection.finish().0.into_iter().map(|finding| finding.detector)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(change: impl Fn(&str) -> String) -> RuleSource {
        let text = r#"
[[detector]]
id = "our.customer"
category = "identity"
title = { ja = "顧客番号", en = "Customer number" }
source = "Our own numbering"
role = "identifier"
patterns = ['(?-u:\b)C-[0-9]{6}(?-u:\b)']
confidence = { alone = "low", context = "high" }
context = ["顧客番号"]
headers = ["顧客番号"]
mask = "last4"
[detector.examples]
match = ["顧客番号 C-123456"]
no_match = ["C-12"]
"#;
        RuleSource { name: "our.toml".to_owned(), text: change(text) }
    }

    #[test]
    fn every_built_in_rule_keeps_its_examples() {
        let rules = Rules::assemble(&[]).unwrap();
        let results = rules.test();
        assert!(results.len() > 100, "{}", results.len());
        let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(rules.detectors().count() >= 20);
    }

    #[test]
    fn every_built_in_rule_shows_five_of_each() {
        for detector in &Rules::assemble(&[]).unwrap().detectors {
            let (yes, no) = (detector.examples.matching.len(), detector.examples.not_matching.len());
            assert!(yes >= 5 && no >= 5, "{}: {yes} that match, {no} that do not", detector.info.id);
        }
    }

    #[test]
    fn a_company_adds_its_own() {
        let rules = Rules::compile(&[rule(str::to_owned)]).unwrap();
        assert!(rules.finds("our.customer", "顧客番号：C-654321"));
        assert!(rules.detectors().any(|detector| detector.id == "our.customer" && detector.file == "our.toml"));
    }

    #[test]
    fn the_same_id_replaces() {
        let before = Rules::compile(&[]).unwrap().detectors().count();
        let rules = Rules::compile(&[rule(|text| text.replace("our.customer", "us.ssn"))]).unwrap();
        assert_eq!(rules.detectors().count(), before);
        assert!(!rules.finds("us.ssn", "SSN: 536-90-4399"));
    }

    #[test]
    fn a_rule_whose_example_fails_is_refused() {
        let error = |change: fn(&str) -> String| Rules::compile(&[rule(change)]).unwrap_err().to_string();
        assert_eq!(
            error(|text| text.replace("顧客番号 C-123456", "nothing here")),
            "our.toml: detector our.customer: example 1 of match is not found; mend the rule or the example"
        );
        assert_eq!(
            error(|text| text.replace("\"C-12\"", "\"C-12\", \"C-123456\"")),
            "our.toml: detector our.customer: example 2 of no_match is found, and must not be; mend the rule or the example"
        );
        assert!(error(|text| text.replace("[0-9]{6}", "[0-9")).contains("detector our.customer: pattern 1:"));
        assert!(error(|text| text.replace("(?-u:\\b)C-[0-9]{6}(?-u:\\b)", "x*")).contains("make it need a character"));
    }

    #[test]
    fn a_dictionary_adds_words_and_other_files_are_left_alone() {
        let name = |name: &str, text: &str| RuleSource { name: name.to_owned(), text: text.to_owned() };
        let extra = [name("dictionaries/surnames-ours.txt", "鬼無里\n"), name("policies/x.toml", "[[rule]]\n")];
        assert!(Rules::compile(&extra).is_ok());
        let error = Rules::compile(&[name("dictionaries/words.txt", "x")]).unwrap_err().to_string();
        assert!(error.contains("rename it"), "{error}");
    }
}
