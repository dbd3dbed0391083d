//! Delivery status notices (RFC 3464 in the multipart/report of RFC 6522): what became of a mail, told so that both its
//! sender and the sender's mail program understand it.
//!
//! In: a [`Report`]. Out: the bytes of one mail, to be sent with the null reverse path. Deliberately absent: wording
//! (the first part is handed in), whom to tell and of what (`hold`, by what `dsn_request` says), and `delivered` and
//! `expanded`: there are no mailboxes here.

mod original;
mod status;

use jiff::Timestamp;
use mail_builder::{
    MessageBuilder,
    headers::{address, content_type::ContentType, raw::Raw},
    mime::{BodyPart, MimePart},
};

pub use self::original::{Original, original_part};
use self::{original::returned_part, status::status_part};
use super::{Address, Message};

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

/// Text with its lines ended as in mail, whatever they ended with (RFC 2046 §4.1.1: also where it will be encoded).
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The original's Message-ID, if it is one that can be repeated in a header of ours.
fn thread_of(original: &Message) -> Option<String> {
    original.message_id().and_then(|id| repeatable(&id))
}

/// `id` if it is a Message-ID that can stand in a header of ours: one pair of angle brackets around visible ASCII.
pub fn repeatable(id: &str) -> Option<String> {
    let inner = id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let plain = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
    (!inner.is_empty() && inner.len() <= 250 && inner.chars().all(plain)).then(|| format!("<{inner}>"))
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
    fn only_a_plain_message_id_is_repeated() {
        for bad in ["", "<>", "1@x", "<1@x> <2@x>", "<1\u{3042}@x>", "<1@x\r\n y>", &format!("<{}@x>", "a".repeat(300))]
        {
            assert_eq!(repeatable(bad), None, "{bad:?}");
        }
        assert_eq!(repeatable(" <1@x> ").as_deref(), Some("<1@x>"));
    }
}
