//! Business days and hours.
//!
//! In: `[calendar]` of sekisho.toml, and moments of the organisation's own clock. Out: whether a moment is business, and
//! how long business takes. A business day is Monday to Friday, no national holiday and none of the organisation's days
//! off. Whether a weekday of a year without a calendar (see `holidays`) is a holiday is unknown; where a length of time
//! must be found all the same, it counts as a business day, so that a deadline never moves away for years.
//! Deliberately absent: the clock and time zones; a moment comes as the date and time that people read.

use std::collections::BTreeSet;

use jiff::{
    SignedDuration, Unit,
    civil::{Date, DateTime, Time, Weekday},
};

use super::{holidays::is_holiday, truth::Truth};

/// An organisation's calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// When business begins and ends.
    pub hours: Hours,
    /// Days off beside the national holidays.
    pub days_off: BTreeSet<Date>,
}

/// From one time of day to another, which may be the next morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from: Time,
    /// Exclusive; midnight at the end of the day if equal to `MIDNIGHT`.
    to: Time,
}

const MIDNIGHT: Time = Time::constant(0, 0, 0, 0);

/// No deadline is so far away that more days need to be looked at.
const FARTHEST: usize = 4_000;

impl Default for Calendar {
    fn default() -> Self {
        let hours = Hours { from: Time::constant(9, 0, 0, 0), to: Time::constant(18, 0, 0, 0) };
        Self { hours, days_off: BTreeSet::new() }
    }
}

impl Hours {
    /// Reads `09:00-18:00`, `22:00-05:00` or `13:00-24:00`.
    ///
    /// # Errors
    /// It is none of those; and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time of day; write two times, as in \"09:00-18:00\"");
        let time = |text: &str| -> Option<Time> {
            let (hour, minute) = text.split_once(':')?;
            let number = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok())?;
            match (number(hour)?, number(minute)?) {
                (24, 0) => Some(MIDNIGHT),
                (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
            }
        };
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let hours = Self { from: time(from).ok_or_else(wrong)?, to: time(to).ok_or_else(wrong)? };
        if hours.from == hours.to && hours.from != MIDNIGHT {
            return Err(format!("`{text}` is no time at all; write two different times"));
        }
        Ok(hours)
    }

    /// Whether they go past midnight.
    pub(super) fn past_midnight(self) -> bool {
        self.to != MIDNIGHT && self.to < self.from
    }

    pub(super) fn contain(self, time: Time) -> bool {
        let (after, before) = (time >= self.from, self.to == MIDNIGHT || time < self.to);
        if self.past_midnight() { after || before } else { after && before }
    }

    /// Seconds of one day, for hours of one day.
    fn seconds_from(self, time: Time) -> i64 {
        let second =
            |time: Time| i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let end = if self.to == MIDNIGHT { 86_400 } else { second(self.to) };
        (end - second(time).max(second(self.from))).max(0)
    }
}

impl Calendar {
    /// Whether business is done on `day`.
    pub(super) fn is_workday(&self, day: Date) -> Truth {
        if self.days_off.contains(&day) || matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return Truth::False;
        }
        is_holiday(day).map_or(Truth::Unknown, |holiday| Truth::from(!holiday))
    }

    /// The same where somebody must say: a weekday of a year without a calendar is one.
    pub fn is_business_day(&self, day: Date) -> bool {
        self.works(day)
    }

    /// Whether `at` is in business hours of a business day.
    pub(super) fn is_business(&self, at: DateTime) -> Truth {
        Truth::from(self.hours.contain(at.time())).and(self.is_workday(at.date()))
    }

    /// From `at` to the same time of day, `days` business days later; on a day off, as if it had come when the next
    /// business day begins.
    pub(super) fn business_days(&self, at: DateTime, days: u32) -> SignedDuration {
        let (mut day, mut time) = (at.date(), at.time());
        if !self.works(day) {
            time = self.hours.from;
        }
        let mut left = days;
        for _ in 0..FARTHEST {
            if self.works(day) {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            while !self.works(day) {
                let Ok(next) = day.tomorrow() else { break };
                day = next;
            }
        }
        since(at, day.to_datetime(time))
    }

    /// From `at` until so many hours of business have passed.
    pub(super) fn business_hours(&self, at: DateTime, hours: u32) -> SignedDuration {
        let mut left = i64::from(hours) * 3_600;
        let (mut day, mut time) = (at.date(), at.time());
        for _ in 0..FARTHEST {
            if self.works(day) {
                let today = self.hours.seconds_from(time);
                if today >= left {
                    let begin = time.max(self.hours.from);
                    let end = day.to_datetime(begin).saturating_add(SignedDuration::from_secs(left));
                    return since(at, end);
                }
                left -= today;
            }
            let Ok(next) = day.tomorrow() else { break };
            (day, time) = (next, MIDNIGHT);
        }
        since(at, day.to_datetime(MIDNIGHT))
    }

    fn works(&self, day: Date) -> bool {
        self.is_workday(day) != Truth::False
    }
}

