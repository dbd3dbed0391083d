//! How findings, recipients and reasons look on a terminal.
//!
//! In: an inspection or a judged mail. Out: indented lines. Deliberately absent: colours and width; the output is
//! piped as often as it is read.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::{
    inspect::{Inspection, Reason, sandbox::Protection},
    recipients::Recipient,
};

/// The findings of one file or mail, a line each.
pub(super) fn inspection(out: &mut impl Write, path: &Path, found: &Inspection) -> io::Result<()> {
    let coverage = found.coverage;
    write!(out, "{}: {} ", path.display(), found.kind)?;
    match (found.persons, found.findings.is_empty()) {
        (0, true) => write!(out, "nothing found")?,
        (0, false) => write!(out, "no person identified")?,
        (1, _) => write!(out, "1 person")?,
        (persons, _) => write!(out, "{persons} people")?,
    }
    if found.hidden_persons > 0 {
        write!(out, " ({} of them only in hidden places)", found.hidden_persons)?;
    }
    if found.persons_min < found.persons_max {
        write!(out, " (between {} and {}: some have only a name in common)", found.persons_min, found.persons_max)?;
    }
    if found.quoted_persons > 0 {
        write!(out, ", {} more in quoted history", found.quoted_persons)?;
    }
    writeln!(out, ", {} of {} parts read, {} characters", coverage.inspected, coverage.parts, coverage.characters)?;
    if !found.reportable.is_empty() {
        let headings: Vec<_> = found.reportable.iter().map(word).collect();
        writeln!(out, "  a leak of this would be reportable: {}", headings.join(", "))?;
    }
    for finding in &found.findings {
        writeln!(out, "  {:<22} {:<6} × {}", finding.detector, word(&finding.confidence), finding.count)?;
        for example in finding.examples.iter().take(3) {
            let hidden = if example.hidden { " (hidden)" } else { "" };
            writeln!(out, "      {}  {}{hidden}", example.masked, example.place)?;
        }
    }
    for entry in &found.uninspected {
        writeln!(out, "  NOT READ ({}): {}", meaning(entry.reason), entry.place)?;
    }
    Ok(())
}

/// What was read, a line each.
pub(super) fn ledger(out: &mut impl Write, found: &Inspection) -> io::Result<()> {
    for entry in &found.inspected {
        writeln!(out, "  read {:>9} characters: {}", entry.characters, entry.place)?;
    }
    let listed = u32::try_from(found.inspected.len()).unwrap_or(u32::MAX);
    match found.coverage.inspected.saturating_sub(listed) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} parts more that were read"),
    }
}

/// What the lock on those who read lacks, if it lacks anything.
pub(super) fn lack(protection: Protection) {
    if let Some(lack) = protection.lack() {
        let _ = writeln!(io::stderr(), "sekisho: {}", lack.en);
    }
}

/// The recipients and what is wrong with each.
pub(super) fn recipient(out: &mut impl Write, recipient: &Recipient) -> io::Result<()> {
    for issue in &recipient.issues {
        write!(out, "      {}: {}", word(&issue.check), issue.detail)?;
        match &issue.suggestion {
            Some(meant) => writeln!(out, " (meant: {meant}?)")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// A value of the shared vocabulary in the word that JSON and rules use for it.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::Encrypted => "it is encrypted",
        Reason::Unsupported => "no reader for this format",
        Reason::Damaged => "it is damaged",
        Reason::Limit => "it is larger or deeper than what is read",
        Reason::Timeout => "reading took too long",
        Reason::Crashed => "its reader died",
        Reason::Image => "it is an image",
    }
}
