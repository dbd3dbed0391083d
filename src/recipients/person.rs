//! Is this the same person? A name in kanji, kana or Latin letters against another one, and against an address.
//!
//! In: a name as somebody wrote it (`山田 太郎`, `Taro YAMADA`, `山田太郎（北保安）`), and a name or the local part of an
//! address to compare it with. Out: a [`Fit`]. It says no only where both sides are names that can be read and share
//! nothing; a name that nobody can read fits nobody and contradicts nobody. One given name under two surnames
//! contradicts nothing either: people marry.
//! Deliberately absent: where names stand in a letter (`salutation`), and what was learned (`history`).

use unicode_normalization::UnicodeNormalization;

use super::local_part::{LocalPart, Traces};
use super::office::{is_latin_office, is_office, is_title};
use super::readings::{GIVEN_NAME, SURNAME, called_alike, is_common, is_english, today};
use crate::inspect::detect::romaji;

/// Whether one thing goes with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody can tell.
    Unknown,
}

impl Fit {
    /// Yes if any says yes, else no if any says no.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, _) | (_, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }
}

/// What a part of a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Surname,
    Given,
    /// Nobody can tell.
    Either,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) role: Role,
    /// In small letters and today's kanji.
    pub(super) written: String,
    /// How it may sound, in the one spelling of romaji; empty if nobody knows.
    pub(super) sounds: Vec<String>,
    pub(super) latin: bool,
}

/// A person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Small letters, width folded, without spaces: how the history calls it.
    pub(super) key: String,
    parts: Vec<Part>,
}

/// A name has no more parts; a line with more is a sentence.
const PARTS: usize = 4;

impl Person {
    /// Reads a name; `None` if there is none in it.
    pub(super) fn read(written: &str) -> Option<Self> {
        let text: String = written.nfkc().collect();
        // 山田@北保安 is how people call a colleague there; an address is no name.
        if text.is_ascii() && text.contains('@') {
            return None;
        }
        let text = bare(&text);
        let comma = text.contains(',');
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || ",・/".contains(c))
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|word| !word.is_empty() && !is_office(word) && !is_title(word))
            .collect();
        if text.split(|c: char| !c.is_ascii_alphabetic()).any(is_latin_office) {
            return None;
        }
        if words.is_empty() || words.len() > PARTS || words.iter().any(|word| !is_name_word(word)) {
            return None;
        }
        let key = today(&super::history::name(&words.concat()));
        let parts = if words.iter().all(|word| is_latin(word)) { latin(&words, comma) } else { japanese(&words) };
        (!parts.is_empty()).then_some(Self { key, parts })
    }

    /// The same as a surname: `Mr. Smith`, `山田部長`.
    pub(super) fn by_surname(mut self) -> Self {
        if let [only] = self.parts.as_mut_slice() {
            only.role = Role::Surname;
            if !only.latin {
                only.sounds = SURNAME.sounds(&only.written);
            }
        }
        self
    }

    /// The surname as the history calls it, if it is known for one and is not all of the name.
    pub(super) fn surname_key(&self) -> Option<&str> {
        let surname = self.parts.iter().find(|part| part.role == Role::Surname && !part.latin)?;
        (surname.written != self.key).then_some(surname.written.as_str())
    }

    /// Whether both surname and given name are there, so that it is most likely one person's only.
    pub(super) fn is_full(&self) -> bool {
        self.parts.len() >= 2 && self.parts.iter().all(|part| part.written.chars().count() >= 2 || !part.latin)
    }

    /// Whether it is a surname alone, as far as anybody can tell.
    pub(super) fn may_be_surname(&self) -> bool {
        matches!(self.parts.as_slice(), [only] if only.latin || SURNAME.has(&only.written) || only.only_surname())
    }

    /// Whether it is a name that can be read, not only words that might be one.
    pub(super) fn is_known(&self) -> bool {
        // Two words in Latin letters of which one is a surname may be a company: Kita Hoan.
        let several = self.parts.len() > 1;
        let given =
            |part: &Part| is_english(&part.written) || part.sounds.iter().any(|sound| GIVEN_NAME.is_sound(sound));
        self.parts.iter().any(|part| match part.latin {
            true => part.role == Role::Surname || given(part) || (!several && !part.sounds.is_empty()),
            false => !part.sounds.is_empty(),
        })
    }

    /// Whether both are one person.
    pub(super) fn fits(&self, other: &Self) -> Fit {
        let longer = |a: &str, b: &str| !a.is_ascii() && a.chars().count() >= 2 && b.contains(a);
        if self.key == other.key || longer(&self.key, &other.key) || longer(&other.key, &self.key) {
            return Fit::Yes;
        }
        let pairs = || self.parts.iter().flat_map(|a| other.parts.iter().map(move |b| (a, b)));
        let alike = pairs().any(|(a, b)| comparable(a, b) && a.is_like(b));
        let surnames = |person: &Self| person.parts.iter().any(|part| part.role == Role::Surname);
        let contradicted = surnames(self) && surnames(other) && !pairs().any(|(a, b)| a.surname_like(b));
        match (alike, contradicted) {
            (true, false) => Fit::Yes,
            (true, true) => Fit::Unknown,
            (false, _) if pairs().any(|(a, b)| comparable(a, b) && a.contradicts(b)) && self.excludes(other) => Fit::No,
            (false, _) => Fit::Unknown,
        }
    }

    /// Whether every part of one finds a part of the other that it could have been, and is not.
    fn excludes(&self, other: &Self) -> bool {
        if !self.is_known() || !other.is_known() {
            return false;
        }
        // A given name alone says nothing against somebody whose surname alone is known.
        let has = |person: &Self, role| person.parts.iter().any(|part| part.role == role || part.role == Role::Either);
        let both_surnames = has(self, Role::Surname) && has(other, Role::Surname);
        let both_given = has(self, Role::Given) && has(other, Role::Given);
        let open = |one: &Self, whole: &Self| {
            one.parts.iter().any(|part| part.role == Role::Either) && one.parts.len() == 1 && whole.parts.len() < 2
        };
        if open(self, other) || open(other, self) {
            let surname_only =
                |person: &Self| person.parts.iter().all(|part| part.role == Role::Surname || part.only_surname());
            return surname_only(self) && surname_only(other);
        }
        both_surnames || both_given
    }

    /// What a local part must have in it that this person may be called by.
    pub(super) fn traces(&self) -> Traces {
        Traces::of(&self.parts)
    }

    /// Whether it may be behind a local part that says other names: John behind `jsmith`, and a given name in kanji, which
    /// letters use seldom, behind any.
    pub(super) fn may_hide_in(&self, local: &str) -> bool {
        let begins = |written: &str| {
            let mut words = local.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
            words.any(|word| word.chars().next() == written.chars().next())
        };
        self.parts.iter().any(|part| part.latin && begins(&part.written))
            || self.parts.iter().all(|part| part.role == Role::Given)
    }

    /// Whether it is the person of this address, by the local part.
    pub(super) fn fits_local(&self, local: &str) -> Fit {
        let local = LocalPart::new(local);
        if self.parts.iter().any(|part| local.holds(part)) {
            return Fit::Yes;
        }
        let by_surname = self.parts.iter().filter(|part| part.role != Role::Given && !part.sounds.is_empty());
        let knows_surname = by_surname.clone().any(|part| part.role == Role::Surname || part.only_surname());
        if knows_surname && local.names_surname() {
            return Fit::No;
        }
        let english = |part: &Part| part.latin && part.role == Role::Either && is_english(&part.written);
        if self.parts.iter().any(english) && local.names_english() {
            return Fit::No;
        }
        Fit::Unknown
    }
}

