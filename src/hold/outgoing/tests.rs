//! What becomes of mail on its way out, and who hears of it: attempts, mail that went straight through, mail that is dropped.

use super::*;
use crate::{
    hold::{Relayed, fixture::*, later},
    journal::Via,
    mail::{Envelope, Notify, RcptDsn},
    store::Store,
};

const OTHER: &str = "suzuki@partner.example.com";

/// The next hop refuses everybody.
fn refused(row: &mut OutboxRow, said: &str) -> Tidings {
    for consignee in &mut row.recipients {
        (consignee.fate, consignee.reply) = (Fate::Refused, Some(said.to_owned()));
        consignee.via = Some("mx.internal.example.net".to_owned());
    }
    Tidings { refused: row.recipients.clone(), ..Tidings::default() }
}

fn notify(success: bool, failure: bool, delay: bool) -> RcptDsn {
    RcptDsn { notify: Some(Notify { success, failure, delay }), orcpt: None }
}

/// A released mail to [`OUTSIDE`] and [`OTHER`] whose sender asked for `asked` about the former.
async fn released(hold: &Hold, asked: RcptDsn, ret: Option<Ret>) -> MailId {
    let mut mail = arrival(vec![group(policy::Action::Hold, &[OUTSIDE, OTHER])]);
    mail.envelope.dsn.note(&address(OUTSIDE), asked);
    mail.envelope.dsn.note(&address(OTHER), notify(false, false, false));
    (mail.envelope.dsn.ret, mail.envelope.dsn.envid) = (ret, Some("QQ+2B1".to_owned()));
    let id = hold.take(mail).await.unwrap();
    hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    id
}

async fn dsns(store: &Store) -> Vec<String> {
    outbox(store).await.into_iter().filter(|letter| letter.kind == Kind::Dsn).map(|letter| letter.text).collect()
}

#[tokio::test]
async fn a_failure_is_told_in_full_and_only_of_whom_the_sender_wants_to_hear() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let orcpt = Some("rfc822;alias+2B1@partner.example.com".to_owned());
    let id = released(&hold, RcptDsn { orcpt, ..RcptDsn::default() }, None).await;
    let mut row = release(&store).await;
    hold.clear(&row.id, noon()).await.unwrap().unwrap();
    let tidings = refused(&mut row, "550 5.1.1 no such user");
    hold.settle(&row, &tidings, noon()).await.unwrap();
    let told = dsns(&store).await;
    assert_eq!(told.len(), 1);
    for line in [
        "Original-Envelope-Id: QQ+1",
        "Original-Recipient: rfc822; alias+1@partner.example.com\r\nFinal-Recipient: rfc822; yamada@partner.example.com",
        "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.internal.example.net",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        "Last-Attempt-Date: Mon, 02 Nov 2026 12:00:00 +0000",
        "secret words",
    ] {
        assert!(told[0].contains(line), "{line} in\n{}", told[0]);
    }
    assert!(!told[0].contains(OTHER), "NOTIFY=NEVER is silence");
    assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Bounced);
    let journal = journal::Journal::start(store.clone());
    let records = journal.search(OTHER, Timestamp::MIN, Timestamp::MAX, 100).await.unwrap();
    assert!(format!("{records:?}").contains("no such user"), "but the journal knows: {records:?}");
}

#[tokio::test]
async fn ret_hdrs_returns_the_header_only_and_without_failure_nothing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    released(&hold, RcptDsn::default(), Some(Ret::Hdrs)).await;
    let mut row = release(&store).await;
    let tidings = refused(&mut row, "550 5.1.1 no such user");
    hold.settle(&row, &tidings, noon()).await.unwrap();
    let told = dsns(&store).await;
    assert!(told[0].contains("Subject: list") && !told[0].contains("secret words"), "{}", told[0]);

    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    released(&hold, notify(true, false, true), None).await;
    let mut row = release(&store).await;
    let tidings = refused(&mut row, "550 5.1.1 no such user");
    hold.settle(&row, &tidings, noon()).await.unwrap();
    assert!(dsns(&store).await.is_empty());
}

