//! How a client introduces itself: HELO, EHLO, and what makes more of it than its address.
//!
//! In: the commands before MAIL. Out: the [`Peer`](super::Peer) as the product sees it, and what is on offer.
//! Deliberately absent: anything about a mail.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Gate, Session};
use crate::smtp::Reply;

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    /// EHLO and HELO; both end a mail that is under way (RFC 5321 §4.1.4).
    pub(super) async fn hello(&mut self, name: String, extended: bool) -> Reply {
        self.abandon().await;
        self.peer.helo = name;
        self.peer.extended = extended;
        let hostname = &self.start.settings.hostname;
        if extended { Reply::extended_hello(hostname, self.offered()) } else { Reply::hello(hostname) }
    }

    /// What EHLO offers at this point of the connection.
    fn offered(&self) -> Vec<String> {
        let settings = &self.start.settings;
        let mut offered = vec![
            "PIPELINING".to_owned(),
            format!("SIZE {}", settings.max_message_size),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "DSN".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
            "CHUNKING".to_owned(),
            format!("LIMITS RCPTMAX={} MAILMAX={}", settings.max_recipients, settings.max_mails_per_connection),
        ];
        if self.start.gate.takes_binary() {
            offered.push("BINARYMIME".to_owned());
        }
        if self.peer.tls.is_some() {
            offered.push("REQUIRETLS".to_owned());
        }
        offered.push("HELP".to_owned());
        offered
    }

    /// STARTTLS.
    pub(super) fn start_tls(&mut self) -> Reply {
        Reply::not_implemented()
    }

    /// Whether AUTH is on offer, and so the `AUTH=` of MAIL.
    pub(super) fn offers_auth(&self) -> bool {
        false
    }

    /// AUTH.
    pub(super) fn authenticate(&mut self, _mechanism: &str, _initial: Option<String>) -> Reply {
        Reply::not_implemented()
    }

    /// XCLIENT.
    pub(super) fn xclient(&mut self, _attributes: &str) -> Reply {
        Reply::not_implemented()
    }

    /// XFORWARD.
    pub(super) fn xforward(&mut self, _attributes: &str) -> Reply {
        Reply::not_implemented()
    }
}
