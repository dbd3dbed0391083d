//! Japanese names and mail addresses: what is told by words and not by digits.
//!
//! In: a candidate in its text, or a cell. Out: the range of the value and what it is. Deliberately absent: the
//! dictionaries themselves ([`super::super::names`]).

use std::ops::Range;

use super::account;
use super::{Note, Passed};
use crate::inspect::detect::names::script::{is_kanji, is_name_character};
use crate::inspect::detect::names::{Names, Reading};

/// A name before the honorific at `range`, or after the label there.
pub(super) fn japanese_name(names: &Names, text: &str, range: &Range<usize>) -> Option<Passed> {
    let trigger = text.get(range.clone())?;
    if account::is_trigger(trigger) {
        return account::holder_behind(names, text, range);
    }
    let closed = trigger.trim_end().ends_with([':', ']', '】', '=']);
    if LABELS.iter().any(|label| trigger.starts_with(label)) || closed && trigger.contains(WHO) {
        let of_account = account::is_holder_label(trigger);
        if of_account && account::is_company_at(text, range.end) {
            return None;
        }
        let held = || of_account.then(|| account::holder_at(names, text, range.end)).flatten();
        return labelled(names, text, range.end, closed && trigger.contains('名')).or_else(held);
    }
    if closed || trigger.ends_with([' ', '\t', '\n', 'は', 'が', 'の', '、']) {
        return announced(names, text, range.end);
    }
    let before = text.get(..range.start)?;
    if trigger.starts_with('(') {
        let before = before.trim_end_matches(' ');
        let (start, _) = names.ending(before).filter(|&(_, reading)| reading == Reading::Full)?;
        return Some(Passed { range: start..before.len(), doubt: false, note: Note::FullName });
    }
    let before = before.strip_suffix(' ').unwrap_or(before);
    let before = without_reading(before).unwrap_or(before);
    // 様子, 殿堂, 氏名: the honorific is the beginning of a word.
    let goes_on = text.get(range.end..).and_then(|rest| rest.chars().next()).is_some_and(is_kanji);
    let Some((start, reading)) = names.ending(before) else {
        let stranger = || if goes_on { None } else { names.stranger_ending(before) };
        let start = foreign_before(before).or_else(stranger)?;
        return Some(Passed { range: start..before.len(), doubt: false, note: Note::FullName });
    };
    if goes_on && reading != Reading::Full {
        return None;
    }
    // What is a surname too is a given name behind another: 黒米 貴志.
    let apart = reading == Reading::Surname && before.get(..start).is_some_and(|text| text.ends_with(' '));
    if let Some(start) = apart.then(|| names.stranger_ending(before)).flatten() {
        return Some(Passed { range: start..before.len(), doubt: false, note: Note::FullName });
    }
    let note = if reading == Reading::Surname { Note::Surname } else { Note::FullName };
    Some(Passed { range: start..before.len(), doubt: false, note })
}

/// The text before the reading in brackets that ends it: `山田太郎(ヤマダタロウ)`.
fn without_reading(text: &str) -> Option<&str> {
    let text = text.strip_suffix(')')?;
    let kana = |c: &char| matches!(c, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | ' ' | '・');
    let reading: usize = text.chars().rev().take(20).take_while(kana).map(char::len_utf8).sum();
    let open = text.get(..text.len() - reading)?.strip_suffix('(')?;
    (reading > 0).then(|| open.trim_end_matches(' '))
}

/// Labels after which a name stands without a colon: `氏名 山田太郎`, `お名前は山田太郎`.
const LABELS: [&str; 7] = ["氏名", "お名前", "姓名", "名前", "口座名義", "受取人名", "預金者名"];

/// A label with one of these asks for somebody; behind others (`欠席：`, `異動：`) many things stand.
const WHO: [char; 7] = ['者', '人', '名', '様', '先', '主', '義'];

/// The full name that begins at `at`, behind a word for whoever it is about: `退職者は山田太郎`, `異動 山田太郎`.
fn announced(names: &Names, text: &str, at: usize) -> Option<Passed> {
    let rest = text.get(at..)?;
    let known = names.beginning(rest).filter(|&(_, reading)| reading == Reading::Full).map(|(end, _)| end);
    let end = known.or_else(|| names.stranger_beginning(rest))?;
    // 山田太郎記念館 is no person.
    let goes_on = rest.get(end..).and_then(|behind| behind.chars().next()).is_some_and(is_kanji);
    (!goes_on).then_some(Passed { range: at..at + end, doubt: false, note: Note::LabelledName })
}

