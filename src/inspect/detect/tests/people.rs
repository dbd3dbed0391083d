//! Full names that nobody announces, or hardly: lists within a sentence, lists of lines, names with an age or an illness
//! behind them; and lists of what is no person.
//!
//! All people, companies and numbers are invented.

use super::{count, detect, expect, expect_people, mail, told};
use crate::inspect::{Confidence, Place, Sink};

#[test]
fn three_full_names_in_a_sentence_are_people() {
    expect(&[
        ("山田太郎と佐藤花子と高橋健一が昇格しました。", 3),
        ("このたび表彰されたのは山田 太郎、佐藤 花子、高橋 健一の3名です。", 3),
        ("山田太郎（45歳）、佐藤花子（営業部）、高橋健一（経理部 主任）の3名を予定しています。", 3),
        ("次の3名、高橋健一・佐藤花子・中村翔平の給与を改定します。", 3),
        ("未払いは高橋健一、佐藤花子及び中村翔平。", 3),
        ("山田太郎、田中騎士、佐藤花子、高橋健一を表彰します。", 4),
        ("山田太郎、佐藤花子、\n高橋健一、中村翔平の4名を表彰します。", 4),
    ]);
}

#[test]
fn a_surname_alone_is_who_was_named_before() {
    expect_people(&[
        ("山田太郎様（090-1234-5678）からご連絡がありました。\n山田様の新しい住所は東京都港区芝公園4-2-8です。", 1),
        ("内定者は以下のとおりです。\n・山田太郎\n・佐藤花子\n・高橋健一\n\n山田さんは糖尿病の治療中とのことです。", 3),
        ("佐々木健様（090-1234-5678）の件です。\n佐々木様の新しい住所は東京都港区芝公園4-2-8です。", 1),
        ("山田太郎様（090-1234-5678）の件です。\n鈴木様の新しい住所は東京都港区芝公園4-2-8です。", 2),
    ]);
}

#[test]
fn what_stands_above_a_name_is_theirs_within_a_form_only() {
    expect_people(&[
        ("メールアドレス：taro@client.example\n会社名：サンプル商事\nお名前：山田太郎\n電話：090-1234-5678", 1),
        ("【お名前】山田　太郎\n【フリガナ】ヤマダ　タロウ\n【性別】男性\n【年齢】45歳\n【電話番号】090-1234-5678", 1),
        ("090-1234-5678\n山田太郎様", 1),
        (
            "携帯 090-1234-5678 に不在着信がありました。\n先日はお時間をいただきありがとうございました。\n山田太郎様の住所は東京都港区芝公園4-2-8です。",
            2,
        ),
    ]);
}

#[test]
fn where_people_meet_and_who_does_business_is_nobodys() {
    expect_people(&[
        ("弊社担当：山田（090-1234-5678）", 0),
        ("担当者：090-1234-5678", 0),
        ("当社のお客様 090-1234-5678", 1),
        ("担当：鈴木　お客様：090-1234-5678", 1),
        ("山田　奥様が来ました。", 0),
        (
            "ご意見: 担当の鈴木さんが親切でした。母（田中ヨシ子、82歳、要介護3）も喜んでいます。連絡は 090-1111-3333 まで。",
            1,
        ),
        ("担当の鈴木さんと山田太郎さん（090-1111-3333）が伺います。", 0),
    ]);
    let (findings, _) = mail(
        "山田太郎氏の講演会を開催します。\n会場：東京都港区芝公園4-2-8 ホール\n【集合場所】〒105-0011 東京都港区芝公園4-2-9",
    );
    assert_eq!(count(&findings, "jp.address"), 0, "{}", told(&findings));
    let (findings, _) = mail("山田太郎様のお届け場所：東京都港区芝公園4-2-8");
    assert_eq!(count(&findings, "jp.address"), 1, "{}", told(&findings));
}

#[test]
fn two_are_people_where_a_word_announces_them() {
    expect(&[
        ("内定者は山田太郎、佐藤花子、中村翔平、高橋健一、田中美咲の5名です。", 5),
        ("参加者：山田太郎・佐藤花子・高橋健一", 3),
        ("対象者 山田太郎/佐藤花子/高橋健一", 3),
        ("合格者：山田太郎、佐藤花子", 2),
        ("退職者は山田太郎と佐藤花子です。", 2),
        ("要支援児童は高橋健一と佐藤花子です。", 2),
        ("昇格者：高橋健一（課長）、佐藤花子（主任）", 2),
        ("懲戒対象者一覧\n高橋健一、佐藤花子、中村翔平、田中美咲、\n渡辺直子", 5),
        ("Attendees: John Smith, Mary Jones and Peter Brown", 3),
        ("Absentees: Taro Tanaka, Hanako Sato", 2),
    ]);
}

#[test]
fn names_that_no_dictionary_has_are_people_in_a_list_with_others() {
    expect(&[
        ("今月の退職者は村上充、岡田 拓真、清水和也です。", 3),
        ("今月の退職者は清水明美、後藤瑛汰（製造課）、山本直樹です。", 3),
        // What is between two names where something announces a list, and not where nothing does.
        ("内定者は山口陽子、輿水凌駕、佐藤花子の3名です。", 3),
        ("山口陽子、新製品、佐藤花子、高橋健一が来ます。", 0),
        ("このたび山口陽子、渡辺瑛汰が担当となりました。", 0),
        ("Absentees: Lindsey Hogan, Matthew Brown, Jerry Hall and Alexander Sims", 4),
        ("Offices: Santa Monica, Palo Alto, Los Angeles and San Mateo", 0),
        ("Participants: Palo Alto, San Mateo", 0),
    ]);
}

