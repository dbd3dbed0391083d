//! SMTP out: transactions with the next hop over pooled connections.
//!
//! In: an envelope as it comes, and a message that is [`Cleared`]. Out: the next hop's own replies, one for each step
//! and each recipient, or `451` when it cannot be reached or understood. Deliberately absent: queues and retries (the
//! mail server in front keeps a clean mail; the outbox keeps ours), and any way to hand over bytes that are not cleared.
//!
//! A transaction whose client is slow is parked ([`Transaction::park`]): it keeps no connection from the others.
//!
//! The wire is our own (`wire`, `answer`, `stuffing`), on tokio and tokio-rustls: lettre's connection has no BDAT, no
//! pipelining, no way to read on while a message is written, one call for all recipients that ends at the first refusal,
//! and garbles replies outside UTF-8. lettre serves for SASL (`login`), and in tests and the demo as a client that is
//! not ours.

mod answer;
mod connection;
#[cfg(test)]
mod extension_tests;
mod fault;
#[cfg(test)]
mod hop;
mod login;
mod offers;
#[cfg(test)]
mod park_tests;
mod pool;
mod route;
mod stuffing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
mod transaction;
mod wire;

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use login::{Login, Secret};
pub use transaction::{Sent, Transaction};

use tokio::net::TcpSocket;

use super::{MailFrom, RcptTo, Reply};
use pool::Pool;
use route::Route;

/// How to reach the next hop; from `[next_hop]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves in EHLO.
    pub hostname: String,
    /// `host:port`, or `smtps://host:port` for TLS from the first byte on; tried in order.
    pub hosts: Vec<String>,
    /// Whether the connection is encrypted.
    pub tls: Tls,
    /// The certificates that vouch for the next hop's own, instead of the system's.
    pub ca: Option<PathBuf>,
    /// The name in the next hop's certificate, where it is not the name in `hosts`.
    pub server_name: Option<String>,
    /// How we log in.
    pub login: Option<Login>,
    /// How many connections are in use at once; a mail that waits for its client uses none.
    pub max_connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            hosts: Vec::new(),
            tls: Tls::Opportunistic,
            ca: None,
            server_name: None,
            login: None,
            max_connections: 100,
        }
    }
}

/// Whether the connection to the next hop is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Plain text.
    Never,
    /// TLS when offered, whatever the certificate.
    Opportunistic,
    /// TLS or nothing, whatever the certificate.
    Required,
    /// TLS with a certificate for the name of the host that `ca` or the system's roots vouch for, or nothing.
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
    /// All that comes before MAIL, on one host: two slow hosts must not take longer than the mail server in front waits.
    pub open: Duration,
    /// Greeting, EHLO and TLS, each.
    pub greeting: Duration,
    /// MAIL, RCPT, RSET: the reply.
    pub command: Duration,
    /// DATA: the 354.
    pub data: Duration,
    /// The message: each 16 KiB of it, so that a large one may take its time and a host that stands still may not.
    pub block: Duration,
    /// The reply to the message, once all of it was sent.
    pub message: Duration,
    /// How long a mail waits for its turn when `max_connections` are in use.
    pub turn: Duration,
    /// How long an unused connection is kept.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            open: Duration::from_secs(120),
            greeting: Duration::from_secs(60),
            command: Duration::from_secs(270),
            data: Duration::from_secs(110),
            block: Duration::from_secs(170),
            message: Duration::from_secs(540),
            turn: Duration::from_secs(10),
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
    /// TLS from the first byte on, and never.
    #[error("next_hop.hosts: {0:?} means TLS, but next_hop.tls is \"never\"; change one of them")]
    NeverTls(String),
    /// What the certificate should say is no name.
    #[error("next_hop: {0:?} cannot stand in a certificate; write a host name or an IP address")]
    ServerName(String),
    /// The file of certificates is of no use.
    #[error("next_hop.ca: {path} cannot be used ({why}); name a PEM file of CA certificates")]
    Ca {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The system trusts nobody.
    #[error("next_hop.tls is \"verified\", but this system has no CA certificates; install them, or name next_hop.ca")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("next_hop.tls cannot be set up: {0}")]
    Tls(#[source] tokio_rustls::rustls::Error),
}

/// Checks a file for `next_hop.ca`.
///
/// # Errors
/// It cannot be read, or has no certificate.
pub fn check_ca(path: &Path) -> Result<(), NextHopError> {
    route::certificates(path).map(|_| ())
}

/// The server that all mail goes on to, with its idle connections. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct NextHop {
    pool: Arc<Pool>,
    settings: Arc<Settings>,
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
        let routes = Route::all(&settings)?;
        let kept = Arc::new(settings.clone());
        Ok(Self { pool: Pool::new(settings, routes, timeouts), settings: kept })
    }

    /// Relays MAIL. A positive reply gives a transaction (whose [`Transaction::mail_reply`] it is), any other is the
    /// error: the next hop's own; `451 4.3.0` when no host can be reached; `451 4.3.2` when too many connections are in
    /// use for too long; or why the next hop cannot have this mail: `550 5.6.7` where it does not offer SMTPUTF8 and the
    /// mail needs it, `550 5.7.30` the same with REQUIRETLS, `552 5.3.4` where it is too large for it. `SIZE`, `BODY`
    /// and DSN parameters are passed on where the next hop offers them.
    pub async fn begin(&self, from: &MailFrom) -> Result<Transaction, Reply> {
        self.begin_with(from, &[]).await.map(|(transaction, _)| transaction)
    }

    /// Relays MAIL and every RCPT, in one go where the next hop offers PIPELINING; one reply for each recipient. Until
    /// all have come, a connection or a host that fails is replaced by the next.
    pub async fn begin_with(&self, from: &MailFrom, recipients: &[RcptTo]) -> Result<(Transaction, Vec<Reply>), Reply> {
        transaction::begin(&self.pool, from, recipients).await
    }

    /// Whether the next hop takes BODY=BINARYMIME, as far as we know from its last connection.
    pub fn takes_binary(&self) -> bool {
        self.pool.takes_binary()
    }

    /// Connects once, to learn what the next hop offers before the first mail. That it cannot be reached is logged,
    /// and the error is what a mail server would be told: the next hop may come later than we do.
    pub async fn probe(&self) -> Result<(), Reply> {
        self.pool.open().await.map(|pooled| self.pool.give(pooled))
    }

    /// The same next hop where nobody listens, and nobody can as long as the socket is kept: a port of this machine that it
    /// has and does not listen on. A drill asks what a mail server hears then. Whoever should answer there all the same
    /// learns no password.
    ///
    /// # Errors
    /// No port can be had, or the settings cannot be used.
    pub fn where_nobody_listens(&self) -> Result<(Self, TcpSocket), NextHopError> {
        let taken = || {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            Ok((socket.local_addr()?, socket))
        };
        let (address, socket) = taken().map_err(|why: io::Error| NextHopError::NotHostPort(why.to_string()))?;
        let settings = Settings { hosts: vec![address.to_string()], login: None, ..(*self.settings).clone() };
        Ok((Self::new(settings)?, socket))
    }

    /// Says QUIT on every idle connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
