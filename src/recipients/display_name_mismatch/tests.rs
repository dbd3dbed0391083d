//! Mails with display names: which must be told, which must not, and what is said of them.

use super::super::{Check, fixture::Mail};

const PARTNERS: &str = "[[partner]]\nid = \"kita\"\nnames = [\"北保安サービス株式会社\", \"Kita Security Inc.\"]\n\
                        domains = [\"kita.jp\"]\n[[partner]]\nid = \"minami\"\nnames = [\"南商事株式会社\"]\ndomains = \
                        [\"minami.jp\"]\n";

/// To, and what went out before: how often, to whom.
type Row = (&'static str, usize, &'static str);

fn mail(&(to, times, before): &Row) -> Mail {
    let mut mail = Mail::to(&[to]).partners(PARTNERS);
    mail.organization.name = "東邦観光株式会社".to_owned();
    before
        .split('|')
        .filter(|before| !before.is_empty())
        .fold(mail, |mail, before| mail.before(times, "sato@example.co.jp", &[before]))
}

const ANOTHERS: [Row; 44] = [
    // The name is an address.
    ("\"yamada@kita.jp\" <yamada@gmail.com>", 0, ""),
    ("\"yamada@kita.jp\" <yamada@kita.example>", 0, ""),
    ("yamada@kita.jp <suzuki@minami.jp>", 0, ""),
    ("\"山田 (yamada@kita.jp)\" <x@other.example>", 0, ""),
    ("\"山田太郎 yamada@kita.jp\" <x@other.example>", 0, ""),
    ("\"'yamada@kita.jp'\" <x@other.example>", 0, ""),
    ("\"boss@example.co.jp\" <boss@example-co.jp>", 0, ""),
    ("\"boss@example.co.jp\" <boss@gmail.com>", 0, ""),
    ("\"YAMADA@KITA.JP\" <yamada@kita-hoan.example>", 0, ""),
    ("\"suzuki@kita.jp\" <yamada@kita.jp>", 0, ""),
    ("\"Support: help@minami.jp\" <x@other.example>", 0, ""),
    ("\"Mail an mary.smith@minami.jp\" <msmith@other.example>", 0, ""),
    // A full name that always had one other address.
    ("山田 太郎 <yamada@gmail.com>", 2, "山田 太郎 <yamada@kita.jp>"),
    ("山田太郎 <yamada@gmail.com>", 5, "山田 太郎 <yamada@kita.jp>"),
    ("山田　太郎 <yamada@other.example>", 5, "山田太郎 <yamada@kita.jp>"),
    ("山田 太郎 <x1@minami.jp>", 5, "山田 太郎 <yamada@kita.jp>"),
    ("山田 太郎 <yamada2@kita.jp>", 5, "山田 太郎 <yamada@kita.jp>"),
    ("Taro Yamada <yamada@outlook.com>", 5, "Taro Yamada <yamada@kita.jp>"),
    ("TARO YAMADA <yamada@outlook.com>", 5, "Taro Yamada <yamada@kita.jp>"),
    ("Mary Smith <mary@other.example>", 3, "Mary Smith <mary.smith@minami.jp>"),
    ("Mary Smith <mary.smith@minami.example>", 3, "Mary Smith <mary.smith@minami.jp>"),
    ("John O'Neil <john@other.example>", 3, "John O'Neil <john@minami.jp>"),
    ("鈴木 花子 <hanako@docomo.ne.jp>", 4, "鈴木 花子 <hanako@kita.jp>"),
    ("鈴木花子（北保安） <hanako@other.example>", 4, "鈴木花子（北保安） <hanako@kita.jp>"),
    ("高橋 健一 <ken@yahoo.co.jp>", 4, "高橋 健一 <takahashi@unknown.example>"),
    ("佐々木 一郎 <sasaki@unknown2.example>", 2, "佐々木 一郎 <sasaki@unknown.example>"),
    // A colleague.
    ("佐藤 次郎 <jiro@gmail.com>", 1, "佐藤 次郎 <jiro@example.co.jp>"),
    ("佐藤 次郎 <jiro.sato@other.example>", 1, "佐藤 次郎 <jiro@example.co.jp>"),
    ("Jiro Sato <jiro@icloud.com>", 1, "Jiro Sato <jiro@example.co.jp>"),
    ("田中 三郎 <s.tanaka@kita.jp>", 1, "田中 三郎 <tanaka@mail.example.co.jp>"),
    // An organisation.
    ("北保安サービス株式会社 <kita@gmail.com>", 0, ""),
    ("北保安サービス 山田 <yamada@gmail.com>", 0, ""),
    ("\"山田（北保安サービス）\" <yamada@yahoo.co.jp>", 0, ""),
    ("㈱北保安サービス <info@minami.jp>", 0, ""),
    ("北保安サービス 営業部 <eigyo@minami.jp>", 0, ""),
    ("Kita Security <info@minami.jp>", 0, ""),
    ("\"Yamada, Kita Security Inc.\" <yamada@outlook.com>", 0, ""),
    ("南商事株式会社 <x@docomo.ne.jp>", 0, ""),
    ("\"南商事（株） 鈴木\" <suzuki@kita.jp>", 0, ""),
    ("山田@南商事 <yamada@kita.jp>", 0, ""),
    ("東邦観光株式会社 <toho@gmail.com>", 0, ""),
    ("東邦観光 佐藤 <sato@gmail.com>", 0, ""),
    ("\"佐藤（東邦観光）\" <sato@icloud.com>", 0, ""),
    ("東邦観光株式会社 佐藤 <sato@kita.jp>", 0, ""),
];

