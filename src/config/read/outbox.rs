//! `[outbox]`: how often and how long our own mail is tried.
//!
//! In: the section. Out: [`outbox::Settings`]. Deliberately absent: where the mail goes (`next_hop`).

use super::{DAY, SECOND, whole, within};
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    outbox,
};

pub(super) fn read(mut section: Section<'_>, problems: &mut Vec<Problem>) -> outbox::Settings {
    let usual = outbox::Settings::default();
    let at_once = whole(section.number("at_once", 1..=1_000), usual.at_once);
    let per_domain = whole(section.number("per_domain", 1..=1_000), usual.per_domain.min(at_once));
    if per_domain > at_once {
        let at = section.place_of("per_domain");
        section.wrong("per_domain", at, "more than outbox.at_once are never under way; make it at most that");
    }
    let bounded = |text: &str| within(value::duration(text)?, SECOND, 30 * DAY, "write a duration from 1s to 30d");
    let first_retry = section.read("first_retry", bounded).unwrap_or(usual.first_retry);
    let longest_wait = section.read("longest_wait", bounded).unwrap_or(usual.longest_wait.max(first_retry));
    if longest_wait < first_retry {
        let at = section.place_of("longest_wait");
        section.wrong(
            "longest_wait",
            at,
            "it is shorter than the wait after the first attempt; make it at least first_retry",
        );
    }
    let give_up_after = section.read("give_up_after", bounded).unwrap_or(usual.give_up_after);
    let warn_after = section.read("warn_after", bounded).unwrap_or(usual.warn_after.min(give_up_after));
    if give_up_after < longest_wait {
        let at = section.place_of("give_up_after");
        section.wrong(
            "give_up_after",
            at,
            "a mail would be given up between two attempts; make it at least longest_wait",
        );
    }
    problems.extend(section.finish());
    outbox::Settings { at_once, per_domain, give_up_after, first_retry, longest_wait, warn_after }
}
