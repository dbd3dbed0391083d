//! Numbers that Japanese authorities, insurers and banks give to people.
//!
//! In: a candidate with its label, or a cell. Out: the number's range and how much its check digit proves. Each function
//! names the text that defines it; where that text is not public, or programs disagree, a number of the right form is
//! kept and marked [`Note::Likely`]. Deliberately absent: My Number and the corporate number ([`super::numbers`]).

use std::ops::Range;

use super::numbers::{digits, is_corporate_number, is_luhn};
use super::{Note, Passed};

/// 住民票コード: ten random digits and a check digit (Ordinance for Enforcement of the Basic Resident Register Act,
/// Article 1; MIC Notice No. 436 of 2002). The formula is the one that My Number took over, one digit shorter.
pub(super) fn resident_code(value: &str) -> Option<Note> {
    let [body @ .., check] = digits::<11>(value)?;
    let sum: u32 = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2].iter().zip(&body).map(|(weight, digit)| weight * digit).sum();
    let expected = if sum % 11 <= 1 { 0 } else { 11 - sum % 11 };
    is_varied(&body).then_some(if check == expected { Note::Plain } else { Note::Likely })
}

/// 基礎年金番号: four digits of the office and six of the person; no check digit is published.
pub(super) fn is_basic_pension(value: &str) -> bool {
    digits::<10>(value).is_some_and(|digits| is_varied(&digits))
}

/// 雇用保険被保険者番号: four, six and one digit; how the last one checks the others is not published.
pub(super) fn is_employment_insurance(value: &str) -> bool {
    digits::<11>(value).is_some_and(|digits| is_varied(&digits))
}

/// 保険者番号: two digits of the law (none with National Health Insurance), two of the prefecture, three of the
/// insurer, and a check digit that is Luhn's (MHLW, 保険者番号等設定要領).
pub(super) fn is_insurer(value: &str) -> bool {
    let prefecture = match value.len() {
        6 => value.get(..2),
        8 if value.get(..2).is_some_and(|law| law != "00") => value.get(2..4),
        _ => None,
    };
    let known = prefecture.and_then(|p| p.parse::<u32>().ok()).is_some_and(|p| (1..=47).contains(&p));
    known && value.bytes().all(|b| b.is_ascii_digit()) && is_luhn(value)
}

/// A health insurance card: 記号 and 番号 after their labels, a number of the insured, or an insurer's number.
pub(super) fn health_insurance(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let number = trailing_number(value)?;
    let found = |part: Range<usize>, note| Passed {
        range: range.start + part.start..range.start + part.end,
        doubt: false,
        note,
    };
    // `被保険者番号 1301-123456-7` is of another insurance.
    let mut rest = text.get(range.end..)?.chars();
    let continues = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let next = rest.next();
    if continues(next) || (next == Some('-') && continues(rest.next())) {
        return None;
    }
    if value.starts_with("保険者番号") {
        // 被保険者番号 is the insured person's own.
        let insured = text.get(..range.start).is_some_and(|before| before.ends_with('被'));
        return (!insured && is_insurer(value.get(number.clone())?)).then(|| found(number, Note::Plain));
    }
    if let Some(rest) = value.strip_prefix("記号") {
        let symbol = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && !is_symbol(c));
        return Some(found(value.len() - symbol.len()..number.end, Note::Plain));
    }
    // Eight digits of the medical care of the elderly carry a check digit, numbers of societies carry none.
    Some(found(number, Note::Plain))
}

/// A cell under 被保険者番号, 記号番号 or 保険者番号.
pub(super) fn health_insurance_cell(value: &str) -> Option<Note> {
    let value = value.strip_suffix(".0").unwrap_or(value);
    let count = value.bytes().filter(u8::is_ascii_digit).count();
    let usual = |c: char| c.is_ascii_alphanumeric() || is_symbol(c) || "-・/() ".contains(c);
    let plain = (1..=16).contains(&count) && value.chars().count() <= 24 && value.chars().all(usual);
    plain.then(|| if is_insurer(value) || count < value.len() { Note::Plain } else { Note::Likely })
}

/// Characters of 記号 that are no digits: 協会, イロハ, あいう.
fn is_symbol(c: char) -> bool {
    matches!(c, 'ぁ'..='ん' | 'ァ'..='ヶ' | '一'..='龠') && c != '番' && c != '号'
}

