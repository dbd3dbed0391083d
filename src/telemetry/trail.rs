//! The trail of one mail: which stages of its way took how long.
//!
//! In: the mail's id, each stage as it ends, numbers and ids about it. Out: times for [`Metrics`](super::metrics::Metrics),
//! and, if the mail is among the sampled, spans ([`traces`](super::traces)). A trail has no place for content: names are
//! our own words, values are numbers, our own words, and ids, of which [`Fact::id`] takes nothing that is written as no id.
//! Deliberately absent: tracing events, whose fields may name people.

use std::time::{Instant, SystemTime};

/// The longest id that is told.
const LONGEST_ID: usize = 128;

/// The trail of one mail, from MAIL to its reply, or of one attempt to bring it out.
#[derive(Debug, Clone)]
pub struct Trail {
    pub(super) kind: Kind,
    /// The mail's id; so is the trace's.
    pub(super) mail: String,
    pub(super) at: SystemTime,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) stages: Vec<Stage>,
    pub(super) facts: Vec<(&'static str, Fact)>,
    pub(super) failed: bool,
}

/// What a trail is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mail,
    Delivery,
}

/// One stage.
#[derive(Debug, Clone)]
pub struct Stage {
    pub(super) name: &'static str,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) facts: Vec<(&'static str, Fact)>,
}

/// What can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A number.
    Number(i64),
    /// A word of our own.
    Word(&'static str),
    /// Ids of mails, rules or detectors.
    Ids(Vec<String>),
}

impl Fact {
    /// A count.
    pub fn count(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// An id.
    pub fn id(id: &str) -> Self {
        Self::ids([id])
    }

    /// Some ids. What is written as no id is (letters, digits, `-`, `_`, `.`) is left out: whatever it is, it is no id of
    /// ours, and might be somebody's address.
    pub fn ids<'i>(ids: impl IntoIterator<Item = &'i str>) -> Self {
        let plain = |id: &&str| {
            !id.is_empty()
                && id.len() <= LONGEST_ID
                && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        Self::Ids(ids.into_iter().filter(plain).map(str::to_owned).collect())
    }
}

impl Trail {
    /// Begins with MAIL.
    pub fn of_mail(id: &str) -> Self {
        Self::new(Kind::Mail, id)
    }

    /// Begins with an attempt to bring out what is in the outbox about the mail `id`.
    pub fn of_delivery(id: &str) -> Self {
        Self::new(Kind::Delivery, id)
    }

    fn new(kind: Kind, mail: &str) -> Self {
        let (at, began) = (SystemTime::now(), Instant::now());
        let (stages, facts) = (Vec::new(), Vec::new());
        Self { kind, mail: mail.to_owned(), at, began, ended: began, stages, facts, failed: false }
    }

    /// When it began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// A stage has ended.
    pub fn stage(&mut self, stage: Stage) {
        self.stages.push(stage);
    }

    /// The same of a stage that comes in steps, as one RCPT after the other: it goes on from its first to its last.
    pub fn step(&mut self, stage: Stage) {
        match self.stages.iter_mut().find(|known| known.name == stage.name) {
            Some(known) => *known = Stage { began: known.began, ..stage },
            None => self.stage(stage),
        }
    }

    /// Stages that were measured elsewhere.
    pub fn extend(&mut self, stages: Vec<Stage>) {
        self.stages.extend(stages);
    }

    /// Something about the whole.
    pub fn note(&mut self, name: &'static str, fact: Fact) {
        self.facts.push((name, fact));
    }

    /// It did not end as it should have.
    pub fn failed(&mut self) {
        self.failed = true;
    }

    /// The stages so far, with how long each took.
    pub(super) fn stages(&self) -> impl Iterator<Item = (&'static str, std::time::Duration)> {
        self.stages.iter().map(|stage| (stage.name, stage.ended.saturating_duration_since(stage.began)))
    }
}

impl Stage {
    /// A stage from then to now.
    pub fn since(name: &'static str, began: Instant) -> Self {
        Self::between(name, began, Instant::now())
    }

    /// A stage from then to then.
    pub fn between(name: &'static str, began: Instant, ended: Instant) -> Self {
        Self { name, began, ended, facts: Vec::new() }
    }

    /// The same, with something about it.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: Fact) -> Self {
        self.facts.push((name, fact));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_no_id_is_told_to_nobody() {
        let told =
            Fact::ids(["01ARZ3", "jp.phone", "taro@example.co.jp", "", "山田", "a b", &"x".repeat(129), "a_b-1"]);
        assert_eq!(told, Fact::Ids(["01ARZ3", "jp.phone", "a_b-1"].map(str::to_owned).into()));
    }

    #[test]
    fn a_stage_that_comes_in_steps_is_one() {
        let mut trail = Trail::of_mail("M");
        let first = trail.began();
        trail.step(Stage::since("rcpt", first).with("count", Fact::Number(1)));
        trail.stage(Stage::since("other", Instant::now()));
        trail.step(Stage::since("rcpt", Instant::now()).with("count", Fact::Number(2)));
        let names: Vec<&str> = trail.stages().map(|(name, _)| name).collect();
        assert_eq!(names, ["rcpt", "other"]);
        let rcpt = &trail.stages[0];
        assert_eq!((rcpt.began, &rcpt.facts), (first, &vec![("count", Fact::Number(2))]));
        assert!(rcpt.ended >= trail.stages[1].ended);
    }
}
