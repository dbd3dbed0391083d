//! What stands between the words of a document and is none: comments, and letters that no operator and no name has.
//!
//! In: the bytes of an object or of a content stream. Out: where such a thing stands. Whoever draws the document passes over
//! it. Deliberately absent: strings, whoever they belong to (`objects`, `walk`).

use std::ops::Range;

/// Remarks beyond this are not what somebody hides.
const MOST: usize = 10_000;

/// Comments and words that are not in ASCII.
pub(super) fn remarks(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Most streams have neither.
    if memchr::memchr(b'%', bytes).is_none() && bytes.is_ascii() {
        return found;
    }
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty() && found.len() < MOST) {
        let length = match rest {
            [b'(', ..] => string(rest),
            [b'<', b'<', ..] => 2,
            [b'<', ..] => memchr::memchr(b'>', rest).map_or(rest.len(), |end| end + 1),
            [b'I', b'D', c, ..] if c.is_ascii_whitespace() && ends_word(bytes, at) => pixels(rest),
            [b'%', ..] => {
                let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                found.push(at + 1..at + end);
                end
            }
            [c, ..] if !c.is_ascii() => {
                let end = rest.iter().position(|c| c.is_ascii_whitespace() || b"()<>[]{}/%".contains(c));
                let end = end.unwrap_or(rest.len());
                found.push(at..at + end);
                end
            }
            _ => 1,
        };
        at += length.max(1);
    }
    found
}

/// How long a string in brackets is.
fn string(rest: &[u8]) -> usize {
    let mut open = 0usize;
    let mut escaped = usize::MAX;
    for at in memchr::memchr3_iter(b'(', b')', b'\\', rest) {
        match rest.get(at) {
            _ if at == escaped => {}
            Some(b'\\') => escaped = at + 1,
            Some(b'(') => open += 1,
            _ => open = open.saturating_sub(1),
        }
        if open == 0 {
            return at + 1;
        }
    }
    rest.len()
}

/// How long the pixels of a picture are that stands in the stream itself.
fn pixels(rest: &[u8]) -> usize {
    let ends = |&at: &usize| {
        let is_space = |at: usize| rest.get(at).is_none_or(u8::is_ascii_whitespace);
        is_space(at.saturating_sub(1)) && is_space(at + 2)
    };
    memchr::memmem::find_iter(rest, b"EI").find(ends).map_or(rest.len(), |at| at + 2)
}

fn ends_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_foreign_words_are_found_and_strings_are_not() {
        let text = "q % a (b\n(50% \\) (x%) é) Tj <</A 1%c\n>> <e9%> 山田 Tj\nBI /W 1 ID 山%\n EI Q % last";
        let found: Vec<&str> = remarks(text.as_bytes()).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, [" a (b", "c", "山田", " last"]);
        assert!(remarks(b"q (a) Tj Q").is_empty() && remarks(b"(open % string").is_empty());
    }
}
