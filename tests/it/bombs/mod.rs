//! Bombs: each file made to exhaust a reader ends, in bounded memory, and with a word about what was not read.
//!
//! They go through real workers with the limits that a server has by default; unoptimised, with a share of the cells and
//! characters and without a part's own time, so that the suite is not all about bombs. The largest memory of a worker is
//! asked of the system while it works. Figures are printed with `--nocapture`; how soon each ends is shown by
//! `cargo bench --bench bombs`. `BOMB=NAME` takes one.

mod made;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho::inspect::{Inspection, Job, Kind, Limits, Reason, sandbox::Settings, sandbox::Workers};

/// What the defaults promise.
pub(crate) const MEMORY: u64 = 512 << 20;

/// Whoever takes longer has no end.
const END: Duration = Duration::from_secs(240);

/// How a bomb has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The budget stopped it.
    Limit,
    /// It only looked large: all that can be read of it is read, soon.
    Read,
}

/// A bomb: its file name, what makes it, and how it has to end.
pub(crate) type Bomb = (&'static str, fn() -> Vec<u8>, End);

pub(crate) const BOMBS: &[Bomb] = &[
    ("42.zip", made::nest_of_archives, End::Limit),
    ("one-entry-listed-often.zip", made::one_entry_listed_often, End::Limit),
    ("overlapping-entries.zip", made::overlapping_entries, End::Limit),
    ("quine.gz", made::gzip_quine, End::Limit),
    ("zeros.gz", made::gigabyte_of_zeros, End::Limit),
    ("zeros.zst", made::gigabyte_of_zeros_by_zstd, End::Limit),
    ("text.zip", made::much_text_in_a_zip, End::Limit),
    ("empty-files.zip", made::archive_of_empty_files, End::Limit),
    ("empty-files.tgz", made::tar_of_empty_files, End::Limit),
    ("gzip-in-gzip.gz", made::gzip_in_gzip, End::Limit),
    ("billion-laughs.xml", made::billion_laughs, End::Limit),
    ("billion-laughs.xlsx", made::billion_laughs_in_a_workbook, End::Limit),
    ("corners.xlsx", made::corners_of_a_sheet, End::Read),
    ("many-cells.xlsx", made::sheet_of_many_cells, End::Limit),
    ("string-used-often.xlsx", made::string_used_often, End::Limit),
    ("many-strings.xlsx", made::many_shared_strings, End::Limit),
    ("elements-in-elements.xml", made::elements_in_elements, End::Read),
    ("repeated-cells.ods", made::repeated_cells, End::Read),
    ("claims.xls", made::workbook_that_claims, End::Read),
    ("stream.pdf", made::pdf_stream, End::Limit),
    ("forms.pdf", made::pdf_forms, End::Limit),
    ("attachments.pdf", made::pdf_attachments, End::Limit),
    ("arrays.pdf", made::pdf_arrays, End::Read),
    ("multiparts-in-multiparts.eml", made::multiparts_in_multiparts, End::Limit),
    ("million-parts.eml", made::million_parts, End::Limit),
    ("mails-in-mails.eml", made::mails_in_mails, End::Limit),
    ("base64.eml", made::base64_of_an_archive, End::Limit),
    ("million-headers.eml", made::million_headers, End::Read),
    ("many-cells.csv", made::table_of_many_cells, End::Limit),
    ("many-columns.csv", made::table_of_many_columns, End::Read),
    ("tags-in-tags.html", made::tags_in_tags, End::Read),
    ("tables-in-tables.html", made::tables_in_tables, End::Read),
    ("many-attributes.html", made::tag_of_many_attributes, End::Read),
    ("groups-in-groups.rtf", made::groups_in_groups, End::Read),
    ("text-chunk.png", made::text_chunk_of_a_picture, End::Limit),
    ("brackets-in-brackets.json", made::brackets_in_brackets, End::Read),
];

/// What became of one bomb.
pub(crate) struct Outcome {
    pub(crate) inspection: Inspection,
    pub(crate) time: Duration,
    pub(crate) memory: u64,
}

fn limits() -> Limits {
    let whole = Limits::default();
    if !cfg!(debug_assertions) {
        return whole;
    }
    Limits { cells: whole.cells / 200, characters: whole.characters / 1_000, ..whole }
}

/// Lets one bomb go off in a worker of its own.
pub(crate) fn explode(name: &str, bytes: &[u8]) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // A part's own time is for finding the part that hurts; unoptimised none would be within it.
    let part_timeout = if cfg!(debug_assertions) { END } else { Settings::default().part_timeout };
    let settings = Settings { workers: 1, part_timeout, timeout: 2 * END, limits: limits(), ..Settings::default() };
    let program = env!("CARGO_BIN_EXE_sekisho").into();
    let workers = runtime.block_on(Workers::start(program, settings, Vec::new())).unwrap();
    let kind = if name.ends_with(".eml") { Kind::Mail } else { Kind::File(name.to_owned()) };
    let (peak, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let watcher = std::thread::spawn({
        let (peak, is_over) = (Arc::clone(&peak), Arc::clone(&is_over));
        move || {
            while !is_over.load(Ordering::SeqCst) {
                peak.fetch_max(largest_worker(), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let start = Instant::now();
    let inspection = runtime.block_on(workers.inspect(bytes, &Job::new(kind))).unwrap();
    let time = start.elapsed();
    is_over.store(true, Ordering::SeqCst);
    watcher.join().unwrap();
    peak.fetch_max(largest_worker(), Ordering::SeqCst);
    Outcome { inspection, time, memory: peak.load(Ordering::SeqCst) }
}

/// The largest memory that any worker of this process has had so far (`VmHWM`).
fn largest_worker() -> u64 {
    let is_worker = |pid: &u32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains(sekisho::inspect::sandbox::WORKER_COMMAND)
    };
    descendants(std::process::id()).into_iter().filter(is_worker).map(most_memory).max().unwrap_or_default()
}

fn descendants(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    for task in tasks {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            found.push(child);
            found.extend(descendants(child));
        }
    }
    found
}

fn most_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")).and_then(|number| number.trim().parse().ok());
    kilobytes.unwrap_or(0u64) << 10
}

/// A line of the table of bombs.
pub(crate) fn line(name: &str, bytes: &[u8], Outcome { inspection, time, memory }: &Outcome) -> String {
    let reasons = reasons(inspection);
    format!("{name:<32} {:>10} {:>8.2} {:>8}  {reasons:?}", bytes.len(), time.as_secs_f64(), memory >> 20)
}

/// What is wrong with how a bomb ended.
pub(crate) fn wrong(name: &str, end: End, Outcome { inspection, memory, .. }: &Outcome) -> Vec<String> {
    let reasons = reasons(inspection);
    let mut wrong = Vec::new();
    let is_lost = reasons.iter().any(|reason| matches!(reason, Reason::Crashed | Reason::Timeout));
    if is_lost || (end == End::Limit && !reasons.contains(&Reason::Limit)) {
        wrong.push(format!("{name}: ended in {reasons:?}, not {end:?}"));
    }
    if *memory > MEMORY {
        wrong.push(format!("{name}: took {} MiB", memory >> 20));
    }
    wrong
}

fn reasons(inspection: &Inspection) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = inspection.uninspected.iter().map(|entry| entry.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

/// What stands above the lines.
pub(crate) const HEAD: &str = "bomb                                  bytes  seconds      MiB  what stayed unread";

#[test]
fn every_bomb_ends_and_says_what_it_left() {
    let only = std::env::var("BOMB").unwrap_or_default();
    println!("{HEAD}");
    let wrong: Vec<String> = BOMBS
        .iter()
        .filter(|(name, ..)| name.contains(&only))
        .flat_map(|(name, make, end)| {
            let bytes = make();
            let outcome = explode(name, &bytes);
            println!("{}", line(name, &bytes, &outcome));
            wrong(name, *end, &outcome)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
