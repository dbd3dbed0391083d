//! One real Postfix with Sekisho in its middle: as `content_filter` behind its queue, and as `smtpd_proxy_filter` in
//! front of it, with the files of `deploy/postfix/content-filter` and `deploy/postfix/before-queue`.
//!
//! Needs root and Debian's postfix: `tests/run` installs it and runs these ignored tests.

use std::net::SocketAddr;

use crate::support::{
    eventually, free_port,
    postfix::{Postfix, mailboxes, recipe},
    relay::Relay,
    sink::{Delivered, Sink},
    talk::{self, Talk, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const APPROVER: &str = "kacho@toho.example.co.jp";

/// Sekisho refuses whatever leaves the company.
const REFUSE_ALL: &str = "[policy]\ndefault = \"reject\"\n";

/// Where Sekisho stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ContentFilter,
    BeforeQueue,
}

/// Postfix with Sekisho in its middle; `internet` is where Postfix delivers what is not the company's own.
struct Office {
    postfix: Postfix,
    relay: Relay,
    internet: Sink,
    /// Where Postfix takes mail back from Sekisho.
    after: SocketAddr,
}

impl Office {
    fn open(way: Way, sekisho: &str) -> Self {
        let (public, internet) = (free_port(), Sink::start());
        let after = SocketAddr::from(([127, 0, 0, 1], free_port()));
        // This machine's Postfix may say where a mail came from.
        let relay = Relay::start_with(after, &format!("smtp.xclient_from = [\"127.0.0.0/8\"]\n{sekisho}"));
        let before = format!("127.0.0.1:{public} inet");
        let (to_sekisho, from_sekisho) = (relay.smtp.to_string(), format!("{after} inet"));
        let (folder, filter) = match way {
            Way::ContentFilter => ("content-filter", format!("sekisho:[127.0.0.1]:{}", relay.smtp.port())),
            Way::BeforeQueue => ("before-queue", format!("smtpd_proxy_filter={to_sekisho}")),
        };
        let re_injection = ("127.0.0.1:10026 inet", from_sekisho.as_str());
        let (main, services) = match way {
            Way::ContentFilter => (
                recipe(&format!("postfix/{folder}/main.cf"), &[("sekisho:[127.0.0.1]:10025", &filter)]),
                recipe(&format!("postfix/{folder}/master.cf"), &[re_injection])
                    + &format!("{before} n - n - - smtpd\n"),
            ),
            Way::BeforeQueue => (
                recipe(&format!("postfix/{folder}/main.cf"), &[]),
                recipe(
                    &format!("postfix/{folder}/master.cf"),
                    &[re_injection, ("smtpd_proxy_filter=127.0.0.1:10025", &filter), ("submission inet", &before)],
                ),
            ),
        };
        let ours = format!(
            "{main}\nmynetworks = 127.0.0.0/8\nrelayhost = [127.0.0.1]:{}\n{}",
            internet.address.port(),
            mailboxes("toho.example.co.jp").replace("virtual_mailbox_limit = 0\n", ""),
        );
        Self { postfix: Postfix::start_on(public, &ours, &services), relay, internet, after }
    }

    fn send(&self, to: &[&str], mail: &[u8]) -> String {
        talk::send(self.postfix.address, SENDER, to, mail).unwrap()
    }

    /// The one mail that arrived outside for `to`, once the queue is empty.
    fn arrival(&self, to: &str) -> Delivered {
        eventually(&format!("mail to {to}"), || self.internet.to(to).pop());
        eventually("the queue to empty", || (self.postfix.queued() == 0).then_some(()));
        let mut mails = self.internet.to(to);
        assert_eq!(mails.len(), 1, "it arrived more than once");
        mails.remove(0)
    }
}

/// The trace headers on top of a mail, and the rest.
fn traces(mut bytes: &[u8]) -> (usize, &[u8]) {
    let mut count = 0;
    while bytes.starts_with(b"Received: ") {
        count += 1;
        let mut lines = bytes.split_inclusive(|c| *c == b'\n');
        let mut length = lines.next().unwrap().len();
        length +=
            lines.take_while(|line| line.starts_with(b"\t") || line.starts_with(b" ")).map(<[u8]>::len).sum::<usize>();
        bytes = &bytes[length..];
    }
    (count, bytes)
}

/// It arrived as it was sent, and passed each station once.
fn assert_passed_once(office: &Office, to: &str, sent: &[u8]) {
    let arrived = office.arrival(to);
    let (count, rest) = traces(&arrived.bytes);
    assert!(rest == sent, "the mail changed: {}", String::from_utf8_lossy(&rest[..rest.len().min(2000)]));
    // Postfix, Sekisho, Postfix.
    assert_eq!(count, 3, "{}", arrived.text());
    assert_eq!(arrived.text().matches("(Sekisho) with ").count(), 1, "{}", arrived.text());
}

/// Every kind of mail that a filter could spoil.
fn ordinary_mail_passes(way: Way) {
    let mut office = Office::open(way, "");
    let says = if way == Way::ContentFilter { "250 2.0.0 Ok: queued" } else { "250 2.0.0 forwarded (" };

    let dots = letter("dots", "s", "来週の定例会議です。\r\n.\r\n..点が二つ\r\n.\r\n\r\n最後の行");
    let reply = office.send(&[CONTRACTOR], &dots);
    assert!(reply.starts_with(says), "{reply}");
    assert_passed_once(&office, CONTRACTOR, &dots);

    // 8-bit in ISO-8859-1, and a header that is not ASCII.
    let mut latin =
        b"From: sato@toho.example.co.jp\r\nTo: b@kita-hoan.example.com\r\nSubject: Caf\xe9\r\nMessage-ID: <l@x>\r\n\
        Date: Sun, 22 Nov 2026 10:00:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\
        Content-Transfer-Encoding: 8bit\r\n\r\n"
            .to_vec();
    latin.extend(b"d\xe9j\xe0 vu \x80\xff\r\n");
    assert!(office.send(&["b@kita-hoan.example.com"], &latin).starts_with("250"));
    assert_passed_once(&office, "b@kita-hoan.example.com", &latin);

    // Somebody who stands only in the envelope, and one who stands in the header.
    let bcc = letter("bcc", "s", "定例会議です。");
    let (seen, hidden) = ("seen@kita-hoan.example.com", "hidden@kita-hoan.example.com");
    assert!(office.send(&[seen, hidden], &bcc).starts_with("250"));
    assert_passed_once(&office, hidden, &bcc);
    assert_passed_once(&office, seen, &bcc);
    assert!(!office.arrival(seen).text().contains("hidden@"));

    // Addresses and a header in UTF-8.
    let utf8 = letter("utf8", "会議の件", "定例会議です。");
    let reader = "山田@kita-hoan.example.com";
    let mut talk = Talk::start(office.postfix.address).unwrap();
    let reply = talk.say(&format!("MAIL FROM:<{SENDER}> BODY=8BITMIME SMTPUTF8")).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    let reply = talk.say(&format!("RCPT TO:<{reader}>")).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    let reply = talk.data(&utf8).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    assert_passed_once(&office, reader, &utf8);

    let line = "来週の定例会議の資料を確認しました。特に問題はありません。";
    let large = letter("large", "s", &vec![line; (8 << 20) / line.len()].join("\r\n"));
    assert!(office.send(&["large@kita-hoan.example.com"], &large).starts_with("250"));
    assert_passed_once(&office, "large@kita-hoan.example.com", &large);

    // Postfix counts the commands of a connection when it ends: it took the mail in chunks.
    assert!(office.relay.stop());
    eventually("Postfix to count BDAT", || office.postfix.log().contains(" bdat=").then_some(()));
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn ordinary_mail_passes_the_content_filter_unchanged_and_once() {
    ordinary_mail_passes(Way::ContentFilter);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn ordinary_mail_passes_before_the_queue_unchanged_and_once() {
    ordinary_mail_passes(Way::BeforeQueue);
}

/// A delivery status notice that was asked for comes once, with all that was asked, and the journal knows the client.
fn what_the_client_said_travels_along(way: Way) {
    let office = Office::open(way, "");
    let mut talk = Talk::start(office.postfix.address).unwrap();
    for line in [
        format!("MAIL FROM:<{SENDER}> BODY=8BITMIME RET=HDRS ENVID=ours+2B42"),
        format!("RCPT TO:<{CONTRACTOR}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@kita-hoan.example.com"),
    ] {
        let reply = talk.say(&line).unwrap();
        assert!(reply.starts_with("250"), "{line}: {reply}");
    }
    let reply = talk.data(&letter("notified", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    office.arrival(CONTRACTOR);

    // What stands behind the last Postfix knows no DSN, so that Postfix reports, and nobody before it.
    let notices = eventually("the notice", || Some(office.postfix.delivered_to(SENDER)).filter(|all| !all.is_empty()));
    assert_eq!(notices.len(), 1, "{notices:?}");
    for part in
        ["Original-Envelope-Id: ours+42", "Action: relayed", "Original-Recipient: rfc822;first@kita-hoan.example.com"]
    {
        assert!(notices[0].contains(part), "{part} is missing: {}", notices[0]);
    }

    let journal = office.relay.command(&["journal", "search", CONTRACTOR]);
    let journal = String::from_utf8(journal.stdout).unwrap();
    assert!(journal.contains("client.test"), "{journal}");
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn the_content_filter_passes_dsn_and_origin_along() {
    what_the_client_said_travels_along(Way::ContentFilter);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn the_proxy_before_the_queue_passes_dsn_and_origin_along() {
    what_the_client_said_travels_along(Way::BeforeQueue);
}

fn secret(id: &str) -> Vec<u8> {
    letter(id, "nencho", "従業員 高橋 由美のマイナンバーは 123456789018 です。")
}

/// Held, told to Postfix as taken, approved, delivered, and never sent round again.
fn held_mail_leaves_after_approval(way: Way) {
    let office = Office::open(way, "");
    let reply = office.send(&[ACCOUNTANT], &secret("held"));
    match way {
        Way::ContentFilter => {
            assert!(reply.starts_with("250 2.0.0 Ok: queued"), "{reply}");
            eventually("Postfix to hear that it is held", || {
                office.postfix.log().contains("status=sent (250 2.0.0 held as ").then_some(())
            });
        }
        Way::BeforeQueue => assert!(reply.starts_with("250 2.0.0 held as "), "{reply}"),
    }
    let held = office.relay.wait_for_state("pending");
    eventually("the approver to be asked", || office.postfix.delivered_to(APPROVER).pop());
    assert!(office.internet.mails().is_empty());

    let approve = office.relay.command(&["held", "approve", held["id"].as_str().unwrap(), "--as", APPROVER]);
    assert!(approve.status.success(), "{}", String::from_utf8_lossy(&approve.stderr));
    let arrived = office.arrival(ACCOUNTANT);
    assert!(traces(&arrived.bytes).1 == secret("held"), "{}", arrived.text());
    assert_eq!(office.relay.held().len(), 1);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn mail_held_behind_the_queue_leaves_after_approval() {
    held_mail_leaves_after_approval(Way::ContentFilter);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn mail_held_before_the_queue_leaves_after_approval() {
    held_mail_leaves_after_approval(Way::BeforeQueue);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn mail_refused_behind_the_queue_comes_back_to_its_sender() {
    let office = Office::open(Way::ContentFilter, REFUSE_ALL);
    let reply = office.send(&[CONTRACTOR], &letter("refused", "s", "定例会議です。"));
    assert!(reply.starts_with("250 2.0.0 Ok: queued"), "{reply}");
    let bounce = eventually("the bounce", || office.postfix.delivered_to(SENDER).pop());
    assert!(bounce.contains("Diagnostic-Code: smtp; 550 5.7.1"), "{bounce}");
    assert!(office.internet.mails().is_empty());
    assert_eq!(office.postfix.queued(), 0);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn mail_refused_before_the_queue_is_refused_to_the_person_who_sends() {
    let office = Office::open(Way::BeforeQueue, REFUSE_ALL);
    let reply = office.send(&[CONTRACTOR], &letter("refused", "s", "定例会議です。"));
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    assert!(office.internet.mails().is_empty());
    assert!(office.postfix.delivered_to(SENDER).is_empty());
    assert_eq!(office.postfix.queued(), 0);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn behind_the_queue_mail_waits_for_whatever_is_away() {
    let mut office = Office::open(Way::ContentFilter, "");
    office.relay.kill();
    assert!(office.send(&[CONTRACTOR], &letter("waits", "s", "定例会議です。")).starts_with("250"));
    eventually("Postfix to keep the mail", || office.postfix.log().contains("status=deferred").then_some(()));
    assert_eq!(office.postfix.queued(), 1);

    // Sekisho is back, but Postfix takes nothing from it.
    office.postfix.close_service(office.after);
    office.relay.run();
    office.postfix.flush();
    eventually("Postfix to hear 451", || office.postfix.log().contains("451 4.3.0").then_some(()));
    assert_eq!(office.postfix.queued(), 1);

    // Now Postfix takes it back, but the internet is away.
    office.internet.go_down(true);
    office.postfix.open_service(office.after);
    eventually("the mail to wait behind Sekisho", || {
        office.postfix.flush();
        office.postfix.log().contains("421 4.3.2 not now").then_some(())
    });
    eventually("the first pass to be over", || (office.postfix.queued() == 1).then_some(()));

    office.internet.go_down(false);
    eventually("the mail to arrive", || {
        office.postfix.flush();
        office.internet.to(CONTRACTOR).pop()
    });
    office.arrival(CONTRACTOR);
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn before_the_queue_nothing_is_taken_while_sekisho_is_away() {
    let mut office = Office::open(Way::BeforeQueue, "");
    let mail = letter("waits", "s", "定例会議です。");
    office.relay.kill();
    let reply = office.send(&[CONTRACTOR], &mail);
    assert!(reply.starts_with("451 4.3.0"), "{reply}");

    office.postfix.close_service(office.after);
    office.relay.run();
    let reply = office.send(&[CONTRACTOR], &mail);
    assert!(reply.starts_with("451 4.3.0"), "{reply}");
    assert_eq!(office.postfix.queued(), 0);

    office.postfix.open_service(office.after);
    let reply = eventually("Postfix to take mail again", || {
        let reply = office.send(&[CONTRACTOR], &mail);
        reply.starts_with("250").then_some(reply)
    });
    assert!(reply.starts_with("250 2.0.0 forwarded ("), "{reply}");
    office.arrival(CONTRACTOR);
}
