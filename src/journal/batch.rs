//! Many records, one commit: while one batch is on its way to the disk, the next one gathers.
//!
//! In: records with somebody waiting for each. Out: one transaction a batch, its outcome told to everyone in it. While the
//! store takes none, a batch goes to the spool, if there is one that takes it; when the store is back, first what waits in
//! the spool goes into the chain and then what comes, so that the order stays. Records for which room was made go into the
//! spool before all others; what finds no place there is tried on the store once, so that no order costs a record. Whether it is
//! back is found out beside: nobody who has a record waits for a database that does not answer.
//! Deliberately absent: a timer that waits for company; a lone record is written at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    JournalError, Record, chain,
    chain::Head,
    spool::{Room, Spool, SpoolError},
};
use crate::store::Store;

/// The largest batch: bounds how long the database's write lock is held.
const BATCH: usize = 512;

/// How often a journal that cannot write tries whether it can again, and how soon a store that is back answers.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE: Duration = Duration::from_secs(2);

/// How long a store may take for a batch before the batch goes to the spool; and where there is none, before its mails are
/// told that it failed.
const SPOOL_AFTER: Duration = Duration::from_secs(5);
const FAIL_AFTER: Duration = Duration::from_secs(30);

/// How long it may take for a file of the spool.
const CATCH_UP: Duration = Duration::from_secs(15);

/// A record and who waits for it.
pub(super) struct Waiting {
    pub(super) record: Record,
    pub(super) caller: Caller,
}

/// Who waits for a record.
pub(super) struct Caller {
    /// Its place in the spool, if one was made: its mail has left.
    pub(super) room: Option<Room>,
    pub(super) done: oneshot::Sender<Result<(), JournalError>>,
}

#[derive(Debug)]
pub(super) struct Health {
    /// Whether the store takes records.
    pub(super) healthy: AtomicBool,
    pub(super) commits: AtomicU64,
    /// Somebody found the store away.
    fell: Notify,
    /// It answers again.
    back: Notify,
}

impl Default for Health {
    fn default() -> Self {
        Self { healthy: AtomicBool::new(true), commits: AtomicU64::new(0), fell: Notify::new(), back: Notify::new() }
    }
}

impl Health {
    /// The store takes nothing: from now on it is asked every second whether it does again.
    pub(super) fn fall(&self) {
        self.healthy.store(false, Ordering::Release);
        self.fell.notify_one();
    }

    fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }
}

/// Asks a store that is away every second whether it is back. While it is, mail may be turned away before it becomes a
/// record: nobody else would notice.
async fn look_out(store: Store, health: Arc<Health>) {
    loop {
        health.fell.notified().await;
        while !health.is_healthy() {
            tokio::time::sleep(PROBE_EVERY).await;
            if matches!(timeout(PROBE, store.probe()).await, Ok(Ok(()))) {
                health.back.notify_one();
            }
        }
    }
}

/// Writes until every sender is gone.
pub(super) async fn write_all(
    store: Store,
    spool: Option<Spool>,
    mut waiting: mpsc::Receiver<Waiting>,
    health: Arc<Health>,
) {
    let _look_out = AbortOnDropHandle::new(tokio::spawn(look_out(store.clone(), Arc::clone(&health))));
    let mut scribe = Scribe { store, spool, health, head: None };
    // What a process that died has left.
    scribe.recover(&mut waiting).await;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let came = tokio::select! {
            biased;
            () = scribe.health.back.notified() => {
                scribe.recover(&mut waiting).await;
                continue;
            }
            came = waiting.recv_many(&mut batch, BATCH) => came,
        };
        if came == 0 {
            return;
        }
        scribe.write(&mut batch).await;
    }
}

/// Who writes.
struct Scribe {
    store: Store,
    spool: Option<Spool>,
    health: Arc<Health>,
    /// The end of the chain as it was left here.
    head: Option<Head>,
}

