//! `sekisho keys rotate`: a new key for the keys of held mails, while the server runs.
//!
//! In: the configuration. Out: what was done. Deliberately absent: the root key itself, in `seal.key` or from
//! `[store] key_command`; whoever changes that has a new store.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{ConfigFile, Failure, progress};
use crate::store::{Rotated, Store};

/// `sekisho keys`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new key, wrap the key of every mail that is kept with it, and delete the old ones; servers may run meanwhile
    Rotate(ConfigFile),
}

/// Runs it.
pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let Command::Rotate(config) = options.command;
    let loaded = config.load()?;
    if !loaded.config.store.is_made() {
        return Err(Failure::Input("there is no store yet, and so no key".to_owned()));
    }
    let store = Store::open(&loaded.config.store).await.context("the store could not be opened")?;
    let bar = progress::bar(
        store.wrapped_keys().await.context("the store cannot be read")?,
        "{bar:30} {human_pos} of {human_len} keys of mails",
    );
    let rotated = store.rotate_keys(Timestamp::now(), |keys| bar.inc(keys)).await;
    bar.finish_and_clear();
    let Rotated { number, rewrapped, deleted } =
        rotated.context("the keys are not all rotated; nothing is lost, and it can be done again")?;
    store.close().await;
    let mut out = io::stdout();
    writeln!(out, "mails are sealed with key {number} from now on")?;
    writeln!(out, "  keys of mails wrapped anew: {rewrapped}; older keys deleted: {deleted}")?;
    Ok(ExitCode::SUCCESS)
}
