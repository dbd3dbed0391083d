//! Twenty thousand damaged files through real workers: nothing ends the parent, nothing overruns the deadline, and what
//! a worker did not survive is told.
//!
//! The files are the corpus and everything that the generators make, damaged by a seeded mutator: the same ones in each
//! run. `ROBUSTNESS=N` makes it N files, `ROBUSTNESS_FROM=N` begins at the N-th. What crashed a worker or ran out of
//! time is kept in the target folder, ready to become a case.

mod mutate;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sekisho::inspect::{Inspection, Job, Kind, Reason, sandbox::Settings, sandbox::Workers};

use crate::generators::{self, Random};

const INPUTS: usize = 20_000;

/// How long one file may take. The parent may need a moment more, on a machine that does other things as well.
const DEADLINE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(5);

/// More files than this that end a worker are a fault of ours: the readers contain what they can.
const CRASHES: usize = INPUTS / 1_000;

/// A healthy file.
pub(crate) struct Seed {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Everything that the generators make, and the corpus apart from its bombs.
fn seeds() -> Vec<Seed> {
    let mut seeds: Vec<Seed> =
        generators::cases().into_iter().map(|case| Seed { name: case.file().to_owned(), bytes: case.bytes }).collect();
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(corpus).unwrap().flatten().filter(|folder| folder.file_name() != "bomb") {
        let inside = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
        files.extend(inside.map(|file| file.path()).filter(|path| path.extension().is_none_or(|end| end != "json")));
    }
    files.sort();
    seeds.extend(files.into_iter().map(|path| Seed {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        bytes: std::fs::read(path).unwrap(),
    }));
    seeds.retain(|seed| seed.bytes.len() <= 100 << 10);
    assert!(seeds.len() > 500, "only {} seeds", seeds.len());
    seeds
}

/// The n-th damaged file.
fn input(seeds: &[Seed], number: usize) -> Seed {
    let mut random = Random::new(&format!("input {number}"));
    let seed = &seeds[number % seeds.len()];
    Seed { name: seed.name.clone(), bytes: mutate::mutate(&seed.bytes, seeds, &mut random) }
}

/// What the files came to.
#[derive(Default)]
struct Tally {
    files: usize,
    unread: usize,
    crashed: Vec<String>,
    timeouts: Vec<String>,
    over: Vec<String>,
    slowest: (Duration, String),
}

impl Tally {
    fn count(&mut self, number: usize, name: &str, inspection: &Inspection, time: Duration) {
        let has = |reason| inspection.uninspected.iter().any(|entry| entry.reason == reason);
        let label = format!("{number} {name} {time:?}");
        self.files += 1;
        self.unread += usize::from(!inspection.uninspected.is_empty());
        if time > DEADLINE + GRACE {
            self.over.push(label.clone());
        }
        if has(Reason::Timeout) {
            self.timeouts.push(label.clone());
        }
        if has(Reason::Crashed) {
            self.crashed.push(label.clone());
        }
        if time > self.slowest.0 {
            self.slowest = (time, label);
        }
    }
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Keeps what hurt, so that it can become a case.
fn keep(number: usize, seed: &Seed, inspection: &Inspection) {
    let is_lost = |reason| matches!(reason, Reason::Crashed | Reason::Timeout);
    if inspection.uninspected.iter().any(|entry| is_lost(entry.reason)) {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("robustness");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{number}-{}", seed.name)), &seed.bytes).unwrap();
    }
}

async fn run(workers: Arc<Workers>, seeds: Arc<Vec<Seed>>, next: Arc<AtomicUsize>, end: usize) -> Tally {
    let mut tally = Tally::default();
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        if number >= end {
            return tally;
        }
        let seed = input(&seeds, number);
        let kind = if seed.name.ends_with(".eml") { Kind::Mail } else { Kind::File(seed.name.clone()) };
        let start = Instant::now();
        let inspection = workers.inspect(&seed.bytes, &Job::new(kind)).await.unwrap();
        tally.count(number, &seed.name, &inspection, start.elapsed());
        keep(number, &seed, &inspection);
    }
}

#[test]
fn damaged_files_end_no_parent_and_overrun_no_deadline() {
    let seeds = Arc::new(seeds());
    let (from, count) = (setting("ROBUSTNESS_FROM", 0), setting("ROBUSTNESS", INPUTS));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = Settings { timeout: DEADLINE, ..Settings::default() };
    let program = env!("CARGO_BIN_EXE_sekisho").into();
    let workers = Arc::new(runtime.block_on(Workers::start(program, settings, Vec::new())).unwrap());
    let next = Arc::new(AtomicUsize::new(from));
    let start = Instant::now();
    let lanes = std::thread::available_parallelism().map_or(2, usize::from);
    let running: Vec<_> = (0..lanes)
        .map(|_| runtime.spawn(run(Arc::clone(&workers), Arc::clone(&seeds), Arc::clone(&next), from + count)))
        .collect();
    let mut all = Tally::default();
    for lane in running {
        let tally = runtime.block_on(lane).unwrap();
        all.files += tally.files;
        all.unread += tally.unread;
        all.crashed.extend(tally.crashed);
        all.timeouts.extend(tally.timeouts);
        all.over.extend(tally.over);
        all.slowest = all.slowest.max(tally.slowest);
    }
    println!(
        "{} damaged files of {} healthy ones in {:?}: {} with something unread, {} crashed, {} out of time; slowest {:?}",
        all.files,
        seeds.len(),
        start.elapsed(),
        all.unread,
        all.crashed.len(),
        all.timeouts.len(),
        all.slowest
    );
    for line in all
        .crashed
        .iter()
        .map(|line| format!("crashed: {line}"))
        .chain(all.timeouts.iter().map(|line| format!("out of time: {line}")))
    {
        println!("{line}");
    }
    assert_eq!(all.files, count);
    assert!(all.over.is_empty(), "over the deadline: {:?}", all.over);
    assert!(all.crashed.len() + all.timeouts.len() <= CRASHES, "{:?} {:?}", all.crashed, all.timeouts);

    // After all that, a worker still finds what is there.
    let mail = b"From: a@example.jp\r\nTo: b@example.com\r\nSubject: x\r\n\r\nTEL 090-1234-5678\r\n";
    let healthy = runtime.block_on(workers.inspect(mail, &Job::new(Kind::Mail))).unwrap();
    assert!(healthy.uninspected.is_empty() && !healthy.findings.is_empty(), "{healthy:?}");
}

#[test]
fn the_same_number_is_the_same_file() {
    let seeds = seeds();
    for number in [0, 7, 300, 4_000] {
        assert_eq!(input(&seeds, number).bytes, input(&seeds, number).bytes);
    }
    let changed = (0..seeds.len()).filter(|&number| input(&seeds, number).bytes != seeds[number].bytes).count();
    assert!(changed * 10 > seeds.len() * 9, "only {changed} of {} are damaged", seeds.len());
}

#[test]
fn no_two_healthy_files_hold_the_same_secret() {
    let cases = generators::cases();
    let secrets: std::collections::HashSet<&str> = cases.iter().map(|case| case.secret.as_str()).collect();
    assert_eq!(secrets.len(), cases.len());
}
