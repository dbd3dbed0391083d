//! Text of every kind: plain, CSV, HTML, XML, JSON, mailboxes of several mails.
//!
//! In: bytes that are text in some charset. Out: running text, tables, and the files that old mailers write into the
//! text itself (uuencode). Deliberately absent: any grammar of JSON, vCard or iCalendar; they are read as they stand.

pub(crate) mod csv;
pub(crate) mod grid;
pub(crate) mod html;

use memchr::memmem;

use crate::inspect::extract::document;
use crate::inspect::extract::mail;
use crate::inspect::extract::mail::card;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::xml;
use crate::inspect::{Place, Reason};
use crate::mail::{charset, header};

/// Reads a part that `sniff` took for text.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, format: Format) {
    match format {
        Format::Mbox => return mail::read_mailbox(reading, part),
        Format::Html => {
            let declared = part.hint.charset.map(str::to_owned).or_else(|| html::declared_charset(part.bytes));
            let text = charset::text(part.bytes, declared.as_deref());
            html::read(reading, part, &text);
        }
        Format::Xml => {
            return document::read_xml(reading, part, &xml::decode(part.bytes));
        }
        Format::Json => {
            let text = charset::text(part.bytes, part.hint.charset);
            reading.text(part.place, &json_unescaped(&text));
        }
        Format::Csv => {
            let text = charset::text(part.bytes, part.hint.charset);
            csv::read(reading, part.place, &text, part.hint.media);
        }
        _ => {
            let text = charset::text(part.bytes, part.hint.charset);
            if card::is_card(text.trim_start()) {
                reading.text(part.place, &card::text(part.bytes, part.hint.charset));
            } else {
                plain(reading, part, &text);
            }
        }
    }
    reading.done(part.place);
}

fn plain(reading: &mut Reading<'_>, part: &Part<'_>, text: &str) {
    if memmem::find(text.as_bytes(), b"-----BEGIN PGP MESSAGE-----").is_some() {
        reading.unread(part.place, Reason::Encrypted);
    }
    let mut rest = text;
    while let Some(file) = uuencoded(rest) {
        reading.text(part.place, file.before);
        let place = part.place.inside(&file.name);
        if !reading.take_entry() {
            return reading.unread(&place, Reason::Limit);
        }
        reading.text(&place, &file.name);
        reading.read(&Part { bytes: &file.bytes, place: &place, depth: part.depth + 1, hint: Hint::default() });
        rest = file.after;
    }
    reading.text(part.place, rest);
    if let Some(bytes) = hidden_base64(text) {
        // Written as text, but nothing else than an encoded file: the transfer encoding was lost on the way.
        let place: Place = part.place.inside("base64");
        reading.read(&Part { bytes: &bytes, place: &place, depth: part.depth + 1, hint: Hint::default() });
    }
}

/// `\u5c71` as the character it stands for: some programs write nothing but ASCII.
fn json_unescaped(text: &str) -> String {
    let mut pieces = text.split("\\u");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    let mut units: Vec<u16> = Vec::new();
    for piece in pieces {
        let unit = piece.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let rest = if unit.is_some() { piece.get(4..).unwrap_or_default() } else { piece };
        units.extend(unit);
        // Two escapes in a row may be one character beyond the first 65,536.
        if !rest.is_empty() || unit.is_none() {
            plain.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
            plain.push_str(rest);
        }
    }
    plain.push_str(&String::from_utf16_lossy(&units));
    plain
}

/// A file in the text: `begin 644 name`, lines of their own length, `end`.
struct Uuencoded<'a> {
    before: &'a str,
    name: String,
    bytes: Vec<u8>,
    after: &'a str,
}

fn uuencoded(text: &str) -> Option<Uuencoded<'_>> {
    let mut from = 0;
    loop {
        let at = from + memmem::find(text.get(from..)?.as_bytes(), b"begin ")?;
        from = at + 6;
        let line_start = at == 0 || text.get(..at)?.ends_with('\n');
        let (line, body) = text.get(from..)?.split_once('\n').unwrap_or_default();
        let Some((mode, name)) = line.trim_end().split_once(' ') else { continue };
        if !line_start || !(3..=4).contains(&mode.len()) || !mode.bytes().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let (bytes, after) = uudecode(body);
        if bytes.is_empty() {
            continue;
        }
        return Some(Uuencoded { before: text.get(..at)?, name: name.trim().to_owned(), bytes, after });
    }
}

/// Decodes up to `end` or the first line that is none of it.
fn uudecode(body: &str) -> (Vec<u8>, &str) {
    let mut bytes = Vec::new();
    let mut rest = body;
    while let Some((line, after)) = rest.split_once('\n').or_else(|| (!rest.is_empty()).then_some((rest, ""))) {
        let line = line.trim_end_matches('\r').as_bytes();
        let Some((&first, groups)) = line.split_first() else {
            rest = after;
            break;
        };
        if line == b"end" {
            return (bytes, after);
        }
        let length = usize::from(first.wrapping_sub(32) & 63);
        // A full line is 45 bytes in 60 characters; anything far from its own length is prose.
        if !(32..=96).contains(&first)
            || groups.len() + 4 < length.div_ceil(3) * 4
            || groups.len() > length.div_ceil(3) * 4 + 2
        {
            break;
        }
        let start = bytes.len();
        for group in groups.chunks(4) {
            let bits =
                (0..4).fold(0u32, |bits, i| bits << 6 | u32::from(group.get(i).map_or(0, |c| c.wrapping_sub(32) & 63)));
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
        }
        bytes.truncate(start + length);
        rest = after;
    }
    (bytes, rest)
}

/// The bytes of a text that consists of base64 lines only.
fn hidden_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let first = text.lines().next()?;
    let in_alphabet = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
    if first.len() < 24 || first.contains(' ') || !text.bytes().all(in_alphabet) {
        return None;
    }
    let characters = text.bytes().filter(|c| !c.is_ascii_whitespace()).count();
    if characters % 4 != 0 {
        return None;
    }
    let bytes = header::base64(text.as_bytes());
    // A key or a hash is made of these letters as well; it decodes to noise.
    let is_file = !matches!(sniff::format(&bytes, Hint::default()), Format::Other("unknown", _));
    is_file.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuencoded_file_is_found_between_prose() {
        let text = "see below\nbegin 644 a b.txt\n#0V%T\n`\nend\nafter begin 1 x\n";
        let file = uuencoded(text).unwrap();
        assert_eq!((file.before, file.name.as_str(), file.bytes.as_slice()), ("see below\n", "a b.txt", &b"Cat"[..]));
        assert_eq!(file.after, "after begin 1 x\n");
        assert!(uuencoded("begin 644 x\nthis is prose, not a file\n").is_none());
        assert!(uuencoded("begin 644 x").is_none());
    }

    #[test]
    fn json_escapes_become_characters() {
        assert_eq!(json_unescaped(r#"{"\u6c0f\u540d": "\u5c71\ud842\udfb7x\uzz"}"#), r#"{"氏名": "山𠮷xzz"}"#);
    }

    #[test]
    fn only_pure_base64_is_taken_for_base64() {
        assert_eq!(hidden_base64("6aGn5a6i44Gu5bGx55Sw6Iqx5a2Q5qeY").unwrap(), "顧客の山田花子様".as_bytes());
        assert_eq!(hidden_base64("This is a sentence of some length"), None);
        assert_eq!(hidden_base64("short"), None);
        assert_eq!(hidden_base64("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"), None);
    }
}
