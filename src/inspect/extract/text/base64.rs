//! Base64 in a text: files whose transfer encoding was lost on the way, or that somebody pasted.
//!
//! In: a text. Out: the bytes behind it, where they are a file of a known format: all of the text, runs of lines
//! between prose, and what stands in armour (`-----BEGIN …-----`, RFC 7468 and RFC 9580 §6). Keys and hashes are made of
//! the same letters; they decode to noise and stay text, but eight kilobytes of noise are told. Deliberately absent: check
//! sums.

use crate::inspect::extract::reading::Hint;
use crate::inspect::extract::sniff::{self, Format};
use crate::mail::header;

/// Encoders fill lines of 64 or 76 characters; the last may be shorter.
const FULL_LINE: usize = 60;

/// Keys and certificates are shorter than this.
const UNKNOWN: usize = 8 << 10;

/// What stands in armour.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Armoured<'a> {
    /// `PKCS7`, `PGP MESSAGE`, …
    pub(crate) label: &'a str,
    pub(crate) bytes: Vec<u8>,
}

/// Every armour in a text; one without its last line reaches to the end.
pub(crate) fn armoured(text: &str) -> Vec<Armoured<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        rest = rest.get(at + 11..).unwrap_or_default();
        let Some((label, body)) =
            rest.split_once("-----").filter(|(label, _)| label.len() <= 64 && !label.contains('\n'))
        else {
            continue;
        };
        // The text of a signed message stands between two armours and is text.
        if label == "PGP SIGNED MESSAGE" {
            continue;
        }
        let end = body.find("-----END ").unwrap_or(body.len());
        let (body, after) = body.split_at_checked(end).unwrap_or((body, ""));
        rest = after;
        let lines = body.lines().map(unquoted);
        let encoded: Vec<&str> = lines.filter(|line| is_base64(line) && !line.starts_with('=')).collect();
        found.push(Armoured { label, bytes: header::base64(encoded.join("\n").as_bytes()) });
    }
    found
}

/// What a run of base64 lines holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// A file of a known format.
    File(Vec<u8>),
    /// More than a key, and nothing we know.
    Unknown,
}

/// The runs of base64 lines outside of armour that are more than keys and hashes.
pub(crate) fn runs(text: &str) -> Vec<Run> {
    let mut found = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut armoured = false;
    for line in text.lines().map(unquoted).chain(std::iter::once("")) {
        if line.starts_with("-----BEGIN ") || line.starts_with("-----END ") {
            armoured = line.starts_with("-----BEGIN ") && !line.contains("SIGNED MESSAGE");
        }
        if !armoured && is_base64(line) && (line.len() >= FULL_LINE || !run.is_empty()) {
            run.push(line);
            if line.len() >= FULL_LINE {
                continue;
            }
        }
        if !run.is_empty() {
            let encoded = std::mem::take(&mut run).join("\n");
            let unknown = (encoded.len() >= UNKNOWN).then_some(Run::Unknown);
            found.extend(file(&encoded).map(Run::File).or(unknown));
        }
    }
    found
}

/// Mails are quoted and so is what is in them.
fn unquoted(line: &str) -> &str {
    line.trim_matches(['>', ' ', '\t', '\r'])
}

fn is_base64(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'='))
}

fn file(encoded: &str) -> Option<Vec<u8>> {
    let bytes = header::base64(encoded.as_bytes());
    let is_file = !matches!(sniff::format(&bytes, Hint::default()), Format::Other("unknown", _) | Format::Wrapped(_));
    is_file.then_some(bytes)
}

/// The bytes of a text that consists of base64 lines only.
pub(crate) fn all(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let first = text.lines().next()?;
    let in_alphabet = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
    if first.len() < 24 || first.contains(' ') || !text.bytes().all(in_alphabet) {
        return None;
    }
    let characters = text.bytes().filter(|c| !c.is_ascii_whitespace()).count();
    if characters % 4 != 0 {
        return None;
    }
    file(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pure_base64_is_taken_for_base64() {
        assert_eq!(all("6aGn5a6i44Gu5bGx55Sw6Iqx5a2Q5qeY").unwrap(), "顧客の山田花子様".as_bytes());
        assert_eq!(all("This is a sentence of some length"), None);
        assert_eq!(all("short"), None);
        assert_eq!(all("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"), None);
    }

    #[test]
    fn a_pasted_file_is_found_between_prose() {
        let csv = "氏名,電話\n山田花子,090-1234-5678\n佐藤一郎,080-1111-2222\n";
        let encoded = data_encoding::BASE64.encode(csv.as_bytes());
        let (first, last) = encoded.split_at(64);
        let text = format!("Content-Transfer-Encoding: base64\r\n\r\n> {first}\r\n> {last}\r\n\r\nbye\r\n");
        assert_eq!(runs(&text), [Run::File(csv.as_bytes().to_vec())]);
        // A line of letters, a hash, a key.
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert_eq!(runs(&format!("{hash}\n{hash}\n")), []);
        assert_eq!(runs("no base64 here\n"), []);
        let noise = format!("{hash}\n").repeat(200);
        assert_eq!(runs(&noise), [Run::Unknown]);
        assert_eq!(runs(&format!("-----BEGIN RSA PRIVATE KEY-----\n{noise}-----END RSA PRIVATE KEY-----\n")), []);
    }

    #[test]
    fn armour_is_opened_with_its_head_and_check_sum() {
        let text = "x\n-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nYWJj\n=aBcD\n-----END PGP MESSAGE-----\n\
                    -----BEGIN PKCS7-----\r\nYWI=\r\n";
        let found = armoured(text);
        assert_eq!(found[0], Armoured { label: "PGP MESSAGE", bytes: b"abc".to_vec() });
        assert_eq!(found[1], Armoured { label: "PKCS7", bytes: b"ab".to_vec() });
    }
}