#[tokio::test]
async fn delays_are_told_by_default_and_relays_when_asked_with_the_header_only() {
    for (asked, delayed, relayed) in [
        (RcptDsn::default(), 1, 0),
        (notify(false, false, true), 1, 0),
        (notify(true, true, false), 0, 1),
        (notify(false, false, false), 0, 0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        released(&hold, asked, Some(Ret::Full)).await;
        let mut row = release(&store).await;
        row.recipients[0].reply = Some("451 4.4.1 no answer".to_owned());
        let waits = row.recipients.clone();
        let until = later(noon(), minutes(60));
        let tidings = Tidings { delayed: waits, retry_until: until, ..Tidings::default() };
        hold.settle(&row, &tidings, noon()).await.unwrap();
        let told = dsns(&store).await;
        assert_eq!(told.iter().filter(|text| text.contains("Action: delayed\r\nStatus: 4.4.1")).count(), delayed);
        assert!(told.iter().all(|text| text.contains("Will-Retry-Until: Mon, 02 Nov 2026 13:00:00 +0000")));

        row.recipients[0].reply = Some("250 2.6.0 queued".to_owned());
        row.recipients[0].fate = Fate::Accepted;
        let tidings = Tidings { relayed: row.recipients.clone(), ..Tidings::default() };
        hold.settle(&row, &tidings, noon()).await.unwrap();
        let told = dsns(&store).await;
        assert_eq!(told.iter().filter(|text| text.contains("Action: relayed\r\nStatus: 2.6.0")).count(), relayed);
        assert!(told.iter().all(|text| text.contains("Subject: list") && !text.contains("secret words")));
    }
}

/// Settles one attempt twice, as after a commit that took effect and was not answered.
async fn settle_twice(hold: &Hold, row: &OutboxRow, tidings: &Tidings) {
    hold.settle(row, tidings, noon()).await.unwrap();
    hold.settle(row, tidings, later(noon(), minutes(1))).await.unwrap();
}

#[tokio::test]
async fn what_was_committed_in_spite_of_an_error_is_not_noted_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    released(&hold, notify(true, true, false), None).await;
    let mut row = hold.clear(&release(&store).await.id, noon()).await.unwrap().unwrap().row;
    row.attempts = 1;
    for consignee in &mut row.recipients {
        (consignee.fate, consignee.reply) = (Fate::Accepted, Some("250 2.6.0 queued".to_owned()));
    }
    let tidings = Tidings { relayed: row.recipients.clone(), ..Tidings::default() };
    settle_twice(&hold, &row, &tidings).await;
    assert_eq!(dsns(&store).await.len(), 1);
    assert_eq!(changes(&store).await, ["mail hold", "approved", "released", "delivered"]);

    // Refused for one, put off for the other.
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    released(&hold, RcptDsn::default(), None).await;
    let mut row = hold.clear(&release(&store).await.id, noon()).await.unwrap().unwrap().row;
    row.attempts = 1;
    (row.recipients[0].fate, row.recipients[0].reply) = (Fate::Refused, Some("550 5.1.1 no".to_owned()));
    row.recipients[1].reply = Some("451 4.3.0 busy".to_owned());
    let tidings = Tidings { refused: row.recipients[..1].to_vec(), ..Tidings::default() };
    settle_twice(&hold, &row, &tidings).await;
    assert_eq!((dsns(&store).await.len(), release(&store).await.attempts), (1, 1));
    // The next attempt is another one.
    row.attempts = 2;
    (row.recipients[1].fate, row.recipients[1].reply) = (Fate::Accepted, Some("250 2.6.0 queued".to_owned()));
    settle_twice(&hold, &row, &Tidings::default()).await;
    assert_eq!(changes(&store).await, ["mail hold", "approved", "released", "bounced"]);
}

