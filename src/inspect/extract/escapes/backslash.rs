//! Escapes behind a backslash, as programs and their logs write them.
//!
//! In: a text. Out: the same with the characters: `\u5c71` (JSON, Java, JavaScript; in a string within a string with several
//! backslashes), `\u{5c71}`, `\x{5c71}` (Perl), `\U00005c71`, `\5c71 ` (CSS, SQL), and bytes of a charset: `\xe5\xb1\xb1`, `\345\261\261` (git),
//! `\'8e\'52` (RTF). Deliberately absent: `\n` and its like, which are readable (JSON has a reader that undoes them).

use super::{Edit, foreign, hex_pair};

/// `text` with such characters readable.
pub(super) fn readable(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut edit = Edit::of(text);
    // A row that makes no sense is looked at once.
    let mut looked = 0;
    for at in memchr::memchr_iter(b'\\', bytes) {
        if at < looked {
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let row = match rest.get(1) {
            Some(b'u' | b'U') => characters(rest, unicode),
            Some(b'x') if rest.get(2) == Some(&b'{') => characters(rest, unicode),
            Some(b'x') => raw(rest, hexadecimal),
            Some(b'\'') => raw(rest, in_rtf),
            Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let bytes = raw(rest, octal);
                let styled = if bytes.text.is_none() { characters(rest, in_css) } else { Row::default() };
                if styled.text.is_some() { styled } else { bytes }
            }
            _ => continue,
        };
        if let Some(plain) = row.text {
            edit.replace(behind_backslashes(bytes, looked, at)..at + row.length, &plain);
        }
        looked = at + row.length;
    }
    edit.finish()
}

/// Escapes that follow each other.
#[derive(Default)]
struct Row {
    /// What they stand for, if that makes sense.
    text: Option<String>,
    length: usize,
}

/// A string in a string has two backslashes for one, or four, or eight.
fn behind_backslashes(bytes: &[u8], from: usize, at: usize) -> usize {
    let before = bytes.get(from..at).unwrap_or_default();
    before.iter().rposition(|&c| c != b'\\').map_or(from, |found| from + found + 1)
}

/// One escape at the start: what it stands for and how long it is.
type One<T> = fn(&[u8]) -> Option<(T, usize)>;

/// A row of characters. Two may be the halves of one.
fn characters(text: &[u8], one: One<Vec<u16>>) -> Row {
    let (mut units, mut length) = (Vec::new(), 0);
    loop {
        let rest = text.get(length..).unwrap_or_default();
        let doubled = rest.iter().take_while(|&&c| c == b'\\').count().saturating_sub(1);
        let Some((unit, more)) = rest.get(doubled..).and_then(one) else { break };
        units.extend(unit);
        length += doubled + more;
    }
    Row { text: (length > 0).then(|| String::from_utf16_lossy(&units)), length }
}

/// `\u5c71`, `\u{20bb7}`, `\U00020bb7`.
fn unicode(text: &[u8]) -> Option<(Vec<u16>, usize)> {
    let (from, length, end) = match text {
        [b'\\', b'u' | b'x', b'{', rest @ ..] => (3, rest.iter().take(7).position(|&c| c == b'}')?, 1),
        [b'\\', b'u', ..] => (2, 4, 0),
        [b'\\', b'U', ..] => (2, 8, 0),
        _ => return None,
    };
    let number = number(text.get(from..from + length)?)?;
    let units = match u16::try_from(number) {
        Ok(unit) => vec![unit],
        Err(_) => char::from_u32(number)?.encode_utf16(&mut [0; 2]).to_vec(),
    };
    let is_control = matches!(number, 0..=8 | 0xb | 0xc | 0xe..=0x1f | 0x7f..=0x9f);
    (!is_control).then_some((units, from + length + end))
}

