//! One, two and three nodes on one PostgreSQL beside one node on SQLite, and what a clean mail costs the database.
//!
//! `cargo bench --bench fleet` (some four minutes), `-- --quick` with two seconds a figure. The release program with its
//! defaults, several times, in front of one sink; PostgreSQL from Debian's package, which waits for the disk as in earnest.
//! Everything shares the cores of one machine, so more nodes are not faster here: the CPU time of nodes and database, told
//! apart, is what says how a fleet of machines does (docs/sizing.md).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../smtp/mails.rs"]
#[expect(dead_code, reason = "the other bench sends more kinds of mail")]
mod mails;
#[path = "../../tests/it/support/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

#[path = "../held/pace.rs"]
#[expect(dead_code, reason = "nothing here is due at a time")]
mod pace;
#[path = "../smtp/process.rs"]
#[expect(dead_code, reason = "the other bench asks for the memory")]
mod process;
#[path = "../smtp/sekisho.rs"]
mod sekisho;
#[path = "../held/session.rs"]
mod session;
#[path = "../smtp/sink.rs"]
#[expect(dead_code, reason = "the other bench counts what arrives")]
mod sink;

mod database;
mod wire;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use tokio::{runtime::Runtime, task::JoinSet};

use mails::Payload;
use pace::Times;
use sekisho::Relay;
use session::Session;
use sink::Sink;
use support::postgres::Postgres;

/// Sessions over which the mail servers send, spread over the nodes.
const SESSIONS: usize = 24;
/// One mail in so many is held in the second figure of each row: 5 %.
const HELD: usize = 20;
/// How long everything is warmed up before anything counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// How much is measured.
#[derive(Debug, Parser)]
struct Options {
    /// Two seconds a figure
    #[arg(long)]
    quick: bool,
    /// Be the sink (the bench calls itself so)
    #[arg(long, hide = true)]
    sink: bool,
    /// What `cargo bench` says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    if options.sink {
        return sink::serve();
    }
    let duration = Duration::from_secs(if options.quick { 2 } else { 12 });
    println!(
        "{} cores, shared by all of it; 4 KB mails, {SESSIONS} sessions",
        std::thread::available_parallelism().unwrap()
    );
    println!(
        "\n{:<34} {:>8} {:>9} {:>9} {:>9} {:>12} {:>12}",
        "", "mails/s", "median", "95 %", "99 %", "nodes' CPU", "database's"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let sink = Sink::start();
    let alone = [sekisho::start(sink.address)];
    both(&runtime, "one node, SQLite", &alone, None, duration);
    drop(alone);
    for (count, name) in [(1, "one node, PostgreSQL"), (2, "two nodes, PostgreSQL"), (3, "three nodes, PostgreSQL")] {
        let database = Postgres::start_with(Vec::new());
        let fleet = nodes(&sink, &database.url(), count);
        both(&runtime, name, &fleet, Some(&database), duration);
    }
    costs(&runtime, &sink, duration);
}

/// So many nodes on one database, of which the first makes the tables and the key.
fn nodes(sink: &Sink, url: &str, count: usize) -> Vec<Relay> {
    let mut nodes: Vec<Relay> = Vec::new();
    for _ in 0..count {
        let mut node = sekisho::configured(sink.address, &format!("[store]\nurl = {url:?}\n"));
        if let Some(first) = nodes.first() {
            node.program.shares_the_key_of(&first.program);
        }
        node.program.run();
        nodes.push(node);
    }
    nodes
}

