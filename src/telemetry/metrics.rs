//! What is counted, for Prometheus.
//!
//! In: what the pipeline and the watch over the room there is tell. Out: the OpenMetrics text of `GET /metrics`. Labels are
//! words of our own, ids of rules and of detectors; never an address, a subject or a found value.
//! Deliberately absent: who asks (`console::metrics`), and what deserves an alarm (`deploy/prometheus`).

use std::{borrow::Cow, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use super::{
    drill::{DrillFigures, Drilled},
    health::{Condition, Health},
    siem::{Feeding, SiemFigures},
    spool::{SpoolFigures, Spooling},
    traces::TraceFigures,
    trail::Trail,
};

/// One label with its value.
type Label = [(&'static str, Cow<'static, str>); 1];

/// A pool of connections, and whether those that are meant are in use.
type Connections = [(&'static str, &'static str); 2];

/// From half a millisecond, what a small clean mail takes, to what the longest inspection may.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0, 60.0];

/// From what a file in memory takes to read, to where whoever waits gives up.
const DATABASE: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0, 10.0];

/// Why a part is not read, and why an inspection worker is replaced: counted from nothing on, so that a rule that asks for
/// them finds them before the first.
const UNREAD: [&str; 7] = ["encrypted", "unsupported", "damaged", "limit", "timeout", "crashed", "image"];
const REPLACED: [&str; 5] = ["crashed", "limit", "timeout", "worn", "drill"];

/// All that is counted. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    mails: Family<Label, Counter>,
    bytes: Counter,
    persons: Counter,
    stages: Family<Label, Histogram>,
    rules: Family<Label, Counter>,
    detectors: Family<Label, Counter>,
    checks: Family<Label, Counter>,
    parts: Counter,
    unread: Family<Label, Counter>,
    workers: Family<Label, Counter>,
    commits: Histogram,
    database: Family<Label, Histogram>,
    connections: Family<Connections, Gauge>,
    most_connections: Family<Label, Gauge>,
    conditions: Family<Label, Gauge>,
    waiting: Family<Label, Gauge>,
    oldest: Family<Label, Gauge>,
    history: Gauge,
    siem: SiemFigures,
    spool: SpoolFigures,
    traces: TraceFigures,
    drill: DrillFigures,
}

/// How much waits in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// `held` or `outbox`.
    pub queue: &'static str,
    /// How many.
    pub length: u64,
    /// For how many seconds the oldest.
    pub oldest: i64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sekisho");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What runs", build);
        let mut inner = Inner {
            registry: Registry::default(),
            mails: Family::default(),
            bytes: Counter::default(),
            persons: Counter::default(),
            stages: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            rules: Family::default(),
            detectors: Family::default(),
            checks: Family::default(),
            parts: Counter::default(),
            unread: Family::default(),
            workers: Family::default(),
            commits: Histogram::new(SECONDS),
            database: Family::new_with_constructor(|| Histogram::new(DATABASE)),
            connections: Family::default(),
            most_connections: Family::default(),
            conditions: Family::default(),
            waiting: Family::default(),
            oldest: Family::default(),
            history: Gauge::default(),
            siem: SiemFigures::default(),
            spool: SpoolFigures::default(),
            traces: TraceFigures::default(),
            drill: DrillFigures::default(),
        };
        registry.register("mails", "Mails by what became of them", inner.mails.clone());
        registry.register_with_unit("mail", "Size of the mails that were judged", Unit::Bytes, inner.bytes.clone());
        registry.register("persons", "People whose data was found, mail by mail", inner.persons.clone());
        registry.register_with_unit(
            "stage",
            "How long a stage of a mail's way took",
            Unit::Seconds,
            inner.stages.clone(),
        );
        registry.register("rule_matches", "Mails that a policy rule matched", inner.rules.clone());
        registry.register("detector_mails", "Mails in which a detector found something", inner.detectors.clone());
        registry.register("recipient_issues", "Recipients that a check objected to", inner.checks.clone());
        registry.register("parts", "Parts of mails and containers that were read", inner.parts.clone());
        registry.register("uninspected_parts", "Parts that could not be read, by reason", inner.unread.clone());
        registry.register(
            "workers_replaced",
            "Inspection workers that were replaced, by reason",
            inner.workers.clone(),
        );
        registry.register_with_unit(
            "store_commit",
            "A small commit, its turn included",
            Unit::Seconds,
            inner.commits.clone(),
        );
        registry.register_with_unit(
            "database",
            "How long the database took, by kind of work",
            Unit::Seconds,
            inner.database.clone(),
        );
        let text = "Connections to the database, by pool and by whether they are in use";
        registry.register("database_connections", text, inner.connections.clone());
        let text = "How many connections a pool may have";
        registry.register("database_connections_most", text, inner.most_connections.clone());
        registry.register("condition", "1 while well, 0 while not", inner.conditions.clone());
        registry.register("waiting", "Mails that wait for a decision, or to go out", inner.waiting.clone());
        registry.register_with_unit("oldest_waiting", "Age of the oldest of them", Unit::Seconds, inner.oldest.clone());
        registry.register("history_counters", "Counters of the history of recipients", inner.history.clone());
        inner.siem.register(&mut registry);
        inner.spool.register(&mut registry);
        inner.traces.register(&mut registry);
        inner.drill.register(&mut registry);
        inner.registry = registry;
        for (family, reasons) in [(&inner.unread, &UNREAD[..]), (&inner.workers, &REPLACED[..])] {
            reasons.iter().for_each(|reason| drop(family.get_or_create(&[("reason", Cow::Borrowed(*reason))])));
        }
        Self { inner: Arc::new(inner) }
    }
}

