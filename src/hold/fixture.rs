//! What the tests of this room and of the outbox share: a company of invented people, and mails to hold.

use std::{path::Path, time::Duration};

use jiff::Timestamp;

use super::{Arrival, HeldSummary, Hold, HoldError, Settings, State, Wanted, new_id};
use crate::{
    directory::{Directory, People},
    inspect::Inspection,
    journal::Journal,
    language::{Language, Text},
    mail::{Address, Envelope, MailId, Message},
    notice::{Voice, Wording},
    policy::{Action, Duties, Group, Matched},
    recipients::{Direction, Lesson, Organization, Recipient},
    store::{Kind, OutboxRow, Store},
};

pub(crate) const SENDER: &str = "taro@example.co.jp";
pub(crate) const BOSS: &str = "boss@example.co.jp";
pub(crate) const VICE: &str = "vice@example.co.jp";
pub(crate) const SECURITY: &str = "security@example.co.jp";
pub(crate) const OUTSIDE: &str = "yamada@partner.example.com";
pub(crate) const BYTES: &[u8] =
    b"From: taro@example.co.jp\r\nSubject: list\r\nMessage-ID: <1@example.co.jp>\r\n\r\nsecret words\r\n.dot\r\n";
pub(crate) const TRACE: &[u8] = b"Received: by relay.example.co.jp\r\n";

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// A moment; all tests count from here.
pub(crate) fn noon() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(crate) fn settings() -> Settings {
    Settings {
        security: vec![address(SECURITY)],
        approvers: vec![address(BOSS), address(VICE)],
        expires_after: minutes(60),
        delay: minutes(10),
        remind_after: None,
        escalate_after: None,
        calendar: crate::policy::Calendar::default(),
        keep: crate::hold::Keep::default(),
        // Most tests take more mails within a minute than any person sends.
        limits: crate::hold::Limits { to_sender: 10_000, to_decider: 10_000, within: minutes(10) },
        digest: None,
    }
}

pub(crate) async fn hold_in(dir: &Path, settings: Settings) -> (Store, Hold) {
    hold_with(dir, settings, People::default()).await
}

/// The same in a company whose directory knows `people`.
pub(crate) async fn hold_with(dir: &Path, settings: Settings, people: People) -> (Store, Hold) {
    let store = Store::open(dir).await.unwrap();
    (store.clone(), hold_over(store, settings, people))
}

/// The same over a store that is open.
pub(crate) fn hold_over(store: Store, settings: Settings, people: People) -> Hold {
    let voice = Voice {
        language: Language::En,
        organization: "Toho Kanko".to_owned(),
        hostname: "relay.example.co.jp".to_owned(),
        timezone: jiff::tz::TimeZone::UTC,
        public_url: String::new(),
        wording: Wording::default(),
    };
    let organization = Organization { domains: vec!["example.co.jp".to_owned()], ..Organization::default() };
    Hold::new(store, settings, voice, organization, Directory::open(people.into(), None, Path::new("")))
}

pub(crate) fn group(action: Action, recipients: &[&str]) -> Group {
    let title = Text { ja: "理由".to_owned(), en: "reason".to_owned() };
    let matched = vec![Matched { rule: format!("rule-{action}"), action, title, duties: Duties::default() }];
    Group { matched, ..Group::new(action, recipients.iter().map(|text| address(text)).collect()) }
}

/// A mail from [`SENDER`] with the given verdict.
pub(crate) fn arrival(groups: Vec<Group>) -> Arrival {
    let recipients: Vec<Address> = groups.iter().flat_map(|group| group.recipients.clone()).collect();
    let judged = recipients.iter().map(|address| Recipient::new(address.clone(), Direction::External));
    Arrival {
        id: new_id(),
        at: noon(),
        peer: "127.0.0.1 (mta.example.co.jp)".to_owned(),
        recipients: judged.collect(),
        envelope: Envelope { sender: Some(address(SENDER)), recipients, ..Envelope::default() },
        authors: vec![address(SENDER)],
        message: Message::new(BYTES),
        trace: TRACE.to_vec(),
        subject: "list".to_owned(),
        inspection: Inspection { persons: 12, ..Inspection::default() },
        facts: None,
        lesson: Lesson::default(),
        groups,
    }
}

