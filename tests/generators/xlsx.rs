//! Workbooks of Office Open XML, first half: the secret in a sheet, or in what decides how a sheet looks.
//!
//! In: a secret. Out: a package with it in one place. Deliberately absent: parts beside the sheets (`xlsx_parts`).

use super::Maker;
use super::package::{MAIN, Package, RELATIONS, row, sheet, sheet_with, xml};
use super::{wide, zipped};

const BOOK: &str = "xl/workbook.xml";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";
const SHEET_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";

pub(crate) const CASES: &[Maker] = &[
    ("xlsx/cell_shared.xlsx", |s| Package::workbook().edit(STRINGS, "種別", s).build()),
    ("xlsx/cell_inline.xlsx", |s| rows(&row(2, "", s))),
    ("xlsx/cell_rich_text.xlsx", |s| {
        let (first, rest) = halves(s);
        let runs = format!("<r><t>{first}</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\">{rest}</t></r>");
        Package::workbook().edit(STRINGS, "<t>種別</t>", &runs).build()
    }),
    ("xlsx/cell_formula_text.xlsx", |s| {
        rows(&format!("<row r=\"1\"><c r=\"A1\" t=\"str\"><f>B1</f><v>{s}</v></c></row>"))
    }),
    ("xlsx/formula_without_value.xlsx", |s| {
        rows(&format!("<row r=\"1\"><c r=\"A1\"><f>CONCATENATE(\"{s}\",B1)</f></c></row>"))
    }),
    ("xlsx/formula_shared.xlsx", |s| {
        rows(&format!(
            "<row r=\"1\"><c r=\"A1\"><f t=\"shared\" ref=\"A1:A9\" si=\"0\">IF(B1,\"{s}\",0)</f><v>0</v></c></row>"
        ))
    }),
    ("xlsx/cell_entities.xlsx", |s| {
        let entities: String = s.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
        rows(&row(2, "", &entities))
    }),
    ("xlsx/cell_cdata.xlsx", |s| rows(&row(2, "", &format!("<![CDATA[{s}]]>")))),
    ("xlsx/cell_without_references.xlsx", |s| {
        rows(&format!("<row><c t=\"inlineStr\"><is><t>名</t></is></c><c t=\"inlineStr\"><is><t>{s}</t></is></c></row>"))
    }),
    ("xlsx/cell_in_the_last_corner.xlsx", |s| {
        rows(&format!("<row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t>{s}</t></is></c></row>"))
    }),
    ("xlsx/cell_error_value.xlsx", |s| rows(&format!("<row r=\"1\"><c r=\"A1\" t=\"e\"><v>{s}</v></c></row>"))),
    ("xlsx/sheet_name.xlsx", |s| {
        let name: String = s.chars().take(31).collect();
        Package::workbook().edit(BOOK, "顧客", &name).build()
    }),
    ("xlsx/hidden_sheet.xlsx", |s| second_sheet(s, " state=\"hidden\"")),
    ("xlsx/very_hidden_sheet.xlsx", |s| second_sheet(s, " state=\"veryHidden\"")),
    ("xlsx/hidden_row.xlsx", |s| rows(&row(2, " hidden=\"1\"", s))),
    ("xlsx/row_of_no_height.xlsx", |s| rows(&row(2, " ht=\"0\" customHeight=\"1\"", s))),
    ("xlsx/hidden_by_zero_height.xlsx", |s| {
        with("<sheetFormatPr defaultRowHeight=\"15\" zeroHeight=\"1\"/>", &row(9, "", s), "")
    }),
    ("xlsx/hidden_column.xlsx", |s| {
        with("<cols><col min=\"1\" max=\"1\" width=\"9\" hidden=\"1\"/></cols>", &row(2, "", s), "")
    }),
    ("xlsx/column_of_no_width.xlsx", |s| {
        with("<cols><col min=\"1\" max=\"1\" width=\"0\" customWidth=\"1\"/></cols>", &row(2, "", s), "")
    }),
    ("xlsx/filtered_row.xlsx", |s| {
        let filter = "<autoFilter ref=\"A1:A3\"><filterColumn colId=\"0\"><filters><filter val=\"公開\"/></filters>\
                      </filterColumn></autoFilter>";
        with("", &(row(1, "", "区分") + &row(2, " hidden=\"1\"", s) + &row(3, "", "公開")), filter)
    }),
    ("xlsx/filter_value.xlsx", |s| {
        let filter = format!(
            "<autoFilter ref=\"A1:A1\"><filterColumn colId=\"0\"><filters><filter val=\"{s}\"/></filters></filterColumn>\
             </autoFilter>"
        );
        with("", &row(1, "", "区分"), &filter)
    }),
    ("xlsx/format_shows_nothing.xlsx", |s| {
        rows(&format!("<row r=\"2\"><c r=\"A2\" s=\"1\" t=\"inlineStr\"><is><t>{s}</t></is></c></row>"))
    }),
    ("xlsx/white_on_white.xlsx", |s| looks("<color rgb=\"FFFFFFFF\"/>", "<patternFill patternType=\"none\"/>", s)),
    ("xlsx/colour_of_paper.xlsx", |s| looks("<color theme=\"0\"/>", "<patternFill patternType=\"none\"/>", s)),
    ("xlsx/white_on_a_dark_fill.xlsx", |s| {
        let fill = "<patternFill patternType=\"solid\"><fgColor rgb=\"FF1F3864\"/></patternFill>";
        looks("<color rgb=\"FFFFFFFF\"/>", fill, s)
    }),
    ("xlsx/colour_of_its_fill.xlsx", |s| {
        let fill = "<patternFill patternType=\"solid\"><fgColor rgb=\"FF1F3864\"/></patternFill>";
        looks("<color rgb=\"FF1F3864\"/>", fill, s)
    }),
    ("xlsx/letters_of_a_point.xlsx", |s| looks("<sz val=\"1\"/>", "<patternFill patternType=\"none\"/>", s)),
    ("xlsx/white_run.xlsx", |s| runs(WHITE, s).build()),
    ("xlsx/run_of_a_point.xlsx", |s| runs("<sz val=\"1\"/>", s).build()),
    ("xlsx/black_run.xlsx", |s| runs("<color rgb=\"FF000000\"/>", s).build()),
    ("xlsx/white_run_on_a_dark_fill.xlsx", |s| {
        let fill = "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FF1F3864\"/></patternFill></fill></fills>";
        runs(WHITE, s)
            .edit("xl/styles.xml", "</fills>", fill)
            .edit("xl/styles.xml", "</cellXfs>", "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"1\"/></cellXfs>")
            .part(SHEET, sheet("<row r=\"2\"><c r=\"A2\" s=\"2\" t=\"s\"><v>1</v></c></row>"))
            .build()
    }),
    ("xlsx/white_run_inline.xlsx", |s| {
        let run = format!("<r><t>公開</t></r><r><rPr>{WHITE}</rPr><t>{s}</t></r>");
        rows(&format!("<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is>{run}</is></c></row>"))
    }),
    ("xlsx/condition_shows_nothing.xlsx", |s| condition("<numFmt numFmtId=\"200\" formatCode=\";;;\"/>", "TRUE", s)),
    ("xlsx/white_by_condition.xlsx", |s| condition(&format!("<font>{WHITE}</font>"), "1=1", s)),
    ("xlsx/white_by_a_condition_that_may_hold.xlsx", |s| condition(&format!("<font>{WHITE}</font>"), "B1=1", s)),
    ("xlsx/format_says_it.xlsx", |s| {
        let format = format!("formatCode=\"&quot;{s}&quot;0\"");
        Package::workbook()
            .edit("xl/styles.xml", "formatCode=\";;;\"", &format)
            .part(SHEET, sheet("<row r=\"1\"><c r=\"A1\" s=\"1\"><v>1</v></c></row>"))
            .build()
    }),
    ("xlsx/phonetic_guide.xlsx", |s| {
        let phonetic = format!("<t>山田</t><rPh sb=\"0\" eb=\"2\"><t>{s}</t></rPh><phoneticPr fontId=\"0\"/>");
        Package::workbook().edit(STRINGS, "<t>種別</t>", &phonetic).build()
    }),
    ("xlsx/unused_shared_string.xlsx", |s| {
        Package::workbook().edit(STRINGS, "</sst>", &format!("<si><t>{s}</t></si></sst>")).build()
    }),
    ("xlsx/header.xlsx", |s| {
        with("", &row(1, "", "番号"), &format!("<headerFooter><oddHeader>&amp;C{s}</oddHeader></headerFooter>"))
    }),
    ("xlsx/footer.xlsx", |s| {
        with("", &row(1, "", "番号"), &format!("<headerFooter><oddFooter>&amp;R{s}</oddFooter></headerFooter>"))
    }),
    ("xlsx/first_page_header.xlsx", |s| {
        let header = format!("<headerFooter differentFirst=\"1\"><firstHeader>&amp;L{s}</firstHeader></headerFooter>");
        with("", &row(1, "", "番号"), &header)
    }),
    ("xlsx/validation_list.xlsx", |s| {
        let list = format!(
            "<dataValidations count=\"1\"><dataValidation type=\"list\" sqref=\"A1\"><formula1>\"{s},他\"</formula1>\
             </dataValidation></dataValidations>"
        );
        with("", &row(1, "", "番号"), &list)
    }),
    ("xlsx/validation_prompt.xlsx", |s| {
        let prompt = format!(
            "<dataValidations count=\"1\"><dataValidation type=\"whole\" sqref=\"A1\" promptTitle=\"入力\" prompt=\"{s}\">\
             <formula1>1</formula1></dataValidation></dataValidations>"
        );
        with("", &row(1, "", "番号"), &prompt)
    }),
    ("xlsx/validation_list_of_2010.xlsx", |s| {
        let list = format!(
            "<extLst><ext uri=\"{{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}}\" \
             xmlns:x14=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/main\"><x14:dataValidations count=\"1\" \
             xmlns:xm=\"http://schemas.microsoft.com/office/excel/2006/main\"><x14:dataValidation type=\"list\"><x14:formula1>\
             <xm:f>\"{s}\"</xm:f></x14:formula1><xm:sqref>A1</xm:sqref></x14:dataValidation></x14:dataValidations></ext></extLst>"
        );
        with("", &row(1, "", "番号"), &list)
    }),
    ("xlsx/conditional_format.xlsx", |s| {
        let rule = format!(
            "<conditionalFormatting sqref=\"A1\"><cfRule type=\"containsText\" priority=\"1\" operator=\"containsText\" \
             text=\"{s}\"><formula>NOT(ISERROR(SEARCH(\"x\",A1)))</formula></cfRule></conditionalFormatting>"
        );
        with("", &row(1, "", "番号"), &rule)
    }),
    ("xlsx/scenario.xlsx", |s| {
        let scenario = format!(
            "<scenarios current=\"0\"><scenario name=\"案\" count=\"1\" comment=\"{s}\"><inputCells r=\"A1\" val=\"1\"/></scenario>\
             </scenarios>"
        );
        with("", &row(1, "", "番号"), &scenario)
    }),
    ("xlsx/link_tooltip.xlsx", |s| {
        let link = format!("<hyperlinks><hyperlink ref=\"A1\" location=\"A1\" tooltip=\"{s}\"/></hyperlinks>");
        with("", &row(1, "", "番号"), &link)
    }),
    ("xlsx/defined_name.xlsx", |s| {
        let name = format!("</sheets><definedNames><definedName name=\"担当\">\"{s}\"</definedName></definedNames>");
        Package::workbook().edit(BOOK, "</sheets>", &name).build()
    }),
    ("xlsx/defined_name_hidden.xlsx", |s| {
        let name = format!(
            "</sheets><definedNames><definedName name=\"n\" hidden=\"1\" comment=\"{s}\">1</definedName></definedNames>"
        );
        Package::workbook().edit(BOOK, "</sheets>", &name).build()
    }),
    ("xlsx/protected_sheet.xlsx", |s| {
        with("", &row(2, "", s), "<sheetProtection password=\"CC1A\" sheet=\"1\" objects=\"1\"/>")
    }),
    ("xlsx/strict_namespace.xlsx", |s| {
        let strict = |text: String| {
            text.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")
                .replace(RELATIONS, "http://purl.oclc.org/ooxml/officeDocument/relationships")
        };
        everywhere(&Package::workbook().edit(STRINGS, "種別", s), strict)
    }),
    ("xlsx/prefixed_elements.xlsx", |s| {
        let cells = format!(
            "<x:worksheet xmlns:x=\"{MAIN}\"><x:sheetData><x:row r=\"1\"><x:c r=\"A1\" t=\"inlineStr\"><x:is><x:t>{s}</x:t>\
             </x:is></x:c></x:row></x:sheetData></x:worksheet>"
        );
        Package::workbook().part(SHEET, xml(&cells)).build()
    }),
    ("xlsx/sheet_in_utf16.xlsx", |s| {
        let text = sheet(&row(2, "", s)).replace("UTF-8", "UTF-16");
        Package::workbook().part(SHEET, [vec![0xff, 0xfe], wide(&text)].concat()).build()
    }),
    ("xlsx/strings_in_shift_jis.xlsx", |s| {
        let text = xml(&format!("<sst xmlns=\"{MAIN}\"><si><t>番号</t></si><si><t>{s}</t></si></sst>"));
        Package::workbook().part(STRINGS, super::cp932(&text.replace("UTF-8", "Shift_JIS"))).build()
    }),
    ("xlsx/backslashes_in_part_names.xlsx", |s| {
        let package = Package::workbook().edit(STRINGS, "種別", s);
        let entries: Vec<zipped::Entry> =
            package.parts().iter().map(|(name, content)| zipped::entry(&name.replace('/', "\\"), content)).collect();
        zipped::archive(&entries)
    }),
    ("xlsx/part_names_in_capitals.xlsx", |s| {
        let package = Package::workbook().edit(STRINGS, "種別", s);
        let capital = |name: &str| if name.starts_with("xl") { name.to_uppercase() } else { name.to_owned() };
        let entries: Vec<zipped::Entry> =
            package.parts().iter().map(|(name, content)| zipped::entry(&capital(name), content)).collect();
        zipped::archive(&entries)
    }),
    ("xlsx/comment_of_xml.xlsx", |s| rows(&format!("<!-- {s} --><row r=\"1\"/>"))),
    ("xlsx/instruction_of_xml.xlsx", |s| rows(&format!("<?memo {s}?><row r=\"1\"/>"))),
    ("xlsx/attribute_of_nobody.xlsx", |s| {
        let cells = format!("<row r=\"1\"><c r=\"A1\" xmlns:q=\"urn:q\" q:memo=\"{s}\"><v>1</v></c></row>");
        rows(&cells)
    }),
    ("xlsx/attribute_of_a_string.xlsx", |s| {
        let string = format!("<si q:memo=\"{s}\" xmlns:q=\"urn:q\"><t>種別</t>");
        Package::workbook().edit(STRINGS, "<si><t>種別</t>", &string).build()
    }),
    ("xlsx/attribute_of_a_column.xlsx", |s| {
        with(
            &format!("<cols><col min=\"1\" max=\"1\" q:memo=\"{s}\" xmlns:q=\"urn:q\"/></cols>"),
            &row(1, "", "番号"),
            "",
        )
    }),
    ("xlsx/behind_the_root_element.xlsx", |s| {
        Package::workbook().part(SHEET, sheet(&row(1, "", "番号")) + &format!("\n<!-- {s} -->")).build()
    }),
];

