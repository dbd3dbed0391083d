//! The mails of the demo, made by rule: invented people, the same ones every time.
//!
//! In: a row number. Out: customers, workbooks and whole mails. Tests and benches send the same ones.
//! Deliberately absent: real data of any kind. Numbers come from ranges that pass every check and belong to nobody
//! we know of; the names are the commonest ones, combined by arithmetic.

use mail_builder::{MessageBuilder, headers::address::Address as Party};
use rust_xlsxwriter::{Workbook, XlsxError};

/// How many customers the gas company's workbook holds.
pub const GAS_CUSTOMERS: u32 = 12_000;

const SURNAMES: [(&str, &str); 24] = [
    ("佐藤", "サトウ"),
    ("鈴木", "スズキ"),
    ("高橋", "タカハシ"),
    ("田中", "タナカ"),
    ("伊藤", "イトウ"),
    ("渡辺", "ワタナベ"),
    ("山本", "ヤマモト"),
    ("中村", "ナカムラ"),
    ("小林", "コバヤシ"),
    ("加藤", "カトウ"),
    ("吉田", "ヨシダ"),
    ("山田", "ヤマダ"),
    ("佐々木", "ササキ"),
    ("山口", "ヤマグチ"),
    ("松本", "マツモト"),
    ("井上", "イノウエ"),
    ("木村", "キムラ"),
    ("清水", "シミズ"),
    ("斎藤", "サイトウ"),
    ("山崎", "ヤマザキ"),
    ("池田", "イケダ"),
    ("橋本", "ハシモト"),
    ("石川", "イシカワ"),
    ("前田", "マエダ"),
];
const GIVEN_NAMES: [(&str, &str); 25] = [
    ("太郎", "タロウ"),
    ("花子", "ハナコ"),
    ("一郎", "イチロウ"),
    ("恵子", "ケイコ"),
    ("健一", "ケンイチ"),
    ("美咲", "ミサキ"),
    ("大輔", "ダイスケ"),
    ("陽子", "ヨウコ"),
    ("翔太", "ショウタ"),
    ("由美", "ユミ"),
    ("健太", "ケンタ"),
    ("真由美", "マユミ"),
    ("和也", "カズヤ"),
    ("明美", "アケミ"),
    ("拓也", "タクヤ"),
    ("裕子", "ユウコ"),
    ("直樹", "ナオキ"),
    ("千尋", "チヒロ"),
    ("誠", "マコト"),
    ("愛", "アイ"),
    ("隆", "タカシ"),
    ("久美子", "クミコ"),
    ("浩二", "コウジ"),
    ("智子", "トモコ"),
    ("修", "オサム"),
];
const TOWNS: [(&str, &str); 8] = [
    ("100-0005", "東京都千代田区丸の内"),
    ("150-0001", "東京都渋谷区神宮前"),
    ("220-0012", "神奈川県横浜市西区みなとみらい"),
    ("460-0008", "愛知県名古屋市中区栄"),
    ("530-0001", "大阪府大阪市北区梅田"),
    ("604-8001", "京都府京都市中京区上本能寺前町"),
    ("810-0001", "福岡県福岡市中央区天神"),
    ("060-0001", "北海道札幌市中央区北一条西"),
];

/// One invented customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// 氏名.
    pub name: String,
    /// フリガナ.
    pub reading: String,
    /// 郵便番号.
    pub postal_code: &'static str,
    /// 住所.
    pub address: String,
    /// 電話番号.
    pub phone: String,
}

/// The customer of row `n`; no two rows below 90 million share a telephone number.
pub fn customer(n: u32) -> Customer {
    let pick = |length: usize, step: u32| (n.wrapping_mul(step) as usize) % length;
    let (surname, surname_reading) = SURNAMES[pick(SURNAMES.len(), 7)];
    let (given, given_reading) = GIVEN_NAMES[pick(GIVEN_NAMES.len(), 11)];
    let (postal_code, town) = TOWNS[pick(TOWNS.len(), 3)];
    let (chome, banchi, go) = (n % 5 + 1, n / 5 % 28 + 1, n / 140 % 17 + 1);
    // A step that shares no factor with 90,000,000 visits every number once. Subscribers' numbers begin at 1000.
    let number = (u64::from(n) * 7_654_321 + 12_345_678) % 90_000_000;
    Customer {
        name: format!("{surname} {given}"),
        reading: format!("{surname_reading} {given_reading}"),
        postal_code,
        address: format!("{town}{chome}丁目{banchi}番{go}号"),
        phone: format!("0{}0-{:04}-{:04}", 7 + n % 3, 1_000 + number / 10_000, number % 10_000),
    }
}

/// The workbook that the gas company mails its contractor: a work schedule in front, `customers` people on a sheet
/// behind it that nobody looked at.
pub fn gas_company_workbook(customers: u32) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let schedule = workbook.add_worksheet().set_name("作業予定")?;
    schedule.write_row(0, 0, ["作業日", "地区", "作業内容", "件数"])?;
    for day in 1..=20_u32 {
        let row = [format!("2026-12-{day:02}"), format!("第{}地区", day % 6 + 1), "ガスメーター交換".to_owned()];
        schedule.write_row(day, 0, row)?.write_number(day, 3, day % 7 + 3)?;
    }
    let sheet = workbook.add_worksheet().set_name("顧客")?;
    let header = ["お客様番号", "氏名", "フリガナ", "郵便番号", "住所", "電話番号", "メーター番号", "契約種別"];
    sheet.write_row(0, 0, header)?;
    for n in 0..customers {
        let person = customer(n);
        let row = [
            format!("G{:07}", 1_000_001 + n),
            person.name,
            person.reading,
            person.postal_code.to_owned(),
            person.address,
            person.phone,
            format!("M-{:05}-{}", n * 37 % 90_000 + 10_000, n % 10),
            ["一般", "業務用", "集合住宅"][(n % 3) as usize].to_owned(),
        ];
        sheet.write_row(n + 1, 0, row)?;
    }
    let prices = workbook.add_worksheet().set_name("単価表")?;
    prices.write_row(0, 0, ["品目", "単価（円）"])?;
    prices.write_row(1, 0, ["メーター交換"])?.write_number(1, 1, 4_800)?;
    workbook.save_to_buffer()
}

