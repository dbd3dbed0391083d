//! The outbox at work, with a next hop on loopback and whatever goes wrong around it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::*;
use crate::{
    hold::{Arrival, State, fixture::*},
    journal::{self, Change, Record, Via},
    mail::MailId,
    policy::Action,
    store::{Kind, OutboxRow},
};

async fn attempt(hold: &Hold, fake: &fake::Fake, row: OutboxRow, now: Timestamp) {
    attempt::make((hold, &fake.next_hop(), &Settings::default()), row, || now, 0.0).await;
}

async fn approved(hold: &Hold, recipients: &[&str]) -> MailId {
    let id = hold.take(arrival(vec![group(Action::RequireApproval, recipients)])).await.unwrap();
    hold.approve(&id.0, &address(BOSS), Via::Cli, "", noon()).await.unwrap();
    id
}

async fn state(hold: &Hold, id: &MailId) -> State {
    hold.show(&id.0).await.unwrap().summary.state
}

/// The node's clock is a month ahead, and the database's is right.
#[tokio::test]
async fn a_wrong_clock_neither_returns_nor_releases_anything_early_where_nodes_share_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    if store.is_a_file() {
        return;
    }
    let month = jiff::SignedDuration::from_hours(30 * 24);
    store.with_wrong_clock(month);
    assert!(store.set_clock().await.unwrap().is_some(), "somebody is told");
    let take = async |action, to: &str| {
        let mail = Arrival { at: hold.now(), ..arrival(vec![group(action, &[to])]) };
        hold.take(mail).await.unwrap()
    };
    let (held, delayed) = (take(Action::Hold, OUTSIDE).await, take(Action::Delay, "d@x.example.com").await);
    // What is due goes out, so the loop goes round; what is not, stays.
    let mut row = OutboxRow::notice("LATER", hold.now());
    row.next_attempt_at = hold.now() + jiff::SignedDuration::from_hours(1);
    let mut writing = store.write().await.unwrap();
    writing.put_outbox(&row).await.unwrap();
    writing.commit().await.unwrap();
    let fake = fake::Fake::start().await;
    let outbox = Outbox::new(store.clone(), hold.clone(), fake.next_hop(), Settings::default());
    let (stop, pulse, claim) = (CancellationToken::new(), outbox.pulse(), store.claim_outbox().await.unwrap());
    let looked = async {
        while pulse.turns() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    tokio::join!(outbox.run(&claim, stop.clone()), looked);
    hold.due(hold.now()).await.unwrap();
    assert_eq!((state(&hold, &held).await, state(&hold, &delayed).await), (State::Pending, State::Pending));
    let left = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
    assert!(left.iter().any(|left| left.id == row.id), "put off by an hour");
    // By this machine's own clock they would be gone.
    let due = hold.due(Timestamp::now() + month).await.unwrap();
    assert_eq!((due.expired, due.lapsed), (1, 1));
}

#[tokio::test]
async fn an_approved_mail_arrives_as_it_came_with_the_trace_in_front() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let id = approved(&hold, &[OUTSIDE]).await;
    let outbox = Outbox::new(store.clone(), hold.clone(), fake.next_hop(), Settings::default());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (stop, claim) = (stop.clone(), store.claim_outbox().await.unwrap());
        async move { outbox.run(&claim, stop).await }
    });
    // Notice to the sender, two requests, the release, the outcome.
    let came = fake.wait_for(5).await;
    stop.cancel();
    running.await.unwrap();
    let released: Vec<_> = came.iter().filter(|mail| mail.to == [OUTSIDE]).collect();
    assert_eq!(released.len(), 1);
    assert_eq!((released[0].from.as_str(), &released[0].bytes), (SENDER, &[TRACE, BYTES].concat()));
    assert!(came.iter().filter(|mail| mail.to != [OUTSIDE]).all(|mail| mail.from.is_empty()));
    assert_eq!((state(&hold, &id).await, store.outbox_length().await.unwrap()), (State::Delivered, 0));
}

