//! Lines of text: tables in every dialect, and such on their side.
//!
//! In: files of text. Out: how many people are counted. Deliberately absent: sheets.

use super::*;

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

#[test]
fn an_export_of_fixed_width_is_a_table_whose_columns_nothing_separates() {
    let people = people(60);
    let line = |p: &Invented, end: &str| {
        let (name, kana, mobile) =
            (p.name().replace([' ', '　'], ""), p.kana().replace(' ', ""), p.mobile.replace('-', ""));
        format!("{:04}{name:　<8}{kana:　<14}{mobile}{}{}", p.number + 1, p.postal.replace('-', ""), end)
    };
    let lines: String = people.iter().map(|p| line(p, "1\r\n")).collect();
    for (name, text) in [
        ("master.txt", lines.clone()),
        ("master.dat", format!("{:>69}\r\n{lines}", "")),
        ("mail.txt", format!("お世話になっております。\n\n名簿をお送りします。\n\n{lines}\n以上")),
    ] {
        let found = file(name, &text);
        let count = |id: &str| found.findings.iter().find(|finding| finding.detector == id).map_or(0, |f| f.count);
        assert_eq!((found.persons, count("jp.phone")), (60, 60), "{name}: {:?}", found.findings);
    }
    // Counters and days of the same width are nobody's.
    let log: String = (0..60)
        .map(|n| format!("20260703{:06}{:012}OK{n:04}\n", n * 37 % 235_959, 70_912_345_678_u64 + n * 977))
        .collect();
    let found = file("job.log", &log);
    assert_eq!((found.persons, found.findings.len()), (0, 0), "{:?}", found.findings);
}

#[test]
fn cards_and_logs_of_forms_tell_whose_their_values_are() {
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:山田太郎\r\nADR;TYPE=HOME:;;霞が関3-1-1;千代田区;東京都;100-0013;\r\nBDAY:19800101\r\nEND:VCARD\r\n";
    let log = "203.0.113.5 - - [21/Nov/2026:10:00:00 +0900] \"GET /f?name=%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E&tel=09012345678 HTTP/1.1\" 200 12\n";
    let people: [(&str, &str, &[&str]); 2] = [
        ("taro.vcf", card, &["jp.name", "jp.address", "jp.birth_date"]),
        ("access.log", log, &["jp.name", "jp.phone"]),
    ];
    for (name, text, ids) in people {
        let found = file(name, text);
        let has = |id: &&str| found.findings.iter().any(|finding| finding.detector == *id);
        assert!(found.persons == 1 && ids.iter().all(has), "{name}: {:?}", found.findings);
    }
    // A link to what somebody searched for is about nobody.
    let link = "GET /search?q=%E6%9D%B1%E4%BA%AC%E9%83%BD%E5%8D%83%E4%BB%A3%E7%94%B0%E5%8C%BA HTTP/1.1\n";
    assert_eq!(
        (
            file("access.log", link).persons,
            file("office.vcf", "BEGIN:VCARD\nFN:東邦観光株式会社\nTEL:03-3580-3311\nEND:VCARD").persons
        ),
        (0, 0)
    );
}
