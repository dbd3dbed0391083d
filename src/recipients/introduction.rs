//! A mail that says whom it takes into a conversation: 「CCに山田を入れております」, "adding Mary", "+Mary".
//!
//! In: the first lines of the new text. Out: an [`Introduction`] for each line that is one, with the name if it can be read.
//! Deliberately absent: who was part of the conversation (`new_to_thread`).

use unicode_normalization::UnicodeNormalization;

use super::{
    local_part::LocalPart,
    person::{Fit, Person},
};

/// Somebody is taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Introduction {
    /// Who; nobody in particular if the name cannot be read (弊社の担当者, "my colleague").
    person: Option<Person>,
}

/// What stands before the name in English, and what before it makes it so.
const ADDING: [&str; 15] = [
    "adding ",
    "i've added ",
    "i have added ",
    "i added ",
    "looping in ",
    "looped in ",
    "bringing in ",
    "including ",
    "copying in ",
    "copying ",
    "cc'ing ",
    "cc’ing ",
    "ccing ",
    "i've copied ",
    "i have copied ",
];
/// A name in English has no more words.
const WORDS: usize = 3;
/// What is done with somebody in Japanese who is taken in.
const TAKEN_IN: [&str; 6] = ["入れ", "追加", "加え", "含め", "同報", "入って"];

impl Introduction {
    /// The introductions in these lines.
    pub(super) fn read(opening: &[String]) -> Vec<Self> {
        let mut found = Vec::new();
        for line in opening {
            let line: String = line.nfkc().collect();
            let names = japanese(&line).or_else(|| english(&line));
            for name in names.into_iter().flatten() {
                found.push(Self { person: Person::read(&name).filter(Person::is_known) });
            }
        }
        found
    }

    /// Whether it may be of somebody: of one whose name it says, or whose own nobody can read, or, if it says none, of
    /// anybody.
    pub(super) fn is_of(&self, address: &str, display_name: &str) -> bool {
        let Some(person) = &self.person else { return true };
        let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
        let called = Person::read(display_name).filter(Person::is_known);
        let by_name = called.as_ref().map_or(Fit::Unknown, |called| person.fits(called));
        match by_name.or(person.fits_local(local)) {
            Fit::Yes => true,
            Fit::No => false,
            // Somebody else's name that can be read is not this one's, as far as anybody can tell.
            Fit::Unknown => {
                let local = LocalPart::new(local);
                called.is_none() && !local.names_surname() && !local.names_english()
            }
        }
    }
}

/// Those whom a Japanese line takes in: the words before を or も, behind CC or 宛先 with に.
fn japanese(line: &str) -> Option<Vec<String>> {
    let lower = line.to_ascii_lowercase();
    let copied = ["cc", "宛先", "メーリングリスト", "メンバー"].iter().find_map(|word| lower.find(word))?;
    if !TAKEN_IN.iter().any(|word| lower.contains(word)) {
        return None;
    }
    // 山田をCCに追加, CCに山田を入れ: a name ends with を or も, on either side of CC.
    let (before, behind) = line.split_at_checked(copied)?;
    let object = |text: &str| text.split_once(['を', 'も']).map(|(name, _)| name.to_owned());
    let front = object(before);
    let back = || object(behind.split_once('に').map_or(behind, |(_, rest)| rest));
    let names = front.or_else(back).unwrap_or_default();
    let names = names.rsplit(['、', ',', '。']).next().unwrap_or_default().to_owned();
    let last = |name: &str| {
        let name = name.rsplit(['の', ' ']).next().unwrap_or_default();
        name.trim_end_matches("さん").trim_end_matches('様').trim_end_matches('氏').to_owned()
    };
    Some(names.split(['と', '・', '&']).map(last).collect())
}

/// Those whom an English line takes in: the words behind `adding` that begin with a capital.
fn english(line: &str) -> Option<Vec<String>> {
    let lower = line.to_ascii_lowercase();
    let end = match line.strip_prefix('+') {
        Some(rest) if rest.trim_start().starts_with(|c: char| c.is_alphabetic()) => 1,
        _ => ADDING.iter().find_map(|sign| Some(lower.find(sign)? + sign.len()))?,
    };
    let rest = line.get(end..)?.replace(" and ", ",").replace('&', ",");
    let name = |part: &str| {
        let words = part.split_whitespace().take_while(|word| word.starts_with(char::is_uppercase));
        words.take(WORDS).collect::<Vec<_>>().join(" ").trim_end_matches(['.', ':', ';', ')']).to_owned()
    };
    Some(
        rest.split([',', '(', '—', '–'])
            .map(name)
            .enumerate()
            .filter(|(at, name)| *at == 0 || !name.is_empty())
            .map(|(_, name)| name)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn introduces(line: &str, address: &str, display_name: &str) -> bool {
        Introduction::read(&[line.to_owned()]).iter().any(|introduction| introduction.is_of(address, display_name))
    }

    #[test]
    fn who_is_taken_in_is_read() {
        for (line, address, display_name) in [
            ("CCに山田を入れております。", "yamada@kita.jp", ""),
            ("ＣＣに弊社の山田を追加しました。", "yamada.t@kita.jp", ""),
            ("山田をCCに追加いたします。", "x1@kita.jp", "山田 太郎"),
            ("本件、山田様もCCに入れさせていただきます。", "yamada@kita.jp", ""),
            ("CCに山田と鈴木を加えました。", "suzuki@kita.jp", ""),
            ("宛先に経理の田中さんを追加しています。", "tanaka@kita.jp", ""),
            ("CCに弊社担当者を入れております。", "yamada@kita.jp", ""),
            ("Adding Mary to this thread.", "mary.smith@acme.example", ""),
            ("Looping in John Smith, who runs the project.", "x@acme.example", "John Smith"),
            ("I've added Mary and John.", "john.doe@acme.example", ""),
            ("+Mary", "mary.smith@acme.example", ""),
            ("+ Mary", "mary.smith@acme.example", ""),
            ("cc'ing our lawyers for the record", "jones@firm.example", ""),
            ("Copying my colleague Peter.", "peter@firm.example", ""),
        ] {
            assert!(introduces(line, address, display_name), "{line} {address}");
        }
    }

    #[test]
    fn another_name_and_other_lines_introduce_nobody() {
        for (line, address, display_name) in [
            ("CCに山田を入れております。", "suzuki@kita.jp", ""),
            ("CCに山田を入れております。", "x1@kita.jp", "鈴木 一郎"),
            ("山田をCCに追加いたします。", "suzuki.i@kita.jp", ""),
            ("Adding Mary to this thread.", "john.smith@acme.example", ""),
            ("+Mary", "john.smith@acme.example", "John Smith"),
            ("Adding Mary Jones.", "suzuki@kita.jp", ""),
            ("CCに山田を入れております。", "x1@acme.example", "John Smith"),
            ("山田様の件、承知しました。", "yamada@kita.jp", ""),
            ("CCの皆様", "yamada@kita.jp", ""),
            ("資料を追加いたしました。", "yamada@kita.jp", ""),
            ("+81 3 1234 5678", "yamada@kita.jp", ""),
            ("The price adds up.", "mary@acme.example", ""),
            ("", "yamada@kita.jp", ""),
        ] {
            assert!(!introduces(line, address, display_name), "{line} {address}");
        }
    }
}
