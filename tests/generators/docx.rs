//! Word documents of Office Open XML.
//!
//! In: a secret. Out: a package with it in one place. Deliberately absent: Word 97–2003 (`document`).

use super::Maker;
use super::package::{DRAWING, Package, RELATIONS, WORD, label, paragraph, xml};
use super::{ole, wide, zipped};

const MAIN: &str = "word/document.xml";
const KIND: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml";

pub(crate) const CASES: &[Maker] = &[
    ("docx/paragraph.docx", simple),
    ("docx/split_over_runs.docx", |s| {
        let runs: String = s
            .chars()
            .map(|c| format!("<w:r><w:rPr><w:lang w:val=\"ja\"/></w:rPr><w:t xml:space=\"preserve\">{c}</w:t></w:r>"))
            .collect();
        body(&format!("<w:p>{runs}</w:p>"))
    }),
    ("docx/split_by_proofing_and_bookmarks.docx", |s| {
        let runs: String = s
            .chars()
            .map(|c| format!("<w:proofErr w:type=\"spellStart\"/><w:bookmarkStart w:id=\"1\" w:name=\"b\"/><w:r><w:t xml:space=\"preserve\">{c}</w:t></w:r>"))
            .collect();
        body(&format!("<w:p>{runs}</w:p>"))
    }),
    ("docx/table_cell.docx", |s| {
        body(&format!("<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>", paragraph("氏名"), paragraph(s)))
    }),
    ("docx/nested_table.docx", |s| {
        let inner = format!("<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>", paragraph(s));
        body(&format!("<w:tbl><w:tr><w:tc>{inner}<w:p/></w:tc></w:tr></w:tbl>"))
    }),
    ("docx/hidden_text.docx", |s| body(&format!("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{s}</w:t></w:r></w:p>"))),
    ("docx/hidden_by_style.docx", |s| {
        let style = "<w:style w:type=\"character\" w:styleId=\"H\"><w:rPr><w:vanish/></w:rPr></w:style>";
        styled(style, &format!("<w:p><w:r><w:rPr><w:rStyle w:val=\"H\"/></w:rPr><w:t>{s}</w:t></w:r></w:p>"))
    }),
    ("docx/hidden_by_the_style_of_a_style.docx", |s| {
        let styles = "<w:style w:type=\"paragraph\" w:styleId=\"A\"><w:rPr><w:vanish/></w:rPr></w:style>\
             <w:style w:type=\"paragraph\" w:styleId=\"B\"><w:basedOn w:val=\"A\"/></w:style>";
        styled(styles, &format!("<w:p><w:pPr><w:pStyle w:val=\"B\"/></w:pPr><w:r><w:t>{s}</w:t></w:r></w:p>"))
    }),
    ("docx/shown_in_a_hidden_style.docx", |s| {
        let style = "<w:style w:type=\"paragraph\" w:styleId=\"A\"><w:rPr><w:vanish/></w:rPr></w:style>";
        let run = format!("<w:r><w:rPr><w:vanish w:val=\"0\"/></w:rPr><w:t>{s}</w:t></w:r>");
        styled(style, &format!("<w:p><w:pPr><w:pStyle w:val=\"A\"/></w:pPr>{run}</w:p>"))
    }),
    ("docx/white_by_style.docx", |s| {
        let style =
            "<w:style w:type=\"character\" w:styleId=\"W\"><w:rPr><w:color w:val=\"FEFEFE\"/></w:rPr></w:style>";
        styled(style, &format!("<w:p><w:r><w:rPr><w:rStyle w:val=\"W\"/></w:rPr><w:t>{s}</w:t></w:r></w:p>"))
    }),
    ("docx/colour_of_its_shade.docx", |s| {
        let shade = "<w:color w:val=\"1F3864\"/><w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"1F3864\"/>";
        body(&format!("<w:p><w:r><w:rPr>{shade}</w:rPr><w:t>{s}</w:t></w:r></w:p>"))
    }),
    ("docx/white_in_a_dark_cell.docx", |s| {
        let cell = "<w:tcPr><w:shd w:val=\"clear\" w:fill=\"1F3864\"/></w:tcPr>";
        let run = format!("<w:r><w:rPr><w:color w:val=\"FFFFFF\"/></w:rPr><w:t>{s}</w:t></w:r>");
        body(&format!("<w:tbl><w:tr><w:tc>{cell}<w:p>{run}</w:p></w:tc></w:tr></w:tbl>"))
    }),
    ("docx/letters_of_a_point.docx", |s| {
        body(&format!("<w:p><w:r><w:rPr><w:sz w:val=\"2\"/></w:rPr><w:t>{s}</w:t></w:r></w:p>"))
    }),
    ("docx/white_in_a_text_box_without_a_fill.docx", |s| {
        let run = format!("<w:r><w:rPr><w:color w:val=\"FFFFFF\"/></w:rPr><w:t>{s}</w:t></w:r>");
        body(&format!(
            "<w:p><w:r><w:drawing><wps:wsp><wps:spPr><a:noFill/></wps:spPr><wps:txbx><w:txbxContent><w:p>{run}</w:p>\
             </w:txbxContent></wps:txbx></wps:wsp></w:drawing></w:r></w:p>"
        ))
    }),
    ("docx/deleted_row.docx", |s| {
        let row = format!("<w:tr><w:trPr><w:del w:id=\"1\"/></w:trPr><w:tc>{}</w:tc></w:tr>", paragraph(s));
        body(&format!("<w:tbl><w:tr><w:tc>{}</w:tc></w:tr>{row}</w:tbl>", paragraph("氏名")))
    }),
    ("docx/sensitivity_label.docx", |s| Package::document("").part("docMetadata/LabelInfo.xml", label(s)).build()),
    ("docx/core_property.docx", |s| {
        let core = format!(
            "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:creator>{s}</dc:creator></cp:coreProperties>"
        );
        Package::document("").part("docProps/core.xml", xml(&core)).build()
    }),
    ("docx/app_property.docx", |s| {
        let app = format!(
            "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties\"><Company>{s}</Company>\
             </Properties>"
        );
        Package::document("").part("docProps/app.xml", xml(&app)).build()
    }),
    ("docx/custom_property.docx", |s| {
        let custom = format!(
            "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\"><property name=\"担当者\">\
             <vt:lpwstr>{s}</vt:lpwstr></property></Properties>"
        );
        Package::document("").part("docProps/custom.xml", xml(&custom)).build()
    }),
    ("docx/picture_with_a_description.docx", |s| {
        Package::document(&format!(
            "<w:p><w:r><w:drawing><wp:inline><wp:docPr id=\"1\" name=\"図\" descr=\"{s}\"/></wp:inline></w:drawing></w:r></w:p>"
        ))
        .part("word/media/image1.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
        .build()
    }),
    ("docx/white_on_white.docx", |s| {
        body(&format!("<w:p><w:r><w:rPr><w:color w:val=\"FFFFFF\"/></w:rPr><w:t>{s}</w:t></w:r></w:p>"))
    }),
    ("docx/deleted.docx", |s| {
        body(&format!("<w:p><w:del w:id=\"1\" w:author=\"a\"><w:r><w:delText>{s}</w:delText></w:r></w:del></w:p>"))
    }),
    ("docx/inserted.docx", |s| {
        body(&format!("<w:p><w:ins w:id=\"1\" w:author=\"a\"><w:r><w:t>{s}</w:t></w:r></w:ins></w:p>"))
    }),
    ("docx/moved_away.docx", |s| {
        body(&format!("<w:p><w:moveFrom w:id=\"1\"><w:r><w:t>{s}</w:t></w:r></w:moveFrom></w:p>"))
    }),
    ("docx/author_of_a_change.docx", |s| {
        body(&format!("<w:p><w:ins w:id=\"1\" w:author=\"{s}\"><w:r><w:t>x</w:t></w:r></w:ins></w:p>"))
    }),
    ("docx/header.docx", |s| story("header", "hdr", s)),
    ("docx/footer.docx", |s| story("footer", "ftr", s)),
    ("docx/footnote.docx", |s| notes("footnotes", "footnote", s)),
    ("docx/endnote.docx", |s| notes("endnotes", "endnote", s)),
    ("docx/comment.docx", |s| notes("comments", "comment", s)),
    ("docx/comment_author.docx", |s| {
        let comments = format!(
            "<w:comments xmlns:w=\"{WORD}\"><w:comment w:id=\"0\" w:author=\"{s}\">{}</w:comment></w:comments>",
            paragraph("確認")
        );
        related("comments", "comments.xml", &comments)
    }),
    ("docx/person.docx", |s| {
        let people = format!(
            "<w15:people xmlns:w15=\"http://schemas.microsoft.com/office/word/2012/wordml\"><w15:person w15:author=\"{s}\"/></w15:people>"
        );
        related("http://schemas.microsoft.com/office/2011/relationships/people", "people.xml", &people)
    }),
    ("docx/text_box.docx", |s| {
        body(&format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing><wp:inline><a:graphic><a:graphicData><wps:wsp><wps:txbx>\
             <w:txbxContent>{0}</w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>\
             <mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>{0}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback>\
             </mc:AlternateContent></w:r></w:p>",
            paragraph(s)
        ))
    }),
    ("docx/only_in_the_fallback.docx", |s| {
        body(&format!(
            "<w:p><w:r><mc:AlternateContent><mc:Choice Requires=\"wps\"><w:drawing/></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>\
             <w:txbxContent>{}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
            paragraph(s)
        ))
    }),
    ("docx/vml_text_path.docx", |s| {
        body(&format!("<w:p><w:r><w:pict><v:shape><v:textpath string=\"{s}\"/></v:shape></w:pict></w:r></w:p>"))
    }),
    ("docx/alternative_text.docx", |s| {
        body(&format!(
            "<w:p><w:r><w:drawing><wp:inline><wp:docPr id=\"1\" name=\"図\" descr=\"{s}\"/></wp:inline></w:drawing></w:r></w:p>"
        ))
    }),
    ("docx/content_control.docx", |s| {
        body(&format!(
            "<w:sdt><w:sdtPr><w:alias w:val=\"氏名\"/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
            paragraph(s)
        ))
    }),
    ("docx/choice_of_a_content_control.docx", |s| {
        body(&format!(
            "<w:sdt><w:sdtPr><w:dropDownList><w:listItem w:displayText=\"{s}\" w:value=\"1\"/></w:dropDownList></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
            paragraph("選択")
        ))
    }),
    ("docx/field_instruction.docx", |s| {
        body(&format!(
            "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>FILLIN \"{s}\"</w:instrText></w:r><w:r><w:fldChar \
             w:fldCharType=\"separate\"/></w:r><w:r><w:t>-</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r></w:p>"
        ))
    }),
    ("docx/field_result.docx", |s| {
        body(&format!("<w:p><w:fldSimple w:instr=\"AUTHOR\"><w:r><w:t>{s}</w:t></w:r></w:fldSimple></w:p>"))
    }),
    ("docx/form_field_default.docx", |s| {
        body(&format!(
            "<w:p><w:r><w:fldChar w:fldCharType=\"begin\"><w:ffData><w:textInput><w:default w:val=\"{s}\"/></w:textInput></w:ffData></w:fldChar></w:r></w:p>"
        ))
    }),
    ("docx/formula.docx", |s| body(&format!("<w:p><m:oMath><m:r><m:t>{s}</m:t></m:r></m:oMath></w:p>"))),
    ("docx/ruby.docx", |s| {
        let (name, rest) = s.split_once(' ').unwrap_or((s, ""));
        body(&format!(
            "<w:p><w:r><w:ruby><w:rt><w:r><w:t>るび</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>{name}</w:t></w:r></w:rubyBase></w:ruby></w:r>\
             <w:r><w:t xml:space=\"preserve\"> {rest}</w:t></w:r></w:p>"
        ))
    }),
    ("docx/document_variable.docx", |s| {
        related(
            "settings",
            "settings.xml",
            &format!(
                "<w:settings xmlns:w=\"{WORD}\"><w:docVars><w:docVar w:name=\"v\" w:val=\"{s}\"/></w:docVars></w:settings>"
            ),
        )
    }),
    ("docx/mail_merge_query.docx", |s| {
        related(
            "settings",
            "settings.xml",
            &format!(
                "<w:settings xmlns:w=\"{WORD}\"><w:mailMerge><w:query w:val=\"SELECT {s}\"/></w:mailMerge></w:settings>"
            ),
        )
    }),
    ("docx/glossary.docx", |s| {
        let glossary = format!(
            "<w:glossaryDocument xmlns:w=\"{WORD}\"><w:docParts><w:docPart><w:docPartBody>{}</w:docPartBody></w:docPart></w:docParts></w:glossaryDocument>",
            paragraph(s)
        );
        related("glossaryDocument", "glossary/document.xml", &glossary)
    }),
    ("docx/alternative_chunk.docx", |s| {
        Package::document("<w:altChunk r:id=\"rId1\"/>")
            .related(MAIN, "aFChunk", "afchunk.html", "text/html", format!("<html><body><p>{s}</p></body></html>"))
            .build()
    }),
    ("docx/custom_xml.docx", |s| {
        Package::document("")
            .relation(MAIN, "customXml", "../customXml/item1.xml")
            .part("customXml/item1.xml", format!("<c><n>{s}</n></c>"))
            .build()
    }),
    ("docx/chart_of_the_document.docx", |s| {
        let chart = format!(
            "<c:chartSpace xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\"><c:chart><c:plotArea><c:ser><c:tx><c:strRef><c:strCache><c:pt idx=\"0\"><c:v>{s}</c:v></c:pt></c:strCache></c:strRef></c:tx></c:ser></c:plotArea></c:chart></c:chartSpace>"
        );
        related("chart", "charts/chart1.xml", &chart)
    }),
    ("docx/diagram.docx", |s| {
        let data = format!(
            "<dgm:dataModel xmlns:dgm=\"http://schemas.openxmlformats.org/drawingml/2006/diagram\" xmlns:a=\"{DRAWING}\"><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>{s}</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
        );
        related("diagramData", "diagrams/data1.xml", &data)
    }),
    ("docx/embedded_workbook.docx", |s| {
        let inner = Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build();
        Package::document("")
            .related(MAIN, "package", "embeddings/Sheet.xlsx", "application/octet-stream", inner)
            .build()
    }),
    ("docx/embedded_package.docx", |s| {
        Package::document("")
            .related(
                MAIN,
                "oleObject",
                "embeddings/oleObject1.bin",
                "application/octet-stream",
                ole::package("a.txt", s.as_bytes()),
            )
            .build()
    }),
    ("docx/macro.docm", |s| {
        Package::document("")
            .edit(
                "[Content_Types].xml",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                "application/vnd.ms-word.document.macroEnabled.main+xml",
            )
            .related(
                MAIN,
                "http://schemas.microsoft.com/office/2006/relationships/vbaProject",
                "vbaProject.bin",
                "application/vnd.ms-office.vbaProject",
                ole::compound(ole::vba(s)),
            )
            .build()
    }),
    ("docx/link_target.docx", |s| {
        Package::document("").relation(MAIN, "hyperlink", &format!("https://example.jp/{s}")).build()
    }),
    ("docx/strict_namespace.docx", |s| {
        let package = Package::document(&paragraph(s));
        let strict = |text: String| {
            text.replace(WORD, "http://purl.oclc.org/ooxml/wordprocessingml/main")
                .replace(RELATIONS, "http://purl.oclc.org/ooxml/officeDocument/relationships")
        };
        let text = |content: &[u8]| String::from_utf8(content.to_vec()).unwrap();
        let entries: Vec<zipped::Entry> =
            package.parts().iter().map(|(name, content)| zipped::entry(name, strict(text(content)))).collect();
        zipped::archive(&entries)
    }),
    ("docx/document_in_utf16.docx", |s| {
        let document = xml(&format!("<w:document xmlns:w=\"{WORD}\"><w:body>{}</w:body></w:document>", paragraph(s)))
            .replace("UTF-8", "UTF-16");
        Package::document("").part(MAIN, [vec![0xff, 0xfe], wide(&document)].concat()).build()
    }),
    ("docx/thumbnail_that_is_text.docx", |s| Package::document("").part("docProps/thumbnail.jpeg", s).build()),
];

