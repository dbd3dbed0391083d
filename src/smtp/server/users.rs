//! Who may log in: the users file.
//!
//! In: the text of a TOML file with one `[[user]]` for each login. Out: [`Users`], or everything that is wrong with it
//! with line and column; and the answer to "is it them?". Deliberately absent: people. These are mail servers and
//! programs that send; the people's accounts are the console's. Passwords in clear are never kept, shown or logged.

use std::collections::BTreeMap;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use serde::Deserialize;
use toml::Spanned;

use crate::{mail::Address, written};

/// The longest password, in bytes; more is work for us and no gain for the owner.
const LONGEST_PASSWORD: usize = 256;

/// The shortest: nobody types these, so that length costs nothing.
const SHORTEST_PASSWORD: usize = 12;

/// The longest name.
const LONGEST_NAME: usize = 128;

/// The most memory a hash may ask for, in KiB: logins run beside mail.
const MOST_MEMORY: u32 = 256 * 1024;

/// Everybody in the users file.
#[derive(Clone, Default)]
pub struct Users {
    users: BTreeMap<String, User>,
}

/// One login.
#[derive(Clone)]
struct User {
    hash: String,
    /// As whom this login may send; anybody if empty.
    senders: Vec<Senders>,
}

/// One entry of `senders`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Senders {
    /// Every address of exactly this domain, in lower case.
    Domain(String),
    /// One mailbox, in canonical form.
    Mailbox(String),
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.users.keys()).finish()
    }
}

/// What is wrong with the users file, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct UsersError {
    /// `file:line:column`.
    place: String,
    message: String,
}

/// Why a password cannot be hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too short or too long.
    #[error(
        "a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes; nobody types it, so take a long random one"
    )]
    Length,
    /// It cannot be sent in AUTH PLAIN.
    #[error("a password cannot contain a line end or a NUL")]
    Control,
    /// The system gave no randomness, or the hash could not be made.
    #[error("the password could not be hashed on this system; try again")]
    Unavailable,
}

/// The `password` line of the users file for a password (Argon2id: 19 MiB, two passes, some 25 ms of one core).
///
/// # Errors
/// If the password cannot serve as one.
pub fn hash(password: &str) -> Result<String, HashError> {
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.len()) {
        return Err(HashError::Length);
    }
    if password.contains(['\r', '\n', '\0']) {
        return Err(HashError::Control);
    }
    let hashed: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|_error| HashError::Unavailable)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    user: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Spanned<String>,
    password: Spanned<String>,
    senders: Option<Spanned<Vec<Spanned<String>>>>,
}

impl Users {
    /// Reads the users file; `name` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong: syntax, nobody in it, a name twice, a password that is no Argon2id hash, a sender that
    /// is neither a domain nor an address.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<UsersError>> {
        let told = |(at, message): (usize, String)| UsersError { place: written::place(name, text, at), message };
        let file: File = toml::from_str(text).map_err(|error| {
            vec![told((error.span().map_or(0, |span| span.start), written::mended(error.message())))]
        })?;
        let (mut users, mut wrong) = (BTreeMap::new(), Vec::new());
        if file.user.is_empty() {
            wrong.push((
                0,
                "nobody is in it; add a [[user]] with name and password, or leave smtp.users out".to_owned(),
            ));
        }
        for raw in file.user {
            let at = raw.name.span().start;
            let (name, user) = user(raw, &mut wrong);
            if users.insert(name.clone(), user).is_some() {
                wrong.push((at, format!("two users are called `{name}`; give one of them another name")));
            }
        }
        if wrong.is_empty() { Ok(Self { users }) } else { Err(wrong.into_iter().map(told).collect()) }
    }

    /// Whether `password` is the one of `name`. Slow by design: call it where blocking is allowed. A name that is not
    /// there costs as much as one that is: another user's hash, its neighbour's in the alphabet, is computed in vain.
    pub(super) fn proves(&self, name: &str, password: &str) -> bool {
        let neighbour = || self.users.range(name.to_owned()..).next().or(self.users.iter().next());
        let (owner, hash) = match neighbour() {
            Some((owner, user)) => (owner.as_str(), user.hash.as_str()),
            None => return false,
        };
        let right = password.len() <= LONGEST_PASSWORD
            && PasswordHash::new(hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        right && owner == name
    }

    /// Whether the login `name` may send as `sender`; none if there is no such login. The null sender impersonates
    /// nobody.
    pub(super) fn may_send_as(&self, name: &str, sender: Option<&Address>) -> Option<bool> {
        let user = self.users.get(name)?;
        let Some(sender) = sender else { return Some(true) };
        let may = user.senders.is_empty()
            || user.senders.iter().any(|allowed| match allowed {
                Senders::Domain(domain) => sender.domain().eq_ignore_ascii_case(domain),
                Senders::Mailbox(mailbox) => sender.canonical() == *mailbox,
            });
        Some(may)
    }
}

