//! Texts whose lines are in several charsets: files joined to one, logs of many programs.
//!
//! In: bytes that are not one charset throughout, and the one most of them are in. Out: the text, each line read in its
//! own. A line of Japanese in UTF-8 is practically never anything else, and an escape sequence of ISO-2022-JP says what it
//! is; both become unusual kanji, and nobody's name, in the charset of their neighbours. Deliberately absent: lines that
//! mix charsets themselves.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8};

use super::Charset;
use super::guess::is_mostly_halfwidth;
use super::jis::{self, Jis};

/// Whether both escape sequences and bytes beyond seven bits stand in a text.
pub(super) fn is_likely(bytes: &[u8]) -> bool {
    jis::is_escaped(bytes) && !bytes.is_ascii()
}

/// A text in which lines of other charsets are read as what they are; nothing, if it has none.
pub(super) fn by_lines(bytes: &[u8], most: Charset) -> Option<Cow<'static, str>> {
    let lines = || bytes.split_inclusive(|&c| c == b'\n');
    if !lines().any(|line| other(line, most).is_some()) {
        return None;
    }
    let texts = lines().map(|line| other(line, most).unwrap_or_else(|| in_charset(line, most)));
    Some(Cow::Owned(texts.collect()))
}

/// A line that is certainly in another charset than most.
fn other(line: &[u8], most: Charset) -> Option<Cow<'_, str>> {
    if most != Charset::Jis && jis::is_escaped(line) {
        return Some(Jis::decode(line)).filter(|text| !text.contains('\u{fffd}')).map(Cow::Owned);
    }
    if line.is_ascii() {
        return None;
    }
    match simdutf8::basic::from_utf8(line) {
        Ok(text) => (most != Charset::Of(UTF_8) && is_written(text)).then_some(Cow::Borrowed(text)),
        Err(_) if most == Charset::Of(UTF_8) => japanese(line).filter(|_| !is_damaged(line)).map(Cow::Owned),
        Err(_) => older(line, most).map(Cow::Owned),
    }
}

/// A line in the other one of the two charsets of eight bits: EUC-JP is nearly always Shift_JIS as well, and then
/// half-width kana without end.
fn older(line: &[u8], most: Charset) -> Option<String> {
    let text = in_charset(line, most);
    if !text.contains('\u{fffd}') && !is_mostly_halfwidth(&text) {
        return None;
    }
    let other = if most == Charset::Of(SHIFT_JIS) { EUC_JP } else { SHIFT_JIS };
    let text = other.decode_without_bom_handling_and_without_replacement(line)?;
    let hiragana = text.chars().filter(|c| matches!(c, '\u{3041}'..='\u{309f}')).count();
    (hiragana * 5 > text.chars().filter(|c| !c.is_ascii()).count()).then(|| text.into_owned())
}

fn in_charset(line: &[u8], charset: Charset) -> Cow<'_, str> {
    match charset {
        Charset::Of(encoding) => encoding.decode_without_bom_handling(line).0,
        Charset::Jis => Cow::Owned(Jis::decode(line)),
        Charset::Utf7 | Charset::Utf32 => String::from_utf8_lossy(line),
    }
}

/// Whether two characters at least are Japanese: of two bytes each, chance makes one.
fn is_written(text: &str) -> bool {
    text.chars()
        .filter(|c| matches!(c, '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'))
        .nth(1)
        .is_some()
}

/// Whether a line is UTF-8 for the most part, so that what has no meaning in it is damage.
fn is_damaged(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let foreign = text.chars().filter(|c| !c.is_ascii());
    let (lost, all) = foreign.fold((0usize, 0usize), |(lost, all), c| (lost + usize::from(c == '\u{fffd}'), all + 1));
    lost * 2 < all
}

/// A few bytes as Shift_JIS or EUC-JP, where every one of them has a meaning and makes no half-width kana; too few for a
/// guess by frequency.
pub(crate) fn japanese(bytes: &[u8]) -> Option<String> {
    let strict = |encoding: &'static Encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        let is_odd = |c: char| c.is_control() && !c.is_whitespace() || matches!(c, '\u{e000}'..='\u{f8ff}');
        (!text.chars().any(is_odd) && !text.is_ascii()).then(|| text.into_owned())
    };
    let shift_jis = strict(SHIFT_JIS);
    match shift_jis {
        Some(text) if !is_mostly_halfwidth(&text) => Some(text),
        _ => strict(EUC_JP).or(shift_jis),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{decode, read};
    use super::*;

    const OF_UTF_8: &str = "氏名：秘密太郎\n";

    fn joined(lines: &[&[u8]]) -> Vec<u8> {
        lines.concat()
    }

    #[test]
    fn lines_of_several_charsets_are_each_read_in_their_own() {
        let prose = "いつもお世話になっております。東邦観光の山田です。\n";
        let (sjis, _, _) = SHIFT_JIS.encode(prose);
        let (euc, _, _) = EUC_JP.encode(prose);
        let jis = b"\x1b$B;3ED\x1b(B\n";
        let many: [(&[u8], &str); 3] = [(&sjis, prose), (&euc, prose), (prose.as_bytes(), prose)];
        for label in [None, Some("utf-8"), Some("shift_jis")] {
            for (most, text) in many {
                let bytes = joined(&[&most.repeat(20), OF_UTF_8.as_bytes(), jis, most]);
                let expected = [text.repeat(20), OF_UTF_8.to_owned(), "山田\n".to_owned(), text.to_owned()].concat();
                assert!(decode(&bytes, label) == expected, "{label:?}: {}", decode(&bytes, label));
            }
            // Few lines of an old charset among many of the new.
            let bytes = joined(&[&prose.repeat(20).into_bytes(), &sjis, &euc]);
            assert!(decode(&bytes, label) == prose.repeat(22), "{label:?}: {}", decode(&bytes, label));
            assert!(!read(&bytes, label).damaged);
        }
        let bytes = joined(&[jis, OF_UTF_8.as_bytes(), jis]);
        assert_eq!(decode(&bytes, Some("iso-2022-jp")), "山田\n氏名：秘密太郎\n山田\n");
    }

    #[test]
    fn a_few_bytes_are_told_by_their_meaning() {
        for text in ["東京", "山田太郎", "ﾔﾏﾀﾞ ﾊﾅｺ"] {
            assert_eq!(japanese(&SHIFT_JIS.encode(text).0).as_deref(), Some(text));
        }
        assert_eq!(japanese(&EUC_JP.encode("東京都").0).as_deref(), Some("東京都"));
        assert_eq!(japanese(b"\xff\xfe\xfd"), None);
        assert_eq!(japanese(b"plain"), None);
    }
}
