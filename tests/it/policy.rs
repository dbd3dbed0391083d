//! Rules at work in the running program: header edits, report mode, and what other rules would change.

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const OUTSIDE: &str = "yamada@kita-hoan.example.com";

const RULES: &str = r#"
[[policy]]
id = "tag-outside"
action = "forward"
title = { ja = "社外宛の印", en = "A mark for mail to the outside" }
when = { direction = "external" }
tag_subject = "[EXT]"
add_header = { X-Class = "external" }
must_match = [{ what = "outside" }]
must_not_match = [{ what = "a colleague", direction = "internal" }]

[[policy]]
id = "would-reject"
action = "reject"
mode = "report"
title = { ja = "試行中", en = "On trial" }
when = { direction = "external" }
must_match = [{ what = "outside" }]
must_not_match = [{ what = "a colleague", direction = "internal" }]
"#;

const STRICTER: &str = r#"
[[policy]]
id = "hold-outside"
action = "hold"
title = { ja = "社外宛はすべて保留", en = "Everything outside is held" }
when = { direction = "external" }
must_match = [{ what = "outside" }]
must_not_match = [{ what = "a colleague", direction = "internal" }]
"#;

#[test]
fn edits_reports_and_the_replay_of_what_went_out() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let rules = relay.home().join("rules");
    std::fs::create_dir_all(rules.join("policies")).unwrap();
    std::fs::write(rules.join("policies/ours.toml"), RULES).unwrap();
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[rules]", &format!("[rules]\ndirectory = {rules:?}"))).unwrap();
    relay.run();
    let mail = letter("policy-1", "meeting", "定例会議は水曜日です。");
    let reply = talk::send(relay.smtp, SENDER, &[OUTSIDE], &mail).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "a rule that only reports does nothing: {reply}");
    let arrived = String::from_utf8_lossy(&sink.mails()[0].bytes).into_owned();
    assert!(arrived.contains("\r\nSubject: [EXT] "), "{arrived}");
    assert!(arrived.contains("\r\nX-Class: external\r\n"), "{arrived}");

    let record = relay.command(&["journal", "search", "would-reject"]);
    let record = String::from_utf8_lossy(&record.stdout).into_owned();
    assert!(record.contains("\"reported\":[\"would-reject\"],\"would\":\"reject\""), "{record}");

    let new = relay.home().join("stricter.toml");
    std::fs::write(&new, STRICTER).unwrap();
    let run = |action: &str| {
        let output = relay.command(&["rules", action, "--rules", new.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(run("diff"), "+ hold-outside: hold\n");
    let replayed = run("replay");
    assert!(replayed.starts_with("1 mails decided again; 1 of them would be decided otherwise\n"), "{replayed}");
    assert!(replayed.contains("forward → hold: 1 mails, 1 recipients") && replayed.contains(OUTSIDE), "{replayed}");
}
