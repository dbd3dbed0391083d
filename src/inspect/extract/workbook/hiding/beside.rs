//! What hides beside the cells: texts of a sheet, comments and drawings, caches, properties, files in the file.
//!
//! In: workbooks made here. Out: what was found of them, and where. Deliberately absent: the cells themselves.

use super::*;
use crate::inspect::extract::package::{self, Package};
use crate::inspect::extract::reading::{Hint, Part, Reading};

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
