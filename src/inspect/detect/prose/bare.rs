//! Names that nothing announces.
//!
//! In: a normalised text. Out: the full names that stand alone between boundaries ([`Bare`]), and as hits those of them
//! that have a value, an age or a sex beside them, or are a list of lines. Deliberately absent: names beside an
//! honorific or a label, which a detector's pattern finds ([`super::super::scan`]), lists with names that are not known
//! ([`super::roll`]), and whether one is a leak ([`super`]).

use std::ops::Range;

use super::latin;
use super::page::Page;
use super::roster::{is_mark, is_speaker};
use super::zones::{self, Zone};
use crate::inspect::Confidence;
use crate::inspect::detect::checks::Note;
use crate::inspect::detect::ground::Ground;
use crate::inspect::detect::names::Reading;
use crate::inspect::detect::names::script::{self, is_kanji, is_name_character};
use crate::inspect::detect::record::Record;
use crate::inspect::detect::rules::Rules;
use crate::inspect::detect::scan::Hit;

/// As many names that nothing announces are a list of names.
const LIST: usize = 3;

/// A full name between boundaries that nothing announces.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The line holds hardly anything else.
    listed: bool,
}

/// What was found of names that nothing announces.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Between boundaries.
    pub(crate) alone: Vec<Bare>,
    /// At the beginning of a word that goes on in kana, `鈴木一郎の`: where a list of names may begin or end.
    pub(crate) leading: Vec<Range<usize>>,
}

/// Finds full names that stand alone between spaces, commas, brackets or line ends, and those that begin a word.
pub(crate) fn find(rules: &Rules, text: &str) -> Found {
    let (names, bytes) = (rules.names(), text.as_bytes());
    let mut found = Found::default();
    // Names are kanji or kana.
    if text.is_ascii() {
        return found;
    }
    let is_full = |start: usize, end: usize| text.get(start..end).is_some_and(|w| names.read(w) == Some(Reading::Full));
    let mut before: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let end = at + script::run(bytes, at);
        // Two characters of three bytes at least, ten at most.
        if (3..=36).contains(&(end - at)) {
            let joined = || {
                let pair =
                    before.filter(|&(start, end)| end + 1 == at && bytes.get(end) == Some(&b' ') && at - start <= 16);
                pair.map(|(start, _)| start).filter(|&start| is_full(start, end))
            };
            let whole = (end - at >= 6 && is_full(at, end)).then_some(at);
            before = match whole.or_else(joined) {
                Some(start) => {
                    found.alone.push(Bare { start, end, listed: false });
                    None
                }
                None => Some((at, end)),
            };
        } else if end > at {
            before = None;
        }
        // Three kanji at least, and a kana.
        let leads = end - at >= 12 && found.alone.last().is_none_or(|name| name.end != end);
        if let Some(length) = leads.then(|| text.get(at..end)).flatten().and_then(|word| names.leading(word)) {
            found.leading.push(at..at + length);
        }
        at = end + script::pause(bytes, end);
    }
    tell_listed(text, &mut found.alone);
    tell_headed(text, &mut found.alone);
    found
}

/// Tells which names stand in lines that hold hardly anything else.
fn tell_listed(text: &str, found: &mut [Bare]) {
    let mut rest = found;
    while let Some(first) = rest.first() {
        let (before, after) = text.split_at_checked(first.start).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |newline| newline + 1);
        let end = memchr::memchr(b'\n', after.as_bytes()).map_or(text.len(), |ahead| first.start + ahead);
        let line = text.get(start..end).unwrap_or_default();
        let count = rest.iter().take_while(|name| name.start < end).count();
        let Some((on_line, others)) = rest.split_at_mut_checked(count.max(1)) else { return };
        let named: usize = on_line.iter().map(|name| name.end - name.start).sum();
        let written: usize = line.chars().filter(|c| script::is_alphanumeric(*c)).map(char::len_utf8).sum();
        let listed = named * 2 >= written && !zones::is_staff_line(line);
        on_line.iter_mut().for_each(|name| name.listed = listed);
        rest = others;
    }
}

