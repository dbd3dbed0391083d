//! What becomes of mail on its way out: the next hop takes or refuses it, it takes long, an administrator stops it.
//!
//! In: what an attempt came to ([`Tidings`]); what went straight through ([`Relayed`]). Out: released mail delivered or
//! bounced, and to senders what they asked to hear (RFC 3461): failures and delays unless they said otherwise, relays
//! if they said so; each in one commit with the journal record. A mail with the null reverse path has nobody to tell,
//! our own mail is told of to nobody, and a sender outside hears of failures only, with no word of where and why.
//! Deliberately absent: attempts, and when to make them (`outbox`).

use jiff::Timestamp;

use super::{
    Hold, HoldError,
    decide::mail_of,
    due::{entry, known, original_of},
    rounded, telling,
};
use crate::{
    journal::{self, BrokenOff, Record, Via},
    mail::{
        Address, Dsn, Envelope, MailId, Message, Ret,
        dsn::{self, Action, Original},
    },
    notice::{self, Delivery, Progress, Story},
    policy,
    recipients::{Direction, Recipient},
    store::{Change, Consignee, Fate, Kind, MailRow, OutboxRow, State, Topic, Writing},
};

/// What an attempt brought, beside what the row says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tidings {
    /// Refused for good in this attempt, or given up.
    pub refused: Vec<Consignee>,
    /// Still to be tried, for so long that their sender should hear of it.
    pub delayed: Vec<Consignee>,
    /// Accepted by a next hop that sends no reports itself.
    pub relayed: Vec<Consignee>,
    /// Until when the mail is tried.
    pub retry_until: Timestamp,
    /// Whether the attempt died of a fault of ours, and not by what anybody said.
    pub broken_off: bool,
}

/// A mail that the next hop took while its own server waited, and about whose delivery it will not report.
#[derive(Debug)]
pub struct Relayed<'a> {
    /// Its name.
    pub id: &'a MailId,
    /// When it came.
    pub at: Timestamp,
    /// From whom, and what was asked.
    pub envelope: &'a Envelope,
    /// The bytes.
    pub message: &'a Message,
    /// The subject, decoded.
    pub subject: &'a str,
    /// For whom it was taken.
    pub recipients: &'a [Address],
    /// Which host took it.
    pub via: Option<&'a str>,
    /// What it said: code and text.
    pub reply: &'a str,
}

impl Hold {
    /// Notes what an attempt to bring out `row` came to. A released mail without a recipient left to try is delivered
    /// or bounced. A mail that was dropped while it was under way stays dropped, and the journal says what happened.
    /// May be called again after an error: what was committed in spite of it is not done twice.
    pub async fn settle(&self, row: &OutboxRow, tidings: &Tidings, now: Timestamp) -> Result<(), HoldError> {
        let now = rounded(now);
        let mut writing = self.store().write().await?;
        if is_noted(&mut writing, row).await? {
            // It may be complete and not on the disk yet: an empty change is promised only with all that came before it.
            return Ok(writing.commit().await?);
        }
        if !writing.settle_outbox(row, now).await? {
            return too_late(writing, row, now).await;
        }
        if tidings.broken_off {
            journal::append(&mut writing, &[broken_off(row, now)]).await?;
        }
        if let (Kind::Release, Some(mail_id)) = (row.kind, &row.mail_id) {
            let mail = released(&mut writing, row, mail_id).await?;
            for (action, consignees) in [
                (Action::Failed, &tidings.refused),
                (Action::Delayed, &tidings.delayed),
                (Action::Relayed, &tidings.relayed),
            ] {
                let about = consignees.iter().map(|consignee| told(consignee, action, tidings, now)).collect();
                self.tell_delivery(&mut writing, (&mail, row), action, about, now).await?;
            }
            if row.queued().next().is_none() {
                finish(&mut writing, &mail, row, now).await?;
            }
        } else {
            for consignee in &tidings.refused {
                let reply = consignee.reply.as_deref().unwrap_or_default();
                tracing::warn!(outgoing = %row.id, to = %consignee.address, reply, "a notice could not be delivered");
                self.tell_unasked(&mut writing, row, (&consignee.address, reply), now).await?;
            }
        }
        Ok(writing.commit().await?)
    }

