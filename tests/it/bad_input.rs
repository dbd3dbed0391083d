//! Hostile and broken mail over the wire: no crash, no hang, no unread part without an `uninspected` entry.

use std::{io::Write, time::Instant};

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{self, Talk},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

fn mail_with(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut mail = format!("From: {SENDER}\r\nTo: {CONTRACTOR}\r\nMessage-ID: <bad@x>\r\n{headers}\r\n").into_bytes();
    mail.extend_from_slice(body);
    mail
}

fn attached(name: &str, bytes: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64.encode(bytes);
    let lines: Vec<_> = encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line)).collect();
    let body = format!(
        "--b\r\nContent-Type: text/plain\r\n\r\nsee attachment\r\n--b\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        lines.join("\r\n")
    );
    mail_with("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", body.as_bytes())
}

/// Sends it, and gives the reply and the inspection that `explain` makes of the same mail.
fn both(relay: &Relay, name: &str, mail: &[u8]) -> (String, serde_json::Value) {
    let before = Instant::now();
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], mail).unwrap();
    assert!(before.elapsed().as_secs() < 60, "{name} took {:?}", before.elapsed());
    let path = relay.home().join(format!("{name}.eml"));
    std::fs::write(&path, mail).unwrap();
    let output =
        relay.command(&["explain", "--json", "--mail-from", SENDER, "--rcpt-to", CONTRACTOR, path.to_str().unwrap()]);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    (reply, serde_json::from_slice(&output.stdout).unwrap())
}

fn uninspected(explained: &serde_json::Value) -> Vec<String> {
    let entries = explained["inspection"]["uninspected"].as_array().unwrap();
    entries.iter().map(|entry| entry["reason"].as_str().unwrap().to_owned()).collect()
}

fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn what_cannot_be_read_is_held_and_named() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let whole = zip("顧客.csv", "氏名,電話\r\n".repeat(2000).as_bytes());
    let truncated = &whole[..whole.len() / 2];
    let cases: [(&str, Vec<u8>, &[&str]); 3] = [
        ("truncated-zip", attached("a.zip", truncated), &["damaged"]),
        (
            "unknown-format",
            attached("a.bin", &[0x13, 0x37, 0, 1, 2, 3, 0xff, 0xfe, 0x80].repeat(500)),
            &["unsupported"],
        ),
        (
            "deep-parts",
            mail_with("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b0\r\n", &nested(10_000)),
            &["limit", "damaged"],
        ),
    ];
    for (name, mail, reasons) in cases {
        let (reply, explained) = both(&relay, name, &mail);
        assert!(reply.starts_with("250 2.0.0 held as "), "{name}: {reply} {explained}");
        let found = uninspected(&explained);
        assert!(found.iter().any(|reason| reasons.contains(&reason.as_str())), "{name}: {found:?}");
    }
    assert!(sink.to(CONTRACTOR).is_empty());
}

/// Multiparts inside multiparts, `depth` of them.
fn nested(depth: usize) -> Vec<u8> {
    let mut body = String::new();
    for level in 0..depth {
        body.push_str(&format!("--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", level + 1));
    }
    body.push_str(&format!("--b{depth}\r\n\r\n123456789018\r\n--b{depth}--\r\n"));
    body.into_bytes()
}

#[test]
fn broken_mail_is_answered_and_the_relay_lives() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let cases: [(&str, Vec<u8>); 6] = [
        ("nul-only", vec![0; 4096]),
        ("no-headers", b"just text without a colon\r\n".to_vec()),
        ("raw-headers", [b"Subject: \x83\x66\x83X\x83g \xff\xfe\r\n".as_slice(), &mail_with("", b"text\r\n")].concat()),
        (
            "unterminated",
            mail_with("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\r\n", b"--b\r\n\r\nx"),
        ),
        ("bad-base64", mail_with("Content-Transfer-Encoding: base64\r\n", b"!!!===@@@\r\n")),
        ("empty", Vec::new()),
    ];
    for (name, mail) in cases {
        let (reply, explained) = both(&relay, name, &mail);
        assert!(reply.starts_with("250 2.0.0 "), "{name}: {reply} {explained}");
        let coverage = &explained["inspection"]["coverage"];
        let all_read = coverage["parts"] == coverage["inspected"];
        assert!(all_read || !uninspected(&explained).is_empty(), "{name}: silence about unread parts: {explained}");
    }
}

#[test]
fn a_workbook_that_claims_a_million_rows_is_read() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "左上").unwrap();
    sheet.write(1_048_575, 16_383, "右下 マイナンバー 123456789018").unwrap();
    let mail = attached("corner.xlsx", &workbook.save_to_buffer().unwrap());
    let (reply, explained) = both(&relay, "corner", &mail);
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");
    let findings = explained["inspection"]["findings"].to_string();
    assert!(findings.contains("jp.my_number"), "{explained}");
}

#[test]
fn the_recipient_limit_is_told_and_the_mail_goes_to_the_rest() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[smtp]", "[smtp]\nmax_recipients = 100")).unwrap();
    relay.run();
    let mut talk = Talk::start(relay.smtp).unwrap();
    talk.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    for n in 0..100 {
        assert!(talk.say(&format!("RCPT TO:<u{n}@toho.example.co.jp>")).unwrap().starts_with("250"));
    }
    let reply = talk.say("RCPT TO:<u100@toho.example.co.jp>").unwrap();
    assert!(reply.starts_with("452 4.5.3"), "{reply}");
    let reply = talk.data(&mail_with("Subject: s\r\n", b"hello\r\n")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert_eq!(sink.mails()[0].to.len(), 100);
}

#[test]
fn a_mail_that_goes_round_in_circles_is_refused() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let hops = "Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0900\r\n".repeat(101);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &mail_with(&hops, b"x\r\n")).unwrap();
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
    let ours =
        "Received: from a ([127.0.0.1])\r\n\tby sekisho.toho.example.co.jp (Sekisho) with ESMTP id X;\r\n\tx\r\n"
            .repeat(6);
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &mail_with(&ours, b"x\r\n")).unwrap();
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
}
