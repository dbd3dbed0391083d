//! When what is due, and how long after that it was done.

use std::time::{Duration, Instant};

/// So many a second, for so long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    start: Instant,
    between: Duration,
    count: usize,
}

impl Pace {
    /// Begins a little later, when every session is open.
    pub(crate) fn new(a_second: u32, seconds: u32) -> Self {
        let start = Instant::now() + Duration::from_millis(500);
        Self { start, between: Duration::from_secs(1) / a_second, count: (a_second * seconds) as usize }
    }

    /// When the ones are due that are the turn of `who` out of `all`.
    pub(crate) fn turns(self, who: usize, all: usize) -> impl Iterator<Item = Instant> {
        (who..self.count).step_by(all).map(move |number| self.start + self.between * number as u32)
    }
}

/// Sorted times.
#[derive(Debug)]
pub(crate) struct Times(pub(crate) Vec<Duration>);

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time within which this share was done.
    pub(crate) fn at(&self, share: f64) -> Duration {
        self.0[((self.0.len() - 1) as f64 * share) as usize]
    }
}
