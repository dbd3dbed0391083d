//! Property sets (MS-OLEPS): title, author, keywords and everything else that a compound file says about itself.
//!
//! In: the content of a `SummaryInformation` or `DocumentSummaryInformation` stream. Out: its texts, a line each, own
//! properties with their names. What belongs to no property is searched for text as well. Deliberately absent: what a
//! property means; times and flags; and the thumbnail, a small picture of the first page, as in packages.

use encoding_rs::Encoding;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;

/// Properties in one set; no program writes as many.
const PROPERTIES: usize = 4_096;

/// The largest picture that is taken for a thumbnail: unpacked, 512 by 512 points.
const THUMBNAIL: usize = 1 << 20;

/// Entries of a list.
const ITEMS: usize = 16_384;

/// The property that says in which code page the texts are.
const CODE_PAGE: u32 = 1;

/// The property that names the others.
const NAMES: u32 = 0;

/// The encoding of a Windows code page; Western where nobody knows it.
pub(crate) fn code_page(number: u32) -> &'static Encoding {
    match number {
        932 => encoding_rs::SHIFT_JIS,
        936 | 54936 => encoding_rs::GB18030,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        874 => encoding_rs::WINDOWS_874,
        866 => encoding_rs::IBM866,
        1200 => encoding_rs::UTF_16LE,
        1201 => encoding_rs::UTF_16BE,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10_000 => encoding_rs::MACINTOSH,
        10_001 => encoding_rs::SHIFT_JIS,
        20_932 | 51_932 => encoding_rs::EUC_JP,
        50_220..=50_222 => encoding_rs::ISO_2022_JP,
        65_001 => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    }
}

/// All text in a stream of property sets.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut spans = Spans::default();
    let mut lines = String::new();
    if u16_at(bytes, 0) == Some(0xfffe) {
        spans.claim(0, 28);
        let sets = u32_at(bytes, 24).unwrap_or(0).min(8) as usize;
        for at in (0..sets).map(|set| 28 + 20 * set) {
            spans.claim(at, 20);
            let start = u32_at(bytes, at + 16).and_then(|start| usize::try_from(start).ok());
            if let Some(set) = start.and_then(|start| Some(Set { start, bytes: bytes.get(start..)? })) {
                set.read(&mut spans, &mut lines);
            }
        }
    }
    for gap in spans.gaps(bytes) {
        lines.push_str(&sweep::text(bytes.get(gap).unwrap_or_default()));
    }
    lines
}

/// One set of properties.
struct Set<'a> {
    start: usize,
    bytes: &'a [u8],
}

impl Set<'_> {
    fn read(&self, spans: &mut Spans, lines: &mut String) {
        let count = u32_at(self.bytes, 4).and_then(|count| usize::try_from(count).ok()).unwrap_or(0).min(PROPERTIES);
        spans.claim(self.start, 8 + 8 * count);
        let listed: Vec<(u32, usize)> = (0..count)
            .filter_map(|i| {
                Some((u32_at(self.bytes, 8 + 8 * i)?, usize::try_from(u32_at(self.bytes, 12 + 8 * i)?).ok()?))
            })
            .collect();
        let page = listed.iter().find(|(id, _)| *id == CODE_PAGE).and_then(|&(_, at)| u16_at(self.bytes, at + 4));
        let encoding = code_page(page.map_or(1252, u32::from));
        let names = listed.iter().find(|(id, _)| *id == NAMES);
        let names = names.map(|&(_, at)| self.names(at, encoding, spans)).unwrap_or_default();
        for &(id, at) in listed.iter().filter(|(id, _)| *id > CODE_PAGE) {
            // Properties that stand on one another could say the same thousands of times.
            if lines.len() > self.bytes.len().saturating_mul(4) {
                break;
            }
            let mut value = Value { bytes: self.bytes, at, encoding, texts: Vec::new() };
            value.read();
            spans.claim(self.start.saturating_add(at), value.at.saturating_sub(at).next_multiple_of(4));
            let name = names.iter().find(|(named, _)| *named == id).map(|(_, name)| name.as_str());
            for text in value.texts.iter().filter(|text| !text.trim().is_empty()) {
                if let Some(name) = name {
                    lines.push_str(name);
                    lines.push_str(": ");
                }
                lines.push_str(text);
                lines.push('\n');
            }
        }
    }

    /// What the properties are called.
    fn names(&self, at: usize, encoding: &'static Encoding, spans: &mut Spans) -> Vec<(u32, String)> {
        let mut value = Value { bytes: self.bytes, at, encoding, texts: Vec::new() };
        let count = value.long().unwrap_or(0);
        let mut names = Vec::new();
        for _ in 0..usize::try_from(count).unwrap_or(0).min(PROPERTIES) {
            let Some(id) = value.long() else { break };
            if value.string(encoding).is_none() {
                break;
            }
            if encoding == encoding_rs::UTF_16LE {
                value.at = at + value.at.saturating_sub(at).next_multiple_of(4);
            }
            names.push((id, value.texts.pop().unwrap_or_default()));
        }
        spans.claim(self.start.saturating_add(at), value.at.saturating_sub(at));
        names
    }
}

/// A value that is being read.
struct Value<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: &'static Encoding,
    texts: Vec<String>,
}

