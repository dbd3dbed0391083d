//! Parses the command line, calls one command, maps its failure to an exit code.

use std::process::ExitCode;

use clap::Parser;
use sekisho::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
