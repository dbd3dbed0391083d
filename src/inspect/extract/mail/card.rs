//! vCard and iCalendar: content lines made readable.
//!
//! In: the file's bytes. Out: its lines with folds undone (RFC 6350 §3.2, RFC 5545 §3.1) and, in vCard 2.1 as
//! Japanese phones write it, quoted-printable values decoded from their own charset. A name that is cut by a fold is
//! a name nobody finds. Deliberately absent: the meaning of properties; they are read as text.

use crate::mail::{charset, header};

/// Whether these are content lines.
pub(crate) fn is_card(start: &str) -> bool {
    let start = start.get(..15).unwrap_or(start).to_ascii_uppercase();
    start.starts_with("BEGIN:VCARD") || start.starts_with("BEGIN:VCALENDAR")
}

/// The lines as text.
pub(crate) fn text(bytes: &[u8], declared: Option<&str>) -> String {
    let mut text = String::with_capacity(bytes.len());
    for line in logical_lines(bytes) {
        let colon = memchr::memchr(b':', &line).unwrap_or(line.len());
        let (head, value) = line.split_at(colon);
        let parameters = String::from_utf8_lossy(head).to_ascii_uppercase();
        if parameters.contains("QUOTED-PRINTABLE") {
            let charset = parameters.split(';').find_map(|parameter| parameter.strip_prefix("CHARSET="));
            text.push_str(&charset::text(head, declared));
            text.push_str(&charset::text(&header::quoted_printable(value, false), charset.or(declared)));
        } else {
            text.push_str(&charset::text(&line, declared));
        }
        text.push('\n');
    }
    text.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";")
}

/// Lines with their continuations: behind a fold, or behind the soft break of a quoted-printable value.
fn logical_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|&c| c == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (lines.last_mut(), line) {
            (Some(last), [b' ' | b'\t', rest @ ..]) => last.extend(rest),
            (Some(last), _) if last.ends_with(b"=") && is_quoted(last) => {
                last.pop();
                last.extend(line);
            }
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

fn is_quoted(line: &[u8]) -> bool {
    let head = line.split(|&c| c == b':').next().unwrap_or_default();
    memchr::memmem::find(&head.to_ascii_uppercase(), b"QUOTED-PRINTABLE").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_quoted_values_are_undone() {
        assert_eq!(text("FN:山田 花\r\n 子\r\nNOTE:a\\, b\\nc".as_bytes(), None), "FN:山田 花子\nNOTE:a, b\nc\n");
        let phone = b"N;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=8E=\r\n=52=93=63;\r\nTEL:1";
        assert!(text(phone, None).ends_with(":山田;\nTEL:1\n"), "{}", text(phone, None));
        assert!(is_card("begin:vcard\n") && is_card("BEGIN:VCALENDAR") && !is_card("BEGIN"));
    }
}
