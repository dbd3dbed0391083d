//! What people are told about a held mail, and what their replies say.
//!
//! In: a [`Story`] (everything a notice may tell), a [`Voice`] (who speaks, in which language), a [`Letter`] (to whom
//! this one goes). Out: a [`Notice`], one well-formed mail with the null reverse path, text and HTML saying the same.
//! The way back, a person's reply, is read by [`answer::parse`].
//! Deliberately absent: I/O, clock and randomness (the same input gives the same Message-ID, so that composing again
//! after a crash makes no second mail), images and links that do anything, and unmasked values: a story has none.

pub mod answer;
mod letter;
mod page;
mod tell;
pub mod why;
pub mod words;

use jiff::{Timestamp, tz::TimeZone};

pub use self::answer::{Answer, Verdict};
use crate::{
    inspect::Inspection,
    language::Language,
    mail::{Address, BodyKind, MailId, Message, dsn},
    policy::{Action, Matched},
    recipients::Recipient,
};

/// Who speaks, and how.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The language of every notice.
    pub language: Language,
    /// The organisation's name, as notices sign.
    pub organization: String,
    /// Our own host name: the domain of `From`, of Message-IDs and of secret reply addresses.
    pub hostname: String,
    /// In which deadlines are told.
    pub timezone: TimeZone,
    /// Where people reach the console, without a slash at its end; empty: there is none, and no link is shown.
    pub public_url: String,
}

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
}

/// Where one notice goes.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The person who gets it.
    pub to: &'a Address,
    /// The secret address `sekisho+TOKEN@HOSTNAME` that understands this person's reply, if a reply does anything.
    pub reply_to: Option<&'a Address>,
    /// The time of writing, for `Date`.
    pub now: Timestamp,
}

/// One own mail, ready to be sent. Its reverse path is always null (RFC 3834 §3.3: no answer to an automatic mail
/// may loop).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    to: Address,
    message_id: String,
    bytes: Vec<u8>,
}

impl Notice {
    fn new(to: Address, message_id: String, bytes: Vec<u8>) -> Self {
        Self { to, message_id, bytes }
    }

    /// The one recipient.
    pub fn to(&self) -> &Address {
        &self.to
    }

    /// The reverse path: always null.
    pub fn sender(&self) -> Option<&Address> {
        None
    }

    /// Its own Message-ID with angle brackets; the same input always gives the same one.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The whole mail, lines ending in CRLF.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole mail, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What `BODY=` must say when it is sent: an attached original may hold 8-bit bytes.
    pub fn body_kind(&self) -> BodyKind {
        if self.bytes.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime }
    }
}

/// How a held mail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was approved or released and goes out now.
    Released {
        /// Who decided (all of them, in order).
        by: Vec<Address>,
        /// What they wrote.
        comment: String,
    },
    /// It was rejected and does not go out.
    Rejected {
        /// Who decided.
        by: Address,
        /// What they wrote.
        comment: String,
    },
    /// Policy lets it out to nobody of `story.recipients`; no person decided.
    Refused,
    /// Its sender took it back.
    Withdrawn,
    /// Nobody decided in time; it goes back to its sender.
    Expired,
}

/// Why an answer by mail was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The secret address belongs to somebody else than the one who wrote.
    WrongPerson,
    /// The sender of a mail tried to approve it.
    OwnMail,
    /// The token is not known, or no longer valid.
    UnknownToken,
}

/// Tells the sender that the mail is held: why, what was found, who decides, until when, how to take it back.
pub fn hold_notice(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    let page = tell::held::to_sender(story, voice, letter);
    letter::write(story, voice, letter, "held", &page, None)
}

/// Asks a decider: the rewritten mail with reasons, recipients, findings, and the original attached unchanged.
/// For [`Action::Hold`] it is worded for the security team (確認依頼), else for an approver (承認依頼).
pub fn approval_request(story: &Story, voice: &Voice, letter: &Letter<'_>, original: &Message) -> Notice {
    let page = tell::held::to_decider(story, voice, letter);
    letter::write(story, voice, letter, "request", &page, Some(original))
}

