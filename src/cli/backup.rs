//! `sekisho backup` and `sekisho restore`: a whole copy while the server runs, and a server from it on another machine.
//!
//! In: the configuration, a folder. Out: the copy, or a store that has been opened, brought to this version's schema and
//! verified. Deliberately absent: the files that the configuration names; they are the administrator's, and so is where
//! copies are kept.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;

use super::{ConfigFile, Failure, progress, show};
use crate::{
    config::Config,
    journal::Journal,
    store::{Store, StoreError, check_copy, restore_copy},
};

/// `sekisho backup`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder to make; it must not be there yet
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Leave the key out, because it is kept elsewhere; held mail cannot be opened without it
    #[arg(long)]
    without_key: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// `sekisho restore`.
#[derive(Debug, Args)]
pub(super) struct Restoring {
    /// The folder that `sekisho backup` made
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The key, if the copy was made without it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

/// Copies the store.
pub(super) async fn back_up(options: Options) -> Result<ExitCode, Failure> {
    let config = Config::load(&options.config.path)?;
    let data_dir = in_a_file(&config)?;
    if !config.store.is_made() {
        return Err(Failure::Input(format!("{}: there is no store to copy yet", data_dir.display())));
    }
    let store = Store::open(&config.store).await.context("the store cannot be opened")?;
    let bar = progress::bar(
        store.size().await.context("the store cannot be read")?,
        "{bar:30} {bytes}/{total_bytes}  {eta} left",
    );
    let watching = tokio::spawn(watch(bar.clone(), Store::copy_in(&options.folder)));
    let copied = store.back_up(&options.folder, !options.without_key).await;
    watching.abort();
    bar.finish_and_clear();
    let manifest = copied.context("nothing was copied")?;
    store.close().await;
    let mut out = io::stdout();
    let at = show::second(manifest.at, &config.timezone);
    writeln!(out, "{}: everything up to {at}", options.folder.display())?;
    if options.without_key {
        writeln!(out, "  without the key: keep {} elsewhere", data_dir.join("seal.key").display())?;
    } else {
        writeln!(out, "  with the key that opens held mail: keep it as you keep the mails themselves")?;
    }
    writeln!(out, "  mails that are destroyed later can still be opened from it: remove it when they are to be gone")?;
    Ok(ExitCode::SUCCESS)
}

/// The directory of a store whose database is in there; one on a server is copied with the server's own tools.
fn in_a_file(config: &Config) -> Result<&Path, Failure> {
    let Some(server) = config.store.server() else { return Ok(&config.data_dir) };
    let key = config.data_dir.join("seal.key");
    Err(Failure::Input(format!(
        "the store is at {server}: copy and restore it with pg_dump or PostgreSQL's own backups, and keep {} beside the \
         copies; docs/backup.md says how",
        key.display()
    )))
}

/// Makes a store of a copy, and proves it.
pub(super) async fn restore(options: Restoring) -> Result<ExitCode, Failure> {
    let config = Config::load(&options.config.path)?;
    let data_dir = in_a_file(&config)?;
    let key = options.key.as_deref();
    let input = |error: StoreError| Failure::Input(error.to_string());
    let manifest = check_copy(&options.folder, key, config.store.has_key_elsewhere()).map_err(input)?;
    restore_copy(&options.folder, key, data_dir).map_err(input)?;
    let store = Store::open(&config.store).await.map_err(|error| undone(data_dir, &error))?;
    let verified = Journal::start(store.clone()).verify().await.context("the journal cannot be read")?;
    let (held, outbox) = (store.held_queue().await, store.outbox_queue().await);
    let (held, outbox) = (held.context("held mail cannot be read")?, outbox.context("the outbox cannot be read")?);
    store.close().await;
    let mut out = io::stdout();
    let at = show::second(manifest.at, &config.timezone);
    writeln!(out, "{}: as of {at}, made by sekisho {}", data_dir.display(), manifest.version)?;
    writeln!(
        out,
        "  held mails that wait: {}; to go out: {}; journal records: {}",
        held.length, outbox.length, verified.records
    )?;
    if outbox.length > 0 {
        writeln!(
            out,
            "  what is to go out goes when the server starts; what went after the copy was made would go twice: \
                       look at `sekisho outbox list`, and `drop` those"
        )?;
    }
    let Some(broken) = &verified.broken else {
        writeln!(out, "  the journal is whole; the server can start")?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(out, "  the journal is not whole ({broken:?}); `sekisho journal verify` tells more")?;
    Ok(ExitCode::from(1))
}

/// What was put there and does not open is taken away again, so that the right key can be tried.
fn undone(data_dir: &Path, error: &StoreError) -> Failure {
    for name in ["sekisho.db", "sekisho.db-wal", "sekisho.db-shm", "seal.key"] {
        let _ = fs::remove_file(data_dir.join(name));
    }
    Failure::Input(format!("{error}; nothing was restored"))
}

/// SQLite does not tell how far it is, but the copy grows.
async fn watch(bar: ProgressBar, copy: PathBuf) {
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bar.set_position(fs::metadata(&copy).map_or(0, |copy| copy.len()));
    }
}
