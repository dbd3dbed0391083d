//! `sekisho journal`: what left, to whom, about how many people; whether the record of it is whole; and what a leak must be
//! reported as.
//!
//! In: what to look for, a head that was kept, ids. Out: records, newest first; the verdict on the hash chain; a report.
//! Deliberately absent: any way to change a record.

mod report;
mod search;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{ConfigFile, Failure};
use crate::{
    config::Loaded,
    journal::{Journal, KeptHead, Verified},
    store::Store,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The newest records about a person, a domain, a file, a detector, …: a table, JSON or CSV
    Search(Box<search::Options>),
    /// Check the hash chain: exit 1 if a record was changed, removed, moved or put in
    Verify(Verify),
    /// Draft the report of a leak to the regulator, from what was recorded of one mail or several
    Report(Box<report::Options>),
}

#[derive(Debug, Args)]
struct Verify {
    #[command(flatten)]
    config: ConfigFile,
    /// A head as an earlier `journal verify` printed it, kept elsewhere: it must be in the journal
    #[arg(long, value_name = "NUMBER:HASH")]
    head: Option<KeptHead>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::Search(options) => search::run(*options).await,
        Action::Verify(options) => verify(&options).await,
        Action::Report(options) => report::run(*options).await,
    }
}

async fn verify(options: &Verify) -> Result<ExitCode, Failure> {
    let journal = open(&options.config.load()?).await?;
    let verified = journal.verify_with(options.head.as_ref()).await.context("the journal could not be read")?;
    let whole = verified.broken.is_none();
    if options.json {
        writeln!(io::stdout(), "{}", serde_json::to_string(&verified).context("JSON")?)?;
    } else {
        told(&verified)?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn told(verified: &Verified) -> io::Result<()> {
    let Verified { records, removed, last, head, kept, broken, others, more } = verified;
    let Some(first) = broken else {
        let mut out = io::stdout();
        let gone = match removed {
            0 => String::new(),
            removed => format!("; {removed} older ones were removed when their time was over"),
        };
        writeln!(out, "{records} records, whole{gone}; head {last}:{head}")?;
        return match kept {
            Some(kept) => {
                writeln!(out, "the head that you kept is record {kept}: up to there nothing has changed since")
            }
            None => Ok(()),
        };
    };
    let mut out = io::stderr();
    writeln!(out, "sekisho: the journal is broken at record {}: {first}", first.seq)?;
    for broken in others {
        writeln!(out, "sekisho: {broken}")?;
    }
    if *more > 0 {
        writeln!(out, "sekisho: and {more} more")?;
    }
    Ok(())
}

async fn open(loaded: &Loaded) -> Result<Journal, Failure> {
    let store = Store::open(&loaded.config.store).await.context("the store could not be opened")?;
    Ok(Journal::start(store))
}
