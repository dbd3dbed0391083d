//! Bank accounts as people write them: in a line, in a letter, in a table, in a bank's own transfer file.
//!
//! All people, companies and numbers are invented.

use super::{CLEAN, SIGNATURE, count, detect, mail, sheet, told};
use crate::inspect::extract::{Limits, extract};
use crate::inspect::{Confidence, Job, Kind};

/// Accounts with their holders: one person each.
const HELD: [&str; 18] = [
    "みずほ銀行 新宿支店 普通 1234567 ヤマダタロウ",
    "みずほ銀行　新宿支店　普通　１２３４５６７　ヤマダ　タロウ",
    "三菱UFJ銀行／渋谷支店／普通預金／1234567／ヤマダ タロウ",
    "ﾐｽﾞﾎ銀行 ｼﾝｼﾞﾕｸ支店 普通 1234567 ﾔﾏﾀﾞ ﾀﾛｳ",
    "みずほ銀行(0001) 新宿支店(240) 普通 1234567 ヤマダ タロウ",
    "〇〇信用金庫 本店営業部 （普）7654321 サトウ ハナコ",
    "〇〇農協 駅前支店 （貯）7654321 サトウハナコ",
    "りそな銀行 池袋支店 普通口座 No.1234567 口座名義 ヤマダ タロウ",
    "銀行名：みずほ銀行\n支店名：新宿支店\n預金種別：普通\n口座番号：1234567\n口座名義：ヤマダ タロウ",
    "口座番号：1234567\n口座名義人：ﾔﾏﾀﾞ ﾀﾛｳ",
    "口座番号：1234567\n名義（カナ）：クドシマ ゲンゾウ",
    "口座番号（7桁）：1234567　名義人：山田太郎",
    "中央労働金庫 本店 普通 口座番号 1234567 山田 太郎",
    "給与の振込先は みずほ銀行 新宿支店 普通 1234567 ヤマダ タロウ です。",
    "経費の精算先：みずほ銀行 新宿支店 普通1234567、ヤマダ タロウ",
    "振込先：みずほ銀行 新宿支店 普通 1234567 ヤマダ タロウ",
    "ゆうちょ銀行 〇一八支店 普通 1234567 ヤマダ タロウ",
    "みずほ銀行 新宿支店 普通 1234567\n口座名義：ヤマダ タロウ",
];

