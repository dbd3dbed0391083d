//! How Japanese names are read: is this name in kana that one in kanji?
//!
//! In: the dictionaries `readings_of_surnames….txt` and `readings_of_given_names….txt` (`山田 ヤマダ` a line, all readings
//! behind the name). Out: [`Readings::may_be`]. Banks write small kana large, so all are large here. Deliberately
//! absent: names in Latin letters ([`super::romaji`]), and which two names stand where one person is
//! ([`super::super::prose::clusters`]).

use super::script::{is_kanji, is_name_character};
use crate::inspect::detect::words::{Hashes, hash_characters, katakana, large, modern};

/// The readings of surnames and of given names.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    surnames: Pairs,
    given: Pairs,
}

/// Names, and how each is read.
#[derive(Debug, Default)]
struct Pairs {
    names: Hashes,
    pairs: Hashes,
}

impl Readings {
    /// Adds one dictionary file; its name says what is in it. `false` when the name says nothing.
    pub(crate) fn add(&mut self, stem: &str, text: &str) -> bool {
        let pairs = if stem.starts_with("readings_of_surnames") {
            &mut self.surnames
        } else if stem.starts_with("readings_of_given_names") {
            &mut self.given
        } else {
            return false;
        };
        text.lines().filter(|line| !line.starts_with('#')).for_each(|line| pairs.add(line));
        true
    }

    /// Whether `kana` may be how `written` is read, a full name or a surname alone: what the dictionaries know of its
    /// surname and of its given name fits, and they know one of them.
    pub(crate) fn may_be(&self, written: &str, kana: &str) -> bool {
        if !written.contains(is_kanji) || kana.contains(is_kanji) || !kana.contains(is_name_character) {
            return false;
        }
        let (name, sound) = (Parts::of(written, modern), Parts::of(kana, spelt));
        if name.middle.is_none() && self.surnames.has(&name.characters) {
            return sound.splits().any(|(surname, _)| self.surnames.fits(&name.characters, surname) == Some(true));
        }
        let known = |surname: &[char], given: &[char]| {
            usize::from(self.surnames.has(surname)) + usize::from(self.given.has(given))
        };
        // Where some way to part the name gives two that are known, no other counts.
        let most = name.splits().map(|(surname, given)| known(surname, given)).max().unwrap_or_default();
        let mut likely = name.splits().filter(|(surname, given)| most > 0 && known(surname, given) == most);
        likely.any(|(surname, given)| {
            let fits = |pairs: &Pairs, name, sound| pairs.fits(name, sound) != Some(false);
            sound.splits().any(|(first, last)| fits(&self.surnames, surname, first) && fits(&self.given, given, last))
        })
    }
}

/// The characters of a name, and where its given name begins if that is told.
struct Parts {
    characters: Vec<char>,
    middle: Option<usize>,
}

impl Parts {
    fn of(name: &str, folded: fn(char) -> char) -> Self {
        let is_name = |c: &char| is_name_character(*c);
        let characters: Vec<char> = name.chars().filter(is_name).map(folded).collect();
        let before = name.trim().find([' ', '・']).and_then(|at| name.trim().get(..at));
        let middle = before.map(|surname| surname.chars().filter(is_name).count());
        Self { characters, middle }
    }

    /// The ways to part it.
    fn splits(&self) -> impl Iterator<Item = (&[char], &[char])> {
        let all = 1..self.characters.len();
        let ways = self.middle.map_or(all, |middle| middle..middle + 1);
        ways.filter_map(|middle| self.characters.split_at_checked(middle))
    }
}

impl Pairs {
    fn add(&mut self, line: &str) {
        let Some((name, readings)) = line.trim().split_once(' ') else { return };
        self.names.insert(hash_characters(name.chars().map(modern)));
        for reading in readings.split(' ').filter(|reading| !reading.is_empty()) {
            self.pairs.insert(pair(name.chars().map(modern), reading.chars().map(spelt)));
        }
    }

    /// Whether anybody knows how `name` is read: what is in kana says it itself.
    fn has(&self, name: &[char]) -> bool {
        is_kana(name) || self.names.contains(&hash_characters(name.iter().copied()))
    }

    /// Whether `name` is read so; nothing if nobody knows.
    fn fits(&self, name: &[char], reading: &[char]) -> Option<bool> {
        let is_itself = || is_kana(name) && name.iter().map(|c| spelt(*c)).eq(reading.iter().copied());
        let is_known = || self.pairs.contains(&pair(name.iter().copied(), reading.iter().copied()));
        self.has(name).then(|| is_itself() || is_known())
    }
}

fn is_kana(name: &[char]) -> bool {
    !name.iter().any(|c| is_kanji(*c))
}

/// A name and a reading as one.
fn pair(name: impl Iterator<Item = char>, reading: impl Iterator<Item = char>) -> u64 {
    hash_characters(name.chain(['\t']).chain(reading))
}

/// Kana as banks write them.
fn spelt(c: char) -> char {
    large(katakana(c))
}

#[cfg(test)]
mod tests {
    use crate::inspect::Rules;

    #[test]
    fn a_name_in_kana_is_that_of_the_kanji_if_both_its_parts_are() {
        let rules = Rules::compile(&[]).unwrap();
        let readings = &rules.names().readings;
        for (written, kana) in [
            ("山田太郎", "ヤマダタロウ"),
            ("山田 太郎", "やまだ たろう"),
            ("髙橋健一", "タカハシ ケンイチ"),
            ("菅原 亮", "スガワラリヨウ"),
            ("山田", "ヤマダ タロウ"),
            // Of one part nobody knows how it is read.
            ("七河ひろみ", "ナナカワ ヒロミ"),
            ("山田翔琉斗", "ヤマダ カルト"),
        ] {
            assert!(readings.may_be(written, kana), "{written} {kana}");
        }
        for (written, kana) in [
            ("山田太郎", "ヤマダ ハナコ"),
            ("山田太郎", "サトウ タロウ"),
            ("山田太郎", "ヤマモトタロウ"),
            ("山田", "サトウ ハナコ"),
            ("山田太郎", "山田太郎"),
            ("ヤマダタロウ", "ヤマダタロウ"),
            ("山田太郎", ""),
            ("山田太郎", "Taro Yamada"),
        ] {
            assert!(!readings.may_be(written, kana), "{written} {kana}");
        }
    }
}
