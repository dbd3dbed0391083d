//! The only owner of state: one database, SQLite in `data_dir` or PostgreSQL on a server, and one key file in `data_dir`.
//!
//! In: rows and bytes from `hold`, `outbox`, `journal` and `directory`. Out: the same, after a restart, after a crash,
//! and from another process (the command line works on the database of a running server).
//!
//! Every change is made in a [`Writing`], which holds the database's one write lock from its first statement on, so that
//! what it read is still true when it writes. Nothing is visible before [`Writing::commit`], and when that returns, the
//! change is on the disk, with those that came meanwhile (`group`).
//!
//! Deliberately absent: SMTP, the web, the meaning of a verdict. This is also the only room that knows SQL.

mod accounts;
mod anchor;
mod api_tokens;
mod backup;
mod bounded;
mod claim;
mod clock;
mod copy;
mod digest;
mod drills;
mod error;
mod file_seal;
mod fitness;
mod group;
mod hear;
mod heard;
mod held;
mod history;
mod journal;
mod journal_counts;
mod journal_months;
mod journal_seal;
mod journal_terms;
mod key;
mod latency;
mod listing;
mod machine_drill;
mod mails;
mod mirror;
mod nodes;
mod open;
mod opinions;
mod outbox;
mod oversight;
mod place;
mod postgres;
mod prepared;
mod queue;
mod remembered;
mod ring;
mod schema;
mod seal;
mod sessions;
mod space;
mod sql;
mod sqlite;
mod state;
mod telling;
mod told;
#[cfg(test)]
mod trial;
mod vouch;

use std::{sync::Arc, time::Instant};

pub use anchor::Anchor;
pub use backup::{Manifest, check as check_copy, restore as restore_copy};
pub use claim::Claim;
pub use copy::Copied;
pub use digest::DigestMark;
pub use error::StoreError;
pub use file_seal::FileKey;
pub use fitness::look_at_server;
pub use heard::{Approval, Purpose, Token};
pub use held::{HeldRow, Nudge, Nudging};
pub use history::{HistoryMark, HistoryRow};
use jiff::Timestamp;
pub use journal::JournalRow;
pub use journal_counts::JournalCount;
pub use journal_seal::JournalSeal;
pub use journal_terms::{Sieve, Term};
pub use latency::{Pool, Work};
pub use listing::{Listing, SentBy};
pub use mails::MailRow;
pub use nodes::{Difference, NodeRow};
pub use opinions::Opinion;
pub use outbox::{Consignee, Fate, Kind, OutboxRow};
pub use oversight::{Queue, Said};
pub use place::Place;
pub use queue::{Leafing, Order, Shelf};
pub use remembered::Remembered;
pub use ring::Rotated;
pub use seal::Sealed;
use sqlx::AnyPool;
pub use state::{Change, State};
pub use telling::Telling;
use tokio::sync::Notify;
pub use told::{Crowd, Told, Topic, Untold};

/// The open database. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: sql::Engine,
    writers: Arc<group::Writers>,
    readers: AnyPool,
    /// The read replica, if there is one.
    mirror: Option<mirror::Mirror>,
    ring: ring::Ring,
    directory: std::path::PathBuf,
    /// The address of the database, if it is on a server.
    server: Option<String>,
    latency: latency::Latency,
    outbox_grew: Notify,
    clock: clock::Clock,
}

impl Store {
    /// Begins a change.
    pub async fn write(&self) -> Result<Writing, StoreError> {
        let asked = Instant::now();
        Ok(self.writing(self.inner.writers.turn().await?, asked))
    }

    /// Begins a change ahead of all who wait to begin theirs: to record what has gone out already.
    pub async fn write_ahead(&self) -> Result<Writing, StoreError> {
        let asked = Instant::now();
        Ok(self.writing(self.inner.writers.turn_ahead().await?, asked))
    }

    fn writing(&self, transaction: group::Turn, asked: Instant) -> Writing {
        self.inner.latency.took(Work::Turn, asked);
        Writing { transaction, store: self.clone(), outbox_grew: false, asked }
    }

    /// Waits until a change of this process put something into the outbox.
    pub async fn outbox_grew(&self) {
        self.inner.outbox_grew.notified().await;
    }

    /// Writes something small and commits it: whether the disk takes writes at all, and nobody has made of the database what
    /// this program does not understand.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        writing.is_not_outgrown().await?;
        writing.set_meta("probe", &Timestamp::now().as_microsecond().to_be_bytes()).await?;
        writing.commit().await
    }

    /// Finishes what is under way and closes the files.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        if let Some(mirror) = &self.inner.mirror {
            mirror.close().await;
        }
        self.inner.writers.pool().close().await;
    }

    fn readers(&self) -> latency::Readers<'_> {
        latency::Readers { pool: &self.inner.readers, latency: &self.inner.latency }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("directory", &self.inner.directory).finish_non_exhaustive()
    }
}

/// A change on its way; dropped without [`Writing::commit`] it never was.
pub struct Writing {
    transaction: group::Turn,
    store: Store,
    outbox_grew: bool,
    asked: Instant,
}

impl Writing {
    /// Makes the change durable. An error means that it may or may not have happened; the caller must not claim it has.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.outbox_grew {
            self.tell_nodes().await?;
        }
        self.transaction.commit().await?;
        self.store.inner.latency.took(Work::Change, self.asked);
        if self.outbox_grew {
            self.store.inner.outbox_grew.notify_one();
        }
        Ok(())
    }

    async fn set_meta(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }
}

/// Text as both engines keep it: PostgreSQL's has no NUL, which a header or a form may have and nobody misses.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
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

    /// A header or a form can have one, and PostgreSQL's text cannot.
    #[tokio::test]
    async fn a_nul_stops_nothing_wherever_it_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let record = r#"{"kind":"mail","decision":"hold","files":["a\u0000b.xlsx"],"uninspected":0}"#.to_owned();
        let hash = vec![1; 32];
        let row = JournalRow { seq: 1, at: now, id: "A".to_owned(), record, previous: hash.clone(), hash };
        let counted = HistoryRow {
            relation: "greeted".to_owned(),
            origin: "山\0田".to_owned(),
            target: "yamada@example.co.jp".to_owned(),
            weight: 1.0,
            day: 5,
        };
        let mut writing = store.write().await.unwrap();
        writing.put_journal(&[row]).await.unwrap();
        writing.count_history(&[counted], |one, _| one).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(store.journal_notable(0, 9, 9).await.unwrap().len(), 1);
        assert_eq!(store.history_page(0, None).await.unwrap()[0].origin, "山\u{FFFD}田");
        assert!(store.held_by_prefix("A\0").await.unwrap().is_empty());
        assert!(store.journal_of("A\0").await.unwrap().is_empty());
        assert!(store.journal_numbers_of("A\0", 9).await.unwrap().is_empty());
        let sieve = Sieve { text: Some("b\0".to_owned()), ..Sieve::default() };
        assert!(store.journal_before(1, 9, &sieve, 9).await.unwrap().is_empty());
        assert!(store.write().await.unwrap().queued_beginning("A\0").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_full_disk_stops_one_change_and_not_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if !store.is_a_file() {
            return;
        }
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