/// Tells which names begin the lines of one list, whatever else stands in these: `・山田太郎／営業部`.
fn tell_headed(text: &str, found: &mut [Bare]) {
    let (mut run, mut last, mut at): (Vec<usize>, usize, usize) = (Vec::new(), 0, 0);
    let mut of_staff = false;
    while let Some((name, name_end)) = found.get(at).map(|first| (first.start, first.end)) {
        let (before, after) = text.split_at_checked(name).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |newline| newline + 1);
        let end = memchr::memchr(b'\n', after.as_bytes()).map_or(text.len(), |ahead| name + ahead);
        let follows = !run.is_empty() && text.get(last..start).is_some_and(|between| between.trim().is_empty());
        if !follows {
            list_heads(found, &mut run);
        }
        let line = text.get(start..end).unwrap_or_default();
        let behind = text.get(name_end..end).unwrap_or_default();
        let heads = before.get(start..).is_some_and(|mark| is_mark(mark) && !is_speaker(mark, behind));
        if heads && !follows {
            let above = before.get(..start).unwrap_or_default().trim_end().rsplit('\n').next().unwrap_or_default();
            of_staff = zones::is_staff_line(above);
        }
        if heads && !of_staff && !zones::is_staff_line(line) {
            run.push(at);
        } else {
            list_heads(found, &mut run);
        }
        last = end;
        at += found.get(at..).unwrap_or_default().iter().take_while(|name| name.start < end).count().max(1);
    }
    list_heads(found, &mut run);
}

/// Names at the heads of so many lines are a list.
fn list_heads(found: &mut [Bare], run: &mut Vec<usize>) {
    let many = run.len() >= LIST;
    for at in run.drain(..).filter(|_| many) {
        found.get_mut(at).into_iter().for_each(|name| name.listed = true);
    }
}

/// Whether an age or a sex stands behind a name, as of nobody who is there for work: `山田太郎 45歳`.
fn is_described(after: &str) -> bool {
    let bracketed = after.starts_with('(');
    let after = after.trim_start_matches([' ', '(', '、', ',', '\t']);
    let after = after.strip_prefix('満').unwrap_or(after);
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let aged = (1..=3).contains(&digits)
        && after.get(digits..).is_some_and(|rest| rest.trim_start_matches(' ').starts_with(['歳', '才']));
    // As newspapers write it: 山田太郎(45).
    let aged = aged || bracketed && digits == 2 && after.get(digits..).is_some_and(|rest| rest.starts_with(')'));
    let sex = after.strip_prefix("男性").or_else(|| after.strip_prefix("女性"));
    aged || sex.is_some_and(|rest| !rest.starts_with(is_name_character))
}

/// Adds the names that nothing announces where a value stands beside them, or where they are a list.
pub(super) fn add_names(record: &Record<'_>, page: &Page<'_>, hits: &mut Vec<Hit>, bare: Vec<Bare>, zones: &[Zone]) {
    let Some(japanese) = record.rules.name_detector() else { return };
    let latin = record.rules.latin_name_detector().unwrap_or(japanese);
    let inner = inner_names(record, page, hits);
    if bare.is_empty() && inner.is_empty() {
        return;
    }
    let lines: Vec<usize> = hits.iter().map(|hit| page.line_of(hit.range.start)).collect();
    let in_body = |name: &Bare| zones.get(page.line_of(name.start)) == Some(&Zone::Body);
    let readings = readings(record, page, hits, &bare);
    let list = bare.iter().filter(|name| name.listed && in_body(name)).count() >= LIST;
    let mut bare: Vec<Bare> = bare.into_iter().chain(inner).collect();
    bare.sort_by_key(|name| name.start);
    bare.dedup_by(|name, before| name.start < before.end);
    // How far the hits reach up to each of them.
    let reach: Vec<(usize, usize)> = hits
        .iter()
        .scan(0, |end, hit| {
            *end = hit.range.end.max(*end);
            Some((hit.range.start, *end))
        })
        .collect();
    let is_taken = |name: &Bare| {
        let before = reach.partition_point(|&(start, _)| start < name.end);
        before.checked_sub(1).and_then(|last| reach.get(last)).is_some_and(|&(_, end)| end > name.start)
    };
    for name in bare {
        let line = page.line_of(name.start);
        let beside = lines.binary_search(&line).is_ok() || (name.listed && lines.binary_search(&(line + 1)).is_ok());
        let is_reading = readings.binary_search(&name.start).is_ok();
        let listed = list && name.listed;
        let described = page.text.get(name.end..).is_some_and(is_described);
        if in_body(&name) && !is_taken(&name) && !is_reading && (beside || listed || described) {
            let note = if listed || described { Note::FullName } else { Note::BareName };
            let range = name.start..name.end;
            let is_latin = page.text.get(range.clone()).is_some_and(|name| !name.contains(is_name_character));
            let detector = if is_latin { latin } else { japanese };
            if page.text.get(range.clone()).is_some_and(|name| record.excludes(detector, name)) {
                continue;
            }
            let ground = Ground::Position { listed };
            hits.push(Hit { detector, range, confidence: Confidence::Medium, context: false, note, ground });
        }
    }
    hits.sort_by_key(|hit| hit.range.start);
}

