//! The library: which registered documents hold a shingle, without the shingle.
//!
//! In: the bytes of a `.fpr` file, wherever they are ([`Bytes`]). Out: for a keyed hash, its documents. The file is
//!
//! | part | bytes |
//! |---|---|
//! | [`MAGIC`], length of the head | 12 + 4 |
//! | head: [`Head`] as JSON, names of documents among it | |
//! | filter: sixteen bits an entry, in blocks of 64 bytes | |
//! | directory: where each bucket's entries begin, and the end | 4 each |
//! | entries in the order of their hashes: hash, document | 12 each |
//! | SHA-256 of everything before it | 32 |
//!
//! Numbers are little-endian. Filter and directory are held, some 18 bits an entry; entries are read where the filter lets a
//! hash pass, so that thousands of documents cost a worker little memory, and all workers share the pages of one file.
//! The first bit of a document's number says that the hash stands in a public text too and counts for nobody.
//! Deliberately absent: text, and any way back to it.

use std::io;
use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::super::exact::Bytes;
use super::keyed::Keys;
use crate::inspect::detect::buckets::{BLOCK, Buckets};

pub(super) const MAGIC: &[u8; 12] = b"sekisho-fpr1";

/// Bytes of an entry.
pub(super) const ENTRY: usize = 12;

/// The bit of an entry's document that says that it counts for nobody.
pub(super) const PUBLIC: u32 = 1 << 31;

/// The head of a file, and no larger.
const HEAD: usize = 64 << 20;

/// What is wrong with most files, and what helps.
const AGAIN: &str =
    "bring it from a copy, or remove it and register the documents again with `sekisho fingerprint add`";

/// A registered document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its number in the library.
    pub id: u32,
    /// What people call it.
    pub name: String,
    /// What policies call it: the finding is `fingerprint.CLASS`, or `fingerprint` without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How many of a hundred hashes a mail must hold.
    pub share: u8,
    /// Whether it is known to everybody: it is not looked for, and what it holds counts for no other document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// The day on which it was registered.
    pub added: String,
    /// How many letters it has.
    pub letters: u64,
    /// How many hashes are kept of it.
    pub hashes: u32,
    /// How many of them stand in no public document.
    pub own: u32,
}

impl Document {
    /// The finding that it is told by.
    pub(super) fn detector(&self) -> String {
        let class = self.class.iter().map(|class| format!(".{class}"));
        std::iter::once(super::DETECTOR.to_owned()).chain(class).collect()
    }

    /// Whether any mail can hold enough of it.
    pub fn can_be_found(&self) -> bool {
        !self.public && self.own >= self.needed()
    }

    /// So many hashes make it found.
    pub(super) fn needed(&self) -> u32 {
        (u64::from(self.own) * u64::from(self.share)).div_ceil(100).try_into().unwrap_or(u32::MAX).max(LEAST)
    }
}

/// Fewer hashes than this are a phrase and no document.
pub(super) const LEAST: u32 = 3;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// Told with the organisation's secret to the keys.
    pub(super) salt: [u8; 16],
    /// What a shingle weighs and how long a window is.
    pub(super) measure: [usize; 2],
    /// The first eight bits of the greatest shingle's hash.
    pub(super) ceiling: u8,
    pub(super) entries: u32,
    /// How many buckets, a power of two.
    pub(super) buckets: u32,
    /// How many blocks the filter has.
    pub(super) blocks: u32,
    /// What the keys make of nothing: others are told by it.
    pub(super) proof: u64,
    /// By their numbers.
    pub(super) documents: Vec<Document>,
}

/// The measure of this version.
pub(super) const MEASURE: [usize; 2] = [super::shingles::WEIGHT, super::winnow::WINDOW];

/// A library that is open.
#[derive(Debug)]
pub struct Library {
    pub(super) head: Head,
    pub(super) keys: Keys,
    bytes: Box<dyn Bytes>,
    buckets: Buckets,
    /// Where the entries begin.
    entries: u64,
}

/// One entry: its number, its hash, its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) hash: u64,
    pub(super) document: u32,
}

