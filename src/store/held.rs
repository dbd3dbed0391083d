//! Held mails: what is kept of each, and which are due.
//!
//! In: rows and [`Change`]s. Out: rows.
//! Deliberately absent: the states themselves (`state`), what people said about a mail (`heard`), lists (`listing`, `queue`),
//! and who may decide and what follows from it (`hold`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Any, Executor};

use super::{Change, Consignee, Fate, State, Store, StoreError, Writing, from_json, micros, plain, time, to_json};
use crate::{
    directory::Asked,
    mail::{Address, MailId},
};

/// One mail, held for some of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    /// Its name for people.
    pub id: MailId,
    /// The mail.
    pub mail_id: MailId,
    /// Where it stands.
    pub state: State,
    /// `delay`, `hold` or `require_approval`.
    pub action: String,
    /// For whom it is held.
    pub rcpt_to: Vec<Address>,
    /// The rules that matched, as JSON.
    pub matched: String,
    /// Who was asked to decide, on this level and earlier ones.
    pub asked: Vec<Asked>,
    /// On which level of its route it waits.
    pub level: u8,
    /// When somebody is reminded, or others are asked as well, in order of time.
    pub nudges: Vec<Nudge>,
    /// Whether others were asked as well.
    pub escalated: bool,
    /// Why its sender says that it should go; may be empty.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it goes back to its sender undecided.
    pub expires_at: Timestamp,
    /// When it goes out by itself, if it was only delayed.
    pub release_at: Option<Timestamp>,
    /// When its state changed last.
    pub changed_at: Timestamp,
}

/// Something to do about a mail for which nobody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nudge {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What.
    pub what: Nudging,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nudging {
    /// Remind those who were asked.
    Remind,
    /// Ask others as well.
    Escalate,
}

impl Store {
    /// Held mails whose id begins with `prefix` (upper case), at most two: enough to tell one from several.
    pub async fn held_by_prefix(&self, prefix: &str) -> Result<Vec<HeldRow>, StoreError> {
        by_prefix(&mut *self.readers().acquire().await?, prefix).await
    }

    /// Everybody to whom the mail `id` goes or went out after it had been held; not those whom the next hop refused, and
    /// not those for whom it was dropped.
    pub async fn released_to(&self, id: &MailId) -> Result<Vec<Address>, StoreError> {
        let raw: Vec<String> = sqlx::query_scalar(
            "SELECT outbox.rcpt_to FROM held JOIN outbox ON outbox.held_id = held.id AND outbox.kind = 'release' \
             WHERE held.mail_id = $1 AND held.state IN ('released', 'delivered', 'bounced')",
        )
        .bind(&id.0)
        .fetch_all(self.readers())
        .await?;
        let lists: Result<Vec<Vec<Consignee>>, StoreError> = raw.iter().map(|list| from_json(list)).collect();
        let let_go = lists?.into_iter().flatten().filter(|consignee| consignee.fate != Fate::Refused);
        Ok(let_go.map(|consignee| consignee.address).collect())
    }

    /// Delayed mails whose time to go out has come, and others whose time is over, each the earliest first; at most
    /// `limit` of each, behind as many as `passed` says.
    pub async fn held_due(
        &self,
        now: Timestamp,
        passed: (u32, u32),
        limit: u32,
    ) -> Result<(Vec<MailId>, Vec<MailId>), StoreError> {
        let lapsed: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM held WHERE state = 'pending' AND release_at IS NOT NULL AND release_at <= $1 \
             ORDER BY release_at, id LIMIT $2 OFFSET $3",
        )
        .bind(micros(now))
        .bind(i64::from(limit))
        .bind(i64::from(passed.0))
        .fetch_all(self.readers())
        .await?;
        let expired: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM held WHERE state = 'pending' AND release_at IS NULL AND expires_at <= $1 \
             ORDER BY expires_at, id LIMIT $2 OFFSET $3",
        )
        .bind(micros(now))
        .bind(i64::from(limit))
        .bind(i64::from(passed.1))
        .fetch_all(self.readers())
        .await?;
        let ids = |texts: Vec<String>| texts.into_iter().map(MailId).collect();
        Ok((ids(lapsed), ids(expired)))
    }

    /// Mails about which somebody is to be reminded or asked by now, the earliest first; at most `limit`, behind `passed`.
    pub async fn held_to_nudge(&self, now: Timestamp, passed: u32, limit: u32) -> Result<Vec<MailId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM held WHERE state = 'pending' AND nudge_at <= $1 ORDER BY nudge_at, id LIMIT $2 OFFSET $3",
        )
        .bind(micros(now))
        .bind(i64::from(limit))
        .bind(i64::from(passed))
        .fetch_all(self.readers())
        .await?;
        Ok(ids.into_iter().map(MailId).collect())
    }
}

