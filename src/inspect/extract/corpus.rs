//! Tests over `tests/corpus`: real files, the strings that each must yield, and files made to hurt.
//!
//! Every folder has a `manifest.json`: file name → what must be found, what must not be, what must be reported. An
//! empty folder or a file without an entry fails. With `SHOW=name` in the environment what is read of that file is
//! printed, with `LEDGER=1` every ledger.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use calamine::{DataType as _, Reader as _};
use serde::Deserialize;

use super::super::{Cell, Job, Kind, Place, Reason, Sink};
use super::{Ledger, Limits, extract};

#[derive(Debug, Deserialize)]
struct Expected {
    must: Vec<String>,
    #[serde(default)]
    absent: Vec<String>,
    /// The reasons in `uninspected`, all of them, in order.
    #[serde(default)]
    uninspected: Option<Vec<Reason>>,
    #[serde(default)]
    kind: Option<String>,
}

/// Keeps everything, tables as lines of tab-separated cells.
#[derive(Default)]
struct Everything {
    text: String,
    tables: Vec<Place>,
    rows: usize,
    in_table: bool,
}

impl Sink for Everything {
    fn text(&mut self, place: &Place, text: &str) {
        assert!(!self.in_table, "text inside a table at {place:?}");
        self.text.push_str(&format!("[{}]\n{text}\n", place.path));
    }

    fn begin_table(&mut self, place: &Place) {
        assert!(!self.in_table, "table inside a table at {place:?}");
        self.in_table = true;
        self.text.push_str(&format!("[{}] table\n", place.path));
        self.tables.push(place.clone());
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        assert!(self.in_table && !cells.is_empty());
        assert!(cells.is_sorted_by_key(|cell| cell.column));
        self.rows += 1;
        self.text.push_str(&format!("{row}:"));
        for cell in cells {
            self.text.push_str(&format!("\t{}={}", cell.column, cell.text));
        }
        self.text.push('\n');
    }

    fn end_table(&mut self) {
        assert!(self.in_table);
        self.in_table = false;
    }
}

/// Passwords that open what is locked in the corpus, behind one that opens nothing.
const PASSWORDS: [&str; 4] = ["wrong", "Himitsu2026", "秘密２０２６", "userpw"];

fn read(bytes: &[u8], kind: &Kind, passwords: &[&str]) -> (Everything, Ledger) {
    let mut sink = Everything::default();
    let passwords = passwords.iter().map(|&password| password.to_owned()).collect();
    let job = Job { passwords, ..Job::new(kind.clone()) };
    let ledger = extract(bytes, &job, &Limits::default(), &mut sink, &mut ());
    assert!(!sink.in_table);
    assert_eq!(ledger.coverage.parts as usize, ledger.coverage.inspected as usize + ledger.uninspected.len());
    (sink, ledger)
}

fn folder(name: &str) -> Vec<(String, Vec<u8>, Expected)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    let mut manifest: BTreeMap<String, Expected> = serde_json::from_slice(&manifest).unwrap();
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if file != "manifest.json" {
            let expected = manifest.remove(&file).unwrap_or_else(|| panic!("{name}/{file} is not in the manifest"));
            files.push((file.clone(), fs::read(folder.join(&file)).unwrap(), expected));
        }
    }
    assert!(!files.is_empty(), "tests/corpus/{name} is empty");
    assert!(manifest.is_empty(), "not in tests/corpus/{name}: {manifest:?}");
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// Everything that is missing, for one message with all failures.
fn check(file: &str, bytes: &[u8], kind: &Kind, expected: &Expected) -> Vec<String> {
    let (sink, ledger) = read(bytes, kind, &PASSWORDS);
    if std::env::var("SHOW").is_ok_and(|show| file.contains(&show)) {
        println!("{}\n{ledger:?}", sink.text);
    }
    if std::env::var_os("LEDGER").is_some() {
        println!("LEDGER {file} {} {:?} {:?}", ledger.kind, ledger.coverage, ledger.uninspected);
    }
    let mut wrong = Vec::new();
    wrong.extend(
        expected.must.iter().filter(|word| !sink.text.contains(*word)).map(|word| format!("{file}: no {word}")),
    );
    wrong.extend(
        expected.absent.iter().filter(|word| sink.text.contains(*word)).map(|word| format!("{file}: has {word}")),
    );
    if let Some(reasons) = &expected.uninspected {
        let found: Vec<Reason> = ledger.uninspected.iter().map(|entry| entry.reason).collect();
        if found != *reasons {
            wrong.push(format!("{file}: uninspected {:?}, not {reasons:?}", ledger.uninspected));
        }
    }
    if expected.kind.as_ref().is_some_and(|kind| *kind != ledger.kind) {
        wrong.push(format!("{file}: kind {}, not {:?}", ledger.kind, expected.kind));
    }
    wrong
}

