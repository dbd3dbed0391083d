//! Everybody whom a directory knows, as of one moment.
//!
//! In: persons and groups, from a file or from LDAP, who may contradict each other (a manager who is nobody, a group of
//! strangers, a deputy of oneself). Out: [`People`], in which a person is found by any of their addresses and whatever
//! is asked has an answer, if need be an empty one. Deliberately absent: where they come from (`file`, `ldap`), who is
//! asked to decide (`route`), the clock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{language::Language, mail::Address};

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Where they are written to.
    pub address: Address,
    /// Other addresses of the same person; from none of them do they count as somebody else.
    pub aliases: Vec<Address>,
    /// As people write it.
    pub name: Option<String>,
    /// In which they are told things; the organisation's if not said.
    pub language: Option<Language>,
    /// To whom they report.
    pub manager: Option<Address>,
    /// Who decides in their place while they are away, in this order.
    pub deputies: Vec<Address>,
    /// When they are away.
    pub absences: Vec<Absence>,
    /// What they may do beside what everybody may.
    pub roles: BTreeSet<Role>,
}

/// From one day to another, both included, in the organisation's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// The first day away.
    pub from: Date,
    /// The last day away.
    pub until: Date,
}

/// What a person may do. Everybody is a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Is asked when policy wants a second person and names nobody.
    Approver,
    /// Releases held mail, sees every held mail, is told what goes wrong.
    Security,
    /// Sees every held mail and the journal, decides nothing.
    Auditor,
    /// Manages people, rules and settings; decides nothing by it.
    Administrator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Approver, Self::Security, Self::Auditor, Self::Administrator];

    /// The word for it in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::Security => "security",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }
}

/// Everybody, with their groups. Found by address in whatever case and with or without `+tag`.
#[derive(Debug, Clone, Default)]
pub struct People {
    persons: Vec<Person>,
    groups: BTreeMap<String, Vec<Address>>,
    by_mailbox: HashMap<String, usize>,
    as_of: Option<Timestamp>,
    /// The smallest group of each mailbox that is in one; found out when somebody asks.
    departments: OnceLock<HashMap<String, String>>,
}

impl Absence {
    /// Whether `day` is one of its days.
    pub fn contains(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

impl Person {
    /// Somebody of whom only the address is known.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            aliases: Vec::new(),
            name: None,
            language: None,
            manager: None,
            deputies: Vec::new(),
            absences: Vec::new(),
            roles: BTreeSet::new(),
        }
    }

    /// Whether they are away on `day`.
    pub fn is_away(&self, day: Date) -> bool {
        self.absences.iter().any(|absence| absence.contains(day))
    }

    /// All their addresses, the main one first.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.address).chain(&self.aliases)
    }

    /// This person and `other`, who are one after all; where they contradict each other, this one is right.
    #[must_use]
    pub(super) fn joined(mut self, other: Self) -> Self {
        add(&mut self.aliases, std::iter::once(other.address).chain(other.aliases));
        self.aliases.retain(|alias| !alias.same_mailbox(&self.address));
        add(&mut self.deputies, other.deputies);
        let more: Vec<Absence> =
            other.absences.into_iter().filter(|absence| !self.absences.contains(absence)).collect();
        self.absences.extend(more);
        self.roles.extend(other.roles);
        self.name = self.name.or(other.name);
        self.language = self.language.or(other.language);
        self.manager = self.manager.or(other.manager);
        self
    }

    /// The same after somebody who knows better said `over`.
    fn told(self, over: &Self) -> Self {
        let deputies = if over.deputies.is_empty() { self.deputies.clone() } else { over.deputies.clone() };
        let address = self.address.clone();
        let joined = over.clone().joined(self);
        let aliases = joined.addresses().filter(|alias| !alias.same_mailbox(&address)).cloned().collect();
        Self { address, aliases, deputies, ..joined }
    }
}

/// Adds addresses to a list, each mailbox once.
fn add(list: &mut Vec<Address>, more: impl IntoIterator<Item = Address>) {
    let mut known: BTreeSet<String> = list.iter().map(Address::canonical).collect();
    list.extend(more.into_iter().filter(|address| known.insert(address.canonical())));
}