const FITTING: [Row; 46] = [
    ("yamada@kita.jp", 0, ""),
    ("\"yamada@kita.jp\" <yamada@kita.jp>", 0, ""),
    ("\"'YAMADA@kita.jp'\" <yamada@kita.jp>", 0, ""),
    ("\"yamada+x@kita.jp\" <yamada@kita.jp>", 0, ""),
    ("\"taro.yamada@gmail.com\" <taroyamada@gmail.com>", 0, ""),
    ("\"yamada@kita.jp via List\" <list@other.example>", 0, ""),
    ("\"yamada@kita.jp 経由\" <list@other.example>", 0, ""),
    ("\"t.yamada@kita.jp\" <yamada@kita.jp>", 0, ""),
    ("\"yamada@mail.kita.jp\" <yamada@kita.jp>", 0, ""),
    ("\"Taro @ Kita\" <yamada@kita.jp>", 0, ""),
    ("\"@taro\" <yamada@kita.jp>", 0, ""),
    ("山田 太郎 <yamada@kita.jp>", 0, ""),
    ("山田 太郎 <yamada@kita.jp>", 5, "山田 太郎 <yamada@kita.jp>"),
    ("山田 太郎 <yamada@kita.jp>", 5, "山田 太郎 <yamada@kita.jp>|山田 太郎 <yamada@gmail.com>"),
    ("山田 太郎 <yamada@gmail.com>", 5, "山田 太郎 <yamada@kita.jp>|山田 太郎 <yamada@gmail.com>"),
    // Not new.
    ("山田 太郎 <yamada@gmail.com>", 5, "山田 太郎 <yamada@kita.jp>|yamada@gmail.com"),
    ("Mary Smith <mary@other.example>", 2, "Mary Smith <m@minami.jp>|mary@other.example"),
    // Too little is known.
    ("山田 太郎 <yamada@gmail.com>", 1, "山田 太郎 <yamada@kita.jp>"),
    ("山田 <yamada@gmail.com>", 5, "山田 <yamada@kita.jp>"),
    ("鈴木 <suzuki@minami.jp>", 5, "鈴木 <suzuki@kita.jp>"),
    ("Taro <taro@gmail.com>", 5, "Taro <taro@kita.jp>"),
    ("花子 <hanako@gmail.com>", 5, "花子 <hanako@kita.jp>"),
    // Somebody with several addresses, or several of one name.
    ("山田 太郎 <y3@gmail.com>", 5, "山田 太郎 <yamada@kita.jp>|山田 太郎 <yamada@minami.jp>"),
    ("Mary Smith <mary3@other.example>", 3, "Mary Smith <m@minami.jp>|Mary Smith <m@kita.jp>"),
    // Generic names.
    ("お客様 <x@gmail.com>", 5, "お客様 <y@gmail.com>"),
    ("お客様 各位 <x@gmail.com>", 5, "お客様 各位 <y@gmail.com>"),
    ("Info <info@minami.jp>", 5, "Info <info@kita.jp>"),
    ("Sales Team <sales@minami.jp>", 5, "Sales Team <sales@kita.jp>"),
    ("営業部 <eigyo@minami.jp>", 5, "営業部 <eigyo@kita.jp>"),
    ("ご担当者様 <x@other.example>", 5, "ご担当者様 <x@kita.jp>"),
    ("採用担当 <x@other.example>", 5, "採用担当 <x@kita.jp>"),
    ("Support Desk <x@other.example>", 5, "Support Desk <x@kita.jp>"),
    ("事務局 <x@other.example>", 5, "事務局 <x@kita.jp>"),
    // Organisations and their own addresses.
    ("北保安サービス株式会社 <info@kita.jp>", 0, ""),
    ("北保安サービス 山田 <yamada@kita.jp>", 0, ""),
    ("Kita Security <info@kita.jp>", 0, ""),
    ("㈱南商事 鈴木 <suzuki@mail.minami.jp>", 0, ""),
    ("北保安サービス <info@kita-group.example>", 0, ""),
    ("西不動産株式会社 <nishi@gmail.com>", 0, ""),
    ("西不動産株式会社 <info@kita.jp>", 0, ""),
    ("北保安サービス 山田 <yamada@gmail.com>", 2, "yamada@gmail.com"),
    ("東南商事様 <x@gmail.com>", 0, ""),
    ("Kitasecurityfan <x@gmail.com>", 0, ""),
    // Colleagues are not judged.
    ("\"yamada@kita.jp\" <sato@example.co.jp>", 0, ""),
    ("山田 太郎 <yamada@example.co.jp>", 5, "山田 太郎 <yamada@kita.jp>"),
    ("北保安サービス <sato@example.co.jp>", 0, ""),
];

