//! What a set of rules decides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

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
    let finding =
        Finding { detector: "any".to_owned(), category, confidence: Confidence::High, count: 1, examples: Vec::new() };
    Inspection { findings: vec![finding], ..Inspection::default() }
}

fn unread(reason: Reason) -> Inspection {
    Inspection { uninspected: vec![Uninspected { place: "a.zip".to_owned(), reason }], ..Inspection::default() }
}

fn action(recipient: Recipient, inspection: &Inspection) -> Action {
    shipped().decide(&facts(&[recipient], inspection)).action()
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
    let errors = policies.unknown_detectors(&["jp.phone", "secret.jwt"]);
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

/// Each condition with a mail that fulfils it and one that does not: the examples are asked when the rule is loaded.
#[test]
fn every_condition_of_the_readme_is_true_and_false() {
    let lists = "[[list]]\nid = \"auditors\"\nmembers = [\"audit@kansa.example\", \"audit.example\"]\n";
    for (when, hit, miss) in [
        ("direction = \"external\"", "", "direction = \"internal\""),
        ("recipient = { standing = [\"free_mail\"] }", "standing = \"free_mail\"", ""),
        ("recipient = { partner = \"any\" }", "partner = \"kita\"", ""),
        ("recipient = { partner = [\"kita\"] }", "partner = \"kita\"", "partner = \"minami\""),
        ("recipient = { domains = [\"go.jp\"] }", "address = \"a@mx.soumu.go.jp\"", "address = \"a@xgo.jp\""),
        ("recipient = { addresses = [\"A@x.jp\"] }", "address = \"a@X.jp\"", "address = \"b@x.jp\""),
        ("recipient = { lists = [\"auditors\"] }", "address = \"x@mx.audit.example\"", "address = \"x@kansa.example\""),
        ("recipient = { seen = [\"bcc\"] }", "seen = \"bcc\"", ""),
        ("sender = { lists = [\"auditors\"] }", "sender = \"audit@kansa.example\"", ""),
        ("sender = { domains = [\"x.jp\"] }", "sender = \"a@b.x.jp\"", "sender = \"a@y.jp\""),
        ("sender = { addresses = [\"a@x.jp\"] }", "sender = \"a@x.jp\"", "sender = \"b@x.jp\""),
        ("persons = { min = 2 }", "persons = 2", "persons = 1"),
        ("visible_persons = { min = 2 }", "persons = 3\nhidden_persons = 1", "persons = 3\nhidden_persons = 2"),
        ("quoted_persons = { min = 1 }", "quoted_persons = 1", "persons = 1"),
        (
            "attachments = { any = { types = [\"zip\"] } }",
            "attachments = [{ type = \"zip\" }]",
            "attachments = [{ type = \"pdf\" }]",
        ),
        ("attachments = { every = { types = [\"pdf\"] } }", "attachments = [{ type = \"pdf\" }]", ""),
        ("attachments = { none = { names = [\"*.pdf\"] } }", "", "attachments = [{ type = \"x\", name = \"A.PDF\" }]"),
        (
            "attachments = { count = { min = 2 }, of = { size = { min = \"1 MiB\" } } }",
            "attachments = [{ type = \"a\", size = \"2 MiB\" }, { type = \"b\", size = \"1 MiB\" }]",
            "attachments = [{ type = \"a\", size = \"2 MiB\" }, { type = \"b\" }]",
        ),
        (
            "recipients = { count = { min = 2 }, of = { direction = \"external\" } }",
            "others = [{ address = \"b@x.example\" }]",
            "others = [{ address = \"b@x.example\", standing = \"internal\" }]",
        ),
        (
            "recipients = { every = { domains = [\"x.example\"] } }",
            "address = \"a@x.example\"\nothers = [{ address = \"b@x.example\" }]",
            "address = \"a@x.example\"\nothers = [{ address = \"b@y.example\" }]",
        ),
        (
            "recipients = { none = { direction = \"internal\" } }",
            "",
            "others = [{ address = \"b@x.jp\", standing = \"internal\" }]",
        ),
        ("size = { min = \"1 MiB\" }", "size = \"2 MiB\"", "size = \"1 KiB\""),
        ("time = { days = [\"holiday\"] }", "at = \"2026-11-23T10:00\"", ""),
        ("time = { business_hours = false }", "at = \"2026-11-24T03:00\"", ""),
        (
            "header = { name = \"X-Class\", contains = [\"secret\"] }",
            "headers = [[\"x-class\", \"Top SECRET\"]]",
            "headers = [[\"x-other\", \"secret\"]]",
        ),
        (
            "header = { name = \"Subject\", matches = \"^re: .*名簿\" }",
            "headers = [[\"Subject\", \"Re: 顧客名簿\"]]",
            "headers = [[\"Subject\", \"名簿\"]]",
        ),
        ("header = { name = \"List-Id\", present = false }", "", "headers = [[\"List-ID\", \"\"]]"),
        ("header = { name = \"List-Id\", present = true }", "headers = [[\"List-ID\", \"\"]]", ""),
        ("labels = \"any\"", "labels = [\"社外秘\"]", ""),
        ("labels = [\"Confidential\"]", "labels = [\"CONFIDENTIAL\"]", "labels = [\"Public\"]"),
        ("within_partner_scope = true", "may_receive = { categories = [], max_persons = 1 }", "partner = \"kita\""),
        (
            "all = [{ persons = { min = 1 } }, { size = { min = \"1 KiB\" } }]",
            "persons = 1\nsize = \"1 KiB\"",
            "persons = 1",
        ),
        ("any = [{ persons = { min = 1 } }, { size = { min = \"1 KiB\" } }]", "persons = 1", ""),
        ("none = [{ persons = { min = 1 } }, { any = [{ labels = \"any\" }] }]", "", "labels = [\"x\"]"),
    ] {
        compiled(&format!("{lists}{}", holding("own", when, hit, miss)));
    }
}

#[test]
fn what_was_not_read_is_unknown_and_unknown_is_not_false() {
    let financial = "findings = [{ detector = \"x\", category = \"financial\" }]";
    for (when, hit, miss, so_far) in [
        ("persons = { min = 2 }", "persons = 2", "persons = 1", "persons = 1"),
        ("persons = { max = 2 }", "persons = 2", "persons = 3", "persons = 2"),
        ("categories = [\"financial\"]", financial, "", ""),
        ("none = [{ categories = [\"financial\"] }]", "", financial, ""),
        ("reportable = \"any\"", financial, "", ""),
        ("labels = \"any\"", "labels = [\"x\"]", "", ""),
        ("none = [{ labels = \"any\" }]", "", "labels = [\"x\"]", ""),
    ] {
        let unknown = format!("{so_far}\nuninspected = [\"encrypted\"]");
        let when_of = |rest: &str| format!("when = {{ {when} }}\n{rest}");
        // By itself a rule does not match …
        let by_itself = rule_of("own", "hold", &when_of(""), hit, miss);
        compiled(&format!("{by_itself}[[policy.must_not_match]]\nwhat = \"unknown\"\n{unknown}\n"));
        // … and does where it says so.
        compiled(&rule_of("own", "hold", &when_of("if_unknown = \"match\""), &unknown, miss));
    }
    let policies = compiled(&holding("own", "categories = [\"financial\"]", financial, ""));
    let verdict = policies.decide(&facts(&[outside()], &unread(Reason::Encrypted)));
    assert!(verdict.undecided().contains("own"), "{verdict:?}");
    assert!(verdict.matched().iter().all(|reason| reason.rule != "own"), "{verdict:?}");
}

#[test]
fn an_exemption_must_be_certain() {
    let rule = rule_of(
        "own",
        "hold",
        "when = { direction = \"external\" }\nunless = { persons = { max = 3 } }",
        "persons = 1\nuninspected = [\"encrypted\"]",
        "persons = 1",
    );
    compiled(&rule);
}

#[test]
fn a_picture_makes_nothing_unknown() {
    compiled(&holding("own", "none = [{ labels = \"any\" }]", "uninspected = [\"image\"]", "labels = [\"x\"]"));
}

#[test]
fn a_mail_that_nobody_could_read_has_unknown_attachments() {
    let policies =
        compiled(&holding("own", "attachments = { count = { max = 0 } }", "", "attachments = [{ type = \"x\" }]"));
    let failed = facts(&[outside()], &Inspection::failed("mail", Reason::Crashed));
    assert!(policies.decide(&failed).undecided().contains("own"));
}

#[test]
fn contradictions_are_told_with_their_place() {
    for (when, why) in [
        ("persons = { min = 3, max = 1 }", "persons.min = 3 is more than persons.max = 1"),
        ("all = [{ persons = { min = 3, max = 1 } }]", "in all: persons.min = 3"),
        ("any = []", "the list any is empty"),
        ("any = [{}]", "a condition in any asks for nothing"),
        ("recipients = {}", "recipients asks for nothing"),
        ("attachments = { of = { types = [\"zip\"] } }", "attachments.of says what is counted"),
        ("attachments = { any = { types = [] } }", "the list types is empty"),
        ("size = { min = \"2 MiB\", max = \"1 MiB\" }", "size.min is more than size.max"),
        ("time = {}", "time asks for nothing"),
        ("time = { between = \"9-18\" }", "is no time of day"),
        ("header = { name = \"X\" }", "header asks for nothing"),
        ("header = { name = \"X\", matches = \"(\" }", "no regular expression"),
        ("recipient = { lists = [\"nobody\"] }", "names the list `nobody`, which there is not"),
        ("recipient = { domains = [\"a b\"] }", "`a b` is no domain"),
        (
            "direction = \"internal\", recipient = { issues = [\"first_contact\"] }",
            "only external recipients have issues",
        ),
        ("direction = \"internal\", recipient = { direction = \"external\" }", "contradict each other"),
    ] {
        let error = error(&holding("own", when, "", "persons = 1"));
        assert!(
            error.contains(why) && error.starts_with("policies/x.toml:") && error.contains("; "),
            "{when}: {error}"
        );
    }
    let nothing = rule_of("own", "hold", "unless = {}", "", "");
    assert!(error(&nothing).contains("unless exempts every mail"), "{}", error(&nothing));
    let list = "[[list]]\nid = \"a\"\nmembers = []\n";
    assert!(error(list).contains("list `a` is empty"), "{}", error(list));
}

#[test]
fn rules_that_can_never_decide_are_told() {
    assert_eq!(shipped().warnings(), []);
    assert_eq!(preset(Preset::Strict).warnings(), []);
    for (narrow, wide, unreachable) in [
        ("direction = \"external\", persons = { min = 20 }", "direction = \"external\", persons = { min = 10 }", true),
        ("direction = \"external\", persons = { min = 10 }", "direction = \"external\", persons = { min = 20 }", false),
        ("persons = { min = 20 }", "direction = \"external\", persons = { min = 10 }", false),
        ("issues = [\"first_contact\"], persons = { min = 1 }", "issues = [\"first_contact\", \"free_mail\"]", true),
        (
            "detectors = [\"secret.jwt\"], confidence = \"high\"",
            "detectors = [\"secret.*\"], confidence = \"medium\"",
            true,
        ),
        ("detectors = [\"secret.*\"]", "detectors = [\"secret.*\"], confidence = \"medium\"", false),
        ("uninspected = [\"encrypted\"]", "uninspected = \"any\"", true),
        ("persons = { min = 5 }", "any = [{ persons = { min = 2 } }, { size = { min = \"1 MiB\" } }]", true),
        ("persons = { min = 5 }", "all = [{ persons = { min = 2 } }, { size = { min = \"1 MiB\" } }]", false),
    ] {
        // Examples that fit whatever is asked here; an inside recipient or nobody's data fits nothing.
        let hit = "persons = 30\nissues = [\"first_contact\"]\nuninspected = [\"encrypted\"]\nsize = \"2 MiB\"\nfindings = [{ detector = \"secret.jwt\", category = \"credential\" }]";
        let text =
            holding("narrow", narrow, hit, "") + &rule_of("wide", "reject", &format!("when = {{ {wide} }}"), hit, "");
        let warnings: Vec<String> = compiled(&text).warnings().iter().map(ToString::to_string).collect();
        let told = warnings
            .iter()
            .any(|w| w.contains("`narrow` can never decide: wherever it matches, `wide` (policies/x.toml:"));
        assert_eq!(told, unreachable, "{narrow} / {wide}: {warnings:?}");
    }
    let twins = holding("one", "persons = { min = 77 }", "persons = 77", "")
        + &holding("two", "persons = { min = 77 }", "persons = 77", "");
    let warnings = compiled(&twins).warnings();
    assert!(warnings.iter().any(|w| w.message.contains("rule `two` says the same as `one`")), "{warnings:?}");
    let reported =
        rule_of("wide", "reject", "mode = \"report\"\nwhen = { persons = { min = 10 } }", "persons = 10", "")
            + &holding("narrow", "persons = { min = 20 }", "persons = 20", "");
    assert!(compiled(&reported).warnings().is_empty(), "a rule that only reports decides nothing");
    let defaulted = Policies::compile(&[], Action::Hold).unwrap();
    assert!(defaulted.warnings().iter().any(|w| w.message.contains("policy.default asks for hold already")));
}

fn preset(preset: Preset) -> Policies {
    Policies::compile(&[], Settings { preset, ..Settings::default() }).unwrap()
}

#[test]
fn three_kinds_of_organisation() {
    use Action::{Delay, Forward, RequireApproval};
    for (kind, expected) in [(Preset::Starter, Delay), (Preset::Strict, RequireApproval), (Preset::Observe, Forward)] {
        let verdict = preset(kind).decide(&facts(&[outside()], &about(1)));
        assert_eq!(verdict.action(), expected, "{}", kind.name());
        let reported: Vec<_> = verdict.reported().into_iter().map(|reason| reason.rule).collect();
        assert_eq!(reported, if kind == Preset::Observe { vec!["personal-data"] } else { vec![] });
    }
}

#[test]
fn what_only_reports_does_nothing() {
    let rule = rule_of("own", "reject", "mode = \"report\"\nwhen = { persons = { min = 1 } }", "persons = 1", "");
    let verdict = compiled(&rule).decide(&facts(&[outside()], &about(1)));
    assert_eq!((verdict.action(), verdict.matched().len()), (Action::Delay, 1));
    assert_eq!(verdict.reported()[0].rule, "own");
    let settings = Settings { mode: Mode::Report, default: Action::Hold, ..Settings::default() };
    let verdict = Policies::compile(&[], settings).unwrap().decide(&facts(&[outside()], &about(12_000)));
    assert_eq!((verdict.action(), verdict.matched().len()), (Action::Forward, 0));
    assert_eq!(verdict.reported().iter().map(|reason| reason.action).max(), Some(Action::RequireApproval));
}

#[test]
fn orders_travel_with_the_verdict_and_a_forward_may_carry_edits() {
    let text = rule_of(
        "tag",
        "forward",
        "when = { direction = \"external\" }\ntag_subject = \"[社外]\"",
        "",
        "direction = \"internal\"",
    ) + &rule_of(
        "slow",
        "delay",
        "when = { persons = { min = 1 } }\ndelay = \"1h\"\nnotice = { ja = \"確認\", en = \"look\" }",
        "persons = 1",
        "",
    );
    let policies = compiled(&text);
    let verdict = policies.decide(&facts(&[outside()], &about(0)));
    let Decision::Forward(proof) = verdict.into_decision() else { panic!("not forwarded") };
    assert_eq!(proof.edits().tags.iter().map(String::as_str).collect::<Vec<_>>(), ["[社外]"]);
    let verdict = policies.decide(&facts(&[outside()], &about(1)));
    let orders = verdict.groups()[0].orders();
    assert_eq!((orders.delay, orders.edits.tags.len()), (Some(3_600), 1));
    assert_eq!(verdict.matched().iter().filter(|reason| reason.duties.notice.is_some()).count(), 1);
    let forward = rule_of("own", "forward", "when = { persons = { min = 1 } }", "persons = 1", "");
    assert!(error(&forward).contains("can never decide"));
}

#[test]
fn differences_between_two_sets_of_rules() {
    let one = compiled(
        &(holding("a", "persons = { min = 50 }", "persons = 50", "")
            + &holding("b", "persons = { min = 60 }", "persons = 60", "")),
    );
    let two = compiled(
        &(holding("a", "persons = { min = 2 }", "persons = 50", "")
            + &rule_of("c", "reject", "when = { persons = { min = 3 } }", "persons = 3", "")),
    );
    let found: Vec<_> = one.differences(&two).into_iter().map(|d| (d.id, d.before, d.after, d.parts)).collect();
    assert_eq!(
        found,
        [
            ("a", Some(Action::Hold), Some(Action::Hold), vec!["when"]),
            ("b", Some(Action::Hold), None, vec![]),
            ("c", None, Some(Action::Reject), vec![])
        ]
    );
    let (changes, undecided) = one.changed_for(&two, &facts(&[outside()], &about(2)));
    assert_eq!((changes.len(), undecided), (1, false));
    assert_eq!(
        (changes[0].before, changes[0].after, changes[0].new.clone()),
        (Action::Delay, Action::Hold, vec!["a".to_owned()])
    );
    let (changes, undecided) = one.changed_for(&two, &facts(&[outside()], &unread(Reason::Encrypted)));
    assert_eq!((changes, undecided), (vec![], true));
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
