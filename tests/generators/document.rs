//! Word and PowerPoint 97–2003.
//!
//! In: a secret. Out: a compound file with it in one place. Deliberately absent: formatting, but for what
//! hides.

use super::ole::{self, Beside, Node};
use super::package::Package;
use super::{Maker, cp932, wide};

pub(crate) const CASES: &[Maker] = &[
    ("doc/text_wide.doc", |s| word(&[(s, true)], &[0; 7], vec![])),
    ("doc/text_of_one_byte_pieces.doc", |s| {
        // Only the number fits one byte a character; the rest is wide.
        let (name, rest) = s.split_once(' ').unwrap_or((s, ""));
        let (number, word_of_it) = rest.split_once(' ').unwrap_or((rest, ""));
        word(&[(name, true), (&format!(" {number} "), false), (word_of_it, true)], &[0; 7], vec![])
    }),
    ("doc/footnote.doc", |s| story(0, s)),
    ("doc/header.doc", |s| story(1, s)),
    ("doc/comment.doc", |s| story(3, s)),
    ("doc/endnote.doc", |s| story(4, s)),
    ("doc/text_box.doc", |s| story(5, s)),
    ("doc/text_of_no_piece.doc", |s| {
        let mut stream = word_stream(&[("現在の本文", true)], &[0; 7]);
        stream.0.extend_from_slice(&wide(&format!("\r\r{s}\r")));
        container(stream, vec![])
    }),
    ("doc/table_cell.doc", |s| word(&[("氏名\u{7}", true), (s, true), ("\u{7}\u{7}本文\r", true)], &[0; 7], vec![])),
    ("doc/spare_room_of_a_page_of_formatting.doc", |s| formatted_beside("本文", &[], 0, &wide(s))),
    ("doc/hidden.doc", |s| formatted(s, &[0x3c, 0x08, 1], 0)),
    ("doc/deleted.doc", |s| formatted(s, &[0x00, 0x08, 1], 0)),
    ("doc/hidden_by_the_style_of_its_letters.doc", |s| formatted(s, &[0x30, 0x4a, 2, 0], 0)),
    ("doc/hidden_by_the_style_of_its_paragraph.doc", |s| formatted(s, &[], 1)),
    ("doc/shown_in_a_hidden_style.doc", |s| formatted(s, &[0x3c, 0x08, 0], 1)),
    ("doc/white_on_white.doc", |s| formatted(s, &[0x70, 0x68, 255, 255, 255, 0], 0)),
    ("doc/white_on_a_dark_shade.doc", |s| {
        let shade = [0x71, 0xca, 10, 0, 0, 0, 255, 0x20, 0x30, 0x40, 0, 0, 0];
        formatted(s, &[&[0x70, 0x68, 255, 255, 255, 0][..], &shade].concat(), 0)
    }),
    ("doc/letters_of_a_point.doc", |s| formatted(s, &[0x43, 0x4a, 2, 0], 0)),
    ("doc/summary.doc", |s| {
        word(&[("本文", true)], &[0; 7], vec![Node::Stream("\u{5}SummaryInformation", ole::property_set(2, s))])
    }),
    ("doc/document_summary.doc", |s| {
        word(
            &[("本文", true)],
            &[0; 7],
            vec![Node::Stream("\u{5}DocumentSummaryInformation", ole::property_set(14, s))],
        )
    }),
    ("doc/macro.doc", |s| word(&[("本文", true)], &[0; 7], vec![Node::Storage("Macros", ole::vba(s))])),
    ("doc/embedded_workbook.doc", |s| {
        let inner = Package::workbook().edit("xl/sharedStrings.xml", "種別", s).build();
        let object = vec![Node::Stream("Package", inner)];
        word(&[("本文", true)], &[0; 7], vec![Node::Storage("ObjectPool", vec![Node::Storage("_1234567890", object)])])
    }),
    ("doc/string_table.doc", |s| {
        let mut stream = word_stream(&[("本文", true)], &[0; 7]);
        stream.1.extend_from_slice(
            &[&[0xff, 0xff, 1, 0, 0, 0][..], &u16::try_from(s.encode_utf16().count()).unwrap().to_le_bytes(), &wide(s)]
                .concat(),
        );
        container(stream, vec![])
    }),
    ("doc/free_sector.doc", |s| {
        let (document, table) = word_stream(&[(&"本文。".repeat(900), true)], &[0; 7]);
        ole::compound_with(
            vec![Node::Stream("WordDocument", document), Node::Stream("1Table", table)],
            &Beside { free: &cp932(s), ..Beside::default() },
        )
    }),
    ("ppt/slide_text.ppt", |s| power_point(&slide(s, 0), vec![])),
    ("ppt/hidden_slide.ppt", |s| power_point(&slide(s, 4), vec![])),
    ("ppt/white_on_white.ppt", |s| power_point(&styled(s, 1 << 18, &[255, 255, 255, 0xfe], &[]), vec![])),
    ("ppt/letters_of_a_point.ppt", |s| power_point(&styled(s, 1 << 17, &[1, 0], &[]), vec![])),
    ("ppt/white_where_something_is_painted.ppt", |s| {
        // A shape filled with a dark colour.
        let fill = [&[0x13, 0][..], &0xf00bu16.to_le_bytes(), &[6, 0, 0, 0], &[0x81, 1, 0x10, 0x20, 0x40, 0]].concat();
        power_point(&styled(s, 1 << 18, &[255, 255, 255, 0xfe], &fill), vec![])
    }),
    ("ppt/outline_text.ppt", |s| power_point(&atom(0x0fa0, &wide(s)), vec![])),
    ("ppt/text_of_one_byte.ppt", |s| {
        // One byte a character holds the number only; the name stands beside it.
        let (name, rest) = s.split_once(' ').unwrap_or((s, ""));
        let (number, word_of_it) = rest.split_once(' ').unwrap_or((rest, ""));
        let texts =
            [atom(0x0fa0, &wide(name)), atom(0x0fa8, number.as_bytes()), atom(0x0fa0, &wide(word_of_it))].concat();
        power_point(&texts, vec![])
    }),
    ("ppt/notes.ppt", |s| power_point(&holder(0x03f0, &atom(0x0fa0, &wide(s))), vec![])),
    ("ppt/master.ppt", |s| power_point(&holder(0x03f8, &atom(0x0fa0, &wide(s))), vec![])),
    ("ppt/macro.ppt", |s| power_point(&slide("表紙", 0), vec![Node::Storage("VBA", ole::vba(s))])),
    ("ppt/comment.ppt", |s| {
        let strings = [text(0, "a"), text(1, s), text(2, "a")].concat();
        power_point(&holder(0x2ee0, &strings), vec![])
    }),
    ("ppt/footer.ppt", |s| power_point(&holder(0x0fd9, &[atom(0x0fda, &[0; 4]), text(2, s)].concat()), vec![])),
    ("ppt/embedded_object.ppt", |s| {
        let inner = ole::compound(vec![Node::Stream("CONTENTS", cp932(s))]);
        let packed = [&u32::try_from(inner.len()).unwrap().to_le_bytes()[..], &zlib(&inner)].concat();
        let header =
            [&[0x10, 0][..], &0x1011u16.to_le_bytes(), &u32::try_from(packed.len()).unwrap().to_le_bytes()].concat();
        power_point(&[header, packed].concat(), vec![])
    }),
    ("ppt/summary.ppt", |s| {
        power_point(&slide("表紙", 0), vec![Node::Stream("\u{5}SummaryInformation", ole::property_set(2, s))])
    }),
    ("ppt/record_of_nobody.ppt", |s| power_point(&atom(0x7abc, &wide(s)), vec![])),
];

