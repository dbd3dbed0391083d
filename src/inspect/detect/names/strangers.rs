//! Names that no dictionary has, or only their given name: `七河ひろみ`, `根間千春`.
//!
//! In: a word, or a text where something says that a name ends or begins: an honorific, a label, other names in a row.
//! Out: whether it may be one, and how far it reaches. A surname of one to three kanji that nobody knows is one only with a
//! given name that is known, unless a label asks for a name.
//! Deliberately absent: names that are known ([`super`]).

use super::given::{is_unnamed, may_be_kana};
use super::script::{is_kanji, is_katakana, is_name_character};
use super::{Names, Reading};

/// A surname that nobody knows has no more kanji.
const SURNAME: usize = 3;
/// And such a name no more characters.
const LONGEST: usize = 6;

/// So much of a text is looked at, in characters.
const REACH: usize = 16;

/// What a surname does not end in, and words for people and places in general do.
const NO_SURNAME: &str = "部課係室店社会館院園校局所署者員長様当本昨明先同各毎全";
/// What a given name does not end in here, as words for whoever does something do: 代理人.
const ROLES: &str = "人者員師士生客手主長役方係";
/// What stands before a given name and is no surname.
const CALLED: [&str; 41] = [
    "長男", "次男", "三男", "二男", "長女", "次女", "三女", "二女", "父親", "母親", "息子", "主人", "友人", "知人",
    "新人", "先輩", "後輩", "同僚", "患者", "顧客", "愛犬", "愛猫", "担当", "主任", "毎日", "本日", "昨日", "明日",
    "先日", "今日", "当日", "翌日", "前日", "今回", "今年", "昨年", "先月", "今月", "来月", "午前", "午後",
];
/// A kanji that stands before a full name and is no part of it: 故山田太郎, 妻佐藤花子.
const BEFORE: &str =
    "元故夫妻父母子娘姉妹弟兄孫姪甥旧新前現各同両貴当弊御他及並又様氏君殿等計男女第部課係室店社会員者長";
/// What may follow a name in hiragana that ends in the midst of others.
const BEHIND: [&str; 18] = [
    "の",
    "は",
    "が",
    "を",
    "に",
    "と",
    "も",
    "で",
    "や",
    "へ",
    "さん",
    "さま",
    "くん",
    "ちゃん",
    "です",
    "だ",
    "から",
    "より",
];

impl Names {
    /// Whether `word`, which no dictionary has, may be a name all the same where a label says that one stands there.
    pub(crate) fn may_be_name(&self, word: &str) -> bool {
        let (surname, given) = word.split_once(' ').unwrap_or((word, ""));
        let kanji = |part: &str| part.chars().all(is_kanji);
        let length = word.chars().filter(|c| *c != ' ').count();
        let written = kanji(surname) && (kanji(given) || given.chars().all(is_name_character));
        let fits = || (2..=LONGEST).contains(&length) && written && !self.is_word(word) && !self.no_given.has(given);
        self.has_given(word) || fits()
    }

    /// Whether `word` may be a name among others in a column, as where a label asks for one. Parts of a firm are none.
    pub(crate) fn may_be_stranger(&self, word: &str) -> bool {
        let unit = word.chars().count() > 2 && word.ends_with(|c| NO_SURNAME.contains(c));
        !unit && self.may_be_name(word) || self.has_kana(word, |c| matches!(c, 'ぁ'..='ゖ'))
    }

    /// Whether `word` is a known surname and kana of one kind that may be a given name: 工藤ウメ.
    pub(crate) fn has_kana(&self, word: &str, kind: fn(char) -> bool) -> bool {
        let kanji = word.chars().take_while(|c| is_kanji(*c)).map(char::len_utf8).sum();
        let (surname, given) = word.split_at_checked(kanji).unwrap_or_default();
        let given = given.trim_start_matches(' ');
        (2..=4).contains(&given.chars().count())
            && given.chars().all(kind)
            && may_be_kana(given)
            && self.read(surname) == Some(Reading::Surname)
    }

    /// Whether `word` is a surname that nobody knows and a given name that is known.
    pub(super) fn has_given(&self, word: &str) -> bool {
        if let Some((surname, given)) = word.split_once(' ') {
            return self.is_in_parts(surname, given) && !self.is_word(word);
        }
        let kanji = word.chars().take_while(|c| is_kanji(*c)).count();
        let count = word.chars().count();
        // In kana the given name begins where kana do; in kanji it may be of two characters or three.
        let surnames =
            if kanji < count { kanji..=kanji } else { count.saturating_sub(3).max(1)..=count.saturating_sub(2) };
        let mut ends = surnames.filter_map(|length| word.char_indices().nth(length)).map(|(end, _)| end);
        ends.any(|end| word.split_at_checked(end).is_some_and(|(surname, given)| self.is_in_parts(surname, given)))
            && !self.is_word(word)
    }

    fn is_in_parts(&self, surname: &str, given: &str) -> bool {
        let may_be_surname = (1..=SURNAME).contains(&surname.chars().count())
            && surname.chars().all(is_kanji)
            && !surname.ends_with(|c| NO_SURNAME.contains(c))
            && !CALLED.contains(&surname);
        may_be_surname && self.is_given(given)
    }

    /// Whether a given name is known by itself: two kanji or more, or two kana. The readings of others in hiragana are too
    /// often the end of a word: 大きな, 試みます.
    fn is_given(&self, word: &str) -> bool {
        let length = word.chars().count();
        let written = || self.given.has(word) && !self.no_given.has(word) && !word.ends_with(|c| ROLES.contains(c));
        let in_katakana = || word.chars().all(is_katakana) && self.given_readings.has_reading(word);
        // 通りの, 見出しの.
        let inflected = length == 2 && word.ends_with('の');
        (2..=5).contains(&length) && may_be_kana(word) && !inflected && (written() || in_katakana())
    }

