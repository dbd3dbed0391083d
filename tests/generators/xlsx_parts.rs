//! Workbooks of Office Open XML, second half: the secret in a part beside the sheets.
//!
//! In: a secret. Out: a package with it in one place. Deliberately absent: the sheets themselves (`xlsx`).

use super::Maker;
use super::ole;
use super::package::{DRAWING, MAIN, Package, RELATIONS, label, xml};
use super::{docx, wide};

const BOOK: &str = "xl/workbook.xml";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const DRAWN: &str = "application/vnd.openxmlformats-officedocument.drawing+xml";
const SHAPES: &str = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing";
const CHART: &str = "http://schemas.openxmlformats.org/drawingml/2006/chart";
const PROPERTIES: &str = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes";

pub(crate) const CASES: &[Maker] = &[
    ("xlsx/comment.xlsx", |s| comments("山田", s)),
    ("xlsx/comment_author.xlsx", |s| comments(s, "確認")),
    ("xlsx/threaded_comment.xlsx", |s| {
        let thread = format!(
            "<ThreadedComments xmlns=\"http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments\">\
             <threadedComment ref=\"A1\" dT=\"2026-01-01T00:00:00\" personId=\"{{1}}\" id=\"{{2}}\"><text>{s}</text>\
             </threadedComment></ThreadedComments>"
        );
        beside_sheet(
            "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment",
            "threadedComments/threadedComment1.xml",
            &thread,
        )
    }),
    ("xlsx/person_of_a_thread.xlsx", |s| {
        let persons = format!(
            "<personList xmlns=\"http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments\">\
             <person displayName=\"{s}\" id=\"{{1}}\" userId=\"u\" providerId=\"None\"/></personList>"
        );
        beside_book("http://schemas.microsoft.com/office/2017/10/relationships/person", "persons/person.xml", &persons)
    }),
    ("xlsx/text_box.xlsx", |s| {
        drawing(&format!("<xdr:txBody><a:bodyPr/><a:p><a:r><a:t>{s}</a:t></a:r></a:p></xdr:txBody>"), "図")
    }),
    ("xlsx/alternative_text.xlsx", |s| drawing("", s)),
    ("xlsx/vml_shape.xlsx", |s| {
        let vml = format!(
            "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><v:shape \
             id=\"s1\" type=\"#t\"><v:textbox><div style='text-align:left'><font>{s}</font></div></v:textbox>\
             <x:ClientData ObjectType=\"Rect\"/></v:shape></xml>"
        );
        Package::workbook()
            .edit(SHEET, "</worksheet>", "<legacyDrawing r:id=\"rId1\"/></worksheet>")
            .relation(SHEET, "vmlDrawing", "../drawings/vmlDrawing1.vml")
            .part("xl/drawings/vmlDrawing1.vml", vml)
            .build()
    }),
    ("xlsx/chart_cache.xlsx", |s| {
        chart(
            &format!(
                "<c:ser><c:cat><c:strRef><c:f>Sheet9!$A$1</c:f><c:strCache><c:ptCount val=\"1\"/><c:pt idx=\"0\"><c:v>{s}</c:v></c:pt>\
             </c:strCache></c:strRef></c:cat></c:ser>"
            ),
            "売上",
        )
    }),
    ("xlsx/chart_title.xlsx", |s| chart("", s)),
    ("xlsx/chart_sheet.xlsx", |s| {
        let sheet = format!(
            "<chartsheet xmlns=\"{MAIN}\"><headerFooter><oddHeader>{s}</oddHeader></headerFooter></chartsheet>"
        );
        Package::workbook()
            .edit(BOOK, "</sheets>", "<sheet name=\"図\" sheetId=\"2\" r:id=\"rId4\"/></sheets>")
            .related(
                BOOK,
                "chartsheet",
                "chartsheets/sheet1.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.chartsheet+xml",
                xml(&sheet),
            )
            .build()
    }),
    ("xlsx/diagram.xlsx", |s| {
        let data = format!(
            "<dgm:dataModel xmlns:dgm=\"http://schemas.openxmlformats.org/drawingml/2006/diagram\" xmlns:a=\"{DRAWING}\"><dgm:ptLst>\
             <dgm:pt modelId=\"1\"><dgm:t><a:bodyPr/><a:p><a:r><a:t>{s}</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
        );
        beside_sheet("diagramData", "diagrams/data1.xml", &data)
    }),
    ("xlsx/pivot_records.xlsx", |s| {
        let records = format!(
            "<pivotCacheRecords xmlns=\"{MAIN}\" count=\"1\"><r><s v=\"{s}\"/><n v=\"1\"/></r></pivotCacheRecords>"
        );
        Package::workbook()
            .related(
                BOOK,
                "pivotCacheDefinition",
                "pivotCache/pivotCacheDefinition1.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheDefinition+xml",
                pivot("<sharedItems/>"),
            )
            .related(
                "xl/pivotCache/pivotCacheDefinition1.xml",
                "pivotCacheRecords",
                "pivotCacheRecords1.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheRecords+xml",
                xml(&records),
            )
            .build()
    }),
    ("xlsx/pivot_shared_items.xlsx", |s| {
        let definition = pivot(&format!("<sharedItems count=\"1\"><s v=\"{s}\"/></sharedItems>"));
        Package::workbook()
            .related(
                BOOK,
                "pivotCacheDefinition",
                "pivotCache/pivotCacheDefinition1.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.pivotCacheDefinition+xml",
                definition,
            )
            .build()
    }),
    ("xlsx/pivot_caption.xlsx", |s| {
        let table = format!(
            "<pivotTableDefinition xmlns=\"{MAIN}\" name=\"p\" cacheId=\"1\" dataCaption=\"値\" rowHeaderCaption=\"{s}\"/>"
        );
        beside_sheet("pivotTable", "pivotTables/pivotTable1.xml", &table)
    }),
    ("xlsx/slicer.xlsx", |s| {
        let slicers = format!(
            "<slicers xmlns=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/main\"><slicer name=\"a\" cache=\"b\" caption=\"{s}\" \
             rowHeight=\"1\"/></slicers>"
        );
        beside_sheet("http://schemas.microsoft.com/office/2007/relationships/slicer", "slicers/slicer1.xml", &slicers)
    }),
    ("xlsx/external_link_cache.xlsx", |s| {
        let link = format!(
            "<externalLink xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><externalBook r:id=\"rId1\"><sheetNames><sheetName val=\"外\"/></sheetNames>\
             <sheetDataSet><sheetData sheetId=\"0\"><row r=\"1\"><cell r=\"A1\" t=\"str\"><v>{s}</v></cell></row></sheetData></sheetDataSet>\
             </externalBook></externalLink>"
        );
        beside_book("externalLink", "externalLinks/externalLink1.xml", &link)
    }),
    ("xlsx/external_link_path.xlsx", |s| {
        let link = format!(
            "<externalLink xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><externalBook r:id=\"rId1\"/></externalLink>"
        );
        Package::workbook()
            .related(
                BOOK,
                "externalLink",
                "externalLinks/externalLink1.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml",
                xml(&link),
            )
            .relation("xl/externalLinks/externalLink1.xml", "externalLinkPath", &format!("file:///C:/{s}.xlsx"))
            .build()
    }),
    ("xlsx/connection.xlsx", |s| {
        let connections = format!(
            "<connections xmlns=\"{MAIN}\"><connection id=\"1\" name=\"基幹\" type=\"1\"><dbPr connection=\"DSN=crm;UID={s}\" \
             command=\"SELECT\"/></connection></connections>"
        );
        beside_book("connections", "connections.xml", &connections)
    }),
    ("xlsx/query_table.xlsx", |s| {
        let query = format!(
            "<queryTable xmlns=\"{MAIN}\" name=\"q\" connectionId=\"1\"><queryTableRefresh><queryTableFields count=\"1\">\
             <queryTableField id=\"1\" name=\"{s}\"/></queryTableFields></queryTableRefresh></queryTable>"
        );
        beside_sheet("queryTable", "queryTables/queryTable1.xml", &query)
    }),
    ("xlsx/table_column.xlsx", |s| {
        let table = format!(
            "<table xmlns=\"{MAIN}\" id=\"1\" name=\"t\" displayName=\"t\" ref=\"A1:B2\" headerRowCount=\"0\"><tableColumns count=\"1\">\
             <tableColumn id=\"1\" name=\"{s}\"/></tableColumns></table>"
        );
        beside_sheet("table", "tables/table1.xml", &table)
    }),
    ("xlsx/custom_xml.xlsx", |s| {
        Package::workbook()
            .relation(BOOK, "customXml", "../customXml/item1.xml")
            .part("customXml/item1.xml", format!("<顧客 xmlns=\"urn:crm\"><氏名>{s}</氏名></顧客>"))
            .build()
    }),
    ("xlsx/xml_map.xlsx", |s| {
        let maps = format!(
            "<MapInfo xmlns=\"{MAIN}\" SelectionNamespaces=\"\"><Map ID=\"1\" Name=\"{s}\" RootElement=\"r\"/></MapInfo>"
        );
        beside_book("xmlMaps", "xmlMaps.xml", &maps)
    }),
    ("xlsx/revision_log.xlsx", |s| {
        let log = format!(
            "<revisions xmlns=\"{MAIN}\"><rcc rId=\"1\" sId=\"1\"><oc r=\"A1\" t=\"inlineStr\"><is><t>{s}</t></is></oc><nc r=\"A1\"/></rcc>\
             </revisions>"
        );
        beside_book("revisionLog", "revisions/revisionLog1.xml", &log)
    }),
    ("xlsx/core_property.xlsx", |s| {
        let core = format!(
            "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:creator>{s}</dc:creator></cp:coreProperties>"
        );
        Package::workbook()
            .relation(
                "",
                "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties",
                "docProps/core.xml",
            )
            .part("docProps/core.xml", xml(&core))
            .build()
    }),
    ("xlsx/app_property.xlsx", |s| {
        let app = format!(
            "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\"><Manager>{s}</Manager>\
             </Properties>"
        );
        Package::workbook()
            .relation("", "extended-properties", "docProps/app.xml")
            .part("docProps/app.xml", xml(&app))
            .build()
    }),
    ("xlsx/custom_property.xlsx", |s| property("担当者", s)),
    ("xlsx/custom_property_name.xlsx", |s| property(s, "一")),
    ("xlsx/sensitivity_label.xlsx", |s| {
        Package::workbook()
            .relation(
                "",
                "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels",
                "docMetadata/LabelInfo.xml",
            )
            .part("docMetadata/LabelInfo.xml", label(s))
            .build()
    }),
    ("xlsx/picture_with_a_description.xlsx", |s| {
        let picture =
            format!("<xdr:pic><xdr:nvPicPr><xdr:cNvPr id=\"2\" name=\"図\" descr=\"{s}\"/></xdr:nvPicPr></xdr:pic>");
        let drawing = format!(
            "<xdr:wsDr xmlns:xdr=\"http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing\"><xdr:twoCellAnchor>{picture}\
             </xdr:twoCellAnchor></xdr:wsDr>"
        );
        Package::workbook()
            .related(SHEET, "drawing", "../drawings/drawing1.xml", "application/xml", xml(&drawing))
            .related(
                "xl/drawings/drawing1.xml",
                "image",
                "../media/image1.png",
                "image/png",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            )
            .build()
    }),
    ("xlsx/embedded_workbook.xlsx", |s| {
        embedded(
            "package",
            "../embeddings/Sheet.xlsx",
            &Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build(),
        )
    }),
    ("xlsx/embedded_document.xlsx", |s| embedded("package", "../embeddings/Document.docx", &docx::simple(s))),
    ("xlsx/embedded_package.xlsx", |s| {
        embedded("oleObject", "../embeddings/oleObject1.bin", &ole::package("名簿.txt", &super::cp932(s)))
    }),
    ("xlsx/macro.xlsm", |s| {
        Package::workbook()
            .edit("[Content_Types].xml", "spreadsheetml.sheet.main+xml", "spreadsheetml.sheet.macroEnabled.main+xml")
            .relation(BOOK, "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin")
            .part("xl/vbaProject.bin", ole::compound(ole::vba(s)))
            .build()
    }),
    ("xlsx/control_property.xlsx", |s| {
        let control = format!(
            "<formControlPr xmlns=\"http://schemas.microsoft.com/office/spreadsheetml/2009/9/main\" objectType=\"Label\" altText=\"{s}\"/>"
        );
        beside_sheet("ctrlProp", "ctrlProps/ctrlProp1.xml", &control)
    }),
    ("xlsx/printer_settings.xlsx", |s| {
        Package::workbook()
            .relation(SHEET, "printerSettings", "../printerSettings/printerSettings1.bin")
            .part(
                "xl/printerSettings/printerSettings1.bin",
                [wide("複合機"), vec![0; 64], wide(s), vec![0; 32]].concat(),
            )
            .build()
    }),
    ("xlsx/custom_ribbon.xlsx", |s| {
        let ribbon = format!(
            "<customUI xmlns=\"http://schemas.microsoft.com/office/2009/07/customui\"><ribbon><button label=\"{s}\"/></ribbon></customUI>"
        );
        Package::workbook()
            .relation(
                "",
                "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility",
                "customUI/customUI14.xml",
            )
            .part("customUI/customUI14.xml", xml(&ribbon))
            .build()
    }),
    ("xlsx/sheet_that_no_relation_names.xlsx", |s| {
        Package::workbook()
            .part("xl/worksheets/sheet9.xml", super::package::sheet(&super::package::row(1, "", s)))
            .build()
    }),
    ("xlsx/part_of_text_that_nobody_names.xlsx", |s| Package::workbook().part("xl/memo.txt", s).build()),
    ("xlsx/part_of_bytes_that_nobody_names.xlsx", |s| {
        Package::workbook()
            .part("xl/media/data.bin", [&[1, 2, 3, 0xfe][..], s.as_bytes(), &[0, 9, 0x80]].concat())
            .build()
    }),
    ("xlsx/picture_that_is_an_archive.xlsx", |s| {
        Package::workbook().part("xl/media/image1.png", super::zipped::archive_of(&[("a.txt", s.as_bytes())])).build()
    }),
    ("xlsx/relation_target.xlsx", |s| {
        Package::workbook().relation(SHEET, "hyperlink", &format!("https://example.jp/?q={s}")).build()
    }),
    ("xlsx/rich_value.xlsx", |s| {
        let values = format!(
            "<rvData xmlns=\"http://schemas.microsoft.com/office/spreadsheetml/2017/richdata\" count=\"1\"><rv s=\"0\"><v>{s}</v></rv></rvData>"
        );
        beside_book(
            "http://schemas.microsoft.com/office/2017/06/relationships/rdRichValue",
            "richData/rdrichvalue.xml",
            &values,
        )
    }),
];

