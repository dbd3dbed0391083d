//! TNEF (MS-OXTNEF): `winmail.dat`, into which Exchange wraps a message for its own kind.
//!
//! In: the file's bytes. Out: the message's properties (`mapi`), its recipients, its attachments as parts, messages
//! inside it. Structure: the signature, the heads and check sums of attributes, and attributes that hold a number or a
//! date, unless they say something; whatever is none of this is read as a part of its own. Deliberately absent: check sums, which broken files get
//! wrong too.

use std::borrow::Cow;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::mail::mapi::{self, ATTACHED, MULTIPLE, OBJECT, Property};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// Level, identifier, length.
const HEAD: usize = 9;

/// What is known of an attachment before its other attributes: type, position, size.
const RENDERING: usize = 14;

/// Attributes of more bytes than this are no numbers.
const NUMBERS: usize = 64;

const OEM_CODE_PAGE: u32 = 0x0006_9007;
const BODY: u32 = 0x0002_800c;
const PROPERTIES: u32 = 0x0006_9003;
const RECIPIENTS: u32 = 0x0006_9004;
const ATTACHMENT_BEGINS: u32 = 0x0006_9002;
const ATTACHMENT_TITLE: u32 = 0x0001_8010;
const ATTACHMENT_DATA: u32 = 0x0006_800f;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;

/// Reads one.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut file = File { part, code_page: None, attachment: Attachment::default(), attachments: 0 };
    let mut spans = Spans::default();
    spans.claim(0, 6);
    let mut at = 6;
    while let Some(attribute) = Attribute::at(part.bytes, at) {
        spans.claim(at, attribute.value.len() + HEAD + 2);
        at += attribute.value.len() + HEAD + 2;
        if !reading.take_entry() {
            return reading.unread(part.place, Reason::Limit);
        }
        file.attribute(reading, &attribute);
        if attribute.cut {
            reading.unread(part.place, Reason::Damaged);
        }
    }
    file.end_attachment(reading);
    reading.done(part.place);
    if part.bytes.len() <= 6 {
        reading.unread(part.place, Reason::Damaged);
    }
    reading.leftovers(part, &spans);
}

struct Attribute<'a> {
    id: u32,
    value: &'a [u8],
    cut: bool,
}

impl<'a> Attribute<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let level = *bytes.get(at)?;
        let (id, length) = (u32_at(bytes, at + 1)?, usize::try_from(u32_at(bytes, at + 5)?).ok()?);
        let rest = bytes.get(at + HEAD..)?;
        // Whatever else has a level is no attribute.
        let value = rest.get(..length).unwrap_or(rest);
        matches!(level, 1 | 2).then_some(Self { id, value, cut: length > rest.len() })
    }
}

/// The attachment whose attributes are coming.
#[derive(Default)]
struct Attachment<'a> {
    begun: bool,
    title: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    properties: Vec<Property<'a>>,
}

struct File<'p> {
    part: &'p Part<'p>,
    code_page: Option<u32>,
    attachment: Attachment<'p>,
    attachments: u32,
}

impl<'p> File<'p> {
    /// Without a declaration, the evidence decides: `charset` guesses for a text from Japan.
    fn code_page(&self) -> u32 {
        self.code_page.unwrap_or_default()
    }

    fn attribute(&mut self, reading: &mut Reading<'_>, attribute: &Attribute<'p>) {
        let value = attribute.value;
        match attribute.id {
            OEM_CODE_PAGE => self.code_page = u32_at(value, 0).filter(|&page| page != 0),
            ATTACHMENT_BEGINS => {
                self.end_attachment(reading);
                self.attachment.begun = true;
                let rest = value.get(RENDERING..).unwrap_or_default();
                let place = self.part.place.inside("properties");
                reading.leftovers(&self.part.inside(rest, &place), &Spans::default());
            }
            ATTACHMENT_TITLE => self.attachment.title = Some(value),
            ATTACHMENT_DATA => self.attachment.data = Some(value),
            ATTACHMENT_PROPERTIES => {
                let properties = self.properties(reading, value);
                self.attachment.properties.extend(properties);
            }
            PROPERTIES => {
                let properties = self.properties(reading, value);
                let code_page = mapi::code_page(&properties).or(self.code_page).unwrap_or_default();
                mapi::read_message(reading, self.part, &properties, code_page);
            }
            RECIPIENTS => self.recipients(reading, value),
            BODY => {
                let place = self.part.place.inside("body");
                let bytes = value.strip_suffix(b"\0").unwrap_or(value);
                let charset = mapi::label_of(self.code_page());
                let hint = Hint { charset: charset.as_deref(), body: true, ..Hint::default() };
                reading.read(&Part { bytes, place: &place, depth: self.part.depth, hint });
            }
            id => self.plain(reading, id, value),
        }
    }

    /// Attributes from before there were properties; the upper half of the identifier is the type.
    fn plain(&self, reading: &mut Reading<'_>, id: u32, value: &[u8]) {
        let place = match id & 0xffff {
            0x8000 => self.part.place.field("From"),
            0x8004 => self.part.place.field("Subject"),
            _ => self.part.place.inside("properties"),
        };
        match id >> 16 {
            // Strings and texts; triples of names and addresses.
            0..=2 => {
                let text = charset::decode(value, mapi::label_of(self.code_page()).as_deref());
                let lines: Vec<&str> =
                    text.split(char::is_control).map(str::trim).filter(|line| !line.is_empty()).collect();
                reading.text(&place, &lines.join("\n"));
            }
            // Dates, numbers, versions.
            3..=5 | 7 | 8 if value.len() <= NUMBERS => self.odd(reading, value),
            _ if value.len() <= NUMBERS && !value.is_ascii() => self.odd(reading, value),
            _ => reading.leftovers(&self.part.inside(value, &place), &Spans::default()),
        }
    }

