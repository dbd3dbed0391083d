//! The parent's side: a pool of workers, each given one mail at a time under a deadline.
//!
//! In: bytes and a [`Job`]. Out: an [`Inspection`], or [`Unavailable`] when no worker could be had, which the caller
//! answers with 4xx. Callers wait their turn here, as many as [`queue`](super::queue) has places for; the others wait in
//! the mail server. A worker that is lost names the part it was at; the mail is then read again without that part, a few
//! times at most, so that the rest of it counts. Workers that have served long or grown large are replaced between mails, one
//! at a time and by one that is warm.
//! Deliberately absent: what a worker is given and says (`process`, `wire`).

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::{
    Settings,
    lockdown::Protection,
    ocr::{Eye, Pictures},
    process::{Lost, Patience, Worker},
    queue::Queue,
    wire::{Answer, Request, Setup},
};
use crate::inspect::{Fault, Heard, Inspection, Job, Kind, Reason, RuleSource, Uninspected, Without};

/// How many mails may wait for each worker, and for all of them at least: short mails take a millisecond, so that even
/// a long queue is soon gone.
const WAITING_PER_WORKER: usize = 64;
const WAITING: usize = 256;

/// How many parts of one mail may cost a worker each. Whoever sends a mail with more of them does it on purpose.
const KILLERS: usize = 4;

/// How much longer than one part a mail may be worked on for each megabyte that came: several times what sheets, the
/// densest of honest files, take. A small mail that takes more than one part may is made to.
const WORK_PER_MEGABYTE: Duration = Duration::from_millis(200);

/// So long a worker may take to load its rules at least, however little time a mail has: a busy machine is no fault of its.
const START: Duration = Duration::from_secs(30);

/// A worker that has worked for so long is replaced: half of what [`lockdown`](super::lockdown) lets it, so that what is
/// left is more than any one mail may take.
const WORKED: Duration = Duration::from_secs(1_800);

/// Asking the system what a worker has used costs as much as a small mail, so it is asked after large ones, and after
/// some of the others.
const LARGE: usize = 256 << 10;
const NOW_AND_THEN: u32 = 64;

/// Why a worker was replaced that a drill had made away with: no file costs it, so that it is counted apart.
const DRILL: &str = "drill";

/// No worker could be had: the mail must wait where it is (4xx).
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// All of them were busy for as long as a mail may take.
    #[error("all inspection workers are busy; raise inspection.workers if this recurs")]
    Busy,
    /// One could not be started.
    #[error("an inspection worker could not be started: {0}")]
    Start(#[from] std::io::Error),
    /// One started and said that it cannot work.
    #[error("an inspection worker refused to start: {0}")]
    Refused(String),
}

/// A mail or file that was read.
#[derive(Debug)]
pub struct Hearing {
    /// What is in it.
    pub inspection: Inspection,
    /// What is to be remembered of it.
    pub heard: Heard,
    /// How long it waited for a worker.
    pub waited: Duration,
}

/// The pool. Dropping it ends its workers, as soon as none has a mail in hand.
#[derive(Debug)]
pub struct Workers {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    program: PathBuf,
    settings: Settings,
    setup: Setup,
    idle: Mutex<Vec<Worker>>,
    turns: Arc<Semaphore>,
    queue: Queue,
    protection: Protection,
    eye: Option<Eye>,
    replaced: Mutex<BTreeMap<&'static str, u64>>,
    successor: Mutex<Successor>,
}

/// Who takes the place of the next worker that has served long enough. All began together and grow old together; were
/// each to go before another is warm, mail would stand still meanwhile.
#[derive(Debug, Default)]
enum Successor {
    #[default]
    Nobody,
    /// Loads its rules.
    Warming,
    /// Nobody, if it could not be started: whoever needs one then starts it, and hears why not.
    Warm(Option<Box<Worker>>),
}

