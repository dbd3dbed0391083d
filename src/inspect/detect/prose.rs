//! Running text → hits about people.
//!
//! In: one normalised text. Out: into the [`Record`], the hits that are about somebody, and those people. What a clean
//! business mail holds anyway is left aside: salutations, signatures, quoted headers, the sender's and the recipients'
//! own addresses, offices and their telephones. Lists in the text are read as tables.

use std::cell::OnceCell;
use std::ops::Range;

use super::checks::{Note, is_known_latin_name, is_latin_name};
use super::clusters::{Cluster, group, name_key};
use super::identity::describe;
use super::names::{self, Reading, is_kanji, is_name_character};
use super::record::Record;
use super::rule::{Detector, Role};
use super::scan::{self, Hit};
use super::table::Table;
use super::whereabouts::Whereabouts;
use super::zones::{self, Zone};
use super::{layout, lists};
use crate::inspect::persons::Person;
use crate::inspect::{Category, Confidence};

/// As many names that nothing announces are a list of names.
const LIST: usize = 3;
/// As many landlines without a name are a list of people's telephones.
const LANDLINES: usize = 5;
/// More addresses of sender's and recipients' colleagues are a list of staff.
const COLLEAGUES: usize = 3;

/// Reads one text.
pub(super) fn read(record: &mut Record<'_>, text: &str, whereabouts: &Whereabouts<'_>) {
    let hits = scan::hits(record.rules, text, "");
    let bare = bare_names(record, text);
    if hits.is_empty() && bare.is_empty() {
        return;
    }
    let page = Page::new(text);
    let (hits, bare) = read_lists(record, &page, hits, bare, whereabouts);
    let mut hits: Vec<Hit> = hits
        .into_iter()
        .filter(|hit| {
            let about_people = record.rules.detector(hit.detector).is_none_or(|detector| detector.info.personal);
            if !about_people && let Some(value) = text.get(hit.range.clone()) {
                record.found(hit.detector, hit.confidence, value, || whereabouts.of(hit.range.start));
            }
            about_people
        })
        .collect();
    let zones = page.zones(record, &hits, &bare);
    hits.retain(|hit| !page.is_courtesy(record, hit, &zones));
    add_names(record, &page, &mut hits, bare, &zones);
    let landlines = hits.iter().filter(|hit| hit.note == Note::Landline).count();
    let line_of = |offset| page.line_of(offset);
    let breaks = |from: usize, to: usize| page.breaks(from, to) || record.is_history(from) != record.is_history(to);
    for cluster in group(record.rules, hits, line_of, breaks) {
        let about = Judgement::of(record, &page, &cluster, landlines >= LANDLINES);
        record.within_history(cluster.first_line, |record| settle(record, text, cluster, about, whereabouts));
    }
}

/// A text and its lines.
struct Page<'a> {
    text: &'a str,
    lines: Vec<&'a str>,
    starts: Vec<usize>,
    /// What is known of each line, once somebody asked: a line may be as long as the text and hold thousands of people.
    remarks: Vec<OnceCell<Remarks>>,
    /// How many different addresses of colleagues stand in the text.
    colleagues: OnceCell<usize>,
}

/// What the words of a line say about whoever stands in it.
#[derive(Debug, Clone, Copy, Default)]
struct Remarks {
    /// An organisation is named.
    company: bool,
    /// Somebody is there for work.
    staff: bool,
    /// Somebody is a private person.
    home: bool,
}

impl Remarks {
    fn of(line: &str) -> Self {
        let home = ["自宅", "ご自宅", "実家", "お客様", "home"].iter().any(|word| line.contains(word));
        Self { company: zones::has_company(line), staff: zones::is_staff_line(line), home }
    }
}

impl<'a> Page<'a> {
    fn new(text: &'a str) -> Self {
        let lines: Vec<&str> = text.split('\n').collect();
        let starts = lines
            .iter()
            .scan(0, |next, line| {
                let start = *next;
                *next += line.len() + 1;
                Some(start)
            })
            .collect();
        let remarks = vec![OnceCell::new(); lines.len()];
        Self { text, lines, starts, remarks, colleagues: OnceCell::new() }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    fn line(&self, number: usize) -> &'a str {
        self.lines.get(number).copied().unwrap_or_default()
    }

    fn remarks(&self, number: usize) -> Remarks {
        let known = self.remarks.get(number);
        known.map(|remarks| *remarks.get_or_init(|| Remarks::of(self.line(number)))).unwrap_or_default()
    }

    /// Whether an empty line or a rule stands between two lines.
    fn breaks(&self, from: usize, to: usize) -> bool {
        (from + 1..to).any(|line| zones::unquoted(self.line(line)).is_empty() || zones::is_rule(self.line(line)))
    }

