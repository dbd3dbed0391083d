//! The store in a file: one SQLite database in `data_dir`.
//!
//! In: `data_dir`. Out: the connection that writes, and those that read. Deliberately absent: what is in the tables.

use std::{
    fs::OpenOptions,
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use sqlx::{
    AnyPool, ConnectOptions, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
    sqlite::SqliteConnectOptions,
};

use super::{
    StoreError,
    open::{give_to_owner, unwritable},
    schema,
    sql::Engine,
};

pub(super) const DATABASE: &str = "sekisho.db";

/// How many readers at once; each is a thread and a connection.
const READERS: u32 = 4;

/// How long a statement waits for another process's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each connection is told first. A deleted key or mail is overwritten with zeros, not just unlinked.
const READER: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA query_only = ON;";
const WRITER: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; \
                      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

/// The schema, compiled in.
pub(super) static SCHEMA: Migrator = sqlx::migrate!("./migrations/sqlite");

/// Opens the database in `data_dir`, made if there is none, and brings its schema up to date: who writes, and who reads.
pub(super) async fn open(data_dir: &Path) -> Result<(AnyPool, AnyPool), StoreError> {
    let path = data_dir.join(DATABASE);
    make_file(&path)?;
    // Nothing of a path means anything in the address; sqlx's own leaves a percent sign as it is.
    let file = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
    let address: Result<AnyConnectOptions, sqlx::Error> = format!("sqlite:{file}?mode=rw").parse();
    let address = address.map_err(|error| StoreError::opening(&path, error))?;
    // A pool tries in vain for a while what fails on a first connection at once, and with the reason.
    let tried = async {
        let mut first = options(&path).connect().await?;
        first.execute(WRITER).await?;
        first.close().await
    };
    tried.await.map_err(|error| StoreError::opening(&path, error))?;
    let writer = AnyPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up: there is nothing to ask it before each use.
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async { connection.execute(WRITER).await.map(drop) }))
        .connect_with(address.clone())
        .await
        .map_err(|error| StoreError::opening(&path, error))?;
    let mut first = writer.acquire().await.map_err(|error| StoreError::opening(&path, error))?;
    schema::renew(&mut first, Engine::Sqlite, &SCHEMA, &path).await?;
    drop(first);
    let readers = AnyPoolOptions::new()
        .max_connections(READERS)
        .after_connect(|connection, _| Box::pin(async { connection.execute(READER).await.map(drop) }))
        .connect_with(address)
        .await
        .map_err(|error| StoreError::opening(&path, error))?;
    Ok((writer, readers))
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(PATIENCE)
}

/// SQLite gives its -wal and -shm files the mode of the database, so making that with 0600 settles all three.
fn make_file(path: &PathBuf) -> Result<(), StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.and_then(|_| give_to_owner(path)).map_err(|error| unwritable(path, &error))
}
