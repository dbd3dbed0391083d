//! Where records wait while the store does not take them: files in `data_dir`, sealed, for this node alone.
//!
//! In: records, while the store is away. Out: the same, in order, when it is back; and how many wait, since when. A record
//! is on the disk when [`Spool::write`] returns. Room for it can be had before (`Spool::reserve`): disk that is allotted and
//! a share of what the spool may take, so that a mail goes out only if there is a place for its record.
//!
//! A file takes some hundred records and is caught up in one change of the store (`journal::chain::add_missing`), then it goes.
//! Its name is the time at which it was begun, and never one before that of the file before. What a death left half written
//! (`torn`) or somebody changed (`damaged`) is told, its whole records are caught up like all others, and the file stays
//! under that name for people to look at. A file that does not open with our key keeps its name: nothing of it is caught
//! up, and a start with its own key may. One that the disk does not give is asked for again, and what is behind it waits.
//!
//! Deliberately absent: when the store is away (`journal::batch`), and content: a record has none.

mod file;
mod files;

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

pub use self::files::Left;
use self::{
    file::{Content, Flaw, Open},
    files::Files,
};
use super::Record;
use crate::store::Store;

/// The folder in `data_dir`.
pub const FOLDER: &str = "journal-spool";

/// What a file of records ends in.
const FILE: &str = "spool";

/// A file takes so many records, or so many bytes, before the next is begun: what one change of the store takes.
const RECORDS: u64 = 512;
const BYTES: u64 = 1 << 20;

/// With less room than this no mail is taken: the next one might not find any.
const LEAST: u64 = 64 << 10;

/// What the next hop may say to a mail, and what sealing adds to a line.
const ANSWER: u64 = 8 << 10;

/// What becomes of records while the store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `journal.on_outage = "spool"`; without it only what is left from before is caught up.
    pub spools: bool,
    /// `journal.spool_max`: how many bytes may wait.
    pub most: u64,
}

/// Why a record found no place.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpoolError {
    /// As much waits as may.
    #[error("the spool of the journal is full (journal.spool_max)")]
    Full,
    /// The disk says no.
    #[error("the spool of the journal cannot be written: {0}")]
    Disk(Arc<io::Error>),
    /// The disk does not give what was written.
    #[error("{} cannot be read: {why}", .file.display())]
    Unread {
        /// Which file.
        file: PathBuf,
        /// What the disk says.
        why: Arc<io::Error>,
    },
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        Self::Disk(Arc::new(error))
    }
}

/// How the spool stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spooled {
    /// How many records wait.
    pub records: u64,
    /// In how many bytes.
    pub bytes: u64,
    /// Since when the oldest.
    pub oldest: Option<Timestamp>,
    /// How many files were torn or damaged, and wait for somebody to look at them.
    pub aside: u64,
    /// How many files do not open with our key. Their records are not among those that wait.
    pub locked: u64,
    /// Whether the oldest file could not be read when it was last tried; what waits goes on waiting.
    pub unread: bool,
    /// How many records this process has written into it.
    pub written: u64,
    /// Whether records are written here while the store is away.
    pub spools: bool,
    /// Whether there is room for another one.
    pub takes: bool,
}

/// The spool of one node. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Spool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    folder: PathBuf,
    settings: Settings,
    files: Mutex<Files>,
    /// Bytes for which somebody was promised room.
    reserved: AtomicU64,
    /// The disk refused something, and nothing has worked since.
    failed: AtomicBool,
    /// The oldest file could not be read.
    unread: AtomicBool,
    /// The figures, as they were when the files were last changed: nobody waits for a disk to read them.
    figures: Mutex<Spooled>,
}

