//! Outlook's message files (.msg, MS-OXMSG): a message as storages and streams of a compound file.
//!
//! In: the file's bytes. Out: the message's properties (`mapi`), its recipients, its attachments as parts, the messages
//! and objects inside it, streams that belong to none of these as parts of their own. Structure, unless it says something: the
//! sets and numbers of named properties, the lengths of values. Deliberately absent: what an object of another program is; it is read as a
//! file of its own.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::inspect::extract::compound::{Compound, Entry, u16_at, u32_at};
use crate::inspect::extract::document::storage::Tree;
use crate::inspect::extract::mail::mapi::{self, ATTACHED, BINARY, MULTIPLE, Property, STRING_16};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};

/// How deep messages may be in messages. Each level is a storage, not a file.
const LEVELS: u32 = 64;

const FIXED: &str = "__properties_version1.0";
const VALUE: &str = "__substg1.0_";
const RECIPIENT: &str = "__recip_version1.0_";
const ATTACHMENT: &str = "__attach_version1.0_";
const NAMES: &str = "__nameid_version1.0";

/// Reads one.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(compound) = Compound::open(part.bytes) else {
        sweep::read(reading, part);
        return reading.unread(part.place, Reason::Damaged);
    };
    let tree = Tree::new(&compound);
    let mut file =
        File { compound: &compound, tree, inside: HashMap::new(), taken: HashSet::new(), names: HashMap::new() };
    for entry in compound.entries() {
        file.inside.entry(file.compound.storage_of(entry).map(key)).or_default().push(entry);
    }
    file.learn_names(reading, part);
    file.message(reading, part, None, 0, 0);
    file.others(reading, part);
    let mut spans = Spans::default();
    compound.claim(&mut spans);
    reading.leftovers(part, &spans);
}

/// An entry's identity.
fn key(entry: &Entry) -> *const Entry {
    std::ptr::from_ref(entry)
}

struct File<'f> {
    compound: &'f Compound<'f>,
    tree: Tree<'f>,
    /// What is in each storage; `None` is the root.
    inside: HashMap<Option<*const Entry>, Vec<&'f Entry>>,
    taken: HashSet<*const Entry>,
    /// What properties from 0x8000 on are called.
    names: HashMap<u16, String>,
}

