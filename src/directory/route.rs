//! Whom a route reaches: who is asked about a mail on one level, and who else may decide there.
//!
//! In: the approvers that policy names, the people of the directory, the lists of `[approval]`, the mail's sender and
//! authors, who has said yes on an earlier level, and the day. Out: a [`Panel`]. Nobody who sent or wrote the mail is on
//! it, under whatever address; one person is on it once. Whoever is away is replaced by the first deputy who is there,
//! and may still decide. Where a route finds nobody, or too few, the security team fills it up, and the panel says so.
//! Deliberately absent: mails about it, and what a decision does (`hold`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{People, Role};
use crate::{
    mail::Address,
    policy::{Action, Approver, Level},
};

/// How many managers of managers are tried when one is the sender.
const FARTHEST: usize = 8;

/// The lists of `[approval]`.
#[derive(Debug, Clone, Copy)]
pub struct Rosters<'a> {
    /// The team that releases held mail.
    pub security: &'a [Address],
    /// Who approves when policy names nobody.
    pub approvers: &'a [Address],
}

/// The mail about which somebody must decide.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What policy decided.
    pub action: Action,
    /// The envelope sender; `None` for the null reverse path.
    pub sender: Option<&'a Address>,
    /// Everybody who says to have written or sent it.
    pub authors: &'a [Address],
    /// Who has said yes already, on this level or an earlier one.
    pub heard: &'a [Address],
    /// Today, in the organisation's time zone.
    pub today: Date,
}

/// One person who was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Asked {
    /// Who.
    pub person: Address,
    /// On which level, the first being 0.
    pub level: u8,
    /// In whose place, if that person is away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Address>,
}

/// As it is kept; versions without levels kept only the address.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Address(Address),
    Asked { person: Address, level: u8, instead_of: Option<Address> },
}

impl From<Written> for Asked {
    fn from(written: Written) -> Self {
        match written {
            Written::Address(person) => Self { person, level: 0, instead_of: None },
            Written::Asked { person, level, instead_of } => Self { person, level, instead_of },
        }
    }
}

/// Who decides on one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Panel {
    /// Who is asked, in order, and in whose place.
    pub asked: Vec<(Address, Option<Address>)>,
    /// Who may decide: those asked, and those who are away.
    pub may: Vec<Address>,
    /// Whether the security team stands in because the route found nobody, or too few.
    pub filled_up: bool,
}

/// Who decides about `question` on `level` of its route.
pub fn panel(people: &People, rosters: Rosters<'_>, level: &Level, question: &Question<'_>) -> Panel {
    let route = Route { people, rosters, question };
    let mut panel = Panel::default();
    if !matches!(question.action, Action::Hold | Action::RequireApproval) {
        return panel;
    }
    for person in route.wanted(&level.approvers) {
        route.seat(&person, &mut panel);
    }
    // A mail with the null reverse path has nobody to answer for it, and its deciders are the security team anyway.
    if panel.asked.len() < usize::from(level.approvals) {
        let before = panel.may.len();
        for person in route.security() {
            route.seat(&person, &mut panel);
        }
        panel.filled_up = panel.may.len() > before || panel.asked.is_empty();
    }
    panel
}

struct Route<'a> {
    people: &'a People,
    rosters: Rosters<'a>,
    question: &'a Question<'a>,
}

