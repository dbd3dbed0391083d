//! Japanese addresses.
//!
//! In: the place of a municipality's suffix with a number behind it, or a cell. Out: the range of the whole address,
//! from the prefecture, if there is one, to the building and the room; and whether the municipality is one of the list.
//! Deliberately absent: the list of towns; between municipality and number anything may stand that a town, a 大字, a
//! 条 or a street of Kyoto is written with.

use std::ops::Range;
use std::sync::LazyLock;

use super::Passed;
use crate::inspect::detect::names::script::is_kanji;
use crate::inspect::detect::words::places::{LONGEST, Places, ends_in_prefecture, is_suffix, prefecture};
use crate::inspect::detect::words::vocabulary::Vocabulary;

/// The whole address around the suffix that `range` starts with, and in doubt when only its shape makes it one.
pub(super) fn around(places: &Places, text: &str, range: &Range<usize>) -> Option<Passed> {
    let candidate = text.get(range.clone())?;
    let suffix = range.start + candidate.chars().next()?.len_utf8();
    let start = start(places, text, range.start, suffix)?;
    let street = text.get(suffix..)?;
    let (number, end) = numbers(street, start.sure)?;
    let (number, end) = (suffix + number, suffix + end);
    let named = start.prefecture || start.sure;
    let bare = !is_block(text.get(number..end)?);
    if (bare && !named) || is_grammar(text.get(suffix..number)?, start.sure) {
        return None;
    }
    let doubt = if bare { !start.prefecture } else { !named };
    Some(Passed::plain(start.at..end + building(text.get(end..)?)).doubted(doubt))
}

/// Where an address starts.
struct Start {
    at: usize,
    prefecture: bool,
    /// The municipality is one of the list.
    sure: bool,
}

/// Looks back from the suffix that ends at `suffix` for the municipality, its county or city, and its prefecture.
fn start(places: &Places, text: &str, from: usize, suffix: usize) -> Option<Start> {
    let before = text.get(..from)?;
    let mut known: Option<usize> = None;
    let mut start = from;
    let mut length = 0;
    for (at, c) in before.char_indices().rev().take(LONGEST + 6) {
        // 東京都 千代田区: one space may stand after the prefecture.
        if c == ' ' && length > 0 && before.get(..at).is_some_and(ends_in_prefecture) {
            continue;
        }
        if !(is_kanji(c) || matches!(c, 'ァ'..='ヺ' | 'ー' | 'ぁ'..='ゖ')) {
            break;
        }
        length += 1;
        start = at;
        let here = text.get(at..)?;
        if prefecture(here).is_some() {
            return Some(Start { at, prefecture: true, sure: known.is_some() });
        }
        // A longer name is the better one (四日市市), and a county or a city before a known name belongs to it.
        let is_known = |end: usize| text.get(at..end).is_some_and(|name| places.municipality(name) != 0);
        let above = known.filter(|&end| text.get(at..end).is_some_and(|name| name.ends_with(['郡', '市'])));
        if is_known(suffix) || above.is_some_and(is_known) {
            known = Some(at);
        }
    }
    if let Some(at) = known {
        return Some(Start { at, prefecture: false, sure: true });
    }
    // A name that no list has: hiragana before it is more often grammar than a part of it: `場所は横浜市…`.
    let is_hiragana = |c: char| matches!(c, 'ぁ'..='ゖ');
    let name = before.get(start..)?;
    let at = name.char_indices().rev().find(|(_, c)| is_hiragana(*c)).map_or(start, |(i, c)| start + i + c.len_utf8());
    (at < from).then_some(Start { at, prefecture: false, sure: false })
}

/// Where the block numbers in `street` begin and end; 三 in 三の丸 is none, and neither is 八 in 八幡.
fn numbers(street: &str, sure: bool) -> Option<(usize, usize)> {
    let starts = street.char_indices().take(24).filter(|(_, c)| is_number(*c)).map(|(at, _)| at);
    let mut after = 0;
    for at in starts {
        if at < after {
            continue;
        }
        let Some(end) = tail(street, at, sure) else { continue };
        let numbers = street.get(at..end)?;
        if is_block(numbers) || numbers.bytes().all(|b| b.is_ascii_digit()) {
            return Some((at, end));
        }
        after = end;
    }
    None
}

