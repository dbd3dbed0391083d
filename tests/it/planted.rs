//! Values planted in a mail are in none of the places where Sekisho speaks: commands, notices, pages, logs, journal.
//!
//! The log is at its loudest (`trace`), a worker dies with the mail in its hands, and part of the mail is broken. The one
//! place that shows a value is the original, which approvers get by design; nothing here opens it.

use std::{
    fmt::Write as _,
    process::{Command, Output, Stdio},
};

use crate::{
    console::{decoded, logged_in},
    support::{
        eventually,
        relay::{self, Relay, SEKISHO, Signal},
        sink::Sink,
        talk,
    },
};

const SENDER: &str = "sato@toho.example.co.jp";
const COLLEAGUE: &str = "suzuki@toho.example.co.jp";
const APPROVER: &str = "kacho@toho.example.co.jp";
const OUTSIDE: &str = "tanaka@other.example.net";

const PASSWORD: &str = "Kx7pq2ZwTsukimi";
const KEY: &str = concat!("AKIA", "Q7ZT4XKLMN2VB6RS");
const ILLNESS: &str = "潰瘍性大腸炎";

/// Which detectors have to find something, so that there is something to mask.
const DETECTORS: [&str; 10] = [
    "credit_card",
    "email",
    "jp.address",
    "jp.birth_date",
    "jp.my_number",
    "jp.name",
    "jp.phone",
    "jp.special_care",
    "secret.aws_key",
    "secret.password",
];

/// Twelve people by rule: name, telephone, mail address, address, birth date, My Number, card.
fn people() -> Vec<[String; 7]> {
    let given = ["華子", "洋介", "美咲", "健太", "由美", "大輔", "直子", "隆", "恵子", "翔太", "千春", "浩二"];
    (0..12_u64)
        .map(|n| {
            [
                format!("如月 {}", given[usize::try_from(n).unwrap()]),
                format!("090-8{:03}-43{n:02}", 765 + n * 13),
                format!("kisaragi.{n}x@private.example.net"),
                format!("東京都世田谷区桜丘3丁目{}番15号", n + 2),
                format!("1979/11/{:02}", n + 3),
                my_number(31_846_207_519 + n * 7_654_321),
                card(498_012_345_678_901 + n * 9_876_543),
            ]
        })
        .collect()
}

fn my_number(body: u64) -> String {
    let weight = |n: u32| u64::from(if n < 6 { n + 2 } else { n - 4 });
    let sum: u64 = (0..11).map(|n| body / 10_u64.pow(n) % 10 * weight(n)).sum();
    format!("{body:011}{}", if sum % 11 <= 1 { 0 } else { 11 - sum % 11 })
}

fn card(body: u64) -> String {
    let digits = (0..15).map(|n| (n, body / 10_u64.pow(n) % 10));
    let sum: u64 = digits.map(|(n, d)| if n % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Everything that must not be seen, as [`folded`] writes it.
fn planted() -> Vec<String> {
    let mut values: Vec<String> = people().concat();
    // Masked addresses keep the municipality, masked dates the year, masked mail addresses the domain.
    values.extend(["桜丘", "1979/11", "kisaragi.", PASSWORD, KEY, ILLNESS].map(str::to_owned));
    values.iter().map(|value| folded(value)).collect()
}

/// Without spaces, dashes and slashes, and with digits of one width.
fn folded(text: &str) -> String {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xFEE0).unwrap(),
        c => c,
    };
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '/' | '－')).map(narrow).collect()
}

fn mail(id: &str, to: &str) -> Vec<u8> {
    let people = people();
    let mut rows = "氏名,携帯電話,メールアドレス,住所,生年月日,個人番号,カード番号,既往歴\r\n".to_owned();
    for person in &people {
        let _ = write!(rows, "{},{ILLNESS}\r\n", person.join(","));
    }
    let broken = format!("PK\u{3}\u{4}{}", people[1].join(" "));
    let part = |name: &str, bytes: &[u8]| {
        format!(
            "--b\r\nContent-Type: application/octet-stream; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_encoding::BASE64.encode(bytes)
        )
    };
    let [name, phone, address, ..] = &people[0];
    format!(
        "From: {SENDER}\r\nTo: {to}\r\nSubject: meibo\r\nMessage-ID: <{id}@toho.example.co.jp>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n氏名：{name}\r\n携帯：{phone}\r\nメール：{address}\r\n\r\n\
         パスワード：{PASSWORD}\r\naws_access_key_id = {KEY}\r\n\r\n2026/11/20 10:00、田中 <{OUTSIDE}> のメール:\r\n> {}様の電話は {} です。\r\n{}{}--b--\r\n",
        people[2][0],
        people[2][1],
        part(&format!("meibo_{}.csv", people[3][1]), rows.as_bytes()),
        part(&format!("{}.zip", people[4][6]), broken.as_bytes()),
    )
    .into_bytes()
}

/// What was said, and where.
#[derive(Default)]
struct Said(Vec<(String, String)>);

impl Said {
    fn add(&mut self, place: &str, text: impl Into<String>) {
        self.0.push((place.to_owned(), text.into()));
    }

