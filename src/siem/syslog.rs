//! RFC 5424: the line of a syslog message, and how messages are told apart on a stream.
//!
//! In: an [`Event`] and what a format made of it. Out: bytes, no more than the receiver takes: what does not fit is told
//! shorter, by halves, and never cut in the middle. On TCP and TLS each message has its length before it (octet counting,
//! RFC 6587 §3.4.1 and RFC 5425 §4.3.1), so that no line break in it ends it.
//! Deliberately absent: elements of structured data with an enterprise number, which we have none of; those of the
//! standard say who we are and count the messages. And the byte order mark, which many receivers do not expect.

use std::fmt::Write as _;

use super::{
    Format, cef,
    event::{Event, Room},
    ocsf,
};

/// `log audit`: what such records are, by RFC 5424 §6.2.1.
const FACILITY: u8 = 13;

/// The message of one event, of at most `most` bytes; none if even the least of it does not fit.
pub(super) fn message(event: &Event<'_>, format: Format, hostname: &str, most: usize) -> Option<String> {
    let mut room = Some(Room::WHOLE);
    while let Some(wanted) = room {
        let said = match format {
            Format::Cef => cef::line(event, hostname, wanted),
            Format::Ocsf => ocsf::line(event, hostname, wanted),
        };
        let message = format!("{} {said}", head(event, hostname));
        if message.len() <= most {
            return Some(message);
        }
        room = wanted.half();
    }
    None
}

/// The message as it is sent on a stream.
pub(super) fn counted(message: &str, stream: &mut Vec<u8>) {
    stream.extend_from_slice(message.len().to_string().as_bytes());
    stream.push(b' ');
    stream.extend_from_slice(message.as_bytes());
}

fn head(event: &Event<'_>, hostname: &str) -> String {
    let priority = FACILITY * 8 + event.syslog_severity();
    // Microseconds: RFC 5424 takes six digits and no more.
    let at = format!("{:.6}", event.record.at);
    let sequence = (event.seq - 1).rem_euclid(i64::from(i32::MAX)) + 1;
    let origin = element("origin", &[("software", "Sekisho"), ("swVersion", env!("CARGO_PKG_VERSION"))]);
    let meta = element("meta", &[("sequenceId", &sequence.to_string())]);
    let process = std::process::id();
    format!("<{priority}>1 {at} {} sekisho {process} {} {origin}{meta}", word(hostname, 255), event.class)
}

/// What a field of the head may hold: printable ASCII without spaces.
fn word(text: &str, most: usize) -> String {
    let word: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// One element of structured data.
fn element(id: &str, parameters: &[(&str, &str)]) -> String {
    let mut element = format!("[{id}");
    for (name, value) in parameters {
        let _ = write!(element, " {name}=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\' | ']') {
                element.push('\\');
            }
            element.push(if c.is_control() { ' ' } else { c });
        }
        element.push('"');
    }
    element.push(']');
    element
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use crate::{mail::Address, policy::Action};

    #[test]
    fn the_head_is_that_of_the_standard() {
        let record = fixture::mail(Action::Hold);
        let message = message(&Event::of(7, &record), Format::Cef, "sekisho.example.co.jp", 8_192).unwrap();
        let (process, version) = (std::process::id(), env!("CARGO_PKG_VERSION"));
        let head = format!(
            "<109>1 2026-09-21T14:13:20.000000Z sekisho.example.co.jp sekisho {process} mail.hold \
             [origin software=\"Sekisho\" swVersion=\"{version}\"][meta sequenceId=\"7\"] CEF:0|"
        );
        assert!(message.starts_with(&head), "{message}");
        let mut stream = Vec::new();
        counted("関所", &mut stream);
        counted("a\nb", &mut stream);
        assert_eq!(stream, "6 関所3 a\nb".as_bytes());
    }

    #[test]
    fn a_value_ends_no_element() {
        let hostile = "Re: \"] [x@1 a=\"b\\\" 見積\r\n<0>1";
        let element = element("meta", &[("a", hostile), ("b", "c")]);
        assert_eq!(element, "[meta a=\"Re: \\\"\\] [x@1 a=\\\"b\\\\\\\" 見積  <0>1\" b=\"c\"]");
        // As a receiver reads it: the value as it was, but for line breaks, and the second parameter after it.
        let (mut value, mut rest) = (String::new(), element.strip_prefix("[meta a=\"").unwrap().chars());
        while let Some(c) = rest.next().filter(|c| *c != '"') {
            value.extend(if c == '\\' { rest.next() } else { Some(c) });
        }
        assert_eq!((value.as_str(), rest.as_str()), (&*hostile.replace(['\r', '\n'], " "), " b=\"c\"]"));
    }

    #[test]
    fn counting_begins_anew_where_the_standard_ends() {
        let record = fixture::clean_mail();
        for (seq, told) in [(1, "1"), (i64::from(i32::MAX), "2147483647"), (i64::from(i32::MAX) + 1, "1")] {
            let head = head(&Event::of(seq, &record), "h");
            assert!(head.contains(&format!("sequenceId=\"{told}\"")), "{head}");
        }
    }

    #[test]
    fn a_mail_to_a_thousand_people_fits_and_is_whole() {
        let mut record = fixture::mail(Action::Hold);
        let mail = fixture::mail_of(&mut record);
        let address = |n: usize| Address::parse(&format!("{}{n}@partner.example.com", "長".repeat(100))).unwrap();
        mail.rcpt_to = (0..1_000).map(address).collect();
        mail.decisions[0].rcpt_to.clone_from(&mail.rcpt_to);
        mail.files = vec![mail.files[0].clone(); 100];
        mail.next_hop = Some("=|\\".repeat(3_000));
        mail.message_id = Some("\u{1}\"".repeat(3_000));
        for most in [2_048, 8_192] {
            for format in [Format::Cef, Format::Ocsf] {
                let message = message(&Event::of(1, &record), format, "sekisho.example.co.jp", most).unwrap();
                assert!(message.len() <= most && message.len() > most / 4, "{} of {most}", message.len());
                if format == Format::Ocsf {
                    let json = &message[message.find("{\"").unwrap()..];
                    let event: serde_json::Value = serde_json::from_str(json).unwrap();
                    assert_eq!(event["unmapped"]["recipients"], 1_000);
                } else {
                    assert!(message.contains(" cnt=1000 "), "{message}");
                }
            }
        }
    }
}
