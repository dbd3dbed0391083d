//! Japanese texts by theme, labelled: letters, business mails, rosters, forms, news, brochures, lists of places. How much
//! of what is in them is found, and that nothing is found where nobody's data is.
//!
//! All people, companies and numbers are invented.

use super::{Finding, count, mail, sheet, told};

/// A text, and what is in it how often.
type Labelled = (&'static str, &'static [(&'static str, u32)]);

/// Running text.
const TEXTS: [Labelled; 48] = [
    // Letters and business mails that tell of a customer.
    (
        "お世話になっております。\n昨日、契約者の髙橋健一様よりお電話がありました。\n折り返し先は090-1234-5678です。",
        &[("jp.name", 1), ("jp.phone", 1)],
    ),
    (
        "本件の申込者は齋藤 圭介様（昭和60年1月2日生）、ご住所は東京都世田谷区三軒茶屋２−１−１です。",
        &[("jp.name", 1), ("jp.birth_date", 1), ("jp.address", 1)],
    ),
    (
        "先日ご相談いただいた渡邉さくら様の新住所は横浜市港北区日吉四丁目一番一号とのことです。",
        &[("jp.name", 1), ("jp.address", 1)],
    ),
    (
        "退会のご連絡：濵田美咲さん、電話０８０ー２３４５ー６７８９、メール misaki@example.com",
        &[("jp.name", 1), ("jp.phone", 1), ("email", 1)],
    ),
    (
        "山田太郎（ヤマダタロウ）様宛の荷物が〒231-0005 神奈川県横浜市中区本町6-50-10から戻りました。",
        &[("jp.name", 1), ("jp.postal_code", 1), ("jp.address", 1)],
    ),
    ("お客様の伊藤誠氏（携帯 070 3456 7890）から解約のお申し出がありました。", &[("jp.name", 1), ("jp.phone", 1)]),
    (
        "応募者: 中村翔平、生年月日: H5.6.7、電話: 050-3123-4567",
        &[("jp.name", 1), ("jp.birth_date", 1), ("jp.phone", 1)],
    ),
    (
        "氏名 小林直子　住所 大阪府大阪市北区中之島1-3-20　TEL 06-6208-8181",
        &[("jp.name", 1), ("jp.address", 1), ("jp.phone", 1)],
    ),
    (
        "面接は加藤翼さん、電話は+81-90-1234-5678、メールはtsubasa@example.net です。",
        &[("jp.name", 1), ("jp.phone", 1), ("email", 1)],
    ),
    (
        "お名前は五十嵐結衣、ご職業は会社員とうかがいました。生年月日：平成元年五月六日",
        &[("jp.name", 1), ("jp.birth_date", 1)],
    ),
    ("契約者の田中美咲から電話がありました（090-2345-6789）。", &[("jp.name", 1), ("jp.phone", 1)]),
    ("当選者は北海道札幌市中央区北１条西２丁目１番地の佐々木健太さんです。", &[("jp.address", 1), ("jp.name", 1)]),
    (
        "新しい送付先は 105-0014 東京都港区芝1-2-3 芝パークビル 5F 山本真理様です。",
        &[("jp.postal_code", 1), ("jp.address", 1), ("jp.name", 1)],
    ),
    ("吉田 実様のご自宅は京都市中京区烏丸通御池上る虎屋町566番地です。", &[("jp.name", 1), ("jp.address", 1)]),
    ("松本優子さまのお届け先：埼玉県浦和市高砂3丁目15番1号コーポ青葉203号室", &[("jp.name", 1), ("jp.address", 1)]),
    ("井上和也様の生年月日は1985/01/02、木村香織様は1990年3月4日生まれです。", &[("jp.name", 2), ("jp.birth_date", 2)]),
    ("マリア・ガルシア様（080-1111-2222）が明日来社されます。", &[("jp.name", 1), ("jp.phone", 1)]),
    ("林 修様の住所を長野県松本市島立1020へ変更してください。", &[("jp.name", 1), ("jp.address", 1)]),
    ("口座名義：清水 大輔\n普通 1234567 へ返金します。", &[("jp.name", 1), ("jp.bank_account", 1)]),
    ("配偶者：山崎 由美子（S58.12.31生）", &[("jp.name", 1), ("jp.birth_date", 1)]),
    ("森 さくらさん 岐阜県岐阜市薮田南2-1-1 058-272-1111", &[("jp.name", 1), ("jp.address", 1), ("jp.phone", 1)]),
    // Forms in the body.
    (
        "■氏名：阿部 真央\n■フリガナ：アベ マオ\n■生年月日：昭和55年1月2日\n■住所：福岡県福岡市博多区東公園7番7号\n■電話番号：092-651-1111",
        &[("jp.name", 1), ("jp.birth_date", 1), ("jp.address", 1), ("jp.phone", 1)],
    ),
    (
        "【お名前】池田 航\n【ご住所】〒980-0011 宮城県仙台市青葉区上杉1-2-3\n【電話】022-211-1111",
        &[("jp.name", 1), ("jp.postal_code", 1), ("jp.address", 1), ("jp.phone", 1)],
    ),
    (
        "氏名：鬼無里 凛\n生年月日：令和元年5月1日\n保護者名：鬼無里 剛\n連絡先：０９０（１２３４）５６７８",
        &[("jp.name", 2), ("jp.birth_date", 1), ("jp.phone", 1)],
    ),
    ("患者名：橋本 光\n診断：双極性障害\n既往：気管支喘息", &[("jp.name", 1), ("jp.special_care", 2)]),
    ("被保険者氏名：藤田 恵\n生年月日：㍼45年10月10日", &[("jp.name", 1), ("jp.birth_date", 1)]),
    (
        "お届け先をお送りします。\n〒604-8571\n京都府京都市中京区寺町通御池上る上本能寺前町488\n岡田 陽子 様",
        &[("jp.postal_code", 1), ("jp.address", 1), ("jp.name", 1)],
    ),
    // Rosters.
    (
        "参加者一覧\n・山田太郎 090-1234-5678\n・佐藤花子 080-2345-6789\n・高木一郎 070-3456-7890",
        &[("jp.name", 3), ("jp.phone", 3)],
    ),
    (
        "当番表\n1) 斉藤健（090-1111-2222）\n2) 前田未来（090-2222-3333）\n3) 近藤葵（090-3333-4444）",
        &[("jp.name", 3), ("jp.phone", 3)],
    ),
    ("名簿：石川遥、小川蓮、岡本結菜、長谷川湊", &[("jp.name", 4)]),
    (
        "後藤 拓也、東京都板橋区板橋2-66-1、03-3964-1111\n村上 愛、千葉県市川市八幡1-1-1、047-334-1111",
        &[("jp.name", 2), ("jp.address", 2), ("jp.phone", 2)],
    ),
    ("ﾔﾏﾀﾞ ﾀﾛｳ 090-1234-5678\nｻﾄｳ ﾊﾅｺ 080-2345-6789\nｽｽﾞｷ ｲﾁﾛｳ 070-3456-7890", &[("jp.name", 3), ("jp.phone", 3)]),
    ("遠藤 舞様\n青木 陸様\n坂本 凛様\n福田 樹様\n西村 奏様\n太田 楓様", &[("jp.name", 6)]),
    // Special care.
    ("経理の山口由紀さんはうつ病のため、来月末まで休職します。", &[("jp.name", 1), ("jp.special_care", 1)]),
    ("佐野学様は人工透析で週に3回通院されています。", &[("jp.name", 1), ("jp.special_care", 1)]),
    ("糖尿病で通院中の原田浩さんの件、ご相談です。", &[("jp.special_care", 1), ("jp.name", 1)]),
    ("氏名：三浦 信\n手帳：身体障害者手帳 2級\n就労：可", &[("jp.name", 1), ("jp.special_care", 1)]),
    ("中野聡さんには執行猶予付きの有罪判決を受けた過去があります。", &[("jp.name", 1), ("jp.special_care", 2)]),
    ("入居者の藤原キヨ様（要介護3、認知症）の受け入れについて", &[("jp.name", 1), ("jp.special_care", 2)]),
    (
        "松田さん（090-1234-5678）が乳がんの手術を受けられます。",
        &[("jp.name", 1), ("jp.phone", 1), ("jp.special_care", 1)],
    ),
    // Quoted and forwarded.
    (
        "> 氏名：竹内 翔\n> 電話：090-9876-5432\n> 住所：愛知県名古屋市中区三の丸三丁目一番二号",
        &[("jp.name", 1), ("jp.phone", 1), ("jp.address", 1)],
    ),
    (
        "転送します。\n\n金子 実里 様\n090-5555-6666\n奈良県北葛城郡王寺町大字王寺2123",
        &[("jp.name", 1), ("jp.phone", 1), ("jp.address", 1)],
    ),
    // News-like.
    (
        "県警は、詐欺の疑いで無職の和田卓也容疑者を逮捕した。調べによると和田卓也容疑者は容疑を認めている。",
        &[("jp.name", 2)],
    ),
    // English and mixed.
    ("Our customer Ms. Hanako Sato moved; her new number is +81 90 1234 5678.", &[("person_name", 1), ("jp.phone", 1)]),
    (
        "Name: YAMADA Taro\nDate of birth: 1985-01-02\nPhone: +81-3-3580-3311",
        &[("person_name", 1), ("birth_date", 1), ("jp.phone", 1)],
    ),
    ("Guest name: Ichiro Suzuki, phone 080-1234-5678", &[("person_name", 1), ("jp.phone", 1)]),
    ("Please call Mrs Mary Brown on +1 650-253-0000 about the refund.", &[("person_name", 1), ("phone", 1)]),
    (
        "Taro Yamada <taro.yamada@example.com> wants to change his order, phone +81-90-1111-2222.",
        &[("person_name", 1), ("email", 1), ("jp.phone", 1)],
    ),
];

/// Tables, cells between tabs.
const TABLES: [Labelled; 9] = [
    (
        "氏名\t生年月日\t住所\t電話\n山田太郎\tS60.1.2\t東京都港区芝1-1-1\t09012345678\n与那嶺 凛\t平成2年3月4日\t沖縄県那覇市泉崎1-2-2\t098-866-2333\n齊藤 樹\t1990/5/6\t青森県青森市長島1-1-1\t017-722-1111",
        &[("jp.name", 3), ("jp.birth_date", 3), ("jp.address", 3), ("jp.phone", 3)],
    ),
    (
        "No.\tお名前\tフリガナ\t〒\tご住所\n1\t佐藤花子\tサトウ ハナコ\t2310005\t横浜市中区本町6-50-10\n2\t鈴木一郎\tスズキ イチロウ\t600001\t札幌市中央区北1条西2丁目1",
        &[("jp.name", 2), ("jp.postal_code", 2), ("jp.address", 2)],
    ),
    (
        "社員番号\t社員名\t誕生日\t緊急連絡先\n1001\t五百旗頭 真\t19850102\t090-1234-5678\n1002\t小鳥遊 六花\t19951231\t080-1234-5678",
        &[("jp.name", 2), ("jp.birth_date", 2), ("jp.phone", 2)],
    ),
    (
        "患者名\t病名\t主治医\n山田太郎\t糖尿病\t佐藤\n田中美咲\t気管支喘息\t佐藤\n伊藤誠\tなし\t佐藤",
        &[("jp.name", 3), ("jp.special_care", 2)],
    ),
    ("氏名\t所属労組\t信条\n山田太郎\t電機連合\tなし\n佐藤花子\tなし\tなし", &[("jp.name", 2), ("jp.special_care", 1)]),
    (
        "氏名\t備考\n山田太郎\t要介護2、車椅子利用\n佐藤花子\t特になし\n鈴木一郎\t心筋梗塞の既往あり",
        &[("jp.name", 3), ("jp.special_care", 3)],
    ),
    (
        "Name\tDate of birth\tPhone\nTaro Yamada\t1985-01-02\t+81-90-1234-5678\nHanako Sato\t1990-03-04\t+81-80-1234-5678\nJohn Smith\t1970-05-06\t+1 650-253-0000",
        &[("person_name", 3)],
    ),
    (
        "山田太郎\t090-1234-5678\t東京都港区芝1-1-1\n佐藤花子\t080-2345-6789\t大阪市北区中之島1-3-20\n高橋健一\t070-3456-7890\t名古屋市中区三の丸3-1-2",
        &[("jp.name", 3), ("jp.phone", 3), ("jp.address", 3)],
    ),
    (
        "カナ氏名\t電話番号\nﾔﾏﾀﾞ ﾀﾛｳ\t０９０－１２３４－５６７８\nｻﾄｳ ﾊﾅｺ\t080ー2345ー6789",
        &[("jp.name", 2), ("jp.phone", 2)],
    ),
];

/// Texts in which nobody's data is.
const CLEAN: [&str; 34] = [
    // Business mails.
    "山田様\n\nお世話になっております。\n高橋商事様、小林製薬様、伊藤忠様、富士通様との会議を設定しました。\n場所は本社第二会議室です。",
    "各位\n\n来週の当番は田中さん、佐藤さん、鈴木さんです。よろしくお願いします。",
    "お疲れ様です。\n松本駅から長野市役所へは徒歩20分、石川県庁へは新幹線で1時間です。",
    "本日、高橋はインフルエンザのためお休みをいただいております。",
    "新任のご挨拶\n当社 代表取締役 山本健一が就任いたしました。",
    "契約書第3条2項、別紙1-2をご参照ください。区分1-2、町会費は3,000円です。",
    "出席者：弊社 鈴木部長、高橋課長\n貴社 山田様、佐藤様\n場所：東京都千代田区丸の内1-1-1 丸ビル3階",
    "株式会社みどり商事\n〒330-9301 埼玉県さいたま市浦和区高砂3-15-1\nTEL 048-824-2111",
    "お問い合わせ：サービスセンター 0120-123-456、0800-123-4567（平日9時〜17時）",
    "納期は2026年11月30日、検収は令和8年12月5日、支払いはR9.1.31です。",
    "当社は昭和60年1月2日に設立され、平成元年5月6日に東京都港区芝1-1-1へ移転しました。",
    "発行日 2010/01/02、契約日 S60.1.2、有効期限 19991231。",
    "皆様、お客様、王様、神様、仕様、模様、多様、同様、奥様、有様、殿堂、氏神、先生方。",
    // Brochures, seminars, articles.
    "健康セミナーのご案内\n講師：佐藤花子先生（みどり大学病院）\n演題：糖尿病と高血圧症の予防",
    "医療保険のご案内\nがん、急性心筋梗塞、脳卒中の三大疾病に備える特約です。",
    "厚生労働省の調査では、うつ病の患者数は10年で2倍になりました。認知症は462万人です。",
    "障害者雇用促進法により、法定雇用率は2.7%です。身体障害者手帳の写しが必要です。",
    "システム障害のお詫び\n11月20日10時から障害が発生しました。復旧しております。",
    "労働組合との団体交渉は12月5日です。信者数、党員数の統計を添付します。",
    "刑務所の視察は来月です。懲役刑の見直しに関する法案を送ります。",
    "認知症サポーター養成講座 講師：山田太郎先生 定員30名",
    // News-like, with places that are names too.
    "福島第一原発の処理水、石川県の地震、千葉市の停電、山口県岩国市の基地について報道がありました。",
    "大和田町の工事は中止、清水谷公園は開園、高田馬場駅は改修中です。",
    "森林公園、林業試験場、原宿駅、関所、谷川岳、岡崎城、東大寺、西武線、南武線。",
    "横浜市の人口は377万人、川崎市は154万人、千代田区は6.7万人です。市場は3-5%成長しました。",
    // Lists of places.
    "支店一覧\n札幌支店 札幌市中央区北1条西2-1 011-211-1111\n仙台支店 仙台市青葉区上杉1-2-3 022-211-1111\n広島支店 広島市中区基町10-52 082-228-2111",
    "店舗名,住所,電話\n銀座店,東京都中央区銀座4-5-6,03-3535-9999\n横浜店,横浜市西区高島2-1-1,045-441-1111\n梅田店,大阪市北区梅田1-1-1,06-6345-1111",
    "東京都 千代田区\n神奈川県 横浜市中区\n大阪府 大阪市北区\n愛知県 名古屋市中区",
    "郵便番号,市区町村,町域\n1000013,千代田区,霞が関\n2310005,横浜市中区,本町\n0600001,札幌市中央区,北一条西",
    // Products, numbers, logs.
    "品番 123-4567、型番 KX-100-0013、ロット 060-0001、図番 231-0005A",
    "商品名,製造日,単価\n高橋の味噌,2010/01/02,500\n佐藤醤油,1999-12-31,600\n山田うどん,2001/05/06,700",
    "ご請求書\n請求日 2026/11/01\n品名 カート ６０個\n合計 1,234,567円\n振込先 みどり銀行 本店 普通 1234567 カ）ミドリショウジ",
    // English.
    "Dear Mr. Tanaka,\n\nThank you for your visit. The next meeting is on 2026-12-05.\n\nBest regards,\nIchiro",
    "Diabetes and hypertension are major risk factors. The seminar on breast cancer awareness is on January 2, 2027.",
];

/// How many labels there are, and how many of them are found; what is missed or found too often is told.
fn recall(texts: &[Labelled], read: impl Fn(&str) -> (Vec<Finding>, u32)) -> (u32, u32, String) {
    let (mut labels, mut found, mut missed) = (0, 0, String::new());
    for (text, expected) in texts {
        let (findings, _) = read(text);
        for &(id, number) in *expected {
            labels += number;
            found += count(&findings, id).min(number);
            if count(&findings, id) != number {
                missed += &format!("{id} {} for {number}: {} in\n{text}\n\n", count(&findings, id), told(&findings));
            }
        }
    }
    (labels, found, missed)
}

#[test]
fn nine_in_ten_are_found_in_running_text() {
    let (labels, found, missed) = recall(&TEXTS, mail);
    assert!(labels > 120 && found * 100 >= labels * 97, "{found} of {labels}\n{missed}");
}

#[test]
fn nearly_all_are_found_in_tables() {
    let (labels, found, missed) = recall(&TABLES, |text| sheet(&text.lines().map(str::to_owned).collect::<Vec<_>>()));
    assert!(labels > 50 && found * 100 >= labels * 98, "{found} of {labels}\n{missed}");
}

#[test]
fn clean_japanese_text_gives_nothing() {
    let mut wrong = String::new();
    for text in CLEAN {
        let (findings, persons) = mail(text);
        if !findings.is_empty() || persons > 0 {
            wrong += &format!("{persons}: {} in\n{text}\n\n", told(&findings));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
