//! Tests over the generated corpus: for every hiding place a file with one secret, and what must come out.
//!
//! The files are made by `tests/generators`, the answers stand in `tests/corpus/places.json`: the `type`, the secret,
//! where it has to be found and whether that place counts as hidden, and everything that stays unread. A file without
//! an answer fails, and so does an answer without a file; `PLACES=1` prints what was found, in the form of that file.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use self::generators::{Case, cases};
use super::super::{Cell, Job, Kind, Place, Sink, Uninspected};
use super::{Ledger, Limits, extract};

#[path = "../../../tests/generators/mod.rs"]
pub(crate) mod generators;

/// How many cases there are at least.
const CASES: usize = 150;

/// Every format that is read has a file at least; packages, old formats and containers by the ends of their names.
const FORMATS: [&str; 33] = [
    "xlsx", "xlsm", "xlsb", "xls", "ods", "fods", "csv", "docx", "docm", "doc", "odt", "fodt", "rtf", "pptx", "pptm",
    "ppt", "odp", "fodp", "pdf", "eml", "mbox", "msg", "dat", "ics", "vcf", "html", "zip", "7z", "rar", "tar", "tgz",
    "lzh", "iso",
];

/// What has to come out of one file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(rename = "type")]
    kind: String,
    /// What has to be found; the generators know the same.
    secret: String,
    /// Where, as a person would look for it; nothing where nothing can be read.
    #[serde(rename = "where")]
    place: Option<String>,
    /// Whether that is a place which a reader who opens the file normally does not see.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    /// Everything that stays unread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    uninspected: Vec<Uninspected>,
}

/// Every text with its place.
#[derive(Default)]
struct Found {
    texts: Vec<(Place, String)>,
    table: Place,
}

impl Sink for Found {
    fn text(&mut self, place: &Place, text: &str) {
        self.texts.push((place.clone(), squeezed(text)));
    }

    fn begin_table(&mut self, place: &Place) {
        self.table = place.clone();
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        for cell in cells {
            let place = Place {
                path: format!("{}!R{}C{}", self.table.path, row + 1, cell.column + 1),
                hidden: self.table.hidden || cell.hidden,
                ..Place::default()
            };
            self.texts.push((place, squeezed(&cell.text)));
        }
    }

    fn end_table(&mut self) {}
}

/// Without what detection folds as well: width, dashes, white space, characters that nobody sees.
fn squeezed(text: &str) -> String {
    let dash = |c: char| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c };
    let unseen = |c: &char| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200d}' | '\u{ad}' | '\u{feff}');
    text.nfkc().map(dash).filter(unseen).collect()
}

fn read(name: &str, bytes: &[u8]) -> (Found, Ledger) {
    let kind = if name.ends_with(".eml") { Kind::Mail } else { Kind::File(name.to_owned()) };
    let mut found = Found::default();
    let ledger = extract(bytes, &Job::new(kind), &Limits::default(), &mut found, &mut ());
    (found, ledger)
}

fn answer(case: &Case) -> Answer {
    let (found, ledger) = read(case.file(), &case.bytes);
    let secret = expected(case);
    let holds = |(_, text): &&(Place, String)| text.contains(&squeezed(&secret));
    // A place in plain sight counts, if there are several.
    let place = found.texts.iter().filter(holds).map(|(place, _)| place).min_by_key(|place| place.hidden);
    Answer {
        kind: ledger.kind,
        place: place.map(|place| place.path.clone()),
        hidden: place.is_some_and(|place| place.hidden),
        secret,
        uninspected: ledger.uninspected,
    }
}

/// Names of sheets and owners have room for the first characters only.
fn expected(case: &Case) -> String {
    let room = match case.name {
        "xlsx/sheet_name.xlsx" | "xls/sheet_name.xls" => 31,
        "tar/owner_name.tar" => 9,
        _ => usize::MAX,
    };
    case.secret.chars().take(room).collect()
}

fn answers() -> BTreeMap<String, Answer> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/places.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_hiding_place_is_read_or_told() {
    let mut known = answers();
    let (mut wrong, mut all) = (Vec::new(), BTreeMap::new());
    let cases = cases();
    assert!(cases.len() >= CASES, "only {} cases", cases.len());
    for case in &cases {
        let found = answer(case);
        match known.remove(case.name) {
            None => wrong.push(format!("{}: no answer in places.json", case.name)),
            Some(expected) if expected != found => {
                let (expected, found) = (serde_json::to_string(&expected), serde_json::to_string(&found));
                wrong.push(format!("{}:\n  expected {}\n  found    {}", case.name, expected.unwrap(), found.unwrap()));
            }
            Some(_) => {}
        }
        assert!(all.insert(case.name, found).is_none(), "{} twice", case.name);
    }
    if std::env::var_os("PLACES").is_some() {
        println!("{}", serde_json::to_string_pretty(&all).unwrap());
    }
    wrong.extend(known.keys().map(|name| format!("{name}: an answer without a file")));
    assert!(wrong.is_empty(), "{} of {} places:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_answer_is_silence() {
    let is_silent = |answer: &Answer| answer.place.is_none() && answer.uninspected.is_empty();
    let silent: Vec<String> =
        answers().into_iter().filter(|(_, answer)| is_silent(answer)).map(|(name, _)| name).collect();
    assert!(silent.is_empty(), "neither found nor told: {silent:?}");
}

#[test]
fn every_format_has_a_place() {
    let known = answers();
    let ends: Vec<&str> = known.keys().filter_map(|name| name.rsplit_once('.')).map(|(_, end)| end).collect();
    let missing: Vec<&&str> = FORMATS.iter().filter(|format| !ends.contains(format)).collect();
    assert!(missing.is_empty(), "no file of {missing:?}");
}
