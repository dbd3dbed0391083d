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
                "boundary" if value.len() <= BOUNDARY_BYTES => self.boundaries.push(value),
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
                let foreign = |c: u8| {
                    !c.is_ascii_alphanumeric() && !matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n' | b' ' | b'\t')
                };
                let suspect = count(body, foreign) * 10 > body.len();
                Content { bytes: header::base64(body).into(), suspect }
            }
            "quoted-printable" => Content { bytes: header::quoted_printable(body, false).into(), suspect: false },
            // `x-uuencode` bodies are found by their `begin` line.
            _ => Content { bytes: body.into(), suspect: false },
        }
    }
}

/// A value that programs write: a word or a media type.
fn is_plain(value: &str) -> bool {
    value.len() <= 64
        && value.bytes().all(|c| c.is_ascii_graphic())
        && value.bytes().filter(u8::is_ascii_digit).count() < 8
}
