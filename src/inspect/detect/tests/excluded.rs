//! What an organisation excludes: not found, nobody, and everything beside it as before.

use super::*;
use crate::inspect::detect::ExclusionInfo;

const OURS: &str = r#"
[[exclude]]
note = "our switchboard and front desk"
detectors = ["jp.phone", "phone"]
values = ["+81-3-5555-0100", "０３－５５５５－０２００"]

[[exclude]]
detectors = ["email"]
values = ["Hanako.T@Toho.example.co.jp"]
pattern = '.*@test\.example\.co\.jp'
examples = { excluded = ["氏名：山田太郎 メール：a.b@test.example.co.jp"], found = ["氏名：山田太郎 メール：a@latest.example.co.jp"] }

[[exclude]]
note = "head office"
detectors = ["jp.address"]
values = ["東京都港区芝一丁目1番1号"]

[[exclude]]
note = "people of the training environment"
dictionary = "training"
"#;

fn source(name: &str, text: &str) -> RuleSource {
    RuleSource { name: name.to_owned(), text: text.to_owned() }
}

fn ours() -> Rules {
    let training = "# made up\n研修 太郎\n齋藤研修子\n4111 1111 1111 1111\n1990年1月2日\nTaro Kenshu\n";
    Rules::compile(&[source("detectors/ours.toml", OURS), source("dictionaries/training.txt", training)]).unwrap()
}

fn found_by(rules: &Rules, text: &str) -> (Vec<String>, u32) {
    let mut detection = Detection::new(rules, &[], false);
    detection.text(&Place::new("body"), text);
    let (findings, people, _) = detection.finish();
    (findings.into_iter().map(|finding| finding.detector).collect(), people.visible)
}

#[test]
fn what_is_excluded_is_not_found_however_it_is_written() {
    let (plain, ours) = (Rules::compile(&[]).unwrap(), ours());
    for (text, detector, people) in [
        ("山田太郎様 電話：０３－５５５５－０１００", "jp.phone", 1),
        ("氏名：山田太郎\n自宅電話：+81 3 5555 0200", "jp.phone", 1),
        ("田中花子様 hanako.t@toho.example.co.jp", "email", 1),
        ("連絡先 z@TEST.example.co.jp", "email", 0),
        ("カード番号 4111-1111-1111-1111", "credit_card", 0),
        ("氏名：研修太郎", "jp.name", 0),
        ("氏名：山田太郎\n住所：東京都港区芝1-1-1 芝ビル5F", "jp.address", 1),
    ] {
        let (before, after) = (found_by(&plain, text), found_by(&ours, text));
        assert!(before.0.iter().any(|found| found == detector), "{text}: {before:?}");
        assert!(!after.0.iter().any(|found| found == detector) && after.1 == people, "{text}: {after:?}");
    }
}

#[test]
fn what_is_beside_it_is_found_as_before() {
    let ours = ours();
    for (text, detector) in [
        ("氏名：山田太郎 電話：03-5555-0101", "jp.phone"),
        ("田中花子様 hanako.t2@toho.example.co.jp", "email"),
        ("田中花子様 hanakot@toho.example.co.jp", "email"),
        ("カード番号 5555-5555-5555-4444", "credit_card"),
        ("氏名：山田太郎\n住所：東京都港区芝1-1-2", "jp.address"),
        ("氏名：山田太郎\n電話：03-5555-0100", "jp.name"),
    ] {
        let (found, people) = found_by(&ours, text);
        assert!(found.iter().any(|found| found == detector) && people == 1, "{text}: {found:?}, {people}");
    }
}

