//! Files that stand in the letters of a text: base64, hexadecimal, armour.
//!
//! In: any text that a reader hands over: a body, a cell, a value in JSON, an element of XML. Out: the bytes behind its
//! letters where they are a file or a text ([`found`]), read when the part around them is ([`read`]). A file may fill one
//! long word, run over many lines or stand in a list of strings ([`runs`]). Keys and hashes are made of the same letters;
//! they decode to noise ([`opens`]) and stay text, but eight kilobytes of noise are told. Bytes may be written one by one
//! ([`dumps`]). Armour is
//! `-----BEGIN …-----` (RFC 7468, RFC 9580 §6). Deliberately absent: check sums; encodings that nobody writes into a text;
//! words of less than 16 letters that are not all of a text.

mod dumps;
mod opens;
mod runs;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use self::runs::{is_letter, words};
use crate::inspect::extract::mail::Wrapper;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::{Place, Reason};
use crate::mail::header;

/// Where all of a text is base64, half of what is asked of a word will do.
const SHORTEST: usize = 12;

/// From so many letters on it need not be nothing but Japanese.
const CERTAIN: usize = 24;

/// Sixteen bytes of a dump or an array take as many letters.
const DUMP: usize = 48;

/// Of fewer letters than these a number is made, or a ruler.
const DIFFERENT: usize = 11;

/// Keys and certificates are shorter than this.
const UNKNOWN: usize = 8 << 10;

/// So many letters tell whether it is worth while to decode them all.
const OPENING: usize = 1 << 10;

/// Something that stands in the letters of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file, or a text of its own.
    File(Vec<u8>),
    /// What stands in armour: its label (`PKCS7`, `PGP MESSAGE`, …) and the bytes.
    Armour(String, Vec<u8>),
    /// More than a key, and nothing we know.
    Unknown,
}

/// What was found, and where the text stands.
pub(crate) struct Letters {
    pub(crate) place: Place,
    pub(crate) found: Found,
}

impl Letters {
    /// How many bytes it holds.
    pub(crate) fn len(&self) -> u64 {
        match &self.found {
            Found::File(bytes) | Found::Armour(_, bytes) => bytes.len() as u64,
            Found::Unknown => 0,
        }
    }
}

/// Reads what was found in the texts of a part, `depth` levels down.
pub(crate) fn read(reading: &mut Reading<'_>, letters: &Letters, depth: u32) {
    let Letters { place, found } = letters;
    match found {
        Found::File(bytes) => file(reading, bytes, &place.inside("base64"), depth),
        Found::Armour(label, bytes) => armour(reading, (label, bytes), place, depth),
        Found::Unknown => reading.unread(&place.inside("base64"), Reason::Unsupported),
    }
}

fn file(reading: &mut Reading<'_>, bytes: &[u8], place: &Place, depth: u32) {
    // The tokens of a log are texts, and many: none of them is a part of its own.
    if bytes.len() <= OPENING && matches!(sniff::format(bytes, Hint::default()), Format::Text | Format::Json) {
        return reading.text(place, &crate::mail::charset::text(bytes, None));
    }
    if !reading.take_entry() {
        return reading.unread(place, Reason::Limit);
    }
    reading.read(&Part { bytes, place, depth, hint: Hint::default() });
}

/// Keys stay text; what is known by its content is read; a message that cannot be opened is closed, and what is longer than
/// a key and nothing known is told.
fn armour(reading: &mut Reading<'_>, (label, bytes): (&str, &[u8]), place: &Place, depth: u32) {
    let is_message = label.starts_with("PGP MESSAGE");
    match sniff::format(bytes, Hint::default()) {
        // In place: a body in armour is a body.
        Format::Wrapped(Wrapper::Pgp) if is_message => {
            reading.read(&Part { bytes, place, depth, hint: Hint::default() });
        }
        _ if is_message => reading.unread(place, Reason::Encrypted),
        _ if bytes.is_empty() => {}
        Format::Other(..) if bytes.len() < UNKNOWN => {}
        Format::Other(_, reason) => reading.unread(&place.inside(label), reason),
        _ => {
            let place = place.inside(label);
            if !reading.take_entry() {
                return reading.unread(&place, Reason::Limit);
            }
            reading.text(&place, label);
            reading.read(&Part { bytes, place: &place, depth, hint: Hint::default() });
        }
    }
}

