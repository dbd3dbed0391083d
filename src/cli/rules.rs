//! `sekisho rules check | test | list`: the rules as the server loads them.
//!
//! In: a path to sekisho.toml, or none for the shipped rules alone. Out: an [`Outcome`]. `check` and `test` load
//! everything, which runs every rule's own examples; a rule whose examples fail is never loaded.
//! Deliberately absent: rules of the command line's own; what is listed here is what decides about mail.

use std::{fmt::Write as _, path::Path};

use super::config::{Outcome, wrong};
use crate::{
    config::{ConfigErrors, load_all},
    inspect::Rules,
    policy::{Action, Policies},
    recipients::Check,
};

/// Whether all rules can be used.
pub fn check(config: Option<&Path>) -> Outcome {
    answer(config, |_, policies| format!("rules: good; {} policy rules\n", policies.rules().count()))
}

/// Runs every rule's own examples and says how many there were.
pub fn test(config: Option<&Path>) -> Outcome {
    answer(config, |_, policies| {
        let mut out = String::new();
        let mut examples = 0;
        for rule in policies.rules() {
            let _ = writeln!(out, "policy {}: {} examples pass", rule.id, rule.examples);
            examples += rule.examples;
        }
        let _ = writeln!(out, "all {examples} examples of {} policy rules pass", policies.rules().count());
        out
    })
}

/// Names recipient checks and policies, the most severe first.
pub fn list(config: Option<&Path>) -> Outcome {
    answer(config, |_, policies| {
        let mut out = String::new();
        for check in Check::ALL {
            let _ = writeln!(out, "check\t{}\t{}", check.name(), check.what().en);
        }
        for rule in policies.rules() {
            let _ = writeln!(out, "policy\t{}\t{}\t{}", rule.id, rule.action, rule.title.en);
        }
        out
    })
}

fn answer(config: Option<&Path>, say: impl Fn(&Rules, &Policies) -> String) -> Outcome {
    let loaded = match config {
        Some(path) => load_all(path).map(|loaded| (loaded.rules, loaded.policies)),
        None => shipped(),
    };
    match loaded {
        Ok((rules, policies)) => Outcome { out: say(&rules, &policies), ..Outcome::default() },
        Err(errors) => wrong(&errors),
    }
}

fn shipped() -> Result<(Rules, Policies), ConfigErrors> {
    let wrong = |errors: Vec<_>| ConfigErrors { lines: errors.iter().map(ToString::to_string).collect() };
    let rules = Rules::compile(&[]).map_err(|error| wrong(vec![error]))?;
    Ok((rules, Policies::compile_all(&[], Action::Forward).map_err(wrong)?))
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
