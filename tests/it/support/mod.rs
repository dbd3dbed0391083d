//! What the tests stand on: a next hop of our own, the real program in a process, and a plain SMTP client.
//!
//! None of it shares code with Sekisho's own SMTP, so that a mistake there cannot hide here.

pub(crate) mod postfix;
pub(crate) mod relay;
pub(crate) mod sink;
pub(crate) mod stream;
pub(crate) mod talk;
pub(crate) mod users;

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until `ready` gives something; panics with `what` after half a minute.
pub(crate) fn eventually<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited 30 s for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