/// A document whose text is these pieces; `counts` are the lengths of the other stories at its end.
fn word(pieces: &[(&str, bool)], counts: &[usize; 7], beside: Vec<Node>) -> Vec<u8> {
    container(word_stream(pieces, counts), beside)
}

/// A document with one short text and then a story: footnotes 0, headers 1, comments 3, endnotes 4, text boxes 5.
fn story(number: usize, text: &str) -> Vec<u8> {
    let mut counts = [0; 7];
    counts[number] = text.encode_utf16().count() + 1;
    word(&[("本文\r", true), (&format!("{text}\r"), true)], &counts, vec![])
}

fn container((document, table): (Vec<u8>, Vec<u8>), mut beside: Vec<Node>) -> Vec<u8> {
    beside.extend([Node::Stream("WordDocument", document), Node::Stream("1Table", table)]);
    ole::compound(beside)
}

fn word_stream(pieces: &[(&str, bool)], counts: &[usize; 7]) -> (Vec<u8>, Vec<u8>) {
    const TEXT: usize = 1024;
    let (mut text, mut positions, mut descriptors, mut at) = (Vec::new(), vec![0u32], Vec::new(), 0usize);
    for (piece, is_wide) in pieces {
        let offset = u32::try_from(TEXT + text.len()).unwrap();
        let place = if *is_wide { offset } else { (offset * 2) | 0x4000_0000 };
        descriptors.extend_from_slice(&[&[0, 0][..], &place.to_le_bytes(), &[0, 0]].concat());
        text.extend(if *is_wide { wide(piece) } else { piece.as_bytes().to_vec() });
        at += piece.encode_utf16().count();
        positions.push(u32::try_from(at).unwrap());
    }
    let positions: Vec<u8> = positions.into_iter().flat_map(u32::to_le_bytes).collect();
    let length = u32::try_from(positions.len() + descriptors.len()).unwrap().to_le_bytes();
    let table = [&[2][..], &length, &positions, &descriptors].concat();

    let mut document = vec![0; TEXT];
    let mut put = |at: usize, bytes: &[u8]| document[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0xec, 0xa5, 0xc1, 0, 0, 0, 0x11, 4, 0, 0, 0, 0x12, 0xbf, 0]);
    put(24, &u32::try_from(TEXT).unwrap().to_le_bytes());
    put(28, &u32::try_from(TEXT + text.len()).unwrap().to_le_bytes());
    put(32, &14u16.to_le_bytes());
    put(62, &22u16.to_le_bytes());
    put(64, &u32::try_from(TEXT + text.len()).unwrap().to_le_bytes());
    let others: usize = counts.iter().sum();
    put(76, &u32::try_from(at - others).unwrap().to_le_bytes());
    for (number, count) in counts.iter().enumerate() {
        put(80 + 4 * number, &u32::try_from(*count).unwrap().to_le_bytes());
    }
    put(152, &93u16.to_le_bytes());
    put(0x01a2, &0u32.to_le_bytes());
    put(0x01a6, &u32::try_from(table.len()).unwrap().to_le_bytes());
    document.extend_from_slice(&text);
    (document, table)
}

