//! The vocabulary of mail: who sends what to whom, as bytes, with no I/O and no opinion.
//!
//! In: what came over SMTP. Out: values that every other room speaks in.
//! Deliberately absent: a re-encoding message model. A mail is the bytes that arrived ([`Message`]); edits are
//! made on header lines, never by taking a message apart and writing it again.

mod address;
pub mod charset;
pub mod dsn;
mod dsn_request;
pub mod edit;
mod envelope;
pub mod header;
mod message;
pub mod trace;

pub use address::{Address, AddressError};
pub use dsn_request::{Dsn, Notify, RcptDsn, Ret};
pub use envelope::{BodyKind, Envelope, MailId};
pub use message::{Header, Message};
