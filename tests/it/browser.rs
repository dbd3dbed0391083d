//! People at the console, in a real Chromium: what they do, what they see, and that everybody can see it.
//!
//! Needs node, Chromium and the modules in `target/browser/node_modules`, which `tests/run` installs as `tests/browser`
//! pins them. The stories are told in `tests/browser/stories.mjs`, one for each test; here stand the relay, its mails, and
//! what must have come out in the end. Pictures of the pages are kept in `target/browser/screens`, or in `$SEKISHO_SCREENS`.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use jiff::{SignedDuration, Timestamp};
use sekisho::{
    cli::demo::samples::{self, Sample},
    journal::{BrokenOff, Change, Record, Via, append},
    mail::MailId,
    store::Store,
};
use serde_json::{Value, json};

use crate::{
    console::decoded,
    support::{
        eventually,
        relay::Relay,
        sink::Sink,
        talk::{self, letter},
    },
};

const SENDER: &str = samples::SENDER;
const APPROVER: &str = "kacho@toho.example.co.jp";
/// Reads English.
const ENGLISH: &str = "smith@toho.example.co.jp";
const SECOND: &str = "bucho@toho.example.co.jp";
const SECURITY: &str = "security@toho.example.co.jp";
const AUDITOR: &str = "kansa@toho.example.co.jp";
const ADMINISTRATOR: &str = "kanri@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";

/// Two must approve of a mail with a My Number.
const TWO: &str = r#"
[[policy]]
id = "two-for-my-number"
action = "require_approval"
title = { ja = "マイナンバーは二人が承認する", en = "Two approve of a My Number" }
when = { direction = "external", detectors = ["jp.my_number"] }
approvers = ["kacho@toho.example.co.jp", "bucho@toho.example.co.jp"]
approvals = 2
must_match = [{ what = "a number", findings = [{ detector = "jp.my_number", category = "specific" }] }]
must_not_match = [{ what = "nothing" }]
"#;

/// A mail about somebody's illness must be decided within five hours.
const URGENT: &str = r#"
[[policy]]
id = "illness-soon"
action = "require_approval"
title = { ja = "要配慮個人情報を社外へ送ろうとしています", en = "Special-care data to outside" }
when = { direction = "external", categories = ["special_care"] }
approvers = ["kacho@toho.example.co.jp"]
deadline = "5h"
must_match = [{ what = "an illness", findings = [{ detector = "jp.special_care", category = "special_care" }] }]
must_not_match = [{ what = "nothing" }]
"#;

/// A company whose people may log in, and a browser.
struct Office {
    relay: Relay,
    sink: Sink,
}

impl Office {
    fn open(extra: &str) -> Self {
        let sink = Sink::start();
        let mut relay = Relay::configured(sink.address, extra);
        let people = relay.home().join("people.toml");
        let of = |who: &str, role: &str| format!("[[person]]\naddress = {who:?}\nroles = [{role:?}]\n");
        let people_of = of(AUDITOR, "auditor") + &of(ADMINISTRATOR, "administrator");
        fs::write(&people, people_of + &of(ENGLISH, "security") + "language = \"en\"\n").unwrap();
        let config = fs::read_to_string(relay.config()).unwrap();
        fs::write(relay.config(), format!("{config}\n[directory]\nfile = {people:?}\n")).unwrap();
        relay.run();
        Self { relay, sink }
    }

    /// Sends a mail that is held, and gives its id.
    fn hold(&self, sample: &Sample) -> String {
        let to: Vec<&str> = sample.to.iter().map(String::as_str).collect();
        let reply = talk::send(self.relay.smtp, sample.from, &to, &sample.bytes).unwrap();
        let id = reply.strip_prefix("250 2.0.0 held as ");
        assert!(id.is_some(), "{reply}");
        id.unwrap().trim().to_owned()
    }

    /// An account: address and password.
    fn account(&self, person: &str) -> Value {
        let add = self.relay.command(&["user", "add", person]);
        let told = String::from_utf8(add.stdout).unwrap();
        let password = told.trim().split('\t').nth(1);
        assert!(password.is_some(), "{told} {}", String::from_utf8_lossy(&add.stderr));
        json!([person, password.unwrap()])
    }

