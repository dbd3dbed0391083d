//! What stands in a picture beside its pixels: captions, comments, camera data, and whatever follows its end.
//!
//! In: a picture's bytes. Out: packed texts unpacked; every other stretch that is neither pixels nor a number about them
//! as leftovers, read like any bytes. The pixels are `uninspected: image`, which `image` says; a thumbnail counts as
//! pixels. Structure, which is passed over: headers of chunks and segments, palettes, checksums, tables of the
//! compression. Deliberately absent: what the tags of camera data mean.

use std::io::Read as _;

use memchr::memmem;

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;

/// How much one packed text may unpack to.
const TEXT: u64 = 1 << 20;

/// Chunks of PNG that hold pixels or numbers.
const OF_PIXELS: [&[u8]; 17] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"hIST", b"tIME", b"bKGD",
    b"sBIT", b"acTL", b"fcTL", b"fdAT", b"cICP",
];

/// Reads what is beside the pixels.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let bytes = part.bytes;
    let mut spans = Spans::default();
    let whole = match bytes {
        [0x89, b'P', ..] => png(reading, part, &mut spans),
        [0xff, 0xd8, ..] => jpeg(bytes, &mut spans),
        [b'G', b'I', b'F', ..] => gif(reading, part, &mut spans),
        [b'R', b'I', b'F', b'F', ..] => webp(bytes, &mut spans),
        [b'B', b'M', ..] => bitmap(bytes, &mut spans),
        [b'I', b'I', ..] | [b'M', b'M', ..] => tiff(bytes, &mut spans),
        // Records of drawing, some of them text.
        [0xd7, 0xcd, ..] | [1, 0, 0, 0, ..] => Some(()),
        _ => return,
    };
    // What comes after the place where its structure breaks off may still be pixels.
    if whole.is_some() {
        reading.leftovers(part, &spans);
    } else {
        let last = spans.end();
        spans.claim(last, bytes.len());
        reading.leftovers(part, &spans);
    }
}

fn be(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?)).ok()
}

fn le(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?)).ok()
}

/// Chunk after chunk up to the last.
fn png(reading: &mut Reading<'_>, part: &Part<'_>, spans: &mut Spans) -> Option<()> {
    let bytes = part.bytes;
    spans.claim(0, 8);
    let mut at = 8usize;
    loop {
        let length = be(bytes, at)?;
        let kind = bytes.get(at + 4..at + 8)?;
        let data = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        spans.claim(at, 8);
        spans.claim(at + 8 + length, 4);
        // A key, its end, and what is packed: with a byte before that says how, or with two languages between.
        let key = memchr::memchr(0, data).unwrap_or(data.len());
        let packed = match kind {
            b"zTXt" | b"iCCP" => data.get(key + 2..),
            b"iTXt" if data.get(key + 1) == Some(&1) => data.get(key + 3..).and_then(behind_two_ends),
            _ => None,
        };
        if let Some(packed) = packed {
            let place = part.place.inside("caption");
            let text = inflated(packed);
            if text.len() as u64 > TEXT || !reading.charge(text.len() as u64) {
                reading.unread(&place, Reason::Limit);
            }
            reading.aside(part, &[data.get(..key).unwrap_or_default(), b"\n", &text].concat(), &place);
            spans.claim(at + 8, length);
        } else if OF_PIXELS.contains(&kind) {
            spans.claim(at + 8, length);
        }
        at = at.checked_add(length)?.checked_add(12)?;
        if kind == b"IEND" {
            return Some(());
        }
    }
}

fn behind_two_ends(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.get(memchr::memchr(0, bytes)? + 1..)?;
    rest.get(memchr::memchr(0, rest)? + 1..)
}

fn inflated(packed: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    // What was unpacked before an error counts.
    let _ = flate2::read::ZlibDecoder::new(packed).take(TEXT + 1).read_to_end(&mut text);
    text
}

/// Segment after segment; pixels follow the start of a scan, up to the next marker that is no restart.
fn jpeg(bytes: &[u8], spans: &mut Spans) -> Option<()> {
    spans.claim(0, 2);
    let mut at = 2usize;
    loop {
        if bytes.get(at)? != &0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xd9 => {
                spans.claim(at, 2);
                return Some(());
            }
            // Filling, and markers without a length.
            0xff => at += 1,
            1 | 0xd0..=0xd7 => at += 2,
            _ => {
                let length = usize::from(u16::from_be_bytes(*bytes.get(at + 2..)?.first_chunk::<2>()?)).max(2);
                let data = bytes.get(at + 4..at + 2 + length)?;
                spans.claim(at, 4);
                // Frames, tables, restarts, and what every program writes about itself.
                let of_pixels = matches!(marker, 0xc0..=0xcf | 0xda..=0xdf) || data.starts_with(b"JFIF\0");
                if of_pixels || data.starts_with(b"Adobe\0") {
                    spans.claim(at + 4, data.len());
                } else if let Some(thumbnail) = memmem::find(data, b"\xff\xd8\xff") {
                    let end = memmem::rfind(data, b"\xff\xd9").map_or(data.len(), |end| end + 2);
                    spans.claim(at + 4 + thumbnail, end.saturating_sub(thumbnail));
                }
                at += 2 + length;
                if marker == 0xda {
                    let scan = bytes.get(at..)?;
                    let next = memchr::memchr_iter(0xff, scan)
                        .find(|&next| scan.get(next + 1).is_some_and(|c| !matches!(c, 0 | 0xd0..=0xd7 | 0xff)))?;
                    spans.claim(at, next);
                    at += next;
                }
            }
        }
    }
}

