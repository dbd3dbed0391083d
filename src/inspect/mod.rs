//! Bytes → [`Inspection`]: what personal data is in a mail, about how many people, and what could not be read.
//!
//! In: the bytes of one mail or file ([`Job`]). Out: an [`Inspection`], always; what cannot be read is an entry in
//! `uninspected`, never an error and never silence. Text flows one way: [`extract`] finds it and hands it to a
//! [`Sink`]; [`detect`] is that sink and turns it into findings and persons.
//! Deliberately absent: files, network, clock, tokio, and any opinion on what should happen to the mail (`policy`).
//! A found value never leaves this room unmasked, in a name of a file neither, with four exceptions ([`Heard`]): passwords that
//! a mail states go to the sealed memory of their sender, its salutation to the checks of its recipients, and the names of its
//! files to those and to the rules; and what a reviewer asked to see, which is journalled first, to that reviewer ([`Shown`]). None
//! of them goes anywhere else. Pictures go out as they are to be looked at (`sandbox::ocr`), and what is
//! read in them comes back in ([`PictureText`]).

pub mod detect;
pub mod extract;
mod heard;
mod passwords;
mod persons;
mod report;
pub mod sandbox;
mod show;
mod why;

use std::borrow::Cow;

use detect::fingerprint::Keys;
pub use detect::{ExclusionInfo, FileName, Letter, Plant, RuleError, RuleSource, Rules};
pub use extract::{Limits, Watch};
pub use heard::{Heard, Statement};
pub use passwords::Passwords;
pub use report::{
    Attachment, Category, Confidence, Coverage, Example, Finding, Inspected, Inspection, People, Reason, Reportable,
    Uninspected,
};
use serde::{Deserialize, Serialize};
pub use show::{Body, Letter as ShownLetter, Show, Shown};
pub use why::{By, Lowered, Raised, Validation, Why};

/// What is to be inspected, beside its bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Whether the bytes are a mail or a file.
    pub kind: Kind,
    /// Addresses (canonical form) of the sender and the recipients: their own contact lines and signatures are not
    /// leaked persons.
    pub own: Vec<String>,
    /// Passwords that may open what is protected: the organisation's, and those that the sender mailed lately.
    #[serde(default)]
    pub passwords: Vec<String>,
    /// Whether its sender sent these recipients something protected lately.
    #[serde(default)]
    pub protected_before: bool,
    /// Parts that are passed over, because reading them ended a worker before.
    #[serde(default)]
    pub without: Vec<Without>,
    /// What was seen in pictures by a program of its own.
    #[serde(default)]
    pub texts: Vec<PictureText>,
    /// Whether people in the quoted history of the mail are counted.
    #[serde(default)]
    pub count_quoted: bool,
    /// The keys with which its fingerprint is taken, for a document that is to be registered.
    #[serde(default)]
    pub print: Option<Keys>,
    /// What a reviewer wants to see of it; then nothing is looked for.
    #[serde(default)]
    pub show: Option<Show>,
    /// What is to befall the worker that reads it. Only a drill asks for that; nothing inside a mail can.
    #[serde(default)]
    pub fault: Option<Fault>,
}

/// What a drill of the machine has befall a worker, to see that the mail is accounted for all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It dies, as of a parser that aborts.
    Crash,
    /// It says nothing more, as in a parser that never ends.
    Hang,
}

impl Job {
    /// Bytes of this kind, nothing known beside.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            own: Vec::new(),
            passwords: Vec::new(),
            protected_before: false,
            without: Vec::new(),
            texts: Vec::new(),
            count_quoted: false,
            print: None,
            show: None,
            fault: None,
        }
    }
}

/// Passwords are counted, not shown.
impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, passwords, .. } = self;
        f.debug_struct("Job").field("kind", kind).field("passwords", &passwords.len()).finish_non_exhaustive()
    }
}

/// A part that is not to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Without {
    /// Its number, as a [`Watch`] was told.
    pub part: u64,
    /// What goes into the ledger in its stead.
    pub reason: Reason,
}

/// The text of a picture.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureText {
    /// The picture's number, as a [`Watch`] was told.
    pub part: u64,
    /// What was recognised in it, which may be nothing.
    pub text: String,
}

/// The text is somebody's data, so no log shows it.
impl std::fmt::Debug for PictureText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PictureText").field("part", &self.part).field("text", &self.text.len()).finish()
    }
}

