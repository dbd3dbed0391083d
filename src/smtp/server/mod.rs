//! SMTP in: sessions and transactions, up to the one trait behind which the product stands.
//!
//! In: listening sockets. Out: calls to a [`Gate`] and its [`Transaction`]s, and the replies that they give. `listen`
//! decides who may talk at all, `session` keeps the dialogue in order, `wire` moves the bytes. Deliberately absent:
//! any reason to refuse a mail other than the protocol's own limits.

mod caught;
mod listen;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::{future::Future, net::SocketAddr, time::Duration};

use ipnet::IpNet;

pub use super::command::{MailFrom, RcptTo};
pub use listen::{Listener, serve};

use super::Reply;
use crate::mail::{MailId, Message};

/// How the server listens; from `[smtp]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves.
    pub hostname: String,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// Who may relay; anyone else gets 554 at connect.
    pub allow_from: Vec<IpNet>,
    /// In bytes; larger mails get 552.
    pub max_message_size: u64,
    /// How many recipients one mail may have; the next gets 452.
    pub max_recipients: usize,
    /// How long the client may be silent (RFC 5321 §4.5.3.2.7 asks for at least 5 minutes).
    pub idle_timeout: Duration,
    /// How many connections at once; the next gets 421.
    pub max_connections: usize,
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
    /// The whole message; the reply is what the client gets for its final dot. A client that goes away meanwhile does
    /// not interrupt it.
    fn message(self, message: Message) -> impl Future<Output = Reply> + Send;
    /// RSET, QUIT, a new EHLO, a refused or unfinished message, a lost connection: nothing comes of it.
    fn abandon(self) -> impl Future<Output = ()> + Send;
}
