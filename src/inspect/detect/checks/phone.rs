//! Telephone numbers.
//!
//! In: a candidate as written. Out: whether it is a number of Japan's plan, and whose kind of line it is; or of any
//! country's plan. Mobile numbers are told by their shape (MIC's numbering plan: 060, 070, 080, 090 and eight
//! digits), the rest by a port of libphonenumber. A number without its country is whatever a label says that it is, where
//! it looks like one.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

use super::Note;

/// A Japanese number: whose line it is, and whether only context makes it one. Under a header (`headed`) a lost
/// leading zero is put back.
pub(super) fn japanese(value: &str, headed: bool) -> Option<(Note, bool)> {
    let value = value.strip_suffix(".0").unwrap_or(value);
    let digits = national(value, headed)?;
    let separated = value.contains(['-', ' ', '(', ')']);
    let note = match digits.get(..4)? {
        "0120" | "0800" | "0570" | "0180" | "0990" => Note::Service,
        "0000" => return None,
        head if digits.len() == 11 => match head.as_bytes() {
            [b'0', b'6'..=b'9', b'0', b'1'..=b'9'] => Note::Mobile,
            [b'0', b'6'..=b'9', b'0', b'0'] if headed => Note::Mobile,
            [b'0', b'5', b'0', b'1'..=b'9'] => Note::Landline,
            _ => return None,
        },
        _ if digits.len() == 10 => Note::Landline,
        _ => return None,
    };
    let odd = separated && !is_usual_shape(value);
    if note == Note::Mobile {
        return Some((note, odd));
    }
    // A landline without separators looks like any number of ten digits.
    let doubt = odd || (!separated && !value.starts_with('+'));
    let plan = if digits.len() == 10 { Plan::Japan } else { Plan::JapanLong };
    let start = digits.get(..START).and_then(|start| start.parse().ok());
    if known(plan, start, || is_valid(&digits, Region::JP)) {
        return Some((note, doubt));
    }
    // A number of the right shape that no carrier has been given: invented, mistyped, or newer than the plan.
    let shaped = digits.as_bytes().get(1).is_some_and(|&b| b != b'0') && !odd;
    ((headed || separated) && shaped).then_some((note, true))
}

/// A number of any country, `+` first; or one of North America, which only context makes one (`true`).
pub(super) fn international(value: &str) -> Option<bool> {
    let value = without_extension(value);
    if let Some(abroad) = value.strip_prefix('+') {
        let is_valid = || {
            PHONE_NUMBER_UTIL
                .parse(value, None)
                .ok()
                .filter(|number| number.country_code != 81)
                .is_some_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number))
        };
        let start = abroad.strip_prefix('1').and_then(american);
        return known(Plan::America, start, is_valid).then_some(false);
    }
    known(Plan::UnitedStates, american(value), || is_valid(value, Region::US)).then_some(true)
}

/// A number behind its label, as any country writes its own (`tél. 06 12 34 56 78`): where it stands in `value`, and whose
/// line the label says that it is. Nothing of a number that is Japan's, which has a detector of its own, or that is found
/// without a label.
pub(super) fn labelled(value: &str) -> Option<(Range<usize>, Note)> {
    const CARRIED: [&str; 8] = ["mob", "móvil", "cel", "handy", "whatsapp", "手机", "휴대", "text"];
    let start = value.find(|c: char| c.is_ascii_digit() || matches!(c, '(' | '+'))?;
    let number = value.get(start..)?;
    let label = value.get(..start)?.trim_end().to_lowercase();
    let somebodys = [" him ", " her ", " them "].iter().any(|word| label.contains(word));
    let carried = somebodys || CARRIED.iter().any(|word| label.starts_with(word));
    // `Phone 12345678` may be an order of telephones.
    let asked = !label.ends_with(char::is_alphabetic)
        || label.ends_with(" on")
        || label.ends_with(" at")
        || label.contains("number is");
    let told = asked || number.starts_with(['0', '(', '+']);
    let known = japanese(number, false).is_some_and(|(_, doubt)| !doubt)
        || is_japanese_abroad(number)
        || number.starts_with('+') && international(number).is_some();
    let note = if carried { Note::Mobile } else { Note::Landline };
    (told && !known && may_be_number(number)).then_some((start..value.len(), note))
}

/// Whether a value under a header that calls for telephones is one of another country, written as people do there.
pub(super) fn is_of_somewhere(value: &str) -> bool {
    let known = japanese(value, true).is_some_and(|(_, doubt)| !doubt) || is_japanese_abroad(value);
    !known && may_be_number(value)
}

fn is_japanese_abroad(number: &str) -> bool {
    number.starts_with("+81") || number.starts_with("0081")
}

