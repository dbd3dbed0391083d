//! Who is the same person, and between which bounds the number lies.

use super::*;
use crate::inspect::detect::words::hash;

/// A mention: `名:山田太郎 読:ヤマダタロウ mail:t@x 携帯:090 …`, in table `source` (0: running text).
fn person(told: &str) -> Person {
    let mut person = Person::default();
    for (what, value) in told.split_whitespace().filter_map(|part| part.split_once(':')) {
        let mut key = |kind| person.keys.push(Key::new(kind, hash(value)));
        match what {
            "名" => person.name = Some((Script::Han, hash(value))),
            "姓" => person.name = Some((Script::Surname, hash(value))),
            "name" => person.name = Some((Script::Latin, hash(value))),
            "読" => person.reading = Some(hash(value)),
            "番号" => key(Kind::Proof),
            "mail" => key(Kind::Mail),
            "会員" => key(Kind::Number),
            "携帯" => key(Kind::Mobile),
            "電話" => key(Kind::Landline),
            "口座" => key(Kind::Account),
            "生" => key(Kind::Birth),
            "住" => key(Kind::Address),
            _ => key(Kind::Faint),
        }
    }
    let half = |part: &str| (hash(part) & 0xFFFF) as u16;
    let halves =
        |name: &str| (half(&name.chars().take(2).collect::<String>()), half(&name.chars().skip(2).collect::<String>()));
    let name = told.split_whitespace().find_map(|part| part.strip_prefix("名:").or_else(|| part.strip_prefix("姓:")));
    person.halves = name.map(halves).unwrap_or_default();
    person
}

fn people(mentions: &[(u32, &str)]) -> People {
    let mut persons = Persons::default();
    for (source, told) in mentions {
        persons.add(&person(told), Sight { source: *source, ..Sight::default() });
    }
    let people = persons.count();
    // Whoever comes first makes no difference.
    let mut turned = Persons::default();
    for (source, told) in mentions.iter().rev() {
        turned.add(&person(told), Sight { source: *source, ..Sight::default() });
    }
    assert_eq!(turned.count(), people, "{mentions:?}");
    people
}

/// How many there are in all, in running text.
fn count(mentions: &[&str]) -> u32 {
    people(&mentions.iter().map(|told| (0, *told)).collect::<Vec<_>>()).visible
}

#[test]
fn the_same_person_twice_is_one() {
    let yamada = "名:山田太郎 携帯:090 mail:t@x";
    for other in [
        yamada,
        "名:山田太郎 携帯:090",
        "名:山田太郎",
        "mail:t@x",
        "携帯:090",
        "読:ヤマダタロウ mail:t@x",
        "name:Yamada mail:t@x",
        "姓:山田 携帯:090",
    ] {
        assert_eq!(count(&[yamada, other]), 1, "{other}");
    }
    assert_eq!(count(&["mail:t@x", "mail:t@x"]), 1);
    assert_eq!(count(&["名:山田太郎 番号:1", "名:鈴木太郎 番号:1"]), 1, "who marries keeps the number");
    assert_eq!(count(&["名:山田太郎 生:1980", "名:山田太郎 生:1980 携帯:090"]), 1);
    assert_eq!(count(&["名:山田太郎 住:芝 携帯:080", "名:山田太郎 住:芝 電話:03"]), 1);
    assert_eq!(count(&["住:芝 生:1980", "名:山田太郎 住:芝 生:1980"]), 1);
}

#[test]
fn a_name_in_kana_is_a_name_in_kanji_only_by_something_else() {
    assert_eq!(count(&["名:山田太郎", "読:ヤマダタロウ"]), 2);
    assert_eq!(count(&["名:山田太郎 読:ヤマダタロウ", "読:ヤマダタロウ"]), 1, "its reading is known");
    assert_eq!(count(&["名:山田太郎 生:1980", "読:ヤマダタロウ 生:1980"]), 2, "many are born on one day");
    assert_eq!(count(&["名:山田太郎 携帯:090", "読:ヤマダタロウ 携帯:090"]), 1);
    assert_eq!(count(&["名:山田太郎 電話:03", "名:山田花子 電話:03", "読:ヤマダタロウ 電話:03"]), 3);
    let read = ["名:山田太郎 読:ヤマダタロウ 電話:03", "名:山田花子 電話:03", "読:ヤマダタロウ 電話:03"];
    assert_eq!(count(&read), 2);
}

