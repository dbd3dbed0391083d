//! Mails: header fields, MIME parts, attachments, mails inside.
//!
//! In: a mail's bytes. Out: the header's texts, every part's content (undone from its transfer encoding and read on
//! by its type), attachment names. The tree is cut here and not by mail-parser, for what that cannot give: its
//! nested messages are nested values, and copying them recurses (ten thousand mails in a base64 part overflow the
//! stack), encoded messages stop at three levels, and the text before and after the parts is not in its tree. Cut here, every line
//! of a multipart is in its preamble, in a part, or in its epilogue; nothing falls between.
//! Deliberately absent: which part a mail program would show. All are read.

pub(crate) mod card;
mod mime;

use self::mime::{BOUNDARY_BYTES, Fields, Line, guessed_boundary, pieces};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::count;
use crate::inspect::{Place, Reason};
use crate::mail::{Header, header};

/// How deep multiparts may nest inside one mail. Mail programs write four or five.
const MULTIPART_DEPTH: u32 = 64;

/// Fields that machines write for machines. Every other field is text.
const MACHINE_FIELDS: [&str; 32] = [
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "auto-submitted",
    "content-disposition",
    "content-id",
    "content-language",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "date",
    "delivered-to",
    "dkim-signature",
    "domainkey-signature",
    "importance",
    "in-reply-to",
    "lines",
    "message-id",
    "mime-version",
    "precedence",
    "priority",
    "received",
    "received-spf",
    "references",
    "return-path",
    "status",
    "thread-index",
    "user-agent",
    "x-mailer",
    "x-originating-ip",
    "x-priority",
];

/// The same, by how their names start.
const MACHINE_FAMILIES: [&str; 6] =
    ["x-forefront-", "x-google-", "x-microsoft-antispam", "x-ms-exchange-", "x-ms-office365-", "x-spam-"];

/// A message as Outlook keeps or sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// A file of its own (.msg).
    Msg,
    /// `winmail.dat`: what Exchange wraps a message into for its own kind.
    Tnef,
}

impl Outlook {
    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Msg => "msg",
            Self::Tnef => "tnef",
        }
    }
}

/// Reads a message as Outlook keeps or sends it.
pub(crate) fn read_outlook(reading: &mut Reading<'_>, part: &Part<'_>, _kind: Outlook) {
    reading.unread(part.place, Reason::Unsupported);
}

/// Reads a mail. The outermost one has an empty place: its text is `body`, its attachments have their own names.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut mail = Mail { place: part.place, depth: part.depth, leaves: 0 };
    mail.entity(reading, part.bytes, &Surroundings { level: 0, digest: false, encrypted: false });
}

/// Reads a file of several mails (mbox): each starts with a `From ` line behind an empty one.
pub(crate) fn read_mailbox(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut starts = vec![0];
    starts.extend(memchr::memmem::find_iter(part.bytes, b"\nFrom ").map(|at| at + 1).filter(|&at| {
        let before = part.bytes.get(..at).unwrap_or_default();
        before.ends_with(b"\n\n") || before.ends_with(b"\r\n\r\n")
    }));
    starts.push(part.bytes.len());
    for (number, range) in starts.windows(2).enumerate() {
        let [start, end] = *range else { continue };
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        let place = part.place.inside(&format!("mail {}", number + 1));
        let bytes = part.bytes.get(start..end).unwrap_or_default();
        reading.read_nested_mail(&Part { bytes, place: &place, depth: part.depth + 1, hint: Hint::default() });
    }
}

/// Whether bytes start with a header: at least two fields that mails have, and nothing else before the first empty
/// line than fields.
pub(crate) fn looks_like_mail(bytes: &[u8]) -> bool {
    const TELLING: [&str; 12] = [
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "received",
        "message-id",
        "mime-version",
        "return-path",
        "content-type",
        "reply-to",
        "delivered-to",
    ];
    let mut header = Fields { rest: bytes };
    let (mut telling, mut named) = (0, false);
    for line in &mut header {
        match line {
            Line::Field(field) => {
                let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
                telling += u32::from(TELLING.contains(&name.as_str()));
                named |= matches!(name.as_str(), "from" | "subject" | "received" | "message-id");
            }
            // What is left of an mbox line.
            Line::Stray(stray) if telling == 0 && stray.contains(&b'@') => {}
            Line::Stray(_) => return false,
        }
    }
    telling >= 2 && named
}

