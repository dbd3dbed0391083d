//! Conditions on when a mail is sent.
//!
//! In: a `time` table. Out: a [`Truth`], by the organisation's calendar. Deliberately absent: the calendar (`calendar`).

use jiff::civil::{DateTime, Weekday};
use serde::{Deserialize, Deserializer, de};

use super::{
    calendar::{Calendar, Hours},
    holidays::is_holiday,
    truth::Truth,
};

/// When; every key that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Moment {
    /// On one of these days.
    pub(super) days: Option<Vec<Day>>,
    /// At this time of day.
    #[serde(deserialize_with = "hours")]
    pub(super) between: Option<Hours>,
    /// In business hours, or outside of them.
    pub(super) business_hours: Option<bool>,
}

/// A day as rules call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
    /// Business is done.
    Workday,
    /// No business is done: a weekend, a holiday, a day off of the organisation.
    #[serde(rename = "day_off")]
    Off,
    /// A national holiday.
    Holiday,
}

impl Moment {
    pub(super) fn hold(&self, at: DateTime, calendar: &Calendar) -> Truth {
        let days =
            self.days.as_ref().map_or(Truth::True, |days| Truth::any(days.iter().map(|day| day.is(at, calendar))));
        let between = Truth::from(self.between.is_none_or(|hours| hours.contain(at.time())));
        let business = self.business_hours.map_or(Truth::True, |business| {
            let now = calendar.is_business(at);
            if business { now } else { !now }
        });
        days.and(between).and(business)
    }

    pub(super) fn asks_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Day {
    fn is(self, at: DateTime, calendar: &Calendar) -> Truth {
        let weekday = |day: Weekday| Truth::from(at.date().weekday() == day);
        match self {
            Self::Mon => weekday(Weekday::Monday),
            Self::Tue => weekday(Weekday::Tuesday),
            Self::Wed => weekday(Weekday::Wednesday),
            Self::Thu => weekday(Weekday::Thursday),
            Self::Fri => weekday(Weekday::Friday),
            Self::Sat => weekday(Weekday::Saturday),
            Self::Sun => weekday(Weekday::Sunday),
            Self::Workday => calendar.is_workday(at.date()),
            Self::Off => !calendar.is_workday(at.date()),
            Self::Holiday => is_holiday(at.date()).map_or(Truth::Unknown, Truth::from),
        }
    }
}

fn hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Hours>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Hours::parse(&text).map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let hold = |moment: &str, at: &str| {
            let moment: Moment = toml::from_str(moment).unwrap();
            moment.hold(at.parse().unwrap(), &Calendar::default())
        };
        for (moment, at, expected) in [
            ("days = [\"sat\", \"sun\"]", "2026-11-29T10:00", Truth::True),
            ("days = [\"mon\"]", "2026-11-29T10:00", Truth::False),
            ("days = [\"holiday\"]", "2026-11-23T10:00", Truth::True),
            ("days = [\"holiday\"]", "2150-11-24T10:00", Truth::Unknown),
            ("days = [\"day_off\"]", "2150-11-22T10:00", Truth::True),
            ("days = [\"workday\"]", "2026-11-24T10:00", Truth::True),
            ("between = \"22:00-05:00\"", "2026-11-24T04:59", Truth::True),
            ("business_hours = false", "2026-11-24T08:59", Truth::True),
            ("business_hours = false", "2026-11-23T10:00", Truth::True),
            ("business_hours = true", "2026-11-24T09:00", Truth::True),
            ("business_hours = true\ndays = [\"mon\"]", "2026-11-24T09:00", Truth::False),
            ("business_hours = false", "2150-11-24T10:00", Truth::Unknown),
        ] {
            assert_eq!(hold(moment, at), expected, "{moment} at {at}");
        }
    }
}
