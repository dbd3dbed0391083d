//! Bytes that are written one by one: hex dumps, arrays of a program.
//!
//! In: a text. Out: what opens as a file or as a text, of lines such as `00000010: e6b1 9f…` (xxd, `hexdump -C`, packets of
//! Wireshark) and of lists such as `0xe6, 0xb1, …` and `[230, 177, …]` (a Buffer in JSON). Cost: a search for the signs with
//! which they begin. Deliberately absent: bytes with nothing but a space or a colon between, which fingerprints of keys and
//! addresses of machines are.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Found, different, opens};

/// Fewer bytes are numbers.
const FEWEST: usize = 16;

/// The digits of an offset.
const OFFSET: std::ops::RangeInclusive<usize> = 4..=16;

/// As many marks may stand before a line.
const MARKS: usize = 16;

/// Bytes with how many letters wrote them.
type Written = (Vec<u8>, usize);

/// One of them, and how many letters it takes.
type Item = fn(&[u8]) -> Option<(u8, usize)>;

type Begin = (Finder<'static>, fn(&[u8], usize) -> Option<Written>);

/// The signs with which they begin.
static BEGINNINGS: LazyLock<[Begin; 3]> =
    LazyLock::new(|| [(Finder::new("0000"), dump), (Finder::new("0x"), hexadecimal), (Finder::new("["), decimal)]);

/// What is written so in a text.
pub(super) fn dumps(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    for (sign, read) in &*BEGINNINGS {
        let mut looked = 0;
        for at in sign.find_iter(bytes) {
            let Some((file, length)) = Some(at).filter(|&at| at >= looked).and_then(|at| read(bytes, at)) else {
                continue;
            };
            looked = at + length;
            if different(&file) >= FEWEST / 2 && file.len() >= FEWEST && opens::opens(&file, true) {
                found.push(Found::File(file));
            }
        }
    }
}

/// Lines that begin with an offset, the first of them with zero.
fn dump(text: &[u8], at: usize) -> Option<Written> {
    let marks = text.get(..at)?.iter().rev().take(MARKS).take_while(|c| is_mark(c)).count();
    if at > marks && text.get(at - marks - 1) != Some(&b'\n') {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = text.get(at..)?;
    // How many bytes are on a line, as the next offset tells.
    let mut width = usize::MAX;
    while let Some((offset, line)) = offset(rest).filter(|(offset, _)| *offset == bytes.len()) {
        let length = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let (line, behind) = line.split_at_checked(length)?;
        let next = behind.get(1..).unwrap_or_default();
        let next = next.get(next.iter().take(MARKS).take_while(|c| is_mark(c)).count()..)?;
        width = width_to(next, offset).unwrap_or(width);
        pairs(line, width, &mut bytes);
        rest = next;
    }
    Some((bytes, text.len() - at - rest.len())).filter(|(bytes, _)| !bytes.is_empty())
}

/// What quotes or indents a line.
fn is_mark(c: &u8) -> bool {
    matches!(c, b' ' | b'\t' | b'>' | b'|')
}

/// How far the offset of the next line is from this one's.
fn width_to(next: &[u8], before: usize) -> Option<usize> {
    offset(next)?.0.checked_sub(before).filter(|&width| width > 0)
}

/// The offset at the start of a line, and what follows.
fn offset(line: &[u8]) -> Option<(usize, &[u8])> {
    let length = line.iter().position(|c| !c.is_ascii_hexdigit()).filter(|length| OFFSET.contains(length))?;
    let number = std::str::from_utf8(line.get(..length)?).ok()?;
    let rest = line.get(length..)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    Some((usize::from_str_radix(number, 16).ok()?, rest)).filter(|_| rest.starts_with(b" "))
}

/// The bytes of a line: groups of pairs, up to its width or to what is none. Behind them stand the same as characters.
fn pairs(line: &[u8], width: usize, bytes: &mut Vec<u8>) {
    let mut left = width;
    // Two spaces part the halves of a line, more than two its bytes from its characters.
    let mut spaces = 0;
    for group in line.trim_ascii().split(|c| *c == b' ') {
        if group.is_empty() {
            spaces += 1;
            if spaces > 1 {
                return;
            }
            continue;
        }
        spaces = 0;
        let is_bytes = group.len() % 2 == 0 && group.len() <= 16 && group.len() / 2 <= left;
        let Some(group) =
            Some(group).filter(|_| is_bytes).and_then(|group| data_encoding::HEXLOWER_PERMISSIVE.decode(group).ok())
        else {
            return;
        };
        left -= group.len();
        bytes.extend(group);
    }
}

/// `0xe6, 0xb1`.
fn hexadecimal(text: &[u8], at: usize) -> Option<Written> {
    list(text.get(at..)?, |item| {
        let digits = item.strip_prefix(b"0x")?;
        let length = digits.iter().take_while(|c| c.is_ascii_hexdigit()).count();
        let number = std::str::from_utf8(digits.get(..length)?).ok()?;
        Some((u8::from_str_radix(number, 16).ok()?, 2 + length))
    })
}

/// `[230, 177]`, and as Java and SQL count: `[-26, -79]`. Of other numbers text in ASCII is soon made.
fn decimal(text: &[u8], at: usize) -> Option<Written> {
    let written = list(text.get(at + 1..)?, |item| {
        let sign = usize::from(item.first() == Some(&b'-'));
        let digits = item.get(sign..)?;
        let length = digits.iter().take(4).take_while(|c| c.is_ascii_digit()).count();
        let number: i16 = std::str::from_utf8(digits.get(..length)?).ok()?.parse().ok()?;
        let number = if sign == 1 { u8::try_from(256 - number).ok() } else { u8::try_from(number).ok() };
        Some((number?, sign + length))
    });
    written.filter(|(bytes, _)| !bytes.is_ascii())
}

/// The items of a list.
fn list(text: &[u8], item: Item) -> Option<Written> {
    let parts = |c: &u8| matches!(c, b' ' | b',' | b';' | b'\t' | b'\r' | b'\n');
    let blank = |at: usize| text.get(at..).unwrap_or_default().iter().take_while(|c| parts(c)).count();
    let (mut bytes, mut at) = (Vec::new(), blank(0));
    while let Some((byte, length)) = text.get(at..).and_then(item) {
        bytes.push(byte);
        at += length;
        let gap = blank(at);
        if gap == 0 {
            break;
        }
        at += gap;
    }
    Some((bytes, at)).filter(|(bytes, _)| bytes.len() >= FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "氏名,電話\n山田花子,090-1234-5678\n佐藤一郎,080-1111-2222\n";

    fn lines(line: impl Fn(usize, &[u8]) -> String) -> String {
        LIST.as_bytes().chunks(16).enumerate().map(|(number, bytes)| line(number * 16, bytes) + "\n").collect()
    }

    fn joined(bytes: &[u8], by: &str, one: impl Fn(&u8) -> String) -> String {
        bytes.iter().map(one).collect::<Vec<_>>().join(by)
    }

    #[test]
    fn dumps_and_arrays_are_read() {
        let list = LIST.as_bytes();
        let words = |bytes: &[u8]| joined(bytes, "", |c| format!("{c:02x}"));
        let spaced = |bytes: &[u8]| joined(bytes, " ", |c| format!("{c:02x}"));
        for text in [
            lines(|at, bytes| {
                let groups: Vec<String> = bytes.chunks(2).map(words).collect();
                format!("{at:08x}: {:<39}  ..ab cd..", groups.join(" "))
            }),
            lines(|at, bytes| {
                let (first, second) = bytes.split_at(bytes.len().min(8));
                format!("{at:08x}  {}  {}  |..ab cd|", spaced(first), spaced(second))
            }) + &format!("{:08x}\n", list.len()),
            lines(|at, bytes| format!("> {at:04x}  {}   ab", spaced(bytes))),
            format!("char a[] = {{{}}};", joined(list, ", ", |c| format!("0x{c:02X}"))),
            format!("char a[] = {{\n{}}};", joined(list, ",\n", |c| format!("0x{c:x}"))),
            format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", joined(list, ",", u8::to_string)),
            format!("[{}]", joined(list, ", ", |&c| c.cast_signed().to_string())),
        ] {
            let mut found = Vec::new();
            dumps(&format!("see\n{text}bye\n"), &mut found);
            assert_eq!(found, [Found::File(list.to_vec())], "{text}");
        }
    }

    #[test]
    fn numbers_are_none() {
        for text in [
            "0000 1234 5678 9012".to_owned(),
            "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]".to_owned(),
            format!("[{}]", joined(&[90; 40], ",", u8::to_string)),
            format!("{{{}}}", joined(&[0x90; 40], ",", |c| format!("0x{c:02x}"))),
            "0x12345678, 0x9abcdef0".to_owned(),
            "[".repeat(10_000),
            "0000 ".repeat(10_000),
        ] {
            let mut found = Vec::new();
            dumps(&text, &mut found);
            assert_eq!(found, [], "{}", text.get(..40).unwrap_or(&text));
        }
    }
}
