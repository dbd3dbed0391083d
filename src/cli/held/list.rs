//! `sekisho held list`: what is held, for somebody who looks for one mail among many.
//!
//! In: which mails. Out: a table for people, as wide as their terminal; JSON for scripts, which get all there are unless they
//! say how many; each mail as it is read, however many there are. Times are those of the organisation. Deliberately absent: what one mail is about (`held show`).

use std::io::{self, Write};

use anyhow::Context;
use clap::Args;
use jiff::{Zoned, tz::TimeZone};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Common, explained};
use crate::{
    app,
    cli::{Failure, show},
    hold::{HeldSummary, State, Wanted},
    journal::{Moment, MomentError, Who},
    language::Language,
    mail::Address,
    notice::words,
};

/// How many mails a list for people shows if they do not say.
const MANY: usize = 100;

/// Below so many columns a mail takes two lines.
const WIDE: usize = 170;

/// How wide the columns of a wide line are that do not fit by themselves; the last takes what is left.
const FROM: usize = 28;
const SUBJECT: usize = 30;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    common: Common,
    /// Only mails that stand there: pending, approved, rejected, withdrawn, expired, released, delivered or bounced; may be
    /// given more than once
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<State>,
    /// Only mails from there: an address, or a domain with all below it
    #[arg(long, value_name = "WHO")]
    sender: Option<Who>,
    /// Nothing before: 2026-11-29, 2026-11-29T17:00, today, yesterday, or so long ago (12h, 30d, 2w)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// At most so many; 100 if nothing is said, and with --json all
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

/// Lists what fits.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let loaded = options.common.config.load()?;
    let zone = loaded.config.timezone.clone();
    let since = options.since.as_ref().map(|since| since.since(&Zoned::now().with_time_zone(zone.clone())));
    let since = since.transpose().map_err(|beyond: MomentError| Failure::Input(beyond.to_string()))?;
    let hold = app::hold(&loaded).await.context("the hold could not be opened")?;
    let mut listing = hold.listing(Wanted { states: options.state, sender: options.sender, since });
    let mut left = options.limit.unwrap_or(if options.common.json { usize::MAX } else { MANY });
    let (width, mut out, mut first) = (show::width(), io::stdout(), true);
    // They are written as they are read: there may be more than the memory holds.
    while left > 0 {
        let held = listing.next(left).await.map_err(explained)?;
        if held.is_empty() {
            return Ok(());
        }
        left -= held.len();
        if options.common.json {
            for mail in &held {
                writeln!(out, "{}", serde_json::to_string(mail).context("JSON")?)?;
            }
        } else {
            let head = if std::mem::take(&mut first) { head(width) } else { String::new() };
            out.write_all((head + &table(&held, &zone, width)).as_bytes())?;
        }
        out.flush()?;
    }
    if !listing.next(1).await.map_err(explained)?.is_empty() {
        let _ = writeln!(
            io::stderr(),
            "sekisho: there are more; --limit NUMBER shows them, --state, --sender and --since narrow the list"
        );
    }
    Ok(())
}

fn state(word: &str) -> Result<State, String> {
    let known = State::ALL.into_iter().find(|state| state.name() == word);
    known.ok_or_else(|| format!("there is no such state; there are {}", State::ALL.map(State::name).join(", ")))
}

/// What the columns are called.
fn head(width: Option<usize>) -> String {
    let first = ["ID", "STATE", "SINCE", "DEADLINE"].map(str::to_owned);
    let second = ["FROM", "TO", "PEOPLE", "SUBJECT", "WHY"].map(str::to_owned);
    lines(&first, &second, width)
}

