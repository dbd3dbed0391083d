//! What Japanese names are written with.
//!
//! In: a character, or the bytes of a text. Out: whether it is kanji or kana, and how far such characters reach or are
//! away ([`run`], [`pause`]), by a table and not character by character: it is asked of every text. Deliberately absent:
//! which words are names ([`super`]).

/// Katakana, and the mark that lengthens it.
pub(crate) fn is_katakana(c: char) -> bool {
    matches!(c, 'ァ'..='ヺ' | 'ー')
}

/// Characters that Japanese names are written with.
pub(crate) fn is_name_character(c: char) -> bool {
    is_kanji(c) || matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー')
}

/// As [`char::is_alphanumeric`], which takes long to tell what is Japanese.
pub(crate) fn is_alphanumeric(c: char) -> bool {
    matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '\u{4E00}'..='\u{9FFF}') || c.is_alphanumeric()
}

/// How many bytes of UTF-8 text from `at` on are characters that names are written with, by its bytes: it is asked of
/// every text.
pub(crate) fn run(text: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        let (characters, _) = text.get(end..).unwrap_or_default().as_chunks::<3>();
        end += 3 * characters.iter().position(|&three| !is_name_three(three)).unwrap_or(characters.len());
        if !is_name_four(text, end) {
            return end - at;
        }
        end += 4;
    }
}

/// How many bytes of UTF-8 text from `at` on stand before the next such character.
pub(crate) fn pause(text: &[u8], at: usize) -> usize {
    const STRIDE: usize = 16;
    let mut end = at;
    while let Some(&byte) = text.get(end) {
        let rest = text.get(end..).unwrap_or_default();
        end += match byte {
            0x00..=0x7F => match rest.first_chunk::<STRIDE>() {
                Some(stride) if stride.is_ascii() => STRIDE,
                _ => 1,
            },
            0xE0..=0xEF if rest.first_chunk::<3>().is_some_and(|&three| is_name_three(three)) => break,
            0xE0..=0xEF => 3,
            0xF0.. if is_name_four(text, end) => break,
            0xF0.. => 4,
            _ => 2,
        };
    }
    end.min(text.len()) - at
}

/// Whether three bytes are a character for which [`is_name_character`] holds.
#[inline]
fn is_name_three([a, b, c]: [u8; 3]) -> bool {
    let place = usize::from(a & 0x0F) << 6 | usize::from(b & 0x3F);
    a >> 4 == 0xE && WRITTEN.get(place).is_some_and(|marks| marks >> (c & 0x3F) & 1 == 1)
}

/// Whether a kanji of four bytes stands at `at`.
#[inline]
fn is_name_four(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..), Some([0xF0, 0xA0..=0xAF, ..]))
}

/// A mark for each character of three bytes that names are written with, by the bits of its code.
static WRITTEN: [u64; 1_024] = {
    let mut marks = [0; 1_024];
    let mut code: usize = 0x3000;
    while code < 0x3100 {
        let kana = (code >= 0x3041 && code <= 0x3096) || (code >= 0x30A1 && code <= 0x30FC && code != 0x30FB);
        if kana || code == 0x3005 || code == 0x3006 {
            marks[code >> 6] |= 1 << (code & 63);
        }
        code += 1;
    }
    let mut place = 0x3400 >> 6;
    while place < 0xFB00 >> 6 {
        if place < 0xA000 >> 6 || place >= 0xF900 >> 6 {
            marks[place] = u64::MAX;
        }
        place += 1;
    }
    marks
};

/// Kanji, and the marks that stand for one.
pub(crate) fn is_kanji(c: char) -> bool {
    matches!(c, '々' | '〆' | 'ヶ' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_names_are_told_by_their_bytes() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let text = c.to_string();
            let expected = if is_name_character(c) { c.len_utf8() } else { 0 };
            assert_eq!(run(text.as_bytes(), 0), expected, "{c:?}");
            assert_eq!(is_alphanumeric(c), c.is_alphanumeric(), "{c:?}");
            if expected == 0 {
                assert_eq!(pause(format!("{c}山").as_bytes(), 0), c.len_utf8(), "{c:?}");
            }
        }
    }
}
