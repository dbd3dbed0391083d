//! `sekisho outbox`: what waits to go out is seen, tried again and taken out beside the running server.

use serde_json::Value;

use crate::support::{
    eventually,
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const SECURITY: &str = "security@toho.example.co.jp";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";

fn listed(relay: &Relay) -> Vec<Value> {
    let output = relay.command(&["outbox", "list", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A mail that was held and approved, and whose delivery to `sink` failed once.
fn waiting(relay: &Relay, sink: &Sink) -> String {
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("waiting", "s", SECRET)).unwrap();
    sink.go_down(true);
    let id = reply.rsplit(' ').next().unwrap();
    let held = relay.held().into_iter().find(|mail| mail["id"] == id).unwrap();
    let decider = if held["decision"] == "hold" { SECURITY } else { "kacho@toho.example.co.jp" };
    let approved = relay.command(&["held", "approve", id, "--as", decider]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    eventually("a first attempt", || {
        let row = listed(relay).into_iter().find(|row| row["kind"] == "release" && row["held"] == id)?;
        (row["attempts"] == 1).then(|| row["id"].as_str().unwrap().to_owned())
    })
}

#[test]
fn a_waiting_mail_is_seen_and_tried_again_at_once() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let id = waiting(&relay, &sink);
    let row = listed(&relay).into_iter().find(|row| row["id"] == *id).unwrap();
    assert_eq!((&row["mail_from"], &row["rcpt_to"][0]["fate"]), (&SENDER.into(), &"queued".into()));
    assert!(row["rcpt_to"][0]["reply"].as_str().unwrap().starts_with("451 4.3"), "{row}");
    let text = String::from_utf8(relay.command(&["outbox", "list"]).stdout).unwrap();
    assert!(text.contains("queued yamada@kita-hoan.example.com: 451 4.3"), "{text}");
    sink.go_down(false);
    let output = relay.command(&["outbox", "retry", &id.to_lowercase()]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{id}: due\n"));
    eventually("the mail", || sink.to(CONTRACTOR).pop());
    relay.wait_for_state("delivered");
}

#[test]
fn a_dropped_mail_bounces_and_its_sender_is_told_why() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let id = waiting(&relay, &sink);
    sink.go_down(false);
    let stranger = relay.command(&["outbox", "drop", &id, "--as", "eve@toho.example.co.jp", "--comment", "x"]);
    assert_eq!(stranger.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&stranger.stderr).contains(SECURITY));
    let output = relay.command(&["outbox", "drop", &id, "--as", SECURITY, "--comment", "closed account", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["id"], &said["state"]), (&id.as_str().into(), &"dropped".into()));
    relay.wait_for_state("bounced");
    let told = eventually("the notice", || {
        sink.to(SENDER).into_iter().find(|mail| mail.text().contains("delivery-status")).map(|mail| mail.text())
    });
    assert!(told.contains("Action: failed") && told.contains(CONTRACTOR), "{told}");
    let journal = relay.command(&["journal", "search", "--json"]);
    assert!(String::from_utf8_lossy(&journal.stdout).contains("closed account"));
    let again = relay.command(&["outbox", "drop", &id, "--as", SECURITY, "--comment", "x"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(2) && said.contains("outbox list"), "{said}");
}
