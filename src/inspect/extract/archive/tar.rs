//! Tape archives (tar), old and POSIX, as GNU and BSD write them.
//!
//! In: the archive's bytes. Out: each file as a part, its name (long names of GNU and pax too, in Shift_JIS if need be)
//! and a link's target as text; pax records and owners' names as text; what stands behind the end mark as a part.
//! Structure, which is passed over: the headers' numbers. What stands in the padding up to the next block is read.
//! Deliberately absent: putting the holes of sparse files back; what there is of them is read.

use crate::inspect::extract::archive::{self, name_of};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

const BLOCK: usize = 512;

/// A header's fields that are text: name, link target, owner, group, prefix.
const NAME: (usize, usize) = (0, 100);
const LINK: (usize, usize) = (157, 100);
const OWNER: (usize, usize) = (265, 32);
const GROUP: (usize, usize) = (297, 32);
const PREFIX: (usize, usize) = (345, 155);

/// Whether bytes start with a header whose check sum is right: archives from before POSIX have no magic number.
pub(crate) fn starts(bytes: &[u8]) -> bool {
    bytes.get(..BLOCK).is_some_and(|header| is_header(header) && header.first().is_some_and(|&c| c != 0))
}

/// Reads an archive.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut tape = Tape { part, spans: Spans::default(), name: None, link: None };
    let mut at = 0usize;
    let mut whole = false;
    while let Some(header) = part.bytes.get(at..at.saturating_add(BLOCK)) {
        if header.iter().all(|&c| c == 0) {
            tape.spans.claim(at, BLOCK);
            at += BLOCK;
            // The end is two empty blocks; archives put behind each other go on after them.
            whole = true;
            continue;
        }
        if !is_header(header) {
            break;
        }
        whole = false;
        if !reading.take_entry() {
            reading.unread(part.place, Reason::Limit);
            return;
        }
        tape.spans.claim(at, BLOCK);
        let length = size(header);
        let start = at + BLOCK;
        let data = part.bytes.get(start..start.saturating_add(length));
        let padded = length.div_ceil(BLOCK).saturating_mul(BLOCK);
        let found = data.unwrap_or_else(|| part.bytes.get(start..).unwrap_or_default());
        at = tape.entry(reading, header, found, start).max(start.saturating_add(padded));
        // What fills up the last block is no part of the entry.
        tape.spans.claim(start, length.min(part.bytes.len().saturating_sub(start)));
        if data.is_none() {
            break;
        }
    }
    // Many writers leave the end mark out; an archive that stops inside a block was cut.
    if !whole && at != part.bytes.len() {
        reading.unread(part.place, Reason::Damaged);
    } else {
        reading.done(part.place);
    }
    reading.leftovers(part, &tape.spans);
}

struct Tape<'p> {
    part: &'p Part<'p>,
    spans: Spans,
    /// What an entry before this one says that this one is called.
    name: Option<String>,
    link: Option<String>,
}

