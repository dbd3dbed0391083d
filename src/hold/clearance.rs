//! Clearance: the proof that a mail may leave, without which the client to the next hop takes nothing.
//!
//! In: policy's own proof of a forward; the proof that the same mail was let go before; or an outgoing mail that the
//! store says is committed and released. Out: a [`Clearance`], whose trace header carries a pass. Deliberately absent:
//! any other way to make one.

use jiff::Timestamp;

use super::{Hold, HoldError, Passed, pass, telling};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId, Message, trace},
    policy::Forward,
    smtp::client::Cleared,
    store::{Change, Kind, OutboxRow, State},
};

/// A mail that may leave.
pub struct Clearance {
    trace: Vec<u8>,
    message: Message,
}

/// A mail about to leave.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// What we call it.
    pub id: &'a MailId,
    /// The reverse path.
    pub sender: Option<&'a Address>,
    /// The header lines to put in front.
    pub trace: &'a [u8],
    /// The bytes.
    pub message: &'a Message,
}

/// Why a mail may leave without having been held.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// Policy forwards it.
    Forward(&'a Forward),
    /// It is a mail that was let go before, unchanged and to nobody new.
    Passed(&'a Passed),
}

impl Hold {
    /// Clears a mail for those recipients for whom `proof` was given.
    pub async fn clear_at_once(&self, proof: Proof<'_>, mail: Outgoing<'_>, now: Timestamp) -> Clearance {
        let expires_at = match proof {
            Proof::Forward(_) => pass::expiry(now),
            Proof::Passed(passed) => passed.expires_at(),
        };
        self.stamped(mail, expires_at).await
    }

    /// With a pass that is good until `expires_at`.
    pub(super) async fn stamped(&self, mail: Outgoing<'_>, expires_at: Timestamp) -> Clearance {
        let pass = self.pass(mail.id, mail.sender, mail.message, expires_at).await;
        Clearance { trace: trace::stamp(mail.trace, mail.id, &pass), message: mail.message.clone() }
    }
}

impl Cleared for Clearance {
    fn trace(&self) -> &[u8] {
        &self.trace
    }

    fn message(&self) -> &[u8] {
        self.message.bytes()
    }
}

/// An outgoing mail with the right to bring it out.
pub struct Consignment {
    /// From whom, to whom.
    pub row: OutboxRow,
    /// What, and that it may.
    pub clearance: Clearance,
}

impl Hold {
    /// Clears the outgoing mail `id`, if it is still in the outbox: our own mail as it is; a held mail only if it was
    /// approved, or its delay is over, and from now on it is released.
    pub async fn clear(&self, id: &MailId, now: Timestamp) -> Result<Option<Consignment>, HoldError> {
        let mut writing = self.store().write().await?;
        let Some(row) = writing.queued(id).await? else { return Ok(None) };
        if let (Kind::Release, Some(held_id)) = (row.kind, &row.held_id) {
            let held = writing.held(held_id).await?.ok_or_else(|| HoldError::NotCleared(id.clone()))?;
            match held.state {
                State::Approved => {
                    writing.change_held(held_id, Change::Release, now).await?;
                    let released = telling::change(&held, "released", None, Via::System);
                    journal::append(&mut writing, &[Record::change(held.mail_id.clone(), now, released)]).await?;
                    writing.commit().await?;
                }
                // Its delay was over, or it was under way when the process ended.
                State::Released => drop(writing),
                State::Pending
                | State::Rejected
                | State::Withdrawn
                | State::Expired
                | State::Delivered
                | State::Bounced => return Err(HoldError::NotCleared(id.clone())),
            }
        } else {
            drop(writing);
        }
        let message = Message::new(self.store().unseal(&row.sealed_id).await?);
        let clearance = match (row.kind, &row.mail_id) {
            (Kind::Release, Some(id)) => {
                let mail = Outgoing { id, sender: row.sender.as_ref(), trace: &row.trace, message: &message };
                self.stamped(mail, pass::expiry(now)).await
            }
            _ => Clearance { trace: row.trace.clone(), message },
        };
        Ok(Some(Consignment { row, clearance }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hold::fixture::*, policy::Action, store::Change};

    #[tokio::test]
    async fn a_release_is_cleared_only_by_the_state_of_its_held_mail() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let held = hold.take(arrival(vec![group(Action::Hold, &[OUTSIDE])])).await.unwrap();
        // A release that nobody approved, as if some other code had queued it.
        let mut writing = store.write().await.unwrap();
        let mail = writing.mail(&held).await.unwrap().unwrap();
        let row = super::super::arrival::release(&mail, &held, &[address(OUTSIDE)], noon());
        writing.put_outbox(&row).await.unwrap();
        writing.commit().await.unwrap();
        assert!(matches!(hold.clear(&row.id, noon()).await, Err(HoldError::NotCleared(_))));
        let mut writing = store.write().await.unwrap();
        writing.change_held(&held, Change::Approve, noon()).await.unwrap();
        writing.commit().await.unwrap();
        for _ in 0..2 {
            let cleared = hold.clear(&row.id, noon()).await.unwrap().unwrap().clearance;
            assert_eq!((cleared.trace(), cleared.message()), (TRACE, BYTES));
        }
        assert_eq!(changes(&store).await, ["mail hold", "released"], "released once");
        assert!(hold.clear(&MailId("none".to_owned()), noon()).await.unwrap().is_none());
    }
}
