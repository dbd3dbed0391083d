//! Mail that is to go out: releases, notices, delivery status notices.
//!
//! In and out: an [`OutboxRow`] with the fate of each of its recipients. Deliberately absent: when to try again
//! (`outbox`), and leases; one process owns the outbox (`Store::claim_outbox`), so a row that was under way when it
//! died is simply still queued.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Any, Executor};

use super::{Store, StoreError, Writing, address, from_json, micros, plain, time, to_json};
use crate::mail::{Address, BodyKind, Dsn, MailId};

/// What kind of mail it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A mail that came in and may go out now.
    Release,
    /// Our own mail to a person.
    Notice,
    /// Our own delivery status notice to a sender.
    Dsn,
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Notice => "notice",
            Self::Dsn => "dsn",
        }
    }

    fn of(name: &str) -> Result<Self, StoreError> {
        let kind = [Self::Release, Self::Notice, Self::Dsn].into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| StoreError::Row(format!("{name} is no kind of outgoing mail")))
    }
}

/// What has become of the mail for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// To be tried, or tried again.
    Queued,
    /// The next hop has it.
    Accepted,
    /// The next hop refused it for good, or its time is over.
    Refused,
}

impl Fate {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// One recipient of outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consignee {
    /// Who.
    pub address: Address,
    /// What has become of it.
    pub fate: Fate,
    /// What the next hop said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// Which next hop said it; none if none could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Whether the sender knows that it takes long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warned: bool,
}

impl Consignee {
    /// One that has not been tried.
    pub fn new(address: Address) -> Self {
        Self { address, fate: Fate::Queued, reply: None, via: None, warned: false }
    }
}

/// One outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its own name.
    pub id: MailId,
    /// What kind of mail it is.
    pub kind: Kind,
    /// The mail it is, or is about.
    pub mail_id: Option<MailId>,
    /// The held mail it releases, or is about.
    pub held_id: Option<MailId>,
    /// Under which id its bytes are sealed.
    pub sealed_id: String,
    /// The reverse path; null for all but releases.
    pub sender: Option<Address>,
    /// What to say in `BODY=`.
    pub body: BodyKind,
    /// Whether to ask for `SMTPUTF8`.
    pub smtputf8: bool,
    /// Whether it goes only over verified TLS (RFC 8689).
    pub requiretls: bool,
    /// What its sender wants to hear about its delivery.
    pub dsn: Dsn,
    /// Header lines to put in front.
    pub trace: Vec<u8>,
    /// To whom.
    pub recipients: Vec<Consignee>,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it is here.
    pub created_at: Timestamp,
    /// When to try next.
    pub next_attempt_at: Timestamp,
}

impl OutboxRow {
    /// The recipients who are still to be tried.
    pub fn queued(&self) -> impl Iterator<Item = &Consignee> {
        self.recipients.iter().filter(|consignee| consignee.fate == Fate::Queued)
    }

    /// The domain that it counts for: that of its first recipient still to be tried, in lower case. A mail to several
    /// domains is one transaction with the next hop, and which of them is slow cannot be known before.
    pub fn domain(&self) -> String {
        self.queued().next().map_or_else(String::new, |consignee| consignee.address.domain().to_lowercase())
    }
}

impl Store {
    /// How many releases of a held mail there are.
    #[cfg(test)]
    pub(crate) async fn releases_of(&self, held: &MailId) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM outbox WHERE held_id = $1 AND kind = 'release'")
            .bind(&held.0)
            .fetch_one(self.readers())
            .await
            .unwrap()
    }

    /// Up to `limit` mails whose time has come, those that waited longest first. A row that cannot be understood stays
    /// where it is, with a word in the log, and those behind it are not kept waiting.
    pub async fn outbox_due(&self, now: Timestamp, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_due_beside(now, limit, &[], &[]).await
    }

    /// The same, but none of the mails `ids` and none that counts for one of `domains`.
    pub async fn outbox_due_beside(
        &self,
        now: Timestamp,
        limit: usize,
        ids: &[MailId],
        domains: &[String],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let (ids, domains) = (to_json(&ids)?, to_json(&domains)?);
        let mut due = Vec::new();
        let mut passed = 0_usize;
        loop {
            let raw: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "SELECT {COLUMNS} FROM outbox WHERE state = 'queued' AND next_attempt_at <= $1 \
                 AND id NOT IN (SELECT value FROM json_each($2)) AND domain NOT IN (SELECT value FROM json_each($3)) \
                 ORDER BY next_attempt_at, id LIMIT $4 OFFSET $5"
            )))
            .bind(micros(now))
            .bind(&ids)
            .bind(&domains)
            .bind(i64::try_from(limit - due.len()).unwrap_or(i64::MAX))
            .bind(i64::try_from(passed).unwrap_or(i64::MAX))
            .fetch_all(self.readers())
            .await?;
            if raw.is_empty() {
                return Ok(due);
            }
            passed += raw.len();
            for row in raw {
                let id = row.id.clone();
                match OutboxRow::try_from(row) {
                    Ok(row) => due.push(row),
                    Err(error) => {
                        tracing::error!(outgoing = id, %error, "an outgoing mail cannot be read and stays here")
                    }
                }
            }
            if due.len() >= limit {
                return Ok(due);
            }
        }
    }

    /// The mail `id`, if it is still to go out.
    pub(super) async fn outbox_row(&self, id: &MailId) -> Result<Option<OutboxRow>, StoreError> {
        queued(&mut *self.readers().acquire().await?, id).await
    }

    /// What waits to go out of the mail `id`: the mail itself, and notices about it.
    pub async fn outbox_about(&self, id: &MailId) -> Result<Vec<OutboxRow>, StoreError> {
        let raw: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM outbox WHERE state = 'queued' AND mail_id = $1 ORDER BY next_attempt_at"
        )))
        .bind(&id.0)
        .fetch_all(self.readers())
        .await?;
        raw.into_iter().map(OutboxRow::try_from).collect()
    }

    /// How many mails wait in the outbox.
    pub async fn outbox_length(&self) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state = 'queued'").fetch_one(self.readers()).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