impl Workers {
    /// Starts all workers, so that a rule that does not load is known before the first mail.
    pub async fn start(program: PathBuf, settings: Settings, rules: Vec<RuleSource>) -> Result<Self, Unavailable> {
        let count = settings.worker_count();
        let Settings { limits, shelf, memory, user, .. } = settings.clone();
        let setup = Setup { rules, shelf, limits, memory, user };
        let mut idle = Vec::new();
        for _ in 0..count {
            idle.push(Worker::start(&program, &setup, settings.timeout.max(START)).await?);
        }
        // All of them are the same program on the same kernel.
        let protection = idle.first().map(Worker::protection).unwrap_or_default();
        let eye = settings.ocr.clone().map(|ocr| Eye { program: program.clone(), settings: ocr, user: settings.user });
        let pool = Pool {
            program,
            settings,
            setup,
            idle: Mutex::new(idle),
            turns: Arc::new(Semaphore::new(count)),
            queue: Queue::new(WAITING.max(WAITING_PER_WORKER * count)),
            protection,
            eye,
            replaced: Mutex::default(),
            successor: Mutex::default(),
        };
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Inspects one mail or file within the deadline. What could not be read is in `uninspected`.
    pub async fn inspect(&self, bytes: &[u8], job: &Job) -> Result<Inspection, Unavailable> {
        Ok(self.hear(bytes, job).await?.inspection)
    }

    /// Inspects one mail, and says what is to be remembered of it.
    pub async fn hear(&self, bytes: &[u8], job: &Job) -> Result<Hearing, Unavailable> {
        let came = Instant::now();
        let _turn = self.pool.turn().await?;
        let waited = came.elapsed();
        let Settings { timeout: patience, part_timeout, .. } = self.pool.settings;
        // A drill is not to keep a worker from real mail for as long as a mail may take.
        let patience = if job.fault == Some(Fault::Hang) { patience.min(part_timeout) } else { patience };
        let deadline = Instant::now() + patience;
        let mut mail = Mail { bytes, job: job.clone(), killers: Vec::new(), deadline };
        let mut read = self.pool.read(&mut mail, None).await?;
        if let Some(eye) = &self.pool.eye
            && !read.pictures.parts.is_empty()
        {
            read = self.pool.read_with_pictures(eye, &mut mail, read).await;
        }
        if let Some(worker) = read.worker {
            self.pool.put_back(worker, bytes.len());
        }
        Ok(Hearing { inspection: read.inspection, heard: read.heard, waited })
    }

    /// Whether a worker has nothing to do, and no mail waits for one.
    pub fn are_idle(&self) -> bool {
        self.pool.turns.available_permits() > 0 && self.pool.queue.longest_wait().is_zero()
    }

    /// Whether so many mails wait for a worker that no other may.
    pub fn are_crowded(&self) -> bool {
        self.pool.queue.is_full()
    }

    /// How long the mail that is next has waited for a worker.
    pub fn longest_wait(&self) -> Duration {
        self.pool.queue.longest_wait()
    }

    /// How many workers were lost or replaced since the last call, and why: a reason of [`Reason`], `worn`, or `drill`.
    pub fn replaced(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut *self.pool.replaced.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How well the workers are locked in.
    pub fn protection(&self) -> Protection {
        self.pool.protection
    }
}

/// A mail, and what became of the attempts to read it.
struct Mail<'m> {
    bytes: &'m [u8],
    job: Job,
    /// What cost a worker and is passed over.
    killers: Vec<Uninspected>,
    deadline: Instant,
}

/// A mail that was read.
struct Read {
    inspection: Inspection,
    heard: Heard,
    /// Who read it; nobody who is still of use, if it could not be read.
    worker: Option<Worker>,
    pictures: Pictures,
}

impl Read {
    fn failed(inspection: Inspection) -> Self {
        Self { inspection, heard: Heard::default(), worker: None, pictures: Pictures::default() }
    }
}

impl Pool {
    /// Reads the mail, without the parts that cost a worker.
    async fn read(&self, mail: &mut Mail<'_>, worker: Option<Worker>) -> Result<Read, Unavailable> {
        let mut ready = worker;
        loop {
            let mut worker = match ready.take() {
                Some(worker) => worker,
                None => self.healthy().await?,
            };
            match self.attempt(&mut worker, mail).await {
                Ok((Answer { inspection, heard, pictures: parts }, bytes)) => {
                    let pictures = Pictures { parts, bytes };
                    return Ok(Read { inspection, heard, worker: Some(worker), pictures });
                }
                Err(lost) => {
                    if let Err(inspection) = self.pass_over(mail, worker, lost).await {
                        return Ok(Read::failed(inspection));
                    }
                }
            }
        }
    }

    /// Has the pictures looked at, and reads the mail again with what is written in them. Where that fails, what was read
    /// before stands, with its pictures unread.
    async fn read_with_pictures(&self, eye: &Eye, mail: &mut Mail<'_>, mut first: Read) -> Read {
        let half = Instant::now() + mail.deadline.saturating_duration_since(Instant::now()) / 2;
        mail.job.texts = eye.look(&first.pictures, half).await;
        if mail.job.texts.is_empty() {
            return first;
        }
        match self.read(mail, first.worker.take()).await {
            Ok(second) if second.worker.is_some() => second,
            Ok(_) => first,
            Err(why) => {
                tracing::warn!(%why, "a mail could not be read again with its pictures");
                first
            }
        }
    }

