//! Who is logged in, and who tries too often.
//!
//! In: proven addresses, cookies. Out: [`Session`]s with their CSRF token; waiting times after failures.
//! Sessions live in memory: a restart logs everybody out. Of a cookie only its SHA-256 is kept.
//! Deliberately absent: passwords (`directory`) and cookies' wording (`login`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::{constant_time, digest};

use crate::mail::Address;

/// A session ends after so long without a request.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);

/// A session ends after so long, whatever happens.
pub(super) const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);

/// No more sessions than this; the one unused for longest gives way.
const MOST_SESSIONS: usize = 10_000;

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

/// One person, logged in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Who.
    pub(super) who: Address,
    /// What every form of theirs carries.
    pub(super) csrf: String,
    /// The password's hash when they logged in: a new password ends the sessions of the old one. None if a provider
    /// vouched for them.
    password: Option<[u8; 32]>,
    began: Instant,
    used: Instant,
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.used) > IDLE || now.duration_since(self.began) > ABSOLUTE
    }

    /// Whether `password_hash`, that of their account if there is one, is still the one they logged in with.
    pub(super) fn fits(&self, password_hash: Option<&str>) -> bool {
        self.password.is_none_or(|known| password_hash.is_some_and(|hash| known == hashed(hash)))
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// Begins one, by a password or without, and gives the cookie's value. A new value each time, so none can be planted
    /// beforehand.
    pub(super) fn begin(&self, who: Address, password_hash: Option<&str>, now: Instant) -> Option<String> {
        let (token, csrf) = (random()?, random()?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST_SESSIONS {
            open.retain(|_, session| !session.is_over(now));
        }
        if open.len() >= MOST_SESSIONS
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        let password = password_hash.map(hashed);
        open.insert(hashed(&token), Session { who, csrf, password, began: now, used: now });
        Some(token)
    }

    /// The session of a cookie, now used.
    pub(super) fn find(&self, token: &str, now: Instant) -> Option<Session> {
        let key = hashed(token);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&key)?.is_over(now) {
            open.remove(&key);
            return None;
        }
        let session = open.get_mut(&key)?;
        session.used = now;
        Some(session.clone())
    }

    /// Ends the session of a cookie.
    pub(super) fn end(&self, token: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&hashed(token));
    }
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

    fn hanako() -> Address {
        Address::parse("hanako@example.co.jp").unwrap()
    }

    #[test]
    fn sessions_end_when_idle_and_at_the_latest_after_half_a_day() {
        let (sessions, mut now) = (Sessions::default(), Instant::now());
        let second = Duration::from_secs(1);
        let idle = sessions.begin(hanako(), Some("h"), now).unwrap();
        assert!(sessions.find(&idle, now + IDLE).is_some());
        assert!(sessions.find(&idle, now + IDLE + IDLE + second).is_none());
        let busy = sessions.begin(hanako(), Some("h"), now).unwrap();
        for _ in 0..(ABSOLUTE.as_secs() / 1_200) {
            assert!(sessions.find(&busy, now).is_some());
            now += Duration::from_secs(1_200);
        }
        assert!(sessions.find(&busy, now).is_some());
        assert!(sessions.find(&busy, now + second).is_none());
    }

    #[test]
    fn a_session_belongs_to_its_cookie_and_password() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let begin = || sessions.begin(hanako(), Some("h"), now).unwrap();
        let find = |token: &str| sessions.find(token, now);
        let (one, two) = (begin(), begin());
        assert_ne!(one, two);
        assert_ne!(find(&one).unwrap().csrf, find(&two).unwrap().csrf);
        for (hash, fits) in [(Some("h"), true), (Some("i"), false), (None, false)] {
            assert_eq!(find(&one).unwrap().fits(hash), fits);
        }
        let vouched = sessions.begin(hanako(), None, now).unwrap();
        assert!(find(&vouched).unwrap().fits(None) && find(&vouched).unwrap().fits(Some("i")));
        sessions.end(&one);
        assert!(find(&one).is_none() && find(&two).is_some() && find("").is_none());
        assert!(!format!("{sessions:?}").contains(&two));
    }

    #[test]
    fn there_are_never_more_than_the_most_sessions() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.begin(hanako(), Some("h"), now).unwrap();
        let later = now + Duration::from_secs(1);
        for _ in 0..MOST_SESSIONS {
            sessions.begin(hanako(), Some("h"), later).unwrap();
        }
        assert_eq!(sessions.open.lock().unwrap().len(), MOST_SESSIONS);
        assert!(sessions.find(&first, later).is_none(), "the one unused for longest gave way");
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
