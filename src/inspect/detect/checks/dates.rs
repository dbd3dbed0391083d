//! Days on which somebody could be born.
//!
//! In: a date as written, Western or of a Japanese era (`1980年1月2日`, `昭和55年1月2日`, `S55.1.2`, `2 January 1980`).
//! Out: whether the calendar has it and nobody born then would be 150 years old. Deliberately absent: the clock, so a
//! birth date may lie some years ahead.

/// Whether `value` is such a date.
pub(super) fn is_birth_date(value: &str) -> bool {
    day(value).is_some_and(|(year, month, day)| (1880..=2045).contains(&year) && is_day(year, month, day))
}

/// Whether the calendar has this day.
pub(super) fn is_day(year: u32, month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day)
}

/// As [`is_birth_date`], for a whole cell: a time may follow, eight digits and a spreadsheet's day number will do.
pub(super) fn is_birth_date_cell(value: &str) -> bool {
    let date = value.split_once(['T', ' ']).filter(|(_, time)| time.contains(':')).map_or(value, |(date, _)| date);
    if is_birth_date(date) {
        return true;
    }
    let number = value.strip_suffix(".0").unwrap_or(value);
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    match (number.len(), number.parse::<u32>()) {
        // Excel counts days from 1900: 3,654 is 1910, 50,000 is 2036.
        (4 | 5, Ok(days)) => (3_654..50_000).contains(&days),
        (8, Ok(n)) => is_birth_date(&format!("{}-{}-{}", n / 10_000, n / 100 % 100, n % 100)),
        _ => false,
    }
}

/// The day as a number (19800102), whichever calendar it is written in.
pub(in super::super) fn born(value: &str) -> Option<u32> {
    let date = value.split_once(['T', ' ']).filter(|(_, time)| time.contains(':')).map_or(value, |(date, _)| date);
    if let Some((year, month, day)) = day(date) {
        return Some(year * 10_000 + month * 100 + day);
    }
    let number = date.strip_suffix(".0").unwrap_or(date);
    if number.len() == 8 { number.parse().ok() } else { None }
}

fn day(value: &str) -> Option<(u32, u32, u32)> {
    let value = value.trim();
    let era = ERAS.iter().find_map(|(name, first, last)| {
        let rest = value.strip_prefix(name)?;
        rest.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '元').then_some((rest, *first, *last))
    });
    if let Some((rest, first, last)) = era {
        let rest = rest.replace('元', "1");
        let [year, month, day] = three(&rest)?;
        return (year >= 1 && year <= last - first + 1).then_some((first + year - 1, month, day));
    }
    if let Some(named) = named_month(value) {
        return Some(named);
    }
    let [a, b, c] = three(value)?;
    if a > 31 {
        return Some((a, b, c));
    }
    // 01/02/1980: which is the month does not matter, as long as one can be.
    (c > 31).then_some(if a > 12 { (c, b, a) } else { (c, a, b) })
}

/// `2 January 1980`, `January 2, 1980`, `Jan. 2 1980`.
fn named_month(value: &str) -> Option<(u32, u32, u32)> {
    // Most dates are digits alone, and a sheet has a million of them.
    if !value.bytes().any(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let lower = value.to_ascii_lowercase();
    let month = (1u32..).zip(MONTHS).find(|(_, name)| lower.contains(name)).map(|(number, _)| number)?;
    let numbers: Vec<u32> = lower.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    match numbers.as_slice() {
        &[day, year] => Some((year, month, day)),
        _ => None,
    }
}

fn three(value: &str) -> Option<[u32; 3]> {
    let mut parts = value.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).map(str::parse);
    let three = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    parts.next().is_none().then_some(three)
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Name, first year, last year. 明治 is there for the oldest records.
const ERAS: [(&str, u32, u32); 15] = [
    ("令和", 2019, 2045),
    ("平成", 1989, 2019),
    ("昭和", 1926, 1989),
    ("大正", 1912, 1926),
    ("明治", 1868, 1912),
    ("R", 2019, 2045),
    ("H", 1989, 2019),
    ("S", 1926, 1989),
    ("T", 1912, 1926),
    ("M", 1868, 1912),
    ("r", 2019, 2045),
    ("h", 1989, 2019),
    ("s", 1926, 1989),
    ("t", 1912, 1926),
    ("m", 1868, 1912),
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_either_calendar() {
        for date in [
            "1980年1月2日",
            "1980/01/02",
            "1980-1-2",
            "1980.1.2",
            "昭和55年1月2日",
            "平成元年5月6日",
            "S55.1.2",
            "H1/5/6",
            "令和 3年 4月 5日",
            "2 January 1980",
            "January 2, 1980",
            "01/02/1980",
            "31/12/1980",
            "2000-02-29",
        ] {
            assert!(is_birth_date(date), "{date}");
        }
        for no in [
            "1980年13月2日",
            "1980-02-30",
            "昭和99年1月1日",
            "1900-02-29",
            "1700-01-01",
            "1.2.3",
            "S55",
            "2100/1/1",
            "日",
        ] {
            assert!(!is_birth_date(no), "{no}");
        }
    }

    #[test]
    fn one_day_is_one_number() {
        for date in
            ["1980年1月2日", "1980/01/02", "1980-01-02 00:00:00", "昭和55年1月2日", "S55.1.2", "19800102", "2 Jan 1980"]
        {
            assert_eq!(born(date), Some(19_800_102), "{date}");
        }
        assert_eq!((born("29222"), born("none")), (None, None));
    }

    #[test]
    fn cells_hold_times_and_day_numbers() {
        for date in ["1980-01-02 00:00:00", "1980-01-02T00:00:00", "19800102", "29222", "1980/1/2"] {
            assert!(is_birth_date_cell(date), "{date}");
        }
        for no in ["99999", "19801302", "12", "none"] {
            assert!(!is_birth_date_cell(no), "{no}");
        }
    }
}
