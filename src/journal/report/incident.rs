//! Records → what happened: which mails left, to whom, about how many people, who let them go, and what stayed.
//!
//! In: every record about some mails. Out: an [`Incident`]. What a record does not say is unknown here, never assumed.
//! A mail counts as having left for a recipient outside of the organisation if the next hop took it for that one, or if it
//! was released and no record says how that ended. Deliberately absent: words, and what the law makes of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    inspect::{Attachment, Category, Confidence, Coverage, Reason, Reportable},
    journal::{Change, MailRecord, Record, Via, What},
    mail::{Address, MailId},
    policy::Action,
    recipients::{Check, Direction},
};

/// Some mails that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incident {
    /// In the order in which they came.
    pub mails: Vec<Mail>,
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its name.
    pub id: MailId,
    /// When it came.
    pub at: Timestamp,
    /// The reverse path.
    pub sender: Option<Address>,
    /// With its angle brackets.
    pub message_id: Option<String>,
    /// In bytes.
    pub size: u64,
    /// What was found in it; nothing if nobody looked.
    pub contents: Option<Contents>,
    /// Who got it.
    pub left: Vec<Left>,
    /// Who did not.
    pub stayed: Vec<Stayed>,
    /// What people decided about it.
    pub decided: Vec<Decision>,
}

/// What was found in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// How many people's data is in it.
    pub persons: u32,
    /// At least and at most; unknown in records of earlier versions.
    pub bounds: Option<(u32, u32)>,
    /// How many of them only where no reader looks.
    pub hidden: u32,
    /// How many more stand only in quoted history.
    pub quoted: u32,
    /// What each detector found.
    pub detectors: BTreeMap<String, Hits>,
    /// What kinds of data were found.
    pub categories: BTreeSet<Category>,
    /// Under which headings inspection would report it.
    pub reportable: Vec<Reportable>,
    /// The files that it carries; none are named in records of earlier versions.
    pub files: Vec<Attachment>,
    /// How many parts were not read, by reason.
    pub unread: BTreeMap<Reason, u32>,
    /// How much was read.
    pub coverage: Coverage,
}

/// What one detector found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hits {
    /// How often.
    pub count: u32,
    /// How sure it is; unknown in records without facts.
    pub confidence: Option<Confidence>,
    /// Whether it is about organisations, not people.
    pub organizational: bool,
}

/// Somebody who got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Who.
    pub to: Address,
    /// When it left.
    pub at: Timestamp,
    /// How.
    pub way: Way,
    /// What the next hop said.
    pub reply: Option<String>,
    /// What was known to be wrong with this recipient.
    pub issues: Vec<Check>,
    /// The rules that had matched.
    pub rules: Vec<String>,
    /// The rules that matched and only report.
    pub reported: Vec<String>,
    /// What they would have made of it, if that is more than was decided.
    pub would: Option<Action>,
}

/// How it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// No rule stopped it.
    AtOnce,
    /// It waited, and somebody or time let it go.
    Released,
    /// It was let go, and no record says whether it arrived.
    Underway,
}

/// Somebody who did not get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stayed {
    /// Who.
    pub to: Address,
    /// Why.
    pub why: Why,
}

/// Why somebody did not get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It still waits for a decision.
    Held,
    /// Policy refused it.
    Refused,
    /// A person said no.
    Rejected,
    /// Its sender took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// The next hop did not take it, or it was dropped on its way there.
    NotTaken,
    /// A colleague, who is nobody outside.
    Inside,
}

/// What somebody decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `approved` `agreed` `released_alone` `rejected` `sent_back` `withdrawn`
    pub what: String,
    /// Who; nobody if time did.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub via: Via,
}

impl Incident {
    /// Joins all records of some mails. `asked` are the mails that are meant; records of others only tell what was found
    /// in a mail that was let go again.
    pub fn of(records: &[Record], asked: &[MailId]) -> Self {
        let mut mails: Vec<Mail> = Vec::new();
        for record in records {
            let What::Mail(mail) = &record.what else { continue };
            if !asked.contains(&record.id) || mails.iter().any(|known| known.id == record.id) {
                continue;
            }
            let seen = match &mail.passed_before {
                None => Some(mail.as_ref()),
                Some(first) => first_of(records, first),
            };
            let changes: Vec<(Timestamp, &Change)> = records
                .iter()
                .filter(|other| other.id == record.id)
                .filter_map(|other| match &other.what {
                    What::Change(change) => Some((other.at, change)),
                    _ => None,
                })
                .collect();
            let (left, stayed) = fates(record.at, mail, &changes);
            mails.push(Mail {
                id: record.id.clone(),
                at: record.at,
                sender: mail.mail_from.clone(),
                message_id: mail.message_id.clone(),
                size: mail.size,
                contents: seen.map(Contents::of),
                left,
                stayed,
                decided: changes.iter().filter_map(|(at, change)| Decision::of(*at, change)).collect(),
            });
        }
        mails.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.0.cmp(&b.id.0)));
        Self { mails }
    }

    /// The mails that left.
    pub fn leaked(&self) -> impl Iterator<Item = &Mail> {
        self.mails.iter().filter(|mail| !mail.left.is_empty())
    }

    /// When the first of them did.
    pub fn first_left(&self) -> Option<Timestamp> {
        self.leaked().flat_map(|mail| &mail.left).map(|left| left.at).min()
    }
}

