//! A message: the bytes that arrived, and where its header lines are.
//!
//! In: everything between DATA and the final dot, dot-stuffing removed, lines ending in CRLF. Out: a [`Message`],
//! cheap to clone. Deliberately absent: MIME structure (see `inspect::extract`) and any way to change a byte.

use std::sync::Arc;

/// The raw bytes of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    bytes: Arc<[u8]>,
    body_at: usize,
}

/// One header field, still encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The field name as written, without the colon.
    pub name: &'a [u8],
    /// Everything after the colon up to the line's end, folds included, the last CRLF not.
    pub value: &'a [u8],
}

impl Header<'_> {
    /// Whether this is the field called `name`, whatever its case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

impl Message {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let body_at = header_end(&bytes);
        Self { bytes, body_at }
    }

    /// All of it, as it arrived.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All of it, to hand on without a copy.
    pub fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// What follows the empty line after the headers; empty if there is none.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.body_at..).unwrap_or_default()
    }

    /// The header fields in order. A line that is no field (no colon, or it starts like a fold with nothing to
    /// continue) is passed over.
    pub fn headers(&self) -> impl Iterator<Item = Header<'_>> {
        Fields { rest: self.bytes.get(..self.body_at).unwrap_or_default() }
    }

    /// The lines of the header as they are, each field with its folds and its line end; without the empty line.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&[u8], Option<Header<'_>>)> {
        let mut fields = Fields { rest: self.bytes.get(..self.header_end()).unwrap_or_default() };
        std::iter::from_fn(move || {
            let before = fields.rest;
            let field = fields.next_unfolded().filter(|_| !before.is_empty())?;
            let line = before.get(..before.len() - fields.rest.len()).unwrap_or_default();
            Some((line, header(field)))
        })
    }

    /// Where the header ends: before the empty line.
    pub(super) fn header_end(&self) -> usize {
        let header = self.bytes.get(..self.body_at).unwrap_or_default();
        let ends_blank = |end: &[u8]| header.ends_with(end) || header == end.get(1..).unwrap_or_default();
        if ends_blank(b"\n\r\n") {
            self.body_at - 2
        } else if ends_blank(b"\n\n") {
            self.body_at - 1
        } else {
            self.body_at
        }
    }

    /// The first field called `name`.
    pub fn header(&self, name: &str) -> Option<Header<'_>> {
        self.headers().find(|header| header.is(name))
    }

    /// The Message-ID with its angle brackets, if there is one.
    pub fn message_id(&self) -> Option<String> {
        let value = self.header("Message-ID")?.value;
        let text = String::from_utf8_lossy(value).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// How many Received fields the mail carries: each hop writes one.
    pub fn hops(&self) -> usize {
        self.headers().filter(|header| header.is("Received")).count()
    }
}

/// Where the body starts: behind the first empty line (CRLF or, in files, bare LF).
fn header_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()) {
        let line = bytes.get(at..at + length).unwrap_or_default();
        at += length + 1;
        if line.is_empty() || line == b"\r" {
            return at;
        }
    }
    bytes.len()
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The next field with its folded lines, without the line end.
    fn next_unfolded(&mut self) -> Option<&'a [u8]> {
        let mut end = 0;
        loop {
            let line = self.rest.get(end..).unwrap_or_default();
            end += memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
            if !matches!(self.rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (field, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        let field = field.strip_suffix(b"\n").unwrap_or(field);
        Some(field.strip_suffix(b"\r").unwrap_or(field))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        while !self.rest.is_empty() {
            let field = self.next_unfolded()?;
            if let Some(field) = header(field) {
                return Some(field);
            }
        }
        None
    }
}

/// An unfolded line as a field, if it is one.
fn header(line: &[u8]) -> Option<Header<'_>> {
    let (name, value) = line.split_at(memchr::memchr(b':', line)?);
    let name = name.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| Header { name, value: value.get(1..).unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_their_folds() {
        let mail = Message::new(*b"Subject: one\r\n two\r\nnot a field\r\nX-A:b\r\n\r\nSubject: body\r\n");
        let found: Vec<_> = mail.headers().map(|h| (h.name, h.value)).collect();
        assert_eq!(found, [(&b"Subject"[..], &b" one\r\n two"[..]), (b"X-A", b"b")]);
        assert_eq!(mail.body(), b"Subject: body\r\n");
    }

    #[test]
    fn a_mail_without_an_empty_line_is_all_header() {
        let mail = Message::new(*b"Message-ID: <1@x>\n");
        assert_eq!((mail.message_id().as_deref(), mail.body()), (Some("<1@x>"), &b""[..]));
        assert_eq!(Message::new(vec![0; 64]).headers().count(), 0);
    }
}