/// The name that begins at `at`, behind a label; one that no dictionary has too, where the label asks for a name.
fn labelled(names: &Names, text: &str, at: usize, asks: bool) -> Option<Passed> {
    let rest = text.get(at..)?;
    let known = names.beginning(rest).filter(|&(_, reading)| asks || reading != Reading::Surname);
    let found = |end: usize, note: Note| Some(Passed { range: at..at + end, doubt: false, note });
    if let Some((end, reading)) = known
        && (reading != Reading::Surname || !rest.get(end..)?.starts_with(is_name_character))
    {
        return found(end, if reading == Reading::Surname { Note::Surname } else { Note::LabelledName });
    }
    if !asks {
        return names.stranger_beginning(rest).and_then(|end| found(end, Note::LabelledName));
    }
    let run = |text: &str| text.find(|c: char| !is_name_character(c)).unwrap_or(text.len());
    let first = run(rest);
    let second = rest.get(first..)?.strip_prefix([' ', '・']).map_or(0, run);
    let whole = |end: usize| rest.get(..end).filter(|name| names.may_be_name(&name.replace('・', " ")));
    let end =
        [if second > 0 { first + 1 + second } else { first }, first].into_iter().find(|&end| whole(end).is_some());
    let end =
        end.or_else(|| {
            foreign(rest.get(
                ..if second > 0 { first + rest.get(first..)?.chars().next()?.len_utf8() + second } else { first },
            )?)
        })?;
    found(end, Note::LabelledName)
}

/// A name in katakana of two parts or more, `マリア・ガルシア`: its length.
fn foreign(name: &str) -> Option<usize> {
    let mut parts = 0;
    for part in name.split(['・', ' ']) {
        let length = part.chars().count();
        if !(2..=10).contains(&length) || !part.chars().all(|c| matches!(c, 'ァ'..='ヺ' | 'ー')) {
            return None;
        }
        parts += 1;
    }
    (2..=4).contains(&parts).then_some(name.len())
}

/// Where a name in katakana with a dot between its parts starts that ends `text`.
fn foreign_before(text: &str) -> Option<usize> {
    let is_part = |c: char| matches!(c, 'ァ'..='ヺ' | 'ー' | '・');
    let start = text.char_indices().rev().take(32).take_while(|(_, c)| is_part(*c)).last()?.0;
    let name = text.get(start..)?;
    (name.contains('・') && foreign(name).is_some()).then_some(start)
}

/// A cell of a name column.
pub(super) fn name_cell(names: &Names, value: &str, headed: bool) -> Option<Note> {
    let value = ["様", "さん", "さま", "殿", "氏", "先生"]
        .iter()
        .find_map(|h| value.strip_suffix(h))
        .unwrap_or(value)
        .trim_end();
    let reading = names.read(value);
    if !headed {
        return reading.filter(|&reading| reading == Reading::Full).map(|_| Note::FullName);
    }
    if let Some(reading) = reading {
        return Some(if reading == Reading::Surname { Note::Surname } else { Note::FullName });
    }
    // Under 氏名 a name that no dictionary knows is a name all the same, and so is one in Latin letters.
    let length = value.chars().count();
    let one_word = |c: char| is_name_character(c) || matches!(c, ' ' | '・' | '\'' | '.') || c.is_alphabetic();
    let company = ["会社", "(株)", "(有)", "法人", "なし", "不明", "未定", "同上", "合計", "部", "課"]
        .iter()
        .any(|w| value.ends_with(w) || value.starts_with(w));
    ((1..=30).contains(&length) && value.chars().all(one_word) && !company).then_some(Note::FullName)
}