/// What was found when the mail `first` was inspected.
fn first_of<'a>(records: &'a [Record], first: &MailId) -> Option<&'a MailRecord> {
    records.iter().filter(|record| record.id == *first).find_map(|record| match &record.what {
        What::Mail(mail) if mail.passed_before.is_none() => Some(mail.as_ref()),
        _ => None,
    })
}

impl Contents {
    fn of(mail: &MailRecord) -> Self {
        let facts = mail.facts.as_deref();
        let found = || facts.into_iter().flat_map(|facts| &facts.findings);
        let hits = |(detector, count): (&String, &u32)| {
            let known = || found().filter(|found| found.detector == *detector);
            let marks = known().next().is_none() && detector.starts_with("mark.");
            let hits = Hits {
                count: *count,
                confidence: known().map(|found| found.confidence).max(),
                organizational: marks || known().any(|found| found.category == Category::Organizational),
            };
            (detector.clone(), hits)
        };
        Self {
            persons: mail.persons,
            bounds: mail.persons_min.zip(mail.persons_max),
            hidden: mail.hidden_persons,
            quoted: facts.map_or(0, |facts| facts.persons.quoted),
            detectors: mail.detectors.iter().map(hits).collect(),
            categories: mail.categories.clone(),
            reportable: mail.reportable.clone(),
            files: mail.files.clone(),
            unread: mail.unread.clone(),
            coverage: mail.coverage,
        }
    }
}

impl Decision {
    fn of(at: Timestamp, change: &Change) -> Option<Self> {
        let decides = ["approved", "agreed", "released_alone", "rejected", "sent_back", "withdrawn"];
        decides.contains(&change.change.as_str()).then(|| Self {
            what: change.change.clone(),
            by: change.by.clone(),
            at,
            via: change.via,
        })
    }
}

/// Who got the mail and who did not.
fn fates(at: Timestamp, mail: &MailRecord, changes: &[(Timestamp, &Change)]) -> (Vec<Left>, Vec<Stayed>) {
    let (mut left, mut stayed) = (Vec::new(), Vec::new());
    for (number, decided) in mail.decisions.iter().enumerate() {
        let held = held_as(mail, number);
        for to in &decided.rcpt_to {
            if is_inside(mail, to) {
                stayed.push(Stayed { to: to.clone(), why: Why::Inside });
                continue;
            }
            let fate = match decided.action {
                Action::Forward if mail.not_taken => Err(Why::NotTaken),
                Action::Forward => Ok((at, Way::AtOnce, mail.next_hop.clone())),
                Action::Reject => Err(Why::Refused),
                Action::Delay | Action::Hold | Action::RequireApproval => fate_of_held(to, held, changes),
            };
            match fate {
                Err(why) => stayed.push(Stayed { to: to.clone(), why }),
                Ok((at, way, reply)) => left.push(Left {
                    to: to.clone(),
                    at,
                    way,
                    reply,
                    issues: issues(mail, to),
                    rules: decided.rules.clone(),
                    reported: decided.reported.clone(),
                    would: decided.would,
                }),
            }
        }
    }
    (left, stayed)
}

/// The id under which the recipients of the decision `number` wait: the most severe comes first, as the hold takes them.
fn held_as(mail: &MailRecord, number: usize) -> Option<&MailId> {
    let waits = |action: Action| matches!(action, Action::Delay | Action::Hold | Action::RequireApproval);
    let mut order: Vec<usize> = (0..mail.decisions.len()).collect();
    let action = |number: usize| mail.decisions.get(number).map_or(Action::Forward, |decided| decided.action);
    order.retain(|number| waits(action(*number)));
    order.sort_by_key(|number| std::cmp::Reverse(action(*number)));
    let place = order.iter().position(|known| *known == number)?;
    mail.held.get(place)
}

type Fate = Result<(Timestamp, Way, Option<String>), Why>;

