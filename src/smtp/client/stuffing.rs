//! The message as DATA wants it (RFC 5321 §4.5.2): a dot before every line that starts with one, and the final dot.
//!
//! In: parts that follow each other, the first of which ends in CRLF or is empty. Out: slices of them and a few bytes
//! in between; nothing is copied, and a message without a dot at the start of a line is one slice. Deliberately absent:
//! bare CR and LF, which the caller has excluded: with them, two servers could see different line starts.

use std::io::IoSlice;

use memchr::memmem::Finder;

/// The slices of a stuffed message with its final dot.
pub(super) fn stuffed<'a>(parts: [&'a [u8]; 2]) -> Vec<IoSlice<'a>> {
    let dots = Finder::new(b"\n.");
    let mut slices = Vec::with_capacity(4);
    for part in parts {
        if part.starts_with(b".") {
            slices.push(IoSlice::new(b"."));
        }
        let mut start = 0;
        for at in dots.find_iter(part) {
            slices.push(IoSlice::new(part.get(start..=at).unwrap_or_default()));
            slices.push(IoSlice::new(b"."));
            start = at + 1;
        }
        slices.push(IoSlice::new(part.get(start..).unwrap_or_default()));
    }
    let [first, second] = parts;
    let last = if second.is_empty() { first } else { second };
    let end: &[u8] = if last.is_empty() || last.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" };
    slices.push(IoSlice::new(end));
    slices
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::smtp::{data::DataReader, kept::Reader as _};

    fn wire(parts: [&[u8]; 2]) -> Vec<u8> {
        stuffed(parts).iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn dots_at_the_start_of_lines_are_doubled_and_nothing_else() {
        for (trace, message, expected) in [
            ("", "a\r\n", "a\r\n.\r\n"),
            ("T: 1\r\n", "", "T: 1\r\n.\r\n"),
            ("", "", ".\r\n"),
            ("", "no end", "no end\r\n.\r\n"),
            ("", ".", "..\r\n.\r\n"),
            ("T: 1\r\n", ".\r\n..\r\na.b\r\n.", "T: 1\r\n..\r\n...\r\na.b\r\n..\r\n.\r\n"),
        ] {
            let got = wire([trace.as_bytes(), message.as_bytes()]);
            assert_eq!(String::from_utf8(got).unwrap(), expected);
        }
    }

    #[test]
    fn a_message_without_such_dots_is_not_cut() {
        assert_eq!(stuffed([b"T: 1\r\n", &b"a.b\r\n".repeat(10_000)]).len(), 3);
    }

    proptest! {
        /// Our own DATA reader, which is strict, reads the same message and finds nothing behind it.
        #[test]
        fn the_data_reader_reads_it_back(lines in prop::collection::vec("[.a]{0,4}", 0..30)) {
            let message = lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
            let wire = wire([b"T: 1\r\n", message.as_bytes()]);
            let mut reader = DataReader::new(1 << 20, 0);
            prop_assert_eq!(reader.feed(&wire), wire.len());
            prop_assert!(reader.is_complete());
            prop_assert_eq!(reader.finish().unwrap(), [b"T: 1\r\n", message.as_bytes()].concat());
        }
    }
}
