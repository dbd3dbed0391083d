//! Bytes that no reader understands → whatever text stands in them.
//!
//! In: a stretch of bytes. Out: its runs of readable characters as UTF-8, UTF-16 in both orders and Shift_JIS, as text, and an entry in
//! the ledger: read, if that is all it can be; `unsupported` too, if so much of it is noise that something packed may be
//! in it. Deliberately absent: any structure.

use std::collections::HashSet;

use encoding_rs::Encoding;

use crate::inspect::Reason;
use crate::inspect::extract::oddity::is_odd;
use crate::inspect::extract::reading::{Part, Reading};
use crate::mail::charset;

/// The shortest run of characters that is text.
const RUN: usize = 4;

/// From this size on noise is suspected of being packed: a kilobyte of it holds a dozen people.
const NOISE: usize = 1 << 10;

/// So many characters that people write are no chance.
const WRITTEN: usize = 8;

/// How much of an unknown file is looked at.
const GLIMPSE: usize = 8 << 20;

/// Reads a stretch of bytes.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    reading.text(part.place, &text(part.bytes));
    if part.bytes.len() >= NOISE && is_noise(part.bytes) {
        reading.unread(part.place, Reason::Unsupported);
    } else {
        reading.done(part.place);
    }
}

/// What can be read of a file that nobody knows: nothing of noise, nothing behind the first megabytes. It is
/// `unsupported` all the same.
pub(crate) fn glimpse(bytes: &[u8]) -> String {
    let bytes = bytes.get(..GLIMPSE).unwrap_or(bytes);
    let first = bytes.first().copied().unwrap_or_default();
    if is_noise(bytes) || bytes.iter().all(|&c| c == first) { String::new() } else { text(bytes) }
}

/// The runs of text in `bytes`, a line each; what was found before is not said again.
pub(crate) fn text(bytes: &[u8]) -> String {
    let lines = all_runs(bytes);
    let mut seen = HashSet::new();
    lines.lines().filter(|line| seen.insert(*line)).fold(String::new(), |text, line| text + line + "\n")
}

fn all_runs(bytes: &[u8]) -> String {
    let mut lines = String::new();
    // As it stands, in whatever 8-bit charset it looks like.
    runs(&charset::text(bytes, None), &mut lines);
    // Between bytes of another kind UTF-8 is certain where a guess over all of them is not.
    for chunk in bytes.utf8_chunks().filter(|chunk| !chunk.valid().is_ascii()) {
        runs(chunk.valid(), &mut lines);
    }
    wide(bytes, &mut lines);
    lines
}

/// The runs of text in `bytes` that are UTF-16 or plain ASCII, for files whose strings are nothing else.
pub(crate) fn wide_text(bytes: &[u8]) -> String {
    let mut lines = String::new();
    for run in bytes.split(|c| !matches!(c, b' '..=b'~')).filter(|run| run.len() >= RUN) {
        lines.push_str(&String::from_utf8_lossy(run));
        lines.push('\n');
    }
    wide(bytes, &mut lines);
    lines
}

/// The runs of text in what should be numbers only: UTF-16, UTF-8 and ASCII that says something and that numbers do not
/// look like by chance.
pub(crate) fn odd_text(bytes: &[u8]) -> String {
    const SHORTEST: usize = 8;
    if bytes.len() < SHORTEST {
        return String::new();
    }
    let mut lines = wide_text(bytes);
    for chunk in bytes.utf8_chunks().filter(|chunk| !chunk.valid().is_ascii()) {
        runs(chunk.valid(), &mut lines);
    }
    lines.lines().filter(|line| is_odd(line) && is_written(line)).fold(String::new(), |text, line| text + line + "\n")
}

/// Whether the letters of a run beyond ASCII are what people write. Two bytes of anything are a letter; one in twenty is
/// a usual one.
fn is_written(run: &str) -> bool {
    const CERTAIN: usize = 8;
    let is_written = |c: &char| match c {
        '\u{3000}'..='\u{30ff}' | '\u{ff01}'..='\u{ff5e}' => true,
        '\u{4e00}'..='\u{9fff}' => {
            let mut letter = [0; 4];
            // Kanji of the first level.
            matches!(encoding_rs::SHIFT_JIS.encode(c.encode_utf8(&mut letter)).0.first(), Some(0x88..=0x98))
        }
        _ => false,
    };
    let letters = || run.chars().filter(|c| !c.is_ascii());
    let (all, written) = (letters().count(), letters().filter(is_written).count());
    match all {
        0 => true,
        1 => false,
        2..CERTAIN => written == all,
        _ => written * 4 >= all * 3,
    }
}

