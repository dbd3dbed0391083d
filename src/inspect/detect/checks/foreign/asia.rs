//! Numbers of China, India, Korea, Singapore and Taiwan.
//!
//! In: a candidate with or without separators. Out: whether it can have been issued.

use super::{characters, digits, is_one_digit, number, weighted};
use crate::inspect::detect::checks::dates::is_day;

/// Aadhaar: twelve digits, the first 2 to 9, the last Verhoeff's check digit, no palindrome (UIDAI, A UID Numbering Scheme,
/// 2010).
pub(super) fn is_aadhaar(value: &str) -> bool {
    let Some(all) = digits::<12>(value) else { return false };
    let palindrome = all.iter().eq(all.iter().rev());
    matches!(all, [2..=9, ..]) && !palindrome && verhoeff(&all)
}

/// Verhoeff's check over the dihedral group of ten elements: 0 to 4 turn, 5 to 9 turn and flip.
fn verhoeff(digits: &[u32]) -> bool {
    const TURNS: [[u32; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    const PRODUCTS: [[u32; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    let product = |a: u32, b: u32| PRODUCTS.get(a as usize)?.get(b as usize).copied();
    let mut turned = digits.iter().rev().zip(TURNS.iter().cycle());
    turned.try_fold(0, |sum, (digit, turn)| product(sum, *turn.get(*digit as usize)?)) == Some(0)
}

/// PAN: five letters, four digits, a letter; the fourth tells what the holder is (Income Tax Department, structure of PAN:
/// A B C F G H J L P T, and K for a krish trust).
pub(super) fn is_pan(value: &str) -> bool {
    let Some([a, b, c, holder, name, d, e, f, g, check]) = characters::<10>(value) else { return false };
    [a, b, c, name, check].iter().all(u8::is_ascii_uppercase)
        && b"ABCFGHJKLPT".contains(&holder)
        && [d, e, f, g].iter().all(u8::is_ascii_digit)
        && [d, e, f, g] != *b"0000"
}

/// 주민등록번호 and 외국인등록번호: birth date, century and sex, place, and until October 2020 a check digit (Enforcement
/// Rule of the Resident Registration Act, Article 2, and its amendment No. 203; Immigration Act, Article 31). `true` when
/// the check digit is right. Those born in the 1800s had theirs before 2020, and none born before 1880 is alive.
pub(super) fn registration(value: &str) -> Option<bool> {
    let all = digits::<13>(value)?;
    let [body @ .., check] = all;
    let [a, b, c, d, e, f, kind, place @ ..] = body;
    let place = place.first().zip(place.get(1)).map_or(0, |(a, b)| a * 10 + b);
    let century = match kind {
        1 | 2 | 5 | 6 => 1900,
        3 | 4 | 7 | 8 => 2000,
        _ => 1800,
    };
    let rest = weighted(&[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], &body) % 11;
    // Foreigners' check digits are two more.
    let expected = if (5..=8).contains(&kind) { [(11 - rest) % 10, (13 - rest) % 10] } else { [(11 - rest) % 10; 2] };
    let checked = expected.contains(&check);
    let year = century + a * 10 + b;
    let born = year >= 1880 && is_day(year, c * 10 + d, e * 10 + f);
    (born && place <= 96 && (checked || century > 1800)).then_some(checked)
}

/// 公民身份号码: region, birth date, sequence, and ISO/IEC 7064 MOD 11-2 (GB 11643-1999; regions of GB/T 2260, and 81–83, 91
/// of residence permits).
pub(super) fn is_resident_id(value: &str) -> bool {
    let Some(all) = characters::<18>(value) else { return false };
    let [body @ .., check] = all;
    let mut figures = [0; 17];
    for (figure, byte) in figures.iter_mut().zip(body) {
        match char::from(byte).to_digit(10) {
            Some(digit) => *figure = digit,
            None => return false,
        }
    }
    let part = |from: usize, to: usize| number(figures.get(from..to).unwrap_or_default());
    let sum = weighted(&[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], &figures);
    let right = usize::try_from(sum % 11).ok().and_then(|rest| b"10X98765432".get(rest)) == Some(&check);
    let region = matches!(
        part(0, 2),
        11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91
    );
    region && part(6, 10) >= 1850 && is_day(part(6, 10), part(10, 12), part(12, 14)) && right
}

/// 身分證字號 and 統一證號: a letter for the place, 1 or 2 for the sex of citizens, 8 or 9 (once A to D) of others, and a check
/// digit mod 10 (Household Registration Act; National Immigration Agency, new UI number format, 2021).
pub(super) fn is_national_id(value: &str) -> bool {
    let Some([place, kind, serial @ ..]) = characters::<10>(value) else { return false };
    let Some(place) = b"ABCDEFGHJKLMNPQRSTUVXYWZIO".iter().position(|letter| *letter == place) else { return false };
    let kind = match kind {
        b'1' | b'2' | b'8' | b'9' => u32::from(kind - b'0'),
        // Of its number as a place, the last digit counts: A is 10, B is 11, ….
        b'A'..=b'D' => u32::from(kind - b'A'),
        _ => return false,
    };
    let Ok(place) = u32::try_from(place + 10) else { return false };
    let mut figures = [place / 10, place % 10, kind, 0, 0, 0, 0, 0, 0, 0, 0];
    for (figure, byte) in figures.iter_mut().skip(3).zip(serial) {
        match char::from(byte).to_digit(10) {
            Some(digit) => *figure = digit,
            None => return false,
        }
    }
    weighted(&[1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1], &figures).is_multiple_of(10)
}

/// NRIC and FIN: S, T of citizens and residents, F, G, M of foreigners, seven digits, a check letter mod 11 (National
/// Registration Act; the letter as Ngiam Shih Tung worked it out, the M series as Immigration & Checkpoints Authority gives
/// it since 2022).
pub(super) fn is_nric(value: &str) -> bool {
    let Some([series, figures @ .., letter]) = characters::<9>(value) else { return false };
    let (offset, letters) = match series {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let mut numbers = [0; 7];
    for (number, byte) in numbers.iter_mut().zip(figures) {
        match char::from(byte).to_digit(10) {
            Some(digit) => *number = digit,
            None => return false,
        }
    }
    let rest = usize::try_from((weighted(&[2, 7, 6, 5, 4, 3, 2], &numbers) + offset) % 11).ok();
    !is_one_digit(&numbers) && rest.and_then(|rest| letters.get(rest)) == Some(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aadhaar() {
        // python-stdnum, in_.aadhaar; UIDAI's test numbers; Presidio, InAadhaarRecognizer.
        for yes in ["234123412346", "9999 4105 7058", "999971658847", "999933119405", "999955183433", "3123:4567:8909"]
        {
            assert!(is_aadhaar(yes), "{yes}");
        }
        for no in ["234123412347", "643343121", "123456789012", "222222222222", "1234 5678 9012"] {
            assert!(!is_aadhaar(no), "{no}");
        }
    }

    #[test]
    fn pan() {
        // python-stdnum, in_.pan; Presidio, InPanRecognizer.
        for yes in ["ACUPA7085R", "ABCPD1234Z", "abbpm4567s"] {
            assert!(is_pan(yes), "{yes}");
        }
        for no in ["ACUPA7085RR", "ABCND1234Z", "AAASA1111R", "A1111DFSFS", "ACUPA0000R"] {
            assert!(!is_pan(no), "{no}");
        }
    }

    #[test]
    fn korean_registration() {
        // python-stdnum, kr.rrn; Presidio, KrRrnRecognizer and KrFrnRecognizer.
        for yes in ["971013-9019902", "880411-2238459", "931112-6271351", "960121-1021413", "911124-5678906"] {
            assert_eq!(registration(yes), Some(true), "{yes}");
        }
        for new in ["960121-1234567", "000505-3637892", "911124-5678901"] {
            assert_eq!(registration(new), Some(false), "{new}");
        }
        for no in ["001332-1234567", "960303-0021413", "051102-9234110", "960111-10214131", "960230-1234567"] {
            assert_eq!(registration(no), None, "{no}");
        }
    }

    #[test]
    fn chinese_resident() {
        // python-stdnum, cn.ric; the others stand in GB 11643-1999.
        for yes in ["360426199101010071", "44011320141005001x", "11010519491231002X", "440524188001010014"] {
            assert!(is_resident_id(yes), "{yes}");
        }
        for no in ["T60426199101010078", "360426199113010079", "36042619910102009X", "000000000000000000"] {
            assert!(!is_resident_id(no), "{no}");
        }
    }

    #[test]
    fn taiwanese() {
        // The first is in every textbook; the others are of residents, new form and old.
        for yes in ["A123456789", "A800000014", "FA12345689", "AB23456789"] {
            assert!(is_national_id(yes), "{yes}");
        }
        for no in ["A123456788", "A323456789", "1123456789", "AE12345678", "A12345678"] {
            assert!(!is_national_id(no), "{no}");
        }
    }

    #[test]
    fn singaporean() {
        // Presidio, SgFinRecognizer; S1234567D and its like are in every form.
        for yes in [
            "S2740116C",
            "F2346401L",
            "M4332674T",
            "S9108268C",
            "T7572225C",
            "S1234567D",
            "F1234567N",
            "G1234567X",
            "M1234567K",
        ] {
            assert!(is_nric(yes), "{yes}");
        }
        for no in ["T1234567Z", "G1122144L", "A1234567Z", "PA12348L", "S0000000J"] {
            assert!(!is_nric(no), "{no}");
        }
    }
}