impl Value<'_> {
    fn read(&mut self) {
        let Some(kind) = self.long() else { return };
        let kind = kind & 0xffff;
        if kind & 0x1000 == 0 {
            self.one(kind);
            return;
        }
        let count = self.long().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        for _ in 0..count.min(ITEMS) {
            let item = match kind & 0xfff {
                // Each names its own type.
                12 => match self.long() {
                    Some(item) => item & 0xffff,
                    None => break,
                },
                item => item,
            };
            if self.one(item).is_none() {
                break;
            }
            if item == 31 || (item == 30 && self.encoding == encoding_rs::UTF_16LE) {
                self.at = self.at.next_multiple_of(4);
            }
        }
    }

    fn long(&mut self) -> Option<u32> {
        let value = u32_at(self.bytes, self.at)?;
        self.at += 4;
        Some(value)
    }

    /// A single value. What is not understood is left for the search.
    fn one(&mut self, kind: u32) -> Option<()> {
        match kind {
            8 | 30 => self.string(self.encoding),
            31 => self.string(encoding_rs::UTF_16LE),
            2 | 11 | 18 => self.long().map(|_| ()),
            3 | 19 | 22 | 23 => {
                let number = self.long()?;
                self.texts.push(number.to_string());
                Some(())
            }
            5 => {
                let number = f64::from_le_bytes(self.bytes.get(self.at..self.at.checked_add(8)?)?.try_into().ok()?);
                self.at += 8;
                self.texts.push(number.to_string());
                Some(())
            }
            6 | 7 | 20 | 21 | 64 => {
                self.at += 8;
                Some(())
            }
            71 => self.thumbnail(),
            _ => None,
        }
    }

    /// A picture on the clipboard of Windows, by its format: bitmap, metafile, enhanced metafile.
    fn thumbnail(&mut self) -> Option<()> {
        let length = usize::try_from(self.long()?).ok().filter(|&length| length <= THUMBNAIL)?;
        let is_picture =
            u32_at(self.bytes, self.at)? == u32::MAX && matches!(u32_at(self.bytes, self.at + 4)?, 3 | 8 | 14);
        self.at = is_picture.then(|| self.at.checked_add(length)).flatten()?;
        Some(())
    }

    /// A length and as many bytes, or characters in UTF-16 under a code page of its own.
    fn string(&mut self, encoding: &'static Encoding) -> Option<()> {
        let length = usize::try_from(self.long()?).ok()?;
        let is_wide = encoding == encoding_rs::UTF_16LE;
        // A string in the set's own code page is counted in bytes even if that is UTF-16.
        let is_counted_in_bytes = !is_wide || self.counts_bytes(length);
        let length = if is_counted_in_bytes { length } else { length.checked_mul(2)? };
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        let text = encoding.decode_without_bom_handling(bytes).0;
        self.texts.push(text.trim_end_matches('\0').to_owned());
        Some(())
    }

    /// Writers differ: whether a wide string of that many bytes ends where it should.
    fn counts_bytes(&self, length: usize) -> bool {
        let ends_at = |bytes: usize| {
            self.at.checked_add(bytes).and_then(|end| self.bytes.get(end.checked_sub(2)?..end)) == Some(&[0, 0])
        };
        let end = length.checked_mul(2);
        !end.is_some_and(ends_at) && length.is_multiple_of(2) && ends_at(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longs(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A set with these properties behind one another.
    fn stream(properties: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = vec![0xfe, 0xff, 0, 0];
        bytes.resize(24, 0);
        bytes.extend(longs(&[1]));
        bytes.extend([7; 16]);
        bytes.extend(longs(&[48]));
        let count = u32::try_from(properties.len()).unwrap();
        let mut at = 8 + 8 * count;
        let mut set = longs(&[0, count]);
        for (id, value) in properties {
            set.extend(longs(&[*id, at]));
            at += u32::try_from(value.len()).unwrap();
        }
        set.extend(properties.iter().flat_map(|(_, value)| value.clone()));
        bytes.extend(set);
        bytes
    }

    fn string(kind: u32, length: usize, bytes: &[u8]) -> Vec<u8> {
        let mut value = longs(&[kind, u32::try_from(length).unwrap()]);
        value.extend(bytes);
        value.resize(value.len().next_multiple_of(4), 0);
        value
    }

    #[test]
    fn texts_are_read_in_their_code_page() {
        let sjis = encoding_rs::SHIFT_JIS.encode("題名\0").0.into_owned();
        let wide: Vec<u8> = "作成者\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut names = longs(&[1, 2, 5]);
        names.extend(encoding_rs::SHIFT_JIS.encode("題\0\0\0").0.iter());
        names.resize(names.len().next_multiple_of(4), 0);
        let bytes = stream(&[
            (1, longs(&[2, 932])),
            (0, names),
            (2, string(30, sjis.len(), &sjis)),
            (3, string(31, 4, &wide)),
            (4, longs(&[3, 1_234_567])),
        ]);
        assert_eq!(text(&bytes), "題: 題名\n作成者\n1234567\n");
    }

    #[test]
    fn what_is_no_property_is_found() {
        let mut bytes =
            stream(&[(1, longs(&[2, 932])), (9, [longs(&[71, 40]), b"090-1234-5678 in a blob".to_vec()].concat())]);
        bytes.extend("山田太郎です".as_bytes());
        let found = text(&bytes);
        assert!(found.contains("090-1234-5678") && found.contains("山田太郎"), "{found}");
        assert!(text("山田太郎".as_bytes()).contains("山田太郎"));
        for cut in 0..bytes.len() {
            let _ = text(&bytes[..cut]);
        }
    }
}
