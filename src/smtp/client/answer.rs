//! Replies as they come over the wire (RFC 5321 §4.2): bytes to a [`Reply`].
//!
//! In: what has been read so far. Out: the first whole reply and its length, or that more is needed, or that it is no
//! reply. Tolerant of what cannot mislead (no text, no space behind the code, bytes outside UTF-8, a bare LF), strict
//! where two readers could disagree: every line has three digits and the same ones. Bounded: a server that never ends
//! its reply is cut off. Deliberately absent: what a reply means.

use memchr::memchr;

use crate::smtp::{Reply, Then};

/// The longest line: RFC 5321 §4.5.3.1.5 allows 512 octets, and some servers do not keep to it.
const MAX_LINE: usize = 4 * 1024;

/// The longest reply.
const MAX_REPLY: usize = 64 * 1024;

/// Why bytes are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Garbled {
    /// A line does not start with a code from 200 to 599, and a space or a hyphen.
    #[error("a line without a reply code")]
    NoCode,
    /// Two lines of one reply have different codes.
    #[error("one reply with two codes")]
    TwoCodes,
    /// More than any reply.
    #[error("a reply without end")]
    TooLong,
}

/// The first reply in `input` and how many bytes it takes; none while its end has not come.
pub(super) fn read(input: &[u8]) -> Result<Option<(Reply, usize)>, Garbled> {
    let (mut used, mut first, mut lines) = (0, None, Vec::new());
    loop {
        let rest = input.get(used..).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest) else {
            let too_long = rest.len() > MAX_LINE || input.len() > MAX_REPLY;
            return if too_long { Err(Garbled::TooLong) } else { Ok(None) };
        };
        used += end + 1;
        if end > MAX_LINE || used > MAX_REPLY {
            return Err(Garbled::TooLong);
        }
        let line = rest.get(..end).unwrap_or_default();
        let (code, last, text) = read_line(line.strip_suffix(b"\r").unwrap_or(line)).ok_or(Garbled::NoCode)?;
        if *first.get_or_insert(code) != code {
            return Err(Garbled::TwoCodes);
        }
        lines.push(String::from_utf8_lossy(text).into_owned());
        if last {
            return Ok(Some((with_enhanced(code, lines), used)));
        }
    }
}

/// Code, whether it is the last line, and text.
fn read_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return None };
    let code = [a, b, c].into_iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest {
        [] => Some((code, true, rest)),
        [b' ', text @ ..] => Some((code, true, text)),
        [b'-', text @ ..] => Some((code, false, text)),
        _ => None,
    }
}

/// Takes the enhanced code, which stands on every line (RFC 2034 §4), out of the text.
fn with_enhanced(code: u16, lines: Vec<String>) -> Reply {
    let enhanced = lines.first().and_then(|line| line.split(' ').next()).filter(|word| is_enhanced(word, code));
    let Some(enhanced) = enhanced.map(str::to_owned) else {
        return Reply { code, enhanced: None, lines, then: Then::Continue, quiet: false };
    };
    let lines = lines
        .into_iter()
        .map(|line| match line.strip_prefix(&enhanced) {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest.trim_start().to_owned(),
            _ => line,
        })
        .collect();
    Reply { code, enhanced: Some(enhanced), lines, then: Then::Continue, quiet: false }
}

/// `class.subject.detail` (RFC 3463 §2), the class being the code's first digit.
fn is_enhanced(word: &str, code: u16) -> bool {
    let mut parts = word.split('.');
    let class = parts.next().and_then(|class| class.parse::<u16>().ok());
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    class == Some(code / 100)
        && parts.next().is_some_and(number)
        && parts.next().is_some_and(number)
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(wire: &[u8]) -> (u16, Option<String>, Vec<String>) {
        let (reply, used) = read(wire).unwrap().unwrap();
        assert_eq!(used, wire.len());
        (reply.code, reply.enhanced, reply.lines)
    }

    #[test]
    fn enhanced_codes_are_told_from_words() {
        for (wire, enhanced, rest) in [
            ("250 2.1.5 Ok\r\n", Some("2.1.5"), "Ok"),
            ("550 5.1.1 <a@b>: unknown\r\n", Some("5.1.1"), "<a@b>: unknown"),
            ("250 2.0.0\r\n", Some("2.0.0"), ""),
            ("250 5.1.1 odd\r\n", None, "5.1.1 odd"),
            ("250 2.1 ok\r\n", None, "2.1 ok"),
            ("250 2.1.5.1 ok\r\n", None, "2.1.5.1 ok"),
            ("250 2.x.5 ok\r\n", None, "2.x.5 ok"),
            ("250 \r\n", None, ""),
            ("250\r\n", None, ""),
            ("250 bare end\n", None, "bare end"),
        ] {
            let (code, found, lines) = whole(wire.as_bytes());
            assert_eq!(
                (code / 100, found.as_deref(), lines[0].as_str()),
                (wire.as_bytes()[0] as u16 - 48, enhanced, rest)
            );
        }
    }

    #[test]
    fn lines_stay_lines_and_what_is_not_utf8_does_no_harm() {
        let (_, enhanced, lines) = whole(b"550-5.1.1 no\r\n550-\r\n550 5.1.1 \x93\xfa\r\n");
        assert_eq!((enhanced.as_deref(), lines.join("|").as_str()), (Some("5.1.1"), "no||\u{fffd}\u{fffd}"));
        let (reply, used) = read(b"250 a\r\n354 b\r\n").unwrap().unwrap();
        assert_eq!((reply.code, used), (250, 7));
    }

    #[test]
    fn what_is_no_reply_is_said_so() {
        for wire in
            ["garbage\r\n", "\r\n", "25\r\n", "250x\r\n", "999 no\r\n", "199 no\r\n", "250-a\r\n+OK\r\n", " 250 a\r\n"]
        {
            assert_eq!(read(wire.as_bytes()), Err(Garbled::NoCode), "{wire}");
        }
        assert_eq!(read(b"250-a\r\n550 b\r\n"), Err(Garbled::TwoCodes));
        let long = [&b"250 "[..], &b"x".repeat(MAX_LINE)].concat();
        assert_eq!(read(&long), Err(Garbled::TooLong));
        assert_eq!(read(&[&long[..], b"\r\n"].concat()), Err(Garbled::TooLong));
        assert_eq!(read(&b"250-endless\r\n".repeat(MAX_REPLY / 13 + 1)), Err(Garbled::TooLong));
    }

    proptest! {
        /// What we can write we can read, in whatever pieces it comes, and nothing is read before its end.
        #[test]
        fn rendered_replies_are_read_again(code in 200..600u16, lines in prop::collection::vec("[ -~]{0,600}", 1..6)) {
            let reply = Reply { code, enhanced: None, lines, then: Then::Continue, quiet: false };
            let mut wire = Vec::new();
            reply.render(&mut wire);
            for end in 0..wire.len() {
                prop_assert_eq!(read(&wire[..end]).unwrap(), None);
            }
            let (again, used) = read(&wire).unwrap().unwrap();
            prop_assert_eq!((again.code, used), (code, wire.len()));
        }

        #[test]
        fn no_bytes_break_it(wire in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((reply, used))) = read(&wire) {
                prop_assert!((200..600).contains(&reply.code) && used <= wire.len());
            }
        }
    }
}
