//! What waits to go out, in the hands of an administrator: looked at, hurried, stopped.
//!
//! In: the id of an outgoing mail, or its beginning. Out: all of them; one that is due now; one that is dropped, which its sender
//! is told and the journal knows. Deliberately absent: attempts (`outbox`), and what they come to (`outgoing`).

use jiff::Timestamp;

use super::{
    Hold, HoldError,
    due::{entry, known, original_of},
    outgoing::{about, delivery, finish, released, wanted},
    rounded,
};
use crate::{
    journal::{self, Record, Via},
    mail::{
        Address, MailId, Message,
        dsn::{self, Action},
    },
    notice,
    store::{Change, Fate, Kind, MailRow, OutboxRow, State, Writing},
};

impl Hold {
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
