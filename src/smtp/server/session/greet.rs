//! How a client introduces itself: HELO and EHLO.
//!
//! In: its name. Out: what is on offer at this point of the connection. Deliberately absent: what makes more of a client
//! than its address (`trust`), and anything about a mail.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Gate, Session};
use crate::smtp::{
    Reply,
    server::{auth, xclient},
};

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    /// EHLO and HELO; both end a mail that is under way (RFC 5321 §4.1.4).
    pub(super) async fn hello(&mut self, name: String, extended: bool) -> Reply {
        self.abandon().await;
        self.peer.helo = name;
        self.peer.extended = extended;
        self.peer.forwarded = None;
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
        match self.peer.tls {
            Some(_) => offered.push("REQUIRETLS".to_owned()),
            None if self.start.keys.current().certificate.is_some() => offered.push("STARTTLS".to_owned()),
            None => {}
        }
        if self.offers_auth() {
            offered.push(auth::OFFERED.to_owned());
        }
        if self.speaks_for_others {
            offered.extend([xclient::XCLIENT.to_owned(), xclient::XFORWARD.to_owned()]);
        }
        offered.push("HELP".to_owned());
        offered
    }
}
