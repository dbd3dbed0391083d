//! An evaluation, not a test: how many of the strings that a folder's manifest demands are read out of its files.
//!
//!     cargo run --release --example evaluate -- FOLDER [--password WORD]… [--passwords FILE] [--only TEXT] [--verbose]
//!
//! In: a folder with a `manifest.json`, path → `must` and `absent`; strings are compared as detection folds them (NFKC,
//! dashes, white space left out). The passwords stand for the organisation's list. Out: figures for each file's folder,
//! what is missing, what stayed unread, how long each file took. Each file is read in a process of its own, so that a
//! parser that aborts or never ends costs one file. A file without an entry is read as well, and named when its process
//! is lost. Deliberately absent: any place in the product; text leaves this process unmasked.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a command that prints its figures and ends when it cannot go on"
)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sekisho::inspect::{Cell, Job, Kind, Limits, Place, Sink, Uninspected, extract::extract};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// How long one file may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The hidden first argument of the process that reads one file.
const ONE: &str = "--one";

#[derive(Debug, Deserialize)]
struct Expected {
    #[serde(default)]
    must: Vec<String>,
    #[serde(default)]
    absent: Vec<String>,
}

/// What the process for one file tells.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    kind: String,
    text: String,
    uninspected: Vec<Uninspected>,
}

/// What became of one file.
struct Outcome {
    /// Nothing, where its process died or was ended.
    told: Option<Told>,
    time: Duration,
    memory: u64,
}

/// The figures of one folder.
#[derive(Default)]
struct Figures {
    files: usize,
    whole: usize,
    demanded: usize,
    found: usize,
}

struct Arguments {
    folder: PathBuf,
    passwords: Vec<String>,
    only: String,
    is_verbose: bool,
}

fn main() {
    let mut given: Vec<String> = std::env::args().skip(1).collect();
    if given.first().is_some_and(|first| first == ONE) {
        return tell(Path::new(&given.remove(1)), &given[1..]);
    }
    let Some(arguments) = parse(given) else {
        println!("usage: evaluate FOLDER [--password WORD]… [--passwords FILE] [--only TEXT] [--verbose]");
        std::process::exit(2);
    };
    let manifest = std::fs::read(arguments.folder.join("manifest.json")).expect("a manifest.json in the folder");
    let mut manifest: BTreeMap<String, Expected> = serde_json::from_slice(&manifest).expect("a manifest");
    for extra in files(&arguments.folder) {
        manifest.entry(extra).or_insert(Expected { must: Vec::new(), absent: Vec::new() });
    }
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    for (name, expected) in manifest.iter().filter(|(name, _)| name.contains(&arguments.only)) {
        let outcome = read(&arguments.folder.join(name), &arguments.passwords);
        let folder = name.split_once('/').map_or("", |(folder, _)| folder);
        report(name, expected, &outcome, figures.entry(folder.to_owned()).or_default(), arguments.is_verbose);
    }
    summary(&figures);
}

fn parse(given: Vec<String>) -> Option<Arguments> {
    let mut arguments =
        Arguments { folder: PathBuf::new(), passwords: Vec::new(), only: String::new(), is_verbose: false };
    let mut given = given.into_iter();
    while let Some(word) = given.next() {
        match word.as_str() {
            "--password" => arguments.passwords.push(given.next()?),
            "--passwords" => {
                let list = std::fs::read_to_string(given.next()?).expect("a list of passwords");
                arguments.passwords.extend(list.lines().map(str::to_owned));
            }
            "--only" => arguments.only = given.next()?,
            "--verbose" => arguments.is_verbose = true,
            _ => arguments.folder = word.into(),
        }
    }
    (arguments.folder != Path::new("")).then_some(arguments)
}