#[tokio::test]
async fn a_decision_of_another_process_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let (_, command_line) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let now = Timestamp::now();
    let mail = Arrival { at: now, ..arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]) };
    let id = hold.take(mail).await.unwrap();
    let outbox = Outbox::new(store.clone(), hold.clone(), fake.next_hop(), Settings::default());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (stop, claim) = (stop.clone(), store.claim_outbox().await.unwrap());
        async move { outbox.run(&claim, stop).await }
    });
    fake.wait_for(3).await;
    command_line.approve(&id.0, &address(BOSS), Via::Cli, "", now).await.unwrap();
    let came = fake.wait_for(5).await;
    stop.cancel();
    running.await.unwrap();
    assert!(came.iter().any(|mail| mail.to == [OUTSIDE]));
}

#[tokio::test]
async fn each_recipient_gets_it_once_and_who_cannot_is_told_to_the_sender() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let (good, slow, gone) = ("good@x.example.com", "slow@x.example.com", "gone@x.example.com");
    let id = approved(&hold, &[good, slow, gone]).await;
    fake.answer(slow, "450 4.2.0 try later");
    fake.answer(gone, "550 5.1.1 no such user here");
    attempt(&hold, &fake, release(&store).await, noon()).await;
    let row = release(&store).await;
    assert_eq!((row.attempts, row.next_attempt_at, state(&hold, &id).await), (1, noon() + minutes(1), State::Released));
    let dsn =
        store.outbox_due(Timestamp::MAX, 100).await.unwrap().into_iter().find(|row| row.kind == Kind::Dsn).unwrap();
    let words = String::from_utf8(store.unseal(&dsn.sealed_id).await.unwrap()).unwrap();
    assert!(words.contains("no such user here") && words.contains(gone) && !words.contains(slow), "{words}");
    assert_eq!(dsn.recipients[0].address, address(SENDER));

    fake.answer(slow, "250 2.1.5 ok");
    attempt(&hold, &fake, row, noon() + minutes(1)).await;
    let came: Vec<Vec<String>> = fake.came().into_iter().map(|mail| mail.to).collect();
    assert_eq!(came, [[good], [slow]]);
    assert_eq!(state(&hold, &id).await, State::Bounced);
}

#[tokio::test]
async fn a_next_hop_that_is_down_loses_nothing_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let id = approved(&hold, &[OUTSIDE]).await;
    fake.answer_data(Some("451 4.3.0 disk full"));
    attempt(&hold, &fake, release(&store).await, noon()).await;
    let cleared = hold.clear(&release(&store).await.id, noon()).await.unwrap();
    // Dropped between clearance and settlement, as in a crash.
    drop((cleared, store, hold));
    let (store, hold) = hold_in(dir.path(), settings()).await;
    assert_eq!(state(&hold, &id).await, State::Released);
    fake.answer_data(None);
    attempt(&hold, &fake, release(&store).await, noon()).await;
    assert_eq!((fake.came().len(), state(&hold, &id).await), (1, State::Delivered));
}

#[tokio::test]
async fn a_mail_that_was_not_approved_never_reaches_the_next_hop() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    approved(&hold, &[OUTSIDE]).await;
    let mut writing = store.write().await.unwrap();
    writing.tamper("DROP TRIGGER held_changes").await;
    writing.tamper("UPDATE held SET state = 'pending'").await;
    writing.commit().await.unwrap();
    attempt(&hold, &fake, release(&store).await, noon()).await;
    assert!(fake.came().is_empty());
    assert_eq!(release(&store).await.attempts, 1, "and is not tried again at once");
}