/// Room for a record that is not written yet; given back when it is dropped.
#[derive(Debug)]
pub struct Room {
    spool: Spool,
    bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.spool.inner.reserved.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// The oldest records that wait.
pub(super) struct Page {
    number: u64,
    flaw: Option<Flaw>,
    pub(super) records: Vec<Record>,
}

impl Spool {
    /// The spool in `data_dir`, with what is left in it from before. The caller alone serves on this directory.
    pub fn open(store: Store, data_dir: &Path, settings: Settings) -> io::Result<Self> {
        let folder = data_dir.join(FOLDER);
        if settings.spools && !folder.is_dir() {
            DirBuilder::new().mode(0o700).create(&folder)?;
        }
        let files = Files::left(&folder)?;
        let inner = Inner {
            store,
            folder,
            settings,
            figures: Mutex::new(files.figures()),
            files: Mutex::new(files),
            reserved: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How it stands. Cheap.
    pub fn figures(&self) -> Spooled {
        let figures = *self.inner.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let unread = self.inner.unread.load(Ordering::Acquire);
        Spooled { spools: self.inner.settings.spools, takes: self.takes(), unread, ..figures }
    }

    /// Whether records are written here, and there is room for another one. Cheap.
    pub fn takes(&self) -> bool {
        let bytes = self.inner.figures.lock().unwrap_or_else(PoisonError::into_inner).bytes;
        let taken = bytes.saturating_add(self.inner.reserved.load(Ordering::Acquire));
        let Settings { spools, most } = self.inner.settings;
        spools && !self.inner.failed.load(Ordering::Acquire) && taken.saturating_add(LEAST) <= most
    }

    /// Tries whether the disk gives room for a record: after it did not, nobody else would notice that it does again.
    pub(super) async fn probe(&self) {
        if self.inner.settings.spools
            && self.inner.failed.load(Ordering::Acquire)
            && let Err(why) = self.reserve_bytes(LEAST).await
        {
            tracing::debug!(%why, "no room in the spool yet");
        }
    }

    /// Room for `record` and what the next hop will say, before the mail leaves.
    pub(super) async fn reserve(&self, record: &Record) -> Result<Room, SpoolError> {
        let length = serde_json::to_vec(record).map_err(io::Error::from)?.len() as u64;
        self.reserve_bytes(ANSWER + length.saturating_mul(4) / 3).await
    }

    async fn reserve_bytes(&self, bytes: u64) -> Result<Room, SpoolError> {
        let spool = self.clone();
        blocking(move || {
            let inner = &spool.inner;
            let mut files = inner.files();
            let wanted = inner.reserved.load(Ordering::Acquire).saturating_add(bytes);
            if files.bytes().saturating_add(wanted) > inner.settings.most {
                return Err(SpoolError::Full);
            }
            inner.heard(inner.open(&mut files).and_then(|open| open.allot(wanted)))?;
            inner.reserved.fetch_add(bytes, Ordering::AcqRel);
            drop(files);
            Ok(Room { spool, bytes })
        })
        .await
    }

    /// Writes records, of which the first `promised` have room that is held until this returns. When it returns `Ok`, so
    /// many are on the disk, the first ones: all that have room, and of the others those that take none from anybody.
    pub(super) async fn write(&self, records: &[Record], promised: usize) -> Result<usize, SpoolError> {
        let (spool, records) = (self.clone(), records.to_vec());
        blocking(move || spool.inner.write(&records, promised)).await
    }

    /// The records of the oldest file that opens, if there is one; nothing is written into it any more.
    pub(super) async fn oldest(&self) -> Result<Option<Page>, SpoolError> {
        let spool = self.clone();
        blocking(move || spool.inner.oldest()).await
    }

    /// The records of `page` are in the store: its file goes, or is put aside if it has a flaw.
    pub(super) async fn caught_up(&self, page: Page) -> Result<(), SpoolError> {
        let spool = self.clone();
        blocking(move || Ok(spool.inner.caught_up(&page)?)).await
    }

    /// How many files wait.
    pub(super) fn pages(&self) -> usize {
        let files = self.inner.files();
        files.closed.len() + usize::from(files.open.as_ref().is_some_and(|(_, open)| open.records > 0))
    }
}

impl Inner {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, files: &Files) {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner) = files.figures();
    }

    /// Remembers whether the disk did what it was asked.
    fn heard<T>(&self, outcome: io::Result<T>) -> Result<T, SpoolError> {
        self.failed.store(outcome.is_err(), Ordering::Release);
        Ok(outcome?)
    }

    fn path(&self, number: u64) -> PathBuf {
        files::path(&self.folder, number)
    }

    fn reserved(&self) -> u64 {
        self.reserved.load(Ordering::Acquire)
    }

