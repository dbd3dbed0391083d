//! The parent's side: a pool of workers, each given one mail at a time under a deadline.
//!
//! In: bytes and a [`Job`]. Out: an [`Inspection`], or [`Unavailable`] when no worker could be had, which the
//! caller answers with 4xx. Callers wait their turn here, as many as [`queue`](super::queue) has places for; the others
//! wait in the mail server. Deliberately absent: retries.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::BufReader,
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    Settings, WORKER_COMMAND,
    queue::Queue,
    wire::{self, Answer, Readiness, Setup},
};
use crate::inspect::{Heard, Inspection, Job, Reason, RuleSource};

/// The address space of one worker, in bytes. The largest mail (50 MiB) unpacked within [`Limits`](super::Limits)
/// stays below half of it.
const MEMORY: u64 = 2 << 30;

/// How many mails may wait for each worker, and for all of them at least: short mails take a millisecond, so that even
/// a long queue is soon gone.
const WAITING_PER_WORKER: usize = 64;
const WAITING: usize = 256;

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

/// The pool. Dropping it kills its workers.
#[derive(Debug)]
pub struct Workers {
    program: PathBuf,
    settings: Settings,
    rules: Vec<RuleSource>,
    idle: Mutex<Vec<Worker>>,
    turns: Semaphore,
    queue: Queue,
}

#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Workers {
    /// Starts all workers, so that a rule that does not load is known before the first mail.
    pub async fn start(program: PathBuf, settings: Settings, rules: Vec<RuleSource>) -> Result<Self, Unavailable> {
        let count = settings.worker_count();
        let (turns, queue) = (Semaphore::new(count), Queue::new(WAITING.max(WAITING_PER_WORKER * count)));
        let pool = Self { program, settings, rules, idle: Mutex::default(), turns, queue };
        for _ in 0..count {
            let worker = pool.spawn().await?;
            pool.put_back(worker);
        }
        Ok(pool)
    }

    /// Inspects one mail or file within the deadline. What a worker could not finish is in `uninspected`.
    pub async fn inspect(&self, bytes: &[u8], job: &Job) -> Result<Inspection, Unavailable> {
        Ok(self.hear(bytes, job).await?.0)
    }

    /// Inspects one mail, and says what is to be remembered of it.
    pub async fn hear(&self, bytes: &[u8], job: &Job) -> Result<(Inspection, Heard), Unavailable> {
        let _turn = self.turn().await?;
        let mut worker = self.healthy().await?;
        let reason = match timeout(self.settings.timeout, worker.inspect(bytes, job)).await {
            Ok(Ok(Answer { inspection, heard })) => {
                self.put_back(worker);
                return Ok((inspection, heard));
            }
            Ok(Err(_)) => Reason::Crashed,
            Err(_) => Reason::Timeout,
        };
        let status = worker.end().await;
        tracing::warn!(?reason, status, bytes = bytes.len(), "an inspection worker was lost and will be replaced");
        Ok((Inspection::failed("mail", reason), Heard::default()))
    }

    /// Whether so many mails wait for a worker that no other may.
    pub fn are_crowded(&self) -> bool {
        self.queue.is_full()
    }

    /// How long the mail that is next has waited for a worker.
    pub fn longest_wait(&self) -> Duration {
        self.queue.longest_wait()
    }

    /// The right to one worker.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Unavailable> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let _place = self.queue.join().ok_or(Unavailable::Busy)?;
        match timeout(self.settings.timeout, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Unavailable::Busy),
        }
    }

    /// An idle worker that still lives, or a new one.
    async fn healthy(&self) -> Result<Worker, Unavailable> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut worker) = idle else { return self.spawn().await };
            if matches!(worker.child.try_wait(), Ok(None)) {
                return Ok(worker);
            }
            tracing::warn!("an idle inspection worker had died");
        }
    }

    fn put_back(&self, worker: Worker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }

    async fn spawn(&self) -> Result<Worker, Unavailable> {
        let mut child = Command::new(&self.program)
            .arg(WORKER_COMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Unavailable::Refused("its pipes are missing".to_owned()));
        };
        let mut worker = Worker { child, input, output: BufReader::new(output) };
        let setup = Setup { rules: self.rules.clone(), limits: self.settings.limits.clone(), memory: MEMORY };
        wire::send(&mut worker.input, &setup, b"").await?;
        match timeout(self.settings.timeout, wire::receive(&mut worker.output)).await {
            Ok(Ok(Readiness::Ready)) => Ok(worker),
            Ok(Ok(Readiness::Failed(why))) => Err(Unavailable::Refused(why)),
            Ok(Err(error)) => Err(Unavailable::Start(error)),
            Err(_) => Err(Unavailable::Refused("it did not become ready in time".to_owned())),
        }
    }
}

impl Worker {
    async fn inspect(&mut self, bytes: &[u8], job: &Job) -> std::io::Result<Answer> {
        wire::send(&mut self.input, job, bytes).await?;
        wire::receive(&mut self.output).await
    }

    /// Kills it, if it still lives, and tells how it ended.
    async fn end(mut self) -> String {
        let _ = self.child.start_kill();
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}
