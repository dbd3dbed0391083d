//! What hides in workbooks of records: the old ones (`.xls`), and the binary ones of today (`.xlsb`).
//!
//! In: records made here. Out: what was found of them, and where. Deliberately absent: damaged records.

use super::*;

/// A record of an old workbook.
fn old(kind: u16, data: &[&[u8]]) -> Vec<u8> {
    let data = data.concat();
    [&kind.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), &data].concat()
}

/// Words of two bytes.
fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    words(&text.encode_utf16().collect::<Vec<u16>>())
}

/// A string with its length in two bytes and its flags before it.
fn string(text: &str) -> Vec<u8> {
    [words(&[u16::try_from(text.encode_utf16().count()).unwrap()]), vec![1], wide(text)].concat()
}

#[test]
fn an_old_workbook_hides_like_any_other() {
    let bof = |kind: u16| old(0x0809, &[&words(&[0x0600, kind, 0, 0, 0, 0, 0, 0])]);
    let listed = |name: &str, state: u8| {
        let count = u8::try_from(name.encode_utf16().count()).unwrap();
        old(0x0085, &[&[0xff; 4], &[state, 0, count, 1], &wide(name)])
    };
    let float = |row: u16, column: u16, style: u16, number: f64| {
        old(0x0203, &[&words(&[row, column, style]), &number.to_le_bytes()])
    };
    let shared = |row: u16, column: u16, index: u16| old(0x00fd, &[&words(&[row, column, 0, index, 0])]);
    let format = |number: u16, code: &str| old(0x041e, &[&words(&[number]), &string(code)]);
    let style = |format: u16| old(0x00e0, &[&words(&[0, format]), &[0; 16]]);
    let row = |number: u16, flags: u16| old(0x0208, &[&words(&[number, 0, 9, 255, 0, 0, flags, 0])]);
    let bytes = [
        bof(5),
        listed("表", 0),
        listed("裏", 2),
        format(200, ";;;"),
        format(201, "00000000000"),
        style(0),
        style(200),
        style(201),
        style(14),
        old(0x00fc, &[&words(&[2, 0, 2, 0]), &string("SHARED"), &string("UNUSED")]),
        old(0x0018, &[&[0; 15], &string("NAMESECRET")]),
        old(0x000a, &[]),
        bof(0x10),
        old(0x007d, &[&words(&[1, 1, 2000, 0, 1, 0])]),
        row(0, 0),
        row(1, 0x20),
        shared(0, 0, 0),
        old(0x0204, &[&words(&[0, 1, 0]), &string("COL")]),
        float(1, 0, 2, 9_012_345_678.0),
        float(2, 0, 1, 777.0),
        float(2, 2, 3, 32_875.0),
        old(
            0x00bd,
            &[
                &words(&[3, 0, 0]),
                &(1234u32 << 2 | 2).to_le_bytes(),
                &words(&[0]),
                &(5u32 << 2 | 2).to_le_bytes(),
                &words(&[1]),
            ],
        ),
        old(
            0x0006,
            &[&words(&[4, 0, 0]), &[0, 0, 0, 0, 0, 0, 0xff, 0xff], &[0; 6], &words(&[11]), &[0x17, 7, 0], b"LITERAL"],
        ),
        old(0x0207, &[&string("RESULT")]),
        old(0x0014, &[&string("&CHEADER")]),
        old(0x01b6, &[&words(&[0, 0, 0, 0, 0, 3, 0, 0, 0])]),
        old(0x003c, &[&[1], &wide("BOX")]),
        old(0x01be, &[&[0; 4], &string("PROMPT")]),
        bof(0x20),
        old(0x0204, &[&words(&[0, 0, 0]), &string("CHARTED")]),
        old(0x000a, &[]),
        old(0x000a, &[]),
        bof(0x10),
        old(0x0204, &[&words(&[0, 0, 0]), &string("BACK")]),
        old(0x000a, &[]),
        bof(0x10),
        old(0x0204, &[&words(&[6, 0, 0]), &string("UNLISTED")]),
        old(0x000a, &[]),
    ]
    .concat();
    let beside = "a › 表 › beside the cells | ";
    finds(
        &bytes,
        &[
            "a › 表!A1 | SHARED",
            "a › 表!B1 (hidden) | COL",
            "a › 表!A2 (hidden) | 09012345678",
            "a › 表!A3 (hidden) | 777",
            "a › 表!C3 | 1990-01-02",
            "a › 表!A4 | 1234",
            "a › 表!B4 (hidden) | 5",
            "a › 表!A5 | RESULT",
            &format!("{beside}LITERAL"),
            &format!("{beside}&CHEADER"),
            &format!("{beside}BOX"),
            &format!("{beside}PROMPT"),
            &format!("{beside}CHARTED"),
            "a › beside the cells (hidden) | NAMESECRET",
            "a › unused strings (hidden) | UNUSED",
            "a › 裏!A1 (hidden) | BACK",
            "a › sheet 3!A7 (hidden) | UNLISTED",
        ],
    );
    let (lines, ledger) = read(&bytes[..bytes.len() - 9]);
    assert!(lines.iter().any(|line| line.contains("RESULT")));
    assert_eq!(ledger.uninspected.first().map(|entry| entry.reason), Some(Reason::Damaged));
}

