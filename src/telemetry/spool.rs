//! What is counted about the spool of the journal.
//!
//! In: how the spool stands. Out: figures called `sekisho_journal_spool_…`; all are there, and nothing, without a spool.
//! Deliberately absent: the spool (`crate::journal`).

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

/// How the spool stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spooling {
    /// Records that wait for the store.
    pub records: u64,
    /// In so many bytes.
    pub bytes: u64,
    /// Seconds since the oldest of them was written.
    pub age: i64,
    /// Files that were torn or changed, or do not open with our key, and wait for somebody to look at them.
    pub aside: u64,
    /// Records that were written into it since the start.
    pub written: u64,
}

#[derive(Debug, Default)]
pub(super) struct SpoolFigures {
    written: Counter,
    records: Gauge,
    bytes: Gauge,
    age: Gauge,
    aside: Gauge,
}

impl SpoolFigures {
    pub(super) fn register(&self, registry: &mut Registry) {
        let written = "Records written to the spool of the journal, since the store took none";
        registry.register("journal_spooled", written, self.written.clone());
        registry.register("journal_spool_records", "Records that wait in it for the store", self.records.clone());
        registry.register_with_unit("journal_spool", "How much they take", Unit::Bytes, self.bytes.clone());
        registry.register_with_unit("journal_spool_age", "Age of the oldest of them", Unit::Seconds, self.age.clone());
        registry.register(
            "journal_spool_aside",
            "Its files that were torn or changed, or sealed with another key",
            self.aside.clone(),
        );
    }

    pub(super) fn stands(&self, Spooling { records, bytes, age, aside, written }: Spooling) {
        let number = |figure: u64| i64::try_from(figure).unwrap_or(i64::MAX);
        self.written.inc_by(written.saturating_sub(self.written.get()));
        self.records.set(number(records));
        self.bytes.set(number(bytes));
        self.age.set(age);
        self.aside.set(number(aside));
    }
}
