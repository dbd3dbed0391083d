//! What tells whether people and queues keep up: who decided what, how soon, and after looking or not; how much waits.
//!
//! In: that a decider opened a mail's page; questions about a span of time. Out: rows. Deliberately absent: medians, names
//! and judgement (`hold`).

use jiff::Timestamp;

use super::{Store, StoreError, from_json, micros, time};
use crate::{directory::Asked, mail::MailId};

/// What one person said about one held mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who, in canonical form.
    pub person: String,
    /// `approve` or `reject`.
    pub verdict: String,
    /// `console`, `reply` or `cli`.
    pub via: String,
    /// When.
    pub at: Timestamp,
    /// When the mail was held.
    pub held_at: Timestamp,
    /// When that person first opened its page, if they did.
    pub seen_at: Option<Timestamp>,
}

/// How much waits, and since when the oldest of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// How many.
    pub length: u64,
    /// Since when the oldest waits; nothing where nothing waits.
    pub oldest: Option<Timestamp>,
}

impl Queue {
    fn of((length, oldest): (i64, Option<i64>)) -> Result<Self, StoreError> {
        Ok(Self { length: u64::try_from(length).unwrap_or(0), oldest: oldest.map(time).transpose()? })
    }
}

impl Store {
    /// Keeps that `person` (in canonical form) opened the page of `held`; only the first time counts.
    pub async fn saw(&self, held: &MailId, person: &str, at: Timestamp) -> Result<(), StoreError> {
        let known: Option<i64> = sqlx::query_scalar("SELECT at FROM seen WHERE held_id = $1 AND person = $2")
            .bind(&held.0)
            .bind(person)
            .fetch_optional(self.readers())
            .await?;
        if known.is_some() {
            return Ok(());
        }
        let mut writing = self.write().await?;
        sqlx::query("INSERT INTO seen (held_id, person, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(&held.0)
            .bind(person)
            .bind(micros(at))
            .execute(&mut *writing.transaction)
            .await?;
        writing.commit().await
    }

    /// What people said since then, in order; about drills, none of it is a decision.
    pub async fn said_since(&self, since: Timestamp) -> Result<Vec<Said>, StoreError> {
        type Row = (String, String, String, i64, i64, Option<i64>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT approval.person, approval.verdict, approval.via, approval.at, held.created_at, seen.at \
             FROM approval JOIN held ON held.id = approval.held_id \
             LEFT JOIN seen ON seen.held_id = approval.held_id AND seen.person = approval.person \
             WHERE approval.at >= $1 AND held.mail_id NOT IN (SELECT mail_id FROM drill) ORDER BY approval.at",
        )
        .bind(micros(since))
        .fetch_all(self.readers())
        .await?;
        let said = |(person, verdict, via, at, held_at, seen_at): Row| {
            let seen_at = seen_at.map(time).transpose()?;
            Ok(Said { person, verdict, via, at: time(at)?, held_at: time(held_at)?, seen_at })
        };
        rows.into_iter().map(said).collect()
    }

    /// Who was asked about each mail that waits for somebody, and since when it waits.
    pub async fn asked_now(&self) -> Result<Vec<(Vec<Asked>, Timestamp)>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT asked, created_at FROM held WHERE state = 'pending' AND action <> 'delay'")
                .fetch_all(self.readers())
                .await?;
        rows.into_iter().map(|(asked, at)| Ok((from_json(&asked)?, time(at)?))).collect()
    }

    /// The held mails that wait for somebody's decision.
    pub async fn held_queue(&self) -> Result<Queue, StoreError> {
        self.queue("SELECT count(*), min(created_at) FROM held WHERE state = 'pending' AND action <> 'delay'").await
    }

    /// What is to go out and has not.
    pub async fn outbox_queue(&self) -> Result<Queue, StoreError> {
        self.queue("SELECT count(*), min(created_at) FROM outbox WHERE state = 'queued'").await
    }

    async fn queue(&self, asked: &'static str) -> Result<Queue, StoreError> {
        Queue::of(sqlx::query_as(asked).fetch_one(self.readers()).await?)
    }
}
