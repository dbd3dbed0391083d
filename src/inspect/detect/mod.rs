//! Text → findings and persons.
//!
//! In: what extraction hands over ([`Sink`]): stretches of running text, and tables row by row. Out: findings with
//! masked examples, and the number of distinct people. The way of a text: [`normal`] folds its forms, [`scan`] finds
//! candidates in one pass ([`search`]), lets [`checks`] judge them and looks for words [`near`] them, [`prose`] leaves
//! business courtesy aside and joins values to people. The way of a table: [`table`] tells what its columns are, and reads
//! each row as its people. Both end in the [`record`] of what is known; [`tally`] makes findings of it, each with its
//! [`ground`], its [`whereabouts`] and a [`mask`] over its value.
//! Deliberately absent: detectors in code. What is looked for stands in `rules/detectors/*.toml` ([`rules`]), and what
//! names and places there are in `rules/dictionaries` ([`names`], [`words`]).

mod buckets;
mod checks;
pub mod exact;
pub mod fingerprint;
mod ground;
mod identity;
mod mask;
mod names;
mod near;
mod normal;
pub mod organizations;
mod prose;
mod record;
mod rules;
mod scan;
mod search;
pub mod stages;
mod table;
mod tally;
mod veil;
mod whereabouts;
pub(super) mod words;

use std::borrow::Cow;
use std::collections::HashSet;

pub use self::names::romaji;
use self::normal::Normal;
use self::prose::history::History;
pub use self::prose::letter::{FileName, Letter};
use self::record::Record;
pub(crate) use self::rules::builtin::{READINGS_OF_GIVEN_NAMES, READINGS_OF_SURNAMES};
pub use self::rules::exclude::Summary as ExclusionInfo;
pub use self::rules::rule::DetectorInfo;
pub use self::rules::{ExampleResult, Plant, Rules};
use self::table::Table;
use self::table::boxes::Boxes;
pub(super) use self::veil::Veil;
use self::whereabouts::{Where, Whereabouts};
pub use self::words::modern;
use super::{Cell, Confidence, Example, Finding, People, Place, Sink};

/// One rule file as text: its name for messages, and its content.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleSource {
    /// What messages call it: `detectors/jp.toml`.
    pub name: String,
    /// TOML or a word list.
    pub text: String,
}

/// A rule file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct RuleError {
    /// Which file.
    pub file: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// A longer text is read in pieces, cut between lines, so that its hits fit in memory.
const PIECE: usize = 4 << 20;

/// Header fields that say who sends what to whom and how it came: facts of the envelope, not content. Sorted.
const ENVELOPE_FIELDS: [&str; 26] = [
    "apparently-to",
    "authentication-results",
    "bcc",
    "cc",
    "date",
    "delivered-to",
    "disposition-notification-to",
    "dkim-signature",
    "errors-to",
    "from",
    "in-reply-to",
    "list-unsubscribe",
    "message-id",
    "received",
    "references",
    "reply-to",
    "resent-cc",
    "resent-from",
    "resent-message-id",
    "resent-to",
    "return-path",
    "sender",
    "to",
    "x-mailer",
    "x-original-to",
    "x-sender",
];

/// The sink that detects.
#[derive(Debug)]
pub struct Detection<'a> {
    record: Record<'a>,
    history: History,
    letter: prose::letter::Reader,
    table: Option<Table>,
    boxes: Boxes,
    exact: Vec<exact::Search<'a>>,
    prints: fingerprint::Reader<'a>,
}

impl<'a> Detection<'a> {
    /// Starts with nothing found; `own` are addresses whose owners are not leaked persons, `count_quoted` says
    /// whether people in the history of the mail are.
    pub fn new(rules: &'a Rules, own: &[String], count_quoted: bool) -> Self {
        let own: Vec<String> = own.iter().map(|address| address.to_lowercase()).collect();
        let history = History::new(&own);
        let exact = rules.tables().iter().map(exact::Search::new).collect();
        let prints = fingerprint::Reader::new(rules.library());
        let (record, letter) = (Record::new(rules, own, count_quoted), prose::letter::Reader::default());
        Self { record, history, letter, table: None, boxes: Boxes::default(), exact, prints }
    }

    /// Takes the fingerprint of what is read from now on.
    pub fn take_print(&mut self, keys: &fingerprint::Keys) {
        self.prints.take(keys);
    }

    /// The fingerprint that was taken.
    pub fn print(&mut self) -> Option<fingerprint::Print> {
        self.prints.print()
    }

    /// Keeps every hit as an example and not only a few, for an evaluation that knows what is there.
    #[must_use]
    pub fn in_detail(mut self) -> Self {
        self.record.tally.keep_all();
        self
    }