/// Whether a value that is called a telephone number looks like one: 7 to 15 digits (E.164), which are no day and no sample.
fn may_be_number(value: &str) -> bool {
    let value = without_extension(value);
    let groups = || value.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    let digits = || value.bytes().filter(u8::is_ascii_digit);
    let written = value.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '+'));
    let is_year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    // With the time of day behind it as well.
    let day = || groups().take(3);
    let is_day = day().count() == 3 && day().any(is_year) && day().all(|group| group.len() <= 2 || is_year(group));
    let mut seen = [false; 10];
    digits().for_each(|digit| seen.get_mut(usize::from(digit - b'0')).into_iter().for_each(|seen| *seen = true));
    let different = seen.iter().filter(|seen| **seen).count();
    written && (7..=15).contains(&digits().count()) && different >= 3 && !is_day && groups().next() != Some("0000")
}

/// `650-253-0000 x45`, `650-253-0000 ext. 45`: the number.
fn without_extension(value: &str) -> &str {
    let at = value.find(['x', 'X', 'e', 'E']).unwrap_or(value.len());
    value.get(..at).unwrap_or(value).trim_end()
}

/// The first digits of a number of North America, if it is ten digits and what people put between them.
fn american(value: &str) -> Option<u32> {
    let (mut start, mut count) = (0, 0);
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' => {
                count += 1;
                if count <= START {
                    start = start * 10 + u32::from(byte - b'0');
                }
            }
            b' ' | b'-' | b'.' | b'(' | b')' => {}
            _ => return None,
        }
    }
    // A 1 before the area would be told twice.
    (count == 10 && start >= 2_000_000).then_some(start)
}

/// Whose numbers.
#[derive(Debug, Clone, Copy)]
enum Plan {
    America,
    UnitedStates,
    Japan,
    JapanLong,
}

/// So many digits decide: no plan here looks at those behind them.
const START: usize = 7;

/// What is known of a number by its first digits, or what `is_valid` says. To ask libphonenumber takes microseconds, and
/// in a list of people hundreds begin alike.
fn known(plan: Plan, start: Option<u32>, is_valid: impl FnOnce() -> bool) -> bool {
    const SLOTS: usize = 4_096;
    /// Which start this is, and what it is.
    static KNOWN: [AtomicU32; SLOTS] = [const { AtomicU32::new(0) }; SLOTS];
    let Some(start) = start else { return is_valid() };
    let key = start * 4 + plan as u32 + 1;
    let slot = usize::try_from(key.wrapping_mul(0x9E37_79B1) >> 20).ok().and_then(|slot| KNOWN.get(slot));
    let Some(slot) = slot else { return is_valid() };
    let before = slot.load(Ordering::Relaxed);
    if before >> 1 == key {
        return before & 1 == 1;
    }
    let valid = is_valid();
    slot.store(key << 1 | u32::from(valid), Ordering::Relaxed);
    valid
}

fn is_valid(value: &str, region: Region) -> bool {
    PHONE_NUMBER_UTIL
        .parse(value, Some(region))
        .ok()
        .is_some_and(|number| PHONE_NUMBER_UTIL.is_valid_number_for_region(&number, region))
}

/// The digits with their leading zero, whatever prefix they came with.
pub(super) fn national(value: &str, headed: bool) -> Option<String> {
    let abroad =
        value.strip_prefix("+81").or_else(|| value.strip_prefix("0081")).or_else(|| value.strip_prefix("(+81)"));
    let mut digits = String::with_capacity(12);
    if abroad.is_some() {
        digits.push('0');
    }
    for c in abroad.unwrap_or(value).chars() {
        match c {
            // `+81 (0)90`: the zero is told twice.
            '0' if abroad.is_some() && digits.len() == 1 && digits == "0" => {}
            '0'..='9' => digits.push(c),
            '-' | ' ' | '(' | ')' | '.' => {}
            _ => return None,
        }
        if digits.len() > 11 {
            return None;
        }
    }
    let lost = headed && !digits.starts_with('0') && matches!(digits.len(), 9 | 10);
    Some(if lost { format!("0{digits}") } else { digits })
        .filter(|digits| digits.starts_with('0') && digits.len() >= 10)
}