    /// Whether somebody of ours wants to hear that this mail was relayed to where nobody reports on it ([`Hold::relayed`]).
    pub fn owes_report(&self, envelope: &Envelope) -> bool {
        let ours = envelope.sender.as_ref().is_some_and(|sender| self.inner.organization.is_internal(sender));
        ours && envelope.recipients.iter().any(|to| envelope.dsn.of(to).wants().success)
    }

    /// Tells the sender, one of ours, of those recipients of `passed` for whom `NOTIFY=SUCCESS` was asked that their
    /// mail went on to a server which will not report on it (RFC 3461 §5.2.2). Whether there was anybody to tell.
    pub async fn relayed(&self, passed: &Relayed<'_>, now: Timestamp) -> Result<bool, HoldError> {
        let now = rounded(now);
        let dsn = &passed.envelope.dsn;
        let ours = |sender: &&Address| self.inner.organization.is_internal(sender);
        let Some(to) = passed.envelope.sender.as_ref().filter(ours) else { return Ok(false) };
        let consignees = passed.recipients.iter().map(|address| Consignee {
            reply: Some(passed.reply.to_owned()),
            via: passed.via.map(str::to_owned),
            ..Consignee::new(address.clone())
        });
        let entries = consignees.map(|consignee| told(&consignee, Action::Relayed, &Tidings::default(), now)).collect();
        let entries = wanted(dsn, Action::Relayed, entries);
        if entries.is_empty() {
            return Ok(false);
        }
        let original = Original { message: passed.message, whole: false, utf8: passed.envelope.smtputf8 };
        let delivery = Delivery { envid: dsn.envid.as_deref(), entries: &entries, original };
        let letter = self.letter(to, None, now);
        let notice = notice::relayed(&story_of(passed), self.voice(), &letter, &delivery);
        let mut writing = self.store().write().await?;
        self.post(&mut writing, (None, None), Kind::Dsn, notice, now).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Everything that waits to go out, what is due first.
    pub async fn outgoing(&self) -> Result<Vec<OutboxRow>, HoldError> {
        Ok(self.store().outbox_due(Timestamp::MAX, usize::MAX >> 1).await?)
    }

    /// Makes an outgoing mail due now; gives its whole id.
    pub async fn retry(&self, id: &str, now: Timestamp) -> Result<MailId, HoldError> {
        let mut writing = self.store().write().await?;
        let mut row = outgoing(&mut writing, id).await?;
        row.next_attempt_at = rounded(now);
        writing.settle_outbox(&row, now).await?;
        writing.commit().await?;
        Ok(row.id)
    }

    /// Takes a mail out of the outbox: it does not go to those who do not have it yet. Only the security team may, and
    /// the journal says who did. The sender of a released mail, which has bounced then, is told; gives its whole id.
    pub async fn drop_outgoing(
        &self,
        id: &str,
        person: &Address,
        via: Via,
        comment: &str,
        now: Timestamp,
    ) -> Result<MailId, HoldError> {
        let now = rounded(now);
        let team = &self.security();
        let mut writing = self.store().write().await?;
        let mut row = outgoing(&mut writing, id).await?;
        if !team.iter().any(|member| member.same_mailbox(person)) {
            return Err(HoldError::NotInSecurity { person: person.clone(), team: team.clone() });
        }
        let left: Vec<Address> = row.queued().map(|consignee| consignee.address.clone()).collect();
        for consignee in row.recipients.iter_mut().filter(|consignee| consignee.fate == Fate::Queued) {
            consignee.fate = Fate::Refused;
            consignee.reply = Some("dropped".to_owned());
        }
        writing.settle_outbox(&row, now).await?;
        let names = left.iter().map(Address::as_str).collect::<Vec<_>>().join(", ");
        let dropped = journal::Change {
            by: Some(person.canonical()),
            via,
            ..entry(
                row.held_id.as_ref().or(row.mail_id.as_ref()).unwrap_or(&row.id),
                "dropped",
                Some(format!("{names}: {comment}")),
            )
        };
        let about = row.mail_id.clone().unwrap_or_else(|| row.id.clone());
        journal::append(&mut writing, &[Record::change(about, now, dropped)]).await?;
        if let (Kind::Release, Some(mail_id)) = (row.kind, &row.mail_id) {
            let mail = released(&mut writing, &row, mail_id).await?;
            self.tell_dropped(&mut writing, (&mail, &row), left, comment, now).await?;
            if let Some(held) = &row.held_id
                && known(&mut writing, held).await?.state == State::Approved
            {
                writing.change_held(held, Change::Release, now).await?;
            }
            finish(&mut writing, &mail, &row, now).await?;
        }
        writing.commit().await?;
        Ok(row.id)
    }

    async fn tell_dropped(
        &self,
        writing: &mut Writing,
        (mail, row): (&MailRow, &OutboxRow),
        left: Vec<Address>,
        comment: &str,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let entries = left.into_iter().map(|address| dsn::Entry::new(address, Action::Failed, "5.7.1")).collect();
        let entries = wanted(&mail.dsn, Action::Failed, entries);
        let story = about(mail, row, &entries)?;
        let Some(to) = self.sender_of_ours(mail) else {
            return self.tell_outsider(writing, (mail, row.held_id.as_ref()), &story, &entries, now).await;
        };
        if entries.is_empty() {
            return Ok(());
        }
        let original = original_of(self.store(), mail).await?.unwrap_or_else(|| Message::new(Vec::new()));
        let delivery = delivery(mail, &entries, &original, Action::Failed);
        let letter = self.letter(to, None, now);
        let notice = notice::dropped(&story, self.voice(), &letter, &delivery, comment);
        self.post(writing, (Some(&mail.id), row.held_id.as_ref()), Kind::Dsn, notice, now).await
    }

    /// Tells the sender of a released mail what became of it for some recipients, if that was asked for.
    async fn tell_delivery(
        &self,
        writing: &mut Writing,
        (mail, row): (&MailRow, &OutboxRow),
        action: Action,
        entries: Vec<dsn::Entry>,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let entries = wanted(&mail.dsn, action, entries);
        if entries.is_empty() {
            return Ok(());
        }
        let story = about(mail, row, &entries)?;
        let Some(to) = self.sender_of_ours(mail) else {
            return match action {
                Action::Failed => {
                    self.tell_outsider(writing, (mail, row.held_id.as_ref()), &story, &entries, now).await
                }
                Action::Delayed | Action::Relayed => Ok(()),
            };
        };
        // Without its bytes the report is about nothing, but its sender must hear of it.
        let original = original_of(self.store(), mail).await?.unwrap_or_else(|| Message::new(Vec::new()));
        let delivery = delivery(mail, &entries, &original, action);
        let letter = self.letter(to, None, now);
        let tell = match action {
            Action::Failed => notice::undeliverable,
            Action::Delayed => notice::delayed,
            Action::Relayed => notice::relayed,
        };
        let notice = tell(&story, self.voice(), &letter, &delivery);
        self.post(writing, (Some(&mail.id), row.held_id.as_ref()), Kind::Dsn, notice, now).await
    }

    /// Tells the security team that `person`, who was asked to decide about mails that still wait, did not get the
    /// request. The warning asks nobody, so a warning that is refused in its turn makes none.
    async fn tell_unasked(
        &self,
        writing: &mut Writing,
        row: &OutboxRow,
        (person, reply): (&Address, &str),
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let ids = match (row.kind, &row.held_id) {
            (Kind::Notice, Some(id)) => vec![id.clone()],
            (Kind::Notice, None) => writing.requested_in(&row.id).await?,
            (Kind::Release | Kind::Dsn, _) => Vec::new(),
        };
        for id in ids {
            let held = known(writing, &id).await?;
            if held.state != State::Pending || !held.asked.iter().any(|asked| asked.person.same_mailbox(person)) {
                continue;
            }
            let mail = mail_of(writing, &held).await?;
            let story = telling::story(&mail, &held)?;
            let said = format!("{person}: {reply}");
            for to in self.security().iter().filter(|to| !to.same_mailbox(person)) {
                if !self.tells_alone_with(writing, &held, (to, Topic::Unasked), &said, now).await? {
                    continue;
                }
                let letter = self.letter(to, None, now);
                let notice = notice::request_undeliverable(&story, self.voice(), &letter, person, reply);
                self.post(writing, (Some(&mail.id), None), Kind::Notice, notice, now).await?;
            }
            let entry = entry(&id, "unasked", Some(said));
            journal::append(writing, &[Record::change(mail.id, now, entry)]).await?;
        }
        Ok(())
    }
}

/// Those of `entries` of whom the sender wants to hear, with the names that the sender knows them by.
pub(super) fn wanted(dsn: &Dsn, action: Action, entries: Vec<dsn::Entry>) -> Vec<dsn::Entry> {
    let asked = entries.into_iter().map(|entry| (dsn.of(&entry.recipient), entry));
    let heard = asked.filter(|(asked, _)| {
        let wants = asked.wants();
        match action {
            Action::Failed => wants.failure,
            Action::Delayed => wants.delay,
            Action::Relayed => wants.success,
        }
    });
    heard.map(|(asked, entry)| dsn::Entry { orcpt: asked.orcpt, ..entry }).collect()
}

/// A report about `mail`. Of a mail that did not fail only the header goes back (RFC 3461 §4.3).
pub(super) fn delivery<'a>(
    mail: &'a MailRow,
    entries: &'a [dsn::Entry],
    message: &'a Message,
    action: Action,
) -> Delivery<'a> {
    let whole = action == Action::Failed && mail.dsn.ret != Some(Ret::Hdrs);
    Delivery { envid: mail.dsn.envid.as_deref(), entries, original: Original { message, whole, utf8: mail.smtputf8 } }
}

