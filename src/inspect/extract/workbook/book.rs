//! What a workbook in a zip says about its parts, read before any cell.
//!
//! In: the package's listing, its relations, the workbook part, styles and shared strings. Out: which part is which
//! sheet and in what state, which parts belong to which sheet, and what cells need to be shown: formats and strings.
//! Nothing of it has to be there or true: sheets that no relation names are found by what they are (`xlsx`).
//! Deliberately absent: cells.

use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Read};

use zip::read::{Config, ZipFileEntry};
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, ZipReadOptions};

use crate::inspect::Reason;
use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::package::part_name;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::workbook::looks::{Difference, Palette};
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::extract::workbook::xlsb;
use crate::inspect::extract::xml::{self, Event};

/// How many entries of the listing are looked at beforehand; the others are still read.
const LISTED: usize = 20_000;

/// The largest part that is read beforehand, shared strings aside.
const SMALL: u64 = 16 << 20;

/// How many formats a workbook may have: Excel knows 64,000.
const FORMATS: usize = 100_000;

/// How far a part may be from its sheet: sheet, drawing, chart, colours.
const REACH: usize = 4;

/// The container's listing.
pub(crate) struct Listing<'a> {
    bytes: &'a [u8],
    entries: Vec<(String, Option<ZipFileEntry<'a>>)>,
    /// Names that occur more than once, and entries whose two headers contradict each other: which is meant nobody can
    /// say, so none is read beforehand.
    ambiguous: HashSet<String>,
}

impl<'a> Listing<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let mut listing = Self { bytes, entries: Vec::new(), ambiguous: HashSet::new() };
        let Ok(mut archive) = ZipIterable::try_new(Cursor::new(bytes), Config::default()) else { return listing };
        let Ok(files) = archive.files() else { return listing };
        let mut seen = HashSet::new();
        for entry in files.take(LISTED).map_while(Result::ok) {
            let name = part_name(&String::from_utf8_lossy(entry.name_raw()));
            if !seen.insert(name.clone()) || !is_agreed(bytes, &entry) {
                listing.ambiguous.insert(name.clone());
            }
            listing.entries.push((name, Some(entry)));
        }
        listing
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.entries.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Unpacks a part to `read`; `None` if it is not there once, or protected, or taken before.
    pub(crate) fn open<T>(&mut self, name: &str, read: impl FnOnce(&mut dyn Read) -> T) -> Option<T> {
        if self.ambiguous.contains(name) {
            return None;
        }
        let (_, entry) = self.entries.iter_mut().find(|(known, _)| known == name)?;
        if entry.as_ref()?.encrypted() {
            return None;
        }
        let mut cursor = Cursor::new(self.bytes);
        let mut file = entry.take()?.with_reader(&mut cursor, ZipReadOptions::default()).ok()?;
        Some(read(&mut file))
    }

    /// Without a directory the container is read from its front.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A part that is not large.
    pub(crate) fn small(&mut self, reading: &mut Reading<'_>, name: &str) -> Option<Vec<u8>> {
        let most = SMALL.min(reading.allowance());
        let mut content = Vec::new();
        self.open(name, |file| drop(file.take(most).read_to_end(&mut content)))?;
        reading.charge(content.len() as u64).then_some(content)
    }
}

/// Whether an entry's own header says what the directory says of it.
fn is_agreed(bytes: &[u8], entry: &ZipFileEntry<'_>) -> bool {
    let start = usize::try_from(entry.header_start()).ok();
    let Some(header) = start.and_then(|start| bytes.get(start..)).filter(|header| header.starts_with(b"PK\x03\x04"))
    else {
        return false;
    };
    let (Some(flags), Some(method), Some(size)) = (u16_at(header, 6), u16_at(header, 8), u32_at(header, 18)) else {
        return false;
    };
    let name = u16_at(header, 26).and_then(|length| header.get(30..30 + usize::from(length)));
    let method_agrees = match entry.compression() {
        CompressionMethod::Stored => method == 0,
        CompressionMethod::Deflated => method == 8,
        _ => false,
    };
    // A size may stand behind the data, or in an extra field.
    let size_agrees = u64::from(size) == entry.compressed_size() || size == u32::MAX || (flags & 8 == 8 && size == 0);
    name == Some(entry.name_raw()) && method_agrees && size_agrees
}

/// A sheet as the workbook names it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) hidden: bool,
    /// The part's name, as by [`part_name`].
    pub(crate) part: String,
}

/// What one part says about others.
struct Relation {
    id: String,
    /// The last word of its type.
    kind: String,
    target: String,
}

/// The workbook, its cells aside.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) strings: Strings,
    /// The part that the strings came from, and what stopped them.
    pub(crate) strings_part: Option<(String, Option<Reason>)>,
    pub(crate) formats: Vec<Format>,
    /// What conditions change of them.
    pub(super) differences: Vec<Difference>,
    pub(crate) is_1904: bool,
    relations: HashMap<String, Vec<Relation>>,
    /// Parts that wait until all relations are known.
    waiting: Vec<(String, Vec<u8>)>,
    /// The sheet, by its number, that a part belongs to.
    owners: HashMap<String, usize>,
}

