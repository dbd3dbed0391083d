//! The mail server sees the next hop's own replies, per recipient, and never a 250 that the next hop did not give.

use crate::support::{
    eventually, free_port,
    relay::Relay,
    sink::Sink,
    talk::{self, Talk, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

#[test]
fn recipients_are_answered_by_the_next_hop() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut talk = Talk::start(relay.smtp).unwrap();
    talk.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    let refused = talk.say("RCPT TO:<refused@kita-hoan.example.com>").unwrap();
    assert_eq!(refused, "550 5.1.1 no such mailbox here");
    let later = talk.say("RCPT TO:<later@kita-hoan.example.com>").unwrap();
    assert_eq!(later, "451 4.2.0 mailbox busy");
    assert!(talk.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap().starts_with("250"));
    let reply = talk.data(&letter("mixed-rcpt", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert_eq!(sink.mails()[0].to, [CONTRACTOR]);
}

#[test]
fn a_refusal_at_the_dot_is_ours_too() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut mail = b"X-Refuse: yes\r\n".to_vec();
    mail.extend(letter("dot", "s", "定例会議です。"));
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &mail).unwrap();
    assert_eq!(reply, "554 5.6.0 refused at the dot");
    assert!(sink.mails().is_empty());
}

#[test]
fn a_next_hop_that_is_away_means_451_and_nothing_is_taken() {
    let nobody = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let relay = Relay::start(nobody);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("away", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("451 4.3.0"), "{reply}");
    assert!(relay.held().is_empty());
}

#[test]
fn a_next_hop_that_goes_down_and_comes_back() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mail = |id: &str| letter(id, "s", "定例会議です。");
    assert!(talk::send(relay.smtp, SENDER, &[CONTRACTOR], &mail("up")).unwrap().starts_with("250"));
    sink.go_down(true);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &mail("down")).unwrap();
    assert!(reply.starts_with('4'), "{reply}");
    sink.go_down(false);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &mail("back")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert_eq!(sink.mails().len(), 2);
}

#[test]
fn the_connection_to_the_next_hop_is_used_again_after_a_hold() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    for n in 0..10 {
        let text = if n % 2 == 0 {
            "定例会議です。"
        } else {
            "従業員 高橋 由美のマイナンバーは 123456789018 です。"
        };
        let to = format!("u{n}@kita-hoan.example.com");
        let reply = talk::send(relay.smtp, SENDER, &[&to], &letter(&format!("pool-{n}"), "s", text)).unwrap();
        let expected = if n % 2 == 0 { "250 2.0.0 forwarded" } else { "250 2.0.0 held" };
        assert!(reply.starts_with(expected), "{reply}");
    }
    // One for the mails in turn, a few for the notices that go out beside them.
    assert!(sink.connections() <= 10, "{} connections for 10 mails", sink.connections());
    let forwarded = sink.mails().into_iter().filter(|mail| mail.from == SENDER).count();
    assert_eq!(forwarded, 5);
}

#[test]
fn slow_clients_keep_no_connection_to_the_next_hop_from_the_others() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "next_hop.max_connections = 1\n");
    // At its start it asks the next hop who it is, in its own time, over the connection that the first mail then takes.
    eventually("the first greeting", || sink.commands().iter().any(|line| line.starts_with("EHLO")).then_some(()));
    let mut slow = Talk::start(relay.smtp).unwrap();
    slow.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    assert!(slow.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap().starts_with("250"));
    let mail = |id: &str| letter(id, "s", "定例会議です。");
    let reply = talk::send(relay.smtp, SENDER, &["quick@kita-hoan.example.com"], &mail("quick")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    let reply = slow.data(&mail("slow")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert_eq!(sink.mails()[1].to, [CONTRACTOR]);
    assert_eq!(sink.connections(), 1);
}

#[test]
fn answers_and_other_mail_do_not_travel_together() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let secret = letter("answers", "s", "従業員 高橋 由美のマイナンバーは 123456789018 です。");
    assert!(talk::send(relay.smtp, SENDER, &[CONTRACTOR], &secret).unwrap().starts_with("250 2.0.0 held"));
    let notice = eventually("the hold notice", || sink.to(SENDER).pop()).text();
    let address = notice.split("sekisho+").nth(1).unwrap().split('>').next().unwrap();
    let mut talk = Talk::start(relay.smtp).unwrap();
    talk.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    assert!(talk.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap().starts_with("250"));
    let reply = talk.say(&format!("RCPT TO:<sekisho+{address}>")).unwrap();
    assert!(reply.starts_with("452 4.5.3"), "{reply}");
    let unknown = talk.say("RCPT TO:<sekisho+abcdefghijklmnopqrstuvwxyz@sekisho.toho.example.co.jp>").unwrap();
    assert!(unknown.starts_with("550 5.1.1"), "{unknown}");
}

#[test]
fn a_stranger_may_not_relay() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "smtp.allow_from = [\"192.0.2.0/24\"]");
    let greeting = Talk::connect(relay.smtp).unwrap().reply().unwrap();
    assert!(greeting.starts_with("554 5.7.1"), "{greeting}");
}
