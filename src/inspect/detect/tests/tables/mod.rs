//! Tables of invented people in many layouts: how many people are counted.
//!
//! All people are made by rule from a fixed seed; names repeat as names do. Counts are exact but where a layout says so.

mod layouts;
mod lines;
mod mails;

use std::sync::LazyLock;

use crate::inspect::detect::{Detection, Rules};
use crate::inspect::{Cell, Inspection, Job, Kind, Limits, People, Place, Sink, inspect};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::compile(&[]).unwrap());

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
    ("林", "ハヤシ"),
    ("清水", "シミズ"),
    ("斎藤", "サイトウ"),
    ("阿部", "アベ"),
    ("森", "モリ"),
    ("池田", "イケダ"),
    ("長谷川", "ハセガワ"),
];

const GIVEN: [(&str, &str); 20] = [
    ("太郎", "タロウ"),
    ("花子", "ハナコ"),
    ("健一", "ケンイチ"),
    ("美咲", "ミサキ"),
    ("翔平", "ショウヘイ"),
    ("直子", "ナオコ"),
    ("大輔", "ダイスケ"),
    ("陽子", "ヨウコ"),
    ("誠", "マコト"),
    ("由美子", "ユミコ"),
    ("一郎", "イチロウ"),
    ("恵子", "ケイコ"),
    ("拓也", "タクヤ"),
    ("裕子", "ユウコ"),
    ("浩", "ヒロシ"),
    ("幸子", "サチコ"),
    ("和也", "カズヤ"),
    ("真由美", "マユミ"),
    ("隆", "タカシ"),
    ("愛", "アイ"),
];

const TOWNS: [(&str, &str); 6] = [
    ("105-0014", "東京都港区芝"),
    ("231-0005", "神奈川県横浜市中区本町"),
    ("530-0005", "大阪府大阪市北区中之島"),
    ("460-0001", "愛知県名古屋市中区三の丸"),
    ("060-0001", "北海道札幌市中央区北一条西"),
    ("810-0001", "福岡県福岡市中央区天神"),
];

/// An invented person.
struct Invented {
    number: usize,
    family: &'static str,
    given: &'static str,
    sei: &'static str,
    mei: &'static str,
    postal: &'static str,
    address: String,
    mobile: String,
    mail: String,
    birth: String,
}

impl Invented {
    fn name(&self) -> String {
        format!("{} {}", self.family, self.given)
    }

    fn kana(&self) -> String {
        format!("{} {}", self.sei, self.mei)
    }
}

fn people(count: usize) -> Vec<Invented> {
    let mut dice = 0x5EED_2026_u64;
    let mut roll = move |sides: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % sides as u64).unwrap()
    };
    (0..count)
        .map(|number| {
            let ((family, sei), (given, mei)) = (SURNAMES[roll(SURNAMES.len())], GIVEN[roll(GIVEN.len())]);
            let (postal, town) = TOWNS[roll(TOWNS.len())];
            Invented {
                number,
                family,
                given,
                sei,
                mei,
                postal,
                address: format!("{town}{}-{}-{}", roll(9) + 1, roll(40) + 1, roll(40) + 1),
                mobile: format!("0{}0-{:04}-{:04}", 7 + number % 3, 1_000 + number / 9_000, 1_000 + number % 9_000),
                mail: format!("user{number}@example.com"),
                birth: format!("{}/{}/{}", 1940 + roll(65), roll(12) + 1, roll(28) + 1),
            }
        })
        .collect()
}

type Rows = Vec<Vec<String>>;

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

/// Cells of a header, between bars.
fn head(cells: &str) -> Vec<String> {
    cells.split('|').map(str::to_owned).collect()
}

fn plain(p: &Invented) -> Vec<String> {
    row(&[&(p.number + 1).to_string(), &p.name(), &p.kana(), p.postal, &p.address, &p.mobile, &p.mail, &p.birth])
}

const PLAIN: &str = "No.|氏名|フリガナ|郵便番号|住所|電話番号|メールアドレス|生年月日";

fn feed(detection: &mut Detection<'_>, place: &str, rows: &Rows) {
    detection.begin_table(&Place::new(place));
    for (number, row) in (0..).zip(rows) {
        let cells: Vec<Cell<'_>> = (0..)
            .zip(row)
            .filter(|(_, text)| !text.is_empty())
            .map(|(column, text)| Cell { column, text: text.as_str().into(), hidden: false })
            .collect();
        if !cells.is_empty() {
            detection.row(number, &cells);
        }
    }
    detection.end_table();
}

fn count(sheets: &[Rows]) -> People {
    let mut detection = Detection::new(&RULES, &[], false);
    for (number, rows) in sheets.iter().enumerate() {
        feed(&mut detection, &format!("名簿.xlsx › {number}"), rows);
    }
    detection.finish().1
}

/// A layout: its name, the rows of so many people, and for how many people each stands.
type Layout = (&'static str, fn(&[Invented]) -> Rows, usize);

fn below(header: &str, people: &[Invented], cells: impl Fn(&Invented) -> Vec<String>) -> Rows {
    std::iter::once(head(header)).chain(people.iter().map(cells)).collect()
}

fn file(name: &str, text: &str) -> Inspection {
    inspect(text.as_bytes(), &Job::new(Kind::File(name.to_owned())), &RULES, &Limits::default(), &mut ())
}
