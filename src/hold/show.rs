//! Looking at held mail.
//!
//! In: an id or a state to look for. Out: [`HeldSummary`], the line of `held list --json`; [`HeldDetail`], all that is
//! known; and the original, whose every view is journalled. Deliberately absent: pages and tables.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Hold, HoldError,
    decide::{is_sender, mail_of, normal, one},
    rounded, telling,
};
use crate::{
    inspect::Inspection,
    journal::{self, Record, Via},
    mail::{Address, MailId, Message},
    policy::{Action, Matched},
    recipients::Recipient,
    store::{Approval, HeldRow, MailRow, State},
};

/// One held mail in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldSummary {
    /// Its name.
    pub id: MailId,
    /// Where it stands.
    pub state: State,
    /// The envelope sender; null for `<>`.
    pub mail_from: Option<Address>,
    /// For whom it is held.
    pub rcpt_to: Vec<Address>,
    /// Decoded.
    pub subject: String,
    /// How many people's data is in it.
    pub persons: u32,
    /// `delay`, `hold` or `require_approval`.
    pub decision: Action,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it goes back to its sender undecided; a delayed mail goes out at this time.
    pub expires_at: Timestamp,
    /// What people said.
    pub approvals: Vec<Approval>,
}

/// Everything about one held mail, except its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldDetail {
    /// As in a list.
    #[serde(flatten)]
    pub summary: HeldSummary,
    /// The id of the mail, which several held ids share if its recipients fared differently.
    pub mail: MailId,
    /// With its angle brackets.
    pub message_id: Option<String>,
    /// In bytes.
    pub size: u64,
    /// The recipients for whom it is held, with what is wrong with them.
    pub recipients: Vec<Recipient>,
    /// What was found and what was not read.
    pub inspection: Inspection,
    /// Why it is held.
    pub reasons: Vec<Matched>,
    /// Who was asked to decide.
    pub asked: Vec<Address>,
    /// When its state changed last.
    pub changed_at: Timestamp,
}

impl Hold {
    /// All held mails, the newest first; with `state` only those.
    pub async fn list(&self, state: Option<State>) -> Result<Vec<HeldSummary>, HoldError> {
        let rows = self.everything(state).await?;
        rows.into_iter().map(|(mail, held, approvals)| summary(&mail, &held, approvals)).collect()
    }

    /// All held mails with the mail and what was said about it.
    pub(super) async fn everything(
        &self,
        state: Option<State>,
    ) -> Result<Vec<(Arc<MailRow>, HeldRow, Vec<Approval>)>, HoldError> {
        let rows = self.store().held(state).await?;
        let ids: Vec<MailId> = rows.iter().map(|row| row.id.clone()).collect();
        let mut said: HashMap<MailId, Vec<Approval>> = HashMap::new();
        for approval in self.store().approvals(&ids).await? {
            said.entry(approval.held_id.clone()).or_default().push(approval);
        }
        let mail_ids: Vec<MailId> = rows.iter().map(|row| row.mail_id.clone()).collect();
        let mails = self.store().mails(&mail_ids).await?;
        let mails: HashMap<MailId, Arc<MailRow>> =
            mails.into_iter().map(|mail| (mail.id.clone(), Arc::new(mail))).collect();
        rows.into_iter()
            .map(|row| {
                let mail = mails.get(&row.mail_id);
                let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", row.id)))?;
                let approvals = said.remove(&row.id).unwrap_or_default();
                Ok((Arc::clone(mail), row, approvals))
            })
            .collect()
    }

    /// Everything about the held mail `id` (or its unambiguous beginning).
    pub async fn show(&self, id: &str) -> Result<HeldDetail, HoldError> {
        let held = one(self.store().held_by_prefix(&normal(id)).await?, id)?;
        let mail = self.store().mail(&held.mail_id).await?;
        let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))?;
        let approvals = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        let story = telling::story(&mail, &held)?;
        Ok(HeldDetail {
            summary: summary(&mail, &held, approvals)?,
            mail: mail.id,
            message_id: mail.message_id,
            size: mail.size,
            recipients: story.recipients,
            inspection: story.inspection,
            reasons: story.matched,
            asked: held.asked.into_iter().map(|asked| asked.person).collect(),
            changed_at: held.changed_at,
        })
    }

    /// The bytes of a held mail as they came. Only its sender, those who may decide about it, and the security team may
    /// see them, and that they did is journalled before they do.
    pub async fn original(&self, id: &str, person: &Address, via: Via, now: Timestamp) -> Result<Message, HoldError> {
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        let (deciders, security) = (self.deciders(&mail, &held, &said, now)?, self.security());
        let heard = self.has_spoken(&said, person);
        let mut trusted = deciders.iter().chain(&security);
        if !is_sender(&mail, person) && !heard && !trusted.any(|known| known.same_mailbox(person)) {
            return Err(HoldError::NotForYou { id: held.id, person: person.clone() });
        }
        let entry = telling::change(&held, "viewed", Some(person), via);
        journal::append(&mut writing, &[Record::change(mail.id.clone(), rounded(now), entry)]).await?;
        writing.commit().await?;
        Ok(Message::new(self.store().unseal(&mail.id.0).await?))
    }
}

pub(super) fn summary(mail: &MailRow, held: &HeldRow, approvals: Vec<Approval>) -> Result<HeldSummary, HoldError> {
    let matched: Vec<Matched> = telling::parse(&held.matched)?;
    Ok(HeldSummary {
        id: held.id.clone(),
        state: held.state,
        mail_from: mail.sender.clone(),
        rcpt_to: held.rcpt_to.clone(),
        subject: mail.subject.clone(),
        persons: mail.persons,
        decision: telling::action(&held.action)?,
        rules: matched.into_iter().map(|matched| matched.rule).collect(),
        created_at: held.created_at,
        expires_at: held.release_at.unwrap_or(held.expires_at),
        approvals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold::fixture::*;

    #[tokio::test]
    async fn the_original_is_shown_to_few_and_every_view_is_journalled() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        for person in [SENDER, BOSS, SECURITY] {
            let original = hold.original(&id.0, &address(person), Via::Console, noon()).await.unwrap();
            assert_eq!(original.bytes(), BYTES);
        }
        let error = hold.original(&id.0, &address("eve@example.co.jp"), Via::Console, noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::NotForYou { .. }), "{error}");
        assert_eq!(changes(&store).await[1..], ["viewed"; 3]);
    }
}
