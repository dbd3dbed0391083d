//! How long something may take, on the clock or in business time.
//!
//! In: `48h`, `2 business days`. Out: a [`Wait`], and how many seconds that is from a time of day on.
//! Deliberately absent: when business is done (`calendar`).

use jiff::{SignedDuration, civil::DateTime};

use super::calendar::Calendar;
use crate::written;

/// How often somebody is reminded of one mail.
const REMINDERS: usize = 3;

/// How long something may take, on the clock or in business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// On the clock.
    Seconds(u32),
    /// To the same time of day, so many business days later.
    BusinessDays(u32),
    /// Until so many hours of business have passed.
    BusinessHours(u32),
}

impl Wait {
    /// Reads `48h`, `2 business days` or `16 business hours`.
    ///
    /// # Errors
    /// It is none of those; and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let business = |unit: &str| -> Option<u32> {
            let number = text.strip_suffix(unit).or_else(|| text.strip_suffix(unit.trim_end_matches('s')))?;
            number.trim_end().parse().ok().filter(|number| (1..=1_000).contains(number))
        };
        if let Some(days) = business("business days") {
            return Ok(Self::BusinessDays(days));
        }
        if let Some(hours) = business("business hours") {
            return Ok(Self::BusinessHours(hours));
        }
        seconds(text).map(Self::Seconds).map_err(|_| {
            format!(
                "`{text}` is no length of time; write \"48h\", \"2 business days\" or \"16 business hours\", at most 366d"
            )
        })
    }

    /// In seconds, from `at` on.
    pub fn after(self, at: DateTime, calendar: &Calendar) -> u32 {
        let wait = match self {
            Self::Seconds(seconds) => return seconds,
            Self::BusinessDays(days) => calendar.business_days(at, days),
            Self::BusinessHours(hours) => calendar.business_hours(at, hours),
        };
        u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)
    }

    /// Again and again, each time in seconds from `at` on. After a few times nobody listens any more.
    pub fn repeatedly(self, at: DateTime, calendar: &Calendar) -> Vec<u32> {
        let mut times: Vec<u32> = Vec::with_capacity(REMINDERS);
        for _ in 0..REMINDERS {
            let last = times.last().copied().unwrap_or(0);
            let from = at.saturating_add(SignedDuration::from_secs(i64::from(last)));
            times.push(last.saturating_add(self.after(from, calendar)));
        }
        times
    }
}

pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let seconds = written::duration(text)?.as_secs();
    u32::try_from(seconds)
        .ok()
        .filter(|seconds| (1..=366 * 86_400).contains(seconds))
        .ok_or_else(|| format!("`{text}` is out of bounds; write a duration from 1s to 366d"))
}