    /// The file that records are written into, begun if need be.
    fn open<'f>(&self, files: &'f mut Files) -> io::Result<&'f mut Open> {
        if files.open.as_ref().is_some_and(|(_, open)| open.spoilt) {
            files.close();
        }
        let (number, open) = match files.open.take() {
            Some(open) => open,
            // One with less disk than was promised is better than none.
            None => self.begin(files).or_else(|_| self.make(files))?,
        };
        Ok(&mut files.open.insert((number, open)).1)
    }

    /// A new file, with the disk that was promised.
    fn begin(&self, files: &mut Files) -> io::Result<(u64, Open)> {
        let (number, mut open) = self.make(files)?;
        if let Err(why) = open.allot(self.reserved()) {
            let _there_or_not = fs::remove_file(self.path(number));
            return Err(why);
        }
        Ok((number, open))
    }

    fn make(&self, files: &mut Files) -> io::Result<(u64, Open)> {
        if !self.folder.is_dir() {
            DirBuilder::new().mode(0o700).create(&self.folder)?;
        }
        let now = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0);
        let number = now.max(files.last + 1);
        let open = Open::make(&self.store, &self.path(number))?;
        files.last = number;
        Ok((number, open))
    }

    fn write(&self, records: &[Record], promised: usize) -> Result<usize, SpoolError> {
        if !self.settings.spools {
            return Err(SpoolError::Full);
        }
        let texts: Result<Vec<_>, _> = records.iter().map(serde_json::to_vec).collect();
        let texts = texts.map_err(io::Error::from)?;
        let mut files = self.files();
        // If the disk has no more, the last file goes on.
        if files.open.as_ref().is_some_and(|(_, open)| open.records >= RECORDS || open.length >= BYTES)
            && let Ok(next) = self.begin(&mut files)
        {
            files.close();
            files.open = Some(next);
        }
        self.heard(self.open(&mut files).map(drop))?;
        let taken = files.bytes();
        let open = self.heard(self.open(&mut files))?;
        let (mut fit, others) = self.fitting(&texts, promised, taken);
        // Those that have no room must not write on the disk of those that have.
        if fit > promised
            && let Err(why) = open.allot(self.reserved().saturating_add(others))
        {
            if promised == 0 {
                return self.heard(Err(why));
            }
            fit = promised;
        }
        let lines = self.heard(open.lines(texts.get(..fit).unwrap_or_default()))?;
        self.heard(open.append(&lines, fit as u64))?;
        files.written += fit as u64;
        self.note(&files);
        Ok(fit)
    }

    /// How many of `texts` have a place: the first `promised`, and of the others as many as leave alone what is promised; and
    /// how much those others take.
    fn fitting(&self, texts: &[Vec<u8>], promised: usize, taken: u64) -> (usize, u64) {
        let free = self.settings.most.saturating_sub(taken.saturating_add(self.reserved()));
        let (mut fit, mut others) = (promised.min(texts.len()), 0);
        for text in texts.iter().skip(promised) {
            let length = file::line_length(text);
            if others + length > free {
                break;
            }
            (fit, others) = (fit + 1, others + length);
        }
        (fit, others)
    }

    /// Nothing is written into the open file any more. What was promised in it is had in the next one; a full disk may
    /// have it only when this one has given its own back.
    fn turn_over(&self, files: &mut Files) {
        let next = (self.reserved() > 0).then(|| self.begin(files));
        files.close();
        match next.map(|next| next.or_else(|_| self.begin(files))) {
            Some(Ok(next)) => files.open = Some(next),
            Some(Err(error)) => tracing::warn!(%error, "the disk that the spool promised is not had again yet"),
            None => {}
        }
    }

    fn oldest(&self) -> Result<Option<Page>, SpoolError> {
        let mut files = self.files();
        let page = self.page(&mut files);
        self.unread.store(page.is_err(), Ordering::Release);
        self.note(&files);
        page
    }

    fn page(&self, files: &mut Files) -> Result<Option<Page>, SpoolError> {
        loop {
            if files.closed.is_empty() && files.open.as_ref().is_some_and(|(_, open)| open.records > 0) {
                self.turn_over(files);
            }
            let Some(number) = files.closed.first_key_value().map(|(number, _)| *number) else { return Ok(None) };
            let path = self.path(number);
            match file::read(&self.store, &path) {
                Ok(Some(Content { records, flaw })) => return Ok(Some(Page { number, flaw, records })),
                Ok(None) => {
                    tracing::error!(
                        file = %path.display(),
                        "a file of the journal's spool was written with another key, or its first line was changed; nothing \
                         of it is in the journal, and the file stays"
                    );
                    files.lock(number);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    tracing::error!(
                        file = %path.display(),
                        "a file of the journal's spool is gone; what was in it is not in the journal"
                    );
                    files.closed.remove(&number);
                }
                Err(error) => return Err(SpoolError::Unread { file: path, why: Arc::new(error) }),
            }
        }
    }

    fn caught_up(&self, page: &Page) -> io::Result<()> {
        let path = self.path(page.number);
        let mut files = self.files();
        let gone = match page.flaw {
            None => fs::remove_file(&path),
            Some(flaw) => {
                let aside = path.with_extension(flaw.extension());
                tracing::error!(
                    file = %aside.display(),
                    records = page.records.len(),
                    "a file of the journal's spool is {}; what is whole in it is in the journal, and the file stays",
                    flaw.extension()
                );
                files.aside += 1;
                fs::rename(&path, aside)
            }
        };
        // A file that does not go is there again at the next start, and its records are known by then.
        files.closed.remove(&page.number);
        self.note(&files);
        gone.and_then(|()| file::sync_folder(&path))
    }
}

/// Disks take their time: not on the threads that talk to mail servers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SpoolError> + Send + 'static,
) -> Result<T, SpoolError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| SpoolError::from(io::Error::other(error)))?
}

#[cfg(test)]
mod tests;
