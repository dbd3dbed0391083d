//! PNG, JPEG, GIF, WebP and BMP: block by block.
//!
//! In: a picture's bytes. Out: what it says in words, its private blocks, the ranges that belong to it.
//! Deliberately absent: pixels.

use std::io::Read;
use std::ops::Range;

use flate2::read::ZlibDecoder;

use super::{ASIDE, Picture, tiff};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::mail::charset;

/// How much a packed text of a PNG may unpack to.
const TEXT: u64 = 1 << 20;

impl Picture<'_> {
    pub(super) fn png(&mut self) {
        const STRUCTURE: [&[u8]; 24] = [
            b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"hIST",
            b"pHYs", b"tIME", b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI", b"oFFs", b"sCAL", b"pCAL", b"sTER",
        ];
        self.spans.claim(0, 8);
        let mut at = 8usize;
        while let Some(head) = self.bytes.get(at..).and_then(|rest| rest.get(..8)) {
            let (length, kind) = (big(head, 0, 4), head.get(4..8).unwrap_or_default());
            let range = self.range(at + 8, length);
            let data = self.bytes.get(range.clone()).unwrap_or_default();
            match kind {
                b"tEXt" => self.text(charset::text(data, None).replace('\0', " ")),
                b"zTXt" => {
                    let (key, rest) = split(data);
                    self.text(charset::text(key, None));
                    self.inflated(rest.get(1..).unwrap_or_default());
                }
                b"iTXt" => self.international_text(data),
                b"eXIf" => self.texts.extend(tiff::read(data, 0, &mut Spans::default())),
                _ if STRUCTURE.contains(&kind) => {}
                _ => self.aside(range),
            }
            self.spans.claim(at, length.saturating_add(12));
            at = at.saturating_add(length).saturating_add(12);
            if kind == b"IEND" {
                return;
            }
        }
    }

    fn international_text(&mut self, data: &[u8]) {
        let (key, rest) = split(data);
        let packed = rest.first() == Some(&1);
        let (_, rest) = split(rest.get(2..).unwrap_or_default());
        let (translated, text) = split(rest);
        for text in [key, translated] {
            self.text(String::from_utf8_lossy(text));
        }
        if packed {
            self.inflated(text);
        } else if text.starts_with(b"<?xpacket") || text.starts_with(b"<x:xmpmeta") {
            self.xmp(text);
        } else {
            self.text(charset::text(text, None));
        }
    }

    fn inflated(&mut self, packed: &[u8]) {
        let mut text = Vec::new();
        // What could be unpacked of a broken one is text as well.
        let _ = ZlibDecoder::new(packed).take(TEXT + 1).read_to_end(&mut text);
        self.over |= text.len() as u64 > TEXT;
        self.text(charset::text(&text, None));
    }

    pub(super) fn jpeg(&mut self) {
        let mut at = 2usize;
        self.spans.claim(0, 2);
        while let Some(&[0xff, marker]) = self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            match marker {
                0xff => {
                    self.spans.claim(at, 1);
                    at += 1;
                }
                0xd9 => return self.spans.claim(at, 2),
                0x01 | 0xd0..=0xd8 => {
                    self.spans.claim(at, 2);
                    at += 2;
                }
                _ => {
                    let length = big(self.bytes, at + 2, 2).max(2);
                    let range = self.range(at + 4, length - 2);
                    self.spans.claim(at, length + 2);
                    self.segment(marker, range);
                    at += length + 2;
                    if marker == 0xda {
                        let scan = self.scan(at);
                        self.spans.claim(at, scan);
                        at += scan;
                    }
                }
            }
        }
    }

    /// How long packed pixels are: up to a marker that is none of theirs.
    fn scan(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let end = memchr::memchr_iter(0xff, rest)
            .find(|&at| !matches!(rest.get(at + 1), Some(0 | 0xd0..=0xd7 | 0xff) | None));
        end.unwrap_or(rest.len())
    }

    fn segment(&mut self, marker: u8, range: Range<usize>) {
        const STRUCTURE: [&[u8]; 6] = [b"JFIF\0", b"JFXX\0", b"ICC_PROFILE\0", b"Adobe\0", b"MPF\0", b"Adobe\0d"];
        let data = self.bytes.get(range.clone()).unwrap_or_default();
        let behind = |magic: &[u8]| data.strip_prefix(magic);
        match marker {
            0xfe => self.text(charset::text(data, None)),
            0xe0..=0xef => {
                if let Some(exif) = behind(b"Exif\0\0").or_else(|| behind(b"Exif\0\xff")) {
                    self.texts.extend(tiff::read(exif, 0, &mut Spans::default()));
                } else if let Some(packet) = behind(b"http://ns.adobe.com/xap/1.0/\0") {
                    self.xmp(packet);
                } else if let Some(packet) = behind(b"http://ns.adobe.com/xmp/extension/\0") {
                    self.xmp(packet.get(40..).unwrap_or_default());
                } else if let Some(resources) = behind(b"Photoshop 3.0\0") {
                    self.text(sweep::text(resources));
                } else if !STRUCTURE.iter().any(|magic| data.starts_with(magic)) {
                    self.aside(range);
                }
            }
            // Tables, sizes and the head of the pixels; what no picture has is read apart.
            0xc0..=0xdf => {}
            _ => self.aside(range),
        }
    }

    pub(super) fn gif(&mut self) {
        let palette = |packed: u8| if packed & 0x80 == 0 { 0 } else { 3usize << ((packed & 7) + 1) };
        let flags = self.bytes.get(10).copied().unwrap_or_default();
        let mut at = 13 + palette(flags);
        self.spans.claim(0, at);
        while let Some(&block) = self.bytes.get(at) {
            let start = at;
            match block {
                0x2c => {
                    at += 10 + palette(self.bytes.get(at + 9).copied().unwrap_or_default()) + 1;
                    at = self.blocks(at).1;
                }
                0x21 => {
                    let label = self.bytes.get(at + 1).copied().unwrap_or_default();
                    let (content, end) = self.blocks(at + 2);
                    self.extension(label, content, start..end);
                    at = end;
                }
                0x3b => return self.spans.claim(at, 1),
                _ => return,
            }
            self.spans.claim(start, at - start);
        }
    }

    /// Blocks with a length before each, up to an empty one; and where they end.
    fn blocks(&self, start: usize) -> (Vec<u8>, usize) {
        let (mut content, mut at) = (Vec::new(), start);
        while let Some(&length) = self.bytes.get(at).filter(|&&length| length > 0) {
            content.extend_from_slice(self.bytes.get(self.range(at + 1, usize::from(length))).unwrap_or_default());
            at += 1 + usize::from(length);
        }
        (content, at.saturating_add(1).min(self.bytes.len()))
    }

    fn extension(&mut self, label: u8, content: Vec<u8>, range: Range<usize>) {
        match label {
            0xfe if !content.contains(&0) && !content.starts_with(b"%PDF-") => self.text(charset::text(&content, None)),
            // Plain text, behind twelve bytes of where and how.
            0x01 => self.text(charset::text(content.get(12..).unwrap_or_default(), None)),
            0xf9 => {}
            _ if content.starts_with(b"NETSCAPE2.0") || content.starts_with(b"ANIMEXTS1.0") => {}
            // Its packet is not cut into blocks.
            _ if content.starts_with(b"XMP DataXMP") => {
                let packet = self.bytes.get(range).unwrap_or_default();
                let start = memchr::memmem::find(packet, b"XMP DataXMP").map_or(0, |at| at + 11);
                self.xmp(&packet.to_vec().split_off(start));
            }
            _ if content.len() >= ASIDE => self.joined.push(content),
            _ => {}
        }
    }

    pub(super) fn webp(&mut self) {
        const STRUCTURE: [&[u8]; 8] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"FRGM"];
        let end = little(self.bytes, 4, 4).saturating_add(8).min(self.bytes.len());
        self.spans.claim(0, 12);
        let mut at = 12usize;
        while let Some(head) = self.bytes.get(at..end).and_then(|rest| rest.get(..8)) {
            let length = little(head, 4, 4);
            let range = self.range(at + 8, length);
            let data = self.bytes.get(range.clone()).unwrap_or_default();
            match head.get(..4).unwrap_or_default() {
                b"EXIF" => {
                    let exif = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
                    self.texts.extend(tiff::read(exif, 0, &mut Spans::default()));
                }
                b"XMP " => self.xmp(data),
                kind if STRUCTURE.contains(&kind) => {}
                _ => self.aside(range),
            }
            let padded = length.saturating_add(8).saturating_add(length % 2);
            self.spans.claim(at, padded);
            at = at.saturating_add(padded);
        }
    }

    pub(super) fn bitmap(&mut self) {
        let at = |offset: usize, length: usize| little(self.bytes, offset, length);
        let (size, start, header) = (at(2, 4), at(10, 4), at(14, 4));
        let (width, height, depth, packed) = match header {
            12 => (at(18, 2), at(20, 2), at(24, 2), 0),
            // A height below zero is a picture from top to bottom.
            _ => (at(18, 4), (at(22, 4) as u32).cast_signed().unsigned_abs() as usize, at(28, 2), at(30, 4)),
        };
        let palette = match depth {
            0..=8 => 4usize << depth,
            // Masks of the colours.
            _ if packed == 3 && header == 40 => 12,
            _ => 0,
        };
        let row = width.saturating_mul(depth).div_ceil(32).saturating_mul(4);
        let pixels = if matches!(packed, 0 | 3) { row.saturating_mul(height) } else { size.saturating_sub(start) };
        self.spans.claim(0, 14 + header + palette);
        self.spans.claim(start, pixels);
    }

    fn range(&self, start: usize, length: usize) -> Range<usize> {
        let end = start.saturating_add(length).min(self.bytes.len());
        start.min(end)..end
    }
}

/// Up to a zero, and behind it.
fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(0, data).unwrap_or(data.len());
    (data.get(..end).unwrap_or_default(), data.get(end + 1..).unwrap_or_default())
}

fn big(bytes: &[u8], at: usize, length: usize) -> usize {
    let digits = bytes.get(at..).and_then(|rest| rest.get(..length)).unwrap_or_default();
    digits.iter().fold(0, |value, &digit| value << 8 | usize::from(digit))
}

fn little(bytes: &[u8], at: usize, length: usize) -> usize {
    let digits = bytes.get(at..).and_then(|rest| rest.get(..length)).unwrap_or_default();
    digits.iter().rev().fold(0, |value, &digit| value << 8 | usize::from(digit))
}