impl Book {
    /// Reads what there is.
    pub(crate) fn open(reading: &mut Reading<'_>, listing: &mut Listing<'_>) -> Self {
        let mut book = Self::default();
        for name in listing.names().iter().filter(|name| name.ends_with(".rels")) {
            if let (Some(source), Some(content)) = (source_of(name), listing.small(reading, name)) {
                book.relations.insert(source.clone(), relations(&source, &xml::decode(&content)));
            }
        }
        let names = listing.names();
        let standard = |ends: [&'static str; 2]| ends.into_iter().find(|end| names.iter().any(|name| name == end));
        let main = book.target("", "officeDocument").or(standard(["xl/workbook.xml", "xl/workbook.bin"]));
        let main = main.unwrap_or_default().to_owned();
        let strings = book.target(&main, "sharedStrings");
        let strings = strings.or(standard(["xl/sharedstrings.xml", "xl/sharedstrings.bin"])).map(str::to_owned);
        let styles = book.target(&main, "styles").or(standard(["xl/styles.xml", "xl/styles.bin"])).map(str::to_owned);
        if let Some(content) = listing.small(reading, &main) {
            book.read_main(&main, &content);
        }
        if let Some(content) = styles.and_then(|name| listing.small(reading, &name)) {
            book.read_styles(&content);
        }
        if let Some(name) = strings {
            book.read_strings(reading, listing, name);
        }
        book.find_owners();
        book
    }

    /// Whether [`Book::take`] has use for a part of this name.
    pub(crate) fn wants(name: &str) -> bool {
        name.ends_with(".rels")
            || ["workbook", "sharedstrings", "styles"].iter().any(|stem| {
                name.strip_prefix("xl/")
                    .and_then(|name| name.strip_prefix(stem))
                    .is_some_and(|end| matches!(end, ".xml" | ".bin"))
            })
    }

    /// Takes a part of a container that has no listing.
    pub(crate) fn take(&mut self, reading: &mut Reading<'_>, name: &str, content: &[u8]) {
        if let Some(source) = source_of(name) {
            let found = relations(&source, &xml::decode(content));
            self.relations.insert(source, found);
        } else if name.contains("sharedstrings") && self.strings_part.is_none() {
            let outcome = read_strings(reading, &mut self.strings, name, &mut &*content);
            self.strings_part = Some((name.to_owned(), outcome));
        } else {
            self.waiting.push((name.to_owned(), content.to_vec()));
        }
    }

    /// All that there is was taken.
    pub(crate) fn settle(&mut self) {
        for (name, content) in std::mem::take(&mut self.waiting) {
            if name.contains("styles") {
                self.read_styles(&content);
            } else {
                self.read_main(&name, &content);
            }
        }
        self.find_owners();
    }

    /// Whether a string that is missing is missing in the file, and not because reading it ended.
    pub(crate) fn strings_are_whole(&self) -> bool {
        self.strings_part.as_ref().is_none_or(|(_, outcome)| outcome.is_none())
    }

    /// The sheet that a part belongs to, by itself or by way of others.
    pub(crate) fn owner(&self, part: &str) -> Option<&Sheet> {
        self.owners.get(part).and_then(|&number| self.sheets.get(number))
    }

    /// Targets of a part's relations of one kind.
    pub(crate) fn target<'b>(&'b self, source: &str, kind: &str) -> Option<&'b str> {
        let relations = self.relations.get(source)?;
        relations.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str())
    }

    fn read_main(&mut self, main: &str, content: &[u8]) {
        if xlsb::is_records(content) {
            let (sheets, is_1904) = xlsb::sheets(content);
            self.is_1904 = is_1904;
            return self.add_sheets(main, sheets);
        }
        let mut sheets = Vec::new();
        for event in xml::Reader::new(&xml::decode(content)) {
            let Event::Start { name, attributes } = event else { continue };
            match name {
                "workbookPr" => self.is_1904 |= attributes.value("date1904").is_some_and(|value| is_true(&value)),
                "sheet" => {
                    let value = |name: &str| attributes.value(name).unwrap_or_default().into_owned();
                    let hidden = !matches!(value("state").as_str(), "" | "visible");
                    sheets.push((value("name"), hidden, value("id")));
                }
                _ => {}
            }
        }
        self.add_sheets(main, sheets);
    }

    /// Sheets with their names, whether they are hidden, and the identifier of their relation.
    fn add_sheets(&mut self, main: &str, sheets: Vec<(String, bool, String)>) {
        let relations = self.relations.get(main);
        let target = |id: &str| {
            relations.and_then(|all| all.iter().find(|relation| relation.id == id)).map(|found| found.target.clone())
        };
        let add =
            |(name, hidden, id): (String, bool, String)| Sheet { name, hidden, part: target(&id).unwrap_or_default() };
        let sheets: Vec<Sheet> = sheets.into_iter().map(add).collect();
        self.sheets.extend(sheets);
    }

    fn read_styles(&mut self, content: &[u8]) {
        if xlsb::is_records(content) {
            self.formats = xlsb::formats(content, FORMATS);
        } else {
            let document = xml::decode(content);
            self.formats = formats(&document);
            self.differences = Difference::all(&document);
        }
    }

    fn read_strings(&mut self, reading: &mut Reading<'_>, listing: &mut Listing<'_>, name: String) {
        let strings = &mut self.strings;
        let outcome = listing.open(&name, |file| read_strings(reading, strings, &name, file));
        if let Some(outcome) = outcome {
            self.strings_part = Some((name, outcome));
        }
    }

    fn find_owners(&mut self) {
        let starts = self.sheets.iter().enumerate().map(|(number, sheet)| (sheet.part.clone(), number));
        let mut edge: Vec<(String, usize)> = starts.filter(|(part, _)| !part.is_empty()).collect();
        for _ in 0..REACH {
            let mut next = Vec::new();
            for (part, number) in edge {
                if self.owners.contains_key(&part) {
                    continue;
                }
                next.extend(self.relations.get(&part).into_iter().flatten().map(|to| (to.target.clone(), number)));
                self.owners.insert(part, number);
            }
            edge = next;
        }
        for (part, number) in edge {
            self.owners.entry(part).or_insert(number);
        }
    }
}

