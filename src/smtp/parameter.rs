//! The parameters behind MAIL FROM and RCPT TO (RFC 5321 §4.1.1.11), of every extension that is spoken here.
//!
//! In: what stands behind the path. Out: a [`MailFrom`] filled in, or a [`RcptDsn`], or the reply that refuses it: 501
//! where the form is wrong or a parameter comes twice, 555 where nobody here knows it. Values that go on to the next
//! hop (`ENVID`, `ORCPT`) are checked and kept as written. Deliberately absent: which extensions are on offer at the
//! moment (the session).

use super::{Reply, command::MailFrom};
use crate::mail::{BodyKind, Notify, RcptDsn, Ret};

/// The longest `ENVID` (RFC 3461 §4.4).
const MAX_ENVID: usize = 100;

/// The longest `ORCPT` (RFC 3461 §4.2).
const MAX_ORCPT: usize = 500;

/// Reads the parameters of MAIL into `from`. Says whether one was `AUTH=` (RFC 4954 §5), whose value is nobody's
/// business here: we do not tell the next hop who somebody is only because somebody else says so.
pub(super) fn mail(text: &str, from: &mut MailFrom) -> Result<bool, Reply> {
    let mut names_author = false;
    each(text, |name, value| {
        match (name, value) {
            ("SIZE", Some(size)) => from.size = Some(digits(size).ok_or_else(bad_size)?),
            ("BODY", Some(body)) => from.body = body_kind(body)?,
            ("SMTPUTF8", None) => from.smtputf8 = true,
            ("REQUIRETLS", None) => from.requiretls = true,
            ("RET", Some(ret)) => from.ret = Some(returned(ret)?),
            ("ENVID", Some(id)) => from.envid = Some(envid(id)?),
            ("AUTH", Some(author)) if is_xtext(author) => names_author = true,
            ("AUTH", _) => return Err(Reply::bad_argument("AUTH must be an address in xtext, or <>")),
            ("SIZE" | "BODY" | "RET" | "ENVID", None) => return Err(Reply::bad_syntax(&format!("{name}=value"))),
            ("SMTPUTF8" | "REQUIRETLS", Some(_)) => return Err(Reply::bad_syntax(&format!("{name} without a value"))),
            _ => return Err(Reply::unknown_parameter()),
        }
        Ok(())
    })?;
    Ok(names_author)
}

/// Reads the parameters of RCPT.
pub(super) fn recipient(text: &str) -> Result<RcptDsn, Reply> {
    let mut dsn = RcptDsn::default();
    each(text, |name, value| {
        match (name, value) {
            ("NOTIFY", Some(wishes)) => dsn.notify = Some(notify(wishes)?),
            ("ORCPT", Some(original)) => dsn.orcpt = Some(orcpt(original)?),
            ("NOTIFY" | "ORCPT", None) => return Err(Reply::bad_syntax(&format!("{name}=value"))),
            _ => return Err(Reply::unknown_parameter()),
        }
        Ok(())
    })?;
    Ok(dsn)
}

/// A number of bytes: as many digits as RFC 1870 §3 allows. Twenty can be more than 64 bits, which is more than any
/// limit in any case.
pub(super) fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Hands each parameter on, its name in capitals.
fn each(text: &str, mut read: impl FnMut(&str, Option<&str>) -> Result<(), Reply>) -> Result<(), Reply> {
    let mut seen: Vec<String> = Vec::new();
    for parameter in text.split_ascii_whitespace() {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        };
        let name = name.to_ascii_uppercase();
        if seen.contains(&name) {
            return Err(Reply::bad_argument("a parameter is given twice"));
        }
        read(&name, value)?;
        seen.push(name);
    }
    Ok(())
}

fn bad_size() -> Reply {
    Reply::bad_argument("SIZE must be a number of bytes")
}

fn body_kind(text: &str) -> Result<BodyKind, Reply> {
    match text.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyKind::SevenBit),
        "8BITMIME" => Ok(BodyKind::EightBitMime),
        "BINARYMIME" => Ok(BodyKind::BinaryMime),
        _ => Err(Reply::bad_argument("BODY must be 7BIT or 8BITMIME, or BINARYMIME where it is offered")),
    }
}

fn returned(text: &str) -> Result<Ret, Reply> {
    match text.to_ascii_uppercase().as_str() {
        "FULL" => Ok(Ret::Full),
        "HDRS" => Ok(Ret::Hdrs),
        _ => Err(Reply::bad_argument("RET must be FULL or HDRS")),
    }
}

fn envid(text: &str) -> Result<String, Reply> {
    if text.is_empty() || text.len() > MAX_ENVID || !is_xtext(text) {
        return Err(Reply::bad_argument("ENVID must be xtext of at most 100 characters"));
    }
    Ok(text.to_owned())
}

/// `NEVER` alone, or any of the others, each once (RFC 3461 §4.1).
fn notify(text: &str) -> Result<Notify, Reply> {
    let wrong = || Reply::bad_argument("NOTIFY must be NEVER, or of SUCCESS, FAILURE, DELAY each at most once");
    let mut wishes = Notify { success: false, failure: false, delay: false };
    if text.eq_ignore_ascii_case("NEVER") {
        return Ok(wishes);
    }
    for wish in text.split(',') {
        let noted = match wish.to_ascii_uppercase().as_str() {
            "SUCCESS" => &mut wishes.success,
            "FAILURE" => &mut wishes.failure,
            "DELAY" => &mut wishes.delay,
            _ => return Err(wrong()),
        };
        if std::mem::replace(noted, true) {
            return Err(wrong());
        }
    }
    Ok(wishes)
}

