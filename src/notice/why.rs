//! Why something was found, in a sentence for people.
//!
//! In: the [`Why`] of an example. Out: its parts as short phrases, what speaks for the hit and what against it told apart.
//! Deliberately absent: anything of the mail; the words in quotation marks are those of the rule.

use super::words::{number, one_line, pick};
use crate::{
    inspect::{By, Lowered, Raised, Validation, Why},
    language::Language,
};

/// What pointed to it, what was checked, what raised it and what lowered it, in one line.
pub fn why(why: &Why, language: Language) -> String {
    let l = language;
    let found = by(&why.by, l).into_iter().chain(why.validation.map(|proof| validation(proof, l).to_owned()));
    let mut parts = vec![found.collect::<Vec<_>>().join(pick(l, "、", ", "))];
    if !why.raised.is_empty() {
        let raised: Vec<String> = why.raised.iter().map(|ground| raised(ground, l)).collect();
        parts.push(format!("{}{}", pick(l, "確度を上げたもの：", "raised by "), raised.join(pick(l, "、", ", "))));
    }
    if !why.lowered.is_empty() {
        let lowered: Vec<&str> = why.lowered.iter().map(|ground| lowered(*ground, l)).collect();
        parts.push(format!("{}{}", pick(l, "下げたもの：", "lowered by "), lowered.join(pick(l, "、", ", "))));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(pick(l, "；", "; "))
}

fn by(by: &By, language: Language) -> Option<String> {
    Some(match (by, language) {
        (By::Pattern { pattern }, Language::Ja) => format!("パターン{pattern}に一致"),
        (By::Pattern { pattern }, Language::En) => format!("pattern {pattern}"),
        (By::Dictionary { dictionary }, Language::Ja) => format!("単語リスト「{}」の語", one_line(dictionary, 40)),
        (By::Dictionary { dictionary }, Language::En) => format!("a word of the list “{}”", one_line(dictionary, 40)),
        (By::Table, _) => pick(language, "自社の表の行", "a row of your own table").to_owned(),
        (By::Document, _) => pick(language, "登録された文書の文章", "passages of a registered document").to_owned(),
        (By::Statement, _) => pick(language, "パスワードを伝える文", "a sentence that tells a password").to_owned(),
        // What raised it says the same.
        (By::Column | By::Label | By::Position, _) => return None,
    })
}

fn validation(proof: Validation, language: Language) -> &'static str {
    let (ja, en) = match proof {
        Validation::CheckDigit => ("検査数字が正しい", "its check digit is right"),
        Validation::Structure => ("桁数や構成が正しい", "its parts have the right form"),
        Validation::NumberingPlan => {
            ("電話番号計画に合う（libphonenumber）", "it fits the numbering plan (libphonenumber)")
        }
        Validation::PostalArea => ("使われている郵便番号の区域", "its postal area is in use"),
        Validation::Places => ("実在する市区町村", "its municipality exists"),
        Validation::Names => ("姓名の辞書に合う", "the dictionaries of names know it"),
        Validation::Calendar => ("生年月日としてありうる日付", "somebody can be born on that day"),
        Validation::Randomness => ("無作為に作られた並び", "it looks drawn by lot"),
        Validation::Secret => ("見本や伏せ字ではない", "it is no placeholder"),
        Validation::Standing => ("文の一部ではなく表示として置かれている", "it stands for itself and in no sentence"),
        Validation::ExactMatch => ("自社データの索引と一致", "its keyed hash is in your index"),
    };
    pick(language, ja, en)
}

