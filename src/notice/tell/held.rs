//! Notices while a mail is held.
use crate::notice::{Letter, Story, Voice, page::Page};

pub(in crate::notice) fn to_sender(_story: &Story, _voice: &Voice, _letter: &Letter<'_>) -> Page {
    Page::default()
}

pub(in crate::notice) fn to_decider(_story: &Story, _voice: &Voice, _letter: &Letter<'_>) -> Page {
    Page::default()
}

pub(in crate::notice) fn delayed(_story: &Story, _voice: &Voice, _letter: &Letter<'_>) -> Page {
    Page::default()
}
