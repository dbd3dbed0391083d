//! Workbooks of Excel and LibreOffice, each by its own reader.
//!
//! In: the workbook's bytes. Out: every sheet as a table, what is hidden marked, and everything beside the cells. What
//! the readers share: rows ([`rows`]), numbers as a person sees them ([`number`]), strings of many cells ([`strings`]),
//! what a package says of its sheets ([`book`]). All are our own: calamine gives neither hidden rows nor anything beside
//! the cells, so each sheet would be unpacked and read twice, and hostile files end its process.
//! Deliberately absent: calculating, looks.

mod beside;
pub(crate) mod biff;
mod book;
mod caches;
pub(crate) mod number;
pub(crate) mod ods;
mod rows;
mod sheet;
mod strings;
mod xlsb;
mod xlsx;

use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::xml;

/// Reads a workbook in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    if package != Package::Ods {
        return xlsx::read(reading, part);
    }
    let complete = package::walk(reading, part, &|_| false, &mut |reading, entry| {
        let is_content = entry.canonical == "content.xml";
        if is_content {
            ods::read(reading, part.place, &xml::decode(entry.bytes));
        }
        is_content
    });
    if complete {
        reading.done(part.place);
    }
}

/// Reads a workbook of before 2007.
pub(crate) fn read_xls(reading: &mut Reading<'_>, part: &Part<'_>) {
    biff::read(reading, part);
}
