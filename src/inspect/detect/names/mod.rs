//! Is this a Japanese personal name?
//!
//! In: normalised text of a word or two. Out: whether it reads as a full name or a surname, by dictionary, and how sure
//! that is ([`Reading`]). Where in a text names are looked for is decided by whoever asks, and names that no dictionary
//! has are told by [`self::strangers`].
//! Deliberately absent: a tokenizer; a name stands between boundaries or beside a word that announces it.
//!
//! In reading order: [`script`] says what names are written with, [`given`] what may be a given name, [`strangers`] who is in
//! no dictionary, [`readings`] how kanji are read, [`romaji`] how kana are spelt in Latin letters.

mod given;
mod readings;
pub mod romaji;
pub(super) mod script;
mod strangers;

use self::given::{is_half_kana, may_be_given, may_be_kana};
use self::readings::Readings;
use self::script::{is_kanji, is_katakana, is_name_character};
use super::words::places::Places;
use super::words::{Growing, Words, modern};

/// The dictionaries of names, and of the places that are no names.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) places: Places,
    pub(super) readings: Readings,
    surnames: Words,
    pub(super) given: Words,
    surname_readings: Words,
    pub(super) given_readings: Words,
    /// Words that read like a full name and are none: 伊藤忠, 四方八方.
    pub(super) no_names: Words,
    /// What after a surname makes it a company or a place: 電機, 駅.
    pub(super) no_given: Words,
    /// Readings of surnames and of given names in the one spelling of [`romaji`].
    surname_romaji: Words,
    given_romaji: Words,
    /// Given names in Latin letters, small ones.
    latin: Words,
}

/// How a word reads as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    /// A surname alone.
    Surname,
    /// A known surname, and after it what may be a given name.
    Plausible,
    /// Surname and given name, both known.
    Full,
}

/// What stands between surname and given name.
const SPACES: [char; 3] = [' ', '・', '\u{A0}'];
/// No Japanese name is longer than this, in characters.
const LONGEST: usize = 10;
/// A name at the beginning of a word has no more kanji, with one that joins it to the next.
const LEADING: usize = 6;

impl Names {
    /// Adds one dictionary file; its name says what is in it. `false` when the name says nothing.
    pub(super) fn add(&mut self, file: &str, text: &str) -> bool {
        let stem = file.rsplit('/').next().unwrap_or(file);
        let spellings = [("surname_readings", &mut self.surname_romaji), ("given_readings", &mut self.given_romaji)];
        if let Some((_, spellings)) = spellings.into_iter().find(|(readings, _)| stem.starts_with(readings)) {
            let readings = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
            readings.for_each(|reading| spellings.add(&romaji::of_kana(reading)));
        }
        let words = if stem.starts_with("surname_readings") {
            &mut self.surname_readings
        } else if stem.starts_with("given_readings") {
            &mut self.given_readings
        } else if stem.starts_with("surnames") {
            &mut self.surnames
        } else if stem.starts_with("given_names") {
            &mut self.given
        } else if ["english_given_names", "latin_given_names"].iter().any(|names| stem.starts_with(names)) {
            self.latin.add(&text.to_lowercase());
            return true;
        } else if stem.starts_with("not_names") {
            &mut self.no_names
        } else if stem.starts_with("not_given") {
            &mut self.no_given
        } else {
            return self.readings.add(stem, text) || self.places.add(stem, text);
        };
        words.add(text);
        true
    }