fn read_strings(reading: &mut Reading<'_>, strings: &mut Strings, name: &str, source: &mut dyn Read) -> Option<Reason> {
    if name.ends_with(".bin") { xlsb::read_strings(reading, strings, source) } else { strings.read(reading, source) }
}

/// `xl/_rels/workbook.xml.rels` is about `xl/workbook.xml`, `_rels/.rels` about the package.
fn source_of(name: &str) -> Option<String> {
    let (folder, file) = name.rsplit_once('/')?;
    let folder = folder.strip_suffix("_rels")?;
    Some(format!("{folder}{}", file.strip_suffix(".rels")?))
}

fn relations(source: &str, document: &str) -> Vec<Relation> {
    let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for event in xml::Reader::new(document) {
        let Event::Start { name: "Relationship", attributes } = event else { continue };
        let value = |name: &str| attributes.value(name).unwrap_or_default();
        if value("TargetMode") != "External" {
            let kind = value("Type").rsplit('/').next().unwrap_or_default().to_owned();
            found.push(Relation { id: value("Id").into_owned(), kind, target: resolve(folder, &value("Target")) });
        }
    }
    found
}

/// A target as a part's name.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(parts.pop()),
            step => parts.push(step),
        }
    }
    parts.retain(|part| !part.is_empty());
    part_name(&parts.join("/"))
}

fn formats(document: &str) -> Vec<Format> {
    let palette = Palette::of(document);
    let mut codes: HashMap<u32, Format> = HashMap::new();
    let mut formats = Vec::new();
    let mut in_cells = false;
    for event in xml::Reader::new(document) {
        match event {
            Event::Start { name: "numFmt", attributes } if codes.len() < FORMATS => {
                let number = attributes.value("numFmtId").and_then(|id| id.parse().ok());
                if let (Some(number), Some(code)) = (number, attributes.value("formatCode")) {
                    codes.insert(number, Format::of(&code));
                }
            }
            Event::Start { name: "cellXfs", .. } => in_cells = true,
            Event::End { name: "cellXfs" } => in_cells = false,
            Event::Start { name: "xf", attributes } if in_cells && formats.len() < FORMATS => {
                let number = attributes.value("numFmtId").and_then(|id| id.parse().ok()).unwrap_or_default();
                let format = codes.get(&number).cloned().unwrap_or_else(|| Format::built_in(number));
                let index = |name: &str| attributes.value(name).and_then(|id| id.parse().ok()).unwrap_or_default();
                let format = format.unseen(palette.hides(index("fontId"), index("fillId")));
                formats.push(format.painted(palette.is_painted(index("fillId"))));
            }
            _ => {}
        }
    }
    formats
}

/// A truth value of the schema.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value.trim(), "1" | "true" | "on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_however_they_are_written() {
        assert_eq!(source_of("xl/_rels/workbook.xml.rels").as_deref(), Some("xl/workbook.xml"));
        assert_eq!(source_of("_rels/.rels").as_deref(), Some(""));
        assert_eq!(source_of("xl/workbook.xml.rels"), None);
        assert_eq!(resolve("xl", "worksheets/Sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl/drawings", "../charts/chart1.xml"), "xl/charts/chart1.xml");
        assert_eq!(resolve("xl", "/xl/../xl\\a.xml"), "xl/a.xml");
        assert_eq!(resolve("", "../../../a"), "a");
    }

    #[test]
    fn formats_come_in_the_order_of_the_cells_styles() {
        let found = formats(
            "<styleSheet><numFmts><numFmt numFmtId='176' formatCode='00000000000'/></numFmts><cellStyleXfs><xf numFmtId='14'/>\
             </cellStyleXfs><cellXfs><xf numFmtId='0'/><xf numFmtId='176'/><xf numFmtId='14'/></cellXfs></styleSheet>",
        );
        assert_eq!(found, [Format::default(), Format::of("00000000000"), Format::built_in(14)]);
    }
}
