//! The journal from a shell: is it whole, what is in it, and what must be told the regulator.

use std::process::Output;

use sekisho::cli::demo::samples;
use serde_json::Value;

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const APPROVER: &str = "kacho@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const CUSTOMERS: u32 = 1_200;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command that must work says.
fn told(relay: &Relay, args: &[&str]) -> String {
    let output = relay.command(args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

/// A relay that let a list of customers go after an approval, holds a My Number, and forwarded a harmless mail; the ids of
/// the first two.
fn after_a_leak(sink: &Sink) -> (Relay, String, String) {
    let relay = Relay::start(sink.address);
    let sample = samples::gas_company(CUSTOMERS).unwrap();
    let reply = talk::send(relay.smtp, sample.from, &[&sample.to[0]], &sample.bytes).unwrap();
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");
    let leaked = relay.wait_for_state("pending")["id"].as_str().unwrap().to_owned();
    told(&relay, &["held", "approve", &leaked, "--as", APPROVER]);
    relay.wait_for_state("delivered");
    let secret = letter("m-1", "nencho", "従業員 高橋 由美のマイナンバーは 123456789018 です。");
    talk::send(relay.smtp, SENDER, &[ACCOUNTANT], &secret).unwrap();
    let held = relay.wait_for_state("pending")["id"].as_str().unwrap().to_owned();
    let reply = talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("c-1", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    (relay, leaked, held)
}

#[test]
fn the_leak_of_the_gas_company_is_reported_and_nothing_else() {
    let sink = Sink::start();
    let (relay, leaked, held) = after_a_leak(&sink);
    let report = told(&relay, &["journal", "report", &leaked]);
    for words in [
        "# 個人データの漏えい等報告書（速報）案",
        "東邦ガス株式会社から組織外の宛先1件に電子メール1通が送信された",
        "本人の数が1,000人を超える | 施行規則7条4号 | 該当",
        "業務委託_12月作業予定.xlsx",
        CONTRACTOR,
        "kacho@toho.example.co.jpが送信を承認した（コマンド）",
        "## 5. 二次被害又はそのおそれの有無及びその内容",
        "**【要確認】** 二次被害の有無",
    ] {
        assert!(report.contains(words), "{words} is not in\n{report}");
    }
    for n in 0..CUSTOMERS {
        let person = samples::customer(n);
        assert!(!report.contains(&person.phone) && !report.contains(&person.address), "row {n} is in the report");
    }
    let english = told(&relay, &["journal", "report", "--final", "--language", "en", "--malicious", &leaked]);
    assert!(english.contains("(final), draft") && english.contains("within 60 days"), "{english}");
    let gdpr = told(&relay, &["journal", "report", "--form", "gdpr", "--language", "en", &leaked]);
    assert!(gdpr.contains("GDPR Article 33") && gdpr.contains("72 hours"), "{gdpr}");
    let json: Value = serde_json::from_str(&told(&relay, &["journal", "report", "--json", &leaked])).unwrap();
    assert!(json["sections"].as_array().unwrap().len() > 9 && json["language"] == "ja", "{json}");

    let page = relay.home().join("report.html");
    let path = page.to_str().unwrap();
    let output = relay.command(&["journal", "report", "--html", path, &leaked]);
    assert!(output.status.success() && stderr(&output).contains("to be filled in"), "{}", stderr(&output));
    assert!(std::fs::read_to_string(&page).unwrap().contains("<html lang=\"ja\">"));
    let again = relay.command(&["journal", "report", "--html", path, &leaked]);
    assert_eq!(again.status.code(), Some(2), "a draft that was filled in is not written over");

    let stayed = relay.command(&["journal", "report", &held]);
    assert_eq!((stayed.status.code(), stdout(&stayed).as_str()), (Some(1), ""));
    assert!(stderr(&stayed).contains("nothing left the organisation"), "{}", stderr(&stayed));
    let both = relay.command(&["journal", "report", &leaked, &held]);
    assert!(both.status.success() && stdout(&both).contains("保留中で、送信されていない"), "{}", stdout(&both));
    for wrong in [
        &["journal", "report", "01NOSUCHMAIL"][..],
        &["journal", "report", "../../etc/passwd\u{1b}[2J"],
        &["journal", "report", "--aware", "2020-01-01", &leaked],
        &["journal", "report", "--aware", "2999-01-01", &leaked],
        &["journal", "report", "--aware", "soon", &leaked],
        &["journal", "report"],
    ] {
        let output = relay.command(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert!(!stderr(&output).contains('\u{1b}'));
    }
}

#[test]
fn the_journal_is_searched_by_all_that_it_knows() {
    let sink = Sink::start();
    let (relay, leaked, held) = after_a_leak(&sink);
    let ids = |args: &[&str]| -> Vec<String> {
        let args = [&["journal", "search", "--json"], args].concat();
        let line = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = told(&relay, &args).lines().map(line).collect();
        ids.dedup();
        ids
    };
    for args in [
        &["--file", "12月作業"][..],
        &["--detector", "jp.phone"],
        &["--persons", "1000"],
        &["--message-id", "gas-1.demo@toho.example.co.jp"],
        &["--rule", "bulk-personal-data", "--since", "today", "--to", "kita-hoan.example.com"],
        &["--id", &leaked],
    ] {
        assert_eq!(ids(args), [leaked.as_str()], "{args:?}");
    }
    // What became of the mail, and who sat at the command line for it.
    let by = told(&relay, &["journal", "search", "--json", "--by", APPROVER]);
    assert!(by.contains(&leaked) && by.contains("\"acted_as\"") && by.contains("(uid "), "{by}");
    assert_eq!(ids(&["--category", "specific"]), [held.as_str()]);
    assert_eq!(ids(&["--to", ACCOUNTANT]), [held.as_str()]);
    assert_eq!(ids(&["--decision", "forward"]).len(), 1);
    assert_eq!(ids(&["--person", SENDER]).len(), 3);
    assert_eq!(ids(&["--person", SENDER, "--until", "2020-01-01"]), [""; 0]);

    let table = told(&relay, &["journal", "search", "--table", "--file", "作業予定"]);
    assert!(table.lines().count() == 1 && table.contains("require_approval") && table.contains("people"), "{table}");
    let csv = told(&relay, &["journal", "search", "--csv", "--all"]);
    assert!(csv.starts_with("time,number,id,kind,from,to,") && csv.ends_with("\r\n"), "{csv}");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let kinds: Vec<String> = rows.records().map(|row| row.unwrap()[3].to_owned()).collect();
    assert!(kinds.iter().filter(|kind| *kind == "mail").count() == 3 && kinds.contains(&"change".to_owned()), "{csv}");
    let few = relay.command(&["journal", "search", "--limit", "1"]);
    assert!(stdout(&few).lines().count() == 1 && stderr(&few).contains("--all"), "{}", stderr(&few));
    for wrong in [&["--person", "sato"][..], &["--since", "soon"], &["--category", "gossip"], &["--csv", "--json"]] {
        let output = relay.command(&[&["journal", "search"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn a_tampered_journal_is_found_and_told() {
    let sink = Sink::start();
    let (mut relay, ..) = after_a_leak(&sink);
    let whole = told(&relay, &["journal", "verify"]);
    assert!(whole.contains("records, whole; head "), "{whole}");
    let head = whole.trim().rsplit_once("head ").unwrap().1.to_owned();
    let kept = told(&relay, &["journal", "verify", "--head", &head]);
    assert!(kept.contains("up to there nothing has changed since"), "{kept}");
    assert_eq!(relay.command(&["journal", "verify", "--head", "12"]).status.code(), Some(2));
    assert!(relay.stop());
    for (sql, said) in [
        (
            "UPDATE journal SET record = replace(record, '\"persons\":1', '\"persons\":2') WHERE seq = 1",
            "record 1 was changed",
        ),
        ("DELETE FROM journal WHERE seq = 2", "record 2 is missing: it was deleted"),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", "the end of the journal was cut off"),
    ] {
        let data = relay.home().join("data");
        let untouched = std::fs::read(data.join("sekisho.db")).unwrap();
        tamper(&data.join("sekisho.db"), sql);
        let output = relay.command(&["journal", "verify"]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
        assert!(stderr(&output).contains(said), "{sql}: {}", stderr(&output));
        for left in ["sekisho.db-wal", "sekisho.db-shm"] {
            let _ = std::fs::remove_file(data.join(left));
        }
        std::fs::write(data.join("sekisho.db"), untouched).unwrap();
    }
    told(&relay, &["journal", "verify", "--head", &head]);
}

/// Changes the database as somebody with its file would.
fn tamper(database: &std::path::Path, sql: &'static str) {
    use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
        let changed = sqlx::query(sql).execute(&mut connection).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{sql}");
        connection.close().await.unwrap();
    });
}

#[test]
fn a_mail_is_traced_from_its_arrival_to_its_delivery() {
    let sink = Sink::start();
    let (relay, leaked, held) = after_a_leak(&sink);
    let told_of = told(&relay, &["trace", &leaked]);
    let at = |words: &str| told_of.find(words).unwrap_or_else(|| panic!("{words} in {told_of}"));
    assert!(at("require_approval") < at("approved") && at("approved") < at("delivered"), "{told_of}");
    assert!(told_of.contains(APPROVER) && told_of.lines().all(|line| line.contains(leaked.as_str())), "{told_of}");
    let lines = told(&relay, &["trace", "--json", &leaked]);
    assert!(lines.lines().count() >= 3 && lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    sink.go_down(true);
    told(&relay, &["held", "approve", &held, "--as", APPROVER]);
    let told_of = told(&relay, &["trace", &held.to_lowercase()]);
    assert!(told_of.contains("is tried next (release") && told_of.contains(ACCOUNTANT), "{told_of}");
    let nobody = relay.command(&["trace", "01ZZZZZZZZZZZZZZZZZZZZZZZZ"]);
    assert!(nobody.status.code() == Some(2) && stderr(&nobody).contains("knows no mail"), "{}", stderr(&nobody));
}
