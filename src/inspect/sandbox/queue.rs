//! Who waits for a worker, and since when.
//!
//! In: mails that find no worker idle. Out: a place each, given up when it is dropped, or none when too many wait
//! already. Deliberately absent: whose turn it is (the pool's semaphore is fair).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    longest: usize,
    waiting: Mutex<(u64, BTreeMap<u64, Instant>)>,
}

/// A place in it.
#[derive(Debug)]
pub(super) struct Place<'q> {
    queue: &'q Queue,
    number: u64,
}

impl Queue {
    /// An empty queue in which at most `longest` may wait.
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, waiting: Mutex::default() }
    }

    /// Joins it, if it is not full.
    pub(super) fn join(&self) -> Option<Place<'_>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.1.len() >= self.longest {
            return None;
        }
        waiting.0 += 1;
        let number = waiting.0;
        waiting.1.insert(number, Instant::now());
        Some(Place { queue: self, number })
    }

    /// Whether nobody else may join.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).1.len() >= self.longest
    }

    /// How long the first of them has waited.
    pub(super) fn longest_wait(&self) -> Duration {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.1.values().next().map(Instant::elapsed).unwrap_or_default()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.waiting.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_takes_nobody_until_somebody_leaves() {
        let queue = Queue::new(2);
        assert_eq!((queue.is_full(), queue.longest_wait()), (false, Duration::ZERO));
        let first = queue.join().unwrap();
        let second = queue.join().unwrap();
        assert!(queue.is_full() && queue.join().is_none());
        std::thread::sleep(Duration::from_millis(2));
        assert!(queue.longest_wait() >= Duration::from_millis(2));
        drop(first);
        assert!(!queue.is_full());
        let third = queue.join().unwrap();
        drop((second, third));
        assert_eq!(queue.longest_wait(), Duration::ZERO);
    }
}
