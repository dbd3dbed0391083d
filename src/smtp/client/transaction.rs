//! One mail to the next hop: MAIL, each RCPT, then the message or RSET.
//!
//! In: an envelope in steps, and a [`Cleared`] message. Out: the next hop's own reply to each step. A transaction that is
//! dropped takes its connection with it: only one that has come to its end gives it back. Deliberately absent: a second
//! try once a recipient was named; from then on the mail server in front is the one that tries again.

use std::sync::Arc;

use tracing::{debug, error, warn};

use super::{
    Cleared,
    connection::{Fault, Offers},
    pool::{Pool, Pooled, may_be_stale},
};
use crate::{
    mail::{Address, BodyKind},
    smtp::{MailFrom, RcptTo, Reply, data::has_only_crlf},
};

/// A mail under way to the next hop.
#[derive(Debug)]
pub struct Transaction {
    pool: Arc<Pool>,
    pooled: Option<Pooled>,
    mail_reply: Reply,
    smtputf8: bool,
    accepted: usize,
}

/// Says MAIL on an unused connection, or else on a new one; no recipient has been named yet, so that a connection or a
/// host that fails can be replaced by the next.
pub(super) async fn begin(pool: &Arc<Pool>, from: &MailFrom) -> Result<Transaction, Reply> {
    while let Some(pooled) = pool.take() {
        let host = pooled.connection.host.clone();
        match mail(pool, pooled, from).await {
            Ok(result) => return result,
            Err(fault) if may_be_stale(&fault) => debug!(host, error = %fault, "an unused connection was closed"),
            Err(fault) => return Err(unavailable(&host, &fault)),
        }
    }
    for _ in 0..pool.hosts() {
        let Some(pooled) = pool.open().await else { break };
        let (route, host) = (pooled.route(), pooled.connection.host.clone());
        match mail(pool, pooled, from).await {
            Ok(result) => return result,
            Err(fault) => {
                pool.avoid(route);
                let refusal = unavailable(&host, &fault);
                if matches!(fault, Fault::Timeout(_)) {
                    // The mail server in front has waited as long as it will.
                    return Err(refusal);
                }
            }
        }
    }
    Err(Reply::next_hop_unavailable())
}

/// Says MAIL on this connection.
async fn mail(pool: &Arc<Pool>, mut pooled: Pooled, from: &MailFrom) -> Result<Result<Transaction, Reply>, Fault> {
    let offers = pooled.connection.offers;
    let sender = from.sender.as_ref();
    if !offers.utf8 && (from.smtputf8 || sender.is_some_and(|sender| !sender.as_str().is_ascii())) {
        pool.give(pooled);
        return Ok(Err(Reply::smtputf8_unsupported()));
    }
    let reply = pooled.connection.command("MAIL", &mail_line(from, offers), pool.timeouts.command).await?;
    if reply.code == 421 || reply.code / 100 == 3 {
        return Err(Fault::Unexpected("MAIL", reply.code));
    }
    if !reply.is_positive() {
        pool.give(pooled);
        return Ok(Err(reply));
    }
    let pool = Arc::clone(pool);
    Ok(Ok(Transaction { pool, pooled: Some(pooled), mail_reply: reply, smtputf8: from.smtputf8, accepted: 0 }))
}

/// MAIL with the parameters that the host offers. Eight-bit mail goes to a host without 8BITMIME undeclared: it was
/// accepted before we could ask, nothing may be converted, and such hosts pass all eight bits in practice.
fn mail_line(from: &MailFrom, offers: Offers) -> String {
    let mut line = format!("MAIL FROM:<{}>", from.sender.as_ref().map_or("", Address::as_str));
    if let Some(size) = from.size.filter(|_| offers.size) {
        line.push_str(&format!(" SIZE={size}"));
    }
    if offers.eight_bit && from.body == BodyKind::EightBitMime {
        line.push_str(" BODY=8BITMIME");
    }
    if from.smtputf8 {
        line.push_str(" SMTPUTF8");
    }
    line.push_str("\r\n");
    line
}

