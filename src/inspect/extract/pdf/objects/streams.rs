//! Streams that no page shows: text, attached files, and whatever nobody knows.
//!
//! In: a stream and what refers to it. Out: XML and scripts as text, files as parts. Deliberately absent: operators of
//! pages (`walk`) and pictures that pages draw (`picture`).

use hayro_syntax::object::{Name, Stream};

use super::super::book::Stray;
use super::super::filter;
use super::{Section, Sweep};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::extract::xml;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// How much of a stream tells what it is.
const HEAD: u64 = 4 << 10;

/// What a stream is.
#[derive(Debug, PartialEq, Eq)]
enum Role {
    /// Of no interest to a reader of text.
    Structure,
    /// XML, as text of a section.
    Xml(Section),
    Script,
    Attachment,
    Picture,
    /// Operators of a page, a form, a pattern.
    Operators,
    /// Where the pages of a linearized file are.
    Hints,
    Unknown,
}

impl<'a> Sweep<'_, 'a> {
    /// Reads one stream.
    pub(super) fn stream(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, stream: &Stream<'a>) {
        let id = stream.obj_id();
        if self.known.read.contains(&id) {
            return;
        }
        let role = self.role(stream);
        match role {
            Role::Structure => return,
            Role::Picture => return self.strays.pictures.push(id),
            Role::Operators => return self.strays.drawings.push(Stray::Form(stream.clone())),
            _ => {}
        }
        let place = match &role {
            Role::Xml(section) => section.place(part.place),
            Role::Script => Section::Scripts.place(part.place),
            Role::Attachment => match self.known.files.get(&id).filter(|name| !name.is_empty()) {
                Some(name) => part.place.inside(&format!("attachment {name}")),
                None => part.place.inside(&format!("attachment {}", id.obj_number)),
            },
            _ => Place { hidden: true, ..part.place.inside(&format!("object {}", id.obj_number)) },
        };
        let unpacked = filter::unpack(stream, reading.allowance());
        if !reading.charge(unpacked.bytes.len() as u64) {
            return reading.unread(&place, Reason::Limit);
        }
        if let Some(flaw) = unpacked.flaw {
            reading.unread(&place, flaw);
        }
        match role {
            Role::Xml(section) => self.line(section, &xml::plain(&xml::decode(&unpacked.bytes))),
            Role::Hints => self.line(Section::Other, &sweep::text(&unpacked.bytes)),
            Role::Script => self.line(Section::Scripts, &charset::text(&unpacked.bytes, None)),
            _ if unpacked.bytes.is_empty() => {}
            _ => {
                if !reading.take_entry() {
                    return reading.unread(&place, Reason::Limit);
                }
                if role == Role::Attachment {
                    reading.text(&place, self.known.files.get(&id).map(String::as_str).unwrap_or_default());
                }
                reading.read(&part.inside(&unpacked.bytes, &place));
            }
        }
    }

    /// Reads what stands behind the packed data of a stream. Pictures are named as they are.
    pub(super) fn behind(&mut self, reading: &mut Reading<'_>, part: &Part<'_>, stream: &Stream<'a>) {
        let number = stream.obj_id().obj_number;
        let place = Place { hidden: true, ..part.place.inside(&format!("object {number} › behind its data")) };
        if self.role(stream) == Role::Picture {
            return;
        }
        match filter::behind(stream, &mut self.left) {
            Some(rest) => reading.leftovers(&part.inside(&rest, &place), &Spans::default()),
            None => reading.unread(&place, Reason::Limit),
        }
    }

    fn role(&self, stream: &Stream<'_>) -> Role {
        let dict = stream.dict();
        let name = |key: &str| dict.get::<Name<'_>>(key).map(|name| name.as_str().to_owned()).unwrap_or_default();
        match (name("Type").as_str(), name("Subtype").as_str()) {
            ("XRef" | "ObjStm" | "CMap", _) => return Role::Structure,
            ("EmbeddedFile", _) => return Role::Attachment,
            ("Metadata", _) | (_, "XML") => return Role::Xml(Section::Properties),
            (_, "Image") => return Role::Picture,
            (_, "Form") => return Role::Operators,
            _ => {}
        }
        if self.known.files.contains_key(&stream.obj_id()) {
            return Role::Attachment;
        }
        if ["FunctionType", "ShadingType", "HalftoneType"].iter().any(|key| dict.contains_key(*key)) {
            return Role::Structure;
        }
        if dict.contains_key("PatternType") {
            return Role::Operators;
        }
        match self.known.keys.get(&stream.obj_id()).map(String::as_str).unwrap_or_default() {
            "FontFile" | "FontFile2" | "FontFile3" | "ToUnicode" | "Encoding" | "UseCMap" | "CIDToGIDMap"
            | "CIDSet" | "DestOutputProfile" | "ICCBased" | "JBIG2Globals" | "Indexed" | "TR" | "TR2" | "HT"
            | "Lookup" | "ColorSpace"
                if !is_file(stream) =>
            {
                Role::Structure
            }
            "XFA" => Role::Xml(Section::Form),
            "JS" => Role::Script,
            // Rich text of a note or a field.
            "RC" | "RV" => Role::Xml(Section::Note(0)),
            "CharProcs" => Role::Operators,
            "" if dict.get::<i32>("S").is_some() => Role::Hints,
            _ => Role::Unknown,
        }
    }
}

/// Whether a stream that calls itself a font or a colour profile is a file that somebody wants to pass on.
fn is_file(stream: &Stream<'_>) -> bool {
    let head = filter::unpack(stream, HEAD).bytes;
    !matches!(
        sniff::format(&head, Hint::default()),
        Format::Other(..) | Format::Text | Format::Csv | Format::Json | Format::Xml
    )
}
