//! The main job, end to end: stopped, told, decided, and out unchanged.

use sekisho::cli::demo::samples;
use serde_json::Value;

use crate::support::{
    eventually,
    relay::Relay,
    sink::{Delivered, Sink},
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const APPROVER: &str = "kacho@toho.example.co.jp";
const SECURITY: &str = "security@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const NUMBER: &str = "123456789018";

/// A mail that needs a second approver.
fn secret(id: &str) -> Vec<u8> {
    letter(id, "nencho", &format!("従業員 高橋 由美のマイナンバーは {NUMBER} です。"))
}

fn send(relay: &Relay, to: &[&str], mail: &[u8]) -> String {
    talk::send(relay.smtp, SENDER, to, mail).unwrap()
}

fn arrival(sink: &Sink, to: &str, containing: &str) -> Delivered {
    eventually(&format!("a mail to {to} with {containing:?}"), || {
        sink.to(to).into_iter().find(|mail| decoded(mail).contains(containing))
    })
}

/// Subject and text of a notice, decoded.
fn decoded(mail: &Delivered) -> String {
    let message = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    format!("{}\n{}", message.subject().unwrap_or_default(), message.body_text(0).unwrap_or_default())
}

fn reply_address(mail: &Delivered) -> String {
    let message = mail_parser::MessageParser::default().parse(&mail.bytes).unwrap();
    message.reply_to().unwrap().first().unwrap().address().unwrap().to_owned()
}

fn answer(relay: &Relay, from: &str, to: &str, text: &str) -> String {
    let mail = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Re: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n"
    );
    talk::send(relay.smtp, from, &[to], mail.as_bytes()).unwrap()
}

fn id(mail: &Value) -> &str {
    mail["id"].as_str().unwrap()
}

#[test]
fn the_gas_company_case() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let sample = samples::gas_company(samples::GAS_CUSTOMERS).unwrap();
    let reply = talk::send(relay.smtp, sample.from, &[&sample.to[0]], &sample.bytes).unwrap();
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");

    let held = relay.wait_for_state("pending");
    assert_eq!(held["decision"], "require_approval");
    let persons = held["persons"].as_u64().unwrap();
    assert!((11_880..=12_120).contains(&persons), "{persons} persons");

    let told = arrival(&sink, SENDER, "12");
    let request = arrival(&sink, APPROVER, "承認");
    for notice in [&told, &request] {
        assert!(decoded(notice).contains("顧客!"), "no location: {}", decoded(notice));
        assert!(notice.from.is_empty(), "a notice must have the null reverse path");
    }
    // The rewritten mail carries the original; the sender's notice shows no value unmasked.
    let phone = samples::customer(0).phone;
    assert!(!decoded(&told).contains(&phone));
    assert!(sink.to(CONTRACTOR).is_empty());

    let reply =
        answer(&relay, APPROVER, &reply_address(&request), "承認します。\r\n先方と契約済みです。\r\n\r\n> 引用");
    assert!(reply.starts_with("250"), "{reply}");
    let out = eventually("the released mail", || sink.to(CONTRACTOR).pop());
    assert_eq!(out.without_trace(), sample.bytes, "released bytes differ from received bytes");
    assert_eq!(out.from, SENDER);
    relay.wait_for_state("delivered");
    arrival(&sink, SENDER, "契約済み");
}

#[test]
fn clean_mail_passes_unchanged_and_touches_no_disk() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mail = letter("clean-disk", "s", "定例会議は水曜日です。合言葉はカキツバタ。\r\n..\r\n");
    let reply = send(&relay, &[CONTRACTOR], &mail);
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert_eq!(sink.to(CONTRACTOR)[0].without_trace(), mail);
    for entry in std::fs::read_dir(relay.home().join("data")).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, "カキツバタ".as_bytes()).is_none(), "{:?} holds the mail", entry.path());
    }
    let search = relay.command(&["journal", "search", "--json", CONTRACTOR]);
    let records = String::from_utf8(search.stdout).unwrap();
    assert!(records.contains("\"forward\"") && records.contains("queued in the sink"), "{records}");
}

#[test]
fn held_bytes_are_unreadable_on_disk() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let reply = send(&relay, &[ACCOUNTANT], &secret("sealed"));
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    for entry in std::fs::read_dir(relay.home().join("data")).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        for clear in [NUMBER, "高橋"] {
            assert!(memchr::memmem::find(&bytes, clear.as_bytes()).is_none(), "{:?} shows {clear}", entry.path());
        }
    }
    assert!(!relay.log().contains(NUMBER));
}

#[test]
fn the_sender_can_never_approve() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "");
    send(&relay, &[ACCOUNTANT], &secret("own"));
    let held = relay.wait_for_state("pending");
    let own = relay.command(&["held", "approve", id(&held), "--as", SENDER]);
    assert_eq!(own.status.code(), Some(2), "{}", String::from_utf8_lossy(&own.stderr));
    let request = arrival(&sink, APPROVER, "承認");
    // Even with the approver's secret address in hand, and with the approver's name in the From field.
    let secret_address = reply_address(&request);
    answer(&relay, SENDER, &secret_address, "承認");
    let forged = format!("From: {APPROVER}\r\nTo: {secret_address}\r\nSubject: Re: x\r\n\r\napprove\r\n");
    for envelope in [SENDER, ""] {
        talk::send(relay.smtp, envelope, &[&secret_address], forged.as_bytes()).unwrap();
    }
    let stranger = relay.command(&["held", "approve", id(&held), "--as", "x@toho.example.co.jp"]);
    assert_eq!(stranger.status.code(), Some(2));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(relay.held()[0]["state"], "pending");
    assert!(sink.to(ACCOUNTANT).is_empty());
}

