//! `new_to_thread`: a mail goes on with a conversation, and this recipient was not part of it until now.
//!
//! In: the thread by its Message-IDs and the addresses in the quoted headers. Out: a mismatch that names those who were
//! part of it. A forwarded mail is meant for somebody new, and where nobody knows who took part, nobody is new.
//! Deliberately absent: mails that came in; only what went out, and what the mail itself quotes, is known.

use std::collections::BTreeSet;

use super::{
    Check, Facts, Issue, Relation, To,
    history::{alike, folded, is_slip},
    opinion::Opinion,
};

/// So many are named as evidence.
const NAMED: usize = 3;

/// Who took part in the thread before this mail.
pub(super) struct Thread {
    participants: BTreeSet<String>,
    forwarded: bool,
}

impl Thread {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        let mut participants: BTreeSet<String> = facts.letter.quoted.iter().map(|address| folded(address)).collect();
        for id in &facts.thread {
            participants.extend(facts.history.of(Relation::Thread, id, facts.today).map(|(who, _)| who.to_owned()));
        }
        let sender = folded(&facts.sender);
        participants.remove(&sender);
        Self { participants, forwarded: is_forwarded(&facts.subject) }
    }

    pub(super) fn check(&self, facts: &Facts<'_>, to: &To<'_>) -> Opinion {
        if self.participants.is_empty() || self.forwarded || facts.thread.is_empty() {
            return Opinion::Unknown;
        }
        let address = folded(&to.canonical);
        if self.participants.contains(&address) {
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
        Opinion::Mismatch(match self.meant(facts, &address) {
            Some(meant) => issue.meaning(meant),
            None => issue,
        })
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
