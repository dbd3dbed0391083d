//! The memory that the messages of all connections may have together.
//!
//! In: how much one message needs so far. Out: whether there is that much. A message that finds none is read to its end
//! without being kept, and its client comes back later (451); so many large mails at once make each other wait, and
//! never the machine run out. Deliberately absent: waiting for memory, since two half-read messages could wait for each
//! other.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Memory is reserved in steps of this many bytes, so that small pieces of a message do not all have to ask.
const STEP: u64 = 64 * 1024;

/// What is left of the memory for messages.
#[derive(Debug)]
pub(super) struct Budget {
    free: AtomicU64,
}

/// What one message has of it; given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    budget: Arc<Budget>,
    held: u64,
}

impl Budget {
    /// A budget of `bytes`.
    pub(super) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { free: AtomicU64::new(bytes) })
    }

    /// Whether a message of `bytes` would find room now.
    pub(super) fn has(&self, bytes: u64) -> bool {
        self.free.load(Ordering::Relaxed) >= bytes
    }

    /// Nothing yet, for one message.
    pub(super) fn reserve(self: &Arc<Self>) -> Reserved {
        Reserved { budget: Arc::clone(self), held: 0 }
    }

    fn take(&self, bytes: u64) -> bool {
        let taken = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes));
        taken.is_ok()
    }
}

impl Reserved {
    /// Makes it at least `bytes`, if there is so much. Of a message that is not kept any more all is given back at once,
    /// however long its client still sends.
    pub(super) fn cover(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        if bytes == 0 {
            self.give_back();
        }
        if bytes <= self.held {
            return true;
        }
        let more = bytes - self.held;
        let step = more.next_multiple_of(STEP);
        let taken = [step, more].into_iter().find(|&wanted| self.budget.take(wanted));
        self.held += taken.unwrap_or_default();
        taken.is_some()
    }

    fn give_back(&mut self) {
        self.budget.free.fetch_add(std::mem::take(&mut self.held), Ordering::Relaxed);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_share_what_there_is_and_give_it_back() {
        let budget = Budget::new(10 * STEP);
        let (mut one, mut other) = (budget.reserve(), budget.reserve());
        assert!(one.cover(1) && one.cover(STEP as usize) && one.cover(6 * STEP as usize));
        assert_eq!(one.held, 6 * STEP);
        assert!(!other.cover(5 * STEP as usize) && other.cover(4 * STEP as usize));
        assert!(!budget.has(1) && !one.cover(7 * STEP as usize));
        drop(one);
        assert!(budget.has(6 * STEP) && !budget.has(6 * STEP + 1));
        assert!(other.cover(10 * STEP as usize));
        drop(other);
        assert!(budget.has(10 * STEP));
    }

    #[test]
    fn a_message_that_is_not_kept_needs_nothing_while_it_is_read_on() {
        let budget = Budget::new(2 * STEP);
        let mut refused = budget.reserve();
        assert!(refused.cover(2 * STEP as usize) && !budget.has(1));
        assert!(refused.cover(0) && budget.has(2 * STEP));
        drop(refused);
        assert!(!budget.has(2 * STEP + 1), "given back once");
    }

    #[test]
    fn the_last_bytes_can_be_had_too() {
        let budget = Budget::new(STEP + 10);
        let mut only = budget.reserve();
        assert!(only.cover(1) && only.cover(STEP as usize + 10) && !only.cover(STEP as usize + 11));
        drop(only);
        assert!(budget.has(STEP + 10));
    }
}
