//! One connection to one host of the next hop, ready for mail.
//!
//! In: a route; command lines; a cleared message. Out: replies as the host gave them, or a [`Fault`] after which the
//! connection is of no use. The message leaves by BDAT where CHUNKING is offered, as it is, in one write with its
//! command; by DATA otherwise. Deliberately absent: when to say what (`transaction`), and which host (`pool`).

use std::{io::IoSlice, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use tracing::info;

use super::{
    Login, Timeouts, Tls,
    fault::Fault,
    offers::Offers,
    route::Route,
    stuffing::stuffed,
    wire::{Wire, Wrote},
};
use crate::smtp::{MailFrom, RcptTo, Reply};

/// So many recipients are named before their replies are read: what we write and what we are answered fits the buffers
/// between us, however slow either side is.
const WINDOW: usize = 100;

/// One open connection.
pub(super) struct Connection {
    wire: Wire,
    /// Whom it is with, for the log.
    pub(super) host: String,
    pub(super) offers: Offers,
    /// Whether it is encrypted and we know who is at the other end.
    pub(super) verified: bool,
}

/// What the next hop said to MAIL and, if that was positive, to each RCPT.
pub(super) struct Heard {
    pub(super) mail: Reply,
    pub(super) recipients: Vec<Reply>,
}

/// How bringing a message ended.
pub(super) enum Brought {
    /// The reply to it; the connection can be used again.
    Answered(Reply),
    /// Refused, and the transaction is still open: RSET comes next.
    Refused(Reply),
    /// Refused before all of it was there; the connection is of no use.
    CutShort(Reply),
    /// The connection failed before anything of the message was sent.
    NotBegun(Fault),
    /// It failed later: the next hop may have the mail.
    Unclear(Fault),
}

impl Connection {
    /// Connects, greets, starts TLS and logs in as the route says. STARTTLS that fails and may be missing is tried
    /// once, then the host is asked again in plain text.
    pub(super) async fn open(
        route: &Route,
        login: Option<&Login>,
        hostname: &str,
        times: &Timeouts,
    ) -> Result<Self, Fault> {
        let opened = match Self::open_with(route, true, hostname, times).await {
            Err(fault) if route.tls == Tls::Opportunistic && !route.implicit && is_of_tls(&fault) => {
                info!(host = %route.host, error = %fault, "STARTTLS failed, going on without TLS");
                Self::open_with(route, false, hostname, times).await
            }
            opened => opened,
        };
        let mut connection = opened?;
        if let Some(login) = login {
            let Self { wire, offers, .. } = &mut connection;
            login.log_in(wire, offers, times).await?;
        }
        Ok(connection)
    }

    async fn open_with(route: &Route, starttls: bool, hostname: &str, times: &Timeouts) -> Result<Self, Fault> {
        let connecting = timeout(times.connect, TcpStream::connect(&route.host)).await;
        let tcp = connecting.map_err(|_| Fault::Timeout("connect"))?.map_err(Fault::Connect)?;
        // Commands are small and their replies are waited for: Nagle's algorithm would only add delay.
        tcp.set_nodelay(true).map_err(Fault::Connect)?;
        let mut wire = Wire::new(tcp);
        if route.implicit {
            wire = encrypt(wire, route, times).await?;
        }
        match wire.reply("greeting", times.greeting).await? {
            reply if reply.code == 220 => {}
            reply => return Err(Fault::Unexpected("greeting", reply.code)),
        }
        let mut offers = hello(&mut wire, hostname, times).await?;
        if !route.implicit && route.config.is_some() && starttls && offers.starttls {
            wire.say().push_str("STARTTLS\r\n");
            match wire.reply("STARTTLS", times.greeting).await? {
                reply if reply.code == 220 => {}
                reply => return Err(Fault::Unexpected("STARTTLS", reply.code)),
            }
            wire = encrypt(wire, route, times).await?;
            // What was offered in plain text may have been somebody else's words (RFC 3207 §4.2).
            offers = hello(&mut wire, hostname, times).await?;
        }
        if !wire.is_encrypted() && matches!(route.tls, Tls::Required | Tls::Verified) {
            return Err(Fault::NoTls);
        }
        let verified = wire.is_encrypted() && route.verifies();
        Ok(Self { wire, host: route.host.clone(), offers, verified })
    }

    /// Whether nothing came that nobody asked for, the end of the connection included.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.wire.is_quiet()
    }

    /// Sends one line (with its CRLF) and reads its reply, which ends a step: neither 421 nor 3xx.
    pub(super) async fn command(&mut self, step: &'static str, line: &str, wait: Duration) -> Result<Reply, Fault> {
        self.wire.say().push_str(line);
        self.outcome(step, wait).await
    }

    /// Says MAIL and RCPT for each recipient, in one go where PIPELINING is offered. No recipient is named once MAIL
    /// is known to be refused.
    pub(super) async fn envelope(
        &mut self,
        from: &MailFrom,
        recipients: &[RcptTo],
        wait: Duration,
    ) -> Result<Heard, Fault> {
        let offers = self.offers;
        offers.mail(from, self.wire.say());
        let with_mail = if offers.pipelining { recipients.len().min(WINDOW) } else { 0 };
        let (first, rest) = recipients.split_at(with_mail);
        for to in first {
            offers.rcpt(to, self.wire.say());
        }
        let mail = self.outcome("MAIL", wait).await?;
        let mut replies = Vec::with_capacity(recipients.len());
        for _ in first {
            replies.push(self.outcome("RCPT", wait).await?);
        }
        if mail.is_positive() {
            self.recipients(rest, &mut replies, wait).await?;
        } else {
            replies.clear();
        }
        Ok(Heard { mail, recipients: replies })
    }

    /// Names recipients; `replies` has those that came, whatever happens.
    pub(super) async fn recipients(
        &mut self,
        recipients: &[RcptTo],
        replies: &mut Vec<Reply>,
        wait: Duration,
    ) -> Result<(), Fault> {
        let offers = self.offers;
        for window in recipients.chunks(if offers.pipelining { WINDOW } else { 1 }) {
            for to in window {
                offers.rcpt(to, self.wire.say());
            }
            for _ in window {
                replies.push(self.outcome("RCPT", wait).await?);
            }
        }
        Ok(())
    }

    /// Sends the message whose `parts` follow each other, the first ending in CRLF.
    pub(super) async fn message(&mut self, parts: [&[u8]; 2], times: &Timeouts) -> Brought {
        if self.offers.chunking { self.chunk(parts, times).await } else { self.data(parts, times).await }
    }

    /// BDAT (RFC 3030): the message as it is, with its length before it.
    async fn chunk(&mut self, [first, second]: [&[u8]; 2], times: &Timeouts) -> Brought {
        let command = format!("BDAT {} LAST\r\n", first.len() + second.len());
        let mut slices = [command.as_bytes(), first, second].map(IoSlice::new);
        match self.send(&mut slices, times).await {
            // After a refused BDAT it is not certain what state the other side is in (RFC 3030 §2).
            Brought::Answered(reply) if !reply.is_positive() => Brought::Refused(reply),
            brought => brought,
        }
    }

    /// DATA (RFC 5321 §4.1.1.4).
    async fn data(&mut self, parts: [&[u8]; 2], times: &Timeouts) -> Brought {
        self.wire.say().push_str("DATA\r\n");
        match self.wire.reply("DATA", times.data).await {
            Ok(reply) if reply.code == 354 => self.send(&mut stuffed(parts), times).await,
            Ok(reply) if reply.code == 421 => Brought::NotBegun(Fault::Leaving { step: "DATA", reply }),
            Ok(reply) if reply.code >= 400 => Brought::Refused(reply),
            Ok(reply) => Brought::Unclear(Fault::Unexpected("DATA", reply.code)),
            Err(fault) if fault.may_be_stale() => Brought::NotBegun(fault),
            Err(fault) => Brought::Unclear(fault),
        }
    }

    async fn send(&mut self, slices: &mut [IoSlice<'_>], times: &Timeouts) -> Brought {
        let wrote = match self.wire.message(slices, times.block).await {
            Ok(wrote) => wrote,
            Err(fault) => return Brought::Unclear(fault),
        };
        match self.outcome("message", times.message).await {
            Ok(reply) if wrote == Wrote::All => Brought::Answered(reply),
            Ok(reply) if !reply.is_positive() => Brought::CutShort(reply),
            Ok(reply) => Brought::Unclear(Fault::Unexpected("message", reply.code)),
            Err(fault) => Brought::Unclear(fault),
        }
    }

    async fn outcome(&mut self, step: &'static str, wait: Duration) -> Result<Reply, Fault> {
        let reply = self.wire.reply(step, wait).await?;
        match reply.code {
            421 => Err(Fault::Leaving { step, reply }),
            300..=399 => Err(Fault::Unexpected(step, reply.code)),
            _ => Ok(reply),
        }
    }
}

/// Says EHLO, or HELO to a host that does not know it, and reads the offers.
async fn hello(wire: &mut Wire, hostname: &str, times: &Timeouts) -> Result<Offers, Fault> {
    wire.say().push_str(&format!("EHLO {hostname}\r\n"));
    let reply = wire.reply("EHLO", times.greeting).await?;
    match reply.code {
        250 => return Ok(Offers::read(&reply.lines)),
        500..=504 => wire.say().push_str(&format!("HELO {hostname}\r\n")),
        code => return Err(Fault::Unexpected("EHLO", code)),
    }
    let reply = wire.reply("HELO", times.greeting).await?;
    if reply.code == 250 { Ok(Offers::default()) } else { Err(Fault::Unexpected("HELO", reply.code)) }
}

async fn encrypt(wire: Wire, route: &Route, times: &Timeouts) -> Result<Wire, Fault> {
    let Some((config, name)) = route.config.clone() else { return Err(Fault::NoTls) };
    let shaking = wire.encrypt(config, name);
    timeout(times.greeting, shaking).await.map_err(|_| Fault::Timeout("STARTTLS"))?
}

/// Whether it is TLS that failed, so that plain text may do.
fn is_of_tls(fault: &Fault) -> bool {
    match fault {
        Fault::Handshake(_) | Fault::Injected | Fault::Unexpected("STARTTLS", _) => true,
        Fault::Closed(step) | Fault::Lost { step, .. } | Fault::Garbled { step, .. } => *step == "STARTTLS",
        _ => false,
    }
}
