//! The local part of an address, read: which names may stand in `t.yamada`, `yamadat`, `taro_yamada2`.
//!
//! In: a local part. Out: whether a part of a name stands in it, and whether a surname does for certain. Role addresses
//! (`info`), places and whatever is no name hold no surname. Deliberately absent: whose address it is ([`super::person`]).

use super::person::{Part, same_sound};
use super::readings::{GIVEN_NAME, SURNAME, called_alike, is_common, is_english, nicknames};
use crate::inspect::detect::romaji;

/// The local part of an address in words.
pub(super) struct LocalPart {
    words: Vec<String>,
    sounds: Vec<String>,
}

/// Words that are surnames too, and in addresses hardly ever are: places, and what an office does.
const NO_NAMES: &str = "\
    tokyo osaka nagoya kyoto kobe chiba sendai fukuoka hiroshima sapporo yokohama saitama kagawa \
    miyagi nagano okinawa mie nara shiga aichi akita yamagata toyama fukui yamanashi \
    okayama tokushima kochi nagasaki kanagawa hyogo omiya chuo kanda honsha honbu eigyo \
    soumu somu keiri jinji kaikei koho kikaku hanbai seizo jimu kanri uketsuke yoyaku shiten kaigai koji \
   ";

impl LocalPart {
    pub(super) fn new(local: &str) -> Self {
        let local = local.split('+').next().unwrap_or_default().to_lowercase();
        let words = local.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(str::to_owned);
        let words: Vec<String> = words.take(8).collect();
        let sounds = words.iter().map(|word| romaji::of_latin(word)).collect();
        Self { words, sounds }
    }

    /// Whether a part of a name stands in it: `yamada`, `t.yamada`, `tyamada`, `yamadat`, `yamadataro`.
    pub(super) fn holds(&self, part: &Part) -> bool {
        if part.latin {
            let written = part.written.as_str();
            let held = |word: &String| {
                word == written
                    || called_alike(word, written)
                    || (written.len() >= 4 && (word.starts_with(written) || word.ends_with(written)))
                    || (written.len() >= 3 && beside_initial(word, written))
            };
            if self.words.iter().any(held) {
                return true;
            }
        }
        let sounds = part.sounds.iter().filter(|sound| sound.len() >= 2);
        sounds.clone().any(|sound| {
            self.sounds.iter().any(|word| {
                same_sound(word, sound)
                    || beside_initial(word, sound)
                    || (sound.len() >= 4 && (word.starts_with(sound.as_str()) || word.ends_with(sound.as_str())))
                    || (sound.len() >= 3 && beside_name(word, sound))
            })
        })
    }

    /// Whether an English given name stands in it for certain: `john.smith`, not `art`.
    pub(super) fn names_english(&self) -> bool {
        let long = |word: &&String| word.len() >= if self.words.len() >= 2 { 3 } else { 4 };
        self.words.iter().filter(long).any(|word| is_english(word))
    }

    /// Whether a surname stands in it for certain.
    pub(super) fn names_surname(&self) -> bool {
        let other = |at: usize| {
            self.sounds.iter().enumerate().any(|(number, word)| {
                number != at && (word.chars().count() == 1 || GIVEN_NAME.is_sound(word) || SURNAME.is_sound(word))
            })
        };
        self.words.iter().zip(&self.sounds).enumerate().any(|(at, (word, sound))| {
            let beside = other(at);
            let place = is_no_name(word) && !beside;
            let clear = is_common(sound) || sound.len() >= 5 && !GIVEN_NAME.is_sound(sound);
            let whole = SURNAME.is_sound(sound) && sound.len() >= 3 && !place && (beside || clear);
            whole || (sound.len() >= 4 && !is_english(word) && joined(sound))
        })
    }
}

/// Letters without which no name stands in a local part: most addresses lack one of them and need no reading.
#[derive(Debug)]
pub(super) struct Traces {
    /// As they are written, one set for each name.
    written: Vec<u32>,
    /// As they sound.
    sounds: Vec<u32>,
    /// Those sounds that people write as they are.
    words: Vec<String>,
}

impl Traces {
    /// What must be there so that [`LocalPart::holds`] one of these.
    pub(super) fn of(parts: &[Part]) -> Self {
        let latin = parts.iter().filter(|part| part.latin);
        let written = latin.flat_map(|part| nicknames(&part.written).chain([part.written.clone()]));
        let sounds = parts.iter().flat_map(|part| &part.sounds);
        Self {
            written: written.map(|name| letters(&name).unwrap_or(0)).collect(),
            sounds: sounds.clone().map(|sound| voiced(letters(sound).unwrap_or(0))).collect(),
            words: sounds.filter(|sound| sound.len() >= 2 && romaji::of_latin(sound) == **sound).cloned().collect(),
        }
    }

    /// Whether a name is the first word of a local part, as most often; it stands there then, and nothing need be read.
    pub(super) fn is_word_of(&self, local: &str) -> bool {
        let end = local.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(local.len());
        let (first, rest) = local.split_at(end);
        !rest.starts_with(char::is_alphabetic) && self.words.iter().any(|word| word == first)
    }

    /// Whether one of the names may stand in a local part.
    pub(super) fn may_be_in(&self, local: &str) -> bool {
        let Some(written) = letters(local) else { return true };
        let has = |c: char| written & bit(c) != 0;
        let becomes = |from: &[char], to: char| if from.iter().any(|c| has(*c)) { bit(to) } else { 0 };
        // What `romaji` makes of letters: ch is ty, sh sy, j zy, fu hu, mb nb.
        let sounds = written
            | becomes(&['c'], 't')
            | becomes(&['h', 'j'], 'y')
            | becomes(&['j'], 'z')
            | becomes(&['f'], 'h')
            | becomes(&['m'], 'n');
        let sounds = voiced(sounds);
        self.written.iter().any(|name| name & !written == 0) || self.sounds.iter().any(|name| name & !sounds == 0)
    }
}

