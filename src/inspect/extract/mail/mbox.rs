//! Files of several mails (mbox).
//!
//! In: the file's bytes. Out: its mails. A mail starts at a `From ` line with a time of day, behind an empty line and
//! before a header field: a sentence that starts a paragraph with "From " does not cut a mail in two, whether the writer
//! quoted it (`>From `) or counted bytes (`Content-Length`) instead. Structure: the `From ` line's date. Deliberately absent: removing the
//! quotes.

use crate::inspect::Reason;
use crate::inspect::extract::mail::mime::{Fields, Line};
use crate::inspect::extract::reading::{Hint, Part, Reading};

/// Reads each mail.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut starts = vec![0];
    starts.extend(memchr::memmem::find_iter(part.bytes, b"\nFrom ").map(|at| at + 1).filter(|&at| {
        let (before, rest) = part.bytes.split_at(at);
        let is_behind_empty = before.ends_with(b"\n\n") || before.ends_with(b"\r\n\r\n");
        is_behind_empty && is_start(rest)
    }));
    starts.push(part.bytes.len());
    for (number, range) in starts.windows(2).enumerate() {
        let [start, end] = *range else { continue };
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        let place = part.place.inside(&format!("mail {}", number + 1));
        let bytes = part.bytes.get(start..end).unwrap_or_default();
        reading.read_nested_mail(&Part { bytes, place: &place, depth: part.depth + 1, hint: Hint::default() });
    }
}

fn is_start(text: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    let has_time =
        line.windows(5).any(|time| matches!(time, [b'0'..=b'2', b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9']));
    let mut fields = Fields { rest: rest.get(1..).unwrap_or_default() };
    has_time && matches!(fields.next(), Some(Line::Field(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mail_starts_a_mail() {
        assert!(is_start(b"From a@b Sat Nov 21 10:00:00 2026\nSubject: x\n\n"));
        assert!(is_start(b"From - Sat Nov 21 10:00:00 2026\r\nX-Mozilla-Status: 1\r\n"));
        assert!(!is_start(b"From here on we meet at 10:00 every day.\nBring a pen.\n"));
        assert!(!is_start(b"From here on we use these words.\nNote: none\n"));
        assert!(!is_start(b"From a@b Sat Nov 21 10:00:00 2026"));
    }
}