/// A document whose second paragraph has letters of these properties and this style; style 1 hides paragraphs, style 2
/// letters.
fn formatted(text: &str, properties: &[u8], style: u8) -> Vec<u8> {
    formatted_beside(text, properties, style, &[])
}

/// The same with this where the page of letters has room to spare.
fn formatted_beside(text: &str, properties: &[u8], style: u8, spare: &[u8]) -> Vec<u8> {
    const PAGE: usize = 512;
    let (mut document, mut table) = word_stream(&[("本文\r", true), (&format!("{text}\r"), true)], &[0; 7]);
    let place = |at: usize| u32::try_from(at).unwrap().to_le_bytes();
    let (start, end) = (1024 + wide("本文\r").len(), document.len());
    // One stretch in the one page, one in the other: where they are, where their lists are, the lists, and their number.
    let page = |entry: &[u8], list: &[u8], spare: &[u8]| {
        let mut page = [&place(start)[..], &place(end), entry].concat();
        page[8] = 50;
        page.resize(100, 0);
        page.extend_from_slice(list);
        page.resize(200, 0);
        page.extend_from_slice(spare);
        page.resize(PAGE - 1, 0);
        page.push(1);
        page
    };
    let letters = [&[u8::try_from(properties.len()).unwrap()][..], properties].concat();
    document.resize(document.len().next_multiple_of(PAGE), 0);
    let first = document.len() / PAGE;
    document.extend(page(&[0], &letters, spare));
    document.extend(page(&[0; 13], &[2, style, 0, 0], &[]));
    let hidden: &[u8] = &[0x3c, 0x08, 1];
    let styles = [
        &[4, 0, 3, 0, 10, 0][..],
        &style_of(1, &[&[0, 0], &[]]),
        &style_of(1, &[&[1, 0], hidden]),
        &style_of(2, &[hidden]),
    ]
    .concat();
    let bin = |number: usize| [place(start), place(end), place(number)].concat();
    for (pair, content) in [(1, styles), (12, bin(first)), (13, bin(first + 1))] {
        let at = 154 + 8 * pair;
        document[at..at + 4].copy_from_slice(&place(table.len()));
        document[at + 4..at + 8].copy_from_slice(&place(content.len()));
        table.extend(content);
    }
    container((document, table), vec![])
}

