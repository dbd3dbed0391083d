//! Excel 97–2003 workbooks, record by record.
//!
//! In: a secret. Out: a compound file with it in one place. Deliberately absent: the formats before BIFF8.

use super::Maker;
use super::ole::{self, Beside, Node};
use super::{cp932, wide};

pub(crate) const CASES: &[Maker] = &[
    ("xls/cell_shared.xls", |s| simple(&Book { cells: vec![s.to_owned()], ..Book::default() })),
    ("xls/cell_shared_split_by_continue.xls", |s| {
        let sheet = Book { cells: vec![format!("{}{s}", "あ".repeat(60))], is_split: true, ..Book::default() };
        simple(&sheet)
    }),
    ("xls/cell_label.xls", |s| with(&[record(0x0204, &[&[1, 0, 0, 0, 0, 0][..], &string(s)].concat())])),
    ("xls/formula_string.xls", |s| {
        let formula = [&[1, 0, 0, 0, 0, 0][..], &[0, 0, 0, 0, 0, 0, 0xff, 0xff], &[0; 6], &[3, 0, 0x1e, 1, 0]].concat();
        with(&[record(0x0006, &formula), record(0x0207, &string(s))])
    }),
    ("xls/unused_shared_string.xls", |s| simple(&Book { unused: vec![s.to_owned()], ..Book::default() })),
    ("xls/hidden_sheet.xls", |s| second(1, s)),
    ("xls/very_hidden_sheet.xls", |s| second(2, s)),
    ("xls/hidden_row.xls", |s| {
        let row = [&[0, 0, 0, 0, 1, 0][..], &[0xff, 0, 0, 0, 0, 0], &0x20u32.to_le_bytes()].concat();
        simple(&Book { cells: vec![s.to_owned()], before: vec![record(0x0208, &row)], ..Book::default() })
    }),
    ("xls/white_on_white.xls", |s| {
        let font = |colour: u8| record(0x0031, &[220, 0, 0, 0, colour, 0, 0x90, 1, 0, 0, 0, 0, 0, 0, 1, 0, b'A']);
        let format = record(0x00e0, &[&[1, 0][..], &[0; 18]].concat());
        let label = record(0x0204, &[&[1, 0, 0, 0, 1, 0][..], &string(s)].concat());
        let globals = vec![font(0x40), font(9), format];
        simple(&Book { globals, behind: vec![label], ..Book::default() })
    }),
    ("xls/hidden_column.xls", |s| {
        let column = [0, 0, 0, 0, 0, 9, 0, 0, 1, 0, 0, 0];
        simple(&Book { cells: vec![s.to_owned()], before: vec![record(0x007d, &column)], ..Book::default() })
    }),
    ("xls/header.xls", |s| with(&[record(0x0014, &string(&format!("&C{s}")))])),
    ("xls/footer.xls", |s| with(&[record(0x0015, &string(&format!("&C{s}")))])),
    ("xls/text_box.xls", |s| with(&text_object(6, s))),
    ("xls/note.xls", |s| {
        let note = [&[0, 0, 0, 0, 0, 0, 1, 0][..], &string("a"), &[0]].concat();
        with(&[text_object(0x19, s), vec![record(0x001c, &note)]].concat())
    }),
    ("xls/note_author.xls", |s| {
        let note = [&[0, 0, 0, 0, 0, 0, 1, 0][..], &string(s), &[0]].concat();
        with(&[text_object(0x19, "確認"), vec![record(0x001c, &note)]].concat())
    }),
    ("xls/validation_prompt.xls", |s| {
        let validation = [
            &[0; 4][..],
            &string("入力"),
            &string("\0"),
            &string(s),
            &string("\0"),
            &[0; 8],
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        with(&[record(0x01be, &validation)])
    }),
    ("xls/hyperlink.xls", |s| {
        let id = b"\xd0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b";
        let url = wide(&format!("https://example.jp/{s}\0"));
        let moniker = b"\xe0\xc9\xea\x79\xf9\xba\xce\x11\x8c\x82\x00\xaa\x00\x4b\xa9\x0b";
        let length = u32::try_from(url.len()).unwrap().to_le_bytes();
        with(&[record(0x01b8, &[&[0; 8][..], id, &[2, 0, 0, 0, 3, 0, 0, 0], moniker, &length, &url].concat())])
    }),
    ("xls/defined_name.xls", |s| {
        let text = [&[0x17, u8::try_from(s.encode_utf16().count()).unwrap(), 1][..], &wide(s)].concat();
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        let name = [&[0, 0, 0, 1][..], &length, &[0; 8], &[0, b'n'], &text].concat();
        simple(&Book { globals: vec![record(0x0018, &name)], ..Book::default() })
    }),
    ("xls/external_book_cache.xls", |s| {
        let book = [&[1, 0][..], &string("\u{1}book.xls"), &string("外")].concat();
        let value = [&[0, 0, 0, 0][..], &[2], &string(s)].concat();
        simple(&Book {
            globals: vec![record(0x01ae, &book), record(0x0059, &[1, 0, 0, 0]), record(0x005a, &value)],
            ..Book::default()
        })
    }),
    ("xls/sheet_name.xls", |s| {
        let name: String = s.chars().take(31).collect();
        simple(&Book { name, ..Book::default() })
    }),
    ("xls/record_of_nobody.xls", |s| with(&[record(0x0fe0, &[&[1, 2, 3, 4][..], &wide(s)].concat())])),
    ("xls/behind_the_last_record.xls", |s| {
        let stream = [Book::default().stream(), vec![0; 16], wide(s)].concat();
        ole::compound(vec![Node::Stream("Workbook", stream)])
    }),
    ("xls/pivot_cache.xls", |s| {
        let item = record(0x00cd, &string(s));
        let cache = [record(0x00c6, &[0; 20]), item, record(0x000a, &[])].concat();
        ole::compound(vec![
            Node::Stream("Workbook", Book::default().stream()),
            Node::Storage("_SX_DB_CUR", vec![Node::Stream("0001", cache)]),
        ])
    }),
    ("xls/pivot_records.xls", |s| {
        // Two fields with lists, and one whose values follow each record.
        let field = |flags: u16, count: u16, name: &str| {
            let head = [&flags.to_le_bytes()[..], &[0; 10], &count.to_le_bytes()].concat();
            record(0x00c7, &[&head[..], &string(name)].concat())
        };
        let text = |text: &str| record(0x00cd, &string(text));
        let cache = [
            record(0x00c6, &[0; 20]),
            [field(1, 2, "区分"), text("控え"), text("公開")].concat(),
            [field(0x201, 2, "氏名"), text("番号"), text(s)].concat(),
            field(2, 0, "件数"),
            [record(0x00c8, &[1, 0, 0]), record(0x00cc, &[7, 0])].concat(),
            [record(0x00c8, &[0, 1, 0]), record(0x00cc, &[9, 0])].concat(),
            record(0x000a, &[]),
        ]
        .concat();
        ole::compound(vec![
            Node::Stream("Workbook", Book::default().stream()),
            Node::Storage("_SX_DB_CUR", vec![Node::Stream("0001", cache)]),
        ])
    }),
    ("xls/summary.xls", |s| beside(Node::Stream("\u{5}SummaryInformation", ole::property_set(4, s)))),
    ("xls/macro.xls", |s| beside(Node::Storage("_VBA_PROJECT_CUR", ole::vba(s)))),
    ("xls/stream_of_nobody.xls", |s| beside(Node::Stream("Memo", [&[0, 1, 2][..], &cp932(s), &[0]].concat()))),
    ("xls/embedded_object.xls", |s| {
        let native = [&u32::try_from(cp932(s).len()).unwrap().to_le_bytes()[..], &cp932(s)].concat();
        beside(Node::Storage("MBD00012345", vec![Node::Stream("\u{1}Ole10Native", native)]))
    }),
    ("xls/free_sector.xls", |s| hidden_beside(&Beside { free: &wide(s), ..Beside::default() })),
    ("xls/slack_of_a_stream.xls", |s| hidden_beside(&Beside { slack: &wide(s), ..Beside::default() })),
    ("xls/stream_without_a_name.xls", |s| hidden_beside(&Beside { orphan: &wide(s), ..Beside::default() })),
    ("xls/behind_the_container.xls", |s| [simple(&Book::default()), s.as_bytes().to_vec()].concat()),
];

/// What goes into the workbook stream.
#[derive(Default)]
pub(crate) struct Book {
    /// The sheet's name, where it is not 顧客.
    pub(crate) name: String,
    /// Texts of column A, from the first row on.
    pub(crate) cells: Vec<String>,
    /// Strings in the table that no cell uses.
    pub(crate) unused: Vec<String>,
    pub(crate) globals: Vec<Vec<u8>>,
    pub(crate) before: Vec<Vec<u8>>,
    pub(crate) behind: Vec<Vec<u8>>,
    /// A second sheet's state and text.
    pub(crate) second: Option<(u8, String)>,
    /// Whether the last shared string is cut in the middle by a CONTINUE record.
    pub(crate) is_split: bool,
}

impl Book {
    pub(crate) fn stream(&self) -> Vec<u8> {
        let mut strings = if self.cells.is_empty() { vec!["番号".to_owned()] } else { self.cells.clone() };
        let shown = strings.len();
        strings.extend(self.second.iter().map(|(_, text)| text.clone()));
        let used = strings.len();
        strings.extend(self.unused.iter().cloned());
        let cells: Vec<Vec<u8>> = (0..shown).map(|at| cell(at, at)).collect();
        let mut sheets = vec![(0, if self.name.is_empty() { "顧客" } else { &self.name }, self.sheet(&cells))];
        if let Some((state, _)) = &self.second {
            sheets.push((*state, "控え", sheet(&[], &[cell(0, used - 1)], &[])));
        }
        let head = [
            record(0x0809, &[0, 6, 5, 0, 0xbb, 0x0d, 0xcc, 7, 0, 0, 0, 0, 6, 0, 0, 0]),
            record(0x0042, &1200u16.to_le_bytes()),
            record(0x041e, &[&164u16.to_le_bytes()[..], &string(";;;")].concat()),
            record(0x00e0, &[0; 20]),
        ]
        .concat();
        let tail = [self.globals.concat(), table(&strings, self.is_split), record(0x000a, &[])].concat();
        assemble(head, &sheets, &tail)
    }

    fn sheet(&self, cells: &[Vec<u8>]) -> Vec<u8> {
        sheet(&self.before, cells, &self.behind)
    }
}

/// The stream of a workbook: what comes before and behind the list of its sheets (state, name, records), and they.
pub(crate) fn assemble(head: Vec<u8>, sheets: &[(u8, &str, Vec<u8>)], tail: &[u8]) -> Vec<u8> {
    let names: usize = sheets.iter().map(|(state, name, _)| bound(0, *state, name).len()).sum();
    let mut position = head.len() + names + tail.len();
    let mut out = head;
    for (state, name, sheet) in sheets {
        out.extend_from_slice(&bound(position, *state, name));
        position += sheet.len();
    }
    out.extend_from_slice(tail);
    out.extend(sheets.iter().flat_map(|(_, _, sheet)| sheet));
    out
}

pub(crate) fn sheet(before: &[Vec<u8>], cells: &[Vec<u8>], behind: &[Vec<u8>]) -> Vec<u8> {
    let begin = record(0x0809, &[0, 6, 0x10, 0, 0xbb, 0x0d, 0xcc, 7, 0, 0, 0, 0, 6, 0, 0, 0]);
    [begin, before.concat(), cells.concat(), behind.concat(), record(0x000a, &[])].concat()
}

/// One record.
pub(crate) fn record(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

/// A string of BIFF8: its length in units, a flag for UTF-16, the units.
fn string(text: &str) -> Vec<u8> {
    [&u16::try_from(text.encode_utf16().count()).unwrap().to_le_bytes()[..], &[1], &wide(text)].concat()
}

fn cell(row: usize, index: usize) -> Vec<u8> {
    let row = u16::try_from(row).unwrap().to_le_bytes();
    record(0x00fd, &[&row[..], &[0, 0, 0, 0], &u32::try_from(index).unwrap().to_le_bytes()].concat())
}

fn bound(position: usize, state: u8, name: &str) -> Vec<u8> {
    let length = u8::try_from(name.encode_utf16().count()).unwrap();
    record(0x0085, &[&u32::try_from(position).unwrap().to_le_bytes()[..], &[state, 0, length, 1], &wide(name)].concat())
}

fn table(strings: &[String], is_split: bool) -> Vec<u8> {
    let count = u32::try_from(strings.len()).unwrap().to_le_bytes();
    let body: Vec<u8> = strings.iter().flat_map(|text| string(text)).collect();
    let body = [&count[..], &count, &body].concat();
    if !is_split {
        return record(0x00fc, &body);
    }
    // The rest of a string opens with its flag again.
    let (first, rest) = body.split_at(body.len() - 20);
    [record(0x00fc, first), record(0x003c, &[&[1], rest].concat())].concat()
}

fn text_object(kind: u8, text: &str) -> Vec<Vec<u8>> {
    let object = [&[0x15, 0, 0x12, 0, kind, 0, 1, 0, 0x11, 0x60][..], &[0; 12], &[0; 4]].concat();
    let count = u16::try_from(text.encode_utf16().count()).unwrap().to_le_bytes();
    let header = [&[0x12, 2, 0, 0, 0, 0, 0, 0, 0, 0][..], &count, &16u16.to_le_bytes(), &[0; 4]].concat();
    vec![
        record(0x005d, &object),
        record(0x01b6, &header),
        record(0x003c, &[&[1][..], &wide(text)].concat()),
        record(0x003c, &[0; 16]),
    ]
}

/// A workbook in its container.
pub(crate) fn simple(book: &Book) -> Vec<u8> {
    ole::compound(vec![Node::Stream("Workbook", book.stream())])
}

fn with(records: &[Vec<u8>]) -> Vec<u8> {
    simple(&Book { behind: records.to_vec(), ..Book::default() })
}

fn second(state: u8, text: &str) -> Vec<u8> {
    simple(&Book { second: Some((state, text.to_owned())), ..Book::default() })
}

fn beside(node: Node) -> Vec<u8> {
    ole::compound(vec![Node::Stream("Workbook", Book::default().stream()), node])
}

/// A workbook long enough to have sectors of its own, and something beside them.
fn hidden_beside(beside: &Beside<'_>) -> Vec<u8> {
    let cells: Vec<String> = (0..300).map(|number| format!("番号{number:05}")).collect();
    ole::compound_with(vec![Node::Stream("Workbook", Book { cells, ..Book::default() }.stream())], beside)
}
