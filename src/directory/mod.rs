//! Who is who: who may decide about a held mail, who stands in for whom, and who may log in to the console.
//!
//! In: the lists of `[approval]`, the sender of a mail, the people of `[directory]` (a file, LDAP, or both); local accounts
//! from the store (through [`Accounts`]). Out: the persons who decide, never the sender among them; proven passwords.
//! Deliberately absent: what a decision does (`hold`) and sessions (`console`).

mod account;
mod current;
mod file;
pub mod ldap;
pub mod oidc;
mod people;
mod route;
mod snapshot;

pub use account::{Account, Accounts, AccountsError, Password, PasswordError, proves};
pub use current::{Directory, Health, Settings, Trouble};
pub use file::{FileError, Written};
pub use people::{Absence, People, Person, Role};
pub use route::{Asked, Panel, Question, Rosters, panel};
