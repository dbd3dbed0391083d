//! Whom a letter greets: the lines at its head, read.
//!
//! In: the first lines of the new text. Out: a [`Salutation`] for each that is greeted: 会社名・部署・氏名 with 様, 殿,
//! さん, 先生, 御中, 各位, or English `Dear Mr. Smith,`. Reading ends with the first line that is none: a name further
//! down is what the letter is about. Words that greet nobody in particular (お客様, ご担当者様, Dear all) are left out.
//! Deliberately absent: whether it fits a recipient.

use unicode_normalization::UnicodeNormalization;

use super::office::{is_in, is_office, untitled};
use super::person::Person;
use crate::inspect::detect::organizations;

/// One that is greeted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Salutation {
    /// The organisation as it is written; empty if none is named.
    pub(super) organization: String,
    /// The department or branch; empty if none is named.
    pub(super) department: String,
    /// The person, if one is named.
    pub(super) person: Option<Person>,
    /// The name as it is written, with its honorific: `山田様`, `Mr. Smith`.
    pub(super) shown: String,
    /// Whether it stands behind `CC:`.
    pub(super) copied: bool,
}

/// A letter that greets more is a list.
const MOST: usize = 10;
/// A line longer than this greets nobody.
const LONGEST: usize = 60;

const HONORIFICS: [&str; 17] = [
    "さま",
    "さん",
    "ちゃん",
    "くん",
    "先生",
    "御中",
    "各位",
    "様",
    "殿",
    "君",
    "-san",
    " san",
    "-sama",
    "-sensei",
    "部長",
    "社長",
    "課長",
];
/// Greetings in English; a name follows.
const ENGLISH: [&str; 9] = [
    "dear ",
    "hi ",
    "hello ",
    "hey ",
    "good morning ",
    "good morning, ",
    "good afternoon ",
    "good afternoon, ",
    "greetings ",
];
const ENGLISH_TITLES: &str = "Mr Ms Mrs Miss Dr Prof";
/// Whoever is greeted so is anybody.
const ANYBODY: &str = "皆 みな お客 ご担当 御担当 担当者 担当の方 関係者 お取引先 取引先 お疲れ ご苦労 お世話 \
    保護者 会員 ご利用者 利用者 ユーザー 読者 受講者 参加者 社員 従業員 オーナー お得意 株主 \
    貴社";
const ANYBODY_LATIN: &str = "all everyone everybody team sir madam sirs colleagues customer customers friends folks \
    there both guys partner partners valued members again support sales hiring manager from \
    and to";

/// Reads the head of a letter; `known` are folded names of organisations that may stand before a name without a space.
pub(super) fn read(opening: &[String], known: &[&str]) -> Vec<Salutation> {
    let mut reading = Reading { known, found: Vec::new(), organization: String::new(), department: String::new() };
    for line in opening {
        let line: String = line.nfkc().map(|c| if c == '\t' { ' ' } else { c }).collect();
        if !reading.line(line.trim()) || reading.found.len() >= MOST {
            break;
        }
    }
    reading.found
}

struct Reading<'a> {
    known: &'a [&'a str],
    found: Vec<Salutation>,
    /// What lines above said.
    organization: String,
    department: String,
}

