//! What a host offers in EHLO, and MAIL and RCPT in its words.
//!
//! In: the reply to EHLO; what a mail asks for. Out: [`Offers`]; what a host without an offer is spared, or why it
//! cannot have the mail at all. Nothing is converted: a mail that needs what is not offered is refused with the
//! reason, since changing it would break its signatures and, at worst, its words. Deliberately absent: sockets.

use std::fmt::Write as _;

use crate::{
    mail::{Address, BodyKind, Notify, Ret},
    smtp::{MailFrom, RcptTo, Reply},
};

/// What a host offered in EHLO and we use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// SIZE (RFC 1870) with its limit; 0 is none.
    pub(super) size: Option<u64>,
    /// 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(super) utf8: bool,
    /// PIPELINING (RFC 2920).
    pub(super) pipelining: bool,
    /// CHUNKING (RFC 3030).
    pub(super) chunking: bool,
    /// BINARYMIME (RFC 3030), which is of no use without CHUNKING.
    pub(super) binary: bool,
    /// DSN (RFC 3461).
    pub(super) dsn: bool,
    /// REQUIRETLS (RFC 8689).
    pub(super) requiretls: bool,
    /// STARTTLS (RFC 3207).
    pub(super) starttls: bool,
    /// AUTH PLAIN (RFC 4954).
    pub(super) plain: bool,
    /// AUTH LOGIN.
    pub(super) login: bool,
    /// AUTH XOAUTH2.
    pub(super) xoauth2: bool,
}