/// Clean mail alone, then with some that is held.
fn both(runtime: &Runtime, name: &str, nodes: &[Relay], database: Option<&Postgres>, duration: Duration) {
    let load = Load::to(nodes, SESSIONS);
    runtime.block_on(load.run(WARM_UP, None));
    for (what, held) in [("clean", None), ("5 % held", Some(HELD))] {
        let cpu = || {
            let of_nodes: Duration = nodes.iter().map(|node| process::cpu(node.pid())).sum();
            (of_nodes, database.map(|database| process::cpu(database::pid(database))))
        };
        let (before, began) = (cpu(), Instant::now());
        let times = runtime.block_on(load.run(duration, held));
        let (elapsed, after) = (began.elapsed(), cpu());
        let ms = |share| format!("{:.1} ms", times.at(share).as_secs_f64() * 1e3);
        let each = |before: Duration, after: Duration| {
            format!("{:.2} ms", after.saturating_sub(before).as_secs_f64() * 1e3 / times.len() as f64)
        };
        println!(
            "{:<34} {:>8.0} {:>9} {:>9} {:>9} {:>12} {:>12}",
            format!("{name}, {what}"),
            times.len() as f64 / elapsed.as_secs_f64(),
            ms(0.5),
            ms(0.95),
            ms(0.99),
            each(before.0, after.0),
            before.1.zip(after.1).map_or_else(String::new, |(before, after)| each(before, after)),
        );
    }
}

/// What clean mail costs the database: over one session, where each has a commit of its own, and over many.
fn costs(runtime: &Runtime, sink: &Sink, duration: Duration) {
    let database = Postgres::start_with(vec!["shared_preload_libraries=pg_stat_statements"]);
    database::ask(&database, "CREATE EXTENSION pg_stat_statements");
    let (address, traffic) = runtime.block_on(wire::lay(database::address(&database)));
    let url = database.url().replace(&database::address(&database).to_string(), &address.to_string());
    let nodes = nodes(sink, &url, 1);
    println!(
        "\n{:<34} {:>8} {:>11} {:>11} {:>9} {:>9} {:>9} {:>9}",
        "a clean mail costs", "mails/s", "round trips", "statements", "bytes up", "down", "WAL", "grown by"
    );
    for (what, sessions) in [("over one session", 1), ("over all sessions", SESSIONS)] {
        let load = Load::to(&nodes, sessions);
        runtime.block_on(load.run(WARM_UP, None));
        let counts = || {
            let [trips, up, down] = traffic.counts();
            let number = |statement: &str| database::ask(&database, statement).parse::<u64>().expect("a number");
            let statements = number("SELECT CAST(sum(calls) AS bigint) FROM pg_stat_statements");
            let written = number("SELECT CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint)");
            [trips, statements, up, down, written, number("SELECT pg_database_size('sekisho')")]
        };
        let (before, began) = (counts(), Instant::now());
        let mails = runtime.block_on(load.run(duration, None)).len() as f64;
        let (elapsed, after) = (began.elapsed(), counts());
        let each: Vec<f64> = before.iter().zip(after).map(|(before, after)| (after - before) as f64 / mails).collect();
        println!(
            "{what:<34} {:>8.0} {:>11.2} {:>11.2} {:>9.0} {:>9.0} {:>9.0} {:>9.0}",
            mails / elapsed.as_secs_f64(),
            each[0],
            each[1],
            each[2],
            each[3],
            each[4],
            each[5]
        );
    }
}

/// So many sessions, each of which sends one mail after the other.
struct Load {
    nodes: Vec<SocketAddr>,
    sessions: usize,
    /// What tells one held mail from another, over all runs.
    number: Arc<AtomicUsize>,
}

impl Load {
    fn to(nodes: &[Relay], sessions: usize) -> Self {
        Self { nodes: nodes.iter().map(|node| node.smtp).collect(), sessions, number: Arc::default() }
    }

    /// Sends for so long; of so many mails, one is held.
    async fn run(&self, duration: Duration, held: Option<usize>) -> Times {
        let clean: Arc<[u8]> = Payload::Text.mail().into();
        let mut sessions = Vec::new();
        for turn in 0..self.sessions {
            sessions.push(Session::open(self.nodes[turn % self.nodes.len()]).await);
        }
        let deadline = Instant::now() + duration;
        let mut sending = JoinSet::new();
        for mut session in sessions {
            let (clean, number) = (Arc::clone(&clean), Arc::clone(&self.number));
            sending.spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < deadline {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    let is_held = held.is_some_and(|one_in| number.is_multiple_of(one_in));
                    let mail = if is_held { session::held_mail(number).into() } else { Arc::clone(&clean) };
                    let began = Instant::now();
                    session.send(&mail).await;
                    times.push(began.elapsed());
                }
                times
            });
        }
        Times::of(sending.join_all().await.concat())
    }
}
