//! What the journal says about a mail: who sent it to whom, how much of what was in it, and what was decided.
//!
//! In: envelope, inspection and groups of a mail. Out: a [`MailRecord`], which is a part of its [`Record`](super::Record).
//! Deliberately absent: content, see the room's doc.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    inspect::{Attachment, Category, Coverage, Inspection, Reason, Reportable},
    mail::{Address, Envelope, MailId, Message},
    policy::{self, Action, Group},
};

/// So many files of a mail are named.
const FILES: usize = 100;

/// A name of a file is cut after so many characters.
const LONGEST_NAME: usize = 200;

/// What the next hop said is cut after so many characters, each of six bytes at most in the record: the spool has made room
/// for no more (`spool`).
const LONGEST_ANSWER: usize = 1_000;

/// What came and what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// Who delivered it: address and EHLO name.
    pub client: String,
    /// The reverse path; null for `<>`.
    pub mail_from: Option<Address>,
    /// Every recipient.
    pub rcpt_to: Vec<Address>,
    /// With its angle brackets.
    pub message_id: Option<String>,
    /// In bytes.
    pub size: u64,
    /// How many people's data is in it.
    pub persons: u32,
    /// How many of them only where a reader does not see them.
    #[serde(default)]
    pub hidden_persons: u32,
    /// How many there are at least, if everybody of one name is one; records of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons_min: Option<u32>,
    /// How many there are at most, if nobody is whom nothing but a name makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons_max: Option<u32>,
    /// The files that it carries, the first [`FILES`] of them, called as far as that may be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
    /// How often each detector hit.
    pub detectors: BTreeMap<String, u32>,
    /// The legal categories of what was found.
    pub categories: BTreeSet<Category>,
    /// Under which headings a leak would have to be reported.
    pub reportable: Vec<Reportable>,
    /// How many parts could not be read, by reason.
    #[serde(default)]
    pub unread: BTreeMap<Reason, u32>,
    /// How many parts could not be read.
    pub uninspected: u32,
    /// How much was read.
    #[serde(default)]
    pub coverage: Coverage,
    /// The most severe action of all.
    pub decision: Action,
    /// What was decided for whom, and by which rules.
    pub decisions: Vec<Decided>,
    /// What the next hop said, if the mail went out at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<String>,
    /// Whether what it said was that it does not take the mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_taken: bool,
    /// Under which id it was inspected and let go before, if it was known again and not inspected this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_before: Option<MailId>,
    /// What rules may ask about it, without its content: by these it can be decided again under other rules. Records of
    /// earlier versions and of mails that were known again have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<policy::Mail>>,
    /// The ids under which it is held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<MailId>,
}

/// What was decided for some recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What becomes of the mail for them.
    pub action: Action,
    /// Who they are.
    pub rcpt_to: Vec<Address>,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// The rules that would have matched but only report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported: Vec<String>,
    /// What they would have made of it, if that is more than was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would: Option<Action>,
    /// The rules of which nobody could tell, because a part of the mail was not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

impl MailRecord {
    /// What is to be said about a mail, without its content. `client` is who delivered it.
    pub fn new(
        client: impl Into<String>,
        envelope: &Envelope,
        message: &Message,
        inspection: &Inspection,
        groups: &[Group],
    ) -> Self {
        let mut detectors = BTreeMap::<String, u32>::new();
        for finding in &inspection.findings {
            let count = detectors.entry(finding.detector.clone()).or_default();
            *count = count.saturating_add(finding.count);
        }
        let mut unread = BTreeMap::<Reason, u32>::new();
        for part in &inspection.uninspected {
            let count = unread.entry(part.reason).or_default();
            *count = count.saturating_add(1);
        }
        Self {
            client: client.into(),
            mail_from: envelope.sender.clone(),
            rcpt_to: envelope.recipients.clone(),
            message_id: message.message_id(),
            size: message.bytes().len() as u64,
            persons: inspection.persons,
            hidden_persons: inspection.hidden_persons,
            persons_min: Some(inspection.persons_min),
            persons_max: Some(inspection.persons_max),
            files: inspection.attachments.iter().take(FILES).map(named).collect(),
            detectors,
            categories: inspection.findings.iter().map(|finding| finding.category).collect(),
            reportable: inspection.reportable.clone(),
            unread,
            coverage: inspection.coverage,
            uninspected: u32::try_from(inspection.uninspected.len()).unwrap_or(u32::MAX),
            decision: groups.iter().map(|group| group.action).max().unwrap_or(Action::Hold),
            decisions: groups.iter().map(Decided::of).collect(),
            next_hop: None,
            not_taken: false,
            passed_before: None,
            facts: None,
            held: Vec::new(),
        }
    }

