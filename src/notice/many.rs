//! Many held mails in one notice.
//!
//! In: what is to be told about each. Out: a [`Notice`] that tells all of it. Deliberately absent: its words (`tell::many`);
//! which mails are told together, and when (`hold`).

use jiff::Timestamp;

use super::{Letter, Notice, Outcome, Story, Voice, tell};
use crate::mail::Address;

/// One of many held mails that are told in one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOfMany {
    /// The mail.
    pub story: Story,
    /// The secret address at which the reader answers about it, if there is one.
    pub reply_to: Option<Address>,
}

/// One of many held mails whose end is told in one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedOne {
    /// The mail.
    pub story: Story,
    /// How it ended.
    pub outcome: Outcome,
}

/// One of many held mails about which somebody was asked who did not get the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unasked {
    /// The mail.
    pub story: Story,
    /// Who was asked.
    pub person: Address,
    /// What the next hop said.
    pub said: String,
}

/// Tells the sender of a mass mailing that `mails`, and `more` which are not named, are held since `since`, beside those
/// told one by one.
pub fn too_many(mails: &[OneOfMany], more: u32, since: Timestamp, voice: &Voice, letter: &Letter<'_>) -> Notice {
    tell::many::too_many(mails, more, since, voice, letter)
}

/// Asks a decider about all of `mails` in one notice.
pub fn requests(mails: &[OneOfMany], voice: &Voice, letter: &Letter<'_>) -> Notice {
    tell::many::requests(mails, voice, letter)
}

/// Tells the sender how all of `mails` ended.
pub fn outcomes(mails: &[EndedOne], voice: &Voice, letter: &Letter<'_>) -> Notice {
    tell::many::outcomes(mails, voice, letter)
}

/// Tells the security team that the requests to decide about `mails` did not arrive.
pub fn requests_undeliverable(mails: &[Unasked], voice: &Voice, letter: &Letter<'_>) -> Notice {
    tell::many::unasked(mails, voice, letter)
}
