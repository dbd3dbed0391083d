//! ISO-2022-JP, with everything that has ever been put into it.
//!
//! In: bytes. Out: text. JIS X 0208 with NEC's and IBM's characters, JIS X 0212, JIS X 0213 (both planes, from a table,
//! since encoding_rs has none), half-width kana in all three ways, the Chinese and Korean sets of ISO-2022-JP-2.
//! Deliberately absent: the upper halves of ISO-8859-1 and -7 in ISO-2022-JP-2.

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS};

/// Whether an escape sequence of ISO-2022-JP is in there.
pub(crate) fn is_escaped(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0x1b, bytes).any(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        [&b"$B"[..], b"$@", b"$(", b"(I", b"(J"].iter().any(|escape| rest.starts_with(escape))
    })
}

/// JIS X 0213 beyond CP932: a line a row, the cells behind tabs. Made from the mapping of the standard.
static X0213: LazyLock<HashMap<[u8; 3], &'static str>> = LazyLock::new(|| {
    let mut cells = HashMap::new();
    for line in include_str!("jisx0213.tsv").lines() {
        let Some((head, row)) = line.split_once('\t') else { continue };
        let Some((plane, number)) = head.split_once('-') else { continue };
        let (Ok(plane), Ok(number)) = (plane.parse::<u8>(), number.parse::<u8>()) else { continue };
        let filled = (1u8..).zip(row.split('\t')).filter(|(_, text)| !text.is_empty());
        cells.extend(filled.map(|(cell, text)| ([plane, number, cell], text)));
    }
    cells
});

/// ISO-2022-JP and everything that travels under its name: CP50220/1/2, -1, -3, -2004.
///
/// Rows of JIS X 0208 are turned into Shift_JIS and decoded there, which brings NEC row 13 and the NEC-selected IBM
/// characters along (CP50221); X 0212 goes the same way through EUC-JP.
pub(crate) struct Jis {
    text: String,
    /// Characters in Shift_JIS that wait for being decoded.
    pending: Vec<u8>,
    set: Set,
    /// SO was seen: half-width kana until SI (CP50222).
    shifted: bool,
}

/// The character set that an escape sequence called up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    HalfwidthKana,
    X0208,
    X0212,
    /// A plane of JIS X 0213.
    X0213(u8),
    /// A set of another country, which has the same rows in its own encoding.
    Foreign(&'static Encoding),
    /// A double-byte set we have no table for.
    Unknown,
}

impl Jis {
    /// Decodes all of it.
    pub(crate) fn decode(bytes: &[u8]) -> String {
        let mut jis =
            Self { text: String::with_capacity(bytes.len()), pending: Vec::new(), set: Set::Ascii, shifted: false };
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = jis.step(rest);
        }
        jis.flush();
        jis.text
    }

    /// Takes one character or one escape sequence off the front.
    fn step<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let (taken, double) = match *rest {
            [0x1b, ..] => (self.escape(rest), false),
            [0x0e, ..] => (self.shift(true), false),
            [0x0f, ..] => (self.shift(false), false),
            [c @ (b'\r' | b'\n'), ..] => (self.line_end(c), false),
            [c, ..] if self.shifted || self.set == Set::HalfwidthKana => (self.single(c | 0x80), false),
            [a, b, ..] if self.set != Set::Ascii && in_row(a) && in_row(b) => (2, true),
            [c, ..] => (self.single(c), false),
            [] => (1, false),
        };
        if let (true, [a, b, ..]) = (double, rest) {
            self.pair(a & 0x7f, b & 0x7f);
        }
        rest.get(taken..).unwrap_or_default()
    }

    /// Returns how many bytes the escape sequence has; an unknown escape is passed over alone.
    fn escape(&mut self, rest: &[u8]) -> usize {
        let (length, set) = match rest {
            [_, b'(', b'B' | b'J' | b'H', ..] => (3, Set::Ascii),
            [_, b'(', b'I', ..] => (3, Set::HalfwidthKana),
            [_, b'$', b'B' | b'@', ..] => (3, Set::X0208),
            [_, b'$', b'A', ..] => (3, Set::Foreign(GBK)),
            [_, b'$', b'(', b'B' | b'@', ..] => (4, Set::X0208),
            [_, b'$', b'(', b'Q' | b'O', ..] => (4, Set::X0213(1)),
            [_, b'$', b'(', b'P', ..] => (4, Set::X0213(2)),
            [_, b'$', b'(', b'A', ..] => (4, Set::Foreign(GBK)),
            [_, b'$', b'(', b'C', ..] => (4, Set::Foreign(EUC_KR)),
            [_, b'$', b'(', b'D', ..] => (4, Set::X0212),
            [_, b'$', b'(', _, ..] => (4, Set::Unknown),
            _ => return 1,
        };
        self.set = set;
        length
    }

    fn shift(&mut self, on: bool) -> usize {
        self.shifted = on;
        1
    }

    /// A line end resets everything (RFC 1468), whether the mailer wrote the escape or not.
    fn line_end(&mut self, c: u8) -> usize {
        self.pending.push(c);
        if c == b'\n' {
            (self.set, self.shifted) = (Set::Ascii, false);
        }
        1
    }

    /// ASCII, or an 8-bit half-width kana, which is the same byte in Shift_JIS.
    fn single(&mut self, c: u8) -> usize {
        if c < 0x80 || (0xa1..=0xdf).contains(&c) {
            self.pending.push(c);
        } else {
            self.unknown();
        }
        1
    }

    fn pair(&mut self, a: u8, b: u8) {
        match self.set {
            Set::X0212 => {
                self.flush();
                self.text.push_str(&EUC_JP.decode_without_bom_handling(&[0x8f, a | 0x80, b | 0x80]).0);
            }
            Set::X0213(plane) => match X0213.get(&[plane, a - 0x20, b - 0x20]) {
                Some(text) => {
                    self.flush();
                    self.text.push_str(text);
                }
                None if plane == 1 => self.pending.extend(shift_jis(a, b)),
                None => self.unknown(),
            },
            Set::Foreign(encoding) => {
                self.flush();
                self.text.push_str(&encoding.decode_without_bom_handling(&[a | 0x80, b | 0x80]).0);
            }
            Set::Unknown => self.unknown(),
            Set::X0208 | Set::Ascii | Set::HalfwidthKana => self.pending.extend(shift_jis(a, b)),
        }
    }

    fn unknown(&mut self) {
        self.flush();
        self.text.push('\u{fffd}');
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.text.push_str(&SHIFT_JIS.decode_without_bom_handling(&self.pending).0);
            self.pending.clear();
        }
    }
}

/// Whether a byte, its high bit aside, can be half of a double-byte character.
fn in_row(c: u8) -> bool {
    (0x21..=0x7e).contains(&(c & 0x7f))
}

/// JIS row and cell (0x21–0x7e each) as Shift_JIS: two rows share one lead byte.
fn shift_jis(a: u8, b: u8) -> [u8; 2] {
    let lead = (a - 0x21) / 2 + 0x81;
    let lead = if lead > 0x9f { lead + 0x40 } else { lead };
    let trail = match (a % 2, b + 0x1f) {
        (1, trail) if trail >= 0x7f => trail + 1,
        (1, trail) => trail,
        (_, _) => b + 0x7e,
    };
    [lead, trail]
}
