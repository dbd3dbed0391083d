//! One connection to one host of the next hop.
//!
//! In: command lines and a cleared message. Out: replies as the host gave them, or a [`Fault`] after which the
//! connection is of no use. lettre reads replies and speaks TLS; around it:
//!
//! - `send()` stops at the first refused recipient and its `Address` refuses Japanese phones' addresses: commands are
//!   strings of our own, one reply each;
//! - a refusal comes as an error whose source holds the reply's text: it becomes a [`Reply`] again. Its lines are one
//!   line then; the text is whole;
//! - EHLO keeps a few extensions only: we say EHLO again and read the answer ourselves;
//! - every write is flushed at once: `stream` gathers them until the reply is read;
//! - `message_iter` ends with `CRLF . CRLF` whatever came before: the message's own last CRLF is left to it;
//! - a failed STARTTLS leaves a connection that looks alive: any fault drops it;
//! - a reply without any text (`250` and CRLF), which is legal, or outside UTF-8 is beyond it: `stream` mends both in
//!   plain text; under TLS it cannot, and such a reply counts as garbled.
//!
//! Deliberately absent: when to say what (`transaction`), and which host (`pool`).

use std::{error::Error as _, future::Future, io, time::Duration};

use lettre::transport::smtp::{
    Error,
    client::{AsyncSmtpConnection, CertificateStore, TlsParameters},
    extension::ClientId,
    response::Response,
};
use tokio::{net::TcpStream, time::timeout};
use tracing::info;

use super::{NextHopError, Timeouts, Tls};
use crate::smtp::Reply;

/// How much of a message is dot-stuffed at a time.
const CHUNK: usize = 32 * 1024;

