//! The store on a PostgreSQL server, which several nodes may share.
//!
//! In: the address of a database, as `postgres://user:password@host/database` with the parameters of libpq that sqlx knows
//! (`sslmode`, `sslrootcert`, `options`, …). Out: the connection that writes, and those that read.
//!
//! A node writes over one connection, and only while it holds the lock of the table `turn`: one change at a time in the whole
//! fleet, those of one node that come together in one transaction (`group`). A change is durable when PostgreSQL says so.
//! Deliberately absent: what is in the tables, and the database itself, which its administrator makes.

use std::time::Duration;

use sqlx::{
    AnyConnection, AnyPool, Connection, Executor, PgConnection,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
};

use super::{StoreError, fitness::look_at, mirror::Mirror, place::without_password, schema, sql::Engine};

/// How many readers at once.
const READERS: u32 = 8;

/// How long it may take until a connection is there: a mail server that waits longer gives up by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a connection that writes is told first. Whoever holds the lock for longer is stuck. A statement waits for a lock within
/// its own time, so that is longer; and shorter than we wait for an answer (`group`), so that the server says what it ended.
const WRITER: &str = "SET lock_timeout = '10s'; SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '60s'; \
                      SET application_name = 'sekisho'; SET synchronous_commit = on; SET client_min_messages = warning";
const READER: &str = "SET default_transaction_read_only = on; SET statement_timeout = '60s'; \
                      SET application_name = 'sekisho, reading'";

/// Around what may take minutes in a change.
pub(super) const AT_LENGTH: &str = "SET LOCAL statement_timeout = '10min'";
pub(super) const AS_EVER: &str = "SET LOCAL statement_timeout = '15s'";

/// How long the server may take to answer a session that is there for its locks.
pub(super) const LOCKS_WITHIN: Duration = Duration::from_secs(10);

/// What such a session is told first. A node whose power is cut says no goodbye: the server asks by itself, and others may
/// have what was locked within half a minute.
const LOCKS: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

/// The schema, compiled in.
pub(super) static SCHEMA: Migrator = sqlx::migrate!("./migrations/postgres");

/// What is before the statements of a change.
pub(super) const BEGIN: &str = "BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE; SAVEPOINT change";

/// Opens the database at `url` and brings its schema up to date: who writes, and who reads.
pub(super) async fn open(url: &str) -> Result<(AnyPool, AnyPool), StoreError> {
    let address: AnyConnectOptions = url.parse().map_err(|error: sqlx::Error| unreachable(url, &error))?;
    // A pool tries in vain for a while what fails on a first connection at once, and with the reason.
    let failed = |error: sqlx::Error| unreachable(url, &error);
    let mut first = PgConnection::connect(url).await.map_err(failed)?;
    first.execute(WRITER).await.map_err(failed)?;
    look_at(&mut first, url).await?;
    first.close().await.map_err(failed)?;
    let writer = AnyPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(PATIENCE)
        // Whoever begins a change tries once more with a new connection (`group`).
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async { connection.execute(WRITER).await.map(drop) }))
        .connect_with(address.clone())
        .await
        .map_err(failed)?;
    let mut first = writer.acquire().await.map_err(failed)?;
    schema::renew(&mut first, Engine::Postgres, &SCHEMA, without_password(url).as_ref()).await?;
    drop(first);
    let readers = AnyPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| Box::pin(async { connection.execute(READER).await.map(drop) }))
        .connect_with(address)
        .await
        .map_err(failed)?;
    Ok((writer, readers))
}

/// A session that is there for its locks and nothing else, under a name by which an administrator knows it.
pub(super) async fn locking(url: &str, name: &'static str) -> Result<PgConnection, sqlx::Error> {
    let mut session = PgConnection::connect(url).await?;
    session.execute(LOCKS).await?;
    sqlx::query("SELECT set_config('application_name', $1, false)").bind(name).execute(&mut session).await?;
    Ok(session)
}

/// The read replica at `url`. It may be away: nothing is asked of it before somebody searches.
pub(super) fn mirror(url: &str) -> Result<Mirror, StoreError> {
    let address: AnyConnectOptions = url.parse().map_err(|error: sqlx::Error| unreachable(url, &error))?;
    let pool = AnyPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| Box::pin(async { connection.execute(READER).await.map(drop) }))
        .connect_lazy_with(address);
    Ok(Mirror::new(pool))
}

/// Lets nobody else change the schema until the end of the transaction, and nobody change a row: who is at something is
/// waited for. Programs that are started together come one after the other, however long that takes.
pub(super) async fn lock_schema(change: &mut AnyConnection) -> Result<(), sqlx::Error> {
    // Nor is there a limit for the changes themselves.
    const ALONE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'; \
                         SELECT pg_advisory_xact_lock(hashtext('sekisho schema'), hashtext(current_schema())); \
                         SET LOCAL lock_timeout = '10s'";
    change.execute(sqlx::raw_sql(ALONE)).await?;
    let turn: i64 = sqlx::query_scalar("SELECT CAST(to_regclass('turn') IS NOT NULL AS INT)::BIGINT")
        .fetch_one(&mut *change)
        .await?;
    if turn > 0 {
        change.execute(sqlx::raw_sql("LOCK TABLE turn IN EXCLUSIVE MODE")).await?;
    }
    Ok(())
}

pub(super) fn unreachable(url: &str, error: &sqlx::Error) -> StoreError {
    StoreError::Unreachable { place: without_password(url), cause: error.to_string() }
}
