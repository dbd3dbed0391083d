//! What a value says about who somebody is.
//!
//! In: a value that was found, and its detector. Out: a name or a key on the [`Person`] that it belongs to, folded so
//! that two ways to write it give the same: old forms of kanji, readings in hiragana, order and case of Latin names,
//! eras and separators of birth dates, 丁目 and 番地 of addresses. Deliberately absent: which values belong together
//! ([`super::table`], [`super::prose::clusters`]).

use super::checks::{self, Check, Note};
use super::names::Names;
use super::names::script::is_kanji;
use super::prose::clusters::name_characters;
use super::rules::rule::{Detector, Role};
use super::words::{hash, hash_characters, katakana};
use crate::inspect::Category;
use crate::inspect::persons::{Key, Kind, Person, Script};

/// Adds to a person what a value of `detector` says about them.
pub(super) fn describe(person: &mut Person, names: &Names, detector: &Detector, note: Note, value: &str) {
    match detector.role {
        Role::Name => named(person, names, note, value),
        Role::Identifier if value.contains('@') => {
            let hash = hash_characters(value.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()));
            person.keys.push(Key::new(Kind::Mail, hash));
        }
        Role::Identifier if detector.info.category == Category::Contact => {
            let digits = checks::phone_digits(value);
            let carried = digits.len() == 11 && matches!(digits.as_bytes(), [b'0', b'6'..=b'9', b'0', ..]);
            let kind = if carried { Kind::Mobile } else { Kind::Landline };
            person.keys.push(Key::new(kind, hash_characters(digits.chars())));
        }
        Role::Identifier => {
            let kind = if detector.info.category == Category::Financial { Kind::Account } else { Kind::Proof };
            person.keys.push(Key::new(kind, told(value)));
        }
        Role::Attribute if detector.check == Check::BirthDate => {
            let hash = checks::born(value).map_or_else(|| told(value), |day| hash(&day));
            person.keys.push(Key::new(Kind::Birth, hash));
        }
        Role::Attribute if detector.check == Check::AddressJp => {
            let kind = if value.bytes().any(|c| c.is_ascii_digit()) { Kind::Address } else { Kind::Faint };
            person.keys.push(Key::new(kind, address(value)));
        }
        Role::Attribute => person.keys.push(Key::new(Kind::Faint, told(value))),
    }
}

/// Adds a number of a column such as 会員番号, whose header is `header`.
pub(super) fn numbered(person: &mut Person, header: &str, value: &str) {
    let characters = header.chars().chain(['\t']).chain(value.chars().filter(|c| !c.is_whitespace()));
    person.keys.push(Key::new(Kind::Number, hash_characters(characters.map(|c| c.to_ascii_lowercase()))));
}

/// Takes `value` for the reading of the person's name.
pub(super) fn read_as(person: &mut Person, value: &str) {
    person.reading.get_or_insert_with(|| hash_characters(name_characters(value).map(katakana)));
}

fn named(person: &mut Person, names: &Names, note: Note, value: &str) {
    let written = value.chars().any(is_kanji);
    if !written && value.chars().any(|c| matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ')) && note != Note::Surname {
        if person.reading.is_none() {
            person.halves = halves(names, value);
        }
        return read_as(person, value);
    }
    if person.name.is_some() {
        return;
    }
    let script = match (note, written) {
        (Note::Surname, _) => Script::Surname,
        (_, true) => Script::Han,
        _ => Script::Latin,
    };
    let hash = if script == Script::Latin { latin(value) } else { hash_characters(name_characters(value)) };
    person.name = Some((script, hash));
    person.halves = match script {
        Script::Han => halves(names, value),
        Script::Latin => latin_halves(value),
        Script::Surname => (half(value), 0),
    };
}