impl Reading<'_> {
    /// Takes a line; whether the head may go on.
    fn line(&mut self, line: &str) -> bool {
        let before = self.found.len();
        if let Some(greeted) = english(line) {
            self.latin(greeted);
            return false;
        }
        let rest = self.japanese(line);
        if self.found.len() > before || rest.is_some() {
            return rest.is_none_or(|rest| rest.trim().is_empty());
        }
        // A line of the company or the department, or one that only adorns; anything else is the letter.
        let short = line.chars().count() <= 40;
        let sentence = ["。", "です", "ます", "ました", "世話", "http", "@"].iter().any(|sign| line.contains(sign));
        let another = || is_organization(line, self.known);
        if !short || sentence || (!self.found.is_empty() && !another()) {
            return false;
        }
        self.above(line);
        true
    }

    /// What stands in the line above a name.
    fn above(&mut self, line: &str) {
        for word in joined_forms(line) {
            if is_organization(&word, self.known) {
                let (organization, rest) = split_organization(&word, self.known);
                self.organization = organization.to_owned();
                if is_office(rest) {
                    rest.clone_into(&mut self.department);
                }
            } else if is_office(&word) && !untitled(&word).is_empty() {
                self.department = word;
            }
        }
    }

    /// Everybody greeted in a Japanese line, and what follows the last of them; `None` if nobody is.
    fn japanese<'l>(&mut self, line: &'l str) -> Option<&'l str> {
        let mut rest = line;
        let mut any = false;
        let mut copied = false;
        while let Some((name, honorific, after)) = honored(rest) {
            let name = name.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '(');
            let lower = name.to_lowercase();
            let lower = lower.trim_start_matches('(');
            let copy = ["cc", "bcc"]
                .into_iter()
                .find(|word| lower.strip_prefix(word).is_some_and(|rest| rest.starts_with([':', ' ', '.', ';'])));
            copied |= copy.is_some();
            let name = if copy.is_some() {
                name.split_once([':', ' ', '.', ';']).map_or(name, |(_, name)| name)
            } else {
                name
            };
            if name.chars().count() > LONGEST {
                return None;
            }
            any = true;
            self.greet(name.trim(), honorific, copied);
            rest = after;
        }
        let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        any.then_some(rest)
    }

    fn greet(&mut self, name: &str, honorific: &str, copied: bool) {
        let anybody = ANYBODY.split_whitespace().any(|word| name.starts_with(word) || name.ends_with(word));
        let mut salutation = Salutation {
            organization: self.organization.clone(),
            department: self.department.clone(),
            copied,
            ..Salutation::default()
        };
        let mut names: Vec<String> = Vec::new();
        for word in joined_forms(name) {
            let bare = untitled(&word);
            if bare.len() < word.len() && Person::read(bare).is_some_and(|person| person.is_known()) {
                names.push(bare.to_owned());
            } else if is_organization(&word, self.known) {
                let (organization, rest) = split_organization(&word, self.known);
                organization.clone_into(&mut salutation.organization);
                salutation.department.clear();
                names.clear();
                names.extend((!rest.is_empty()).then(|| rest.to_owned()));
            } else if bare.is_empty() && !word.is_empty() {
                // A post says nothing of who bears it.
            } else if is_office(&word) && !matches!(honorific, "部長" | "社長" | "課長") {
                salutation.department = word;
                names.clear();
            } else {
                names.push(word);
            }
        }
        let shown = names.join(" ");
        let everybody = matches!(honorific, "御中" | "各位");
        if !anybody && !everybody {
            let latin = honorific.is_ascii();
            salutation.person = Person::read(untitled(&shown));
            // 様 stands behind surnames, さん behind anything.
            let formal = !["さん", "くん", "ちゃん", "君"].contains(&honorific) && !latin;
            if formal && salutation.person.as_ref().is_some_and(Person::may_be_surname) {
                salutation.person = salutation.person.map(Person::by_surname);
            }
            if salutation.person.is_none() && !latin && salutation.organization.is_empty() {
                return;
            }
        } else if everybody && !anybody && salutation.organization.is_empty() && names.len() == 1 {
            // 北保安 御中: what is so greeted is an organisation, whatever it looks like.
            shown.clone_into(&mut salutation.organization);
        }
        (self.organization, self.department) = (salutation.organization.clone(), salutation.department.clone());
        if salutation.person.is_none() && salutation.organization.is_empty() {
            return;
        }
        salutation.shown = match &salutation.person {
            Some(_) => format!("{shown}{honorific}"),
            None => format!("{} {honorific}", salutation.organization),
        };
        self.found.push(salutation);
    }

    /// The names behind `Dear`.
    fn latin(&mut self, greeted: &str) {
        let title = |head: &str| ENGLISH_TITLES.split(' ').any(|title| head.ends_with(title));
        let end = greeted.find([':', '!', '.', '—', '–']);
        let end = end.filter(|&at| !greeted.get(..at).is_some_and(title));
        let names = greeted.get(..end.unwrap_or(greeted.len())).unwrap_or_default();
        // `Dear John, Thanks`: more than one name stands only in a list that ends.
        let list =
            end.is_some() || names.trim_end().ends_with(',') || names.contains(" and ") || names.contains(['&', '/']);
        let names = names.replace(" and ", ",").replace([';', '&', '/'], ",");
        for name in names.split(',').map(str::trim).take(MOST) {
            if name.is_empty() {
                continue;
            }
            let words: Vec<&str> = name.split_whitespace().collect();
            let anybody =
                words.iter().any(|word| is_in(ANYBODY_LATIN, word.trim_matches(|c: char| !c.is_alphanumeric())));
            // `Dear John, thank you for …`: what follows the comma begins in small letters or is a sentence.
            let capital = |word: &&str| word.starts_with(char::is_uppercase) || !word.is_ascii();
            let named = words.len() <= 4
                && words.first().is_some_and(capital)
                && (self.found.is_empty() || list && words.iter().all(capital));
            if anybody || !named {
                break;
            }
            let bare =
                name.trim_end_matches("-san").trim_end_matches("-sama").trim_end_matches(" san").trim_end_matches('様');
            let first = words.first().map_or("", |word| word.trim_end_matches('.'));
            let by_surname = ENGLISH_TITLES.split(' ').any(|title| title == first);
            let Some(person) = Person::read(bare) else { break };
            let person = if by_surname { person.by_surname() } else { person };
            self.found.push(Salutation { person: Some(person), shown: name.to_owned(), ..Salutation::default() });
        }
    }
}

