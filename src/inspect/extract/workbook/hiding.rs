//! Tests: one small workbook for each place where data hides in it.
//!
//! Each test writes a package from strings, reads it, and says where the secret must come out and whether as hidden.

use std::io::{Cursor, Write as _};

use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Hint, Part, Reading};
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

#[test]
fn texts_beside_the_cells_of_a_sheet_stand_at_the_sheet() {
    let sheet = "<sheetPr codeName='CODE秘'/><sheetData/><autoFilter ref='A1'><filterColumn colId='0'><filters><filter val='絞込'/></filters></filterColumn></autoFilter>\
        <dataValidations><dataValidation type='list' promptTitle='T' prompt='PROMPT' error='ERROR'><formula1>\"LIST1,LIST2\"</formula1></dataValidation></dataValidations>\
        <conditionalFormatting><cfRule type='containsText' text='CFTEXT'><formula>NOT(ISERROR(SEARCH(\"CFFORMULA\",A1)))</formula></cfRule></conditionalFormatting>\
        <protectedRanges><protectedRange name='範囲'/></protectedRanges><hyperlinks><hyperlink ref='A1' r:id='rId1' tooltip='TIP' display='DISPLAY'/></hyperlinks>\
        <headerFooter><oddHeader>&amp;CHEADER</oddHeader></headerFooter><!-- XMLCOMMENT -->";
    let place = |text: &str| format!("a › 表 › sheet1.xml | {text}");
    let expected: Vec<String> = [
        "CODE秘",
        "絞込",
        "PROMPT",
        "ERROR",
        "\"LIST1,LIST2\"",
        "CFTEXT",
        "NOT(ISERROR(SEARCH(\"CFFORMULA\",A1)))",
        "範囲",
        "TIP",
        "DISPLAY",
        "&CHEADER",
    ]
    .iter()
    .map(|text| place(text))
    .collect();
    let rels = b"<Relationships><Relationship Id='rId1' Type='http://x/hyperlink' Target='mailto:secret@example.jp' TargetMode='External'/></Relationships>";
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    expected.push("a › xl/worksheets/_rels/sheet1.xml.rels | mailto:secret@example.jp");
    expected.push("a › xl/workbook.xml (hidden) | \"NAME-SECRET\"");
    expected.push("a › 表 › sheet1.xml (hidden) | XMLCOMMENT");
    finds(&book(sheet, &[("xl/worksheets/_rels/sheet1.xml.rels", rels)]), &expected);
}

#[test]
fn comments_stand_at_their_cells_and_drawings_at_their_sheet() {
    let rels = b"<Relationships><Relationship Id='1' Type='http://x/comments' Target='../comments1.xml'/>\
        <Relationship Id='2' Type='http://x/threadedComment' Target='../threadedComments/threadedComment1.xml'/>\
        <Relationship Id='3' Type='http://x/drawing' Target='../drawings/drawing1.xml'/></Relationships>";
    let drawing_rels =
        b"<Relationships><Relationship Id='1' Type='http://x/chart' Target='../charts/chart1.xml'/></Relationships>";
    let others: [(&str, &[u8]); 7] = [
        ("xl/worksheets/_rels/sheet1.xml.rels", rels),
        ("xl/comments1.xml", b"<comments><authors><author>AUTHOR</author></authors><commentList><comment ref='B3'><text><r><t>NO</t></r><r><t>TE</t></r></text></comment></commentList></comments>"),
        ("xl/threadedComments/threadedComment1.xml", b"<ThreadedComments><threadedComment ref='C4' personId='{1}'><text>THREAD</text></threadedComment></ThreadedComments>"),
        ("xl/persons/person.xml", b"<personList><person displayName='PERSON' userId='S::p@example.jp::1'/></personList>"),
        ("xl/drawings/drawing1.xml", b"<xdr:wsDr><xdr:sp><xdr:cNvPr descr='ALT'/><a:p><a:r><a:t>BOX</a:t></a:r></a:p></xdr:sp></xdr:wsDr>"),
        ("xl/drawings/_rels/drawing1.xml.rels", drawing_rels),
        ("xl/charts/chart1.xml", b"<c:chartSpace><c:tx><c:strRef><c:strCache><c:pt><c:v>SERIES</c:v></c:pt></c:strCache></c:strRef></c:tx></c:chartSpace>"),
    ];
    finds(
        &book("<sheetData/>", &others),
        &[
            "a › 表!B3 › comment | NOTE",
            "a › 表 › comments1.xml | AUTHOR",
            "a › 表!C4 › comment | THREAD",
            "a › xl/persons/person.xml (hidden) | PERSON",
            "a › xl/persons/person.xml (hidden) | S::p@example.jp::1",
            "a › 表 › drawing1.xml | BOX",
            "a › 表 › drawing1.xml | ALT",
            "a › 表 › chart1.xml | SERIES",
        ],
    );
}

