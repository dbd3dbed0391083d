//! Workbooks of 12,000 × 8 and 200,000 × 10 cells in each Excel format: inspection as a worker does it, beside calamine
//! alone and beside openpyxl, in the same run.
//!
//! `cargo bench --bench sheets`. The whole inspection is everything from bytes to findings and persons, through a real
//! worker; its memory is the worker's own peak. calamine streams where it can (xlsx, xlsb) and builds a range where it
//! cannot (xls, ods); it counts characters and finds nothing. openpyxl runs in a process of its own, in read-only mode;
//! where Python has none, it is put into an environment of this bench, and where that fails the line says so.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../tests/generators/mod.rs"]
#[expect(dead_code, reason = "the bench needs the writers, not the cases")]
mod generators;
#[path = "support/mod.rs"]
mod support;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use calamine::{Data, DataRef, Ods, Range, Reader, Xls, Xlsb, Xlsx, open_workbook_from_rs};
use generators::{Random, biff, biff12, ole, zipped};
use support::{Inspected, best, inspected};

/// A sheet of `.xls` ends here; what is longer goes on in the next one.
const XLS_ROWS: usize = 65_000;

const HEADINGS: [&str; 10] =
    ["顧客番号", "氏名", "フリガナ", "郵便番号", "住所", "電話番号", "メール", "生年月日", "会員種別", "備考"];

fn main() {
    let python = openpyxl();
    if python.is_none() {
        println!("openpyxl: not here (no Python with it, and it could not be installed)");
    }
    println!(
        "{:<6} {:>12} {:>10} {:>10} {:>12} {:>9} {:>8} {:>12} {:>9} {:>8}",
        "format", "cells", "bytes", "persons", "inspection", "memory", "reading", "calamine", "ratio", "openpyxl"
    );
    for (rows, columns) in [(12_000, 8), (200_000, 10)] {
        let table = table(rows, columns);
        for (format, make) in FORMATS {
            let bytes = make(&table);
            let times = if rows > 100_000 { 3 } else { 5 };
            let whole = inspected(&format!("名簿.{format}"), &bytes, times);
            let bare = calamine(format, &bytes).map(|_| best(times, || calamine(format, &bytes)));
            let peer = python.as_deref().filter(|_| *format == "xlsx").map(|python| run_openpyxl(python, &bytes));
            line(format, rows * columns, &bytes, &whole, bare, peer);
        }
    }
}

fn line(format: &str, cells: usize, bytes: &[u8], whole: &Inspected, bare: Option<Duration>, peer: Option<Duration>) {
    let (bare, ratio) = match bare {
        Some(bare) => {
            (format!("{:.3} s", bare.as_secs_f64()), format!("{:.2}×", whole.time.as_secs_f64() / bare.as_secs_f64()))
        }
        None => ("refused".to_owned(), "-".to_owned()),
    };
    let peer = peer.map_or_else(|| "-".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()));
    println!(
        "{format:<6} {cells:>12} {:>10} {:>10} {:>10.3} s {:>5} MiB {:>6.3} s {bare:>12} {ratio:>9} {peer:>8}",
        bytes.len(),
        whole.persons,
        whole.time.as_secs_f64(),
        whole.memory >> 20,
        whole.reading.as_secs_f64(),
    );
}

type Table = Vec<Vec<String>>;

/// Invented people, the same in every run.
fn table(rows: usize, columns: usize) -> Table {
    let mut random = Random::new("sheets");
    let mut people = vec![HEADINGS[..columns].iter().map(|&heading| heading.to_owned()).collect()];
    people.extend((1..rows).map(|number| person(number, &mut random)[..columns].to_vec()));
    people
}

