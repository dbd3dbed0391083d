//! CPU time and memory of a process and all its children, from /proc.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// What the kernel counts CPU time in, for every program on Linux.
const TICKS_PER_SECOND: f64 = 100.0;
const WATCH_EVERY: Duration = Duration::from_millis(250);

/// The CPU time that `root`, its children and those of them who have died have used so far.
pub(crate) fn cpu(root: u32) -> Duration {
    let ticks: u64 = tree(root).iter().map(|process| process.ticks).sum();
    Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND)
}

/// Notes the highest memory of a tree until it is ended.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    highest: Arc<AtomicU64>,
    watching: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn start(root: u32) -> Self {
        let (stop, highest) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, noted) = (Arc::clone(&stop), Arc::clone(&highest));
        let watching = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                noted.fetch_max(tree(root).iter().map(|process| memory(process.pid)).sum(), Ordering::SeqCst);
                std::thread::sleep(WATCH_EVERY);
            }
        });
        Self { stop, highest, watching }
    }

    pub(crate) fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.watching.join().unwrap();
        self.highest.load(Ordering::SeqCst)
    }
}

/// Its share of the memory, in bytes: what several processes map counts for each in part.
fn memory(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kilobytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0_u64) * 1024
}

struct Process {
    pid: u32,
    /// Its own, and those of its children who have died.
    ticks: u64,
}

fn tree(root: u32) -> Vec<Process> {
    let mut children = HashMap::<u32, Vec<u32>>::new();
    let mut ticks = HashMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // pid (name) state ppid …; the name may hold spaces, so count from its closing parenthesis.
        let Some((_, after)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = after.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        children.entry(number(1) as u32).or_default().push(pid);
        // utime, stime, cutime, cstime
        ticks.insert(pid, (11..15).map(number).sum::<u64>());
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        open.extend(children.remove(&pid).unwrap_or_default());
        found.push(Process { pid, ticks: ticks.get(&pid).copied().unwrap_or(0) });
    }
    found
}
