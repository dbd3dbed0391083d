//! `unusual_recipient`: somebody else usually gets mail from this sender, or together with the others.
//!
//! In: a recipient outside, the others on the mail, the history. Out: how surprising the recipient is in bits, and a
//! mismatch where a better candidate stands beside it: somebody called alike whom this sender writes to, or who belongs
//! with the others. The model is a mixture of what the sender does, what the others have in common and what the
//! organisation does, as in Carvalho & Cohen, "Preventing Information Leaks in Email" (SDM 2007); the candidate that is
//! both called alike and likelier is Gmail's "Got the wrong Bob?" (Roth et al., KDD 2010).
//! Deliberately absent: what the mail is about.

use std::collections::BTreeMap;

use super::{
    Check, Facts, Issue, Relation, To,
    history::{alike, folded, name},
    opinion::Opinion,
};

/// How much each source says.
const OF_SENDER: f32 = 0.5;
const OF_OTHERS: f32 = 0.45;
const OF_ORGANIZATION: f32 = 0.05;
/// What is possible though it never was.
const EVER: f32 = 1e-5;

/// A candidate must be so many times likelier …
const LIKELIER: f32 = 8.0;
/// … and as likely as this …
const LIKELY: f32 = 0.02;
/// … and the recipient one whom this sender has hardly ever written to.
const SELDOM: f32 = 2.0;
/// Without a namesake only a group that always stands together says something: so many mails with each.
const GROUP: f32 = 3.0;
/// After so many recipients it is known to whom somebody writes.
const SETTLED: f32 = 10.0;
/// A mail to more people is a mailing, in which nobody is unusual.
const COMPANY: usize = 30;

/// The mail's company: who else is on it.
pub(super) struct Company {
    people: Vec<String>,
    sender: String,
    /// How many mails the sender sent, about.
    sent: f32,
}

