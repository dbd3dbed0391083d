//! What goes beyond one rule: presets, modes, orders, and one set of rules beside another.

use super::*;

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

#[test]
fn two_of_one_id_are_refused_with_both_places() {
    let rule = holding("own", "persons = { min = 77 }", "persons = 77", "");
    let list = "[[list]]\nid = \"own\"\nmembers = [\"a@x.example\"]\n";
    for (what, text) in [("rule", rule.as_str()), ("list", list)] {
        let error = error(&format!("{text}{text}"));
        let told = format!("{what} `own` is already at policies/x.toml:");
        assert!(error.starts_with("policies/x.toml:") && error.contains(&told), "{error}");
    }
    // A rule and a list are two things.
    compiled(&format!("{rule}{list}"));
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
