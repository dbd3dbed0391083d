//! `sekisho journal report`: the draft of a leak's report to the regulator.
//!
//! In: ids of mails, and what the journal cannot know: since when the leak is known, whether somebody meant harm. Out:
//! Markdown or JSON on standard output, or a page to print in a file. A mail that never left is no leak: exit 1 if none of them
//! did. Deliberately absent: what the report says (`crate::journal::report`).

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::Zoned;

use super::open;
use crate::{
    cli::{ConfigFile, Failure, held::printable},
    config::Loaded,
    journal::{
        Moment,
        report::{self, Incident, Meant, Order, Report, Stage},
    },
    language::Language,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    config: ConfigFile,
    /// To whom: Japan's Personal Information Protection Commission, or a supervisory authority under the GDPR
    #[arg(long, value_enum, default_value_t = Form::Appi)]
    form: Form,
    /// The final report (確報); without it the preliminary one (速報)
    #[arg(long = "final")]
    is_final: bool,
    /// In which language; by default the organisation's
    #[arg(long, value_enum)]
    language: Option<Tongue>,
    /// Since when the leak is known: 2026-11-29, 2026-11-29T17:00, yesterday, …
    #[arg(long, value_name = "TIME", default_value = "today")]
    aware: Moment,
    /// It may have been done with a wrongful purpose: 60 days for the final report
    #[arg(long)]
    malicious: bool,
    /// Write a page to print into this new file instead
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// One JSON object
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// The mails that left: their ids, ids under which they were held, or Message-IDs; all of them are one incident
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Appi,
    Gdpr,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Tongue {
    Ja,
    En,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let loaded = options.config.load()?;
    let order = order(&options, &loaded)?;
    let journal = open(&loaded).await?;
    let meant = journal.incident(&options.ids).await.context("the journal could not be read")?;
    let incident = known(meant)?;
    for line in report::stayed(&incident, &order) {
        writeln!(io::stderr(), "sekisho: not part of the leak: {line}")?;
    }
    let Some(report) = report::draft(&incident, &order) else {
        writeln!(io::stderr(), "sekisho: nothing left the organisation, so there is no leak to report")?;
        return Ok(ExitCode::from(1));
    };
    not_before(&incident, &order)?;
    match &options.html {
        Some(path) => write_page(path, &report)?,
        None if options.json => writeln!(io::stdout(), "{}", serde_json::to_string(&report).context("JSON")?)?,
        None => io::stdout().write_all(report::markdown::markdown(&report).as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn order(options: &Options, loaded: &Loaded) -> Result<Order, Failure> {
    let config = &loaded.config;
    let now = Zoned::now().with_time_zone(config.timezone.clone());
    let order = Order {
        organization: config.organization.name.clone(),
        language: match options.language {
            None => config.language,
            Some(Tongue::Ja) => Language::Ja,
            Some(Tongue::En) => Language::En,
        },
        timezone: config.timezone.clone(),
        form: match options.form {
            Form::Appi => report::Form::Appi,
            Form::Gdpr => report::Form::Gdpr,
        },
        stage: if options.is_final { Stage::Final } else { Stage::Preliminary },
        aware: options.aware.since(&now).map_err(|error| Failure::Input(error.to_string()))?,
        to_the_hour: options.aware.has_time(),
        malicious: options.malicious,
        now: now.timestamp(),
        titles: loaded.policies.rules().map(|rule| (rule.id.to_owned(), rule.title.clone())).collect(),
    };
    if order.aware > order.now {
        return Err(Failure::Input("--aware is in the future; give the time when the leak became known".to_owned()));
    }
    Ok(order)
}

/// Every mail that was asked for, or which are not there.
fn known(meant: Meant) -> Result<Incident, Failure> {
    let Meant { unknown, ambiguous, incident } = meant;
    if !unknown.is_empty() {
        let ids = unknown.join(", ");
        return Err(Failure::Input(format!(
            "the journal has no mail {}; `sekisho journal search` finds the ids of mails",
            printable(&ids)
        )));
    }
    if !ambiguous.is_empty() {
        let ids = ambiguous.join(", ");
        return Err(Failure::Input(format!("more than one mail begins with {}; give more of the id", printable(&ids))));
    }
    Ok(incident)
}

/// Nobody knows of a leak before it happens.
fn not_before(incident: &Incident, order: &Order) -> Result<(), Failure> {
    let day = |at: jiff::Timestamp| at.to_zoned(order.timezone.clone()).date();
    match incident.first_left() {
        Some(first) if day(order.aware) < day(first) => {
            Err(Failure::Input(format!("--aware is before {}, when the first of these mails left", day(first))))
        }
        _ => Ok(()),
    }
}

/// A draft that somebody has filled in is not written over.
fn write_page(path: &Path, report: &Report) -> Result<(), Failure> {
    let page = report::page::page(report).context("the page could not be made")?;
    let unwritable =
        |error: io::Error| Failure::Input(format!("{} cannot be written: {error}; name a new file", path.display()));
    let mut file = File::create_new(path).map_err(unwritable)?;
    file.write_all(page.as_bytes()).map_err(unwritable)?;
    file.sync_all().map_err(unwritable)?;
    writeln!(io::stderr(), "sekisho: {} is written; {} to be filled in", path.display(), report.gaps())?;
    Ok(())
}
