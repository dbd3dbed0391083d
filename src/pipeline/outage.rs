//! What a mail does without the store, while that is away and the journal has a spool (`journal.on_outage = "spool"`).
//!
//! In: a mail on its way. Out: an answer that waits for no dead database. What it asks the store otherwise:
//!
//! | what | while the store is away |
//! |---|---|
//! | whether it was let go before (`Hold::recognise`) | not asked: it is inspected anew |
//! | which passwords its sender mailed (`Memory`) | not asked: a part that they would open stays closed, and a password that it states is taken for that of a file sent earlier |
//! | to whom we wrote before (`Past`) | is in memory; what is learned is kept when the store is back |
//! | room for its record | is made in the spool before the next hop has the mail; if there is none, or no spool, 451 |
//! | the report that it was relayed, if its sender asked and the next hop tells nobody | 451, since it cannot be kept |
//! | hold, delay, approval, split, an answer to a notice | 451 |
//! | a refusal | stands; its record goes to the spool if it can |
//!
//! Whatever is asked of a store that seems well is waited for so long and no longer: a server may fall silent. Deliberately
//! absent: how that is found out (`pressure`, `journal`).

use std::time::Duration;

use tokio::time::timeout;

use super::{Incoming, Judged, Stages, refused};
use crate::{
    hold::{HoldError, Passed},
    inspect::sandbox::Unavailable,
    journal::{Keeping, MailRecord, Room},
    smtp::{Reply, client},
    store::StoreError,
    telemetry::health::Condition,
};

/// How long a mail waits for what is only asked.
pub(super) const ASKED: Duration = Duration::from_secs(5);

/// How long for what is written; longer than the store waits for a lock.
const WRITTEN: Duration = Duration::from_secs(60);

/// `step`, or that the store is busy if it takes too long. What was begun may happen all the same; the mail server sends the
/// mail again, which is then known.
pub(super) fn in_time<T>(
    step: impl Future<Output = Result<T, HoldError>>,
) -> impl Future<Output = Result<T, HoldError>> {
    // Such a step is large, and every mail has room for it on its way.
    let step = Box::pin(step);
    async move { timeout(WRITTEN, step).await.unwrap_or(Err(StoreError::Busy.into())) }
}

/// Whether the store is believed to take the record of a mail that leaves now. Where there is no spool, a journal that was
/// not refused yet says nothing: a mail on its way stays as soon as the store is known not to be well.
fn takes_records(keeping: Keeping, store_is_well: bool) -> bool {
    keeping == Keeping::Store && store_is_well
}

impl Stages {
    /// Whether the store is away, as far as is known: the journal was refused, or, where mail can do without it, it does not
    /// answer in time.
    pub(super) fn store_is_away(&self) -> bool {
        match self.journal.keeping() {
            Keeping::Store => self.journal.spools() && !self.pressure.is_well(Condition::Store),
            Keeping::Spool | Keeping::Nowhere => true,
        }
    }

    /// Whether the mail was let go before; in doubt it was not.
    pub(super) async fn recognised(&self, mail: &Incoming) -> Option<Passed> {
        if self.store_is_away() {
            return None;
        }
        let asked = self.hold.recognise(&mail.envelope, &mail.message, mail.at);
        timeout(ASKED, asked).await.unwrap_or_else(|_| {
            tracing::warn!(id = %mail.id, "whether it was let go before is not answered; it is inspected");
            None
        })
    }

    /// Judges the mail, without the memory of earlier ones if that is away.
    pub(super) async fn judged(&self, mail: &Incoming) -> Result<Judged, Unavailable> {
        let judgement = self.judgement();
        if self.store_is_away() {
            return judgement.judge_by_itself(&mail.envelope, &mail.message).await;
        }
        judgement.judge(&mail.envelope, &mail.message).await
    }

    /// Room for the record of a mail that is about to leave, if it needs any; or why it stays.
    pub(super) async fn room_for(
        &self,
        mail: &Incoming,
        record: &MailRecord,
        next_hop: &client::Transaction,
    ) -> Result<Option<Room>, Reply> {
        if takes_records(self.journal.keeping(), self.pressure.is_well(Condition::Store)) {
            return Ok(None);
        }
        if !next_hop.reports() && self.hold.owes_report(&mail.envelope) {
            let why = "its sender wants a report that can only be kept in the store, which is away";
            return Err(refused(&mail.id, why, Reply::needs_store()));
        }
        match self.journal.make_room(&mail.entry(record.clone())).await {
            Ok(room) => Ok(Some(room)),
            Err(why) => {
                tracing::error!(id = %mail.id, %why, "its record finds no place, so it is not forwarded");
                Err(refused(&mail.id, "its record finds no place", Reply::no_record()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mail_leaves_for_a_store_that_is_not_well() {
        for (keeping, well, expected) in [
            (Keeping::Store, true, true),
            (Keeping::Store, false, false),
            (Keeping::Spool, true, false),
            (Keeping::Spool, false, false),
            (Keeping::Nowhere, true, false),
            (Keeping::Nowhere, false, false),
        ] {
            assert_eq!(takes_records(keeping, well), expected, "{keeping:?}, {well}");
        }
    }
}
