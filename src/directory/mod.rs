//! Who is who: who may decide about a held mail, and who may log in to the console.
//!
//! In: the lists of `[approval]`, the sender of a mail; local accounts from the store (through [`Accounts`]).
//! Out: the persons who decide, never the sender among them; proven passwords.
//! Deliberately absent: what a decision does (`hold`), sessions (`console`), and outside directories (a later room's).

mod account;
mod deciders;

pub use account::{Account, Accounts, AccountsError, Password, PasswordError, proves};
pub use deciders::deciders;
