//! A running text by its lines: which of them are courtesy, and what their words say about whoever stands in them.
//!
//! In: one normalised text, and then the hits in it. Out: a [`Page`], which knows the zones of the lines, whether a hit is
//! there only because this is a letter, and what its line says about it. Deliberately absent: who is who
//! ([`super::prose`]).

use std::cell::OnceCell;

use super::bare::Bare;
use super::checks::Note;
use super::record::Record;
use super::rule::Role;
use super::scan::Hit;
use super::zones::{self, Zone};
use crate::inspect::Category;

/// More addresses of sender's and recipients' colleagues are a list of staff.
const COLLEAGUES: usize = 3;

/// A text and its lines.
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    pub(super) lines: Vec<&'a str>,
    pub(super) starts: Vec<usize>,
    /// What is known of each line, once somebody asked: a line may be as long as the text and hold thousands of people.
    remarks: Vec<OnceCell<Remarks>>,
    /// How many different addresses of colleagues stand in the text.
    colleagues: OnceCell<usize>,
}

/// What the words of a line say about whoever stands in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Remarks {
    /// An organisation is named.
    pub(super) company: bool,
    /// Somebody is there for work.
    pub(super) staff: bool,
    /// Somebody is a private person.
    pub(super) home: bool,
}

impl Remarks {
    fn of(line: &str) -> Self {
        let home = ["自宅", "ご自宅", "実家", "お客様", "home"].iter().any(|word| line.contains(word));
        Self { company: zones::has_company(line), staff: zones::is_staff_line(line), home }
    }
}

impl<'a> Page<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split('\n').collect();
        let starts = lines
            .iter()
            .scan(0, |next, line| {
                let start = *next;
                *next += line.len() + 1;
                Some(start)
            })
            .collect();
        let remarks = vec![OnceCell::new(); lines.len()];
        Self { text, lines, starts, remarks, colleagues: OnceCell::new() }
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    pub(super) fn line(&self, number: usize) -> &'a str {
        self.lines.get(number).copied().unwrap_or_default()
    }

    pub(super) fn remarks(&self, number: usize) -> Remarks {
        let known = self.remarks.get(number);
        known.map(|remarks| *remarks.get_or_init(|| Remarks::of(self.line(number)))).unwrap_or_default()
    }

    /// Whether an empty line or a rule stands between two lines.
    pub(super) fn breaks(&self, from: usize, to: usize) -> bool {
        (from + 1..to).any(|line| zones::unquoted(self.line(line)).is_empty() || zones::is_rule(self.line(line)))
    }

    /// In which lines something was found.
    pub(super) fn busy(&self, hits: &[Hit], bare: &[Bare]) -> Vec<bool> {
        let mut busy = vec![false; self.lines.len()];
        for start in hits.iter().map(|hit| hit.range.start).chain(bare.iter().map(|name| name.start)) {
            if let Some(busy) = busy.get_mut(self.line_of(start)) {
                *busy = true;
            }
        }
        busy
    }

    /// The zones of the lines; a signature with too many people in it is none.
    pub(super) fn zones(&self, record: &mut Record<'_>, hits: &[Hit], bare: &[Bare]) -> Vec<Zone> {
        let mut zones = zones::of(&self.lines, &record.own, &self.busy(hits, bare));
        let mut load: std::collections::BTreeMap<u32, [usize; 4]> = std::collections::BTreeMap::new();
        for hit in hits {
            let Some(Zone::Signature(number)) = zones.get(self.line_of(hit.range.start)) else { continue };
            let Some(detector) = record.rules.detector(hit.detector) else { continue };
            let kind = match detector.role {
                Role::Name => 0,
                Role::Identifier if self.value(hit).contains('@') => 1,
                Role::Identifier if detector.info.category == Category::Contact => 2,
                _ if detector.info.category == Category::Contact => continue,
                _ => 3,
            };
            if let Some(count) = load.entry(*number).or_default().get_mut(kind) {
                *count += 1;
            }
        }
        for name in bare {
            if let Some(Zone::Signature(number)) = zones.get(self.line_of(name.start)) {
                load.entry(*number).or_default()[0] += 1;
            }
        }
        for zone in &mut zones {
            if let Zone::Signature(number) = zone
                && let Some(&[names, mails, phones, other]) = load.get(number)
                && (names > 2 || mails > 3 || phones > 5 || other > 0)
            {
                *zone = Zone::Body;
            }
        }
        for (line, zone) in self.lines.iter().zip(&zones) {
            if matches!(zone, Zone::Salutation | Zone::Signature(_) | Zone::Quoted) {
                record.acquaint(zones::unquoted(line));
            }
        }
        zones
    }

    /// Whether a hit is there because this is a letter, and not because somebody's data is in it.
    pub(super) fn is_courtesy(&self, record: &Record<'_>, hit: &Hit, zones: &[Zone]) -> bool {
        let Some(detector) = record.rules.detector(hit.detector) else { return true };
        let courteous = detector.role == Role::Name || detector.info.category == Category::Contact;
        if courteous && zones.get(self.line_of(hit.range.start)).is_some_and(|zone| *zone != Zone::Body) {
            return true;
        }
        let value = self.value(hit);
        match hit.note {
            Note::Service | Note::RoleAddress => true,
            _ if value.contains('@') => {
                let address = value.to_lowercase();
                record.own.contains(&address)
                    || (is_colleague(record, &address)
                        && *self.colleagues.get_or_init(|| self.colleagues(record)) <= COLLEAGUES)
            }
            _ => false,
        }
    }

    /// How many different addresses of colleagues stand in the text.
    fn colleagues(&self, record: &Record<'_>) -> usize {
        let mut found: Vec<&str> = Vec::new();
        for (at, _) in self.text.match_indices('@') {
            let graphic = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | '(' | ')' | '"' | ':');
            let before = self.text.get(..at).unwrap_or_default();
            let start =
                before.char_indices().rev().take(64).take_while(|(_, c)| graphic(*c)).last().map_or(at, |(i, _)| i);
            let after = self.text.get(at..).unwrap_or_default();
            let end = at + after.find(|c: char| !graphic(c)).unwrap_or(after.len()).min(254);
            let address = self.text.get(start..end).unwrap_or_default();
            if is_colleague(record, &address.to_lowercase()) && !found.contains(&address) {
                found.push(address);
                if found.len() > COLLEAGUES {
                    break;
                }
            }
        }
        found.len()
    }

    pub(super) fn value(&self, hit: &Hit) -> &'a str {
        self.text.get(hit.range.clone()).unwrap_or_default()
    }
}

fn is_colleague(record: &Record<'_>, address: &str) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| record.domains.iter().any(|own| own == domain))
        && !record.own.iter().any(|own| own == address)
}
