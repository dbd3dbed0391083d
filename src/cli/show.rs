//! What several commands show: recipients, times, words of the shared vocabulary, the language of whoever reads.
//!
//! In: a judged mail. Out: indented lines. Deliberately absent: findings, which have a file of their own
//! ([`findings`](super::findings)).

use std::io::{self, Write};

use jiff::{Timestamp, tz::TimeZone};

use super::findings::WARN;
use crate::{inspect::sandbox::Protection, language::Language, notice::words, recipients::Recipient};

/// What the lock on those who read lacks, if it lacks anything.
pub(super) fn lack(protection: Protection) {
    if let Some(lack) = protection.lack() {
        let _ = writeln!(io::stderr(), "sekisho: {}", lack.en);
    }
}

/// What is wrong with a recipient, each with the word that rules use for it.
pub(super) fn recipient(out: &mut impl Write, recipient: &Recipient, language: Language) -> io::Result<()> {
    for issue in &recipient.issues {
        let told = words::issue(issue, language);
        write!(out, "      {WARN}{}{WARN:#}: {told}", word(&issue.check))?;
        match words::suggestion(issue, language) {
            Some(meant) => writeln!(out, " {meant}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// A time on the organisation's clocks, as the journal's table and the console tell it.
pub(super) fn second(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same for a list, where seconds are of no use.
pub(super) fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// How many columns the terminal has to which standard output goes; nothing if it goes elsewhere.
pub(super) fn width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}

/// The language of the person at this terminal.
pub(super) fn language() -> Language {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let name = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(|name| set(name));
    Language::of_locale(&name.and_then(|name| std::env::var(name).ok()).unwrap_or_default())
}

/// A value of the shared vocabulary in the word that JSON and rules use for it.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}
