//! Mails that name organisations: which must be told, which must not, and what is said of them.

use super::super::{Check, fixture::Mail};
use crate::inspect::FileName;
use crate::inspect::detect::organizations::{Mention, folded};

const PARTNERS: &str = "[[partner]]\nid = \"kita\"\nnames = [\"北保安サービス株式会社\", \"Kita Security Inc.\"]\n\
                        domains = [\"kita.jp\"]\n[[partner]]\nid = \"minami\"\nnames = [\"南商事株式会社\", \"南商事\", \
                        \"Minami Trading Co., Ltd.\"]\ndomains = [\"minami.jp\"]\n[[partner]]\nid = \"acme\"\nnames = \
                        [\"ACME Corporation\", \"アクメ\"]\ndomains = [\"acme.example\"]\n";

/// To, opening, subject, file, a mention: `name count addressed rows`.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn mail(&(to, opening, subject, file, mention): &Row) -> Mail {
    let to: Vec<&str> = to.split('|').collect();
    let mut mail = Mail::to(&to).opening(opening).subject(subject).partners(PARTNERS);
    mail.organization.name = "東邦観光株式会社".to_owned();
    mail.letter.files.extend(Some(file).filter(|file| !file.is_empty()).map(FileName::plain));
    for mention in mention.split('|').filter(|mention| !mention.is_empty()) {
        let mut words = mention.rsplitn(4, ' ');
        let mut number = || words.next().unwrap().parse().unwrap();
        let (rows, addressed, count) = (number(), number(), number());
        let name = folded(words.next().unwrap());
        mail.letter.organizations.push(Mention { name, count, addressed, rows, place: "見積書.xlsx".to_owned() });
    }
    mail
}

const ANOTHERS: [Row; 46] = [
    // The subject.
    ("info@kita.jp", "", "南商事様 お見積りの件", "", ""),
    ("info@kita.jp", "", "【南商事株式会社】ご請求書", "", ""),
    ("info@kita.jp", "", "Re: ㈱南商事 契約書", "", ""),
    ("info@kita.jp", "", "(株)南商事 御中", "", ""),
    ("info@kita.jp", "", "南商事(株)向け資料", "", ""),
    ("info@kita.jp", "お世話になっております。", "南商事 様", "", ""),
    ("info@kita.jp", "", "Quotation for Minami Trading", "", ""),
    ("info@kita.jp", "", "Minami Trading Co., Ltd. - invoice", "", ""),
    ("info@kita.jp", "", "MINAMI TRADING contract", "", ""),
    ("info@kita.jp", "", "ACME: offer", "", ""),
    ("info@kita.jp", "", "アクメ様ご提案", "", ""),
    ("info@kita.jp", "", "Offer for Acme Corporation", "", ""),
    ("info@minami.jp", "", "北保安サービス株式会社様", "", ""),
    ("info@minami.jp", "", "北保安サービス様の件", "", ""),
    ("info@minami.jp", "", "Kita Security Inc. report", "", ""),
    ("info@acme.example", "", "北保安サービス", "", ""),
    ("info@acme.example", "", "南商事", "", ""),
    // The salutation.
    ("info@kita.jp", "南商事株式会社 御中", "", "", ""),
    ("info@kita.jp", "南商事株式会社\n山田様", "", "", ""),
    ("yamada@kita.jp", "南商事株式会社\n山田様", "", "", ""),
    ("info@kita.jp", "㈱南商事 営業部 山田様", "", "", ""),
    ("info@kita.jp", "南商事\nご担当者様", "", "", ""),
    ("info@kita.jp", "南商事 御中", "お見積り", "", ""),
    ("info@minami.jp", "北保安サービス株式会社 各位", "", "", ""),
    ("info@acme.example", "株式会社 南商事 山田様", "", "", ""),
    // A file's name.
    ("info@kita.jp", "", "", "御見積書_南商事様.pdf", ""),
    ("info@kita.jp", "", "", "【南商事】請求書.xlsx", ""),
    ("info@kita.jp", "", "", "南商事株式会社_契約書.docx", ""),
    ("info@kita.jp", "", "", "invoice-minami-trading.pdf", ""),
    ("info@kita.jp", "", "", "Minami Trading.pdf", ""),
    ("info@kita.jp", "", "", "20260401_南商事.zip", ""),
    ("info@minami.jp", "", "", "北保安サービス様_名簿.xlsx", ""),
    ("info@acme.example", "", "", "Kita_Security_report.pdf", ""),
    ("yamada@kita.jp", "山田様", "", "御見積書_南商事様.pdf", ""),
    // 御中 in a document.
    ("info@kita.jp", "", "", "", "南商事株式会社 1 1 0"),
    ("yamada@kita.jp", "山田様", "", "", "南商事株式会社 1 1 0"),
    ("info@kita.jp", "", "請求書", "請求書.pdf", "南商事 2 1 0"),
    ("info@minami.jp", "", "", "", "北保安サービス 1 1 0"),
    ("info@acme.example", "", "", "", "Minami Trading 1 1 0"),
    ("info@acme.example", "", "", "", "東邦観光株式会社 3 0 0|北保安サービス 1 1 1"),
    // Most rows.
    ("info@kita.jp", "", "", "", "南商事株式会社 80 0 80"),
    ("info@kita.jp", "", "", "", "南商事株式会社 80 0 80|西不動産 20 0 20"),
    ("info@minami.jp", "", "", "", "北保安サービス 5 0 5"),
    ("info@acme.example", "", "", "", "南商事 30 0 30|北保安サービス 10 0 10"),
    // Several.
    ("info@kita.jp|sato@example.co.jp", "", "南商事様 お見積り", "", ""),
    ("info@kita.jp|info@acme.example", "", "南商事様 お見積り", "", ""),
];

