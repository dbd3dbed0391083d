//! `sekisho explain`: the whole decision for one mail, sending nothing.
//!
//! In: a mail, an envelope (by default read from its headers), a configuration. Out: recipients with their issues,
//! findings, what was not inspected, matching rules, and the decision for each recipient. It is the server's own
//! judgement ([`Judgement::judge`](crate::pipeline::Judgement::judge)), not a second one.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::{
    ConfigFile, Failure,
    findings::{self, BAD, BOLD, DIM, GOOD},
    show,
};
use crate::{
    app,
    inspect::Inspection,
    language::Language,
    mail::{Address, BodyKind, Envelope, Message, header},
    notice::words,
    pipeline::Judged,
    policy::Action,
    recipients::{Direction, Issue},
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// The envelope sender; by default the header From
    #[arg(long, value_name = "ADDRESS")]
    mail_from: Option<Address>,
    /// An envelope recipient, may be repeated; by default the headers To, Cc and Bcc
    #[arg(long, value_name = "ADDRESS")]
    rcpt_to: Vec<Address>,
    /// The mail; - is standard input
    #[arg(value_name = "MAIL.eml")]
    mail: PathBuf,
}

/// The line of `explain --json`.
#[derive(Serialize)]
struct Explanation<'a> {
    decision: Action,
    rules: Vec<&'a str>,
    /// Rules that only report.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reported: Vec<&'a str>,
    /// Rules of which nobody can tell.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    undecided: BTreeSet<String>,
    recipients: Vec<Explained<'a>>,
    inspection: &'a Inspection,
}

#[derive(Serialize)]
struct Explained<'a> {
    address: &'a Address,
    direction: Direction,
    decision: Action,
    issues: &'a [Issue],
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let loaded = options.config.load()?;
    let language = loaded.config.language;
    let message = read(&options.mail)?;
    let envelope = envelope(&message, options.mail_from, options.rcpt_to)?;
    // Whoever explains a mail need not be the user that the server runs as, who alone may read its store.
    let past = app::past(&loaded).await.unwrap_or_else(|error| {
        let _ =
            writeln!(io::stderr(), "sekisho: told without the history of recipients, which cannot be read: {error:#}");
        None
    });
    let judgement = app::judgement(&loaded, None, past).await?;
    show::lack(judgement.workers.protection());
    let judged = judgement.judge(&envelope, &message).await.context("the mail could not be inspected")?;
    let Judged { inspection, recipients, verdict, .. } = &judged;
    let (matched, reported, undecided) = (verdict.matched(), verdict.reported(), verdict.undecided());
    let decision_for = |address| verdict.action_for(address).unwrap_or_else(|| verdict.action());

    let mut out = anstream::stdout().lock();
    if options.json {
        let explained = recipients.iter().map(|r| Explained {
            address: &r.address,
            direction: r.direction,
            decision: decision_for(&r.address),
            issues: &r.issues,
        });
        let explanation = Explanation {
            decision: verdict.action(),
            rules: matched.iter().map(|m| m.rule.as_str()).collect(),
            reported: reported.iter().map(|m| m.rule.as_str()).collect(),
            undecided,
            recipients: explained.collect(),
            inspection,
        };
        writeln!(out, "{}", serde_json::to_string(&explanation).context("JSON")?)?;
        return Ok(ExitCode::SUCCESS);
    }
    told(&mut out, &judged, language)?;
    findings::inspection(&mut out, &options.mail, inspection, language)?;
    findings::ledger(&mut out, inspection, language)?;
    Ok(ExitCode::SUCCESS)
}

/// The decision, the rules that it rests on, and what is wrong with each recipient.
fn told(out: &mut impl Write, judged: &Judged, l: Language) -> io::Result<()> {
    let Judged { recipients, verdict, .. } = judged;
    writeln!(out, "{}: {}", words::pick(l, "判定", "decision"), decision(verdict.action(), l))?;
    for reason in verdict.matched() {
        let title = words::one_line(reason.title.in_language(l), 200);
        writeln!(out, "  {BOLD}{}{BOLD:#}: {title}", reason.rule)?;
    }
    for reason in verdict.reported() {
        let title = words::one_line(reason.title.in_language(l), 200);
        let only = words::pick(l, "記録のみ、本来は", "only reported, would be");
        writeln!(out, "  {BOLD}{}{BOLD:#}: {title} ({only} {})", reason.rule, decision(reason.action, l))?;
    }
    for rule in verdict.undecided() {
        let why = words::pick(l, "読めない部分があるため判断できません", "undecided, because not all of it was read");
        writeln!(out, "  {BOLD}{rule}{BOLD:#}: {why}")?;
    }
    writeln!(out, "{}:", words::pick(l, "宛先", "recipients"))?;
    for recipient in recipients {
        let outside = match recipient.direction {
            Direction::Internal => words::pick(l, "社内", "inside"),
            Direction::External => words::pick(l, "社外", "outside"),
        };
        let action = verdict.action_for(&recipient.address).unwrap_or_else(|| verdict.action());
        let address = words::one_line(recipient.address.as_str(), 320);
        writeln!(out, "  {BOLD}{address}{BOLD:#} ({outside}): {}", decision(action, l))?;
        show::recipient(out, recipient, l)?;
    }
    writeln!(out, "{}:", words::pick(l, "内容", "content"))
}

/// The word that rules use, and what happens then.
fn decision(action: Action, l: Language) -> String {
    let style = if action == Action::Forward { GOOD } else { BAD };
    format!("{style}{}{style:#} {DIM}{}{DIM:#}", show::word(&action), words::action(action, l))
}

fn read(path: &Path) -> Result<Message, Failure> {
    let mut bytes = Vec::new();
    let result = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(path).map(|read| bytes = read)
    };
    match result {
        Ok(()) => Ok(Message::new(bytes)),
        Err(error) => {
            Err(Failure::Input(format!("{} cannot be read: {error}; check the path and its rights", path.display())))
        }
    }
}

/// What was given on the command line, and what the headers say for the rest.
fn envelope(message: &Message, from: Option<Address>, to: Vec<Address>) -> Result<Envelope, Failure> {
    let named = |fields: &[&str]| -> Vec<Address> {
        let headers = message.headers().filter(|h| fields.iter().any(|name| h.is(name)));
        let mailboxes = headers.flat_map(|h| header::mailboxes(h.value));
        mailboxes.filter_map(|mailbox| Address::parse(&mailbox.address).ok()).collect()
    };
    let sender = from.or_else(|| named(&["From"]).into_iter().next());
    let recipients = if to.is_empty() { named(&["To", "Cc", "Bcc"]) } else { to };
    if recipients.is_empty() {
        return Err(Failure::Input("the mail names no recipient; say who gets it with --rcpt-to ADDRESS".to_owned()));
    }
    Ok(Envelope { sender, recipients, body: BodyKind::EightBitMime, ..Envelope::default() })
}