fn raised(ground: &Raised, language: Language) -> String {
    let quoted = |word: &str| {
        let word = one_line(word, 40);
        match language {
            Language::Ja => format!("「{word}」"),
            Language::En => format!("“{word}”"),
        }
    };
    let plain = |ja: &'static str, en: &'static str| pick(language, ja, en).to_owned();
    match ground {
        Raised::Context { word, distance, after } => {
            format!("{}{}", quoted(word), distance_of(*distance, *after, language))
        }
        Raised::Header { word } => format!("{}{}", plain("列の見出し", "the column header "), quoted(word)),
        Raised::Label { word } => format!("{}{}", plain("項目名", "the label "), quoted(word)),
        Raised::Neighbours => plain("同じ列の値がそろって同じ種類", "the other values of its column"),
        Raised::Crowd => plain("検査数字の正しい番号が多く並ぶ", "many of its kind with right check digits"),
        Raised::Beside => plain("本人の情報が隣にある", "a person's data beside the name"),
        Raised::List => plain("氏名が続けて並ぶ", "several names in a row"),
        Raised::Person => plain("人物が近くにいる", "a person beside it"),
        Raised::Protected => plain("パスワード付きのファイルが共にある", "a protected file that goes with it"),
    }
}

fn distance_of(distance: usize, after: bool, language: Language) -> String {
    let count = number(u64::try_from(distance).unwrap_or(u64::MAX));
    match (language, distance, after) {
        (Language::Ja, 0, false) => "が直前にある".to_owned(),
        (Language::Ja, 0, true) => "が直後にある".to_owned(),
        (Language::Ja, _, false) => format!("が{count}文字前にある"),
        (Language::Ja, _, true) => format!("が{count}文字後にある"),
        (Language::En, 0, false) => " right before it".to_owned(),
        (Language::En, 0, true) => " right behind it".to_owned(),
        (Language::En, 1, false) => " 1 character before it".to_owned(),
        (Language::En, 1, true) => " 1 character behind it".to_owned(),
        (Language::En, _, false) => format!(" {count} characters before it"),
        (Language::En, _, true) => format!(" {count} characters behind it"),
    }
}

fn lowered(ground: Lowered, language: Language) -> &'static str {
    let (ja, en) = match ground {
        Lowered::NoContext => ("手がかりになる語が近くにない", "no context word near it"),
        Lowered::NoHeader => ("列の見出しがない", "no header over its column"),
        Lowered::FormOnly => ("形のほかに確かめるものがない", "nothing but its form to go by"),
        Lowered::Sample => (
            "見本・文中の語・社内のアドレスに見える",
            "its look of a sample, of a word in a sentence or of an inside address",
        ),
    };
    pick(language, ja, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_as_sentences() {
        let context = |distance, after| Raised::Context { word: "携帯".to_owned(), distance, after };
        let told = |by, validation, raised: Vec<Raised>, lowered: Vec<Lowered>| {
            let reason = Why { by, validation, raised, lowered };
            [why(&reason, Language::Ja), why(&reason, Language::En)]
        };
        assert_eq!(
            told(By::Pattern { pattern: 2 }, Some(Validation::NumberingPlan), vec![context(0, true)], vec![]),
            [
                "パターン2に一致、電話番号計画に合う（libphonenumber）；確度を上げたもの：「携帯」が直後にある",
                "pattern 2, it fits the numbering plan (libphonenumber); raised by “携帯” right behind it",
            ]
        );
        assert_eq!(
            told(By::Column, Some(Validation::Names), vec![Raised::Header { word: "氏名".to_owned() }], vec![]),
            [
                "姓名の辞書に合う；確度を上げたもの：列の見出し「氏名」",
                "the dictionaries of names know it; raised by the column header “氏名”",
            ]
        );
        assert_eq!(
            told(By::Pattern { pattern: 1 }, None, vec![context(12, false)], vec![Lowered::Sample]),
            [
                "パターン1に一致；確度を上げたもの：「携帯」が12文字前にある；下げたもの：見本・文中の語・社内のアドレスに見える",
                "pattern 1; raised by “携帯” 12 characters before it; lowered by its look of a sample, of a word in a sentence or of an inside address",
            ]
        );
        assert_eq!(
            told(By::Column, None, vec![Raised::Neighbours], vec![Lowered::NoHeader]),
            [
                "確度を上げたもの：同じ列の値がそろって同じ種類；下げたもの：列の見出しがない",
                "raised by the other values of its column; lowered by no header over its column",
            ]
        );
    }
}
