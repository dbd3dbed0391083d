//! Times as people type them, on the command line and in the console.
//!
//! In: a text, the organisation's time zone, the time. Out: a moment. Deliberately absent: words like "last Tuesday".

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, ToSpan, Zoned, civil, tz::TimeZone};

/// A time as it is typed; what it means depends on the time zone, which stands in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// `2026-11-29T17:00:00+09:00`
    At(Timestamp),
    /// `2026-11-29T17:00`, `2026-11-29 17:00`
    Local(civil::DateTime),
    /// `2026-11-29`, `today`, `yesterday`
    Day(Day),
    /// `30d`: so long ago
    Ago(SignedDuration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// This one.
    On(civil::Date),
    /// So many days before today.
    Before(i32),
}

/// What is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// It cannot be read.
    #[error(
        "a time is 2026-11-29, 2026-11-29T17:00, 2026-11-29T17:00:00+09:00, today, yesterday, or so long ago: 30m, 12h, \
         30d, 2w"
    )]
    Unknown,
    /// There is no such day.
    #[error("the time is beyond what can be counted; give a nearer one")]
    Beyond,
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text {
            "today" => return Ok(Self::Day(Day::Before(0))),
            "yesterday" => return Ok(Self::Day(Day::Before(1))),
            _ => {}
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        if let Some(span) = ago(text) {
            return Ok(Self::Ago(span));
        }
        // A date alone is a date-time too, at midnight.
        if text.len() <= "2026-11-29".len() {
            return text.parse().map(|date| Self::Day(Day::On(date))).map_err(|_| MomentError::Unknown);
        }
        text.parse().map(Self::Local).map_err(|_| MomentError::Unknown)
    }
}

/// `30m`, `12h`, `30d`, `2w`.
fn ago(text: &str) -> Option<SignedDuration> {
    let (unit, seconds) = match text.chars().last()? {
        'm' => ('m', 60),
        'h' => ('h', 3_600),
        'd' => ('d', 86_400),
        'w' => ('w', 7 * 86_400),
        _ => return None,
    };
    let count: i64 = text.strip_suffix(unit)?.trim_end().parse().ok().filter(|count| *count >= 0)?;
    count.checked_mul(seconds).map(SignedDuration::from_secs)
}

impl Moment {
    /// The moment from which on something counts; a day counts from its beginning.
    ///
    /// # Errors
    /// There is no such day.
    pub fn since(&self, now: &Zoned) -> Result<Timestamp, MomentError> {
        self.begins(now)
    }

    /// The moment from which on nothing counts any more; a day counts to its end.
    ///
    /// # Errors
    /// There is no such day.
    pub fn until(&self, now: &Zoned) -> Result<Timestamp, MomentError> {
        match self {
            Self::Day(_) => {
                let date = self.day(now)?.checked_add(1.day()).map_err(beyond)?;
                midnight(date, now.time_zone())
            }
            Self::At(_) | Self::Local(_) | Self::Ago(_) => self.begins(now),
        }
    }

    /// The day that it is on.
    ///
    /// # Errors
    /// There is no such day.
    pub fn day(&self, now: &Zoned) -> Result<civil::Date, MomentError> {
        match self {
            Self::Day(Day::On(date)) => Ok(*date),
            Self::Day(Day::Before(days)) => now.date().checked_sub(days.days()).map_err(beyond),
            Self::At(_) | Self::Local(_) | Self::Ago(_) => {
                Ok(self.begins(now)?.to_zoned(now.time_zone().clone()).date())
            }
        }
    }

    /// Whether it says more than a day.
    pub fn has_time(&self) -> bool {
        !matches!(self, Self::Day(_))
    }

    fn begins(&self, now: &Zoned) -> Result<Timestamp, MomentError> {
        match self {
            Self::At(at) => Ok(*at),
            Self::Local(at) => Ok(at.to_zoned(now.time_zone().clone()).map_err(beyond)?.timestamp()),
            Self::Day(_) => midnight(self.day(now)?, now.time_zone()),
            Self::Ago(span) => now.timestamp().checked_sub(*span).map_err(beyond),
        }
    }
}

fn midnight(date: civil::Date, zone: &TimeZone) -> Result<Timestamp, MomentError> {
    Ok(date.to_zoned(zone.clone()).map_err(beyond)?.timestamp())
}

fn beyond(_: jiff::Error) -> MomentError {
    MomentError::Beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_organisation() {
        let now: Zoned = "2026-11-30T08:30:00+09:00[Asia/Tokyo]".parse().unwrap();
        for (text, since, until) in [
            ("2026-11-29", "2026-11-28T15:00:00Z", "2026-11-29T15:00:00Z"),
            ("today", "2026-11-29T15:00:00Z", "2026-11-30T15:00:00Z"),
            ("yesterday", "2026-11-28T15:00:00Z", "2026-11-29T15:00:00Z"),
            ("2026-11-29T17:00", "2026-11-29T08:00:00Z", "2026-11-29T08:00:00Z"),
            ("2026-11-29 17:00:30", "2026-11-29T08:00:30Z", "2026-11-29T08:00:30Z"),
            ("2026-11-29T17:00:00Z", "2026-11-29T17:00:00Z", "2026-11-29T17:00:00Z"),
            ("30m", "2026-11-29T23:00:00Z", "2026-11-29T23:00:00Z"),
            ("2d", "2026-11-27T23:30:00Z", "2026-11-27T23:30:00Z"),
            ("1w", "2026-11-22T23:30:00Z", "2026-11-22T23:30:00Z"),
        ] {
            let moment: Moment = text.parse().unwrap();
            let (begins, ends) = (moment.since(&now).unwrap(), moment.until(&now).unwrap());
            assert_eq!((begins.to_string().as_str(), ends.to_string().as_str()), (since, until), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        for text in ["", "soon", "2026-13-01", "-3d", "d", "99999999999999999999d", "2026-11-29T25:00"] {
            text.parse::<Moment>().unwrap_err();
        }
        let now: Zoned = "2026-11-30T08:30:00+09:00[Asia/Tokyo]".parse().unwrap();
        "9999999999d".parse::<Moment>().unwrap().since(&now).unwrap_err();
    }
}
