//! Binary workbooks of Office Open XML (xlsb), record by record.
//!
//! In: a secret. Out: a package with it in one place. Deliberately absent: parts that are XML here too (`xlsx_parts`).

use super::package::xml;
use super::{Maker, wide, zipped};

pub(crate) const CASES: &[Maker] = &[
    ("xlsb/cell_string.xlsb", |s| book(&[cell(6, &string(s))].concat(), &[], 0)),
    ("xlsb/cell_shared.xlsb", |s| book(&cell(7, &0u32.to_le_bytes()), &[s], 0)),
    ("xlsb/cell_short.xlsb", |s| book(&record(0x11, &[&[0, 0, 0, 0][..], &string(s)].concat()), &[], 0)),
    ("xlsb/cell_short_shared.xlsb", |s| book(&record(0x12, &[0; 8]), &[s], 0)),
    ("xlsb/formula_string.xlsb", |s| book(&cell(8, &[&string(s)[..], &[0; 10]].concat()), &[], 0)),
    ("xlsb/unused_shared_string.xlsb", |s| book(&cell(7, &0u32.to_le_bytes()), &["番号", s], 0)),
    ("xlsb/hidden_sheet.xlsb", |s| book(&cell(6, &string(s)), &[], 1)),
    ("xlsb/very_hidden_sheet.xlsb", |s| book(&cell(6, &string(s)), &[], 2)),
    ("xlsb/hidden_row.xlsb", |s| {
        let rows = [row(3, 0x10), cell(6, &string(s))].concat();
        book(&rows, &[], 0)
    }),
    ("xlsb/white_on_white.xlsb", |s| {
        let font = |colour: [u8; 8]| record(43, &[&[220, 0, 0, 0, 0x90, 1, 0, 0, 0, 0, 0, 0][..], &colour].concat());
        let fonts = [font([6, 1, 0, 0, 0, 0, 0, 255]), font([5, 255, 0, 0, 255, 255, 255, 255])].concat();
        let format = |font: u8| record(47, &[&[0, 0, 0, 0, font, 0][..], &[0; 10]].concat());
        let formats = [record(617, &[]), format(0), format(1), record(618, &[])].concat();
        let fills = [record(603, &[]), record(45, &[0; 68]), record(604, &[])].concat();
        let styles = [record(278, &[]), fonts, fills, formats, record(279, &[])].concat();
        let label = record(6, &[&[0, 0, 0, 0, 1, 0, 0, 0][..], &string(s)].concat());
        with(&book_parts(&label, &[], 0), ("xl/styles.bin", styles))
    }),
    ("xlsb/comment.xlsb", |s| {
        let text = [&[0][..], &string(s)].concat();
        let comments = [
            record(628, &[]),
            record(630, &[]),
            record(632, &string("a")),
            record(631, &[]),
            record(633, &[]),
            record(635, &[0; 36]),
            record(637, &text),
            record(636, &[]),
            record(634, &[]),
            record(629, &[]),
        ]
        .concat();
        with(&book_parts(&cell(6, &string("番号")), &[], 0), ("xl/comments1.bin", comments))
    }),
    ("xlsb/header.xlsb", |s| {
        let header = [&[0, 0][..], &string(s)].concat();
        book(&[cell(6, &string("番号")), record(146, &[]), record(479, &header), record(480, &[])].concat(), &[], 0)
    }),
    ("xlsb/record_of_nobody.xlsb", |s| {
        book(&[cell(6, &string("番号")), record(5000, &[&[7, 7][..], &wide(s)].concat())].concat(), &[], 0)
    }),
    ("xlsb/behind_a_value.xlsb", |s| book(&cell(5, &[&[0; 8][..], &wide(s)].concat()), &[], 0)),
    ("xlsb/pivot_records.xlsb", |s| {
        let item = record(24, &string(s));
        with(
            &book_parts(&cell(6, &string("番号")), &[], 0),
            ("xl/pivotCache/pivotCacheRecords1.bin", [record(189, &[0; 4]), item, record(190, &[])].concat()),
        )
    }),
];

/// One record: number and length in groups of seven bits.
pub(crate) fn record(id: u32, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if id < 0x80 {
        out.push(u8::try_from(id).unwrap());
    } else {
        out.extend_from_slice(&[u8::try_from(id & 0x7f).unwrap() | 0x80, u8::try_from(id >> 7).unwrap()]);
    }
    let mut length = data.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap();
        length >>= 7;
        out.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    out.extend_from_slice(data);
    out
}

/// A string: its length in units, the units.
pub(crate) fn string(text: &str) -> Vec<u8> {
    [&u32::try_from(text.encode_utf16().count()).unwrap().to_le_bytes()[..], &wide(text)].concat()
}

/// A cell of the first column.
fn cell(id: u32, value: &[u8]) -> Vec<u8> {
    record(id, &[&[0; 8][..], value].concat())
}

pub(crate) fn row(number: u32, flags: u8) -> Vec<u8> {
    record(0, &[&number.to_le_bytes()[..], &[0; 4], &[0x2c, 1, 0, flags, 0], &[0; 4]].concat())
}

fn book(cells: &[u8], strings: &[&str], state: u32) -> Vec<u8> {
    zipped::archive(&book_parts(cells, strings, state))
}

fn with(parts: &[zipped::Entry], part: (&str, Vec<u8>)) -> Vec<u8> {
    zipped::archive(&[parts, &[zipped::entry(part.0, part.1)]].concat())
}

fn book_parts(cells: &[u8], strings: &[&str], state: u32) -> Vec<zipped::Entry> {
    let sheet =
        [record(129, &[]), record(145, &[]), row(0, 0), cells.to_vec(), record(146, &[]), record(130, &[])].concat();
    let count = u32::try_from(strings.len()).unwrap().to_le_bytes();
    let items: Vec<u8> = strings.iter().flat_map(|text| record(19, &[&[0][..], &string(text)].concat())).collect();
    let table = [record(159, &[count, count].concat()), items, record(160, &[])].concat();
    package(&sheet, &table, state)
}

/// The parts of a binary workbook with one sheet.
pub(crate) fn package(sheet: &[u8], strings: &[u8], state: u32) -> Vec<zipped::Entry> {
    let listed = [&state.to_le_bytes()[..], &1u32.to_le_bytes(), &string("rId1"), &string("顧客")].concat();
    let book = [record(131, &[]), record(143, &[]), record(156, &listed), record(144, &[]), record(132, &[])].concat();
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relations = |list: &str| {
        xml(&format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{list}</Relationships>"
        ))
    };
    let types = xml("<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Override PartName=\"/xl/workbook.bin\" ContentType=\"application/vnd.ms-excel.sheet.binary.macroEnabled.main\"/>\
         <Override PartName=\"/xl/worksheets/sheet1.bin\" ContentType=\"application/vnd.ms-excel.worksheet\"/>\
         <Override PartName=\"/xl/sharedStrings.bin\" ContentType=\"application/vnd.ms-excel.sharedStrings\"/></Types>");
    let root =
        relations(&format!("<Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.bin\"/>"));
    let inner = relations(&format!(
        "<Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.bin\"/>\
         <Relationship Id=\"rId2\" Type=\"{office}/sharedStrings\" Target=\"sharedStrings.bin\"/>"
    ));
    vec![
        zipped::entry("[Content_Types].xml", types),
        zipped::entry("_rels/.rels", root),
        zipped::entry("xl/workbook.bin", book),
        zipped::entry("xl/_rels/workbook.bin.rels", inner),
        zipped::entry("xl/worksheets/sheet1.bin", sheet),
        zipped::entry("xl/sharedStrings.bin", strings),
    ]
}
