//! What one inspection has come to know so far.
//!
//! In: hits and people, from texts and from tables. Out: at the end, findings and the number of people. It also knows
//! whose mail it is: the addresses and names of sender and recipients, who are not leaked by being there.

use super::checks::is_latin_name;
use super::names::script::is_name_character;
use super::prose::clusters::name_key;
use super::rules::Rules;
use super::table::columns::Columns;
use super::tally::{Shown, Tally};
use crate::inspect::persons::{Person, Persons, Sight};
use crate::inspect::{Confidence, Finding, People};

/// Findings and people of one mail or file.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) rules: &'a Rules,
    /// Addresses of sender and recipients, lower case.
    pub(super) own: Vec<String>,
    /// Their domains, save those that anybody may have an address in.
    pub(super) domains: Vec<String>,
    /// Their names as folded by [`name_key`], as far as headers, salutations and signatures tell.
    pub(super) known: Vec<String>,
    /// Which lines of the text that is being read are the history of the mail; empty if none is.
    pub(super) history: Vec<bool>,
    /// What is counted now stands in the history of the mail.
    pub(super) quoted: bool,
    /// Whether people in it are counted all the same.
    count_quoted: bool,
    /// Whether what the organisation excludes is left aside.
    pub(super) excluding: bool,
    /// Tables so far.
    tables: u32,
    /// The table that ended last, if it had a header.
    pub(super) before: Option<Before>,
    pub(super) tally: Tally,
    persons: Persons,
}

/// A table that has ended, for one that goes on with it.
#[derive(Debug)]
pub(super) struct Before {
    /// What it is a part of.
    pub(super) book: String,
    /// Its number among the tables.
    pub(super) number: u32,
    pub(super) columns: Columns,
}

/// Domains in which neighbours are not colleagues.
const SHARED: [&str; 16] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.co.jp",
    "ymail.ne.jp",
    "yahoo.com",
    "hotmail.com",
    "hotmail.co.jp",
    "outlook.com",
    "outlook.jp",
    "live.jp",
    "icloud.com",
    "me.com",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "au.com",
    "softbank.ne.jp",
];

/// More names than this are not kept.
const KNOWN: usize = 64;

impl<'a> Record<'a> {
    pub(super) fn new(rules: &'a Rules, own: Vec<String>, count_quoted: bool) -> Self {
        let mut domains: Vec<String> =
            own.iter().filter_map(|address| address.rsplit_once('@')).map(|(_, domain)| domain.to_owned()).collect();
        domains.retain(|domain| !SHARED.contains(&domain.as_str()));
        domains.sort();
        domains.dedup();
        Self {
            rules,
            own,
            domains,
            known: Vec::new(),
            history: Vec::new(),
            quoted: false,
            count_quoted,
            excluding: !rules.exclusions().is_empty(),
            tables: 0,
            before: None,
            tally: Tally::new(rules),
            persons: Persons::default(),
        }
    }

    /// Takes the names in an address field for those of sender and recipients.
    pub(super) fn introduce(&mut self, field: &str) {
        for part in field.split(['<', '>', ',', ';', '"', '(', ')', '/', '@']).take(KNOWN).map(str::trim) {
            if is_latin_name(part) && self.known.len() < KNOWN {
                self.known.push(name_key(part));
            }
            self.acquaint(part);
        }
    }

    /// Keeps the names in a line of a salutation or a signature.
    pub(super) fn acquaint(&mut self, line: &str) {
        // Those in Latin letters stand in headers only.
        if line.is_ascii() || self.known.len() >= KNOWN {
            return;
        }
        let runs = line.split(|c: char| !is_name_character(c) && c != ' ');
        for run in runs {
            let run = run.trim().trim_end_matches(['様', '殿', '氏']).trim_end_matches("さん").trim_end();
            let pairs = run.split(' ').zip(run.split(' ').skip(1)).map(|(a, b)| format!("{a} {b}"));
            let words = std::iter::once(run.to_owned()).chain(run.split(' ').map(str::to_owned)).chain(pairs);
            for word in words {
                if self.known.len() < KNOWN && self.rules.names().names_somebody(&word) {
                    let key = name_key(&word);
                    if !self.known.contains(&key) {
                        self.known.push(key);
                    }
                }
            }
        }
    }

    /// Counts a hit.
    pub(super) fn found(
        &mut self,
        detector: usize,
        confidence: Confidence,
        value: &str,
        shown: impl FnOnce() -> Shown,
    ) {
        self.tally.add(self.rules, detector, confidence, value, self.quoted, shown);
    }

    /// Whether the organisation excludes this value of a detector.
    pub(super) fn excludes(&self, detector: usize, value: &str) -> bool {
        self.excluding
            && self.rules.detector(detector).is_some_and(|rule| self.rules.exclusions().hold(detector, rule, value))
    }

    /// Whether a value is the address of the sender or a recipient.
    pub(super) fn is_own(&self, value: &str) -> bool {
        !self.own.is_empty() && value.contains('@') && self.own.iter().any(|own| own.eq_ignore_ascii_case(value))
    }

    /// Whether a line of the text that is being read is history.
    pub(super) fn is_history(&self, line: usize) -> bool {
        self.history.get(line).copied().unwrap_or_default()
    }

    /// Counts what `count` finds in a line as history if it is. Of a table in history all is.
    pub(super) fn within_history(&mut self, line: usize, count: impl FnOnce(&mut Self)) {
        let before = self.quoted;
        self.quoted = before || self.is_history(line);
        count(self);
        self.quoted = before;
    }

    /// A number for a table that begins.
    pub(super) fn next_table(&mut self) -> u32 {
        self.tables = self.tables.saturating_add(1);
        self.tables
    }

    /// Counts a person, who stands in a hidden place or in plain sight, in a row of table `source` or in running text
    /// (0).
    pub(super) fn person(&mut self, person: &Person, source: u32, hidden: bool) {
        let quoted = self.quoted && !self.count_quoted;
        self.persons.add(person, Sight { source, hidden, quoted });
    }

    pub(super) fn finish(self) -> (Vec<Finding>, People) {
        (self.tally.finish(self.rules), self.persons.count())
    }
}
