//! How Sekisho is: a list of conditions, each well or not, with a word on it.
//!
//! In: what the rooms notice about themselves. Out: a [`Report`] for `GET /health`, and one log line for each change.
//! Deliberately absent: who looks when (`pipeline::pressure`), and anything about a mail or a person.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU16, Ordering},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::language::{Language, Text};

/// What can be well or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The processes that read mail keep up.
    Workers,
    /// The database takes writes, and soon.
    Store,
    /// The journal is written.
    Journal,
    /// Records can wait where the store does not take them, and none that waited is in doubt.
    Spool,
    /// There is room on the disk.
    Disk,
    /// The next hop can be reached.
    NextHop,
    /// Mail that is to go out goes out.
    Outbox,
    /// The processes that read mail are locked in.
    Sandbox,
    /// The directory that is read from a server answers.
    Directory,
    /// The certificates of our own servers are valid, and will be for a while.
    Certificates,
    /// The SIEM is told what the journal says.
    Siem,
    /// The last drill of the machine came out as it should.
    Drill,
    /// The nodes on one database agree: on rules, people, clocks.
    Nodes,
}

impl Condition {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 13] = [
        Self::Workers,
        Self::Store,
        Self::Journal,
        Self::Spool,
        Self::Disk,
        Self::NextHop,
        Self::Outbox,
        Self::Sandbox,
        Self::Directory,
        Self::Certificates,
        Self::Siem,
        Self::Drill,
        Self::Nodes,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::Store => "store",
            Self::Journal => "journal",
            Self::Spool => "spool",
            Self::Disk => "disk",
            Self::NextHop => "next_hop",
            Self::Outbox => "outbox",
            Self::Sandbox => "sandbox",
            Self::Directory => "directory",
            Self::Certificates => "certificates",
            Self::Siem => "siem",
            Self::Drill => "drill",
            Self::Nodes => "nodes",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The conditions of this process. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Health {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// One bit a condition that is not well: what is asked for every mail.
    unwell: AtomicU16,
    words: Mutex<[Option<Text>; Condition::ALL.len()]>,
    nodes: Mutex<Vec<Node>>,
}

/// A node on the database, for those who look after all of them; not in the [`Report`], which anybody may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Host name and address.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// A digest of its rules.
    pub rules: String,
    /// A digest of its partners.
    pub partners: String,
    /// A digest of its people.
    pub people: String,
    /// What is wrong with its certificates.
    pub certificate: Option<String>,
}

/// One condition of a [`Report`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its name.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// What there is to say about it.
    pub words: String,
}

/// All conditions at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether all are well.
    pub ok: bool,
    /// Each of them.
    pub conditions: Vec<Line>,
}

impl Health {
    /// Whether `condition` is well. Cheap.
    pub fn is_well(&self, condition: Condition) -> bool {
        self.inner.unwell.load(Ordering::Relaxed) & condition.bit() == 0
    }

    /// `condition` is well; `words` say how.
    pub fn well(&self, condition: Condition, words: Text) {
        let before = self.inner.unwell.fetch_and(!condition.bit(), Ordering::Relaxed);
        if before & condition.bit() != 0 {
            tracing::info!(condition = condition.name(), "well again: {}", words.en);
        }
        self.note(condition, words);
    }

    /// `condition` is not well; `words` say why, and what helps.
    pub fn unwell(&self, condition: Condition, words: Text) {
        let before = self.inner.unwell.fetch_or(condition.bit(), Ordering::Relaxed);
        if before & condition.bit() == 0 {
            tracing::warn!(condition = condition.name(), "not well: {}", words.en);
        }
        self.note(condition, words);
    }

    /// How all are, for a reader of `language`. What nobody has looked at yet counts as well.
    pub fn report(&self, language: Language) -> Report {
        let words = self.inner.words.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = Condition::ALL.iter().zip(words.iter()).map(|(condition, words)| Line {
            name: condition.name(),
            ok: self.is_well(*condition),
            words: words.as_ref().map(|words| words.in_language(language).to_owned()).unwrap_or_default(),
        });
        let conditions: Vec<Line> = lines.collect();
        Report { ok: conditions.iter().all(|line| line.ok), conditions }
    }

    /// The nodes that are there.
    pub fn set_nodes(&self, nodes: Vec<Node>) {
        *self.inner.nodes.lock().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    /// The nodes that were there when somebody last looked.
    pub fn nodes(&self) -> Vec<Node> {
        self.inner.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, condition: Condition, words: Text) {
        let mut all = self.inner.words.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.get_mut(condition as usize) {
            *place = Some(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_well_makes_the_whole_not_well() {
        let text = |words: &str| Text { ja: format!("ja {words}"), en: words.to_owned() };
        let health = Health::default();
        assert!(health.report(Language::En).ok);
        health.unwell(Condition::Disk, text("full"));
        health.well(Condition::Store, text("fast"));
        let report = health.clone().report(Language::Ja);
        assert!(!report.ok && !health.is_well(Condition::Disk) && health.is_well(Condition::Store));
        let disk = report.conditions.iter().find(|line| line.name == "disk").unwrap();
        assert_eq!((disk.ok, disk.words.as_str()), (false, "ja full"));
        health.well(Condition::Disk, text("empty"));
        assert!(health.report(Language::En).ok);
        assert_eq!(report.conditions.len(), Condition::ALL.len());
    }
}
