//! Text strings, as PDF writes them and as programs really write them → text.
//!
//! In: a string's bytes. Out: its text, or nothing if it is none (a key, a table of colours). Deliberately absent:
//! strings that pages show; what those mean is their font's matter.

use crate::mail::charset;

/// The text of a string outside of pages.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0,
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        // PDFDocEncoding by the book, but Japanese programs write Shift_JIS.
        _ => charset::text(bytes, None),
    };
    let odd =
        text.chars().filter(|&c| c == '\u{fffd}' || (c.is_control() && !c.is_whitespace() && c != '\u{1b}')).count();
    let text = without_language(&text);
    let readable = text.chars().any(|c| !c.is_whitespace() && !c.is_control());
    (readable && odd * 8 <= text.chars().count()).then_some(text)
}

/// How long the string is that stands at the front, with its signs.
pub(super) fn length(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"<") {
        return memchr::memchr(b'>', bytes).map_or(bytes.len(), |end| end + 1);
    }
    let (mut open, mut is_escaped) = (0u32, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => open = open.saturating_add(1),
            b')' if open <= 1 => return at + 1,
            b')' => open -= 1,
            _ => {}
        }
    }
    bytes.len()
}

/// UTF-16 text may name its language between two escapes.
fn without_language(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.enumerate().filter(|(index, _)| index % 2 == 1).fold(first, |text, (_, piece)| text + piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_in_every_encoding() {
        assert_eq!(text(b"\xfe\xff\x5c\x71\x75\x30").unwrap(), "山田");
        assert_eq!(text(b"\xff\xfe\x71\x5c\x30\x75").unwrap(), "山田");
        assert_eq!(text("\u{feff}山田".as_bytes()).unwrap(), "山田");
        assert_eq!(text("山田花子の契約書".as_bytes()).unwrap(), "山田花子の契約書");
        assert_eq!(text(&encoding_rs::SHIFT_JIS.encode("顧客名簿の一覧").0).unwrap(), "顧客名簿の一覧");
        assert_eq!(text(b"\xfe\xff\x00\x1bja\x00\x1b\x5c\x71\x75\x30").unwrap(), "山田");
        assert_eq!(text(b"\x00\x01\x02\x03\xff\x80\x07\x11"), None);
        assert_eq!(text(b" "), None);
    }
}
