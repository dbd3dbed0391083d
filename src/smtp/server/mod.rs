//! SMTP in: sessions and transactions, up to the one trait behind which the product stands.
//!
//! In: listening sockets. Out: calls to a [`Gate`] and its [`Transaction`]s, and the replies that they give. `listen`
//! decides who may talk at all, `session` keeps the dialogue in order, `wire` moves the bytes, `budget` counts the
//! memory that messages need. Who may talk: `access` by address, `proxy` for whom a load balancer brings, `xclient` for
//! whom another mail server speaks, `tls` and `stream` for encryption, `auth` and `users` for logins, `keys` for the
//! files behind these two, `limits` for how much of it. Deliberately absent: any reason to refuse a mail other than the
//! protocol's own limits and these.
//!
//! A client that keeps its mail waiting for longer than a second has it paused ([`Transaction::pause`]), so that slow
//! clients hold nothing that quick ones need.
//!
//! A connection needs at most 150 KiB beside its mail: its buffers (`wire` says how large each is), a batch of at
//! most 64 KiB of RCPT lines while they are answered, and its task. A mail's envelope needs at most 3 KiB for each of
//! [`max_recipients`](Settings::max_recipients): the longest address and the longest ORCPT are kept for us and for the
//! next hop. Messages need at most
//! [`max_memory`](Settings::max_memory) together while they are read, and as much again for those that have been read
//! and are being copied into their final place.

mod access;
mod auth;
mod budget;
#[cfg(test)]
mod door_tests;
mod keys;
mod limits;
mod listen;
mod proxy;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod users;
mod wire;
mod xclient;

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ipnet::IpNet;
use jiff::tz::TimeZone;

pub use super::command::{MailFrom, RcptTo};
pub use keys::{KeyFiles, Keyring, Keys};
pub use limits::SenderLimits;
pub use listen::{Listener, serve};
pub use tls::{Certificate, CertificateFiles, TlsError};
pub use users::{HashError, Users, UsersError, hash};
pub use xclient::Origin;

use super::Reply;
use crate::mail::{MailId, Message};

/// How the server listens; from `[smtp]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves.
    pub hostname: String,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// Where to listen for connections that are encrypted from the first byte.
    pub listen_tls: Vec<SocketAddr>,
    /// Who may relay; anyone who is neither here nor in `auth_from` gets 554 at connect.
    pub allow_from: Vec<IpNet>,
    /// Who may relay after a login; without one MAIL gets 530.
    pub auth_from: Vec<IpNet>,
    /// Who may say for whom it speaks (XCLIENT, XFORWARD).
    pub xclient_from: Vec<IpNet>,
    /// Which load balancers begin each connection with a PROXY header.
    pub proxy_protocol_from: Vec<IpNet>,
    /// Where the certificate and the users are.
    pub key_files: KeyFiles,
    /// Whether MAIL outside TLS gets 530.
    pub require_tls: bool,
    /// In bytes; larger mails get 552.
    pub max_message_size: u64,
    /// How many recipients one mail may have; the next gets 452.
    pub max_recipients: usize,
    /// How long the client may be silent (RFC 5321 §4.5.3.2.7 asks for at least 5 minutes).
    pub idle_timeout: Duration,
    /// How long a command line may take from its first byte to its last.
    pub command_timeout: Duration,
    /// How long a whole message may take.
    pub message_timeout: Duration,
    /// How many bytes a second a message has to bring, on average over each `rate_window` behind the first; 0 for any.
    pub min_data_rate: u64,
    /// Over how long the rate is looked at.
    pub rate_window: Duration,
    /// How long a connection may last; the message that is being taken then is still taken.
    pub max_session: Duration,
    /// How many mails a connection may bring; the next gets 421.
    pub max_mails_per_connection: u32,
    /// How many bytes the messages of all connections may have together; one more gets 451.
    pub max_memory: u64,
    /// How many connections at once; the next gets 421.
    pub max_connections: usize,
    /// How many connections one address may have at once; the next gets 421.
    pub max_connections_per_address: usize,
    /// How much one envelope sender may send.
    pub senders: SenderLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 10_025))],
            allow_from: vec![
                ipnet::Ipv4Net::new_assert([127, 0, 0, 0].into(), 8).into(),
                IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]).into(),
            ],
            listen_tls: Vec::new(),
            auth_from: Vec::new(),
            xclient_from: Vec::new(),
            proxy_protocol_from: Vec::new(),
            key_files: KeyFiles::default(),
            require_tls: false,
            max_message_size: 50 << 20,
            max_recipients: 1_000,
            idle_timeout: Duration::from_secs(300),
            command_timeout: Duration::from_secs(60),
            message_timeout: Duration::from_secs(30 * 60),
            min_data_rate: 512,
            rate_window: Duration::from_secs(30),
            max_session: Duration::from_secs(60 * 60),
            max_mails_per_connection: 10_000,
            max_memory: 1 << 30,
            max_connections: 200,
            max_connections_per_address: 200,
            senders: SenderLimits { rate: None, daily: None, timezone: TimeZone::UTC },
        }
    }
}