fn check_folder(name: &str) {
    let wrong: Vec<String> = folder(name)
        .iter()
        .flat_map(|(file, bytes, expected)| check(file, bytes, &Kind::File(file.clone()), expected))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mails_are_read_with_either_line_end() {
    let mut wrong = Vec::new();
    for (file, bytes, expected) in folder("mail") {
        let bare: Vec<u8> = bytes.iter().copied().filter(|&c| c != b'\r').collect();
        let full: Vec<u8> = bare.iter().flat_map(|&c| if c == b'\n' { vec![b'\r', b'\n'] } else { vec![c] }).collect();
        for bytes in [bare, full] {
            let kind = if file.ends_with(".eml") { Kind::Mail } else { Kind::File(file.clone()) };
            wrong.extend(check(&file, &bytes, &kind, &expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn workbooks() {
    check_folder("sheet");
}

/// A reader that is not ours, as the measure of what has to be there.
#[test]
fn every_text_that_calamine_reads_in_a_workbook_is_read() {
    let mut texts = 0;
    for (file, bytes, _) in folder("sheet") {
        let Ok(mut book) = calamine::open_workbook_auto_from_rs(Cursor::new(&bytes)) else { continue };
        let (sink, _) = read(&bytes, &Kind::File(file.clone()), &[]);
        for name in book.sheet_names() {
            let Ok(range) = book.worksheet_range(&name) else { continue };
            for (_, _, cell) in range.used_cells() {
                let Some(text) = cell.get_string().map(str::trim).filter(|text| !text.is_empty()) else { continue };
                assert!(sink.text.contains(text), "{file}, sheet {name}: no {text}");
                texts += 1;
            }
        }
    }
    assert!(texts > 500, "only {texts}");
}

#[test]
fn archives() {
    check_folder("archive");
}

#[test]
fn pictures_and_polyglots() {
    check_folder("picture");
}

#[test]
fn office_documents() {
    check_folder("office");
}

#[test]
fn outlook() {
    check_folder("outlook");
}

#[test]
fn signed_and_wrapped_files() {
    check_folder("signed");
}

#[test]
fn pdf_documents() {
    check_folder("pdf");
}

#[test]
fn documents() {
    check_folder("document");
}

#[test]
fn encrypted_files_are_opened_by_their_password_and_told_without() {
    check_folder("encrypted");
    for (file, bytes, expected) in folder("encrypted") {
        let (sink, ledger) = read(&bytes, &Kind::File(file.clone()), &["wrong"]);
        let is_told = ledger.uninspected.iter().any(|entry| entry.reason == Reason::Encrypted);
        // What Office protects by its default password opens without a question.
        let opens = file.starts_with("velvet");
        assert_eq!(is_told, !opens, "{file}: {:?}", ledger.uninspected);
        assert!(opens || expected.must.iter().all(|word| !sink.text.contains(word)), "{file} yields what is protected");
    }
}

#[test]
fn bombs_end_soon() {
    let start = Instant::now();
    check_folder("bomb");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