impl Transaction {
    /// What the next hop said to MAIL.
    pub fn mail_reply(&self) -> &Reply {
        &self.mail_reply
    }

    /// Relays one RCPT; the reply is the next hop's own.
    pub async fn recipient(&mut self, recipient: &RcptTo) -> Reply {
        let recipient = &recipient.address;
        if !self.smtputf8 && !recipient.as_str().is_ascii() {
            return Reply::smtputf8_needed();
        }
        let reply = self.say("RCPT", &format!("RCPT TO:<{recipient}>\r\n"), self.pool.timeouts.command).await;
        if reply.is_positive() {
            self.accepted += 1;
        }
        reply
    }

    /// Sends the message to the recipients accepted so far; the reply is the next hop's own, whatever it says. Lost or
    /// unclear after the final dot is `451 4.3.0`: the next hop may have the mail, and the mail server sends it again.
    pub async fn data(mut self, cleared: &impl Cleared) -> Reply {
        if self.accepted == 0 {
            self.reset().await;
            return Reply::no_valid_recipients();
        }
        let parts = [cleared.trace(), cleared.message()];
        if !parts.iter().all(|part| has_only_crlf(part)) {
            // The DATA reader lets no such message in, so that it is our own; a bare line end could end it early.
            error!("a message with bare line ends was to be sent to the next hop; it was not sent");
            self.reset().await;
            return Reply::internal();
        }
        let start = self.say("DATA", "DATA\r\n", self.pool.timeouts.data).await;
        if start.code != 354 {
            if !start.is_positive() {
                self.reset().await;
                return start;
            }
            warn!(reply = start.code, "the next hop answered DATA with neither 354 nor a refusal");
            return Reply::next_hop_unavailable();
        }
        let Some(mut pooled) = self.pooled.take() else { return Reply::next_hop_unavailable() };
        match pooled.connection.message(parts, self.pool.timeouts.message).await {
            Ok(reply) if reply.code / 100 == 3 => {
                unavailable(&pooled.connection.host, &Fault::Unexpected("message", reply.code))
            }
            Ok(reply) if reply.code == 421 => not_ours(reply),
            Ok(reply) => {
                self.pool.give(pooled);
                reply
            }
            Err(fault) => unavailable(&pooled.connection.host, &fault),
        }
    }

    /// Ends it with nothing sent; the connection is used again if the next hop agrees.
    pub async fn reset(mut self) {
        let reply = self.say("RSET", "RSET\r\n", self.pool.timeouts.data).await;
        if let (true, Some(pooled)) = (reply.is_positive(), self.pooled.take()) {
            self.pool.give(pooled);
        }
    }

    /// One command. After a fault the connection is gone, and every further step is `451 4.3.0`.
    async fn say(&mut self, step: &'static str, line: &str, wait: std::time::Duration) -> Reply {
        // Taken for the time of the dialogue: a future dropped half-way leaves no connection out of step.
        let Some(mut pooled) = self.pooled.take() else { return Reply::next_hop_unavailable() };
        match pooled.connection.command(step, line, wait).await {
            Ok(reply) if reply.code == 421 => not_ours(reply),
            Ok(reply) if reply.code / 100 == 3 && step != "DATA" => {
                unavailable(&pooled.connection.host, &Fault::Unexpected(step, reply.code))
            }
            Ok(reply) => {
                self.pooled = Some(pooled);
                reply
            }
            Err(fault) => unavailable(&pooled.connection.host, &fault),
        }
    }
}

/// 421 says that the next hop closes its connection with us. Ours with the mail server goes on, so that it hears the
/// same as 451.
fn not_ours(reply: Reply) -> Reply {
    Reply { code: 451, ..reply }
}

fn unavailable(host: &str, fault: &Fault) -> Reply {
    warn!(host, error = %fault, "the connection to the next hop failed");
    Reply::next_hop_unavailable()
}
