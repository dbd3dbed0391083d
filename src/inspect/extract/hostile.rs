//! Tests of bad input: one per way to crash, hang, or slip something past in silence.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use super::super::{Cell, Job, Kind, Place, Reason, Sink, Uninspected};
use super::{Ledger, Limits, extract};

/// Places and texts in order; rows as `row:column=text`.
#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    hidden: Vec<String>,
}

impl Notes {
    fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}

impl Sink for Notes {
    fn text(&mut self, place: &Place, text: &str) {
        self.lines.push(format!("{} | {}", place.path, text.trim()));
    }

    fn begin_table(&mut self, place: &Place) {
        self.lines.push(format!("{} | table", place.path));
        if place.hidden {
            self.hidden.push(place.path.clone());
        }
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{}={}", cell.column, cell.text)).collect();
        self.lines.push(format!("{row}:{}", cells.join(" ")));
    }

    fn end_table(&mut self) {
        self.lines.push("end".to_owned());
    }
}

fn mail(bytes: &[u8]) -> (Notes, Ledger) {
    within(bytes, &Kind::Mail, &Limits::default())
}

fn file(name: &str, bytes: &[u8]) -> (Notes, Ledger) {
    within(bytes, &Kind::File(name.to_owned()), &Limits::default())
}

fn within(bytes: &[u8], kind: &Kind, limits: &Limits) -> (Notes, Ledger) {
    let mut notes = Notes::default();
    let start = Instant::now();
    let ledger = extract(bytes, &Job::new(kind.clone()), limits, &mut notes, &mut ());
    // Unoptimised and on a busy machine; what hangs takes minutes.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    (notes, ledger)
}

