//! The console's only way to the held mails.
//!
//! In: who asks, about which mail. Out: [`Held`] mails as a page shows them. The hold implements [`Desk`] and decides
//! there who may see and do what; a page that shows no button is a courtesy, not a guard.
//! Deliberately absent: the bytes of a mail, and unmasked values.

use std::future::Future;

use jiff::Timestamp;

use crate::{
    language::Text,
    mail::{Address, MailId},
    notice::Story,
    policy::Action,
};

/// Where a held mail is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for a decision.
    Pending,
    /// It was approved and is about to leave.
    Approved,
    /// It was rejected.
    Rejected,
    /// Its sender took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It is on its way.
    Released,
    /// The next hop has it.
    Delivered,
    /// The next hop refused it.
    Bounced,
}

impl State {
    /// Whether it can still be decided.
    pub fn is_open(self) -> bool {
        self == Self::Pending
    }
}

/// One step in a held mail's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who; none when it happened by itself.
    pub by: Option<Address>,
    /// What it became.
    pub state: State,
    /// What they wrote.
    pub comment: String,
}

/// One held mail in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: MailId,
    /// Where it is in its life.
    pub state: State,
    /// The original's subject, decoded.
    pub subject: String,
    /// The envelope sender; `None` is the null path.
    pub sender: Option<Address>,
    /// For whom it is held.
    pub recipients: Vec<Address>,
    /// How many people's data is in it.
    pub persons: u32,
    /// What policy asks for.
    pub action: Action,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// When its waiting ends.
    pub deadline: Timestamp,
    /// Whether it waits for the person who asks.
    pub may_decide: bool,
}

/// One held mail, as the person who asks may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Everything that may be told.
    pub story: Story,
    /// Where it is in its life.
    pub state: State,
    /// How it came there, oldest first.
    pub history: Vec<Step>,
    /// The names of its attachments, decoded.
    pub attachments: Vec<String>,
    /// Whether the person who asks may approve and reject it.
    pub may_decide: bool,
    /// Whether the person who asks may take it back.
    pub may_withdraw: bool,
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
    #[error("it is no longer waiting for a decision")]
    AlreadyDecided(State),
    /// The state cannot be read or written now; the words are for the log, never for a page.
    #[error("the held mails cannot be read or written now: {0}")]
    Unavailable(String),
}

/// The held mails, as one person may see and decide them.
pub trait Desk: Send + Sync + 'static {
    /// What the person may see: mails to decide, and their own. Open ones first, the earliest deadline first.
    fn list(&self, who: &Address) -> impl Future<Output = Result<Vec<Line>, DeskError>> + Send;
    /// One of them.
    fn show(&self, who: &Address, id: &MailId) -> impl Future<Output = Result<Held, DeskError>> + Send;
    /// Lets it go out.
    fn approve(&self, who: &Address, id: &MailId, comment: &str) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Keeps it from going out.
    fn reject(&self, who: &Address, id: &MailId, comment: &str) -> impl Future<Output = Result<(), DeskError>> + Send;
    /// Takes it back, as its sender.
    fn withdraw(&self, who: &Address, id: &MailId, comment: &str)
    -> impl Future<Output = Result<(), DeskError>> + Send;
}