/// PostgreSQL's text has none: it would refuse the change each time it is tried again.
#[tokio::test]
async fn a_nul_in_what_the_next_hop_says_keeps_nothing_from_being_noted() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    hold.take(arrival(vec![group(policy::Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
    let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
    let mut row = due.into_iter().find(|row| row.recipients[0].address == address(BOSS)).unwrap();
    let tidings = refused(&mut row, "550 5.1.1 no\0body");
    hold.settle(&row, &tidings, noon()).await.unwrap();
    assert_eq!(changes(&store).await, ["mail require_approval", "unasked"]);
}

#[tokio::test]
async fn nobody_is_told_of_our_own_mail_or_of_mail_from_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let mut mail = arrival(vec![group(policy::Action::Hold, &[OUTSIDE])]);
    mail.envelope.sender = None;
    let id = hold.take(mail).await.unwrap();
    hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    for mut row in store.outbox_due(Timestamp::MAX, 100).await.unwrap() {
        let tidings = refused(&mut row, "550 5.7.1 no");
        let tidings = Tidings { delayed: tidings.refused.clone(), relayed: tidings.refused.clone(), ..tidings };
        hold.settle(&row, &tidings, noon()).await.unwrap();
    }
    assert!(dsns(&store).await.is_empty());
}

#[tokio::test]
async fn of_a_mail_that_went_straight_through_only_who_asked_hears() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let recipients = [address(OUTSIDE), address(OTHER)];
    let envelope = Envelope { sender: Some(address(SENDER)), recipients: recipients.to_vec(), ..Envelope::default() };
    let (id, message) = (MailId("M".to_owned()), Message::new(BYTES));
    let passed = |envelope| Relayed {
        id: &id,
        at: noon(),
        envelope,
        message: &message,
        subject: "list",
        recipients: &recipients,
        via: Some("mx.example.com"),
        reply: "250 2.0.0 queued",
    };
    assert!(!hold.relayed(&passed(&envelope), noon()).await.unwrap());
    let mut asked = envelope.clone();
    asked.dsn.note(&address(OUTSIDE), notify(true, true, false));
    let outside = Envelope { sender: Some(address("me@elsewhere.example.net")), ..asked.clone() };
    assert!(!hold.relayed(&passed(&outside), noon()).await.unwrap());
    assert!(hold.relayed(&passed(&asked), noon()).await.unwrap());
    let letters = outbox(&store).await;
    assert_eq!((letters.len(), letters[0].to[0].as_str()), (1, SENDER));
    let text = &letters[0].text;
    assert!(
        text.contains("Action: relayed") && text.contains(OUTSIDE) && text.contains("Remote-MTA: dns; mx.example.com")
    );
    assert!(!text.contains(OTHER) && !text.contains("secret words"), "{text}");
}

#[tokio::test]
async fn a_dropped_mail_bounces_is_journalled_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let id = released(&hold, RcptDsn::default(), None).await;
    let row = release(&store).await;
    let error = hold.drop_outgoing(&row.id.0, &address(BOSS), Via::Cli, "", noon()).await.unwrap_err();
    assert!(error.to_string().contains(SECURITY), "{error}");
    let short = row.id.0.to_lowercase();
    let dropped = hold.drop_outgoing(&short, &address(SECURITY), Via::Cli, "closed <b>account", noon()).await.unwrap();
    assert_eq!(dropped, row.id);
    assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Bounced);
    assert_eq!(changes(&store).await, ["mail hold", "approved", "dropped", "bounced"]);
    let told = dsns(&store).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("Action: failed\r\nStatus: 5.7.1") && told[0].contains("closed"), "{}", told[0]);
    let error = hold.drop_outgoing(&short, &address(SECURITY), Via::Cli, "", noon()).await.unwrap_err();
    assert!(matches!(error, HoldError::NotOutgoing(_)), "{error}");

    // An attempt that was under way meanwhile changes nothing any more.
    let mut late = row;
    late.recipients[0].fate = Fate::Accepted;
    hold.settle(&late, &Tidings::default(), noon()).await.unwrap();
    assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Bounced);
    assert_eq!(changes(&store).await.last().unwrap(), "dropped");
}

#[tokio::test]
async fn a_notice_can_be_dropped_and_a_mail_be_made_due_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    released(&hold, RcptDsn::default(), None).await;
    let mut row = release(&store).await;
    row.next_attempt_at = later(noon(), minutes(60));
    hold.settle(&row, &Tidings::default(), noon()).await.unwrap();
    assert_eq!(hold.retry(&row.id.0, noon()).await.unwrap(), row.id);
    assert_eq!(release(&store).await.next_attempt_at, noon());
    let all = hold.outgoing().await.unwrap();
    let notice = all.iter().find(|row| row.kind == Kind::Notice).unwrap();
    hold.drop_outgoing(&notice.id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    assert_eq!(hold.outgoing().await.unwrap().len(), all.len() - 1);
    assert!(dsns(&store).await.is_empty(), "nobody is told of our own mail");
    for (id, ambiguous) in [("ZZZ", false), ("0", true)] {
        let error = hold.retry(id, noon()).await.unwrap_err();
        assert_eq!(matches!(error, HoldError::Ambiguous(_)), ambiguous, "{error}");
    }
}

#[tokio::test]
async fn a_sender_outside_hears_of_a_refused_release_without_the_mail() {
    const OUTSIDER: &str = "me@elsewhere.example.net";
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let mut mail = arrival(vec![group(policy::Action::Hold, &[OUTSIDE])]);
    mail.envelope.sender = Some(address(OUTSIDER));
    let id = hold.take(mail).await.unwrap();
    hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    let mut row = release(&store).await;
    let tidings = refused(&mut row, "550 5.1.1 secret words");
    hold.settle(&row, &tidings, noon()).await.unwrap();
    tells_nothing(&store, OUTSIDER).await;
}

#[tokio::test]
async fn a_request_that_reaches_nobody_is_told_to_the_security_team_once() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    hold.take(arrival(vec![group(policy::Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
    for person in [BOSS, SENDER, SECURITY] {
        let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
        let mut row = due.into_iter().find(|row| row.recipients[0].address == address(person)).unwrap();
        let tidings = refused(&mut row, "550 5.1.1 no such user");
        hold.settle(&row, &tidings, noon()).await.unwrap();
        let told: Vec<_> = outbox(&store).await.into_iter().filter(|letter| letter.to == [SECURITY]).collect();
        assert_eq!(told.len(), usize::from(person != SECURITY), "only for {BOSS}, not for {person}");
        for letter in told {
            assert!(letter.text.contains(BOSS) && letter.text.contains("no such user"), "{}", letter.text);
            assert!(!letter.text.contains("secret words"), "{}", letter.text);
        }
    }
    assert_eq!(changes(&store).await, ["mail require_approval", "unasked"]);
}