/// One mail a line, or two where there is no room for one; `width` is that of the terminal, if there is one.
fn table(held: &[HeldSummary], zone: &TimeZone, width: Option<usize>) -> String {
    let mut table = String::new();
    for mail in held {
        let at = |at| show::minute(at, zone);
        let waits = mail.state == State::Pending;
        let deadline = if waits { at(mail.expires_at) } else { "-".to_owned() };
        let first = [mail.id.0.clone(), mail.state.name().to_owned(), at(mail.created_at), deadline];
        let from = mail.mail_from.as_ref().map_or("<>", Address::as_str).to_owned();
        let why = [mail.decision.name(), &mail.rules.join(", ")].join(": ");
        let subject = words::subject(&mail.subject, Language::En);
        let (to, people) = (mail.rcpt_to.len().to_string(), mail.persons.to_string());
        table.push_str(&lines(&first, &[from, to, people, subject, why], width));
    }
    table
}

fn lines(first: &[String; 4], second: &[String; 5], width: Option<usize>) -> String {
    let [id, state, since, deadline] = first;
    let [from, to, people, subject, why] = second;
    let head = format!("{id:<26}  {state:<9}  {since:<16}  {deadline:<16}");
    let counts = format!("{to:>4}  {people:>6}");
    match width {
        // A file or a program reads it: nothing is cut.
        None => format!("{head}  {}  {counts}  {}  {why}\n", padded(from, FROM), padded(subject, SUBJECT)),
        Some(width) if width >= WIDE => {
            let tail = format!("{}  {counts}  {}  {why}", fitted(from, FROM), fitted(subject, SUBJECT));
            format!("{}\n", cut(&format!("{head}  {tail}"), width))
        }
        Some(width) => {
            let room = width.saturating_sub(22);
            let (from, subject) = (fitted(from, room * 3 / 10), fitted(subject, room * 4 / 10));
            let tail = format!("    {from}  {counts}  {subject}  {why}");
            format!("{}\n{}\n", cut(&head, width), cut(&tail, width))
        }
    }
}

/// `text` in exactly `width` columns.
fn fitted(text: &str, width: usize) -> String {
    padded(&cut(text, width), width)
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` in `width` columns at most; a wide character takes two.
fn cut(text: &str, width: usize) -> String {
    let text = text.trim_end();
    if text.width() <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(0);
        taken < width
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::fixture::{OUTSIDE, arrival, group, hold_in, settings},
        policy::Action,
    };

    async fn held() -> Vec<HeldSummary> {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        let mut held = hold.list(None).await.unwrap();
        held[0].subject = "名簿を\u{1b}[31mお送りします、よろしくお願いいたします。ご確認のほどお願いします".to_owned();
        held
    }

    #[tokio::test]
    async fn a_line_says_since_when_until_when_from_whom_what_about_and_why_in_the_time_of_the_organisation() {
        let mut held = held().await;
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let told = head(None) + &table(&held, &tokyo, None);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 2, "{told}");
        for column in ["ID", "STATE", "SINCE", "DEADLINE", "PEOPLE", "FROM", "TO", "SUBJECT", "WHY"] {
            assert!(lines[0].contains(column), "{column} in {told}");
        }
        let deadline = show::minute(held[0].expires_at, &tokyo);
        for said in
            ["pending", "2026-11-02 21:00", &deadline, crate::hold::fixture::SENDER, "   1  ", "require_approval: "]
        {
            assert!(lines[1].contains(said), "{said} in {told}");
        }
        assert!(lines[1].contains("名簿を") && !told.contains('\u{1b}'), "{told}");
        held[0].state = State::Delivered;
        assert!(!table(&held, &tokyo, None).contains(&deadline), "nobody decides about it any more");
    }

    #[tokio::test]
    async fn no_line_is_wider_than_the_terminal() {
        let held = held().await;
        for (width, lines) in [(40, 4), (80, 4), (169, 4), (170, 2), (220, 2)] {
            let told = head(Some(width)) + &table(&held, &TimeZone::UTC, Some(width));
            assert_eq!(told.lines().count(), lines, "{told}");
            assert!(told.lines().all(|line| line.width() <= width), "{width}: {told}");
            assert!(width < 80 || (told.contains("名簿") && told.contains("DEADLINE")), "{told}");
        }
    }

    #[test]
    fn a_state_is_named_by_its_word() {
        assert_eq!(state("pending"), Ok(State::Pending));
        assert!(state("held").unwrap_err().contains("bounced"));
    }
}
