//! What time does to held mail.
//!
//! In: the clock. Out: delayed mail released, undecided mail returned, and bytes destroyed that nobody needs any more.
//! Deliberately absent: the clock itself and the loop (`outbox`), what becomes of released mail (`outgoing`), reminders
//! (`nudge`).

use jiff::{SignedDuration, Timestamp};

use super::{
    Hold, HoldError,
    decide::{change, conclude, mail_of},
    outgoing, rounded, telling,
};
use crate::{
    journal::{self, Record, Via, Walked},
    mail::{MailId, Message},
    notice::Outcome,
    store::{Change, HeldRow, MailRow, Store, StoreError, Writing},
};

/// How many mails are dealt with in one go.
const STEP: u32 = 100;

/// How long a mail may be prepared: much longer than any next hop takes to answer.
const PREPARED: SignedDuration = SignedDuration::from_hours(24);

/// How long it is known who was told of what: longer than any notice is tried.
const TOLD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was done because its time had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// Delayed mails that go out now.
    pub lapsed: usize,
    /// Mails that went back to their senders.
    pub expired: usize,
    /// Mails of which somebody was reminded, or about which others were asked.
    pub nudged: usize,
    /// Notices that tell somebody of many mails at once.
    pub together: usize,
    /// Mails with which it failed; they are tried again the next time.
    pub failed: usize,
}

impl Hold {
    /// Does what is due at `now`: releases delayed mail, returns undecided mail. A mail that somebody decided about at
    /// the same moment is passed over.
    pub async fn due(&self, now: Timestamp) -> Result<Due, HoldError> {
        let now = rounded(now);
        let mut due = Due::default();
        // Mails with which it failed stay at the head of the queue: those behind them must have their turn too.
        let mut passed = (0, 0, 0);
        loop {
            let (lapsed, expired) = self.store().held_due(now, (passed.0, passed.1), STEP).await?;
            let nudged = self.store().held_to_nudge(now, passed.2, STEP).await?;
            let before = passed;
            for id in lapsed {
                passed.0 += due.count(&id, self.lapse(&id, now).await, |due| &mut due.lapsed);
            }
            for id in expired {
                passed.1 += due.count(&id, self.expire(&id, now).await, |due| &mut due.expired);
            }
            // Behind those that expire: nobody is reminded of what has just gone back.
            for id in nudged {
                passed.2 += due.count(&id, self.nudge(&id, now).await, |due| &mut due.nudged);
            }
            if passed == before {
                break;
            }
        }
        due.together = self.tell_together(now).await?;
        Ok(due)
    }

    /// Destroys the bytes of mails with which nothing has been left to do for as long as they are kept, and passwords whose
    /// time is over.
    pub async fn destroy_old(&self, now: Timestamp) -> Result<usize, HoldError> {
        let now = rounded(now);
        self.discard_prepared(now - PREPARED).await?;
        let mut writing = self.store().write().await?;
        let keep = self.inner.settings.keep;
        let destroyed = writing.destroy_settled_mails(now - keep.held, now - keep.specific, STEP).await?;
        // Requests carry the original along.
        writing.forget_done_notices(now - keep.held.min(keep.specific), STEP).await?;
        writing.forget_expired(now).await?;
        writing.forget_told(now - TOLD, STEP).await?;
        let records: Vec<Record> =
            destroyed.iter().map(|id| Record::change(id.clone(), now, entry(id, "destroyed", None))).collect();
        journal::append(&mut writing, &records).await?;
        writing.commit().await?;
        Ok(destroyed.len())
    }

    /// Removes what is older in the journal than it is to be kept; how many records. It may take hours; `walked` is how far it
    /// came, for the next time.
    pub async fn shorten_journal(&self, now: Timestamp, walked: &mut Walked) -> Result<u64, HoldError> {
        let Some(keep) = self.inner.settings.keep.journal else { return Ok(0) };
        Ok(journal::retain(self.store(), keep, rounded(now), walked).await?)
    }

