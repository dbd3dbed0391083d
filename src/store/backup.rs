//! A whole copy of the store while it is in use, and how a copy becomes a store again.
//!
//! In: a folder to write to; later that folder. Out: the database as of one moment and the key, for their owner only, with
//! a manifest that says what they are and their SHA-256. SQLite's own `VACUUM INTO` makes the copy: writers go on meanwhile,
//! and free pages, in which destroyed mails once were, are not in it.
//! Deliberately absent: where copies are kept and for how long. A copy holds the keys of mails that are destroyed later, so
//! it must not outlive what `[retention]` promises.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    open::{KEY, give_to_owner, unwritable},
    sqlite::DATABASE,
};

/// The file beside the copies.
const MANIFEST: &str = "backup.json";

/// What a copy is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The program that made it.
    pub version: String,
    /// When it was begun: everything that was committed before is in it.
    pub at: Timestamp,
    /// SHA-256 of the database, in hexadecimal digits.
    pub database: String,
    /// The same of the key; none if the key is kept elsewhere.
    pub key: Option<String>,
}

impl Store {
    /// Copies everything into `folder`, which must not be there yet; without the key if `with_key` is false.
    pub async fn back_up(&self, folder: &Path, with_key: bool) -> Result<Manifest, StoreError> {
        let at = Timestamp::now();
        let made = DirBuilder::new().mode(0o700).create(folder);
        made.map_err(|error| unwritable(folder, &error))?;
        let copied = self.copy_into(folder, with_key, at).await;
        if copied.is_err() {
            // Half a copy would be taken for one.
            let _ = fs::remove_dir_all(folder);
        }
        copied
    }

    async fn copy_into(&self, folder: &Path, with_key: bool, at: Timestamp) -> Result<Manifest, StoreError> {
        let database = folder.join(DATABASE);
        // An empty file of the right mode: what SQLite makes by itself is for everybody.
        private(&database).map_err(|error| unwritable(&database, &error))?;
        // A reader of its own: the store's are kept from writing anything, this copy included.
        let options = super::sqlite::options(&self.inner.directory.join(DATABASE));
        let mut source = sqlx::ConnectOptions::connect(&options).await?;
        let name = database.to_str().ok_or_else(|| StoreError::System("the folder's name is not UTF-8".to_owned()))?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&mut source).await?;
        sqlx::Connection::close(source).await?;
        let sum = sum_and_sync(&database).map_err(|error| unwritable(&database, &error))?;
        let key = if with_key && self.inner.directory.join(KEY).exists() {
            let (from, to) = (self.inner.directory.join(KEY), folder.join(KEY));
            copy(&from, &to).map_err(|error| unwritable(&to, &error))?;
            Some(sum_and_sync(&to).map_err(|error| unwritable(&to, &error))?)
        } else {
            None
        };
        let manifest = Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), at, database: sum, key };
        let path = folder.join(MANIFEST);
        let written = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other).and_then(|text| {
            io::Write::write_all(&mut private(&path)?, &text)?;
            File::open(&path)?.sync_all()?;
            File::open(folder)?.sync_all()
        });
        written.map_err(|error| unwritable(&path, &error))?;
        Ok(manifest)
    }

    /// How large the database is, and its copy so far; for whoever shows the progress.
    pub async fn size(&self) -> Result<u64, StoreError> {
        let (pages, page): (i64, i64) = (
            sqlx::query_scalar("PRAGMA page_count").fetch_one(self.readers()).await?,
            sqlx::query_scalar("PRAGMA page_size").fetch_one(self.readers()).await?,
        );
        Ok(u64::try_from(pages.saturating_mul(page)).unwrap_or(0))
    }

    /// The copy of the database in `folder`.
    pub fn copy_in(folder: &Path) -> PathBuf {
        folder.join(DATABASE)
    }
}

/// Reads what the copy in `folder` is, and proves that it is whole. `key` is where the key is kept, if not there; `elsewhere` says
/// that no file is wanted.
///
/// # Errors
/// It is no copy, or not as it was made; and what to do.
pub fn check(folder: &Path, key: Option<&Path>, elsewhere: bool) -> Result<Manifest, StoreError> {
    let damaged = |path: &Path, cause: &str| StoreError::BadCopy { path: path.to_owned(), cause: cause.to_owned() };
    let path = folder.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| damaged(&path, &error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| damaged(&path, &error.to_string()))?;
    let known = [(folder.join(DATABASE), Some(&manifest.database)), (folder.join(KEY), manifest.key.as_ref())];
    for (path, sum) in known {
        let Some(sum) = sum else { continue };
        let found = sum_and_sync(&path).map_err(|error| damaged(&path, &error.to_string()))?;
        if found != *sum {
            return Err(damaged(&path, "its SHA-256 is not the one in backup.json"));
        }
    }
    if manifest.key.is_none() && key.is_none() && !elsewhere {
        return Err(damaged(folder, "it was made without the key; say with --key where that is kept"));
    }
    Ok(manifest)
}

