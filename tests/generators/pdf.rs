//! PDF, object by object.
//!
//! In: a secret. Out: a document with it in one place. Deliberately absent: embedded fonts; the text is written in codes
//! that the predefined CMaps of the specification explain.

use std::io::Write as _;

use super::package::Package;
use super::{Maker, cp932, euc, hex, wide_be};

pub(crate) const CASES: &[Maker] = &[
    ("pdf/page_utf16.pdf", |s| page("UniJIS-UTF16-H", &wide_be(s))),
    ("pdf/page_shift_jis.pdf", |s| page("90ms-RKSJ-H", &cp932(s))),
    ("pdf/page_euc.pdf", |s| page("EUC-H", &euc(s))),
    ("pdf/page_utf16_of_2004.pdf", |s| page("UniJIS2004-UTF16-H", &wide_be(s))),
    ("pdf/page_vertical.pdf", |s| page("UniJIS-UTF16-V", &wide_be(s))),
    ("pdf/page_with_to_unicode.pdf", with_to_unicode),
    ("pdf/page_without_to_unicode.pdf", |s| {
        let text = codes(s);
        let mut file = Pdf::with_page(&show(&text));
        file.set(4, "<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+X/Encoding/Identity-H/DescendantFonts[5 0 R]>>");
        file.set(5, "<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 6 0 R>>");
        file.build()
    }),
    ("pdf/characters_one_by_one.pdf", |s| {
        let shown: String = s
            .chars()
            .enumerate()
            .map(|(at, c)| format!("1 0 0 1 {} 700 Tm <{}> Tj\n", 50 + 12 * at, hex(&wide_be(&c.to_string()))))
            .collect();
        Pdf::with_page(&format!("BT /F1 12 Tf {shown} ET")).build()
    }),
    ("pdf/invisible_text.pdf", |s| {
        Pdf::with_page(&format!("BT /F1 12 Tf 3 Tr 50 700 Td <{}> Tj ET", hex(&wide_be(s)))).build()
    }),
    ("pdf/text_off_the_page.pdf", |s| {
        Pdf::with_page(&format!("BT /F1 12 Tf 5000 700 Td <{}> Tj ET", hex(&wide_be(s)))).build()
    }),
    ("pdf/text_of_another_form.pdf", |s| {
        let mut file = Pdf::with_page("/X1 Do");
        let form = file.stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F1 4 0 R>>>>",
            show(&wide_be(s)).as_bytes(),
        );
        file.edit(3, "/Resources<<", &format!("/Resources<</XObject<</X1 {form} 0 R>>"));
        file.build()
    }),
    ("pdf/compressed_page.pdf", |s| {
        let mut file = Pdf::with_page("");
        file.objects[6] = flate_stream(show(&wide_be(s)).as_bytes(), "");
        file.build()
    }),
    ("pdf/hidden_layer.pdf", |s| {
        let mut file = Pdf::with_page(&format!("/OC /L1 BDC {} EMC", show(&wide_be(s))));
        let layer = file.add("<</Type/OCG/Name(L)>>".into());
        file.edit(3, "/Resources<<", &format!("/Resources<</Properties<</L1 {layer} 0 R>>"));
        file.edit(
            1,
            "/Type/Catalog",
            &format!("/Type/Catalog/OCProperties<</OCGs[{layer} 0 R]/D<</OFF[{layer} 0 R]>>>>"),
        );
        file.build()
    }),
    ("pdf/layer_name.pdf", |s| {
        let mut file = Pdf::with_page("");
        let layer = file.add(format!("<</Type/OCG/Name{}>>", text(s)));
        file.edit(1, "/Type/Catalog", &format!("/Type/Catalog/OCProperties<</OCGs[{layer} 0 R]/D<<>>>>"));
        file.build()
    }),
    ("pdf/replacement_text.pdf", |s| Pdf::with_page(&format!("/Span <</ActualText{}>> BDC EMC", text(s))).build()),
    ("pdf/form_value.pdf", |s| field(&format!("/T(name)/V{}", text(s)))),
    ("pdf/form_default.pdf", |s| field(&format!("/T(name)/DV{}", text(s)))),
    ("pdf/form_choice.pdf", |s| field(&format!("/T(name)/FT/Ch/Opt[{}]", text(s)))),
    ("pdf/xfa_form.pdf", |s| {
        let mut file = Pdf::with_page("");
        let xfa = file.stream(
            "",
            format!("<xdp:xdp xmlns:xdp=\"http://ns.adobe.com/xdp/\"><data><name>{s}</name></data></xdp:xdp>")
                .as_bytes(),
        );
        file.edit(1, "/Type/Catalog", &format!("/Type/Catalog/AcroForm<</Fields[]/XFA {xfa} 0 R>>"));
        file.build()
    }),
    ("pdf/annotation.pdf", |s| annotation(&format!("/Subtype/Text/Contents{}", text(s)))),
    ("pdf/annotation_author.pdf", |s| annotation(&format!("/Subtype/Text/Contents(x)/T{}", text(s)))),
    ("pdf/hidden_annotation.pdf", |s| annotation(&format!("/Subtype/FreeText/F 2/Contents{}", text(s)))),
    ("pdf/annotation_not_to_be_viewed.pdf", |s| annotation(&format!("/Subtype/FreeText/F 36/Contents{}", text(s)))),
    ("pdf/hidden_form_field.pdf", |s| field(&format!("/F 2/T(name)/V{}", text(s)))),
    ("pdf/printed_annotation.pdf", |s| annotation(&format!("/Subtype/FreeText/F 4/Contents{}", text(s)))),
    ("pdf/link.pdf", |s| {
        annotation(&format!("/Subtype/Link/A<</S/URI/URI({})>>", escape(format!("https://example.jp/{s}").as_bytes())))
    }),
    ("pdf/attachment.pdf", |s| attachment("a.txt", s.as_bytes())),
    ("pdf/attached_workbook.pdf", |s| {
        attachment("a.xlsx", &Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build())
    }),
    ("pdf/attachment_name.pdf", |s| attachment(&format!("{s}.txt"), b"x")),
    ("pdf/document_information.pdf", |s| {
        let mut file = Pdf::with_page("");
        let info = file.add(format!("<</Title{}>>", text(s)));
        file.trailer = format!("/Info {info} 0 R");
        file.build()
    }),
    ("pdf/sensitivity_label.pdf", |s| {
        let mut file = Pdf::with_page("");
        let info = file.add(format!("<</MSIP_Label_2096f6a2-d2f7-48be-b329-b73aaa526e5d_Name{}>>", text(s)));
        file.trailer = format!("/Info {info} 0 R");
        file.build()
    }),
    ("pdf/information_in_utf8.pdf", |s| {
        let mut file = Pdf::with_page("");
        let info = file.add(format!("<</Author({})>>", escape(&[b"\xef\xbb\xbf", s.as_bytes()].concat())));
        file.trailer = format!("/Info {info} 0 R");
        file.build()
    }),
    ("pdf/metadata.pdf", |s| {
        let mut file = Pdf::with_page("");
        let xmp = format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><dc:title xmlns:dc=\"http://purl.org/dc/elements/1.1/\">{s}</dc:title></rdf:RDF></x:xmpmeta>"
        );
        let metadata = file.stream("/Type/Metadata/Subtype/XML", xmp.as_bytes());
        file.edit(1, "/Type/Catalog", &format!("/Type/Catalog/Metadata {metadata} 0 R"));
        file.build()
    }),
    ("pdf/outline.pdf", |s| {
        let mut file = Pdf::with_page("");
        let item = file.objects.len() + 1;
        file.add(format!("<</Title{}/Parent {} 0 R>>", text(s), item + 1));
        file.add(format!("<</Type/Outlines/First {item} 0 R/Last {item} 0 R/Count 1>>"));
        file.edit(1, "/Type/Catalog", &format!("/Type/Catalog/Outlines {} 0 R", item + 1));
        file.build()
    }),
    ("pdf/page_label.pdf", |s| catalog(&format!("/PageLabels<</Nums[0<</P{}>>]>>", text(s)))),
    ("pdf/script.pdf", |s| catalog(&format!("/OpenAction<</S/JavaScript/JS{}>>", text(&format!("app.alert('{s}')"))))),
    ("pdf/structure.pdf", |s| {
        catalog(&format!("/StructTreeRoot<</Type/StructTreeRoot/K<</S/Figure/Alt{}>>>>", text(s)))
    }),
    ("pdf/private_data.pdf", |s| catalog(&format!("/PieceInfo<</Seki<</Private{}>>>>", text(s)))),
    ("pdf/object_that_nothing_names.pdf", |s| {
        let mut file = Pdf::with_page("");
        file.add(format!("<</Memo{}>>", text(s)));
        file.build()
    }),
    ("pdf/object_stream.pdf", |s| {
        let mut file = Pdf::with_page("");
        let number = file.objects.len() + 9;
        let inner = format!("{number} 0 <</Memo{}>>", text(s));
        let first = inner.find("<<").unwrap();
        file.objects.push(flate_stream(inner.as_bytes(), &format!("/Type/ObjStm/N 1/First {first}")));
        file.build()
    }),
    ("pdf/unnamed_object_stream.pdf", |s| {
        let mut file = Pdf::with_page("");
        let inner = format!("99 0 <</Memo{}>>", text(s));
        let first = inner.find("<<").unwrap();
        let pack = flate_stream(inner.as_bytes(), &format!("/Type/ObjStm/N 1/First {first}"));
        file.between = [b"98 0 obj\n", &pack[..], b"\nendobj\n"].concat();
        file.build()
    }),
    ("pdf/between_packed_objects.pdf", |s| {
        let mut file = Pdf::with_page("");
        let number = file.objects.len() + 9;
        let inner = format!("{number} 0 <</Memo(x)>> {s}");
        let first = inner.find("<<").unwrap();
        file.objects.push(flate_stream(inner.as_bytes(), &format!("/Type/ObjStm/N 1/First {first}")));
        file.build()
    }),
    ("pdf/behind_packed_data.pdf", |s| {
        let mut file = Pdf::with_page("");
        let stream = flate_stream(b"q Q", "");
        file.objects[6] = longer(&stream, s.as_bytes());
        file.build()
    }),
    ("pdf/behind_a_packed_font.pdf", |s| {
        let mut file = Pdf::with_page(&show(&wide_be("番号")));
        file.objects.push(longer(&flate_stream(&[0; 500], ""), s.as_bytes()));
        let font = file.objects.len();
        file.edit(6, "/Type/FontDescriptor", &format!("/Type/FontDescriptor/FontFile3 {font} 0 R"));
        file.build()
    }),
    ("pdf/old_revision.pdf", |s| {
        let old = Pdf::with_page(&show(&wide_be(s))).build();
        let content = show(&wide_be("新しい版"));
        let at = old.len();
        let newer = format!("7 0 obj\n<</Length {}>>\nstream\n{content}\nendstream\nendobj\n", content.len());
        let table = format!(
            "xref\n7 1\n{at:010} 00000 n \ntrailer\n<</Size 8/Root 1 0 R/Prev {}>>\nstartxref\n{}\n%%EOF\n",
            start_of_table(&old),
            at + newer.len()
        );
        [old, newer.into_bytes(), table.into_bytes()].concat()
    }),
    ("pdf/behind_the_end.pdf", |s| [Pdf::with_page("").build(), s.as_bytes().to_vec()].concat()),
    ("pdf/before_the_start.pdf", |s| [s.as_bytes().to_vec(), b"\n".to_vec(), Pdf::with_page("").build()].concat()),
    ("pdf/between_objects.pdf", |s| {
        let mut file = Pdf::with_page("");
        file.between = s.as_bytes().to_vec();
        file.build()
    }),
    ("pdf/comment.pdf", |s| {
        let mut file = Pdf::with_page("");
        file.between = format!("% {s}\n").into_bytes();
        file.build()
    }),
    ("pdf/image_only.pdf", |_| {
        let mut file = Pdf::with_page("q 200 0 0 200 0 0 cm /I1 Do Q");
        let image = file.stream(
            "/Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8",
            &[0, 255, 255, 0],
        );
        file.edit(3, "/Resources<<", &format!("/Resources<</XObject<</I1 {image} 0 R>>"));
        file.build()
    }),
    ("pdf/lost_cross_references.pdf", |s| {
        let file = Pdf::with_page(&show(&wide_be(s))).build();
        let cut = start_of_table(&file);
        file[..cut].to_vec()
    }),
];

