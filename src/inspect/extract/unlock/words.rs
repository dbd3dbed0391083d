//! Words of a mail that may be passwords, likeliest first.
//!
//! In: every text and file name that is read, the day of the mail, and the passwords known beforehand. Out: candidates to
//! try: what opened something before; what a text states to be a password; the organisation's and those mailed lately;
//! then words of the mail that look like passwords, days, domains, ends of telephone numbers, parts of file names; then
//! any word. Deliberately absent: guessing. Nothing is tried that nobody wrote, but for a day in its usual short forms.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use crate::inspect::extract::unlock::stated::{self, Stated};
use crate::inspect::{Job, Kind, Place, Statement};

/// How much text is kept of the mail itself, and how much of what is attached to it.
const KEPT: usize = 64 << 10;

/// How much of a mail is searched for its Date field.
const HEAD: usize = 32 << 10;

/// How many names are kept.
const NAMES: usize = 256;

/// A longer word is no password that people mail to each other.
const LONGEST: usize = 40;

/// How many words without a label there may be.
const ANY: usize = 512;

/// What all tries of one mail may cost, in milliseconds: half of the time that a mail has.
const BUDGET: u32 = 30_000;

/// How many passwords are tried still when that is used up: those that opened something, and the likeliest.
const LAST: usize = 4;

/// What a try costs, and so how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Microseconds: some hash sums (zip, PDF up to revision 4, old Office).
    Cheap,
    /// A fortieth of a second: a key that takes long on purpose (7z, Office since 2007, OpenDocument, rar).
    Dear,
}

impl Cost {
    /// How many of each kind: opened, stated, known, near a label, any word.
    fn shares(self) -> [usize; 5] {
        match self {
            Self::Cheap => [16, 64, 512, 64, 400],
            Self::Dear => [4, 16, 48, 12, 24],
        }
    }

    fn milliseconds(self) -> u32 {
        match self {
            Self::Cheap => 0,
            Self::Dear => 40,
        }
    }
}

/// A text of the mail itself: its body, its subject.
struct Own {
    place: String,
    /// Whether `place` counts lines: a body does, a header field and a table do not.
    lines: bool,
    text: String,
}

/// Candidates from what was heard, by how likely they are.
#[derive(Default)]
struct Likely {
    stated: Vec<String>,
    near_labels: Vec<String>,
    any: Vec<String>,
}

/// What was heard so far.
#[derive(Default)]
pub(crate) struct Words {
    opened: Vec<String>,
    known: Vec<String>,
    own: Vec<Own>,
    own_bytes: usize,
    aside: String,
    names: Vec<String>,
    /// Header fields with addresses.
    people: String,
    /// The day that the mail says it was written on.
    day: Option<[u32; 3]>,
    /// What all that comes to, until something more is heard.
    likely: Option<Likely>,
    spent: u32,
    /// What the passwords that were handed out last may cost.
    handed: u32,
}

impl Words {
    pub(crate) fn new(job: &Job) -> Self {
        let names = match &job.kind {
            Kind::File(name) => vec![name.clone()],
            Kind::Mail => Vec::new(),
        };
        Self { known: job.passwords.clone(), names, ..Self::default() }
    }

