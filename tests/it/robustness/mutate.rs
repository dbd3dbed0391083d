//! A seeded mutator: bit flips, cuts, splices, lengths that lie; and the same inside the entries of a zip, which is then
//! put together again so that the damage reaches the reader of the part.
//!
//! In: bytes, other files to splice from, random numbers. Out: damaged bytes. Deliberately absent: any knowledge of a
//! format but zip.

use super::Seed;
use crate::generators::Random;
use crate::generators::zipped::{self, Entry};

/// Numbers that lengths and counts are unhappy with.
const NUMBERS: [u32; 8] = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff];

pub(super) fn mutate(bytes: &[u8], seeds: &[Seed], random: &mut Random) -> Vec<u8> {
    let entries = entries(bytes);
    if !entries.is_empty() && random.below(3) > 0 {
        return inside(entries, seeds, random);
    }
    let mut out = bytes.to_vec();
    for _ in 0..=random.below(4) {
        damage(&mut out, seeds, random);
    }
    out
}

/// Damages one or two entries and packs them again, with checksums that are right.
fn inside(mut entries: Vec<(String, Vec<u8>)>, seeds: &[Seed], random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(2) {
        let at = random.below(entries.len());
        for _ in 0..=random.below(4) {
            damage(&mut entries[at].1, seeds, random);
        }
    }
    let entries: Vec<Entry> = entries.iter().map(|(name, content)| zipped::entry(name, content)).collect();
    zipped::archive(&entries)
}

/// The stored entries of a zip as our own writer makes it: header after header from the front.
fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut rest) = (Vec::new(), bytes);
    while let Some(header) = rest.strip_prefix(b"PK\x03\x04") {
        let half = |at: usize| header.get(at..at + 2).map_or(0, |two| usize::from(two[0]) | usize::from(two[1]) << 8);
        let (flags, method) = (half(2), half(4));
        let (size, name, extra) = (half(14) | half(16) << 16, half(22), half(24));
        let data = 26 + name + extra;
        let (Some(content), true) = (header.get(data..data.saturating_add(size)), method == 0 && flags & 9 == 0) else {
            return Vec::new();
        };
        found.push((String::from_utf8_lossy(&header[26..26 + name]).into_owned(), content.to_vec()));
        rest = &header[data + size..];
    }
    found
}

fn damage(bytes: &mut Vec<u8>, seeds: &[Seed], random: &mut Random) {
    let length = bytes.len();
    let at = random.below(length);
    match random.below(9) {
        0 | 1 if length > 0 => bytes[at] ^= 1 << random.below(8),
        2 if length > 0 => bytes[at] = u8::try_from(random.below(256)).unwrap(),
        3 if length > 4 => {
            let number = NUMBERS[random.below(NUMBERS.len())];
            let number = if random.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
            let width = [1, 2, 4][random.below(3)];
            let at = at.min(length - 4);
            bytes[at..at + width].copy_from_slice(&number[..width]);
        }
        4 => bytes.truncate(at),
        5 => {
            let end = (at + random.below(200)).min(length);
            bytes.drain(at.min(end)..end);
        }
        6 => {
            let end = (at + random.below(200)).min(length);
            let block = bytes[at.min(end)..end].repeat(1 + random.below(20));
            bytes.splice(at..at, block);
        }
        7 => {
            let other = &seeds[random.below(seeds.len())].bytes;
            let start = random.below(other.len());
            let end = (start + random.below(400)).min(other.len());
            let replaced = (at + random.below(400)).min(length);
            bytes.splice(at.min(replaced)..replaced, other[start..end].iter().copied());
        }
        _ => digits(bytes, random),
    }
}

/// Makes a number that stands in the text another one: lengths, counts, references.
fn digits(bytes: &mut Vec<u8>, random: &mut Random) {
    const TEXTS: [&str; 6] = ["0", "-1", "4294967295", "99999999999999999999", "1e308", "65536"];
    let runs: Vec<usize> = (0..bytes.len())
        .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !bytes[at - 1].is_ascii_digit()))
        .collect();
    if let Some(&start) = runs.get(random.below(runs.len())) {
        let end = bytes[start..].iter().position(|byte| !byte.is_ascii_digit()).map_or(bytes.len(), |at| start + at);
        bytes.splice(start..end, TEXTS[random.below(TEXTS.len())].bytes());
    }
}