/// A document with one paragraph of this text.
pub(crate) fn simple(text: &str) -> Vec<u8> {
    body(&paragraph(text))
}

/// A document with these styles.
fn styled(styles: &str, content: &str) -> Vec<u8> {
    let styles = xml(&format!("<w:styles xmlns:w=\"{WORD}\">{styles}</w:styles>"));
    Package::document(content).related(MAIN, "styles", "styles.xml", &format!("{KIND}.styles+xml"), styles).build()
}

fn body(content: &str) -> Vec<u8> {
    Package::document(content).build()
}

fn related(kind: &str, target: &str, content: &str) -> Vec<u8> {
    Package::document("").related(MAIN, kind, target, &format!("{KIND}.{kind}+xml"), xml(content)).build()
}

fn story(kind: &str, root: &str, text: &str) -> Vec<u8> {
    related(kind, &format!("{kind}1.xml"), &format!("<w:{root} xmlns:w=\"{WORD}\">{}</w:{root}>", paragraph(text)))
}

fn notes(kind: &str, item: &str, text: &str) -> Vec<u8> {
    let notes = format!("<w:{kind} xmlns:w=\"{WORD}\"><w:{item} w:id=\"2\">{}</w:{item}></w:{kind}>", paragraph(text));
    related(kind, &format!("{kind}.xml"), &notes)
}
