//! Mails: header fields, MIME parts, attachments, mails inside.
//!
//! In: a mail's bytes. Out: the header's texts, every part's content (undone from its transfer encoding and read on
//! by its type), attachment names. The tree is cut here and not by mail-parser, for what that cannot give: its
//! nested messages are nested values, and copying them recurses (ten thousand mails in a base64 part overflow the
//! stack), encoded messages stop at three levels, and the text before and after the parts is not in its tree. Cut here, every line
//! of a multipart is in its preamble, in a part, or in its epilogue; nothing falls between.
//! Deliberately absent: which part a mail program would show ([`mod@view`] alone knows that). All are read.

mod apple;
mod ber;
pub(crate) mod card;
mod cms;
mod entity;
mod labels;
mod lzfu;
mod machine;
mod mapi;
pub(crate) mod mbox;
mod mime;
mod msg;
mod pgp;
mod tnef;
mod unpack;
mod view;

use self::entity::{Content, Entity};
use self::mime::{Fields, Line, guessed_boundary, pieces};
pub(in crate::inspect) use self::view::{Text, View, view};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::Format;
use crate::inspect::{Place, Reason};
use crate::mail::{Header, header};

/// How deep multiparts may nest inside one mail. Mail programs write four or five.
const MULTIPART_DEPTH: u32 = 64;

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
pub(crate) fn read_outlook(reading: &mut Reading<'_>, part: &Part<'_>, kind: Outlook) {
    match kind {
        Outlook::Msg => msg::read(reading, part),
        Outlook::Tnef => tnef::read(reading, part),
    }
}

/// What mail programs wrap a content into, beside MIME.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// A signature, a signed or enveloped content, certificates (S/MIME).
    Cms,
    /// OpenPGP packets.
    Pgp,
    /// A Macintosh file with its resources (AppleSingle, AppleDouble).
    Apple,
}

impl Wrapper {
    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cms => "smime",
            Self::Pgp => "pgp",
            Self::Apple => "applefile",
        }
    }

    /// The wrapper that these bytes are.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        match () {
            () if cms::is_wrapped(bytes) => Some(Self::Cms),
            () if pgp::is_packets(bytes) => Some(Self::Pgp),
            () if apple::is_file(bytes) => Some(Self::Apple),
            () => None,
        }
    }
}

/// Reads what is wrapped.
pub(crate) fn read_wrapped(reading: &mut Reading<'_>, part: &Part<'_>, kind: Wrapper) {
    match kind {
        Wrapper::Cms => cms::read(reading, part),
        Wrapper::Pgp => pgp::read(reading, part),
        Wrapper::Apple => apple::read(reading, part),
    }
}

/// Reads a mail. The outermost one has an empty place: its text is `body`, its attachments have their own names.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut mail = Mail { place: part.place, depth: part.depth, leaves: 0 };
    // A file's first lines may be empty; over SMTP an empty first line is the end of the header.
    let bytes = if part.place.path.is_empty() { part.bytes } else { without_blank_start(part.bytes) };
    mail.entity(reading, bytes, &Surroundings { level: 0, digest: false, encrypted: false });
}

/// Reads the header of a mail that somebody keeps apart from the mail.
pub(crate) fn read_header(reading: &mut Reading<'_>, part: &Part<'_>, bytes: &[u8]) {
    let mail = Mail { place: part.place, depth: part.depth, leaves: 0 };
    for line in (Fields { rest: bytes }) {
        match line {
            Line::Field(field) => mail.field(reading, &field),
            Line::Stray(stray) => mail.stray(reading, stray),
        }
    }
}