#[test]
fn caches_are_tables_with_their_fields_as_header() {
    let others: [(&str, &[u8]); 4] = [
        ("xl/pivotCache/pivotCacheDefinition1.xml", b"<pivotCacheDefinition><cacheSource><worksheetSource sheet='GONE'/></cacheSource><cacheFields><cacheField name='NAME'><sharedItems><s v='USED'/><s v='UNUSED'/></sharedItems></cacheField>\
          <cacheField name='PAY'><sharedItems/></cacheField></cacheFields></pivotCacheDefinition>"),
        ("xl/pivotCache/_rels/pivotCacheDefinition1.xml.rels", b"<Relationships><Relationship Id='1' Type='http://x/pivotCacheRecords' Target='pivotCacheRecords1.xml'/></Relationships>"),
        ("xl/pivotCache/pivotCacheRecords1.xml", b"<pivotCacheRecords><r><x v='0'/><n v='500000'/></r></pivotCacheRecords>"),
        ("xl/externalLinks/externalLink1.xml", b"<externalLink><externalBook><sheetNames><sheetName val='OTHER'/></sheetNames><sheetDataSet><sheetData sheetId='0'><row r='2'><cell r='B2' t='str'><v>CACHED</v></cell></row></sheetData></sheetDataSet></externalBook></externalLink>"),
    ];
    finds(
        &book("<sheetData/>", &others),
        &[
            "a › xl/pivotCache/pivotCacheRecords1.xml!A1 (hidden) | NAME",
            "a › xl/pivotCache/pivotCacheRecords1.xml!A2 (hidden) | USED",
            "a › xl/pivotCache/pivotCacheRecords1.xml!B2 (hidden) | 500000",
            "a › xl/pivotcache/pivotcachedefinition1.xml!A1 (hidden) | NAME",
            "a › xl/pivotcache/pivotcachedefinition1.xml!A2 (hidden) | UNUSED",
            "a › xl/externalLinks/externalLink1.xml › OTHER!B2 (hidden) | CACHED",
            "a › xl/externalLinks/externalLink1.xml (hidden) | OTHER",
        ],
    );
}

#[test]
fn properties_connections_and_custom_xml_are_read() {
    let others: [(&str, &[u8]); 4] = [
        ("docProps/custom.xml", "<Properties><property name='MSIP_Label_1_Name'><vt:lpwstr>社外秘</vt:lpwstr></property></Properties>".as_bytes()),
        ("docProps/core.xml", b"<cp:coreProperties><dc:creator>CREATOR</dc:creator></cp:coreProperties>"),
        ("xl/connections.xml", b"<connections><connection name='C'><dbPr connection='Provider=X;Password=SECRET' command='SELECT'/></connection></connections>"),
        ("customXml/item1.xml", b"<a key='090-1234-5678'>CUSTOM</a>"),
    ];
    finds(
        &book("<sheetData/>", &others),
        &[
            "a › docProps/custom.xml (hidden) | MSIP_Label_1_Name: 社外秘",
            "a › docProps/core.xml (hidden) | CREATOR",
            "a › xl/connections.xml (hidden) | Provider=X;Password=SECRET",
            "a › customXml/item1.xml (hidden) | CUSTOM",
            "a › customXml/item1.xml (hidden) | 090-1234-5678",
        ],
    );
}

