//! An index of exact data: which rows of a table hold a value, without the value.
//!
//! In: the bytes of a `.edm` file, wherever they are ([`Bytes`]). Out: for a value's hashes, its cells. The file is
//!
//! | part | bytes |
//! |---|---|
//! | [`MAGIC`], length of the head | 12 + 4 |
//! | head: [`Head`] as JSON | |
//! | gate: which two letters a value may begin with | 8 KiB |
//! | filter: ten bits a cell, in blocks of 64 bytes | |
//! | directory: where each bucket's entries begin, and the end | 4 each |
//! | entries by bucket: 32 bits of the hash, row and column | 8 each |
//! | SHA-256 of everything before the entries | 32 |
//!
//! Numbers are little-endian. Gate, filter and directory are held, some 12 bits a cell; entries are read where the filter
//! lets a value pass, so that ten million rows cost a worker little memory, and all workers share the pages of one file.
//! Deliberately absent: values, and any way back to them; the filter and the directory ([`super::super::buckets`]).

use std::io;
use std::ops::Range;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::inspect::detect::buckets::{BLOCK, Buckets, mix};

pub(super) const MAGIC: &[u8; 12] = b"sekisho-edm1";

/// Bits of an entry that tell the column; the others tell the row.
pub(super) const COLUMN_BITS: u32 = 4;

/// As many columns an index may have.
pub(super) const COLUMNS: usize = 1 << COLUMN_BITS;

/// As many rows.
pub(super) const ROWS: u32 = 1 << (32 - COLUMN_BITS);

/// A value that stands in more rows than this tells nobody apart, and is left out.
pub(super) const COMMON: usize = 256;

/// The first pair of letters of a value opens one bit of so many bytes.
pub(super) const GATE: usize = 8 << 10;

/// The head of a file, and no larger.
const HEAD: usize = 64 << 10;

/// Where the bytes of an index are.
pub trait Bytes: std::fmt::Debug + Send + Sync {
    /// How many there are.
    ///
    /// # Errors
    /// Those of the file system.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// Those of the file system; `UnexpectedEof` when there are not so many.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl Bytes for Vec<u8> {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let from = start.checked_add(buffer.len()).and_then(|end| self.get(start..end));
        buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The table's columns, by their headers.
    pub(super) columns: Vec<String>,
    /// How many rows the table had.
    pub(super) rows: u32,
    /// How many of their cells are in the index.
    pub(super) cells: u32,
    /// Told with the organisation's key to the hashes.
    #[serde(with = "hexadecimal")]
    pub(super) salt: [u8; 16],
    /// Which lengths there are of values that begin with an ASCII letter or digit, and of others: bit n is n + 1.
    pub(super) lengths: [u64; 2],
    /// How many buckets, a power of two.
    pub(super) buckets: u32,
    /// How many blocks the filter has.
    pub(super) blocks: u32,
    /// What the key makes of nothing: another key is told by it.
    pub(super) proof: u64,
}

mod hexadecimal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(salt: &[u8; 16], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&data_encoding::HEXLOWER.encode(salt))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 16], D::Error> {
        let bytes = data_encoding::HEXLOWER.decode(String::deserialize(from)?.as_bytes()).map_err(Error::custom)?;
        bytes.try_into().map_err(|_| Error::custom("sixteen bytes"))
    }
}

/// One cell that holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CellAt(pub(super) u32);

impl CellAt {
    pub(super) fn new(row: u32, column: u32) -> Self {
        Self((row << COLUMN_BITS) | column)
    }

    pub(super) fn row(self) -> u32 {
        self.0 >> COLUMN_BITS
    }

    pub(super) fn column(self) -> u32 {
        self.0 & ((1 << COLUMN_BITS) - 1)
    }
}

/// An index that is open.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) head: Head,
    bytes: Box<dyn Bytes>,
    pub(super) gate: Vec<u8>,
    buckets: Buckets,
    /// Where the entries begin.
    entries: u64,
}

