//! PowerPoint 97–2003 (MS-PPT).
//!
//! In: the compound file. Out: the text of all records, by slides (numbered as they are shown, those that are not shown
//! marked hidden), notes, masters and what belongs to the whole presentation; embedded objects, which are packed; the
//! pictures; what else the file holds (`ole`). Slides that a later version of the file replaced or left out are still in
//! it and are read as hidden, and so are letters that are not seen ([`looks`]). Records that hold no text by the specification are searched for some all the same.
//! Structure, which is passed over: headers of records. Deliberately absent: tables (they are drawn from single boxes),
//! and presentations of PowerPoint 95, of which as much is read as is alike.

mod looks;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

use flate2::read::ZlibDecoder;

use self::looks::Ground;
use crate::inspect::extract::compound::{Compound, u16_at, u32_at};
use crate::inspect::extract::document::drawing;
use crate::inspect::extract::document::ole;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};

const HEADER: usize = 8;

/// Records in records.
const DEPTH: usize = 64;

/// How many versions of the file are followed back.
const EDITS: usize = 1_024;

/// How many objects are looked at in all of them.
const OBJECTS: usize = 1 << 20;

/// Marks a presentation whose stream is encrypted.
const ENCRYPTED: u32 = 0xf3d1_c4df;

/// Types of records.
mod kind {
    pub(super) const DOCUMENT: u16 = 0x03e8;
    pub(super) const SLIDE: u16 = 0x03ee;
    pub(super) const NOTES: u16 = 0x03f0;
    pub(super) const NOTES_ATOM: u16 = 0x03f1;
    pub(super) const SLIDE_PERSIST: u16 = 0x03f3;
    pub(super) const MASTER: u16 = 0x03f8;
    pub(super) const SHOW_INFO: u16 = 0x03f9;
    pub(super) const CHARACTERS: u16 = 0x0fa0;
    pub(super) const BYTES: u16 = 0x0fa8;
    pub(super) const STRING: u16 = 0x0fba;
    pub(super) const HANDOUT: u16 = 0x0fc9;
    pub(super) const SLIDE_LIST: u16 = 0x0ff0;
    pub(super) const USER_EDIT: u16 = 0x0ff5;
    pub(super) const OBJECT: u16 = 0x1011;
    pub(super) const PERSIST_DIRECTORY: u16 = 0x1772;
}

/// Reads a presentation.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(file) = Compound::open(part.bytes) else {
        reading.unread(part.place, Reason::Damaged);
        return sweep::read(reading, part);
    };
    let stream = |name: &str| file.top().into_iter().find(|entry| entry.name == name).map(|entry| file.stream(entry));
    let bytes = stream("PowerPoint Document").unwrap_or_default();
    let user = stream("Current User").unwrap_or_default();
    if u32_at(&user, 12) == Some(ENCRYPTED) {
        return reading.unread(part.place, Reason::Encrypted);
    }
    if !reading.charge(bytes.len() as u64) {
        return reading.unread(part.place, Reason::Limit);
    }
    let mut deck = Deck::new(part, Outline::of(&bytes, &user), Ground::of(&bytes));
    deck.walk(reading, &bytes, Section::Presentation, 0);
    let whole = !deck.cut;
    deck.finish(reading);
    if !whole {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.done(part.place);
    if let Some(pictures) = stream("Pictures") {
        let place = part.place.inside("Pictures");
        drawing::read(reading, &part.inside(&pictures, &place));
    }
    ole::read_streams(reading, part, &file, &|entry| {
        file.storage_of(entry).is_none() && matches!(entry.name.as_str(), "PowerPoint Document" | "Pictures")
    });
    let mut spans = Spans::default();
    file.claim(&mut spans);
    reading.leftovers(part, &spans);
}

/// A record, and where it begins.
#[derive(Clone, Copy)]
struct Record<'a> {
    at: usize,
    instance: u16,
    kind: u16,
    is_container: bool,
    content: &'a [u8],
    /// It claims more than there is.
    is_cut: bool,
}

/// The records of a stretch, one behind the other.
fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let head = u16_at(bytes, at)?;
        let kind = u16_at(bytes, at + 2)?;
        let length = usize::try_from(u32_at(bytes, at + 4)?).ok()?;
        let rest = bytes.get(at + HEADER..)?;
        let content = rest.get(..length).unwrap_or(rest);
        let record = Record {
            at,
            instance: head >> 4,
            kind,
            is_container: head & 0xf == 0xf,
            content,
            is_cut: length > rest.len(),
        };
        at += HEADER + content.len();
        Some(record)
    })
}

