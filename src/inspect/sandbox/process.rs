//! One worker, seen from its parent: started, given mails, watched, ended.
//!
//! In: a mail and how long it may take. Out: the worker's [`Answer`], or a [`Lost`] worker and the part of the mail that
//! it was at. Deliberately absent: what is done about a lost one (`pool`).

use std::{path::Path, process::Stdio, time::Duration};

use rustix::param::{clock_ticks_per_second, page_size};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use super::{
    Unavailable, WORKER_COMMAND,
    lockdown::Protection,
    wire::{self, Answer, Readiness, Request, Setup, Word},
};
use crate::{inspect::Reason, written};

/// What the Rust runtime says before it ends a process for which there is no more memory.
const OUT_OF_MEMORY: &str = "memory allocation of";

/// How many lines of a worker are logged, and how much of each: a worker that was taken over by a file may say anything.
const LINES: usize = 100;
const LINE: u64 = 500;

/// How many parts may be open inside each other; the limits of reading are far lower.
const DEEP: usize = 10_000;

/// How often a part that is over its time on the wall is looked at, while it may not have had its share of the machine.
const LOOK: Duration = Duration::from_millis(100);

/// A worker that is loaded and locked down.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Reads what it says on standard error; whether that was that its memory is used up.
    errors: JoinHandle<bool>,
    protection: Protection,
    mails: u32,
}

/// A worker that died or was given up.
#[derive(Debug)]
pub(super) struct Lost {
    /// Why it is to be counted as lost.
    pub(super) reason: Reason,
    /// What it was at.
    pub(super) part: Option<Open>,
}

/// A part that was begun and has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) part: u64,
    pub(super) place: String,
}

/// How long a mail, and a part of it, may take before its worker is killed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) mail: Instant,
    pub(super) part: Duration,
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    /// How long it has worked.
    pub(super) time: Duration,
    /// Bytes of memory it holds now.
    pub(super) memory: u64,
}

impl Worker {
    /// Starts a worker and waits until it is ready.
    pub(super) async fn start(program: &Path, setup: &Setup, patience: Duration) -> Result<Self, Unavailable> {
        let mut child = Command::new(program)
            .arg(WORKER_COMMAND)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(mut input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Unavailable::Refused("its pipes are missing".to_owned()));
        };
        let errors = tokio::spawn(listen(errors, child.id()));
        let mut output = BufReader::new(output);
        wire::send(&mut input, setup, b"").await?;
        match timeout(patience, wire::receive(&mut output, 0)).await {
            Ok(Ok((Readiness::Ready(protection), _))) => {
                Ok(Self { child, input, output, errors, protection, mails: 0 })
            }
            Ok(Ok((Readiness::Failed(why), _))) => Err(Unavailable::Refused(why)),
            Ok(Err(error)) => Err(Unavailable::Start(error)),
            Err(_) => Err(Unavailable::Refused("it did not become ready in time".to_owned())),
        }
    }

    /// How well it is locked in.
    pub(super) fn protection(&self) -> Protection {
        self.protection
    }

    /// How many mails it has read.
    pub(super) fn mails(&self) -> u32 {
        self.mails
    }

    /// Whether it has not ended.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets it read one mail. A worker that is lost is of no further use.
    pub(super) async fn inspect(
        &mut self,
        bytes: &[u8],
        request: &Request<'_>,
        patience: Patience,
    ) -> Result<(Answer, Vec<u8>), Lost> {
        self.mails = self.mails.saturating_add(1);
        let mut at = Position::default();
        match timeout_at(patience.mail, wire::send(&mut self.input, request, bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(at.lost(Reason::Crashed)),
            Err(_) => return Err(at.lost(Reason::Timeout)),
        }
        loop {
            match self.word(&at, request.pictures.bytes as u64, patience).await {
                Ok((Word::Begin { part, place, spent }, _)) => at.begin(Open { part, place }, spent)?,
                Ok((Word::End { part, spent }, _)) => at.end(part, spent),
                Ok((Word::Done(answer), pictures)) => return Ok((*answer, pictures)),
                Err(reason) => return Err(at.lost(reason)),
            }
        }
    }

    /// Its next word, or why there will be none.
    async fn word(&mut self, at: &Position, most: u64, patience: Patience) -> Result<(Word, Vec<u8>), Reason> {
        let child = self.child.id();
        let receiving = wire::receive::<Word>(&mut self.output, most);
        tokio::pin!(receiving);
        let mut until = at.heard + patience.part;
        loop {
            let is_named = !at.open.is_empty();
            let next = if is_named { until.min(patience.mail) } else { patience.mail };
            match timeout_at(next, &mut receiving).await {
                Ok(Ok(word)) => return Ok(word),
                Ok(Err(_)) => return Err(Reason::Crashed),
                Err(_) if Instant::now() >= patience.mail => return Err(Reason::Timeout),
                Err(_) => {
                    // What counts is the work, not the clock on the wall: the machine may be busy with other things.
                    let worked = child.and_then(used).map(|used| used.time.saturating_sub(at.spent));
                    match patience.part.checked_sub(worked.unwrap_or(Duration::MAX)) {
                        None | Some(Duration::ZERO) => return Err(Reason::Limit),
                        Some(left) => until = Instant::now() + left.max(LOOK),
                    }
                }
            }
        }
    }

    /// What it has used so far, if the system tells.
    pub(super) fn used(&self) -> Option<Used> {
        self.child.id().and_then(used)
    }

    /// Kills it, if it still lives, and tells how it ended, and whether it was for want of memory.
    pub(super) async fn end(mut self) -> (String, bool) {
        let _ = self.child.start_kill();
        let status = self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        let out_of_memory =
            timeout(Duration::from_secs(1), self.errors).await.is_ok_and(|heard| heard.unwrap_or(false));
        (status, out_of_memory)
    }

    /// Lets it go: nothing is left for it to read.
    pub(super) async fn retire(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        if timeout(Duration::from_secs(5), child.wait()).await.is_err() {
            let _ = child.start_kill();
        }
    }
}

