//! `sekisho trace ID`: the whole story of one mail, from the journal, and what of it still waits to go out.
//!
//! In: an id as replies, notices, logs and pages name it, or its beginning. Out: lines in the order of time, as the journal
//! says them, or the records themselves as JSON; and the id of its trace, if a collector is told it. Deliberately absent: content; the journal has none.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;

use super::{ConfigFile, Failure, held::printable};
use crate::{
    journal::{Hit, Journal, Query, row},
    mail::MailId,
    store::{Fate, OutboxRow, Store},
};

/// More than any mail has; a beginning that fits so many records is too short.
const MOST: usize = 10_000;

/// `sekisho trace`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The id of a mail, or its beginning
    id: String,
    #[command(flatten)]
    config: ConfigFile,
    /// One record of the journal a line, as it is chained
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let loaded = options.config.load()?;
    let store = Store::open(&loaded.config.store).await.context("the store could not be opened")?;
    let query = Query { id: Some(options.id.trim().to_uppercase()), ..Query::default() };
    let mut found: Vec<Hit> = Vec::new();
    let journal = Journal::start(store.clone());
    let searched = journal.find(&query, |hit| {
        found.push(hit);
        if found.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    searched.await.context("the journal could not be read")?;
    let mut mails: Vec<MailId> = found.iter().map(|hit| hit.record.id.clone()).collect();
    mails.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    mails.dedup();
    match mails.as_slice() {
        [] => {
            Err(Failure::Input(format!("the journal knows no mail {}; `sekisho journal search` finds one", options.id)))
        }
        [id] => {
            found.reverse();
            if !options.json
                && let Some(trace) = loaded.config.traces.as_ref().and_then(|traces| traces.trace_of(&id.0))
            {
                writeln!(io::stdout(), "trace {trace}").map_err(anyhow::Error::from)?;
            }
            let waiting = store.outbox_about(id).await;
            tell(&options, &loaded.config.timezone, &found, &waiting.context("the outbox could not be read")?)?;
            Ok(ExitCode::SUCCESS)
        }
        [first, second, ..] => {
            let message = format!("{} begins several ids, {first} and {second} among them; say more of it", options.id);
            Err(Failure::Input(message))
        }
    }
}

fn tell(options: &Options, zone: &jiff::tz::TimeZone, found: &[Hit], waiting: &[OutboxRow]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for hit in found {
        if options.json {
            writeln!(out, "{}", hit.text)?;
        } else {
            writeln!(out, "{}", row::line(&hit.record, zone))?;
        }
    }
    for row in waiting.iter().filter(|_| !options.json) {
        let next = row.next_attempt_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
        writeln!(out, "{next}  {}  is tried next ({}, attempt {})", row.id, row.kind.name(), row.attempts + 1)?;
        for consignee in &row.recipients {
            let said = consignee.reply.as_deref().map(|said| format!(": {}", printable(said))).unwrap_or_default();
            let fate = if consignee.fate == Fate::Queued { "waits" } else { "is settled" };
            writeln!(out, "    {} {fate}{said}", consignee.address)?;
        }
    }
    Ok(())
}
