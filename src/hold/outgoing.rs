//! What becomes of mail on its way out: the next hop takes or refuses it, or it takes long.
//!
//! In: what an attempt came to ([`Tidings`]). Out: released mail delivered or bounced, and to senders what they asked to hear (RFC 3461): failures and delays unless they said otherwise, relays
//! if they said so; each in one commit with the journal record. A mail with the null reverse path has nobody to tell,
//! our own mail is told of to nobody, and a sender outside hears of failures only, with no word of where and why.
//! Deliberately absent: attempts, and when to make them (`outbox`); what went straight through (`relayed`); an administrator
//! who stops a mail (`by_hand`).

use jiff::Timestamp;

use super::{
    Hold, HoldError,
    decide::mail_of,
    due::{entry, known, original_of},
    new_id, rounded, telling,
};
use crate::{
    journal::{self, BrokenOff, Record},
    mail::{
        Address, Dsn, MailId, Message, Ret,
        dsn::{self, Action, Original},
    },
    notice::{self, Delivery, Story},
    policy,
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

/// The outgoing mail that brings `mail` to `rcpt_to`, for whom it was held as `held`.
pub(super) fn release_of(mail: &MailRow, held: &MailId, rcpt_to: &[Address], now: Timestamp) -> OutboxRow {
    OutboxRow {
        id: new_id(),
        kind: Kind::Release,
        mail_id: Some(mail.id.clone()),
        held_id: Some(held.clone()),
        sealed_id: mail.id.0.clone(),
        sender: mail.sender.clone(),
        body: mail.body,
        smtputf8: mail.smtputf8,
        requiretls: mail.requiretls,
        dsn: mail.dsn.clone(),
        trace: mail.trace.clone(),
        recipients: rcpt_to.iter().cloned().map(Consignee::new).collect(),
        attempts: 0,
        created_at: now,
        next_attempt_at: now,
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

/// What a report says of one recipient.
pub(super) fn told(consignee: &Consignee, action: Action, tidings: &Tidings, now: Timestamp) -> dsn::Entry {
    let said = consignee.reply.as_deref().unwrap_or_default();
    dsn::Entry {
        remote_mta: consignee.via.clone(),
        last_attempt: Some(now),
        retry_until: (action == Action::Delayed).then_some(tidings.retry_until),
        ..dsn::Entry::said(consignee.address.clone(), action, said)
    }
}

/// The story of a released mail for the recipients of `entries`.
pub(super) fn about(mail: &MailRow, row: &OutboxRow, entries: &[dsn::Entry]) -> Result<Story, HoldError> {
    let addresses: Vec<Address> = entries.iter().map(|entry| entry.recipient.clone()).collect();
    let mut story = telling::story_of(mail, policy::Action::Forward, Vec::new(), &addresses)?;
    if let Some(held) = &row.held_id {
        story.id = held.clone();
    }
    Ok(story)
}

/// The mail that `row` brings out.
pub(super) async fn released(writing: &mut Writing, row: &OutboxRow, mail: &MailId) -> Result<MailRow, HoldError> {
    writing.mail(mail).await?.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", row.id)))
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
pub(super) async fn finish(
    writing: &mut Writing,
    mail: &MailRow,
    row: &OutboxRow,
    now: Timestamp,
) -> Result<(), HoldError> {
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
mod tests;
