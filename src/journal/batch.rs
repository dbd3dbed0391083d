//! Many records, one commit: while one batch is on its way to the disk, the next one gathers.
//!
//! In: records with somebody waiting for each. Out: one transaction a batch, its outcome told to everyone in it.
//! Deliberately absent: a timer that waits for company; a lone record is written at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use super::{JournalError, Record, chain, chain::Head};
use crate::store::Store;

/// The largest batch: bounds how long the database's write lock is held.
const BATCH: usize = 512;

/// How often a journal that cannot write tries whether it can again.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// A record and who waits for it.
pub(super) struct Waiting {
    pub(super) record: Record,
    pub(super) done: oneshot::Sender<Result<(), JournalError>>,
}

#[derive(Debug)]
pub(super) struct Health {
    pub(super) healthy: AtomicBool,
    pub(super) commits: AtomicU64,
}

impl Default for Health {
    fn default() -> Self {
        Self { healthy: AtomicBool::new(true), commits: AtomicU64::new(0) }
    }
}

/// Writes until every sender is gone.
pub(super) async fn write_all(store: Store, mut waiting: mpsc::Receiver<Waiting>, health: Arc<Health>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut head = None;
    loop {
        let healthy = health.healthy.load(Ordering::Acquire);
        let came = tokio::select! {
            came = waiting.recv_many(&mut batch, BATCH) => came,
            // While unhealthy, mail is turned away before it becomes a record: nobody else would notice the recovery.
            () = tokio::time::sleep(PROBE_EVERY), if !healthy => {
                health.healthy.store(store.probe().await.is_ok(), Ordering::Release);
                continue;
            }
        };
        if came == 0 {
            return;
        }
        let (records, callers): (Vec<_>, Vec<_>) = batch.drain(..).map(|w| (w.record, w.done)).unzip();
        let outcome = write(&store, &mut head, &records).await;
        match &outcome {
            Ok(()) => {
                health.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => tracing::error!(%error, records = records.len(), "the journal cannot be written"),
        }
        health.healthy.store(outcome.is_ok(), Ordering::Release);
        for caller in callers {
            // A caller whose connection is gone does not listen any more; its record stands all the same.
            let _gone = caller.send(outcome.clone());
        }
    }
}

/// Writes `records` behind `head`, the end of the chain as it was left here; if somebody else has added to it since,
/// behind what is the end now.
async fn write(store: &Store, head: &mut Option<Head>, records: &[Record]) -> Result<(), JournalError> {
    if let Some(known) = head.take() {
        *head = chain::follow(store, known, records).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the journal is written over a new connection");
            None
        });
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
        tokio::time::timeout(Duration::from_secs(30), async {
            while !journal.healthy() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        journal.record(record(3)).await.unwrap();
    }
}
