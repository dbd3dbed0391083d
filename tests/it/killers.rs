//! A part that costs a worker its life is named, and the rest of its mail is read.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    eventually,
    relay::{self, SEKISHO},
};
#[cfg(debug_assertions)]
use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

#[cfg(debug_assertions)]
const FROM: &str = "sato@toho.example.co.jp";
#[cfg(debug_assertions)]
const TO: &str = "yamada@kita-hoan.example.com";

/// A table of two people in an archive.
fn people(name: &str, phone: &str) -> (String, Vec<u8>) {
    (name.to_owned(), zip("people.csv", format!("氏名,電話番号\n山田太郎,{phone}1\n佐藤花子,{phone}2\n").as_bytes()))
}

/// Shift_JIS of 40 MiB in an archive of a few KiB: some seconds of work for an unoptimised worker, and, once it is
/// decoded, more memory than the smallest one has.
fn bomb(name: &str) -> (String, Vec<u8>) {
    let line = encoding_rs::SHIFT_JIS.encode("名簿 一覧 表題 項目 内容 備考\n").0;
    (name.to_owned(), zip("long.txt", &line.repeat((40 << 20) / line.len())))
}

fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

/// A mail with these attachments.
fn mail(attachments: &[(String, Vec<u8>)]) -> String {
    let mut mail = "From: sato@toho.example.co.jp\r\nTo: yamada@kita-hoan.example.com\r\nSubject: s\r\n\
                    Message-ID: <killers@toho.example.co.jp>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody\r\n"
        .to_owned();
    for (name, bytes) in attachments {
        let content = BASE64.encode(bytes);
        write!(
            mail,
            "--b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{content}\r\n"
        )
        .unwrap();
    }
    mail.push_str("--b--\r\n");
    mail
}

/// A mail with these attachments, and a configuration, in a folder of their own.
fn case(attachments: &[(String, Vec<u8>)], inspection: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mail.eml"), mail(attachments)).unwrap();
    let config = format!(
        "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = \"data\"\n\
         [organization]\ndomains = [\"toho.example.co.jp\"]\n[next_hop]\nhosts = [\"127.0.0.1:10026\"]\n\
         [approval]\nsecurity = [\"security@toho.example.co.jp\"]\n[inspection]\nworkers = 1\n{inspection}"
    );
    std::fs::write(folder.path().join("sekisho.toml"), config).unwrap();
    folder
}

