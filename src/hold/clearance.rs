//! Clearance: the proof that a mail may leave, without which the client to the next hop takes nothing.
//!
//! In: policy's own proof of a forward; the proof that the same mail was let go before; or an outgoing mail that the
//! store says is committed and released. Out: a [`Clearance`], whose trace header carries a pass. Deliberately absent:
//! any other way to make one.

use jiff::Timestamp;

use super::{Hold, HoldError, Passed, pass, telling};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId, Message, edit::Edits, trace},
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
        match proof {
            Proof::Forward(forward) => {
                let message = self.edited(mail.message, &forward.edits());
                self.stamped(Outgoing { message: &message, ..mail }, pass::expiry(now)).await
            }
            // What was to be edited in it was, when it went out for the first time.
            Proof::Passed(passed) => self.stamped(mail, passed.expires_at()).await,
        }
    }

    /// With the header edits that policy ordered; the pass is over what leaves.
    fn edited(&self, message: &Message, edits: &Edits) -> Message {
        edits.apply(message, |address| self.inner.organization.is_internal(address))
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
        let mut edits = Edits::default();
        if let (Kind::Release, Some(held_id)) = (row.kind, &row.held_id) {
            let held = writing.held(held_id).await?.ok_or_else(|| HoldError::NotCleared(id.clone()))?;
            edits = telling::orders(&held)?.edits;
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
                let message = self.edited(&message, &edits);
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
    use crate::{
        hold::{fixture::*, later},
        policy::{Action, Approver, Decision, Duties, Group, Verdict},
        store::Change,
    };

    /// A group whose rule orders more than its action.
    fn ordered(action: Action, duties: Duties) -> Group {
        let mut group = group(action, &[OUTSIDE]);
        for reason in &mut group.matched {
            reason.duties = duties.clone();
        }
        group
    }

    fn tagged() -> Edits {
        Edits { tags: ["[EXT]".to_owned()].into(), ..Edits::default() }
    }

    #[tokio::test]
    async fn what_rules_order_is_done_when_a_held_mail_leaves_and_the_original_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let duties = Duties {
            approvers: vec![Approver::Person(address(VICE)), Approver::Person(address(SENDER))],
            deadline: Some(7_200),
            edits: tagged(),
            ..Duties::default()
        };
        let id = hold.take(arrival(vec![ordered(Action::Hold, duties)])).await.unwrap();
        assert_eq!(hold.list(None).await.unwrap()[0].expires_at, later(noon(), minutes(120)));
        for stranger in [SECURITY, SENDER] {
            let refused = hold.approve(&id.0, &address(stranger), Via::Cli, "", noon()).await;
            assert!(refused.is_err(), "{stranger} decides about what was given to others");
        }
        hold.approve(&id.0, &address(VICE), Via::Cli, "", noon()).await.unwrap();
        let row = release(&store).await;
        let cleared = hold.clear(&row.id, noon()).await.unwrap().unwrap().clearance;
        let expected = String::from_utf8_lossy(BYTES).replace("Subject: list", "Subject: [EXT] list");
        assert_eq!(String::from_utf8_lossy(cleared.message()), expected);
        let original = hold.original(&id.0, &address(SENDER), Via::Console, noon()).await.unwrap();
        assert_eq!(original.bytes(), BYTES);
    }

    #[tokio::test]
    async fn whom_a_rule_names_in_vain_the_security_team_stands_in_for() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let duties = Duties { approvers: vec![Approver::Person(address(SENDER))], ..Duties::default() };
        let id = hold.take(arrival(vec![ordered(Action::Hold, duties)])).await.unwrap();
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
    }

    #[tokio::test]
    async fn a_delay_is_as_long_as_its_rule_says() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let duties = Duties { delay: Some(2 * 3_600), ..Duties::default() };
        hold.take(arrival(vec![ordered(Action::Delay, duties)])).await.unwrap();
        assert_eq!(hold.list(None).await.unwrap()[0].expires_at, later(noon(), minutes(120)));
    }

    #[tokio::test]
    async fn a_forwarded_mail_is_edited_and_known_again_as_it_left() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let group = ordered(Action::Forward, Duties { edits: tagged(), ..Duties::default() });
        let Decision::Forward(proof) = Verdict::invented(vec![group]).into_decision() else { panic!("not forwarded") };
        let (id, message, sender) = (MailId("01A".to_owned()), Message::new(BYTES), address(SENDER));
        let trace = b"Received: by relay.example.co.jp (Sekisho) with ESMTP id 01A; x\r\n";
        let mail = Outgoing { id: &id, sender: Some(&sender), trace, message: &message };
        let cleared = hold.clear_at_once(Proof::Forward(&proof), mail, noon()).await;
        let edited = Message::new(cleared.message().to_vec());
        assert!(edited.bytes().windows(13).any(|bytes| bytes == b"Subject: [EXT"));
        let stamped = hold.stamped(Outgoing { message: &edited, ..mail }, pass::expiry(noon())).await;
        assert_eq!(cleared.trace(), stamped.trace(), "the pass is over what left");
    }

    #[tokio::test]
    async fn a_release_is_cleared_only_by_the_state_of_its_held_mail() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let held = hold.take(arrival(vec![group(Action::Hold, &[OUTSIDE])])).await.unwrap();
        // A release that nobody approved, as if some other code had queued it.
        let mut writing = store.write().await.unwrap();
        let mail = writing.mail(&held).await.unwrap().unwrap();
        let row = super::super::outgoing::release_of(&mail, &held, &[address(OUTSIDE)], noon());
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