fn reasons(ledger: &Ledger) -> Vec<Reason> {
    ledger.uninspected.iter().map(|entry| entry.reason).collect()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn places_are_what_a_person_would_look_for() {
    let inner = zip_of(&[("中/名簿.csv", "氏名,電話\n山田,090\n佐藤,080\n".as_bytes())]);
    let outer = zip_of(&[("b.zip", &inner)]);
    let message = [
        "From: =?utf-8?B?5bGx55Sw?= <a@example.jp>\r\nSubject: =?utf-8?B?5Lu25ZCN?=\r\nMessage-ID: <1@x>\r\nX-Memo: m\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\n本文\r\n\
         --b\r\nContent-Type: application/octet-stream; name=\"a.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            .as_bytes(),
        data_encoding::BASE64.encode(&outer).as_bytes(),
        b"\r\n--b\r\nContent-Type: message/rfc822; name=\"n.eml\"\r\n\r\nSubject: inner\r\nFrom: b@example.jp\r\n\r\ninnertext\r\n--b--\r\npost\r\n",
    ]
    .concat();
    let (notes, ledger) = mail(&message);
    let expected = [
        "From | 山田 <a@example.jp>",
        "Subject | 件名",
        "X-Memo | m",
        "preamble | pre",
        "epilogue | post",
        "body | 本文",
        "a.zip | a.zip",
        "a.zip › b.zip | b.zip",
        "a.zip › b.zip › 中/名簿.csv | 中/名簿.csv",
        "a.zip › b.zip › 中/名簿.csv | table",
        "0:0=氏名 1=電話",
        "1:0=山田 1=090",
        "2:0=佐藤 1=080",
        "end",
        "n.eml | n.eml",
        "n.eml › Subject | inner",
        "n.eml › From | b@example.jp",
        "n.eml › body | innertext",
    ];
    assert_eq!(notes.lines, expected);
    assert_eq!((ledger.kind.as_str(), ledger.uninspected.len()), ("mail", 0));
    assert_eq!(ledger.coverage.parts, ledger.coverage.inspected);
}

#[test]
fn hidden_sheets_are_marked_and_rows_keep_their_numbers() {
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet().set_name("表").unwrap().write(4, 2, "中").unwrap();
    let hidden = book.add_worksheet().set_name("裏").unwrap();
    hidden
        .write_with_format(0, 0, 9_012_345_678.0, &rust_xlsxwriter::Format::new().set_num_format("00000000000"))
        .unwrap();
    hidden.write(0, 1, 1234.0).unwrap();
    hidden.set_very_hidden(true);
    let (notes, ledger) = file("a.xlsx", &book.save_to_buffer().unwrap());
    assert!(notes.has("a.xlsx › 表 | table") && notes.has("4:2=中"), "{:?}", notes.lines);
    assert!(notes.has("0:0=09012345678 1=1234"), "{:?}", notes.lines);
    assert_eq!(notes.hidden, ["a.xlsx › 裏"]);
    assert_eq!((ledger.kind.as_str(), ledger.uninspected), ("xlsx", vec![]));
}

#[test]
fn ten_thousand_nested_parts_are_told() {
    let nested = |open: &dyn Fn(usize) -> String| (0..10_000).map(open).collect::<String>() + "\r\nDEEP";
    for message in [
        nested(&|i| format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n")),
        nested(&|_| "Content-Type: message/rfc822\r\n\r\n".to_owned()),
        nested(&|i| format!("Content-Type: multipart/digest; boundary=b{i}\r\n\r\n--b{i}\r\n\r\n")),
    ] {
        let (_, ledger) = mail(message.as_bytes());
        assert_eq!(reasons(&ledger), [Reason::Limit]);
    }
}

#[test]
fn many_sibling_parts_are_read_and_thirty_thousand_are_told() {
    let message = |count: usize| {
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned()
            + &"--b\r\n\r\nx\r\n".repeat(count)
            + "--b\r\n\r\nLAST\r\n--b--"
    };
    let (notes, ledger) = within(message(19_000).as_bytes(), &Kind::Mail, &Limits::default());
    assert!(notes.has("LAST") && ledger.uninspected.is_empty(), "{:?}", ledger.uninspected);
    let (notes, ledger) = mail(message(30_000).as_bytes());
    assert!(!notes.has("LAST") && reasons(&ledger).contains(&Reason::Limit), "{:?}", ledger.uninspected);
}

#[test]
fn a_mail_of_nul_bytes_is_told() {
    for length in [1, 64, 100_000] {
        let (_, ledger) = mail(&vec![0; length]);
        assert_eq!(reasons(&ledger), [Reason::Unsupported], "{length}");
    }
    let (_, ledger) = mail(b"");
    assert!(ledger.uninspected.is_empty());
}

#[test]
fn headers_in_any_bytes_are_read() {
    let sjis = encoding_rs::SHIFT_JIS
        .encode("Subject: 髙橋様の件ソ\r\nX-\u{ff76}: 1\r\nno field 表\r\n\r\n本文")
        .0
        .into_owned();
    let (notes, _) = mail(&sjis);
    for text in ["Subject | 髙橋様の件ソ", "no field 表", "body | 本文"] {
        assert!(notes.has(text), "{text} in {:?}", notes.lines);
    }
    let (notes, _) = mail(b"this is no header at all 090-1234-5678");
    assert!(notes.has("090-1234-5678"));
}

#[test]
fn malformed_multiparts_lose_nothing() {
    let head = "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n";
    let cases = [
        // No closing line; none at all; another boundary than declared; parts after the end; an empty boundary.
        format!("{head}--b\r\n\r\nSECRET"),
        format!("{head}SECRET"),
        format!("{head}--other\r\nContent-Type: text/plain\r\n\r\nSECRET\r\n--other--"),
        format!("{head}--b\r\n\r\nx\r\n--b--\r\nfirst\r\n--b\r\n\r\nSECRET\r\n--b--\r\nlast"),
        format!("{head}--b\r\n\r\nx\r\n--b--\r\nSECRET\r\n--b\r\n\r\nx\r\n--b--\r\nlast"),
        format!("{head}--bb\r\n--b \t\r\n\r\nSECRET\r\n--b--"),
        format!("{head}--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nSECRET\r\n--b--"),
        "Content-Type: multipart/mixed; boundary=\r\n\r\nSECRET".to_owned(),
        "Content-Type: multipart/mixed\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nSECRET".to_owned(),
        "Content-Transfer-Encoding: base64\r\n\r\n日本語の本文です。SECRETとして".to_owned(),
        "Content-Type: text/plain\r\n\r\nU0VDUkVUIFNFQ1JFVCBTRUNSRVQgU0VDUkVU".to_owned(),
        "Content-Type: application/octet-stream\r\n\r\nSubject: a\nFrom: b@c.jp\n\nSECRET".to_owned(),
    ];
    for message in cases {
        let (notes, ledger) = mail(message.as_bytes());
        assert!(notes.has("SECRET"), "{message}\n{:?}\n{ledger:?}", notes.lines);
    }
}

#[test]
fn closed_mail_is_told_whatever_it_calls_itself() {
    let part = |media: &str, content: &[u8]| {
        let content = data_encoding::BASE64.encode(content);
        format!("Content-Type: {media}\r\nContent-Transfer-Encoding: base64\r\n\r\n{content}\r\n")
    };
    let wrapped =
        |kind: u8| [b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", &[kind][..], b"\xa0\x80\0\0\0\0"].concat();
    for media in
        ["application/pkcs7-signature; name=smime.p7s", "application/pkcs7-mime; smime-type=signed-data", "image/png"]
    {
        assert_eq!(reasons(&mail(part(media, &wrapped(3)).as_bytes()).1), [Reason::Encrypted], "{media}");
        assert_eq!(reasons(&mail(part(media, &wrapped(2)).as_bytes()).1), [], "{media}");
    }
    let list = part("application/pkcs7-signature; name=smime.p7s", "氏名：山田花子".as_bytes());
    assert!(mail(list.as_bytes()).0.has("山田花子"));
    let list = "Content-Type: application/pgp-signature\r\n\r\n氏名：山田花子";
    assert!(mail(list.as_bytes()).0.has("山田花子"));
    let pgp = "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
               --b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--";
    assert_eq!(reasons(&mail(pgp.as_bytes()).1), [Reason::Encrypted]);
    assert_eq!(reasons(&mail(b"\r\n-----BEGIN PGP MESSAGE-----\r\nabc").1), [Reason::Encrypted]);
}

#[test]
fn a_renamed_file_is_what_it_is() {
    let book = zip_of(&[("a.csv", b"a,b,c\n1,2,3\n4,5,6\n")]);
    assert_eq!(file("photo.jpg", &book).1.kind, "zip");
    assert_eq!(file("a.xlsx", b"%PDF-1.4").1.kind, "pdf");
    let (_, ledger) = file("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    assert_eq!((ledger.kind.as_str(), reasons(&ledger)), ("image", vec![Reason::Image]));
}

#[test]
fn a_truncated_zip_is_damaged_and_read_as_far_as_it_goes() {
    let first = "氏名,電話\n山田,090-1234-5678\n佐藤,080-1234-5678\n".repeat(50);
    let archive = zip_of(&[("a.csv", first.as_bytes()), ("b.csv", first.as_bytes())]);
    for cut in 4..archive.len() {
        let (notes, ledger) = file("a.zip", &archive[..cut]);
        assert!(reasons(&ledger).contains(&Reason::Damaged), "{cut}: {ledger:?}");
        if cut > archive.len() - 20 {
            assert!(notes.has("a.csv | table") && notes.has("b.csv | table"), "{cut}: {ledger:?}");
        }
    }
}

#[test]
fn every_limit_is_told() {
    let rows = "a,b,c\n1,2,3\n".repeat(100);
    let inner = zip_of(&[("a.csv", rows.as_bytes())]);
    let archive = zip_of(&[("1.zip", &inner), ("2.csv", rows.as_bytes()), ("3.csv", rows.as_bytes())]);
    let limited = [
        Limits { bytes: 500, ..Limits::default() },
        Limits { depth: 1, ..Limits::default() },
        Limits { entries: 3, ..Limits::default() },
        Limits { cells: 700, ..Limits::default() },
    ];
    for limits in limited {
        let (_, ledger) = within(&archive, &Kind::File("a.zip".to_owned()), &limits);
        assert!(reasons(&ledger).contains(&Reason::Limit), "{limits:?}: {ledger:?}");
        assert!(ledger.coverage.inspected < ledger.coverage.parts);
    }
    assert_eq!(reasons(&within(&archive, &Kind::File("a.zip".to_owned()), &Limits::default()).1), []);
}

#[test]
fn a_zip_of_a_gigabyte_of_nothing_stops_at_the_budget() {
    let archive = zip_of(&[("a.txt", &vec![b' '; 8 << 20]), ("b.txt", b"SECRET")]);
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let (_, ledger) = within(&archive, &Kind::File("a.zip".to_owned()), &limits);
    assert!(ledger.uninspected.contains(&Uninspected { place: "a.zip › a.txt".to_owned(), reason: Reason::Limit }));
}

#[test]
fn a_claim_of_four_thousand_million_strings_is_not_believed() {
    let strings = b"<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" uniqueCount=\"4294967295\"><si><t>SECRET</t></si></sst>";
    let book = zip_of(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", strings),
    ]);
    let (notes, ledger) = file("a.xlsx", &book);
    assert_eq!(reasons(&ledger), []);
    assert!(notes.has("SECRET"));
}

#[test]
fn what_hides_in_a_package_is_read_or_told() {
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
    let book = zip_of(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", b"<w:document><w:p><w:t>TEXT</w:t></w:p></w:document>"),
        ("word/comments.xml", b"<w:comments><w:comment w:author='AUTHOR'><w:t>COMMENT</w:t></w:comment></w:comments>"),
        ("word/media/image1.png", picture),
        ("word/embeddings/a.bin", b"\0\x01\x02\x03"),
        ("docProps/thumbnail.png", picture),
        ("extra/list.csv", b"a,b,c\n1,2,3\nx,y,EXTRA\n"),
    ]);
    let (notes, ledger) = file("a.docx", &book);
    for text in ["TEXT", "COMMENT", "AUTHOR", "EXTRA"] {
        assert!(notes.has(text), "{text} in {:?}", notes.lines);
    }
    let found: Vec<(&str, Reason)> =
        ledger.uninspected.iter().map(|entry| (entry.place.as_str(), entry.reason)).collect();
    assert_eq!(
        found,
        [("a.docx › word/media/image1.png", Reason::Image), ("a.docx › word/embeddings/a.bin", Reason::Unsupported)]
    );
}

#[test]
fn a_reader_that_panics_costs_one_part() {
    struct Fragile(Notes);
    impl Sink for Fragile {
        fn text(&mut self, place: &Place, text: &str) {
            self.0.text(place, text);
        }
        fn begin_table(&mut self, place: &Place) {
            self.0.begin_table(place);
        }
        fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
            assert!(cells.iter().all(|cell| cell.text != "BOOM"), "as ordered");
            self.0.row(row, cells);
        }
        fn end_table(&mut self) {
            self.0.end_table();
        }
    }
    let archive = zip_of(&[("a.csv", b"a,b,c\nBOOM,2,3\n4,5,6\n"), ("b.csv", b"a,b,c\n1,2,AFTER\n4,5,6\n")]);
    let mut sink = Fragile(Notes::default());
    let ledger = extract(&archive, &Job::new(Kind::File("a.zip".to_owned())), &Limits::default(), &mut sink, &mut ());
    assert_eq!(ledger.uninspected, [Uninspected { place: "a.zip › a.csv".to_owned(), reason: Reason::Crashed }]);
    assert!(sink.0.has("AFTER"));
}

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below.max(1)
    }
}

