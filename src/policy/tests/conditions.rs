//! Conditions as organisations write them: true, false, unknown, and wrong.

use super::*;

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
