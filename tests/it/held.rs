//! `sekisho held list` beside the running server: whoever looks for a mail finds it, and is told how many they do not see.

use std::process::Output;

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const OTHER: &str = "suzuki@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_list_tells_what_waits_and_can_be_narrowed_down() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "");
    for (from, name) in [(SENDER, "first"), (SENDER, "second"), (OTHER, "third")] {
        let reply = talk::send(relay.smtp, from, &[CONTRACTOR], &letter(name, name, SECRET)).unwrap();
        assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    }
    let list = |args: &[&str]| -> Output { relay.command(&[&["held", "list"][..], args].concat()) };
    let lines =
        |args: &[&str]| -> Vec<String> { text(&list(args).stdout).lines().skip(1).map(str::to_owned).collect() };

    let all = text(&list(&[]).stdout);
    assert_eq!(all.lines().count(), 4, "a line that names the columns, and one a mail: {all}");
    assert!(all.lines().next().unwrap().contains("DEADLINE") && all.contains("third") && all.contains(OTHER), "{all}");
    assert!(!all.contains("123456789018"), "{all}");
    assert_eq!(lines(&["--sender", OTHER]).len(), 1);
    assert_eq!(lines(&["--sender", "example.co.jp", "--state", "pending", "--since", "1h"]).len(), 3);
    assert_eq!(lines(&["--state", "released", "--state", "rejected"]).len(), 0);

    let short = list(&["--limit", "1"]);
    assert_eq!(text(&short.stdout).lines().count(), 2);
    assert!(text(&short.stderr).contains("there are more"), "{}", text(&short.stderr));
    assert_eq!(text(&list(&["--limit", "2", "--json"]).stdout).lines().count(), 2);
    let enough = list(&["--limit", "3"]);
    assert!(text(&enough.stdout).lines().count() == 4 && enough.stderr.is_empty(), "{}", text(&enough.stderr));
    let nothing = list(&["--state", "expired"]);
    assert!(nothing.stdout.is_empty() && nothing.stderr.is_empty(), "{}", text(&nothing.stdout));
    assert_eq!(relay.held().len(), 3, "scripts get all");

    let odd = list(&["--state", "held"]);
    assert!(odd.status.code() == Some(2) && text(&odd.stderr).contains("pending"), "{}", text(&odd.stderr));
}