#[test]
fn what_several_share_is_nobodys() {
    assert_eq!(count(&["名:山田太郎 電話:03", "名:山田花子 電話:03"]), 2, "one household");
    assert_eq!(count(&["名:山田太郎 mail:y@x", "名:山田花子 mail:y@x"]), 2, "one address for both");
    assert_eq!(count(&["mail:a 電話:03", "mail:b 電話:03"]), 2, "one office");
    assert_eq!(count(&["名:山田太郎 電話:03", "名:山田花子 電話:03", "電話:03"]), 2, "whoever answers is one of them");
    assert_eq!(count(&["名:山田太郎 住:芝 生:1950", "名:山田太郎 住:芝 生:1980"]), 2, "father and son");
    assert_eq!(count(&["名:山田太郎 生:2010 住:芝", "名:山田次郎 生:2010 住:芝"]), 2, "twins");
}

#[test]
fn different_people_are_not_merged() {
    for (one, other) in [
        ("名:山田太郎 携帯:090", "名:山田太郎 携帯:080"),
        ("名:山田太郎 住:東京", "名:山田太郎 住:大阪"),
        ("名:山田太郎", "名:山田花子"),
        ("mail:a", "mail:b"),
        ("名:山田太郎 携帯:090", "mail:a"),
    ] {
        assert_eq!(count(&[one, other]), 2, "{one}, {other}");
    }
}

#[test]
fn a_name_alone_gives_bounds() {
    let told = |mentions: &[(u32, &str)]| {
        let people = people(mentions);
        (people.least, people.visible, people.most)
    };
    assert_eq!(told(&[(1, "名:山田太郎 携帯:090"), (1, "名:佐藤花子 携帯:080")]), (2, 2, 2));
    assert_eq!(
        told(&[(1, "名:山田太郎 携帯:090"), (2, "名:山田太郎 生:1980")]),
        (1, 1, 2),
        "a sheet says this, a sheet that"
    );
    assert_eq!(told(&[(1, "名:山田太郎 携帯:090"), (1, "名:山田太郎 生:1980")]), (1, 2, 2), "two rows are two records");
    assert_eq!(told(&[(1, "名:山田太郎"), (2, "名:山田太郎")]), (1, 1, 1), "a roster and its copy");
    assert_eq!(told(&[(1, "名:山田太郎 携帯:090"), (0, "名:山田太郎")]), (1, 1, 2));
}

#[test]
fn names_that_meet_by_chance_are_a_roster_and_repeated_ones_are_orders() {
    let names = |surnames: usize, given: usize, rows: usize, people: usize| {
        let mut dice = 0x2545_F491_4F6C_DD1D_usize;
        let mut roll = move |sides: usize| {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            dice % sides
        };
        let pool: Vec<String> = (0..people)
            .map(|_| {
                let letter = |n: usize| char::from_u32(0x4E00 + u32::try_from(n).unwrap()).unwrap();
                let (a, b) = (roll(surnames), roll(given));
                format!("名:{}姓{}名", letter(a), letter(1_000 + b))
            })
            .collect();
        let mut persons = Persons::default();
        for row in 0..rows {
            let name = if people == rows { row } else { roll(people) };
            persons.add(&person(&pool[name]), Sight { source: 1, ..Sight::default() });
        }
        persons.count()
    };
    let roster = names(60, 60, 5_000, 5_000);
    assert_eq!((roster.visible, roster.most), (5_000, 5_000));
    assert!(roster.least < 3_000, "{roster:?}");
    let orders = names(60, 60, 500, 100);
    assert!((90..=100).contains(&orders.visible) && orders.most == 500, "{orders:?}");
}

