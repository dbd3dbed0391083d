//! Delivery status notices (RFC 3464 in the multipart/report of RFC 6522): what became of a mail, told so that both its
//! sender and the sender's mail program understand it.
//!
//! In: a [`Report`]. Out: the bytes of one mail, to be sent with the null reverse path. Deliberately absent: wording
//! (the first part is handed in), whom to tell and of what (`hold`, by what `dsn_request` says), and `delivered` and
//! `expanded`: there are no mailboxes here.

use std::borrow::Cow;

use jiff::{Timestamp, tz::TimeZone};
use mail_builder::{
    MessageBuilder,
    headers::{address, content_type::ContentType, raw::Raw},
    mime::{BodyPart, MimePart},
};

use super::{Address, Message, dsn_request::unescaped};

/// A longer original is returned as its header lines only.
const WHOLE: usize = 10 * 1024 * 1024;

/// The longest line of a mail, CRLF not counted (RFC 5321 §4.5.3.1.6).
const LONGEST_LINE: usize = 998;

/// A diagnostic longer than this is cut.
const LONGEST_DIAGNOSTIC: usize = 900;

/// Everything that a report says.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// The host that reports: ourselves.
    pub reporting_mta: &'a str,
    /// `ENVID=`, as the sender wrote it.
    pub envid: Option<&'a str>,
    /// Display name and address of `From`.
    pub from: (&'a str, &'a str),
    /// Who gets it: the original's envelope sender.
    pub to: &'a Address,
    /// The subject, decoded.
    pub subject: &'a str,
    /// Our Message-ID, without angle brackets.
    pub message_id: &'a str,
    /// The time of writing.
    pub now: Timestamp,
    /// When the original arrived.
    pub arrived_at: Timestamp,
    /// What people read.
    pub text: &'a str,
    /// One entry a recipient.
    pub recipients: &'a [Entry],
    /// The mail that it is about.
    pub original: &'a Original<'a>,
}

/// The mail that a report is about, and how much of it goes back.
#[derive(Debug, Clone, Copy)]
pub struct Original<'a> {
    /// The mail.
    pub message: &'a Message,
    /// All of it, if it is not too long; else its header lines only.
    pub whole: bool,
    /// Whether it came with SMTPUTF8: then it goes back as what RFC 6533 says, whose header may hold UTF-8.
    pub utf8: bool,
}

/// What became of a mail for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It did not get it and never will.
    Failed,
    /// It has not got it yet.
    Delayed,
    /// A server that sends no such reports has it now.
    Relayed,
}

/// One recipient and what became of the mail for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub recipient: Address,
    /// `ORCPT=`, as the sender wrote it.
    pub orcpt: Option<String>,
    /// What became of it.
    pub action: Action,
    /// The enhanced status code, as in `5.7.1` (RFC 3463).
    pub status: String,
    /// The next hop that was asked.
    pub remote_mta: Option<String>,
    /// What it said, or nothing when none was ever asked.
    pub diagnostic: Option<String>,
    /// When it was asked last.
    pub last_attempt: Option<Timestamp>,
    /// Until when it will be asked again.
    pub retry_until: Option<Timestamp>,
}

impl Entry {
    /// Nobody was asked.
    pub fn new(recipient: Address, action: Action, status: &str) -> Self {
        Self {
            recipient,
            orcpt: None,
            action,
            status: status.to_owned(),
            remote_mta: None,
            diagnostic: None,
            last_attempt: None,
            retry_until: None,
        }
    }

    /// The next hop answered `said`, a code and a text; its status code is taken over where it fits the action.
    pub fn said(recipient: Address, action: Action, said: &str) -> Self {
        let mut entry = Self::new(recipient, action, &action.status(said));
        entry.diagnostic = (!said.is_empty()).then(|| said.to_owned());
        entry
    }

    /// The same without a word of what happened where.
    #[must_use]
    pub fn discreet(&self) -> Self {
        Self { orcpt: self.orcpt.clone(), ..Self::new(self.recipient.clone(), self.action, &self.status) }
    }
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Relayed => "relayed",
        }
    }

    /// The enhanced status code in a reply such as `550 5.1.1 …` if it is of the right class, else a general one. A
    /// failure after a mere "not now" is one of time (RFC 3463: X.4.7, delivery time expired).
    fn status(self, reply: &str) -> String {
        let class = match self {
            Self::Failed => '5',
            Self::Delayed => '4',
            Self::Relayed => '2',
        };
        let known = reply.split_ascii_whitespace().take(3).find(|word| word.starts_with(class) && is_status(word));
        match known {
            Some(status) => status.to_owned(),
            None if self == Self::Failed && reply.starts_with('4') => "5.4.7".to_owned(),
            None => format!("{class}.0.0"),
        }
    }
}

