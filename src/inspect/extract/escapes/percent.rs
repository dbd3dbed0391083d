//! Values of query strings, forms and logs: `name=%E5%B1%B1%E7%94%B0`, `"%8E%52%93%63"`, and as `escape` of JavaScript
//! writes them: `%u5C71%u7530`.
//!
//! In: a text. Out: the same with those values readable whose escapes are characters beyond ASCII, in UTF-8 or in a
//! charset of Japan; of values in ASCII those with an address (`a%40b.jp`) or a file in letters (`UEsD%2B…`).
//! Deliberately absent: paths (a link to a map or an article is no form).

use std::ops::Range;

use super::{Edit, foreign, hex_pair};

/// A value in ASCII of so many letters may be a file.
const FILE: usize = 24;

/// `text` with such values readable.
pub(super) fn readable(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut edit = Edit::of(text);
    let mut looked = 0;
    for at in memchr::memchr_iter(b'%', bytes) {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        if at < looked || (hex_pair(rest).is_none() && wide(rest).is_none()) {
            continue;
        }
        let value = value_around(bytes, looked, at);
        looked = value.end;
        if let Some(plain) = unescaped(bytes, &value, at) {
            edit.replace(value, &plain);
        }
    }
    edit.finish()
}

/// The value in which an escape stands: what is between two signs that part values.
fn value_around(bytes: &[u8], from: usize, at: usize) -> Range<usize> {
    let parts = |c: &u8| {
        !c.is_ascii()
            || c.is_ascii_whitespace()
            || matches!(c, b'&' | b'"' | b'\'' | b'<' | b'>' | b'#' | b';' | b'(' | b')')
            || matches!(c, b',' | b'=' | b'?' | b'{' | b'}' | b'[' | b']' | b'|' | b':' | b'\\')
    };
    let before = bytes.get(from..at).unwrap_or_default();
    let start = before.iter().rposition(parts).map_or(from, |found| from + found + 1);
    let behind = bytes.get(at..).unwrap_or_default();
    start..behind.iter().position(parts).map_or(bytes.len(), |found| at + found)
}

/// A value without its escapes, if that makes it readable.
fn unescaped(bytes: &[u8], value: &Range<usize>, at: usize) -> Option<String> {
    let is_path = memchr::memchr(b'/', bytes.get(value.start..at)?).is_some();
    let is_form = value.start > 0 && bytes.get(value.start - 1) == Some(&b'=');
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = bytes.get(value.clone())?;
    while let Some((&first, others)) = rest.split_first() {
        rest = others;
        if let Some((character, length)) = wide(others).filter(|_| first == b'%') {
            plain.extend(character.encode_utf8(&mut [0; 4]).bytes());
            rest = others.get(length..)?;
            continue;
        }
        plain.push(match (first, hex_pair(others)) {
            (b'%', Some(byte)) => {
                rest = others.get(2..)?;
                byte
            }
            (b'%', None) => return None,
            (b'+', _) if is_form => b' ',
            _ => first,
        });
    }
    match foreign(&plain) {
        Some(text) => Some(text).filter(|_| !is_path),
        None => ascii(plain).filter(|_| is_form),
    }
}

/// `u5C71` behind the sign, or two halves of a character: `uD842%uDFB7`.
fn wide(rest: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize, mark: &[u8]| {
        let digits = rest.get(at..)?.strip_prefix(mark)?;
        Some(u16::from_be_bytes([hex_pair(digits)?, hex_pair(digits.get(2..)?)?]))
    };
    let first = unit(0, b"u")?;
    match (char::from_u32(u32::from(first)), unit(5, b"%u")) {
        (Some(character), _) => Some((character, 5)),
        (None, Some(second)) => Some((char::decode_utf16([first, second]).next()?.ok()?, 11)),
        (None, None) => None,
    }
}

/// A value in ASCII, where its escapes hide something. A space was a `+`, if it is a file.
fn ascii(plain: Vec<u8>) -> Option<String> {
    let is_letter = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b' ');
    let text = String::from_utf8(plain).ok()?;
    let is_address = text.contains('@') && text.bytes().all(|c| c.is_ascii_graphic());
    let is_file = text.len() >= FILE && text.as_bytes().iter().all(is_letter) && !text.contains(' ');
    (is_address || is_file).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_query_strings_become_readable() {
        for (text, expected) in [
            (
                "GET /f?name=%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E&tel=1 HTTP/1.1\nq=%e5%b1%b1",
                "GET /f?name=山田 太郎&tel=1 HTTP/1.1\nq=山",
            ),
            ("a=%E5%B1%B1", "a=山"),
            ("a=%93%8C%8B%9E&b=%C5%EC%B5%FE", "a=東京&b=東京"),
            ("a=%1B%24B%3B3ED%1B%28B", "a=山田"),
            ("a=%8ER%93c", "a=山田"),
            ("{\"a\":\"%E5%B1%B1\",\"b\":1}", "{\"a\":\"山\",\"b\":1}"),
            ("%E5%B1%B1", "山"),
            ("n=%u5C71%u7530%20%uD842%uDFB7&b=1", "n=山田 𠮷&b=1"),
            ("mail=taro%40example.jp&b=1", "mail=taro@example.jp&b=1"),
            ("f=UEsDBBQAAAAIAAAAIQD%2BAAAA%2FAA%3D", "f=UEsDBBQAAAAIAAAAIQD+AAAA/AA="),
        ] {
            assert_eq!(readable(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for text in [
            "",
            "a=%20b&c=%",
            "x=%FF%FE",
            "x=%ZZ%E5",
            "x=%E5%B1%B1%0A",
            "/wiki/%E5%B1%B1",
            "50%=%E5",
            "100%ab",
            "https://a.jp/map/%E6%9D%B1%E4%BA%AC/x",
            "a=12%3A30",
        ] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
