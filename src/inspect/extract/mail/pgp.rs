//! OpenPGP (RFC 4880, RFC 9580): packets, in the clear or in ASCII armour.
//!
//! In: a `.pgp` or `.gpg` file, told by its first packets, or what an armour held. Out: `encrypted` for what is
//! encrypted; messages that are only signed or compressed look just the same in their armour and are read. Structure:
//! keys and signatures; the names in a key are read as text. Deliberately absent: verifying and decrypting.

use bzip2::read::MultiBzDecoder;
use flate2::read::{DeflateDecoder, ZlibDecoder};

use crate::inspect::Reason;
use crate::inspect::extract::mail::unpack::unpack;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sweep;
use crate::mail::charset;

/// Keys and signatures are smaller; those of elliptic curves by far, post-quantum ones are not.
const LARGEST_STRUCTURE: usize = 64 << 10;

/// How often what was unpacked may be compressed again. Programs do it once.
const LEVELS: u32 = 4;

/// Whether bytes start with a packet that files start with.
pub(crate) fn is_packets(bytes: &[u8]) -> bool {
    let Some(packet) = Packet::first(bytes) else { return false };
    let body = packet.start(bytes);
    let follows = bytes.get(packet.end).is_none_or(|next| next & 0x80 != 0);
    // The version is a control character that no text has there.
    let fits = match packet.tag {
        PUBLIC_KEY_SESSION => matches!(body, [2 | 3 | 6, ..]),
        SIGNATURE => matches!(body, [3 | 4 | 6, ..]),
        PASSWORD_SESSION => matches!(body, [4..=6, ..]),
        ONE_PASS => matches!(body, [3 | 6, ..]),
        SECRET_KEY | PUBLIC_KEY => matches!(body, [3 | 4 | 6, ..]),
        COMPRESSED => matches!(body, [1..=3, ..]),
        PROTECTED | SEALED => matches!(body, [1 | 2, ..]),
        // Its format is a letter; then it must be all there is.
        LITERAL => matches!(body, [b'b' | b't' | b'u' | b'm', ..]) && packet.end == bytes.len(),
        _ => false,
    };
    fits && follows && !packet.cut
}

const PUBLIC_KEY_SESSION: u8 = 1;
const SIGNATURE: u8 = 2;
const PASSWORD_SESSION: u8 = 3;
const ONE_PASS: u8 = 4;
const SECRET_KEY: u8 = 5;
const PUBLIC_KEY: u8 = 6;
const SECRET_SUBKEY: u8 = 7;
const COMPRESSED: u8 = 8;
const ENCRYPTED: u8 = 9;
const MARKER: u8 = 10;
const LITERAL: u8 = 11;
const TRUST: u8 = 12;
const USER: u8 = 13;
const SUBKEY: u8 = 14;
const USER_ATTRIBUTE: u8 = 17;
const PROTECTED: u8 = 18;
const DIGEST: u8 = 19;
const SEALED: u8 = 20;
const PADDING: u8 = 21;

/// Reads packets to the end.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    packets(reading, part, 0);
    reading.done(part.place);
}

fn packets(reading: &mut Reading<'_>, part: &Part<'_>, level: u32) {
    let mut rest = part.bytes;
    while !rest.is_empty() {
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        let Some(packet) = Packet::first(rest) else {
            // What is behind the packets is none.
            let place = part.place.inside("end");
            reading.read(&part.inside(rest, &place));
            break;
        };
        let body = packet.body(rest);
        one(reading, part, packet.tag, &body, level);
        if packet.cut {
            reading.unread(part.place, Reason::Damaged);
        }
        rest = rest.get(packet.end..).unwrap_or_default();
    }
}

fn one(reading: &mut Reading<'_>, part: &Part<'_>, tag: u8, body: &[u8], level: u32) {
    match tag {
        ENCRYPTED | PROTECTED | SEALED => reading.unread(part.place, Reason::Encrypted),
        COMPRESSED => compressed(reading, part, body, level),
        LITERAL => literal(reading, part, body),
        USER => reading.text(part.place, &charset::text(body, None)),
        PUBLIC_KEY_SESSION | SIGNATURE | PASSWORD_SESSION | ONE_PASS | SECRET_KEY | PUBLIC_KEY | SECRET_SUBKEY
        | MARKER | TRUST | SUBKEY | DIGEST | PADDING
            if body.len() <= LARGEST_STRUCTURE => {}
        USER_ATTRIBUTE => reading.unread(&part.place.inside("photo"), Reason::Image),
        _ => sweep::read(reading, &part.inside(body, part.place)),
    }
}

