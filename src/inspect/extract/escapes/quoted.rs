//! Quoted-printable in a text: the source of a mail that somebody pasted, quoted or not.
//!
//! In: a text. Out: the same with its lines undone where that makes Japanese of them. Its lines are read together, as a
//! character may be cut between two. Deliberately absent: a mail's own parts (`mail`), and texts whose escapes are ASCII:
//! they are readable.

use std::ops::Range;

use super::{Edit, hex_pair};
use crate::mail::{charset, header};

/// Fewer escapes than these are a formula.
const ESCAPES: usize = 3;

/// `text` with such lines readable.
pub(super) fn readable(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut edit = Edit::of(text);
    let mut looked = 0;
    for at in memchr::memchr_iter(b'=', bytes) {
        if at < looked || !is_escape(bytes, at) {
            continue;
        }
        let lines = lines_around(bytes, looked, at);
        looked = lines.end.max(at + 1);
        if let Some(plain) = text.get(lines.clone()).and_then(undone) {
            edit.replace(lines, &plain);
        }
    }
    edit.finish()
}

/// Whether a byte of a character beyond ASCII is written there, or the escape sequence of ISO-2022-JP. In capitals (RFC
/// 2045 §6.7): `topic=data` is none.
fn is_escape(bytes: &[u8], at: usize) -> bool {
    let digits = bytes.get(at + 1..at + 3).filter(|digits| !digits.iter().any(u8::is_ascii_lowercase));
    digits.and_then(hex_pair).is_some_and(|byte| byte >= 0x80 || byte == 0x1b)
}

/// The lines that belong together: from the line of the first escape on, as far as each has one or is continued. They are
/// ASCII and nothing else.
fn lines_around(bytes: &[u8], from: usize, at: usize) -> Range<usize> {
    let before = bytes.get(from..at).unwrap_or_default();
    let start = before.iter().rposition(|c| *c == b'\n' || !c.is_ascii()).map_or(from, |found| from + found + 1);
    let mut end = start;
    while let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        let line = rest.get(..memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)).unwrap_or(rest);
        let length = line.iter().position(|c| !c.is_ascii()).unwrap_or(line.len());
        let ascii = line.get(..length).unwrap_or_default();
        let has_escape = memchr::memchr_iter(b'=', ascii).any(|at| is_escape(ascii, at));
        if !has_escape && !ascii.trim_ascii_end().ends_with(b"=") {
            break;
        }
        end += length;
        if length < line.len() {
            break;
        }
    }
    start..end
}

/// Such lines without their escapes and the marks that quote them, if Japanese stands in them.
fn undone(lines: &str) -> Option<String> {
    let is_quoted = lines.starts_with('>');
    let bare = |line: &str| if is_quoted { line.trim_start_matches(['>', ' ']).to_owned() } else { line.to_owned() };
    let escapes = memchr::memchr_iter(b'=', lines.as_bytes()).filter(|&at| is_escape(lines.as_bytes(), at)).count();
    if escapes < ESCAPES && !lines.contains("=1B") {
        return None;
    }
    let source: Vec<u8> = lines.split_inclusive('\n').map(bare).collect::<String>().into_bytes();
    let plain = header::quoted_printable(&source, false);
    let read = charset::read(&plain, None);
    // Too few for a guess by frequency, perhaps.
    let text = match charset::japanese(&plain) {
        Some(text) if std::str::from_utf8(&plain).is_err() && plain.len() < 64 => text,
        _ if read.damaged => return None,
        _ => read.text.into_owned(),
    };
    let is_japanese = |c: char| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}');
    text.chars().any(is_japanese).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_mail_becomes_readable() {
        let utf_8 = "Name: =E5=B1=B1=E7=\r\n=94=B0 a=3Db\r\nbye\r\n";
        for (text, expected) in [
            (utf_8.to_owned(), "Name: 山田 a=b\r\nbye\r\n"),
            (format!("以下ソース\n{utf_8}"), "以下ソース\nName: 山田 a=b\r\nbye\r\n"),
            (utf_8.replace("Name", "> Name").replace("=94", "> =94"), "Name: 山田 a=b\r\nbye\r\n"),
            ("=8E=52=93c=81=40=91=BE=98Y\n".to_owned(), "山田　太郎\n"),
            ("=BB=B3=C5=C4\n".to_owned(), "山田\n"),
            ("=1B$B;3ED=1B(B x\n".to_owned(), "山田 x\n"),
            ("氏名 =E5=B1=B1 様".to_owned(), "氏名 山 様"),
        ] {
            assert_eq!(readable(&text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for text in ["", "a=B1", "x=AB&y=CD", "a=b==c", "if x==0xFF", "=E5=B1", "=FF=FE=FD=FC=FB", "=A9=AE=20a"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
