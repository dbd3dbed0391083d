//! The connection that writes, with a limit for each statement.
//!
//! A server may be slow without an end, or fall silent without hanging up, in the midst of a change as anywhere else. The
//! server ends what takes too long by itself (`postgres`), and the change fails alone. If it says nothing at all, the statement
//! is given up here; what has become of the connection is unknown then, so nothing more is said on it, and `group` closes it.
//!
//! In: statements. Out: what the database says to each, or that it says nothing. Deliberately absent: a file, which is here and
//! has a limit of its own for locks; and connections that read, to which the server gives a limit.

use std::{
    io,
    ops::{Deref, DerefMut},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use sqlx::{
    Any, AnyConnection, Describe, Either, Error, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};
use tokio::time::{Sleep, sleep, timeout};

/// A connection that writes.
#[derive(Debug)]
pub(super) struct Bounded {
    connection: PoolConnection<Any>,
    /// How long a statement may take; as long as it likes if there is none.
    limit: Option<Duration>,
    /// Whether a statement was given up.
    silent: Arc<AtomicBool>,
}

impl Bounded {
    pub(super) fn new(connection: PoolConnection<Any>, limit: Option<Duration>) -> Self {
        Self { connection, limit, silent: Arc::default() }
    }

    /// From now on a statement may take so long, if there is a limit at all.
    pub(super) fn let_it_take(&mut self, limit: Duration) {
        self.limit = self.limit.map(|_| limit);
    }

    /// Whether nothing may be said on it any more.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    pub(super) fn into_inner(self) -> PoolConnection<Any> {
        self.connection
    }

    /// Waits for `step` no longer than a statement may take.
    async fn in_time<T>(
        limit: Option<Duration>,
        silent: Arc<AtomicBool>,
        step: BoxFuture<'_, Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(limit) = limit else { return step.await };
        timeout(limit, step).await.unwrap_or_else(|_elapsed| Err(given_up(&silent)))
    }
}

/// That the database says nothing.
pub(super) fn silence() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database says nothing"))
}

fn given_up(silent: &AtomicBool) -> Error {
    silent.store(true, Ordering::Relaxed);
    silence()
}

