use super::*;
use crate::recipients::fixture::Mail;

fn judged(to: &str) -> Option<Issue> {
    Mail::to(&[to])
        .before(
            3,
            "sato.taro@example.co.jp",
            &[
                "山田 次郎 <yamada.jiro@kita.jp>",
                "John Smith <john.smith@acme.example>",
                "suzuki@minami.co.jp",
                "watanabe-k@higashi.example",
                "info@nishi.example",
                "hanako.private@gmail.com",
            ],
        )
        .before(1, "sato.taro@example.co.jp", &["once@gmail.com"])
        .issues(Check::FreeMail)
        .remove(0)
}

#[test]
fn a_private_namesake_of_somebody_known_is_told() {
    let services =
        ["gmail.com", "yahoo.co.jp", "outlook.jp", "icloud.com", "docomo.ne.jp", "i.softbank.jp", "nifty.com"];
    let mut told = 0;
    for service in services {
        for (local, meant) in [
            ("yamada.jiro", "yamada.jiro@kita.jp"),
            ("jiro_yamada", "yamada.jiro@kita.jp"),
            ("yamada-jiro1970", "yamada.jiro@kita.jp"),
            ("john.smith", "john.smith@acme.example"),
            ("suzuki", "suzuki@minami.co.jp"),
            ("taro.sato", "sato.taro@example.co.jp"),
        ] {
            // At Gmail a dot makes no difference, so it cannot part two names.
            if service == "gmail.com" && local != "suzuki" {
                continue;
            }
            let issue = judged(&format!("{local}@{service}")).unwrap_or_else(|| panic!("{local}@{service}"));
            assert_eq!(issue.suggestion.as_deref(), Some(meant), "{local}@{service}");
            assert!(issue.detail.contains('~') && issue.reason.is_some());
            told += 1;
        }
    }
    for (mailbox, meant) in [
        ("山田　次郎 <kenkou-daiichi@gmail.com>", "yamada.jiro@kita.jp"),
        ("山田次郎 <jj777@yahoo.co.jp>", "yamada.jiro@kita.jp"),
        ("\"john smith\" <js@icloud.com>", "john.smith@acme.example"),
    ] {
        assert_eq!(judged(mailbox).unwrap().suggestion.as_deref(), Some(meant), "{mailbox}");
        told += 1;
    }
    assert!(told >= 40, "{told}");
}

#[test]
fn private_mailboxes_as_such_are_customers() {
    let services = ["gmail.com", "yahoo.co.jp", "outlook.jp", "docomo.ne.jp", "ezweb.ne.jp", "ocn.ne.jp"];
    let mut quiet = 0;
    for service in services {
        for local in ["tanaka.ken", "yamada", "jiro", "smith", "info", "customer1", "k"] {
            assert_eq!(judged(&format!("{local}@{service}")), None, "{local}@{service}");
            quiet += 1;
        }
    }
    // In use; at an organisation, even with the same name; one of ours.
    for to in ["hanako.private@gmail.com", "yamada.jiro@kita.jp", "suzuki@other.example", "yamada.jiro@example.co.jp"] {
        assert_eq!(judged(to), None, "{to}");
        quiet += 1;
    }
    assert!(quiet >= 40, "{quiet}");
}
