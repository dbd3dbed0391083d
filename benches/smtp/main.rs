//! Sekisho beside Postfix and beside nothing at all: one run, one sink, the same mails.
//!
//! `cargo bench --bench smtp` (some minutes), `cargo bench --bench smtp -- --quick` (under a minute), `-- --help` for
//! the choices. Three ways to the same sink: straight there, through Postfix as a plain relay, through Sekisho, which
//! inspects and journals every mail. A mail counts when it has arrived at the sink. The load generator is this
//! process; the sink and the relays are processes of their own, so that their CPU time can be told apart.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../../tests/it/support/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

mod generator;
mod mails;
mod postfix;
mod process;
mod sekisho;
mod sink;
mod table;

use std::time::Duration;

use clap::Parser;

use mails::Payload;
use sink::Sink;
use table::{Row, Way};

/// What is measured; everything, unless told otherwise.
#[derive(Debug, Parser)]
struct Options {
    /// 4 KB and 40 KB at 1 and 50 sessions, a second and a half each
    #[arg(long)]
    quick: bool,
    /// How long each figure is measured
    #[arg(long)]
    seconds: Option<f64>,
    /// Which mails
    #[arg(long, value_enum, value_delimiter = ',')]
    payloads: Option<Vec<Payload>>,
    /// How many sessions at once
    #[arg(long, value_delimiter = ',')]
    sessions: Option<Vec<usize>>,
    /// Which ways to the sink
    #[arg(long, value_enum, value_delimiter = ',')]
    ways: Option<Vec<Way>>,
    /// Be the sink (the bench calls itself so)
    #[arg(long, hide = true)]
    sink: bool,
    /// What `cargo bench` says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn payloads(&self) -> Vec<Payload> {
        let all = if self.quick { &Payload::ALL[..2] } else { &Payload::ALL[..] };
        self.payloads.clone().unwrap_or_else(|| all.to_vec())
    }

    fn sessions(&self) -> Vec<usize> {
        let all = if self.quick { &[1, 50][..] } else { &[1, 10, 50][..] };
        self.sessions.clone().unwrap_or_else(|| all.to_vec())
    }

    fn ways(&self) -> Vec<Way> {
        self.ways.clone().unwrap_or_else(|| vec![Way::Direct, Way::Postfix, Way::Sekisho])
    }

    fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.unwrap_or(if self.quick { 1.5 } else { 4.0 }))
    }
}

fn main() {
    let options = Options::parse();
    if options.sink {
        return sink::serve();
    }
    println!("{} cores, shared by generator, relay and sink", std::thread::available_parallelism().unwrap());
    let mut rows = Vec::new();
    table::print_head();
    for way in options.ways() {
        rows.extend(measure(way, &options));
    }
    table::print_targets(&rows);
}

/// All figures of one way, with a relay and a sink of its own.
fn measure(way: Way, options: &Options) -> Vec<Row> {
    let mut sink = Sink::start();
    let relay = match way {
        Way::Direct => None,
        Way::Postfix => match postfix::start(sink.address) {
            Ok(postfix) => Some(Relay::Postfix(postfix)),
            Err(why) => {
                println!("Postfix is left out: {why}");
                return Vec::new();
            }
        },
        Way::Sekisho => Some(Relay::Sekisho(sekisho::start(sink.address))),
    };
    let address = relay.as_ref().map_or(sink.address, Relay::address);
    let mut rows = Vec::new();
    for payload in options.payloads() {
        let mail = payload.mail();
        for sessions in options.sessions() {
            let load = generator::Load { address, mail: &mail, sessions, duration: options.duration() };
            let figures = load.run(&mut sink, relay.as_ref().map(Relay::process));
            let row = Row { way, payload, sessions, figures };
            row.print();
            rows.push(row);
        }
    }
    rows
}

/// What stands between generator and sink; dropping it ends it.
enum Relay {
    Postfix(postfix::Postfix),
    Sekisho(sekisho::Relay),
}

impl Relay {
    fn address(&self) -> std::net::SocketAddr {
        match self {
            Self::Postfix(postfix) => postfix.address,
            Self::Sekisho(relay) => relay.smtp,
        }
    }

    /// The process whose CPU time and memory count, with all its children.
    fn process(&self) -> u32 {
        match self {
            Self::Postfix(postfix) => postfix::master(postfix),
            Self::Sekisho(relay) => relay.pid(),
        }
    }
}