/// Whoever dies of a mail would die of it every second, with the journal told each time.
#[tokio::test]
async fn an_attempt_that_dies_counts_as_one_that_failed_and_keeps_nobody_else_waiting() {
    const FATAL: &str = "dies-once@x.example.com";
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let mail = Arrival { at: hold.now(), ..arrival(vec![group(Action::RequireApproval, &[FATAL])]) };
    let id = hold.take(mail).await.unwrap();
    hold.approve(&id.0, &address(BOSS), Via::Cli, "", hold.now()).await.unwrap();
    let outbox = Outbox::new(store.clone(), hold.clone(), fake.next_hop(), Settings::default());
    let (stop, claim) = (CancellationToken::new(), store.claim_outbox().await.unwrap());
    let (pulse, running) = (outbox.pulse(), outbox.run(&claim, stop.clone()));
    let watched = async {
        while release(&store).await.attempts == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The next hop gets what comes meanwhile, and the loop looks again at what is due.
        let turns = pulse.turns();
        put(&store, "OTHER", "other@x.example.com").await;
        while pulse.turns() < turns + 3 || !fake.came().iter().any(|mail| mail.to == ["other@x.example.com"]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    tokio::join!(running, watched);
    let row = release(&store).await;
    assert_eq!((row.attempts, state(&hold, &id).await), (1, State::Released));
    assert!(row.next_attempt_at > store.now() + minutes(0) && row.queued().count() == 1, "{row:?}");
    assert!(row.recipients[0].reply.as_deref().unwrap().contains("fault of sekisho"), "{row:?}");
    assert_eq!(changes(&store).await.last().unwrap(), "broken_off");
    assert_eq!(changes(&store).await.iter().filter(|change| *change == "broken_off").count(), 1);
    assert!(!fake.asked().contains(&FATAL.to_owned()));

    let later = row.next_attempt_at;
    attempt(&hold, &fake, row, later).await;
    assert_eq!(fake.came().iter().filter(|mail| mail.to == [FATAL]).count(), 1);
    assert_eq!(state(&hold, &id).await, State::Delivered);
}

/// The next hop has the mail by then.
#[tokio::test]
async fn a_fault_while_the_outcome_is_noted_does_not_make_the_mail_go_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let id = approved(&hold, &[OUTSIDE]).await;
    let asked = std::cell::Cell::new(0);
    // Asked to clear, to judge, and to settle.
    let now = || {
        asked.set(asked.get() + 1);
        assert!(asked.get() != 3, "a fault of ours, made for a test");
        noon()
    };
    attempt::make((&hold, &fake.next_hop(), &Settings::default()), release(&store).await, now, 0.0).await;
    assert_eq!((asked.get(), fake.came().len(), state(&hold, &id).await), (4, 1, State::Delivered));
    assert!(!changes(&store).await.contains(&"broken_off".to_owned()), "the attempt did not fail");
}

#[tokio::test]
async fn a_mail_of_which_everything_dies_rests_and_the_others_go() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    put(&store, "A", "dies@x.example.com").await;
    let mut under_way = under_way::UnderWay::default();
    let outbox = Outbox::new(store.clone(), hold, fake.next_hop(), Settings { at_once: 1, ..Settings::default() });
    let claim = store.claim_outbox().await.unwrap();
    outbox.start_due(&claim, &mut under_way).await;
    assert_eq!(under_way.ended(minutes(60)).await, Some(MailId("A".to_owned())));
    put(&store, "B", "b@x.example.com").await;
    outbox.start_due(&claim, &mut under_way).await;
    assert_eq!(under_way.ended(minutes(60)).await, Some(MailId("B".to_owned())), "there is room for one");
    assert_eq!(fake.came().len(), 1);
    outbox.start_due(&claim, &mut under_way).await;
    assert_eq!(under_way.ended(minutes(60)).await, None, "it rests");
    assert_eq!(store.outbox_length().await.unwrap(), 1, "and is kept");
}