/// A mail of the demo, ready to be sent.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Envelope sender.
    pub from: &'static str,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// The message, CRLF.
    pub bytes: Vec<u8>,
}

/// The headers and the text that every sample has.
fn letter<'a>(id: &str, from: (&'a str, &'a str), to: Vec<(&'a str, &'a str)>, subject: &'a str) -> MessageBuilder<'a> {
    let to: Vec<Party<'_>> = to.into_iter().map(Party::from).collect();
    MessageBuilder::new()
        .message_id(format!("{id}.demo@toho.example.co.jp"))
        .date(1_795_000_000_i64)
        .from(from)
        .to(Party::new_list(to))
        .subject(subject)
}

fn finished(builder: MessageBuilder<'_>, from: &'static str, to: Vec<String>) -> std::io::Result<Sample> {
    Ok(Sample { from, to, bytes: builder.write_to_vec()? })
}

/// The sender of all samples.
pub const SENDER: &str = "sato@toho.example.co.jp";
const FROM: (&str, &str) = ("佐藤 健一", SENDER);

const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

/// The gas-company case.
pub fn gas_company(customers: u32) -> anyhow::Result<Sample> {
    let workbook = gas_company_workbook(customers)?;
    let text = "北保安サービス株式会社\r\n山田様\r\n\r\nいつもお世話になっております。東邦ガスの佐藤です。\r\n\
                12月の作業予定表をお送りします。ご確認のほどよろしくお願いいたします。\r\n\r\n\
                -- \r\n東邦ガス株式会社 保安部 佐藤 健一\r\nTEL 03-5555-0123\r\nsato@toho.example.co.jp\r\n";
    let mail = letter("gas-1", FROM, vec![("北保安サービス 山田様", CONTRACTOR)], "12月の作業予定表")
        .text_body(text)
        .attachment(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "業務委託_12月作業予定.xlsx",
            workbook,
        );
    Ok(finished(mail, SENDER, vec![CONTRACTOR.to_owned()])?)
}

/// A mail in which nothing is wrong.
pub fn clean() -> std::io::Result<Sample> {
    let text = "北保安サービス株式会社\r\n山田様\r\n\r\nいつもお世話になっております。東邦ガスの佐藤です。\r\n\
                来週の定例会議は水曜日の10時からでお願いいたします。\r\n資料は当日お持ちします。\r\n\r\n\
                -- \r\n東邦ガス株式会社 保安部 佐藤 健一\r\nTEL 03-5555-0123\r\nsato@toho.example.co.jp\r\n";
    let mail = letter("clean-1", FROM, vec![("北保安サービス 山田様", CONTRACTOR)], "定例会議の件").text_body(text);
    finished(mail, SENDER, vec![CONTRACTOR.to_owned()])
}

/// A harmless text to an address with a slip in its domain.
pub fn lookalike() -> std::io::Result<Sample> {
    let to = "yamada.hoan@gmai.com";
    let mail = letter("typo-1", FROM, vec![("山田様", to)], "資料の送付先について")
        .text_body("山田様\r\n\r\nお世話になっております。資料の送付先をご連絡ください。\r\n\r\n佐藤\r\n");
    finished(mail, SENDER, vec![to.to_owned()])
}

/// Forty customers who would all see each other's address.
pub fn exposed() -> std::io::Result<Sample> {
    let to: Vec<String> = (0..40).map(|n| format!("info@customer{n:02}.example")).collect();
    let list = to.iter().map(|address| ("", address.as_str())).collect();
    let mail = letter("news-1", FROM, list, "年末年始の営業のお知らせ")
        .text_body("お客様各位\r\n\r\n年末年始は12月29日から1月3日まで休業いたします。\r\n\r\n東邦ガス株式会社\r\n");
    finished(mail, SENDER, to.clone())
}

/// A My Number in running text, in full-width digits. The number is the published check-digit example.
pub fn my_number() -> std::io::Result<Sample> {
    let text = "ご担当者様\r\n\r\nお世話になっております。年末調整の件でご連絡します。\r\n\
                従業員 高橋 由美のマイナンバーは　１２３４５６７８９０１８　です。\r\n\r\n佐藤\r\n";
    let to = "nencho@zeirishi.example.com";
    let mail = letter("number-1", FROM, vec![("", to)], "年末調整の件").text_body(text);
    finished(mail, SENDER, vec![to.to_owned()])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn customers_are_all_different_people() {
        let phones: HashSet<_> = (0..GAS_CUSTOMERS).map(|n| customer(n).phone).collect();
        assert_eq!(phones.len(), GAS_CUSTOMERS as usize);
        assert_eq!(customer(5), customer(5));
    }

    #[test]
    fn samples_are_whole_mails() {
        for sample in [clean().unwrap(), lookalike().unwrap(), exposed().unwrap(), my_number().unwrap()] {
            let text = String::from_utf8_lossy(&sample.bytes).into_owned();
            assert!(text.contains("Message-ID: <") && text.contains("\r\n\r\n"), "{text}");
            assert!(sample.bytes.ends_with(b"\r\n"));
        }
        assert_eq!(exposed().unwrap().to.len(), 40);
    }
}
