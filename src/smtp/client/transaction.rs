//! One mail to the next hop: MAIL, each RCPT, then the message or RSET.
//!
//! In: an envelope in steps, and a [`Cleared`] message. Out: the next hop's own reply to each step. A transaction that is
//! dropped takes its connection with it: only one that has come to its end gives it back.
//!
//! The message may come long after its recipients, when it has been inspected. A connection that was lost meanwhile is
//! replaced once, and the envelope said again, as long as nothing of the message was sent. What the message really is
//! decides then whether the next hop can have it: nothing goes out undeclared, nothing is converted.
//!
//! While a slow client keeps a mail waiting it is parked: the next hop hears RSET, the connection is for others, and the
//! envelope is said again when the mail goes on.
//! Deliberately absent: a second try of a message; from then on the mail server in front is the one that tries again.

use std::{slice, sync::Arc, time::Duration};

use memchr::memchr;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use tracing::{debug, error, info, warn};

use super::{
    Cleared,
    connection::{Brought, Heard},
    fault::Fault,
    offers::Offers,
    pool::{Pool, Pooled},
};
use crate::{
    mail::BodyKind,
    smtp::{MailFrom, RcptTo, Reply, data::has_only_crlf},
};

/// What became of a message.
#[derive(Debug)]
pub struct Sent {
    /// What the next hop said to it.
    pub reply: Reply,
    /// The name of the host that said it: another than at first, if the connection had to be replaced.
    pub host: String,
    /// Whether that host takes over what the sender asked to be told (RFC 3461); otherwise it is ours to tell.
    pub reports: bool,
}

/// A mail under way to the next hop.
#[derive(Debug)]
pub struct Transaction {
    pool: Arc<Pool>,
    /// None after a fault, and while it is parked.
    pooled: Option<Pooled>,
    /// None while it is parked.
    place: Option<OwnedSemaphorePermit>,
    mail_reply: Reply,
    from: Box<MailFrom>,
    /// `host:port` of the last connection.
    host: String,
    /// What its host offers.
    offers: Offers,
    /// What the body was declared as to it.
    declared: BodyKind,
    accepted: Vec<RcptTo>,
}

/// Takes a place and says MAIL and each RCPT.
pub(super) async fn begin(
    pool: &Arc<Pool>,
    from: &MailFrom,
    recipients: &[RcptTo],
) -> Result<(Transaction, Vec<Reply>), Reply> {
    let place = pool.place().await?;
    let (pooled, heard) = say(pool, from, recipients).await?;
    begun(pool, pooled, from, recipients, heard, place)
}

/// Says MAIL and each RCPT on an unused connection, or else on a new one; nobody has heard a reply yet, so that a
/// connection or a host that fails can be replaced by the next.
async fn say(pool: &Arc<Pool>, from: &MailFrom, recipients: &[RcptTo]) -> Result<(Pooled, Heard), Reply> {
    while let Some(mut pooled) = pool.take() {
        match envelope(pool, &mut pooled, from, recipients).await {
            Ok(heard) => return Ok((pooled, heard)),
            Err(fault) if fault.may_be_stale() => {
                debug!(host = %pooled.connection.host, error = %fault, "an unused connection was closed");
            }
            Err(fault) => {
                pool.avoid(pooled.route());
                return Err(failed(&pooled, fault));
            }
        }
    }
    for _ in 0..pool.hosts() {
        let mut pooled = pool.open().await?;
        match envelope(pool, &mut pooled, from, recipients).await {
            Ok(heard) => return Ok((pooled, heard)),
            Err(fault) => {
                pool.avoid(pooled.route());
                let timed_out = matches!(fault, Fault::Timeout(_));
                failed(&pooled, fault);
                if timed_out {
                    // The mail server in front has waited as long as it will.
                    break;
                }
            }
        }
    }
    Err(Reply::next_hop_unavailable())
}