#[test]
fn an_approver_who_sends_is_not_asked() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let reply = talk::send(relay.smtp, APPROVER, &[ACCOUNTANT], &secret("boss")).unwrap();
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    arrival(&sink, SECURITY, "承認");
    let held = relay.wait_for_state("pending");
    assert_eq!(relay.command(&["held", "approve", id(&held), "--as", APPROVER]).status.code(), Some(2));
    assert!(relay.command(&["held", "approve", id(&held), "--as", SECURITY]).status.success());
    eventually("the released mail", || sink.to(ACCOUNTANT).pop());
}

#[test]
fn a_rejected_mail_stays_and_its_sender_is_told_why() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    send(&relay, &[ACCOUNTANT], &secret("reject"));
    let request = arrival(&sink, APPROVER, "承認");
    answer(&relay, APPROVER, &reply_address(&request), "却下\r\n宛先を確認してください。");
    relay.wait_for_state("rejected");
    arrival(&sink, SENDER, "宛先を確認してください");
    assert!(sink.to(ACCOUNTANT).is_empty());
}

#[test]
fn the_sender_withdraws_by_answering_the_notice() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    send(&relay, &[ACCOUNTANT], &secret("withdraw"));
    let notice = eventually("the hold notice", || sink.to(SENDER).pop());
    answer(&relay, SENDER, &reply_address(&notice), "取消");
    relay.wait_for_state("withdrawn");
    assert!(sink.to(ACCOUNTANT).is_empty());
}

#[test]
fn a_mail_that_nobody_decides_goes_back_to_its_sender() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[console]", "expires_after = \"2s\"\ndelay = \"1s\"\n[console]"))
        .unwrap();
    relay.run();
    send(&relay, &[ACCOUNTANT], &secret("expire"));
    relay.wait_for_state("expired");
    let returned = eventually("the delivery status notice", || {
        sink.to(SENDER).into_iter().find(|mail| mail.text().contains("message/delivery-status"))
    });
    assert!(returned.text().contains(&format!("Final-Recipient: rfc822; {ACCOUNTANT}")), "{}", returned.text());
    assert!(sink.to(ACCOUNTANT).is_empty());
}

#[test]
fn a_retry_by_the_mail_server_is_not_held_twice() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let first = send(&relay, &[ACCOUNTANT], &secret("retry"));
    let again = send(&relay, &[ACCOUNTANT], &secret("retry"));
    assert_eq!(first, again);
    assert_eq!(relay.held().len(), 1);
    arrival(&sink, APPROVER, "承認");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(sink.to(APPROVER).len(), 1, "the approver was asked twice");
    let other = send(&relay, &[ACCOUNTANT], &secret("another"));
    assert_ne!(first, other);
}

#[test]
fn each_recipient_gets_its_own_decision() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let colleague = "suzuki@toho.example.co.jp";
    let reply = send(&relay, &[colleague, ACCOUNTANT], &secret("mixed"));
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    let inside = eventually("the colleague's copy", || sink.to(colleague).pop());
    assert_eq!(inside.without_trace(), secret("mixed"));
    assert_eq!(inside.to, [colleague]);
    assert!(sink.to(ACCOUNTANT).is_empty());
    assert_eq!(relay.held()[0]["rcpt_to"], serde_json::json!([ACCOUNTANT]));
}

#[test]
fn a_lookalike_and_an_exposed_list_are_held() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    for sample in [samples::lookalike().unwrap(), samples::exposed().unwrap()] {
        let to: Vec<_> = sample.to.iter().map(String::as_str).collect();
        let reply = send(&relay, &to, &sample.bytes);
        assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    }
    let rules: Vec<_> = relay.held().iter().map(|mail| mail["rules"].to_string()).collect();
    assert!(rules.iter().any(|r| r.contains("lookalike-domain")), "{rules:?}");
    assert!(rules.iter().any(|r| r.contains("exposed-recipients")), "{rules:?}");
    arrival(&sink, SECURITY, "gmail.com");
}

#[test]
fn a_restart_finishes_what_was_committed() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    send(&relay, &[ACCOUNTANT], &secret("restart"));
    relay.kill();
    // Approved while the server is down, from a shell.
    let held = relay.held();
    let approve = relay.command(&["held", "approve", id(&held[0]), "--as", APPROVER]);
    assert!(approve.status.success(), "{}", String::from_utf8_lossy(&approve.stderr));
    relay.run();
    eventually("the released mail", || sink.to(ACCOUNTANT).pop());
    relay.wait_for_state("delivered");
    assert_eq!(sink.to(ACCOUNTANT).len(), 1);
}

#[test]
fn a_released_mail_that_the_next_hop_refuses_comes_back() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut mail = b"X-Refuse: yes\r\n".to_vec();
    mail.extend(secret("bounce"));
    send(&relay, &[ACCOUNTANT], &mail);
    let held = relay.wait_for_state("pending");
    assert!(relay.command(&["held", "approve", id(&held), "--as", APPROVER]).status.success());
    relay.wait_for_state("bounced");
}

#[test]
fn a_stopped_server_ends_with_status_zero() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    assert!(relay.stop(), "{}", relay.log());
}
