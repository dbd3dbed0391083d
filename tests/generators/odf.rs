//! OpenDocument: sheets, texts, slides, packed and flat.
//!
//! In: a secret. Out: a document with it in one place. Deliberately absent: Office's own formats.

use super::Maker;
use super::package::Package;
use super::zipped::{self, entry};

const SPACES: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
     xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
     xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
     xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\" \
     xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
     xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\" \
     xmlns:presentation=\"urn:oasis:names:tc:opendocument:xmlns:presentation:1.0\" \
     xmlns:config=\"urn:oasis:names:tc:opendocument:xmlns:config:1.0\" \
     xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" \
     xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\" \
     xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";

/// The styles that hide something.
const STYLES: &str = "<style:style style:name=\"gone\" style:family=\"table\"><style:table-properties table:display=\"false\"/></style:style>\
     <style:style style:name=\"unseen\" style:family=\"text\"><style:text-properties text:display=\"none\"/></style:style>\
     <style:style style:name=\"page\" style:family=\"drawing-page\"><style:drawing-page-properties presentation:visibility=\"hidden\"/></style:style>\
     <style:style style:name=\"white\" style:family=\"text\"><style:text-properties fo:color=\"#ffffff\"/></style:style>\
     <style:style style:name=\"dots\" style:family=\"text\"><style:text-properties fo:font-size=\"1pt\"/></style:style>";

