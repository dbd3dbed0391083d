//! The console's only way to the held mails.
//!
//! In: who asks, about which mail. Out: what that person may see, and refusals in words for them. [`Hold`] is the desk;
//! it decides who may see and do what, and a page that shows no button is a courtesy, not a guard.
//! Deliberately absent: any other way to state.

use std::future::Future;

use jiff::Timestamp;

use crate::{
    hold::{File, Hold, HoldError, Line, Looked, State},
    journal::Via,
    language::Text,
    mail::{Address, MailId, Message},
};

/// The held mails, as one person may see and decide them.
pub trait Desk: Send + Sync + 'static {
    /// What the person may see: mails to decide, and their own. Open ones first, the earliest deadline first.
    fn list(&self, who: &Address) -> impl Future<Output = Result<Vec<Line>, DeskError>> + Send;
    /// One of them.
    fn show(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<File, DeskError>> + Send;
    /// Its bytes as they came. That the person saw them is journalled first.
    fn original(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<Message, DeskError>> + Send;
    /// Lets it go out.
    fn approve(&self, who: &Address, id: &MailId, comment: &str) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Keeps it from going out.
    fn reject(&self, who: &Address, id: &MailId, comment: &str) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Takes it back, as its sender.
    fn withdraw(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Says why it should go, as its sender.
    fn give_reason(
        &self,
        who: &Address,
        id: &MailId,
        reason: &str,
    ) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Has others asked as well, as its sender.
    fn ask_others(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Lets it go out alone, as its sender, who `looked` again at what is ticked.
    fn release_alone(
        &self,
        who: &Address,
        id: &MailId,
        looked: &Looked,
        reason: &str,
    ) -> impl Future<Output = Result<(), DeskError>> + Send;
}

/// Why the desk says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// There is no such mail, or the person may not know of it.
    #[error("there is no such held mail, or it is not yours to see")]
    Unknown,
    /// The person may see it, but not do this; the words are for that person.
    #[error("not allowed: {}", .0.en)]
    NotAllowed(Text),
    /// Somebody was faster.
    #[error("it is no longer waiting for a decision: it is {0}")]
    AlreadyDecided(State),
    /// The state cannot be read or written now; the words are for the log, never for a page.
    #[error("the held mails cannot be read or written now: {0}")]
    Unavailable(String),
}

impl Desk for Hold {
    async fn list(&self, who: &Address) -> Result<Vec<Line>, DeskError> {
        Ok(self.list_for(who, Timestamp::now()).await?)
    }

    async fn show(&self, who: &Address, id: &MailId) -> Result<File, DeskError> {
        Ok(self.show_to(who, &id.0, Timestamp::now()).await?)
    }

    async fn original(&self, who: &Address, id: &MailId) -> Result<Message, DeskError> {
        Ok(Self::original(self, &id.0, who, Via::Console, Timestamp::now()).await?)
    }

    async fn approve(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        Self::approve(self, &id.0, who, Via::Console, comment, Timestamp::now()).await?;
        Ok(())
    }

    async fn reject(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        Self::reject(self, &id.0, who, Via::Console, comment, Timestamp::now()).await?;
        Ok(())
    }

    async fn withdraw(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        Self::withdraw(self, &id.0, who, Via::Console, Timestamp::now()).await?;
        Ok(())
    }

    async fn give_reason(&self, who: &Address, id: &MailId, reason: &str) -> Result<(), DeskError> {
        Self::give_reason(self, &id.0, who, reason, Via::Console, Timestamp::now()).await?;
        Ok(())
    }

    async fn ask_others(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        Self::ask_others(self, &id.0, who, Via::Console, Timestamp::now()).await?;
        Ok(())
    }

    async fn release_alone(&self, who: &Address, id: &MailId, looked: &Looked, reason: &str) -> Result<(), DeskError> {
        Self::release_alone(self, &id.0, who, looked, reason, Via::Console, Timestamp::now()).await?;
        Ok(())
    }
}

impl From<HoldError> for DeskError {
    fn from(error: HoldError) -> Self {
        let (ja, en) = match &error {
            HoldError::Unknown(_) | HoldError::Ambiguous(_) | HoldError::NotOutgoing(_) => return Self::Unknown,
            HoldError::Decided { state, .. } => return Self::AlreadyDecided(*state),
            HoldError::NotADecider { .. } => (
                "このメールを判断する人の中に、あなたは入っていません。",
                "You are not among those who decide about this mail.",
            ),
            HoldError::OwnMail { .. } => (
                "自分が送ったメールは、承認も却下もできません。取り消すことはできます。",
                "Nobody decides about a mail of their own. You can take it back.",
            ),
            HoldError::NotTheSender { .. } => {
                ("メールを取り消せるのは、送った人だけです。", "Only the sender can take a mail back.")
            }
            HoldError::NotInSecurity { .. } => (
                "配信待ちのメールを取りやめられるのは、セキュリティ担当だけです。",
                "Only the security team can stop the delivery of a mail.",
            ),
            HoldError::NotForYou { .. } => {
                ("このメールの中身を見ることはできません。", "You may not see the content of this mail.")
            }
            HoldError::TooLate { .. } => (
                "判断の期限を過ぎました。このメールは差出人に戻ります。",
                "The time to decide is over. The mail goes back to its sender.",
            ),
            HoldError::Heard { .. } => (
                "あなたはすでに判断しています。一人は一回だけ数えます。",
                "You have decided about this mail already. One person counts once.",
            ),
            HoldError::AskedAlready { .. } => {
                ("ほかの人にも、すでに依頼しています。", "Others have been asked already.")
            }
            HoldError::OnlyDelayed { .. } => (
                "このメールは少し遅れて自動的に送信されます。取り消すことはできます。",
                "This mail is only delayed and goes out by itself. You can take it back.",
            ),
            HoldError::NotAlone { .. } => (
                "このメールは、ほかの人の承認がないと送信できません。",
                "This mail does not go without another person's approval.",
            ),
            HoldError::NoReason { .. } => (
                "理由を書いてください。判断する人に伝えます。",
                "Please write why it should go. Those who decide read it.",
            ),
            HoldError::NotLooked { .. } => (
                "宛先と添付ファイルを一つずつ確かめて、すべてに印を付けてください。",
                "Please look at every recipient and attachment again, and tick each of them.",
            ),
            HoldError::NotCleared(_)
            | HoldError::NotForwarded(_)
            | HoldError::NotPrepared(_)
            | HoldError::Row(_)
            | HoldError::Store(_)
            | HoldError::Journal(_) => return Self::Unavailable(error.to_string()),
        };
        Self::NotAllowed(Text { ja: ja.to_owned(), en: en.to_owned() })
    }
}
