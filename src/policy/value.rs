//! The words of a condition: numbers with bounds, sizes, lists or `any`, file-name globs, patterns.
//!
//! In: values as they stand in TOML. Out: the same, checked, with one question each. Deliberately absent: what they are
//! compared with (`condition`).

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Unexpected, Visitor, value::SeqAccessDeserializer},
};

use super::truth::Truth;
use crate::written;

/// From `min` to `max`, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
}

/// A size from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    pub(super) min: Option<Bytes>,
    pub(super) max: Option<Bytes>,
}

/// A size as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bytes(pub(super) u64);

/// A list, or the word `any`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Few<T> {
    Any,
    These(Vec<T>),
}

/// A file name with `*` and `?`; capital and small letters are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<char>);

/// A regular expression; capital and small letters are the same.
#[derive(Debug, Clone)]
pub(super) struct Pattern(regex::Regex);

impl Bounds {
    pub(super) fn contain(self, number: u32) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }

    /// Whether a number is within that is known to be from `least` to `most`; `most` may be beyond all numbers.
    pub(super) fn hold(self, least: u32, most: Option<u32>) -> Truth {
        let reached = self.min.is_none_or(|min| least >= min);
        let kept = self.max.is_none_or(|max| most.is_some_and(|most| most <= max));
        let missed = self.min.is_some_and(|min| most.is_some_and(|most| most < min));
        let passed = self.max.is_some_and(|max| least > max);
        match (reached && kept, missed || passed) {
            (true, _) => Truth::True,
            (_, true) => Truth::False,
            _ => Truth::Unknown,
        }
    }

    /// Whether every number within these is within `other`.
    pub(super) fn within(self, other: Self) -> bool {
        other.min.is_none_or(|min| self.min.unwrap_or(0) >= min)
            && other.max.is_none_or(|max| self.max.is_some_and(|own| own <= max))
    }
}

impl Sizes {
    pub(super) fn contain(self, size: u64) -> bool {
        self.min.is_none_or(|min| size >= min.0) && self.max.is_none_or(|max| size <= max.0)
    }

    pub(super) fn is_none(self) -> bool {
        self.min.zip(self.max).is_some_and(|(min, max)| min > max)
    }
}

impl<T: PartialEq> Few<T> {
    pub(super) fn has(&self, one: &T) -> bool {
        match self {
            Self::Any => true,
            Self::These(list) => list.contains(one),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::These(list) if list.is_empty())
    }

    /// Whether everything in this is in `other`.
    pub(super) fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Any, Self::These(_)) => false,
            (Self::These(own), Self::These(list)) => own.iter().all(|one| list.contains(one)),
        }
    }
}

impl Glob {
    /// Whether the name fits; in time of name times glob, whatever they hold.
    pub(super) fn fits(&self, name: &str) -> bool {
        let name: Vec<char> = name.to_lowercase().chars().collect();
        let (mut at, mut n) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while n < name.len() {
            match self.0.get(at) {
                Some('*') => {
                    star = Some((at, n));
                    at += 1;
                }
                Some(c) if *c == '?' || name.get(n) == Some(c) => {
                    at += 1;
                    n += 1;
                }
                _ => {
                    let Some((star_at, from)) = star else { return false };
                    star = Some((star_at, from + 1));
                    (at, n) = (star_at + 1, from + 1);
                }
            }
        }
        self.0.get(at..).unwrap_or_default().iter().all(|c| *c == '*')
    }
}

impl Pattern {
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        written::size(&text).map(Self).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Err(de::Error::custom("a name is empty; write one, as in \"*.xlsx\""));
        }
        Ok(Self(text.to_lowercase().chars().collect()))
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let built = regex::RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 20).build();
        built.map(Self).map_err(|error| {
            de::Error::custom(format!("this is no regular expression ({})", written::one_line(&error.to_string())))
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    /// By hand, because serde's untagged enums forget which word was unknown and where it stands.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyOrList<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for AnyOrList<T> {
            type Value = Few<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"any\" or a list")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Few<T>, E> {
                if word == "any" { Ok(Few::Any) } else { Err(E::invalid_value(Unexpected::Str(word), &self)) }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Few<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Few::These)
            }
        }

        deserializer.deserialize_any(AnyOrList(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_may_be_higher_is_known_as_far_as_it_goes() {
        let bounds = |min, max| Bounds { min, max };
        for (bounds, least, most, expected) in [
            (bounds(Some(10), None), 12, None, Truth::True),
            (bounds(Some(10), None), 3, None, Truth::Unknown),
            (bounds(Some(10), None), 3, Some(3), Truth::False),
            (bounds(None, Some(9)), 3, None, Truth::Unknown),
            (bounds(None, Some(9)), 12, None, Truth::False),
            (bounds(None, Some(9)), 3, Some(3), Truth::True),
            (bounds(Some(1), Some(9)), 3, Some(20), Truth::Unknown),
            (bounds(Some(1), Some(9)), 0, Some(0), Truth::False),
            (bounds(None, None), 0, None, Truth::True),
        ] {
            assert_eq!(bounds.hold(least, most), expected, "{bounds:?} {least} {most:?}");
        }
    }

    #[test]
    fn globs() {
        let fits = |glob: &str, name: &str| Glob(glob.to_lowercase().chars().collect()).fits(name);
        for (glob, name) in
            [("*.XLSX", "顧客.xlsx"), ("顧客*", "顧客名簿.csv"), ("a?c", "abc"), ("*", ""), ("*a*b*", "xaxxbx")]
        {
            assert!(fits(glob, name), "{glob} {name}");
        }
        for (glob, name) in [("*.xls", "a.xlsx"), ("?", ""), ("a*", "ba"), ("*a*b*", "b a")] {
            assert!(!fits(glob, name), "{glob} {name}");
        }
        assert!(!fits(&"*a".repeat(30), &"a".repeat(29)));
    }
}