impl Writing {
    /// As [`Store::held_by_prefix`].
    pub async fn held_by_prefix(&mut self, prefix: &str) -> Result<Vec<HeldRow>, StoreError> {
        by_prefix(&mut *self.transaction, prefix).await
    }

    /// The held mail `id`.
    pub async fn held(&mut self, id: &MailId) -> Result<Option<HeldRow>, StoreError> {
        let raw: Option<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM held WHERE id = $1")))
            .bind(&id.0)
            .fetch_optional(&mut *self.transaction)
            .await?;
        raw.map(HeldRow::try_from).transpose()
    }

    /// Holds a mail for some of its recipients. Its state must be [`State::Pending`].
    pub async fn put_held(&mut self, held: &HeldRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO held (id, mail_id, state, action, rcpt_to, matched, asked, nudges, nudge_at, created_at, \
             expires_at, release_at, changed_at, persons) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, coalesce((SELECT persons FROM mail WHERE id = $14), 0))",
        )
        .bind(&held.id.0)
        .bind(&held.mail_id.0)
        .bind(held.state.name())
        .bind(&held.action)
        .bind(to_json(&held.rcpt_to)?)
        .bind(&held.matched)
        .bind(to_json(&held.asked)?)
        .bind(to_json(&held.nudges)?)
        .bind(held.nudges.first().map(|nudge| nudge.at))
        .bind(micros(held.created_at))
        .bind(micros(held.expires_at))
        .bind(held.release_at.map(micros))
        .bind(micros(held.changed_at))
        .bind(&held.mail_id.0)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Changes the state of the held mail `id`; false if it does not stand where `change` begins.
    pub async fn change_held(&mut self, id: &MailId, change: Change, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE held SET state = $1, changed_at = $2 WHERE id = $3 AND state = $4")
            .bind(change.to().name())
            .bind(micros(now))
            .bind(&id.0)
            .bind(change.from().name())
            .execute(&mut *self.transaction)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Puts a pending mail on the next level of its route; false if it is not on `from` any more.
    pub async fn raise_level(&mut self, id: &MailId, from: u8) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE held SET level = level + 1 WHERE id = $1 AND level = $2 AND state = 'pending'")
            .bind(&id.0)
            .bind(i64::from(from))
            .execute(&mut *self.transaction)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps who was asked by now, whether others were asked as well, and what is still to be done.
    pub async fn set_asked(&mut self, held: &HeldRow) -> Result<(), StoreError> {
        sqlx::query("UPDATE held SET asked = $1, escalated = $2, nudges = $3, nudge_at = $4 WHERE id = $5")
            .bind(to_json(&held.asked)?)
            .bind(i64::from(held.escalated))
            .bind(to_json(&held.nudges)?)
            .bind(held.nudges.first().map(|nudge| nudge.at))
            .bind(&held.id.0)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Keeps why the sender says that it should go.
    pub async fn set_reason(&mut self, id: &MailId, reason: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE held SET reason = $1 WHERE id = $2")
            .bind(plain(reason))
            .bind(&id.0)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }
}

async fn by_prefix(connection: impl Executor<'_, Database = Any>, prefix: &str) -> Result<Vec<HeldRow>, StoreError> {
    let prefix = plain(prefix);
    // A range, which the primary key answers; `substr` would read every row.
    let raw: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM held WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 2"
    )))
    .bind(&prefix)
    .bind(format!("{prefix}\u{10FFFF}"))
    .fetch_all(connection)
    .await?;
    raw.into_iter().map(HeldRow::try_from).collect()
}

/// The columns of a [`Raw`]. All are named: `SELECT *` would break under a running node when a version to come adds one.
const COLUMNS: &str = "id, mail_id, state, action, rcpt_to, matched, asked, level, nudges, escalated, reason, created_at, \
                       expires_at, release_at, changed_at";

