//! Protected attachments: opened by what the sender mails before, told when the password comes behind, and no password
//! anywhere that people look.

use std::io::{Cursor, Write};

use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::support::{
    eventually,
    relay::{Relay, Signal},
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const COLLEAGUE: &str = "suzuki@toho.example.co.jp";
const PARTNER: &str = "yamada@kita-hoan.example.com";
const OTHER: &str = "tanaka@other.example.net";

/// A workbook of sixty people behind the password `Himitsu2026` (tests/corpus/encrypted).
const WORKBOOK: &[u8] = include_bytes!("../corpus/encrypted/rc4.xls");
const PASSWORD: &str = "Himitsu2026";

/// How the Japanese habit words it; no detector alone takes that for a password.
const STATING: &str = "先ほどの添付ファイルの件です。\r\n解凍パスワードをお送りします。\r\n\r\n　Himitsu2026\r\n";

/// The same people in a zip archive behind the same password, AES-256.
fn archive() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().with_aes_encryption(zip::AesMode::Aes256, PASSWORD);
    archive.start_file("meibo.csv", options).unwrap();
    let rows = (0..60).map(|n| format!("福田 太郎{n},090-2861-{},東京都港区芝{n}丁目\r\n", 4602 + n));
    archive.write_all(format!("氏名,電話番号,住所\r\n{}", rows.collect::<String>()).as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// A mail with the workbook attached.
fn with_workbook(id: &str, text: &str) -> Vec<u8> {
    with_file(id, text, "meibo.xls", WORKBOOK)
}

fn with_file(id: &str, text: &str, name: &str, file: &[u8]) -> Vec<u8> {
    let body: Vec<u8> =
        data_encoding::BASE64.encode(file).as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    let head = format!(
        "From: {SENDER}\r\nTo: {PARTNER}\r\nSubject: meibo\r\nMessage-ID: <{id}@toho.example.co.jp>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n\
         --b\r\nContent-Type: application/octet-stream; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    [head.as_bytes(), &body, b"--b--\r\n"].concat()
}

fn send(relay: &Relay, from: &str, to: &str, mail: &[u8]) -> String {
    talk::send(relay.smtp, from, &[to], mail).unwrap()
}

/// The held mail of this reply.
fn held(relay: &Relay, reply: &str) -> Value {
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");
    let id = reply.trim_start_matches("250 2.0.0 held as ").trim().to_owned();
    eventually(&format!("{id} in the list"), || relay.held().into_iter().find(|mail| mail["id"] == id.as_str()))
}

fn rules(mail: &Value) -> String {
    mail["rules"].to_string()
}

#[test]
fn a_password_mailed_before_opens_the_file() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let reply = send(&relay, SENDER, PARTNER, &letter("pw-first", "password", STATING));
    assert!(reply.starts_with("250 2.0.0 forwarded"), "nothing protected was sent before: {reply}");

    let opened = held(&relay, &send(&relay, SENDER, PARTNER, &with_workbook("file-second", "名簿をお送りします。")));
    assert!(opened["persons"].as_u64().unwrap() >= 60, "{opened}");
    assert!(rules(&opened).contains("bulk-personal-data") && !rules(&opened).contains("uninspected"), "{opened}");

    let zip = with_file("zip-third", "名簿をお送りします。", "meibo.zip", &archive());
    let opened = held(&relay, &send(&relay, SENDER, PARTNER, &zip));
    assert!(opened["persons"].as_u64().unwrap() >= 60 && !rules(&opened).contains("uninspected"), "{opened}");

    // It was mailed by one person, so it is tried for that person's mails.
    let closed = held(&relay, &send(&relay, COLLEAGUE, PARTNER, &with_workbook("colleague", "名簿をお送りします。")));
    assert_eq!(closed["persons"], 0);
    assert!(rules(&closed).contains("uninspected"), "{closed}");
}

#[test]
fn a_password_behind_a_protected_file_is_a_finding() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let zip = with_file("file-first", "名簿をお送りします。", "meibo.zip", &archive());
    let first = held(&relay, &send(&relay, SENDER, PARTNER, &zip));
    assert_eq!((first["persons"].as_u64(), rules(&first).as_str()), (Some(0), "[\"uninspected\"]"));

    let reply = send(&relay, SENDER, OTHER, &letter("pw-other", "password", STATING));
    assert!(reply.starts_with("250 2.0.0 forwarded"), "the other has no file: {reply}");
    let second = held(&relay, &send(&relay, SENDER, PARTNER, &letter("pw-second", "password", STATING)));
    assert_eq!(rules(&second), "[\"credentials\"]", "{second}");

    let shown = relay.command(&["held", "show", "--json", second["id"].as_str().unwrap()]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("secret.password") && shown.contains("********") && !shown.contains(PASSWORD), "{shown}");
}

#[test]
fn the_memory_outlives_a_restart_and_can_be_switched_off() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    send(&relay, SENDER, PARTNER, &letter("restart-1", "password", STATING));
    assert!(relay.stop());
    relay.run();
    let opened = held(&relay, &send(&relay, SENDER, PARTNER, &with_workbook("restart-2", "名簿です。")));
    assert!(opened["persons"].as_u64().unwrap() >= 60, "{opened}");

    let relay = Relay::start_with(sink.address, "[inspection]\nremember_passwords = \"0s\"\n");
    send(&relay, SENDER, PARTNER, &letter("off-1", "password", STATING));
    let closed = held(&relay, &send(&relay, SENDER, PARTNER, &with_workbook("off-2", "名簿です。")));
    assert_eq!(closed["persons"], 0, "{closed}");
}

