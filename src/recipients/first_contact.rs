//! `first_contact`: nobody in the organisation has written to this address before.
//!
//! In: a recipient outside and the history. Out: a mismatch with what is known of its domain, and the address there that
//! is spelled almost like it, if there is one. Deliberately absent: whether first contact is bad; every relation begins
//! with one.

use std::{cell::OnceCell, collections::HashMap};

use super::{
    Check, Facts, Issue, Relation, Seen, To,
    history::{alike, is_slip},
    opinion::Opinion,
};

/// The addresses that the sender wrote to, by their numbers in the history, under each domain.
#[derive(Debug, Default)]
pub(super) struct Contacts(OnceCell<HashMap<String, Vec<u32>>>);

impl Contacts {
    /// Those under a domain; all of them are looked through once, however many strangers a mail goes to.
    fn under<'f>(&'f self, facts: &'f Facts<'_>, domain: &str) -> impl Iterator<Item = &'f str> + use<'f> {
        let gathered = || {
            let mut gathered: HashMap<String, Vec<u32>> = HashMap::new();
            for (number, address) in facts.history.onward(Relation::Wrote, &facts.sender) {
                let Some((_, domain)) = address.rsplit_once('@') else { continue };
                match gathered.get_mut(domain) {
                    Some(numbers) => numbers.push(number),
                    None => drop(gathered.insert(domain.to_owned(), vec![number])),
                }
            }
            gathered
        };
        let numbers = self.0.get_or_init(gathered).get(domain);
        numbers.into_iter().flatten().filter_map(|number| facts.history.text(*number))
    }
}

pub(super) fn check(facts: &Facts<'_>, to: &To<'_>) -> Opinion {
    let address = to.folded.as_str();
    if facts.history.is_empty() {
        return Opinion::Unknown;
    }
    if to.known > 0.0 {
        return Opinion::Match;
    }
    let domain = to.domain_known;
    let private = to.is_private();
    let detail = if private || domain == 0.0 {
        format!("{address}: never written to")
    } else {
        format!("{address}: never written to; about {} mails to {}", domain.ceil(), to.domain.text)
    };
    let (ja, en) = if private || domain == 0.0 {
        (
            format!("これまで社内の誰も送ったことのない宛先です（{address}）。"),
            format!("Nobody here has written to this address before ({address})."),
        )
    } else {
        (
            format!("{} には送信実績がありますが、この宛先（{address}）には初めてです。", to.domain.text),
            format!("We write to {}, but never before to this address there ({address}).", to.domain.text),
        )
    };
    let issue = facts.of_history(Issue::new(Check::FirstContact, detail, ja, en));
    Opinion::Mismatch(match spelled_alike(facts, to, address) {
        Some(meant) => issue.meaning(meant),
        None => issue,
    })
}

/// The known address whose local part is one slip away, in the same domain, or the same names in another order.
fn spelled_alike(facts: &Facts<'_>, to: &To<'_>, address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    let same_names = alike(address).and_then(|names| {
        let mut others = facts.history.of(Relation::Alike, &names, facts.today);
        others.find(|(other, _)| other.ends_with(&format!("@{domain}"))).map(|(other, _)| other.to_owned())
    });
    same_names.or_else(|| {
        // Who wrote to the other one before is the likeliest to have meant it. Addresses of a mailing are many, and one
        // who is not seen is seldom typed by hand.
        if to.seen == Seen::Bcc && facts.recipients.len() > 100 {
            return None;
        }
        let slips = facts.contacts.under(facts, domain).filter(|other| is_slip(other, address));
        slips
            .map(|other| (other, facts.weight(Relation::Wrote, &facts.sender, other)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(other, _)| other.to_owned())
    })
}

#[cfg(test)]
mod tests;
