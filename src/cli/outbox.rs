//! `sekisho outbox`: what waits to go out, from a shell.
//!
//! In: ids (or their beginnings) and who acts. Out: a list, mails made due, mails taken out. It opens the same store as
//! a running server, which notices the change within a second. Who may take a mail out is the hold's business.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    ConfigFile, Failure,
    held::{explained, printable},
    operator::acted_as,
};
use crate::{
    app,
    hold::Hold,
    journal::Via,
    mail::{Address, MailId},
    store::{Consignee, OutboxRow},
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List mail that waits to go out, what is due first
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Try mails again now instead of at their next attempt
    Retry {
        #[command(flatten)]
        common: Common,
        /// Ids or their unambiguous beginnings
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Take mails out: whoever does not have them yet never gets them, and their sender is told
    Drop {
        #[command(flatten)]
        common: Common,
        /// Ids or their unambiguous beginnings
        #[arg(required = true)]
        ids: Vec<String>,
        /// The mail address of the person who acts, one of the security team
        #[arg(long = "as", value_name = "ADDRESS")]
        person: Address,
        /// Why; the sender reads it
        #[arg(long, value_name = "TEXT")]
        comment: String,
    },
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object per mail
    #[arg(long)]
    json: bool,
}

/// One outgoing mail as scripts read it.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a MailId,
    kind: &'static str,
    held: Option<&'a MailId>,
    mail_from: Option<&'a Address>,
    rcpt_to: &'a [Consignee],
    attempts: u32,
    created_at: Timestamp,
    next_attempt_at: Timestamp,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::List { common } => list(&common).await,
        Action::Retry { common, ids } => {
            let hold = open(&common).await?;
            for id in &ids {
                let id = hold.retry(id, hold.now()).await.map_err(explained)?;
                say(&common, &id, "due")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Drop { common, ids, person, comment } => {
            let hold = open(&common).await?;
            acted_as(&common.config, &person).await?;
            for id in &ids {
                let dropped = hold.drop_outgoing(id, &person, Via::Cli, &comment, hold.now()).await;
                say(&common, &dropped.map_err(explained)?, "dropped")?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn open(common: &Common) -> Result<Hold, Failure> {
    Ok(app::hold(&common.config.load()?).await.context("the outbox could not be opened")?)
}

async fn list(common: &Common) -> Result<ExitCode, Failure> {
    let rows = open(common).await?.outgoing().await.map_err(explained)?;
    let (now, mut out) = (Timestamp::now(), io::stdout().lock());
    for row in &rows {
        if common.json {
            writeln!(out, "{}", serde_json::to_string(&line(row)).context("JSON")?)?;
            continue;
        }
        let from = row.sender.as_ref().map_or("<>", Address::as_str);
        let (age, next) = (span(row.created_at, now), span(now, row.next_attempt_at));
        let attempts = row.attempts;
        writeln!(out, "{}  {:<7}  {age} old, {attempts} attempts, next in {next}  {from}", row.id, row.kind.name())?;
        for to in &row.recipients {
            let said = to.reply.as_deref().map(|said| format!(": {}", printable(said))).unwrap_or_default();
            writeln!(out, "    {} {}{said}", to.fate.name(), to.address)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(row: &OutboxRow) -> Line<'_> {
    Line {
        id: &row.id,
        kind: row.kind.name(),
        held: row.held_id.as_ref(),
        mail_from: row.sender.as_ref(),
        rcpt_to: &row.recipients,
        attempts: row.attempts,
        created_at: row.created_at,
        next_attempt_at: row.next_attempt_at,
    }
}

fn say(common: &Common, id: &MailId, state: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if common.json {
        writeln!(out, "{}", serde_json::json!({ "id": id, "state": state }))
    } else {
        writeln!(out, "{id}: {state}")
    }
}

/// How long from one time to another, in its largest unit; nothing if it is over.
fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_largest_unit() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        for (seconds, told) in [(-5, "0s"), (59, "59s"), (3_599, "59m"), (172_799, "47h"), (432_000, "5d")] {
            assert_eq!(span(at(0), at(seconds)), told);
        }
    }
}
