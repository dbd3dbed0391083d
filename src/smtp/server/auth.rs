//! AUTH PLAIN and AUTH LOGIN (RFC 4954, RFC 4616): one exchange, and how many may be tried.
//!
//! In: the client's lines, in base64. Out: what to say next, a name and a password, and whether they belong together.
//! Passwords are compared off the threads that serve connections and a few at a time, since each costs 19 MiB and some
//! 25 ms; an address that keeps guessing waits longer and longer. Deliberately absent: mechanisms that would need
//! passwords in clear here (CRAM-MD5), and when a login is allowed at all (the session: under TLS, between mails).

use std::{net::IpAddr, sync::Arc, time::Duration};

use data_encoding::BASE64;
use tokio::{sync::Semaphore, task::spawn_blocking, time::Instant};

use super::{
    limits::{self, Table},
    users::Users,
};
use crate::smtp::Reply;

/// A connection with this many failed logins is closed.
pub(super) const MAX_FAILURES: u32 = 3;

/// So many failures of one address cost it nothing; each further one doubles the wait.
const FREE_FAILURES: u32 = 5;

/// The wait after the first failure beyond the free ones, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// An address that has not failed for this long starts anew.
const FORGIVEN: Duration = Duration::from_secs(60 * 60);

/// How many addresses are remembered.
const REMEMBERED: usize = 10_000;

/// The mechanisms that EHLO offers.
pub(super) const OFFERED: &str = "AUTH PLAIN LOGIN";

/// A name and the password that is to prove it.
#[derive(PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) name: String,
    password: String,
}

/// The password stays out of logs.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One exchange under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// PLAIN: all in one response.
    Plain,
    /// LOGIN: the name comes first.
    LoginName,
    /// LOGIN: the name is known.
    LoginPassword(String),
}

/// What follows a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The exchange goes on with this challenge.
    Challenge(Exchange, Reply),
    /// The exchange is over.
    Done(Credentials),
}

impl Exchange {
    /// Starts with the mechanism's name and the initial response behind it.
    pub(super) fn start(mechanism: &str, initial: Option<&str>) -> Result<Step, Reply> {
        let exchange = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => Self::Plain,
            "LOGIN" => Self::LoginName,
            _ => return Err(Reply::unknown_mechanism()),
        };
        match initial {
            None => Ok(exchange.challenge()),
            // RFC 4954 §4: `=` is an initial response of no bytes.
            Some("=") => exchange.respond(""),
            Some(response) => exchange.respond(response),
        }
    }

    /// Takes a response line, without its line end.
    pub(super) fn respond(self, line: &str) -> Result<Step, Reply> {
        if line == "*" {
            return Err(Reply::login_cancelled());
        }
        let bytes = BASE64.decode(line.as_bytes()).map_err(|_| Reply::bad_base64())?;
        let text = String::from_utf8(bytes).map_err(|_| Reply::bad_base64())?;
        match self {
            Self::Plain => plain(&text).map(Step::Done).ok_or_else(Reply::bad_base64),
            Self::LoginName => Ok(Self::LoginPassword(text).challenge()),
            Self::LoginPassword(name) => Ok(Step::Done(Credentials { name, password: text })),
        }
    }

    fn challenge(self) -> Step {
        let prompt = match self {
            Self::Plain => "",
            Self::LoginName => "Username:",
            Self::LoginPassword(_) => "Password:",
        };
        let reply = Reply::challenge(BASE64.encode(prompt.as_bytes()));
        Step::Challenge(self, reply)
    }
}

/// RFC 4616: `[authzid] NUL authcid NUL passwd`. Acting for somebody else is not offered.
fn plain(text: &str) -> Option<Credentials> {
    let mut parts = text.split('\0');
    let (for_whom, name, password) = (parts.next()?, parts.next()?, parts.next()?);
    let own = for_whom.is_empty() || for_whom == name;
    (own && !name.is_empty() && parts.next().is_none())
        .then(|| Credentials { name: name.to_owned(), password: password.to_owned() })
}

