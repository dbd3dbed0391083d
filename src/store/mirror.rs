//! A read replica, for what people look up and may be a little old.
//!
//! In: its address, `[store] read_url`. Out: a connection for a search or a figure: to the replica, or to the database itself while
//! the replica is away, which is said once in the log and in the health report.
//! Deliberately absent: everything that decides. A hold, a queue, a login, the verification of the journal and every change
//! ask the database itself, whatever it costs.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Any, AnyPool, pool::PoolConnection};

use super::{Store, Work, latency::Reading};

/// How long a search waits for the replica.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long it is left alone when it did not answer.
const PAUSE: Duration = Duration::from_secs(10);

/// The replica.
pub(super) struct Mirror {
    pool: AnyPool,
    away: Mutex<Option<Away>>,
}

struct Away {
    since: Instant,
    why: String,
}

impl Mirror {
    pub(super) fn new(pool: AnyPool) -> Self {
        Self { pool, away: Mutex::default() }
    }

    pub(super) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    async fn reader(&self) -> Option<PoolConnection<Any>> {
        let resting = |away: &Away| away.since.elapsed() < PAUSE;
        if self.away.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(resting) {
            return None;
        }
        let found = match tokio::time::timeout(PATIENCE, self.pool.acquire()).await {
            Ok(found) => found.map_err(|error| error.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        };
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(connection) => {
                if away.take().is_some() {
                    tracing::info!("the read replica is back");
                }
                Some(connection)
            }
            Err(why) => {
                if away.is_none() {
                    tracing::warn!(why, "the read replica is away; searches ask the database itself meanwhile");
                }
                *away = Some(Away { since: Instant::now(), why });
                None
            }
        }
    }
}

impl Store {
    /// A connection for what may be a little old.
    pub(super) async fn onlooker(&self) -> Result<Reading, sqlx::Error> {
        let timed = self.inner.latency.begin(Work::Read);
        let connection = match &self.inner.mirror {
            Some(mirror) => mirror.reader().await,
            None => None,
        };
        let connection = match connection {
            Some(connection) => connection,
            None => self.inner.readers.acquire().await?,
        };
        Ok(Reading { connection, _timed: timed })
    }

    /// Why the read replica is not used, if there is one and it is away now.
    pub async fn mirror_fault(&self) -> Option<String> {
        let mirror = self.inner.mirror.as_ref()?;
        drop(mirror.reader().await);
        let away = mirror.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.as_ref().map(|away| format!("the read replica is away ({}); searches ask the database itself", away.why))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::{JournalRow, Place, Sieve, Writing};

    impl Writing {
        async fn put_indexed(mut self, last: i64) {
            self.set_journal_indexed(last).await.unwrap();
            self.commit().await.unwrap();
        }
    }

    async fn put(mut writing: Writing, seq: i64) {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let hash = vec![1; 32];
        let row = JournalRow { seq, at, id: format!("M{seq}"), record: "{}".to_owned(), previous: hash.clone(), hash };
        writing.put_journal(&[row]).await.unwrap();
        writing.commit().await.unwrap();
    }

    /// Another schema of the same server stands for a replica that is a little behind.
    #[tokio::test]
    async fn a_search_asks_the_replica_and_the_database_while_that_is_away() {
        let (dir, behind) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (store, replica) = (Store::open(dir.path()).await.unwrap(), Store::open(behind.path()).await.unwrap());
        let (Some(url), Some(read_url)) = (&store.inner.server, &replica.inner.server) else { return };
        put(store.write().await.unwrap(), 1).await;
        put(store.write().await.unwrap(), 2).await;
        put(replica.write().await.unwrap(), 1).await;
        let open = async |read_url: &str| {
            let place = Place::on_server(dir.path(), url).unwrap().with_mirror(Some(read_url.to_owned()));
            Box::pin(Store::open_at(place)).await.unwrap()
        };
        let found = async |store: &Store| store.journal_before(1, 9, &Sieve::default(), 9).await.unwrap().len();
        let with = open(read_url).await;
        assert_eq!((found(&with).await, with.mirror_fault().await), (1, None));
        // Who adds to the index goes by what is written, who searches by what can be found.
        with.write().await.unwrap().put_indexed(2).await;
        assert_eq!((with.journal_indexed().await.unwrap(), with.journal_searchable().await.unwrap()), (2, 0));
        // What decides does not: the chain is read where it is written.
        assert_eq!(with.journal_after(0, 9).await.unwrap().len(), 2);
        // It is away when the node starts: that is no reason not to start.
        let without = open("postgres://nobody@127.0.0.1:1/nothing").await;
        assert_eq!(found(&without).await, 2);
        assert!(without.mirror_fault().await.unwrap().contains("away"));
        without.probe().await.unwrap();
    }
}
