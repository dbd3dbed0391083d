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
                errors.push(RuleError { file, message: written::mended(error.message()) });
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
    use proptest::prelude::*;

    use super::*;
    use crate::{
        inspect::{Category, Confidence, Finding, Reason, Uninspected},
        mail::Address,
        policy::Decision,
        recipients::{Check, Direction, Issue},
    };

    fn shipped() -> Policies {
        Policies::compile(&[], Action::Forward).unwrap()
    }

    fn recipient(address: &str, direction: Direction) -> Recipient {
        Recipient::new(Address::parse(address).unwrap(), direction)
    }

    fn outside() -> Recipient {
        recipient("yamada@customer.example", Direction::External)
    }

    fn about(persons: u32) -> Inspection {
        Inspection { persons, ..Inspection::default() }
    }

    fn with(category: Category) -> Inspection {
        let finding = Finding {
            detector: "any".to_owned(),
            title: None,
            category,
            confidence: Confidence::High,
            count: 1,
            examples: Vec::new(),
        };
        Inspection { findings: vec![finding], ..Inspection::default() }
    }

    fn unread(reason: Reason) -> Inspection {
        Inspection { uninspected: vec![Uninspected { place: "a.zip".to_owned(), reason }], ..Inspection::default() }
    }

    fn action(recipient: Recipient, inspection: &Inspection) -> Action {
        shipped().decide(&[recipient], inspection).action()
    }

    #[test]
    fn the_shipped_rules_pass_their_own_examples() {
        let policies = shipped();
        let ids: Vec<_> = policies.rules().map(|rule| rule.id).collect();
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
                "registered-documents",
                "uninspected",
                "personal-data"
            ]
        );
    }

    #[test]
    fn the_example_of_the_readme_is_a_rule() {
        let readme = include_str!("../../rules/policies/README.md");
        let text = readme.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let source = RuleSource { name: "policies/README.md".to_owned(), text: text.to_owned() };
        let policies = Policies::compile(&[source], Action::Forward).unwrap();
        assert!(policies.rules().any(|rule| rule.id == "customer-lists"));
        assert!(shipped().rules().all(|rule| readme.contains(&format!("`{}`", rule.id))));
    }

    #[test]
    fn day_one_of_a_japanese_company() {
        use Action::{Delay, Forward, Hold, RequireApproval};
        for (inspection, expected) in [
            (about(0), Forward),
            (about(1), Delay),
            (about(9), Delay),
            (about(10), RequireApproval),
            (about(12_000), RequireApproval),
            (with(Category::Specific), RequireApproval),
            (with(Category::Financial), RequireApproval),
            (with(Category::SpecialCare), RequireApproval),
            (with(Category::Credential), Hold),
            (with(Category::Organizational), Forward),
            (unread(Reason::Encrypted), Hold),
            (unread(Reason::Unsupported), Hold),
            (unread(Reason::Damaged), Hold),
            (unread(Reason::Limit), Hold),
            (unread(Reason::Timeout), Hold),
            (unread(Reason::Crashed), Hold),
            (unread(Reason::Image), Forward),
            (Inspection::failed("mail", Reason::Crashed), Hold),
        ] {
            assert_eq!(action(outside(), &inspection), expected, "{inspection:?}");
            assert_eq!(action(recipient("a@example.co.jp", Direction::Internal), &inspection), Forward);
        }
        for check in Check::ALL {
            let issues = vec![Issue::new(check, "", "", "")];
            assert_eq!(action(Recipient { issues, ..outside() }, &about(0)), Hold, "{}", check.name());
        }
    }

    #[test]
    fn recipients_with_the_same_outcome_travel_together_in_envelope_order() {
        let all = [
            recipient("a@customer.example", Direction::External),
            recipient("b@example.co.jp", Direction::Internal),
            recipient("c@other.example", Direction::External),
            recipient("d@example.co.jp", Direction::Internal),
        ];
        let verdict = shipped().decide(&all, &about(12_000));
        let groups: Vec<_> = verdict
            .groups()
            .iter()
            .map(|group| (group.action, group.recipients.iter().map(Address::as_str).collect::<Vec<_>>()))
            .collect();
        assert_eq!(
            groups,
            [
                (Action::RequireApproval, vec!["a@customer.example", "c@other.example"]),
                (Action::Forward, vec!["b@example.co.jp", "d@example.co.jp"])
            ]
        );
        assert_eq!(verdict.action_for(&all[2].address), Some(Action::RequireApproval));
        let Decision::Split(proof, groups) = verdict.into_decision() else { panic!("not split") };
        assert_eq!((proof.recipients().len(), groups.len()), (2, 2));
    }

    #[test]
    fn all_matching_rules_are_kept_the_most_severe_first() {
        let inspection =
            Inspection { persons: 3, uninspected: unread(Reason::Encrypted).uninspected, ..with(Category::Specific) };
        let verdict = shipped().decide(&[outside()], &inspection);
        let rules: Vec<_> = verdict.matched().into_iter().map(|matched| matched.rule).collect();
        assert_eq!(rules, ["my-number", "uninspected", "personal-data"]);
        assert_eq!(verdict.action(), Action::RequireApproval);
    }

    #[test]
    fn the_default_is_the_mildest_that_happens() {
        for default in Action::ALL {
            let policies = Policies::compile(&[], default).unwrap();
            let clean = policies.decide(&[outside()], &about(0));
            assert_eq!(clean.action(), default);
            let reasons: Vec<_> = clean.matched().into_iter().map(|matched| matched.rule).collect();
            assert_eq!(reasons, if default == Action::Forward { vec![] } else { vec!["default"] });
            assert_eq!(policies.decide(&[outside()], &about(5)).action(), default.max(Action::Delay));
            assert_eq!(policies.decide(&[outside()], &about(50)).action(), default.max(Action::RequireApproval));
        }
    }

    #[test]
    fn a_rule_can_wait_for_people_in_quoted_history() {
        let rule = "[[policy]]\nid = \"old-thread\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { direction = \
                    \"external\", quoted_persons = { min = 100 } }\nmust_match = [{ what = \"a long thread\", quoted_persons = \
                    100 }]\nmust_not_match = [{ what = \"a list of now\", persons = 500, quoted_persons = 99 }]\n";
        let source = |text: &str| RuleSource { name: "policies/x.toml".to_owned(), text: text.to_owned() };
        let policies = Policies::compile(&[source(rule)], Action::Forward).unwrap();
        let quoting = |quoted_persons| Inspection { quoted_persons, ..Inspection::default() };
        assert_eq!(policies.decide(&[outside()], &quoting(100)).action(), Action::Hold);
        assert_eq!(policies.decide(&[outside()], &quoting(99)).action(), Action::Forward);
        let wrong = rule.replace("{ min = 100 }", "{ min = 100, max = 99 }");
        let error = Policies::compile(&[source(&wrong)], Action::Forward).unwrap_err().to_string();
        assert!(error.contains("quoted_persons.min = 100 is more than quoted_persons.max = 99"), "{error}");
    }

    #[test]
    fn a_rule_can_wait_for_what_was_read_and_for_what_is_hidden() {
        let rule = "[[policy]]\nid = \"hidden\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { coverage = { \
                    max = 99 }, hidden_persons = { min = 1 } }\nmust_match = [{ what = \"a\", persons = 3, hidden_persons = 2, \
                    coverage = 50 }]\nmust_not_match = [{ what = \"all in sight\", persons = 3, coverage = 50 }, { what = \"all \
                    read\", persons = 3, hidden_persons = 2 }]\n";
        let source = |text: &str| RuleSource { name: "policies/x.toml".to_owned(), text: text.to_owned() };
        Policies::compile(&[source(rule)], Action::Forward).unwrap();
        let wrong = rule.replace("hidden_persons = { min = 1 }", "hidden_persons = { min = 3 }");
        let error = Policies::compile(&[source(&wrong)], Action::Forward).unwrap_err();
        assert!(error.to_string().contains("must_match example 1 (a) does not match"), "{error}");
    }

    #[test]
    fn a_rule_that_waits_for_an_unknown_detector_is_told() {
        let rule = "[[policy]]\nid = \"x\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { detectors = [\"jp.phne\", \
                    \"secret.*\"] }\nmust_match = [{ what = \"a\", findings = [{ detector = \"secret.jwt\", category = \
                    \"credential\" }] }]\nmust_not_match = [{ what = \"b\" }]\n";
        let source = RuleSource { name: "policies/x.toml".to_owned(), text: rule.to_owned() };
        let policies = Policies::compile(&[source], Action::Forward).unwrap();
        let errors = policies.unknown_detectors(&["jp.phone", "secret.jwt", "fingerprint"]);
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "policies/x.toml:1:1: rule `x` waits for `jp.phne`, which no detector is called (did you mean `jp.phone`?); \
              `sekisho rules list` names them"
            ]
        );
    }

    /// A rule as an organisation might write it, in one of a few shapes; its examples fit by construction.
    fn own_rule(id: usize, action: Action, shape: usize) -> RuleSource {
        let (when, hit) = [
            ("persons = { min = 1 }", "persons = 5"),
            ("direction = \"external\", persons = { min = 3, max = 60 }", "persons = 5"),
            ("uninspected = \"any\"", "uninspected = [\"image\"]"),
            (
                "categories = [\"contact\", \"credential\"], confidence = \"low\"",
                "findings = [{ detector = \"x\", category = \
             \"contact\" }]",
            ),
            ("issues = [\"lookalike_domain\"]", "issues = [\"lookalike_domain\"]"),
        ][shape];
        let text = format!(
            "[[policy]]\nid = \"own-{id}\"\naction = \"{action}\"\ntitle = {{ ja = \"a\", en = \"a\" }}\nwhen = {{ {when} \
             }}\nmust_match = [{{ what = \"hit\", {hit} }}]\nmust_not_match = [{{ what = \"miss\" }}]\n"
        );
        RuleSource { name: format!("policies/{id}.toml"), text }
    }

    fn stopping() -> impl Strategy<Value = Action> {
        prop::sample::select(Action::ALL[1..].to_vec())
    }

    fn own_rules() -> impl Strategy<Value = Vec<RuleSource>> {
        prop::collection::vec((stopping(), 0..5usize), 0..6).prop_map(|rules| {
            rules.into_iter().enumerate().map(|(id, (action, shape))| own_rule(id, action, shape)).collect()
        })
    }

    fn mails() -> impl Strategy<Value = (Vec<Recipient>, Inspection)> {
        let category = prop::sample::select(vec![Category::Contact, Category::Credential, Category::Specific]);
        let reason = prop::sample::select(vec![Reason::Image, Reason::Encrypted]);
        let inspection = (0..100u32, prop::option::of(category), prop::option::of(reason)).prop_map(
            |(persons, category, reason)| Inspection {
                findings: category.map(|category| with(category).findings).unwrap_or_default(),
                uninspected: reason.map(|reason| unread(reason).uninspected).unwrap_or_default(),
                ..about(persons)
            },
        );
        let kinds = prop::collection::vec((any::<bool>(), any::<bool>()), 1..6);
        (kinds, inspection).prop_map(|(kinds, inspection)| (recipients(&kinds), inspection))
    }

    /// One recipient for each (is external, has an issue).
    fn recipients(kinds: &[(bool, bool)]) -> Vec<Recipient> {
        let one = |(number, (external, wrong)): (usize, &(bool, bool))| {
            let direction = if *external { Direction::External } else { Direction::Internal };
            let issue = Issue::new(Check::LookalikeDomain, "", "", "");
            let issues = if *external && *wrong { vec![issue] } else { Vec::new() };
            Recipient { issues, ..recipient(&format!("r{number}@b.example"), direction) }
        };
        kinds.iter().enumerate().map(one).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn one_more_rule_is_never_milder(
            own in own_rules(), action in stopping(), shape in 0..5usize, mail in mails(),
            default in prop::sample::select(Action::ALL.to_vec()),
        ) {
            let before = Policies::compile(&own, default).unwrap();
            let more: Vec<_> = own.into_iter().chain([own_rule(99, action, shape)]).collect();
            let after = Policies::compile(&more, default).unwrap();
            let (before, after) = (before.decide(&mail.0, &mail.1), after.decide(&mail.0, &mail.1));
            for recipient in &mail.0 {
                prop_assert!(after.action_for(&recipient.address) >= before.action_for(&recipient.address));
            }
            let kept = after.matched();
            prop_assert!(before.matched().iter().all(|m| m.rule == "default" || kept.contains(m)));
        }

        #[test]
        fn the_order_of_rules_cannot_be_felt(own in own_rules(), mail in mails()) {
            let forwards = Policies::compile(&own, Action::Forward).unwrap();
            let backwards: Vec<_> = own.into_iter().rev().collect();
            let backwards = Policies::compile(&backwards, Action::Forward).unwrap();
            prop_assert_eq!(forwards.decide(&mail.0, &mail.1), backwards.decide(&mail.0, &mail.1));
        }

        #[test]
        fn every_recipient_is_in_exactly_one_group(own in own_rules(), mail in mails()) {
            let verdict = Policies::compile(&own, Action::Forward).unwrap().decide(&mail.0, &mail.1);
            let mut grouped: Vec<_> = verdict.groups().iter().flat_map(|group| group.recipients.clone()).collect();
            grouped.sort();
            let mut all: Vec<_> = mail.0.iter().map(|recipient| recipient.address.clone()).collect();
            all.sort();
            prop_assert_eq!(grouped, all);
        }
    }
}
