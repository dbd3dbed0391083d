//! Files made to exhaust a reader: small ones that grow, and large ones of very many small things.
//!
//! In: nothing. Out: bytes, at most as many as a mail may have. Deliberately absent: files that only claim to be large,
//! unless something has to be read besides; the corpus has those.

use std::io::{Read as _, Write as _};

use crate::generators::package::{Package, sheet, xml};
use crate::generators::packed::{gzip, tar};
use crate::generators::pdf::{Pdf, flate_stream, show};
use crate::generators::zipped::{self, Entry, archive, deflated, entry};
use crate::generators::{base64, biff, image, mail};

const MEGABYTE: usize = 1 << 20;

/// Five layers of sixteen archives each around 64 MiB of zeros: 67 TB.
pub(crate) fn nest_of_archives() -> Vec<u8> {
    let bottom = archive(&[deflated("0.bin", vec![0; 64 * MEGABYTE])]);
    (0..5).fold(bottom, |inner, _| {
        let entries: Vec<Entry> = (0..16).map(|number| deflated(&format!("{number}.zip"), &inner)).collect();
        archive(&entries)
    })
}

/// 60,000 entries in the directory that all are the one local entry of 10 MiB.
pub(crate) fn one_entry_listed_often() -> Vec<u8> {
    let zeros = deflated("0.bin", vec![0; 10 * MEGABYTE]);
    let single = archive(&[zeros]);
    let at = find(&single, b"PK\x01\x02");
    let (body, rest) = single.split_at(at);
    let directory = &rest[..find(rest, b"PK\x05\x06")];
    let listed = 60_000u16;
    let all = directory.repeat(usize::from(listed));
    let size = u32::try_from(all.len()).unwrap().to_le_bytes();
    let start = u32::try_from(at).unwrap().to_le_bytes();
    [body, &all, b"PK\x05\x06\0\0\0\0", &listed.to_le_bytes(), &listed.to_le_bytes(), &size, &start, &[0, 0]].concat()
}

