//! What bytes are, told by the bytes.
//!
//! In: bytes and what somebody says about them. Out: a [`Format`]. A name's extension is never looked at: a renamed
//! file is the oldest way past a filter. A declared media type only decides between readers of text.

use std::ops::Range;

use file_format::{FileFormat, Kind};

use crate::inspect::Reason;
use crate::inspect::extract::archive::{Archive, zip};
use crate::inspect::extract::carve;
use crate::inspect::extract::compound::Compound;
use crate::inspect::extract::document::Document;
use crate::inspect::extract::mail::{self, Outlook, Wrapper};
use crate::inspect::extract::package::Package;
use crate::inspect::extract::reading::Hint;
use crate::inspect::extract::text::{csv, ebcdic, yenc};
use crate::inspect::extract::unlock::{self, Lock};
use crate::inspect::extract::workbook::Flat;
use crate::mail::charset;

/// How much of a file is looked at.
const HEAD: usize = 64 * 1024;

/// This many control characters a mail's text may have by accident, however short it is.
const STRAYS: usize = 3;

/// A text before an archive is at least this long.
const FRONT: usize = 16;

/// What a part is, and so which reader takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A mail (RFC 5322).
    Mail,
    /// Several mails, each behind a `From ` line.
    Mbox,
    /// Text without a structure we know.
    Text,
    /// A page.
    Html,
    /// XML that is no page: a drawing, a flat office document.
    Xml,
    /// Rows and columns.
    Csv,
    /// JSON, read as text.
    Json,
    /// A message as Outlook keeps or sends it.
    Outlook(Outlook),
    /// Something in a mail program's wrapper.
    Wrapped(Wrapper),
    /// An archive or a packed file.
    Archive(Archive),
    /// An office document in a zip.
    Package(Package),
    /// An Excel 97–2003 workbook.
    Xls,
    /// A spreadsheet that is one XML document.
    FlatSheet(Flat),
    /// A document that is no package.
    Document(Document),
    /// A PDF.
    Pdf,
    /// A picture, by its format.
    Image(&'static str),
    /// Protected as a whole.
    Locked(Lock),
    /// Something we cannot read: its name and why.
    Other(&'static str, Reason),
}

impl Format {
    /// Whether it is text as it stands, which ends where something else starts.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Html | Self::Xml | Self::Csv | Self::Json)
    }

    /// The `type` of `scan --json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Mbox => "mbox",
            Self::Text => "text",
            Self::Html => "html",
            Self::Xml => "xml",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Outlook(kind) => kind.name(),
            Self::Wrapped(kind) => kind.name(),
            Self::Archive(kind) => kind.name(),
            Self::Package(package) => package.name(),
            Self::Xls => "xls",
            Self::FlatSheet(kind) => kind.name(),
            Self::Document(kind) => kind.name(),
            Self::Pdf => "pdf",
            Self::Image(_) => "image",
            Self::Locked(lock) => lock.name(),
            Self::Other(name, _) => name,
        }
    }
}

/// Tells what `bytes` are.
pub(crate) fn format(bytes: &[u8], hint: Hint<'_>) -> Format {
    if let Some(format) = by_magic(bytes) {
        return format;
    }
    if let Some(wrapper) = Wrapper::of(bytes) {
        return Format::Wrapped(wrapper);
    }
    if ebcdic::is_text(bytes.get(..HEAD).unwrap_or(bytes)) {
        return Format::Other("ebcdic", Reason::Unsupported);
    }
    // The bytes of yEnc are those of a file.
    if !is_binary(bytes) || yenc::is_in(bytes) || (hint.body && has_strays(bytes)) {
        return textual(bytes, hint);
    }
    // A text with an archive behind it is a text.
    let front = carve::inside(bytes, 1).first().and_then(|first| bytes.get(..first.start));
    match front.filter(|front| front.len() >= FRONT && !is_binary(front)) {
        Some(front) => textual(front, hint),
        None => unknown(bytes),
    }
}

