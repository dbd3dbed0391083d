//! The two headers that a zip entry has, and the extra fields in them.
//!
//! In: an archive's bytes and where a header stands. Out: what it says, with the sizes of Zip64, the name of Info-ZIP's
//! Unicode path, and those extra fields that are more than structure. Deliberately absent: belief in any of it.

use crate::inspect::extract::archive::zip::entry::Packed;
use crate::inspect::extract::archive::{name_of, number};

pub(super) const LOCAL: &[u8] = b"PK\x03\x04";
pub(super) const CENTRAL: &[u8] = b"PK\x01\x02";

pub(super) const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;

/// An extra field of this length may hold something: a name, or a file.
const ASIDE: usize = 8;

pub(super) const ENCRYPTED: u16 = 1;

/// What both kinds of header say.
pub(super) struct Header<'a> {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) crc: u32,
    pub(super) packed: usize,
    pub(super) size: usize,
    pub(super) raw_name: &'a [u8],
    pub(super) extra: &'a [u8],
    pub(super) comment: &'a [u8],
    /// Where the local header stands, says the central one.
    pub(super) offset: usize,
    /// Where this header ends.
    pub(super) end: usize,
}

impl<'a> Header<'a> {
    pub(super) fn central(bytes: &'a [u8], at: usize) -> Option<Self> {
        let fixed = bytes.get(at..at.checked_add(CENTRAL_LENGTH)?).filter(|fixed| fixed.starts_with(CENTRAL))?;
        let name_end = at + CENTRAL_LENGTH + number(fixed, 28, 2);
        let extra_end = name_end + number(fixed, 30, 2);
        let end = extra_end + number(fixed, 32, 2);
        let mut header = Self {
            flags: short(fixed, 8),
            method: short(fixed, 10),
            time: short(fixed, 12),
            crc: u32::try_from(number(fixed, 16, 4)).unwrap_or_default(),
            packed: number(fixed, 20, 4),
            size: number(fixed, 24, 4),
            raw_name: bytes.get(at + CENTRAL_LENGTH..name_end)?,
            extra: bytes.get(name_end..extra_end)?,
            comment: bytes.get(extra_end..end)?,
            offset: number(fixed, 42, 4),
            end,
        };
        header.widen();
        Some(header)
    }

    pub(super) fn local(bytes: &'a [u8], at: usize) -> Option<Self> {
        let fixed = bytes.get(at..at.checked_add(LOCAL_LENGTH)?).filter(|fixed| fixed.starts_with(LOCAL))?;
        let name_end = at + LOCAL_LENGTH + number(fixed, 26, 2);
        let end = name_end + number(fixed, 28, 2);
        let mut header = Self {
            flags: short(fixed, 6),
            method: short(fixed, 8),
            time: short(fixed, 10),
            crc: u32::try_from(number(fixed, 14, 4)).unwrap_or_default(),
            packed: number(fixed, 18, 4),
            size: number(fixed, 22, 4),
            raw_name: bytes.get(at + LOCAL_LENGTH..name_end)?,
            extra: bytes.get(name_end..end)?,
            comment: b"",
            offset: at,
            end,
        };
        header.widen();
        Some(header)
    }

    /// Zip64 keeps what does not fit in an extra field, in this order.
    fn widen(&mut self) {
        let Some(wide) = fields(self.extra).find(|field| field.id == 1).map(|field| field.data) else { return };
        let mut at = 0;
        for value in [&mut self.size, &mut self.packed, &mut self.offset] {
            if *value == 0xffff_ffff && wide.len() >= at + 8 {
                *value = number(wide, at, 8);
                at += 8;
            }
        }
    }

    /// Its name, and the others that it has.
    pub(super) fn name(&self) -> (String, Vec<String>) {
        let raw = name_of(self.raw_name);
        // Info-ZIP's Unicode path: a version and a check sum stand before it.
        let wide = fields(self.extra).find(|field| field.id == 0x7075).and_then(|field| field.data.get(5..));
        match wide.map(name_of).filter(|wide| *wide != raw && !wide.is_empty()) {
            Some(wide) => (wide, vec![raw]),
            None => (raw, Vec::new()),
        }
    }

    pub(super) fn asides(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        fields(self.extra).filter(|field| !field.is_structure()).map(|field| field.data)
    }

    /// A local header's version and method exist: its first four bytes occur in programs and data.
    pub(super) fn is_plausible(&self, bytes: &[u8], at: usize) -> bool {
        let version = bytes.get(at + 4).copied().unwrap_or(u8::MAX);
        version <= 90 && (self.method <= 20 || (93..=99).contains(&self.method)) && !self.raw_name.is_empty()
    }

    pub(super) fn packed(&self, data: &'a [u8], crc: Option<u32>) -> Packed<'a> {
        let aes = fields(self.extra).find(|field| field.id == 0x9901).map(|field| field.data).unwrap_or_default();
        Packed {
            method: self.method,
            flags: self.flags,
            time: self.time,
            crc,
            size: self.size,
            aes,
            data,
            is_encrypted: self.flags & ENCRYPTED != 0,
        }
    }
}

struct Field<'a> {
    id: usize,
    data: &'a [u8],
}

impl Field<'_> {
    /// Times, owners, sizes, alignment. Longer than these are, it is something else under a known number.
    fn is_structure(&self) -> bool {
        let known = match self.id {
            0x0001 | 0x5455 | 0x5855 | 0x7855 | 0x7875 | 0x9901 => 32,
            0x000a => 36,
            0x7075 => usize::MAX,
            _ => ASIDE - 1,
        };
        self.data.len() <= known || self.data.iter().all(|&c| c == 0)
    }
}

/// The fields of an extra field; what is left at its end is one as well.
fn fields(extra: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = extra;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let whole = rest.get(4..).and_then(|data| data.get(..number(rest, 2, 2)));
        let field = match whole {
            Some(data) => Field { id: number(rest, 0, 2), data },
            None => Field { id: usize::MAX, data: rest },
        };
        rest = if whole.is_some() { rest.get(4 + field.data.len()..).unwrap_or_default() } else { b"" };
        Some(field)
    })
}

pub(super) fn starts_with(bytes: &[u8], at: usize, magic: &[u8]) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::try_from(number(bytes, at, 2)).unwrap_or_default()
}
