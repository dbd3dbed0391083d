//! Records for the tests of this room, one of every kind.

use jiff::Timestamp;

use crate::{
    inspect::{Attachment, Category, Confidence, Finding, Inspection, Reason, Uninspected},
    journal::{
        Access, Accessed, Change, Exported, HistoryAct, MachineDrill, MailRecord, Record, Removed, RulesChange, Via,
        What,
    },
    mail::{Address, Envelope, MailId, Message},
    policy::{Action, Group},
};

pub(super) fn at() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn id(text: &str) -> MailId {
    MailId(text.to_owned())
}

/// A mail with twelve people and a file that could not be opened.
pub(super) fn mail(action: Action) -> Record {
    let envelope = Envelope {
        sender: Address::parse("taro@example.co.jp").ok(),
        recipients: vec![Address::parse("a@partner.example.com").unwrap()],
        ..Envelope::default()
    };
    let inspection = Inspection {
        persons: 12,
        findings: vec![Finding {
            detector: "jp.phone".to_owned(),
            title: None,
            category: Category::Contact,
            confidence: Confidence::High,
            count: 12,
            examples: Vec::new(),
        }],
        uninspected: vec![Uninspected { place: "secret.zip".into(), reason: Reason::Encrypted }],
        attachments: vec![Attachment { kind: "xlsx".into(), name: "顧客.xlsx".into(), size: 7 }],
        ..Inspection::default()
    };
    let groups = [Group::new(action, envelope.recipients.clone())];
    let message = Message::new(*b"Subject: planted\r\nMessage-ID: <1@x>\r\n\r\n090-1234-5678\r\n");
    let mut mail = MailRecord::new("192.0.2.1 mta.example.co.jp", &envelope, &message, &inspection, &groups);
    mail.decisions[0].rules = vec!["bulk-personal-data".to_owned()];
    mail.held = if action == Action::Hold { vec![id("H1")] } else { Vec::new() };
    Record::mail(id("M1"), at(), mail)
}

/// A mail of which there is nothing to say.
pub(super) fn clean_mail() -> Record {
    let envelope = Envelope { recipients: vec![Address::parse("a@out.example").unwrap()], ..Envelope::default() };
    let groups = [Group::new(Action::Forward, envelope.recipients.clone())];
    let message = Message::new(*b"X: y\r\n\r\n");
    let mail = MailRecord::new("::1 mta", &envelope, &message, &Inspection::default(), &groups);
    Record::mail(id("M2"), at(), mail)
}

pub(super) fn mail_of(record: &mut Record) -> &mut MailRecord {
    let What::Mail(mail) = &mut record.what else { unreachable!("it is a mail") };
    mail
}

pub(super) fn change(change: &str) -> Record {
    let change = Change {
        held: id("H1"),
        change: change.to_owned(),
        by: Some("hanako@example.co.jp".to_owned()),
        via: Via::Console,
        detail: Some("why".to_owned()),
    };
    Record::change(id("M1"), at(), change)
}

pub(super) fn access(access: Access) -> Record {
    let (who, place) = ("hanako@example.co.jp".to_owned(), "192.0.2.7".to_owned());
    Record::access(id("A1"), at(), Accessed { who, access, via: Via::Console, place })
}

pub(super) fn every_kind() -> Vec<Record> {
    let mut records: Vec<Record> = Action::ALL.map(mail).into();
    records.push(clean_mail());
    let changes = ["approved", "rejected", "sent_back", "withdrawn", "expired", "released", "delivered", "bounced"];
    records.extend(changes.into_iter().chain(["viewed", "refused", "destroyed", "opinion"]).map(change));
    records.extend(
        [
            Access::LoggedIn { strong: true },
            Access::LoggedOut,
            Access::Locked,
            Access::SessionsEnded { sessions: 2 },
            Access::FactorSet,
            Access::FactorRemoved,
            Access::RecoveryUsed,
            Access::TokenMade,
            Access::TokenEnded,
            Access::ActedAs,
        ]
        .map(access),
    );
    let (by, query) = ("hanako@example.co.jp".to_owned(), "from=taro".to_owned());
    let format = "csv".to_owned();
    let exported =
        Exported { by, via: Via::Console, place: "::1".to_owned(), format, query, rows: Some(3), whole: true };
    records.push(Record::export(id("E1"), at(), exported));
    let differences = vec!["+ new-rule".to_owned()];
    let rules = RulesChange { via: Via::Signal, rules: 9, differences, renewed: vec!["texts of notices".to_owned()] };
    records.push(Record::rules(id("R1"), at(), rules));
    let (act, by) = ("forgotten".to_owned(), "root".to_owned());
    records.push(Record::history(id("F1"), at(), HistoryAct { act, by, via: Via::Cli, person: None, count: 1 }));
    for (failed, left_uninspected) in [(0, 0), (1, 0), (1, 1)] {
        let faults = vec!["jp.phone in xlsx: not_found".to_owned(); failed as usize];
        let (by, node) = ("sekisho".to_owned(), "mx1".to_owned());
        let (scenarios, via) = (600, Via::System);
        let drill =
            MachineDrill { by, via, node, scenarios, failed, left_uninspected, only_reported: 0, faults, seconds: 9 };
        records.push(Record::machine_drill(id("D1"), at(), drill));
    }
    let removed = Removed { records: 5, through: 5, hash: "ab".repeat(32), before: at() };
    records.push(Record { id: id("X1"), at: at(), spooled_until: None, what: What::Removed(removed) });
    records
}
