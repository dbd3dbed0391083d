//! The database is gone, hangs or is locked, and mail comes: what goes out has exactly one record in the end, whatever dies
//! meanwhile, and what needs the database waits at the mail server (`docs/fleet.md`, "While the database is away").

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    health::{condition, health},
    support::{
        eventually, free_port,
        postgres::Postgres,
        relay::{Relay, SEKISHO},
        sink::Sink,
        talk::{self, Talk, letter},
    },
};

const FROM: &str = "sato@toho.example.co.jp";
const CLEAN: &str = "来週の定例会議は水曜日です。";
const PASSWORD: &str = "パスワード：秘密２０２６";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";

/// How long the program may take to find out that its database is back.
const PATIENCE: Duration = Duration::from_secs(120);

/// The same as `eventually`, for what waits for connections to be given up.
fn at_last<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "waited for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Sends a mail to `ID@kita-hoan.example.com`; gives the reply.
fn send(relay: &Relay, id: &str, text: &str) -> String {
    talk::send(relay.smtp, FROM, &[&format!("{id}@kita-hoan.example.com")], &letter(id, "s", text)).unwrap()
}

fn is_forwarded(reply: &str) -> bool {
    reply.starts_with("250 2.0.0 forwarded")
}

/// How many records of forwarded mails the journal has for each Message-ID, and how many of them waited in a spool.
fn records(relay: &Relay) -> BTreeMap<String, (usize, usize)> {
    let output = relay.command(&["journal", "search", "--json", "--all"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        if record["kind"] != "mail" || record["next_hop"].is_null() {
            continue;
        }
        let id = record["message_id"].as_str().unwrap().trim_start_matches('<').split('@').next().unwrap().to_owned();
        let count = found.entry(id).or_default();
        count.0 += 1;
        count.1 += usize::from(!record["spooled_until"].is_null());
    }
    found
}

/// Exactly one record for each of these mails, and a chain that is whole.
fn each_has_one_record(relay: &Relay, ids: &[String]) {
    let records = records(relay);
    for id in ids {
        assert_eq!(records.get(id).map(|count| count.0), Some(1), "{id} in {records:?}");
    }
    let verified = relay.command(&["journal", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

fn spool(relay: &Relay) -> Vec<PathBuf> {
    let entries = fs::read_dir(relay.home().join("data").join("journal-spool"));
    entries.map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn words(report: &Value, name: &str) -> String {
    let conditions = report["conditions"].as_array().unwrap();
    conditions.iter().find(|line| line["name"] == name).unwrap()["words"].as_str().unwrap().to_owned()
}

/// What a server answers to GET, for somebody who has a session that is none.
fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nCookie: sekisho=x\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn figure(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    assert!(line.is_some(), "no {name} in {text}");
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap()
}

#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn without_a_spool_no_mail_goes_out_while_the_database_is_away() {
    let (sink, mut database) = (Sink::start(), Postgres::start());
    let relay = Relay::start_with(sink.address, &format!("store.url = {:?}\n", database.url()));
    assert!(is_forwarded(&send(&relay, "before", CLEAN)));
    database.die();
    // The first may have left before anybody knew; from then on it is known at MAIL.
    at_last("the outage to be noticed", || {
        let reply = Talk::start(relay.smtp).unwrap().say(&format!("MAIL FROM:<{FROM}>")).unwrap();
        reply.starts_with("451").then_some(())
    });
    let before = sink.mails().len();
    for number in 0..5 {
        let reply = send(&relay, &format!("away{number}"), if number % 2 == 0 { CLEAN } else { SECRET });
        assert!(reply.starts_with("451 4.3.2"), "{reply}");
    }
    assert_eq!(sink.mails().len(), before);
    assert!(spool(&relay).is_empty());
    database.live();
    at_last("mail to be taken again", || is_forwarded(&send(&relay, "after", CLEAN)).then_some(()));
    each_has_one_record(&relay, &["before".to_owned(), "after".to_owned()]);
}

#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn with_a_spool_clean_mail_goes_out_and_leaves_one_record_whatever_dies() {
    let (sink, mut database) = (Sink::start(), Postgres::start());
    let counted = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let config =
        format!("store.url = {:?}\njournal.on_outage = \"spool\"\nmetrics.listen = \"{counted}\"\n", database.url());
    let mut relay = Relay::start_with(sink.address, &config);
    let mut forwarded: Vec<String> = Vec::new();
    let out = |relay: &Relay, id: String| {
        let reply = send(relay, &id, CLEAN);
        assert!(is_forwarded(&reply), "{id}: {reply}");
        id
    };
    forwarded.push(out(&relay, "before".to_owned()));
    assert!(send(&relay, "held", SECRET).starts_with("250 2.0.0 held"));
    database.die();
    for number in 0..8 {
        forwarded.push(out(&relay, format!("away{number}")));
    }
    // What would be held, and what is for one to get and for another to wait, waits at the mail server: all of it.
    let before = sink.mails().len();
    let refused = send(&relay, "secret", SECRET);
    assert!(refused.starts_with("451 4.3.2") && refused.contains("database is away"), "{refused}");
    let both = ["suzuki@toho.example.co.jp", "split@zeirishi.example.com"];
    let refused = talk::send(relay.smtp, FROM, &both, &letter("split", "s", SECRET)).unwrap();
    assert!(refused.starts_with("451 4.3.2") && refused.contains("database is away"), "{refused}");
    assert_eq!(sink.mails().len(), before);

    let (status, report) = eventually("the outage to be told", || {
        let told = health(relay.console);
        (!condition(&told.1, "journal") && words(&told.1, "journal").contains("451")).then_some(told)
    });
    assert!(status == 503 && condition(&report, "spool"), "{report}");
    eventually("what waits to be counted", || {
        (figure(&get(counted, "/metrics"), "sekisho_journal_spool_records") >= 7).then_some(())
    });
    let doctor = String::from_utf8(relay.command(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("records wait in"), "{doctor}");

    let page = get(relay.console, "/held");
    assert!(page.starts_with("HTTP/1.1 503") && page.contains("データベースに接続できません"), "{page}");
    assert!(get(relay.console, "/healthz").starts_with("HTTP/1.1 200"), "the process is not to be started anew");

    // A power cut; and without its database it does not start, for the database has what mail is judged by.
    relay.kill();
    let left = spool(&relay).len();
    assert!(left > 0);
    let started = Command::new(SEKISHO).args(["serve", "--config"]).arg(relay.config()).output().unwrap();
    let said = String::from_utf8_lossy(&started.stderr).into_owned();
    assert!(!started.status.success() && said.contains("cannot be used"), "{said}");
    assert_eq!(spool(&relay).len(), left, "nothing of the spool goes by that");

    database.live();
    relay.run();
    at_last("the spool to be caught up", || spool(&relay).is_empty().then_some(()));
    at_last("all to be well", || condition(&health(relay.console).1, "journal").then_some(()));
    forwarded.push(out(&relay, "after".to_owned()));
    each_has_one_record(&relay, &forwarded);
    let records = records(&relay);
    assert_eq!(records.len(), forwarded.len(), "nothing else left: {records:?}");
    assert_eq!((records["before"].1, records["away7"].1, records["after"].1), (0, 1, 0));
    assert!(send(&relay, "secret", SECRET).starts_with("250 2.0.0 held"));
    assert_eq!(sink.to("secret@kita-hoan.example.com").len(), 0);
}

/// A network that swallows everything: no connection breaks, and nothing is ever answered.
#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn a_database_that_falls_silent_holds_up_no_clean_mail() {
    let (sink, database) = (Sink::start(), Postgres::start());
    let config = format!("store.url = {:?}\njournal.on_outage = \"spool\"\n", database.url());
    let relay = Relay::start_with(sink.address, &config);
    assert!(is_forwarded(&send(&relay, "before", CLEAN)));
    database.freeze();
    let mut forwarded = vec!["before".to_owned()];
    for number in 0..6 {
        let id = format!("silent{number}");
        let reply = send(&relay, &id, CLEAN);
        assert!(is_forwarded(&reply), "{id}: {reply}");
        forwarded.push(id);
    }
    // By now it is known, and nobody waits for an answer any more.
    let began = Instant::now();
    assert!(is_forwarded(&send(&relay, "quick", CLEAN)));
    assert!(send(&relay, "secret", SECRET).starts_with("451 4.3.2"));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    forwarded.push("quick".to_owned());
    database.thaw();
    at_last("the spool to be caught up", || spool(&relay).is_empty().then_some(()));
    at_last("the hold to work again", || send(&relay, "secret", SECRET).starts_with("250 2.0.0 held").then_some(()));
    each_has_one_record(&relay, &forwarded);
}

/// SQLite has no server that could go away; but another process can lock the file for as long as it likes.
struct Lock {
    runtime: tokio::runtime::Runtime,
    connection: Option<sqlx::SqliteConnection>,
}

impl Lock {
    fn take(relay: &Relay) -> Self {
        use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let file = relay.home().join("data").join("sekisho.db");
        let connection = runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(60));
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut connection).await.unwrap();
            connection
        });
        Self { runtime, connection: Some(connection) }
    }

    fn release(mut self) {
        use sqlx::Connection;
        let mut connection = self.connection.take().unwrap();
        self.runtime.block_on(async {
            sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }
}

#[test]
fn a_locked_file_is_an_outage_too() {
    let sink = Sink::start();
    let mut relay = Relay::start_with(sink.address, "journal.on_outage = \"spool\"\n");
    let mut forwarded = Vec::new();
    let mut out = |relay: &Relay, id: &str| {
        let reply = send(relay, id, CLEAN);
        assert!(is_forwarded(&reply), "{id}: {reply}");
        forwarded.push(id.to_owned());
    };
    out(&relay, "before");
    let lock = Lock::take(&relay);
    for id in ["one", "two", "three"] {
        out(&relay, id);
    }
    let refused = send(&relay, "secret", SECRET);
    assert!(refused.starts_with("451 4.3.2") && refused.contains("database is away"), "{refused}");
    // Whether there was a file that it opens is in the database.
    let refused = send(&relay, "password", PASSWORD);
    assert!(refused.starts_with("451 4.3.2") && refused.contains("database is away"), "{refused}");
    relay.kill();
    assert!(!spool(&relay).is_empty());
    lock.release();
    relay.run();
    at_last("the spool to be caught up", || spool(&relay).is_empty().then_some(()));
    let lock = Lock::take(&relay);
    out(&relay, "four");
    out(&relay, "five");
    lock.release();
    at_last("the spool to be caught up", || spool(&relay).is_empty().then_some(()));
    at_last("the hold to work again", || send(&relay, "secret", SECRET).starts_with("250 2.0.0 held").then_some(()));
    out(&relay, "after");
    assert!(is_forwarded(&send(&relay, "password", PASSWORD)), "no file was before it");
    forwarded.push("password".to_owned());
    each_has_one_record(&relay, &forwarded);
    assert_eq!(sink.to("secret@kita-hoan.example.com").len(), 0);
}

/// Its journal was not refused anything yet, and the next hop has nothing of it.
#[test]
fn without_a_spool_a_mail_on_its_way_stays_as_soon_as_the_outage_is_known() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut talk = Talk::start(relay.smtp).unwrap();
    for line in [&format!("MAIL FROM:<{FROM}> BODY=8BITMIME"), "RCPT TO:<yamada@kita-hoan.example.com>"] {
        let reply = talk.say(line).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
    }
    let lock = Lock::take(&relay);
    at_last("the outage to be known", || (!condition(&health(relay.console).1, "store")).then_some(()));
    assert!(condition(&health(relay.console).1, "journal"));
    let reply = talk.data(&letter("under-way", "s", CLEAN)).unwrap();
    assert!(reply.starts_with("451 4.3.2"), "{reply}");
    assert_eq!(sink.mails().len(), 0);
    lock.release();
    at_last("mail to be taken again", || is_forwarded(&send(&relay, "under-way", CLEAN)).then_some(()));
    each_has_one_record(&relay, &["under-way".to_owned()]);
}

