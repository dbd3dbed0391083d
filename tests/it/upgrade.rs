//! One version takes over from another while mail goes on: two nodes on one PostgreSQL, replaced one after the other.
//!
//! `tests/upgrade REV` names the program of an earlier commit in `SEKISHO_TEST_OLD`. Without it both are the program under
//! test, and the database is changed as a version to come would change it, so that what is tested is the older one.

use std::{
    collections::HashMap,
    net::SocketAddr,
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use crate::support::{
    eventually,
    postgres::Postgres,
    relay::{Relay, SEKISHO},
    sink::Sink,
    talk::{Talk, letter},
};

const OLD: &str = "SEKISHO_TEST_OLD";
const FROM: &str = "sato@toho.example.co.jp";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";
const CLIENTS: usize = 4;
/// So many mails are answered between two steps.
const BETWEEN: usize = 40;
/// A mail that cannot be sent for so long never can.
const STUCK: Duration = Duration::from_secs(120);
/// What a migration of a version to come does that only adds, to every table under mail.
const LATER: &str = "BEGIN;
    LOCK TABLE turn IN EXCLUSIVE MODE;
    ALTER TABLE journal ADD COLUMN later TEXT;
    ALTER TABLE mail ADD COLUMN later BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE held ADD COLUMN later BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE sealed ADD COLUMN later BYTEA;
    ALTER TABLE outbox ADD COLUMN later TEXT NOT NULL DEFAULT 'x';
    ALTER TABLE session ADD COLUMN later TEXT;
    CREATE TABLE later (number BIGINT PRIMARY KEY);
    CREATE INDEX later_held ON held (later);
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9000, 'later', TRUE, '\\x00', 0);
    COMMIT;";

/// What the clients have sent.
#[derive(Default)]
struct Sent {
    next: AtomicUsize,
    answered: AtomicUsize,
    deferred: AtomicUsize,
    over: AtomicBool,
}

/// Tells the clients to stop, even when a test fails.
struct Over<'s>(&'s Sent);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

/// Every fourth is held.
fn recipient(number: usize) -> String {
    let domain = if number.is_multiple_of(4) { "zeirishi.example.com" } else { "kita-hoan.example.com" };
    format!("m{number}@{domain}")
}

/// Sends mails until it is told to stop, each to one node after the other until it is promised, as a mail server does.
fn client(nodes: &[SocketAddr], sent: &Sent) {
    let mut nodes = nodes.iter().copied().cycle();
    let mut talk: Option<Talk> = None;
    while !sent.over.load(Ordering::SeqCst) {
        let number = sent.next.fetch_add(1, Ordering::SeqCst);
        let text = if number.is_multiple_of(4) { SECRET } else { "来週の定例会議は水曜日です。" };
        let (to, bytes, began) = (recipient(number), letter(&format!("m{number}"), "s", text), Instant::now());
        loop {
            assert!(began.elapsed() < STUCK, "mail {number} is not taken any more");
            let open = match talk.take() {
                Some(open) => Some(open),
                None => nodes.next().and_then(|node| greeted(node).ok()),
            };
            if let Some(mut open) = open {
                match open.send(FROM, &[&to], &bytes) {
                    Ok(reply) if reply.starts_with("250") => {
                        talk = Some(open);
                        break;
                    }
                    Ok(reply) => assert!(reply.starts_with('4'), "mail {number}: {reply}"),
                    Err(_) => {}
                }
            }
            sent.deferred.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(30));
        }
        sent.answered.fetch_add(1, Ordering::SeqCst);
    }
}

fn greeted(node: SocketAddr) -> std::io::Result<Talk> {
    let mut talk = Talk::connect(node)?;
    let fine = talk.reply()?.starts_with("220") && talk.say("EHLO client.test")?.starts_with("250");
    if fine { Ok(talk) } else { Err(std::io::ErrorKind::ConnectionRefused.into()) }
}

/// Waits until so many mails more are answered: whoever is there by then takes mail.
fn go_on(sent: &Sent) {
    let (before, began) = (sent.answered.load(Ordering::SeqCst), Instant::now());
    while sent.answered.load(Ordering::SeqCst) < before + BETWEEN {
        assert!(began.elapsed() < STUCK, "no mail is taken any more");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn rolling_upgrade() {
    let (postgres, sink, sent) = (Postgres::start(), Sink::start(), Sent::default());
    let old = std::env::var(OLD).ok();
    let url = format!("store.url = {:?}\n", postgres.url());
    let mut nodes = [Relay::configured(sink.address, &url), Relay::configured(sink.address, &url)];
    let began = || Command::new(old.as_deref().unwrap_or(SEKISHO));
    nodes[0].run_as(began());
    nodes[1].shares_the_key_of(&nodes[0]);
    nodes[1].run_as(began());
    let places = [nodes[0].smtp, nodes[1].smtp];
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (sent, mut places) = (&sent, places);
            places.rotate_left(number % 2);
            scope.spawn(move || client(&places, sent));
        }
        // Whatever happens here, the clients end.
        let _over = Over(&sent);
        go_on(&sent);
        if old.is_none() {
            postgres.sql(LATER);
            go_on(&sent);
        }
        for node in &mut nodes {
            assert!(node.stop(), "{}", node.log());
            node.run();
            go_on(&sent);
        }
    });
    let count = sent.next.load(Ordering::SeqCst);
    eventually("all that was promised to be somewhere", || {
        let held: Vec<_> = nodes[0].held().iter().flat_map(|held| addresses(&held["rcpt_to"])).collect();
        let out: Vec<_> = sink.mails().into_iter().flat_map(|mail| mail.to).collect();
        (0..count).map(recipient).all(|to| held.contains(&to) || out.contains(&to)).then_some(())
    });
    let mut places = HashMap::<String, usize>::new();
    let out = sink.mails().into_iter().flat_map(|mail| mail.to).filter(|to| to.starts_with('m'));
    let held = nodes[0].held();
    out.chain(held.iter().flat_map(|held| addresses(&held["rcpt_to"])))
        .for_each(|to| *places.entry(to).or_default() += 1);
    let doubled: Vec<_> = (0..count).map(recipient).filter(|to| places[to] > 1).collect();
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    // What an old node held, the new ones release.
    for held in held.iter().rev().take(5) {
        let id = held["id"].as_str().unwrap();
        let approved = nodes[1].command(&["held", "approve", id, "--as", "kacho@toho.example.co.jp"]);
        assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
        let to = &addresses(&held["rcpt_to"])[0];
        eventually("what was held before to go out", || (sink.to(to).len() == 1).then_some(()));
    }
    let verified = nodes[0].command(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let deferred = sent.deferred.load(Ordering::SeqCst);
    println!("{count} mails over two nodes that were replaced: lost 0, doubled 0, sent again {deferred} times");
    if old.is_none() {
        told_to_go(&postgres, &mut nodes[0]);
    }
}

/// A version to come may need more than this one has.
fn told_to_go(postgres: &Postgres, node: &mut Relay) {
    postgres.sql("UPDATE meta SET value = '9000' WHERE name = 'needs'");
    assert!(node.stop());
    let refused = node.command(&["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("newer sekisho (schema 9000"), "{said}");
}

fn addresses(list: &serde_json::Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}
