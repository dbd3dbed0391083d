//! A running text by its lines: which of them are courtesy, and what their words say about whoever stands in them.
//!
//! In: one normalised text, and then the hits in it. Out: a [`Page`], which knows the zones of the lines, whether a hit is
//! there only because this is a letter, and what its line says about it. Deliberately absent: who is who
//! ([`super`]).

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use super::bare::Bare;
use super::signature::Load;
use super::zones::{self, Zone};
use crate::inspect::Category;
use crate::inspect::detect::checks::{Check, Note};
use crate::inspect::detect::record::Record;
use crate::inspect::detect::rules::rule::Role;
use crate::inspect::detect::scan::Hit;

/// More addresses of sender's and recipients' colleagues are a list of staff.
const COLLEAGUES: usize = 3;

/// A text and its lines.
pub(crate) struct Page<'a> {
    pub(crate) text: &'a str,
    pub(crate) lines: Vec<&'a str>,
    pub(crate) starts: Vec<usize>,
    /// The line that was asked for last.
    last: Cell<usize>,
    /// What is known of each line, once somebody asked: a line may be as long as the text and hold thousands of people.
    remarks: Vec<Remarks>,
    /// How many different addresses of colleagues stand in the text.
    colleagues: OnceCell<usize>,
}

/// What the words of a line say about whoever stands in it.
#[derive(Debug, Clone, Default)]
struct Remarks {
    company: OnceCell<bool>,
    staff: OnceCell<bool>,
    home: OnceCell<bool>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split('\n').collect();
        let starts = lines
            .iter()
            .scan(0, |next, line| {
                let start = *next;
                *next += line.len() + 1;
                Some(start)
            })
            .collect();
        let remarks = vec![Remarks::default(); lines.len()];
        Self { text, lines, starts, last: Cell::new(0), remarks, colleagues: OnceCell::new() }
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        // Most who ask go down the text, a few lines at a time, and look back at the line before.
        const STEPS: usize = 16;
        let before = self.last.get().saturating_sub(1);
        let near = self.starts.get(before..).unwrap_or_default();
        let near = near.get(..STEPS).unwrap_or(near);
        let line = match near.iter().position(|&start| start > offset) {
            Some(ahead) if ahead > 0 => before + ahead - 1,
            _ => self.starts.partition_point(|&start| start <= offset).saturating_sub(1),
        };
        self.last.set(line);
        line
    }

    /// Hits, which are in the order of the text, by the number of the line that they begin in.
    pub(super) fn by_line<'h>(&self, hits: &'h [Hit]) -> impl Iterator<Item = (usize, &'h [Hit])> {
        let mut rest = hits;
        std::iter::from_fn(move || {
            let number = self.line_of(rest.first()?.range.start);
            let next = self.starts.get(number + 1).copied().unwrap_or(usize::MAX);
            let count = rest.iter().take_while(|hit| hit.range.start < next).count();
            let (on_line, below) = rest.split_at_checked(count)?;
            rest = below;
            Some((number, on_line))
        })
    }

    /// Where some lines begin in the text and end.
    pub(crate) fn span(&self, lines: &Range<usize>) -> (usize, usize) {
        let start = self.starts.get(lines.start).copied().unwrap_or_default();
        (start, self.starts.get(lines.end).copied().unwrap_or(self.text.len() + 1))
    }

    pub(crate) fn line(&self, number: usize) -> &'a str {
        self.lines.get(number).copied().unwrap_or_default()
    }

    /// What stands before an offset on its line.
    pub(crate) fn head(&self, offset: usize) -> &'a str {
        let start = self.starts.get(self.line_of(offset)).copied().unwrap_or_default();
        self.text.get(start..offset).unwrap_or_default()
    }

    /// The last of what stands before an offset on its line, which may be as long as the text.
    pub(super) fn just_before(&self, offset: usize) -> &'a str {
        const NEAR: usize = 300;
        let head = self.head(offset);
        head.get(head.ceil_char_boundary(head.len().saturating_sub(NEAR))..).unwrap_or_default()
    }

    /// Whether a line names an organisation.
    pub(super) fn names_company(&self, number: usize) -> bool {
        self.remark(number, |remarks| &remarks.company, zones::has_company)
    }

    /// Whether somebody stands in a line for work.
    pub(crate) fn is_staff(&self, number: usize) -> bool {
        self.remark(number, |remarks| &remarks.staff, zones::is_staff_line)
    }

    /// Whether whoever is named at an offset is there for work, by the sentence: `担当の鈴木さんが親切でした。母の山田花子は…`.
    pub(super) fn is_staff_at(&self, offset: usize) -> bool {
        let line = self.line_of(offset);
        let before = self.just_before(offset);
        let Some(end) = before.rfind('。') else { return self.is_staff(line) };
        let sentence = offset - before.len() + end + '。'.len_utf8();
        let start = self.starts.get(line).copied().unwrap_or_default();
        zones::is_staff_line(self.line(line).get(sentence.saturating_sub(start)..).unwrap_or_default())
    }

    /// Whether somebody stands in a line as a private person.
    pub(super) fn is_home(&self, number: usize) -> bool {
        let is_home = |line: &str| ["自宅", "ご自宅", "実家", "お客様", "home"].iter().any(|word| line.contains(word));
        self.remark(number, |remarks| &remarks.home, is_home)
    }

    fn remark(&self, number: usize, which: impl Fn(&Remarks) -> &OnceCell<bool>, is_so: impl Fn(&str) -> bool) -> bool {
        self.remarks.get(number).is_some_and(|remarks| *which(remarks).get_or_init(|| is_so(self.line(number))))
    }

    /// Whether an empty line or a rule stands between two lines.
    pub(crate) fn breaks(&self, from: usize, to: usize) -> bool {
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

    /// The zones of the lines; who is named in those that are courtesy becomes known.
    pub(crate) fn zones(&self, record: &mut Record<'_>, hits: &[Hit], bare: &[Bare]) -> Vec<Zone> {
        let zones = zones::of(&self.lines, &record.own, &self.loads(record, hits, bare));
        for (line, _) in self.lines.iter().zip(&zones).filter(|(_, zone)| **zone != Zone::Body) {
            record.acquaint(zones::unquoted(line));
        }
        zones
    }

    /// What was found in each line.
    fn loads(&self, record: &Record<'_>, hits: &[Hit], bare: &[Bare]) -> Vec<Load> {
        let mut loads = vec![Load::default(); self.lines.len()];
        for hit in hits {
            let Some(load) = loads.get_mut(self.line_of(hit.range.start)) else { continue };
            load.busy = true;
            let Some(detector) = record.rules.detector(hit.detector) else { continue };
            let contact = detector.info.category == Category::Contact;
            let count = match detector.role {
                Role::Name => &mut load.names,
                Role::Identifier if self.value(hit).contains('@') => &mut load.mails,
                Role::Identifier if contact => &mut load.phones,
                _ if contact => continue,
                _ => &mut load.other,
            };
            *count = count.saturating_add(1);
        }
        for name in bare {
            if let Some(load) = loads.get_mut(self.line_of(name.start)) {
                load.busy = true;
                load.names = load.names.saturating_add(1);
            }
        }
        loads
    }

    /// Whether a hit is there because this is a letter, and not because somebody's data is in it.
    pub(super) fn is_courtesy(&self, record: &Record<'_>, hit: &Hit, zones: &[Zone]) -> bool {
        let Some(detector) = record.rules.detector(hit.detector) else { return true };
        let courteous = detector.role == Role::Name || detector.info.category == Category::Contact;
        if courteous && zones.get(self.line_of(hit.range.start)).is_some_and(|zone| *zone != Zone::Body) {
            return true;
        }
        if detector.check == Check::AddressJp && zones::is_venue(self.just_before(hit.range.start)) {
            return true;
        }
        let value = self.value(hit);
        match hit.note {
            Note::Service | Note::RoleAddress => true,
            _ if record.own.is_empty() => false,
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

    pub(crate) fn value(&self, hit: &Hit) -> &'a str {
        self.text.get(hit.range.clone()).unwrap_or_default()
    }
}

fn is_colleague(record: &Record<'_>, address: &str) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| record.domains.iter().any(|own| own == domain))
        && !record.own.iter().any(|own| own == address)
}
