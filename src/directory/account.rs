//! Local console accounts and their passwords.
//!
//! In: addresses and passwords as people type them. Out: [`Account`]s that hold only an Argon2id hash, and the answer
//! to "is it them?". Deliberately absent: what an account may do (the lists of `[approval]` and the sender of a mail
//! say that), sessions, and any way back from a hash.

use std::future::Future;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use jiff::Timestamp;

use crate::mail::Address;

/// NIST SP 800-63B asks for 15 characters where the password is the only factor.
const SHORTEST: usize = 15;

/// In bytes; more is work for us and no gain for the owner.
const LONGEST: usize = 256;

/// Without the letters and digits that are taken for each other; 32 of them, so that a byte maps evenly.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A hash of nothing that anybody knows: verified when there is no such account, so that both answers take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2VraXNob25vYm9keTEyMw$lZ0Zgb4zqkBzd1i1mQnE0w8q1QwQhXh2y9dJcLw0m1E";

/// One local account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Who it is; also the name to log in with.
    pub address: Address,
    /// The Argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether logging in is switched off.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("address", &self.address)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

/// Where accounts are kept. The store implements it; tests bring their own.
pub trait Accounts: Send + Sync + 'static {
    /// All of them, by address.
    fn accounts(&self) -> impl Future<Output = Result<Vec<Account>, AccountsError>> + Send;
    /// The one with this address, whatever its case.
    fn account(&self, address: &Address) -> impl Future<Output = Result<Option<Account>, AccountsError>> + Send;
    /// Adds one; [`AccountsError::Exists`] if its mailbox has one already.
    fn put_account(&self, account: &Account) -> impl Future<Output = Result<(), AccountsError>> + Send;
    /// Switches logging in off or on.
    fn set_account_disabled(
        &self,
        address: &Address,
        disabled: bool,
    ) -> impl Future<Output = Result<(), AccountsError>> + Send;
    /// Replaces the password's hash.
    fn set_account_password(
        &self,
        address: &Address,
        password_hash: &str,
    ) -> impl Future<Output = Result<(), AccountsError>> + Send;
}

/// Why accounts could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// There is an account for this mailbox.
    #[error("there is already an account for this address: use `sekisho user reset` for a new password")]
    Exists,
    /// There is no account for this mailbox.
    #[error("there is no account for this address: `sekisho user list` shows them")]
    Unknown,
    /// The store cannot be reached.
    #[error("the accounts cannot be read or written: {0}")]
    Unavailable(String),
}

/// A password in clear, on its way to a hash; not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a password cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short to stand alone.
    #[error("the password needs at least {SHORTEST} characters; a sentence that only you know is a good one")]
    TooShort,
    /// Too long.
    #[error("the password is longer than {LONGEST} bytes")]
    TooLong,
    /// It says the address.
    #[error("the password must not contain the address that it belongs to")]
    ContainsAddress,
    /// A few characters over and over.
    #[error("the password repeats the same few characters; take something less regular")]
    TooRegular,
    /// The system gave no randomness, or the hash could not be made.
    #[error("the password could not be made or hashed on this system: try again")]
    Unavailable,
}

impl Password {
    /// A random one, twenty characters in four groups (100 bits), to be told to its owner once.
    pub fn generate() -> Result<Self, PasswordError> {
        let mut random = [0_u8; 20];
        aws_lc_rs::rand::fill(&mut random).map_err(|_unspecified| PasswordError::Unavailable)?;
        let mut text = String::with_capacity(23);
        for (at, byte) in random.iter().enumerate() {
            if at > 0 && at % 5 == 0 {
                text.push('-');
            }
            text.extend(ALPHABET.get(usize::from(byte % 32)).map(|&letter| char::from(letter)));
        }
        Ok(Self(text))
    }

