//! One test per hiding place of a document: each file is made here, with a word that stands nowhere else.

mod compound;

use std::io::{Cursor, Write as _};

use crate::inspect::extract::{Ledger, Limits, extract};
use crate::inspect::{Cell, Job, Kind, Place, Reason, Sink};

/// Places and texts in order, hidden ones marked with `~`; rows as `column=text`, hidden cells with `~`.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// Whether a text that holds this stands at exactly this place.
    fn has(&self, place: &str, text: &str) -> bool {
        self.0.iter().any(|line| line.split_once(" | ").is_some_and(|(at, found)| at == place && found.contains(text)))
    }

    #[track_caller]
    fn expect(&self, place: &str, text: &str) {
        assert!(self.has(place, text), "no {text} at {place}: {:#?}", self.0);
    }

    /// How often a text occurs anywhere.
    fn count(&self, text: &str) -> usize {
        self.0.iter().map(|line| line.matches(text).count()).sum()
    }
}

fn mark(hidden: bool) -> &'static str {
    if hidden { "~" } else { "" }
}

impl Sink for Notes {
    fn text(&mut self, place: &Place, text: &str) {
        self.0.push(format!("{}{} | {}", mark(place.hidden), place.path, text.trim()));
    }

    fn begin_table(&mut self, place: &Place) {
        self.0.push(format!("{}{} | table", mark(place.hidden), place.path));
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        let cells: Vec<String> =
            cells.iter().map(|cell| format!("{}{}={}", mark(cell.hidden), cell.column, cell.text)).collect();
        self.0.push(format!("{row} | {}", cells.join(" ")));
    }

    fn end_table(&mut self) {}
}

fn read(name: &str, bytes: &[u8]) -> (Notes, Ledger) {
    let mut notes = Notes::default();
    let job = Job::new(Kind::File(name.to_owned()));
    let ledger = extract(bytes, &job, &Limits::default(), &mut notes, &mut ());
    (notes, ledger)
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A text document with this body and these other parts.
fn docx(body: &str, others: &[(&str, &str)]) -> Notes {
    let types = "<Types/>";
    let document = format!("<?xml version='1.0'?><w:document xmlns:w='x'><w:body>{body}</w:body></w:document>");
    let mut entries: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", types.as_bytes()), ("word/document.xml", document.as_bytes())];
    entries.extend(others.iter().map(|(name, content)| (*name, content.as_bytes())));
    let (notes, ledger) = read("a.docx", &zip_of(&entries));
    assert_eq!((ledger.kind.as_str(), ledger.uninspected), ("docx", Vec::new()));
    assert_eq!(ledger.coverage.parts as usize, entries.len());
    notes
}

fn paragraph(runs: &str) -> String {
    format!("<w:p>{runs}</w:p>")
}

#[test]
fn a_word_cut_into_runs_is_whole_and_hidden_ones_are_marked() {
    let notes = docx(
        &paragraph(
            "<w:r><w:t>090-</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>1234</w:t></w:r><w:r><w:t>-5678 </w:t></w:r>\
             <w:del w:author='佐藤'><w:r><w:delText>削除</w:delText></w:r></w:del><w:ins><w:r><w:t>挿入</w:t></w:r></w:ins>\
             <w:moveFrom><w:r><w:t>移動元</w:t></w:r></w:moveFrom><w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>表示</w:t></w:r>",
        ),
        &[],
    );
    notes.expect("a.docx", "090--5678 挿入表示");
    notes.expect("~a.docx", "090-1234-5678\n削除\n移動元");
    notes.expect("~a.docx", "佐藤");
}

#[test]
fn text_is_hidden_by_its_style_and_by_no_paragraph_mark() {
    let styles = "<w:styles><w:style w:styleId='S'><w:rPr><w:vanish/></w:rPr></w:style></w:styles>";
    let notes = docx(
        "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>見える</w:t></w:r></w:p>\
         <w:p><w:r><w:rPr><w:rStyle w:val='S'/></w:rPr><w:t>文字様式</w:t></w:r></w:p>\
         <w:p><w:pPr><w:pStyle w:val='S'/></w:pPr><w:r><w:t>段落様式</w:t></w:r></w:p>",
        &[("word/styles.xml", styles)],
    );
    notes.expect("a.docx", "見える");
    notes.expect("~a.docx", "文字様式\n段落様式");
}

#[test]
fn tables_are_tables_merged_nested_and_deleted() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph(&format!("<w:r><w:t>{text}</w:t></w:r>")));
    let nested = format!(
        "<w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:r><w:t>外</w:t></w:r></w:p><w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl><w:p/></w:tc>",
        cell("内氏名"),
        cell("内電話"),
        cell("鈴木"),
        cell("080"),
    );
    let body = format!(
        "<w:tbl><w:tr>{}{}{}</w:tr><w:tr>{nested}{}</w:tr><w:tr><w:trPr><w:del w:author='x'/></w:trPr>{}{}</w:tr></w:tbl>",
        cell("氏名"),
        cell("電話"),
        cell("住所"),
        cell("東京"),
        cell("山田"),
        cell("090"),
    );
    let notes = docx(&body, &[]);
    notes.expect("a.docx › table 1", "table");
    notes.expect("0", "0=氏名 1=電話 2=住所");
    notes.expect("1", "0=外 2=東京");
    notes.expect("2", "~0=山田 ~1=090");
    notes.expect("a.docx › table 2", "table");
    notes.expect("1", "0=鈴木 1=080");
}

