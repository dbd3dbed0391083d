//! Office documents in a zip: OOXML (xlsx, docx, pptx) and OpenDocument.
//!
//! In: the package's bytes. Out: a workbook's cells as tables (`sheet`, `ods`), the text of every other XML part, and
//! embedded files as parts of their own. So comments, drawings, charts, headers, pivot caches, links and document
//! properties are read, all in the same plain way. What is not read is listed: pictures, macros, binary parts.
//! Structure, which is passed over in silence, is [`is_structure`]: styles, themes, fonts, printer settings, the
//! thumbnail. Deliberately absent: layout, and the tables of text documents as tables.

use crate::inspect::Reason;
use crate::inspect::extract::archive::zip;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff;
use crate::inspect::extract::workbook as sheet;
use crate::inspect::extract::workbook::ods;
use crate::inspect::extract::workbook::xlsb;
use crate::inspect::extract::xml;

/// Which document a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    /// Excel.
    Xlsx,
    /// Excel with macros.
    Xlsm,
    /// Excel, binary.
    Xlsb,
    /// Word.
    Docx,
    /// PowerPoint.
    Pptx,
    /// Any other package with OOXML's list of content types.
    Ooxml,
    /// OpenDocument spreadsheet.
    Ods,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation.
    Odp,
    /// OpenDocument drawing, formula, chart, ….
    Odf,
}

impl Package {
    /// Tells the document from the names in it (see [`part_name`]) and the content of `mimetype`.
    pub(crate) fn of(names: &[String], mimetype: &str) -> Option<Self> {
        let has = |name: &str| names.iter().any(|n| n == name);
        let any = |start: &str| names.iter().any(|n| n.starts_with(start));
        if let Some(kind) = mimetype.strip_prefix("application/vnd.oasis.opendocument.") {
            return Some(match kind.trim_end_matches("-template") {
                "spreadsheet" => Self::Ods,
                "text" => Self::Odt,
                "presentation" => Self::Odp,
                _ => Self::Odf,
            });
        }
        if !has("[content_types].xml") {
            return None;
        }
        Some(match () {
            () if has("xl/workbook.bin") => Self::Xlsb,
            () if any("xl/") && has("xl/vbaproject.bin") => Self::Xlsm,
            () if any("xl/") => Self::Xlsx,
            () if any("word/") => Self::Docx,
            () if any("ppt/") => Self::Pptx,
            () => Self::Ooxml,
        })
    }

    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xlsm => "xlsm",
            Self::Xlsb => "xlsb",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Ooxml => "ooxml",
            Self::Ods => "ods",
            Self::Odt => "odt",
            Self::Odp => "odp",
            Self::Odf => "odf",
        }
    }
}

/// A part's name in one form: Windows programs write backslashes, and case does not count.
pub(crate) fn part_name(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

/// Reads a package.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, package: Package) {
    let cells_read = match package {
        Package::Xlsx | Package::Xlsm => sheet::read_xlsx(reading, part),
        Package::Xlsb => sheet::read_xlsb(reading, part),
        _ => false,
    };
    if matches!(package, Package::Ods | Package::Odt | Package::Odp | Package::Odf) && ods::is_encrypted(part.bytes) {
        reading.unread(part.place, Reason::Encrypted);
        return;
    }
    let skip = |_: &mut Reading<'_>, name: &str| {
        let name = part_name(name);
        is_structure(&name) || (cells_read && name == "xl/sharedstrings.xml")
    };
    let complete = zip::entries(reading, part, &skip, &mut |reading, name, bytes| {
        read_entry(reading, part, package, cells_read, name, bytes);
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
    name: &str,
    bytes: &[u8],
) {
    let canonical = part_name(name);
    let place = part.place.inside(name);
    if canonical.starts_with("docprops/thumbnail.") || canonical.starts_with("thumbnails/") {
        // A picture of the first page, which is read anyway; anything else under this name is not passed over.
        if matches!(sniff::format(bytes, Hint::default()), sniff::Format::Image(_)) {
            return;
        }
    }
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
            return reading.text(&place, &text);
        }
    }
    if !canonical.ends_with(".xml") && !canonical.ends_with(".rels") && !canonical.ends_with(".vml") {
        reading.text(&place, name.rsplit('/').next().filter(|_| canonical.contains("embed")).unwrap_or_default());
        reading.read(&Part { bytes, place: &place, depth: part.depth + 1, hint: Hint::default() });
        return;
    }
    let document = xml::decode(bytes);
    if canonical == "content.xml" && matches!(package, Package::Ods) {
        ods::read(reading, part.place, &document);
    } else if is_sheet && cells_read && canonical.ends_with(".xml") {
        // The cells are read; headers, footers, links and prompts stand behind them.
        let cells_end = memchr::memmem::find(document.as_bytes(), b"/sheetData>").map_or(0, |at| at + 11);
        let cells_start = memchr::memmem::find(document.as_bytes(), b"sheetData").unwrap_or_default().min(cells_end);
        for outside in [document.get(..cells_start), document.get(cells_end..)].into_iter().flatten() {
            reading.text(&place, &xml::plain(outside));
        }
    } else {
        reading.text(&place, &xml::plain(&document));
    }
}

/// Parts that hold no text of their author: how things look, what is where. Names as by [`part_name`].
fn is_structure(name: &str) -> bool {
    const NAMES: [&str; 18] = [
        "[content_types].xml",
        "mimetype",
        "xl/styles.xml",
        "xl/calcchain.xml",
        "xl/metadata.xml",
        "xl/volatiledependencies.xml",
        "word/styles.xml",
        "word/styleswitheffects.xml",
        "word/fonttable.xml",
        "word/websettings.xml",
        "word/numbering.xml",
        "ppt/tablestyles.xml",
        "ppt/viewprops.xml",
        "ppt/presprops.xml",
        "settings.xml",
        "meta-inf/manifest.xml",
        "layout-cache",
        "manifest.rdf",
    ];
    let inside = |folder: &str| name.starts_with(folder) || name.contains(&format!("/{folder}"));
    NAMES.contains(&name)
        || inside("theme/")
        || inside("printersettings/")
        || name.starts_with("configurations2/")
        || (name.starts_with("word/fonts/") && name.ends_with(".odttf"))
        || (name.starts_with("xl/charts/") || name.starts_with("word/charts/") || name.starts_with("ppt/charts/"))
            && (name.contains("/style") || name.contains("/colors"))
}
