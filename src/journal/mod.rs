//! What left, to whom, about how many people: one record per mail, one per change of a held mail, one per reload of rules.
//!
//! In: a [`Record`]. Out: a row that is on the disk when [`Journal::record`] returns, chained to the row before it by
//! SHA-256, so that a changed, removed or inserted row is found by [`Journal::verify`]. Many mails share one disk flush.
//!
//! Deliberately absent: content. No subject, no body, no found value, masked or not, and no comment of a person on a mail
//! is in here; only addresses, sizes, numbers, rule names, replies of the next hop, and why an operator dropped a mail.

mod batch;
mod chain;
mod record;

use std::sync::{Arc, atomic::Ordering};

pub use chain::{Broken, Verified, append};
use jiff::Timestamp;
pub use record::{Change, Decided, MailRecord, Record, RulesChange, Via, What};
use tokio::sync::{mpsc, oneshot};

use crate::store::{Store, StoreError};

/// How many records may wait for the disk before callers wait to hand theirs in.
const WAITING: usize = 1024;

/// So many rows are read at once.
const PAGE: u32 = 1_000;

/// Why a record was not written, or the journal not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The store did not take it. Every mail whose record was in the same batch hears this.
    #[error("the journal cannot be written: {0}")]
    Store(Arc<StoreError>),
    /// The task that writes is gone; the process is going down.
    #[error("the journal is closed")]
    Closed,
    /// A record cannot be put into words, or a row does not hold one.
    #[error("a journal record cannot be read or written: {0}")]
    Record(String),
}

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

/// The journal. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Journal {
    store: Store,
    records: mpsc::Sender<batch::Waiting>,
    health: Arc<batch::Health>,
}

impl Journal {
    /// Starts the task that writes; it ends when the last clone is dropped, after everything handed in is written.
    /// Must be called inside a tokio runtime.
    pub fn start(store: Store) -> Self {
        let (records, waiting) = mpsc::channel(WAITING);
        let health = Arc::new(batch::Health::default());
        tokio::spawn(batch::write_all(store.clone(), waiting, Arc::clone(&health)));
        Self { store, records, health }
    }

    /// Writes a record; when this returns `Ok`, it is on the disk.
    pub async fn record(&self, record: Record) -> Result<(), JournalError> {
        let (done, written) = oneshot::channel();
        let waiting = batch::Waiting { record, done };
        self.records.send(waiting).await.map_err(|_| JournalError::Closed)?;
        written.await.map_err(|_| JournalError::Closed)?
    }

    /// Whether the last write worked. While it did not, new mail is best answered with 451 at once; the journal keeps
    /// trying by itself.
    pub fn healthy(&self) -> bool {
        // A task that died writes nothing more, whatever its last write was.
        self.health.healthy.load(Ordering::Acquire) && !self.records.is_closed()
    }

    /// How many commits were made for records handed to [`Journal::record`].
    pub fn commits(&self) -> u64 {
        self.health.commits.load(Ordering::Relaxed)
    }

    /// Walks the whole chain.
    pub async fn verify(&self) -> Result<Verified, JournalError> {
        chain::verify(&self.store).await
    }

    /// Hands over every record from `since` on, in order.
    pub async fn walk(&self, since: Timestamp, mut each: impl FnMut(Record)) -> Result<(), JournalError> {
        let mut after = 0;
        loop {
            let rows = self.store.journal_after(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.seq;
            for row in rows.iter().filter(|row| row.at >= since) {
                each(serde_json::from_str(&row.record).map_err(|error| JournalError::Record(error.to_string()))?);
            }
        }
    }

    /// The newest `limit` records in `since..until` that contain `text` (an address, an id, a rule; empty: all).
    pub async fn search(
        &self,
        text: &str,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Record>, JournalError> {
        let rows = self.store.journal_search(text, since, until, i64::MAX, limit).await?;
        rows.into_iter()
            .map(|row| serde_json::from_str(&row.record).map_err(|error| JournalError::Record(error.to_string())))
            .collect()
    }
}