impl<'f> File<'f> {
    fn in_storage(&self, storage: Option<&Entry>) -> Vec<&'f Entry> {
        self.inside.get(&storage.map(key)).cloned().unwrap_or_default()
    }

    /// A stream's content, paid for.
    fn take(&mut self, reading: &mut Reading<'_>, place: &Place, entry: &Entry) -> Vec<u8> {
        self.taken.insert(key(entry));
        if entry.size() > reading.allowance() || !reading.take_entry() {
            reading.unread(place, Reason::Limit);
            return Vec::new();
        }
        let content = self.compound.stream(entry);
        if !reading.charge(content.len() as u64) {
            reading.unread(place, Reason::Limit);
            return Vec::new();
        }
        if (content.len() as u64) < entry.size() {
            reading.unread(place, Reason::Damaged);
        }
        content
    }

    /// Names are in one stream, which property has which in another.
    fn learn_names(&mut self, reading: &mut Reading<'_>, part: &Part<'_>) {
        let Some(storage) = self.in_storage(None).into_iter().find(|entry| entry.name == NAMES) else { return };
        let (mut entries, mut texts, mut others) = (Vec::new(), Vec::new(), String::new());
        let place = part.place.inside("properties");
        for stream in self.in_storage(Some(storage)) {
            match stream.name.strip_prefix(VALUE) {
                Some("00030102") => entries = self.take(reading, &place, stream),
                Some("00040102") => texts = self.take(reading, &place, stream),
                // The sets, and the same entries sorted into buckets: binary, and no text.
                Some(_) if stream.size() <= 1024 => {
                    let content = self.take(reading, &place, stream);
                    match std::str::from_utf8(&content) {
                        Ok(text) => others.push_str(text),
                        Err(_) => others.push_str(&sweep::odd_text(&content)),
                    }
                }
                _ => {}
            }
        }
        let mut all = String::new();
        for (number, entry) in (0x8000u16..=u16::MAX).zip(entries.chunks_exact(8)) {
            let (Some(id), Some(index)) = (u32_at(entry, 0), u16_at(entry, 4)) else { continue };
            let name = if index & 1 == 0 { format!("{id:04x}") } else { text_at(&texts, id).unwrap_or_default() };
            if index & 1 == 1 {
                all.push_str(&name);
                all.push('\n');
            }
            self.names.insert(number, name);
        }
        let hidden = Place { hidden: true, ..place };
        // Names that no entry refers to are text as well.
        let spare = if all.len() < texts.len() / 4 { sweep::text(&texts) } else { String::new() };
        others.push_str(&sweep::odd_text(&entries));
        reading.text(&hidden, &(all + &spare + others.trim_matches('\0')));
    }

    /// A message: the root, or a storage inside an attachment.
    fn message(
        &mut self,
        reading: &mut Reading<'_>,
        part: &Part<'_>,
        storage: Option<&Entry>,
        code_page: u32,
        level: u32,
    ) {
        if level > LEVELS {
            return reading.unread(part.place, Reason::Limit);
        }
        let head = if storage.is_some() { 24 } else { 32 };
        let properties = self.properties(reading, part.place, storage, head);
        let code_page = mapi::code_page(&properties).unwrap_or(code_page);
        mapi::read_message(reading, part, &properties, code_page);
        let inside = self.in_storage(storage);
        for recipient in inside.iter().filter(|entry| entry.name.starts_with(RECIPIENT)) {
            let properties = self.properties(reading, part.place, Some(recipient), 8);
            mapi::read_recipient(reading, part, &properties, code_page);
        }
        for (number, attachment) in (1..).zip(inside.iter().filter(|entry| entry.name.starts_with(ATTACHMENT))) {
            self.attachment(reading, part, attachment, number, code_page, level);
        }
        reading.done(part.place);
    }

    fn attachment(
        &mut self,
        reading: &mut Reading<'_>,
        part: &Part<'_>,
        storage: &Entry,
        number: u32,
        code_page: u32,
        level: u32,
    ) {
        let properties = self.properties(reading, part.place, Some(storage), 8);
        let names = mapi::names(&properties, code_page);
        let name = names.first().cloned().unwrap_or_else(|| format!("attachment {number}"));
        let place = part.place.inside(&name);
        reading.text(&place, &names.join("\n"));
        let media = mapi::media(&properties, code_page);
        for value in properties.iter().filter(|property| property.id == ATTACHED).flat_map(|p| &p.values) {
            let hint = Hint { media: &media, ..Hint::default() };
            reading.read(&Part { bytes: value, place: &place, depth: part.depth + 1, hint });
        }
        mapi::read_attachment(reading, part, &place, &properties, code_page);
        let inside = Part { place: &place, ..*part };
        for object in self.in_storage(Some(storage)).into_iter().filter(|entry| !entry.is_stream()) {
            let content = self.in_storage(Some(object));
            if content.iter().any(|entry| entry.name == FIXED) {
                self.message(reading, &inside, Some(object), code_page, level + 1);
            } else {
                self.object(reading, &inside, object);
            }
        }
    }

    /// An object of another program: a file of its own, kept as a storage.
    fn object(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, storage: &Entry) {
        let file = self.tree.extract(storage, reading.allowance());
        let file = file.filter(|file| reading.charge(file.len() as u64) && reading.take_entry());
        match &file {
            Some(file) => {
                reading.read(&part.inside(file, part.place));
            }
            None => reading.unread(part.place, Reason::Limit),
        }
        let mut open = vec![storage];
        let mut seen = HashSet::new();
        while let Some(storage) = open.pop().filter(|storage| seen.insert(key(storage))) {
            for entry in self.in_storage(Some(storage)) {
                if entry.is_stream() {
                    self.taken.insert(key(entry));
                } else {
                    open.push(entry);
                }
            }
        }
    }

    /// A stream as a part of its own.
    fn stream(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, entry: &Entry) {
        let place = part.place.inside(&entry.shown());
        let content = self.take(reading, &place, entry);
        if content.is_empty() {
            return;
        }
        let inside = part.inside(&content, &place);
        match sniff::format(&content, inside.hint) {
            Format::Other(..) | Format::Text => sweep::read(reading, &inside),
            _ => {
                reading.read(&inside);
            }
        }
    }

    /// What no message refers to.
    fn others(&mut self, reading: &mut Reading<'_>, part: &Part<'_>) {
        let compound = self.compound;
        for entry in compound.entries().filter(|entry| entry.is_stream()) {
            if !self.taken.contains(&key(entry)) {
                self.stream(reading, part, entry);
            }
        }
    }

    /// The properties in a storage: those of fixed size in one stream behind a head, each other one in its own.
    fn properties(
        &mut self,
        reading: &mut Reading<'_>,
        place: &Place,
        storage: Option<&Entry>,
        head: usize,
    ) -> Vec<Property<'f>> {
        let mut properties = Vec::new();
        for entry in self.in_storage(storage).into_iter().filter(|entry| entry.is_stream()) {
            if entry.name == FIXED {
                let stream = self.take(reading, place, entry);
                let records = stream.get(head..).unwrap_or_default().chunks_exact(16);
                properties.extend(records.filter_map(|record| self.fixed(record)));
                let odd: Vec<u8> = sweep::odd_text(&stream).encode_utf16().flat_map(u16::to_le_bytes).collect();
                properties.push(Property {
                    id: 0,
                    kind: STRING_16,
                    name: String::new(),
                    values: vec![Cow::Owned(odd)],
                });
            } else if let Some(tag) =
                entry.name.strip_prefix(VALUE).and_then(|name| u32::from_str_radix(name.get(..8)?, 16).ok())
            {
                let content = self.take(reading, place, entry);
                let is_value = entry.name.contains('-');
                let [id_high, id_low, kind_high, kind_low] = tag.to_be_bytes();
                let (id, kind) = (u16::from_be_bytes([id_high, id_low]), u16::from_be_bytes([kind_high, kind_low]));
                // The lengths of several values, or several numbers.
                let kind = if kind & MULTIPLE != 0 && !is_value { BINARY } else { kind & !MULTIPLE };
                let name = self.names.get(&id).cloned().unwrap_or_default();
                properties.push(Property { id, kind, name, values: vec![Cow::Owned(content)] });
            }
        }
        properties
    }

    fn fixed(&self, record: &[u8]) -> Option<Property<'f>> {
        let (kind, id) = (u16_at(record, 0)?, u16_at(record, 2)?);
        // Of the others only the length stands here.
        let is_fixed = matches!(kind, 2..=7 | 0x0a | 0x0b | 0x14 | 0x40);
        let value = record.get(8..16)?.to_vec();
        let name = self.names.get(&id).cloned().unwrap_or_default();
        is_fixed.then_some(Property { id, kind, name, values: vec![Cow::Owned(value)] })
    }
}

/// A name: its length in bytes, and UTF-16.
fn text_at(texts: &[u8], at: u32) -> Option<String> {
    let at = usize::try_from(at).ok()?;
    let length = usize::try_from(u32_at(texts, at)?).ok()?;
    let bytes = texts.get(at.checked_add(4)?..at.checked_add(4)?.checked_add(length)?)?;
    Some(encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned())
}
