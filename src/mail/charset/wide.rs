//! Text of 16 and of 32 bits a character, with a mark and without.
//!
//! In: bytes. Out: the text, if the bytes are one; what they look like as characters is the only evidence where there is
//! no mark. Deliberately absent: what label they came with.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::{Charset, GUESS_BYTES};

type Read<'a> = (Cow<'a, str>, Charset);

/// UTF-32 behind its mark. What begins like this in UTF-16 has a NUL as its first character.
pub(super) fn marked(bytes: &[u8]) -> Option<Read<'_>> {
    let order: fn([u8; 4]) -> u32 = match bytes {
        [0xff, 0xfe, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xfe, 0xff, ..] => u32::from_be_bytes,
        _ => return None,
    };
    utf32(bytes.get(4..)?, order)
}

/// Text of more than eight bits without a mark.
pub(super) fn unmarked(bytes: &[u8]) -> Option<Read<'_>> {
    let sample = bytes.get(..bytes.len().min(GUESS_BYTES))?;
    let has_nul = memchr::memchr(0, sample).is_some();
    if has_nul {
        let wide = utf32(bytes, u32::from_le_bytes).or_else(|| utf32(bytes, u32::from_be_bytes));
        if let Some(wide) = wide.or_else(|| utf16_by_nuls(bytes, sample)) {
            return Some(wide);
        }
    }
    utf16_by_kana(bytes, sample)
}

/// Every ASCII character of UTF-16 leaves a NUL in the same half of its pair. So does a kanji in the other half (`一`), but
/// hardly ever.
fn utf16_by_nuls<'a>(bytes: &'a [u8], sample: &[u8]) -> Option<Read<'a>> {
    let sample = sample.get(..sample.len() & !1).filter(|sample| sample.len() >= 4)?;
    let zeros = |half: usize| sample.iter().skip(half).step_by(2).filter(|&&c| c == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let pairs = sample.len() / 2;
    // Japanese text has few ASCII characters, so an eighth must do; the other half must then be almost free of NULs.
    let encoding = match () {
        () if first * 8 > pairs && (second * 50 < pairs || is_usual_text(sample, u16::from_be_bytes)) => UTF_16BE,
        () if second * 8 > pairs && (first * 50 < pairs || is_usual_text(sample, u16::from_le_bytes)) => UTF_16LE,
        () => return None,
    };
    utf16(bytes, encoding)
}

/// Whether nothing but a twentieth of it is unusual.
fn is_usual_text(sample: &[u8], order: fn([u8; 2]) -> u16) -> bool {
    let pairs = sample.as_chunks::<2>().0;
    pairs.iter().filter(|&&pair| !is_usual(u32::from(order(pair)))).count() * 20 <= pairs.len()
}

/// What is declared as UTF-16, if it is: with the byte order that makes characters of it.
pub(super) fn declared(bytes: &[u8]) -> Option<Read<'_>> {
    let sample = bytes.get(..bytes.len().min(GUESS_BYTES) & !1)?;
    unmarked(bytes).or_else(|| match () {
        () if is_usual_text(sample, u16::from_be_bytes) => utf16(bytes, UTF_16BE),
        () if is_usual_text(sample, u16::from_le_bytes) => utf16(bytes, UTF_16LE),
        () => None,
    })
}

/// Prose in Japanese has hardly any ASCII; but an eighth of it is kana, and nothing in it is unusual. Of hiragana one byte
/// is a `0` and the other may be a letter, so what is UTF-8 without control characters is nothing else.
fn utf16_by_kana<'a>(bytes: &'a [u8], sample: &[u8]) -> Option<Read<'a>> {
    let sample = sample.get(..sample.len() & !1).filter(|sample| sample.len() >= 8)?;
    let is_control = |c: &u8| c.is_ascii_control() && !matches!(c, b'\t' | b'\r' | b'\n' | 0x1b);
    if simdutf8::basic::from_utf8(sample).is_ok() && !sample.iter().any(is_control) {
        return None;
    }
    let is_japanese = |order: fn([u8; 2]) -> u16| {
        let pairs = sample.as_chunks::<2>().0;
        let kana = pairs.iter().filter(|&&pair| matches!(order(pair), 0x3041..=0x3096 | 0x30a1..=0x30fc)).count();
        kana * 8 > pairs.len() && is_usual_text(sample, order)
    };
    match () {
        () if is_japanese(u16::from_le_bytes) => utf16(bytes, UTF_16LE),
        () if is_japanese(u16::from_be_bytes) => utf16(bytes, UTF_16BE),
        () => None,
    }
}

fn utf16<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Option<Read<'a>> {
    let (text, wrong) = encoding.decode_without_bom_handling(bytes);
    (!wrong || bytes.len() % 2 == 1).then_some((text, Charset::Of(encoding)))
}

