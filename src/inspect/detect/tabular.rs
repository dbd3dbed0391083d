//! Tables of invented people in many layouts: how many people are counted.
//!
//! All people are made by rule from a fixed seed; names repeat as names do. Counts are exact but where a layout says so.

use std::sync::LazyLock;

use super::{Detection, Rules};
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

const LAYOUTS: [Layout; 31] = [
    ("header first", |people| below(PLAIN, people, plain), 1),
    ("no header", |people| people.iter().map(plain).collect(), 1),
    (
        "titles above",
        |people| {
            let mut rows = vec![row(&["顧客名簿"]), row(&["", "2026年度", "", "作成日 2026/11/29"]), vec![]];
            rows.append(&mut below(PLAIN, people, plain));
            rows
        },
        1,
    ),
    (
        "merged header",
        |people| {
            let mut rows = vec![head("No.|氏名||連絡先||"), head("|漢字|カナ|電話|メール|備考")];
            rows.extend(people.iter().map(|p| row(&[&p.number.to_string(), &p.name(), &p.kana(), &p.mobile, &p.mail])));
            rows
        },
        1,
    ),
    (
        "names in parts",
        |people| below("姓|名|セイ|メイ|携帯", people, |p| row(&[p.family, p.given, p.sei, p.mei, &p.mobile])),
        1,
    ),
    (
        "names in parts, other words",
        |people| {
            below(
                "お名前（姓）|お名前（名）|ふりがな（姓）|ふりがな（名）|TEL",
                people,
                |p| row(&[p.family, p.given, p.sei, p.mei, &p.mobile]),
            )
        },
        1,
    ),
    ("names in parts, no header", |people| people.iter().map(|p| row(&[p.family, p.given, &p.mobile])).collect(), 1),
    (
        "English header",
        |people| {
            below("ID|Full Name|Zip|Address|Phone|E-mail|Date of Birth", people, |p| {
                row(&[&p.number.to_string(), &p.name(), p.postal, &p.address, &p.mobile, &p.mail, &p.birth])
            })
        },
        1,
    ),
    (
        "two people a row",
        |people| {
            below("生徒氏名|フリガナ|学年|保護者氏名|住所|電話番号", people, |p| {
                let parent = GIVEN[(p.number * 7 + 3) % GIVEN.len()].0;
                let parent = if parent == p.given { "千代" } else { parent };
                row(&[&p.name(), &p.kana(), "3年", &format!("{} {parent}", p.family), &p.address, &p.mobile])
            })
        },
        2,
    ),
    (
        "two people under merged headers",
        |people| {
            let mut rows = vec![head("番号|契約者|||被保険者||"), head("|氏名|電話|住所|氏名|生年月日|")];
            rows.extend(people.iter().map(|p| {
                let other = format!("{} 千代", p.family);
                row(&[&p.number.to_string(), &p.name(), &p.mobile, &p.address, &other, &p.birth])
            }));
            rows
        },
        2,
    ),
    (
        "staff beside them",
        |people| {
            below("顧客名|電話|メール|担当者", people, |p| {
                row(&[&p.name(), &p.mobile, &p.mail, ["鈴木", "高橋", "田中"][p.number % 3]])
            })
        },
        1,
    ),
    ("a header on each page", |people| people.chunks(40).flat_map(|page| below(PLAIN, page, plain)).collect(), 1),
    (
        "a title and a header on each page",
        |people| {
            let pages = people.chunks(25).enumerate();
            pages
                .flat_map(|(number, page)| {
                    let title = row(&["会員名簿", "", "", &format!("{}ページ", number + 1)]);
                    std::iter::once(title).chain(below(PLAIN, page, plain)).chain([vec![]])
                })
                .collect()
        },
        1,
    ),
    (
        "subtotals and empty rows",
        |people| {
            let groups = people.chunks(7).enumerate();
            let groups = groups.flat_map(|(number, group)| {
                let total = row(&["", "小計", "", "", "", "", "", &format!("{}名", group.len())]);
                let title = row(&[&format!("■ 第{}班", number + 1)]);
                std::iter::once(title).chain(group.iter().map(plain)).chain([total, vec![]])
            });
            std::iter::once(head(PLAIN)).chain(groups).chain([row(&["合計", "", "", "", "", "", "", "以上"])]).collect()
        },
        1,
    ),
    (
        "two tables, one below the other",
        |people| {
            let (first, second) = people.split_at(people.len() / 2);
            let mut rows = vec![row(&["■ 正会員"])];
            rows.append(&mut below(PLAIN, first, plain));
            rows.append(&mut vec![vec![], row(&["■ 準会員"])]);
            rows.append(&mut below("会員番号|電話|氏名|備考", second, |p| {
                row(&[&p.number.to_string(), &p.mobile, &p.name(), "可"])
            }));
            rows
        },
        1,
    ),
    (
        "a list of goods above",
        |people| {
            let goods = (0..30).map(|n| row(&[&format!("部品{n}"), &(n * 10).to_string(), &(n * 3).to_string()]));
            let people = below("No.|氏名|住所|携帯電話", people, |p| {
                row(&[&p.number.to_string(), &p.name(), &p.address, &p.mobile])
            });
            std::iter::once(head("商品|単価|数量"))
                .chain(goods)
                .chain([vec![], row(&["購入者"])])
                .chain(people)
                .collect()
        },
        1,
    ),
    (
        "side by side",
        |people| {
            let (left, right) = people.split_at(people.len() / 2);
            let rows = left.iter().zip(right).map(|(l, r)| {
                row(&[&l.number.to_string(), &l.name(), &l.mobile, "", &r.number.to_string(), &r.name(), &r.mobile])
            });
            std::iter::once(head("No.|氏名|電話||No.|氏名|電話")).chain(rows).collect()
        },
        1,
    ),
    (
        "on its side",
        |people| {
            let line = |label: &str, cell: &dyn Fn(&Invented) -> String| {
                std::iter::once(label.to_owned()).chain(people.iter().map(cell)).collect::<Vec<_>>()
            };
            vec![
                line("氏名", &|p| p.name()),
                line("フリガナ", &|p| p.kana()),
                line("電話番号", &|p| p.mobile.clone()),
                line("住所", &|p| p.address.clone()),
                line("備考", &|_| "なし".to_owned()),
            ]
        },
        1,
    ),
    (
        "a form each, labels beside values",
        |people| {
            people
                .iter()
                .flat_map(|p| {
                    [
                        row(&["申込書"]),
                        row(&["氏名", &p.name(), "フリガナ", &p.kana()]),
                        row(&["住所", &p.address]),
                        row(&["電話番号", &p.mobile, "メール", &p.mail]),
                        row(&["生年月日", &p.birth, "性別", "男"]),
                        row(&["志望動機", "貴社の理念に共感したため"]),
                        row(&["趣味", "読書"]),
                        vec![],
                    ]
                })
                .collect()
        },
        1,
    ),
    (
        "a form each, labels above values",
        |people| {
            people
                .iter()
                .flat_map(|p| {
                    [
                        row(&["氏名", "フリガナ", "生年月日"]),
                        row(&[&p.name(), &p.kana(), &p.birth]),
                        row(&["郵便番号", "住所", "電話番号"]),
                        row(&[p.postal, &p.address, &p.mobile]),
                    ]
                })
                .collect()
        },
        1,
    ),
    (
        "merged cells below a name",
        |people| {
            let rows = people.iter().flat_map(|p| {
                [
                    row(&[&p.number.to_string(), &p.name(), &p.address, "携帯", &p.mobile]),
                    row(&["", "", "", "自宅", &format!("03-{:04}-{:04}", 3_000 + p.number / 9_000, p.number % 9_000)]),
                ]
            });
            std::iter::once(head("No.|氏名|住所|種別|電話番号")).chain(rows).collect()
        },
        1,
    ),
    (
        "addresses in parts",
        |people| {
            below("お客様名|都道府県|市区町村|番地|電話", people, |p| {
                let end = p.address.find(['都', '道', '府', '県']).unwrap() + 3;
                let town = p.address.find(|c: char| c.is_ascii_digit()).unwrap();
                row(&[&p.name(), &p.address[..end], &p.address[end..town], &p.address[town..], &p.mobile])
            })
        },
        1,
    ),
    ("mail addresses only", |people| below("メールアドレス", people, |p| row(&[&p.mail])), 1),
    (
        "telephones that lost a zero",
        |people| below("氏名|携帯番号", people, |p| row(&[&p.name(), &p.mobile.replace('-', "")[1..]])),
        1,
    ),
    (
        "numbers of members",
        |people| {
            below("会員番号|会員名|入会年", people, |p| {
                row(&[&format!("M{:06}", p.number), &p.name(), "2020"])
            })
        },
        1,
    ),
    (
        "names with honorifics",
        |people| below("宛名|住所", people, |p| row(&[&format!("{}様", p.name()), &p.address])),
        1,
    ),
    (
        "one telephone for all",
        |people| {
            below("氏名|部署|代表電話|メール", people, |p| {
                row(&[&p.name(), "営業部", "03-3580-3311", &p.mail])
            })
        },
        1,
    ),
    (
        "names in kana",
        |people| below("カナ氏名|電話番号|生年月日", people, |p| row(&[&p.kana(), &p.mobile, &p.birth])),
        1,
    ),
    (
        "names without spaces",
        |people| {
            below("患者名|患者ID|診断名|保険者番号", people, |p| {
                row(&[
                    &p.name().replace(' ', ""),
                    &format!("{:08}", p.number),
                    ["糖尿病", "なし"][p.number % 2],
                    "06270011",
                ])
            })
        },
        1,
    ),
    (
        "a reading above each name",
        |people| {
            below("氏名\n（フリガナ）|電話", people, |p| {
                row(&[&format!("{}\n{}", p.kana(), p.name()), &p.mobile])
            })
        },
        1,
    ),
    (
        "everything in the wrong place",
        |people| {
            below("備考|電話|生年月日|メモ|お名前", people, |p| {
                row(&["", &p.mobile, &p.birth, "要連絡", &p.name()])
            })
        },
        1,
    ),
];

