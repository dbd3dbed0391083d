//! XML → events and text, for office documents that nobody promises to be well-formed.
//!
//! In: text. Out: start tags with attributes, end tags, character data; never an error, whatever the text is, and
//! time proportional to its length. Entities that a document declares itself are not expanded, so that a document of
//! a kilobyte cannot become one of a terabyte. Deliberately absent: namespaces (prefixes are cut off), validation.

use std::borrow::Cow;

use crate::inspect::extract::oddity::is_odd;
use crate::mail::charset;

/// What comes next in a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// `<name …>`; for `<name …/>` an [`Event::End`] follows.
    Start { name: &'a str, attributes: Attributes<'a> },
    /// `</name>`.
    End { name: &'a str },
    /// Character data, references resolved.
    Text(Cow<'a, str>),
}

/// Reads a document from its start to its end.
pub(crate) struct Reader<'a> {
    rest: &'a str,
    /// The end of an element that was empty.
    pending_end: Option<&'a str>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text, pending_end: None }
    }

    /// Takes what stands before `end` off the front, and `end` itself; the whole rest if there is no end.
    fn until(&mut self, end: &str) -> &'a str {
        let (taken, rest) = self.rest.split_once(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn markup(&mut self) -> Option<Event<'a>> {
        if let Some(rest) = self.rest.strip_prefix("<!--") {
            self.rest = rest;
            self.until("-->");
            None
        } else if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
            self.rest = rest;
            Some(Event::Text(Cow::Borrowed(self.until("]]>"))))
        } else if self.rest.starts_with("<?") {
            self.until("?>");
            None
        } else if self.rest.starts_with("<!") {
            self.doctype();
            None
        } else if let Some(rest) = self.rest.strip_prefix("</") {
            self.rest = rest;
            let name = local_name(self.until(">").trim());
            Some(Event::End { name })
        } else {
            Some(self.start_tag())
        }
    }

    /// A document type declaration, with its internal subset in brackets.
    fn doctype(&mut self) {
        let end = self.rest.find(['>', '[']).unwrap_or(self.rest.len());
        if self.rest.get(end..).is_some_and(|rest| rest.starts_with('[')) {
            self.until("]");
        }
        self.until(">");
    }

    fn start_tag(&mut self) -> Event<'a> {
        let inside = self.rest.get(1..).unwrap_or_default();
        let end = tag_end(inside);
        let (tag, rest) = inside.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        let name = local_name(name);
        self.pending_end = empty.then_some(name);
        Event::Start { name, attributes: Attributes(attributes) }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(name) = self.pending_end.take() {
            return Some(Event::End { name });
        }
        while !self.rest.is_empty() {
            if self.rest.starts_with('<') {
                if let Some(event) = self.markup() {
                    return Some(event);
                }
            } else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Event::Text(unescape(text)));
            }
        }
        None
    }
}

/// The attributes of a start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// The attributes in what stands behind a tag's name.
    pub(crate) fn of(tag: &'a str) -> Self {
        Self(tag)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Local names and values, references resolved.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (name, after) = parted(rest, b'=')?;
            let after = after.trim_start();
            let quote = *after.as_bytes().first().filter(|c| matches!(c, b'"' | b'\''))?;
            let (value, after) = parted(after.get(1..)?, quote)?;
            rest = after;
            Some((local_name(name.trim()), unescape(value)))
        })
    }

    /// The value of the first attribute with this local name.
    pub(crate) fn value(self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }
}

/// What stands before and behind the first `sign`. It is near: looking at each byte takes less than setting up a search.
fn parted(text: &str, sign: u8) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let near = bytes.iter().take(24).position(|&byte| byte == sign);
    let at = near.or_else(|| memchr::memchr(sign, bytes))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The bytes of a document as text, by its mark or its declaration.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
    let declared = head.split_once("encoding=").and_then(|(_, rest)| {
        let quote = rest.chars().next()?;
        rest.get(1..)?.split_once(quote).map(|(name, _)| name)
    });
    charset::text(bytes, declared.or(Some("utf-8")))
}

/// All that a person could read in an office document's part, and the attributes that hold text.
///
/// Runs are joined, paragraphs and rows end lines, deleted and hidden text is kept. Furigana stand aside, so that
/// they do not part the name they are written over; `mc:Fallback`, which nearly always says the same once more for
/// old programs, is left out when it does.
pub(crate) fn plain(document: &str) -> String {
    let mut text = Plain { lines: String::with_capacity(document.len() / 4), ..Plain::default() };
    for event in Reader::new(document) {
        text.event(&event);
    }
    text.in_fallback = 0;
    text.end_fallback();
    text.take()
}