#[test]
fn a_list_in_a_part_of_structure_is_read() {
    let styles = "<styleSheet><fonts><font><name val='Arial'/></font></fonts><cellStyles><cellStyle name='山田 090-1234-5678'/></cellStyles>TEXT</styleSheet>";
    let (lines, _) = read(&book("<sheetData/>", &[("xl/styles.xml", styles.as_bytes())]));
    assert!(lines.contains(&"a › xl/styles.xml | 山田 090-1234-5678".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"a › xl/styles.xml | TEXT".to_owned()) && !lines.iter().any(|line| line.contains("Arial")));
}

#[test]
fn embedded_files_stand_at_their_sheet() {
    let rels =
        b"<Relationships><Relationship Id='1' Type='http://x/package' Target='../embeddings/a.xlsx'/></Relationships>";
    let inner = book("<sheetData><row r='1'><c r='A1' t='str'><v>INNER</v></c></row></sheetData>", &[]);
    let others: [(&str, &[u8]); 3] = [
        ("xl/worksheets/_rels/sheet1.xml.rels", rels),
        ("xl/embeddings/a.xlsx", &inner),
        ("xl/media/image1.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ];
    let (lines, ledger) = read(&book("<sheetData/>", &others));
    assert!(lines.contains(&"a › 表 › a.xlsx › 表!A1 | INNER".to_owned()), "{lines:#?}");
    let told: Vec<_> = ledger.uninspected.iter().map(|entry| (entry.place.as_str(), entry.reason)).collect();
    assert_eq!(told, [("a › xl/media/image1.png", Reason::Image)]);
}

#[test]
fn without_a_directory_everything_is_still_read() {
    let strings = "<sst><si><t>SHARED</t></si></sst>";
    let sheet = "<sheetData><row r='1' hidden='1'><c r='A1' t='s'><v>0</v></c></row></sheetData>";
    let bytes = book(sheet, &[("xl/sharedStrings.xml", strings.as_bytes())]);
    let directory = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    let mut notes = Notes::default();
    let (job, place) = (Job::new(Kind::File("a".to_owned())), Place::new("a"));
    let mut watch = ();
    let mut reading = Reading::new(&job, &Limits::default(), &mut notes, &mut watch);
    let part = Part { bytes: &bytes[..directory], place: &place, depth: 0, hint: Hint::default() };
    package::read(&mut reading, &part, Package::Xlsx);
    let (ledger, lines) = (reading.finish("xlsx"), notes.lines);
    assert!(lines.iter().any(|line| line == "a › 表!A1 (hidden) | SHARED"), "{lines:#?}");
    assert!(ledger.uninspected.iter().any(|entry| entry.reason == Reason::Damaged));
}

#[test]
fn spreadsheets_of_libreoffice_hide_in_their_own_ways() {
    let content = "<office:document-content><office:automatic-styles><style:style style:name='ta2' style:family='table'><style:table-properties table:display='false'/></style:style>\
        </office:automatic-styles><office:body><office:spreadsheet><table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell office:value-type='string'><text:p>BEFORE</text:p>\
        </table:change-track-table-cell></table:previous></table:cell-content-change></table:tracked-changes>\
        <table:table table:name='表'><table:table-column/><table:table-column table:visibility='collapse'/>\
        <table:table-row><table:table-cell><office:annotation><dc:creator>WHO</dc:creator><text:p>NOTE</text:p></office:annotation><text:p>SEEN</text:p></table:table-cell><table:table-cell><text:p>COL</text:p></table:table-cell></table:table-row>\
        <table:table-row table:visibility='filter'><table:table-cell><text:p>FILTERED</text:p></table:table-cell></table:table-row>\
        <table:table-row><table:table-cell office:value='7'/><table:table-cell/><table:covered-table-cell><text:p>UNDER</text:p></table:covered-table-cell></table:table-row></table:table>\
        <table:table table:name='裏' table:style-name='ta2'><table:table-row><table:table-cell table:formula='of:=[.A1]'/></table:table-row></table:table>\
        <table:database-ranges><table:database-range table:name='RANGE' table:target-range-address='表.A1'/></table:database-ranges></office:spreadsheet></office:body></office:document-content>";
    let zipped = zip_of(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
        ("meta.xml", b"<office:document-meta><dc:title>TITLE</dc:title></office:document-meta>"),
    ]);
    let expected = [
        "a › 表!A1 | SEEN",
        "a › 表!B1 (hidden) | COL",
        "a › 表!A1 › comment | NOTE",
        "a › 表!A1 › comment | WHO",
        "a › 表!A2 (hidden) | FILTERED",
        "a › 表!A3 (hidden) | 7",
        "a › 表!C3 (hidden) | UNDER",
        "a › 裏!A1 (hidden) | of:=[.A1]",
        "a › tracked changes (hidden) | BEFORE",
        "a › content.xml | RANGE",
    ];
    finds(&zipped, &[&expected[..], &["a › meta.xml (hidden) | TITLE"]].concat());
    let flat = format!(
        "<?xml version='1.0'?><office:document office:mimetype='application/vnd.oasis.opendocument.spreadsheet'>{content}</office:document>"
    );
    finds(flat.as_bytes(), &expected);
}

#[test]
fn a_workbook_of_one_xml_document_hides_like_any_other() {
    let book = "<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>\
        <DocumentProperties><Author>AUTHOR</Author></DocumentProperties><Styles><Style ss:ID='s1'><NumberFormat ss:Format='00000000000'/></Style></Styles>\
        <Worksheet ss:Name='表'><Table><Column ss:Index='2' ss:Hidden='1'/><Row><Cell ss:StyleID='s1'><Data ss:Type='Number'>9012345678</Data></Cell>\
        <Cell><Data ss:Type='String'>C<B>O</B>L</Data><Comment ss:Author='WHO'><ss:Data>NOTE</ss:Data></Comment></Cell></Row>\
        <Row ss:Index='4' ss:Hidden='1'><Cell ss:Index='3' ss:Formula='=&quot;LITERAL&quot;'><Data ss:Type='String'>ROW</Data></Cell></Row></Table></Worksheet>\
        <Worksheet ss:Name='裏'><Table><Row><Cell><Data ss:Type='String'>BACK</Data></Cell></Row></Table><WorksheetOptions><PageSetup><Header x:Data='HEAD'/></PageSetup>\
        <Visible>SheetHidden</Visible></WorksheetOptions></Worksheet></Workbook>";
    finds(
        book.as_bytes(),
        &[
            "a › beside the cells | AUTHOR",
            "a › 表!A1 | 09012345678",
            "a › 表!B1 (hidden) | COL",
            "a › 表!B1 › comment | NOTE",
            "a › 表!B1 › comment | WHO",
            "a › 表!C4 (hidden) | ROW",
            "a › 表 › beside the cells | LITERAL",
            "a › 裏!A1 (hidden) | BACK",
        ],
    );
}

/// A record of an old workbook.
fn old(kind: u16, data: &[&[u8]]) -> Vec<u8> {
    let data = data.concat();
    [&kind.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), &data].concat()
}