/// Where a connection goes.
pub(super) struct Route {
    /// `host:port`.
    pub(super) host: String,
    tls: Tls,
    parameters: Option<TlsParameters>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route").field("host", &self.host).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No TCP connection.
    #[error("cannot connect; is the next hop running and reachable? {0}")]
    Connect(#[source] io::Error),
    /// No answer in time.
    #[error("no answer to {0} in time")]
    Timeout(&'static str),
    /// A greeting or EHLO that is not positive, or a lost connection, or what is not SMTP.
    #[error("{step}: {source}")]
    Broken {
        /// What we were at.
        step: &'static str,
        /// What lettre says.
        source: Error,
    },
    /// A reply that makes no sense at this point.
    #[error("unexpected reply to {0}: {1}")]
    Unexpected(&'static str, u16),
    /// TLS is needed and not to be had.
    #[error("the next hop does not offer STARTTLS, but next_hop.tls asks for it")]
    NoTls,
}

impl Route {
    /// Reads `host:port` and prepares TLS.
    pub(super) fn new(host: &str, tls: Tls) -> Result<Self, NextHopError> {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() => name,
            _ => return Err(NextHopError::NotHostPort(host.to_owned())),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        let parameters = match tls {
            Tls::Never => None,
            Tls::Opportunistic | Tls::Required => Some(
                TlsParameters::builder(name)
                    .certificate_store(CertificateStore::None)
                    .dangerous_accept_invalid_certs(true)
                    .dangerous_accept_invalid_hostnames(true)
                    .build_rustls(),
            ),
            Tls::Verified => Some(TlsParameters::builder(name).build_rustls()),
        };
        let parameters =
            parameters.transpose().map_err(|source| NextHopError::Tls { host: host.to_owned(), source })?;
        Ok(Self { host: host.to_owned(), tls, parameters })
    }
}

/// What a host offered in EHLO and we use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// SIZE (RFC 1870).
    pub(super) size: bool,
    /// 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(super) utf8: bool,
}

impl Offers {
    fn read(lines: &[String]) -> Self {
        let has = |keyword: &str| {
            lines.iter().skip(1).any(|line| {
                line.split_ascii_whitespace().next().is_some_and(|first| first.eq_ignore_ascii_case(keyword))
            })
        };
        Self { size: has("SIZE"), eight_bit: has("8BITMIME"), utf8: has("SMTPUTF8") }
    }
}

/// One open connection.
pub(super) struct Connection {
    smtp: Box<AsyncSmtpConnection>,
    /// Whom it is with, for the log.
    pub(super) host: String,
    pub(super) offers: Offers,
}

impl Connection {
    /// Connects, greets, and starts TLS as the route says. A TLS that fails and may be missing is tried once, then the
    /// host is asked again in plain text.
    pub(super) async fn open(route: &Route, hostname: &str, times: &Timeouts) -> Result<Self, Fault> {
        let tls = route.parameters.as_ref();
        match Self::open_with(route, tls, hostname, times).await {
            Err(Fault::Broken { step: "STARTTLS", source }) if route.tls == Tls::Opportunistic => {
                info!(host = %route.host, error = %source, "STARTTLS failed, going on without TLS");
                Self::open_with(route, None, hostname, times).await
            }
            result => result,
        }
    }

    async fn open_with(
        route: &Route,
        tls: Option<&TlsParameters>,
        hostname: &str,
        times: &Timeouts,
    ) -> Result<Self, Fault> {
        let tcp = timeout(times.connect, TcpStream::connect(&route.host))
            .await
            .map_err(|_| Fault::Timeout("connect"))?
            .map_err(Fault::Connect)?;
        // Commands are small and their replies are waited for: Nagle's algorithm would only add delay.
        tcp.set_nodelay(true).map_err(Fault::Connect)?;
        let stream = Box::new(super::stream::GatheringStream::new(tcp));
        let name = ClientId::Domain(hostname.to_owned());
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, &name);
        let mut smtp = Box::new(within(times.greeting, "greeting", greeted).await?);
        match tls {
            Some(parameters) if smtp.can_starttls() => {
                within(times.greeting, "STARTTLS", smtp.starttls(parameters.clone(), &name)).await?;
            }
            _ if matches!(route.tls, Tls::Required | Tls::Verified) => return Err(Fault::NoTls),
            _ => {}
        }
        let mut connection = Self { smtp, host: route.host.clone(), offers: Offers::default() };
        let reply = connection.command("EHLO", &format!("EHLO {hostname}\r\n"), times.greeting).await?;
        if reply.code != 250 {
            return Err(Fault::Unexpected("EHLO", reply.code));
        }
        connection.offers = Offers::read(&reply.lines);
        Ok(connection)
    }

    /// Sends one line (with its CRLF) and reads its reply.
    pub(super) async fn command(&mut self, step: &'static str, line: &str, wait: Duration) -> Result<Reply, Fault> {
        reply(step, timeout(wait, self.smtp.command(line)).await.map_err(|_| Fault::Timeout(step))?)
    }

    /// Sends the message after a 354 and reads the final reply. `parts` follow each other and end in CRLF.
    pub(super) async fn message(&mut self, parts: [&[u8]; 2], wait: Duration) -> Result<Reply, Fault> {
        let [first, second] = parts;
        let parts =
            if second.is_empty() { [without_last_crlf(first), second] } else { [first, without_last_crlf(second)] };
        let chunks = parts.into_iter().flat_map(|part| part.chunks(CHUNK));
        let sent = self.smtp.message_iter(chunks);
        reply("message", timeout(wait, sent).await.map_err(|_| Fault::Timeout("message"))?)
    }
}

fn without_last_crlf(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").unwrap_or(bytes)
}

async fn within<T>(
    wait: Duration,
    step: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Fault> {
    timeout(wait, work).await.map_err(|_| Fault::Timeout(step))?.map_err(|source| Fault::Broken { step, source })
}

/// A reply is a reply, whether lettre calls it an error or not.
fn reply(step: &'static str, result: Result<Response, Error>) -> Result<Reply, Fault> {
    match result {
        Ok(response) => Ok(read_reply(response.code().into(), response.message().map(str::to_owned).collect())),
        Err(source) => match source.status() {
            Some(code) => {
                let text = source.source().map(ToString::to_string).unwrap_or_default();
                Ok(read_reply(code.into(), vec![text]))
            }
            None => Err(Fault::Broken { step, source }),
        },
    }
}

/// Takes the enhanced code, which stands on every line (RFC 2034 §4), out of the text.
fn read_reply(code: u16, lines: Vec<String>) -> Reply {
    let enhanced = lines.first().and_then(|line| line.split(' ').next()).filter(|word| is_enhanced(word, code));
    let Some(enhanced) = enhanced.map(str::to_owned) else {
        return Reply { code, enhanced: None, lines, then: crate::smtp::Then::Continue };
    };
    let lines = lines
        .into_iter()
        .map(|line| match line.strip_prefix(&enhanced) {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest.trim_start().to_owned(),
            _ => line,
        })
        .collect();
    Reply { code, enhanced: Some(enhanced), lines, then: crate::smtp::Then::Continue }
}

/// `class.subject.detail` (RFC 3463 §2), the class being the code's first digit.
fn is_enhanced(word: &str, code: u16) -> bool {
    let mut parts = word.split('.');
    let class = parts.next().and_then(|class| class.parse::<u16>().ok());
    let numbers: Vec<_> = parts.collect();
    class == Some(code / 100)
        && numbers.len() == 2
        && numbers.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_are_told_from_words() {
        for (code, line, enhanced, rest) in [
            (250, "2.1.5 Ok", Some("2.1.5"), "Ok"),
            (550, "5.1.1 <a@b>: unknown", Some("5.1.1"), "<a@b>: unknown"),
            (250, "2.0.0", Some("2.0.0"), ""),
            (250, "5.1.1 odd", None, "5.1.1 odd"),
            (250, "2.1 ok", None, "2.1 ok"),
            (250, "2.1.5.1 ok", None, "2.1.5.1 ok"),
            (250, "", None, ""),
        ] {
            let reply = read_reply(code, vec![line.to_owned()]);
            assert_eq!((reply.enhanced.as_deref(), reply.lines[0].as_str()), (enhanced, rest), "{line}");
        }
    }

    #[test]
    fn offers_are_read_from_ehlo() {
        let lines = ["host SIZE", "size 1000", "8BITMIME", "PIPELINING"].map(str::to_owned);
        assert_eq!(Offers::read(&lines), Offers { size: true, eight_bit: true, utf8: false });
    }

    #[test]
    fn hosts_have_ports() {
        for good in ["127.0.0.1:25", "mail.example.co.jp:587", "[::1]:25"] {
            assert!(Route::new(good, Tls::Opportunistic).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1", ":25", "host:", "host:smtp", "host:70000", ""] {
            assert!(matches!(Route::new(bad, Tls::Never), Err(NextHopError::NotHostPort(_))), "{bad}");
        }
    }
}
