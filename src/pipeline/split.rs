//! The decision that splits: some recipients get the mail at once, the others wait, and the mail server hears one reply
//! for all of them.
//!
//! In: an [`Arrival`] and policy's proof for those who get it at once. Out: `250` when the next hop has it for all of
//! those and the store for the rest; anything else when neither has anything. In this order:
//!
//! 1. *prepare*: the whole mail on the disk, where nobody sees it;
//! 2. *hand over*: a fresh transaction for those recipients alone (the one that came with MAIL and RCPT named the others
//!    too, and was reset);
//! 3. *activate*: one commit, after which the rest is held, its people are asked, and the mail is ours.
//!
//! | what fails | what becomes of it |
//! |---|---|
//! | prepare | 451; nothing was sent |
//! | hand over: MAIL, DATA or the dot refused, or the connection lost | discarded; the next hop's reply, a 4xx as 451 |
//! | hand over: one recipient refused who was accepted at RCPT | RSET, discarded, 451: the mail server tries again, and hears at RCPT of whom |
//! | discard | nothing more is done; the next start or the next day removes it, and no list ever shows it |
//! | activate | tried a few times, then 451; who has the mail is remembered here, so that the retry sends nothing twice |
//! | we die after 1 | the next start discards; the retry begins anew |
//! | we die between the next hop's 250 and 3 | the same; those recipients get the mail twice, as with any relay that dies there |
//! | the next hop's 250 is lost on its way | 451 and discarded; twice again, if it took the mail (RFC 1047) |
//!
//! Two copies of one mail at once take turns; the second is then a retry of a mail that is ours. Deliberately absent:
//! remembering over a restart (that would need the store that just failed).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Mutex as Turn, OwnedMutexGuard},
    time::{sleep, timeout},
};

use super::{count, outage::in_time, refused, tell_relayed};
use crate::{
    hold::{Arrival, Hold, HoldError, Outgoing, Preparation, Prepared, Proof, Relayed, RetryKey, Taken},
    mail::{Address, Envelope},
    policy::Forward,
    smtp::{
        MailFrom, RcptTo, Reply,
        client::{NextHop, Sent},
    },
    telemetry::trail::{Stage, Trail},
};

/// How long to wait before each further try to activate.
const WAITS: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

/// How long a second copy of a mail waits for the first: less than its mail server waits for us.
const PATIENCE: Duration = Duration::from_secs(300);

/// For how many mails, and how long, it is remembered that the next hop has its part.
const REMEMBERED: usize = 10_000;
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24 * 5);

/// What is known about mails that are being split, in this process.
#[derive(Debug, Default)]
pub struct Splits {
    underway: Mutex<HashMap<RetryKey, Arc<Turn<()>>>>,
    handed: Mutex<HashMap<RetryKey, Handed>>,
}

/// What the next hop has of a mail that could not be activated.
#[derive(Debug, Clone)]
struct Handed {
    at: Timestamp,
    to: Vec<Address>,
    said: String,
}

/// Everything that carrying out a split takes.
pub(super) struct Split<'a> {
    pub(super) hold: &'a Hold,
    pub(super) next_hop: &'a NextHop,
    pub(super) splits: &'a Splits,
}