/// MAIL and each RCPT on this connection, unless its host cannot have such a mail.
async fn envelope(pool: &Pool, pooled: &mut Pooled, from: &MailFrom, recipients: &[RcptTo]) -> Result<Heard, Fault> {
    let route = pooled.route();
    let connection = &mut pooled.connection;
    if let Err(refusal) = connection.offers.suit(from, connection.verified) {
        return Ok(Heard { mail: for_now(route, refusal), recipients: Vec::new() });
    }
    let sayable: Vec<_> = recipients.iter().filter(|to| is_sayable(from, to)).cloned().collect();
    let mut heard = connection.envelope(from, &sayable, pool.timeouts.command).await?;
    if heard.mail.is_positive() {
        heard.recipients = in_order(from, recipients, heard.recipients);
    }
    Ok(heard)
}

/// What a host lacks is final only of the first one: a lesser one stands in for it, and the first may be back within the
/// hour.
fn for_now(route: usize, refusal: Reply) -> Reply {
    if route == 0 { refusal } else { refusal.later() }
}

/// Whether the address may be said in this mail (RFC 6531 §3.4).
fn is_sayable(from: &MailFrom, to: &RcptTo) -> bool {
    from.smtputf8 || to.address.as_str().is_ascii()
}

/// One reply for each recipient: the next hop's, or ours for those that it was not asked about.
fn in_order(from: &MailFrom, recipients: &[RcptTo], replies: Vec<Reply>) -> Vec<Reply> {
    let mut replies = replies.into_iter();
    let reply = |to| match is_sayable(from, to) {
        true => replies.next().unwrap_or_else(Reply::next_hop_unavailable),
        false => Reply::smtputf8_needed(),
    };
    recipients.iter().map(reply).collect()
}

fn begun(
    pool: &Arc<Pool>,
    pooled: Pooled,
    from: &MailFrom,
    recipients: &[RcptTo],
    heard: Heard,
    place: OwnedSemaphorePermit,
) -> Result<(Transaction, Vec<Reply>), Reply> {
    if !heard.mail.is_positive() {
        pool.give(pooled);
        return Err(heard.mail);
    }
    let mut transaction = Transaction {
        pool: Arc::clone(pool),
        host: pooled.connection.host.clone(),
        offers: pooled.connection.offers,
        declared: pooled.connection.offers.declared(from.body),
        pooled: Some(pooled),
        place: Some(place),
        mail_reply: heard.mail,
        from: Box::new(from.clone()),
        accepted: Vec::new(),
    };
    transaction.note(recipients, &heard.recipients);
    Ok((transaction, heard.recipients))
}

impl Transaction {
    /// What the next hop said to MAIL.
    pub fn mail_reply(&self) -> &Reply {
        &self.mail_reply
    }

