//! One mistake per mail, of five kinds.
//!
//! In: a mail, the mails before it, whom its sender knows. Out: the same mail with one wrong recipient, and who that is.
//! The right recipient is replaced in three of the kinds; a mail in which there is none to replace is passed over.

use std::collections::{BTreeMap, BTreeSet};

use sekisho::recipients::Organization;

use super::office::{Mail, Random};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Random,
    Similar,
    Namesake,
    Domain,
    Salutation,
}

pub(super) const KINDS: [Kind; 5] = [Kind::Random, Kind::Similar, Kind::Namesake, Kind::Domain, Kind::Salutation];

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Random => "random known contact",
            Self::Similar => "most similar known contact",
            Self::Namesake => "namesake elsewhere",
            Self::Domain => "slip in the domain",
            Self::Salutation => "salutation of another mail",
        }
    }
}

/// Whom everybody has written to so far, with their display names.
#[derive(Debug, Default)]
pub(super) struct Book {
    of_sender: BTreeMap<String, BTreeSet<(String, String)>>,
    all: BTreeSet<(String, String)>,
}

impl Book {
    pub(super) fn learn(&mut self, mail: &Mail) {
        for (name, address) in mail.to.iter().chain(&mail.cc) {
            let entry = (address.clone(), name.clone());
            self.of_sender.entry(mail.from.clone()).or_default().insert(entry.clone());
            self.all.insert(entry);
        }
    }
}

/// The mail with a mistake, and the wrong address in it; none for a wrong salutation.
pub(super) fn wrong(
    kind: Kind,
    mail: &Mail,
    mails: &[Mail],
    number: usize,
    book: &Book,
    organization: &Organization,
) -> Option<(Mail, Option<String>)> {
    let mut random = Random::new(number as u64 * 31 + kind as u64);
    // Whoever is one of us is not judged.
    let outside = |address: &str| !organization.is_ours(address);
    let places: Vec<usize> =
        (0..mail.to.len()).filter(|at| mail.to.get(*at).is_some_and(|to| outside(&to.1))).collect();
    let at = *places.get(random.below(places.len()))?;
    let (right_name, right) = mail.to.get(at)?.clone();
    let (local, domain) = right.rsplit_once('@')?;
    let on_mail: BTreeSet<&str> = mail.to.iter().chain(&mail.cc).map(|(_, address)| address.as_str()).collect();
    let contacts = book.of_sender.get(&mail.from)?;
    let others: Vec<&(String, String)> =
        contacts.iter().filter(|(address, _)| outside(address) && !on_mail.contains(address.as_str())).collect();
    let mut changed = mail.clone();
    if kind == Kind::Salutation {
        if mail.greeted.is_empty() {
            return None;
        }
        // The nearest earlier mail of this sender that greets somebody else, who does not get this one: another way to
        // greet the same person is no mistake, nor is a letter to everybody.
        let greets = |other: &&Mail| {
            let somebody = other.opening.iter().all(|line| line != "各位") && !other.greeted.is_empty();
            let elsewhere = other.greeted.iter().all(|address| !on_mail.contains(address.as_str()));
            other.from == mail.from && somebody && elsewhere
        };
        let other = mails[..number].iter().rev().find(greets)?;
        changed.opening.clone_from(&other.opening);
        return Some((changed, None));
    }
    let wrong = match kind {
        Kind::Random => others.get(random.below(others.len())).map(|entry| (*entry).clone())?,
        Kind::Similar => {
            let distance = |entry: &&&(String, String)| strsim::damerau_levenshtein(&entry.0, &right);
            (*others.iter().min_by_key(distance)?).clone()
        }
        Kind::Namesake => {
            let surname = surname(local)?;
            let mut namesakes: Vec<&(String, String)> = book
                .all
                .iter()
                .filter(|(address, _)| {
                    let (theirs, of) = address.rsplit_once('@').unwrap_or_default();
                    of != domain
                        && outside(address)
                        && self::surname(theirs) == Some(surname)
                        && !on_mail.contains(address.as_str())
                })
                .collect();
            let at = random.below(namesakes.len());
            (at < namesakes.len()).then(|| namesakes.swap_remove(at).clone())?
        }
        Kind::Domain => (format!("{local}@{}", slipped(domain, &mut random)?), right_name),
        Kind::Salutation => return None,
    };
    let address = wrong.0.clone();
    *changed.to.get_mut(at)? = (wrong.1, wrong.0);
    Some((changed, Some(address)))
}

/// The longest name in a local part.
fn surname(local: &str) -> Option<&str> {
    local.split(|c: char| !c.is_ascii_alphabetic()).filter(|name| name.len() >= 3).max_by_key(|name| name.len())
}

/// Two neighbouring letters exchanged, one left out, or one twice.
fn slipped(domain: &str, random: &mut Random) -> Option<String> {
    let (name, rest) = domain.split_once('.')?;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() < 6 {
        return None;
    }
    let at = 1 + random.below(letters.len() - 2);
    let mut slipped = letters.clone();
    match random.below(3) {
        0 => slipped.swap(at, at + 1),
        1 => drop(slipped.remove(at)),
        _ => slipped.insert(at, letters[at]),
    }
    let slipped: String = slipped.into_iter().collect();
    (slipped != name).then(|| format!("{slipped}.{rest}"))
}
