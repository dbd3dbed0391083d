//! TIFF, and EXIF, which is a TIFF without a picture.
//!
//! In: bytes that start with a byte order. Out: every field that is text, whatever its number: descriptions, artists,
//! cameras' owners, Windows' comments, XMP; and the ranges that fields and strips of pixels cover.
//! Deliberately absent: numbers (where a photo was taken is not read as text), makers' own notes.

use std::collections::HashSet;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::ASIDE;
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::{sweep, xml};
use crate::mail::charset;

/// Directories of one file; each page of a fax is one.
const DIRECTORIES: usize = 1_000;

/// A text longer than this is no field of a picture.
const TEXT: usize = 1 << 20;

/// Reads the fields of all directories.
pub(super) fn read(bytes: &[u8], start: usize, spans: &mut Spans) -> Vec<String> {
    let big_endian = match bytes.get(start..start + 2) {
        Some(b"II") => false,
        Some(b"MM") => true,
        _ => return Vec::new(),
    };
    let mut walk = Walk { bytes, big_endian, spans, texts: Vec::new(), waiting: Vec::new() };
    walk.spans.claim(start, 8);
    let first = walk.number(start + 4, 4);
    walk.waiting.push(first);
    let mut seen = HashSet::new();
    while let Some(at) = walk.waiting.pop() {
        if at != 0 && seen.len() < DIRECTORIES && seen.insert(at) {
            walk.directory(at);
        }
    }
    walk.texts
}

struct Walk<'a, 's> {
    bytes: &'a [u8],
    big_endian: bool,
    spans: &'s mut Spans,
    texts: Vec<String>,
    /// Directories that were named and not yet read.
    waiting: Vec<usize>,
}

impl<'a> Walk<'a, '_> {
    fn directory(&mut self, at: usize) {
        let count = self.number(at, 2);
        if at.saturating_add(2 + count * 12) > self.bytes.len() {
            return;
        }
        self.spans.claim(at, 2 + count * 12 + 4);
        let mut strips: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        for field in (0..count).map(|number| at + 2 + number * 12) {
            self.field(field, &mut strips);
        }
        let [starts, lengths] = strips;
        for (start, length) in starts.into_iter().zip(lengths) {
            self.spans.claim(start, length);
        }
        let next = self.number(at + 2 + count * 12, 4);
        self.waiting.push(next);
    }

    fn field(&mut self, at: usize, strips: &mut [Vec<usize>; 2]) {
        let (tag, kind, count) = (self.number(at, 2), self.number(at + 2, 2), self.number(at + 4, 4));
        let size = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            _ => 8,
        };
        let length = count.saturating_mul(size);
        // What is longer than four bytes stands elsewhere.
        let start = if length <= 4 { at + 8 } else { self.number(at + 8, 4) };
        let Some(value) = self.bytes.get(start..start.saturating_add(length)) else { return };
        if length > 4 {
            self.spans.claim(start, length);
        }
        let text = value.get(..value.len().min(TEXT)).unwrap_or_default();
        match (tag, kind) {
            // Directories within.
            (0x8769 | 0x8825 | 0xa005 | 0x014a, _) => {
                let all: Vec<usize> = (0..count.min(DIRECTORIES)).map(|n| self.number(start + n * 4, 4)).collect();
                self.waiting.extend(all);
            }
            // Where strips and tiles start, and how long they are; a thumbnail's the same.
            (273 | 324 | 513, 3 | 4) => strips[0].extend((0..count).map(|n| self.number(start + n * size, size))),
            (279 | 325 | 514, 3 | 4) => strips[1].extend((0..count).map(|n| self.number(start + n * size, size))),
            (0x9286, _) => self.comment(text),
            (0x9c9b..=0x9c9f, _) => self.texts.push(UTF_16LE.decode_without_bom_handling(text).0.into()),
            (700, _) => self.texts.push(xml::plain(&xml::decode(text))),
            // IPTC and Photoshop's resources.
            (33723 | 34377, _) => self.texts.push(sweep::text(text)),
            // Bytes may be a text, whatever their number.
            (_, 1 | 7) if length >= ASIDE => {
                let text = charset::text(text.trim_ascii_end(), None);
                let text = text.trim_end_matches('\0');
                if text.chars().any(|c| c == '\u{fffd}' || c.is_control() && !c.is_whitespace()) {
                    self.texts.push(sweep::glimpse(value));
                } else {
                    self.texts.push(text.to_owned());
                }
            }
            (_, 2) => self.texts.push(charset::text(text, None).replace('\0', " ")),
            _ => {}
        }
    }

    /// A user's comment says in eight bytes what it is written in.
    fn comment(&mut self, value: &[u8]) {
        let Some((code, text)) = value.split_at_checked(8) else { return };
        let text = match code {
            // In the file's byte order, says the standard; in their own, do the programs.
            b"UNICODE\0" => {
                let decoded = |encoding: &'static Encoding| encoding.decode_without_bom_handling(text).0.into_owned();
                let usual = |text: &String| text.chars().filter(|&c| sweep::is_usual(c)).count();
                let orders = if self.big_endian { [UTF_16LE, UTF_16BE] } else { [UTF_16BE, UTF_16LE] };
                orders.map(decoded).into_iter().max_by_key(usual).unwrap_or_default()
            }
            b"JIS\0\0\0\0\0" => charset::text(text, Some("iso-2022-jp")).into_owned(),
            _ => charset::text(text, None).into_owned(),
        };
        self.texts.push(text.trim_matches('\0').to_owned());
    }

    fn number(&self, at: usize, length: usize) -> usize {
        let digits = self.bytes.get(at..).and_then(|rest| rest.get(..length)).unwrap_or_default();
        let add = |value: usize, &digit: &u8| value << 8 | usize::from(digit);
        if self.big_endian { digits.iter().fold(0, add) } else { digits.iter().rev().fold(0, add) }
    }
}