fn beside_sheet(kind: &str, target: &str, content: &str) -> Vec<u8> {
    Package::workbook().related(SHEET, kind, &format!("../{target}"), "application/xml", xml(content)).build()
}

fn beside_book(kind: &str, target: &str, content: &str) -> Vec<u8> {
    Package::workbook().related(BOOK, kind, target, "application/xml", xml(content)).build()
}

fn comments(author: &str, text: &str) -> Vec<u8> {
    let list = format!(
        "<comments xmlns=\"{MAIN}\"><authors><author>{author}</author></authors><commentList><comment ref=\"B1\" authorId=\"0\">\
         <text><r><t>{text}</t></r></text></comment></commentList></comments>"
    );
    let typed = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml";
    Package::workbook().related(SHEET, "comments", "../comments1.xml", typed, xml(&list)).build()
}

fn drawing(body: &str, description: &str) -> Vec<u8> {
    let shape = format!(
        "<xdr:wsDr xmlns:xdr=\"{SHAPES}\" xmlns:a=\"{DRAWING}\"><xdr:absoluteAnchor><xdr:sp><xdr:nvSpPr><xdr:cNvPr id=\"2\" \
         name=\"図形\" descr=\"{description}\"/><xdr:cNvSpPr/></xdr:nvSpPr><xdr:spPr/>{body}</xdr:sp><xdr:clientData/>\
         </xdr:absoluteAnchor></xdr:wsDr>"
    );
    Package::workbook()
        .edit(SHEET, "</worksheet>", "<drawing r:id=\"rId1\"/></worksheet>")
        .related(SHEET, "drawing", "../drawings/drawing1.xml", DRAWN, xml(&shape))
        .build()
}

