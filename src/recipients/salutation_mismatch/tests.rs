//! Mails with their salutations: which must be told, which must not, and what is said of them.

use super::super::{Check, fixture::Mail};

const PARTNERS: &str = "[[partner]]\nid = \"kita\"\nnames = [\"北保安サービス株式会社\", \"Kita Security Inc.\"]\n\
                        domains = [\"kita.jp\"]\n[[partner]]\nid = \"minami\"\nnames = [\"南商事株式会社\", \"Minami \
                        Trading Co., Ltd.\"]\ndomains = [\"minami.jp\"]\n";

/// To, Cc (both separated by `|`), opening; the first recipient is the one to judge.
type Row = (&'static str, &'static str, &'static str);

fn mail(&(to, cc, opening): &Row) -> Mail {
    let list = |text: &'static str| text.split('|').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    Mail::to(&list(to)).cc(&list(cc)).opening(opening).partners(PARTNERS)
}

const SOMEBODY_ELSE: [Row; 56] = [
    // Names by display name.
    ("鈴木 一郎 <suzuki@kita.jp>", "", "山田様"),
    ("鈴木一郎 <a1@kita.jp>", "", "山田様\nお世話になっております。"),
    ("鈴木 <a2@kita.jp>", "", "山田さま"),
    ("鈴木一郎 <x@kita.jp>", "", "北保安サービス株式会社\n営業部 山田様"),
    ("鈴木一郎 <x@kita.jp>", "", "北保安サービス株式会社 山田 太郎 様"),
    ("鈴木 一郎 <x@other.example>", "", "佐藤先生"),
    ("高橋 花子 <x@other.example>", "", "山田殿"),
    ("高橋 花子 <x@other.example>", "", "山田さん\nお疲れさまです"),
    ("鈴木（北保安） <x@other.example>", "", "山田様"),
    ("\"北保安 鈴木一郎\" <x@other.example>", "", "山田様"),
    ("営業部 鈴木一郎 <x@other.example>", "", "山田様"),
    ("鈴木様 <x@other.example>", "", "山田様"),
    ("髙橋 誠 <x@other.example>", "", "渡邊様"),
    ("Ichiro Suzuki <x@other.example>", "", "山田様"),
    ("SUZUKI Ichiro <x@other.example>", "", "山田様"),
    ("\"Suzuki, Ichiro\" <x@other.example>", "", "山田様"),
    ("スズキ イチロウ <x@other.example>", "", "山田様"),
    ("すずき <x@other.example>", "", "山田様"),
    ("鈴木 一郎 <x@other.example>", "", "やまだ様"),
    ("鈴木 一郎 <x@other.example>", "", "山田部長"),
    ("鈴木 一郎 <x@other.example>", "", "代表取締役社長 山田太郎様"),
    ("鈴木 一郎 <x@other.example>", "", "営業部 部長 山田様"),
    // Names by address.
    ("suzuki@other.example", "", "山田様"),
    ("i.suzuki@other.example", "", "山田様"),
    ("suzuki.i@other.example", "", "山田様"),
    ("suzuki-ichiro@other.example", "", "山田様"),
    ("ichiro_suzuki@other.example", "", "山田様"),
    ("isuzuki@other.example", "", "山田様"),
    ("suzukii@other.example", "", "山田様"),
    ("suzukiichiro@other.example", "", "山田様"),
    ("k.mori@other.example", "", "山田様"),
    ("satou@other.example", "", "山田様"),
    ("tsuchiya@other.example", "", "内藤様"),
    ("huziwara@other.example", "", "内藤様"),
    ("tanaka01@other.example", "", "北保安サービス株式会社山田様"),
    ("tanaka@gmail.com", "", "山田様"),
    // Several.
    ("suzuki@other.example|tanaka@other.example", "", "山田様"),
    ("suzuki@other.example|yamada@other.example", "", "山田様、佐藤様"),
    ("suzuki@other.example", "", "山田様、佐藤様"),
    ("suzuki@other.example", "", "山田様\n佐藤様\n\nお世話になっております。"),
    ("suzuki@other.example", "tanaka@other.example", "山田様（CC：田中様）"),
    ("suzuki@other.example", "sato@example.co.jp", "山田様"),
    ("suzuki@other.example", "info@other.example", "山田様"),
    ("suzuki@other.example", "eigyo-ml@example.co.jp", "山田様"),
    // English.
    ("Mary Smith <mary.smith@other.example>", "", "Dear John,"),
    ("mary.smith@other.example", "", "Hi John,\nthank you"),
    ("Mary Smith <x@other.example>", "", "Dear Mr. Jones,"),
    ("Robert Brown <rbrown@other.example>", "", "Hello Mary,"),
    ("Ichiro Suzuki <x@other.example>", "", "Dear Yamada-san,"),
    ("鈴木 一郎 <x@other.example>", "", "Dear Mr. Yamada,"),
    ("suzuki@other.example", "", "Yamada-san,\nthank you"),
    ("Peter Miller <p.miller@other.example>", "", "Good morning Susan,"),
    // The name fits, the organisation does not.
    ("山田 <yamada@minami.jp>", "", "北保安サービス株式会社\n山田様"),
    ("yamada@minami.jp", "", "㈱北保安サービス 山田様"),
    ("info@minami.jp", "", "北保安サービス株式会社 御中"),
    ("info@minami.jp", "", "北保安サービス株式会社\nご担当者各位"),
];

const FITTING: [Row; 82] = [
    ("佐々木 隆 <sasaki.takashi@other.example>", "", "隆さん"),
    ("加藤 勝 <kato_m@other.example>", "", "勝さん"),
    ("m-ikeda@other.example", "", "勝さん"),
    ("Kita Hoan <x@kita-hoan.example>", "", "山田様"),
    ("鈴木 健一 <ks@other.example>", "", "Hi Ken,"),
    ("Yamada Taro <suzuki@kita.jp>", "", "山田部長様"),
    ("山田 太郎 <yamada@kita.jp>", "", "山田様"),
    ("山田太郎 <x@kita.jp>", "", "北保安サービス株式会社\n営業部 山田様"),
    ("yamada@kita.jp", "", "山田様"),
    ("t.yamada@kita.jp", "", "山田様"),
    ("yamada.t@kita.jp", "", "山田様"),
    ("yamadat@kita.jp", "", "山田様"),
    ("tyamada@kita.jp", "", "山田様"),
    ("taro_yamada@kita.jp", "", "山田様"),
    ("taro@kita.jp", "", "山田太郎様"),
    ("satoh@kita.jp", "", "佐藤様"),
    ("satou-k@kita.jp", "", "佐藤様"),
    ("ohno@kita.jp", "", "大野様"),
    ("ono@kita.jp", "", "大野様"),
    ("tutiya@kita.jp", "", "土屋様"),
    ("nakashima@kita.jp", "", "中島様"),
    ("watanabe@kita.jp", "", "渡邉様"),
    ("saito@kita.jp", "", "齋藤様"),
    ("koyama@kita.jp", "", "小山様"),
    ("oyama@kita.jp", "", "小山様"),
    ("Taro Yamada <x@kita.jp>", "", "山田様"),
    ("YAMADA Taro <x@kita.jp>", "", "山田様"),
    ("鈴木 一郎 <x@kita.jp>", "", "Dear Suzuki-san,"),
    ("鈴木 一郎 <x@kita.jp>", "", "Dear Ichiro,"),
    ("William Gates <x@kita.jp>", "", "Hi Bill,"),
    ("Robert Brown <rb@kita.jp>", "", "Dear Bob,"),
    ("jsmith@kita.jp", "", "Dear Mr. Smith,"),
    ("Mary Smith <x@kita.jp>", "", "Dear Ms. Smith,"),
    // Nothing is known of the recipient.
    ("info@kita.jp", "", "山田様"),
    ("sales@kita.jp", "", "山田様"),
    ("support@other.example", "", "山田様"),
    ("x9f3kq@gmail.com", "", "山田様"),
    ("k1234@other.example", "", "山田様"),
    ("osaka@other.example", "", "山田様"),
    ("soumu@other.example", "", "山田様"),
    ("happy-life@docomo.ne.jp", "", "山田様"),
    ("北保安サービス <x@kita.jp>", "", "山田様"),
    ("営業部 <x@kita.jp>", "", "山田様"),
    ("Kita Sales <x@kita.jp>", "", "山田様"),
    ("hanako@other.example", "", "山田様"),
    ("花子 <x@other.example>", "", "山田様"),
    // 旧姓, nicknames, names that nobody can read.
    ("鈴木 花子 <suzuki@kita.jp>", "", "佐藤花子様"),
    ("鈴木 一郎 <suzuki@kita.jp>", "", "龘龘様"),
    ("鈴木 一郎 <suzuki@kita.jp>", "", "いっちゃん"),
    ("鈴木 一郎 <suzuki@kita.jp>", "", "一郎くん"),
    ("Xiaoming Wang <wang.xiaoming@kita.jp>", "", "Dear Kevin,"),
    ("Xiaoming Wang <wang.xiaoming@kita.jp>", "", "王様"),
    // Nobody in particular is greeted.
    ("suzuki@kita.jp", "", "皆様"),
    ("suzuki@kita.jp", "", "各位"),
    ("suzuki@kita.jp", "", "お客様各位"),
    ("suzuki@kita.jp", "", "ご担当者様"),
    ("suzuki@kita.jp", "", "関係者各位"),
    ("suzuki@kita.jp", "", "Dear all,"),
    ("suzuki@kita.jp", "", "Hi there,"),
    ("suzuki@kita.jp", "", "Dear customer,"),
    ("suzuki@kita.jp", "", "お世話になっております。\n山田様の件ですが"),
    ("suzuki@kita.jp", "", "お疲れ様です。\n山田様"),
    ("suzuki@kita.jp", "", "山田様よりご紹介いただきました"),
    ("suzuki@kita.jp", "", "先日は山田様にお世話になりました"),
    ("suzuki@kita.jp", "", ""),
    ("suzuki@kita.jp", "", "Please find the file attached."),
    // Somebody else on the mail is greeted, or may be.
    ("suzuki@kita.jp|yamada@kita.jp", "", "山田様"),
    ("suzuki@kita.jp|山田 <y@kita.jp>", "", "山田様、鈴木様"),
    ("suzuki@kita.jp|info@kita.jp", "", "山田様"),
    ("suzuki@kita.jp", "yamada@kita.jp", "山田様"),
    ("suzuki@kita.jp", "山田 <y1@kita.jp>", "鈴木様 (CC: 山田様)"),
    ("suzuki@kita.jp", "y1@kita.jp", "山田様"),
    ("suzuki@kita.jp|yamada@example.co.jp", "", "山田さん"),
    ("suzuki@kita.jp|tanaka@kita.jp", "", "鈴木様"),
    ("suzuki@kita.jp", "", "鈴木様、山田様"),
    ("suzuki@kita.jp|yamada@kita.jp", "", "山田様\n鈴木様"),
    // Organisations.
    ("info@kita.jp", "", "北保安サービス株式会社 御中"),
    ("yamada@mail.kita.jp", "", "㈱北保安サービス 山田様"),
    ("info@other.example", "", "北保安サービス株式会社 御中"),
    ("info@kita.jp", "", "西不動産株式会社 御中"),
    ("yamada@gmail.com", "", "北保安サービス株式会社\n山田様"),
    ("info@minami.jp|info@kita.jp", "", "北保安サービス株式会社 御中"),
];

#[test]
fn a_letter_to_somebody_else_is_told() {
    let missed: Vec<&Row> =
        SOMEBODY_ELSE.iter().filter(|row| mail(row).issues(Check::SalutationMismatch)[0].is_none()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_letter_that_fits_or_that_nobody_can_read_is_quiet() {
    let alarms: Vec<_> = FITTING
        .iter()
        .filter_map(|row| Some((row, mail(row).issues(Check::SalutationMismatch).into_iter().flatten().next()?)))
        .collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn every_issue_says_why_and_what_it_saw() {
    for row in &SOMEBODY_ELSE {
        let issue = mail(row).issues(Check::SalutationMismatch).remove(0).unwrap();
        let reason = issue.reason.unwrap();
        assert!(issue.detail.contains(" ≠ ") && !reason.ja.is_empty() && !reason.en.is_empty(), "{row:?}");
        let address = row.0.split('|').next().unwrap().rsplit('<').next().unwrap().trim_end_matches('>');
        assert!(issue.detail.contains(address), "{}", issue.detail);
    }
    let issue = mail(&("鈴木 <suzuki@kita.jp>", "", "山田様")).issues(Check::SalutationMismatch).remove(0).unwrap();
    assert_eq!(issue.detail, "山田様 ≠ 鈴木 <suzuki@kita.jp>");
    assert_eq!(
        issue.reason.unwrap().ja,
        "本文の宛名「山田様」は、この宛先（鈴木 <suzuki@kita.jp>）の人ではないようです。"
    );
}

#[test]
fn whom_the_sender_wrote_to_before_is_suggested() {
    let suggestion = |mail: Mail| mail.issues(Check::SalutationMismatch).remove(0).unwrap().suggestion;
    let wrong = || Mail::to(&["suzuki@kita.jp"]).opening("山田様").partners(PARTNERS);
    assert_eq!(suggestion(wrong()), None);
    let wrote = wrong().before(3, "sato@example.co.jp", &["yamada@kita.jp"]);
    assert_eq!(suggestion(wrote), Some("yamada@kita.jp".to_owned()));
    // The one of the same organisation, then the one who gets more mail.
    let two = wrong().before(9, "sato@example.co.jp", &["t.yamada@other.example"]).before(
        2,
        "sato@example.co.jp",
        &["yamada@kita.jp"],
    );
    assert_eq!(suggestion(two), Some("yamada@kita.jp".to_owned()));
    // The organisation above the name says which.
    let elsewhere = Mail::to(&["yamada@minami.jp"])
        .opening("北保安サービス株式会社\n山田様")
        .partners(PARTNERS)
        .before(9, "sato@example.co.jp", &["yamada@other.example"])
        .before(1, "sato@example.co.jp", &["yamada2@kita.jp"]);
    assert_eq!(suggestion(elsewhere), Some("yamada2@kita.jp".to_owned()));
    // A colleague.
    let colleague = wrong().before(2, "sato@example.co.jp", &["yamada@example.co.jp"]);
    assert_eq!(suggestion(colleague), Some("yamada@example.co.jp".to_owned()));
}

#[test]
fn what_was_greeted_before_is_a_match_and_is_learned() {
    let mut first = Mail::to(&["info@kita.jp"]).opening("北保安サービス株式会社\n山田太郎様").partners(PARTNERS);
    let lesson = first.judged().lesson;
    assert_eq!(lesson.to[0].greeted, ["㈱北保安サービス", "山田", "山田太郎"]);
    first.history.learn(&lesson, super::super::fixture::TODAY);
    assert!(first.issues(Check::SalutationMismatch)[0].is_none());
    // A nickname, an assistant, a maiden name: told once, and a habit from then on.
    let mut other = Mail::to(&["鈴木 一郎 <suzuki@kita.jp>"]).opening("山田様").partners(PARTNERS);
    assert!(other.issues(Check::SalutationMismatch)[0].is_some());
    let lesson = other.judged().lesson;
    other.history.learn(&lesson, super::super::fixture::TODAY);
    assert!(other.issues(Check::SalutationMismatch)[0].is_none());
}

/// Letters that went out: to whom, how each began, how many.
type Letters<'a> = &'a [(&'a str, &'a str, usize)];

/// A letter to somebody with a name that nobody can read, after letters to others that began with names.
fn after_letters(to: &str, opening: &str, letters: Letters<'_>) -> Option<Option<String>> {
    let mut mail = Mail::to(&[to]).opening(opening);
    for (earlier, opening, times) in letters {
        let mut before = Mail::to(&[earlier]).opening(opening);
        before.history = std::mem::take(&mut mail.history);
        for _ in 0..*times {
            let lesson = before.judged().lesson;
            before.history.learn(&lesson, super::super::fixture::TODAY);
        }
        mail.history = before.history;
    }
    mail.issues(Check::SalutationMismatch).remove(0).map(|issue| issue.suggestion)
}

#[test]
fn a_name_that_went_with_another_contact_is_that_ones() {
    let habit = |name: &'static str| [("ryu@nishi.example", name, 3), ("kz01@kita.jp", "曻様", 3)];
    // 龘龘様 has always been ryu@; kz01@ got letters enough that never began so.
    for (to, name) in [
        ("kz01@kita.jp", "龘龘様"),
        ("鑫鑫 <kz01@kita.jp>", "龘龘様"),
        ("kz01@kita.jp", "Dear Bob,"),
        ("kz01@kita.jp", "北川沢様"),
    ] {
        let meant = after_letters(to, name, &habit(name));
        assert_eq!(meant, Some(Some("ryu@nishi.example".to_owned())), "{to} {name}");
    }
    let quiet: [(&str, &str, Letters<'_>); 9] = [
        // Nobody was greeted so, or hardly ever, or the recipient was.
        ("kz01@kita.jp", "龘龘様", &[("kz01@kita.jp", "曻様", 3)]),
        ("kz01@kita.jp", "龘龘様", &[("ryu@nishi.example", "龘龘様", 2), ("kz01@kita.jp", "曻様", 3)]),
        ("kz01@kita.jp", "龘龘様", &[("ryu@nishi.example", "龘龘様", 3), ("kz01@kita.jp", "龘龘様", 1)]),
        // The recipient is hardly known, a shared mailbox, or may be called so.
        ("kz01@kita.jp", "龘龘様", &[("ryu@nishi.example", "龘龘様", 3), ("kz01@kita.jp", "曻様", 2)]),
        ("kz01@kita.jp", "龘龘様", &[("ryu@nishi.example", "龘龘様", 3)]),
        ("info@kita.jp", "龘龘様", &[("ryu@nishi.example", "龘龘様", 3), ("info@kita.jp", "曻様", 3)]),
        ("bxyz@kita.jp", "Dear Bob,", &[("ryu@nishi.example", "Dear Bob,", 3), ("bxyz@kita.jp", "曻様", 3)]),
        ("yamada@kita.jp", "太郎さん", &[("ryu@nishi.example", "太郎さん", 3), ("yamada@kita.jp", "山田様", 3)]),
        ("kz01@kita.jp", "各位", &[("ryu@nishi.example", "龘龘様", 3), ("kz01@kita.jp", "曻様", 3)]),
    ];
    for (to, name, letters) in quiet {
        assert_eq!(after_letters(to, name, letters), None, "{to} {name} {letters:?}");
    }
}

#[test]
fn nothing_is_learned_where_it_is_not_clear_who_was_meant() {
    let two = Mail::to(&["x1@kita.jp", "x2@kita.jp"]).opening("山田様");
    assert!(two.judged().lesson.to.iter().all(|to| to.greeted.is_empty()));
    let fitting = Mail::to(&["x1@kita.jp", "yamada@kita.jp"]).opening("山田様");
    let greeted: Vec<_> = fitting.judged().lesson.to.into_iter().map(|to| to.greeted).collect();
    assert_eq!(greeted, [vec![], vec!["山田".to_owned()]]);
    let list = Mail::to(&["x1@kita.jp"]).opening("お客様各位");
    assert!(list.judged().lesson.to[0].greeted.is_empty());
}

#[test]
fn an_organization_is_learned_with_its_domain() {
    let mut mail = Mail::to(&["info@nishi.example"]).opening("西不動産株式会社 御中");
    for _ in 0..3 {
        let lesson = mail.judged().lesson;
        mail.history.learn(&lesson, super::super::fixture::TODAY);
    }
    let history = std::mem::take(&mut mail.history);
    let mut wrong = Mail::to(&["info@higashi.example"]).opening("西不動産株式会社 御中");
    wrong.history = history;
    // Nobody knows that domain; then it is one that is often written to.
    assert!(wrong.issues(Check::SalutationMismatch)[0].is_none());
    let wrong = wrong.before(4, "sato@example.co.jp", &["info@higashi.example"]);
    let issue = wrong.issues(Check::SalutationMismatch).remove(0).unwrap();
    assert_eq!(issue.suggestion.as_deref(), Some("info@nishi.example"));
}

#[test]
fn a_mailing_is_not_read() {
    let to: Vec<String> = (0..30).map(|n| format!("suzuki{n}@kita.jp")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    assert!(Mail::to(&to).opening("山田様").issues(Check::SalutationMismatch).iter().all(Option::is_none));
}
