//! yEnc: a file's bytes, almost as they are, between text lines.
//!
//! In: a text's bytes, before any charset is applied to them. Out: the file, what stands before and behind it. One part
//! of several is as much of the file as this mail has: it is given, and that it is not all is told. Deliberately absent:
//! check sums, and putting parts of several mails together.

use memchr::memmem;

use crate::inspect::Reason;

const BEGIN: &[u8] = b"=ybegin ";
const PART: &[u8] = b"=ypart ";
const END: &[u8] = b"=yend";

/// A file in a text.
#[derive(Debug)]
pub(crate) struct Yencoded<'a> {
    pub(crate) before: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) bytes: Vec<u8>,
    pub(crate) after: &'a [u8],
    /// Why this is not all of it: other mails have the rest, or nobody has.
    pub(crate) lack: Option<Reason>,
}

/// Whether a text has one.
pub(crate) fn is_in(bytes: &[u8]) -> bool {
    start(bytes).is_some()
}

/// The first one.
pub(crate) fn first(text: &[u8]) -> Option<Yencoded<'_>> {
    let at = start(text)?;
    let (before, rest) = text.split_at_checked(at)?;
    let (head, mut rest) = line(rest);
    // The name is the last parameter and may have spaces.
    let name = memmem::find(head, b" name=").and_then(|at| head.get(at + 6..)).unwrap_or_default();
    let size = number(head, b" size=");
    let is_part = rest.starts_with(PART);
    if is_part {
        rest = line(rest).1;
    }
    let mut bytes = Vec::new();
    let mut ended = false;
    while !rest.is_empty() {
        let (content, after) = line(rest);
        rest = after;
        if content.starts_with(END) {
            ended = true;
            break;
        }
        decode(content, &mut bytes);
    }
    let complete = size.is_none_or(|size| size == bytes.len() as u64);
    let lack = match (complete, is_part) {
        (true, _) if ended => None,
        (false, true) => Some(Reason::Unsupported),
        _ => Some(Reason::Damaged),
    };
    Some(Yencoded { before, name: name.trim_ascii(), bytes, after: rest, lack })
}

/// Where a head of one stands: at a line's start, with a line length.
fn start(text: &[u8]) -> Option<usize> {
    memmem::find_iter(text, BEGIN).find(|&at| {
        let starts_line = at == 0 || text.get(at - 1) == Some(&b'\n');
        let head = line(text.get(at..).unwrap_or_default()).0;
        starts_line && memmem::find(head, b" line=").is_some()
    })
}

/// A line without its end, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', text).unwrap_or(text.len());
    let (line, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

fn number(head: &[u8], name: &[u8]) -> Option<u64> {
    let value = head.get(memmem::find(head, name)? + name.len()..)?;
    let end = value.iter().position(|c| !c.is_ascii_digit()).unwrap_or(value.len());
    std::str::from_utf8(value.get(..end)?).ok()?.parse().ok()
}

/// Every byte is 42 more than it was, and 64 more behind an equals sign. A dot that SMTP doubled is one.
fn decode(line: &[u8], bytes: &mut Vec<u8>) {
    let mut rest = line.strip_prefix(b".").filter(|rest| rest.starts_with(b".")).unwrap_or(line);
    bytes.reserve(rest.len());
    loop {
        let plain = memchr::memchr(b'=', rest).unwrap_or(rest.len());
        let (plain, escaped) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        bytes.extend(plain.iter().map(|c| c.wrapping_sub(42)));
        let [_, c, after @ ..] = escaped else { return };
        bytes.push(c.wrapping_sub(42 + 64));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        for (at, chunk) in bytes.chunks(100).enumerate() {
            text.extend(if at > 0 { &b"\r\n"[..] } else { b"" });
            for &byte in chunk {
                match byte.wrapping_add(42) {
                    c @ (0 | b'\n' | b'\r' | b'=') => text.extend([b'=', c.wrapping_add(64)]),
                    c => text.push(c),
                }
            }
        }
        text
    }

    #[test]
    fn a_file_comes_out_as_it_went_in() {
        let file: Vec<u8> = (0..=255u8).cycle().take(1000).collect();
        let text =
            [b"see\r\n=ybegin line=100 size=1000 name=a b.bin\r\n", &encoded(&file)[..], b"\r\n=yend size=1000\r\nbye"]
                .concat();
        let found = first(&text).unwrap();
        assert_eq!(
            (found.before, found.name, found.after, found.lack),
            (&b"see\r\n"[..], &b"a b.bin"[..], &b"bye"[..], None)
        );
        assert!(found.bytes == file);
        assert!(first(b"we say =ybegin line=1\nx").is_none() && first(b"=ybegin of a song\n").is_none());
    }

    #[test]
    fn a_part_of_several_is_not_all() {
        let text =
            b"=ybegin part=1 total=2 line=128 size=6 name=a\n=ypart begin=1 end=3\n\x8b\x8c\x8d\n=yend size=3 part=1\n";
        let found = first(text).unwrap();
        assert_eq!((found.bytes.as_slice(), found.lack), (&b"abc"[..], Some(Reason::Unsupported)));
        let single =
            b"=ybegin part=1 total=1 line=128 size=3 name=a\n=ypart begin=1 end=3\n\x8b\x8c\x8d\n=yend size=3\n";
        assert_eq!(first(single).unwrap().lack, None);
        assert_eq!(first(b"=ybegin line=128 size=3 name=a\n\x8b\x8c\x8d\n").unwrap().lack, Some(Reason::Damaged));
    }
}
