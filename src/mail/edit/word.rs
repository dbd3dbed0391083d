//! Words for a header: ASCII as it is, anything else as encoded words (RFC 2047), folded.
//!
//! In: a text, and the value that it will stand before. Out: what to write. A subject in ISO-2022-JP gets its tag in
//! ISO-2022-JP, because the mail programs that still write it do not all read two charsets in one field.
//! Deliberately absent: quoted-printable words; Japanese is shorter in base64.

use data_encoding::BASE64;
use encoding_rs::ISO_2022_JP;

/// An encoded word has at most 75 characters (RFC 2047 §2).
const WORD: usize = 75;

/// `text` as it stands in a header, before `value`.
pub(super) fn before(text: &str, value: &[u8]) -> String {
    let plain = |c: char| (' '..='~').contains(&c);
    if text.chars().all(plain) && !text.contains("=?") {
        return text.to_owned();
    }
    // White space between two encoded words is not shown, so the one between them goes into the first.
    let text = if value.starts_with(b"=?") { format!("{text} ") } else { text.to_owned() };
    let start = value.get(..15).unwrap_or(value).to_ascii_lowercase();
    let jis = start.starts_with(b"=?iso-2022-jp?") && !ISO_2022_JP.encode(&text).2;
    let charset = if jis { "ISO-2022-JP" } else { "UTF-8" };
    let words: Vec<String> = pieces(&text, charset)
        .iter()
        .map(|piece| format!("=?{charset}?B?{}?=", BASE64.encode(&encoded(piece, charset))))
        .collect();
    words.join("\r\n ")
}

/// Cut between characters, each piece short enough for a word of its own.
fn pieces<'t>(text: &'t str, charset: &str) -> Vec<&'t str> {
    let room = (WORD - "=?".len() - charset.len() - "?B?".len() - "?=".len()) / 4 * 3;
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            let next = at + c.len_utf8();
            if at > 0 && encoded(rest.get(..next).unwrap_or(rest), charset).len() > room {
                end = at;
                break;
            }
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn encoded(text: &str, charset: &str) -> Vec<u8> {
    if charset == "UTF-8" { text.as_bytes().to_vec() } else { ISO_2022_JP.encode(text).0.into_owned() }
}
