//! When a mail is tried again, and when no more.
//!
//! In: how often it was tried, how old it is, and a number by chance. Out: the time of the next attempt. Waits double
//! from the first to the longest; up to a quarter of each is taken off by chance, so that mails that failed together do
//! not come back together. Deliberately absent: a clock and a source of chance; both are handed in.

use std::time::Duration;

use jiff::Timestamp;

use super::Settings;

/// When to try a mail again that was tried `attempts` times before this one, at `now`; never later than the end of its
/// time, so that the last attempt is made then. `chance` is from 0 to 1.
pub(super) fn next_attempt(
    settings: &Settings,
    (created_at, attempts): (Timestamp, u32),
    now: Timestamp,
    chance: f64,
) -> Timestamp {
    let doubled = settings.first_retry.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX));
    let wait = doubled.min(settings.longest_wait).mul_f64(1.0 - 0.25 * chance.clamp(0.0, 1.0));
    let next = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    let end = retry_until(settings, created_at);
    if now < end { next.min(end) } else { next }
}

/// Until when a mail is tried.
pub(super) fn retry_until(settings: &Settings, created_at: Timestamp) -> Timestamp {
    created_at.checked_add(settings.give_up_after).unwrap_or(Timestamp::MAX)
}

/// Whether a mail of `created_at` has been here for `long`. A clock that ran backwards makes nothing old.
pub(super) fn is_older(created_at: Timestamp, long: Duration, now: Timestamp) -> bool {
    now >= created_at.checked_add(long).unwrap_or(Timestamp::MAX)
}

/// A number from 0 to 1 by chance.
pub(super) fn by_chance() -> f64 {
    let mut bytes = [0; 4];
    // Without chance the wait is the whole one.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn waits(chance: f64) -> (Vec<u64>, Timestamp) {
        let settings = Settings::default();
        let (created_at, mut now, mut attempts, mut waits) =
            (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, 0, Vec::new());
        while !is_older(created_at, settings.give_up_after, now) {
            let next = next_attempt(&settings, (created_at, attempts), now, chance);
            waits.push(next.duration_since(now).unsigned_abs().as_secs());
            (now, attempts) = (next, attempts + 1);
        }
        (waits, now)
    }

    #[test]
    fn waits_double_to_an_hour_and_the_last_attempt_is_at_the_end() {
        let (whole, end) = waits(0.0);
        assert_eq!(whole[..8], [60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(end, Timestamp::UNIX_EPOCH + Settings::default().give_up_after, "neither earlier nor later");
    }

    #[test]
    fn chance_takes_off_a_quarter_at_most() {
        let (short, end) = waits(1.0);
        assert_eq!(short[..7], [45, 90, 180, 360, 720, 1440, 2700]);
        assert_eq!(end, Timestamp::UNIX_EPOCH + Settings::default().give_up_after);
        let drawn: Vec<f64> = (0..100).map(|_| by_chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(drawn.iter().any(|chance| (chance - drawn[0]).abs() > f64::EPSILON), "always {}", drawn[0]);
    }

    #[test]
    fn nothing_overflows_and_a_clock_that_ran_backwards_makes_nothing_old() {
        let settings = Settings::default();
        for attempts in [31, 32, u32::MAX] {
            let next = next_attempt(&settings, (Timestamp::UNIX_EPOCH, attempts), Timestamp::UNIX_EPOCH, 0.0);
            assert_eq!(next, Timestamp::UNIX_EPOCH + HOUR);
        }
        next_attempt(&settings, (Timestamp::MAX, 3), Timestamp::MAX, 0.5);
        let later = Timestamp::UNIX_EPOCH + settings.give_up_after * 3;
        assert!(!is_older(later, settings.give_up_after, Timestamp::UNIX_EPOCH));
    }
}