/// Which slides there are, by where they stand in the stream.
#[derive(Default)]
struct Outline {
    /// Where the objects of the last version stand; empty if nobody says.
    live: HashMap<usize, u32>,
    /// Numbers of slides, by their object's number and by their identifier.
    by_object: HashMap<u32, usize>,
    by_identifier: HashMap<u32, usize>,
    /// Numbers of the slides that are not shown.
    hidden: HashSet<usize>,
}

impl Outline {
    fn of(bytes: &[u8], user: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut edit = u32_at(user, 16);
        let mut objects: HashMap<u32, usize> = HashMap::new();
        let mut room = OBJECTS;
        for _ in 0..EDITS {
            let Some(record) = edit.and_then(|at| record_at(bytes, at, kind::USER_EDIT)) else { break };
            let directory = u32_at(record.content, 12).and_then(|at| record_at(bytes, at, kind::PERSIST_DIRECTORY));
            let found = directory.map(|directory| persisted(directory.content, room)).unwrap_or_default();
            room -= found.len();
            for (object, at) in found {
                // What a later version says counts.
                objects.entry(object).or_insert(at);
            }
            // Each version stands behind the one before.
            edit = u32_at(record.content, 8).filter(|&at| at > 0 && Some(at) < edit);
        }
        outline.live = objects.iter().map(|(&object, &at)| (at, object)).collect();
        let is_live = |record: &Record<'_>| outline.live.is_empty() || outline.live.contains_key(&record.at);
        for document in records(bytes).filter(|record| record.kind == kind::DOCUMENT && is_live(record)) {
            let lists = records(document.content).filter(|list| list.kind == kind::SLIDE_LIST && list.instance == 0);
            for slide in lists.flat_map(|list| records(list.content)).filter(|atom| atom.kind == kind::SLIDE_PERSIST) {
                let number = outline.by_object.len() + 1;
                if let (Some(object), Some(identifier)) = (u32_at(slide.content, 0), u32_at(slide.content, 12)) {
                    outline.by_object.entry(object).or_insert(number);
                    outline.by_identifier.entry(identifier).or_insert(number);
                }
            }
        }
        let hidden: HashSet<usize> = records(bytes)
            .filter(|record| record.kind == kind::SLIDE)
            .filter(|slide| {
                let mut infos = records(slide.content).filter(|atom| atom.kind == kind::SHOW_INFO);
                infos.any(|info| info.content.get(10).is_some_and(|flags| flags & 4 != 0))
            })
            .filter_map(|slide| outline.number_of(slide.at))
            .collect();
        outline.hidden = hidden;
        outline
    }

    /// The number of the slide that stands here.
    fn number_of(&self, at: usize) -> Option<usize> {
        self.by_object.get(self.live.get(&at)?).copied()
    }
}

fn record_at(bytes: &[u8], at: u32, kind: u16) -> Option<Record<'_>> {
    records(bytes.get(usize::try_from(at).ok()?..)?).next().filter(|record| record.kind == kind)
}

/// Objects and where they stand: runs of them, each with its first number and its length.
fn persisted(directory: &[u8], most: usize) -> Vec<(u32, usize)> {
    let mut words = directory.chunks_exact(4).filter_map(|word| u32_at(word, 0));
    let mut found = Vec::new();
    while let Some(run) = words.next() {
        let (first, count) = (run & 0x000f_ffff, run >> 20);
        for object in first..first + count {
            let Some(at) = words.next().and_then(|at| usize::try_from(at).ok()) else { break };
            if found.len() >= most {
                return found;
            }
            found.push((object, at));
        }
    }
    found
}

/// Where text belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Slide(usize),
    Notes(usize),
    /// Slides that are no longer part of the presentation, or that nobody numbers.
    OldSlides,
    OtherNotes,
    Masters,
    Presentation,
}

struct Deck<'p> {
    part: &'p Part<'p>,
    outline: Outline,
    ground: Ground,
    text: BTreeMap<Section, String>,
    /// What of it is not seen.
    unseen: BTreeMap<Section, String>,
    /// Where the text that came last begins in its section.
    last: Option<(Section, usize)>,
    /// Contents of records that hold no text.
    others: Vec<u8>,
    objects: u32,
    cut: bool,
}

