//! What a sender asked to be told about the delivery of a mail (RFC 3461).
//!
//! In: the `RET`, `ENVID`, `NOTIFY` and `ORCPT` of MAIL and RCPT. Out: the same, for the next hop and for our own
//! delivery status notices. Deliberately absent: the notices themselves (`dsn`).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Address;

/// `RET=`: how much of the mail a failure notice returns (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ret {
    /// All of it.
    Full,
    /// Its header only.
    Hdrs,
}

/// `NOTIFY=`: of what the sender wants to hear (RFC 3461 §4.1). All false is `NEVER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Of its delivery.
    pub success: bool,
    /// That it cannot be delivered.
    pub failure: bool,
    /// That it takes long.
    pub delay: bool,
}

impl Notify {
    /// What counts when RCPT said nothing (RFC 3461 §4.1).
    const USUAL: Self = Self { success: false, failure: true, delay: true };
}

/// What RCPT asked for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RcptDsn {
    /// `NOTIFY=`; none was said: failures, and delays if the server likes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// `ORCPT=`, as written: `rfc822;` and an address in xtext (RFC 3461 §4.2), or `utf-8;` (RFC 6533 §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orcpt: Option<String>,
}

impl RcptDsn {
    /// What the sender wants to hear about this recipient.
    pub fn wants(&self) -> Notify {
        self.notify.unwrap_or(Notify::USUAL)
    }
}

/// What a mail's sender asked for all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dsn {
    /// `RET=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ret: Option<Ret>,
    /// `ENVID=`, as written, in xtext (RFC 3461 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envid: Option<String>,
    /// The recipients for whom RCPT asked anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<(Address, RcptDsn)>,
}

impl Dsn {
    /// What was asked for `recipient`.
    pub fn of(&self, recipient: &Address) -> RcptDsn {
        let asked = self.recipients.iter().find(|(address, _)| address == recipient);
        asked.map(|(_, dsn)| dsn.clone()).unwrap_or_default()
    }

    /// Notes what RCPT asked for `recipient`.
    pub fn note(&mut self, recipient: &Address, asked: RcptDsn) {
        if asked != RcptDsn::default() {
            self.recipients.push((recipient.clone(), asked));
        }
    }
}

/// Text without its xtext (RFC 3461 §4): `+2B` is a plus sign. What is no xtext, or no UTF-8 without it, stays as it is.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let decoded = match after {
            [high, low, ..] if *first == b'+' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match decoded {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A hexadecimal digit of xtext, which are upper case.
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xtext_is_decoded_and_anything_else_stays() {
        for (text, plain) in
            [("QQ+2B1", "QQ+1"), ("a+3Db+20c", "a=b c"), ("a+b", "a+b"), ("+2", "+2"), ("+2b", "+2b"), ("", "")]
        {
            assert_eq!(unescaped(text), plain);
        }
        assert_eq!(unescaped("+E8+8A+B1"), "花");
        assert_eq!(unescaped("+FF+FE"), "+FF+FE", "no UTF-8");
    }

    #[test]
    fn without_notify_failures_and_delays_are_told() {
        assert_eq!(RcptDsn::default().wants(), Notify { success: false, failure: true, delay: true });
        let never = Notify { success: false, failure: false, delay: false };
        assert_eq!(RcptDsn { notify: Some(never), orcpt: None }.wants(), never);
    }

    #[test]
    fn what_was_asked_is_found_again_also_after_being_written() {
        let (taro, hanako) = (Address::parse("taro@a.jp").unwrap(), Address::parse("hanako@a.jp").unwrap());
        let never = Notify { success: false, failure: false, delay: false };
        let asked = RcptDsn { notify: Some(never), orcpt: Some("rfc822;taro@a.jp".to_owned()) };
        let mut dsn = Dsn { ret: Some(Ret::Hdrs), envid: Some("QQ+2B1".to_owned()), recipients: Vec::new() };
        dsn.note(&taro, asked.clone());
        dsn.note(&hanako, RcptDsn::default());
        let again: Dsn = serde_json::from_str(&serde_json::to_string(&dsn).unwrap()).unwrap();
        assert_eq!(again, dsn);
        assert_eq!((again.of(&taro), again.of(&hanako)), (asked, RcptDsn::default()));
        assert_eq!(again.recipients.len(), 1);
        assert_eq!(serde_json::from_str::<Dsn>("{}").unwrap(), Dsn::default());
    }
}
