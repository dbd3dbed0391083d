//! The command line: one file per command.
//!
//! In: arguments. Out: text on standard output, one line on standard error for a failure, an exit code
//! ([`Failure`]). Deliberately absent: logic; a command asks the rooms and prints what they say.

mod backup;
pub mod config;
pub mod demo;
mod doctor;
mod drill;
mod edm;
mod explain;
mod findings;
mod fingerprint;
mod held;
mod history;
mod init;
mod journal;
mod keys;
mod notice;
mod operator;
mod outbox;
mod progress;
mod replay;
pub mod rules;
mod scan;
mod serve;
mod service;
mod show;
mod store;
mod trace;
mod user;

use std::{
    future::Future,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};

use crate::{config as configuration, inspect::sandbox};

/// Sekisho: reads every outgoing mail, holds what would leak, releases what a second person approves.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the relay, its workers, the outbox and the console
    Serve(ConfigFile),
    /// Write a configuration, a store and a first administrator, in a few questions
    Init(init::Options),
    /// Look at everything that a server needs, and say what is wrong; exit 1 if something is
    Doctor(doctor::Options),
    /// Send marked mails through the running server, and show that nothing is left uninspected; exit 1 if something failed
    Drill(drill::Options),
    /// Show the whole story on this machine, with a mailbox of its own
    Demo(demo::Options),
    /// Find personal data in files, folders or mails; exit 0 nothing found, 1 found, 2 error
    Scan(scan::Options),
    /// Tell the whole decision for one mail, sending nothing
    Explain(explain::Options),
    /// Check, test or list the rules, or try others on past mails
    Rules(rules::Options),
    /// Find the rows of your own tables without keeping them
    Edm(edm::Options),
    /// Register documents that must not leave, and find them without keeping their text
    Fingerprint(fingerprint::Options),
    /// List, show and decide held mail
    Held(held::Options),
    /// List, retry or drop mail that waits to go out
    Outbox(outbox::Options),
    /// Show, import, export or forget to whom we wrote before
    History(history::Options),
    /// Forget a person: what is counted of an address; the same as `history forget`
    Forget(history::Forgetting),
    /// Copy everything that is kept, while the server runs
    Backup(backup::Options),
    /// Make a store of such a copy, in an empty data_dir
    Restore(backup::Restoring),
    /// Move the store to a PostgreSQL server, which several nodes can share
    Store(store::Options),
    /// Change the key with which held mails are sealed
    Keys(keys::Options),
    /// Search or verify the journal of what left
    Journal(journal::Options),
    /// Tell a mail's whole story: what the journal says of it, and what of it still waits to go out
    Trace(trace::Options),
    /// List all kinds of notices, or show how they look
    Notice(notice::Options),
    /// Manage the local accounts of the console
    User(user::Options),
    /// Check a configuration file
    Config(config::Options),
    /// One inspection worker; started by the server, never by hand
    #[command(name = sandbox::WORKER_COMMAND, hide = true)]
    Worker,
    /// One picture, read by tesseract; started by the server, never by hand
    #[command(name = sandbox::ocr::OCR_COMMAND, hide = true)]
    Picture(sandbox::ocr::Options),
    /// What a worker may not do, tried; for the tests
    #[command(name = sandbox::attempt::ATTEMPT_COMMAND, hide = true)]
    Attempt(sandbox::attempt::Attempt),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct ConfigFile {
    /// The configuration file
    #[arg(long = "config", value_name = "FILE", env = "SEKISHO_CONFIG", default_value = "/etc/sekisho/sekisho.toml")]
    path: PathBuf,
}

impl ConfigFile {
    /// Loads it the way the server does.
    fn load(&self) -> Result<configuration::Loaded, Failure> {
        Ok(configuration::load_all(&self.path)?)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments or the input: exit 2.
    #[error("{0}")]
    Input(String),
    /// The configuration: exit 78 (`EX_CONFIG`).
    #[error(transparent)]
    Configuration(#[from] configuration::ConfigErrors),
    /// Anything else: exit 70 (`EX_SOFTWARE`).
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Configuration(_) => 78,
            Self::Internal(_) => 70,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl Cli {
    /// Parses the arguments; or prints the help that was asked for, or one line that says what is wrong, and gives the
    /// exit code for that.
    pub fn from_arguments() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let said = error.to_string();
            let what: Vec<&str> = said.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim).collect();
            let what = what.join(" ");
            let what = what.trim().strip_prefix("error: ").unwrap_or(what.trim());
            let _ = writeln!(io::stderr(), "sekisho: {what}; `sekisho help` shows how");
            ExitCode::from(2)
        })
    }

    /// Runs the command and gives the exit code.
    pub fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Worker => return sandbox::worker::main(),
            Command::Picture(options) => return sandbox::ocr::main(&options),
            Command::Attempt(attempt) => return sandbox::attempt::main(&attempt),
            Command::Serve(file) => on_runtime(serve::run(file)),
            Command::Demo(options) => on_runtime(demo::run(options)),
            Command::Scan(options) => on_runtime(scan::run(options)),
            Command::Explain(options) => on_runtime(explain::run(options)),
            Command::Fingerprint(options) => on_runtime(fingerprint::run(options)),
            Command::Held(options) => on_runtime(held::run(options)),
            Command::Outbox(options) => on_runtime(outbox::run(options)),
            Command::History(options) => on_runtime(history::run(options)),
            Command::Forget(forgetting) => on_runtime(history::forget(forgetting)),
            Command::Init(options) => on_runtime(init::run(options)),
            Command::Doctor(options) => on_runtime(doctor::run(options)),
            Command::Drill(options) => on_runtime(drill::run(options)),
            Command::Backup(options) => on_runtime(backup::back_up(options)),
            Command::Restore(options) => on_runtime(backup::restore(options)),
            Command::Keys(options) => on_runtime(keys::run(options)),
            Command::Store(options) => on_runtime(store::run(options)),
            Command::Journal(options) => on_runtime(journal::run(options)),
            Command::Trace(options) => on_runtime(trace::run(options)),
            Command::User(options) => on_runtime(user::run(options)),
            Command::Rules(options) => on_runtime(rules::run(options)),
            Command::Edm(options) => edm::run(&options),
            Command::Notice(options) => notice::run(options),
            Command::Config(options) => config::run(&options),
        };
        result.unwrap_or_else(|failure| {
            if !is_closed_pipe(&failure) {
                let _ = writeln!(io::stderr(), "sekisho: {failure}");
            }
            ExitCode::from(failure.code())
        })
    }
}

/// How long threads may take that still wait for the system when a command is done.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

fn on_runtime(command: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Boxed: a whole server's future is too large for this thread's stack.
    let outcome = runtime.block_on(Box::pin(command));
    // What still asks a dead name server holds nobody up.
    runtime.shutdown_timeout(LEFT_BEHIND);
    outcome
}

/// Whether the reader of our output went away (`sekisho held list | head`): nothing to complain about.
fn is_closed_pipe(failure: &Failure) -> bool {
    let Failure::Internal(error) = failure else { return false };
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
