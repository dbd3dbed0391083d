//! Full names one after another, `山田太郎、佐藤花子（営業部）と高橋健一の3名`, or one below another.
//!
//! In: a page, the names that were found in it, and the hits. Out: as hits the names of each list: three of which the
//! dictionaries know one whole and of the others the surname or the given name, or two where a context word of the rule
//! announces them (`内定者は`, `Attendees:`) or stands in the heading above; and then what may be a name between them.
//! Names are looked for only right beside those that are known already ([`super::neighbours`]), and right above and below
//! them ([`super::roster`]). Deliberately absent: surnames alone, and whether a list is a leak ([`super`]).

use std::ops::Range;

use super::bare::Bare;
use super::clusters::name_key;
use super::neighbours::{self, Item, Neighbours, Standing};
use super::page::Page;
use super::roster;
use super::zones::{self, Zone};
use crate::inspect::Confidence;
use crate::inspect::detect::checks::Note;
use crate::inspect::detect::ground::Ground;
use crate::inspect::detect::names::script::{is_kanji, is_name_character};
use crate::inspect::detect::record::Record;
use crate::inspect::detect::rules::rule::Nearby;
use crate::inspect::detect::scan::Hit;

/// As many names are a list of people.
const LIST: usize = 3;
/// As many are, where something announces them.
const ANNOUNCED: usize = 2;
/// Within so many characters before the first name something may announce them, and behind the last they may do
/// something.
const REACH: usize = 24;
/// What stands between a word that announces and the first name is no longer, in characters.
const BETWEEN: usize = 8;
/// Whoever is named behind one of these is there for work.
const OURS: [&str; 5] = ["弊社", "当社", "御社", "貴社", "弊所"];
/// And so is who does one of these.
const AT_WORK: [&str; 10] =
    ["伺い", "伺う", "伺わ", "訪問", "参りま", "お邪魔", "同席", "担当", "対応いたし", "対応させ"];

/// Names one after another, or one below another.
struct Row {
    items: Vec<Item>,
    /// Each begins a line; and if so, whether the lines are marked.
    column: Option<bool>,
    /// A pattern says that several people follow: `Attendees:`.
    several: bool,
    /// How many they are stands behind the last: `の3名`.
    counted: bool,
    is_latin: bool,
    detector: usize,
}

/// A name from which others are looked for.
struct Seed {
    range: Range<usize>,
    /// A pattern says that several people follow.
    several: bool,
}

/// Adds the names that stand in lists; `found` are those that stand alone, and those that begin a word.
pub(super) fn add_names(
    record: &Record<'_>,
    page: &Page<'_>,
    hits: &mut Vec<Hit>,
    found: (&[Bare], &[Range<usize>]),
    zones: &[Zone],
) {
    let Some(japanese) = record.rules.name_detector() else { return };
    let latin = record.rules.latin_name_detector().unwrap_or(japanese);
    let seeds = seeds(record, hits, found);
    let (mut over, mut more) = (0, Vec::new());
    for (at, seed) in seeds.iter().enumerate() {
        if seed.range.start < over || zones.get(page.line_of(seed.range.start)) != Some(&Zone::Body) {
            continue;
        }
        let is_latin = page.text.get(seed.range.clone()).is_some_and(|name| !name.contains(is_name_character));
        let detector = if is_latin { latin } else { japanese };
        let text = Neighbours { names: record.rules.names(), text: page.text, spaced: is_spaced(&seeds, at) };
        let row = if is_latin { text.latin_row(seed.range.clone()) } else { text.row(seed.range.clone(), over) };
        let column = || roster::column(text.names, page, zones, (&seed.range, seed.several), over);
        let mut end = over;
        let mut listed = |items: Vec<Item>, column: Option<bool>| {
            let last = items.last().map_or(over, |item| item.range.end);
            end = end.max(last);
            let counted = neighbours::is_counted(page.text, last);
            listed(record, page, Row { items, column, several: seed.several, counted, is_latin, detector })
        };
        let mut here = listed(row, None);
        if here.is_empty() {
            let items = column();
            let marked = items.first().map(|first| roster::is_marked(page.head(first.range.start)));
            here = listed(items, marked);
        }
        more.append(&mut here);
        over = end;
    }
    if !more.is_empty() {
        unite(hits, more);
    }
}