impl Company {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        let sender = folded(&facts.sender);
        let sent = facts.history.of(Relation::Wrote, &sender, facts.today).map(|(_, weight)| weight).sum();
        Self { people: facts.recipients.iter().map(|to| folded(&to.canonical)).collect(), sender, sent }
    }

    pub(super) fn check(&self, facts: &Facts<'_>, to: &To<'_>) -> Opinion {
        if facts.history.is_empty() || self.people.len() > COMPANY {
            return Opinion::Unknown;
        }
        let address = folded(&to.canonical);
        let usual = facts.weight(Relation::Wrote, &self.sender, &address);
        if usual >= SELDOM {
            return Opinion::Match;
        }
        let likely = self.likelihood(facts, &address);
        let meant = self
            .candidates(facts, to, &address)
            .into_iter()
            .find(|(_, theirs)| *theirs >= LIKELY && *theirs >= LIKELIER * likely);
        let (meant, together) = match meant {
            Some((meant, _)) => (Some(meant), false),
            None if self.is_stranger(facts, to, &address) => (self.missing(facts), true),
            None => return Opinion::Unknown,
        };
        let others: Vec<&str> = self.others(&address).take(3).collect();
        let issue = match (&meant, together) {
            (Some(meant), false) => Issue::new(
                Check::UnusualRecipient,
                format!("{address} ~ {meant}"),
                format!("いつもは {meant} に送っています。{address} に送ることはほとんどありません。"),
                format!("You usually write to {meant}, and hardly ever to {address}."),
            ),
            _ => Issue::new(
                Check::UnusualRecipient,
                format!("{address} + {}", others.join(", ")),
                format!(
                    "いつも一緒に送る宛先（{}）の中に、一度も一緒になったことのない宛先（{address}）があります。",
                    others.join(", ")
                ),
                format!(
                    "{address} was never on a mail with the others, who usually go together ({}).",
                    others.join(", ")
                ),
            ),
        };
        let issue = facts.of_history(issue);
        Opinion::Mismatch(match meant {
            Some(meant) => issue.meaning(meant),
            None => issue,
        })
    }

    /// How surprising a recipient is, in tenths of a bit; the higher the likelier it is wrong. None in a mailing, or if this sender
    /// has hardly sent anything yet.
    pub(super) fn surprise(&self, facts: &Facts<'_>, to: &To<'_>) -> Option<u16> {
        let known = self.sent >= SETTLED && self.people.len() <= COMPANY;
        let bits = known.then(|| -self.likelihood(facts, &folded(&to.canonical)).log2())?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 166")]
        let tenths = (bits * 10.0).clamp(0.0, 1_000.0) as u16;
        Some(tenths)
    }

    /// How likely an address is to be on this mail.
    fn likelihood(&self, facts: &Facts<'_>, address: &str) -> f32 {
        let by_sender = facts.weight(Relation::Wrote, &self.sender, address) / (self.sent + 1.0);
        let known = facts.weight(Relation::Known, "", address);
        let mut with_others = (0.0, 0.0f32);
        for other in self.others(address) {
            let mails = facts.weight(Relation::Known, "", other);
            with_others.0 += facts.weight(Relation::Together, other, address) / (mails + 1.0);
            with_others.1 += 1.0;
        }
        let by_others = if with_others.1 == 0.0 { by_sender } else { with_others.0 / with_others.1 };
        let by_organization = known / (known + 100.0);
        OF_SENDER * by_sender + OF_OTHERS * by_others + OF_ORGANIZATION * by_organization + EVER
    }

    fn others<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a str> {
        self.people.iter().map(String::as_str).filter(move |other| *other != address)
    }

    /// Those who are called alike and not on the mail, the likeliest first.
    fn candidates(&self, facts: &Facts<'_>, to: &To<'_>, address: &str) -> Vec<(String, f32)> {
        let mut found = BTreeMap::new();
        let mut take = |relation, from: &str| {
            for (other, _) in facts.history.of(relation, from, facts.today).take(100) {
                if other != address && !self.people.iter().any(|on_mail| on_mail == other) {
                    found.entry(other.to_owned()).or_insert_with(|| self.likelihood(facts, other));
                }
            }
        };
        if let Some(names) = alike(address) {
            take(Relation::Alike, &names);
            // A surname alone is called like everybody of that name.
            for one in names.split(' ').filter(|one| names.contains(' ') && one.len() >= 3) {
                take(Relation::Alike, one);
            }
        }
        let display_name = name(&to.display_name);
        if !display_name.is_empty() {
            take(Relation::Named, &display_name);
        }
        let mut found: Vec<(String, f32)> = found.into_iter().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    }

    /// Whether the others are a group that goes together, and this one never was with any of them or with the sender.
    fn is_stranger(&self, facts: &Facts<'_>, to: &To<'_>, address: &str) -> bool {
        let others: Vec<&str> = self.others(address).collect();
        let together = |a: &str, b: &str| facts.weight(Relation::Together, a, b);
        let of_its_domain = |other: &&&str| other.ends_with(&format!("@{}", to.domain.text)) && !to.is_private();
        others.len() >= 2
            && facts.weight(Relation::Wrote, &self.sender, address) == 0.0
            && others.iter().all(|other| together(other, address) == 0.0)
            && others.iter().find(of_its_domain).is_none()
            && others.iter().zip(others.iter().skip(1)).all(|(a, b)| together(a, b) >= GROUP)
    }

    /// Who most belongs with the others and is not on the mail.
    fn missing(&self, facts: &Facts<'_>) -> Option<String> {
        let first = self
            .people
            .iter()
            .max_by(|a, b| facts.weight(Relation::Known, "", a).total_cmp(&facts.weight(Relation::Known, "", b)))?;
        let absent = facts.history.of(Relation::Together, first, facts.today);
        let mut absent: Vec<(String, f32)> = absent
            .filter(|(who, weight)| *weight >= GROUP && !self.people.iter().any(|on_mail| on_mail == who))
            .map(|(who, _)| (who.to_owned(), self.likelihood(facts, who)))
            .filter(|(_, likely)| *likely >= 0.3)
            .collect();
        absent.sort_by(|a, b| b.1.total_cmp(&a.1));
        absent.into_iter().next().map(|(who, _)| who)
    }
}

#[cfg(test)]
mod tests;