    /// The name of the host that it is with.
    pub fn host(&self) -> &str {
        self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host)
    }

    /// Whether the host that it is with takes over what the sender asked to be told (RFC 3461).
    pub fn reports(&self) -> bool {
        self.offers.dsn
    }

    /// Relays one RCPT; the reply is the next hop's own.
    pub async fn recipient(&mut self, recipient: &RcptTo) -> Reply {
        self.recipients(slice::from_ref(recipient)).await.pop().unwrap_or_else(Reply::next_hop_unavailable)
    }

    /// Relays RCPT for each recipient, in one go where the next hop offers PIPELINING; the replies are its own, in order.
    pub async fn recipients(&mut self, recipients: &[RcptTo]) -> Vec<Reply> {
        if let Err(refusal) = self.unpark().await {
            return vec![refusal; recipients.len()];
        }
        let sayable: Vec<_> = recipients.iter().filter(|to| is_sayable(&self.from, to)).cloned().collect();
        let mut replies = Vec::with_capacity(sayable.len());
        // Taken for the time of the dialogue: a future dropped half-way leaves no connection out of step.
        if let Some(mut pooled) = self.pooled.take() {
            let wait = self.pool.timeouts.command;
            // All of them within the time of one: the mail server hears nothing before the last, and waits for the first.
            let told = timeout(wait, pooled.connection.recipients(&sayable, &mut replies, wait)).await;
            match told.unwrap_or(Err(Fault::Timeout("RCPT"))) {
                Ok(()) => self.pooled = Some(pooled),
                Err(fault) => replies.push(failed(&pooled, fault)),
            }
        }
        let replies = in_order(&self.from, recipients, replies);
        self.note(recipients, &replies);
        replies
    }

    /// Sends the message to the recipients accepted so far; the reply is the next hop's own, whatever it says. Lost or
    /// unclear after the final dot is `451 4.3.0`: the next hop may have the mail, and the mail server sends it again.
    pub async fn data(mut self, cleared: &impl Cleared) -> Sent {
        let reply = self.bring(cleared).await;
        Sent { reply, host: self.host().to_owned(), reports: self.offers.dsn }
    }

    async fn bring(&mut self, cleared: &impl Cleared) -> Reply {
        if self.accepted.is_empty() {
            self.let_go().await;
            return Reply::no_valid_recipients();
        }
        let parts = [cleared.trace(), cleared.message()];
        let Some(body) = kind(self.from.body, parts) else {
            // The DATA reader lets no such message in, so that it is our own; a bare line end could end it early.
            error!("a message with bare line ends was to be sent to the next hop; it was not sent");
            self.let_go().await;
            return Reply::internal();
        };
        self.from.body = self.from.body.max(body);
        let size = parts.iter().map(|part| part.len() as u64).sum();
        if let Err(refusal) = self.unpark().await {
            return refusal;
        }
        let mut chances = 1;
        loop {
            if self.is_lost() {
                if chances == 0 {
                    return Reply::next_hop_unavailable();
                }
                chances -= 1;
                if let Err(refusal) = self.reopen().await {
                    return refusal;
                }
            }
            if let Err(refusal) = self.admit(body, size).await {
                self.let_go().await;
                return refusal;
            }
            let Some(mut pooled) = self.pooled.take() else { continue };
            match pooled.connection.message(parts, &self.pool.timeouts).await {
                Brought::Answered(reply) => {
                    self.pool.give(pooled);
                    return reply;
                }
                Brought::Refused(reply) => {
                    self.pooled = Some(pooled);
                    self.let_go().await;
                    return reply;
                }
                Brought::CutShort(reply) => return reply,
                Brought::NotBegun(fault) if chances > 0 => {
                    info!(host = %pooled.connection.host, error = %fault, "lost before the message was sent");
                }
                Brought::NotBegun(fault) | Brought::Unclear(fault) => return failed(&pooled, fault),
            }
        }
    }

    /// Ends it with nothing sent; the connection is used again if the next hop agrees.
    pub async fn reset(mut self) {
        self.let_go().await;
    }

    async fn let_go(&mut self) {
        if let Some(pooled) = self.pooled.take() {
            let_go(&self.pool, pooled, self.pool.timeouts.data).await;
        }
    }

    /// Lets others have the connection and the place until [`recipients`](Self::recipients) or [`data`](Self::data) need
    /// them again. Nobody waits for the next hop's word on it: a place that hangs longer than others wait for theirs is
    /// given up with its connection.
    pub fn park(&mut self) {
        let (pooled, place) = (self.pooled.take(), self.place.take());
        let Some(pooled) = pooled else { return };
        let pool = Arc::clone(&self.pool);
        tokio::spawn(async move {
            let_go(&pool, pooled, pool.timeouts.turn / 2).await;
            drop(place);
        });
    }

    /// Takes a place again and says the envelope again, as far as it was accepted.
    async fn unpark(&mut self) -> Result<(), Reply> {
        if self.place.is_some() {
            return Ok(());
        }
        let place = self.pool.place().await?;
        let (pooled, heard) = say(&self.pool, &self.from, &self.accepted).await?;
        self.go_on(pooled, heard)?;
        self.place = Some(place);
        Ok(())
    }

    fn is_lost(&mut self) -> bool {
        self.pooled.as_mut().is_none_or(|pooled| !pooled.connection.is_quiet())
    }

    /// Sees to it that the host may have the message and knows what it gets. It was declared before anybody had seen
    /// it: 8-bit mail that was announced as nothing is declared again, as what it is.
    async fn admit(&mut self, body: BodyKind, size: u64) -> Result<(), Reply> {
        let route = self.pooled.as_ref().map_or(0, Pooled::route);
        self.offers.fits(size).map_err(|refusal| for_now(route, refusal))?;
        if !self.offers.takes(body) {
            return Err(for_now(route, Reply::conversion_required()));
        }
        if self.declared >= body {
            return Ok(());
        }
        let Some(mut pooled) = self.pooled.take() else { return Ok(()) };
        match pooled.connection.command("RSET", "RSET\r\n", self.pool.timeouts.data).await {
            Ok(reply) if reply.is_positive() => self.replay(pooled).await,
            Ok(reply) => Err(failed(&pooled, Fault::Unexpected("RSET", reply.code))),
            Err(fault) => Err(failed(&pooled, fault)),
        }
    }

    /// Says the envelope again over a new connection.
    async fn reopen(&mut self) -> Result<(), Reply> {
        self.pooled = None;
        let pooled = self.pool.open().await?;
        self.replay(pooled).await
    }

    /// Says MAIL and every accepted recipient again.
    async fn replay(&mut self, mut pooled: Pooled) -> Result<(), Reply> {
        let heard = envelope(&self.pool, &mut pooled, &self.from, &self.accepted).await;
        let heard = heard.map_err(|fault| failed(&pooled, fault))?;
        self.go_on(pooled, heard)
    }

    /// Goes on over a connection that has heard the envelope. All of it must be accepted again: each recipient has been
    /// promised to the mail server.
    fn go_on(&mut self, pooled: Pooled, heard: Heard) -> Result<(), Reply> {
        let refused = std::iter::once(&heard.mail).chain(&heard.recipients).find(|reply| !reply.is_positive());
        if let Some(reply) = refused {
            warn!(host = %pooled.connection.host, code = reply.code, reply = %reply.text(), "not accepted a second time");
            return Err(Reply::next_hop_unavailable());
        }
        self.host.clone_from(&pooled.connection.host);
        self.offers = pooled.connection.offers;
        self.declared = self.offers.declared(self.from.body);
        self.pooled = Some(pooled);
        Ok(())
    }

    fn note(&mut self, recipients: &[RcptTo], replies: &[Reply]) {
        let accepted = recipients.iter().zip(replies).filter(|(_, reply)| reply.is_positive());
        self.accepted.extend(accepted.map(|(to, _)| to.clone()));
    }
}

