//! All patterns together, searched in one pass.
//!
//! In: the patterns of all detectors. Out: [`Patterns`]; over a text ([`Patterns::over`]) it gives one place after
//! another where any of them matches, and which ([`Matches`]). [`Starts`] skips the places where none can begin; at the
//! rest one automaton, made as it is walked, tells which patterns match, and another where each of them ends. What a
//! text costs thus hardly depends on how many patterns there are.
//! Deliberately absent: `\b` and its like over Unicode, for which an automaton would have to look at characters.
//!
//! In reading order: [`prefixes`] and [`signs`] tell how matches of a pattern begin, [`starts`] where in a text any may,
//! with [`marks`] for 64 bytes at once, [`inner`] for the midst of words and [`heads`] for its tables.

mod heads;
mod inner;
mod marks;
mod prefixes;
mod signs;
mod starts;

use std::panic::{RefUnwindSafe, UnwindSafe};

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, PatternID};
use regex_syntax::hir::Hir;

use self::starts::{Looked, Starts};

/// The states of an automaton are kept until they take up so much; then it starts afresh.
const CACHE: usize = 8 << 20;

/// What walking the automata writes to.
#[derive(Debug)]
struct Caches {
    which: Cache,
    ends: Cache,
}

type MakeCaches = Box<dyn Fn() -> Caches + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// The compiled patterns.
#[derive(Debug)]
pub(super) struct Patterns {
    starts: Starts,
    /// Tells which patterns match at a place.
    which: DFA,
    /// Tells where one of them ends.
    ends: DFA,
    /// Whose each pattern is.
    owners: Vec<usize>,
    caches: Pool<Caches, MakeCaches>,
}

/// One pattern's syntax tree.
///
/// # Errors
///
/// What is wrong with it, on one line.
pub(super) fn parse(pattern: &str) -> Result<Hir, String> {
    let tree = syntax::parse_with(pattern, &syntax::Config::new()).map_err(|error| told(&error.to_string()))?;
    if tree.properties().minimum_len() == Some(0) {
        return Err("matches nothing at all, everywhere; make it need a character".to_owned());
    }
    if tree.properties().look_set().contains_word_unicode() {
        return Err(r"has a boundary that is slow on Japanese text; write (?-u:\b) for \b".to_owned());
    }
    Ok(tree)
}

impl Patterns {
    /// Compiles `trees`; `owners` says whose each is.
    ///
    /// # Errors
    ///
    /// They are too large together.
    pub(super) fn compile(trees: &[Hir], owners: Vec<usize>) -> Result<Self, String> {
        let config = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(64 << 20));
        let nfa = thompson::Compiler::new().configure(config).build_many_from_hir(trees);
        let nfa = nfa.map_err(|error| told(&error.to_string()))?;
        let which = automaton(&nfa, MatchKind::All, false)?;
        let ends = automaton(&nfa, MatchKind::LeftmostFirst, true)?;
        let make: MakeCaches = {
            let (which, ends) = (which.clone(), ends.clone());
            Box::new(move || Caches { which: which.create_cache(), ends: ends.create_cache() })
        };
        Ok(Self { starts: Starts::of(trees), which, ends, owners, caches: Pool::new(make) })
    }

    /// Whose a pattern is.
    pub(super) fn owner(&self, pattern: usize) -> Option<usize> {
        self.owners.get(pattern).copied()
    }

    /// Which of its owner's patterns it is, from 1.
    pub(super) fn number(&self, pattern: usize) -> usize {
        let owner = self.owner(pattern);
        let own = self.owners.iter().take(pattern + 1).rev().take_while(|known| Some(**known) == owner);
        own.count().max(1)
    }

    /// The matches in `text`.
    pub(super) fn over<'a>(&'a self, text: &'a str) -> Matches<'a> {
        Matches { patterns: self, caches: self.caches.get(), text, looked: Looked::default(), here: Vec::new() }
    }
}

/// The matches in one text.
pub(super) struct Matches<'a> {
    patterns: &'a Patterns,
    caches: PoolGuard<'a, Caches, MakeCaches>,
    text: &'a str,
    looked: Looked,
    /// The patterns that match at the place that is looked at, and where each ends if it can end at one place only.
    here: Vec<(PatternID, Option<usize>)>,
}