    /// In which lines something was found.
    fn busy(&self, hits: &[Hit], bare: &[Bare]) -> Vec<bool> {
        let mut busy = vec![false; self.lines.len()];
        for start in hits.iter().map(|hit| hit.range.start).chain(bare.iter().map(|name| name.start)) {
            if let Some(busy) = busy.get_mut(self.line_of(start)) {
                *busy = true;
            }
        }
        busy
    }

    /// The zones of the lines; a signature with too many people in it is none.
    fn zones(&self, record: &mut Record<'_>, hits: &[Hit], bare: &[Bare]) -> Vec<Zone> {
        let mut zones = zones::of(&self.lines, &record.own, &self.busy(hits, bare));
        let mut load: std::collections::BTreeMap<u32, [usize; 4]> = std::collections::BTreeMap::new();
        for hit in hits {
            let Some(Zone::Signature(number)) = zones.get(self.line_of(hit.range.start)) else { continue };
            let Some(detector) = record.rules.detector(hit.detector) else { continue };
            let kind = match detector.role {
                Role::Name => 0,
                Role::Identifier if self.value(hit).contains('@') => 1,
                Role::Identifier if detector.info.category == Category::Contact => 2,
                _ if detector.info.category == Category::Contact => continue,
                _ => 3,
            };
            if let Some(count) = load.entry(*number).or_default().get_mut(kind) {
                *count += 1;
            }
        }
        for name in bare {
            if let Some(Zone::Signature(number)) = zones.get(self.line_of(name.start)) {
                load.entry(*number).or_default()[0] += 1;
            }
        }
        for zone in &mut zones {
            if let Zone::Signature(number) = zone
                && let Some(&[names, mails, phones, other]) = load.get(number)
                && (names > 2 || mails > 3 || phones > 5 || other > 0)
            {
                *zone = Zone::Body;
            }
        }
        for (line, zone) in self.lines.iter().zip(&zones) {
            if matches!(zone, Zone::Salutation | Zone::Signature(_) | Zone::Quoted) {
                record.acquaint(zones::unquoted(line));
            }
        }
        zones
    }

    /// Whether a hit is there because this is a letter, and not because somebody's data is in it.
    fn is_courtesy(&self, record: &Record<'_>, hit: &Hit, zones: &[Zone]) -> bool {
        let Some(detector) = record.rules.detector(hit.detector) else { return true };
        let courteous = detector.role == Role::Name || detector.info.category == Category::Contact;
        if courteous && zones.get(self.line_of(hit.range.start)).is_some_and(|zone| *zone != Zone::Body) {
            return true;
        }
        let value = self.value(hit);
        match hit.note {
            Note::Service | Note::RoleAddress => true,
            _ if value.contains('@') => {
                let address = value.to_lowercase();
                record.own.contains(&address)
                    || (is_colleague(record, &address)
                        && *self.colleagues.get_or_init(|| self.colleagues(record)) <= COLLEAGUES)
            }
            _ => false,
        }
    }

    /// How many different addresses of colleagues stand in the text.
    fn colleagues(&self, record: &Record<'_>) -> usize {
        let mut found: Vec<&str> = Vec::new();
        for (at, _) in self.text.match_indices('@') {
            let graphic = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | '(' | ')' | '"' | ':');
            let before = self.text.get(..at).unwrap_or_default();
            let start =
                before.char_indices().rev().take(64).take_while(|(_, c)| graphic(*c)).last().map_or(at, |(i, _)| i);
            let after = self.text.get(at..).unwrap_or_default();
            let end = at + after.find(|c: char| !graphic(c)).unwrap_or(after.len()).min(254);
            let address = self.text.get(start..end).unwrap_or_default();
            if is_colleague(record, &address.to_lowercase()) && !found.contains(&address) {
                found.push(address);
                if found.len() > COLLEAGUES {
                    break;
                }
            }
        }
        found.len()
    }

    fn value(&self, hit: &Hit) -> &'a str {
        self.text.get(hit.range.clone()).unwrap_or_default()
    }
}

fn is_colleague(record: &Record<'_>, address: &str) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| record.domains.iter().any(|own| own == domain))
        && !record.own.iter().any(|own| own == address)
}

/// A full name between boundaries that nothing announces.
#[derive(Debug, Clone)]
struct Bare {
    start: usize,
    end: usize,
    /// The line holds hardly anything else.
    listed: bool,
}

