//! What an entity's header says about its body: type, charset, transfer encoding, names.
//!
//! In: header fields, as they come. Out: an [`Entity`], and the body undone from its transfer encoding. Of fields and
//! parameters that come twice every value that matters is kept: clients disagree on which one counts. Deliberately
//! absent: believing it. What the body is is told by its bytes.

use std::borrow::Cow;

use crate::inspect::extract::mail::mime::BOUNDARY_BYTES;
use crate::inspect::extract::sniff::count;
use crate::mail::{Header, header};

/// What an entity's header says about its body.
#[derive(Default)]
pub(crate) struct Entity {
    pub(crate) media: String,
    pub(crate) charset: Option<String>,
    pub(crate) encoding: String,
    pub(crate) boundaries: Vec<String>,
    /// Names of the file, every different one.
    pub(crate) names: Vec<String>,
    pub(crate) attachment: bool,
    /// Values of parameters that say nothing about the body.
    pub(crate) other: String,
}

/// A body after its transfer encoding.
pub(crate) struct Content<'a> {
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Whether it did not look like what was declared.
    pub(crate) suspect: bool,
    /// Lines that are none of what was declared: a mailing list puts its footer behind base64 as it stands.
    pub(crate) strays: Vec<u8>,
    /// The body without those lines, if they made another one of it.
    pub(crate) other: Option<Vec<u8>>,
}

impl<'a> Content<'a> {
    fn of(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { bytes: bytes.into(), suspect: false, strays: Vec::new(), other: None }
    }
}

impl Entity {
    /// Takes what a field says.
    pub(crate) fn note(&mut self, field: &Header<'_>) {
        if field.is("Content-Type") {
            let end = field.value.iter().position(|&c| c == b';').unwrap_or(field.value.len());
            let media = String::from_utf8_lossy(field.value.get(..end).unwrap_or_default()).trim().to_ascii_lowercase();
            // What stands behind the type is a comment.
            if let Some((_, comment)) = media.split_once([' ', '\t', '(']) {
                self.other.push_str(comment);
                self.other.push('\n');
            }
            // Of two fields the one that opens the body counts; a multipart without its boundary is read as text.
            if !self.media.contains('/') || media.starts_with("multipart/") {
                self.media = media;
            }
            self.parameters(field.value);
        } else if field.is("Content-Disposition") {
            self.attachment |= field.value.trim_ascii_start().to_ascii_lowercase().starts_with(b"attachment");
            self.parameters(field.value);
        } else if field.is("Content-Transfer-Encoding") {
            self.encoding = header::decode(field.value).to_ascii_lowercase();
        }
    }

    fn parameters(&mut self, value: &[u8]) {
        for (name, value) in header::parameters(value) {
            match name.as_str() {
                "charset" if self.charset.is_none() => self.charset = Some(value),
                "boundary" if value.len() <= BOUNDARY_BYTES => {
                    // What stands behind it is a comment.
                    if !is_plain(&value) {
                        self.other.push_str(&value);
                        self.other.push('\n');
                    }
                    self.boundaries.push(value);
                }
                "name" | "filename" if !value.is_empty() && !self.names.contains(&value) => self.names.push(value),
                "charset" | "name" | "filename" => {}
                "protocol" | "micalg" | "type" | "format" | "delsp" | "report-type" | "smime-type"
                    if is_plain(&value) => {}
                _ => {
                    self.other.push_str(&value);
                    self.other.push('\n');
                }
            }
        }
    }

    /// The header is through.
    pub(crate) fn settle(&mut self, digest: bool) {
        if self.media.is_empty() && digest {
            "message/rfc822".clone_into(&mut self.media);
        }
    }

    /// The body without its transfer encoding.
    pub(crate) fn decoded<'a>(&self, body: &'a [u8]) -> Content<'a> {
        match self.encoding.trim_matches('"') {
            "base64" => {
                let suspect = count(body, is_foreign) * 10 > body.len();
                let (strays, own) = if suspect { Default::default() } else { strays(body) };
                let bytes = header::base64(body);
                let other = Some(header::base64(&own)).filter(|own| !strays.is_empty() && !bytes.starts_with(own));
                Content { suspect, strays, other, ..Content::of(bytes) }
            }
            "quoted-printable" => Content::of(header::quoted_printable(body, false)),
            // `x-uuencode` bodies are found by their `begin` line.
            _ => Content::of(body),
        }
    }
}

/// A byte that base64 does not have.
fn is_foreign(c: u8) -> bool {
    !c.is_ascii_alphanumeric() && !matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n' | b' ' | b'\t')
}

/// The lines of a body in base64 that are none: they have words, or other letters; and the lines that are.
fn strays(body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut strays, mut own) = (Vec::new(), Vec::new());
    // Nearly every body has neither.
    if memchr::memchr(b' ', body).is_none() && count(body, is_foreign) == 0 {
        return (strays, own);
    }
    for line in body.split_inclusive(|&c| c == b'\n') {
        let words = line.trim_ascii();
        let is_stray = words.contains(&b' ') || words.iter().any(|&c| is_foreign(c));
        if is_stray { strays.extend(line) } else { own.extend(line) }
    }
    (strays, own)
}

/// A value that programs write: a word or a media type.
fn is_plain(value: &str) -> bool {
    value.len() <= 64
        && value.bytes().all(|c| c.is_ascii_graphic())
        && value.bytes().filter(u8::is_ascii_digit).count() < 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &str) -> (String, String, Option<String>) {
        let entity = Entity { encoding: "base64".to_owned(), ..Entity::default() };
        let content = entity.decoded(body.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&content.bytes), text(&content.strays), content.other.map(|other| text(&other)))
    }

    #[test]
    fn what_stands_in_base64_as_it_is_comes_out_as_it_is() {
        let encoded = format!("{}\r\n", data_encoding::BASE64.encode(&b"a list of names, ".repeat(9)));
        let content = "a list of names, ".repeat(9);
        assert_eq!(decoded(&encoded), (content.clone(), String::new(), None));
        let footer = "_____\r\nTEL 090-1234-5678\r\n";
        let (bytes, strays, other) = decoded(&format!("{encoded}\r\n{footer}"));
        assert!(bytes.starts_with(&content) && other.is_none(), "{bytes}");
        assert_eq!(strays, footer);
        // Words in front of it make another content of it for a reader who takes their letters.
        let (bytes, strays, other) = decoded(&format!("Here is it now:\r\n{encoded}"));
        assert!(!bytes.contains("list"), "{bytes}");
        assert_eq!((strays.as_str(), other.as_deref()), ("Here is it now:\r\n", Some(content.as_str())));
    }
}
