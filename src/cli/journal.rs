//! `sekisho journal`: what left, to whom, about how many people; and whether the record of it is whole.
//!
//! In: a text to look for. Out: records, newest first; or the verdict on the hash chain. Deliberately absent: the
//! incident report (a later room), and any way to change a record.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{ConfigFile, Failure};
use crate::{journal::Journal, store::Store};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The newest records that contain a text: an address, a domain, an id, a rule
    Search {
        #[command(flatten)]
        config: ConfigFile,
        /// One JSON object per record (the default form too: a record is JSON)
        #[arg(long)]
        json: bool,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Nothing before this moment (RFC 3339)
        #[arg(long, value_name = "TIME", default_value = "1970-01-01T00:00:00Z")]
        since: Timestamp,
        /// Nothing from this moment on (RFC 3339)
        #[arg(long, value_name = "TIME", default_value = "9999-01-01T00:00:00Z")]
        until: Timestamp,
        /// What to look for; nothing: all
        #[arg(default_value = "")]
        text: String,
    },
    /// Check the hash chain: exit 1 if a record was changed, removed or inserted
    Verify {
        #[command(flatten)]
        config: ConfigFile,
    },
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::Search { config, json: _, limit, since, until, text } => {
            let journal = open(&config).await?;
            let records = journal.search(&text, since, until, limit).await.context("the journal could not be read")?;
            let mut out = io::stdout().lock();
            for record in records {
                writeln!(out, "{}", serde_json::to_string(&record).context("JSON")?)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Verify { config } => {
            let verified = open(&config).await?.verify().await.context("the journal could not be read")?;
            if let Some(broken) = verified.broken {
                writeln!(io::stderr(), "sekisho: the journal is broken at record {}: {}", broken.seq, broken.why)?;
                return Ok(ExitCode::from(1));
            }
            writeln!(io::stdout(), "{} records, whole; head {}", verified.records, verified.head)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn open(config: &ConfigFile) -> Result<Journal, Failure> {
    let loaded = config.load()?;
    let store = Store::open(&loaded.config.data_dir).await.context("the store could not be opened")?;
    Ok(Journal::start(store))
}