/// Gathers the text of a part, event by event; [`Plain::take`] gives what there is so far.
#[derive(Default)]
pub(crate) struct Plain {
    lines: String,
    /// Attributes and furigana.
    aside: String,
    /// What stands in the open `mc:Fallback`.
    fallback: String,
    in_furigana: u32,
    in_fallback: u32,
    /// Whether the text read last stands directly in the element that is open, which then ends a line.
    in_text: bool,
}

impl Plain {
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start { name, attributes } => self.start(name, *attributes),
            Event::End { name } => self.end(name),
            Event::Text(piece) => self.piece(piece),
        }
    }

    /// Puts a line of its own aside.
    pub(crate) fn line(&mut self, line: &str) {
        self.aside.push_str(line);
        self.aside.push('\n');
    }

    /// How much has been gathered.
    pub(crate) fn len(&self) -> usize {
        self.lines.len() + self.aside.len() + self.fallback.len()
    }

    /// What has been gathered since the last time.
    pub(crate) fn take(&mut self) -> String {
        let mut text = std::mem::take(&mut self.lines);
        if !self.aside.is_empty() {
            text.push('\n');
            text.push_str(&self.aside);
            self.aside.clear();
        }
        text
    }

    fn here(&mut self) -> &mut String {
        match (self.in_furigana, self.in_fallback) {
            (0, 0) => &mut self.lines,
            (0, _) => &mut self.fallback,
            _ => &mut self.aside,
        }
    }

    fn piece(&mut self, piece: &str) {
        self.in_text |= !piece.trim().is_empty();
        self.here().push_str(piece);
    }

    fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        match name {
            "tab" | "s" => self.here().push(' '),
            "br" | "cr" | "line-break" => self.here().push('\n'),
            "Fallback" => self.in_fallback += 1,
            _ => self.in_furigana += u32::from(is_furigana(name)),
        }
        for (_, value) in attributes.iter().filter(|(attribute, value)| holds_text(name, attribute, value)) {
            self.aside.push_str(&value);
            self.aside.push('\n');
        }
    }

    fn end(&mut self, name: &str) {
        let ends_line = is_block(name) || (self.in_text && !is_run(name));
        let here = self.here();
        if (ends_line || is_furigana(name)) && !here.ends_with('\n') {
            here.push('\n');
        }
        self.in_text = false;
        if name == "Fallback" {
            self.in_fallback = self.in_fallback.saturating_sub(1);
            self.end_fallback();
        }
        self.in_furigana -= u32::from(is_furigana(name)).min(self.in_furigana);
    }

    fn end_fallback(&mut self) {
        if self.in_fallback == 0 && !self.fallback.is_empty() {
            let fallback = std::mem::take(&mut self.fallback);
            // What it repeats stands directly before it.
            let near = self.lines.len().saturating_sub(4 * fallback.len() + 4096);
            let near = (near..=self.lines.len()).find_map(|at| self.lines.get(at..)).unwrap_or_default();
            if !near.contains(fallback.trim()) {
                self.aside.push_str(&fallback);
                self.aside.push('\n');
            }
        }
    }
}

fn is_furigana(name: &str) -> bool {
    matches!(name, "rPh" | "rt" | "ruby-text")
}

/// Elements that carry a piece of a line: their end separates nothing.
fn is_run(name: &str) -> bool {
    matches!(name, "t" | "delText" | "instrText" | "span" | "a" | "rubyBase" | "ruby-base" | "r" | "rt" | "ruby-text")
}

fn is_block(name: &str) -> bool {
    matches!(name, "p" | "h" | "tr" | "row" | "si" | "comment" | "tc" | "c" | "pt" | "table-cell" | "list-item")
}

fn holds_text(element: &str, attribute: &str, value: &str) -> bool {
    match attribute {
        "v" | "descr" | "title" | "tooltip" | "prompt" | "promptTitle" | "error" | "errorTitle" | "display" | "alt"
        | "href" | "string-value" | "displayName" | "author" | "name" | "instr" | "initials" | "string" | "caption"
        | "connection" | "command" | "sourceFile" | "text" | "securityDescriptor" => true,
        "val" => matches!(element, "sheetName" | "alias" | "tag" | "filter" | "customFilter") || is_odd(value),
        // Relations inside the package are structure.
        "Target" => value.contains(':') || is_odd(value),
        _ => is_odd(value),
    }
}

