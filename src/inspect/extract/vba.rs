//! The macros of an Office document: their source, as text.
//!
//! In: the streams of a `VBA` storage ([MS-OVBA]). Out: the source of each module. It stands packed behind the compiled
//! code, at a place that another packed stream names; it is found here by unpacking from wherever it may start, which
//! needs no other stream to be whole or true. Deliberately absent: what a macro does.

use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// How many places are tried.
const TRIES: usize = 1_000;

/// What one chunk unpacks to at most.
const CHUNK: usize = 4_096;

/// The largest source that is unpacked.
const SOURCE: usize = 16 << 20;

/// Reads a stream of macros: its source, and the texts in the compiled code before it.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let hidden = Place { hidden: true, ..part.place.clone() };
    let Some((at, source)) = source(part.bytes) else {
        return sweep::read(reading, &Part { place: &hidden, ..*part });
    };
    if !reading.charge(source.len() as u64) {
        return reading.unread(&hidden, Reason::Limit);
    }
    // What names the modules is packed like them, but no text.
    let controls = source.iter().filter(|&&c| c < 0x20 && !c.is_ascii_whitespace()).count();
    let text = if controls * 20 < source.len() { charset::decode(&source, None) } else { sweep::text(&source) };
    reading.text(&hidden, &text);
    reading.text(&hidden, &sweep::text(part.bytes.get(..at).unwrap_or_default()));
    reading.done(&hidden);
}

/// The unpacked bytes and where the packed ones start, if there are any.
fn source(stream: &[u8]) -> Option<(usize, Vec<u8>)> {
    // Every module begins with `Attribut`, of which the first chunk holds the letters as they are.
    let known = memchr::memmem::find_iter(stream, b"\0Attribut").filter_map(|at| at.checked_sub(3));
    let any = memchr::memchr_iter(1, stream);
    known.chain(any).filter(|&at| starts_chunk(stream, at)).take(TRIES).find_map(|at| {
        let unpacked = unpack(stream.get(at..)?)?;
        (unpacked.len() >= 8).then_some((at, unpacked))
    })
}

fn starts_chunk(stream: &[u8], at: usize) -> bool {
    stream.get(at) == Some(&1) && stream.get(at + 2).is_some_and(|high| high & 0x70 == 0x30)
}

/// Unpacks a container of chunks; `None` if it is none.
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut rest = packed.strip_prefix(&[1])?;
    let mut unpacked = Vec::new();
    while let [low, high, behind @ ..] = rest {
        let header = u16::from_le_bytes([*low, *high]);
        if header & 0x7000 != 0x3000 || unpacked.len() > SOURCE {
            // What stands behind the last chunk belongs to no source.
            break;
        }
        let size = usize::from(header & 0x0fff) + 1;
        let (chunk, behind) = behind.split_at_checked(size).unwrap_or((behind, &[]));
        if header & 0x8000 == 0 {
            unpacked.extend_from_slice(chunk);
        } else {
            unpack_chunk(chunk, &mut unpacked)?;
        }
        rest = behind;
    }
    (!unpacked.is_empty()).then_some(unpacked)
}

/// Letters as they are, and pairs of a distance and a length, eight of either behind each byte of flags.
fn unpack_chunk(mut chunk: &[u8], to: &mut Vec<u8>) -> Option<()> {
    let start = to.len();
    while let [flags, behind @ ..] = chunk {
        chunk = behind;
        for bit in 0..8 {
            let [first, behind @ ..] = chunk else { break };
            if flags >> bit & 1 == 0 {
                to.push(*first);
                chunk = behind;
                continue;
            }
            let [second, behind @ ..] = behind else { return Some(()) };
            chunk = behind;
            let token = u16::from_le_bytes([*first, *second]);
            let done = to.len() - start;
            if done == 0 || done >= CHUNK {
                return None;
            }
            // As many bits as it takes to name every place so far, four at least, are the distance.
            let bits = (usize::BITS - (done - 1).leading_zeros()).clamp(4, 12);
            let length = usize::from(token & (0xffff >> bits)) + 3;
            let distance = usize::from(token >> (16 - bits)) + 1;
            let from = to.len().checked_sub(distance).filter(|&from| from >= start)?;
            for at in from..from + length {
                to.push(*to.get(at)?);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_the_specification_unpack() {
        // [MS-OVBA] 3.2.2 and 3.2.3.
        let packed = [
            0x01, 0x2f, 0xb0, 0x00, 0x23, 0x61, 0x61, 0x61, 0x62, 0x63, 0x64, 0x65, 0x82, 0x66, 0x00, 0x70, 0x61, 0x67,
            0x68, 0x69, 0x6a, 0x01, 0x38, 0x08, 0x61, 0x6b, 0x6c, 0x00, 0x30, 0x6d, 0x6e, 0x6f, 0x70, 0x06, 0x71, 0x02,
            0x70, 0x04, 0x10, 0x72, 0x73, 0x74, 0x75, 0x76, 0x10, 0x77, 0x78, 0x79, 0x7a, 0x00, 0x3c,
        ];
        let found = unpack(&packed).unwrap();
        assert_eq!(found, b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa");
        let repeated = [0x01, 0x03, 0xb0, 0x02, 0x61, 0x45, 0x00];
        assert_eq!(unpack(&repeated).unwrap(), [b'a'; 73]);
    }

    #[test]
    fn a_source_is_found_behind_compiled_code() {
        let mut stream = vec![1, 2, 3, 1, 0, 0xb0, 9];
        let source_bytes = b"Attribute VB_Name";
        stream.extend([1, u8::try_from(source_bytes.len() + 2).unwrap(), 0xb0]);
        for eight in source_bytes.chunks(8) {
            stream.push(0);
            stream.extend(eight);
        }
        let (at, found) = source(&stream).unwrap();
        assert_eq!((at, found.as_slice()), (7, source_bytes.as_slice()));
        assert_eq!(source(&[1; 5_000]), None);
        assert_eq!(source(b""), None);
    }
}