#[test]
fn a_text_box_comes_once_and_parts_nothing() {
    let boxed = "<w:txbxContent><w:p><w:r><w:t>枠の中</w:t></w:r></w:p></w:txbxContent>";
    let body = paragraph(&format!(
        "<w:r><w:t>前</w:t></w:r><w:r><mc:AlternateContent><mc:Choice><wps:txbx>{boxed}</wps:txbx></mc:Choice>\
         <mc:Fallback><w:pict><v:textbox>{boxed}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>後</w:t></w:r>"
    ));
    let notes = docx(&body, &[]);
    notes.expect("a.docx", "前後");
    notes.expect("a.docx", "枠の中");
    assert_eq!(notes.count("枠の中"), 1);
    let other = body.replacen("枠の中", "別の名", 1);
    let notes = docx(&other, &[]);
    notes.expect("a.docx", "別の名");
    notes.expect("~a.docx", "枠の中");
}

#[test]
fn what_is_no_line_comes_aside() {
    let notes = docx(
        "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText> HYPERLINK \"mailto:taro@</w:instrText></w:r>\
         <w:r><w:instrText>example.jp\"</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>連絡先</w:t></w:r>\
         <w:r><w:fldChar w:fldCharType='end'/></w:r><w:r><w:drawing><wp:docPr id='1' name='n' descr='代替文'/></w:drawing></w:r>\
         <w:sdt><w:sdtPr><w:alias w:val='別名'/><w:dropDownList><w:listItem w:displayText='候補'/></w:dropDownList></w:sdtPr>\
         <w:sdtContent><w:r><w:t>内容</w:t></w:r></w:sdtContent></w:sdt>\
         <w:r><w:ruby><w:rt><w:r><w:t>むらさき</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>紫</w:t></w:r></w:rubyBase></w:ruby></w:r><w:r><w:t>式部</w:t></w:r></w:p>\
         <!-- 注釈 --><w:x w:anything='03-1234-5678'/><w:binData>山田花子は文字</w:binData>",
        &[],
    );
    notes.expect("a.docx", "連絡先内容紫式部");
    for text in
        ["mailto:taro@example.jp", "代替文", "別名", "候補", "むらさき", "注釈", "03-1234-5678", "山田花子は文字"]
    {
        notes.expect("~a.docx", text);
    }
}

