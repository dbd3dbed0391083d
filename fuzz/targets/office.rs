//! Parts of Word, Excel and PowerPoint packages: the first byte chooses which part is replaced.

#![no_main]

mod support;

#[path = "../../tests/generators/mod.rs"]
#[allow(dead_code, reason = "this target needs only some of the writers")]
mod generators;

use generators::package::Package;

/// Parts that have readers of their own, or are read as whatever they look like.
const PARTS: [&str; 14] = [
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml",
    "xl/comments1.xml",
    "xl/pivotCache/pivotCacheRecords1.xml",
    "xl/vbaProject.bin",
    "xl/drawings/vmlDrawing1.vml",
    "word/document.xml",
    "word/styles.xml",
    "ppt/slides/slide1.xml",
    "ppt/presentation.xml",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((part, rest)) = support::choose(&PARTS, bytes) else { return };
    let package = match part.split_once('/') {
        Some(("word", _)) => Package::document(""),
        Some(("ppt", _)) => Package::presentation(""),
        _ => Package::workbook(),
    };
    support::read("a.xlsx", &package.part(part, rest).build());
});