/// Numbered objects, the first is the catalogue.
pub(crate) struct Pdf {
    pub(crate) objects: Vec<Vec<u8>>,
    trailer: String,
    between: Vec<u8>,
}

impl Pdf {
    /// One page with this content; its font F1 takes UTF-16.
    pub(crate) fn with_page(content: &str) -> Self {
        let mut file = Self { objects: Vec::new(), trailer: String::new(), between: Vec::new() };
        file.add("<</Type/Catalog/Pages 2 0 R>>".into());
        file.add("<</Type/Pages/Kids[3 0 R]/Count 1>>".into());
        file.add(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 7 0 R/Resources<</Font<</F1 4 0 R>>>>>>".into(),
        );
        file.add(
            "<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UTF16-H/DescendantFonts[5 0 R]>>".into(),
        );
        file.add("<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 6>>/FontDescriptor 6 0 R/DW 1000>>".into());
        file.add("<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200/CapHeight 700/StemV 80>>".into());
        file.stream("", content.as_bytes());
        file
    }

    pub(crate) fn add(&mut self, object: String) -> usize {
        self.objects.push(object.into_bytes());
        self.objects.len()
    }

    pub(crate) fn stream(&mut self, entries: &str, content: &[u8]) -> usize {
        let head = format!("<<{entries}/Length {}>>\nstream\n", content.len());
        self.objects.push([head.as_bytes(), content, b"\nendstream"].concat());
        self.objects.len()
    }

