//! `unusual_recipient`: somebody else usually gets mail from this sender, or together with the others.
//!
//! In: a recipient outside, the others on the mail, the history. Out: how surprising the recipient is in bits, and a
//! mismatch where a better candidate stands beside it (somebody called alike whom this sender writes to, or who belongs
//! with the others), or where all that the history says is against it ([`odds`](super::odds)). The candidate that is
//! both called alike and likelier is Gmail's "Got the wrong Bob?" (Roth et al., KDD 2010).
//! Deliberately absent: what the mail is about.

use super::{
    Check, Facts, Issue, Relation, To,
    history::{folded, name, words},
    odds::{MAILING, Odd, Odds},
    opinion::Opinion,
    readings::{is_common, is_english},
};
use crate::inspect::detect::romaji;

/// How much each source says of how likely an address is.
const OF_SENDER: f32 = 0.5;
const OF_OTHERS: f32 = 0.45;
const OF_ORGANIZATION: f32 = 0.05;
/// What is possible though it never was.
const EVER: f32 = 1e-5;

/// A candidate must be so many times likelier …
const LIKELIER: f32 = 8.0;
/// … and as likely as this.
const LIKELY: f32 = 0.005;
/// Somebody of the thread who is left out is as likely.
const LEFT_OUT: f32 = 0.7;
/// Before anything is known of them, so many contacts have one of the most common names (佐藤 are 1.5 % of people, John
/// about as many), …
const COMMON: f32 = 0.01;
/// … so many another one that somebody else has, too, so many both the surname and the given name of somebody, …
const RARE: f32 = 0.002;
const BOTH: f32 = 0.000_5;
/// … and so many contacts that is worth.
const CONTACTS: f32 = 20.0;
/// Whoever takes a wrong one from a list of names takes one who is called alike, and of these there are few: so many bits
/// more than for a contact taken at random.
const BY_NAME: f32 = 1.5;
/// So many bits a better candidate counts at most.
const CANDIDATE: f32 = 13.0;
/// So many bits against a recipient with a better candidate are told.
const CONFUSED: f32 = 7.0;
/// Whom this sender writes to is usual.
const SELDOM: f32 = 2.0;
/// Without a namesake only a group that always stands together says something: so many mails with each.
const GROUP: f32 = 3.0;
/// So many bits against a recipient are told though nobody is called alike. One mail in five hundred of those without a
/// mistake has them.
const ODD: f32 = 12.0;
/// So many bits a fitting salutation says for the one whom it greets.
const GREETED: f32 = 4.0;

/// The mail's company: who else is on it.
pub(super) struct Company {
    people: Vec<String>,
}

/// What the letter says for a recipient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Says {
    /// Its head greets somebody who is called so.
    pub(super) greeted: bool,
    /// It names the recipient's organisation.
    pub(super) at_home: bool,
}

/// What is said about a recipient, and how surprising it is.
pub(super) struct Said {
    pub(super) opinion: Opinion,
    /// In tenths of a bit; none if nobody can tell.
    pub(super) surprise: Option<i16>,
}