    async fn lapse(&self, id: &MailId, now: Timestamp) -> Result<(), HoldError> {
        let mut writing = self.store().write().await?;
        let held = known(&mut writing, id).await?;
        let mail = mail_of(&mut writing, &held).await?;
        change(&mut writing, &held, Change::Lapse, now).await?;
        writing.put_outbox(&outgoing::release_of(&mail, id, &held.rcpt_to, now)).await?;
        conclude(writing, held, Change::Lapse, None, Via::System, now).await.map(drop)
    }

    async fn expire(&self, id: &MailId, now: Timestamp) -> Result<(), HoldError> {
        let mut writing = self.store().write().await?;
        let held = known(&mut writing, id).await?;
        let mail = mail_of(&mut writing, &held).await?;
        change(&mut writing, &held, Change::Expire, now).await?;
        let original = original_of(self.store(), &mail).await?;
        let (story, about) = (telling::story(&mail, &held)?, (&mail, Some(&held.id)));
        self.give_back(&mut writing, about, &story, &Outcome::Expired, original.as_ref(), now).await?;
        conclude(writing, held, Change::Expire, None, Via::System, now).await.map(drop)
    }
}

/// The bytes of a mail; none if they are destroyed or do not open any more.
pub(super) async fn original_of(store: &Store, mail: &MailRow) -> Result<Option<Message>, HoldError> {
    match store.unseal(&mail.id.0).await {
        Ok(bytes) => Ok(Some(Message::new(bytes))),
        Err(error @ (StoreError::Seal(_) | StoreError::Destroyed(_))) => {
            tracing::error!(mail = %mail.id, %error, "the bytes of a held mail are lost");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn entry(held: &MailId, what: &str, detail: Option<String>) -> journal::Change {
    journal::Change { held: held.clone(), change: what.to_owned(), by: None, via: Via::System, detail }
}

pub(super) async fn known(writing: &mut Writing, id: &MailId) -> Result<HeldRow, HoldError> {
    writing.held(id).await?.ok_or_else(|| HoldError::Unknown(id.0.clone()))
}

impl Due {
    /// One mail that cannot be dealt with must not keep the others waiting. How many stay where they were: one or none.
    fn count(&mut self, id: &MailId, outcome: Result<(), HoldError>, counter: fn(&mut Self) -> &mut usize) -> u32 {
        match outcome {
            Ok(()) => {
                *counter(self) += 1;
                0
            }
            // Somebody was faster.
            Err(HoldError::Decided { .. }) => 0,
            Err(error) => {
                tracing::error!(held = %id, %error, "a held mail whose time has come cannot be dealt with");
                self.failed += 1;
                1
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{Arrival, State, Tidings, fixture::*, later},
        policy::Action,
        store::{Fate, Kind},
    };

    #[tokio::test]
    async fn nobody_decided_and_the_mail_goes_back_as_a_delivery_status_notice() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::Hold, &[OUTSIDE])])).await.unwrap();
        assert_eq!(hold.due(later(noon(), minutes(59))).await.unwrap(), Due::default());
        let end = later(noon(), minutes(60));
        let error = hold.approve(&id.0, &address(SECURITY), Via::Cli, "", end).await.unwrap_err();
        assert!(matches!(error, HoldError::TooLate { .. }), "{error}");
        assert_eq!(hold.due(end).await.unwrap(), Due { expired: 1, ..Due::default() });
        assert_eq!(hold.due(end).await.unwrap(), Due::default());
        let letters = outbox(&store).await;
        let returned: Vec<_> = letters.iter().filter(|letter| letter.kind == Kind::Dsn).collect();
        assert_eq!(returned.len(), 1);
        assert_eq!(returned[0].to, [SENDER]);
        assert!(returned[0].text.contains("message/delivery-status") && returned[0].text.contains(OUTSIDE));
        assert_eq!(changes(&store).await, ["mail hold", "expired"]);
    }

    #[tokio::test]
    async fn a_delayed_mail_goes_out_by_itself_unless_it_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let goes = hold.take(arrival(vec![group(Action::Delay, &["goes@x.example.com"])])).await.unwrap();
        let stays = hold.take(arrival(vec![group(Action::Delay, &["stays@x.example.com"])])).await.unwrap();
        let error = hold.approve(&goes.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::NotADecider { .. }), "{error}");
        let secret = outbox(&store).await.into_iter().find(|l| l.text.contains(&stays.0)).unwrap().secret();
        assert_eq!(secret.len(), 26);
        hold.withdraw(&stays.0, &address(SENDER), Via::Cli, noon()).await.unwrap();
        assert_eq!(hold.due(later(noon(), minutes(9))).await.unwrap(), Due::default());
        let end = later(noon(), minutes(10));
        assert_eq!(hold.due(end).await.unwrap(), Due { lapsed: 1, ..Due::default() });
        assert_eq!(hold.show(&goes.0).await.unwrap().summary.state, State::Released);
        assert_eq!(hold.show(&stays.0).await.unwrap().summary.state, State::Withdrawn);
        let letters = outbox(&store).await;
        let released: Vec<_> = letters.iter().filter(|letter| letter.kind == Kind::Release).collect();
        assert_eq!(released.len(), 1);
        assert_eq!(released[0].to, ["goes@x.example.com"]);
        let error = hold.withdraw(&goes.0, &address(SENDER), Via::Cli, end).await.unwrap_err();
        assert!(matches!(error, HoldError::Decided { state: State::Released, .. }), "{error}");
    }

    #[tokio::test]
    async fn a_sender_outside_never_gets_the_mail_back() {
        const OUTSIDER: &str = "me@elsewhere.example.net";
        for action in [Action::Hold, Action::Reject] {
            let dir = tempfile::tempdir().unwrap();
            let (store, hold) = hold_in(dir.path(), settings()).await;
            let mut mail = arrival(vec![group(Action::Forward, &["in@example.co.jp"]), group(action, &[OUTSIDE])]);
            mail.envelope.sender = Some(address(OUTSIDER));
            taken_with_its_forward(&hold, mail).await;
            hold.due(later(noon(), minutes(60))).await.unwrap();
            tells_nothing(&store, OUTSIDER).await;
        }
    }

    #[tokio::test]
    async fn mails_that_cannot_be_dealt_with_do_not_starve_others() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        for number in 0..=STEP {
            hold.take(arrival(vec![group(Action::Hold, &[&format!("a{number}@x.example.com")])])).await.unwrap();
        }
        let mut writing = store.write().await.unwrap();
        writing.tamper("UPDATE held SET matched = 'nonsense'").await;
        writing.commit().await.unwrap();
        let last = Arrival { at: later(noon(), minutes(1)), ..arrival(vec![group(Action::Hold, &[OUTSIDE])]) };
        let last = hold.take(last).await.unwrap();
        let failed = usize::try_from(STEP).unwrap() + 1;
        let end = later(noon(), minutes(61));
        assert_eq!(hold.due(end).await.unwrap(), Due { expired: 1, failed, ..Due::default() });
        assert_eq!(hold.show(&last.0).await.unwrap().summary.state, State::Expired);
    }

    #[tokio::test]
    async fn bytes_are_destroyed_a_month_after_the_end_and_not_before() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let done = hold.take(arrival(vec![group(Action::Hold, &["a@x.example.com"])])).await.unwrap();
        let pending = hold.take(arrival(vec![group(Action::Hold, &["b@x.example.com"])])).await.unwrap();
        hold.reject(&done.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        // Our own mails about it still wait in the outbox.
        let month = noon() + settings().keep.held + SignedDuration::from_secs(1);
        assert_eq!(hold.destroy_old(month).await.unwrap(), 0);
        for mut row in store.outbox_due(Timestamp::MAX, 100).await.unwrap() {
            row.recipients.iter_mut().for_each(|consignee| consignee.fate = Fate::Accepted);
            hold.settle(&row, &Tidings::default(), noon()).await.unwrap();
        }
        assert_eq!(hold.destroy_old(noon() + settings().keep.held).await.unwrap(), 0);
        assert_eq!(hold.destroy_old(month).await.unwrap(), 1);
        assert!(matches!(store.unseal(&done.0).await, Err(StoreError::Destroyed(_))));
        assert_eq!(store.unseal(&pending.0).await.unwrap(), BYTES);
        assert_eq!(changes(&store).await.last().unwrap(), "destroyed");
    }
}