/// The end in `street` of the block numbers that begin at `number`: `1丁目2番3号`, `3-2-5`, `1条西2丁目`, `552`.
fn tail(street: &str, number: usize, sure: bool) -> Option<usize> {
    const UNITS: [&str; 12] = ["丁目", "番地", "番", "号", "条", "線", "地割", "区", "の", "-", "甲", "乙"];
    let mut end = number;
    for _ in 0..6 {
        let rest = street.get(end..)?;
        let digits = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
        if digits == 0 || rest.get(..digits).is_none_or(|d| d.chars().count() > 5) {
            break;
        }
        let mut at = end + digits;
        let unit = UNITS.iter().find(|unit| street.get(at..).is_some_and(|rest| rest.starts_with(*unit)));
        let Some(unit) = unit else {
            end = at;
            break;
        };
        // `-` and の only join.
        let joins = matches!(*unit, "-" | "の");
        let after = at + unit.len();
        if joins && !street.get(after..)?.starts_with(is_number) {
            end = at;
            break;
        }
        at = after;
        end = at;
        let rest = street.get(at..)?;
        if *unit == "番地" && rest.starts_with(['の', '-']) {
            let next = rest.char_indices().nth(1).map_or(rest.len(), |(i, _)| i);
            at += if rest.get(next..)?.starts_with(is_number) { next } else { 0 };
        } else if matches!(*unit, "丁目" | "番" | "番地") && rest.starts_with([' ', '-']) {
            at += usize::from(rest.get(1..)?.starts_with(is_number));
        } else if matches!(*unit, "条" | "線" | "地割" | "丁目" | "区") {
            // 北1条西2丁目, 第47線北13番地, 第3地割字上平4: a part of a town between two numbers.
            let part = rest.find(is_number).filter(|&part| part <= 18);
            at += part.filter(|&part| rest.get(..part).is_some_and(|p| p.chars().all(is_kanji))).unwrap_or(0);
        }
        if !street.get(at..)?.starts_with(is_number) {
            break;
        }
        if at == end || sure || !street.get(end..at)?.is_empty() {
            end = at;
        }
    }
    let after = street.get(end..)?;
    let ends = !after.starts_with([
        '人', '円', '年', '月', '日', '件', '名', '%', '社', '時', '分', '位', '個', '回', '歳', '才', ',', '.', '万',
        '億', '倍', '本', '台', '点', '割',
    ]);
    (end > number && ends && !is_range(after)).then_some(end)
}

/// `10:30`, `3~5`.
fn is_range(after: &str) -> bool {
    after.starts_with([':', '~', '/']) && after.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
}

fn is_number(c: char) -> bool {
    c.is_ascii_digit() || "〇一二三四五六七八九十百".contains(c)
}

/// Whether the numbers are those of a block, and not one number alone.
fn is_block(numbers: &str) -> bool {
    numbers.contains(['-', '丁', '番', '号', '条', '線', '割', 'の', '甲', '乙'])
}

/// Whether what stands after a municipality is a sentence that goes on, `市場は3-5%`, `市の2-3`, and no town; のぞみ野 is
/// one where the municipality is known (`sure`).
fn is_grammar(town: &str, sure: bool) -> bool {
    const AFTER: [&str; 10] = ["場", "内", "立", "営", "民", "長", "役", "議", "分", "街"];
    let particle = town.starts_with(['は', 'の', 'で', 'に', 'を', 'と', 'も', 'へ', 'や']);
    let goes_on = sure && town.chars().nth(1).is_some_and(|c| matches!(c, 'ぁ'..='ゖ'));
    (particle && !goes_on) || AFTER.contains(&town)
}

