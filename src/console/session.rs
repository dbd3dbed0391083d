//! The secrets of sessions, and who tries too often.
//!
//! In: cookies, names that failed. Out: hash sums, CSRF tokens; waiting times after failures, which live in memory.
//! Deliberately absent: passwords and sessions (`directory`), and cookies' wording (`login`).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::{constant_time, digest};
use unicode_normalization::UnicodeNormalization;

/// So many failures are free; each further one doubles the wait.
const FREE_FAILURES: u32 = 5;

/// The first wait.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait; also after how long a failure is forgotten.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// No more names than this are remembered for their failures: more than can be made to wait at the same time, when two
/// passwords are checked at once and each takes some 25 ms.
const MOST_FAILURES: usize = 100_000;

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

/// A name as its failures are counted: small letters, full-width ones as others, without what nobody sees, and without
/// regard to spaces. Directories find a person by any of these spellings, and none of them is a fresh start.
fn folded(name: &str) -> String {
    let invisible = |c: &char| {
        c.is_control()
            || matches!(c, '\u{AD}' | '\u{34F}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFFC}')
    };
    // Small letters first and last: some have a form of their own in only one of both.
    let same: String = name.to_lowercase().nfkc().flat_map(char::to_lowercase).collect();
    same.chars().filter(|c| !c.is_whitespace() && !invisible(c)).collect()
}

/// Failed tries by name, of one kind. Anybody can make a name wait for a quarter of an hour at most; nobody can guess
/// on, neither by trying many times at once nor by failing under so many names that one is forgotten.
#[derive(Debug)]
pub(super) struct Failures {
    /// How many names are remembered.
    most: usize,
    known: Mutex<Known>,
}

/// By the hash of the folded name, so that a long one takes no more memory than others.
type Known = HashMap<[u8; 32], Failed>;

/// The failures of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failed {
    count: u32,
    last: Instant,
}

/// A try that is counted as a failure from its beginning, as many may be under way at once. What comes of it decides
/// whether it stays one.
#[derive(Debug)]
pub(super) struct Attempt {
    key: [u8; 32],
    before: Option<Failed>,
    counted: Failed,
}

impl Attempt {
    /// Whether it is counted under this name.
    pub(super) fn is_of(&self, name: &str) -> bool {
        self.key == hashed(&folded(name))
    }

    /// Whether its name has to wait if it fails.
    pub(super) fn locks(&self) -> bool {
        self.counted.count >= FREE_FAILURES
    }
}

impl Default for Failures {
    fn default() -> Self {
        Self { most: MOST_FAILURES, known: Mutex::default() }
    }
}

impl Failures {
    /// How long `name` (in any form, existing or not) must still wait.
    pub(super) fn wait(&self, name: &str, now: Instant) -> Option<Duration> {
        self.lock().get(&hashed(&folded(name)))?.wait(now)
    }

    /// Begins a try, which counts as a failure until it is known to be none. `None` if `name` must wait, or if it is a
    /// new one and everybody who is remembered is waiting: then it waits until one of them need not any more.
    pub(super) fn try_begin(&self, name: &str, now: Instant) -> Option<Attempt> {
        let key = hashed(&folded(name));
        let mut known = self.lock();
        let before = known.get(&key).copied();
        let may_try = match before {
            Some(failed) => failed.wait(now).is_none(),
            None => has_room(&mut known, self.most, now),
        };
        if !may_try {
            return None;
        }
        let count = before.map_or(0, |failed| failed.counts(now)).saturating_add(1);
        let counted = Failed { count, last: now };
        known.insert(key, counted);
        Some(Attempt { key, before, counted })
    }

    /// They got in.
    pub(super) fn forget(&self, attempt: &Attempt) {
        self.lock().remove(&attempt.key);
    }

