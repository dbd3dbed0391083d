//! Excel workbooks: cells, through calamine.
//!
//! In: the workbook's bytes. Out: every sheet as a table, hidden and very hidden ones marked, numbers and dates as a
//! person sees them. xlsx and xlsb are streamed cell by cell: two cells in opposite corners of a sheet make calamine's
//! `worksheet_range` ask for 550 GB, so it is never called for them. Old .xls has no streaming reader; its sheets are
//! at most 65,536 × 256 cells, and a file made to hurt ends the worker process, not the relay.
//! Deliberately absent: formulas without a stored result, cell comments and drawings (in `package`, as text), charts.

pub(crate) mod biff;
pub(crate) mod number;
pub(crate) mod ods;
pub(crate) mod xlsb;

use std::borrow::Cow;
use std::io::{Cursor, Read};

use calamine::{Data, DataRef, Reader as _, Sheet, SheetVisible, Xls, XlsError, Xlsb, XlsbError, Xlsx, XlsxError};

use self::number::Pattern;
use crate::inspect::extract::package::{self, Package, part_name};
use crate::inspect::extract::reading::{Part, Reading, cell};
use crate::inspect::extract::xml;
use crate::inspect::{Cell, Place, Reason};

/// A row is handed over when it has this many cells, even if it goes on: a sheet has 16,384 columns.
const ROW_CELLS: usize = 20_000;

type Bytes<'a> = Cursor<&'a [u8]>;

/// Reads a workbook in a zip.
pub(crate) fn read_package(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    let cells_read = match package {
        Package::Xlsx | Package::Xlsm => read_xlsx(reading, part),
        Package::Xlsb => read_xlsb(reading, part),
        _ => false,
    };
    let skip = |name: &str| cells_read && name == "xl/sharedstrings.xml";
    let complete = package::walk(reading, part, &skip, &mut |reading, entry| {
        read_entry(reading, part, package, cells_read, entry)
    });
    if complete {
        reading.done(part.place);
    }
}

fn read_entry(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    package: Package,
    cells_read: bool,
    entry: &package::Entry<'_>,
) -> bool {
    let (canonical, bytes) = (entry.canonical, entry.bytes);
    let is_sheet = canonical.starts_with("xl/worksheets/") || canonical.starts_with("xl/macrosheets/");
    if package == Package::Xlsb && canonical.ends_with(".bin") {
        let text = match () {
            () if is_sheet && cells_read => Some(xlsb::sheet_text(bytes)),
            () if cells_read && canonical == "xl/sharedstrings.bin" => Some(String::new()),
            () if canonical == "xl/styles.bin" || canonical.starts_with("xl/worksheets/binaryindex") => {
                Some(String::new())
            }
            () => xlsb::part_text(bytes),
        };
        if let Some(text) = text {
            reading.text(entry.place, &text);
            return true;
        }
    }
    if canonical == "content.xml" && package == Package::Ods {
        ods::read(reading, part.place, &xml::decode(bytes));
        return true;
    }
    if is_sheet && cells_read && canonical.ends_with(".xml") {
        // The cells are read; headers, footers, links and prompts stand behind them.
        let document = xml::decode(bytes);
        let cells_end = memchr::memmem::find(document.as_bytes(), b"/sheetData>").map_or(0, |at| at + 11);
        let cells_start = memchr::memmem::find(document.as_bytes(), b"sheetData").unwrap_or_default().min(cells_end);
        for outside in [document.get(..cells_start), document.get(cells_end..)].into_iter().flatten() {
            reading.text(entry.place, &xml::plain(outside));
        }
        return true;
    }
    false
}

