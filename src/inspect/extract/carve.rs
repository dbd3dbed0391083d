//! Archives and documents inside of other bytes: behind a picture, in a program, at the end of a text.
//!
//! In: bytes that were taken for something else. Out: where something starts that its reader would take, told by magic
//! numbers long enough that chance does not write them. Deliberately absent: formats of one or two bytes of magic, and
//! whatever stands in bytes that are packed.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// How many are looked for in one part.
const MOST: usize = 16;

/// What to look for, and what kind it is.
const MAGICS: [(&[u8], Kind); 12] = [
    (b"PK\x03\x04", Kind::Zip),
    (b"7z\xbc\xaf\x27\x1c\0", Kind::SevenZ),
    (b"Rar!\x1a\x07\0", Kind::Other),
    (b"Rar!\x1a\x07\x01\0", Kind::Other),
    (b"MSCF\0\0\0\0", Kind::Cab),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::Other),
    (b"%PDF-1.", Kind::Other),
    (b"\xfd7zXZ\0", Kind::Other),
    (b"1AY&SY", Kind::Bzip2),
    (b"-lh5-", Kind::Lha),
    (b"-lh7-", Kind::Lha),
    (b"\x1f\x8b\x08", Kind::Gzip),
];

static FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(MAGICS.iter().map(|(magic, _)| magic)).ok());

#[derive(Clone, Copy)]
enum Kind {
    Zip,
    SevenZ,
    Cab,
    Bzip2,
    Lha,
    Gzip,
    /// Its magic number says enough, and its reader finds its end.
    Other,
}

/// What is found behind `from`, in order. What does not tell its own length reaches to the end, where its reader hands
/// on what is none of it.
pub(crate) fn inside(bytes: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = from;
    let Some(finder) = FINDER.as_ref() else { return found };
    while let Some(hit) = bytes.get(at..).and_then(|rest| finder.find(rest)) {
        let magic = at + hit.start();
        let kind = MAGICS.get(hit.pattern().as_usize()).map_or(Kind::Other, |&(_, kind)| kind);
        at = match start(bytes, magic, kind).filter(|&start| start >= from) {
            Some(start) => {
                let end = length(bytes, start, kind).and_then(|length| start.checked_add(length));
                let end = end.filter(|&end| end <= bytes.len()).unwrap_or(bytes.len());
                found.push(start..end);
                end
            }
            None => magic + 1,
        };
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// Where it starts, if the bytes around its magic number are as they must be.
fn start(bytes: &[u8], magic: usize, kind: Kind) -> Option<usize> {
    let at = |offset: usize| bytes.get(magic + offset).copied();
    match kind {
        Kind::Zip => {
            let (version, method, name) = (at(4)?, u16::from_le_bytes([at(8)?, at(9)?]), at(26)?);
            let is_method = method <= 20 || (93..=99).contains(&method);
            (version <= 63 && at(5)? <= 20 && is_method && name > 0 && at(27)? <= 1).then_some(magic)
        }
        Kind::Bzip2 => magic
            .checked_sub(4)
            .filter(|&start| matches!(bytes.get(start..), Some([b'B', b'Z', b'h', b'1'..=b'9', ..]))),
        Kind::Lha => magic.checked_sub(2).filter(|&start| bytes.get(start + 20).is_some_and(|&level| level <= 3)),
        Kind::Gzip => {
            (at(3)? < 0x20 && matches!(at(8)?, 0 | 2 | 4) && (at(9)? <= 13 || at(9)? == 255)).then_some(magic)
        }
        Kind::SevenZ | Kind::Cab | Kind::Other => Some(magic),
    }
}

/// How long it says it is.
fn length(bytes: &[u8], start: usize, kind: Kind) -> Option<usize> {
    let long = |offset: usize| Some(u32::from_le_bytes(*bytes.get(start + offset..)?.first_chunk()?) as usize);
    let wide = |offset: usize| usize::try_from(u64::from_le_bytes(*bytes.get(start + offset..)?.first_chunk()?)).ok();
    match kind {
        Kind::SevenZ => wide(12)?.checked_add(wide(20)?)?.checked_add(32),
        Kind::Cab => long(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_found_and_what_looks_like_it_is_not() {
        let zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.txt";
        let bytes = [b"GIF89a PK\x03\x04 is how zip starts; \x1f\x8b\x08\xff no".as_slice(), zip].concat();
        let places = |bytes: &[u8], from| -> Vec<_> {
            inside(bytes, from).into_iter().map(|range| (range.start, range.end)).collect()
        };
        assert_eq!(places(&bytes, 1), [(bytes.len() - zip.len(), bytes.len())]);
        assert_eq!(places(zip, 1), []);
        let cab = [b"..MSCF\0\0\0\0\x0c\0\0\0".as_slice(), b"Rar!\x1a\x07\0...."].concat();
        assert_eq!(places(&cab, 0), [(2, 14), (14, 25)]);
        assert_eq!(places(b"xxBZh91AY&SY", 0), [(2, 12)]);
    }
}
