//! The people of a file: people.toml.
//!
//! In: the file's text. Out: [`Written`], the people with what is odd about them, or everything that is wrong, with line
//! and column. Wrong is what cannot be understood or has two meanings: an unknown key, role or language, no address, two
//! persons with one address, a day that is none. Odd is what can be lived with, since another source may know better and
//! whoever asks has an answer all the same: a manager or deputy who is nobody here, a circle of managers, a deputy of
//! oneself, a group that is defined nowhere. Deliberately absent: reading the file (`config`), and the clock.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::people::{Absence, People, Person, Role, mailbox};
use crate::{language::Language, mail::Address, written};

/// The people of a file.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Everybody in it.
    pub people: People,
    odd: Vec<Odd>,
}

impl From<People> for Written {
    /// People about whom there is nothing odd.
    fn from(people: People) -> Self {
        Self { people, odd: Vec::new() }
    }
}

/// What is wrong with people.toml, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct FileError {
    /// `file:line:column`.
    pub place: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// What can be lived with.
#[derive(Debug, Clone)]
struct Odd {
    at: FileError,
    /// What is not odd if another source knows it.
    unless: Option<Unless>,
}

#[derive(Debug, Clone)]
enum Unless {
    Person(Address),
    Group(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    person: Vec<RawPerson>,
    #[serde(default)]
    group: Vec<RawGroup>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPerson {
    address: Spanned<String>,
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    name: Option<Spanned<String>>,
    language: Option<Language>,
    manager: Option<Spanned<String>>,
    #[serde(default)]
    deputies: Vec<Spanned<String>>,
    #[serde(default)]
    absent: Vec<Spanned<RawAbsence>>,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
    #[serde(default)]
    roles: BTreeSet<Role>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAbsence {
    from: Spanned<toml::Value>,
    until: Spanned<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    name: Spanned<String>,
    #[serde(default)]
    members: Vec<Spanned<String>>,
}

impl Written {
    /// Reads people.toml; `name` is what errors call the file.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<FileError>> {
        let place = |offset, message| FileError { place: written::place(name, text, offset), message };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            vec![place(error.span().map_or(0, |span| span.start), written::mended(error.message()))]
        })?;
        let mut reading = Reading::default();
        for person in raw.person {
            reading.person(person);
        }
        for group in raw.group {
            reading.group(group);
        }
        reading.strangers();
        reading.circles();
        reading.errors.sort_by_key(|(offset, _)| *offset);
        if !reading.errors.is_empty() {
            return Err(reading.errors.into_iter().map(|(offset, message)| place(offset, message)).collect());
        }
        reading.odd.sort_by_key(|(offset, ..)| *offset);
        let odd = reading.odd.into_iter();
        let odd = odd.map(|(offset, message, unless)| Odd { at: place(offset, message), unless }).collect();
        Ok(Self { people: People::new(reading.persons, reading.groups), odd })
    }

    /// What is odd but can be lived with; with `others` who are not asked, only what they cannot explain.
    pub fn odd(&self, others: bool) -> impl Iterator<Item = &FileError> {
        self.odd.iter().filter(move |odd| !others || odd.unless.is_none()).map(|odd| &odd.at)
    }

    /// What is odd but can be lived with, unless `others` know better.
    pub fn warnings<'a>(&'a self, others: &'a People) -> impl Iterator<Item = &'a FileError> {
        let known = move |unless: &Unless| match unless {
            Unless::Person(address) => others.person(address).is_some(),
            Unless::Group(name) => !others.group(name).is_empty(),
        };
        self.odd.iter().filter(move |odd| !odd.unless.as_ref().is_some_and(known)).map(|odd| &odd.at)
    }
}

#[derive(Default)]
struct Reading {
    persons: Vec<Person>,
    groups: BTreeMap<String, Vec<Address>>,
    members: HashSet<(String, String)>,
    defined: BTreeSet<String>,
    of_mailbox: HashMap<String, usize>,
    /// Where each person's manager is written.
    managers: Vec<usize>,
    /// Where somebody is named who should be known, and as what.
    named: Vec<(usize, &'static str, Address)>,
    /// Where a person names a group.
    joined: Vec<(usize, String)>,
    errors: Vec<(usize, String)>,
    odd: Vec<(usize, String, Option<Unless>)>,
}

impl Reading {
    fn person(&mut self, raw: RawPerson) {
        let Some(address) = self.address(&raw.address) else { return };
        let mut person = Person::new(address.clone());
        self.claim(&address, raw.address.span().start);
        for written in &raw.aliases {
            let Some(alias) = self.address(written) else { continue };
            self.claim(&alias, written.span().start);
            person.aliases.push(alias);
        }
        person.name = raw.name.and_then(|name| self.something(&name));
        person.language = raw.language;
        person.roles = raw.roles;
        let manager = raw.manager.as_ref();
        person.manager = manager.and_then(|written| self.other(&person, written, "manager"));
        person.deputies = raw.deputies.iter().filter_map(|written| self.other(&person, written, "deputy")).collect();
        person.absences = raw.absent.iter().filter_map(|absent| self.absence(absent)).collect();
        for written in &raw.groups {
            let Some(name) = self.something(written) else { continue };
            self.joined.push((written.span().start, name.clone()));
            self.join(&name, &address);
        }
        self.managers.push(manager.map_or(0, |manager| manager.span().start));
        self.persons.push(person);
    }

