//! The console's only way to the held mails.
//!
//! In: who asks, about which mail. Out: what that person may see, and refusals in words for them. [`Hold`] is the desk;
//! it decides who may see and do what, and a page that shows no button is a courtesy, not a guard.
//! Deliberately absent: any other way to state.

use std::{collections::BTreeSet, future::Future, sync::Arc};

use jiff::Timestamp;

use crate::{
    directory::{People, Role},
    hold::{Approving, Content, File, Hand, Hold, HoldError, Leaf, Look, Looked, Queues, State, Wish},
    journal::{Access, Via},
    language::{Language, Text},
    mail::{Address, MailId},
};

/// The held mails, as one person may see and decide them.
pub trait Desk: Send + Sync + 'static {
    /// Some of what the person may see.
    fn leaf(&self, who: &Address, wish: &Wish) -> impl Future<Output = Result<Leaf, DeskError>> + Send;
    /// One of them.
    fn show(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<File, DeskError>> + Send;
    /// Its content, to be looked at in this way. That the person saw it is journalled first.
    fn look(
        &self,
        who: &Address,
        id: &MailId,
        look: Look<'_>,
    ) -> impl Future<Output = Result<Content, DeskError>> + Send;
    /// Lets it go out; `strong` says that the person has shown a second factor.
    fn approve(
        &self,
        who: &Address,
        id: &MailId,
        comment: &str,
        strong: bool,
    ) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Keeps it from going out.
    fn reject(&self, who: &Address, id: &MailId, comment: &str) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Sends it back to its sender, who is told what to change.
    fn send_back(
        &self,
        who: &Address,
        id: &MailId,
        comment: &str,
    ) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Asks somebody of the company what they think.
    fn ask_colleague(
        &self,
        who: &Address,
        id: &MailId,
        colleague: &Address,
        question: &str,
    ) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Says what one thinks, having been asked.
    fn give_opinion(
        &self,
        who: &Address,
        id: &MailId,
        opinion: &str,
    ) -> impl Future<Output = Result<(), DeskError>> + Send;
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
    /// Notes that a decider has the page of this mail before them.
    fn saw(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// How those who decide have been doing since then.
    fn approving(&self, since: Timestamp) -> impl Future<Output = Result<Vec<Approving>, DeskError>> + Send;
    /// How much waits.
    fn queues(&self) -> impl Future<Output = Result<Queues, DeskError>> + Send;
    /// Everybody who is known.
    fn people(&self) -> Arc<People>;
    /// How many mails that wait for the person came after `since`; beyond a hundred nobody counts.
    fn news(&self, who: &Address, since: Timestamp) -> impl Future<Output = Result<usize, DeskError>> + Send;
    /// What the person may do beside what everybody may.
    fn roles(&self, who: &Address) -> BTreeSet<Role>;
    /// In which language the directory has them told things, if it says so.
    fn language(&self, who: &Address) -> Option<Language>;
    /// Writes into the journal how somebody came in or tried to. What cannot be written is logged; nobody is kept out by it.
    fn note(&self, who: &Address, access: Access, place: &str) -> impl Future<Output = ()> + Send;
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
    async fn leaf(&self, who: &Address, wish: &Wish) -> Result<Leaf, DeskError> {
        Ok(Self::leaf(self, who, wish, self.now()).await?)
    }

    async fn show(&self, who: &Address, id: &MailId) -> Result<File, DeskError> {
        Ok(self.show_to(who, &id.0, self.now()).await?)
    }

    async fn look(&self, who: &Address, id: &MailId, look: Look<'_>) -> Result<Content, DeskError> {
        Ok(Self::look(self, &id.0, who, look, Via::Console, self.now()).await?)
    }

    async fn approve(&self, who: &Address, id: &MailId, comment: &str, strong: bool) -> Result<(), DeskError> {
        let hand = Hand { via: Via::Console, two_factors: strong };
        Self::approve(self, &id.0, who, hand, comment, self.now()).await?;
        Ok(())
    }

    async fn reject(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        Self::reject(self, &id.0, who, Via::Console, comment, self.now()).await?;
        Ok(())
    }

    async fn send_back(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        Self::send_back(self, &id.0, who, Via::Console, comment, self.now()).await?;
        Ok(())
    }

    async fn ask_colleague(
        &self,
        who: &Address,
        id: &MailId,
        colleague: &Address,
        question: &str,
    ) -> Result<(), DeskError> {
        Self::ask_colleague(self, &id.0, who, colleague, question, Via::Console, self.now()).await?;
        Ok(())
    }

    async fn give_opinion(&self, who: &Address, id: &MailId, opinion: &str) -> Result<(), DeskError> {
        Self::give_opinion(self, &id.0, who, opinion, Via::Console, self.now()).await?;
        Ok(())
    }

    async fn withdraw(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        Self::withdraw(self, &id.0, who, Via::Console, self.now()).await?;
        Ok(())
    }

    async fn give_reason(&self, who: &Address, id: &MailId, reason: &str) -> Result<(), DeskError> {
        Self::give_reason(self, &id.0, who, reason, Via::Console, self.now()).await?;
        Ok(())
    }

    async fn ask_others(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        Self::ask_others(self, &id.0, who, Via::Console, self.now()).await?;
        Ok(())
    }

    async fn release_alone(&self, who: &Address, id: &MailId, looked: &Looked, reason: &str) -> Result<(), DeskError> {
        Self::release_alone(self, &id.0, who, looked, reason, Via::Console, self.now()).await?;
        Ok(())
    }

    async fn saw(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        Ok(Self::saw(self, who, id, self.now()).await?)
    }

    async fn approving(&self, since: Timestamp) -> Result<Vec<Approving>, DeskError> {
        Ok(Self::approving(self, since).await?)
    }

    async fn queues(&self) -> Result<Queues, DeskError> {
        Ok(Self::queues(self).await?)
    }

    fn people(&self) -> Arc<People> {
        Self::people(self)
    }

    async fn news(&self, who: &Address, since: Timestamp) -> Result<usize, DeskError> {
        Ok(Self::news(self, who, since, self.now()).await?)
    }

    fn roles(&self, who: &Address) -> BTreeSet<Role> {
        self.roles_of(who)
    }

    fn language(&self, who: &Address) -> Option<Language> {
        self.language_of(who)
    }

    async fn note(&self, who: &Address, access: Access, place: &str) {
        if let Err(error) = self.note_access(who, access, place, Via::Console, self.now()).await {
            tracing::error!(%error, person = %who, ?access, "the journal cannot be written");
        }
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
            HoldError::NoComment { .. } => (
                "何も書かれていません。相手に伝わる言葉を書いてください。",
                "Nothing was written. Please write what the other person is to read.",
            ),
            HoldError::NotAColleague { .. } => (
                "意見をたずねられるのは、名簿やアカウントで分かる社内の人だけです。差出人とあなた自身にはたずねられません。",
                "Only people of the company can be asked, whom the directory knows or who have an account; not the sender, \
                 and not yourself.",
            ),
            HoldError::ColleagueAsked { .. } => (
                "その人にはすでにたずねているか、たずねた人が多すぎます。",
                "That person was asked already, or too many others were.",
            ),
            HoldError::NotConsulted { .. } => (
                "このメールについて、あなたへの質問はないか、すでに答えています。",
                "You were not asked about this mail, or have answered.",
            ),
            HoldError::NoSuchPlace { .. } => {
                ("その場所では何も見つかっていません。", "Nothing was found at that place.")
            }
            HoldError::NeedsFactor { .. } => (
                "このメールの承認には二要素認証が必要です。右上の自分のアドレスから設定し、確認コードを使ってログインし直してください。",
                "Whoever approves this mail must have logged in with a second factor: set one up under your address, above, and log in again.",
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
