//! Compound files (OLE, MS-CFB): the container of .xls, .doc, .ppt, .msg and of objects in all of them.
//!
//! In: the file's bytes. Out: every stream and storage in it, at whatever depth, the content of each stream, and which
//! bytes of the file they account for ([`Compound::claim`]), so that free sectors and the slack behind a stream can be
//! read as leftovers. Entries that the directory holds but its tree does not reach are given as well: they have no
//! parent. Lenient where writers are careless (sector counts that do not fit), bounded where hostile ones are not
//! (chains and trees that run in circles). Who takes streams pays for them: several may share the same sectors.
//! Deliberately absent: writing.

use crate::inspect::extract::spans::Spans;

use std::ops::Range;

/// A chain ends here.
const END: u32 = 0xffff_fffe;

const ENTRY_BYTES: usize = 128;

const SMALL_SECTOR: usize = 64;

/// How many storages around an entry its path names.
const PATH_DEPTH: usize = 256;

/// An opened compound file.
pub(crate) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    table: Vec<u32>,
    small_table: Vec<u32>,
    /// Streams shorter than this are in the stream of small sectors.
    small_below: u64,
    /// The sectors of the stream of small sectors, and its content.
    small_sectors: Vec<u32>,
    small: Vec<u8>,
    /// By their number in the directory; the first is the root.
    entries: Vec<Entry>,
}

/// A stream or a storage.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    kind: Kind,
    /// The number of the storage that it is in.
    parent: Option<usize>,
    number: usize,
    left: u32,
    right: u32,
    child: u32,
    start: u32,
    size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unused,
    Storage,
    Stream,
    Root,
}