/// What a message has to be declared as, at least; none for one that must not be sent. Bare CR, LF and NUL are content
/// only in a mail that was announced as BINARYMIME; in any other a NUL goes through as it came (it ends no line), and
/// bare line ends do not.
fn kind(announced: BodyKind, parts: [&[u8]; 2]) -> Option<BodyKind> {
    let has_only_lines = parts.iter().all(|part| has_only_crlf(part));
    if announced == BodyKind::BinaryMime {
        if !has_only_lines || parts.iter().any(|part| memchr(0, part).is_some()) {
            return Some(BodyKind::BinaryMime);
        }
    } else if !has_only_lines {
        return None;
    }
    Some(if parts.iter().all(|part| part.is_ascii()) { BodyKind::SevenBit } else { BodyKind::EightBitMime })
}

/// Ends what the connection is at; it is used again if the next hop agrees in time.
async fn let_go(pool: &Pool, mut pooled: Pooled, wait: Duration) {
    match pooled.connection.command("RSET", "RSET\r\n", wait).await {
        Ok(reply) if reply.is_positive() => pool.give(pooled),
        Ok(reply) => debug!(host = %pooled.connection.host, code = reply.code, "RSET was refused"),
        Err(fault) => debug!(host = %pooled.connection.host, error = %fault, "the connection failed at RSET"),
    }
}

/// Logs a fault and gives what the mail server hears.
fn failed(pooled: &Pooled, fault: Fault) -> Reply {
    warn!(host = %pooled.connection.host, error = %fault, "the connection to the next hop failed");
    fault.during_mail()
}
