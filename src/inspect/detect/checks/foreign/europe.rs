//! Numbers of France, Germany, Italy, the Netherlands, Spain and the United Kingdom.
//!
//! In: a candidate with or without separators. Out: whether it can have been issued.

use super::{characters, digits, is_one_digit, number, weighted};

/// Steuer-ID: of the first ten digits one occurs twice or three times and not thrice in a row, the first is no zero; the
/// eleventh is ISO/IEC 7064 MOD 11,10 (BZSt, Aufbau der Identifikationsnummer, § 139b AO).
pub(super) fn is_steuer_id(value: &str) -> bool {
    let Some(all) = digits::<11>(value) else { return false };
    let [body @ .., check] = all;
    let times = |digit: u32| body.iter().filter(|other| **other == digit).count();
    let mut often = (0..10).map(times).filter(|&times| times > 1);
    let once_more = matches!((often.next(), often.next()), (Some(2 | 3), None));
    let in_a_row = body.windows(3).any(is_one_digit);
    let rest = body.iter().fold(10, |product, digit| match (product + digit) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    body.first() != Some(&0) && once_more && !in_a_row && (11 - rest) % 10 == check
}

/// NIR: sex, year, month, department, commune, order, and a key of two digits, 97 less the rest (INSEE, Répertoire
/// national d'identification des personnes physiques; Corsica's 2A is 19 and 2B is 18).
pub(super) fn is_nir(value: &str) -> bool {
    let Some(mut all) = characters::<15>(value) else { return false };
    match &mut all[5..7] {
        [tens, letter @ b'A'] if *tens == b'2' => (*tens, *letter) = (b'1', b'9'),
        [tens, letter @ b'B'] if *tens == b'2' => (*tens, *letter) = (b'1', b'8'),
        _ => {}
    }
    let mut figures = [0_u64; 15];
    for (figure, byte) in figures.iter_mut().zip(all) {
        match char::from(byte).to_digit(10) {
            Some(digit) => *figure = u64::from(digit),
            None => return false,
        }
    }
    let part = |from: usize, to: usize| {
        figures.get(from..to).unwrap_or_default().iter().fold(0, |number, digit| number * 10 + digit)
    };
    // Months beyond 12 stand for a date of birth that is not known.
    matches!(part(0, 1), 1..=4 | 7 | 8)
        && matches!(part(3, 5), 1..=12 | 20..=42 | 50..=99)
        && part(5, 7) > 0
        && part(10, 13) > 0
        && 97 - part(0, 13) % 97 == part(13, 15)
}

/// DNI, NIE and the NIF of those who have neither: the letter is the number mod 23 (Ministerio del Interior, Cálculo del
/// dígito de control del NIF/NIE; Real Decreto 1065/2007, 19–20). X, Y, Z count as 0, 1, 2; after K, L, M only the digits
/// count. A zero in front is often left out.
pub(super) fn is_dni_nie(value: &str) -> bool {
    let compact = characters::<9>(value).or_else(|| characters::<9>(&format!("0{value}")));
    let Some([first, figures @ .., letter]) = compact else { return false };
    let first = match first {
        b'0'..=b'9' => first - b'0',
        b'X'..=b'Z' => first - b'X',
        b'K'..=b'M' => 0,
        _ => return false,
    };
    let rest = figures
        .iter()
        .try_fold(u32::from(first), |number, byte| Some(number * 10 + char::from(*byte).to_digit(10)?))
        .filter(|&number| number > 0)
        .and_then(|number| usize::try_from(number % 23).ok());
    rest.is_some_and(|rest| b"TRWAGMYFPDXBNJZSQVHLCKE".get(rest) == Some(&letter))
}

/// Codice fiscale: surname and name, year, month, day (women 40 more), place, and a letter that checks the fifteen before
/// it (Decreto del Ministero delle Finanze 23 dicembre 1976, allegato; digits may be letters where two people would share
/// one).
pub(super) fn is_codice_fiscale(value: &str) -> bool {
    let Some(all) = characters::<16>(value) else { return false };
    let [name @ .., _, _, _, _, _, _, _, _, _, _] = all;
    let [_, _, _, _, _, _, y, z, month, d, e, place, c1, c2, c3, check] = all;
    let figures = [y, z, d, e, c1, c2, c3].map(omocode);
    let [Some(_), Some(_), Some(ten), Some(one), Some(_), Some(_), Some(_)] = figures else { return false };
    let letters = name.iter().chain([&place, &check]).all(u8::is_ascii_uppercase);
    if !letters || !b"ABCDEHLMPRST".contains(&month) || !matches!(ten * 10 + one, 1..=31 | 41..=71) {
        return false;
    }
    let sum: Option<u32> = all.iter().take(15).enumerate().try_fold(0, |sum, (at, byte)| {
        let value = char::from(*byte).to_digit(36)?;
        let value = if value > 9 { value - 10 } else { value };
        Some(sum + if at % 2 == 0 { u32::from(*ODD.get(usize::try_from(value).ok()?)?) } else { value })
    });
    sum.is_some_and(|sum| sum % 26 == u32::from(check - b'A'))
}

/// A digit, or the letter that stands for it.
fn omocode(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        _ => b"LMNPQRSTUV".iter().position(|letter| *letter == byte).and_then(|at| u32::try_from(at).ok()),
    }
}

