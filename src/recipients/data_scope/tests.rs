//! Mails with data: which go beyond what was agreed, or hold somebody else's rows, and which do not.

use super::super::{Check, fixture::Mail};
use crate::inspect::{
    Category, Confidence, Finding,
    detect::organizations::{Mention, folded},
};

const PARTNERS: &str = "[[partner]]\nid = \"kita\"\nnames = [\"北保安サービス株式会社\"]\ndomains = [\"kita.jp\"]\n\
                        may_receive = { categories = [\"contact\"], max_persons = 100 }\ncustomer_codes = \
                        'KH-[0-9]{4}'\n[[partner]]\nid = \"minami\"\nnames = [\"南商事株式会社\"]\ndomains = \
                        [\"minami.jp\"]\ncustomer_codes = '(MT|MS)[0-9]{5}'\n[[partner]]\nid = \"acme\"\nnames = \
                        [\"ACME Corporation\"]\ndomains = [\"acme.example\"]\nmay_receive = { categories = \
                        [\"contact\", \"identity\", \"financial\"], max_persons = 10 }\n";

/// To; findings (`contact`, `low contact`); persons; names, domains and codes in rows, each with how often.
type Row = (&'static str, &'static str, u32, &'static str, &'static str, &'static str);

fn mail(&(to, findings, persons, names, domains, codes): &Row) -> Mail {
    let to: Vec<&str> = to.split('|').collect();
    let mut mail = Mail::to(&to).partners(PARTNERS);
    mail.organization.name = "東邦観光株式会社".to_owned();
    mail.inspection.persons = persons;
    for finding in findings.split('|').filter(|finding| !finding.is_empty()) {
        let (confidence, category) = match finding.strip_prefix("low ") {
            Some(category) => (Confidence::Low, category),
            None => (Confidence::High, finding),
        };
        let category: Category = serde_json::from_value(category.into()).unwrap();
        let detector = "x".to_owned();
        mail.inspection.findings.push(Finding {
            detector,
            title: None,
            category,
            confidence,
            count: 1,
            examples: Vec::new(),
        });
    }
    let counted = |list: &'static str| {
        let some = list.split('|').filter(|one| !one.is_empty());
        some.map(|one| one.rsplit_once(' ').unwrap()).map(|(what, times)| (what, times.parse::<u32>().unwrap()))
    };
    let mention = |(name, rows): (&str, u32)| {
        let place = "顧客.xlsx › 顧客".to_owned();
        Mention { name: name.to_owned(), count: rows, addressed: 0, rows, place }
    };
    mail.letter.organizations = counted(names).map(|(name, rows)| mention((&folded(name), rows))).collect();
    mail.letter.domains = counted(domains).map(mention).collect();
    mail.letter.codes =
        counted(codes).flat_map(|(code, times)| std::iter::repeat_n(code.to_owned(), times as usize)).collect();
    mail
}

