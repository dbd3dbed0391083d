//! The report of a leak to the regulator, drafted from what was recorded.
//!
//! In: an [`Incident`] (what the journal knows of some mails) and an [`Order`] (which form, whose, since when it is known).
//! Out: a [`Report`], a plain value with headings, texts, tables and gaps, which [`markdown`] and [`page`] put on paper and a
//! console may show. The same records and the same order make the same report.
//!
//! The forms: Japan's report under APPI Article 26 (1) with the nine items of the Enforcement Rules Article 8 (1)
//! ([`appi`]), preliminary (速報) and final (確報); the notification under GDPR Article 33 (3) ([`gdpr`]). What the law asks
//! and by which text, [`duty`] says.
//!
//! What the journal knows is stated; what it does not know is a gap ([`Block::Gap`]) with a hint where to find out, and never
//! filled by a guess. There is no value of a leaked person's data in a report, for the journal has none; what comes from
//! outside (addresses, names of files, replies) is made harmless where it is put on paper.
//! Deliberately absent: sending it. Regulators take reports by forms of their own; a person carries them over.

mod appi;
pub mod duty;
mod gdpr;
pub mod incident;
mod load;
pub mod markdown;
pub mod page;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use incident::Incident;
use jiff::{Timestamp, tz::TimeZone};
pub use load::Meant;
use serde::Serialize;

use crate::language::{Language, Text};

/// What kind of report, and what the journal cannot know.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose leak it is.
    pub organization: String,
    /// In which language.
    pub language: Language,
    /// Whose clock.
    pub timezone: TimeZone,
    /// To whom.
    pub form: Form,
    /// Which of the two reports.
    pub stage: Stage,
    /// Since when the leak is known.
    pub aware: Timestamp,
    /// Whether the hour of that is known too, not only the day.
    pub to_the_hour: bool,
    /// Whether it was, or may have been, done with a wrongful purpose.
    pub malicious: bool,
    /// When it is drafted.
    pub now: Timestamp,
    /// What rules are called, as far as they are still in force.
    pub titles: BTreeMap<String, Text>,
}

/// To whom a report goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Japan's Personal Information Protection Commission.
    Appi,
    /// A supervisory authority under the GDPR.
    Gdpr,
}

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// 速報: what is known so far.
    Preliminary,
    /// 確報: everything.
    Final,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In which language it is.
    pub language: Language,
    /// What it is.
    pub title: String,
    /// What is to be known before it is used.
    pub lead: Vec<Block>,
    /// The rest.
    pub sections: Vec<Section>,
}

/// A part under a heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// Which text of the law asks for it.
    pub law: Option<String>,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Something that only people know.
    Gap {
        /// What is to be filled in.
        what: String,
        /// How to find out.
        hint: String,
    },
    /// Short statements.
    List(Vec<String>),
    /// A table; each row has as many cells as the head.
    Table {
        /// The names of the columns.
        head: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
}

impl Report {
    /// How much is to be filled in.
    pub fn gaps(&self) -> usize {
        let blocks = self.lead.iter().chain(self.sections.iter().flat_map(|section| &section.blocks));
        blocks.filter(|block| matches!(block, Block::Gap { .. })).count()
    }
}

/// Drafts the report of what left; nothing if nothing did.
pub fn draft(incident: &Incident, order: &Order) -> Option<Report> {
    incident.leaked().next()?;
    Some(match order.form {
        Form::Appi => appi::report(incident, order),
        Form::Gdpr => gdpr::report(incident, order),
    })
}

/// What did not leave, or not to the outside, a line a mail and reason.
pub fn stayed(incident: &Incident, order: &Order) -> Vec<String> {
    tables::stayed(incident, order)
}

/// A gap.
fn gap(what: impl Into<String>, hint: impl Into<String>) -> Block {
    Block::Gap { what: what.into(), hint: hint.into() }
}

fn text(text: impl Into<String>) -> Block {
    Block::Text(text.into())
}
