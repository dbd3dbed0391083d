//! Who is logged in to the console, as it is kept.
//!
//! In and out: a [`Session`]; what keeps them is the store, so that they outlive a restart. Deliberately absent: cookies
//! (`console`); of one only its SHA-256 comes here.

use std::{future::Future, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::AccountsError;
use crate::mail::Address;

/// A session ends after so long without a request.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 60);

/// A session ends after so long, whatever happens.
pub const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);

/// How long the code of the second factor may take.
pub(super) const FOR_THE_CODE: Duration = Duration::from_secs(10 * 60);

/// That a session was used is written down when the last time was so long ago.
pub(super) const NOTED: Duration = Duration::from_secs(60);

/// How far a person has proven who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The password was right; the code of the second factor is still to come. Opens nothing.
    Code,
    /// Logged in by one factor.
    Open,
    /// Logged in by two.
    Strong,
}

/// One person, logged in with one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie.
    pub key: [u8; 32],
    /// Who.
    pub who: Address,
    /// How far.
    pub stage: Stage,
    /// SHA-256 of the password's hash when they logged in: a new password ends the sessions of the old one. None if a
    /// provider or the directory vouched for them.
    pub password: Option<[u8; 32]>,
    /// From which address.
    pub place: String,
    /// What the browser calls itself.
    pub browser: String,
    /// Since when.
    pub began_at: Timestamp,
    /// When it was used last, to the minute.
    pub used_at: Timestamp,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Code, Self::Open, Self::Strong];

    /// The word for it in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Open => "open",
            Self::Strong => "strong",
        }
    }
}

impl Session {
    /// Whether it opens nothing any more at `now`. A clock that was put back ends it too: nobody can tell how long it was.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let (idle, whole) = (now.duration_since(self.used_at), now.duration_since(self.began_at));
        let longest = if self.stage == Stage::Code { FOR_THE_CODE } else { ABSOLUTE };
        let after = |time: SignedDuration, limit: Duration| SignedDuration::try_from(limit).is_ok_and(|l| time > l);
        after(idle, IDLE + NOTED) || after(whole, longest) || after(-whole, NOTED) || after(-idle, NOTED)
    }

    /// Whether its use is to be written down.
    pub fn is_news(&self, now: Timestamp) -> bool {
        SignedDuration::try_from(NOTED).is_ok_and(|noted| now.duration_since(self.used_at) > noted)
    }
}

/// Where sessions are kept. The store implements it; tests bring their own.
pub trait Sessions: Send + Sync + 'static {
    /// Keeps a new one. Those that are over go; there are never more than ten thousand, the one unused for longest gives way.
    fn put_session(&self, session: &Session) -> impl Future<Output = Result<(), AccountsError>> + Send;
    /// The one of a cookie.
    fn session(&self, key: &[u8; 32]) -> impl Future<Output = Result<Option<Session>, AccountsError>> + Send;
    /// Writes down that it was used.
    fn use_session(&self, key: &[u8; 32], at: Timestamp) -> impl Future<Output = Result<(), AccountsError>> + Send;
    /// Ends one; false if there was none.
    fn end_session(&self, key: &[u8; 32]) -> impl Future<Output = Result<bool, AccountsError>> + Send;
    /// All of a person, the one used last first.
    fn sessions_of(&self, who: &Address) -> impl Future<Output = Result<Vec<Session>, AccountsError>> + Send;
    /// Ends all of a person but `except`; how many there were.
    fn end_sessions_of(
        &self,
        who: &Address,
        except: Option<&[u8; 32]>,
    ) -> impl Future<Output = Result<u64, AccountsError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_idle_after_half_a_day_and_when_the_clock_goes_back() {
        let noon: Timestamp = "2026-11-02T12:00:00Z".parse().unwrap();
        let session = |stage, began: i64, used: i64| Session {
            key: [0; 32],
            who: Address::parse("a@b.jp").unwrap(),
            stage,
            password: None,
            place: String::new(),
            browser: String::new(),
            began_at: noon + SignedDuration::from_mins(began),
            used_at: noon + SignedDuration::from_mins(used),
        };
        for (stage, began, used, over) in [
            (Stage::Open, 0, 0, false),
            (Stage::Open, -30, -30, false),
            (Stage::Open, -32, -32, true),
            (Stage::Strong, -719, -1, false),
            (Stage::Strong, -721, -1, true),
            (Stage::Code, -9, -9, false),
            (Stage::Code, -11, -1, true),
            (Stage::Open, 2, 2, true),
            (Stage::Open, -5, 2, true),
        ] {
            assert_eq!(session(stage, began, used).is_over(noon), over, "{stage:?} {began} {used}");
        }
        assert!(session(Stage::Open, -5, -2).is_news(noon) && !session(Stage::Open, -5, 0).is_news(noon));
    }
}
