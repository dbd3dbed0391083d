//! A storage of a compound file → a compound file of its own.
//!
//! Word and PowerPoint keep an embedded workbook or document as a storage with that document's streams in it. Written as
//! a file it can be read by whoever reads such files. In: the file and a storage. Out: bytes of a compound file with
//! large sectors, so that its table needs no table. Deliberately absent: times, class identifiers, balanced trees.

use std::collections::HashMap;

use crate::inspect::extract::compound::{Compound, Entry};

const SECTOR: usize = 4096;
const SMALL_SECTOR: usize = 64;
const END: u32 = 0xffff_fffe;
const NONE: u32 = 0xffff_ffff;
const TABLE: u32 = 0xffff_fffd;

/// How many table sectors the header lists; enough for 456 MB.
const LISTED: usize = 109;

/// Storages deeper than this are left where they are.
const DEPTH: usize = 64;

/// Who stands in which storage.
pub(crate) struct Tree<'f> {
    file: &'f Compound<'f>,
    children: HashMap<*const Entry, Vec<&'f Entry>>,
}

impl<'f> Tree<'f> {
    pub(crate) fn new(file: &'f Compound<'f>) -> Self {
        let mut children: HashMap<*const Entry, Vec<&'f Entry>> = HashMap::new();
        for entry in file.entries() {
            if let Some(storage) = file.storage_of(entry) {
                children.entry(std::ptr::from_ref(storage)).or_default().push(entry);
            }
        }
        Self { file, children }
    }

    /// A storage as a file; `None` if its streams hold more than `limit` bytes.
    pub(crate) fn extract(&self, storage: &Entry, limit: u64) -> Option<Vec<u8>> {
        let mut copy = Copy { left: limit, ..Copy::default() };
        copy.directory.push(record("Root Entry", 5));
        self.put_children(&mut copy, storage, 0, DEPTH)?;
        copy.finish()
    }

    fn put_children(&self, copy: &mut Copy, storage: &Entry, parent: usize, depth: usize) -> Option<()> {
        let mut before = None;
        for &entry in self.children.get(&std::ptr::from_ref(storage)).map(Vec::as_slice).unwrap_or_default() {
            let number = copy.directory.len();
            copy.directory.push(record(&entry.name, if entry.is_stream() { 2 } else { 1 }));
            // The first is the storage's child, each other one the right neighbour of the one before.
            let (record, at) = before.map_or((parent, 76), |before| (before, 72));
            copy.link(record, at, u32::try_from(number).ok()?);
            before = Some(number);
            if entry.is_stream() {
                if entry.size() > copy.left {
                    return None;
                }
                let bytes = self.file.stream(entry);
                copy.left = copy.left.checked_sub(bytes.len() as u64 + 128)?;
                copy.put_stream(number, &bytes)?;
            } else if depth > 0 {
                copy.left = copy.left.checked_sub(128)?;
                self.put_children(copy, entry, number, depth - 1)?;
            }
        }
        Some(())
    }
}

/// The file that is being written.
#[derive(Default)]
struct Copy {
    left: u64,
    directory: Vec<[u8; 128]>,
    sectors: Vec<u8>,
    table: Vec<u32>,
    small: Vec<u8>,
    small_table: Vec<u32>,
}

impl Copy {
    fn link(&mut self, record: usize, at: usize, number: u32) {
        if let Some(field) = self.directory.get_mut(record).and_then(|record| record.get_mut(at..at + 4)) {
            field.copy_from_slice(&number.to_le_bytes());
        }
    }

    fn put_stream(&mut self, number: usize, bytes: &[u8]) -> Option<()> {
        let start = if bytes.len() >= SECTOR {
            self.put(bytes)?
        } else if bytes.is_empty() {
            END
        } else {
            chain(&mut self.small_table, &mut self.small, bytes, SMALL_SECTOR)?
        };
        self.link(number, 116, start);
        self.link(number, 120, u32::try_from(bytes.len()).ok()?);
        Some(())
    }