/// Whether two parts may be the same part of a name.
fn comparable(a: &Part, b: &Part) -> bool {
    a.role == b.role || a.role == Role::Either || b.role == Role::Either
}

impl Part {
    fn japanese(role: Role, written: &str) -> Self {
        let sounds = match role {
            Role::Surname => SURNAME.sounds(written),
            Role::Given => GIVEN_NAME.sounds(written),
            Role::Either => SURNAME.sounds(written).into_iter().chain(GIVEN_NAME.sounds(written)).collect(),
        };
        Self { role, written: today(written).to_lowercase(), sounds, latin: false }
    }

    fn latin(role: Role, written: &str) -> Self {
        let sound = romaji::of_latin(written);
        let known = written.len() >= 3 && (SURNAME.is_sound(&sound) || GIVEN_NAME.is_sound(&sound));
        let sounds = if known { vec![sound] } else { Vec::new() };
        Self { role, written: written.to_lowercase(), sounds, latin: true }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.written == other.written
            || self.sounds.iter().any(|a| other.sounds.iter().any(|b| same_sound(a, b)))
            || (self.latin && other.latin && called_alike(&self.written, &other.written))
            || self.spells(other)
            || other.spells(self)
            || self.shortens(other)
            || other.shortens(self)
    }

    /// Whether it is in Latin letters what the other is in kanji, though it is no name that we know.
    fn spells(&self, other: &Self) -> bool {
        self.latin
            && !other.latin
            && other.sounds.iter().any(|sound| same_sound(&romaji::of_latin(&self.written), sound))
    }

    /// Whether it is how friends call somebody of the other given name: Ken, 健一.
    fn shortens(&self, other: &Self) -> bool {
        let short =
            if self.latin { romaji::of_latin(&self.written) } else { self.sounds.first().cloned().unwrap_or_default() };
        let given = |part: &Self| part.role != Role::Surname;
        short.len() >= 3
            && given(self)
            && given(other)
            && other.sounds.iter().any(|sound| GIVEN_NAME.is_sound(sound) && sound.starts_with(&short))
    }