fn person(number: usize, random: &mut Random) -> [String; 10] {
    const SURNAMES: [(&str, &str); 6] = [
        ("佐藤", "サトウ"),
        ("鈴木", "スズキ"),
        ("高橋", "タカハシ"),
        ("田中", "タナカ"),
        ("渡辺", "ワタナベ"),
        ("伊藤", "イトウ"),
    ];
    const GIVEN: [(&str, &str); 6] = [
        ("健一", "ケンイチ"),
        ("花子", "ハナコ"),
        ("一郎", "イチロウ"),
        ("美咲", "ミサキ"),
        ("大輔", "ダイスケ"),
        ("陽子", "ヨウコ"),
    ];
    const TOWNS: [&str; 4] =
        ["東京都港区芝公園", "愛知県名古屋市中区栄", "大阪府大阪市北区梅田", "北海道札幌市中央区北一条西"];
    let (surname, given) = (SURNAMES[random.below(6)], GIVEN[random.below(6)]);
    [
        format!("K{number:07}"),
        format!("{} {}", surname.0, given.0),
        format!("{} {}", surname.1, given.1),
        format!("{:03}-{:04}", 100 + random.below(800), random.below(10_000)),
        format!(
            "{}{}丁目{}番{}号",
            TOWNS[random.below(4)],
            1 + random.below(9),
            1 + random.below(30),
            1 + random.below(20)
        ),
        format!("090-{:04}-{:04}", 1_000 + random.below(9_000), random.below(10_000)),
        format!("user{number}@example.co.jp"),
        format!("19{:02}/{:02}/{:02}", 40 + random.below(60), 1 + random.below(12), 1 + random.below(28)),
        ["一般", "特別", "法人"][random.below(3)].to_owned(),
        format!("前回の点検は{}月です", 1 + random.below(12)),
    ]
}

