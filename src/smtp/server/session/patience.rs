//! How long a client may take: the whole message, byte by byte, and a mail between two of its steps.
//!
//! In: how many bytes came, and the time. Out: until when to wait for more, whether a message trickles, and when a mail is
//! to be paused. A client that sends one byte a minute is never silent for long, and would keep a connection and its
//! memory for a month. Deliberately absent: what a pause lets go of.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time::{Instant, timeout_at};

/// How long what is held elsewhere for a mail is held without being used. Most clients send a whole mail in less.
const PATIENCE: Duration = Duration::from_secs(1);

/// The patience with one mail, counted from the last step that its transaction has seen: neither a trickling message
/// nor commands that lead nowhere win time.
#[derive(Debug)]
pub(super) struct Patience {
    /// None once the mail is paused.
    until: Option<Instant>,
}

impl Patience {
    /// Begins now; also anew, when the transaction has seen another step.
    pub(super) fn from_now() -> Self {
        Self::lasting(PATIENCE)
    }

    fn lasting(time: Duration) -> Self {
        Self { until: Some(Instant::now() + time) }
    }

    /// Waits for the client, however long it takes; says `pause` if that is too long and it has not been said yet.
    pub(super) async fn wait<F: Future>(&mut self, client: F, pause: impl FnOnce()) -> F::Output {
        let mut client = pin!(client);
        if let Some(until) = self.until {
            if let Ok(came) = timeout_at(until, client.as_mut()).await {
                return came;
            }
            self.until = None;
            pause();
        }
        client.await
    }
}

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

    #[tokio::test]
    async fn a_slow_client_is_told_of_once_however_often_it_is_waited_for() {
        let mut patience = Patience::lasting(Duration::from_millis(1));
        let (paused, waited) = tokio::sync::oneshot::channel();
        // Comes only if it is paused.
        let came = patience.wait(waited, || paused.send("came").unwrap()).await;
        assert_eq!(came, Ok("came"));
        patience.wait(tokio::time::sleep(Duration::from_millis(20)), || panic!("paused twice")).await;
    }

    #[tokio::test]
    async fn a_quick_client_is_never_told_of() {
        let mut patience = Patience::lasting(60 * SECOND);
        for _ in 0..3 {
            patience.wait(tokio::time::sleep(Duration::from_millis(1)), || panic!("paused")).await;
        }
        let mut over = Patience::lasting(Duration::ZERO);
        assert!(over.wait(async { true }, || panic!("paused, with everything at hand")).await);
    }

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
