//! Held mail as one person may see it.
//!
//! In: a person, and an id or nothing. Out: [`View`]s of the mails that concern that person: as sender, as decider, as
//! a member of the security team. Deliberately absent: the bytes (see [`Hold::original`]) and pages.

use jiff::Timestamp;

use super::{
    Hold, HoldError, State,
    decide::{is_sender, normal, one},
    telling,
};
use crate::{
    mail::Address,
    notice::Story,
    store::{Approval, HeldRow, MailRow},
};

/// One held mail as one person may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Everything that may be told.
    pub story: Story,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub changed_at: Timestamp,
    /// What people said, in order.
    pub approvals: Vec<Approval>,
    /// Whether this person may approve and reject it now.
    pub may_decide: bool,
    /// Whether this person may take it back now.
    pub may_withdraw: bool,
}

impl Hold {
    /// All held mails that concern `person`, the newest first.
    pub async fn views(&self, person: &Address) -> Result<Vec<View>, HoldError> {
        let mut views = Vec::new();
        for held in self.store().held(None).await? {
            views.extend(self.view_of(held, person).await?);
        }
        Ok(views)
    }

    /// The held mail `id` (or its unambiguous beginning), if it concerns `person`.
    pub async fn view(&self, id: &str, person: &Address) -> Result<View, HoldError> {
        let held = one(self.store().held_by_prefix(&normal(id)).await?, id)?;
        self.view_of(held, person).await?.ok_or_else(|| HoldError::Unknown(id.to_owned()))
    }

    async fn view_of(&self, held: HeldRow, person: &Address) -> Result<Option<View>, HoldError> {
        let mail: MailRow = self
            .store()
            .mail(&held.mail_id)
            .await?
            .ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))?;
        let own = is_sender(&mail, person);
        let deciders = self.deciders(telling::action(&held.action)?, mail.sender.as_ref(), mail.author.as_ref());
        let decides = deciders.iter().any(|decider| decider.same_mailbox(person));
        let oversees = self.inner.settings.security.iter().any(|member| member.same_mailbox(person));
        if !(own || decides || oversees) {
            return Ok(None);
        }
        let open = held.state == State::Pending;
        Ok(Some(View {
            story: telling::story(&mail, &held)?,
            state: held.state,
            changed_at: held.changed_at,
            approvals: self.store().approvals(std::slice::from_ref(&held.id)).await?,
            may_decide: open && decides && !own,
            may_withdraw: open && own,
        }))
    }
}
