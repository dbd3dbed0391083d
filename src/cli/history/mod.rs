//! `sekisho history`: to whom the organisation wrote before, as the checks of recipients know it.
//!
//! In: an address, or mails and logs of earlier days. Out: what is known, as lines or JSON; an import that makes day one
//! not blind; a person forgotten (個人情報保護法 Article 35, GDPR Article 17). A running server picks up each change within
//! seconds, and the journal says who made it. Deliberately absent: words of the mails that are imported; only who wrote to whom, when, in which thread, under
//! which display names and with which salutation is counted.

mod postfix;
mod sources;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{ConfigFile, Failure, operator::operator, progress, show};
use crate::{
    config::Loaded,
    inspect::Letter,
    journal::{HistoryAct, Journal, Via, What},
    notice::answer,
    pipeline::{Past, day},
    recipients::{Entry, folded, past_lesson},
    store::Store,
};

use self::sources::Sent;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// What is known of an address
    Show {
        #[command(flatten)]
        config: ConfigFile,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
        /// Whose
        address: String,
    },
    /// Everything that is counted, one JSON object per line
    Export {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Learn from mails that were sent before: mbox files, maildirs, folders of .eml files, Postfix logs
    Import {
        #[command(flatten)]
        config: ConfigFile,
        /// What to read
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Forget a person: every counter of an address
    Forget(Forgetting),
}

/// `sekisho forget`, which is `sekisho history forget`.
#[derive(Debug, Args)]
pub(super) struct Forgetting {
    #[command(flatten)]
    config: ConfigFile,
    /// Change nothing; say when this address was forgotten, as the journal knows
    #[arg(long)]
    check: bool,
    /// Whom
    address: String,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::Show { config, json, address } => show(&open(&config.load()?).await?, &address, json),
        Action::Export { config } => {
            let past = open(&config.load()?).await?;
            let mut out = io::BufWriter::new(io::stdout().lock());
            for entry in past.read().entries() {
                writeln!(out, "{}", serde_json::to_string(&entry).context("JSON")?)?;
            }
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Import { config, paths } => import(&config.load()?, &paths).await,
        Action::Forget(forgetting) => forget(forgetting).await,
    }
}

/// Forgets a person, or tells when that was done.
pub(super) async fn forget(Forgetting { config, check, address }: Forgetting) -> Result<ExitCode, Failure> {
    let loaded = config.load()?;
    let past = open(&loaded).await?;
    let name = folded(&address);
    if check {
        let store = Store::open(&loaded.config.store).await.context("the store could not be opened")?;
        let journal = Journal::start(store);
        let found = journal.search(&past.digest_of(&address), Timestamp::MIN, Timestamp::MAX, 1_000).await;
        let found = found.context("the journal could not be read")?;
        let mut out = io::stdout().lock();
        if found.is_empty() {
            writeln!(out, "the journal does not say that {name} was ever forgotten")?;
        }
        for record in found {
            let What::History(act) = record.what else { continue };
            let at = show::second(record.at, &loaded.config.timezone);
            writeln!(out, "{name}: {} counters forgotten at {at} by {}", act.count, act.by)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let dropped = past.forget(&address, &operator(), Via::Cli, Timestamp::now()).await;
    let dropped = dropped.context("the history could not be changed")?;
    writeln!(io::stdout(), "{dropped} counters of {name} forgotten")?;
    Ok(ExitCode::SUCCESS)
}

async fn open(loaded: &Loaded) -> Result<Past, Failure> {
    let store = Store::open(&loaded.config.store).await.context("the store could not be opened")?;
    Ok(Past::load(store, loaded.config.history).await.context("the history could not be read")?)
}

fn show(past: &Past, address: &str, json: bool) -> Result<ExitCode, Failure> {
    let (address, today) = (folded(address), day(Timestamp::now()));
    let mut entries: Vec<Entry> =
        past.read().entries().filter(|entry| entry.from == address || entry.to == address).collect();
    entries.sort_by(|a, b| (a.relation, &a.from, &a.to).cmp(&(b.relation, &b.from, &b.to)));
    let mut out = io::stdout().lock();
    if entries.is_empty() && !json {
        writeln!(out, "nothing is known of {address}")?;
    }
    for entry in entries {
        if json {
            writeln!(out, "{}", serde_json::to_string(&entry).context("JSON")?)?;
            continue;
        }
        let Entry { relation, from, to, weight, day } = entry;
        let from = if from.is_empty() { "the organisation" } else { &from };
        let ago = today.since(day);
        writeln!(out, "{:<12} {from} → {to}: about {:.1} mails, the last {ago} days ago", relation.name(), weight)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What an import did.
#[derive(Debug, Default)]
struct Imported {
    mails: u64,
    learned: u64,
}

async fn import(loaded: &Loaded, paths: &[PathBuf]) -> Result<ExitCode, Failure> {
    let past = open(loaded).await?;
    let files = sources::files(paths)?;
    journal(&past, "importing", files.len().try_into().unwrap_or(u64::MAX)).await?;
    let bar =
        progress::bar(files.iter().map(|file| file.bytes).sum(), "learning {bar:40} {bytes}/{total_bytes}, {eta} left");
    let mut done = Imported::default();
    for file in files {
        let mut learn = |sent: Sent, at: Timestamp| {
            done.mails += 1;
            let lesson = sent.lesson();
            let ours = loaded.config.organization.is_ours(&lesson.sender);
            if !ours || lesson.to.is_empty() || at > Timestamp::now() {
                return;
            }
            let lesson = match &sent {
                Sent::Logged(_) => lesson,
                Sent::Mail(message) => {
                    let letter = Letter::of_text(&answer::typed(message));
                    let organization = &loaded.config.organization;
                    past_lesson(message, &letter, organization, &loaded.partners, &past.read(), day(at))
                }
            };
            past.learn(&lesson, at);
            done.learned += 1;
        };
        sources::read(&file.path, &mut learn).map_err(|error| unreadable(&file.path, &error))?;
        bar.inc(file.bytes);
        past.settle().await.context("what was learned could not be kept")?;
    }
    bar.finish_and_clear();
    let Imported { mails, learned } = done;
    journal(&past, "imported", learned).await?;
    let counters = past.read().len();
    writeln!(io::stdout(), "{mails} mails read, {learned} of them sent by us and learned; {counters} counters in all")?;
    if learned == 0 {
        let domains = loaded.config.organization.domains.join(", ");
        return Err(Failure::Input(format!(
            "nothing was learned: no mail was sent by an address of {domains} (organization.domains); give the folder of \
             sent mail or the log of the mail server that sends"
        )));
    }
    Ok(ExitCode::SUCCESS)
}

/// An import takes many changes: the journal says when it began, and when it was done.
async fn journal(past: &Past, act: &str, count: u64) -> Result<(), Failure> {
    let act = HistoryAct { act: act.to_owned(), by: operator(), via: Via::Cli, person: None, count };
    Ok(past.journal(act, Timestamp::now()).await.context("the import could not be journalled")?)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Input(format!("{} cannot be read: {error}; check the path and its rights", path.display()))
}
