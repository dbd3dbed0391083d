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
        (8, Ok(_)) => is_birth_date(number),
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
    // A sheet has a million dates in figures, and no era begins with one.
    let figures = value.starts_with(|c: char| c.is_ascii_digit());
    let era = ERAS.iter().filter(|_| !figures).find_map(|era| {
        let rest = era.names.iter().find_map(|name| value.strip_prefix(name))?;
        rest.trim_start_matches([' ', '.']).starts_with(is_numeral).then_some((rest, era))
    });
    if let Some((rest, era)) = era {
        let [year, month, day] = three(rest)?;
        let date = (era.first.0 + year.checked_sub(1)?, month, day);
        return (era.first..=era.last).contains(&date).then_some(date);
    }
    if let Some(named) = named_month(value) {
        return Some(named);
    }
    let [a, b, c] = three(value).or_else(|| eight(value))?;
    if a > 31 {
        return Some((a, b, c));
    }
    // 01/02/1980: which is the month does not matter, as long as one can be.
    (c > 31).then_some(if a > 12 { (c, b, a) } else { (c, a, b) })
}

/// `19800102`.
fn eight(value: &str) -> Option<[u32; 3]> {
    let number: u32 = value.parse().ok().filter(|_| value.len() == 8)?;
    Some([number / 10_000, number / 100 % 100, number % 100])
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

/// The three numbers of a date, in figures or in kanji; 元 is the first year.
fn three(value: &str) -> Option<[u32; 3]> {
    let mut parts = value.split(|c: char| !is_numeral(c)).filter(|part| !part.is_empty()).map(number);
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && "元〇一二三四五六七八九十".contains(c))
}

/// `12`, `元`, `十二`, `六十`, `二〇`.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    if text == "元" {
        return Some(1);
    }
    let digit = |c: char| "〇一二三四五六七八九".chars().position(|known| known == c);
    let digit = |c: char| digit(c).and_then(|digit| u32::try_from(digit).ok());
    let (mut tens, mut ones) = (None, None);
    for c in text.chars() {
        match (c, digit(c)) {
            ('十', _) if tens.is_none() => tens = Some(ones.take().unwrap_or(1)),
            (_, Some(digit)) => ones = Some(ones.unwrap_or(0) * 10 + digit),
            _ => return None,
        }
    }
    (text.chars().count() <= 4).then_some(tens.unwrap_or(0) * 10 + ones.unwrap_or(0))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// An era: what it is called, and its first and its last day. A day on which one ended belongs to both.
struct Era {
    names: [&'static str; 4],
    first: (u32, u32, u32),
    last: (u32, u32, u32),
}

/// Era Name Act and the orders of 1912, 1926, 1989 and 2019. 明治 is there for the oldest records; 令和 is open.
const ERAS: [Era; 5] = [
    Era { names: ["令和", "令", "R", "r"], first: (2019, 5, 1), last: (2045, 12, 31) },
    Era { names: ["平成", "平", "H", "h"], first: (1989, 1, 8), last: (2019, 4, 30) },
    Era { names: ["昭和", "昭", "S", "s"], first: (1926, 12, 25), last: (1989, 1, 7) },
    Era { names: ["大正", "大", "T", "t"], first: (1912, 7, 30), last: (1926, 12, 25) },
    Era { names: ["明治", "明", "M", "m"], first: (1868, 1, 25), last: (1912, 7, 30) },
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
    fn an_era_has_its_first_and_its_last_day() {
        for date in [
            "昭和64年1月7日",
            "平成元年1月8日",
            "H31.4.30",
            "令和元年5月1日",
            "大正15年12月25日",
            "昭和元年12月25日",
            "M45.7.30",
        ] {
            assert!(is_birth_date(date), "{date}");
        }
        for no in [
            "昭和64年1月8日",
            "平成元年1月7日",
            "平成31年5月1日",
            "H32.1.1",
            "令和元年4月30日",
            "大正16年1月1日",
            "昭和元年1月1日",
        ] {
            assert!(!is_birth_date(no), "{no}");
        }
    }

    #[test]
    fn numbers_may_be_kanji() {
        for date in
            ["昭和六十年一月二日", "平成二年十二月三十一日", "昭60.1.2", "一九八五年一月二日", "S.60.1.2", "19850102"]
        {
            assert!(is_birth_date(date), "{date}");
        }
        for no in ["昭和六十年十三月二日", "19851302", "昭和百年一月二日"] {
            assert!(!is_birth_date(no), "{no}");
        }
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