    fn group(&mut self, raw: RawGroup) {
        let Some(name) = self.something(&raw.name) else { return };
        if !self.defined.insert(name.to_lowercase()) {
            let message = format!("two groups are called `{name}`; join them, or give one another name");
            self.errors.push((raw.name.span().start, message));
            return;
        }
        self.groups.entry(name.to_lowercase()).or_default();
        for member in &raw.members {
            let Some(address) = self.address(member) else { continue };
            self.join(&name, &address);
            self.named.push((member.span().start, "member", address));
        }
    }

    fn address(&mut self, written: &Spanned<String>) -> Option<Address> {
        let text = written.get_ref();
        let address = Address::parse(text).map_err(|error| format!("`{text}` is no mail address; {error}"));
        address.map_err(|message| self.errors.push((written.span().start, message))).ok()
    }

    fn something(&mut self, written: &Spanned<String>) -> Option<String> {
        let text = written.get_ref().trim();
        if text.is_empty() || text.contains(char::is_control) {
            let message = "this says nothing that can be shown; write something, or leave it out".to_owned();
            self.errors.push((written.span().start, message));
            return None;
        }
        Some(text.to_owned())
    }

    /// The next person has this address, and nobody else may.
    fn claim(&mut self, address: &Address, at: usize) {
        let whose = *self.of_mailbox.entry(mailbox(address)).or_insert(self.persons.len());
        if let Some(other) = self.persons.get(whose) {
            let message = format!("`{address}` is {} as well; an address belongs to one person", other.address);
            self.errors.push((at, message));
        }
    }

    /// Somebody who should be known, and not `person`.
    fn other(&mut self, person: &Person, written: &Spanned<String>, what: &'static str) -> Option<Address> {
        let other = self.address(written)?;
        let at = written.span().start;
        if person.addresses().any(|own| own.may_be_same_person(&other)) {
            let message =
                format!("{} is their own {what}, which counts for nothing; name somebody else", person.address);
            self.odd.push((at, message, None));
            return None;
        }
        self.named.push((at, what, other.clone()));
        Some(other)
    }

    fn absence(&mut self, written: &Spanned<RawAbsence>) -> Option<Absence> {
        let (from, until) = (self.day(&written.get_ref().from), self.day(&written.get_ref().until));
        let (from, until) = (from?, until?);
        if until < from {
            let message = format!("an absence that ends ({until}) before it begins ({from}); exchange the days");
            self.errors.push((written.span().start, message));
            return None;
        }
        Some(Absence { from, until })
    }

    fn day(&mut self, written: &Spanned<toml::Value>) -> Option<Date> {
        let text = match written.get_ref() {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let day = text.parse().map_err(|_| format!("`{text}` is no day; write it as in \"2026-12-29\""));
        day.map_err(|message| self.errors.push((written.span().start, message))).ok()
    }

    fn join(&mut self, group: &str, address: &Address) {
        let group = group.to_lowercase();
        if self.members.insert((group.clone(), address.canonical())) {
            self.groups.entry(group).or_default().push(address.clone());
        }
    }

    /// Who is named and nobody, and which groups.
    fn strangers(&mut self) {
        for (at, what, address) in std::mem::take(&mut self.named) {
            if !self.of_mailbox.contains_key(&mailbox(&address)) {
                let message = format!("the {what} {address} is nobody known; add a [[person]], or mend the address");
                self.odd.push((at, message, Some(Unless::Person(address))));
            }
        }
        for (at, name) in std::mem::take(&mut self.joined) {
            if !self.defined.contains(&name.to_lowercase()) {
                let hint = written::did_you_mean(&name, self.defined.iter().map(String::as_str));
                let message = format!("no [[group]] is called `{name}`{hint}; add it, or mend the name");
                self.odd.push((at, message, Some(Unless::Group(name))));
            }
        }
    }

    /// Managers who in the end report to themselves, each circle once.
    fn circles(&mut self) {
        let manager = |at: usize| {
            let manager = self.persons.get(at)?.manager.as_ref()?;
            self.of_mailbox.get(&mailbox(manager)).copied()
        };
        // The number of the walk that came by.
        let mut passed = vec![0_usize; self.persons.len()];
        let mut found = Vec::new();
        for start in 0..self.persons.len() {
            let mut at = Some(start);
            while let Some(person) = at {
                match passed.get_mut(person) {
                    Some(walk) if *walk == 0 => *walk = start + 1,
                    Some(walk) if *walk == start + 1 => {
                        found.push(person);
                        break;
                    }
                    _ => break,
                }
                at = manager(person);
            }
        }
        for person in found {
            let (Some(who), Some(at)) = (self.persons.get(person), self.managers.get(person)) else { continue };
            let message = format!("{} reports to themselves in the end; mend one manager of the circle", who.address);
            self.odd.push((*at, message, None));
        }
    }
}

#[cfg(test)]
mod tests;
