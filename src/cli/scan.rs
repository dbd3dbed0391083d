//! `sekisho scan`: finds personal data in files, folders and mails.
//!
//! In: paths; `-` is standard input. Out: one entry a file (a line of JSON with `--json`), a progress bar on a
//! terminal. What people read is in the language of their locale, and coloured on a terminal. Exit 0: nothing found and everything read or named; 1: something found; 2: a path could not be read.
//! Deliberately absent: rules of one's own (see `explain --config`), and inspection in this process: files are as
//! hostile as mail, so workers read them.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::task::JoinHandle;

use super::{Failure, findings, progress, show};
use crate::{
    inspect::{
        Inspection, Job, Kind, Passwords,
        sandbox::{self, Unavailable, Workers},
    },
    language::Language,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// One JSON object per file
    #[arg(long)]
    json: bool,
    /// Also list what was read, with the characters of each part
    #[arg(long)]
    ledger: bool,
    /// How long one file may take, in seconds
    #[arg(long, default_value_t = 60)]
    timeout: u64,
    /// Passwords to try on protected files, one a line
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
    /// Files, folders (walked), mails (.eml, .msg, mbox); - is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// One line of `scan --json`.
#[derive(Serialize)]
struct Entry<'a> {
    path: &'a Path,
    #[serde(flatten)]
    inspection: &'a Inspection,
}

/// Something to inspect: the name it is shown under, what it is, its bytes.
struct Item {
    name: PathBuf,
    kind: Kind,
    bytes: Vec<u8>,
}

type Pending = (PathBuf, JoinHandle<Result<Inspection, Unavailable>>);

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let timeout = Duration::from_secs(options.timeout.max(1));
    let settings = sandbox::Settings { timeout, ..sandbox::Settings::default() };
    let workers = Workers::start(sandbox::this_program()?, settings, Vec::new()).await.context("workers")?;
    show::lack(workers.protection());
    let mut scan = Scan {
        workers: Arc::new(workers),
        passwords: options.passwords.as_deref().map(passwords).transpose()?.unwrap_or_default(),
        json: options.json,
        ledger: options.ledger,
        language: show::language(),
        pending: VecDeque::new(),
        found: false,
    };
    let mut unread = 0_usize;
    let files = files_of(&options.paths, &mut unread);
    let bar = progress(files.len());
    for path in files {
        match items_of(&path) {
            Ok(items) => {
                for item in items {
                    scan.submit(item).await?;
                }
            }
            Err(error) => {
                unread += 1;
                bar.suspend(|| complain(&path, &error));
            }
        }
        bar.inc(1);
    }
    scan.drain(0).await?;
    bar.finish_and_clear();
    Ok(ExitCode::from(if unread > 0 { 2 } else { u8::from(scan.found) }))
}

/// The list in a file.
pub(super) fn passwords(path: &Path) -> Result<Passwords, Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| format!(" cannot be read: {error}; check the path and its rights"));
    let list = text.and_then(|text| Passwords::parse(&text).map_err(|message| format!(":{message}")));
    list.map_err(|message| Failure::Input(format!("{}{message}", path.display())))
}

struct Scan {
    workers: Arc<Workers>,
    passwords: Passwords,
    json: bool,
    ledger: bool,
    language: Language,
    pending: VecDeque<Pending>,
    found: bool,
}

