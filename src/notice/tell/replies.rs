//! Notices about answers.
use crate::notice::{Letter, Outcome, Refusal, Story, Voice, page::Page};

pub(in crate::notice) fn not_understood(_story: &Story, _voice: &Voice, _letter: &Letter<'_>) -> Page {
    Page::default()
}

pub(in crate::notice) fn already_decided(_: &Story, _: &Voice, _: &Letter<'_>, _: &Outcome) -> Page {
    Page::default()
}

pub(in crate::notice) fn refused(_story: &Story, _voice: &Voice, _claimed: &str, _refusal: Refusal) -> Page {
    Page::default()
}
