//! What bytes are in, when nobody says so or says something else.
//!
//! In: bytes. Out: the text in the likeliest charset, and how likely it looks. Deliberately absent: labels (`charset`).

use std::borrow::Cow;

use encoding_rs::UTF_8;

use super::jis::{self, Jis};
use super::{Charset, GUESS_BYTES, wide};

/// No usable label: UTF-16, UTF-8, JIS, and then what chardetng says for a text from Japan.
pub(super) fn guess(bytes: &[u8]) -> (Cow<'_, str>, Charset) {
    if let Some(text) = wide::unmarked(bytes) {
        return text;
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return (Cow::Borrowed(text), Charset::Of(UTF_8));
    }
    if jis::is_escaped(bytes) && bytes.iter().filter(|&&c| c >= 0x80).count() * 10 < bytes.len() {
        return (Cow::Owned(Jis::decode(bytes)), Charset::Jis);
    }
    // Leading ASCII tells the detector nothing.
    let start = bytes.iter().position(|&c| c >= 0x80).unwrap_or_default();
    let sample = bytes.get(start..).unwrap_or_default();
    let sample = sample.get(..GUESS_BYTES).unwrap_or(sample);
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let decoded = |country| {
        let encoding = detector.guess(country, chardetng::Utf8Detection::Allow);
        (encoding.decode_without_bom_handling(bytes).0, Charset::Of(encoding))
    };
    let count = |text: &str| {
        let lost = memchr::memmem::find_iter(text.as_bytes(), "\u{fffd}").count();
        (lost, text.chars().filter(|c| !c.is_ascii()).count())
    };
    let from_japan = decoded(Some(&b"jp"[..]));
    let (lost, foreign) = count(&from_japan.0);
    if lost * 20 <= foreign {
        return from_japan;
    }
    // Damaged UTF-8, or a text from elsewhere, which becomes kanji and gaps.
    let utf_8 = (UTF_8.decode_without_bom_handling(bytes).0, Charset::Of(UTF_8));
    let (lost_utf_8, foreign_utf_8) = count(&utf_8.0);
    if foreign_utf_8 > lost_utf_8 * 4 {
        return utf_8;
    }
    let from_anywhere = decoded(None);
    if count(&from_anywhere.0).0 < lost { from_anywhere } else { from_japan }
}

/// Whether EUC-JP was read as Shift_JIS, perhaps.
pub(super) fn is_mostly_halfwidth(text: &str) -> bool {
    let (mut halfwidth, mut foreign) = (0usize, 0usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        foreign += 1;
        halfwidth += usize::from(('\u{ff61}'..='\u{ff9f}').contains(&c));
    }
    halfwidth * 2 > foreign
}

/// Whether a text that was guessed makes sense: kana that nobody gets by accident, and hardly a gap.
pub(super) fn is_japanese(text: &str) -> bool {
    let (mut kana, mut halfwidth, mut lost, mut foreign) = (0usize, 0usize, 0usize, 0usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        foreign += 1;
        match c {
            '\u{3041}'..='\u{30ff}' => kana += 1,
            '\u{ff66}'..='\u{ff9f}' => halfwidth += 1,
            '\u{fffd}' => lost += 1,
            _ => {}
        }
    }
    lost * 20 <= foreign && (kana * 20 > foreign || halfwidth * 10 > foreign * 9) && foreign > 0
}

/// Whether a text that was guessed has kanji where the bytes beyond ASCII stand in runs; letters with accents stand alone.
pub(super) fn is_in_runs(bytes: &[u8], guessed: &str) -> bool {
    /// Two characters.
    const RUN: usize = 4;
    let is_odd = |c: char| c == '\u{fffd}' || matches!(c, '\u{ff61}'..='\u{ff9f}' | '\u{e000}'..='\u{f8ff}');
    let kanji = guessed.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
    let foreign = guessed.chars().filter(|c| !c.is_ascii()).count();
    let has_run = bytes.split(u8::is_ascii).any(|run| run.len() >= RUN);
    kanji * 2 > foreign && has_run && !guessed.chars().any(is_odd)
}
