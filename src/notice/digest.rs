//! What the security team reads once a day.
//!
//! In: a [`Digest`], which names mails by their ids. Out: a [`Notice`]. Deliberately absent: subjects and content; its words
//! (`tell::crowd`); counting (`hold`).

use jiff::Timestamp;

use super::{Letter, Notice, Outcome, Voice, tell};
use crate::{
    language::Text,
    mail::{Address, MailId},
    policy::Action,
};

/// What the security team reads once a day. Mails are named by their ids: no subject, no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Since when.
    pub since: Timestamp,
    /// What waits now.
    pub waiting: Vec<Waiting>,
    /// What was decided since then, in order.
    pub decided: Vec<Done>,
    /// Which rules stopped how many mails since then.
    pub rules: Vec<Caught>,
    /// Of how many mails a part could not be read since then, whatever became of them.
    pub unread: u32,
    /// How many answers were refused since then.
    pub refused: u32,
    /// How many requests to decide did not arrive since then.
    pub unasked: u32,
    /// Of how many mails the bytes were destroyed since then, as their time was over.
    pub destroyed: u32,
}

impl Digest {
    /// Whether there is nothing to tell; that bytes were destroyed as they should is not worth a mail.
    pub fn is_empty(&self) -> bool {
        let Self { since: _, waiting, decided, rules, unread, refused, unasked, destroyed: _ } = self;
        waiting.is_empty()
            && decided.is_empty()
            && rules.is_empty()
            && [unread, refused, unasked].iter().all(|n| **n == 0)
    }
}

/// A mail that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The id under which it is held.
    pub id: MailId,
    /// Its envelope sender.
    pub sender: Option<Address>,
    /// About how many people it is.
    pub persons: u32,
    /// For what it waits.
    pub action: Action,
    /// Who was asked.
    pub deciders: Vec<Address>,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Until when it waits.
    pub deadline: Timestamp,
}

/// A mail about which was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The id under which it was held.
    pub id: MailId,
    /// When.
    pub at: Timestamp,
    /// How; what was said is not told.
    pub outcome: Outcome,
}

/// How many mails a rule matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// Its id.
    pub rule: String,
    /// Its title.
    pub title: Text,
    /// How many.
    pub mails: u32,
}

/// Tells the security team what waits, how old it is, what was decided, and how much each rule matched.
pub fn digest(digest: &Digest, voice: &Voice, letter: &Letter<'_>) -> Notice {
    tell::crowd::digest(digest, voice, letter)
}
