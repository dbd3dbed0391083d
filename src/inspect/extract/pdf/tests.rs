//! Tests over documents made here: one per place where text hides.

use super::super::{Ledger, Limits, extract};
use crate::inspect::{Cell, Job, Kind, Place, Reason, Sink};

/// Places, whether they are hidden, and what stands there; rows as cells between bars.
#[derive(Default)]
struct Notes(Vec<(String, bool, String)>);

impl Notes {
    fn at(&self, place: &str) -> String {
        self.0.iter().filter(|(path, ..)| path == place).map(|(.., text)| text.as_str()).collect()
    }

    fn place_of(&self, text: &str) -> (&str, bool) {
        let found = self.0.iter().find(|(.., all)| all.contains(text));
        found.map_or(("nowhere", false), |(path, hidden, _)| (path, *hidden))
    }
}

impl Sink for Notes {
    fn text(&mut self, place: &Place, text: &str) {
        self.0.push((place.path.clone(), place.hidden, text.to_owned()));
    }

    fn begin_table(&mut self, place: &Place) {
        self.text(place, "");
    }

    fn row(&mut self, _: u32, cells: &[Cell<'_>]) {
        let row: Vec<String> = cells.iter().map(|cell| format!("{}={}", cell.column, cell.text)).collect();
        if let Some((.., text)) = self.0.last_mut() {
            text.push_str(&format!("|{}|", row.join("|")));
        }
    }

    fn end_table(&mut self) {}
}

fn read(bytes: &[u8]) -> (Notes, Ledger) {
    read_with(bytes, &[])
}

fn read_with(bytes: &[u8], passwords: &[&str]) -> (Notes, Ledger) {
    let mut notes = Notes::default();
    let mut job = Job::new(Kind::File("f.pdf".to_owned()));
    job.passwords = passwords.iter().map(|&password| password.to_owned()).collect();
    let ledger = extract(bytes, &job, &Limits::default(), &mut notes, &mut ());
    (notes, ledger)
}

/// Objects with the numbers from 1 on, and their table. The first is the catalog.
fn document(objects: &[String]) -> Vec<u8> {
    let numbered: Vec<(usize, String)> = (1..).zip(objects.iter().cloned()).collect();
    let mut bytes = b"%PDF-1.7\n".to_vec();
    append(&mut bytes, &numbered, "");
    bytes
}

/// Adds objects and a table of them, as a program does that saves by adding.
fn append(bytes: &mut Vec<u8>, objects: &[(usize, String)], trailer: &str) {
    let mut table = String::from("xref\n");
    for (number, object) in objects {
        table.push_str(&format!("{number} 1\n{:010} 00000 n \n", bytes.len()));
        bytes.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = bytes.len();
    bytes.extend(format!("{table}trailer\n<</Size 99/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").bytes());
}

fn stream(dict: &str, content: &str) -> String {
    format!("<<{dict}/Length {}>>\nstream\n{content}\nendstream", content.len())
}

/// A catalog with these entries and one page with these, showing this.
fn one_page(catalog: &str, page: &str, content: &str, more: &[String]) -> Vec<u8> {
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R\
             /Resources<</Font<</F 5 0 R>>/Properties<</L 6 0 R>>/ExtGState<</G<</BM/Multiply>>>>/XObject<</X 7 0 R>>>>{page}>>"
        ),
        stream("", content),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    objects.extend_from_slice(more);
    document(&objects)
}

fn shown(text: &str) -> String {
    format!("BT /F 10 Tf 50 700 Td ({text}) Tj ET\n")
}

/// A text string in UTF-16.
fn wide(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    format!("<FEFF{units}>")
}

#[test]
fn a_plain_page() {
    let (notes, ledger) = read(&one_page("", "", &shown("plain words"), &[]));
    assert_eq!(notes.place_of("plain words"), ("f.pdf › page 1", false));
    assert_eq!(ledger.uninspected, []);
    assert_eq!(ledger.inspected[0].characters, 12);
}

#[test]
fn what_cannot_be_seen_is_hidden() {
    let cases = [
        ("in a layer that is off", "/OC /L BDC BT /F 10 Tf 50 700 Td (secret) Tj ET EMC".to_owned()),
        ("in no colour", "BT /F 10 Tf 3 Tr 50 700 Td (secret) Tj ET".to_owned()),
        ("white on white", "1 g BT /F 10 Tf 50 700 Td (secret) Tj ET".to_owned()),
        ("beside the page", "BT /F 10 Tf 900 700 Td (secret) Tj ET".to_owned()),
        ("outside of the clip", "q 0 0 10 10 re W n BT /F 10 Tf 50 700 Td (secret) Tj ET Q".to_owned()),
        ("under a black box", format!("{} 0 g 40 690 100 30 re f", shown("secret"))),
        ("too small to read", "BT /F 0.2 Tf 50 700 Td (secret) Tj ET".to_owned()),
    ];
    for (case, content) in cases {
        let layer = "/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>";
        let group = "<</Type/OCG/Name(Draft layer)>>".to_owned();
        let (notes, ledger) = read(&one_page(layer, "", &format!("{content}\n"), &[group]));
        assert_eq!(notes.place_of("secret"), ("f.pdf › page 1", true), "{case}");
        assert_eq!(notes.place_of("Draft layer").0, "f.pdf › layers");
        assert_eq!(ledger.uninspected, [], "{case}");
    }
}

#[test]
fn what_can_be_seen_is_not_hidden() {
    let cases = [
        ("white on black", format!("0 g 40 690 100 30 re f 1 g {}", shown("public"))),
        ("on a coloured box", format!("0.9 g 40 690 100 30 re f 0 g {}", shown("public"))),
        ("a layer that is on", format!("/OC /L BDC {} EMC", shown("public"))),
        ("in a form", "/X Do".to_owned()),
        ("behind a path without operands", format!("m {}", shown("public"))),
        ("behind nonsense", format!(") 1 >> {}", shown("public"))),
        ("struck through", format!("{} 40 702 100 1 re f", shown("public"))),
        ("under a highlight", format!("{} /G gs 1 1 0 rg 40 690 100 30 re f", shown("public"))),
    ];
    for (case, content) in cases {
        let layer = "/OCProperties<</OCGs[6 0 R]/D<<>>>>";
        let form = stream("/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F 5 0 R>>>>", &shown("public"));
        let more = ["<</Type/OCG/Name(x)>>".to_owned(), form];
        let (notes, _) = read(&one_page(layer, "", &content, &more));
        assert_eq!(notes.place_of("public"), ("f.pdf › page 1", false), "{case}");
    }
}

#[test]
fn everything_beside_the_page_has_its_place() {
    let note = format!("<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents{}/T(Author A)>>", wide("注釈の文"));
    let field = format!("<</Subtype/Widget/FT/Tx/Rect[0 0 9 9]/T(name)/V{}>>", wide("記入の文"));
    let link = "<</Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://secret.example)>>>>".to_owned();
    let more = [
        "<<>>".to_owned(),
        "<<>>".to_owned(),
        note,
        field,
        link,
        format!("<</Title{}/Parent 12 0 R/Dest[3 0 R/Fit]>>", wide("しおりの文")),
        "<</Type/Outlines/First 11 0 R/Last 11 0 R/Count 1>>".to_owned(),
        format!("<</S/JavaScript/JS{}>>", wide("app.alert('台本の文')")),
        format!("<</Type/StructElem/S/Figure/P 1 0 R/Alt{}>>", wide("図の説明文")),
        format!("<</Type/Filespec/F(x)/UF{}/EF<</F 16 0 R>>>>", wide("名簿.txt")),
        stream("/Type/EmbeddedFile", "attached words"),
        stream(
            "/Type/Metadata/Subtype/XML",
            "<?xml version='1.0'?><x:xmpmeta><dc:title>meta words</dc:title></x:xmpmeta>",
        ),
        "<</Producer(program)/Author(Somebody)>>".to_owned(),
        stream("", "<template><field name='a'><value>form words</value></field></template>"),
        "<</Odd(odd words)>>".to_owned(),
    ];
    let catalog = "/AcroForm<</Fields[9 0 R]/XFA 19 0 R>>/Outlines 12 0 R/Metadata 17 0 R/OpenAction 13 0 R";
    let (notes, ledger) = read(&one_page(catalog, "/Annots[8 0 R 9 0 R 10 0 R]", &shown("page"), &more));
    for (text, place, hidden) in [
        ("注釈の文", "f.pdf › note on page 1", false),
        ("Author A", "f.pdf › note on page 1", false),
        ("記入の文", "f.pdf › form", false),
        ("form words", "f.pdf › form", false),
        ("https://secret.example", "f.pdf › links", true),
        ("しおりの文", "f.pdf › outline", false),
        ("台本の文", "f.pdf › scripts", true),
        ("図の説明文", "f.pdf › descriptions", true),
        ("attached words", "f.pdf › attachment 名簿.txt", false),
        ("meta words", "f.pdf › properties", true),
        ("Somebody", "f.pdf › properties", true),
        ("odd words", "f.pdf › other text", true),
    ] {
        assert_eq!(notes.place_of(text), (place, hidden), "{text}");
    }
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn a_file_that_calls_itself_a_font_is_a_file() {
    let more = [
        "<<>>".to_owned(),
        "<</Type/FontDescriptor/FontFile2 8 0 R/FontFile 9 0 R>>".to_owned(),
        stream("", "From: a@example.jp\nTo: b@example.jp\nSubject: smuggled\n\nwords in a mail"),
        stream("", "\0\x01\0\0\0\x10\0\0\0\0 a font"),
    ];
    let (notes, ledger) = read(&one_page("", "", &shown("page"), &more));
    assert!(notes.place_of("words in a mail").0.starts_with("f.pdf › object 8"));
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn what_was_replaced_is_still_there() {
    let mut bytes = one_page("", "", &shown("old salary 123"), &["(old note)".to_owned()]);
    let table = memchr::memmem::rfind(&bytes, b"xref\n1").unwrap();
    let replaced = [(4, stream("", &shown("new text"))), (6, "(new note)".to_owned())];
    append(&mut bytes, &replaced, &format!("/Prev {table}"));
    let (notes, ledger) = read(&bytes);
    assert_eq!(notes.place_of("new text"), ("f.pdf › page 1", false));
    assert_eq!(notes.place_of("old salary 123"), ("f.pdf › older version › page 1", true));
    assert_eq!(notes.place_of("old note"), ("f.pdf › older version › other text", true));
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn what_fell_out_of_the_tree_is_still_there() {
    let page = "<</Type/Page/MediaBox[0 0 600 800]/Contents 7 0 R/Resources<</Font<</F 5 0 R>>>>>>".to_owned();
    let form = stream("/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 5 0 R>>>>", &shown("unused words"));
    let bytes = one_page("", "", &shown("page"), &[page, stream("", &shown("deleted words")), form]);
    let (notes, ledger) = read(&bytes);
    assert_eq!(notes.place_of("deleted words"), ("f.pdf › unlisted page 6", true));
    assert_eq!(notes.place_of("unused words"), ("f.pdf › unused drawing 8", true));
    assert_eq!(ledger.uninspected, []);
}

#[test]
fn an_object_that_no_table_lists_is_read() {
    let mut bytes = one_page("", "", &shown("page"), &[]);
    let end = memchr::memmem::find(&bytes, b"xref").unwrap();
    bytes.splice(end..end, *b"77 0 obj (smuggled words) endobj\n");
    // The table still stands where it says, if its place is mended.
    let text = String::from_utf8(bytes).unwrap();
    let start = text.rfind("startxref\n").unwrap();
    let mended = format!("{}startxref\n{}\n%%EOF\n", &text[..start], text.find("xref").unwrap());
    let (notes, _) = read(mended.as_bytes());
    assert_eq!(notes.place_of("smuggled words"), ("f.pdf › older version › other text", true));
}

#[test]
fn bytes_of_no_object_are_read() {
    let mut bytes = one_page("", "", &shown("page"), &[]);
    bytes.extend_from_slice(b"\nwords behind the end\n");
    let (notes, _) = read(&bytes);
    assert!(notes.place_of("words behind the end").0.starts_with("f.pdf › bytes "));
}

#[test]
fn columns_are_a_table() {
    let mut content = String::from("BT /F 10 Tf\n");
    for (y, row) in
        [["No", "Name", "Phone"], ["1", "Sato", "090-1234-5678"], ["2", "Suzuki", "090-1111-2222"]].iter().enumerate()
    {
        for (x, cell) in row.iter().enumerate() {
            content.push_str(&format!("1 0 0 1 {} {} Tm ({cell}) Tj\n", 50 + x * 100, 700 - y * 15));
        }
    }
    let (notes, _) = read(&one_page("", "", &format!("{content}ET"), &[]));
    assert_eq!(
        notes.at("f.pdf › page 1"),
        "|0=No|1=Name|2=Phone||0=1|1=Sato|2=090-1234-5678||0=2|1=Suzuki|2=090-1111-2222|"
    );
}

#[test]
fn a_rotated_page_reads_as_it_is_seen() {
    let content = "BT /F 10 Tf 0 1 -1 0 100 50 Tm (first) Tj ET BT /F 10 Tf 0 1 -1 0 120 50 Tm (second) Tj ET";
    let (notes, _) = read(&one_page("", "/Rotate 90", content, &[]));
    assert_eq!(notes.at("f.pdf › page 1"), "first\nsecond\n");
}

#[test]
fn a_page_of_one_picture_is_a_picture() {
    let image = "/Subtype/Image/Width 300/Height 300/BitsPerComponent 8/ColorSpace/DeviceGray";
    let more = ["<<>>".to_owned(), stream(image, &"x".repeat(90_000))];
    let (_, ledger) = read(&one_page("", "", "q 600 0 0 800 0 0 cm /X Do Q", &more));
    let entries: Vec<_> = ledger.uninspected.iter().map(|it| (it.place.as_str(), it.reason)).collect();
    assert_eq!(entries, [("f.pdf › page 1", Reason::Image)]);
    // With the text that a scanner has read under it, it is a page that can be seen.
    let content = format!("q 600 0 0 800 0 0 cm /X Do Q 3 Tr {}", shown("recognised words"));
    let (notes, ledger) = read(&one_page("", "", &content, &more));
    assert_eq!(notes.place_of("recognised words"), ("f.pdf › page 1", false));
    assert_eq!(ledger.uninspected[0].place, "f.pdf › page 1 › image 1");
}

#[test]
fn text_that_its_font_does_not_explain_is_told() {
    let font = "<</Type/Font/Subtype/Type0/Encoding/Identity-H/BaseFont/X/DescendantFonts[<</Type/Font\
                /Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>";
    let content = "BT /G 10 Tf 50 700 Td <000100020003000400050006000700080009000A> Tj ET";
    let page = "/Resources<</Font<</G 6 0 R>>>>";
    let bytes = document(&[
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R{page}>>"),
        stream("", content),
        "<<>>".to_owned(),
        font.to_owned(),
    ]);
    let (_, ledger) = read(&bytes);
    assert_eq!(
        (ledger.uninspected[0].place.as_str(), ledger.uninspected[0].reason),
        ("f.pdf › page 1", Reason::Damaged)
    );
}

#[test]
fn a_document_that_lost_its_catalog_still_has_its_pages() {
    let whole = one_page("", "", &shown("still there"), &[]);
    let text = String::from_utf8(whole).unwrap();
    let cut = text.replace("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Catalox/Pages 2 0 R>>");
    let (notes, ledger) = read(&cut.as_bytes()[..cut.find("xref").unwrap()]);
    assert_eq!(notes.place_of("still there").0, "f.pdf › page 1");
    assert!(ledger.uninspected.iter().any(|it| it.reason == Reason::Damaged));
}

#[test]
fn a_password_that_somebody_wrote_opens_a_document() {
    let bytes = include_bytes!("../../../../tests/corpus/pdf/enc_aes128_user.pdf");
    assert_eq!(read(bytes).1.uninspected[0].reason, Reason::Encrypted);
    assert_eq!(read_with(bytes, &["wrong"]).1.uninspected[0].reason, Reason::Encrypted);
    let (notes, ledger) = read_with(bytes, &["wrong", "userpw"]);
    assert_eq!(notes.place_of("福田 太郎"), ("f.pdf › page 1", false));
    assert_eq!(ledger.uninspected, []);
}

fn flate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A document of one page with one more object, a stream that unpacks to much.
fn with_packed(dict: &str, packed: &[u8]) -> Vec<u8> {
    let mut bytes = one_page("", "", &shown("page"), &[]);
    bytes.extend(format!("8 0 obj\n<<{dict}/Filter/FlateDecode/Length {}>>\nstream\n", packed.len()).bytes());
    bytes.extend_from_slice(packed);
    bytes.extend_from_slice(b"\nendstream\nendobj\n%%EOF\n");
    bytes
}

#[test]
fn beside_a_bomb_the_rest_is_read() {
    let (notes, ledger) = read(&with_packed("/Type/ObjStm/N 1/First 4", &flate(&vec![0; 300 << 20])));
    assert_eq!(notes.place_of("page").0, "f.pdf › page 1");
    assert_eq!((ledger.uninspected[0].place.as_str(), ledger.uninspected[0].reason), ("f.pdf", Reason::Limit));
}

#[test]
fn documents_made_to_hurt_end_soon() {
    let zeros = flate(&vec![0; 300 << 20]);
    let chain: String = (0..50_000).map(|n| format!("xref\n0 0\ntrailer<</Prev {}>>\n", n * 40)).collect();
    let cases: [(&str, Vec<u8>, Option<Reason>); 8] = [
        ("a pack of objects that is a bomb", with_packed("/Type/ObjStm/N 1/First 4", &zeros), Some(Reason::Limit)),
        ("an attachment that is a bomb", with_packed("/Type/EmbeddedFile", &zeros), Some(Reason::Limit)),
        ("lists in lists", one_page("", "", &"[".repeat(200_000), &["[".repeat(200_000)]), None),
        ("saved states", one_page("", "", &"q ".repeat(500_000), &[]), None),
        (
            "streams without an end",
            format!("%PDF-1.4\n{}", "7 0 obj<<>>stream\n".repeat(20_000)).into_bytes(),
            Some(Reason::Damaged),
        ),
        (
            "tables that refer to each other",
            format!("%PDF-1.4\n{chain}startxref\n9\n%%EOF").into_bytes(),
            Some(Reason::Damaged),
        ),
        (
            "a form that draws itself",
            {
                let form = stream("/Subtype/Form/BBox[0 0 9 9]", "/X Do /X Do /X Do");
                one_page("", "", "/X Do", &["<<>>".to_owned(), form])
            },
            Some(Reason::Limit),
        ),
        (
            "a million glyphs at one place",
            one_page("", "", &format!("BT /F 9 Tf {}", "(aaaaaaaaaa) Tj 0 0 Td ".repeat(50_000)), &[]),
            None,
        ),
    ];
    for (case, bytes, reason) in cases {
        let start = std::time::Instant::now();
        let (_, ledger) = read(&bytes);
        // Unoptimised, on a busy machine.
        assert!(start.elapsed().as_secs() < 20, "{case}: {:?}", start.elapsed());
        assert!(reason.is_none_or(|reason| ledger.uninspected.iter().any(|it| it.reason == reason)), "{case}");
    }
}

#[test]
fn a_protected_document_without_its_table_still_waits_for_its_password() {
    let mut bytes = include_bytes!("../../../../tests/corpus/pdf/enc_aes128_user.pdf").to_vec();
    let table = memchr::memmem::rfind(&bytes, b"startxref").unwrap();
    bytes[table..table + 9].fill(b'x');
    let reasons =
        |passwords: &[&str]| read_with(&bytes, passwords).1.uninspected.iter().map(|it| it.reason).collect::<Vec<_>>();
    assert_eq!(reasons(&[]), [Reason::Damaged, Reason::Encrypted]);
    assert_eq!(reasons(&["userpw"]), [Reason::Damaged]);
}
