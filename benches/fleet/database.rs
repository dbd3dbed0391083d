//! What the bench asks the database itself.

use std::net::SocketAddr;

use crate::support::postgres::{Postgres, done};

/// Where it listens.
pub(crate) fn address(database: &Postgres) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], database.port))
}

/// The process of which all its others are children.
pub(crate) fn pid(database: &Postgres) -> u32 {
    database.server.as_ref().expect("it runs").id()
}

/// What it answers to a statement, as text.
pub(crate) fn ask(database: &Postgres, statement: &str) -> String {
    let mut asking = database.program("psql");
    asking.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-c", statement, "sekisho"]);
    asking.args(["-p", &database.port.to_string()]);
    done(asking.output().expect("psql")).trim().to_owned()
}