impl<'a> Compound<'a> {
    /// Reads the tables; `None` if there is nothing to find in it.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        let shift = u16_at(bytes, 30)?;
        let sector = match shift {
            9 | 12 => 1usize << shift,
            _ => return None,
        };
        let mut file = Self {
            bytes,
            sector,
            table: Vec::new(),
            small_table: Vec::new(),
            small_below: u64::from(u32_at(bytes, 56)?),
            small_sectors: Vec::new(),
            small: Vec::new(),
            entries: Vec::new(),
        };
        for number in file.table_sectors().0 {
            let words = file.sector(number).unwrap_or_default().chunks_exact(4).filter_map(|w| u32_at(w, 0));
            let words: Vec<u32> = words.collect();
            file.table.extend(words);
        }
        let small = file.content(&file.chain(u32_at(bytes, 60)?, usize::MAX), usize::MAX);
        file.small_table = small.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
        let directory = file.content(&file.chain(u32_at(bytes, 48)?, usize::MAX), usize::MAX);
        file.entries = directory
            .chunks_exact(ENTRY_BYTES)
            .enumerate()
            .filter_map(|(number, entry)| Entry::parse(entry, number, sector == 512))
            .collect();
        let root = file.entries.first().filter(|root| root.kind == Kind::Root)?;
        let size = usize::try_from(root.size).unwrap_or(usize::MAX);
        file.small_sectors = file.chain(root.start, size);
        file.small = file.content(&file.small_sectors, size);
        file.find_parents();
        Some(file)
    }

    /// Every stream and storage, at whatever depth, in the directory's order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| matches!(entry.kind, Kind::Storage | Kind::Stream))
    }

    /// What stands directly in the root.
    pub(crate) fn top(&self) -> Vec<&Entry> {
        self.entries().filter(|entry| entry.parent == Some(0)).collect()
    }

    /// The storage that an entry is in; `None` on the top level and for what the tree does not reach.
    pub(crate) fn storage_of(&self, entry: &Entry) -> Option<&Entry> {
        self.entries.get(entry.parent?).filter(|parent| parent.kind == Kind::Storage)
    }

    /// The names of the storages around an entry and its own, without control characters: `ObjectPool/_1/Package`.
    pub(crate) fn path(&self, entry: &Entry) -> String {
        let mut names = vec![entry.shown()];
        let mut at = entry;
        while let Some(parent) = self.storage_of(at).filter(|_| names.len() < PATH_DEPTH) {
            names.push(parent.shown());
            at = parent;
        }
        names.reverse();
        names.join("/")
    }

    /// The content of a stream, as far as its chain goes.
    pub(crate) fn stream(&self, entry: &Entry) -> Vec<u8> {
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        if entry.kind != Kind::Stream || size == 0 {
            return Vec::new();
        }
        if entry.size >= self.small_below {
            return self.content(&self.chain(entry.start, size), size);
        }
        let mut content = Vec::new();
        for number in self.small_chain(entry.start, size) {
            let piece = usize::try_from(number).ok().and_then(|n| self.small.get(n.checked_mul(SMALL_SECTOR)?..));
            let piece = piece.unwrap_or_default();
            content.extend_from_slice(piece.get(..SMALL_SECTOR).unwrap_or(piece));
        }
        content.truncate(size);
        content
    }

    /// Where the content of a stream stands in the file, piece by piece.
    pub(crate) fn extents(&self, entry: &Entry) -> Vec<Range<usize>> {
        let mut left = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let is_small = entry.size < self.small_below;
        let (numbers, width) = if is_small {
            (self.small_chain(entry.start, left), SMALL_SECTOR)
        } else {
            (self.chain(entry.start, left), self.sector)
        };
        let start_of = |number: u32| {
            let at = usize::try_from(number).ok()?.checked_mul(width)?;
            // Small sectors stand in the sectors of a stream of their own.
            let outer = if is_small { *self.small_sectors.get(at / self.sector)? } else { number };
            let within = if is_small { at % self.sector } else { 0 };
            usize::try_from(outer).ok()?.checked_add(1)?.checked_mul(self.sector)?.checked_add(within)
        };
        let pieces = numbers.into_iter().map_while(start_of).map(|start| {
            let length = width.min(left).min(self.bytes.len().saturating_sub(start));
            left -= length;
            start..start + length
        });
        pieces.filter(|piece| !piece.is_empty()).collect()
    }

    /// Claims the header, the tables, the directory and the content of every stream. What is left is free sectors and
    /// the slack behind streams.
    pub(crate) fn claim(&self, spans: &mut Spans) {
        spans.claim(0, 512);
        let (tables, listing) = self.table_sectors();
        let (of_small, directory) = (u32_at(self.bytes, 60).unwrap_or(END), u32_at(self.bytes, 48).unwrap_or(END));
        let (of_small, directory) = (self.chain(of_small, usize::MAX), self.chain(directory, usize::MAX));
        for number in tables.into_iter().chain(listing).chain(of_small).chain(directory) {
            self.claim_piece(spans, number, self.sector);
        }
        // Streams may share sectors; each is walked once.
        let mut seen = vec![false; self.bytes.len() / self.sector + 1];
        let mut seen_small = vec![false; self.small.len() / SMALL_SECTOR + 1];
        for entry in self.entries().filter(|entry| entry.kind == Kind::Stream) {
            let mut left = usize::try_from(entry.size).unwrap_or(usize::MAX);
            let is_small = entry.size < self.small_below;
            let (table, seen, width) = if is_small {
                (&self.small_table, &mut seen_small, SMALL_SECTOR)
            } else {
                (&self.table, &mut seen, self.sector)
            };
            let mut next = entry.start;
            while left > 0 {
                let Some(index) = usize::try_from(next).ok() else { break };
                let Some(seen) = seen.get_mut(index).filter(|seen| !**seen) else { break };
                *seen = true;
                if is_small {
                    self.claim_small(spans, index, left.min(width));
                } else {
                    self.claim_piece(spans, next, left.min(width));
                }
                left = left.saturating_sub(width);
                next = table.get(index).copied().unwrap_or(END);
            }
        }
    }

    fn claim_piece(&self, spans: &mut Spans, number: u32, length: usize) {
        if let Some(start) = usize::try_from(number).ok().and_then(|n| n.checked_add(1)?.checked_mul(self.sector)) {
            spans.claim(start, length);
        }
    }

    fn claim_small(&self, spans: &mut Spans, index: usize, length: usize) {
        let at = index.saturating_mul(SMALL_SECTOR);
        let (sector, offset) = (at / self.sector, at % self.sector);
        let number = self.small_sectors.get(sector).and_then(|&number| usize::try_from(number).ok());
        if let Some(start) = number.and_then(|n| n.checked_add(1)?.checked_mul(self.sector)) {
            spans.claim(start + offset, length);
        }
    }

    /// Walks the trees of all storages, each entry once.
    fn find_parents(&mut self) {
        let mut seen = vec![false; self.entries.len()];
        let mut open: Vec<(u32, usize)> = self.entries.first().map(|root| (root.child, 0)).into_iter().collect();
        while let Some((index, parent)) = open.pop() {
            let Some(index) = usize::try_from(index).ok() else { continue };
            let (Some(entry), Some(seen)) = (self.entries.get_mut(index), seen.get_mut(index)) else { continue };
            if *seen || index == 0 {
                continue;
            }
            *seen = true;
            entry.parent = Some(parent);
            open.extend([(entry.left, parent), (entry.right, parent)]);
            if entry.kind == Kind::Storage {
                open.push((entry.child, index));
            }
        }
    }

    /// The numbers of the sectors that hold the table, 109 in the header, the rest in a chain of their own; and of the
    /// sectors of that chain.
    fn table_sectors(&self) -> (Vec<u32>, Vec<u32>) {
        let mut numbers: Vec<u32> = (0..109).filter_map(|i| u32_at(self.bytes, 76 + 4 * i)).collect();
        let mut listing = Vec::new();
        let mut next = u32_at(self.bytes, 68).unwrap_or(END);
        // No more of them than sectors in the file.
        for _ in 0..self.bytes.len() / self.sector {
            let Some(words) = self.sector(next) else { break };
            listing.push(next);
            let words: Vec<u32> = words.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
            let Some((&last, listed)) = words.split_last() else { break };
            numbers.extend(listed);
            next = last;
        }
        numbers.retain(|&number| self.sector(number).is_some());
        numbers.truncate(self.bytes.len() / self.sector + 1);
        (numbers, listing)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        // The last sector may be cut.
        Some(rest.get(..self.sector).unwrap_or(rest))
    }

    /// The numbers of the sectors of a chain, until it holds `size` bytes or ends.
    fn chain(&self, start: u32, size: usize) -> Vec<u32> {
        let mut numbers = Vec::new();
        let mut next = start;
        let most = (self.bytes.len() / self.sector).saturating_add(1).min(size.div_ceil(self.sector));
        while numbers.len() < most && self.sector(next).is_some() {
            numbers.push(next);
            next = usize::try_from(next).ok().and_then(|n| self.table.get(n)).copied().unwrap_or(END);
        }
        numbers
    }

    fn content(&self, sectors: &[u32], size: usize) -> Vec<u8> {
        let mut content = Vec::new();
        for &number in sectors {
            content.extend_from_slice(self.sector(number).unwrap_or_default());
        }
        content.truncate(size);
        content
    }

    fn small_chain(&self, start: u32, size: usize) -> Vec<u32> {
        let mut numbers = Vec::new();
        let mut next = start;
        let most = self.small_table.len().saturating_add(1).min(size.div_ceil(SMALL_SECTOR));
        while numbers.len() < most && next < END {
            numbers.push(next);
            next = usize::try_from(next).ok().and_then(|n| self.small_table.get(n)).copied().unwrap_or(END);
        }
        numbers
    }
}

