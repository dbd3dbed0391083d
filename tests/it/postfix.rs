//! Real Postfix in front and behind, with the files of `deploy/postfix/relayhost`.
//!
//! Needs root and Debian's postfix: `tests/run` installs it and runs these ignored tests.

use crate::support::{
    eventually,
    postfix::{Postfix, mailboxes, recipe},
    relay::Relay,
    talk::{self, letter},
};

/// Front, Sekisho and behind, wired up.
struct Office {
    front: Postfix,
    relay: Relay,
    behind: Postfix,
}

impl Office {
    fn open() -> Self {
        let domains = "toho.example.co.jp, kita-hoan.example.com, zeirishi.example.com";
        let behind = Postfix::start(&(recipe("postfix/relayhost/behind.main.cf", &[]) + &mailboxes(domains)));
        let relay = Relay::start(behind.address);
        let relayhost = format!("relayhost = [127.0.0.1]:{}", relay.smtp.port());
        let front = recipe("postfix/relayhost/front.main.cf", &[("relayhost = [127.0.0.1]:10025", &relayhost)]);
        let front = Postfix::start(&(front + "mynetworks = 127.0.0.0/8\n"));
        Self { front, relay, behind }
    }

    fn send(&self, from: &str, to: &str, mail: &[u8]) {
        let reply = talk::send(self.front.address, from, &[to], mail).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
    }

    fn arrival(&self, to: &str) -> String {
        eventually(&format!("mail to {to}"), || self.behind.delivered_to(to).pop())
    }
}

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const APPROVER: &str = "kacho@toho.example.co.jp";

/// The body as Postfix keeps it in a maildir: everything behind the first empty line, lines ending in LF.
fn body(mail: &str) -> String {
    mail.replace("\r\n", "\n").split_once("\n\n").unwrap().1.to_owned()
}

fn secret(id: &str) -> Vec<u8> {
    letter(id, "nencho", "従業員 高橋 由美のマイナンバーは 123456789018 です。\r\n.先頭の点\r\n")
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn clean_mail_arrives_and_held_mail_arrives_after_approval() {
    let office = Office::open();
    let clean = letter("postfix-clean", "teirei", "来週の定例会議は水曜日です。\r\n..点が二つ\r\n最後の行");
    office.send(SENDER, CONTRACTOR, &clean);
    let arrived = office.arrival(CONTRACTOR);
    assert_eq!(body(&arrived), body(&String::from_utf8(clean).unwrap()));
    assert!(arrived.contains("(Sekisho) with ESMTP id "), "{arrived}");

    let mail = secret("postfix-held");
    office.send(SENDER, ACCOUNTANT, &mail);
    let held = office.relay.wait_for_state("pending");
    assert_eq!(held["decision"], "require_approval");
    office.arrival(APPROVER);
    assert!(office.behind.delivered_to(ACCOUNTANT).is_empty());

    let id = held["id"].as_str().unwrap();
    let approve = office.relay.command(&["held", "approve", id, "--as", APPROVER]);
    assert!(approve.status.success(), "{}", String::from_utf8_lossy(&approve.stderr));
    let arrived = office.arrival(ACCOUNTANT);
    assert_eq!(body(&arrived), body(&String::from_utf8(mail).unwrap()));
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn an_approver_answers_by_mail_through_postfix() {
    let office = Office::open();
    office.send(SENDER, ACCOUNTANT, &secret("postfix-reply"));
    let request = office.arrival(APPROVER);
    let secret_address = request
        .lines()
        .find_map(|line| line.strip_prefix("Reply-To:"))
        .map(|value| value.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
        .unwrap();
    assert!(secret_address.starts_with("sekisho+"), "{secret_address}");
    let answer = format!(
        "From: {APPROVER}\r\nTo: {secret_address}\r\nSubject: Re: \r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\
         承認\r\n\r\n> 承認または却下とお答えください\r\n"
    );
    office.send(APPROVER, &secret_address, answer.as_bytes());
    office.arrival(ACCOUNTANT);
    let held = office.relay.wait_for_state("delivered");
    assert_eq!(held["approvals"].as_array().map(Vec::len), Some(1), "{held}");
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn postfix_keeps_mail_while_sekisho_is_away_or_says_451() {
    let mut office = Office::open();
    office.relay.kill();
    office.send(SENDER, CONTRACTOR, &letter("postfix-away", "s", "関所が止まっている間のメール"));
    eventually("Postfix to queue the mail", || (office.front.log().contains("status=deferred")).then_some(()));
    assert_eq!(office.front.queued(), 1);

    // The next hop is away, so Sekisho is up but answers 451.
    office.behind.postfix("stop");
    office.relay.run();
    office.front.flush();
    eventually("Postfix to hear 451", || office.front.log().contains("451 4.3.0").then_some(()));
    assert_eq!(office.front.queued(), 1);

    office.behind.go();
    eventually("the mail to arrive", || {
        office.front.flush();
        std::thread::sleep(std::time::Duration::from_secs(1));
        office.behind.delivered_to(CONTRACTOR).pop()
    });
    eventually("the queue to empty", || (office.front.queued() == 0).then_some(()));
    assert_eq!(office.behind.delivered_to(CONTRACTOR).len(), 1);
}
