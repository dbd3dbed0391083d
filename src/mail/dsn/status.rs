//! The part of a report that programs read: message/delivery-status, one block of fields a recipient (RFC 3464 §2).
//!
//! In: a [`Report`]. Out: its second part, in ASCII, with no field but ours: whatever others said stays within its own line.
//! Deliberately absent: which code fits what happened ([`Entry::said`](super::Entry::said)).

use std::borrow::Cow;

use jiff::{Timestamp, tz::TimeZone};
use mail_builder::{headers::content_type::ContentType, mime::MimePart};

use super::Report;
use crate::mail::{Address, dsn_request::unescaped};

/// A diagnostic longer than this is cut.
const LONGEST_DIAGNOSTIC: usize = 900;

pub(super) fn status_part(report: &Report<'_>) -> MimePart<'static> {
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
    use super::*;

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
}