/// Words of two bytes.
fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    words(&text.encode_utf16().collect::<Vec<u16>>())
}

/// A string with its length in two bytes and its flags before it.
fn string(text: &str) -> Vec<u8> {
    [words(&[u16::try_from(text.encode_utf16().count()).unwrap()]), vec![1], wide(text)].concat()
}

#[test]
fn an_old_workbook_hides_like_any_other() {
    let bof = |kind: u16| old(0x0809, &[&words(&[0x0600, kind, 0, 0, 0, 0, 0, 0])]);
    let listed = |name: &str, state: u8| {
        let count = u8::try_from(name.encode_utf16().count()).unwrap();
        old(0x0085, &[&[0xff; 4], &[state, 0, count, 1], &wide(name)])
    };
    let float = |row: u16, column: u16, style: u16, number: f64| {
        old(0x0203, &[&words(&[row, column, style]), &number.to_le_bytes()])
    };
    let shared = |row: u16, column: u16, index: u16| old(0x00fd, &[&words(&[row, column, 0, index, 0])]);
    let format = |number: u16, code: &str| old(0x041e, &[&words(&[number]), &string(code)]);
    let style = |format: u16| old(0x00e0, &[&words(&[0, format]), &[0; 16]]);
    let row = |number: u16, flags: u16| old(0x0208, &[&words(&[number, 0, 9, 255, 0, 0, flags, 0])]);
    let bytes = [
        bof(5),
        listed("表", 0),
        listed("裏", 2),
        format(200, ";;;"),
        format(201, "00000000000"),
        style(0),
        style(200),
        style(201),
        style(14),
        old(0x00fc, &[&words(&[2, 0, 2, 0]), &string("SHARED"), &string("UNUSED")]),
        old(0x0018, &[&[0; 15], &string("NAMESECRET")]),
        old(0x000a, &[]),
        bof(0x10),
        old(0x007d, &[&words(&[1, 1, 2000, 0, 1, 0])]),
        row(0, 0),
        row(1, 0x20),
        shared(0, 0, 0),
        old(0x0204, &[&words(&[0, 1, 0]), &string("COL")]),
        float(1, 0, 2, 9_012_345_678.0),
        float(2, 0, 1, 777.0),
        float(2, 2, 3, 32_875.0),
        old(
            0x00bd,
            &[
                &words(&[3, 0, 0]),
                &(1234u32 << 2 | 2).to_le_bytes(),
                &words(&[0]),
                &(5u32 << 2 | 2).to_le_bytes(),
                &words(&[1]),
            ],
        ),
        old(
            0x0006,
            &[&words(&[4, 0, 0]), &[0, 0, 0, 0, 0, 0, 0xff, 0xff], &[0; 6], &words(&[11]), &[0x17, 7, 0], b"LITERAL"],
        ),
        old(0x0207, &[&string("RESULT")]),
        old(0x0014, &[&string("&CHEADER")]),
        old(0x01b6, &[&words(&[0, 0, 0, 0, 0, 3, 0, 0, 0])]),
        old(0x003c, &[&[1], &wide("BOX")]),
        old(0x01be, &[&[0; 4], &string("PROMPT")]),
        bof(0x20),
        old(0x0204, &[&words(&[0, 0, 0]), &string("CHARTED")]),
        old(0x000a, &[]),
        old(0x000a, &[]),
        bof(0x10),
        old(0x0204, &[&words(&[0, 0, 0]), &string("BACK")]),
        old(0x000a, &[]),
        bof(0x10),
        old(0x0204, &[&words(&[6, 0, 0]), &string("UNLISTED")]),
        old(0x000a, &[]),
    ]
    .concat();
    let beside = "a › 表 › beside the cells | ";
    finds(
        &bytes,
        &[
            "a › 表!A1 | SHARED",
            "a › 表!B1 (hidden) | COL",
            "a › 表!A2 (hidden) | 09012345678",
            "a › 表!A3 (hidden) | 777",
            "a › 表!C3 | 1990-01-02",
            "a › 表!A4 | 1234",
            "a › 表!B4 (hidden) | 5",
            "a › 表!A5 | RESULT",
            &format!("{beside}LITERAL"),
            &format!("{beside}&CHEADER"),
            &format!("{beside}BOX"),
            &format!("{beside}PROMPT"),
            &format!("{beside}CHARTED"),
            "a › beside the cells (hidden) | NAMESECRET",
            "a › unused strings (hidden) | UNUSED",
            "a › 裏!A1 (hidden) | BACK",
            "a › sheet 3!A7 (hidden) | UNLISTED",
        ],
    );
    let (lines, ledger) = read(&bytes[..bytes.len() - 9]);
    assert!(lines.iter().any(|line| line.contains("RESULT")));
    assert_eq!(ledger.uninspected.first().map(|entry| entry.reason), Some(Reason::Damaged));
}