impl Writing {
    /// Puts a mail into the outbox; its bytes must be sealed under `sealed_id`.
    pub async fn put_outbox(&mut self, row: &OutboxRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO outbox (id, kind, mail_id, held_id, sealed_id, mail_from, body, smtputf8, trace, rcpt_to, \
             state, attempts, created_at, next_attempt_at, requiretls, dsn, domain) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'queued', $11, $12, $13, $14, $15, $16)",
        )
        .bind(&row.id.0)
        .bind(row.kind.name())
        .bind(row.mail_id.as_ref().map(|id| &id.0))
        .bind(row.held_id.as_ref().map(|id| &id.0))
        .bind(&row.sealed_id)
        .bind(row.sender.as_ref().map(Address::as_str))
        .bind(to_json(&row.body)?)
        .bind(i64::from(row.smtputf8))
        .bind(&row.trace)
        .bind(to_json(&row.recipients)?)
        .bind(i64::from(row.attempts))
        .bind(micros(row.created_at))
        .bind(micros(row.next_attempt_at))
        .bind(i64::from(row.requiretls))
        .bind(to_json(&row.dsn)?)
        .bind(row.domain())
        .execute(&mut *self.transaction)
        .await?;
        self.outbox_grew = true;
        Ok(())
    }

    /// The mail `id`, if it is still to go out.
    pub async fn queued(&mut self, id: &MailId) -> Result<Option<OutboxRow>, StoreError> {
        queued(&mut *self.transaction, id).await
    }

    /// The mail `id`, whether it is still to go out or done.
    pub async fn outbox_row(&mut self, id: &MailId) -> Result<Option<OutboxRow>, StoreError> {
        let raw: Option<Raw> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM outbox WHERE id = $1")))
                .bind(&id.0)
                .fetch_optional(&mut *self.transaction)
                .await?;
        raw.map(OutboxRow::try_from).transpose()
    }

    /// Mails that are still to go out and whose ids begin with `prefix`, two at most.
    pub async fn queued_beginning(&mut self, prefix: &str) -> Result<Vec<OutboxRow>, StoreError> {
        let prefix = prefix.to_ascii_uppercase();
        let raw: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM outbox WHERE substr(id, 1, length($1)) = $1 AND state = 'queued' ORDER BY id LIMIT 2"
        )))
        .bind(plain(&prefix))
        .fetch_all(&mut *self.transaction)
        .await?;
        raw.into_iter().map(OutboxRow::try_from).collect()
    }

    /// Notes what an attempt came to; whether the mail was still here. One without a queued recipient left is done; the
    /// bytes of our own mails are destroyed then.
    pub async fn settle_outbox(&mut self, row: &OutboxRow, now: Timestamp) -> Result<bool, StoreError> {
        let done = row.queued().next().is_none();
        let settled = sqlx::query(
            "UPDATE outbox SET rcpt_to = $1, domain = $2, attempts = $3, next_attempt_at = $4, state = $5, settled_at = $6 \
             WHERE id = $7 AND state = 'queued'",
        )
        .bind(to_json(&row.recipients)?)
        .bind(row.domain())
        .bind(i64::from(row.attempts))
        .bind(micros(row.next_attempt_at))
        .bind(if done { "done" } else { "queued" })
        .bind(done.then(|| micros(now)))
        .bind(&row.id.0)
        .execute(&mut *self.transaction)
        .await?;
        if done && row.kind != Kind::Release {
            self.destroy_sealed(&row.sealed_id).await?;
        }
        Ok(settled.rows_affected() == 1)
    }

    /// Makes due now what is due only after `beyond`, later than any wait is long: a clock that was set back since says
    /// nothing about when.
    pub async fn hasten_outbox(&mut self, now: Timestamp, beyond: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET next_attempt_at = $1, created_at = min(created_at, $1) \
             WHERE state = 'queued' AND next_attempt_at > $2",
        )
        .bind(micros(now))
        .bind(micros(beyond))
        .execute(&mut *self.transaction)
        .await?;
        self.outbox_grew = true;
        Ok(())
    }

    /// Forgets up to `limit` mails of ours that were done before `before`.
    pub async fn forget_done_notices(&mut self, before: Timestamp, limit: u32) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM outbox WHERE id IN \
             (SELECT id FROM outbox WHERE state = 'done' AND kind <> 'release' AND settled_at < $1 LIMIT $2)",
        )
        .bind(micros(before))
        .bind(i64::from(limit))
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

