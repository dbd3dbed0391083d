//! `sekisho held`: the hold, from a shell.
//!
//! In: ids (or their beginnings) and who acts. Out: lists, details, decisions. It opens the same store as a running
//! server, which notices the change within a second. Who may decide is the hold's business, not this command's.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::{ConfigFile, Failure, findings, show};
use crate::{
    app,
    hold::{Decided, Hold, HoldError},
    journal::Via,
    mail::Address,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List held mail, the newest first
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Show everything about held mails, except their bytes
    Show {
        #[command(flatten)]
        common: Common,
        /// Ids or their unambiguous beginnings
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Let held mails go out
    Approve(Decision),
    /// Keep held mails from going out
    Reject(Decision),
    /// Take held mails back, as their sender
    Withdraw(Decision),
    /// Tell those who decide why held mails should go, as their sender
    Reason(Decision),
    /// Have others asked as well about held mails, as their sender
    AskOthers(Decision),
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object per mail
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Decision {
    #[command(flatten)]
    common: Common,
    /// Ids or their unambiguous beginnings
    #[arg(required = true)]
    ids: Vec<String>,
    /// The mail address of the person who acts
    #[arg(long = "as", value_name = "ADDRESS")]
    person: Address,
    /// Why; the sender reads it
    #[arg(long, default_value = "", value_name = "TEXT")]
    comment: String,
}

#[derive(Clone, Copy)]
enum Deed {
    Approve,
    Reject,
    Withdraw,
    Reason,
    AskOthers,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::List { common } => list(&common).await,
        Action::Show { common, ids } => show_all(&common, &ids).await,
        Action::Approve(decision) => decide(decision, Deed::Approve).await,
        Action::Reject(decision) => decide(decision, Deed::Reject).await,
        Action::Withdraw(decision) => decide(decision, Deed::Withdraw).await,
        Action::Reason(decision) => decide(decision, Deed::Reason).await,
        Action::AskOthers(decision) => decide(decision, Deed::AskOthers).await,
    }
}

async fn open(common: &Common) -> Result<Hold, Failure> {
    Ok(app::hold(&common.config.load()?).await.context("the hold could not be opened")?)
}

async fn list(common: &Common) -> Result<ExitCode, Failure> {
    let held = open(common).await?.list(None).await.map_err(explained)?;
    let mut out = io::stdout().lock();
    for mail in held {
        if common.json {
            writeln!(out, "{}", serde_json::to_string(&mail).context("JSON")?)?;
        } else {
            let from = mail.mail_from.as_ref().map_or("<>", Address::as_str);
            let to = mail.rcpt_to.iter().map(Address::as_str).collect::<Vec<_>>().join(" ");
            let (state, decision) = (show::word(&mail.state), show::word(&mail.decision));
            writeln!(out, "{}  {state:<9}  {decision:<16}  {:>6} people  {from} → {to}", mail.id, mail.persons)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show_all(common: &Common, ids: &[String]) -> Result<ExitCode, Failure> {
    let loaded = common.config.load()?;
    let language = loaded.config.language;
    let hold = app::hold(&loaded).await.context("the hold could not be opened")?;
    for id in ids {
        let detail = hold.show(id).await.map_err(explained)?;
        let mut out = anstream::stdout().lock();
        if common.json {
            writeln!(out, "{}", serde_json::to_string(&detail).context("JSON")?)?;
            continue;
        }
        let summary = &detail.summary;
        writeln!(out, "{}: {}", summary.id, show::word(&summary.state))?;
        writeln!(out, "  subject: {}", printable(&summary.subject))?;
        writeln!(out, "  from:    {}", summary.mail_from.as_ref().map_or("<>", Address::as_str))?;
        for recipient in &detail.recipients {
            writeln!(out, "  to:      {}", recipient.address)?;
            show::recipient(&mut out, recipient, language)?;
        }
        writeln!(out, "  asked:   {}", detail.asked.iter().map(Address::as_str).collect::<Vec<_>>().join(", "))?;
        writeln!(out, "  until:   {:.0}", summary.expires_at)?;
        for reason in &detail.reasons {
            writeln!(out, "  because: {} — {} / {}", reason.rule, reason.title.ja, reason.title.en)?;
        }
        for approval in &summary.approvals {
            writeln!(out, "  decided: {}", serde_json::to_string(approval).context("JSON")?)?;
        }
        findings::inspection(&mut out, "mail".as_ref(), &detail.inspection, language)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn decide(decision: Decision, deed: Deed) -> Result<ExitCode, Failure> {
    let Decision { common, ids, person, comment } = decision;
    let hold = open(&common).await?;
    for id in &ids {
        let now = Timestamp::now();
        let decided = match deed {
            Deed::Approve => hold.approve(id, &person, Via::Cli, &comment, now).await,
            Deed::Reject => hold.reject(id, &person, Via::Cli, &comment, now).await,
            Deed::Withdraw => hold.withdraw(id, &person, Via::Cli, now).await,
            Deed::Reason => hold.give_reason(id, &person, &comment, Via::Cli, now).await,
            Deed::AskOthers => hold.ask_others(id, &person, Via::Cli, now).await,
        };
        let Decided { id, state } = decided.map_err(explained)?;
        let mut out = io::stdout().lock();
        if common.json {
            writeln!(out, "{}", serde_json::json!({ "id": id, "state": state }))?;
        } else {
            writeln!(out, "{id}: {}", show::word(&state))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A subject comes from outside; on a terminal its control characters must not act.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Whose fault it is: the store's and the journal's are ours, everything else the caller can mend.
pub(super) fn explained(error: HoldError) -> Failure {
    match error {
        HoldError::Store(_) | HoldError::Journal(_) | HoldError::Row(_) => Failure::Internal(error.into()),
        refusal => Failure::Input(refusal.to_string()),
    }
}