impl Offers {
    /// Reads the lines of a reply to EHLO.
    pub(super) fn read(lines: &[String]) -> Self {
        let mut offers = Self::default();
        for line in lines.iter().skip(1) {
            // `AUTH=PLAIN` is how some servers wrote it before RFC 2554.
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "SIZE" => offers.size = Some(words.next().and_then(|limit| limit.parse().ok()).unwrap_or(0)),
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.utf8 = true,
                "PIPELINING" => offers.pipelining = true,
                "CHUNKING" => offers.chunking = true,
                "BINARYMIME" => offers.binary = true,
                "DSN" => offers.dsn = true,
                "REQUIRETLS" => offers.requiretls = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => {
                    for word in words {
                        match word.to_ascii_uppercase().as_str() {
                            "PLAIN" => offers.plain = true,
                            "LOGIN" => offers.login = true,
                            "XOAUTH2" => offers.xoauth2 = true,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        offers.binary &= offers.chunking;
        offers
    }

    /// Whether a body of this kind may be sent, declared as what it is.
    pub(super) fn takes(&self, body: BodyKind) -> bool {
        match body {
            BodyKind::SevenBit => true,
            BodyKind::EightBitMime => self.eight_bit,
            BodyKind::BinaryMime => self.binary,
        }
    }

    /// What a body that was announced as `body` is announced as here. What it really is decides at the message.
    pub(super) fn declared(&self, body: BodyKind) -> BodyKind {
        match body {
            BodyKind::BinaryMime if self.binary => BodyKind::BinaryMime,
            BodyKind::SevenBit => BodyKind::SevenBit,
            _ if self.eight_bit => BodyKind::EightBitMime,
            _ => BodyKind::SevenBit,
        }
    }

    /// Refuses a message of `size` bytes that is beyond the host's own limit.
    pub(super) fn fits(&self, size: u64) -> Result<(), Reply> {
        match self.size {
            Some(limit) if limit > 0 && size > limit => Err(Reply::too_large(limit)),
            _ => Ok(()),
        }
    }

    /// Refuses a mail that this host cannot have; `verified` says that we know whom we speak to.
    pub(super) fn suit(&self, from: &MailFrom, verified: bool) -> Result<(), Reply> {
        let sender = from.sender.as_ref();
        if !self.utf8 && (from.smtputf8 || sender.is_some_and(|sender| !sender.as_str().is_ascii())) {
            return Err(Reply::smtputf8_unsupported());
        }
        if from.requiretls && !(verified && self.requiretls) {
            return Err(Reply::requiretls_unsupported());
        }
        self.fits(from.size.unwrap_or(0))
    }

    /// Appends MAIL with the parameters that are offered.
    pub(super) fn mail(&self, from: &MailFrom, out: &mut String) {
        out.push_str("MAIL FROM:<");
        out.push_str(from.sender.as_ref().map_or("", Address::as_str));
        out.push('>');
        if let (Some(size), Some(_)) = (from.size, self.size) {
            // Writing to a string cannot fail.
            let _ = write!(out, " SIZE={size}");
        }
        match self.declared(from.body) {
            BodyKind::SevenBit => {}
            BodyKind::EightBitMime => out.push_str(" BODY=8BITMIME"),
            BodyKind::BinaryMime => out.push_str(" BODY=BINARYMIME"),
        }
        if from.smtputf8 {
            out.push_str(" SMTPUTF8");
        }
        if from.requiretls {
            out.push_str(" REQUIRETLS");
        }
        if self.dsn {
            match from.ret {
                Some(Ret::Full) => out.push_str(" RET=FULL"),
                Some(Ret::Hdrs) => out.push_str(" RET=HDRS"),
                None => {}
            }
            if let Some(envid) = &from.envid {
                out.push_str(" ENVID=");
                out.push_str(envid);
            }
        }
        out.push_str("\r\n");
    }

    /// Appends RCPT with the parameters that are offered.
    pub(super) fn rcpt(&self, to: &RcptTo, out: &mut String) {
        out.push_str("RCPT TO:<");
        out.push_str(to.address.as_str());
        out.push('>');
        if self.dsn {
            if let Some(notify) = to.dsn.notify {
                out.push_str(" NOTIFY=");
                out.push_str(&notify_words(notify));
            }
            if let Some(orcpt) = &to.dsn.orcpt {
                out.push_str(" ORCPT=");
                out.push_str(orcpt);
            }
        }
        out.push_str("\r\n");
    }
}

fn notify_words(Notify { success, failure, delay }: Notify) -> String {
    let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
    let words: Vec<_> = words.into_iter().filter(|(asked, _)| *asked).map(|(_, word)| word).collect();
    if words.is_empty() { "NEVER".to_owned() } else { words.join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::RcptDsn;

    fn offers(lines: &[&str]) -> Offers {
        let lines: Vec<String> = std::iter::once("host SIZE").chain(lines.iter().copied()).map(str::to_owned).collect();
        Offers::read(&lines)
    }

    #[test]
    fn offers_are_read_from_ehlo() {
        let usual = Offers { size: Some(1000), eight_bit: true, pipelining: true, ..Offers::default() };
        assert_eq!(offers(&["size 1000", "8BITMIME", "PIPELINING", "X-ODD 1", ""]), usual);
        assert_eq!(offers(&["SIZE"]).size, Some(0));
        let login = Offers { plain: true, login: true, xoauth2: true, ..Offers::default() };
        assert_eq!(offers(&["AUTH LOGIN plain XOAUTH2 GSSAPI"]), login);
        assert!(offers(&["AUTH=LOGIN PLAIN"]).plain);
        assert!(!offers(&["BINARYMIME"]).binary, "of no use without CHUNKING");
        assert!(offers(&["BINARYMIME", "CHUNKING"]).binary);
    }

    #[test]
    fn parameters_are_said_only_where_they_are_offered() {
        let from = MailFrom {
            sender: Some(Address::parse("a@b.jp").unwrap()),
            body: BodyKind::BinaryMime,
            smtputf8: true,
            size: Some(20),
            requiretls: true,
            ret: Some(Ret::Hdrs),
            envid: Some("QQ+2B1".to_owned()),
        };
        let never = Notify { success: false, failure: false, delay: false };
        let both = Notify { success: true, failure: true, delay: false };
        let to = |notify| RcptTo {
            address: Address::parse("c@d.jp").unwrap(),
            dsn: RcptDsn { notify: Some(notify), orcpt: Some("rfc822;c@d.jp".to_owned()) },
        };
        let said = |offers: Offers| {
            let mut out = String::new();
            offers.mail(&from, &mut out);
            offers.rcpt(&to(never), &mut out);
            offers.rcpt(&to(both), &mut out);
            out.replace("\r\n", "|")
        };
        assert_eq!(said(offers(&[])), "MAIL FROM:<a@b.jp> SMTPUTF8 REQUIRETLS|RCPT TO:<c@d.jp>|RCPT TO:<c@d.jp>|");
        assert_eq!(
            said(offers(&["SIZE 9", "8BITMIME", "DSN", "CHUNKING", "BINARYMIME"])),
            "MAIL FROM:<a@b.jp> SIZE=20 BODY=BINARYMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=QQ+2B1|\
             RCPT TO:<c@d.jp> NOTIFY=NEVER ORCPT=rfc822;c@d.jp|\
             RCPT TO:<c@d.jp> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@d.jp|"
        );
        assert!(said(offers(&["8BITMIME"])).contains(" BODY=8BITMIME"));
    }

    #[test]
    fn a_mail_that_needs_what_is_not_offered_is_refused() {
        let mail = MailFrom::default();
        let (utf8, tls) = (MailFrom { smtputf8: true, ..mail.clone() }, MailFrom { requiretls: true, ..mail.clone() });
        let large = MailFrom { size: Some(1001), ..mail.clone() };
        assert_eq!(offers(&[]).suit(&mail, false), Ok(()));
        assert_eq!(offers(&[]).suit(&utf8, true), Err(Reply::smtputf8_unsupported()));
        assert_eq!(offers(&["SMTPUTF8"]).suit(&utf8, false), Ok(()));
        assert_eq!(offers(&["REQUIRETLS"]).suit(&tls, true), Ok(()));
        assert_eq!(offers(&["REQUIRETLS"]).suit(&tls, false), Err(Reply::requiretls_unsupported()));
        assert_eq!(offers(&[]).suit(&tls, true), Err(Reply::requiretls_unsupported()));
        assert_eq!(offers(&["SIZE 1000"]).suit(&large, false), Err(Reply::too_large(1000)));
        assert_eq!(offers(&["SIZE"]).suit(&large, false), Ok(()));
        assert_eq!(offers(&["SIZE 1001"]).suit(&large, false), Ok(()));
    }
}
