//! Telephone numbers.
//!
//! In: a candidate as written. Out: whether it is a number of Japan's plan, and whose kind of line it is; or of any
//! country's plan. Mobile numbers are told by their shape (MIC's numbering plan: 060, 070, 080, 090 and eight
//! digits), the rest by a port of libphonenumber.

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
    fn other_countries() {
        assert_eq!(international("+1 650-253-0000"), Some(false));
        assert_eq!(international("+44 20 7031 3000"), Some(false));
        assert_eq!(international("+81 90 1234 5678"), None, "Japan has its own detector");
        assert_eq!(international("+999 123"), None);
        assert_eq!(international("650-253-0000"), Some(true));
    }
}