/// The mail that is being read.
struct Mail<'p> {
    place: &'p Place,
    depth: u32,
    /// How many parts without parts of their own there have been.
    leaves: u32,
}

/// What an entity stands in.
struct Surroundings {
    /// How many multiparts are around it.
    level: u32,
    /// Directly in a `multipart/digest`, whose parts are mails unless they say otherwise.
    digest: bool,
    /// In a `multipart/encrypted`.
    encrypted: bool,
}

impl Mail<'_> {
    /// A header and a body: the mail itself, or one of its parts.
    fn entity(&mut self, reading: &mut Reading<'_>, bytes: &[u8], around: &Surroundings) {
        let mut fields = Fields { rest: bytes };
        let mut entity = Entity::default();
        let mut stray = Vec::new();
        for line in &mut fields {
            match line {
                Line::Field(field) => {
                    entity.note(&field);
                    self.field(reading, &field);
                }
                Line::Stray(line) => {
                    stray.extend(line);
                    stray.push(b'\n');
                }
            }
        }
        let body = fields.rest;
        self.stray(reading, &stray);
        entity.settle(around.digest);
        if entity.media.starts_with("multipart/") {
            self.multipart(reading, &entity, body, around);
        } else {
            self.leaf(reading, &entity, body, around);
        }
    }

    fn field(&self, reading: &mut Reading<'_>, field: &Header<'_>) {
        let name = String::from_utf8_lossy(field.name).into_owned();
        let canonical = name.to_ascii_lowercase();
        let of_machine = MACHINE_FIELDS.binary_search(&canonical.as_str()).is_ok()
            || MACHINE_FAMILIES.iter().any(|family| canonical.starts_with(family));
        if !of_machine {
            reading.text(&self.place.inside(&name), &header::decode(field.value));
        }
    }

    /// Lines of the header that are no fields: broken, or a body without an empty line before it.
    fn stray(&self, reading: &mut Reading<'_>, lines: &[u8]) {
        if !lines.is_empty() {
            let place = self.place.inside("header");
            let hint = Hint { body: true, ..Hint::default() };
            reading.read(&Part { bytes: lines, place: &place, depth: self.depth, hint });
        }
    }

    fn multipart(&mut self, reading: &mut Reading<'_>, entity: &Entity, body: &[u8], around: &Surroundings) {
        if around.level >= MULTIPART_DEPTH {
            reading.unread(&self.place.inside("body"), Reason::Limit);
            return;
        }
        // Two boundaries are declared or none: the one that is in the body counts.
        let declared = entity.boundaries.iter().map(|boundary| boundary.as_bytes().to_vec());
        let pieces =
            declared.chain(guessed_boundary(body)).map(|b| pieces(body, &b)).find(|pieces| !pieces.parts.is_empty());
        let Some(pieces) = pieces else {
            // Not one part: then it is what a reader sees of it, text. But somebody may see more.
            if !body.trim_ascii().is_empty() {
                reading.unread(&self.place.inside("body"), Reason::Damaged);
            }
            let text = Entity { media: "text/plain".to_owned(), ..Entity::default() };
            return self.leaf(reading, &text, body, around);
        };
        let preamble = std::iter::once(("preamble", pieces.preamble));
        for (name, text) in preamble.chain(pieces.epilogue.into_iter().map(|text| ("epilogue", text))) {
            if !text.trim_ascii().is_empty() {
                let place = self.place.inside(name);
                let hint = Hint { body: true, ..Hint::default() };
                reading.read(&Part { bytes: text, place: &place, depth: self.depth, hint });
            }
        }
        let inner = Surroundings {
            level: around.level + 1,
            digest: entity.media == "multipart/digest",
            encrypted: around.encrypted || entity.media == "multipart/encrypted",
        };
        for part in pieces.parts {
            if !reading.take_entry() {
                reading.unread(&self.place.inside("body"), Reason::Limit);
                return;
            }
            self.entity(reading, part, &inner);
        }
    }

    /// An entity without parts of its own.
    fn leaf(&mut self, reading: &mut Reading<'_>, entity: &Entity, body: &[u8], around: &Surroundings) {
        self.leaves += 1;
        let is_text = entity.media.is_empty() || matches!(entity.media.as_str(), "text/plain" | "text/html");
        let own_text = is_text && entity.names.is_empty() && !entity.attachment;
        let name = match entity.names.first() {
            Some(name) => name.clone(),
            None if own_text => "body".to_owned(),
            None => format!("part {}", self.leaves),
        };
        let place = self.place.inside(&name);
        // Clients disagree on which of several names counts.
        reading.text(&place, &entity.names.join("\n"));
        match entity.protection(around.encrypted) {
            Protection::Signature => return,
            Protection::Reason(reason) => return reading.unread(&place, reason),
            Protection::None => {}
        }
        let Content { bytes, suspect } = entity.decoded(body);
        if !reading.charge(bytes.len() as u64) {
            reading.unread(&place, Reason::Limit);
            return;
        }
        let hint = Hint { media: &entity.media, charset: entity.charset.as_deref(), body: own_text };
        if suspect {
            // Declared as base64, and too much of it is not: a reader may see it as it stands.
            reading.read(&Part { bytes: body, place: &place, depth: self.depth, hint: Hint { media: "", ..hint } });
        }
        if matches!(entity.media.as_str(), "message/rfc822" | "message/global" | "message/news") {
            reading.read_nested_mail(&Part { bytes: &bytes, place: &place, depth: self.depth + 1, hint });
        } else {
            // Attachments count as one level: what is inside them starts from there.
            let depth = if own_text { self.depth } else { self.depth + 1 };
            reading.read(&Part { bytes: &bytes, place: &place, depth, hint });
        }
    }
}

