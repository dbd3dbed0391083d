//! `sekisho rules check | test | list | new | diff | replay`: the rules as the server loads them, how to begin one's own,
//! and what other rules would change (`replay`).
//!
//! In: a path to sekisho.toml, or none for the shipped rules alone. Out: an [`Outcome`]. `check` and `test` load
//! everything, which runs every rule's own examples; a rule whose examples fail is never loaded.
//! Deliberately absent: rules of the command line's own; what is listed here is what decides about mail.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, ValueEnum};

use super::{
    Failure,
    config::{Outcome, wrong},
    replay,
    show::word,
};
use crate::{
    config::{ConfigErrors, load_all},
    inspect::{ExclusionInfo, Rules},
    policy::{Mode, Policies, Settings},
    recipients::Check,
    written,
};

/// `sekisho rules`.
#[derive(Debug, Args)]
pub struct Options {
    /// What to do with them
    action: Action,
    /// For `new`: the file to write; standard output without it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The configuration whose rules to load; without it, the shipped rules alone
    #[arg(long, value_name = "FILE", env = "SEKISHO_CONFIG")]
    config: Option<PathBuf>,
    /// For `diff` and `replay`: the new rules, a folder such as rules.directory or one file of it
    #[arg(long, value_name = "NEW")]
    rules: Option<PathBuf>,
    /// For `replay`: how far to go back
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = written::duration)]
    since: Duration,
    /// For `diff` and `replay`: one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Whether all of them can be used
    Check,
    /// Run each rule's own examples
    Test,
    /// List detectors, checks and policies
    List,
    /// Write a commented example of rules of one's own
    New,
    /// Tell which policy rules are other ones in NEW
    Diff,
    /// Decide past mails again under NEW, and tell for whom the decision would be another one
    Replay,
}

/// Rules to begin with; they load as they are.
const EXAMPLE: &str = include_str!("../../rules/example.toml");

/// Runs the command.
pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let config = options.config.as_deref();
    if let (Some(file), true) = (&options.file, options.action != Action::New) {
        let file = file.display();
        return Err(Failure::Input(format!("{file}: rules come from the configuration; name it with --config FILE")));
    }
    let other = || {
        let missing = "which rules? name the new ones with --rules NEW, a folder or one file";
        options.rules.as_deref().ok_or_else(|| Failure::Input(missing.to_owned()))
    };
    match options.action {
        Action::Diff => replay::diff(config, other()?, options.json)?,
        Action::Replay => {
            let file = config.ok_or_else(|| Failure::Input("whose mails? name --config FILE".to_owned()))?;
            replay::replay(file, other()?, options.since, options.json).await?
        }
        Action::Check => check(config),
        Action::Test => test(config),
        Action::List => list(config),
        Action::New => new(options.file.as_deref())?,
    }
    .print()
}

/// Writes the example to a file that is not there yet, or gives it as it is.
fn new(file: Option<&Path>) -> Result<Outcome, Failure> {
    let Some(path) = file else { return Ok(Outcome { out: EXAMPLE.to_owned(), ..Outcome::default() }) };
    let written = File::create_new(path).and_then(|mut file| file.write_all(EXAMPLE.as_bytes()));
    written.map_err(|error| Failure::Input(format!("{}: it cannot be written: {error}", path.display())))?;
    let out = format!(
        "{}: change it, put it into detectors/ of rules.directory, then `sekisho rules check`\n",
        path.display()
    );
    Ok(Outcome { out, ..Outcome::default() })
}

/// Whether all rules can be used.
pub fn check(config: Option<&Path>) -> Outcome {
    answer(config, |rules, policies| {
        let (detectors, policies) = (rules.detectors().count(), policies.rules().count());
        format!("rules: good; {detectors} detectors, {policies} policy rules\n")
    })
}

/// What is odd about rules that can be used, a line each.
fn warnings(policies: &Policies) -> String {
    policies.warnings().iter().map(|warning| format!("warning: {warning}\n")).collect()
}

