//! SIGHUP: new rules from the next mail on; rules that do not load change nothing.

use crate::support::{
    eventually,
    relay::{Relay, Signal},
    sink::Sink,
    talk::{self, letter},
};

const RULE: &str = r#"
[[policy]]
id = "everything-outside"
action = "hold"
title = { ja = "社外宛はすべて保留", en = "Everything outside is held" }
when = { direction = "external" }
[[policy.must_match]]
what = "any mail to the outside"
[[policy.must_not_match]]
what = "a mail to a colleague"
direction = "internal"
"#;

#[test]
fn rules_change_without_a_restart_and_broken_ones_do_not_count() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let rules = relay.home().join("rules");
    std::fs::create_dir_all(rules.join("policies")).unwrap();
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[rules]", &format!("[rules]\ndirectory = {rules:?}"))).unwrap();
    relay.run();
    let mut n = 0;
    let mut send = |relay: &Relay| {
        n += 1;
        let mail = letter(&format!("reload-{n}"), "s", "定例会議は水曜日です。");
        talk::send(relay.smtp, "sato@toho.example.co.jp", &["yamada@kita-hoan.example.com"], &mail).unwrap()
    };
    assert!(send(&relay).starts_with("250 2.0.0 forwarded"));

    let file = rules.join("policies/ours.toml");
    std::fs::write(&file, RULE).unwrap();
    relay.signal(Signal::HUP);
    eventually("the new rule", || send(&relay).starts_with("250 2.0.0 held").then_some(()));

    std::fs::write(&file, RULE.replace("\"hold\"", "\"hodl\"")).unwrap();
    relay.signal(Signal::HUP);
    eventually("the refusal in the log", || relay.log().contains("not reloaded").then_some(()));
    let reply = send(&relay);
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    // A command refuses broken rules as well.
    std::fs::write(&file, RULE).unwrap();
    let journal = relay.command(&["journal", "search", "\"kind\":\"rules\""]);
    let journal = String::from_utf8_lossy(&journal.stdout).into_owned();
    assert!(journal.contains("\"differences\":[\"+ everything-outside: hold\"]"), "{journal}");
    assert_eq!(journal.lines().count(), 1, "what did not load changed nothing: {journal}");
}

/// Our own telephone and our own mail addresses.
const OURS: &str = r#"
[[exclude]]
note = "switchboard"
detectors = ["jp.phone"]
values = ["090-1234-5678"]
[[exclude]]
detectors = ["jp.name"]
values = ["山田太郎"]
"#;

#[test]
fn what_is_excluded_goes_out_and_a_broken_exclusion_changes_nothing() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let rules = relay.home().join("rules");
    std::fs::create_dir_all(rules.join("detectors")).unwrap();
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[rules]", &format!("[rules]\ndirectory = {rules:?}"))).unwrap();
    relay.run();
    let mut n = 0;
    let mut send = |relay: &Relay, text: &str| {
        n += 1;
        let mail = letter(&format!("exclude-{n}"), "s", text);
        talk::send(relay.smtp, "sato@toho.example.co.jp", &["yamada@other.example.net"], &mail).unwrap()
    };
    let (ours, theirs) =
        ("氏名：山田太郎\r\n携帯：０９０－１２３４－５６７８", "氏名：佐藤花子\r\n携帯：080-1234-5678");
    assert!(send(&relay, ours).starts_with("250 2.0.0 held"));

    let file = rules.join("detectors/ours.toml");
    std::fs::write(&file, OURS).unwrap();
    relay.signal(Signal::HUP);
    eventually("the exclusion", || send(&relay, ours).starts_with("250 2.0.0 forwarded").then_some(()));
    assert!(send(&relay, theirs).starts_with("250 2.0.0 held"));

    std::fs::write(&file, OURS.replace("jp.name", "jp.nam")).unwrap();
    relay.signal(Signal::HUP);
    eventually("the refusal in the log", || relay.log().contains("not reloaded").then_some(()));
    let told =
        "detectors/ours.toml: line 7, column 14: exclude: no detector is called `jp.nam` (did you mean `jp.name`?)";
    assert!(relay.log().contains(told), "{}", relay.log());
    assert!(send(&relay, ours).starts_with("250 2.0.0 forwarded"));
    assert!(send(&relay, theirs).starts_with("250 2.0.0 held"));
}

/// Texts of notices are renewed like rules, a broken one changes nothing, and what takes a restart is named.
#[test]
fn texts_of_notices_are_renewed_and_what_takes_a_restart_is_named() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let texts = relay.home().join("texts");
    std::fs::create_dir_all(&texts).unwrap();
    let config = std::fs::read_to_string(relay.config()).unwrap();
    let config = config.replace("[notice]", &format!("[notice]\ntemplates = {texts:?}"));
    std::fs::write(relay.config(), &config).unwrap();
    relay.run();
    let mut n = 0;
    let mut hold = |relay: &Relay| {
        n += 1;
        let mail = letter(&format!("texts-{n}"), "s", "氏名：佐藤花子\r\n携帯：080-1234-5678");
        let reply = talk::send(relay.smtp, "sato@toho.example.co.jp", &["yamada@other.example.net"], &mail).unwrap();
        assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    };
    // In letters that need no encoding.
    let told = |mark: &str| sink.mails().iter().filter(|mail| mail.text().contains(mark)).count();
    hold(&relay);
    eventually("our own text", || (told("X-Sekisho-Notice: delay") == 1).then_some(()));
    assert_eq!(told("renewed-text"), 0);

    std::fs::write(texts.join("delay.ja.toml"), "subject = \"renewed-text {{id}}\"\n").unwrap();
    std::fs::write(texts.join("delay.en.toml"), "subject = \"renewed-text {{id}}\"\n").unwrap();
    std::fs::write(relay.config(), config.replace("to_sender = 1000", "to_sender = 999")).unwrap();
    relay.signal(Signal::HUP);
    eventually("the new text", || relay.log().contains("only after a restart").then_some(()));
    assert!(relay.log().contains("[notice] but for its texts"), "{}", relay.log());
    hold(&relay);
    eventually("the new text in a notice", || (told("renewed-text") == 1).then_some(()));
    let journal = relay.command(&["journal", "search", "\"kind\":\"rules\""]);
    let journal = String::from_utf8_lossy(&journal.stdout).into_owned();
    let expected = ["\"via\":\"signal\"", "\"renewed\":[\"texts of notices\"]"];
    assert!(expected.iter().all(|said| journal.contains(said)), "{journal}");

    std::fs::write(texts.join("delay.ja.toml"), "subject = \"{{nothing}}\"\n").unwrap();
    relay.signal(Signal::HUP);
    eventually("the refusal in the log", || relay.log().contains("not reloaded").then_some(()));
    hold(&relay);
    eventually("the text that was good", || (told("renewed-text") == 2).then_some(()));
}