impl Library {
    /// Opens a library and reads it through once; says what is wrong with it and how to mend that.
    ///
    /// # Errors
    /// What is wrong, and what helps.
    pub fn open(bytes: Box<dyn Bytes>, secret: &[u8]) -> Result<Self, String> {
        let told = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("it ends too early; {AGAIN}"),
            _ => format!("it cannot be read: {error}"),
        };
        let mut start = [0; 16];
        bytes.read_at(&mut start, 0).map_err(told)?;
        let (magic, length) = start.split_at(MAGIC.len());
        let length = length.try_into().map(u32::from_le_bytes).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if magic != MAGIC || length > HEAD {
            return Err(format!("this is no library of documents; {AGAIN}"));
        }
        let mut head = vec![0; length];
        bytes.read_at(&mut head, 16).map_err(told)?;
        let head: Head = serde_json::from_slice(&head).map_err(|_| format!("its head is damaged; {AGAIN}"))?;
        let parts = Parts::of(length, &head);
        if bytes.length().map_err(told)? != parts.end {
            return Err(format!("it is not as long as it says; {AGAIN}"));
        }
        let mut sum = [0; 32];
        bytes.read_at(&mut sum, parts.end - 32).map_err(told)?;
        if summed(bytes.as_ref(), parts.end - 32).map_err(told)? != sum {
            return Err(format!("its sum is wrong, so it is damaged; {AGAIN}"));
        }
        if head.measure != MEASURE {
            return Err("another version of Sekisho made it; remove it and register the documents again".to_owned());
        }
        let keys = Keys::new(secret, &head.salt);
        if keys.proof() != head.proof {
            return Err(format!(
                "the documents were registered with another key than {}; bring their key, or register them again",
                super::SECRET
            ));
        }
        let mut filter = vec![0; parts.filter.len()];
        bytes.read_at(&mut filter, parts.filter.start as u64).map_err(told)?;
        let mut directory = vec![0; parts.directory.len()];
        bytes.read_at(&mut directory, parts.directory.start as u64).map_err(told)?;
        let buckets = Buckets::new((filter, head.blocks), (&directory, head.buckets));
        Ok(Self { head, keys, bytes, buckets, entries: parts.directory.end as u64 })
    }

    /// The documents, in the order in which they were registered.
    pub fn documents(&self) -> &[Document] {
        &self.head.documents
    }

    /// The keys that further documents are registered with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The document with this number.
    pub(super) fn document(&self, id: u32) -> Option<&Document> {
        let at = self.head.documents.binary_search_by_key(&id, |document| document.id).ok()?;
        self.head.documents.get(at)
    }

    /// Whether a hash may be there; one in some hundreds that is not may be, too.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.buckets.may_hold(hash)
    }

    /// The entries with this hash.
    pub(super) fn find(&self, hash: u64, found: &mut Vec<Entry>) -> io::Result<()> {
        found.clear();
        let Some((from, count)) = self.buckets.run(hash) else { return Ok(()) };
        self.read(from, count, found)?;
        found.retain(|entry| entry.hash == hash);
        Ok(())
    }

    /// The entries of one hash from the first of them.
    pub(super) fn same(&self, first: u32, found: &mut Vec<Entry>) -> io::Result<()> {
        let mut hash = None;
        found.clear();
        for at in (first..self.head.entries).step_by(TOGETHER) {
            let before = found.len();
            self.read(at, (self.head.entries - at).min(u32::try_from(TOGETHER).unwrap_or(u32::MAX)), found)?;
            hash = hash.or_else(|| found.first().map(|entry| entry.hash));
            let read = found.len() - before;
            found.retain(|entry| Some(entry.hash) == hash);
            if found.len() - before < read {
                break;
            }
        }
        Ok(())
    }

    /// All entries, a few at a time.
    pub(super) fn all(&self, mut each: impl FnMut(&[Entry])) -> io::Result<()> {
        let mut found = Vec::new();
        for at in (0..self.head.entries).step_by(MANY) {
            found.clear();
            self.read(at, (self.head.entries - at).min(u32::try_from(MANY).unwrap_or(u32::MAX)), &mut found)?;
            each(&found);
        }
        Ok(())
    }

    fn read(&self, from: u32, count: u32, found: &mut Vec<Entry>) -> io::Result<()> {
        let mut bytes = vec![0; usize::try_from(count).unwrap_or_default() * ENTRY];
        self.bytes.read_at(&mut bytes, self.entries + u64::from(from) * ENTRY as u64)?;
        let entries = bytes.chunks_exact(ENTRY).zip(from..).filter_map(|(entry, number)| {
            let (hash, document) = entry.split_first_chunk::<8>()?;
            let document = u32::from_le_bytes(document.try_into().ok()?);
            Some(Entry { number, hash: u64::from_le_bytes(*hash), document })
        });
        found.extend(entries);
        Ok(())
    }
}

/// Entries of one hash that are read at once.
const TOGETHER: usize = 16;

/// Entries that are read at once where all are.
const MANY: usize = 1 << 16;

/// SHA-256 of so many bytes.
fn summed(bytes: &dyn Bytes, length: u64) -> io::Result<[u8; 32]> {
    let (mut sum, mut at, mut buffer) = (Context::new(&SHA256), 0, vec![0; 1 << 20]);
    while at < length {
        let size = usize::try_from(length - at).unwrap_or(usize::MAX).min(buffer.len());
        let piece = buffer.get_mut(..size).unwrap_or_default();
        bytes.read_at(piece, at)?;
        sum.update(piece);
        at += size as u64;
    }
    let mut found = [0; 32];
    found.iter_mut().zip(sum.finish().as_ref()).for_each(|(to, from)| *to = *from);
    Ok(found)
}

/// Where the parts of a file are.
struct Parts {
    filter: Range<usize>,
    directory: Range<usize>,
    end: u64,
}

impl Parts {
    fn of(head_length: usize, head: &Head) -> Self {
        let large = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let start = 16 + head_length;
        let filter = start..start.saturating_add(large(head.blocks).saturating_mul(BLOCK));
        let directory = filter.end..filter.end.saturating_add(large(head.buckets).saturating_add(1).saturating_mul(4));
        let entries = u64::from(head.entries) * ENTRY as u64;
        let end = (directory.end as u64).saturating_add(entries).saturating_add(32);
        Self { filter, directory, end }
    }
}
