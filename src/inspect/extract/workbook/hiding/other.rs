//! What hides in workbooks of other programs: LibreOffice's, and those of one XML document.
//!
//! In: workbooks made here. Out: what was found of them, and where. Deliberately absent: what they have in common.

use super::*;

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
