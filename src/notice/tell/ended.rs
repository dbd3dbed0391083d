//! Notices at the end of a held mail's life.
use crate::{
    mail::{Address, Message},
    notice::{Letter, Notice, Outcome, Story, Voice, letter, page::Page},
};

pub(in crate::notice) fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Released { .. } => "released",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Expired => "expired",
    }
}

pub(in crate::notice) fn outcome(_: &Story, _: &Voice, _: &Letter<'_>, _: &Outcome) -> Page {
    Page::default()
}

pub(in crate::notice) fn returned(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    how: &Outcome,
    _original: &Message,
) -> Notice {
    letter::write(story, voice, to, "returned", &outcome(story, voice, to, how), None)
}

pub(in crate::notice) fn undeliverable(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    _failures: &[(Address, String)],
    _original: &Message,
) -> Notice {
    letter::write(story, voice, to, "undeliverable", &Page::default(), None)
}
