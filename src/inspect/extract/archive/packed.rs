//! Packed files: gzip, bzip2, xz, lzma, zstd, zlib. One file each, in as many pieces as it likes.
//!
//! In: the packed bytes. Out: the one file that all members, streams or frames make together, its name (which gzip keeps,
//! often in Shift_JIS), comments, extra and skippable fields as text, and whatever stands behind the last member.
//! Structure, which is passed over: the fixed part of the headers, check sums, zstd's seek tables.
//! Deliberately absent: `.Z` of compress, which is `unsupported`; dictionaries.

use std::cell::Cell;
use std::io::Read;

use bzip2::bufread::BzDecoder;
use flate2::Crc;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use lzma_rust2::{LzmaReader, XzReader};
use memchr::memchr;

use crate::inspect::Reason;
use crate::inspect::extract::archive::{self, Archive, Metered, Trial, name_of, number};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::mail::charset;

/// Dictionaries beyond this are refused, in KiB: they are allocated before anything is read.
const DICTIONARY: u32 = 128 << 10;

/// As [`DICTIONARY`], for zstd: a power of two.
const WINDOW_LOG: u32 = 27;

/// Members beyond this are left over.
const MEMBERS: usize = 100_000;

/// Reads a packed file.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, kind: Archive) {
    let consumed = Cell::default();
    let mut file = File { name: None, trial: Trial::new(reading.allowance()), consumed: &consumed };
    let mut spans = Spans::default();
    let mut at = 0;
    for _ in 0..MEMBERS {
        let rest = part.bytes.get(at..).unwrap_or_default();
        if !starts(kind, rest) || file.trial.failure.is_some() || reading.is_over() {
            break;
        }
        let length = match kind {
            Archive::Gzip => file.gzip(reading, part, rest),
            Archive::Bzip2 => file.bzip2(rest),
            Archive::Xz => file.xz(rest),
            Archive::Zstd => file.zstd(reading, part, rest),
            Archive::Zlib => file.run(rest, ZlibDecoder::new),
            _ => file.lzma(rest),
        };
        let length = length.clamp(1, rest.len());
        spans.claim(at, length);
        at += length;
        // xz pads its streams with zeros.
        if kind == Archive::Xz {
            at += part.bytes.get(at..).unwrap_or_default().iter().take_while(|&&c| c == 0).count();
        }
    }
    let name = file.name.clone().unwrap_or_else(|| inner_name(&part.place.path));
    let place = part.place.inside(&name);
    let is_whole = file.trial.failure.is_none();
    if let Some(content) = archive::settle(reading, &place, file.trial) {
        archive::read_entry(reading, part, &name, &content);
    }
    if is_whole {
        reading.leftovers(part, &spans);
        reading.done(part.place);
    }
}

fn starts(kind: Archive, bytes: &[u8]) -> bool {
    match kind {
        Archive::Gzip => bytes.starts_with(b"\x1f\x8b\x08"),
        Archive::Bzip2 => bytes.starts_with(b"BZh"),
        Archive::Xz => bytes.starts_with(b"\xfd7zXZ\0"),
        Archive::Zstd => bytes.starts_with(b"\x28\xb5\x2f\xfd") || is_skippable(bytes),
        Archive::Zlib => is_zlib(bytes),
        _ => is_lzma(bytes),
    }
}

/// Whether bytes are as the old lzma format starts, which has no magic number: usual properties, a dictionary of a
/// usual size, and a length that is unknown or could be one.
pub(crate) fn is_lzma(bytes: &[u8]) -> bool {
    let dictionary = number(bytes, 1, 4);
    let size = bytes.get(5..13).unwrap_or_default();
    let usual =
        dictionary.is_power_of_two() || (dictionary / 3 * 3 == dictionary && (dictionary / 3).is_power_of_two());
    bytes.first() == Some(&0x5d)
        && bytes.get(13) == Some(&0)
        && usual
        && dictionary >= 1 << 12
        && (size == [0xff; 8] || matches!(size, [_, _, _, _, _, 0, 0, 0]))
}

/// Whether bytes are packed as zlib does, which has two bytes of a head and no magic number: their beginning unpacks.
pub(crate) fn is_zlib(bytes: &[u8]) -> bool {
    /// So much of noise never unpacks.
    const ENOUGH: usize = 64;
    if !matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]) {
        return false;
    }
    let mut decoder = ZlibDecoder::new(bytes);
    let (mut start, mut length) = ([0; ENOUGH], 0);
    while let Some(rest) = start.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match decoder.read(rest) {
            Ok(0) => return length > 0,
            Ok(count) => length += count,
            Err(_) => return false,
        }
    }
    true
}

fn is_skippable(bytes: &[u8]) -> bool {
    matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The file's name without what packing put behind it.
fn inner_name(path: &str) -> String {
    let name = path.rsplit(" › ").next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, "tgz" | "tbz" | "tbz2" | "txz" | "tzst")) => format!("{stem}.tar"),
        Some((stem, "gz" | "bz2" | "xz" | "lzma" | "zst" | "GZ" | "BZ2" | "XZ")) if !stem.is_empty() => stem.to_owned(),
        _ => "content".to_owned(),
    }
}

