//! The secrets of sessions, and who tries too often.
//!
//! In: cookies, names that failed. Out: hash sums, CSRF tokens; waiting times after failures, which live in memory.
//! Deliberately absent: passwords and sessions (`directory`), and cookies' wording (`login`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::{constant_time, digest};

/// So many failures are free; each further one doubles the wait.
const FREE_FAILURES: u32 = 5;

/// The first wait.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait; also after how long a failure is forgotten.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// No more accounts than this are remembered for their failures.
const MOST_FAILURES: usize = 10_000;

/// 256 random bits as text, for cookies and forms. `None` when the system has no randomness: then nobody logs in.
pub(super) fn random() -> Option<String> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// What is kept of a cookie.
pub(super) fn hashed(text: &str) -> [u8; 32] {
    let mut hash = [0_u8; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}

/// What every form of a session carries; whoever has not the cookie cannot know it.
pub(super) fn csrf(token: &str) -> String {
    data_encoding::BASE64URL_NOPAD.encode(&hashed(&format!("form {token}")))
}

/// Failed logins by account. Anybody can make an account wait for a quarter of an hour at most; nobody can guess on.
#[derive(Debug, Default)]
pub(super) struct Failures {
    known: Mutex<HashMap<String, (u32, Instant)>>,
}

impl Failures {
    /// How long `account` (in any form, existing or not) must still wait.
    pub(super) fn wait(&self, account: &str, now: Instant) -> Option<Duration> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = known.get(account)?;
        wait_after(*count).checked_sub(now.duration_since(*last)).filter(|left| !left.is_zero())
    }

    /// Another failure.
    pub(super) fn add(&self, account: &str, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, last)| now.duration_since(*last) <= LONGEST_WAIT);
        if known.len() >= MOST_FAILURES
            && let Some(oldest) = known.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone())
        {
            known.remove(&oldest);
        }
        let entry = known.entry(account.to_owned()).or_insert((0, now));
        *entry = (entry.0.saturating_add(1), now);
    }

    /// They got in.
    pub(super) fn forget(&self, account: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
    }
}

fn wait_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE_FAILURES) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_WAIT.saturating_mul(1 << doublings.min(10)).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_two_sessions_differ_and_neither_tells_the_cookie() {
        let (one, two) = (random().unwrap(), random().unwrap());
        assert_ne!(csrf(&one), csrf(&two));
        assert_eq!(csrf(&one), csrf(&one));
        assert!(csrf(&one) != data_encoding::BASE64URL_NOPAD.encode(&hashed(&one)), "the store's key is no form token");
    }

    #[test]
    fn failures_make_an_account_wait_longer_and_longer() {
        let (failures, now) = (Failures::default(), Instant::now());
        for _ in 0..FREE_FAILURES - 1 {
            failures.add("a@b", now);
        }
        assert_eq!(failures.wait("a@b", now), None);
        failures.add("a@b", now);
        assert_eq!(failures.wait("a@b", now), Some(FIRST_WAIT));
        assert_eq!(failures.wait("c@d", now), None);
        let now = now + FIRST_WAIT;
        assert_eq!(failures.wait("a@b", now), None);
        failures.add("a@b", now);
        assert_eq!(failures.wait("a@b", now), Some(FIRST_WAIT * 2));
        for _ in 0..50 {
            failures.add("a@b", now);
        }
        assert_eq!(failures.wait("a@b", now), Some(LONGEST_WAIT));
        failures.forget("a@b");
        assert_eq!(failures.wait("a@b", now), None);
    }
}
