//! What time does to held mail, and what becomes of it at the next hop.
//!
//! In: the clock; the outcome of an attempt to bring a mail out. Out: delayed mail released, undecided mail returned,
//! released mail delivered or bounced, and bytes destroyed that nobody needs any more.
//! Deliberately absent: the clock itself and the loop (`outbox`), reminders and working hours (later).

use jiff::{SignedDuration, Timestamp};

use super::{
    Hold, HoldError, arrival,
    decide::{change, conclude, mail_of},
    rounded, telling,
};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId, Message},
    notice::{self, Letter, Outcome},
    policy::Action,
    store::{Change, Fate, HeldRow, Kind, MailRow, OutboxRow, State, StoreError, Writing},
};

/// How many mails are dealt with in one go.
const STEP: u32 = 100;

/// How long the bytes of a mail are kept after the last thing that happened to it.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a mail may be prepared: much longer than any next hop takes to answer.
const PREPARED: SignedDuration = SignedDuration::from_hours(24);

/// What was done because its time had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Due {
    /// Delayed mails that go out now.
    pub lapsed: usize,
    /// Mails that went back to their senders.
    pub expired: usize,
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
        let mut passed = (0, 0);
        loop {
            let (lapsed, expired) = self.store().held_due(now, passed, STEP).await?;
            let before = passed;
            for id in lapsed {
                passed.0 += due.count(&id, self.lapse(&id, now).await, |due| &mut due.lapsed);
            }
            for id in expired {
                passed.1 += due.count(&id, self.expire(&id, now).await, |due| &mut due.expired);
            }
            if passed == before {
                return Ok(due);
            }
        }
    }

    /// Destroys the bytes of mails with which nothing has been left to do for a month.
    pub async fn destroy_old(&self, now: Timestamp) -> Result<usize, HoldError> {
        let now = rounded(now);
        self.discard_prepared(now - PREPARED).await?;
        let mut writing = self.store().write().await?;
        let destroyed = writing.destroy_settled_mails(now - KEPT, STEP).await?;
        writing.forget_done_notices(now - KEPT, STEP).await?;
        let records: Vec<Record> =
            destroyed.iter().map(|id| Record::change(id.clone(), now, entry(id, "destroyed", None))).collect();
        journal::append(&mut writing, &records).await?;
        writing.commit().await?;
        Ok(destroyed.len())
    }

    async fn lapse(&self, id: &MailId, now: Timestamp) -> Result<(), HoldError> {
        let mut writing = self.store().write().await?;
        let held = known(&mut writing, id).await?;
        let mail = mail_of(&mut writing, &held).await?;
        change(&mut writing, &held, Change::Lapse, now).await?;
        writing.put_outbox(&arrival::release(&mail, id, &held.rcpt_to, now)).await?;
        conclude(writing, held, Change::Lapse, None, Via::System, now).await.map(drop)
    }

    async fn expire(&self, id: &MailId, now: Timestamp) -> Result<(), HoldError> {
        let mut writing = self.store().write().await?;
        let held = known(&mut writing, id).await?;
        let mail = mail_of(&mut writing, &held).await?;
        change(&mut writing, &held, Change::Expire, now).await?;
        let original = self.original_of(&mail).await?;
        let (story, about) = (telling::story(&mail, &held)?, (&mail, Some(&held.id)));
        self.give_back(&mut writing, about, &story, &Outcome::Expired, original.as_ref(), now).await?;
        conclude(writing, held, Change::Expire, None, Via::System, now).await.map(drop)
    }

    /// Notes what an attempt to bring out `row` came to; `refused` are the recipients that the next hop refused for
    /// good in this attempt. A released mail without a recipient left to try is delivered or bounced, and for refused
    /// recipients its sender gets a delivery status notice with the next hop's words.
    pub async fn settle(
        &self,
        row: &OutboxRow,
        refused: &[(Address, String)],
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let now = rounded(now);
        let mut writing = self.store().write().await?;
        writing.settle_outbox(row, now).await?;
        if let (Kind::Release, Some(mail_id)) = (row.kind, &row.mail_id) {
            let mail = writing.mail(mail_id).await?;
            let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", row.id)))?;
            if !refused.is_empty() {
                self.tell_undeliverable(&mut writing, &mail, row, refused, now).await?;
            }
            if row.recipients.iter().all(|consignee| consignee.fate != Fate::Queued) {
                finish(&mut writing, &mail, row, now).await?;
            }
        } else {
            for (address, reply) in refused {
                tracing::warn!(outgoing = %row.id, to = %address, reply, "a notice could not be delivered");
                self.tell_unasked(&mut writing, row, (address, reply), now).await?;
            }
        }
        Ok(writing.commit().await?)
    }

    /// Tells the security team that `person`, who was asked to decide about a mail that still waits, did not get the
    /// request. The warning names no held mail in the outbox, so a warning that is refused in its turn makes none.
    async fn tell_unasked(
        &self,
        writing: &mut Writing,
        row: &OutboxRow,
        (person, reply): (&Address, &str),
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let (Kind::Notice, Some(id)) = (row.kind, &row.held_id) else { return Ok(()) };
        let held = known(writing, id).await?;
        if held.state != State::Pending || !held.asked.iter().any(|asked| asked.same_mailbox(person)) {
            return Ok(());
        }
        let mail = mail_of(writing, &held).await?;
        let story = telling::story(&mail, &held)?;
        let others = self.inner.settings.security.iter().filter(|to| !to.same_mailbox(person));
        for to in others {
            let letter = Letter { to, reply_to: None, now };
            let notice = notice::request_undeliverable(&story, self.voice(), &letter, person, reply);
            self.post(writing, (&mail.id, None), Kind::Notice, notice, now).await?;
        }
        let entry = entry(id, "unasked", Some(format!("{person}: {reply}")));
        Ok(journal::append(writing, &[Record::change(mail.id, now, entry)]).await?)
    }

    async fn tell_undeliverable(
        &self,
        writing: &mut Writing,
        mail: &MailRow,
        row: &OutboxRow,
        refused: &[(Address, String)],
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let addresses: Vec<Address> = refused.iter().map(|(address, _)| address.clone()).collect();
        let mut story = telling::story_of(mail, Action::Forward, Vec::new(), &addresses)?;
        if let Some(held) = &row.held_id {
            story.id = held.clone();
        }
        let Some(to) = self.sender_of_ours(mail) else {
            return self.tell_outsider(writing, (mail, row.held_id.as_ref()), &story, refused, now).await;
        };
        // Without its bytes the report is about nothing, but its sender must hear of it.
        let original = self.original_of(mail).await?.unwrap_or_else(|| Message::new(Vec::new()));
        let letter = Letter { to, reply_to: None, now };
        let notice = notice::undeliverable(&story, self.voice(), &letter, refused, &original);
        self.post(writing, (&mail.id, row.held_id.as_ref()), Kind::Dsn, notice, now).await
    }

    /// The bytes of a mail; none if they are destroyed or do not open any more.
    async fn original_of(&self, mail: &MailRow) -> Result<Option<Message>, HoldError> {
        match self.store().unseal(&mail.id.0).await {
            Ok(bytes) => Ok(Some(Message::new(bytes))),
            Err(error @ (StoreError::Seal(_) | StoreError::Destroyed(_))) => {
                tracing::error!(mail = %mail.id, %error, "the bytes of a held mail are lost");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The end of a released mail.
async fn finish(writing: &mut Writing, mail: &MailRow, row: &OutboxRow, now: Timestamp) -> Result<(), HoldError> {
    let delivered = row.recipients.iter().all(|consignee| consignee.fate == Fate::Accepted);
    let change = if delivered { Change::Deliver } else { Change::Bounce };
    if let Some(held) = &row.held_id
        && !writing.change_held(held, change, now).await?
    {
        // It was never released; what was refused is the clearance, and that was logged.
        return Ok(());
    }
    let replies: Vec<String> = row
        .recipients
        .iter()
        .map(|consignee| format!("{}: {}", consignee.address, consignee.reply.as_deref().unwrap_or("")))
        .collect();
    let about = row.held_id.as_ref().unwrap_or(&mail.id);
    let entry = entry(about, change.to().name(), Some(replies.join("; ")));
    Ok(journal::append(writing, &[Record::change(mail.id.clone(), now, entry)]).await?)
}

fn entry(held: &MailId, what: &str, detail: Option<String>) -> journal::Change {
    journal::Change { held: held.clone(), change: what.to_owned(), by: None, via: Via::System, detail }
}

async fn known(writing: &mut Writing, id: &MailId) -> Result<HeldRow, HoldError> {
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
    use crate::hold::{Arrival, fixture::*, later};

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

    /// The one delivery status notice in the outbox, which must tell `to` nothing of the mail.
    async fn tells_nothing(store: &crate::store::Store, to: &str) {
        let letters = outbox(store).await;
        let told: Vec<_> = letters.iter().filter(|letter| letter.kind == Kind::Dsn).collect();
        assert_eq!((told.len(), told[0].to[0].as_str()), (1, to));
        for secret in ["secret words", "Subject: list", "reason", BOSS, SECURITY, "in@example.co.jp"] {
            assert!(!told[0].text.contains(secret), "{secret} in\n{}", told[0].text);
        }
        assert!(told[0].text.contains("message/delivery-status") && told[0].text.contains(OUTSIDE));
    }

    #[tokio::test]
    async fn a_sender_outside_never_gets_the_mail_back() {
        const OUTSIDER: &str = "me@elsewhere.example.net";
        for action in [Action::Hold, Action::Reject] {
            let dir = tempfile::tempdir().unwrap();
            let (store, hold) = hold_in(dir.path(), settings()).await;
            let mut mail = arrival(vec![group(Action::Forward, &["in@example.co.jp"]), group(action, &[OUTSIDE])]);
            mail.envelope.sender = Some(address(OUTSIDER));
            hold.take(mail).await.unwrap();
            hold.due(later(noon(), minutes(60))).await.unwrap();
            tells_nothing(&store, OUTSIDER).await;
        }
    }

    #[tokio::test]
    async fn a_sender_outside_hears_of_a_refused_release_without_the_mail() {
        const OUTSIDER: &str = "me@elsewhere.example.net";
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE])]);
        mail.envelope.sender = Some(address(OUTSIDER));
        let id = hold.take(mail).await.unwrap();
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
        let mut row = due.into_iter().find(|row| row.kind == Kind::Release).unwrap();
        row.recipients[0].fate = Fate::Refused;
        hold.settle(&row, &[(address(OUTSIDE), "550 5.1.1 secret words".to_owned())], noon()).await.unwrap();
        tells_nothing(&store, OUTSIDER).await;
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
    async fn a_request_that_reaches_nobody_is_told_to_the_security_team_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        for person in [BOSS, SENDER, SECURITY] {
            let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
            let mut row = due.into_iter().find(|row| row.recipients[0].address == address(person)).unwrap();
            row.recipients[0].fate = Fate::Refused;
            hold.settle(&row, &[(address(person), "550 5.1.1 no such user".to_owned())], noon()).await.unwrap();
            let told: Vec<_> = outbox(&store).await.into_iter().filter(|letter| letter.to == [SECURITY]).collect();
            assert_eq!(told.len(), usize::from(person != SECURITY), "only for {BOSS}, not for {person}");
            for letter in told {
                assert!(letter.text.contains(BOSS) && letter.text.contains("no such user"), "{}", letter.text);
                assert!(!letter.text.contains("secret words"), "{}", letter.text);
            }
        }
        assert_eq!(changes(&store).await, ["mail require_approval", "unasked"]);
    }

    #[tokio::test]
    async fn bytes_are_destroyed_a_month_after_the_end_and_not_before() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let done = hold.take(arrival(vec![group(Action::Hold, &["a@x.example.com"])])).await.unwrap();
        let pending = hold.take(arrival(vec![group(Action::Hold, &["b@x.example.com"])])).await.unwrap();
        hold.reject(&done.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        // Our own mails about it still wait in the outbox.
        let month = noon() + KEPT + SignedDuration::from_secs(1);
        assert_eq!(hold.destroy_old(month).await.unwrap(), 0);
        for mut row in store.outbox_due(Timestamp::MAX, 100).await.unwrap() {
            row.recipients.iter_mut().for_each(|consignee| consignee.fate = Fate::Accepted);
            hold.settle(&row, &[], noon()).await.unwrap();
        }
        assert_eq!(hold.destroy_old(noon() + KEPT).await.unwrap(), 0);
        assert_eq!(hold.destroy_old(month).await.unwrap(), 1);
        assert!(matches!(store.unseal(&done.0).await, Err(StoreError::Destroyed(_))));
        assert_eq!(store.unseal(&pending.0).await.unwrap(), BYTES);
        assert_eq!(changes(&store).await.last().unwrap(), "destroyed");
    }
}