    /// Whether `word` is something else than a name.
    fn is_word(&self, word: &str) -> bool {
        self.no_names.has(word) || self.no_given.has(word) || self.places.municipality(word) != 0 || is_unnamed(word)
    }

    /// Where a known name begins that starts at `start`: one kanji alone before it is the head of a rare surname, 唐牛 and
    /// not 牛.
    pub(crate) fn begun(&self, text: &str, start: usize) -> usize {
        let mut before = text.get(..start).unwrap_or_default().chars().rev();
        let head = before.next().filter(|c| is_kanji(*c) && !BEFORE.contains(*c));
        let head = head.filter(|_| before.next().is_none_or(|c| !is_kanji(c)));
        start - head.map_or(0, char::len_utf8)
    }

    /// Where the name starts that ends a text before an honorific, if its given name is known.
    pub(crate) fn stranger_ending(&self, text: &str) -> Option<usize> {
        let from = text.char_indices().rev().take(REACH).last().map_or(0, |(at, _)| at);
        let text = text.get(from..)?;
        let back = |text: &str, is: fn(char) -> bool| text.trim_end_matches(is).len();
        let last = text.chars().next_back().filter(|c| is_name_character(*c))?;
        let kind = kind_of(last);
        let given = back(text, kind);
        let (before, apart) = match text.get(..given)?.strip_suffix(' ') {
            Some(before) => (before, true),
            None => (text.get(..given)?, false),
        };
        let surname = if apart || !is_kanji(last) { back(before, is_kanji) } else { given };
        // 山田ハナ子 goes on before its kanji.
        let inside = text.get(..surname)?.ends_with(is_katakana);
        text.get(surname..).filter(|name| !inside && self.has_given(name)).map(|_| from + surname)
    }

    /// How long the name is that begins a text, if its given name is known.
    pub(crate) fn stranger_beginning(&self, text: &str) -> Option<usize> {
        let text = text.char_indices().nth(REACH).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
        let run = |text: &str, is: fn(char) -> bool| text.find(|c| !is(c)).unwrap_or(text.len());
        let surname = run(text, is_kanji);
        let apart = text.get(surname..)?.strip_prefix(' ').is_some();
        let start = surname + usize::from(apart);
        let rest = text.get(start..)?;
        let Some(first) = rest.chars().next().filter(|c| surname > 0 && (is_name_character(*c))) else {
            return (surname > 0 && self.has_given(text.get(..surname)?)).then_some(surname);
        };
        let given = run(rest, kind_of(first));
        let is_name = |length: &usize| text.get(..start + length).is_some_and(|name| self.has_given(name));
        if !matches!(first, 'ぁ'..='ゖ') {
            let bounded = rest.get(given..)?.chars().next().is_none_or(|c| !is_katakana(c) && !is_kanji(c));
            return Some(given).filter(|length| bounded && is_name(length)).map(|length| start + length);
        }
        // Hiragana go on with grammar: the longest name before it, or before the end of them.
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|&end| end <= given);
        let ends = ends.filter(|&end| end == given || rest.get(end..given).is_some_and(is_behind));
        let found = ends.filter(is_name).last();
        // 根間千春は: the kana are no name, and the kanji before them are.
        let whole = || (!apart && text.get(..surname).is_some_and(|name| self.has_given(name))).then_some(surname);
        found.map(|length| start + length).or_else(whole)
    }

    /// Whether `word` is a known surname or a stranger's name, as those whom a letter is from and for are called.
    pub(crate) fn names_somebody(&self, word: &str) -> bool {
        match self.read(word) {
            Some(reading) => reading != Reading::Plausible,
            None => self.has_given(word),
        }
    }
}

/// What a given name goes on with that has such a character.
fn kind_of(c: char) -> fn(char) -> bool {
    match c {
        'ぁ'..='ゖ' => |c| matches!(c, 'ぁ'..='ゖ'),
        c if is_katakana(c) => is_katakana,
        _ => is_kanji,
    }
}

fn is_behind(text: &str) -> bool {
    BEHIND.iter().any(|word| text.starts_with(word))
}

#[cfg(test)]
mod tests {
    use crate::inspect::Rules;

    #[test]
    fn a_known_given_name_tells_a_surname_that_nobody_knows() {
        let rules = Rules::compile(&[]).unwrap();
        let names = rules.names();
        for name in ["七河ひろみ", "根間千春", "唐牛 ミク", "桑波田莉奈", "和食 麗奈", "如月ひとみ"]
        {
            assert!(names.has_given(name), "{name}");
            assert_eq!(names.stranger_ending(&format!("昨日は、{name}")), Some("昨日は、".len()), "{name}");
            for behind in ["", "の件", "、佐藤花子", "です", "は来た"] {
                assert_eq!(names.stranger_beginning(&format!("{name}{behind}")), Some(name.len()), "{name}{behind}");
            }
        }
        for word in [
            "長男ひろみ",
            "営業部麗奈",
            "看護師",
            "利用者",
            "同様",
            "新製品",
            "下記のとおり",
            "別紙のとおり",
            "商店街",
            "保護者",
            "代理人",
            "管理人",
        ] {
            assert!(!names.has_given(word), "{word}");
            assert_eq!(names.stranger_ending(word), None, "{word}");
        }
    }
}
