//! Who is who: who may decide about a held mail, who stands in for whom, and who may log in to the console.
//!
//! In: the lists of `[approval]`, the sender of a mail, the people of `[directory]`; local accounts from the store
//! (through [`Accounts`]). Out: the persons who decide, never the sender among them; proven passwords.
//! Deliberately absent: what a decision does (`hold`) and sessions (`console`).

mod account;
mod deciders;
pub mod oidc;
mod people;

pub use account::{Account, Accounts, AccountsError, Password, PasswordError, proves};
pub use deciders::deciders;
pub use people::{Absence, People, Person, Role};