/// How many bytes after the block number are the building and the room: ` 霞ヶ関ビル12F`, `-101`, `コーポ青葉 203号室`.
fn building(after: &str) -> usize {
    const WORDS: [&str; 34] = [
        "ビル",
        "マンション",
        "ハイツ",
        "コーポ",
        "荘",
        "アパート",
        "ハイム",
        "レジデンス",
        "メゾン",
        "パレス",
        "タワー",
        "プラザ",
        "コート",
        "ハウス",
        "ガーデン",
        "シティ",
        "ヴィラ",
        "ヒルズ",
        "団地",
        "住宅",
        "寮",
        "棟",
        "号室",
        "パーク",
        "グラン",
        "ドエル",
        "ライオンズ",
        "プレジオ",
        "サンライズ",
        "フラット",
        "カーサ",
        "ステージ",
        "スクエア",
        "館",
    ];
    static BUILDINGS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(WORDS));
    let skip = usize::from(after.starts_with(' '));
    let Some(rest) = after.get(skip..) else { return 0 };
    let ends = |c: char| !(c.is_alphanumeric() || matches!(c, 'ー' | '・' | '-' | '\'' | '&' | '々'));
    let word = rest.char_indices().take(25).find(|(_, c)| ends(*c)).map(|(at, _)| at);
    let word = word.or_else(|| rest.char_indices().nth(25).map(|(at, _)| at)).unwrap_or(rest.len());
    let Some(named) = rest.get(..word) else { return 0 };
    if !BUILDINGS.is_in(named) {
        return 0;
    }
    let mut end = skip + room(named);
    // The room may stand apart: `青葉ビル 3F`.
    if let Some(apart) = after.get(end..).and_then(|rest| rest.strip_prefix(' ')) {
        let digits = apart.find(|c: char| !c.is_ascii_digit()).unwrap_or(apart.len());
        let unit = apart.get(digits..).unwrap_or_default();
        let unit = ROOMS.iter().find(|word| unit.starts_with(**word));
        if let Some(unit) = unit.filter(|_| (1..=5).contains(&digits)) {
            end += 1 + digits + unit.len();
        }
    }
    end
}

/// What a room's number ends in.
const ROOMS: [&str; 5] = ["号室", "号", "階", "F", "室"];

/// The length of a building's name up to its room.
fn room(named: &str) -> usize {
    let Some(digits) = named.find(|c: char| c.is_ascii_digit()) else { return named.len() };
    let rest = named.get(digits..).unwrap_or_default();
    let end = digits + rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
    let unit = named.get(end..).unwrap_or_default();
    end + ROOMS.iter().find(|word| unit.starts_with(**word)).map_or(0, |word| word.len())
}

/// Whether a cell holds an address. Under a header (`headed`) a municipality will do, and so does a block number alone.
pub(super) fn is_address(places: &Places, value: &str, headed: bool) -> bool {
    let number = || value.contains(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c));
    let suffix = || value.chars().skip(1).any(is_suffix);
    let value_start = value.trim_start_matches(|c: char| !is_kanji(c));
    let prefecture = prefecture_at(value_start).is_some();
    if headed {
        return prefecture || (suffix() && value.chars().count() >= 3) || (number() && value.chars().any(is_kanji));
    }
    if prefecture {
        return suffix() && number();
    }
    // 港区芝1-1-1 without a prefecture.
    let known = places.beginning(value).filter(|_| value.chars().count() >= 6);
    known.and_then(|(end, _)| value.get(end..)).is_some_and(|street| {
        numbers(street, true).is_some_and(|(number, end)| {
            !street.get(..number).is_some_and(|town| is_grammar(town, true))
                && street.get(number..end).is_some_and(is_block)
        })
    })
}