/// Full names within a sentence, on lines where something was found and nobody is named: `契約者の山田太郎から 090-…`.
fn inner_names(record: &Record<'_>, page: &Page<'_>, hits: &[Hit]) -> Vec<Bare> {
    let names = record.rules.names();
    let is_name = |hit: &Hit| record.rules.is_name(hit.detector) && !hit.is_latin_surname(record.rules);
    let mut found = Vec::new();
    for (number, on_line) in page.by_line(hits) {
        if on_line.iter().any(is_name) {
            continue;
        }
        let (line, start) = (page.line(number), page.starts.get(number).copied().unwrap_or_default());
        let ends = std::iter::once(start).chain(on_line.iter().map(|hit| hit.range.end));
        let parts = ends.zip(on_line).map(|(end, hit)| end..hit.range.start);
        let known = found.len();
        let beside = parts.filter_map(|part| latin::beside(names, page.text, part));
        found.extend(beside.map(|name| Bare { start: name.start, end: name.end, listed: false }));
        if found.len() > known {
            continue;
        }
        // A line that long is no sentence.
        if line.len() > 2_000 || line.is_ascii() {
            continue;
        }
        let mut at = 0;
        while let Some(from) = line.get(at..).and_then(|rest| rest.find(is_kanji)) {
            let rest = line.get(at + from..).unwrap_or_default();
            let length = rest.find(|c: char| !is_kanji(c)).unwrap_or(rest.len());
            let particle = line.get(..at + from).is_some_and(|before| {
                before.ends_with(['の', 'は', 'が', 'を', 'に', 'で', 'と', 'る', 'た', '、', '「'])
            });
            let said = rest.get(..length).filter(|_| particle && (9..=18).contains(&length));
            if said.is_some_and(|word| names.read(word) == Some(Reading::Full)) {
                let begin = start + at + from;
                found.push(Bare { start: begin, end: begin + length, listed: false });
            }
            at += from + length;
        }
    }
    found
}

/// Where, ascending, names in kana stand beside or right below the name that they are the reading of: `福田 太郎（フクダ タロウ）`.
fn readings(record: &Record<'_>, page: &Page<'_>, hits: &[Hit], bare: &[Bare]) -> Vec<usize> {
    let is_kana = |text: &str| !text.chars().any(is_kanji);
    let is_name = |hit: &&Hit| record.rules.is_name(hit.detector);
    let text = |start: usize, end: usize| page.text.get(start..end).unwrap_or_default();
    let read: Vec<&Bare> = bare.iter().filter(|name| is_kana(text(name.start, name.end))).collect();
    if read.is_empty() {
        return Vec::new();
    }
    let names = hits.iter().filter(is_name).map(|hit| (hit.range.start, hit.range.end));
    let mut written: Vec<usize> = names
        .chain(bare.iter().map(|name| (name.start, name.end)))
        .filter(|&(start, end)| !is_kana(text(start, end)))
        .map(|(start, _)| page.line_of(start))
        .collect();
    written.sort_unstable();
    let follows = |name: &Bare| {
        let line = page.line_of(name.start);
        let first = written.partition_point(|&written| written + 2 < line);
        written.get(first).is_some_and(|&written| written <= line)
    };
    read.into_iter().filter(|name| follows(name)).map(|name| name.start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Rules;

    #[test]
    fn names_between_boundaries_are_seen_and_words_are_not() {
        let rules = Rules::compile(&[]).unwrap();
        let bare = |text: &str| {
            let names = find(&rules, text).alone;
            names.iter().map(|name| text[name.start..name.end].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            bare("山田太郎、佐藤 花子,鈴木一郎(35)\n・高橋健一"),
            ["山田太郎", "佐藤 花子", "鈴木一郎", "高橋健一"]
        );
        assert!(bare("本日は晴天なり。東京都 千代田区、経済成長 製品開発").is_empty());
        let text = "鈴木一郎の件、本日は山田太郎が、佐藤さくらと、高橋健一\n田中実です。森林の";
        let leading: Vec<&str> = find(&rules, text).leading.into_iter().map(|name| &text[name]).collect();
        assert_eq!(leading, ["鈴木一郎", "田中実"]);
    }
}
