//! Real Postfix in front and behind, with the files of `deploy/postfix/relayhost`.
//!
//! Needs root and Debian's postfix: `tests/run` installs it and runs these ignored tests.

use std::{collections::BTreeMap, fs, path::Path};

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

/// The secret address at which whoever got `request` answers.
fn secret_address(request: &str) -> String {
    let line = request.lines().find_map(|line| line.strip_prefix("Reply-To:")).unwrap();
    let address = line.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    assert!(address.starts_with("sekisho+"), "{address}");
    address
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn an_approver_answers_by_mail_through_postfix() {
    let office = Office::open();
    office.send(SENDER, ACCOUNTANT, &secret("postfix-reply"));
    let secret_address = secret_address(&office.arrival(APPROVER));
    let answer = format!(
        "From: {APPROVER}\r\nTo: {secret_address}\r\nSubject: Re: \r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\
         承認\r\n\r\n> 承認または却下とお答えください\r\n"
    );
    office.send(APPROVER, &secret_address, answer.as_bytes());
    office.arrival(ACCOUNTANT);
    let held = office.relay.wait_for_state("delivered");
    assert_eq!(held["approvals"].as_array().map(Vec::len), Some(1), "{held}");
}

/// The replies of `tests/replies`: Outlook, Gmail, Apple Mail, Thunderbird, webmail and Japanese phones, in their charsets,
/// with their quotations, sent by the approver through Postfix to the address that the request names.
#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn replies_of_every_mail_program_decide_through_postfix() {
    const WRITTEN_TO: &str = "sekisho+abcdefghijklmnopqrstuvwxyz@sekisho.example.co.jp";
    const WRITTEN_BY: &str = "kacho@example.co.jp";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replies");
    let table: toml::Table = fs::read_to_string(folder.join("verdicts.toml")).unwrap().parse().unwrap();
    let office = Office::open();
    let mut answered = BTreeMap::from([("approve", 0), ("reject", 0)]);
    for reply in table["reply"].as_array().unwrap() {
        let (file, verdict) = (reply["file"].as_str().unwrap(), reply["verdict"].as_str().unwrap());
        let answer = fs::read(folder.join(file)).unwrap();
        let from_kacho = memchr::memmem::find(&answer, WRITTEN_BY.as_bytes()).is_some();
        if !from_kacho || !["approve", "reject"].contains(&verdict) {
            continue;
        }
        office.send(SENDER, ACCOUNTANT, &secret(&format!("reply-{file}")));
        let id = office.relay.wait_for_state("pending")["id"].as_str().unwrap().to_owned();
        let request = eventually(&format!("the request about {id}"), || {
            office
                .behind
                .delivered_to(APPROVER)
                .into_iter()
                .find(|mail| mail.contains(&id) && mail.contains("Reply-To:"))
        });
        let secret_address = secret_address(&request);
        let answer = replaced(&replaced(&answer, WRITTEN_TO, &secret_address), WRITTEN_BY, APPROVER);
        office.send(APPROVER, &secret_address, &replaced(&answer, "\n", "\r\n"));
        let state = eventually(&format!("{file} to decide"), || {
            let held = office.relay.held().into_iter().find(|held| held["id"] == id.as_str())?;
            (held["state"] != "pending").then_some(held)
        });
        let said = &state["approvals"][0];
        assert_eq!((said["verdict"].as_str(), said["via"].as_str()), (Some(verdict), Some("reply")), "{file}: {state}");
        assert_eq!(said["comment"].as_str(), reply["comment"].as_str(), "{file}");
        *answered.get_mut(verdict).unwrap() += 1;
    }
    assert!(answered["approve"] >= 25 && answered["reject"] >= 5, "{answered:?}");
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, from.as_bytes()) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to.as_bytes());
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
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