fn chart(series: &str, title: &str) -> Vec<u8> {
    let chart = format!(
        "<c:chartSpace xmlns:c=\"{CHART}\" xmlns:a=\"{DRAWING}\"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r></a:p>\
         </c:rich></c:tx></c:title><c:plotArea><c:barChart>{series}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
    );
    let frame = format!(
        "<xdr:wsDr xmlns:xdr=\"{SHAPES}\" xmlns:a=\"{DRAWING}\" xmlns:r=\"{RELATIONS}\"><xdr:absoluteAnchor><xdr:graphicFrame>\
         <a:graphic><a:graphicData><c:chart xmlns:c=\"{CHART}\" r:id=\"rId1\"/></a:graphicData></a:graphic></xdr:graphicFrame>\
         </xdr:absoluteAnchor></xdr:wsDr>"
    );
    let typed = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml";
    Package::workbook()
        .edit(SHEET, "</worksheet>", "<drawing r:id=\"rId1\"/></worksheet>")
        .related(SHEET, "drawing", "../drawings/drawing1.xml", DRAWN, xml(&frame))
        .related("xl/drawings/drawing1.xml", "chart", "../charts/chart1.xml", typed, xml(&chart))
        .build()
}

fn pivot(items: &str) -> String {
    xml(&format!(
        "<pivotCacheDefinition xmlns=\"{MAIN}\" recordCount=\"1\"><cacheSource type=\"worksheet\"><worksheetSource ref=\"A1:B2\" sheet=\"元\"/>\
         </cacheSource><cacheFields count=\"1\"><cacheField name=\"氏名\">{items}</cacheField></cacheFields></pivotCacheDefinition>"
    ))
}

fn property(name: &str, value: &str) -> Vec<u8> {
    let custom = format!(
        "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" xmlns:vt=\"{PROPERTIES}\">\
         <property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"2\" name=\"{name}\"><vt:lpwstr>{value}</vt:lpwstr></property></Properties>"
    );
    Package::workbook()
        .relation("", "custom-properties", "docProps/custom.xml")
        .part("docProps/custom.xml", xml(&custom))
        .build()
}

fn embedded(kind: &str, target: &str, content: &[u8]) -> Vec<u8> {
    Package::workbook().related(SHEET, kind, target, "application/octet-stream", content).build()
}
