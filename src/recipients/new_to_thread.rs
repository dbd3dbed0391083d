//! `new_to_thread`: a mail goes on with a conversation, and this recipient was not part of it until now.
//!
//! In: the thread by its Message-IDs and the addresses in the quoted headers. Out: a mismatch that names those who were
//! part of it. One answer in twenty takes somebody in (Enron: 5.2 %), and nearly always one who has been on mails with
//! those of the thread before (96 %): that is work and no news. Nor is it where the mail itself says who is new
//! ([`introduction`](super::introduction)). A forwarded mail is meant for somebody new, and where nobody knows who took
//! part, nobody is new.
//! Deliberately absent: mails that came in; only what went out, and what the mail itself quotes, is known.

use std::collections::BTreeSet;

use super::{
    Check, Facts, Issue, Relation, To,
    history::{alike, folded, is_slip},
    introduction::Introduction,
    opinion::Opinion,
};

/// Somebody of the thread and the new one were on one mail within half a year.
const FAMILIAR: f32 = 0.5;
/// Of two who are called alike more must be known: so many mails.
const WELL_KNOWN: f32 = 3.0;
/// So many of the thread are compared with, which is more than most threads have.
const COMPARED: usize = 64;
/// So many are named as evidence.
const NAMED: usize = 3;

/// Who took part in the thread before this mail.
pub(super) struct Thread {
    participants: BTreeSet<String>,
    introductions: Vec<Introduction>,
    goes_on: bool,
}

impl Thread {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        let mut participants: BTreeSet<String> = facts.letter.quoted.iter().map(|address| folded(address)).collect();
        for id in &facts.thread {
            participants.extend(facts.history.of(Relation::Thread, id, facts.today).map(|(who, _)| who.to_owned()));
        }
        let sender = folded(&facts.sender);
        participants.remove(&sender);
        let goes_on = !participants.is_empty() && !is_forwarded(&facts.subject) && !facts.thread.is_empty();
        let introductions = if goes_on { Introduction::read(&facts.letter.opening) } else { Vec::new() };
        Self { participants, introductions, goes_on }
    }

    /// Whether the mail goes on with a conversation of which it is known who took part.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Those who took part.
    pub(super) fn participants(&self) -> impl Iterator<Item = &str> {
        self.participants.iter().map(String::as_str)
    }

    /// Whether the mail itself says that this one is new.
    pub(super) fn introduces(&self, to: &To<'_>) -> bool {
        self.introductions.iter().any(|introduction| introduction.is_of(&to.canonical, &to.display_name))
    }

    pub(super) fn check(&self, facts: &Facts<'_>, to: &To<'_>) -> Opinion {
        if !self.goes_on {
            return Opinion::Unknown;
        }
        let address = folded(&to.canonical);
        if self.participants.contains(&address) || self.introduces(to) {
            return Opinion::Match;
        }
        let meant = self.meant(facts, &address);
        if self.together(facts, &address) >= if meant.is_some() { WELL_KNOWN } else { FAMILIAR } {
            return Opinion::Match;
        }
        let named: Vec<&str> = self.participants.iter().take(NAMED).map(String::as_str).collect();
        let more = self.participants.len().saturating_sub(NAMED);
        let named = if more == 0 { named.join(", ") } else { format!("{}, +{more}", named.join(", ")) };
        let issue = facts.of_history(Issue::new(
            Check::NewToThread,
            format!("{address} + thread of {named}"),
            format!("これまでのやり取り（{named}）にいなかった宛先です。"),
            format!("This recipient was not part of the conversation so far ({named})."),
        ));
        Opinion::Mismatch(match meant {
            Some(meant) => issue.meaning(meant),
            None => issue,
        })
    }

    /// How many mails an address had with one of the thread, or from a colleague who takes part, about.
    fn together(&self, facts: &Facts<'_>, address: &str) -> f32 {
        let with =
            self.participants.iter().take(COMPARED).map(|who| {
                facts.weight(Relation::Together, who, address) + facts.weight(Relation::Wrote, who, address)
            });
        with.fold(0.0, f32::max)
    }

    /// Somebody of the thread who is left out of this mail and called alike, or is one slip away.
    fn meant(&self, facts: &Facts<'_>, address: &str) -> Option<String> {
        let names = alike(address);
        let mut absent = self.participants.iter().filter(|who| !facts.is_on_mail(who));
        absent.find(|who| (names.is_some() && alike(who) == names) || is_slip(who, address)).cloned()
    }
}

fn is_forwarded(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    ["fw:", "fwd:", "fw：", "fwd：", "転送:", "転送：", "wg:", "tr:"].iter().any(|sign| subject.starts_with(sign))
}

#[cfg(test)]
mod tests;
