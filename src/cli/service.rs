//! What passes between the service manager (systemd) and us: sockets it opened, and how we are.
//!
//! In: the environment (`LISTEN_FDS`, `NOTIFY_SOCKET`, `WATCHDOG_USEC`). Out: bound sockets; `READY`, `RELOADING`,
//! `STOPPING`, and while all is well the watchdog's sign of life. Without a service manager nothing is said to anybody.
//! Deliberately absent: which socket is for what; `app` tells by their addresses, so that their order and names in the
//! unit do not matter.

use std::{net::TcpListener, time::Duration};

use anyhow::Context;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::{journal::Journal, outbox::Pulse, store::Store};

/// The sockets that were opened for us. Called before any other process is started: only from here on they are closed
/// in our children (`FD_CLOEXEC`), and a worker must not hold one.
pub(super) fn inherited() -> anyhow::Result<Vec<TcpListener>> {
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::new();
    for number in 0..handed.len() {
        let socket = handed.take_tcp_listener(number);
        let socket = socket.with_context(|| format!("socket {number} of the service manager is no TCP listener"))?;
        sockets.extend(socket);
    }
    Ok(sockets)
}

/// We serve.
pub(super) fn ready() {
    say(&[NotifyState::Ready, NotifyState::Status("taking mail")]);
}

/// We load rules anew, and serve on meanwhile. [`ready`] follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => say(&[NotifyState::Reloading, now, NotifyState::Status("loading rules anew")]),
        Err(error) => tracing::warn!(%error, "the service manager cannot be told that rules are loaded anew"),
    }
}

/// We finish what is under way.
pub(super) fn stopping() {
    say(&[NotifyState::Stopping, NotifyState::Status("finishing mail under way")]);
}

/// Tells the watchdog that we live, twice as often as it asks, until `stop`; but only while the outbox goes round and
/// the store answers. While a store that is away is sat out, be there room for records or not, neither is asked of it: a new process would not
/// start without.
/// Without a watchdog there is nothing to do.
pub(super) async fn watchdog((pulse, store, journal): (Pulse, Store, Journal), stop: CancellationToken) {
    let mut patience = 0;
    if !sd_notify::watchdog_enabled(false, &mut patience) {
        return;
    }
    let interval = Duration::from_micros(patience / 2);
    let mut before = None;
    while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
        let turns = pulse.turns();
        // An error is an answer: a new process would hear it too, and the old one still answers mail with 4xx.
        let answered = tokio::time::timeout(interval, store.outbox_length()).await.is_ok();
        match is_well(before, turns, answered, journal.sits_out()) {
            Ok(()) => say(&[NotifyState::Watchdog]),
            Err(why) => tracing::error!("{why}; the watchdog is not fed"),
        }
        before = Some(turns);
    }
}

/// Whether a new process would do better.
fn is_well(turns_before: Option<u64>, turns: u64, store_answered: bool, sits_out: bool) -> Result<(), &'static str> {
    match (store_answered, turns_before == Some(turns)) {
        _ if sits_out => Ok(()),
        (false, _) => Err("the store does not answer"),
        (true, true) => Err("the outbox stands still"),
        (true, false) => Ok(()),
    }
}

fn say(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, what) {
        tracing::warn!(%error, "the service manager cannot be told how we are");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standstill_starves_the_watchdog() {
        assert_eq!(is_well(None, 0, true, false), Ok(()));
        assert_eq!(is_well(Some(3), 4, true, false), Ok(()));
        assert!(is_well(Some(4), 4, true, false).is_err());
        assert!(is_well(Some(4), 5, false, false).is_err());
        assert_eq!(is_well(Some(4), 4, false, true), Ok(()), "a new process would not start");
    }
}
