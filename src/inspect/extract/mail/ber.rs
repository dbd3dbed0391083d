//! ASN.1 in its basic encoding (BER, X.690): elements of elements.
//!
//! In: bytes and where an element starts in them. Out: its tag and ranges. Mailers write lengths in every form the
//! standard has (those that stream their signature leave them open), which crates for the distinguished encoding
//! refuse. Nothing is copied and no length is believed beyond the end of the bytes. Deliberately absent: types; what an
//! element means is its reader's business (`cms`).

use std::ops::Range;

/// How deep elements of open length may nest: finding their end means walking what is inside. Mailers write six.
const DEPTH: u32 = 24;

pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its identifier; of a tag number beyond 30 the first byte.
    pub(crate) tag: u8,
    pub(crate) content: Range<usize>,
    /// Where the next one starts.
    pub(crate) end: usize,
    /// Whether it was to be longer than there are bytes.
    pub(crate) cut: bool,
}

impl Element {
    /// The element that starts at `at` and ends before `end`.
    pub(crate) fn at(bytes: &[u8], at: usize, end: usize) -> Option<Self> {
        parse(bytes.get(..end).unwrap_or(bytes), at, 0)
    }

    /// Whether it consists of elements.
    pub(crate) fn is_constructed(&self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// What it consists of.
    pub(crate) fn children<'a>(&self, bytes: &'a [u8]) -> Children<'a> {
        Children { bytes: bytes.get(..self.content.end).unwrap_or(bytes), at: self.content.start }
    }

    /// Where the elements inside of it end; what is behind them is none.
    pub(crate) fn covered(&self, bytes: &[u8]) -> usize {
        self.children(bytes).last().map_or(self.content.start, |last| last.end.min(self.content.end))
    }

    /// The bytes of a string: its content, or that of its pieces put together.
    pub(crate) fn octets(&self, bytes: &[u8]) -> Vec<u8> {
        let mut joined = Vec::new();
        let mut open = vec![self.clone()];
        while let Some(element) = open.pop() {
            if element.is_constructed() {
                let mut pieces: Vec<Self> = element.children(bytes).collect();
                pieces.reverse();
                open.extend(pieces);
            } else {
                joined.extend_from_slice(bytes.get(element.content).unwrap_or_default());
            }
        }
        joined
    }
}

/// The elements inside of one.
pub(crate) struct Children<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Children<'_> {
    type Item = Element;

    fn next(&mut self) -> Option<Element> {
        let element = parse(self.bytes, self.at, 0)?;
        self.at = element.end;
        Some(element)
    }
}

fn parse(bytes: &[u8], at: usize, depth: u32) -> Option<Element> {
    let tag = *bytes.get(at)?;
    let mut from = at + 1;
    if tag & 0x1f == 0x1f {
        // The number of the tag follows, seven bits a byte.
        let more = bytes.get(from..)?.iter().take(8).position(|c| c & 0x80 == 0)?;
        from += more + 1;
    }
    let first = *bytes.get(from)?;
    from += 1;
    if first == 0x80 {
        return open_end(bytes, tag, from, depth);
    }
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = bytes.get(from..from.checked_add(count)?)?;
        from += count;
        digits.iter().try_fold(0usize, |sum, &c| sum.checked_mul(256)?.checked_add(c.into())).unwrap_or(usize::MAX)
    };
    let wanted = from.saturating_add(length);
    let end = wanted.min(bytes.len());
    Some(Element { tag, content: from..end, end, cut: wanted > end })
}

/// An element of open length ends with two zero bytes.
fn open_end(bytes: &[u8], tag: u8, from: usize, depth: u32) -> Option<Element> {
    if depth >= DEPTH || tag & CONSTRUCTED == 0 {
        return None;
    }
    let mut at = from;
    while bytes.get(at..at + 2) != Some(&[0, 0]) {
        let Some(child) = parse(bytes, at, depth + 1) else {
            return Some(Element { tag, content: from..bytes.len(), end: bytes.len(), cut: true });
        };
        at = child.end;
    }
    Some(Element { tag, content: from..at, end: at + 2, cut: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_length_is_read() {
        for (bytes, content, end, cut) in [
            (&b"\x04\x03abc."[..], 2..5, 5, false),
            (b"\x04\x81\x03abc.", 3..6, 6, false),
            (b"\x04\x84\0\0\0\x03abc", 6..9, 9, false),
            (b"\x24\x80\x04\x01a\x04\x02bc\0\0.", 2..9, 11, false),
            (b"\x04\x7fabc", 2..5, 5, true),
            (b"\x04\x88\xff\xff\xff\xff\xff\xff\xff\xffab", 10..12, 12, true),
            (b"\x24\x80\x04\x01a", 2..5, 5, true),
        ] {
            let element = Element::at(bytes, 0, bytes.len()).unwrap();
            assert_eq!((element.content, element.end, element.cut), (content, end, cut), "{bytes:02x?}");
        }
        assert_eq!(Element::at(b"\x04", 0, 1), None);
        assert_eq!(Element::at(&b"\x30\x80".repeat(100_000), 0, 200_000).map(|e| e.cut), Some(true));
    }

    #[test]
    fn a_string_in_pieces_is_put_together() {
        let bytes = b"\x24\x80\x04\x01a\x24\x04\x04\x02bc\x04\x01d\0\0";
        assert_eq!(Element::at(bytes, 0, bytes.len()).unwrap().octets(bytes), b"abcd");
    }
}
