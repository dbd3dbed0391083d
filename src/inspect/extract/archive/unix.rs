//! The two plain archives of Unix: `ar` (libraries, Debian packages) and `cpio` (RPM's inside, kernels' first disks).
//!
//! In: the archive's bytes. Out: each file as a part, its name as text, what stands between and behind as parts.
//! Structure, which is passed over: the headers' numbers, padding.
//! Deliberately absent: cpio's binary headers of before 1990.

use crate::inspect::Reason;
use crate::inspect::extract::archive::{self, name_of};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;

pub(crate) const AR: &[u8] = b"!<arch>\n";

/// The two text headers of cpio, and the one with a check sum.
pub(crate) const CPIO: [&[u8]; 3] = [b"070701", b"070702", b"070707"];

/// One file of an archive.
struct File<'a> {
    name: &'a [u8],
    data: &'a [u8],
    /// Whether the archive ends inside of it.
    is_cut: bool,
    /// Where the next one starts.
    next: usize,
}

/// Reads an `ar` archive.
pub(crate) fn read_ar(reading: &mut Reading<'_>, part: &Part<'_>) {
    // GNU keeps long names in a file of their own.
    let mut names: &[u8] = b"";
    walk(reading, part, AR.len(), |bytes, at| {
        let head = bytes.get(at..)?.get(..60).filter(|head| head.ends_with(b"`\n"))?;
        let size = decimal(head.get(48..58)?)?;
        let rest = bytes.get(at + 60..).unwrap_or_default();
        let mut data = rest.get(..size).unwrap_or(rest);
        let is_cut = data.len() < size;
        let mut name = trimmed(head.get(..16)?);
        if name == b"//" {
            names = data;
        } else if let Some(at) = name.strip_prefix(b"/").and_then(decimal) {
            name = names.get(at..).and_then(|rest| rest.split(|&c| c == b'\n').next()).unwrap_or(name);
        } else if let Some(length) = name.strip_prefix(b"#1/").and_then(decimal) {
            (name, data) = data.split_at_checked(length)?;
        }
        let name = name.strip_suffix(b"/").filter(|name| !name.is_empty() && *name != b"/").unwrap_or(name);
        Some(File { name, data, is_cut, next: at + 60 + size + size % 2 })
    });
}

/// Reads a `cpio` archive.
pub(crate) fn read_cpio(reading: &mut Reading<'_>, part: &Part<'_>) {
    walk(reading, part, 0, |bytes, at| {
        let head = bytes.get(at..)?;
        let is_old = head.starts_with(CPIO[2]);
        let number = |from: usize, length: usize, radix: u32| {
            usize::from_str_radix(std::str::from_utf8(head.get(from..)?.get(..length)?).ok()?, radix).ok()
        };
        let (fixed, name_length, size) = match is_old {
            true => (76, number(59, 6, 8)?, number(65, 11, 8)?),
            false if CPIO.iter().any(|magic| head.starts_with(magic)) => (110, number(94, 8, 16)?, number(54, 8, 16)?),
            false => return None,
        };
        let padded = |length: usize| if is_old { length } else { length.next_multiple_of(4) };
        let name = head.get(fixed..)?.get(..name_length)?.split(|&c| c == 0).next()?;
        let start = padded(fixed + name_length);
        let rest = head.get(start..).unwrap_or_default();
        let data = rest.get(..size).unwrap_or(rest);
        (name != b"TRAILER!!!").then_some(File {
            name,
            data,
            is_cut: data.len() < size,
            next: at + start + padded(size),
        })
    });
}

fn walk<'a>(
    reading: &mut Reading<'_>,
    part: &Part<'a>,
    start: usize,
    mut next: impl FnMut(&'a [u8], usize) -> Option<File<'a>>,
) {
    let mut spans = Spans::default();
    spans.claim(0, start);
    let mut at = start;
    let mut whole = true;
    while let Some(file) = next(part.bytes, at) {
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        let name = name_of(file.name);
        let place = part.place.inside(&name);
        reading.text(&place, &name);
        if file.is_cut {
            whole = false;
            reading.unread(&place, Reason::Damaged);
        }
        if !file.data.is_empty() {
            if reading.charge(file.data.len() as u64) {
                archive::read_entry(reading, part, &name, file.data);
            } else {
                reading.unread(&place, Reason::Limit);
            }
        }
        spans.claim(at, file.next - at);
        at = file.next;
    }
    if whole {
        reading.done(part.place);
    } else {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.leftovers(part, &spans);
}

fn trimmed(field: &[u8]) -> &[u8] {
    field.trim_ascii()
}

fn decimal(field: &[u8]) -> Option<usize> {
    std::str::from_utf8(trimmed(field)).ok()?.parse().ok()
}