impl<'p> Deck<'p> {
    fn new(part: &'p Part<'p>, outline: Outline, ground: Ground) -> Self {
        let (text, unseen) = (BTreeMap::new(), BTreeMap::new());
        Self { part, outline, ground, text, unseen, last: None, others: Vec::new(), objects: 0, cut: false }
    }

    fn walk(&mut self, reading: &mut Reading<'_>, bytes: &[u8], section: Section, depth: usize) {
        let mut section = section;
        let mut end = 0;
        for record in records(bytes) {
            self.cut |= record.is_cut;
            end = record.at + HEADER + record.content.len();
            if record.is_container && depth < DEPTH {
                let inside = self.section_of(&record, section, depth);
                self.walk(reading, record.content, inside, depth + 1);
                continue;
            }
            match record.kind {
                // The texts that follow are those of this slide's boxes.
                kind::SLIDE_PERSIST => {
                    let slide = u32_at(record.content, 0).and_then(|object| self.outline.by_object.get(&object));
                    section = slide.map_or(Section::Presentation, |&number| Section::Slide(number));
                }
                kind::OBJECT => self.object(reading, &record),
                _ => self.atom(&record, section),
            }
        }
        // Too short for another record.
        self.others.extend_from_slice(bytes.get(end..).unwrap_or_default());
    }

    fn section_of(&self, record: &Record<'_>, around: Section, depth: usize) -> Section {
        match record.kind {
            kind::SLIDE if depth == 0 => self.outline.number_of(record.at).map_or(Section::OldSlides, Section::Slide),
            kind::SLIDE => Section::OldSlides,
            kind::NOTES => {
                let atom = records(record.content).find(|atom| atom.kind == kind::NOTES_ATOM);
                let slide = atom.and_then(|atom| self.outline.by_identifier.get(&u32_at(atom.content, 0)?));
                slide.map_or(Section::OtherNotes, |&number| Section::Notes(number))
            }
            kind::MASTER | kind::HANDOUT => Section::Masters,
            _ => around,
        }
    }

    fn atom(&mut self, record: &Record<'_>, section: Section) {
        let text = match record.kind {
            kind::CHARACTERS | kind::STRING => encoding_rs::UTF_16LE.decode_without_bom_handling(record.content).0,
            // The lower halves of characters whose upper halves are zero.
            kind::BYTES => encoding_rs::mem::decode_latin1(record.content),
            // Properties of shapes: descriptions, names, words as pictures.
            0xf00b | 0xf121 | 0xf122 => shape_texts(record).into(),
            _ => {
                if record.kind == looks::STYLE {
                    self.style(record);
                }
                // In pairs, so that wide characters stay together. Minus one is a number, and no character in any charset.
                for pair in record.content.chunks(2) {
                    self.others.extend_from_slice(if pair == [0xff, 0xff] { &[0, 0] } else { pair });
                }
                self.others.resize(self.others.len().next_multiple_of(2) + 2, 0);
                return;
            }
        };
        let lines = self.text.entry(section).or_default();
        self.last = matches!(record.kind, kind::CHARACTERS | kind::BYTES).then_some((section, lines.len()));
        lines.extend(text.chars().map(|c| if matches!(c, '\r' | '\u{b}') { '\n' } else { c }));
        lines.push('\n');
    }

    /// Puts aside what is not seen of the text before it.
    fn style(&mut self, record: &Record<'_>) {
        let Some((section, start)) = self.last.take() else { return };
        let Some(lines) = self.text.get_mut(&section) else { return };
        let text = lines.get(start..).and_then(|text| text.strip_suffix('\n')).unwrap_or_default().to_owned();
        let runs = self.ground.unseen(record.content, text.encode_utf16().count());
        if runs.is_empty() {
            return;
        }
        lines.truncate(start);
        let unseen = self.unseen.entry(section).or_default();
        let (mut at, mut runs) = (0, runs.into_iter().peekable());
        for c in text.chars() {
            while runs.peek().is_some_and(|run| run.end <= at) {
                runs.next();
            }
            if runs.peek().is_some_and(|run| run.contains(&at)) {
                unseen.push(c)
            } else {
                lines.push(c)
            }
            at += c.len_utf16();
        }
        unseen.push('\n');
        lines.push('\n');
    }