const BEYOND: [Row; 44] = [
    // More people.
    ("a@kita.jp", "contact", 101, "", "", ""),
    ("a@kita.jp", "contact", 5_000, "", "", ""),
    ("a@mail.kita.jp", "contact", 150, "", "", ""),
    ("a@acme.example", "contact", 11, "", "", ""),
    ("a@acme.example", "contact|identity", 1_000, "", "", ""),
    ("a@kita.jp", "", 200, "", "", ""),
    ("a@kita.jp|b@kita.jp", "contact", 200, "", "", ""),
    ("a@kita.jp|sato@example.co.jp", "contact", 200, "", "", ""),
    // Another category.
    ("a@kita.jp", "identity", 1, "", "", ""),
    ("a@kita.jp", "financial", 1, "", "", ""),
    ("a@kita.jp", "special_care", 1, "", "", ""),
    ("a@kita.jp", "specific", 1, "", "", ""),
    ("a@kita.jp", "contact|identity", 1, "", "", ""),
    ("a@kita.jp", "contact|financial", 50, "", "", ""),
    ("a@kita.jp", "contact|special_care|specific", 3, "", "", ""),
    ("a@kita.jp", "financial", 0, "", "", ""),
    ("a@acme.example", "special_care", 1, "", "", ""),
    ("a@acme.example", "specific", 1, "", "", ""),
    ("a@acme.example", "contact|identity|special_care", 1, "", "", ""),
    ("a@acme.example", "specific", 11, "", "", ""),
    // Rows of another, by name.
    ("a@kita.jp", "contact", 50, "南商事株式会社 50", "", ""),
    ("a@kita.jp", "", 0, "㈱南商事 50", "", ""),
    ("a@kita.jp", "contact", 50, "南商事 45|北保安サービス 5", "", ""),
    ("a@kita.jp", "contact", 50, "南商事 35|西不動産株式会社 15", "", ""),
    ("a@minami.jp", "contact", 50, "北保安サービス 50", "", ""),
    ("a@minami.jp", "", 0, "ACME Corporation 9", "", ""),
    ("a@acme.example", "contact", 5, "南商事 5", "", ""),
    ("a@kita.jp", "contact", 50, "東邦観光株式会社 100|南商事 20", "", ""),
    ("a@kita.jp|b@acme.example", "contact", 5, "南商事 20", "", ""),
    // By domain.
    ("a@kita.jp", "contact", 50, "", "minami.jp 50", ""),
    ("a@kita.jp", "contact", 50, "", "mail.minami.jp 50", ""),
    ("a@kita.jp", "contact", 50, "", "minami.jp 45|kita.jp 3", ""),
    ("a@kita.jp", "contact", 50, "", "example.co.jp 500|minami.jp 45", ""),
    ("a@minami.jp", "contact", 50, "", "kita.jp 40|gmail.com 10", ""),
    ("a@acme.example", "", 0, "", "kita.jp 8", ""),
    // By code.
    ("a@kita.jp", "contact", 50, "", "", "MT00001 50"),
    ("a@kita.jp", "contact", 50, "", "", "MT00001 20|MS00002 30"),
    ("a@kita.jp", "", 0, "", "", "MT00001 50|KH-0001 5"),
    ("a@minami.jp", "contact", 50, "", "", "KH-0001 50"),
    ("a@minami.jp", "contact", 50, "", "", "KH-0001 20|XX-1 10"),
    ("a@acme.example", "contact", 5, "", "", "KH-0001 5"),
    ("a@acme.example", "", 0, "", "", "MS12345 64"),
    // By several signs.
    ("a@kita.jp", "contact", 50, "南商事 50", "minami.jp 50", "MT00001 50"),
    ("a@kita.jp", "contact", 50, "北保安サービス 50", "minami.jp 50", ""),
];

