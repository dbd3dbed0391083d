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
        (lines.len() == 8 && lines.iter().all(|line| !line["words"].as_str().unwrap().is_empty())).then_some(())
    });
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
