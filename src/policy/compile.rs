//! Rule files → [`Policies`] → a [`Verdict`] for every mail.
//!
//! In: the shipped rule files and an organisation's own. Out: compiled policies that decide. An own rule with a shipped
//! id replaces the shipped one; `enabled = false` switches it off. Every file is checked before any rule is used: a
//! broken rule refuses the whole set, because a set with a hole lets mails out.
//! Deliberately absent: reading files (`config`), and detectors (`inspect::detect`).

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{
    Action, Group, Matched, Verdict,
    rule::{DEFAULT_ID, RawRule, Rule, names_it},
};
use crate::{
    inspect::{Inspection, RuleError, RuleSource},
    language::Text,
    recipients::Recipient,
    written,
};

/// The rules that a Japanese company can start with on day one; each file says why it is as it is.
const SHIPPED: [(&str, &str); 3] = [
    ("policies/personal-data.toml", include_str!("../../rules/policies/personal-data.toml")),
    ("policies/recipients.toml", include_str!("../../rules/policies/recipients.toml")),
    ("policies/content.toml", include_str!("../../rules/policies/content.toml")),
];

/// Compiled rules and what happens without any.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The most severe first, then by id, so that neither file nor line order can be felt.
    rules: Vec<Compiled>,
    default: Action,
}

/// One line about a rule, for `rules list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// What it asks for.
    pub action: Action,
    /// Why, in words for people.
    pub title: &'a Text,
    /// The file it stands in, with line and column.
    pub place: &'a str,
    /// How many examples it carries.
    pub examples: usize,
}

#[derive(Debug, Clone)]
struct Compiled {
    rule: Rule,
    place: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    policy: Vec<Spanned<RawRule>>,
}

impl Policies {
    /// Compiles the shipped rules and then `extra`, and runs every rule's own examples. `default` is the mildest
    /// that can happen to a mail: `forward`, unless the organisation says otherwise.
    ///
    /// Sources called `detectors/…` or `dictionaries/…` are another room's and passed over.
    ///
    /// # Errors
    /// The first thing that is wrong; [`Policies::compile_all`] tells all of them.
    pub fn compile(extra: &[RuleSource], default: Action) -> Result<Self, RuleError> {
        Self::compile_all(extra, default).map_err(|mut errors| {
            if errors.is_empty() {
                return RuleError { file: "policies".to_owned(), message: "no rule could be read".to_owned() };
            }
            errors.swap_remove(0)
        })
    }

    /// As [`Policies::compile`].
    ///
    /// # Errors
    /// Everything that is wrong, in the order of files and lines.
    pub fn compile_all(extra: &[RuleSource], default: Action) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let shipped = SHIPPED.map(|(name, text)| RuleSource { name: name.to_owned(), text: text.to_owned() });
        let mut rules = layer(&shipped, &mut errors);
        for own in layer(extra, &mut errors) {
            let known = rules.iter().any(|rule| rule.id == own.id);
            if !known && own.checked.is_none() {
                let message = format!("there is no rule `{}` to switch off; `sekisho rules list` names them", own.id);
                errors.push(RuleError { file: own.place.clone(), message });
            }
            rules.retain(|rule| rule.id != own.id);
            rules.push(own);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut rules: Vec<_> = rules
            .into_iter()
            .filter_map(|entry| entry.checked.map(|rule| Compiled { rule, place: entry.place }))
            .collect();
        rules.sort_by(|a, b| b.rule.action.cmp(&a.rule.action).then_with(|| a.rule.id.cmp(&b.rule.id)));
        Ok(Self { rules, default })
    }

