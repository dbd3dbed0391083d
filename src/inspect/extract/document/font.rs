//! Fonts that a document brings along (TrueType and OpenType), which Word and LibreOffice embed.
//!
//! In: a font, and the keys with which OOXML disguises its beginning. Out: its names as hidden text; what no table
//! accounts for is read as leftovers. Structure, which is passed over: the tables of outlines, metrics and layout that
//! the formats know ([`TABLES`]); they are numbers. A table of any other name is read as a stretch of unknown bytes.
//! Deliberately absent: fonts of PowerPoint, which are packed in a way of their own.

use crate::inspect::Place;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;

/// The bytes that are disguised.
const DISGUISED: usize = 32;

/// The signature and the list of tables.
const HEAD: usize = 12 + 16 * MOST;

/// How many tables are looked at; fonts have two dozen.
const MOST: usize = 256;

/// Tables of numbers. `name`, `meta` and `SVG ` may hold text, so they are not among them.
const TABLES: [&[u8; 4]; 44] = [
    b"glyf", b"loca", b"cmap", b"head", b"hhea", b"hmtx", b"maxp", b"OS/2", b"post", b"cvt ", b"fpgm", b"prep",
    b"kern", b"GSUB", b"GPOS", b"GDEF", b"BASE", b"JSTF", b"vhea", b"vmtx", b"VORG", b"gasp", b"VDMX", b"hdmx",
    b"LTSH", b"PCLT", b"DSIG", b"CFF ", b"CFF2", b"EBDT", b"EBLC", b"EBSC", b"CBDT", b"CBLC", b"COLR", b"CPAL",
    b"STAT", b"fvar", b"gvar", b"avar", b"HVAR", b"MVAR", b"mort", b"morx",
];

/// A key of 16 bytes.
pub(crate) type Key = [u8; 16];

/// The key that an identifier in braces stands for: its digits from the last to the first.
pub(crate) fn key(identifier: &str) -> Option<Key> {
    let digits: Vec<u32> = identifier.chars().filter_map(|c| c.to_digit(16)).collect();
    let mut key = Key::default();
    for (byte, pair) in key.iter_mut().rev().zip(digits.chunks_exact(2)) {
        let (high, low) = (pair.first()?, pair.get(1)?);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    (digits.len() == 32).then_some(key)
}

/// Reads a part if it is a font, as it stands or under one of the keys; says whether it was.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, keys: &[Key]) -> bool {
    let length = part.bytes.len();
    let head = part.bytes.get(..HEAD).unwrap_or(part.bytes);
    let plain = keys.iter().find(|key| is_font(&undisguised(head, key), length));
    let plain = plain.map(|key| undisguised(part.bytes, key));
    let bytes = match &plain {
        Some(bytes) => bytes.as_slice(),
        None if is_font(head, length) => part.bytes,
        None => return false,
    };
    let mut names_read = false;
    let hidden = Place { hidden: true, ..part.place.clone() };
    let mut spans = Spans::default();
    let tables = tables(bytes);
    spans.claim(0, 12 + 16 * tables.len());
    for (tag, start, length) in tables {
        if tag == b"name" && !std::mem::replace(&mut names_read, true) {
            // Wide characters in the names are of the other byte order.
            let names = bytes.get(start..start.saturating_add(length)).unwrap_or_default();
            let swapped: Vec<u8> = names.chunks(2).flat_map(|pair| pair.iter().rev().copied()).collect();
            reading.text(&hidden, &(sweep::text(names) + &sweep::text(&swapped)));
        }
        if tag == b"name" || TABLES.iter().any(|known| *known == tag) {
            spans.claim(start, length);
        }
    }
    reading.done(&hidden);
    reading.leftovers(&Part { bytes, place: &hidden, ..*part }, &spans);
    true
}

fn undisguised(bytes: &[u8], key: &Key) -> Vec<u8> {
    let mut plain = bytes.to_vec();
    for (byte, key) in plain.iter_mut().take(DISGUISED).zip(key.iter().cycle()) {
        *byte ^= key;
    }
    plain
}

/// Whether a file of this length begins as a font does, all of whose tables are inside.
fn is_font(head: &[u8], length: usize) -> bool {
    let is_signed = matches!(head.get(..4), Some(b"\0\x01\0\0" | b"OTTO" | b"true"));
    let tables = tables(head);
    is_signed && !tables.is_empty() && tables.iter().all(|(_, start, size)| start + size <= length)
}

/// Tags and where their tables are.
fn tables(bytes: &[u8]) -> Vec<(&[u8], usize, usize)> {
    let count =
        bytes.get(4..6).map_or(0, |count| count.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)));
    let long = |at: usize| {
        let word = bytes.get(at..at + 4)?;
        Some(word.iter().fold(0usize, |number, &byte| number << 8 | usize::from(byte)))
    };
    let entry = |index: usize| {
        let at = 12 + 16 * index;
        Some((bytes.get(at..at + 4)?, long(at + 8)?, long(at + 12)?))
    };
    (0..count.min(MOST)).filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A font of these tables.
    fn font(tables: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let count = u16::try_from(tables.len()).unwrap();
        let mut bytes = [b"\0\x01\0\0".as_slice(), &count.to_be_bytes(), &[0; 6]].concat();
        let mut at = u32::try_from(12 + 16 * tables.len()).unwrap();
        for (tag, content) in tables {
            let length = u32::try_from(content.len()).unwrap();
            bytes.extend([tag.as_slice(), &[0; 4], &at.to_be_bytes(), &length.to_be_bytes()].concat());
            at += length;
        }
        bytes.extend(tables.iter().flat_map(|(_, content)| content.iter()));
        bytes
    }

    #[test]
    fn a_font_is_told_under_its_key() {
        let bytes = font(&[(b"glyf", &[1; 40]), (b"name", b"somebody")]);
        let key = key("{1DB65CBA-11B4-4E4A-B0F4-B5B3A1C2D3E4}").unwrap();
        assert_eq!((key[0], key[15]), (0xe4, 0x1d));
        let disguised = undisguised(&bytes, &key);
        let length = bytes.len();
        assert!(is_font(&bytes, length) && !is_font(&disguised, length) && undisguised(&disguised, &key) == bytes);
        assert_eq!(tables(&bytes), [(&b"glyf"[..], 44, 40), (&b"name"[..], 84, 8)]);
        assert!(!is_font(&bytes, 80));
    }
}
