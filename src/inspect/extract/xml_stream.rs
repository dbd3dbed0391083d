//! XML → events while it is unpacked, for parts that are too large to hold.
//!
//! In: anything that can be read, in whatever charset XML may come in. Out: the same events as [`xml`](super::xml)
//! gives of a whole document, and the text of comments, instructions and declarations aside. Only the token that comes
//! next is held; a token larger than [`TOKEN`] is handed over as text in pieces, so that memory is bounded whatever the
//! document is.
//! Deliberately absent: namespaces, validation, entities that a document declares itself, as there.

use std::io::Read;

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::inspect::extract::oddity;
use crate::inspect::extract::xml::{self, Attributes, Event};

/// How much is unpacked at once.
const CHUNK: usize = 64 << 10;

/// The longest token that is held as one.
const TOKEN: usize = 4 << 20;

/// How much text of comments is kept until somebody takes it.
const COMMENTS: usize = 1 << 20;

/// Reads a document as it comes.
pub(crate) struct Stream<R> {
    source: R,
    raw: Vec<u8>,
    decoder: Option<Decoder>,
    text: String,
    at: usize,
    /// The end of an element that was empty: where its name stands.
    pending: Option<(usize, usize)>,
    ended: bool,
    damaged: bool,
    unpacked: u64,
    comments: String,
    entities: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Text,
    Tag,
    Comment,
    Data,
    /// Declarations and instructions.
    Other,
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            raw: vec![0; CHUNK],
            decoder: None,
            text: String::new(),
            at: 0,
            pending: None,
            ended: false,
            damaged: false,
            unpacked: 0,
            comments: String::new(),
            entities: false,
        }
    }

    /// The next event; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Event<'_>> {
        if let Some((start, end)) = self.pending.take() {
            return Some(Event::End { name: self.text.get(start..end).unwrap_or_default() });
        }
        let (token, start, end) = self.token()?;
        let taken = self.text.get(start..end).unwrap_or_default();
        Some(match token {
            Token::Text => Event::Text(xml::unescape(taken)),
            Token::Data => {
                let inside = taken.strip_prefix("<![CDATA[").unwrap_or(taken);
                Event::Text(inside.strip_suffix("]]>").unwrap_or(inside).into())
            }
            _ if taken.as_bytes().get(1) == Some(&b'/') => {
                let name = taken.get(2..).unwrap_or_default();
                Event::End { name: xml::local_name(name.strip_suffix('>').unwrap_or(name).trim_ascii()) }
            }
            _ => {
                let tag = taken.get(1..).unwrap_or_default();
                let tag = tag.strip_suffix('>').unwrap_or(tag);
                let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
                let name_end = tag.bytes().position(|c| c.is_ascii_whitespace()).unwrap_or(tag.len());
                let (name, attributes) = tag.split_at(name_end);
                let local = xml::local_name(name);
                if empty {
                    let name_end = start + 1 + name_end;
                    self.pending = Some((name_end - local.len(), name_end));
                }
                Event::Start { name: local, attributes: Attributes::of(attributes) }
            }
        })
    }

    /// How many bytes were unpacked since this was asked last.
    pub(crate) fn unpacked(&mut self) -> u64 {
        std::mem::take(&mut self.unpacked)
    }

    /// Whether the source broke off.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Whether the document declares entities, which are not expanded.
    pub(crate) fn declares_entities(&self) -> bool {
        self.entities
    }

    /// The text of comments, instructions and declarations so far.
    pub(crate) fn take_comments(&mut self) -> String {
        std::mem::take(&mut self.comments)
    }

    /// Passes over what is no event, and tells where the next event stands.
    fn token(&mut self) -> Option<(Token, usize, usize)> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some((token, length)) = token(rest, self.ended) else {
                if self.ended && rest.is_empty() {
                    return None;
                }
                self.fill();
                continue;
            };
            let (start, end) = (self.at, self.at + length);
            self.at = end;
            match token {
                Token::Comment | Token::Other => {
                    let comment = self.text.get(start..end).unwrap_or_default();
                    let comment = comment.trim_start_matches("<!--").trim_end_matches("-->");
                    if comment.strip_prefix("<?").is_some_and(|inside| !oddity::says_something(inside)) {
                        continue;
                    }
                    self.entities |= token == Token::Other && xml::declares_entities(comment);
                    if self.comments.len() + comment.len() <= COMMENTS {
                        self.comments.push_str(comment);
                        self.comments.push('\n');
                    }
                }
                token => return Some((token, start, end)),
            }
        }
    }

    fn fill(&mut self) {
        self.text.drain(..self.at);
        self.at = 0;
        // A token that fills the whole buffer is read in steps that grow with it.
        let wanted = self.text.len().clamp(CHUNK, TOKEN / 4);
        if self.raw.len() < wanted {
            self.raw.resize(wanted, 0);
        }
        let mut length = 0;
        while length < self.raw.len() && !self.ended {
            match self.source.read(self.raw.get_mut(length..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(read) => length += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => (self.ended, self.damaged) = (true, true),
            }
        }
        self.unpacked = self.unpacked.saturating_add(length as u64);
        let raw = self.raw.get(..length).unwrap_or_default();
        let decoder = self.decoder.get_or_insert_with(|| encoding(raw).new_decoder_with_bom_removal());
        self.text.reserve(decoder.max_utf8_buffer_length(length).unwrap_or(3 * length + 16));
        let _ = decoder.decode_to_string(raw, &mut self.text, self.ended);
    }
}