    /// One that a person chose for the account `address`. Length counts, not kinds of characters (SP 800-63B).
    pub fn chosen(text: &str, address: &Address) -> Result<Self, PasswordError> {
        if text.len() > LONGEST {
            return Err(PasswordError::TooLong);
        }
        if text.chars().count() < SHORTEST {
            return Err(PasswordError::TooShort);
        }
        let lower = text.to_lowercase();
        let local = address.local().to_lowercase();
        if lower.contains(&address.canonical()) || (local.chars().count() >= 4 && lower.contains(&local)) {
            return Err(PasswordError::ContainsAddress);
        }
        let mut different: Vec<char> = lower.chars().collect();
        different.sort_unstable();
        different.dedup();
        if different.len() < 5 {
            return Err(PasswordError::TooRegular);
        }
        Ok(Self(text.to_owned()))
    }

    /// In clear, for telling its owner once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its Argon2id hash with a fresh salt (19 MiB, two passes: some 25 ms of one core).
    pub fn hash(&self) -> Result<String, PasswordError> {
        let hashed: Result<PasswordHash, _> = Argon2::default().hash_password(self.0.as_bytes());
        hashed.map(|hash| hash.to_string()).map_err(|_error| PasswordError::Unavailable)
    }
}

/// Whether `password` is the one of `account`, and the account may log in. Takes as long when there is no such
/// account, it is disabled, or the password is longer than any, so that no guess is cheap. Slow by design: call it where
/// blocking is allowed.
pub fn proves(account: Option<&Account>, password: &str) -> bool {
    let stored = account.map_or(NOBODY, |account| account.password_hash.as_str());
    let right = PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    right && password.len() <= LONGEST && account.is_some_and(|account| !account.disabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(password: &Password, disabled: bool) -> Account {
        Account {
            address: Address::parse("hanako@example.co.jp").unwrap(),
            password_hash: password.hash().unwrap(),
            disabled,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_right_password_of_an_enabled_account_proves_it() {
        let password = Password::generate().unwrap();
        assert!(proves(Some(&account(&password, false)), password.reveal()));
        assert!(!proves(Some(&account(&password, true)), password.reveal()));
        assert!(!proves(Some(&account(&password, false)), "something else entirely"));
        assert!(!proves(Some(&account(&password, false)), ""));
        assert!(!proves(None, password.reveal()));
    }

    #[test]
    fn a_password_longer_than_any_proves_nothing() {
        for (length, proven) in [(LONGEST, true), (LONGEST + 1, false)] {
            let password = Password("x".repeat(length));
            assert_eq!(proves(Some(&account(&password, false)), password.reveal()), proven, "{length}");
        }
    }

    #[test]
    fn a_hash_that_is_none_proves_nothing() {
        let mut account = account(&Password::generate().unwrap(), false);
        for broken in ["", "plain", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ"] {
            account.password_hash = broken.to_owned();
            assert!(!proves(Some(&account), broken), "{broken}");
        }
    }

    #[test]
    fn the_hash_of_nobody_costs_as_much_as_a_real_one() {
        let real = Password::generate().unwrap().hash().unwrap();
        let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(NOBODY), cost(&real));
        let parsed = PasswordHash::new(NOBODY).unwrap();
        assert!(parsed.hash.is_some() && parsed.salt.is_some());
    }

    #[test]
    fn generated_passwords_differ_and_pass_their_own_rules() {
        let (one, two) = (Password::generate().unwrap(), Password::generate().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.reveal().len(), 23);
        assert!(Password::chosen(one.reveal(), &Address::parse("a@b.jp").unwrap()).is_ok());
    }

    #[test]
    fn bad_choices_are_told_apart() {
        let address = Address::parse("hanako@example.co.jp").unwrap();
        for (text, error) in [
            ("short", PasswordError::TooShort),
            ("aaaaaaaaaaaaaaaaaaaa", PasswordError::TooRegular),
            ("123123123123123123", PasswordError::TooRegular),
            ("my name is Hanako, hello", PasswordError::ContainsAddress),
        ] {
            assert_eq!(Password::chosen(text, &address), Err(error), "{text}");
        }
        assert_eq!(Password::chosen(&"長い".repeat(200), &address), Err(PasswordError::TooLong));
        assert!(Password::chosen("きょうはいい天気ですね、さんぽへ", &address).is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let password = Password::generate().unwrap();
        let account = account(&password, false);
        let shown = format!("{password:?} {account:?}");
        assert!(!shown.contains(password.reveal()) && !shown.contains("argon2"));
    }
}