const FITTING: [Row; 48] = [
    ("info@kita.jp", "", "北保安サービス様 お見積り", "", ""),
    ("info@kita.jp", "北保安サービス株式会社\n山田様", "南商事様の案件について", "", ""),
    ("info@kita.jp", "", "北保安サービス様・南商事様 打合せ", "", ""),
    ("info@kita.jp", "", "南商事様の件", "北保安サービス_見積.pdf", ""),
    ("info@kita.jp", "", "南商事様の件", "", "北保安サービス 1 0 0"),
    ("info@kita.jp", "", "南商事様の件", "", "北保安サービス 1 1 0"),
    ("yamada@kita.jp", "山田様", "南商事様の案件について", "", ""),
    ("info@minami.jp", "南商事株式会社 御中", "", "", ""),
    ("info@minami.jp", "", "㈱南商事 御中", "", ""),
    ("info@minami.jp", "", "Minami Trading quotation", "", ""),
    ("info@mail.minami.jp", "", "南商事様", "", ""),
    ("info@acme.example", "", "ACME offer", "", ""),
    // Both get it.
    ("info@kita.jp|info@minami.jp", "", "南商事様 お見積り", "", ""),
    ("info@minami.jp|info@kita.jp", "南商事株式会社 御中", "", "", ""),
    // Our own name.
    ("info@kita.jp", "", "東邦観光株式会社 ご案内", "", ""),
    ("info@kita.jp", "", "【東邦観光】請求書", "東邦観光_請求書.pdf", ""),
    ("info@kita.jp", "", "", "", "東邦観光株式会社 5 1 0"),
    ("info@kita.jp", "", "", "", "東邦観光株式会社 100 0 100"),
    // In passing.
    ("info@kita.jp", "", "", "", "南商事株式会社 1 0 0"),
    ("info@kita.jp", "", "", "", "南商事株式会社 9 0 0|西不動産 3 0 0"),
    ("info@kita.jp", "", "", "", "南商事株式会社 4 0 4"),
    ("info@kita.jp", "", "", "", "南商事株式会社 30 0 30|西不動産 40 0 40"),
    ("info@kita.jp", "", "", "", "南商事 30 0 30|北保安サービス 2 0 2"),
    ("info@kita.jp", "お世話になります。\n南商事の件です。", "", "", ""),
    // A part of a longer word.
    ("info@kita.jp", "", "東南商事様", "", ""),
    ("info@kita.jp", "", "acmeville", "", ""),
    ("info@kita.jp", "", "placement of Minamitradingpost", "", ""),
    ("info@kita.jp", "", "スーパーアクメット", "", ""),
    ("info@kita.jp", "", "南商事務所移転", "", ""),
    // Nobody whom we know.
    ("info@kita.jp", "", "西不動産株式会社", "", ""),
    ("info@kita.jp", "西不動産株式会社 御中", "", "", ""),
    ("info@kita.jp", "", "", "西不動産株式会社.pdf", ""),
    ("info@kita.jp", "", "", "", "西不動産株式会社 90 1 90"),
    ("info@kita.jp", "", "Smith & Sons Ltd.", "", ""),
    ("info@kita.jp", "", "ご請求書の件", "", ""),
    ("info@kita.jp", "", "Monthly report", "report.pdf", ""),
    ("info@kita.jp", "", "", "", ""),
    // A recipient of whom nobody knows whose it is.
    ("info@unknown.example", "", "南商事様 お見積り", "", ""),
    ("info@unknown.example", "南商事株式会社 御中", "", "", ""),
    ("info@unknown.example", "", "", "", "南商事株式会社 90 1 90"),
    ("yamada@gmail.com", "", "南商事様 お見積り", "", ""),
    ("yamada@gmail.com", "南商事株式会社\n山田様", "", "", ""),
    ("taro@docomo.ne.jp", "", "南商事様", "南商事.pdf", ""),
    ("info@minamitrading.example", "", "Minami Trading offer", "", ""),
    // Colleagues are not judged.
    ("sato@example.co.jp", "", "南商事様 お見積り", "", ""),
    ("sato@example.co.jp", "南商事株式会社 御中", "", "", ""),
    ("sato@example.co.jp", "", "", "南商事.pdf", ""),
    ("sato@example.co.jp", "", "", "", "南商事 90 1 90"),
];

