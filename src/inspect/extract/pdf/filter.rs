//! A stream's filters → its bytes, never more of them than allowed.
//!
//! In: a stream. Out: what its filters unpack to, as far as they can be followed: a filter for pictures ends the way
//! and is named. The libraries unpack without a bound, and two filters in a row make a gigabyte of a kilobyte; so every
//! stream is unpacked here, or measured here before a library may have it. And what stands behind the end of packed data,
//! where no filter looks. Deliberately absent: pictures ([`super::picture`]), decryption (the library's, before this).

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};

use crate::inspect::Reason;

/// More filters than this on one stream are a trick.
const FILTERS: usize = 8;

/// What a stream unpacked to.
pub(super) struct Unpacked<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// Why it is not all of it.
    pub(super) flaw: Option<Reason>,
    /// The filter, mostly one for pictures, that was not applied.
    pub(super) left: Option<String>,
}

/// Unpacks a stream to at most `most` bytes.
pub(super) fn unpack<'a>(stream: &Stream<'a>, most: u64) -> Unpacked<'a> {
    let dict = stream.dict();
    let mut unpacked = Unpacked { bytes: stream.raw_data(), flaw: None, left: None };
    let filters = filters(dict);
    if filters.len() > FILTERS {
        unpacked.flaw = Some(Reason::Limit);
        return unpacked;
    }
    for (filter, params) in filters {
        let (bytes, flaw) = match filter.as_str() {
            "FlateDecode" | "Fl" => inflate(&unpacked.bytes, most),
            "LZWDecode" | "LZW" => lzw(&unpacked.bytes, params.get::<i32>("EarlyChange") != Some(0), most),
            "ASCII85Decode" | "A85" => (ascii85(&unpacked.bytes), None),
            "ASCIIHexDecode" | "AHx" => (ascii_hex(&unpacked.bytes), None),
            "RunLengthDecode" | "RL" => run_length(&unpacked.bytes, most),
            "Crypt" => continue,
            _ => {
                unpacked.left = Some(filter);
                return unpacked;
            }
        };
        unpacked.bytes = Cow::Owned(unpredicted(bytes, &params));
        unpacked.flaw = unpacked.flaw.or(flaw);
    }
    unpacked
}

/// What stands behind the end of a stream's packed data. Whoever asks pays from `left` for what it unpacks to; nothing is
/// known of a stream that is not covered.
pub(super) fn behind(stream: &Stream<'_>, left: &mut u64) -> Option<Vec<u8>> {
    let (mut bytes, mut rest) = (stream.raw_data(), Vec::new());
    for (filter, params) in filters(stream.dict()).into_iter().take(FILTERS) {
        let end = match filter.as_str() {
            "FlateDecode" | "Fl" => inflated(&bytes, left)?,
            "ASCII85Decode" | "A85" => memchr::memmem::find(&bytes, b"~>").map_or(bytes.len(), |end| end + 2),
            "ASCIIHexDecode" | "AHx" => memchr::memchr(b'>', &bytes).map_or(bytes.len(), |end| end + 1),
            "RunLengthDecode" | "RL" => runs(&bytes),
            _ => break,
        };
        rest.extend_from_slice(bytes.get(end..).unwrap_or_default());
        // A filter that nobody packs anything else into is the last one.
        let decoded = match filter.as_str() {
            "ASCII85Decode" | "A85" => ascii85(&bytes),
            "ASCIIHexDecode" | "AHx" => ascii_hex(&bytes),
            _ => break,
        };
        bytes = Cow::Owned(unpredicted(decoded, &params));
    }
    Some(rest)
}