    /// Finds what the organisation excluded too, for the examples of rules.
    fn excluding_nothing(mut self) -> Self {
        self.record.excluding = false;
        self
    }

    /// Ends what was begun; the hits so far, each masked, with its detector and how sure it is.
    pub fn hits(&mut self) -> impl Iterator<Item = (&str, Confidence, &Example)> {
        self.end_table();
        self.record.tally.examples(self.record.rules)
    }

    /// What the mail says about whom it is for, as far as it was read.
    pub fn letter(&mut self) -> Letter {
        std::mem::take(&mut self.letter).finish()
    }

    /// What was found, about how many people, and what of the organisation's own could not be asked.
    pub fn finish(mut self) -> (Vec<Finding>, People, Vec<String>) {
        self.end_table();
        let (mut findings, mut people) = self.record.finish();
        let mut faults = Vec::new();
        for outcome in self.exact.into_iter().map(exact::Search::finish) {
            // Rows of a table of people are people, whether or not anything else knows them.
            people.visible = people.visible.max(outcome.visible);
            people.hidden = people.hidden.max(outcome.hidden);
            people.least = people.least.max(outcome.visible + outcome.hidden);
            findings.extend(outcome.finding);
            faults.extend(outcome.fault);
        }
        let documents = self.prints.finish();
        findings.extend(documents.findings);
        faults.extend(documents.fault);
        findings.sort_by(|a, b| a.detector.cmp(&b.detector));
        (findings, people, faults)
    }
}

impl Sink for Detection<'_> {
    fn text(&mut self, place: &Place, text: &str) {
        let name = place.path.rsplit(" › ").next().filter(|_| place.field);
        let field = name.unwrap_or_default().to_ascii_lowercase();
        if place.field {
            self.history.field(place, &field, text);
        }
        if ENVELOPE_FIELDS.binary_search(&field.as_str()).is_ok() {
            return self.record.introduce(Normal::of(text).text());
        }
        let text = without_returns(text);
        self.letter.text(place, &text);
        // A header field is one line and named by its name.
        let mut first = (field != "subject").then_some(1);
        for piece in pieces(&text) {
            let normal = Normal::of(piece);
            let whereabouts = Whereabouts::Text { place, first, original: piece, normal: &normal };
            self.record.history = self.history.lines(place, normal.text());
            prose::read(&mut self.record, normal.text(), &whereabouts);
            for search in &mut self.exact {
                search.text(normal.text(), |offset| whereabouts.of(offset));
            }
            self.prints.text(place, normal.text(), &whereabouts);
            first = first.map(|first| first + memchr::memchr_iter(b'\n', piece.as_bytes()).count());
        }
        self.record.history.clear();
    }

    fn begin_table(&mut self, place: &Place) {
        self.end_table();
        self.letter.begin_table(place);
        self.record.quoted = self.history.holds(place);
        let place = Where::Sheet { place: place.clone(), hidden: HashSet::new() };
        self.table = Some(Table::new(&mut self.record, place));
        self.boxes = Boxes::default();
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        self.letter.row(row, cells);
        if let Some(table) = &mut self.table {
            cells.iter().filter(|cell| cell.hidden).for_each(|cell| table.hide(row, cell.column));
            for search in &mut self.exact {
                search.row(cells, |column| table.place().cell(row, column));
            }
            self.prints.row(row, cells, table.place());
            match self.boxes.joined(self.record.rules, cells) {
                Some(cells) => {
                    table.row(&mut self.record, row, cells.iter().map(|(column, text)| (*column, text.as_ref())))
                }
                None => table.row(&mut self.record, row, cells.iter().map(|cell| (cell.column, cell.text.as_ref()))),
            }
        }
    }

    fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            table.end(&mut self.record);
            self.record.quoted = false;
        }
    }
}

/// Line ends of all kinds as `\n`.
fn without_returns(text: &str) -> Cow<'_, str> {
    let mut lines = memchr::memchr_iter(b'\r', text.as_bytes()).peekable();
    if lines.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut from) = (String::with_capacity(text.len()), 0);
    for at in lines {
        plain.push_str(text.get(from..at).unwrap_or_default());
        from = at + 1;
        if text.as_bytes().get(from) != Some(&b'\n') {
            plain.push('\n');
        }
    }
    plain.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(plain)
}

/// Cuts `text` between lines into pieces that fit in memory with their hits.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let mut end = text.len();
        if end > PIECE {
            let cut = text.floor_char_boundary(PIECE);
            end = text.get(..cut).and_then(|head| head.rfind('\n')).map_or(cut, |newline| newline + 1);
        }
        let (piece, rest) = text.split_at_checked(end)?;
        text = rest;
        Some(piece)
    })
}

#[cfg(test)]
#[cfg(test)]
mod tests;
