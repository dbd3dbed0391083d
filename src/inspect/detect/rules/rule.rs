//! One detector: TOML → checked rule.
//!
//! In: the text of a rule file (`[[detector]]` tables). Out: [`Detector`]s, or the first thing that is wrong with
//! line and column. A rule without examples that must and must not match is refused here; whether they come true is
//! seen when the whole set is compiled ([`super`]). Deliberately absent: code in rules; what a pattern cannot
//! say is a named [`Check`].

use std::ops::{ControlFlow, Range};

use serde::Deserialize;

use super::exclude;
use crate::inspect::detect::checks::Check;
use crate::inspect::detect::mask::Mask;
use crate::inspect::detect::normal::Normal;
use crate::inspect::detect::words::vocabulary::Vocabulary;
use crate::inspect::detect::{RuleError, RuleSource};
use crate::inspect::{Category, Confidence};
use crate::language::Text;

/// What `rules list` tells about a detector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorInfo {
    /// `jp.phone`.
    pub id: String,
    /// Its legal category.
    pub category: Category,
    /// Whether what it finds is about a person.
    pub personal: bool,
    /// What it finds, for people.
    pub title: Text,
    /// The law, standard or vendor document that defines its check.
    pub source: String,
    /// The file it came from.
    pub file: String,
    /// How many examples it carries.
    pub examples: usize,
}

/// One detector, checked.
#[derive(Debug)]
pub(crate) struct Detector {
    pub(crate) info: DetectorInfo,
    pub(crate) role: Role,
    pub(crate) check: Check,
    pub(crate) patterns: Vec<String>,
    /// How many of them stand in the rule; the others are made of word lists.
    pub(crate) written: usize,
    /// The word lists to look for besides, by the beginning of their names.
    pub(crate) dictionary: Option<String>,
    /// Confidence of a hit that nothing near speaks for; `None` drops it.
    pub(crate) alone: Option<Confidence>,
    /// Confidence with a context word near.
    pub(crate) in_context: Confidence,
    /// Words near a hit that speak for it.
    pub(crate) context: Nearby,
    /// Words near a hit that speak against it.
    pub(crate) against: Nearby,
    /// How many characters before a hit a context word may stand.
    pub(crate) window: usize,
    /// Header words of table columns, as [`header_key`] makes them.
    pub(crate) headers: Vec<String>,
    pub(crate) mask: Mask,
    /// Of two overlapping hits of the same confidence the greater wins.
    pub(crate) priority: u8,
    /// Reported only when a person stands beside it.
    pub(crate) with_person: bool,
    pub(crate) examples: Examples,
}

/// What a hit says about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// It is a person's name.
    Name,
    /// It leads to one person: a number given to one, a way to reach one.
    Identifier,
    /// It tells something about a person whom something else names.
    Attribute,
}

/// What a rule promises about itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Examples {
    /// Texts in which it must find something.
    #[serde(rename = "match")]
    pub(crate) matching: Vec<String>,
    /// Texts in which it must not.
    #[serde(rename = "no_match")]
    pub(super) not_matching: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    detector: Vec<toml::Spanned<Raw>>,
    #[serde(default)]
    exclude: Vec<toml::Spanned<exclude::Raw>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    category: Category,
    title: Text,
    source: String,
    #[serde(default = "yes")]
    personal: bool,
    #[serde(default = "attribute")]
    role: Role,
    #[serde(default = "no_check")]
    check: Check,
    #[serde(default)]
    patterns: Vec<String>,
    dictionary: Option<String>,
    confidence: RawConfidence,
    #[serde(default)]
    context: Vec<String>,
    #[serde(default)]
    against: Vec<String>,
    #[serde(default = "window")]
    window: usize,
    #[serde(default)]
    headers: Vec<String>,
    mask: Mask,
    #[serde(default = "priority")]
    priority: u8,
    #[serde(default)]
    with_person: bool,
    #[serde(default)]
    examples: Examples,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfidence {
    alone: Alone,
    context: Confidence,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Alone {
    None,
    Low,
    Medium,
    High,
}

fn yes() -> bool {
    true
}

fn attribute() -> Role {
    Role::Attribute
}

fn no_check() -> Check {
    Check::None
}

fn window() -> usize {
    40
}

fn priority() -> u8 {
    50
}

/// Reads the detectors of one file; what it excludes goes into `excluded`.
pub(crate) fn read(source: &RuleSource, excluded: &mut Vec<exclude::Written>) -> Result<Vec<Detector>, RuleError> {
    let file: File = parse(source)?;
    excluded.extend(file.exclude.into_iter().map(|raw| exclude::Written::new(raw, source)));
    file.detector
        .into_iter()
        .map(|raw| {
            let place = place(&source.text, raw.span().start);
            checked(raw.into_inner(), source).map_err(|message| wrong(source, &format!("{place}: {message}")))
        })
        .collect()
}

/// The TOML of a rule file, or what is wrong with it by line and column.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(source: &RuleSource) -> Result<T, RuleError> {
    toml::from_str(&source.text).map_err(|error| {
        let message = error.message().replace('\n', " ");
        match error.span() {
            Some(span) => wrong(source, &format!("{}: {message}", place(&source.text, span.start))),
            None => wrong(source, &message),
        }
    })
}