impl Scribe {
    /// Writes a batch where it can be written, and tells everyone in it.
    async fn write(&mut self, batch: &mut Vec<Waiting>) {
        let (records, callers) = apart(batch.drain(..));
        let Some(spool) = self.spool.clone().filter(|spool| spool.figures().spools) else {
            let outcome = self.write_to_store(&records, FAIL_AFTER).await;
            return tell(callers, &outcome);
        };
        let asks_store = self.health.is_healthy();
        if asks_store {
            match self.write_to_store(&records, SPOOL_AFTER).await {
                Ok(()) => return tell(callers, &Ok(())),
                Err(why) => {
                    tracing::warn!(%why, records = records.len(), "the store takes no records; they go to the spool");
                }
            }
        }
        let promised = callers.iter().filter(|caller| caller.room.is_some()).count();
        let waiting = records.into_iter().zip(callers).map(|(record, caller)| Waiting { record, caller });
        let (first, others): (Vec<_>, Vec<_>) = waiting.partition(|waiting| waiting.caller.room.is_some());
        let (mut records, mut callers) = apart(first.into_iter().chain(others));
        let (written, why) = match spool.write(&records, promised).await {
            Ok(written) => (written, SpoolError::Full),
            Err(why) => (0, why),
        };
        tell(callers.drain(..written), &Ok(()));
        records.drain(..written);
        if !records.is_empty() {
            let outcome = if asks_store { Err(why.into()) } else { self.write_past(&records, why).await };
            tell(callers, &outcome);
        }
    }

