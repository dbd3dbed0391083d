//! Word lists that are looked for in texts: a dictionary → patterns.
//!
//! In: the dictionaries that a rule names (`dictionary = "special_care"` is `dictionaries/special_care….txt`), one word
//! a line. Out: patterns for the one search over all rules; the words are never looked for one by one. Deliberately
//! absent: dictionaries of names and places, which are asked and not searched for ([`super::super::names`],
//! [`super::super::words::places`]).

use std::collections::BTreeMap;

use crate::inspect::detect::normal::Normal;

/// Dictionaries of words by the stem of their file's name.
#[derive(Debug, Default)]
pub(super) struct Terms(BTreeMap<String, Vec<String>>);

impl Terms {
    /// Adds one dictionary file.
    pub(crate) fn add(&mut self, file: &str, text: &str) {
        let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".txt");
        let words = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let words = words.map(|word| Normal::of(word).into_text().into_owned());
        self.0.entry(stem.to_owned()).or_default().extend(words);
    }

    /// The files that no rule in `named` asks for.
    pub(super) fn idle<'a>(&'a self, named: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str).filter(|stem| !named.iter().any(|name| stem.starts_with(name)))
    }

    /// All words of the dictionaries whose names begin with `name`.
    pub(crate) fn words<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let dictionaries = self.0.iter().filter(move |(stem, _)| stem.starts_with(name));
        dictionaries.flat_map(|(_, words)| words.iter().map(String::as_str))
    }

    /// Patterns for all words of the dictionaries whose names begin with `name`: those in Latin letters stand between
    /// boundaries and may be in capitals.
    pub(crate) fn patterns(&self, name: &str) -> Vec<String> {
        let mut words: Vec<&str> = self.words(name).collect();
        // Of two words that begin alike the longer one is tried first.
        words.sort_by_key(|word| (std::cmp::Reverse(word.len()), *word));
        words.dedup();
        let (latin, other): (Vec<&str>, Vec<&str>) = words.into_iter().partition(|word| word.is_ascii());
        let either = |words: Vec<&str>| words.iter().map(|word| escaped(word)).collect::<Vec<_>>().join("|");
        let mut patterns = Vec::new();
        if !other.is_empty() {
            patterns.push(either(other));
        }
        if !latin.is_empty() {
            patterns.push(format!(r"(?i-u:\b)(?i-u:{})(?-u:\b)", either(latin)));
        }
        patterns
    }
}

/// A word as a pattern that matches it and nothing else.
fn escaped(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len());
    for c in word.chars() {
        if c.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_patterns() {
        let mut terms = Terms::default();
        terms.add("dictionaries/ours.txt", "# ours\n極秘\n\nproject x+y\n極秘計画\n");
        terms.add("dictionaries/ours_more.txt", "内部");
        assert_eq!(terms.patterns("ours"), ["極秘計画|内部|極秘", r"(?i-u:\b)(?i-u:project x\+y)(?-u:\b)"]);
        assert!(terms.patterns("other").is_empty());
        assert_eq!(terms.idle(&["ours"]).count(), 0);
        assert_eq!(terms.idle(&[]).collect::<Vec<_>>(), ["ours", "ours_more"]);
    }
}
