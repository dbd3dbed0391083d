//! Opening the store: directory, database, schema, key, in this order and each with its own error.
//!
//! In: a [`Place`]. Out: a [`Store`]. One process opens at a time (a file lock), so that two that start together on an empty
//! directory do not make two keys or two schemas.
//! Deliberately absent: repair; a damaged file is reported.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

use sqlx::AnyPool;
use tokio::sync::Notify;

use super::{
    Inner, Store, StoreError, clock::Clock, group::Writers, key::MasterKey, latency::Latency, place::Place, postgres,
    ring::Ring, sql::Engine, sqlite,
};

pub(super) const KEY: &str = "seal.key";

impl Store {
    /// Opens the store at `place`. Directory, database, schema and key are made if there are none yet; but not the database
    /// of a server.
    pub async fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        let place = place.into();
        #[cfg(test)]
        let place = Box::pin(super::trial::place(place)).await;
        Box::pin(Self::open_at(place)).await
    }

    pub(super) async fn open_at(Place { directory, server, mirror, key_command }: Place) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        make_directory(&directory)?;
        let lock = lock(directory.join("opening.lock")).await?;
        let (engine, (writer, readers)) = match &server {
            None => (Engine::Sqlite, sqlite::open(&directory).await?),
            Some(url) => (Engine::Postgres, postgres::open(url).await?),
        };
        let ring = Ring::new(open_key(&writer, directory.join(KEY), key_command.as_deref()).await?);
        drop(lock);
        let latency = Latency::default();
        let writers = Writers::new(writer, engine, latency.clone());
        let mirror = mirror.as_deref().map(postgres::mirror).transpose()?;
        let store = Self {
            inner: Arc::new(Inner {
                engine,
                writers,
                readers,
                mirror,
                ring,
                directory,
                server,
                latency,
                outbox_grew: Notify::new(),
                clock: Clock::default(),
            }),
        };
        store.learn_keys().await?;
        store.set_clock().await?;
        if let Err(error) = store.make_journal_months(store.now()).await {
            tracing::warn!(%error, "no table is made for the journal's next month now; the server tries again by itself");
        }
        Ok(store)
    }
}

/// Loads or makes the master key, and proves that it is the one this database was sealed with.
async fn open_key(writer: &AnyPool, path: PathBuf, command: Option<&[String]>) -> Result<MasterKey, StoreError> {
    let proof: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key_proof'").fetch_optional(writer).await?;
    let Some(proof) = proof else {
        let master = match command {
            None => MasterKey::load_or_make(&path)?,
            Some(command) => MasterKey::ask(command).await?,
        };
        sqlx::query("INSERT INTO meta (name, value) VALUES ('key_proof', $1)")
            .bind(master.proof()?)
            .execute(writer)
            .await?;
        return Ok(master);
    };
    let master = match command {
        None => MasterKey::load(&path)?.ok_or_else(|| StoreError::KeyMissing(path.clone()))?,
        Some(command) => MasterKey::ask(command).await?,
    };
    if master.fits(&proof) { Ok(master) } else { Err(StoreError::WrongKey(path)) }
}

fn make_directory(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unwritable(path, &error))
}

async fn lock(path: PathBuf) -> Result<File, StoreError> {
    let file = open_lock(&path)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked.map_err(|error| StoreError::System(error.to_string()))?.map_err(|error| unwritable(&path, &error))
}

pub(super) fn open_lock(path: &Path) -> Result<File, StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.and_then(|file| give_to_owner(path).map(|()| file)).map_err(|error| unwritable(path, &error))
}