#[test]
fn lines_that_begin_with_a_full_name_are_a_list() {
    expect(&[
        ("・山田太郎／営業部第二課\n・佐藤花子／総務部人事課採用第一係\n・高橋健一／製造部品質管理課", 3),
        ("- 佐藤花子（経理）\n- 山田太郎（営業）\n- 高橋健一（総務）", 3),
        ("1. 高橋健一 35歳\n2. 佐藤花子 28歳\n3. 山田太郎 41歳", 3),
        ("○ 田中実\n○ 佐藤花子\n○ 山田太郎", 3),
        ("① 高橋健一：成績不良のため再試験\n② 佐藤花子：遅刻が多数\n③ 中村翔平：無断欠勤が三回", 3),
    ]);
}

#[test]
fn one_is_a_person_where_something_says_so() {
    expect(&[
        ("異動 山田太郎 営業部→経理部", 1),
        ("高橋花子（35歳・女性）", 1),
        ("昨日高橋花子（35歳）が来院しました。", 1),
        ("容疑者の高橋健一は調べに対し黙秘している。", 1),
        ("高橋健一、28歳です。", 1),
    ]);
}

#[test]
fn what_is_sensitive_belongs_to_the_name_before_it() {
    for (text, people, care) in [
        ("欠席：高橋花子（病気療養）", 1, 1),
        ("長期休職者は高橋健一（うつ病）と佐藤花子（育児休業）です。", 2, 1),
        ("山田太郎（糖尿病）、佐藤花子（うつ病）、高橋健一の3名は面談が必要です。", 3, 2),
    ] {
        let (findings, persons) = mail(text);
        assert_eq!((persons, count(&findings, "jp.special_care")), (people, care), "{text}: {}", told(&findings));
    }
}

#[test]
fn a_list_is_sure_where_something_announces_it() {
    let sure = |text: &str| mail(text).0.iter().map(|finding| finding.confidence).max();
    assert_eq!(sure("山田太郎と佐藤花子と高橋健一が昇格しました。"), Some(Confidence::Medium));
    assert_eq!(sure("内定者は山田太郎、佐藤花子です。"), Some(Confidence::High));
}

#[test]
fn places_companies_and_surnames_are_no_list_of_people() {
    expect(&[
        ("山田、佐藤、鈴木の各社と打ち合わせをします。", 0),
        ("出張先は千葉、長野、山口、福島、宮崎、石川です。", 0),
        ("松本、大分、福岡に支店があります。松本・大和・福岡・大分", 0),
        ("会場は東京・大阪・名古屋の三か所です。", 0),
        ("対象者は佐藤、鈴木、高橋です。", 0),
        ("取引先は山田電機、高橋商事、佐藤製作所、小林製薬、伊藤忠、森永乳業です。", 0),
        ("和泉多摩川、喜多見、成城学園前、祖師ヶ谷大蔵、千歳船橋、経堂、豪徳寺", 0),
        ("患者の佐藤花子記念病院、会員の高橋健一商店", 0),
        ("欠席：山口方面、千葉支店長", 0),
        ("Participants: Sales Team, Support Team\nAttendees: John Smith", 0),
        ("We work with Johnson Controls, Brown Brothers and Smith Barney.", 0),
    ]);
}

#[test]
fn who_is_there_for_work_is_no_list_of_people() {
    expect(&[
        ("明日は弊社の山田太郎、佐藤花子、高橋健一の3名で伺います。", 0),
        ("明日は佐藤花子、高橋健一、中村翔平の3名でお伺いいたします。", 0),
        ("弊社担当は高橋健一、佐藤花子、中村翔平です。", 0),
        ("出席者：弊社 山田太郎、佐藤花子、高橋健一", 0),
        ("参加者：当社 山田太郎、佐藤花子", 0),
        ("担当：高橋花子", 0),
        (
            "10:05 佐藤花子: 資料はできましたか？\n10:06 高橋健一: はい、できています。\n10:07 中村翔平: 確認しました。",
            0,
        ),
        ("本件は佐藤花子、高橋健一が対応します。", 0),
    ]);
}

#[test]
fn sender_and_recipients_make_no_list() {
    expect(&[
        ("本件は鈴木一郎、山田健太、佐藤花子で共有しています。", 0),
        ("対象者は鈴木一郎、山田健太です。", 0),
        (
            "佐藤花子、高橋健一、中村翔平で共有しています。\n\n-- \n東邦観光株式会社\n佐藤花子、高橋健一\nTEL 03-3535-1111",
            0,
        ),
    ]);
    let (findings, _) = detect(|detection| {
        detection.text(&Place::default().field("To"), "佐藤花子 <sato@example.com>, 高橋健一 <taka@example.com>");
        detection.text(&Place::new("body"), "佐藤花子、高橋健一、中村翔平で共有しています。");
    });
    assert!(findings.is_empty(), "{}", told(&findings));
}
