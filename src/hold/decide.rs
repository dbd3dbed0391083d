//! What people decide about a held mail.
//!
//! In: an id or its unambiguous beginning, who acts, from where, and what they say. Out: a [`Decided`], after one commit
//! that holds the new state, the person's word, the mails that follow from it and the journal record.
//! Deliberately absent: proof that the person is who they say (the caller's), and more than one approval (later).

use jiff::Timestamp;

use super::{Hold, HoldError, arrival, rounded, telling};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId},
    notice::Outcome,
    store::{Approval, Change, HeldRow, MailRow, State, Writing},
};

/// The longest comment that is kept, in characters.
const COMMENT: usize = 2000;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The whole id.
    pub id: MailId,
    /// Where the mail stands now.
    pub state: State,
}

impl Hold {
    /// Lets a held mail go. `person` must be among those who may decide, and is never its sender.
    pub async fn approve(
        &self,
        id: &str,
        person: &Address,
        via: Via,
        comment: &str,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, held) = self.undecided(id, person, now).await?;
        change(&mut writing, &held, Change::Approve, now).await?;
        let comment = heard(&mut writing, &held, person, "approve", via, comment, now).await?;
        writing.put_outbox(&arrival::release(&mail, Some(&held.id), &held.rcpt_to, now)).await?;
        let outcome = Outcome::Released { by: vec![person.clone()], comment };
        self.tell_outcome(&mut writing, (&mail, &held), &outcome, now).await?;
        conclude(writing, held, Change::Approve, Some(person), via, now).await
    }

    /// Keeps a held mail from going. The same persons may do so.
    pub async fn reject(
        &self,
        id: &str,
        person: &Address,
        via: Via,
        comment: &str,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, held) = self.undecided(id, person, now).await?;
        change(&mut writing, &held, Change::Reject, now).await?;
        let comment = heard(&mut writing, &held, person, "reject", via, comment, now).await?;
        let outcome = Outcome::Rejected { by: person.clone(), comment };
        self.tell_outcome(&mut writing, (&mail, &held), &outcome, now).await?;
        conclude(writing, held, Change::Reject, Some(person), via, now).await
    }

    /// Takes a held or delayed mail back. `person` must be its sender.
    pub async fn withdraw(&self, id: &str, person: &Address, via: Via, now: Timestamp) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        if !is_sender(&mail, person) {
            return Err(HoldError::NotTheSender { id: held.id, person: person.clone() });
        }
        change(&mut writing, &held, Change::Withdraw, now).await?;
        self.tell_outcome(&mut writing, (&mail, &held), &Outcome::Withdrawn, now).await?;
        conclude(writing, held, Change::Withdraw, Some(person), via, now).await
    }

    /// The held mail `id`, about which `person` may decide now.
    async fn undecided(
        &self,
        id: &str,
        person: &Address,
        now: Timestamp,
    ) -> Result<(Writing, MailRow, HeldRow), HoldError> {
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        if is_sender(&mail, person) {
            return Err(HoldError::OwnMail { id: held.id, person: person.clone() });
        }
        let action = telling::action(&held.action)?;
        let deciders = self.deciders(action, mail.sender.as_ref(), mail.author.as_ref());
        if !deciders.iter().any(|decider| decider.same_mailbox(person)) {
            return Err(HoldError::NotADecider { id: held.id, person: person.clone(), deciders });
        }
        if held.state == State::Pending && held.expires_at <= now {
            return Err(HoldError::TooLate { id: held.id, deadline: held.expires_at });
        }
        Ok((writing, mail, held))
    }
}

/// The one held mail of `found`, which were looked up by `id`.
pub(super) fn one(found: Vec<HeldRow>, id: &str) -> Result<HeldRow, HoldError> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(held), None) => Ok(held),
        // A whole id is not the beginning of another one: all have the same length.
        (Some(_), Some(_)) => Err(HoldError::Ambiguous(id.to_owned())),
        (None, _) => Err(HoldError::Unknown(id.to_owned())),
    }
}

/// An id as people may type it.
pub(super) fn normal(id: &str) -> String {
    id.trim().to_ascii_uppercase()
}

/// Whether `person` sent it.
pub(super) fn is_sender(mail: &MailRow, person: &Address) -> bool {
    [&mail.sender, &mail.author].into_iter().flatten().any(|own| own.same_mailbox(person))
}

/// The mail that is held.
pub(super) async fn mail_of(writing: &mut Writing, held: &HeldRow) -> Result<MailRow, HoldError> {
    let mail = writing.mail(&held.mail_id).await?;
    mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))
}

/// Changes the state, or says that it was changed before.
pub(super) async fn change(
    writing: &mut Writing,
    held: &HeldRow,
    change: Change,
    now: Timestamp,
) -> Result<(), HoldError> {
    if writing.change_held(&held.id, change, now).await? {
        return Ok(());
    }
    Err(HoldError::Decided { id: held.id.clone(), state: held.state, since: held.changed_at })
}

/// Writes down what changed, and commits.
pub(super) async fn conclude(
    mut writing: Writing,
    held: HeldRow,
    change: Change,
    by: Option<&Address>,
    via: Via,
    now: Timestamp,
) -> Result<Decided, HoldError> {
    let entry = telling::change(&held, change.to().name(), by, via);
    journal::append(&mut writing, &[Record::change(held.mail_id, now, entry)]).await?;
    writing.commit().await?;
    Ok(Decided { id: held.id, state: change.to() })
}

/// Keeps what a person said, and gives back as much of the comment as is kept.
async fn heard(
    writing: &mut Writing,
    held: &HeldRow,
    person: &Address,
    verdict: &str,
    via: Via,
    comment: &str,
    at: Timestamp,
) -> Result<String, HoldError> {
    let comment: String = comment.chars().take(COMMENT).collect();
    let approval = Approval {
        held_id: held.id.clone(),
        person: person.canonical(),
        verdict: verdict.to_owned(),
        comment: comment.clone(),
        via: via.name().to_owned(),
        at,
    };
    if writing.put_approval(&approval).await? {
        return Ok(comment);
    }
    Err(HoldError::Decided { id: held.id.clone(), state: held.state, since: held.changed_at })
}