/// What an entity's header says about its body.
#[derive(Default)]
struct Entity {
    media: String,
    charset: Option<String>,
    encoding: String,
    boundaries: Vec<String>,
    /// Names of the file, every different one.
    names: Vec<String>,
    attachment: bool,
    smime: String,
}

/// Whether a part is closed to us on purpose.
enum Protection {
    None,
    /// A signature of the other parts: structure.
    Signature,
    Reason(Reason),
}

/// A body after its transfer encoding.
struct Content<'a> {
    bytes: std::borrow::Cow<'a, [u8]>,
    /// Whether it did not look like what was declared.
    suspect: bool,
}

impl Entity {
    fn note(&mut self, field: &Header<'_>) {
        if field.is("Content-Type") {
            let end = field.value.iter().position(|&c| c == b';').unwrap_or(field.value.len());
            let media = String::from_utf8_lossy(field.value.get(..end).unwrap_or_default()).trim().to_ascii_lowercase();
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
                "smime-type" => self.smime = value.to_ascii_lowercase(),
                "name" | "filename" if !value.is_empty() && !self.names.contains(&value) => self.names.push(value),
                _ => {}
            }
        }
    }

    fn settle(&mut self, digest: bool) {
        if self.media.is_empty() && digest {
            "message/rfc822".clone_into(&mut self.media);
        }
    }

    fn protection(&self, in_encrypted: bool) -> Protection {
        match self.media.as_str() {
            "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature" => {
                Protection::Signature
            }
            // An opaque signature holds the mail in the clear, in ASN.1.
            "application/pkcs7-mime" | "application/x-pkcs7-mime" if self.smime.starts_with("signed") => {
                Protection::Reason(Reason::Unsupported)
            }
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => Protection::Reason(Reason::Encrypted),
            "application/pgp-encrypted" => Protection::Signature,
            _ if in_encrypted => Protection::Reason(Reason::Encrypted),
            _ => Protection::None,
        }
    }

    fn decoded<'a>(&self, body: &'a [u8]) -> Content<'a> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_fields_can_be_searched() {
        assert!(MACHINE_FIELDS.is_sorted());
    }

    #[test]
    fn mails_are_told_from_letters() {
        for (text, expected) in [
            ("From: a@b.jp\nSubject: x\n\nhello", true),
            ("Received: by x\n with y\nFrom: a@b.jp\n", true),
            ("Subject: x\n\nhello", false),
            ("From: Taro\nThis is a letter.\nTo: you\n", false),
            ("Note: a\nDate: b\n\n", false),
            ("", false),
        ] {
            assert_eq!(looks_like_mail(text.as_bytes()), expected, "{text}");
        }
    }
}
