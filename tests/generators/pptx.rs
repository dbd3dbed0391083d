//! Presentations of Office Open XML.
//!
//! In: a secret. Out: a package with it in one place. Deliberately absent: PowerPoint 97–2003 (`document`).

use super::Maker;
use super::package::{DRAWING, Package, RELATIONS, SLIDE, label, shape, slide, xml};

const MAIN: &str = "ppt/presentation.xml";
const FIRST: &str = "ppt/slides/slide1.xml";
const KIND: &str = "application/vnd.openxmlformats-officedocument.presentationml";

pub(crate) const CASES: &[Maker] = &[
    ("pptx/shape.pptx", |s| shapes(&shape(s))),
    ("pptx/split_over_runs.pptx", |s| {
        let runs: String = s.chars().map(|c| format!("<a:r><a:rPr lang=\"ja-JP\"/><a:t>{c}</a:t></a:r>")).collect();
        shapes(&shape("@").replace("<a:r><a:t>@</a:t></a:r>", &runs))
    }),
    ("pptx/table_cell.pptx", |s| {
        shapes(&format!(
            "<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id=\"4\" name=\"表\"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr><a:graphic>\
             <a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/table\"><a:tbl><a:tr h=\"1\"><a:tc><a:txBody><a:p><a:r><a:t>氏名</a:t>\
             </a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>{s}</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData>\
             </a:graphic></p:graphicFrame>"
        ))
    }),
    ("pptx/shape_in_groups.pptx", |s| {
        let group = |inner: &str| {
            format!(
                "<p:grpSp><p:nvGrpSpPr><p:cNvPr id=\"3\" name=\"g\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{inner}</p:grpSp>"
            )
        };
        shapes(&group(&group(&shape(s))))
    }),
    ("pptx/hidden_shape.pptx", |s| shapes(&shape(s).replace("name=\"図形\"", "name=\"図形\" hidden=\"1\""))),
    ("pptx/shape_off_the_slide.pptx", |s| {
        shapes(&shape(s).replace(
            "<p:spPr/>",
            "<p:spPr><a:xfrm><a:off x=\"-90000000\" y=\"0\"/><a:ext cx=\"1\" cy=\"1\"/></a:xfrm></p:spPr>",
        ))
    }),
    ("pptx/shape_off_the_slide_in_a_group.pptx", |s| {
        let place = "<p:grpSpPr><a:xfrm><a:off x=\"0\" y=\"6858000\"/><a:ext cx=\"100\" cy=\"100\"/><a:chOff x=\"0\" y=\"0\"/>\
             <a:chExt cx=\"10\" cy=\"10\"/></a:xfrm></p:grpSpPr>";
        let group = "<p:grpSp><p:nvGrpSpPr><p:cNvPr id=\"3\" name=\"g\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>";
        shapes(&format!("{group}{place}{}</p:grpSp>", placed(&shape(s), 1, 1, 5, 5, "")))
    }),
    ("pptx/white_on_the_slide.pptx", |s| shapes(&placed(&coloured(s, "FFFFFF"), 0, 0, 90, 90, ""))),
    ("pptx/white_on_a_dark_background.pptx", |s| {
        let back = "<p:cSld><p:bg><p:bgPr><a:solidFill><a:srgbClr val=\"102030\"/></a:solidFill></p:bgPr></p:bg>";
        Package::presentation(&placed(&coloured(s, "FFFFFF"), 0, 0, 90, 90, "")).edit(FIRST, "<p:cSld>", back).build()
    }),
    ("pptx/white_in_a_dark_shape.pptx", |s| {
        let fill = "<a:solidFill><a:srgbClr val=\"102030\"/></a:solidFill>";
        shapes(&placed(&coloured(s, "FFFFFF"), 0, 0, 90, 90, fill))
    }),
    ("pptx/colour_of_its_shape.pptx", |s| {
        let fill = "<a:solidFill><a:srgbClr val=\"102030\"/></a:solidFill>";
        shapes(&placed(&coloured(s, "112233"), 0, 0, 90, 90, fill))
    }),
    ("pptx/white_over_a_dark_shape.pptx", |s| {
        let fill = "<a:solidFill><a:srgbClr val=\"102030\"/></a:solidFill>";
        let banner = placed(&shape("題"), 0, 0, 900, 200, fill);
        shapes(&(banner + &placed(&coloured(s, "FFFFFF"), 10, 10, 90, 90, "<a:noFill/>")))
    }),
    ("pptx/white_beside_a_dark_shape.pptx", |s| {
        let fill = "<a:solidFill><a:srgbClr val=\"102030\"/></a:solidFill>";
        let banner = placed(&shape("題"), 0, 0, 900, 200, fill);
        shapes(&(banner + &placed(&coloured(s, "FFFFFF"), 10, 300, 90, 90, "<a:noFill/>")))
    }),
    ("pptx/colour_of_the_theme.pptx", |s| {
        let theme = xml(&format!(
            "<a:theme xmlns:a=\"{DRAWING}\"><a:themeElements><a:clrScheme name=\"c\"><a:dk1><a:srgbClr val=\"000000\"/></a:dk1>\
             <a:lt1><a:srgbClr val=\"203040\"/></a:lt1></a:clrScheme></a:themeElements></a:theme>"
        ));
        let back = "<p:bg><p:bgRef idx=\"1001\"><a:schemeClr val=\"bg1\"/></p:bgRef></p:bg>";
        let map = "</p:cSld><p:clrMap bg1=\"lt1\" tx1=\"dk1\"/>";
        let (layout, master) = ("ppt/slideLayouts/slideLayout1.xml", "ppt/slideMasters/slideMaster1.xml");
        let plain = "application/xml";
        Package::presentation(&placed(&coloured(s, "203040"), 0, 0, 90, 90, ""))
            .related(FIRST, "slideLayout", "../slideLayouts/slideLayout1.xml", plain, slide("sldLayout", ""))
            .related(layout, "slideMaster", "../slideMasters/slideMaster1.xml", plain, slide("sldMaster", ""))
            .related(master, "theme", "../theme/theme1.xml", plain, theme)
            .edit(master, "<p:cSld>", &format!("<p:cSld>{back}"))
            .edit(master, "</p:cSld>", map)
            .build()
    }),
    ("pptx/letters_of_a_point.pptx", |s| shapes(&run(s, "<a:rPr sz=\"100\"/>"))),
    ("pptx/letters_without_paint.pptx", |s| shapes(&run(s, "<a:rPr><a:noFill/></a:rPr>"))),
    ("pptx/letters_of_glass.pptx", |s| {
        let glass =
            "<a:rPr><a:solidFill><a:srgbClr val=\"000000\"><a:alpha val=\"0\"/></a:srgbClr></a:solidFill></a:rPr>";
        shapes(&run(s, glass))
    }),
    ("pptx/embedded_package.pptx", |s| {
        Package::presentation(&shape("表紙"))
            .related(
                FIRST,
                "oleObject",
                "../embeddings/oleObject1.bin",
                "application/octet-stream",
                super::ole::package("a.txt", s.as_bytes()),
            )
            .build()
    }),
    ("pptx/core_property.pptx", |s| {
        let core = format!(
            "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:creator>{s}</dc:creator></cp:coreProperties>"
        );
        Package::presentation(&shape("表紙")).part("docProps/core.xml", xml(&core)).build()
    }),
    ("pptx/sensitivity_label.pptx", |s| {
        Package::presentation(&shape("表紙")).part("docMetadata/LabelInfo.xml", label(s)).build()
    }),
    ("pptx/macro.pptm", |s| {
        Package::presentation(&shape("表紙"))
            .part("ppt/vbaProject.bin", super::ole::compound(super::ole::vba(s)))
            .build()
    }),
    ("pptx/footer_of_a_slide.pptx", |s| {
        shapes(&shape(s).replace("<p:nvPr/>", "<p:nvPr><p:ph type=\"ftr\" sz=\"quarter\" idx=\"11\"/></p:nvPr>"))
    }),
    ("pptx/alternative_text.pptx", |s| {
        shapes(&shape("図").replace("name=\"図形\"", &format!("name=\"図形\" descr=\"{s}\"")))
    }),
    ("pptx/notes.pptx", |s| {
        Package::presentation(&shape("表紙"))
            .related(
                FIRST,
                "notesSlide",
                "../notesSlides/notesSlide1.xml",
                &format!("{KIND}.notesSlide+xml"),
                slide("notes", &shape(s)),
            )
            .build()
    }),
    ("pptx/hidden_slide.pptx", |s| {
        let hidden = slide("sld", &shape(s)).replace("<p:sld ", "<p:sld show=\"0\" ");
        Package::presentation(&shape("表紙"))
            .edit(MAIN, "</p:sldIdLst>", "<p:sldId id=\"257\" r:id=\"rId2\"/></p:sldIdLst>")
            .related(MAIN, "slide", "slides/slide2.xml", &format!("{KIND}.slide+xml"), hidden)
            .build()
    }),
    ("pptx/slide_that_no_list_names.pptx", |s| {
        Package::presentation(&shape("表紙")).part("ppt/slides/slide9.xml", slide("sld", &shape(s))).build()
    }),
    ("pptx/master.pptx", |s| main_part("slideMaster", "slideMasters/slideMaster1.xml", &slide("sldMaster", &shape(s)))),
    ("pptx/layout.pptx", |s| {
        Package::presentation(&shape("表紙"))
            .related(
                FIRST,
                "slideLayout",
                "../slideLayouts/slideLayout1.xml",
                &format!("{KIND}.slideLayout+xml"),
                slide("sldLayout", &shape(s)),
            )
            .build()
    }),
    ("pptx/notes_master.pptx", |s| {
        main_part("notesMaster", "notesMasters/notesMaster1.xml", &slide("notesMaster", &shape(s)))
    }),
    ("pptx/handout_master.pptx", |s| {
        main_part("handoutMaster", "handoutMasters/handoutMaster1.xml", &slide("handoutMaster", &shape(s)))
    }),
    ("pptx/comment.pptx", |s| {
        let comments = format!(
            "<p:cmLst xmlns:p=\"{SLIDE}\"><p:cm authorId=\"0\" idx=\"1\"><p:pos x=\"1\" y=\"1\"/><p:text>{s}</p:text></p:cm></p:cmLst>"
        );
        beside("comments", "../comments/comment1.xml", &comments)
    }),
    ("pptx/comment_author.pptx", |s| {
        main_part(
            "commentAuthors",
            "commentAuthors.xml",
            &xml(&format!(
                "<p:cmAuthorLst xmlns:p=\"{SLIDE}\"><p:cmAuthor id=\"0\" name=\"{s}\" initials=\"a\"/></p:cmAuthorLst>"
            )),
        )
    }),
    ("pptx/comment_of_2018.pptx", |s| {
        let comments = format!(
            "<p188:cmLst xmlns:p188=\"http://schemas.microsoft.com/office/powerpoint/2018/8/main\" xmlns:a=\"{DRAWING}\"><p188:cm id=\"{{1}}\"><p188:txBody><a:p>\
             <a:r><a:t>{s}</a:t></a:r></a:p></p188:txBody></p188:cm></p188:cmLst>"
        );
        beside(
            "http://schemas.microsoft.com/office/2018/10/relationships/comments",
            "../comments/modernComment1.xml",
            &comments,
        )
    }),
    ("pptx/tag.pptx", |s| {
        main_part(
            "tags",
            "tags/tag1.xml",
            &xml(&format!("<p:tagLst xmlns:p=\"{SLIDE}\"><p:tag name=\"T\" val=\"{s}\"/></p:tagLst>")),
        )
    }),
    ("pptx/section_name.pptx", |s| {
        let section = format!(
            "</p:sldIdLst><p:extLst><p:ext uri=\"{{521415D9-36F7-43E2-AB2F-B90AF26B5E84}}\"><p14:sectionLst \
             xmlns:p14=\"http://schemas.microsoft.com/office/powerpoint/2010/main\"><p14:section name=\"{s}\" id=\"{{1}}\"/></p14:sectionLst></p:ext></p:extLst>"
        );
        Package::presentation(&shape("表紙")).edit(MAIN, "</p:sldIdLst>", &section).build()
    }),
    ("pptx/chart_of_a_slide.pptx", |s| {
        let chart = format!(
            "<c:chartSpace xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\"><c:chart><c:plotArea><c:ser><c:cat><c:strRef><c:strCache><c:pt idx=\"0\"><c:v>{s}</c:v></c:pt></c:strCache></c:strRef></c:cat></c:ser></c:plotArea></c:chart></c:chartSpace>"
        );
        beside("chart", "../charts/chart1.xml", &chart)
    }),
    ("pptx/embedded_workbook.pptx", |s| {
        let inner = Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build();
        Package::presentation(&shape("表紙"))
            .related(FIRST, "package", "../embeddings/Sheet.xlsx", "application/octet-stream", inner)
            .build()
    }),
    ("pptx/diagram_drawing.pptx", |s| {
        let drawing = format!(
            "<dsp:drawing xmlns:dsp=\"http://schemas.microsoft.com/office/drawing/2008/diagram\" xmlns:a=\"{DRAWING}\"><dsp:spTree><dsp:sp><dsp:txBody><a:p><a:r><a:t>{s}</a:t>\
             </a:r></a:p></dsp:txBody></dsp:sp></dsp:spTree></dsp:drawing>"
        );
        beside(
            "http://schemas.microsoft.com/office/2007/relationships/diagramDrawing",
            "../diagrams/drawing1.xml",
            &drawing,
        )
    }),
    ("pptx/link_target.pptx", |s| {
        Package::presentation(&shape("表紙")).relation(FIRST, "hyperlink", &format!("https://example.jp/{s}")).build()
    }),
    ("pptx/custom_show.pptx", |s| {
        let shows = format!(
            "</p:sldIdLst><p:custShowLst><p:custShow name=\"{s}\" id=\"0\"><p:sldLst><p:sld r:id=\"rId1\"/></p:sldLst></p:custShow></p:custShowLst>"
        );
        Package::presentation(&shape("表紙")).edit(MAIN, "</p:sldIdLst>", &shows).build()
    }),
];