pub(crate) const SHEETS: &[Maker] = &[
    ("ods/cell.ods", |s| sheet(&row("", s))),
    ("ods/cell_with_white_space_between.ods", |s| {
        sheet(
            &row("", s).replace('>', ">\n  ").replace(">\n  </text:p", "></text:p").replace("<text:p>\n  ", "<text:p>"),
        )
    }),
    ("ods/hidden_sheet.ods", |s| {
        book(&format!(
            "{}<table:table table:name=\"控え\" table:style-name=\"gone\">{}</table:table>",
            table(&row("", "表")),
            row("", s)
        ))
    }),
    ("ods/hidden_row.ods", |s| sheet(&row(" table:visibility=\"collapse\"", s))),
    ("ods/filtered_row.ods", |s| sheet(&row(" table:visibility=\"filter\"", s))),
    ("ods/hidden_column.ods", |s| sheet(&format!("<table:table-column table:visibility=\"collapse\"/>{}", row("", s)))),
    ("ods/white_cell.ods", |s| {
        sheet(&row("", s).replace("<table:table-cell ", "<table:table-cell table:style-name=\"white\" "))
    }),
    ("ods/annotation.ods", |s| {
        sheet(&format!(
            "<table:table-row><table:table-cell><office:annotation><dc:creator>a</dc:creator><text:p>{s}</text:p></office:annotation><text:p>1</text:p></table:table-cell></table:table-row>"
        ))
    }),
    ("ods/formula.ods", |s| {
        sheet(&format!(
            "<table:table-row><table:table-cell table:formula=\"of:=&quot;{s}&quot;\" office:value-type=\"string\"/></table:table-row>"
        ))
    }),
    ("ods/string_value_only.ods", |s| {
        sheet(&format!(
            "<table:table-row><table:table-cell office:value-type=\"string\" office:string-value=\"{s}\"/></table:table-row>"
        ))
    }),
    ("ods/covered_cell.ods", |s| {
        sheet(&format!(
            "<table:table-row><table:table-cell table:number-columns-spanned=\"2\"><text:p>1</text:p></table:table-cell><table:covered-table-cell><text:p>{s}</text:p></table:covered-table-cell></table:table-row>"
        ))
    }),
    ("ods/sheet_name.ods", |s| {
        book(&table(&row("", "表")).replace("table:name=\"顧客\"", &format!("table:name=\"{s}\"")))
    }),
    ("ods/named_expression.ods", |s| {
        book(&format!(
            "{}<table:named-expressions><table:named-expression table:name=\"n\" table:expression=\"&quot;{s}&quot;\"/></table:named-expressions>",
            table(&row("", "表"))
        ))
    }),
    ("ods/validation.ods", |s| {
        book(&format!(
            "<table:content-validations><table:content-validation table:name=\"v\" table:condition=\"of:cell-content-is-in-list(&quot;{s}&quot;)\"/></table:content-validations>{}",
            table(&row("", "表"))
        ))
    }),
    ("ods/tracked_change.ods", |s| {
        book(&format!(
            "<table:tracked-changes><table:deletion table:type=\"row\"><table:deletions><table:cell-content-deletion><table:change-track-table-cell><text:p>{s}</text:p></table:change-track-table-cell></table:cell-content-deletion></table:deletions></table:deletion></table:tracked-changes>{}",
            table(&row("", "表"))
        ))
    }),
    ("ods/value_before_a_tracked_change.ods", |s| {
        book(&format!(
            "<table:tracked-changes><table:cell-content-change table:id=\"ct1\"><office:change-info><dc:creator>a</dc:creator></office:change-info><table:previous><table:change-track-table-cell office:value-type=\"string\"><text:p>{s}</text:p></table:change-track-table-cell></table:previous></table:cell-content-change></table:tracked-changes>{}",
            table(&row("", "表"))
        ))
    }),
    ("ods/author_of_a_tracked_change.ods", |s| {
        book(&format!(
            "<table:tracked-changes><table:insertion table:id=\"ct1\"><office:change-info><dc:creator>{s}</dc:creator></office:change-info></table:insertion></table:tracked-changes>{}",
            table(&row("", "表"))
        ))
    }),
    ("ods/link_of_dde.ods", |s| {
        book(&format!(
            "{}<table:dde-links><table:dde-link><office:dde-source office:dde-application=\"x\"/><table:table>{}</table:table></table:dde-link></table:dde-links>",
            table(&row("", "表")),
            row("", s)
        ))
    }),
    ("ods/header.ods", |s| {
        let styles = format!(
            "<office:document-styles {SPACES}><office:master-styles><style:master-page style:name=\"m\"><style:header><text:p>{s}</text:p></style:header></style:master-page></office:master-styles></office:document-styles>"
        );
        packed("spreadsheet", &content("spreadsheet", &table(&row("", "表"))), &[("styles.xml", styles.as_bytes())])
    }),
    ("ods/meta.ods", |s| {
        let meta = format!(
            "<office:document-meta {SPACES}><office:meta><dc:title>{s}</dc:title></office:meta></office:document-meta>"
        );
        packed("spreadsheet", &content("spreadsheet", &table(&row("", "表"))), &[("meta.xml", meta.as_bytes())])
    }),
    ("ods/settings.ods", |s| {
        let settings = format!(
            "<office:document-settings {SPACES}><office:settings><config:config-item config:name=\"c\">{s}</config:config-item></office:settings></office:document-settings>"
        );
        packed("spreadsheet", &content("spreadsheet", &table(&row("", "表"))), &[("settings.xml", settings.as_bytes())])
    }),
    ("ods/object_inside.ods", |s| {
        let inner = content("spreadsheet", &table(&row("", s)));
        packed(
            "spreadsheet",
            &content("spreadsheet", &table(&row("", "表"))),
            &[("Object 1/content.xml", inner.as_bytes())],
        )
    }),
    ("ods/flat.fods", |s| flat("spreadsheet", &table(&row("", s)))),
    ("ods/basic_macro.ods", |s| {
        let module = format!(
            "<script:module xmlns:script=\"http://openoffice.org/2000/script\" script:name=\"M\">Sub Main\n' {s}\nEnd Sub</script:module>"
        );
        packed(
            "spreadsheet",
            &content("spreadsheet", &table(&row("", "表"))),
            &[("Basic/Standard/Module1.xml", module.as_bytes())],
        )
    }),
];