impl People {
    /// `persons`, and `groups` by name with their members. Where two persons claim one address, it is whose main one it
    /// is, and else the first's: an alias takes nobody's place.
    pub fn new(persons: Vec<Person>, groups: BTreeMap<String, Vec<Address>>) -> Self {
        let mut by_mailbox = HashMap::with_capacity(persons.len());
        for (at, person) in persons.iter().enumerate() {
            by_mailbox.entry(mailbox(&person.address)).or_insert(at);
        }
        for (at, person) in persons.iter().enumerate() {
            for address in &person.aliases {
                by_mailbox.entry(mailbox(address)).or_insert(at);
            }
        }
        let groups = groups.into_iter().map(|(name, members)| (name.to_lowercase(), members)).collect();
        Self { persons, groups, by_mailbox, as_of: None, departments: OnceLock::new() }
    }

    /// The same, known to have been true at `at`.
    #[must_use]
    pub fn as_of(self, at: Timestamp) -> Self {
        Self { as_of: Some(at), ..self }
    }

    /// When this was last known to be true; `None` for a file, which is true as long as it stands.
    pub fn known_at(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// The same with what `over` says beside it. Persons who share an address are one: a name, language, manager or
    /// deputies that `over` tells take the place of what was known, everything else is added. So are groups.
    #[must_use]
    pub fn with(&self, over: &Self) -> Self {
        let mut persons: Vec<Option<Person>> = self.persons.iter().cloned().map(Some).collect();
        let mut more = Vec::new();
        for person in &over.persons {
            let places: BTreeSet<usize> =
                person.addresses().filter_map(|address| self.by_mailbox.get(&mailbox(address)).copied()).collect();
            let known = places.into_iter().filter_map(|at| persons.get_mut(at).and_then(Option::take));
            let known = known.reduce(Person::joined);
            match known {
                Some(known) => more.push(known.told(person)),
                None => more.push(person.clone()),
            }
        }
        let persons = persons.into_iter().flatten().chain(more).collect();
        let mut groups = self.groups.clone();
        for (name, members) in &over.groups {
            add(groups.entry(name.clone()).or_default(), members.iter().cloned());
        }
        Self { as_of: self.as_of, ..Self::new(persons, groups) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.persons.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// All of them.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.persons.iter()
    }

    /// The groups with their members.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &[Address])> {
        self.groups.iter().map(|(name, members)| (name.as_str(), members.as_slice()))
    }

    /// Whose address this is.
    pub fn person(&self, address: &Address) -> Option<&Person> {
        self.by_mailbox.get(&mailbox(address)).and_then(|&at| self.persons.get(at))
    }

    /// In which department somebody is: of their groups the one with the fewest members, for a section says more than the
    /// whole company. Of two that are equally small, the first by name.
    pub fn department(&self, address: &Address) -> Option<&str> {
        let departments = self.departments.get_or_init(|| {
            let mut groups: Vec<(&str, &[Address])> = self.groups().collect();
            groups.sort_by_key(|(name, members)| (members.len(), *name));
            let mut departments = HashMap::new();
            for (name, members) in groups {
                members.iter().for_each(|member| {
                    departments.entry(mailbox(member)).or_insert_with(|| name.to_owned());
                });
            }
            departments
        });
        let of = |address: &Address| departments.get(&mailbox(address)).map(String::as_str);
        of(address).or_else(|| self.person(address)?.addresses().find_map(of))
    }

    /// The members of a group; nobody if there is no such group.
    pub fn group(&self, name: &str) -> &[Address] {
        self.groups.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// To whom the person with this address reports; never they themselves.
    pub fn manager_of(&self, address: &Address) -> Option<&Address> {
        let manager = self.person(address)?.manager.as_ref()?;
        (!self.same(address, manager)).then_some(manager)
    }

    /// Everybody with a role.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Address> {
        self.persons.iter().filter(move |person| person.roles.contains(&role)).map(|person| &person.address)
    }

    /// Whether `address` has a role: that of the person with whom this very address is written down, for a role grants.
    pub fn has_role(&self, address: &Address, role: Role) -> bool {
        self.owner(address).is_some_and(|person| person.roles.contains(&role))
    }

    /// Whether two addresses are one person's for certain: one mailbox, or both written down as theirs. This one grants
    /// what a person may do, so that a like spelling proves nothing; [`People::same`] forbids.
    pub fn is_one(&self, one: &Address, other: &Address) -> bool {
        one.same_mailbox(other)
            || self
                .owner(one)
                .zip(self.owner(other))
                .is_some_and(|(one, other)| one.address.same_mailbox(&other.address))
    }

    /// Every address of the person with this one, which is the first.
    pub fn addresses_of(&self, address: &Address) -> Vec<Address> {
        let others = self.owner(address).into_iter().flat_map(Person::addresses);
        let mut all = vec![address.clone()];
        add(&mut all, others.filter(|other| self.is_one(address, other)).cloned());
        all
    }

    /// The person with whom this very address is written down. What grants something goes by this, and not by
    /// [`People::person`], who is found by a like spelling as well.
    pub fn owner(&self, address: &Address) -> Option<&Person> {
        self.person(address).filter(|person| person.addresses().any(|own| own.same_mailbox(address)))
    }

    /// Whether two addresses may be one person: by how they are spelt, or because the directory says so.
    pub fn same(&self, one: &Address, other: &Address) -> bool {
        let place = |address: &Address| self.by_mailbox.get(&mailbox(address));
        one.may_be_same_person(other) || place(one).is_some_and(|at| place(other) == Some(at))
    }
}

/// By what a mailbox is found: lower case, without `+tag`.
pub(super) fn mailbox(address: &Address) -> String {
    let canonical = address.canonical();
    match (canonical.split_once('+'), canonical.rsplit_once('@')) {
        (Some((local, _)), Some((_, domain))) if !local.is_empty() && !local.contains('@') => {
            format!("{local}@{domain}")
        }
        _ => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn people() -> People {
        let mut taro = Person::new(address("taro@a.jp"));
        taro.aliases = vec![address("yamada@a.jp")];
        taro.manager = Some(address("Hanako@a.jp"));
        let mut hanako = Person::new(address("hanako@a.jp"));
        hanako.manager = Some(address("hanako+x@a.jp"));
        hanako.absences = vec![Absence { from: "2026-12-29".parse().unwrap(), until: "2027-01-03".parse().unwrap() }];
        hanako.roles = BTreeSet::from([Role::Security]);
        let groups = BTreeMap::from([("Legal".to_owned(), vec![address("hanako@a.jp"), address("stranger@a.jp")])]);
        People::new(vec![taro, hanako], groups)
    }

    #[test]
    fn a_department_is_the_smallest_group_by_whatever_address() {
        let known = people();
        let everybody = ["taro@a.jp", "hanako@a.jp", "stranger@a.jp"].map(address).to_vec();
        let known = known.with(&People::new(Vec::new(), BTreeMap::from([("all".to_owned(), everybody)])));
        for (who, department) in [
            ("Hanako+x@a.jp", Some("legal")),
            ("stranger@a.jp", Some("legal")),
            ("yamada@a.jp", Some("all")),
            ("nobody@a.jp", None),
        ] {
            assert_eq!(known.department(&address(who)), department, "{who}");
        }
    }

    #[test]
    fn a_person_is_found_by_every_spelling_of_every_address() {
        let people = people();
        for spelling in ["TARO@a.jp", "taro+sales@a.jp", "yamada@A.JP", "Yamada+1@a.jp"] {
            assert_eq!(people.person(&address(spelling)).unwrap().address, address("taro@a.jp"), "{spelling}");
        }
        assert!(people.person(&address("tar@a.jp")).is_none());
        assert!(people.same(&address("yamada@a.jp"), &address("taro@a.jp")));
        assert!(!people.same(&address("hanako@a.jp"), &address("taro@a.jp")));
        assert!(!people.same(&address("x@a.jp"), &address("y@a.jp")), "two strangers are two");
    }

    #[test]
    fn only_what_is_written_down_grants_anything() {
        let people = people();
        assert!(people.is_one(&address("Yamada@a.jp"), &address("TARO@a.jp")));
        assert!(people.is_one(&address("x@a.jp"), &address("X@a.jp")), "one mailbox, whoever's it is");
        assert_eq!(people.addresses_of(&address("yamada@a.jp")), [address("yamada@a.jp"), address("taro@a.jp")]);
        assert_eq!(people.addresses_of(&address("taro+x@a.jp")), [address("taro+x@a.jp")]);
        for (one, other) in [
            ("taro@a.jp", "taro+sales@a.jp"),
            ("yamada+1@a.jp", "taro@a.jp"),
            ("taro@a.jp", "hanako@a.jp"),
            ("x@a.jp", "y@a.jp"),
        ] {
            assert!(!people.is_one(&address(one), &address(other)), "{one} {other}");
        }
        for (who, has) in [("Hanako@a.jp", true), ("hanako+x@a.jp", false), ("taro@a.jp", false)] {
            assert_eq!(people.has_role(&address(who), Role::Security), has, "{who}");
        }
        // Whose main address it is, it is: an alias takes nobody's place.
        let mut thief = Person::new(address("thief@a.jp"));
        thief.aliases = vec![address("boss@a.jp")];
        let people = People::new(vec![thief, Person::new(address("boss@a.jp"))], BTreeMap::new());
        assert!(!people.is_one(&address("thief@a.jp"), &address("boss@a.jp")));
    }

    #[test]
    fn nobody_is_their_own_manager() {
        let people = people();
        assert_eq!(people.manager_of(&address("yamada@a.jp")), Some(&address("Hanako@a.jp")));
        assert_eq!(people.manager_of(&address("hanako@a.jp")), None);
        assert_eq!(people.manager_of(&address("stranger@a.jp")), None);
    }

    #[test]
    fn absences_include_their_first_and_last_day() {
        let people = people();
        let hanako = people.person(&address("hanako@a.jp")).unwrap();
        let away = |day: &str| hanako.is_away(day.parse().unwrap());
        assert_eq!(
            [away("2026-12-28"), away("2026-12-29"), away("2027-01-03"), away("2027-01-04")],
            [false, true, true, false]
        );
    }

    #[test]
    fn an_alias_takes_nobodys_place() {
        let mut taro = Person::new(address("taro@a.jp"));
        taro.aliases = vec![address("hanako@a.jp"), address("both@a.jp")];
        let mut hanako = Person::new(address("hanako@a.jp"));
        hanako.aliases = vec![address("both@a.jp")];
        let people = People::new(vec![taro, hanako], BTreeMap::new());
        assert_eq!(people.person(&address("hanako@a.jp")).unwrap().address, address("hanako@a.jp"));
        assert_eq!(people.person(&address("both@a.jp")).unwrap().address, address("taro@a.jp"));
    }

    #[test]
    fn who_knows_better_adds_and_overrides() {
        let known = people().as_of(Timestamp::UNIX_EPOCH);
        let mut taro = Person::new(address("Yamada@a.jp"));
        taro.aliases = vec![address("old@a.jp")];
        taro.manager = Some(address("boss@a.jp"));
        taro.deputies = vec![address("jiro@a.jp")];
        taro.roles = BTreeSet::from([Role::Auditor]);
        let mut hanako = Person::new(address("hanako@a.jp"));
        hanako.absences = vec![Absence { from: "2026-05-01".parse().unwrap(), until: "2026-05-02".parse().unwrap() }];
        let groups = BTreeMap::from([
            ("legal".to_owned(), vec![address("HANAKO@a.jp"), address("jiro@a.jp")]),
            ("new".to_owned(), vec![address("taro@a.jp")]),
        ]);
        let people = known.with(&People::new(vec![taro, hanako, Person::new(address("jiro@a.jp"))], groups));

        assert_eq!((people.len(), people.known_at()), (3, Some(Timestamp::UNIX_EPOCH)));
        let taro = people.person(&address("old@a.jp")).unwrap();
        assert_eq!(taro.address, address("taro@a.jp"), "the address of the directory stays the main one");
        assert_eq!((taro.aliases.len(), &taro.manager), (2, &Some(address("boss@a.jp"))));
        assert_eq!((&taro.deputies[..], taro.roles.len()), (&[address("jiro@a.jp")][..], 1));
        let hanako = people.person(&address("hanako@a.jp")).unwrap();
        assert_eq!((hanako.absences.len(), hanako.roles.contains(&Role::Security)), (2, true));
        assert_eq!((people.group("legal").len(), people.group("new").len()), (3, 1));
    }

    #[test]
    fn who_knows_better_can_say_that_two_are_one() {
        let mut taro = Person::new(address("taro@a.jp"));
        taro.aliases = vec![address("hanako@a.jp")];
        let people = people().with(&People::new(vec![taro], BTreeMap::new()));
        assert_eq!(people.len(), 1);
        assert!(people.same(&address("yamada@a.jp"), &address("hanako@a.jp")));
        assert!(people.has_role(&address("taro@a.jp"), Role::Security));
    }

    #[test]
    fn groups_and_roles_are_found_and_an_unknown_group_is_empty() {
        let people = people();
        assert_eq!(people.group("legal").len(), 2);
        assert!(people.group("sales").is_empty());
        assert_eq!(people.with_role(Role::Security).collect::<Vec<_>>(), [&address("hanako@a.jp")]);
        assert!(!people.has_role(&address("taro@a.jp"), Role::Security));
    }
}