impl Matches<'_> {
    /// The first place from `at` on where patterns match; into `found` goes each of them and where the match ends.
    pub(super) fn next(&mut self, mut at: usize, found: &mut Vec<(usize, usize)>) -> Option<usize> {
        found.clear();
        loop {
            let start = self.patterns.starts.next(self.text.as_bytes(), at, &mut self.looked)?;
            self.at(start);
            for index in 0..self.here.len() {
                let Some(&(pattern, end)) = self.here.get(index) else { break };
                if let Some(end) = end.or_else(|| self.end(pattern, start)) {
                    found.push((pattern.as_usize(), end));
                }
            }
            if !found.is_empty() {
                return Some(start);
            }
            at = start + 1;
        }
    }

    /// Puts into `here` the patterns that match at `start`.
    fn at(&mut self, start: usize) {
        self.here.clear();
        let (which, cache) = (&self.patterns.which, &mut self.caches.which);
        let input = Input::new(self.text).range(start..).anchored(Anchored::Yes);
        let Ok(mut state) = which.start_state_forward(cache, &input) else { return };
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        // A match is told one byte behind its end.
        for (end, &byte) in (start..).zip(bytes) {
            let Ok(next) = which.next_state(cache, state, byte) else { return };
            state = next;
            if state.is_tagged() {
                if state.is_match() {
                    for index in 0..which.match_len(cache, state) {
                        self.here.push((which.match_pattern(cache, state, index), Some(end)));
                    }
                } else if state.is_dead() || state.is_quit() {
                    break;
                }
            }
        }
        if !state.is_dead()
            && let Ok(state) = which.next_eoi_state(cache, state)
            && state.is_match()
        {
            for index in 0..which.match_len(cache, state) {
                self.here.push((which.match_pattern(cache, state, index), Some(self.text.len())));
            }
        }
        if self.here.len() > 1 {
            self.here.sort_unstable();
            self.here.dedup_by(|again, first| {
                let same = again.0 == first.0;
                if same && again.1 != first.1 {
                    first.1 = None;
                }
                same
            });
        }
    }

    /// Where the match of `pattern` at `start` ends.
    fn end(&mut self, pattern: PatternID, start: usize) -> Option<usize> {
        let input = Input::new(self.text).range(start..).anchored(Anchored::Pattern(pattern));
        let found = self.patterns.ends.try_search_fwd(&mut self.caches.ends, &input).ok()?;
        found.map(|end| end.offset())
    }
}

fn automaton(nfa: &NFA, kind: MatchKind, each: bool) -> Result<DFA, String> {
    let config = Config::new()
        .match_kind(kind)
        .starts_for_each_pattern(each)
        .cache_capacity(CACHE)
        .skip_cache_capacity_check(true);
    DFA::builder().configure(config).build_from_nfa(nfa.clone()).map_err(|error| told(&error.to_string()))
}

/// An error on one line.
fn told(error: &str) -> String {
    error.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex_automata::meta::Regex;

    use super::*;
    use crate::inspect::Rules;

    /// Texts by rule: pieces of what patterns look for, torn and mixed.
    fn texts(count: usize) -> Vec<String> {
        const PIECES: [&str; 42] = [
            "0",
            "09",
            "1234",
            "-",
            " ",
            "5678",
            "@",
            "a",
            "taro",
            ".jp",
            "example",
            "様",
            "さん",
            "氏名",
            ":",
            "市",
            "区",
            "3",
            "丁目",
            "\n",
            "+81",
            "(",
            ")",
            "AKIA",
            "IOSFODNN7EXAMPLE",
            "password",
            "=",
            "1980",
            "年",
            "1月",
            "2日",
            "S55.",
            "DE89 ",
            "3704 0044",
            "db",
            "secret_access_key",
            "passw",
            "ord: ",
            "HIV陽性",
            "xyzHIV",
            " words that are clean, as most of them",
            " of every text; and so on",
        ];
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut below = |count: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % count as u64).unwrap()
        };
        (0..count).map(|_| (0..40).map(|_| PIECES[below(PIECES.len())]).collect()).collect()
    }

    #[test]
    fn all_matches_are_those_of_each_pattern_alone() {
        let rules = Rules::compile(&[]).unwrap();
        let written: Vec<&String> = rules.all().iter().flat_map(|detector| &detector.patterns).collect();
        let alone: Vec<Regex> = written.iter().map(|pattern| Regex::new(pattern).unwrap()).collect();
        let trees: Vec<Hir> = written.iter().map(|pattern| parse(pattern).unwrap()).collect();
        let patterns = Patterns::compile(&trees, (0..trees.len()).collect()).unwrap();
        let mut seen = BTreeSet::new();
        for text in texts(120) {
            let mut matches = patterns.over(&text);
            let (mut at, mut found, mut all) = (0, Vec::new(), Vec::new());
            while let Some(start) = matches.next(at, &mut found) {
                all.extend(found.iter().map(|&(pattern, end)| (start, pattern, end)));
                at = start + 1;
            }
            let mut expected = Vec::new();
            for start in (0..text.len()).filter(|&start| text.is_char_boundary(start)) {
                for (pattern, regex) in alone.iter().enumerate() {
                    let input = Input::new(&text).range(start..).anchored(Anchored::Yes);
                    expected.extend(regex.search(&input).map(|found| (start, pattern, found.end())));
                }
            }
            seen.extend(expected.iter().map(|&(_, pattern, _)| pattern));
            assert_eq!(all, expected, "{text:?}");
        }
        assert!(seen.len() >= 12, "only {} of {} patterns were put to the test", seen.len(), trees.len());
    }

    #[test]
    fn what_would_be_slow_or_match_nothing_is_refused() {
        assert!(parse(r"\b090").unwrap_err().contains(r"(?-u:\b)"));
        assert!(parse("x*").unwrap_err().contains("make it need a character"));
        assert!(parse("[0-9").unwrap_err().contains("unclosed character class"));
    }
}