/// `\6771` and a space that ends it; only what is Japanese, since paths of Windows look the same.
fn in_css(text: &[u8]) -> Option<(Vec<u16>, usize)> {
    let digits = text.strip_prefix(b"\\")?;
    let length = digits.iter().take(6).take_while(|c| c.is_ascii_hexdigit()).count();
    let number = number(digits.get(..length)?)?;
    let is_japanese = matches!(number, 0x3041..=0x30ff | 0x4e00..=0x9fff);
    let end = usize::from(digits.get(length) == Some(&b' '));
    Some((vec![u16::try_from(number).ok().filter(|_| is_japanese)?], 1 + length + end))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, &digit| number.checked_mul(16)?.checked_add(char::from(digit).to_digit(16)?))
}

/// A row of bytes. The second one of a character in Shift_JIS may be a letter as it stands.
fn raw(text: &[u8], one: One<u8>) -> Row {
    let (mut bytes, mut length) = (Vec::new(), 0);
    // Up to the last escape, for when the letter behind it is only a letter.
    let mut escapes = (0, 0);
    let mut is_lead = false;
    while let Some(rest) = text.get(length..) {
        let (byte, more) = match (one(rest), rest) {
            (Some(escape), _) => escape,
            (None, &[c @ 0x40..=0x7e, ..]) if is_lead => (c, 1),
            _ => break,
        };
        bytes.push(byte);
        length += more;
        is_lead = !is_lead && matches!(byte, 0x81..=0x9f | 0xe0..=0xfc);
        if more > 1 {
            escapes = (bytes.len(), length);
        }
    }
    let tried = [(bytes.len(), length), escapes];
    let read = |(count, length): (usize, usize)| Some((foreign(bytes.get(..count)?)?, length));
    match tried.into_iter().find_map(read) {
        Some((text, length)) => Row { text: Some(text), length },
        None => Row { text: None, length: length.max(1) },
    }
}

/// `\xe5`.
fn hexadecimal(text: &[u8]) -> Option<(u8, usize)> {
    readable_byte(hex_pair(text.strip_prefix(b"\\x")?)?)
}

/// `\'8e`.
fn in_rtf(text: &[u8]) -> Option<(u8, usize)> {
    readable_byte(hex_pair(text.strip_prefix(b"\\'")?)?)
}

/// `\345`.
fn octal(text: &[u8]) -> Option<(u8, usize)> {
    let [b'\\', digits @ ..] = text.get(..4)? else { return None };
    let number = digits.iter().try_fold(0u32, |number, &digit| Some(number * 8 + char::from(digit).to_digit(8)?))?;
    readable_byte(u8::try_from(number).ok()?)
}

/// A byte that was escaped in four letters. A control character is none of a text, so that what stands around it is read
/// without it.
fn readable_byte(byte: u8) -> Option<(u8, usize)> {
    (!byte.is_ascii_control() || matches!(byte, b'\t' | 0x1b)).then_some((byte, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_programs_become_readable() {
        for (text, expected) in [
            (r"name=\u5c71\u7530 tel", "name=山田 tel"),
            (r"name=\u5C71\U00020bb7\u{7530}", "name=山𠮷田"),
            (r"name=\x{5c71}\x{7530}", "name=山田"),
            (r#"{\"a\":\"\\u5c71\\u7530\"}"#, r#"{\"a\":\"山田\"}"#),
            (r"\u5c71\ud842\udfb7\u000ax\u0022\u002B", "山𠮷\nx\"+"),
            (r"b'\xe5\xb1\xb1 \x8eR\x93c\x91\xbe'", "b'山 山田太'"),
            (r#""\345\261\261\347\224\260.csv""#, r#""山田.csv""#),
            (r"{\rtf1 \'8e\'52\'93c \'91\'be}", r"{\rtf1 山田 太}"),
            (r#"content:"\5C71\7530 x""#, r#"content:"山田x""#),
        ] {
            assert_eq!(readable(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for text in [
            "",
            r"C:\users\x\345",
            r"\u12",
            r"\x41\x42",
            r"\xff\xfe",
            r"\101\102",
            r"a\nb\t\0",
            r"\u0000",
            r"C:\data\2026\abc",
            r"\\server\share",
        ] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
