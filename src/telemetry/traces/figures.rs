//! What is counted about traces.
//!
//! In: what was told to the collector, and what it never heard. Out: figures called `sekisho_trace_spans_…`; all are there,
//! and nothing, while nobody is told. Deliberately absent: the traces.

use std::borrow::Cow;

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

/// Why spans are lost: counted from nothing on.
const LOST: [&str; 4] = ["queue_full", "collector_away", "refused", "stopped"];

#[derive(Debug, Default)]
pub(in crate::telemetry) struct TraceFigures {
    sent: Counter,
    lost: Family<[(&'static str, Cow<'static, str>); 1], Counter>,
}

impl TraceFigures {
    pub(in crate::telemetry) fn register(&self, registry: &mut Registry) {
        registry.register("trace_spans_sent", "Spans that the collector of traces took", self.sent.clone());
        registry.register("trace_spans_lost", "Spans that it never took, by reason", self.lost.clone());
        LOST.iter().for_each(|reason| self.lost(reason, 0));
    }

    pub(in crate::telemetry) fn sent(&self, spans: u64) {
        self.sent.inc_by(spans);
    }

    pub(in crate::telemetry) fn lost(&self, reason: &'static str, spans: u64) {
        self.lost.get_or_create(&[("reason", Cow::Borrowed(reason))]).inc_by(spans);
    }
}
