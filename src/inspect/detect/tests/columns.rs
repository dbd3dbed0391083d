//! Names below one another and names that the dictionaries know in part; sentences that look like rows; firms and places
//! that look like people.
//!
//! All people and numbers are invented.

use super::{count, detect, expect, mail, told};
use crate::inspect::{Confidence, Place, Sink as _};

#[test]
fn sentences_one_below_another_with_as_many_commas_lose_no_name() {
    expect(&[
        (
            "Attendees: John Smith, Mary Jones and Peter Brown\nAbsentees: Karen Foster, Mark Henderson and Diana Hull\nLunch, as always, is served.",
            6,
        ),
        ("Attendees: John Smith, Mary Jones\nAbsentees: Karen Foster, Mark Henderson", 4),
        ("内定者は山田太郎，佐藤花子，高橋健一です。\n退職者は中村翔平，田中美咲，渡辺直子です。", 6),
        (
            "Our patient John Smith (DOB 1985-03-12), admitted on Friday, is stable.\nThe patient Mary Jones (DOB 1990-07-01), admitted on Sunday, is not.",
            2,
        ),
    ]);
}

#[test]
fn two_below_a_heading_are_people() {
    expect(&[
        ("参加者：\n・山田太郎\n・佐藤花子", 2),
        ("内定者\n高橋健一\n佐藤花子", 2),
        ("【昇格】\n高橋健一（営業部 係長→課長）\n佐藤花子（経理部 主任→係長）", 2),
        ("今月の退職者は以下のとおりです。\n\n1. 高橋健一（営業部）\n2. 佐藤花子（経理部）", 2),
        ("Attendees:\n- John Smith\n- Mary Jones", 2),
        ("Attendees:\n\n1. John Smith (Sales)\n2. Mary Jones (Accounting)", 2),
        ("Field trip, students with allergies:\n\nJohn Carter: peanuts\nMary Alvarez: bee stings", 2),
        ("The following employees were placed on leave: Karen Doyle, Mark Ortega and Mary Raman.", 3),
        ("当選者名簿\n東京都　山田太郎様\n大阪府　佐藤花子様\n愛知県　高橋健一様", 3),
        ("本日の入浴介助対象者\n- 鈴木キヨ様\n- 佐々木ハル様\n- 工藤ウメ様", 3),
    ]);
    let sure = |text: &str| mail(text).0.iter().map(|finding| finding.confidence).max();
    assert_eq!(sure("参加者：\n・山田太郎\n・佐藤花子"), Some(Confidence::High));
}

#[test]
fn a_column_takes_in_names_that_the_dictionaries_know_in_part() {
    expect(&[
        ("・青木ひまり\n・石井そら\n・上田りく\n・金子めい", 4),
        ("対象者一覧\n・輿水凌駕\n・佐藤花子\n・鬼無里蓮", 3),
        ("退職者：\n- 山田太郎（営業部）\n- 輿水凌駕（経理部）\n- 鬼無里蓮（総務部）", 3),
        (
            "出席番号　氏名　ふりがな\n1　青木ひまり　あおき ひまり\n2　石井そら　いしい そら\n3　江藤ゆづき　えとう ゆづき\n4　金子めい　かねこ めい",
            4,
        ),
        ("七河ひろみ、佐倉あかり、中村エミを表彰します。", 3),
        ("佐藤花子、根間千春、桑波田莉奈が昇格しました。", 3),
        ("高橋健一、輿水凌駕、鬼無里蓮の3名です。", 3),
        ("高橋健一、輿水凌駕、鬼無里蓮です。", 0),
    ]);
}

