//! The worker's side: load the rules, lock down, then one mail at a time until the parent closes the pipe.
//!
//! In: frames on standard input. Out: on standard output one [`Inspection`](crate::inspect::Inspection) a mail, and before
//! it where in the mail the worker is. Deliberately absent: tracing. A parser's panic message may quote the mail, so only
//! its place is told.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use super::{
    exact::Folder,
    lockdown,
    ocr::Pictures,
    progress::{self, Progress},
    wire::{self, Answer, Readiness, Request, Setup, Word},
};
use crate::inspect::{Rules, detect::Veil, hear};

/// Runs as a worker until the parent closes the pipe.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        let _ = writeln!(io::stderr(), "a reader panicked at {place}");
    }));
    match run(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let Some((setup, _)) = wire::read::<Setup>(input)? else { return Ok(()) };
    // Indexes and the library are opened before the doors close; what is read of them later needs no name.
    let rules = match Rules::compile_with(&setup.rules, &Folder::new(setup.shelf.clone())) {
        Ok(rules) => rules,
        Err(error) => return wire::write(output, &Readiness::Failed(error.to_string()), b""),
    };
    progress::worked();
    match lockdown::lock_down(setup.memory, setup.user) {
        Ok(protection) => wire::write(output, &Readiness::Ready(protection), b"")?,
        Err(error) => return wire::write(output, &Readiness::Failed(error.to_string()), b""),
    }
    while let Some((request, bytes)) = wire::read::<Request<'_>>(input)? {
        let mut veil = Veil::new(&rules, &request.job.own);
        let mut progress = Progress::new(output, &request, Box::new(move |place| veil.draw_over(place)));
        let (inspection, heard) = hear(&bytes, &request.job, &rules, &setup.limits, &mut progress);
        let Pictures { parts, bytes } = progress.finish()?;
        wire::write(output, &Word::Done(Box::new(Answer { inspection, heard, pictures: parts })), &bytes)?;
    }
    Ok(())
}