    fn set(&mut self, number: usize, object: &str) {
        self.objects[number - 1] = object.as_bytes().to_vec();
    }

    pub(crate) fn edit(&mut self, number: usize, from: &str, to: &str) {
        let object = String::from_utf8(self.objects[number - 1].clone()).unwrap();
        assert!(object.contains(from), "{object} has no {from}");
        self.set(number, &object.replacen(from, to, 1));
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", self.objects.len() + 1);
        for (at, object) in self.objects.iter().enumerate() {
            if at == 3 {
                out.extend_from_slice(&self.between);
                out.push(b'\n');
            }
            table += &format!("{:010} 00000 n \n", out.len());
            out.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
            out.extend_from_slice(object);
            out.extend_from_slice(b"\nendobj\n");
        }
        let start = out.len();
        let trailer = format!(
            "trailer\n<</Size {}/Root 1 0 R{}>>\nstartxref\n{start}\n%%EOF\n",
            self.objects.len() + 1,
            self.trailer
        );
        [out, table.into_bytes(), trailer.into_bytes()].concat()
    }
}

/// A stream object packed with Flate.
pub(crate) fn flate_stream(content: &[u8], entries: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    let head = format!("<<{entries}/Filter/FlateDecode/Length {}>>\nstream\n", packed.len());
    [head.as_bytes(), &packed, b"\nendstream"].concat()
}