/// All of it in characters that people write: numbers of 32 bits are none. A cut at the end does not count.
fn utf32(bytes: &[u8], order: fn([u8; 4]) -> u32) -> Option<Read<'_>> {
    let quads = bytes.as_chunks::<4>().0;
    let odd = |quads: &[[u8; 4]]| quads.iter().filter(|&&quad| !is_usual(order(quad))).count();
    let sample = quads.get(..quads.len().min(GUESS_BYTES / 4))?;
    if sample.len() < 2 || odd(sample) * 20 > sample.len() {
        return None;
    }
    let characters = quads.iter().map(|&quad| char::from_u32(order(quad)).unwrap_or('\u{fffd}'));
    Some((Cow::Owned(characters.collect()), Charset::Utf32))
}

/// Characters of texts from Japan, Europe and America.
fn is_usual(c: u32) -> bool {
    matches!(
        c,
        9 | 10 | 13 | 0x20..=0x7e | 0xa0..=0x17f | 0x370..=0x45f | 0x2010..=0x206f | 0x20a0..=0x27bf
            | 0x3000..=0x30ff | 0x3200..=0x33ff | 0x4e00..=0x9fff | 0xff00..=0xffef | 0xfeff | 0x1f000..=0x2ffff
    )
}

#[cfg(test)]
mod tests {
    use super::super::{decode, read, wide};

    const PROSE: &str = "いつもお世話になっております。山田花子様の件でご連絡いたします";

    fn bytes_of(text: &str, bits: u32, is_little: bool) -> Vec<u8> {
        let units: Vec<u32> = if bits == 16 {
            text.encode_utf16().map(u32::from).collect()
        } else {
            text.chars().map(u32::from).collect()
        };
        let size = (bits / 8) as usize;
        let bytes = units.into_iter().flat_map(|unit| {
            if is_little { unit.to_le_bytes()[..size].to_vec() } else { unit.to_be_bytes()[4 - size..].to_vec() }
        });
        bytes.collect()
    }

    #[test]
    fn prose_in_sixteen_bits_is_read_without_its_mark_and_under_any_label() {
        for is_little in [true, false] {
            let prose = bytes_of(PROSE, 16, is_little);
            assert_eq!(decode(&prose, None), PROSE, "little {is_little}");
            for label in [None, Some("utf-8"), Some("us-ascii"), Some("iso-2022-jp"), Some("shift_jis"), Some("x-odd")]
            {
                let list = "name,tel\r\nYamada,090-1234-5678\r\n";
                assert_eq!(decode(&bytes_of(list, 16, is_little), label), list, "{label:?}, little {is_little}");
            }
            // A kanji has a NUL where ASCII has none.
            let names = "佐藤一郎,1\r\n鈴木一,2\r\n";
            assert_eq!(decode(&bytes_of(names, 16, is_little), None), names, "little {is_little}");
            // Without anything else than its label to tell it by.
            assert_eq!(decode(&bytes_of("秘密太郎", 16, is_little), Some("utf-16")), "秘密太郎", "little {is_little}");
        }
        let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode("秘密太郎 090-1234-5678");
        for label in ["utf-16", "utf-16le", "utf-16be"] {
            assert_eq!(decode(&sjis, Some(label)), "秘密太郎 090-1234-5678", "{label}");
        }
    }

    #[test]
    fn text_in_thirty_two_bits_is_read_with_and_without_its_mark() {
        let list = "氏名,電話\r\n山田花子𠮷,090-1234-5678\r\n";
        for is_little in [true, false] {
            let marked = bytes_of(&format!("\u{feff}{list}"), 32, is_little);
            let plain = bytes_of(list, 32, is_little);
            for label in [None, Some("utf-8"), Some("utf-32"), Some("utf-16")] {
                assert_eq!(decode(&marked, label), list, "{label:?}, little {is_little}");
                assert_eq!(decode(&plain, label), list, "{label:?}, little {is_little}");
            }
            assert_eq!(read(&plain, Some("utf-32")).charset, "utf-32");
            assert!(!read(&plain, Some("utf-32le")).mislabelled);
        }
    }

    #[test]
    fn what_has_eight_bits_has_no_more() {
        let (sjis, _, _) = encoding_rs::SHIFT_JIS.encode(PROSE);
        let (euc, _, _) = encoding_rs::EUC_JP.encode(PROSE);
        let numbers: Vec<u8> = (0..400u32).flat_map(|n| (n * 70_000).to_le_bytes()).collect();
        let hex = "0a0b0c0d0e0f0A0B0C0D".repeat(20);
        for bytes in [PROSE.as_bytes(), &sjis, &euc, &numbers, hex.as_bytes(), b"a\0b", b"\0\0\0\0\0\0\0\0"] {
            assert_eq!(wide(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
