//! How names are read: Japanese ones in Latin letters, English ones as their bearers are called.
//!
//! In: word lists, compiled in. Out: look-ups in constant time, through an index of places in those lists that is built
//! when the first name is asked for. Deliberately absent: what in a text is a name ([`super::person`]).

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use crate::inspect::detect::{READINGS_OF_GIVEN_NAMES as GIVEN, READINGS_OF_SURNAMES as SURNAMES, modern, romaji};

const NICKNAMES: &str = include_str!("../../rules/dictionaries/nicknames.txt");
const ENGLISH: &str = include_str!("../../rules/dictionaries/english_given_names.txt");

/// The surnames that most people have; whoever is called so is called by it.
pub(super) const COMMON: &str = "\
    佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水 山崎 森 池田 橋本 \
    阿部 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤 近藤 村上 遠藤 青木 坂本 斉藤 福田 太田 西村 藤井 金子 岡本 \
    藤原 三浦 中野 中川 原田 松田 竹内 小野 田村 中山 和田 石田 森田 上田 原 内田 柴田 酒井 宮崎 横山 高木 安藤 宮本 大野 \
    小島 谷口 今井 工藤 高田 増田 丸山 杉山 村田 大塚 新井 小山 平野 藤本 河野 上野 武田 松井 千葉 岩崎 菅原 木下 久保 佐野 \
    野口 松尾 市川 菊地 杉本 古川 大西 島田 水野 桜井 高野 渡部 吉川 山内 西田 飯田 西川 菊池 小松 北村 安田 五十嵐 川口 平田 \
    関 中田 久保田 服部 東 岩田 土屋 川崎 福島 本田 辻 樋口 秋山 田口 永井 山中 中西 吉村 川上 石原 大橋 松岡 馬場 浜田 森本 \
    星野 矢野 浅野 大久保 吉岡 松下 荒木 小池 大島 広瀬 尾崎 岡 野村 坂口 熊谷 内藤 須藤 安部 武藤 首藤 佐伯 堀 片山 早川 \
    本間 菅野 栗原 望月 伊東 松村 川村 大石 荒井 内山 西山 三宅 大川 高山 沢田 横田 大谷 小西 吉野 岡崎 黒田 永田 川端";

/// Surnames, by how they are written and by how they sound.
pub(super) static SURNAME: LazyLock<Readings> = LazyLock::new(|| Readings::new(SURNAMES));
/// Given names likewise.
pub(super) static GIVEN_NAME: LazyLock<Readings> = LazyLock::new(|| Readings::new(GIVEN));
static COMMON_NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let sound = |name: &str| SURNAME.sounds(name).into_iter().next();
    COMMON.split_whitespace().flat_map(|name| [Some(name.to_owned()), sound(name)]).flatten().collect()
});
/// Names of one person, a line each.
static GROUPS: LazyLock<Vec<&str>> =
    LazyLock::new(|| NICKNAMES.lines().filter(|line| !line.starts_with('#')).collect());
static CALLED: LazyLock<HashMap<String, Vec<usize>>> = LazyLock::new(called);

/// One list.
pub(super) struct Readings {
    /// A name as it is written today → its readings, separated by spaces.
    readings: HashMap<Box<str>, &'static str>,
    /// All sounds, in the one spelling of [`romaji`].
    sounds: HashSet<Box<str>>,
}

impl Readings {
    fn new(list: &'static str) -> Self {
        let lines = list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
        let mut all = Self { readings: HashMap::new(), sounds: HashSet::new() };
        for (name, readings) in lines {
            all.sounds.extend(readings.split(' ').map(romaji::of_kana).map(String::into_boxed_str));
            // 斉藤 and 齊藤 are one name; the list has the modern form first or both alike.
            all.readings.entry(name.chars().map(modern).collect()).or_insert(readings);
        }
        all.sounds.remove("");
        all
    }

    /// Whether a name in kanji is in the list.
    pub(super) fn has(&self, name: &str) -> bool {
        self.readings.contains_key(today(name).as_str())
    }

