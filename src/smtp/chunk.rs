//! The chunks of BDAT (RFC 3030 §2): counted bytes that become one message.
//!
//! In: how long each chunk is, and bytes as the socket gives them. Out: the message exactly as it came (no dot means
//! anything, a last line may lack its end), and the place where the next command starts. Unless the mail was announced
//! as BINARYMIME, a bare CR or LF is refused as within DATA, also where a chunk ends between the two. Deliberately
//! absent: when a chunk may come (the session).

use memchr::memchr2;

use super::kept::{Fault, Kept, Reader};

/// Reads the chunks of one message.
#[derive(Debug)]
pub(super) struct ChunkReader {
    kept: Kept,
    /// How many bytes of the chunk are still to come.
    left: u64,
    binary: bool,
    behind_cr: bool,
}

impl ChunkReader {
    /// A reader for a message of at most `limit` bytes, of which `expected` were promised.
    pub(super) fn new(limit: u64, expected: u64, binary: bool) -> Self {
        Self { kept: Kept::new(limit, expected), left: 0, binary, behind_cr: false }
    }

    /// Reads chunks that nobody asked for, and keeps nothing of them.
    pub(super) fn discarding() -> Self {
        Self::new(0, 0, true)
    }

    /// A chunk of `size` bytes begins.
    pub(super) fn begin(&mut self, size: u64) {
        self.left = size;
    }

    /// Why the message is refused already, if it is.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.kept.fault()
    }

    /// The message, behind its last chunk.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Fault> {
        if self.behind_cr {
            self.kept.refuse(Fault::BareNewline);
        }
        self.kept.finish()
    }

    /// Looks for bare line ends, of which one may begin with the CR that ended the bytes before these.
    fn look(&mut self, bytes: &[u8]) {
        let mut at = 0;
        if std::mem::take(&mut self.behind_cr) {
            match bytes.first() {
                Some(b'\n') => at = 1,
                Some(_) => self.kept.refuse(Fault::BareNewline),
                None => self.behind_cr = true,
            }
        }
        while let Some(found) = memchr2(b'\r', b'\n', bytes.get(at..).unwrap_or_default()) {
            at += found;
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'\r'), Some(b'\n')) => at += 2,
                (Some(b'\r'), None) => {
                    self.behind_cr = true;
                    return;
                }
                _ => return self.kept.refuse(Fault::BareNewline),
            }
        }
    }
}

impl Reader for ChunkReader {
    fn feed(&mut self, bytes: &[u8]) -> usize {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let (chunk, _) = bytes.split_at(count);
        if !self.binary && self.kept.fault() != Some(Fault::BareNewline) {
            self.look(chunk);
        }
        self.kept.add(chunk);
        self.left -= count as u64;
        count
    }

    fn is_complete(&self) -> bool {
        self.left == 0
    }

    fn kept(&mut self) -> &mut Kept {
        &mut self.kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::smtp::data::has_only_crlf;

    /// Sends `message` in chunks that end at `cuts`, in pieces of `size` bytes, with a command behind each chunk.
    fn read(message: &[u8], cuts: &[usize], size: usize, mut reader: ChunkReader) -> Result<Vec<u8>, Fault> {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (message.len() + 1)).collect();
        ends.extend([0, message.len()]);
        ends.sort_unstable();
        for pair in ends.windows(2) {
            let chunk = &message[pair[0]..pair[1]];
            reader.begin(chunk.len() as u64);
            let wire = [chunk, b"NOOP\r\n"].concat();
            let mut left = wire.as_slice();
            while !reader.is_complete() {
                let used = reader.feed(&left[..size.min(left.len())]);
                left = &left[used..];
            }
            assert_eq!(reader.feed(left), 0);
            assert_eq!(left, b"NOOP\r\n");
        }
        reader.finish()
    }

    #[test]
    fn every_line_end_is_whole_wherever_the_chunks_end() {
        for (message, expected) in [
            (&b""[..], Ok(())),
            (b"a", Ok(())),
            (b"a\r\n.\r\nb", Ok(())),
            (b"\r\n\r\n", Ok(())),
            (b"a\0\xff\r\n", Ok(())),
            (b"a\n", Err(Fault::BareNewline)),
            (b"a\r", Err(Fault::BareNewline)),
            (b"a\rb\r\n", Err(Fault::BareNewline)),
            (b"a\r\r\n", Err(Fault::BareNewline)),
            (b"\n\r\n", Err(Fault::BareNewline)),
            (b"a\r\n\n", Err(Fault::BareNewline)),
        ] {
            for cut in 0..=message.len() {
                for size in 1..=message.len().max(1) {
                    let got = read(message, &[cut, cut], size, ChunkReader::new(100, 0, false));
                    assert_eq!(got, expected.map(|()| message.to_vec()), "{} at {cut}", message.escape_ascii());
                    let binary = read(message, &[cut], size, ChunkReader::new(100, 0, true));
                    assert_eq!(binary, Ok(message.to_vec()));
                }
            }
        }
    }

    #[test]
    fn too_large_is_read_to_its_end_and_not_kept() {
        let message = vec![b'x'; 1000];
        let mut reader = ChunkReader::new(999, u64::MAX, false);
        reader.begin(1000);
        reader.feed(&message);
        assert_eq!((reader.fault(), reader.kept.capacity(), reader.is_complete()), (Some(Fault::TooLarge), 0, true));
        assert_eq!(read(&message, &[3, 500], 70, ChunkReader::new(1000, 0, false)), Ok(message.clone()));
        assert_eq!(read(&message, &[3, 500], 70, ChunkReader::discarding()), Err(Fault::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_sent_is_kept_exactly_however_it_is_cut(
            message in "[.\r\na\\x00]{0,60}", cuts in prop::collection::vec(any::<usize>(), 0..5), size in 1..60_usize,
        ) {
            let message = message.as_bytes();
            let expected = if has_only_crlf(message) { Ok(message.to_vec()) } else { Err(Fault::BareNewline) };
            prop_assert_eq!(read(message, &cuts, size, ChunkReader::new(100, 0, false)), expected);
            prop_assert_eq!(read(message, &cuts, size, ChunkReader::new(100, 0, true)), Ok(message.to_vec()));
        }
    }
}