#[test]
fn damage_never_panics_and_never_hangs() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut dice = Dice(20_261_121);
    let mut files = 0;
    for folder in ["mail", "archive", "picture", "office", "sheet"] {
        let mut paths: Vec<_> =
            std::fs::read_dir(corpus.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.retain(|path| path.extension().is_none_or(|extension| extension != "json"));
        for path in paths {
            let whole = std::fs::read(&path).unwrap();
            let kind = if folder == "mail" { Kind::Mail } else { Kind::File("x".to_owned()) };
            for _ in 0..if whole.len() > 20_000 { 1 } else { 4 } {
                let mut bytes = whole.clone();
                match dice.roll(4) {
                    0 => bytes.truncate(dice.roll(whole.len())),
                    1 => {
                        for _ in 0..8 {
                            let at = dice.roll(bytes.len());
                            bytes[at] ^= 1 << dice.roll(8);
                        }
                    }
                    2 => {
                        let at = dice.roll(bytes.len().saturating_sub(4));
                        bytes[at..(at + 4).min(whole.len())].fill(0xff);
                    }
                    _ => {
                        let (from, to) = (dice.roll(bytes.len()), dice.roll(bytes.len()));
                        let piece = bytes[from..(from + 64).min(whole.len())].to_vec();
                        bytes.splice(to..to, piece);
                    }
                }
                files += 1;
                let (_, ledger) = within(&bytes, &kind, &Limits::default());
                let told = usize::try_from(ledger.coverage.inspected).unwrap() + ledger.uninspected.len();
                assert_eq!(usize::try_from(ledger.coverage.parts).unwrap(), told, "{}", path.display());
            }
        }
    }
    assert!(files > 300, "{files}");
}

