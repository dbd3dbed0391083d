//! Everything in a document beside what its pages show: object by object, whether anything refers to it or not.
//!
//! In: objects. Out: their strings, by what they belong to ([`Section`]): form fields, notes, outline, properties,
//! links, scripts, names of layers, texts in place of pictures, anything else; streams of XML and scripts as text,
//! attached files and what is no known kind of stream as parts of their own. Structure, which is passed over: fonts and
//! their maps, colour spaces, functions and shadings, tables of objects, keys and checksums, dates, names (`/Name`),
//! numbers. Deliberately absent: the tree that a reader walks; an object that fell out of it is read all the same.

mod streams;

use std::collections::{BTreeMap, HashMap, HashSet};

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier, String as Bytes};

use super::book::Stray;
use super::string;
use super::walk::Walked;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};

/// Objects inside of objects.
const DEPTH: u32 = 40;

/// What a string belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Section {
    Properties,
    Outline,
    Form,
    /// A field that is not to be shown.
    HiddenForm,
    /// A note on this page, zero if nobody knows which.
    Note(u32),
    /// A note that is not to be shown, on this page.
    HiddenNote(u32),
    Links,
    Scripts,
    Layers,
    /// What is said in place of a picture or an abbreviation.
    Descriptions,
    Other,
}

impl Section {
    /// Its place in the document, and whether a reader sees it there.
    fn place(self, document: &Place) -> Place {
        let (name, hidden) = match self {
            Self::Properties => ("properties", true),
            Self::Outline => ("outline", false),
            Self::Form => ("form", false),
            Self::HiddenForm => ("form", true),
            Self::Note(0) => ("notes", false),
            Self::HiddenNote(0) => ("notes", true),
            Self::Note(page) => return document.inside(&format!("note on page {page}")),
            Self::HiddenNote(page) => {
                return Place { hidden: true, ..document.inside(&format!("note on page {page}")) };
            }
            Self::Links => ("links", true),
            Self::Scripts => ("scripts", true),
            Self::Layers => ("layers", false),
            Self::Descriptions => ("descriptions", true),
            Self::Other => ("other text", true),
        };
        let mut place = document.inside(name);
        place.hidden |= hidden;
        place
    }
}

/// What is known of a document before its objects are read.
#[derive(Default)]
pub(super) struct Known {
    /// On which page a note is.
    pub(super) notes: HashMap<ObjectIdentifier, u32>,
    /// Streams that were read as part of a page.
    pub(super) read: HashSet<ObjectIdentifier>,
    /// Pages that are listed.
    pages: HashSet<ObjectIdentifier>,
    /// What refers to a stream: the key of the entry.
    keys: HashMap<ObjectIdentifier, String>,
    /// Names of attached files.
    files: HashMap<ObjectIdentifier, String>,
}

impl Known {
    /// Learns which page each note is on.
    pub(super) fn page(&mut self, number: u32, page: &Dict<'_>) {
        self.pages.extend(page.obj_id());
        let notes = page.get::<Array<'_>>("Annots");
        for note in notes.iter().flat_map(Array::raw_iter).filter_map(|note| note.as_obj_ref()) {
            self.notes.insert(note.into(), number);
        }
        self.contents(page);
    }

    /// What a page draws is read with the page, listed or not.
    fn contents(&mut self, page: &Dict<'_>) {
        let streams = page.get_ref("Contents").into_iter().chain(references(page, "Contents"));
        self.read.extend(streams.map(ObjectIdentifier::from));
    }

    /// Learns what a walk has drawn.
    pub(super) fn drawn(&mut self, walked: &Walked<'_>) {
        self.read.extend(walked.forms.iter().copied());
        self.read.extend(walked.pictures.iter().filter_map(|picture| Some(picture.stream.as_ref()?.obj_id())));
    }

    /// How many of these pictures nobody has drawn.
    pub(super) fn unseen(&self, pictures: &[ObjectIdentifier]) -> u32 {
        u32::try_from(pictures.iter().filter(|picture| !self.read.contains(picture)).count()).unwrap_or(u32::MAX)
    }