    /// Keeps a text to look for passwords in, should something be protected.
    pub(crate) fn note(&mut self, place: &Place, text: &str) {
        self.likely = None;
        let name = place.path.rsplit(" › ").next().unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "body" | "preamble" | "epilogue" | "header" | "" => self.note_own(place, true, text),
            "subject" if place.field => self.note_own(place, false, text),
            "from" | "to" | "cc" | "bcc" | "reply-to" | "sender" if place.field => {
                self.people.push_str(cut(text, KEPT.saturating_sub(self.people.len())));
                self.people.push('\n');
            }
            _ if text.split('\n').any(|line| line == name) => self.name(text),
            _ => {
                let room = KEPT.saturating_sub(self.aside.len());
                self.aside.push_str(cut(text, room));
                self.aside.push_str(if room > 0 { "\n" } else { "" });
            }
        }
    }

    /// Whether a table stands in the mail's own text.
    pub(crate) fn wants_rows_of(place: &Place) -> bool {
        place.path.rsplit(" › ").next() == Some("body")
    }

    /// Keeps a row of such a table.
    pub(crate) fn note_row<'c>(&mut self, place: &Place, cells: impl Iterator<Item = &'c str>) {
        if self.own_bytes < KEPT {
            self.note_own(place, false, &cells.collect::<Vec<_>>().join("\t"));
        }
    }

    /// Keeps the names of a file, one a line.
    pub(crate) fn name(&mut self, names: &str) {
        let room = NAMES.saturating_sub(self.names.len());
        self.names.extend(names.lines().take(room).map(str::to_owned));
    }

    /// The day on which a mail was written, as its header says.
    pub(crate) fn written_on(&mut self, mail: &[u8]) {
        let head = mail.get(..HEAD).unwrap_or(mail);
        let mut lines = head.split(|&c| c == b'\n').take_while(|line| !line.trim_ascii().is_empty());
        let date =
            lines.find_map(|line| line.split_at_checked(5).filter(|(name, _)| name.eq_ignore_ascii_case(b"date:")));
        self.day = date.and_then(|(_, date)| header_day(&String::from_utf8_lossy(date)));
    }

    fn note_own(&mut self, place: &Place, lines: bool, text: &str) {
        self.likely = None;
        let text = cut(text, KEPT.saturating_sub(self.own_bytes));
        if text.is_empty() {
            return;
        }
        self.own_bytes += text.len();
        let place = if place.path.is_empty() { "body".to_owned() } else { place.path.clone() };
        match self.own.last_mut() {
            // A label and its password may be rows of one table.
            Some(last) if !lines && !last.lines && last.place == place => {
                last.text.push('\n');
                last.text.push_str(text);
            }
            _ => self.own.push(Own { place, lines, text: text.to_owned() }),
        }
    }

    /// The passwords that the mail's own texts state for certain, each with its place.
    pub(crate) fn statements(&self) -> Vec<Statement> {
        let stated = self.own.iter().flat_map(|own| {
            stated::passwords(&own.text).into_iter().filter(|stated| stated.certain).map(
                |Stated { forms, line, .. }| {
                    let place = if own.lines { format!("{}:{line}", own.place) } else { own.place.clone() };
                    Statement { place, passwords: forms }
                },
            )
        });
        stated.collect()
    }

    /// Passwords to try, likeliest first.
    pub(crate) fn candidates(&mut self, cost: Cost) -> Vec<String> {
        let likely = self.likely.take().unwrap_or_else(|| self.sorted());
        let mut list = List { seen: HashSet::new(), words: Vec::new() };
        let [opened, stated, known, near, any] = cost.shares();
        for (most, words) in [
            (opened, &self.opened),
            (stated, &likely.stated),
            (known, &self.known),
            (near, &likely.near_labels),
            (any, &likely.any),
        ] {
            list.extend(most, words);
        }
        let List { mut words, .. } = list;
        self.likely = Some(likely);
        if self.spent >= BUDGET {
            words.truncate(LAST);
        }
        self.handed = cost.milliseconds().saturating_mul(u32::try_from(words.len()).unwrap_or(u32::MAX));
        self.spent = self.spent.saturating_add(self.handed);
        words
    }

    /// This one opened something, at once or nearly: the tries that it saved are still there.
    pub(crate) fn prefer(&mut self, password: &str) {
        self.opened.retain(|known| known != password);
        self.opened.insert(0, password.to_owned());
        self.spent = self.spent.saturating_sub(std::mem::take(&mut self.handed));
    }

    fn sorted(&self) -> Likely {
        let texts = self.own.iter().map(|own| own.text.as_str()).chain([self.aside.as_str()]);
        let mut likely = Likely { any: self.any(), ..Likely::default() };
        for stated in texts.flat_map(stated::passwords) {
            if stated.certain { &mut likely.stated } else { &mut likely.near_labels }.extend(stated.forms);
        }
        likely
    }

    /// Words without a label.
    fn any(&self) -> Vec<String> {
        let own: Vec<&str> = self.own.iter().map(|own| own.text.as_str()).collect();
        let own = own.join("\n");
        let folded: String = own.nfkc().collect();
        let names: Vec<String> = self.names.iter().flat_map(|name| name_words(name)).collect();
        let aside: String = self.aside.nfkc().collect();
        let mixed = words(&folded).filter(|word| is_mixed(word)).chain(wide_words(&own).filter(|w| w.len() > 6));
        let mut all: Vec<String> = mixed.collect();
        all.extend(self.day.into_iter().chain(days(&folded)).flat_map(day_forms));
        all.extend(domain_words(&self.people).chain(domain_words(&folded)));
        all.extend(number_tails(&folded));
        all.extend(names.iter().cloned());
        all.extend(names.iter().flat_map(|name| days(name).flat_map(day_forms)));
        all.extend(words(&folded).chain(wide_words(&own)).chain(words(&aside)));
        let mut seen = HashSet::new();
        all.retain(|word| !word.is_empty() && seen.insert(word.clone()));
        all.truncate(ANY);
        all
    }
}

/// Candidates without repetition.
struct List<'w> {
    seen: HashSet<&'w str>,
    words: Vec<String>,
}

