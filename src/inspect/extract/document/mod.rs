//! Documents that are no workbooks: Word and PowerPoint, old and new, OpenDocument text and presentations, RTF.
//!
//! In: the file's bytes. Out: its text, tables as tables, and what a reader does not see: comments, deleted and hidden
//! text, notes, properties, embedded files. Deliberately absent: layout.

mod flow;
mod marks;
mod ole;
mod ooxml;
mod rtf;
mod storage;

use crate::inspect::Reason;
use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Part, Reading};

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// Word 97–2003.
    Doc,
    /// PowerPoint 97–2003.
    Ppt,
    Rtf,
    /// A compound file that is none of these: an embedded object.
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
        Document::Ole => ole::read(reading, part),
        Document::Doc | Document::Ppt => reading.unread(part.place, Reason::Unsupported),
    }
}

/// Reads a document in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    match package {
        Package::Odt | Package::Odp | Package::Odf => {
            if package::walk(reading, part, &|_| false, &mut |_, _| false) {
                reading.done(part.place);
            }
        }
        _ => ooxml::read(reading, part),
    }
}