    /// How a name in kanji or kana may sound; nothing if nobody knows.
    pub(super) fn sounds(&self, name: &str) -> Vec<String> {
        match self.readings.get(today(name).as_str()) {
            Some(readings) => readings.split(' ').map(romaji::of_kana).collect(),
            None => {
                let sound = romaji::of_kana(&katakana(name));
                if sound.len() >= 2 && self.is_sound(&sound) { vec![sound] } else { Vec::new() }
            }
        }
    }

    /// Whether any name of the list sounds like this.
    pub(super) fn is_sound(&self, sound: &str) -> bool {
        self.sounds.contains(sound)
    }
}

/// Whether a name in kanji, or how it sounds, is one of the most common surnames.
pub(super) fn is_common(name: &str) -> bool {
    COMMON_NAMES.contains(name)
}

/// Whether this is a common English given name, or what its bearers are called.
pub(super) fn is_english(name: &str) -> bool {
    CALLED.contains_key(&name.to_ascii_lowercase())
}

/// Whether one person may be called by both.
pub(super) fn called_alike(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let (Some(a), Some(b)) = (CALLED.get(&one), CALLED.get(&other)) else { return one == other };
    one == other || a.iter().any(|group| b.contains(group))
}

/// What somebody may be called instead.
pub(super) fn nicknames(name: &str) -> impl Iterator<Item = String> {
    let groups = CALLED.get(&name.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
    groups
        .iter()
        .filter_map(|group| GROUPS.get(*group))
        .flat_map(|line| line.split_whitespace())
        .map(str::to_ascii_lowercase)
}

/// Name → the lines on which it stands.
fn called() -> HashMap<String, Vec<usize>> {
    let mut called: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, line) in GROUPS.iter().enumerate() {
        for name in line.split_whitespace() {
            called.entry(name.to_ascii_lowercase()).or_default().push(number);
        }
    }
    for name in ENGLISH.lines().filter(|line| !line.starts_with('#')) {
        called.entry(name.trim().to_ascii_lowercase()).or_default();
    }
    called
}

/// The name in the forms of kanji that are used today.
pub(super) fn today(name: &str) -> String {
    name.chars().map(modern).collect()
}

fn katakana(name: &str) -> String {
    let katakana = |c: char| match c {
        'ぁ'..='ゖ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        c => c,
    };
    name.chars().map(katakana).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sound_as_people_write_them_in_addresses() {
        for (name, spelled) in [
            ("山田", "yamada"),
            ("佐藤", "Satoh"),
            ("齋藤", "saito"),
            ("大野", "ohno"),
            ("土屋", "tutiya"),
            ("東", "higashi"),
        ] {
            assert!(SURNAME.sounds(name).contains(&romaji::of_latin(spelled)), "{name} {:?}", SURNAME.sounds(name));
        }
        assert_eq!(SURNAME.sounds("すずき"), ["suzuki"]);
        assert_eq!(GIVEN_NAME.sounds("太郎"), ["taro"]);
        assert!(SURNAME.sounds("龘龘").is_empty() && !SURNAME.is_sound("info") && !SURNAME.is_sound(""));
    }

    #[test]
    fn the_surnames_that_most_people_have_are_known() {
        let known = |name: &&str| SURNAME.has(name) && !SURNAME.sounds(name).iter().any(String::is_empty);
        let common =
            "佐藤 鈴木 高橋 髙橋 田中 伊藤 渡邊 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 清水 山﨑";
        assert!(common.split(' ').collect::<Vec<_>>().iter().all(known));
    }

    #[test]
    fn who_may_be_called_what() {
        assert!(called_alike("William", "bill") && called_alike("Bob", "Robert") && called_alike("Xi", "xi"));
        assert!(!called_alike("John", "Mary") && !called_alike("Rob", "Bill"));
        assert!(is_english("Kevin") && is_english("liz") && !is_english("Yamada"));
    }
}