fn told(consignee: &Consignee, action: Action, tidings: &Tidings, now: Timestamp) -> dsn::Entry {
    let said = consignee.reply.as_deref().unwrap_or_default();
    dsn::Entry {
        remote_mta: consignee.via.clone(),
        last_attempt: Some(now),
        retry_until: (action == Action::Delayed).then_some(tidings.retry_until),
        ..dsn::Entry::said(consignee.address.clone(), action, said)
    }
}

/// The story of a released mail for the recipients of `entries`.
fn about(mail: &MailRow, row: &OutboxRow, entries: &[dsn::Entry]) -> Result<Story, HoldError> {
    let addresses: Vec<Address> = entries.iter().map(|entry| entry.recipient.clone()).collect();
    let mut story = telling::story_of(mail, policy::Action::Forward, Vec::new(), &addresses)?;
    if let Some(held) = &row.held_id {
        story.id = held.clone();
    }
    Ok(story)
}

/// The story of a mail that went straight through, of which nothing is kept.
fn story_of(passed: &Relayed<'_>) -> Story {
    let recipients = passed.recipients.iter();
    Story {
        id: passed.id.clone(),
        message_id: passed.message.message_id(),
        subject: passed.subject.to_owned(),
        sender: passed.envelope.sender.clone(),
        author: String::new(),
        recipients: recipients.map(|to| Recipient::new(to.clone(), Direction::External)).collect(),
        sent_to: Vec::new(),
        inspection: crate::inspect::Inspection::default(),
        action: policy::Action::Forward,
        matched: Vec::new(),
        deciders: Vec::new(),
        progress: Progress::default(),
        arrived_at: passed.at,
        deadline: passed.at,
    }
}