/// A format and what writes a table in it.
type Format = (&'static str, fn(&Table) -> Vec<u8>);

const FORMATS: &[Format] = &[("xlsx", xlsx), ("xlsb", xlsb), ("xls", xls), ("ods", ods)];

fn xlsx(table: &Table) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name("顧客").expect("a name");
    for (row, cells) in (0..).zip(table) {
        for (column, text) in (0..).zip(cells) {
            sheet.write_string(row, column, text).expect("a cell");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

fn xlsb(table: &Table) -> Vec<u8> {
    let mut sheet = [biff12::record(129, &[]), biff12::record(145, &[])].concat();
    for (row, cells) in (0..).zip(table) {
        sheet.extend_from_slice(&biff12::row(row, 0));
        for (column, text) in (0u32..).zip(cells) {
            let cell = [&column.to_le_bytes()[..], &[0; 4], &biff12::string(text)].concat();
            sheet.extend_from_slice(&biff12::record(6, &cell));
        }
    }
    sheet.extend_from_slice(&[biff12::record(146, &[]), biff12::record(130, &[])].concat());
    let strings = [biff12::record(159, &[0; 8]), biff12::record(160, &[])].concat();
    let parts: Vec<zipped::Entry> = biff12::package(&sheet, &strings, 0)
        .into_iter()
        .map(|part| zipped::deflated(&String::from_utf8_lossy(&part.name), &part.packed))
        .collect();
    zipped::archive(&parts)
}

/// Cells of text in records of their own: what Excel 97 wrote when the table of strings was full.
fn xls(table: &Table) -> Vec<u8> {
    let cell = |row: usize, column: usize, text: &str| {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let length = u16::try_from(units.len() / 2).unwrap().to_le_bytes();
        let (row, column) = (u16::try_from(row).unwrap().to_le_bytes(), u16::try_from(column).unwrap().to_le_bytes());
        biff::record(0x0204, &[&row[..], &column, &[0, 0], &length, &[1], &units].concat())
    };
    let names: Vec<String> = (1..).take(table.len().div_ceil(XLS_ROWS)).map(|number| format!("顧客{number}")).collect();
    let sheets = names.iter().zip(table.chunks(XLS_ROWS)).map(|(name, rows)| {
        let cells = rows
            .iter()
            .enumerate()
            .flat_map(|(row, cells)| cells.iter().enumerate().map(move |(column, text)| cell(row, column, text)));
        (0, name.as_str(), biff::sheet(&[], &[cells.flatten().collect()], &[]))
    });
    let begin = biff::record(0x0809, &[0, 6, 5, 0, 0xbb, 0x0d, 0xcc, 7, 0, 0, 0, 0, 6, 0, 0, 0]);
    let head = [begin, biff::record(0x0042, &1200u16.to_le_bytes()), biff::record(0x00e0, &[0; 20])].concat();
    let stream = biff::assemble(head, &sheets.collect::<Vec<_>>(), &biff::record(0x000a, &[]));
    ole::compound(vec![ole::Node::Stream("Workbook", stream)])
}

fn ods(table: &Table) -> Vec<u8> {
    let mut content = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"顧客\">",
    );
    for cells in table {
        content.push_str("<table:table-row>");
        for text in cells {
            content.push_str("<table:table-cell office:value-type=\"string\"><text:p>");
            content.push_str(text);
            content.push_str("</text:p></table:table-cell>");
        }
        content.push_str("</table:table-row>");
    }
    content.push_str("</table:table></office:spreadsheet></office:body></office:document-content>");
    let kind = "application/vnd.oasis.opendocument.spreadsheet";
    zipped::archive(&[zipped::entry("mimetype", kind), zipped::deflated("content.xml", content)])
}

/// How many bytes of text stand in the cells; `None` where calamine refuses the file.
fn calamine(format: &str, bytes: &[u8]) -> Option<usize> {
    let reader = Cursor::new(bytes);
    match format {
        "xlsx" => {
            let mut book: Xlsx<_> = open_workbook_from_rs(reader).ok()?;
            let mut length = 0;
            for sheet in book.sheet_names() {
                let mut cells = book.worksheet_cells_reader(&sheet).ok()?;
                while let Some(cell) = cells.next_cell().ok()? {
                    length += text_length(cell.get_value());
                }
            }
            Some(length)
        }
        "xlsb" => {
            let mut book: Xlsb<_> = open_workbook_from_rs(reader).ok()?;
            let mut length = 0;
            for sheet in book.sheet_names() {
                let mut cells = book.worksheet_cells_reader(&sheet).ok()?;
                while let Some(cell) = cells.next_cell().ok()? {
                    length += text_length(cell.get_value());
                }
            }
            Some(length)
        }
        "xls" => {
            let mut book: Xls<_> = open_workbook_from_rs(reader).ok()?;
            Some(book.worksheets().iter().map(|(_, range)| range_length(range)).sum())
        }
        _ => {
            let mut book: Ods<_> = open_workbook_from_rs(reader).ok()?;
            Some(book.worksheets().iter().map(|(_, range)| range_length(range)).sum())
        }
    }
}

fn text_length(value: &DataRef<'_>) -> usize {
    match value {
        DataRef::SharedString(text) => text.len(),
        DataRef::String(text) => text.len(),
        _ => 0,
    }
}

fn range_length(range: &Range<Data>) -> usize {
    range.used_cells().map(|(_, _, value)| value.to_string().len()).sum()
}

/// A Python that has openpyxl, if there is one or one can be made.
fn openpyxl() -> Option<PathBuf> {
    let has_it = |python: &Path| {
        Command::new(python).args(["-c", "import openpyxl"]).output().is_ok_and(|output| output.status.success())
    };
    let system = PathBuf::from("python3");
    if has_it(&system) {
        return Some(system);
    }
    let own = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("openpyxl");
    let python = own.join("bin/python");
    if !has_it(&python) {
        Command::new("python3").args(["-m", "venv"]).arg(&own).output().ok()?;
        Command::new(own.join("bin/pip")).args(["install", "--quiet", "openpyxl"]).output().ok()?;
    }
    has_it(&python).then_some(python)
}

fn run_openpyxl(python: &Path, bytes: &[u8]) -> Duration {
    const SCRIPT: &str = "import sys, openpyxl\n\
        book = openpyxl.load_workbook(sys.argv[1], read_only=True, data_only=True)\n\
        print(sum(len(str(value)) for sheet in book for row in sheet.iter_rows(values_only=True) for value in row if value is not None))";
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sheets.xlsx");
    std::fs::write(&path, bytes).expect("a file");
    let start = Instant::now();
    let output = Command::new(python).args(["-c", SCRIPT]).arg(&path).output().expect("a process");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    start.elapsed()
}
