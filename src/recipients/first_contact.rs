//! `first_contact`: nobody in the organisation has written to this address before.
//!
//! In: a recipient outside and the history. Out: a mismatch with what is known of its domain, and the address there that
//! is spelled almost like it, if there is one. Deliberately absent: whether first contact is bad; every relation begins
//! with one.

use super::{
    Check, Facts, Issue, Relation, Seen, To,
    history::{alike, folded, is_slip},
    opinion::Opinion,
};

pub(super) fn check(facts: &Facts<'_>, to: &To<'_>) -> Opinion {
    let address = folded(&to.canonical);
    if facts.history.is_empty() {
        return Opinion::Unknown;
    }
    if facts.weight(Relation::Known, "", &address) > 0.0 {
        return Opinion::Match;
    }
    let domain = facts.weight(Relation::KnownDomain, "", &to.domain.text);
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
    Opinion::Mismatch(match spelled_alike(facts, to, &address) {
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
        let theirs = facts.history.of(Relation::Wrote, &facts.sender, facts.today);
        theirs
            .filter(|(other, _)| is_slip(other, address))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(other, _)| other.to_owned())
    })
}

#[cfg(test)]
mod tests;
