//! Files that stand in the letters of a text: base64, hexadecimal, armour.
//!
//! In: any text that a reader hands over: a body, a cell, a value in JSON, an element of XML. Out: the bytes behind its
//! letters where they are a file or a text ([`found`]), read when the part around them is ([`read`]). A file may fill one
//! long word, run over many lines, quoted ones as well, or stand in a list of strings. Keys and hashes are made of the
//! same letters; they decode to noise and stay text, but eight kilobytes of noise are told. Armour is
//! `-----BEGIN …-----` (RFC 7468, RFC 9580 §6). Deliberately absent: check sums; encodings that nobody writes into a text.

use std::ops::Range;

use data_encoding::HEXLOWER_PERMISSIVE;
use encoding_rs::{EUC_JP, SHIFT_JIS, UTF_8};

use crate::inspect::extract::archive::Archive;
use crate::inspect::extract::mail::Wrapper;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::{Place, Reason};
use crate::mail::header;

/// Encoders fill lines of 64 or 76 characters. A word of so many letters begins a file; the lines behind it may be shorter.
const WORD: usize = 60;

/// Where all of a text is base64, less will do.
const SHORTEST: usize = 24;

/// Of fewer letters than these a number is made, or a ruler.
const DIFFERENT: usize = 11;

/// Keys and certificates are shorter than this.
const UNKNOWN: usize = 8 << 10;

/// So many letters tell whether it is worth while to decode them all.
const OPENING: usize = 1 << 10;

/// Of a name that is joined to the letters.
const NAME: usize = 32;

/// Of a line end with what stands around it: quotes, commas, `+`, the marks of a quoted mail.
const GAP: usize = 64;

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
    found
}

struct Armoured {
    whole: Range<usize>,
    label: String,
    bytes: Vec<u8>,
}