/// Where deflated data ends; nothing if that is not covered.
fn inflated(bytes: &[u8], left: &mut u64) -> Option<usize> {
    let mut decoder = ZlibDecoder::new(bytes);
    let unpacked = std::io::copy(&mut (&mut decoder).take(left.saturating_add(1)), &mut std::io::sink());
    let mut end = usize::try_from(decoder.total_in()).unwrap_or(bytes.len());
    let mut written = decoder.total_out();
    if unpacked.is_err() && written == 0 {
        let mut decoder = DeflateDecoder::new(bytes);
        let _ = std::io::copy(&mut (&mut decoder).take(left.saturating_add(1)), &mut std::io::sink());
        (end, written) = (usize::try_from(decoder.total_in()).unwrap_or(bytes.len()), decoder.total_out());
    }
    *left = left.checked_sub(written)?;
    Some(end)
}

/// Where data of runs ends.
fn runs(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&length) = bytes.get(at) {
        at += match length {
            128 => return at + 1,
            0..=127 => usize::from(length) + 2,
            _ => 2,
        };
    }
    bytes.len()
}

/// The names of a stream's filters and the parameters of each.
fn filters<'a>(dict: &Dict<'a>) -> Vec<(String, Dict<'a>)> {
    let one = dict.get::<Name<'_>>("Filter").or_else(|| dict.get("F"));
    if let Some(name) = one {
        let params = dict.get("DecodeParms").or_else(|| dict.get("DP"));
        // A single filter may have its parameters in a list all the same.
        let listed = dict.get::<Array<'_>>("DecodeParms").and_then(|list| list.iter::<Dict<'_>>().next());
        return vec![(name.as_str().to_owned(), params.or(listed).unwrap_or_default())];
    }
    let Some(names) = dict.get::<Array<'_>>("Filter").or_else(|| dict.get("F")) else {
        return Vec::new();
    };
    let params = dict.get::<Array<'_>>("DecodeParms").or_else(|| dict.get("DP"));
    let mut params = params.map(|list| list.iter::<Object<'_>>());
    names
        .iter::<Name<'_>>()
        .take(FILTERS + 1)
        .map(|name| {
            let own = params.as_mut().and_then(Iterator::next).and_then(Object::into_dict);
            (name.as_str().to_owned(), own.unwrap_or_default())
        })
        .collect()
}

fn inflate(bytes: &[u8], most: u64) -> (Vec<u8>, Option<Reason>) {
    let mut out = Vec::new();
    let mut whole = ZlibDecoder::new(bytes).take(most.saturating_add(1)).read_to_end(&mut out).is_ok();
    if out.is_empty() && !whole {
        // Without its header, or with a wrong one.
        for start in [0, 2] {
            let rest = bytes.get(start..).unwrap_or_default();
            whole = DeflateDecoder::new(rest).take(most.saturating_add(1)).read_to_end(&mut out).is_ok();
            if !out.is_empty() {
                break;
            }
        }
    }
    cut(out, most, whole)
}

/// Cuts what is too long and says what is wrong with it.
fn cut(mut out: Vec<u8>, most: u64, whole: bool) -> (Vec<u8>, Option<Reason>) {
    if out.len() as u64 > most {
        out.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        return (out, Some(Reason::Limit));
    }
    (out, (!whole).then_some(Reason::Damaged))
}

/// LZW as in TIFF: codes of 9 to 12 bits, 256 clears the table, 257 ends.
fn lzw(bytes: &[u8], early: bool, most: u64) -> (Vec<u8>, Option<Reason>) {
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a stretch of what was written before.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut bits, mut held, mut width) = (0u32, 0u32, 9);
    let mut last: Option<(usize, usize)> = None;
    for &byte in bytes {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held) & ((1 << width) - 1);
        bits &= (1 << held) - 1;
        let start = out.len();
        match code {
            256 => {
                table.clear();
                (width, last) = (9, None);
                continue;
            }
            257 => return (out, None),
            0..=255 => out.push(u8::try_from(code).unwrap_or_default()),
            _ => {
                let entry = table.get(code as usize - 258).copied();
                // The code that is just being made: the last one and its own first byte.
                let (from, length) = match (entry, last) {
                    (Some(entry), _) => entry,
                    (None, Some((from, length))) if code as usize - 258 == table.len() => (from, length + 1),
                    _ => return (out, Some(Reason::Damaged)),
                };
                for at in from..from + length {
                    out.push(out.get(at).copied().unwrap_or_default());
                }
            }
        }
        if let Some((from, length)) = last
            && table.len() < 4096 - 258
        {
            table.push((from, length + 1));
        }
        last = Some((start, out.len() - start));
        if out.len() as u64 > most {
            return cut(out, most, true);
        }
        width = match table.len() + 258 + usize::from(early) + 1 {
            0..=512 => 9,
            513..=1024 => 10,
            1025..=2048 => 11,
            _ => 12,
        };
    }
    (out, None)
}

