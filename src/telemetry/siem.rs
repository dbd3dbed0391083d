//! What is counted about the feed of the SIEM.
//!
//! In: what the feed tells of itself. Out: figures called `sekisho_siem_…`; all are there, and nothing, without a feed.
//! Deliberately absent: the feed (`crate::siem`).

use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::{Registry, Unit},
};

/// How the feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feeding {
    /// Records that are not told yet.
    pub records: i64,
    /// Seconds since the oldest of them was written.
    pub age: i64,
    /// Whether a way to the collector is open.
    pub connected: bool,
}

#[derive(Debug, Default)]
pub(super) struct SiemFigures {
    sent: Counter,
    failures: Counter,
    retry: Gauge,
    behind: Gauge,
    age: Gauge,
    connected: Gauge,
}

impl SiemFigures {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("siem_sent", "Records told to the SIEM, those told again included", self.sent.clone());
        registry.register("siem_failures", "Times that the SIEM could not be told", self.failures.clone());
        registry.register_with_unit(
            "siem_retry",
            "How long the feed waits after its last failure; 0 if it was no failure",
            Unit::Seconds,
            self.retry.clone(),
        );
        registry.register("siem_behind", "Records that the SIEM is not told yet", self.behind.clone());
        registry.register_with_unit("siem_behind_age", "Age of the oldest of them", Unit::Seconds, self.age.clone());
        registry.register("siem_connected", "1 while a way to the SIEM is open", self.connected.clone());
    }

    pub(super) fn sent(&self, records: usize) {
        self.sent.inc_by(u64::try_from(records).unwrap_or(u64::MAX));
        self.retry.set(0);
    }

    pub(super) fn failed(&self, wait: Duration) {
        self.failures.inc();
        self.retry.set(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
    }

    pub(super) fn stands(&self, Feeding { records, age, connected }: Feeding) {
        self.behind.set(records);
        self.age.set(age);
        self.connected.set(i64::from(connected));
    }
}
