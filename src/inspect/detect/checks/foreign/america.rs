//! Numbers of Brazil, Canada and the United States.
//!
//! In: a candidate with or without separators. Out: whether it can have been issued.

use super::{digits, is_one_digit, number, weighted};
use crate::inspect::detect::checks::numbers::is_luhn;

/// CPF: the tenth and eleventh digits check those before them, mod 11 (Receita Federal; validation routine of Ato
/// COTEPE/ICMS and the tax authority's own forms).
pub(super) fn is_cpf(value: &str) -> bool {
    let Some(all) = digits::<11>(value) else { return false };
    let check = |first: u32, over: &[u32]| {
        let weights: Vec<u32> = (2..=first).rev().collect();
        weighted(&weights, over) * 10 % 11 % 10
    };
    let [body @ .., a, b] = all;
    let (with_first, _) = all.split_at(10);
    !is_one_digit(&all) && check(10, &body) == a && check(11, with_first) == b
}

/// SIN: Luhn; the first digit is the province (or 9, of temporary residents), and neither 0 nor 8 is given (Employment
/// and Social Development Canada, SIN code of practice).
pub(super) fn is_sin(value: &str) -> bool {
    let all = digits::<9>(value);
    all.is_some_and(|all| !matches!(all, [0 | 8, ..]) && !is_one_digit(&all)) && is_luhn(value)
}

/// SSN: no area 000, 666 or 900–999, no group 00, no serial 0000 (SSA, Social Security Number Randomization, 2011).
/// Published in advertisements and never valid: 078-05-1120, 219-09-9999.
pub(super) fn is_ssn(value: &str) -> bool {
    let Some(all) = digits::<9>(value).map(|digits| number(&digits)) else { return false };
    let (area, group, serial) = (all / 1_000_000, all / 10_000 % 100, all % 10_000);
    !matches!(area, 0 | 666 | 900..) && group > 0 && serial > 0 && !matches!(all, 78_051_120 | 219_099_999)
}

/// ITIN: begins with 9, and its fourth and fifth digits are in the ranges given so far (IRS, Internal Revenue Manual
/// 3.21.263: 50–65, 70–88, 90–92, 94–99).
pub(super) fn is_itin(value: &str) -> bool {
    let Some(all) = digits::<9>(value).map(|digits| number(&digits)) else { return false };
    all >= 900_000_000 && matches!(all / 10_000 % 100, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// EIN: a prefix that a campus of the IRS gives (IRS, How EINs are assigned and valid EIN prefixes).
pub(super) fn is_ein(value: &str) -> bool {
    let Some([a, b, serial @ ..]) = digits::<9>(value) else { return false };
    let given = matches!(
        a * 10 + b,
        1..=6 | 10..=16 | 20..=27 | 30..=48 | 50..=68 | 71..=77 | 80..=88 | 90..=95 | 98 | 99
    );
    given && number(&serial) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpf() {
        // python-stdnum, br.cpf; the other two are in every textbook.
        for yes in ["390.533.447-05", "111.444.777-35", "12345678909"] {
            assert!(is_cpf(yes), "{yes}");
        }
        for no in ["231.002.999-00", "390.533.447-04", "390.533.447-15", "11111111111", "390.533.447-0"] {
            assert!(!is_cpf(no), "{no}");
        }
    }

    #[test]
    fn sin() {
        // python-stdnum, ca.sin; Presidio, CaSinRecognizer.
        for yes in ["123-456-782", "130 692 544", "948 584 792", "550090112"] {
            assert!(is_sin(yes), "{yes}");
        }
        for no in ["999-999-999", "12345678Z", "823456785", "046 454 286", "130 692 545", "1306925440"] {
            assert!(!is_sin(no), "{no}");
        }
    }

    #[test]
    fn ssn() {
        // python-stdnum, us.ssn; the exceptions are SSA's.
        for yes in ["536-90-4399", "078.05.1123", "078 05 1123", "123456789"] {
            assert!(is_ssn(yes), "{yes}");
        }
        for no in ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "078-05-1120"] {
            assert!(!is_ssn(no), "{no}");
        }
    }

    #[test]
    fn itin() {
        // python-stdnum, us.itin; Presidio, UsItinRecognizer.
        for yes in ["912-90-3456", "911-70-1234", "911-53-1234", "911641234"] {
            assert!(is_itin(yes), "{yes}");
        }
        for no in ["911-89-1234", "911-93-1234", "911-66-1234", "811-70-1234"] {
            assert!(!is_itin(no), "{no}");
        }
    }

    #[test]
    fn ein() {
        // python-stdnum, us.ein and us.tin.
        assert!(is_ein("91-1144442") && is_ein("04-2103594"));
        for no in ["07-3456789", "49-1234567", "00-1234567", "91-0000000", "91-114444"] {
            assert!(!is_ein(no), "{no}");
        }
    }
}
