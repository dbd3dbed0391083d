//! Many clients at once: idle ones cost little memory, slow ones cost the others no time.
//!
//! The figures are printed; what is asserted are shares and ratios within one run, so that a slow machine does not
//! fail. `tests/run` runs these alone, since they measure.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{Talk, letter},
};

const IDLE: usize = 2000;
const BUSY: usize = 50;
const SLOW: usize = 500;
const FROM: &str = "sato@toho.example.co.jp";

/// How long each measurement takes.
const WINDOW: Duration = Duration::from_secs(12);

/// A byte of a slow client comes so often.
const DRIP: Duration = Duration::from_secs(2);

/// Lets this process, and so the relay, have as many connections as the tests open.
fn enough_connections() {
    let limit = rlimit::increase_nofile_limit(20_000).unwrap();
    assert!(limit >= 8192, "only {limit} open files are allowed; raise the hard limit (ulimit -Hn)");
}

fn relay() -> (Relay, Sink) {
    enough_connections();
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "smtp.max_connections = 4000\n");
    (relay, sink)
}

/// What the busy clients did in one window.
struct Work {
    /// How many mails each client got through.
    mails: Vec<usize>,
    /// How long each mail took from MAIL to its final reply.
    latencies: Vec<Duration>,
    deferred: usize,
}

impl Work {
    /// 50 clients send mail after mail, each over one connection.
    fn measured(relay: SocketAddr) -> Self {
        let (stop, latencies, deferred) = (AtomicBool::new(false), Mutex::new(Vec::new()), Mutex::new(0));
        let busy = |client: usize| {
            let mut talk = Talk::start(relay).unwrap();
            let mut sent = 0;
            while !stop.load(Ordering::SeqCst) {
                let began = Instant::now();
                let to = format!("client{client}@kita-hoan.example.com");
                let reply = talk.send(FROM, &[&to], &letter("load", "s", "来週の定例会議は水曜日です。")).unwrap();
                if reply.starts_with("250") {
                    sent += 1;
                    latencies.lock().unwrap().push(began.elapsed());
                } else {
                    assert!(reply.starts_with('4'), "{reply}");
                    *deferred.lock().unwrap() += 1;
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
            sent
        };
        let mails = std::thread::scope(|scope| {
            let busy = &busy;
            let clients: Vec<_> = (0..BUSY).map(|client| scope.spawn(move || busy(client))).collect();
            std::thread::sleep(WINDOW);
            stop.store(true, Ordering::SeqCst);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let mut latencies = latencies.into_inner().unwrap();
        latencies.sort();
        Self { mails, latencies, deferred: deferred.into_inner().unwrap() }
    }

    fn median(&self) -> Duration {
        assert!(self.latencies.len() >= BUSY, "only {} mails: too few to compare", self.latencies.len());
        self.latencies[self.latencies.len() / 2]
    }
}

/// Connections that have said EHLO and say no more.
fn idle_clients(relay: SocketAddr, count: usize) -> Vec<Talk> {
    const AT_ONCE: usize = 20;
    std::thread::scope(|scope| {
        let openers: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(move || (0..count / AT_ONCE).map(|_| Talk::start(relay).unwrap()).collect::<Vec<_>>()))
            .collect();
        openers.into_iter().flat_map(|opener| opener.join().unwrap()).collect()
    })
}

#[test]
#[ignore = "measures for a minute and wants the machine for itself; tests/run runs it"]
fn two_thousand_idle_clients_starve_nobody() {
    let (relay, _sink) = relay();
    let alone = relay.memory();
    let idle = idle_clients(relay.smtp, IDLE);
    let with_idle = relay.memory();
    let work = Work::measured(relay.smtp);
    let (least, most) = (work.mails.iter().min().unwrap(), work.mails.iter().max().unwrap());
    println!(
        "memory: {alone} KiB alone, {with_idle} KiB with {IDLE} idle clients ({} KiB each), {} KiB with {BUSY} busy ones beside them\n\
         {BUSY} busy clients: {} mails in {WINDOW:?}, {least} to {most} each, median {:?}, {} deferred",
        with_idle.saturating_sub(alone) / IDLE as u64,
        relay.memory(),
        work.latencies.len(),
        work.median(),
        work.deferred,
    );
    assert!(*least > 0, "a busy client got nothing through: {:?}", work.mails);
    let fair = work.latencies.len() / BUSY;
    assert!(*least * 4 >= fair, "a busy client got {least} mails through where {fair} would be its share");
    assert!(with_idle - alone < 150 * IDLE as u64, "an idle connection takes more than the stated 150 KiB");
    // Not one of the idle ones was let go meanwhile.
    for mut talk in idle {
        assert!(talk.say("NOOP").unwrap().starts_with("250"));
    }
}

/// Clients that send a byte now and then: as many within a message as within a command behind MAIL and RCPT, many times
/// the connections that there may be to the next hop.
struct Drips(Vec<Talk>);

impl Drips {
    fn start(relay: SocketAddr) -> Self {
        let connections = (0..2 * SLOW).map(|n| {
            let mut talk = Talk::start(relay).unwrap();
            for command in ["MAIL FROM:<slow@toho.example.co.jp>", "RCPT TO:<x@kita-hoan.example.com>"] {
                let reply = talk.say(command).unwrap();
                assert!(reply.starts_with("250"), "slow client {n}: {reply}");
            }
            if n % 2 == 0 {
                assert!(talk.say("DATA").unwrap().starts_with("354"));
            }
            talk
        });
        Self(connections.collect())
    }

    /// One byte on each connection, until told to stop. Connections that the relay has given up are no matter.
    fn drip(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            for talk in &mut self.0 {
                let _ = talk.stream.send(b"x");
            }
            std::thread::sleep(DRIP);
        }
    }
}

#[test]
#[ignore = "measures for a minute and wants the machine for itself; tests/run runs it"]
fn five_hundred_slow_clients_slow_nobody_down() {
    let (relay, _sink) = relay();
    // Warm, so that the first window is not the slow one.
    Work::measured(relay.smtp);
    let before = Work::measured(relay.smtp).median();
    let mut drips = Drips::start(relay.smtp);
    let stop = AtomicBool::new(false);
    let work = std::thread::scope(|scope| {
        scope.spawn(|| drips.drip(&stop));
        let work = Work::measured(relay.smtp);
        stop.store(true, Ordering::SeqCst);
        work
    });
    let during = work.median();
    drop(drips);
    let after = Work::measured(relay.smtp).median();
    println!(
        "median latency of {BUSY} busy clients: {before:?} before, {during:?} beside {SLOW} slow messages, {after:?} after"
    );
    assert_eq!(work.deferred, 0, "busy clients were turned away for slow ones");
    let usual = before.max(after);
    assert!(during * 2 <= usual * 3, "{SLOW} slow clients raised the median latency from {usual:?} to {during:?}");
}
