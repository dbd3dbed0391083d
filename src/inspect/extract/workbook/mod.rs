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
#[cfg(test)]
mod hiding;
mod number;
mod ods;
mod rows;
mod sheet;
mod strings;
mod xlsb;
mod xlsx;

use crate::inspect::extract::package::Package;
use crate::inspect::extract::reading::{Part, Reading};

/// Reads a workbook in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    match package {
        Package::Ods => ods::read_package(reading, part),
        _ => xlsx::read(reading, part),
    }
}

/// Reads a workbook that is one XML document.
pub(crate) fn read_flat(reading: &mut Reading<'_>, part: &Part<'_>) {
    ods::read_flat(reading, part);
}

/// Reads a workbook of before 2007.
pub(crate) fn read_xls(reading: &mut Reading<'_>, part: &Part<'_>) {
    biff::read(reading, part);
}