/// Whether an id is written as ids are.
pub(crate) fn check_id(id: &str) -> Result<(), String> {
    let simple =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if id.split('.').all(simple) {
        return Ok(());
    }
    Err(format!("detector id {id:?}: write it like \"jp.phone\", in small letters, digits and _"))
}

fn checked(raw: Raw, source: &RuleSource) -> Result<Detector, String> {
    let id = raw.id;
    check_id(&id)?;
    if raw.examples.matching.is_empty() || raw.examples.not_matching.is_empty() {
        return Err(format!(
            "detector {id}: give it [detector.examples] with both match and no_match; a rule without examples is not used"
        ));
    }
    if raw.patterns.is_empty() && raw.headers.is_empty() && raw.dictionary.is_none() {
        return Err(format!("detector {id}: give it patterns, headers, or both; without them it finds nothing"));
    }
    if raw.source.trim().is_empty() {
        return Err(format!("detector {id}: say in source which law, standard or document defines it"));
    }
    let info = DetectorInfo {
        id,
        category: raw.category,
        personal: raw.personal,
        title: raw.title,
        source: raw.source,
        file: source.name.clone(),
        examples: raw.examples.matching.len() + raw.examples.not_matching.len(),
    };
    Ok(Detector {
        info,
        role: raw.role,
        check: raw.check,
        written: raw.patterns.len(),
        patterns: raw.patterns,
        dictionary: raw.dictionary,
        alone: match raw.confidence.alone {
            Alone::None => None,
            Alone::Low => Some(Confidence::Low),
            Alone::Medium => Some(Confidence::Medium),
            Alone::High => Some(Confidence::High),
        },
        in_context: raw.confidence.context,
        context: Nearby::of(&raw.context)?,
        against: Nearby::of(&raw.against)?,
        window: raw.window,
        headers: raw.headers.iter().map(|header| header_key(header)).collect(),
        mask: raw.mask,
        priority: raw.priority,
        with_person: raw.with_person,
        examples: raw.examples,
    })
}

/// Words that are looked for beside a hit, all at once.
#[derive(Debug, Default)]
pub(crate) struct Nearby {
    search: Vocabulary,
    /// As the rule writes them.
    words: Vec<String>,
}

impl Nearby {
    fn of(words: &[String]) -> Result<Self, String> {
        if words.iter().any(|word| word.trim().is_empty()) {
            return Err("an empty context word is near everything; remove it".to_owned());
        }
        let normal: Vec<String> = words.iter().map(|word| Normal::of(word).into_text().into_owned()).collect();
        if normal.iter().any(String::is_empty) {
            return Err("a context word of nothing but invisible characters is near everything; remove it".to_owned());
        }
        Ok(Self { search: Vocabulary::of(normal.iter().map(String::as_str)), words: words.to_vec() })
    }

    /// Whether there are no such words.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Where the first of them begins in a part of `text`, as a word of its own or not, wherever it ends.
    pub(crate) fn first_in(&self, text: &str, part: Range<usize>) -> Option<usize> {
        let mut first = None;
        self.search.beginning_in(text, part.clone(), |_, range| {
            first = Some(range.start).filter(|start| part.contains(start));
            ControlFlow::Break(())
        });
        first
    }

