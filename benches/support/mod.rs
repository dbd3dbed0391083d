//! What benches of formats share: one inspection through a worker, with its time and the worker's memory.
//!
//! In: bytes. Out: times, the best of several, and the peak of the worker's resident memory. Deliberately absent: peers;
//! each bench brings its own.

use std::hint::black_box;
use std::time::{Duration, Instant};

use sekisho::inspect::{
    Cell, Job, Kind, Limits, Place, Sink,
    extract::extract,
    sandbox::{Settings, WORKER_COMMAND, Workers},
};

/// What an inspection came to.
pub(crate) struct Inspected {
    /// From bytes to findings, through a worker.
    pub(crate) time: Duration,
    /// Extraction alone, in this process.
    pub(crate) reading: Duration,
    /// The most memory that the worker had.
    pub(crate) memory: u64,
    pub(crate) persons: u32,
}

/// Inspects a file, or a mail where the name ends in `.eml`.
pub(crate) fn inspected(name: &str, bytes: &[u8], times: usize) -> Inspected {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let settings = Settings { workers: 1, ..Settings::default() };
    let program = env!("CARGO_BIN_EXE_sekisho").into();
    let workers = runtime.block_on(Workers::start(program, settings, Vec::new())).expect("a worker");
    let job = Job::new(if name.ends_with(".eml") { Kind::Mail } else { Kind::File(name.to_owned()) });
    let mut persons = 0;
    let time = best(times, || {
        let inspection = runtime.block_on(workers.inspect(bytes, &job)).expect("an inspection");
        assert!(inspection.uninspected.is_empty(), "{name}: {:?}", inspection.uninspected);
        persons = inspection.persons;
    });
    let memory = largest_worker();
    let reading = best(times, || extract(bytes, &job, &Limits::default(), &mut Deaf(0), &mut ()));
    Inspected { time, reading, memory, persons }
}

/// The shortest of several runs: what else the machine does only adds.
pub(crate) fn best<T>(times: usize, mut run: impl FnMut() -> T) -> Duration {
    let one = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    (0..times).map(one).min().unwrap_or_default()
}

/// Counts characters, as little as a sink can do.
struct Deaf(usize);

impl Sink for Deaf {
    fn text(&mut self, _: &Place, text: &str) {
        self.0 += text.len();
    }

    fn begin_table(&mut self, _: &Place) {}

    fn row(&mut self, _: u32, cells: &[Cell<'_>]) {
        self.0 += cells.iter().map(|cell| cell.text.len()).sum::<usize>();
    }

    fn end_table(&mut self) {}
}

/// The peak of the workers that live now, as the system knows it.
fn largest_worker() -> u64 {
    let peak = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    let ours = format!("{WORKER_COMMAND}\0");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = processes.map(|process| process.file_name().to_string_lossy().into_owned());
    let parent = format!("PPid:\t{}\n", std::process::id());
    let is_ours = |pid: &String| {
        std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(&ours))
            && std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| status.contains(&parent))
    };
    names.filter(is_ours).filter_map(|pid| peak(&pid)).max().unwrap_or_default() << 10
}
