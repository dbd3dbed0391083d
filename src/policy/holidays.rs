//! The national holidays of Japan, computed by law (国民の祝日に関する法律, Act 178 of 1948, as amended to 2018).
//!
//! In: a day. Out: whether it is a holiday, or that nobody can tell: the law as it stands is applied from 2016 (when
//! Mountain Day began) to 2099 (as far as the formula for the equinoxes goes), with what special laws moved in 2019,
//! 2020 and 2021. Computed rather than taken from a crate: those that there are carry a list of years, and cannot say
//! that a year is beyond it. The equinoxes of a year are announced in February of the year before; the formula is the
//! observatory's, and agreed so far.
//! Deliberately absent: days off that are no holidays (end of year, Obon); an organisation writes its own.

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// The years for which holidays are known.
const KNOWN: std::ops::RangeInclusive<i16> = 2016..=2099;

/// Whether `day` is a holiday; nothing for a year whose holidays nobody knows.
pub fn is_holiday(day: Date) -> Option<bool> {
    if !KNOWN.contains(&day.year()) {
        return None;
    }
    Some(by_law(day) || is_substitute(day) || is_between(day))
}

/// A holiday of Article 2, or of a special law.
fn by_law(day: Date) -> bool {
    let (year, month, dom) = (day.year(), day.month(), day.day());
    let monday = |nth: i8| day.weekday() == Weekday::Monday && (dom - 1) / 7 + 1 == nth;
    match (month, dom) {
        (1, 1) | (2, 11) | (4, 29) | (5, 3..=5) | (11, 3 | 23) => true,
        (1, _) => monday(2),
        (2, 23) => year >= 2020,
        (12, 23) => year <= 2018,
        (3, _) => dom == equinox(year, 20.8431),
        // The enthronement.
        (5, 1) | (10, 22) if year == 2019 => true,
        (7, _) => match year {
            2020 => matches!(dom, 23 | 24),
            2021 => matches!(dom, 22 | 23),
            _ => monday(3),
        },
        (8, _) => match year {
            2020 => dom == 10,
            2021 => dom == 8,
            _ => dom == 11,
        },
        (9, _) => monday(3) || dom == equinox(year, 23.2488),
        (10, _) => !matches!(year, 2020 | 2021) && monday(2),
        _ => false,
    }
}

/// The day of the month of an equinox, from 1980 to 2099.
#[expect(clippy::cast_possible_truncation, reason = "a day of a month")]
fn equinox(year: i16, base: f64) -> i8 {
    let years = f64::from(year - 1980);
    (base + 0.242_194 * years - (years / 4.0).floor()).floor() as i8
}

/// Article 3-2: a holiday on a Sunday gives the next day that is no holiday.
fn is_substitute(day: Date) -> bool {
    let mut before = day;
    while let Ok(yesterday) = before.yesterday() {
        if by_law(day) || !by_law(yesterday) {
            return false;
        }
        if yesterday.weekday() == Weekday::Sunday {
            return true;
        }
        before = yesterday;
    }
    false
}

/// Article 3-3: a day between two holidays.
fn is_between(day: Date) -> bool {
    let near = |days: i64| day.checked_add(days.days()).is_ok_and(by_law);
    !by_law(day) && near(-1) && near(1)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn all_of(year: i16) -> Vec<(i8, i8)> {
        let first = date(year, 1, 1);
        let days = first.series(1.day()).take_while(|day| day.year() == year);
        days.filter(|day| is_holiday(*day) == Some(true)).map(|day| (day.month(), day.day())).collect()
    }

    /// As the Cabinet Office lists them.
    #[test]
    fn the_holidays_that_were_announced() {
        for (year, days) in [
            (2016, "1/1 1/11 2/11 3/20 3/21 4/29 5/3 5/4 5/5 7/18 8/11 9/19 9/22 10/10 11/3 11/23 12/23"),
            (2018, "1/1 1/8 2/11 2/12 3/21 4/29 4/30 5/3 5/4 5/5 7/16 8/11 9/17 9/23 9/24 10/8 11/3 11/23 12/23 12/24"),
            (
                2019,
                "1/1 1/14 2/11 3/21 4/29 4/30 5/1 5/2 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/23 10/14 10/22 11/3 11/4 11/23",
            ),
            (2020, "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/23 7/24 8/10 9/21 9/22 11/3 11/23"),
            (2021, "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9 9/20 9/23 11/3 11/23"),
            (2022, "1/1 1/10 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/18 8/11 9/19 9/23 10/10 11/3 11/23"),
            (2023, "1/1 1/2 1/9 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/17 8/11 9/18 9/23 10/9 11/3 11/23"),
            (
                2024,
                "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 11/3 11/4 11/23",
            ),
            (2025, "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24"),
            (2026, "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23"),
            (2027, "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23"),
        ] {
            let found: Vec<String> = all_of(year).iter().map(|(month, day)| format!("{month}/{day}")).collect();
            assert_eq!(found.join(" "), days, "{year}");
        }
    }

    #[test]
    fn of_other_years_nobody_knows() {
        assert_eq!((is_holiday(date(2015, 5, 3)), is_holiday(date(2100, 1, 1))), (None, None));
        assert_eq!((is_holiday(date(2016, 1, 1)), is_holiday(date(2099, 1, 2))), (Some(true), Some(false)));
    }
}
