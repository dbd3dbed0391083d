//! EBCDIC: text of IBM's large machines (CP930, CP939, CP290, CP1047, …), which no mail program shows.
//!
//! In: bytes that no other charset explains. Out: whether they are such a text, so that it is told as not read.
//! Deliberately absent: reading it. Which of many code pages it is does not show, and their kanji are in no library.

use encoding_rs::SHIFT_JIS;

use crate::inspect::extract::sniff::count;

/// Fewer bytes tell nothing.
const SHORTEST: usize = 24;

/// Whether bytes are text in EBCDIC: spaces and digits where it has them, and none of the bytes from 0x20 to 0x3F, where all
/// other charsets have theirs. What is Shift_JIS without doubt is not.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let mut others = bytes.iter().filter(|c| (0x20..=0x3f).contains(*c));
    // Nearly every text has a space or a digit soon, so that it is not looked at any further.
    if bytes.len() < SHORTEST || others.nth(bytes.len() / 200).is_some() {
        return false;
    }
    // Line ends, shifts to kanji and back, and fillers are the controls that it has.
    let controls = count(bytes, |c| matches!(c, 1..=4 | 6..=0xb | 0x10..=0x14 | 0x16..=0x1f));
    let telling = count(bytes, |c| matches!(c, 0x40 | 0xf0..=0xf9));
    if controls * 50 > bytes.len() || telling * 8 < bytes.len() {
        return false;
    }
    let text = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes);
    // Its digits are characters of nobody's there.
    text.is_none_or(|text| text.chars().any(|c| matches!(c, '\u{e000}'..='\u{f8ff}')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capitals, digits and spaces, in any of the code pages.
    fn encoded(text: &str) -> Vec<u8> {
        let byte = |c: u8| match c {
            b'0'..=b'9' => c - b'0' + 0xf0,
            b'A'..=b'I' => c - b'A' + 0xc1,
            b'J'..=b'R' => c - b'J' + 0xd1,
            b'S'..=b'Z' => c - b'S' + 0xe2,
            b'-' => 0x60,
            _ => 0x40,
        };
        text.bytes().map(byte).collect()
    }

    #[test]
    fn records_of_a_large_machine_are_told_from_other_texts() {
        let record = encoded("00012345 YAMADA TARO 090-1234-5678      ");
        let kanji = b"\x0e\x45\x91\x46\xa2\x48\x83\x49\xd2\x0f";
        let lines = [record.clone(), vec![0x15], record.clone()].concat();
        for bytes in [record.clone(), [&record[..], kanji].concat().repeat(9), lines] {
            assert!(is_text(&bytes), "{bytes:02x?}");
        }
        let (sjis, _, _) = SHIFT_JIS.encode("いつもお世話になっております。　山田　花子　様　　　　");
        let (euc, _, _) = encoding_rs::EUC_JP.encode("いつもお世話になっております。　山田　花子　様");
        let (kana, _, _) = SHIFT_JIS.encode("ﾔﾏﾀﾞﾊﾅｺﾔﾏﾀﾞﾊﾅｺﾔﾏﾀﾞﾊﾅｺﾔﾏﾀﾞﾊﾅｺ");
        let prose = "いつもお世話になっております。山田花子".as_bytes();
        for bytes in
            [&sjis[..], &euc, &kana, prose, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ@@@@@@", b"a line of text\nand another"]
        {
            assert!(!is_text(bytes), "{bytes:02x?}");
        }
    }
}
