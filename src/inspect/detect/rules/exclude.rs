//! What an organisation does not want found: its own switchboard, its own address, the numbers of its test data.
//!
//! In: `[[exclude]]` tables of rule files ([`Written`]), each with the detectors that it is about (all if none is named)
//! and values, a dictionary of values or a pattern. Out: [`Exclusions`], which is asked for each value that a detector
//! accepted; an excluded one is no finding and no person. Values are compared as people are told apart, whatever their
//! dress: `03-5555-0100` is `+81 3 5555 0100`. A pattern has to match the whole value.
//! Deliberately absent: rows of exact data, which know no values; the organisation leaves them out of its index.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::rule::{Detector, place, wrong};
use super::terms::Terms;
use crate::inspect::detect::checks::{self, Check};
use crate::inspect::detect::identity::{address, latin, told};
use crate::inspect::detect::normal::Normal;
use crate::inspect::detect::prose::clusters::name_characters;
use crate::inspect::detect::words::{Hashes, hash, hash_characters};
use crate::inspect::detect::{RuleError, RuleSource};
use crate::written::{did_you_mean, one_line};

/// `[[exclude]]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    note: Option<String>,
    detectors: Option<Vec<toml::Spanned<String>>>,
    #[serde(default)]
    values: Vec<toml::Spanned<String>>,
    dictionary: Option<toml::Spanned<String>>,
    pattern: Option<toml::Spanned<String>>,
    #[serde(default)]
    examples: Examples,
}

/// What an exclusion promises about itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    /// Texts in which its detectors find something without it, and nothing with it.
    #[serde(default)]
    excluded: Vec<String>,
    /// Texts in which they find something all the same.
    #[serde(default)]
    found: Vec<String>,
}

/// One exclusion and where it stands.
#[derive(Debug)]
pub(crate) struct Written {
    raw: Raw,
    source: RuleSource,
    at: usize,
}

impl Written {
    pub(crate) fn new(raw: toml::Spanned<Raw>, source: &RuleSource) -> Self {
        Self { at: raw.span().start, raw: raw.into_inner(), source: source.clone() }
    }

    /// The dictionary that it names.
    pub(crate) fn dictionary(&self) -> Option<&str> {
        self.raw.dictionary.as_ref().map(|name| name.as_ref().as_str())
    }

    fn wrong(&self, at: usize, message: &str) -> RuleError {
        wrong(&self.source, &format!("{}: exclude: {message}", place(&self.source.text, at)))
    }

    /// Which detectors it is about.
    fn detectors(&self, all: &[Detector]) -> Result<Vec<usize>, RuleError> {
        let Some(names) = &self.raw.detectors else { return Ok((0..all.len()).collect()) };
        if names.is_empty() {
            return Err(self.wrong(self.at, "the list detectors is empty; name some, or leave it out for all of them"));
        }
        let mut about = Vec::new();
        for name in names {
            let is_named = |id: &str| match name.as_ref().strip_suffix('*') {
                Some(start) => id.starts_with(start),
                None => id == name.as_ref(),
            };
            let before = about.len();
            about.extend((0..).zip(all).filter(|(_, detector)| is_named(&detector.info.id)).map(|(index, _)| index));
            if about.len() == before {
                let hint = did_you_mean(name.as_ref(), all.iter().map(|detector| detector.info.id.as_str()));
                let message =
                    format!("no detector is called `{}`{hint}; `sekisho rules list` names them", name.as_ref());
                return Err(self.wrong(name.span().start, &message));
            }
        }
        about.sort_unstable();
        about.dedup();
        Ok(about)
    }