/// Runs every rule's own examples and says how many there were.
pub fn test(config: Option<&Path>) -> Outcome {
    answer(config, |rules, policies| {
        let mut out = String::new();
        let mut by_detector: BTreeMap<String, usize> = BTreeMap::new();
        for result in rules.test() {
            *by_detector.entry(result.detector).or_default() += 1;
        }
        for (detector, examples) in &by_detector {
            let _ = writeln!(out, "detector {detector}: {examples} examples pass");
        }
        let mut examples: usize = by_detector.values().sum();
        for rule in policies.rules() {
            let _ = writeln!(out, "policy {}: {} examples pass", rule.id, rule.examples);
            examples += rule.examples;
        }
        for excluded in rules.excluded().filter(|excluded| excluded.examples > 0) {
            let _ = writeln!(out, "exclude {}: {} examples pass", about(excluded), excluded.examples);
            examples += excluded.examples;
        }
        let (detectors, policies) = (by_detector.len(), policies.rules().count());
        let _ = writeln!(out, "all {examples} examples of {detectors} detectors and {policies} policy rules pass");
        out
    })
}

/// Names detectors, recipient checks and policies, the most severe first.
pub fn list(config: Option<&Path>) -> Outcome {
    answer(config, |rules, policies| {
        let mut out = String::new();
        for detector in rules.detectors() {
            let _ = writeln!(out, "detector\t{}\t{}\t{}", detector.id, word(&detector.category), detector.title.en);
        }
        for excluded in rules.excluded() {
            let pattern = if excluded.pattern { " and a pattern" } else { "" };
            let _ =
                writeln!(out, "exclude\t{}\t{} values{pattern}\t{}", about(excluded), excluded.values, excluded.note);
        }
        for check in Check::ALL {
            let _ = writeln!(out, "check\t{}\t{}", check.name(), check.what().en);
        }
        for rule in policies.rules() {
            let mode = if rule.mode == Mode::Report { " (report)" } else { "" };
            let _ = writeln!(out, "policy\t{}\t{}{mode}\t{}", rule.id, rule.action, rule.title.en);
        }
        out
    })
}

/// The detectors that an exclusion names.
fn about(excluded: &ExclusionInfo) -> String {
    if excluded.detectors.is_empty() { "*".to_owned() } else { excluded.detectors.join(",") }
}

fn answer(config: Option<&Path>, say: impl Fn(&Rules, &Policies) -> String) -> Outcome {
    let loaded = match config {
        Some(path) => load_all(path).map(|loaded| (loaded.rules, loaded.policies)),
        None => shipped(),
    };
    match loaded {
        Ok((rules, policies)) => {
            Outcome { out: say(&rules, &policies), err: warnings(&policies), ..Outcome::default() }
        }
        Err(errors) => wrong(&errors),
    }
}

fn shipped() -> Result<(Rules, Policies), ConfigErrors> {
    let wrong = |errors: Vec<_>| ConfigErrors { lines: errors.iter().map(ToString::to_string).collect() };
    let rules = Rules::compile(&[]).map_err(|error| wrong(vec![error]))?;
    Ok((rules, Policies::compile_all(&[], Settings::default()).map_err(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_rules_pass_and_are_listed() {
        assert_eq!((check(None).status, test(None).status), (0, 0));
        assert!(test(None).out.contains("policy my-number: 5 examples pass\n"), "{}", test(None).out);
        let list = list(None).out;
        assert!(list.contains("check\tlookalike_domain\t"), "{list}");
        assert!(list.contains("policy\tbulk-personal-data\trequire_approval\t"), "{list}");
    }

    #[test]
    fn broken_rules_are_told_with_78() {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad-config/policy-contradiction/sekisho.toml");
        let outcome = check(Some(&case));
        assert_eq!(outcome.status, 78);
        assert!(outcome.err.contains("policies/own.toml:1:1: rule `own-list` can never match"), "{}", outcome.err);
    }
}
