//! The journal's rows, in order.
//!
//! In: rows whose hashes the journal has made. Out: the same. Deliberately absent: what a record says and how it is
//! chained (`crate::journal`), and any way to change or remove a row.

use std::time::Instant;

use jiff::Timestamp;

use super::{
    Store, StoreError, Work, Writing, micros, plain,
    sql::{Engine, List, Statement},
    time,
};

/// How many rows one statement adds. Every number up to this one is a statement of its own that stays prepared.
const ROWS: usize = 64;

/// After how many ids one statement asks.
const IDS: usize = 500;

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
        let raw: Vec<Raw> = sqlx::query_as(
            "SELECT seq, at, id, record, previous, hash FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.readers())
        .await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }

    /// All rows about the mail `id`, in order.
    pub async fn journal_of(&self, id: &str) -> Result<Vec<JournalRow>, StoreError> {
        let raw: Vec<Raw> =
            sqlx::query_as("SELECT seq, at, id, record, previous, hash FROM journal WHERE id = $1 ORDER BY seq")
                .bind(plain(id))
                .fetch_all(self.readers())
                .await?;
        raw.into_iter().map(JournalRow::try_from).collect()
    }
}

impl Store {
    /// Adds rows if number `last` is the last one, as a change of its own: one trip to SQLite's thread, three to a server.
    /// False if it is not, if they are too many for one statement, or if a change is open that they can be part of; nothing
    /// happened then.
    ///
    /// BEGIN and COMMIT go along, because an INSERT alone would be no change of its own on a connection that somebody
    /// left within a transaction: here BEGIN fails. A connection on which anything failed is closed.
    pub async fn follow_journal(&self, last: i64, rows: &[JournalRow]) -> Result<bool, StoreError> {
        let Some(end) = rows.last().filter(|_| rows.len() <= ROWS) else { return Ok(false) };
        let (asked, latency) = (Instant::now(), &self.inner.latency);
        match self.inner.engine {
            Engine::Sqlite => {
                let mut change = Statement::new(self.inner.engine, "BEGIN IMMEDIATE; ");
                push_rows(&mut change, last, rows);
                change.push("; ");
                self.push_seal(&mut change, end.seq, &end.hash);
                change.push("; COMMIT");
                let Some(mut alone) = self.inner.writers.alone().await? else { return Ok(false) };
                latency.took(Work::Turn, asked);
                match change.build().fetch_all(&mut *alone.connection).await {
                    Ok(added) => {
                        latency.took(Work::Change, asked);
                        Ok(!added.is_empty())
                    }
                    Err(error) => {
                        alone.connection.close().await?;
                        Err(error.into())
                    }
                }
            }
            Engine::Postgres => {
                let mut change = Statement::new(self.inner.engine, "WITH added AS (");
                push_rows(&mut change, last, rows);
                change.push("), sealed AS (");
                self.push_seal_if(&mut change, end.seq, &end.hash, "EXISTS (SELECT 1 FROM added)");
                change.push(") SELECT seq FROM added");
                let mut turn = self.inner.writers.turn_ahead().await?;
                latency.took(Work::Turn, asked);
                let added = change.build().fetch_all(&mut *turn).await?;
                turn.commit().await?;
                latency.took(Work::Change, asked);
                Ok(!added.is_empty())
            }
        }
    }
}

fn push_rows(change: &mut Statement, last: i64, rows: &[JournalRow]) {
    change.push("INSERT INTO journal (seq, at, id, record, previous, hash) SELECT * FROM (");
    change.push_values(rows, bind);
    change.push(") AS new WHERE (SELECT max(seq) FROM journal) = ").push_bind(last).push(" RETURNING seq");
}

fn bind(values: &mut List<'_>, row: &JournalRow) {
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

    /// The records, as JSON, of all rows with one of these ids, as they are within this change.
    pub async fn journal_records_of(&mut self, ids: &[&str]) -> Result<Vec<String>, StoreError> {
        let mut records = Vec::new();
        for ids in ids.chunks(IDS) {
            let mut find = Statement::new(self.store.inner.engine, "SELECT record FROM journal WHERE id IN (");
            let mut list = find.list();
            for id in ids {
                list.push_bind(plain(id));
            }
            find.push(") ORDER BY seq");
            records.extend(find.build_query_scalar::<String>().fetch_all(&mut *self.transaction).await?);
        }
        Ok(records)
    }

    /// Adds rows, many with one statement: each statement costs a trip to the database's thread.
    pub async fn put_journal(&mut self, rows: &[JournalRow]) -> Result<(), StoreError> {
        for rows in rows.chunks(ROWS) {
            let mut insert =
                Statement::new(self.store.inner.engine, "INSERT INTO journal (seq, at, id, record, previous, hash) ");
            insert.push_values(rows, bind);
            insert.build().execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    /// Changes the database behind the journal's back, as an intruder would.
    #[cfg(test)]
    pub(crate) async fn tamper(&mut self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(self.store.in_its_words(sql));
        sqlx::raw_sql(sql).execute(&mut *self.transaction).await.unwrap();
    }

    /// Takes over the seals of another store, which are made with its key.
    #[cfg(test)]
    pub(crate) async fn seals_of(&mut self, theirs: &Store) {
        let seals: Vec<(i64, i64, Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT slot, seq, hash, code FROM journal_seal").fetch_all(theirs.readers()).await.unwrap();
        self.tamper("DELETE FROM journal_seal").await;
        for (slot, seq, hash, code) in seals {
            let put = sqlx::query("INSERT INTO journal_seal VALUES ($1, $2, $3, $4)");
            put.bind(slot).bind(seq).bind(hash).bind(code).execute(&mut *self.transaction).await.unwrap();
        }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Raw {
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