/// A record of a binary workbook.
fn binary(kind: u32, data: &[&[u8]]) -> Vec<u8> {
    let data = data.concat();
    let number = |mut value: u32| {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    [number(kind), number(u32::try_from(data.len()).unwrap()), data].concat()
}

/// A string with its length in four bytes before it.
fn long_string(text: &str) -> Vec<u8> {
    [&u32::try_from(text.encode_utf16().count()).unwrap().to_le_bytes()[..], &wide(text)].concat()
}

#[test]
fn a_binary_workbook_hides_like_any_other() {
    let word = u32::to_le_bytes;
    let main = [
        binary(131, &[]),
        binary(156, &[&word(0), &word(1), &long_string("rId1"), &long_string("表")]),
        binary(156, &[&word(2), &word(2), &long_string("rId2"), &long_string("裏")]),
        binary(132, &[]),
    ]
    .concat();
    let row = |number: u32, flags: u8| binary(0, &[&word(number), &word(0), &[44, 1, 0, flags], &[0; 9]]);
    let sheet = [
        binary(129, &[]),
        binary(60, &[&word(1), &word(1), &word(2000), &word(0), &[1, 0]]),
        binary(145, &[]),
        row(0, 0),
        binary(7, &[&word(0), &word(0), &word(0)]),
        binary(17, &[&word(0), &long_string("SHORT")]),
        row(1, 0x10),
        binary(2, &[&word(0), &word(1), &word(777 << 2 | 2)]),
        binary(8, &[&word(2), &word(0), &long_string("RESULT"), &[0; 6], &[0x17, 7, 0], &wide("LITERAL")]),
        binary(146, &[]),
        binary(479, &[&[0; 2], &long_string("&CHEADER")]),
        binary(130, &[]),
    ]
    .concat();
    let other = [
        binary(129, &[]),
        binary(145, &[]),
        row(0, 0),
        binary(6, &[&word(0), &word(0), &long_string("BACK")]),
        binary(130, &[]),
    ]
    .concat();
    let strings = [
        binary(159, &[&word(9), &word(9)]),
        binary(19, &[&[0], &long_string("SHARED")]),
        binary(19, &[&[0], &long_string("UNUSED")]),
    ]
    .concat();
    let styles = [
        binary(278, &[]),
        binary(44, &[&200u16.to_le_bytes(), &long_string(";;;")]),
        binary(617, &[]),
        binary(47, &[&words(&[0, 0]), &[0; 12]]),
        binary(47, &[&words(&[0, 200]), &[0; 12]]),
        binary(618, &[]),
    ]
    .concat();
    let relations =
        b"<Relationships><Relationship Id='rId1' Type='http://x/worksheet' Target='worksheets/sheet1.bin'/>\
        <Relationship Id='rId2' Type='http://x/worksheet' Target='worksheets/sheet2.bin'/></Relationships>";
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES),
        ("xl/workbook.bin", &main),
        ("xl/_rels/workbook.bin.rels", relations),
        ("xl/worksheets/sheet1.bin", &sheet),
        ("xl/worksheets/sheet2.bin", &other),
        ("xl/sharedStrings.bin", &strings),
        ("xl/styles.bin", &styles),
    ]);
    finds(
        &bytes,
        &[
            "a › 表!A1 | SHARED",
            "a › 表!B1 (hidden) | SHORT",
            "a › 表!A2 (hidden) | 777",
            "a › 表!C2 (hidden) | RESULT",
            "a › 表 › sheet1.bin | LITERAL",
            "a › 表 › sheet1.bin | &CHEADER",
            "a › 裏!A1 (hidden) | BACK",
            "a › unused strings (hidden) | UNUSED",
        ],
    );
}