/// A notice to `to`, which is due.
async fn put(store: &Store, id: &str, to: &str) {
    let sealed = store.seal(id, Arc::from(&b"Subject: x\r\n\r\nx\r\n"[..])).await.unwrap();
    let mut writing = store.write().await.unwrap();
    writing.put_sealed(sealed).await.unwrap();
    let row = OutboxRow {
        id: MailId(id.to_owned()),
        kind: Kind::Notice,
        mail_id: None,
        held_id: None,
        sealed_id: id.to_owned(),
        sender: None,
        body: crate::mail::BodyKind::SevenBit,
        smtputf8: false,
        requiretls: false,
        dsn: crate::mail::Dsn::default(),
        trace: Vec::new(),
        recipients: vec![crate::store::Consignee::new(address(to))],
        attempts: 0,
        created_at: noon(),
        next_attempt_at: noon(),
    };
    writing.put_outbox(&row).await.unwrap();
    writing.commit().await.unwrap();
}

#[tokio::test]
async fn a_slow_domain_leaves_room_for_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    for number in 0..30 {
        let to = format!("slow{number}@Slow.example.com");
        put(&store, &format!("A{number:02}"), &to).await;
        fake.answer(&to, fake::NEVER);
    }
    put(&store, "Z", "quick@other.example.com").await;
    let outbox = Outbox::new(store.clone(), hold, fake.next_hop(), Settings { at_once: 4, ..Settings::default() });
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (stop, claim) = (stop.clone(), store.claim_outbox().await.unwrap());
        async move { outbox.run(&claim, stop).await }
    });
    assert_eq!(fake.wait_for(1).await[0].to, ["quick@other.example.com"]);
    let asked = fake.asked().into_iter().filter(|to| to.starts_with("slow")).count();
    assert!(asked <= Settings::default().per_domain, "{asked} at once");
    running.abort();
}

#[tokio::test]
async fn a_store_that_cannot_note_what_was_brought_out_does_not_make_it_go_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    put(&store, "A", "a@x.example.com").await;
    let mut writing = store.write().await.unwrap();
    writing.tamper("CREATE TRIGGER disk_full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END").await;
    writing.commit().await.unwrap();
    let outbox = Outbox::new(store.clone(), hold, fake.next_hop(), Settings::default());
    let claim = store.claim_outbox().await.unwrap();
    let running = tokio::spawn(async move { outbox.run(&claim, CancellationToken::new()).await });
    fake.wait_for(1).await;
    // Three times as long as a new attempt would take.
    let again = tokio::time::timeout(POLL * 3, fake.wait_for(2)).await;
    assert!(again.is_err(), "it went out {} times", fake.came().len());
    let mut writing = store.write().await.unwrap();
    writing.tamper("DROP TRIGGER disk_full").await;
    writing.commit().await.unwrap();
    while store.outbox_length().await.unwrap() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fake.came().len(), 1);
    running.abort();
}

#[tokio::test]
async fn whoever_waits_in_vain_in_the_midst_of_a_change_lets_others_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let silent = Box::pin(async {
        let mut writing = store.write().await?;
        writing.put_outbox(&OutboxRow::notice("A", noon())).await?;
        std::future::pending::<Result<(), StoreError>>().await
    });
    let error = in_time(Duration::from_millis(200), silent).await.unwrap_err();
    assert!(error.to_string().contains("in time"), "{error}");
    tokio::time::timeout(Duration::from_secs(10), store.probe()).await.unwrap().unwrap();
    assert_eq!(store.outbox_length().await.unwrap(), 0);
}

#[tokio::test]
async fn time_that_takes_long_to_act_keeps_the_outbox_from_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    let claim = store.claim_outbox().await.unwrap();
    let outbox = Outbox::new(store.clone(), hold, fake.next_hop(), Settings::default());
    // Whatever time has to do must wait for this.
    let _busy = Store::open(dir.path()).await.unwrap().write().await.unwrap();
    let pulse = outbox.pulse();
    let running = tokio::spawn(async move { outbox.run(&claim, CancellationToken::new()).await });
    let beats = async {
        while pulse.turns() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(8), beats).await.is_ok(), "{} turns", pulse.turns());
    running.abort();
}