    /// Both streams of a command.
    fn output(&mut self, place: &str, output: &Output) -> String {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        self.add(place, format!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        text
    }

    fn hides(&self, values: &[String]) {
        for (place, text) in &self.0 {
            assert!(!text.trim().is_empty(), "{place} says nothing");
            let text = folded(text);
            for value in values {
                assert!(!text.contains(value.as_str()), "{place} shows {value}");
            }
        }
    }
}

#[test]
fn no_planted_value_is_said_anywhere() {
    let values = planted();
    // What is looked for is seen where it stands in the clear.
    let clear = folded(&String::from_utf8(mail("planted", OUTSIDE)).unwrap());
    let seen = values.iter().filter(|value| clear.contains(value.as_str())).count();
    assert!(seen >= 8, "only {seen} of the planted values are told from others");

    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "[inspection]\nworkers = 1\n");
    let mut loud = Command::new(SEKISHO);
    loud.env("SEKISHO_LOG", "trace").stdin(Stdio::null());
    relay.run_as(loud);
    let mut said = Said::default();

    commands(&relay, &mut said);
    let reply = talk::send(relay.smtp, SENDER, &[OUTSIDE], &mail("planted-held", OUTSIDE)).unwrap();
    said.add("SMTP reply", &reply);
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    let reply = talk::send(relay.smtp, SENDER, &[COLLEAGUE], &mail("planted-sent", COLLEAGUE)).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    death_of_a_worker(&relay, &mut said);
    held_mail(&relay, &mut said);

    // Notices to sender and security, and the request to the approver without what it carries.
    let notices = eventually("the notices", || {
        let mails: Vec<_> =
            sink.mails().into_iter().filter(|mail| !mail.bytes.windows(12).any(|w| w == b"planted-sent")).collect();
        (mails.len() >= 2).then_some(mails)
    });
    for notice in &notices {
        said.add("notice", decoded(&notice.bytes));
    }
    said.add("journal", relay_text(&relay, &["journal", "search", "--json"]));
    said.add("journal as text", relay_text(&relay, &["journal", "search", "--table"]));
    said.add("journal as CSV", relay_text(&relay, &["journal", "search", "--csv"]));
    assert!(relay.log().contains("TRACE") || relay.log().contains("DEBUG"), "the log is not loud");
    assert!(relay.stop());
    said.add("log", relay.log());
    said.hides(&values);
}

fn relay_text(relay: &Relay, args: &[&str]) -> String {
    String::from_utf8(relay.command(args).stdout).unwrap()
}

/// What `scan` and `explain` say, as text, in colours, and as JSON; and that there is something to hide.
fn commands(relay: &Relay, said: &mut Said) {
    let file = relay.home().join("planted.eml");
    std::fs::write(&file, mail("planted-file", OUTSIDE)).unwrap();
    let path = file.to_str().unwrap();
    let scan = |args: &[&str], locale: &str| {
        let mut command = Command::new(SEKISHO);
        command.arg("scan").args(args).arg(path).env("LC_ALL", locale).env("CLICOLOR_FORCE", "1");
        command.env("SEKISHO_LOG", "trace").stdin(Stdio::null()).output().unwrap()
    };
    let json = said.output("scan --json", &scan(&["--json"], "C"));
    for detector in DETECTORS {
        assert!(json.contains(&format!("\"detector\":\"{detector}\"")), "{detector} found nothing in {json}");
    }
    for told in ["\"why\":", "\"reason\":\"damaged\""] {
        assert!(json.contains(told), "{told} is not in {json}");
    }
    said.output("scan", &scan(&["--ledger"], "C"));
    said.output("scan in Japanese", &scan(&[], "ja_JP.UTF-8"));
    said.output("explain --json", &relay.command(&["explain", "--json", path]));
    said.output("explain", &relay.command(&["explain", path]));
}

/// A worker dies with the mail in its hands.
fn death_of_a_worker(relay: &Relay, said: &mut Said) {
    let worker = eventually("a worker", || relay.workers().first().copied());
    relay::signal(worker, Signal::STOP);
    let (address, bytes) = (relay.smtp, mail("planted-dead", OUTSIDE));
    let reply = std::thread::spawn(move || talk::send(address, SENDER, &[OUTSIDE], &bytes).unwrap());
    std::thread::sleep(std::time::Duration::from_millis(500));
    relay::signal(worker, Signal::ABORT);
    relay::signal(worker, Signal::KILL);
    said.add("SMTP reply after a death", reply.join().unwrap());
}

/// Held mail on the command line and in the console, for the approver and the sender.
fn held_mail(relay: &Relay, said: &mut Said) {
    said.output("held list", &relay.command(&["held", "list"]));
    let held = relay.held();
    assert!(held.iter().any(|mail| mail["persons"].as_u64() >= Some(12)), "{held:?}");
    let (mut approver, mut sender) = (logged_in(relay, APPROVER), logged_in(relay, SENDER));
    said.add("console list", approver.get("/held").body);
    for mail in held {
        let id = mail["id"].as_str().unwrap();
        said.add("held list --json", mail.to_string());
        said.output("held show", &relay.command(&["held", "show", id]));
        said.output("held show --json", &relay.command(&["held", "show", "--json", id]));
        let pages = [approver.get(&format!("/held/{id}")), sender.get(&format!("/held/{id}"))];
        for page in pages {
            said.add("console page", page.body);
        }
    }
    said.add("health", approver.get("/health").body);
}