impl Index {
    /// Opens an index; says what is wrong with it and how to mend that.
    pub(super) fn open(bytes: Box<dyn Bytes>) -> Result<Self, String> {
        let told = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends too early; build it again with `sekisho edm build`".to_owned(),
            _ => format!("it cannot be read: {error}"),
        };
        let mut start = [0; 16];
        bytes.read_at(&mut start, 0).map_err(told)?;
        let (magic, length) = start.split_at(MAGIC.len());
        let length = length.try_into().map(u32::from_le_bytes).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if magic != MAGIC || length > HEAD {
            return Err("this is no index of exact data; build one with `sekisho edm build`".to_owned());
        }
        let mut head = vec![0; length];
        bytes.read_at(&mut head, 16).map_err(told)?;
        let parsed: Head = serde_json::from_slice(&head)
            .map_err(|_| "its head is damaged; build it again with `sekisho edm build`".to_owned())?;
        let parts = Parts::of(length, &parsed);
        if bytes.length().map_err(told)? != parts.end {
            return Err("it is not as long as it says; build it again with `sekisho edm build`".to_owned());
        }
        let mut held = vec![0; parts.held];
        bytes.read_at(&mut held, 0).map_err(told)?;
        let mut sum = [0; 32];
        bytes.read_at(&mut sum, parts.end - 32).map_err(told)?;
        if digest(&SHA256, &held).as_ref() != sum {
            return Err("its sum is wrong, so it is damaged; build it again with `sekisho edm build`".to_owned());
        }
        let part = |range: Range<usize>| held.get(range).unwrap_or_default().to_vec();
        let buckets = Buckets::new(
            (part(parts.filter), parsed.blocks),
            (held.get(parts.directory).unwrap_or_default(), parsed.buckets),
        );
        Ok(Self { gate: part(parts.gate), buckets, head: parsed, bytes, entries: parts.held as u64 })
    }

    /// Whether a value with this quick hash may be there; one in a hundred that is not may be, too.
    pub(super) fn may_hold(&self, quick: u64) -> bool {
        self.buckets.may_hold(quick)
    }

    /// The cells that hold the value with this hash.
    pub(super) fn cells(&self, hash: u64, found: &mut Vec<CellAt>) -> io::Result<()> {
        found.clear();
        let Some((from, count)) = self.buckets.run(hash) else { return Ok(()) };
        let mut entries = vec![0; usize::try_from(count).unwrap_or_default() * 8];
        self.bytes.read_at(&mut entries, self.entries + u64::from(from) * 8)?;
        let wanted = remainder(hash).to_le_bytes();
        let same = entries.chunks_exact(8).filter(|entry| entry.starts_with(&wanted));
        found.extend(same.filter_map(|entry| Some(CellAt(u32::from_le_bytes(entry.get(4..)?.try_into().ok()?)))));
        Ok(())
    }
}

/// Where the parts of a file are.
struct Parts {
    gate: Range<usize>,
    filter: Range<usize>,
    directory: Range<usize>,
    /// Everything before the entries.
    held: usize,
    end: u64,
}

impl Parts {
    fn of(head_length: usize, head: &Head) -> Self {
        let large = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let gate = 16 + head_length..16 + head_length + GATE;
        let filter = gate.end..gate.end.saturating_add(large(head.blocks).saturating_mul(BLOCK));
        let directory = filter.end..filter.end.saturating_add(large(head.buckets).saturating_add(1).saturating_mul(4));
        let held = directory.end;
        Self { gate, filter, directory, held, end: (held as u64).saturating_add(u64::from(head.cells) * 8 + 32) }
    }
}

/// The bit of the gate that a value with these first letters opens: its byte, and the bit.
pub(super) fn gate_bit(first: char, second: char) -> (usize, u8) {
    let mixed = mix((u64::from(u32::from(first)) << 32) | u64::from(u32::from(second)));
    let bit = usize::try_from(mixed % (GATE as u64 * 8)).unwrap_or_default();
    (bit / 8, 1 << (bit % 8))
}

/// What of a hash an entry holds.
pub(super) fn remainder(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default()
}
