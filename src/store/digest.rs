//! How far the security team's digest has come: the one mark that says what it has told.
//!
//! In and out: a [`DigestMark`], read and written in the change that sends the digest. It counts in records of the journal
//! and in days of the calendar, and not in moments: whatever a clock does, a record is told once, and a day has one digest.
//! Deliberately absent: when a digest is due and what it says (`hold`).

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sqlx::{Any, Executor};

use super::{JournalRow, Store, StoreError, Writing, journal::Raw, to_json};

const MARK: &str = "digest";

/// How far the digest has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestMark {
    /// The day of the last one.
    pub day: Date,
    /// The last record of the journal that is told.
    pub seq: i64,
    /// When that was.
    pub at: Timestamp,
}

impl Store {
    /// How far the digest has come; never anywhere, if there was none.
    pub async fn digest_mark(&self) -> Result<Option<DigestMark>, StoreError> {
        mark(&mut *self.readers().acquire().await?).await
    }

    /// The number of the journal's last record.
    pub async fn journal_length(&self) -> Result<i64, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM journal").fetch_one(self.readers()).await?;
        Ok(last.unwrap_or(0))
    }

    /// Up to `limit` records of the numbers `after..=until` that tell more than that a mail was read whole and forwarded.
    pub async fn journal_notable(&self, after: i64, until: i64, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let raw: Vec<Raw> = sqlx::query_as(
            "SELECT seq, at, id, record, previous, hash FROM journal WHERE seq > $1 AND seq <= $2 AND (json_extract(record, '$.kind') <> 'mail' \
             OR json_extract(record, '$.decision') <> 'forward' OR CAST(json_extract(record, '$.uninspected') AS BIGINT) > 0) \
             ORDER BY seq LIMIT $3",
        )
        .bind(after)
        .bind(until)
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }
}

impl Writing {
    /// As [`Store::digest_mark`].
    pub async fn digest_mark(&mut self) -> Result<Option<DigestMark>, StoreError> {
        mark(&mut *self.transaction).await
    }

    /// Notes how far it is now.
    pub async fn set_digest_mark(&mut self, mark: &DigestMark) -> Result<(), StoreError> {
        self.set_meta(MARK, to_json(mark)?.as_bytes()).await
    }
}

async fn mark(connection: impl Executor<'_, Database = Any>) -> Result<Option<DigestMark>, StoreError> {
    let value: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(MARK).fetch_optional(connection).await?;
    let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes).map_err(|error| StoreError::Row(error.to_string()));
    value.map(read).transpose()
}
