//! Heads of letters, and whom they greet.

use super::*;

fn greeted(text: &str) -> Vec<(String, String, String, bool)> {
    let opening: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let read = read(&opening, &["北保安サービス", "南商事"]);
    read.into_iter()
        .map(|s| (s.organization, s.department, s.person.map(|p| p.key).unwrap_or_default(), s.copied))
        .collect()
}

#[test]
fn the_head_of_a_letter() {
    for (text, organization, department, name) in [
        ("山田様", "", "", "山田"),
        ("山田 様\nお世話になっております。", "", "", "山田"),
        (
            "北保安サービス株式会社\n営業部 山田様\n\nお世話になります。鈴木様の件",
            "北保安サービス株式会社",
            "営業部",
            "山田",
        ),
        ("北保安サービス株式会社　営業部　山田 太郎 様", "北保安サービス株式会社", "営業部", "山田太郎"),
        ("㈱北保安サービス 山田様", "(株)北保安サービス", "", "山田"),
        ("株式会社 北保安サービス\n山田さま", "株式会社北保安サービス", "", "山田"),
        ("北保安サービス株式会社山田様", "北保安サービス株式会社", "", "山田"),
        ("北保安サービス山田様、お世話になります。", "北保安サービス", "", "山田"),
        ("南商事 御中", "南商事", "", ""),
        ("北保安サービス株式会社 各位", "北保安サービス株式会社", "", ""),
        ("北保安サービス株式会社 ご担当者様", "北保安サービス株式会社", "", ""),
        ("山田部長\nお疲れ様です。", "", "", "山田"),
        ("山田部長様", "", "", "山田"),
        ("代表取締役社長 山田太郎様", "", "", "山田太郎"),
        ("渡部さん、こんにちは", "", "", "渡部"),
        ("服部先生", "", "", "服部"),
        ("Dear Mr. Smith,", "", "", "smith"),
        ("Hi Taro,\nthank you", "", "", "taro"),
        ("Dear Yamada-san,", "", "", "yamada"),
        ("Yamada-san,\n\nThank you", "", "", "yamada"),
        ("Hello John, thanks for your mail.", "", "", "john"),
        ("Good morning Mary!", "", "", "mary"),
        ("山田様へ", "", "", "山田"),
    ] {
        let expected = [(organization.to_owned(), department.to_owned(), name.to_owned(), false)];
        assert_eq!(greeted(text), expected, "{text}");
    }
}

#[test]
fn several_are_greeted() {
    let names = |text: &str| greeted(text).into_iter().map(|s| (s.2, s.3)).collect::<Vec<_>>();
    let two = [("山田".to_owned(), false), ("鈴木".to_owned(), false)];
    for text in [
        "山田様、鈴木様",
        "山田様・鈴木様",
        "山田様\n鈴木様\n\nお世話",
        "山田様 鈴木様",
        "山田様と鈴木様",
        "山田様／鈴木様",
    ] {
        assert_eq!(names(text), two, "{text}");
    }
    for text in ["山田様（CC：鈴木様）", "山田様\nCC: 鈴木様\nお世話", "山田様\n(cc 鈴木様)"] {
        assert_eq!(names(text), [("山田".to_owned(), false), ("鈴木".to_owned(), true)], "{text}");
    }
    assert_eq!(names("Dear John and Mary,"), [("john".to_owned(), false), ("mary".to_owned(), false)]);
}

#[test]
fn what_greets_nobody() {
    for text in [
        "お世話になっております。\n鈴木様の件です",
        "お客様各位",
        "皆様",
        "各位",
        "関係者各位",
        "お疲れ様です。",
        "ご担当者様",
        "Dear all,",
        "Hi there,",
        "Dear Sir or Madam,",
        "Hi, thanks",
        "昨日は鈴木様にお越しいただき",
        "鈴木様よりご連絡がありました",
        "",
        "To whom it may concern",
    ] {
        assert_eq!(greeted(text), [], "{text}");
    }
}
