//! What a person's reply says.
//!
//! In: the reply as it came over SMTP. Out: an [`Answer`]: a verdict, taken from the first line that the person
//! wrote, and the further lines as comment. Deliberately absent: who wrote it and whether they may (`hold`).
//! Fails closed: whatever is not exactly a word of consent is no consent.

use crate::mail::Message;

/// What a reply asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Let it go out.
    Approve,
    /// Do not let it go out.
    Reject,
    /// The sender takes it back.
    Withdraw,
    /// A person wrote something else: tell them how to answer.
    Unclear,
    /// A machine wrote it (out of office, a mailing list, a bounce): do nothing, answer nothing.
    Ignore,
}

/// A reply, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it asks for.
    pub verdict: Verdict,
    /// What the person wrote beside the word, without quoted text; may be empty.
    pub comment: String,
}

/// Reads a reply.
pub fn parse(_message: &Message) -> Answer {
    Answer { verdict: Verdict::Unclear, comment: String::new() }
}