fn is_status(word: &str) -> bool {
    let number = |part: &str| matches!(part.len(), 1..=3) && part.bytes().all(|digit| digit.is_ascii_digit());
    word.split('.').count() == 3 && word.split('.').all(number)
}

/// Composes the report. Its first part is `report.text`, its second the status per recipient, its third the original.
pub fn compose(report: &Report<'_>) -> Vec<u8> {
    let parts =
        vec![MimePart::new("text/plain", lines(report.text)), status_part(report), returned_part(report.original)];
    let body = MimePart::new(
        ContentType::new("multipart/report").attribute("report-type", "delivery-status"),
        BodyPart::Multipart(parts),
    );
    let (name, from) = report.from;
    let mut builder = MessageBuilder::new()
        .from(address::Address::new_address(Some(name), from))
        .to(report.to.as_str())
        .subject(report.subject)
        .date(report.now.as_second())
        .message_id(report.message_id)
        .header("Auto-Submitted", Raw::new("auto-replied"));
    if let Some(id) = thread_of(report.original.message) {
        builder = builder.header("In-Reply-To", Raw::new(id.clone())).header("References", Raw::new(id));
    }
    // Writing into a Vec cannot fail.
    builder.body(body).write_to_vec().unwrap_or_default()
}

/// The original as the report's last part. One that came with SMTPUTF8 is a message/global, which unlike a message/rfc822
/// may be encoded and so travels over servers without SMTPUTF8 too (RFC 6532 §3.7, RFC 6533 §4).
fn returned_part(original: &Original<'_>) -> MimePart<'static> {
    let whole = original.whole && original.message.bytes().len() <= WHOLE;
    if !original.utf8 || header(original.message).is_ascii() {
        return original_part(original.message, whole);
    }
    if whole {
        return MimePart::new(ContentType::new("message/global"), original.message.bytes().to_vec());
    }
    MimePart::new(ContentType::new("message/global-headers"), header(original.message).to_vec())
}

/// The header lines and the empty line behind them.
fn header(message: &Message) -> &[u8] {
    let end = message.bytes().len().saturating_sub(message.body().len());
    message.bytes().get(..end).unwrap_or_default()
}

/// The original as a part of another mail, byte for byte: whole, or only its header lines.
///
/// RFC 2046 §5.2.1 forbids encoding a message/rfc822 part, so its bytes stand as they are; an original that cannot be
/// sent so (bare line ends of BINARYMIME, lines that are too long, NUL) is a file in base64 instead.
pub fn original_part(original: &Message, whole: bool) -> MimePart<'static> {
    let (kind, bytes) = if whole {
        (ContentType::new("message/rfc822"), original.bytes())
    } else {
        (ContentType::new("text/rfc822-headers"), header(original))
    };
    if !can_stand_as_it_is(bytes) {
        // Written in base64, like all bytes whose encoding is not named.
        return MimePart::new(ContentType::new("application/octet-stream"), bytes.to_vec()).attachment("original.eml");
    }
    let encoding = if bytes.is_ascii() { "7bit" } else { "8bit" };
    MimePart::new(kind, bytes.to_vec()).transfer_encoding(encoding)
}

/// Whether bytes may be sent as 8BITMIME: CRLF only, no NUL, no line beyond 998 octets (RFC 2045 §2.8).
fn can_stand_as_it_is(bytes: &[u8]) -> bool {
    let line_is_plain = |line: &[u8]| {
        let ended = line.strip_suffix(b"\r\n");
        let text = ended.unwrap_or(line);
        let stray = memchr::memchr3(b'\r', b'\n', 0, text).is_some();
        !stray && text.len() <= LONGEST_LINE
    };
    bytes.split_inclusive(|byte| *byte == b'\n').all(line_is_plain)
}

/// Text with its lines ended as in mail, whatever they ended with (RFC 2046 §4.1.1: also where it will be encoded).
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The original's Message-ID, if it is one that can be repeated in a header of ours.
pub fn thread_of(original: &Message) -> Option<String> {
    original.message_id().and_then(|id| repeatable(&id))
}

/// `id` if it is a Message-ID that can stand in a header of ours: one pair of angle brackets around visible ASCII.
pub fn repeatable(id: &str) -> Option<String> {
    let inner = id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let plain = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
    (!inner.is_empty() && inner.len() <= 250 && inner.chars().all(plain)).then(|| format!("<{inner}>"))
}

