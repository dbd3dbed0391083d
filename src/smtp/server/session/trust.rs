//! What makes more of a client than its address: STARTTLS, AUTH, XCLIENT, XFORWARD; and what MAIL makes of it.
//!
//! In: these commands, and the sender of a mail. Out: the [`Peer`](super::Peer) as the product sees it, or a refusal.
//! After STARTTLS and XCLIENT the session starts afresh: nothing that was said before holds any more, neither a mail
//! under way nor a login. Deliberately absent: the exchange of AUTH (`auth`) and the meaning of attributes (`xclient`).
//!
//! XCLIENT cannot open the relay: the address that it names is judged as if it had connected itself, and only the host
//! that was let in and named in `xclient_from` may say it. A login that it names is believed, as that host has checked it
//! in its own way; where our users file knows the name, its `senders` hold for it too.

use std::{io, net::SocketAddr};

use tokio::io::{AsyncRead, AsyncWrite};
use tracing::{info, warn};

use super::{Access, Gate, Session, line_in_time};
use crate::{
    mail::Address,
    smtp::{
        Reply,
        server::{
            auth::{Exchange, MAX_FAILURES, Outcome, Step},
            wire::Line,
            xclient::{Kind, Origin},
        },
    },
};

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    /// STARTTLS (RFC 3207): whether the handshake may begin.
    pub(super) fn start_tls(&mut self) -> Reply {
        if self.peer.tls.is_some() {
            return self.counted(Reply::bad_sequence("the connection is encrypted already"));
        }
        if self.start.keys.current().certificate.is_none() {
            return self.counted(Reply::not_implemented());
        }
        if self.wire.has_begun() {
            // It would be taken as if it had come encrypted (CVE-2011-0411).
            self.cut = true;
            return Reply::bad_sequence("nothing may follow STARTTLS before the handshake").and_close();
        }
        Reply::start_tls()
    }

    /// The handshake. What comes now comes from a client of whom nothing is known.
    pub(super) async fn encrypt(&mut self) -> io::Result<()> {
        self.abandon().await;
        self.forget();
        let keys = self.start.keys.current();
        let certificate =
            keys.certificate.as_ref().ok_or_else(|| io::Error::other("there is no certificate any more"))?;
        if let Err(why) = self.wire.encrypt(certificate, self.start.settings.command_timeout).await {
            info!(id = %self.id(), peer = %self.peer.address, %why, "the TLS handshake failed, closing connection");
            return Err(why);
        }
        self.peer.tls = self.wire.protection();
        Ok(())
    }

    /// Whether AUTH is on offer, and so the `AUTH=` of MAIL.
    pub(super) fn offers_auth(&self) -> bool {
        self.peer.tls.is_some() && self.start.keys.current().users.is_some()
    }

    /// AUTH (RFC 4954).
    pub(super) async fn authenticate(&mut self, mechanism: &str, initial: Option<String>) -> io::Result<Reply> {
        let Some(users) = self.start.keys.current().users.clone() else {
            return Ok(self.counted(Reply::not_implemented()));
        };
        if let Some(refusal) = self.may_not_log_in() {
            return Ok(self.counted(refusal));
        }
        let mut step = Exchange::start(mechanism, initial.as_deref());
        let credentials = loop {
            let (exchange, question) = match step {
                Err(refusal) => return Ok(self.counted(refusal)),
                Ok(Step::Done(credentials)) => break credentials,
                Ok(Step::Challenge(exchange, question)) => (exchange, question),
            };
            self.say(&question);
            step = match line_in_time(&mut self.wire, &self.start.settings, self.until).await? {
                Some(Line::Whole(line)) => response(exchange, line),
                Some(Line::TooLong) => Err(Reply::login_line_too_long()),
                Some(Line::Closed) => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => return Ok(Reply::timeout()),
            };
        };
        let name = credentials.name.clone();
        let outcome = self.start.logins.attempt(self.peer.address.ip(), users, credentials).await;
        Ok(self.logged_in(name, outcome))
    }

    fn may_not_log_in(&self) -> Option<Reply> {
        if self.peer.tls.is_none() {
            return Some(Reply::login_needs_tls());
        }
        if !self.peer.extended {
            return Some(Reply::bad_sequence("say EHLO first"));
        }
        if self.peer.login.is_some() {
            return Some(Reply::bad_sequence("you are logged in already"));
        }
        self.current.is_some().then(|| Reply::bad_sequence("a mail is under way; finish it or say RSET"))
    }

    /// What a login came to. A name that proved wrong is not logged: it may be a password in the wrong place.
    fn logged_in(&mut self, name: String, outcome: Outcome) -> Reply {
        match outcome {
            Outcome::Proven => {
                info!(id = %self.id(), peer = %self.peer.address, login = %name, "logged in");
                self.peer.login = Some(name);
                Reply::logged_in()
            }
            Outcome::Wrong => {
                self.failed_logins += 1;
                if self.failed_logins >= MAX_FAILURES { Reply::too_many_failed_logins() } else { Reply::wrong_login() }
            }
            Outcome::Wait(wait) => {
                warn!(peer = %self.peer.address, seconds = wait.as_secs(), "too many failed logins; this address has to wait");
                self.counted(Reply::login_unavailable())
            }
            Outcome::Broken => Reply::login_unavailable(),
        }
    }

    /// XCLIENT: this connection is to be treated as another's from here on.
    pub(super) async fn xclient(&mut self, attributes: &str) -> Reply {
        let origin = match self.origin(Kind::Xclient, attributes) {
            Ok(origin) => origin,
            Err(refusal) => return self.counted(refusal),
        };
        self.forget();
        if let Some(address) = origin.address.flatten() {
            self.peer.address = SocketAddr::new(address, origin.port.flatten().unwrap_or_default());
            self.access = self.start.settings.access(address);
        }
        if self.access == Access::Nobody {
            info!(id = %self.id(), peer = %self.peer.address, "XCLIENT names an address that may not relay");
            return Reply::not_allowed();
        }
        self.peer.helo = origin.helo.flatten().unwrap_or_default();
        self.peer.extended = origin.extended.flatten().unwrap_or_default();
        self.peer.login = origin.login.flatten();
        self.vouched = self.peer.login.is_some();
        Reply::greeting(&self.start.settings.hostname)
    }

    /// XFORWARD: the next mail comes from there.
    pub(super) fn xforward(&mut self, attributes: &str) -> Reply {
        match self.origin(Kind::Xforward, attributes) {
            Ok(origin) => {
                self.peer.forwarded.get_or_insert_default().merge(origin);
                Reply::done()
            }
            Err(refusal) => self.counted(refusal),
        }
    }

    fn origin(&self, kind: Kind, attributes: &str) -> Result<Origin, Reply> {
        if !self.speaks_for_others {
            return Err(Reply::not_trusted());
        }
        if self.current.is_some() {
            return Err(Reply::bad_sequence("a mail is under way; finish it or say RSET"));
        }
        Origin::parse(kind, attributes)
    }

    /// Why this client may not send as this sender, or not yet.
    pub(super) fn may_not_send(&self, sender: Option<&Address>) -> Option<Reply> {
        if self.start.settings.require_tls && self.peer.tls.is_none() {
            return Some(Reply::starttls_needed());
        }
        let Some(login) = &self.peer.login else {
            return (self.access == Access::Login).then(Reply::login_needed);
        };
        let users = self.start.keys.current().users.clone();
        let may = users.and_then(|users| users.may_send_as(login, sender)).unwrap_or(self.vouched);
        (!may).then(Reply::not_your_sender)
    }

    /// Forgets who the client said it is, for a session that starts afresh.
    fn forget(&mut self) {
        self.peer.helo.clear();
        self.peer.extended = false;
        self.peer.login = None;
        self.peer.forwarded = None;
        self.vouched = false;
    }
}

fn response(exchange: Exchange, line: &[u8]) -> Result<Step, Reply> {
    let line = line.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok());
    line.map_or_else(|| Err(Reply::bad_base64()), |line| exchange.respond(line))
}
