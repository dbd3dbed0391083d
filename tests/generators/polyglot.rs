//! Files that are two things at once, and files under a name that lies.
//!
//! In: a secret. Out: a file that has it in the half that a quick look passes over. Deliberately absent: either format
//! on its own.

use super::package::Package;
use super::zipped::{Around, archive_of, archive_with, entry};
use super::{Maker, image, ole, packed, pdf};

pub(crate) const CASES: &[Maker] = &[
    ("polyglot/picture_and_archive.gif", |s| image::gif(b"", &archive_of(&[("a.txt", s.as_bytes())]))),
    ("polyglot/photograph_and_archive.jpg", |s| image::jpeg(b"", &archive_of(&[("a.txt", s.as_bytes())]))),
    ("polyglot/picture_and_packed_file.png", |s| image::png(b"", &packed::gzip(s.as_bytes()))),
    ("polyglot/picture_and_page.gif", |s| image::gif(b"", format!("<html><body><p>{s}</p></body></html>").as_bytes())),
    ("polyglot/pdf_and_archive.pdf", |s| {
        [pdf::Pdf::with_page("").build(), archive_of(&[("a.txt", s.as_bytes())])].concat()
    }),
    ("polyglot/archive_and_pdf.zip", |s| {
        let inner = pdf::Pdf::with_page(&pdf::show(&super::wide_be(s))).build();
        archive_with(&[entry("a.txt", "x")], &Around { prefix: inner, ..Around::default() })
    }),
    ("polyglot/page_and_archive.html", |s| {
        [&b"<html><body>x</body></html>\n"[..], &archive_of(&[("a.txt", s.as_bytes())])].concat()
    }),
    ("polyglot/text_and_archive.txt", |s| {
        ["ご確認ください。\n".repeat(20).as_bytes(), &archive_of(&[("a.txt", s.as_bytes())])].concat()
    }),
    ("polyglot/compound_file_and_archive.doc", |s| {
        [ole::compound(vec![ole::Node::Stream("Memo", b"x".repeat(70))]), archive_of(&[("a.txt", s.as_bytes())])]
            .concat()
    }),
    ("polyglot/workbook_called_text.txt", |s| Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build()),
    ("polyglot/archive_called_picture.jpg", |s| archive_of(&[("a.txt", s.as_bytes())])),
    ("polyglot/pdf_called_workbook.xlsx", |s| pdf::Pdf::with_page(&pdf::show(&super::wide_be(s))).build()),
    ("polyglot/page_called_workbook.xls", |s| {
        format!("<html><body><table><tr><td>{s}</td></tr></table></body></html>").into_bytes()
    }),
    ("polyglot/text_called_program.exe", |s| format!("名簿\n{s}\n").into_bytes()),
    ("polyglot/workbook_without_its_first_byte.xlsx", |s| {
        Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build()[1..].to_vec()
    }),
    ("polyglot/bytes_of_nobody.bin", |s| {
        [&[0xfe, 1, 0, 3, 0xff, 0x80, 7, 0][..], s.as_bytes(), &[0, 1, 0xfd, 9, 0, 0]].concat()
    }),
];