    fn put(&mut self, bytes: &[u8]) -> Option<u32> {
        if bytes.is_empty() {
            return Some(END);
        }
        chain(&mut self.table, &mut self.sectors, bytes, SECTOR)
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        let small = std::mem::take(&mut self.small);
        let start = self.put(&small)?;
        self.link(0, 116, start);
        self.link(0, 120, u32::try_from(small.len()).ok()?);
        let small_table: Vec<u8> = self.small_table.iter().flat_map(|number| number.to_le_bytes()).collect();
        let first_small = self.put(&padded(small_table))?;
        let directory = self.directory.concat();
        let first_directory = self.put(&directory)?;
        // The table lists its own sectors as well.
        let per_sector = SECTOR / 4;
        let count = (self.table.len() + LISTED).div_ceil(per_sector);
        let first = u32::try_from(self.table.len()).ok()?;
        self.table.extend(std::iter::repeat_n(TABLE, count));
        let table: Vec<u8> = self.table.iter().flat_map(|number| number.to_le_bytes()).collect();
        let listed = (0..LISTED).map(|i| if i < count { first + u32::try_from(i).unwrap_or(0) } else { NONE });
        if count > LISTED {
            return None;
        }
        let count = u32::try_from(count).ok()?;
        let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        bytes.resize(24, 0);
        bytes.extend([0x3e, 0, 4, 0, 0xfe, 0xff, 12, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
        let small_sectors = u32::try_from(self.small_table.len().div_ceil(per_sector)).ok()?;
        let directory_sectors = u32::try_from(directory.len().div_ceil(SECTOR)).ok()?;
        for word in [directory_sectors, count, first_directory, 0, 4096, first_small, small_sectors, END, 0] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(listed.flat_map(u32::to_le_bytes));
        bytes.resize(SECTOR, 0);
        bytes.extend(self.sectors);
        bytes.extend(padded(table));
        Some(bytes)
    }
}

/// Appends bytes in sectors of this width and chains them.
fn chain(table: &mut Vec<u32>, sectors: &mut Vec<u8>, bytes: &[u8], width: usize) -> Option<u32> {
    let start = table.len();
    sectors.extend_from_slice(bytes);
    sectors.resize(sectors.len().next_multiple_of(width), 0);
    let end = start + bytes.len().div_ceil(width);
    for next in start + 1..end {
        table.push(u32::try_from(next).ok()?);
    }
    table.push(END);
    u32::try_from(start).ok()
}

/// Tables are filled up with free sectors.
fn padded(mut table: Vec<u8>) -> Vec<u8> {
    table.resize(table.len().next_multiple_of(SECTOR), 0xff);
    table
}

fn record(name: &str, kind: u8) -> [u8; 128] {
    let mut record = [0; 128];
    let name: Vec<u8> = name.encode_utf16().take(31).flat_map(u16::to_le_bytes).collect();
    for (to, from) in record.iter_mut().zip(&name) {
        *to = *from;
    }
    let length = u16::try_from(name.len() + 2).unwrap_or(2).to_le_bytes();
    (record[64], record[65], record[66], record[67]) = (length[0], length[1], kind, 1);
    for link in record.iter_mut().skip(68).take(12) {
        *link = 0xff;
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut copy = Copy::default();
        copy.directory.push(record("Root Entry", 5));
        for (number, (name, length)) in
            [("Small", 100), ("Large", 9000), ("Empty", 0), ("Other", 70)].iter().enumerate()
        {
            copy.directory.push(record(name, 2));
            let (parent, at) = if number == 0 { (0, 76) } else { (number, 72) };
            copy.link(parent, at, u32::try_from(number + 1).unwrap());
            copy.put_stream(number + 1, &vec![b'a' + u8::try_from(number).unwrap(); *length]).unwrap();
        }
        let bytes = copy.finish().unwrap();
        let file = Compound::open(&bytes).unwrap();
        let streams: Vec<(String, Vec<u8>)> =
            file.top().into_iter().map(|entry| (entry.name.clone(), file.stream(entry))).collect();
        let of = |name: &str| streams.iter().find(|(found, _)| found == name).unwrap().1.clone();
        assert_eq!((of("Small"), of("Large")), (vec![b'a'; 100], vec![b'b'; 9000]));
        assert_eq!((of("Empty"), of("Other")), (Vec::new(), vec![b'd'; 70]));
    }
}
