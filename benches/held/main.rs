//! Ten thousand held mails, a hundred decisions a second, and five hundred mails a second that pass.
//!
//! `cargo bench --bench held` (some two minutes), `-- --quick` with a tenth of the held mails. The release program in front
//! of the sink that `smtp` has too, both processes of their own; people decide in the console, over HTTP, as browsers do.
//! First the mails that pass go alone: the floor. Then with decisions, and somebody who opens the
//! console's main pages once a second.
//! Times count from the moment at which a mail or a decision was due, so one that waits behind another is told.

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

#[expect(dead_code, reason = "the journal's bench opens other pages")]
mod browser;
mod pace;
#[path = "../smtp/sekisho.rs"]
#[expect(dead_code, reason = "the other bench asks for its process")]
mod sekisho;
mod session;
#[path = "../smtp/sink.rs"]
mod sink;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use tokio::{runtime::Runtime, task::JoinSet};

use browser::Browser;
use mails::Payload;
use pace::{Pace, Times};
use sekisho::Program;
use session::Session;
use sink::Sink;

/// Mails a second that pass.
const PASSING: u32 = 500;
/// Decisions a second.
const DECISIONS: u32 = 100;
/// Sessions over which the mail server sends, and people who decide.
const SESSIONS: usize = 25;
/// Who releases what the bench holds.
const SECURITY: &str = "security@toho.example.co.jp";
/// How long the outbox may take to bring away what is in it.
const PATIENCE: Duration = Duration::from_secs(300);