    /// The same with what rules may ask about the mail.
    pub fn with_facts(mut self, facts: policy::Mail) -> Self {
        self.facts = Some(Box::new(facts.without_content()));
        self
    }

    /// The same with what the next hop said, or its beginning.
    pub fn answered(mut self, reply: impl AsRef<str>) -> Self {
        self.next_hop = Some(reply.as_ref().chars().take(LONGEST_ANSWER).collect());
        self
    }

    /// The same if that was a refusal: nobody got it.
    pub fn not_taken(mut self) -> Self {
        self.not_taken = true;
        self
    }
}

/// A file as the journal names it.
fn named(file: &Attachment) -> Attachment {
    Attachment { name: file.name.chars().take(LONGEST_NAME).collect(), ..file.clone() }
}

impl Decided {
    fn of(group: &Group) -> Self {
        Self {
            action: group.action,
            rcpt_to: group.recipients.clone(),
            rules: group.matched.iter().map(|matched| matched.rule.clone()).collect(),
            reported: group.reported.iter().map(|reported| reported.rule.clone()).collect(),
            would: group.reported.iter().map(|reported| reported.action).max().filter(|would| *would > group.action),
            undecided: group.undecided.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        inspect::{Confidence, Example, Finding, Uninspected},
        journal::{Record, What},
    };

    #[test]
    fn a_record_has_numbers_and_no_content() {
        let envelope = Envelope {
            sender: Address::parse("taro@example.co.jp").ok(),
            recipients: vec![Address::parse("a@partner.example.com").unwrap()],
            ..Envelope::default()
        };
        let message = Message::new(*b"Subject: list of customers\r\nMessage-ID: <1@x>\r\n\r\n090-1234-5678\r\n");
        let inspection = Inspection {
            persons: 12,
            findings: vec![Finding {
                detector: "jp.phone".to_owned(),
                title: None,
                category: Category::Contact,
                confidence: Confidence::High,
                count: 12,
                examples: vec![Example {
                    masked: "090-****-5678".into(),
                    place: "secret.xlsx".into(),
                    hidden: false,
                    quoted: false,
                    why: None,
                }],
            }],
            uninspected: vec![Uninspected { place: "secret.zip".into(), reason: Reason::Encrypted }],
            coverage: Coverage { parts: 3, inspected: 2, characters: 40 },
            attachments: vec![Attachment { kind: "xlsx".into(), name: "名".repeat(300), size: 7 }; 101],
            ..Inspection::default()
        };
        let groups = [Group::new(Action::Forward, envelope.recipients.clone())];
        let mail = MailRecord::new("127.0.0.1 mta", &envelope, &message, &inspection, &groups).answered("250 2.0.0 ok");
        let record = Record::mail(MailId("01A".to_owned()), Timestamp::UNIX_EPOCH, mail);
        let text = serde_json::to_string(&record).unwrap();
        // What an example or a part is called is not kept; what a file is called is, as inspection shows it.
        for content in ["customers", "5678", "secret"] {
            assert!(!text.contains(content), "{content} in {text}");
        }
        assert!(text.contains(r#""kind":"mail""#) && text.contains(r#""detectors":{"jp.phone":12}"#), "{text}");
        assert!(text.contains(r#""unread":{"encrypted":1}"#) && text.contains(r#""characters":40"#), "{text}");
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        let What::Mail(mail) = record.what else { unreachable!() };
        assert_eq!((mail.files.len(), mail.files[0].name.chars().count()), (100, 200));
    }

    #[test]
    fn of_a_long_answer_the_beginning_is_kept() {
        let envelope = Envelope::default();
        let mail = MailRecord::new("", &envelope, &Message::new(Vec::new()), &Inspection::default(), &[]);
        let long = ["関", "\u{1}"].map(|character| (character.repeat(20_000), 1_000));
        for (said, kept) in long.into_iter().chain([("250 ok".to_owned(), 6)]) {
            let answer = mail.clone().answered(&said).next_hop.unwrap();
            assert!(said.starts_with(&answer) && answer.chars().count() == kept, "{answer}");
            assert!(serde_json::to_string(&answer).unwrap().len() < 8 << 10);
        }
    }
}