/// What follows `Dear`, if the line begins so.
fn english(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let greeting = ENGLISH.iter().find(|greeting| lower.starts_with(*greeting))?;
    line.get(greeting.len()..)
}

/// The first honorific of a text that ends a name: the name, the honorific, what follows.
fn honored(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let found = HONORIFICS.iter().filter_map(|word| Some((rest.find(word)?, *word)));
        let (at, word) = found.min_by_key(|(at, word)| (*at, usize::MAX - word.len()))?;
        let (start, end) = (from + at, from + at + word.len());
        let (name, after) = (text.get(..start)?, text.get(end..)?);
        let ends = after.is_empty()
            || after.starts_with([
                ' ', '、', ',', '。', '.', '!', ')', '(', ':', '・', '/', '>', ';', '~', '＆', '&', '」', '】',
            ])
            || ["へ", "と"].iter().any(|particle| after.starts_with(particle))
            || ["各位", "方"].contains(&after);
        // 渡部長 is nobody; 山田部長 is.
        let post = matches!(word, "部長" | "社長" | "課長");
        let whole = !post || Person::read(name.trim_end()).is_some_and(|person| person.is_known());
        if ends && whole && !name.trim().is_empty() {
            return Some((name, word, after.strip_prefix(['へ', 'と']).unwrap_or(after)));
        }
        from = end;
    }
}

/// Words of a line, a corporate form alone joined to what follows it.
fn joined_forms(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut form = false;
    for word in line.split([' ', '、', ',']).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if form => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        form = matches!(word, "株式会社" | "有限会社" | "合同会社" | "(株)" | "(有)") && words.len() == 1;
    }
    // 北保安サービス 株式会社
    for at in (1..words.len()).rev() {
        if words
            .get(at)
            .is_some_and(|word| matches!(word.as_str(), "株式会社" | "有限会社" | "合同会社" | "(株)" | "(有)"))
        {
            let form = words.remove(at);
            if let Some(name) = words.get_mut(at - 1) {
                name.push_str(&form);
            }
        }
    }
    words
}

fn is_organization(word: &str, known: &[&str]) -> bool {
    const SIGNS: [&str; 23] = [
        "株式会社",
        "有限会社",
        "合同会社",
        "(株)",
        "(有)",
        "(同)",
        "法人",
        "銀行",
        "大学",
        "病院",
        "協会",
        "組合",
        "事務所",
        "商事",
        "工業",
        "製作所",
        "ホールディングス",
        "市役所",
        "区役所",
        "県庁",
        "学園",
        "商店",
        "建設",
    ];
    SIGNS.iter().any(|sign| word.contains(sign)) || known.iter().any(|name| begins_with(word, name).is_some())
}

/// The organisation and what stands behind it without a space.
fn split_organization<'w>(word: &'w str, known: &[&str]) -> (&'w str, &'w str) {
    for form in ["株式会社", "有限会社", "合同会社", "(株)", "(有)", "(同)"] {
        if let Some(at) = word.find(form).filter(|&at| at > 0) {
            let (organization, rest) = word.split_at_checked(at + form.len()).unwrap_or((word, ""));
            return (organization, within_department(rest));
        }
    }
    let longest = known.iter().filter_map(|name| begins_with(word, name)).max();
    match longest.and_then(|end| word.split_at_checked(end)) {
        Some((organization, rest)) => (organization, within_department(rest)),
        None => (word, ""),
    }
}

/// What stands behind a department without a space: 営業部山田.
fn within_department(rest: &str) -> &str {
    let end = ["部", "課", "室", "係"].iter().filter_map(|sign| Some(rest.rfind(sign)? + sign.len())).max();
    match end.and_then(|end| rest.get(end..)) {
        Some(name) if !name.is_empty() && Person::read(rest).is_none_or(|_| rest.chars().count() > 4) => name,
        _ => rest,
    }
}

/// Where a folded name ends that a word begins with.
fn begins_with(word: &str, folded: &str) -> Option<usize> {
    if folded.chars().count() < 3 {
        return None;
    }
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.into_iter().find(|&end| {
        word.get(..end).is_some_and(|head| head.len() >= folded.len() && organizations::folded(head) == folded)
    })
}

#[cfg(test)]
mod tests;
