//! Everything that a rule may ask about a mail.
//!
//! In: envelope, header, inspection, judged recipients, and the local time. Out: [`Mail`], a plain value. Without names,
//! header values and labels ([`Mail::without_content`]) it holds nothing of the mail's content and stands in the journal,
//! so that other rules can be asked later what they would have decided; what is left out there is unknown then.
//! Deliberately absent: what a value means to a rule (`condition`).

use std::collections::BTreeSet;

use jiff::civil;
use serde::{Deserialize, Serialize};

use crate::{
    inspect::{Category, Confidence, Inspection, Reason, Reportable},
    mail::{Address, Envelope, Message, header},
    recipients::{Check, Direction, Recipient, Seen, Standing},
};

/// What the facts are called that this version writes; a later one with another meaning gets another number.
pub const FORMAT: u8 = 1;

/// So many attachments are listed; of a mail with as many there may be more.
const LISTED: usize = 1_000;

/// The detector whose examples are labels, in their own words.
const LABELS: &str = "mark.sensitivity_label";

/// One mail, as rules see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// [`FORMAT`] of the version that gathered it.
    pub format: u8,
    /// Who sends it, or the author of a mail without a reverse path; nobody if it has none either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Address>,
    /// When it came, by the organisation's clock.
    pub at: civil::DateTime,
    /// In bytes.
    pub size: u64,
    /// About how many people it is.
    pub persons: Persons,
    /// What was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Found>,
    /// Under which headings a leak would have to be reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reportable: Vec<Reportable>,
    /// Why parts of it were not read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<Reason>,
    /// How many of a hundred parts were read.
    pub coverage: u32,
    /// The files that it carries; unknown if nobody saw all of the mail's structure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<File>>,
    /// The header fields that rules ask for, decoded.
    #[serde(skip)]
    pub headers: Option<Vec<(String, String)>>,
    /// Its sensitivity labels.
    #[serde(skip)]
    pub labels: Option<Vec<String>>,
    /// Every recipient.
    pub recipients: Vec<To>,
}

/// How many people's data is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Persons {
    /// All but those who stand only in quoted history.
    pub total: u32,
    /// Those whom a reader sees.
    pub visible: u32,
    /// Those who stand only where no reader looks.
    pub hidden: u32,
    /// Those only in quoted history that is not counted.
    pub quoted: u32,
}

/// What one detector found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The detector.
    pub detector: String,
    /// Its category.
    pub category: Category,
    /// How sure it is.
    pub confidence: Confidence,
    /// How many hits.
    pub count: u32,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// What it is by its content.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is called; unknown where it was not kept.
    #[serde(skip)]
    pub name: Option<String>,
    /// In bytes.
    pub size: u64,
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct To {
    /// As the envelope has it.
    pub address: Address,
    /// What it is to us.
    pub standing: Standing,
    /// Where it stands in the header.
    pub seen: Seen,
    /// The partner, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// Whether what was read of the mail stays within what was agreed with that partner.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub within_scope: bool,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues: Vec<Check>,
    /// What may be wrong with it, if the history that says so were longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning: Vec<Check>,
}

impl Mail {
    /// Gathers the facts; of the header only the fields called `asked` (in lower case). `attached` are the names of the
    /// files as they came, which an inspection does not show.
    pub fn gather(
        (envelope, message): (&Envelope, &Message),
        inspection: &Inspection,
        recipients: &[Recipient],
        at: civil::DateTime,
        asked: &BTreeSet<String>,
        attached: &[String],
    ) -> Self {
        let author = || {
            let from = message.header("From")?;
            Address::parse(&header::mailboxes(from.value).into_iter().next()?.address).ok()
        };
        let headers = message.headers().filter_map(|field| {
            let name = String::from_utf8_lossy(field.name).to_lowercase();
            asked.contains(&name).then(|| (name, header::decode(field.value)))
        });
        let mut found = Self::found(inspection, recipients, at);
        for (file, name) in found.attachments.iter_mut().flatten().zip(attached) {
            file.name = Some(name.clone());
        }
        Self {
            sender: envelope.sender.clone().or_else(author),
            size: message.bytes().len() as u64,
            headers: Some(headers.collect()),
            ..found
        }
    }

