//! Running text by rule: clean and dense, Japanese and English.
//!
//! In: a kind and a size. Out: the same text in every run. Clean text is business prose with what that has anyway:
//! dates, amounts, full-width forms, honorifics, names of towns. Dense text has a person's data in every other line.
//! Deliberately absent: real people; names, numbers and addresses are put together at random.

/// Numbers from a seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: &str) -> Self {
        Self(seed.bytes().fold(7, |state: u64, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % count.max(1) as u64).unwrap_or_default()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    CleanJapanese,
    DenseJapanese,
    CleanEnglish,
    DenseEnglish,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] =
        [Self::CleanJapanese, Self::DenseJapanese, Self::CleanEnglish, Self::DenseEnglish];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CleanJapanese => "clean Japanese",
            Self::DenseJapanese => "dense Japanese",
            Self::CleanEnglish => "clean English",
            Self::DenseEnglish => "dense English",
        }
    }

    pub(crate) fn is_dense(self) -> bool {
        matches!(self, Self::DenseJapanese | Self::DenseEnglish)
    }
}

/// About `size` bytes of text.
pub(crate) fn text(kind: Kind, size: usize) -> String {
    let mut random = Random::new(kind.name());
    let mut text = String::with_capacity(size + 1_000);
    let mut number = 0;
    while text.len() < size {
        number += 1;
        let person = kind.is_dense() && number % 2 == 0;
        text.push_str(&match kind {
            _ if !person && matches!(kind, Kind::CleanJapanese | Kind::DenseJapanese) => japanese(&mut random),
            Kind::CleanJapanese | Kind::DenseJapanese => japanese_person(&mut random),
            _ if !person => english(&mut random),
            Kind::CleanEnglish | Kind::DenseEnglish => english_person(&mut random),
        });
        text.push_str(if number % 6 == 0 { "\n\n" } else { "\n" });
    }
    text
}

/// Names of projects such as a company keeps in a list.
pub(crate) fn project_names(seed: usize, count: usize) -> Vec<String> {
    const FIRST: [&str; 24] = [
        "青葉", "若草", "白鷺", "曙光", "天竜", "北斗", "銀河", "飛鳥", "朝霧", "深緑", "紅葉", "黎明", "清流", "大樹",
        "琥珀", "翡翠", "新星", "山彦", "海鳴", "風車", "雪解", "花筏", "星霜", "月影",
    ];
    let mut random = Random::new(&format!("project {seed}"));
    (0..count).map(|_| format!("{}{}{seed}号計画", random.pick(&FIRST), random.pick(&FIRST))).collect()
}

const THINGS: [&str; 40] = [
    "点検の結果",
    "設備の更新",
    "次年度の計画",
    "お客様のご要望",
    "費用の見積り",
    "関係部署との調整",
    "契約の内容",
    "新しいシステム",
    "サーバーの構成",
    "市場の動向",
    "製品の仕様",
    "納品の日程",
    "会議の議事録",
    "請求の手続き",
    "研修の案内",
    "品質の基準",
    "在庫の状況",
    "広告の効果",
    "データの整理",
    "セキュリティ対策",
    "アンケートの集計",
    "区分の見直し",
    "村落の調査",
    "町並みの保存",
    "プロジェクトの進捗",
    "ネットワークの障害",
    "マニュアルの改訂",
    "売上の見込み",
    "人員の配置",
    "輸送の経路",
    "天候の影響",
    "環境への配慮",
    "皆様のご意見",
    "部品の調達",
    "工場の稼働",
    "取引の条件",
    "担当の者",
    "出張の報告",
    "電話での問い合わせ",
    "メールの配信",
];

const ACTS: [&str; 24] = [
    "確認いたしました",
    "進めております",
    "検討しているところです",
    "ご報告申し上げます",
    "お願いいたします",
    "まとめました",
    "見直す必要があります",
    "予定どおりです",
    "遅れが出ています",
    "改善が見られます",
    "ご覧ください",
    "お送りします",
    "ご相談させてください",
    "完了しました",
    "共有いたします",
    "議論しました",
    "問題はありません",
    "様子を見ることにします",
    "承りました",
    "評価されています",
    "把握しております",
    "変更となりました",
    "来週までに回答します",
    "引き続き対応します",
];