    /// Lives through `story`; `heard` is told each step as it is done.
    fn live_with(&self, story: &str, given: Value, mut heard: impl FnMut(&str)) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let modules = root.join("target/browser/node_modules");
        assert!(modules.exists(), "{} is missing; run the tests with tests/run, which installs it", modules.display());
        let mut told = json!({
            "console": format!("http://{}", self.relay.console),
            "known": [self.relay.console.to_string()],
            "chromium": chromium(),
            "screens": screens(),
            "language": "ja",
        });
        told.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let mut node = Command::new("node");
        node.arg(root.join("tests/browser/run.mjs")).arg(&modules).arg(story).arg(told.to_string());
        let mut node = node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut aside = node.stderr.take().unwrap();
        let errors = thread::spawn(move || std::io::read_to_string(&mut aside).unwrap_or_default());
        let mut steps = String::new();
        for line in BufReader::new(node.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            heard(&line);
            steps += &line;
            steps.push('\n');
        }
        let ended = node.wait().unwrap();
        assert!(ended.success(), "{story}:\n{steps}\n{}", errors.join().unwrap());
    }

    fn live(&self, story: &str, given: Value) {
        self.live_with(story, given, |_| {});
    }
}

fn chromium() -> &'static str {
    let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = names.into_iter().find(|name| Path::new(name).exists());
    assert!(found.is_some(), "Chromium is missing; run the tests with tests/run, which installs it");
    found.unwrap()
}

/// Where the pictures of the pages are kept.
fn screens() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser/screens");
    std::env::var_os("SEKISHO_SCREENS").map_or_else(own, PathBuf::from)
}

/// Values of the gas company's customers, which no page shows.
fn secrets() -> Value {
    let customers = [0, 1, 11_999].map(samples::customer);
    json!(customers.map(|customer| customer.phone))
}

fn gas() -> Sample {
    samples::gas_company(samples::GAS_CUSTOMERS).unwrap()
}

/// Number `n` of several mails with a My Number.
fn number(n: u32) -> Sample {
    let mut sample = samples::my_number().unwrap();
    sample.bytes =
        letter(&format!("number-{n}"), &format!("年末調整の件 {n}"), "高橋 由美のマイナンバーは 123456789018 です。");
    sample
}

/// A mail about somebody's illness, to an address that is almost a partner's.
fn urgent() -> Sample {
    let text = "山田様\r\n\r\n氏名：高橋 由美\r\n生年月日：1985年4月12日\r\n病歴：糖尿病で通院中です。\r\n";
    let to = vec!["yamada@kita-haon.example.com".to_owned()];
    Sample { from: SENDER, to, bytes: letter("illness", "作業員の健康診断の結果", text) }
}

/// A folder with an organisation's own rules.
fn rules(policies: &str) -> tempfile::TempDir {
    let rules = tempfile::tempdir().unwrap();
    fs::create_dir(rules.path().join("policies")).unwrap();
    fs::write(rules.path().join("policies/ours.toml"), policies).unwrap();
    rules
}

