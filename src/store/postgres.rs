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
    AnyPool, Connection, Executor, PgConnection,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
};

use super::{StoreError, open::migration_error, place::without_password};

/// How many readers at once.
const READERS: u32 = 8;

/// How long it may take until a connection is there: a mail server that waits longer gives up by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// The oldest server whose language the schema is written in.
const OLDEST: i64 = 140_000;

/// What a connection that writes is told first. Whoever holds the lock for longer is stuck.
const WRITER: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; \
                      SET application_name = 'sekisho'; SET synchronous_commit = on; SET client_min_messages = warning";
const READER: &str = "SET default_transaction_read_only = on; SET statement_timeout = '60s'; \
                      SET application_name = 'sekisho, reading'";

/// The schema, compiled in.
static SCHEMA: Migrator = sqlx::migrate!("./migrations/postgres");

/// What is before the statements of a change.
pub(super) const BEGIN: &str = "BEGIN; LOCK TABLE turn IN EXCLUSIVE MODE; SAVEPOINT change";

/// Opens the database at `url` and brings its schema up to date: who writes, and who reads.
pub(super) async fn open(url: &str) -> Result<(AnyPool, AnyPool), StoreError> {
    let address: AnyConnectOptions = url.parse().map_err(|error: sqlx::Error| unreachable(url, &error))?;
    // A pool tries in vain for a while what fails on a first connection at once, and with the reason.
    let failed = |error: sqlx::Error| unreachable(url, &error);
    let mut first = PgConnection::connect(url).await.map_err(failed)?;
    first.execute(WRITER).await.map_err(failed)?;
    let version: i64 = sqlx::query_scalar("SELECT CAST(current_setting('server_version_num') AS BIGINT)")
        .fetch_one(&mut first)
        .await
        .map_err(failed)?;
    if version < OLDEST {
        let place = without_password(url);
        return Err(StoreError::OldServer { place, found: version / 10_000, oldest: OLDEST / 10_000 });
    }
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
    SCHEMA.run(&writer).await.map_err(|error| {
        let known = SCHEMA.iter().map(|migration| migration.version).max().unwrap_or(0);
        migration_error(without_password(url).as_ref(), error, known)
    })?;
    let readers = AnyPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| Box::pin(async { connection.execute(READER).await.map(drop) }))
        .connect_with(address)
        .await
        .map_err(failed)?;
    Ok((writer, readers))
}

fn unreachable(url: &str, error: &sqlx::Error) -> StoreError {
    StoreError::Unreachable { place: without_password(url), cause: error.to_string() }
}
