//! The hold as the console's desk.
//!
//! In: questions of a logged-in person. Out: the hold's views and decisions in the console's words. Deliberately
//! absent: rights; the hold decides who may see and do what.

use jiff::Timestamp;

use super::{Desk, DeskError, Held, Line, State, Step};
use crate::{
    hold::{self, Hold, HoldError, View},
    journal::Via,
    language::Text,
    mail::{Address, MailId},
};

impl Desk for Hold {
    async fn list(&self, who: &Address) -> Result<Vec<Line>, DeskError> {
        let mut lines: Vec<Line> = self.views(who).await.map_err(refused)?.into_iter().map(Line::from).collect();
        // Open ones first, the earliest deadline on top; the others by age, the newest on top.
        lines.sort_by_key(|line| match line.state.is_open() {
            true => (0, line.deadline.as_microsecond()),
            false => (1, -line.arrived_at.as_microsecond()),
        });
        Ok(lines)
    }

    async fn show(&self, who: &Address, id: &MailId) -> Result<Held, DeskError> {
        self.view(&id.0, who).await.map(Held::from).map_err(refused)
    }

    async fn approve(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        Self::approve(self, &id.0, who, Via::Console, comment, Timestamp::now()).await.map(drop).map_err(refused)
    }

    async fn reject(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        Self::reject(self, &id.0, who, Via::Console, comment, Timestamp::now()).await.map(drop).map_err(refused)
    }

    async fn withdraw(&self, who: &Address, id: &MailId, _comment: &str) -> Result<(), DeskError> {
        Self::withdraw(self, &id.0, who, Via::Console, Timestamp::now()).await.map(drop).map_err(refused)
    }
}

impl From<View> for Line {
    fn from(view: View) -> Self {
        let story = view.story;
        Self {
            id: story.id,
            state: State::from(view.state),
            subject: story.subject,
            sender: story.sender,
            recipients: story.recipients.into_iter().map(|recipient| recipient.address).collect(),
            persons: story.inspection.persons,
            action: story.action,
            arrived_at: story.arrived_at,
            deadline: story.deadline,
            may_decide: view.may_decide,
        }
    }
}

impl From<View> for Held {
    fn from(view: View) -> Self {
        let state = State::from(view.state);
        let mut history: Vec<Step> = view
            .approvals
            .into_iter()
            .map(|said| Step {
                at: said.at,
                by: Address::parse(&said.person).ok(),
                state: if said.verdict == "reject" { State::Rejected } else { State::Approved },
                comment: said.comment,
            })
            .collect();
        // The last state of all, unless a person's word says it already.
        if !state.is_open() && history.last().is_none_or(|last| last.state != state) {
            history.push(Step { at: view.changed_at, by: None, state, comment: String::new() });
        }
        Self {
            story: view.story,
            state,
            history,
            attachments: Vec::new(),
            may_decide: view.may_decide,
            may_withdraw: view.may_withdraw,
        }
    }
}

impl From<hold::State> for State {
    fn from(state: hold::State) -> Self {
        match state {
            hold::State::Pending => Self::Pending,
            hold::State::Approved => Self::Approved,
            hold::State::Rejected => Self::Rejected,
            hold::State::Withdrawn => Self::Withdrawn,
            hold::State::Expired => Self::Expired,
            hold::State::Released => Self::Released,
            hold::State::Delivered => Self::Delivered,
            hold::State::Bounced => Self::Bounced,
        }
    }
}

fn refused(error: HoldError) -> DeskError {
    let not_allowed = |ja: &str, en: &str| DeskError::NotAllowed(Text { ja: ja.to_owned(), en: en.to_owned() });
    match error {
        HoldError::Unknown(_) | HoldError::Ambiguous(_) | HoldError::NotForYou { .. } => DeskError::Unknown,
        HoldError::OwnMail { .. } => not_allowed(
            "自分が送ったメールを自分で承認・却下することはできません。取り消すことはできます。",
            "You sent this mail, so you cannot decide about it. You can withdraw it.",
        ),
        HoldError::NotADecider { .. } => not_allowed(
            "このメールについて判断できるのは、依頼を受けた人だけです。",
            "Only the people who were asked may decide about this mail.",
        ),
        HoldError::NotTheSender { .. } => not_allowed(
            "メールを取り消せるのは送信者だけです。",
            "Only its sender can withdraw a mail.",
        ),
        HoldError::Decided { state, .. } => DeskError::AlreadyDecided(state.into()),
        HoldError::TooLate { .. } => DeskError::AlreadyDecided(State::Expired),
        other => DeskError::Unavailable(other.to_string()),
    }
}
