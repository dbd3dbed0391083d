//! What a good configuration lacks for its rules to ask whom they name.
//!
//! In: everything that is loaded. Out: warnings, each a line with its place and how to mend it. Such a rule does its work all
//! the same: the security team decides in the place of those who are not found, and the sender is told; but that is hardly
//! what whoever wrote it meant. Deliberately absent: whom a directory server knows; it is not asked here.

use std::collections::BTreeSet;

use super::{Loaded, load::in_directory};
use crate::{
    directory,
    inspect::RuleError,
    policy::{Approver, Policies},
    written,
};

impl Loaded {
    /// What is to be told at the start, by `sekisho config check` and after a reload.
    pub fn warnings(&self) -> Vec<String> {
        let settings = &self.config.directory;
        let lacking = lacking(&self.policies, settings, &self.people.people);
        let mut warnings: Vec<String> = lacking.iter().map(|lack| in_directory(&self.config, lack)).collect();
        if self.config.store.may_be_overheard() {
            let server = self.config.store.server().unwrap_or_default();
            warnings.push(format!(
                "[store] {server} is another machine, and nobody proves that it is the right one; add \
                 ?sslmode=verify-full&sslrootcert=FILE to the url"
            ));
        }
        warnings
    }
}

fn lacking(policies: &Policies, settings: &directory::Settings, people: &directory::People) -> Vec<RuleError> {
    // A server may know what the file does not.
    if settings.ldap.is_some() {
        return Vec::new();
    }
    let mut told = BTreeSet::new();
    let mut lacking = Vec::new();
    for (rule, place, approver) in policies.approvers() {
        let (whom, lack) = match (approver, settings.file.as_ref()) {
            (Approver::Security | Approver::Person(_), _) => continue,
            (Approver::Manager, None) => ("the sender's manager".to_owned(), NO_DIRECTORY.to_owned()),
            (Approver::Group(name), None) => (format!("the group `{name}`"), NO_DIRECTORY.to_owned()),
            (Approver::Manager, Some(file)) if people.persons().all(|person| person.manager.is_none()) => {
                let file = file.display();
                let lack = format!("nobody in {file} has a manager; write manager = \"…\" for people there");
                ("the sender's manager".to_owned(), lack)
            }
            (Approver::Group(name), Some(file)) if people.group(name).is_empty() => {
                let near = written::did_you_mean(name, people.groups().map(|(name, _)| name));
                let file = file.display();
                let lack = format!("{file} has nobody in it{near}; add it there, or name another");
                (format!("the group `{name}`"), lack)
            }
            (Approver::Manager | Approver::Group(_), Some(_)) => continue,
        };
        // A rule may name the same people on several levels.
        if told.insert((place, whom.clone())) {
            let message =
                format!("rule `{rule}` asks {whom}, but {lack}; until then the security team decides instead");
            lacking.push(RuleError { file: place.to_owned(), message });
        }
    }
    lacking
}

const NO_DIRECTORY: &str =
    "there is no [directory]; name a file or a server with people under [directory], or others in the rule";

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::PathBuf};

    use super::*;
    use crate::{
        directory::{People, Person, ldap},
        inspect::RuleSource,
        mail::Address,
    };

    const RULES: &str = r#"
[[policy]]
id = "asks"
action = "require_approval"
title = { ja = "a", en = "a" }
when = { direction = "external" }
approvers = ["manager", "someone@example.co.jp"]
then = [["group:legal"], { approvers = ["group:Legal", "security"], approvals = 2 }]
escalate = { after = "1h", to = ["group:board"] }
must_match = [{ what = "a" }]
must_not_match = [{ what = "b", direction = "internal" }]
"#;

    fn policies() -> Policies {
        let source = RuleSource { name: "policies/own.toml".to_owned(), text: RULES.to_owned() };
        Policies::compile(&[source], crate::policy::Settings::default()).unwrap()
    }

    fn told(settings: &directory::Settings, people: &People) -> Vec<String> {
        lacking(&policies(), settings, people).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_rule_that_asks_a_directory_which_is_not_there_is_told_with_how_to_mend_it() {
        let told = told(&directory::Settings::default(), &People::default());
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].starts_with("policies/own.toml:2:1: rule `asks` asks the sender's manager, but there is no"));
        assert!(told.iter().all(|line| line.contains("under [directory]")) && told[3].contains("`board`"), "{told:?}");
    }

    #[test]
    fn a_file_that_lacks_the_group_or_any_manager_is_named_and_a_server_may_know_more() {
        let file = directory::Settings { file: Some(PathBuf::from("people.toml")), ldap: None };
        let person = |name: &str| Person::new(Address::parse(name).unwrap());
        let legal = BTreeMap::from([("legal".to_owned(), vec![Address::parse("a@a.jp").unwrap()])]);
        let people = People::new(vec![person("a@a.jp")], legal.clone());
        let said = told(&file, &people);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("nobody in people.toml has a manager") && said[1].contains("`board`"), "{said:?}");
        let mut taro = person("taro@a.jp");
        taro.manager = Some(Address::parse("a@a.jp").unwrap());
        let mut groups = legal;
        groups.insert("board".to_owned(), vec![taro.address.clone()]);
        assert!(told(&file, &People::new(vec![taro], groups)).is_empty());
        let server = ldap::Settings::new(vec!["ldap://127.0.0.1:1".parse().unwrap()], "dc=jp".to_owned());
        let server = directory::Settings { file: None, ldap: Some(server) };
        assert!(told(&server, &People::default()).is_empty());
    }
}
