//! Names in Latin letters that nothing announces, beside a value on their line.
//!
//! In: a text, and the part of a line that stands before the first value in it. Out: the name that ends it, or that stands
//! between commas in it. Deliberately absent: names behind a label or a title, which a detector's pattern finds
//! ([`super::checks`]), and lists of them ([`super::roll`]).

use std::ops::Range;

use super::checks::{is_known_latin_name, is_latin_name};
use super::names::Names;
use super::script::is_name_character;

/// The name beside a value, in the part of its line that stands before it.
pub(super) fn beside(names: &Names, text: &str, part: Range<usize>) -> Option<Range<usize>> {
    before(names, text, part.clone()).or_else(|| between(names, text, part))
}

/// The name in Latin letters that ends a part of a line, right before the first hit: `Taro Yamada <taro@…>`; of a name
/// without a bracket behind it the dictionaries must know something.
fn before(names: &Names, text: &str, part: Range<usize>) -> Option<Range<usize>> {
    let line_start = part.start;
    let before = text.get(part).filter(|before| !before.is_empty())?;
    let bracket = before.ends_with('<');
    let before = without_label(before.trim_end_matches(AROUND));
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

/// What stands between a name and the value beside it.
const AROUND: [char; 8] = ['<', '(', ',', '/', ':', ' ', '"', '-'];

/// The text without what announces the value behind it: `Marie Dupont (born `, `Marie Dupont, tel. `.
fn without_label(text: &str) -> &str {
    const LABELS: [&str; 14] = [
        "born on",
        "born",
        "b.",
        "dob",
        "date of birth",
        "geb.",
        "tel",
        "tel.",
        "phone",
        "mobile",
        "cell",
        "email",
        "on",
        "at",
    ];
    let is_label = |label: &&&str| {
        let start = text.len().checked_sub(label.len());
        let parts = start.and_then(|start| text.split_at_checked(start));
        parts.is_some_and(|(head, tail)| tail.eq_ignore_ascii_case(label) && head.ends_with([' ', '(']))
    };
    let label = LABELS.iter().find(is_label).map_or(0, |label| label.len());
    text.get(..text.len() - label).unwrap_or(text).trim_end_matches(AROUND)
}

/// The known name that ends a piece of a line, behind what somebody is: `La cliente Anna Bianchi`.
fn ending(names: &Names, piece: &str) -> Option<Range<usize>> {
    let starts = piece.rmatch_indices(' ').map(|(at, _)| at + 1).chain([0]);
    // Two to five words, with particles.
    let starts = starts.skip(1).take(4).filter_map(|start| Some((start, piece.get(start..)?)));
    starts.filter(|(_, name)| is_known_latin_name(names, name)).map(|(start, _)| start..piece.len()).last()
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
