//! How many: conditions on all recipients or all attachments, with an explicit quantifier.
//!
//! In: a table with `any`, `every`, `none` or `count`, and things of which some may be unknown or unseen. Out: a
//! [`Truth`]. `every` is true only if there is one at all: of a mail without attachments nobody would say that each of
//! them is a picture. Deliberately absent: what one thing must be (`who`, [`FileKind`]).

use serde::Deserialize;

use super::{
    mail::File,
    truth::Truth,
    value::{Bounds, Glob, Sizes},
};

/// A condition on a crowd.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Crowd<T> {
    /// One fits.
    pub(super) any: Option<T>,
    /// There is one, and all fit.
    pub(super) every: Option<T>,
    /// Not one fits.
    pub(super) none: Option<T>,
    /// So many of them …
    pub(super) count: Option<Bounds>,
    /// … fit this; all that there are if left out.
    pub(super) of: Option<T>,
}

/// What is asked about one attachment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileKind {
    pub(super) types: Option<Vec<String>>,
    pub(super) names: Option<Vec<Glob>>,
    pub(super) size: Option<Sizes>,
}

impl<C> Crowd<C> {
    /// `more`: there may be others that nobody saw.
    pub(super) fn hold<T>(&self, things: &[T], more: bool, fits: impl Fn(&C, &T) -> Truth) -> Truth {
        let among = |one: &C| Truth::any(things.iter().map(|thing| fits(one, thing))).or_unknown(more);
        let any = self.any.as_ref().map_or(Truth::True, among);
        let none = self.none.as_ref().map_or(Truth::True, |one| !among(one));
        let every = self.every.as_ref().map_or(Truth::True, |one| {
            let seen = Truth::all(things.iter().map(|thing| fits(one, thing)));
            let there = Truth::from(!things.is_empty()).or_unknown(more);
            seen.and(there).and(if more { Truth::Unknown } else { Truth::True })
        });
        let count = self.count.map_or(Truth::True, |bounds| {
            let truth = |thing| self.of.as_ref().map_or(Truth::True, |one| fits(one, thing));
            let (mut certain, mut possible) = (0u32, 0u32);
            for thing in things {
                let truth = truth(thing);
                certain = certain.saturating_add(u32::from(truth == Truth::True));
                possible = possible.saturating_add(u32::from(truth != Truth::False));
            }
            bounds.hold(certain, (!more).then_some(possible))
        });
        any.and(every).and(none).and(count)
    }

    /// The conditions on one thing.
    pub(super) fn each(&self) -> impl Iterator<Item = &C> {
        self.any.iter().chain(&self.every).chain(&self.none).chain(&self.of)
    }

    pub(super) fn contradiction(&self, name: &str) -> Option<String> {
        if self.each().next().is_none() && self.count.is_none() {
            return Some(format!("{name} asks for nothing; write any, every, none or count"));
        }
        if self.of.is_some() && self.count.is_none() {
            return Some(format!("{name}.of says what is counted, but there is no count; add it"));
        }
        None
    }
}

impl FileKind {
    pub(super) fn fits(&self, file: &File) -> Truth {
        let known = self.types.as_ref().is_none_or(|types| types.contains(&file.kind))
            && self.size.is_none_or(|size| size.contain(file.size));
        let named = self.names.as_ref().map_or(Truth::True, |globs| match &file.name {
            Some(name) => Truth::from(globs.iter().any(|glob| glob.fits(name))),
            None => Truth::Unknown,
        });
        Truth::from(known).and(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{False, True, Unknown};

    /// Things that are what they are.
    fn hold(crowd: &str, things: &[Truth], more: bool) -> Truth {
        let crowd: Crowd<toml::Table> = toml::from_str(crowd).unwrap();
        crowd.hold(things, more, |_, thing| *thing)
    }

    #[test]
    fn quantifiers_are_explicit_and_know_what_they_do_not_know() {
        for (things, more, any, every, none) in [
            (&[][..], false, False, False, True),
            (&[], true, Unknown, Unknown, Unknown),
            (&[True], false, True, True, False),
            (&[True], true, True, Unknown, False),
            (&[False], false, False, False, True),
            (&[False], true, Unknown, False, Unknown),
            (&[True, False], false, True, False, False),
            (&[True, Unknown], false, True, Unknown, False),
            (&[False, Unknown], false, Unknown, False, Unknown),
        ] {
            assert_eq!(hold("any = {}", things, more), any, "any of {things:?} {more}");
            assert_eq!(hold("every = {}", things, more), every, "every of {things:?} {more}");
            assert_eq!(hold("none = {}", things, more), none, "none of {things:?} {more}");
        }
        for (count, things, more, expected) in [
            ("count.min = 2", &[True, True][..], false, True),
            ("count.min = 2", &[True, Unknown], false, True),
            ("of = {}\ncount.min = 2", &[True, Unknown], false, Unknown),
            ("of = {}\ncount.min = 2", &[True, False], false, False),
            ("of = {}\ncount.min = 2", &[True, False], true, Unknown),
            ("of = {}\ncount.max = 0", &[False], true, Unknown),
            ("of = {}\ncount.max = 0", &[True], true, False),
        ] {
            assert_eq!(hold(count, things, more), expected, "{count} {things:?} {more}");
        }
    }
}
