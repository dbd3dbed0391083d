//! How long a message may take, byte by byte.
//!
//! In: how many bytes came, and the time. Out: until when to wait for more, and whether a message trickles. A client that
//! sends one byte a minute is never silent for long, and would keep a connection and its memory for a month. Pure:
//! the clock is the caller's.

use std::time::Duration;

use tokio::time::Instant;

/// The pace of one message: so many bytes in each window, the first of which is free (RFC 5321 says nothing about how
/// soon a client that got its 354 has to find its file).
#[derive(Debug)]
pub(super) struct Pace {
    least: u64,
    window: Duration,
    ends: Instant,
    came: u64,
    is_first: bool,
}

impl Pace {
    /// `rate` bytes a second over each `window`, from `now` on.
    pub(super) fn new(rate: u64, window: Duration, now: Instant) -> Self {
        let least = rate.saturating_mul(window.as_millis().try_into().unwrap_or(u64::MAX)) / 1000;
        Self { least, window, ends: now + window, came: 0, is_first: true }
    }

    /// Counts what came.
    pub(super) fn came(&mut self, bytes: usize) {
        self.came += bytes as u64;
    }

    /// When it is time to look again.
    pub(super) fn looks_again(&self) -> Instant {
        self.ends
    }

    /// Whether the window that has ended by `now` brought too little.
    pub(super) fn is_too_slow(&mut self, now: Instant) -> bool {
        if now < self.ends {
            return false;
        }
        let too_slow = !self.is_first && self.came < self.least;
        self.ends = now + self.window;
        self.came = 0;
        self.is_first = false;
        too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_window_is_free_and_each_later_one_needs_its_bytes() {
        let start = Instant::now();
        let mut pace = Pace::new(10, 30 * SECOND, start);
        assert!(!pace.is_too_slow(start + 29 * SECOND));
        assert!(!pace.is_too_slow(start + 30 * SECOND));
        pace.came(300);
        assert!(!pace.is_too_slow(start + 59 * SECOND));
        assert!(!pace.is_too_slow(pace.looks_again()));
        pace.came(299);
        assert!(pace.is_too_slow(pace.looks_again()));
    }

    #[test]
    fn a_burst_buys_no_time_later() {
        let start = Instant::now();
        let mut pace = Pace::new(10, 30 * SECOND, start);
        pace.came(1 << 30);
        assert!(!pace.is_too_slow(pace.looks_again()));
        assert!(pace.is_too_slow(pace.looks_again()));
    }

    #[test]
    fn no_rate_is_never_too_slow() {
        let mut pace = Pace::new(0, SECOND, Instant::now());
        assert!((0..10).all(|_| !pace.is_too_slow(pace.looks_again())));
    }
}
