//! What the bytes behind letters are: a file, a text, or noise.
//!
//! In: letters, or the bytes that were made of them. Out: whether they open as something. Hashes and keys are made of the
//! same letters and decode to noise. Deliberately absent: where the letters stand (`runs`).

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use encoding_rs::{EUC_JP, SHIFT_JIS, UTF_8};

use crate::inspect::extract::archive::Archive;
use crate::inspect::extract::carve;
use crate::inspect::extract::reading::Hint;
use crate::inspect::extract::sniff::{self, Format};
use crate::mail::{charset, header};

type Decode = fn(&[u8]) -> Vec<u8>;

/// What letters may be. Of an alphabet that is part of another the smaller comes first.
pub(super) const DECODERS: [Decode; 3] = [hexadecimal, base32, header::base64];

/// `504B0304…`, also behind `0x` or `\x`; nothing where other letters stand among the digits.
fn hexadecimal(letters: &[u8]) -> Vec<u8> {
    let digits = letters.strip_prefix(b"0x").or_else(|| letters.strip_prefix(b"x")).unwrap_or(letters);
    let whole = digits.get(..digits.len() & !1).unwrap_or_default();
    HEXLOWER_PERMISSIVE.decode(whole).unwrap_or_default()
}

/// RFC 4648 §6, in capitals; the last group may be cut.
fn base32(letters: &[u8]) -> Vec<u8> {
    let whole = letters.get(..letters.len() & !7).unwrap_or_default();
    BASE32_NOPAD.decode(letters).or_else(|_| BASE32_NOPAD.decode(whole)).unwrap_or_default()
}

/// So many bytes may stand before an archive: a length, a version (Power Query).
const FRONT: usize = 16;

/// Letters of fewer than 18 bytes have to be a text in UTF-8.
const FEW: usize = 24;

/// Whether the first letters of a word are worth while to look further: a cheap test that most noise does not pass.
pub(super) fn promises(letters: &[u8]) -> bool {
    if letters.len() < FEW {
        return is_short_text(letters);
    }
    DECODERS.into_iter().any(|decode| {
        let bytes = decode(letters);
        !bytes.is_empty() && (!bytes.iter().any(is_control) || is_wide(&bytes) || sniff::by_magic(&bytes).is_some())
    })
}

/// A group of four letters is a character of Japanese or begins with ASCII: both show by its first letter.
fn is_short_text(letters: &[u8]) -> bool {
    let is_first = |c: &u8| matches!(c, b'I'..=b'Z' | b'a'..=b'f' | b'4'..=b'6');
    if !letters.iter().step_by(4).take(2).all(is_first) {
        return false;
    }
    let bytes = header::base64(letters);
    // A character may be cut by the end of a line.
    let is_utf_8 = std::str::from_utf8(&bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_utf_8 && !bytes.iter().any(is_control)
}

/// Whether one half of each pair is what the high bytes of Japanese and ASCII in UTF-16 are.
fn is_wide(bytes: &[u8]) -> bool {
    let is_high = |c: &u8| matches!(c, 0 | 0x30 | 0x4e..=0x9f | 0xff);
    [0, 1].into_iter().any(|half| bytes.iter().skip(half).step_by(2).all(is_high))
}

fn is_control(c: &u8) -> bool {
    c.is_ascii_control() && !b"\t\r\n\x0c\x1b".contains(c)
}

/// Whether bytes open as a file does or are a text. Noise is all that hashes and keys are, and there are many: of few bytes
/// it takes more than two letters to be a format.
pub(super) fn opens(bytes: &[u8], is_short: bool) -> bool {
    match sniff::by_magic(bytes) {
        _ if bytes.is_empty() => false,
        Some(Format::Archive(Archive::Program)) => !is_short,
        Some(_) => true,
        None => {
            is_prose(bytes)
                || carve::inside(bytes, 1).iter().any(|inside| inside.start <= FRONT)
                || (!is_short && !is_unknown(sniff::format(bytes, Hint::default())))
        }
    }
}

pub(super) fn is_unknown(format: Format) -> bool {
    matches!(format, Format::Other("unknown", _) | Format::Wrapped(_))
}

/// Whether it is a text without doubt, in a charset of which noise is none.
fn is_prose(bytes: &[u8]) -> bool {
    // Where it was cut, a character may be.
    let cut = (0..4).filter_map(|less| bytes.get(..bytes.len().checked_sub(less)?));
    let is_narrow =
        cut.flat_map(|bytes| [UTF_8, SHIFT_JIS, EUC_JP].map(|charset| (charset, bytes))).any(|(charset, bytes)| {
            let text = charset.decode_without_bom_handling_and_without_replacement(bytes);
            text.is_some_and(|text| !text.chars().any(|c| is_odd(c, charset == UTF_8)))
        });
    is_narrow || charset::wide(bytes).is_some_and(|text| !text.chars().any(|c| is_odd(c, true)))
}

/// Noise is soon half-width katakana, one of its bytes each.
fn is_odd(c: char, is_utf8: bool) -> bool {
    (c.is_control() && !"\t\r\n\u{c}\u{1b}".contains(c)) || (!is_utf8 && matches!(c, '\u{ff61}'..='\u{ff9f}'))
}