    /// Nothing was looked at, by a fault of ours: it is no failure.
    pub(super) fn take_back(&self, attempt: &Attempt) {
        let mut known = self.lock();
        let Some(failed) = known.get_mut(&attempt.key) else { return };
        match attempt.before {
            // There were other tries meanwhile, which stay.
            _ if *failed != attempt.counted => failed.count = failed.count.saturating_sub(1),
            Some(before) => *failed = before,
            None => {
                known.remove(&attempt.key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failed {
    /// How long is still to be waited.
    fn wait(self, now: Instant) -> Option<Duration> {
        wait_after(self.count).checked_sub(now.duration_since(self.last)).filter(|left| !left.is_zero())
    }

    /// How many are not forgotten.
    fn counts(self, now: Instant) -> u32 {
        if now.duration_since(self.last) > LONGEST_WAIT { 0 } else { self.count }
    }
}

/// Whether another name can be remembered. Where there are too many, the one gives way that failed least, so that names
/// made up to fill the memory push out one another; never one that waits.
fn has_room(known: &mut Known, most: usize, now: Instant) -> bool {
    if known.len() < most {
        return true;
    }
    let idle = known.iter().filter(|(_, failed)| failed.wait(now).is_none());
    let least = idle.min_by_key(|(_, failed)| (failed.counts(now), failed.last)).map(|(key, _)| *key);
    least.is_some_and(|key| known.remove(&key).is_some())
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

    /// A name that has failed so often.
    fn failed(failures: &Failures, name: &str, times: u32, now: Instant) {
        for time in 0..times {
            assert!(failures.try_begin(name, now).is_some(), "{name} {time}");
        }
    }

    /// One that remembers few names.
    fn of(most: usize) -> Failures {
        Failures { most, ..Failures::default() }
    }

    #[test]
    fn failures_make_an_account_wait_longer_and_longer() {
        let (failures, mut now) = (Failures::default(), Instant::now());
        failed(&failures, "a@b", FREE_FAILURES - 1, now);
        assert_eq!(failures.wait("a@b", now), None);
        assert!(failures.try_begin("a@b", now).unwrap().locks());
        for times in [1, 2, 4, 8, 16, 30, 30] {
            let wait = FIRST_WAIT * times;
            assert_eq!((failures.wait("a@b", now), failures.wait("c@d", now)), (Some(wait), None));
            assert!(failures.try_begin("a@b", now).is_none(), "a right one waits too");
            now += wait;
            assert_eq!(failures.wait("a@b", now), None);
            assert!(failures.try_begin("a@b", now).unwrap().locks());
        }
        assert_eq!(failures.wait("a@b", now), Some(LONGEST_WAIT));
        now += LONGEST_WAIT;
        let right = failures.try_begin("a@b", now).unwrap();
        failures.forget(&right);
        assert_eq!(failures.wait("a@b", now), None);
        assert!(!failures.try_begin("a@b", now).unwrap().locks(), "all is forgotten");
    }

    #[test]
    fn every_spelling_of_a_name_is_the_same_name() {
        let (failures, now) = (Failures::default(), Instant::now());
        for name in ["taro@b.jp", " Taro@B.jp ", "ｔａｒｏ＠ｂ．ｊｐ", "ta\u{200B}ro@b.jp", "TARO @b.jp\u{3000}"]
        {
            assert!(failures.try_begin(name, now).is_some(), "{name:?}");
        }
        for name in ["taro@b.jp", "ＴＡＲＯ@b.jp", "t\u{AD}aro@b.jp"] {
            assert!(failures.wait(name, now).is_some() && failures.try_begin(name, now).is_none(), "{name:?}");
        }
        assert!(["taro2@b.jp", "tarō@b.jp", "太郎@b.jp"].into_iter().all(|other| failures.wait(other, now).is_none()));
    }

    #[test]
    fn a_try_knows_the_name_that_it_is_counted_under() {
        let first = Failures::default().try_begin("ｙａｍａｄａ", Instant::now()).unwrap();
        assert!(first.is_of("Yamada") && !first.is_of("taro@b.jp"));
    }

    #[test]
    fn failures_are_forgotten_after_the_longest_wait() {
        let (failures, now) = (Failures::default(), Instant::now());
        failed(&failures, "a@b", FREE_FAILURES - 1, now);
        let later = now + LONGEST_WAIT + Duration::from_secs(1);
        assert!(!failures.try_begin("a@b", later).unwrap().locks());
    }

    #[test]
    fn a_try_that_is_under_way_counts_already() {
        let failures = Failures::default();
        let begun = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..50).map(|_| scope.spawn(|| failures.try_begin("a@b", Instant::now()).is_some())).collect();
            tries.into_iter().map(|one| one.join().unwrap()).filter(|begun| *begun).count()
        });
        assert_eq!(begun, 5);
    }

    #[test]
    fn a_fault_of_ours_is_nobodys_failure() {
        let (failures, now) = (Failures::default(), Instant::now());
        for _ in 0..20 {
            failures.take_back(&failures.try_begin("a@b", now).unwrap());
        }
        failed(&failures, "a@b", FREE_FAILURES, now);
        let later = now + FIRST_WAIT;
        failures.take_back(&failures.try_begin("a@b", later).unwrap());
        assert_eq!(failures.wait("a@b", later), None, "the wait that is over does not begin anew");

        let early = failures.try_begin("c@d", now).unwrap();
        failed(&failures, "c@d", FREE_FAILURES - 2, later);
        failures.take_back(&early);
        assert!(!failures.try_begin("c@d", later).unwrap().locks(), "it is taken back once");
        assert!(failures.try_begin("c@d", later).unwrap().locks(), "those of others are not");
    }

    #[test]
    fn a_flood_of_other_names_frees_nobody() {
        let (failures, now) = (of(100), Instant::now());
        failed(&failures, "waits@b", FREE_FAILURES, now);
        failed(&failures, "nearly@b", FREE_FAILURES - 1, now);
        for other in 0..10_000 {
            failed(&failures, &format!("{other}@c"), 1, now + Duration::from_micros(other));
        }
        let then = now + Duration::from_secs(1);
        assert!(failures.wait("waits@b", then).is_some() && failures.try_begin("waits@b", then).is_none());
        assert!(failures.try_begin("nearly@b", then).unwrap().locks(), "its failures are known, too");
        assert_eq!(failures.lock().len(), 100);
    }

    #[test]
    fn where_everybody_waits_a_new_name_waits_until_one_of_them_need_not() {
        let (failures, now) = (of(2), Instant::now());
        failed(&failures, "a@b", FREE_FAILURES, now);
        failed(&failures, "c@d", FREE_FAILURES, now + Duration::from_secs(1));
        let then = now + Duration::from_secs(2);
        assert!(failures.try_begin("new@b", then).is_none());
        assert!(failures.try_begin("new@b", now + FIRST_WAIT).is_some());
        assert!(failures.wait("c@d", now + FIRST_WAIT).is_some());
    }
}
