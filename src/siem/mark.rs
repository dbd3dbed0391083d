//! How far the SIEM has been told: one number, in the store, so that whichever node tells next goes on there.
//!
//! In: the number of the last record that arrived. Out: the same after a restart, and on another node. A file of `data_dir`
//! kept it before, one on each node: the least of their numbers counts, since what lies behind another's may have been told by
//! nobody. Deliberately absent: what to do when there is none (`super`).

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
    pub(super) async fn read(&self) -> Result<Option<i64>, StoreError> {
        self.store.siem_mark().await
    }

    /// Goes back to what the file of this node says, if there is one and it says less; then it is gone.
    pub(super) async fn take_over_file(&self) -> Result<(), MarkError> {
        let Some(number) = self.of_file()? else { return Ok(()) };
        match self.store.siem_mark().await? {
            Some(known) if known <= number => {}
            Some(_) => self.store.set_siem_mark_back(number).await?,
            None => self.store.move_siem_mark(number).await?,
        }
        fs::remove_file(&self.file).map_err(|why| self.wrong(&why))
    }

    fn wrong(&self, why: &dyn std::fmt::Display) -> MarkError {
        MarkError::File { path: self.file.clone(), why: why.to_string() }
    }

    /// What is no number is an error: to begin anew would tell all or nothing.
    fn of_file(&self) -> Result<Option<i64>, MarkError> {
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(self.wrong(&why)),
        };
        let number = text.trim().parse().ok().filter(|number| *number >= 0);
        let mend = "this is no number; remove the file, and the SIEM is told what comes from now on";
        number.map(Some).ok_or_else(|| self.wrong(&mend))
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
    async fn the_least_that_a_file_says_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::new(Store::open(dir.path()).await.unwrap(), dir.path());
        mark.take_over_file().await.unwrap();
        assert_eq!(mark.read().await.unwrap(), None);
        let file = dir.path().join("siem.mark");
        for wrong in ["", "x", "-1", "7 8"] {
            fs::write(&file, wrong).unwrap();
            let why = mark.take_over_file().await.unwrap_err().to_string();
            assert!(why.contains("siem.mark: this is no number") && file.exists(), "{wrong}: {why}");
        }
        // The first node, then one that had told less, then one that had told more.
        for (said, then) in [(7, 7), (4, 4), (9, 4)] {
            fs::write(&file, format!("{said}\n")).unwrap();
            mark.take_over_file().await.unwrap();
            assert_eq!((mark.read().await.unwrap(), file.exists()), (Some(then), false));
        }
        mark.put(8).await.unwrap();
        assert_eq!(mark.read().await.unwrap(), Some(8));
        mark.set_back(3).await.unwrap();
        assert_eq!(mark.read().await.unwrap(), Some(3));
    }
}