/// The names that were found, in the order of the text.
fn seeds(record: &Record<'_>, hits: &[Hit], (alone, leading): (&[Bare], &[Range<usize>])) -> Vec<Seed> {
    let is_name = |hit: &&Hit| record.rules.is_name(hit.detector) && !hit.is_latin_surname(record.rules);
    let of_hits = hits.iter().filter(is_name);
    let of_hits = of_hits.map(|hit| Seed { range: hit.range.clone(), several: hit.note == Note::BareName });
    let others = alone.iter().map(|name| name.start..name.end).chain(leading.iter().cloned());
    let mut seeds: Vec<Seed> = of_hits.chain(others.map(|range| Seed { range, several: false })).collect();
    seeds.sort_by_key(|seed| seed.range.start);
    seeds
}

/// Whether a space parts names here: behind one anything may stand, unless names do.
fn is_spaced(seeds: &[Seed], at: usize) -> bool {
    let Some(seed) = seeds.get(at).map(|seed| &seed.range) else { return false };
    let next = |other: &Seed| other.range.start == seed.end + 1 || other.range.end + 1 == seed.start;
    seeds.get(at + 1).is_some_and(next) || at.checked_sub(1).and_then(|before| seeds.get(before)).is_some_and(next)
}

/// The hits of a row, if it is a list of people.
fn listed(record: &Record<'_>, page: &Page<'_>, row: Row) -> Vec<Hit> {
    let Some(announced) = judged(record, page, &row) else { return Vec::new() };
    let Row { items, column, counted, detector, .. } = row;
    let in_context = record.rules.detector(detector).map_or(Confidence::Medium, |detector| detector.in_context);
    let (confidence, note) =
        if announced { (in_context, Note::Enrolled) } else { (Confidence::Medium, Note::FullName) };
    let with_strangers = announced || counted || column == Some(true);
    let ranges = items.into_iter().filter(|item| with_strangers || item.standing != Standing::Stranger);
    let excluded =
        |range: &Range<usize>| page.text.get(range.clone()).is_none_or(|name| record.excludes(detector, name));
    let ranges = ranges.map(|item| item.range).filter(|range| !excluded(range));
    let ground = Ground::Position { listed: true };
    ranges.map(|range| Hit { detector, range, confidence, context: announced, note, ground }).collect()
}

/// Adds `more` hits; those that are there already learn that they are in a list.
fn unite(hits: &mut Vec<Hit>, more: Vec<Hit>) {
    let mut more = more.into_iter().peekable();
    let mut fresh = Vec::new();
    for known in hits.iter_mut() {
        while let Some(hit) = more.next_if(|hit| hit.range.end <= known.range.start) {
            fresh.push(hit);
        }
        while let Some(hit) = more.next_if(|hit| hit.range.start < known.range.end) {
            if hit.detector == known.detector && known.note != Note::Surname {
                let sure = known.confidence.max(hit.confidence);
                *known = Hit { confidence: sure, note: stronger(known.note, hit.note), ..known.clone() };
            }
        }
    }
    fresh.extend(more);
    hits.extend(fresh);
    hits.sort_by_key(|hit| hit.range.start);
}

fn stronger(known: Note, listed: Note) -> Note {
    if listed == Note::Enrolled || matches!(known, Note::BareName | Note::Likely) { listed } else { known }
}

/// Whether these names are a list of people, and then whether something announces it.
fn judged(record: &Record<'_>, page: &Page<'_>, row: &Row) -> Option<bool> {
    let (first, last) = (row.items.first()?, row.items.last()?);
    let counts = Counts::of(record, page, row);
    if !counts.may_be_announced(row) {
        return None;
    }
    let before = before(page.text, first.range.start)?;
    if OURS.iter().any(|ours| before.rsplit('\n').next().is_some_and(|line| line.contains(ours))) {
        return None;
    }
    let heading = row.column.map(|_| roster::heading(page, first.range.start)).unwrap_or_default();
    let staff = zones::is_staff_list(page.head(first.range.start)) || zones::is_staff_list(heading);
    if staff && row.column.is_some() {
        return None;
    }
    let context = record.rules.detector(row.detector).map(|detector| &detector.context);
    let is_headed = |words: &Nearby| row.column.is_some_and(|marked| is_headed(words, heading, marked));
    let announced = context.is_some_and(|words| row.several || is_announced(words, before) || is_headed(words));
    if !staff && announced {
        return Some(true);
    }
    // Titles stand behind whoever is there for work.
    let at_work = || row.items.iter().any(|item| page.is_staff_at(item.range.start));
    if row.column.is_some() && at_work() {
        return None;
    }
    let after = behind(page.text, last.range.end)?;
    (counts.is_list(row) && !AT_WORK.iter().any(|work| after.contains(work))).then_some(false)
}

