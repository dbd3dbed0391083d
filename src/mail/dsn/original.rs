//! The mail that a report is about, as a part of it.
//!
//! In: the mail, and how much of it goes back. Out: one MIME part that may stand in any mail. Deliberately absent: whether it
//! may go back at all (`hold`).

use mail_builder::{headers::content_type::ContentType, mime::MimePart};

use crate::mail::Message;

/// A longer original is returned as its header lines only.
const WHOLE: usize = 10 * 1024 * 1024;

/// The longest line of a mail, CRLF not counted (RFC 5321 §4.5.3.1.6).
const LONGEST_LINE: usize = 998;

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

/// The original as the report's last part. One that came with SMTPUTF8 is a message/global, which unlike a message/rfc822
/// may be encoded and so travels over servers without SMTPUTF8 too (RFC 6532 §3.7, RFC 6533 §4).
pub(super) fn returned_part(original: &Original<'_>) -> MimePart<'static> {
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

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, MimeHeaders};

    use super::*;

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
}
