//! How long the console's pages take at the server: over ten thousand held mails and a million records of the journal.
//!
//! `cargo bench --bench journal` (some five minutes, most of it filling a SQLite store by rule), `-- --quick` with a tenth.
//! The pages are asked for over HTTP on loopback, one after the other over one connection, from the router that the server
//! has; `/healthz`, which asks no store, is the floor. First alone, then while records are written at five hundred a second,
//! as they are when five hundred mails a second pass: how long the records wait is told too. It also tells what one seal
//! costs, of which each change of the journal makes one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../held/browser.rs"]
#[expect(dead_code, reason = "the other bench decides, too")]
mod browser;
mod fill;
#[path = "../held/pace.rs"]
mod pace;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use jiff::Timestamp;
use sekisho::{
    console::{self, Books, Logins},
    journal::Journal,
    store::Store,
    telemetry::health::Health,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use browser::Browser;
use fill::Dice;
use pace::{Pace, Times};

/// Records a second that are written meanwhile.
const PASSING: u32 = 500;
/// How many write them, each the next one that is due.
const WRITERS: usize = 25;
/// Every page is asked for so often.
const TIMES: usize = 40;
/// What no page may take at the server, however much there is.
const ENOUGH: Duration = Duration::from_millis(100);

#[derive(Debug, Parser)]
struct Options {
    /// A thousand held mails and a hundred thousand records
    #[arg(long)]
    quick: bool,
    /// What `cargo bench` says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let (held, records) = if options.quick { (1_000, 100_000) } else { (10_000, 1_000_000) };
    println!("{} cores, shared by all of it", std::thread::available_parallelism().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(held, records));
}

async fn run(held: u64, records: u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let now = Timestamp::now();
    let size = || std::fs::metadata(dir.path().join("sekisho.db")).unwrap().len() / 1_000_000;
    let begun = Instant::now();
    fill::write_journal(&store, records, now).await;
    println!("{records} records written in {:.1?}: {} MB", begun.elapsed(), size());
    let (hold, counting) = fill::company(&store, dir.path()).await;
    let begun = Instant::now();
    fill::hold_mails(&hold, held).await;
    println!("{held} mails held in {:.1?}", begun.elapsed());
    let journal = Journal::start(store.clone());
    let begun = Instant::now();
    journal.index().await.unwrap();
    println!("indexed in {:.1?}: {} MB", begun.elapsed(), size());
    let begun = Instant::now();
    journal.count(&counting).await.unwrap();
    println!("counted in {:.1?}: {} MB", begun.elapsed(), size());
    seals(&store, &journal).await;

    let stop = CancellationToken::new();
    let (keeping, heard) = (journal.clone(), stop.clone());
    tokio::spawn(async move { keeping.keep_index(&counting, heard).await });
    let titles = Arc::new(std::collections::BTreeMap::new);
    let books = Arc::new(Books { journal: journal.clone(), titles });
    let judge: console::Judge = Arc::new(|_, _| Box::pin(async { Err("not here".to_owned()) }));
    let rulebook: Arc<dyn Fn() -> Arc<console::Rulebook> + Send + Sync> = Arc::new(Arc::default);
    let drill: console::Drill = Arc::new(|_| Box::pin(async { Err("not here".to_owned()) }));
    let reader: console::Reader = Arc::new(|_, _, _| Box::pin(async { Err("not here".to_owned()) }));
    let engine = console::Engine { judge, reader, drill, ledger: books, rulebook, health: Health::default() };
    let pages = console::router(Arc::new(hold), Arc::new(store.clone()), Logins::default(), engine, &fill::voice());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(console::serve(listener, pages, stop.clone()));

    println!("\n{:<52} {:>9} {:>9}   alone, {TIMES} times each", "", "median", "slowest");
    pages_of(at).await;
    let (writing, waited) = writers(&journal, records, now);
    println!("\n{:<52} {:>9} {:>9}   while {PASSING} records a second are written", "", "median", "slowest");
    pages_of(at).await;
    writing.store(false, Ordering::Relaxed);
    let waited = waited.await.unwrap();
    let ms = |share: f64| waited.at(share).as_secs_f64() * 1e3;
    println!(
        "\n{} records written meanwhile, each from the moment it was due: median {:.1} ms, 99 % {:.1} ms, slowest {:.1} ms",
        waited.len(),
        ms(0.5),
        ms(0.99),
        ms(1.0)
    );
    let begun = Instant::now();
    let verified = journal.verify().await.unwrap();
    println!("verified {} records in {:.1?}", verified.records, begun.elapsed());
    assert!(verified.broken.is_none(), "{:?}", verified.broken);
    stop.cancel();
}

/// What a seal costs beside what a record does. It goes along in the statement that writes the records, so this, with a trip
/// to the database of its own, is the most that it may be.
async fn seals(store: &Store, journal: &Journal) {
    const SEALS: u32 = 10_000;
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        journal.record(fill::record(&mut Dice::new(), 1, 2, Timestamp::now())).await.unwrap();
        times.push(begun.elapsed());
    }
    let record = Times::of(times);
    let last = store.journal_after(store.journal_last().await.unwrap() - 1, 1).await.unwrap().remove(0);
    let mut writing = store.write().await.unwrap();
    let begun = Instant::now();
    for _ in 0..SEALS {
        writing.seal_journal(last.seq, &last.hash).await.unwrap();
    }
    let each = begun.elapsed() / SEALS;
    drop(writing);
    println!(
        "a record alone, until it is on the disk: median {:.1?}; a seal: {each:.1?}, one for all records of a change ({:.1?} \
         a record where {WRITERS} go together)",
        record.at(0.5),
        each / WRITERS as u32
    );
}

