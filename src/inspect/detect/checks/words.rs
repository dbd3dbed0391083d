//! Names and mail addresses: what is told by words and not by digits.
//!
//! In: a candidate in its text, or a cell. Out: the range of the value and what it is. Deliberately absent: the
//! dictionaries themselves ([`super::super::names`]).

use std::ops::Range;

use super::super::names::{Names, Reading, is_name_character};
use super::{Note, Passed};

/// A name before the honorific at `range`, or after the label there (a label ends in a colon or a bracket).
pub(super) fn japanese_name(names: &Names, text: &str, range: &Range<usize>) -> Option<Passed> {
    let trigger = text.get(range.clone())?;
    if trigger.trim_end().ends_with([':', ']', '】', '=']) {
        let rest = text.get(range.end..)?;
        let (end, reading) = names.beginning(rest)?;
        let note = if reading == Reading::Surname { Note::Surname } else { Note::LabelledName };
        return Some(Passed { range: range.end..range.end + end, doubt: false, note });
    }
    let before = text.get(..range.start)?;
    let before = before.strip_suffix(' ').unwrap_or(before);
    let (start, reading) = names.ending(before)?;
    // 様子, 殿堂, 氏名: the honorific is the beginning of a word.
    let after = text.get(range.end..).and_then(|rest| rest.chars().next());
    if after.is_some_and(super::super::names::is_kanji) && reading != Reading::Full {
        return None;
    }
    let note = if reading == Reading::Surname { Note::Surname } else { Note::FullName };
    Some(Passed { range: start..before.len(), doubt: false, note })
}

/// A name in Latin letters after its label: two to four capitalised words.
pub(super) fn latin_name(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let start = value.find([':', '.'])? + 1;
    let name = value.get(start..)?;
    let start = range.start + start + (name.len() - name.trim_start().len());
    is_latin_name(name.trim()).then_some(Passed { range: start..range.end, doubt: false, note: Note::LabelledName })
}

/// Whether `value` reads as a person's name in Latin letters.
pub(super) fn is_latin_name(value: &str) -> bool {
    let words: Vec<&str> = value.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let last = words.last().map(|word| word.to_ascii_lowercase());
    (2..=4).contains(&words.len())
        && words.iter().all(|word| {
            word.starts_with(|c: char| c.is_uppercase())
                && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '\'' | '-'))
                && word.is_ascii() | word.chars().any(|c| matches!(c, 'À'..='ſ'))
        })
        && !last.is_some_and(|last| ORGANISATIONS.contains(&last.trim_end_matches('.')))
}

const ORGANISATIONS: [&str; 12] =
    ["inc", "ltd", "llc", "corp", "gmbh", "co", "company", "group", "limited", "team", "department", "office"];

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
    let (local, domain) = value.rsplit_once('@')?;
    let top = domain.rsplit('.').next()?;
    const FILES: [&str; 10] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "local", "invalid"];
    let file = FILES.iter().any(|file| top.eq_ignore_ascii_case(file));
    let usual = (1..=64).contains(&local.len()) && domain.len() <= 253 && !domain.contains("..");
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
    let local = local.to_ascii_lowercase();
    let stem = local.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', '.']);
    let first = stem.split(['-', '_', '.', '+']).next().unwrap_or_default();
    ROLES.binary_search(&stem).is_ok() || ROLES.binary_search(&first).is_ok()
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

    #[test]
    fn latin_names_are_no_companies() {
        assert!(is_latin_name("John Smith") && is_latin_name("Mary J. O'Neil") && is_latin_name("YAMADA Taro"));
        assert!(!is_latin_name("Acme Inc.") && !is_latin_name("john smith") && !is_latin_name("John"));
    }
}
