//! How far the SIEM has been told: one number in a file of `data_dir`.
//!
//! In: the number of the last record that arrived. Out: the same after a restart. The file is whole or not there, and on the
//! disk when [`Mark::put`] returns. Deliberately absent: what to do when there is none (`super`).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The file.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    path: PathBuf,
}

impl Mark {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("siem.mark") }
    }

    /// The number; none if there was never any. What is no number is an error: to begin anew would tell all or nothing.
    pub(super) fn read(&self) -> io::Result<Option<i64>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(self.named(&why)),
        };
        let number = text.trim().parse().ok().filter(|number| *number >= 0);
        let wrong = || self.named(&"this is no number; remove the file, and the SIEM is told what comes from now on");
        number.map(Some).ok_or_else(wrong)
    }

    /// Puts the number in the place of the last one.
    pub(super) async fn put(&self, number: i64) -> io::Result<()> {
        let mark = self.clone();
        tokio::task::spawn_blocking(move || mark.write(number)).await.map_err(io::Error::other)?
    }

    fn write(&self, number: i64) -> io::Result<()> {
        let new = self.path.with_extension("mark.new");
        let written = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            writeln!(file, "{number}")?;
            file.sync_all()?;
            fs::rename(&new, &self.path)?;
            self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        written().map_err(|why| self.named(&why))
    }

    fn named(&self, why: &dyn std::fmt::Display) -> io::Error {
        io::Error::other(format!("{}: {why}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_number_is_kept_and_what_is_none_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::new(dir.path());
        assert_eq!(mark.read().unwrap(), None);
        for number in [7, 123_456] {
            mark.put(number).await.unwrap();
            assert_eq!(Mark::new(dir.path()).read().unwrap(), Some(number));
        }
        for wrong in ["", "x", "-1", "7 8"] {
            fs::write(dir.path().join("siem.mark"), wrong).unwrap();
            assert!(mark.read().unwrap_err().to_string().contains("siem.mark: this is no number"), "{wrong}");
        }
        let nowhere = Mark::new(&dir.path().join("gone"));
        assert!(nowhere.put(1).await.unwrap_err().to_string().contains("siem.mark"));
    }
}
