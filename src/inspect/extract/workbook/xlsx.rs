//! Excel workbooks of XML: .xlsx and .xlsm, in their transitional and their strict form.
//!
//! In: the package's bytes. Out: every sheet as a table ([`sheet`]), streamed in the workbook's order, then every other
//! part: comments at their cells, caches of pivot tables and of other workbooks as tables ([`caches`]), and drawings,
//! charts, names, connections, properties, custom XML as text. A part that belongs to a sheet stands at that sheet.
//! Parts are told by their root element and not by their name, so a sheet that the workbook does not list is still a
//! sheet, and hidden; strings that no cell shows are handed over at the end. Conditions stand behind the cells that they
//! hide, so where a workbook has one that hides, a sheet is held first, if it is not large. Deliberately absent: looks.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::Read as _;

use crate::inspect::Place;
use crate::inspect::extract::package::{self, Entry};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sensitivity;
use crate::inspect::extract::workbook::book::{Book, Listing, Sheet};
use crate::inspect::extract::workbook::caches::{self, Pivots};
use crate::inspect::extract::workbook::conditions::Conditions;
use crate::inspect::extract::workbook::looks::Difference;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::extract::workbook::{beside, sheet, xlsb};
use crate::inspect::extract::xml::{self, Event};

/// How much of a part is looked at to find its root element.
const HEAD: usize = 4_096;

/// A sheet that is larger is not held to look for conditions.
const HELD: u64 = 16 << 20;

/// Reads a workbook.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut listing = Listing::of(part.bytes);
    let mut workbook = Workbook { part, book: Book::open(reading, &mut listing), pivots: Pivots::default() };
    if listing.is_empty() {
        workbook.gather(reading);
    }
    let mut done: HashSet<String> = HashSet::new();
    if let Some((name, outcome)) = workbook.book.strings_part.clone() {
        if let Some(reason) = outcome {
            reading.unread(&part.place.inside(&name), reason);
        }
        done.insert(name);
    }
    for sheet in workbook.book.sheets.clone() {
        if listing.open(&sheet.part, |file| workbook.read_sheet(reading, &sheet, file)).is_some() {
            done.insert(sheet.part);
        }
    }
    for name in listing.names().iter().filter(|name| caches::is_definition(name)) {
        if let Some(content) = listing.small(reading, name) {
            workbook.pivots.define(name, &workbook.book, &content);
        }
    }
    // Each name once: should there be two of it, the other is read below.
    let done = RefCell::new(done);
    let skip = |name: &str| done.borrow_mut().remove(name);
    let complete = package::walk(reading, part, &skip, &mut |reading, entry| workbook.read_part(reading, entry));
    workbook.pivots.hand_over_rest(reading, part.place);
    let strings = std::mem::take(&mut workbook.book.strings);
    strings.hand_over_rest(reading, &part.place.inside("unused strings"));
    if complete {
        reading.done(part.place);
    }
}

struct Workbook<'w> {
    part: &'w Part<'w>,
    book: Book,
    pivots: Pivots,
}