impl Route<'_> {
    /// Everybody whom `approvers` mean, in order, whether they may decide or not.
    fn wanted(&self, approvers: &[Approver]) -> Vec<Address> {
        let Some(sender) = self.question.sender else { return self.security() };
        if approvers.is_empty() {
            return match self.question.action {
                Action::RequireApproval => {
                    let usual = self.rosters.approvers.iter().chain(self.people.with_role(Role::Approver));
                    usual.cloned().collect()
                }
                _ => self.security(),
            };
        }
        approvers
            .iter()
            .flat_map(|approver| match approver {
                Approver::Security => self.security(),
                Approver::Manager => self.manager(sender).into_iter().collect(),
                Approver::Group(name) => self.people.group(name).to_vec(),
                Approver::Person(person) => vec![person.clone()],
            })
            .collect()
    }

    fn security(&self) -> Vec<Address> {
        self.rosters.security.iter().chain(self.people.with_role(Role::Security)).cloned().collect()
    }

    /// The first person up the line who is not the sender; directories lie, and some lines are loops.
    fn manager(&self, sender: &Address) -> Option<Address> {
        let mut person = sender;
        for _ in 0..FARTHEST {
            person = self.people.manager_of(person)?;
            if !self.is_own(person) {
                return Some(person.clone());
            }
        }
        None
    }

    /// Whether they may have had a hand in the mail.
    fn is_own(&self, person: &Address) -> bool {
        let mut own = self.question.sender.into_iter().chain(self.question.authors);
        own.any(|own| self.people.same(own, person))
    }

    fn is_excluded(&self, person: &Address) -> bool {
        self.is_own(person) || self.question.heard.iter().any(|heard| self.people.same(heard, person))
    }

    fn is_seated(&self, person: &Address, seats: &[Address]) -> bool {
        seats.iter().any(|known| self.people.same(known, person))
    }

    /// Gives `person` a seat, or a deputy one; whoever is away keeps theirs beside the deputy's.
    fn seat(&self, person: &Address, panel: &mut Panel) {
        if self.is_excluded(person) || self.is_seated(person, &panel.may) {
            return;
        }
        panel.may.push(person.clone());
        let away =
            |address: &Address| self.people.person(address).is_some_and(|known| known.is_away(self.question.today));
        if !away(person) {
            return panel.asked.push((person.clone(), None));
        }
        let deputies = self.people.person(person).map(|known| known.deputies.as_slice()).unwrap_or_default();
        let there = |deputy: &&Address| !away(deputy) && !self.is_excluded(deputy);
        match deputies.iter().find(there) {
            Some(deputy) if self.is_seated(deputy, &panel.may) => {}
            Some(deputy) => {
                panel.may.push(deputy.clone());
                panel.asked.push((deputy.clone(), Some(person.clone())));
            }
            // Better somebody who is away than nobody.
            None => panel.asked.push((person.clone(), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::directory::{Absence, Person};

    const TODAY: &str = "2026-11-30";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn list(addresses: &[&str]) -> Vec<Address> {
        addresses.iter().map(|text| address(text)).collect()
    }

    fn person(name: &str, manager: &str) -> Person {
        let manager = (!manager.is_empty()).then(|| address(&format!("{manager}@a.jp")));
        Person { manager, ..Person::new(address(&format!("{name}@a.jp"))) }
    }

    /// taro → hanako → boss → boss; ring1 → ring2 → ring1; away is away with deputies.
    fn people() -> People {
        let today = TODAY.parse().unwrap();
        let away = |mut person: Person, deputies: &[&str]| {
            person.absences = vec![Absence { from: today, until: today }];
            person.deputies = list(deputies);
            person
        };
        let mut taro = person("taro", "hanako");
        taro.aliases = list(&["t.yamada@a.jp"]);
        let persons = vec![
            taro,
            person("hanako", "boss"),
            person("boss", "boss"),
            person("ring1", "ring2"),
            person("ring2", "ring1"),
            person("orphan", "nobody"),
            person("absent-report", "absent"),
            away(person("absent", "boss"), &["alsoaway@a.jp", "taro@a.jp", "deputy@a.jp"]),
            away(person("alsoaway", "boss"), &[]),
            person("deputy", "boss"),
        ];
        let legal = list(&["lawyer@a.jp", "t.yamada@a.jp", "absent@a.jp", "LAWYER@a.jp"]);
        People::new(persons, BTreeMap::from([("legal".to_owned(), legal), ("empty".to_owned(), Vec::new())]))
    }

    fn ask(route: &[&str], approvals: u8, sender: &str, heard: &[&str]) -> (Vec<String>, bool) {
        let security = list(&["sec@a.jp", "taro@a.jp"]);
        let approvers = list(&["boss@a.jp"]);
        let rosters = Rosters { security: &security, approvers: &approvers };
        let route = route.iter().map(|name| Approver::try_from((*name).to_owned()).unwrap()).collect();
        let (sender, heard) = (address(sender), list(heard));
        let question = Question {
            action: Action::RequireApproval,
            sender: Some(&sender),
            authors: &[],
            heard: &heard,
            today: TODAY.parse().unwrap(),
        };
        let panel = panel(&people(), rosters, &Level { approvers: route, approvals }, &question);
        let say = |(person, instead): (Address, Option<Address>)| match instead {
            Some(instead) => format!("{} for {}", person.local(), instead.local()),
            None => person.local().to_owned(),
        };
        (panel.asked.into_iter().map(say).collect(), panel.filled_up)
    }

    #[test]
    fn a_manager_is_found_up_the_line_and_a_line_that_leads_nowhere_ends_at_the_security_team() {
        assert_eq!(ask(&["manager"], 1, "taro@a.jp", &[]), (vec!["hanako".to_owned()], false));
        assert_eq!(ask(&["manager"], 1, "T.Yamada@a.jp", &[]).0, ["hanako"], "by any of their addresses");
        for (sender, why) in [
            ("boss@a.jp", "their own manager"),
            ("stranger@a.jp", "not in the directory"),
            ("hanako+x@a.jp", "has one"),
            ("ring1@a.jp", "a loop of two: the other one is no stranger"),
        ] {
            let (asked, filled_up) = ask(&["manager"], 1, sender, &[]);
            match sender {
                "hanako+x@a.jp" => assert_eq!((asked, filled_up), (vec!["boss".to_owned()], false), "{why}"),
                "ring1@a.jp" => assert_eq!((asked, filled_up), (vec!["ring2".to_owned()], false), "{why}"),
                _ => assert_eq!((asked, filled_up), (vec!["sec".to_owned(), "taro".to_owned()], true), "{why}"),
            }
        }
        assert_eq!(ask(&["manager"], 1, "orphan@a.jp", &[]).0, ["nobody"], "an address is an address");
    }

    #[test]
    fn who_is_away_is_replaced_by_the_first_deputy_who_is_there_and_may_decide() {
        assert_eq!(ask(&["manager"], 1, "absent-report@a.jp", &[]).0, ["taro for absent"]);
        assert_eq!(ask(&["absent@a.jp"], 1, "taro@a.jp", &[]).0, ["deputy for absent"], "never the sender");
        assert_eq!(ask(&["alsoaway@a.jp"], 1, "taro@a.jp", &[]).0, ["alsoaway"], "without a deputy, they themselves");
        assert_eq!(ask(&["deputy@a.jp", "absent@a.jp"], 1, "taro@a.jp", &[]).0, ["deputy"], "one person once");
    }

    #[test]
    fn whoever_has_said_yes_or_sent_it_is_not_asked_again() {
        let (asked, filled_up) = ask(&["group:legal"], 1, "taro@a.jp", &[]);
        assert_eq!((asked, filled_up), (vec!["lawyer".to_owned(), "deputy for absent".to_owned()], false));
        assert_eq!(ask(&["group:legal"], 1, "taro@a.jp", &["lawyer+x@a.jp"]).0, ["deputy for absent"]);
        assert_eq!(ask(&["boss@a.jp"], 1, "taro@a.jp", &["boss@a.jp"]), (vec!["sec".to_owned()], true));
    }

    #[test]
    fn too_few_are_filled_up_with_the_security_team() {
        assert_eq!(ask(&["boss@a.jp"], 2, "taro@a.jp", &[]), (vec!["boss".to_owned(), "sec".to_owned()], true));
        assert_eq!(ask(&["group:empty"], 1, "taro@a.jp", &[]), (vec!["sec".to_owned()], true));
        assert_eq!(ask(&["group:none"], 1, "taro@a.jp", &["sec@a.jp"]), (vec![], true), "nobody is left");
        assert_eq!(ask(&[], 1, "taro@a.jp", &[]), (vec!["boss".to_owned()], false), "the usual approvers");
        assert_eq!(ask(&[], 1, "boss@a.jp", &[]).0, ["sec", "taro"]);
    }

    #[test]
    fn the_null_sender_and_what_nobody_decides_about() {
        let security = list(&["sec@a.jp"]);
        let rosters = Rosters { security: &security, approvers: &[] };
        let people = people();
        let today = TODAY.parse().unwrap();
        let mut question = Question { action: Action::RequireApproval, sender: None, authors: &[], heard: &[], today };
        let level = Level { approvers: vec![Approver::Manager], approvals: 1 };
        assert_eq!(panel(&people, rosters, &level, &question).may, security);
        question.action = Action::Delay;
        assert_eq!(panel(&people, rosters, &level, &question), Panel::default());
        question.action = Action::Hold;
        question.authors = &security;
        assert!(panel(&people, rosters, &level, &question).may.is_empty());
    }

    #[test]
    fn what_older_versions_kept_is_read() {
        let asked: Vec<Asked> =
            serde_json::from_str(r#"["a@b.jp",{"person":"c@d.jp","level":1,"instead_of":"e@f.jp"}]"#).unwrap();
        assert_eq!((asked[0].level, asked[1].level), (0, 1));
        assert_eq!(serde_json::to_string(&asked[0]).unwrap(), r#"{"person":"a@b.jp","level":0}"#);
    }
}
