//! How the last drill of the machine ended, in figures.
//!
//! In: what the store says of it. Out: gauges. Before the first drill all of them are 0. Deliberately absent: what failed in
//! it (the journal, the page of those who look after it).

use prometheus_client::{
    metrics::gauge::Gauge,
    registry::{Registry, Unit},
};

/// The figures of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drilled {
    /// When it was, in seconds of the epoch.
    pub at: i64,
    /// How many mails were sent through.
    pub scenarios: u32,
    /// How many did not come out as they should.
    pub failed: u32,
    /// How many would have gone out not found or not read.
    pub left_uninspected: u32,
    /// How long it took.
    pub seconds: u64,
}

/// The same as gauges.
#[derive(Debug, Default)]
pub(super) struct DrillFigures {
    at: Gauge,
    scenarios: Gauge,
    failed: Gauge,
    left_uninspected: Gauge,
    seconds: Gauge,
}

impl DrillFigures {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "drill_last_timestamp",
            "When the last drill of the machine was; 0 before the first",
            Unit::Seconds,
            self.at.clone(),
        );
        registry.register("drill_scenarios", "Mails of the last drill", self.scenarios.clone());
        registry.register("drill_failed", "Mails of it that did not come out as they should", self.failed.clone());
        registry.register(
            "drill_left_uninspected",
            "Mails of it that would have gone out not found or not read",
            self.left_uninspected.clone(),
        );
        registry.register_with_unit("drill_duration", "How long it took", Unit::Seconds, self.seconds.clone());
    }

    pub(super) fn set(&self, last: Drilled) {
        self.at.set(last.at);
        self.scenarios.set(last.scenarios.into());
        self.failed.set(last.failed.into());
        self.left_uninspected.set(last.left_uninspected.into());
        self.seconds.set(i64::try_from(last.seconds).unwrap_or(i64::MAX));
    }
}