fn since(from: DateTime, to: DateTime) -> SignedDuration {
    let seconds = from.until((Unit::Second, to)).map_or(0, |span| span.get_seconds());
    SignedDuration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(month: i8, day: i8, hour: i8) -> DateTime {
        date(2026, month, day).at(hour, 0, 0, 0)
    }

    fn hours(text: &str) -> Hours {
        Hours::parse(text).unwrap()
    }

    #[test]
    fn times_of_day() {
        let noon = Time::constant(12, 0, 0, 0);
        let night = Time::constant(23, 30, 0, 0);
        for (text, at_noon, at_night) in [
            ("09:00-18:00", true, false),
            ("22:00-05:00", false, true),
            ("13:00-24:00", false, true),
            ("00:00-24:00", true, true),
            ("09:00-12:00", false, false),
            ("12:00-12:01", true, false),
        ] {
            assert_eq!((hours(text).contain(noon), hours(text).contain(night)), (at_noon, at_night), "{text}");
        }
        for wrong in ["", "9-18", "9:00-18:00", "09:00", "09:00-25:00", "09:60-10:00", "12:00-12:00", "09:00〜18:00"] {
            assert!(Hours::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn weekends_holidays_and_own_days_off_are_no_business() {
        let calendar = Calendar { days_off: BTreeSet::from([date(2026, 12, 29)]), ..Calendar::default() };
        for (moment, business) in [
            (at(11, 27, 10), Truth::True),
            (at(11, 27, 18), Truth::False),
            (at(11, 28, 10), Truth::False),
            (at(11, 23, 10), Truth::False),
            (at(12, 29, 10), Truth::False),
            (at(12, 30, 10), Truth::True),
            (date(2150, 1, 2).at(10, 0, 0, 0), Truth::Unknown),
            (date(2150, 1, 2).at(8, 0, 0, 0), Truth::False),
            (date(2150, 1, 3).at(10, 0, 0, 0), Truth::False),
        ] {
            assert_eq!(calendar.is_business(moment), business, "{moment}");
        }
    }

    #[test]
    fn deadlines_pass_over_days_off() {
        let calendar = Calendar::default();
        let ends = |from: DateTime, wait: SignedDuration| from.saturating_add(wait);
        // Friday evening; Monday, 23 November, is a holiday.
        for (from, days, end) in [
            (at(11, 20, 17), 1, at(11, 24, 17)),
            (at(11, 20, 17), 2, at(11, 25, 17)),
            (at(11, 21, 12), 0, at(11, 24, 9)),
            (at(11, 22, 3), 1, at(11, 25, 9)),
            (at(11, 24, 10), 0, at(11, 24, 10)),
        ] {
            assert_eq!(ends(from, calendar.business_days(from, days)), end, "{from} and {days} days");
        }
        for (from, hours, end) in [
            (at(11, 20, 17), 1, at(11, 20, 18)),
            (at(11, 20, 17), 2, at(11, 24, 10)),
            (at(11, 20, 7), 9, at(11, 20, 18)),
            (at(11, 21, 12), 9, at(11, 24, 18)),
            (at(11, 20, 19), 1, at(11, 24, 10)),
        ] {
            assert_eq!(ends(from, calendar.business_hours(from, hours)), end, "{from} and {hours} hours");
        }
    }

    #[test]
    fn a_year_without_a_calendar_has_weekends_and_deadlines_all_the_same() {
        let calendar = Calendar::default();
        let friday = date(2150, 1, 2).at(10, 0, 0, 0);
        assert_eq!(calendar.business_days(friday, 1), SignedDuration::from_hours(72));
        assert_eq!(calendar.is_workday(friday.date()), Truth::Unknown);
        let off = Calendar { days_off: BTreeSet::from([date(2150, 1, 5)]), ..Calendar::default() };
        assert_eq!(off.business_days(friday, 1), SignedDuration::from_hours(96));
    }
}