pub(crate) const TEXTS: &[Maker] = &[
    ("odt/paragraph.odt", |s| writer(&format!("<text:p>{s}</text:p>"))),
    ("odt/spans.odt", |s| {
        let spans: String = s
            .chars()
            .map(|c| if c == ' ' { "<text:s/>".to_owned() } else { format!("<text:span>{c}</text:span>") })
            .collect();
        writer(&format!("<text:p>{spans}</text:p>"))
    }),
    ("odt/table_cell.odt", |s| writer(&table(&row("", s)))),
    ("odt/hidden_characters.odt", |s| {
        writer(&format!("<text:p><text:span text:style-name=\"unseen\">{s}</text:span></text:p>"))
    }),
    ("odt/hidden_by_a_shared_style.odt", |s| {
        let styles = format!(
            "<office:document-styles {SPACES}><office:styles><style:style style:name=\"Out\" style:family=\"paragraph\"><style:text-properties text:display=\"none\"/></style:style></office:styles></office:document-styles>"
        );
        let body = format!("<text:p>本文</text:p><text:p text:style-name=\"Out\">{s}</text:p>");
        packed("text", &content("text", &body), &[("styles.xml", styles.as_bytes())])
    }),
    ("odt/white_on_white.odt", |s| {
        writer(&format!("<text:p>本文<text:span text:style-name=\"white\">{s}</text:span></text:p>"))
    }),
    ("odt/white_where_something_is_painted.odt", |s| {
        let dark = "<style:style style:name=\"dark\" style:family=\"paragraph\"><style:paragraph-properties fo:background-color=\"#003366\"/></style:style>";
        let body = content(
            "text",
            &format!("<text:p text:style-name=\"dark\"><text:span text:style-name=\"white\">{s}</text:span></text:p>"),
        );
        packed("text", &body.replace("</office:automatic-styles>", &format!("{dark}</office:automatic-styles>")), &[])
    }),
    ("odt/letters_of_a_point.odt", |s| {
        writer(&format!("<text:p>本文<text:span text:style-name=\"dots\">{s}</text:span></text:p>"))
    }),
    ("odt/hidden_text_field.odt", |s| {
        writer(&format!(
            "<text:p><text:hidden-text text:condition=\"ooow:1\" text:string-value=\"{s}\" text:is-hidden=\"true\"/></text:p>"
        ))
    }),
    ("odt/hidden_section.odt", |s| {
        writer(&format!("<text:section text:name=\"s\" text:display=\"none\"><text:p>{s}</text:p></text:section>"))
    }),
    ("odt/deleted_change.odt", |s| {
        writer(&format!(
            "<text:tracked-changes><text:changed-region text:id=\"c\"><text:deletion><text:p>{s}</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>本文</text:p>"
        ))
    }),
    ("odt/footnote.odt", |s| {
        writer(&format!(
            "<text:p>本文<text:note text:note-class=\"footnote\"><text:note-citation>1</text:note-citation><text:note-body><text:p>{s}</text:p></text:note-body></text:note></text:p>"
        ))
    }),
    ("odt/endnote.odt", |s| {
        writer(&format!(
            "<text:p>本文<text:note text:note-class=\"endnote\"><text:note-citation>i</text:note-citation><text:note-body><text:p>{s}</text:p></text:note-body></text:note></text:p>"
        ))
    }),
    ("odt/header.odt", |s| {
        let styles = format!(
            "<office:document-styles {SPACES}><office:master-styles><style:master-page style:name=\"m\"><style:header><text:p>{s}</text:p></style:header></style:master-page></office:master-styles></office:document-styles>"
        );
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("styles.xml", styles.as_bytes())])
    }),
    ("odt/hidden_paragraph.odt", |s| {
        writer(&format!(
            "<text:p>本文</text:p><text:hidden-paragraph text:condition=\"ooow:1\" text:is-hidden=\"true\">{s}</text:hidden-paragraph>"
        ))
    }),
    ("odt/title.odt", |s| {
        let meta = format!(
            "<office:document-meta {SPACES}><office:meta><dc:title>{s}</dc:title></office:meta></office:document-meta>"
        );
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("meta.xml", meta.as_bytes())])
    }),
    ("odt/basic_macro.odt", |s| {
        let module = format!(
            "<script:module xmlns:script=\"http://openoffice.org/2000/script\" script:name=\"M\">Sub Main\n' {s}\nEnd Sub</script:module>"
        );
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("Basic/Standard/Module1.xml", module.as_bytes())])
    }),
    ("odt/annotation.odt", |s| {
        writer(&format!(
            "<text:p><office:annotation><dc:creator>a</dc:creator><text:p>{s}</text:p></office:annotation>本文</text:p>"
        ))
    }),
    ("odt/annotation_author.odt", |s| {
        writer(&format!(
            "<text:p><office:annotation><dc:creator>{s}</dc:creator><text:p>確認</text:p></office:annotation>本文</text:p>"
        ))
    }),
    ("odt/text_box.odt", |s| {
        writer(&format!(
            "<text:p><draw:frame><draw:text-box><text:p>{s}</text:p></draw:text-box></draw:frame></text:p>"
        ))
    }),
    ("odt/alternative_text.odt", |s| {
        writer(&format!("<text:p><draw:frame><svg:desc>{s}</svg:desc></draw:frame></text:p>"))
    }),
    ("odt/variable.odt", |s| {
        writer(&format!(
            "<text:user-field-decls><text:user-field-decl office:value-type=\"string\" office:string-value=\"{s}\" text:name=\"v\"/></text:user-field-decls><text:p>本文</text:p>"
        ))
    }),
    ("odt/ruby.odt", |s| {
        let (name, rest) = s.split_once(' ').unwrap_or((s, ""));
        writer(&format!(
            "<text:p><text:ruby><text:ruby-base>{name}</text:ruby-base><text:ruby-text>るび</text:ruby-text></text:ruby> {rest}</text:p>"
        ))
    }),
    ("odt/footer.odt", |s| {
        let styles = format!(
            "<office:document-styles {SPACES}><office:master-styles><style:master-page style:name=\"m\"><style:footer><text:p>{s}</text:p></style:footer></style:master-page></office:master-styles></office:document-styles>"
        );
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("styles.xml", styles.as_bytes())])
    }),
    ("odt/user_defined_meta.odt", |s| {
        let meta = format!(
            "<office:document-meta {SPACES}><office:meta><meta:user-defined meta:name=\"担当\">{s}</meta:user-defined></office:meta></office:document-meta>"
        );
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("meta.xml", meta.as_bytes())])
    }),
    ("odt/embedded_workbook.odt", |s| {
        let inner = Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build();
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("Object 1", &inner)])
    }),
    ("odt/old_version.odt", |s| {
        let inner = packed("text", &content("text", &format!("<text:p>{s}</text:p>")), &[]);
        packed("text", &content("text", "<text:p>本文</text:p>"), &[("Versions/Version1", &inner)])
    }),
    ("odt/link_target.odt", |s| {
        writer(&format!("<text:p><text:a xlink:href=\"https://example.jp/{s}\">詳細</text:a></text:p>"))
    }),
    ("odt/flat.fodt", |s| flat("text", &format!("<text:p>{s}</text:p>"))),
];

