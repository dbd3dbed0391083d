//! What left, to whom, about how many people: one record per mail, one per change of a held mail, one per reload of rules.
//!
//! In: a [`Record`]. Out: a row that is on the disk when [`Journal::record`] returns, chained to the row before it by
//! SHA-256, so that a changed, removed or inserted row is found by [`Journal::verify`]. Many mails share one disk flush.
//! Rows that are older than they are to be kept go from the oldest end ([`retain`]), and the rest still verifies.
//!
//! While the store takes no records, they go to a spool of this node, if there is one ([`Journal::start_with`]): on the disk
//! as well, and behind the row that is last when the store is back.
//!
//! What came of it is asked in four ways: whether it is whole ([`Journal::verify`]), what is in it ([`Journal::find`]),
//! how much of what there was ([`Journal::figures`]), and what a leak must be reported as ([`report`]).
//!
//! Deliberately absent: content. No subject, no body, no found value, masked or not, and no comment of a person on a mail
//! is in here; only addresses, sizes, numbers, rule names, names of attached files with values in them masked, replies of
//! the next hop, why an operator dropped a mail, and what somebody asked for who took records out.

mod batch;
mod broken_off;
mod chain;
mod fault;
mod figures;
mod mail_record;
mod moment;
mod record;
pub mod report;
mod retention;
pub mod row;
mod search;
mod spool;
mod verify;

use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

pub use broken_off::BrokenOff;
pub use chain::append;
pub use fault::{Broken, Fault};
pub use figures::{Counting, Day, Department, Figure, Figures};
use jiff::Timestamp;
pub use mail_record::{Decided, MailRecord};
pub use moment::{Moment, MomentError};
pub use record::{
    Access, Accessed, Change, Exported, HistoryAct, MachineDrill, Record, Removed, RulesChange, Via, What,
};
pub use retention::{Walked, retain};
pub use search::{Hit, Leaf, Query, QueryError, Reach, Who};
pub use spool::{FOLDER as SPOOL_FOLDER, Left, Room, Settings as SpoolSettings, Spool, SpoolError, Spooled};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
pub use verify::{KeptHead, Verified};

use crate::store::{Store, StoreError};

/// How many records may wait for the disk before callers wait to hand theirs in.
const WAITING: usize = 1024;

/// So many rows are read at once.
const PAGE: u32 = 1_000;

/// How often the index is brought up to date. Pages look at what it does not know yet row by row, and while a row is put
/// into it nobody writes: the oftener, the less of both at a time.
const INDEX_EVERY: Duration = Duration::from_secs(1);

/// Why a record was not written, or the journal not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// The store did not take it. Every mail whose record was in the same batch hears this.
    #[error("the journal cannot be written: {0}")]
    Store(Arc<StoreError>),
    /// The store does not say in time whether it took it; it may have.
    #[error("the journal cannot be written: the store does not answer")]
    TooSlow,
    /// The store is away, and there is no spool.
    #[error("the journal cannot be written: the store is away")]
    Away,
    /// Neither the store nor the spool took it.
    #[error(transparent)]
    Spool(#[from] SpoolError),
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

/// Where records go at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Into the store.
    Store,
    /// Into the spool, since the store takes none.
    Spool,
    /// Nowhere.
    Nowhere,
}

/// The journal. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Journal {
    store: Store,
    spool: Option<Spool>,
    records: mpsc::Sender<batch::Waiting>,
    health: Arc<batch::Health>,
}

impl Journal {
    /// Starts the task that writes; it ends when the last clone is dropped, after everything handed in is written.
    /// Must be called inside a tokio runtime.
    pub fn start(store: Store) -> Self {
        Self::started(store, None)
    }

    /// The same with a spool, of which the journal catches up what is left from before.
    pub fn start_with(store: Store, spool: Spool) -> Self {
        Self::started(store, Some(spool))
    }

    fn started(store: Store, spool: Option<Spool>) -> Self {
        let (records, waiting) = mpsc::channel(WAITING);
        let health = Arc::new(batch::Health::default());
        tokio::spawn(batch::write_all(store.clone(), spool.clone(), waiting, Arc::clone(&health)));
        Self { store, spool, records, health }
    }

    /// Writes a record; when this returns `Ok`, it is on the disk.
    pub async fn record(&self, record: Record) -> Result<(), JournalError> {
        self.record_in(None, record).await
    }

    /// The same for a record for which room was made: while the store is away, it has its place before all others.
    pub async fn record_in(&self, room: Option<Room>, record: Record) -> Result<(), JournalError> {
        let (done, written) = oneshot::channel();
        let waiting = batch::Waiting { record, caller: batch::Caller { room, done } };
        self.records.send(waiting).await.map_err(|_| JournalError::Closed)?;
        written.await.map_err(|_| JournalError::Closed)?
    }

    /// Whether the store took the last record. While it did not, the journal keeps trying by itself.
    pub fn healthy(&self) -> bool {
        // A task that died writes nothing more, whatever its last write was.
        self.health.healthy.load(Ordering::Acquire) && !self.records.is_closed()
    }