fn user(raw: Raw, wrong: &mut Vec<(usize, String)>) -> (String, User) {
    let (at, name) = (raw.name.span().start, raw.name.into_inner());
    if name.is_empty() || name.len() > LONGEST_NAME || name.contains(|c: char| c.is_control() || c.is_whitespace()) {
        wrong.push((at, format!("a user's name has 1 to {LONGEST_NAME} characters without spaces; choose another")));
    }
    let (at, hash) = (raw.password.span().start, raw.password.into_inner());
    if !usable(&hash) {
        // The text may be a password in clear, so it is not repeated here.
        let message =
            format!("the password of `{name}` is no Argon2id hash; write the line of `sekisho user hash {name}`");
        wrong.push((at, message));
    }
    let mut senders = Vec::new();
    if let Some(list) = raw.senders {
        if list.get_ref().is_empty() {
            let message = format!("`{name}` may send as nobody; name domains or addresses, or leave senders out");
            wrong.push((list.span().start, message));
        }
        for item in list.into_inner() {
            match sender(item.get_ref()) {
                Some(sender) => senders.push(sender),
                None => {
                    let message = format!(
                        "`{}` is neither a domain nor an address; write \"example.co.jp\" or \"app@example.co.jp\"",
                        item.get_ref()
                    );
                    wrong.push((item.span().start, message));
                }
            }
        }
    }
    (name, User { hash, senders })
}

fn usable(hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    let memory = argon2::Params::try_from(&parsed).map(|params| params.m_cost());
    parsed.algorithm.as_str() == "argon2id"
        && parsed.hash.is_some()
        && parsed.salt.is_some()
        && memory.is_ok_and(|m| m <= MOST_MEMORY)
}

fn sender(text: &str) -> Option<Senders> {
    if text.contains('@') {
        return Address::parse(text).ok().map(|address| Senders::Mailbox(address.canonical()));
    }
    // A domain is one that an address can have.
    Address::parse(&format!("postmaster@{text}"))
        .ok()
        .filter(|_| text.contains('.'))
        .map(|_| Senders::Domain(text.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn the_right_password_of_the_right_user_and_nothing_else() {
        let text = format!("[[user]]\nname = \"app\"\npassword = \"{}\"\n", hash(PASSWORD).unwrap());
        let users = Users::parse("users.toml", &text).unwrap();
        assert!(users.proves("app", PASSWORD));
        assert!(!users.proves("app", "correct horse"));
        assert!(!users.proves("app", ""));
        for other in ["APP", "ap", "zzz", ""] {
            assert!(!users.proves(other, PASSWORD), "{other}");
        }
        assert!(!users.proves("app", &"x".repeat(10_000)));
        assert!(!Users::default().proves("app", PASSWORD));
        assert!(!format!("{users:?}").contains("argon2"));
    }

    #[test]
    fn senders_are_domains_or_mailboxes() {
        let text = format!(
            "[[user]]\nname = \"app\"\npassword = \"{0}\"\nsenders = [\"Example.co.jp\", \"app@example.com\"]\n\
             [[user]]\nname = \"any\"\npassword = \"{0}\"\n",
            hash(PASSWORD).unwrap()
        );
        let users = Users::parse("users.toml", &text).unwrap();
        for (sender, may) in [
            ("a@example.co.jp", true),
            ("a@EXAMPLE.CO.JP", true),
            ("app@example.com", true),
            ("other@example.com", false),
            ("a@sub.example.co.jp", false),
            ("a@notexample.co.jp", false),
        ] {
            assert_eq!(users.may_send_as("app", Some(&address(sender))), Some(may), "{sender}");
            assert_eq!(users.may_send_as("any", Some(&address(sender))), Some(true));
            assert_eq!(users.may_send_as("gone", Some(&address(sender))), None);
        }
        assert_eq!(users.may_send_as("app", None), Some(true));
        assert_eq!(users.may_send_as("gone", None), None);
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_no_password_repeated() {
        let text = "[[user]]\nname = \"a b\"\npassword = \"hunter2hunter2\"\nsenders = []\n\
                    [[user]]\nname = \"app\"\npassword = \"$argon2id$\"\nsenders = [\"x\", \"a@\", \"ok.jp\"]\n\
                    [[user]]\nname = \"app\"\npassword = \"$argon2id$v=19$m=9999999,t=2,p=1$c2VraXNob25vYm9keTEyMw$lZ0Zgb4zqkBzd1i1mQnE0w8q1QwQhXh2y9dJcLw0m1E\"\n";
        let errors: Vec<String> = Users::parse("u", text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 8, "{errors:#?}");
        assert!(errors.iter().all(|error| error.contains("; ") && !error.contains("hunter2")), "{errors:#?}");
        assert!(
            errors.iter().any(|error| error.starts_with("u:6:12: `x` is neither") || error.contains("`x` is neither"))
        );
        for (text, part) in
            [("", "nobody is in it"), ("[[user]]\nname = 1\n", "mend"), ("[[usr]]\n", "did you mean `user`")]
        {
            assert!(Users::parse("u", text).unwrap_err()[0].to_string().contains(part), "{text}");
        }
    }

    #[test]
    fn passwords_that_cannot_serve_are_not_hashed() {
        assert_eq!(hash("short"), Err(HashError::Length));
        assert_eq!(hash(&"x".repeat(257)), Err(HashError::Length));
        assert_eq!(hash("with a\nline end"), Err(HashError::Control));
    }
}