#[test]
fn parts_have_names_that_a_person_knows() {
    let part = |text: &str| format!("<x><w:p><w:r><w:t>{text}</w:t></w:r></w:p></x>");
    let notes = docx(
        "",
        &[
            ("word/header2.xml", &part("頭")),
            ("word/footer1.xml", &part("足")),
            ("word/footnotes.xml", &part("脚注")),
            (
                "word/comments.xml",
                &format!("<w:comments><w:comment w:author='校閲者'>{}</w:comment></w:comments>", part("指摘")),
            ),
            ("word/people.xml", "<w15:people><w15:person w15:author='人名'/></w15:people>"),
            ("word/glossary/document.xml", &part("定型")),
            ("word/charts/chart1.xml", "<c:chart><c:pt><c:v>系列</c:v></c:pt></c:chart>"),
            ("word/diagrams/data1.xml", "<dgm:t><a:p><a:r><a:t>図表</a:t></a:r></a:p></dgm:t>"),
            ("customXml/item1.xml", "<data owner='x1'><name>素性</name></data>"),
            ("docProps/core.xml", "<cp:x><dc:title>題名</dc:title></cp:x>"),
            (
                "docProps/custom.xml",
                "<Properties><property name='MSIP_Label_1_Name'><vt:lpwstr>機密</vt:lpwstr></property></Properties>",
            ),
            (
                "word/_rels/document.xml.rels",
                "<Relationships><Relationship Id='a' TargetMode='External' Target='mailto:a@example.jp'/></Relationships>",
            ),
            ("word/fontTable.xml", "<w:fonts><w:font w:name='山田花子'/></w:fonts>"),
            ("word/settings.xml", "<w:settings><w:docVar w:name='n' w:val='変数'/></w:settings>"),
        ],
    );
    for (place, text) in [
        ("a.docx › header 2", "頭"),
        ("a.docx › footer 1", "足"),
        ("a.docx › footnotes", "脚注"),
        ("a.docx › comments", "校閲者\n指摘"),
        ("~a.docx › people", "人名"),
        ("~a.docx › glossary document", "定型"),
        ("a.docx › chart 1", "系列"),
        ("a.docx › SmartArt 1", "図表"),
        ("~a.docx › custom XML 1", "素性"),
        ("~a.docx › custom XML 1", "x1"),
        ("~a.docx › properties (core)", "題名"),
        ("~a.docx › properties (custom)", "MSIP_Label_1_Name: 機密"),
        ("~a.docx › links of document", "mailto:a@example.jp"),
        ("~a.docx › fonttable", "山田花子"),
        ("~a.docx › settings", "変数"),
    ] {
        notes.expect(place, text);
    }
}