#[test]
fn a_name_before_anothers_address_is_told() {
    let missed: Vec<&Row> =
        ANOTHERS.iter().filter(|row| mail(row).issues(Check::DisplayNameMismatch)[0].is_none()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_known_pair_and_a_name_of_many_are_quiet() {
    let alarms: Vec<_> = FITTING
        .iter()
        .filter_map(|row| Some((row, mail(row).issues(Check::DisplayNameMismatch).into_iter().flatten().next()?)))
        .collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn every_issue_says_why_what_it_saw_and_which_address_goes_with_the_name() {
    for row in &ANOTHERS {
        let issue = mail(row).issues(Check::DisplayNameMismatch).remove(0).unwrap();
        let reason = issue.reason.unwrap();
        assert!(issue.detail.contains(" ≠ ") && !reason.ja.is_empty() && !reason.en.is_empty(), "{row:?}");
        assert!(issue.suggestion.is_some_and(|meant| meant.contains('.')), "{row:?}");
    }
    let row = ("山田 太郎 <yamada@gmail.com>", 2, "山田 太郎 <yamada@kita.jp>");
    let issue = mail(&row).issues(Check::DisplayNameMismatch).remove(0).unwrap();
    assert_eq!(issue.detail, "山田 太郎: yamada@kita.jp ≠ yamada@gmail.com");
    assert_eq!(issue.suggestion.as_deref(), Some("yamada@kita.jp"));
    let row = ("\"yamada@kita.jp\" <yamada@gmail.com>", 0, "");
    let issue = mail(&row).issues(Check::DisplayNameMismatch).remove(0).unwrap();
    assert_eq!(issue.detail, "yamada@kita.jp ≠ yamada@gmail.com");
}