    /// Decides about every recipient; recipients with the same outcome travel together.
    pub fn decide(&self, recipients: &[Recipient], inspection: &Inspection) -> Verdict {
        let mut groups: Vec<Group> = Vec::new();
        for recipient in recipients {
            let (action, matched) = self.decide_one(recipient, inspection);
            let at = groups.iter().position(|group| group.action == action).unwrap_or_else(|| {
                groups.push(Group { action, recipients: Vec::new(), matched: Vec::new() });
                groups.len() - 1
            });
            let Some(group) = groups.get_mut(at) else { continue };
            group.recipients.push(recipient.address.clone());
            for reason in matched {
                if !group.matched.contains(&reason) {
                    group.matched.push(reason);
                }
            }
        }
        for group in &mut groups {
            group.matched.sort_by(|a, b| b.action.cmp(&a.action).then_with(|| a.rule.cmp(&b.rule)));
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.action));
        Verdict::new(groups)
    }

    /// The rules, the most severe first.
    pub fn rules(&self) -> impl Iterator<Item = Summary<'_>> {
        self.rules.iter().map(|Compiled { rule, place }| Summary {
            id: &rule.id,
            action: rule.action,
            title: &rule.title,
            place,
            examples: rule.must_match.len() + rule.must_not_match.len(),
        })
    }

    /// Names of detectors in rules that none of `detectors` has: such a rule waits for something that never comes.
    pub fn unknown_detectors(&self, detectors: &[&str]) -> Vec<RuleError> {
        let mut errors = Vec::new();
        for Compiled { rule, place } in &self.rules {
            for name in rule.when.detectors.iter().flatten() {
                if !detectors.iter().any(|detector| names_it(name, detector)) {
                    let hint = written::did_you_mean(name, detectors.iter().copied());
                    let message = format!(
                        "rule `{}` waits for `{name}`, which no detector is called{hint}; `sekisho rules list` names \
                         them",
                        rule.id
                    );
                    errors.push(RuleError { file: place.clone(), message });
                }
            }
        }
        errors
    }

    fn decide_one(&self, recipient: &Recipient, inspection: &Inspection) -> (Action, Vec<Matched>) {
        let mut matched: Vec<Matched> = self
            .rules
            .iter()
            .filter(|compiled| compiled.rule.matches(recipient, inspection))
            .map(|Compiled { rule, .. }| Matched {
                rule: rule.id.clone(),
                action: rule.action,
                title: rule.title.clone(),
            })
            .collect();
        let by_rules = matched.iter().map(|reason| reason.action).max().unwrap_or(Action::Forward);
        if self.default > by_rules {
            matched.push(default_reason(self.default));
        }
        (by_rules.max(self.default), matched)
    }
}

/// One rule of a layer; not `checked` if it is switched off.
struct Entry {
    id: String,
    place: String,
    checked: Option<Rule>,
}

/// Reads one layer of files (the shipped ones, or an organisation's own), in which no id may stand twice.
fn layer(sources: &[RuleSource], errors: &mut Vec<RuleError>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for source in sources.iter().filter(|source| is_policy(&source.name)) {
        let place = |span: Range<usize>| written::place(&source.name, &source.text, span.start);
        let file: File = match toml::from_str(&source.text) {
            Ok(file) => file,
            Err(error) => {
                let file = place(error.span().unwrap_or(0..0));
                errors.push(RuleError { file, message: written::one_line(error.message()) });
                continue;
            }
        };
        for raw in file.policy {
            let place = place(raw.span());
            let raw = raw.into_inner();
            let id = raw.id.clone();
            if let Some(first) = entries.iter().find(|entry| entry.id == id) {
                let message = format!("rule `{id}` is already at {}; give one of them another id", first.place);
                errors.push(RuleError { file: place, message });
                continue;
            }
            let checked = match raw.enabled.then(|| raw.check()).transpose() {
                Ok(checked) => checked,
                Err(message) => {
                    errors.push(RuleError { file: place, message });
                    continue;
                }
            };
            entries.push(Entry { id, place, checked });
        }
    }
    entries
}

fn is_policy(name: &str) -> bool {
    !name.starts_with("detectors/") && !name.starts_with("dictionaries/")
}

fn default_reason(action: Action) -> Matched {
    let title = Text {
        ja: "この組織の設定により、外へ出る前にすべてのメールを止めています".to_owned(),
        en: "This organisation's settings stop every mail before it leaves".to_owned(),
    };
    Matched { rule: DEFAULT_ID.to_owned(), action, title }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_pass_their_own_examples() {
        let policies = Policies::compile(&[], Action::Forward).unwrap();
        let ids: Vec<_> = policies.rules().map(|rule| rule.id.to_owned()).collect();
        assert_eq!(
            ids,
            [
                "bulk-personal-data",
                "financial-data",
                "my-number",
                "special-care-data",
                "credentials",
                "exposed-recipients",
                "lookalike-domain",
                "uninspected",
                "personal-data"
            ]
        );
    }
}
