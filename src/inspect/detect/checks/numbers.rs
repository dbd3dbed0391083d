//! Numbers with a check digit or a fixed structure.
//!
//! In: a candidate with or without separators. Out: whether it holds. Each function names the text that defines it.

/// 個人番号: the twelfth digit checks the eleven before it (Ministerial Ordinance of MIC No. 85 of 2014, Article 5).
pub(super) fn is_my_number(value: &str) -> bool {
    let Some(digits) = digits::<12>(value) else { return false };
    let (body, check) = digits.split_at(11);
    let sum: u32 = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2].iter().zip(body).map(|(weight, digit)| weight * digit).sum();
    let expected = if sum % 11 <= 1 { 0 } else { 11 - sum % 11 };
    check == [expected] && body.iter().any(|digit| Some(digit) != body.first())
}

/// 法人番号: the first digit checks the twelve after it (Ministerial Ordinance of MOF No. 70 of 2014, Article 2).
pub(super) fn is_corporate_number(value: &str) -> bool {
    let Some([check, body @ ..]) = digits::<13>(value) else { return false };
    let sum: u32 = body.iter().rev().zip([1, 2].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    check == 9 - sum % 9
}

/// Luhn's check digit (ISO/IEC 7812-1, Annex B).
pub(super) fn is_luhn(value: &str) -> bool {
    let mut count = 0_u32;
    let mut sum = 0_u32;
    for byte in value.bytes().rev() {
        match byte {
            b'0'..=b'9' => {
                let digit = u32::from(byte - b'0');
                let doubled = if count % 2 == 1 { digit * 2 } else { digit };
                sum += if doubled > 9 { doubled - 9 } else { doubled };
                count += 1;
            }
            b' ' | b'-' => {}
            _ => return false,
        }
    }
    count >= 2 && sum.is_multiple_of(10)
}

/// A payment card: an issuer's range, its length, Luhn (ISO/IEC 7812 and the schemes' published ranges). `true` when
/// only context tells it from other numbers: thirteen digits are more often a product's (JAN 49…) than an old Visa's,
/// and Maestro's ranges hold a tenth of all numbers.
pub(super) fn card(value: &str) -> Option<bool> {
    let digits = || value.bytes().filter(u8::is_ascii_digit);
    let prefix = |length: usize| digits().take(length).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    let length = digits().count();
    let mut doubt = length == 13;
    let issued = match (prefix(1), prefix(2), prefix(3), prefix(4)) {
        (4, ..) => matches!(length, 13 | 16 | 19),
        (_, 51..=55, ..) | (_, _, _, 2221..=2720 | 2200..=2204) => length == 16,
        (_, 34 | 37, ..) => length == 15,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => matches!(length, 14 | 16 | 19),
        (_, _, _, 3528..=3589) => matches!(length, 16..=19),
        (_, 62, ..) => matches!(length, 16..=19),
        (_, 65, ..) | (_, _, 644..=649, _) | (_, _, _, 6011) => matches!(length, 16..=19),
        // UATP, the airlines' own.
        (1, ..) => {
            doubt = true;
            length == 15
        }
        (_, 50 | 56..=58 | 67, ..) | (_, _, _, 6304) => {
            doubt = true;
            matches!(length, 12..=19)
        }
        // Of JCB, not all that begin so are given to issuers; of old there were some of 15 digits.
        (_, 35, ..) | (_, _, _, 2131) => {
            doubt = true;
            length == if prefix(2) == 35 { 16 } else { 15 }
        }
        _ => false,
    };
    // 4444-4444-4444-4448 and the like are shown in forms; 4111111111111111 is a published test number and counts.
    let varied = digits().any(|digit| Some(digit) != digits().next());
    (issued && varied && is_luhn(value)).then_some(doubt)
}

/// How many bytes of `value` are an IBAN (ISO 13616; country lengths from SWIFT's IBAN registry).
pub(super) fn iban_length(value: &str) -> Option<usize> {
    let country = value.get(..2)?;
    let (_, length) = *IBAN_LENGTHS.iter().find(|(code, _)| *code == country)?;
    let mut letters = String::with_capacity(34);
    let mut end = 0;
    for (at, c) in value.char_indices() {
        if letters.len() == length {
            break;
        }
        if c.is_ascii_alphanumeric() {
            letters.push(c);
            end = at + 1;
        } else if !matches!(c, ' ' | '-') {
            return None;
        }
    }
    let whole =
        letters.len() == length && value.get(end..).is_none_or(|r| !r.starts_with(|c: char| c.is_ascii_alphanumeric()));
    (whole && mod_97(&letters) == Some(1) && (country != "BE" || is_belgian(&letters))).then_some(end)
}

/// Belgium's accounts end in two digits of their own, the first ten mod 97 (National Bank of Belgium, bank identification
/// codes); an IBAN made of a wrong one still has the right check digits.
fn is_belgian(iban: &str) -> bool {
    let part = |from: usize, to: usize| iban.get(from..to).and_then(|digits| digits.parse::<u64>().ok());
    part(4, 14).zip(part(14, 16)).is_some_and(|(account, check)| check == (account + 96) % 97 + 1)
}

fn mod_97(iban: &str) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0_u32, |rest, c| {
        let value = c.to_digit(36)?;
        Some((rest * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}

/// 運転免許証: the eleventh digit checks the ten before it, the first two are the issuing commission's (National
/// Police Agency's notice on licence numbers). Sources differ on remainders 0 and 1; both conventions pass.
pub(super) fn is_drivers_license(value: &str) -> bool {
    let Some(digits) = digits::<12>(value) else { return false };
    let [a, b, .., check, _] = digits;
    // Hokkaido has five commissions, the other prefectures have one each, by region.
    if !matches!(a * 10 + b, 10..=14 | 20..=25 | 30 | 40..=49 | 50..=55 | 60..=65 | 70..=74 | 80..=83 | 90..=97) {
        return false;
    }
    let sum: u32 = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2].iter().zip(&digits).map(|(weight, digit)| weight * digit).sum();
    match sum % 11 {
        0 => check <= 1,
        1 => check == 0,
        rest => check == 11 - rest,
    }
}

/// Seven digits whose first three can be an area (Japan Post: 001 to 999; the islands leave gaps that change).
pub(super) fn is_postal_code(value: &str) -> bool {
    let value = value.trim_start_matches(['〒', ' ']);
    digits::<7>(value).is_some_and(|[a, b, c, ..]| a + b + c > 0)
}

/// An account number: up to seven digits at banks (Zengin data format), eight and a branch of five at Japan Post Bank.
pub(super) fn is_account(value: &str) -> bool {
    let value = value.strip_suffix(".0").unwrap_or(value);
    (4..=14).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

/// Exactly `N` digits, with separators anywhere between.
pub(super) fn digits<const N: usize>(value: &str) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut slots = found.iter_mut();
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' => *slots.next()? = u32::from(byte - b'0'),
            b' ' | b'-' => {}
            _ => return None,
        }
    }
    slots.next().is_none().then_some(found)
}