#[test]
fn an_account_and_its_holder_are_a_person() {
    let mut wrong = Vec::new();
    for text in HELD {
        let (findings, people) = mail(text);
        if (count(&findings, "jp.bank_account"), count(&findings, "jp.name"), people) != (1, 1, 1) {
            wrong.push(format!("{people} {}\n{text}", told(&findings)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_label_of_a_holder_is_no_part_of_the_name() {
    let (findings, people) = mail("口座番号：4048934　口座名義：斎藤　淳\n\n口座番号：1218588　口座名義：氏家ななこ");
    let name = findings.iter().find(|finding| finding.detector == "jp.name").unwrap();
    let masks: Vec<&str> = name.examples.iter().map(|example| example.masked.as_str()).collect();
    assert_eq!((masks.as_slice(), people), (["斎***", "氏***"].as_slice(), 2), "{}", told(&findings));
}

#[test]
fn a_holder_in_kana_is_the_person_named_above_in_kanji() {
    for (text, names, persons) in [
        ("氏名：山田太郎\n住所：東京都港区芝公園4-2-8\n口座番号：1234567\n口座名義：ヤマダ タロウ", 1, 1),
        (
            "1. 山田太郎様\n   みずほ銀行 新宿支店 普通 1234567 ヤマダタロウ\n2. 佐藤花子様\n   りそな銀行 渋谷支店 普通 7654321 サトウハナコ",
            2,
            2,
        ),
        ("氏名：菅原 亮　口座番号：1234567　口座名義：ｽｶﾞﾜﾗ ﾘﾖｳ", 1, 1),
        ("カナ氏名：ヤマダ タロウ\n氏名：山田太郎\n口座番号：1234567", 1, 1),
        // The account of his wife, or of somebody else.
        ("氏名：山田太郎\n口座番号：1234567\n口座名義：ヤマダ ハナコ", 2, 2),
        ("氏名：山田太郎\n口座番号：1234567\n口座名義：サトウ ハナコ", 2, 2),
    ] {
        let (findings, people) = mail(text);
        assert_eq!((count(&findings, "jp.name"), people), (names, persons), "{text} {}", told(&findings));
    }
}

#[test]
fn an_account_of_which_nobody_says_whose_it_is_is_no_person_and_not_certain() {
    for text in [
        "みずほ銀行 新宿支店 普通 1234567",
        "〇〇信用金庫 本店営業部 (普)7654321",
        "〇〇信組 駅前出張所（当）1234567",
        "口座番号：1234567",
        "口座番号：１２３４５６７（〇〇銀行）",
        "りそな銀行 普通口座 No.1234567",
    ] {
        let (findings, people) = mail(text);
        let found = findings.iter().find(|finding| finding.detector == "jp.bank_account");
        assert_eq!(found.map(|finding| finding.confidence), Some(Confidence::Medium), "{text} {}", told(&findings));
        assert_eq!(people, 0, "{text}");
    }
}

#[test]
fn a_company_in_the_line_above_holds_nobody_elses_account() {
    for (text, accounts, persons) in [
        (
            "北保安サービス株式会社の大田です。\n返金先：みずほ銀行 駅前支店 普通口座 No.7658906 口座名義 コンドウ ミツル",
            1,
            1,
        ),
        ("株式会社北保安サービスの大友です。\nりそな銀行　新宿支店　（普）4623244　名義：ヤマダ ユイ", 1, 1),
        ("株式会社北保安サービス 御中\n氏名：佐藤花子\nみずほ銀行 新宿支店 普通 1234567", 1, 1),
        ("みずほ銀行 新宿支店 普通 1234567 サトウ ハナコ\n株式会社北保安サービス 総務部", 1, 1),
        ("株式会社北保安サービス\nみずほ銀行 新宿支店 普通 1234567", 0, 0),
        ("株式会社北保安サービス 佐藤花子\nみずほ銀行 新宿支店 普通 1234567", 0, 0),
        ("みずほ銀行 新宿支店 普通 1234567\n株式会社北保安サービス", 0, 0),
    ] {
        let (findings, people) = mail(text);
        assert_eq!((count(&findings, "jp.bank_account"), people), (accounts, persons), "{text} {}", told(&findings));
    }
}

#[test]
fn a_trade_in_kana_is_a_company_without_its_form() {
    for holder in [
        "トヨタジドウシヤ",
        "ｽｽﾞｷｺｳｷﾞﾖｳ",
        "ヤマダショウジ",
        "ニシムラ ケンセツ",
        "キタホアンサービス",
        "ナカムラショクヒン",
    ] {
        for text in [
            format!("みずほ銀行 新宿支店 普通 1234567 {holder}"),
            format!("口座番号：1234567　口座名義：{holder}"),
            format!("みずほ銀行 新宿支店 普通 1234567\n口座名義 {holder}"),
        ] {
            let (findings, people) = mail(&text);
            assert!(findings.is_empty() && people == 0, "{text}: {}", told(&findings));
        }
    }
    for holder in ["ヤマダ ショウジ", "ヤマダ デンキチ", "ヤマダ デンシロウ"] {
        let (findings, people) = mail(&format!("口座番号：1234567　口座名義：{holder}"));
        assert_eq!((count(&findings, "jp.bank_account"), people), (1, 1), "{holder}: {}", told(&findings));
    }
}

#[test]
fn symbol_and_number_of_the_post_bank_are_an_account() {
    for text in ["ゆうちょ銀行 記号 10120 番号 12345671", "ゆうちょ銀行　記号：１０１２０　番号：１２３４５６７１"]
    {
        let (findings, people) = mail(text);
        assert_eq!((count(&findings, "jp.yucho_account"), people), (1, 1), "{text} {}", told(&findings));
    }
}

#[test]
fn accounts_of_companies_and_other_numbers_are_none() {
    let mut wrong = Vec::new();
    for text in [
        "お振込先：みずほ銀行 新宿支店 普通 1234567 株式会社山田商事",
        "お振込先：みずほ銀行 新宿支店 普通 1234567 ヤマダタロウ",
        "お振込先\n銀行名：みずほ銀行\n支店名：新宿支店\n口座番号：1234567\n口座名義：カ）ヤマダショウジ",
        "振込先：みずほ銀行 新宿支店 普通 1234567",
        "弊社口座：みずほ銀行 新宿支店 普通 1234567",
        "みずほ銀行 新宿支店 普通 1234567 カ）ヤマダショウジ",
        "みずほ銀行 新宿支店 普通 1234567 ヤマダショウジ（カ",
        "みずほ銀行 新宿支店 普通 1234567 ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ",
        "みずほ銀行 新宿支店 当座 1234567\n口座名義：ユ）サトウコウギョウ",
        "口座番号：1234567　口座名義：一般社団法人山田協会",
        "みずほ銀行の普通 1234567円",
        "普通 1234567円",
        "普通 1234567",
        "注文番号 普通 便 1234567",
        "支店の担当 1234567",
        "本店 普通 1234567-89",
        "普通 1234567 カード",
        "銀行の新規口座 1234567件",
        "当行の口座 123456、残高は銀行ごとに",
        "みずほ銀行 本店 普通 20261101",
        "取引銀行：みずほ銀行 新宿支店 普通 1234567",
        "年会費は みずほ銀行 新宿支店 普通 1234567 へ",
    ] {
        let (findings, people) = mail(text);
        if people != 0 || !findings.is_empty() {
            wrong.push(format!("{people} {}\n{text}", told(&findings)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn an_invoice_is_clean_below_a_signature_of_a_colleague() {
    let invoice = CLEAN[0].replace("お振込先：", "振込先：").replace("{sig}", SIGNATURE);
    let (findings, people) = mail(&invoice);
    assert_eq!((count(&findings, "jp.bank_account"), people), (0, 0), "{}", told(&findings));
}

#[test]
fn a_number_beside_bank_and_branch_is_an_account_in_a_table() {
    for (kind, number, holder) in [
        ("種別", "口座番号", "名義"),
        ("種別", "番号", "口座名義人"),
        ("預金種目", "口座", "受取人名"),
        ("種別", "口座番号", "預金者名"),
        ("科目", "番号", "名義（カナ）"),
    ] {
        let rows = [
            format!("銀行名\t支店名\t{kind}\t{number}\t{holder}"),
            "みずほ\t新宿\t普通\t1234567\tﾔﾏﾀﾞ ﾀﾛｳ".to_owned(),
            "三菱UFJ\t渋谷\t普通\t7654321\tｻﾄｳ ﾊﾅｺ".to_owned(),
            "りそな\t池袋\t当座\t2345678\tクドシマ ゲンゾウ".to_owned(),
            "みずほ\t本店\t普通\t3456789\tｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ".to_owned(),
        ];
        let (findings, people) = sheet(&rows);
        let found = (count(&findings, "jp.bank_account"), count(&findings, "jp.name"), people);
        assert_eq!(found, (3, 3, 3), "{number} {holder} {}", told(&findings));
    }
    let stock = ["番号\t種別\t店名\t数量", "1234567\t普通\t新宿\t10", "7654321\t普通\t渋谷\t20"].map(str::to_owned);
    assert!(sheet(&stock).0.is_empty());
}

#[test]
fn an_employees_number_says_whose_an_account_is() {
    let rows = |head: &str| [head, "1001\t0001\t240\t1234567", "1002\t0005\t135\t7654321"].map(str::to_owned);
    let (findings, people) = sheet(&rows("社員番号\t銀行コード\t支店コード\t口座番号"));
    assert_eq!((count(&findings, "jp.bank_account"), people), (2, 2), "{}", told(&findings));
    let (findings, people) = sheet(&rows("取引先コード\t銀行コード\t支店コード\t口座番号"));
    assert_eq!((count(&findings, "jp.bank_account"), people), (0, 0), "{}", told(&findings));
}

#[test]
fn a_form_and_a_list_have_their_holders() {
    let form = ["銀行名\tみずほ銀行", "支店名\t新宿支店", "口座番号\t1234567", "口座名義\tﾔﾏﾀﾞ ﾀﾛｳ"].map(str::to_owned);
    let (findings, people) = sheet(&form);
    assert_eq!((count(&findings, "jp.bank_account"), people), (1, 1), "{}", told(&findings));
    let list = "・みずほ銀行 新宿支店 普通 1234567 ヤマダ タロウ\n・三菱UFJ銀行 渋谷支店 普通 7654321 サトウ ハナコ\n・りそな銀行 池袋支店 普通 2345678 スズキ イチロウ";
    let (findings, people) = mail(list);
    let found = (count(&findings, "jp.bank_account"), count(&findings, "jp.name"), people);
    assert_eq!(found, (3, 3, 3), "{}", told(&findings));
}

/// A record of a transfer file.
fn record(account: &str, holder: &str, number: &str) -> String {
    let pad = |text: &str, width: usize| format!("{text}{}", " ".repeat(width - text.chars().count()));
    let bank = format!("20001{}240{}0000", pad("ﾐｽﾞﾎ", 15), pad("ｼﾝｼﾞﾕｸ", 15));
    pad(&format!("{bank}1{account}{}00002500000{number}", pad(holder, 30)), 120)
}

#[test]
fn each_record_of_a_transfer_file_is_a_person() {
    let client = format!("ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ{}", " ".repeat(40 - "ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ".chars().count()));
    let bank = "0001ﾐｽﾞﾎ           001ﾎﾝﾃﾝ           1";
    for (kind, between) in [("11", "\r\n"), ("12", ""), ("21", "\n"), ("91", "")] {
        let head = format!("1{kind}01234567890{client}1225{bank}1111111{}", " ".repeat(17));
        let number = |of: &str| if kind == "21" { "0".repeat(20) } else { format!("{of:0>10}0000000000") };
        let file = [
            head,
            record("1234567", "ﾔﾏﾀﾞ ﾀﾛｳ", &number("1001")),
            record("7654321", "ｻﾄｳ ﾊﾅｺ", &number("1002")),
            record("2345678", "ｸﾄﾞｼﾏ ｹﾞﾝｿﾞｳ", &number("1003")),
            record("3456789", "ｶ)ﾐﾄﾞﾘｼﾖｳｶｲ", &number("1004")),
            format!("8000004000001000000{}", " ".repeat(101)),
            format!("9{}", " ".repeat(119)),
        ];
        assert!(file.iter().all(|record| record.chars().count() == 120), "{file:#?}");
        let byte = |c: char| if c.is_ascii() { c as u8 } else { (c as u32 - 0xFF61 + 0xA1) as u8 };
        let bytes: Vec<u8> = file.join(between).chars().map(byte).collect();
        let job = Job::new(Kind::File("kyuyo.txt".into()));
        let (findings, people) = detect(|detection| {
            extract(&bytes, &job, &Limits::default(), detection, &mut ());
        });
        let found = (count(&findings, "jp.bank_account"), count(&findings, "jp.name"), people);
        assert_eq!(found, (3, 3, 3), "{kind} {}", told(&findings));
        let account = findings.iter().find(|finding| finding.detector == "jp.bank_account");
        assert_eq!(account.map(|finding| finding.confidence), Some(Confidence::High));
    }
}