    /// Learns what refers to what.
    pub(super) fn objects<'a>(&mut self, objects: impl Iterator<Item = Object<'a>>) {
        for object in objects {
            match object {
                Object::Dict(dict) => {
                    if is_page(&dict) {
                        self.contents(&dict);
                    }
                    self.dict(&dict, 0);
                }
                Object::Stream(stream) => self.dict(stream.dict(), 0),
                Object::Array(list) => self.list(&list, "", 0),
                _ => {}
            }
        }
    }

    fn dict(&mut self, dict: &Dict<'_>, depth: u32) {
        if depth > DEPTH {
            return;
        }
        if let Some(files) = dict.get::<Dict<'_>>("EF") {
            let name = ["UF", "F", "Unix", "DOS", "Mac"].iter().find_map(|key| dict.get::<Bytes<'_>>(*key));
            let name = name.and_then(|name| string::text(&name)).unwrap_or_default();
            for key in files.keys() {
                if let Some(file) = files.get_ref(key.as_ref()) {
                    self.files.insert(file.into(), name.clone());
                }
            }
        }
        for (key, value) in dict.entries() {
            match value {
                MaybeRef::Ref(to) => self.key(to.into(), key.as_str()),
                MaybeRef::NotRef(Object::Dict(inner)) => self.dict(&inner, depth + 1),
                MaybeRef::NotRef(Object::Array(list)) => self.list(&list, key.as_str(), depth + 1),
                MaybeRef::NotRef(_) => {}
            }
        }
    }

    fn list(&mut self, list: &Array<'_>, key: &str, depth: u32) {
        if depth > DEPTH {
            return;
        }
        let mut key = key.to_owned();
        for item in list.raw_iter() {
            match item {
                MaybeRef::Ref(to) => self.key(to.into(), &key),
                MaybeRef::NotRef(Object::Name(name)) if name.as_str() == "ICCBased" => {
                    name.as_str().clone_into(&mut key)
                }
                MaybeRef::NotRef(Object::Dict(inner)) => self.dict(&inner, depth + 1),
                MaybeRef::NotRef(Object::Array(inner)) => self.list(&inner, &key, depth + 1),
                MaybeRef::NotRef(_) => {}
            }
        }
    }

    fn key(&mut self, to: ObjectIdentifier, key: &str) {
        self.keys.entry(to).or_insert_with(|| key.to_owned());
    }
}

fn is_page(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Type").is_some_and(|kind| kind.as_str() == "Page")
}

fn references(dict: &Dict<'_>, key: &str) -> Vec<hayro_syntax::object::ObjRef> {
    let list = dict.get::<Array<'_>>(key);
    list.iter().flat_map(Array::raw_iter).filter_map(|item| item.as_obj_ref()).collect()
}

/// The strings of a document, gathered by what they belong to.
pub(super) struct Sweep<'k, 'a> {
    known: &'k Known,
    texts: BTreeMap<Section, String>,
    /// Strings that were gathered, so that a name that stands in two trees is read once.
    seen: HashSet<(Section, u64)>,
    strays: Strays<'a>,
    /// How much may be unpacked to see where it ends.
    left: u64,
}

/// What is to be drawn, and no page drew.
#[derive(Default)]
pub(super) struct Strays<'a> {
    pub(super) drawings: Vec<Stray<'a>>,
    pub(super) pictures: Vec<ObjectIdentifier>,
}

impl<'k, 'a> Sweep<'k, 'a> {
    /// As much as `most` may be unpacked only to see where it ends.
    pub(super) fn new(known: &'k Known, most: u64) -> Self {
        Self { known, texts: BTreeMap::new(), seen: HashSet::new(), strays: Strays::default(), left: most }
    }

    /// Reads one object.
    pub(super) fn object(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, object: &Object<'a>) {
        match object {
            Object::Dict(dict) => {
                if is_page(dict) && dict.obj_id().is_none_or(|id| !self.known.pages.contains(&id)) {
                    self.strays.drawings.push(Stray::Page(dict.clone()));
                }
                self.dict(dict, Section::Other, 0);
            }
            Object::Array(list) => self.list(list, Section::Other, "", 0),
            Object::String(text) => self.text(Section::Other, text),
            Object::Stream(stream) => {
                self.dict(stream.dict(), Section::Other, 0);
                self.stream(reading, part, stream);
                self.behind(reading, part, stream);
            }
            _ => {}
        }
    }

    /// Reads a dictionary that is no object of its own.
    pub(super) fn dict(&mut self, dict: &Dict<'_>, outside: Section, depth: u32) {
        if depth > DEPTH {
            return;
        }
        let section = self.section(dict).unwrap_or(outside);
        let signed = dict.contains_key("ByteRange");
        for (key, value) in dict.entries() {
            let MaybeRef::NotRef(value) = value else { continue };
            let key = key.as_str();
            match value {
                Object::String(text) if signed && key == "Contents" => {
                    // A signature: names of people stand in its certificates.
                    self.line(Section::Other, &sweep::text(&text));
                }
                Object::String(_) if is_structure(key) => {}
                // A sensitivity label says by its key what it is.
                Object::String(text) if key.starts_with("MSIP_Label_") => {
                    let text = string::text(&text).unwrap_or_default();
                    self.line(Section::Properties, &format!("{key}: {text}"));
                }
                Object::String(text) => self.text(section_of_key(key).unwrap_or(section), &text),
                Object::Name(value)
                    if key == "V"
                        && matches!(section, Section::Form | Section::HiddenForm)
                        && value.as_str() != "Off" =>
                {
                    self.line(section, value.as_str());
                }
                Object::Dict(inner) => self.dict(&inner, section_of_key(key).unwrap_or(section), depth + 1),
                Object::Array(list) => self.list(&list, section_of_key(key).unwrap_or(section), key, depth + 1),
                _ => {}
            }
        }
    }

