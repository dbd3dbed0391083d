//! Exact data from the shell: an index of a table is built, rules use it, real workers find its rows, and nobody sees one.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::relay::SEKISHO;

fn sekisho(folder: &Path, args: &[&str]) -> Output {
    Command::new(SEKISHO).args(args).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

/// Invented customers: number, name, telephone.
fn customers() -> String {
    (0..2_000).fold("お客様番号,氏名,電話番号,備考\n".to_owned(), |table, number| {
        let name = ["福田 太郎", "青木 花子", "岡本 健一", "西村 美咲", "三浦 翔太"][number % 5];
        table + &format!("AB{:06},{name},03-{:04}-{:04},\"a, b\"\n", 500_000 + number, 3_000 + number, number)
    })
}

/// A folder with a configuration and an index built of the customers, in Shift_JIS as old programs write it.
fn installation() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("rules/exact")).unwrap();
    let table = customers();
    std::fs::write(folder.path().join("customers.csv"), encoding_rs::SHIFT_JIS.encode(&table).0).unwrap();
    let config = "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = \"data\"\n\
                  [organization]\ndomains = [\"toho.example.co.jp\"]\n[next_hop]\nhosts = [\"127.0.0.1:10026\"]\n\
                  [approval]\nsecurity = [\"security@toho.example.co.jp\"]\n[rules]\ndirectory = \"rules\"\n\
                  [inspection]\nworkers = 1\n";
    std::fs::write(folder.path().join("sekisho.toml"), config).unwrap();
    let columns = "お客様番号,氏名,電話番号";
    let output = sekisho(
        folder.path(),
        &["edm", "build", "customers.csv", "--columns", columns, "-o", "rules/exact/customers.edm"],
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("2000 rows, 4000 cells") && said.contains("2000 cells whose value stands in more"), "{said}");
    folder
}

fn explain(folder: &TempDir, text: &str) -> Value {
    let mail = format!(
        "From: sato@toho.example.co.jp\r\nTo: yamada@kita-hoan.example.com\r\nSubject: s\r\n\
         Content-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n"
    );
    std::fs::write(folder.path().join("mail.eml"), mail).unwrap();
    let output = sekisho(folder.path(), &["explain", "--json", "--config", "sekisho.toml", "mail.eml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn rows_of_a_table_are_found_by_locked_workers() {
    let folder = installation();
    let said = explain(&folder, "AB500123 様 TEL ０３－３１２３－０１２３\r\n\r\nab500999 tel 03 3999 0999");
    let findings = said["inspection"]["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["detector"] == "our.customers").unwrap();
    assert_eq!((&finding["count"], &finding["confidence"]), (&2.into(), &"high".into()));
    assert_eq!(finding["examples"][0]["masked"], "お客様番号 + 電話番号");
    assert!(said["inspection"]["persons"].as_u64().unwrap() >= 2);
    assert!(!finding.to_string().contains("500123"), "{finding}");
    let clean = explain(&folder, "AB500123 と 03-3999-0999 は別のお客様です。");
    assert!(!clean["inspection"]["findings"].to_string().contains("our.customers"), "{clean}");
}

#[test]
fn an_index_keeps_its_key_apart_and_is_refused_without_it() {
    let folder = installation();
    let path = |name: &str| folder.path().join("rules/exact").join(name);
    assert_eq!(std::fs::metadata(path("edm.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let check = || sekisho(folder.path(), &["rules", "check", "--config", "sekisho.toml"]);
    assert!(check().status.success());
    std::fs::write(path("edm.key"), [7; 32]).unwrap();
    let output = check();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("customers.edm was built with another key"), "{said}");
    std::fs::remove_file(path("customers.edm")).unwrap();
    assert_eq!(check().status.code(), Some(78));
}

#[test]
fn what_is_wrong_with_a_table_is_told() {
    let folder = installation();
    let build = |arguments: &[&str]| {
        let output = sekisho(folder.path(), &[&["edm", "build"], arguments].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = build(&["customers.csv", "--columns", "住所", "-o", "x.edm"]);
    assert!(said.contains("it has no column \"住所\"; it has お客様番号, 氏名, 電話番号"), "{said}");
    assert!(build(&["customers.csv", "--columns", "氏名", "-o", "x.index"]).contains("name the index NAME.edm"));
    assert!(build(&["nothing.csv", "--columns", "氏名", "-o", "x.edm"]).contains("cannot be read"));
    assert!(!folder.path().join("x.edm").exists());
}

#[test]
fn an_index_that_cannot_be_put_in_its_place_leaves_nothing_behind() {
    let folder = installation();
    let exact = folder.path().join("rules/exact");
    std::fs::create_dir(exact.join("taken.edm")).unwrap();
    let arguments = ["edm", "build", "customers.csv", "--columns", "電話番号", "-o", "rules/exact/taken.edm"];
    let output = sekisho(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(70), "{}", String::from_utf8_lossy(&output.stderr));
    let names = std::fs::read_dir(&exact).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains(".new")));
    // What is being built is no rule file either: rules load meanwhile.
    std::fs::remove_dir(exact.join("taken.edm")).unwrap();
    std::fs::write(exact.join(".customers.edm.new"), "half").unwrap();
    assert!(sekisho(folder.path(), &["rules", "check", "--config", "sekisho.toml"]).status.success());
}