fn status_part(report: &Report<'_>) -> MimePart<'static> {
    let mut text = format!("Reporting-MTA: dns; {}\r\n", field(report.reporting_mta));
    if let Some(envid) = report.envid {
        text.push_str(&folded("Original-Envelope-Id:", &field(&unescaped(envid))));
    }
    text.push_str(&format!("Arrival-Date: {}\r\n", date(report.arrived_at)));
    for entry in report.recipients {
        text.push_str("\r\n");
        if let Some(orcpt) = &entry.orcpt {
            text.push_str(&format!("Original-Recipient: {}\r\n", original_recipient(orcpt)));
        }
        text.push_str(&format!(
            "Final-Recipient: {}\r\nAction: {}\r\nStatus: {}\r\n",
            recipient(&entry.recipient),
            entry.action.name(),
            field(&entry.status)
        ));
        if let Some(host) = &entry.remote_mta {
            text.push_str(&format!("Remote-MTA: dns; {}\r\n", field(host)));
        }
        if let Some(diagnostic) = &entry.diagnostic {
            text.push_str(&folded("Diagnostic-Code: smtp;", &field(diagnostic)));
        }
        if let Some(at) = entry.last_attempt {
            text.push_str(&format!("Last-Attempt-Date: {}\r\n", date(at)));
        }
        if let Some(until) = entry.retry_until {
            text.push_str(&format!("Will-Retry-Until: {}\r\n", date(until)));
        }
    }
    MimePart::new(ContentType::new("message/delivery-status"), text.into_bytes()).transfer_encoding("7bit")
}

fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// An address as RFC 3464 §2.3.2 and, beyond ASCII, RFC 6533 §3 write it.
fn recipient(address: &Address) -> String {
    if address.as_str().is_ascii() {
        format!("rfc822; {address}")
    } else {
        format!("utf-8; {}", utf8(address.as_str(), r"\+="))
    }
}

/// `ORCPT=` as RFC 3464 §2.3.1 wants it back: its type, and the address without the xtext that it travelled in. A
/// `utf-8` address has an encoding of its own, which stays (RFC 6533 §3).
fn original_recipient(orcpt: &str) -> String {
    let (kind, address) = orcpt.split_once(';').unwrap_or(("rfc822", orcpt));
    let address = if kind.eq_ignore_ascii_case("utf-8") { Cow::Owned(utf8(address, "")) } else { unescaped(address) };
    field(&format!("{kind}; {address}"))
}

/// Text as utf-8-addr-xtext (RFC 6533 §3): what is not visible ASCII, or is one of `special`, becomes `\x{…}`.
fn utf8(text: &str, special: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c.is_ascii_graphic() && !special.contains(c) {
            escaped.push(c);
        } else {
            escaped.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
        }
    }
    escaped
}

/// What may stand in one status field: visible ASCII and single spaces.
fn field(text: &str) -> String {
    let mut clean = String::with_capacity(text.len().min(LONGEST_DIAGNOSTIC));
    for c in text.chars() {
        let c = if c.is_ascii_graphic() {
            c
        } else if c.is_whitespace() || c.is_control() {
            ' '
        } else {
            '?'
        };
        if clean.len() >= LONGEST_DIAGNOSTIC {
            break;
        }
        if c != ' ' || !clean.ends_with(' ') {
            clean.push(c);
        }
    }
    clean.trim().to_owned()
}

