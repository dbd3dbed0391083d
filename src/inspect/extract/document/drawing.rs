//! Pictures in the drawings of old Office documents (MS-ODRAW): the `Pictures` stream of a presentation, and wherever
//! Word puts them.
//!
//! In: a stretch of bytes. Out: each picture as a part of its own, and its bytes claimed. Pictures are found by the form
//! of their records, wherever they stand, since what points to them may be lost. Deliberately absent: shapes and their
//! texts, which stand elsewhere.

use crate::inspect::Reason;
use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;

const HEADER: usize = 8;

/// One or two digests of 16 bytes and a tag.
const PREFIXES: [usize; 2] = [17, 33];

/// Reads a stream that holds pictures and hardly anything else.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    if !reading.charge(part.bytes.len() as u64) {
        return reading.unread(part.place, Reason::Limit);
    }
    let mut spans = Spans::default();
    read_pictures(reading, part, &mut spans);
    reading.done(part.place);
    reading.leftovers(part, &spans);
}

/// Reads every picture in a stream, and claims it.
pub(crate) fn read_pictures(reading: &mut Reading<'_>, part: &Part<'_>, spans: &mut Spans) {
    let mut at = 0;
    let mut count = 0u32;
    // Every kind of picture has a type that begins with F0.
    while let Some(found) = part.bytes.get(at..).and_then(|rest| memchr::memchr(0xf0, rest)) {
        let start = (at + found).checked_sub(3);
        at += found + 1;
        let Some(start) = start else { continue };
        let Some(record) = picture(part.bytes, start) else { continue };
        count += 1;
        let place = part.place.inside(&format!("picture {count}"));
        spans.claim(start, HEADER + record.len());
        at = start + HEADER + record.len();
        if !reading.take_entry() {
            return reading.unread(&place, Reason::Limit);
        }
        let as_format = |prefix: usize| {
            let bytes = record.get(prefix..)?;
            matches!(sniff::format(bytes, part.hint), Format::Image(_)).then_some(bytes)
        };
        match PREFIXES.into_iter().find_map(as_format) {
            Some(bytes) => drop(reading.read(&part.inside(bytes, &place))),
            // A metafile is packed, a bitmap has no header.
            None => reading.unread(&place, Reason::Image),
        }
    }
}

/// The content of a picture's record, if there is one here.
fn picture(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let (version, kind) = (u16_at(bytes, start)?, u16_at(bytes, start.checked_add(2)?)?);
    let is_picture = matches!(kind, 0xf01a..=0xf01f | 0xf029 | 0xf02a) && version & 0xf == 0 && version >= 0x2160;
    let length = usize::try_from(u32_at(bytes, start.checked_add(4)?)?).ok().filter(|&length| length > 33)?;
    let content = bytes.get(start + HEADER..)?.get(..length)?;
    is_picture.then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_told_by_its_record() {
        let mut bytes = vec![0xf0, 1, 2, 3, 0xf0];
        bytes.extend([0x00, 0x6e, 0x1e, 0xf0, 60, 0, 0, 0]);
        bytes.extend([7; 60]);
        assert_eq!(picture(&bytes, 5), Some(&[7; 60][..]));
        assert_eq!(picture(&bytes, 1), None);
        assert_eq!(picture(&bytes[..60], 5), None);
    }
}