/// The same where other tables stand beside this one.
pub(super) fn columns() -> String {
    COLUMNS.split(", ").map(|column| format!("held.{column}")).collect::<Vec<_>>().join(", ")
}

#[derive(sqlx::FromRow)]
pub(super) struct Raw {
    id: String,
    mail_id: String,
    state: String,
    action: String,
    rcpt_to: String,
    matched: String,
    asked: String,
    #[sqlx(try_from = "i64")]
    level: u8,
    nudges: String,
    escalated: i64,
    reason: String,
    created_at: i64,
    expires_at: i64,
    release_at: Option<i64>,
    changed_at: i64,
}

impl TryFrom<Raw> for HeldRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        Ok(Self {
            id: MailId(raw.id),
            mail_id: MailId(raw.mail_id),
            state: State::of(&raw.state)?,
            action: raw.action,
            rcpt_to: from_json(&raw.rcpt_to)?,
            matched: raw.matched,
            asked: from_json(&raw.asked)?,
            level: raw.level,
            nudges: from_json(&raw.nudges)?,
            escalated: raw.escalated != 0,
            reason: raw.reason,
            created_at: time(raw.created_at)?,
            expires_at: time(raw.expires_at)?,
            release_at: raw.release_at.map(time).transpose()?,
            changed_at: time(raw.changed_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::BodyKind;

    const CHANGES: [Change; 9] = [
        Change::Approve,
        Change::ReleaseAlone,
        Change::Reject,
        Change::Withdraw,
        Change::Expire,
        Change::Lapse,
        Change::Release,
        Change::Deliver,
        Change::Bounce,
    ];

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn hold(store: &Store, id: &str, action: &str, state: State) -> Result<MailId, StoreError> {
        let id = MailId(id.to_owned());
        let mail = super::super::MailRow {
            id: id.clone(),
            at: now(),
            peer: String::new(),
            sender: None,
            authors: Vec::new(),
            from_field: String::new(),
            body: BodyKind::SevenBit,
            smtputf8: false,
            requiretls: false,
            dsn: crate::mail::Dsn::default(),
            message_id: None,
            subject: String::new(),
            size: 0,
            trace: Vec::new(),
            sent_to: Vec::new(),
            persons: 0,
            inspection: "{}".to_owned(),
            recipients: "[]".to_owned(),
            retry_key: [0; 32],
        };
        let held = HeldRow {
            id: id.clone(),
            mail_id: id.clone(),
            state,
            action: action.to_owned(),
            rcpt_to: Vec::new(),
            matched: "[]".to_owned(),
            asked: Vec::new(),
            level: 0,
            nudges: Vec::new(),
            escalated: false,
            reason: String::new(),
            created_at: now(),
            expires_at: now(),
            release_at: None,
            changed_at: now(),
        };
        let mut writing = store.write().await?;
        writing.put_mail(&mail).await?;
        writing.put_held(&held).await?;
        writing.commit().await?;
        Ok(id)
    }

    #[tokio::test]
    async fn the_database_knows_the_same_changes_as_the_type() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        assert!(hold(&store, "not-pending", "hold", State::Approved).await.is_err(), "a held mail starts as pending");
        store.tamper("DROP TRIGGER held_begins").await.unwrap();
        for action in ["delay", "hold"] {
            for from in State::ALL {
                for to in State::ALL {
                    let id = hold(&store, &format!("{action}-{from}-{to}"), action, from).await.unwrap();
                    let changed = sqlx::query("UPDATE held SET state = $1 WHERE id = $2")
                        .bind(to.name())
                        .bind(&id.0)
                        .execute(store.inner.writers.pool())
                        .await;
                    let legal = CHANGES
                        .iter()
                        .any(|&c| c.from() == from && c.to() == to && (c != Change::Lapse || action == "delay"));
                    assert_eq!(changed.is_ok(), legal, "{action}: {from} to {to}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_change_happens_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let id = hold(&store, "A", "hold", State::Pending).await.unwrap();
        let mut writing = store.write().await.unwrap();
        assert!(writing.change_held(&id, Change::Approve, now()).await.unwrap());
        assert!(!writing.change_held(&id, Change::Withdraw, now()).await.unwrap());
        assert!(!writing.change_held(&id, Change::Approve, now()).await.unwrap());
        writing.commit().await.unwrap();
        assert_eq!(store.held_by_prefix("A").await.unwrap()[0].state, State::Approved);
    }
}