/// How many of the names of a row are known how well. The names of sender and recipients do not count.
struct Counts {
    known: usize,
    /// Known or likely.
    all: usize,
    strangers: usize,
}

impl Counts {
    fn of(record: &Record<'_>, page: &Page<'_>, row: &Row) -> Self {
        let value = |item: &Item| page.text.get(item.range.clone()).unwrap_or_default();
        let is_own = |item: &Item| !record.known.is_empty() && record.known.contains(&name_key(value(item)));
        let of = |wanted: &dyn Fn(Standing) -> bool| {
            let mut names: Vec<&str> =
                row.items.iter().filter(|item| wanted(item.standing) && !is_own(item)).map(value).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        let stranger = |standing| standing == Standing::Stranger;
        let known = of(&|standing| standing == Standing::Known);
        let with_strangers = known > 0 && (row.column.is_some() || row.counted);
        let strangers = if with_strangers { of(&stranger) } else { 0 };
        Self { known, all: of(&|standing| !stranger(standing)), strangers }
    }

    /// Whether they are enough where something announces them; below a heading more may be strangers than not.
    fn may_be_announced(&self, row: &Row) -> bool {
        self.all + self.strangers.min(2 * self.all) >= ANNOUNCED && (self.known > 0 || !row.is_latin)
    }

    /// Whether they are enough where nothing does. Cities and products are written like Latin names, and without a mark
    /// anything stands below a name.
    fn is_list(&self, row: &Row) -> bool {
        let marked = row.column == Some(true);
        if marked && !row.counted && self.strangers * 2 > self.known {
            return false;
        }
        let strangers = if marked || row.counted { self.strangers } else { 0 };
        let least = match row.column {
            _ if row.is_latin => self.all,
            Some(false) => ANNOUNCED,
            _ => 1,
        };
        self.all + strangers >= LIST && self.known >= least
    }
}

/// The characters before the first name that may announce it.
fn before(text: &str, start: usize) -> Option<&str> {
    let before = text.get(..start)?;
    let from = before.char_indices().rev().take(REACH).last().map_or(before.len(), |(from, _)| from);
    before.get(from..)
}

/// What the people of a list do, up to the end of the sentence.
fn behind(text: &str, end: usize) -> Option<&str> {
    let after = text.get(end..)?;
    let end = after.char_indices().enumerate().find(|&(count, (_, c))| count == REACH || matches!(c, '\n' | '。'));
    Some(end.and_then(|(_, (end, _))| after.get(..end)).unwrap_or(after))
}

/// Whether one of `words` stands in the heading of a column; above lines without a mark it must read like one.
fn is_headed(words: &Nearby, heading: &str, marked: bool) -> bool {
    const ENDS: [&str; 9] = [":", "】", "]", ">", "者", "方", "一覧", "名簿", "リスト"];
    (marked || ENDS.iter().any(|end| heading.ends_with(end))) && words.find_in(heading, 0).is_some()
}

/// Whether one of `words` stands so near the end of `before` that it says what follows.
fn is_announced(words: &Nearby, before: &str) -> bool {
    let (mut from, mut end) = (0, None);
    while let Some((_, word)) = words.find_in(before, from) {
        from = word.start + 1;
        end = Some(word.end);
    }
    let between = end.and_then(|end| before.get(end..));
    between.is_some_and(|between| {
        let plain = |c: char| !is_kanji(c) && !matches!(c, '。' | '?' | '!') || "者名一覧以下次方々達".contains(c);
        // Below a label that ends as one an empty line may stand.
        let parted = between.split_once("\n\n").is_some_and(|(label, _)| !label.trim_end().ends_with([':', '】', ']']));
        between.chars().count() <= BETWEEN && between.chars().all(plain) && !parted
    })
}
