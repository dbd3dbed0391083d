//! Names in Latin letters that nothing announces, beside a value on their line.
//!
//! In: a text, and the part of a line that stands before a value. Out: the name that ends it, or that stands
//! between commas in it. Deliberately absent: names behind a label or a title, which a detector's pattern finds
//! ([`super::super::checks`]), and lists of them ([`super::roll`]).

use std::ops::Range;

use crate::inspect::detect::checks::{is_known_latin_name, is_latin_name};
use crate::inspect::detect::names::Names;
use crate::inspect::detect::names::script::is_name_character;

/// The name beside a value, in the part of its line that stands before it.
pub(crate) fn beside(names: &Names, text: &str, part: Range<usize>) -> Option<Range<usize>> {
    before(names, text, part.clone()).or_else(|| between(names, text, part))
}

/// The name in Latin letters that ends a part of a line, right before a hit or its label: `Taro Yamada <taro@…>`; of a name
/// without a bracket behind it the dictionaries must know something.
fn before(names: &Names, text: &str, part: Range<usize>) -> Option<Range<usize>> {
    let line_start = part.start;
    let before = text.get(part).filter(|before| !before.is_empty())?;
    let bracket = before.ends_with('<');
    let before = unlabelled(before.trim_end_matches(BETWEEN));
    let is_part = |c: char| !is_name_character(c) && c.is_alphabetic() || matches!(c, ' ' | '.' | '\'' | '-');
    let run: usize = before.chars().rev().take(48).take_while(|c| is_part(*c)).map(char::len_utf8).sum();
    let run = before.get(before.len() - run..)?;
    let words: Vec<&str> = run.split(' ').filter(|word| !word.is_empty()).collect();
    (2..=3usize).rev().filter(|&count| count <= words.len()).find_map(|count| {
        let words = words.get(words.len() - count..)?;
        if !words.iter().all(|word| word.starts_with(char::is_uppercase)) {
            return None;
        }
        let name = words.join(" ");
        let known = if bracket { is_latin_name(&name) } else { is_known_latin_name(names, &name) };
        let end = line_start + before.len();
        (known && before.ends_with(&name)).then(|| end - name.len()..end)
    })
}

/// What may stand between a name in Latin letters and a value: `John Smith, date of birth 1985-03-12`.
const LABELS: [&str; 23] = [
    "dob", "born", "on", "date", "of", "birth", "ssn", "social", "security", "number", "no", "phone", "tel", "mobile",
    "cell", "email", "e-mail", "mail", "at", "is", "id", "b", "geb",
];

/// A part of a line without such words at its end.
fn unlabelled(before: &str) -> &str {
    let mut rest = before;
    for _ in 0..4 {
        let word = rest.rsplit([' ', '(', ',', '<', ':']).next().unwrap_or_default();
        let label = word.trim_end_matches('.');
        if !LABELS.iter().any(|known| known.eq_ignore_ascii_case(label)) {
            break;
        }
        rest = rest.get(..rest.len() - word.len()).unwrap_or_default().trim_end_matches(BETWEEN);
    }
    rest
}

/// What stands between a name and a value beside it.
const BETWEEN: [char; 8] = ['<', '(', ',', '/', ':', ' ', '"', '-'];

/// The known name that ends a piece of a line, behind what somebody is: `La cliente Anna Bianchi`.
fn ending(names: &Names, piece: &str) -> Option<Range<usize>> {
    let starts = piece.rmatch_indices(' ').map(|(at, _)| at + 1).chain([0]);
    // Two to five words, with particles.
    let starts = starts.skip(1).take(4).filter_map(|start| Some((start, piece.get(start..)?)));
    let is_name = |(_, name): &(usize, &str)| !name.starts_with(' ') && is_known_latin_name(names, name);
    starts.filter(is_name).map(|(start, _)| start..piece.len()).last()
}

/// The known name in Latin letters that stands between commas or the like in a part of a line, the last of them:
/// `Owner: Hans Weber, Hauptstraße 5, `.
fn between(names: &Names, text: &str, part: Range<usize>) -> Option<Range<usize>> {
    /// A longer line is no sentence.
    const LONGEST: usize = 200;
    let text = text.get(part.clone()).filter(|text| text.len() <= LONGEST)?;
    let mut end = part.end;
    for piece in text.rsplit([',', ':', ';', '(', '/', '|', '\t']) {
        let start = end - piece.len();
        if let Some(name) = ending(names, piece.trim_end()) {
            return Some(start + name.start..start + name.end);
        }
        end = start.saturating_sub(1);
    }
    None
}