#[test]
fn the_list_of_the_organisation_is_read_anew_on_sighup() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let list = relay.home().join("passwords.txt");
    std::fs::write(&list, "SomethingElse1\n").unwrap();
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[inspection]", &format!("[inspection]\npasswords = {list:?}")))
        .unwrap();
    relay.run();
    let mut n = 0;
    let mut persons = |relay: &Relay| {
        n += 1;
        let reply = send(relay, SENDER, PARTNER, &with_workbook(&format!("list-{n}"), "名簿です。"));
        held(relay, &reply)["persons"].as_u64().unwrap()
    };
    assert_eq!(persons(&relay), 0);
    std::fs::write(&list, format!("SomethingElse1\r\n{PASSWORD}\r\n")).unwrap();
    relay.signal(Signal::HUP);
    eventually("the new list", || (persons(&relay) >= 60).then_some(()));
    assert!(!relay.log().contains(PASSWORD) && !relay.log().contains("SomethingElse1"));
}

#[test]
fn scan_takes_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let (file, list) = (folder.path().join("meibo.xls"), folder.path().join("list.txt"));
    std::fs::write(&file, WORKBOOK).unwrap();
    std::fs::write(&list, format!("other\n{PASSWORD}\n")).unwrap();
    let scan = |more: &[&str]| {
        let mut program = std::process::Command::new(crate::support::relay::SEKISHO);
        program.args(["scan", "--json"]).args(more).arg(&file).output().unwrap()
    };
    let (closed, opened) = (scan(&[]), scan(&["--passwords", list.to_str().unwrap()]));
    let persons = |stdout: &[u8]| serde_json::from_slice::<Value>(stdout).unwrap()["persons"].as_u64().unwrap();
    assert_eq!(persons(&closed.stdout), 0);
    assert!(persons(&opened.stdout) >= 60);
    let missing = scan(&["--passwords", "/nonexistent/list"]);
    assert_eq!(missing.status.code(), Some(2), "{}", String::from_utf8_lossy(&missing.stderr));
}

#[test]
fn no_password_appears_where_people_look() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[organization]\nlanguage = \"en\"\n");
    let both = with_workbook("both", &format!("名簿です。パスワード：{PASSWORD}"));
    send(&relay, SENDER, PARTNER, &letter("seen-1", "password", STATING));
    let opened = held(&relay, &send(&relay, SENDER, PARTNER, &both));
    assert!(opened["persons"].as_u64().unwrap() >= 60 && rules(&opened).contains("credentials"), "{opened}");
    send(&relay, SENDER, PARTNER, &letter("seen-2", "password", STATING));

    let mail = relay.home().join("both.eml");
    std::fs::write(&mail, &both).unwrap();
    let mail = mail.to_str().unwrap();
    let id = opened["id"].as_str().unwrap();
    for command in [
        &["explain", "--json", mail][..],
        &["explain", mail],
        &["held", "list", "--json"],
        &["held", "show", "--json", id],
        &["held", "show", id],
        &["journal", "search", "--json", PARTNER],
        &["journal", "search", "--table", PARTNER],
    ] {
        let output = relay.command(command);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(text.len() > 20 && !text.contains(PASSWORD), "{command:?}: {text}");
    }
    let scan =
        std::process::Command::new(crate::support::relay::SEKISHO).args(["scan", "--json", mail]).output().unwrap();
    let scan = String::from_utf8(scan.stdout).unwrap();
    assert!(scan.contains("secret.password") && scan.contains("meibo.xls › ") && !scan.contains(PASSWORD), "{scan}");
    assert!(!relay.log().contains(PASSWORD), "{}", relay.log());
    for entry in std::fs::read_dir(relay.home().join("data")).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, PASSWORD.as_bytes()).is_none(), "{:?} shows it", entry.path());
    }
    // The notice about it goes to its sender, who knows it; it does not quote it either.
    let notice = eventually("a notice", || sink.to(SENDER).pop());
    let parsed = mail_parser::MessageParser::default().parse(&notice.bytes).unwrap();
    assert!(!parsed.body_text(0).unwrap_or_default().contains(PASSWORD));
}