/// Every file below the folder, as the manifest would name it.
fn files(folder: &Path) -> Vec<String> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(inside) = waiting.pop() {
        for path in std::fs::read_dir(inside).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if let Ok(name) = path.strip_prefix(folder)
                && !matches!(name.to_string_lossy().as_ref(), "manifest.json" | "README.md")
            {
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
    found
}

fn read(path: &Path, passwords: &[String]) -> Outcome {
    let program = std::env::current_exe().expect("this program");
    let start = Instant::now();
    let mut child = Command::new(program)
        .arg(ONE)
        .arg(path)
        .args(passwords)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let mut output = child.stdout.take().expect("its output");
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = output.read_to_end(&mut text);
        text
    });
    let memory = wait(&mut child, start);
    let text = reader.join().unwrap_or_default();
    Outcome { told: serde_json::from_slice(&text).ok(), time: start.elapsed(), memory }
}

/// Waits for the end, or makes one; returns the most memory that was seen.
fn wait(child: &mut Child, start: Instant) -> u64 {
    let mut memory = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        memory = memory.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        if !matches!(child.try_wait(), Ok(None)) {
            return memory << 10;
        }
        if start.elapsed() > DEADLINE {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn report(name: &str, expected: &Expected, outcome: &Outcome, figures: &mut Figures, is_verbose: bool) {
    figures.files += 1;
    figures.demanded += expected.must.len();
    let Some(told) = &outcome.told else {
        println!("{name}: LOST after {:.2} s, {} MiB", outcome.time.as_secs_f64(), outcome.memory >> 20);
        return;
    };
    let text = squeezed(&told.text);
    let missing: Vec<&String> = expected.must.iter().filter(|word| !text.contains(&squeezed(word))).collect();
    let wrong: Vec<&String> = expected.absent.iter().filter(|word| text.contains(&squeezed(word))).collect();
    figures.found += expected.must.len() - missing.len();
    figures.whole += usize::from(missing.is_empty() && wrong.is_empty());
    if is_verbose || !missing.is_empty() || !wrong.is_empty() {
        let unread: Vec<String> =
            told.uninspected.iter().take(8).map(|entry| format!("{} ({:?})", entry.place, entry.reason)).collect();
        println!(
            "{name}: {}/{} in {:.2} s, {} MiB, {}; missing {missing:?}, wrong {wrong:?}, unread {unread:?}",
            expected.must.len() - missing.len(),
            expected.must.len(),
            outcome.time.as_secs_f64(),
            outcome.memory >> 20,
            told.kind
        );
    }
}

fn summary(figures: &BTreeMap<String, Figures>) {
    println!("\n{:<10} {:>6} {:>6} {:>10} {:>8}", "folder", "files", "whole", "demanded", "found");
    let mut all = Figures::default();
    for (folder, one) in figures {
        println!("{folder:<10} {:>6} {:>6} {:>10} {:>8}", one.files, one.whole, one.demanded, one.found);
        all.files += one.files;
        all.whole += one.whole;
        all.demanded += one.demanded;
        all.found += one.found;
    }
    println!("{:<10} {:>6} {:>6} {:>10} {:>8}", "all", all.files, all.whole, all.demanded, all.found);
}

/// Collects all text, in reading order.
#[derive(Default)]
struct Collected(String);

impl Sink for Collected {
    fn text(&mut self, _: &Place, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn begin_table(&mut self, _: &Place) {}

    fn row(&mut self, _: u32, cells: &[Cell<'_>]) {
        for cell in cells {
            self.0.push_str(&cell.text);
            self.0.push('\t');
        }
    }

    fn end_table(&mut self) {}
}

/// The process for one file.
fn tell(path: &Path, passwords: &[String]) {
    let bytes = std::fs::read(path).expect("a file");
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let kind = if name.ends_with(".eml") { Kind::Mail } else { Kind::File(name) };
    let job = Job { passwords: passwords.to_vec(), ..Job::new(kind) };
    let mut collected = Collected::default();
    let ledger = extract(&bytes, &job, &Limits::default(), &mut collected, &mut ());
    let told = Told { kind: ledger.kind, text: collected.0, uninspected: ledger.uninspected };
    println!("{}", serde_json::to_string(&told).unwrap_or_default());
}

/// As detection folds it: width, dashes, white space.
fn squeezed(text: &str) -> String {
    let dash = |c: char| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c };
    text.nfkc().map(dash).filter(|c| !c.is_whitespace()).collect()
}