    fn list(&mut self, list: &Array<'_>, section: Section, key: &str, depth: u32) {
        if depth > DEPTH || is_structure(key) {
            return;
        }
        for (index, item) in list.raw_iter().enumerate() {
            let MaybeRef::NotRef(item) = item else { continue };
            match item {
                // A colour space with its table.
                Object::Name(name) if index == 0 && matches!(name.as_str(), "Indexed" | "I") => return,
                Object::String(text) => self.text(section, &text),
                Object::Dict(inner) => self.dict(&inner, section, depth + 1),
                Object::Array(inner) => self.list(&inner, section, "", depth + 1),
                _ => {}
            }
        }
    }

    fn section(&self, dict: &Dict<'_>) -> Option<Section> {
        let name = |key: &str| dict.get::<Name<'_>>(key).map(|name| name.as_str().to_owned()).unwrap_or_default();
        let has = |key: &str| dict.contains_key(key);
        let (kind, subtype) = (name("Type"), name("Subtype"));
        if has("Rect") && has("Subtype") {
            let page = || dict.obj_id().and_then(|id| self.known.notes.get(&id)).copied().unwrap_or_default();
            return Some(match subtype.as_str() {
                "Widget" if is_out_of_sight(dict) => Section::HiddenForm,
                "Widget" => Section::Form,
                "Link" => Section::Links,
                _ if is_out_of_sight(dict) => Section::HiddenNote(page()),
                _ => Section::Note(page()),
            });
        }
        match () {
            () if has("FT") || (has("T") && (has("V") || has("Kids") || has("DV"))) => Some(Section::Form),
            () if kind == "StructElem" || (has("S") && has("P") && has("K")) => Some(Section::Descriptions),
            () if kind == "OCG" => Some(Section::Layers),
            () if matches!(name("S").as_str(), "URI" | "Launch" | "GoToR" | "GoToE" | "SubmitForm") => {
                Some(Section::Links)
            }
            () if name("S") == "JavaScript" => Some(Section::Scripts),
            () if has("Title") && (has("Parent") || has("Dest") || has("A") || has("Next") || has("Prev")) => {
                Some(Section::Outline)
            }
            () if kind.is_empty()
                && ["Producer", "Creator", "CreationDate", "ModDate", "Author", "Title"].iter().any(|key| has(key)) =>
            {
                Some(Section::Properties)
            }
            () => None,
        }
    }

    /// Adds a string, if it is text.
    pub(super) fn text(&mut self, section: Section, bytes: &[u8]) {
        if let Some(text) = string::text(bytes) {
            // Rich text is XML.
            let text = if text.starts_with("<?xml") || text.starts_with("<body") {
                crate::inspect::extract::xml::plain(&text)
            } else {
                text
            };
            self.line(section, &text);
        }
    }

    /// Adds a line, unless it was added before.
    fn line(&mut self, section: Section, text: &str) {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        text.trim().hash(&mut hasher);
        if self.seen.insert((section, hasher.finish())) {
            let all = self.texts.entry(section).or_default();
            all.push_str(text.trim());
            all.push('\n');
        }
    }

    /// Hands over what was gathered, and returns what is to be drawn.
    pub(super) fn end(self, reading: &mut Reading<'_>, document: &Place) -> Strays<'a> {
        for (section, text) in self.texts {
            let place = section.place(document);
            if !reading.take_entry() {
                reading.unread(&place, Reason::Limit);
                break;
            }
            reading.text(&place, &text);
            reading.done(&place);
        }
        self.strays
    }
}

/// Whether a note or a field has a flag that keeps it off the page: invisible, hidden, not to be viewed.
fn is_out_of_sight(dict: &Dict<'_>) -> bool {
    dict.get::<i32>("F").is_some_and(|flags| flags & (1 | 2 | 32) != 0)
}

/// Entries whose strings are no text.
fn is_structure(key: &str) -> bool {
    const KEYS: [&str; 24] = [
        "ID",
        "O",
        "U",
        "OE",
        "UE",
        "Perms",
        "Registry",
        "Ordering",
        "DA",
        "CharSet",
        "Lang",
        "CreationDate",
        "ModDate",
        "M",
        "CheckSum",
        "Panose",
        "FontFamily",
        "ColorSpace",
        "CS",
        "Cert",
        "LastModified",
        "Style",
        "IDS",
        "URLS",
    ];
    KEYS.contains(&key)
}

/// Entries that say themselves what they hold.
fn section_of_key(key: &str) -> Option<Section> {
    Some(match key {
        "JS" => Section::Scripts,
        "URI" => Section::Links,
        "Alt" | "ActualText" | "E" => Section::Descriptions,
        _ => return None,
    })
}

/// All objects of a document.
pub(super) fn all(pdf: &Pdf) -> impl Iterator<Item = Object<'_>> {
    pdf.objects().into_iter()
}