async fn released(writing: &mut Writing, row: &OutboxRow, mail: &MailId) -> Result<MailRow, HoldError> {
    writing.mail(mail).await?.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", row.id)))
}

/// The outgoing mail with the id, or the beginning of one, `id`.
async fn outgoing(writing: &mut Writing, id: &str) -> Result<OutboxRow, HoldError> {
    let mut found = writing.queued_beginning(id).await?;
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(HoldError::Ambiguous(id.to_owned())),
        (None, _) => Err(HoldError::NotOutgoing(id.to_owned())),
    }
}

/// Whether the store says of the mail what `row` does. Each attempt counts up, so that their number tells which it was; a
/// row of which none was made was never noted.
async fn is_noted(writing: &mut Writing, row: &OutboxRow) -> Result<bool, HoldError> {
    if row.attempts == 0 {
        return Ok(false);
    }
    let Some(kept) = writing.outbox_row(&row.id).await? else { return Ok(false) };
    let mut both = kept.recipients.iter().zip(&row.recipients);
    Ok(kept.attempts == row.attempts
        && kept.recipients.len() == row.recipients.len()
        && both.all(|(kept, now)| kept.address == now.address && kept.fate == now.fate))
}

/// That an attempt died of a fault of ours, for whoever looks after this server.
fn broken_off(row: &OutboxRow, now: Timestamp) -> Record {
    let about = row.mail_id.as_ref().unwrap_or(&row.id);
    let broken = BrokenOff {
        attempt: row.attempts,
        kind: row.kind.name().to_owned(),
        held: row.held_id.is_some(),
        again: row.queued().next().map(|_| row.next_attempt_at),
    };
    let entry = entry(row.held_id.as_ref().unwrap_or(about), "broken_off", Some(broken.to_string()));
    Record::change(about.clone(), now, entry)
}