    /// All values, each with its place.
    fn values<'w>(&'w self, terms: &'w Terms) -> Result<Vec<&'w str>, RuleError> {
        let mut values: Vec<&str> = Vec::new();
        for value in &self.raw.values {
            if !value.as_ref().chars().any(char::is_alphanumeric) {
                return Err(self.wrong(value.span().start, "a value needs a letter or a digit; write one or remove it"));
            }
            values.push(value.as_ref());
        }
        if let Some(name) = &self.raw.dictionary {
            let before = values.len();
            values.extend(terms.words(name.as_ref()));
            if values.len() == before {
                let message = format!(
                    "there is no word in a dictionary `{0}`; put dictionaries/{0}.txt into rules.directory, one value \
                     a line",
                    name.as_ref()
                );
                return Err(self.wrong(name.span().start, &message));
            }
        }
        Ok(values)
    }

    /// The pattern over whole values.
    fn pattern(&self) -> Result<Option<Regex>, RuleError> {
        let Some(written) = &self.raw.pattern else { return Ok(None) };
        let build = |pattern: &str| RegexBuilder::new(pattern).case_insensitive(true).build();
        // By itself first, so that what is wrong is told in its own words.
        let whole = build(written.as_ref()).and_then(|_| build(&format!("^(?:{})$", written.as_ref())));
        let whole = whole.map_err(|error| {
            let message = format!("the pattern cannot be used: {}; mend it", one_line(&error.to_string()));
            self.wrong(written.span().start, &message)
        })?;
        if whole.is_match("") || ["0", "a", "山"].iter().all(|any| whole.is_match(any)) {
            let message = "the pattern matches anything, so that nothing would be found; say what all values have";
            return Err(self.wrong(written.span().start, message));
        }
        Ok(Some(whole))
    }
}

/// What is excluded of which detector.
#[derive(Debug, Default)]
pub(crate) struct Exclusions {
    lists: Vec<List>,
    /// The lists that are about each detector; nothing at all without lists.
    of: Vec<Vec<usize>>,
}

/// One exclusion, checked.
#[derive(Debug)]
struct List {
    summary: Summary,
    values: HashMap<Form, Hashes>,
    pattern: Option<Regex>,
    written: Written,
    about: Vec<usize>,
}

/// What `rules list` tells about an exclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What its author calls it.
    pub note: String,
    /// The detectors that it names; none is all.
    pub detectors: Vec<String>,
    /// How many values it has, those of its dictionary included.
    pub values: usize,
    /// Whether it has a pattern.
    pub pattern: bool,
    /// How many examples it carries.
    pub examples: usize,
}

/// An example of an exclusion, to be run.
pub(super) struct Trial<'a> {
    pub(crate) text: &'a str,
    /// Whether nothing must be found in it.
    pub(crate) excluded: bool,
    /// The detectors that it is about.
    pub(crate) about: &'a [usize],
    list: &'a List,
    number: usize,
}

impl Trial<'_> {
    /// That it did not come true, because something was `found` or not, with the exclusion or without.
    pub(super) fn failed(&self, message: &str) -> RuleError {
        let kind = if self.excluded { "excluded" } else { "found" };
        let message = format!("example {} of {kind} {message}; mend the exclusion or the example", self.number);
        self.list.written.wrong(self.list.written.at, &message)
    }
}

