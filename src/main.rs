//! Parses the command line, calls one command, maps its failure to an exit code.

use std::process::ExitCode;

use sekisho::cli::Cli;

fn main() -> ExitCode {
    match Cli::from_arguments() {
        Ok(command) => command.run(),
        Err(code) => code,
    }
}
