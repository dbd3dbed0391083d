//! An LDAP directory or Active Directory: who is in it, and whether a password is somebody's.
//!
//! In: [`Settings`]. Out: everybody at once, as [`People`] ([`read`]), and whom a login means ([`meant`]), with whether a
//! password is theirs. Reading everything every few minutes keeps the way of a mail free of questions to a server that
//! may be slow or away. The answers of a server are not believed: what is binary, twice, in a circle or points nowhere
//! is left out and counted ([`Oddities`]), and what is no LDAP at all ends the one read that met it.
//! Deliberately absent: following referrals, SASL, writing to the directory, and when to read (`current`).

mod connection;
mod dn;
mod entry;
mod login;
mod read;
mod register;
mod settings;
mod starttls;

use std::future::Future;

pub use connection::check_ca;
pub use login::{Meant, meant};
pub use read::read;
pub use register::Oddities;
pub use settings::{Attributes, Bind, Groups, ServerUrl, Settings, checked_attribute, checked_dn, checked_filter};
use tokio_util::task::AbortOnDropHandle;

/// Why a directory could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LdapError {
    /// A file that the settings name is of no use.
    #[error("{0}")]
    Settings(String),
    /// No server answers.
    #[error("no directory server can be reached: {0}")]
    Unreachable(String),
    /// We are not let in.
    #[error("the directory does not let us in as {who}: {why}; mend bind_dn or its password")]
    Refused {
        /// The name that we gave.
        who: String,
        /// What the server says.
        why: String,
    },
    /// A question was answered with an error.
    #[error("the directory does not answer for `{base}`: {why}")]
    Failed {
        /// What was asked about.
        base: String,
        /// What the server says.
        why: String,
    },
    /// More than can be believed.
    #[error("the directory answers with more than {0}; narrow base or filter")]
    TooMuch(String),
    /// An empty answer is a lost right or a wrong filter, never a company without people.
    #[error("the directory knows nobody: see that bind_dn may read, and that base and filter are right")]
    Nobody,
    /// What came is no LDAP.
    #[error("the directory answered what is no LDAP")]
    Broken,
    /// It took too long.
    #[error("the directory did not answer in time")]
    Late,
}

/// Runs `work` as a task of its own: the library panics on answers that are no LDAP, and ends with its task.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, LdapError>> + Send + 'static,
) -> Result<T, LdapError> {
    AbortOnDropHandle::new(tokio::spawn(work)).await.unwrap_or(Err(LdapError::Broken))
}