/// What the letters A to Z, and the digits 0 to 9, count in odd places.
const ODD: [u8; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// BSN: 9 to 2 times the first eight digits, less the ninth, is a multiple of 11 (Wet algemene bepalingen
/// burgerservicenummer; Logisch Ontwerp BSN, elfproef).
pub(super) fn is_bsn(value: &str) -> bool {
    let Some(all) = digits::<9>(value) else { return false };
    // Ten times a digit is that digit taken away, mod 11.
    number(&all) > 0 && !is_one_digit(&all) && weighted(&[9, 8, 7, 6, 5, 4, 3, 2, 10], &all).is_multiple_of(11)
}

/// NHS number: the tenth digit checks the nine before it, mod 11, and is never 10 (NHS Data Dictionary, NHS NUMBER).
pub(super) fn is_nhs(value: &str) -> bool {
    let Some(all) = digits::<10>(value) else { return false };
    let [body @ .., check] = all;
    let expected = 11 - weighted(&[10, 9, 8, 7, 6, 5, 4, 3, 2], &body) % 11;
    !is_one_digit(&all) && expected % 11 == check && expected != 10
}

/// NINO: two letters that may stand there, six digits, and A to D (HMRC, National Insurance Manual NIM39110).
pub(super) fn is_nino(value: &str) -> bool {
    let Some([a, b, figures @ .., suffix]) = characters::<9>(value) else { return false };
    let barred = |letter: u8| !letter.is_ascii_uppercase() || b"DFIQUV".contains(&letter);
    !barred(a)
        && !barred(b)
        && b != b'O'
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&[a, b])
        && figures.iter().all(u8::is_ascii_digit)
        && matches!(suffix, b'A'..=b'D')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steuer_id() {
        // python-stdnum, de.idnr; the others are examples of BZSt and ELSTER.
        for yes in ["36 574 261 809", "86095742719", "47036892816", "65929970489", "57549285017", "25768131411"] {
            assert!(is_steuer_id(yes), "{yes}");
        }
        for no in ["36574261890", "01234567896", "116574261809", "11111111111", "11112345678"] {
            assert!(!is_steuer_id(no), "{no}");
        }
        // The right check digit, but all ten digits before it differ: BZSt gives no such number.
        assert!(!is_steuer_id("12345678903"));
    }

    #[test]
    fn nir() {
        // python-stdnum, fr.nir; the specimen cards 1 84 12 76 451 089 46 and 2 69 05 49 588 157 80.
        for yes in
            ["2 95 10 99 126 111 93", "253072B07300470", "253072A07300443", "1 84 12 76 451 089 46", "269054958815780"]
        {
            assert!(is_nir(yes), "{yes}");
        }
        for no in ["253072C07300443", "6546546546546703", "2 95 10 99 126 111 92", "2 95 13 99 126 111 93"] {
            assert!(!is_nir(no), "{no}");
        }
    }

    #[test]
    fn dni_and_nie() {
        // python-stdnum, es.dni and es.nie; Presidio, EsNifRecognizer and EsNieRecognizer.
        for yes in ["54362315-K", "x-2482300w", "12345678Z", "1111111-G", "01111111G", "Y8063915-Z", "X1234567L"] {
            assert!(is_dni_nie(yes), "{yes}");
        }
        for no in ["12345678A", "54362315-Z", "Y8063915Q", "Y806391Q", "W8063915Q", "B64717838", "00000000T"] {
            assert!(!is_dni_nie(no), "{no}");
        }
    }

    #[test]
    fn codice_fiscale() {
        // python-stdnum, it.codicefiscale; the last with letters for all of its digits.
        for yes in ["RCCMNL83S18D969H", "MRSMSR81D60Z611H", "RSSMRA45C12F205C", "RSSMRA45C12F20RX", "RSSMRAQRCMNFNLRG"]
        {
            assert!(is_codice_fiscale(yes), "{yes}");
        }
        for no in ["RCCMNL83S18D969", "FOXDRA26C24H872A", "RCCMNL83F18D969H", "A55AAA00B11C333N", "RCCMNL83S38D969H"] {
            assert!(!is_codice_fiscale(no), "{no}");
        }
    }

    #[test]
    fn bsn() {
        // python-stdnum, nl.bsn; 123456782 is RvIG's test number.
        for yes in ["1112.22.333", "111222333", "123456782"] {
            assert!(is_bsn(yes), "{yes}");
        }
        for no in ["1112.52.333", "1112223334", "000000000", "123456789"] {
            assert!(!is_bsn(no), "{no}");
        }
    }

    #[test]
    fn nhs() {
        // python-stdnum, gb.nhs; Presidio, NhsRecognizer.
        for yes in ["943-476-5870", "401-023-2137", "221 395 1837", "0032698674", "943 476 5919"] {
            assert!(is_nhs(yes), "{yes}");
        }
        for no in ["401-023-2138", "943 476 5918", "0000000000", "111111111"] {
            assert!(!is_nhs(no), "{no}");
        }
    }

    #[test]
    fn nino() {
        // Presidio, UkNinoRecognizer; the barred prefixes are HMRC's.
        for yes in ["AA 12 34 56 B", "hh 01 02 03 d", "tw987654a", "PR 123612C", "YZ 61 48 68 B"] {
            assert!(is_nino(yes), "{yes}");
        }
        for no in [
            "AA 12 34 56 H",
            "AB 12 34 56 1",
            "FQ 00 00 00 C",
            "BG123612A",
            "nt 99 88 77 a",
            "UV 98 76 54 B",
            "AO123456A",
        ] {
            assert!(!is_nino(no), "{no}");
        }
    }
}