/// ゆうちょ銀行: 記号 is 1 or 0, two digits of the branch, a check digit and 0; 番号 of a general account ends in 1,
/// that of a transfer account has six digits at most (Japan Post Bank, 記号・番号から振込用の店名・口座番号を調べる).
/// The check digit is the one its converter asks for; numbers that fail it are printed in manuals and older books.
pub(super) fn yucho_account(value: &str) -> Option<Passed> {
    let start = value.find(|c: char| c.is_ascii_digit())?;
    let mut groups = value.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    let (symbol, mut number) = (groups.next()?, groups.next()?);
    let transfer = symbol.starts_with('0');
    if transfer && number.len() == 1 {
        number = groups.next().unwrap_or(number);
    }
    let formed = is_yucho_symbol(symbol)
        && if transfer { number.len() <= 6 } else { number.len() <= 8 && number.ends_with('1') && number.len() >= 2 };
    let checked = yucho_check_digit(symbol, number) == symbol.chars().nth(3).and_then(|c| c.to_digit(10));
    let end = value.trim_end_matches(|c: char| !c.is_ascii_digit()).len();
    // A transfer account is mostly a company's or a charity's.
    let doubt = !checked || transfer;
    formed.then_some(Passed { range: start..end, doubt, note: if checked { Note::Plain } else { Note::Likely } })
}

/// A cell: both parts, or one of them under a header that says which bank it is.
pub(super) fn yucho_cell(value: &str) -> Option<Note> {
    let value = value.strip_suffix(".0").unwrap_or(value);
    if !value.bytes().all(|b| b.is_ascii_digit()) {
        return yucho_account(value).filter(|passed| passed.range == (0..value.len())).map(|passed| passed.note);
    }
    let number = (2..=8).contains(&value.len()) && value.ends_with('1');
    (is_yucho_symbol(value) || number).then_some(Note::Likely)
}

fn is_yucho_symbol(symbol: &str) -> bool {
    symbol.len() == 5 && symbol.starts_with(['0', '1']) && symbol.ends_with('0')
}

/// Weights 1, 3 and 2 in turn over 記号 (its fourth digit left out) and 番号; twice a digit from 5 on loses nine.
fn yucho_check_digit(symbol: &str, number: &str) -> Option<u32> {
    let padded = format!("{symbol}{number:0>8}");
    let mut sum = 0;
    for (place, c) in padded.chars().enumerate() {
        let digit = if place == 3 { 0 } else { c.to_digit(10)? };
        sum += match place % 3 {
            0 => digit,
            1 => digit * 3,
            _ if digit < 5 => digit * 2,
            _ => digit * 2 - 9,
        };
    }
    Some(sum % 10)
}

/// 適格請求書発行事業者登録番号: T and a corporate number, or T and thirteen digits of which no rule is published.
pub(super) fn invoice_number(value: &str) -> Option<Note> {
    let number = value.strip_prefix('T')?.trim_start_matches(['-', ' ']);
    digits::<13>(number)
        .filter(|digits| is_varied(digits))
        .map(|_| if is_corporate_number(number) { Note::Plain } else { Note::Likely })
}

/// 旅券番号: two letters and seven digits (Passport Act Enforcement; ICAO 9303 leaves the form to the state).
pub(super) fn is_passport(value: &str) -> bool {
    is_form(value, "AA9999999")
}

/// 在留カード番号 and 特別永住者証明書番号: two letters, eight digits, two letters (Immigration Services Agency).
pub(super) fn is_residence_card(value: &str) -> bool {
    is_form(value, "AA99999999AA")
}

/// Whether `value` has a capital letter where `form` has A and a digit where it has 9.
fn is_form(value: &str, form: &str) -> bool {
    let fits = |(c, form): (u8, u8)| if form == b'A' { c.is_ascii_uppercase() } else { c.is_ascii_digit() };
    let digits = value.as_bytes().iter().filter(|b| b.is_ascii_digit());
    value.len() == form.len() && value.bytes().zip(form.bytes()).all(fits) && digits.clone().any(|b| *b != b'0')
}

/// A label and its number: where the number is, when it holds.
pub(super) fn after_label(value: &str, range: &Range<usize>, holds: impl Fn(&str) -> Option<Note>) -> Option<Passed> {
    let number = trailing_number(value)?;
    let note = holds(value.get(number.clone())?)?;
    Some(Passed { range: range.start + number.start..range.start + number.end, doubt: false, note })
}

/// The digits, hyphens and spaces at the end of `value`.
pub(super) fn trailing_number(value: &str) -> Option<Range<usize>> {
    let label = value.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == ' ');
    let number = value.get(label.len()..)?.trim_start_matches(['-', ' ']);
    (!number.is_empty()).then(|| value.len() - number.len()..value.len())
}