/// The words of a Latin name in any order: `SMITH, John` is `John Smith`, with or without a middle initial.
pub(super) fn latin(value: &str) -> u64 {
    let words = value.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|word| word.chars().nth(1).is_some());
    let hash =
        words.fold(0, |sum: u64, word| sum.wrapping_add(hash_characters(word.chars().flat_map(char::to_lowercase))));
    if hash == 0 { hash_characters(name_characters(value)) } else { hash }
}

/// Surname and given name as numbers.
fn halves(names: &Names, value: &str) -> (u16, u16) {
    let value = value.trim();
    let (first, last) = value.split_once([' ', ',', '・']).unwrap_or_else(|| value.split_at(names.surname_of(value)));
    (half(first), half(last))
}

/// The first and the last word of a name in Latin letters as numbers.
fn latin_halves(value: &str) -> (u16, u16) {
    let mut words = value.split([' ', ',']).filter(|word| !word.is_empty());
    let first = words.next().map(half).unwrap_or_default();
    (first, words.next_back().map_or(first, half))
}

/// Sixteen bits are few enough to be counted.
fn half(part: &str) -> u16 {
    (hash_characters(name_characters(part)) & 0xFFFF) as u16
}

/// The letters and digits of a value.
pub(super) fn told(value: &str) -> u64 {
    hash_characters(
        value.chars().filter(|c| c.is_ascii_alphanumeric() || !c.is_ascii()).map(|c| c.to_ascii_lowercase()),
    )
}

/// An address without its prefecture, from the municipality to the block: `芝一丁目1番1号` is `芝1-1-1`.
pub(super) fn address(value: &str) -> u64 {
    let value = without_prefecture(value.trim_start_matches(|c: char| !is_kanji(c)));
    let (mut numbered, mut over) = (false, false);
    // A dash counts when something follows it.
    let mut dash = false;
    let mut rest = value.chars().peekable();
    let folded = std::iter::from_fn(|| {
        loop {
            let c = *rest.peek().filter(|_| !over)?;
            match c {
                // What follows the block after a space is a building, which people leave out.
                ' ' => over = numbered,
                '丁' => {}
                '目' | '地' | '-' | '番' | '号' | 'の' if numbered => dash = true,
                _ if std::mem::take(&mut dash) => return Some('-'),
                _ => {
                    rest.next();
                    let digit = kanji_digit(c).filter(|_| matches!(rest.peek(), Some('丁' | '番' | '号')));
                    numbered |= c.is_ascii_digit() || digit.is_some();
                    return Some(digit.unwrap_or(c));
                }
            }
            rest.next();
        }
    });
    hash_characters(folded)
}

fn kanji_digit(c: char) -> Option<char> {
    Some(match c {
        '一' => '1',
        '二' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' => '7',
        '八' => '8',
        '九' => '9',
        _ => return None,
    })
}

/// Prefectures have three or four characters and end in one of four.
fn without_prefecture(value: &str) -> &str {
    let mut characters = value.char_indices().skip(2).take(2);
    let end = characters.find(|(_, c)| matches!(c, '都' | '道' | '府' | '県'));
    end.and_then(|(at, c)| value.get(at + c.len_utf8()..)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_in_several_hands_is_one() {
        let same = [
            "東京都港区芝1-1-1",
            "港区芝一丁目1番1号",
            "東京都 港区芝1丁目1番地1",
            "〒105-0014 東京都港区芝1-1-1 芝ビル5F",
        ];
        for other in same {
            assert_eq!(address(other), address("港区芝1-1-1"), "{other}");
        }
        for other in ["港区芝1-1-2", "港区芝2-1-1", "北区芝1-1-1", "港区芝1-1"] {
            assert_ne!(address(other), address("港区芝1-1-1"), "{other}");
        }
    }

    #[test]
    fn latin_names_have_no_order() {
        assert_eq!(latin("SMITH, John"), latin("John Smith"));
        assert_eq!(latin("Mary J. Brown"), latin("Mary Brown"));
        assert_ne!(latin("Mary Brown"), latin("Mark Brown"));
    }
}
