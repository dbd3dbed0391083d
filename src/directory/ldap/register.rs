//! The entries of a directory, put together to people.
//!
//! In: entries of persons and of groups, in any order, which may contradict each other. Out: [`People`], and what had to
//! be left out ([`Oddities`]). Two entries with one address are one person: of what they contradict each other in, the
//! entry whose DN comes first is right, and roles are those of both. Groups within groups are followed, circles too. Pure,
//! and linear in what comes. Deliberately absent: asking (`read`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    dn,
    entry::Entry,
    settings::{Attributes, Settings},
};
use crate::{
    directory::{People, Person, people::mailbox},
    language::Language,
    mail::Address,
};

/// A larger group is nobody's list of deciders, and would only fill the memory. Its members have its roles all the same.
const LARGEST_GROUP: usize = 1_000;

/// For the groups of all together.
const MOST_MEMBERSHIPS: usize = 1_000_000;

/// What an account of Active Directory says that may not be used (`ACCOUNTDISABLE`).
const DISABLED: u32 = 2;

/// The time at which OpenLDAP's password policy locks an account for good.
const LOCKED_FOR_EVER: &str = "000001010000Z";

/// What a directory tells that cannot be; counted, for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Entries without an address that can be used.
    pub without_mail: usize,
    /// Accounts that are switched off.
    pub disabled: usize,
    /// Entries with an address that another entry has as well.
    pub doubles: usize,
    /// Managers of whom no address is known.
    pub managers_unknown: usize,
    /// Persons who in the end report to themselves.
    pub in_circles: usize,
    /// Values that are no texts.
    pub junk: usize,
    /// Entries that are none, and references to other servers.
    pub elsewhere: usize,
    /// Groups too large to be asked, or whose name another group has.
    pub groups_left_out: usize,
    /// Groups of `directory.ldap.roles` that the directory does not know.
    pub roles_without_group: Vec<String>,
}

impl Oddities {
    /// One line for each kind that there is.
    pub fn lines(&self) -> Vec<String> {
        let counted = [
            (self.without_mail, "entries without a mail address that can be used are left out"),
            (self.doubles, "entries have the address of another entry and count as the same person"),
            (self.managers_unknown, "persons have a manager without a known address, or one whose account is disabled"),
            (self.in_circles, "persons report to themselves in the end"),
            (self.junk, "entries have values that are no texts, which are left out"),
            (self.elsewhere, "references to other servers, or answers that are no entries, are left out"),
            (self.groups_left_out, "groups are too large to be asked, or have the name of another group"),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        let counted = counted.map(|(count, what)| format!("{count} {what}"));
        let roles = self.roles_without_group.iter();
        counted
            .chain(roles.map(|dn| format!("the group {dn} of directory.ldap.roles is not in the directory")))
            .collect()
    }
}

/// People being put together.
pub(super) struct Register<'s> {
    settings: &'s Settings,
    /// A number for each DN, in whatever spelling.
    numbers: HashMap<String, u32>,
    drafts: Vec<Draft>,
    /// Names of groups, and who is in them: persons and groups.
    names: HashMap<u32, String>,
    members: HashMap<u32, HashSet<u32>>,
    /// Members of POSIX groups, by their login.
    by_login: Vec<(u32, String)>,
    /// Managers who are not among the people, with their addresses.
    elsewhere: HashMap<u32, Address>,
    pub(super) oddities: Oddities,
}

struct Draft {
    number: u32,
    dn: String,
    person: Person,
    logins: Vec<String>,
    manager: Option<String>,
}

