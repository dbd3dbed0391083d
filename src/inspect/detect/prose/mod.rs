//! Running text → hits about people.
//!
//! In: one normalised text. Out: into the [`Record`], the hits that are about somebody, and those people. What a clean
//! business mail holds anyway is left aside: salutations, signatures, quoted headers, the sender's and the recipients'
//! own addresses, offices and their telephones ([`self::page`]). Lists in the text are read as tables; names one after
//! another are found by [`self::roll`], others that nothing announces by [`self::bare`].
//!
//! In reading order: [`letter`] and [`history`] tell what a mail says about whom it is for and what was said before;
//! [`zones`] and [`signature`] which lines are courtesy, [`page`] what the others say; [`bare`], [`latin`], [`roll`] with
//! [`roster`] and [`neighbours`] find names; [`clusters`] joins values to them; [`lists`], [`sentences`] and [`fixed`] find tables.

pub(super) mod bare;
pub(super) mod clusters;
mod fixed;
pub(super) mod history;
mod latin;
pub(super) mod letter;
mod lists;
pub(super) mod neighbours;
mod page;
mod roll;
mod roster;
mod sentences;
mod signature;
mod zones;

use std::ops::Range;

use self::bare::Bare;
use self::clusters::{Cluster, group, name_key};
use self::lists::Block;
use self::page::Page;
use super::checks::Note;
use super::identity::describe;
use super::names::script::{is_kanji, is_name_character};
use super::record::Record;
use super::rules::Rules;
use super::rules::rule::{Detector, Role};
use super::scan::{self, Hit};
use super::table::Table;
use super::table::layout;
use super::tally::Shown;
use super::whereabouts::Whereabouts;
use crate::inspect::persons::Person;
use crate::inspect::{Category, Confidence, Raised};

/// As many landlines without a name are a list of people's telephones.
const LANDLINES: usize = 5;

/// Reads one text.
pub(super) fn read(record: &mut Record<'_>, text: &str, whereabouts: &Whereabouts<'_>) {
    let mut hits = scan::hits(record.rules, text, "");
    if record.excluding {
        hits.retain(|hit| !text.get(hit.range.clone()).is_some_and(|value| record.excludes(hit.detector, value)));
    }
    let bare::Found { alone: mut bare, mut leading } = bare::find(record.rules, text);
    let may_be_fixed = || whereabouts.original(0..text.len()).is_some_and(fixed::may_begin);
    if hits.is_empty() && bare.is_empty() && leading.is_empty() && !may_be_fixed() {
        return;
    }
    let page = Page::new(text);
    let tables = read_lists(record, &page, &hits, &bare, whereabouts);
    let inside = |offset: usize| {
        let after = tables.partition_point(|table| table.start <= offset);
        after.checked_sub(1).and_then(|last| tables.get(last)).is_some_and(|table| table.contains(&offset))
    };
    hits.retain(|hit| !inside(hit.range.start));
    bare.retain(|name| !inside(name.start));
    leading.retain(|name| !inside(name.start));
    let mut hits: Vec<Hit> = hits
        .into_iter()
        .filter(|hit| {
            let about_people = record.rules.detector(hit.detector).is_none_or(|detector| detector.info.personal);
            if !about_people && let Some(value) = text.get(hit.range.clone()) {
                let rules = record.rules;
                record.found(hit.detector, hit.confidence, value, || shown(rules, text, hit, whereabouts));
            }
            about_people
        })
        .collect();
    let zones = page.zones(record, &hits, &bare);
    hits.retain(|hit| !page.is_courtesy(record, hit, &zones));
    roll::add_names(record, &page, &mut hits, (&bare, &leading), &zones);
    bare::add_names(record, &page, &mut hits, bare, &zones);
    let landlines = hits.iter().filter(|hit| hit.note == Note::Landline).count();
    let history = record.history.clone();
    let is_history = |line: usize| history.get(line) == Some(&true);
    let breaks = |from: usize, to: usize| page.breaks(from, to) || is_history(from) != is_history(to);
    let mut person = Person::default();
    group(record.rules, &page, &hits, breaks, |cluster| {
        let about = Judgement::of(record, &page, cluster, landlines >= LANDLINES);
        person.forget();
        record.within_history(cluster.first_line, |record| {
            settle(record, text, cluster, about, whereabouts, &mut person);
        });
    });
}

