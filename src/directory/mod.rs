//! Who is who: who may decide about a held mail, who stands in for whom, and who may log in to the console.
//!
//! In: the lists of `[approval]`, the sender of a mail, the people of `[directory]` (a file, LDAP, or both); local accounts
//! from the store (through [`Accounts`]). Out: the persons who decide, never the sender among them; proven passwords.
//! Deliberately absent: what a decision does (`hold`), cookies and pages (`console`).

mod account;
mod api_token;
mod current;
mod factor;
mod file;
pub mod ldap;
pub mod oidc;
mod people;
mod route;
mod session;
mod snapshot;

pub use account::{Account, Accounts, AccountsError, Password, PasswordError, proves};
pub use api_token::{ApiToken, ApiTokens};
pub use current::{Directory, Health, Settings, Trouble};
pub use factor::{Factor, Factors, RECOVERY_CODES, recovery_codes, recovery_hash};
pub use file::{FileError, Written};
pub use people::{Absence, People, Person, Role};
pub use route::{Asked, Panel, Question, Rosters, panel};
pub use session::{ABSOLUTE, Session, Sessions, Stage};

/// All that is kept about logging in.
pub trait Identities: Accounts + Sessions + Factors + ApiTokens {}

impl<T: Accounts + Sessions + Factors + ApiTokens> Identities for T {}
