//! `sekisho store copy`: a store in a file becomes one on a PostgreSQL server.
//!
//! In: the two places. Out: every row at the new one, the journal verified there, and what to write into the configuration.
//! Deliberately absent: the way back; and copying while a server runs, which would leave out what it writes meanwhile.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{ConfigFile, Failure, progress};
use crate::{
    config::Config,
    journal::Journal,
    store::{Copied, Place, Store, StoreError},
};

/// `sekisho store`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy everything from the file in data_dir to a PostgreSQL database; if it is broken off, begin it again
    Copy(Copying),
}

#[derive(Debug, Args)]
struct Copying {
    /// Where it is now: sqlite:FOLDER, the folder with sekisho.db and seal.key; data_dir if it is left out
    #[arg(long, value_name = "sqlite:FOLDER")]
    from: Option<String>,
    /// Where it is to be: postgres://user@host/database, an empty database
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs it.
pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let Command::Copy(copying) = options.command;
    let (from, to) = places(&copying)?;
    let input = |error: StoreError| Failure::Input(error.to_string());
    if !from.is_made() {
        return Err(Failure::Input("there is no store to copy; --from says where it is".to_owned()));
    }
    let source = Store::open(&from).await.map_err(input)?;
    // A server that runs would write what is not copied any more.
    let _alone = source.claim_outbox().await.map_err(input)?;
    let target = Store::open(&to).await.map_err(input)?;
    let bar = progress::bar(
        source.rows().await.context("the store cannot be read")?,
        "{bar:30} {human_pos}/{human_len} rows  {eta} left",
    );
    let copied = source.copy_to(&target, |rows| bar.inc(rows)).await;
    bar.finish_and_clear();
    let copied =
        copied.map_err(|error| Failure::Input(format!("{error}; nothing is lost, and the copy can be begun again")))?;
    let whole = verified(source, target).await?;
    tell(&copying, copied, whole)
}

/// Where it is, and where it is to be: with the same directory, in which the key is.
fn places(copying: &Copying) -> Result<(Place, Place), Failure> {
    let folder = match copying.from.as_deref() {
        None => Config::load(&copying.config.path)?.data_dir,
        Some(from) => match from.strip_prefix("sqlite:") {
            Some(folder) => PathBuf::from(folder),
            None => return Err(Failure::Input(format!("{from}: write --from sqlite:FOLDER"))),
        },
    };
    let to = Place::on_server(&folder, &copying.to).map_err(|why| Failure::Input(format!("--to: {why}")))?;
    Ok((Place::from(&folder), to))
}

/// Whether the journal there is whole and ends as the one here does: how many records it has.
async fn verified(source: Store, target: Store) -> Result<u64, Failure> {
    let here = Journal::start(source).verify().await.context("the journal here cannot be read")?;
    let there = Journal::start(target).verify().await.context("the journal there cannot be read")?;
    if there.broken.is_some() || there.head != here.head || there.records != here.records {
        return Err(Failure::Input(format!(
            "the journal there is not the one here ({} records, {} here); drop that database and copy again",
            there.records, here.records
        )));
    }
    Ok(there.records)
}

fn tell(copying: &Copying, copied: Copied, records: u64) -> Result<ExitCode, Failure> {
    let mut out = io::stdout();
    let Copied { rows, before } = copied;
    writeln!(out, "rows there: {rows}, from an earlier try: {before}; the journal: {records} records, whole")?;
    writeln!(out, "  write into sekisho.toml, and start the server:")?;
    writeln!(out, "    [store]")?;
    writeln!(out, "    url = {:?}", copying.to)?;
    writeln!(out, "  seal.key stays where it is, and goes to every other node; keep sekisho.db until all is well")?;
    Ok(ExitCode::SUCCESS)
}
