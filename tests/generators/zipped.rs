//! A zip writer that also writes what no good writer would: gaps, entries that no directory lists, contradictions.
//!
//! In: entries in order. Out: the bytes of the archive. Deliberately absent: reading.

use std::io::Write as _;

pub(crate) const DEFLATED: u16 = 8;

/// One entry. [`entry`] makes a plain one.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// The name in the central directory, where it differs.
    pub(crate) central_name: Option<Vec<u8>>,
    /// Packed data, as they stand in the file.
    pub(crate) packed: Vec<u8>,
    pub(crate) size: usize,
    pub(crate) crc: u32,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) central_extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    /// Whether the central directory does not list it.
    pub(crate) is_unlisted: bool,
    /// Bytes in front of its local header that belong to nothing.
    pub(crate) gap: Vec<u8>,
    /// Sizes and checksum stand behind the data.
    pub(crate) has_descriptor: bool,
    /// Sizes stand in a Zip64 extra field.
    pub(crate) is_zip64: bool,
}

/// A stored entry with a UTF-8 name.
pub(crate) fn entry(name: &str, content: impl AsRef<[u8]>) -> Entry {
    let content = content.as_ref();
    let flags = if name.is_ascii() { 0 } else { 0x800 };
    Entry {
        name: name.as_bytes().to_vec(),
        packed: content.to_vec(),
        size: content.len(),
        crc: crc(content),
        flags,
        ..Entry::default()
    }
}

/// The same, packed with Deflate.
pub(crate) fn deflated(name: &str, content: impl AsRef<[u8]>) -> Entry {
    let content = content.as_ref();
    Entry { packed: deflate(content), method: DEFLATED, ..entry(name, content) }
}

pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What stands around the entries.
#[derive(Default)]
pub(crate) struct Around {
    /// In front of everything; offsets do not count it.
    pub(crate) prefix: Vec<u8>,
    /// Between the last entry and the central directory.
    pub(crate) gap: Vec<u8>,
    /// Between the central directory and its end record.
    pub(crate) directory_gap: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    /// Behind everything.
    pub(crate) suffix: Vec<u8>,
    /// Whether the directory is left out.
    pub(crate) is_cut: bool,
}

/// An archive of these entries and nothing else.
pub(crate) fn archive(entries: &[Entry]) -> Vec<u8> {
    archive_with(entries, &Around::default())
}

/// A stored archive of named contents.
pub(crate) fn archive_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let entries: Vec<Entry> = entries.iter().map(|(name, content)| entry(name, content)).collect();
    archive(&entries)
}

pub(crate) fn archive_with(entries: &[Entry], around: &Around) -> Vec<u8> {
    let (mut body, mut directory, mut listed) = (Vec::new(), Vec::new(), 0u16);
    for entry in entries {
        body.extend_from_slice(&entry.gap);
        let offset = u32::try_from(body.len()).unwrap();
        local_header(&mut body, entry);
        body.extend_from_slice(&entry.packed);
        if entry.has_descriptor {
            body.extend_from_slice(b"PK\x07\x08");
            body.extend_from_slice(&entry.crc.to_le_bytes());
            body.extend_from_slice(&word(entry.packed.len()));
            body.extend_from_slice(&word(entry.size));
        }
        if !entry.is_unlisted {
            central_header(&mut directory, entry, offset);
            listed += 1;
        }
    }
    body.extend_from_slice(&around.gap);
    if around.is_cut {
        return [&around.prefix[..], &body, &around.suffix].concat();
    }
    let (at, size) = (word(body.len()), word(directory.len()));
    let end = [
        &b"PK\x05\x06\0\0\0\0"[..],
        &listed.to_le_bytes(),
        &listed.to_le_bytes(),
        &size,
        &at,
        &half(around.comment.len()),
        &around.comment,
    ]
    .concat();
    [&around.prefix[..], &body, &directory, &around.directory_gap, &end, &around.suffix].concat()
}

fn local_header(out: &mut Vec<u8>, entry: &Entry) {
    let flags = entry.flags | if entry.has_descriptor { 8 } else { 0 };
    let (mut packed, mut size, mut crc) = (word(entry.packed.len()), word(entry.size), entry.crc);
    let mut extra = entry.local_extra.clone();
    if entry.has_descriptor {
        (packed, size, crc) = (word(0), word(0), 0);
    }
    if entry.is_zip64 {
        extra.extend_from_slice(&zip64(entry));
        (packed, size) = ([0xff; 4], [0xff; 4]);
    }
    out.extend_from_slice(b"PK\x03\x04\x14\0");
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&entry.method.to_le_bytes());
    out.extend_from_slice(b"\0\0\x21\0");
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&packed);
    out.extend_from_slice(&size);
    out.extend_from_slice(&half(entry.name.len()));
    out.extend_from_slice(&half(extra.len()));
    out.extend_from_slice(&entry.name);
    out.extend_from_slice(&extra);
}

fn central_header(out: &mut Vec<u8>, entry: &Entry, offset: u32) {
    let flags = entry.flags | if entry.has_descriptor { 8 } else { 0 };
    let (mut packed, mut size) = (word(entry.packed.len()), word(entry.size));
    let mut extra = entry.central_extra.clone();
    if entry.is_zip64 {
        extra.extend_from_slice(&zip64(entry));
        (packed, size) = ([0xff; 4], [0xff; 4]);
    }
    let name = entry.central_name.as_ref().unwrap_or(&entry.name);
    out.extend_from_slice(b"PK\x01\x02\x14\0\x14\0");
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&entry.method.to_le_bytes());
    out.extend_from_slice(b"\0\0\x21\0");
    out.extend_from_slice(&entry.crc.to_le_bytes());
    out.extend_from_slice(&packed);
    out.extend_from_slice(&size);
    out.extend_from_slice(&half(name.len()));
    out.extend_from_slice(&half(extra.len()));
    out.extend_from_slice(&half(entry.comment.len()));
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(&extra);
    out.extend_from_slice(&entry.comment);
}

fn zip64(entry: &Entry) -> Vec<u8> {
    let sizes = [entry.size as u64, entry.packed.len() as u64].map(u64::to_le_bytes).concat();
    extra_field(1, &sizes)
}

/// One field of an extra block.
pub(crate) fn extra_field(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &half(data.len()), data].concat()
}

fn word(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

fn half(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_le_bytes()
}
