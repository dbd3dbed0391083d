//! The end of DATA: what belongs to the message, and what does not (RFC 5321 §4.1.1.4, §4.5.2).
//!
//! In: chunks of bytes as the socket gives them. Out: the message with its dot-stuffing removed, or why it is
//! refused, and in either case the exact place where the next command starts. A lone state machine, without sockets
//! and clocks, because everything that SMTP smuggling needs would happen here:
//!
//! - only `<CRLF>.<CRLF>` ends a message; a dot between any other line ends is content;
//! - a bare CR or a bare LF makes the message refused, since the next server might see a line end where we saw none.
//!   It is still read to its true end, so that not one byte of it becomes a command;
//! - a message that is too large is likewise read to its end, without being kept.
//!
//! Deliberately absent: a limit on the length of lines (the message's size bounds memory, and a relay that must not
//! change a byte cannot fold), any view on headers, and NUL bytes as anything but content.

use memchr::memchr2;

use super::kept::{Fault, Kept, Reader};

/// Reads one message.
#[derive(Debug)]
pub(super) struct DataReader {
    kept: Kept,
    state: State,
}

/// Where in a line the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At its start: behind a CRLF, or behind DATA.
    Start,
    /// Behind a dot at its start.
    Dot,
    /// Behind a dot at its start and a CR.
    DotCr,
    /// Somewhere in it.
    Middle,
    /// Behind a CR.
    Cr,
    /// Behind the final dot's CRLF: not in the message any more.
    End,
}

impl DataReader {
    /// A reader for a message of at most `limit` bytes. `expected` is what `SIZE=` promised; it is only a hint.
    pub(super) fn new(limit: u64, expected: u64) -> Self {
        Self { kept: Kept::new(limit, expected), state: State::Start }
    }

    /// The message.
    pub(super) fn finish(self) -> Result<Vec<u8>, Fault> {
        self.kept.finish()
    }

    /// One byte of a line's start or end; the rest of `bytes` is returned.
    fn step<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some((&byte, rest)) = bytes.split_first() else { return bytes };
        match (self.state, byte) {
            (State::Start, b'.') => self.state = State::Dot,
            (State::Dot, b'\r') => self.state = State::DotCr,
            (State::DotCr, b'\n') => self.state = State::End,
            (State::Cr, b'\n') => {
                self.kept.add(b"\n");
                self.state = State::Start;
            }
            // Neither an end nor a line end: the CR was a bare one, and the byte is looked at again as content.
            (State::DotCr | State::Cr, _) => {
                self.kept.refuse(Fault::BareNewline);
                self.state = State::Middle;
                return bytes;
            }
            // A stuffed dot falls away (RFC 5321 §4.5.2), and the byte behind it is content.
            _ => {
                self.state = State::Middle;
                return bytes;
            }
        }
        rest
    }

    /// As many whole lines as there are, starting in the middle of one; each run without a stuffed dot is one copy.
    /// Stops behind a CR that ends the chunk, and at a line that may be the end.
    fn lines<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (mut from, mut at) = (0, 0);
        loop {
            let Some(found) = line_end(bytes.get(at..).unwrap_or_default()) else {
                self.kept.add(bytes.get(from..).unwrap_or_default());
                return &[];
            };
            at += found;
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'\r'), Some(b'\n')) => at += 2,
                (Some(b'\r'), None) => {
                    self.kept.add(bytes.get(from..).unwrap_or_default());
                    self.state = State::Cr;
                    return &[];
                }
                _ => {
                    self.kept.refuse(Fault::BareNewline);
                    at += 1;
                    continue;
                }
            }
            match (bytes.get(at), bytes.get(at + 1)) {
                (Some(b'.'), Some(b'\r') | None) | (None, _) => {
                    let (lines, rest) = bytes.split_at(at);
                    self.kept.add(lines.get(from..).unwrap_or_default());
                    self.state = State::Start;
                    return rest;
                }
                // What follows this dot is content, so that the dot is a stuffed one and falls away.
                (Some(b'.'), _) => {
                    self.kept.add(bytes.get(from..at).unwrap_or_default());
                    at += 1;
                    from = at;
                }
                _ => {}
            }
        }
    }
}

/// The place of the next CR or LF. The first few bytes are looked at one by one: a message of nothing but tiny lines
/// would otherwise spend its time in starting searches.
fn line_end(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 8;
    let near = bytes.get(..NEAR).unwrap_or(bytes);
    let far = || memchr2(b'\r', b'\n', bytes.get(NEAR..)?).map(|at| at + NEAR);
    near.iter().position(|byte| matches!(byte, b'\r' | b'\n')).or_else(far)
}

impl Reader for DataReader {
    fn feed(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.state != State::End && !rest.is_empty() {
            rest = match self.state {
                State::Middle => self.lines(rest),
                _ => self.step(rest),
            };
        }
        bytes.len() - rest.len()
    }

    fn is_complete(&self) -> bool {
        self.state == State::End
    }

    fn kept(&mut self) -> &mut Kept {
        &mut self.kept
    }
}