/// Whether a document declares entities of its own, which are not expanded.
pub(crate) fn declares_entities(document: &str) -> bool {
    document.contains("<!ENTITY")
}

/// Where a tag's content ends, quotes heeded.
pub(crate) fn tag_end(inside: &str) -> usize {
    let bytes = inside.as_bytes();
    let mut at = 0;
    // Tags are short: looking at each byte takes less than setting up a search.
    while let Some(&c) = bytes.get(at) {
        match c {
            b'>' => return at,
            b'"' | b'\'' => {
                let value = bytes.get(at + 1..).unwrap_or_default();
                let Some(closing) = value.iter().position(|&closing| closing == c) else { break };
                at += closing + 2;
            }
            _ => at += 1,
        }
    }
    inside.len()
}

pub(crate) fn local_name(name: &str) -> &str {
    let colon = name.bytes().rposition(|c| c == b':');
    colon.and_then(|colon| name.get(colon + 1..)).unwrap_or(name)
}

/// Resolves character references and the five entities of XML; anything else stays as it stands.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let short = text.len() <= 16;
    if (short && !text.bytes().any(|byte| byte == b'&')) || (!short && memchr::memchr(b'&', text.as_bytes()).is_none())
    {
        return Cow::Borrowed(text);
    }
    let mut resolved = String::with_capacity(text.len());
    let mut pieces = text.split('&');
    resolved.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        match piece.split_once(';').and_then(|(name, rest)| Some((reference(name)?, rest))) {
            Some((c, rest)) => {
                resolved.push(c);
                resolved.push_str(rest);
            }
            None => {
                resolved.push('&');
                resolved.push_str(piece);
            }
        }
    }
    Cow::Owned(resolved)
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_joined_within_a_paragraph_and_parted_between() {
        let document = "<?xml version='1.0'?><w:p><w:r><w:t>090-12</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>34-5678</w:t></w:r></w:p>\
                        <w:p><w:t>&#x5c71;&amp;田 &nope;</w:t></w:p>";
        assert_eq!(plain(document), "090-1234-5678\n山&田 &nope;\n");
    }

    #[test]
    fn furigana_and_fallback_part_nothing_and_lose_nothing() {
        assert_eq!(plain("<si><t>福田</t><rPh><t>フクダ</t></rPh><t>太郎</t></si>"), "福田太郎\n\nフクダ\n");
        assert_eq!(plain("<p>a<x>b</x><mc:Fallback><x>b</x></mc:Fallback></p>"), "ab\n");
        assert!(plain("<p>a<mc:Fallback><x>b</x></mc:Fallback></p>").contains('b'));
        assert!(plain("<p>a<mc:Fallback>b").contains('b'));
    }

    #[test]
    fn attributes_that_hold_text_come_aside() {
        let text =
            plain("<r><s v=\"山田 &quot;花子&quot;\"/><x Target='mailto:a@b.jp'/><x Target='../theme1.xml'/></r>");
        assert!(text.contains("山田 \"花子\"\n") && text.contains("mailto:a@b.jp") && !text.contains("theme1"));
    }

    #[test]
    fn broken_documents_end() {
        for document in [
            "<",
            "<a",
            "<a b=\"",
            "<!",
            "<![CDATA[x",
            "<!--",
            "<?",
            "</",
            "a<b>c</",
            "<!DOCTYPE a [<!ENTITY b 'c'>",
            "&;&#;&#xffffffff;",
        ] {
            let _ = plain(document);
        }
        assert_eq!(plain("<![CDATA[<b>]]>"), "<b>");
        assert_eq!(plain("<!DOCTYPE a [<!ENTITY b \"ccc\">]><a>&b;</a>"), "&b;");
    }

    #[test]
    fn utf_16_and_declared_charsets() {
        let wide: Vec<u8> = "\u{feff}<a>山</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide), "<a>山</a>");
        let sjis =
            encoding_rs::SHIFT_JIS.encode("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><a>表</a>").0.into_owned();
        assert!(decode(&sjis).contains("表"));
    }
}