    /// Reads all of `word` as a name: `山田太郎`, `山田 太郎`, `ヤマダ タロウ`, `山田`.
    pub(super) fn read(&self, word: &str) -> Option<Reading> {
        let first = word.chars().next()?;
        // Most words of most texts end here.
        if !self.begins(first) {
            return None;
        }
        // Most others end here: a surname of one character, or of two and more, would begin otherwise.
        if is_kanji(first)
            && let Some(second) = word.chars().nth(1).filter(|c| is_name_character(*c))
            && !self.may_head(first, second)
        {
            return None;
        }
        let parted = |at: usize| {
            let (checked, rest) = word.split_at_checked(at)?;
            let (surname, given) = rest.split_once(SPACES)?;
            let surname = word.get(..checked.len() + surname.len())?;
            self.read_parts(surname, given.trim_start())
        };
        // Where each beginning of the word ends, and its hash.
        let mut heads = [(0, 0); LONGEST];
        let mut count = 0;
        let mut growing = Growing::default();
        for (at, c) in word.char_indices() {
            // A space, or something that stands in no name.
            if !is_name_character(c) {
                return parted(at);
            }
            growing = growing.with(modern(c));
            match heads.get_mut(count) {
                Some(head) => *head = (at + c.len_utf8(), growing.hash()),
                None => return parted(at),
            }
            count += 1;
        }
        if is_katakana(first) && self.surname_readings.begins(first) {
            return self.read_kana(word);
        }
        if !self.surnames.begins(first) {
            return None;
        }
        let mut best = (count >= 2 && self.surnames.has_hash(growing.hash())).then_some(Reading::Surname);
        for (length, &(end, hash)) in (1usize..).zip(&heads).take(count.saturating_sub(1)) {
            if !self.surnames.has_hash(hash) {
                continue;
            }
            let given = word.get(end..).unwrap_or_default();
            // 林 and 森 are surnames and also words: they need a given name of two characters that is known.
            let rest = count - length;
            let in_kana = || given.chars().all(is_katakana) && self.given_readings.has(given);
            let known = self.given.has(given) || rest >= 2 && (in_kana() || is_half_kana(given));
            if known && (length >= 2 || rest >= 2) && count >= 3 {
                return (!self.no_names.has(word)).then_some(Reading::Full);
            }
            // 佐々木 is no 佐々 with a given name of one character.
            if best != Some(Reading::Surname) && length >= 2 && (1..=3).contains(&rest) && self.may_be_given(given) {
                best = Some(Reading::Plausible);
            }
        }
        best
    }

    /// Whether a surname may begin with these characters, or be the first of them.
    fn may_head(&self, first: char, second: char) -> bool {
        let one = Growing::default().with(modern(first));
        let begins = |head: Growing| self.surnames.may_begin(head.hash());
        begins(one.with(modern(second))) || begins(one)
    }

    /// The full name in kanji that begins a longer word, as the offset where it ends: `鈴木一郎の`. Asked of most words
    /// of every text.
    pub(super) fn leading(&self, word: &str) -> Option<usize> {
        let mut kanji = word.chars().take_while(|c| is_kanji(*c));
        let (first, second, _) = (kanji.next()?, kanji.next()?, kanji.next()?);
        // Most words have two kanji, and most others begin with no surname.
        if kanji.count() > LEADING - 3 || !self.surnames.begins(first) || !self.may_head(first, second) {
            return None;
        }
        let (end, _) = word.char_indices().find(|(_, c)| !is_kanji(*c))?;
        let name = word.get(..end)?;
        // What an honorific follows, others find.
        if name.ends_with(['様', '氏', '殿']) {
            return None;
        }
        // 佐藤花子及び goes on in kanji.
        let name = name.strip_suffix(['及', '並']).unwrap_or(name);
        (self.read(name) == Some(Reading::Full)).then_some(name.len())
    }

    /// Reads katakana without a space: `ヤマダタロウ`.
    fn read_kana(&self, word: &str) -> Option<Reading> {
        let length = word.chars().count();
        if !(4..=LONGEST).contains(&length) || !word.chars().all(is_katakana) {
            return None;
        }
        let mut splits = word.char_indices().map(|(at, _)| word.split_at(at)).skip(2).take(length - 3);
        splits
            .any(|(surname, given)| self.surname_readings.has(surname) && self.given_readings.has(given))
            .then_some(Reading::Plausible)
    }

    /// Whether what follows a known surname may be a given name that no dictionary has.
    fn may_be_given(&self, word: &str) -> bool {
        let all_hiragana = word.chars().all(|c| matches!(c, 'ぁ'..='ゖ'));
        if all_hiragana || word.chars().all(is_katakana) {
            return may_be_kana(word) && self.given_readings.has_reading(word);
        }
        may_be_given(word) && !self.no_given.has(word)
    }

