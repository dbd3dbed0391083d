//! Exact data from a table to a finding.

use std::io;

use super::{Builder, Bytes, Shelf};
use crate::inspect::detect::{Detection, RuleSource, Rules};
use crate::inspect::{Cell, Finding, People, Place, Sink};

const SECRET: &[u8] = b"a secret of the organisation";

/// Invented people, by number.
fn person(number: usize) -> [String; 4] {
    const SURNAMES: [&str; 20] = [
        "佐藤",
        "鈴木",
        "高橋",
        "田中",
        "伊藤",
        "渡辺",
        "山本",
        "中村",
        "小林",
        "加藤",
        "吉田",
        "山田",
        "佐々木",
        "山口",
        "松本",
        "井上",
        "木村",
        "林",
        "斎藤",
        "清水",
    ];
    const GIVEN: [&str; 10] = ["太郎", "花子", "健一", "美咲", "翔太", "陽菜", "大輔", "結衣", "拓也", "葵"];
    let name = format!("{} {}", SURNAMES[number % 20], GIVEN[number / 20 % 10]);
    let phone = format!("090-{:04}-{:04}", number / 10_000 + 1_000, number % 10_000);
    [format!("C-{:06}", 100_000 + number), name, phone, format!("u{number}@mail.example.com")]
}

const COLUMNS: [&str; 4] = ["お客様番号", "氏名", "電話番号", "メール"];

fn index(rows: usize) -> Vec<u8> {
    let columns = COLUMNS.map(str::to_owned).to_vec();
    let mut builder = Builder::new(columns, rows, SECRET, [7; 16]).unwrap();
    for number in 0..rows {
        builder.row(person(number).iter().map(String::as_str)).unwrap();
    }
    let mut bytes = Vec::new();
    let summary = builder.finish(&mut bytes).unwrap();
    assert_eq!(summary.rows, u32::try_from(rows).unwrap());
    bytes
}

/// A folder with one index in it.
struct Folder {
    bytes: Vec<u8>,
    secret: &'static [u8],
    breaks: bool,
}

/// A file that was cut off after it was opened.
#[derive(Debug)]
struct Cut(Vec<u8>);

impl Bytes for Cut {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        // Entries are asked for a few at a time; everything else is long, at the start, or at the end.
        let is_entries = offset > 16 && buffer.len().is_multiple_of(8) && buffer.len() != 32 && buffer.len() < 4_096;
        if is_entries { Err(io::ErrorKind::UnexpectedEof.into()) } else { self.0.read_at(buffer, offset) }
    }
}