/// Which token comes next and how long it is; `None` if more has to be read to know.
fn token(rest: &str, ended: bool) -> Option<(Token, usize)> {
    let bytes = rest.as_bytes();
    let first = *bytes.first()?;
    if first != b'<' {
        return match memchr::memchr(b'<', bytes) {
            Some(end) => Some((Token::Text, end)),
            None if ended => Some((Token::Text, rest.len())),
            // Split where no reference is torn.
            None if rest.len() >= TOKEN => {
                Some((Token::Text, rest.rfind('&').filter(|&at| at > 0).unwrap_or(rest.len())))
            }
            None => None,
        };
    }
    let (token, length) = match bytes.get(1) {
        Some(b'!' | b'?') if bytes.len() < 9 && !ended => return None,
        Some(b'!') if rest.starts_with("<!--") => (Token::Comment, end_of(rest, 4, "-->")),
        Some(b'!') if rest.starts_with("<![CDATA[") => (Token::Data, end_of(rest, 9, "]]>")),
        Some(b'!') => (Token::Other, doctype(rest)),
        Some(b'?') => (Token::Other, end_of(rest, 2, "?>")),
        _ => {
            let inside = rest.get(1..).unwrap_or_default();
            let end = xml::tag_end(inside);
            (Token::Tag, (end < inside.len()).then_some(end + 2))
        }
    };
    match length {
        Some(length) => Some((token, length)),
        None if ended => Some((token, rest.len())),
        // Whatever it wants to be, it is read as text, so that nothing is passed over.
        None if rest.len() >= TOKEN => Some((Token::Text, rest.len())),
        None => None,
    }
}

fn end_of(rest: &str, from: usize, end: &str) -> Option<usize> {
    let found = memchr::memmem::find(rest.as_bytes().get(from..)?, end.as_bytes())?;
    Some(from + found + end.len())
}

/// A document type declaration, with its internal subset in brackets.
fn doctype(rest: &str) -> Option<usize> {
    let end = memchr::memchr2(b'>', b'[', rest.as_bytes())?;
    if rest.as_bytes().get(end) == Some(&b'>') {
        return Some(end + 1);
    }
    let subset = end_of(rest, end, "]")?;
    end_of(rest, subset, ">")
}

/// By the byte order mark, the zeros between the first letters, or the declaration.
fn encoding(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    match head {
        [b'<', 0, ..] => return UTF_16LE,
        [0, b'<', ..] => return UTF_16BE,
        _ => {}
    }
    let head = String::from_utf8_lossy(head.get(..200).unwrap_or(head));
    let declared = head.split_once("encoding=").and_then(|(_, rest)| {
        let quote = rest.chars().next()?;
        Encoding::for_label(rest.get(1..)?.split_once(quote)?.0.as_bytes())
    });
    // Nobody who says "utf-16" in 8-bit letters is right.
    declared.filter(|&encoding| encoding != UTF_16LE && encoding != UTF_16BE).unwrap_or(UTF_8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            let (Some(to), Some((&first, rest))) = (to.first_mut(), self.0.split_first()) else { return Ok(0) };
            *to = first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn events(source: impl Read) -> Vec<String> {
        let mut stream = Stream::new(source);
        let mut events = Vec::new();
        while let Some(event) = stream.next() {
            events.push(match event {
                Event::Start { name, attributes } => {
                    let attributes: Vec<String> = attributes.iter().map(|(n, v)| format!("{n}={v}")).collect();
                    format!("<{name} {}", attributes.join(" "))
                }
                Event::End { name } => format!(">{name}"),
                Event::Text(text) => text.into_owned(),
            });
        }
        events
    }

    #[test]
    fn a_stream_says_what_the_whole_document_says() {
        let document = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><x:a b='1 > 0' x:c=\"&lt;\"><b/>山&amp;田<!-- 秘 --><![CDATA[<c>]]></x:a>end";
        let expected = ["<a b=1 > 0 c=<", "<b ", ">b", "山&田", "<c>", ">a", "end"];
        assert_eq!(events(document.as_bytes()), expected);
        assert_eq!(events(Drip(document.as_bytes())), expected);
        let wide: Vec<u8> =
            "\u{feff}".encode_utf16().chain(document.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(events(Drip(&wide)), expected);
        assert_eq!(events(&wide[2..]), expected);
        let mut stream = Stream::new(document.as_bytes());
        while stream.next().is_some() {}
        assert_eq!(stream.take_comments(), "<!DOCTYPE a [<!ENTITY b 'c'>]>\n 秘 \n");
        assert!(stream.declares_entities() && stream.unpacked() == document.len() as u64);
    }

    #[test]
    fn broken_and_endless_tokens_end() {
        for document in ["<", "<a", "<a b=\"", "<!", "<![CDATA[x", "<!--", "<?", "</", "a<b>c</", "<!DOCTYPE a [<!E"] {
            let _ = events(document.as_bytes());
        }
        let long = format!("<a b=\"{}", "x".repeat(3 * TOKEN));
        let found: usize = events(long.as_bytes()).iter().map(String::len).sum();
        assert!(found >= 3 * TOKEN, "{found}");
    }
}