/// Whether `value` is a mail address, and whether it is anybody's own.
pub(super) fn email(value: &str) -> Option<Note> {
    // As short as it is, it is looked through in less time than a search takes to begin.
    let last = |text: &str, sign: u8| text.bytes().rposition(|byte| byte == sign);
    let (local, domain) = last(value, b'@').and_then(|at| Some((value.get(..at)?, value.get(at + 1..)?)))?;
    let top = last(domain, b'.').and_then(|at| domain.get(at + 1..)).unwrap_or(domain);
    const FILES: [&str; 10] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "local", "invalid"];
    let file = FILES.iter().any(|file| top.eq_ignore_ascii_case(file));
    let usual = (1..=64).contains(&local.len())
        && domain.len() <= 253
        && !domain.as_bytes().windows(2).any(|pair| pair == b"..");
    (usual && !file).then(|| if is_role_address(local) { Note::RoleAddress } else { Note::Plain })
}

/// A cell that is a mail address and nothing else.
pub(super) fn whole_email(value: &str) -> Option<Note> {
    let (local, domain) = value.split_once('@')?;
    let letters = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    (letters(local, "._%+'-/=?!#$&*^`{|}~") && letters(domain, ".-") && domain.contains('.'))
        .then(|| email(value))
        .flatten()
}

/// Whether the local part stands for an office and not for a person.
pub(in super::super) fn is_role_address(local: &str) -> bool {
    let stem = local.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', '.']);
    let first = stem.split(['-', '_', '.', '+']).next().unwrap_or_default();
    let is_role = |word: &str| {
        let letters = || word.bytes().map(|letter| letter.to_ascii_lowercase());
        // Most words are told by their length and their first letter.
        let begins = word.bytes().next().map_or(0, initial);
        let may_be = ROLE_INITIALS.get(word.len()).is_some_and(|initials| initials & begins != 0);
        may_be && ROLES.binary_search_by(|role| role.bytes().cmp(letters())).is_ok()
    };
    is_role(stem) || (first.len() < stem.len() && is_role(first))
}

/// By the length of a role: with which letters such begin, a bit each.
static ROLE_INITIALS: [u32; 16] = {
    let mut initials = [0; 16];
    let mut role = 0;
    while role < ROLES.len() {
        let word = ROLES[role].as_bytes();
        initials[word.len()] |= initial(word[0]);
        role += 1;
    }
    initials
};

const fn initial(letter: u8) -> u32 {
    if letter.is_ascii_alphabetic() { 1 << (letter & 0x1F) } else { 0 }
}

/// Sorted.
const ROLES: [&str; 51] = [
    "abuse",
    "admin",
    "administrator",
    "all",
    "billing",
    "contact",
    "desk",
    "donotreply",
    "eigyo",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "information",
    "inquiries",
    "inquiry",
    "invoice",
    "ir",
    "jinji",
    "keiri",
    "magazine",
    "mail",
    "news",
    "newsletter",
    "no",
    "noreply",
    "office",
    "order",
    "orders",
    "otoiawase",
    "postmaster",
    "pr",
    "press",
    "privacy",
    "recruit",
    "reply",
    "root",
    "saiyo",
    "sales",
    "security",
    "seikyu",
    "service",
    "services",
    "shop",
    "soumu",
    "store",
    "support",
    "team",
    "toiawase",
    "webmaster",
];

/// A cell of a column such as 病歴 says something, and not that there is nothing.
pub(super) fn says_something(value: &str) -> bool {
    const NOTHING: [&str; 22] = [
        "",
        "なし",
        "無し",
        "無",
        "特になし",
        "特に無し",
        "特記事項なし",
        "該当なし",
        "該当無し",
        "ナシ",
        "-",
        "--",
        "ー",
        "―",
        "0",
        "no",
        "none",
        "n/a",
        "×",
        "異常なし",
        "未",
        "×なし",
    ];
    !NOTHING.contains(&value.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_sorted() {
        assert!(ROLES.is_sorted());
    }

    #[test]
    fn addresses_of_people_and_of_offices() {
        assert_eq!(email("taro.yamada@example.jp"), Some(Note::Plain));
        assert_eq!(email("info@example.jp"), Some(Note::RoleAddress));
        assert_eq!(email("sales-tokyo@example.jp"), Some(Note::RoleAddress));
        assert_eq!(email("logo@2x.png"), None);
        assert_eq!(whole_email("a..b.@docomo.example.ne.jp"), Some(Note::Plain));
        assert_eq!(whole_email("mail to a@example.jp"), None);
    }
}
