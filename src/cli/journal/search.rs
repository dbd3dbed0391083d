//! `sekisho journal search`: the records that fit, the newest first.
//!
//! In: what to look for. Out: a table, JSON (each line a record as it is chained), or CSV (RFC 4180). Each record is written
//! as it is found. Deliberately absent: the search itself (`crate::journal`).

use std::{
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use jiff::{Zoned, tz::TimeZone};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as WordError};

use super::open;
use crate::{
    cli::{ConfigFile, Failure},
    inspect::Category,
    journal::{Hit, Moment, MomentError, Query, Who, row},
    policy::Action,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    config: ConfigFile,
    /// Who sent, received or decided: an address, or a domain with all below it
    #[arg(long, value_name = "WHO")]
    person: Option<Who>,
    /// Who sent
    #[arg(long, value_name = "WHO")]
    from: Option<Who>,
    /// Who received
    #[arg(long, value_name = "WHO")]
    to: Option<Who>,
    /// Who approved, rejected, withdrew, looked or logged in
    #[arg(long, value_name = "WHO")]
    by: Option<Who>,
    /// A part of the name of an attached file
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// A detector that hit, as `jp.phone`; `jp` is all that begin so
    #[arg(long, value_name = "ID")]
    detector: Option<String>,
    /// special_care, financial, specific, identity, contact, credential or organizational
    #[arg(long, value_parser = word::<Category>)]
    category: Option<Category>,
    /// forward, delay, hold, require_approval or reject
    #[arg(long, value_parser = word::<Action>)]
    decision: Option<Action>,
    /// A rule that matched
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Everything about a mail: its id, or the beginning of it
    #[arg(long)]
    id: Option<String>,
    /// The mail's own Message-ID
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// About so many people at least
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    persons: u32,
    /// Nothing before: 2026-11-29, 2026-11-29T17:00, today, yesterday, or so long ago (12h, 30d, 2w)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Nothing after; a day counts to its end
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u64,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// One JSON object per record; what is said without a terminal, too
    #[arg(long)]
    json: bool,
    /// A line for people per record; what is said on a terminal
    #[arg(long, conflicts_with = "json")]
    table: bool,
    /// CSV with a header row
    #[arg(long, conflicts_with_all = ["json", "table"])]
    csv: bool,
    /// A byte order mark in front of the CSV, by which Excel knows its encoding
    #[arg(long, requires = "csv")]
    bom: bool,
    /// Look at every record, not only at those that the index names
    #[arg(long)]
    whole: bool,
    /// A text anywhere in the record; looks at every record if nothing else is asked
    text: Option<String>,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let loaded = options.config.load()?;
    let zone = loaded.config.timezone.clone();
    let query = query(&options, &Zoned::now().with_time_zone(zone.clone()))?;
    let journal = open(&loaded).await?;
    let limit = if options.all { u64::MAX } else { options.limit };
    let mut out = Output::new(&options, zone)?;
    let (mut written, mut more, mut failed) = (0, false, None);
    let found = journal.find(&query, |hit| {
        if written == limit {
            more = true;
            return ControlFlow::Break(());
        }
        written += 1;
        match out.write(&hit) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    found.await.context("the journal could not be read")?;
    if let Some(error) = failed {
        return Err(error);
    }
    out.finish()?;
    if more {
        let _ = writeln!(io::stderr(), "sekisho: there are more; --limit NUMBER or --all shows them");
    }
    Ok(ExitCode::SUCCESS)
}

fn query(options: &Options, now: &Zoned) -> Result<Query, Failure> {
    let beyond = |error: MomentError| Failure::Input(error.to_string());
    Ok(Query {
        text: options.text.clone().filter(|text| !text.is_empty()),
        person: options.person.clone(),
        from: options.from.clone(),
        to: options.to.clone(),
        by: options.by.clone(),
        file: options.file.clone(),
        detector: options.detector.clone(),
        category: options.category,
        decision: options.decision,
        rule: options.rule.clone(),
        id: options.id.clone().filter(|id| !id.is_empty()),
        message_id: options.message_id.clone(),
        persons: options.persons,
        since: options.since.as_ref().map(|since| since.since(now)).transpose().map_err(beyond)?,
        until: options.until.as_ref().map(|until| until.until(now)).transpose().map_err(beyond)?,
        whole: options.whole,
    })
}

/// A word of the shared vocabulary.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, WordError> {
    T::deserialize(text.into_deserializer())
}

enum Output {
    Table(io::BufWriter<io::Stdout>, TimeZone),
    Json(io::BufWriter<io::Stdout>),
    Csv(Box<csv::Writer<io::Stdout>>, TimeZone),
}

impl Output {
    fn new(options: &Options, zone: TimeZone) -> Result<Self, Failure> {
        if !options.csv {
            let out = io::BufWriter::new(io::stdout());
            // Scripts have read JSON here from the first release on.
            let for_people = options.table || (!options.json && io::stdout().is_terminal());
            return Ok(if for_people { Self::Table(out, zone) } else { Self::Json(out) });
        }
        let mut out = io::stdout();
        if options.bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        out.write_record(row::COLUMNS).map_err(written)?;
        Ok(Self::Csv(Box::new(out), zone))
    }

    fn write(&mut self, hit: &Hit) -> Result<(), Failure> {
        match self {
            Self::Table(out, zone) => Ok(writeln!(out, "{}", row::line(&hit.record, zone))?),
            Self::Json(out) => Ok(writeln!(out, "{}", hit.text)?),
            Self::Csv(out, zone) => out.write_record(row::cells(hit.seq, &hit.record, zone)).map_err(written),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Table(mut out, _) | Self::Json(mut out) => Ok(out.flush()?),
            Self::Csv(mut out, _) => Ok(out.flush()?),
        }
    }
}

/// A closed pipe stays one.
fn written(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Failure::Internal(anyhow::anyhow!("CSV: {other:?}")),
    }
}
