//! Tables that say little: cut in two, without a header, with a long one, with marks before their lines.
//!
//! All people are invented.

use super::{RULES, count, detect, mail, sheet, told};
use crate::inspect::{Cell, Place, Sink as _};

/// Rows of people of one name and one house; only telephone and address of mail tell them apart.
fn neighbours(from: usize, to: usize) -> Vec<String> {
    (from..to)
        .map(|n| {
            format!("K{n:07}\t佐藤 健一\tサトウ ケンイチ\t東京都港区芝公園1丁目2番3号\t090-{:04}-{:04}\tuser{n}@example.co.jp\t19{}/01/02", 1_000 + n, 9_999 - n, 40 + n % 60)
        })
        .collect()
}

#[test]
fn a_sheet_that_goes_on_without_a_header_is_the_same_table() {
    let header = "顧客番号\t氏名\tフリガナ\t住所\t電話番号\tメール\t生年月日".to_owned();
    let sheets = [[vec![header], neighbours(0, 200)].concat(), neighbours(200, 400), neighbours(400, 403)];
    let (findings, persons) = detect(|detection| {
        for (number, rows) in sheets.iter().enumerate() {
            detection.begin_table(&Place::new(format!("顧客.xls › 顧客{number}")));
            for (row, line) in (0..).zip(rows) {
                let cell = |(column, text): (u32, &str)| Cell { column, text: text.to_owned().into(), hidden: false };
                detection.row(row, &(0..).zip(line.split('\t')).map(cell).collect::<Vec<_>>());
            }
            detection.end_table();
        }
    });
    assert_eq!(persons, 403, "{}", told(&findings));
    assert_eq!(count(&findings, "jp.birth_date"), 403, "{}", told(&findings));
}

#[test]
fn headers_may_be_long_and_say_a_country_in_brackets() {
    let rows = |header: &str, value: &str| ["Name".to_owned() + "\t" + header, "John Smith\t".to_owned() + value];
    for (id, header, value) in [
        ("in.pan", "PAN (India)", "OMIPK2097G"),
        ("uk.nino", "National Insurance Number", "AB123456C"),
        ("fr.nir", "Numéro de sécurité sociale", "255081416802538"),
    ] {
        assert!(RULES.detectors().any(|detector| detector.id == id), "{id}");
        let (findings, _) = sheet(&rows(header, value));
        assert_eq!(count(&findings, id), 1, "{header}: {}", told(&findings));
        // And beside its value, in a form.
        let form = ["Name\tJohn Smith".to_owned(), "Email\tj@example.com".to_owned(), format!("{header}\t{value}")];
        let (findings, _) = sheet(&form);
        assert_eq!(count(&findings, id), 1, "{header} in a form: {}", told(&findings));
    }
}

#[test]
fn telephones_and_birth_dates_without_a_header_are_known_by_the_names_beside_them() {
    let rows = [
        "Christine Miller\t617-318-7250\t1961-02-03\tpending",
        "James Brown\t(212) 592-9861\t1988-12-30\topen",
        "Mary Jones\t503-746-1181\t1975-07-07\topen",
        "John Smith\t415-555-2671\t1999-01-31\tpending",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    let counts = [count(&findings, "phone"), count(&findings, "birth_date"), persons];
    assert_eq!(counts, [4, 4, 4], "{}", told(&findings));
    // Days of one year are of orders, and numbers of goods are no telephones.
    let rows = ["山田太郎\t2026-01-15\t617-318", "佐藤花子\t2026-03-02\t503-746", "鈴木一郎\t2026-11-30\t415-555"];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    let dates = count(&findings, "birth_date") + count(&findings, "jp.birth_date");
    assert_eq!((dates, count(&findings, "phone"), persons), (0, 0, 3), "{}", told(&findings));
}

#[test]
fn a_line_below_the_header_of_aligned_columns_does_not_part_them() {
    let text = "Members\n\nName            Phone             Born\n--------------------------------------------\n\
                David Kirk      +1-713-835-0487   1970-01-02\nXochitl Zyx     +1-212-592-9861   1980-03-04\n\nRegards,";
    let (findings, persons) = mail(text);
    assert_eq!((count(&findings, "person_name"), count(&findings, "phone"), persons), (2, 2, 2), "{}", told(&findings));
    let text = "名簿です。\n\n氏名        電話番号       生年月日\n----------------------------------\n\
                山田太郎    090-1234-5678  平成2年2月14日\n佐藤花子    080-1234-5678  昭和55年1月2日\n\n以上";
    let (findings, persons) = mail(text);
    assert_eq!((count(&findings, "jp.birth_date"), persons), (2, 2), "{}", told(&findings));
}

#[test]
fn people_in_the_lines_of_a_list_are_found_with_their_telephones() {
    for text in [
        "Participants\n\n1) Diana Hull, (713) 577-1254\n2) Mark Henderson, 212-592-9861\n3) Karen Foster, 503-746-1181\n",
        "Participants\n\nDiana Hull 713-577-1254\nMark Henderson 212-592-9861\nKaren Foster 503-746-1181\n",
        "Participants\n\n- Mr. Diana Hull / d.hull@example.com / 713-577-1254\n- Mr. Mark Henderson / mark@example.org / 212-592-9861\n- Mr. Karen Foster / kf@example.net / 503-746-1181\n",
    ] {
        let (findings, persons) = mail(text);
        let counts = (count(&findings, "person_name"), count(&findings, "phone"), persons);
        assert_eq!(counts, (3, 3, 3), "{text}{}", told(&findings));
    }
}

#[test]
fn a_table_on_its_side_has_no_person_in_its_labels() {
    let rows = [
        "姓\t今久留主\t遠藤\t村上\t佐々木",
        "名\tリサ\t聡太郎\t英樹\t直人",
        "連絡先電話番号\t011-951-4516\t090-2652-0859\t0985(27)4763\t090-8871-0604",
        "メール\trisa@example.jp\tsotaro@example.jp\thideki@example.jp\tnaoto@example.jp",
        "National ID (Taiwan)\tA123456789\tA223456781\tB123456780\tC123456789",
    ];
    let (findings, persons) = sheet(&rows.map(str::to_owned));
    assert_eq!((count(&findings, "jp.name"), persons), (4, 4), "{}", told(&findings));
    assert!(count(&findings, "tw.national_id") >= 1, "{}", told(&findings));
}
