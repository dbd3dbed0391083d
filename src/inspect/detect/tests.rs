//! Whole mails and tables through [`Detection`]: clean business mail gives nothing, leaks give their people.
//!
//! All people, companies and numbers are invented.

mod abroad;
mod accounts;
mod columns;
mod doubtful;
mod excluded;
mod explained;
mod japanese;
mod pages;
mod people;
mod tables;

use std::{sync::LazyLock, time::Duration};

use rustix::time::{ClockId, clock_gettime};

use super::{Detection, RuleSource, Rules};
use crate::inspect::{Cell, Confidence, Finding, Place, Sink};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::compile(&[]).unwrap());

const OWN: [&str; 2] = ["suzuki@toho-kanko.example.co.jp", "yamada@kita-hoan.example.com"];

fn detect(feed: impl FnOnce(&mut Detection<'_>)) -> (Vec<Finding>, u32) {
    let own: Vec<String> = OWN.map(str::to_owned).to_vec();
    let mut detection = Detection::new(&RULES, &own, false);
    feed(&mut detection);
    let (findings, people, _) = detection.finish();
    (findings, people.visible + people.hidden)
}

/// A mail from 鈴木 to 山田 with this body.
fn mail(body: &str) -> (Vec<Finding>, u32) {
    detect(|detection| {
        detection.text(&Place::default().field("From"), "鈴木一郎 <suzuki@toho-kanko.example.co.jp>");
        detection.text(&Place::default().field("To"), "山田健太 <yamada@kita-hoan.example.com>");
        detection.text(&Place::default().field("Message-ID"), "<20261121.1234@toho-kanko.example.co.jp>");
        detection.text(&Place::new("body"), body);
    })
}

/// A sheet with these rows, cells between tabs.
fn sheet(rows: &[String]) -> (Vec<Finding>, u32) {
    detect(|detection| {
        detection.begin_table(&Place::new("顧客.xlsx › 顧客"));
        for (number, row) in (0..).zip(rows) {
            let cells: Vec<Cell<'_>> = (0..)
                .zip(row.split('\t'))
                .filter(|(_, text)| !text.is_empty())
                .map(|(column, text)| Cell { column, text: text.into(), hidden: false })
                .collect();
            detection.row(number, &cells);
        }
        detection.end_table();
    })
}

fn count(findings: &[Finding], id: &str) -> u32 {
    findings.iter().find(|finding| finding.detector == id).map_or(0, |finding| finding.count)
}

/// How many people are in each text.
fn expect_people(texts: &[(&str, u32)]) {
    expect_where(texts, |_, _| true);
}

/// How many people are in each text, all of them named.
fn expect(texts: &[(&str, u32)]) {
    expect_where(texts, |findings, people| count(findings, "jp.name") + count(findings, "person_name") == people);
}

fn expect_where(texts: &[(&str, u32)], fits: impl Fn(&[Finding], u32) -> bool) {
    let mut wrong = String::new();
    for (text, people) in texts {
        let (findings, persons) = mail(text);
        if persons != *people || !fits(&findings, *people) {
            wrong += &format!("{persons} for {people}: {} in\n{text}\n\n", told(&findings));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

const SIGNATURE: &str = "
--
東邦観光株式会社 営業部
鈴木 一郎
〒104-0061 東京都中央区銀座1-2-3 東邦ビル5F
TEL 03-3535-1111 / FAX 03-3535-1112 / 携帯 090-1111-2222
E-mail: suzuki@toho-kanko.example.co.jp
https://www.toho-kanko.example.co.jp/
";

/// Business as usual; `{sig}` is the sender's signature.
const CLEAN: [&str; 22] = [
    // An invoice.
    "株式会社北保安サービス\n営業部 山田様\n\nいつもお世話になっております。東邦観光の鈴木です。\n\n10月分の請求書をお送りします。\n\n請求番号：INV-2026-001234\nご請求金額：1,234,567円（税込）\nお支払期限：2026年11月30日\n\nお振込先：みずほ銀行 丸の内支店 普通 1234567 トウホウカンコウ（カ\n登録番号：T7000012050002\n\nよろしくお願いいたします。\n{sig}",
    // An order.
    "山田様\n\nお世話になっております。\n\n注文番号 4901234567894 の納期をご連絡ください。\n型番：AB-1234-5678\n数量：1000000\n単価：1234.56\n\n発注日：2026/11/21\n{sig}",
    // A meeting with a place and a link.
    "北保安サービス株式会社 御中\n山田様、佐藤様\n\nお打ち合わせの件、下記の通りお願いいたします。\n\n日時：2026年11月25日（水） 14:00〜15:00\n会場：東京都千代田区丸の内1-1-1 丸ビル3階\nURL：https://meet.example.com/j/81234567890?pwd=123456789012\nミーティングID：812 3456 7890\n参加者：当社 鈴木、高橋\n{sig}",
    // A thread with quoted headers and the other side's signature.
    "山田様\n\n承知しました。\n{sig}\n\n-----Original Message-----\nFrom: 山田健太 <yamada@kita-hoan.example.com>\nSent: Friday, November 20, 2026 10:00 AM\nTo: 鈴木一郎 <suzuki@toho-kanko.example.co.jp>\nCc: 佐藤花子 <sato@kita-hoan.example.com>\nSubject: Re: お見積り\n\n鈴木様\n\nお世話になっております。北保安サービスの山田です。\n見積書を確認しました。\n\n-- \n北保安サービス株式会社\n山田 健太\nTEL: 045-222-3333\nyamada@kita-hoan.example.com",
    // Gmail's way to quote.
    "ありがとうございます。\n鈴木\n\n2026年11月20日(金) 10:00 山田健太 <yamada@kita-hoan.example.com>:\n\n> 鈴木様\n>\n> お世話になっております。\n> 山田\n> --\n> 北保安サービス株式会社 山田健太\n> TEL 045-222-3333",
    // Colleagues are named.
    "山田様\n\nお世話になっております。\n本件は今後、弊社の佐藤が担当いたします。\n佐藤（sato@toho-kanko.example.co.jp）までご連絡ください。\n高橋さんにもお伝えください。\n{sig}",
    // A notice of a telephone that belongs to nobody.
    "関係者各位\n\nサポート窓口の電話番号が変わります。\n新番号：0120-123-456（平日9:00〜17:30）\nメール：support@toho-kanko.example.co.jp\n代表：03-3535-1111\n{sig}",
    // Dates, times, versions.
    "お疲れ様です。\nリリース 10.12.2026 のスケジュールです。\n・設計 2026-10-01〜2026-10-15\n・試験 2026-10-16 10:30:45.123\n・IP 192.168.10.20 ポート 8080\n・ビルド 20261121123456\n",
    // English.
    "Dear Mr. Yamada,\n\nThank you for your order #123456789018. The invoice total is USD 12,345.67, due 2026-11-30.\nPlease call our office at the number below if you have questions.\n\nBest regards,\nIchiro Suzuki\nToho Kanko Co., Ltd.\nTel: +81-3-3535-1111\nsuzuki@toho-kanko.example.co.jp",
    // A shipping notice.
    "山田様\n\n出荷のご連絡です。\n伝票番号：1234-5678-9012\n追跡：https://track.example.com/123456789012\n品名：保安用品 12箱\n着荷予定：11月22日午前\n{sig}",
    // A newsletter.
    "【東邦観光ニュース】冬の特集\n\n北海道札幌市の雪まつり、沖縄県那覇市の海開きなど、全国の見どころを紹介します。\n冬の旅は山田温泉、高橋旅館で。\n配信停止：https://news.example.com/unsubscribe?u=a1b2c3\n発行：東邦観光株式会社 東京都中央区銀座1-2-3",
    // A disease in a brochure.
    "山田様\n\n健康セミナーのご案内です。\nテーマ：糖尿病と高血圧症の予防\n講師：大学病院の先生\n日時：12月5日\n{sig}",
    // Minutes.
    "議事録\n日時：2026年11月20日\n出席者：弊社 鈴木、高橋 / 貴社 山田様、佐藤様\n1. 前回の確認\n2. 見積 12,000,000円\n3. 次回 12月4日\n",
    // A bid with a corporate number only.
    "入札参加資格の件\n\n東邦観光株式会社の見積です。所在地 東京都中央区銀座1-2-3 電話 03-3535-1111\n金額 5,000,000円\n",
    // A mail that asks for personal data and holds none.
    "山田様\n\nお手数ですが、氏名・住所・電話番号・生年月日をご記入のうえ、ご返送ください。\n氏名：\n住所：\n電話番号：\n生年月日：　　年　　月　　日\n{sig}",
    // Polite words with 様 in them.
    "皆様\n\n平素より格別のご高配を賜り厚く御礼申し上げます。\n仕様の変更につきまして、同様の事例を各位に共有いたします。\nお客様のご要望、模様替え、様子見、神様。\n以上",
    // A product list.
    "品番,品名,数量,単価\nA-1001,ボルト,1234567,10\nA-1002,ナット,7654321,5\nA-1003,ワッシャー,2345678,3\n",
    // Server logs.
    "2026-11-21T10:00:00Z host01 postfix/smtpd[12345]: connect from unknown[203.0.113.10]\n2026-11-21T10:00:01Z host01 id=4111-2222 size=1234567890 status=250\nuuid 550e8400-e29b-41d4-a716-446655440000",
    // Source code.
    "fn main() {\n    let x: u64 = 123456789018;\n    println!(\"{x:>12} {}\", 0x7000012050002u64);\n}\n// @param name the file name\n",
    // A place where everybody meets, with its telephone.
    "懇親会のお知らせ\n\n店名：居酒屋さくら 銀座店\n住所：東京都中央区銀座4-5-6\n電話：03-3535-9999\n会費：5,000円\n日時：12月10日 19:00\n",
    // A signature without a separator.
    "山田様\n\nお世話になっております。添付をご確認ください。\n\n東邦観光株式会社\n営業部　鈴木 一郎\n東京都中央区銀座1-2-3\nTEL：03-3535-1111　携帯：090-1111-2222\nE-mail：suzuki@toho-kanko.example.co.jp",
    // The recipient called by his full name.
    "北保安サービス株式会社\n山田健太様\n\nお世話になっております。\n山田健太様にご確認いただきたく、ご連絡しました。\n{sig}",
];

#[test]
fn clean_business_mail_gives_nothing() {
    let mut wrong = Vec::new();
    for body in CLEAN {
        let body = body.replace("{sig}", SIGNATURE);
        let (findings, persons) = mail(&body);
        let public = ["jp.corporate_number", "jp.invoice_number"];
        let personal: Vec<_> = findings.iter().filter(|found| !public.contains(&found.detector.as_str())).collect();
        if !personal.is_empty() || persons > 0 {
            wrong.push(format!("{persons} {}\n{body}\n", told(&findings)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A body, the people in it, and what must be found how often.
type Leak = (&'static str, u32, &'static [(&'static str, u32)]);

const LEAKS: [Leak; 26] = [
    (
        "福田 太郎（フクダ タロウ）様　〒105-0014　東京都港区芝1-1-1　電話：090-1234-5678\n中村 翔太（ナカムラ ショウタ）様　〒105-0014　東京都港区芝2-2-2　電話：090-2345-6789",
        2,
        &[("jp.name", 2), ("jp.phone", 2), ("jp.address", 2)],
    ),
    ("氏名：福田太郎\nフリガナ：フクダ タロウ\n電話：090-1234-5678", 1, &[("jp.name", 1), ("jp.phone", 1)]),
    (
        "お客様リストです。\n\n氏名,電話番号,メール\n山田太郎,090-1234-5678,taro@example.com\n佐藤花子,080-2345-6789,hanako@example.net\n高橋健一,070-3456-7890,ken@example.org\n{sig}",
        3,
        &[("jp.name", 3), ("jp.phone", 3), ("email", 3)],
    ),
    (
        "当日の参加者です。\n山田太郎 090-1234-5678\n佐藤花子 080-2345-6789\n高橋健一 070-3456-7890\n田中美咲 090-4567-8901",
        4,
        &[("jp.name", 4), ("jp.phone", 4)],
    ),
    ("手続きのため送ります。\nマイナンバー：123456789018\n氏名：佐藤花子", 1, &[("jp.my_number", 1), ("jp.name", 1)]),
    (
        "社員番号\t氏名\t生年月日\t住所\n1001\t山田太郎\t1980/01/02\t東京都新宿区西新宿2-8-1\n1002\t佐藤花子\t1990/03/04\t神奈川県横浜市中区本町6-50-10\n1003\t田中美咲\tH5.6.7\t大阪府大阪市北区中之島1-3-20",
        3,
        &[("jp.name", 3), ("jp.birth_date", 3), ("jp.address", 3)],
    ),
    (
        "お客様よりご連絡です。\n氏名：伊藤誠\n住所：東京都世田谷区三軒茶屋2-1-1\n電話：03-3411-2222\n生年月日：昭和55年1月2日\n至急ご対応ください。",
        1,
        &[("jp.name", 1), ("jp.address", 1), ("jp.phone", 1), ("jp.birth_date", 1)],
    ),
    (
        "氏名：伊藤誠\n電話：090-1234-5678\n\n氏名：渡辺直子\n電話：090-2345-6789\n\n氏名：中村翔平\n電話：090-3456-7890",
        3,
        &[("jp.name", 3), ("jp.phone", 3)],
    ),
    (
        "| 氏名 | 電話 | 住所 |\n|---|---|---|\n| 伊藤誠 | 090-1234-5678 | 東京都港区芝1-1-1 |\n| 渡辺直子 | 090-2345-6789 | 千葉県千葉市中央区1-1 |",
        2,
        &[("jp.name", 2), ("jp.phone", 2), ("jp.address", 2)],
    ),
    ("カード決済に失敗しました。\n4111 1111 1111 1111 有効期限 12/28 伊藤誠様", 1, &[("credit_card", 1)]),
    ("送付先一覧\ntaro@example.com\nhanako@example.net\nken@example.org", 3, &[("email", 3)]),
    ("患者名：田中美咲\n診断：うつ病\n通院開始 2026年4月", 1, &[("jp.special_care", 1), ("jp.name", 1)]),
    ("伊藤誠様の携帯は０９０－１２３４－５６７８です。折り返しをお願いします。", 1, &[("jp.name", 1), ("jp.phone", 1)]),
    ("伊藤様（090-1234-5678）より入電。ガスの件。", 1, &[("jp.phone", 1)]),
    (
        "Name,Phone,Email\nJohn Smith,+1 650-253-0000,john@example.com\nMary Brown,+1 650-253-0001,mary@example.net",
        2,
        &[("person_name", 2), ("phone", 2), ("email", 2)],
    ),
    (
        "応募者の情報です。\nName: John Smith\nDate of birth: 1985-03-12\nSSN: 536-90-4399",
        1,
        &[("us.ssn", 1), ("person_name", 1), ("birth_date", 1)],
    ),
    ("--\n山田太郎,090-1234-5678\n佐藤花子,080-2345-6789\n高橋健一,070-3456-7890\n", 3, &[("jp.phone", 3)]),
    (
        "以下の方にお送りください。\n山田太郎様\n佐藤花子様\n高橋健一様\n田中美咲様\n伊藤誠様\n渡辺直子様",
        6,
        &[("jp.name", 6)],
    ),
    ("名簿：山田太郎、佐藤花子、高橋健一、田中美咲", 4, &[("jp.name", 4)]),
    (
        "> 氏名：伊藤誠\n> 電話：090-1234-5678\n> 住所：東京都港区芝1-1-1",
        1,
        &[("jp.name", 1), ("jp.phone", 1), ("jp.address", 1)],
    ),
    (
        "契約者一覧  2026年\n\n氏名      電話            郵便番号\n伊藤 誠    090-1234-5678    105-0014\n渡辺 直子  090-2345-6789    260-0013\n中村 翔平  090-3456-7890    530-0005",
        3,
        &[("jp.name", 3), ("jp.phone", 3), ("jp.postal_code", 3)],
    ),
    ("免許証番号：301234567810（伊藤誠）", 1, &[("jp.drivers_license", 1)]),
    ("IBAN: DE89 3704 0044 0532 0130 00 (Name: Anna Schmidt)", 1, &[("iban", 1)]),
    ("個人番号一覧\n123456789018\n621498320257\n100000000005\n200000000018\n300000000012", 5, &[("jp.my_number", 5)]),
    ("顧客への折り返し先：090-1234-5678", 1, &[("jp.phone", 1)]),
    ("氏名,口座番号\n山田太郎,1234567\n佐藤花子,7654321\n", 2, &[("jp.bank_account", 2)]),
];

#[test]
fn leaks_give_their_people() {
    let mut wrong = Vec::new();
    for (body, people, expected) in LEAKS {
        let (findings, persons) = mail(&body.replace("{sig}", SIGNATURE));
        let missing = expected.iter().any(|&(id, number)| count(&findings, id) != number);
        if missing || persons != people {
            wrong.push(format!("{persons} for {people}, {} for {expected:?}\n{body}\n", told(&findings)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Findings on one line.
fn told(findings: &[Finding]) -> String {
    let one = |f: &Finding| {
        let examples: Vec<_> = f.examples.iter().map(|e| format!("{}@{}", e.masked, e.place)).collect();
        format!("{}={} ({})", f.detector, f.count, examples.join(" "))
    };
    findings.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn people(rows: u32) -> Vec<String> {
    const SURNAMES: [&str; 7] = ["山田", "佐藤", "高橋", "田中", "伊藤", "渡辺", "中村"];
    const GIVEN: [&str; 5] = ["太郎", "花子", "健一", "美咲", "翔平"];
    (0..rows)
        .map(|n| {
            let (a, b) = (n as usize % SURNAMES.len(), n as usize / 3 % GIVEN.len());
            format!(
                "{n}\t{} {}\t{:03}-{:04}\t東京都港区芝{}-{}-{}\t090-{:04}-{:04}\tu{n}@example.com\t{}/{}/{}\t{}",
                SURNAMES[a],
                GIVEN[b],
                n % 900 + 100,
                n * 7 % 10_000,
                n % 5 + 1,
                n % 30 + 1,
                n % 20 + 1,
                n / 10_000 + 1_000,
                n % 10_000,
                1940 + n % 60,
                n % 12 + 1,
                n % 28 + 1,
                n * 31 % 100_000,
            )
        })
        .collect()
}

const HEADER: &str = "No.\t氏名\t郵便番号\t住所\t電話番号\tメールアドレス\t生年月日\t購入金額";

#[test]
fn each_row_of_a_sheet_is_a_person() {
    let mut rows = vec!["顧客一覧".to_owned(), String::new(), HEADER.to_owned()];
    rows.extend(people(1_200));
    let (findings, persons) = sheet(&rows);
    assert_eq!(persons, 1_200);
    for id in ["jp.name", "jp.postal_code", "jp.address", "jp.phone", "email", "jp.birth_date"] {
        assert_eq!(count(&findings, id), 1_200, "{id}: {findings:#?}");
    }
    let phone = findings.iter().find(|finding| finding.detector == "jp.phone").unwrap();
    assert_eq!(phone.confidence, Confidence::High);
    assert_eq!(phone.examples.len(), 5);
    assert_eq!(phone.examples[0].masked, "090-****-0000");
    assert_eq!(phone.examples[0].place, "顧客.xlsx › 顧客!E4");
}

#[test]
fn a_sheet_without_a_header_tells_by_its_values() {
    let (findings, persons) = sheet(&people(300));
    assert_eq!(persons, 300);
    assert_eq!(count(&findings, "jp.phone"), 300);
    assert_eq!(count(&findings, "jp.name"), 300);
}

#[test]
fn the_same_people_in_two_sheets_are_counted_once() {
    let rows = people(200);
    let (_, persons) = detect(|detection| {
        for _ in 0..2 {
            detection.begin_table(&Place::new("a"));
            for (number, row) in (0..).zip(std::iter::once(HEADER).chain(rows.iter().map(String::as_str))) {
                let cells: Vec<Cell<'_>> = (0..)
                    .zip(row.split('\t'))
                    .map(|(column, text)| Cell { column, text: text.into(), hidden: false })
                    .collect();
                detection.row(number, &cells);
            }
            detection.end_table();
        }
    });
    assert_eq!(persons, 200);
}

#[test]
fn names_in_parts_with_readings_are_one_name() {
    let rows = [
        "姓\t名\tセイ\tメイ\t電話",
        "山田\t太郎\tヤマダ\tタロウ\t9012345678",
        "佐藤\t花子\tサトウ\tハナコ\t8023456789",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((persons, count(&findings, "jp.name"), count(&findings, "jp.phone")), (2, 2, 2), "{findings:#?}");
    let rows = ["氏名\tフリガナ\t電話", "山田太郎\tヤマダ タロウ\t9012345678", "佐藤花子\tサトウ ハナコ\t8023456789"];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((persons, count(&findings, "jp.name")), (2, 2), "{findings:#?}");
}

#[test]
fn a_telephone_in_two_columns_hides_nobody() {
    let rows = ["氏名\t電話\t携帯", "山田太郎\t090-1234-5678\t090-1234-5678", "佐藤花子\t080-2345-6789\t080-2345-6789"];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((persons, count(&findings, "jp.phone")), (2, 4), "{findings:#?}");
}

#[test]
fn a_list_of_companies_is_about_nobody() {
    let rows = [
        "会社名\t郵便番号\t住所\t代表電話\t数量",
        "北保安サービス株式会社\t231-0005\t神奈川県横浜市中区本町6-50-10\t045-222-3333\t1234567",
        "東邦観光株式会社\t104-0061\t東京都中央区銀座1-2-3\t03-3535-1111\t7654321",
        "南建設有限会社\t530-0005\t大阪府大阪市北区中之島1-3-20\t06-6208-8181\t2345678",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((findings.len(), persons), (0, 0), "{findings:#?}");
}

#[test]
fn a_form_is_one_person_and_a_transposed_table_as_many_as_columns() {
    let rows = [
        "申込書",
        "氏名\t田中美咲",
        "フリガナ\tタナカ ミサキ",
        "住所\t東京都港区芝1-1-1",
        "電話番号\t090-1234-5678",
        "生年月日\tH5.6.7",
        "備考\tなし",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((persons, count(&findings, "jp.phone")), (1, 1), "{findings:#?}");
    let rows = [
        "氏名\t田中美咲\t伊藤誠\t渡辺直子",
        "電話\t090-1234-5678\t090-2345-6789\t090-3456-7890",
        "生年月日\tH5.6.7\tS55.1.2\tS60.3.4",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((persons, count(&findings, "jp.phone")), (3, 3), "{findings:#?}");
}

#[test]
fn numbers_are_what_their_column_says() {
    let rows = [
        "商品\t数量\t金額\tJAN",
        "ボルト\t1234567\t123456789018\t4901234567894",
        "ナット\t7654321\t621498320257\t4901234567887",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((findings.len(), persons), (0, 0), "{findings:#?}");
    let rows = ["社員\t氏名\tマイナンバー", "1\t山田太郎\t123456789018", "2\t佐藤花子\t621498320257"];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((persons, count(&findings, "jp.my_number")), (2, 2), "{findings:#?}");
}

#[test]
fn a_second_table_below_the_first_is_read_by_its_own_header() {
    let mut rows = vec!["商品\t単価\t数量".to_owned()];
    rows.extend((0..60).map(|n| format!("部品{n}\t{n}\t{}", n * 3)));
    rows.push("氏名\t電話".to_owned());
    rows.extend(people(80).iter().map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        format!("{}\t{}", cells[1], cells[4])
    }));
    let (findings, persons) = sheet(&rows);
    assert_eq!((persons, count(&findings, "jp.phone")), (80, 80), "{findings:#?}");
}

#[test]
fn places_masks_and_hidden_marks_are_carried() {
    let (findings, _) = detect(|detection| {
        let place = Place { path: "名簿.xlsx › 裏".to_owned(), hidden: true, ..Place::default() };
        detection.begin_table(&place);
        for (number, cells) in
            [["氏名", "電話"], ["山田太郎", "09012345678"], ["佐藤花子", "080-2345-6789"]].iter().enumerate()
        {
            let cells: Vec<Cell<'_>> =
                (0..).zip(cells).map(|(column, &text)| Cell { column, text: text.into(), hidden: false }).collect();
            detection.row(u32::try_from(number).unwrap(), &cells);
        }
        detection.end_table();
        detection.text(&Place::new("body"), "一行目\r\n二行目\r\n伊藤誠様 090-1234-5678\r\n");
        detection.text(&Place::default().field("Subject"), "渡辺直子様 090-2345-6789 の件");
    });
    let phone = findings.iter().find(|finding| finding.detector == "jp.phone").unwrap();
    let shown: Vec<_> = phone.examples.iter().map(|e| (e.masked.as_str(), e.place.as_str(), e.hidden)).collect();
    assert_eq!(
        shown,
        [
            ("090****5678", "名簿.xlsx › 裏!B2", true),
            ("080-****-6789", "名簿.xlsx › 裏!B3", true),
            ("090-****-5678", "body:3", false),
            ("090-****-6789", "Subject", false),
        ]
    );
}

#[test]
fn chance_is_not_taken_for_a_number() {
    let (findings, _) = mail("注文 123456789018 と 1234-5678-9018 を確認しました。");
    assert!(findings.iter().all(|finding| finding.confidence == Confidence::Low), "{findings:#?}");
}

#[test]
fn own_addresses_are_not_findings_and_staff_lists_are() {
    let few = "担当：sato@toho-kanko.example.co.jp、takahashi@toho-kanko.example.co.jp";
    assert_eq!(mail(few).1, 0);
    let many: String = (0..8).map(|n| format!("person{n}@toho-kanko.example.co.jp\n")).collect();
    assert_eq!(mail(&many).1, 8);
}

#[test]
fn nothing_found_shows_its_value() {
    for (body, ..) in LEAKS {
        let (findings, _) = mail(body);
        for finding in findings.iter().filter(|finding| finding.detector != "jp.corporate_number") {
            for example in &finding.examples {
                assert!(!body.contains(&example.masked) || example.masked.chars().count() < 4, "{example:?}");
            }
        }
    }
}

#[test]
fn hostile_text_costs_no_fault_and_little_time() {
    for piece in [
        "1",
        "@",
        "山田",
        "０",
        "\u{200B}",
        "(",
        "a@",
        "様",
        "090-",
        "東京都",
        "\t",
        ",",
        "1-",
        "=",
        "\u{3099}",
        "市1-",
    ] {
        let text = piece.repeat(60_000 / piece.len());
        let (_, _) = mail(&text);
    }
}

/// The time of each text grows with its length, not with the square of it: no word is searched anew for each person in a
/// line without end, nor the end of the text for each separator.
#[test]
fn hostile_text_of_twice_the_length_takes_twice_the_time() {
    for (head, piece) in [
        ("", "氏名：福田 電話：10-460225528 太郎-28610902 圧縮内 個人番号：591"),
        ("", "090-1234-5678 "),
        ("", "電話 03-3580-3311 "),
        ("", "山田太郎、"),
        ("", "tanaka@toho-kanko.example.co.jp "),
        ("", "山田太郎\nヤマダタロウ\n"),
        ("", "氏名,電話\n山田太郎,090-1234-5678\n佐藤花子,080-1234-5678\n\nx\n"),
        ("090-1234-5678\n", "--\n\n"),
        ("090-1234-5678\n-----\n", "x\n--\n"),
    ] {
        let time = |length: usize| {
            let text = head.to_owned() + &piece.repeat(length / piece.len());
            // The work of this thread: what else the machine does is nobody's fault.
            let worked = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
            let least = (0..3).map(|_| {
                let start = worked();
                mail(&text);
                worked() - start
            });
            least.min().unwrap_or_default()
        };
        let (once, eightfold) = (time(16 << 10), time(128 << 10));
        // Sixty-fourfold, if it were the square; caches that grow too small make some difference.
        assert!(eightfold < once * 40, "{piece:?}: {once:?}, {eightfold:?}");
    }
}

#[test]
fn the_same_mail_gives_the_same_findings() {
    let body = LEAKS.map(|(body, ..)| body).join("\n\n");
    assert_eq!(mail(&body), mail(&body));
}

#[test]
fn line_ends_of_all_kinds_become_one() {
    for text in ["a\r\nb\rc\nd", "\r", "\r\r\n\n", "名\r\n前\r", "none", ""] {
        assert_eq!(super::without_returns(text), text.replace("\r\n", "\n").replace('\r', "\n"), "{text:?}");
    }
}

#[test]
fn a_file_that_is_called_like_a_header_field_is_read_all_the_same() {
    let list = "氏名：山田太郎 電話：090-1234-5678\n";
    let (found, people) = detect(|detection| detection.text(&Place::new("名簿.zip › To"), list));
    assert!(!found.is_empty() && people == 1, "{found:?}");
    assert_eq!(detect(|detection| detection.text(&Place::default().field("To"), list)).0, []);
}

/// Numbers that a business writes by the thousand share their length and often their check digit with those of people.
#[test]
fn lists_of_goods_and_companies_hold_no_foreign_numbers() {
    type Numbering = fn(u32) -> String;
    fn luhn(body: u32) -> String {
        let sum: u32 = (0..8)
            .map(|at| body / 10_u32.pow(at) % 10 * if at % 2 == 0 { 2 } else { 1 })
            .map(|product| product / 10 + product % 10)
            .sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    }
    let lists: [(&str, Numbering); 6] = [
        ("product numbers", |n| format!("49{:02}{:02}{:07}", n % 12 + 1, n % 28 + 1, 1_234_567 + n * 7_919)),
        ("French companies", |n| luhn(41_234_567 + n * 7_919)),
        ("documents by day", |n| format!("2026{:02}{:02}{:07}", n % 12 + 1, n % 28 + 1, n * 7_919)),
        ("orders", |n| format!("{}", 234_123_412_340_u64 + u64::from(n) * 11)),
        ("part numbers", |n| format!("AB{:06}C", 123_456 + n * 311)),
        ("product codes", |n| format!("S{:07}A", 1_234_567 + n * 7_919)),
    ];
    for (name, number) in lists {
        let body: String = (0..60).map(|n| format!("注文 {} 1個\n", number(n))).collect();
        let rows: Vec<String> = (0..60).map(|n| format!("部品\t{}\t{n}", number(n))).collect();
        for (findings, persons) in [mail(&body), sheet(&rows)] {
            let foreign = findings
                .iter()
                .any(|finding| finding.detector.split_once('.').is_some_and(|(c, _)| c.len() == 2 && c != "jp"));
            assert!(!foreign && persons == 0, "{name}: {findings:?}");
        }
    }
}

#[test]
fn an_evaluation_sees_every_hit_and_all_of_them_masked() {
    let mut detection = Detection::new(&RULES, &[], false).in_detail();
    detection.begin_table(&Place::new("顧客.csv"));
    for row in 0..20 {
        let text = if row == 0 { "電話番号".to_owned() } else { format!("090-1234-5{row:03}") };
        detection.row(row, &[Cell { column: 0, text: text.into(), hidden: false }]);
    }
    let hits: Vec<(String, String)> =
        detection.hits().map(|(detector, _, hit)| (detector.to_owned(), hit.masked.clone())).collect();
    assert_eq!(hits.len(), 19);
    assert!(hits.iter().all(|(detector, masked)| detector == "jp.phone" && masked.starts_with("090-****-5")));
    assert_eq!(detection.finish().0.first().map(|finding| finding.count), Some(19));
}