impl Metrics {
    /// What became of a mail.
    pub fn mail(&self, outcome: &'static str) {
        self.inner.mails.get_or_create(&[("outcome", Cow::Borrowed(outcome))]).inc();
    }

    /// A mail of so many bytes was read: data of so many people, so many parts read.
    pub fn read(&self, bytes: usize, persons: u32, parts: u32) {
        self.inner.bytes.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.inner.persons.inc_by(u64::from(persons));
        self.inner.parts.inc_by(u64::from(parts));
    }

    /// A part could not be read.
    pub fn unread(&self, reason: &'static str) {
        self.inner.unread.get_or_create(&[("reason", Cow::Borrowed(reason))]).inc();
    }

    /// A stage of a mail's way took so long.
    pub fn stage(&self, stage: &'static str, took: Duration) {
        self.inner.stages.get_or_create(&[("stage", Cow::Borrowed(stage))]).observe(took.as_secs_f64());
    }

    /// How long each stage of a trail took.
    pub fn stages(&self, trail: &Trail) {
        trail.stages().for_each(|(stage, took)| self.stage(stage, took));
    }

    /// A policy rule matched.
    pub fn rule(&self, id: &str) {
        self.inner.rules.get_or_create(&[("rule", Cow::Owned(id.to_owned()))]).inc();
    }

    /// A detector found something.
    pub fn detector(&self, id: &str) {
        self.inner.detectors.get_or_create(&[("detector", Cow::Owned(id.to_owned()))]).inc();
    }

    /// A check objected to a recipient.
    pub fn check(&self, name: &'static str) {
        self.inner.checks.get_or_create(&[("check", Cow::Borrowed(name))]).inc();
    }

    /// So many inspection workers were replaced since the last time.
    pub fn workers(&self, reason: &'static str, more: u64) {
        self.inner.workers.get_or_create(&[("reason", Cow::Borrowed(reason))]).inc_by(more);
    }

    /// A small commit took so long.
    pub fn commit(&self, took: Duration) {
        self.inner.commits.observe(took.as_secs_f64());
    }

    /// The database took so long for one piece of such work.
    pub fn database(&self, work: &'static str, took: Duration) {
        self.inner.database.get_or_create(&[("work", Cow::Borrowed(work))]).observe(took.as_secs_f64());
    }

