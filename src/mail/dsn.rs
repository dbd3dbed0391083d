//! Delivery status notices (RFC 3464 in the multipart/report of RFC 6522): a mail that did not go out, told so that
//! both its sender and the sender's mail program understand it.
//!
//! In: a [`Report`]. Out: the bytes of one mail, to be sent with the null reverse path. Deliberately absent: wording
//! (the first part is handed in), delays and successes (only failures are reported here), and success reports.

use jiff::{Timestamp, tz::TimeZone};
use mail_builder::{
    MessageBuilder,
    headers::{address, content_type::ContentType, raw::Raw},
    mime::{BodyPart, MimePart},
};

use super::{Address, Message};

/// A longer original is returned as its header lines only.
const WHOLE: usize = 10 * 1024 * 1024;

/// The longest line of a mail, CRLF not counted (RFC 5321 §4.5.3.1.6).
const LONGEST_LINE: usize = 998;

/// A diagnostic longer than this is cut.
const LONGEST_DIAGNOSTIC: usize = 900;

/// Everything that a failure report says.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// The host that reports: ourselves.
    pub reporting_mta: &'a str,
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
    /// One entry a recipient that did not get it.
    pub recipients: &'a [Failure<'a>],
    /// The mail that did not go out.
    pub original: &'a Message,
}

/// One recipient that did not get the mail.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// Who.
    pub recipient: &'a Address,
    /// The enhanced status code, as in `5.7.1` (RFC 3463).
    pub status: &'a str,
    /// What the next hop said, or nothing when it was never asked.
    pub diagnostic: Option<&'a str>,
}

/// Composes the report. Its first part is `report.text`, its second the status per recipient, its third the original.
pub fn failure(report: &Report<'_>) -> Vec<u8> {
    let parts = vec![
        MimePart::new("text/plain", lines(report.text)),
        status_part(report),
        original_part(report.original, report.original.bytes().len() <= WHOLE),
    ];
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
    if let Some(id) = thread_of(report.original) {
        builder = builder.header("In-Reply-To", Raw::new(id.clone())).header("References", Raw::new(id));
    }
    // Writing into a Vec cannot fail.
    builder.body(body).write_to_vec().unwrap_or_default()
}

/// The original as a part of another mail, byte for byte: whole, or only its header lines.
///
/// RFC 2046 §5.2.1 forbids encoding a message/rfc822 part, so its bytes stand as they are; an original that cannot be
/// sent so (bare line ends of BINARYMIME, lines that are too long, NUL) is a file in base64 instead.
pub fn original_part(original: &Message, whole: bool) -> MimePart<'static> {
    let (kind, bytes) = if whole {
        (ContentType::new("message/rfc822"), original.bytes())
    } else {
        let end = original.bytes().len().saturating_sub(original.body().len());
        (ContentType::new("text/rfc822-headers"), original.bytes().get(..end).unwrap_or_default())
    };
    if !can_stand_as_it_is(bytes) {
        let file = MimePart::new(ContentType::new("application/octet-stream"), bytes.to_vec());
        return file.transfer_encoding("base64").attachment("original.eml");
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
    let arrived = report.arrived_at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    text.push_str(&format!("Arrival-Date: {arrived}\r\n"));
    for failure in report.recipients {
        text.push_str(&format!(
            "\r\nFinal-Recipient: {}\r\nAction: failed\r\nStatus: {}\r\n",
            recipient(failure.recipient),
            field(failure.status)
        ));
        if let Some(diagnostic) = failure.diagnostic {
            text.push_str(&folded("Diagnostic-Code: smtp;", &field(diagnostic)));
        }
    }
    MimePart::new(ContentType::new("message/delivery-status"), text.into_bytes()).transfer_encoding("7bit")
}

/// An address as RFC 3464 §2.3.2 and, beyond ASCII, RFC 6533 §3 write it.
fn recipient(address: &Address) -> String {
    if address.as_str().is_ascii() {
        return format!("rfc822; {address}");
    }
    let mut text = String::from("utf-8; ");
    for c in address.as_str().chars() {
        if c.is_ascii_graphic() && !matches!(c, '\\' | '+' | '=') {
            text.push(c);
        } else {
            text.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
        }
    }
    text
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

    fn compose(recipients: &[Failure<'_>], original: &Message) -> Vec<u8> {
        let to = Address::parse("taro@example.co.jp").unwrap();
        failure(&Report {
            reporting_mta: "sekisho.example.co.jp",
            from: ("Sekisho", "sekisho@sekisho.example.co.jp"),
            to: &to,
            subject: "[未送信] 見積\r\nBcc: evil@example.com",
            message_id: "expired.01ABC@sekisho.example.co.jp",
            now: "2026-11-30T09:00:00Z".parse().unwrap(),
            arrived_at: "2026-11-20T09:00:00Z".parse().unwrap(),
            text: "期限までに判断されなかったため、送信されませんでした。",
            recipients,
            original,
        })
    }

    fn original() -> Message {
        Message::new(*b"Message-ID: <1@example.co.jp>\r\nSubject: x\r\n\r\nbody of the mail\r\n")
    }

    #[test]
    fn a_report_has_its_three_parts() {
        let to = Address::parse("yamada@kita-haon.example.com").unwrap();
        let bytes = compose(&[Failure { recipient: &to, status: "5.4.7", diagnostic: None }], &original());
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
        let (one, two) = (Address::parse("a@example.com").unwrap(), Address::parse("花子@例え.jp").unwrap());
        let said = "550 5.1.1 no such\r\nuser: 利用者\r\n\r\nFinal-Recipient: rfc822; forged@example.com";
        let bytes = compose(
            &[
                Failure { recipient: &one, status: "5.1.1", diagnostic: Some(said) },
                Failure { recipient: &two, status: "5.4.7", diagnostic: None },
            ],
            &original(),
        );
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("Reporting-MTA: dns; sekisho.example.co.jp\r\n"));
        assert!(text.contains("Arrival-Date: Fri, 20 Nov 2026 09:00:00 +0000\r\n"));
        assert!(text.contains("\r\n\r\nFinal-Recipient: rfc822; a@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
        assert!(text.contains("Diagnostic-Code: smtp; 550 5.1.1 no such user: ???"));
        assert!(text.contains("\r\n\r\nFinal-Recipient: utf-8; \\x{82B1}\\x{5B50}@\\x{4F8B}\\x{3048}.jp\r\n"));
        assert_eq!(text.matches("\r\nFinal-Recipient:").count(), 2, "the diagnostic must not make a field");
    }

    #[test]
    fn a_subject_cannot_add_a_header() {
        let to = Address::parse("a@example.com").unwrap();
        let bytes = compose(&[Failure { recipient: &to, status: "5.4.7", diagnostic: None }], &original());
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
            let to = Address::parse("a@example.com").unwrap();
            let original = Message::new(bytes);
            let report = compose(&[Failure { recipient: &to, status: "5.4.7", diagnostic: None }], &original);
            assert!(can_stand_as_it_is(&report), "{:?}", String::from_utf8_lossy(bytes));
            let mail = MessageParser::default().parse(&report).unwrap();
            let part = mail.parts.last().unwrap();
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