/// Block after block; texts are cut into pieces of at most 255 bytes.
fn gif(reading: &mut Reading<'_>, part: &Part<'_>, spans: &mut Spans) -> Option<()> {
    let bytes = part.bytes;
    let palette = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3usize << ((flags & 7) + 1) };
    let mut at = 13 + palette(*bytes.get(10)?);
    spans.claim(0, at);
    loop {
        let start = at;
        let (kind, label) = (*bytes.get(at)?, bytes.get(at + 1).copied().unwrap_or_default());
        at += match kind {
            b'\x3b' => {
                spans.claim(at, 1);
                return Some(());
            }
            b'\x2c' => 11 + palette(*bytes.get(at + 9)?),
            b'\x21' => 2,
            _ => return None,
        };
        let mut text = Vec::new();
        loop {
            let length = usize::from(*bytes.get(at)?);
            text.extend_from_slice(bytes.get(at + 1..at + 1 + length)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
        // An extension that is neither a delay nor a number of rounds says something.
        if kind == b'\x21' && label != 0xf9 && !text.starts_with(b"NETSCAPE2.0") {
            reading.aside(part, &text, &part.place.inside("caption"));
        }
        spans.claim(start, at - start);
    }
}

fn webp(bytes: &[u8], spans: &mut Spans) -> Option<()> {
    let end = le(bytes, 4)?.checked_add(8)?.min(bytes.len());
    spans.claim(0, 12);
    let mut at = 12usize;
    while at < end {
        let length = le(bytes, at + 4)?;
        spans.claim(at, 8);
        if matches!(bytes.get(at..at + 4)?, b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" | b"ANIM" | b"ANMF") {
            spans.claim(at + 8, length);
        }
        at = at.checked_add(8)?.checked_add(length)?.checked_add(length % 2)?;
    }
    Some(())
}

/// As many pixels as its size says, and no more.
fn bitmap(bytes: &[u8], spans: &mut Spans) -> Option<()> {
    let (start, header) = (le(bytes, 10)?, le(bytes, 14)?);
    let depth = usize::from(*bytes.get(28)?);
    let (width, height) = (le(bytes, 18)?, i32::try_from(le(bytes, 22)?).unwrap_or(i32::MAX).unsigned_abs());
    let row = width.checked_mul(depth)?.div_ceil(32).checked_mul(4)?;
    let pixels = row.checked_mul(usize::try_from(height).ok()?)?;
    // Packed pixels have a length of their own.
    let packed = if bytes.get(30)? == &0 { 0 } else { le(bytes, 34)? };
    spans.claim(0, (14usize.checked_add(header)?).max(start));
    spans.claim(start, if packed > 0 { packed } else { pixels });
    Some(())
}

/// Directory after directory: numbers and strips are claimed, strings and what nobody points at are not.
fn tiff(bytes: &[u8], spans: &mut Spans) -> Option<()> {
    let is_big = bytes.starts_with(b"M");
    let word = |at: usize| if is_big { be(bytes, at) } else { le(bytes, at) };
    let half = |at: usize| {
        let two = *bytes.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(if is_big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }))
    };
    spans.claim(0, 8);
    let mut waiting = vec![word(4)?];
    // Directories may point at each other in circles.
    for _ in 0..64 {
        let Some(at) = waiting.pop().filter(|&at| at != 0) else { continue };
        let Some(count) = half(at) else { continue };
        spans.claim(at, 2 + 12 * count + 4);
        let (mut starts, mut lengths) = (Vec::new(), Vec::new());
        for entry in (0..count).filter_map(|number| at.checked_add(2 + 12 * number)) {
            let (Some(tag), Some(kind), Some(items)) = (half(entry), half(entry + 2), word(entry + 4)) else { break };
            let width = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                _ => 8,
            };
            let size = items.saturating_mul(width);
            let Some(value) = (if size <= 4 { Some(entry + 8) } else { word(entry + 8) }) else { break };
            let numbers = |most: usize| {
                (0..items.min(most)).map_while(|n| if width == 2 { half(value + 2 * n) } else { word(value + 4 * n) })
            };
            match tag {
                273 | 324 | 513 => starts.extend(numbers(100_000)),
                279 | 325 | 514 => lengths.extend(numbers(100_000)),
                330 | 34665 | 34853 | 40965 => waiting.extend(numbers(16)),
                _ => {}
            }
            if width > 1 {
                spans.claim(value, size);
            }
        }
        for (start, length) in starts.into_iter().zip(lengths) {
            spans.claim(start, length);
        }
        waiting.extend(word(at + 2 + 12 * count));
    }
    Some(())
}
