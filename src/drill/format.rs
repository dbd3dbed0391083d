//! The formats in which something is planted: what people attach, and where in it nobody looks.
//!
//! In: texts. Out: the part of a mail that carries them, made by the libraries that others write such files with, or by
//! hand where the file is simple. Deliberately absent: the mail around it (`letter`).

use std::io::{Cursor, Write};

use rust_xlsxwriter::{Note, Workbook};
use zip::{ZipWriter, write::SimpleFileOptions};

/// Where something is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The text of the mail.
    Text,
    /// The text of the mail, as a page.
    Html,
    /// A table as text.
    Csv,
    /// A workbook, on the sheet that one sees.
    Xlsx,
    /// On a sheet that one does not see.
    HiddenSheet,
    /// In the comment of a cell.
    Comment,
    /// A document.
    Docx,
    /// A printed page.
    Pdf,
    /// A text in an archive in an archive.
    ZipInZip,
}

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A workbook.
    #[error("a workbook could not be made: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// An archive.
    #[error("an archive could not be made: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// A table.
    #[error("a table could not be made: {0}")]
    Table(#[from] csv::Error),
    /// Anything else.
    #[error("a file could not be made: {0}")]
    Io(#[from] std::io::Error),
}

/// What a format makes of texts.
pub(super) enum Part {
    /// The text of the mail.
    Text(String),
    /// The same as a page.
    Html(String),
    /// A file of this type and name.
    File(&'static str, &'static str, Vec<u8>),
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Html,
        Self::Csv,
        Self::Xlsx,
        Self::HiddenSheet,
        Self::Comment,
        Self::Docx,
        Self::Pdf,
        Self::ZipInZip,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::HiddenSheet => "hidden_sheet",
            Self::Comment => "comment",
            Self::Docx => "docx",
            Self::Pdf => "pdf",
            Self::ZipInZip => "zip_in_zip",
        }
    }

    /// What carries these texts.
    pub(super) fn part(self, texts: &[String]) -> Result<Part, FormatError> {
        Ok(match self {
            Self::Text => Part::Text(texts.join("\n\n")),
            Self::Html => {
                let paragraph = |text: &String| format!("<p>{}</p>", escaped(text).replace('\n', "<br>"));
                Part::Html(texts.iter().map(paragraph).collect())
            }
            Self::Csv => Part::File("text/csv", "list.csv", table(texts)?),
            Self::Xlsx | Self::HiddenSheet | Self::Comment => Part::File(XLSX, "book.xlsx", self.workbook(texts)?),
            Self::Docx => Part::File(DOCX, "letter.docx", document(texts)?),
            Self::Pdf => Part::File("application/pdf", "page.pdf", page(texts)),
            Self::ZipInZip => {
                let inner = zip([("text.txt", texts.join("\n\n").as_bytes())])?;
                Part::File("application/zip", "outer.zip", zip([("inner.zip", inner.as_slice())])?)
            }
        })
    }

    fn workbook(self, texts: &[String]) -> Result<Vec<u8>, FormatError> {
        let mut workbook = Workbook::new();
        let front = workbook.add_worksheet().set_name("Front")?;
        front.write_row(0, 0, ["Item", "Remark"])?;
        front.write_row(1, 0, ["A", "ready"])?;
        let mut rows = (2_u32..).zip(texts);
        if self == Self::Comment {
            rows.try_for_each(|(row, text)| front.insert_note(row, 1, &Note::new(text.as_str())).map(drop))?;
        } else if self == Self::Xlsx {
            rows.try_for_each(|(row, text)| front.write_string(row, 1, text).map(drop))?;
        } else {
            let hidden = workbook.add_worksheet().set_name("Back")?.set_hidden(true);
            rows.try_for_each(|(row, text)| hidden.write_string(row, 1, text).map(drop))?;
        }
        Ok(workbook.save_to_buffer()?)
    }
}

fn table(texts: &[String]) -> Result<Vec<u8>, FormatError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["Item", "Remark"])?;
    for (number, text) in (1..).zip(texts) {
        writer.write_record([&format!("{}", char::from(b'A' + number % 26)), text])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// An archive of these files.
pub(super) fn zip<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, FormatError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name, SimpleFileOptions::default())?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// An archive that unpacks to so many bytes.
pub(super) fn bomb(bytes: u64) -> Result<Vec<u8>, FormatError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("large.txt", SimpleFileOptions::default())?;
    let block = vec![b'\n'; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(block.len() as u64);
        writer.write_all(block.get(..usize::try_from(now).unwrap_or_default()).unwrap_or_default())?;
        left -= now;
    }
    Ok(writer.finish()?.into_inner())
}

fn document(texts: &[String]) -> Result<Vec<u8>, FormatError> {
    let paragraph = |text: &String| {
        let text = escaped(text).replace('\n', "</w:t><w:br/><w:t xml:space=\"preserve\">");
        format!("<w:p><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
    };
    let body: String = texts.iter().map(paragraph).collect();
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    );
    let types = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
                 <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
                 <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/word/document.xml\" \
                 ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    let relations = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
                     <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" \
                     Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
                     Target=\"word/document.xml\"/></Relationships>";
    zip([
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A page whose font has no shapes: its codes are explained to the reader, as those of a subset font are.
fn page(texts: &[String]) -> Vec<u8> {
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines().chain([""])).collect();
    let mut letters: Vec<char> = lines.iter().flat_map(|line| line.chars()).collect();
    letters.sort_unstable();
    letters.dedup();
    let hex =
        |letter: char| letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04X}")).collect::<String>();
    let code = |letter: char| letters.binary_search(&letter).map_or(0, |place| place + 1);
    let show = |(number, line): (usize, &&str)| {
        let codes: String = line.chars().map(|letter| format!("{:04X}", code(letter))).collect();
        format!("1 0 0 1 40 {} Tm <{codes}> Tj\n", 800_usize.saturating_sub(14 * number))
    };
    let content: String = lines.iter().enumerate().map(show).collect();
    let explained: String =
        letters.iter().map(|letter| format!("<{:04X}> <{}>\n", code(*letter), hex(*letter))).collect();
    let map = format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange <0000> <FFFF> \
         endcodespacerange {} beginbfchar\n{explained}endbfchar endcmap end end",
        letters.len()
    );
    let stream = |content: &str| format!("<</Length {}>>\nstream\n{content}\nendstream", content.len());
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 7 0 R/Resources<</Font<</F1 4 0 R>>>>>>".to_owned(),
        "<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+X/Encoding/Identity-H/DescendantFonts[5 0 R]/ToUnicode 8 0 R>>"
            .to_owned(),
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)\
         /Supplement 0>>/FontDescriptor 6 0 R/DW 500>>"
            .to_owned(),
        "<</Type/FontDescriptor/FontName/AAAAAA+X/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200\
         /CapHeight 700/StemV 80>>"
            .to_owned(),
        stream(&format!("BT /F1 10 Tf\n{content}ET")),
        stream(&map),
    ];
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", bytes.len()));
        bytes.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = bytes.len();
    let size = objects.len() + 1;
    bytes.extend(format!("{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes());
    bytes
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