/// Groups as Japanese numbers are written: 03-1234-5678, 045-123-4567, 0466-12-3456, 090-1234-5678, 0120-123-456.
fn is_usual_shape(value: &str) -> bool {
    if value.starts_with(['+']) || value.starts_with("0081") {
        return true;
    }
    let (mut groups, mut count) = ([0_usize; 3], 0);
    for length in value.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|&length| length > 0) {
        let Some(group) = groups.get_mut(count) else { return false };
        *group = length;
        count += 1;
    }
    matches!(
        groups.get(..count).unwrap_or_default(),
        [2, 4, 4]
            | [3, 3, 4]
            | [4, 2, 4]
            | [5, 1, 4]
            | [3, 4, 4]
            | [4, 3, 3]
            | [4, 3, 4]
            | [4, 6]
            | [3, 8]
            | [2, 8]
            | [3, 7]
            | [4, 4, 2]
            | [6, 4]
            | [7, 4]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_numbers_in_all_their_forms() {
        for (value, note) in [
            ("090-1234-5678", Note::Mobile),
            ("09012345678", Note::Mobile),
            ("080 1234 5678", Note::Mobile),
            ("+81-90-1234-5678", Note::Mobile),
            ("+81 (0)90 1234 5678", Note::Mobile),
            ("0081-90-1234-5678", Note::Mobile),
            ("03-3580-3311", Note::Landline),
            ("(03)3580-3311", Note::Landline),
            ("0466-25-1111", Note::Landline),
            ("050-3123-4567", Note::Landline),
            ("0120-123-456", Note::Service),
            ("0570-064-556", Note::Service),
        ] {
            assert_eq!(japanese(value, false), Some((note, false)), "{value}");
        }
    }

    #[test]
    fn what_only_context_makes_a_number() {
        assert_eq!(japanese("0335803311", false), Some((Note::Landline, true)));
        assert_eq!(japanese("02-1234-5678", false), Some((Note::Landline, true)), "no such area yet");
        assert_eq!(japanese("9012345678", true), Some((Note::Mobile, false)));
        assert_eq!(japanese("9012345678", false), None);
        assert_eq!(international("212-555-0123"), international("212-555-0123"));
    }

    #[test]
    fn no_numbers() {
        for value in ["000-0000-0000", "2024-01-15", "123-4567", "0123", "090-1234-567", "00-1234-5678"] {
            assert_eq!(japanese(value, false), None, "{value}");
        }
    }

    #[test]
    fn the_first_digits_decide() {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut below = |count: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % count
        };
        let mut both = [0, 0];
        for _ in 0..4_000 {
            let start = 2_000_000 + below(8_000_000);
            let japanese = 1 + below(999_999);
            let mut all = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
            for _ in 0..4 {
                let tail = below(1_000);
                let abroad = PHONE_NUMBER_UTIL.parse(format!("+1{start}{tail:03}"), None);
                all[0].push(abroad.is_ok_and(|number| PHONE_NUMBER_UTIL.is_valid_number(&number)));
                all[1].push(is_valid(&format!("{start}{tail:03}"), Region::US));
                all[2].push(is_valid(&format!("0{japanese:06}{tail:03}"), Region::JP));
                all[3].push(is_valid(&format!("0{japanese:06}{:04}", tail * 10 + below(10)), Region::JP));
            }
            for plan in &all {
                assert!(plan.iter().all(|valid| *valid == plan[0]), "{start} {japanese}: {all:?}");
                both[usize::from(plan[0])] += 1;
            }
        }
        assert!(both.iter().all(|&count| count > 300), "{both:?}");
    }

    #[test]
    fn a_label_makes_a_number_of_any_country() {
        for (value, number, note) in [
            ("tél. 06 12 34 56 78", "06 12 34 56 78", Note::Landline),
            ("Telefon: 0171 1234567", "0171 1234567", Note::Landline),
            ("Mobile: 0490 39 07 81", "0490 39 07 81", Note::Mobile),
            ("Desk: +41 (0)85 806 98 67", "+41 (0)85 806 98 67", Note::Landline),
            ("my number is (0114) 496 0947", "(0114) 496 0947", Note::Landline),
            ("Office: (030) 901820", "(030) 901820", Note::Landline),
            ("Fax: 345-899-3560x4587", "345-899-3560x4587", Note::Landline),
            ("Phone: 72 128 827", "72 128 827", Note::Landline),
            ("call her at 0494 92 82 32", "0494 92 82 32", Note::Mobile),
            ("手机:13812345678", "13812345678", Note::Mobile),
        ] {
            let (range, found) = labelled(value).unwrap_or_else(|| panic!("{value}"));
            assert_eq!((&value[range], found), (number, note), "{value}");
        }
        for value in [
            "Office: 2019-11-30",
            "Tel: 000-0000-0000",
            "Phone 12345678",
            "Mobile 2000-1234-99",
            "Mobile: 1.2.3",
            "TEL: 03-3580-3311",
            "Tel. +1 650-253-0000",
            "Tel 0081 90 1234 5678",
            "Phone: 11.12.2026",
            "text on 2026-11-30 10",
        ] {
            assert_eq!(labelled(value), None, "{value}");
        }
    }

    #[test]
    fn other_countries() {
        assert_eq!(international("+1 650-253-0000"), Some(false));
        assert_eq!(international("+44 20 7031 3000"), Some(false));
        assert_eq!(international("+81 90 1234 5678"), None, "Japan has its own detector");
        assert_eq!(international("+999 123"), None);
        assert_eq!(international("650-253-0000"), Some(true));
    }
}
