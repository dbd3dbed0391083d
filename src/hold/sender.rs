//! What the sender of a held mail may do about it: take it back, say why it should go, have others asked as well, and
//! let it go alone where policy allows that.
//!
//! In: an id, who acts, from where. Out: what came of it, after one commit with the journal record and the mails that
//! follow. Deliberately absent: any approval; whoever sent a mail never counts as its approver, and a mail that its sender
//! let go alone is journalled as that.

use jiff::Timestamp;

use super::{
    Hold, HoldError, State,
    decide::{Decided, change, conclude, mail_of, normal, one},
    outgoing, rounded, telling,
};
use crate::{
    journal::{self, Record, Via},
    mail::Address,
    notice::{self, Outcome},
    store::{Change, HeldRow, Kind, MailRow, Topic, Writing},
};

/// The longest reason that is kept, in characters.
const REASON: usize = 2000;

/// What the sender looked at again before letting a mail go alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Recipients, each ticked.
    pub recipients: Vec<String>,
    /// Attachments by name, each ticked.
    pub attachments: Vec<String>,
}

impl Hold {
    /// Takes a held or delayed mail back. `person` must be its sender.
    pub async fn withdraw(&self, id: &str, person: &Address, via: Via, now: Timestamp) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, held) = self.own(id, person).await?;
        change(&mut writing, &held, Change::Withdraw, now).await?;
        self.tell_outcome(&mut writing, (&mail, &held), &Outcome::Withdrawn, now).await?;
        conclude(writing, held, Change::Withdraw, Some(person), via, now).await
    }

    /// Keeps why the sender says that it should go, and tells those who decide. A later reason takes the place of an
    /// earlier one.
    pub async fn give_reason(
        &self,
        id: &str,
        person: &Address,
        reason: &str,
        via: Via,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, mut held) = self.waiting(id, person).await?;
        held.reason = reason_in(reason, &held)?;
        writing.set_reason(&held.id, &held.reason).await?;
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        let may = self.deciders(&mail, &held, &said, now)?;
        let story = self.story_so_far(&mail, &held, &said)?;
        let asked = held.asked.iter().filter(|asked| asked.level == held.level).map(|asked| &asked.person);
        for decider in asked.filter(|asked| may.iter().any(|person| person.same_mailbox(asked))) {
            if !self.tells_alone(&mut writing, &held, (decider, Topic::Request), now).await? {
                continue;
            }
            let notice = notice::reason_given(&story, self.voice(), &self.letter(decider, None, now));
            self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        }
        note(writing, held, "reason", person, via, now).await
    }

    /// Asks others as well, now: the sender cannot wait, or nobody answers.
    pub async fn ask_others(&self, id: &str, person: &Address, via: Via, now: Timestamp) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, mut held) = self.waiting(id, person).await?;
        if held.escalated {
            return Err(HoldError::AskedAlready { id: held.id });
        }
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        self.escalate(&mut writing, (&mail, &mut held), &said, (Some(person), via), now).await?;
        writing.commit().await?;
        Ok(Decided { id: held.id, state: held.state })
    }

    /// Lets it go without a second person, where every rule that stopped it allows that. The sender must have looked at
    /// every recipient and every attachment again, and must say why.
    pub async fn release_alone(
        &self,
        id: &str,
        person: &Address,
        looked: &Looked,
        reason: &str,
        via: Via,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, mut held) = self.waiting(id, person).await?;
        if held.expires_at <= now {
            return Err(HoldError::TooLate { id: held.id, deadline: held.expires_at });
        }
        if !telling::orders(&held)?.self_release {
            return Err(HoldError::NotAlone { id: held.id });
        }
        held.reason = reason_in(reason, &held)?;
        let missing = unticked(&mail, &held, looked)?;
        if !missing.is_empty() {
            return Err(HoldError::NotLooked { id: held.id, missing });
        }
        change(&mut writing, &held, Change::ReleaseAlone, now).await?;
        writing.set_reason(&held.id, &held.reason).await?;
        writing.put_outbox(&outgoing::release_of(&mail, &held.id, &held.rcpt_to, now)).await?;
        let outcome = Outcome::Released { by: vec![person.clone()], comment: held.reason.clone() };
        self.tell_outcome(&mut writing, (&mail, &held), &outcome, now).await?;
        let story = self.story_so_far(&mail, &held, &[])?;
        for asked in &held.asked {
            let notice = notice::self_released(&story, self.voice(), &self.letter(&asked.person, None, now));
            self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        }
        let mut entry = telling::change(&held, "released_alone", Some(person), via);
        entry.detail =
            Some(format!("{} recipients and {} attachments ticked", held.rcpt_to.len(), looked.attachments.len()));
        journal::append(&mut writing, &[Record::change(held.mail_id, now, entry)]).await?;
        writing.commit().await?;
        Ok(Decided { id: held.id, state: State::Approved })
    }

    /// The held mail `id` that `person` sent.
    async fn own(&self, id: &str, person: &Address) -> Result<(Writing, MailRow, HeldRow), HoldError> {
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        if !self.is_own(&mail, person) {
            return Err(HoldError::NotTheSender { id: held.id, person: person.clone() });
        }
        Ok((writing, mail, held))
    }

    /// The same, about which somebody must still decide.
    async fn waiting(&self, id: &str, person: &Address) -> Result<(Writing, MailRow, HeldRow), HoldError> {
        let (writing, mail, held) = self.own(id, person).await?;
        if held.state != State::Pending {
            return Err(HoldError::Decided { id: held.id, state: held.state, since: held.changed_at });
        }
        if held.release_at.is_some() {
            return Err(HoldError::OnlyDelayed { id: held.id });
        }
        Ok((writing, mail, held))
    }
}

fn reason_in(text: &str, held: &HeldRow) -> Result<String, HoldError> {
    let reason: String = text.trim().chars().take(REASON).collect();
    if reason.is_empty() { Err(HoldError::NoReason { id: held.id.clone() }) } else { Ok(reason) }
}

/// What was not ticked: recipients of this mail, then its attachments.
fn unticked(mail: &MailRow, held: &HeldRow, looked: &Looked) -> Result<Vec<String>, HoldError> {
    let inspection: crate::inspect::Inspection = telling::parse(&mail.inspection)?;
    let recipients = held.rcpt_to.iter().map(|address| address.as_str().to_owned());
    let recipients = recipients.filter(|address| !looked.recipients.contains(address));
    let attachments = inspection.attachments.into_iter().map(|attachment| attachment.name);
    let attachments = attachments.filter(|name| !looked.attachments.contains(name));
    Ok(recipients.chain(attachments).collect())
}

/// Writes down what the sender did that changes no state, and commits.
async fn note(
    mut writing: Writing,
    held: HeldRow,
    what: &str,
    by: &Address,
    via: Via,
    now: Timestamp,
) -> Result<Decided, HoldError> {
    let entry = telling::change(&held, what, Some(by), via);
    journal::append(&mut writing, &[Record::change(held.mail_id, now, entry)]).await?;
    writing.commit().await?;
    Ok(Decided { id: held.id, state: held.state })
}