/// Which of the letters a to z are in a text; nothing if there are letters beyond ASCII, which may become one of them.
fn letters(text: &str) -> Option<u32> {
    let set = |set: u32, c: u8| if c.is_ascii_alphabetic() { set | bit(char::from(c)) } else { set };
    text.is_ascii().then(|| text.bytes().fold(0, set))
}

fn bit(letter: char) -> u32 {
    1 << (u32::from(letter.to_ascii_lowercase()).wrapping_sub(u32::from('a')) & 31)
}

/// What is voiced as what is not: behind the first letter they are one ([`same_sound`]).
fn voiced(letters: u32) -> u32 {
    let pairs = [('g', 'k'), ('z', 's'), ('d', 't'), ('b', 'h'), ('p', 'h')];
    pairs.iter().fold(
        letters,
        |letters, (from, to)| {
            if letters & bit(*from) != 0 { letters & !bit(*from) | bit(*to) } else { letters }
        },
    )
}

/// An initial and a surname, or a surname and a given name, in one word.
fn joined(sound: &str) -> bool {
    if SURNAME.is_sound(sound) || GIVEN_NAME.is_sound(sound) {
        return false;
    }
    let initial = |(at, _): (usize, char)| sound.split_at_checked(at);
    let mut splits = sound.char_indices().skip(1).filter_map(initial);
    splits.any(|(front, back)| {
        let surname = |word: &str| (word.len() >= 5 || is_common(word)) && SURNAME.is_sound(word);
        (front.len() == 1 && surname(back) && !is_no_name(back))
            || (back.len() == 1 && surname(front) && !is_no_name(front))
            || (front.len() >= 4 && SURNAME.is_sound(front) && back.len() >= 3 && GIVEN_NAME.is_sound(back))
            || (back.len() >= 4 && SURNAME.is_sound(back) && front.len() >= 3 && GIVEN_NAME.is_sound(front))
    })
}

/// `tabe`, `abet` for `abe`.
fn beside_initial(word: &str, name: &str) -> bool {
    let rest = word.strip_prefix(name).or_else(|| word.strip_suffix(name));
    name.len() >= 3 && rest.is_some_and(|rest| rest.len() <= 2)
}

/// `abetaro`, `taroabe` for `abe`.
fn beside_name(word: &str, name: &str) -> bool {
    let is_given = |rest: Option<&str>| rest.is_some_and(|rest| GIVEN_NAME.is_sound(rest));
    is_given(word.strip_prefix(name)) || is_given(word.strip_suffix(name))
}

fn is_no_name(word: &str) -> bool {
    NO_NAMES.split_ascii_whitespace().any(|no_name| no_name == word)
}

#[cfg(test)]
mod tests {
    use super::super::person::{Fit, Person};

    fn person(name: &str) -> Person {
        Person::read(name).unwrap_or_else(|| panic!("{name} is no name"))
    }

    #[test]
    fn persons_and_their_addresses() {
        for (name, local) in [
            ("山田", "yamada"),
            ("山田", "t.yamada"),
            ("山田", "yamada.t"),
            ("山田", "tyamada"),
            ("山田", "yamadat"),
            ("山田", "taro_yamada"),
            ("山田", "yamadataro"),
            ("山田太郎", "taro"),
            ("佐藤", "satoh-k"),
            ("大野", "ohno"),
            ("阿部", "k-abe"),
            ("阿部", "abek2"),
            ("土屋", "tutiya"),
            ("内藤", "naitou01"),
            ("John", "john.smith"),
            ("Mike", "michael.jones"),
            ("Smith", "jsmith"),
        ] {
            assert_eq!(person(name).fits_local(local), Fit::Yes, "{name} {local}");
        }
        for (name, local) in [
            ("山田", "suzuki"),
            ("山田", "i.suzuki"),
            ("山田", "suzuki-i"),
            ("山田", "isuzuki"),
            ("山田", "suzukiichiro"),
            ("山田", "k.mori"),
            ("John", "mary.smith"),
        ] {
            assert_eq!(person(name).fits_local(local), Fit::No, "{name} {local}");
        }
        for (name, local) in [
            ("山田", "info"),
            ("山田", "sales"),
            ("山田", "hanako"),
            ("山田", "x9f3kq"),
            ("山田", "osaka"),
            ("山田", "soumu"),
            ("山田", "support"),
            ("山田", "ty"),
            ("Kevin", "wang.xiaoming"),
            ("龘龘", "suzuki"),
        ] {
            assert_eq!(person(name).fits_local(local), Fit::Unknown, "{name} {local}");
        }
    }

    #[test]
    fn whoever_stands_in_a_local_part_has_left_traces_there() {
        let names = "山田 佐藤 鈴木 大野 阿部 土屋 中島 藤井 順一郎 服部 難波 渡辺 千葉 John Smith Mike Bob Elizabeth Chiba José";
        let locals = "yamada t.yamada satoh-k ohno k-abe tutiya tsuchiya nakashima fujii huzii junichiro zyunitiro hattori \
                      namba watanabe chiba tiba john.smith michael robert liz jsmith jose josé info x9f3kq TARO YAMADATARO";
        for name in names.split(' ').map(person) {
            for local in locals.split_whitespace() {
                let holds = name.fits_local(local) == Fit::Yes;
                assert!(!holds || name.traces().may_be_in(local), "{name:?} {local}");
                assert!(holds || !name.traces().is_word_of(local), "{name:?} {local}");
            }
        }
        assert!(!person("鈴木").traces().may_be_in("yamada12") && !person("Bob").traces().may_be_in("john.smith"));
    }
}