    /// An embedded object, or the macros: a compound file, packed or not.
    fn object(&mut self, reading: &mut Reading<'_>, record: &Record<'_>) {
        self.objects += 1;
        let place = self.part.place.inside(&format!("object {}", self.objects));
        if !reading.take_entry() {
            return reading.unread(&place, Reason::Limit);
        }
        if record.instance != 1 {
            reading.read(&self.part.inside(record.content, &place));
            return;
        }
        let allowance = reading.allowance();
        let mut content = Vec::new();
        let packed = record.content.get(4..).unwrap_or_default();
        let outcome = ZlibDecoder::new(packed).take(allowance.saturating_add(1)).read_to_end(&mut content);
        if !reading.charge(content.len() as u64) || content.len() as u64 > allowance {
            return reading.unread(&place, Reason::Limit);
        }
        if outcome.is_err() {
            reading.unread(&place, Reason::Damaged);
        }
        reading.read(&self.part.inside(&content, &place));
    }

    fn finish(mut self, reading: &mut Reading<'_>) {
        let unseen = std::mem::take(&mut self.unseen);
        for (section, text) in &self.text {
            if !reading.take_entry() {
                return reading.unread(self.part.place, Reason::Limit);
            }
            let place = self.part.place.clone();
            let hidden = |name: &str| Place { hidden: true, ..self.part.place.inside(name) };
            let place = match section {
                Section::Slide(number) if self.outline.hidden.contains(number) => hidden(&format!("slide {number}")),
                Section::Slide(number) => self.part.place.inside(&format!("slide {number}")),
                Section::Notes(number) => hidden(&format!("slide {number} notes")),
                Section::OldSlides => hidden("slides not in the presentation"),
                Section::OtherNotes => hidden("notes"),
                Section::Masters => self.part.place.inside("masters"),
                Section::Presentation => place,
            };
            reading.text(&place, text);
            if let Some(unseen) = unseen.get(section) {
                reading.text(&Place { hidden: true, ..place.clone() }, unseen);
            }
            if *section != Section::Presentation {
                reading.done(&place);
            }
        }
        let place = Place { hidden: true, ..self.part.place.inside("other records") };
        sweep::read(reading, &self.part.inside(&self.others, &place));
    }
}

/// The texts among a shape's properties. Each property is six bytes; what does not fit into four stands behind all.
fn shape_texts(record: &Record<'_>) -> String {
    const COMPLEX: u16 = 0x8000;
    let mut text = String::new();
    let mut at = usize::from(record.instance) * 6;
    for index in 0..usize::from(record.instance) {
        let (Some(id), Some(length)) = (u16_at(record.content, 6 * index), u32_at(record.content, 6 * index + 2))
        else {
            break;
        };
        if id & COMPLEX == 0 {
            continue;
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(value) = record.content.get(at..at.saturating_add(length)) else { break };
        at += length;
        if matches!(id & 0x3fff, 0x00c0 | 0x00c5 | 0x0105 | 0x0117 | 0x0380..=0x0383 | 0x038d) {
            text.push_str(encoding_rs::UTF_16LE.decode_without_bom_handling(value).0.trim_end_matches('\0'));
            text.push('\n');
        } else {
            text.push_str(&sweep::text(value));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_come_in_runs() {
        let words: Vec<u8> =
            [2 << 20 | 5, 100, 200, 1 << 20 | 9, 300].into_iter().flat_map(|word: u32| word.to_le_bytes()).collect();
        assert_eq!(persisted(&words, 9), [(5, 100), (6, 200), (9, 300)]);
        assert_eq!(persisted(&words[..6], 9), []);
        assert_eq!(persisted(&words, 2), [(5, 100), (6, 200)]);
    }

    #[test]
    fn a_record_that_claims_too_much_is_cut() {
        let bytes = [0x0f, 0, 0xe8, 3, 4, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0xba, 0x0f, 0xff, 0xff, 0xff, 0xff, b'a', 0];
        let found: Vec<(u16, bool, usize, bool)> =
            records(&bytes).map(|r| (r.kind, r.is_container, r.content.len(), r.is_cut)).collect();
        assert_eq!(found, [(0x03e8, true, 4, false), (0x0fba, false, 2, true)]);
    }
}