/// How many bytes of `text` are a prefecture's name.
pub(in super::super) fn prefecture_at(text: &str) -> Option<usize> {
    prefecture(text).map(|(length, _)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let mut places = Places::default();
        places.add("municipalities", include_str!("../../../../rules/dictionaries/municipalities.txt"));
        places.add("municipalities_former", include_str!("../../../../rules/dictionaries/municipalities_former.txt"));
        places
    }

    /// The address around the first suffix of a municipality that has one, and whether it is in doubt.
    fn whole<'a>(places: &Places, text: &'a str) -> Option<(&'a str, bool)> {
        let suffixes = text.char_indices().filter(|(_, c)| matches!(c, '市' | '区' | '町' | '村'));
        suffixes
            .filter_map(|(at, _)| around(places, text, &(at..text.len())))
            .map(|passed| (text.get(passed.range).unwrap(), passed.doubt))
            .next()
    }

    #[test]
    fn addresses_from_the_prefecture_to_the_room() {
        let places = places();
        for (text, address) in [
            ("住所は東京都千代田区霞が関3-1-1です", "東京都千代田区霞が関3-1-1"),
            ("東京都 千代田区霞が関3-1-1", "東京都 千代田区霞が関3-1-1"),
            ("場所は横浜市中区本町6-50-10", "横浜市中区本町6-50-10"),
            ("横浜市中区本町六丁目50番地の10)", "横浜市中区本町六丁目50番地の10"),
            ("新宿区西新宿三丁目二番五号 山田", "新宿区西新宿三丁目二番五号"),
            ("札幌市中央区北1条西2丁目1番地", "札幌市中央区北1条西2丁目1番地"),
            ("北海道島牧郡島牧村字泊83-1", "北海道島牧郡島牧村字泊83-1"),
            ("北海道石狩郡新篠津村第47線北13番地", "北海道石狩郡新篠津村第47線北13番地"),
            ("岩手県花巻市石鳥谷町好地第8地割字上平23", "岩手県花巻市石鳥谷町好地第8地割字上平23"),
            ("京都市中京区烏丸通御池上る二条殿町552番", "京都市中京区烏丸通御池上る二条殿町552番"),
            ("京都府京都市中京区烏丸通御池上る虎屋町566", "京都府京都市中京区烏丸通御池上る虎屋町566"),
            ("奈良県北葛城郡王寺町大字王寺2123", "奈良県北葛城郡王寺町大字王寺2123"),
            ("埼玉県浦和市高砂3-15-1", "埼玉県浦和市高砂3-15-1"),
            ("港区芝1-2-3 芝パークビル 5F 佐藤", "港区芝1-2-3 芝パークビル 5F"),
            (
                "大阪府大阪市北区中之島1丁目3番20号コーポ青葉203号室",
                "大阪府大阪市北区中之島1丁目3番20号コーポ青葉203号室",
            ),
            ("港区芝1-2-3 山田太郎様", "港区芝1-2-3"),
            ("長野県松本市島立1020", "長野県松本市島立1020"),
            ("名古屋市中区三の丸3-1-2", "名古屋市中区三の丸3-1-2"),
            ("千葉県市川市八幡一丁目1番1号", "千葉県市川市八幡一丁目1番1号"),
        ] {
            assert_eq!(whole(&places, text), Some((address, false)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address() {
        let places = places();
        for text in [
            "市場1-2-3",
            "市場は3-5%成長",
            "区分1-2",
            "町内会は3月1日です",
            "横浜市の人口は377万人",
            "千代田区で3-5人",
            "東京都千代田区の天気",
            "港区10:30",
            "新宿区2020年",
        ] {
            assert!(whole(&places, text).is_none_or(|(_, doubt)| doubt), "{text}: {:?}", whole(&places, text));
        }
    }

    #[test]
    fn a_municipality_that_no_list_has_is_in_doubt() {
        assert_eq!(whole(&places(), "新設は青空市本町1-2-3"), Some(("青空市本町1-2-3", true)));
    }

    #[test]
    fn cells() {
        let places = places();
        for address in ["東京都千代田区霞が関3-1-1", "港区芝1-1-1", "横浜市中区本町6丁目50番地"]
        {
            assert!(is_address(&places, address, false), "{address}");
        }
        assert!(is_address(&places, "横浜市中区", true) && !is_address(&places, "横浜市中区", false));
        assert!(!is_address(&places, "なし", true) && !is_address(&places, "12", true));
        assert!(!is_address(&places, "中央市場1-2", false));
    }
}