/// What stands in the letters of a text.
pub(crate) fn found(text: &str) -> Vec<Found> {
    if text.len() < SHORTEST {
        return Vec::new();
    }
    if let Some(file) = all(text) {
        return vec![Found::File(file)];
    }
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(armour) = armoured(text, from) {
        words(text.get(from..armour.whole.start).unwrap_or_default(), &mut found);
        found.push(Found::Armour(armour.label, armour.bytes));
        from = armour.whole.end;
    }
    words(text.get(from..).unwrap_or_default(), &mut found);
    // A cell has no room for one.
    if text.len() >= DUMP {
        dumps::dumps(text, &mut found);
    }
    found
}

const BEGIN: &str = "-----BEGIN ";

/// Made once, since every cell asks.
static ARMOUR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN));

struct Armoured {
    whole: Range<usize>,
    label: String,
    bytes: Vec<u8>,
}

/// The first armour from there on; one without its last line reaches to the end.
fn armoured(text: &str, mut from: usize) -> Option<Armoured> {
    loop {
        let start = from + ARMOUR.find(text.get(from..)?.as_bytes())?;
        from = start + BEGIN.len();
        let rest = text.get(from..)?;
        let head = rest.split_once("-----").filter(|(label, _)| label.len() <= 64 && !label.contains('\n'));
        // The text of a signed message stands between two armours and is text.
        let Some((label, body)) = head.filter(|(label, _)| *label != "PGP SIGNED MESSAGE") else { continue };
        let length = body.find("-----END ").unwrap_or(body.len());
        // A value in JSON has its line ends written out.
        let body = body.get(..length)?.replace("\\r", "").replace("\\n", "\n");
        let lines = body.lines().map(|line| line.trim_matches(['>', ' ', '\t', '\r']));
        let is_base64 = |line: &&str| !line.starts_with('=') && line.bytes().all(|c| is_letter(c) || c == b'=');
        let encoded: Vec<&str> = lines.filter(is_base64).collect();
        let bytes = header::base64(encoded.join("\n").as_bytes());
        let end = from + label.len() + "-----".len() + length;
        return Some(Armoured { whole: start..end, label: label.to_owned(), bytes });
    }
}

fn different(letters: &[u8]) -> usize {
    let mut seen = [false; 256];
    letters.iter().for_each(|&c| seen[usize::from(c)] = true);
    seen.iter().filter(|&&seen| seen).count()
}

/// The bytes of a text that is base64 and nothing else, however short.
fn all(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let first = text.lines().next()?;
    let in_alphabet = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
    if first.len() < SHORTEST || first.contains(' ') || !text.bytes().all(in_alphabet) {
        return None;
    }
    if text.len() < CERTAIN {
        return japanese(text);
    }
    let characters = text.bytes().filter(|c| !c.is_ascii_whitespace()).count();
    if characters % 4 != 0 || different(text.as_bytes().get(..OPENING).unwrap_or(text.as_bytes())) < DIFFERENT {
        return None;
    }
    let bytes = header::base64(text.as_bytes());
    let is_file = if characters < OPENING {
        opens::opens(&bytes, true)
    } else {
        !opens::is_unknown(sniff::format(&bytes, Hint::default()))
    };
    is_file.then_some(bytes)
}