/// What became of a held mail for one of its recipients.
fn fate_of_held(to: &Address, held: Option<&MailId>, changes: &[(Timestamp, &Change)]) -> Fate {
    // A record that does not say under which id a part waits tells of no other part.
    let about = |change: &Change| held.is_none_or(|held| change.held == *held);
    let mut fate: Fate = Err(Why::Held);
    for (at, change) in changes.iter().filter(|(_, change)| about(change)) {
        let said = || change.detail.as_deref().and_then(|detail| said_of(to, detail));
        match change.change.as_str() {
            "rejected" | "sent_back" => fate = Err(Why::Rejected),
            "withdrawn" => fate = Err(Why::Withdrawn),
            "expired" => fate = Err(Why::Expired),
            "released" => fate = Ok((*at, Way::Underway, None)),
            "delivered" => fate = Ok((*at, Way::Released, said())),
            // Of several recipients some may have got it.
            "bounced" => {
                fate = match said() {
                    Some(reply) if reply.starts_with('2') => Ok((*at, Way::Released, Some(reply))),
                    Some(reply) if reply.starts_with(['4', '5']) || reply == "dropped" => Err(Why::NotTaken),
                    // One whom nobody had tried yet when it was dropped has an empty answer.
                    Some(reply) if reply.is_empty() => Err(Why::NotTaken),
                    reply => Ok((*at, Way::Underway, reply)),
                }
            }
            _ => {}
        }
    }
    fate
}

/// What the next hop said of one recipient, out of what it said of all: `a@x: 250 ok; b@x: 550 no`.
fn said_of(to: &Address, detail: &str) -> Option<String> {
    let mark = format!("{to}: ");
    let begins = |(at, _): &(usize, &str)| *at == 0 || detail.get(..*at).is_some_and(|before| before.ends_with("; "));
    let (at, _) = detail.match_indices(mark.as_str()).find(begins)?;
    let rest = detail.get(at + mark.len()..)?;
    // The next recipient begins behind a `; ` with something that has an `@` and a colon.
    let ends = rest.match_indices("; ").find(|(at, _)| {
        let next = rest.get(at + 2..).and_then(|next| next.split_once(": "));
        next.is_some_and(|(address, _)| address.contains('@') && !address.contains(' '))
    });
    Some(rest.get(..ends.map_or(rest.len(), |(at, _)| at))?.trim().to_owned())
}

fn is_inside(mail: &MailRecord, to: &Address) -> bool {
    known(mail, to).is_some_and(|to| to.direction() == Direction::Internal)
}

fn issues(mail: &MailRecord, to: &Address) -> Vec<Check> {
    known(mail, to).map(|to| to.issues.clone()).unwrap_or_default()
}

fn known<'a>(mail: &'a MailRecord, to: &Address) -> Option<&'a crate::policy::To> {
    mail.facts.iter().flat_map(|facts| &facts.recipients).find(|known| known.address.same_mailbox(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn each_recipient_has_its_own_answer() {
        let detail = "a@x.example: 250 2.0.0 ok; queued; bb@x.example: 550 5.1.1 no: such user; b@x.example: ";
        let said = |to: &str| said_of(&address(to), detail);
        assert_eq!(said("a@x.example").as_deref(), Some("250 2.0.0 ok; queued"));
        assert_eq!(said("bb@x.example").as_deref(), Some("550 5.1.1 no: such user"));
        assert_eq!(said("b@x.example").as_deref(), Some(""));
        assert_eq!(said("c@x.example"), None);
    }

    #[test]
    fn what_became_of_a_held_mail() {
        let change = |what: &str, held: &str, detail: Option<&str>| Change {
            held: MailId(held.to_owned()),
            change: what.to_owned(),
            by: None,
            via: Via::System,
            detail: detail.map(str::to_owned),
        };
        let (to, mine) = (address("a@x.example"), MailId("H1".to_owned()));
        let at = Timestamp::UNIX_EPOCH;
        let fate = |changes: &[Change]| {
            let changes: Vec<(Timestamp, &Change)> = changes.iter().map(|change| (at, change)).collect();
            fate_of_held(&to, Some(&mine), &changes).map(|(_, way, _)| way)
        };
        assert_eq!(fate(&[]), Err(Why::Held));
        assert_eq!(fate(&[change("approved", "H1", None)]), Err(Why::Held));
        assert_eq!(fate(&[change("released", "H1", None)]), Ok(Way::Underway));
        assert_eq!(fate(&[change("released", "H2", None), change("withdrawn", "H1", None)]), Err(Why::Withdrawn));
        let out = change("released", "H1", None);
        assert_eq!(fate(&[out.clone(), change("delivered", "H1", Some("a@x.example: 250 ok"))]), Ok(Way::Released));
        for (detail, expected) in [
            ("a@x.example: 250 ok; b@x.example: 550 no", Ok(Way::Released)),
            ("a@x.example: 550 no; b@x.example: 250 ok", Err(Why::NotTaken)),
            ("a@x.example: dropped", Err(Why::NotTaken)),
            ("b@x.example: 550 no", Ok(Way::Underway)),
        ] {
            assert_eq!(fate(&[out.clone(), change("bounced", "H1", Some(detail))]), expected, "{detail}");
        }
    }
}
