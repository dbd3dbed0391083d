//! Office packages part by part: a valid small workbook, document or presentation to which a case adds its place.
//!
//! In: parts and how they hang together. Out: the bytes of the zip, stored, so that the places stand in it in clear.
//! Deliberately absent: what the places are (`xlsx`, `docx`, `pptx`).

use super::zipped;

pub(crate) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
pub(crate) const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
pub(crate) const WORD: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
pub(crate) const SLIDE: &str = "http://schemas.openxmlformats.org/presentationml/2006/main";
pub(crate) const DRAWING: &str = "http://schemas.openxmlformats.org/drawingml/2006/main";

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const TYPES: &str = "[Content_Types].xml";

/// A package that is being put together.
#[derive(Clone)]
pub(crate) struct Package {
    parts: Vec<(String, Vec<u8>)>,
}

impl Package {
    fn empty(main: &str, main_type: &str) -> Self {
        let types = format!(
            "{HEAD}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
             <Default Extension=\"bin\" ContentType=\"application/vnd.openxmlformats-officedocument.oleObject\"/>\
             <Default Extension=\"vml\" ContentType=\"application/vnd.openxmlformats-officedocument.vmlDrawing\"/>\
             <Default Extension=\"png\" ContentType=\"image/png\"/>\
             <Override PartName=\"/{main}\" ContentType=\"{main_type}\"/></Types>"
        );
        Self { parts: vec![(TYPES.to_owned(), types.into_bytes())] }.relation("", "officeDocument", main)
    }

    /// A workbook with the sheet 顧客, in which two cells say nothing of interest.
    pub(crate) fn workbook() -> Self {
        let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        let sheet = sheet("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>");
        let book = format!(
            "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>\
             <sheet name=\"顧客\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
        );
        let styles = format!(
            "{HEAD}<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\";;;\"/></numFmts>\
             <fonts count=\"1\"><font><sz val=\"11\"/><name val=\"Yu Gothic\"/></font></fonts>\
             <fills count=\"1\"><fill><patternFill patternType=\"none\"/></fill></fills>\
             <borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>\
             <cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"164\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"
        );
        let strings = format!(
            "{HEAD}<sst xmlns=\"{MAIN}\" count=\"2\" uniqueCount=\"2\"><si><t>番号</t></si><si><t>種別</t></si></sst>"
        );
        Self::empty("xl/workbook.xml", &format!("{kind}.sheet.main+xml"))
            .part("xl/workbook.xml", book)
            .related("xl/workbook.xml", "worksheet", "worksheets/sheet1.xml", &format!("{kind}.worksheet+xml"), sheet)
            .related("xl/workbook.xml", "styles", "styles.xml", &format!("{kind}.styles+xml"), styles)
            .related(
                "xl/workbook.xml",
                "sharedStrings",
                "sharedStrings.xml",
                &format!("{kind}.sharedStrings+xml"),
                strings,
            )
    }

    /// A document with one paragraph that says nothing of interest; `body` follows it.
    pub(crate) fn document(body: &str) -> Self {
        let kind = "application/vnd.openxmlformats-officedocument.wordprocessingml";
        Self::empty("word/document.xml", &format!("{kind}.document.main+xml")).part(
            "word/document.xml",
            format!(
                "{HEAD}<w:document xmlns:w=\"{WORD}\" xmlns:r=\"{RELATIONS}\" \
                 xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
                 xmlns:a=\"{DRAWING}\" xmlns:v=\"urn:schemas-microsoft-com:vml\" \
                 xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
                 xmlns:m=\"http://schemas.openxmlformats.org/officeDocument/2006/math\" \
                 xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" \
                 xmlns:wps=\"http://schemas.microsoft.com/office/word/2010/wordprocessingShape\">\
                 <w:body><w:p><w:r><w:t>お知らせ</w:t></w:r></w:p>{body}<w:sectPr/></w:body></w:document>"
            ),
        )
    }

    /// A presentation with one slide that holds `shapes`.
    pub(crate) fn presentation(shapes: &str) -> Self {
        let kind = "application/vnd.openxmlformats-officedocument.presentationml";
        let main = format!(
            "{HEAD}<p:presentation xmlns:p=\"{SLIDE}\" xmlns:a=\"{DRAWING}\" xmlns:r=\"{RELATIONS}\">\
             <p:sldIdLst><p:sldId id=\"256\" r:id=\"rId1\"/></p:sldIdLst><p:sldSz cx=\"12192000\" cy=\"6858000\"/></p:presentation>"
        );
        Self::empty("ppt/presentation.xml", &format!("{kind}.presentation.main+xml"))
            .part("ppt/presentation.xml", main)
            .related(
                "ppt/presentation.xml",
                "slide",
                "slides/slide1.xml",
                &format!("{kind}.slide+xml"),
                slide("sld", shapes),
            )
    }