/// Nobody is given one digit ten times; forms are filled with it.
fn is_varied(digits: &[u32]) -> bool {
    digits.iter().any(|digit| Some(digit) != digits.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_codes_carry_their_check_digit() {
        // 2·5 + 4·4 + 7·3 + 2·2 + 7·7 + 0·6 + 5·5 + 9·4 + 6·3 + 0·2 = 179, 179 mod 11 = 3, check digit 8.
        assert_eq!(resident_code("24727059608"), Some(Note::Plain));
        assert_eq!(resident_code("2472705960-8"), Some(Note::Plain));
        assert_eq!(resident_code("24727059607"), Some(Note::Likely));
        for no in ["2472705960", "247270596081", "00000000000", "2472705960X"] {
            assert_eq!(resident_code(no), None, "{no}");
        }
    }

    #[test]
    fn insurers_carry_their_check_digit() {
        // The police of Chiba (example of the numbering rule), Japan Health Insurance Association in Tokyo and Hokkaido,
        // and National Health Insurance of two cities (six digits).
        for yes in ["33120015", "01130012", "01010016", "138057", "140053"] {
            assert!(is_insurer(yes), "{yes}");
        }
        for no in ["33120016", "01130021", "00130013", "01480010", "138058", "1380", "0113001A"] {
            assert!(!is_insurer(no), "{no}");
        }
    }

    #[test]
    fn a_card_is_told_by_its_labels() {
        let found = |text: &str| {
            let passed = health_insurance(text, &(0..text.len()))?;
            text.get(passed.range).map(str::to_owned)
        };
        assert_eq!(found("保険者番号:01130012").as_deref(), Some("01130012"));
        assert_eq!(found("保険者番号:01130013"), None);
        assert_eq!(found("記号:21700023 番号:12").as_deref(), Some("21700023 番号:12"));
        assert_eq!(found("記号 協12 番号 345").as_deref(), Some("協12 番号 345"));
        assert_eq!(found("被保険者番号 12345674").as_deref(), Some("12345674"));
        let text = "被保険者番号 01130012";
        assert_eq!(health_insurance(text, &("被".len()..text.len())), None);
        assert_eq!(health_insurance_cell("21700023・12"), Some(Note::Plain));
        assert_eq!(health_insurance_cell("12345678"), Some(Note::Likely));
        assert_eq!(health_insurance_cell("未加入"), None);
    }

    #[test]
    fn yucho_accounts_carry_their_check_digit() {
        // Published with the answers of Japan Post Bank's converter.
        for yes in ["14030-12345671", "15150-21111111", "記号 14080 番号 12712721"] {
            let passed = yucho_account(yes).unwrap();
            assert!(!passed.doubt && passed.note == Note::Plain, "{yes}");
        }
        // Transfer accounts: with and without the digit between.
        for transfer in ["00580-654321", "00160-0-100001"] {
            let passed = yucho_account(transfer).unwrap();
            assert!(passed.doubt && passed.note == Note::Plain, "{transfer}");
        }
        assert_eq!(yucho_account("17300-19927651").map(|passed| passed.note), Some(Note::Likely));
        for no in ["14030-12345672", "24030-12345671", "14035-12345671", "00580-7654321", "14030"] {
            assert_eq!(yucho_account(no), None, "{no}");
        }
        assert_eq!(yucho_cell("14030"), Some(Note::Likely));
        assert_eq!(yucho_cell("12345671"), Some(Note::Likely));
        assert_eq!(yucho_cell("14030-12345671"), Some(Note::Plain));
        assert_eq!(yucho_cell("12345672"), None);
    }

    #[test]
    fn invoice_numbers_hold_a_corporate_number_or_one_of_their_own() {
        assert_eq!(invoice_number("T7000012050002"), Some(Note::Plain));
        assert_eq!(invoice_number("T1180301018771"), Some(Note::Plain));
        assert_eq!(invoice_number("T7000012050003"), Some(Note::Likely));
        for no in ["7000012050002", "T700001205000", "T70000120500021", "T0000000000000"] {
            assert_eq!(invoice_number(no), None, "{no}");
        }
    }

    #[test]
    fn letters_and_digits_stand_where_they_should() {
        assert!(is_passport("TK1234567") && !is_passport("TK123456") && !is_passport("T12345678"));
        assert!(!is_passport("TK0000000") && !is_passport("tk1234567"));
        assert!(
            is_residence_card("AB12345678CD")
                && !is_residence_card("AB1234567CD")
                && !is_residence_card("ABCDEFGHIJKL")
        );
        assert!(
            is_basic_pension("1234-567890") && !is_basic_pension("0000-000000") && !is_basic_pension("123-4567890-1")
        );
        assert!(is_employment_insurance("1301-123456-7") && !is_employment_insurance("1111-111111-1"));
    }

    #[test]
    fn the_number_after_its_label_is_found() {
        let text = "基礎年金番号:1234-567890";
        let passed = after_label(text, &(10..10 + text.len()), |value| is_basic_pension(value).then_some(Note::Plain));
        assert_eq!(passed.unwrap().range, 10 + "基礎年金番号:".len()..10 + text.len());
        assert_eq!(after_label("基礎年金番号:", &(0..19), |_| Some(Note::Plain)), None);
    }
}