    /// What an inspection and its recipients say, without a header.
    pub(super) fn found(inspection: &Inspection, recipients: &[Recipient], at: civil::DateTime) -> Self {
        let findings = inspection.findings.iter().map(|finding| Found {
            detector: finding.detector.clone(),
            category: finding.category,
            confidence: finding.confidence,
            count: finding.count,
        });
        let file = |attachment: &crate::inspect::Attachment| File {
            kind: attachment.kind.clone(),
            name: Some(attachment.name.clone()),
            size: attachment.size,
        };
        Self {
            format: FORMAT,
            sender: None,
            at,
            size: 0,
            persons: Persons {
                total: inspection.persons,
                visible: inspection.visible_persons,
                hidden: inspection.hidden_persons,
                quoted: inspection.quoted_persons,
            },
            findings: findings.collect(),
            reportable: inspection.reportable.clone(),
            unread: inspection.uninspected.iter().map(|part| part.reason).collect(),
            coverage: inspection.coverage.percent(),
            // Nobody saw the parts of a mail whose inspection did not come about.
            attachments: (inspection.kind != "unknown").then(|| inspection.attachments.iter().map(file).collect()),
            headers: None,
            labels: Some(labels(inspection)),
            recipients: recipients.iter().map(|recipient| To::of(recipient, inspection)).collect(),
        }
    }

    /// The same without anything of its content.
    #[must_use]
    pub fn without_content(mut self) -> Self {
        self.headers = None;
        self.labels = None;
        for file in self.attachments.iter_mut().flatten() {
            file.name = None;
        }
        self
    }

    /// Whether a part of its content was not read, so that more may be in it than was found. Pictures do not count: there
    /// is a logo in almost every signature, and nothing would ever be known for certain.
    pub(super) fn may_hold_more(&self) -> bool {
        self.unread.iter().any(|reason| *reason != Reason::Image)
    }

    /// Whether it may carry files that nobody saw.
    pub(super) fn may_carry_more(&self) -> bool {
        self.attachments.as_ref().is_some_and(|files| files.len() >= LISTED)
            || self.unread.iter().any(|reason| matches!(reason, Reason::Limit | Reason::Timeout | Reason::Crashed))
    }
}

/// The labels, each once.
fn labels(inspection: &Inspection) -> Vec<String> {
    let found = inspection.findings.iter().filter(|finding| finding.detector == LABELS);
    let labels = found.flat_map(|finding| &finding.examples).map(|example| example.masked.clone());
    labels.collect::<BTreeSet<_>>().into_iter().collect()
}

impl To {
    fn of(recipient: &Recipient, inspection: &Inspection) -> Self {
        let (learning, issues): (Vec<_>, Vec<_>) = recipient.issues.iter().partition(|issue| issue.learning);
        // A recipient that was put together by hand, or kept before standings were, has a direction only.
        let standing = match (recipient.direction, recipient.standing) {
            (Direction::Internal, _) => Standing::Internal,
            (Direction::External, Standing::Internal) => Standing::External,
            (Direction::External, standing) => standing,
        };
        Self {
            address: recipient.address.clone(),
            standing,
            seen: recipient.seen,
            partner: recipient.partner.clone(),
            within_scope: recipient.may_receive.as_ref().is_some_and(|scope| scope.covers(inspection)),
            issues: issues.into_iter().map(|issue| issue.check).collect(),
            learning: learning.into_iter().map(|issue| issue.check).collect(),
        }
    }

    /// Inside or outside.
    pub fn direction(&self) -> Direction {
        if self.standing == Standing::Internal { Direction::Internal } else { Direction::External }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Attachment, Example, Finding};

    #[test]
    fn what_stands_in_the_journal_has_no_content() {
        let finding = Finding {
            title: None,
            detector: LABELS.to_owned(),
            category: Category::Organizational,
            confidence: Confidence::High,
            count: 1,
            examples: vec![Example {
                masked: "社外秘".into(),
                place: "secret.xlsx".into(),
                hidden: false,
                quoted: false,
                why: None,
            }],
        };
        let inspection = Inspection {
            kind: "mail".into(),
            findings: vec![finding],
            attachments: vec![Attachment { kind: "xlsx".into(), name: "secret.xlsx".into(), size: 7 }],
            ..Inspection::default()
        };
        let envelope = Envelope { sender: Address::parse("a@example.co.jp").ok(), ..Envelope::default() };
        let message = Message::new(*b"Subject: secret\r\n\r\n");
        let recipients = [Recipient::new(Address::parse("b@out.example").unwrap(), Direction::External)];
        let at = civil::date(2026, 11, 29).at(10, 0, 0, 0);
        let asked = BTreeSet::from(["subject".to_owned()]);
        let mail = Mail::gather((&envelope, &message), &inspection, &recipients, at, &asked, &["秘密.xlsx".to_owned()]);
        assert_eq!(mail.attachments.iter().flatten().next().and_then(|file| file.name.as_deref()), Some("秘密.xlsx"));
        assert_eq!(mail.headers.as_deref(), Some(&[("subject".to_owned(), "secret".to_owned())][..]));
        assert_eq!(mail.labels.as_deref(), Some(&["社外秘".to_owned()][..]));
        let text = serde_json::to_string(&mail).unwrap();
        assert!(
            !text.contains("secret") && !text.contains("秘密") && !text.contains("社外秘") && text.contains("xlsx"),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Mail>(&text).unwrap(), mail.without_content());
    }
}
