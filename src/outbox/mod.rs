//! Durable outgoing mail: what was committed to go out goes out, through any number of failures and restarts.
//!
//! In: rows that `hold` put into the outbox, from this process (which wakes the loop) or another (which it notices
//! within a second). Out: mails at the next hop, and each attempt's outcome in one commit. The loop also lets time act
//! on held mail ([`Hold::due`]).
//!
//! Between the next hop's 250 and that commit a crash sends the mail a second time; SMTP has no way around it. It is
//! never lost: until the commit it is still queued.
//! Deliberately absent: reasons to send. Every mail is cleared by [`Hold::clear`] just before it leaves.

mod attempt;
#[cfg(test)]
pub(crate) mod fake;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    hold::Hold,
    mail::MailId,
    smtp::client::NextHop,
    store::{OutboxRow, Store, StoreError},
};

/// How many mails are brought out at once.
const AT_ONCE: usize = 8;

/// How often the clock and other processes are asked.
const POLL: Duration = Duration::from_secs(1);

/// How often old bytes are looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// How long attempts under way may take when the process is to stop; what is cut off is tried again after the start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The loop that empties the outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Store,
    hold: Hold,
    next_hop: NextHop,
}

impl Outbox {
    /// An outbox that sends to `next_hop` what `hold` clears from `store`.
    pub fn new(store: Store, hold: Hold, next_hop: NextHop) -> Self {
        Self { store, hold, next_hop }
    }

    /// Works until `stop`. Ends at once with an error if another process works on the same outbox.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        let _claim = self.store.claim_outbox()?;
        let mut under_way = UnderWay::default();
        let mut next_sweep = Instant::now();
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = tick.tick() => self.let_time_act(&mut next_sweep).await,
                () = self.store.outbox_grew() => {}
                Some(ended) = under_way.tasks.join_next_with_id() => under_way.forget(ended),
            }
            self.start_due(&mut under_way).await;
        }
        let drained = async { while under_way.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, drained).await.is_err() {
            tracing::warn!("attempts to bring mail out were cut off; they are made again after the start");
        }
        Ok(())
    }

    async fn let_time_act(&self, next_sweep: &mut Instant) {
        if let Err(error) = self.hold.due(Timestamp::now()).await {
            tracing::error!(%error, "held mail whose time has come cannot be looked up");
        }
        if Instant::now() >= *next_sweep {
            *next_sweep = Instant::now() + SWEEP;
            if let Err(error) = self.hold.destroy_old(Timestamp::now()).await {
                tracing::error!(%error, "old mail cannot be destroyed");
            }
        }
    }

    async fn start_due(&self, under_way: &mut UnderWay) {
        let free = AT_ONCE.saturating_sub(under_way.tasks.len());
        if free == 0 {
            return;
        }
        // Rows under way are still due; AT_ONCE of them leave `free` others.
        let due = match self.store.outbox_due(Timestamp::now(), AT_ONCE).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                return;
            }
        };
        let others: Vec<OutboxRow> = due.into_iter().filter(|row| !under_way.has(&row.id)).take(free).collect();
        for row in others {
            let (id, outbox) = (row.id.clone(), self.clone());
            let task = under_way.tasks.spawn(async move { outbox.attempt(row).await });
            under_way.ids.insert(task.id(), id);
        }
    }

    async fn attempt(&self, row: OutboxRow) {
        let id = row.id.clone();
        if let Err(error) = attempt::make(&self.hold, &self.next_hop, row, Timestamp::now).await {
            tracing::error!(outgoing = %id, %error, "an attempt to bring a mail out failed on our side");
            // It is still due; without a pause it would be tried as fast as it fails.
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Attempts that are being made.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    ids: HashMap<Id, MailId>,
}

impl UnderWay {
    fn has(&self, id: &MailId) -> bool {
        self.ids.values().any(|known| known == id)
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!(%error, "an attempt to bring a mail out died; it is made again");
                error.id()
            }
        };
        self.ids.remove(&task);
    }
}
