//! The way in: the server's own SMTP listener, entered as a mail server would.
//!
//! In: where the server listens; a mark, a message. Out: the server's last word on it. STARTTLS is used where it is offered;
//! whose certificate that is does not matter on the way to ourselves, and the clients' own checks are told elsewhere
//! (`Condition::Certificates`). The client is lettre's, which we did not write, and which has no part in bringing mail out:
//! that takes a clearance and the client of `smtp`. Deliberately absent: what the word means (`scenario`).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use lettre::transport::smtp::{
    Error,
    client::{AsyncSmtpConnection, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::{ClientId, MailBodyParameter, MailParameter},
    response::Response,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{mail::Address, smtp::server};

/// How long each step may take: reading a mail has a time of its own on top of that.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the server is entered.
#[derive(Debug, Clone)]
pub struct Door {
    address: SocketAddr,
    /// TLS from the first byte on.
    implicit: bool,
    /// A load balancer is expected to say for whom it speaks.
    proxied: bool,
    hostname: String,
    /// How long the final reply may take.
    reading: Duration,
}

/// Why it cannot be entered.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Nobody listens, or the connection broke off.
    #[error("the server cannot be entered at {0}: {1}")]
    Closed(SocketAddr, String),
    /// It lets nobody in who comes from this machine.
    #[error(
        "the server at {0} lets this machine in as nobody: {1}; name 127.0.0.1 (or the machine's own address) in smtp.allow_from"
    )]
    NotLetIn(SocketAddr, String),
    /// It has no room for another connection.
    #[error("the server at {0} has no room for another connection: {1}")]
    Full(SocketAddr, String),
}

/// A reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) code: u16,
    /// All its lines.
    pub(super) text: String,
}

impl Word {
    pub(super) fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// There is no room for a mail now.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.code, 421 | 451 | 452) && (self.code == 421 || self.text.starts_with("4.3.2"))
    }
}

impl Door {
    /// The first listener of these settings; `reading` is how long a mail may be read.
    pub fn of(settings: &server::Settings, reading: Duration) -> Option<Self> {
        let plain = settings.listen.first().map(|address| (*address, false));
        let (mut address, implicit) = plain.or_else(|| settings.listen_tls.first().map(|address| (*address, true)))?;
        if address.ip().is_unspecified() {
            let loopback = match address.ip() {
                IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
                IpAddr::V6(_) => IpAddr::from(Ipv6Addr::LOCALHOST),
            };
            address.set_ip(loopback);
        }
        let ours = address.ip();
        let proxied = settings.proxy_protocol_from.iter().any(|network| network.contains(&ours));
        Some(Self { address, implicit, proxied, hostname: settings.hostname.clone(), reading })
    }

    /// Enters, greets, and encrypts if that is offered.
    pub(super) async fn enter(&self) -> Result<Visit, DoorError> {
        let entering = timeout(PATIENCE, self.connect()).await;
        let entered = entering.unwrap_or_else(|_| Err(self.closed(&"no answer in time")))?;
        Ok(Visit { connection: entered, door: self.clone() })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, DoorError> {
        let hello = ClientId::Domain(self.hostname.clone());
        let tls = || {
            let parameters = TlsParameters::builder(self.address.ip().to_string());
            parameters.dangerous_accept_invalid_certs(true).build().map_err(|why| self.closed(&why))
        };
        let refused = |why: Error| self.refused(&why);
        if self.implicit {
            let connecting =
                AsyncSmtpConnection::connect_tokio1(self.address, Some(PATIENCE), &hello, Some(tls()?), None);
            return connecting.await.map_err(refused);
        }
        let mut stream = TcpStream::connect(self.address).await.map_err(|why| self.closed(&why))?;
        if self.proxied {
            // A balancer that speaks for itself.
            stream.write_all(b"PROXY UNKNOWN\r\n").await.map_err(|why| self.closed(&why))?;
        }
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await.map_err(refused)?;
        if connection.can_starttls() {
            connection.starttls(tls()?, &hello).await.map_err(refused)?;
        }
        Ok(connection)
    }

    fn closed(&self, why: &dyn std::fmt::Display) -> DoorError {
        DoorError::Closed(self.address, why.to_string())
    }

    fn refused(&self, why: &Error) -> DoorError {
        match word(Err(why)) {
            Some(word) if word.code >= 500 => DoorError::NotLetIn(self.address, word.text),
            Some(word) => DoorError::Full(self.address, format!("{} {}", word.code, word.text)),
            None => self.closed(why),
        }
    }
}

/// One connection.
pub(super) struct Visit {
    connection: AsyncSmtpConnection,
    door: Door,
}

impl Visit {
    /// Sends one mail to its end; MAIL alone if there is no `message`. The last word of the server, which is a refusal or
    /// the answer to the final dot.
    pub(super) async fn send(
        &mut self,
        (from, to): (&Address, &Address),
        message: Option<&[u8]>,
    ) -> Result<Word, DoorError> {
        let own = |address: &Address| address.as_str().parse::<lettre::Address>().map_err(|why| self.door.closed(&why));
        let (from, to) = (own(from)?, own(to)?);
        let body = vec![MailParameter::Body(MailBodyParameter::EightBitMime)];
        let mail = self.say(Mail::new(Some(from), body).to_string()).await?;
        if matches!(mail.code, 530 | 554) {
            return Err(DoorError::NotLetIn(self.door.address, mail.text));
        }
        let Some(message) = message.filter(|_| mail.is_positive()) else { return Ok(mail) };
        for command in [Rcpt::new(to, Vec::new()).to_string(), Data.to_string()] {
            let word = self.say(command).await?;
            if !word.is_positive() {
                return Ok(word);
            }
        }
        // lettre ends the message with a line end of its own.
        let message = message.strip_suffix(b"\r\n").unwrap_or(message);
        let waiting = timeout(PATIENCE + self.door.reading, self.connection.message(message)).await;
        self.heard(waiting.map_err(|_| self.door.closed(&"no answer in time"))?)
    }