/// What root makes in the folder of the server's user is that user's: the server could not write it else.
pub(super) fn give_to_owner(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| rustix::process::geteuid().is_root()) else { return Ok(()) };
    let (file, folder) = (fs::metadata(path)?, fs::metadata(folder)?);
    if file.uid() == 0 && folder.uid() != 0 {
        chown(path, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> StoreError {
    let help = match error.kind() {
        ErrorKind::PermissionDenied => {
            "; data_dir and all that is in it must belong to the user that sekisho runs as: chown -R"
        }
        ErrorKind::NotFound => "; make the folder that it is to be in first",
        ErrorKind::AlreadyExists => "; name one that is not there yet",
        _ => "",
    };
    StoreError::Unwritable { path: path.to_owned(), cause: format!("{error}{help}") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use std::fs;

    use super::{super::sqlite::DATABASE, *};

    fn mode(path: PathBuf) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn files_are_for_their_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data");
        let store = Store::open(&dir).await.unwrap();
        store.probe().await.unwrap();
        if !store.is_a_file() {
            return;
        }
        assert_eq!(mode(dir.clone()), 0o700);
        for file in [DATABASE, KEY, "sekisho.db-wal", "sekisho.db-shm", "opening.lock"] {
            assert_eq!(mode(dir.join(file)), 0o600, "{file}");
        }
    }

    /// The database is named by an address, in which some of these mean something.
    #[tokio::test]
    async fn a_folder_may_have_any_name() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("a b?mode=ro#c %20 関所");
        let store = Store::open(&dir).await.unwrap();
        store.probe().await.unwrap();
        assert!(!store.is_a_file() || dir.join(DATABASE).is_file());
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
        store.tamper(newer).await.unwrap();
        store.tamper("UPDATE meta SET value = CAST('999' AS BLOB) WHERE name = 'needs'").await.unwrap();
        store.close().await;
        let error = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");

        if !store.is_a_file() {
            return;
        }
        fs::write(dir.path().join(DATABASE), "this is no database, but it is long enough to look like a file").unwrap();
        let error = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_command_prints_the_key_or_the_store_says_what_it_did_instead() {
        let dir = tempfile::tempdir().unwrap();
        let with = |script: &str| {
            let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
            Place::from(dir.path()).with_key_from(Some(command))
        };
        let digits = "0f".repeat(32);
        let store = Store::open(with(&format!("echo {digits}"))).await.unwrap();
        let code = store.vouch(b"words");
        assert!(!dir.path().join(KEY).exists(), "the key is nowhere here");
        let raw = Store::open(with(r"printf '\017%.0s' $(seq 32)")).await.unwrap();
        assert!(raw.vouched(b"words", &code), "the same as bytes");
        let said = async |script: &str| Store::open(with(script)).await.unwrap_err().to_string();
        assert!(said("echo the service is away >&2; exit 3").await.contains("the service is away"));
        assert!(said("echo 0f0f").await.contains("it printed 5 bytes"));
        let other = "0e".repeat(32);
        assert!(matches!(Store::open(with(&format!("echo {other}"))).await, Err(StoreError::WrongKey(_))));
    }

    #[tokio::test]
    async fn the_history_of_an_earlier_version_is_taken_over() {
        // The schema as it was before there was a history, and when it was new.
        for (last, rows) in [(5, 0), (6, 1)] {
            let dir = tempfile::tempdir().unwrap();
            let earlier = dir.path().join("migrations");
            fs::create_dir(&earlier).unwrap();
            for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap() {
                let file = file.unwrap();
                let name = file.file_name().into_string().unwrap();
                if name.split_once('_').is_some_and(|(version, _)| version.parse::<u32>().unwrap() <= last) {
                    fs::copy(file.path(), earlier.join(name)).unwrap();
                }
            }
            let path = dir.path().join(DATABASE);
            let pool = sqlx::SqlitePool::connect_with(sqlite::options(&path).create_if_missing(true)).await.unwrap();
            sqlx::migrate::Migrator::new(earlier.as_path()).await.unwrap().run(&pool).await.unwrap();
            let row = "INSERT INTO history VALUES ('wrote', 'sato@example.co.jp', 'yamada@kita.jp', 2.5, 20000, 1)";
            if rows > 0 {
                sqlx::query(row).execute(&pool).await.unwrap();
            }
            pool.close().await;
            let file = Place::from(dir.path());
            let store = Box::pin(Store::open_at(file)).await.unwrap();
            let kept = store.history_page(0, None).await.unwrap();
            assert_eq!(kept.len(), rows);
            for kept in kept {
                assert_eq!((kept.target.as_str(), kept.weight, kept.day), ("yamada@kita.jp", 2.5, 20_000));
            }
        }
    }

    /// `sekisho doctor` as root, before the service starts for the first time.
    #[tokio::test]
    async fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        chown(dir.path(), Some(4_711), Some(4_712)).unwrap();
        let store = Box::pin(Store::open_at(Place::from(dir.path()))).await.unwrap();
        drop(store.claim_outbox().await.unwrap());
        let mut files = 0;
        for file in fs::read_dir(dir.path()).unwrap() {
            let file = file.unwrap();
            let known = file.metadata().unwrap();
            assert_eq!((known.uid(), known.gid()), (4_711, 4_712), "{:?}", file.file_name());
            files += 1;
        }
        assert!(files >= 4, "database, key and two locks at least: {files}");
        store.close().await;
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_made_is_unwritable() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = Store::open(&dir.path().join("file").join("data")).await.unwrap_err();
        assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    }
}