/// What a worker that is reading a mail is at.
#[derive(Debug)]
struct Position {
    open: Vec<Open>,
    /// When it last said something about that, and how long it had worked then.
    heard: Instant,
    spent: Duration,
}

impl Default for Position {
    fn default() -> Self {
        Self { open: Vec::new(), heard: Instant::now(), spent: Duration::ZERO }
    }
}

impl Position {
    fn begin(&mut self, open: Open, spent: Duration) -> Result<(), Lost> {
        self.hear(spent);
        self.open.push(open);
        if self.open.len() > DEEP { Err(self.lost(Reason::Crashed)) } else { Ok(()) }
    }

    fn end(&mut self, part: u64, spent: Duration) {
        self.hear(spent);
        if let Some(at) = self.open.iter().rposition(|open| open.part == part) {
            self.open.truncate(at);
        }
    }

    fn hear(&mut self, spent: Duration) {
        self.heard = Instant::now();
        self.spent = spent;
    }

    fn lost(&self, reason: Reason) -> Lost {
        Lost { reason, part: self.open.last().cloned() }
    }
}

/// Logs what a worker says on standard error until it closes it; whether it ran out of memory.
async fn listen(errors: ChildStderr, worker: Option<u32>) -> bool {
    let mut errors = BufReader::new(errors);
    let mut out_of_memory = false;
    let mut line = Vec::new();
    let mut lines = 0;
    loop {
        line.clear();
        match (&mut errors).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return out_of_memory,
            Ok(_) => {}
        }
        let said = String::from_utf8_lossy(&line);
        out_of_memory |= said.starts_with(OUT_OF_MEMORY);
        lines += 1;
        if lines <= LINES {
            let said: String = written::one_line(&said).chars().filter(|c| !c.is_control()).collect();
            tracing::info!(worker, "an inspection worker says: {said}");
        }
    }
}

/// What `/proc` knows about a process.
fn used(process: u32) -> Option<Used> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).ok();
    let stat = read("stat")?;
    // pid (name) state ppid …: the name may hold anything, so fields are counted from its closing parenthesis, where the
    // state is the third.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = [14, 15].iter().filter_map(|field| fields.get(field - 3)?.parse::<u64>().ok()).sum();
    let pages: u64 = read("statm")?.split_whitespace().nth(1)?.parse().ok()?;
    let time = Duration::from_millis(ticks.saturating_mul(1_000) / clock_ticks_per_second().max(1));
    Some(Used { time, memory: pages.saturating_mul(page_size() as u64) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_used_is_known() {
        let before = used(std::process::id()).unwrap();
        assert!(before.memory > 1 << 20);
        let until = std::time::Instant::now() + Duration::from_millis(200);
        while std::time::Instant::now() < until {
            std::hint::black_box((0..1_000).sum::<u64>());
        }
        assert!(used(std::process::id()).unwrap().time > before.time);
        assert_eq!(used(u32::MAX), None);
    }

    #[test]
    fn the_innermost_open_part_is_to_blame() {
        let open = |part, place: &str| Open { part, place: place.to_owned() };
        let mut at = Position::default();
        assert!(at.lost(Reason::Crashed).part.is_none());
        at.begin(open(1, "a.zip"), Duration::ZERO).unwrap();
        at.begin(open(2, "a.zip › b.pdf"), Duration::ZERO).unwrap();
        assert_eq!(at.lost(Reason::Crashed).part, Some(open(2, "a.zip › b.pdf")));
        at.end(2, Duration::ZERO);
        assert_eq!(at.lost(Reason::Crashed).part, Some(open(1, "a.zip")));
        at.end(7, Duration::ZERO);
        at.end(1, Duration::ZERO);
        assert!(at.lost(Reason::Crashed).part.is_none());
    }
}
