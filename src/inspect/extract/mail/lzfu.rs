//! Compressed RTF (MS-OXRTFCP), as Outlook keeps a message's text.
//!
//! In: the property's bytes. Out: RTF. Deliberately absent: the check sum, since damaged text is read as far as it goes,
//! and belief in the sizes that the header claims.

/// What every text can refer back to.
const START: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The window, a ring.
const WINDOW: usize = 4096;

/// Unpacks; `None` if this is no compressed RTF, or more than `limit` bytes of it.
pub(crate) fn unpacked(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let body = packed.get(16..)?;
    match packed.get(8..12)? {
        b"MELA" => return Some(body.to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut text = Text { window: [b' '; WINDOW], at: START.len(), bytes: Vec::new() };
    text.window.get_mut(..START.len())?.copy_from_slice(START);
    let mut rest = body;
    // A byte of eight flags, then as many literals and references.
    while let Some((&flags, after)) = rest.split_first() {
        rest = after;
        for bit in 0..8 {
            if text.bytes.len() > limit {
                return None;
            }
            if flags >> bit & 1 == 0 {
                let Some((&literal, after)) = rest.split_first() else { return Some(text.bytes) };
                rest = after;
                text.push(literal);
                continue;
            }
            let Some((reference, after)) = rest.split_first_chunk::<2>() else { return Some(text.bytes) };
            rest = after;
            let reference = usize::from(u16::from_be_bytes(*reference));
            let (from, length) = (reference >> 4, (reference & 0xf) + 2);
            // A reference to where writing is ends the text.
            if from == text.at {
                return Some(text.bytes);
            }
            for i in 0..length {
                text.push(text.window.get((from + i) % WINDOW).copied().unwrap_or_default());
            }
        }
    }
    Some(text.bytes)
}

struct Text {
    window: [u8; WINDOW],
    at: usize,
    bytes: Vec<u8>,
}

impl Text {
    fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
        if let Some(place) = self.window.get_mut(self.at) {
            *place = byte;
        }
        self.at = (self.at + 1) % WINDOW;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_unpack() {
        // MS-OXRTFCP §4.1.1 and §4.1.2.
        let simple = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0\x20bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(
            unpacked(simple, 1 << 20).unwrap(),
            b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
            "{:?}",
            unpacked(simple, 1 << 20).map(|b| String::from_utf8_lossy(&b).into_owned())
        );
        let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(unpacked(crossing, 1 << 20).unwrap(), b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
        assert_eq!(unpacked(b"0123\x03\0\0\0MELA0123abc", 9).unwrap(), b"abc");
    }

    #[test]
    fn damage_and_bombs_end() {
        assert_eq!(unpacked(b"short", 9), None);
        assert_eq!(unpacked(b"0123\x03\0\0\0JUNK0123abc", 9), None);
        let bomb =
            [b"0123\x03\0\0\0LZFu0123".to_vec(), b"\xff\0\x0f\0\x0f\0\x0f\0\x0f\0\x0f\0\x0f\0\x0f\0\x0f".repeat(1000)]
                .concat();
        assert_eq!(unpacked(&bomb, 1000), None);
        assert_eq!(unpacked(b"0123\x03\0\0\0LZFu0123\x00ab", 9).unwrap(), b"ab");
    }
}
