//! Where in Japan: municipalities, and the areas of postal codes.
//!
//! In: the dictionaries `municipalities….txt` (`神奈川県 横浜市中区` a line) and `postal_areas….txt` (`神奈川県 210-259`).
//! Out: [`Places`], which tells whether a name is a municipality's, present or past, and in which prefectures; and where
//! the first three digits of a postal code belong. Deliberately absent: towns and streets, which are two hundred
//! thousand and change; an address is told by its municipality and its block number.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::{AsIs, hash_characters, modern};

/// Some of the 47 prefectures, a bit each in the order of their codes.
pub(crate) type Prefectures = u64;

/// Municipalities and postal areas.
#[derive(Debug, Default)]
pub(crate) struct Places {
    municipalities: HashMap<u64, Prefectures, BuildHasherDefault<AsIs>>,
    /// By the first three digits.
    areas: Vec<Prefectures>,
}

/// No municipality's name is longer than this, in characters: `かすみがうら市`, `さいたま市見沼区`.
pub(crate) const LONGEST: usize = 10;

impl Places {
    /// Adds one dictionary file; its name says what is in it. `false` when the name says nothing.
    pub(crate) fn add(&mut self, stem: &str, text: &str) -> bool {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter_map(|line| line.trim().split_once(' ')).map(|(name, rest)| (bit(name), rest.trim()));
        if stem.starts_with("municipalities") {
            for (prefecture, name) in lines {
                *self.municipalities.entry(key(name)).or_default() |= prefecture;
                // 中区 alone, where everybody knows the city.
                if let Some((_, ward)) = name.split_once('市').filter(|(_, ward)| ward.ends_with('区')) {
                    *self.municipalities.entry(key(ward)).or_default() |= prefecture;
                }
            }
        } else if stem.starts_with("postal_areas") {
            self.areas.resize(1_000, 0);
            for (prefecture, ranges) in lines {
                for range in ranges.split(' ') {
                    let (first, last) = range.split_once('-').unwrap_or((range, range));
                    let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) else { continue };
                    for area in self.areas.iter_mut().skip(first).take((last + 1).saturating_sub(first)) {
                        *area |= prefecture;
                    }
                }
            }
        } else {
            return false;
        }
        true
    }

    /// The prefectures with a municipality (or a county) of this name; 0 when there is none.
    pub(crate) fn municipality(&self, name: &str) -> Prefectures {
        self.municipalities.get(&key(name)).copied().unwrap_or_default()
    }

    /// The municipality that `text` begins with: how many bytes its name takes, and its prefectures.
    pub(crate) fn beginning(&self, text: &str) -> Option<(usize, Prefectures)> {
        let ends = text.char_indices().take(LONGEST).filter(|(_, c)| is_suffix(*c)).map(|(at, c)| at + c.len_utf8());
        let known = ends.filter_map(|end| Some((end, self.municipality(text.get(..end)?))));
        known.filter(|&(_, prefectures)| prefectures != 0).last()
    }

    /// The prefectures of a postal code; 0 when its first three digits are in no use.
    pub(crate) fn area(&self, postal_code: &str) -> Prefectures {
        let digits = postal_code.bytes().filter(u8::is_ascii_digit).take(3);
        let number = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
        self.areas.get(number).copied().unwrap_or_default()
    }
}

/// The prefecture whose name `text` begins with: how many bytes that takes, and which it is.
pub(crate) fn prefecture(text: &str) -> Option<(usize, Prefectures)> {
    // Each has three characters or four.
    if !text.chars().skip(2).take(2).any(|c| matches!(c, '都' | '道' | '府' | '県')) {
        return None;
    }
    let found = PREFECTURES.iter().position(|name| text.starts_with(name))?;
    PREFECTURES.get(found).map(|name| (name.len(), 1 << found))
}

/// Whether `text` ends in a prefecture's name.
pub(crate) fn ends_in_prefecture(text: &str) -> bool {
    text.ends_with(['都', '道', '府', '県']) && PREFECTURES.iter().any(|name| text.ends_with(name))
}

/// What a municipality's name ends in.
pub(crate) fn is_suffix(c: char) -> bool {
    matches!(c, '市' | '区' | '町' | '村' | '郡')
}

fn bit(name: &str) -> Prefectures {
    PREFECTURES.iter().position(|known| *known == name).map_or(0, |at| 1 << at)
}

/// ヶ and ケ, 檜 and 桧: a name is known in whichever form.
fn key(name: &str) -> u64 {
    let one_form = |c| match c {
        'ヶ' | 'が' => 'ケ',
        'ッ' => 'ツ',
        c => modern(c),
    };
    hash_characters(name.chars().map(one_form))
}

/// The 47 prefectures, in the order of their codes (JIS X 0401).
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

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let mut places = Places::default();
        for (stem, text) in [
            ("municipalities", include_str!("../../../../rules/dictionaries/municipalities.txt")),
            ("municipalities_former", include_str!("../../../../rules/dictionaries/municipalities_former.txt")),
            ("postal_areas", include_str!("../../../../rules/dictionaries/postal_areas.txt")),
        ] {
            assert!(places.add(stem, text), "{stem}");
        }
        places
    }

    #[test]
    fn every_municipality_of_today_is_known() {
        let today = include_str!("../../../../rules/dictionaries/municipalities.txt");
        let is_ward = |name: &str| name.ends_with('区') && name.contains('市');
        let names = today.lines().filter_map(|line| line.split_once(' ')).filter(|(first, _)| *first != "#");
        let municipalities = names.filter(|(_, name)| !name.ends_with('郡') && !is_ward(name)).count();
        assert!((1_700..=1_741).contains(&municipalities), "{municipalities}");
        assert!(today.lines().filter(|line| !line.starts_with('#')).all(|line| {
            line.split_once(' ').is_some_and(|(prefecture, name)| bit(prefecture) != 0 && name.ends_with(is_suffix))
        }));
    }

    #[test]
    fn names_of_today_and_of_old() {
        let places = places();
        let tokyo = bit("東京都");
        assert_eq!(places.municipality("千代田区"), tokyo);
        assert_eq!(places.municipality("府中市"), tokyo | bit("広島県"));
        for name in [
            "横浜市中区",
            "中区",
            "浦和市",
            "石鳥谷町",
            "ニセコ町",
            "龍ヶ崎市",
            "龍ケ崎市",
            "四日市市",
            "島牧郡",
            "浜松市浜名区",
        ] {
            assert_ne!(places.municipality(name), 0, "{name}");
        }
        for name in ["", "市", "青空市", "東京都", "株式市", "都市", "商店街区"] {
            assert_eq!(places.municipality(name), 0, "{name}");
        }
        assert_eq!(places.beginning("横浜市中区本町6-50"), Some(("横浜市中区".len(), bit("神奈川県"))));
        assert_eq!(places.beginning("市場"), None);
    }

    #[test]
    fn postal_codes_have_their_places() {
        let places = places();
        assert_eq!(places.area("100-0013"), bit("東京都"));
        assert_eq!(places.area("0600001"), bit("北海道"));
        assert_eq!(places.area("498-0000"), bit("愛知県") | bit("三重県"));
        assert_eq!(places.area("000-0000"), 0);
    }

    #[test]
    fn every_prefecture_is_seen() {
        for (number, name) in PREFECTURES.iter().enumerate() {
            assert_eq!(prefecture(&format!("{name}の")), Some((name.len(), 1 << number)));
            assert!(ends_in_prefecture(name));
        }
        assert_eq!(prefecture("東京タワー"), None);
    }
}