impl Company {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        Self { people: facts.recipients.iter().map(|to| folded(&to.canonical)).collect() }
    }

    /// Judges a recipient by the history, with what the letter says of it.
    pub(super) fn check(&self, facts: &Facts<'_>, odds: &Odds<'_>, to: &To<'_>, letter: Says) -> Said {
        if facts.history.is_empty() || self.people.len() > MAILING {
            return Said { opinion: Opinion::Unknown, surprise: None };
        }
        let address = folded(&to.canonical);
        let odd = odds.of(facts, to);
        let usual = facts.weight(Relation::Wrote, &odds.sender, &address) >= SELDOM;
        // Who goes with the others is meant, whoever is called alike.
        let belongs = odd.is_some_and(|odd| odd.thread < 0.0 || odd.together >= 1.0 && odd.company <= 0.0);
        let candidate = if belongs { None } else { self.candidate(facts, odds, to, &address) };
        // A letter that names an organisation is for the namesake who is there.
        let candidate = candidate.filter(|(meant, _)| !letter.at_home || domain(meant) == domain(&address));
        // Whom the letter greets is meant, unless another one is called so too.
        let bits = odd.map(|odd| match &candidate {
            Some((_, bits)) => odd.bits() + bits,
            None if letter.greeted => odd.bits() - GREETED,
            None => odd.bits(),
        });
        let against = bits.unwrap_or_default();
        let issue = match (candidate, odd) {
            (Some((meant, _)), _) if against >= if usual { ODD } else { CONFUSED } => {
                Some(self.another(&address, meant))
            }
            (_, Some(odd)) if against >= ODD => Some(self.stranger(facts, odds, &address, Some(odd))),
            _ if !usual && self.is_stranger(facts, odds, to, &address) => {
                Some(self.stranger(facts, odds, &address, None))
            }
            _ => None,
        };
        let opinion = match issue {
            Some(issue) => Opinion::Mismatch(facts.of_history(issue)),
            None if usual => Opinion::Match,
            None => Opinion::Unknown,
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most a hundred bits either way")]
        let tenths = |bits: f32| (bits * 10.0).clamp(-1_000.0, 1_000.0) as i16;
        Said { opinion, surprise: bits.map(tenths) }
    }

    fn another(&self, address: &str, meant: String) -> Issue {
        Issue::new(
            Check::UnusualRecipient,
            format!("{address} ~ {meant}"),
            format!("いつもは {meant} に送っています。{address} に送ることはほとんどありません。"),
            format!("You usually write to {meant}, and hardly ever to {address}."),
        )
        .meaning(meant)
    }

    fn stranger(&self, facts: &Facts<'_>, odds: &Odds<'_>, address: &str, odd: Option<Odd>) -> Issue {
        let named: Vec<&str> = odds.around().filter(|other| *other != address).take(3).collect();
        let others = named.join(", ");
        let detail = if named.is_empty() { address.to_owned() } else { format!("{address} + {others}") };
        let (ja, en) = match odd {
            None => (
                format!(
                    "いつも一緒に送る宛先（{others}）の中に、一度も一緒になったことのない宛先（{address}）があります。"
                ),
                format!("{address} was never on a mail with the others, who usually go together ({others})."),
            ),
            _ if named.is_empty() => (
                format!("{address} には、このところほとんど送っていません。"),
                format!("You have hardly written to {address} of late."),
            ),
            Some(Odd { together, mails, .. }) => {
                let times = mails.round().max(1.0);
                let with = if together < 0.5 { "never" } else { "hardly ever" };
                (
                    format!(
                        "この宛先（{address}）への約{times}通のメールで、{others} と一緒になったことはほとんどありません。"
                    ),
                    format!(
                        "Of about {times} mails to {address}, {with} one was also to, or in a conversation with, {others}."
                    ),
                )
            }
        };
        let issue = Issue::new(Check::UnusualRecipient, detail, ja, en);
        match self.missing(facts, odds) {
            Some(meant) => issue.meaning(meant),
            None => issue,
        }
    }

    /// Somebody called alike who is likelier, and how many bits that says: how likely it is that this one was meant,
    /// against how many people are called so anyway.
    fn candidate(&self, facts: &Facts<'_>, odds: &Odds<'_>, to: &To<'_>, address: &str) -> Option<(String, f32)> {
        let called = words(address);
        let display_name = name(&to.display_name);
        let likely = self.likelihood(facts, odds, address);
        let mut best: Option<(&str, f32)> = None;
        let least = LIKELY * odds.sent;
        let frequent = odds.contacts.iter().filter(|(_, weight)| *weight >= least).map(|(who, _)| (*who, 0.0));
        for (who, at_least) in frequent.chain(odds.participants().map(|who| (who, LEFT_OUT))) {
            if who == address || self.people.iter().any(|on_mail| on_mail == who) {
                continue;
            }
            let mut same: Vec<&str> = words(who).filter(|word| called.clone().any(|own| own == *word)).collect();
            let named = || !display_name.is_empty() && facts.weight(Relation::Named, &display_name, who) > 0.0;
            same.sort_by_key(|word| std::cmp::Reverse(word.len()));
            let share = match same.as_slice() {
                [] if named() => RARE / CONTACTS,
                [] => continue,
                same => self.share_called(odds, same, address, who),
            };
            let theirs = self.likelihood(facts, odds, who).max(at_least);
            if theirs >= LIKELY && theirs >= LIKELIER * likely {
                let bits = ((theirs / share).log2() + BY_NAME).clamp(0.0, CANDIDATE);
                if best.is_none_or(|(_, known)| bits > known) {
                    best = Some((who, bits));
                }
            }
        }
        best.map(|(who, bits)| (who.to_owned(), bits))
    }

    /// Which share of the sender's other contacts has these words in its address.
    fn share_called(&self, odds: &Odds<'_>, same: &[&str], address: &str, candidate: &str) -> f32 {
        let mut called = 0.0;
        let mut all = 0.0;
        for (who, _) in odds.contacts.iter().take(1_000).filter(|(who, _)| *who != address && *who != candidate) {
            all += 1.0;
            // A word that only begins another one is not looked at twice.
            called += f32::from(u8::from(same.iter().all(|word| who.contains(word))));
        }
        (called + usually_called(same) * CONTACTS) / (all + CONTACTS)
    }

    /// How likely an address is to be on this mail.
    fn likelihood(&self, facts: &Facts<'_>, odds: &Odds<'_>, address: &str) -> f32 {
        let by_sender = facts.weight(Relation::Wrote, &odds.sender, address) / (odds.sent + 1.0);
        let known = facts.weight(Relation::Known, "", address);
        let mut with_others = (0.0, 0.0f32);
        for other in self.others(address) {
            let mails = facts.weight(Relation::Known, "", other);
            with_others.0 += facts.weight(Relation::Together, other, address) / (mails + 1.0);
            with_others.1 += 1.0;
        }
        let by_others = if with_others.1 == 0.0 { by_sender } else { with_others.0 / with_others.1 };
        let by_organization = known / (facts.history.all(facts.today) + 1.0);
        OF_SENDER * by_sender + OF_OTHERS * by_others + OF_ORGANIZATION * by_organization + EVER
    }

    fn others<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a str> {
        self.people.iter().map(String::as_str).filter(move |other| *other != address)
    }

    /// Whether the others are a group that goes together, and this one never was with any of them or with the sender.
    fn is_stranger(&self, facts: &Facts<'_>, odds: &Odds<'_>, to: &To<'_>, address: &str) -> bool {
        let others: Vec<&str> = self.others(address).collect();
        let together = |a: &str, b: &str| facts.weight(Relation::Together, a, b);
        let of_its_domain = |other: &&&str| other.ends_with(&format!("@{}", to.domain.text)) && !to.is_private();
        others.len() >= 2
            && facts.weight(Relation::Wrote, &odds.sender, address) == 0.0
            && others.iter().all(|other| together(other, address) == 0.0)
            && others.iter().find(of_its_domain).is_none()
            && others.iter().zip(others.iter().skip(1)).all(|(a, b)| together(a, b) >= GROUP)
    }

    /// Who most belongs with the others and is not on the mail: the one of the thread to whom most of the sender's mail
    /// goes, or who stands with them.
    fn missing(&self, facts: &Facts<'_>, odds: &Odds<'_>) -> Option<String> {
        let dropped = odds.participants().filter(|who| !self.people.iter().any(|on_mail| on_mail == who));
        let dropped = dropped.filter(|who| !facts.organization.is_ours(who));
        let wrote = |who: &str| facts.weight(Relation::Wrote, &odds.sender, who);
        let dropped = dropped.map(|who| (who, wrote(who))).filter(|(_, weight)| *weight > 0.0);
        if let Some((who, _)) = dropped.max_by(|a, b| a.1.total_cmp(&b.1)) {
            return Some(who.to_owned());
        }
        let first = self
            .people
            .iter()
            .max_by(|a, b| facts.weight(Relation::Known, "", a).total_cmp(&facts.weight(Relation::Known, "", b)))?;
        let absent = facts.history.of(Relation::Together, first, facts.today);
        let mut absent: Vec<(String, f32)> = absent
            .filter(|(who, weight)| *weight >= GROUP && !self.people.iter().any(|on_mail| on_mail == who))
            .map(|(who, _)| (who.to_owned(), self.likelihood(facts, odds, who)))
            .filter(|(_, likely)| *likely >= 0.3)
            .collect();
        absent.sort_by(|a, b| b.1.total_cmp(&a.1));
        absent.into_iter().next().map(|(who, _)| who)
    }
}

/// Which share of contacts, before anything is known of them, is called so: Satō or John by chance, others hardly.
fn usually_called(same: &[&str]) -> f32 {
    match same {
        [word] if is_common(&romaji::of_latin(word)) || is_english(word) => COMMON,
        [_] => RARE,
        _ => BOTH,
    }
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests;