/// A style of paragraphs (1) or letters (2), based on none, with its lists of properties.
fn style_of(kind: u8, lists: &[&[u8]]) -> Vec<u8> {
    let mut style = vec![0, 0, kind | 0xf0, 0xff, u8::try_from(lists.len()).unwrap(), 0, 0, 0, 0, 0];
    style.extend([1, 0, b's', 0, 0, 0]);
    for list in lists {
        style.extend(u16::try_from(list.len()).unwrap().to_le_bytes());
        style.extend_from_slice(list);
        style.resize(style.len().next_multiple_of(2), 0);
    }
    [&u16::try_from(style.len()).unwrap().to_le_bytes()[..], &style].concat()
}

/// A record of PowerPoint that holds data.
fn atom(kind: u16, data: &[u8]) -> Vec<u8> {
    [&[0, 0][..], &kind.to_le_bytes(), &u32::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

/// A record of PowerPoint that holds records.
fn holder(kind: u16, records: &[u8]) -> Vec<u8> {
    [&[0x0f, 0][..], &kind.to_le_bytes(), &u32::try_from(records.len()).unwrap().to_le_bytes(), records].concat()
}

/// A numbered string of PowerPoint.
fn text(number: u16, text: &str) -> Vec<u8> {
    let text = wide(text);
    [
        &(number << 4).to_le_bytes()[..],
        &0x0fbau16.to_le_bytes(),
        &u32::try_from(text.len()).unwrap().to_le_bytes(),
        &text,
    ]
    .concat()
}

fn slide(text: &str, flags: u8) -> Vec<u8> {
    let box_of_text = holder(0xf00d, &[atom(0x0f9f, &[0; 4]), atom(0x0fa0, &wide(text))].concat());
    let drawing = holder(0x040c, &holder(0xf002, &holder(0xf003, &holder(0xf004, &box_of_text))));
    let info = atom(0x03f9, &[&[0; 10][..], &[flags, 0, 0, 0, 0, 0]].concat());
    holder(0x03ee, &[atom(0x03ef, &[0; 24]), info, drawing].concat())
}

/// A text of two runs in the outline, of which the second looks as the fields say that the mask names; `shape` stands beside.
fn styled(text: &str, mask: u32, fields: &[u8], shape: &[u8]) -> Vec<u8> {
    let count = u32::try_from(text.encode_utf16().count()).unwrap();
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let style = [&words(&[count + 3])[..], &[0, 0], &words(&[0, 2, 0, count + 1, mask]), fields].concat();
    let texts = [atom(0x0f9f, &[0; 4]), atom(0x0fa0, &wide(&format!("公開{text}"))), atom(0x0fa1, &style)].concat();
    [shape.to_vec(), texts].concat()
}

fn power_point(records: &[u8], mut beside: Vec<Node>) -> Vec<u8> {
    let document = holder(0x03e8, &[atom(0x03e9, &[0; 40]), atom(0x03ea, &[])].concat());
    let edit = u32::try_from(document.len() + records.len()).unwrap();
    let last = atom(0x0ff5, &[0; 28]);
    let user = [
        &[0, 0, 0xf6, 0x0f, 0x14, 0, 0, 0, 0x14, 0, 0, 0, 0x5f, 0xc0, 0x91, 0xe3][..],
        &edit.to_le_bytes(),
        &[0, 0, 0xf4, 3, 3, 0, 0, 0],
    ]
    .concat();
    beside.extend([
        Node::Stream("PowerPoint Document", [&document, records, &last].concat()),
        Node::Stream("Current User", user),
    ]);
    ole::compound(beside)
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
