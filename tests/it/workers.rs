//! A worker that dies or stands still costs its mail a hold, never a forward, and the relay goes on.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use sekisho::inspect::{
    Job, Kind,
    sandbox::{Settings, Workers},
};

use crate::support::{
    eventually,
    relay::{self, Relay, SEKISHO, Signal},
    sink::Sink,
    talk::{self, letter},
};

const FROM: &str = "sato@toho.example.co.jp";
const TO: &str = "yamada@kita-hoan.example.com";

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sends a clean mail on a thread of its own and gives the reply later.
fn send_meanwhile(relay: &Relay, id: &str) -> std::thread::JoinHandle<String> {
    let (address, mail) = (relay.smtp, letter(id, "s", "来週の定例会議は水曜日です。"));
    std::thread::spawn(move || talk::send(address, FROM, &[TO], &mail).unwrap())
}

fn uninspected(relay: &Relay) -> String {
    let held = relay.held();
    assert_eq!(held.len(), 1, "{held:?}");
    let show = relay.command(&["held", "show", "--json", held[0]["id"].as_str().unwrap()]);
    String::from_utf8(show.stdout).unwrap()
}

#[test]
fn a_worker_killed_in_the_middle_of_a_mail_means_a_hold() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[inspection]\nworkers = 1\n");
    let worker = eventually("a worker", || relay.workers().first().copied());
    // Stopped, it takes the mail off the pipe never; then it dies with the mail in its hands.
    relay::signal(worker, Signal::STOP);
    let reply = send_meanwhile(&relay, "killed-1");
    std::thread::sleep(Duration::from_millis(500));
    assert!(!reply.is_finished(), "the mail was answered without an inspection");
    relay::signal(worker, Signal::KILL);
    let reply = reply.join().unwrap();
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");
    assert!(sink.to(TO).is_empty());
    assert!(uninspected(&relay).contains("\"crashed\""));

    // The next mail finds a new worker.
    let reply = talk::send(relay.smtp, FROM, &[TO], &letter("after-1", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
}

#[test]
fn a_worker_that_overruns_its_time_means_a_hold() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[inspection]\nworkers = 1\ntimeout = \"2s\"\n");
    let worker = eventually("a worker", || relay.workers().first().copied());
    relay::signal(worker, Signal::STOP);
    let before = Instant::now();
    let reply = send_meanwhile(&relay, "slow-1").join().unwrap();
    assert!(reply.starts_with("250 2.0.0 held as "), "{reply}");
    assert!(before.elapsed() >= Duration::from_secs(2));
    assert!(sink.to(TO).is_empty());
    assert!(uninspected(&relay).contains("\"timeout\""));
    eventually("the stopped worker to be gone", || (!relay.workers().contains(&worker)).then_some(()));
}

#[test]
fn an_idle_worker_that_dies_costs_nothing() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[inspection]\nworkers = 1\n");
    let worker = eventually("a worker", || relay.workers().first().copied());
    relay::signal(worker, Signal::KILL);
    std::thread::sleep(Duration::from_millis(300));
    let reply = talk::send(relay.smtp, FROM, &[TO], &letter("idle-1", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
}

/// Lets a worker of this process read so many mails of so many bytes, one after the other, and on until it was replaced as
/// often as asked; gives all who were there after any of them. None is ever missing.
fn workers_after(settings: Settings, mails: usize, bytes: usize, replaced: u64) -> BTreeSet<u32> {
    let settings = Settings { workers: 1, ..settings };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Other tests have workers in this process as well; these are known by the name that they are started under.
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("worn");
    std::os::unix::fs::symlink(SEKISHO, &program).unwrap();
    let mail = letter("worn", "s", &"定例会議です。".repeat(bytes / 21));
    let job = Job::new(Kind::Mail);
    runtime.block_on(async {
        let workers = Workers::start(program.clone(), settings, Vec::new()).await.unwrap();
        let (mut seen, mut worn, mut read) = (BTreeSet::new(), 0, 0);
        let began = Instant::now();
        while read < mails || worn < replaced {
            let inspection = workers.inspect(&mail, &job).await.unwrap();
            assert_eq!(inspection.uninspected, []);
            let there: Vec<u32> =
                relay::children(std::process::id()).into_iter().filter(|pid| is_worker(*pid, &program)).collect();
            assert!(!there.is_empty(), "a mail would wait for a worker");
            seen.extend(there);
            worn += workers.replaced().get("worn").copied().unwrap_or_default();
            read += 1;
            assert!(began.elapsed() < PATIENCE, "replaced {worn} times in {read} mails");
        }
        seen
    })
}

fn is_worker(process: u32, program: &Path) -> bool {
    let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    command.split(|byte| *byte == 0).next() == Some(program.as_os_str().as_encoded_bytes())
}

#[test]
fn a_worker_that_has_read_many_mails_or_has_grown_is_replaced() {
    let few = || Settings { mails: 3, ..Settings::default() };
    assert_eq!(workers_after(few(), 2, 100, 0).len(), 1, "two are not too many");
    assert!(workers_after(few(), 0, 100, 2).len() >= 3, "two successors");
    let small = || Settings { grown: 1 << 20, ..Settings::default() };
    assert_eq!(workers_after(small(), 5, 100, 0).len(), 1, "small mails are no reason to look");
    assert!(workers_after(small(), 0, 300 << 10, 1).len() >= 2);
    assert_eq!(workers_after(Settings::default(), 3, 300 << 10, 0).len(), 1);
}

#[test]
fn workers_do_not_outlive_a_killed_relay() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    let workers = eventually("two workers", || Some(relay.workers()).filter(|w| w.len() == 2));
    relay.kill();
    for worker in workers {
        eventually("an orphaned worker to end", || {
            let stat = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
            (stat.is_empty() || stat.contains(") Z ")).then_some(())
        });
    }
}
