//! The web pages: a view over hold and journal.

mod desk;

use std::net::SocketAddr;

pub use desk::{Desk, DeskError, Held, State, Step};

/// Where the console is; from `[console]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that people see, for links in notices; without a slash at its end.
    pub public_url: String,
}
