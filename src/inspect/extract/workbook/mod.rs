//! Workbooks of Excel and LibreOffice, each by its own reader.
//!
//! In: the workbook's bytes. Out: every sheet as a table, what is hidden marked, and everything beside the cells. What
//! the readers share: rows ([`rows`]), numbers as a person sees them ([`number`]), strings of many cells ([`strings`]),
//! what a package says of its sheets ([`book`]). All are our own: calamine gives neither hidden rows nor anything beside
//! the cells, so each sheet would be unpacked and read twice, and hostile files end its process.
//! Deliberately absent: calculating, looks.

mod beside;
mod biff;
mod book;
mod caches;
mod conditions;
#[cfg(test)]
mod hiding;
mod looks;
mod number;
mod ods;
mod rows;
mod sheet;
mod strings;
mod xlsb;
mod xlsx;
mod xml2003;

use self::book::Listing;
use crate::inspect::extract::package::Package;
use crate::inspect::extract::reading::{Part, Reading};

/// A workbook that is one XML document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flat {
    OpenDocument,
    Excel2003,
}

impl Flat {
    /// Tells it by the head of the document.
    pub(crate) fn of(head: &str) -> Option<Self> {
        if head.contains("vnd.oasis.opendocument.spreadsheet") {
            Some(Self::OpenDocument)
        } else {
            head.contains("urn:schemas-microsoft-com:office:spreadsheet").then_some(Self::Excel2003)
        }
    }

    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenDocument => "fods",
            Self::Excel2003 => "xml",
        }
    }
}

/// Whether a package whose parts have unusual names is a workbook, by its list of types.
pub(crate) fn is_workbook(reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
    let types = Listing::of(part.bytes).small(reading, "[content_types].xml").unwrap_or_default();
    memchr::memmem::find(&types, b"spreadsheetml.").is_some()
}

/// Reads a workbook in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    match package {
        Package::Ods => ods::read_package(reading, part),
        _ => xlsx::read(reading, part),
    }
}

/// Reads a workbook that is one XML document.
pub(crate) fn read_flat(reading: &mut Reading<'_>, part: &Part<'_>, kind: Flat) {
    match kind {
        Flat::OpenDocument => ods::read_flat(reading, part),
        Flat::Excel2003 => xml2003::read(reading, part),
    }
}

/// Reads a workbook of before 2007.
pub(crate) fn read_xls(reading: &mut Reading<'_>, part: &Part<'_>) {
    biff::read(reading, part);
}