pub(crate) const SLIDES: &[Maker] = &[
    ("odp/shape.odp", |s| slides(&page("", s))),
    ("odp/hidden_page.odp", |s| slides(&(page("", "表紙") + &page(" draw:style-name=\"page\"", s)))),
    ("odp/table_cell.odp", |s| {
        slides(&format!("<draw:page draw:name=\"頁\"><draw:frame>{}</draw:frame></draw:page>", table(&row("", s))))
    }),
    ("odp/alternative_text.odp", |s| {
        slides(&format!("<draw:page draw:name=\"頁\"><draw:frame><svg:desc>{s}</svg:desc></draw:frame></draw:page>"))
    }),
    ("odp/embedded_workbook.odp", |s| {
        let inner = Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build();
        packed("presentation", &content("presentation", &page("", "表紙")), &[("Object 1", &inner)])
    }),
    ("odp/title.odp", |s| {
        let meta = format!(
            "<office:document-meta {SPACES}><office:meta><dc:title>{s}</dc:title></office:meta></office:document-meta>"
        );
        packed("presentation", &content("presentation", &page("", "表紙")), &[("meta.xml", meta.as_bytes())])
    }),
    ("odp/notes.odp", |s| {
        slides(&format!(
            "<draw:page draw:name=\"1\"><presentation:notes><draw:frame><draw:text-box><text:p>{s}</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
        ))
    }),
    ("odp/annotation.odp", |s| {
        slides(&format!(
            "<draw:page draw:name=\"1\"><office:annotation><text:p>{s}</text:p></office:annotation></draw:page>"
        ))
    }),
    ("odp/page_name.odp", |s| slides(&format!("<draw:page draw:name=\"{s}\"/>"))),
    ("odp/master_page.odp", |s| {
        let styles = format!(
            "<office:document-styles {SPACES}><office:master-styles><style:master-page style:name=\"m\"><draw:frame><draw:text-box><text:p>{s}</text:p></draw:text-box></draw:frame></style:master-page></office:master-styles></office:document-styles>"
        );
        packed("presentation", &content("presentation", &page("", "表紙")), &[("styles.xml", styles.as_bytes())])
    }),
    ("odp/flat.fodp", |s| flat("presentation", &page("", s))),
];

