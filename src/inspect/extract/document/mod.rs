//! Documents that are no workbooks: Word and PowerPoint, old and new, OpenDocument text and presentations, RTF.
//!
//! In: the file's bytes. Out: its text, tables as tables, and what a reader does not see: comments, deleted and hidden
//! text, notes, properties, embedded files. Deliberately absent: layout.

mod data;
mod drawing;
mod flow;
mod font;
pub(crate) mod looks;
mod marks;
mod odf;
pub(crate) mod ole;
mod ooxml;
mod passage;
mod powerpoint97;
mod rtf;
pub(crate) mod storage;
mod table;
#[cfg(test)]
mod tests;
mod word97;

use self::ooxml::Styles;
use self::ooxml::walker::{self, Manner};
use crate::inspect::extract::package::Package;
use crate::inspect::extract::reading::{Part, Reading};

/// How much of an XML file is looked at to tell whose it is.
const HEAD: usize = 16 << 10;

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// Word 97–2003.
    Doc,
    /// PowerPoint 97–2003.
    Ppt,
    Rtf,
    /// A compound file that is none of these: an embedded object, something of another program.
    Ole,
}

impl Document {
    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Ppt => "ppt",
            Self::Rtf => "rtf",
            Self::Ole => "ole",
        }
    }
}

/// Reads a document.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, kind: Document) {
    match kind {
        Document::Rtf => rtf::read(reading, part),
        Document::Doc => word97::read(reading, part),
        Document::Ppt => powerpoint97::read(reading, part),
        Document::Ole => ole::read(reading, part),
    }
}

/// Reads a document in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    match package {
        Package::Odt | Package::Odp | Package::Odf => odf::read(reading, part),
        _ => ooxml::read(reading, part),
    }
}

/// Reads a decoded XML file: a document in one piece, a drawing, or data.
pub(crate) fn read_xml(reading: &mut Reading<'_>, part: &Part<'_>, document: &str) {
    const OFFICE: [&str; 4] = ["schemas.microsoft.com/", "schemas.openxmlformats.org/", "purl.oclc.org/ooxml/", "<svg"];
    let head = document.get(..document.floor_char_boundary(HEAD)).unwrap_or_default();
    if head.contains("urn:oasis:names:tc:opendocument") {
        odf::read_flat(reading, part, document);
    } else if !OFFICE.iter().any(|name| head.contains(name)) {
        data::read(reading, part, document);
    } else {
        let manner = Manner { styles: &Styles::default(), stage: None, all_attributes: false };
        walker::read(reading, part, document, manner);
    }
}
