//! What an inspection says: the part of Sekisho's vocabulary that policy, notices, journal and console read.
//!
//! In: the ledger of extraction, the findings and persons of detection. Out: an [`Inspection`], whose JSON form is
//! the one of `scan --json`. Deliberately absent: unmasked values; [`Example`] has no place for one.

use serde::{Deserialize, Serialize};

use super::Why;
use super::extract::Ledger;
use crate::language::Text;

/// More people than this make a leak reportable by number alone: Japan's Act on the Protection of Personal
/// Information, Enforcement Rules Article 7 (iv).
const REPORTABLE_PERSONS: u32 = 1_000;

/// Everything that was found in one mail or file, and everything that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Inspection {
    /// What the bytes are: `mail`, `xlsx`, `zip`, `csv`, `text`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// How many different people's data is in it.
    pub persons: u32,
    /// How many of them a reader who opens everything normally sees.
    #[serde(default)]
    pub visible_persons: u32,
    /// How many are only in places that such a reader does not see: hidden sheets, rows, columns, pivot caches.
    #[serde(default)]
    pub hidden_persons: u32,
    /// How many there are at least, if everybody of one name who can be one person is one.
    #[serde(default)]
    pub persons_min: u32,
    /// How many there are at most, if nobody is whom nothing but a name makes one.
    #[serde(default)]
    pub persons_max: u32,
    /// How many more stand only in the quoted history of the mail, which is not counted (`[inspection] count_quoted`).
    #[serde(default)]
    pub quoted_persons: u32,
    /// Under which headings a leak of it would have to be reported.
    pub reportable: Vec<Reportable>,
    /// What was found, one entry a detector.
    pub findings: Vec<Finding>,
    /// What was read, and how many characters there were; the first thousand entries.
    #[serde(default)]
    pub inspected: Vec<Inspected>,
    /// What could not be read, and why.
    pub uninspected: Vec<Uninspected>,
    /// How much of it was read.
    pub coverage: Coverage,
    /// The files that a mail carries, of themselves: what is inside of them is not listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

impl Inspection {
    /// Joins what extraction and detection say.
    pub fn new(ledger: Ledger, findings: Vec<Finding>, people: People) -> Self {
        let persons = people.visible.saturating_add(people.hidden);
        let reportable = Reportable::of(&findings, persons);
        Self {
            kind: ledger.kind,
            persons,
            visible_persons: people.visible,
            hidden_persons: people.hidden,
            persons_min: people.least.min(persons),
            persons_max: people.most.max(persons),
            quoted_persons: people.quoted,
            reportable,
            findings,
            inspected: ledger.inspected,
            uninspected: ledger.uninspected,
            coverage: ledger.coverage,
            attachments: ledger.attachments,
        }
    }

    /// An inspection that did not come about: the whole of it counts as not inspected.
    pub fn failed(place: &str, reason: Reason) -> Self {
        Self {
            kind: "unknown".to_owned(),
            uninspected: vec![Uninspected { place: place.to_owned(), reason }],
            coverage: Coverage { parts: 1, ..Coverage::default() },
            ..Self::default()
        }
    }

    /// How often findings of `category` were found in all.
    pub fn count_of(&self, category: Category) -> u32 {
        self.findings.iter().filter(|f| f.category == category).fold(0, |sum, f| sum.saturating_add(f.count))
    }
}

/// What one detector found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The detector, as in `jp.phone`.
    pub detector: String,
    /// What it looks for, as its rule calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// Its legal category.
    pub category: Category,
    /// How sure it is.
    pub confidence: Confidence,
    /// How many hits (not people).
    pub count: u32,
    /// A few of them, masked.
    pub examples: Vec<Example>,
}

/// One hit, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The value with its middle hidden: `090-****-5678`.
    pub masked: String,
    /// Where it stands: `顧客.xlsx › 顧客!C2`, `body:3` (line 3).
    #[serde(rename = "where")]
    pub place: String,
    /// Whether that place is hidden from a normal reader.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Whether it stands in the quoted history of the mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quoted: bool,
    /// Why it is a hit, and as sure as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// The legal category of a detector (Japan's APPI report rules).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// 要配慮個人情報: illness, criminal record, belief, ….
    SpecialCare,
    /// 財産的被害のおそれ: cards, accounts.
    Financial,
    /// 特定個人情報: My Number.
    Specific,
    /// Who somebody is: name, birth date, licence.
    Identity,
    /// How to reach somebody: phone, address, mail.
    Contact,
    /// Keys and passwords.
    Credential,
    /// About organisations, not people: corporate numbers, confidential marks.
    Organizational,
}

