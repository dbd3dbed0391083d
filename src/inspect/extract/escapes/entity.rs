//! Numbers of characters, as HTML and XML write them: `&#26481;`, `&#x6771;`, in a text that is neither.
//!
//! In: a text. Out: the same with the characters. Deliberately absent: names of characters; they are ASCII or no letters.

use memchr::memmem;

use super::Edit;

const BEGIN: &str = "&#";

/// `text` with such characters readable.
pub(super) fn readable(text: &str) -> Option<String> {
    let mut edit = Edit::of(text);
    for at in memmem::find_iter(text.as_bytes(), BEGIN) {
        let rest = text.get(at + BEGIN.len()..).unwrap_or_default();
        if let Some((character, length)) = character(rest) {
            edit.replace(at..at + BEGIN.len() + length, character.encode_utf8(&mut [0; 4]));
        }
    }
    edit.finish()
}

/// The character whose number stands there, and how long that is.
fn character(rest: &str) -> Option<(char, usize)> {
    let prefix = usize::from(rest.starts_with(['x', 'X']));
    let radix = if prefix == 1 { 16 } else { 10 };
    let digits = rest.get(prefix..)?;
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let number = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
    let character = char::from_u32(number).filter(|c| !c.is_control() || matches!(c, '\t' | '\n'))?;
    // Every browser takes it without its end.
    let end = usize::from(digits.get(length..)?.starts_with(';'));
    Some((character, prefix + length + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_characters_become_characters() {
        assert_eq!(readable("x &#26481;&#x4eac;&#x20BB7; &#49;&#10;y").as_deref(), Some("x 東京𠮷 1\ny"));
        assert_eq!(readable("&#26481&#20140").as_deref(), Some("東京"));
    }

    #[test]
    fn what_is_none_stays() {
        for text in ["", "&#", "&#x;", "&#;", "&#55296;", "&#99999999999;", "a && b &amp; #1", "&#0;&#7;"] {
            assert_eq!(readable(text), None, "{text}");
        }
    }
}