const GAS_SUBJECT: &str = "12月の作業予定表";

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn an_approver_with_a_second_factor_lets_the_gas_companys_mail_go() {
    let office = Office::open("[console]\nsecond_factor = \"deciders\"\n");
    let sample = gas();
    let id = office.hold(&sample);
    let approver = office.account(APPROVER);
    office
        .live("secondFactor", json!({ "gas": id, "subject": GAS_SUBJECT, "approver": approver, "secrets": secrets() }));
    let out = eventually("the released mail", || office.sink.to(CONTRACTOR).pop());
    assert_eq!(out.without_trace(), sample.bytes, "released bytes differ from received bytes");
    let held = office.relay.wait_for_state("delivered");
    assert_eq!((&held["approvals"][0]["via"], &held["approvals"][0]["person"]), (&json!("console"), &json!(APPROVER)));
    let verified = office.relay.command(&["journal", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let journal = office.relay.command(&["journal", "search", "--json", APPROVER]);
    let journal = String::from_utf8(journal.stdout).unwrap();
    for step in ["factor_set", "recovery_used", "\"viewed\"", "as its recipients would see it", "\"approved\""] {
        assert!(journal.contains(step), "no {step} in the journal:\n{journal}");
    }
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn a_mail_is_rejected_with_a_comment_that_its_sender_reads() {
    let office = Office::open("");
    let id = office.hold(&samples::my_number().unwrap());
    let (approver, sender) = (office.account(APPROVER), office.account(SENDER));
    office.live("rejected", json!({ "number": id, "approver": approver, "sender": sender }));
    eventually("the notice with the comment", || {
        let notices = office.sink.to(SENDER).into_iter().map(|mail| decoded(&mail.bytes));
        notices.into_iter().find(|text| text.contains("宛先を確認してください。"))
    });
    office.relay.wait_for_state("rejected");
    assert!(office.sink.to(ACCOUNTANT).is_empty());
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn a_sender_takes_a_mail_back() {
    let office = Office::open("");
    let id = office.hold(&samples::my_number().unwrap());
    let (approver, sender) = (office.account(APPROVER), office.account(SENDER));
    office.live("withdrawn", json!({ "number": id, "approver": approver, "sender": sender }));
    office.relay.wait_for_state("withdrawn");
    assert!(office.sink.to(ACCOUNTANT).is_empty());
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn two_must_approve() {
    let rules = rules(TWO);
    let office = Office::open(&format!("[rules]\ndirectory = {:?}\n", rules.path()));
    let id = office.hold(&samples::my_number().unwrap());
    let (approver, second) = (office.account(APPROVER), office.account(SECOND));
    office.live("twoApprovers", json!({ "number": id, "approver": approver, "second": second }));
    eventually("the released mail", || office.sink.to(ACCOUNTANT).pop());
    let held = office.relay.wait_for_state("delivered");
    let said: Vec<&str> =
        held["approvals"].as_array().unwrap().iter().filter_map(|one| one["person"].as_str()).collect();
    assert_eq!(said, [APPROVER, SECOND]);
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn programs_that_open_links_decide_nothing_and_people_get_where_they_lead() {
    let office = Office::open("");
    office.hold(&samples::my_number().unwrap());
    let links: Vec<String> = eventually("both notices", || {
        let text = office.sink.mails().iter().map(|mail| decoded(&mail.bytes)).collect::<String>();
        let found =
            text.split("http://").skip(1).filter_map(|rest| rest.split(['"', '<', '\r', '\n', ' ', '>']).next());
        let mut links: Vec<String> = found.map(|rest| format!("http://{rest}")).collect();
        let many = links.len() >= 2;
        links.sort();
        links.dedup();
        many.then_some(links)
    });
    let approver = office.account(APPROVER);
    office.live("scanned", json!({ "links": links, "approver": approver }));
    assert_eq!(office.relay.held()[0]["state"], "pending");
    assert_eq!(office.relay.held()[0]["approvals"], json!([]));
    assert!(office.sink.to(ACCOUNTANT).is_empty());
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn an_auditor_takes_the_journal_along() {
    let office = Office::open("");
    let id = office.hold(&samples::my_number().unwrap());
    let auditor = office.account(AUDITOR);
    office.live("exported", json!({ "id": id, "to": ACCOUNTANT, "auditor": auditor, "secrets": ["123456789018"] }));
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn a_mail_is_dropped_into_the_tester() {
    let office = Office::open("");
    let file = office.relay.home().join("gas.eml");
    fs::write(&file, gas().bytes).unwrap();
    let security = office.account(SECURITY);
    office.live("tried", json!({ "file": file, "subject": GAS_SUBJECT, "security": security, "secrets": secrets() }));
    assert!(office.sink.mails().is_empty() && office.relay.held().is_empty(), "something was sent or held");
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn the_queue_is_sorted_filtered_and_walked_by_keys() {
    let rules = rules(URGENT);
    let office = Office::open(&format!("[rules]\ndirectory = {:?}\n", rules.path()));
    let gas = office.hold(&gas());
    let numbers: Vec<String> = (0..2).map(|n| office.hold(&number(n))).collect();
    let urgent = office.hold(&urgent());
    let approver = office.account(APPROVER);
    office.live("byKeys", json!({ "gas": gas, "numbers": numbers, "urgent": urgent, "approver": approver }));
    let state = |id: &str| office.relay.held().into_iter().find(|mail| mail["id"] == id).unwrap()["state"].clone();
    assert_eq!(state(&gas), "pending", "keys alone have decided");
    assert_eq!((state(&numbers[0]), state(&numbers[1])), (json!("rejected"), json!("rejected")));
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn an_open_page_tells_of_what_is_new_and_keeps_nobody_logged_in() {
    let office = Office::open("");
    office.hold(&number(0));
    let approver = office.account(APPROVER);
    let mut sent = 0;
    office.live_with("toldOfNews", json!({ "approver": approver }), |step| {
        if step == "another mail is sent" {
            sent += 1;
            office.hold(&number(sent));
        }
    });
    assert_eq!(sent, 2);
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn each_reads_their_own_language() {
    let office = Office::open("");
    let id = office.hold(&samples::lookalike().unwrap());
    let (english, security) = (office.account(ENGLISH), office.account(SECURITY));
    office.live("inTheirLanguage", json!({ "lookalike": id, "english": english, "security": security }));
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn everybody_can_read_every_page_in_japanese() {
    every_page("ja");
}

#[test]
#[ignore = "needs node, Chromium and axe; tests/run installs them"]
fn everybody_can_read_every_page_in_english() {
    every_page("en");
}

/// Notes of attempts that faults of ours ended, as the outbox writes them down: to bring out `held`, which is tried again, and
/// a notice, which is not.
fn break_off(office: &Office, held: &str) {
    let note = |id: &str, kind: &str, again: Option<Timestamp>| {
        let broken = BrokenOff { attempt: 1, kind: kind.to_owned(), held: kind == "release", again };
        let held = MailId(id.to_owned());
        let (change, detail) = ("broken_off".to_owned(), Some(broken.to_string()));
        Record::change(held.clone(), Timestamp::now(), Change { held, change, by: None, via: Via::System, detail })
    };
    let again = Timestamp::now() + SignedDuration::from_mins(5);
    let notes = [note(held, "release", Some(again)), note("01KB3M7Q8ZJ4V0C2N9T5R6W1XZ", "notice", None)];
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&office.relay.home().join("data")).await.unwrap();
        let mut writing = store.write().await.unwrap();
        append(&mut writing, &notes).await.unwrap();
        writing.commit().await.unwrap();
        store.close().await;
    });
}

/// Every page in `language`, over one mail of each kind.
fn every_page(language: &str) {
    let rules = rules(URGENT);
    let office =
        Office::open(&format!("[organization]\nlanguage = {language:?}\n[rules]\ndirectory = {:?}\n", rules.path()));
    let mut held = json!({
        "gas": office.hold(&gas()),
        "number": office.hold(&samples::my_number().unwrap()),
        "lookalike": office.hold(&samples::lookalike().unwrap()),
        "exposed": office.hold(&samples::exposed().unwrap()),
    });
    held["urgent"] = json!(office.hold(&urgent()));
    let id = office.hold(&number(1));
    let reject =
        office.relay.command(&["held", "reject", &id, "--as", APPROVER, "--comment", "宛先を確認してください。"]);
    assert!(reject.status.success(), "{}", String::from_utf8_lossy(&reject.stderr));
    held["rejected"] = json!(id);
    break_off(&office, held["gas"].as_str().unwrap());
    let accounts = json!({
        "sender": office.account(SENDER),
        "approver": office.account(APPROVER),
        "security": office.account(SECURITY),
        "auditor": office.account(AUDITOR),
        "administrator": office.account(ADMINISTRATOR),
    });
    office.live("everyPage", json!({ "language": language, "held": held, "accounts": accounts }));
}
