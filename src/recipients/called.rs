//! What partners are called, as it is looked for in texts.
//!
//! In: the folded names of every partner. Out: whose name one is, and the names in a text, all at once.
//! Deliberately absent: where in a text a name counts (`companies`).

use std::{collections::HashMap, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

/// Names, and the number of whoever bears each.
#[derive(Debug, Clone, Default)]
pub(super) struct Called {
    by_name: HashMap<String, usize>,
    /// All names at once, without all but letters and digits, and whose each is.
    names: Option<AhoCorasick>,
    whose: Vec<usize>,
}

impl Called {
    /// The names of those who have these numbers.
    pub(super) fn new<'n>(names: impl Iterator<Item = (usize, &'n str)>) -> Self {
        let (mut by_name, mut whose, mut letters) = (HashMap::new(), Vec::new(), Vec::new());
        for (number, name) in names {
            by_name.insert(name.to_owned(), number);
            let bare: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
            if bare.chars().count() >= 2 {
                letters.push(bare);
                whose.push(number);
            }
        }
        let names = AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(letters).ok();
        Self { by_name, names, whose }
    }

    /// Whose folded name this is.
    pub(super) fn of(&self, folded: &str) -> Option<usize> {
        self.by_name.get(folded).copied()
    }

    /// The names in a text of which nothing but letters and digits is left: whose, and where.
    pub(super) fn within(&self, letters: &str) -> impl Iterator<Item = (usize, Range<usize>)> {
        let found = self.names.iter().flat_map(move |names| names.find_iter(letters).collect::<Vec<_>>());
        found.filter_map(|found| Some((*self.whose.get(found.pattern().as_usize())?, found.range())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_whole_and_in_texts() {
        let called = Called::new([(0, "北保安サービス"), (1, "a&b"), (2, "北")].into_iter());
        assert_eq!([called.of("北保安サービス"), called.of("a&b"), called.of("北保安")], [Some(0), Some(1), None]);
        let found: Vec<_> = called.within("見積北保安サービス株式会社ab").collect();
        assert_eq!(found, [(0, 6..27), (1, 39..41)]);
        assert_eq!(Called::default().within("北保安サービス").count(), 0);
    }
}
