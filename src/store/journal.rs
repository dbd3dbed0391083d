//! The journal's rows, in order.
//!
//! In: rows whose hashes the journal has made. Out: the same. Deliberately absent: what a record says and how it is
//! chained (`crate::journal`), and any way to change or remove a row.

use jiff::Timestamp;
use sqlx::{QueryBuilder, Sqlite, query_builder::Separated};

use super::{Store, StoreError, Writing, micros, time};

/// How many rows one statement adds. Every number up to this one is a statement of its own that stays prepared.
const ROWS: usize = 64;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Its number: 1, 2, 3, ….
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Which mail it is about.
    pub id: String,
    /// The record, as JSON.
    pub record: String,
    /// The hash of the row before.
    pub previous: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
}

impl Store {
    /// Up to `limit` rows after number `after`, in order.
    pub async fn journal_after(&self, after: i64, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let raw: Vec<Raw> = sqlx::query_as("SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(after)
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }

    /// All rows about the mail `id`, in order.
    pub async fn journal_of(&self, id: &str) -> Result<Vec<JournalRow>, StoreError> {
        let raw: Vec<Raw> = sqlx::query_as("SELECT * FROM journal WHERE id = ? ORDER BY seq")
            .bind(id)
            .fetch_all(self.readers())
            .await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }

    /// Up to `limit` rows before number `before`, the newest first, that happened in `since..until` and contain
    /// `text` (empty: all).
    pub async fn journal_search(
        &self,
        text: &str,
        since: Timestamp,
        until: Timestamp,
        before: i64,
        limit: u32,
    ) -> Result<Vec<JournalRow>, StoreError> {
        let raw: Vec<Raw> = sqlx::query_as(
            "SELECT * FROM journal WHERE at >= ? AND at < ? AND seq < ? AND instr(lower(record), lower(?)) > 0 \
             ORDER BY seq DESC LIMIT ?",
        )
        .bind(micros(since))
        .bind(micros(until))
        .bind(before)
        .bind(text)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }
}

impl Store {
    /// Adds rows if number `last` is the last one, as a change of its own: one trip to the database's thread. False if
    /// it is not, or if they are too many for one statement; nothing happened then.
    ///
    /// BEGIN and COMMIT go along, because an INSERT alone would be no change of its own on a connection that somebody
    /// left within a transaction: here BEGIN fails. A connection on which anything failed is closed.
    pub async fn follow_journal(&self, last: i64, rows: &[JournalRow]) -> Result<bool, StoreError> {
        if rows.is_empty() || rows.len() > ROWS {
            return Ok(false);
        }
        let insert = "BEGIN IMMEDIATE; INSERT INTO journal (seq, at, id, record, previous, hash) SELECT * FROM (";
        let mut change = QueryBuilder::new(insert);
        change.push_values(rows, bind);
        change.push(") WHERE (SELECT max(seq) FROM journal) = ").push_bind(last);
        change.push(" RETURNING seq; COMMIT");
        let mut connection = self.inner.writer.acquire().await?;
        match change.build().fetch_all(&mut *connection).await {
            Ok(added) => Ok(!added.is_empty()),
            Err(error) => {
                connection.close().await?;
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
impl Store {
    /// Leaves the writer's connection in a state that sqlx knows nothing of.
    pub(crate) async fn leave_a_transaction_open(&self) {
        sqlx::query("BEGIN IMMEDIATE").execute(&self.inner.writer).await.unwrap();
    }
}

fn bind(mut values: Separated<'_, Sqlite, &'static str>, row: &JournalRow) {
    values
        .push_bind(row.seq)
        .push_bind(micros(row.at))
        .push_bind(&row.id)
        .push_bind(&row.record)
        .push_bind(&row.previous)
        .push_bind(&row.hash);
}

impl Writing {
    /// Number and hash of the last row, if there is one.
    pub async fn journal_head(&mut self) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let head = sqlx::query_as("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&mut *self.transaction)
            .await?;
        Ok(head)
    }

    /// Adds rows, many with one statement: each statement costs a trip to the database's thread.
    pub async fn put_journal(&mut self, rows: &[JournalRow]) -> Result<(), StoreError> {
        for rows in rows.chunks(ROWS) {
            let mut insert = QueryBuilder::new("INSERT INTO journal (seq, at, id, record, previous, hash) ");
            insert.push_values(rows, bind);
            insert.build().execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    /// Changes the database behind the journal's back, as an intruder would.
    #[cfg(test)]
    pub(crate) async fn tamper(&mut self, sql: &'static str) {
        sqlx::query(sql).execute(&mut *self.transaction).await.unwrap();
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    seq: i64,
    at: i64,
    id: String,
    record: String,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl TryFrom<Raw> for JournalRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        Ok(Self {
            seq: raw.seq,
            at: time(raw.at)?,
            id: raw.id,
            record: raw.record,
            previous: raw.previous,
            hash: raw.hash,
        })
    }
}
