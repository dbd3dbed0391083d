//! A copy made while the server runs, restored on an empty machine: the held mail is released there, and what is wrong with a
//! copy is said in words.

use std::{fs, path::Path};

use crate::support::{
    eventually,
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const FROM: &str = "sato@toho.example.co.jp";
const TO: &str = "yamada@kita-hoan.example.com";
const SECRET: &str = "マイナンバー 1234 5678 9018";

fn said(relay: &Relay, args: &[&str]) -> (i32, String) {
    let output = relay.command(args);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_mail_held_on_one_machine_is_released_on_another_from_its_backup() {
    let (first, away) = (Sink::start(), tempfile::tempdir().unwrap());
    let mut old = Relay::start(first.address);
    for number in 0..20 {
        let mail = letter(&format!("m{number}"), "s", if number == 7 { SECRET } else { "no data" });
        talk::send(old.smtp, FROM, &[TO], &mail).unwrap();
    }
    let copy = away.path().join("copy");
    let (code, told) = said(&old, &["backup", name(&copy)]);
    assert!(code == 0 && told.contains("with the key"), "{told}");
    assert!(!fs::read(copy.join("sekisho.db")).unwrap().windows(14).any(|bytes| bytes == b"1234 5678 9018"));
    let id = old.held()[0]["id"].as_str().unwrap().to_owned();
    old.kill();

    // The other machine has a configuration of its own and nothing else.
    let second = Sink::start();
    let mut new = Relay::configured(second.address, "");
    let (code, told) = said(&new, &["restore", name(&copy)]);
    assert!(code == 0 && told.contains("held mails that wait: 1") && told.contains("journal is whole"), "{told}");
    let (code, told) = said(&new, &["restore", name(&copy)]);
    assert!(code == 2 && told.contains("is there already"), "{told}");
    new.run();
    assert_eq!(new.held()[0]["id"], id.as_str());
    let (code, told) = said(&new, &["held", "approve", &id, "--as", "kacho@toho.example.co.jp"]);
    assert_eq!(code, 0, "{told}");
    let mail = eventually("the released mail", || second.to(TO).pop());
    assert!(mail.text().contains("1234 5678 9018"), "its bytes are those of before");
    let (code, told) = said(&new, &["journal", "verify"]);
    assert_eq!(code, 0, "the chain goes on: {told}");
}

#[test]
fn a_copy_without_its_key_or_with_another_restores_nothing() {
    let (sink, away) = (Sink::start(), tempfile::tempdir().unwrap());
    let relay = Relay::start(sink.address);
    talk::send(relay.smtp, FROM, &[TO], &letter("held", "s", SECRET)).unwrap();
    let copy = away.path().join("copy");
    assert_eq!(said(&relay, &["backup", name(&copy), "--without-key"]).0, 0);
    assert!(!copy.join("seal.key").exists());
    let (code, told) = said(&relay, &["backup", name(&copy)]);
    assert!(code != 0 && told.contains("copy"), "a copy is never written over: {told}");

    let new = Relay::configured(sink.address, "");
    let (code, told) = said(&new, &["restore", name(&copy)]);
    assert!(code == 2 && told.contains("--key"), "{told}");
    let wrong = away.path().join("wrong.key");
    fs::write(&wrong, [7; 32]).unwrap();
    fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (code, told) = said(&new, &["restore", name(&copy), "--key", name(&wrong)]);
    assert!(code == 2 && told.contains("does not belong to this database"), "{told}");
    let right = relay.home().join("data/seal.key");
    let (code, told) = said(&new, &["restore", name(&copy), "--key", name(&right)]);
    assert!(code == 0, "the wrong key left nothing in the way: {told}");
}
