//! The structure of a zip archive: which entries there are, and which bytes belong to what.
//!
//! In: the archive's bytes. Out: a [`Survey`]: every entry of the central directory beside what its local header says of
//! it, every entry that only a local header tells of, the asides (comments, extra fields that hold something), and the
//! ranges that all this covers. Nothing in it is believed: not the number of entries, not the offsets (a program may
//! stand before the archive), not the sizes. Where the two headers of an entry contradict each other both are kept.
//! Deliberately absent: unpacking (`entry`), the other volumes of a split archive.

use std::collections::HashSet;

use memchr::memmem;

use crate::inspect::extract::archive::number;
use crate::inspect::extract::archive::zip::entry::Packed;
use crate::inspect::extract::archive::zip::header::{CENTRAL, ENCRYPTED, Header, LOCAL, LOCAL_LENGTH, starts_with};
use crate::inspect::extract::spans::Spans;

const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";

const END_LENGTH: usize = 22;

/// How many ends of a directory are tried, last first: each archive that is stored in this one has one as well.
const ENDS: usize = 64;

/// How many entries are surveyed. More than any budget of entries covers.
const ENTRIES: usize = 100_000;

const DESCRIBED: u16 = 1 << 3;

/// One entry, as its headers tell of it.
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    /// Other names that it has: in the other header, in an older charset.
    pub(crate) aliases: Vec<String>,
    pub(crate) comment: &'a [u8],
    /// What stands in its extra fields, if it is more than structure.
    pub(crate) asides: Vec<&'a [u8]>,
    /// What is packed in it; twice if its headers contradict each other; nothing if the same was packed in another.
    pub(crate) contents: Vec<Packed<'a>>,
    /// Whether its data were not found or not found whole.
    pub(crate) damaged: bool,
    /// Whether other entries claim some of its data.
    pub(crate) overlapping: bool,
}

impl Entry<'_> {
    /// A folder has a name and nothing else.
    pub(crate) fn is_folder(&self) -> bool {
        self.name.ends_with(['/', '\\']) && self.contents.iter().all(|packed| packed.data.is_empty())
    }
}

/// What an archive consists of.
#[derive(Default)]
pub(crate) struct Survey<'a> {
    pub(crate) entries: Vec<Entry<'a>>,
    pub(crate) comment: &'a [u8],
    pub(crate) spans: Spans,
    /// Whether its directory was found.
    pub(crate) has_directory: bool,
    /// Whether it is one volume of several.
    pub(crate) is_split: bool,
    /// Whether there are more entries than were surveyed.
    pub(crate) is_cut: bool,
}

/// Takes stock of an archive.
pub(crate) fn survey(bytes: &[u8]) -> Survey<'_> {
    let mut surveyor = Surveyor { bytes, survey: Survey::default(), seen: HashSet::new(), data: Vec::new() };
    surveyor.survey.is_split = bytes.starts_with(DESCRIPTOR);
    if let Some(directory) = Directory::find(bytes) {
        surveyor.survey.has_directory = true;
        surveyor.survey.is_split |= directory.is_split;
        surveyor.listed(&directory);
    }
    surveyor.unlisted();
    surveyor.mark_overlapping();
    surveyor.survey
}

/// Whether these bytes are, or end in, an archive with a directory.
pub(crate) fn has_directory(bytes: &[u8]) -> bool {
    Directory::find(bytes).is_some()
}

/// Names in the directory, and what the entry of this name is.
pub(crate) fn names<'a>(bytes: &'a [u8], most: usize, wanted: &[u8]) -> (Vec<String>, Option<Packed<'a>>) {
    let Some(directory) = Directory::find(bytes) else { return (Vec::new(), None) };
    let mut found = None;
    let mut names = Vec::new();
    for (header, _) in directory.headers(bytes).take(most) {
        if header.raw_name == wanted {
            let local = directory.local(bytes, &header).and_then(|at| Header::local(bytes, at));
            let data = local.and_then(|local| bytes.get(local.end..)?.get(..header.packed));
            found = data.map(|data| header.packed(data, None));
        }
        names.push(header.name().0);
    }
    (names, found)
}

/// The central directory.
struct Directory {
    start: usize,
    /// Where its end record starts.
    end: usize,
    /// How far everything stands behind where it says it stands: the length of what was put before the archive.
    shift: usize,
    is_split: bool,
}

impl Directory {
    fn find(bytes: &[u8]) -> Option<Self> {
        let mut upto = bytes.len();
        for _ in 0..ENDS {
            let end = memmem::rfind(bytes.get(..upto)?, END)?;
            if let Some(directory) = Self::at(bytes, end) {
                return Some(directory);
            }
            upto = end + END.len() - 1;
        }
        None
    }

