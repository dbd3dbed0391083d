//! Tokens with which programs use the API in a person's name.
//!
//! In and out: an [`ApiToken`], kept by the store under the token's SHA-256; the token itself is shown once, to whoever made
//! it. A token ends by itself, and with the person's account. Deliberately absent: rights of its own; a program may do
//! what the person may, and where two factors are asked for, it has shown one.

use std::future::Future;

use jiff::Timestamp;

use super::AccountsError;
use crate::mail::Address;

/// How a token begins, so that scanners for leaked secrets, ours included, know it.
const PREFIX: &str = "sekisho_";

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// In whose name.
    pub who: Address,
    /// What it is for, as its owner says; one of a kind among theirs.
    pub name: String,
    /// Since when.
    pub made_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl ApiToken {
    /// A new token of 256 bits.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate() -> Result<String, AccountsError> {
        let mut bytes = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| AccountsError::Unavailable("the system has no random numbers".to_owned()))?;
        Ok(format!("{PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&bytes)))
    }

    /// What is kept of it; none where it can be no token.
    pub fn hash(token: &str) -> Option<[u8; 32]> {
        token.strip_prefix(PREFIX)?;
        let mut hash = [0; 32];
        hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref());
        Some(hash)
    }
}

/// Where tokens are kept. The store implements it.
pub trait ApiTokens: Send + Sync + 'static {
    /// Keeps a new one; [`AccountsError::Exists`] if the person has one of that name.
    fn put_api_token(
        &self,
        hash: &[u8; 32],
        token: &ApiToken,
    ) -> impl Future<Output = Result<(), AccountsError>> + Send;
    /// The one with this hash, if it has not ended by `now`.
    fn api_token(
        &self,
        hash: &[u8; 32],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<ApiToken>, AccountsError>> + Send;
    /// All of them, by person and name.
    fn api_tokens(&self) -> impl Future<Output = Result<Vec<ApiToken>, AccountsError>> + Send;
    /// Ends one of a person's; false if there was none of that name.
    fn end_api_token(&self, who: &Address, name: &str) -> impl Future<Output = Result<bool, AccountsError>> + Send;
}