    /// Adds or replaces a part.
    pub(crate) fn part(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.parts.retain(|(known, _)| known != path);
        self.parts.push((path.to_owned(), content.as_ref().to_vec()));
        self
    }

    /// Changes the text of a part.
    pub(crate) fn edit(mut self, path: &str, from: &str, to: &str) -> Self {
        let (_, content) = self.parts.iter_mut().find(|(known, _)| known == path).unwrap();
        let text = String::from_utf8(std::mem::take(content)).unwrap();
        assert!(text.contains(from), "{path} has no {from}");
        *content = text.replacen(from, to, 1).into_bytes();
        self
    }

    /// Adds a part, its content type, and a relation of this kind from `source`, in whose folder it stands.
    pub(crate) fn related(
        self,
        source: &str,
        kind: &str,
        target: &str,
        typed: &str,
        content: impl AsRef<[u8]>,
    ) -> Self {
        let folder = source.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if folder.is_empty() { target.to_owned() } else { resolve(&format!("{folder}/{target}")) };
        let typed = format!("<Override PartName=\"/{path}\" ContentType=\"{typed}\"/></Types>");
        self.edit(TYPES, "</Types>", &typed).relation(source, kind, target).part(&path, content)
    }

    /// Adds a relation from `source` (the package itself, where empty).
    pub(crate) fn relation(mut self, source: &str, kind: &str, target: &str) -> Self {
        let (folder, file) = source.rsplit_once('/').unwrap_or(("", source));
        let path = if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
        if !self.parts.iter().any(|(known, _)| *known == path) {
            let none = format!(
                "{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"></Relationships>"
            );
            self = self.part(&path, none);
        }
        let known = self.parts.iter().find(|(known, _)| *known == path).map(|(_, content)| content.clone());
        let number = String::from_utf8(known.unwrap()).unwrap().matches("<Relationship ").count() + 1;
        let kind = if kind.contains(':') { kind.to_owned() } else { format!("{RELATIONS}/{kind}") };
        let mode = if target.contains("://") { " TargetMode=\"External\"" } else { "" };
        let relation =
            format!("<Relationship Id=\"rId{number}\" Type=\"{kind}\" Target=\"{target}\"{mode}/></Relationships>");
        self.edit(&path, "</Relationships>", &relation)
    }

    /// All parts with their names.
    pub(crate) fn parts(&self) -> &[(String, Vec<u8>)] {
        &self.parts
    }

    /// The bytes of the package.
    pub(crate) fn build(&self) -> Vec<u8> {
        let entries: Vec<zipped::Entry> =
            self.parts.iter().map(|(name, content)| zipped::entry(name, content)).collect();
        zipped::archive(&entries)
    }
}

fn resolve(path: &str) -> String {
    let mut folders: Vec<&str> = Vec::new();
    for name in path.split('/') {
        if name == ".." {
            folders.pop();
        } else {
            folders.push(name);
        }
    }
    folders.join("/")
}

/// A part of XML with its declaration.
pub(crate) fn xml(content: &str) -> String {
    format!("{HEAD}{content}")
}

/// A worksheet of these rows.
pub(crate) fn sheet(rows: &str) -> String {
    sheet_with("", rows, "")
}

/// A worksheet with something before and behind its rows.
pub(crate) fn sheet_with(before: &str, rows: &str, behind: &str) -> String {
    xml(&format!(
        "<worksheet xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\">{before}<sheetData>{rows}</sheetData>{behind}</worksheet>"
    ))
}

/// A row with one cell of text.
pub(crate) fn row(number: u32, attributes: &str, text: &str) -> String {
    format!("<row r=\"{number}\"{attributes}><c r=\"A{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>")
}

/// A slide, layout, master or notes page.
pub(crate) fn slide(root: &str, shapes: &str) -> String {
    xml(&format!(
        "<p:{root} xmlns:p=\"{SLIDE}\" xmlns:a=\"{DRAWING}\" xmlns:r=\"{RELATIONS}\"><p:cSld><p:spTree>\
         <p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{shapes}\
         </p:spTree></p:cSld></p:{root}>"
    ))
}

/// A shape of a slide with one line of text.
pub(crate) fn shape(text: &str) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"図形\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>\
         <p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
}

/// The list of a document's sensitivity labels, with one that is called by this name.
pub(crate) fn label(name: &str) -> String {
    xml(&format!(
        "<clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label \
         id=\"{{2096f6a2-d2f7-48be-b329-b73aaa526e5d}}\" enabled=\"1\" method=\"Standard\" \
         siteId=\"{{ac2e9b32-41d0-4d43-9b4c-9c13a14f8f57}}\" removed=\"0\" name=\"{name}\"/></clbl:labelList>"
    ))
}

/// A paragraph of a document with one run.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}