    fn at(bytes: &[u8], end: usize) -> Option<Self> {
        let record = bytes.get(end..end + END_LENGTH)?;
        let (disk, first_disk) = (number(record, 4, 2), number(record, 6, 2));
        let (mut size, mut offset) = (number(record, 12, 4), number(record, 16, 4));
        let mut abutting = end;
        let locator = end.checked_sub(20).filter(|&at| starts_with(bytes, at, LOCATOR_64));
        if let Some(locator) = locator {
            // What the locator says is wrong if something stands before the archive; the record is right before it.
            let claimed = number(bytes, locator + 8, 8);
            let record = [claimed, locator.saturating_sub(56)].into_iter().find(|&at| starts_with(bytes, at, END_64));
            if let Some(record) = record {
                (size, offset) = (number(bytes, record + 40, 8), number(bytes, record + 48, 8));
                abutting = record;
            }
        }
        let before_end = abutting.checked_sub(size).filter(|&at| size > 0 && starts_with(bytes, at, CENTRAL));
        let claimed = Some(offset).filter(|&at| starts_with(bytes, at, CENTRAL) && at < end);
        let is_split = (disk, first_disk) != (0, 0) && (disk, first_disk) != (0xffff, 0xffff);
        let is_empty = size == 0 && number(record, 10, 2) == 0;
        let start = before_end.or(claimed).or(is_empty.then_some(abutting)).or(is_split.then_some(abutting))?;
        Some(Self { start, end, shift: start.saturating_sub(offset), is_split })
    }

    /// Its headers, each with its place.
    fn headers<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = (Header<'a>, usize)> + use<'a> {
        let mut at = self.start;
        std::iter::from_fn(move || {
            let header = Header::central(bytes, at)?;
            let start = at;
            at = header.end;
            Some((header, start))
        })
    }

    /// Where the local header stands.
    fn local(&self, bytes: &[u8], header: &Header<'_>) -> Option<usize> {
        let shifted = header.offset.saturating_add(self.shift);
        [shifted, header.offset].into_iter().find(|&at| starts_with(bytes, at, LOCAL))
    }
}

struct Surveyor<'a> {
    bytes: &'a [u8],
    survey: Survey<'a>,
    /// Data that an entry has already: where they start, how long they are, how they are packed.
    seen: HashSet<(usize, usize, u16)>,
    /// Data of each entry: start, end, entry.
    data: Vec<(usize, usize, usize)>,
}

impl<'a> Surveyor<'a> {
    /// The entries of the directory.
    fn listed(&mut self, directory: &Directory) {
        let bytes = self.bytes;
        for (header, at) in directory.headers(bytes) {
            if self.survey.entries.len() >= ENTRIES {
                self.survey.is_cut = true;
                return;
            }
            self.survey.spans.claim(at, header.end - at);
            let (name, aliases) = header.name();
            let mut entry = Entry {
                name,
                aliases,
                comment: header.comment,
                asides: header.asides().collect(),
                contents: Vec::new(),
                damaged: false,
                overlapping: false,
            };
            match directory.local(bytes, &header).and_then(|at| Some((at, Header::local(bytes, at)?))) {
                Some((at, local)) => self.located(&mut entry, &header, &local, at),
                None => entry.damaged = true,
            }
            self.survey.entries.push(entry);
        }
        self.end_of(directory);
    }

    /// An entry whose local header was found: what that says is kept if it contradicts the directory.
    fn located(&mut self, entry: &mut Entry<'a>, header: &Header<'a>, local: &Header<'a>, at: usize) {
        self.survey.spans.claim(at, local.end - at);
        let (name, aliases) = local.name();
        for alias in std::iter::once(name).chain(aliases) {
            if alias != entry.name && !entry.aliases.contains(&alias) {
                entry.aliases.push(alias);
            }
        }
        entry.asides.extend(local.asides().filter(|aside| !header.asides().any(|known| known == *aside)));
        self.content(entry, header, local.end, Some(header.crc));
        let described = local.flags & DESCRIBED != 0 || header.flags & DESCRIBED != 0;
        let differs = local.method != header.method
            || (local.flags ^ header.flags) & ENCRYPTED != 0
            || (!described && local.packed != header.packed);
        if differs {
            let crc = Some(local.crc).filter(|_| !described);
            let length = if described { header.packed } else { local.packed };
            let local = Header { packed: length, ..*local };
            self.content(entry, &local, local.end, crc);
        }
        if described {
            self.descriptor(local.end.saturating_add(header.packed));
        }
    }