/// Who is talking to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// What it said in EHLO or HELO.
    pub helo: String,
    /// Whether it said EHLO.
    pub extended: bool,
    /// The protocol version, as in `TLSv1.3`, if the connection is encrypted.
    pub tls: Option<String>,
    /// As whom it logged in.
    pub login: Option<String>,
    /// Where the next mail came from before, as a trusted mail server says (XFORWARD).
    pub forwarded: Option<Origin>,
}

impl Peer {
    /// Who handed a mail to us, in one line for the journal and the log.
    pub fn client(&self) -> String {
        let mut client = format!("{} {}", self.address.ip(), self.helo);
        if let Some(login) = &self.login {
            client.push_str(&format!(" login {login}"));
        }
        if let Some(origin) = &self.forwarded {
            client.push_str(&format!(" (from {origin})"));
        }
        client
    }
}

/// The product, as the protocol engine sees it.
pub trait Gate: Send + Sync + 'static {
    /// One mail on its way.
    type Transaction: Transaction;
    /// MAIL: a transaction, or the reply that refuses it. `id` names the mail from now on, also in the session's own
    /// log lines about it.
    fn mail(
        &self,
        peer: &Peer,
        id: MailId,
        from: MailFrom,
    ) -> impl Future<Output = Result<Self::Transaction, Reply>> + Send;
    /// Whether BINARYMIME is offered: only where the next hop takes it, since nobody here can convert a mail.
    fn takes_binary(&self) -> bool {
        false
    }
}

/// One mail between MAIL and its final reply. Exactly one of [`message`](Self::message) and
/// [`abandon`](Self::abandon) is called; only when the grace time of a shutdown runs out, or when the implementation
/// panics, is a transaction dropped within one of its own calls.
pub trait Transaction: Send {
    /// The positive reply to MAIL: the next hop's own, where there is one.
    fn mail_reply(&self) -> Reply {
        Reply::sender_accepted()
    }
    /// RCPT: a positive reply accepts the recipient.
    fn recipient(&mut self, recipient: RcptTo) -> impl Future<Output = Reply> + Send;
    /// Several RCPT that came in one batch: one reply for each, in their order.
    fn recipients(&mut self, recipients: Vec<RcptTo>) -> impl Future<Output = Vec<Reply>> + Send {
        async {
            let mut replies = Vec::with_capacity(recipients.len());
            for recipient in recipients {
                replies.push(self.recipient(recipient).await);
            }
            replies
        }
    }
    /// The client keeps us waiting: what is held for it elsewhere can be let go of until it goes on. Returns at once.
    fn pause(&mut self) {}
    /// The whole message; the reply is what the client gets for its final dot. A client that goes away meanwhile does
    /// not interrupt it.
    fn message(self, message: Message) -> impl Future<Output = Reply> + Send;
    /// RSET, QUIT, a new EHLO, a refused or unfinished message, a lost connection: nothing comes of it.
    fn abandon(self) -> impl Future<Output = ()> + Send;
}