/// Whether every CR and LF in `bytes` is part of a CRLF: what is not must never be written to a server.
pub(super) fn has_only_crlf(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        if rest.get(at..at + 2) != Some(b"\r\n") {
            return false;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads `wire` in pieces of `size` bytes: the message, and what is left for the next command.
    fn read(wire: &[u8], size: usize, limit: u64) -> (Option<Result<Vec<u8>, Fault>>, Vec<u8>) {
        let mut reader = DataReader::new(limit, 0);
        let mut left = Vec::new();
        for piece in wire.chunks(size) {
            let used = reader.feed(piece);
            left.extend_from_slice(&piece[used..]);
        }
        (reader.is_complete().then(|| reader.finish()), left)
    }

    /// What a careful sender writes.
    fn stuffed(message: &[u8]) -> Vec<u8> {
        let mut wire: Vec<u8> = Vec::new();
        for line in message.split_inclusive(|&byte| byte == b'\n') {
            if line.starts_with(b".") {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    #[test]
    fn messages_end_at_a_dot_between_two_crlf_and_nowhere_else() {
        type Case<'a> = (&'a [u8], Option<Result<&'a [u8], Fault>>, &'a [u8]);
        let bare = Some(Err(Fault::BareNewline));
        let cases: &[Case<'_>] = &[
            (b".\r\n", Some(Ok(b"")), b""),
            (b"a\r\n.\r\n", Some(Ok(b"a\r\n")), b""),
            (b"a\r\n.\r\nQUIT\r\n", Some(Ok(b"a\r\n")), b"QUIT\r\n"),
            (b"\r\n.\r\n", Some(Ok(b"\r\n")), b""),
            (b"..a\r\n..\r\n.b\r\n...\r\n.\r\n", Some(Ok(b".a\r\n.\r\nb\r\n..\r\n")), b""),
            (b"a.\r\nb .\r\n.\r\n", Some(Ok(b"a.\r\nb .\r\n")), b""),
            (b"a\0\r\n.\0\r\n.\r\n", Some(Ok(b"a\0\r\n\0\r\n")), b""),
            (b"a\r\n.", None, b""),
            (b"a\r\n.\r", None, b""),
            // smuggling: each of these ends a message for some server
            (b"a\n.\nMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\r\n.\nMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\n.\r\nMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\r.\rMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\r\n.\rMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\r.\r\nMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\r\r\n.\r\nQ", bare, b"Q"),
            (b"a\r\n.\r\r\nMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"a\n\r.\r\n.\r\nQ", bare, b"Q"),
            (b".\nMAIL\r\n.\r\nQ", bare, b"Q"),
            (b"\n.\r\n.\r\nQ", bare, b"Q"),
            (b"a\r\n\0.\r\n.\r\nQ", Some(Ok(b"a\r\n\0.\r\n")), b"Q"),
            (b"a\n.\n", None, b""),
            (b"a\r.\r", None, b""),
        ];
        for &(wire, expected, left) in cases {
            for size in 1..=wire.len() {
                let (got, rest) = read(wire, size, 1000);
                let got = got.as_ref().map(|result| result.as_ref().map(Vec::as_slice).map_err(|error| *error));
                assert_eq!(got, expected, "{} by {size}", wire.escape_ascii());
                assert_eq!(rest, left, "{} by {size}", wire.escape_ascii());
            }
        }
    }

    #[test]
    fn too_large_is_read_to_its_end_and_not_kept() {
        let mut wire = b"0123456789\r\n".repeat(1000);
        wire.extend_from_slice(b".\r\nNOOP\r\n");
        assert_eq!(read(&wire, 700, 11_999), (Some(Err(Fault::TooLarge)), b"NOOP\r\n".to_vec()));
        assert!(matches!(read(&wire, 700, 12_000), (Some(Ok(message)), _) if message.len() == 12_000));
        let mut reader = DataReader::new(10, u64::MAX);
        reader.feed(&wire[..1000]);
        assert_eq!((reader.kept.capacity(), reader.kept.seen() > 900), (0, true));
    }

    #[test]
    fn a_line_may_be_as_long_as_the_message() {
        let mut message = vec![b'x'; 5 << 20];
        message.extend_from_slice(b"\r\n");
        let wire = stuffed(&message);
        assert!(read(&wire, 4096, 10 << 20) == (Some(Ok(message)), Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_stuffed_comes_out_again_however_it_is_cut(
            lines in prop::collection::vec("[.a\\x00-\\x09]{0,6}", 0..20), size in 1..40_usize,
        ) {
            let message: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
            prop_assert_eq!(read(&stuffed(&message), size, 1000), (Some(Ok(message)), Vec::new()));
        }

        #[test]
        fn every_cutting_gives_the_same_result(wire in "[.\r\na]{0,60}", size in 1..60_usize) {
            let wire = wire.as_bytes();
            prop_assert_eq!(read(wire, size, 20), read(wire, wire.len().max(1), 20));
            let ends = wire.windows(5).any(|five| five == b"\r\n.\r\n") || wire.starts_with(b".\r\n");
            prop_assert_eq!(read(wire, size, 20).0.is_some(), ends);
            let kept = read(wire, size, 1000).0;
            prop_assert!(!matches!(kept, Some(Ok(ref message)) if !has_only_crlf(message)));
        }
    }

    #[test]
    fn only_crlf() {
        for good in [&b""[..], b"a", b"a\r\n\r\nb", b"\r\n"] {
            assert!(has_only_crlf(good));
        }
        for bad in [&b"\n"[..], b"a\r", b"a\rb\r\n", b"\n\r\n", b"\r\n\n", b"\r\r\n"] {
            assert!(!has_only_crlf(bad), "{}", bad.escape_ascii());
        }
    }
}