#[test]
fn strict_and_oddly_prefixed_documents_read_the_same() {
    let strict = "\u{feff}<?xml version='1.0' encoding='UTF-16'?><q:document xmlns:q='http://purl.oclc.org/ooxml/wordprocessingml/main'><q:body>\
                  <q:p><q:r><q:rPr><q:vanish/></q:rPr><q:t>隠し</q:t></q:r><q:r><q:t>表示</q:t></q:r></q:p></q:body></q:document>";
    let wide: Vec<u8> = strict.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bare = "<document><body><p><r><t>接頭辞なし</t></r></p></body></document>";
    let entries: [(&str, &[u8]); 3] =
        [("[Content_Types].xml", b"<Types/>"), ("word\\document.xml", &wide), ("Word/Footnotes.XML", bare.as_bytes())];
    let (notes, ledger) = read("a.docx", &zip_of(&entries));
    notes.expect("a.docx", "表示");
    notes.expect("~a.docx", "隠し");
    notes.expect("a.docx › footnotes", "接頭辞なし");
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn other_formats_inside_a_document_are_parts() {
    let rtf = "{\\rtf1 {\\v inside}}";
    let html = "<html><body>頁の中</body></html>";
    let page = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n6aCB44Gu5pys5paH";
    let entries: [(&str, &[u8]); 6] = [
        ("[Content_Types].xml", b"<Types/>"),
        ("word/afchunk3.mht", page.as_bytes()),
        ("word/document.xml", b"<w:document/>"),
        ("word/afchunk1.rtf", rtf.as_bytes()),
        ("word/afchunk2.htm", html.as_bytes()),
        ("word/media/image1.png", b"\x89PNG\r\n\x1a\n\0\0"),
    ];
    let (notes, ledger) = read("a.docx", &zip_of(&entries));
    notes.expect("~a.docx › word/afchunk1.rtf", "inside");
    notes.expect("a.docx › word/afchunk2.htm", "頁の中");
    assert_eq!(notes.count("頁の本文"), 1);
    let [picture] = &ledger.uninspected[..] else { panic!("one picture: {:?}", ledger.uninspected) };
    assert_eq!((picture.place.as_str(), picture.reason), ("a.docx › word/media/image1.png", Reason::Image));
}

#[test]
fn slides_are_numbered_as_shown_and_hidden_shapes_are_told() {
    let shape = |hidden: &str, text: &str| {
        format!(
            "<p:sp><p:nvSpPr><p:cNvPr id='1' name='n'{hidden}/></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
        )
    };
    let first = format!("<p:sld>{}{}</p:sld>", shape(" hidden='1'", "隠し図形"), shape("", "図形"));
    let second = format!("<p:sld show='0'>{}</p:sld>", shape("", "非表示"));
    let orphan = format!("<p:sld>{}</p:sld>", shape("", "孤児"));
    let entries: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<Types/>"),
        ("ppt/slides/slide1.xml", second.as_bytes()),
        ("ppt/slides/slide2.xml", first.as_bytes()),
        ("ppt/slides/slide3.xml", orphan.as_bytes()),
        ("ppt/notesSlides/notesSlide1.xml", b"<p:notes><a:p><a:r><a:t>\xe5\x8f\xa3\xe8\xbf\xb0</a:t></a:r></a:p></p:notes>"),
        ("ppt/notesSlides/_rels/notesSlide1.xml.rels", b"<R><Relationship Id='a' Target='../slides/slide1.xml'/></R>"),
        ("ppt/presentation.xml", b"<p:sldIdLst><p:sldId id='256' r:id='b'/><p:sldId id='257' r:id='a'/></p:sldIdLst>"),
        ("ppt/_rels/presentation.xml.rels", b"<R><Relationship Id='a' Target='slides/slide1.xml'/><Relationship Id='b' Target='slides/slide2.xml'/></R>"),
    ];
    let (notes, ledger) = read("a.pptx", &zip_of(&entries));
    assert_eq!((ledger.kind.as_str(), ledger.uninspected), ("pptx", Vec::new()));
    notes.expect("a.pptx › slide 1", "図形");
    notes.expect("~a.pptx › slide 1", "隠し図形");
    notes.expect("~a.pptx › slide 2", "非表示");
    notes.expect("~a.pptx › slide 2 notes", "口述");
    notes.expect("~a.pptx › slide slide3 (not in the presentation)", "孤児");
}