/// Every layout that is counted wrongly, with how many.
fn wrong(layouts: &[Layout], count_of: usize) -> Vec<String> {
    let people = people(count_of);
    let mut wrong = Vec::new();
    for (name, rows, each) in layouts {
        let (counted, right) = (count(&[rows(&people)]), people.len() * each);
        let persons = usize::try_from(counted.visible).unwrap();
        // Of some layouts a few people are lost: parents of one name in one house are one.
        if persons.abs_diff(right) * 100 > right {
            wrong.push(format!("{name}: {persons} for {right} ({counted:?})"));
        }
    }
    wrong
}

#[test]
fn ten_people_in_any_layout() {
    let wrong = wrong(&LAYOUTS, 10);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn five_hundred_people_in_any_layout() {
    let wrong = wrong(&LAYOUTS, 500);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn twenty_thousand_people_in_rows() {
    let rows: Vec<Layout> =
        LAYOUTS.into_iter().filter(|(name, ..)| ["header first", "names in parts"].contains(name)).collect();
    assert_eq!(rows.len(), 2);
    let wrong = wrong(&rows, 20_000);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_roster_of_names_is_a_person_a_row_and_says_how_sure_that_is() {
    let people = people(500);
    let rows = below("No.|氏名|部署", &people, |p| row(&[&p.number.to_string(), &p.name(), "総務部"]));
    let counted = count(&[rows]);
    assert_eq!((counted.visible, counted.most), (500, 500), "{counted:?}");
    assert!(counted.least < 350, "{counted:?}");
}

#[test]
fn the_same_people_in_two_sheets_are_counted_once_whatever_the_sheets_tell() {
    let people = people(300);
    let telephones = below("氏名|電話番号", &people, |p| row(&[&p.name(), &p.mobile]));
    let kana = below("フリガナ|携帯|備考", &people, |p| row(&[&p.kana(), &p.mobile, "済"]));
    assert_eq!(count(&[telephones.clone(), kana]).visible, 300);
    let mails = below("Email|Phone", &people, |p| row(&[&p.mail, &p.mobile]));
    assert_eq!(count(&[telephones.clone(), mails.clone(), telephones.clone()]).visible, 300);
    let members =
        below("会員番号|氏名|住所", &people, |p| row(&[&p.number.to_string(), &p.name(), &p.address]));
    let numbers =
        below("会員番号|生年月日|住所", &people, |p| row(&[&p.number.to_string(), &p.birth, &p.address]));
    assert_eq!(count(&[members, numbers]).visible, 300);
}

#[test]
fn headers_of_things_are_no_names() {
    let rows = vec![
        head("商品名|会社名|File Name|Product Name|数量"),
        row(&["山田錦", "Acme Corporation", "Annual Report", "Super Widget", "1234567"]),
        row(&["高橋みかん", "Blue Systems", "Sales Plan", "Hyper Widget", "7654321"]),
    ];
    assert_eq!(count(&[rows]), People::default());
}

fn file(name: &str, text: &str) -> Inspection {
    inspect(text.as_bytes(), &Job::new(Kind::File(name.to_owned())), &RULES, &Limits::default(), &mut ())
}

#[test]
fn rows_of_text_in_any_dialect() {
    let people = people(120);
    let rows = below("No.|氏名|電話番号|住所", &people, |p| {
        row(&[&p.number.to_string(), &p.name(), &p.mobile, &p.address])
    });
    let lines = |between: &str, around: &str, end: &str| {
        let line = |row: &Vec<String>| {
            row.iter().map(|cell| format!("{around}{cell}{around}")).collect::<Vec<_>>().join(between) + end
        };
        rows.iter().map(line).collect::<String>()
    };
    let bars = |bar: &str| {
        rows.iter().map(|row| format!("{bar} {} {bar}\n", row.join(&format!(" {bar} ")))).collect::<String>()
    };
    let aligned: String = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| format!("{cell}{}", "　".repeat(12_usize.saturating_sub(cell.chars().count()) + 2)))
                .collect::<String>()
                + "\n"
        })
        .collect();
    let without_header = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    let html: String = rows.iter().map(|row| format!("<tr><td>{}</td></tr>", row.join("</td><td>"))).collect();
    for (name, text) in [
        ("comma.csv", lines(",", "", "\r\n")),
        ("quotes.csv", lines(",", "\"", "\r\n")),
        ("semicolon.csv", lines(";", "", "\n")),
        ("tab.tsv", lines("\t", "", "\n")),
        ("tab.txt", lines("\t", "", "\r\n")),
        ("bar.csv", lines("|", "", "\n")),
        ("no header.csv", without_header(&lines(",", "", "\n"))),
        ("bars.txt", format!("名簿\n\n{}", bars("|"))),
        ("box.txt", format!("名簿\n\n{}", bars("│"))),
        ("aligned.txt", format!("名簿をお送りします。\n\n{aligned}\n以上")),
        ("spaces.txt", format!("名簿\n{}", lines("   ", "", "\n"))),
        ("comma.txt", format!("名簿を送ります。\n\n{}", lines(",", "", "\n"))),
        ("wide comma.txt", format!("名簿を送ります。\n\n{}", lines("、", "", "\n"))),
        ("table.html", format!("<html><body><p>名簿</p><table>{html}</table></body></html>")),
    ] {
        let found = file(name, &text);
        assert_eq!(
            found.persons,
            120,
            "{name}: {:?}",
            found.findings.iter().map(|f| (&f.detector, f.count)).collect::<Vec<_>>()
        );
    }
}