async fn queued(connection: impl Executor<'_, Database = Any>, id: &MailId) -> Result<Option<OutboxRow>, StoreError> {
    let raw: Option<Raw> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM outbox WHERE id = $1 AND state = 'queued'")))
            .bind(&id.0)
            .fetch_optional(connection)
            .await?;
    raw.map(OutboxRow::try_from).transpose()
}

/// The columns of a [`Raw`]. All are named: `SELECT *` would break under a running node when a version to come adds one.
const COLUMNS: &str = "id, kind, mail_id, held_id, sealed_id, mail_from, body, smtputf8, trace, rcpt_to, attempts, \
                       created_at, next_attempt_at, requiretls, dsn";

#[derive(sqlx::FromRow)]
struct Raw {
    id: String,
    kind: String,
    mail_id: Option<String>,
    held_id: Option<String>,
    sealed_id: String,
    mail_from: Option<String>,
    body: String,
    smtputf8: i64,
    trace: Vec<u8>,
    rcpt_to: String,
    #[sqlx(try_from = "i64")]
    attempts: u32,
    created_at: i64,
    next_attempt_at: i64,
    requiretls: i64,
    dsn: String,
}

impl TryFrom<Raw> for OutboxRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        Ok(Self {
            id: MailId(raw.id),
            kind: Kind::of(&raw.kind)?,
            mail_id: raw.mail_id.map(MailId),
            held_id: raw.held_id.map(MailId),
            sealed_id: raw.sealed_id,
            sender: raw.mail_from.map(address).transpose()?,
            body: from_json(&raw.body)?,
            smtputf8: raw.smtputf8 != 0,
            requiretls: raw.requiretls != 0,
            dsn: from_json(&raw.dsn)?,
            trace: raw.trace,
            recipients: from_json(&raw.rcpt_to)?,
            attempts: raw.attempts,
            created_at: time(raw.created_at)?,
            next_attempt_at: time(raw.next_attempt_at)?,
        })
    }
}

#[cfg(test)]
impl OutboxRow {
    /// A notice to somebody.
    pub(crate) fn notice(id: &str, at: Timestamp) -> Self {
        Self {
            id: MailId(id.to_owned()),
            kind: Kind::Notice,
            mail_id: None,
            held_id: None,
            sealed_id: id.to_owned(),
            sender: None,
            body: BodyKind::EightBitMime,
            smtputf8: false,
            requiretls: false,
            dsn: Dsn::default(),
            trace: Vec::new(),
            recipients: vec![Consignee::new(Address::parse("taro@example.co.jp").unwrap())],
            attempts: 0,
            created_at: at,
            next_attempt_at: at,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_row_that_cannot_be_read_keeps_no_other_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut writing = store.write().await.unwrap();
        for id in ["A", "B", "C", "D"] {
            writing.put_outbox(&OutboxRow::notice(id, now)).await.unwrap();
        }
        writing.tamper("UPDATE outbox SET rcpt_to = 'nonsense' WHERE id IN ('A', 'C')").await;
        writing.commit().await.unwrap();
        let found = |due: Vec<OutboxRow>| due.into_iter().map(|row| row.id.0).collect::<Vec<_>>();
        assert_eq!(found(store.outbox_due(now, 9).await.unwrap()), ["B", "D"]);
        assert_eq!(found(store.outbox_due(now, 1).await.unwrap()), ["B"]);
        assert_eq!(found(store.outbox_due(now, 2).await.unwrap()), ["B", "D"]);
        assert!(found(store.outbox_due(now, 0).await.unwrap()).is_empty());
    }

    #[tokio::test]
    async fn a_queued_mail_survives_and_its_bytes_go_when_it_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let sealed = store.seal("N", Arc::from(&b"notice"[..])).await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.put_sealed(sealed).await.unwrap();
        writing.put_outbox(&OutboxRow::notice("N", now)).await.unwrap();
        writing.commit().await.unwrap();
        store.outbox_grew().await;
        drop(store);

        let store = Store::open(dir.path()).await.unwrap();
        let mut found = store.outbox_due(now, 9).await.unwrap();
        assert_eq!(found, [OutboxRow::notice("N", now)]);
        assert_eq!(store.unseal("N").await.unwrap(), b"notice");
        found[0].recipients[0].fate = Fate::Accepted;
        let mut writing = store.write().await.unwrap();
        writing.settle_outbox(&found[0], now).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!((store.outbox_due(now, 9).await.unwrap(), store.outbox_length().await.unwrap()), (vec![], 0));
        assert!(matches!(store.unseal("N").await, Err(StoreError::Destroyed(_))));
    }
}
