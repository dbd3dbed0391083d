use super::*;
use crate::recipients::fixture::Mail;

/// Whom the organisation wrote to before.
const BEFORE: [&str; 14] = [
    "yamada@kita-hoan.jp",
    "suzuki.ichiro@kita-hoan.jp",
    "t.tanaka@minami.co.jp",
    "john.smith@acme.example",
    "info@acme.example",
    "taroyamada@gmail.com",
    "hanako@docomo.ne.jp",
    "order1@shop.example",
    "watanabe@higashi.example",
    "nakamura@higashi.example",
    "kobayashi-k@nishi.example",
    "müller@werk.example",
    "a@tiny.example",
    "sales@tiny.example",
];

fn judged(to: &str) -> Option<Issue> {
    Mail::to(&[to]).before(3, "sato@example.co.jp", &BEFORE).issues(Check::FirstContact).remove(0)
}

#[test]
fn who_was_never_written_to_is_new_and_who_was_meant_is_named() {
    // The address, and whom it was probably meant for.
    let cases = [
        // one slip of the finger
        ("yamda@kita-hoan.jp", "yamada@kita-hoan.jp"),
        ("yamadaa@kita-hoan.jp", "yamada@kita-hoan.jp"),
        ("yanada@kita-hoan.jp", "yamada@kita-hoan.jp"),
        ("ymaada@kita-hoan.jp", "yamada@kita-hoan.jp"),
        ("YAMDA@KITA-HOAN.JP", "yamada@kita-hoan.jp"),
        ("suzuki.ichro@kita-hoan.jp", "suzuki.ichiro@kita-hoan.jp"),
        ("suzuki-ichiro@kita-hoan.jp", "suzuki.ichiro@kita-hoan.jp"),
        ("suzukiichiro@kita-hoan.jp", "suzuki.ichiro@kita-hoan.jp"),
        ("t.tanak@minami.co.jp", "t.tanaka@minami.co.jp"),
        ("t.tanaks@minami.co.jp", "t.tanaka@minami.co.jp"),
        ("john.smth@acme.example", "john.smith@acme.example"),
        ("jhon.smith@acme.example", "john.smith@acme.example"),
        ("john.smith2@acme.example", "john.smith@acme.example"),
        ("watanbe@higashi.example", "watanabe@higashi.example"),
        ("nakamur@higashi.example", "nakamura@higashi.example"),
        ("kobayashi-l@nishi.example", "kobayashi-k@nishi.example"),
        ("taroyamda@gmail.com", "taroyamada@gmail.com"),
        // the same names in another order
        ("ichiro.suzuki@kita-hoan.jp", "suzuki.ichiro@kita-hoan.jp"),
        ("ichiro_suzuki@kita-hoan.jp", "suzuki.ichiro@kita-hoan.jp"),
        ("smith.john@acme.example", "john.smith@acme.example"),
        // too short to tell, or somebody else
        ("b@tiny.example", ""),
        ("salse@tiny.example", "sales@tiny.example"),
        ("hanaka@docomo.ne.jp", "hanako@docomo.ne.jp"),
        ("tanaka@kita-hoan.jp", ""),
        ("order2@shop.example", ""),
        ("order@shop.example", ""),
        ("yamada@other.example", ""),
        ("yamada@kita-haon.jp", ""),
        ("yamada@mail.kita-hoan.jp", ""),
        ("john@acme.example", ""),
        ("kimura@acme.example", ""),
        ("support@acme.example", ""),
        ("hanako@gmail.com", ""),
        ("taro@softbank.ne.jp", ""),
        ("x@new-customer.example", ""),
        ("会社@日本.example", ""),
        ("maria.garcia@empresa.example", ""),
        ("watanabe@nishi.example", ""),
        ("suzuki.jiro@kita-hoan.jp", ""),
        ("ceo@kita-hoan.jp", ""),
        ("taro.yamada.tokyo@gmail.com", ""),
        ("order1@shops.example", ""),
    ];
    for (to, meant) in cases {
        let issue = judged(to).unwrap_or_else(|| panic!("{to} is new"));
        assert_eq!(issue.suggestion.as_deref().unwrap_or_default(), meant, "{to}");
        assert!(issue.detail.contains('@') && issue.reason.is_some(), "{issue:?}");
    }
    assert!(cases.len() >= 40);
}

#[test]
fn who_was_written_to_is_not_new_however_it_is_written() {
    let ways: [fn(&str) -> String; 3] =
        [|address| address.to_owned(), |address| address.to_uppercase(), |address| address.replace('@', "+receipt@")];
    let mut quiet = 0;
    for way in ways {
        for address in BEFORE {
            assert_eq!(judged(&way(address)), None, "{}", way(address));
            quiet += 1;
        }
    }
    for same in ["Taro.Yamada@gmail.com", "taro.yamada+x@googlemail.com", "t.a.r.o.yamada@gmail.com"] {
        assert_eq!(judged(same), None, "{same}");
        quiet += 1;
    }
    assert!(quiet >= 40, "{quiet}");
    // One of ours is never a first contact, and with no history nobody can tell.
    assert_eq!(judged("new.colleague@example.co.jp"), None);
    assert_eq!(Mail::to(&["x@y.example"]).issues(Check::FirstContact), [None]);
}

#[test]
fn a_domain_that_we_write_to_is_told_from_one_that_is_new() {
    let words = |to: &str| judged(to).unwrap().reason.unwrap();
    assert!(words("tanaka@kita-hoan.jp").en.starts_with("We write to kita-hoan.jp, but never before"));
    assert!(words("x@new-customer.example").ja.contains("社内の誰も送ったことのない"));
    // Two customers of one provider have nothing to do with each other.
    assert!(words("hanako@gmail.com").en.starts_with("Nobody here has written"));
}

#[test]
fn until_enough_was_learned_it_only_reports() {
    let mut mail = Mail::to(&["x@new.example"]).before(3, "sato@example.co.jp", &BEFORE);
    assert!(mail.issues(Check::FirstContact)[0].as_ref().unwrap().learning);
    mail.organization.learning_days = 0;
    assert!(!mail.issues(Check::FirstContact)[0].as_ref().unwrap().learning);
}