/// Deadlines and the sweep beside them do without it, and it without them.
#[tokio::test]
async fn the_journal_is_shortened_beside_the_clock_and_not_within_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut keep = settings();
    keep.keep.journal = Some(jiff::SignedDuration::from_hours(90 * 24));
    let (store, hold) = hold_in(dir.path(), keep).await;
    let ago = |days: i64| Timestamp::now() - jiff::SignedDuration::from_hours(days * 24);
    let record = |days: i64| {
        let held = MailId(format!("H{days}"));
        let viewed = Change { held, change: "viewed".to_owned(), by: None, via: Via::System, detail: None };
        Record::change(MailId(format!("M{days}")), ago(days), viewed)
    };
    let mut writing = store.write().await.unwrap();
    journal::append(&mut writing, &[120, 100, 20].map(record)).await.unwrap();
    // Put off by a wrong clock: looked for at the end of each sweep.
    let mut row = OutboxRow::notice("LATER", ago(0));
    row.next_attempt_at = ago(-400);
    writing.put_outbox(&row).await.unwrap();
    writing.commit().await.unwrap();
    let outbox = Outbox::new(store.clone(), hold, fake::Fake::start().await.next_hop(), Settings::default());
    let begins = async || store.journal_anchor().await.unwrap().map(|anchor| anchor.seq);
    let swept = async {
        while store.outbox_due(ago(-300), 9).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! { () = outbox.let_time_act() => {}, () = swept => {} }
    assert_eq!(begins().await, None);
    let gone = async {
        while begins().await != Some(2) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // By what a node runs.
    let (stop, claim) = (CancellationToken::new(), store.claim_outbox().await.unwrap());
    tokio::join!(outbox.run(&claim, stop.clone()), async {
        gone.await;
        stop.cancel();
    });
}

#[tokio::test]
async fn a_clock_set_back_by_years_keeps_no_mail_waiting_for_years() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    put(&store, "A", "a@x.example.com").await;
    // Written by a clock that was four years ahead.
    let mut writing = store.write().await.unwrap();
    writing
        .tamper(
            "UPDATE outbox SET (created_at, next_attempt_at) = (SELECT t, t FROM (SELECT \
                 (unixepoch() + 4 * 31536000) * 1000000 AS t) AS later)",
        )
        .await;
    writing.commit().await.unwrap();
    let outbox = Outbox::new(store.clone(), hold, fake.next_hop(), Settings::default());
    let claim = store.claim_outbox().await.unwrap();
    let running = tokio::spawn(async move { outbox.run(&claim, CancellationToken::new()).await });
    let came = tokio::time::timeout(Duration::from_secs(10), fake.wait_for(1)).await;
    assert!(came.is_ok(), "it waits for the clock");
    running.abort();
}

#[tokio::test]
async fn whatever_the_order_of_rows_and_wherever_it_is_killed_each_mail_arrives() {
    let dir = tempfile::tempdir().unwrap();
    let (store, hold) = hold_in(dir.path(), settings()).await;
    let fake = fake::Fake::start().await;
    for number in [7, 2, 9, 0, 5, 3, 8, 1, 6, 4] {
        put(&store, &format!("N{number}"), &format!("n{number}@d{}.example.com", number % 3)).await;
    }
    drop((store, hold));
    // Each life of the outbox is cut off at another step; the last one may finish.
    for patience in [1, 3, 5, 8, 13, 21, 34, 55, 10_000] {
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let outbox = Outbox::new(store.clone(), hold, fake.next_hop(), Settings { at_once: 3, ..Settings::default() });
        let claim = store.claim_outbox().await.unwrap();
        let working = async {
            tokio::select! {
                () = outbox.run(&claim, CancellationToken::new()) => {}
                () = async {
                    while store.outbox_length().await.unwrap() > 0 {
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                } => {}
            }
        };
        // Dropped in the middle of whatever it does, as by SIGKILL.
        let _ = tokio::time::timeout(Duration::from_millis(patience), working).await;
    }
    let (store, _) = hold_in(dir.path(), settings()).await;
    assert_eq!(store.outbox_length().await.unwrap(), 0);
    let arrived: BTreeSet<String> = fake.came().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(arrived.len(), 10, "{arrived:?}");
}
