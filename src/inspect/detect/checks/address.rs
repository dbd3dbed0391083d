//! Japanese addresses.
//!
//! In: the place of a municipality's suffix with a block number after it. Out: the range of the whole address, from the
//! prefecture, if there is one, to the block number. Deliberately absent: the list of municipalities.

use std::ops::Range;

use super::super::names::is_kanji;

/// The 47 prefectures.
const PREFECTURES: [&str; 47] = [
    "北海道",
    "青森県",
    "岩手県",
    "宮城県",
    "秋田県",
    "山形県",
    "福島県",
    "茨城県",
    "栃木県",
    "群馬県",
    "埼玉県",
    "千葉県",
    "東京都",
    "神奈川県",
    "新潟県",
    "富山県",
    "石川県",
    "福井県",
    "山梨県",
    "長野県",
    "岐阜県",
    "静岡県",
    "愛知県",
    "三重県",
    "滋賀県",
    "京都府",
    "大阪府",
    "兵庫県",
    "奈良県",
    "和歌山県",
    "鳥取県",
    "島根県",
    "岡山県",
    "広島県",
    "山口県",
    "徳島県",
    "香川県",
    "愛媛県",
    "高知県",
    "福岡県",
    "佐賀県",
    "長崎県",
    "熊本県",
    "大分県",
    "宮崎県",
    "鹿児島県",
    "沖縄県",
];

/// No municipality's name with its county is longer than this, in characters.
const LONGEST: usize = 14;

/// The whole address around the suffix that `range` starts with.
pub(super) fn around(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..range.start)?;
    let mut start = range.start;
    let mut municipality = 0;
    for (at, c) in before.char_indices().rev().take(LONGEST) {
        let in_name = is_kanji(c) || matches!(c, 'ァ'..='ヺ' | 'ー' | 'ぁ'..='ゖ');
        // 東京都 千代田区: one space may stand after the prefecture.
        if c == ' ' && municipality > 0 && before.get(..at).is_some_and(ends_in_prefecture) {
            continue;
        }
        if !in_name {
            break;
        }
        municipality += 1;
        start = at;
        if prefecture_at(text.get(at..).unwrap_or_default()).is_some() {
            return Some(at..range.end);
        }
    }
    // Without a prefecture hiragana is more often grammar than a name: `場所は横浜市…`.
    let name_start = before
        .get(start..)
        .and_then(|name| {
            name.char_indices().rev().find(|(_, c)| matches!(c, 'ぁ'..='ゖ')).map(|(i, c)| start + i + c.len_utf8())
        })
        .unwrap_or(start);
    text.get(name_start..range.start).is_some_and(|name| !name.is_empty()).then_some(name_start..range.end)
}

/// Whether a cell holds an address. Under a header (`headed`) a municipality will do, and so does a block number alone.
pub(super) fn is_address(value: &str, headed: bool) -> bool {
    let number = || value.contains(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c));
    let suffix = || value.chars().skip(1).any(|c| matches!(c, '市' | '区' | '町' | '村' | '郡'));
    let prefecture = prefecture_at(value.trim_start_matches(|c: char| !is_kanji(c))).is_some();
    if headed {
        return prefecture || (suffix() && value.chars().count() >= 3) || (number() && value.chars().any(is_kanji));
    }
    prefecture && suffix() && number()
}

/// How many bytes of `text` are a prefecture's name.
pub(in super::super) fn prefecture_at(text: &str) -> Option<usize> {
    const FIRST: &str = "北青岩宮秋山福茨栃群埼千東神新富石長岐静愛三滋京大兵奈和鳥島岡広徳香高佐熊鹿沖";
    if !text.chars().next().is_some_and(|c| FIRST.contains(c)) {
        return None;
    }
    PREFECTURES.iter().find(|name| text.starts_with(*name)).map(|name| name.len())
}

fn ends_in_prefecture(text: &str) -> bool {
    PREFECTURES.iter().any(|name| text.ends_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole<'a>(text: &'a str, suffix: &str, end: &str) -> Option<&'a str> {
        let range = text.find(suffix).unwrap()..text.find(end).unwrap() + end.len();
        around(text, &range).and_then(|range| text.get(range))
    }

    #[test]
    fn an_address_starts_at_its_prefecture_or_municipality() {
        assert_eq!(whole("住所は東京都千代田区霞が関3-1-1です", "区", "3-1-1"), Some("東京都千代田区霞が関3-1-1"));
        assert_eq!(whole("東京都 千代田区霞が関3-1-1", "区", "3-1-1"), Some("東京都 千代田区霞が関3-1-1"));
        assert_eq!(whole("場所は横浜市中区本町6-50-10", "市", "6-50-10"), Some("横浜市中区本町6-50-10"));
        assert_eq!(whole("市場1-2-3", "市", "1-2-3"), None);
    }

    #[test]
    fn every_prefecture_is_seen() {
        assert!(PREFECTURES.iter().all(|name| prefecture_at(name) == Some(name.len())));
    }

    #[test]
    fn cells() {
        assert!(is_address("東京都千代田区霞が関3-1-1", false));
        assert!(is_address("横浜市中区", true) && !is_address("横浜市中区", false));
        assert!(!is_address("なし", true) && !is_address("12", true));
    }
}
