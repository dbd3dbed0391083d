//! Whether something in a place that is not for text is text all the same.
//!
//! In: attribute values and names, of which a document has a hundred times as many as it has words. Out: those that
//! somebody may have hidden data in: anything but ASCII, mail addresses, numbers as long as a telephone number, names.
//! And what XML has beside elements: comments, instructions, declarations. Deliberately absent: numbers shorter than
//! nine digits and ASCII without two capitalised words, which is what lengths, colours, identifiers and styles look like.

/// The digits of the shortest number that tells somebody: a telephone number without its area's zero.
const DIGITS: usize = 9;

/// Whether a value says more than how something looks.
pub(crate) fn is_odd(value: &str) -> bool {
    !is_word(value) && (!value.is_ascii() || has_number(value) || has_address(value) || has_names(value))
}

/// What most values are, which costs one look: too short for a number, and without what addresses and names have.
fn is_word(value: &str) -> bool {
    value.len() < DIGITS && value.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// Whether what should be a file in base64 is a text: of other letters, or too short for a file.
pub(crate) fn is_no_base64(text: &str) -> bool {
    const SHORT: usize = 256;
    let is_letter = |c: u8| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, b'+' | b'/' | b'=');
    text.len() < SHORT || !text.bytes().all(is_letter)
}

/// A run of digits, hyphens between them allowed, and blanks if it begins as a telephone number does.
fn has_number(value: &str) -> bool {
    let bytes = value.as_bytes();
    if bytes.iter().filter(|c| c.is_ascii_digit()).count() < DIGITS || is_time(bytes) || is_identifier(bytes) {
        return false;
    }
    let with_blanks = matches!(bytes, [b'0', b'0'..=b'9', ..] | [b'+' | b'(', ..]);
    bytes
        .split(|&c| !(c.is_ascii_digit() || matches!(c, b'-' | b'(' | b')') || (with_blanks && c == b' ')))
        .any(|run| run.iter().filter(|c| c.is_ascii_digit()).count() >= DIGITS)
}

/// `2026-11-21T10:00:00Z`
fn is_time(bytes: &[u8]) -> bool {
    bytes.len() <= 32
        && matches!(bytes, [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..])
        && bytes.iter().all(|&c| c.is_ascii_digit() || b"TZ:-+.".contains(&c))
}

/// `{D5CDD505-2E9C-101B-9397-08002B2CF9AE}`
fn is_identifier(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or(bytes);
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => *c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
        && bytes.iter().any(u8::is_ascii_alphabetic)
}

fn has_address(value: &str) -> bool {
    value.contains('@')
        && value.split('@').skip(1).any(|host| {
            let host = host.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).next();
            host.and_then(|host| host.rsplit_once('.'))
                .is_some_and(|(_, top)| top.len() >= 2 && top.bytes().all(|c| c.is_ascii_alphabetic()))
        })
}

/// Two words that begin with capitals.
fn has_names(value: &str) -> bool {
    value.contains(' ')
        && value
            .split(' ')
            .filter(|word| {
                word.len() >= 2
                    && word.starts_with(|c: char| c.is_ascii_uppercase())
                    && word.bytes().all(|c| c.is_ascii_alphabetic())
            })
            .nth(1)
            .is_some()
}

/// Comments, instructions and declarations of a document, a line each.
pub(crate) fn unseen(document: &str) -> String {
    const FORMS: [(&str, &str); 3] = [("<!--", "-->"), ("<!DOCTYPE", "]>"), ("<?", "?>")];
    let mut lines = String::new();
    let mut rest = document;
    while let Some(at) = memchr::memchr(b'<', rest.as_bytes()) {
        rest = rest.get(at..).unwrap_or_default();
        let Some((open, close)) = FORMS.iter().find(|(open, _)| rest.starts_with(open)) else {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        let inside = rest.get(open.len()..).unwrap_or_default();
        let close = if *open == "<!DOCTYPE" && !is_subset(inside) { ">" } else { close };
        let (text, behind) = inside.split_once(close).unwrap_or((inside, ""));
        rest = behind;
        if *open != "<?" || says_something(text) {
            lines.push_str(text.trim());
            lines.push('\n');
        }
    }
    lines
}

/// Whether an instruction, without its marks, is none of those that every document begins with.
pub(crate) fn says_something(instruction: &str) -> bool {
    !(instruction.starts_with("xml ") || instruction.starts_with("mso-application ")) || is_odd(instruction)
}

/// Whether a declaration brings its own entities, in brackets.
fn is_subset(inside: &str) -> bool {
    inside.find(['[', '>']).is_some_and(|at| inside.get(at..).is_some_and(|rest| rest.starts_with('[')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_no_text() {
        for value in [
            "00AB12CD",
            "5486400",
            "position:absolute;margin-left:123.45pt;margin-top:67.89pt;width:100pt",
            "0 0 21600 21600",
            "m@4@5l@4@11@9@11@9@5xe",
            "2026-11-21T10:00:00Z",
            "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}",
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "w14 w15 wp14",
            "heading 1",
        ] {
            assert!(!is_odd(value), "{value}");
        }
    }

    #[test]
    fn people_are() {
        for value in
            ["山田", "090-1234-5678", "0901234567", "090 1234 5678", "+81 90 1234 5678", "a@b.jp", "Hanako Yamada"]
        {
            assert!(is_odd(value), "{value}");
        }
    }

    #[test]
    fn what_xml_has_beside_elements_is_found() {
        let document = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"山田\">]><a><!-- 佐藤 --><?note 鈴木?></a>";
        assert_eq!(unseen(document), "a [<!ENTITY b \"山田\">\n佐藤\nnote 鈴木\n");
        assert_eq!(unseen("<!DOCTYPE a><a/><!-- open"), "a\nopen\n");
    }
}
