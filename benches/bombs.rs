//! How soon each bomb of the tests ends, and in how much memory, beside what the defaults promise: 5 s and 512 MiB.
//!
//! `cargo bench --bench bombs`, on a machine that does nothing else. Each bomb goes through a real worker with the limits
//! that a server has by default. Ends with an error when one is over the promise.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "../tests/it/bombs/mod.rs"]
mod bombs;
#[path = "../tests/generators/mod.rs"]
#[expect(dead_code, reason = "the bench needs the writers, not the cases")]
mod generators;

use std::process::ExitCode;
use std::time::Duration;

use bombs::{BOMBS, HEAD, explode, line, wrong};

const TIME: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    println!("{HEAD}");
    let mut found = Vec::new();
    for (name, make, end) in BOMBS {
        let bytes = make();
        let outcome = explode(name, &bytes);
        println!("{}", line(name, &bytes, &outcome));
        found.extend(wrong(name, *end, &outcome));
        if outcome.time > TIME {
            found.push(format!("{name}: took {:?}", outcome.time));
        }
    }
    println!("over the promise: {}", if found.is_empty() { "none".to_owned() } else { found.join("; ") });
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
