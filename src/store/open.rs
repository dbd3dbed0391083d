//! Opening the store: directory, database, schema, key, in this order and each with its own error.
//!
//! In: `data_dir`. Out: a [`Store`]. One process opens at a time (a file lock), so that two that start together on an
//! empty directory do not make two keys or two schemas. Deliberately absent: repair; a damaged file is reported.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

use super::{Inner, Store, StoreError, key::MasterKey};

const DATABASE: &str = "sekisho.db";
const KEY: &str = "seal.key";

/// How many readers at once; each is a thread and a connection.
const READERS: u32 = 4;

/// How long a statement waits for another process's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// The schema, compiled in.
static SCHEMA: Migrator = sqlx::migrate!("./migrations");

impl Store {
    /// Opens the store in `data_dir`; directory, database and key are made if there are none yet.
    pub async fn open(data_dir: &Path) -> Result<Self, StoreError> {
        make_directory(data_dir)?;
        let lock = lock(data_dir.join("opening.lock")).await?;
        let path = data_dir.join(DATABASE);
        make_file(&path)?;
        let options = options(&path);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not hang up: there is nothing to ask it before each use.
            .test_before_acquire(false)
            .connect_with(options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full))
            .await
            .map_err(|error| StoreError::opening(&path, error))?;
        SCHEMA.run(&writer).await.map_err(|error| migration_error(&path, error))?;
        let master = open_key(&writer, data_dir.join(KEY)).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(|error| StoreError::opening(&path, error))?;
        drop(lock);
        let directory = data_dir.to_owned();
        Ok(Self { inner: Arc::new(Inner { writer, readers, master, directory, outbox_grew: Notify::new() }) })
    }

    /// Whether there is a store in `data_dir` already.
    pub fn is_in(data_dir: &Path) -> bool {
        data_dir.join(DATABASE).is_file()
    }

    /// Claims the outbox of this directory until the claim is dropped: two servers on one directory would send
    /// everything twice.
    pub fn claim_outbox(&self) -> Result<Claim, StoreError> {
        let path = self.inner.directory.join("outbox.lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Claim { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(StoreError::InUse(self.inner.directory.clone())),
            Err(fs::TryLockError::Error(error)) => Err(unwritable(&path, &error)),
        }
    }
}

/// The right to deliver what is in the outbox.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // A deleted key or mail is overwritten with zeros, not just unlinked.
        .pragma("secure_delete", "ON")
}

/// Loads or makes the master key, and proves that it is the one this database was sealed with.
async fn open_key(writer: &SqlitePool, path: PathBuf) -> Result<MasterKey, StoreError> {
    let proof: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key_proof'").fetch_optional(writer).await?;
    let Some(proof) = proof else {
        let master = MasterKey::load_or_make(&path)?;
        sqlx::query("INSERT INTO meta (name, value) VALUES ('key_proof', ?)")
            .bind(master.proof()?)
            .execute(writer)
            .await?;
        return Ok(master);
    };
    let master = MasterKey::load(&path)?.ok_or_else(|| StoreError::KeyMissing(path.clone()))?;
    if master.fits(&proof) { Ok(master) } else { Err(StoreError::WrongKey(path)) }
}

fn migration_error(path: &Path, error: MigrateError) -> StoreError {
    let known = SCHEMA.iter().map(|migration| migration.version).max().unwrap_or(0);
    match error {
        MigrateError::VersionMissing(found) if found > known => {
            StoreError::Newer { path: path.to_owned(), found, known }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => StoreError::opening(path, error),
        other => StoreError::Damaged { path: path.to_owned(), cause: other.to_string() },
    }
}

fn make_directory(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unwritable(path, &error))
}

/// SQLite gives its -wal and -shm files the mode of the database, so making that with 0600 settles all three.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map(drop).map_err(|error| unwritable(path, &error))
}

async fn lock(path: PathBuf) -> Result<File, StoreError> {
    let file = open_lock(&path)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(|error| StoreError::System(error.to_string()))?.map_err(|error| unwritable(&path, &error))
}

fn open_lock(path: &Path) -> Result<File, StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|error| unwritable(path, &error))
}

pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unwritable { path: path.to_owned(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: PathBuf) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn files_are_for_their_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data");
        let store = Store::open(&dir).await.unwrap();
        store.probe().await.unwrap();
        assert_eq!(mode(dir.clone()), 0o700);
        for file in [DATABASE, KEY, "sekisho.db-wal", "sekisho.db-shm", "opening.lock"] {
            assert_eq!(mode(dir.join(file)), 0o600, "{file}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn eight_that_start_together_on_an_empty_directory_agree() {
        let dir = tempfile::tempdir().unwrap();
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let path = dir.path().to_owned();
            opening.spawn(async move { Store::open(&path).await });
        }
        let stores = opening.join_all().await;
        for store in &stores {
            store.as_ref().unwrap().probe().await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join(KEY);
        Store::open(dir.path()).await.unwrap().close().await;

        let kept = fs::read(&key).unwrap();
        fs::write(&key, [7; 32]).unwrap();
        assert!(matches!(Store::open(dir.path()).await, Err(StoreError::WrongKey(_))));
        fs::write(&key, [7; 31]).unwrap();
        assert!(matches!(Store::open(dir.path()).await, Err(StoreError::KeyMalformed(_))));
        fs::remove_file(&key).unwrap();
        assert!(matches!(Store::open(dir.path()).await, Err(StoreError::KeyMissing(_))));
        assert!(!key.exists(), "a lost key is not silently replaced");
        fs::write(&key, kept).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Store::open(dir.path()).await, Err(StoreError::KeyExposed { mode: 0o640, .. })));
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

        let store = Store::open(dir.path()).await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (999, 'later', TRUE, x'00', 0)";
        sqlx::query(newer).execute(&store.inner.writer).await.unwrap();
        store.close().await;
        let error = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");

        fs::write(dir.path().join(DATABASE), "this is no database, but it is long enough to look like a file").unwrap();
        let error = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_is_unwritable() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = Store::open(&dir.path().join("file").join("data")).await.unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    }

    #[tokio::test]
    async fn the_outbox_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Store::open(dir.path()).await.unwrap(), Store::open(dir.path()).await.unwrap());
        let claim = one.claim_outbox().unwrap();
        assert!(matches!(two.claim_outbox(), Err(StoreError::InUse(_))));
        drop(claim);
        assert!(two.claim_outbox().is_ok());
    }
}
