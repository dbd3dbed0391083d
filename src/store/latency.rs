//! How long the database takes, and how much of its connections is in use.
//!
//! In: reading and writing as they happen. Out: each piece of work with its time to whoever watches ([`Store::watched_by`]),
//! and the connections when somebody asks ([`Store::pools`]). A statement that reads is timed from asking for a connection to
//! its last row. Deliberately absent: what was read or written, and what is made of the times (`telemetry`).

use std::{
    fmt,
    ops::{Deref, DerefMut},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use sqlx::{
    Any, AnyConnection, AnyPool, Describe, Either, Error, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};

use super::Store;

/// What the database was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Reading: one statement, or a few on one connection, the wait for it included.
    Read,
    /// The wait until nobody else writes, on this node or another.
    Turn,
    /// A whole change, from asking for its turn to its being on the disk.
    Change,
    /// Putting one or more changes on the disk.
    Commit,
}

impl Work {
    /// All of it.
    pub const ALL: [Self; 4] = [Self::Read, Self::Turn, Self::Change, Self::Commit];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Turn => "turn",
            Self::Change => "change",
            Self::Commit => "commit",
        }
    }
}

/// The connections of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// `read`, `write`, or `replica` if there is one.
    pub name: &'static str,
    /// How many are open.
    pub open: usize,
    /// How many of them nobody uses.
    pub idle: usize,
    /// How many there may be.
    pub most: usize,
}

type Watcher = Box<dyn Fn(Work, Duration) + Send + Sync>;

/// Who is told how long things take. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(super) struct Latency(Arc<OnceLock<Watcher>>);

impl Latency {
    pub(super) fn took(&self, work: Work, began: Instant) {
        if let Some(watcher) = self.0.get() {
            watcher(work, began.elapsed());
        }
    }

    pub(super) fn begin(&self, work: Work) -> Timed {
        Timed { latency: self.clone(), work, began: Instant::now() }
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency").field("watched", &self.0.get().is_some()).finish()
    }
}

/// Work under way; told when it is dropped.
pub(super) struct Timed {
    latency: Latency,
    work: Work,
    began: Instant,
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.latency.took(self.work, self.began);
    }
}

impl Store {
    /// From now on `watcher` is told how long everything takes; only the first is.
    pub fn watched_by(&self, watcher: impl Fn(Work, Duration) + Send + Sync + 'static) {
        let _first = self.inner.latency.0.set(Box::new(watcher));
    }

    /// The connections as they are now.
    pub fn pools(&self) -> Vec<Pool> {
        let pool = |name, pool: &AnyPool| {
            let (open, most) = (pool.size(), pool.options().get_max_connections());
            let whole = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
            Pool { name, open: whole(open), idle: pool.num_idle().min(whole(open)), most: whole(most) }
        };
        let mirror = self.inner.mirror.as_ref().map(|mirror| pool("replica", mirror.pool()));
        [pool("read", &self.inner.readers), pool("write", self.inner.writers.pool())]
            .into_iter()
            .chain(mirror)
            .collect()
    }
}

/// The connections that read, timed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readers<'s> {
    pub(super) pool: &'s AnyPool,
    pub(super) latency: &'s Latency,
}

impl Readers<'_> {
    /// One of them.
    pub(super) async fn acquire(self) -> Result<Reading, Error> {
        let timed = self.latency.begin(Work::Read);
        Ok(Reading { connection: self.pool.acquire().await?, _timed: timed })
    }
}

/// A connection that reads, timed until it is given back.
pub(super) struct Reading {
    pub(super) connection: PoolConnection<Any>,
    pub(super) _timed: Timed,
}

impl Deref for Reading {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl<'p> Executor<'p> for Readers<'p> {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let timed = self.latency.begin(Work::Read);
        Box::pin(Rows { rows: self.pool.fetch_many(query), _timed: timed })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let timed = self.latency.begin(Work::Read);
        let row = self.pool.fetch_optional(query);
        Box::pin(async move {
            let _timed = timed;
            row.await
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, Error>>
    where
        'p: 'e,
    {
        self.pool.describe(sql)
    }
}

/// Rows on their way.
struct Rows<'e> {
    rows: BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>,
    _timed: Timed,
}

impl Stream for Rows<'_> {
    type Item = Result<Either<AnyQueryResult, AnyRow>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.as_mut().poll_next(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn each_kind_of_work_is_told_and_the_pools_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        store.watched_by(move |work, _| heard.lock().unwrap().push(work));
        let since = |count: usize| told.lock().unwrap()[count..].to_vec();
        store.outbox_length().await.unwrap();
        assert_eq!(since(0), [Work::Read], "one row");
        store.journal_after(0, 9).await.unwrap();
        assert_eq!(since(1), [Work::Read], "several rows");
        store.journal_rows(&[1], &crate::store::Sieve::default()).await.unwrap();
        assert_eq!(since(2), [Work::Read], "a search");
        store.probe().await.unwrap();
        assert_eq!(since(3), [Work::Turn, Work::Commit, Work::Change]);
        drop(store.write().await.unwrap());
        assert_eq!(since(6), [Work::Turn], "what is given up is no change");
        let pools = store.pools();
        let [read, write] = pools[..] else { panic!("{pools:?}") };
        assert_eq!((read.name, write.name, write.most), ("read", "write", 1));
        assert!(read.open >= 1 && read.idle <= read.open && read.open <= read.most, "{read:?}");
        let writing = store.write().await.unwrap();
        assert_eq!((store.pools()[1].open, store.pools()[1].idle), (1, 0), "it is in use");
        drop(writing);
    }
}