/// Asks for every page.
async fn pages_of(at: SocketAddr) {
    let mut browser = Browser::open(at, fill::AUDITOR, fill::PASSWORD).await;
    let pages = [
        ("the floor: /healthz", "/healthz".to_owned()),
        ("the queue: what waits for others", "/held?part=others".to_owned()),
        ("the queue: a word of a subject", "/held?part=others&q=9999".to_owned()),
        ("how those who decide are doing, 90 days", "/approvers?days=90".to_owned()),
        ("the journal: the newest", "/journal".to_owned()),
        ("a frequent address", format!("/journal?person={}", fill::FREQUENT)),
        ("a rare address, years of nothing above it", format!("/journal?person={}", fill::RARE)),
        ("an address that is nobody's", "/journal?person=nobody@toho.example.co.jp".to_owned()),
        ("a domain with all below it", "/journal?to=customer4711.example.com".to_owned()),
        ("everybody of ours", "/journal?from=toho.example.co.jp".to_owned()),
        ("a detector, 30 days", "/journal?detector=jp.bank_account&since=30d".to_owned()),
        ("a detector, a month half a year ago", "/journal?detector=jp&since=210d&until=180d".to_owned()),
        ("a decision and a file's name", "/journal?decision=reject&file=%E5%90%8D%E7%B0%BF".to_owned()),
        ("two conditions that never meet", format!("/journal?from={}&decision=reject&file=%E8%AD%B0", fill::RARE)),
        ("about 200 people at least", "/journal?persons=200".to_owned()),
        ("a text that is frequent", "/journal?text=queued".to_owned()),
        ("a text that nobody wrote (until it says so far)", "/journal?text=zzzzzz".to_owned()),
        ("charts, 7 days", "/journal/charts?days=7".to_owned()),
        ("charts, 30 days", "/journal/charts?days=30".to_owned()),
        ("charts, 90 days", "/journal/charts?days=90".to_owned()),
        ("charts, a year", "/journal/charts?days=365".to_owned()),
    ];
    let mut late = Vec::new();
    for (name, path) in pages {
        let times = browser.open_often(&path, TIMES).await;
        let ms = |share: f64| format!("{:.1} ms", times.at(share).as_secs_f64() * 1e3);
        println!("{name:<52} {:>9} {:>9}", ms(0.5), ms(1.0));
        if times.at(0.5) > ENOUGH {
            late.push(name);
        }
    }
    if !late.is_empty() {
        println!("over {ENOUGH:?}: {}", late.join("; "));
    }
}

/// Writes records at a pace until it is told to stop: the switch, and how long each took from when it was due.
fn writers(journal: &Journal, records: u64, now: Timestamp) -> (Arc<AtomicBool>, JoinHandle<Times>) {
    let on = Arc::new(AtomicBool::new(true));
    let pace = Pace::new(PASSING, 600);
    let mut writing = tokio::task::JoinSet::new();
    for turn in 0..WRITERS {
        let (journal, on, mut dice) = (journal.clone(), Arc::clone(&on), Dice::new());
        writing.spawn(async move {
            let mut times = Vec::new();
            for (number, due) in pace.turns(turn, WRITERS).enumerate() {
                if !on.load(Ordering::Relaxed) {
                    break;
                }
                tokio::time::sleep_until(due.into()).await;
                let n = (records + (number * WRITERS + turn) as u64) % records;
                let record = fill::record(&mut dice, n, records, now);
                journal.record(sekisho::journal::Record { at: Timestamp::now(), ..record }).await.unwrap();
                times.push(due.elapsed());
            }
            times
        });
    }
    (on, tokio::spawn(async move { Times::of(writing.join_all().await.concat()) }))
}
