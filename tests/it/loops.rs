//! Mail that comes back: what was let go is known again, what changed is inspected, what goes in circles ends.

use crate::support::{
    eventually,
    relay::Relay,
    sink::{Delivered, Sink},
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const APPROVER: &str = "kacho@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";

/// The mails to `to` from the sender, not our notices.
fn passed(sink: &Sink, to: &str) -> Vec<Delivered> {
    sink.to(to).into_iter().filter(|mail| mail.from == SENDER).collect()
}

fn again(relay: &Relay, to: &[&str], bytes: &[u8]) -> String {
    talk::send(relay.smtp, SENDER, to, bytes).unwrap()
}

#[test]
fn a_released_mail_that_comes_back_is_not_held_again_and_a_changed_one_is() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    assert!(again(&relay, &[ACCOUNTANT], &letter("back", "s", SECRET)).starts_with("250 2.0.0 held"));
    let id = relay.wait_for_state("pending")["id"].as_str().unwrap().to_owned();
    assert!(relay.command(&["held", "approve", &id, "--as", APPROVER]).status.success());
    let out = eventually("the release", || passed(&sink, ACCOUNTANT).pop());
    relay.wait_for_state("delivered");

    // As a mail server that relays through us twice hands it over.
    let travelled = [b"Received: from sekisho by mail.toho.example.co.jp; date\r\n", out.bytes.as_slice()].concat();
    let reply = again(&relay, &[ACCOUNTANT], &travelled);
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert_eq!(passed(&sink, ACCOUNTANT).len(), 2);
    assert_eq!(passed(&sink, ACCOUNTANT)[1].without_trace(), travelled, "one field in front, nothing else");

    let held = |reply: String| assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    held(again(&relay, &[ACCOUNTANT, CONTRACTOR], &travelled));
    let text = String::from_utf8(travelled.clone()).unwrap();
    held(again(&relay, &[ACCOUNTANT], text.replace("Subject: s", "Subject: t").as_bytes()));
    held(again(&relay, &[ACCOUNTANT], text.replace("従業員", "社員").as_bytes()));
    held(again(&relay, &[ACCOUNTANT], text.replacen("(pass v1.", "(pass v1.1", 1).as_bytes()));
    assert_eq!(passed(&sink, ACCOUNTANT).len(), 2);
    let journal = relay.command(&["journal", "search", "passed_before"]);
    assert!(String::from_utf8_lossy(&journal.stdout).contains(&id), "{journal:?}");
}

#[test]
fn a_mail_that_is_known_again_and_again_is_a_loop() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut mail = letter("round", "s", "定例会議です。");
    let mut rounds = 0;
    let reply = loop {
        let reply = again(&relay, &[CONTRACTOR], &mail);
        if !reply.starts_with("250") {
            break reply;
        }
        rounds += 1;
        assert!(rounds < 20, "it never ends");
        mail = passed(&sink, CONTRACTOR).pop().unwrap().bytes;
    };
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
    assert_eq!(rounds, 6);
    assert!(relay.log().contains("passed before"), "a forwarded mail is known again too");
}

#[test]
fn the_trace_tells_no_more_than_it_was_told_to() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[smtp]", "[smtp]\ntrace_client = false")).unwrap();
    relay.run();
    let colleague = "keiri@toho.example.co.jp";
    assert!(again(&relay, &[CONTRACTOR, colleague], &letter("two", "s", "定例会議です。")).starts_with("250"));
    let bytes = passed(&sink, CONTRACTOR).pop().unwrap().bytes;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let trace = text.split("From:").next().unwrap();
    assert!(trace.starts_with("Received: by sekisho.toho.example.co.jp (Sekisho) with ESMTP id "), "{trace}");
    for secret in ["client.test", "127.0.0.1", colleague, CONTRACTOR] {
        assert!(!trace.contains(secret), "{secret} in {trace}");
    }
    assert_eq!(trace.matches("Received:").count(), 1);
}
