//! Tells what is found in files whose content is known; `tests/eval/run` compares it with the truth.
//!
//!     cargo run --release --example accuracy -- FOLDER
//!
//! In: a folder of files, and its `files.json`: name → the addresses of sender and recipients. Out: a line of JSON with
//! the ids of the detectors, then one a file: how many people, every hit masked with its place and its confidence, what
//! stayed unread. Extraction and detection are those of a worker, called in this process, because a worker keeps five
//! examples of a detector and an evaluation needs all. Deliberately absent: the truth, and any opinion on the hits.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a command that prints what it finds and ends when it cannot go on"
)]

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::ProgressBar;
use sekisho::inspect::detect::Detection;
use sekisho::inspect::extract::extract;
use sekisho::inspect::{Confidence, Job, Kind, Limits, Rules, Uninspected};
use serde::Serialize;

/// What is told of one file.
#[derive(Serialize)]
struct Told<'a> {
    path: &'a str,
    bytes: usize,
    persons: u32,
    hits: Vec<Hit>,
    uninspected: Vec<Uninspected>,
}

#[derive(Serialize)]
struct Hit {
    detector: String,
    confidence: Confidence,
    masked: String,
    #[serde(rename = "where")]
    place: String,
}

fn main() {
    let Some(folder) = std::env::args().nth(1) else {
        println!("usage: accuracy FOLDER");
        std::process::exit(2);
    };
    let folder = Path::new(&folder);
    let list = std::fs::read(folder.join("files.json")).expect("a files.json in the folder");
    let files: BTreeMap<String, Vec<String>> = serde_json::from_slice(&list).expect("names and addresses");
    let files: Vec<(String, Vec<String>)> = files.into_iter().collect();
    let rules = Rules::compile(&[]).expect("the built-in rules");
    let ids: Vec<&str> = rules.detectors().map(|detector| detector.id.as_str()).collect();
    println!("{}", serde_json::to_string(&ids).expect("JSON"));
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(files.len() as u64) } else { ProgressBar::hidden() };
    let (next, out) = (AtomicUsize::new(0), Mutex::new(std::io::stdout()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some((name, own)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let line = serde_json::to_string(&tell(&rules, folder, name, own)).expect("JSON");
                    writeln!(out.lock().expect("standard output"), "{line}").expect("standard output");
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
}

/// Reads one file.
fn tell<'a>(rules: &Rules, folder: &Path, name: &'a str, own: &[String]) -> Told<'a> {
    let bytes = std::fs::read(folder.join(name)).expect("a file");
    let short = name.rsplit('/').next().unwrap_or(name).to_owned();
    let kind = if name.ends_with(".eml") { Kind::Mail } else { Kind::File(short) };
    let job = Job { own: own.to_vec(), ..Job::new(kind) };
    let mut detection = Detection::new(rules, &job.own, job.count_quoted).in_detail();
    let ledger = extract(&bytes, &job, &Limits::default(), &mut detection, &mut ());
    let hit = |(detector, confidence, example): (&str, Confidence, &sekisho::inspect::Example)| Hit {
        detector: detector.to_owned(),
        confidence,
        masked: example.masked.clone(),
        place: example.place.clone(),
    };
    let hits = detection.hits().map(hit).collect();
    let (_, people, _) = detection.finish();
    let persons = people.visible.saturating_add(people.hidden);
    Told { path: name, bytes: bytes.len(), persons, hits, uninspected: ledger.uninspected }
}