/// A record of a binary workbook.
fn binary(kind: u32, data: &[&[u8]]) -> Vec<u8> {
    let data = data.concat();
    let number = |mut value: u32| {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    [number(kind), number(u32::try_from(data.len()).unwrap()), data].concat()
}

/// A string with its length in four bytes before it.
fn long_string(text: &str) -> Vec<u8> {
    [&u32::try_from(text.encode_utf16().count()).unwrap().to_le_bytes()[..], &wide(text)].concat()
}

#[test]
fn a_binary_workbook_hides_like_any_other() {
    let word = u32::to_le_bytes;
    let main = [
        binary(131, &[]),
        binary(156, &[&word(0), &word(1), &long_string("rId1"), &long_string("表")]),
        binary(156, &[&word(2), &word(2), &long_string("rId2"), &long_string("裏")]),
        binary(132, &[]),
    ]
    .concat();
    let row = |number: u32, flags: u8| binary(0, &[&word(number), &word(0), &[44, 1, 0, flags], &[0; 9]]);
    let sheet = [
        binary(129, &[]),
        binary(60, &[&word(1), &word(1), &word(2000), &word(0), &[1, 0]]),
        binary(145, &[]),
        row(0, 0),
        binary(7, &[&word(0), &word(0), &word(0)]),
        binary(17, &[&word(0), &long_string("SHORT")]),
        row(1, 0x10),
        binary(2, &[&word(0), &word(1), &word(777 << 2 | 2)]),
        binary(8, &[&word(2), &word(0), &long_string("RESULT"), &[0; 6], &[0x17, 7, 0], &wide("LITERAL")]),
        binary(146, &[]),
        binary(479, &[&[0; 2], &long_string("&CHEADER")]),
        binary(130, &[]),
    ]
    .concat();
    let other = [
        binary(129, &[]),
        binary(145, &[]),
        row(0, 0),
        binary(6, &[&word(0), &word(0), &long_string("BACK")]),
        binary(130, &[]),
    ]
    .concat();
    let strings = [
        binary(159, &[&word(9), &word(9)]),
        binary(19, &[&[0], &long_string("SHARED")]),
        binary(19, &[&[0], &long_string("UNUSED")]),
    ]
    .concat();
    let styles = [
        binary(278, &[]),
        binary(44, &[&200u16.to_le_bytes(), &long_string(";;;")]),
        binary(617, &[]),
        binary(47, &[&words(&[0, 0]), &[0; 12]]),
        binary(47, &[&words(&[0, 200]), &[0; 12]]),
        binary(618, &[]),
    ]
    .concat();
    let relations =
        b"<Relationships><Relationship Id='rId1' Type='http://x/worksheet' Target='worksheets/sheet1.bin'/>\
        <Relationship Id='rId2' Type='http://x/worksheet' Target='worksheets/sheet2.bin'/></Relationships>";
    let bytes = zip_of(&[
        ("[Content_Types].xml", TYPES),
        ("xl/workbook.bin", &main),
        ("xl/_rels/workbook.bin.rels", relations),
        ("xl/worksheets/sheet1.bin", &sheet),
        ("xl/worksheets/sheet2.bin", &other),
        ("xl/sharedStrings.bin", &strings),
        ("xl/styles.bin", &styles),
    ]);
    finds(
        &bytes,
        &[
            "a › 表!A1 | SHARED",
            "a › 表!B1 (hidden) | SHORT",
            "a › 表!A2 (hidden) | 777",
            "a › 表!C2 (hidden) | RESULT",
            "a › 表 › sheet1.bin | LITERAL",
            "a › 表 › sheet1.bin | &CHEADER",
            "a › 裏!A1 (hidden) | BACK",
            "a › unused strings (hidden) | UNUSED",
        ],
    );
}