impl<'s> Register<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            numbers: HashMap::new(),
            drafts: Vec::new(),
            names: HashMap::new(),
            members: HashMap::new(),
            by_login: Vec::new(),
            elsewhere: HashMap::new(),
            oddities: Oddities::default(),
        }
    }

    /// Takes the entry of a person.
    pub(super) fn person(&mut self, entry: &Entry) {
        if is_disabled(entry) {
            self.oddities.disabled += 1;
            return;
        }
        let attributes = &self.settings.attributes;
        self.oddities.junk += usize::from(entry.has_junk(&attributes.shown()));
        let Some(address) = address(entry, attributes) else {
            self.oddities.without_mail += 1;
            return;
        };
        let mut person = Person::new(address);
        let aliases = attributes.aliases.iter().flat_map(|name| entry.texts(name)).filter_map(alias);
        person.aliases = aliases.filter(|alias| !alias.same_mailbox(&person.address)).collect();
        person.name = attributes.name.iter().find_map(|name| entry.texts(name).next()).map(str::to_owned);
        person.language = entry.texts(&attributes.language).find_map(language);
        let logins = attributes.login.iter().flat_map(|name| entry.texts(name)).map(str::to_lowercase).collect();
        let manager = entry.texts(&attributes.manager).next().map(str::to_owned);
        let normal = dn::normal(&entry.dn);
        let number = self.number(normal.clone());
        for group in entry.texts("memberOf") {
            let group = self.group_called(group);
            self.members.entry(group).or_default().insert(number);
        }
        self.drafts.push(Draft { number, dn: normal, person, logins, manager });
    }

    /// Takes the entry of a group, or a further part of it.
    pub(super) fn group(&mut self, entry: &Entry) {
        let group = self.number(dn::normal(&entry.dn));
        if let Some(name) = entry.texts("cn").next() {
            self.names.insert(group, name.to_owned());
        }
        self.members.entry(group).or_default();
        for name in ["member", "uniqueMember"] {
            for member in entry.all_texts(name).0 {
                let member = self.number(dn::normal(member));
                self.members.entry(group).or_default().insert(member);
            }
        }
        self.by_login.extend(entry.texts("memberUid").map(|login| (group, login.to_lowercase())));
    }

    /// The DNs of managers who are not among the people, each once.
    pub(super) fn unknown_managers(&self) -> Vec<String> {
        let known: HashSet<u32> = self.drafts.iter().map(|draft| draft.number).collect();
        let mut told = BTreeMap::new();
        for manager in self.drafts.iter().filter_map(|draft| draft.manager.as_deref()).filter(|m| m.contains('=')) {
            let normal = dn::normal(manager);
            if !self.numbers.get(&normal).is_some_and(|number| known.contains(number)) {
                told.entry(normal).or_insert_with(|| manager.to_owned());
            }
        }
        told.into_values().collect()
    }

    /// Takes the entry of a manager who is not among the people, found under `dn`.
    pub(super) fn manager(&mut self, dn: &str, entry: &Entry) {
        if let Some(address) = address(entry, &self.settings.attributes).filter(|_| !is_disabled(entry)) {
            let number = self.number(dn::normal(dn));
            self.elsewhere.insert(number, address);
        }
    }

    /// Everybody.
    pub(super) fn finish(mut self) -> (People, Oddities) {
        self.drafts.sort_by(|one, other| one.dn.cmp(&other.dn));
        let of_login: HashMap<&str, u32> = self
            .drafts
            .iter()
            .flat_map(|draft| draft.logins.iter().map(|login| (login.as_str(), draft.number)))
            .collect();
        for (group, login) in &self.by_login {
            if let Some(&number) = of_login.get(login.as_str()) {
                self.members.entry(*group).or_default().insert(number);
            }
        }
        let (mut persons, places) = self.joined();
        let circles = self.managers(&mut persons, &places);
        self.oddities.in_circles = circles;
        self.roles(&mut persons, &places);
        let groups = self.groups(&persons, &places);
        (People::new(persons, groups), self.oddities)
    }

    /// Entries with one address as one person, and which person each entry is.
    fn joined(&mut self) -> (Vec<Person>, HashMap<u32, usize>) {
        let (mut persons, mut places) = (Vec::<Person>::with_capacity(self.drafts.len()), HashMap::new());
        let mut of_mailbox: HashMap<String, usize> = HashMap::new();
        for draft in &self.drafts {
            let place = *of_mailbox.entry(mailbox(&draft.person.address)).or_insert(persons.len());
            match persons.get_mut(place) {
                None => persons.push(draft.person.clone()),
                Some(known) => {
                    self.oddities.doubles += 1;
                    *known = known.clone().joined(draft.person.clone());
                }
            }
            places.insert(draft.number, place);
        }
        (persons, places)
    }

    /// Gives everybody their manager; how many are in a circle.
    fn managers(&mut self, persons: &mut [Person], places: &HashMap<u32, usize>) -> usize {
        let mut above: Vec<Option<usize>> = vec![None; persons.len()];
        for draft in &self.drafts {
            let (Some(&place), Some(told)) = (places.get(&draft.number), &draft.manager) else { continue };
            if persons.get(place).is_none_or(|person| person.manager.is_some()) {
                continue;
            }
            let number = self.numbers.get(&dn::normal(told)).copied();
            let known = number.and_then(|number| places.get(&number).copied());
            let address = match known {
                Some(manager) => persons.get(manager).map(|manager| manager.address.clone()),
                None => number
                    .and_then(|number| self.elsewhere.get(&number).cloned())
                    .or_else(|| alias(told).filter(|_| !told.contains('='))),
            };
            self.oddities.managers_unknown += usize::from(address.is_none());
            if let Some(person) = persons.get_mut(place)
                && known != Some(place)
            {
                person.manager = address;
                above.get_mut(place).into_iter().for_each(|above| *above = known);
            }
        }
        in_circles(&above)
    }

    fn roles(&mut self, persons: &mut [Person], places: &HashMap<u32, usize>) {
        for (role, dns) in &self.settings.roles {
            for told in dns {
                let group = self.numbers.get(&dn::normal(told)).filter(|number| self.members.contains_key(*number));
                let Some(group) = group else {
                    self.oddities.roles_without_group.push(told.clone());
                    continue;
                };
                for place in self.everybody_in(*group, places, usize::MAX) {
                    persons.get_mut(place).into_iter().for_each(|person| {
                        person.roles.insert(*role);
                    });
                }
            }
        }
    }

    fn groups(&mut self, persons: &[Person], places: &HashMap<u32, usize>) -> BTreeMap<String, Vec<Address>> {
        let mut order: Vec<(&str, u32)> = self
            .numbers
            .iter()
            .filter(|(_, number)| self.members.contains_key(number))
            .map(|(dn, n)| (dn.as_str(), *n))
            .collect();
        order.sort_unstable();
        let (mut groups, mut room, mut left_out) = (BTreeMap::new(), MOST_MEMBERSHIPS, 0);
        for (_, number) in order {
            let Some(name) = self.names.get(&number) else { continue };
            let members = self.everybody_in(number, places, LARGEST_GROUP + 1);
            let name = name.to_lowercase();
            if members.len() > LARGEST_GROUP || members.len() > room || groups.contains_key(&name) {
                left_out += 1;
                continue;
            }
            room -= members.len();
            let members = members.into_iter().filter_map(|place| persons.get(place));
            groups.insert(name, members.map(|person| person.address.clone()).collect());
        }
        self.oddities.groups_left_out = left_out;
        groups
    }

    /// The persons of a group and of the groups in it, but not many more than `most`.
    fn everybody_in(&self, group: u32, places: &HashMap<u32, usize>, most: usize) -> BTreeSet<usize> {
        let (mut found, mut seen, mut waiting) = (BTreeSet::new(), HashSet::from([group]), vec![group]);
        while let Some(group) = waiting.pop() {
            for member in self.members.get(&group).into_iter().flatten() {
                if let Some(place) = places.get(member) {
                    found.insert(*place);
                } else if self.members.contains_key(member) && seen.insert(*member) {
                    waiting.push(*member);
                }
                if found.len() >= most {
                    return found;
                }
            }
        }
        found
    }

    fn number(&mut self, normal: String) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(normal).or_insert(next)
    }

    /// The group with this DN, by its own words or those of a member.
    fn group_called(&mut self, told: &str) -> u32 {
        let number = self.number(dn::normal(told));
        self.names.entry(number).or_insert_with(|| dn::first_value(told));
        number
    }
}