/// For what is said between changes, which has a limit of its own.
impl Deref for Bounded {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Bounded {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl<'c> Executor<'c> for &'c mut Bounded {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let (limit, silent) = (self.limit, Arc::clone(&self.silent));
        let rows = self.connection.fetch_many(query);
        match limit {
            None => rows,
            Some(limit) => Box::pin(Rows { rows, until: Box::pin(sleep(limit)), silent, over: false }),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(Bounded::in_time(self.limit, Arc::clone(&self.silent), self.connection.fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(Bounded::in_time(self.limit, Arc::clone(&self.silent), self.connection.prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Any>, Error>>
    where
        'c: 'e,
    {
        Box::pin(Bounded::in_time(self.limit, Arc::clone(&self.silent), self.connection.describe(sql)))
    }
}

/// Rows on their way, all of which must be here in time.
struct Rows<'e> {
    rows: BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>,
    until: Pin<Box<Sleep>>,
    silent: Arc<AtomicBool>,
    over: bool,
}

impl Stream for Rows<'_> {
    type Item = Result<Either<AnyQueryResult, AnyRow>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(row) = self.rows.as_mut().poll_next(context) {
            return Poll::Ready(row);
        }
        if self.until.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.over = true;
        Poll::Ready(Some(Err(given_up(&self.silent))))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, PgConnection};

    use super::{
        super::{Store, StoreError, Writing, group::Writers, latency::Latency, sql::Engine},
        *,
    };

    /// A store on a server; nothing where the tests have files.
    async fn store() -> Option<(tempfile::TempDir, Store)> {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        (!store.is_a_file()).then_some((dir, store))
    }

    async fn value(store: &Store, name: &str) -> Option<Vec<u8>> {
        let asked = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name);
        asked.fetch_optional(store.readers()).await.unwrap()
    }

    async fn written(store: &Store, name: &str) -> Writing {
        let mut writing = store.write().await.unwrap();
        writing.set_meta(name, b"1").await.unwrap();
        writing
    }

    /// The limit that a statement of the change has.
    async fn limit(writing: &mut Writing) -> String {
        let asked = sqlx::query_scalar("SELECT current_setting('statement_timeout')");
        asked.fetch_one(&mut *writing.transaction).await.unwrap()
    }

    #[tokio::test]
    async fn a_statement_that_takes_too_long_fails_its_change_and_no_other() {
        let Some((_dir, store)) = store().await else { return };
        assert_eq!(limit(&mut store.write().await.unwrap()).await, "15s");
        store.tamper("SET statement_timeout = '300ms'").await.unwrap();
        let before = tokio::spawn(written(&store, "before").await.commit());
        tokio::task::yield_now().await;
        let mut slow = written(&store, "slow").await;
        let error = sqlx::query("SELECT pg_sleep(600)").execute(&mut *slow.transaction).await.unwrap_err();
        let error = StoreError::from(error);
        assert!(matches!(error, StoreError::Slow) && error.to_string().contains("too long"), "{error}");
        drop(slow);
        before.await.unwrap().unwrap();
        written(&store, "after").await.commit().await.unwrap();
        let there = [value(&store, "before").await, value(&store, "slow").await, value(&store, "after").await];
        assert_eq!(there.map(|value| value.is_some()), [true, false, true]);
    }

    #[tokio::test]
    async fn what_may_take_minutes_may_and_nothing_after_it() {
        let Some((_dir, store)) = store().await else { return };
        store.tamper("SET statement_timeout = '300ms'").await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.transaction.at_length("SELECT pg_sleep(0.6)").await.unwrap();
        assert_eq!(limit(&mut writing).await, "15s");
    }

    /// Somebody works on the database by hand, and forgot to commit.
    #[tokio::test]
    async fn a_row_that_another_session_holds_is_not_waited_for_without_an_end() {
        let Some((_dir, store)) = store().await else { return };
        written(&store, "row").await.commit().await.unwrap();
        store.tamper("SET lock_timeout = '300ms'").await.unwrap();
        let mut other = PgConnection::connect(store.inner.server.as_deref().unwrap()).await.unwrap();
        let mut holding = other.begin().await.unwrap();
        sqlx::query("SELECT 1 FROM meta WHERE name = 'row' FOR UPDATE").execute(&mut *holding).await.unwrap();
        let mut waiting = store.write().await.unwrap();
        waiting.set_meta("beside", b"1").await.unwrap();
        let error = waiting.set_meta("row", b"2").await.unwrap_err();
        assert!(matches!(error, StoreError::Busy), "{error}");
        drop(waiting);
        store.probe().await.unwrap();
        holding.rollback().await.unwrap();
        written(&store, "row").await.commit().await.unwrap();
        assert_eq!(value(&store, "beside").await, None);
    }

    /// As behind a network that swallows everything without a word.
    #[tokio::test]
    async fn a_server_that_falls_silent_in_a_change_is_given_up_and_the_next_change_has_another_connection() {
        let Some((_dir, store)) = store().await else { return };
        // Its server ends it a little later, and lets go what it had locked.
        store.tamper("SET statement_timeout = '1s'").await.unwrap();
        let pool = store.inner.writers.pool().clone();
        let short = Duration::from_millis(300);
        let writers = Arc::new(Writers::with(pool, Engine::Postgres, Latency::default(), short));
        let put = "INSERT INTO meta (name, value) VALUES ($1, 'x')";
        let mut silent = writers.turn().await.unwrap();
        let own: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *silent).await.unwrap();
        sqlx::query(put).bind("silent").execute(&mut *silent).await.unwrap();
        let error = sqlx::query("SELECT pg_sleep(600)").execute(&mut *silent).await.unwrap_err();
        assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::TimedOut), "{error}");
        let promised = silent.commit().await;
        assert!(promised.is_err(), "nothing more is said on it");
        let next = async {
            loop {
                if let Ok(turn) = writers.turn().await {
                    break turn;
                }
            }
        };
        let mut next = timeout(Duration::from_secs(60), next).await.unwrap();
        let other: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *next).await.unwrap();
        assert_ne!(own, other);
        sqlx::query(put).bind("next").execute(&mut *next).await.unwrap();
        next.commit().await.unwrap();
        assert_eq!((value(&store, "silent").await, value(&store, "next").await.is_some()), (None, true));
    }
}
