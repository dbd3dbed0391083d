//! The wire: SMTP in and out (RFC 5321), ignorant of policy.
//!
//! In: sockets. Out: envelopes and messages to one trait ([`server::Gate`]), and messages to the next hop, which
//! takes only what is [`client::Cleared`]. Deliberately absent: queues, rules, and the reasons for any reply.
//!
//! [`Reply`], commands, and the readers of DATA and BDAT are pure and shared; `server` and `client` are the sockets around
//! them.

mod caught;
mod chunk;
pub mod client;
mod command;
mod data;
mod kept;
mod parameter;
mod reply;
pub mod server;

pub(crate) use caught::{Panicked, caught};
pub use command::{MailFrom, RcptTo};
pub use reply::{Reply, Then};
