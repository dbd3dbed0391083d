//! What may be a given name, or a name at all, that no dictionary has?
//!
//! In: what follows a surname, or stands where a label asks for a name. Out: whether it may be one, by what it is written
//! with and by the words that are none. Deliberately absent: the dictionaries of names ([`super`]).

use super::script::{is_kanji, is_katakana};

/// What follows a surname in a word of its own and does not name a person: 山田商店, 石川県, 田中課長.
pub(super) fn may_be_given(word: &str) -> bool {
    const NOT: &str =
        "県市区町村郡部課係室店社会館院園校局所署家駅線川橋山寺港島長員者等様氏殿君行宛方的性化製式型用側内外中上下";
    let all_kana = word.chars().all(|c| matches!(c, 'ぁ'..='ゖ'));
    !all_kana
        && word.chars().all(|c| is_kanji(c) || matches!(c, 'ぁ'..='ゖ'))
        && !word.ends_with(|c| NOT.contains(c))
        && !word.starts_with(|c: char| matches!(c, 'ぁ'..='ゖ'))
}

/// Whether kana after a surname may be a given name: さくら and エリ are; から and さん are grammar.
pub(super) fn may_be_kana(word: &str) -> bool {
    word.chars().count() >= 2 && !GRAMMAR.contains(&word)
}

/// Whether `word` is a given name as many who are old have one: `ヨシ子`, `キミ江`.
pub(super) fn is_half_kana(word: &str) -> bool {
    let kana = word.strip_suffix(['子', '江', '枝', '代', '美', '恵']).unwrap_or_default();
    (1..=3).contains(&kana.chars().count()) && kana.chars().all(is_katakana)
}

/// Whether something in `word` stands where a name should and is none.
pub(super) fn is_unnamed(word: &str) -> bool {
    UNNAMED.iter().any(|unnamed| word.contains(unnamed))
}

/// What hiragana after a surname is more often than a given name.
const GRAMMAR: [&str; 24] = [
    "から",
    "まで",
    "より",
    "です",
    "さん",
    "さま",
    "くん",
    "ちゃん",
    "など",
    "ほか",
    "でも",
    "こと",
    "とも",
    "のみ",
    "なら",
    "なり",
    "だけ",
    "ため",
    "では",
    "には",
    "との",
    "への",
    "かな",
    "かも",
];

/// Words that stand where a name should and are none.
const UNNAMED: [&str; 36] = [
    "未定", "不明", "同上", "別紙", "記入", "省略", "匿名", "公開", "会社", "法人", "銀行", "大学", "病院", "商店",
    "番号", "住所", "電話", "名簿", "変更", "必須", "任意", "確認", "参照", "一覧", "該当", "各位", "御中", "全員",
    "社員", "職員", "担当", "氏名", "名前", "欄", "部門", "製品",
];