    fn content(&mut self, entry: &mut Entry<'a>, header: &Header<'a>, start: usize, crc: Option<u32>) {
        let end = start.saturating_add(header.packed);
        entry.damaged |= end > self.bytes.len();
        let data = self.bytes.get(start..end.min(self.bytes.len())).unwrap_or_default();
        self.survey.spans.claim(start, data.len());
        if self.seen.insert((start, data.len(), header.method)) || data.is_empty() {
            entry.contents.push(header.packed(data, crc));
            self.data.push((start, start + data.len(), self.survey.entries.len()));
        }
    }

    /// The sizes that were not known before the data were written stand behind them.
    fn descriptor(&mut self, at: usize) {
        let length = if starts_with(self.bytes, at, DESCRIPTOR) {
            let is_wide = starts_with(self.bytes, at.saturating_add(24), b"PK");
            if is_wide && !starts_with(self.bytes, at.saturating_add(16), b"PK") { 24 } else { 16 }
        } else {
            12
        };
        self.survey.spans.claim(at, length);
    }

    /// The records behind the directory, and the comment in the last of them.
    fn end_of(&mut self, directory: &Directory) {
        let end = directory.end;
        if let Some(locator) = end.checked_sub(20).filter(|&at| starts_with(self.bytes, at, LOCATOR_64)) {
            self.survey.spans.claim(locator, 20);
            if let Some(record) = locator.checked_sub(56).filter(|&at| starts_with(self.bytes, at, END_64)) {
                self.survey.spans.claim(record, 56);
            }
        }
        let length = number(self.bytes, end + 20, 2);
        let rest = self.bytes.get(end + END_LENGTH..).unwrap_or_default();
        self.survey.comment = rest.get(..length).unwrap_or(rest);
        self.survey.spans.claim(end, END_LENGTH + self.survey.comment.len());
    }

    /// Headers where the directory names nothing: left out on purpose, or the directory is lost.
    fn unlisted(&mut self) {
        for gap in self.survey.spans.gaps(self.bytes) {
            let mut at = gap.start;
            while let Some(found) = self.bytes.get(at..gap.end).and_then(|rest| memmem::find(rest, b"PK")) {
                at += found;
                at = self.stray(at, gap.end).unwrap_or(at + 2);
                if self.survey.entries.len() >= ENTRIES {
                    self.survey.is_cut = true;
                    return;
                }
            }
        }
    }

    /// A record outside the directory; returns its end.
    fn stray(&mut self, at: usize, gap_end: usize) -> Option<usize> {
        if starts_with(self.bytes, at, LOCAL) {
            return self.stray_entry(at, gap_end);
        }
        // A directory that is not the last one, or is not whole: names, which are read with what is left over.
        let length = if starts_with(self.bytes, at, END) { END_LENGTH } else { return None };
        self.survey.spans.claim(at, length);
        Some(at + length)
    }

    fn stray_entry(&mut self, at: usize, gap_end: usize) -> Option<usize> {
        let header = Header::local(self.bytes, at).filter(|header| header.is_plausible(self.bytes, at))?;
        let described = header.flags & DESCRIBED != 0 && header.packed == 0;
        let length = if described { self.described_length(header.end, gap_end) } else { header.packed };
        let (name, aliases) = header.name();
        let mut entry = Entry {
            name,
            aliases,
            comment: b"",
            asides: header.asides().collect(),
            contents: Vec::new(),
            damaged: false,
            overlapping: false,
        };
        self.survey.spans.claim(at, header.end - at);
        let crc = Some(header.crc).filter(|_| !described);
        let header = Header { packed: length, ..header };
        self.content(&mut entry, &header, header.end, crc);
        self.survey.entries.push(entry);
        let end = header.end.saturating_add(length);
        if described && starts_with(self.bytes, end, DESCRIPTOR) {
            self.descriptor(end);
        }
        Some(end.clamp(at + LOCAL_LENGTH, self.bytes.len()))
    }

    /// How long data are whose length stands behind them: up to a descriptor that says so, or to whatever is next.
    fn described_length(&self, start: usize, gap_end: usize) -> usize {
        let rest = self.bytes.get(start..gap_end).unwrap_or_default();
        let mut at = 0;
        while let Some(found) = rest.get(at..).and_then(|rest| memmem::find(rest, b"PK")) {
            at += found;
            let is_end = starts_with(rest, at, DESCRIPTOR) && number(rest, at + 8, 4) == at;
            if is_end || starts_with(rest, at, LOCAL) || starts_with(rest, at, CENTRAL) {
                return at;
            }
            at += 2;
        }
        rest.len()
    }

    /// Entries that share some of their data with others, but not all of them: bombs are made so.
    fn mark_overlapping(&mut self) {
        self.data.sort_unstable();
        let mut end = 0;
        for &(start, this_end, entry) in &self.data {
            if start < end && this_end > start {
                self.survey.entries.get_mut(entry).into_iter().for_each(|entry| entry.overlapping = true);
            }
            end = end.max(this_end);
        }
    }
}
