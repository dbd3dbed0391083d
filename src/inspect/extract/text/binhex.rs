//! BinHex 4.0 (RFC 1741): a Macintosh file as lines of text.
//!
//! In: a text. Out: the file's name, its data and its resources. Deliberately absent: check sums.

const START: &str = "(This file must be converted with BinHex";

/// Six bits a letter.
const ALPHABET: &[u8] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

/// The next byte says how often the last one is repeated.
const REPEAT: u8 = 0x90;

/// What was encoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) resources: Vec<u8>,
    /// Whether it ends early.
    pub(crate) cut: bool,
}

/// The first one in a text, and what follows it. At most `limit` bytes are unpacked.
pub(crate) fn first(text: &str, limit: usize) -> Option<(File, &str)> {
    let rest = text.get(text.find(START)?..)?;
    let (_, body) = rest.split_once("\n:").or_else(|| rest.split_once("\r:"))?;
    let (body, after) = body.split_once(':').unwrap_or((body, ""));
    let bytes = repeated(&sextets(body.as_bytes()), limit);
    let name_length = usize::from(*bytes.first()?);
    let name = bytes.get(1..1 + name_length)?.to_vec();
    // Behind the name a zero, type, creator and flags.
    let at = 1 + name_length + 1 + 10;
    let length = |at: usize| {
        let digits = bytes.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*digits)).ok()
    };
    let (data_length, resource_length) = (length(at)?, length(at + 4)?);
    let fork = |start: usize, length: usize| {
        let rest = bytes.get(start..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest).to_vec()
    };
    let data_start = at + 8 + 2;
    let data = fork(data_start, data_length);
    let resources = fork(data_start.saturating_add(data_length).saturating_add(2), resource_length);
    let cut = data.len() < data_length || resources.len() < resource_length;
    Some((File { name, data, resources, cut }, after))
}

fn sextets(body: &[u8]) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(body.len() / 4 * 3), 0u32, 0u32);
    for &c in body {
        let Some(value) = ALPHABET.iter().position(|&letter| letter == c) else { continue };
        bits = (bits << 6 | value as u32) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

fn repeated(packed: &[u8], limit: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::with_capacity(packed.len());
    let mut rest = packed.iter();
    while let Some(&c) = rest.next() {
        match (c, bytes.len() < limit) {
            (_, false) => break,
            (REPEAT, _) => match rest.next() {
                // Itself.
                Some(0) => bytes.push(REPEAT),
                Some(&times) => {
                    let last = bytes.last().copied().unwrap_or_default();
                    bytes.extend(std::iter::repeat_n(last, usize::from(times).saturating_sub(1)));
                }
                None => break,
            },
            _ => bytes.push(c),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        let bits: String = bytes.iter().map(|c| format!("{c:08b}")).collect();
        let filled = format!("{bits:0<width$}", width = bits.len().next_multiple_of(6));
        let letters = filled.as_bytes().chunks(6).map(|bits| {
            let value = usize::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap();
            char::from(ALPHABET[value])
        });
        letters.collect()
    }

    #[test]
    fn both_forks_come_out() {
        assert_eq!(ALPHABET.len(), 64);
        let file = [&b"\x05a.txt\0TEXTttxt\0\0\0\0\0\x05\0\0\0\x03\0\0ab\x90\x03\0\0"[..], b"RES\0\0"].concat();
        // The data: a, b three times; one byte is missing.
        let text = format!("x\n(This file must be converted with BinHex 4.0)\r\n\r\n:{}:\r\nafter", encoded(&file));
        let (found, after) = first(&text, 1 << 20).unwrap();
        assert_eq!((found.name.as_slice(), found.data.as_slice(), after), (&b"a.txt"[..], &b"abbb\0"[..], "\r\nafter"));
        assert!(first("(This file must be converted with BinHex 4.0)\n:abc", 9).is_none());
    }

    #[test]
    fn repetition_is_bounded() {
        assert!(repeated(&b"a\x90\xff".repeat(10_000), 1_000).len() < 1_300);
        assert_eq!(repeated(b"a\x90\x03\x90\0\x90", 99), b"aaa\x90");
    }
}
