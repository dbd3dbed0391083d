//! What may be told about a held mail.
//!
//! In: what was found, decided and said about it so far. Out: a [`Story`], from which every notice about it is written.
//! Deliberately absent: unmasked values and content; to whom it is told ([`Letter`](super::Letter)).

use jiff::Timestamp;

use crate::{
    inspect::Inspection,
    mail::{Address, MailId},
    policy::{Action, Matched},
    recipients::Recipient,
};

/// Everything that a notice may tell about one held mail (one group of recipients with one outcome).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The id under which it is held.
    pub id: MailId,
    /// The original's Message-ID with its angle brackets, as [`Message::message_id`] gives it.
    pub message_id: Option<String>,
    /// The original's subject, decoded. May hold anything; it is made harmless here.
    pub subject: String,
    /// The envelope sender; `None` for a mail with the null reverse path.
    pub sender: Option<Address>,
    /// The decoded `From` field, as people read it; may be empty.
    pub author: String,
    /// The recipients for whom it is held, with their issues.
    pub recipients: Vec<Recipient>,
    /// Recipients who already have it (another group of the same mail, that went out at once).
    pub sent_to: Vec<Address>,
    /// What was found and what was not read.
    pub inspection: Inspection,
    /// What policy asks for.
    pub action: Action,
    /// Why.
    pub matched: Vec<Matched>,
    /// Who may decide; empty for a delayed mail.
    pub deciders: Vec<Address>,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// When it goes back to its sender undecided; for a delayed mail: when it goes out.
    pub deadline: Timestamp,
    /// How far the decision is.
    pub progress: Progress,
}

/// How far the decision about a held mail is. The default is the plain case: one level, one approval, nothing said yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many approvals the level needs at which it stands; 0 is taken for 1.
    pub need: u8,
    /// Who has approved on that level, in order.
    pub given: Vec<Address>,
    /// At which level it stands, counted from 1.
    pub level: u8,
    /// How many levels there are; 0 and 1 are the plain case.
    pub levels: u8,
    /// Who approved on earlier levels, in order.
    pub passed: Vec<Address>,
    /// When those of [`Story::deciders`] were asked; with the arrival, if that is not said.
    pub asked_at: Option<Timestamp>,
    /// Who of them is asked in the place of somebody else.
    pub stand_ins: Vec<StandIn>,
    /// Why the sender says that it has to go out.
    pub reason: Option<String>,
    /// Whether the security team decides, since nobody was found whom policy asks for.
    pub by_security: bool,
    /// Whether policy lets its sender release it alone, with a reason.
    pub may_release: bool,
    /// Whether it is approved only by whoever has logged in with two factors.
    pub second_factor: bool,
}

impl Progress {
    /// How many approvals the level needs.
    pub fn needed(&self) -> u8 {
        self.need.max(1)
    }
}

/// A decider in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Who is asked.
    pub person: Address,
    /// Who is away.
    pub instead_of: Address,
    /// Until when, if that is known.
    pub until: Option<Timestamp>,
}