/// How sure a detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The shape fits, nothing more.
    Low,
    /// The shape fits and something else speaks for it.
    Medium,
    /// Check digit and context, or a table column that says so.
    High,
}

/// A heading under which a leak would have to be reported to the regulator (APPI Enforcement Rules Article 7; for
/// My Number the rules under the Number Use Act Article 29-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reportable {
    /// Special-care data of one person or more.
    SpecialCare,
    /// Data whose misuse costs money, of one person or more.
    Financial,
    /// My Number.
    Specific,
    /// More than 1,000 people.
    #[serde(rename = "over_1000")]
    Over1000,
}

impl Reportable {
    fn of(findings: &[Finding], persons: u32) -> Vec<Self> {
        let sure = |category| findings.iter().any(|f| f.category == category && f.confidence >= Confidence::Medium);
        [
            (Self::SpecialCare, sure(Category::SpecialCare)),
            (Self::Financial, sure(Category::Financial)),
            (Self::Specific, sure(Category::Specific)),
            (Self::Over1000, persons > REPORTABLE_PERSONS),
        ]
        .into_iter()
        .filter_map(|(heading, applies)| applies.then_some(heading))
        .collect()
    }
}

/// How many different people there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct People {
    /// Somewhere in plain sight.
    pub visible: u32,
    /// Only in hidden places.
    pub hidden: u32,
    /// Only in quoted history that is not counted; none of the others.
    pub quoted: u32,
    /// All but those, if everybody of one name who can be one person is one.
    pub least: u32,
    /// The same, if nobody is one whom nothing but a name makes one.
    pub most: u32,
}

/// A file that a mail carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is by its content: `xlsx`, `zip`, `image`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is called, as far as that may be shown; as it came, [`Heard`](super::Heard) has it.
    pub name: String,
    /// In bytes, undone from its transfer encoding.
    pub size: u64,
}

/// Something that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Inspected {
    /// Where it is: `顧客.zip › 顧客.xlsx › 顧客`.
    #[serde(rename = "where")]
    pub place: String,
    /// How many characters of text it held.
    pub characters: u64,
    /// What is to be known about it: `declared utf-8, read as iso-2022-jp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Uninspected {
    /// Where it is: `顧客.zip › 顧客.csv`.
    #[serde(rename = "where")]
    pub place: String,
    /// Why.
    pub reason: Reason,
}

/// Why something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A password protects it.
    Encrypted,
    /// No reader for this format.
    Unsupported,
    /// It is broken, or made to look so.
    Damaged,
    /// It is larger or deeper than what is read.
    Limit,
    /// Reading it took too long.
    Timeout,
    /// Its reader died.
    Crashed,
    /// It is a picture.
    Image,
}

impl Reason {
    /// The word for it in reports and in what is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::Damaged => "damaged",
            Self::Limit => "limit",
            Self::Timeout => "timeout",
            Self::Crashed => "crashed",
            Self::Image => "image",
        }
    }
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Parts, entries, sheets: everything that can hold text.
    pub parts: u32,
    /// Those that were read.
    pub inspected: u32,
    /// Characters of text in those.
    #[serde(default)]
    pub characters: u64,
}

impl Coverage {
    /// How many of a hundred parts were read; a hundred only if all were.
    pub fn percent(self) -> u32 {
        if self.inspected >= self.parts {
            return 100;
        }
        let percent = u64::from(self.inspected) * 100 / u64::from(self.parts.max(1));
        u32::try_from(percent).unwrap_or(100).min(99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_is_a_hundred_percent() {
        let percent = |inspected, parts| Coverage { parts, inspected, characters: 0 }.percent();
        assert_eq!(
            [percent(0, 0), percent(3, 3), percent(0, 3), percent(2, 3), percent(9_999, 10_000)],
            [100, 100, 0, 66, 99]
        );
    }
}