/// Finds full names that stand alone between spaces, commas, brackets or line ends.
fn bare_names(record: &Record<'_>, text: &str) -> Vec<Bare> {
    let names = record.rules.names();
    let mut found: Vec<Bare> = Vec::new();
    let mut line_start = 0;
    for line in text.split('\n') {
        // Names are kanji or kana.
        if line.is_ascii() {
            line_start += line.len() + 1;
            continue;
        }
        let first = found.len();
        let mut before: Option<(usize, usize)> = None;
        let mut at = 0;
        while at < line.len() {
            let rest = line.get(at..).unwrap_or_default();
            let length = names::run(rest.as_bytes());
            // Two characters of three bytes at least, ten at most.
            if (3..=36).contains(&length) {
                let whole = length >= 6 && rest.get(..length).is_some_and(|w| names.read(w) == Some(Reading::Full));
                let pair =
                    before.filter(|&(start, end)| end + 1 == at && line.get(end..at) == Some(" ") && at - start <= 16);
                let joined = pair.filter(|&(start, _)| {
                    line.get(start..at + length).is_some_and(|w| names.read(w) == Some(Reading::Full))
                });
                if whole {
                    found.push(Bare { start: line_start + at, end: line_start + at + length, listed: false });
                    before = None;
                } else if let Some((start, _)) = joined {
                    found.push(Bare { start: line_start + start, end: line_start + at + length, listed: false });
                    before = None;
                } else {
                    before = Some((at, at + length));
                }
            } else if length > 0 {
                before = None;
            }
            at += length + names::pause(rest.as_bytes().get(length..).unwrap_or_default());
        }
        if found.len() > first {
            let named: usize = found.iter().skip(first).map(|name| name.end - name.start).sum();
            let written: usize = line.chars().filter(|c| c.is_alphanumeric()).map(char::len_utf8).sum();
            let listed = named * 2 >= written && !zones::is_staff_line(line);
            found.iter_mut().skip(first).for_each(|name| name.listed = listed);
        }
        line_start += line.len() + 1;
    }
    found
}

/// Adds the names that nothing announces where a value stands beside them, or where they are a list.
fn add_names(record: &Record<'_>, page: &Page<'_>, hits: &mut Vec<Hit>, bare: Vec<Bare>, zones: &[Zone]) {
    let Some(japanese) = record.rules.name_detector() else { return };
    let latin = record.rules.latin_name_detector().unwrap_or(japanese);
    let lines: Vec<usize> = hits.iter().map(|hit| page.line_of(hit.range.start)).collect();
    let in_body = |name: &Bare| zones.get(page.line_of(name.start)) == Some(&Zone::Body);
    let readings = readings(record, page, hits, &bare);
    let list = bare.iter().filter(|name| name.listed && in_body(name)).count() >= LIST;
    let mut bare: Vec<Bare> = bare.into_iter().chain(inner_names(record, page, hits)).collect();
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
        if in_body(&name) && !is_taken(&name) && !is_reading && (beside || (list && name.listed)) {
            let note = if list && name.listed { Note::FullName } else { Note::BareName };
            let range = name.start..name.end;
            let is_latin = page.text.get(range.clone()).is_some_and(|name| !name.contains(is_name_character));
            let detector = if is_latin { latin } else { japanese };
            hits.push(Hit { detector, range, confidence: Confidence::Medium, context: false, note });
        }
    }
    hits.sort_by_key(|hit| hit.range.start);
}