/// A stream object with something behind its data, and counted in its length.
fn longer(stream: &[u8], rest: &[u8]) -> Vec<u8> {
    let end = stream.len() - b"\nendstream".len();
    let start = memchr::memmem::find(stream, b"stream\n").unwrap() + 7;
    let head = String::from_utf8_lossy(&stream[..start]).into_owned();
    let (before, behind) = head.split_once("/Length ").unwrap();
    let behind = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    let length = end - start + rest.len();
    let head = format!("{before}/Length {length}{behind}");
    [head.as_bytes(), &stream[start..end], rest, b"\nendstream"].concat()
}

/// Operators that show these codes in font F1.
pub(crate) fn show(codes: &[u8]) -> String {
    format!("BT /F1 12 Tf 50 700 Td <{}> Tj ET", hex(codes))
}

fn page(encoding: &str, codes: &[u8]) -> Vec<u8> {
    let mut file = Pdf::with_page(&show(codes));
    file.edit(4, "UniJIS-UTF16-H", encoding);
    file.build()
}

/// Glyph numbers as a subset font has them: 1, 2, 3, ….
fn codes(text: &str) -> Vec<u8> {
    (1..).zip(text.chars()).flat_map(|(code, _): (u16, char)| code.to_be_bytes()).collect()
}

