//! The hold as one person may see it: what the console shows.
//!
//! In: who asks. Out: [`Line`]s and a [`File`], with what that person may do; what is not theirs does not exist for
//! them. A mail is for its sender, for those who may decide about it, and for the security team.
//! Deliberately absent: pages, and the proof that the person is who they say.

use jiff::Timestamp;

use super::{
    Hold, HoldError, State, asking,
    decide::{is_sender, normal, one},
    show::HeldSummary,
    telling,
};
use crate::{
    directory::Role,
    journal::{Record, What},
    mail::Address,
    notice::Story,
    store::{Approval, HeldRow, MailRow},
};

/// One held mail in a person's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As everybody sees it.
    pub summary: HeldSummary,
    /// Whether this person may approve and reject it now.
    pub may_decide: bool,
    /// Whether this person may take it back now.
    pub may_withdraw: bool,
}

/// One held mail before a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Everything that may be told.
    pub story: Story,
    /// Where it stands.
    pub state: State,
    /// What happened to it, in order.
    pub history: Vec<Step>,
    /// Whether this person may approve and reject it now.
    pub may_decide: bool,
    /// Whether this person may take it back now.
    pub may_withdraw: bool,
    /// Whether this person may let it go alone now.
    pub may_release_alone: bool,
    /// Whether this person may have others asked as well now.
    pub may_ask_others: bool,
    /// How many have said yes on the present level, and how many must.
    pub tally: (u8, u8),
    /// Why its sender says that it should go; may be empty.
    pub reason: String,
}

/// One thing that happened to a held mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who; nobody if it happened by itself.
    pub by: Option<Address>,
    /// What, in the journal's words: the new state, or `viewed`, `retried`, `refused`, `unasked`.
    pub change: String,
    /// What they wrote.
    pub comment: String,
}

impl Hold {
    /// The held mails that `who` may see: those that wait first, the earliest deadline first.
    pub async fn list_for(&self, who: &Address, now: Timestamp) -> Result<Vec<Line>, HoldError> {
        let mut lines = Vec::new();
        for (mail, held, approvals) in self.everything(None).await? {
            let rights = self.rights(who, &mail, &held, &approvals, now)?;
            if rights.see {
                let summary = super::show::summary(&mail, &held, approvals)?;
                lines.push(Line { summary, may_decide: rights.decide, may_withdraw: rights.withdraw });
            }
        }
        lines.sort_by_key(|line| (line.summary.state != State::Pending, line.summary.expires_at));
        Ok(lines)
    }

    /// The held mail `id` (or its unambiguous beginning), if `who` may see it.
    pub async fn show_to(&self, who: &Address, id: &str, now: Timestamp) -> Result<File, HoldError> {
        let held = one(self.store().held_by_prefix(&normal(id)).await?, id)?;
        let mail = self.store().mail(&held.mail_id).await?;
        let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))?;
        let said = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        let rights = self.rights(who, &mail, &held, &said, now)?;
        if !rights.see {
            return Err(HoldError::Unknown(id.to_owned()));
        }
        Ok(File {
            story: self.story_so_far(&mail, &held, &said)?,
            state: held.state,
            history: self.history(&held).await?,
            may_decide: rights.decide,
            may_withdraw: rights.withdraw,
            may_release_alone: rights.release_alone,
            may_ask_others: rights.ask_others,
            tally: asking::tally(&held, &telling::orders(&held)?, &said),
            reason: held.reason,
        })
    }

    /// What happened to `held`, from the journal, with the comments that the journal does not keep.
    async fn history(&self, held: &HeldRow) -> Result<Vec<Step>, HoldError> {
        let approvals = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        let rows = self.store().journal_of(&held.mail_id.0).await?;
        let mut steps = Vec::new();
        for row in rows {
            let record: Record = telling::parse(&row.record)?;
            let What::Change(change) = record.what else { continue };
            if change.held != held.id {
                continue;
            }
            let decided = matches!(change.change.as_str(), "agreed" | "approved" | "rejected");
            let said = approvals.iter().find(|a| decided && Some(&a.person) == change.by.as_ref());
            steps.push(Step {
                at: record.at,
                by: change.by.and_then(|by| Address::parse(&by).ok()),
                comment: said.map(|approval: &Approval| approval.comment.clone()).unwrap_or_default(),
                change: change.change,
            });
        }
        Ok(steps)
    }

    fn rights(
        &self,
        who: &Address,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        now: Timestamp,
    ) -> Result<Rights, HoldError> {
        let deciders = self.deciders(mail, held, said, now)?;
        let is = |list: &[Address]| list.iter().any(|person| person.same_mailbox(who));
        let decider = is(&deciders);
        let auditor = self.people().has_role(who, Role::Auditor);
        let asked = held.asked.iter().any(|asked| asked.person.same_mailbox(who));
        let sender = is_sender(mail, who);
        let open = held.state == State::Pending;
        let waits = open && held.release_at.is_none();
        Ok(Rights {
            see: decider || asked || sender || auditor || is(&self.security()),
            decide: decider && open,
            withdraw: sender && open,
            release_alone: sender && waits && telling::orders(held)?.self_release,
            ask_others: sender && waits && !held.escalated,
        })
    }
}

struct Rights {
    see: bool,
    decide: bool,
    withdraw: bool,
    release_alone: bool,
    ask_others: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hold::fixture::*, journal::Via, policy::Action};

    #[tokio::test]
    async fn each_person_sees_what_is_theirs_and_what_they_may_do() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        hold.take(arrival(vec![group(Action::Hold, &["b@x.example.com"])])).await.unwrap();
        for (person, lines, decides, withdraws) in
            [(SENDER, 2, 0, 2), (BOSS, 1, 1, 0), (SECURITY, 2, 1, 0), ("eve@example.co.jp", 0, 0, 0)]
        {
            let list = hold.list_for(&address(person), noon()).await.unwrap();
            let count = |may: fn(&Line) -> bool| list.iter().filter(|line| may(line)).count();
            let seen = (list.len(), count(|line| line.may_decide), count(|line| line.may_withdraw));
            assert_eq!(seen, (lines, decides, withdraws), "{person}");
        }
        let error = hold.show_to(&address("eve@example.co.jp"), &id, noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::Unknown(_)), "{error}");

        hold.original(&id, &address(VICE), Via::Console, noon()).await.unwrap();
        hold.approve(&id, &address(BOSS), Via::Console, "checked", noon()).await.unwrap();
        let file = hold.show_to(&address(SENDER), &id, noon()).await.unwrap();
        assert_eq!((file.state, file.may_decide, file.may_withdraw), (State::Approved, false, false));
        let steps: Vec<_> = file.history.iter().map(|s| (s.change.as_str(), s.comment.as_str())).collect();
        assert_eq!(steps, [("viewed", ""), ("approved", "checked")]);
        assert_eq!(file.history[1].by, Some(address(BOSS)));
    }
}
