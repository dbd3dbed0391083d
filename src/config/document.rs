//! A TOML document that is read key by key, and remembers everything that is wrong with it.
//!
//! In: the text of sekisho.toml. Out: typed values for the keys that are asked for, and in the end every [`Problem`]:
//! syntax, wrong types, wrong values, and keys that nobody asked for. serde would stop at the first of them, and an
//! administrator who mends a file deserves all of them at once.
//! Deliberately absent: which keys there are; that is `read`.

use std::ops::RangeInclusive;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::written;

/// One thing that is wrong, at a byte offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) message: String,
}

/// One table of the document, `[smtp]` for instance, or the document itself.
pub(super) struct Section<'d> {
    /// Empty for the document itself.
    name: &'static str,
    table: Option<&'d DeTable<'d>>,
    at: usize,
    asked: Vec<&'static str>,
    problems: Vec<Problem>,
}

/// Parses the text; every syntax error, if there is one.
pub(super) fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(document);
    }
    let problem = |error: toml::de::Error| Problem {
        at: error.span().map_or(0, |span| span.start),
        message: format!("{}; mend the TOML here", written::one_line(error.message())),
    };
    let mut problems: Vec<_> = errors.into_iter().map(problem).collect();
    problems.sort_by_key(|problem| problem.at);
    Err(problems)
}

impl<'d> Section<'d> {
    /// The document itself.
    pub(super) fn document(table: &'d DeTable<'d>) -> Self {
        Self { name: "", table: Some(table), at: 0, asked: Vec::new(), problems: Vec::new() }
    }

    /// The table called `name`, which may be absent.
    pub(super) fn section(&mut self, name: &'static str) -> Self {
        let mut section = Self { name, table: None, at: 0, asked: Vec::new(), problems: Vec::new() };
        if let Some(value) = self.value(name) {
            section.at = value.span().start;
            match value.get_ref() {
                DeValue::Table(table) => section.table = Some(table),
                other => self.wrong_type(name, value, &format!("a section, [{name}]"), other),
            }
        }
        section
    }

    /// The table `key` inside of this one, called `name` in full; none if it is absent or no table.
    pub(super) fn table(&mut self, key: &'static str, name: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(key, value, &format!("a section, [{name}]"), value.get_ref());
            return None;
        };
        Some(Self { name, table: Some(table), at: value.span().start, asked: Vec::new(), problems: Vec::new() })
    }

    /// A string, read by `read`; none if it is absent or wrong.
    pub(super) fn read<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let value = self.value(key)?;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(key, value, "a string in quotes", value.get_ref());
            return None;
        };
        self.keep(key, value.span().start, read(text))
    }

    /// A list of strings, each read by `read`, not empty; none if it is absent or any of it is wrong.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<(usize, T)>> {
        let value = self.value(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, "a list, as in [\"…\"]", value.get_ref());
            return None;
        };
        if items.is_empty() {
            self.wrong(key, value.span().start, "the list is empty; name at least one or leave the key out");
            return None;
        }
        let mut read_items = Vec::new();
        for item in items.iter() {
            let at = item.span().start;
            let DeValue::String(text) = item.get_ref() else {
                self.wrong_type(key, item, "strings only in the list", item.get_ref());
                continue;
            };
            read_items.extend(self.keep(key, at, read(text)).map(|item| (at, item)));
        }
        (read_items.len() == items.len()).then_some(read_items)
    }

    /// A whole number within `range`; none if it is absent or wrong.
    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(key, value, "a whole number", value.get_ref());
            return None;
        };
        let (least, most) = (range.start(), range.end());
        let number = u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| range.contains(number));
        let read = number.ok_or_else(|| format!("this is out of bounds; write a number from {least} to {most}"));
        self.keep(key, value.span().start, read)
    }

    /// A share, from 0 to 1; none if it is absent or wrong.
    pub(super) fn share(&mut self, key: &'static str) -> Option<f64> {
        let value = self.value(key)?;
        let written = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            other => {
                self.wrong_type(key, value, "a number from 0 to 1, as in 0.01", other);
                return None;
            }
        };
        let share = written.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
        let read = share.ok_or_else(|| "this is out of bounds; write a number from 0 to 1, as in 0.01".to_owned());
        self.keep(key, value.span().start, read)
    }

    /// `true` or `false`; none if it is absent or wrong.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let DeValue::Boolean(flag) = value.get_ref() else {
            self.wrong_type(key, value, "true or false, without quotes", value.get_ref());
            return None;
        };
        Some(*flag)
    }

    /// Where the value of `key` stands, or else the section.
    pub(super) fn place_of(&self, key: &str) -> usize {
        self.table.and_then(|table| table.get(key)).map_or(self.at, |value| value.span().start)
    }

    /// Whether `key` is written, rightly or wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Says that a key must be there, if it is not.
    pub(super) fn require(&mut self, key: &'static str, example: &str) {
        if !self.has(key) {
            let message = format!("{} is missing; write {example}", self.path(key));
            self.problems.push(Problem { at: self.at, message });
        }
    }

    /// Says that the value of `key` is wrong.
    pub(super) fn wrong(&mut self, key: &str, at: usize, message: &str) {
        let message = format!("{}: {message}", self.path(key));
        self.problems.push(Problem { at, message });
    }

    /// Everything that is wrong with this section, keys that nobody asked for included.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        for (key, _) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(&name) {
                let hint = written::did_you_mean(name, self.asked.iter().copied());
                let what = if self.name.is_empty() { "key or section" } else { "key" };
                let message = format!("there is no {what} `{}`{hint}; remove it", self.path(name));
                self.problems.push(Problem { at: key.span().start, message });
            }
        }
        self.problems
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.push(key);
        self.table?.get(key)
    }

    fn keep<T>(&mut self, key: &str, at: usize, read: Result<T, String>) -> Option<T> {
        read.map_err(|message| self.wrong(key, at, &message)).ok()
    }

    fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str, found: &DeValue<'_>) {
        let message = format!("this is {}; write {expected}", article(found.type_str()));
        self.wrong(key, value.span().start, &message);
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}
