//! People as administrators write them, rightly and wrongly.

use super::*;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn errors(text: &str) -> Vec<String> {
    Written::parse("people.toml", text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn warnings(text: &str, others: &People) -> Vec<String> {
    let written = Written::parse("people.toml", text).unwrap();
    written.warnings(others).map(ToString::to_string).collect()
}

/// The example of docs/directory.md.
#[test]
fn the_documented_example_is_read_without_a_word() {
    let document = include_str!("../../../docs/directory.md");
    let example = document.split("```toml people.toml\n").nth(1).unwrap().split("```").next().unwrap();
    let written = Written::parse("people.toml", example).unwrap();
    assert_eq!(written.warnings(&People::default()).count(), 0);
    let people = &written.people;
    let taro = people.person(&address("t.yamada@example.co.jp")).unwrap();
    assert_eq!((taro.name.as_deref(), taro.language), (Some("山田 太郎"), Some(Language::Ja)));
    assert_eq!(people.manager_of(&taro.address), Some(&address("hanako@example.co.jp")));
    let hanako = people.person(&address("hanako@example.co.jp")).unwrap();
    assert!(hanako.is_away("2026-12-31".parse().unwrap()) && hanako.roles.contains(&Role::Approver));
    assert_eq!(hanako.deputies, [address("jiro@example.co.jp")]);
    assert_eq!(people.group("法務").len(), 2);
}

#[test]
fn what_cannot_be_understood_is_told_all_at_once() {
    let text = r#"
[[person]]
address = "taro"
[[person]]
address = "a@a.jp"
aliases = ["b@a.jp", "c@"]
absent = [{ from = "2026-12-29", until = 2026-12-28 }, { from = "tomorrow", until = "2027-01-03" }]
[[person]]
address = "B+x@a.jp"
name = ""
[[group]]
name = "g"
[[group]]
name = "G"
"#;
    let no_address = "is no mail address; an address needs a local part and a domain, as in taro@example.co.jp";
    assert_eq!(
        errors(text),
        [
            &format!("people.toml:3:11: `taro` {no_address}"),
            &format!("people.toml:6:22: `c@` {no_address}"),
            "people.toml:7:11: an absence that ends (2026-12-28) before it begins (2026-12-29); exchange the days",
            "people.toml:7:65: `tomorrow` is no day; write it as in \"2026-12-29\"",
            "people.toml:9:11: `B+x@a.jp` is a@a.jp as well; an address belongs to one person",
            "people.toml:10:8: this says nothing that can be shown; write something, or leave it out",
            "people.toml:14:8: two groups are called `G`; join them, or give one another name",
        ]
    );
}

#[test]
fn unknown_keys_and_roles_are_refused() {
    for (line, expected) in [
        ("deputy = []", "people.toml:3:1: unknown field `deputy`"),
        ("roles = [\"securty\"]", "people.toml:3:10: unknown variant `securty`"),
        ("language = \"fr\"", "people.toml:3:12: unknown variant `fr`"),
        ("absent = [{ from = \"2026-12-29\" }]", "people.toml:3:11: missing field `until`"),
    ] {
        let errors = errors(&format!("[[person]]\naddress = \"a@a.jp\"\n{line}\n"));
        assert!(errors.len() == 1 && errors[0].starts_with(expected), "{errors:?}");
    }
    assert!(
        errors("[[person]]\naddress = \"a@a.jp\"\nroles = [\"securty\"]\n")[0].contains("did you mean `security`?")
    );
    assert!(errors("[[persn]]\n")[0].contains("did you mean `person`?"));
}

#[test]
fn what_can_be_lived_with_is_a_warning_unless_others_know() {
    let text = r#"
[[person]]
address = "a@a.jp"
manager = "boss@a.jp"
deputies = ["a+1@a.jp", "x@a.jp"]
groups = ["legl", "sales"]
[[group]]
name = "Legal"
members = ["a@a.jp", "y@a.jp"]
"#;
    assert_eq!(
        warnings(text, &People::default()),
        [
            "people.toml:4:11: the manager boss@a.jp is nobody known; add a [[person]], or mend the address",
            "people.toml:5:13: a@a.jp is their own deputy, which counts for nothing; name somebody else",
            "people.toml:5:25: the deputy x@a.jp is nobody known; add a [[person]], or mend the address",
            "people.toml:6:11: no [[group]] is called `legl` (did you mean `legal`?); add it, or mend the name",
            "people.toml:6:19: no [[group]] is called `sales`; add it, or mend the name",
            "people.toml:9:22: the member y@a.jp is nobody known; add a [[person]], or mend the address",
        ]
    );
    let others = ["boss@a.jp", "x@a.jp", "y@a.jp"].map(|text| Person::new(address(text)));
    let groups = BTreeMap::from([("sales".to_owned(), vec![address("x@a.jp")])]);
    assert_eq!(warnings(text, &People::new(others.to_vec(), groups)).len(), 2);
    let written = Written::parse("people.toml", text).unwrap();
    assert_eq!((written.odd(false).count(), written.odd(true).count()), (6, 1));
    let people = Written::parse("people.toml", text).unwrap().people;
    assert_eq!(people.person(&address("a@a.jp")).unwrap().deputies, [address("x@a.jp")]);
    assert_eq!(people.manager_of(&address("a@a.jp")), Some(&address("boss@a.jp")));
}

#[test]
fn a_circle_of_managers_is_told_once() {
    let person =
        |who: &str, manager: &str| format!("[[person]]\naddress = \"{who}@a.jp\"\nmanager = \"{manager}@a.jp\"\n");
    let text = [person("d", "a"), person("a", "b"), person("b", "c"), person("c", "a"), person("e", "e")].concat();
    assert_eq!(
        warnings(&text, &People::default()),
        [
            "people.toml:6:11: a@a.jp reports to themselves in the end; mend one manager of the circle",
            "people.toml:15:11: e@a.jp is their own manager, which counts for nothing; name somebody else",
        ]
    );
}

#[test]
fn many_persons_are_read_in_one_go() {
    let text: String = (0..20_000)
        .map(|n| format!("[[person]]\naddress = \"p{n}@a.jp\"\nmanager = \"p{}@a.jp\"\ngroups = [\"all\"]\n", n / 10))
        .collect();
    let written = Written::parse("people.toml", &format!("{text}[[group]]\nname = \"all\"\n")).unwrap();
    assert_eq!((written.people.len(), written.people.group("all").len()), (20_000, 20_000));
}