/// Tells texts apart.
fn textual(bytes: &[u8], hint: Hint<'_>) -> Format {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let text = charset::text(head, hint.charset);
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if hint.media == "text/html" || looks_like_html(start) {
        return Format::Html;
    }
    if let Some(kind) = Flat::of(start).filter(|_| start.starts_with("<?xml") || start.starts_with("<Workbook")) {
        return Format::FlatSheet(kind);
    }
    if start.starts_with("<?xml") || start.starts_with("<svg") {
        return Format::Xml;
    }
    if hint.body {
        return Format::Text;
    }
    if bytes.starts_with(b"From ") && mail::looks_like_mail(bytes.get(5..).unwrap_or_default()) {
        return Format::Mbox;
    }
    if mail::looks_like_mail(head) {
        return Format::Mail;
    }
    let declared_table = matches!(hint.media, "text/csv" | "text/tab-separated-values" | "application/csv");
    // Between the bars of a dump stand its bytes once more.
    if !start.starts_with("00000000  ") && csv::delimiter(&text, declared_table).is_some() {
        return Format::Csv;
    }
    if hint.media.ends_with("json") || (start.starts_with(['{', '[']) && start.contains("\":")) {
        return Format::Json;
    }
    Format::Text
}

/// Where else than at its start something begins in a part that was taken for `format`: polyglots are read as each
/// thing they are. Containers tell themselves what is none of theirs.
pub(crate) fn others(bytes: &[u8], format: Format) -> Vec<Range<usize>> {
    let mut found = match format {
        Format::Image(_) | Format::Other(_, Reason::Unsupported) => return carve::inside(bytes, 1),
        _ if format.is_text() => carve::inside(bytes, 1),
        _ => Vec::new(),
    };
    // Prose may speak of a format.
    found.retain(|range| {
        let rest = bytes.get(range.start..).unwrap_or_default();
        is_binary(rest) || memchr::memmem::find(rest, b"endobj").is_some()
    });
    found
}

/// Names a format that no reader takes.
fn unknown(bytes: &[u8]) -> Format {
    const PICTURES: [&str; 14] =
        ["psd", "psb", "jxl", "jp2", "jpx", "jpm", "ico", "cur", "icns", "djvu", "xcf", "jxr", "exr", "qoi"];
    let found = FileFormat::from_bytes(bytes.get(..HEAD).unwrap_or(bytes));
    let nothing = matches!(found, FileFormat::ArbitraryBinaryData | FileFormat::Empty | FileFormat::PlainText);
    let listed = FileFormat::from_kind(found.kind()).iter().find(|&&format| format == found && !nothing);
    match listed.map(|format| (format.kind(), format.extension())) {
        Some((Kind::Image, name)) if PICTURES.contains(&name) => Format::Image(name),
        Some((Kind::Audio, _)) => Format::Other("audio", Reason::Unsupported),
        Some((Kind::Video, _)) => Format::Other("video", Reason::Unsupported),
        Some((_, name)) => Format::Other(name, Reason::Unsupported),
        None => Format::Other("unknown", Reason::Unsupported),
    }
}