impl Scan {
    /// Twice as many files as cores are under way, so that no worker waits for the disk; output keeps their order.
    async fn submit(&mut self, item: Item) -> Result<(), Failure> {
        let workers = Arc::clone(&self.workers);
        let Item { name, kind, bytes } = item;
        let passwords = self.passwords.iter().cloned().collect();
        let task = tokio::spawn(async move {
            let job = Job { passwords, ..Job::new(kind) };
            loop {
                match workers.inspect(&bytes, &job).await {
                    Err(Unavailable::Busy) => {}
                    done => return done,
                }
            }
        });
        self.pending.push_back((name, task));
        self.drain(2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)).await
    }

    async fn drain(&mut self, leave: usize) -> Result<(), Failure> {
        while self.pending.len() > leave {
            let Some((name, task)) = self.pending.pop_front() else { break };
            let inspection = task.await.context("an inspection task died")?.context("inspection")?;
            self.found |= !inspection.findings.is_empty();
            // Colours are taken out again unless a person sees them.
            let mut out = anstream::stdout().lock();
            if self.json {
                let line = serde_json::to_string(&Entry { path: &name, inspection: &inspection }).context("JSON")?;
                writeln!(out, "{line}")?;
            } else {
                findings::inspection(&mut out, &name, &inspection, self.language)?;
                if self.ledger {
                    findings::ledger(&mut out, &inspection, self.language)?;
                }
            }
        }
        Ok(())
    }
}

/// All files under `paths`, folders walked in name order; what cannot be listed is complained of and counted.
pub(super) fn files_of(paths: &[PathBuf], unread: &mut usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        if path == Path::new("-") || !path.is_dir() {
            files.push(path);
            continue;
        }
        match fs::read_dir(&path) {
            Ok(entries) => {
                // A link is not followed: it may lead round in a circle or out of what was asked for.
                let mut inside: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| !p.is_symlink()).collect();
                inside.sort_by(|a, b| b.cmp(a));
                waiting.extend(inside);
            }
            Err(error) => {
                *unread += 1;
                complain(&path, &error);
            }
        }
    }
    files
}

fn items_of(path: &Path) -> io::Result<Vec<Item>> {
    let (name, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        (PathBuf::from("standard input"), bytes)
    } else {
        (path.to_owned(), fs::read(path)?)
    };
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    if extension == "mbox" || bytes.starts_with(b"From ") {
        let mails = split_mbox(&bytes).into_iter().enumerate();
        return Ok(mails
            .map(|(n, bytes)| Item { name: name.join(format!("{}", n + 1)), kind: Kind::Mail, bytes })
            .collect());
    }
    let kind = if extension == "eml" {
        Kind::Mail
    } else {
        Kind::File(name.file_name().unwrap_or_default().to_string_lossy().into_owned())
    };
    Ok(vec![Item { name, kind, bytes }])
}

/// The mails of an mbox (RFC 4155): each starts with a `From ` line after an empty one; `>From ` is unquoted.
fn split_mbox(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut mails: Vec<Vec<u8>> = Vec::new();
    let mut after_empty = true;
    for line in bytes.split_inclusive(|c| *c == b'\n') {
        if after_empty && line.starts_with(b"From ") {
            mails.push(Vec::new());
        } else if let Some(mail) = mails.last_mut() {
            let quotes = line.iter().take_while(|c| **c == b'>').count();
            let quoted = quotes > 0 && line.get(quotes..).is_some_and(|rest| rest.starts_with(b"From "));
            mail.extend_from_slice(if quoted { &line[1..] } else { line });
        }
        after_empty = matches!(line, b"\n" | b"\r\n");
    }
    mails
}

pub(super) fn progress(files: usize) -> ProgressBar {
    if files < 2 {
        return ProgressBar::hidden();
    }
    progress::bar(files as u64, "{bar:40} {pos}/{len} files, {eta} left")
}

fn complain(path: &Path, error: &io::Error) {
    let _ =
        writeln!(io::stderr(), "sekisho: {} cannot be read: {error}; check the path and its rights", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbox_is_split_at_from_lines_after_empty_ones() {
        let mbox = b"From a Mon\nSubject: 1\n\ntext\nFrom here on\n>From quoted\n\nFrom b Tue\nSubject: 2\n\nx\n";
        let mails = split_mbox(mbox);
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0], b"Subject: 1\n\ntext\nFrom here on\nFrom quoted\n\n");
        assert_eq!(mails[1], b"Subject: 2\n\nx\n");
    }
}
