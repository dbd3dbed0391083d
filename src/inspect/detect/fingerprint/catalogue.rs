//! Registered documents → the bytes of a library.
//!
//! In: what a library holds already, and the fingerprints of further documents. Out: a file as [`super::library`] reads it.
//! A hash that stands in a public document too stays in the file, marked, so that it counts again when that is removed.
//! Held while it is written: sixteen bytes a hash. Deliberately absent: reading documents; a worker does that.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};

use super::keyed::Keys;
use super::library::{Document, Head, Library, MAGIC, MEASURE, PUBLIC};
use super::winnow::Print;
use crate::inspect::detect::buckets::{BLOCK, blocks, bucket, filter_bits};

/// A library in the making.
#[derive(Debug)]
pub struct Catalogue {
    salt: [u8; 16],
    keys: Keys,
    ceiling: u8,
    documents: Vec<Document>,
    /// Hashes and their documents.
    entries: Vec<(u64, u32)>,
}

/// What a document is registered as.
#[derive(Debug, Clone)]
pub struct Registered {
    /// What people call it.
    pub name: String,
    /// The class that policies know it by.
    pub class: Option<String>,
    /// How many of a hundred hashes a mail must hold.
    pub share: u8,
    /// Whether it is known to everybody.
    pub public: bool,
    /// Today.
    pub added: String,
}

/// More than a library can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a library has room for {} hashes of documents; remove some documents first", u32::MAX)]
pub struct TooMany;

impl Catalogue {
    /// An empty one, with the organisation's secret and a salt that no other library has.
    pub fn new(secret: &[u8], salt: [u8; 16]) -> Self {
        Self { salt, keys: Keys::new(secret, &salt), ceiling: 0, documents: Vec::new(), entries: Vec::new() }
    }

    /// What a library holds.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn of(library: &Library) -> io::Result<Self> {
        let Head { salt, ceiling, entries, documents, .. } = &library.head;
        let mut all = Vec::with_capacity(usize::try_from(*entries).unwrap_or_default());
        library.all(|found| all.extend(found.iter().map(|entry| (entry.hash, entry.document & !PUBLIC))))?;
        let (keys, documents) = (library.keys.clone(), documents.clone());
        Ok(Self { salt: *salt, keys, ceiling: *ceiling, documents, entries: all })
    }

    /// The keys that documents for it are read with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its documents; how many hashes are their own is known when the library is written.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Adds a document; one of the same name makes room for it.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn add(&mut self, registered: Registered, print: &Print) -> Result<(), TooMany> {
        self.remove(&registered.name);
        let Registered { name, class, share, public, added } = registered;
        let id = self.documents.last().map_or(0, |last| last.id + 1);
        let hashes = u32::try_from(print.hashes.len()).map_err(|_| TooMany)?;
        let all = self.entries.len().saturating_add(print.hashes.len());
        if id >= PUBLIC || u32::try_from(all).is_err() {
            return Err(TooMany);
        }
        self.entries.extend(print.hashes.iter().map(|&hash| (hash, id)));
        self.ceiling = self.ceiling.max(print.ceiling);
        let letters = print.letters;
        self.documents.push(Document { id, name, class, share, public, added, letters, hashes, own: hashes });
        Ok(())
    }

    /// Takes out the document of this name; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let Some(at) = self.documents.iter().position(|document| document.name == name) else { return false };
        let Document { id, .. } = self.documents.remove(at);
        self.entries.retain(|&(_, document)| document != id);
        true
    }

    /// Writes the library and says what is in it.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn finish(mut self, to: &mut impl Write) -> io::Result<Vec<Document>> {
        self.entries.sort_unstable();
        self.mark();
        let entries = u32::try_from(self.entries.len()).map_err(io::Error::other)?;
        // Sixteen entries a bucket are three lines of a processor's cache.
        let buckets = entries.div_ceil(16).next_power_of_two();
        // Sixteen bits an entry instead of ten: what the filter lets pass costs a call of the system.
        let blocks = blocks(self.entries.len().saturating_mul(8) / 5);
        let (salt, ceiling, proof) = (self.salt, self.ceiling, self.keys.proof());
        let head = Head { salt, measure: MEASURE, ceiling, entries, buckets, blocks, proof, documents: self.documents };
        let described = serde_json::to_vec(&head)?;
        let mut held = Vec::new();
        held.extend_from_slice(MAGIC);
        held.extend_from_slice(&u32::try_from(described.len()).map_err(io::Error::other)?.to_le_bytes());
        held.extend_from_slice(&described);
        held.append(&mut filter(&self.entries, blocks));
        directory(&self.entries, buckets, &mut held);
        let mut sum = Context::new(&SHA256);
        for piece in self.entries.chunks(1 << 16) {
            sum.update(&held);
            to.write_all(&held)?;
            held.clear();
            for (hash, document) in piece {
                held.extend_from_slice(&hash.to_le_bytes());
                held.extend_from_slice(&document.to_le_bytes());
            }
        }
        sum.update(&held);
        to.write_all(&held)?;
        to.write_all(sum.finish().as_ref())?;
        to.flush()?;
        Ok(head.documents)
    }

    /// Marks the hashes of public documents and counts those that are not.
    fn mark(&mut self) {
        let id = |document: &Document| document.id;
        for same in self.entries.chunk_by_mut(|a, b| a.0 == b.0) {
            let document = |id: u32| self.documents.binary_search_by_key(&id, |document| document.id);
            let is_public = |at: usize| self.documents.get(at).is_some_and(|document| document.public);
            if same.iter().any(|&(_, id)| document(id).is_ok_and(is_public)) {
                same.iter_mut().for_each(|(_, document)| *document |= PUBLIC);
            }
        }
        self.documents.iter_mut().for_each(|document| document.own = 0);
        for &(_, entry) in self.entries.iter().filter(|(_, document)| document & PUBLIC == 0) {
            if let Some(document) =
                self.documents.binary_search_by_key(&entry, id).ok().and_then(|at| self.documents.get_mut(at))
            {
                document.own += 1;
            }
        }
    }
}

/// What lets pass the hashes that count for somebody.
fn filter(entries: &[(u64, u32)], blocks: u32) -> Vec<u8> {
    let mut filter = vec![0; usize::try_from(blocks).unwrap_or_default() * BLOCK];
    for &(hash, _) in entries.iter().filter(|(_, document)| document & PUBLIC == 0) {
        let (block, bits) = filter_bits(hash, blocks);
        for (byte, bit) in bits {
            if let Some(slot) = filter.get_mut(block + byte) {
                *slot |= bit;
            }
        }
    }
    filter
}

/// Where each bucket's entries begin, and where the last one's end.
fn directory(entries: &[(u64, u32)], buckets: u32, to: &mut Vec<u8>) {
    let mut at = 0;
    for number in 0..=usize::try_from(buckets).unwrap_or_default() {
        while entries.get(at).is_some_and(|(hash, _)| bucket(*hash, buckets) < number) {
            at += 1;
        }
        to.extend_from_slice(&u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
    }
}