fn ascii85(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 5 * 4);
    let (mut group, mut held) = (0u64, 0);
    for &byte in bytes {
        match byte {
            b'~' => break,
            b'z' if held == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group * 85 + u64::from(byte - b'!');
                held += 1;
                if held == 5 {
                    out.extend(group.to_be_bytes().get(4..).unwrap_or_default());
                    (group, held) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if held > 1 {
        for _ in held..5 {
            group = group * 85 + 84;
        }
        out.extend(group.to_be_bytes().get(4..4 + held - 1).unwrap_or_default());
    }
    out
}

fn ascii_hex(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u32> =
        bytes.iter().take_while(|&&c| c != b'>').filter_map(|&c| char::from(c).to_digit(16)).collect();
    let byte = |pair: &[u32]| pair.iter().chain(&[0]).take(2).fold(0, |byte, digit| byte << 4 | digit);
    digits.chunks(2).map(|pair| u8::try_from(byte(pair)).unwrap_or_default()).collect()
}

fn run_length(mut bytes: &[u8], most: u64) -> (Vec<u8>, Option<Reason>) {
    let mut out = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let length = usize::from(length);
        if length == 128 {
            break;
        }
        if length < 128 {
            let copied = rest.get(..=length).unwrap_or(rest);
            out.extend_from_slice(copied);
            bytes = rest.get(copied.len()..).unwrap_or_default();
        } else {
            out.resize(out.len() + 257 - length, rest.first().copied().unwrap_or_default());
            bytes = rest.get(1..).unwrap_or_default();
        }
        if out.len() as u64 > most {
            break;
        }
    }
    cut(out, most, true)
}

/// Undoes what was done to rows so that they pack better.
fn unpredicted(bytes: Vec<u8>, params: &Dict<'_>) -> Vec<u8> {
    let number =
        |key: &str, otherwise: usize| params.get::<i32>(key).and_then(|n| usize::try_from(n).ok()).unwrap_or(otherwise);
    let predictor = number("Predictor", 1);
    let (colours, bits) = (number("Colors", 1).clamp(1, 32), number("BitsPerComponent", 8).clamp(1, 16));
    let pixel = (colours * bits).div_ceil(8);
    let row = (number("Columns", 1).min(1 << 24) * colours * bits).div_ceil(8).max(1);
    match predictor {
        2 if bits == 8 => {
            let mut bytes = bytes;
            for row in bytes.chunks_mut(row) {
                for at in pixel..row.len() {
                    let before = row.get(at - pixel).copied().unwrap_or_default();
                    if let Some(byte) = row.get_mut(at) {
                        *byte = byte.wrapping_add(before);
                    }
                }
            }
            bytes
        }
        10.. => png_rows(&bytes, row, pixel),
        _ => bytes,
    }
}

fn png_rows(bytes: &[u8], row: usize, pixel: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut above = vec![0u8; row];
    for line in bytes.chunks(row + 1) {
        let Some((&kind, line)) = line.split_first() else { break };
        let mut here = vec![0u8; row];
        for (at, &byte) in line.iter().enumerate() {
            let left = at.checked_sub(pixel).and_then(|at| here.get(at)).copied().unwrap_or_default();
            let up = above.get(at).copied().unwrap_or_default();
            let corner = at.checked_sub(pixel).and_then(|at| above.get(at)).copied().unwrap_or_default();
            let guess = match kind {
                1 => left,
                2 => up,
                3 => u8::try_from(u16::midpoint(left.into(), up.into())).unwrap_or_default(),
                4 => paeth(left, up, corner),
                _ => 0,
            };
            if let Some(place) = here.get_mut(at) {
                *place = byte.wrapping_add(guess);
            }
        }
        here.truncate(line.len());
        out.extend_from_slice(&here);
        here.resize(row, 0);
        above = here;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |value: u8| (guess - i16::from(value)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use hayro_syntax::object::FromBytes;

    use super::*;

    fn unpacked(source: &[u8], most: u64) -> (Vec<u8>, Option<Reason>) {
        let stream = Stream::from_bytes(source).unwrap();
        let unpacked = unpack(&stream, most);
        (unpacked.bytes.into_owned(), unpacked.flaw)
    }

    #[test]
    fn text_filters_in_a_row() {
        let source =
            b"<</Length 23/Filter[/ASCIIHexDecode/ASCII85Decode]>>stream\n38 37 63 55 52 44 5D 69 7E 3E>\nendstream";
        assert_eq!(unpacked(source, 100).0, b"Hello ");
    }

    #[test]
    fn the_example_of_the_specification_for_lzw() {
        // ISO 32000-1, 7.4.4.2, example 1.
        let codes = [0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01];
        assert_eq!(lzw(&codes, true, 100).0, [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
        assert_eq!(lzw(&codes, true, 4), (vec![45; 4], Some(Reason::Limit)));
    }

    #[test]
    fn runs_and_rows() {
        assert_eq!(run_length(&[2, b'a', b'b', b'c', 254, b'x', 128, b'y'], 100).0, b"abcxxx");
        assert_eq!(png_rows(&[1, 1, 1, 1, 2, 1, 1, 1], 3, 1), [1, 2, 3, 2, 3, 4]);
    }

    #[test]
    fn what_stands_behind_packed_data_is_found() {
        use std::io::Write as _;
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b'a'; 1 << 20]).unwrap();
        let packed = packer.finish().unwrap();
        let found = |filters: &str, data: &[u8], mut left: u64| {
            let head = format!("<</Length {}/Filter{filters}>>stream\n", data.len());
            let source = [head.as_bytes(), data, b"\nendstream"].concat();
            behind(&Stream::from_bytes(&source).unwrap(), &mut left).map(|rest| (rest, left))
        };
        let with_rest = [&packed[..], b"Hanako"].concat();
        assert_eq!(found("/FlateDecode", &with_rest, 1 << 21), Some((b"Hanako".to_vec(), 1 << 20)));
        assert_eq!(found("/FlateDecode", &packed, 1 << 20), Some((Vec::new(), 0)));
        assert_eq!(found("/FlateDecode", &with_rest, 1000), None);
        let hex = [data_encoding::HEXLOWER.encode(&with_rest).as_bytes(), b">Taro"].concat();
        assert_eq!(found("[/AHx/Fl]", &hex, 1 << 21), Some((b"TaroHanako".to_vec(), 1 << 20)));
        assert_eq!(found("/RL", &[2, b'a', b'b', b'c', 254, b'x', 128, b'y'], 0), Some((b"y".to_vec(), 0)));
        assert_eq!(found("/DCTDecode", b"abc", 0), Some((Vec::new(), 0)));
    }

    #[test]
    fn a_bomb_is_cut_and_a_torn_stream_gives_what_it_has() {
        use std::io::Write as _;
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b'a'; 1 << 20]).unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(inflate(&packed, 1000), (vec![b'a'; 1000], Some(Reason::Limit)));
        let (bytes, flaw) = inflate(&packed[..packed.len() / 2], 1 << 30);
        assert!(!bytes.is_empty() && flaw == Some(Reason::Damaged));
    }
}
