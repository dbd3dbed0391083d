//! The commands as scripts use them: exit codes, JSON, and never an unmasked value.

use std::process::{Command, Output, Stdio};

use sekisho::cli::demo::samples;
use serde_json::Value;

use crate::support::{
    free_port,
    relay::{Relay, SEKISHO},
    sink::Sink,
    talk::letter,
};

fn sekisho(args: &[&str]) -> Output {
    Command::new(SEKISHO).args(args).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn scan_walks_folders_and_tells_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clean.txt"), "来週の会議は水曜日です。\n").unwrap();
    let path = folder.path().to_str().unwrap();
    let clean = sekisho(&["scan", "--json", path]);
    assert_eq!(clean.status.code(), Some(0), "{}{}", stdout(&clean), stderr(&clean));

    let workbook = samples::gas_company_workbook(300).unwrap();
    std::fs::write(folder.path().join("業務委託.xlsx"), workbook).unwrap();
    let found = sekisho(&["scan", "--json", path]);
    assert_eq!(found.status.code(), Some(1), "{}", stderr(&found));
    let lines: Vec<Value> = stdout(&found).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let workbook = lines.iter().find(|line| line["type"] == "xlsx").unwrap();
    assert_eq!(workbook["persons"], 300);
    let phone = workbook["findings"].as_array().unwrap().iter().find(|f| f["detector"] == "jp.phone").unwrap();
    assert_eq!(
        (&phone["count"], &phone["confidence"], &phone["category"]),
        (&300.into(), &"high".into(), &"contact".into())
    );
    assert_eq!(phone["examples"][0]["where"], "業務委託.xlsx › 顧客!F2");
    assert_eq!(phone["examples"][0]["masked"].as_str().unwrap().matches('*').count(), 4, "{phone}");
    for n in 0..300 {
        let person = samples::customer(n);
        assert!(
            !stdout(&found).contains(&person.phone) && !stdout(&found).contains(&person.address),
            "unmasked row {n}"
        );
    }

    let missing = sekisho(&["scan", "/nonexistent/file"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("/nonexistent/file cannot be read"), "{}", stderr(&missing));
    assert_eq!(sekisho(&["scan"]).status.code(), Some(2));
}

/// What a person sees, as the README shows it; and that colours are for those who see them alone.
#[test]
fn scan_is_plain_unless_somebody_sees_colours() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("phone.png"), include_bytes!("pictures/phone.png")).unwrap();
    std::fs::write(folder.path().join("meibo.csv"), "氏名,電話番号\n山田太郎,090-1234-5678\n佐藤花子,080-1234-5678\n")
        .unwrap();
    let scan = |set: &[(&str, &str)]| {
        let mut command = Command::new(SEKISHO);
        command.args(["scan", "meibo.csv", "phone.png"]).current_dir(folder.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        stdout(&command.envs(set.iter().copied()).output().unwrap())
    };
    let plain = scan(&[]);
    let readme = include_str!("../../README.md");
    let shown = readme.split("$ sekisho scan meibo.csv phone.png\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(Some(plain.as_str()), shown);
    assert!(scan(&[("LANG", "ja_JP.UTF-8")]).contains("  2人分の個人情報\n  氏名      確度 高  2件  jp.name\n"));
    assert!(scan(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C.UTF-8")]).contains("personal data of 2 people"));
    let coloured = scan(&[("CLICOLOR_FORCE", "1")]);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31mpersonal data of 2 people\u{1b}[0m"), "{coloured:?}");
    assert!(!scan(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn scan_reads_standard_input_and_mailboxes() {
    let folder = tempfile::tempdir().unwrap();
    let mbox = folder.path().join("x.mbox");
    let mut bytes = Vec::new();
    for n in 0..3 {
        bytes.extend(b"From a@b Sun Nov 22 10:00:00 2026\r\n");
        bytes.extend(letter(&n.to_string(), "s", "従業員 高橋 由美のマイナンバーは 123456789018 です。\r\n"));
    }
    std::fs::write(&mbox, &bytes).unwrap();
    let output = sekisho(&["scan", "--json", mbox.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 3);
    assert!(!stdout(&output).contains("123456789018"));

    let file = std::fs::File::open(&mbox).unwrap();
    let output = Command::new(SEKISHO).args(["scan", "--json", "-"]).stdin(file).output().unwrap();
    assert_eq!(stdout(&output).lines().count(), 3);
}

#[test]
fn explain_tells_the_whole_decision_and_sends_nothing() {
    let sink = Sink::start();
    let relay = Relay::configured(sink.address, "");
    let mail = relay.home().join("m.eml");
    std::fs::write(&mail, samples::gas_company(50).unwrap().bytes).unwrap();
    let path = mail.to_str().unwrap();
    let output = relay.command(&["explain", "--json", "--rcpt-to", "yamada@kita-haon.example.com", path]);
    assert!(output.status.success(), "{}", stderr(&output));
    let explained: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(explained["decision"], "require_approval");
    let rules = explained["rules"].to_string();
    assert!(rules.contains("bulk-personal-data") && rules.contains("lookalike-domain"), "{rules}");
    let recipient = &explained["recipients"][0];
    assert_eq!(recipient["direction"], "external");
    assert_eq!(recipient["issues"][0]["check"], "lookalike_domain");
    assert!(
        recipient["issues"][0]["detail"].as_str().unwrap().contains("kita-haon.example.com ≈ kita-hoan.example.com")
    );
    assert_eq!(explained["inspection"]["persons"], 50);
    let text = stdout(&relay.command(&["explain", path]));
    assert!(text.starts_with("判定: require_approval 承認待ち\n"), "{text}");
    for told in [
        "業務委託_12月作業予定.xlsx › 顧客!F2",
        "理由：電話番号計画に合う（libphonenumber）；確度を上げたもの：列の見出し「電話番号」",
    ] {
        assert!(text.contains(told), "{told} is not in {text}");
    }
    assert!(sink.mails().is_empty());
}

#[test]
fn wrong_arguments_are_one_line_and_exit_2() {
    for args in
        [&["scan"][..], &["bogus"], &["held", "approve", "X"], &["scan", "--bogus", "x"], &["user", "add", "foo"]]
    {
        let output = sekisho(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
        assert!(stderr(&output).starts_with("sekisho: "), "{}", stderr(&output));
    }
    let help = sekisho(&["--help"]);
    assert!(help.status.success() && stdout(&help).contains("explain"));
}

#[test]
fn rules_are_checked_tested_and_listed() {
    let check = sekisho(&["rules", "check"]);
    assert!(check.status.success(), "{}", stderr(&check));
    let test = sekisho(&["rules", "test"]);
    assert!(test.status.success(), "{}", stderr(&test));
    let list = stdout(&sekisho(&["rules", "list"]));
    for name in [
        "jp.my_number",
        "jp.corporate_number",
        "credit_card",
        "jp.phone",
        "jp.postal_code",
        "email",
        "jp.address",
        "jp.name",
        "jp.birth_date",
        "iban",
        "lookalike_domain",
        "exposed_recipients",
        "bulk-personal-data",
    ] {
        assert!(list.contains(name), "{name} is not listed:\n{list}");
    }
}

#[test]
fn the_example_of_rules_loads_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let detectors = folder.path().join("rules/detectors");
    std::fs::create_dir_all(&detectors).unwrap();
    let file = detectors.join("ours.toml");
    let written = sekisho(&["rules", "new", file.to_str().unwrap()]);
    assert!(written.status.success(), "{}", stderr(&written));
    assert_eq!(stdout(&sekisho(&["rules", "new"])), std::fs::read_to_string(&file).unwrap());
    let config = folder.path().join("sekisho.toml");
    let text = "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = \"data\"\n\
                [organization]\ndomains = [\"toho.example.co.jp\"]\n[next_hop]\nhosts = [\"127.0.0.1:10026\"]\n\
                [approval]\nsecurity = [\"security@toho.example.co.jp\"]\n[rules]\ndirectory = \"rules\"\n";
    std::fs::write(&config, text).unwrap();
    let test = sekisho(&["rules", "test", "--config", config.to_str().unwrap()]);
    assert!(stdout(&test).contains("detector our.customer_code: 5 examples pass"), "{}", stderr(&test));
    assert!(stdout(&test).contains("exclude email: 2 examples pass"), "{}", stdout(&test));
    let list = stdout(&sekisho(&["rules", "list", "--config", config.to_str().unwrap()]));
    assert!(list.contains("exclude\tjp.phone,phone,jp.address\t2 values\tswitchboard and head office\n"), "{list}");
    assert_eq!(sekisho(&["rules", "new", file.to_str().unwrap()]).status.code(), Some(2), "it would be overwritten");
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap().replace("mask = \"last4\"", "mask = 4")).unwrap();
    let broken = sekisho(&["rules", "check", "--config", config.to_str().unwrap()]);
    assert_eq!(broken.status.code(), Some(78));
    assert!(stderr(&broken).contains("ours.toml: line 17, column 8"), "{}", stderr(&broken));
}

#[test]
fn configuration_errors_have_a_place_a_reason_and_exit_78() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "hostnam = \"x\"\n").unwrap();
    let output = sekisho(&["config", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("bad.toml:1:1: "), "{}", stderr(&output));
    let serve = sekisho(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(serve.status.code(), Some(78));
    assert_eq!(sekisho(&["held", "list", "--config", "/nonexistent.toml"]).status.code(), Some(78));
}

#[test]
fn deciding_something_unknown_is_a_clear_error() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let output = relay.command(&["held", "approve", "01NOSUCHMAIL", "--as", "kacho@toho.example.co.jp"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("01NOSUCHMAIL"), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1);
    assert!(relay.held().is_empty());
}

#[test]
fn accounts_are_added_listed_and_disabled() {
    let sink = Sink::start();
    let relay = Relay::configured(sink.address, "");
    let add = relay.command(&["user", "add", "kacho@toho.example.co.jp"]);
    assert!(add.status.success(), "{}", stderr(&add));
    let again = relay.command(&["user", "add", "kacho@toho.example.co.jp"]);
    assert_eq!(again.status.code(), Some(2), "{}", stderr(&again));
    assert!(relay.command(&["user", "disable", "kacho@toho.example.co.jp"]).status.success());
    let list = stdout(&relay.command(&["user", "list", "--json"]));
    let account: Value = serde_json::from_str(list.trim()).unwrap();
    assert_eq!((&account["address"], &account["disabled"]), (&"kacho@toho.example.co.jp".into(), &true.into()));
    assert!(!list.contains("argon2"), "{list}");
}

#[test]
fn a_first_day_from_init_by_doctor_to_a_mail_that_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let (etc, data) = (folder.path().join("etc"), folder.path().join("data"));
    let (etc, data) = (etc.to_str().unwrap(), data.to_str().unwrap());
    let (listen, sink) = (format!("127.0.0.1:{}", free_port()), Sink::start());
    let next_hop = sink.address.to_string();
    let mut asked = vec!["init", "--folder", etc, "--data-dir", data, "--listen", &listen, "--next-hop", &next_hop];
    let more = "--hostname localhost --organization 東邦ガス --domain toho.example.co.jp --security security@toho.example.co.jp \
                --administrator admin@toho.example.co.jp --public-url http://127.0.0.1:8025";
    asked.extend(more.split_whitespace());
    let made = sekisho(&asked);
    let told = stdout(&made);
    assert_eq!(made.status.code(), Some(0), "{told}{}", stderr(&made));
    assert!(
        told.contains("admin@toho.example.co.jp: ")
            && told.contains("recovery codes")
            && told.contains("content_filter")
    );
    assert_eq!(sekisho(&asked).status.code(), Some(2), "nothing is written over");

    // The console's port of every installation is one and the same; somebody else's tests may have it.
    let config = format!("{etc}/sekisho.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("listen = \"127.0.0.1:8025\"", &format!("listen = \"127.0.0.1:{}\"", free_port())),
    )
    .unwrap();
    let looked = sekisho(&["doctor", "--config", &config]);
    let told = stdout(&looked);
    assert_eq!(looked.status.code(), Some(0), "{told}");
    for good in ["configuration", "data_dir", "store", "disk", "clock", "smtp", "console", "next hop", "inspection"] {
        assert!(told.lines().any(|line| line.starts_with("good ") && line.contains(good)), "{good}: {told}");
    }
    assert!(told.ends_with("nothing stands in the way\n"), "{told}");

    let sick = std::fs::read_to_string(&config).unwrap().replace(&next_hop, &format!("127.0.0.1:{}", free_port()));
    std::fs::write(&config, sick).unwrap();
    std::fs::set_permissions(data, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let looked = sekisho(&["doctor", "--json", "--config", &config]);
    assert_eq!(looked.status.code(), Some(1));
    let lines: Vec<Value> = stdout(&looked).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bad: Vec<&str> = lines.iter().filter(|l| l["how"] == "bad").map(|l| l["what"].as_str().unwrap()).collect();
    assert_eq!(bad, ["data_dir", "next hop"], "{lines:?}");
    assert!(lines.iter().any(|line| line["words"].as_str().unwrap().contains("chmod 700")));
}