const WITHIN: [Row; 44] = [
    ("a@kita.jp", "contact", 100, "", "", ""),
    ("a@kita.jp", "contact", 1, "", "", ""),
    ("a@kita.jp", "contact|low identity", 10, "", "", ""),
    ("a@kita.jp", "low financial", 0, "", "", ""),
    ("a@kita.jp", "", 0, "", "", ""),
    ("a@kita.jp", "", 100, "", "", ""),
    // Secrets and marks are no agreement's matter.
    ("a@kita.jp", "credential", 0, "", "", ""),
    ("a@kita.jp", "organizational", 0, "", "", ""),
    ("a@kita.jp", "contact|credential|organizational", 5, "", "", ""),
    ("a@acme.example", "contact", 10, "", "", ""),
    ("a@acme.example", "contact|identity|financial", 10, "", "", ""),
    ("a@mail.acme.example", "financial", 1, "", "", ""),
    // Nothing was agreed.
    ("a@minami.jp", "contact", 5_000, "", "", ""),
    ("a@minami.jp", "special_care", 1, "", "", ""),
    ("a@unknown.example", "contact", 5_000, "", "", ""),
    ("a@gmail.com", "specific", 1, "", "", ""),
    ("sato@example.co.jp", "specific", 5_000, "", "", ""),
    // Their own rows.
    ("a@kita.jp", "contact", 50, "北保安サービス株式会社 50", "", ""),
    ("a@kita.jp", "contact", 50, "北保安サービス 30|南商事 20", "", ""),
    ("a@kita.jp", "contact", 50, "南商事 30|北保安サービス 20", "", ""),
    ("a@minami.jp", "contact", 50, "", "minami.jp 50", ""),
    ("a@minami.jp", "contact", 50, "", "minami.jp 10|kita.jp 40", ""),
    ("a@kita.jp", "contact", 50, "", "", "KH-0001 50"),
    ("a@kita.jp", "contact", 50, "", "", "KH-0001 10|MT00001 40"),
    ("a@minami.jp", "contact", 50, "", "", "MS00001 50"),
    // Nobody's for the most part.
    ("a@kita.jp", "contact", 50, "南商事 20|西不動産 30", "", ""),
    ("a@kita.jp", "contact", 50, "西不動産株式会社 50", "", ""),
    ("a@kita.jp", "contact", 50, "", "gmail.com 50", ""),
    ("a@kita.jp", "contact", 50, "", "gmail.com 30|minami.jp 10", ""),
    ("a@kita.jp", "contact", 50, "", "", "XX-0001 50"),
    ("a@kita.jp", "contact", 50, "", "", "MT00001 20|XX-0001 40"),
    ("a@kita.jp", "contact", 50, "", "", "KH-00011 50"),
    ("a@kita.jp", "contact", 50, "", "", "XMT00001 50"),
    // Too few.
    ("a@kita.jp", "contact", 4, "南商事 4", "", ""),
    ("a@kita.jp", "contact", 4, "", "minami.jp 4", ""),
    ("a@kita.jp", "contact", 4, "", "", "MT00001 4"),
    // Our own.
    ("a@kita.jp", "contact", 50, "東邦観光株式会社 50", "", ""),
    ("a@kita.jp", "contact", 50, "", "example.co.jp 50", ""),
    ("a@kita.jp", "contact", 50, "東邦観光株式会社 50|南商事 3", "", ""),
    // A recipient of whom nobody knows whose it is, and colleagues.
    ("a@unknown.example", "contact", 50, "南商事 50", "", ""),
    ("a@unknown.example", "contact", 50, "", "minami.jp 50", ""),
    ("a@gmail.com", "contact", 50, "南商事 50", "minami.jp 50", "MT00001 50"),
    ("sato@example.co.jp", "contact", 50, "南商事 50", "minami.jp 50", "MT00001 50"),
    ("a@unknown.example", "contact", 50, "", "", "MT00001 50"),
];

#[test]
fn more_than_was_agreed_and_others_rows_are_told() {
    let missed: Vec<&Row> = BEYOND.iter().filter(|row| mail(row).issues(Check::DataScope)[0].is_none()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn what_was_agreed_and_what_nobody_can_tell_is_quiet() {
    let alarms: Vec<_> = WITHIN
        .iter()
        .filter_map(|row| Some((row, mail(row).issues(Check::DataScope).into_iter().flatten().next()?)))
        .collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn every_issue_says_why_and_what_it_saw() {
    for row in &BEYOND {
        let issue = mail(row).issues(Check::DataScope).remove(0).unwrap();
        let reason = issue.reason.unwrap();
        assert!(!issue.detail.is_empty() && !reason.ja.is_empty() && !reason.en.is_empty(), "{row:?}");
        // Whose rows they are is to whom they should go.
        let rows = issue.detail.contains(" ≠ ");
        assert_eq!(rows, issue.suggestion.is_some(), "{row:?}");
        assert_eq!(rows, row.3.len() + row.4.len() + row.5.len() > 0, "{row:?}");
    }
    let of = |row: &Row| mail(row).issues(Check::DataScope).remove(0).unwrap();
    let issue = of(&("a@kita.jp", "contact|financial", 120, "", "", ""));
    assert_eq!(issue.detail, "kita: persons 120 > 100, financial");
    let issue = of(&("a@kita.jp", "contact", 50, "", "", "MT00001 20|XX-1 5"));
    assert_eq!(issue.detail, "codes: 南商事株式会社 20/25 ≠ a@kita.jp");
    assert_eq!(issue.suggestion.as_deref(), Some("minami.jp"));
    assert!(issue.reason.unwrap().ja.contains("データの大半（80%）は「南商事株式会社」"));
}

#[test]
fn the_contact_there_is_suggested() {
    let row = ("a@kita.jp", "contact", 50, "南商事 50", "", "");
    let known = mail(&row).before(2, "sato@example.co.jp", &["tanaka@minami.jp"]);
    assert_eq!(known.issues(Check::DataScope).remove(0).unwrap().suggestion.as_deref(), Some("tanaka@minami.jp"));
}
