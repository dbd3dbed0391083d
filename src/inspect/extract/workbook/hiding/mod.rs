//! Tests: one small workbook for each place where data hides in it.
//!
//! Each test writes a package from strings, reads it, and says where the secret must come out and whether as hidden.

mod beside;
mod binary;
mod other;

use std::io::{Cursor, Write as _};

use crate::inspect::extract::{Ledger, Limits, extract};
use crate::inspect::{Cell, Job, Kind, Place, Reason, Sink};

/// What came out: `place | text`, with `(hidden)` behind the place; a cell's place as `place!B2`.
#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    table: Option<Place>,
}

impl Notes {
    fn note(&mut self, path: &str, hidden: bool, text: &str) {
        self.lines.push(format!("{path}{} | {}", if hidden { " (hidden)" } else { "" }, text.trim()));
    }
}

impl Sink for Notes {
    fn text(&mut self, place: &Place, text: &str) {
        assert!(self.table.is_none());
        text.lines().filter(|line| !line.trim().is_empty()).for_each(|line| self.note(&place.path, place.hidden, line));
    }

    fn begin_table(&mut self, place: &Place) {
        assert!(self.table.replace(place.clone()).is_none());
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        let place = self.table.clone().unwrap();
        for cell in cells {
            let letter = char::from(b'A' + u8::try_from(cell.column % 26).unwrap());
            let path = format!("{}!{letter}{}", place.path, row + 1);
            self.note(&path, place.hidden || cell.hidden, &cell.text);
        }
    }