impl<'w> List<'w> {
    fn extend(&mut self, most: usize, words: &'w [String]) {
        let before = self.words.len();
        for word in words {
            if self.words.len() - before >= most {
                return;
            }
            if self.seen.insert(word) {
                self.words.push(word.clone());
            }
        }
    }
}

fn cut(text: &str, room: usize) -> &str {
    text.get(..text.floor_char_boundary(room)).unwrap_or_default()
}

/// Words of printable ASCII, each without and with the punctuation around it; no addresses of pages and mailboxes.
fn words(text: &str) -> impl Iterator<Item = String> {
    let usual = |token: &str| (3..=LONGEST).contains(&token.len()) && token.bytes().any(|c| c.is_ascii_alphanumeric());
    let tokens = stated::tokens(text).map(|(_, token)| token);
    let is_address = |token: &&str| token.contains("://") || (token.contains('@') && token.contains('.'));
    let tokens = tokens.filter(move |token| !is_address(token));
    tokens.flat_map(move |token| {
        let bare = token.trim_matches(|c: char| ".,;:!?()[]{}<>\"'`*=-_|/\\>".contains(c));
        let end = token.trim_end_matches(['.', ',', ';', ':', ')', ']', '>', '"', '\'']);
        [bare, end, token].map(|form| if usual(form) { form.to_owned() } else { String::new() })
    })
}

/// Words of full-width letters and digits, as they are written.
fn wide_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c| !matches!(c, '！'..='～')).filter(|word| (9..=3 * LONGEST).contains(&word.len())).map(str::to_owned)
}

/// Letters and digits in one word: hardly anything else looks like that.
fn is_mixed(word: &str) -> bool {
    word.len() >= 4 && word.bytes().any(|c| c.is_ascii_digit()) && word.bytes().any(|c| c.is_ascii_alphabetic())
}

/// A file's name without its ending, and its parts.
fn name_words(name: &str) -> Vec<String> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut words = vec![stem.to_owned(), stem.nfkc().collect()];
    let folded: String = stem.nfkc().collect();
    let parts = folded.split(|c: char| c.is_whitespace() || "_-.()[]【】「」・,+~".contains(c));
    words.extend(
        parts
            .chain(stated::tokens(&folded).map(|(_, token)| token))
            .filter(|part| part.chars().count() >= 3)
            .map(str::to_owned),
    );
    words
}

/// Labels of domains that name somebody: neither `co` nor `jp` nor `www`.
fn domain_words(text: &str) -> impl Iterator<Item = String> {
    const COMMON: [&str; 12] =
        ["www", "com", "net", "org", "info", "mail", "gmail", "yahoo", "outlook", "smtp", "http", "https"];
    let domains = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@' | '_' | '+')));
    let domains = domains.filter(|word| word.contains('@')).filter_map(|word| word.rsplit('@').next());
    let labels =
        domains.flat_map(|domain| domain.split('.')).filter(|label| label.len() >= 3 && !COMMON.contains(label));
    labels.flat_map(|label| [label.to_owned(), label.replace('-', "")])
}

/// The last four digits of telephone numbers, and numbers without their hyphens.
fn number_tails(text: &str) -> impl Iterator<Item = String> {
    let numbers = text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '(' | ')')));
    let digits = numbers.map(|number| number.chars().filter(char::is_ascii_digit).collect::<String>());
    let phones = digits.filter(|digits| (9..=13).contains(&digits.len()));
    phones.flat_map(|digits| [digits.get(digits.len() - 4..).unwrap_or_default().to_owned(), digits])
}

/// Days that a text names: 2026年11月29日, 2026/11/29, 20261129, 11月29日, 11/29.
fn days(text: &str) -> impl Iterator<Item = [u32; 3]> {
    let groups = text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '年' | '月' | '日' | '/' | '-' | '.')));
    groups.filter(|group| group.len() >= 4).filter_map(|group| {
        let numbers: Vec<&str> = group.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
        let number = |text: &str| text.parse::<u32>().ok();
        let day = match numbers.as_slice() {
            [all] if all.len() == 8 => [number(all.get(..4)?)?, number(all.get(4..6)?)?, number(all.get(6..)?)?],
            [year, month, day, ..] => [number(year)?, number(month)?, number(day)?],
            [month, day] => [0, number(month)?, number(day)?],
            _ => return None,
        };
        is_day(day).then_some(day)
    })
}