/// Puts the copy of `folder` into `data_dir`, where no store may be. The caller has [`check`]ed it, and opens it then.
///
/// # Errors
/// There is a store already, or the files cannot be written; in both cases what was there is untouched.
pub fn restore(folder: &Path, key: Option<&Path>, data_dir: &Path) -> Result<(), StoreError> {
    for name in [DATABASE, KEY] {
        let path = data_dir.join(name);
        if path.exists() {
            return Err(StoreError::NotEmpty(path));
        }
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
    made.map_err(|error| unwritable(data_dir, &error))?;
    let held = folder.join(KEY);
    // The database last: a folder with a key alone is none yet.
    for (from, name) in [(key.unwrap_or(&held), KEY), (&folder.join(DATABASE), DATABASE)] {
        if name == KEY && key.is_none() && !held.exists() {
            continue;
        }
        let (unfinished, to) = (data_dir.join(format!(".{name}.restoring")), data_dir.join(name));
        let put = fs::remove_file(&unfinished)
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            .and_then(|()| copy(from, &unfinished))
            .and_then(|()| give_to_owner(&unfinished))
            .and_then(|()| File::open(&unfinished)?.sync_all())
            .and_then(|()| fs::rename(&unfinished, &to))
            .and_then(|()| File::open(data_dir)?.sync_all());
        put.map_err(|error| unwritable(&to, &error))?;
    }
    Ok(())
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    io::copy(&mut File::open(from)?, &mut private(to)?).map(drop)
}

/// The file's SHA-256, once it is on the disk.
fn sum_and_sync(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut sum, mut piece) = (Context::new(&SHA256), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut piece)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        sum.update(read);
    }
    file.sync_all()?;
    Ok(data_encoding::HEXLOWER.encode(sum.finish().as_ref()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_copy_is_made_while_others_write_and_opens_as_a_store() {
        let (dir, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = Store::open(&dir.path().join("data")).await.unwrap();
        if !store.is_a_file() {
            return;
        }
        store.probe().await.unwrap();
        let writing = store.write().await.unwrap();
        let copy = away.path().join("copy");
        // A write that is under way keeps nobody waiting, and is not in the copy.
        let manifest = store.back_up(&copy, true).await.unwrap();
        drop(writing);
        for file in [DATABASE, KEY, MANIFEST] {
            let mode = fs::metadata(copy.join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        assert!(store.back_up(&copy, true).await.is_err(), "a copy is never written over");
        assert_eq!(check(&copy, None, false).unwrap(), manifest);
        let again = away.path().join("data");
        restore(&copy, None, &again).unwrap();
        Store::open(&again).await.unwrap().probe().await.unwrap();
        assert!(matches!(restore(&copy, None, &again), Err(StoreError::NotEmpty(_))));
    }

    #[tokio::test]
    async fn a_copy_that_was_changed_or_lacks_its_key_is_refused_in_words() {
        let (dir, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = Store::open(&dir.path().join("data")).await.unwrap();
        if !store.is_a_file() {
            return;
        }
        let copy = away.path().join("copy");
        store.back_up(&copy, false).await.unwrap();
        let said = |result: Result<Manifest, StoreError>| result.unwrap_err().to_string();
        assert!(said(check(&copy, None, false)).contains("--key"));
        let key = dir.path().join("data").join(KEY);
        check(&copy, Some(&key), false).unwrap();
        let mut bytes = fs::read(copy.join(DATABASE)).unwrap();
        bytes[100] ^= 1;
        fs::write(copy.join(DATABASE), &bytes).unwrap();
        assert!(said(check(&copy, Some(&key), false)).contains("SHA-256"));
        fs::remove_file(copy.join(MANIFEST)).unwrap();
        assert!(said(check(&copy, Some(&key), false)).contains("backup.json"));
        // A folder that cannot be written leaves nothing half done.
        assert!(store.back_up(Path::new("/proc/no/such"), true).await.is_err());
    }
}