impl Shelf for Folder {
    fn index(&self, name: &str) -> io::Result<Box<dyn Bytes>> {
        match name {
            "customers.edm" if self.breaks => Ok(Box::new(Cut(self.bytes.clone()))),
            "customers.edm" => Ok(Box::new(self.bytes.clone())),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn secret(&self, name: &str) -> io::Result<Vec<u8>> {
        if name == "edm.key" { Ok(self.secret.to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

const RULE: &str = r#"
[[exact]]
id = "our.customers"
title = { ja = "お客様台帳", en = "Customer master" }
file = "customers.edm"
at_least = 2
"#;

fn rules(rule: &str, folder: &Folder) -> Result<Rules, String> {
    let source = RuleSource { name: "exact/customers.toml".to_owned(), text: rule.to_owned() };
    Rules::compile_with(&[source], folder).map_err(|error| error.to_string())
}

fn good(rows: usize) -> Folder {
    Folder { bytes: index(rows), secret: SECRET, breaks: false }
}

fn found(rules: &Rules, read: impl Fn(&mut Detection<'_>)) -> (Option<Finding>, People) {
    let mut detection = Detection::new(rules, &[], false);
    read(&mut detection);
    let (findings, people, faults) = detection.finish();
    assert!(faults.is_empty());
    (findings.into_iter().find(|finding| finding.detector == "our.customers"), people)
}

fn in_text(rules: &Rules, text: &str) -> u32 {
    found(rules, |detection| detection.text(&Place::new("body"), text)).0.map_or(0, |finding| finding.count)
}

#[test]
fn rows_are_found_in_text_in_whatever_dress() {
    let rules = rules(RULE, &good(2_000)).unwrap();
    let [code, name, phone, mail] = person(1_234);
    let surname_first = name.replace(' ', "");
    for text in [
        format!("{name}様のお電話は{phone}です。"),
        format!("お客様番号 {code}\n\n{surname_first}\n"),
        format!("契約者:{surname_first}様、連絡先は+81 {} まで", &phone[1..]),
        format!("{} / {}", mail.to_uppercase(), code.replace('-', "")),
        format!("ご担当は{name}({})", phone.replace('-', "－")),
    ] {
        assert_eq!(in_text(&rules, &text), 1, "{text}");
    }
}

#[test]
fn one_column_alone_or_two_rows_mixed_are_nobody() {
    let rules = rules(RULE, &good(2_000)).unwrap();
    let ([_, name, phone, _], [.., other, mail]) = (person(10), person(711));
    let far = "あ".repeat(300);
    for text in [
        name.clone(),
        phone.clone(),
        format!("{name} {other}"),
        format!("{phone} {mail}"),
        format!("{name}{far}{phone}"),
        format!("9{phone} {name}"),
        format!("{phone}9 {name}"),
        "東京都港区で会議を行います。".to_owned(),
    ] {
        assert_eq!(in_text(&rules, &text), 0, "{text}");
    }
}

#[test]
fn rows_of_a_table_are_counted_once_and_hidden_ones_told() {
    let rules = rules(RULE, &good(2_000)).unwrap();
    let sheet = |detection: &mut Detection<'_>, hidden: bool| {
        detection.begin_table(&Place { hidden, ..Place::new("一覧.xlsx › 顧客") });
        for number in 0..300 {
            let [code, _, phone, _] = person(number);
            let cell = |column, text: &str| Cell { column, text: text.to_owned().into(), hidden: false };
            detection.row(u32::try_from(number).unwrap(), &[cell(0, &code), cell(1, "x"), cell(2, &phone)]);
        }
        detection.end_table();
    };
    let (finding, people) = found(&rules, |detection| {
        sheet(detection, true);
        sheet(detection, true);
    });
    let finding = finding.unwrap();
    assert_eq!((finding.count, people.hidden, people.visible), (300, 300, 0));
    assert_eq!(finding.examples.len(), 5);
    assert_eq!(finding.examples[0].masked, "お客様番号 + 電話番号");
    assert_eq!(finding.examples[0].place, "一覧.xlsx › 顧客!C1");
    assert!(finding.examples[0].hidden);
}

#[test]
fn what_is_said_holds_no_value() {
    let rules = rules(RULE, &good(500)).unwrap();
    let [code, name, phone, _] = person(99);
    let (finding, _) =
        found(&rules, |detection| detection.text(&Place::new("body"), &format!("{code} {name} {phone}")));
    let said = format!("{:?}", finding.unwrap());
    assert!(!said.contains(&code) && !said.contains(&phone) && !said.contains(&name[..6]), "{said}");
}

#[test]
fn the_index_holds_no_value() {
    let bytes = index(200);
    let holds = |value: &str| memchr::memmem::find(&bytes, value.as_bytes()).is_some();
    for number in 0..200 {
        assert!(person(number).iter().all(|value| !holds(value)));
    }
    assert!(holds("お客様番号"));
}

#[test]
fn what_many_share_or_is_too_short_is_left_out() {
    let mut builder = Builder::new(vec!["県".to_owned(), "番号".to_owned()], 1_000, SECRET, [1; 16]).unwrap();
    for number in 0..1_000 {
        builder.row(["東京都", if number == 0 { "1" } else { "" }].into_iter()).unwrap();
    }
    let summary = builder.finish(&mut Vec::new()).unwrap();
    assert_eq!((summary.cells, summary.common, summary.short), (0, 1_000, 1));
}

#[test]
fn what_is_wrong_is_told_with_what_helps() {
    let folder = good(10);
    let told = |rule: &str, folder: &Folder| rules(rule, folder).unwrap_err();
    let changed = |from: &str, to: &str| RULE.replace(from, to);
    for (rule, said) in [
        (
            changed("customers.edm", "guests.edm"),
            "exact/customers.toml: line 2, column 1: table our.customers: guests.edm:",
        ),
        (changed("customers.edm", "../customers.edm"), "is no plain file name"),
        (changed("at_least = 2", "at_least = 5"), "at_least = 5 of 4 columns; write 1 to 4"),
        (changed("at_least = 2", "columns = [\"住所\"]"), "it has no column \"住所\"; it has お客様番号, 氏名"),
        (changed("at_least", "at_most"), "unknown field `at_most`"),
        (changed("our.customers", "Our"), "in small letters"),
    ] {
        assert!(told(&rule, &folder).contains(said), "{}", told(&rule, &folder));
    }
    let other = Folder { secret: b"another", bytes: folder.bytes.clone(), breaks: false };
    assert!(told(RULE, &other).contains("customers.edm was built with another key"));
    for (at, said) in [(0, "this is no index"), (8_000, "its sum is wrong"), (20, "its head is damaged")] {
        let mut bytes = folder.bytes.clone();
        bytes[at] ^= 0x80;
        assert!(told(RULE, &Folder { bytes, secret: SECRET, breaks: false }).contains(said), "{at}");
    }
    let short = folder.bytes[..folder.bytes.len() - 8].to_vec();
    assert!(told(RULE, &Folder { bytes: short, secret: SECRET, breaks: false }).contains("not as long as it says"));
}

#[test]
fn an_index_that_cannot_be_read_is_named_and_never_silence() {
    let rules = rules(RULE, &Folder { breaks: true, ..good(200) }).unwrap();
    let mut detection = Detection::new(&rules, &[], false);
    detection.text(&Place::new("body"), &person(5).join(" "));
    let (_, _, faults) = detection.finish();
    assert_eq!(faults, ["exact data: our.customers"]);
}