/// What the bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One mail as it came over SMTP.
    Mail,
    /// A file with this name; its type is told by its content.
    File(String),
}

/// Inspects one mail or file.
pub fn inspect(bytes: &[u8], job: &Job, rules: &Rules, limits: &Limits, watch: &mut dyn Watch) -> Inspection {
    hear(bytes, job, rules, limits, watch).0
}

/// Inspects one mail or file, and says what is to be remembered of it.
pub fn hear(bytes: &[u8], job: &Job, rules: &Rules, limits: &Limits, watch: &mut dyn Watch) -> (Inspection, Heard) {
    if let Some(what) = &job.show {
        return show::show(bytes, (job, what), rules, limits, watch);
    }
    let mut detection = detect::Detection::new(rules, &job.own, job.count_quoted);
    if let Some(keys) = &job.print {
        detection.take_print(keys);
    }
    let mut ledger = extract::extract(bytes, job, limits, &mut detection, watch);
    let (print, letter) = (detection.print(), detection.letter());
    let (mut findings, people, faults) = detection.finish();
    faults.iter().for_each(|what| ledger.unasked(what));
    let mut heard = Heard { print, letter, ..Heard::of(&ledger.statements, ledger.protected) };
    if (ledger.protected || job.protected_before) && rules.detectors().any(|detector| detector.id == heard::DETECTOR) {
        heard::find(&mut findings, &ledger.statements);
    }
    let mut inspection = Inspection::new(ledger, findings, people);
    veil(&mut inspection, &mut heard, &mut detect::Veil::new(rules, &job.own));
    (inspection, heard)
}

/// Files, entries and sheets may be called by a value: what is shown of their names is masked, and the names as they came
/// are heard.
fn veil(inspection: &mut Inspection, heard: &mut Heard, veil: &mut detect::Veil<'_>) {
    let Inspection { findings, inspected, uninspected, attachments, .. } = inspection;
    let Letter { organizations, domains, files, .. } = &mut heard.letter;
    heard.attached = attachments.iter().map(|file| file.name.clone()).collect();
    let places = findings.iter_mut().flat_map(|finding| &mut finding.examples).map(|example| &mut example.place);
    places
        .chain(inspected.iter_mut().map(|part| &mut part.place))
        .chain(uninspected.iter_mut().map(|part| &mut part.place))
        .chain(organizations.iter_mut().chain(domains).map(|mention| &mut mention.place))
        .for_each(|place| veil.draw_over(place));
    attachments.iter_mut().for_each(|file| veil.draw_over(&mut file.name));
    files.iter_mut().for_each(|file| veil.draw_over(&mut file.shown));
}

/// Where a text stands, as a person would look for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The way there, outermost first: `顧客.zip › 顧客.xlsx › 顧客`. A mail's own text is `body`, a header field
    /// its name.
    pub path: String,
    /// Whether a reader who opens the file normally does not see it (a hidden sheet, a hidden row).
    pub hidden: bool,
    /// Whether it is a header field of a mail, by its own name. A file may be called `To` as well.
    pub field: bool,
    /// Whether its page marks it as quoted from an earlier mail; nothing where there is no page to say so.
    pub quoted: Option<bool>,
}

impl Place {
    /// A place at the outermost level.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// A place inside this one.
    pub fn inside(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{} › {name}", self.path) };
        Self { path, hidden: self.hidden, ..Self::default() }
    }

    /// A header field of the mail that this is the place of.
    pub fn field(&self, name: &str) -> Self {
        Self { field: true, ..self.inside(name) }
    }
}

/// One cell of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Zero-based column.
    pub column: u32,
    /// Its text as a reader sees it.
    pub text: Cow<'a, str>,
    /// Whether a reader who opens the file normally does not see it, though the table is in sight: a hidden row or
    /// column, a format that shows nothing.
    pub hidden: bool,
}

/// What extraction hands its text to. Tables come row by row, so that a million rows need no memory.
///
/// Order of calls: `text` at any time outside a table; `begin_table`, any number of `row`, `end_table`.
pub trait Sink {
    /// A stretch of running text (a body, a header's value, a file name).
    fn text(&mut self, place: &Place, text: &str);
    /// A table starts at `place` (the sheet, or the file of a CSV).
    fn begin_table(&mut self, place: &Place);
    /// One row, zero-based; cells in column order, empty ones left out.
    fn row(&mut self, row: u32, cells: &[Cell<'_>]);
    /// The table is over.
    fn end_table(&mut self);
}
