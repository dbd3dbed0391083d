//! What the tests stand on: a next hop of our own, the real program in a process, and a plain SMTP client.
//!
//! None of it shares code with Sekisho's own SMTP, so that a mistake there cannot hide here.

pub(crate) mod postfix;
pub(crate) mod postgres;
pub(crate) mod relay;
pub(crate) mod sink;
pub(crate) mod stream;
pub(crate) mod talk;
pub(crate) mod users;

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// A port that was free a moment ago, below those that the system hands out for port 0: between this moment and the one
/// when a process of ours listens, no other test can be given it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst));
        let port = u16::try_from(12_000 + number % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until `ready` gives something; panics with `what` after a minute, since what it waits for may be a program that has yet to start on a busy machine.
pub(crate) fn eventually<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
