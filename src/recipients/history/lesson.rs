//! What one mail teaches once it has gone out.
//!
//! In: a mail's sender, recipients, thread and salutation. Out: the pairs to count. It is kept with a mail that waits,
//! so that a release teaches what a forward would have. Deliberately absent: everything else that the mail says.

use serde::{Deserialize, Serialize};

use super::{Relation, folded};
use crate::{
    mail::{Address, Message, header},
    recipients::facts::thread,
};

/// A mail to more people is a mailing: that they stand together says nothing about them.
const COMPANY: usize = 30;

/// What one mail teaches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lesson {
    /// Who sent it; empty if nobody knows.
    pub sender: String,
    /// Who got it.
    pub to: Vec<LessonTo>,
    /// Its own Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The Message-IDs that it answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thread: Vec<String>,
}

/// One of those who got it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LessonTo {
    /// The address.
    pub address: String,
    /// What the header calls it; empty if nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What the letter calls it at its head, folded; empty if nobody can tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub greeted: Vec<String>,
}

impl Lesson {
    /// What a mail of earlier days teaches, by its header alone.
    pub fn of_message(message: &Message) -> Self {
        let named = |name: &'static str| {
            let fields = message.headers().filter(move |field| field.is(name));
            fields.flat_map(|field| header::mailboxes(field.value))
        };
        let to = ["To", "Cc", "Bcc"].into_iter().flat_map(named).filter(|mailbox| mailbox.address.contains('@'));
        Self {
            sender: named("From").next().map(|author| author.address.to_lowercase()).unwrap_or_default(),
            to: to
                .map(|mailbox| LessonTo {
                    address: mailbox.address.to_lowercase(),
                    display_name: mailbox.name,
                    greeted: Vec::new(),
                })
                .collect(),
            message_id: message.message_id(),
            thread: thread(message),
        }
    }

    /// What the mail teaches that only these recipients got.
    #[must_use]
    pub fn for_only(&self, recipients: &[Address]) -> Self {
        let canonical: Vec<String> = recipients.iter().map(Address::canonical).collect();
        let to = self.to.iter().filter(|to| canonical.contains(&to.address)).cloned().collect();
        Self { to, ..self.clone() }
    }

    /// What is to be counted.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Relation, String, String)> {
        let sender = folded(&self.sender);
        let people: Vec<String> = self.to.iter().map(|to| folded(&to.address)).collect();
        let mut pairs = Vec::new();
        for (to, person) in self.to.iter().zip(&people) {
            let domain = person.rsplit_once('@').map_or("", |(_, domain)| domain);
            pairs.push((Relation::Known, String::new(), person.clone()));
            pairs.push((Relation::KnownDomain, String::new(), domain.to_owned()));
            if !sender.is_empty() {
                pairs.push((Relation::Wrote, sender.clone(), person.clone()));
                pairs.push((Relation::WroteDomain, sender.clone(), domain.to_owned()));
            }
            let name = name(&to.display_name);
            if !name.is_empty() {
                pairs.push((Relation::Named, name, person.clone()));
            }
            if let Some(alike) = alike(person) {
                pairs.push((Relation::Alike, alike, person.clone()));
            }
            pairs.extend(to.greeted.iter().map(|name| (Relation::Greeted, name.clone(), person.clone())));
        }
        if let Some(alike) = alike(&sender) {
            pairs.push((Relation::Alike, alike, sender.clone()));
        }
        if people.len() <= COMPANY {
            for one in &people {
                let others = people.iter().filter(|other| *other != one);
                pairs.extend(others.map(|other| (Relation::Together, one.clone(), other.clone())));
            }
            for id in self.message_id.iter().chain(&self.thread) {
                let all = people.iter().chain(std::iter::once(&sender).filter(|sender| !sender.is_empty()));
                pairs.extend(all.map(|person| (Relation::Thread, id.clone(), person.clone())));
            }
        }
        pairs.into_iter()
    }
}

/// A name as it is counted: small letters, width folded, no spaces.
pub(in crate::recipients) fn name(written: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    written.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect()
}

/// Local parts that name an office and no person.
const OFFICES: [&str; 28] = [
    "info",
    "sales",
    "support",
    "contact",
    "office",
    "admin",
    "webmaster",
    "postmaster",
    "mail",
    "help",
    "soumu",
    "keiri",
    "jinji",
    "eigyo",
    "eigyou",
    "saiyo",
    "recruit",
    "hr",
    "pr",
    "press",
    "shop",
    "order",
    "noreply",
    "newsletter",
    "honsha",
    "somu",
    "accounting",
    "reception",
];

/// The names in the local part of an address, each by itself: a surname, a given name, no initials; none of an office.
pub(in crate::recipients) fn words(address: &str) -> impl Iterator<Item = &str> + Clone {
    let local = address.rsplit_once('@').map_or("", |(local, _)| local);
    let all = local.split(|c: char| !c.is_alphabetic()).filter(|name| name.chars().count() >= 3);
    all.filter(|name| !OFFICES.contains(name))
}

/// The names in the local part of an address, in one order: `taro.yamada`, `yamada_taro` and `Yamada-Taro` are called
/// alike. None if it names no person.
pub(in crate::recipients) fn alike(address: &str) -> Option<String> {
    let (local, _) = address.rsplit_once('@')?;
    let lower = local.to_lowercase();
    let mut names: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|name| !name.is_empty()).collect();
    let says = names.iter().map(|name| name.len()).sum::<usize>();
    if says < 4 || names.iter().any(|name| OFFICES.contains(name)) || names.iter().all(|name| name.len() < 3) {
        return None;
    }
    names.sort_unstable();
    Some(names.join(" "))
}
