//! Encoded words of a mail's header in a text: a log of mails, a bounce, a header that somebody pasted.
//!
//! In: a text. Out: the same with its words readable, as a mail's own header is read. Deliberately absent: header fields
//! (`mail`).

use memchr::memmem;

use super::Edit;
use crate::mail::header;

/// Beyond this a word has no end.
const LONGEST: usize = 4 << 10;

/// `text` with such words readable.
pub(super) fn readable(text: &str) -> Option<String> {
    let mut edit = Edit::of(text);
    for at in memmem::find_iter(text.as_bytes(), "=?") {
        let Some(end) = Some(at).filter(|&at| at >= edit.done).and_then(|at| words_end(text, at)) else { continue };
        let words = text.get(at..end).unwrap_or_default();
        let plain = header::decode(words.as_bytes());
        if plain != words {
            edit.replace(at..end, &plain);
        }
    }
    edit.finish()
}

/// Where the words end that begin here: one is often cut into several, in lines of their own.
fn words_end(text: &str, at: usize) -> Option<usize> {
    let mut end = word_end(text, at)?;
    loop {
        let rest = text.get(end..)?;
        let next = end + (rest.len() - rest.trim_start().len());
        match word_end(text, next) {
            Some(behind) if next - end <= 4 => end = behind,
            _ => return Some(end),
        }
    }
}

/// `=?charset?B?letters?=`.
fn word_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix("=?")?;
    let rest = rest.get(..rest.floor_char_boundary(LONGEST))?;
    let (charset, rest) = rest.split_once('?')?;
    let is_charset = !charset.is_empty() && charset.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.:*".contains(&c));
    let letters = rest.get(1..).filter(|_| rest.starts_with(['B', 'b', 'Q', 'q']))?.strip_prefix('?')?;
    let length = letters.find("?=").filter(|&length| is_charset && !letters.as_bytes()[..length].contains(&b'\n'))?;
    Some(at + 2 + charset.len() + 1 + 2 + length + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_a_text_become_readable() {
        for (text, expected) in [
            ("1,=?ISO-2022-JP?B?GyRCOzNFRBsoQg==?=,x", "1,山田,x"),
            ("Subject: =?UTF-8?B?5bGx?=\r\n =?utf-8?q?=E7=94=B0?= x\n", "Subject: 山田 x\n"),
            ("\"=?UTF-8?Q?a=5F=E5=B1=B1?=\"", "\"a_山\""),
        ] {
            assert_eq!(readable(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for text in ["", "a =? b", "x=?utf-8?B?open", "=?a b?B?YQ==?=", "=?utf-8?X?YQ==?=", "a=?b?c=?"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
