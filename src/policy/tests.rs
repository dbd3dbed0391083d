//! What a set of rules decides.

mod change;
mod conditions;

use proptest::prelude::*;

use super::*;
use crate::{
    inspect::{Category, Confidence, Finding, Inspection, Reason, RuleSource, Uninspected},
    recipients::{Check, Direction, Issue, Recipient},
};

fn facts(recipients: &[Recipient], inspection: &Inspection) -> Mail {
    Mail::found(inspection, recipients, jiff::civil::date(2026, 11, 24).at(10, 0, 0, 0))
}

fn source(text: &str) -> RuleSource {
    RuleSource { name: "policies/x.toml".to_owned(), text: text.to_owned() }
}

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
    shipped().decide(&facts(&[recipient], inspection)).action()
}

#[test]
fn a_rule_is_told_as_it_is_written_with_its_comment_and_without_its_examples() {
    let text = "# The file.\n\n# Why it is there.\n# なぜ。\n[[policy]]\nid = \"one\"\naction = \"hold\"\n\
                # the name\ntitle = { ja = \"一\", en = \"one\" }\nwhen = { direction = \"external\" }\n\
                [[policy.must_match]]\nwhat = \"a\"\n[[policy.must_not_match]]\nwhat = \"b\"\ndirection = \"internal\"\n\n\
                # The next.\n[[policy]]\nid = \"two\"\nenabled = false\n";
    let extra = [RuleSource { name: "policies/own.toml".to_owned(), text: text.replace("enabled = false", "action = \"hold\"\n\
        title = { ja = \"二\", en = \"two\" }\nwhen = { direction = \"external\" }\n[[policy.must_match]]\nwhat = \"c\"\n\
        [[policy.must_not_match]]\nwhat = \"d\"\ndirection = \"internal\"") }];
    let policies = Policies::compile(&extra, Action::Forward).unwrap();
    let source = |id: &str| policies.rules().find(|rule| rule.id == id).unwrap().source.to_owned();
    let one = source("one");
    assert!(one.starts_with("# Why it is there.\n# なぜ。\n[[policy]]") && one.ends_with("\"external\" }"), "{one}");
    assert!(one.contains("# the name"));
    assert!(source("two").starts_with("# The next.\n[[policy]]") && !source("two").contains("must_match"));
    assert!(policies.rules().all(|rule| rule.source.contains("[[policy]]") && rule.source.contains(rule.id)));
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
            "first-contact-personal-data",
            "my-number",
            "special-care-data",
            "credentials",
            "data-scope",
            "exposed-recipients",
            "free-mail-personal-data",
            "lookalike-domain",
            "registered-documents",
            "uninspected",
            "wrong-name-personal-data",
            "personal-data",
            "unusual-recipient",
            "wrong-name"
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
    for (check, alone, with_data) in [
        (Check::LookalikeDomain, Hold, Hold),
        (Check::ExposedRecipients, Hold, Hold),
        (Check::DataScope, Hold, Hold),
        (Check::SalutationMismatch, Delay, Hold),
        (Check::OrganizationMismatch, Delay, Hold),
        (Check::DisplayNameMismatch, Delay, Hold),
        (Check::NewToThread, Delay, Delay),
        (Check::UnusualRecipient, Delay, Delay),
        (Check::FirstContact, Forward, RequireApproval),
        (Check::FreeMail, Forward, Hold),
    ] {
        let issues = vec![Issue::new(check, "", "", "")];
        let learning = vec![Issue { learning: true, ..Issue::new(check, "", "", "") }];
        for (persons, expected, plain) in [(0, alone, Forward), (1, with_data, Delay)] {
            let recipient = |issues: &[Issue]| Recipient { issues: issues.to_vec(), ..outside() };
            assert_eq!(action(recipient(&issues), &about(persons)), expected, "{} {persons}", check.name());
            assert_eq!(action(recipient(&learning), &about(persons)), plain, "{} {persons}, learning", check.name());
        }
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
    let verdict = shipped().decide(&facts(&all, &about(12_000)));
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
    let verdict = shipped().decide(&facts(&[outside()], &inspection));
    let rules: Vec<_> = verdict.matched().into_iter().map(|matched| matched.rule).collect();
    assert_eq!(rules, ["my-number", "uninspected", "personal-data"]);
    assert_eq!(verdict.action(), Action::RequireApproval);
}

#[test]
fn the_default_is_the_mildest_that_happens() {
    for default in Action::ALL {
        let policies = Policies::compile(&[], default).unwrap();
        let clean = policies.decide(&facts(&[outside()], &about(0)));
        assert_eq!(clean.action(), default);
        let reasons: Vec<_> = clean.matched().into_iter().map(|matched| matched.rule).collect();
        assert_eq!(reasons, if default == Action::Forward { vec![] } else { vec!["default"] });
        assert_eq!(policies.decide(&facts(&[outside()], &about(5))).action(), default.max(Action::Delay));
        assert_eq!(policies.decide(&facts(&[outside()], &about(50))).action(), default.max(Action::RequireApproval));
    }
}

#[test]
fn a_rule_can_wait_for_what_was_read_and_for_what_is_hidden() {
    let rule = "[[policy]]\nid = \"hidden\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { coverage = { \
                max = 99 }, hidden_persons = { min = 1 } }\nmust_match = [{ what = \"a\", persons = 3, hidden_persons = 2, \
                coverage = 50 }]\nmust_not_match = [{ what = \"all in sight\", persons = 3, coverage = 50 }, { what = \"all \
                read\", persons = 3, hidden_persons = 2 }]\n";
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
    let policies = Policies::compile(&[source(rule)], Action::Forward).unwrap();
    let errors = policies.unknown_detectors(&["jp.phone", "secret.jwt", "fingerprint"]);
    assert_eq!(
        errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["policies/x.toml:1:1: rule `x` waits for `jp.phne`, which no detector is called (did you mean `jp.phone`?); \
          `sekisho rules list` names them"]
    );
}

/// One rule of one's own that holds mail `when`, with examples that fit.
fn holding(id: &str, when: &str, hit: &str, miss: &str) -> String {
    rule_of(id, "hold", &format!("when = {{ {when} }}"), hit, miss)
}

fn rule_of(id: &str, action: &str, rest: &str, hit: &str, miss: &str) -> String {
    format!(
        "[[policy]]\nid = \"{id}\"\naction = \"{action}\"\ntitle = {{ ja = \"a\", en = \"a\" }}\n{rest}\n[[policy.must_match]]\n\
         what = \"hit\"\n{hit}\n[[policy.must_not_match]]\nwhat = \"miss\"\n{miss}\n"
    )
}

fn compiled(text: &str) -> Policies {
    Policies::compile(&[source(text)], Settings::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn error(text: &str) -> String {
    Policies::compile(&[source(text)], Settings::default()).unwrap_err().to_string()
}

fn preset(preset: Preset) -> Policies {
    Policies::compile(&[], Settings { preset, ..Settings::default() }).unwrap()
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
    let inspection =
        (0..100u32, prop::option::of(category), prop::option::of(reason)).prop_map(|(persons, category, reason)| {
            Inspection {
                findings: category.map(|category| with(category).findings).unwrap_or_default(),
                uninspected: reason.map(|reason| unread(reason).uninspected).unwrap_or_default(),
                ..about(persons)
            }
        });
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
        let (before, after) = (before.decide(&facts(&mail.0, &mail.1)), after.decide(&facts(&mail.0, &mail.1)));
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
        prop_assert_eq!(forwards.decide(&facts(&mail.0, &mail.1)), backwards.decide(&facts(&mail.0, &mail.1)));
    }

    #[test]
    fn every_recipient_is_in_exactly_one_group(own in own_rules(), mail in mails()) {
        let verdict = Policies::compile(&own, Action::Forward).unwrap().decide(&facts(&mail.0, &mail.1));
        let mut grouped: Vec<_> = verdict.groups().iter().flat_map(|group| group.recipients.clone()).collect();
        grouped.sort();
        let mut all: Vec<_> = mail.0.iter().map(|recipient| recipient.address.clone()).collect();
        all.sort();
        prop_assert_eq!(grouped, all);
    }
}