/// Reads lists in the text as tables: where they stand. What is left is running text.
fn read_lists(
    record: &mut Record<'_>,
    page: &Page<'_>,
    hits: &[Hit],
    bare: &[Bare],
    whereabouts: &Whereabouts<'_>,
) -> Vec<Range<usize>> {
    let busy = page.busy(hits, bare);
    let mut tables = read_fixed(record, page, &busy, whereabouts);
    let fixed = tables.clone();
    let (mut rest, mut rest_of_names) = (hits.iter().peekable(), bare.iter().peekable());
    for block in lists::blocks(&page.lines, &busy) {
        let (start, end) = page.span(&block.lines);
        let next = fixed.partition_point(|table| table.end <= start);
        if fixed.get(next).is_some_and(|table| table.start < end) {
            continue;
        }
        while rest.next_if(|hit| hit.range.start < start).is_some() {}
        while rest_of_names.next_if(|name| name.start < start).is_some() {}
        let hit = rest.peek().map(|hit| hit.range.start);
        let name = rest_of_names.peek().map(|name| name.start);
        if hit.into_iter().chain(name).all(|first| first >= end) {
            continue;
        }
        for block in sentences::tables(record.rules, &page.lines, block) {
            tables.extend(read_list(record, page, &block, whereabouts));
        }
    }
    tables.sort_by_key(|table| table.start);
    tables
}

/// Reads some lines as a table, if they are one; where it stands.
fn read_list(
    record: &mut Record<'_>,
    page: &Page<'_>,
    block: &Block,
    whereabouts: &Whereabouts<'_>,
) -> Option<Range<usize>> {
    let rows = block.rows(&page.lines);
    if !layout::is_list(record.rules, &rows) {
        return None;
    }
    let (start, end) = page.span(&block.lines);
    record.within_history(block.lines.start, |record| {
        let mut list = Table::new(record, whereabouts.list(start));
        for (row, cells) in &rows {
            list.row(record, *row, cells.iter().map(|(column, text)| (*column, text.as_ref())));
        }
        list.end(record);
    });
    Some(start..end)
}

/// Reads the exports of fixed width in the text as tables; where they stand.
fn read_fixed(
    record: &mut Record<'_>,
    page: &Page<'_>,
    busy: &[bool],
    whereabouts: &Whereabouts<'_>,
) -> Vec<Range<usize>> {
    let mut tables = Vec::new();
    for block in fixed::blocks(record.rules.names(), page, busy, whereabouts) {
        let (start, end) = page.span(&block.lines);
        record.within_history(block.lines.start, |record| {
            let mut table = Table::new(record, whereabouts.list(start));
            for (row, cells) in &block.rows {
                table.row(record, *row, cells.iter().map(|(column, text)| (*column, text.as_ref())));
            }
            table.end(record);
        });
        tables.push(start..end);
    }
    tables
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
        let sure = cluster.hits.iter().filter(|hit| hit.confidence > Confidence::Low);
        let chance = cluster.hits.iter().filter(|hit| hit.confidence == Confidence::Low);
        let mut chance = chance.filter_map(|hit| record.rules.detector(hit.detector));
        match Self::of_sure(record, page, cluster, sure, landlines) {
            Self::Nobody if chance.any(|detector| !detector.with_person && !is_contact(detector)) => Self::Thing,
            about => about,
        }
    }

    fn of_sure<'h>(
        record: &Record<'_>,
        page: &Page<'_>,
        cluster: &Cluster,
        hits: impl Iterator<Item = &'h Hit> + Clone,
        landlines: bool,
    ) -> Self {
        let rule = |hit: &Hit| record.rules.detector(hit.detector);
        let is = |hit: &Hit, role: Role| rule(hit).is_some_and(|detector| detector.role == role);
        let contact = |hit: &Hit| rule(hit).is_some_and(is_contact);
        let standing = |hit: &Hit| rule(hit).is_some_and(|detector| !detector.with_person);
        if hits.clone().any(|hit| standing(hit) && is(hit, Role::Identifier) && !contact(hit)) {
            return Self::Person;
        }
        let names = hits.clone().filter(|hit| is(hit, Role::Name));
        let beside = || hits.clone().filter(|hit| !is(hit, Role::Name));
        let mobile = beside().any(|hit| hit.note == Note::Mobile);
        let at_home = |hit: &Hit| page.is_home(page.line_of(hit.range.start));
        let private =
            |staff: &dyn Fn() -> bool| beside().any(|hit| !(contact(hit) || is(hit, Role::Attribute) && staff()));
        let Some(name) = names.max_by_key(|hit| (hit.note != Note::Surname, hit.range.len())) else {
            let mail = beside().any(|hit| page.value(hit).contains('@'));
            let abroad = beside().any(|hit| is(hit, Role::Identifier) && hit.note == Note::Plain && contact(hit));
            let home = beside().any(|hit| hit.note == Note::Landline && (landlines || at_home(hit)));
            let of_staff =
                || hits.clone().all(|hit| contact(hit) && zones::is_of_staff(page.just_before(hit.range.start)));
            return if (mobile || mail || abroad || home) && !of_staff() {
                Self::Person
            } else if private(&|| false) && beside().any(|hit| standing(hit) || hit.note == Note::Stated) {
                Self::Thing
            } else {
                Self::Nobody
            };
        };
        let staff = || page.is_staff_at(name.range.start);
        let company = || (cluster.first_line..=cluster.last_line).any(|line| page.names_company(line));
        let surname_only = name.note == Note::Surname;
        let key = if record.known.is_empty() { String::new() } else { name_key(page.value(name)) };
        let surname = surname_only && !key.contains(is_name_character);
        let known = record.known.contains(&key)
            || surname && record.known.iter().any(|known| known.starts_with(&key) || known.ends_with(&key));
        let family = record.known.iter().any(|known| key.starts_with(known.as_str()));
        let nobody = if beside().next().is_none() {
            surname_only
                || family
                || name.note != Note::Enrolled && staff()
                || matches!(name.note, Note::BareName | Note::Likely)
                || !matches!(name.note, Note::LabelledName | Note::Enrolled) && company()
        } else {
            // What stands in the line of a lecturer is what the lecture is about.
            !private(&staff) && (known || staff() || (!mobile && company()))
        };
        if nobody { Self::Nobody } else { Self::Person }
    }
}

