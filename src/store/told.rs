//! Who was told of which held mail, and of which they are still to be told together with others.
//!
//! In: one row for each mail about which somebody is told something that a mass mailing would make hundreds of. Out: how
//! many there were lately, and those that wait, in order. All of it is read and written in the change that tells, so that
//! two at once count each other. Deliberately absent: how many are too many, and what is said (`hold`).

use jiff::Timestamp;

use super::{Store, StoreError, Writing, address, micros, plain, time};
use crate::mail::{Address, MailId};

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// To the sender: it is held, and how far it is.
    Held,
    /// To a decider: please decide.
    Request,
    /// To the sender: how it ended.
    Outcome,
    /// To the security team: a request did not arrive.
    Unasked,
}

impl Topic {
    const ALL: [Self; 4] = [Self::Held, Self::Request, Self::Outcome, Self::Unasked];

    /// The word for it in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Request => "request",
            Self::Outcome => "outcome",
            Self::Unasked => "unasked",
        }
    }

    fn of(name: &str) -> Result<Self, StoreError> {
        let topic = Self::ALL.into_iter().find(|topic| topic.name() == name);
        topic.ok_or_else(|| StoreError::Row(format!("{name} is nothing that people are told")))
    }
}

/// What one person is told of one mail.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Who.
    pub person: &'a Address,
    /// What.
    pub topic: Topic,
    /// Of which mail.
    pub held: &'a MailId,
    /// What there is to say beside it.
    pub detail: &'a str,
    /// When.
    pub at: Timestamp,
}

/// One mail of which somebody is to be told together with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Its row.
    pub id: i64,
    /// Who is told, as the address was written last.
    pub person: Address,
    /// The mail.
    pub held: MailId,
    /// What there is to say beside it.
    pub detail: String,
    /// Since when it waits.
    pub at: Timestamp,
}

/// How it stands with one person and one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crowd {
    /// Of how many other mails that person was told lately, or is to be told; counted no further than asked.
    pub others: u32,
    /// When those that wait are told together, if any do.
    pub due_at: Option<Timestamp>,
    /// When some were last told together.
    pub together_at: Option<Timestamp>,
}

impl Store {
    /// Persons and topics of which something is to be told together by now; those whose time is later than `beyond` have
    /// it from a clock that was wrong, and are among them.
    pub async fn crowds_due(
        &self,
        now: Timestamp,
        beyond: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, Topic)>, StoreError> {
        let raw: Vec<(String, String)> = sqlx::query_as(
            "SELECT mailbox, topic FROM told WHERE due_at IS NOT NULL AND (due_at <= $1 OR due_at > $2) \
             GROUP BY mailbox, topic ORDER BY min(due_at) LIMIT $3",
        )
        .bind(micros(now))
        .bind(micros(beyond))
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await?;
        raw.into_iter().map(|(mailbox, topic)| Ok((mailbox, Topic::of(&topic)?))).collect()
    }
}

impl Writing {
    /// How it stands with the person and topic of `told`, counting mails that came after `since`, up to `most`: of a mass
    /// mailing no more rows are read than of a quiet day.
    pub async fn crowd(&mut self, told: &Told<'_>, since: Timestamp, most: u32) -> Result<Crowd, StoreError> {
        let (others, due_at, together_at): (i64, Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM (SELECT DISTINCT held_id FROM told WHERE mailbox = $1 AND topic = $2 \
                 AND at > $3 AND at <= $4 AND held_id <> $5 LIMIT $6) AS others), \
                 (SELECT min(due_at) FROM told WHERE mailbox = $1 AND topic = $2 AND due_at IS NOT NULL), \
                 (SELECT told_at FROM told WHERE mailbox = $1 AND topic = $2 AND told_at IS NOT NULL AND told_at <= $4 \
                     AND at > $3 - 2 * ($4 - $3) ORDER BY told_at DESC LIMIT 1)",
        )
        .bind(told.person.canonical())
        .bind(told.topic.name())
        .bind(micros(since))
        .bind(micros(told.at))
        .bind(&told.held.0)
        .bind(i64::from(most))
        .fetch_one(&mut *self.transaction)
        .await?;
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        Ok(Crowd { others, due_at: due_at.map(time).transpose()?, together_at: together_at.map(time).transpose()? })
    }

    /// Notes that somebody is told; with `due_at`, together with others by then.
    pub async fn put_told(&mut self, told: &Told<'_>, due_at: Option<Timestamp>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO told (mailbox, person, topic, held_id, detail, at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(told.person.canonical())
        .bind(told.person.as_str())
        .bind(told.topic.name())
        .bind(&told.held.0)
        .bind(plain(told.detail))
        .bind(micros(told.at))
        .bind(due_at.map(micros))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Up to `limit` mails of which this person is to be told together, in the order in which they came.
    pub async fn untold(&mut self, mailbox: &str, topic: Topic, limit: u32) -> Result<Vec<Untold>, StoreError> {
        let raw: Vec<(i64, String, String, String, i64)> = sqlx::query_as(
            "SELECT id, person, held_id, detail, at FROM told \
             WHERE mailbox = $1 AND topic = $2 AND due_at IS NOT NULL ORDER BY id LIMIT $3",
        )
        .bind(mailbox)
        .bind(topic.name())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.transaction)
        .await?;
        raw.into_iter()
            .map(|(id, person, held, detail, at)| {
                Ok(Untold { id, person: address(person)?, held: MailId(held), detail, at: time(at)? })
            })
            .collect()
    }

    /// Notes that the rows `ids` were told, in the outgoing mail `notice`; without one there was nothing left to tell.
    pub async fn set_told(&mut self, ids: &[i64], notice: Option<&MailId>, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE told SET due_at = NULL, outbox_id = $1, told_at = CASE WHEN $1 IS NULL THEN NULL ELSE $2 END \
             WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each($3))",
        )
        .bind(notice.map(|id| &id.0))
        .bind(micros(now))
        .bind(super::to_json(&ids)?)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// About which mails the outgoing mail `notice` asks somebody to decide, together.
    pub async fn requested_in(&mut self, notice: &MailId) -> Result<Vec<MailId>, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT held_id FROM told WHERE outbox_id = $1 AND topic = 'request' ORDER BY id")
                .bind(&notice.0)
                .fetch_all(&mut *self.transaction)
                .await?;
        Ok(ids.into_iter().map(MailId).collect())
    }

    /// Forgets up to `limit` rows from before `before` that have been told.
    pub async fn forget_told(&mut self, before: Timestamp, limit: u32) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM told WHERE id IN (SELECT id FROM told WHERE at < $1 AND due_at IS NULL LIMIT $2)")
            .bind(micros(before))
            .bind(i64::from(limit))
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}