    /// Takes a transaction back that was let begin.
    pub(super) async fn reset(&mut self) {
        let _ = self.say("RSET\r\n".to_owned()).await;
    }

    pub(super) async fn leave(mut self) {
        let _ = timeout(PATIENCE, self.connection.quit()).await;
    }

    async fn say(&mut self, command: String) -> Result<Word, DoorError> {
        let waiting = timeout(PATIENCE, self.connection.command(command)).await;
        self.heard(waiting.map_err(|_| self.door.closed(&"no answer in time"))?)
    }

    fn heard(&self, response: Result<Response, Error>) -> Result<Word, DoorError> {
        let response = response.as_ref();
        word(response).ok_or_else(|| match response {
            Err(why) => self.door.closed(why),
            Ok(_) => self.door.closed(&"a reply that is none"),
        })
    }
}

/// What the server said, good or bad; nothing if it said nothing.
fn word(response: Result<&Response, &Error>) -> Option<Word> {
    match response {
        Ok(response) => {
            let text = response.message().collect::<Vec<_>>().join("\n");
            Some(Word { code: response.code().into(), text })
        }
        Err(error) => {
            let code = error.status()?.into();
            let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            Some(Word { code, text })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_listener_is_entered_on_this_machine() {
        let settings = |listen: &[&str], listen_tls: &[&str]| server::Settings {
            listen: listen.iter().map(|address| address.parse().unwrap()).collect(),
            listen_tls: listen_tls.iter().map(|address| address.parse().unwrap()).collect(),
            proxy_protocol_from: vec!["127.0.0.0/8".parse().unwrap()],
            ..server::Settings::default()
        };
        let door = |listen: &[&str], tls: &[&str]| Door::of(&settings(listen, tls), Duration::ZERO);
        let entered = |door: Option<Door>| door.map(|door| (door.address.to_string(), door.implicit, door.proxied));
        let expected = |address: &str, implicit, proxied| Some((address.to_owned(), implicit, proxied));
        assert_eq!(entered(door(&["0.0.0.0:25"], &["0.0.0.0:465"])), expected("127.0.0.1:25", false, true));
        assert_eq!(entered(door(&["[::]:25"], &[])), expected("[::1]:25", false, false));
        assert_eq!(entered(door(&["192.0.2.1:25"], &[])), expected("192.0.2.1:25", false, false));
        assert_eq!(entered(door(&[], &["192.0.2.1:465"])), expected("192.0.2.1:465", true, false));
        assert_eq!(entered(door(&[], &[])), None);
    }

    #[test]
    fn no_room_is_told_from_other_refusals() {
        let word = |code, text: &str| Word { code, text: text.to_owned() };
        assert!(word(451, "4.3.2 too busy").is_busy() && word(421, "4.3.2 closing").is_busy());
        assert!(word(452, "4.3.2 x").is_busy());
        assert!(!word(451, "4.3.0 next hop unavailable").is_busy() && !word(550, "5.7.0 a drill").is_busy());
    }
}