#[test]
fn signs_without_an_end_are_looked_at_once() {
    let units = [
        "\\377",
        "\\xff",
        "\\x81",
        "\\ud842",
        "\\",
        "%FF",
        "/%E5",
        "%uD842",
        "=E5",
        "=FF ",
        "=?a?B?",
        "&#",
        "&#1111",
        "_x",
        "0000 ",
        "00000000: 4141\n",
        "[200,",
        "0xff,",
        "> begin ",
        "\"begin 644 a ",
        "{\\rtf1",
        "GIT binary patch\nliteral 1\n",
        "abcdefghijklmnopqrst\n",
        "5bGx55Sw5aSq ",
        "/usr/local/share/some/path ",
        "<!doctype é",
        "<!",
        "<a b=\"",
        "<p class=\"a-b-c",
    ];
    for unit in units {
        let text = unit.repeat(300_000 / unit.len());
        for name in ["a.txt", "a.html"] {
            let text = if name == "a.html" { format!("<html>{text}") } else { text.clone() };
            let (notes, ledger) = file(name, text.as_bytes());
            assert!(!notes.lines.is_empty() || !ledger.uninspected.is_empty(), "{name} of {unit}");
        }
    }
}

#[test]
fn wrappers_in_wrappers_end() {
    let tlv = |tag: u8, content: &[u8]| {
        [&[tag, 0x83][..], &u32::try_from(content.len()).unwrap().to_be_bytes()[1..], content].concat()
    };
    let id = |last: u8| [&b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"[..], &[last]].concat();
    let signed = |content: &[u8]| {
        let inner = tlv(0x30, &[id(1), tlv(0xa0, &tlv(4, content))].concat());
        tlv(0x30, &[id(2), tlv(0xa0, &tlv(0x30, &[b"\x02\x01\x01\x31\0".to_vec(), inner].concat()))].concat())
    };
    let nested = (0..100).fold(b"SECRET TEXT".to_vec(), |content, _| signed(&content));
    assert_eq!(reasons(&file("a.p7m", &nested).1), [Reason::Limit]);
    let tnef = |content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        [&b"\x78\x9f\x3e\x22\0\0\x02\x0f\x80\x06\0"[..], &length, content, b"\0\0"].concat()
    };
    let nested = (0..100).fold(b"SECRET TEXT".to_vec(), |content, _| tnef(&content));
    assert_eq!(reasons(&file("winmail.dat", &nested).1), [Reason::Limit]);
    // Open lengths and strings without end.
    for bytes in [b"\x30\x80".repeat(100_000), b"\x24\x80".repeat(100_000), b"\xa0\x82\xff\xff".repeat(50_000)] {
        let (_, ledger) =
            file("a.p7m", &[&b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"[..], &bytes].concat());
        assert_eq!(reasons(&ledger), [Reason::Damaged]);
    }
}

#[test]
fn packed_mail_contents_are_bounded() {
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let packed = {
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(&vec![b'a'; 8 << 20]).unwrap();
        writer.finish().unwrap()
    };
    // OpenPGP: a compressed packet of open length.
    let bomb = [b"\xa3\x02", packed.as_slice()].concat();
    let (_, ledger) = within(&bomb, &Kind::File("a.gpg".to_owned()), &limits);
    assert!(ledger.uninspected.iter().any(|entry| entry.place == "a.gpg" && entry.reason == Reason::Limit));
    assert!(reasons(&ledger).iter().all(|&reason| reason == Reason::Limit), "{ledger:?}");
}
