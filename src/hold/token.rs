//! Secret reply addresses: `sekisho+TOKEN@HOSTNAME`, one per held mail, person and purpose.
//!
//! In: a held mail, a person, a purpose. Out: an address for `Reply-To`, and the row by which it is known again.
//! Deliberately absent: the secret itself, anywhere but in the mail; the store has only its hash.

use aws_lc_rs::{digest, rand};

use super::{Hold, HoldError};
use crate::{
    mail::{Address, MailId},
    store::{Purpose, StoreError, Token},
};

/// 26 letters of base32 are 130 bits.
const LETTERS: usize = 26;

/// Makes a secret address at `hostname` through which `person` can say something about `held`.
pub(super) fn make(
    hostname: &str,
    held: &MailId,
    person: &Address,
    purpose: Purpose,
) -> Result<(Address, Token), HoldError> {
    let mut random = [0; 17];
    rand::fill(&mut random).map_err(|_| StoreError::System("no random numbers".to_owned()))?;
    let mut secret = data_encoding::BASE32_NOPAD.encode(&random).to_ascii_lowercase();
    secret.truncate(LETTERS);
    let address = reply_address(hostname, &secret)?;
    let token = Token { hash: hash(&secret), held_id: held.clone(), person: person.clone(), purpose };
    Ok((address, token))
}

/// The address that holds `secret`.
pub(super) fn reply_address(hostname: &str, secret: &str) -> Result<Address, HoldError> {
    Address::parse(&format!("sekisho+{secret}@{hostname}"))
        .map_err(|error| HoldError::Row(format!("no reply address at {hostname}: {error}")))
}

/// By what `secret` is known; mail programs may have changed its case.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    let digest = digest::digest(&digest::SHA256, secret.to_ascii_lowercase().as_bytes());
    hash.copy_from_slice(digest.as_ref());
    hash
}

impl Hold {
    /// Whether `secret` belongs to a secret reply address that was given out.
    pub async fn expects(&self, secret: &str) -> Result<bool, HoldError> {
        Ok(self.store().token(&hash(secret)).await?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_26_letters_and_known_again_in_any_case() {
        let person = Address::parse("sec@example.co.jp").unwrap();
        let id = MailId("01A".to_owned());
        let (one, token) = make("relay.example.co.jp", &id, &person, Purpose::Decide).unwrap();
        let (two, _) = make("relay.example.co.jp", &id, &person, Purpose::Decide).unwrap();
        assert_ne!(one, two);
        let secret = one.local().strip_prefix("sekisho+").unwrap();
        assert_eq!(secret.len(), 26);
        assert!(secret.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        assert_eq!(hash(&secret.to_uppercase()), token.hash);
        assert_ne!(hash("other"), token.hash);
    }
}
