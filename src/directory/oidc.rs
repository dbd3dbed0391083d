//! Logging in through a provider (OpenID Connect): authorization code flow with PKCE, state and nonce.
//!
//! In: the settings of `[console.oidc]`, what the provider says of itself, and what the browser brings back from it.
//! Out: where to send the browser together with a [`Pending`] login, and at the end an [`Identity`], proven. The protocol,
//! its signatures and claims are `openidconnect`'s; what is ours is what is believed: only an ID token that was fetched with
//! our own code, signed by a key of the issuer, for us alone, fresh, with our nonce, and with an address of our domains
//! that the provider vouches for. Every error tells the log what to mend; what the person is told is the console's.
//! Deliberately absent: cookies and sessions (`console`), what a person may see or do, logging out at the provider,
//! access to anything in the person's name, and tokens kept beyond one login.

#[cfg(test)]
pub(crate) mod fake;
mod http;
mod provider;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use openidconnect::{AuthorizationCode, ClientSecret, CsrfToken, Nonce, PkceCodeVerifier, url::Url};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::http::is_private;
pub use self::provider::Provider;
use crate::mail::Address;

/// A login that was begun longer ago is not finished any more.
pub const PENDING: Duration = Duration::from_secs(10 * 60);

/// The largest secret that is read.
const LONGEST_SECRET: usize = 4096;

/// `[console.oidc]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The provider's own name, exactly as it writes it; where its metadata is found.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The file with the secret that proves it; read at each login, so that it can be renewed at any time.
    pub client_secret_file: PathBuf,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Which claim is the mail address.
    pub email_claim: String,
    /// Whether the address is believed although the provider does not say that it was verified.
    pub trust_email: bool,
    /// Whose addresses may log in; lower case, Punycode decoded, subdomains included.
    pub allowed_domains: Vec<String>,
    /// What the button says; none is our own words.
    pub label: Option<String>,
}

impl Settings {
    /// The address that the provider vouches for, if it is ours.
    fn address_of(&self, person: &Map<String, Value>) -> Result<Address, LoginError> {
        let claim = &self.email_claim;
        let Some(text) = person.get(claim).and_then(Value::as_str) else {
            return Err(LoginError::NoAddress(format!("there is no claim `{claim}`; see scopes and email_claim")));
        };
        if !self.trust_email && person.get("email_verified") != Some(&Value::Bool(true)) {
            let why =
                "email_verified is not true; if the provider's addresses can be relied on, write trust_email = true";
            return Err(LoginError::NoAddress(why.to_owned()));
        }
        let address = Address::parse(text)
            .map_err(|error| LoginError::NoAddress(format!("the claim `{claim}` is no address: {error}")))?;
        let (domain, _odd) = idna::domain_to_unicode(address.domain());
        let within = |own: &String| {
            domain.strip_suffix(own.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        if address.is_routed() || !self.allowed_domains.iter().any(within) {
            return Err(LoginError::Foreign(address));
        }
        Ok(address)
    }
}

/// Why nobody was logged in. What is displayed is for the log: it holds no token and no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The provider does not answer, or not as a provider does.
    #[error("the provider cannot be used: {0}")]
    Unreachable(String),
    /// This login was not begun here, not by this browser, too long ago, or is over already.
    #[error("this login is not one that was begun here a moment ago: {0}")]
    Stale(&'static str),
    /// The provider or the person at it said no.
    #[error("the provider let nobody in: {0}")]
    Declined(String),
    /// The provider does not take our code, or us.
    #[error("the provider gives no token: {0}")]
    Exchange(String),
    /// What the provider sent proves nothing.
    #[error("the provider's ID token is not accepted: {0}")]
    Unproven(String),
    /// The person is known, but has no address that counts.
    #[error("the provider vouches for no mail address: {0}")]
    NoAddress(String),
    /// The person is not one of ours.
    #[error("{0} is in no domain of console.oidc.allowed_domains")]
    Foreign(Address),
}

/// A login that has begun: what only we know of it.
pub struct Pending {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    made_at: Instant,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("made_at", &self.made_at).finish_non_exhaustive()
    }
}

impl Pending {
    /// When it was begun.
    pub fn made_at(&self) -> Instant {
        self.made_at
    }

