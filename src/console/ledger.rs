//! The console's only way to the journal.
//!
//! In: what is sought, a span of days, ids of mails. Out: records, numbers, what a leak's report is drafted from. It is asked
//! on behalf of those to whom the section is open; which those are, the pages say (`section`), for here nobody is named.
//! Deliberately absent: any way to write but the note that somebody took records out, which comes before they get them.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use jiff::civil::Date;

use crate::{
    journal::{Figures, Journal, JournalError, Leaf, Query, Reach, Record, report::Meant},
    language::Text,
};

/// What is answered some time later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send + 'a>>;

/// What the rules in force are called.
pub type Titles = Arc<dyn Fn() -> BTreeMap<String, Text> + Send + Sync>;

/// The journal, as the console reads it.
pub trait Ledger: Send + Sync + 'static {
    /// Some of the records that fit.
    fn leaf<'a>(&'a self, query: &'a Query, reach: Reach, most: usize) -> Answer<'a, Leaf>;
    /// How much of what there was from one day to another, both included.
    fn figures(&self, from: Date, until: Date) -> Answer<'_, Figures>;
    /// Everything about the mails with these ids.
    fn incident<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Meant>;
    /// Writes down that somebody takes records out; when this returns, it is on the disk.
    fn note(&self, record: Record) -> Answer<'_, ()>;
    /// What the rules in force are called.
    fn titles(&self) -> BTreeMap<String, Text>;
}

/// The journal of a running server, and what its rules are called.
#[derive(Clone)]
pub struct Books {
    /// The journal.
    pub journal: Journal,
    /// What the rules in force are called.
    pub titles: Titles,
}

impl Ledger for Books {
    fn leaf<'a>(&'a self, query: &'a Query, reach: Reach, most: usize) -> Answer<'a, Leaf> {
        Box::pin(self.journal.leaf(query, reach, most))
    }

    fn figures(&self, from: Date, until: Date) -> Answer<'_, Figures> {
        Box::pin(self.journal.figures(from, until))
    }

    fn incident<'a>(&'a self, ids: &'a [String]) -> Answer<'a, Meant> {
        Box::pin(self.journal.incident(ids))
    }

    fn note(&self, record: Record) -> Answer<'_, ()> {
        Box::pin(self.journal.record(record))
    }

    fn titles(&self) -> BTreeMap<String, Text> {
        (self.titles)()
    }
}