/// A field with its value folded at spaces, so that no line exceeds what RFC 5322 recommends.
fn folded(name: &str, value: &str) -> String {
    let mut text = name.to_owned();
    let mut column = text.len();
    for word in value.split(' ') {
        if column + 1 + word.len() > 76 {
            text.push_str("\r\n");
            column = 0;
        }
        text.push(' ');
        text.push_str(word);
        column += 1 + word.len();
    }
    text + "\r\n"
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders, PartType};

    use super::*;

    fn composed(recipients: &[Entry], original: Original<'_>) -> Vec<u8> {
        let to = Address::parse("taro@example.co.jp").unwrap();
        compose(&Report {
            reporting_mta: "sekisho.example.co.jp",
            envid: Some("QQ+2B314159+0D+0ABcc:"),
            from: ("Sekisho", "sekisho@sekisho.example.co.jp"),
            to: &to,
            subject: "[未送信] 見積\r\nBcc: evil@example.com",
            message_id: "expired.01ABC@sekisho.example.co.jp",
            now: "2026-11-30T09:00:00Z".parse().unwrap(),
            arrived_at: "2026-11-20T09:00:00Z".parse().unwrap(),
            text: "期限までに判断されなかったため、送信されませんでした。",
            recipients,
            original: &original,
        })
    }

    fn failed(recipient: &str) -> Entry {
        Entry::new(Address::parse(recipient).unwrap(), Action::Failed, "5.4.7")
    }

    fn whole(message: &Message) -> Original<'_> {
        Original { message, whole: true, utf8: false }
    }

    fn original() -> Message {
        Message::new(*b"Message-ID: <1@example.co.jp>\r\nSubject: x\r\n\r\nbody of the mail\r\n")
    }

    #[test]
    fn a_report_has_its_three_parts() {
        let bytes = composed(&[failed("yamada@kita-haon.example.com")], whole(&original()));
        let mail = MessageParser::default().parse(&bytes).unwrap();
        let kind = mail.content_type().unwrap();
        assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
        assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
        let kinds: Vec<String> = mail
            .parts
            .iter()
            .filter_map(|part| part.content_type())
            .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
            .collect();
        assert_eq!(kinds[1..], ["text/plain", "message/delivery-status", "message/rfc822"]);
        assert!(mail.body_text(0).unwrap().contains("判断されなかったため"));
        assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-replied"));
        assert_eq!(mail.in_reply_to().as_text(), Some("1@example.co.jp"));
        let inner = mail.parts.iter().find_map(|part| match &part.body {
            PartType::Message(inner) => Some(inner),
            _ => None,
        });
        assert_eq!(inner.unwrap().raw_message(), original().bytes());
    }

    #[test]
    fn the_status_tells_every_recipient() {
        let said = "550 5.1.1 no such\r\nuser: 利用者\r\n\r\nFinal-Recipient: rfc822; forged@example.com";
        let one = Entry {
            orcpt: Some("rfc822;first+2Bsecond@example.com".to_owned()),
            remote_mta: Some("mx.example.com\r\nStatus: 2.0.0".to_owned()),
            last_attempt: Some("2026-11-30T08:00:00Z".parse().unwrap()),
            ..Entry::said(Address::parse("a@example.com").unwrap(), Action::Failed, said)
        };
        let bytes = composed(&[one, failed("花子@例え.jp")], whole(&original()));
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("Reporting-MTA: dns; sekisho.example.co.jp\r\n"));
        assert!(text.contains("Original-Envelope-Id: QQ+314159 Bcc:\r\n"), "decoded, and on one line: {text}");
        assert!(text.contains("Arrival-Date: Fri, 20 Nov 2026 09:00:00 +0000\r\n"));
        assert!(text.contains(
            "\r\n\r\nOriginal-Recipient: rfc822; first+second@example.com\r\nFinal-Recipient: rfc822; a@example.com\r\n\
             Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.com Status: 2.0.0\r\n"
        ));
        assert!(text.contains("Diagnostic-Code: smtp; 550 5.1.1 no such user: ???"));
        assert!(text.contains("\r\nLast-Attempt-Date: Mon, 30 Nov 2026 08:00:00 +0000\r\n\r\n"));
        assert!(text.contains("\r\n\r\nFinal-Recipient: utf-8; \\x{82B1}\\x{5B50}@\\x{4F8B}\\x{3048}.jp\r\n"));
        assert_eq!(text.matches("\r\nFinal-Recipient:").count(), 2, "the diagnostic must not make a field");
    }

    #[test]
    fn a_delay_says_until_when_and_a_relay_that_it_went_on() {
        let to = || Address::parse("a@example.com").unwrap();
        let until = Some("2026-12-05T09:00:00Z".parse().unwrap());
        let delayed = Entry { retry_until: until, ..Entry::said(to(), Action::Delayed, "450 4.2.0 busy") };
        let relayed = Entry::said(to(), Action::Relayed, "250 2.6.0 queued");
        let text = String::from_utf8(composed(&[delayed, relayed], whole(&original()))).unwrap();
        assert!(text.contains("Action: delayed\r\nStatus: 4.2.0\r\n"), "{text}");
        assert!(text.contains("Will-Retry-Until: Sat, 05 Dec 2026 09:00:00 +0000\r\n"));
        assert!(text.contains("Action: relayed\r\nStatus: 2.6.0\r\n"));
    }

    #[test]
    fn the_status_is_taken_from_the_reply() {
        for (action, reply, status) in [
            (Action::Failed, "550 5.1.1 no such user", "5.1.1"),
            (Action::Failed, "5.7.26 refused", "5.7.26"),
            (Action::Failed, "550 no such user 5.1.1", "5.0.0"),
            (Action::Failed, "550 5.1 x", "5.0.0"),
            (Action::Failed, "550 5.1.1.1 x", "5.0.0"),
            (Action::Failed, "", "5.0.0"),
            (Action::Failed, "451 4.3.0 busy", "5.4.7"),
            (Action::Delayed, "451 busy", "4.0.0"),
            (Action::Relayed, "250 2.0.0 ok", "2.0.0"),
        ] {
            assert_eq!(action.status(reply), status, "{reply}");
        }
    }

    #[test]
    fn an_original_recipient_is_decoded_by_its_type() {
        for (orcpt, told) in [
            ("rfc822;taro+2Btag@a.jp", "rfc822; taro+tag@a.jp"),
            ("utf-8;\\x{82B1}@a.jp", "utf-8; \\x{82B1}@a.jp"),
            ("UTF-8;花@a.jp", "UTF-8; \\x{82B1}@a.jp"),
            ("x400;C=jp+0D+0AStatus:+202.0.0", "x400; C=jp Status: 2.0.0"),
        ] {
            assert_eq!(original_recipient(orcpt), told);
        }
    }

    #[test]
    fn headers_alone_come_back_when_that_was_asked_and_utf8_ones_as_rfc_6533_says() {
        let message = original();
        let hdrs = |utf8, message| Original { message, whole: false, utf8 };
        let text = String::from_utf8(composed(&[failed("a@x.jp")], hdrs(true, &message))).unwrap();
        assert!(
            text.contains("text/rfc822-headers") && text.contains("Subject: x") && !text.contains("body of the mail")
        );
        let message = Message::new("Subject: 生\r\n\r\nbody of the mail\r\n".as_bytes());
        let bytes = composed(&[failed("a@x.jp")], hdrs(true, &message));
        assert!(bytes.is_ascii() && String::from_utf8_lossy(&bytes).contains("message/global-headers"));
        let bytes = composed(&[failed("a@x.jp")], Original { utf8: true, ..whole(&message) });
        assert!(
            bytes.is_ascii() && String::from_utf8_lossy(&bytes).contains("message/global\r\n"),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }

    #[test]
    fn a_subject_cannot_add_a_header() {
        let bytes = composed(&[failed("a@example.com")], whole(&original()));
        let mail = MessageParser::default().parse(&bytes).unwrap();
        assert!(mail.bcc().is_none());
        assert!(mail.subject().unwrap().starts_with("[未送信] 見積"));
    }

    #[test]
    fn a_huge_original_comes_back_as_headers_and_8_bit_is_declared() {
        let part = original_part(&Message::new("Subject: 生\r\n\r\nbody\r\n".as_bytes()), false);
        let mut bytes = Vec::new();
        part.write_part(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("text/rfc822-headers") && text.contains("8bit") && !text.contains("body"));
    }

    #[test]
    fn an_original_that_cannot_be_sent_as_it_is_is_a_file() {
        let long = format!("Subject: x\r\n\r\n{}\r\n", "a".repeat(999));
        let fits = format!("Subject: x\r\n\r\n{}\r\n", "a".repeat(998));
        for (bytes, file) in [
            (&b"Subject: x\r\n\r\none\ntwo\r\n"[..], true),
            (b"Subject: x\r\n\r\none\rtwo\r\n", true),
            (b"Subject: x\r\n\r\nnul \0\r\n", true),
            (long.as_bytes(), true),
            (fits.as_bytes(), false),
            (b"Subject: x\r\n\r\nno end", false),
        ] {
            let mut report = Vec::new();
            original_part(&Message::new(bytes), true).write_part(&mut report);
            assert!(can_stand_as_it_is(&report), "{:?}", String::from_utf8_lossy(&report));
            let mail = MessageParser::default().parse(&report).unwrap();
            let part = &mail.parts[0];
            if file {
                assert_eq!((part.contents(), part.attachment_name()), (bytes, Some("original.eml")));
            }
            assert_eq!(file, part.content_type().is_some_and(|kind| kind.subtype() == Some("octet-stream")));
        }
    }

    #[test]
    fn only_a_plain_message_id_is_repeated() {
        for bad in ["", "<>", "1@x", "<1@x> <2@x>", "<1\u{3042}@x>", "<1@x\r\n y>", &format!("<{}@x>", "a".repeat(300))]
        {
            assert_eq!(repeatable(bad), None, "{bad:?}");
        }
        assert_eq!(repeatable(" <1@x> ").as_deref(), Some("<1@x>"));
    }
}
