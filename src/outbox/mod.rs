//! Durable outgoing mail: what was committed to go out goes out, through any number of failures and restarts.
//!
//! In: rows that `hold` put into the outbox, from this process (which wakes the loop) or another (which it notices
//! within a second). Out: mails at the next hop, and each attempt's outcome in one commit. The loop also lets time act
//! on held mail ([`Hold::due`]), and on the journal ([`Hold::shorten_journal`]), which no deadline waits for.
//!
//! At most [`Settings::per_domain`] of the mails under way count for one recipient domain
//! ([`OutboxRow::domain`](crate::store::OutboxRow::domain)), so that a slow destination leaves room for the others.
//!
//! Between the next hop's 250 and that commit a crash sends the mail a second time; SMTP has no way around it. It is
//! never lost: until the commit it is still queued. A store that refuses that commit is asked again; the mail is not.
//! An attempt that panics is one that failed: the mail waits as long as after any other, and the log and the journal say
//! that the fault was ours.
//! Deliberately absent: reasons to send. Every mail is cleared by [`Hold::clear`] just before it leaves.

mod attempt;
mod schedule;
mod under_way;
mod upkeep;

#[cfg(test)]
pub(crate) mod fake;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    hold::Hold,
    smtp::client::NextHop,
    store::{Claim, Store, StoreError},
    telemetry::traces::Traces,
};

/// How often the clock and other processes are asked.
const POLL: Duration = Duration::from_secs(1);

/// How often and how long mail is tried; from `[outbox]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How many mails are brought out at once.
    pub at_once: usize,
    /// How many of them may count for one recipient domain.
    pub per_domain: usize,
    /// How long a mail is tried.
    pub give_up_after: Duration,
    /// How long to wait after the first attempt.
    pub first_retry: Duration,
    /// The longest wait between two attempts.
    pub longest_wait: Duration,
    /// After how long the sender is told that it takes long.
    pub warn_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_once: 8,
            per_domain: 3,
            // RFC 5321 §4.5.4.1: "generally needs to be at least 4-5 days".
            give_up_after: Duration::from_secs(5 * 24 * 3600),
            first_retry: Duration::from_secs(60),
            longest_wait: Duration::from_secs(3600),
            warn_after: Duration::from_secs(4 * 3600),
        }
    }
}

/// The loop that empties the outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Store,
    hold: Hold,
    next_hop: NextHop,
    settings: Arc<Settings>,
    turns: Arc<AtomicU64>,
    traces: Traces,
}

/// Tells whether an outbox still goes round.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// How often it went round; at least once a second while it is well.
    pub fn turns(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Outbox {
    /// An outbox that sends to `next_hop` what `hold` clears from `store`.
    pub fn new(store: Store, hold: Hold, next_hop: NextHop, settings: Settings) -> Self {
        let (turns, traces) = (Arc::default(), Traces::default());
        Self { store, hold, next_hop, settings: Arc::new(settings), turns, traces }
    }

    /// The same, of whose attempts `traces` are told.
    #[must_use]
    pub fn traced(self, traces: Traces) -> Self {
        Self { traces, ..self }
    }

    /// What tells whether it still goes round.
    pub fn pulse(&self) -> Pulse {
        Pulse(Arc::clone(&self.turns))
    }

    /// Works until `stop`. Whoever calls it holds the claim on the outbox.
    pub async fn run(&self, claim: &Claim, stop: CancellationToken) {
        // Each at its own pace: hundreds of held mails whose time has come hold up none that are to go out.
        let time = stop.run_until_cancelled(Box::pin(self.let_time_act()));
        let journal = stop.run_until_cancelled(Box::pin(self.shorten_journal()));
        let hearing = stop.run_until_cancelled(Box::pin(self.store.hear()));
        tokio::join!(Box::pin(self.bring_out(claim, &stop)), time, journal, hearing);
    }
}

/// Waits `limit` for what is done with the store. A server may fall silent in the midst of a change, and nobody else of this
/// node writes while that is waited for: one that is given up is undone, and its connection closed.
async fn in_time<T, E: From<StoreError>>(limit: Duration, step: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let late = |_elapsed| Err(StoreError::System("the database does not answer in time".to_owned()).into());
    tokio::time::timeout(limit, step).await.unwrap_or_else(late)
}

#[cfg(test)]
mod tests;