impl Workbook<'_> {
    /// Without a listing, what the sheets need is gathered on a walk of its own.
    fn gather(&mut self, reading: &mut Reading<'_>) {
        let needed = |name: &str| Book::wants(name) || caches::is_definition(name);
        package::walk(reading, self.part, &|name| !needed(name), &mut |reading, entry| {
            if caches::is_definition(entry.canonical) {
                self.pivots.define(entry.canonical, &self.book, entry.bytes);
            } else {
                self.book.take(reading, entry.canonical, entry.bytes);
            }
            true
        });
        self.book.settle();
    }

    fn read_sheet(&mut self, reading: &mut Reading<'_>, sheet: &Sheet, source: &mut dyn std::io::Read) {
        let place = sheet_place(self.part.place, sheet);
        let beside = place.inside(file_name(&sheet.part));
        let outcome = if sheet.part.ends_with(".bin") {
            xlsb::read_sheet(reading, &mut self.book, source, &place, &beside)
        } else if self.book.differences.iter().any(Difference::hides) {
            let mut held = Vec::new();
            // What cannot be unpacked is damage, which is met again behind what is held.
            let _ = source.take(HELD).read_to_end(&mut held);
            let whole = (held.len() as u64) < HELD;
            let conditions = whole.then(|| Conditions::of(&xml::decode(&held), &self.book.differences));
            let source = held.as_slice().chain(source);
            sheet::read(reading, &mut self.book, source, (&place, &beside), conditions.unwrap_or_default())
        } else {
            sheet::read(reading, &mut self.book, source, (&place, &beside), Conditions::default())
        };
        match outcome {
            Some(reason) => reading.unread(&place, reason),
            None => reading.done(&place),
        }
    }

    /// Reads a part that was not read before; false if nothing special is known about it.
    fn read_part(&mut self, reading: &mut Reading<'_>, entry: &Entry<'_>) -> bool {
        let owner = self.book.owner(entry.canonical).cloned();
        let mut place = match &owner {
            Some(sheet) => sheet_place(self.part.place, sheet).inside(file_name(entry.name)),
            None => entry.place.clone(),
        };
        place.hidden |= is_out_of_sight(entry.canonical);
        let entry = Entry { place: &place, ..*entry };
        if entry.canonical.ends_with(".bin") && xlsb::is_records(entry.bytes) {
            return self.read_records(reading, &entry, owner.as_ref());
        }
        if !looks_like_xml(entry.bytes) || package::is_structure(entry.canonical) {
            package::read_entry(reading, &entry);
            return true;
        }
        let sheet_of = owner.as_ref().map(|sheet| sheet_place(self.part.place, sheet));
        match root(entry.bytes).as_str() {
            "worksheet" | "dialogsheet" | "macrosheet" | "chartsheet" => {
                let sheet = self.sheet_of(&entry);
                self.read_sheet(reading, &sheet, &mut &*entry.bytes);
                return true;
            }
            "sst" => {
                let mut strings = Strings::default();
                if let Some(reason) = strings.read(reading, entry.bytes) {
                    reading.unread(entry.place, reason);
                }
                strings.hand_over_rest(reading, entry.place);
            }
            "comments" | "ThreadedComments" => {
                beside::read_comments(reading, entry.bytes, sheet_of.as_ref().unwrap_or(entry.place), entry.place);
            }
            "pivotCacheDefinition" => caches::read_definition(reading, &entry),
            "pivotCacheRecords" => self.pivots.read_records(reading, &entry),
            "externalLink" => caches::read_external(reading, &entry),
            "Properties" => beside::read_properties(reading, &entry),
            "labelList" => {
                let labels = sensitivity::labels(&xml::decode(entry.bytes)).unwrap_or_default();
                reading.text(entry.place, &labels);
                package::read_xml(reading, entry.place, entry.bytes);
            }
            _ => package::read_xml(reading, entry.place, entry.bytes),
        }
        reading.done(entry.place);
        true
    }

    /// The sheet that a part is, though it was not read as one: a second of its name, or one that nobody lists.
    fn sheet_of(&self, entry: &Entry<'_>) -> Sheet {
        let listed = self.book.sheets.iter().find(|sheet| sheet.part == entry.canonical);
        let unlisted = || Sheet { name: entry.name.to_owned(), hidden: true, part: entry.canonical.to_owned() };
        listed.cloned().unwrap_or_else(unlisted)
    }

    fn read_records(&mut self, reading: &mut Reading<'_>, entry: &Entry<'_>, owner: Option<&Sheet>) -> bool {
        if xlsb::is_sheet(entry.bytes) {
            let sheet = self.sheet_of(entry);
            self.read_sheet(reading, &sheet, &mut &*entry.bytes);
            return true;
        }
        if xlsb::is_strings(entry.bytes) {
            let mut strings = Strings::default();
            if let Some(reason) = xlsb::read_strings(reading, &mut strings, entry.bytes) {
                reading.unread(entry.place, reason);
            }
            strings.hand_over_rest(reading, entry.place);
        } else if !package::is_structure(&entry.canonical.replace(".bin", ".xml")) || owner.is_some() {
            reading.text(entry.place, &xlsb::text_of(entry.bytes));
        } else {
            reading.text(entry.place, &xlsb::odd_text_of(entry.bytes));
        }
        reading.done(entry.place);
        true
    }
}

/// Where a sheet stands.
pub(crate) fn sheet_place(file: &Place, sheet: &Sheet) -> Place {
    let mut place = file.inside(&sheet.name);
    place.hidden |= sheet.hidden;
    place
}

fn file_name(part: &str) -> &str {
    part.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Parts that no view of the workbook shows.
fn is_out_of_sight(part: &str) -> bool {
    [
        "pivotcache",
        "externallink",
        "customxml",
        "docprops/",
        "docmetadata/",
        "connections",
        "querytables/",
        "persons/",
        "customproperty",
    ]
    .iter()
    .any(|word| part.contains(word))
        || matches!(file_name(part), "workbook.xml" | "workbook.bin" | "metadata.xml" | "vbaproject.bin")
}

fn looks_like_xml(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    xml::decode(head).trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// The local name of the root element.
fn root(bytes: &[u8]) -> String {
    let head = xml::decode(bytes.get(..HEAD & !1).unwrap_or(bytes));
    let root = xml::Reader::new(&head).find_map(|event| match event {
        Event::Start { name, .. } => Some(name.to_owned()),
        _ => None,
    });
    root.unwrap_or_default()
}
