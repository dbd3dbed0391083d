//! Worker processes that run the inspection with no files, no network, bounded memory and time.
//!
//! Third-party parsers of hostile files panic, overflow the stack, run for minutes and allocate without bound; a
//! thread cannot contain that, a process can. In: a mail's bytes and its [`Job`]. Out: an [`Inspection`], always:
//! a worker that dies or overruns its time is killed and replaced, the part that it was at becomes
//! `uninspected: crashed | limit | timeout`, and the rest of the mail is read by another.
//! The same binary runs as worker under a hidden command ([`worker::main`]); rules travel to it over the pipe, so
//! that it needs no file of its own. Deliberately absent: a fallback that inspects in the parent.

pub mod attempt;
mod exact;
mod fault;
mod identity;
mod lockdown;
pub mod ocr;
mod pool;
mod process;
mod progress;
mod queue;
#[cfg(debug_assertions)]
mod rehearsal;
mod wire;
pub mod worker;

use std::{path::PathBuf, time::Duration};

pub use exact::Folder;
pub use identity::Identity;
pub use lockdown::Protection;
pub use pool::{Hearing, Unavailable, Workers};

use super::Limits;

/// The hidden command under which the binary becomes a worker.
pub const WORKER_COMMAND: &str = "inspection-worker";

/// How inspection runs; from `[inspection]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many workers; 0 is one per core.
    pub workers: usize,
    /// How long one mail may take.
    pub timeout: Duration,
    /// How long the work on one part of it may take, parts inside of that not counted.
    pub part_timeout: Duration,
    /// How many bytes of memory one worker may use.
    pub memory: u64,
    /// How many mails a worker reads before another takes its place.
    pub mails: u32,
    /// A worker that still holds so many bytes of memory after a mail is replaced as well.
    pub grown: u64,
    /// Who workers become where Sekisho runs as root.
    pub user: Identity,
    /// How much of one mail is read.
    pub limits: Limits,
    /// Whether and how pictures are read.
    pub ocr: Option<ocr::Settings>,
    /// The organisation's rules, among which the files of exact data and of registered documents are.
    pub shelf: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 0,
            timeout: Duration::from_secs(60),
            part_timeout: Duration::from_secs(4),
            memory: 512 << 20,
            mails: 10_000,
            grown: 192 << 20,
            user: Identity::default(),
            limits: Limits::default(),
            ocr: None,
            shelf: None,
        }
    }
}

impl Settings {
    fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            count => count,
        }
    }
}

/// The program to run as a worker: this one.
pub fn this_program() -> std::io::Result<PathBuf> {
    // /proc/self/exe would follow a replaced binary during an upgrade and mix two versions of the wire.
    std::env::current_exe()
}