impl Hold {
    /// All held mails at once, the newest first; with `state` only those.
    pub(crate) async fn list(&self, state: Option<State>) -> Result<Vec<HeldSummary>, HoldError> {
        let mut listing = self.listing(Wanted { states: state.into_iter().collect(), ..Wanted::default() });
        let mut all = Vec::new();
        loop {
            let mails = listing.next(usize::MAX).await?;
            if mails.is_empty() {
                return Ok(all);
            }
            all.extend(mails);
        }
    }
}

/// Takes a mail whose forwarded part the next hop has.
pub(crate) async fn taken_with_its_forward(hold: &Hold, mail: Arrival) -> MailId {
    let key = mail.retry_key().await.unwrap();
    hold.take_rest(mail, key, Some("2.0.0 ok")).await.unwrap().into_id()
}

/// One mail in the outbox.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) kind: Kind,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Letter {
    /// The secret in its Reply-To field.
    pub(crate) fn secret(&self) -> String {
        let (_, rest) = self.text.split_once("sekisho+").expect("a secret address");
        rest.split('@').next().unwrap().to_owned()
    }
}

/// The one release in the outbox.
pub(crate) async fn release(store: &Store) -> OutboxRow {
    let due = store.outbox_due(Timestamp::MAX, 1000).await.unwrap();
    due.into_iter().find(|row| row.kind == Kind::Release).unwrap()
}

/// Everything in the outbox, opened.
pub(crate) async fn outbox(store: &Store) -> Vec<Letter> {
    let mut letters = Vec::new();
    for row in store.outbox_due(Timestamp::MAX, 1000).await.unwrap() {
        let bytes = store.unseal(&row.sealed_id).await.unwrap();
        letters.push(Letter {
            kind: row.kind,
            to: row.recipients.iter().map(|consignee| consignee.address.to_string()).collect(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        });
    }
    letters
}

/// What the journal says happened to held mails, in order.
pub(crate) async fn changes(store: &Store) -> Vec<String> {
    let journal = Journal::start(store.clone());
    assert_eq!(journal.verify().await.unwrap().broken, None);
    let mut records = journal.search("", Timestamp::MIN, Timestamp::MAX, 10_000).await.unwrap();
    records.reverse();
    records
        .into_iter()
        .map(|record| match record.what {
            crate::journal::What::Mail(mail) => format!("mail {}", mail.decision),
            crate::journal::What::Change(change) => change.change,
            crate::journal::What::Rules(_) => "rules".to_owned(),
            crate::journal::What::Removed(_) => "removed".to_owned(),
            crate::journal::What::History(act) => act.act,
            crate::journal::What::Access(_) => "access".to_owned(),
            crate::journal::What::Export(_) => "export".to_owned(),
            crate::journal::What::MachineDrill(_) => "machine_drill".to_owned(),
        })
        .collect()
}

/// The one delivery status notice in the outbox, which must tell `to` nothing of the mail.
pub(crate) async fn tells_nothing(store: &Store, to: &str) {
    let letters = outbox(store).await;
    let told: Vec<_> = letters.iter().filter(|letter| letter.kind == Kind::Dsn).collect();
    assert_eq!((told.len(), told[0].to[0].as_str()), (1, to));
    for secret in ["secret words", "Subject: list", "reason", BOSS, SECURITY, "in@example.co.jp"] {
        assert!(!told[0].text.contains(secret), "{secret} in\n{}", told[0].text);
    }
    assert!(told[0].text.contains("message/delivery-status") && told[0].text.contains(OUTSIDE));
}