fn compressed(reading: &mut Reading<'_>, part: &Part<'_>, body: &[u8], level: u32) {
    let Some((&algorithm, packed)) = body.split_first() else { return };
    let limit = reading.allowance();
    let unpacked = match algorithm {
        1 => unpack(DeflateDecoder::new(packed), limit),
        2 => unpack(ZlibDecoder::new(packed), limit),
        3 => unpack(MultiBzDecoder::new(packed), limit),
        _ => return reading.unread(part.place, Reason::Unsupported),
    };
    if let Some(reason) = unpacked.cut {
        reading.unread(part.place, reason);
    }
    if level >= LEVELS || !reading.charge(unpacked.bytes.len() as u64) {
        return reading.unread(part.place, Reason::Limit);
    }
    packets(reading, &part.inside(&unpacked.bytes, part.place), level + 1);
}

/// A file in the clear: format, name, date, content.
fn literal(reading: &mut Reading<'_>, part: &Part<'_>, body: &[u8]) {
    let name_length = usize::from(body.get(1).copied().unwrap_or_default());
    let name = body.get(2..2 + name_length).unwrap_or_default();
    let content = body.get(2 + name_length + 4..).unwrap_or_default();
    let name = charset::text(name, None);
    let place = if name.is_empty() { part.place.inside("content") } else { part.place.inside(&name) };
    reading.text(&place, &name);
    reading.read(&part.inside(content, &place));
}

/// One packet: its tag, and where the pieces of its body are.
struct Packet {
    tag: u8,
    pieces: Vec<std::ops::Range<usize>>,
    end: usize,
    /// Whether it was to be longer than there are bytes.
    cut: bool,
}

impl Packet {
    fn first(bytes: &[u8]) -> Option<Self> {
        let &first = bytes.first()?;
        let number = |from: usize, count: usize| {
            let digits = bytes.get(from..from + count)?;
            Some(digits.iter().fold(0usize, |sum, &c| sum << 8 | usize::from(c)))
        };
        if first & 0xc0 == 0x80 {
            let (head, length) = match first & 3 {
                0 => (2, number(1, 1)?),
                1 => (3, number(1, 2)?),
                2 => (5, number(1, 4)?),
                _ => (1, bytes.len().saturating_sub(1)),
            };
            let packet = Self { tag: first >> 2 & 0xf, pieces: Vec::new(), end: head, cut: false };
            return Some(packet.with(bytes, head, length));
        }
        if first & 0xc0 != 0xc0 {
            return None;
        }
        let mut packet = Self { tag: first & 0x3f, pieces: Vec::new(), end: 1, cut: false };
        loop {
            let at = packet.end;
            match number(at, 1) {
                Some(length @ 0..=191) => return Some(packet.with(bytes, at + 1, length)),
                Some(high @ 192..=223) => {
                    let length = ((high - 192) << 8) + number(at + 1, 1)? + 192;
                    return Some(packet.with(bytes, at + 2, length));
                }
                Some(255) => {
                    let length = number(at + 1, 4)?;
                    return Some(packet.with(bytes, at + 5, length));
                }
                // A piece of a power of two, and more behind it.
                Some(power) => packet = packet.with(bytes, at + 1, 1 << (power & 0x1f)),
                None if packet.pieces.is_empty() => return None,
                None => {
                    packet.cut = true;
                    return Some(packet);
                }
            }
        }
    }

    fn with(mut self, bytes: &[u8], start: usize, length: usize) -> Self {
        let wanted = start.saturating_add(length);
        self.end = wanted.min(bytes.len());
        self.cut |= wanted > self.end;
        self.pieces.push(start.min(self.end)..self.end);
        self
    }

    fn start<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.pieces.first().and_then(|piece| bytes.get(piece.clone())).unwrap_or_default()
    }

    fn body<'a>(&self, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        match self.pieces.as_slice() {
            [one] => bytes.get(one.clone()).unwrap_or_default().into(),
            pieces => pieces.iter().flat_map(|piece| bytes.get(piece.clone()).unwrap_or_default()).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_cut_in_either_format() {
        let old = Packet::first(b"\x84\x02\x03x\x99").unwrap();
        assert_eq!((old.tag, &*old.body(b"\x84\x02\x03x\x99"), old.end, old.cut), (1, &b"\x03x"[..], 4, false));
        // Two pieces of one byte and the last one.
        let new = Packet::first(b"\xd2\xe0\x01\xe0b\x02cd.").unwrap();
        assert_eq!((new.tag, &*new.body(b"\xd2\xe0\x01\xe0b\x02cd."), new.end), (18, &b"\x01bcd"[..], 8));
        assert!(Packet::first(b"\xd2\xff\xff\xff\xff\xff\x01").unwrap().cut);
        assert!(Packet::first(b"\xd2\xe0").unwrap().cut);
    }

    #[test]
    fn text_is_not_taken_for_packets() {
        for text in ["氏名：山田花子", "電話番号", "Ärger", ""] {
            assert!(!is_packets(text.as_bytes()), "{text}");
            assert!(!is_packets(&encoding_rs::SHIFT_JIS.encode(text).0), "{text}");
            assert!(!is_packets(&encoding_rs::EUC_JP.encode(text).0), "{text}");
        }
        assert!(is_packets(b"\x84\x02\x03x\xd2\x02\x01x"));
        assert!(!is_packets(b"\x84\x7f\x03x"));
    }
}