    /// The spool has no place for these, so they go before what waits there, if the store takes them. That it does is not
    /// told to anybody: first the spool is caught up.
    async fn write_past(&mut self, records: &[Record], why: SpoolError) -> Result<(), JournalError> {
        match timeout(PROBE, write(&self.store, &mut self.head, records)).await {
            Ok(Ok(())) => {
                self.health.commits.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Ok(Err(_)) | Err(_) => Err(why.into()),
        }
    }

    async fn write_to_store(&mut self, records: &[Record], patience: Duration) -> Result<(), JournalError> {
        // Cut off, it may have happened all the same: the spool's records are compared with the chain's.
        let outcome = timeout(patience, write(&self.store, &mut self.head, records)).await;
        let outcome = outcome.unwrap_or(Err(JournalError::TooSlow));
        match &outcome {
            Ok(()) => {
                self.health.commits.fetch_add(1, Ordering::Relaxed);
                self.health.healthy.store(true, Ordering::Release);
            }
            Err(_) => self.health.fall(),
        }
        outcome
    }

    /// The store answers: puts what waits in the spool into the chain, and then the store takes records again. What comes
    /// meanwhile goes behind what waits, until that is little enough to wait for.
    async fn recover(&mut self, waiting: &mut mpsc::Receiver<Waiting>) {
        match self.catch_up(waiting).await {
            Ok(0) => self.health.healthy.store(true, Ordering::Release),
            Ok(records) => {
                tracing::info!(records, "the records that waited in the spool are in the journal");
                self.health.healthy.store(true, Ordering::Release);
            }
            Err(error) => {
                tracing::warn!(%error, "the records in the spool cannot be put into the journal yet");
                self.health.fall();
            }
        }
    }

    /// How many records were added to the chain.
    async fn catch_up(&mut self, waiting: &mut mpsc::Receiver<Waiting>) -> Result<usize, JournalError> {
        let Some(spool) = self.spool.clone() else { return Ok(0) };
        let mut added = 0;
        while let Some(page) = spool.oldest().await? {
            let adding = chain::add_missing(&self.store, &page.records, Some(Timestamp::now()));
            added += timeout(CATCH_UP, adding).await.unwrap_or(Err(JournalError::TooSlow))?;
            self.head = None;
            if let Err(error) = spool.caught_up(page).await {
                tracing::error!(%error, "a file of the spool that is not needed any more does not go");
            }
            if spool.pages() > 1 {
                self.put_behind(&spool, waiting).await;
            }
        }
        Ok(added)
    }

    async fn put_behind(&mut self, spool: &Spool, waiting: &mut mpsc::Receiver<Waiting>) {
        let mut batch = Vec::new();
        while batch.len() < BATCH
            && let Ok(came) = waiting.try_recv()
        {
            batch.push(came);
        }
        if !batch.is_empty() && spool.figures().spools {
            self.health.fall();
        }
        if !batch.is_empty() {
            self.write(&mut batch).await;
        }
    }
}

fn apart(batch: impl Iterator<Item = Waiting>) -> (Vec<Record>, Vec<Caller>) {
    batch.map(|Waiting { record, caller }| (record, caller)).unzip()
}

/// Gives back the room of what was written, or was not, and tells who waits for it.
fn tell(callers: impl IntoIterator<Item = Caller, IntoIter: ExactSizeIterator>, outcome: &Result<(), JournalError>) {
    let callers = callers.into_iter();
    if let Err(error) = outcome {
        tracing::error!(%error, records = callers.len(), "the journal cannot be written");
    }
    for Caller { room, done } in callers {
        drop(room);
        // A caller whose connection is gone does not listen any more; its record stands all the same.
        let _gone = done.send(outcome.clone());
    }
}

/// Writes `records` behind `head`, the end of the chain as it was left here; if somebody else has added to it since,
/// behind what is the end now.
async fn write(store: &Store, head: &mut Option<Head>, records: &[Record]) -> Result<(), JournalError> {
    if let Some(known) = head.take() {
        match chain::follow(store, known, records).await {
            Ok(next) => *head = next,
            // It may have happened all the same.
            Err(error) => {
                tracing::warn!(%error, "the journal is written over a new connection");
                return chain::add_missing(store, records, None).await.map(drop);
            }
        }
    }
    if head.is_none() {
        let mut writing = store.write_ahead().await?;
        let last = chain::extend(&mut writing, records).await?;
        writing.commit().await?;
        *head = Some(last);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        journal::{Change, Journal, Via},
        mail::MailId,
    };

    fn record(number: usize) -> Record {
        let change = Change {
            held: MailId(format!("H{number}")),
            change: "viewed".to_owned(),
            by: None,
            via: Via::System,
            detail: None,
        };
        Record::change(MailId(format!("M{number}")), Timestamp::now(), change)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_hundred_records_at_once_are_a_handful_of_commits() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::start(Store::open(dir.path()).await.unwrap());
        let mut recording = tokio::task::JoinSet::new();
        for number in 0..200 {
            let journal = journal.clone();
            recording.spawn(async move { journal.record(record(number)).await });
        }
        for outcome in recording.join_all().await {
            outcome.unwrap();
        }
        assert!(journal.commits() <= 20, "{} commits", journal.commits());
        let verified = journal.verify().await.unwrap();
        assert_eq!((verified.records, verified.broken), (200, None));
    }

    #[tokio::test]
    async fn a_record_is_on_the_disk_when_its_caller_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::start(Store::open(dir.path()).await.unwrap());
        journal.record(record(1)).await.unwrap();
        let second = Store::open(dir.path()).await.unwrap();
        assert_eq!(second.journal_after(0, 9).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_connection_left_within_a_transaction_swallows_no_record() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let journal = Journal::start(store.clone());
        journal.record(record(1)).await.unwrap();
        store.leave_a_transaction_open().await;
        journal.record(record(2)).await.unwrap();
        let second = Store::open(dir.path()).await.unwrap();
        assert_eq!(second.journal_after(0, 9).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn two_processes_write_one_chain() {
        let dir = tempfile::tempdir().unwrap();
        let one = Journal::start(Store::open(dir.path()).await.unwrap());
        let two = Journal::start(Store::open(dir.path()).await.unwrap());
        for number in 0..20 {
            let (a, b) = tokio::join!(one.record(record(number)), two.record(record(number + 100)));
            a.unwrap();
            b.unwrap();
        }
        let verified = one.verify().await.unwrap();
        assert_eq!((verified.records, verified.broken), (40, None));
    }

    #[tokio::test]
    async fn a_failed_write_is_told_to_everyone_and_healed_by_the_journal_itself() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let journal = Journal::start(store.clone());
        let mut writing = store.write().await.unwrap();
        writing.tamper("ALTER TABLE journal RENAME TO gone").await;
        writing.tamper("CREATE TRIGGER disk_full BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'full'); END").await;
        writing.tamper("INSERT INTO meta VALUES ('probe', x'00')").await;
        writing.commit().await.unwrap();
        let (one, two) = tokio::join!(journal.record(record(1)), journal.record(record(2)));
        assert!(one.is_err() && two.is_err());
        assert!(!journal.healthy());
        let mut writing = store.write().await.unwrap();
        writing.tamper("ALTER TABLE gone RENAME TO journal").await;
        writing.tamper("DROP TRIGGER disk_full").await;
        writing.commit().await.unwrap();
        timeout(Duration::from_secs(30), async {
            while !journal.healthy() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        journal.record(record(3)).await.unwrap();
    }
}