/// `type;xtext`, and for the type `utf-8` also characters beyond ASCII (RFC 6533 §3).
fn orcpt(text: &str) -> Result<String, Reply> {
    let wrong =
        || Reply::bad_argument("ORCPT must be as in rfc822;user@example.co.jp, at most 500 characters of xtext");
    let (kind, original) = text.split_once(';').ok_or_else(wrong)?;
    let named = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let ascii: String = if kind.eq_ignore_ascii_case("utf-8") {
        original.chars().filter(char::is_ascii).collect()
    } else {
        original.into()
    };
    if !named || original.is_empty() || text.len() > MAX_ORCPT || !is_xtext(&ascii) {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// RFC 3461 §4: printable ASCII without `+` and `=`, or `+` and two capital hexadecimal digits, which may only stand
/// for a printable character too: a line end hidden there would come out in a delivery status notice.
fn is_xtext(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'+' => match (bytes.next().and_then(hexadecimal), bytes.next().and_then(hexadecimal)) {
                (Some(high), Some(low)) => matches!(high << 4 | low, b' '..=b'~'),
                _ => false,
            },
            b'=' => false,
            byte => byte.is_ascii_graphic(),
        };
        if !fits {
            return false;
        }
    }
    true
}

fn hexadecimal(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(reply: Reply) -> u16 {
        reply.code
    }

    #[test]
    fn everything_that_mail_can_say() {
        let mut from = MailFrom::default();
        let text = "size=12 Body=BinaryMime SMTPUTF8 requiretls ret=hdrs ENVID=QQ+2B314 AUTH=<>";
        assert_eq!(mail(text, &mut from), Ok(true));
        let expected = MailFrom {
            sender: None,
            body: BodyKind::BinaryMime,
            smtputf8: true,
            size: Some(12),
            requiretls: true,
            ret: Some(Ret::Hdrs),
            envid: Some("QQ+2B314".into()),
        };
        assert_eq!(from, expected);
        assert_eq!(mail("", &mut from), Ok(false));
        let longest = "9".repeat(20);
        assert_eq!(mail(&format!("SIZE={longest}"), &mut from), Ok(false));
        assert_eq!(from.size, Some(u64::MAX));
    }

    #[test]
    fn what_mail_may_not_say() {
        let long = format!("ENVID={}", "a".repeat(101));
        for (text, expected) in [
            ("SIZE", 501),
            ("SIZE=", 501),
            ("SIZE=-1", 501),
            ("SIZE=1 size=2", 501),
            ("BODY=TEXT", 501),
            ("BODY=7BIT BODY=8BITMIME", 501),
            ("SMTPUTF8=1", 501),
            ("REQUIRETLS=yes", 501),
            ("RET=ALL", 501),
            ("RET", 501),
            ("ENVID=", 501),
            ("ENVID=a=b", 501),
            ("ENVID=a+2", 501),
            ("ENVID=a+2b", 501),
            ("ENVID=a+0D+0AEvil:+20yes", 501),
            ("ENVID=花", 501),
            (long.as_str(), 501),
            ("AUTH", 501),
            ("AUTH=a=b", 501),
            ("NOTIFY=NEVER", 555),
            ("HOLDFOR=60", 555),
            ("<c@d.jp>", 555),
        ] {
            assert_eq!(mail(text, &mut MailFrom::default()).map_err(code), Err(expected), "{text}");
        }
    }

    #[test]
    fn everything_that_rcpt_can_say() {
        let wishes = |success, failure, delay| Some(Notify { success, failure, delay });
        for (text, notify, orcpt) in [
            ("", None, None),
            ("notify=never", wishes(false, false, false), None),
            ("NOTIFY=success,DELAY", wishes(true, false, true), None),
            (
                "ORCPT=rfc822;a+2Bb@example.jp NOTIFY=FAILURE",
                wishes(false, true, false),
                Some("rfc822;a+2Bb@example.jp"),
            ),
            ("ORCPT=utf-8;花子@例え.jp", None, Some("utf-8;花子@例え.jp")),
            (r"ORCPT=utf-8;\x{82B1}@example.jp", None, Some(r"utf-8;\x{82B1}@example.jp")),
        ] {
            let expected = RcptDsn { notify, orcpt: orcpt.map(str::to_owned) };
            assert_eq!(recipient(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_rcpt_may_not_say() {
        let long = format!("ORCPT=rfc822;{}", "a".repeat(500));
        for (text, expected) in [
            ("NOTIFY=", 501),
            ("NOTIFY", 501),
            ("NOTIFY=NEVER,SUCCESS", 501),
            ("NOTIFY=SUCCESS,SUCCESS", 501),
            ("NOTIFY=SUCCESS,", 501),
            ("NOTIFY=SUCCESS NOTIFY=DELAY", 501),
            ("ORCPT=a@b.jp", 501),
            ("ORCPT=;a@b.jp", 501),
            ("ORCPT=rfc822;", 501),
            ("ORCPT=rfc822;a+0Ab@c.jp", 501),
            ("ORCPT=rfc822;花子@例え.jp", 501),
            ("ORCPT=x.y;a@b.jp", 501),
            (long.as_str(), 501),
            ("RET=FULL", 555),
            ("SIZE=1", 555),
        ] {
            assert_eq!(recipient(text).map_err(code), Err(expected), "{text}");
        }
    }
}
