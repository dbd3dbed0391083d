//! What operators see: logs, how we are ([`health`]), what is counted ([`metrics`]), what single mails went through
//! ([`traces`]).
//!
//! In: tracing events of all rooms. Out: lines on standard error, where systemd and containers collect them; on a terminal
//! in colours. `SEKISHO_LOG` says how much (`info` by default, `sekisho=debug` for one's own). Deliberately absent: mail
//! content: no room hands any to an event.

pub mod drill;
pub mod health;
pub mod metrics;
pub mod siem;
pub mod spool;
pub mod traces;
pub mod trail;

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Starts logging; called once, by the commands that serve.
pub fn start() {
    let filter = EnvFilter::try_from_env("SEKISHO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call (tests) leaves the first in place.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let _ = log.with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).try_init();
}