    fn surname_like(&self, other: &Self) -> bool {
        self.role != Role::Given && other.role != Role::Given && self.is_like(other)
    }

    /// Whether both can be read and are not the same.
    fn contradicts(&self, other: &Self) -> bool {
        let readable = |part: &Self| {
            !part.sounds.is_empty() || (part.latin && (part.role == Role::Surname || is_english(&part.written)))
        };
        readable(self) && readable(other) && !self.is_like(other)
    }

    /// Whether it sounds like a surname and like no given name.
    pub(super) fn only_surname(&self) -> bool {
        let only = |sound: &String| is_common(sound) || SURNAME.is_sound(sound) && !GIVEN_NAME.is_sound(sound);
        !self.sounds.is_empty() && self.sounds.iter().all(only)
    }
}

/// Whether two sounds are one: after the first letter voiced and unvoiced are the same (Nakajima, Nakashima).
pub(super) fn same_sound(a: &str, b: &str) -> bool {
    let fold = |c: char| match c {
        'g' => 'k',
        'z' => 's',
        'd' => 't',
        'b' | 'p' => 'h',
        c => c,
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    a.next() == b.next() && a.clone().next().is_some() && a.map(fold).eq(b.map(fold))
}

/// What stands before brackets and other additions.
fn bare(text: &str) -> &str {
    let text = text.trim().trim_matches(['"', '\'', ' ']);
    // Not at the beginning: `(株)北保安 山田`.
    let end = text.char_indices().skip(1).find(|(_, c)| "(（[【<＜|@＠".contains(*c)).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or_default().trim();
    let honorifics = ["様", "さま", "さん", "殿", "先生", "-san", " san", "-sama"];
    honorifics.iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text).trim()
}

fn is_latin(word: &str) -> bool {
    word.chars().all(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' | '-' | '\'' | '.'))
}

fn is_name_word(word: &str) -> bool {
    let japanese = |c: char| matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '々' | '〆') || is_kanji(c);
    is_latin(word) || (word.chars().all(japanese) && word.chars().count() <= 10)
}

fn is_kanji(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FFFF}' | '々')
}

fn latin(words: &[&str], comma: bool) -> Vec<Part> {
    // `Smith, John` says which is which.
    let role = |at: usize| match (comma, at) {
        (true, 0) => Role::Surname,
        (true, _) => Role::Given,
        _ => Role::Either,
    };
    words
        .iter()
        .enumerate()
        .map(|(at, word)| Part::latin(role(at), word.trim_matches('.')))
        .filter(|part| !part.written.is_empty())
        .collect()
}

fn japanese(words: &[&str]) -> Vec<Part> {
    match words {
        [only] => whole(only),
        [surname, given] if is_latin(surname) || is_latin(given) => words
            .iter()
            .map(
                |word| {
                    if is_latin(word) { Part::latin(Role::Either, word) } else { Part::japanese(Role::Either, word) }
                },
            )
            .collect(),
        // `北保安 山田太郎`
        [surname, name] if !SURNAME.has(surname) && whole(name).len() == 2 => whole(name),
        [surname, given] => vec![Part::japanese(Role::Surname, surname), Part::japanese(Role::Given, given)],
        // `営業 山田 太郎`: what stands before a known surname is none of it.
        _ => {
            let mut pairs = words.windows(2);
            let name = pairs.find(|pair| pair.first().is_some_and(|word| SURNAME.has(word)));
            match name {
                Some(pair) => japanese(pair),
                None => words.iter().rev().find(|word| SURNAME.has(word)).map_or_else(Vec::new, |word| whole(word)),
            }
        }
    }
}

/// A name without a space: 山田太郎, 山田, 太郎.
fn whole(word: &str) -> Vec<Part> {
    // 一郎 is no 郎 of a family 一.
    if GIVEN_NAME.has(word) && !SURNAME.has(word) {
        return vec![Part::japanese(Role::Given, word)];
    }
    if SURNAME.has(word) {
        // 隆さん is 佐々木 隆, and 林さん a family's.
        let either = GIVEN_NAME.has(word) && !is_common(&today(word));
        let role = if either { Role::Either } else { Role::Surname };
        return vec![Part::japanese(role, word)];
    }
    let mut splits: Vec<(&str, &str)> =
        word.char_indices().skip(1).take(4).filter_map(|(at, _)| word.split_at_checked(at)).collect();
    splits.retain(|(surname, given)| SURNAME.has(surname) && given.chars().count() <= 4);
    let known = splits.iter().rev().find(|(_, given)| GIVEN_NAME.has(given) || !GIVEN_NAME.sounds(given).is_empty());
    let guessed = splits.iter().rev().find(|(surname, _)| surname.chars().count() >= 2);
    if let Some((surname, given)) = known.or(guessed) {
        return vec![Part::japanese(Role::Surname, surname), Part::japanese(Role::Given, given)];
    }
    vec![Part::japanese(Role::Either, word)]
}

#[cfg(test)]
mod tests;
