//! Compound files (OLE, MS-CFB): the container of .xls, .doc, .ppt and .msg.
//!
//! In: the file's bytes. Out: the names on its top level and the content of a stream. Lenient where writers are
//! careless (sector counts that do not fit), bounded where hostile ones are not (chains that run in circles).
//! Deliberately absent: writing, and streams below the top level.

use std::ops::Range;

/// A chain ends here.
const END: u32 = 0xffff_fffe;

const ENTRY_BYTES: usize = 128;

/// An opened compound file.
pub(crate) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    table: Vec<u32>,
    small_table: Vec<u32>,
    /// Streams shorter than this are in the stream of small sectors.
    small_below: u64,
    entries: Vec<Entry>,
}

/// A stream or storage on the top level.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// 1 storage, 2 stream, 5 root.
    kind: u8,
    left: u32,
    right: u32,
    child: u32,
    start: u32,
    size: u64,
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
            entries: Vec::new(),
        };
        for number in file.table_sectors() {
            let words: Vec<u32> =
                file.sector(number).unwrap_or_default().chunks_exact(4).filter_map(|w| u32_at(w, 0)).collect();
            file.table.extend(words);
        }
        let small: Vec<u8> = file.chain(u32_at(bytes, 60)?, usize::MAX);
        file.small_table = small.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
        let directory = file.chain(u32_at(bytes, 48)?, usize::MAX);
        file.entries = directory.chunks_exact(ENTRY_BYTES).filter_map(Entry::parse).collect();
        (file.entries.first()?.kind == 5).then_some(file)
    }

    /// What stands directly in the root.
    pub(crate) fn top(&self) -> Vec<&Entry> {
        let mut found = Vec::new();
        let mut seen = vec![false; self.entries.len()];
        let mut open: Vec<u32> = self.entries.first().map(|root| root.child).into_iter().collect();
        while let Some(index) = open.pop().and_then(|index| usize::try_from(index).ok()) {
            let Some(entry) = self.entries.get(index) else { continue };
            if let Some(seen) = seen.get_mut(index).filter(|seen| !**seen) {
                *seen = true;
                open.extend([entry.left, entry.right]);
                found.push(entry);
            }
        }
        found
    }

    /// The content of a stream, as far as its chain goes.
    pub(crate) fn stream(&self, entry: &Entry) -> Vec<u8> {
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        if entry.kind != 2 || entry.size >= self.small_below {
            return self.chain(entry.start, size);
        }
        let Some(root) = self.entries.first() else { return Vec::new() };
        let small = self.chain(root.start, usize::try_from(root.size).unwrap_or(usize::MAX));
        let mut content = Vec::new();
        let mut next = entry.start;
        for _ in 0..=self.small_table.len() {
            let Some(piece) = usize::try_from(next).ok().and_then(|n| small.get(n.checked_mul(64)?..)) else { break };
            content.extend_from_slice(piece.get(..64).unwrap_or(piece));
            if content.len() >= size {
                break;
            }
            next = usize::try_from(next).ok().and_then(|n| self.small_table.get(n)).copied().unwrap_or(END);
        }
        content.truncate(size);
        content
    }

    /// Where the content of a stream stands in the file, piece by piece.
    pub(crate) fn extents(&self, entry: &Entry) -> Vec<Range<usize>> {
        let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
        let pieces = if entry.kind != 2 || entry.size >= self.small_below {
            self.sectors(entry.start, size)
        } else {
            let root = self.entries.first().map(|root| (root.start, usize::try_from(root.size).unwrap_or(usize::MAX)));
            let around = root.map(|(start, size)| self.sectors(start, size)).unwrap_or_default();
            self.small_sectors(entry.start, size, &around)
        };
        let mut left = size;
        let cut = pieces.into_iter().map(|piece| {
            let length = piece.len().min(left);
            left -= length;
            piece.start..piece.start + length
        });
        cut.filter(|piece| !piece.is_empty()).collect()
    }

    /// The sectors of a chain that hold its first `size` bytes.
    fn sectors(&self, start: u32, size: usize) -> Vec<Range<usize>> {
        let (mut pieces, mut held, mut next) = (Vec::new(), 0, start);
        for _ in 0..=self.bytes.len() / self.sector {
            let Some(sector) = self.sector(next).filter(|_| held < size) else { break };
            let Some(at) = usize::try_from(next).ok().map(|number| (number + 1) * self.sector) else { break };
            pieces.push(at..at + sector.len());
            held += sector.len();
            next = usize::try_from(next).ok().and_then(|n| self.table.get(n)).copied().unwrap_or(END);
        }
        pieces
    }

    /// The small sectors of a chain within the sectors of the stream that holds them.
    fn small_sectors(&self, start: u32, size: usize, around: &[Range<usize>]) -> Vec<Range<usize>> {
        let (mut pieces, mut held, mut next) = (Vec::new(), 0, start);
        for _ in 0..=self.small_table.len() {
            let Some(at) = usize::try_from(next).ok().and_then(|n| n.checked_mul(64)).filter(|_| held < size) else {
                break;
            };
            let Some(outer) = around.get(at / self.sector) else { break };
            let from = outer.start + at % self.sector;
            pieces.push(from..(from + 64).min(outer.end));
            held += 64;
            next = usize::try_from(next).ok().and_then(|n| self.small_table.get(n)).copied().unwrap_or(END);
        }
        pieces
    }

    /// The numbers of the sectors that hold the table: 109 in the header, the rest in a chain of their own.
    fn table_sectors(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..109).filter_map(|i| u32_at(self.bytes, 76 + 4 * i)).collect();
        let mut next = u32_at(self.bytes, 68).unwrap_or(END);
        // No more of them than sectors in the file.
        for _ in 0..self.bytes.len() / self.sector {
            let Some(words) = self.sector(next) else { break };
            let words: Vec<u32> = words.chunks_exact(4).filter_map(|word| u32_at(word, 0)).collect();
            let Some((&last, listed)) = words.split_last() else { break };
            numbers.extend(listed);
            next = last;
        }
        numbers.retain(|&number| self.sector(number).is_some());
        numbers.truncate(self.bytes.len() / self.sector + 1);
        numbers
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        // The last sector may be cut.
        Some(rest.get(..self.sector).unwrap_or(rest))
    }

    fn chain(&self, start: u32, size: usize) -> Vec<u8> {
        let mut content = Vec::new();
        let mut next = start;
        for _ in 0..=self.bytes.len() / self.sector {
            let Some(sector) = self.sector(next) else { break };
            content.extend_from_slice(sector);
            if content.len() >= size {
                content.truncate(size);
                break;
            }
            next = usize::try_from(next).ok().and_then(|n| self.table.get(n)).copied().unwrap_or(END);
        }
        content
    }
}

impl Entry {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let length = usize::from(u16_at(bytes, 64)?).clamp(2, 64) - 2;
        let name = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes.get(..length)?).0.into_owned();
        let wide = u64::from(u32_at(bytes, 120)?) | u64::from(u32_at(bytes, 124)?) << 32;
        Some(Self {
            name,
            kind: *bytes.get(66)?,
            left: u32_at(bytes, 68)?,
            right: u32_at(bytes, 72)?,
            child: u32_at(bytes, 76)?,
            start: u32_at(bytes, 116)?,
            size: wide,
        })
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