    /// One worker reads it. What the worker stops by itself, a little earlier than it would be killed, counts.
    async fn attempt(&self, worker: &mut Worker, mail: &Mail<'_>) -> Result<(Answer, Vec<u8>), Lost> {
        let left = mail.deadline.saturating_duration_since(Instant::now());
        // One part never takes so long that no time is left for the others.
        let part = self.settings.part_timeout.min(left / 2);
        let request = Request {
            job: Cow::Borrowed(&mail.job),
            time: left * 3 / 4,
            work: part * 7 / 8 + WORK_PER_MEGABYTE * u32::try_from(mail.bytes.len() >> 20).unwrap_or(u32::MAX),
            part_time: part * 7 / 8,
            pictures: self.eye.as_ref().map(|eye| eye.settings.bounds).unwrap_or_default(),
        };
        worker.inspect(mail.bytes, &request, Patience { mail: mail.deadline, part }).await
    }

    /// Ends a worker that is lost, and leaves the part that it was at out of what is read; or gives up on the mail.
    async fn pass_over(&self, mail: &mut Mail<'_>, worker: Worker, lost: Lost) -> Result<(), Inspection> {
        let (status, out_of_memory) = worker.end().await;
        let Lost { mut reason, part } = lost;
        if out_of_memory {
            reason = Reason::Limit;
        }
        let (named, killers) = (part.is_some(), mail.killers.len());
        // What a drill asked for befalls one worker; the mail is then read on as any other.
        if let Some(fault) = mail.job.fault.take() {
            self.note(DRILL);
            tracing::info!(?fault, ?reason, status, named, "an inspection worker was lost to a drill");
        } else {
            self.note(reason.name());
            tracing::warn!(?reason, status, named, killers, bytes = mail.bytes.len(), "an inspection worker was lost");
        }
        if let Some(part) = part {
            mail.killers.push(Uninspected { place: part.place, reason });
            mail.job.without.push(Without { part: part.part, reason });
            if mail.killers.len() <= KILLERS && reason != Reason::Timeout {
                return Ok(());
            }
        }
        let place = match &mail.job.kind {
            Kind::Mail => "mail",
            Kind::File(name) => name,
        };
        let mut inspection = Inspection::failed(place, reason);
        inspection.uninspected.append(&mut mail.killers);
        Err(inspection)
    }

    /// The right to one worker.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Unavailable> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(turn);
        }
        let _place = self.queue.join().ok_or(Unavailable::Busy)?;
        match timeout(self.settings.timeout, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Unavailable::Busy),
        }
    }

    /// An idle worker that still lives, or a new one.
    async fn healthy(&self) -> Result<Worker, Unavailable> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut worker) = idle else { return self.start().await };
            if worker.lives() {
                return Ok(worker);
            }
            tracing::warn!("an idle inspection worker had died");
            self.note(Reason::Crashed.name());
        }
    }

    async fn start(&self) -> Result<Worker, Unavailable> {
        Worker::start(&self.program, &self.setup, self.settings.timeout.max(START)).await
    }

    /// Gives a worker back after a mail of so many bytes. One that has served long enough serves on until its successor is
    /// warm.
    fn put_back(self: &Arc<Self>, worker: Worker, bytes: usize) {
        let Some(why) = self.worn(&worker, bytes) else { return self.keep(worker) };
        let mut successor = self.successor.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::take(&mut *successor) {
            Successor::Nobody => {
                *successor = Successor::Warming;
                tokio::spawn(Arc::clone(self).warm());
                self.keep(worker);
            }
            Successor::Warming => {
                *successor = Successor::Warming;
                self.keep(worker);
            }
            Successor::Warm(warm) => {
                tracing::info!(why, mails = worker.mails(), "an inspection worker is replaced");
                self.note("worn");
                warm.into_iter().for_each(|warm| self.keep(*warm));
                tokio::spawn(worker.retire());
            }
        }
    }

    /// Starts a successor.
    async fn warm(self: Arc<Self>) {
        let started = self.start().await;
        if let Err(why) = &started {
            tracing::error!(%why, "the successor of an inspection worker could not be started");
        }
        *self.successor.lock().unwrap_or_else(PoisonError::into_inner) = Successor::Warm(started.ok().map(Box::new));
    }

    fn note(&self, why: &'static str) {
        *self.replaced.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
    }

    fn keep(&self, worker: Worker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }

    /// Why a worker that has just read a mail of so many bytes has served long enough.
    fn worn(&self, worker: &Worker, bytes: usize) -> Option<&'static str> {
        if worker.mails() >= self.settings.mails {
            return Some("it has read many mails");
        }
        if bytes < LARGE && !worker.mails().is_multiple_of(NOW_AND_THEN) {
            return None;
        }
        let used = worker.used()?;
        if used.memory > self.settings.grown {
            Some("it has grown")
        } else if used.time > WORKED {
            Some("it has worked long")
        } else {
            None
        }
    }
}