fn with_to_unicode(secret: &str) -> Vec<u8> {
    let mut file = Pdf::with_page(&show(&codes(secret)));
    let lines: String = (1..)
        .zip(secret.chars())
        .map(|(code, c): (u16, char)| format!("<{code:04x}> <{}>\n", hex(&wide_be(&c.to_string()))))
        .collect();
    let map = format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange <0000> <ffff> endcodespacerange \
         {} beginbfchar\n{lines}endbfchar endcmap end end",
        secret.chars().count()
    );
    let map = file.stream("", map.as_bytes());
    file.set(4, &format!("<</Type/Font/Subtype/Type0/BaseFont/AAAAAA+X/Encoding/Identity-H/DescendantFonts[5 0 R]/ToUnicode {map} 0 R>>"));
    file.set(5, "<</Type/Font/Subtype/CIDFontType2/BaseFont/AAAAAA+X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 6 0 R>>");
    file.build()
}

/// A text string: UTF-16 with its mark, in hexadecimal.
fn text(text: &str) -> String {
    format!("<feff{}>", hex(&wide_be(text)))
}

/// The inside of a literal string, in octal.
fn escape(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

fn field(entries: &str) -> Vec<u8> {
    let mut file = Pdf::with_page("");
    let field = file.add(format!("<</Type/Annot/Subtype/Widget/FT/Tx/Rect[0 0 100 20]{entries}>>"));
    file.edit(1, "/Type/Catalog", &format!("/Type/Catalog/AcroForm<</Fields[{field} 0 R]>>"));
    file.edit(3, "/Type/Page", &format!("/Type/Page/Annots[{field} 0 R]"));
    file.build()
}

fn annotation(entries: &str) -> Vec<u8> {
    let mut file = Pdf::with_page("");
    let annotation = file.add(format!("<</Type/Annot/Rect[0 0 20 20]{entries}>>"));
    file.edit(3, "/Type/Page", &format!("/Type/Page/Annots[{annotation} 0 R]"));
    file.build()
}

fn attachment(name: &str, content: &[u8]) -> Vec<u8> {
    let mut file = Pdf::with_page("");
    let embedded = file.stream("/Type/EmbeddedFile", content);
    let named = file.add(format!("<</Type/Filespec/F{0}/UF{0}/EF<</F {embedded} 0 R>>>>", text(name)));
    file.edit(1, "/Type/Catalog", &format!("/Type/Catalog/Names<</EmbeddedFiles<</Names[(a){named} 0 R]>>>>"));
    file.build()
}

fn catalog(entries: &str) -> Vec<u8> {
    let mut file = Pdf::with_page("");
    file.edit(1, "/Type/Catalog", &format!("/Type/Catalog{entries}"));
    file.build()
}

/// Where the table of cross references begins, as `startxref` says.
fn start_of_table(file: &[u8]) -> usize {
    let text = String::from_utf8_lossy(&file[file.len() - 40..]).into_owned();
    let (_, number) = text.split_once("startxref\n").unwrap();
    number.split_once('\n').unwrap().0.parse().unwrap()
}
