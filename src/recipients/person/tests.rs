//! Names that are one person's, and names that are not.

use super::*;

fn person(name: &str) -> Person {
    Person::read(name).unwrap_or_else(|| panic!("{name} is no name"))
}

#[test]
fn one_person_in_many_spellings() {
    for (a, b) in [
        ("山田", "山田 太郎"),
        ("山田太郎", "山田"),
        ("山田", "Taro Yamada"),
        ("山田", "YAMADA, Taro"),
        ("やまだ", "山田太郎"),
        ("ヤマダ", "Yamada"),
        ("髙橋", "高橋一郎"),
        ("齋藤", "斎藤"),
        ("太郎", "山田太郎"),
        ("Taro", "山田 太郎"),
        ("John", "John Smith"),
        ("Bill", "William Gates"),
        ("中島", "Nakashima Ken"),
        ("山田", "山田太郎（北保安サービス）"),
        ("山田 花子", "営業部 山田花子"),
    ] {
        assert_eq!(person(a).fits(&person(b)), Fit::Yes, "{a} {b}");
        assert_eq!(person(b).fits(&person(a)), Fit::Yes, "{b} {a}");
    }
}

#[test]
fn two_persons() {
    for (a, b) in [
        ("山田", "鈴木 一郎"),
        ("山田", "鈴木"),
        ("山田太郎", "鈴木一郎"),
        ("山田", "Ichiro Suzuki"),
        ("John", "Mary Smith"),
        ("Yamada", "鈴木一郎"),
        ("さとう", "鈴木"),
    ] {
        assert_eq!(person(a).fits(&person(b)), Fit::No, "{a} {b}");
        assert_eq!(person(b).fits(&person(a)), Fit::No, "{b} {a}");
    }
}

#[test]
fn what_nobody_can_tell() {
    for (a, b) in [
        ("佐藤花子", "鈴木 花子"),
        ("花子", "鈴木"),
        ("龘龘", "鈴木一郎"),
        ("Kevin", "Xiaoming Wang"),
        ("Toho Tourist", "山田"),
    ] {
        assert_eq!(person(a).fits(&person(b)), Fit::Unknown, "{a} {b}");
    }
    for none in ["北保安サービス株式会社", "営業部", "a@b.example", "お客様番号 123", ""] {
        assert_eq!(Person::read(none), None, "{none}");
    }
}
