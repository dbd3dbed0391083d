//! S/MIME: the cryptographic message syntax (CMS, RFC 5652) around a mail, and what goes with it.
//!
//! In: an opaque signature (`smime.p7m`), a detached one (`.p7s`), certificates (`.p7b`, `.cer`), a compressed mail
//! (RFC 3274), a key file (`.p12`), told by their object identifiers and not by `smime-type`. Out: signed and compressed
//! content is read as the mail or the file it is; enveloped content is `encrypted`. Structure: versions, algorithms,
//! numbers, times, keys and signatures below a kilobyte; the texts in certificates and attributes are read as hidden
//! text, and larger binary values as parts, so that nothing hides in a certificate. Deliberately absent: verifying a
//! signature, which says nothing about what is in the mail.

use std::collections::HashSet;

use flate2::read::ZlibDecoder;

use crate::inspect::Reason;
use crate::inspect::extract::mail;
use crate::inspect::extract::mail::ber::{BIT_STRING, Element, OCTET_STRING, OID, SEQUENCE};
use crate::inspect::extract::mail::unpack::unpack;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::mail::charset;

/// What is wrapped how: the last part of 1.2.840.113549.1.7 (PKCS 7) and of 1.2.840.113549.1.9.16.1 (S/MIME).
const PKCS_7: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07";
const SMIME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01";

/// Binary values below this are keys, signatures and numbers: those of RSA end at 1,024 bytes.
const BLOB: usize = 1025;

/// Whether bytes are one of these, told by their first elements.
pub(crate) fn is_wrapped(bytes: &[u8]) -> bool {
    let Some(&first) = bytes.first() else { return false };
    if first != SEQUENCE {
        return false;
    }
    // The identifier stands within the first bytes, whatever form the lengths have.
    let head = bytes.get(..bytes.len().min(48)).unwrap_or_default();
    let found = |marker: &[u8]| memchr::memmem::find(head, marker).is_some();
    found(PKCS_7) || found(SMIME) || is_certificate(bytes)
}

/// A certificate (X.509) opens with its version: `SEQUENCE { SEQUENCE { [0] { 2 }`.
fn is_certificate(bytes: &[u8]) -> bool {
    let inner = Element::at(bytes, 0, bytes.len()).and_then(|outer| outer.children(bytes).next());
    inner.is_some_and(|inner| {
        inner.tag == SEQUENCE
            && bytes.get(inner.content).is_some_and(|content| content.starts_with(b"\xa0\x03\x02\x01"))
    })
}

/// Reads one.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(top) = Element::at(part.bytes, 0, part.bytes.len()) else {
        sweep::read(reading, part);
        return reading.unread(part.place, Reason::Damaged);
    };
    let mut message = Message { part, texts: String::new(), seen: HashSet::new() };
    message.read(reading, &top);
    if top.cut {
        reading.unread(part.place, Reason::Damaged);
    }
    let mut place = part.place.inside("certificates");
    place.hidden = true;
    reading.text(&place, &message.texts);
    reading.done(part.place);
    let mut spans = Spans::default();
    spans.claim(0, top.end);
    reading.leftovers(part, &spans);
}

/// What is done with the content of a message.
enum Wrapping {
    Plain,
    Compressed,
    Encrypted,
    Unknown,
}

impl Wrapping {
    fn of(identifier: &[u8]) -> Self {
        match (identifier.strip_prefix(PKCS_7), identifier.strip_prefix(SMIME)) {
            // data, signed, digested; authenticated
            (Some([1 | 2 | 5]), _) | (_, Some([2])) => Self::Plain,
            (_, Some([9])) => Self::Compressed,
            // enveloped, signed and enveloped, encrypted; authenticated and enveloped
            (Some([3 | 4 | 6]), _) | (_, Some([23])) => Self::Encrypted,
            _ => Self::Unknown,
        }
    }
}

struct Message<'p> {
    part: &'p Part<'p>,
    /// Texts of certificates and attributes, a line each, each once.
    texts: String,
    seen: HashSet<String>,
}