struct File<'c> {
    name: Option<String>,
    trial: Trial,
    /// How much of the packed bytes was used, headers aside.
    consumed: &'c Cell<usize>,
}

impl<'c> File<'c> {
    /// Each of these unpacks one member and returns how long it is.
    fn gzip(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, bytes: &'c [u8]) -> usize {
        let flags = bytes.get(3).copied().unwrap_or_default();
        let mut at = 10;
        if flags & 4 != 0 {
            let length = number(bytes, at, 2);
            let extra = bytes.get(at + 2..).and_then(|rest| rest.get(..length)).unwrap_or_default();
            if !extra.is_empty() {
                reading.aside(part, extra, &part.place.inside("extra field"));
            }
            at += 2 + length;
        }
        let mut text = |wanted: u8| {
            let rest = bytes.get(at..).filter(|_| flags & wanted != 0)?;
            let end = memchr(0, rest).unwrap_or(rest.len());
            at += end + 1;
            rest.get(..end).filter(|text| !text.is_empty())
        };
        if let Some(raw) = text(8) {
            let name = name_of(raw);
            reading.text(&part.place.inside(&name), &name);
            self.name.get_or_insert(name);
        }
        if let Some(comment) = text(16) {
            reading.text(part.place, &charset::text(comment, None));
        }
        at += if flags & 2 != 0 { 2 } else { 0 };
        let start = self.trial.content.len();
        let packed = bytes.get(at..).unwrap_or_default();
        at += self.run(packed, DeflateDecoder::new);
        let mut crc = Crc::new();
        crc.update(self.trial.content.get(start..).unwrap_or_default());
        if bytes.get(at..).and_then(|rest| rest.get(..4)) != Some(&crc.sum().to_le_bytes()) {
            self.trial.failure.get_or_insert(Reason::Damaged);
        }
        at + 8
    }

    fn bzip2(&mut self, bytes: &'c [u8]) -> usize {
        self.run(bytes, BzDecoder::new)
    }

    fn xz(&mut self, bytes: &'c [u8]) -> usize {
        self.run(bytes, |source| XzReader::new_mem_limit(source, false, DICTIONARY))
    }

    fn lzma(&mut self, bytes: &'c [u8]) -> usize {
        let before = self.consumed.get();
        let source = Metered { bytes, consumed: self.consumed };
        match LzmaReader::new_mem_limit(source, DICTIONARY, None) {
            Ok(decoder) => self.trial.run(decoder, self.consumed),
            Err(_) => self.trial.failure = Some(Reason::Limit),
        }
        self.consumed.get() - before
    }

    fn zstd(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, bytes: &'c [u8]) -> usize {
        if is_skippable(bytes) {
            let length = number(bytes, 4, 4);
            let rest = bytes.get(8..).unwrap_or_default();
            let content = rest.get(..length).unwrap_or(rest);
            // A seek table says so at its end.
            if !content.ends_with(b"\xb1\xea\x92\x8f") && !content.is_empty() {
                reading.aside(part, content, &part.place.inside("skippable frame"));
            }
            return 8 + content.len();
        }
        let before = self.consumed.get();
        let source = Metered { bytes, consumed: self.consumed };
        let decoder = zstd::stream::read::Decoder::with_buffer(source).and_then(|decoder| {
            let mut decoder = decoder.single_frame();
            decoder.window_log_max(WINDOW_LOG)?;
            Ok(decoder)
        });
        match decoder {
            Ok(decoder) => self.trial.run(decoder, self.consumed),
            Err(_) => self.trial.failure = Some(Reason::Damaged),
        }
        self.consumed.get() - before
    }

    /// Unpacks with a decoder, and returns how many bytes it took.
    fn run<R: Read>(&mut self, bytes: &'c [u8], decoder: impl FnOnce(Metered<'c>) -> R) -> usize {
        let before = self.consumed.get();
        let source = Metered { bytes, consumed: self.consumed };
        self.trial.run(decoder(source), self.consumed);
        self.consumed.get() - before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_file_is_called_as_before() {
        for (packed, name) in [
            ("a.zip › t.tar.gz", "t.tar"),
            ("t.tgz", "t.tar"),
            ("名簿.csv.xz", "名簿.csv"),
            (".gz", "content"),
            ("a", "content"),
        ] {
            assert_eq!(inner_name(packed), name);
        }
    }

    #[test]
    fn what_zlib_packed_is_told_from_prose() {
        use std::io::Write as _;
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all("氏名：山田花子".repeat(20).as_bytes()).unwrap();
        let packed = writer.finish().unwrap();
        assert!(is_zlib(&packed) && is_zlib(&packed[..packed.len() - 4]));
        assert!(!is_zlib(b"x^2 + y^2 = z^2, as everybody knows since long ago"));
        assert!(!is_zlib(b"\x78\x9c\xff\xff\xff\xff"));
    }

    #[test]
    fn the_old_lzma_format_is_told_from_prose() {
        assert!(is_lzma(b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x17"));
        assert!(is_lzma(b"\x5d\0\0\x80\0\x20\0\0\0\0\0\0\0\0\x17"));
        assert!(!is_lzma(b"]\r\n[section]\r\nkey=1"));
        assert!(!is_lzma(b"\x5d"));
    }
}
