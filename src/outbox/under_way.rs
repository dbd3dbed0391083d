//! The loop that brings mail out: which attempts are under way, and which mails there is room for.
//!
//! In: rows whose time has come, as many as may be under way at once, and leave for each from the [`Claim`]. Out: attempts.
//! Deliberately absent: the attempt itself (`attempt`), and what time does to held mail (`upkeep`).

use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Outbox, POLL, attempt, schedule};
use crate::{
    mail::MailId,
    store::{Claim, OutboxRow},
};

/// How long attempts under way may take when the process is to stop; what is cut off is tried again after the start.
const PATIENCE: Duration = Duration::from_secs(20);

impl Outbox {
    /// Brings out what is due until `stop`; then what is under way may end.
    pub(super) async fn bring_out(&self, claim: &Claim, stop: &CancellationToken) {
        let mut under_way = UnderWay::default();
        let mut tick = tokio::time::interval(POLL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
                () = self.store.outbox_grew() => {}
                Some(id) = under_way.ended(self.settings.longest_wait) => claim.give_back(&id).await,
            }
            self.start_due(claim, &mut under_way).await;
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
        let drained = async { while under_way.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, drained).await.is_err() {
            tracing::warn!("attempts to bring mail out were cut off; they are made again after the start");
        }
    }

    /// Starts as many attempts as there is room for. Each turn of the loop starts one at least.
    pub(super) async fn start_due(&self, claim: &Claim, under_way: &mut UnderWay) {
        // What other nodes are at.
        let mut elsewhere = Vec::new();
        loop {
            let free = self.settings.at_once.saturating_sub(under_way.tasks.len());
            if free == 0 {
                return;
            }
            let full = under_way.full(self.settings.per_domain);
            let passed = [under_way.ids(), under_way.resting(), elsewhere.clone()].concat();
            let due = match self.store.outbox_due_beside(self.store.now(), free, &passed, &full).await {
                Ok(due) if due.is_empty() => return,
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    return;
                }
            };
            for row in due {
                let (id, domain) = (row.id.clone(), row.domain());
                if under_way.count(&domain) < self.settings.per_domain {
                    match claim.take(&self.store, &row).await {
                        Ok(true) => {}
                        Ok(false) => {
                            elsewhere.push(id);
                            continue;
                        }
                        Err(error) => {
                            tracing::error!(%error, "no mail of the outbox can be taken");
                            return;
                        }
                    }
                    let outbox = self.clone();
                    let task = under_way.tasks.spawn(async move { outbox.attempt(row).await });
                    under_way.mails.insert(task.id(), (id, domain));
                }
            }
        }
    }

    async fn attempt(&self, row: OutboxRow) {
        #[cfg(test)]
        super::fake::die(&row);
        let tools = (&self.hold, &self.next_hop, &*self.settings);
        let trail = attempt::make(tools, row, || self.store.now(), schedule::by_chance()).await;
        self.traces.tell(trail);
    }
}

/// Attempts that are being made.
#[derive(Default)]
pub(super) struct UnderWay {
    tasks: JoinSet<()>,
    mails: HashMap<Id, (MailId, String)>,
    /// Whose attempt died where nobody could note it, and until when they wait: in the store they are due.
    resting: HashMap<MailId, Instant>,
}

impl UnderWay {
    fn ids(&self) -> Vec<MailId> {
        self.mails.values().map(|(id, _)| id.clone()).collect()
    }

    fn count(&self, domain: &str) -> usize {
        self.mails.values().filter(|(_, known)| known == domain).count()
    }

    /// The domains of which no more may be under way.
    fn full(&self, per_domain: usize) -> Vec<String> {
        let domains: BTreeSet<&String> = self.mails.values().map(|(_, domain)| domain).collect();
        domains.into_iter().filter(|domain| self.count(domain) >= per_domain).cloned().collect()
    }

    /// The mails that wait although they are due.
    fn resting(&mut self) -> Vec<MailId> {
        self.resting.retain(|_, until| Instant::now() < *until);
        self.resting.keys().cloned().collect()
    }

    /// Waits until an attempt is over, if there is one: of which mail. One that died is not made again before `rest` is over.
    pub(super) async fn ended(&mut self, rest: Duration) -> Option<MailId> {
        let (task, died) = match self.tasks.join_next_with_id().await? {
            Ok((task, ())) => (task, None),
            Err(error) => (error.id(), Some(error)),
        };
        let (id, _) = self.mails.remove(&task)?;
        if let Some(error) = died {
            tracing::error!(outgoing = %id, %error, ?rest, "an attempt to bring a mail out died of a fault of ours; it rests");
            self.resting.insert(id.clone(), Instant::now() + rest);
        }
        Some(id)
    }
}
