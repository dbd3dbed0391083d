//! Why there is a hit: told for each, in words of the rules, and never in words of the mail.

use serde_json::{Value, json};

use super::*;
use crate::inspect::detect::checks::Note;
use crate::inspect::detect::ground::Ground;

/// What is told of the first example of a detector.
fn why(findings: &[Finding], detector: &str) -> Value {
    let finding = findings.iter().find(|finding| finding.detector == detector);
    let example = finding.and_then(|finding| finding.examples.first());
    serde_json::to_value(example.and_then(|example| example.why.as_ref())).unwrap()
}

fn rows(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.replace(',', "\t")).collect()
}

#[test]
fn a_header_is_named_as_the_rule_writes_it() {
    let (findings, _) = sheet(&rows(&[
        "お名前,携帯電話番号（必須）,備考",
        "山田太郎,090-1234-5678,糖尿病のため通院",
        "佐藤花子,080-1234-5678,",
    ]));
    assert_eq!(
        why(&findings, "jp.phone"),
        json!({"by": "column", "validation": "numbering_plan", "raised": [{"by": "header", "word": "携帯電話"}]})
    );
    assert_eq!(why(&findings, "jp.name")["raised"][0]["by"], "header");
    let illness = why(&findings, "jp.special_care");
    assert_eq!(illness["dictionary"], "special_care", "{illness}");
    assert!(illness["raised"].as_array().unwrap().contains(&json!({"by": "person"})), "{illness}");
}

#[test]
fn a_column_without_header_is_told_by_its_neighbours() {
    let (findings, _) = sheet(&rows(&["山田太郎,090-1234-5678", "佐藤花子,080-1234-5678", "鈴木一郎,070-1234-5678"]));
    assert_eq!(
        why(&findings, "jp.phone"),
        json!({"by": "column", "validation": "numbering_plan", "raised": [{"by": "neighbours"}],
               "lowered": [{"by": "no_header"}]})
    );
}

#[test]
fn a_label_is_named_as_the_rule_writes_it() {
    let (findings, _) = sheet(&rows(&["氏名,山田太郎", "電話番号,090-1234-5678", "住所,東京都千代田区霞が関3-1-1"]));
    assert_eq!(
        why(&findings, "jp.address"),
        json!({"by": "label", "validation": "places", "raised": [{"by": "label", "word": "住所"}]})
    );
}

#[test]
fn a_context_word_is_told_with_its_distance() {
    let (findings, _) = mail("従業員 高橋由美様\nマイナンバーは、 1234 5678 9018 です。\n");
    let number = why(&findings, "jp.my_number");
    assert_eq!(number["validation"], "check_digit");
    assert_eq!(number["raised"], json!([{"by": "context", "word": "マイナンバー", "distance": 3}]), "{number}");
    assert_eq!(number["lowered"], Value::Null, "{number}");

    let (findings, _) = mail("高橋由美様\n1234-5678-9018\n");
    let number = why(&findings, "jp.my_number");
    assert_eq!((&number["raised"], &number["lowered"]), (&Value::Null, &json!([{"by": "no_context"}])), "{number}");
}

#[test]
fn a_crowd_and_a_list_speak_for_their_own() {
    // By rule: the check digits are computed, as those of a list that nobody labelled.
    let digit = |body: u64| {
        let sum: u64 =
            (0..11).map(|n| (body / 10_u64.pow(n) % 10) * u64::from(if n < 6 { n + 2 } else { n - 4 })).sum();
        if sum % 11 <= 1 { 0 } else { 11 - sum % 11 }
    };
    let numbers: Vec<String> =
        (0..12).map(|n| 23_456_789_012 + n * 1_234_567).map(|body| format!("{body}{}", digit(body))).collect();
    let (findings, _) = mail(&format!("一覧です。\n{}\n", numbers.join("\n\n")));
    assert_eq!(why(&findings, "jp.my_number")["raised"], json!([{"by": "crowd"}]));

    let (findings, _) = mail("参加者\n\n山田太郎\n佐藤花子\n鈴木一郎\n高橋健一\n");
    assert_eq!(why(&findings, "jp.name"), json!({"by": "position", "validation": "names", "raised": [{"by": "list"}]}));
}

#[test]
fn every_hit_of_every_rule_is_explained_without_its_value() {
    let mut explained = 0;
    for detector in RULES.all() {
        for text in &detector.examples.matching {
            let (findings, _) = mail(text);
            for example in findings.iter().flat_map(|finding| &finding.examples) {
                let told = serde_json::to_string(example.why.as_ref().unwrap()).unwrap();
                let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 4);
                assert!(digits.clone().all(|digits| !told.contains(digits)), "{told} of {text}");
                explained += 1;
            }
        }
    }
    assert!(explained > 300, "{explained}");
}

#[test]
fn a_column_that_others_make_known_claims_no_header() {
    let phone = RULES.all().iter().position(|detector| detector.info.id == "jp.phone").unwrap();
    let told = |header: &str| {
        let why = Ground::Column { headed: true }.told(&RULES, phone, Note::Mobile, header);
        serde_json::to_value(why.unwrap().raised).unwrap()
    };
    assert_eq!(told(""), json!([{"by": "neighbours"}]));
    assert_eq!(told("ご連絡先（携帯）"), json!([{"by": "header", "word": "ご連絡先"}]));
}