/// A cell of which the letters and the fill are like this.
fn looks(font: &str, fill: &str, text: &str) -> Vec<u8> {
    let cell = format!("<row r=\"2\"><c r=\"A2\" s=\"2\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>");
    Package::workbook()
        .edit("xl/styles.xml", "</fonts>", &format!("<font>{font}</font></fonts>"))
        .edit("xl/styles.xml", "</fills>", &format!("<fill>{fill}</fill></fills>"))
        .edit("xl/styles.xml", "</cellXfs>", "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"1\"/></cellXfs>")
        .part(SHEET, sheet(&cell))
        .build()
}

const WHITE: &str = "<color rgb=\"FFFFFFFF\"/>";

/// A cell of two runs, the second with these looks.
fn runs(looks: &str, text: &str) -> Package {
    let runs = format!("<r><t>公開</t></r><r><rPr>{looks}</rPr><t>{text}</t></r>");
    Package::workbook().edit(STRINGS, "<t>種別</t>", &runs)
}

/// A cell to which a condition gives these looks if the formula holds.
fn condition(looks: &str, formula: &str, text: &str) -> Vec<u8> {
    let rule = format!(
        "<conditionalFormatting sqref=\"A2:A9\"><cfRule type=\"expression\" dxfId=\"0\" priority=\"1\">\
         <formula>{formula}</formula></cfRule></conditionalFormatting>"
    );
    Package::workbook()
        .edit("xl/styles.xml", "</styleSheet>", &format!("<dxfs count=\"1\"><dxf>{looks}</dxf></dxfs></styleSheet>"))
        .part(SHEET, sheet_with("", &row(2, "", text), &rule))
        .build()
}

fn rows(rows: &str) -> Vec<u8> {
    with("", rows, "")
}

fn with(before: &str, rows: &str, behind: &str) -> Vec<u8> {
    Package::workbook().part(SHEET, sheet_with(before, rows, behind)).build()
}

fn second_sheet(secret: &str, state: &str) -> Vec<u8> {
    let second = format!("<sheet name=\"控え\" sheetId=\"2\"{state} r:id=\"rId4\"/></sheets>");
    Package::workbook()
        .edit(BOOK, "</sheets>", &second)
        .related(BOOK, "worksheet", "worksheets/sheet2.xml", SHEET_TYPE, sheet(&row(3, "", secret)))
        .build()
}

/// The package with every part of text changed.
fn everywhere(package: &Package, change: impl Fn(String) -> String) -> Vec<u8> {
    let text = |content: &[u8]| String::from_utf8(content.to_vec()).unwrap();
    let entries: Vec<zipped::Entry> =
        package.parts().iter().map(|(name, content)| zipped::entry(name, change(text(content)))).collect();
    zipped::archive(&entries)
}

fn halves(text: &str) -> (&str, &str) {
    let at = text.char_indices().nth(8).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}