/// Tells the sender that the mail goes out at `story.deadline` unless it is taken back.
pub fn delay_notice(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    let page = tell::held::delayed(story, voice, letter);
    letter::write(story, voice, letter, "delay", &page, None)
}

/// Tells the sender (or a decider who was asked) how it ended. For a mail that comes back, see [`returned`].
pub fn outcome(story: &Story, voice: &Voice, letter: &Letter<'_>, outcome: &Outcome) -> Notice {
    let page = tell::ended::outcome(story, voice, letter, outcome);
    letter::write(story, voice, letter, tell::ended::kind(outcome), &page, None)
}

/// What a delivery status notice reports.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// `ENVID=`, as the sender wrote it.
    pub envid: Option<&'a str>,
    /// What became of it for whom.
    pub entries: &'a [dsn::Entry],
    /// The mail that goes back.
    pub original: dsn::Original<'a>,
}

/// Returns the mail to its sender, one of ours, with a delivery status notice (RFC 3464): it was not sent to anybody of
/// `story.recipients`, because of `outcome` ([`Outcome::Expired`], [`Outcome::Rejected`] or [`Outcome::Refused`]).
pub fn returned(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    outcome: &Outcome,
    delivery: &Delivery<'_>,
) -> Notice {
    tell::ended::returned(story, voice, letter, outcome, delivery)
}

/// Tells a sender who is not one of ours, with a delivery status notice, that a mail reached none of its entries, each
/// with its status code (RFC 3463). Neither the mail nor a word about what was found or decided comes along: whoever can
/// write an outside address into `MAIL FROM` must not get the mail there by having it held.
pub fn not_sent(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::not_sent(story, voice, letter, delivery)
}

/// Returns a released mail that the next hop refused to its sender, one of ours: a delivery status notice with its reply
/// per recipient.
pub fn undeliverable(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::undeliverable(story, voice, letter, delivery)
}

/// Tells the sender, one of ours, that the next hop has not taken a released mail yet, and until when it is tried.
pub fn delayed(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::delayed(story, voice, letter, delivery)
}

/// Tells the sender, one of ours, who asked for it that the mail went on to a server which will not report on it.
pub fn relayed(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::relayed(story, voice, letter, delivery)
}

/// Returns a released mail that an administrator took out of the outbox to its sender, one of ours, with what they
/// `said`.
pub fn dropped(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>, said: &str) -> Notice {
    tell::delivery::dropped(story, voice, letter, delivery, said)
}

/// Tells who answered that the answer was not understood, and how to answer; nothing was changed by it.
pub fn answer_not_understood(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    let page = tell::replies::not_understood(story, voice, letter);
    letter::write(story, voice, letter, "unclear", &page, None)
}

/// Tells who answered that the mail was already decided, and how; nothing was changed by the answer.
pub fn already_decided(story: &Story, voice: &Voice, letter: &Letter<'_>, outcome: &Outcome) -> Notice {
    let page = tell::replies::already_decided(story, voice, letter, outcome);
    letter::write(story, voice, letter, "decided", &page, None)
}

/// Tells the security team that an answer was refused; `claimed` is who the answer says it is from, unproven.
pub fn refused_answer(story: &Story, voice: &Voice, letter: &Letter<'_>, claimed: &str, refusal: Refusal) -> Notice {
    let page = tell::replies::refused(story, voice, claimed, refusal);
    letter::write(story, voice, letter, "refused", &page, None)
}

/// Tells the security team that the request to decide did not reach `person`, with what the next hop `said`.
pub fn request_undeliverable(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    person: &Address,
    said: &str,
) -> Notice {
    let page = tell::replies::unasked(story, voice, person, said);
    letter::write(story, voice, letter, "unasked", &page, None)
}

#[cfg(test)]
mod tests;