/// Reads the cells of an .xlsx; false if any of them may be missing.
pub(crate) fn read_xlsx(reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
    if !strings_are_plausible(part.bytes) {
        reading.unread(part.place, Reason::Damaged);
        return false;
    }
    let mut book: Xlsx<Bytes<'_>> = match Xlsx::new(Cursor::new(part.bytes)) {
        Ok(book) => book,
        Err(error) => {
            let encrypted = matches!(error, XlsxError::Password);
            reading.unread(part.place, if encrypted { Reason::Encrypted } else { Reason::Damaged });
            return false;
        }
    };
    let sheets = book.sheets_metadata().to_vec();
    let mut complete = names_differ(&sheets);
    for sheet in &sheets {
        let place = sheet_place(part.place, sheet);
        let mut cells = match book.worksheet_cells_reader(&sheet.name) {
            Ok(cells) => cells,
            // A chart on a sheet of its own has no cells; its texts are in the drawing.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(_) => {
                reading.unread(&place, Reason::Damaged);
                complete = false;
                continue;
            }
        };
        let pattern = |style: &calamine::Style| Pattern::parse(&style.number_format.as_ref()?.format_code);
        let patterns: Vec<Option<Pattern>> = cells.styles().iter().map(pattern).collect();
        let mut rows = Rows::begin(reading, &place);
        let outcome = loop {
            match cells.next_cell_with_style_id() {
                Ok(Some((found, style))) => {
                    let pattern = patterns.get(style).and_then(Option::as_ref);
                    if !rows.push(reading, found.get_position(), shown(found.get_value(), pattern)) {
                        break Some(Reason::Limit);
                    }
                }
                Ok(None) => break None,
                Err(_) => break Some(Reason::Damaged),
            }
        };
        rows.end(reading);
        if let Some(reason) = outcome {
            reading.unread(&place, reason);
            complete = false;
        } else {
            reading.done(&place);
        }
    }
    complete
}

/// Reads the cells of an .xlsb; false if any of them may be missing.
pub(crate) fn read_xlsb(reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
    let mut book: Xlsb<Bytes<'_>> = match Xlsb::new(Cursor::new(part.bytes)) {
        Ok(book) => book,
        Err(error) => {
            let encrypted = matches!(error, XlsbError::Password);
            reading.unread(part.place, if encrypted { Reason::Encrypted } else { Reason::Damaged });
            return false;
        }
    };
    let sheets = book.sheets_metadata().to_vec();
    let mut complete = names_differ(&sheets) & !tell_short_cells(reading, part);
    for sheet in &sheets {
        let place = sheet_place(part.place, sheet);
        let Ok(mut cells) = book.worksheet_cells_reader(&sheet.name) else {
            reading.unread(&place, Reason::Damaged);
            complete = false;
            continue;
        };
        let mut rows = Rows::begin(reading, &place);
        let outcome = loop {
            match cells.next_cell() {
                Ok(Some(found)) => {
                    if !rows.push(reading, found.get_position(), shown(found.get_value(), None)) {
                        break Some(Reason::Limit);
                    }
                }
                Ok(None) => break None,
                Err(_) => break Some(Reason::Damaged),
            }
        };
        rows.end(reading);
        if let Some(reason) = outcome {
            reading.unread(&place, reason);
            complete = false;
        } else {
            reading.done(&place);
        }
    }
    complete
}

/// Reads an Excel 97–2003 workbook.
pub(crate) fn read_xls(reading: &mut Reading<'_>, part: &Part<'_>) {
    let mut book: Xls<Bytes<'_>> = match Xls::new(Cursor::new(part.bytes)) {
        Ok(book) => book,
        Err(error) => {
            let encrypted = matches!(error, XlsError::Password);
            reading.unread(part.place, if encrypted { Reason::Encrypted } else { Reason::Damaged });
            return;
        }
    };
    for sheet in book.sheets_metadata().to_vec() {
        let place = sheet_place(part.place, &sheet);
        let Ok(range) = book.worksheet_range(&sheet.name) else {
            reading.unread(&place, Reason::Damaged);
            continue;
        };
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut rows = Rows::begin(reading, &place);
        for (row, column, value) in range.used_cells() {
            let at = |first: u32, offset: usize| first.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
            let position = (at(first_row, row), at(first_column, column));
            if !rows.push(reading, position, shown_owned(value)) {
                reading.unread(&place, Reason::Limit);
                break;
            }
        }
        rows.end(reading);
        reading.done(&place);
    }
    if let Ok(properties) = book.workbook_properties() {
        let texts =
            [properties.title, properties.subject, properties.creator, properties.description, properties.keywords];
        let others = [properties.last_modified_by, properties.category, properties.company, properties.manager];
        let custom = properties.custom_properties.into_values();
        let text: Vec<String> = texts.into_iter().chain(others).flatten().chain(custom).collect();
        reading.text(&part.place.inside("properties"), &text.join("\n"));
    }
    biff::read(reading, part);
    reading.done(part.place);
}

fn sheet_place(file: &Place, sheet: &Sheet) -> Place {
    let mut place = file.inside(&sheet.name);
    place.hidden |= sheet.visible != SheetVisible::Visible;
    place
}

/// calamine finds sheets by name: of two with the same name it reads one twice.
fn names_differ(sheets: &[Sheet]) -> bool {
    let names: std::collections::HashSet<_> = sheets.iter().map(|sheet| &sheet.name).collect();
    names.len() == sheets.len()
}

