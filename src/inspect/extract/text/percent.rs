//! Values of query strings and forms, as logs keep them: `name=%E5%B1%B1%E7%94%B0`.
//!
//! In: running text. Out: the same with those values readable whose escapes are UTF-8 beyond ASCII; lines stay lines.
//! Deliberately absent: paths (a link to a map or an article is no form), and values in ASCII, which are readable.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Where such a value begins; nearly no text has it.
static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("=%"));

/// `text` with such values readable.
pub(super) fn readable(text: &str) -> Cow<'_, str> {
    let (mut plain, mut from) = (String::new(), 0);
    for at in BEGIN.find_iter(text.as_bytes()).map(|at| at + 1) {
        let Some(rest) = text.get(at..).filter(|_| at >= from) else { continue };
        let is_end = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | '#' | ';' | ')' | ',');
        let end = rest.find(is_end).unwrap_or(rest.len());
        let Some(value) = rest.get(..end).and_then(unescaped) else { continue };
        plain.push_str(text.get(from..at).unwrap_or_default());
        plain.push_str(&value);
        from = at + end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    plain.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(plain)
}

/// A value without its escapes, if they are characters beyond ASCII.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        rest = others;
        bytes.push(match first {
            b'%' => {
                let (hex, behind) = others.split_at_checked(2)?;
                rest = behind;
                u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?
            }
            b'+' => b' ',
            _ => first,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_ascii() && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_query_strings_become_readable() {
        assert_eq!(
            readable("GET /f?name=%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E&tel=1 HTTP/1.1\nq=%e5%b1%b1"),
            "GET /f?name=山田 太郎&tel=1 HTTP/1.1\nq=山"
        );
        assert_eq!(readable("a=%E5%B1%B1"), "a=山");
    }

    #[test]
    fn what_is_none_stays() {
        for text in ["", "a=%20b&c=%", "x=%E5%B1", "x=%ZZ%E5", "x=%E5%B1%B1%0A", "/wiki/%E5%B1%B1", "50%=%E5"] {
            assert!(matches!(readable(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