#[test]
fn open_document_hides_and_is_read() {
    let content = "<?xml version='1.0'?><office:document-content xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'>\
        <style:style style:name='T1'><style:text-properties text:display='none'/></style:style>\
        <text:tracked-changes><text:changed-region><text:deletion><text:p>削除文</text:p></text:deletion></text:changed-region></text:tracked-changes>\
        <text:p>本<text:span text:style-name='T1'>隠し</text:span>文<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation>\
        <text:note-body><text:p>脚注文</text:p></text:note-body></text:note>続き\
        <office:annotation><dc:creator>校閲者</dc:creator><text:p>指摘</text:p></office:annotation></text:p>\
        <text:p><text:ruby><text:ruby-base>紫</text:ruby-base><text:ruby-text>むらさき</text:ruby-text></text:ruby>式部</text:p>\
        <text:section text:display='none'><text:p>節</text:p></text:section>\
        <table:table><table:table-row><table:table-cell><text:p>氏名</text:p></table:table-cell><table:table-cell><text:p>電話</text:p></table:table-cell></table:table-row>\
        <table:table-row><table:table-cell table:number-columns-spanned='2'><text:p>山田</text:p></table:table-cell><table:covered-table-cell/><table:table-cell><text:p>住所</text:p></table:table-cell></table:table-row></table:table>\
        <draw:image><office:binary-data>iVBORw0KGgoAAAA=</office:binary-data></draw:image></office:document-content>";
    let (notes, ledger) = read("a.fodt", content.as_bytes());
    notes.expect("a.fodt", "本文続き");
    notes.expect("a.fodt", "紫式部");
    notes.expect("~a.fodt", "削除文\n隠し");
    notes.expect("~a.fodt", "むらさき");
    notes.expect("~a.fodt", "節");
    notes.expect("a.fodt › footnotes", "脚注文");
    notes.expect("a.fodt › comments", "校閲者\n指摘");
    notes.expect("1", "0=山田 2=住所");
    assert_eq!(ledger.uninspected.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Image]);
    let presentation = "<?xml version='1.0'?><office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'>\
        <style:style style:name='d2'><style:drawing-page-properties presentation:visibility='hidden'/></style:style>\
        <draw:page draw:name='p1'><draw:frame><draw:text-box><text:p>一枚目</text:p></draw:text-box><svg:desc>説明</svg:desc></draw:frame>\
        <presentation:notes><draw:text-box><text:p>口述</text:p></draw:text-box></presentation:notes></draw:page>\
        <draw:page draw:style-name='d2'><draw:text-box><text:p>二枚目</text:p></draw:text-box></draw:page></office:document>";
    let (notes, ledger) = read("a.fodp", presentation.as_bytes());
    notes.expect("a.fodp › slide 1", "一枚目");
    notes.expect("a.fodp › slide 1", "説明");
    notes.expect("~a.fodp › slide 1 notes", "口述");
    notes.expect("~a.fodp › slide 2", "二枚目");
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn rich_text_hides_and_is_read() {
    let text = |text: &str| text.encode_utf16().map(|unit| format!("\\u{}?", unit.cast_signed())).collect::<String>();
    let rtf = format!(
        "{{\\rtf1\\ansi{{\\fonttbl{{\\f0 Arial;}}}}{{\\info{{\\title {title}}}}}{{\\header {header}\\par}}\
         {{\\*\\nobodyknows {unknown}}}\\pard {body}{{\\v {hidden}}}{{\\deleted {deleted}}}{{\\footnote {note}}}\\par\
         {{\\field{{\\*\\fldinst{{EQ \\\\* jc2 \\\\o\\\\ad(\\\\s\\\\up 10({kana}),{ruby})}}}}{{\\fldrslt}}}}\\par\
         \\trowd\\cellx1\\cellx2\\pard\\intbl {name}\\cell {phone}\\cell\\row\\trowd\\pard\\intbl a\\cell b\\cell\\row\
         \\trowd\\trauthdel1\\pard\\intbl c\\cell {{\\v d}}\\cell\\row\\pard {after}\\par\
         {{\\*\\shpinst{{\\sp{{\\sn wzDescription}}{{\\sv {alt}}}}}{{\\shptxt {shape}\\par}}}}{{\\shprslt {shape}\\par}}\
         {{\\pict\\pngblip 89504e470d0a1a0a0000}}}}behind the end",
        title = text("題名"),
        header = text("頭"),
        unknown = text("未知"),
        body = text("本文"),
        hidden = text("隠し"),
        deleted = text("削除"),
        note = text("脚注"),
        kana = text("むらさき"),
        ruby = text("紫式部"),
        name = text("氏名"),
        phone = text("電話"),
        after = text("後"),
        alt = text("代替文"),
        shape = text("枠"),
    );
    let (notes, ledger) = read("a.rtf", rtf.as_bytes());
    for hidden in ["題名", "未知", "隠し削除", "代替文"] {
        notes.expect("~a.rtf", hidden);
    }
    notes.expect("a.rtf", "本文");
    notes.expect("a.rtf", "紫式部");
    notes.expect("a.rtf › header", "頭");
    notes.expect("a.rtf › footnotes", "脚注");
    notes.expect("0", "0=氏名 1=電話");
    notes.expect("2", "~0=c ~1=d");
    assert_eq!(notes.count("枠"), 1);
    assert!(notes.0.iter().any(|line| line.contains("bytes ") && line.contains("behind the end")), "{:#?}", notes.0);
    assert_eq!(ledger.uninspected.iter().map(|entry| entry.place.as_str()).collect::<Vec<_>>(), ["a.rtf › picture 1"]);
}