    /// Of the connections of a pool so many are open, so many of them idle, and so many may be open.
    pub fn connections(&self, pool: &'static str, (open, idle, most): (usize, usize, usize)) {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in [("in_use", open.saturating_sub(idle)), ("idle", idle)] {
            self.inner.connections.get_or_create(&[("pool", pool), ("state", state)]).set(whole(count));
        }
        self.inner.most_connections.get_or_create(&[("pool", Cow::Borrowed(pool))]).set(whole(most));
    }

    /// The history of recipients has so many counters.
    pub fn history(&self, counters: usize) {
        self.inner.history.set(i64::try_from(counters).unwrap_or(i64::MAX));
    }

    /// So many records were told to the SIEM.
    pub fn siem_sent(&self, records: usize) {
        self.inner.siem.sent(records);
    }

    /// The SIEM could not be told; it is tried again after `wait`.
    pub fn siem_failed(&self, wait: Duration) {
        self.inner.siem.failed(wait);
    }

    /// How the feed of the SIEM stands.
    pub fn siem_behind(&self, feeding: Feeding) {
        self.inner.siem.stands(feeding);
    }

    /// How the spool of the journal stands.
    pub fn spooled(&self, spooling: Spooling) {
        self.inner.spool.stands(spooling);
    }

    /// The collector of traces took so many spans.
    pub fn traces_sent(&self, spans: u64) {
        self.inner.traces.sent(spans);
    }

    /// It never took so many, and why.
    pub fn traces_lost(&self, reason: &'static str, spans: u64) {
        self.inner.traces.lost(reason, spans);
    }

    /// How the last drill of the machine ended.
    pub fn drilled(&self, last: Drilled) {
        self.inner.drill.set(last);
    }

    /// Everything as text, with how it is now.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn text(&self, health: &Health, waiting: &[Waiting]) -> Result<String, std::fmt::Error> {
        for condition in Condition::ALL {
            let gauge = self.inner.conditions.get_or_create(&[("condition", Cow::Borrowed(condition.name()))]).clone();
            gauge.set(i64::from(health.is_well(condition)));
        }
        for Waiting { queue, length, oldest } in waiting {
            let label = [("queue", Cow::Borrowed(*queue))];
            self.inner.waiting.get_or_create(&label).set(i64::try_from(*length).unwrap_or(i64::MAX));
            self.inner.oldest.get_or_create(&label).set(*oldest);
        }
        let mut text = String::new();
        encode(&mut text, &self.inner.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Text;

    #[test]
    fn what_was_told_is_in_the_text() {
        let (metrics, health) = (Metrics::default(), Health::default());
        metrics.mail("forwarded");
        metrics.clone().mail("forwarded");
        metrics.mail("held");
        metrics.read(4_096, 12, 3);
        metrics.unread("encrypted");
        metrics.stage("judge", Duration::from_millis(3));
        metrics.rule("bulk-personal-data");
        metrics.detector("jp.phone");
        metrics.check("lookalike_domain");
        metrics.workers("crashed", 2);
        metrics.commit(Duration::from_millis(2));
        metrics.history(7);
        metrics.database("read", Duration::from_millis(2));
        metrics.connections("read", (3, 1, 4));
        metrics.siem_sent(3);
        metrics.traces_sent(9);
        metrics.traces_lost("queue_full", 4);
        metrics.siem_failed(Duration::from_secs(8));
        metrics.siem_behind(Feeding { records: 5, age: 40, connected: false });
        metrics.spooled(Spooling { records: 6, bytes: 9_000, age: 50, aside: 1, written: 8 });
        metrics.spooled(Spooling { records: 7, bytes: 9_900, age: 60, aside: 1, written: 9 });
        metrics.drilled(Drilled { at: 1_790_000_000, scenarios: 600, failed: 2, left_uninspected: 1, seconds: 9 });
        health.unwell(Condition::Disk, Text { ja: "満杯".to_owned(), en: "full".to_owned() });
        let waiting = [Waiting { queue: "held", length: 5, oldest: 60 }];
        let text = metrics.text(&health, &waiting).unwrap();
        for line in [
            "sekisho_mails_total{outcome=\"forwarded\"} 2",
            "sekisho_mails_total{outcome=\"held\"} 1",
            "sekisho_mail_bytes_total 4096",
            "sekisho_persons_total 12",
            "sekisho_parts_total 3",
            "sekisho_uninspected_parts_total{reason=\"encrypted\"} 1",
            "sekisho_stage_seconds_bucket{le=\"0.005\",stage=\"judge\"} 1",
            "sekisho_stage_seconds_bucket{le=\"0.0025\",stage=\"judge\"} 0",
            "sekisho_rule_matches_total{rule=\"bulk-personal-data\"} 1",
            "sekisho_detector_mails_total{detector=\"jp.phone\"} 1",
            "sekisho_recipient_issues_total{check=\"lookalike_domain\"} 1",
            "sekisho_workers_replaced_total{reason=\"crashed\"} 2",
            "sekisho_store_commit_seconds_count 1",
            "sekisho_database_seconds_bucket{le=\"0.0025\",work=\"read\"} 1",
            "sekisho_database_seconds_bucket{le=\"0.001\",work=\"read\"} 0",
            "sekisho_database_connections{pool=\"read\",state=\"in_use\"} 2",
            "sekisho_database_connections{pool=\"read\",state=\"idle\"} 1",
            "sekisho_database_connections_most{pool=\"read\"} 4",
            "sekisho_condition{condition=\"disk\"} 0",
            "sekisho_condition{condition=\"store\"} 1",
            "sekisho_waiting{queue=\"held\"} 5",
            "sekisho_oldest_waiting_seconds{queue=\"held\"} 60",
            "sekisho_history_counters 7",
            "sekisho_siem_sent_total 3",
            "sekisho_trace_spans_sent_total 9",
            "sekisho_trace_spans_lost_total{reason=\"queue_full\"} 4",
            "sekisho_trace_spans_lost_total{reason=\"stopped\"} 0",
            "sekisho_siem_failures_total 1",
            "sekisho_siem_retry_seconds 8",
            "sekisho_siem_behind 5",
            "sekisho_siem_behind_age_seconds 40",
            "sekisho_siem_connected 0",
            "sekisho_journal_spooled_total 9",
            "sekisho_journal_spool_records 7",
            "sekisho_journal_spool_bytes 9900",
            "sekisho_journal_spool_age_seconds 60",
            "sekisho_journal_spool_aside 1",
            "sekisho_drill_last_timestamp_seconds 1790000000",
            "sekisho_drill_scenarios 600",
            "sekisho_drill_failed 2",
            "sekisho_drill_left_uninspected 1",
            "sekisho_drill_duration_seconds 9",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("sekisho_build_info{version=") && text.ends_with("# EOF\n"));
    }
}
