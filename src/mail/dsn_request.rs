//! What a sender asked to be told about the delivery of a mail (RFC 3461).
//!
//! In: the `RET`, `ENVID`, `NOTIFY` and `ORCPT` of MAIL and RCPT. Out: the same, for the next hop and for our own
//! delivery status notices. Deliberately absent: the notices themselves (`dsn`).

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

#[cfg(test)]
mod tests {
    use super::*;

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