impl Split<'_> {
    /// All of it, to the reply.
    pub(super) async fn carry_out(&self, arrival: Arrival, forward: &Forward, trail: &mut Trail) -> Reply {
        let id = arrival.id.clone();
        match self.try_all(arrival, forward, trail).await {
            Ok(Taken::Held(held)) => {
                count::held(trail, &held);
                Reply::held(&held)
            }
            Ok(Taken::Settled(id)) => Reply::settled(&id),
            Err(Failure::Ours(why)) => {
                tracing::error!(%id, %why, "could not be split, so not taken");
                refused(&id, "a fault of ours", Reply::internal())
            }
            Err(Failure::NextHop(reply)) => refused(&id, "the next hop did not take its part", reply),
            Err(Failure::Crowd) => refused(&id, "the same mail is still under way", Reply::busy()),
        }
    }

    async fn try_all(&self, arrival: Arrival, forward: &Forward, trail: &mut Trail) -> Result<Taken, Failure> {
        let key = arrival.retry_key().await?;
        let _turn = self.splits.turn(key).await?;
        let began = Instant::now();
        let handed = self.splits.handed(&key);
        let missing: Vec<Address> = match &handed {
            Some(handed) => forward.recipients().iter().filter(|to| !handed.to.contains(to)).cloned().collect(),
            None => forward.recipients().to_vec(),
        };
        if let (Some(handed), true) = (&handed, missing.is_empty()) {
            let taken = insist(|| self.hold.take_rest(arrival.clone(), key, Some(&handed.said))).await;
            trail.stage(Stage::since("hold", began));
            let taken = taken?;
            self.splits.forget(&key);
            return Ok(taken);
        }
        let prepared = in_time(self.hold.prepare(arrival, key)).await;
        trail.stage(Stage::since("prepare", began));
        let prepared = match prepared? {
            Preparation::Before(taken) => return Ok(taken),
            Preparation::New(prepared) => prepared,
        };
        let began = Instant::now();
        let handed = self.hand_over(prepared.arrival(), forward, &missing).await;
        let (Ok(Handover { reply, .. }) | Err(reply)) = &handed;
        trail.stage(count::replied(Stage::since("next_hop", began), reply));
        match handed {
            Ok(Handover { reply, reports }) => {
                let began = Instant::now();
                let taken = self.activate(&prepared, key, forward, &reply).await;
                trail.stage(Stage::since("activate", began));
                let taken = taken?;
                if !reports {
                    let said = format!("{} {}", reply.code, reply.text());
                    tell_relayed(self.hold, &relayed(prepared.arrival(), &missing, &said)).await;
                }
                Ok(taken)
            }
            Err(refusal) => {
                self.discard(&prepared).await;
                Err(Failure::NextHop(refusal.later_if_transient()))
            }
        }
    }

    /// Brings the mail to those who get it at once: to all of them or to none.
    async fn hand_over(&self, mail: &Arrival, forward: &Forward, to: &[Address]) -> Result<Handover, Reply> {
        let Arrival { id, envelope, trace, message, .. } = mail;
        let outgoing = Outgoing { id, sender: envelope.sender.as_ref(), trace, message };
        let clearance = self.hold.clear_at_once(Proof::Forward(forward), outgoing, self.hold.now()).await;
        let size = trace.len() + message.bytes().len();
        let asked = |address: &Address| RcptTo { address: address.clone(), dsn: envelope.dsn.of(address) };
        let recipients: Vec<RcptTo> = to.iter().map(asked).collect();
        let (hop, replies) = self.next_hop.begin_with(&mail_from(envelope, size as u64), &recipients).await?;
        if let Some(refusal) = replies.into_iter().find(|reply| !reply.is_positive()) {
            hop.reset().await;
            return Err(refusal.later());
        }
        let Sent { reply, reports, .. } = hop.data(&clearance).await;
        if reply.is_positive() { Ok(Handover { reply, reports }) } else { Err(reply) }
    }

    /// The next hop has its part; now the rest must become ours.
    async fn activate(
        &self,
        prepared: &Prepared,
        key: RetryKey,
        forward: &Forward,
        reply: &Reply,
    ) -> Result<Taken, Failure> {
        let said = reply.text();
        match insist(|| self.hold.activate(prepared, &said)).await {
            Ok(taken) => {
                self.splits.forget(&key);
                Ok(taken)
            }
            Err(why) => {
                self.splits.remember(key, Handed { at: Timestamp::now(), to: forward.recipients().to_vec(), said });
                self.discard(prepared).await;
                Err(why.into())
            }
        }
    }

    async fn discard(&self, prepared: &Prepared) {
        if let Err(why) = in_time(self.hold.discard(prepared)).await {
            tracing::warn!(id = %prepared.arrival().id, %why, "a prepared mail stays on the disk until the next start");
        }
    }
}

/// Does `step` until it works, a few times: the next hop has its part, so that giving up costs more than waiting.
async fn insist<T, F: Future<Output = Result<T, HoldError>>>(step: impl Fn() -> F) -> Result<T, HoldError> {
    let mut outcome = in_time(step()).await;
    for wait in WAITS {
        if outcome.is_ok() {
            break;
        }
        sleep(wait).await;
        outcome = in_time(step()).await;
    }
    outcome
}

/// What the next hop said when it took its part.
struct Handover {
    reply: Reply,
    /// Whether it tells the sender what becomes of it.
    reports: bool,
}

fn relayed<'a>(mail: &'a Arrival, recipients: &'a [Address], reply: &'a str) -> Relayed<'a> {
    let Arrival { id, at, envelope, message, subject, .. } = mail;
    Relayed { id, at: *at, envelope, message, subject, recipients, via: None, reply }
}

/// Why there is no 250.
enum Failure {
    /// The next hop's own reply, or that it cannot be reached.
    NextHop(Reply),
    /// The store or the journal failed.
    Ours(HoldError),
    /// Another copy of the mail takes too long.
    Crowd,
}

impl From<HoldError> for Failure {
    fn from(error: HoldError) -> Self {
        Self::Ours(error)
    }
}

impl Splits {
    /// Waits until no other copy of the mail is under way.
    async fn turn(&self, key: RetryKey) -> Result<OwnedMutexGuard<()>, Failure> {
        let turn = {
            let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
            underway.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(underway.entry(key).or_default())
        };
        timeout(PATIENCE, turn.lock_owned()).await.map_err(|_| Failure::Crowd)
    }

    fn handed(&self, key: &RetryKey) -> Option<Handed> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn forget(&self, key: &RetryKey) {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Remembers; what is too old goes, and the oldest when there is no room.
    fn remember(&self, key: RetryKey, handed: Handed) {
        let mut all = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = handed.at;
        all.retain(|_, known| now.duration_since(known.at) < REMEMBERED_FOR);
        if all.len() >= REMEMBERED && !all.contains_key(&key) {
            let oldest = all.iter().min_by_key(|(_, known)| known.at).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                all.remove(&oldest);
                tracing::warn!("too many mails are half taken; a retry of the oldest will be forwarded again");
            }
        }
        all.insert(key, handed);
    }
}

/// MAIL as the mail came with it.
fn mail_from(envelope: &Envelope, size: u64) -> MailFrom {
    MailFrom {
        sender: envelope.sender.clone(),
        body: envelope.body,
        smtputf8: envelope.smtputf8,
        size: Some(size),
        requiretls: envelope.requiretls,
        ret: envelope.dsn.ret,
        envid: envelope.dsn.envid.clone(),
    }
}

#[cfg(test)]
mod tests;