fn is_day([year, month, day]: [u32; 3]) -> bool {
    (year == 0 || (1900..2100).contains(&year)) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// A day as people write it for a password.
fn day_forms([year, month, day]: [u32; 3]) -> Vec<String> {
    let short = format!("{month:02}{day:02}");
    if year == 0 {
        return vec![short];
    }
    vec![
        format!("{year}{short}"),
        short.clone(),
        format!("{:02}{short}", year % 100),
        format!("{year}-{month:02}-{day:02}"),
    ]
}

/// `Sun, 29 Nov 2026 10:00:00 +0900` → its day.
fn header_day(date: &str) -> Option<[u32; 3]> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = date.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).peekable();
    words.next_if(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    let day = words.next()?.parse().ok()?;
    let month = words.next()?.get(..3)?.to_ascii_lowercase();
    let month = u32::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year = words.next()?.parse().ok()?;
    Some([year, month, day]).filter(|day| is_day(*day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(texts: &[(&str, &str)]) -> Words {
        let job = Job { passwords: vec!["Organisation1".to_owned()], ..Job::new(Kind::Mail) };
        let mut words = Words::new(&job);
        for (place, text) in texts {
            let is_field = matches!(*place, "From" | "Subject");
            let place = if is_field { Place::default().field(place) } else { Place::new(*place) };
            words.note(&place, text);
        }
        words
    }

    #[test]
    fn likelier_passwords_come_first() {
        let mut words = heard(&[
            ("From", "佐藤 <sato@toho-kanko.example.co.jp>"),
            ("Subject", "見積書の件"),
            (
                "body",
                "お世話になっております。\nABCシステムです。コードは xy12345 です。\nパスワード：Himitsu2026\nTEL 03-1234-5678",
            ),
            ("見積_kaigi.zip", "見積_kaigi.zip"),
        ]);
        words.written_on(b"To: a@b.jp\r\nDate: Sun, 29 Nov 2026 10:00:00 +0900\r\n\r\nDate: none");
        let found = words.candidates(Cost::Cheap);
        let at =
            |word: &str| found.iter().position(|known| known == word).unwrap_or_else(|| panic!("{word}: {found:?}"));
        let order = [
            "Himitsu2026",
            "Organisation1",
            "xy12345",
            "20261129",
            "1129",
            "toho-kanko",
            "tohokanko",
            "5678",
            "見積_kaigi",
            "kaigi",
            "ABC",
        ];
        assert!(order.is_sorted_by_key(|word| at(word)), "{found:?}");
        let dear = words.candidates(Cost::Dear);
        assert!(dear.len() < 110 && dear.first().is_some_and(|first| first == "Himitsu2026"));
    }

    #[test]
    fn what_opened_something_is_tried_first() {
        let mut words = heard(&[("body", "パスワード：Himitsu2026")]);
        words.prefer("kaigi");
        assert_eq!(words.candidates(Cost::Dear).first().map(String::as_str), Some("kaigi"));
    }

    #[test]
    fn tries_are_bounded_for_each_part_and_for_the_mail() {
        let many: String = (0..20_000).fold(String::new(), |text, n| format!("{text} word{n}"));
        let mut words = heard(&[("body", &many)]);
        assert!(words.candidates(Cost::Cheap).len() < 1_100);
        let dear = words.candidates(Cost::Dear).len();
        assert!(dear <= 104);
        for _ in 0..100 {
            words.candidates(Cost::Dear);
        }
        assert_eq!(words.candidates(Cost::Dear).len(), LAST);
        words.spent = 0;
        for _ in 0..100 {
            assert_eq!(words.candidates(Cost::Dear).len(), dear + usize::from(words.opened.len() == 1));
            words.prefer("Organisation1x");
        }
    }

    #[test]
    fn days_are_told_from_numbers() {
        let day = |text: &str| days(text).collect::<Vec<_>>();
        assert_eq!(day("2026年11月29日、20261129、2026/11/29"), [[2026, 11, 29]; 3]);
        assert_eq!(day("11月29日 と 11/29"), [[0, 11, 29]; 2]);
        assert_eq!(day("12345678 と 99/99 と 1234"), [[0; 3]; 0]);
        assert_eq!(header_day("29 nov 2026 10:00 GMT"), Some([2026, 11, 29]));
        assert_eq!(header_day("nonsense"), None);
        assert_eq!(day_forms([2026, 1, 5]), ["20260105", "0105", "260105", "2026-01-05"]);
    }

    #[test]
    fn what_a_mail_states_is_told_with_its_place() {
        let mut words = heard(&[
            ("Subject", "パスワード：Subject01"),
            ("body", "1\nPW: Himitsu2026"),
            ("転送.eml › body", "PW: Inner2026"),
            ("メモ.txt", "PW: Aside2026"),
        ]);
        words.note_row(&Place::new("body"), ["パスワード", "Cell2026"].into_iter());
        let places: Vec<String> = words.statements().into_iter().map(|statement| statement.place).collect();
        assert_eq!(places, ["Subject", "body:2", "転送.eml › body:1", "body"]);
        assert!(words.candidates(Cost::Dear).contains(&"Aside2026".to_owned()));
    }
}