#[test]
fn only_who_is_nowhere_in_sight_is_hidden_and_history_counts_apart() {
    let mut persons = Persons::default();
    let (plain, hidden) = (Sight::default(), Sight { hidden: true, ..Sight::default() });
    let quoted = Sight { quoted: true, ..Sight::default() };
    persons.add(&person("名:山田太郎 携帯:090"), plain);
    persons.add(&person("名:山田太郎 携帯:090"), hidden);
    persons.add(&person("名:鈴木一郎 携帯:080"), hidden);
    persons.add(&person("名:佐藤花子 携帯:070"), hidden);
    persons.add(&person("名:佐藤花子 携帯:070"), plain);
    persons.add(&person("名:山田太郎 mail:a"), quoted);
    persons.add(&person("名:高橋健一 携帯:060"), quoted);
    let people = persons.count();
    assert_eq!((people.visible, people.hidden, people.quoted), (2, 1, 1));
    assert_eq!((people.least, people.most), (3, 3));
}

#[test]
fn nobody_is_nobody() {
    assert_eq!(people(&[]), People::default());
}

#[test]
fn many_people_are_counted_in_little_memory() {
    const PEOPLE: u32 = 220_000;
    let mut persons = Persons::default();
    for n in 0..PEOPLE {
        let key = |kind, salt: u32| Key::new(kind, hash(&(n, salt)));
        let person = Person {
            name: Some((Script::Han, hash(&(n % 150_000)))),
            keys: vec![key(Kind::Mail, 1), key(Kind::Mobile, 2), key(Kind::Birth, 3), key(Kind::Address, 4)],
            ..Person::default()
        };
        persons.add(&person, Sight { source: 1, ..Sight::default() });
    }
    let bytes = persons.mentions.capacity() * size_of::<Mention>()
        + persons.keys.capacity() * size_of::<Key>()
        + persons.known.capacity() * 8 / 7 * (size_of::<(u64, u32)>() + 1);
    // A worker has 512 MiB for everything; a million of them take a fourth of it.
    assert!(bytes < 128 * PEOPLE as usize, "{bytes}");
    assert_eq!(persons.count().visible, PEOPLE);
}

#[test]
fn a_surname_alone_is_somebody_who_stands_there_in_full() {
    let known = |mentions: &[&str]| {
        let People { visible, least, most, .. } = people(&mentions.iter().map(|told| (0, *told)).collect::<Vec<_>>());
        (visible, least, most)
    };
    assert_eq!(known(&["名:山田太郎 携帯:090", "姓:山田 住:芝"]), (1, 1, 2));
    assert_eq!(known(&["名:山田太郎", "名:佐藤花子", "姓:山田 病:糖"]), (2, 2, 3));
    assert_eq!(known(&["名:山田太郎 携帯:090", "姓:鈴木 住:芝"]), (2, 2, 2), "another surname");
    assert_eq!(known(&["名:山田太郎 携帯:090", "姓:山田 携帯:080"]), (2, 2, 2), "another telephone");
    assert_eq!(known(&["名:山田太郎 口座:1", "姓:山田 口座:2"]), (2, 2, 2), "another card");
    assert_eq!(known(&["名:山田太郎", "姓:山田 携帯:090", "姓:山田 携帯:080"]), (2, 2, 3), "one of both at most");
    assert_eq!(known(&["名:山田太郎", "名:山田花子", "姓:山田 携帯:090", "姓:山田 携帯:080"]), (2, 2, 4));
    assert_eq!(
        known(&["姓:山田 携帯:090", "名:山田太郎 携帯:090", "名:山田太郎"]),
        (1, 1, 2),
        "known by the telephone"
    );
    // Each row of a table is a record.
    let rows = [(1, "名:山田太郎 携帯:090"), (1, "姓:山田 住:芝")];
    assert_eq!(people(&rows).visible, 2);
}