/// Gathers cells into rows.
struct Rows<'a> {
    row: u32,
    cells: Vec<Cell<'a>>,
}

impl<'a> Rows<'a> {
    fn begin(reading: &mut Reading<'_>, place: &Place) -> Self {
        reading.begin_table(place);
        Self { row: 0, cells: Vec::new() }
    }

    /// False when the budget is used up.
    fn push(&mut self, reading: &mut Reading<'_>, (row, column): (u32, u32), text: Option<Cow<'a, str>>) -> bool {
        if row != self.row || self.cells.len() >= ROW_CELLS {
            self.flush(reading);
            self.row = row;
        }
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            if !reading.charge(text.len() as u64) {
                return false;
            }
            self.cells.push(cell(column, text));
        }
        reading.take_cell()
    }

    fn flush(&mut self, reading: &mut Reading<'_>) {
        if !self.cells.is_sorted_by_key(|cell| cell.column) {
            self.cells.sort_by_key(|cell| cell.column);
        }
        reading.row(self.row, &self.cells);
        self.cells.clear();
    }

    fn end(mut self, reading: &mut Reading<'_>) {
        self.flush(reading);
        reading.end_table();
    }
}

/// A cell's text as a person sees it; `None` for empty cells and errors.
fn shown<'a>(value: &DataRef<'a>, pattern: Option<&Pattern>) -> Option<Cow<'a, str>> {
    let fill = |number: f64| pattern.and_then(|p| p.fill(number)).unwrap_or_else(|| number::plain(number));
    Some(match value {
        DataRef::SharedString(text) => Cow::Borrowed(*text),
        DataRef::String(text) => Cow::Owned(text.clone()),
        DataRef::Float(number) => Cow::Owned(fill(*number)),
        // Whole numbers beyond 2^53 lose digits on this way, but no pattern has as many places.
        DataRef::Int(number) => Cow::Owned(pattern.map_or_else(|| number.to_string(), |_| fill(*number as f64))),
        DataRef::Bool(value) => Cow::Borrowed(if *value { "TRUE" } else { "FALSE" }),
        DataRef::DateTime(date) => Cow::Owned(number::date(*date)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cow::Owned(text.trim_end_matches("T00:00:00").to_owned())
        }
        DataRef::Error(_) | DataRef::Empty => return None,
    })
}

fn shown_owned(value: &Data) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(match value {
        Data::String(text) => text.clone(),
        Data::Float(number) => number::plain(*number),
        Data::Int(number) => number.to_string(),
        Data::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(date) => number::date(*date),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.trim_end_matches("T00:00:00").to_owned(),
        Data::Error(_) | Data::Empty => return None,
    }))
}

/// Enters the sheets whose cells calamine passes over; true if there are any.
fn tell_short_cells(reading: &mut Reading<'_>, part: &Part<'_>) -> bool {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(part.bytes)) else { return false };
    let mut found = false;
    for index in 0..archive.len() {
        let Ok(file) = archive.by_index(index) else { continue };
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        if part_name(&name).starts_with("xl/worksheets/") && name.ends_with(".bin") {
            let mut sheet = Vec::new();
            // A sheet that does not unpack is entered when its cells are read.
            let _ = file.take(reading.allowance()).read_to_end(&mut sheet);
            if xlsb::has_short_cells(&sheet) {
                reading.unread(&part.place.inside(&name), Reason::Unsupported);
                found = true;
            }
        }
    }
    found
}

/// calamine reserves memory for as many strings as the table claims to have: a claim of four thousand million in a
/// file of a kilobyte ends the process. No string takes less than five bytes (`<si/>`).
fn strings_are_plausible(bytes: &[u8]) -> bool {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else { return true };
    let is_strings = |name: &[u8]| part_name(&String::from_utf8_lossy(name)) == "xl/sharedstrings.xml";
    let Some(name) = archive.file_names_raw().find(|name| is_strings(name)).map(<[u8]>::to_vec) else { return true };
    let Ok(file) = archive.by_name_raw(&name) else { return true };
    // Deflate makes at most 1032 bytes of one, whatever size is claimed.
    let size = file.size().min(file.compressed_size().saturating_mul(1032));
    let mut head = Vec::new();
    if file.take(4096).read_to_end(&mut head).is_err() {
        return true;
    }
    let head = crate::inspect::extract::xml::decode(&head);
    let claim = |name: &str| -> Option<u64> {
        let (_, rest) = head.split_once(name)?;
        let rest = rest.trim_start_matches([' ', '=', '"', '\'']);
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    claim("uniqueCount").is_none_or(|count| count <= size / 5 + 16)
}