#[test]
fn a_row_of_excluded_cells_is_nobody() {
    let ours = ours();
    let mut detection = Detection::new(&ours, &[], false);
    let place = Place::new("meibo.csv");
    detection.begin_table(&place);
    let rows = [
        ["姓", "名", "電話番号", "住所", "生年月日"],
        ["研修", "太郎", "0355550100", "東京都港区芝1-1-1 芝ビル5F", "1990-01-02"],
        ["佐藤", "花子", "0355550100", "東京都港区芝1-1-1", "1985-03-04"],
        ["鈴木", "一郎", "09012345678", "大阪府大阪市北区梅田1-1-1", "H2.1.2"],
    ];
    for (number, row) in (0..).zip(rows) {
        let cells: Vec<Cell<'_>> =
            (0..).zip(row).map(|(column, text)| Cell { column, text: text.into(), hidden: false }).collect();
        detection.row(number, &cells);
    }
    detection.end_table();
    let (findings, people, _) = detection.finish();
    let counts: Vec<_> = findings.iter().map(|finding| (finding.detector.as_str(), finding.count)).collect();
    assert_eq!(counts, [("jp.address", 1), ("jp.birth_date", 1), ("jp.name", 2), ("jp.phone", 1)]);
    assert_eq!(people.visible, 2);
}

#[test]
fn what_is_excluded_is_listed_and_counted() {
    let rules = ours();
    let listed: Vec<&ExclusionInfo> = rules.excluded().collect();
    assert_eq!(listed.len(), 4);
    assert_eq!(listed[0].detectors, ["jp.phone", "phone"]);
    assert_eq!((listed[1].values, listed[1].pattern, listed[1].examples), (1, true, 2));
    assert_eq!((listed[3].note.as_str(), listed[3].values), ("people of the training environment", 5));
}

#[test]
fn the_examples_of_rules_know_no_exclusions() {
    // 090-1234-5678 and its like stand in the examples of many built-in rules.
    let all = "[[exclude]]\ndetectors = [\"jp.phone\"]\npattern = '0[789]0.*'\n";
    let rules = Rules::compile(&[source("detectors/ours.toml", all)]).unwrap();
    assert!(rules.test().iter().all(|result| result.passed));
    assert_eq!(found_by(&rules, "携帯 090-1234-5678").0, [""; 0]);
}

#[test]
fn what_is_wrong_with_an_exclusion_is_told_with_its_place() {
    let error = |text: &str| Rules::compile(&[source("detectors/ours.toml", text)]).unwrap_err().to_string();
    for (text, told) in [
        (
            "[[exclude]]\ndetectors = [\"email\", \"jp.phon\"]\nvalues = [\"1\"]\n",
            "detectors/ours.toml: line 2, column 23: exclude: no detector is called `jp.phon` (did you mean `jp.phone`?)",
        ),
        ("\n[[exclude]]\ndetectors = [\"email\"]\n", "line 2, column 1: exclude: it excludes nothing; give it values"),
        ("[[exclude]]\ndetectors = []\nvalues = [\"1\"]\n", "line 1, column 1: exclude: the list detectors is empty"),
        ("[[exclude]]\nvalues = [\"ok1\", \" - \"]\n", "line 2, column 18: exclude: a value needs a letter or a digit"),
        ("[[exclude]]\npattern = 'a[b'\n", "line 2, column 11: exclude: the pattern cannot be used: regex parse error"),
        ("[[exclude]]\npattern = '.+'\n", "line 2, column 11: exclude: the pattern matches anything"),
        ("[[exclude]]\npattern = 'x|.*'\n", "the pattern matches anything"),
        (
            "[[exclude]]\ndictionary = \"nowhere\"\n",
            "line 2, column 14: exclude: there is no word in a dictionary `nowhere`",
        ),
        ("[[exclude]]\nvalue = [\"1\"]\n", "line 2, column 1: unknown field `value`"),
        (
            "[[exclude]]\nvalues = [\"03-5555-0100\"]\nexamples = { excluded = [\"電話 03-5555-0101\"] }\n",
            "line 1, column 1: exclude: example 1 of excluded",
        ),
        (
            "[[exclude]]\nvalues = [\"x\"]\nexamples = { excluded = [\"nothing here\"] }\n",
            "example 1 of excluded would not be found without it either; mend the exclusion or the example",
        ),
        (
            "[[exclude]]\nvalues = [\"hanako.t@toho.example.co.jp\"]\nexamples = { found = [\"hanako.t@toho.example.co.jp\"] }\n",
            "example 1 of found is not found",
        ),
    ] {
        assert!(error(text).contains(told), "{}\n  instead of {told}", error(text));
    }
}
