//! `sekisho held`: the hold, from a shell.
//!
//! In: ids (or their beginnings) and who acts. Out: lists, details, decisions. It opens the same store as a running
//! server, which notices the change within a second. Who may decide is the hold's business, not this command's.

mod list;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::{ConfigFile, Failure, findings, operator::acted_as, show};
use crate::{
    app,
    directory::Asked,
    hold::{Decided, HeldDetail, Hold, HoldError, Stage, Standing},
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
    List(list::Options),
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
        Action::List(options) => list::run(options).await.map(|()| ExitCode::SUCCESS),
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

async fn show_all(common: &Common, ids: &[String]) -> Result<ExitCode, Failure> {
    let loaded = common.config.load()?;
    let (language, zone) = (loaded.config.language, loaded.config.timezone.clone());
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
        writeln!(out, "  since:   {}", show::second(summary.created_at, &zone))?;
        writeln!(out, "  until:   {}", show::second(summary.expires_at, &zone))?;
        if !detail.reason.is_empty() {
            writeln!(out, "  reason:  {} (its sender's)", printable(&detail.reason))?;
        }
        for reason in &detail.reasons {
            writeln!(out, "  because: {} — {} / {}", reason.rule, reason.title.ja, reason.title.en)?;
        }
        route(&mut out, &detail, &zone)?;
        findings::inspection(&mut out, "mail".as_ref(), &detail.inspection, language)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Who was asked on each level, who said what, and what is still needed.
fn route(out: &mut impl Write, detail: &HeldDetail, zone: &TimeZone) -> io::Result<()> {
    let levels = detail.levels.len();
    for stage in &detail.levels {
        let Stage { level, standing, needed, given, .. } = stage;
        let still = match stage.missing() {
            0 => String::new(),
            missing => format!("; still needed: {missing}"),
        };
        let others = if detail.escalated && *standing == Standing::Open { "; others were asked as well" } else { "" };
        writeln!(
            out,
            "  level {level} of {levels} ({}): {given} of {needed} approved{still}{others}",
            standing.name()
        )?;
        if !stage.approvers.is_empty() {
            let names: Vec<String> = stage.approvers.iter().cloned().map(String::from).collect();
            writeln!(out, "    by rule: {}", names.join(", "))?;
        }
        for Asked { person, instead_of, .. } in &stage.asked {
            let place = instead_of.as_ref().map(|away| format!(", in the place of {away}")).unwrap_or_default();
            writeln!(out, "    asked:   {person}{place}")?;
        }
        for one in &stage.said {
            let comment = if one.comment.is_empty() { String::new() } else { format!(": {}", printable(&one.comment)) };
            writeln!(
                out,
                "    said:    {} by {} at {} ({}){comment}",
                one.verdict,
                one.person,
                show::second(one.at, zone),
                one.via
            )?;
        }
    }
    Ok(())
}

async fn decide(decision: Decision, deed: Deed) -> Result<ExitCode, Failure> {
    let Decision { common, ids, person, comment } = decision;
    acted_as(&common.config, &person).await?;
    let hold = open(&common).await?;
    for id in &ids {
        let now = hold.now();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::fixture::{self, OUTSIDE, SECURITY, address, arrival, group, hold_in, noon, settings},
        policy::{Action as Decision, Duties, Level},
    };

    #[tokio::test]
    async fn show_tells_each_level_who_said_what_and_what_is_still_needed() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let mut group = group(Decision::RequireApproval, &[OUTSIDE]);
        let then = vec![Level { approvers: vec!["security".to_owned().try_into().unwrap()], approvals: 1 }];
        group.matched[0].duties = Duties { approvals: Some(2), then, ..Duties::default() };
        let id = hold.take(arrival(vec![group])).await.unwrap().0;
        hold.approve(&id, &address(fixture::BOSS), Via::Cli, "fine\u{1b}[31m", noon()).await.unwrap();
        let said = |detail: &HeldDetail| {
            let mut out = Vec::new();
            route(&mut out, detail, &TimeZone::get("Asia/Tokyo").unwrap()).unwrap();
            String::from_utf8(out).unwrap()
        };
        let detail = hold.show(&id).await.unwrap();
        let expected = "  level 1 of 2 (open): 1 of 2 approved; still needed: 1\n    asked:   boss@example.co.jp\n    \
                        asked:   vice@example.co.jp\n    said:    approve by boss@example.co.jp at 2026-11-02 21:00:00 \
                        (cli): fine\u{fffd}[31m\n  level 2 of 2 (later): 0 of 1 approved\n    by rule: security\n";
        assert_eq!(said(&detail), expected);
        hold.approve(&id, &address(fixture::VICE), Via::Cli, "", noon()).await.unwrap();
        hold.reject(&id, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        let said = said(&hold.show(&id).await.unwrap());
        assert!(
            said.contains("level 1 of 2 (passed): 2 of 2") && said.contains("level 2 of 2 (ended): 0 of 1"),
            "{said}"
        );
        assert!(said.contains("said:    reject by security@example.co.jp"), "{said}");
    }
}