/// The bytes of a short text that is nothing but Japanese in UTF-8: each of its characters is a group of four letters, and
/// each group begins with one of three.
fn japanese(text: &str) -> Option<Vec<u8>> {
    let is_character = |group: &[u8]| matches!(group, [b'4'..=b'6', _, _, c] if *c != b'=');
    if !text.as_bytes().chunks(4).all(is_character) {
        return None;
    }
    let bytes = header::base64(text.as_bytes());
    std::str::from_utf8(&bytes).is_ok().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXUPPER};
    use encoding_rs::{EUC_JP, SHIFT_JIS};

    use super::*;

    const CSV: &str = "氏名,電話\n山田花子,090-1234-5678\n佐藤一郎,080-1111-2222\n";
    const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn csv() -> [Found; 1] {
        [Found::File(CSV.as_bytes().to_vec())]
    }

    #[test]
    fn only_pure_base64_is_taken_for_base64() {
        assert_eq!(all("6aGn5a6i44Gu5bGx55Sw6Iqx5a2Q5qeY").unwrap(), "顧客の山田花子様".as_bytes());
        assert_eq!(all("This is a sentence of some length"), None);
        assert_eq!(all("short"), None);
        assert_eq!(all(HASH), None);
    }

    #[test]
    fn a_pasted_file_is_found_between_prose() {
        let encoded = BASE64.encode(CSV.as_bytes());
        let (first, last) = encoded.split_at(64);
        let text = format!("Content-Transfer-Encoding: base64\r\n\r\n> {first}\r\n> {last}\r\n\r\nbye\r\n");
        assert_eq!(found(&text), csv());
        // A line of letters, a hash, a key.
        assert_eq!(found(&format!("{HASH}\n{HASH}\n")), []);
        assert_eq!(found("no base64 here\n"), []);
        let noise = format!("{HASH}\n").repeat(200);
        assert_eq!(found(&noise), [Found::Unknown]);
        let key = found(&format!("-----BEGIN RSA PRIVATE KEY-----\n{noise}-----END RSA PRIVATE KEY-----\n"));
        assert!(matches!(key.as_slice(), [Found::Armour(label, _)] if label == "RSA PRIVATE KEY"));
    }

    #[test]
    fn a_file_in_a_value_or_a_list_of_strings_is_found() {
        let encoded = BASE64.encode(CSV.as_bytes());
        let (first, last) = encoded.split_at(64);
        for text in [
            format!("{{\"name\": \"a.csv\", \"content\": \"{encoded}\"}}"),
            format!("<data>{encoded}</data>"),
            format!("1,a.csv,{encoded},x"),
            format!("data:text/csv;base64,{encoded}"),
            format!("sha512-{encoded}"),
            format!("\"{first}\\r\\n{last}\""),
            format!("[\"{first}\",\n  \"{last}\"]"),
            format!("s = '{first}' +\n    '{last}';"),
            format!("値は\"{}\"です", BASE64URL_NOPAD.encode(CSV.as_bytes())),
            format!("INSERT INTO f VALUES (0x{});", HEXUPPER.encode(CSV.as_bytes())),
            format!("\\x{}", data_encoding::HEXLOWER.encode(CSV.as_bytes())),
            // What stands before it in lines of the same letters is noise.
            format!("{HASH}\n{HASH}\n{first}\n{last}\n"),
        ] {
            assert_eq!(found(&text), csv(), "{text}");
        }
    }

    #[test]
    fn lines_of_any_width_are_read_however_they_are_marked() {
        let csv = CSV.repeat(4);
        let encoded = BASE64.encode(csv.as_bytes());
        let expected = [Found::File(csv.into_bytes())];
        for width in [20, 24, 32, 40, 48, 56, 60, 64, 76] {
            for mark in ["", "> ", ">> ", "    ", "| ", "# ", " * ", "+"] {
                let lines = encoded.as_bytes().chunks(width).map(|line| core::str::from_utf8(line).unwrap());
                let text: String = lines.map(|line| format!("{mark}{line}\n")).collect();
                assert_eq!(found(&format!("見積です。\n\n{text}\nよろしく\n")), expected, "{width} {mark}");
            }
        }
        // A mail program that breaks lines at 70 characters.
        let lines = encoded.as_bytes().chunks(76).map(|line| core::str::from_utf8(line).unwrap());
        let wrapped = lines.map(|line| match line.split_at_checked(70) {
            Some((first, rest)) => format!("> {first}\n> {rest}\n"),
            None => format!("> {line}\n"),
        });
        assert_eq!(found(&format!("x\n{}y\n", wrapped.collect::<String>())), expected);
    }

    #[test]
    fn a_text_of_a_few_letters_is_read() {
        let expected = |text: &str| [Found::File(text.as_bytes().to_vec())];
        for (text, read) in [
            ("data:\n  name: 56eY5a+G5aSq6YOO\n", "秘密太郎"),
            ("Authorization: Basic 56eY5a+G5aSq6YOOOnBhc3M=", "秘密太郎:pass"),
            ("{\"to\":\"dGFyb0BleGFtcGxlLmpw\"}", "taro@example.jp"),
            ("5bGx55Sw5aSq6YOO", "山田太郎"),
            ("5bGx55Sw5aSq", "山田太"),
            ("名は5bGx55Sw5aSq6YOOです", "山田太郎"),
            ("{\"t\": \"eyJ2IjoiMSIsInMiOjEsImMiOi...\",\n  \"Recurrence\": 1}", "{\"v\":\"1\",\"s\":1,\"c\":"),
        ] {
            assert_eq!(found(text), expected(read), "{text}");
        }
        for text in ["getElementsByTagName", "/usr/local/share/man", "AKIAIOSFODNN7EXAMPLE", "4111111111111111"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn letters_of_every_charset_and_alphabet_are_read() {
        let prose = "いつもお世話になっております。氏名は秘密太郎です。";
        let wide = |order: fn(u16) -> [u8; 2]| prose.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let mut all = vec![wide(u16::to_le_bytes), wide(u16::to_be_bytes), prose.as_bytes().to_vec()];
        all.extend([SHIFT_JIS, EUC_JP].map(|charset| charset.encode(prose).0.into_owned()));
        all.push("name=秘密;tel=090-1234-5678;".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect());
        for bytes in all {
            for letters in [BASE64.encode(&bytes), data_encoding::BASE32.encode(&bytes), HEXUPPER.encode(&bytes)] {
                assert_eq!(found(&format!("x {letters} y")), [Found::File(bytes.clone())], "{letters}");
            }
        }
    }

    #[test]
    fn lists_of_identifiers_are_no_noise_and_packed_bytes_in_short_lines_are() {
        let uuids: String =
            (0..400u32).map(|n| format!("{:08x}-1a2b-4c3d-8e9f-{:012x}\n", n.wrapping_mul(2_654_435_761), n)).collect();
        assert_eq!(found(&uuids), []);
        let noise: Vec<u8> =
            (0..9_000u32).map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 23) as u8).collect();
        let encoded = BASE64.encode(&noise);
        let lines = encoded.as_bytes().chunks(40).map(|line| core::str::from_utf8(line).unwrap());
        assert_eq!(found(&lines.collect::<Vec<_>>().join("\n")), [Found::Unknown]);
    }

    #[test]
    fn a_file_among_lines_of_noise_is_found() {
        let noise = format!("{HASH}\n").repeat(200);
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend((0..3_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
        let framed =
            [b"\0\0\0\0\x20\x03\0\0", &b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0"[..], &[0; 12], b"\x05\0\0\0a.txt", &zip]
                .concat();
        assert_eq!(found(&BASE64.encode(&framed)), [Found::File(framed)]);
        let encoded = BASE64.encode(&zip);
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| core::str::from_utf8(line).unwrap()).collect();
        let all = found(&format!("{noise}{}\n", lines.join("\n")));
        assert_eq!(all, [Found::Unknown, Found::File(zip)]);
    }

    #[test]
    fn what_is_no_file_stays_text() {
        let long = "1234567890".repeat(2_000);
        let bases = "GATTACA".repeat(2_000);
        for text in
            [&long, &bases, &"-".repeat(20_000), &"a".repeat(20_000), &format!("/{}", "path/to/a/file/".repeat(9))]
        {
            assert!(found(text).is_empty(), "{}", text.get(..40).unwrap());
        }
        let random =
            BASE64.encode(&(0..64u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>());
        assert_eq!(found(&format!("\"integrity\": \"sha512-{random}\"")), []);
    }

    #[test]
    fn armour_is_opened_with_its_head_and_check_sum() {
        let text = "x\n-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nYWJj\n=aBcD\n-----END PGP MESSAGE-----\n\
                    -----BEGIN PKCS7-----\r\nYWI=\r\n";
        let armour = |label: &str, bytes: &[u8]| Found::Armour(label.to_owned(), bytes.to_vec());
        assert_eq!(found(text), [armour("PGP MESSAGE", b"abc"), armour("PKCS7", b"ab")]);
        let json = r#"{"k": "-----BEGIN PGP MESSAGE-----\n\nYWJj\n=aBcD\n-----END PGP MESSAGE-----\n"}"#;
        assert_eq!(found(json), [armour("PGP MESSAGE", b"abc")]);
    }
}