/// Somebody dropped the mail during the attempt.
async fn too_late(mut writing: Writing, row: &OutboxRow, now: Timestamp) -> Result<(), HoldError> {
    tracing::warn!(outgoing = %row.id, "a mail was dropped while it was under way");
    if let Some(mail) = &row.mail_id {
        let about = row.held_id.as_ref().unwrap_or(mail);
        let what = entry(about, "dropped", Some(format!("it was already under way: {}", replies(row))));
        journal::append(&mut writing, &[Record::change(mail.clone(), now, what)]).await?;
    }
    Ok(writing.commit().await?)
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
    let about = row.held_id.as_ref().unwrap_or(&mail.id);
    let entry = entry(about, change.to().name(), Some(replies(row)));
    Ok(journal::append(writing, &[Record::change(mail.id.clone(), now, entry)]).await?)
}

/// What was said about each recipient.
fn replies(row: &OutboxRow) -> String {
    let said = |consignee: &Consignee| format!("{}: {}", consignee.address, consignee.reply.as_deref().unwrap_or(""));
    row.recipients.iter().map(said).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{fixture::*, later},
        mail::{Notify, RcptDsn},
        store::Store,
    };

    const OTHER: &str = "suzuki@partner.example.com";

    /// The next hop refuses everybody.
    fn refused(row: &mut OutboxRow, said: &str) -> Tidings {
        for consignee in &mut row.recipients {
            (consignee.fate, consignee.reply) = (Fate::Refused, Some(said.to_owned()));
            consignee.via = Some("mx.internal.example.net".to_owned());
        }
        Tidings { refused: row.recipients.clone(), ..Tidings::default() }
    }

    fn notify(success: bool, failure: bool, delay: bool) -> RcptDsn {
        RcptDsn { notify: Some(Notify { success, failure, delay }), orcpt: None }
    }

    /// A released mail to [`OUTSIDE`] and [`OTHER`] whose sender asked for `asked` about the former.
    async fn released(hold: &Hold, asked: RcptDsn, ret: Option<Ret>) -> MailId {
        let mut mail = arrival(vec![group(policy::Action::Hold, &[OUTSIDE, OTHER])]);
        mail.envelope.dsn.note(&address(OUTSIDE), asked);
        mail.envelope.dsn.note(&address(OTHER), notify(false, false, false));
        (mail.envelope.dsn.ret, mail.envelope.dsn.envid) = (ret, Some("QQ+2B1".to_owned()));
        let id = hold.take(mail).await.unwrap();
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        id
    }

    async fn dsns(store: &Store) -> Vec<String> {
        outbox(store).await.into_iter().filter(|letter| letter.kind == Kind::Dsn).map(|letter| letter.text).collect()
    }

    #[tokio::test]
    async fn a_failure_is_told_in_full_and_only_of_whom_the_sender_wants_to_hear() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let orcpt = Some("rfc822;alias+2B1@partner.example.com".to_owned());
        let id = released(&hold, RcptDsn { orcpt, ..RcptDsn::default() }, None).await;
        let mut row = release(&store).await;
        hold.clear(&row.id, noon()).await.unwrap().unwrap();
        let tidings = refused(&mut row, "550 5.1.1 no such user");
        hold.settle(&row, &tidings, noon()).await.unwrap();
        let told = dsns(&store).await;
        assert_eq!(told.len(), 1);
        for line in [
            "Original-Envelope-Id: QQ+1",
            "Original-Recipient: rfc822; alias+1@partner.example.com\r\nFinal-Recipient: rfc822; yamada@partner.example.com",
            "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.internal.example.net",
            "Diagnostic-Code: smtp; 550 5.1.1 no such user",
            "Last-Attempt-Date: Mon, 02 Nov 2026 12:00:00 +0000",
            "secret words",
        ] {
            assert!(told[0].contains(line), "{line} in\n{}", told[0]);
        }
        assert!(!told[0].contains(OTHER), "NOTIFY=NEVER is silence");
        assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Bounced);
        let journal = journal::Journal::start(store.clone());
        let records = journal.search(OTHER, Timestamp::MIN, Timestamp::MAX, 100).await.unwrap();
        assert!(format!("{records:?}").contains("no such user"), "but the journal knows: {records:?}");
    }

    #[tokio::test]
    async fn ret_hdrs_returns_the_header_only_and_without_failure_nothing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        released(&hold, RcptDsn::default(), Some(Ret::Hdrs)).await;
        let mut row = release(&store).await;
        let tidings = refused(&mut row, "550 5.1.1 no such user");
        hold.settle(&row, &tidings, noon()).await.unwrap();
        let told = dsns(&store).await;
        assert!(told[0].contains("Subject: list") && !told[0].contains("secret words"), "{}", told[0]);

        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        released(&hold, notify(true, false, true), None).await;
        let mut row = release(&store).await;
        let tidings = refused(&mut row, "550 5.1.1 no such user");
        hold.settle(&row, &tidings, noon()).await.unwrap();
        assert!(dsns(&store).await.is_empty());
    }

    #[tokio::test]
    async fn delays_are_told_by_default_and_relays_when_asked_with_the_header_only() {
        for (asked, delayed, relayed) in [
            (RcptDsn::default(), 1, 0),
            (notify(false, false, true), 1, 0),
            (notify(true, true, false), 0, 1),
            (notify(false, false, false), 0, 0),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let (store, hold) = hold_in(dir.path(), settings()).await;
            released(&hold, asked, Some(Ret::Full)).await;
            let mut row = release(&store).await;
            row.recipients[0].reply = Some("451 4.4.1 no answer".to_owned());
            let waits = row.recipients.clone();
            let until = later(noon(), minutes(60));
            let tidings = Tidings { delayed: waits, retry_until: until, ..Tidings::default() };
            hold.settle(&row, &tidings, noon()).await.unwrap();
            let told = dsns(&store).await;
            assert_eq!(told.iter().filter(|text| text.contains("Action: delayed\r\nStatus: 4.4.1")).count(), delayed);
            assert!(told.iter().all(|text| text.contains("Will-Retry-Until: Mon, 02 Nov 2026 13:00:00 +0000")));

            row.recipients[0].reply = Some("250 2.6.0 queued".to_owned());
            row.recipients[0].fate = Fate::Accepted;
            let tidings = Tidings { relayed: row.recipients.clone(), ..Tidings::default() };
            hold.settle(&row, &tidings, noon()).await.unwrap();
            let told = dsns(&store).await;
            assert_eq!(told.iter().filter(|text| text.contains("Action: relayed\r\nStatus: 2.6.0")).count(), relayed);
            assert!(told.iter().all(|text| text.contains("Subject: list") && !text.contains("secret words")));
        }
    }

    /// Settles one attempt twice, as after a commit that took effect and was not answered.
    async fn settle_twice(hold: &Hold, row: &OutboxRow, tidings: &Tidings) {
        hold.settle(row, tidings, noon()).await.unwrap();
        hold.settle(row, tidings, later(noon(), minutes(1))).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_committed_in_spite_of_an_error_is_not_noted_twice() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        released(&hold, notify(true, true, false), None).await;
        let mut row = hold.clear(&release(&store).await.id, noon()).await.unwrap().unwrap().row;
        row.attempts = 1;
        for consignee in &mut row.recipients {
            (consignee.fate, consignee.reply) = (Fate::Accepted, Some("250 2.6.0 queued".to_owned()));
        }
        let tidings = Tidings { relayed: row.recipients.clone(), ..Tidings::default() };
        settle_twice(&hold, &row, &tidings).await;
        assert_eq!(dsns(&store).await.len(), 1);
        assert_eq!(changes(&store).await, ["mail hold", "approved", "released", "delivered"]);

        // Refused for one, put off for the other.
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        released(&hold, RcptDsn::default(), None).await;
        let mut row = hold.clear(&release(&store).await.id, noon()).await.unwrap().unwrap().row;
        row.attempts = 1;
        (row.recipients[0].fate, row.recipients[0].reply) = (Fate::Refused, Some("550 5.1.1 no".to_owned()));
        row.recipients[1].reply = Some("451 4.3.0 busy".to_owned());
        let tidings = Tidings { refused: row.recipients[..1].to_vec(), ..Tidings::default() };
        settle_twice(&hold, &row, &tidings).await;
        assert_eq!((dsns(&store).await.len(), release(&store).await.attempts), (1, 1));
        // The next attempt is another one.
        row.attempts = 2;
        (row.recipients[1].fate, row.recipients[1].reply) = (Fate::Accepted, Some("250 2.6.0 queued".to_owned()));
        settle_twice(&hold, &row, &Tidings::default()).await;
        assert_eq!(changes(&store).await, ["mail hold", "approved", "released", "bounced"]);
    }

    /// PostgreSQL's text has none: it would refuse the change each time it is tried again.
    #[tokio::test]
    async fn a_nul_in_what_the_next_hop_says_keeps_nothing_from_being_noted() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        hold.take(arrival(vec![group(policy::Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
        let mut row = due.into_iter().find(|row| row.recipients[0].address == address(BOSS)).unwrap();
        let tidings = refused(&mut row, "550 5.1.1 no\0body");
        hold.settle(&row, &tidings, noon()).await.unwrap();
        assert_eq!(changes(&store).await, ["mail require_approval", "unasked"]);
    }

    #[tokio::test]
    async fn nobody_is_told_of_our_own_mail_or_of_mail_from_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(policy::Action::Hold, &[OUTSIDE])]);
        mail.envelope.sender = None;
        let id = hold.take(mail).await.unwrap();
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        for mut row in store.outbox_due(Timestamp::MAX, 100).await.unwrap() {
            let tidings = refused(&mut row, "550 5.7.1 no");
            let tidings = Tidings { delayed: tidings.refused.clone(), relayed: tidings.refused.clone(), ..tidings };
            hold.settle(&row, &tidings, noon()).await.unwrap();
        }
        assert!(dsns(&store).await.is_empty());
    }

    #[tokio::test]
    async fn of_a_mail_that_went_straight_through_only_who_asked_hears() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let recipients = [address(OUTSIDE), address(OTHER)];
        let envelope =
            Envelope { sender: Some(address(SENDER)), recipients: recipients.to_vec(), ..Envelope::default() };
        let (id, message) = (MailId("M".to_owned()), Message::new(BYTES));
        let passed = |envelope| Relayed {
            id: &id,
            at: noon(),
            envelope,
            message: &message,
            subject: "list",
            recipients: &recipients,
            via: Some("mx.example.com"),
            reply: "250 2.0.0 queued",
        };
        assert!(!hold.relayed(&passed(&envelope), noon()).await.unwrap());
        let mut asked = envelope.clone();
        asked.dsn.note(&address(OUTSIDE), notify(true, true, false));
        let outside = Envelope { sender: Some(address("me@elsewhere.example.net")), ..asked.clone() };
        assert!(!hold.relayed(&passed(&outside), noon()).await.unwrap());
        assert!(hold.relayed(&passed(&asked), noon()).await.unwrap());
        let letters = outbox(&store).await;
        assert_eq!((letters.len(), letters[0].to[0].as_str()), (1, SENDER));
        let text = &letters[0].text;
        assert!(
            text.contains("Action: relayed")
                && text.contains(OUTSIDE)
                && text.contains("Remote-MTA: dns; mx.example.com")
        );
        assert!(!text.contains(OTHER) && !text.contains("secret words"), "{text}");
    }

    #[tokio::test]
    async fn a_dropped_mail_bounces_is_journalled_and_told() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = released(&hold, RcptDsn::default(), None).await;
        let row = release(&store).await;
        let error = hold.drop_outgoing(&row.id.0, &address(BOSS), Via::Cli, "", noon()).await.unwrap_err();
        assert!(error.to_string().contains(SECURITY), "{error}");
        let short = row.id.0.to_lowercase();
        let dropped =
            hold.drop_outgoing(&short, &address(SECURITY), Via::Cli, "closed <b>account", noon()).await.unwrap();
        assert_eq!(dropped, row.id);
        assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Bounced);
        assert_eq!(changes(&store).await, ["mail hold", "approved", "dropped", "bounced"]);
        let told = dsns(&store).await;
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("Action: failed\r\nStatus: 5.7.1") && told[0].contains("closed"), "{}", told[0]);
        let error = hold.drop_outgoing(&short, &address(SECURITY), Via::Cli, "", noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::NotOutgoing(_)), "{error}");

        // An attempt that was under way meanwhile changes nothing any more.
        let mut late = row;
        late.recipients[0].fate = Fate::Accepted;
        hold.settle(&late, &Tidings::default(), noon()).await.unwrap();
        assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Bounced);
        assert_eq!(changes(&store).await.last().unwrap(), "dropped");
    }

    #[tokio::test]
    async fn a_notice_can_be_dropped_and_a_mail_be_made_due_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        released(&hold, RcptDsn::default(), None).await;
        let mut row = release(&store).await;
        row.next_attempt_at = later(noon(), minutes(60));
        hold.settle(&row, &Tidings::default(), noon()).await.unwrap();
        assert_eq!(hold.retry(&row.id.0, noon()).await.unwrap(), row.id);
        assert_eq!(release(&store).await.next_attempt_at, noon());
        let all = hold.outgoing().await.unwrap();
        let notice = all.iter().find(|row| row.kind == Kind::Notice).unwrap();
        hold.drop_outgoing(&notice.id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        assert_eq!(hold.outgoing().await.unwrap().len(), all.len() - 1);
        assert!(dsns(&store).await.is_empty(), "nobody is told of our own mail");
        for (id, ambiguous) in [("ZZZ", false), ("0", true)] {
            let error = hold.retry(id, noon()).await.unwrap_err();
            assert_eq!(matches!(error, HoldError::Ambiguous(_)), ambiguous, "{error}");
        }
    }

    #[tokio::test]
    async fn a_sender_outside_hears_of_a_refused_release_without_the_mail() {
        const OUTSIDER: &str = "me@elsewhere.example.net";
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(policy::Action::Hold, &[OUTSIDE])]);
        mail.envelope.sender = Some(address(OUTSIDER));
        let id = hold.take(mail).await.unwrap();
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        let mut row = release(&store).await;
        let tidings = refused(&mut row, "550 5.1.1 secret words");
        hold.settle(&row, &tidings, noon()).await.unwrap();
        tells_nothing(&store, OUTSIDER).await;
    }

    #[tokio::test]
    async fn a_request_that_reaches_nobody_is_told_to_the_security_team_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        hold.take(arrival(vec![group(policy::Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        for person in [BOSS, SENDER, SECURITY] {
            let due = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
            let mut row = due.into_iter().find(|row| row.recipients[0].address == address(person)).unwrap();
            let tidings = refused(&mut row, "550 5.1.1 no such user");
            hold.settle(&row, &tidings, noon()).await.unwrap();
            let told: Vec<_> = outbox(&store).await.into_iter().filter(|letter| letter.to == [SECURITY]).collect();
            assert_eq!(told.len(), usize::from(person != SECURITY), "only for {BOSS}, not for {person}");
            for letter in told {
                assert!(letter.text.contains(BOSS) && letter.text.contains("no such user"), "{}", letter.text);
                assert!(!letter.text.contains("secret words"), "{}", letter.text);
            }
        }
        assert_eq!(changes(&store).await, ["mail require_approval", "unasked"]);
    }
}