/// Entries whose data quote the headers of all that follow and share one kernel (after David Fifield): 4 GB.
pub(crate) fn overlapping_entries() -> Vec<u8> {
    const ENTRIES: usize = 1_000;
    let zeros = vec![0; 4 * MEGABYTE];
    let kernel = zipped::deflate(&zeros);
    let mut crc = flate2::Crc::new();
    crc.update(&zeros);
    // From the last entry to the first: its data, and what they unpack to.
    let (mut data, mut size) = (kernel, zeros.len());
    let mut headers: Vec<Entry> = Vec::new();
    for number in (0..ENTRIES).rev() {
        let listed = Entry {
            size,
            crc: crc.sum(),
            method: 8,
            packed: vec![0; data.len()],
            ..entry(&format!("{number:04}"), "")
        };
        let header = archive(std::slice::from_ref(&listed));
        let header = header[..34].to_vec();
        headers.push(listed);
        if number > 0 {
            // A stored block that quotes this header, and goes on with this entry's own data.
            let length = u16::try_from(header.len()).unwrap();
            let mut longer = flate2::Crc::new();
            longer.update(&header);
            longer.combine(&crc);
            crc = longer;
            size += header.len();
            data = [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &header, &data].concat();
        } else {
            data = [&header[..], &data].concat();
        }
    }
    headers.reverse();
    let (mut directory, step) = (Vec::new(), 34 + 5);
    for (number, listed) in headers.iter().enumerate() {
        let single = archive(std::slice::from_ref(listed));
        let at = 34 + listed.packed.len();
        let mut central = single[at..single.len() - 22].to_vec();
        central[42..46].copy_from_slice(&u32::try_from(number * step).unwrap().to_le_bytes());
        directory.extend_from_slice(&central);
    }
    let count = u16::try_from(ENTRIES).unwrap().to_le_bytes();
    let (length, at) =
        (u32::try_from(directory.len()).unwrap().to_le_bytes(), u32::try_from(data.len()).unwrap().to_le_bytes());
    [&data[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &length, &at, &[0, 0]].concat()
}

/// A gzip file that unpacks to itself (after Russ Cox): two-way quoting in blocks of five bytes, and a checksum that is
/// a fixed point of itself.
pub(crate) fn gzip_quine() -> Vec<u8> {
    // The second byte of the name varies until the checksum has a fixed point.
    (b'a'..=b'z').find_map(quine_named).unwrap()
}

fn quine_named(letter: u8) -> Option<Vec<u8>> {
    let with_checksum = |checksum: u32| {
        let head = [&b"\x1f\x8b\x08\x08\0\0\0\0\x02\xff"[..], &[b'q', letter, b'i', b'n', 0]].concat();
        // The end: an empty stored block, the empty last block, checksum and length.
        let tail =
            [&b"\x00\x00\x00\xff\xff\x03\x00"[..], &checksum.to_le_bytes(), &QUINE_LENGTH.to_le_bytes()].concat();
        let literal = |length: u16| [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
        // Two copies of ten bytes from twenty bytes back: exactly five bytes of fixed Huffman code.
        let repeat = fixed_block_of_two_copies();
        let (one, four, none) = (literal(5), literal(20), literal(0));
        let (first, last) = (literal(20), literal(20));
        [
            &head[..],
            &first,
            &head,
            &first,
            &repeat,
            &one,
            &repeat,
            &one,
            &one,
            &four,
            &repeat,
            &one,
            &one,
            &four,
            &repeat,
            &four,
            &repeat,
            &four,
            &repeat,
            &four,
            &repeat,
            &four,
            &repeat,
            &none,
            &none,
            &last,
            &repeat,
            &none,
            &none,
            &last,
            &repeat,
            &tail,
            &repeat,
            &tail,
        ]
        .concat()
    };
    // The checksum of the file is linear in the checksum that stands in it.
    let zero = zipped::crc(&with_checksum(0));
    let columns: Vec<u32> = (0..32).map(|bit| zipped::crc(&with_checksum(1 << bit)) ^ zero ^ 1 << bit).collect();
    let checksum = solve(&columns, zero)?;
    let file = with_checksum(checksum);
    (zipped::crc(&file) == checksum && file.len() == QUINE_LENGTH as usize).then_some(file)
}

const QUINE_LENGTH: u32 = 15 + 5 + 15 + 5 + 28 * 5 + 15 + 15;

fn fixed_block_of_two_copies() -> Vec<u8> {
    let (mut bits, mut count) = (0u64, 0);
    let mut put = |value: u64, width: u32| {
        bits |= value << count;
        count += width;
    };
    // Codes of Huffman go in with their first bit first.
    let reversed =
        |value: u64, width: u32| (0..width).fold(0, |out, bit| out | (value >> bit & 1) << (width - 1 - bit));
    put(0, 1);
    put(1, 2);
    for _ in 0..2 {
        // Length 10 is symbol 264, code 0001000; distance 20 is symbol 8 and three more bits, 20 - 17.
        put(reversed(8, 7), 7);
        put(reversed(8, 5), 5);
        put(3, 3);
    }
    put(0, 7);
    bits.to_le_bytes()[..5].to_vec()
}

/// The `x` for which the columns that its bits choose add up to `goal`.
fn solve(columns: &[u32], goal: u32) -> Option<u32> {
    // Each column with the bit of `x` that chooses it, reduced to distinct leading bits.
    let mut basis: Vec<(u32, u32)> = Vec::new();
    for (bit, &column) in columns.iter().enumerate() {
        let mut vector = (column, 1 << bit);
        for known in &basis {
            if vector.0 ^ known.0 < vector.0 {
                vector = (vector.0 ^ known.0, vector.1 ^ known.1);
            }
        }
        if vector.0 != 0 {
            basis.push(vector);
            basis.sort_by_key(|vector| std::cmp::Reverse(vector.0));
        }
    }
    let rest = basis.iter().fold((goal, 0), |rest, vector| {
        if rest.0 ^ vector.0 < rest.0 { (rest.0 ^ vector.0, rest.1 ^ vector.1) } else { rest }
    });
    (rest.0 == 0).then_some(rest.1)
}

/// As many zeros, packed as they are made.
fn zeros(gigabytes: u64) -> impl std::io::Read {
    std::io::repeat(0).take(gigabytes << 30)
}

pub(crate) fn gigabyte_of_zeros() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut zeros(2), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gigabyte_of_zeros_by_zstd() -> Vec<u8> {
    zstd::encode_all(zeros(4), 1).unwrap()
}

pub(crate) fn much_text_in_a_zip() -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let line = "氏名 電話番号 090-1234-5678 住所\n".repeat(20_000);
    for _ in 0..400 {
        encoder.write_all(line.as_bytes()).unwrap();
    }
    let packed = encoder.finish().unwrap();
    let size = line.len() * 400;
    archive(&[Entry { packed, size, method: 8, ..entry("a.txt", "") }])
}

pub(crate) fn archive_of_empty_files() -> Vec<u8> {
    let entries: Vec<Entry> = (0..65_000).map(|number| entry(&format!("{number}"), "")).collect();
    archive(&entries)
}

/// 600,000 empty entries: 300 MB of headers.
pub(crate) fn tar_of_empty_files() -> Vec<u8> {
    let header = tar(&[("a", b'0', b"")]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..600_000 {
        encoder.write_all(&header[..512]).unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzip_in_gzip() -> Vec<u8> {
    (0..400).fold(b"x".to_vec(), |inner, _| gzip(&inner))
}

pub(crate) fn billion_laughs() -> Vec<u8> {
    laughs("c").into_bytes()
}

fn laughs(root: &str) -> String {
    let entities: String =
        (1..40).map(|level| format!("<!ENTITY a{level} \"{}\">\n", format!("&a{};", level - 1).repeat(10))).collect();
    format!("<?xml version=\"1.0\"?>\n<!DOCTYPE {root} [<!ENTITY a0 \"ha\">\n{entities}]>\n<{root}>&a39;</{root}>")
}

pub(crate) fn billion_laughs_in_a_workbook() -> Vec<u8> {
    let strings = laughs("sst")
        .replace("<sst>", "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>")
        .replace("</sst>", "</t></si></sst>");
    Package::workbook().part("xl/sharedStrings.xml", strings).build()
}

/// Two cells at the corners of a sheet whose stated size is the largest; everything in it can be read.
pub(crate) fn corners_of_a_sheet() -> Vec<u8> {
    let rows = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>";
    let sheet = sheet(rows).replace("<sheetData>", "<dimension ref=\"A1:XFD1048576\"/><sheetData>");
    Package::workbook().part("xl/worksheets/sheet1.xml", sheet).build()
}

/// A sheet of 30 million cells.
pub(crate) fn sheet_of_many_cells() -> Vec<u8> {
    let row = format!("<row>{}</row>", "<c><v>1</v></c>".repeat(10_000));
    many_in("xl/worksheets/sheet1.xml", &sheet("@"), &row, 3_000)
}

/// One string of a megabyte that 10,000 cells use.
pub(crate) fn string_used_often() -> Vec<u8> {
    let strings = xml(&format!(
        "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>{}</t></si></sst>",
        "氏名".repeat(200_000)
    ));
    let cells: String =
        (1..=10_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>")).collect();
    let package =
        Package::workbook().part("xl/sharedStrings.xml", strings).part("xl/worksheets/sheet1.xml", sheet(&cells));
    let entries: Vec<Entry> = package.parts().iter().map(|(name, content)| deflated(name, content)).collect();
    archive(&entries)
}

/// A table of strings that never ends.
pub(crate) fn many_shared_strings() -> Vec<u8> {
    let whole = xml(
        "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" uniqueCount=\"4294967295\">@</sst>",
    );
    many_in("xl/sharedStrings.xml", &whole, &"<si><t>番号一二三四五</t></si>".repeat(1_000), 20_000)
}

/// A part of a workbook with something repeated at the `@`.
fn many_in(path: &str, whole: &str, repeated: &str, times: usize) -> Vec<u8> {
    let (before, behind) = whole.split_once('@').unwrap();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(before.as_bytes()).unwrap();
    for _ in 0..times {
        encoder.write_all(repeated.as_bytes()).unwrap();
    }
    encoder.write_all(behind.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let size = before.len() + repeated.len() * times + behind.len();
    let package = Package::workbook();
    let other = package.parts().iter().filter(|(name, _)| name != path);
    let mut entries: Vec<Entry> = other.map(|(name, content)| deflated(name, content)).collect();
    entries.push(Entry { packed, size, method: 8, ..entry(path, "") });
    archive(&entries)
}

pub(crate) fn elements_in_elements() -> Vec<u8> {
    format!("<?xml version=\"1.0\"?>{}x", "<a>".repeat(3_000_000)).into_bytes()
}

/// A cell that stands for the whole sheet, over and over.
pub(crate) fn repeated_cells() -> Vec<u8> {
    let cell = "<table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell table:number-columns-repeated=\"16384\" \
                office:value-type=\"string\"><text:p>090-1234-5678</text:p></table:table-cell></table:table-row>";
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body>\
         <office:spreadsheet><table:table table:name=\"t\">{}</table:table></office:spreadsheet></office:body></office:document-content>",
        cell.repeat(100)
    );
    archive(&[entry("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), deflated("content.xml", content)])
}

/// A table of strings that says it has four billion.
pub(crate) fn workbook_that_claims() -> Vec<u8> {
    let mut file = biff::simple(&biff::Book { cells: vec!["名簿".to_owned()], ..biff::Book::default() });
    let table = find(&file, &[0xfc, 0]);
    file[table + 4..table + 12].fill(0xff);
    file
}

/// A content stream of a gigabyte, packed twice.
pub(crate) fn pdf_stream() -> Vec<u8> {
    let mut once = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut std::io::repeat(b' ').take(1 << 30), &mut once).unwrap();
    let mut file = Pdf::with_page("");
    let twice = flate_stream(&once.finish().unwrap(), "");
    let text = String::from_utf8_lossy(&twice[..60]).into_owned();
    let length = text.split_once("/Length ").unwrap().1.split_once(">>").unwrap().0.to_owned();
    let head = format!("<</Filter/FlateDecode/Length {length}>>");
    let filters = format!("<</Filter[/FlateDecode/FlateDecode]/Length {length}>>");
    file.objects[6] = [filters.as_bytes(), &twice[head.len()..]].concat();
    file.build()
}

/// Forms that draw each other twice, thirty deep.
pub(crate) fn pdf_forms() -> Vec<u8> {
    let mut file = Pdf::with_page("/X Do /X Do");
    let first = file.objects.len() + 1;
    for level in 0..30 {
        let next = first + level + 1;
        let entries = format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {next} 0 R>>>>");
        file.stream(&entries, b"/X Do /X Do");
    }
    file.stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F1 4 0 R>>>>", show(b"\x00a").as_bytes());
    file.edit(3, "/Resources<<", &format!("/Resources<</XObject<</X {first} 0 R>>"));
    file.build()
}

/// A thousand attachments, each a megabyte unpacked to two.
pub(crate) fn pdf_attachments() -> Vec<u8> {
    let mut file = Pdf::with_page("");
    for _ in 0..1_000 {
        file.objects.push(flate_stream(&vec![b'a'; 2 * MEGABYTE], "/Type/EmbeddedFile"));
    }
    file.build()
}

/// Arrays in arrays, a million deep.
pub(crate) fn pdf_arrays() -> Vec<u8> {
    let mut file = Pdf::with_page("");
    file.add("[".repeat(1_000_000));
    file.build()
}

pub(crate) fn multiparts_in_multiparts() -> Vec<u8> {
    let head = "From: a@example.jp\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n";
    let levels: String = (0..20_000)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}x\r\n\r\n--b{level}x\r\n"))
        .collect();
    format!("{head}{levels}\r\nx\r\n").into_bytes()
}

pub(crate) fn million_parts() -> Vec<u8> {
    let head = "From: a@example.jp\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    format!("{head}{}--b--\r\n", "--b\r\n\r\nx\r\n".repeat(1_000_000)).into_bytes()
}

pub(crate) fn mails_in_mails() -> Vec<u8> {
    format!(
        "{}From: a@example.jp\r\n\r\nx\r\n",
        "From: a@example.jp\r\nContent-Type: message/rfc822\r\n\r\n".repeat(20_000)
    )
    .into_bytes()
}

/// 50 MB of base64 around 40 GB of zeros.
pub(crate) fn base64_of_an_archive() -> Vec<u8> {
    let zeros = zstd::encode_all(zeros(1), 1).unwrap();
    let inner = zeros.repeat(30 * MEGABYTE / zeros.len().max(1));
    let attached = mail::part(
        "application/octet-stream; name=a.zst",
        "Content-Transfer-Encoding: base64\r\n",
        base64(&inner).as_bytes(),
    );
    mail::multipart("mixed", &[&attached])
}

pub(crate) fn million_headers() -> Vec<u8> {
    format!("From: a@example.jp\r\n{}\r\nx\r\n", "X-Memo: =?utf-8?B?5bGx55Sw?=\r\n".repeat(1_000_000)).into_bytes()
}

/// 25 million cells in 50 MB.
pub(crate) fn table_of_many_cells() -> Vec<u8> {
    format!("番号,氏名,住所\n{}", format!("{}1\n", "1,".repeat(999)).repeat(25_000)).into_bytes()
}

pub(crate) fn table_of_many_columns() -> Vec<u8> {
    let row = format!("{}x\n", "1,".repeat(1_000_000));
    row.repeat(24).into_bytes()
}

pub(crate) fn tags_in_tags() -> Vec<u8> {
    format!("<html><body>{}x", "<div>".repeat(3_000_000)).into_bytes()
}

pub(crate) fn tables_in_tables() -> Vec<u8> {
    format!("<html><body>{}x", "<table><tr><td>".repeat(1_000_000)).into_bytes()
}

pub(crate) fn tag_of_many_attributes() -> Vec<u8> {
    let attributes: String = (0..1_000_000).map(|number| format!(" a{number}=1")).collect();
    format!("<html><body><p{attributes}>x</p></body></html>").into_bytes()
}

pub(crate) fn groups_in_groups() -> Vec<u8> {
    format!("{{\\rtf1 {}x", "{\\b ".repeat(3_000_000)).into_bytes()
}

pub(crate) fn text_chunk_of_a_picture() -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut zeros(2), &mut encoder).unwrap();
    let data = [&b"Comment\0\0"[..], &encoder.finish().unwrap()].concat();
    let body = [&b"zTXt"[..], &data].concat();
    let chunk =
        [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &body, &zipped::crc(&body).to_be_bytes()].concat();
    image::png(&chunk, b"")
}

pub(crate) fn brackets_in_brackets() -> Vec<u8> {
    format!("{{\"a\":{}", "[".repeat(5_000_000)).into_bytes()
}

fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

/// What a quine is: its own content.
#[test]
fn the_quine_unpacks_to_itself() {
    let quine = gzip_quine();
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&quine[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, quine);
}
