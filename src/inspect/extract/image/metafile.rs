//! Windows metafiles (EMF, EMF+, WMF): pictures made of drawing orders, the text among them in the clear.
//!
//! In: a metafile's bytes. Office keeps the pictures of embedded objects so. Out: every text that is drawn, in order;
//! comments that are no drawing as parts. Deliberately absent: text drawn by the numbers of its glyphs, and bitmaps,
//! which are pixels.

use std::ops::Range;

use super::Picture;
use crate::mail::charset;

/// Characters are glyph numbers.
const GLYPHS: usize = 0x10;

/// Pieces of text up to this long on one line are parts of a word.
const PIECE: usize = 2;

impl Picture<'_> {
    pub(super) fn enhanced_metafile(&mut self) {
        let mut drawn = Drawn::default();
        let mut at = 0usize;
        while let Some(length) = self.record(at, 4).filter(|&length| length >= 8) {
            let record = self.bytes.get(at..at + length).unwrap_or_default();
            match self.record(at, 0).unwrap_or_default() {
                1 => {
                    let (count, start) = (long(record, 60), long(record, 64));
                    drawn.add(&wide(record, start, count), None);
                }
                kind @ (83 | 84) => drawn.text(record, 36, kind == 84),
                kind @ (96 | 97) => {
                    for number in 0..long(record, 36).min(record.len() / 40) {
                        drawn.text(record, 40 + number * 40, kind == 97);
                    }
                }
                108 => drawn.small(record),
                70 => self.comment(record, at, &mut drawn),
                _ => {}
            }
            let is_end = self.record(at, 0) == Some(14);
            self.spans.claim(at, length);
            at += length;
            if is_end {
                break;
            }
        }
        self.text(drawn.text);
    }

    /// The number at an offset of a record that lies within the picture.
    fn record(&self, at: usize, offset: usize) -> Option<usize> {
        let length = long(self.bytes, at.checked_add(4)?);
        self.bytes.get(at..at.checked_add(length)?)?;
        Some(long(self.bytes, at + offset))
    }

    /// A comment is EMF+, or anything.
    fn comment(&mut self, record: &[u8], at: usize, drawn: &mut Drawn) {
        let data = record.get(12..).and_then(|data| data.get(..long(record, 8).min(data.len()))).unwrap_or_default();
        if let Some(mut orders) = data.strip_prefix(b"EMF+") {
            while orders.len() >= 12 {
                let (kind, length) = (short(orders, 0), long(orders, 4).max(12));
                if kind == 0x401c {
                    drawn.add(&wide(orders, 12 + 28, long(orders, 12 + 8)), None);
                }
                orders = orders.get(length..).unwrap_or_default();
            }
        } else if !data.starts_with(b"GDIC") {
            self.aside(at + 12..at + 12 + data.len());
        }
    }

    pub(super) fn windows_metafile(&mut self) {
        let mut drawn = Drawn::default();
        let start = if self.starts(0, b"\xd7\xcd\xc6\x9a") { 22 } else { 0 };
        self.spans.claim(0, start + 18);
        let mut at = start + 18;
        while at < self.bytes.len() {
            let length = long(self.bytes, at).saturating_mul(2);
            let Some(record) = self.bytes.get(at..at.saturating_add(length)).filter(|record| record.len() >= 6) else {
                break;
            };
            match short(record, 4) {
                0x0521 => drawn.local(record, 8..8 + short(record, 6)),
                0x0a32 => {
                    let options = short(record, 12);
                    let start = if options & 6 != 0 { 22 } else { 14 };
                    drawn.local(record, start..start + short(record, 10));
                }
                0x0626 if length > 10 => self.aside(at + 10..at + length),
                _ => {}
            }
            let is_end = short(record, 4) == 0;
            self.spans.claim(at, length);
            at += length;
            if is_end {
                break;
            }
        }
        self.text(drawn.text);
    }
}

/// Text as it was drawn.
#[derive(Default)]
struct Drawn {
    text: String,
    /// The line that the last text stands on, and whether it was a piece of a word.
    line: Option<usize>,
    was_piece: bool,
}

impl Drawn {
    /// A text object: where it stands, how many characters, where in the record they are.
    fn text(&mut self, record: &[u8], at: usize, is_wide: bool) {
        let (line, count, start) = (long(record, at + 4), long(record, at + 8), long(record, at + 12));
        if long(record, at + 16) & GLYPHS != 0 {
            return;
        }
        let text = if is_wide { wide(record, start, count) } else { narrow(record, start, count) };
        self.add(&text, Some(line));
    }

    /// The short form, which may leave the rectangle out.
    fn small(&mut self, record: &[u8]) {
        let (line, count, options) = (long(record, 12), long(record, 16), long(record, 20));
        let start = if options & 0x100 == 0 { 52 } else { 36 };
        if options & GLYPHS == 0 {
            let text = if options & 0x200 == 0 { wide(record, start, count) } else { narrow(record, start, count) };
            self.add(&text, Some(line));
        }
    }

    fn local(&mut self, record: &[u8], range: Range<usize>) {
        self.add(&charset::text(record.get(range).unwrap_or_default(), None), None);
    }

    fn add(&mut self, text: &str, line: Option<usize>) {
        let text = text.trim_matches('\0');
        if text.is_empty() {
            return;
        }
        let is_piece = text.chars().nth(PIECE).is_none();
        let same_line = line.is_some() && line == self.line;
        if !(self.text.is_empty() || same_line && self.was_piece && is_piece) {
            self.text.push(if same_line { ' ' } else { '\n' });
        }
        self.text.push_str(text);
        (self.line, self.was_piece) = (line, is_piece);
    }
}

fn wide(bytes: &[u8], start: usize, count: usize) -> String {
    let units = bytes.get(start..start.saturating_add(count.saturating_mul(2))).unwrap_or_default();
    encoding_rs::UTF_16LE.decode_without_bom_handling(units).0.replace('\0', " ")
}

fn narrow(bytes: &[u8], start: usize, count: usize) -> String {
    charset::text(bytes.get(start..start.saturating_add(count)).unwrap_or_default(), None).into_owned()
}

fn short(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |&value| usize::from(u16::from_le_bytes(value)))
}

fn long(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |&value| u32::from_le_bytes(value) as usize)
}
