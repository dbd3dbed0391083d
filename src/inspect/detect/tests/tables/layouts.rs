//! Sheets: thirty layouts, with ten people and with thousands.
//!
//! In: rows as a sheet has them. Out: how many people are counted, which is how many there are. Deliberately absent: text.

use super::*;

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
fn a_part_of_a_name_in_latin_letters_is_one_under_its_header() {
    let people =
        [("Taro", "Yamada"), ("Hanako", "Sato"), ("Ken", "Suzuki"), ("Mary Ann", "O'Brien"), ("JOSE", "DE LA CRUZ")];
    for (header, given_first) in
        [("Employee ID,First Name,Last Name,Salary", true), ("No,LAST NAME,FIRST NAME,Amount", false)]
    {
        let row = |(number, (given, family)): (usize, &(&str, &str))| {
            let (first, last) = if given_first { (given, family) } else { (family, given) };
            format!("{number},{first},{last},{}\n", 300_000 + number)
        };
        let csv = format!("{header}\n{}", (1..).zip(&people).map(row).collect::<String>());
        let found = file("staff.csv", &csv);
        let names = found.findings.iter().find(|finding| finding.detector == "person_name").unwrap();
        assert_eq!((found.persons, names.count), (5, 5), "{csv}");
    }
    let things = file("parts.csv", "File Name,Last Change\nReport,Monday\nInvoice,Friday\nPlan,Sunday\n");
    assert_eq!(things.persons, 0);
}

#[test]
fn a_number_in_boxes_is_one_where_its_label_calls_for_it() {
    let found = |text: &str, id: &str| {
        let mut detection = Detection::new(&RULES, &[], false);
        let rows: Rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
        feed(&mut detection, "申告書.xlsx › 1", &rows);
        detection.finish().0.iter().find(|finding| finding.detector == id).map_or(0, |finding| finding.count)
    };
    let mine = ["123456789018", "621498320257", "234567890121"];
    let boxes = |number: &str| number.chars().map(String::from).collect::<Vec<_>>().join(",");
    let fours = |number: &str| format!("{},{},{}", &number[..4], &number[4..8], &number[8..]);
    let form = |cells: &dyn Fn(&str) -> String| {
        mine.iter().map(|number| format!("氏名,山田太郎\n個人番号,{}\n", cells(number))).collect::<String>()
    };
    let below = |cells: &dyn Fn(&str) -> String| {
        mine.iter().map(|number| format!("山田太郎,{}\n", cells(number))).collect::<String>()
    };
    for text in [
        form(&boxes),
        form(&fours),
        format!("氏名,個人番号{}\n{}", ",".repeat(11), below(&boxes)),
        format!("氏名,個人番号,,\n{}", below(&fours)),
    ] {
        assert_eq!(found(&text, "jp.my_number"), 3, "{text}");
    }
    let phones =
        "氏名,電話1,電話2,電話3\n山田太郎,090,1234,5678\n佐藤花子,03,3580,3311\n鈴木一郎,０８０,２３４５,６７８９\n";
    assert_eq!(found(phones, "jp.phone"), 3);
    let cards = "氏名,カード番号,,,\n山田太郎,4111,1111,1111,1111\n佐藤花子,5555,5555,5555,4444\n";
    assert_eq!(found(cards, "credit_card"), 2);
    for head in ["氏名,生年,月,日", "氏名,生年月日(年),生年月日(月),生年月日(日)", "氏名,生年月日,,\n,年,月,日"]
    {
        let births = format!("{head}\n山田太郎,1980,1,1\n佐藤花子,1975,12,30\n鈴木一郎,1990,2,31\n");
        assert_eq!(found(&births, "jp.birth_date"), 2, "{head}");
    }
    assert_eq!(found("氏名,入社年,月,日\n山田太郎,1980,1,1\n佐藤花子,1975,12,30\n", "jp.birth_date"), 0);
    // Answers to twelve questions are no number, whatever their check digit is, and neither is what nothing calls for.
    let answers: String = mine.iter().map(|number| format!("{}\n", boxes(number))).collect();
    for head in ["Q1,Q2,Q3,Q4,Q5,Q6,Q7,Q8,Q9,Q10,Q11,Q12\n", ""] {
        assert_eq!(found(&format!("{head}{answers}"), "jp.my_number"), 0);
    }
}

#[test]
fn a_name_beside_its_label_in_a_column_of_remarks_is_found_and_heads_nothing() {
    let remarks = [
        ("電話にて受付", None),
        ("氏名：佐藤花子です。", Some("佐")),
        ("鈴木一郎様より連絡", Some("鈴")),
        ("お客様名：高橋健一", Some("高")),
        ("特になし", None),
    ];
    let csv: String = (1..).zip(remarks).map(|(number, (remark, _))| format!("{number},点検,{remark}\n")).collect();
    let inspection = file("受付.csv", &format!("番号,件名,備考\n{csv}"));
    let names = inspection.findings.iter().find(|finding| finding.detector == "jp.name").unwrap();
    let mut found: Vec<String> = names.examples.iter().map(|example| example.masked.clone()).collect();
    found.sort();
    let mut wanted: Vec<String> =
        remarks.iter().filter_map(|(_, name)| name.map(|name| format!("{name}***"))).collect();
    wanted.sort();
    assert_eq!(found, wanted);
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
