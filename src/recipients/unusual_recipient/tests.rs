use super::*;
use crate::recipients::{Recipient, fixture::Mail};

const ME: &str = "sato@example.co.jp";

/// A mail of somebody who writes to these people: often to the first of each pair, to others seldom.
fn office(to: &[&str]) -> Mail {
    Mail::to(to)
        .before(20, ME, &["山田 太郎 <yamada.taro@kita.jp>", "suzuki@kita.jp"])
        .before(12, ME, &["tanaka.ken@minami.example"])
        .before(10, ME, &["john.smith@acme.example", "mary.jones@acme.example", "lee@acme.example"])
        .before(20, ME, &["watanabe@higashi.example"])
        .before(6, "ito@example.co.jp", &["yamada.taro@nishi.example", "watanabe@hokkaido.example"])
        .before(
            6,
            "ito@example.co.jp",
            &["ken.tanaka@osaka.example", "john.smith@globex.example", "suzuki@fuji.example"],
        )
}

fn judged(to: &[&str]) -> Vec<Option<Issue>> {
    office(to).issues(Check::UnusualRecipient)
}

#[test]
fn the_namesake_whom_this_sender_never_writes_to_is_told_with_the_right_one() {
    let pairs = [
        ("yamada.taro@nishi.example", "yamada.taro@kita.jp"),
        ("taro.yamada@nishi.example", "yamada.taro@kita.jp"),
        ("taro_yamada@unknown.example", "yamada.taro@kita.jp"),
        ("Yamada-Taro@unknown.example", "yamada.taro@kita.jp"),
        ("山田　太郎 <t-y@unknown.example>", "yamada.taro@kita.jp"),
        ("ken.tanaka@osaka.example", "tanaka.ken@minami.example"),
        ("tanaka-ken@unknown.example", "tanaka.ken@minami.example"),
        ("john.smith@globex.example", "john.smith@acme.example"),
        ("smith.john@unknown.example", "john.smith@acme.example"),
        ("watanabe@hokkaido.example", "watanabe@higashi.example"),
        ("watanabe@unknown.example", "watanabe@higashi.example"),
        ("suzuki@fuji.example", "suzuki@kita.jp"),
        ("suzuki.goro@unknown.example", "suzuki@kita.jp"),
        ("watanabe.ai@unknown.example", "watanabe@higashi.example"),
    ];
    let mut told = 0;
    for (to, meant) in pairs {
        for beside in [&[][..], &["boss@example.co.jp"], &["lee@acme.example"]] {
            let all: Vec<&str> = std::iter::once(to).chain(beside.iter().copied()).collect();
            let issue = judged(&all).remove(0).unwrap_or_else(|| panic!("{all:?}"));
            assert_eq!(issue.suggestion.as_deref(), Some(meant), "{all:?}");
            assert!(issue.detail.contains('~') && issue.reason.is_some());
            told += 1;
        }
    }
    assert!(told >= 40, "{told}");
}

#[test]
fn a_stranger_among_those_who_go_together_is_told_with_who_is_missing() {
    let issues = judged(&["john.smith@acme.example", "mary.jones@acme.example", "kato@fabrikam.example"]);
    assert_eq!((&issues[0], &issues[1]), (&None, &None));
    let issue = issues[2].as_ref().unwrap();
    assert_eq!(issue.suggestion.as_deref(), Some("lee@acme.example"));
    assert_eq!(issue.detail, "kato@fabrikam.example + john.smith@acme.example, mary.jones@acme.example");
}

