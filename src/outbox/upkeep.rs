//! What time does beside bringing mail out: deadlines of held mail, the digest, the end of old bytes and old records.
//!
//! In: the store's clock. Out: what `hold` makes of it. Deliberately absent: which time has come for what (`hold::due`).

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Outbox, POLL, in_time};
use crate::{hold::Walked, store::StoreError};

/// How often old bytes and old records are looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// How long looking after the store may take each time.
const UPKEEP: Duration = Duration::from_secs(600);

impl Outbox {
    /// Lets time act on held mail, and sweeps now and then. It does not end by itself.
    pub(super) async fn let_time_act(&self) {
        let mut next_sweep = Instant::now();
        loop {
            if let Err(error) = in_time(UPKEEP, Box::pin(self.hold.due(self.store.now()))).await {
                tracing::error!(%error, "held mail whose time has come cannot be looked up");
            }
            if let Err(error) = in_time(UPKEEP, Box::pin(self.hold.send_digest(self.store.now()))).await {
                tracing::error!(%error, "the digest of the security team cannot be sent");
            }
            if Instant::now() >= next_sweep {
                next_sweep = Instant::now() + SWEEP;
                if let Err(error) = in_time(UPKEEP, Box::pin(self.store.make_journal_months(self.store.now()))).await {
                    tracing::warn!(%error, "no table is made for the journal's next month now");
                }
                if let Err(error) = in_time(UPKEEP, Box::pin(self.hold.destroy_old(self.store.now()))).await {
                    tracing::error!(%error, "old mail cannot be destroyed");
                }
                if let Err(error) = in_time(UPKEEP, Box::pin(self.hasten(self.store.now()))).await {
                    tracing::error!(%error, "mail that a wrong clock put off cannot be looked for");
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What goes is verified before, which takes hours where a month is billions of records: no deadline waits for it.
    pub(super) async fn shorten_journal(&self) {
        let mut walked = Walked::default();
        loop {
            match self.hold.shorten_journal(self.store.now(), &mut walked).await {
                Ok(0) => {}
                Ok(records) => tracing::info!(records, "old records of the journal were removed"),
                Err(error) => tracing::error!(%error, "old records of the journal cannot be removed"),
            }
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Mail waits no longer than a wait is long, whatever the clock said when it was put off.
    async fn hasten(&self, now: Timestamp) -> Result<(), StoreError> {
        let longest = self.settings.longest_wait.max(self.settings.first_retry);
        let mut writing = self.store.write().await?;
        writing.hasten_outbox(now, now.checked_add(longest).unwrap_or(Timestamp::MAX)).await?;
        writing.commit().await
    }
}
