//! A worker that dies or stands still costs its mail a hold, never a forward, and the relay goes on.

use std::time::{Duration, Instant};

use crate::support::{
    eventually,
    relay::{self, Relay, Signal},
    sink::Sink,
    talk::{self, letter},
};

const FROM: &str = "sato@toho.example.co.jp";
const TO: &str = "yamada@kita-hoan.example.com";

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