fn mail(head: &str, body: &str, count_quoted: bool) -> Inspection {
    let job =
        Job { own: vec!["you@b.example".to_owned(), "me@a.example".to_owned()], count_quoted, ..Job::new(Kind::Mail) };
    let mail = format!(
        "From: Me <me@a.example>\r\nTo: You <you@b.example>\r\n{head}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    );
    inspect(mail.as_bytes(), &job, &RULES, &Limits::default(), &mut ())
}

#[test]
fn history_is_found_and_not_counted_unless_asked() {
    let people = people(30);
    let list: String = people.iter().map(|p| format!("{},{}\n", p.name(), p.mobile)).collect();
    let quoted: String = list.lines().map(|line| format!("> {line}\n")).collect();
    let new = "高橋健一様 090-9999-8888 の件です。\n";
    let outlook =
        "-----Original Message-----\nFrom: You <you@b.example>\nSent: Friday\nTo: Me <me@a.example>\nSubject: x\n\n";
    for body in [
        format!("{new}\n{outlook}氏名,電話\n{list}"),
        format!("{new}\nOn Fri, 20 Nov 2026 You <you@b.example> wrote:\n\n{quoted}"),
    ] {
        let found = mail("Subject: Re: x", &body, false);
        assert_eq!((found.persons, found.quoted_persons, found.persons_max), (1, 30, 1), "{body}");
        let phone = found.findings.iter().find(|finding| finding.detector == "jp.phone").unwrap();
        assert_eq!(phone.count, 31);
        assert!(
            phone.examples.iter().any(|example| example.quoted) && phone.examples.iter().any(|example| !example.quoted)
        );
        let asked = mail("Subject: Re: x", &body, true);
        assert_eq!((asked.persons, asked.quoted_persons), (31, 0));
        let forwarded = mail("Subject: Fw: x", &body, false);
        assert_eq!((forwarded.persons, forwarded.quoted_persons), (31, 0), "{body}");
    }
    // Named once more in the answer, somebody is counted.
    let again = format!("{} {} の件\n\n{outlook}{list}", people[3].name(), people[3].mobile);
    let found = mail("Subject: Re: x", &again, false);
    assert_eq!((found.persons, found.quoted_persons), (1, 29));
}

#[test]
fn a_leak_is_reportable_as_the_law_says() {
    use crate::inspect::Reportable::{Financial, Over1000, SpecialCare, Specific};
    let list = |count: usize| {
        let rows = below("氏名|電話", &people(count), |p| row(&[&p.name(), &p.mobile]));
        rows.iter().map(|row| row.join(",") + "\n").collect::<String>()
    };
    for (text, headings) in [
        (list(1_000), vec![]),
        (list(1_001), vec![Over1000]),
        ("氏名,病歴\n山田太郎,糖尿病\n佐藤花子,なし\n".to_owned(), vec![SpecialCare]),
        ("氏名,病歴\n山田太郎,なし\n佐藤花子,特になし\n".to_owned(), vec![]),
        ("糖尿病の予防セミナー,無料\n肺がん検診のご案内,有料\n健康診断,無料\n".to_owned(), vec![]),
        ("氏名,カード番号\n山田太郎,4111111111111111\n佐藤花子,5555555555554444\n".to_owned(), vec![Financial]),
        ("氏名,口座番号\n山田太郎,1234567\n佐藤花子,7654321\n".to_owned(), vec![Financial]),
        ("氏名,個人番号\n山田太郎,123456789018\n佐藤花子,621498320257\n".to_owned(), vec![Specific]),
        ("注文番号,個数\n123456789018,3\n123456789019,4\n".to_owned(), vec![]),
    ] {
        let found = file("list.csv", &text);
        assert_eq!(found.reportable, headings, "{}", text.chars().take(60).collect::<String>());
    }
    let history = "-----Original Message-----\nFrom: You <you@b.example>\nSent: Friday\nTo: Me <me@a.example>\n\n患者名：田中美咲\n診断：うつ病\n";
    let found = mail("Subject: Re: x", &format!("承知しました。\n\n{history}"), false);
    assert_eq!((found.persons, found.quoted_persons, found.reportable), (0, 1, vec![SpecialCare]), "it leaves again");
}

#[test]
fn cards_and_rows_of_sender_and_recipients_are_not_counted() {
    let card = "<table><tr><td>氏名</td><td>鈴木一郎</td></tr><tr><td>TEL</td><td>03-3535-1111</td></tr><tr><td>住所</td><td>東京都中央区銀座1-2-3</td></tr></table>";
    let html = |from: &str, table: &str| {
        let job = Job { own: vec!["you@b.example".to_owned(), "me@a.example".to_owned()], ..Job::new(Kind::Mail) };
        let mail = format!(
            "From: {from} <me@a.example>\r\nTo: you@b.example\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>添付をご覧ください。</p>{table}"
        );
        inspect(mail.as_bytes(), &job, &RULES, &Limits::default(), &mut ()).persons
    };
    assert_eq!((html("鈴木一郎", card), html("高橋健一", card)), (0, 1));
    let own = "<tr><td>佐藤花子</td><td>080-2345-6789</td><td>you@b.example</td></tr>";
    let list = format!(
        "<table><tr><td>氏名</td><td>電話</td><td>メール</td></tr><tr><td>山田太郎</td><td>090-1234-5678</td><td>t@c.example</td></tr>{own}</table>"
    );
    assert_eq!(html("高橋健一", &list), 1);
}

#[test]
fn names_and_things_out_of_sight_are_read() {
    let people = people(20);
    let mut detection = Detection::new(&RULES, &[], false);
    detection.begin_table(&Place::new("名簿.xlsx › 1"));
    for (number, row) in
        (0..).zip(below("No.|氏名|電話番号", &people, |p| row(&[&p.number.to_string(), &p.name(), &p.mobile])))
    {
        let cells: Vec<Cell<'_>> = (0..)
            .zip(&row)
            .map(|(column, text)| Cell { column, text: text.as_str().into(), hidden: column > 0 })
            .collect();
        detection.row(number, &cells);
    }
    detection.end_table();
    let (findings, people, _) = detection.finish();
    assert_eq!((people.visible, people.hidden), (0, 20));
    assert!(findings.iter().flat_map(|finding| &finding.examples).all(|example| example.hidden));
}

#[test]
fn a_table_on_its_side_in_aligned_text_is_a_person_a_column() {
    for (count, missing) in [(3, 0), (12, 0), (12, 3), (20, 4), (50, 0), (50, 5)] {
        let people = people(count);
        let line = |label: &str, cell: &dyn Fn(&Invented) -> String| {
            std::iter::once(label.to_owned()).chain(people.iter().map(cell)).collect::<Vec<_>>()
        };
        let known = |p: &Invented| missing == 0 || p.number % missing != 1;
        let cells = [
            line("氏名", &|p| p.name()),
            line("電話番号", &|p| if known(p) { p.mobile.clone() } else { String::new() }),
            line("メール", &|p| p.mail.clone()),
            line("住所", &|p| p.address.clone()),
        ];
        let width = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
        let widths: Vec<usize> =
            (0..=count).map(|at| cells.iter().map(|row| width(&row[at])).max().unwrap_or_default() + 2).collect();
        let padded = |(cell, wide): (&String, &usize)| format!("{cell}{}", " ".repeat(wide - width(cell)));
        let lines: Vec<String> = cells.iter().map(|row| row.iter().zip(&widths).map(padded).collect()).collect();
        let found = file("名簿.txt", &format!("名簿をお送りします。\n\n{}\n\n以上", lines.join("\n")));
        assert_eq!(found.persons as usize, count, "{count} people, {missing}");
    }
    // Labels and values in pairs are one person's form, and prose is prose.
    let form = file("a.txt", "氏名  山田太郎  フリガナ  ヤマダタロウ\n電話  090-1234-5678  FAX  03-3580-3311\n");
    assert_eq!(form.persons, 1);
}