impl Exclusions {
    /// Checks what is written.
    pub(super) fn of(written: Vec<Written>, detectors: &[Detector], terms: &Terms) -> Result<Self, RuleError> {
        let mut exclusions = Self::default();
        if !written.is_empty() {
            exclusions.of = detectors.iter().map(|_| Vec::new()).collect();
        }
        for written in written {
            let about = written.detectors(detectors)?;
            let (values, pattern) = (written.values(terms)?, written.pattern()?);
            if values.is_empty() && pattern.is_none() {
                let message = "it excludes nothing; give it values, a dictionary or a pattern";
                return Err(written.wrong(written.at, message));
            }
            let mut forms: HashMap<Form, Hashes> = HashMap::new();
            for form in about.iter().filter_map(|&index| detectors.get(index)).map(|d| Form::of(d.check)) {
                let known = forms.entry(form).or_default();
                if known.is_empty() {
                    known.extend(values.iter().filter_map(|value| form.written(Normal::of(value).text())));
                }
            }
            let Raw { note, detectors, examples, .. } = &written.raw;
            let summary = Summary {
                note: note.clone().unwrap_or_default(),
                detectors: detectors.iter().flatten().map(|name| name.as_ref().clone()).collect(),
                values: values.len(),
                pattern: pattern.is_some(),
                examples: examples.excluded.len() + examples.found.len(),
            };
            let list = exclusions.lists.len();
            for &index in &about {
                exclusions.of.get_mut(index).into_iter().for_each(|lists| lists.push(list));
            }
            exclusions.lists.push(List { summary, values: forms, pattern, written, about });
        }
        Ok(exclusions)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// What there is, in the order of files and lines.
    pub(super) fn summaries(&self) -> impl Iterator<Item = &Summary> {
        self.lists.iter().map(|list| &list.summary)
    }

    /// The examples of all.
    pub(super) fn trials(&self) -> impl Iterator<Item = Trial<'_>> {
        self.lists.iter().flat_map(|list| {
            let Examples { excluded, found } = &list.written.raw.examples;
            [(true, excluded), (false, found)].into_iter().flat_map(move |(excluded, texts)| {
                (1..).zip(texts).map(move |(number, text)| Trial { text, excluded, about: &list.about, list, number })
            })
        })
    }

    /// Whether the normalised `value` of a detector is excluded.
    pub(crate) fn hold(&self, index: usize, detector: &Detector, value: &str) -> bool {
        let Some(lists) = self.of.get(index).filter(|lists| !lists.is_empty()) else { return false };
        let form = Form::of(detector.check);
        let key = form.key(value);
        lists.iter().filter_map(|&list| self.lists.get(list)).any(|list| {
            list.values.get(&form).is_some_and(|known| known.contains(&key))
                || list.pattern.as_ref().is_some_and(|pattern| pattern.is_match(value.trim()))
        })
    }
}

/// What values of a kind are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// The digits of a telephone number, as dialled inside the country.
    Telephone,
    /// From the municipality to the block.
    Address,
    /// A day.
    Birth,
    /// A name in kanji or kana, old forms as new ones.
    Name,
    /// The words of a name in Latin letters, in any order.
    Latin,
    /// Every character save spaces, capitals as small letters: dots and dashes tell such values apart.
    Spelling,
    /// Letters and digits.
    Letters,
}

impl Form {
    fn of(check: Check) -> Self {
        match check {
            Check::PhoneJp | Check::Phone => Self::Telephone,
            Check::AddressJp => Self::Address,
            Check::BirthDate => Self::Birth,
            Check::NameJp => Self::Name,
            Check::PersonName => Self::Latin,
            Check::Email
            | Check::IpAddress
            | Check::Password
            | Check::ConnectionString
            | Check::DiscordToken
            | Check::HttpLogin
            | Check::Jwt
            | Check::PrivateKey
            | Check::Token
            | Check::TokenChecksum => Self::Spelling,
            _ => Self::Letters,
        }
    }

    /// What `value` is compared by.
    fn key(self, value: &str) -> u64 {
        match self {
            Self::Telephone => hash_characters(checks::phone_digits(value).chars()),
            Self::Address => address(value),
            Self::Birth => checks::born(value).map_or_else(|| told(value), |day| hash(&day)),
            Self::Name => hash_characters(name_characters(value)),
            Self::Latin => latin(value),
            Self::Spelling => {
                hash_characters(value.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()))
            }
            Self::Letters => told(value),
        }
    }

    /// The same for a value that somebody wrote, if it can be one of this kind: of all detectors most are about others.
    fn written(self, value: &str) -> Option<u64> {
        let has = |is: fn(char) -> bool| value.chars().any(is);
        let fits = match self {
            Self::Telephone => has(|c| c.is_ascii_digit()) && !has(char::is_alphabetic),
            Self::Name | Self::Latin | Self::Address => has(char::is_alphabetic),
            Self::Birth => has(char::is_numeric),
            Self::Spelling | Self::Letters => true,
        };
        fits.then(|| self.key(value))
    }
}