fn wide(bytes: &[u8], lines: &mut String) {
    let mut little = String::new();
    wide_in(encoding_rs::UTF_16LE, bytes, &mut little);
    lines.push_str(&little);
    // From the wrong byte on, the one order reads the ASCII and the kana of the other; its kanji it does not.
    let mut big = String::new();
    wide_in(encoding_rs::UTF_16BE, bytes, &mut big);
    let written = |lines: &str| {
        let japanese = lines.lines().filter(|line| !line.is_ascii() && is_written(line));
        japanese.map(|line| line.chars().count()).sum::<usize>()
    };
    let count = written(&big);
    if count >= WRITTEN && count > written(&little).saturating_mul(2) {
        lines.push_str(&big);
    }
}

fn wide_in(order: &'static Encoding, bytes: &[u8], lines: &mut String) {
    for from in 0..2 {
        let wide = order.decode_without_bom_handling(bytes.get(from..).unwrap_or_default()).0;
        for run in wide.split(|c: char| !is_usual(c)).filter(|run| run.chars().nth(RUN - 1).is_some()) {
            // From the wrong byte on ASCII looks like Chinese.
            if run.chars().filter(|&c| u32::from(c) & 0xff == 0).count() * 2 < run.chars().count() {
                lines.push_str(run);
                lines.push('\n');
            }
        }
    }
}

fn runs(text: &str, lines: &mut String) {
    for run in text.split(|c: char| (c.is_control() && c != '\t') || c == '\u{fffd}') {
        if run.chars().nth(RUN - 1).is_some() {
            lines.push_str(run);
            lines.push('\n');
        }
    }
}

/// Characters that Japanese and European texts are written in; noise read as UTF-16 has all the others as well.
pub(crate) fn is_usual(c: char) -> bool {
    matches!(u32::from(c), 0x20..=0x7e | 0xa0..=0x17f | 0x3000..=0x30ff | 0x4e00..=0x9fff | 0xff00..=0xffef)
}

/// Whether bytes are as even as packed or encrypted ones are.
fn is_noise(bytes: &[u8]) -> bool {
    let mut counts = [0u32; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let all = bytes.len() as f64;
    let entropy: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / all;
            -share * share.log2()
        })
        .sum();
    entropy > 7.2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_whatever_it_is_written_in() {
        let wide: Vec<u8> = "東京都港区".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = [&[1u8, 2, 3][..], &wide, &[0, 0, 1], b"090-1234-5678", &[0, 7]].concat();
        let found = text(&bytes);
        assert!(found.contains("東京都港区") && found.contains("090-1234-5678"), "{found}");
        // Ichitaro keeps its text like that.
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let prose = "お客様の山田花子様、東京都港区、電話090-1234-5678";
        let found = text(&[&b"SsmgV.01\x01"[..], &big(prose), &[0, 0x1f, 0, 1], &big("佐藤一郎様の件です。")].concat());
        assert!(found.contains(prose) && found.contains("佐藤一郎様の件です。"), "{found}");
        assert!(text("氏名：山田花子".as_bytes()).contains("山田花子"));
    }

    #[test]
    fn numbers_are_no_text_and_text_among_them_is() {
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(4096)
        .collect();
        let numbers: Vec<u8> = (0..500u32).flat_map(|n| f64::from(n * n).to_le_bytes()).collect();
        assert_eq!((odd_text(&noise), odd_text(&numbers)), (String::new(), String::new()));
        let wide: Vec<u8> = "佐藤健一".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(odd_text(&[&[1, 2, 3][..], &wide, &[0, 0]].concat()), "佐藤健一\n");
        assert_eq!(odd_text(b"\x01\x02 090-1234-5678 \x00\x00"), " 090-1234-5678 \n");
        assert_eq!(odd_text(&[&[0xff, 1][..], "山田花子".as_bytes(), &[0]].concat()), "山田花子\n");
    }

    #[test]
    fn only_what_may_be_packed_is_noise() {
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(4096)
        .collect();
        assert!(is_noise(&noise));
        assert!(!is_noise(&"氏名：山田花子 090-1234-5678\n".repeat(100).into_bytes()));
    }
}