impl Message<'_> {
    fn read(&mut self, reading: &mut Reading<'_>, top: &Element) {
        let bytes = self.part.bytes;
        let children: Vec<Element> = top.children(bytes).collect();
        match children.as_slice() {
            [kind, content, others @ ..] if kind.tag == OID && content.is_constructed() => {
                let wrapping = Wrapping::of(bytes.get(kind.content.clone()).unwrap_or_default());
                match wrapping {
                    Wrapping::Encrypted => reading.unread(self.part.place, Reason::Encrypted),
                    Wrapping::Unknown => reading.unread(self.part.place, Reason::Unsupported),
                    Wrapping::Plain | Wrapping::Compressed => {}
                }
                for inner in content.children(bytes) {
                    self.wrapped(reading, &wrapping, &inner);
                }
                self.behind(reading, content);
                others.iter().for_each(|other| self.structure(reading, other));
            }
            // A key file: version, content, check sum.
            [version, content, ..] if version.tag == 2 && is_content(bytes, content) => {
                return reading.unread(self.part.place, Reason::Encrypted);
            }
            _ => return self.structure(reading, top),
        }
        self.behind(reading, top);
    }

    /// The value behind the message's own identifier.
    fn wrapped(&mut self, reading: &mut Reading<'_>, wrapping: &Wrapping, inner: &Element) {
        let bytes = self.part.bytes;
        if inner.tag & 0x1f == OCTET_STRING {
            return self.content(reading, &inner.octets(bytes));
        }
        if !inner.is_constructed() {
            return self.structure(reading, inner);
        }
        for child in inner.children(bytes) {
            match wrapping {
                // What is encrypted is no text.
                Wrapping::Encrypted if is_content(bytes, &child) => {}
                Wrapping::Plain | Wrapping::Compressed if is_content(bytes, &child) => {
                    for element in child.children(bytes) {
                        match (element.tag, wrapping) {
                            (0xa0 | 0x80, Wrapping::Plain) => self.content(reading, &element.octets(bytes)),
                            (0xa0 | 0x80, _) => self.inflate(reading, &element.octets(bytes)),
                            _ => self.structure(reading, &element),
                        }
                    }
                    self.behind(reading, &child);
                }
                _ => self.structure(reading, &child),
            }
        }
        self.behind(reading, inner);
    }

    /// What is in an element behind the last one that can be read.
    fn behind(&mut self, reading: &mut Reading<'_>, element: &Element) {
        let rest = self.part.bytes.get(element.covered(self.part.bytes)..element.content.end).unwrap_or_default();
        if !rest.is_empty() {
            reading.unread(self.part.place, Reason::Damaged);
            self.value(reading, rest);
        }
    }

    fn content(&self, reading: &mut Reading<'_>, content: &[u8]) {
        if content.is_empty() {
            return;
        }
        if !reading.charge(content.len() as u64) || !reading.take_entry() {
            return reading.unread(self.part.place, Reason::Limit);
        }
        let inside = self.part.inside(content, self.part.place);
        if mail::looks_like_entity(content) {
            reading.read_nested_mail(&inside);
        } else {
            reading.read(&inside);
        }
    }

    fn inflate(&self, reading: &mut Reading<'_>, packed: &[u8]) {
        let unpacked = unpack(ZlibDecoder::new(packed), reading.allowance());
        self.content(reading, &unpacked.bytes);
        if let Some(reason) = unpacked.cut {
            reading.unread(self.part.place, reason);
        }
    }

    /// Certificates, attributes, signatures: what is text in them is read.
    fn structure(&mut self, reading: &mut Reading<'_>, element: &Element) {
        let bytes = self.part.bytes;
        let mut open = vec![element.clone()];
        let mut count = 0u32;
        while let Some(element) = open.pop() {
            count += 1;
            if count.is_multiple_of(4_096) && reading.is_over() {
                return reading.unread(self.part.place, Reason::Limit);
            }
            if element.cut {
                reading.unread(self.part.place, Reason::Damaged);
            }
            if element.is_constructed() {
                self.behind(reading, &element);
                open.extend(element.children(bytes).collect::<Vec<_>>().into_iter().rev());
                continue;
            }
            let value = bytes.get(element.content.clone()).unwrap_or_default();
            match element.tag {
                OCTET_STRING | BIT_STRING => match self.nested(&element) {
                    Some(nested) => open.push(nested),
                    None => self.value(reading, value),
                },
                0x1e => self.text(&encoding_rs::UTF_16BE.decode_without_bom_handling(value).0),
                // Strings of the other types; names in certificates have tags of their own.
                0x0c | 0x12..=0x16 | 0x19..=0x1c => self.text(&charset::text(value, None)),
                // Times are structure as long as they are times.
                0x17 | 0x18 if value.len() <= 24 => {}
                _ => self.value(reading, value),
            }
        }
    }

    /// Strings often hold elements again.
    fn nested(&self, element: &Element) -> Option<Element> {
        let start = element.content.start + usize::from(element.tag == BIT_STRING);
        let nested = Element::at(self.part.bytes, start, element.content.end)?;
        let is_whole = nested.end == element.content.end && !nested.cut && nested.content.len() >= 2;
        (is_whole && matches!(nested.tag, 0x03..=0x04 | 0x0c | 0x13 | 0x16 | 0x1e | 0x30..=0x31)).then_some(nested)
    }

    fn value(&mut self, reading: &mut Reading<'_>, value: &[u8]) {
        if value.len() < BLOB {
            return self.text(std::str::from_utf8(value).unwrap_or_default());
        }
        let mut place = self.part.place.inside("certificates");
        place.hidden = true;
        if reading.take_entry() {
            reading.read(&self.part.inside(value, &place));
        } else {
            reading.unread(&place, Reason::Limit);
        }
    }

    fn text(&mut self, text: &str) {
        let text = text.trim_matches(['\0', ' ']);
        let readable = text.chars().count() >= 4 && !text.chars().any(|c| c.is_control() && !c.is_whitespace());
        if readable && self.seen.insert(text.to_owned()) {
            self.texts.push_str(text);
            self.texts.push('\n');
        }
    }
}