fn row(attributes: &str, text: &str) -> String {
    format!(
        "<table:table-row{attributes}><table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell></table:table-row>"
    )
}

fn table(rows: &str) -> String {
    format!("<table:table table:name=\"顧客\">{rows}</table:table>")
}

fn page(attributes: &str, text: &str) -> String {
    format!(
        "<draw:page draw:name=\"頁\"{attributes}><draw:frame><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame></draw:page>"
    )
}

fn content(kind: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-content {SPACES} office:version=\"1.3\"><office:automatic-styles>{STYLES}</office:automatic-styles>\
         <office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
}

fn flat(kind: &str, body: &str) -> Vec<u8> {
    let mimetype = format!("application/vnd.oasis.opendocument.{kind}");
    content(kind, body)
        .replace("office:document-content ", &format!("office:document office:mimetype=\"{mimetype}\" "))
        .replace("/office:document-content", "/office:document")
        .into_bytes()
}

fn sheet(rows: &str) -> Vec<u8> {
    book(&table(rows))
}

fn book(body: &str) -> Vec<u8> {
    packed("spreadsheet", &content("spreadsheet", body), &[])
}

fn writer(body: &str) -> Vec<u8> {
    packed("text", &content("text", body), &[])
}

fn slides(body: &str) -> Vec<u8> {
    packed("presentation", &content("presentation", body), &[])
}

fn packed(kind: &str, content: &str, others: &[(&str, &[u8])]) -> Vec<u8> {
    let mimetype = format!("application/vnd.oasis.opendocument.{kind}");
    let listed: String = others
        .iter()
        .map(|(name, _)| format!("<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"\"/>"))
        .collect();
    let manifest = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"><manifest:file-entry manifest:full-path=\"/\" \
         manifest:media-type=\"{mimetype}\"/><manifest:file-entry manifest:full-path=\"content.xml\" manifest:media-type=\"text/xml\"/>{listed}</manifest:manifest>"
    );
    let mut entries = vec![entry("mimetype", mimetype), entry("content.xml", content)];
    entries.extend(others.iter().map(|(name, content)| entry(name, content)));
    entries.push(entry("META-INF/manifest.xml", manifest));
    zipped::archive(&entries)
}
