//! SMTP out: transactions with the next hop over pooled connections.
//!
//! In: an envelope as it comes, and a message that is [`Cleared`]. Out: the next hop's own replies, one for each step
//! and each recipient, or `451 4.3.0` when it cannot be reached or understood. Deliberately absent: queues and retries
//! (the mail server in front keeps a clean mail; the outbox keeps ours), and any way to hand over bytes that are not
//! cleared.
//!
//! The wire is lettre's: `AsyncSmtpConnection` with command strings of our own. `connection` says which of its traps
//! are stepped around, and is, with `stream`, the only file that knows it.

mod connection;
mod pool;
mod stream;
#[cfg(test)]
mod tests;
mod transaction;

use std::{sync::Arc, time::Duration};

pub use transaction::Transaction;

use super::{MailFrom, Reply};
use connection::Route;
use pool::Pool;

/// How to reach the next hop; from `[next_hop]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves in EHLO.
    pub hostname: String,
    /// `host:port`, tried in order.
    pub hosts: Vec<String>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
}

/// Whether the connection to the next hop is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Plain text.
    Never,
    /// STARTTLS when offered, whatever the certificate.
    Opportunistic,
    /// STARTTLS or nothing, whatever the certificate.
    Required,
    /// STARTTLS with a certificate that the system's roots vouch for, or nothing.
    Verified,
}

/// What the next hop may be given. One type of the product implements it (`hold::Clearance`), and a test in
/// `tests/it/tidy.rs` sees to it that no second one does.
pub trait Cleared {
    /// Header lines to put before the message (the trace header), ending in CRLF.
    fn trace(&self) -> &[u8];
    /// The message as it arrived.
    fn message(&self) -> &[u8];
}

/// How long each step may take. The defaults are a little shorter than RFC 5321 §4.5.3.2 says: the mail server in front
/// of us waits with the RFC's own times, and has to hear our 451 before it gives up on us.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the TCP connection stands; the next host is tried then.
    pub connect: Duration,
    /// Greeting, EHLO and TLS, each.
    pub greeting: Duration,
    /// MAIL, RCPT, RSET: the reply.
    pub command: Duration,
    /// DATA: the 354.
    pub data: Duration,
    /// The message and the reply to its final dot.
    pub message: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            greeting: Duration::from_secs(60),
            command: Duration::from_secs(270),
            data: Duration::from_secs(110),
            message: Duration::from_secs(540),
            idle: Duration::from_secs(20),
        }
    }
}

/// Why there can be no next hop with these settings.
#[derive(Debug, thiserror::Error)]
pub enum NextHopError {
    /// `hosts` is empty.
    #[error("next_hop.hosts is empty; name at least one server as \"host:port\"")]
    NoHosts,
    /// A host is not `host:port`.
    #[error("next_hop.hosts: {0:?} is not of the form \"host:port\", as in \"mail.example.co.jp:25\"")]
    NotHostPort(String),
    /// TLS cannot be set up.
    #[error("next_hop.tls cannot be set up for {host:?}: {source}")]
    Tls {
        /// The host it was set up for.
        host: String,
        /// What lettre says.
        source: lettre::transport::smtp::Error,
    },
}

/// The server that all mail goes on to, with its idle connections. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct NextHop {
    pool: Arc<Pool>,
}

impl NextHop {
    /// Checks the settings; connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, NextHopError> {
        Self::with_timeouts(settings, Timeouts::default())
    }

    /// The same with other times than the defaults.
    pub fn with_timeouts(settings: Settings, timeouts: Timeouts) -> Result<Self, NextHopError> {
        if settings.hosts.is_empty() {
            return Err(NextHopError::NoHosts);
        }
        let routes: Result<_, _> = settings.hosts.iter().map(|host| Route::new(host, settings.tls)).collect();
        Ok(Self { pool: Pool::new(settings.hostname, routes?, timeouts) })
    }

    /// Relays MAIL. A positive reply gives a transaction (whose [`Transaction::mail_reply`] it is), any other is the
    /// error: the next hop's own, or `451 4.3.0` when no host can be reached. `SIZE`, `BODY` and `SMTPUTF8` are passed on
    /// where the next hop offers them; a mail that needs SMTPUTF8 gets `550 5.6.7` where it does not.
    pub async fn begin(&self, from: &MailFrom) -> Result<Transaction, Reply> {
        transaction::begin(&self.pool, from).await
    }

    /// Says QUIT on every idle connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
