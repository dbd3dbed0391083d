//! The worker's side: load the rules, lock down, then one mail at a time until the parent closes the pipe.
//!
//! In: frames on standard input. Out: one [`Inspection`](crate::inspect::Inspection) a mail on standard output.
//! Deliberately absent: tracing. A parser's panic message may quote the mail, so only its place is told.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use super::{
    lockdown,
    wire::{self, Answer, Readiness, Setup},
};
use crate::inspect::{Job, Rules, hear};

/// Runs as a worker until the parent closes the pipe.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        let _ = writeln!(io::stderr(), "inspection worker: a reader panicked at {place}");
    }));
    match run(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "inspection worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    // A parent that is killed must not leave a worker behind that spins on a hostile file.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let Some((setup, _)) = wire::read::<Setup>(input)? else { return Ok(()) };
    let rules = match Rules::compile(&setup.rules) {
        Ok(rules) => rules,
        Err(error) => return wire::write(output, &Readiness::Failed(error.to_string()), b""),
    };
    if let Err(error) = lockdown::lock_down(setup.memory) {
        return wire::write(output, &Readiness::Failed(error.to_string()), b"");
    }
    wire::write(output, &Readiness::Ready, b"")?;
    while let Some((job, bytes)) = wire::read::<Job>(input)? {
        let (inspection, heard) = hear(&bytes, &job, &rules, &setup.limits, &mut ());
        wire::write(output, &Answer { inspection, heard }, b"")?;
    }
    Ok(())
}
