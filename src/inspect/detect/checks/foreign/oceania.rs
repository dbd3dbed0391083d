//! Numbers of Australia.
//!
//! In: a candidate with or without separators. Out: whether it can have been issued.

use super::{digits, is_one_digit, weighted};

/// TFN: all nine digits weighted, mod 11 (Australian Taxation Office, TFN declaration specification, check digit
/// algorithm). Numbers of eight digits were given to companies and trusts.
pub(super) fn is_tfn(value: &str) -> bool {
    digits::<9>(value)
        .is_some_and(|all| !is_one_digit(&all) && weighted(&[1, 4, 3, 7, 5, 8, 6, 9, 10], &all).is_multiple_of(11))
}

/// Medicare card: the ninth digit checks the eight before it, mod 10; then the card's issue, and perhaps the person's
/// place on it (Services Australia, Medicare card number; check digit as in METeOR 270101).
pub(super) fn is_medicare(value: &str) -> bool {
    let card = match digits::<11>(value) {
        Some([.., 0]) => return false,
        Some([card @ .., _]) => Some(card),
        None => digits::<10>(value),
    };
    let Some([body @ .., check, issue]) = card else { return false };
    matches!(body, [2..=6, ..]) && issue > 0 && weighted(&[1, 3, 7, 9, 1, 3, 7, 9], &body) % 10 == check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tfn() {
        // python-stdnum, au.tfn; the first is the ATO's own example.
        for yes in ["123 456 782", "112474082", "876 543 210", "865414088"] {
            assert!(is_tfn(yes), "{yes}");
        }
        for no in ["999 999 999", "824 753 557", "123 456 783", "000 000 000", "12345678"] {
            assert!(!is_tfn(no), "{no}");
        }
    }

    #[test]
    fn medicare() {
        // Presidio, AuMedicareRecognizer; Services Australia's specimen 2428 77813 2.
        for yes in ["2123 45670 1", "2123456701", "2428 77813 2", "2428 77813 2-1", "2428 77813 2/3"] {
            assert!(is_medicare(yes), "{yes}");
        }
        for no in ["2123 25870 1", "2123 45670 0", "1123 45670 1", "2123 45670", "2428 77813 2-0"] {
            assert!(!is_medicare(no), "{no}");
        }
    }
}
