//! What Sekisho adds to a clean 4 KB mail: a client through Sekisho to a sink, beside the same client talking to
//! the same sink directly, in turns in the same run.
//!
//! `cargo bench --bench latency`. A mail is MAIL, RCPT, DATA and the message over an open connection.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../tests/it/support/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod support;

use std::time::{Duration, Instant};

use support::{
    relay::Relay,
    sink::Sink,
    talk::{Talk, letter},
};

const ROUNDS: usize = 2_000;
const WARM_UP: usize = 200;

fn main() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut direct = Talk::start(sink.address).expect("the sink");
    let mut through = Talk::start(relay.smtp).expect("the relay");
    let text = "いつもお世話になっております。来週の定例会議は水曜日の10時からでお願いいたします。\r\n".repeat(32);
    let mail = letter("bench", "teirei", &text);
    println!("clean mail of {} bytes, {ROUNDS} rounds after {WARM_UP} to warm up", mail.len());
    let (mut direct_times, mut through_times) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let (a, b) = (one(&mut direct, &mail), one(&mut through, &mail));
        if round >= WARM_UP {
            direct_times.push(a);
            through_times.push(b);
        }
    }
    let direct = report("direct to the sink", &mut direct_times);
    let through = report("through Sekisho", &mut through_times);
    println!("added by Sekisho, median: {:.3} ms", (through.as_secs_f64() - direct.as_secs_f64()) * 1_000.0);
}

fn one(talk: &mut Talk, mail: &[u8]) -> Duration {
    let before = Instant::now();
    let reply = talk.send("sato@toho.example.co.jp", &["yamada@kita-hoan.example.com"], mail).expect("a reply");
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    before.elapsed()
}

fn report(what: &str, times: &mut [Duration]) -> Duration {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("{what:<20} median {:.3} ms, 90 % {:.3} ms, 99 % {:.3} ms", ms(at(0.5)), ms(at(0.9)), ms(at(0.99)));
    at(0.5)
}