/// Formats that open with bytes no text opens with.
pub(crate) fn by_magic(bytes: &[u8]) -> Option<Format> {
    const ARCHIVES: [(&[u8], Archive); 7] = [
        (b"7z\xbc\xaf\x27\x1c", Archive::SevenZ),
        (b"Rar!\x1a\x07", Archive::Rar),
        (b"\x1f\x8b\x08", Archive::Gzip),
        (b"BZh", Archive::Bzip2),
        (b"\xfd7zXZ\0", Archive::Xz),
        (b"\x28\xb5\x2f\xfd", Archive::Zstd),
        (b"MSCF\0", Archive::Cab),
    ];
    const UNSUPPORTED: [(&[u8], &str); 7] = [
        (b"SQLite format 3\0", "sqlite"),
        (b"!BDN", "pst"),
        (b"ID3", "audio"),
        (b"OggS", "audio"),
        (b"fLaC", "audio"),
        (b"\x00\x01\x00\x00Standard ", "access"),
        (b"ITSF", "chm"),
    ];
    const IMAGES: [(&[u8], &str); 9] = [
        (b"\x89PNG\r\n", "png"),
        (b"\xff\xd8\xff", "jpeg"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"\xd7\xcd\xc6\x9a", "wmf"),
        (b"\x01\0\x09\0\0\x03", "wmf"),
        (b"\x02\0\x09\0\0\x03", "wmf"),
    ];
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let unsupported = |name| Format::Other(name, Reason::Unsupported);
    // A self-extracting archive is a program with a zip behind it.
    if at(0, b"PK\x03\x04")
        || at(0, b"PK\x05\x06")
        || at(0, b"PK\x07\x08")
        || (at(0, b"MZ") && zip::has_directory(bytes))
    {
        return Some(locked_package(zip::format(bytes), bytes));
    }
    if at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(compound(bytes));
    }
    // BIFF 2 to 4 came without a container: record BOF of the right length.
    // Later ones may lack it as well.
    const BOF: [&[u8]; 5] =
        [b"\x09\0\x04\0", b"\x09\x02\x06\0", b"\x09\x04\x06\0", b"\x09\x08\x08\0\0\x05", b"\x09\x08\x10\0\0\x06"];
    if BOF.iter().any(|bof| at(0, bof)) {
        return Some(Format::Xls);
    }
    if let Some((_, name)) = IMAGES.iter().find(|(magic, _)| at(0, magic)) {
        return Some(Format::Image(name));
    }
    if at(0, b"\x01\0\0\0") && at(40, b" EMF") {
        return Some(Format::Image("emf"));
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Some(Format::Image("webp"));
    }
    if is_bitmap(bytes) {
        return Some(Format::Image("bmp"));
    }
    if at(4, b"ftyp") {
        let still = [&b"heic"[..], b"heix", b"mif1", b"msf1", b"avif"].iter().any(|brand| at(8, brand));
        return Some(if still { Format::Image("heif") } else { unsupported("video") });
    }
    if at(0, b"RIFF") {
        return Some(unsupported("audio"));
    }
    // Readers of PDF take up to a kilobyte of junk before it, but prose may speak of it.
    let pdf = memchr::memmem::find(bytes.get(..1024).unwrap_or(bytes), b"%PDF-");
    if pdf
        .is_some_and(|found| found == 0 || (is_binary(bytes) || bytes.get(found - 1).is_some_and(u8::is_ascii_control)))
    {
        return Some(Format::Pdf);
    }
    if let Some(archive) = Archive::of(bytes) {
        return Some(Format::Archive(archive));
    }
    if at(0, b"{\\rtf") {
        return Some(Format::Document(Document::Rtf));
    }
    if at(0, b"\x78\x9f\x3e\x22") {
        return Some(Format::Outlook(Outlook::Tnef));
    }
    const PROGRAMS: [&[u8]; 7] = [
        b"\x7fELF",
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"\xce\xfa\xed\xfe",
        b"\xfe\xed\xfa\xcf",
        b"\xfe\xed\xfa\xce",
        b"\xca\xfe\xba\xbe\0\0\0\x02",
    ];
    let is_program = PROGRAMS.iter().any(|magic| at(0, magic));
    let archive = ARCHIVES.iter().find(|(magic, _)| at(0, magic)).map(|&(_, kind)| Format::Archive(kind));
    let program = is_program.then_some(Format::Archive(Archive::Program));
    let found = archive
        .or(program)
        .or_else(|| UNSUPPORTED.iter().find(|(magic, _)| at(0, magic)).map(|&(_, name)| unsupported(name)));
    // Letters alone may open a text.
    found.filter(|_| is_binary(bytes) || bytes.get(..512).unwrap_or(bytes).contains(&0))
}

/// `BM` alone could open a text; the length and the reserved zeros behind it could not.
fn is_bitmap(bytes: &[u8]) -> bool {
    matches!(bytes, [b'B', b'M', _, _, _, _, 0, 0, 0, 0, _, _, _, _, 12 | 40 | 108 | 124, 0, 0, 0, ..])
}

/// An OpenDocument package that a password protects is locked as a whole.
fn locked_package(format: Format, bytes: &[u8]) -> Format {
    match format {
        Format::Package(kind @ (Package::Ods | Package::Odt | Package::Odp | Package::Odf))
            if unlock::is_protected_odf(bytes) =>
        {
            Format::Locked(Lock::OpenDocument(kind))
        }
        other => other,
    }
}

/// Compound files (OLE) are told apart by the names on their top level; where those tell nothing, the directory being
/// broken, by names anywhere, which stand there in UTF-16.
fn compound(bytes: &[u8]) -> Format {
    let names: Vec<String> = Compound::open(bytes)
        .map(|file| file.top().into_iter().map(|entry| entry.name.clone()).collect())
        .unwrap_or_default();
    let anywhere = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(bytes, &wide).is_some()
    };
    by_streams(bytes, &|name| names.iter().any(|known| known == name))
        .or_else(|| by_streams(bytes, &anywhere))
        .unwrap_or(Format::Document(Document::Ole))
}