#[test]
fn a_given_name_that_is_known_tells_who_is_meant() {
    expect(&[
        ("本日、七河ひろみ様よりご連絡がありました。", 1),
        ("昨日、根間千春さんが来院されました。", 1),
        ("昨日、黒米 貴志様が来院されました。", 1),
        ("昨日、営業部 貴志様が来院されました。", 0),
        ("氏名：七河ひろみ", 1),
        ("お名前は七河ひろみです。", 1),
        ("内定者は七河ひろみ、佐倉あかり、中村エミ、山田太郎です。", 4),
        ("先日、唐牛ミク様（090-1234-5678）がお越しになりました。", 1),
        ("窃盗の疑いで、無職 高橋健一（45）と会社員 佐藤花子（32）を逮捕した。", 2),
    ]);
    let first =
        |text: &str| mail(text).0.first().and_then(|name| name.examples.first()).map(|name| name.masked.clone());
    assert_eq!(first("昨日、唐牛ミクさんが来院されました。").as_deref(), Some("唐***"));
    assert_eq!(first("昨日、故高橋健一様の奥様が来られました。").as_deref(), Some("高***"));
}

#[test]
fn each_address_has_the_name_before_it() {
    expect(&[(
        "Please add: Anna Schmidt <anna@example.com>; Robert King <rking@example.net>; Mary Chen <mei@example.org>",
        3,
    )]);
}

#[test]
fn firms_that_are_written_like_people_are_none() {
    expect(&[
        ("Members: Michael Page, Robert Half", 0),
        ("Participants: Morgan Stanley, Charles Schwab, Merrill Lynch", 0),
        ("Recipients: Marsh McLennan, Arthur Andersen Group, Baker Tilly Partners", 0),
        ("Customers:\n- Johnson Controls\n- Baker Hughes\n- Wells Fargo", 0),
        ("Name: Summit Partners", 0),
        ("Members: Michael Page, Robert Half\nGuests: John Smith, Mary Jones", 2),
    ]);
}

#[test]
fn columns_of_places_companies_and_things_are_no_people() {
    expect(&[
        ("参加者：\n・株式会社北保安サービス\n・東邦観光株式会社", 0),
        ("Attendees:\n- Sales Team\n- Support Team", 0),
        ("Contact the employees in: Charlotte North, Madison West", 0),
        ("Offices:\n- Santa Monica\n- San Mateo\n- Palo Alto", 0),
        ("会場：\n・東京国際フォーラム\n・松本市民会館\n・大和文化センター", 0),
        ("配送エリア：\n・松本\n・山口\n・大和郡山\n・千葉中央", 0),
        ("取扱商品：\n・森永ミルクチョコ\n・小林製薬のど飴\n・山本海苔", 0),
        ("メニュー\n・林檎タルト\n・森のきのこパスタ\n・小松菜おひたし", 0),
        ("推薦図書\n・夏目漱石『こころ』\n・芥川龍之介『羅生門』\n・太宰治『人間失格』", 0),
        ("出席者：\n・鈴木一郎（弊社）\n・佐藤花子（貴社）\n・高橋健一（貴社）", 0),
        ("長男ひかり様、営業部麗奈様、看護師さん、利用者様、保護者様、下記のとおりさん", 0),
        ("氏名：下記のとおり\n氏名：別紙のとおり", 0),
    ]);
}

#[test]
fn sender_and_recipient_in_latin_letters_make_no_list() {
    for (participants, people) in [("Ichiro Suzuki, Kenta Yamada", 0), ("Kenta Yamada, John Smith, Mary Jones", 2)] {
        let (findings, persons) = detect(|detection| {
            detection.text(&Place::default().field("From"), "Ichiro Suzuki <suzuki@toho-kanko.example.co.jp>");
            detection.text(&Place::default().field("To"), "\"Kenta Yamada\" <yamada@kita-hoan.example.com>");
            detection.text(&Place::new("body"), &format!("Agenda below.\nParticipants: {participants}"));
        });
        assert_eq!((count(&findings, "person_name"), persons), (people, people), "{}", told(&findings));
    }
}

#[test]
fn a_surname_and_a_given_name_below_one_heading_are_one_name() {
    for header in ["本人,,連絡先\n姓,名,電話番号", "申込者姓,申込者名,電話番号"] {
        let text = format!("{header}\n榎本,裕太,070-6445-6559\n川場,秋葉,090-9855-2909\n中川,裕美子,080-4705-7084");
        let (findings, people) = mail(&text);
        assert_eq!((count(&findings, "jp.name"), people), (3, 3), "{header} {}", told(&findings));
    }
}