    /// What says something among numbers.
    fn odd(&self, reading: &mut Reading<'_>, value: &[u8]) {
        let place = Place { hidden: true, ..self.part.place.inside("properties") };
        reading.text(&place, &sweep::odd_text(value));
    }

    /// A block of properties; what is behind them is read as well.
    fn properties(&self, reading: &mut Reading<'_>, bytes: &'p [u8]) -> Vec<Property<'p>> {
        let mut block = Block { bytes, at: 0 };
        let (properties, whole) = block.properties();
        self.behind(reading, &block, whole);
        properties
    }

    fn behind(&self, reading: &mut Reading<'_>, block: &Block<'p>, whole: bool) {
        if !whole {
            reading.unread(self.part.place, Reason::Damaged);
        }
        let rest = block.bytes.get(block.at..).unwrap_or_default();
        let place = self.part.place.inside("properties");
        reading.leftovers(&self.part.inside(rest, &place), &Spans::default());
    }

    fn recipients(&self, reading: &mut Reading<'_>, value: &'p [u8]) {
        let mut block = Block { bytes: value, at: 0 };
        let count = block.number().unwrap_or_default();
        for _ in 0..count {
            if !reading.take_entry() {
                return reading.unread(self.part.place, Reason::Limit);
            }
            let (properties, whole) = block.properties();
            mapi::read_recipient(reading, self.part, &properties, self.code_page());
            if !whole {
                return self.behind(reading, &block, false);
            }
        }
        self.behind(reading, &block, true);
    }

    fn end_attachment(&mut self, reading: &mut Reading<'_>) {
        let attachment = std::mem::take(&mut self.attachment);
        if !attachment.begun && attachment.data.is_none() && attachment.properties.is_empty() {
            return;
        }
        self.attachments += 1;
        let code_page = self.code_page();
        let mut names = mapi::names(&attachment.properties, code_page);
        if let Some(title) = attachment.title {
            let title = title.strip_suffix(b"\0").unwrap_or(title);
            let title = charset::decode(title, mapi::label_of(code_page).as_deref());
            if !title.is_empty() && !names.contains(&title) {
                names.push(title);
            }
        }
        let name = names.first().cloned().unwrap_or_else(|| format!("attachment {}", self.attachments));
        let place = self.part.place.inside(&name);
        reading.text(&place, &names.join("\n"));
        let media = mapi::media(&attachment.properties, code_page);
        for property in attachment.properties.iter().filter(|property| property.id == ATTACHED) {
            for value in &property.values {
                // An object is an interface's identifier and what that interface is given.
                let skipped = if property.kind == OBJECT { 16 } else { 0 };
                let bytes = value.get(skipped..).unwrap_or_default();
                let hint = Hint { media: &media, ..Hint::default() };
                reading.read(&Part { bytes, place: &place, depth: self.part.depth + 1, hint });
            }
        }
        if let Some(bytes) = attachment.data.filter(|data| !data.is_empty()) {
            let hint = Hint { media: &media, ..Hint::default() };
            reading.read(&Part { bytes, place: &place, depth: self.part.depth + 1, hint });
        }
        mapi::read_attachment(reading, self.part, &place, &attachment.properties, code_page);
    }
}

/// A block of properties in a row.
struct Block<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Block<'a> {
    fn number(&mut self) -> Option<u32> {
        let number = u32_at(self.bytes, self.at)?;
        self.at += 4;
        Some(number)
    }

    /// A value of this length, filled up to a multiple of four.
    fn value(&mut self, length: usize) -> Option<&'a [u8]> {
        let value = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length.next_multiple_of(4);
        Some(value)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.value(length)
    }

    /// As many as there are, and whether that is all of them.
    fn properties(&mut self) -> (Vec<Property<'a>>, bool) {
        let mut properties = Vec::new();
        let Some(count) = self.number() else { return (properties, false) };
        for _ in 0..count {
            let Some(property) = self.property() else { return (properties, false) };
            properties.push(property);
        }
        (properties, true)
    }

    fn property(&mut self) -> Option<Property<'a>> {
        let (kind, id) = (u16_at(self.bytes, self.at)?, u16_at(self.bytes, self.at + 2)?);
        self.at += 4;
        let name = if id >= 0x8000 { self.name()? } else { String::new() };
        let (multiple, kind) = (kind & MULTIPLE != 0, kind & !MULTIPLE);
        let sized = matches!(kind, 0x0d | 0x1e | 0x1f | 0x102);
        let count = if multiple || sized { self.number()? } else { 1 };
        let mut values = Vec::new();
        for _ in 0..count {
            let value = match kind {
                _ if sized => self.sized()?,
                2 | 3 | 4 | 0x0a | 0x0b => self.value(4)?,
                0x48 => self.value(16)?,
                _ => self.value(8)?,
            };
            values.push(Cow::Borrowed(value));
        }
        Some(Property { id, kind, name, values })
    }

    /// What a property without a number of its own is called: a number of its set, or a text.
    fn name(&mut self) -> Option<String> {
        self.value(16)?;
        if self.number()? == 0 {
            return Some(format!("{:04x}", self.number()?));
        }
        let text = self.sized()?;
        Some(encoding_rs::UTF_16LE.decode_without_bom_handling(text).0.trim_end_matches('\0').to_owned())
    }
}