/// Counts a cluster's hits and its person, of whom nothing is known yet.
fn settle(
    record: &mut Record<'_>,
    text: &str,
    cluster: &Cluster,
    about: Judgement,
    whereabouts: &Whereabouts<'_>,
    person: &mut Person,
) {
    let is_person = matches!(about, Judgement::Person);
    let hidden = cluster.hits.iter().all(|hit| whereabouts.is_hidden(hit.range.start));
    let names = cluster.hits.iter().filter(|hit| record.rules.is_name(hit.detector)).count();
    for hit in &cluster.hits {
        let Some(detector) = record.rules.detector(hit.detector) else { continue };
        let value = text.get(hit.range.clone()).unwrap_or_default();
        let stated = detector.with_person && hit.note == Note::Stated;
        let (counts, at_most) = match about {
            Judgement::Nobody => (false, hit.confidence),
            // Whose it is nobody says.
            Judgement::Thing if stated => (true, Confidence::Medium),
            Judgement::Thing => (!detector.with_person && !is_contact(detector), hit.confidence),
            Judgement::Person => (true, hit.confidence),
        };
        if counts {
            describe(person, record.rules.names(), detector, hit.note, value);
            // The reading of a name is no name of its own.
            if names > 1 && detector.role == Role::Name && !value.contains(is_kanji) {
                continue;
            }
            let rules = record.rules;
            record.found(hit.detector, hit.confidence.min(at_most), value, || {
                let mut shown = shown(rules, text, hit, whereabouts);
                if stated && !is_person {
                    shown.why.iter_mut().for_each(|why| why.raised.retain(|raised| *raised != Raised::Person));
                }
                shown
            });
        }
    }
    if is_person {
        record.person(person, 0, hidden);
    }
}

/// What is told of a hit that becomes an example.
fn shown(rules: &Rules, text: &str, hit: &Hit, whereabouts: &Whereabouts<'_>) -> Shown {
    let ground = hit.ground.in_characters(text, hit.range.start, hit.range.end);
    Shown { place: whereabouts.of(hit.range.start), why: ground.told(rules, hit.detector, hit.note, "") }
}

fn is_contact(detector: &Detector) -> bool {
    detector.info.category == Category::Contact
}