#[test]
fn a_mail_that_is_wrapped_is_the_page_that_it_was() {
    let rtf = "{\\rtf1\\ansi\\ansicpg932\\fromhtml1 {\\*\\htmltag19 <html>}{\\*\\htmltag64 <table>}\
               {\\*\\htmltag64 <tr><td>}\\htmlrtf {\\htmlrtf0 \\'8e\\'81\\'96\\'bc{\\*\\htmltag72 </td><td>}\\htmlrtf \\par RTF only}\\htmlrtf0 \\'93\\'64\\'98\\'62\
               {\\*\\htmltag72 </td></tr><tr><td>}&#23665;{\\*\\htmltag72 </td><td>}090{\\*\\htmltag72 </td></tr></table>}}";
    let (notes, ledger) = read("a.rtf", rtf.as_bytes());
    notes.expect("a.rtf › html", "table");
    notes.expect("0", "0=氏名 1=電話");
    notes.expect("1", "0=山 1=090");
    notes.expect("~a.rtf", "RTF only");
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn cut_documents_give_what_is_left_and_never_end_in_nothing() {
    let rtf = "{\\rtf1 {\\*\\x {\\footnote \\trowd a\\cell b\\cell\\row".as_bytes();
    for cut in 0..rtf.len() {
        let (_, ledger) = read("a.rtf", &rtf[..cut]);
        assert!(ledger.coverage.parts > 0);
    }
    let (notes, ledger) = read("a.rtf", rtf);
    assert_eq!(notes.count("0=a"), 0);
    assert!(notes.count("a\t") > 0 && ledger.uninspected.iter().any(|entry| entry.reason == Reason::Damaged));
    for document in ["<w:p><w:r><w:del><mc:Fallback><w:tbl><w:tr><w:tc><w:t>x", "</w:p></w:tbl></mc:Fallback><w:t>x"] {
        let (notes, _) =
            read("a.docx", &zip_of(&[("[Content_Types].xml", b""), ("word/document.xml", document.as_bytes())]));
        assert!(notes.count("x") > 0, "{document}");
    }
}

#[test]
fn an_export_keeps_its_records_together_and_hides_nothing() {
    let export = "<?xml version='1.0'?><list><customer name='山田 花子' phone='090-1234-5678'/><customer name='山田 花子' phone='080'/>\
                  <customer>\n<name>佐藤</name><note>一<b>二</b>三</note></customer><!-- 備考 --></list>";
    let (notes, ledger) = read("a.xml", export.as_bytes());
    notes.expect("a.xml", "山田 花子\t090-1234-5678\n");
    notes.expect("a.xml", "山田 花子\t080\n");
    notes.expect("a.xml", "佐藤\n一二三\n");
    notes.expect("a.xml", "備考");
    assert_eq!((ledger.kind.as_str(), ledger.uninspected), ("xml", Vec::new()));
}

#[test]
fn entities_are_read_where_they_are_declared() {
    let document = "<?xml version='1.0'?><!DOCTYPE d [<!ENTITY a '山田花子'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>\
                    <w:document><w:p><w:r><w:t>&b;&b;</w:t></w:r></w:p></w:document>";
    let (notes, ledger) =
        read("a.docx", &zip_of(&[("[Content_Types].xml", b"<T/>"), ("word/document.xml", document.as_bytes())]));
    assert_eq!(notes.count("山田花子"), 1);
    assert_eq!(ledger.uninspected.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Limit]);
}

#[test]
fn a_table_too_large_to_hold_comes_in_pieces_under_its_first_row() {
    let row = |name: &str| format!("<w:tr><w:tc><w:t>{name}</w:t></w:tc><w:tc><w:t>090</w:t></w:tc></w:tr>");
    let body = format!("<w:tbl>{}{}{}</w:tbl>", row("氏名"), row("山田").repeat(100_000), row("最後"));
    let notes = docx(&body, &[]);
    assert_eq!((notes.count("table"), notes.count("0=氏名"), notes.count("0=最後")), (4, 2, 1));
    assert_eq!(notes.count("0=山田"), 100_000);
}

#[test]
fn deep_nests_end_and_lose_nothing() {
    let tables = "<w:tbl><w:tr><w:tc>".repeat(20_000) + "<w:p><w:r><w:t>底</w:t></w:r></w:p>";
    let boxes = "<w:txbxContent>".repeat(20_000) + "<w:p><w:r><w:t>底</w:t></w:r></w:p>";
    for body in [tables, boxes] {
        assert!(docx(&body, &[]).count("底") > 0);
    }
    let groups = "{".repeat(50_000) + "\\trowd\\itap9999 x\\nestcell";
    let (notes, _) = read("a.rtf", format!("{{\\rtf1 {groups}").as_bytes());
    assert!(notes.count("x") > 0);
}