impl Entry {
    fn parse(bytes: &[u8], number: usize, short: bool) -> Option<Self> {
        let length = usize::from(u16_at(bytes, 64)?).clamp(2, 64) - 2;
        let name = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes.get(..length)?).0.into_owned();
        let kind = match bytes.get(66)? {
            1 => Kind::Storage,
            2 => Kind::Stream,
            5 => Kind::Root,
            _ => Kind::Unused,
        };
        // In files of small sectors the upper half may be anything.
        let upper = if short { 0 } else { u64::from(u32_at(bytes, 124)?) << 32 };
        Some(Self {
            name,
            kind,
            parent: None,
            number,
            left: u32_at(bytes, 68)?,
            right: u32_at(bytes, 72)?,
            child: u32_at(bytes, 76)?,
            start: u32_at(bytes, 116)?,
            size: u64::from(u32_at(bytes, 120)?) | upper,
        })
    }

    /// Its number in the directory.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.kind == Kind::Stream
    }

    /// How long the stream says it is.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The name without the control characters that mark names of the system.
    pub(crate) fn shown(&self) -> String {
        self.name.chars().filter(|c| !c.is_control()).collect()
    }
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: u8, links: [u32; 3], start: u32, size: u32) -> Vec<u8> {
        let mut bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(bytes.len() + 2).unwrap();
        bytes.resize(64, 0);
        bytes.extend(length.to_le_bytes());
        bytes.extend([kind, 1]);
        bytes.extend(links.into_iter().flat_map(u32::to_le_bytes));
        bytes.resize(116, 0);
        bytes.extend(start.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.resize(ENTRY_BYTES, 0);
        bytes
    }

    /// Sector 0 table, 1 directory, 2 small table, 3 small sectors, 4 and 5 a stream, 6 free.
    fn nested() -> Vec<u8> {
        let mut bytes = vec![0u8; 76];
        bytes[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        bytes[30] = 9;
        for (at, word) in [(44, 1), (48, 1), (56, 4096), (60, 2), (64, 1), (68, END)] {
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
        }
        bytes.extend(0u32.to_le_bytes());
        bytes.resize(512, 0xff);
        bytes.extend([0xffff_fffd, END, END, END, 5, END].into_iter().flat_map(u32::to_le_bytes));
        bytes.resize(1024, 0xff);
        let none = u32::MAX;
        bytes.extend(entry("Root Entry", 5, [none, none, 1], 3, 128));
        bytes.extend(entry("\u{1}Outer", 1, [1, none, 2], 0, 0));
        bytes.extend(entry("Inner", 2, [1, none, none], 0, 70));
        bytes.extend(entry("Lost", 2, [none; 3], 4, 5000));
        bytes.extend([1, END].into_iter().flat_map(u32::to_le_bytes));
        bytes.resize(2048, 0xff);
        bytes.extend([b's'; 70]);
        bytes.resize(2560, b'k');
        bytes.extend([b'b'; 1024]);
        bytes.extend([b"free sector! ".as_slice(), &[b'f'; 499]].concat());
        bytes
    }

    #[test]
    fn streams_at_any_depth_are_read_and_claimed() {
        let bytes = nested();
        let file = Compound::open(&bytes).unwrap();
        let paths: Vec<String> = file.entries().map(|entry| file.path(entry)).collect();
        assert_eq!(paths, ["Outer", "Outer/Inner", "Lost"]);
        let [outer, inner, lost] = file.entries().collect::<Vec<_>>()[..] else { panic!("three entries") };
        assert_eq!((file.stream(inner), file.stream(lost)), (vec![b's'; 70], vec![b'b'; 1024]));
        assert!(file.stream(outer).is_empty() && !outer.is_stream());
        assert_eq!(file.top().len(), 1);
        let mut spans = Spans::default();
        file.claim(&mut spans);
        // The slack behind the small stream is one letter again and again, so it is filling.
        assert_eq!(spans.gaps(&bytes), std::iter::once(3584..4096).collect::<Vec<_>>());
    }

    #[test]
    fn circles_and_nonsense_end() {
        let mut bytes = vec![0u8; 512 * 4];
        bytes[30] = 9;
        // Every table entry points at sector 0.
        assert!(Compound::open(&bytes).is_none());
        bytes.fill(0xff);
        bytes[30..32].copy_from_slice(&[9, 0]);
        assert!(Compound::open(&bytes).is_none());
        assert!(Compound::open(b"").is_none());
    }
}