/// Whether bytes are a MIME entity, be it a mail or a part of one that stands alone.
pub(crate) fn looks_like_entity(bytes: &[u8]) -> bool {
    let first = bytes.get(..16).unwrap_or(bytes).to_ascii_lowercase();
    [&b"content-"[..], b"mime-version:"].iter().any(|start| first.starts_with(start)) || looks_like_mail(bytes)
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
    let mut header = Fields { rest: without_blank_start(bytes) };
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

/// Mail programs open a saved mail that starts with a mark or with empty lines.
fn without_blank_start(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
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
        let place = self.place.field(&name);
        let value = header::decoded(field.value);
        if value.damaged {
            reading.unread(&place, Reason::Damaged);
        }
        if !machine::writes(&name) {
            reading.text(&place, &value.text);
        } else if field.is("Content-Type") || field.is("Content-Disposition") {
            // Its names go with the body.
            let mut entity = Entity::default();
            entity.note(field);
            reading.text(&place, &machine::text(&entity.other));
        } else {
            reading.text(&place, &machine::text(&value.text));
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
                // No reader of mail shows it.
                let place = Place { hidden: true, ..self.place.inside(name) };
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
        match entity.media.as_str() {
            // The rest of it is in other mails.
            "message/partial" => reading.unread(&place, Reason::Unsupported),
            // All of it is elsewhere; what stands here is the way there.
            "message/external-body" => reading.unread(&place, Reason::Unsupported),
            "application/pgp-encrypted" => {}
            _ if around.encrypted => reading.unread(&place, Reason::Encrypted),
            _ => {}
        }
        let Content { bytes, suspect, strays, other } = entity.decoded(body);
        if !reading.charge((bytes.len() + other.as_ref().map_or(0, Vec::len)) as u64) {
            reading.unread(&place, Reason::Limit);
            return;
        }
        let hint = Hint { media: &entity.media, charset: entity.charset.as_deref(), body: own_text };
        if suspect {
            // Declared as base64, and too much of it is not: a reader may see it as it stands.
            reading.read(&Part { bytes: body, place: &place, depth: self.depth, hint: Hint { media: "", ..hint } });
        }
        let beside = [(strays, Hint { media: "", body: true, ..hint }), (other.unwrap_or_default(), hint)];
        for (bytes, hint) in beside.iter().filter(|(bytes, _)| !bytes.trim_ascii().is_empty()) {
            reading.read(&Part { bytes, place: &place, depth: self.depth, hint: *hint });
        }
        let format = if matches!(entity.media.as_str(), "message/rfc822" | "message/global" | "message/news") {
            reading.read_nested_mail(&Part { bytes: &bytes, place: &place, depth: self.depth + 1, hint });
            Format::Mail
        } else {
            // Attachments count as one level: what is inside them starts from there.
            let depth = if own_text { self.depth } else { self.depth + 1 };
            reading.read(&Part { bytes: &bytes, place: &place, depth, hint })
        };
        // What a mail inside of the mail carries is inside of an attachment.
        if !own_text && self.place.path.is_empty() {
            reading.attached(&name, format, bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Job, Kind, Limits, Rules, inspect};

    #[test]
    fn mails_are_told_from_letters() {
        for (text, expected) in [
            ("From: a@b.jp\nSubject: x\n\nhello", true),
            ("Received: by x\n with y\nFrom: a@b.jp\n", true),
            ("\u{feff}\r\n\nFrom: a@b.jp\nSubject: x\n\nhello", true),
            ("Subject: x\n\nhello", false),
            ("From: Taro\nThis is a letter.\nTo: you\n", false),
            ("Note: a\nDate: b\n\n", false),
            ("", false),
        ] {
            assert_eq!(looks_like_mail(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_mails_own_attachments_are_listed_by_their_content() {
        let inner = "Content-Type: multipart/mixed; boundary=i\r\nSubject: inner\r\nFrom: a@b.jp\r\n\r\n--i\r\nContent-Type: \
                     text/plain; name=inside.txt\r\n\r\nx\r\n--i--\r\n";
        let mail = format!(
            "From: a@b.jp\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: \
             text/plain\r\n\r\nbody\r\n--b\r\nContent-Type: application/pdf; name=\"list.pdf\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n5bGx55Sw\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
        );
        let rules = Rules::compile(&[]).unwrap();
        let found = inspect(mail.as_bytes(), &Job::new(Kind::Mail), &rules, &Limits::default(), &mut ());
        let listed: Vec<_> = found.attachments.iter().map(|file| (file.kind.as_str(), file.name.as_str())).collect();
        assert_eq!(listed, [("text", "list.pdf"), ("mail", "part 3")]);
        assert_eq!(found.attachments[0].size, 6);
    }

    #[test]
    fn what_machines_and_certificates_say_is_nobodys_data() {
        let rules = Rules::compile(&[]).unwrap();
        for file in ["mail/clean_exchange.eml", "signed/chain.p7b", "signed/detached.p7s", "signed/key.gpg"] {
            let bytes = std::fs::read(format!("{}/tests/corpus/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let mut job = Job::new(if file.ends_with("eml") { Kind::Mail } else { Kind::File(file.to_owned()) });
            job.own = vec!["taro@example.co.jp".to_owned(), "hanako@example.jp".to_owned()];
            let found = inspect(&bytes, &job, &rules, &Limits::default(), &mut ());
            assert_eq!((found.persons, found.findings, found.uninspected), (0, vec![], vec![]), "{file}");
        }
    }
}
