//! Which files there are in a spool, and what is in them.
//!
//! In: the folder. Out: its files, the oldest first, and their figures; for whoever looks beside the server, too.
//! Deliberately absent: what is in a file (`file`), and who may write (`super`).

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    FILE, FOLDER, Spooled,
    file::{self, Flaw, Open},
};
use crate::store::Store;

/// The files, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) closed: BTreeMap<u64, Closed>,
    pub(super) open: Option<(u64, Open)>,
    pub(super) last: u64,
    pub(super) aside: u64,
    /// Files that do not open with our key. They are nobody's turn in this process.
    pub(super) locked: u64,
    pub(super) written: u64,
}

#[derive(Debug)]
pub(super) struct Closed {
    records: u64,
    bytes: u64,
}

impl Closed {
    /// The file at `path`, if it is still there.
    fn at(path: &Path) -> io::Result<Option<Self>> {
        match file::count(path).and_then(|records| Ok(Self { records, bytes: fs::metadata(path)?.len() })) {
            Ok(closed) => Ok(Some(closed)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What lies in the spool of a `data_dir`, for whoever looks at it beside the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many records wait.
    pub records: u64,
    /// Since when the oldest.
    pub oldest: Option<Timestamp>,
    /// How many files were torn or damaged.
    pub aside: u64,
    /// How many files do not open with the key of the store. Their records are not among those that wait.
    pub locked: u64,
}

impl Left {
    /// Looks, and changes nothing. Without the store nobody can tell which files open, and all of them count as waiting.
    pub fn look(data_dir: &Path, store: Option<&Store>) -> io::Result<Self> {
        let mut files = Files::left(&data_dir.join(FOLDER))?;
        if let Some(store) = store {
            files.lock_out(store, &data_dir.join(FOLDER))?;
        }
        let Spooled { records, oldest, aside, locked, .. } = files.figures();
        Ok(Self { records, oldest, aside, locked })
    }
}

impl Files {
    /// What is in `folder`.
    pub(super) fn left(folder: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        for path in listed(folder)? {
            match numbered(&path) {
                Some(number) => {
                    let Some(closed) = Closed::at(&path)? else { continue };
                    files.last = files.last.max(number);
                    files.closed.insert(number, closed);
                }
                None => files.aside += u64::from(is_aside(&path)),
            }
        }
        Ok(files)
    }

    /// Leaves out what the key of `store` does not open.
    fn lock_out(&mut self, store: &Store, folder: &Path) -> io::Result<()> {
        let numbers: Vec<u64> = self.closed.keys().copied().collect();
        for number in numbers {
            match file::read(store, &path(folder, number)) {
                Ok(Some(_)) => {}
                Ok(None) => self.lock(number),
                // The server has caught it up meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => drop(self.closed.remove(&number)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The file does not open.
    pub(super) fn lock(&mut self, number: u64) {
        self.locked += u64::from(self.closed.remove(&number).is_some());
    }

    pub(super) fn bytes(&self) -> u64 {
        let closed: u64 = self.closed.values().map(|file| file.bytes).sum();
        closed + self.open.as_ref().map_or(0, |(_, open)| open.length)
    }

    pub(super) fn figures(&self) -> Spooled {
        let open = self.open.as_ref().filter(|(_, open)| open.records > 0);
        let closed = self.closed.iter().find(|(_, file)| file.records > 0).map(|(number, _)| *number);
        let oldest = closed.or(open.map(|(number, _)| *number));
        Spooled {
            records: self.closed.values().map(|file| file.records).sum::<u64>()
                + open.map_or(0, |(_, open)| open.records),
            bytes: self.bytes(),
            oldest: oldest.and_then(|number| Timestamp::from_microsecond(i64::try_from(number).ok()?).ok()),
            aside: self.aside,
            locked: self.locked,
            written: self.written,
            ..Spooled::default()
        }
    }

    pub(super) fn close(&mut self) {
        if let Some((number, mut open)) = self.open.take() {
            open.give_back();
            let Open { records, length, .. } = open;
            self.closed.insert(number, Closed { records, bytes: length });
        }
    }
}

/// Where the file of that number is.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}.{FILE}"))
}

/// The paths in `folder`; none if it is not there.
pub(super) fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The number of a file of records.
fn numbered(path: &Path) -> Option<u64> {
    let number = path.file_stem()?.to_str()?.parse().ok()?;
    (path.extension()? == FILE).then_some(number)
}

fn is_aside(path: &Path) -> bool {
    [Flaw::Torn, Flaw::Damaged].iter().any(|flaw| path.extension().is_some_and(|end| end == flaw.extension()))
}
