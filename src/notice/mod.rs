//! What people are told about a held mail, and what their replies say.
//!
//! In: a [`Story`] (everything a notice may tell), a [`Voice`] (who speaks, and in which words of its own), a [`Letter`]
//! (to whom this one goes, who reads which language). Out: a [`Notice`], one well-formed mail with the null reverse path,
//! text and HTML saying the same. The way back, a person's reply, is read by [`answer::parse`].
//! Deliberately absent: I/O, clock and randomness (the same input gives the same Message-ID, so that composing again
//! after a crash makes no second mail), images and links that do anything, and unmasked values: a story has none.

pub mod answer;
mod digest;
mod kind;
mod letter;
mod many;
mod page;
pub mod sample;
mod story;
mod tell;
pub mod why;
pub mod wording;
pub mod words;

use jiff::{Timestamp, tz::TimeZone};

use self::tell::Telling;
pub use self::{
    answer::{Answer, Verdict},
    digest::{Caught, Digest, Done, Waiting, digest},
    kind::Kind,
    many::{EndedOne, OneOfMany, Unasked, outcomes, requests, requests_undeliverable, too_many},
    story::{Progress, StandIn, Story},
    wording::Wording,
};
use crate::{
    language::Language,
    mail::{Address, BodyKind, Message, dsn},
};

/// Who speaks, and how.
#[derive(Debug, Clone)]
pub struct Voice {
    /// The organisation's language: of its pages, and of letters to those of whom no other is known.
    pub language: Language,
    /// The organisation's name, as notices sign.
    pub organization: String,
    /// Our own host name: the domain of `From`, of Message-IDs and of secret reply addresses.
    pub hostname: String,
    /// In which deadlines are told.
    pub timezone: TimeZone,
    /// Where people reach the console, without a slash at its end; empty: there is none, and no link is shown.
    pub public_url: String,
    /// What the organisation words in its own way.
    pub wording: Wording,
}

/// Where one notice goes.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The person who gets it.
    pub to: &'a Address,
    /// The secret address `sekisho+TOKEN@HOSTNAME` that understands this person's reply, if a reply does anything.
    pub reply_to: Option<&'a Address>,
    /// In which this person reads; [`Voice::language`] where nothing else is known.
    pub language: Language,
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
    /// It was sent back for a change and does not go out.
    SentBack {
        /// Who decided.
        by: Address,
        /// What is to be changed.
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

/// Tells the sender that the mail is held: why, what was found, who decides, until when, and what the sender can do.
pub fn hold_notice(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::held::to_sender, None)
}

/// Asks a decider: the rewritten mail with reasons, recipients, findings, and the original attached unchanged.
/// For [`Action::Hold`] it is worded for the security team (確認依頼), else for an approver (承認依頼). One of
/// [`Progress::stand_ins`] reads in whose place.
pub fn approval_request(story: &Story, voice: &Voice, letter: &Letter<'_>, original: &Message) -> Notice {
    write(story, voice, letter, tell::held::to_decider, Some(original))
}

/// Tells the sender that the mail goes out at `story.deadline` unless it is taken back.
pub fn delay_notice(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::held::delayed, None)
}

/// Reminds a decider who has not spoken: since when it waits, until when, who else was asked, how many have approved.
/// Without a reply address it names the first request's.
pub fn reminder(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::course::reminder, None)
}

/// Asks one of `story.deciders`, who are asked now because those `before` did not answer since
/// [`Progress::asked_at`]; with the original attached.
pub fn escalated(story: &Story, voice: &Voice, letter: &Letter<'_>, before: &[Address], original: &Message) -> Notice {
    write(story, voice, letter, |t| tell::course::escalated(t, before), Some(original))
}

/// Tells the sender that `story.deciders` were asked as those `before` did not answer.
pub fn asked_others(story: &Story, voice: &Voice, letter: &Letter<'_>, before: &[Address]) -> Notice {
    write(story, voice, letter, |t| tell::course::asked_others(t, before), None)
}

/// Tells the sender that the mail was approved in part: [`Progress::given`] of [`Progress::need`], or, where that is
/// empty, the level of [`Progress::passed`]; and that `story.deciders` are next.
pub fn level_passed(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::course::level_passed, None)
}

/// Tells the sender, or with the `original` the security team which decides instead ([`Progress::by_security`]), that
/// nobody was found whom policy asks for; `looked_for` says whom, and may be empty.
pub fn no_approver(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    looked_for: &str,
    original: Option<&Message>,
) -> Notice {
    write(story, voice, letter, |t| tell::course::no_approver(t, looked_for, original.is_some()), original)
}