    /// The one of them that ends first in `text`, a short one as a word of its own: its number, and where it is. None
    /// begins before `from`.
    pub(crate) fn find_in(&self, text: &str, from: usize) -> Option<(u16, Range<usize>)> {
        let mut first: Option<(usize, Range<usize>)> = None;
        self.search.beginning_in(text, from..text.len(), |word, range| {
            match &first {
                Some((_, known)) if known.end <= range.start => return ControlFlow::Break(()),
                Some((_, known)) if known.end <= range.end => {}
                _ if stands_as_word(text, range.clone()) => first = Some((word, range)),
                _ => {}
            }
            ControlFlow::Continue(())
        });
        first.map(|(word, range)| (u16::try_from(word).unwrap_or(u16::MAX), range))
    }

    /// A word by its number.
    pub(crate) fn word(&self, number: usize) -> Option<&str> {
        self.words.get(number).map(String::as_str)
    }
}

/// A header cell as headers are compared: normalised, lower case, without spaces and marks.
pub(crate) fn header_key(cell: &str) -> String {
    let mut key = String::with_capacity(cell.len());
    if cell.is_ascii() {
        key.extend(cell.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        let normal = Normal::of(cell);
        let letters = normal.text().chars().filter(|c| c.is_alphanumeric() || *c == 'ー');
        key.extend(letters.flat_map(char::to_lowercase));
    }
    key
}

/// Up to three letters of ASCII (`pan`, `sin`) are no word inside a longer one (`Japan`, `business`).
pub(crate) fn stands_as_word(text: &str, range: Range<usize>) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphabetic);
    let short = range.len() <= 3 && text.get(range.clone()).is_some_and(|w| w.bytes().all(|b| b.is_ascii_alphabetic()));
    !short || !(letter(range.start.checked_sub(1)) || letter(Some(range.end)))
}

/// An error in this file.
pub(crate) fn wrong(source: &RuleSource, message: &str) -> RuleError {
    RuleError { file: source.name.clone(), message: message.to_owned() }
}

/// A place in a rule file, as messages call it.
pub(crate) fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[detector]]
id = "our.customer"
category = "identity"
title = { ja = "顧客番号", en = "Customer number" }
source = "Our own numbering"
patterns = ['C-[0-9]{6}']
confidence = { alone = "low", context = "high" }
mask = "last4"
[detector.examples]
match = ["顧客番号 C-123456"]
no_match = ["C-12"]
"#;

    fn message(text: &str) -> String {
        let source = RuleSource { name: "our.toml".to_owned(), text: text.to_owned() };
        read(&source, &mut Vec::new()).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_is_read() {
        let source = RuleSource { name: "our.toml".to_owned(), text: GOOD.to_owned() };
        let rules = read(&source, &mut Vec::new()).unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].info.id, "our.customer");
        assert_eq!(rules[0].window, 40);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (from, to, told) in [
            (
                "mask = \"last4\"\n",
                "mask = \"last4\"\ncolour = 1\n",
                "our.toml: line 10, column 1: unknown field `colour`",
            ),
            (
                "match = [\"顧客番号 C-123456\"]\n",
                "match = []\n",
                "our.toml: line 2, column 1: detector our.customer: give it [detector.examples]",
            ),
            ("id = \"our.customer\"", "id = \"Our Customer\"", "detector id \"Our Customer\": write it like"),
            ("patterns = ['C-[0-9]{6}']\n", "", "detector our.customer: give it patterns"),
            ("[detector.examples]", "[detector.examples", "our.toml: line 10, column"),
            ("\"Our own numbering\"", "\" \"", "say in source"),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            assert!(message(&text).contains(told), "{}", message(&text));
        }
    }

    #[test]
    fn a_rule_without_examples_is_refused() {
        let (rule, _) = GOOD.split_once("[detector.examples]").unwrap();
        assert!(message(rule).contains("a rule without examples is not used"));
    }

    #[test]
    fn short_words_stand_alone() {
        let words = Nearby::of(&["pan".to_owned(), "tel".to_owned(), "phone".to_owned()]).unwrap();
        for text in ["PAN: A", "my pan", "TEL03-1", "電話tel", "user_pan", "telephone"] {
            assert!(words.find_in(text, 0).is_some(), "{text}");
        }
        for text in ["Japan", "company", "hotel", "pantry"] {
            assert!(words.find_in(text, 0).is_none(), "{text}");
        }
    }

    #[test]
    fn headers_are_compared_without_their_dress() {
        assert_eq!(header_key(" 電話番号（携帯）※ "), "電話番号携帯");
        assert_eq!(header_key("E-Mail"), "email");
        assert_eq!(header_key("ｶﾅ 氏名"), "カナ氏名");
    }
}