/// The first armour from there on; one without its last line reaches to the end.
fn armoured(text: &str, mut from: usize) -> Option<Armoured> {
    const BEGIN: &str = "-----BEGIN ";
    loop {
        let start = from + memchr::memmem::find(text.get(from..)?.as_bytes(), BEGIN.as_bytes())?;
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

/// What stands in long words of a text.
fn words(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    // Where the run ends that is known to be noise as a whole. In it, what begins like a file may still be one.
    let mut noise = 0;
    let mut from = 0;
    while let Some(word) = long_word(bytes, from) {
        let is_in_noise = word.start < noise;
        let opened = opened(bytes, &word, is_in_noise)
            .or_else(|| behind_name(bytes, &word).and_then(|word| opened(bytes, &word, is_in_noise)));
        if let Some((file, end)) = opened {
            found.push(Found::File(file));
            from = end;
            continue;
        }
        from = word.end;
        if !is_in_noise {
            let run = Run::of(bytes, &word, usize::MAX);
            noise = run.end();
            // More different letters than a long number or a chain of bases has.
            if run.length >= UNKNOWN && different(&run.letters(bytes)) >= 16 {
                found.push(Found::Unknown);
            }
        }
    }
}

/// `sha512-…`, `report_…`: the dashes of base64 in URLs are those of a name before it as well.
fn behind_name(text: &[u8], word: &Range<usize>) -> Option<Range<usize>> {
    let head = text.get(word.start..word.end.min(word.start + NAME))?;
    let dash = head.iter().rposition(|&c| matches!(c, b'-' | b'_'))?;
    let rest = word.start + dash + 1..word.end;
    (rest.len() >= WORD).then_some(rest)
}

/// The file that begins with this word, if it opens as one, and where it ends.
fn opened(text: &[u8], word: &Range<usize>, is_in_noise: bool) -> Option<(Vec<u8>, usize)> {
    type Decode = fn(&[u8]) -> Vec<u8>;
    let opening = Run::of(text, word, OPENING);
    let mut letters = opening.letters(text);
    letters.truncate(OPENING);
    if different(&letters) < DIFFERENT {
        return None;
    }
    let is_all = opening.length <= OPENING;
    let decode: Decode = [hexadecimal as Decode, header::base64]
        .into_iter()
        .find(|decode| opens(&decode(&letters), is_all || is_in_noise))?;
    // Whatever it turns out to be, it is looked at once: its reader says so if that is nothing known.
    let run = if is_all { opening } else { Run::of(text, word, usize::MAX) };
    Some((decode(&run.letters(text)), run.end()))
}

/// The first word of base64's letters from there on that is long enough. Every place of such a length is looked at once,
/// so that prose costs next to nothing.
fn long_word(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        at += WORD - 1;
        if !is_letter(*text.get(at)?) {
            at += 1;
            continue;
        }
        let before = text.get(from..at)?;
        let start = before.iter().rposition(|&c| !is_letter(c)).map_or(from, |found| from + found + 1);
        let behind = text.get(at..)?;
        let end = behind.iter().position(|&c| !is_letter(c)).map_or(text.len(), |found| at + found);
        if end - start >= WORD {
            return Some(start..end);
        }
        at = end;
    }
}

/// A word, and the lines of letters behind it.
struct Run {
    lines: Vec<Range<usize>>,
    /// How many letters they have.
    length: usize,
}

impl Run {
    /// So many lines as have `most` letters.
    fn of(text: &[u8], word: &Range<usize>, most: usize) -> Self {
        let mut run = Self { lines: vec![word.clone()], length: word.len() };
        // Padding ends a file, and so does a line that is shorter.
        while run.length <= most && text.get(run.end()) != Some(&b'=') {
            let gap = gap(text.get(run.end()..).unwrap_or_default());
            let start = run.end() + gap;
            let line = text.get(start..).unwrap_or_default();
            let length = line.iter().position(|&c| !is_letter(c)).unwrap_or(line.len());
            let is_whole = line.get(length).is_none_or(|c| b"=\r\n\"'<\\ \t".contains(c));
            if gap == 0 || length == 0 || !is_whole || line.starts_with(b"--") {
                break;
            }
            run.lines.push(start..start + length);
            run.length += length;
            if length < WORD {
                break;
            }
        }
        run
    }

    fn end(&self) -> usize {
        self.lines.last().map_or(0, |line| line.end)
    }

    fn letters(&self, text: &[u8]) -> Vec<u8> {
        let mut letters = Vec::with_capacity(self.length);
        self.lines.iter().for_each(|line| letters.extend_from_slice(text.get(line.clone()).unwrap_or_default()));
        letters
    }
}

/// How many bytes part two lines of one file: a line end, written out or not, and what quotes them. Nothing, where no line
/// ends.
fn gap(text: &[u8]) -> usize {
    let head = text.get(..GAP).unwrap_or(text);
    let mut length = 0;
    let mut ended = false;
    while let Some(&c) = head.get(length) {
        length += match (c, head.get(length + 1)) {
            (b'\\', Some(b'n' | b'r')) => {
                ended = true;
                2
            }
            (b'\\', Some(b't')) => 2,
            (b'\n' | b'\r', _) => {
                ended = true;
                1
            }
            (b' ' | b'\t' | b'>' | b'"' | b'\'' | b',' | b';' | b'&' | b'.', _) => 1,
            // Joined strings of a program; at the start of a line it is a letter.
            (b'+', Some(b' ' | b'\t' | b'\r' | b'\n')) => 1,
            _ => break,
        };
    }
    if ended { length } else { 0 }
}

fn is_letter(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_')
}

fn different(letters: &[u8]) -> usize {
    let mut seen = [false; 256];
    letters.iter().for_each(|&c| seen[usize::from(c)] = true);
    seen.iter().filter(|&&seen| seen).count()
}

/// `504B0304…`, also behind `0x` or `\x`; nothing where other letters stand among the digits.
fn hexadecimal(letters: &[u8]) -> Vec<u8> {
    let digits = letters.strip_prefix(b"0x").or_else(|| letters.strip_prefix(b"x")).unwrap_or(letters);
    let whole = digits.get(..digits.len() & !1).unwrap_or_default();
    HEXLOWER_PERMISSIVE.decode(whole).unwrap_or_default()
}

/// Whether bytes open as a file does or are a text. Noise is all that hashes and keys are, and there are many: of few bytes
/// it takes more than two letters to be a format.
fn opens(bytes: &[u8], is_short: bool) -> bool {
    match sniff::by_magic(bytes) {
        _ if bytes.is_empty() => false,
        Some(Format::Archive(Archive::Program)) => !is_short,
        Some(_) => true,
        None => is_prose(bytes) || (!is_short && !is_unknown(sniff::format(bytes, Hint::default()))),
    }
}

fn is_unknown(format: Format) -> bool {
    matches!(format, Format::Other("unknown", _) | Format::Wrapped(_))
}

/// Whether it is a text without doubt, in a charset of which noise is none.
fn is_prose(bytes: &[u8]) -> bool {
    // Where it was cut, a character may be.
    let cut = (0..4).filter_map(|less| bytes.get(..bytes.len().checked_sub(less)?));
    cut.flat_map(|bytes| [UTF_8, SHIFT_JIS, EUC_JP].map(|charset| (charset, bytes))).any(|(charset, bytes)| {
        let text = charset.decode_without_bom_handling_and_without_replacement(bytes);
        text.is_some_and(|text| !text.chars().any(|c| is_odd(c, charset == UTF_8)))
    })
}

/// Noise is soon half-width katakana, one of its bytes each.
fn is_odd(c: char, is_utf8: bool) -> bool {
    (c.is_control() && !"\t\r\n\u{c}\u{1b}".contains(c)) || (!is_utf8 && matches!(c, '\u{ff61}'..='\u{ff9f}'))
}

/// The bytes of a text that is base64 and nothing else, however short.
fn all(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let first = text.lines().next()?;
    let in_alphabet = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
    if first.len() < SHORTEST || first.contains(' ') || !text.bytes().all(in_alphabet) {
        return None;
    }
    let characters = text.bytes().filter(|c| !c.is_ascii_whitespace()).count();
    if characters % 4 != 0 || different(text.as_bytes().get(..OPENING).unwrap_or(text.as_bytes())) < DIFFERENT {
        return None;
    }
    let bytes = header::base64(text.as_bytes());
    let is_file =
        if characters < OPENING { opens(&bytes, true) } else { !is_unknown(sniff::format(&bytes, Hint::default())) };
    is_file.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXUPPER};

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
    fn a_file_among_lines_of_noise_is_found() {
        let noise = format!("{HASH}\n").repeat(200);
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend((0..3_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
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