    fn read_parts(&self, surname: &str, given: &str) -> Option<Reading> {
        let length = given.chars().count();
        if length == 0 || length > 6 || !given.chars().all(is_name_character) {
            return None;
        }
        if self.surnames.has(surname) {
            let known =
                self.given.has(given) || given.chars().all(|c| !is_kanji(c)) && self.given_readings.has_reading(given);
            return Some(if known { Reading::Full } else { Reading::Plausible })
                .filter(|_| known || length <= 3 && !self.no_given.has(given));
        }
        let known = self.surname_readings.has_reading(surname) && self.given_readings.has_reading(given);
        known.then_some(Reading::Full)
    }

    /// How long the surname is with which a full name begins: without a given name that is known behind it the longest,
    /// and without either half of the name.
    pub(super) fn surname_of(&self, name: &str) -> usize {
        let (mut growing, mut longest) = (Growing::default(), None);
        for (at, c) in name.char_indices().take(LONGEST) {
            growing = growing.with(modern(c));
            let end = at + c.len_utf8();
            if end < name.len() && self.surnames.has_hash(growing.hash()) {
                if name.get(end..).is_some_and(|given| self.given.has(given)) {
                    return end;
                }
                longest = Some(end);
            }
        }
        let middle = || name.char_indices().nth(name.chars().count().div_ceil(2)).map_or(name.len(), |(at, _)| at);
        longest.unwrap_or_else(middle)
    }

    /// Whether `first` and `last`, in Latin letters, are a known name: a Japanese one in either order, or one of Europe and America.
    pub(super) fn is_latin(&self, first: &str, last: &str) -> bool {
        let given = first.to_lowercase();
        // Anna-Maria
        if self.latin.has(&given) || given.split_once('-').is_some_and(|(given, _)| self.latin.has(given)) {
            return true;
        }
        let (a, b) = (romaji::of_latin(first), romaji::of_latin(last));
        let japanese = |surname: &str, given: &str| {
            surname.len() >= 3 && given.len() >= 3 && self.surname_romaji.has(surname) && self.given_romaji.has(given)
        };
        japanese(&a, &b) || japanese(&b, &a)
    }

    /// The longest name that ends `text`, as the offset where it starts. A name does not start in the middle of a
    /// word, unless both its parts are known.
    pub(super) fn ending(&self, text: &str) -> Option<(usize, Reading)> {
        let (mut starts, mut count) = ([(0, ' '); LONGEST], 0);
        let mut space = false;
        for (start, c) in text.char_indices().rev().take(LONGEST) {
            // One space may stand between the parts.
            if c == ' ' && !space && count > 0 {
                space = true;
            } else if !is_name_character(c) {
                break;
            }
            if let Some(slot) = starts.get_mut(count) {
                *slot = (start, c);
            }
            count += 1;
        }
        let mut best: Option<(usize, Reading)> = None;
        for &(start, c) in starts.iter().take(count) {
            let Some(reading) = (c != ' ').then(|| text.get(start..)).flatten().and_then(|word| self.read(word)) else {
                continue;
            };
            let inside = text.get(..start).and_then(|t| t.chars().next_back()).is_some_and(is_kanji);
            if (!inside || reading == Reading::Full) && best.is_none_or(|(_, known)| reading >= known) {
                best = Some((start, reading));
            }
        }
        best.map(|(start, reading)| (self.begun(text, start), reading))
    }

    /// Whether a name may begin so.
    fn begins(&self, first: char) -> bool {
        self.surnames.begins(first) || self.surname_readings.begins(super::words::katakana(first))
    }