/// Tells a decider that the sender gave a reason ([`Progress::reason`]).
pub fn reason_given(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::course::reason_given, None)
}

/// Tells the sender's manager or the security team that the sender released it alone, with [`Progress::reason`].
pub fn self_released(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::course::self_released, None)
}

/// Asks a colleague, who decides nothing, what `asker` wants to know about the mail.
pub fn question(story: &Story, voice: &Voice, letter: &Letter<'_>, asker: &Address, question: &str) -> Notice {
    write(story, voice, letter, |t| tell::consult::question(t, asker, question), None)
}

/// Tells who asked what a `colleague` thinks: the question, and the opinion.
pub fn opinion(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    colleague: &Address,
    (question, opinion): (&str, &str),
) -> Notice {
    write(story, voice, letter, |t| tell::consult::opinion(t, colleague, question, opinion), None)
}

/// Tells the sender (or a decider who was asked) how it ended. For a mail that comes back, see [`returned`].
pub fn outcome(story: &Story, voice: &Voice, letter: &Letter<'_>, outcome: &Outcome) -> Notice {
    write(story, voice, letter, |t| tell::ended::outcome(t, outcome), None)
}

fn write(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    tell: impl FnOnce(&Telling<'_>) -> page::Page,
    original: Option<&Message>,
) -> Notice {
    let telling = Telling { story, voice, letter };
    let page = tell(&telling);
    letter::write(voice, letter, &telling.about(&page), page, original)
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
    tell::ended::returned(&Telling { story, voice, letter }, outcome, delivery)
}

/// Tells a sender who is not one of ours, with a delivery status notice, that a mail reached none of its entries, each
/// with its status code (RFC 3463). Neither the mail nor a word about what was found or decided comes along: whoever can
/// write an outside address into `MAIL FROM` must not get the mail there by having it held.
pub fn not_sent(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::not_sent(&Telling { story, voice, letter }, delivery)
}

/// Returns a released mail that the next hop refused to its sender, one of ours: a delivery status notice with its reply
/// per recipient.
pub fn undeliverable(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::undeliverable(&Telling { story, voice, letter }, delivery)
}

/// Tells the sender, one of ours, that the next hop has not taken a released mail yet, and until when it is tried.
pub fn delayed(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::delayed(&Telling { story, voice, letter }, delivery)
}

/// Tells the sender, one of ours, who asked for it that the mail went on to a server which will not report on it.
pub fn relayed(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>) -> Notice {
    tell::delivery::relayed(&Telling { story, voice, letter }, delivery)
}

/// Returns a released mail that an administrator took out of the outbox to its sender, one of ours, with what they
/// `said`.
pub fn dropped(story: &Story, voice: &Voice, letter: &Letter<'_>, delivery: &Delivery<'_>, said: &str) -> Notice {
    tell::delivery::dropped(&Telling { story, voice, letter }, delivery, said)
}

/// Tells who answered that the answer was not understood, and how to answer; nothing was changed by it.
pub fn answer_not_understood(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::replies::not_understood, None)
}

/// Tells who approved by reply that this mail is approved on the console only, with a second factor; nothing was changed.
pub fn approve_on_console(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Notice {
    write(story, voice, letter, tell::replies::on_console, None)
}

/// Tells who decided about a drill that it was one; whether it was `caught`.
pub fn drill(story: &Story, voice: &Voice, letter: &Letter<'_>, caught: bool) -> Notice {
    write(story, voice, letter, |t| tell::drill::over(t, caught), None)
}

/// Tells who answered that the mail was already decided, and how; nothing was changed by the answer.
pub fn already_decided(story: &Story, voice: &Voice, letter: &Letter<'_>, outcome: &Outcome) -> Notice {
    write(story, voice, letter, |t| tell::replies::already_decided(t, outcome), None)
}

/// Tells the security team that an answer was refused; `claimed` is who the answer says it is from, unproven.
pub fn refused_answer(story: &Story, voice: &Voice, letter: &Letter<'_>, claimed: &str, refusal: Refusal) -> Notice {
    write(story, voice, letter, |t| tell::replies::refused(t, claimed, refusal), None)
}

/// Tells the security team that the request to decide did not reach `person`, with what the next hop `said`.
pub fn request_undeliverable(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    person: &Address,
    said: &str,
) -> Notice {
    write(story, voice, letter, |t| tell::replies::unasked(t, person, said), None)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;