/// Whether an element says of what kind it is and then is that: `SEQUENCE { OID, … }` with an identifier of ours.
fn is_content(bytes: &[u8], element: &Element) -> bool {
    element.tag == SEQUENCE
        && element.children(bytes).next().is_some_and(|first| {
            first.tag == OID
                && bytes.get(first.content).is_some_and(|id| id.starts_with(PKCS_7) || id.starts_with(SMIME))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Limits, extract};
    use crate::inspect::{Cell, Job, Kind, Place, Sink};

    #[derive(Default)]
    struct Texts(String);

    impl Sink for Texts {
        fn text(&mut self, place: &Place, text: &str) {
            self.0.push_str(&format!("{}{}|{text}\n", place.path, if place.hidden { " (hidden)" } else { "" }));
        }
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
    }

    fn read(bytes: &[u8]) -> (String, Vec<Reason>) {
        let mut texts = Texts::default();
        let job = Job::new(Kind::File("a.p7m".to_owned()));
        let ledger = extract(bytes, &job, &Limits::default(), &mut texts, &mut ());
        assert_eq!(ledger.kind, "smime");
        (texts.0, ledger.uninspected.iter().map(|entry| entry.reason).collect())
    }

    fn signed(kind: u8, content: &[u8], beside: &[u8]) -> Vec<u8> {
        let id = |last: u8| element(OID, &[PKCS_7, &[last]].concat());
        let inner = element(SEQUENCE, &[id(1), element(0xa0, content)].concat());
        let body = element(SEQUENCE, &[element(2, &[1]), inner, beside.to_vec()].concat());
        element(SEQUENCE, &[id(kind), element(0xa0, &body)].concat())
    }

    #[test]
    fn what_is_signed_is_read_and_what_is_enveloped_is_encrypted() {
        let mail = "Content-Type: text/plain; charset=utf-8\r\n\r\n署名済み秘密語";
        let certificate = element(0xa0, &element(0x0c, "証明書秘密語".as_bytes()));
        let (text, reasons) = read(&signed(2, &element(4, mail.as_bytes()), &certificate));
        assert!(text.contains("a.p7m › body|署名済み秘密語"), "{text}");
        assert!(text.contains("a.p7m › certificates (hidden)|証明書秘密語"), "{text}");
        assert_eq!(reasons, []);
        let pieces =
            [b"\x24\x80".to_vec(), element(4, &mail.as_bytes()[..60]), element(4, &mail.as_bytes()[60..]), vec![0, 0]];
        assert!(read(&signed(2, &pieces.concat(), b"")).0.contains("署名済み秘密語"));
        assert_eq!(read(&signed(3, &element(4, mail.as_bytes()), b"")).1, [Reason::Encrypted]);
        assert_eq!(read(&signed(99, &element(4, mail.as_bytes()), b"")).1, [Reason::Unsupported]);
    }

    #[test]
    fn a_signed_file_is_read_as_what_it_is_and_a_cut_one_is_damaged() {
        let whole = signed(2, &element(4, "氏名,電話\n山田花子,090-1234-5678\n佐藤,080\n".as_bytes()), b"");
        let (_, reasons) = read(&whole);
        assert_eq!(reasons, []);
        let (text, reasons) = read(&signed(2, &element(4, "ただの文章です秘密語".as_bytes()), b"")[..70]);
        assert!(text.contains("ただの"), "{text}");
        assert_eq!(reasons, [Reason::Damaged]);
    }

    #[test]
    fn nothing_hides_behind_or_in_a_signature() {
        let (text, _) =
            read(&[signed(2, b"", &element(4, "名簿 ".repeat(400).as_bytes())), "末尾秘密語".into()].concat());
        assert!(text.contains("名簿 名簿") && text.contains("末尾秘密語"), "{text}");
    }
}
