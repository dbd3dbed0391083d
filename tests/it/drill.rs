//! The drill of the machine: what should be found is found, what should be stopped is stopped, and nothing of it leaves.

use std::{collections::BTreeSet, process::Output};

use serde_json::Value;

use sekisho::{
    drill::{Act, mark},
    store::Store,
};

use crate::{
    health::{condition, health},
    support::{
        eventually,
        relay::{Relay, Signal},
        sink::Sink,
        talk::{Talk, letter},
    },
};

const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

/// Exit code, the line of each mail, and that of the whole.
fn drilled(relay: &Relay) -> (Option<i32>, Vec<Value>, Value) {
    let Output { status, stdout, stderr } = relay.command(&["drill", "--json"]);
    let stdout = String::from_utf8(stdout).unwrap();
    let mut lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    let whole = lines.pop().unwrap();
    (status.code(), lines, whole)
}

fn lapses(lines: &[Value]) -> Vec<String> {
    let failed = lines.iter().filter(|line| line["ok"] == false);
    failed.map(|line| format!("{}: {} {}", line["scenario"], line["lapse"], line["reply"])).collect()
}

/// What the journal says of drills of the machine.
fn journalled(relay: &Relay) -> Vec<Value> {
    let output = relay.command(&["journal", "search", "--json", "\"kind\":\"machine_drill\""]);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_sound_relay_leaves_nothing_uninspected_and_lets_no_drill_mail_out() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let (code, lines, whole) = drilled(&relay);
    assert_eq!(lapses(&lines), Vec::<String>::new());
    assert_eq!((code, &whole["ok"], &whole["left_uninspected"]), (Some(0), &true.into(), &0.into()), "{whole}");
    let formats: BTreeSet<&str> = lines.iter().filter_map(|line| line["format"].as_str()).collect();
    let detectors: BTreeSet<&str> = lines.iter().filter_map(|line| line["detector"].as_str()).collect();
    assert!(formats.len() == 9 && detectors.len() > 60, "{formats:?} {detectors:?}");
    for wrong in ["bomb", "crash", "timeout", "dead_next_hop"] {
        assert!(lines.iter().any(|line| line["scenario"] == wrong), "{wrong}");
    }

    assert!(sink.mails().is_empty() && !sink.commands().iter().any(|command| command.starts_with("MAIL")));
    assert!(relay.held().is_empty());
    let records = journalled(&relay);
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!((&records[0]["failed"], &records[0]["scenarios"]), (&0.into(), &whole["scenarios"]));
    let mails = relay.command(&["journal", "search", "--json", "\"kind\":\"mail\""]);
    assert!(mails.stdout.is_empty(), "a drill mail is no mail");
    assert!(relay.command(&["journal", "verify"]).status.success());
    eventually("the server to know of it", || {
        let (status, report) = health(relay.console);
        let lines = report["conditions"].as_array().unwrap().clone();
        let line = lines.into_iter().find(|line| line["name"] == "drill").unwrap();
        let words = line["words"].as_str().unwrap();
        (status == 200 && words.contains("検査漏れ 0")).then_some(())
    });
    // The dead worker and the silent one were the drill's.
    assert!(!relay.workers().is_empty());
    assert_eq!(relay.log().matches("an inspection worker was lost to a drill").count(), 2);
    assert_eq!(relay.log().matches("an inspection worker was lost").count(), 2, "nothing else was lost");
}

/// An exclusion that is far too wide, and a policy that lets out what was not read.
const BROKEN: &str = r#"
[[exclude]]
detectors = ["credit_card"]
pattern = '[0-9 -]+'
examples = { excluded = ["カード番号 4111 1111 1111 1111"] }
"#;
const LETS_OUT: &str = "[[policy]]\nid = \"uninspected\"\nenabled = false\n";

