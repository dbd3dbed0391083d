//! `sekisho config check FILE`: the server's own loader, and every error with line and column.
//!
//! In: a path. Out: an [`Outcome`]: what to print where, and the exit status. Deliberately absent: any check that the
//! server does not make.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};

use super::Failure;
use crate::config::{ConfigErrors, load_all};

/// `sekisho config`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Load a configuration with its rules and partners as the server does, and name every mistake
    Check {
        /// The configuration file
        file: PathBuf,
    },
}

/// Runs the command.
pub(super) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let Action::Check { file } = &options.action;
    check(file).print()
}

/// The configuration is wrong (`EX_CONFIG` of sysexits.h).
pub const EXIT_CONFIG: u8 = 78;

/// What a command says and how it ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// For standard output; lines end in a newline.
    pub out: String,
    /// For standard error; lines end in a newline.
    pub err: String,
    /// The exit status.
    pub status: u8,
}

impl Outcome {
    /// Prints it, and gives the exit status.
    pub(super) fn print(&self) -> Result<ExitCode, Failure> {
        io::stdout().lock().write_all(self.out.as_bytes())?;
        io::stderr().lock().write_all(self.err.as_bytes())?;
        Ok(ExitCode::from(self.status))
    }
}

/// Loads the configuration with all rules and partners, as the server does.
pub fn check(path: &Path) -> Outcome {
    match load_all(path) {
        Ok(loaded) => {
            let (policies, partners) = (loaded.policies.rules().count(), loaded.partners.iter().count());
            let out = format!("{}: good; {policies} policy rules, {partners} partners\n", path.display());
            // Whom LDAP knows is not asked here.
            let asks_others = loaded.config.directory.ldap.is_some();
            let odd = loaded.people.odd(asks_others).map(ToString::to_string).chain(loaded.warnings());
            let err = odd.map(|odd| format!("warning: {odd}\n")).collect();
            Outcome { out, err, ..Outcome::default() }
        }
        Err(errors) => wrong(&errors),
    }
}

/// One line an error, for every command that loads the configuration.
pub fn wrong(errors: &ConfigErrors) -> Outcome {
    Outcome { err: format!("{errors}\n"), status: EXIT_CONFIG, ..Outcome::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    #[test]
    fn the_sample_is_good() {
        let outcome = check(&repository("deploy/sekisho.toml"));
        assert_eq!((outcome.status, outcome.err.as_str()), (0, ""));
        assert!(outcome.out.ends_with(": good; 16 policy rules, 1 partners\n"), "{}", outcome.out);
    }

    #[test]
    fn rules_that_ask_a_directory_which_is_not_there_are_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        write(
            "rules/own.toml",
            "[[policy]]\nid = \"own\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\n\
             when = { direction = \"external\" }\napprovers = [\"manager\", \"group:legal\"]\n\
             must_match = [{ what = \"a\" }]\nmust_not_match = [{ what = \"b\", direction = \"internal\" }]\n",
        );
        let config = "hostname = \"sekisho.example.co.jp\"\n[organization]\ndomains = [\"example.co.jp\"]\n\
                      [next_hop]\nhosts = [\"127.0.0.1:10026\"]\n[approval]\nsecurity = [\"s@example.co.jp\"]\n\
                      [rules]\ndirectory = \"rules\"\n";
        write("sekisho.toml", config);
        let outcome = check(&folder.path().join("sekisho.toml"));
        assert_eq!((outcome.status, outcome.err.lines().count()), (0, 2), "{}", outcome.err);
        assert!(outcome.err.starts_with("warning: ") && outcome.err.contains("rules/own.toml:1:1"), "{}", outcome.err);
        write("people.toml", "[[person]]\naddress = \"a@example.co.jp\"\nmanager = \"s@example.co.jp\"\n");
        write("sekisho.toml", &format!("{config}[directory]\nfile = \"people.toml\"\n"));
        let outcome = check(&folder.path().join("sekisho.toml"));
        assert!(
            outcome.err.contains("asks the group `legal`") && !outcome.err.contains("asks the sender"),
            "{}",
            outcome.err
        );
    }

    #[test]
    fn errors_are_a_line_each_and_exit_78() {
        let outcome = check(&repository("tests/bad-config/many-at-once.toml"));
        assert_eq!((outcome.status, outcome.out.as_str(), outcome.err.lines().count()), (78, "", 9));
    }
}