fn japanese(random: &mut Random) -> String {
    let (a, b, c) = (random.pick(&THINGS), random.pick(&THINGS), random.pick(&THINGS));
    let (act, other) = (random.pick(&ACTS), random.pick(&ACTS));
    let (n, m) = (1 + random.below(12), 1 + random.below(28));
    match random.below(8) {
        0 => format!("先日ご依頼いただいた{a}について、{n}月{m}日に{b}とあわせて{act}。"),
        1 => format!("{a}は、{b}を踏まえて{act}が、{c}についてはまだ{other}。"),
        2 => format!("・{a}：{},{:03}円（税別）、数量　{m}個", 1 + random.below(900), random.below(1_000)),
        3 => format!("{a}と{b}に関しましては、本日のところ{act}。なお、{c}は{other}。"),
        4 => format!(
            "なお、第{n}回の{a}は２０２６年{n}月{m}日（火）{}:{:02}から行い、{b}を{act}。",
            9 + random.below(9),
            10 * random.below(6)
        ),
        5 => format!("{a}、{b}、{c}の三点を{act}。前年比{}.{}%の増加でした。", random.below(30), random.below(10)),
        6 => format!("ご不明な点がございましたら、{a}の窓口までお知らせください。{b}も{act}。"),
        _ => format!("このたびの{a}では、{b}が思うように進まず、{c}を含めて{act}。そのうえで、改めて{other}。"),
    }
}

const SURNAMES: [&str; 20] = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "渡辺",
    "伊藤",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
    "井上",
    "木村",
    "清水",
    "斎藤",
    "長谷川",
];
const GIVEN: [&str; 20] = [
    "健一",
    "花子",
    "一郎",
    "美咲",
    "大輔",
    "陽子",
    "翔太",
    "和子",
    "太郎",
    "直樹",
    "恵子",
    "浩二",
    "真由美",
    "拓也",
    "結衣",
    "誠",
    "愛",
    "隆",
    "由美子",
    "健太",
];
const TOWNS: [&str; 8] = [
    "東京都港区芝公園",
    "愛知県名古屋市中区栄",
    "大阪府大阪市北区梅田",
    "北海道札幌市中央区北一条西",
    "神奈川県横浜市西区高島",
    "福岡県福岡市博多区中洲",
    "宮城県仙台市青葉区本町",
    "広島県広島市中区紙屋町",
];

fn japanese_person(random: &mut Random) -> String {
    let name = format!("{}{}", random.pick(&SURNAMES), random.pick(&GIVEN));
    let phone = format!("0{}0-{:04}-{:04}", 7 + random.below(3), 1_000 + random.below(9_000), random.below(10_000));
    let mail =
        format!("{}{}@example.{}", english_word(random), random.below(10_000), random.pick(&["co.jp", "com", "ne.jp"]));
    let town =
        format!("{}{}-{}-{}", random.pick(&TOWNS), 1 + random.below(9), 1 + random.below(30), 1 + random.below(20));
    let (year, month, day) = (1940 + random.below(65), 1 + random.below(12), 1 + random.below(28));
    let thing = random.pick(&THINGS);
    match random.below(6) {
        0 => format!("{name}様（電話 {phone}）より{thing}についてご連絡がありました。"),
        1 => format!("氏名：{name}　生年月日：{year}年{month}月{day}日　住所：{town}"),
        2 => format!("{name}さんのメールアドレスは {mail} に変わり、{thing}の送付先も変更です。"),
        3 => format!(
            "お客様名：{name}　〒{:03}-{:04} {town}　携帯 {phone}",
            100 + random.below(800),
            random.below(10_000)
        ),
        4 => format!("{thing}の件で、{name}様 {phone} {mail} へ折り返しをお願いします。"),
        _ => format!("個人番号 {} の{name}様から、{thing}の申し出を受けました。", my_number(random)),
    }
}

fn my_number(random: &mut Random) -> String {
    let digits: Vec<usize> = (0..11).map(|_| random.below(10)).collect();
    let sum: usize = digits.iter().zip([6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]).map(|(digit, weight)| digit * weight).sum();
    let check = if sum % 11 <= 1 { 0 } else { 11 - sum % 11 };
    digits.iter().chain(&[check]).map(ToString::to_string).collect()
}