/// How much is measured.
#[derive(Debug, Parser)]
struct Options {
    /// A thousand held mails, three seconds each
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
    let (held, seconds) = if options.quick { (1_000, 3) } else { (10_000, 20) };
    println!("{} cores, shared by all of it", std::thread::available_parallelism().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut sink = Sink::start();
    let relay = sekisho::start(sink.address);

    fill(&runtime, &relay, held);
    let told = drained(&mut sink);
    println!(
        "their notices and requests: {} mails, the last {:.1} s after the last was held",
        told.0,
        told.1.as_secs_f64()
    );

    let password = account(&relay.program);
    let open = || runtime.block_on(Browser::open(relay.program.console, SECURITY, &password));
    let mut browsers: Vec<Browser> = (0..SESSIONS).map(|_| open()).collect();
    let mut opener = open();
    let ids = pending(&relay.program);
    assert_eq!(ids.len(), held, "every mail is held");
    let pages = pages(ids.last().expect("a held mail"));
    times_of("alone", &pages, &runtime.block_on(opener.look_around(&pages, 5)));

    let passing = |pace: Pace| runtime.spawn(send_passing(relay.smtp, pace));
    let alone = runtime.block_on(passing(Pace::new(PASSING, seconds))).expect("no session failed");
    time("500 mails a second, alone", &alone);

    let decisions = Pace::new(DECISIONS, seconds.min(held as u32 / DECISIONS));
    let beside = passing(Pace::new(PASSING, seconds));
    let (looked, decided) = runtime.block_on(async {
        let looking = async { opener.look_around(&pages, seconds as usize).await };
        tokio::join!(looking, decide(&mut browsers, ids, decisions))
    });
    time("the same, with decisions", &runtime.block_on(beside).expect("no session failed"));
    time("100 decisions a second", &decided);
    times_of("meanwhile", &pages, &looked);

    let released = drained(&mut sink);
    println!("all that was decided had gone out {:.1} s after the last decision", released.1.as_secs_f64());
    assert_eq!(pending(&relay.program).len(), held - decided.len(), "each decision counted once");
}

/// Lets the mail server send `count` mails that are held, as fast as they are taken.
fn fill(runtime: &Runtime, relay: &sekisho::Relay, count: usize) {
    let start = Instant::now();
    let mut times = runtime.block_on(async {
        let mut sending = JoinSet::new();
        for first in 0..SESSIONS {
            let mut session = Session::open(relay.smtp).await;
            sending.spawn(async move {
                let mut times = Vec::new();
                for number in (first..count).step_by(SESSIONS) {
                    let begin = Instant::now();
                    session.send(&session::held_mail(number)).await;
                    times.push(begin.elapsed());
                }
                times
            });
        }
        sending.join_all().await.concat()
    });
    times.sort_unstable();
    println!("\n{count} mails held at {:.0} a second", count as f64 / start.elapsed().as_secs_f64());
    println!("{:<32} {:>9} {:>9} {:>9} {:>9}", "", "median", "95 %", "99 %", "slowest");
    time("held, as fast as they come", &Times(times));
}

/// Makes an account for the one who decides: its password.
fn account(relay: &Program) -> String {
    let added = relay.command(&["user", "add", SECURITY]);
    let said = String::from_utf8(added.stdout).unwrap();
    said.trim().split('\t').nth(1).expect("a password").to_owned()
}

/// The ids of what waits.
fn pending(relay: &Program) -> Vec<String> {
    let waiting = relay.held().into_iter().filter(|held| held["state"] == "pending");
    waiting.map(|held| held["id"].as_str().expect("an id").to_owned()).collect()
}

/// Waits until nothing more comes to the sink: how many mails have, and how long that took.
fn drained(sink: &mut Sink) -> (u64, Duration) {
    let start = Instant::now();
    let (mut arrived, mut since) = (sink.arrived(), Instant::now());
    while since.elapsed() < Duration::from_secs(3) {
        assert!(start.elapsed() < PATIENCE, "the outbox brings its mails away");
        std::thread::sleep(Duration::from_millis(50));
        let now = sink.arrived();
        if now != arrived {
            (arrived, since) = (now, Instant::now());
        }
    }
    (arrived, since.duration_since(start))
}

/// Sends clean mails at `pace`, each over the next session.
async fn send_passing(to: std::net::SocketAddr, pace: Pace) -> Times {
    let mail: Arc<[u8]> = Payload::Text.mail().into();
    let mut sending = JoinSet::new();
    for turn in 0..SESSIONS {
        let (mut session, mail) = (Session::open(to).await, Arc::clone(&mail));
        sending.spawn(async move {
            let mut times = Vec::new();
            for due in pace.turns(turn, SESSIONS) {
                tokio::time::sleep_until(due.into()).await;
                session.send(&mail).await;
                times.push(due.elapsed());
            }
            times
        });
    }
    Times::of(sending.join_all().await.concat())
}

/// Approves `ids` at `pace`, each in the next browser.
async fn decide(browsers: &mut Vec<Browser>, ids: Vec<String>, pace: Pace) -> Times {
    let ids: Arc<[String]> = ids.into();
    let mut deciding = JoinSet::new();
    for (turn, mut browser) in browsers.drain(..).enumerate() {
        let ids = Arc::clone(&ids);
        deciding.spawn(async move {
            let mut times = Vec::new();
            for (number, due) in pace.turns(turn, SESSIONS).enumerate() {
                tokio::time::sleep_until(due.into()).await;
                browser.approve(&ids[turn + number * SESSIONS]).await;
                times.push(due.elapsed());
            }
            times
        });
    }
    Times::of(deciding.join_all().await.concat())
}

/// What somebody opens who works in the console; `held` is the mail of which the decision is the last to come.
fn pages(held: &str) -> [(&'static str, String); 5] {
    [
        ("the queue", "/held".to_owned()),
        ("a mail's review page", format!("/held/{held}")),
        ("the journal", "/journal".to_owned()),
        ("its charts", "/journal/charts?days=30".to_owned()),
        ("health", "/status".to_owned()),
    ]
}

fn times_of(when: &str, pages: &[(&'static str, String)], times: &[Times]) {
    for ((name, _), times) in pages.iter().zip(times) {
        time(&format!("{name}, {when}"), times);
    }
}

fn time(what: &str, times: &Times) {
    let ms = |share: f64| format!("{:.1} ms", times.at(share).as_secs_f64() * 1e3);
    println!("{what:<32} {:>9} {:>9} {:>9} {:>9}", ms(0.5), ms(0.95), ms(0.99), ms(1.0));
}