#[test]
fn whom_the_sender_writes_to_and_who_has_no_namesake_is_usual() {
    let usual = [
        "yamada.taro@kita.jp",
        "YAMADA.TARO@KITA.JP",
        "yamada.taro+x@kita.jp",
        "suzuki@kita.jp",
        "tanaka.ken@minami.example",
        "john.smith@acme.example",
        "mary.jones@acme.example",
        "lee@acme.example",
        "watanabe@higashi.example",
        "mori@new.example",
        "info@new.example",
        "sales@kita.jp",
        "kato@kita.jp",
        "hanako@gmail.com",
        "a.b@unknown.example",
        "x@unknown.example",
    ];
    let mut quiet = 0;
    for to in usual {
        for beside in [&[][..], &["boss@example.co.jp"], &["new.one@other.example"]] {
            let all: Vec<&str> = std::iter::once(to).chain(beside.iter().copied()).collect();
            assert!(judged(&all).iter().all(Option::is_none), "{all:?}: {:?}", judged(&all));
            quiet += 1;
        }
    }
    // Both namesakes on one mail are both meant; a mailing has no company; without a history nobody is unusual.
    assert!(judged(&["yamada.taro@kita.jp", "yamada.taro@nishi.example"]).iter().all(Option::is_none));
    let many: Vec<String> = (0..40).map(|n| format!("suzuki@customer{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(judged(&many).iter().all(Option::is_none));
    assert_eq!(Mail::to(&["suzuki@fuji.example"]).issues(Check::UnusualRecipient), [None]);
    assert!(quiet >= 40, "{quiet}");
}

/// An answer to two of Acme, who are all that the sender writes to now; half a year ago and more there were others.
fn answer(days: u16, to: &[&str]) -> Mail {
    Mail::to(to)
        .subject("Re: x")
        .answers(&["<1@a.example>"])
        .before(20, ME, &["john.smith@acme.example", "mary.jones@acme.example"])
        .thread("<1@a.example>", ME, &["john.smith@acme.example", "mary.jones@acme.example"])
        .ago(days, 2, ME, &["kato@fabrikam.example"])
        .ago(days, 2, ME, &["mori@fabrikam.example", "hanako@gmail.com"])
        .ago(days, 2, ME, &["x@other.example"])
}

#[test]
fn a_contact_of_long_ago_who_never_was_with_those_of_the_thread_is_told_with_who_is_left_out() {
    let old = ["kato@fabrikam.example", "mori@fabrikam.example", "hanako@gmail.com", "x@other.example"];
    for to in old {
        for days in [250, 300, 400, 700] {
            let mail = answer(days, &["mary.jones@acme.example", to]);
            let issues = mail.issues(Check::UnusualRecipient);
            assert_eq!(issues[0], None, "{to} {days}");
            let issue = issues[1].as_ref().unwrap_or_else(|| panic!("{to} {days}"));
            assert_eq!(issue.suggestion.as_deref(), Some("john.smith@acme.example"), "{issue:?}");
            assert!(issue.detail.starts_with(to) && issue.reason.is_some(), "{issue:?}");
            let surprise = mail.judged().recipients.iter().map(|to| to.suspicion()).collect::<Vec<_>>();
            assert!(surprise[1] > surprise[0] + 10.0, "{surprise:?}");
        }
        // Somebody of last week, or who was with one of them, is no stranger; nor is anybody who is written to alone.
        assert_eq!(answer(5, &["mary.jones@acme.example", to]).issues(Check::UnusualRecipient), [None, None], "{to}");
        let known = answer(300, &["mary.jones@acme.example", to]).before(1, ME, &["mary.jones@acme.example", to]);
        assert_eq!(known.issues(Check::UnusualRecipient), [None, None], "{to}");
        let alone = Mail::to(&[to]).before(20, ME, &["john.smith@acme.example"]).ago(300, 2, ME, &[to]);
        assert_eq!(alone.issues(Check::UnusualRecipient), [None], "{to}");
        let introduced = answer(300, &["mary.jones@acme.example", to]).opening("Mary様\nCCに担当者を入れております。");
        assert_eq!(introduced.issues(Check::UnusualRecipient), [None, None], "{to}");
    }
}

#[test]
fn a_namesake_among_many_is_no_news() {
    let often = |namesakes: usize| {
        let mail = Mail::to(&["suzuki.goro@new.example"]).before(20, ME, &["suzuki.ai@kita.jp"]);
        let mail = (0..30).fold(mail, |mail, n| mail.before(2, ME, &[&format!("p{n}@c{n}.example")]));
        let mail = (0..namesakes).fold(mail, |mail, n| mail.before(2, ME, &[&format!("suzuki.p@d{n}.example")]));
        mail.issues(Check::UnusualRecipient).remove(0).map(|issue| issue.suggestion.unwrap())
    };
    assert_eq!(often(0), Some("suzuki.ai@kita.jp".to_owned()));
    assert_eq!(often(10), None);
}

/// A mail of somebody with forty contacts, of whom Iwaike of Kita gets one mail in twenty; whom a colleague often writes to,
/// as to twenty others, is called so, too.
fn busy(to: &[&str]) -> Mail {
    let mail = Mail::to(to).before(6, ME, &["iwaike.t@kita.jp"]);
    let mail = (0..40).fold(mail, |mail, n| mail.before(3, ME, &[&format!("p{n}@c{n}.example")]));
    let mail = (0..20).fold(mail, |mail, n| mail.before(60, "ito@example.co.jp", &[&format!("q{n}@d{n}.example")]));
    mail.before(60, "ito@example.co.jp", &["iwaike.k@minami.example"])
}

#[test]
fn a_namesake_to_whom_colleagues_often_write_is_told_beside_a_contact_of_now_and_then() {
    let issues = busy(&["iwaike.k@minami.example", "p7@c7.example"]).issues(Check::UnusualRecipient);
    assert_eq!(issues[0].as_ref().and_then(|issue| issue.suggestion.as_deref()), Some("iwaike.t@kita.jp"));
    assert_eq!(issues[1], None);
    // Whoever is called otherwise is only new to this sender.
    let other = busy(&["morimoto@minami.example", "p7@c7.example"]).issues(Check::UnusualRecipient);
    assert_eq!(other, [None, None]);
}

#[test]
fn a_letter_that_names_the_organization_of_the_namesake_is_for_that_one() {
    let suspicion = |opening: &str| {
        let partner = "[[partner]]\nid = \"minami\"\nnames = [\"南商事株式会社\"]\ndomains = [\"minami.example\"]\n";
        let mail = busy(&["iwaike.k@minami.example"]).partners(partner).opening(opening);
        mail.judged().recipients.first().map(Recipient::suspicion)
    };
    assert!(suspicion("南商事株式会社\n岩池様") < suspicion("岩池様"));
}

#[test]
fn of_a_sender_who_is_new_it_is_known_who_goes_with_whom() {
    let team = ["mori@acme.example", "john.smith@acme.example"];
    let mail = Mail::to(&[team[0], team[1], "kato@fabrikam.example"])
        .before(1, ME, &["lee@acme.example"])
        .before(9, "ito@example.co.jp", &team)
        .before(9, "ito@example.co.jp", &["kato@fabrikam.example"]);
    let suspicion: Vec<f32> = mail.judged().recipients.iter().map(Recipient::suspicion).collect();
    assert!(suspicion[2] > suspicion[0] + 2.0 && suspicion[2] > suspicion[1] + 2.0, "{suspicion:?}");
}

#[test]
fn two_of_a_common_name_are_two_by_chance_sooner_than_two_of_a_rare_one() {
    let usually = |names: &[&str]| usually_called(names);
    assert!(usually(&["suzuki"]) > usually(&["iwaike"]) && usually(&["john"]) > usually(&["zebulun"]));
    assert!(usually(&["iwaike"]) > usually(&["suzuki", "taro"]));
    let suspicion = |name: &str| {
        let mail = Mail::to(&[&format!("{name}.k@new.example")]).before(4, ME, &[&format!("{name}.t@kita.jp")]);
        let mail = (0..40).fold(mail, |mail, n| mail.before(1, ME, &[&format!("p{n}@c{n}.example")]));
        mail.judged().recipients.first().map(Recipient::suspicion)
    };
    assert!(suspicion("suzuki") < suspicion("iwaike"));
}