const WORDS: [&str; 96] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "is",
    "for",
    "that",
    "on",
    "with",
    "as",
    "are",
    "this",
    "be",
    "by",
    "from",
    "at",
    "or",
    "an",
    "which",
    "we",
    "will",
    "have",
    "has",
    "not",
    "our",
    "was",
    "it",
    "can",
    "review",
    "system",
    "report",
    "customer",
    "project",
    "meeting",
    "schedule",
    "budget",
    "quarter",
    "delivery",
    "contract",
    "quality",
    "service",
    "update",
    "team",
    "process",
    "market",
    "product",
    "design",
    "results",
    "analysis",
    "performance",
    "network",
    "server",
    "security",
    "training",
    "inventory",
    "supplier",
    "transport",
    "maintenance",
    "equipment",
    "factory",
    "campaign",
    "feedback",
    "agreement",
    "requirement",
    "implementation",
    "improvement",
    "department",
    "management",
    "because",
    "during",
    "between",
    "already",
    "before",
    "after",
    "please",
    "attached",
    "following",
    "changes",
    "expected",
    "completed",
    "discussed",
    "available",
    "several",
    "important",
    "next",
    "week",
    "month",
    "number",
    "account",
    "phone",
    "call",
    "mail",
    "named",
    "passed",
];

fn english_word(random: &mut Random) -> &'static str {
    // A few words make up most of any text.
    let rank = random.below(96).min(random.below(96)).min(random.below(140));
    WORDS.get(rank).copied().unwrap_or("item")
}

fn english(random: &mut Random) -> String {
    let mut line = String::new();
    for sentence in 0..1 + random.below(3) {
        let length = 6 + random.below(12);
        for place in 0..length {
            let word = english_word(random);
            if place == 0 {
                line.push_str(if sentence > 0 { " " } else { "" });
                line.push_str(&word[..1].to_ascii_uppercase());
                line.push_str(&word[1..]);
            } else {
                line.push_str(if random.below(12) == 0 { ", " } else { " " });
                line.push_str(word);
            }
        }
        match random.below(10) {
            0 => line.push_str(&format!(
                " on {}-{:02}-{:02}",
                2024 + random.below(3),
                1 + random.below(12),
                1 + random.below(28)
            )),
            1 => line.push_str(&format!(
                " for ${},{:03}.{:02}",
                1 + random.below(90),
                random.below(1_000),
                random.below(100)
            )),
            2 => line.push_str(&format!(" in Q{} (see page {})", 1 + random.below(4), 1 + random.below(300))),
            3 => line.push_str(&format!(" at https://www.example.com/docs/{}", english_word(random))),
            _ => {}
        }
        line.push('.');
    }
    line
}

fn english_person(random: &mut Random) -> String {
    const FIRST: [&str; 12] =
        ["John", "Mary", "Ann", "Peter", "Susan", "David", "Emma", "Robert", "Laura", "James", "Alice", "Thomas"];
    const LAST: [&str; 12] = [
        "Smith", "Brown", "Johnson", "Taylor", "Miller", "Wilson", "Moore", "Clark", "Walker", "Young", "Harris",
        "Lewis",
    ];
    let name = format!("{} {}", random.pick(&FIRST), random.pick(&LAST));
    let phone = format!("+1 650-253-{:04}", random.below(10_000));
    let mail = format!("{}{}@example.com", english_word(random), random.below(100_000));
    let (a, b) = (english_word(random), english_word(random));
    match random.below(5) {
        0 => format!(
            "Name: {name}, phone {phone}, asked about the {a} {b} and expects an answer by the end of the week."
        ),
        1 => format!("Please write to {mail} regarding the {a}, and copy the {b} department on every message."),
        2 => format!(
            "Patient: {name}, date of birth: {}-{:02}-{:02}, SSN: {:03}-{:02}-{:04}, {a} {b}.",
            1940 + random.below(65),
            1 + random.below(12),
            1 + random.below(28),
            100 + random.below(500),
            1 + random.below(98),
            1 + random.below(9_000)
        ),
        3 => format!(
            "Mr. {name} called from {phone} about his {a}; his card 4111 1111 1111 1111 was declined during {b}."
        ),
        _ => format!("Customer: {name}\nMail: {mail}\nPhone: {phone}"),
    }
}