    fn end_table(&mut self) {
        assert!(self.table.take().is_some());
    }
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> (Vec<String>, Ledger) {
    let mut notes = Notes::default();
    let job = Job::new(Kind::File("a".to_owned()));
    let ledger = extract(bytes, &job, &Limits::default(), &mut notes, &mut ());
    assert!(notes.table.is_none());
    (notes.lines, ledger)
}

const TYPES: &[u8] = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
const ROOT: &[u8] = b"<Relationships><Relationship Id='rId1' Type='http://x/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>";
const BOOK: &[u8] = "<workbook><sheets><sheet name='表' sheetId='1' r:id='rId1'/><sheet name='裏' sheetId='2' state='veryHidden' r:id='rId2'/></sheets>\
    <definedNames><definedName name='N' hidden='1'>\"NAME-SECRET\"</definedName></definedNames></workbook>"
    .as_bytes();
const BOOK_RELATIONS: &[u8] = b"<Relationships><Relationship Id='rId1' Type='http://x/worksheet' Target='worksheets/sheet1.xml'/>\
    <Relationship Id='rId2' Type='http://x/worksheet' Target='/xl/odd/second.data'/><Relationship Id='rId3' Type='http://x/styles' Target='styles.xml'/>\
    <Relationship Id='rId4' Type='http://x/sharedStrings' Target='sharedStrings.xml'/></Relationships>";

/// A workbook with this in its first sheet, and these other parts.
fn book(sheet: &str, others: &[(&str, &[u8])]) -> Vec<u8> {
    let sheet = format!("<worksheet>{sheet}</worksheet>");
    let mut entries = vec![
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    entries.extend(others);
    zip_of(&entries)
}

fn finds(bytes: &[u8], expected: &[&str]) {
    let (lines, ledger) = read(bytes);
    for line in expected {
        assert!(lines.iter().any(|found| found == line), "no {line} in {lines:#?}");
    }
    assert!(ledger.uninspected.is_empty(), "{:?}", ledger.uninspected);
}

#[test]
fn hidden_rows_and_columns_are_marked() {
    let sheet = "<cols><col min='2' max='2' hidden='1'/><col min='3' max='3' width='0' customWidth='1'/></cols><sheetData>\
        <row r='1'><c r='A1' t='inlineStr'><is><t>SEEN</t></is></c><c r='B1' t='str'><v>COL</v></c><c r='C1' t='str'><v>THIN</v></c></row>\
        <row r='2' hidden='1'><c t='str'><v>ROW</v></c></row><row ht='0' customHeight='1'><c t='str'><v>FLAT</v></c></row></sheetData>";
    finds(
        &book(sheet, &[]),
        &[
            "a › 表!A1 | SEEN",
            "a › 表!B1 (hidden) | COL",
            "a › 表!C1 (hidden) | THIN",
            "a › 表!A2 (hidden) | ROW",
            "a › 表!A3 (hidden) | FLAT",
        ],
    );
}

#[test]
fn a_very_hidden_sheet_with_an_odd_name_is_read_and_so_is_one_that_nobody_lists() {
    let other = b"<x:worksheet xmlns:x='http://purl.oclc.org/ooxml/spreadsheetml/main'><x:sheetData><x:row><x:c t='str'><x:v>ONE</x:v></x:c></x:row></x:sheetData></x:worksheet>";
    let wide: Vec<u8> =
        "\u{feff}<worksheet><sheetData><row r='7'><c r='C7' t='str'><v>山田</v></c></row></sheetData></worksheet>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    finds(
        &book("", &[("xl\\odd\\second.data", other), ("xl/worksheets/sheet9.xml", &wide)]),
        &["a › 裏!A1 (hidden) | ONE", "a › xl/worksheets/sheet9.xml!C7 (hidden) | 山田"],
    );
}

#[test]
fn two_parts_of_one_name_are_both_read() {
    let sheet =
        |text: &str| format!("<worksheet><sheetData><row><c t='str'><v>{text}</v></c></row></sheetData></worksheet>");
    let (first, second) = (sheet("FIRST"), sheet("OTHER"));
    let mut bytes =
        book("", &[("xl/worksheets/sheetX.xml", first.as_bytes()), ("xl/worksheets/sheetY.xml", second.as_bytes())]);
    while let Some(at) = memchr::memmem::find(&bytes, b"sheetX").or(memchr::memmem::find(&bytes, b"sheetY")) {
        bytes[at..at + 6].copy_from_slice(b"sheet1");
    }
    let (lines, _) = read(&bytes);
    assert!(
        lines.contains(&"a › 表!A1 | FIRST".to_owned()) && lines.contains(&"a › 表!A1 | OTHER".to_owned()),
        "{lines:#?}"
    );
}

#[test]
fn a_workbook_in_unusual_folders_is_one() {
    let root = b"<Relationships><Relationship Id='1' Type='http://x/officeDocument' Target='a/main'/></Relationships>";
    let relations = b"<Relationships><Relationship Id='rId1' Type='http://x/worksheet' Target='one'/></Relationships>";
    let types = b"<Types><Override PartName='/a/main' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/></Types>";
    let bytes = zip_of(&[
        ("[Content_Types].xml", types),
        ("_rels/.rels", root),
        ("a/main", BOOK),
        ("a/_rels/main.rels", relations),
        ("a/one", b"<worksheet><sheetData><row r='1' hidden='1'><c r='A1' t='str'><v>ODD</v></c></row></sheetData></worksheet>"),
    ]);
    finds(&bytes, &["a \u{203a} 表!A1 (hidden) | ODD"]);
}

#[test]
fn headers_that_contradict_each_other_hide_nothing() {
    let mut bytes = book("<sheetData><row r='1'><c r='A1' t='str'><v>INSIDE</v></c></row></sheetData>", &[]);
    // The entry's own header gives it another name than the directory.
    let at = memchr::memmem::find(&bytes, b"xl/worksheets/sheet1.xml").unwrap();
    bytes[at + 3] = b'q';
    let (lines, _) = read(&bytes);
    assert!(lines.iter().any(|line| line.contains("INSIDE")), "{lines:#?}");
}

#[test]
fn formats_show_or_hide() {
    let styles = b"<styleSheet><numFmts><numFmt numFmtId='200' formatCode=';;;'/><numFmt numFmtId='201' formatCode='00000000000'/></numFmts>\
        <cellXfs><xf numFmtId='0'/><xf numFmtId='200'/><xf numFmtId='201'/><xf numFmtId='14'/></cellXfs></styleSheet>";
    let sheet = "<sheetData><row r='1'><c r='A1' s='1'><v>12345</v></c><c r='B1' s='1' t='str'><v>TEXT</v></c><c r='C1' s='2'><v>9012345678</v></c>\
        <c r='D1' s='3'><v>32875</v></c><c r='E1' t='b'><v>1</v></c><c r='F1' t='e'><v>#N/A</v></c></row></sheetData>";
    finds(
        &book(sheet, &[("xl/styles.xml", styles)]),
        &[
            "a › 表!A1 (hidden) | 12345",
            "a › 表!B1 (hidden) | TEXT",
            "a › 表!C1 | 09012345678",
            "a › 表!D1 | 1990-01-02",
            "a › 表!E1 | TRUE",
        ],
    );
}

#[test]
fn formulas_say_what_they_hide() {
    let sheet = "<sheetData><row r='1'><c r='A1'><f>B1&amp;\"NO-VALUE\"</f></c><c r='B1' t='str'><f>IF(1=2,\"LITERAL\",\"\")</f><v></v></c></row></sheetData>";
    finds(&book(sheet, &[]), &["a › 表!A1 | =B1&\"NO-VALUE\"", "a › 表 › sheet1.xml | LITERAL"]);
}

#[test]
fn strings_that_no_cell_shows_and_readings_are_read() {
    let strings = "<sst><si><t>福田 太郎</t><rPh sb='0' eb='2'><t>フクダ</t></rPh></si><si><t>DELETED</t></si></sst>";
    let sheet = "<sheetData><row r='1'><c r='A1' t='s'><v>0</v></c></row></sheetData>";
    finds(
        &book(sheet, &[("xl/sharedStrings.xml", strings.as_bytes())]),
        &[
            "a › 表!A1 | 福田 太郎",
            "a › unused strings (hidden) | DELETED",
            "a › unused strings › readings (hidden) | フクダ",
        ],
    );
}

#[test]
fn a_string_that_is_missing_is_damage() {
    let sheet = "<sheetData><row r='1'><c r='A1' t='s'><v>5</v></c><c r='B1' t='str'><v>REST</v></c></row></sheetData>";
    let (lines, ledger) = read(&book(sheet, &[("xl/sharedStrings.xml", b"<sst><si><t>x</t></si></sst>")]));
    assert!(lines.contains(&"a › 表!B1 | REST".to_owned()));
    assert_eq!(ledger.uninspected.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Damaged]);
}