    /// The longest name that begins `text`, as the offset where it ends.
    pub(super) fn beginning(&self, text: &str) -> Option<(usize, Reading)> {
        text.chars().next().filter(|first| self.begins(*first))?;
        let mut best: Option<(usize, Reading)> = None;
        let mut space = false;
        for (start, c) in text.char_indices().take(LONGEST + 1) {
            if matches!(c, ' ' | '・') && !space && start > 0 {
                space = true;
                continue;
            }
            if !is_name_character(c) {
                break;
            }
            let end = start + c.len_utf8();
            let Some(reading) = text.get(..end).and_then(|word| self.read(word)) else { continue };
            let inside = text.get(end..).and_then(|t| t.chars().next()).is_some_and(is_kanji);
            if (!inside || reading == Reading::Full) && best.is_none_or(|(_, known)| reading >= known) {
                best = Some((end, reading));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::detect::rules::builtin;

    fn names() -> Names {
        let mut names = Names::default();
        for (file, text) in builtin::DICTIONARIES {
            assert!(names.add(file, text) || file.contains("special_care"), "{file}");
        }
        names
    }

    #[test]
    fn full_names_are_read() {
        let names = names();
        for name in [
            "山田太郎",
            "山田 太郎",
            "佐藤花子",
            "髙橋健一",
            "大谷翔平",
            "渡邉美咲",
            "五十嵐結衣",
            "ヤマダ タロウ",
            "やまだ はなこ",
            "田中ヨシ子",
            "森健太郎",
            "林 修",
        ] {
            assert_eq!(names.read(name), Some(Reading::Full), "{name}");
        }
        for name in
            ["与那覇真一", "齋藤圭", "齊藤優", "濵﨑美咲", "渡邉さくら", "佐藤ひなた", "高橋 エリ", "林 蒼", "上村メイ"]
        {
            assert_eq!(names.read(name), Some(Reading::Full), "{name}");
        }
        for name in ["山田", "佐々木", "長谷川", "久保田", "小野寺"] {
            assert_eq!(names.read(name), Some(Reading::Surname), "{name}");
        }
        for name in ["田中騎士", "ヤマダタロウ", "ワタナベナオコ"] {
            assert_eq!(names.read(name), Some(Reading::Plausible), "{name}");
        }
    }

    #[test]
    fn names_in_latin_letters_are_known() {
        let names = names();
        for (first, last) in [("Taro", "Yamada"), ("YAMADA", "Tarou"), ("Junichi", "Ohno"), ("John", "Smith")] {
            assert!(names.is_latin(first, last), "{first} {last}");
        }
        for (first, last) in [("Customer", "Service"), ("New", "York"), ("Sales", "Team"), ("Tokyo", "Tower")] {
            assert!(!names.is_latin(first, last), "{first} {last}");
        }
    }

    #[test]
    fn words_are_no_names() {
        let names = names();
        for word in [
            "",
            "東京都",
            "経済成長",
            "山田商店",
            "石川県",
            "高橋部長",
            "大学",
            "株式会社",
            "ありがとう",
            "サーバー",
            "森林",
            "お客",
            "数量",
            "請求書",
            "伊藤忠",
            "富士通",
            "四方八方",
            "小林製薬",
            "高橋商事",
            "山田電機",
            "松本駅",
            "佐藤から",
            "山田さん",
            "高島屋",
            "福島第一",
            "石川県庁",
            "サービスセンター",
            "カスタマーセンター",
        ] {
            assert!(names.read(word).is_none_or(|r| r == Reading::Surname), "{word}: {:?}", names.read(word));
        }
    }

    #[test]
    fn a_name_is_found_at_the_end_and_at_the_beginning() {
        let names = names();
        let text = "株式会社北保安サービス 営業部 山田太郎";
        assert_eq!(names.ending(text), Some((text.find("山田").unwrap(), Reading::Full)));
        assert_eq!(names.ending("それは山田"), Some(("それは".len(), Reading::Surname)));
        assert_eq!(names.ending("お客"), None);
        assert_eq!(names.ending("仕"), None);
        assert_eq!(names.beginning("佐藤 花子 090"), Some(("佐藤 花子".len(), Reading::Full)));
        assert_eq!(names.beginning("鈴木一郎さんの"), Some(("鈴木一郎".len(), Reading::Full)));
        assert_eq!(names.beginning("未定です"), None);
        assert!(names.may_be_name("勅使川原 凛") && names.may_be_name("鬼無里蓮") && !names.may_be_name("変更必須"));
    }
}
