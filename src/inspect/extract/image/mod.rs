//! Pictures: what is written beside the pixels, and what hides behind them.
//!
//! In: a picture's bytes. Out: comments, EXIF, XMP and drawn text (metafiles) as text, private blocks and whatever
//! stands behind the picture's end as parts; for the pixels what a program of its own saw in them (`sandbox::ocr`), or an
//! entry `uninspected: image`, so that policy decides.
//! Structure, which is passed over: sizes, palettes, colour profiles, pixels.
//! Deliberately absent: looking at the picture.

mod metafile;
mod raster;
mod tiff;

use std::ops::Range;

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::xml;

/// Blocks of a known kind shorter than this hold nothing that is read apart.
const ASIDE: usize = 8;

/// Reads a picture.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut picture = Picture { bytes: part.bytes, ..Picture::default() };
    picture.walk();
    let place = part.place.inside("metadata");
    for text in &picture.texts {
        reading.text(&place, text);
    }
    if !picture.texts.is_empty() {
        reading.done(&place);
    }
    if picture.over {
        reading.unread(&place, Reason::Limit);
    }
    for aside in &picture.asides {
        if !reading.take_entry() {
            reading.unread(part.place, Reason::Limit);
            break;
        }
        let place = part.place.inside(&format!("bytes {}–{}", aside.start, aside.end));
        reading.aside(part, part.bytes.get(aside.clone()).unwrap_or_default(), &place);
    }
    for joined in &picture.joined {
        if reading.take_entry() && reading.charge(joined.len() as u64) {
            reading.aside(part, joined, &place);
        } else {
            reading.unread(&place, Reason::Limit);
        }
    }
    reading.picture(part);
    reading.leftovers(part, &picture.spans);
}

/// A picture on its way through the formats.
#[derive(Default)]
struct Picture<'a> {
    bytes: &'a [u8],
    spans: Spans,
    texts: Vec<String>,
    /// Stretches that are no picture: private blocks.
    asides: Vec<Range<usize>>,
    /// The same, put together from pieces.
    joined: Vec<Vec<u8>>,
    /// Whether a packed text goes on beyond what is unpacked of it.
    over: bool,
}

impl<'a> Picture<'a> {
    fn walk(&mut self) {
        let bytes = self.bytes;
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => self.png(),
            [0xff, 0xd8, 0xff, ..] => self.jpeg(),
            [b'G', b'I', b'F', b'8', ..] => self.gif(),
            [b'R', b'I', b'F', b'F', ..] => self.webp(),
            [b'B', b'M', ..] => self.bitmap(),
            [b'I', b'I', ..] | [b'M', b'M', ..] => {
                self.texts.extend(tiff::read(bytes, 0, &mut self.spans));
            }
            [1, 0, 0, 0, ..] => self.enhanced_metafile(),
            [0xd7, 0xcd, ..] | [1 | 2, 0, 9, 0, ..] => self.windows_metafile(),
            _ => self.other(),
        }
    }

    /// Of formats without a walker only the metadata that stand in them in the clear.
    fn other(&mut self) {
        if let Some(at) = memchr::memmem::find(self.bytes, b"Exif\0\0") {
            self.texts.extend(tiff::read(self.bytes.get(at + 6..).unwrap_or_default(), 0, &mut Spans::default()));
        }
        if let Some(at) = memchr::memmem::find(self.bytes, b"<x:xmpmeta") {
            let packet = self.bytes.get(at..).unwrap_or_default();
            let end = memchr::memmem::find(packet, b"</x:xmpmeta>").map_or(packet.len(), |end| end + 12);
            self.xmp(packet.get(..end).unwrap_or_default());
        }
        self.spans.claim(0, self.end_of_boxes());
    }

    /// Boxes of the ISO media format follow each other; what is none of them stands behind the picture.
    fn end_of_boxes(&self) -> usize {
        if self.bytes.get(4..8) != Some(b"ftyp") {
            return self.bytes.len();
        }
        let mut at = 0usize;
        while let Some(head) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let [a, b, c, d, kind @ ..] = *head;
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if length < 8 || !kind.iter().all(u8::is_ascii_graphic) {
                // 0 is up to the end, 1 a length of eight bytes: nothing that is small.
                return if length < 2 && at > 0 { self.bytes.len() } else { at };
            }
            at = at.saturating_add(length);
        }
        at
    }

    fn text(&mut self, text: impl Into<String>) {
        self.texts.push(text.into());
    }

    fn xmp(&mut self, packet: &[u8]) {
        self.text(xml::plain(&xml::decode(packet)));
    }

    fn aside(&mut self, range: Range<usize>) {
        if range.len() >= ASIDE {
            self.asides.push(range);
        }
    }

    fn starts(&self, at: usize, magic: &[u8]) -> bool {
        self.bytes.get(at..).is_some_and(|rest| rest.starts_with(magic))
    }
}

#[cfg(test)]
mod tests;