#[test]
fn the_name_of_another_organization_is_told() {
    let missed: Vec<&Row> =
        ANOTHERS.iter().filter(|row| mail(row).issues(Check::OrganizationMismatch)[0].is_none()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_own_name_names_in_passing_and_unknown_names_are_quiet() {
    let alarms: Vec<_> = FITTING
        .iter()
        .filter_map(|row| Some((row, mail(row).issues(Check::OrganizationMismatch).into_iter().flatten().next()?)))
        .collect();
    assert!(alarms.is_empty(), "{alarms:#?}");
}

#[test]
fn every_issue_says_why_what_it_saw_and_where_it_belongs() {
    for row in &ANOTHERS {
        let issue = mail(row).issues(Check::OrganizationMismatch).remove(0).unwrap();
        let reason = issue.reason.unwrap();
        assert!(issue.detail.contains(" ≠ ") && !reason.ja.is_empty() && !reason.en.is_empty(), "{row:?}");
        assert!(["kita.jp", "minami.jp", "acme.example"].contains(&issue.suggestion.as_deref().unwrap()), "{row:?}");
    }
    let row = ("info@kita.jp", "", "南商事様 お見積り", "", "");
    let issue = mail(&row).issues(Check::OrganizationMismatch).remove(0).unwrap();
    assert_eq!(issue.detail, "Subject: 南商事株式会社 ≠ info@kita.jp");
    assert_eq!(
        issue.reason.unwrap().ja,
        "件名にある会社名「南商事株式会社」は、この宛先（kita.jp）の会社ではありません。"
    );
}

#[test]
fn the_contact_at_the_named_organization_is_suggested() {
    let row = ("yamada@kita.jp", "南商事株式会社\n山田様", "", "", "");
    let known = mail(&row).before(9, "sato@example.co.jp", &["tanaka@minami.jp"]).before(
        2,
        "sato@example.co.jp",
        &["yamada@minami.jp"],
    );
    let suggestion = |mail: Mail| mail.issues(Check::OrganizationMismatch).remove(0).unwrap().suggestion;
    assert_eq!(suggestion(known).as_deref(), Some("yamada@minami.jp"));
    let row = ("info@kita.jp", "", "南商事様 お見積り", "", "");
    let known = mail(&row).before(2, "sato@example.co.jp", &["tanaka@minami.jp"]);
    assert_eq!(suggestion(known).as_deref(), Some("tanaka@minami.jp"));
}