fn shapes(shapes: &str) -> Vec<u8> {
    Package::presentation(shapes).build()
}

/// A shape at this place in thousands of units, filled like this.
fn placed(shape: &str, x: u32, y: u32, width: u32, height: u32, fill: &str) -> String {
    let place = format!(
        "<p:spPr><a:xfrm><a:off x=\"{x}000\" y=\"{y}000\"/><a:ext cx=\"{width}000\" cy=\"{height}000\"/></a:xfrm>{fill}</p:spPr>"
    );
    shape.replace("<p:spPr/>", &place)
}

/// A shape whose letters have these properties.
fn run(text: &str, properties: &str) -> String {
    shape(text).replace("<a:r>", &format!("<a:r>{properties}"))
}

fn coloured(text: &str, colour: &str) -> String {
    run(text, &format!("<a:rPr><a:solidFill><a:srgbClr val=\"{colour}\"/></a:solidFill></a:rPr>"))
}

fn main_part(kind: &str, target: &str, content: &str) -> Vec<u8> {
    Package::presentation(&shape("表紙")).related(MAIN, kind, target, &format!("{KIND}.{kind}+xml"), content).build()
}

fn beside(kind: &str, target: &str, content: &str) -> Vec<u8> {
    let content = xml(content).replace("<c:chartSpace ", &format!("<c:chartSpace xmlns:r=\"{RELATIONS}\" "));
    Package::presentation(&shape("表紙")).related(FIRST, kind, target, "application/xml", content).build()
}