#[test]
fn rules_that_find_no_more_and_stop_no_more_are_told() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let rules = relay.home().join("rules");
    for (folder, file, text) in [("detectors", "ours.toml", BROKEN), ("policies", "ours.toml", LETS_OUT)] {
        std::fs::create_dir_all(rules.join(folder)).unwrap();
        std::fs::write(rules.join(folder).join(file), text).unwrap();
    }
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[rules]", &format!("[rules]\ndirectory = {rules:?}"))).unwrap();
    relay.run();
    let (code, lines, whole) = drilled(&relay);
    let failed = lapses(&lines);
    assert_eq!(code, Some(1), "{whole}");
    assert!(failed.contains(&"\"credit_card in text\": \"not_found\" null".to_owned()), "{failed:#?}");
    for scenario in ["bomb", "crash", "timeout"] {
        assert!(failed.contains(&format!("\"{scenario}\": \"let_out\" null")), "{failed:#?}");
    }
    assert!(failed.iter().all(|line| line.contains("credit_card") || line.contains("let_out")), "{failed:#?}");
    assert!(whole["left_uninspected"].as_u64().unwrap() >= 4, "{whole}");
    eventually("the server to know of it", || {
        let (status, report) = health(relay.console);
        (status == 503 && !condition(&report, "drill")).then_some(())
    });
    let doctor = relay.command(&["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("BAD  drill") && doctor.contains("bomb: let_out"), "{doctor}");
    assert!(sink.mails().is_empty() && relay.held().is_empty());

    // Mended, and taken up: the next drill says so.
    std::fs::remove_dir_all(&rules).unwrap();
    std::fs::create_dir_all(&rules).unwrap();
    let before = relay.log().matches("reloaded").count();
    relay.signal(Signal::HUP);
    eventually("the rules to be taken up", || (relay.log().matches("reloaded").count() > before).then_some(()));
    let (code, lines, whole) = drilled(&relay);
    assert_eq!((code, lapses(&lines)), (Some(0), Vec::new()), "{whole}");
    assert_eq!(journalled(&relay).len(), 2);
    assert!(relay.command(&["journal", "verify"]).status.success());
}

/// MAIL from `from` and what follows to the end of a clean mail; the replies.
fn sent_from(relay: &Relay, from: &str, id: &str) -> Vec<String> {
    let mut talk = Talk::start(relay.smtp).unwrap();
    let mut replies = vec![talk.say(&format!("MAIL FROM:<{from}>")).unwrap()];
    replies.push(talk.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap());
    replies.push(talk.data(&letter(id, "s", "定例会議は水曜日です。")).unwrap());
    replies
}

#[test]
fn a_marked_mail_goes_nowhere_and_a_mark_that_is_none_is_no_sender() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(Store::open(&relay.home().join("data"))).unwrap();
    let marked = mark(&store, Act::Judge, jiff::Timestamp::now()).unwrap();
    runtime.block_on(store.close());

    let replies = sent_from(&relay, marked.as_str(), "marked");
    assert!(replies[..2].iter().all(|reply| reply.starts_with("250")), "{replies:?}");
    assert!(replies[2].starts_with("550") && replies[2].contains("outcome="), "{replies:?}");
    assert!(sink.mails().is_empty(), "it was clean, to a true address, and yet");

    // The same once more, one that is invented, and one of another store: nobody is at that domain.
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = runtime.block_on(Store::open(elsewhere.path())).unwrap();
    let foreign = mark(&stranger, Act::Judge, jiff::Timestamp::now()).unwrap();
    let invented = format!("drill1.9999999999.0000000000.c.{}@drill.invalid", "0".repeat(32));
    for sender in [marked.as_str(), foreign.as_str(), &invented] {
        let refused = Talk::start(relay.smtp).unwrap().say(&format!("MAIL FROM:<{sender}>")).unwrap();
        assert!(refused.starts_with("550 5.7.1 "), "{refused}");
    }
    assert!(sink.mails().is_empty());
}

/// Whatever listens where the server should be: one mail of the drill is enough.
#[test]
fn a_server_that_knows_no_drills_gets_one_mail_of_it() {
    let (sink, stranger) = (Sink::start(), Sink::start());
    let mut relay = Relay::start(sink.address);
    assert!(relay.stop());
    let config = std::fs::read_to_string(relay.config()).unwrap();
    let elsewhere = config.replace(&relay.smtp.to_string(), &stranger.address.to_string());
    assert_ne!(elsewhere, config);
    std::fs::write(relay.config(), elsewhere).unwrap();
    let (code, lines, whole) = drilled(&relay);
    assert_eq!((code, &whole["left_uninspected"]), (Some(1), &1.into()), "{whole}");
    assert_eq!((lines.len(), &lines[0]["lapse"]), (1, &"taken".into()), "{lines:?}");
    assert_eq!((stranger.mails().len(), sink.mails().len()), (1, 0));
}

#[test]
fn a_drill_without_a_server_says_so() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    assert!(relay.stop());
    let output = relay.command(&["drill"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is it running?") && said.lines().count() == 1, "{said}");
}
