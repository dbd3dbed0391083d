//! How Sekisho is, told to monitoring; and no mail is taken where there is no room.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

use crate::support::{
    eventually, free_port,
    relay::Relay,
    sink::{Hop, Sink},
    talk::{self, Talk, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

/// Status and report of `GET /health`.
pub(crate) fn health(console: SocketAddr) -> (u16, Value) {
    let mut stream = TcpStream::connect(console).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

pub(crate) fn condition(report: &Value, name: &str) -> bool {
    let conditions = report["conditions"].as_array().unwrap();
    conditions.iter().find(|line| line["name"] == name).unwrap()["ok"].as_bool().unwrap()
}

#[test]
fn a_sound_relay_says_so_to_anybody() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    eventually("all to be looked at", || {
        let (status, report) = health(relay.console);
        assert_eq!((status, &report["ok"]), (200, &Value::Bool(true)), "{report}");
        let lines = report["conditions"].as_array().unwrap();
        (lines.len() == 13 && lines.iter().all(|line| !line["words"].as_str().unwrap().is_empty())).then_some(())
    });
}

/// The names that the rules and the dashboard ask for, without what Prometheus makes of them.
fn asked_for() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let dashboard: Value = serde_json::from_str(&read("grafana/sekisho.json")).unwrap();
    let targets = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut texts: Vec<String> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    texts.extend(
        read("prometheus/sekisho.rules.yml").lines().filter(|line| line.trim().starts_with("expr:")).map(str::to_owned),
    );
    let mut names: Vec<String> = Vec::new();
    for text in &texts {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            names.extend(word.starts_with("sekisho_").then(|| word.to_owned()));
        }
    }
    names.sort();
    names.dedup();
    assert!(names.len() > 12, "{names:?}");
    names
}

#[test]
fn a_monitor_is_told_what_became_of_mails_and_all_that_rules_and_dashboard_ask_for() {
    let sink = Sink::start();
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let relay = Relay::start_with(sink.address, &format!("[metrics]\nlisten = \"{listen}\"\n"));
    talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("clean", "s", "no data")).unwrap();
    let mynumber = "マイナンバー 1234 5678 9018";
    talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("held", "s", mynumber)).unwrap();
    talk::send(relay.smtp, SENDER, &["x@kita-haon.example.com"], &letter("alike", "s", "no data")).unwrap();
    let metrics = || {
        let mut stream = TcpStream::connect(listen).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let text = metrics();
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("openmetrics-text"), "{text}");
    for line in [
        "sekisho_mails_total{outcome=\"forwarded\"} 1",
        "sekisho_mails_total{outcome=\"approval_required\"} 1",
        "sekisho_waiting{queue=\"held\"} 2",
        "sekisho_rule_matches_total{rule=\"my-number\"} 1",
        "sekisho_recipient_issues_total{check=\"lookalike_domain\"} 1",
        "sekisho_stage_seconds_count{stage=\"whole\"} 3",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    for private in [SENDER, CONTRACTOR, "kita-haon", "1234"] {
        assert!(!text.contains(private), "{private} in\n{text}");
    }
    eventually("a commit to be measured", || metrics().contains("store_commit_seconds_bucket").then_some(()));
    let text = metrics();
    // Those that need a mail of another kind are declared all the same.
    let declared: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for name in asked_for() {
        let base =
            ["_total", "_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        assert!(declared.contains(&base), "{name} is asked for, and there is none: {declared:?}");
    }
}

#[test]
fn a_full_disk_is_told_at_mail_before_the_body_comes() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[store]\nmin_free = \"1024 GiB\"\n");
    eventually("the disk to be looked at", || (health(relay.console).0 == 503).then_some(()));
    let (_, report) = health(relay.console);
    assert!(!condition(&report, "disk") && condition(&report, "store"), "{report}");
    let mut talk = Talk::start(relay.smtp).unwrap();
    let reply = talk.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    assert!(reply.starts_with("451 4.3.2") && reply.contains("disk"), "{reply}");
    assert!(relay.log().contains("not well") && relay.log().contains("mail refused"));
    // One connection at the start asks what the next hop offers.
    assert!(sink.connections() <= 1, "the next hop was asked");
}

#[test]
fn a_next_hop_that_is_away_is_told_and_that_it_is_back_without_a_mail() {
    let place = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let relay = Relay::start(place);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("away", "s", "x")).unwrap();
    assert!(reply.starts_with("451"), "{reply}");
    let (status, report) = health(relay.console);
    assert!(status == 503 && !condition(&report, "next_hop"), "{report}");
    let _back = Sink::start_as(Hop { listen: place, ..Hop::default() });
    eventually("the next hop to be seen again", || (health(relay.console).0 == 200).then_some(()));
}
