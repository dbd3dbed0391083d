//! Office documents in a zip: OOXML (xlsx, docx, pptx) and OpenDocument.
//!
//! In: the package's bytes. Out: nothing by itself; [`read`] hands a package to its reader (`workbook`, `document`), and
//! [`walk`] takes that reader through the container: each part is offered to it, and what it does not take is read here,
//! XML as text and anything else as a file of its own. So comments, drawings, charts, links and document properties are
//! read, all in the same plain way, and no part is passed over.
//!
//! Parts that describe looks and relations ([`is_structure`]: styles, themes, fonts, lists of types) hold thousands of
//! words that are nobody's data, so of them only [`odd_text`] is handed over: character data, which they have none of,
//! and attributes that no such part needs. The one thing left out is the thumbnail, a small picture of the first page.
//! Deliberately absent: layout.

use std::io::{Cursor, Read};

use crate::inspect::extract::archive;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::xml::{self, Event};
use crate::inspect::extract::{document, oddity, sweep, workbook};
use crate::inspect::{Place, Reason};

/// The largest manifest that is looked at.
const MANIFEST: u64 = 1 << 20;

/// The largest thumbnail that is taken for one.
const THUMBNAIL: usize = 256 << 10;

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
    if matches!(package, Package::Ods | Package::Odt | Package::Odp | Package::Odf) && is_encrypted(part.bytes) {
        return reading.unread(part.place, Reason::Encrypted);
    }
    match package {
        Package::Ooxml if workbook::is_workbook(reading, part) => workbook::read_package(reading, part, package),
        Package::Xlsx | Package::Xlsm | Package::Xlsb | Package::Ods => workbook::read_package(reading, part, package),
        Package::Docx | Package::Pptx | Package::Ooxml | Package::Odt | Package::Odp | Package::Odf => {
            document::read_package(reading, part, package);
        }
    }
}

/// One part of a package.
pub(crate) struct Entry<'e> {
    /// As it stands in the archive.
    pub(crate) name: &'e str,
    /// As by [`part_name`].
    pub(crate) canonical: &'e str,
    pub(crate) place: &'e Place,
    pub(crate) bytes: &'e [u8],
    /// How many containers are around it.
    pub(crate) depth: u32,
}

impl Entry<'_> {
    /// Whether it is XML by its name.
    pub(crate) fn is_xml(&self) -> bool {
        [".xml", ".rels", ".vml"].iter().any(|end| self.canonical.ends_with(end))
    }
}

/// Whether a password protects the package: its manifest then describes how each part is encrypted.
fn is_encrypted(bytes: &[u8]) -> bool {
    let mut manifest = Vec::new();
    let read = zip::ZipArchive::new(Cursor::new(bytes)).ok().and_then(|mut archive| {
        let file = archive.by_name("META-INF/manifest.xml").ok()?;
        file.take(MANIFEST).read_to_end(&mut manifest).ok()
    });
    read.is_some() && memchr::memmem::find(&manifest, b"encryption-data").is_some()
}

/// Goes through the container's parts that `skip` does not name (it gets names as by [`part_name`]). `visit` is offered
/// each, and says whether it took it; the others are read here.
///
/// False when the container is not whole.
pub(crate) fn walk(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    skip: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&mut Reading<'_>, &Entry<'_>) -> bool,
) -> bool {
    let skip = |_: &mut Reading<'_>, name: &str| skip(&part_name(name));
    archive::zip::entries(reading, part, &skip, &mut |reading, name, bytes| {
        let (canonical, place) = (part_name(name), part.place.inside(name));
        let depth = part.depth.saturating_add(1);
        let entry = Entry { name, canonical: &canonical, place: &place, bytes, depth };
        if oddity::is_odd(name) {
            reading.text(&place, name);
        }
        if !visit(reading, &entry) {
            read_entry(reading, &entry);
        }
    })
}

/// Reads a part that nobody knows better: structure, XML, or a file of its own.
pub(crate) fn read_entry(reading: &mut Reading<'_>, entry: &Entry<'_>) {
    let (canonical, place) = (entry.canonical, entry.place);
    let is_thumbnail = canonical.starts_with("docprops/thumbnail.") || canonical.starts_with("thumbnails/");
    if is_thumbnail
        && entry.bytes.len() <= THUMBNAIL
        && matches!(sniff::format(entry.bytes, Hint::default()), Format::Image(_))
    {
        return;
    }
    let inside = Part { bytes: entry.bytes, place, depth: entry.depth, hint: Hint::default() };
    if is_structure(canonical) {
        let format = sniff::format(entry.bytes, Hint::default());
        match format {
            Format::Xml | Format::Text | Format::Html => {
                let document = xml::decode(entry.bytes);
                reading.text(place, &(odd_text(&document) + &oddity::unseen(&document)));
                reading.done(place);
            }
            Format::Other(..) => sweep::read(reading, &inside),
            _ => drop(reading.read(&inside)),
        }
    } else if entry.is_xml() {
        read_xml(reading, place, entry.bytes);
        reading.done(place);
    } else {
        if canonical.contains("embed") {
            reading.text(place, entry.name.rsplit(['/', '\\']).next().unwrap_or_default());
        }
        reading.read(&inside);
    }
}

/// Reads an XML part as text, with its comments, instructions and declarations, which no program shows. Entities that it
/// declares are not expanded.
pub(crate) fn read_xml(reading: &mut Reading<'_>, place: &Place, bytes: &[u8]) {
    let document = xml::decode(bytes);
    reading.text(place, &(xml::plain(&document) + &oddity::unseen(&document)));
    if xml::declares_entities(&document) {
        reading.unread(place, Reason::Limit);
    }
}

/// What stands in a part of structure and is none: all character data, and attributes with Japanese, an address or as
/// many digits as a telephone number has.
pub(crate) fn odd_text(document: &str) -> String {
    let mut text = String::new();
    for event in xml::Reader::new(document) {
        match event {
            Event::Text(piece) if !piece.trim().is_empty() => {
                text.push_str(&piece);
                text.push('\n');
            }
            Event::Start { attributes, .. } => {
                for (_, value) in attributes.iter().filter(|(_, value)| oddity::is_odd(value)) {
                    text.push_str(&value);
                    text.push('\n');
                }
            }
            Event::Text(_) | Event::End { .. } => {}
        }
    }
    text
}

/// Parts that hold no text of their author: how things look, what is where. Names as by [`part_name`].
pub(crate) fn is_structure(name: &str) -> bool {
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