impl Attributes {
    /// Those that somebody reads.
    fn shown(&self) -> Vec<&str> {
        let names = [&self.mail, &self.language, &self.manager].into_iter();
        names.chain(&self.aliases).chain(&self.name).map(String::as_str).collect()
    }
}

/// The main address of an entry.
pub(super) fn address(entry: &Entry, attributes: &Attributes) -> Option<Address> {
    entry.texts(&attributes.mail).find_map(|text| Address::parse(text).ok())
}

/// Whether an account may not be used.
pub(super) fn is_disabled(entry: &Entry) -> bool {
    let control = entry.texts("userAccountControl").next().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    control & i64::from(DISABLED) != 0
        || entry.texts("nsAccountLock").any(|text| text.eq_ignore_ascii_case("true"))
        || entry.texts("pwdAccountLockedTime").any(|text| text == LOCKED_FOR_EVER)
}

/// Another address: plain, or as Exchange writes it (`smtp:taro@example.co.jp`); none if it is no mail address.
fn alias(text: &str) -> Option<Address> {
    let text = match text.split_at_checked(5) {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("smtp:") => rest,
        _ if text.contains(':') => return None,
        _ => text,
    };
    Address::parse(text).ok()
}

/// `ja`, `ja-JP`, or a list as of Accept-Language (RFC 2798).
fn language(text: &str) -> Option<Language> {
    let first = text.split([',', ';']).next().unwrap_or_default().trim();
    (first.chars().next()?.is_ascii_alphabetic()).then(|| Language::of_locale(first))
}

/// How many of those who have somebody above them are, in the end, above themselves.
fn in_circles(above: &[Option<usize>]) -> usize {
    // Which walk came by, and in which of its steps.
    let mut passed: Vec<Option<(usize, usize)>> = vec![None; above.len()];
    let mut found = 0;
    for start in 0..above.len() {
        let (mut at, mut step) = (Some(start), 0);
        while let Some(person) = at {
            match passed.get_mut(person) {
                Some(mark @ None) => *mark = Some((start, step)),
                Some(Some((walk, first))) if *walk == start => {
                    found += step - *first;
                    break;
                }
                _ => break,
            }
            step += 1;
            at = above.get(person).copied().flatten();
        }
    }
    found
}

#[cfg(test)]
mod tests;