fn by_streams(bytes: &[u8], has: &dyn Fn(&str) -> bool) -> Option<Format> {
    // Rights management keeps the document in a stream of its own; no password opens that.
    let format = if has("EncryptedPackage") || has("\u{9}DRMContent") {
        Format::Locked(Lock::Office)
    } else if has("WordDocument") {
        if unlock::is_protected_doc(bytes) { Format::Locked(Lock::Doc) } else { Format::Document(Document::Doc) }
    } else if has("PowerPoint Document") {
        if unlock::is_protected_ppt(bytes) { Format::Locked(Lock::Ppt) } else { Format::Document(Document::Ppt) }
    } else if has("__properties_version1.0") {
        Format::Outlook(Outlook::Msg)
    } else if has("Workbook") || has("Book") {
        if unlock::is_protected_xls(bytes) { Format::Locked(Lock::Xls) } else { Format::Xls }
    } else {
        return None;
    };
    Some(format)
}

fn looks_like_html(start: &str) -> bool {
    const OPENINGS: [&str; 12] = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<meta",
        "<title",
        "<table",
        "<div",
        "<p>",
        "<span",
        "<style",
        "<font",
    ];
    let lower: String = start.chars().take(1024).collect::<String>().to_ascii_lowercase();
    let behind_comment =
        lower.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")).map(|(_, rest)| rest.trim_start());
    let behind_declaration = lower.strip_prefix("<?xml").filter(|rest| rest.contains("<html"));
    OPENINGS
        .iter()
        .any(|opening| lower.starts_with(opening) || behind_comment.is_some_and(|rest| rest.starts_with(opening)))
        || behind_declaration.is_some()
}

/// Whether bytes make no sense as text in any charset: control characters that no text has.
fn is_binary(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    // Escape, SO and SI belong to ISO-2022-JP.
    let controls = count(head, |c| matches!(c, 0..=8 | 0x10..=0x1a | 0x1c..=0x1f | 0x7f));
    if controls * 50 <= head.len() {
        return false;
    }
    let text = charset::text(head, None);
    let odd =
        text.chars().filter(|&c| c == '\u{fffd}' || (c.is_control() && !c.is_whitespace() && c != '\u{1b}')).count();
    odd * 50 > text.chars().count()
}

/// Whether what makes no sense is a few control characters in a short mail.
fn has_strays(bytes: &[u8]) -> bool {
    count(bytes, |c| matches!(c, 1..=8 | 0x10..=0x1a | 0x1c..=0x1f | 0x7f)) <= STRAYS && !bytes.contains(&0)
}

/// How many bytes are like that. Counted in bytes, which the compiler turns into vector instructions.
pub(crate) fn count(bytes: &[u8], is_one: impl Fn(u8) -> bool) -> usize {
    let in_chunk = |chunk: &[u8]| chunk.iter().fold(0u8, |count, &c| count.wrapping_add(u8::from(is_one(c))));
    bytes.chunks(usize::from(u8::MAX)).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        let cases: [(&[u8], &str); 21] = [
            (b"%PDF-1.7", "pdf"),
            (b"junk\n%PDF-1.7", "pdf"),
            (b"\x89PNG\r\n\x1a\n", "image"),
            (b"\xff\xd8\xff\xe0", "image"),
            (b"BM means something in prose", "text"),
            (b"MZ is a company", "text"),
            (b"on %PDF-1.7 files", "text"),
            (b"{\\rtf1", "rtf"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "7z"),
            (b"\0\0\0\0\0\0\0\0", "unknown"),
            (b"<!DOCTYPE html><p>a", "html"),
            (b"\n<!-- x --><html>", "html"),
            (b"<?xml version='1.0'?><a/>", "xml"),
            (b"{\"a\": 1}", "json"),
            (b"a,b,c\n1,2,3\n4,5,6\n", "csv"),
            (b"00000000  61 62  |ab|\n00000002  61 62  |ab|\n00000004  61 62  |ab|\n", "text"),
            (b"From: a@b.jp\r\nTo: c@d.jp\r\nSubject: x\r\n\r\nhello", "mail"),
            (b"From a@b Thu Jan  1 00:00:00 2026\nFrom: a@b.jp\nTo: c@d.jp\n\nhello", "mbox"),
            (b"hello\n", "text"),
            (b"\x1b$B;3ED\x1b(B", "text"),
            (b"\xff\xfea\0,\0", "text"),
        ];
        for (bytes, name) in cases {
            assert_eq!(format(bytes, Hint::default()).name(), name, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_body_is_never_a_table_or_a_mail() {
        let hint = Hint { body: true, ..Hint::default() };
        assert_eq!(format(b"a,b,c\n1,2,3\n4,5,6\n", hint), Format::Text);
        assert_eq!(format(b"From: a@b.jp\nTo: c@d.jp\nSubject: x\n\nquoted", hint), Format::Text);
    }
}