/// All logins of a server.
#[derive(Debug)]
pub(super) struct Logins {
    places: Arc<Semaphore>,
    failures: Table<IpAddr, Failures>,
}

/// What an address has tried.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// What came of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is them.
    Proven,
    /// Wrong name or password.
    Wrong,
    /// Not looked at: this address has to wait.
    Wait(Duration),
    /// Not looked at: a fault of our own.
    Broken,
}

impl Logins {
    /// Nobody has tried anything; `at_once` comparisons run beside each other.
    pub(super) fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once)), failures: Table::new(REMEMBERED) }
    }

    /// Compares, unless the address has failed too often of late.
    pub(super) async fn attempt(&self, from: IpAddr, users: Arc<Users>, credentials: Credentials) -> Outcome {
        let from = limits::neighbourhood(from);
        if let Some(wait) = self.wait(from, Instant::now()) {
            return Outcome::Wait(wait);
        }
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return Outcome::Broken };
        // Many connections may guess at once: what the others came to counts for those that waited for their turn.
        if let Some(wait) = self.wait(from, Instant::now()) {
            return Outcome::Wait(wait);
        }
        let proven = spawn_blocking(move || {
            let proven = users.proves(&credentials.name, &credentials.password);
            drop(place);
            proven
        });
        match proven.await {
            Ok(true) => Outcome::Proven,
            Ok(false) => {
                self.failed(from, Instant::now());
                Outcome::Wrong
            }
            Err(_) => Outcome::Broken,
        }
    }

    fn wait(&self, from: IpAddr, now: Instant) -> Option<Duration> {
        self.failures.with(|table| {
            let failures = table.get(&from)?;
            let beyond = failures.count.checked_sub(FREE_FAILURES)?;
            let wait = FIRST_WAIT.saturating_mul(1 << beyond.min(20)).min(LONGEST_WAIT);
            (failures.last + wait).checked_duration_since(now).filter(|left| !left.is_zero())
        })
    }

    fn failed(&self, from: IpAddr, now: Instant) {
        let old = |failures: &Failures| now.duration_since(failures.last) > FORGIVEN;
        self.failures.change(
            from,
            old,
            |failures| failures.count,
            |known| {
                let count = known.filter(|failures| !old(failures)).map_or(0, |failures| failures.count);
                Failures { count: count.saturating_add(1), last: now }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::server::users;

    fn encoded(text: &str) -> String {
        BASE64.encode(text.as_bytes())
    }

    fn done(step: Result<Step, Reply>) -> (String, String) {
        match step.unwrap() {
            Step::Done(credentials) => (credentials.name, credentials.password),
            Step::Challenge(..) => panic!("not done"),
        }
    }

    fn challenge(step: Result<Step, Reply>) -> (Exchange, String) {
        match step.unwrap() {
            Step::Challenge(exchange, reply) => {
                assert_eq!(reply.code, 334);
                (exchange, reply.text())
            }
            Step::Done(_) => panic!("done already"),
        }
    }

    #[test]
    fn plain_in_one_line_or_two() {
        let response = encoded("\0app\0secret");
        let pair = ("app".to_owned(), "secret".to_owned());
        assert_eq!(done(Exchange::start("plain", Some(&response))), pair);
        let (exchange, prompt) = challenge(Exchange::start("PLAIN", None));
        assert_eq!(prompt, "");
        assert_eq!(done(exchange.respond(&response)), pair);
        assert_eq!(done(Exchange::start("PLAIN", Some(&encoded("app\0app\0secret")))), pair);
    }

    #[test]
    fn login_asks_for_name_and_password() {
        let (exchange, prompt) = challenge(Exchange::start("LOGIN", None));
        assert_eq!(prompt, "VXNlcm5hbWU6");
        let (exchange, prompt) = challenge(exchange.respond(&encoded("app")));
        assert_eq!(prompt, "UGFzc3dvcmQ6");
        assert_eq!(done(exchange.respond(&encoded("secret"))), ("app".to_owned(), "secret".to_owned()));
        let (exchange, _) = challenge(Exchange::start("LOGIN", Some(&encoded("app"))));
        assert_eq!(exchange, Exchange::LoginPassword("app".to_owned()));
    }

    #[test]
    fn what_is_no_response_ends_the_exchange() {
        let refusal = |step: Result<Step, Reply>| {
            let reply = step.unwrap_err();
            (reply.code, reply.enhanced.unwrap())
        };
        assert_eq!(refusal(Exchange::start("CRAM-MD5", None)), (504, "5.5.4".into()));
        assert_eq!(refusal(Exchange::Plain.respond("*")), (501, "5.7.0".into()));
        assert_eq!(refusal(Exchange::LoginPassword("app".into()).respond("*")), (501, "5.7.0".into()));
        for line in ["!", "YQ", "YQ==YQ==", " ", "YQ== ", &BASE64.encode(b"\0a\0\xff")] {
            assert_eq!(refusal(Exchange::Plain.respond(line)), (501, "5.5.2".into()), "{line}");
        }
        for text in ["", "app", "app\0secret", "\0\0secret", "other\0app\0secret", "\0app\0secret\0more"] {
            assert_eq!(refusal(Exchange::Plain.respond(&encoded(text))), (501, "5.5.2".into()), "{text:?}");
        }
        assert_eq!(refusal(Exchange::start("PLAIN", Some("="))), (501, "5.5.2".into()));
    }

    #[test]
    fn no_password_in_what_is_printed() {
        let credentials = Credentials { name: "app".into(), password: "secret".into() };
        assert!(!format!("{credentials:?}").contains("secret"));
    }

    fn users() -> Arc<Users> {
        let hash = users::hash("correct horse battery").unwrap();
        Users::parse("u", &format!("[[user]]\nname = \"app\"\npassword = \"{hash}\"\n")).unwrap().into()
    }

    #[tokio::test]
    async fn guesses_at_once_count_like_guesses_one_after_the_other() {
        let (logins, users) = (Arc::new(Logins::new(1)), users());
        let guesses: tokio::task::JoinSet<_> = (0..20)
            .map(|_| {
                let (logins, users) = (Arc::clone(&logins), Arc::clone(&users));
                let credentials = Credentials { name: "app".into(), password: "guess".into() };
                async move { logins.attempt("192.0.2.1".parse().unwrap(), users, credentials).await }
            })
            .collect();
        let outcomes = guesses.join_all().await;
        let looked_at = outcomes.iter().filter(|outcome| **outcome == Outcome::Wrong).count();
        assert!(looked_at <= FREE_FAILURES as usize + 1, "{looked_at} of 20 guesses were looked at");
    }

    #[tokio::test]
    async fn an_address_that_guesses_waits_longer_and_longer_and_others_do_not() {
        let (logins, users) = (Logins::new(1), users());
        let attempt = |from: &str, password: &str| {
            let credentials = Credentials { name: "app".into(), password: password.into() };
            logins.attempt(from.parse().unwrap(), Arc::clone(&users), credentials)
        };
        assert_eq!(attempt("192.0.2.1", "correct horse battery").await, Outcome::Proven);
        for _ in 0..FREE_FAILURES {
            assert_eq!(attempt("192.0.2.1", "guess").await, Outcome::Wrong);
        }
        assert!(matches!(attempt("192.0.2.1", "correct horse battery").await, Outcome::Wait(_)));
        assert_eq!(attempt("192.0.2.2", "correct horse battery").await, Outcome::Proven);

        let from = "192.0.2.9".parse().unwrap();
        let start = Instant::now();
        let waits: Vec<u64> = (0..30)
            .map(|_| {
                logins.failed(from, start);
                logins.wait(from, start).map_or(0, |wait| wait.as_secs())
            })
            .collect();
        assert_eq!(&waits[..8], [0, 0, 0, 0, 2, 4, 8, 16]);
        assert_eq!(waits[29], LONGEST_WAIT.as_secs());
        assert!(logins.wait(from, start + LONGEST_WAIT).is_none());
        logins.failed(from, start + FORGIVEN + Duration::from_secs(1));
        assert!(logins.wait(from, start + FORGIVEN + Duration::from_secs(1)).is_none());
    }
}