    /// Whether it can not be finished any more.
    pub fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.made_at) > PENDING
    }

    /// The code of an answer that belongs to this login.
    fn code_of(&self, answer: Answer, issuer: &str, now: Instant) -> Result<AuthorizationCode, LoginError> {
        if self.is_over(now) {
            return Err(LoginError::Stale("it was begun too long ago"));
        }
        let state = self.state.secret().as_bytes();
        if aws_lc_rs::constant_time::verify_slices_are_equal(state, answer.state.as_bytes()).is_err() {
            return Err(LoginError::Stale("the state is another one"));
        }
        if let Some(other) = answer.iss.filter(|named| named != issuer) {
            return Err(LoginError::Unproven(format!("the answer is of {}, another issuer", line(&other))));
        }
        if let Some(error) = answer.error {
            let more = answer.error_description.unwrap_or_default();
            return Err(LoginError::Declined(line(&format!("{error} {more}"))));
        }
        if answer.code.is_empty() {
            return Err(LoginError::Stale("there is no code"));
        }
        Ok(AuthorizationCode::new(answer.code))
    }
}

/// What the browser brings back from the provider, as it stands in the address.
#[derive(Default, Deserialize)]
pub struct Answer {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("error", &self.error).finish_non_exhaustive()
    }
}

/// Who somebody is, by the word of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their address, in one of our domains.
    pub address: Address,
    /// Their name, if the provider tells.
    pub name: Option<String>,
    /// What the provider calls them, the same for ever.
    pub subject: String,
    /// The provider.
    pub issuer: String,
    /// How they proved it (`amr`: `pwd`, `otp`, `mfa`, …), as far as the provider tells.
    pub methods: Vec<String>,
    /// How well it is proven (`acr`), in the provider's own terms.
    pub level: Option<String>,
}

impl Identity {
    /// Whether the provider says that there was more than one proof (RFC 8176).
    pub fn is_multi_factor(&self) -> bool {
        self.methods.iter().any(|method| method == "mfa")
    }
}

/// Checks an issuer.
///
/// # Errors
/// What is wrong with it.
pub fn check_issuer(issuer: &str) -> Result<(), String> {
    let url = Url::parse(issuer).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
    let Some(url) = url.filter(|url| url.has_host() && url.username().is_empty()) else {
        return Err(format!(
            "`{issuer}` is no issuer; write it as the provider does, as in \"https://login.example.com\""
        ));
    };
    if !is_private(&url) {
        return Err(format!("`{issuer}` could be forged on the way; write an https:// address"));
    }
    Ok(())
}

/// Checks the file of a secret.
///
/// # Errors
/// What is wrong with it.
pub fn check_secret(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    secret_in(path, &text).map(|_| ())
}

async fn read_secret(path: &Path) -> Result<ClientSecret, LoginError> {
    let text = tokio::fs::read_to_string(path).await.map_err(|error| unreadable(path, &error));
    text.and_then(|text| secret_in(path, &text)).map_err(LoginError::Exchange)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read ({error}); make it, readable for this user only", path.display())
}

fn secret_in(path: &Path, text: &str) -> Result<ClientSecret, String> {
    let secret = text.trim();
    if secret.is_empty() || secret.len() > LONGEST_SECRET || secret.contains(char::is_control) {
        return Err(format!("{} holds no secret; write the client secret into it, on one line", path.display()));
    }
    Ok(ClientSecret::new(secret.to_owned()))
}

/// An error with its causes, on one line.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    line(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// What comes from outside, harmless in a log.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>().trim().to_owned()
}