const IBAN_LENGTHS: [(&str, usize); 89] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_hold() {
        assert!(is_my_number("123456789018") && is_my_number("6214 9832 0257"));
        assert!(!is_my_number("123456789019") && !is_my_number("6214 9832 0258") && !is_my_number("6214 9832 025X"));
        assert!(!is_my_number("000000000000"), "one digit twelve times is nobody's number");
        assert!(is_corporate_number("7000012050002") && is_corporate_number("5-8356-7825-6246"));
        assert!(!is_corporate_number("2-8356-7825-6246") && !is_corporate_number("2-aaaa-7825-6246"));
        assert!(is_luhn("7894") ^ is_luhn("78949") && is_luhn("490154203237518") && !is_luhn("4992739871"));
    }

    #[test]
    fn cards_have_issuers() {
        for number in [
            "4111 1111 1111 1111",
            "5555555555554444",
            "378282246310005",
            "3530111333300000",
            "30569309025904",
            "6011111111111117",
            "2223003122003222",
        ] {
            assert_eq!(card(number), Some(false), "{number}");
        }
        for number in ["4111 1111 1111 1112", "1234567812345670", "0000000000000000", "411111111111111"] {
            assert_eq!(card(number), None, "{number}");
        }
    }

    #[test]
    fn a_product_number_may_pass_for_an_old_card() {
        assert_eq!(card("4901234567894"), Some(true));
        assert_eq!(card("122000000000003"), Some(true), "UATP");
    }

    #[test]
    fn ibans_end_where_their_country_says() {
        assert_eq!(iban_length("DE89 3704 0044 0532 0130 00"), Some(27));
        assert_eq!(iban_length("DE89 3704 0044 0532 0130 00 BIC"), Some(27));
        assert_eq!(iban_length("BE31435411161155"), Some(16));
        assert_eq!(iban_length("GR16 0110 1050 0000 1054 7023 795"), Some(33));
        assert_eq!(iban_length("XX431234"), None);
        assert_eq!(iban_length("BE54310100270000"), None, "right as an IBAN, wrong as an account");
        assert_eq!(iban_length("DE88 3704 0044 0532 0130 00"), None);
    }

    #[test]
    fn licences_carry_their_check_digit() {
        // 30 12 34567 8: 15+0+3+4+21+24+25+24+21+16 = 153, 153 mod 11 = 10, check digit 1.
        assert!(is_drivers_license("301234567810"));
        assert!(!is_drivers_license("301234567820"));
        assert!(!is_drivers_license("001234567810"));
    }
}
