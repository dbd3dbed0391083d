//! The only owner of state: one SQLite database and one key file in `data_dir`.
//!
//! In: rows and bytes from `hold`, `outbox`, `journal` and `directory`. Out: the same, after a restart, after a crash,
//! and from another process (the command line works on the database of a running server).
//!
//! Every change is made in a [`Writing`], a transaction that holds the database's one write lock from its first
//! statement on, so that what it read is still true when it writes. Nothing is visible before [`Writing::commit`], and
//! when that returns, the change is on the disk.
//!
//! Deliberately absent: SMTP, the web, the meaning of a verdict. This is also the only room that knows SQL.

mod accounts;
mod error;
mod held;
mod history;
mod journal;
mod key;
mod mails;
mod open;
mod outbox;
mod prepared;
mod remembered;
mod seal;
mod space;
mod vouch;

use std::sync::Arc;

pub use error::StoreError;
pub use held::{Approval, Change, HeldRow, Nudge, Nudging, Purpose, State, Token};
pub use history::{HistoryMark, HistoryRow};
use jiff::Timestamp;
pub use journal::JournalRow;
pub use mails::MailRow;
pub use open::Claim;
pub use outbox::{Consignee, Fate, Kind, OutboxRow};
pub use remembered::Remembered;
pub use seal::Sealed;
use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::Notify;

/// The open database. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// One connection: writers queue here, in this process, and not in SQLite's busy handler.
    writer: SqlitePool,
    readers: SqlitePool,
    master: key::MasterKey,
    directory: std::path::PathBuf,
    outbox_grew: Notify,
}

impl Store {
    /// Begins a change.
    pub async fn write(&self) -> Result<Writing, StoreError> {
        let transaction = match self.begin().await {
            Ok(transaction) => transaction,
            // SQLite ends a transaction by itself when the disk is full; sqlx does not learn of it, and its connection
            // begins nothing any more. A new one does.
            Err(_) => {
                self.inner.writer.acquire().await?.close().await?;
                self.begin().await?
            }
        };
        Ok(Writing { transaction, store: self.clone(), outbox_grew: false })
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.inner.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Waits until a change of this process put something into the outbox.
    pub async fn outbox_grew(&self) {
        self.inner.outbox_grew.notified().await;
    }

    /// Writes something small and commits it: whether the disk takes writes at all.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        writing.set_meta("probe", &Timestamp::now().as_microsecond().to_be_bytes()).await?;
        writing.commit().await
    }

    /// Finishes what is under way and closes the files.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("directory", &self.inner.directory).finish_non_exhaustive()
    }
}

/// A change on its way; dropped without [`Writing::commit`] it never was.
pub struct Writing {
    transaction: Transaction<'static, Sqlite>,
    store: Store,
    outbox_grew: bool,
}

impl Writing {
    /// Makes the change durable. An error means that it may or may not have happened; the caller must not claim it has.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        if self.outbox_grew {
            self.store.inner.outbox_grew.notify_one();
        }
        Ok(())
    }

    async fn set_meta(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

/// A time as the database keeps it.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A time from the database.
fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Row(format!("{micros} is no time")))
}

/// A list or report from the database.
fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Row(error.to_string()))
}

/// A list or report for the database.
fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Row(error.to_string()))
}

/// An address from the database.
fn address(text: String) -> Result<crate::mail::Address, StoreError> {
    crate::mail::Address::parse(&text).map_err(|error| StoreError::Row(format!("{text}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_stops_one_change_and_not_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut writing = store.write().await.unwrap();
        // The disk of this connection is as full as the database is large: SQLite ends the transaction by itself.
        writing.tamper("PRAGMA max_page_count = 1").await;
        let full = writing.set_meta("large", &[7; 1 << 20]).await;
        assert!(full.unwrap_err().to_string().contains("full"));
        drop(writing);
        for _ in 0..2 {
            store.probe().await.unwrap();
        }
    }
}
