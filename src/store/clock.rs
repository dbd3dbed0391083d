//! What time it is: by the database, where several nodes share one.
//!
//! In: this machine's clock, and now and then the database's beside it. Out: [`Store::now`], by which deadlines go: a node whose
//! clock is wrong neither returns a mail early nor holds it too long. In a file there is nobody to differ with, and the time is
//! this machine's.
//! Deliberately absent: setting a clock; a node whose clock is off says so, and NTP is for whoever looks after it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::{Store, StoreError, micros, sql::Engine, time};

/// How far two clocks may be apart before somebody is told.
const MAY_DIFFER: SignedDuration = SignedDuration::from_secs(2);

/// An answer that took longer tells too little of when it was given.
const QUICK: SignedDuration = SignedDuration::from_secs(4);

/// How far this machine's clock is off, as far as is known.
#[derive(Default)]
pub(super) struct Clock {
    /// In microseconds, to be added.
    behind: AtomicI64,
    /// By how much a test lets this machine's clock be wrong.
    #[cfg(test)]
    wrong: AtomicI64,
}

impl Clock {
    /// What this machine's clock says.
    fn here(&self) -> Timestamp {
        let now = Timestamp::now();
        #[cfg(test)]
        let now = moved(now, self.wrong.load(Ordering::Relaxed));
        now
    }

    fn now(&self) -> Timestamp {
        moved(self.here(), self.behind.load(Ordering::Relaxed))
    }
}

fn moved(at: Timestamp, micros: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_micros(micros)).unwrap_or(at)
}

impl Store {
    /// What time it is for all who share this store.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Asks the database what time it is, and goes by that from now on. What there is to say of this machine's clock, if it is
    /// wrong; nothing in a file.
    pub async fn set_clock(&self) -> Result<Option<String>, StoreError> {
        if self.inner.engine == Engine::Sqlite {
            return Ok(None);
        }
        let clock = &self.inner.clock;
        let before = clock.here();
        let theirs: i64 = sqlx::query_scalar("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")
            .fetch_one(self.readers())
            .await?;
        let (theirs, after) = (time(theirs)?, clock.here());
        if after.duration_since(before).abs() <= QUICK {
            let between = i64::midpoint(micros(before), micros(after));
            clock.behind.store(micros(theirs) - between, Ordering::Relaxed);
        }
        Ok(fault(before, theirs, after))
    }
}

/// What there is to say of two clocks, of which the other one said `theirs` at some time from `before` until `after` by ours.
fn fault(before: Timestamp, theirs: Timestamp, after: Timestamp) -> Option<String> {
    let apart = (before.duration_since(theirs)).max(theirs.duration_since(after));
    let direction = if theirs < before { "ahead of" } else { "behind" };
    (apart > MAY_DIFFER).then(|| {
        let seconds = apart.as_secs();
        format!(
            "this machine's clock is {seconds} s {direction} the database's; set both by NTP: deadlines go by the database's, \
             and this machine's log and greylisting by its own"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Store {
        /// Lets this machine's clock be wrong by so much.
        pub(crate) fn with_wrong_clock(&self, by: SignedDuration) {
            let micros = i64::try_from(by.as_micros()).unwrap();
            self.inner.clock.wrong.store(micros, Ordering::Relaxed);
        }
    }

    #[test]
    fn clocks_that_go_apart_are_told_of_and_a_slow_answer_is_none() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(fault(at(100), at(110), at(120)), None, "the answer took twenty seconds");
        assert_eq!(fault(at(100), at(99), at(101)), None);
        assert!(fault(at(100), at(90), at(101)).unwrap().contains("10 s ahead of"));
        assert!(fault(at(100), at(190), at(101)).unwrap().contains("89 s behind"));
    }

    #[tokio::test]
    async fn the_time_is_the_databases_whatever_this_machine_says() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        for hours in [25, -25] {
            store.with_wrong_clock(SignedDuration::from_hours(hours));
            let fault = store.set_clock().await.unwrap();
            let off = store.now().duration_since(Timestamp::now()).abs();
            if store.is_a_file() {
                assert!(fault.is_none() && off > SignedDuration::from_hours(24));
            } else {
                assert!(fault.unwrap().contains("database's"), "somebody is told");
                assert!(off < SignedDuration::from_secs(30), "{off:?}");
            }
        }
    }
}
