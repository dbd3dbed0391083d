//! JSON → text: what its strings say.
//!
//! In: the decoded file. Out: the same with escapes undone, so that lines of a value are lines, and a file that is written
//! in lines (uuencode) can be found. A string within a string keeps one level of escapes; `escapes` reads those.
//! Deliberately absent: any other grammar.

/// `text` with the escapes of its strings undone (RFC 8259 §7).
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at(at);
        if !before.is_empty() {
            end(&mut units, &mut plain);
            plain.push_str(before);
        }
        rest = escape.get(2..).unwrap_or_default();
        if let Some(unit) = escape.strip_prefix("\\u").and_then(|rest| u16::from_str_radix(rest.get(..4)?, 16).ok()) {
            // Two escapes in a row may be one character beyond the first 65,536.
            units.push(unit);
            rest = rest.get(4..).unwrap_or_default();
            continue;
        }
        end(&mut units, &mut plain);
        match escape.chars().nth(1) {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('b' | 'f') => plain.push(' '),
            Some(c @ ('"' | '\\' | '/')) => plain.push(c),
            // None of JSON's, whatever it is.
            _ => {
                plain.push('\\');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    end(&mut units, &mut plain);
    plain.push_str(rest);
    plain
}

fn end(units: &mut Vec<u16>, plain: &mut String) {
    plain.push_str(&String::from_utf16_lossy(units));
    units.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_strings_become_what_they_stand_for() {
        for (text, expected) in [
            (r#"{"\u6c0f\u540d": "\u5c71\ud842\udfb7x\uzz"}"#, r#"{"氏名": "山𠮷x\uzz"}"#),
            (r#"{"a": "b\nc\td\/e \"f\" g\\n"}"#, "{\"a\": \"b\nc\td/e \"f\" g\\n\"}"),
            (r#"{"a": "{\"b\": \"\\u5c71\"}"}"#, r#"{"a": "{"b": "\u5c71"}"}"#),
            ("\"open\\", "\"open\\"),
            (r"\山\u", r"\山\u"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }
}
