//! How far the SIEM has been told: one number, in the store, so that whichever node tells next goes on there.
//!
//! In: the number of the last record that arrived. Out: the same after a restart, and on another node. A file of `data_dir`
//! kept it before; what is in it counts until the store has a number. Deliberately absent: what to do when there is none
//! (`super`).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::store::{Store, StoreError};

/// The mark.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    store: Store,
    /// Where it was before.
    file: PathBuf,
}

/// Why it cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum MarkError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{}: {why}", path.display())]
    File { path: PathBuf, why: String },
}

impl Mark {
    pub(super) fn new(store: Store, data_dir: &Path) -> Self {
        Self { store, file: data_dir.join("siem.mark") }
    }

    /// The number; none if there was never any.
    pub(super) async fn read(&self) -> Result<Option<i64>, MarkError> {
        match self.store.siem_mark().await? {
            Some(number) => Ok(Some(number)),
            None => self.of_file(),
        }
    }

    /// What is no number is an error: to begin anew would tell all or nothing.
    fn of_file(&self) -> Result<Option<i64>, MarkError> {
        let wrong = |why: String| MarkError::File { path: self.file.clone(), why };
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(wrong(why.to_string())),
        };
        let number = text.trim().parse().ok().filter(|number| *number >= 0);
        let mend = "this is no number; remove the file, and the SIEM is told what comes from now on";
        number.map(Some).ok_or_else(|| wrong(mend.to_owned()))
    }

    /// Moves it on.
    pub(super) async fn put(&self, number: i64) -> Result<(), StoreError> {
        self.store.move_siem_mark(number).await
    }

    /// Puts it where a journal ends that is shorter.
    pub(super) async fn set_back(&self, number: i64) -> Result<(), StoreError> {
        self.store.set_siem_mark_back(number).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_file_said_counts_until_the_store_has_a_number() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::new(Store::open(dir.path()).await.unwrap(), dir.path());
        assert_eq!(mark.read().await.unwrap(), None);
        for wrong in ["", "x", "-1", "7 8"] {
            fs::write(dir.path().join("siem.mark"), wrong).unwrap();
            assert!(mark.read().await.unwrap_err().to_string().contains("siem.mark: this is no number"), "{wrong}");
        }
        fs::write(dir.path().join("siem.mark"), "7\n").unwrap();
        assert_eq!(mark.read().await.unwrap(), Some(7));
        mark.put(8).await.unwrap();
        assert_eq!(mark.read().await.unwrap(), Some(8));
        mark.set_back(3).await.unwrap();
        assert_eq!(mark.read().await.unwrap(), Some(3));
    }
}