    /// Where the next record goes. While that is nowhere, new mail is best answered with 451 at once.
    pub fn keeping(&self) -> Keeping {
        match (self.healthy(), self.spools()) {
            (true, _) => Keeping::Store,
            (false, true) if !self.records.is_closed() => Keeping::Spool,
            (false, _) => Keeping::Nowhere,
        }
    }

    /// Whether a record that the store does not take goes to the spool.
    pub fn spools(&self) -> bool {
        self.spool.as_ref().is_some_and(Spool::takes)
    }

    /// How the spool stands, if there is one.
    pub fn spooled(&self) -> Option<Spooled> {
        self.spool.as_ref().map(Spool::figures)
    }

    /// Somebody found the store away: with a spool, the next record does not wait to find it out for itself.
    pub fn store_is_away(&self) {
        if self.on_outage_spools() {
            self.health.fall();
        }
    }

    /// Whether the store is away, and mail is to do without it (`journal.on_outage = "spool"`), be there room or not. A new
    /// process would not start.
    pub fn sits_out(&self) -> bool {
        self.on_outage_spools() && !self.health.healthy.load(Ordering::Acquire) && !self.records.is_closed()
    }

    fn on_outage_spools(&self) -> bool {
        self.spool.as_ref().is_some_and(|spool| spool.figures().spools)
    }

    /// Tries whether a spool that took nothing does again.
    pub async fn probe_spool(&self) {
        if let Some(spool) = &self.spool {
            spool.probe().await;
        }
    }

    /// Sees to it, before a mail leaves while the store is away, that its record will find a place in the spool.
    pub async fn make_room(&self, record: &Record) -> Result<Room, JournalError> {
        match &self.spool {
            Some(spool) if self.on_outage_spools() => Ok(spool.reserve(record).await?),
            _ => Err(JournalError::Away),
        }
    }

    /// How many commits were made for records handed to [`Journal::record`].
    pub fn commits(&self) -> u64 {
        self.health.commits.load(Ordering::Relaxed)
    }

    /// Walks the whole chain.
    pub async fn verify(&self) -> Result<Verified, JournalError> {
        self.verify_with(None).await
    }

    /// The same; a head that was kept elsewhere must be in it.
    pub async fn verify_with(&self, kept: Option<&KeptHead>) -> Result<Verified, JournalError> {
        verify::verify(&self.store, kept).await
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

    /// The number of the last record.
    pub async fn last(&self) -> Result<i64, JournalError> {
        Ok(self.store.journal_last().await?)
    }

    /// Up to `most` records after number `after`, in order and with their numbers; none where a row holds no record.
    pub async fn after(&self, after: i64, most: u32) -> Result<Vec<(i64, Option<Record>)>, JournalError> {
        let rows = self.store.journal_after(after, most).await?;
        Ok(rows.into_iter().map(|row| (row.seq, serde_json::from_str(&row.record).ok())).collect())
    }

    /// Hands over every record that fits, the newest first, until `each` has enough.
    pub async fn find(
        &self,
        query: &Query,
        mut each: impl FnMut(Hit) -> ControlFlow<()> + Send,
    ) -> Result<(), JournalError> {
        // Without it the search takes longer and finds the same.
        if let Err(error) = self.index().await {
            tracing::warn!(%error, "the index of the journal is not up to date");
        }
        search::find(&self.store, query, Reach::default(), &mut each).await.map(drop)
    }

    /// At most `most` records that fit, the newest first. Unlike [`Journal::find`] it leaves the index as it is: who turns
    /// pages waits for nobody.
    pub async fn leaf(&self, query: &Query, reach: Reach, most: usize) -> Result<Leaf, JournalError> {
        let mut leaf = Leaf::default();
        let mut each = |hit: Hit| {
            if leaf.hits.len() == most {
                leaf.next = leaf.hits.last().map(|last| last.seq);
                return ControlFlow::Break(());
            }
            leaf.hits.push(hit);
            ControlFlow::Continue(())
        };
        if let Some(unknown) = search::find(&self.store, query, reach, &mut each).await? {
            (leaf.next, leaf.tired) = (Some(unknown), true);
        }
        Ok(leaf)
    }

    /// Brings the index up to date.
    pub async fn index(&self) -> Result<(), JournalError> {
        while search::index(&self.store).await? {}
        Ok(())
    }

    /// Keeps the index and the numbers of the days up to date until it is told to stop.
    pub async fn keep_index(&self, counting: &Counting, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INDEX_EVERY)).await.is_some() {
            if let Err(error) = self.index().await {
                tracing::warn!(%error, "the index of the journal is not up to date");
            }
            if let Err(error) = self.count(counting).await {
                tracing::warn!(%error, "the days of the journal are not counted");
            }
        }
    }

    /// The newest `limit` records in `since..until` that contain `text` (an address, an id, a rule; empty: all).
    pub async fn search(
        &self,
        text: &str,
        since: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Record>, JournalError> {
        let text = (!text.is_empty()).then(|| text.to_owned());
        let query = Query { text, since: Some(since), until: Some(until), ..Query::default() };
        let mut found = Vec::new();
        self.find(&query, |hit| {
            found.push(hit.record);
            if found.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await?;
        Ok(found)
    }
}