impl Tape<'_> {
    /// One entry; returns where the next one may start at the earliest.
    fn entry(&mut self, reading: &mut Reading<'_>, header: &[u8], data: &[u8], start: usize) -> usize {
        match header.get(156) {
            Some(b'L') => self.name = Some(name_of(text(data))),
            Some(b'K') => self.link = Some(name_of(text(data))),
            Some(b'x' | b'X' | b'g') => self.pax(reading, data),
            kind => return self.file(reading, header, kind.copied().unwrap_or_default(), data, start),
        }
        start
    }

    fn file(&mut self, reading: &mut Reading<'_>, header: &[u8], kind: u8, data: &[u8], start: usize) -> usize {
        let short = |field: (usize, usize)| name_of(text(header.get(field.0..field.0 + field.1).unwrap_or_default()));
        let is_posix = header.get(257..262) == Some(b"ustar");
        let prefix = if is_posix && header.get(257..265) != Some(b"ustar  \0") { short(PREFIX) } else { String::new() };
        let own = if prefix.is_empty() { short(NAME) } else { format!("{prefix}/{}", short(NAME)) };
        let name = self.name.take().unwrap_or_else(|| own.clone());
        let place = self.part.place.inside(&name);
        reading.text(&place, &name);
        if own != name && !name.ends_with(&own) && !name.starts_with(&own) {
            // The short name need not be the long one's beginning.
            reading.text(&place, &own);
        }
        let link = self.link.take().unwrap_or_else(|| short(LINK));
        let owners = if is_posix { [short(OWNER), short(GROUP)] } else { Default::default() };
        for text in std::iter::once(&link).chain(&owners).filter(|text| !is_system(text)) {
            reading.text(&place, text);
        }
        let mut data = data;
        let mut next = start;
        if kind == b'S' && header.get(482) == Some(&1) {
            // The map of a sparse file goes on behind the header.
            let maps = data.chunks(BLOCK).position(|map| map.get(504) != Some(&1)).map_or(0, |last| last + 1);
            next = start + maps * BLOCK;
            data = self.part.bytes.get(next..).and_then(|rest| rest.get(..size(header))).unwrap_or_default();
            self.spans.claim(start, maps * BLOCK + data.len());
            next = next.saturating_add(data.len().div_ceil(BLOCK).saturating_mul(BLOCK));
        }
        self.content(reading, &name, &place, data, size(header));
        next
    }

    fn content(&self, reading: &mut Reading<'_>, name: &str, place: &Place, data: &[u8], claimed: usize) {
        if data.len() < claimed {
            reading.unread(place, Reason::Damaged);
        }
        if data.is_empty() {
            return;
        }
        if reading.charge(data.len() as u64) {
            archive::read_entry(reading, self.part, name, data);
        } else {
            reading.unread(place, Reason::Limit);
        }
    }

    /// Records `length key=value\n`. What names the next entry is kept; what is no number is text.
    fn pax(&mut self, reading: &mut Reading<'_>, data: &[u8]) {
        let mut rest = data;
        while let Some(space) = memchr::memchr(b' ', rest) {
            let length = std::str::from_utf8(rest.get(..space).unwrap_or_default()).ok().and_then(|n| n.parse().ok());
            let Some(record) = length.and_then(|length: usize| rest.get(space + 1..length)) else { break };
            rest = rest.get(space + 1 + record.len()..).unwrap_or_default();
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let Some(equals) = memchr::memchr(b'=', record) else { continue };
            let (key, value) = (record.get(..equals).unwrap_or_default(), record.get(equals + 1..).unwrap_or_default());
            match key {
                b"path" | b"GNU.sparse.name" => self.name = Some(name_of(value)),
                b"linkpath" => self.link = Some(name_of(value)),
                _ if value.iter().all(|c| c.is_ascii_digit() || *c == b'.') => {}
                _ => reading.text(&self.part.place.inside("pax"), &charset::text(value, None)),
            }
        }
        if !rest.iter().all(|&c| c == 0) {
            reading.text(&self.part.place.inside("pax"), &charset::text(rest, None));
        }
    }
}

/// Owners that every archive has are nobody.
fn is_system(owner: &str) -> bool {
    matches!(owner, "" | "root" | "wheel" | "staff" | "users")
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|&c| c == 0).next().unwrap_or_default()
}

/// Octal digits, or a number with its first bit set.
fn size(header: &[u8]) -> usize {
    let field = header.get(124..136).unwrap_or_default();
    if field.first().is_some_and(|&c| c & 0x80 != 0) {
        return field.iter().skip(4).fold(0, |size, &c| size.wrapping_shl(8) | usize::from(c));
    }
    octal(field)
}

fn octal(field: &[u8]) -> usize {
    let digits = field.iter().skip_while(|&&c| c == b' ').take_while(|c| (b'0'..=b'7').contains(*c));
    digits.fold(0usize, |value, &c| value.saturating_mul(8).saturating_add(usize::from(c - b'0')))
}

fn is_header(header: &[u8]) -> bool {
    let sum = |signed: bool| -> i64 {
        header
            .iter()
            .enumerate()
            .map(|(at, &c)| match at {
                148..156 => i64::from(b' '),
                _ if signed => i64::from(i8::from_ne_bytes([c])),
                _ => i64::from(c),
            })
            .sum()
    };
    let claimed = i64::try_from(octal(header.get(148..156).unwrap_or_default())).unwrap_or(-1);
    claimed != 0 && (claimed == sum(false) || claimed == sum(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &[u8], kind: u8, size: usize) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..name.len()].copy_from_slice(name);
        header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        header[156] = kind;
        let sum: usize = header.iter().map(|&c| usize::from(c)).sum::<usize>() + 8 * 32;
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        header
    }

    #[test]
    fn archives_from_before_posix_are_told_by_their_check_sum() {
        let mut bytes = header(b"a.txt", b'0', 5);
        assert!(starts(&bytes) && size(&bytes) == 5);
        bytes[3] ^= 1;
        assert!(!starts(&bytes));
        assert!(!starts(&[0; 512]) && !starts(b"short"));
    }
}
