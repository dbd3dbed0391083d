//! Why a connection to the next hop cannot go on.
//!
//! In: what went wrong. Out: words for the log; the mail server hears one reply for all of them, but for a host that
//! does not know us. Deliberately absent: refusals, which are the next hop's good right and come through as they are.

use std::io;

use super::answer::Garbled;
use crate::smtp::Reply;

/// Why a connection cannot go on. It is of no use afterwards.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No TCP connection.
    #[error("cannot connect; is the next hop running and reachable? {0}")]
    Connect(#[source] io::Error),
    /// No answer in time, or it takes what we write too slowly.
    #[error("no answer to {0} in time")]
    Timeout(&'static str),
    /// The connection broke.
    #[error("{step}: the connection broke: {source}")]
    Lost {
        /// What we were at.
        step: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The other side closed the connection.
    #[error("{0}: the next hop closed the connection")]
    Closed(&'static str),
    /// 421: the other side is about to close the connection.
    #[error("{step}: the next hop is going away: {} {}", reply.code, reply.text())]
    Leaving {
        /// What we were at.
        step: &'static str,
        /// Its words.
        reply: Reply,
    },
    /// What came is not SMTP.
    #[error("{step}: not SMTP: {why}")]
    Garbled {
        /// What we were at.
        step: &'static str,
        /// What is wrong with it.
        why: Garbled,
    },
    /// A reply that makes no sense at this point.
    #[error("unexpected reply to {0}: {1}")]
    Unexpected(&'static str, u16),
    /// TLS is needed and not to be had.
    #[error("the next hop does not offer STARTTLS, but next_hop.tls asks for it")]
    NoTls,
    /// Bytes in plain text behind the reply to STARTTLS.
    #[error("STARTTLS: the next hop, or somebody between, sent more than a reply before the handshake")]
    Injected,
    /// The handshake failed.
    #[error("the TLS handshake failed; check the next hop's certificate, next_hop.ca and next_hop.server_name: {0}")]
    Handshake(#[source] io::Error),
    /// We did not log in.
    #[error(transparent)]
    Login(#[from] LoginFault),
}

/// Why we did not log in. None of it holds the secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginFault {
    /// The secret cannot be read.
    #[error("the login for the next hop cannot be read from {path}; let this user read it: {source}")]
    Unreadable {
        /// Its file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file is empty.
    #[error("{0} holds no login for the next hop; write the password or the token into its first line")]
    Empty(String),
    /// The connection is in plain text.
    #[error("not logging in to the next hop in plain text; it offers no STARTTLS, or next_hop.tls forbids it")]
    PlainText,
    /// None of the ways to log in that we know.
    #[error("the next hop offers no AUTH {0}; remove next_hop.login, or ask its administrator")]
    NotOffered(&'static str),
    /// It said no.
    #[error("the next hop refused our login: {} {}; check next_hop.login and its file", .0.code, .0.text())]
    Refused(Reply),
}

impl Fault {
    /// Whether it may only mean that the host closed a connection that waited too long, so that a new one may do.
    pub(super) fn may_be_stale(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Closed(_) | Self::Leaving { .. })
    }

    /// What the mail server hears when a connection could not be opened or MAIL could not be said.
    pub(super) fn before_mail(&self) -> Reply {
        match self {
            Self::Login(_) => Reply::next_hop_login(),
            _ => Reply::next_hop_unavailable(),
        }
    }

    /// What the mail server hears in the middle of a mail. 421 says that the next hop closes its connection with us;
    /// ours with the mail server goes on, so that it hears the same words as 451.
    pub(super) fn during_mail(self) -> Reply {
        match self {
            Self::Leaving { reply, .. } => Reply { code: 451, ..reply },
            _ => Reply::next_hop_unavailable(),
        }
    }
}
