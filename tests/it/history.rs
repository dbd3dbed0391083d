//! To whom we wrote before: learned from what left, imported, asked and forgotten, with a server that runs.

use std::fs;

use serde_json::Value;

use crate::support::{
    eventually,
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const PARTNER: &str = "yamada@kita-hoan.example.com";
const RELEASED: &str = "tanaka@other.example.net";
const REJECTED: &str = "ito@third.example.net";

/// What `security` must see first.
const SECRET: &str = "-----BEGIN RSA PRIVATE KEY-----\r\nMIIEowIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF0PbnGy0AHB7MhgwMbRvI0MBZhpF\r\n\
                      -----END RSA PRIVATE KEY-----\r\n";

fn known(relay: &Relay, address: &str) -> bool {
    let output = relay.command(&["history", "show", "--json", address]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    !output.stdout.is_empty()
}

fn held(relay: &Relay, to: &str, id: &str) -> String {
    let reply = talk::send(relay.smtp, SENDER, &[to], &letter(id, "key", SECRET)).unwrap();
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");
    reply.trim_start_matches("250 2.0.0 held as ").trim().to_owned()
}

fn decide(relay: &Relay, verdict: &str, id: &str) {
    let output = relay.command(&["held", verdict, id, "--as", "security@toho.example.co.jp"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_left_is_learned_and_what_was_stopped_is_not() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    let (released, rejected) = (held(&relay, RELEASED, "h-1"), held(&relay, REJECTED, "h-2"));
    let reply = talk::send(relay.smtp, SENDER, &[PARTNER], &letter("h-3", "clean", "お世話になります。\r\n")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    eventually("the forwarded mail is learned", || known(&relay, PARTNER).then_some(()));
    assert!(!known(&relay, RELEASED), "it still waits");
    decide(&relay, "approve", &released);
    decide(&relay, "reject", &rejected);
    eventually("the released mail is learned", || known(&relay, RELEASED).then_some(()));
    assert!(!known(&relay, REJECTED));
    // What was learned last is kept when the server stops.
    let reply =
        talk::send(relay.smtp, SENDER, &["mori@kita-hoan.example.com"], &letter("h-4", "clean", "x\r\n")).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    assert!(relay.stop());
    assert!(known(&relay, "mori@kita-hoan.example.com") && !known(&relay, REJECTED));
}

/// The issues of a mail to one recipient.
fn issues(relay: &Relay, to: &str) -> Vec<String> {
    let mail = relay.home().join("mail.eml");
    fs::write(&mail, letter("e-1", "hello", "お世話になります。\r\n")).unwrap();
    let output = relay.command(&["explain", "--json", mail.to_str().unwrap(), "--mail-from", SENDER, "--rcpt-to", to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
    let issues = explained["recipients"][0]["issues"].as_array().unwrap();
    issues.iter().map(|issue| issue["check"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_import_makes_day_one_not_blind_and_a_person_can_be_forgotten() {
    let relay = Relay::configured("127.0.0.1:9".parse().unwrap(), "[history]\nlearning = \"0s\"\n");
    let sent = relay.home().join("Sent/cur");
    fs::create_dir_all(&sent).unwrap();
    for (number, to) in [PARTNER, "=?utf-8?b?55Sw5Lit?= <tanaka@other.example.net>", PARTNER].iter().enumerate() {
        let mail =
            format!("From: Sato <{SENDER}>\r\nTo: {to}\r\nDate: Mon, 20 Jan 2025 10:00:0{number} +0900\r\n\r\nx\r\n");
        fs::write(sent.join(format!("{number}:2,S")), mail).unwrap();
    }
    fs::write(
        sent.join("9"),
        "From: a@elsewhere.example\r\nTo: b@elsewhere.example\r\nDate: Mon, 20 Jan 2025 10:00:00 +0900\r\n\r\n",
    )
    .unwrap();
    let output = relay.command(&["history", "import", relay.home().join("Sent").to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.starts_with("4 mails read, 3 of them sent by us and learned"), "{said}");

    assert_eq!(issues(&relay, PARTNER), [] as [String; 0]);
    assert_eq!(issues(&relay, "mori@other.example.net"), ["first_contact"]);
    let yamda = issues(&relay, "yamda@kita-hoan.example.com");
    assert!(yamda.contains(&"first_contact".to_owned()), "{yamda:?}");

    let output = relay.command(&["history", "forget", "Yamada+x@kita-hoan.example.com"]);
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("forgotten"));
    let output = relay.command(&["history", "export"]);
    let all = String::from_utf8(output.stdout).unwrap();
    assert!(all.lines().count() > 3 && !all.contains("yamada"), "{all}");
    // Journalled, by whom and without whom; whoever has the address can tell that it was done.
    let output = relay.command(&["journal", "search", "\"kind\":\"history\""]);
    let journal = String::from_utf8(output.stdout).unwrap();
    let acts: Vec<&str> =
        journal.lines().filter_map(|line| line.split("\"act\":\"").nth(1)?.split('"').next()).collect();
    assert_eq!(acts, ["forgotten", "imported", "importing"], "{journal}");
    assert!(journal.contains("(uid ") && !journal.contains("yamada"), "{journal}");
    let check = |address| {
        let output = relay.command(&["forget", "--check", address]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(check(PARTNER).contains("counters forgotten at"), "{}", check(PARTNER));
    assert!(check("mori@other.example.net").contains("does not say"), "{}", check("mori@other.example.net"));
    // The same act by its other name.
    let output = relay.command(&["forget", "mori@other.example.net"]);
    assert!(output.status.success() && check("mori@other.example.net").contains("counters forgotten at"));

    // Nothing of ours in it: an error that says what to give.
    let output = relay.command(&["history", "import", sent.join("9").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("toho.example.co.jp"), "{output:?}");
}

/// A nickname, an assistant who answers for somebody: only earlier mails say whose address it is.
#[test]
fn an_import_learns_whom_letters_greet() {
    let relay = Relay::configured("127.0.0.1:9".parse().unwrap(), "[history]\nlearning = \"0s\"\n");
    let body = "北保安サービス株式会社\r\n山田様\r\n\r\nお世話になっております。\r\n";
    let mut mbox = String::new();
    for number in 0..3 {
        mbox += &format!(
            "From a\r\nFrom: Sato <{SENDER}>\r\nTo: \"Suzuki Ichiro\" <suzuki@kita-hoan.example.com>\r\n\
             Date: Mon, 20 Jan 2025 10:00:0{number} +0900\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; \
             charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
        );
    }
    fs::write(relay.home().join("sent.mbox"), mbox).unwrap();
    let output = relay.command(&["history", "import", relay.home().join("sent.mbox").to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = relay.command(&["history", "show", "--json", "suzuki@kita-hoan.example.com"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    let learned = |relation: &str, name: &str| {
        let entries = shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut entries = entries.filter(|entry| entry["relation"] == relation && entry["from"] == name);
        entries.next().is_some()
    };
    assert!(learned("greeted", "山田") && learned("named", "suzukiichiro"), "{shown}");
    assert!(!shown.contains("お世話"), "{shown}");
}

#[test]
fn a_store_that_cannot_be_read_costs_an_explanation_its_history_only() {
    let relay = Relay::configured("127.0.0.1:9".parse().unwrap(), "");
    fs::create_dir_all(relay.home().join("data")).unwrap();
    fs::write(relay.home().join("data/sekisho.db"), "no database at all, and long enough to be taken for one").unwrap();
    let mail = relay.home().join("mail.eml");
    fs::write(&mail, letter("e-2", "hello", "お世話になります。\r\n")).unwrap();
    let output = relay.command(&["explain", "--json", mail.to_str().unwrap()]);
    assert!(output.status.success() && output.stdout.starts_with(b"{\"decision\":\"forward\""), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("without the history of recipients"), "{output:?}");
}
