//! Strings in the records of old workbooks.
//!
//! In: the bytes of a record, or of a record and those that continue it. Out: text. A string of Excel 97 has flags in
//! front that say whether its letters take one byte or two, and again wherever it goes on in another record; older ones
//! are in the code page of the file. Deliberately absent: looks of runs.

use std::borrow::Cow;

use encoding_rs::{UTF_16LE, WINDOWS_1252};

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::workbook::strings::Strings;
use crate::mail::charset;

/// How the strings of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Excel 97 and later.
    Unicode,
    /// In this code page.
    Page(u16),
}

impl Script {
    /// A string behind its length, which takes `width` bytes.
    pub(crate) fn string(self, data: &[u8], width: usize) -> String {
        let (length, rest) = match width {
            1 => (data.first().map(|&length| usize::from(length)), data.get(1..)),
            _ => (u16_at(data, 0).map(usize::from), data.get(2..)),
        };
        let (Some(length), Some(rest)) = (length, rest) else { return String::new() };
        match self {
            Self::Unicode => {
                let (Some(&flags), Some(letters)) = (rest.first(), rest.get(1..)) else { return String::new() };
                letters_of(letters, flags, length).0
            }
            Self::Page(_) => self.decode(rest.get(..length).unwrap_or(rest)).into_owned(),
        }
    }

    /// Letters of one byte each.
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Unicode => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            // Japanese programs write 932 or nothing; some write 1252 and mean 932.
            Self::Page(0 | 932 | 1_252 | 0x8001) => charset::text(bytes, Some("cp932")),
            Self::Page(0x8000) => charset::text(bytes, Some("macintosh")),
            Self::Page(page) => charset::text(bytes, Some(&format!("windows-{page}"))),
        }
    }
}

/// At most `length` letters, and how many there were.
pub(crate) fn letters_of(bytes: &[u8], flags: u8, length: usize) -> (String, usize) {
    let (encoding, width) = if flags & 1 == 1 { (UTF_16LE, 2) } else { (WINDOWS_1252, 1) };
    let bytes = bytes.get(..length.saturating_mul(width)).unwrap_or(bytes);
    (encoding.decode_without_bom_handling(bytes).0.into_owned(), bytes.len() / width)
}

/// Reads the table of shared strings from its record and those that continue it; false if it is not whole or too large.
pub(crate) fn read_table(pieces: &[&[u8]], strings: &mut Strings, readings: &dyn Fn(&[u8]) -> String) -> bool {
    let mut from = Pieces { pieces, at: 8 };
    // How many there are is not believed.
    while !from.is_empty() {
        let Some(string) = from.string() else { return false };
        strings.reading(&readings(&string.behind));
        if !strings.append(&string.text) || !strings.close() {
            return false;
        }
    }
    true
}

struct Found {
    text: String,
    /// Its reading, with much else.
    behind: Vec<u8>,
}

/// Records as one stretch of bytes.
struct Pieces<'p> {
    pieces: &'p [&'p [u8]],
    /// In the first of them.
    at: usize,
}

impl<'p> Pieces<'p> {
    fn is_empty(&self) -> bool {
        self.pieces.iter().map(|piece| piece.len()).sum::<usize>() <= self.at
    }

    /// What is left of the piece that is being read; goes to the next if nothing is.
    fn rest(&mut self) -> Option<&'p [u8]> {
        loop {
            let (first, others) = self.pieces.split_first()?;
            if let Some(rest) = first.get(self.at..).filter(|rest| !rest.is_empty()) {
                return Some(rest);
            }
            (self.pieces, self.at) = (others, self.at.saturating_sub(first.len()));
        }
    }

    fn bytes(&mut self, mut length: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        while length > 0 {
            let rest = self.rest()?;
            let taken = rest.get(..length).unwrap_or(rest);
            bytes.extend_from_slice(taken);
            self.at += taken.len();
            length -= taken.len();
        }
        Some(bytes)
    }

    fn string(&mut self) -> Option<Found> {
        let head = self.bytes(3)?;
        let (mut length, mut flags) = (usize::from(u16_at(&head, 0)?), *head.get(2)?);
        let runs = if flags & 8 == 8 { usize::from(u16_at(&self.bytes(2)?, 0)?) } else { 0 };
        let behind = if flags & 4 == 4 { usize::try_from(u32_at(&self.bytes(4)?, 0)?).ok()? } else { 0 };
        let mut text = String::new();
        while length > 0 {
            let rest = self.rest()?;
            let (found, count) = letters_of(rest, flags, length);
            let taken = count * if flags & 1 == 1 { 2 } else { 1 };
            text.push_str(&found);
            self.at += taken.max(1);
            length -= count;
            if length > 0 {
                // It goes on in the next record, which says anew how wide its letters are.
                let (first, others) = self.pieces.split_first()?;
                if self.at < first.len() {
                    return None;
                }
                (self.pieces, self.at) = (others, 1);
                flags = *others.first()?.first()?;
            }
        }
        self.bytes(runs.saturating_mul(4))?;
        Some(Found { text, behind: self.bytes(behind)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_go_on_from_record_to_record() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let first = [&[2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 1][..], &wide("山田")].concat();
        let second = [&[0][..], b"AB", &[3, 0, 8, 1, 0], b"abc", &[0, 0]].concat();
        let third = [&[0, 0][..], &[2, 0, 1], &wide("花子")].concat();
        let mut strings = Strings::default();
        assert!(read_table(&[&first, &second, &third], &mut strings, &|_| String::new()));
        assert_eq!((strings.at(0), strings.at(1), strings.at(2)), (Some("山田AB"), Some("abc"), Some("花子")));
        assert!(!read_table(&[&first], &mut Strings::default(), &|_| String::new()));
    }
}