/// Full names within a sentence, on lines where something was found and nobody is named: `契約者の山田太郎から 090-…`.
fn inner_names(record: &Record<'_>, page: &Page<'_>, hits: &[Hit]) -> Vec<Bare> {
    let names = record.rules.names();
    let is_name = |hit: &Hit| record.rules.detector(hit.detector).is_some_and(|detector| detector.role == Role::Name);
    let mut found = Vec::new();
    for on_line in hits.chunk_by(|a, b| page.line_of(a.range.start) == page.line_of(b.range.start)) {
        let Some(first) = on_line.first().filter(|_| !on_line.iter().any(is_name)) else { continue };
        if let Some(name) = latin_before(record, page, first) {
            found.push(name);
            continue;
        }
        let number = page.line_of(first.range.start);
        let (line, start) = (page.line(number), page.starts.get(number).copied().unwrap_or_default());
        let mut at = 0;
        // A line that long is no sentence.
        while let Some(from) = line.get(at..).filter(|_| line.len() <= 2_000).and_then(|rest| rest.find(is_kanji)) {
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

/// The name in Latin letters that stands right before the first hit on its line: `Taro Yamada <taro@…>`; of a name
/// without a bracket behind it the dictionaries must know something.
fn latin_before(record: &Record<'_>, page: &Page<'_>, first: &Hit) -> Option<Bare> {
    let line_start = page.starts.get(page.line_of(first.range.start)).copied()?;
    let before = page.text.get(line_start..first.range.start)?;
    let bracket = before.ends_with('<');
    let before = before.trim_end_matches(['<', '(', ',', '/', ':', ' ', '"', '-']);
    let is_part = |c: char| c.is_alphabetic() && !is_name_character(c) || matches!(c, ' ' | '.' | '\'' | '-');
    let run: usize = before.chars().rev().take(48).take_while(|c| is_part(*c)).map(char::len_utf8).sum();
    let run = before.get(before.len() - run..)?;
    let words: Vec<&str> = run.split(' ').filter(|word| !word.is_empty()).collect();
    (2..=3usize).rev().filter(|&count| count <= words.len()).find_map(|count| {
        let name = words.get(words.len() - count..)?.join(" ");
        let known = if bracket { is_latin_name(&name) } else { is_known_latin_name(record.rules.names(), &name) };
        let end = line_start + before.len();
        (known && before.ends_with(&name)).then(|| Bare { start: end - name.len(), end, listed: false })
    })
}

/// Where, ascending, names in kana stand beside or right below the name that they are the reading of: `福田 太郎（フクダ タロウ）`.
fn readings(record: &Record<'_>, page: &Page<'_>, hits: &[Hit], bare: &[Bare]) -> Vec<usize> {
    let is_kana = |text: &str| !text.chars().any(is_kanji);
    let is_name = |hit: &&Hit| record.rules.detector(hit.detector).is_some_and(|detector| detector.role == Role::Name);
    let text = |start: usize, end: usize| page.text.get(start..end).unwrap_or_default();
    let names = hits.iter().filter(is_name).map(|hit| (hit.range.start, hit.range.end));
    let mut written: Vec<usize> = names
        .chain(bare.iter().map(|name| (name.start, name.end)))
        .filter(|&(start, end)| !is_kana(text(start, end)))
        .map(|(start, _)| page.line_of(start))
        .collect();
    written.sort_unstable();
    let follows = |name: &&Bare| {
        let line = page.line_of(name.start);
        let first = written.partition_point(|&written| written + 2 < line);
        written.get(first).is_some_and(|&written| written <= line)
    };
    bare.iter().filter(|name| is_kana(text(name.start, name.end))).filter(follows).map(|name| name.start).collect()
}

/// Reads lists in the text as tables; what is left is running text.
fn read_lists(
    record: &mut Record<'_>,
    page: &Page<'_>,
    mut hits: Vec<Hit>,
    mut bare: Vec<Bare>,
    whereabouts: &Whereabouts<'_>,
) -> (Vec<Hit>, Vec<Bare>) {
    let mut tables: Vec<Range<usize>> = Vec::new();
    for block in lists::blocks(&page.lines, &page.busy(&hits, &bare)) {
        let start = page.starts.get(block.lines.start).copied().unwrap_or_default();
        let end = page.starts.get(block.lines.end).copied().unwrap_or(page.text.len() + 1);
        let hit = hits.get(hits.partition_point(|hit| hit.range.start < start)).map(|hit| hit.range.start);
        let name = bare.get(bare.partition_point(|name| name.start < start)).map(|name| name.start);
        if hit.into_iter().chain(name).all(|first| first >= end) {
            continue;
        }
        let rows = block.rows(&page.lines);
        if !layout::is_table(record.rules, &rows) {
            continue;
        }
        record.within_history(block.lines.start, |record| {
            let mut list = Table::new(record, whereabouts.list(start));
            for (row, cells) in &rows {
                list.row(record, *row, cells.iter().map(|(column, text)| (*column, text.as_str())));
            }
            list.end(record);
        });
        tables.push(start..end);
    }
    let inside = |offset: usize| {
        let after = tables.partition_point(|table| table.start <= offset);
        after.checked_sub(1).and_then(|last| tables.get(last)).is_some_and(|table| table.contains(&offset))
    };
    hits.retain(|hit| !inside(hit.range.start));
    bare.retain(|name| !inside(name.start));
    (hits, bare)
}

/// What a cluster is about.
enum Judgement {
    /// Nobody: an office, a colleague, a place of business.
    Nobody,
    /// Something personal, but nobody whom it leads to.
    Thing,
    /// A person.
    Person,
}

impl Judgement {
    fn of(record: &Record<'_>, page: &Page<'_>, cluster: &Cluster, landlines: bool) -> Self {
        // What may well be chance, as a number of a parcel with the right check digit, makes nobody.
        let sure: Vec<&Hit> = cluster.hits.iter().filter(|hit| hit.confidence > Confidence::Low).collect();
        let chance = cluster.hits.iter().filter(|hit| hit.confidence == Confidence::Low);
        let mut chance = chance.filter_map(|hit| record.rules.detector(hit.detector));
        match Self::of_sure(record, page, cluster, &sure, landlines) {
            Self::Nobody if chance.any(|detector| !detector.with_person && !is_contact(detector)) => Self::Thing,
            about => about,
        }
    }

    fn of_sure(record: &Record<'_>, page: &Page<'_>, cluster: &Cluster, hits: &[&Hit], landlines: bool) -> Self {
        let rule = |hit: &Hit| record.rules.detector(hit.detector);
        let is = |hit: &Hit, role: Role| rule(hit).is_some_and(|detector| detector.role == role);
        let contact = |hit: &Hit| rule(hit).is_some_and(is_contact);
        let standing = |hit: &Hit| rule(hit).is_some_and(|detector| !detector.with_person);
        if hits.iter().any(|hit| standing(hit) && is(hit, Role::Identifier) && !contact(hit)) {
            return Self::Person;
        }
        let (names, beside): (Vec<&Hit>, Vec<&Hit>) = hits.iter().copied().partition(|&hit| is(hit, Role::Name));
        let mobile = beside.iter().any(|hit| hit.note == Note::Mobile);
        let at_home = |hit: &Hit| page.remarks(page.line_of(hit.range.start)).home;
        let private = |staff: bool| beside.iter().any(|hit| !(contact(hit) || staff && is(hit, Role::Attribute)));
        let Some(name) = names.iter().max_by_key(|hit| (hit.note != Note::Surname, hit.range.len())) else {
            let mail = beside.iter().any(|hit| page.value(hit).contains('@'));
            let abroad = beside.iter().any(|hit| is(hit, Role::Identifier) && hit.note == Note::Plain && contact(hit));
            let home = beside.iter().any(|hit| hit.note == Note::Landline && (landlines || at_home(hit)));
            return if mobile || mail || abroad || home {
                Self::Person
            } else if private(false) && beside.iter().any(|hit| standing(hit)) {
                Self::Thing
            } else {
                Self::Nobody
            };
        };
        let staff = page.remarks(page.line_of(name.range.start)).staff;
        let company = (cluster.first_line..=cluster.last_line).any(|line| page.remarks(line).company);
        let key = name_key(page.value(name));
        let surname_only = name.note == Note::Surname;
        let known = record.known.contains(&key);
        let family = record.known.iter().any(|known| key.starts_with(known.as_str()));
        let nobody = if beside.is_empty() {
            surname_only
                || staff
                || family
                || company && name.note != Note::LabelledName
                || matches!(name.note, Note::BareName | Note::Likely)
        } else {
            // What stands in the line of a lecturer is what the lecture is about.
            !private(staff) && (known || staff || (company && !mobile))
        };
        if nobody { Self::Nobody } else { Self::Person }
    }
}

/// Counts a cluster's hits and its person.
fn settle(record: &mut Record<'_>, text: &str, cluster: Cluster, about: Judgement, whereabouts: &Whereabouts<'_>) {
    let mut person = Person::default();
    let hidden = cluster.hits.iter().all(|hit| whereabouts.is_hidden(hit.range.start));
    for hit in cluster.hits {
        let Some(detector) = record.rules.detector(hit.detector) else { continue };
        let value = text.get(hit.range.clone()).unwrap_or_default();
        let counts = match about {
            Judgement::Nobody => false,
            Judgement::Thing => !detector.with_person && !is_contact(detector),
            Judgement::Person => true,
        };
        if counts {
            describe(&mut person, detector, hit.note, value);
            record.found(hit.detector, hit.confidence, value, || whereabouts.of(hit.range.start));
        }
    }
    if matches!(about, Judgement::Person) {
        record.person(&person, 0, hidden);
    }
}

fn is_contact(detector: &Detector) -> bool {
    detector.info.category == Category::Contact
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Rules;

    #[test]
    fn names_between_boundaries_are_seen_and_words_are_not() {
        let rules = Rules::compile(&[]).unwrap();
        let record = Record::new(&rules, Vec::new(), false);
        let bare = |text: &str| {
            bare_names(&record, text).iter().map(|name| text[name.start..name.end].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            bare("山田太郎、佐藤 花子,鈴木一郎(35)\n・高橋健一"),
            ["山田太郎", "佐藤 花子", "鈴木一郎", "高橋健一"]
        );
        assert!(bare("本日は晴天なり。東京都 千代田区、経済成長 製品開発").is_empty());
    }
}