#[test]
fn a_full_spool_lets_nothing_out_of_which_there_would_be_no_record() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[journal]\non_outage = \"spool\"\nspool_max = \"1 MiB\"\n");
    assert!(is_forwarded(&send(&relay, "before", CLEAN)));
    let lock = Lock::take(&relay);
    // Many recipients make a long record.
    let to: Vec<String> = (0..90).map(|number| format!("person{number}@toho.example.co.jp")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let mut forwarded = vec!["before".to_owned()];
    let refused = loop {
        let id = format!("m{}", forwarded.len());
        let reply = talk::send(relay.smtp, FROM, &to, &letter(&id, "s", CLEAN)).unwrap();
        if !is_forwarded(&reply) {
            break reply;
        }
        forwarded.push(id);
        assert!(forwarded.len() < 2_000, "it is never full");
    };
    assert!(refused.starts_with("451 4.3.2"), "{refused}");
    assert_eq!(sink.mails().len(), forwarded.len());
    let (_, report) = eventually("the full spool to be told", || {
        let told = health(relay.console);
        (!condition(&told.1, "spool")).then_some(told)
    });
    assert!(words(&report, "spool").contains("journal.spool_max"), "{report}");
    lock.release();
    at_last("mail to be taken again", || is_forwarded(&send(&relay, "after", CLEAN)).then_some(()));
    forwarded.push("after".to_owned());
    at_last("the spool to be caught up", || spool(&relay).is_empty().then_some(()));
    each_has_one_record(&relay, &forwarded);
}