fn explain(folder: &TempDir) -> Command {
    let mut command = Command::new(SEKISHO);
    command.args(["explain", "--json", "--config", "sekisho.toml", "mail.eml"]).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn inspection(folder: &TempDir) -> Value {
    let output = explain(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["inspection"].take()
}

/// Places and reasons of what was not read.
fn unread(inspection: &Value) -> Vec<(&str, &str)> {
    let entries = inspection["uninspected"].as_array().unwrap();
    entries.iter().map(|entry| (entry["where"].as_str().unwrap(), entry["reason"].as_str().unwrap())).collect()
}

/// How many telephone numbers were found.
fn phones(inspection: &Value) -> u64 {
    let findings = inspection["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["detector"] == "jp.phone").map_or(0, |f| f["count"].as_u64().unwrap())
}

#[test]
fn want_of_memory_costs_one_part() {
    let parts = [people("1.zip", "090-1234-567"), bomb("2.zip"), people("3.zip", "080-1234-567")];
    let found = inspection(&case(&parts, "max_memory = \"128 MiB\"\npart_timeout = \"60s\"\n"));
    assert_eq!(unread(&found), [("2.zip › long.txt", "limit")], "{found}");
    assert_eq!((phones(&found), found["persons"].as_u64()), (4, Some(4)), "{found}");
}

#[test]
fn a_part_that_takes_too_long_costs_one_part() {
    let parts = [people("1.zip", "090-1234-567"), bomb("2.zip"), people("3.zip", "080-1234-567")];
    let began = Instant::now();
    let found = inspection(&case(&parts, "part_timeout = \"1s\"\n"));
    assert_eq!(unread(&found), [("2.zip › long.txt", "limit")], "{found}");
    assert_eq!(phones(&found), 4, "{found}");
    // Far less than the time that the whole mail may take, however busy this machine is.
    assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
}

#[test]
fn a_worker_that_is_killed_over_one_part_costs_that_part() {
    let parts = [people("1.zip", "090-1234-567"), bomb("2.zip"), people("3.zip", "080-1234-567")];
    let folder = case(&parts, "part_timeout = \"60s\"\n");
    let child = explain(&folder).spawn().unwrap();
    // The other parts take milliseconds, so a worker that has worked for a second is at the second one. What it does
    // before it has a mail takes less.
    let worker = eventually("the worker to be at the long part", || {
        let worker = relay::children(child.id()).first().copied()?;
        (relay::worked(worker)? > Duration::from_millis(1_500)).then_some(worker)
    });
    relay::signal(worker, Signal::KILL);
    let output = child.wait_with_output().unwrap();
    let found = serde_json::from_slice::<Value>(&output.stdout).unwrap()["inspection"].take();
    assert_eq!(unread(&found), [("2.zip › long.txt", "crashed")], "{found}");
    assert_eq!(phones(&found), 4, "{found}");
}

#[test]
fn several_killers_are_all_named() {
    let parts = [bomb("1.zip"), people("2.zip", "090-1234-567"), bomb("3.zip"), bomb("4.zip")];
    let found = inspection(&case(&parts, "max_memory = \"128 MiB\"\npart_timeout = \"20s\"\n"));
    let expected = [("1.zip › long.txt", "limit"), ("3.zip › long.txt", "limit"), ("4.zip › long.txt", "limit")];
    assert_eq!((unread(&found).as_slice(), phones(&found)), (expected.as_slice(), 2), "{found}");
}

#[test]
fn a_mail_of_nothing_but_killers_is_given_up_and_says_so() {
    // Seven: of fewer, the fifth is cut short by the ratio to which a mail may unpack, and half of it kills nobody.
    let parts: Vec<_> = (1..=7).map(|number| bomb(&format!("{number}.zip"))).collect();
    let found = inspection(&case(&parts, "max_memory = \"128 MiB\"\npart_timeout = \"20s\"\n"));
    let unread = unread(&found);
    assert_eq!(unread[0], ("mail", "limit"), "{found}");
    assert_eq!(unread[1..].iter().filter(|(place, _)| place.ends_with(".zip › long.txt")).count(), 5, "{found}");
    assert_eq!(found["coverage"]["inspected"], 0);
}

/// Names at which a worker that was built for the tests dies (`sandbox::rehearsal`), and what its parent calls that.
#[cfg(debug_assertions)]
const DEATHS: [(&str, &str); 3] = [
    ("sekisho-rehearses-an-abort.zip", "crashed"),
    ("sekisho-rehearses-an-overflow.zip", "crashed"),
    ("sekisho-rehearses-a-loop.zip", "limit"),
];

#[cfg(debug_assertions)]
#[test]
fn an_abort_an_overflow_and_an_endless_loop_cost_one_part_each() {
    for (name, reason) in DEATHS {
        let parts = [people("1.zip", "090-1234-567"), people(name, "070-1234-567"), people("3.zip", "080-1234-567")];
        let found = inspection(&case(&parts, "part_timeout = \"2s\"\n"));
        assert_eq!(unread(&found), [(name, reason)], "{found}");
        assert_eq!((phones(&found), found["persons"].as_u64()), (4, Some(4)), "{found}");
        assert!(!found["findings"].to_string().contains("070"), "{found}");
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_part_that_kills_deep_inside_is_named_by_its_whole_way() {
    let inner = people("sekisho-rehearses-an-abort.zip", "070-1234-567");
    let outer = zip(&inner.0, &inner.1);
    let parts = [("1.zip".to_owned(), outer), people("2.zip", "090-1234-567")];
    let found = inspection(&case(&parts, ""));
    assert_eq!(unread(&found), [("1.zip › sekisho-rehearses-an-abort.zip", "crashed")], "{found}");
    assert_eq!(phones(&found), 2, "{found}");
}

#[cfg(debug_assertions)]
#[test]
fn a_mail_that_kills_its_worker_is_held_and_the_next_one_goes_out() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[inspection]\nworkers = 1\npart_timeout = \"2s\"\n");
    for (name, reason) in DEATHS {
        let before = eventually("a worker", || relay.workers().first().copied());
        let parts = [people("1.zip", "090-1234-567"), people(name, "070-1234-567"), people("3.zip", "080-1234-567")];
        let reply = talk::send(relay.smtp, FROM, &[TO], mail(&parts).as_bytes()).unwrap();
        assert!(reply.starts_with("250 2.0.0 held as "), "{name}: {reply}");
        let id = reply.trim_start_matches("250 2.0.0 held as ").split_whitespace().next().unwrap();
        let shown = relay.command(&["held", "show", "--json", id]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains(&format!("\"{reason}\"")) && shown.contains(name), "{shown}");
        assert!(shown.contains("jp.phone"), "the rest does not count: {shown}");
        assert!(sink.to(TO).is_empty());
        let after = eventually("another worker", || relay.workers().first().copied().filter(|pid| *pid != before));
        assert!(after != before);
    }
    assert_eq!(relay.log().matches("an inspection worker was lost").count(), 3, "{}", relay.log());
    let reply = talk::send(relay.smtp, FROM, &[TO], &letter("after-1", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
}
